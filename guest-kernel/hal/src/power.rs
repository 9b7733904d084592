//! How the machine or partition ends.

use core::sync::atomic::{AtomicU32, Ordering};

use isthmus_abi::Port;
use isthmus_kernel_core::acpi::Platform;

use crate::{port, serial};

/// QEMU's isa-debug-exit, and Isthmus's device of that name: a 32-bit write ends the machine; QEMU's status
/// is then twice the value plus one.
const DEBUG_EXIT: Port = Port(0xf4);
/// SLP_EN in PM1_CNT (ACPI §4.8.3.2.1).
const SLP_EN: u16 = 1 << 13;

/// PM1a_CNT and what to write to it for S5, port above value; 0 when the firmware told neither.
static SOFT_OFF: AtomicU32 = AtomicU32::new(0);

/// How to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// Switch off.
    PowerOff,
    /// Tell the debug-exit port this verdict, and switch off where there is none.
    Verdict(u32),
}

/// Keeps what is needed to switch off.
pub(crate) fn init(platform: &Platform) {
    if let (Some(Port(port)), Some(kind)) = (platform.pm1a_control, platform.s5_sleep_type) {
        let value = u16::from(kind) << 10 | SLP_EN;
        SOFT_OFF.store(u32::from(port) << 16 | u32::from(value), Ordering::Relaxed);
    }
}

/// The authority to end the machine. Boot makes one.
pub struct Power(pub(crate) ());

impl Power {
    /// Ends the machine for all cores. What was written to the serial line is sent first.
    pub fn end(&self, how: End) -> ! {
        end(how)
    }
}

/// Ends the machine for all cores.
pub(crate) fn end(how: End) -> ! {
    x86_64::instructions::interrupts::disable();
    serial::drain();
    if let End::Verdict(verdict) = how {
        port::write_u32(DEBUG_EXIT, verdict);
    }
    let [value_low, value_high, port_low, port_high] =
        SOFT_OFF.load(Ordering::Relaxed).to_le_bytes();
    let control = u16::from_le_bytes([port_low, port_high]);
    if control != 0 {
        port::write_u16(Port(control), u16::from_le_bytes([value_low, value_high]));
    }
    loop {
        x86_64::instructions::hlt();
    }
}
