//! The MC146818 real-time clock of a PC with 128 bytes of memory, at ports 0x70 (index) and 0x71 (data), IRQ 8.
//!
//! Time is a start epoch plus guest time; setting the clock moves the epoch. The divider (register A bits 6:4)
//! and the square wave are kept and do nothing; daylight saving is not done.

mod date;
#[cfg(test)]
mod tests;

use self::date::{DAY, Date};
use crate::time::{Clock, Ticks, earliest};

/// Registers with a meaning; the rest is memory.
mod index {
    pub const SECONDS: u8 = 0x00;
    pub const SECONDS_ALARM: u8 = 0x01;
    pub const MINUTES: u8 = 0x02;
    pub const MINUTES_ALARM: u8 = 0x03;
    pub const HOURS: u8 = 0x04;
    pub const HOURS_ALARM: u8 = 0x05;
    pub const WEEKDAY: u8 = 0x06;
    pub const DAY: u8 = 0x07;
    pub const MONTH: u8 = 0x08;
    pub const YEAR: u8 = 0x09;
    pub const A: u8 = 0x0a;
    pub const B: u8 = 0x0b;
    pub const C: u8 = 0x0c;
    pub const D: u8 = 0x0d;
    /// By the convention of PC firmware, which ACPI's FADT can name.
    pub const CENTURY: u8 = 0x32;
}

/// Register B.
mod b {
    pub const SET: u8 = 1 << 7;
    pub const BINARY: u8 = 1 << 2;
    pub const HOURS_24: u8 = 1 << 1;
    pub const INTERRUPTS: u8 = 0x70;
}

/// Register C flags, at the places of their enables in register B.
mod flag {
    pub const IRQ: u8 = 1 << 7;
    pub const PERIODIC: u8 = 1 << 6;
    pub const ALARM: u8 = 1 << 5;
    pub const UPDATE: u8 = 1 << 4;
}

/// Cycles a second of the clock's crystal.
const HZ: u64 = 32_768;
/// Cycles before the end of a second in which register A shows an update in progress: 244 µs.
const UPDATE_CYCLES: u64 = 8;
/// The clock.
#[derive(Clone, Debug)]
pub struct Rtc {
    clock: Clock,
    index: u8,
    /// All registers as stored. Time registers count while register B's SET bit is set; otherwise time is
    /// computed.
    memory: [u8; 128],
    flags: u8,
    /// Seconds since 1970 at tick 0.
    epoch: i64,
    /// Events up to this cycle are accounted for.
    seen: u64,
}

impl Rtc {
    /// A clock that shows `epoch` (seconds since 1970, UTC) at tick 0, in 24-hour BCD, as PC firmware leaves it.
    #[must_use]
    pub fn new(tsc_hz: u64, epoch: u64) -> Self {
        let mut memory = [0; 128];
        memory[usize::from(index::A)] = 0x26;
        memory[usize::from(index::B)] = b::HOURS_24;
        Self {
            clock: Clock::new(tsc_hz, HZ),
            index: 0,
            memory,
            flags: 0,
            // 1 << 37 is past the year 6000, and far from overflow.
            epoch: i64::try_from(epoch.min(1 << 37)).unwrap_or(0),
            seen: 0,
        }
    }

    /// The reset pin: interrupts off; time and memory stay.
    pub fn reset(&mut self) {
        self.index = 0;
        self.flags = 0;
        self.store(index::B, self.load(index::B) & !(b::INTERRUPTS | 1 << 3));
    }

    fn load(&self, index: u8) -> u8 {
        self.memory[usize::from(index & 0x7f)]
    }

    fn store(&mut self, index: u8, value: u8) {
        self.memory[usize::from(index & 0x7f)] = value;
    }

    fn is_set(&self) -> bool {
        self.load(index::B) & b::SET != 0
    }

    fn seconds(&self, cycle: u64) -> i64 {
        let passed = i64::try_from(cycle / HZ).unwrap_or(i64::MAX);
        self.epoch.saturating_add(passed).min(1 << 40)
    }

    /// A number below 100 as the data mode has it.
    fn encode(&self, value: i64) -> u8 {
        let value = u8::try_from(value.rem_euclid(100)).unwrap_or(0);
        if self.load(index::B) & b::BINARY != 0 {
            value
        } else {
            (value / 10) << 4 | (value % 10)
        }
    }

    fn encode_hour(&self, hour: i64) -> u8 {
        if self.load(index::B) & b::HOURS_24 != 0 {
            return self.encode(hour);
        }
        let twelve = (hour + 11) % 12 + 1;
        self.encode(twelve) | if hour >= 12 { 0x80 } else { 0 }
    }

