//! Control, debug and model-specific registers, CPUID, and the flags that matter here.

use core::arch::asm;
use core::arch::x86_64::{__cpuid_count, CpuidResult};

use isthmus_abi::{Gva, Msr};

use super::trap::{Fault, probe};

/// CPUID.
pub fn cpuid(leaf: u32, subleaf: u32) -> CpuidResult {
    __cpuid_count(leaf, subleaf)
}

/// The time-stamp counter.
#[inline(always)]
pub fn tsc() -> u64 {
    // SAFETY: reading the counter has no effect.
    unsafe { core::arch::x86_64::_rdtsc() }
}

/// Whether the processor is AMD's by its vendor string, and its hypercall VMMCALL.
pub fn is_amd() -> bool {
    cpuid(0, 0).ebx == u32::from_le_bytes(*b"Auth")
}

/// A hypercall of a number that no hypervisor has: there and back, with nothing done. `amd` is [`is_amd`].
#[inline(always)]
pub fn unknown_hypercall(amd: bool) {
    if amd {
        // SAFETY: such a call changes RAX alone.
        unsafe { asm!("vmmcall", inout("rax") 0xffff_f000_u64 => _) };
    } else {
        // SAFETY: as above.
        unsafe { asm!("vmcall", inout("rax") 0xffff_f000_u64 => _) };
    }
}

/// RDMSR.
pub fn read_msr(msr: Msr) -> Result<u64, Fault> {
    let (low, high): (u32, u32);
    // SAFETY: reading any register is what this guest is for; a fault is caught.
    let fault = unsafe {
        probe!("rdmsr"; in("ecx") msr.0, inout("eax") 0u32 => low, inout("edx") 0u32 => high)
    };
    match fault {
        Some(fault) => Err(fault),
        None => Ok(u64::from(high) << 32 | u64::from(low)),
    }
}

/// WRMSR.
pub fn write_msr(msr: Msr, value: u64) -> Option<Fault> {
    let (low, high) = (value as u32, (value >> 32) as u32);
    // SAFETY: callers keep off the registers that this program itself runs by, or restore them.
    unsafe { probe!("wrmsr"; in("ecx") msr.0, in("eax") low, in("edx") high) }
}

