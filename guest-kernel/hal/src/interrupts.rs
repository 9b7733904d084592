//! Where every interrupt and exception arrives. An exception is always the kernel's own fault: it is reported with
//! its registers and ends the partition. An interrupt does its work by ending a core's sleep; the worker looks
//! at the clock and its queue itself, so nothing is shared with what was interrupted.

use core::sync::atomic::{AtomicU64, Ordering};

use isthmus_abi::Vector;

use crate::{local_apic, panic};

/// The local APIC timer.
pub(crate) const TIMER: Vector = Vector(0x40);
/// Another core has work for this one.
pub(crate) const WAKE: Vector = Vector(0x41);
/// The local APIC's spurious vector (SDM Vol. 3A §11.9): no end of interrupt.
pub(crate) const SPURIOUS: Vector = Vector(0xff);
/// Where the 8259s are moved to, masked: 0x20 to 0x2f. Only their spurious interrupts arrive.
pub(crate) const PIC_BASE: Vector = Vector(0x20);

/// Interrupts on vectors that nothing in the kernel uses.
static STRAY: AtomicU64 = AtomicU64::new(0);

/// What the stubs push, from the lowest address up, ending in what the CPU pushed (SDM Vol. 3A §6.14.2).
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Frame {
    pub r15: u64,
    pub r14: u64,
    pub r13: u64,
    pub r12: u64,
    pub r11: u64,
    pub r10: u64,
    pub r9: u64,
    pub r8: u64,
    pub rbp: u64,
    pub rdi: u64,
    pub rsi: u64,
    pub rdx: u64,
    pub rcx: u64,
    pub rbx: u64,
    pub rax: u64,
    pub vector: u64,
    pub error_code: u64,
    pub rip: u64,
    pub cs: u64,
    pub rflags: u64,
    pub rsp: u64,
    pub ss: u64,
}

#[cfg(target_os = "none")]
core::arch::global_asm!(include_str!("interrupts.s"), options(att_syntax));

/// Called by the stubs with interrupts off.
// SAFETY: the name is the stubs' own and nothing else in the image has it.
#[unsafe(no_mangle)]
extern "C" fn hal_interrupt(frame: &Frame) {
    let vector = Vector(u8::try_from(frame.vector).unwrap_or(SPURIOUS.0));
    match vector {
        Vector(0..32) => panic::report_exception(frame),
        TIMER | WAKE => local_apic::end_of_interrupt(),
        SPURIOUS => {}
        Vector(stray) => {
            STRAY.fetch_add(1, Ordering::Relaxed);
            let pic = stray.wrapping_sub(PIC_BASE.0) < 16;
            if !pic {
                local_apic::end_of_interrupt();
            }
        }
    }
}

/// Moves the two 8259s off the exception vectors and masks all their lines (Intel 8259A data sheet, ICW1-4).
pub(crate) fn silence_pics() {
    use crate::port::write_u8;
    use isthmus_abi::Port;
    for (command, data, base, cascade) in [
        (Port(0x20), Port(0x21), PIC_BASE.0, 1 << 2),
        (Port(0xa0), Port(0xa1), PIC_BASE.0 + 8, 2),
    ] {
        write_u8(command, 0x11);
        write_u8(data, base);
        write_u8(data, cascade);
        write_u8(data, 0x01);
        write_u8(data, 0xff);
    }
}
