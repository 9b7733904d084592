//! How the kernel ends when it must: what happened, the registers, and a backtrace along the frame pointers, on the
//! serial line; then the partition ends with [`PANIC_VERDICT`]. Needs no heap and no lock.

use core::fmt::{Display, Formatter, Result};
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering};

use isthmus_abi::Gva;
use x86_64::registers::control::{Cr2, Cr3};

use crate::interrupts::Frame;
use crate::power::{self, End};
use crate::{cores, paging, serial};

/// What the debug-exit port is told after a panic or an exception.
const PANIC_VERDICT: u32 = 101;
/// Frames followed before a loop is suspected.
const MAX_FRAMES: usize = 32;
/// Names of vectors 0 to 31 (SDM Vol. 3A table 6-1).
const NAMES: [&str; 32] = [
    "#DE divide error",
    "#DB debug",
    "NMI",
    "#BP breakpoint",
    "#OF overflow",
    "#BR bound range",
    "#UD invalid opcode",
    "#NM device not available",
    "#DF double fault",
    "coprocessor overrun",
    "#TS invalid TSS",
    "#NP segment not present",
    "#SS stack fault",
    "#GP general protection",
    "#PF page fault",
    "reserved 15",
    "#MF x87 error",
    "#AC alignment check",
    "#MC machine check",
    "#XM SIMD error",
    "#VE virtualization",
    "#CP control protection",
    "reserved 22",
    "reserved 23",
    "reserved 24",
    "reserved 25",
    "reserved 26",
    "reserved 27",
    "#HV hypervisor injection",
    "#VC VMM communication",
    "#SX security",
    "reserved 31",
];

static REPORTING: AtomicBool = AtomicBool::new(false);

/// Reports a Rust panic and ends the partition. The panic handler of the kernel binary calls it.
pub fn report(info: &PanicInfo<'_>) -> ! {
    begin();
    match info.location() {
        Some(place) => serial::write_urgent(format_args!(
            "kernel: panic on core {} at {place}: {}\n",
            cores::current_core().0,
            info.message(),
        )),
        None => serial::write_urgent(format_args!("kernel: panic: {}\n", info.message())),
    }
    serial::write_urgent(format_args!(
        "{}",
        Backtrace {
            from: frame_pointer()
        }
    ));
    finish()
}

/// Reports an exception and ends the partition.
pub(crate) fn report_exception(frame: &Frame) -> ! {
    begin();
    let name = usize::try_from(frame.vector)
        .ok()
        .and_then(|vector| NAMES.get(vector));
    serial::write_urgent(format_args!(
        "kernel: exception {} on core {}, error code {:#x}\n{}{}",
        name.unwrap_or(&"unknown"),
        cores::current_core().0,
        frame.error_code,
        Registers(frame),
        Backtrace { from: frame.rbp },
    ));
    finish()
}

/// One report alone: a panic inside the report ends at once, another core's waits behind the first.
fn begin() {
    x86_64::instructions::interrupts::disable();
    if REPORTING.swap(true, Ordering::SeqCst) {
        serial::write_urgent(format_args!("kernel: another panic during the report\n"));
        finish();
    }
}

fn finish() -> ! {
    power::end(End::Verdict(PANIC_VERDICT))
}

struct Registers<'a>(&'a Frame);

impl Display for Registers<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let r = self.0;
        writeln!(
            f,
            "  rip {:016x}  rsp {:016x}  rflags {:016x}  cs {:x} ss {:x}",
            r.rip, r.rsp, r.rflags, r.cs, r.ss
        )?;
        writeln!(
            f,
            "  rax {:016x}  rbx {:016x}  rcx {:016x}  rdx {:016x}",
            r.rax, r.rbx, r.rcx, r.rdx
        )?;
        writeln!(
            f,
            "  rsi {:016x}  rdi {:016x}  rbp {:016x}  r8  {:016x}",
            r.rsi, r.rdi, r.rbp, r.r8
        )?;
        writeln!(
            f,
            "  r9  {:016x}  r10 {:016x}  r11 {:016x}  r12 {:016x}",
            r.r9, r.r10, r.r11, r.r12
        )?;
        writeln!(
            f,
            "  r13 {:016x}  r14 {:016x}  r15 {:016x}",
            r.r13, r.r14, r.r15
        )?;
        writeln!(
            f,
            "  cr2 {:016x}  cr3 {:016x}",
            Cr2::read_raw(),
            Cr3::read().0.start_address().as_u64()
        )
    }
}

/// Return addresses along saved frame pointers, for `addr2line -e isthmus-kernel`.
struct Backtrace {
    from: u64,
}

impl Display for Backtrace {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let mut pointer = self.from;
        write!(f, "  backtrace:")?;
        for _ in 0..MAX_FRAMES {
            let Some([next, address]) = paging::read_stack_pair(Gva(pointer)) else {
                break;
            };
            if address == 0 {
                break;
            }
            write!(f, " {address:#x}")?;
            // Frames go up the stack; anything else is a damaged chain.
            if next <= pointer {
                break;
            }
            pointer = next;
        }
        writeln!(f)
    }
}

fn frame_pointer() -> u64 {
    let pointer: u64;
    // SAFETY: copies a register and touches nothing else.
    unsafe {
        core::arch::asm!("mov {}, rbp", out(reg) pointer, options(nomem, nostack, preserves_flags));
    }
    pointer
}
