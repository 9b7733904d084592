//! The last words: what an exception or a panic in the hypervisor says before the machine stops.
//!
//! Nothing here may allocate, wait for a lock or fault: another core may hold any lock. Output goes straight to
//! the UART.

use crate::tables::{PANICKING, TrapFrame, this_core};
use crate::{apic, cpu, paging, serial};
use core::fmt::{self, Write};
use core::sync::atomic::Ordering;
use spin::Once;

/// Writes a backtrace from an instruction and frame pointer outwards.
pub type Backtrace = fn(u64, u64, &mut dyn Write);

static BACKTRACE: Once<Backtrace> = Once::new();
static POWER_OFF: Once<fn()> = Once::new();

/// Sets what makes the backtrace.
pub fn set_backtrace(backtrace: Backtrace) {
    BACKTRACE.call_once(|| backtrace);
}

/// Sets what ends the machine after a panic, instead of halting for ever.
pub fn set_power_off(power_off: fn()) {
    POWER_OFF.call_once(|| power_off);
}

struct Direct;

impl Write for Direct {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for line in text.split_inclusive('\n') {
            match line.strip_suffix('\n') {
                Some(body) => {
                    serial::send_all_now(body.as_bytes());
                    serial::send_all_now(b"\r\n");
                }
                None => serial::send_all_now(line.as_bytes()),
            }
        }
        Ok(())
    }
}

/// Exceptions by vector (SDM Vol. 3A Table 6-1).
const NAMES: [&str; 32] = [
    "#DE",
    "#DB",
    "NMI",
    "#BP",
    "#OF",
    "#BR",
    "#UD",
    "#NM",
    "#DF",
    "coprocessor overrun",
    "#TS",
    "#NP",
    "#SS",
    "#GP",
    "#PF",
    "15",
    "#MF",
    "#AC",
    "#MC",
    "#XM",
    "#VE",
    "#CP",
    "22",
    "23",
    "24",
    "25",
    "26",
    "27",
    "28",
    "29",
    "30",
    "31",
];

fn stop_others() -> bool {
    let first = !PANICKING.swap(true, Ordering::AcqRel);
    if first {
        apic::send_nmi_to_others();
    }
    first
}

/// A word of a mapped stack; `None` anywhere else.
#[must_use]
pub fn stack_word(address: u64) -> Option<u64> {
    if !address.is_multiple_of(8) || !paging::is_stack(address) {
        return None;
    }
    // SAFETY: the word lies in a mapped stack, and any bytes are a valid u64.
    Some(unsafe { (address as *const u64).read_volatile() })
}

fn backtrace(rip: u64, rbp: u64, out: &mut Direct) {
    match BACKTRACE.get() {
        Some(backtrace) => backtrace(rip, rbp, out),
        None => {
            let _ = writeln!(out, "  rip {rip:#x}, no backtrace yet");
        }
    }
}

fn end() -> ! {
    let _ = Direct.write_str("isthmus: stopped: panic in the hypervisor\nisthmus: verdict 101\n");
    serial::drain();
    if let Some(power_off) = POWER_OFF.get() {
        power_off();
    }
    cpu::halt_forever()
}

/// Reports an exception that the hypervisor itself raised, and stops the machine.
pub fn exception(frame: &TrapFrame, vector: u8) -> ! {
    if !stop_others() {
        cpu::halt_forever();
    }
    let mut out = Direct;
    let name = NAMES.get(usize::from(vector)).copied().unwrap_or("?");
    let f = frame;
    let _ = writeln!(
        out,
        "\nisthmus: panic on core {}: exception {name} error code {:#x} CR2 {:#x}",
        this_core().0,
        f.error_code,
        cpu::read_cr2()
    );
    let _ = writeln!(
        out,
        "  rip {:016x} rsp {:016x} rflags {:08x} cs {:x} ss {:x}",
        f.rip, f.rsp, f.rflags, f.cs, f.ss
    );
    let _ = writeln!(
        out,
        "  rax {:016x} rcx {:016x} rdx {:016x} rbx {:016x}",
        f.rax, f.rcx, f.rdx, f.rbx
    );
    let _ = writeln!(
        out,
        "  rbp {:016x} rsi {:016x} rdi {:016x} r8  {:016x}",
        f.rbp, f.rsi, f.rdi, f.r8
    );
    let _ = writeln!(
        out,
        "  r9  {:016x} r10 {:016x} r11 {:016x} r12 {:016x}",
        f.r9, f.r10, f.r11, f.r12
    );
    let _ = writeln!(
        out,
        "  r13 {:016x} r14 {:016x} r15 {:016x}",
        f.r13, f.r14, f.r15
    );
    backtrace(f.rip, f.rbp, &mut out);
    end()
}

/// Reports a Rust panic and stops the machine.
pub fn panic(message: &dyn fmt::Display) -> ! {
    let (rbp, rsp, rip): (u64, u64, u64);
    // SAFETY: reads three registers.
    unsafe {
        core::arch::asm!("mov {}, rbp", "mov {}, rsp", "lea {}, [rip]", out(reg) rbp, out(reg) rsp, out(reg) rip,
            options(nomem, nostack));
    }
    if !stop_others() {
        cpu::halt_forever();
    }
    let mut out = Direct;
    let _ = writeln!(out, "\nisthmus: panic on core {}: {message}", this_core().0);
    let _ = writeln!(
        out,
        "  rsp {rsp:016x} rbp {rbp:016x} cr3 {:016x}",
        paging::root().0
    );
    backtrace(rip, rbp, &mut out);
    end()
}

#[cfg(target_os = "none")]
#[panic_handler]
fn on_panic(info: &core::panic::PanicInfo<'_>) -> ! {
    panic(info)
}
