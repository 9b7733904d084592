//! The board's I/O ports. The bus is byte-wide for most devices: a wider access is one byte access for each
//! port that it covers, lowest first, and ports that nobody claims read as ones. Three are wider: the PCI
//! address register is a doubleword, the test device takes a write whole, and all bytes of one read of the PM
//! timer are of one instant.

use isthmus_abi::Port;

use super::Board;
use crate::time::Ticks;
use crate::{debug_exit, i8042, pci, pit, pm, reset};

const COM1: u16 = 0x3f8;
const RTC_INDEX: u16 = 0x70;
const RTC_DATA: u16 = 0x71;
const POST: u16 = 0x80;

/// Bytes of an access, 1 to 4. Other sizes do not come from the instruction set; they are taken as the next
/// that does.
fn width(size: u8) -> u16 {
    match size {
        0 | 1 => 1,
        2 => 2,
        _ => 4,
    }
}

impl Board {
    /// Reads `size` (1, 2 or 4) bytes from `port`; higher bits of the result are 0.
    pub fn port_read(&mut self, port: Port, size: u8, now: Ticks) -> u32 {
        let width = width(size);
        if port.0 == pci::ADDRESS && width == 4 {
            return self.pci.address();
        }
        let mut bytes = [0; 4];
        for (lane, byte) in (0..width).zip(&mut bytes) {
            // No port follows 0xffff.
            *byte = match port.0.checked_add(lane) {
                Some(port) => self.read_byte(port, now),
                None => 0xff,
            };
        }
        self.drive_lines();
        u32::from_le_bytes(bytes)
    }

    /// Writes the low `size` (1, 2 or 4) bytes of `value` to `port`.
    pub fn port_write(&mut self, port: Port, size: u8, value: u32, now: Ticks) {
        let width = width(size);
        if port.0 == pci::ADDRESS && width == 4 {
            return self.pci.set_address(value);
        }
        if self.config.debug_exit {
            let bits = u32::MAX >> (32 - 8 * u32::from(width));
            if let Some(verdict) = debug_exit::verdict(port.0, value & bits) {
                self.outbox.verdict = Some(verdict);
                return;
            }
        }
        for (lane, byte) in (0..width).zip(value.to_le_bytes()) {
            if let Some(port) = port.0.checked_add(lane) {
                self.write_byte(port, byte, now);
            }
        }
        self.drive_lines();
    }

    fn read_byte(&mut self, port: u16, now: Ticks) -> u8 {
        // `width` of the PIT's registers is two bits, so the offset fits.
        let low_bits = port.to_le_bytes()[0] & 7;
        match port {
            0x20 | 0x21 | 0xa0 | 0xa1 | 0x4d0 | 0x4d1 => {
                self.poll_timer(now);
                self.pic.read(port).unwrap_or(0xff)
            }
            0x40..=0x43 => {
                let value = self.pit.read(low_bits & 3, now);
                self.poll_timer(now);
                value
            }
            pit::CONTROL_B => self.pit.read_control_b(now),
            i8042::DATA => self.keyboard.read_data(),
            i8042::COMMAND => self.keyboard.read_status(),
            RTC_INDEX | RTC_DATA => match &mut self.rtc {
                Some(rtc) if port == RTC_DATA => rtc.read_data(now),
                Some(rtc) => rtc.read_index(),
                None => 0xff,
            },
            POST => self.post,
            reset::CONTROL_A => self.control_a.read(),
            reset::RESET_CONTROL => self.reset_control.read(),
            COM1..=0x3ff => match &mut self.uart {
                Some(uart) => uart.read(low_bits, now),
                None => 0xff,
            },
            0xf4..=0xf7 if self.config.debug_exit => 0,
            pm::EVENT..=0x60b => self.pm.read(port - pm::EVENT, now),
            _ => 0xff,
        }
    }

    fn write_byte(&mut self, port: u16, value: u8, now: Ticks) {
        let low_bits = port.to_le_bytes()[0] & 7;
        match port {
            0x20 | 0x21 | 0xa0 | 0xa1 | 0x4d0 | 0x4d1 => {
                self.poll_timer(now);
                self.pic.write(port, value);
            }
            0x40..=0x43 => {
                self.pit.write(low_bits & 3, value, now);
                self.poll_timer(now);
            }
            pit::CONTROL_B => self.pit.write_control_b(value, now),
            i8042::DATA => {
                let outcome = self.keyboard.write_data(value);
                self.keyboard_outcome(outcome);
            }
            i8042::COMMAND => {
                let outcome = self.keyboard.write_command(value);
                self.keyboard_outcome(outcome);
            }
            RTC_INDEX | RTC_DATA => match &mut self.rtc {
                Some(rtc) if port == RTC_DATA => rtc.write_data(value, now),
                Some(rtc) => rtc.write_index(value),
                None => {}
            },
            POST => self.post = value,
            reset::CONTROL_A => self.outbox.reset |= self.control_a.write(value),
            reset::RESET_CONTROL => self.outbox.reset |= self.reset_control.write(value),
            COM1..=0x3ff => {
                if let Some(uart) = &mut self.uart {
                    uart.write(low_bits, value, now);
                }
            }
            pm::EVENT..=0x60b => {
                self.outbox.power_off |= self.pm.write(port - pm::EVENT, value, now);
            }
            _ => {}
        }
    }

    fn keyboard_outcome(&mut self, outcome: i8042::Outcome) {
        match outcome {
            i8042::Outcome::Reset => self.outbox.reset = true,
            // The gate's state is compared when events are taken.
            i8042::Outcome::A20 | i8042::Outcome::None => {}
        }
    }
}
