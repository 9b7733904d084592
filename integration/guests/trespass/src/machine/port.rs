//! Ports, one access at a time and in strings.

use core::arch::asm;

use isthmus_abi::{Gva, Port};

use super::trap::{Fault, probe};

/// Where a verdict goes, as with QEMU's isa-debug-exit.
const DEBUG_EXIT: u16 = 0xf4;
const PIC_COMMAND: u16 = 0x20;
const SECOND_PIC_COMMAND: u16 = 0xa0;

/// Reads `bytes` (1, 2 or 4) from a port.
pub fn read(port: Port, bytes: u16) -> u32 {
    let value: u32;
    match bytes {
        // SAFETY: callers keep off ports whose reads matter, or mean them. So in the arms below.
        1 => unsafe { asm!("in al, dx", in("dx") port.0, inout("eax") 0u32 => value) },
        // SAFETY: as above.
        2 => unsafe { asm!("in ax, dx", in("dx") port.0, inout("eax") 0u32 => value) },
        // SAFETY: as above.
        _ => unsafe { asm!("in eax, dx", in("dx") port.0, out("eax") value) },
    }
    value
}

/// Writes `bytes` (1, 2 or 4) to a port.
pub fn write(port: Port, bytes: u16, value: u32) {
    match bytes {
        // SAFETY: callers keep off ports that end or change the machine, or mean them. So in the arms below.
        1 => unsafe { asm!("out dx, al", in("dx") port.0, in("eax") value) },
        // SAFETY: as above.
        2 => unsafe { asm!("out dx, ax", in("dx") port.0, in("eax") value) },
        // SAFETY: as above.
        _ => unsafe { asm!("out dx, eax", in("dx") port.0, in("eax") value) },
    }
}

/// Says how the run ended, which ends it.
pub fn verdict(value: u32) -> ! {
    super::serial::flush();
    write(Port(DEBUG_EXIT), 4, value);
    super::cpu::halt()
}

/// Masks all inputs of the 8259 pair, after moving their vectors to 20H and 28H (8259A data sheet, ICW1 to ICW4, OCW1).
pub fn mask_pics() {
    for (first, second) in [(0x11, 0x11), (0x20, 0x28), (4, 2), (1, 1), (0xff, 0xff)] {
        let offset = u16::from(first != 0x11);
        write(Port(PIC_COMMAND + offset), 1, first);
        write(Port(SECOND_PIC_COMMAND + offset), 1, second);
    }
}

/// Masks all inputs of the 8259 pair.
pub fn mask_pic_inputs() {
    write(Port(PIC_COMMAND + 1), 1, 0xff);
    write(Port(SECOND_PIC_COMMAND + 1), 1, 0xff);
}

/// Ends the service of an interrupt of the 8259 pair.
pub fn end_of_pic_interrupt(second: bool) {
    if second {
        write(Port(SECOND_PIC_COMMAND), 1, 0x20);
    }
    write(Port(PIC_COMMAND), 1, 0x20);
}

/// Registers of a string instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StringState {
    /// RSI or RDI.
    pub at: Gva,
    /// RCX.
    pub count: u64,
}

macro_rules! string_step {
    ($port:ident, $down:ident, $state:ident, $pointer:tt, $line:literal) => {{
        let (mut at, mut count) = ($state.at.0, $state.count);
        let fault = if $down {
            // SAFETY: callers pass a buffer of their own, or memory that is nobody's; faults are caught, and the handlers clear DF for
            // themselves.
            unsafe { probe!("std", $line; in("dx") $port.0, inout($pointer) at, inout("rcx") count) }
        } else {
            // SAFETY: as above.
            unsafe { probe!("cld", $line; in("dx") $port.0, inout($pointer) at, inout("rcx") count) }
        };
        // SAFETY: the direction that compiled code needs.
        unsafe { asm!("cld") };
        *$state = StringState { at: Gva(at), count };
        fault
    }};
}

/// REP INS of elements of `bytes` (1, 2 or 4), downwards if `down`.
pub fn read_string(port: Port, bytes: u16, down: bool, state: &mut StringState) -> Option<Fault> {
    match bytes {
        1 => string_step!(port, down, state, "rdi", "rep insb"),
        2 => string_step!(port, down, state, "rdi", "rep insw"),
        _ => string_step!(port, down, state, "rdi", "rep insd"),
    }
}

/// REP OUTS of elements of `bytes` (1, 2 or 4), downwards if `down`.
pub fn write_string(port: Port, bytes: u16, down: bool, state: &mut StringState) -> Option<Fault> {
    match bytes {
        1 => string_step!(port, down, state, "rsi", "rep outsb"),
        2 => string_step!(port, down, state, "rsi", "rep outsw"),
        _ => string_step!(port, down, state, "rsi", "rep outsd"),
    }
}
