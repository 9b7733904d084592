//! The pair of Intel 8259A interrupt controllers of a PC, the second cascaded on input 2 of the first, with
//! the edge/level control registers of later chipsets (ELCR, ports 0x4d0 and 0x4d1).
//!
//! Section numbers refer to the 8259A data sheet (order number 231468). Any order of command words is
//! accepted; each leaves a sane controller.

#[cfg(test)]
mod tests;

use isthmus_abi::Vector;

/// Number of inputs of the pair.
pub const INPUTS: u8 = 16;
/// Input of the master that the slave drives.
const CASCADE: u8 = 2;

/// Ports of one controller: command and data.
const MASTER: u16 = 0x20;
const SLAVE: u16 = 0xa0;
const ELCR: u16 = 0x4d0;

/// Which initialisation command word comes next on the data port.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Awaits {
    /// None: the data port is the interrupt mask.
    #[default]
    Mask,
    Icw2,
    Icw3,
    Icw4,
}

/// One 8259A. Inputs are bits: bit 0 is IR0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Controller {
    irr: u8,
    isr: u8,
    imr: u8,
    /// What the inputs carry at present.
    lines: u8,
    /// Inputs that are level-triggered.
    elcr: u8,
    /// Upper five bits of the vectors (ICW2).
    base: u8,
    /// The input of lowest priority; the one after it has the highest.
    lowest: u8,
    awaits: Awaits,
    needs_icw4: bool,
    single: bool,
    auto_eoi: bool,
    rotate_on_auto_eoi: bool,
    special_fully_nested: bool,
    special_mask: bool,
    read_isr: bool,
    poll: bool,
}

impl Controller {
    const fn new() -> Self {
        Self {
            irr: 0,
            isr: 0,
            imr: 0,
            lines: 0,
            elcr: 0,
            base: 0,
            lowest: 7,
            awaits: Awaits::Mask,
            needs_icw4: false,
            single: false,
            auto_eoi: false,
            rotate_on_auto_eoi: false,
            special_fully_nested: false,
            special_mask: false,
            read_isr: false,
            poll: false,
        }
    }

    /// Rotates so that bit 0 is the input of highest priority.
    const fn by_priority(&self, inputs: u8) -> u8 {
        inputs.rotate_right(self.shift())
    }

    const fn shift(&self) -> u32 {
        ((self.lowest & 7) + 1) as u32 & 7
    }

    /// The input at a place in the order of priority.
    const fn input_at(&self, place: u32) -> u8 {
        ((place + self.shift()) & 7) as u8
    }

    /// Drives an input. An edge-triggered one requests on its rising edge, and the request stays until it is
    /// acknowledged; a level-triggered one requests as long as it is high.
    fn set_line(&mut self, input: u8, high: bool) {
        let mask = 1 << (input & 7);
        let level = self.elcr & mask != 0;
        if high {
            if level || self.lines & mask == 0 {
                self.irr |= mask;
            }
            self.lines |= mask;
        } else {
            if level {
                self.irr &= !mask;
            }
            self.lines &= !mask;
        }
    }

    /// The input that would be served now, if any: unmasked, requested, and of higher priority than what is
    /// in service. In special mask mode an input in service blocks only itself if masked (there: not at all)
    /// and no lower ones.
    fn request(&self, cascade: u8) -> Option<u8> {
        let requests = self.irr & !self.imr;
        if requests == 0 {
            return None;
        }
        let place = self.by_priority(requests).trailing_zeros();
        let mut blocking = self.isr;
        if self.special_mask {
            blocking &= !self.imr;
        }
        if self.special_fully_nested {
            // A slave in service may interrupt again with a higher input of its own.
            blocking &= !cascade;
        }
        let serving = self.by_priority(blocking).trailing_zeros();
        (place < serving).then(|| self.input_at(place))
    }

    /// The processor takes `input`.
    fn take(&mut self, input: u8) {
        let mask = 1 << (input & 7);
        if self.elcr & mask == 0 {
            self.irr &= !mask;
        }
        if !self.auto_eoi {
            self.isr |= mask;
        } else if self.rotate_on_auto_eoi {
            self.lowest = input & 7;
        }
    }

