//! Guest time. A device knows one clock, the guest's TSC, and derives its own frequency from it, so that all
//! of a partition's time stands still and moves together.
//!
//! Trusts the caller to pass `now` that does not run backwards for one device; if it does, devices stay sane
//! and merely see no time pass. A guest may write its TSC: the board is given the partition's time, which
//! such a write does not touch, and a local APIC, whose deadlines are in the vCPU's TSC, is told of it by
//! [`crate::Lapic::tsc_moved`].
//!
//! # Policy for periodic sources
//! Ticks of a periodic source that were missed, because the vCPU did not run or the board was not polled, are
//! coalesced into one. A periodic source fires at most every [`MIN_PERIOD_NS`], whatever period the guest
//! asked for, so that a guest cannot make the hypervisor do nothing but deliver its ticks. One-shot sources
//! are not limited: each shot costs the guest an instruction of its own.

/// Shortest time between two interrupts of one periodic source, in nanoseconds.
pub const MIN_PERIOD_NS: u64 = 50_000;

/// A reading of the guest's TSC, or an amount of its ticks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Ticks(pub u64);

impl Ticks {
    /// The reading `ticks` later; stops at the largest.
    #[must_use]
    pub const fn saturating_add(self, ticks: u64) -> Self {
        Self(self.0.saturating_add(ticks))
    }
    /// Ticks from `earlier` to here; 0 if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A ratio as whole and 64-bit fraction, the fraction rounded up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Ratio {
    whole: u64,
    fraction: u64,
}

impl Ratio {
    fn new(numerator: u64, denominator: u64) -> Self {
        let denominator = denominator.max(1);
        let rest = u128::from(numerator % denominator) << 64;
        let fraction = rest.div_ceil(u128::from(denominator));
        Self {
            whole: numerator / denominator,
            fraction: u64::try_from(fraction).unwrap_or(u64::MAX),
        }
    }

    fn scale(self, value: u64) -> u64 {
        let value = u128::from(value);
        // Neither product overflows: each is of two 64-bit factors; the sum is below 2^128 - 2^64.
        let sum = value * u128::from(self.whole) + ((value * u128::from(self.fraction)) >> 64);
        u64::try_from(sum).unwrap_or(u64::MAX)
    }
}

/// Conversion between TSC ticks and the cycles of a device that runs at another frequency.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clock {
    cycles_per_tick: Ratio,
    ticks_per_cycle: Ratio,
}

impl Clock {
    /// For a TSC of `tsc_hz` and a device of `device_hz`; a frequency of 0 is taken as 1.
    #[must_use]
    pub fn new(tsc_hz: u64, device_hz: u64) -> Self {
        Self {
            cycles_per_tick: Ratio::new(device_hz.max(1), tsc_hz),
            ticks_per_cycle: Ratio::new(tsc_hz.max(1), device_hz),
        }
    }

    /// For nanoseconds as the device's cycles.
    #[must_use]
    pub fn nanoseconds(tsc_hz: u64) -> Self {
        Self::new(tsc_hz, 1_000_000_000)
    }

    /// Whole device cycles in `ticks`; stops at the largest value.
    #[must_use]
    pub fn cycles(self, ticks: Ticks) -> u64 {
        self.cycles_per_tick.scale(ticks.0)
    }

    /// Ticks after which `cycles` device cycles have passed: [`Clock::cycles`] of the result is at least
    /// `cycles`, and the result is at most two ticks more than exact.
    #[must_use]
    pub fn ticks(self, cycles: u64) -> Ticks {
        let whole = self.ticks_per_cycle.scale(cycles);
        let round_up = u64::from(self.ticks_per_cycle.fraction != 0 && cycles != 0);
        Ticks(whole.saturating_add(round_up))
    }
}

/// The earlier of two events, either of which may never come.
#[must_use]
pub fn earliest(a: Option<Ticks>, b: Option<Ticks>) -> Option<Ticks> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_second_is_a_second_on_every_clock() {
        for hz in [50_000_000, 2_000_000_000, 2_893_202_000, 1_000_000_000] {
            assert_eq!(Clock::nanoseconds(hz).cycles(Ticks(hz)), 1_000_000_000);
            assert_eq!(Clock::new(hz, 1_193_182).cycles(Ticks(hz)), 1_193_182);
            assert_eq!(
                Clock::new(hz, 32_768).cycles(Ticks(hz * 3600)),
                32_768 * 3600
            );
        }
    }

    #[test]
    fn absurd_frequencies_and_times_saturate() {
        let clock = Clock::new(1, u64::MAX);
        assert_eq!(clock.cycles(Ticks(u64::MAX)), u64::MAX);
        let clock = Clock::new(0, 0);
        assert_eq!(clock.cycles(Ticks(7)), 7);
        assert_eq!(clock.ticks(7), Ticks(7));
    }

    proptest! {
        #[test]
        fn an_event_is_due_at_the_tick_computed_for_it(
            tsc_hz in 1_000_000u64..6_000_000_000,
            device_hz in 1u64..4_000_000_000,
            cycles in 0u64..(1 << 40),
        ) {
            let clock = Clock::new(tsc_hz, device_hz);
            let ticks = clock.ticks(cycles);
            prop_assert!(clock.cycles(ticks) >= cycles);
            let exact = u128::from(cycles) * u128::from(tsc_hz) / u128::from(device_hz);
            prop_assert!(u128::from(ticks.0) <= exact + 2);
        }
    }
}
