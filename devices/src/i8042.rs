//! The PC's keyboard controller (Intel 8042) with nothing plugged in: it passes its self-tests, resets the machine
//! by its output port, gates A20, and says "no answer" for a keyboard or mouse.

/// Data port.
pub const DATA: u16 = 0x60;
/// Status (read) and command (write) port.
pub const COMMAND: u16 = 0x64;

/// Status bits.
mod status {
    pub const OUTPUT_FULL: u8 = 1 << 0;
    pub const SYSTEM: u8 = 1 << 2;
    pub const LAST_WAS_COMMAND: u8 = 1 << 3;
    pub const NOT_INHIBITED: u8 = 1 << 4;
    pub const AUXILIARY_FULL: u8 = 1 << 5;
    pub const TIMEOUT: u8 = 1 << 6;
}

/// Command byte bits.
mod config {
    pub const KEYBOARD_INTERRUPT: u8 = 1 << 0;
    pub const SYSTEM: u8 = 1 << 2;
    pub const KEYBOARD_DISABLED: u8 = 1 << 4;
    pub const AUXILIARY_DISABLED: u8 = 1 << 5;
}

/// What a data byte answers that follows a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Awaits {
    /// It goes to the keyboard.
    #[default]
    Keyboard,
    /// It goes into the controller's memory.
    Memory(u8),
    /// It goes to the output port.
    OutputPort,
    /// It comes back as if from the keyboard or the mouse.
    Echo { auxiliary: bool },
    /// It goes to the mouse.
    Mouse,
}

/// What a write asks of the board.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Nothing.
    None,
    /// Pull the processor's reset line.
    Reset,
    /// The A20 gate may have changed: see [`I8042::a20`].
    A20,
}

/// The controller.
#[derive(Clone, Debug)]
pub struct I8042 {
    memory: [u8; 32],
    output: u8,
    status: u8,
    output_port: u8,
    awaits: Awaits,
}

impl Default for I8042 {
    fn default() -> Self {
        Self::new()
    }
}

impl I8042 {
    /// As a PC's firmware leaves it: system flag set, both devices disabled, no interrupts, A20 open.
    #[must_use]
    pub const fn new() -> Self {
        let mut memory = [0; 32];
        memory[0] = config::SYSTEM | config::KEYBOARD_DISABLED | config::AUXILIARY_DISABLED;
        Self {
            memory,
            output: 0,
            status: status::SYSTEM | status::NOT_INHIBITED,
            output_port: 0x03,
            awaits: Awaits::Keyboard,
        }
    }

    /// Whether the output port opens the A20 gate.
    #[must_use]
    pub const fn a20(&self) -> bool {
        self.output_port & 2 != 0
    }

    /// Level of IRQ 1.
    #[must_use]
    pub const fn keyboard_irq(&self) -> bool {
        self.status & (status::OUTPUT_FULL | status::AUXILIARY_FULL) == status::OUTPUT_FULL
            && self.memory[0] & config::KEYBOARD_INTERRUPT != 0
    }

    /// Reads the status port.
    #[must_use]
    pub const fn read_status(&self) -> u8 {
        self.status
    }

    /// Reads the data port; the last byte again if there is no new one.
    pub const fn read_data(&mut self) -> u8 {
        self.status &= !(status::OUTPUT_FULL | status::AUXILIARY_FULL | status::TIMEOUT);
        self.output
    }

    /// Puts a byte into the output buffer, over one that was not read.
    const fn answer(&mut self, byte: u8, flags: u8) {
        self.output = byte;
        self.status &= !(status::AUXILIARY_FULL | status::TIMEOUT);
        self.status |= status::OUTPUT_FULL | flags;
    }