    /// ICW1 resets everything but the mode of the inputs and what they carry. Edge-sensing starts afresh: a
    /// line that is high must fall and rise to request.
    fn initialise(&mut self, icw1: u8) {
        *self = Self {
            lines: self.lines,
            elcr: self.elcr,
            base: self.base,
            irr: self.lines & self.elcr,
            awaits: Awaits::Icw2,
            needs_icw4: icw1 & 1 != 0,
            single: icw1 & 2 != 0,
            ..Self::new()
        };
    }

    fn write_command(&mut self, value: u8) {
        if value & 0x10 != 0 {
            self.initialise(value);
        } else if value & 0x08 != 0 {
            self.write_ocw3(value);
        } else {
            self.write_ocw2(value);
        }
    }

    fn write_ocw3(&mut self, value: u8) {
        if value & 0x40 != 0 {
            self.special_mask = value & 0x20 != 0;
        }
        self.poll = value & 0x04 != 0;
        if value & 0x02 != 0 {
            self.read_isr = value & 0x01 != 0;
        }
    }

    /// OCW2: bits 7:5 are rotate, specific, EOI.
    fn write_ocw2(&mut self, value: u8) {
        let input = value & 7;
        match value >> 5 {
            0 => self.rotate_on_auto_eoi = false,
            4 => self.rotate_on_auto_eoi = true,
            1 => {
                self.end_highest();
            }
            5 => {
                if let Some(ended) = self.end_highest() {
                    self.lowest = ended;
                }
            }
            3 => self.isr &= !(1 << input),
            7 => {
                self.isr &= !(1 << input);
                self.lowest = input;
            }
            6 => self.lowest = input,
            _ => {}
        }
    }

    /// Non-specific EOI: ends the highest in service, but in special mask mode not one that is masked.
    fn end_highest(&mut self) -> Option<u8> {
        let mut serving = self.isr;
        if self.special_mask {
            serving &= !self.imr;
        }
        if serving == 0 {
            return None;
        }
        let input = self.input_at(self.by_priority(serving).trailing_zeros());
        self.isr &= !(1 << input);
        Some(input)
    }

    fn write_data(&mut self, value: u8) {
        let after_icw3 = match self.needs_icw4 {
            true => Awaits::Icw4,
            false => Awaits::Mask,
        };
        self.awaits = match self.awaits {
            Awaits::Mask => {
                self.imr = value;
                Awaits::Mask
            }
            Awaits::Icw2 => {
                self.base = value & 0xf8;
                if self.single {
                    after_icw3
                } else {
                    Awaits::Icw3
                }
            }
            // The cascade is wired, so ICW3 has nothing to tell.
            Awaits::Icw3 => after_icw3,
            Awaits::Icw4 => {
                self.auto_eoi = value & 0x02 != 0;
                self.special_fully_nested = value & 0x10 != 0;
                Awaits::Mask
            }
        };
    }
}

/// The pair.
#[derive(Clone, Debug)]
pub struct DualPic {
    master: Controller,
    slave: Controller,
}

impl Default for DualPic {
    fn default() -> Self {
        Self::new()
    }
}

