//! The processor's own instructions, one safe function each where any use is harmless to memory safety, and
//! an unsafe one where it is not. Uses the `x86_64` crate where it has the instruction.

use core::arch::asm;
use isthmus_abi::{Msr, Port};

pub use core::arch::x86_64::CpuidResult;

/// CPUID (SDM Vol. 2A).
#[must_use]
#[inline]
pub fn cpuid(leaf: u32, subleaf: u32) -> CpuidResult {
    core::arch::x86_64::__cpuid_count(leaf, subleaf)
}

/// The time-stamp counter, in ticks. Not ordered against loads and stores.
#[must_use]
#[inline]
pub fn rdtsc() -> u64 {
    // SAFETY: RDTSC has no precondition in ring 0.
    unsafe { core::arch::x86_64::_rdtsc() }
}

/// Reads a model-specific register.
///
/// Reading may raise #GP where the register does not exist; that is reported as an exception with this
/// address, not undefined behaviour, so the function is safe.
#[must_use]
#[inline]
pub fn read_msr(msr: Msr) -> u64 {
    // SAFETY: RDMSR changes no memory; a missing register ends in the hypervisor's own #GP report.
    unsafe { x86_64::registers::model_specific::Msr::new(msr.0).read() }
}

/// Writes a model-specific register.
///
/// # Safety
/// The value must not change how the hypervisor's own code and data are reached, unless the caller takes that
/// into account.
#[inline]
pub unsafe fn write_msr(msr: Msr, value: u64) {
    // SAFETY: passed on to the caller.
    unsafe { x86_64::registers::model_specific::Msr::new(msr.0).write(value) }
}

/// Sets XCR0 (SDM Vol. 1 §13.3).
///
/// # Safety
/// `value` is one that CPUID leaf 0xD reports as valid on this processor, and CR4.OSXSAVE is set.
#[inline]
pub unsafe fn write_xcr0(value: u64) {
    // SAFETY: passed on to the caller.
    unsafe { core::arch::x86_64::_xsetbv(0, value) }
}

/// Waits for an interrupt with interrupts enabled for just that long. Returns with interrupts disabled.
///
/// STI takes effect after the next instruction (SDM Vol. 2B, STI), so no interrupt is lost between the two.
#[inline]
pub fn wait_for_interrupt() {
    // SAFETY: the interrupt table is the hypervisor's own and its handlers only note the vector.
    unsafe { asm!("sti", "hlt", "cli", options(nomem, nostack)) }
}

/// Lets the interrupts that are pending come, with interrupts enabled for just that long.
///
/// STI takes effect after the next instruction, so the NOP is what they come after.
#[inline]
pub fn take_pending_interrupts() {
    // SAFETY: the interrupt table is the hypervisor's own and its handlers only note the vector.
    unsafe { asm!("sti", "nop", "nop", "cli", options(nomem, nostack)) }
}

/// Stops the core for good.
pub fn halt_forever() -> ! {
    loop {
        // SAFETY: with interrupts off, HLT waits for an NMI or a reset, and touches nothing.
        unsafe { asm!("cli", "hlt", options(nomem, nostack)) }
    }
}

/// A hint to the processor inside a waiting loop.
#[inline]
pub fn pause() {
    core::hint::spin_loop();
}

/// Reads one byte from a port.
#[must_use]
pub fn port_read8(port: Port) -> u8 {
    // SAFETY: reading a port changes no memory of ours; device side effects are the caller's business.
    unsafe { x86_64::instructions::port::PortReadOnly::new(port.0).read() }
}

/// Reads a doubleword from a port.
#[must_use]
pub fn port_read32(port: Port) -> u32 {
    // SAFETY: as for `port_read8`.
    unsafe { x86_64::instructions::port::PortReadOnly::new(port.0).read() }
}

/// Writes one byte to a port.
///
/// # Safety
/// The device behind the port does not write memory in answer (no DMA start).
pub unsafe fn port_write8(port: Port, value: u8) {
    // SAFETY: passed on to the caller.
    unsafe { x86_64::instructions::port::PortWriteOnly::new(port.0).write(value) }
}

/// Writes a word to a port.
///
/// # Safety
/// As for [`port_write8`].
pub unsafe fn port_write16(port: Port, value: u16) {
    // SAFETY: passed on to the caller.
    unsafe { x86_64::instructions::port::PortWriteOnly::new(port.0).write(value) }
}

