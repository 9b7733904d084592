//! The recorder: shows every call and how it ended to an observer, and changes nothing.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::Future;
use core::pin::Pin;
use core::sync::atomic::{AtomicU64, Ordering};
use core::task::{Context, Poll};

use crate::error::CallError;
use crate::object::{Cap, Holder, Object, Request};
use crate::reply::{Answer, Outcome, Pending};
use crate::rights::Badge;
use crate::sync::Mutex;

/// Whom a [`Recorder`] shows calls to. Called on the core that makes the call, so it must not wait.
pub trait Observer: Send + Sync {
    /// A call begins. Numbers start at 0 for each recorder and are given in the order of the calls.
    fn call(&self, number: u64, holder: Holder, request: &Request<'_>);

    /// A call has ended; with [`CallError::Cancelled`] if its caller gave it up. Exactly one for each begun.
    fn end(&self, number: u64, answer: &Answer);
}

/// Shows the calls that pass through it.
pub struct Recorder {
    target: Cap,
    observer: Arc<dyn Observer>,
    calls: AtomicU64,
}

impl Recorder {
    /// `target`, with all calls shown to `observer`.
    #[must_use]
    pub fn wrap(target: Cap, observer: Arc<dyn Observer>) -> Cap {
        let inner = target.clone();
        let wrapper = Self {
            target,
            observer,
            calls: AtomicU64::new(0),
        };
        Cap::around(wrapper, &inner)
    }
}

impl Object for Recorder {
    fn call(&self, holder: Holder, request: &Request<'_>) -> Outcome {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        self.observer.call(number, holder, request);
        let mut outcome = self.target.forward(holder, request);
        match &mut outcome {
            Outcome::Ready(answer) => self.observer.end(number, answer),
            Outcome::Later(call) => {
                let call = core::mem::replace(call, Box::pin(core::future::pending()));
                outcome = Outcome::later(Watched {
                    call: Some(call),
                    observer: self.observer.clone(),
                    number,
                });
            }
        }
        outcome
    }
}

/// A call in flight whose end will be shown.
struct Watched {
    call: Option<Pending>,
    observer: Arc<dyn Observer>,
    number: u64,
}

impl Future for Watched {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        let Some(call) = &mut self.call else {
            return Poll::Ready(Err(CallError::Cancelled));
        };
        let answer = core::task::ready!(call.as_mut().poll(context));
        self.call = None;
        self.observer.end(self.number, &answer);
        Poll::Ready(answer)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if self.call.take().is_some() {
            self.observer.end(self.number, &Err(CallError::Cancelled));
        }
    }
}

/// An observer that counts.
#[derive(Debug, Default)]
pub struct Counts {
    begun: AtomicU64,
    succeeded: AtomicU64,
    failed: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
}

/// What was counted, each by itself: calls that go on meanwhile may be in one number and not in another.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// Calls begun.
    pub begun: u64,
    /// Calls that ended well.
    pub succeeded: u64,
    /// Calls that ended with an error.
    pub failed: u64,
    /// Bytes of parameters.
    pub bytes_in: u64,
    /// Bytes of replies.
    pub bytes_out: u64,
}

impl Counts {
    /// The counts now.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Totals {
            begun: read(&self.begun),
            succeeded: read(&self.succeeded),
            failed: read(&self.failed),
            bytes_in: read(&self.bytes_in),
            bytes_out: read(&self.bytes_out),
        }
    }
}

impl Observer for Counts {
    fn call(&self, _: u64, _: Holder, request: &Request<'_>) {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.bytes_in
            .fetch_add(request.params.len() as u64, Ordering::Relaxed);
    }

    fn end(&self, _: u64, answer: &Answer) {
        match answer {
            Ok(reply) => {
                self.succeeded.fetch_add(1, Ordering::Relaxed);
                self.bytes_out
                    .fetch_add(reply.data.as_slice().len() as u64, Ordering::Relaxed);
            }
            Err(_) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// A call in a [`Log`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its number at its recorder.
    pub number: u64,
    /// Whose it was.
    pub badge: Badge,
    /// The interface's id.
    pub interface: u64,
    /// The method's number.
    pub method: u16,
    /// Bytes of parameters.
    pub bytes_in: usize,
    /// Bytes of the reply, or the error; none yet while the call is in flight.
    pub end: Option<Result<usize, CallError>>,
}

/// An observer that keeps the latest calls of one recorder.
#[derive(Debug)]
pub struct Log {
    capacity: usize,
    entries: Mutex<VecDeque<Entry>>,
}

impl Log {
    /// A log of the latest `capacity` calls, for which memory is taken now.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            entries: Mutex::new(VecDeque::with_capacity(capacity)),
        }
    }

    /// What it holds, the oldest first.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.entries.lock().iter().cloned().collect()
    }
}

impl Observer for Log {
    fn call(&self, number: u64, holder: Holder, request: &Request<'_>) {
        if self.capacity == 0 {
            return;
        }
        let entry = Entry {
            number,
            badge: holder.badge,
            interface: request.interface,
            method: request.method,
            bytes_in: request.params.len(),
            end: None,
        };
        let mut entries = self.entries.lock();
        if entries.len() == self.capacity {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    fn end(&self, number: u64, answer: &Answer) {
        let end = match answer {
            Ok(reply) => Ok(reply.data.as_slice().len()),
            Err(error) => Err(error.clone()),
        };
        let mut entries = self.entries.lock();
        // The latest is the likeliest to end.
        let entry = entries
            .iter_mut()
            .rev()
            .find(|entry| entry.number == number);
        if let Some(entry) = entry {
            entry.end = Some(end);
        }
    }
}