impl DualPic {
    /// As after power-up, before any ICW: nothing masked, vectors from 0. [`DualPic::firmware_state`] gives
    /// what a loader leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            master: Controller::new(),
            slave: Controller::new(),
        }
    }

    /// What PC firmware leaves for an operating system: vectors 8 and 0x70, all inputs masked, the cascade
    /// open.
    pub fn firmware_state(&mut self) {
        self.reset();
        for (port, base) in [(MASTER, 0x08), (SLAVE, 0x70)] {
            self.write(port, 0x11);
            for word in [base, 0x04, 0x01] {
                self.write(port + 1, word);
            }
        }
        self.write(MASTER + 1, !(1 << CASCADE));
        self.write(SLAVE + 1, 0xff);
    }

    /// As after power-up; the lines keep what their devices drive.
    pub fn reset(&mut self) {
        let lines = [self.master.lines, self.slave.lines];
        *self = Self::new();
        [self.master.lines, self.slave.lines] = lines;
    }

    /// Drives input `irq`, 0 to 15; 2 is the cascade and others do not exist.
    pub fn set_irq(&mut self, irq: u8, high: bool) {
        match irq {
            CASCADE | INPUTS.. => {}
            0..8 => self.master.set_line(irq, high),
            _ => {
                self.slave.set_line(irq - 8, high);
                self.cascade();
            }
        }
    }

    /// The slave's output drives the master's input 2. That input senses the output's level.
    fn cascade(&mut self) {
        let high = self.slave.request(0).is_some();
        let mask = 1 << CASCADE;
        if high {
            self.master.irr |= mask;
        } else {
            self.master.irr &= !mask;
        }
    }

    /// Whether nothing on `irq` can reach the processor, because it or its cascade is masked.
    #[must_use]
    pub const fn is_masked(&self, irq: u8) -> bool {
        match irq {
            0..8 => self.master.imr & 1 << irq != 0,
            8..16 => self.slave.imr & 1 << (irq - 8) != 0 || self.master.imr & 1 << CASCADE != 0,
            _ => true,
        }
    }

    /// Level of the INTR output.
    #[must_use]
    pub fn intr(&self) -> bool {
        self.master.request(1 << CASCADE).is_some()
    }

    /// The processor's interrupt acknowledge cycle: the vector, and the interrupt moves into service. If the
    /// request has gone meanwhile it is the spurious one, input 7 (§"Default IR7"), which has no service.
    pub fn acknowledge(&mut self) -> Vector {
        let Some(input) = self.master.request(1 << CASCADE) else {
            return Vector(self.master.base | 7);
        };
        self.master.take(input);
        if input != CASCADE {
            return Vector(self.master.base | input);
        }
        let vector = match self.slave.request(0) {
            Some(input) => {
                self.slave.take(input);
                Vector(self.slave.base | input)
            }
            None => Vector(self.slave.base | 7),
        };
        self.cascade();
        vector
    }

    /// Reads a byte from a port of the pair; `None` if the port is not one of theirs.
    pub fn read(&mut self, port: u16) -> Option<u8> {
        let value = match port {
            MASTER | 0x21 => self.read_controller(false, port & 1 != 0),
            SLAVE | 0xa1 => self.read_controller(true, port & 1 != 0),
            ELCR => self.master.elcr,
            0x4d1 => self.slave.elcr,
            _ => return None,
        };
        Some(value)
    }

    fn read_controller(&mut self, slave: bool, data: bool) -> u8 {
        let controller = if slave {
            &mut self.slave
        } else {
            &mut self.master
        };
        let value = if controller.poll {
            // Poll: the read is the acknowledge (§"Poll command"). Bit 7 and the input, or 0.
            controller.poll = false;
            let cascade = if slave { 0 } else { 1 << CASCADE };
            match controller.request(cascade) {
                Some(input) => {
                    controller.take(input);
                    0x80 | input
                }
                None => 0,
            }
        } else if data {
            controller.imr
        } else if controller.read_isr {
            controller.isr
        } else {
            controller.irr
        };
        self.cascade();
        value
    }

    /// Writes a byte to a port of the pair; false if the port is not one of theirs.
    pub fn write(&mut self, port: u16, value: u8) -> bool {
        match port {
            MASTER => self.master.write_command(value),
            0x21 => self.master.write_data(value),
            SLAVE => self.slave.write_command(value),
            0xa1 => self.slave.write_data(value),
            // IRQ 0, 1, 2, 8 and 13 are edge-triggered for ever.
            ELCR => self.master.set_elcr(value & 0xf8),
            0x4d1 => self.slave.set_elcr(value & 0xde),
            _ => return false,
        }
        self.cascade();
        true
    }
}

impl Controller {
    /// Changes which inputs are level-triggered; those that are request what they carry.
    fn set_elcr(&mut self, elcr: u8) {
        self.elcr = elcr;
        self.irr = self.irr & !elcr | self.lines & elcr;
    }
}