    /// The number that a register means; digits above 9 count as what they are.
    fn decode(&self, byte: u8) -> i64 {
        let byte = i64::from(byte);
        if self.load(index::B) & b::BINARY != 0 {
            byte
        } else {
            (byte >> 4) * 10 + (byte & 0xf)
        }
    }

    fn decode_hour(&self, byte: u8) -> i64 {
        if self.load(index::B) & b::HOURS_24 != 0 {
            return self.decode(byte);
        }
        let hour = self.decode(byte & 0x7f) % 12;
        if byte & 0x80 != 0 { hour + 12 } else { hour }
    }

    /// Writes the time at `cycle` into the time registers.
    fn freeze(&mut self, cycle: u64) {
        let seconds = self.seconds(cycle);
        let date = Date::from_seconds(seconds);
        for (register, value) in [
            (index::SECONDS, self.encode(date.second)),
            (index::MINUTES, self.encode(date.minute)),
            (index::HOURS, self.encode_hour(date.hour)),
            (index::WEEKDAY, self.encode(Date::weekday(seconds))),
            (index::DAY, self.encode(date.day)),
            (index::MONTH, self.encode(date.month)),
            (index::YEAR, self.encode(date.year)),
            (index::CENTURY, self.encode(date.year / 100)),
        ] {
            self.store(register, value);
        }
    }

    /// Lets time go on from what the time registers say. Values that no clock shows are brought into range.
    fn thaw(&mut self, cycle: u64) {
        let field = |register| self.decode(self.load(register));
        let date = Date {
            year: field(index::CENTURY).min(99) * 100 + field(index::YEAR).min(99),
            month: field(index::MONTH).clamp(1, 12),
            day: field(index::DAY).clamp(1, 31),
            hour: self.decode_hour(self.load(index::HOURS)).min(23),
            minute: field(index::MINUTES).min(59),
            second: field(index::SECONDS).min(59),
        };
        let passed = i64::try_from(cycle / HZ).unwrap_or(i64::MAX);
        self.epoch = date.seconds().saturating_sub(passed);
    }

    const fn is_time(index: u8) -> bool {
        matches!(
            index,
            index::SECONDS | index::MINUTES | index::HOURS | index::WEEKDAY
                ..=index::YEAR | index::CENTURY
        )
    }

    /// The index register; bit 7, which masks NMI on a PC, is not kept.
    #[must_use]
    pub const fn read_index(&self) -> u8 {
        self.index
    }

    /// Selects a register; bit 7 is ignored.
    pub const fn write_index(&mut self, value: u8) {
        self.index = value & 0x7f;
    }

    /// Reads the selected register. Register C clears by being read.
    pub fn read_data(&mut self, now: Ticks) -> u8 {
        let cycle = self.advance(now);
        match self.index {
            index::A => {
                let updating = !self.is_set() && cycle % HZ >= HZ - UPDATE_CYCLES;
                self.load(index::A) & 0x7f | u8::from(updating) << 7
            }
            index::C => {
                let irq = if self.irq() { flag::IRQ } else { 0 };
                core::mem::take(&mut self.flags) | irq
            }
            // Battery and memory are good.
            index::D => 0x80,
            register => {
                if Self::is_time(register) && !self.is_set() {
                    self.freeze(cycle);
                }
                self.load(register)
            }
        }
    }

    /// Writes the selected register. C and D are read-only.
    pub fn write_data(&mut self, value: u8, now: Ticks) {
        let cycle = self.advance(now);
        match self.index {
            index::A => self.store(index::A, value & 0x7f),
            index::B => self.write_b(value, cycle),
            index::C | index::D => {}
            register if Self::is_time(register) && !self.is_set() => {
                self.freeze(cycle);
                self.store(register, value);
                self.thaw(cycle);
            }
            register => self.store(register, value),
        }
    }

    fn write_b(&mut self, value: u8, cycle: u64) {
        let (was, is) = (self.is_set(), value & b::SET != 0);
        if is && !was {
            self.freeze(cycle);
        }
        // SET also clears the update interrupt's enable (MC146818 register B).
        let kept = if is { value & !flag::UPDATE } else { value };
        self.store(index::B, kept);
        if was && !is {
            self.thaw(cycle);
        }
    }

    /// Level of IRQ 8: a flag is up whose interrupt is enabled. Register C's reading lowers it.
    #[must_use]
    pub fn irq(&self) -> bool {
        self.flags & self.load(index::B) & b::INTERRUPTS != 0
    }

