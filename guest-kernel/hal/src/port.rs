//! Port input and output (SDM Vol. 1 §19).

use isthmus_abi::Port;
use x86_64::instructions::port::Port as Raw;

/// Reads a byte.
pub(crate) fn read_u8(port: Port) -> u8 {
    let mut raw = Raw::<u8>::new(port.0);
    // SAFETY: the kernel runs at CPL 0, and the devices that its callers address (UART, PIC, PIT, PM timer)
    // reach no memory.
    unsafe { raw.read() }
}

/// Reads a 32-bit word.
pub(crate) fn read_u32(port: Port) -> u32 {
    let mut raw = Raw::<u32>::new(port.0);
    // SAFETY: as in `read_u8`.
    unsafe { raw.read() }
}

/// Writes a byte.
pub(crate) fn write_u8(port: Port, value: u8) {
    let mut raw = Raw::<u8>::new(port.0);
    // SAFETY: as in `read_u8`.
    unsafe { raw.write(value) }
}

/// Writes a 16-bit word.
pub(crate) fn write_u16(port: Port, value: u16) {
    let mut raw = Raw::<u16>::new(port.0);
    // SAFETY: as in `read_u8`.
    unsafe { raw.write(value) }
}

/// Writes a 32-bit word.
pub(crate) fn write_u32(port: Port, value: u32) {
    let mut raw = Raw::<u32>::new(port.0);
    // SAFETY: as in `read_u8`.
    unsafe { raw.write(value) }
}
