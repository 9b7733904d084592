//! The deadline: a call through it ends within a given time, however long the object takes.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use crate::error::CallError;
use crate::object::{Cap, Holder, Object, Request};
use crate::reply::{Answer, Outcome, Pending};
use crate::time::{Alarm, Clock, Instant};

/// Gives each call a deadline, the request's own or `limit` from now, whichever is sooner, and holds it to that.
pub struct Deadline {
    target: Cap,
    clock: Arc<dyn Clock>,
    limit: Duration,
}

impl Deadline {
    /// `target`, each call on which takes at most `limit`. [`Duration::MAX`] leaves it at the deadlines that requests have.
    #[must_use]
    pub fn wrap(target: Cap, clock: Arc<dyn Clock>, limit: Duration) -> Cap {
        let inner = target.clone();
        let wrapper = Self {
            target,
            clock,
            limit,
        };
        Cap::around(wrapper, &inner)
    }
}

impl Object for Deadline {
    /// The object is not called if the time is up already. An answer that it gives at once counts, whatever the time is then: what
    /// the call did is done.
    fn call(&self, holder: Holder, request: &Request<'_>) -> Outcome {
        let now = self.clock.now();
        let request = request.until(now.after(self.limit));
        let deadline = request.deadline();
        if deadline <= now {
            return CallError::DeadlinePassed.into();
        }
        self.pass(holder, &request)
    }
}

impl Deadline {
    #[inline]
    fn pass(&self, holder: Holder, request: &Request<'_>) -> Outcome {
        let deadline = request.deadline();
        let mut outcome = self.target.forward(holder, request);
        if let Outcome::Later(call) = &mut outcome
            && deadline != Instant::NEVER
        {
            let call = core::mem::replace(call, Box::pin(core::future::pending()));
            outcome = Outcome::later(Timed {
                call: Some(call),
                clock: self.clock.clone(),
                deadline,
                alarm: None,
            });
        }
        outcome
    }
}

/// A call in flight with a deadline.
struct Timed {
    call: Option<Pending>,
    clock: Arc<dyn Clock>,
    deadline: Instant,
    alarm: Option<(Waker, Alarm)>,
}

impl Timed {
    /// Whether `waker` will be woken at the deadline.
    fn arm(&mut self, waker: &Waker) -> bool {
        let armed = matches!(&self.alarm, Some((armed, _)) if armed.will_wake(waker));
        if !armed {
            let alarm = self.clock.alarm(self.deadline, waker.clone());
            self.alarm = alarm.map(|alarm| (waker.clone(), alarm));
        }
        self.alarm.is_some()
    }
}

impl Future for Timed {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        let this = &mut *self;
        let Some(call) = &mut this.call else {
            return Poll::Ready(Err(CallError::Cancelled));
        };
        let mut answer = call.as_mut().poll(context);
        if answer.is_pending() {
            // Armed before the clock is read: a deadline that passes between the two is seen by one of them.
            let armed = this.arm(context.waker());
            if this.clock.now() >= this.deadline {
                answer = Poll::Ready(Err(CallError::DeadlinePassed));
            } else if !armed {
                // Without a timer it could wait past its deadline.
                answer = Poll::Ready(Err(CallError::Overloaded));
            }
        }
        if answer.is_ready() {
            (this.call, this.alarm) = (None, None);
        }
        answer
    }
}
