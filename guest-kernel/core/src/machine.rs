//! What a worker asks of the machine. The `hal` answers for the real one, a test for one that it makes up.

use isthmus_abi::CoreId;

use crate::time::Instant;

/// The machine as seen from the core that calls.
pub trait Machine: Send + Sync {
    /// The time now. Never goes back on one core.
    fn now(&self) -> Instant;

    /// The CPU's tick counter.
    fn ticks(&self) -> u64;

    /// Sets this core's only alarm, an interrupt at `at` or as soon after it as can be; `None` means no alarm.
    fn set_alarm(&self, at: Option<Instant>);

    /// Sleeps until an interrupt, unless `has_work` says there is work. The question is asked with interrupts
    /// off and sleep begins in the same instruction that lets them in again, so a wake-up cannot fall between.
    fn sleep_unless(&self, has_work: &dyn Fn() -> bool);

    /// Interrupts another core's sleep.
    fn wake(&self, core: CoreId);
}