/// Physical address bits the processor has, from leaf 0x8000_0008; 36 where it does not say.
#[must_use]
pub fn physical_address_bits() -> u8 {
    if cpuid(0x8000_0000, 0).eax < 0x8000_0008 {
        return 36;
    }
    (cpuid(0x8000_0008, 0).eax & 0xff) as u8
}

/// CR2, the last page fault's address (SDM Vol. 3A §4.7).
#[must_use]
#[inline]
pub fn read_cr2() -> u64 {
    let value: u64;
    // SAFETY: reading CR2 has no effect.
    unsafe { asm!("mov {}, cr2", out(reg) value, options(nomem, nostack, preserves_flags)) };
    value
}

/// Sets CR2, which nothing in the hypervisor depends on between faults.
#[inline]
pub fn write_cr2(value: u64) {
    // SAFETY: CR2 is read by the page-fault report alone.
    unsafe { asm!("mov cr2, {}", in(reg) value, options(nomem, nostack, preserves_flags)) };
}

/// The debug registers that VM entry and exit leave alone (SDM Vol. 3C §27.5: DR7 alone is in the VMCS).
#[derive(Clone, Copy, Debug)]
pub struct DebugRegisters {
    /// DR0 to DR3: breakpoint addresses.
    pub addresses: [u64; 4],
    /// DR6: status.
    pub dr6: u64,
}

impl Default for DebugRegisters {
    fn default() -> Self {
        Self {
            addresses: [0; 4],
            dr6: 0xffff_0ff0,
        }
    }
}

impl DebugRegisters {
    /// Reads the core's registers.
    #[must_use]
    pub fn save() -> Self {
        let mut saved = Self::default();
        let [a, b, c, d] = &mut saved.addresses;
        // SAFETY: reading debug registers has no effect; DR7.GD is clear in VMX root (VM exit sets DR7 to 0x400).
        unsafe {
            asm!("mov {}, dr0", "mov {}, dr1", "mov {}, dr2", "mov {}, dr3", "mov {}, dr6",
                out(reg) *a, out(reg) *b, out(reg) *c, out(reg) *d, out(reg) saved.dr6, options(nomem, nostack))
        };
        saved
    }

    /// Loads the core's registers. DR7 is 0x400 in VMX root, so no breakpoint is live there.
    pub fn load(&self) {
        let [a, b, c, d] = self.addresses;
        let dr6 = (self.dr6 & 0xffff_ffff) | 0xffff_0ff0;
        // SAFETY: with DR7 disabled the addresses have no effect on the hypervisor; DR6's high half is zero.
        unsafe {
            asm!("mov dr0, {}", "mov dr1, {}", "mov dr2, {}", "mov dr3, {}", "mov dr6, {}",
                in(reg) a, in(reg) b, in(reg) c, in(reg) d, in(reg) dr6, options(nomem, nostack))
        };
    }
}

/// Ends the blocking of NMIs that a VM exit for one leaves behind: an IRET to the next instruction
/// (SDM Vol. 3C §28.3.3, Vol. 3A §6.7.1).
pub fn unblock_nmi() {
    // SAFETY: IRETQ returns to the next line with the same stack, flags and segments.
    unsafe {
        asm!(
            "mov {scratch}, rsp",
            "push {data}",
            "push {scratch}",
            "pushfq",
            "push {code}",
            "lea {scratch}, [rip + 2f]",
            "push {scratch}",
            "iretq",
            "2:",
            scratch = out(reg) _,
            data = in(reg) u64::from(crate::tables::DATA_SELECTOR),
            code = in(reg) u64::from(crate::tables::CODE_SELECTOR),
        );
    }
}

/// Continues on another stack, for good.
///
/// # Safety
/// `top` is the 16-byte aligned end of a mapped stack that nothing else uses. Nothing on the present stack is
/// referred to afterwards.
pub unsafe fn continue_on(top: u64, next: extern "C" fn() -> !) -> ! {
    // SAFETY: by the caller's word; a zero return address ends backtraces.
    unsafe {
        asm!("mov rsp, {}", "xor ebp, ebp", "push rbp", "push rbp", "call {}", "ud2", in(reg) top, in(reg) next,
            options(noreturn))
    }
}

/// Writes a power management register that the firmware's FADT names. Such a register starts no transfer to
/// memory; at worst the machine stops.
pub fn power_management_write(port: Port, value: u16) {
    // SAFETY: the register sleeps or wakes the machine and writes no memory.
    unsafe { port_write16(port, value) };
}
