//! The 16550A serial port, at 115,200 baud's crystal. Transmission takes no time: a byte written leaves at once
//! into a buffer that the board's owner drains. Reception comes from the owner, with flow control: what does
//! not fit into the FIFO stays with the owner.

#[cfg(test)]
mod tests;

use arrayvec::ArrayVec;

use crate::time::{Clock, Ticks};

/// Bytes of output held until the owner takes them.
pub const OUTPUT: usize = 256;
const FIFO: usize = 16;

/// Registers, by offset from the base port.
mod register {
    pub const DATA: u8 = 0;
    pub const INTERRUPT_ENABLE: u8 = 1;
    /// Interrupt identification when read, FIFO control when written.
    pub const IDENTIFICATION: u8 = 2;
    pub const LINE_CONTROL: u8 = 3;
    pub const MODEM_CONTROL: u8 = 4;
    pub const LINE_STATUS: u8 = 5;
    pub const MODEM_STATUS: u8 = 6;
    pub const SCRATCH: u8 = 7;
}

mod enable {
    pub const RECEIVED: u8 = 1 << 0;
    pub const TRANSMITTER_EMPTY: u8 = 1 << 1;
    pub const LINE_STATUS: u8 = 1 << 2;
    pub const MODEM_STATUS: u8 = 1 << 3;
}

mod identification {
    pub const NONE: u8 = 0x01;
    pub const MODEM_STATUS: u8 = 0x00;
    pub const TRANSMITTER_EMPTY: u8 = 0x02;
    pub const RECEIVED: u8 = 0x04;
    pub const LINE_STATUS: u8 = 0x06;
    pub const TIMEOUT: u8 = 0x0c;
    pub const FIFO_ENABLED: u8 = 0xc0;
}

mod line_status {
    pub const DATA_READY: u8 = 1 << 0;
    pub const OVERRUN: u8 = 1 << 1;
    pub const BREAK: u8 = 1 << 4;
    pub const TRANSMITTER_EMPTY: u8 = 0x60;
}

mod modem_control {
    pub const OUT2: u8 = 1 << 3;
    pub const LOOPBACK: u8 = 1 << 4;
}

/// Carrier, ready and clear to send: a terminal is there.
const TERMINAL: u8 = 0xb0;
const DIVISOR_LATCH: u8 = 1 << 7;

/// A serial port.
#[derive(Clone, Debug)]
pub struct Uart16550 {
    nanoseconds: Clock,
    received: ArrayVec<u8, FIFO>,
    output: ArrayVec<u8, OUTPUT>,
    interrupt_enable: u8,
    fifo_control: u8,
    line_control: u8,
    modem_control: u8,
    /// Error bits, cleared by reading.
    line_errors: u8,
    /// Low half: what changed since the last read. High half: the inputs.
    modem_status: u8,
    scratch: u8,
    divisor: u16,
    /// The transmitter became empty and nobody has been told.
    transmitter_interrupt: bool,
    /// When received bytes below the trigger level have waited for four characters' time.
    timeout: Option<Ticks>,
    timed_out: bool,
}

impl Uart16550 {
    /// As after power-up, with a terminal connected, at 115,200 baud.
    #[must_use]
    pub fn new(tsc_hz: u64) -> Self {
        Self {
            nanoseconds: Clock::nanoseconds(tsc_hz),
            received: ArrayVec::new(),
            output: ArrayVec::new(),
            interrupt_enable: 0,
            fifo_control: 0,
            line_control: 0,
            modem_control: 0,
            line_errors: 0,
            modem_status: TERMINAL,
            scratch: 0,
            divisor: 1,
            transmitter_interrupt: false,
            timeout: None,
            timed_out: false,
        }
    }

    /// As after power-up; output that was not taken stays.
    pub fn reset(&mut self) {
        *self = Self {
            nanoseconds: self.nanoseconds,
            output: core::mem::take(&mut self.output),
            ..Self::new(1)
        };
    }

    const fn is_loopback(&self) -> bool {
        self.modem_control & modem_control::LOOPBACK != 0
    }

    const fn is_fifo(&self) -> bool {
        self.fifo_control & 1 != 0
    }

