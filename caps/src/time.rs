//! Time as calls know it. The crate has no clock of its own: whoever needs one is handed a [`Clock`], a capability like any other,
//! so a test hands out one that stands still.

use alloc::boxed::Box;
use core::task::Waker;
use core::time::Duration;

/// A moment, in nanoseconds since the clock started. 64 bits last 584 years.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Instant(pub u64);

impl Instant {
    /// A moment that never comes: the deadline of a call that has none.
    pub const NEVER: Self = Self(u64::MAX);

    /// The moment `by` later, or [`Instant::NEVER`].
    #[must_use]
    pub fn after(self, by: Duration) -> Self {
        Self(self.0.saturating_add(nanoseconds(by)))
    }

    /// Time since `earlier`, or zero if that lies ahead.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// A duration in nanoseconds, at most 584 years.
pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// An armed alarm. Dropping it disarms it and gives back the timer that it took.
pub type Alarm = Box<dyn Send>;

/// A clock that can be waited for. It never goes back.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Instant;

    /// Wakes `waker` once the time is `at` or later, soon if it is already; `None` if no timer is to be had.
    /// A wake-up too many or too early is allowed, one that does not come is not.
    fn alarm(&self, at: Instant, waker: Waker) -> Option<Alarm>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_saturate_at_both_ends() {
        assert_eq!(Instant(5).after(Duration::MAX), Instant::NEVER);
        assert_eq!(Instant(5).since(Instant(9)), Duration::ZERO);
        assert_eq!(Instant(5).after(Duration::from_nanos(2)), Instant(7));
    }
}
