//! A worker's timers: deadlines in order, each with the waker of the task that waits for it.

use alloc::collections::BTreeMap;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use spin::Mutex;

use super::Handle;
use crate::time::Instant;

/// A timer's place: its deadline, and a number that tells apart timers of one deadline.
type Key = (Instant, u64);

#[derive(Default)]
pub(super) struct Timers {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: BTreeMap<Key, Waker>,
    made: u64,
}

impl Timers {
    fn add(&self, deadline: Instant, waker: Waker) -> Key {
        let mut state = self.state.lock();
        state.made += 1;
        let key = (deadline, state.made);
        state.waiting.insert(key, waker);
        key
    }

    /// Renews the waker of a timer; `false` if it has fired.
    fn renew(&self, key: Key, waker: &Waker) -> bool {
        let mut state = self.state.lock();
        let Some(held) = state.waiting.get_mut(&key) else {
            return false;
        };
        held.clone_from(waker);
        true
    }

    fn remove(&self, key: Key) {
        self.state.lock().waiting.remove(&key);
    }

    /// Wakes all whose deadline is at or before `now`. Returns the next deadline.
    pub(super) fn fire(&self, now: Instant) -> Option<Instant> {
        loop {
            let mut state = self.state.lock();
            let first = state.waiting.first_entry()?;
            let deadline = first.key().0;
            if deadline > now {
                return Some(deadline);
            }
            let waker = first.remove();
            // The waker takes other locks.
            drop(state);
            waker.wake();
        }
    }

    #[cfg(all(test, not(loom)))]
    pub(super) fn len(&self) -> usize {
        self.state.lock().waiting.len()
    }
}

/// Ready once its deadline has come. Dropped earlier, it leaves nothing behind.
#[must_use = "a future does nothing unless awaited"]
pub struct Sleep {
    worker: Handle,
    deadline: Instant,
    key: Option<Key>,
}

impl Sleep {
    pub(super) fn new(worker: Handle, deadline: Instant) -> Self {
        Self {
            worker,
            deadline,
            key: None,
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let timers = &self.worker.shared.timers;
        match self.key {
            Some(key) if timers.renew(key, context.waker()) => Poll::Pending,
            None if self.worker.now() < self.deadline => {
                let key = timers.add(self.deadline, context.waker().clone());
                self.key = Some(key);
                Poll::Pending
            }
            _ => {
                self.key = None;
                Poll::Ready(())
            }
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.worker.shared.timers.remove(key);
        }
    }
}
