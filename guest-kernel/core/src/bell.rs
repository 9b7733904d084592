//! A bell: tasks that wait for something to happen to a shared state, and whoever makes it happen.

use alloc::vec::Vec;
use core::task::Waker;

use spin::Mutex;

/// Wakers of those who wait.
#[derive(Default)]
pub struct Bell {
    waiting: Mutex<Vec<Waker>>,
}

impl Bell {
    /// Adds a task to those who wait. To be called before the last look at what is waited for: what happens after
    /// that look rings.
    pub fn listen(&self, waker: &Waker) {
        let mut waiting = self.waiting.lock();
        if !waiting.iter().any(|known| known.will_wake(waker)) {
            waiting.push(waker.clone());
        }
    }

    /// Wakes all who wait.
    pub fn ring(&self) {
        let waiting = core::mem::take(&mut *self.waiting.lock());
        for waker in waiting {
            waker.wake();
        }
    }
}
