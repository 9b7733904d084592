//! The local APIC by its memory page, or by MSRs when the caller says so, and the I/O APIC.

use isthmus_abi::{Gpa, Msr, Vector};

use super::cpu;
use super::trap::Fault;

/// IA32_APIC_BASE.
pub const BASE: Msr = Msr(0x1b);
/// Where both chips are in every partition.
pub const LOCAL: Gpa = Gpa(0xfee0_0000);
/// I/O APIC.
pub const IO: Gpa = Gpa(0xfec0_0000);

/// Offsets in the page (SDM Vol. 3A Table 11-1).
pub mod register {
    pub const ID: u16 = 0x20;
    pub const TPR: u16 = 0x80;
    pub const EOI: u16 = 0xb0;
    pub const SVR: u16 = 0xf0;
    pub const ISR: u16 = 0x100;
    pub const ESR: u16 = 0x280;
    pub const ICR_LOW: u16 = 0x300;
    pub const ICR_HIGH: u16 = 0x310;
    pub const LVT_TIMER: u16 = 0x320;
    pub const LVT_LINT0: u16 = 0x350;
    pub const INITIAL_COUNT: u16 = 0x380;
    pub const DIVIDE: u16 = 0x3e0;
}

fn pointer(base: Gpa, offset: u16) -> *mut u32 {
    // Both pages are in the identity map of the first 4 GiB.
    (base.0 + u64::from(offset)) as *mut u32
}

/// Reads a register of the page.
pub fn read(offset: u16) -> u32 {
    // SAFETY: the page is mapped and is the APIC's; any value may be read from it.
    unsafe { pointer(LOCAL, offset).read_volatile() }
}

/// Writes a register of the page.
pub fn write(offset: u16, value: u32) {
    // SAFETY: the page is mapped and is the APIC's; what it does, it does to this processor and to those it addresses.
    unsafe { pointer(LOCAL, offset).write_volatile(value) };
}

/// Reads a register by its MSR.
pub fn read_x2(offset: u16) -> Result<u64, Fault> {
    cpu::read_msr(Msr(0x800 + u32::from(offset >> 4)))
}

/// Writes a register by its MSR.
pub fn write_x2(offset: u16, value: u64) -> Option<Fault> {
    cpu::write_msr(Msr(0x800 + u32::from(offset >> 4)), value)
}

/// Software-enables the APIC, spurious vector 255, all priorities accepted, LINT0 masked.
pub fn enable() {
    write(register::SVR, 0x1ff);
    write(register::TPR, 0);
    write(register::LVT_LINT0, 0x1_0000);
    write(register::LVT_TIMER, 0x1_0000);
    write(register::ESR, 0);
}

/// Whether a vector is in service.
pub fn in_service(vector: Vector) -> bool {
    let offset = register::ISR + 0x10 * u16::from(vector.0 / 32);
    read(offset) & 1 << (vector.0 % 32) != 0
}

/// EOI.
pub fn end_of_interrupt() {
    write(register::EOI, 0);
}

/// Starts the timer, one tick of the divided-by-one clock a count.
pub fn start_timer(vector: Vector, periodic: bool, count: u32) {
    write(register::DIVIDE, 0xb);
    write(
        register::LVT_TIMER,
        u32::from(vector.0) | if periodic { 1 << 17 } else { 0 },
    );
    write(register::INITIAL_COUNT, count);
}

/// Stops and masks the timer.
pub fn stop_timer() {
    write(register::LVT_TIMER, 0x1_0000);
    write(register::INITIAL_COUNT, 0);
}

/// Sends an IPI; `command` is the low half of the ICR.
pub fn send(destination: u8, command: u32) {
    write(register::ICR_HIGH, u32::from(destination) << 24);
    write(register::ICR_LOW, command);
}

/// The error status register, refreshed.
pub fn errors() -> u32 {
    write(register::ESR, 0);
    read(register::ESR)
}

/// Reads an I/O APIC register by its index.
pub fn read_io(index: u8) -> u32 {
    // SAFETY: the page is mapped and is the I/O APIC's.
    unsafe { pointer(IO, 0).write_volatile(index.into()) };
    // SAFETY: as above.
    unsafe { pointer(IO, 0x10).read_volatile() }
}

/// Writes an I/O APIC register by its index.
pub fn write_io(index: u8, value: u32) {
    // SAFETY: the page is mapped and is the I/O APIC's.
    unsafe { pointer(IO, 0).write_volatile(index.into()) };
    // SAFETY: as above.
    unsafe { pointer(IO, 0x10).write_volatile(value) };
}
