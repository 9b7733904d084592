//! The local APIC timer: a countdown that starts from the initial-count register, once or again and again, or
//! a deadline on the TSC (SDM Vol. 3A §11.5.4). Knows nothing of vectors and masks; `lapic` asks whether it
//! has expired.

use crate::time::{Clock, MIN_PERIOD_NS, Ticks};

/// LVT timer mode, bits 18:17.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimerMode {
    /// Counts down once.
    OneShot,
    /// Counts down and reloads.
    Periodic,
    /// Fires when the TSC reaches `IA32_TSC_DEADLINE`.
    TscDeadline,
    /// The reserved encoding: never fires.
    Reserved,
}

impl TimerMode {
    pub const fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::OneShot,
            1 => Self::Periodic,
            2 => Self::TscDeadline,
            _ => Self::Reserved,
        }
    }
    /// Whether the initial-count register drives the timer in this mode.
    pub const fn counts(self) -> bool {
        matches!(self, Self::OneShot | Self::Periodic)
    }
}

/// The timer's own state.
#[derive(Clone, Debug)]
pub struct Timer {
    clock: Clock,
    min_period: u64,
    mode: TimerMode,
    /// Ticks of the input clock per count, 1 to 128.
    divisor: u64,
    /// When the countdown or deadline is over; `None` while stopped.
    expiry: Option<Ticks>,
}

impl Timer {
    pub fn new(tsc_hz: u64, timer_hz: u64) -> Self {
        Self {
            clock: Clock::new(tsc_hz, timer_hz),
            min_period: Clock::nanoseconds(tsc_hz).ticks(MIN_PERIOD_NS).0.max(1),
            mode: TimerMode::OneShot,
            divisor: 2,
            expiry: None,
        }
    }

    /// Back to the state after reset: one-shot, divided by two, stopped.
    pub fn reset(&mut self) {
        self.mode = TimerMode::OneShot;
        self.divisor = 2;
        self.expiry = None;
    }

    /// TSC ticks that `count` takes at the present divisor, at least one.
    fn duration(&self, count: u32) -> u64 {
        let cycles = u64::from(count).saturating_mul(self.divisor);
        self.clock.ticks(cycles).0.max(1)
    }

    /// Changes mode. A change to or from the deadline mode disarms; a change between one-shot and periodic
    /// lets the countdown go on.
    pub fn set_mode(&mut self, mode: TimerMode) {
        if mode.counts() != self.mode.counts() || !mode.counts() && mode != self.mode {
            self.expiry = None;
        }
        self.mode = mode;
    }

    /// The initial-count register was written: starts, or with 0 stops.
    pub fn start(&mut self, count: u32, now: Ticks) {
        if self.mode.counts() {
            self.expiry = (count != 0).then(|| now.saturating_add(self.duration(count)));
        }
    }

    /// The divide configuration register was written. What remains of a running countdown goes on at the new
    /// speed.
    pub fn set_divide(&mut self, register: u32, initial: u32, now: Ticks) {
        let remaining = self.current_count(initial, now);
        // Bits 3, 1, 0 select 2, 4, .. 128, and 1 for all ones (SDM Vol. 3A Fig. 11-10).
        let selector = (register & 3) | (register & 8) >> 1;
        self.divisor = if selector == 7 { 1 } else { 2 << selector };
        if self.mode.counts() && self.expiry.is_some() {
            self.expiry = Some(now.saturating_add(self.duration(remaining)));
        }
    }

    /// The current-count register: 0 when stopped, expired or in deadline mode.
    pub fn current_count(&self, initial: u32, now: Ticks) -> u32 {
        match self.expiry {
            Some(expiry) if self.mode.counts() && expiry > now => {
                let cycles = self.clock.cycles(Ticks(expiry.since(now)));
                let count = cycles.div_ceil(self.divisor);
                u32::try_from(count).unwrap_or(u32::MAX).min(initial)
            }
            _ => 0,
        }
    }

    /// `IA32_TSC_DEADLINE`: 0 when disarmed or in another mode.
    pub const fn deadline(&self) -> u64 {
        match (self.mode, self.expiry) {
            (TimerMode::TscDeadline, Some(deadline)) => deadline.0,
            _ => 0,
        }
    }

    /// Arms, or with 0 disarms; ignored in other modes.
    pub fn set_deadline(&mut self, deadline: u64) {
        if self.mode == TimerMode::TscDeadline {
            self.expiry = (deadline != 0).then_some(Ticks(deadline));
        }
    }

    /// The TSC went from `old` to `new` in no time.
    pub fn tsc_moved(&mut self, old: Ticks, new: Ticks) {
        if self.mode.counts() {
            let moved = |expiry: Ticks| new.saturating_add(expiry.since(old));
            self.expiry = self.expiry.map(moved);
        }
    }

    /// Whether the timer has expired by `now`. If so it is armed anew or stopped: true is said once.
    pub fn poll(&mut self, initial: u32, now: Ticks) -> bool {
        let Some(expiry) = self.expiry.filter(|expiry| *expiry <= now) else {
            return false;
        };
        self.expiry = match self.mode {
            TimerMode::Periodic if initial != 0 => {
                let period = self.duration(initial).max(self.min_period);
                // Whole periods that have passed are skipped; what is left of the current one remains.
                let into = now.since(expiry).checked_rem(period).unwrap_or(0);
                Some(now.saturating_add(period.saturating_sub(into).max(1)))
            }
            _ => None,
        };
        self.mode != TimerMode::Reserved
    }

    /// When [`Timer::poll`] will next say true.
    pub const fn next_event(&self) -> Option<Ticks> {
        self.expiry
    }
}
