//! The test device at port 0xf4, as QEMU's `isa-debug-exit`: what a guest writes there is its verdict, and the
//! end of its partition. Four ports wide; a write of any size is one verdict, reads give 0.

/// First port of the device.
pub const PORT: u16 = 0xf4;
/// Number of ports.
pub const PORTS: u16 = 4;

/// The verdict in a write of `value`, already cut to the size of the access, at `port`; `None` if the port is
/// not the device's.
#[must_use]
pub const fn verdict(port: u16, value: u32) -> Option<u32> {
    if port.wrapping_sub(PORT) < PORTS {
        Some(value)
    } else {
        None
    }
}
