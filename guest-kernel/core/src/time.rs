//! Time as the kernel counts it: nanoseconds since boot, and the conversion from and to a counter's ticks.

pub use isthmus_caps::Instant;

/// Nanoseconds in a second.
const SECOND: u64 = 1_000_000_000;

/// A counter's frequency, 1 kHz to 100 GHz: what is outside is a misreading, refused here so that
/// nothing divides by zero later.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Frequency(u64);

impl Frequency {
    /// `hertz` if it is in range.
    #[must_use]
    pub const fn from_hertz(hertz: u64) -> Option<Self> {
        match hertz {
            1_000..=100_000_000_000 => Some(Self(hertz)),
            _ => None,
        }
    }

    /// The frequency of a counter that made `ticks` while a clock of `reference` made `reference_ticks`.
    #[must_use]
    pub fn from_comparison(ticks: u64, reference_ticks: u64, reference: Self) -> Option<Self> {
        let hertz = u128::from(ticks) * u128::from(reference.0);
        let hertz = hertz.checked_div(u128::from(reference_ticks))?;
        Self::from_hertz(u64::try_from(hertz).ok()?)
    }

    /// Ticks a second.
    #[must_use]
    pub const fn hertz(self) -> u64 {
        self.0
    }

    /// How long `ticks` take, in nanoseconds, rounded down; saturates after 584 years.
    #[must_use]
    pub fn nanoseconds(self, ticks: u64) -> u64 {
        let wide = u128::from(ticks) * u128::from(SECOND) / u128::from(self.0);
        u64::try_from(wide).unwrap_or(u64::MAX)
    }

    /// How many ticks it takes for at least `nanoseconds` to pass: rounded up, so that a timer set
    /// with it is never early. Saturates.
    #[must_use]
    pub fn ticks(self, nanoseconds: u64) -> u64 {
        let wide = (u128::from(nanoseconds) * u128::from(self.0)).div_ceil(u128::from(SECOND));
        u64::try_from(wide).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nonsense_frequencies_are_refused() {
        assert_eq!(Frequency::from_hertz(0), None);
        assert_eq!(Frequency::from_hertz(u64::MAX), None);
        let megahertz = Frequency::from_hertz(1_000_000).unwrap();
        assert_eq!(Frequency::from_comparison(5, 0, megahertz), None);
        assert_eq!(
            Frequency::from_comparison(20_000, 10, megahertz)
                .unwrap()
                .hertz(),
            2_000_000_000
        );
    }

    proptest! {
        #[test]
        fn a_timer_set_by_conversion_is_never_early(hertz in 1_000_u64..100_000_000_000, time in any::<u64>()) {
            let frequency = Frequency::from_hertz(hertz).unwrap();
            let ticks = frequency.ticks(time);
            prop_assert!(ticks == u64::MAX || frequency.nanoseconds(ticks) >= time.saturating_sub(1));
            if ticks > 0 && ticks < u64::MAX {
                prop_assert!(u128::from(ticks - 1) * 1_000_000_000 < u128::from(time) * u128::from(hertz));
            }
        }
    }
}