    /// Cycles between periodic interrupts; `None` for rate 0.
    fn period(&self) -> Option<u64> {
        match self.load(index::A) & 0xf {
            0 => None,
            // The two lowest rates are those of 8 and 9.
            rate @ 1..=2 => Some(1 << (rate + 6)),
            rate => Some(1 << (rate - 1)),
        }
    }

    /// Raises flags for what happened up to `now`; returns the cycle.
    fn advance(&mut self, now: Ticks) -> u64 {
        let cycle = self.clock.cycles(now).max(self.seen);
        let seen = core::mem::replace(&mut self.seen, cycle);
        if let Some(period) = self.period()
            && cycle / period > seen / period
        {
            self.flags |= flag::PERIODIC;
        }
        if cycle / HZ > seen / HZ && !self.is_set() {
            self.flags |= flag::UPDATE;
            let alarm = self.next_alarm(self.seconds(seen));
            if alarm.is_some_and(|alarm| alarm <= self.seconds(cycle)) {
                self.flags |= flag::ALARM;
            }
        }
        cycle
    }

    /// Brings the flags up to `now`; look at [`Rtc::irq`] afterwards.
    pub fn poll(&mut self, now: Ticks) {
        self.advance(now);
    }

    /// The first second after `after` at which the alarm registers match; `None` if they never do.
    fn next_alarm(&self, after: i64) -> Option<i64> {
        // A register of 0xc0 and up matches anything.
        let field = |register, count: i64, hour: bool| {
            let byte = self.load(register);
            let value = if hour {
                self.decode_hour(byte)
            } else {
                self.decode(byte)
            };
            let any = byte >= 0xc0;
            (any || value < count).then_some((!any).then_some(value))
        };
        let second = field(index::SECONDS_ALARM, 60, false)?;
        let minute = field(index::MINUTES_ALARM, 60, false)?;
        let hour = field(index::HOURS_ALARM, 24, true)?;

        // Smallest matching value from `from` on, below `count`.
        let first = |wanted: Option<i64>, from: i64, count: i64| match wanted {
            Some(value) => (value >= from).then_some(value),
            None => (from < count).then_some(from),
        };
        let start = after.saturating_add(1);
        let (day, time) = (start.div_euclid(DAY), start.rem_euclid(DAY));
        let (h, m, s) = (time / 3600, time / 60 % 60, time % 60);
        let lowest = |wanted: Option<i64>| wanted.unwrap_or(0);
        let at = |h: i64, m: i64, s: i64| h * 3600 + m * 60 + s;

        let same_minute = || {
            let matches = first(hour, h, 24) == Some(h) && first(minute, m, 60) == Some(m);
            let s = first(second, s, 60).filter(|_| matches)?;
            Some(at(h, m, s))
        };
        let same_hour = || {
            let m = first(minute, m + 1, 60).filter(|_| first(hour, h, 24) == Some(h))?;
            Some(at(h, m, lowest(second)))
        };
        let same_day = || {
            let h = first(hour, h + 1, 24)?;
            Some(at(h, lowest(minute), lowest(second)))
        };
        let today = same_minute().or_else(same_hour).or_else(same_day);
        let (day, time) = match today {
            Some(time) => (day, time),
            None => (day + 1, at(lowest(hour), lowest(minute), lowest(second))),
        };
        Some(day.saturating_mul(DAY).saturating_add(time))
    }

    /// When [`Rtc::irq`] may next rise; `None` while it is up or if nothing is enabled.
    #[must_use]
    pub fn next_event(&self) -> Option<Ticks> {
        if self.irq() {
            return None;
        }
        let enabled = self.load(index::B);
        let boundary = |period: u64| (self.seen / period + 1).saturating_mul(period);
        let periodic = self
            .period()
            .filter(|_| enabled & flag::PERIODIC != 0)
            .map(boundary);
        let running = !self.is_set();
        let update = (running && enabled & flag::UPDATE != 0).then(|| boundary(HZ));
        let alarm = (running && enabled & flag::ALARM != 0)
            .then(|| self.next_alarm(self.seconds(self.seen)))
            .flatten()
            .and_then(|alarm| u64::try_from(alarm.saturating_sub(self.epoch)).ok())
            .map(|seconds| seconds.saturating_mul(HZ));
        let ticks = |cycle| self.clock.ticks(cycle);
        earliest(
            periodic.map(ticks),
            earliest(update.map(ticks), alarm.map(ticks)),
        )
    }
}