    const fn depth(&self) -> usize {
        if self.is_fifo() { FIFO } else { 1 }
    }

    /// Bytes that make the received-data interrupt.
    const fn trigger(&self) -> usize {
        match (self.is_fifo(), self.fifo_control >> 6) {
            (false, _) | (true, 0) => 1,
            (true, 1) => 4,
            (true, 2) => 8,
            (true, _) => 14,
        }
    }

    /// Takes bytes from the terminal while they fit; returns how many. None in loopback, where the line is cut.
    pub fn input(&mut self, bytes: &[u8], now: Ticks) -> usize {
        if self.is_loopback() {
            return 0;
        }
        let space = self.depth().saturating_sub(self.received.len());
        let taken = space.min(bytes.len());
        for byte in bytes.iter().take(taken) {
            // There is space for each.
            let _ = self.received.try_push(*byte);
        }
        if taken != 0 {
            self.restart_timeout(now);
        }
        taken
    }

    /// Output since the last call.
    pub fn take_output(&mut self) -> ArrayVec<u8, OUTPUT> {
        core::mem::take(&mut self.output)
    }

    /// Whether there is output to take.
    #[must_use]
    pub fn has_output(&self) -> bool {
        !self.output.is_empty()
    }

    /// A byte came or was read: the timeout counts from here.
    fn restart_timeout(&mut self, now: Ticks) {
        self.timed_out = false;
        let waiting = !self.received.is_empty() && self.received.len() < self.trigger();
        self.timeout = waiting.then(|| {
            // Four characters of ten bits; a bit takes 16 divisor periods of the 1.8432 MHz crystal.
            let bit = u64::from(self.divisor.max(1)) * 8_681;
            now.saturating_add(self.nanoseconds.ticks(40 * bit).0)
        });
    }

    /// Level of the interrupt output, gated by OUT2 as on a PC.
    #[must_use]
    pub fn irq(&self) -> bool {
        self.modem_control & modem_control::OUT2 != 0 && self.identify() != identification::NONE
    }

    /// The pending interrupt of highest priority.
    fn identify(&self) -> u8 {
        let enabled = |bit| self.interrupt_enable & bit != 0;
        if enabled(enable::LINE_STATUS) && self.line_errors != 0 {
            identification::LINE_STATUS
        } else if enabled(enable::RECEIVED) && self.received.len() >= self.trigger() {
            identification::RECEIVED
        } else if enabled(enable::RECEIVED) && self.timed_out {
            identification::TIMEOUT
        } else if enabled(enable::TRANSMITTER_EMPTY) && self.transmitter_interrupt {
            identification::TRANSMITTER_EMPTY
        } else if enabled(enable::MODEM_STATUS) && self.modem_status & 0x0f != 0 {
            identification::MODEM_STATUS
        } else {
            identification::NONE
        }
    }

    /// Reads register 0 to 7.
    pub fn read(&mut self, offset: u8, now: Ticks) -> u8 {
        self.poll(now);
        let latch = self.line_control & DIVISOR_LATCH != 0;
        match offset & 7 {
            register::DATA if latch => self.divisor.to_le_bytes()[0],
            register::DATA => self.read_received(now),
            register::INTERRUPT_ENABLE if latch => self.divisor.to_le_bytes()[1],
            register::INTERRUPT_ENABLE => self.interrupt_enable,
            register::IDENTIFICATION => self.read_identification(),
            register::LINE_CONTROL => self.line_control,
            register::MODEM_CONTROL => self.modem_control,
            register::LINE_STATUS => self.read_line_status(),
            register::MODEM_STATUS => {
                let status = self.modem_status;
                self.modem_status &= 0xf0;
                status
            }
            _ => self.scratch,
        }
    }

    fn read_received(&mut self, now: Ticks) -> u8 {
        let byte = self.received.pop_at(0).unwrap_or(0);
        self.restart_timeout(now);
        byte
    }

    fn read_identification(&mut self) -> u8 {
        let pending = self.identify();
        if pending == identification::TRANSMITTER_EMPTY {
            self.transmitter_interrupt = false;
        }
        let fifo = if self.is_fifo() {
            identification::FIFO_ENABLED
        } else {
            0
        };
        pending | fifo
    }

