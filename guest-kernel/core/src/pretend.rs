//! A machine for host tests: its clock moves only when a worker sleeps.

use alloc::boxed::Box;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use isthmus_abi::CoreId;
use spin::Mutex;

use crate::machine::Machine;
use crate::time::Instant;
use crate::worker::Worker;

/// Sleep jumps to the alarm; a sleep without alarm or work is an error of the test.
#[derive(Default)]
pub struct Pretend {
    /// Nanoseconds.
    pub now: AtomicU64,
    /// The alarm set last.
    pub alarm: Mutex<Option<Instant>>,
    /// How often a core was interrupted.
    pub wakes: AtomicUsize,
}

impl Pretend {
    /// A machine that lives as long as the test's process.
    #[must_use]
    pub fn leaked() -> &'static Self {
        Box::leak(Box::default())
    }

    /// A machine and a worker on it.
    #[must_use]
    pub fn with_worker() -> (Worker, &'static Self) {
        let machine = Self::leaked();
        (Worker::new(CoreId(0), machine), machine)
    }
}

impl Machine for Pretend {
    fn now(&self) -> Instant {
        Instant(self.now.load(Ordering::SeqCst))
    }
    fn ticks(&self) -> u64 {
        self.now.fetch_add(1, Ordering::SeqCst)
    }
    fn set_alarm(&self, at: Option<Instant>) {
        *self.alarm.lock() = at;
    }
    fn sleep_unless(&self, has_work: &dyn Fn() -> bool) {
        if !has_work() {
            let at = self.alarm.lock().expect("the worker would sleep for ever");
            self.now.fetch_max(at.0, Ordering::SeqCst);
        }
    }
    fn wake(&self, _: CoreId) {
        self.wakes.fetch_add(1, Ordering::SeqCst);
    }
}
