//! The two faces of the registers: memory in xAPIC mode, MSRs in x2APIC mode (SDM Vol. 3A §11.4.1, §11.12.1).
//! Both end in the same writes; they differ in what they do with bits and registers that do not exist.

use isthmus_abi::{Msr, Vector};

use super::registers::{Icr, LVT_ENTRIES, Lvt, error, ignored, readable, spurious, writable};
use super::{
    ApicMode, DeliveryMode, Destination, Effect, GeneralProtection, Ipi, Lapic, Shorthand, Ticks,
    TimerMode, TriggerMode, offset,
};

/// First of the x2APIC MSRs; register `offset` is MSR `FIRST + offset / 16`.
const FIRST: u32 = 0x800;

/// The register behind an MSR of the x2APIC range.
fn register_of(msr: Msr) -> Option<u16> {
    let index = msr.0.checked_sub(FIRST).filter(|index| *index < 0x40)?;
    u16::try_from(index << 4).ok()
}

impl Lapic {
    /// Reads memory-mapped register `offset` (0 to 0xfff; higher bits are ignored). A read inside a register's
    /// four bytes gives its value shifted down; between registers, and for what does not exist, 0. When
    /// the APIC is not in xAPIC mode the page is not its own: all ones, as of memory that nobody decodes.
    pub fn read_mmio(&mut self, offset: u16, now: Ticks) -> u32 {
        if self.mode() != ApicMode::XApic {
            return u32::MAX;
        }
        if offset & 0xc != 0 {
            return 0;
        }
        let register = offset & 0xff0;
        let value = match register {
            offset::DFR | offset::ICR_HIGH => self.page.get(register),
            offset::EOI => 0,
            _ if readable(register) => self.read_register(register, now),
            _ => {
                self.raise_error(error::ILLEGAL_REGISTER);
                0
            }
        };
        value >> (u32::from(offset & 3) * 8)
    }

    /// Writes memory-mapped register `offset` (0 to 0xfff; higher bits are ignored). Ignored unless aligned to a
    /// register, and when the APIC is not in xAPIC mode. Reserved bits keep their value.
    pub fn write_mmio(&mut self, offset: u16, value: u32, now: Ticks) -> Effect {
        if self.mode() != ApicMode::XApic || offset & 0xf != 0 {
            return Effect::None;
        }
        let register = offset & 0xff0;
        match register {
            offset::LDR => self.page.set(register, value & 0xff00_0000),
            offset::DFR => self.page.set(register, value | 0x0fff_ffff),
            offset::ICR_HIGH => self.page.set(register, value & 0xff00_0000),
            offset::ICR_LOW => {
                let low = value & Icr::LOW_WRITABLE;
                self.page.set(register, low);
                let id = self.page.get(offset::ICR_HIGH).to_be_bytes()[0];
                let icr = Icr::from_bits(low.into());
                return self.send(icr, Destination::from_xapic(id, icr.logical()));
            }
            _ => match writable(register) {
                Some(mask) => return self.write_register(register, value & mask, now),
                // Read-only registers ignore writes; what does not exist is an error.
                None if readable(register) => {}
                None => self.raise_error(error::ILLEGAL_REGISTER),
            },
        }
        Effect::None
    }

    /// Reads an x2APIC MSR, 0x800 to 0x8ff.
    ///
    /// # Errors
    /// #GP outside x2APIC mode, and for registers that do not exist or cannot be read (SDM Vol. 3A Table 11-6).
    pub fn read_msr(&mut self, msr: Msr, now: Ticks) -> Result<u64, GeneralProtection> {
        let register = self.x2apic_register(msr)?;
        if !readable(register) {
            return Err(GeneralProtection);
        }
        let low = u64::from(self.read_register(register, now));
        let high = match register {
            offset::ICR_LOW => self.page.get(offset::ICR_X2APIC_HIGH),
            _ => 0,
        };
        Ok(u64::from(high) << 32 | low)
    }

    /// Writes an x2APIC MSR, 0x800 to 0x8ff.
    ///
    /// # Errors
    /// #GP outside x2APIC mode, for registers that do not exist or cannot be written, and for reserved bits
    /// (SDM Vol. 3A §11.12.1.3). Nothing has changed then.
    pub fn write_msr(
        &mut self,
        msr: Msr,
        value: u64,
        now: Ticks,
    ) -> Result<Effect, GeneralProtection> {
        let register = self.x2apic_register(msr)?;
        if register == offset::ICR_LOW {
            return self.write_x2apic_icr(value);
        }
        let value = u32::try_from(value).map_err(|_| GeneralProtection)?;
        if register == offset::SELF_IPI {
            let vector = u8::try_from(value).map_err(|_| GeneralProtection)?;
            self.send_to_self(Vector(vector));
            return Ok(Effect::None);
        }
        let mask = writable(register).ok_or(GeneralProtection)?;
        if value & !(mask | ignored(register)) != 0 {
            return Err(GeneralProtection);
        }
        Ok(self.write_register(register, value & mask, now))
    }

