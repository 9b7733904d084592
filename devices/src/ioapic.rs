//! The I/O APIC (Intel 82093AA with the EOI register of version 0x20): 24 pins, each with a redirection entry
//! that turns an edge or a level into a message.
//!
//! Pins carry whether the device asserts: the polarity bit is kept and changes nothing, as the wiring is the
//! board's and not the guest's. Edges on masked pins are lost, as on the real part. Every access and every
//! line change produces at most one message a pin.

#[cfg(test)]
mod tests;

use arrayvec::ArrayVec;
use bitfield_struct::bitfield;
use isthmus_abi::Vector;

use crate::interrupt::{DeliveryMode, Destination, InterruptMessage, TriggerMode};

/// Number of pins.
pub const PINS: usize = 24;

/// Messages of one operation, each with the pin that it comes from.
pub type Messages = ArrayVec<(u8, InterruptMessage), PINS>;

/// Offset of the register select, I/O window and EOI registers from the base address.
mod window {
    pub const SELECT: u16 = 0x00;
    pub const DATA: u16 = 0x10;
    pub const EOI: u16 = 0x40;
}

/// A redirection entry (82093AA §3.2.4).
#[bitfield(u64)]
#[derive(PartialEq, Eq)]
struct Redirection {
    vector: u8,
    #[bits(3)]
    delivery_mode: DeliveryMode,
    logical: bool,
    delivery_status: bool,
    active_low: bool,
    remote_irr: bool,
    level_triggered: bool,
    masked: bool,
    #[bits(39)]
    __: u64,
    destination: u8,
}

impl Redirection {
    /// Bits that software may change: all but delivery status, remote IRR and the reserved ones.
    const WRITABLE: u64 = 0xff00_0000_0001_afff;
    const RESET: Self = Self::new().with_masked(true);
}

/// An I/O APIC.
#[derive(Clone, Debug)]
pub struct IoApic {
    id: u8,
    select: u8,
    entries: [Redirection; PINS],
    /// Bit n: pin n is asserted.
    lines: u32,
}

impl IoApic {
    /// Version 0x20, 24 entries.
    const VERSION: u32 = 0x0017_0020;

    /// With all pins masked and idle; `id` 0 to 15.
    #[must_use]
    pub const fn new(id: u8) -> Self {
        Self {
            id: id & 0xf,
            select: 0,
            entries: [Redirection::RESET; PINS],
            lines: 0,
        }
    }

    /// As after power-up; the lines keep what their devices drive.
    pub fn reset(&mut self) {
        self.select = 0;
        self.entries = [Redirection::RESET; PINS];
    }

    /// Reads the 32-bit register at `offset` from the base; 0 where there is none.
    #[must_use]
    pub fn read(&self, offset: u16) -> u32 {
        match offset {
            window::SELECT => self.select.into(),
            window::DATA => self.read_selected(),
            _ => 0,
        }
    }

    /// The entry behind the selected index, and whether its upper half is meant.
    fn selected_pin(&self) -> Option<(u8, bool)> {
        let index = self.select.checked_sub(0x10)?;
        (usize::from(index >> 1) < PINS).then_some((index >> 1, index & 1 != 0))
    }

    fn read_selected(&self) -> u32 {
        match self.select {
            0 | 2 => u32::from(self.id) << 24,
            1 => Self::VERSION,
            _ => {
                let Some((pin, upper)) = self.selected_pin() else {
                    return 0;
                };
                let bits = self.entry(pin).into_bits();
                // Truncation picks the half.
                if upper {
                    (bits >> 32) as u32
                } else {
                    bits as u32
                }
            }
        }
    }

    /// Writes the 32-bit register at `offset` from the base, and gives what is to be sent.
    pub fn write(&mut self, offset: u16, value: u32) -> Messages {
        match offset {
            window::SELECT => self.select = value.to_le_bytes()[0],
            window::DATA => return self.write_selected(value),
            window::EOI => return self.eoi(Vector(value.to_le_bytes()[0])),
            _ => {}
        }
        Messages::new()
    }

