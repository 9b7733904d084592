//! The Intel 8254 interval timer of a PC with its three counters, and the part of port 0x61 that gates counter 2
//! and shows its output. Counter 0 is IRQ 0, counter 1 once refreshed memory, counter 2 is the speaker and
//! what software measures time with.
//!
//! Missed ticks of counter 0 are
//! coalesced and its rate is limited, as [`crate::time`] says.

mod counter;
#[cfg(test)]
mod tests;

use self::counter::Counter;
use crate::time::{Clock, MIN_PERIOD_NS, Ticks};

/// Input frequency.
pub const HZ: u64 = 1_193_182;

/// First of the four ports: three counters and the control word.
pub const PORT: u16 = 0x40;
/// System control port B.
pub const CONTROL_B: u16 = 0x61;

/// The timer.
#[derive(Clone, Debug)]
pub struct Pit {
    clock: Clock,
    nanoseconds: Clock,
    min_period: u64,
    counters: [Counter; 3],
    /// Bits 3:0 of port 0x61 as written.
    control_b: u8,
    /// Rising edges of counter 0 up to this cycle are accounted for.
    seen: u64,
    /// A rising edge that is still to be reported.
    owed: bool,
    /// When the last one was reported.
    reported: Option<Ticks>,
}

impl Pit {
    /// As after power-up: nothing counts.
    #[must_use]
    pub fn new(tsc_hz: u64) -> Self {
        let nanoseconds = Clock::nanoseconds(tsc_hz);
        Self {
            clock: Clock::new(tsc_hz, HZ),
            nanoseconds,
            min_period: nanoseconds.ticks(MIN_PERIOD_NS).0,
            counters: [Counter::new(true), Counter::new(true), Counter::new(false)],
            control_b: 0,
            seen: 0,
            owed: false,
            reported: None,
        }
    }

    /// As after power-up.
    pub fn reset(&mut self) {
        self.counters = [Counter::new(true), Counter::new(true), Counter::new(false)];
        self.control_b = 0;
        self.owed = false;
        self.reported = None;
    }

    /// What PC firmware leaves: counter 0 as a square wave of 18.2 Hz.
    pub fn firmware_state(&mut self, now: Ticks) {
        for (register, byte) in [(3, 0x36), (0, 0), (0, 0)] {
            self.write(register, byte, now);
        }
    }

    /// Reads counter 0 to 2; the control word, 3, cannot be read.
    pub fn read(&mut self, register: u8, now: Ticks) -> u8 {
        let cycle = self.advance(now);
        match self.counters.get_mut(usize::from(register)) {
            Some(counter) => counter.read(cycle),
            None => 0xff,
        }
    }

    /// Writes counter 0 to 2 or the control word, 3.
    pub fn write(&mut self, register: u8, value: u8, now: Ticks) {
        let cycle = self.advance(now);
        match self.counters.get_mut(usize::from(register)) {
            Some(counter) => counter.write_count(value, cycle),
            None => self.write_control(value, cycle),
        }
    }

    fn write_control(&mut self, word: u8, cycle: u64) {
        let Some(counter) = self.counters.get_mut(usize::from(word >> 6)) else {
            return self.read_back(word, cycle);
        };
        if word & 0x30 == 0 {
            counter.latch_count(cycle);
        } else {
            counter.write_control(word);
        }
    }

    /// Read-back command: bits 5 and 4, low, latch count and status of the counters in bits 3:1.
    fn read_back(&mut self, word: u8, cycle: u64) {
        for (index, counter) in self.counters.iter_mut().enumerate() {
            if word >> (index + 1) & 1 == 0 {
                continue;
            }
            if word & 0x20 == 0 {
                counter.latch_count(cycle);
            }
            if word & 0x10 == 0 {
                counter.latch_status(cycle);
            }
        }
    }

    /// Reads port 0x61: gate and speaker as written, the refresh toggle (bit 4) and counter 2's output (bit 5).
    pub fn read_control_b(&mut self, now: Ticks) -> u8 {
        let cycle = self.advance(now);
        let [_, _, speaker] = &self.counters;
        // Memory was refreshed every 15.085 µs; software of old counts the toggles.
        let refresh = (self.nanoseconds.cycles(now) / 15_085) & 1 != 0;
        self.control_b | u8::from(refresh) << 4 | u8::from(speaker.out(cycle)) << 5
    }

    /// Writes port 0x61: bit 0 gates counter 2.
    pub fn write_control_b(&mut self, value: u8, now: Ticks) {
        let cycle = self.advance(now);
        self.control_b = value & 0x0f;
        let [_, _, speaker] = &mut self.counters;
        speaker.set_gate(value & 1 != 0, cycle);
    }

    /// Brings counters up to `now` and notes edges of counter 0; returns the cycle.
    fn advance(&mut self, now: Ticks) -> u64 {
        let cycle = self.clock.cycles(now).max(self.seen);
        let [timer, refresh, speaker] = &mut self.counters;
        let rises = |timer: &Counter| timer.next_rise(self.seen).is_some_and(|rise| rise <= cycle);
        let risen = rises(timer);
        timer.settle(cycle);
        refresh.settle(cycle);
        speaker.settle(cycle);
        self.owed |= risen;
        self.seen = cycle;
        cycle
    }

    /// Whether IRQ 0 rises now. Several rises since the last call are one.
    pub fn poll(&mut self, now: Ticks) -> bool {
        self.advance(now);
        let [timer, ..] = &self.counters;
        let limited = self
            .reported
            .is_some_and(|last| timer.is_periodic() && now < last.saturating_add(self.min_period));
        if !self.owed || limited {
            return false;
        }
        self.owed = false;
        self.reported = Some(now);
        true
    }

    /// When [`Pit::poll`] will next say true.
    #[must_use]
    pub fn next_event(&self) -> Option<Ticks> {
        let [timer, ..] = &self.counters;
        let due = if self.owed {
            self.clock.ticks(self.seen)
        } else {
            self.clock.ticks(timer.next_rise(self.seen)?)
        };
        match self.reported {
            Some(last) if timer.is_periodic() => {
                Some(due.max(last.saturating_add(self.min_period)))
            }
            _ => Some(due),
        }
    }
}
