//! The chipset's two small registers that reset the machine: the reset control register at port 0xcf9 and
//! system control port A at 0x92, which also has the fast A20 gate.

/// The reset control register's port.
pub const RESET_CONTROL: u16 = 0xcf9;
/// System control port A.
pub const CONTROL_A: u16 = 0x92;

/// Reset control register (Intel chipsets since PIIX3): bit 1 selects a hard reset, bit 2 resets when it rises.
#[derive(Clone, Debug, Default)]
pub struct ResetControl {
    value: u8,
}

impl ResetControl {
    /// What was written, of the bits that exist.
    #[must_use]
    pub const fn read(&self) -> u8 {
        self.value
    }

    /// Writes; true if the machine is to be reset.
    pub const fn write(&mut self, value: u8) -> bool {
        let rises = value & 4 != 0 && self.value & 4 == 0;
        self.value = value & 0x0e;
        rises
    }
}

/// System control port A: bit 0 resets when it rises, bit 1 opens the A20 gate.
#[derive(Clone, Debug)]
pub struct ControlA {
    value: u8,
}

impl Default for ControlA {
    fn default() -> Self {
        Self::new()
    }
}

impl ControlA {
    /// With the A20 gate open, as a loader leaves it.
    #[must_use]
    pub const fn new() -> Self {
        Self { value: 2 }
    }

    /// What was written.
    #[must_use]
    pub const fn read(&self) -> u8 {
        self.value
    }

    /// Writes; true if the processor is to be reset.
    pub const fn write(&mut self, value: u8) -> bool {
        let rises = value & 1 != 0 && self.value & 1 == 0;
        self.value = value & 3;
        rises
    }

    /// Whether this register opens the A20 gate.
    #[must_use]
    pub const fn a20(&self) -> bool {
        self.value & 2 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reset_bit_resets_when_it_rises() {
        let mut control = ResetControl::default();
        assert!(!control.write(0x02));
        assert!(control.write(0x06));
        assert!(!control.write(0x06));
        assert_eq!(control.read(), 0x06);
        assert!(!control.write(0xf1));
        assert_eq!(control.read(), 0);
        assert!(control.write(0x04));
    }

    #[test]
    fn port_92_gates_a20_and_resets() {
        let mut control = ControlA::new();
        assert!(control.a20());
        assert!(!control.write(0));
        assert!(!control.a20());
        assert!(control.write(3));
        assert!(control.a20());
        assert!(!control.write(3));
    }
}
