//! The line that calls in flight hang on: cutting it ends them all, each with an error of its own, at whatever moment. A call that answers
//! later is wrapped in a [`Guarded`] future; revocation cuts the line, which wakes it, and it gives the call up.
//!
//! The flag is changed under the lock that guards the list of who waits, so nobody can join a line unseen that is being cut. It is read
//! without the lock, as a hint that may come late by no more than a read racing with a write does.

use alloc::sync::Arc;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use crate::error::CallError;
use crate::reply::{Answer, Outcome, Pending};
use crate::slab::{Key, Slab};
use crate::sync::{AtomicBool, Mutex, Ordering};

/// Wakers taken out of the line between two turns of its lock.
const BATCH: usize = 16;

/// What ends calls in flight.
#[derive(Debug)]
pub(crate) struct Line {
    cut: AtomicBool,
    waiting: Mutex<Slab<Waker>>,
}

impl Line {
    pub(crate) fn new() -> Self {
        Self {
            cut: AtomicBool::new(false),
            waiting: Mutex::new(Slab::new()),
        }
    }

    /// Whether calls on it have ended.
    #[inline]
    pub(crate) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Acquire)
    }

    /// Ends all calls on it. Wakes who waits, without holding a lock; returns whether it was whole before.
    pub(crate) fn cut(&self) -> bool {
        let first = {
            let _waiting = self.waiting.lock();
            !self.cut.swap(true, Ordering::AcqRel)
        };
        let mut from = 0;
        loop {
            let mut batch = [const { None }; BATCH];
            {
                let mut waiting = self.waiting.lock();
                for place in &mut batch {
                    let Some((next, waker)) = waiting.pop_from(from) else {
                        break;
                    };
                    (from, *place) = (next, Some(waker));
                }
            }
            let more = batch[BATCH - 1].is_some();
            for waker in batch.into_iter().flatten() {
                waker.wake();
            }
            if !more {
                return first;
            }
        }
    }

    /// Sees to it that `waker` is woken by a cut. False if that has happened, or if there is no room to wait.
    pub(crate) fn watch(&self, key: &mut Option<Key>, waker: &Waker) -> bool {
        if key.is_some_and(|key| self.knows(key, waker)) {
            return !self.is_cut();
        }
        // Wakers are cloned and dropped without the lock: that may be anyone's code.
        let waker = waker.clone();
        let before = {
            let mut waiting = self.waiting.lock();
            if self.cut.load(Ordering::Acquire) {
                return false;
            }
            match key.and_then(|key| waiting.get_mut(key)) {
                Some(known) => Some(core::mem::replace(known, waker)),
                None => {
                    *key = waiting.insert(waker).ok();
                    None
                }
            }
        };
        drop(before);
        key.is_some()
    }

    fn knows(&self, key: Key, waker: &Waker) -> bool {
        let waiting = self.waiting.lock();
        waiting.get(key).is_some_and(|known| known.will_wake(waker))
    }

    pub(crate) fn leave(&self, key: Option<Key>) {
        let waker = key.and_then(|key| self.waiting.lock().remove(key));
        drop(waker);
    }
}

/// Something with a line.
pub(crate) trait OnLine: Send + Sync + 'static {
    fn line(&self) -> &Line;
}

impl OnLine for Line {
    fn line(&self) -> &Line {
        self
    }
}

/// Whether an outcome is to go through [`guard`]. An answer is large, and moving what was just written stalls the processor, so
/// what need not be looked at closer is left where it is.
#[inline(always)]
pub(crate) fn must_guard(line: &Line, outcome: &Outcome) -> bool {
    !matches!(outcome, Outcome::Ready(_)) || line.is_cut()
}

/// The outcome of a call as one gets it whose calls hang on `owner`'s line: an answer is held back if the line has been cut
/// meanwhile, a call in flight ends when it is.
#[cold]
pub(crate) fn guard<L: OnLine>(owner: Arc<L>, outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Ready(_) if owner.line().is_cut() => Outcome::fail(CallError::Revoked),
        Outcome::Later(call) => Outcome::later(Guarded {
            owner,
            key: None,
            call: Some(call),
        }),
        ready => ready,
    }
}

/// A call in flight on a line.
struct Guarded<L: OnLine> {
    owner: Arc<L>,
    key: Option<Key>,
    call: Option<Pending>,
}

impl<L: OnLine> Future for Guarded<L> {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        let this = &mut *self;
        let whole = this.owner.line().watch(&mut this.key, context.waker());
        let answer = match &mut this.call {
            Some(call) if whole => call.as_mut().poll(context),
            _ => Poll::Ready(Err(CallError::Revoked)),
        };
        match answer {
            // A cut after this has woken us, for we are on the line.
            Poll::Pending => Poll::Pending,
            Poll::Ready(answer) => {
                let cut = this.owner.line().is_cut();
                // Gives the call up, if it has not ended by itself.
                this.call = None;
                Poll::Ready(if cut { Err(CallError::Revoked) } else { answer })
            }
        }
    }
}

impl<L: OnLine> Drop for Guarded<L> {
    fn drop(&mut self) {
        self.owner.line().leave(self.key.take());
    }
}
