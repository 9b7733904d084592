//! PCI configuration mechanism #1 (PCI Local Bus 3.0 §3.2.2.3.2) with no function behind it: the address can be
//! written and read back, all data are ones, so that software finds an empty bus 0.

/// The address register; a doubleword access alone reaches it.
pub const ADDRESS: u16 = 0xcf8;
/// First of the four data ports.
pub const DATA: u16 = 0xcfc;

/// A host bridge's configuration window onto nothing.
#[derive(Clone, Debug, Default)]
pub struct NoPci {
    address: u32,
}

impl NoPci {
    /// Bits of the address register that exist: enable, bus, device, function, register.
    const WRITABLE: u32 = 0x80ff_fffc;

    /// With address 0, disabled.
    #[must_use]
    pub const fn new() -> Self {
        Self { address: 0 }
    }

    /// The address register.
    #[must_use]
    pub const fn address(&self) -> u32 {
        self.address
    }

    /// Writes the address register.
    pub const fn set_address(&mut self, value: u32) {
        self.address = value & Self::WRITABLE;
    }
}