    fn read_line_status(&mut self) -> u8 {
        let mut status = core::mem::take(&mut self.line_errors);
        if !self.received.is_empty() {
            status |= line_status::DATA_READY;
        }
        if !self.output.is_full() {
            status |= line_status::TRANSMITTER_EMPTY;
        }
        status
    }

    /// Writes register 0 to 7.
    pub fn write(&mut self, offset: u8, value: u8, now: Ticks) {
        self.poll(now);
        let latch = self.line_control & DIVISOR_LATCH != 0;
        let [low, high] = self.divisor.to_le_bytes();
        match offset & 7 {
            register::DATA if latch => self.divisor = u16::from_le_bytes([value, high]),
            register::DATA => self.transmit(value, now),
            register::INTERRUPT_ENABLE if latch => self.divisor = u16::from_le_bytes([low, value]),
            register::INTERRUPT_ENABLE => {
                // Enabling the transmitter's interrupt while it is empty gives one.
                let enabled = value & !self.interrupt_enable;
                self.transmitter_interrupt |= enabled & enable::TRANSMITTER_EMPTY != 0;
                self.interrupt_enable = value & 0x0f;
            }
            register::IDENTIFICATION => self.write_fifo_control(value, now),
            register::LINE_CONTROL => self.write_line_control(value),
            register::MODEM_CONTROL => self.write_modem_control(value),
            register::SCRATCH => self.scratch = value,
            // The status registers are read-only.
            _ => {}
        }
    }

    /// The byte leaves at once, so the transmitter is empty again at once.
    fn transmit(&mut self, byte: u8, now: Ticks) {
        self.transmitter_interrupt = true;
        if !self.is_loopback() {
            // A full buffer shows in the line status; who writes all the same loses the byte.
            let _ = self.output.try_push(byte);
            return;
        }
        if self.received.len() >= self.depth() {
            self.line_errors |= line_status::OVERRUN;
            if self.is_fifo() {
                return;
            }
            self.received.clear();
        }
        let _ = self.received.try_push(byte);
        self.restart_timeout(now);
    }

    fn write_fifo_control(&mut self, value: u8, now: Ticks) {
        let was = self.is_fifo();
        // Without bit 0 the other bits are not programmed.
        self.fifo_control = if value & 1 != 0 { value & 0xc9 } else { 0 };
        if was != self.is_fifo() || value & 0x03 == 0x03 {
            self.received.clear();
        }
        if value & 0x05 == 0x05 {
            self.transmitter_interrupt = true;
        }
        self.restart_timeout(now);
    }

    /// A break while looped back is received as one.
    fn write_line_control(&mut self, value: u8) {
        let begins = value & !self.line_control & 0x40 != 0;
        self.line_control = value;
        if begins && self.is_loopback() {
            self.line_errors |= line_status::BREAK;
        }
    }

    /// In loopback the outputs feed the inputs: RTS to CTS, DTR to DSR, OUT1 to RI, OUT2 to DCD.
    fn write_modem_control(&mut self, value: u8) {
        self.modem_control = value & 0x1f;
        let inputs = if self.is_loopback() {
            (value & 2) << 3 | (value & 1) << 5 | (value & 4) << 4 | (value & 8) << 4
        } else {
            TERMINAL
        };
        let before = self.modem_status & 0xf0;
        let changed = (before ^ inputs) >> 4;
        // The ring indicator counts when it falls.
        let ring = before & !inputs & 0x40 != 0;
        let changed = changed & !0x04 | u8::from(ring) << 2;
        self.modem_status = inputs | self.modem_status & 0x0f | changed;
    }

    /// Notes a timeout that is due; look at [`Uart16550::irq`] afterwards.
    pub fn poll(&mut self, now: Ticks) {
        if self.timeout.is_some_and(|timeout| timeout <= now) {
            self.timeout = None;
            self.timed_out = true;
        }
    }

    /// When the receive timeout will be due.
    #[must_use]
    pub fn next_event(&self) -> Option<Ticks> {
        let enabled = self.interrupt_enable & enable::RECEIVED != 0;
        self.timeout.filter(|_| enabled)
    }
}