    fn write_selected(&mut self, value: u32) -> Messages {
        let mut messages = Messages::new();
        if self.select == 0 {
            self.id = value.to_be_bytes()[0] & 0xf;
            return messages;
        }
        let Some((pin, upper)) = self.selected_pin() else {
            return messages;
        };
        let (value, half) = match upper {
            true => (u64::from(value) << 32, 0xffff_ffff << 32),
            false => (u64::from(value), 0xffff_ffff),
        };
        let writable = Redirection::WRITABLE & half;
        if let Some(entry) = self.entries.get_mut(usize::from(pin)) {
            let mut bits = entry.into_bits();
            bits = bits & !writable | value & writable;
            *entry = Redirection::from_bits(bits);
            if !entry.level_triggered() {
                entry.set_remote_irr(false);
            }
        }
        messages.extend(self.fire_level(pin).map(|message| (pin, message)));
        messages
    }

    fn entry(&self, pin: u8) -> Redirection {
        let entry = self.entries.get(usize::from(pin));
        entry.copied().unwrap_or(Redirection::RESET)
    }

    const fn mask_of(pin: u8) -> u32 {
        if pin < PINS as u8 { 1 << pin } else { 0 }
    }

    /// Whether no change of `pin` can send anything.
    #[must_use]
    pub fn is_masked(&self, pin: u8) -> bool {
        self.entry(pin).masked()
    }

    /// Drives `pin`, 0 to 23; others do not exist. A rising edge or an asserted level may send a message.
    pub fn set_line(&mut self, pin: u8, asserted: bool) -> Option<InterruptMessage> {
        let mask = Self::mask_of(pin);
        let rising = asserted && self.lines & mask == 0;
        if !asserted {
            self.lines &= !mask;
            return None;
        }
        self.lines |= mask;
        let entry = self.entry(pin);
        if entry.level_triggered() {
            self.fire_level(pin)
        } else if rising && mask != 0 && !entry.masked() {
            Self::message(entry)
        } else {
            None
        }
    }

    /// Sends for a level-triggered pin that is asserted, unmasked and not awaiting an EOI.
    fn fire_level(&mut self, pin: u8) -> Option<InterruptMessage> {
        let asserted = self.lines & Self::mask_of(pin) != 0;
        let entry = self.entries.get_mut(usize::from(pin))?;
        if !asserted || !entry.level_triggered() || entry.masked() || entry.remote_irr() {
            return None;
        }
        let message = Self::message(*entry)?;
        // Remote IRR belongs to the modes that end with an EOI (82093AA §3.2.4).
        let ends_with_eoi = matches!(
            message.delivery_mode,
            DeliveryMode::Fixed | DeliveryMode::LowestPriority
        );
        entry.set_remote_irr(ends_with_eoi);
        Some(message)
    }

    /// What an entry sends. Reserved delivery modes, and SMI, which this platform does not have, send nothing.
    fn message(entry: Redirection) -> Option<InterruptMessage> {
        let delivery_mode = entry.delivery_mode();
        let eoi = matches!(
            delivery_mode,
            DeliveryMode::Fixed | DeliveryMode::LowestPriority
        );
        let known = eoi
            || matches!(
                delivery_mode,
                DeliveryMode::Nmi | DeliveryMode::Init | DeliveryMode::ExtInt
            );
        known.then_some(InterruptMessage {
            destination: Destination::from_xapic(entry.destination(), entry.logical()),
            delivery_mode,
            vector: Vector(entry.vector()),
            trigger: if eoi && entry.level_triggered() {
                TriggerMode::Level
            } else {
                TriggerMode::Edge
            },
        })
    }

    /// An EOI for `vector` came, by broadcast or by the EOI register. Pins that are still asserted send again.
    pub fn eoi(&mut self, vector: Vector) -> Messages {
        let mut messages = Messages::new();
        for (pin, entry) in (0u8..).zip(self.entries) {
            if entry.remote_irr() && entry.vector() == vector.0 {
                if let Some(entry) = self.entries.get_mut(usize::from(pin)) {
                    entry.set_remote_irr(false);
                }
                messages.extend(self.fire_level(pin).map(|message| (pin, message)));
            }
        }
        messages
    }
}
