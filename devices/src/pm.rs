//! ACPI power management in fixed hardware (ACPI 6.5 §4.8): PM1a event and control blocks, the 32-bit PM timer,
//! the SCI, and a power button. There is no SMI command port, so the machine is always in ACPI mode.

#[cfg(test)]
mod tests;

use crate::time::{Clock, Ticks};

/// First port of the PM1a event block: status and enable, two bytes each.
pub const EVENT: u16 = 0x600;
/// The PM1a control block, two bytes.
pub const CONTROL: u16 = 0x604;
/// The PM timer, four bytes.
pub const TIMER: u16 = 0x608;
/// Ports from [`EVENT`] to the end of the timer.
pub const PORTS: u16 = 12;
/// Frequency of the PM timer.
pub const HZ: u64 = 3_579_545;
/// The `SLP_TYP` of soft-off, as the \_S5 object has it.
pub const SOFT_OFF: u16 = 5;

/// PM1 status and enable bits (ACPI 6.5 Table 4.11).
mod event {
    pub const TIMER: u16 = 1 << 0;
    pub const POWER_BUTTON: u16 = 1 << 8;
    /// Status bits that can be set or cleared: timer, global lock, both buttons, RTC, wake.
    pub const STATUS: u16 = 0x8721;
    /// Enable bits that exist.
    pub const ENABLE: u16 = 0x0721;
}

/// PM1 control bits (ACPI 6.5 Table 4.13).
mod control {
    pub const SCI_ENABLE: u16 = 1 << 0;
    pub const SLEEP_TYPE: u16 = 7 << 10;
    pub const SLEEP_ENABLE: u16 = 1 << 13;
    /// Bits that keep what is written: BM_RLD and SLP_TYP.
    pub const KEPT: u16 = SLEEP_TYPE | 1 << 1;
}

/// The PM timer's most significant bit toggles with this period's multiples.
const HALF_RANGE: u64 = 1 << 31;

/// The power management block.
#[derive(Clone, Debug)]
pub struct AcpiPm {
    clock: Clock,
    status: u16,
    enable: u16,
    control: u16,
    /// Toggles of the timer up to this cycle are accounted for.
    seen: u64,
}

impl AcpiPm {
    /// As after power-up.
    #[must_use]
    pub fn new(tsc_hz: u64) -> Self {
        Self {
            clock: Clock::new(tsc_hz, HZ),
            status: 0,
            enable: 0,
            control: control::SCI_ENABLE,
            seen: 0,
        }
    }

    /// As after power-up; the timer goes on.
    pub fn reset(&mut self) {
        self.status = 0;
        self.enable = 0;
        self.control = control::SCI_ENABLE;
    }

    /// The PM timer.
    #[must_use]
    pub fn timer(&self, now: Ticks) -> u32 {
        // Truncation is the counter's own wrap.
        self.clock.cycles(now) as u32
    }

    /// Reads the byte at `offset` from [`EVENT`], 0 to 11; others read 0xff.
    pub fn read(&mut self, offset: u16, now: Ticks) -> u8 {
        self.poll(now);
        let pick = |value: u16| value.to_le_bytes()[usize::from(offset & 1)];
        match offset {
            0 | 1 => pick(self.status),
            2 | 3 => pick(self.enable),
            4 | 5 => pick(self.control),
            6 | 7 => 0,
            8..12 => self.timer(now).to_le_bytes()[usize::from(offset & 3)],
            _ => 0xff,
        }
    }

    /// Writes the byte at `offset` from [`EVENT`]; true if the guest turns itself off. Status bits clear where
    /// a 1 is written.
    #[must_use = "true is the guest's power-off"]
    pub fn write(&mut self, offset: u16, value: u8, now: Ticks) -> bool {
        self.poll(now);
        let shift = u32::from(offset & 1) * 8;
        let (value, lane) = (u16::from(value) << shift, 0xff << shift);
        match offset {
            0 | 1 => self.status &= !value,
            2 | 3 => self.enable = self.enable & !lane | value & event::ENABLE,
            4 | 5 => {
                let kept = control::KEPT & lane;
                self.control = self.control & !kept | value & kept;
                let sleep_type = (self.control & control::SLEEP_TYPE) >> 10;
                return value & control::SLEEP_ENABLE != 0 && sleep_type == SOFT_OFF;
            }
            _ => {}
        }
        false
    }

    /// Somebody pressed the power button.
    pub fn press_power_button(&mut self) {
        self.status |= event::POWER_BUTTON & event::STATUS;
    }

    /// Level of the SCI.
    #[must_use]
    pub const fn sci(&self) -> bool {
        self.status & self.enable != 0
    }

    /// Notes a toggle of the timer's highest bit; look at [`AcpiPm::sci`] afterwards.
    pub fn poll(&mut self, now: Ticks) {
        let cycle = self.clock.cycles(now).max(self.seen);
        if cycle / HALF_RANGE > self.seen / HALF_RANGE {
            self.status |= event::TIMER;
        }
        self.seen = cycle;
    }

    /// When the timer's interrupt will next come; `None` unless it is enabled and not pending.
    #[must_use]
    pub fn next_event(&self) -> Option<Ticks> {
        let waits = self.enable & event::TIMER != 0 && self.status & event::TIMER == 0;
        let toggle = (self.seen / HALF_RANGE + 1).saturating_mul(HALF_RANGE);
        waits.then(|| self.clock.ticks(toggle))
    }
}