macro_rules! register {
    ($(#[$doc:meta])* $read:ident, $(#[$write_doc:meta])* $write:ident, $name:literal) => {
        $(#[$doc])*
        pub fn $read() -> u64 {
            let value: u64;
            // SAFETY: reading the register has no effect.
            unsafe { asm!(concat!("mov {}, ", $name), out(reg) value) };
            value
        }
        $(#[$write_doc])*
        pub fn $write(value: u64) -> Option<Fault> {
            // SAFETY: callers write values that must be refused, or that this program can run with.
            unsafe { probe!(concat!("mov ", $name, ", {value}"); value = in(reg) value) }
        }
    };
}

register!(
    /// CR0.
    cr0,
    /// Writes CR0.
    write_cr0, "cr0"
);
register!(
    /// CR3.
    cr3,
    /// Writes CR3.
    write_cr3, "cr3"
);
register!(
    /// CR4.
    cr4,
    /// Writes CR4.
    write_cr4, "cr4"
);
register!(
    /// CR8.
    cr8,
    /// Writes CR8.
    write_cr8, "cr8"
);
register!(
    /// DR6.
    dr6,
    /// Writes DR6.
    write_dr6, "dr6"
);
register!(
    /// DR7.
    dr7,
    /// Writes DR7.
    write_dr7, "dr7"
);

/// CR2.
pub fn cr2() -> Gva {
    let value: u64;
    // SAFETY: reading the register has no effect.
    unsafe { asm!("mov {}, cr2", out(reg) value) };
    Gva(value)
}

/// XSETBV of register `index`.
pub fn xsetbv(index: u32, value: u64) -> Option<Fault> {
    let (low, high) = (value as u32, (value >> 32) as u32);
    // SAFETY: this program uses no state beyond the general registers.
    unsafe { probe!("xsetbv"; in("ecx") index, in("eax") low, in("edx") high) }
}

/// XGETBV of register `index`.
pub fn xgetbv(index: u32) -> Result<u64, Fault> {
    let (low, high): (u32, u32);
    // SAFETY: reads a register; a fault is caught.
    let fault = unsafe {
        probe!("xgetbv"; in("ecx") index, inout("eax") 0u32 => low, inout("edx") 0u32 => high)
    };
    match fault {
        Some(fault) => Err(fault),
        None => Ok(u64::from(high) << 32 | u64::from(low)),
    }
}

/// Breaks on writes to eight bytes at `address`, by DR0.
pub fn watch_writes(address: Gva) {
    // SAFETY: a breakpoint only causes #DB.
    unsafe { asm!("mov dr0, {}", in(reg) address.0) };
    write_dr7(0x9_0402);
}

/// No breakpoint any more.
pub fn clear_breakpoints() {
    // SAFETY: 400H is DR7 with nothing enabled.
    unsafe { asm!("mov dr7, {}", in(reg) 0x400u64) };
}

/// Interrupts on.
pub fn enable_interrupts() {
    // SAFETY: every vector has a handler.
    unsafe { asm!("sti") };
}

/// Interrupts off.
pub fn disable_interrupts() {
    // SAFETY: always sound.
    unsafe { asm!("cli") };
}

/// Waits for an interrupt with interrupts on, without a gap between the two, and turns them off again.
pub fn wait() {
    // SAFETY: every vector has a handler, which restores all registers.
    unsafe { asm!("sti", "hlt", "cli") };
}

/// Never again.
pub fn halt() -> ! {
    loop {
        // SAFETY: interrupts are off; only an NMI or INIT ends the wait.
        unsafe { asm!("cli", "hlt") };
    }
}

/// Reads linear memory at `at`, which may fault.
pub fn read_byte(at: Gva) -> Result<u8, Fault> {
    let value: u32;
    // SAFETY: a fault is caught, and the value goes nowhere else.
    let fault = unsafe {
        probe!("movzx {value:e}, byte ptr [{at}]"; at = in(reg) at.0, value = out(reg) value)
    };
    match fault {
        Some(fault) => Err(fault),
        None => Ok(value as u8),
    }
}

/// Calls linear memory at `at` as a function, which may fault.
pub fn call(at: Gva) -> Option<Fault> {
    // SAFETY: what is executed there is unknown: the caller wants to know what the machine makes of it. The stack pointer is
    // put back, since a fault leaves the return address behind.
    unsafe {
        asm!(
            "lea r11, [rip + 77f]",
            "mov qword ptr [rip + {slot}], r11",
            "mov r12, rsp",
            "call {at}",
            "77:",
            "mov rsp, r12",
            "mov qword ptr [rip + {slot}], 0",
            at = in(reg) at.0,
            slot = sym super::trap::RECOVERY,
            out("r12") _,
            clobber_abi("C"),
        );
    }
    super::trap::taken()
}

/// Loads an IDT without gates and causes an exception: nothing can be delivered, which shuts the processor down.
pub fn triple_fault() -> ! {
    super::descriptors::load_idt(0, 0);
    // SAFETY: the end of this partition is the purpose.
    unsafe { asm!("ud2", options(noreturn)) };
}

unsafe extern "C" {
    fn enter_ac_loop() -> !;
}

/// Goes to 32-bit mode and into the loop of alignment checks.
pub fn loop_alignment_checks() -> ! {
    // SAFETY: entry.s defines it; it never returns and needs nothing.
    unsafe { enter_ac_loop() };
}

/// Breaks on the write of the frame of the very exception that reports it: the processor never gets to the handler (CVE-2015-8104).
/// Returns only if an NMI ended it.
pub fn loop_debug_exceptions(processor: u16) {
    let top = super::descriptors::stack_top(processor, 0);
    let watched = Gva(top.0 - 16);
    watch_writes(watched);
    // SAFETY: the store is to the unused top of the stack for this exception, which has a handler; the loop is what is wanted.
    let _ = unsafe { probe!("mov [{at}], {at}", "nop"; at = in(reg) watched.0) };
    clear_breakpoints();
}
