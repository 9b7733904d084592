//! An answer that someone gives later: what an object returns that cannot answer at once, and the other half, which it keeps.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use crate::error::CallError;
use crate::reply::{Answer, Pending};
use crate::sync::Mutex;

#[derive(Debug)]
enum State {
    Waiting(Option<Waker>),
    Answered(Answer),
    /// Taken, or nobody is there to take it.
    Gone,
}

/// The half that gives the answer. Dropping it without one ends the call with [`CallError::PeerGone`].
#[derive(Debug)]
pub struct Resolver(Arc<Mutex<State>>);

#[derive(Debug)]
struct Promise(Arc<Mutex<State>>);

/// A call that has not ended, and what ends it.
#[must_use]
pub fn promise() -> (Resolver, Pending) {
    let state = Arc::new(Mutex::new(State::Waiting(None)));
    (Resolver(state.clone()), Box::pin(Promise(state)))
}

impl Resolver {
    /// Ends the call, unless it was given up.
    pub fn resolve(self, answer: Answer) {
        self.settle(answer);
    }

    /// Whether the caller has given the call up: nobody waits for the answer.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        matches!(*self.0.lock(), State::Gone)
    }

    fn settle(&self, answer: Answer) {
        let before = {
            let mut state = self.0.lock();
            match &*state {
                State::Waiting(_) => core::mem::replace(&mut *state, State::Answered(answer)),
                // The first answer counts; this one, if it was not taken, is dropped after the lock.
                State::Answered(_) | State::Gone => {
                    drop(state);
                    return;
                }
            }
        };
        if let State::Waiting(Some(waker)) = before {
            waker.wake();
        }
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        self.settle(Err(CallError::PeerGone));
    }
}

impl Future for Promise {
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        let waker = context.waker().clone();
        let mut state = self.0.lock();
        if let State::Waiting(known) = &mut *state {
            let before = known.replace(waker);
            drop(state);
            drop(before);
            return Poll::Pending;
        }
        let taken = core::mem::replace(&mut *state, State::Gone);
        drop(state);
        Poll::Ready(match taken {
            State::Answered(answer) => answer,
            // Polled after it was ready.
            State::Waiting(_) | State::Gone => Err(CallError::Cancelled),
        })
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        let before = core::mem::replace(&mut *self.0.lock(), State::Gone);
        drop(before);
    }
}