    /// Writes the command port.
    pub fn write_command(&mut self, command: u8) -> Outcome {
        self.status |= status::LAST_WAS_COMMAND;
        self.awaits = Awaits::Keyboard;
        match command {
            0x20..=0x3f => {
                let byte = self.memory.get(usize::from(command & 0x1f));
                let byte = byte.copied().unwrap_or(0);
                self.answer(byte, 0);
            }
            0x60..=0x7f => self.awaits = Awaits::Memory(command & 0x1f),
            0xa7 => self.memory[0] |= config::AUXILIARY_DISABLED,
            0xa8 => self.memory[0] &= !config::AUXILIARY_DISABLED,
            // Interface tests pass: the lines are sound though nothing hangs on them.
            0xa9 | 0xab => self.answer(0x00, 0),
            0xaa => {
                self.status |= status::SYSTEM;
                self.answer(0x55, 0);
            }
            0xad => self.memory[0] |= config::KEYBOARD_DISABLED,
            0xae => self.memory[0] &= !config::KEYBOARD_DISABLED,
            0xc0 => self.answer(0x80, 0),
            0xd0 => self.answer(self.output_port, 0),
            0xd1 => self.awaits = Awaits::OutputPort,
            0xd2 => self.awaits = Awaits::Echo { auxiliary: false },
            0xd3 => self.awaits = Awaits::Echo { auxiliary: true },
            0xd4 => self.awaits = Awaits::Mouse,
            // Pulses the output lines whose bits are 0; line 0 is the reset.
            0xf0..=0xff if command & 1 == 0 => return Outcome::Reset,
            _ => {}
        }
        Outcome::None
    }

    /// Writes the data port.
    pub fn write_data(&mut self, value: u8) -> Outcome {
        self.status &= !status::LAST_WAS_COMMAND;
        match core::mem::take(&mut self.awaits) {
            // Nothing is there to acknowledge: the controller gives up and says so.
            Awaits::Keyboard => self.answer(0xfe, status::TIMEOUT),
            Awaits::Mouse => self.answer(0xfe, status::TIMEOUT | status::AUXILIARY_FULL),
            Awaits::Memory(index) => {
                if let Some(byte) = self.memory.get_mut(usize::from(index)) {
                    *byte = value;
                }
                let system = self.memory[0] & config::SYSTEM;
                self.status = self.status & !status::SYSTEM | system;
            }
            Awaits::OutputPort => {
                self.output_port = value | 1;
                return if value & 1 == 0 {
                    Outcome::Reset
                } else {
                    Outcome::A20
                };
            }
            Awaits::Echo { auxiliary: false } => self.answer(value, 0),
            Awaits::Echo { auxiliary: true } => self.answer(value, status::AUXILIARY_FULL),
        }
        Outcome::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(controller: &mut I8042, command: u8) -> u8 {
        assert_eq!(controller.write_command(command), Outcome::None);
        assert_eq!(controller.read_status() & 1, 1);
        controller.read_data()
    }

    #[test]
    fn the_controller_passes_its_tests() {
        let mut controller = I8042::new();
        assert_eq!(controller.read_status() & 3, 0);
        assert_eq!(ask(&mut controller, 0xaa), 0x55);
        assert_eq!(ask(&mut controller, 0xab), 0x00);
        assert_eq!(ask(&mut controller, 0x20), 0x34);
        assert_eq!(controller.read_status() & 1, 0);
    }

    #[test]
    fn a_keyboard_that_is_not_there_times_out_and_may_interrupt() {
        let mut controller = I8042::new();
        controller.write_command(0x60);
        controller.write_data(0x05);
        assert!(!controller.keyboard_irq());
        controller.write_data(0xff);
        assert!(controller.keyboard_irq());
        assert_eq!(controller.read_status() & 0x41, 0x41);
        assert_eq!(controller.read_data(), 0xfe);
        assert!(!controller.keyboard_irq());
        controller.write_command(0xd4);
        controller.write_data(0xff);
        assert_eq!(controller.read_status() & 0x61, 0x61);
        assert!(!controller.keyboard_irq());
    }

    #[test]
    fn the_output_port_resets_and_gates_a20() {
        let mut controller = I8042::new();
        assert_eq!(controller.write_command(0xfe), Outcome::Reset);
        assert_eq!(controller.write_command(0xff), Outcome::None);
        controller.write_command(0xd1);
        assert_eq!(controller.write_data(0xdd), Outcome::A20);
        assert!(!controller.a20());
        assert_eq!(ask(&mut controller, 0xd0), 0xdd);
        controller.write_command(0xd1);
        assert_eq!(controller.write_data(0xdf), Outcome::A20);
        assert!(controller.a20());
        controller.write_command(0xd1);
        assert_eq!(controller.write_data(0xde), Outcome::Reset);
    }
}