    fn x2apic_register(&self, msr: Msr) -> Result<u16, GeneralProtection> {
        match self.mode() {
            ApicMode::X2Apic => register_of(msr).ok_or(GeneralProtection),
            ApicMode::XApic | ApicMode::Disabled => Err(GeneralProtection),
        }
    }

    fn read_register(&mut self, register: u16, now: Ticks) -> u32 {
        if register == offset::CURRENT_COUNT {
            self.poll(now);
            let initial = self.page.get(offset::INITIAL_COUNT);
            return self.timer.current_count(initial, now);
        }
        self.page.get(register)
    }

    /// Writes a register that both modes have; `value` has writable bits alone.
    fn write_register(&mut self, register: u16, value: u32, now: Ticks) -> Effect {
        match register {
            offset::EOI => return self.end_of_interrupt(),
            offset::TPR => {
                self.page.set(register, value);
                self.update_ppr();
            }
            offset::SVR => self.write_spurious(value),
            offset::ESR => {
                self.page.set(register, self.errors);
                self.errors = 0;
            }
            offset::INITIAL_COUNT => {
                self.poll(now);
                if self.timer_mode().counts() {
                    self.page.set(register, value);
                    self.timer.start(value, now);
                }
            }
            offset::DIVIDE => {
                self.poll(now);
                let initial = self.page.get(offset::INITIAL_COUNT);
                self.timer.set_divide(value, initial, now);
                self.page.set(register, value);
            }
            _ => self.write_lvt(register, value, now),
        }
        Effect::None
    }

    pub(super) fn timer_mode(&self) -> TimerMode {
        let entry = Lvt::from_bits(self.page.get(offset::LVT_TIMER));
        TimerMode::from_bits(entry.timer_mode())
    }

    /// SVR: software disable masks all LVT entries (SDM Vol. 3A §11.4.7.2).
    fn write_spurious(&mut self, value: u32) {
        self.page.set(offset::SVR, value);
        if value & spurious::ENABLED == 0 {
            for entry in LVT_ENTRIES {
                let masked = self.page.get(entry) | Lvt::RESET;
                self.page.set(entry, masked);
            }
        }
    }

    fn write_lvt(&mut self, register: u16, value: u32, now: Ticks) {
        // An expiry before this write is judged by the entry as it was.
        self.poll(now);
        let mut value = value;
        if !self.is_software_enabled() {
            value |= Lvt::RESET;
        }
        self.page.set(register, value);
        if register == offset::LVT_TIMER {
            self.timer.set_mode(self.timer_mode());
        }
    }

    fn write_x2apic_icr(&mut self, value: u64) -> Result<Effect, GeneralProtection> {
        let allowed = u64::from(Icr::LOW_ALLOWED) | 0xffff_ffff << 32;
        if value & !allowed != 0 {
            return Err(GeneralProtection);
        }
        let icr = Icr::from_bits(value).with_busy(false);
        let [low, high] = [icr.into_bits() & 0xffff_ffff, icr.into_bits() >> 32]
            .map(|half| u32::try_from(half).unwrap_or(0));
        self.page.set(offset::ICR_LOW, low);
        self.page.set(offset::ICR_X2APIC_HIGH, high);
        let destination = Destination {
            id: icr.destination(),
            logical: icr.logical(),
        };
        Ok(self.send(icr, destination))
    }

    /// A fixed interrupt to this APIC alone.
    fn send_to_self(&mut self, vector: Vector) {
        if vector.0 < 16 {
            self.raise_error(error::SEND_ILLEGAL_VECTOR);
        } else {
            self.accept(vector, TriggerMode::Edge);
        }
    }

    /// What an ICR write sends. Combinations that SDM Vol. 3A Table 11-3 calls invalid, reserved delivery
    /// modes, SMI and the INIT de-assert message (which current processors do not have) send nothing.
    fn send(&mut self, icr: Icr, destination: Destination) -> Effect {
        let mode = icr.delivery_mode();
        let vector = Vector(icr.vector());
        let trigger = match icr.level_triggered() {
            true => TriggerMode::Level,
            false => TriggerMode::Edge,
        };
        let takes_vector = matches!(mode, DeliveryMode::Fixed | DeliveryMode::LowestPriority);
        let known = takes_vector
            || matches!(
                mode,
                DeliveryMode::Nmi | DeliveryMode::Init | DeliveryMode::StartUp
            );
        let to_self = matches!(
            icr.shorthand(),
            Shorthand::Itself | Shorthand::AllIncludingSelf
        );
        let deassert = mode == DeliveryMode::Init && icr.level_triggered() && !icr.level();
        if !known || deassert || to_self && mode != DeliveryMode::Fixed {
            return Effect::None;
        }
        if takes_vector && vector.0 < 16 {
            self.raise_error(error::SEND_ILLEGAL_VECTOR);
            return Effect::None;
        }
        if icr.shorthand() == Shorthand::Itself {
            self.send_to_self(vector);
            return Effect::None;
        }
        Effect::Ipi(Ipi {
            destination,
            delivery_mode: mode,
            vector,
            shorthand: icr.shorthand(),
            level: true,
            trigger,
        })
    }
}
