//! The meter: how often an object may be called, how many calls may be in flight, and what they may spend altogether. Time comes from
//! a clock and everything else from an account, both handed in.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::time::Duration;

use crate::account::{Account, Charge};
use crate::amounts::Resource;
use crate::error::CallError;
use crate::ledger::LedgerError;
use crate::object::{Cap, Holder, Object, Request};
use crate::reply::Outcome;
use crate::sync::Mutex;
use crate::time::{Clock, Instant, nanoseconds};

/// At most so many calls in a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// How many calls, at least 1.
    pub calls: u32,
    /// In how much time. They may come all at once; after that one more each `per / calls`.
    pub per: Duration,
}

/// Refuses calls beyond what it was told. A refused call reaches nothing and costs nothing.
#[must_use = "call `cap` to get the capability"]
pub struct Meter {
    target: Cap,
    in_flight: Option<Account>,
    spending: Option<Spending>,
    rate: Option<Metronome>,
}

struct Spending {
    each: u64,
    spent: Mutex<Charge>,
}

struct Metronome {
    clock: Arc<dyn Clock>,
    /// Nanoseconds between calls.
    step: u64,
    /// How far ahead of the clock `next` may run, in nanoseconds.
    slack: u64,
    /// When the next call would be due if calls came evenly.
    next: Mutex<Instant>,
}

impl Meter {
    /// No limits so far.
    pub const fn new(target: Cap) -> Self {
        Self {
            target,
            in_flight: None,
            spending: None,
            rate: None,
        }
    }

    /// Refuses with [`CallError::Overloaded`] what comes faster than `rate`.
    pub fn rate(mut self, rate: Rate, clock: Arc<dyn Clock>) -> Self {
        let step = nanoseconds(rate.per) / u64::from(rate.calls.max(1));
        self.rate = Some(Metronome {
            clock,
            step,
            slack: step.saturating_mul(u64::from(rate.calls.saturating_sub(1))),
            next: Mutex::new(Instant(0)),
        });
        self
    }

    /// Draws [`Resource::Calls`] from `account` for each call for as long as it is in flight.
    pub fn in_flight(mut self, account: Account) -> Self {
        self.in_flight = Some(account);
        self
    }

    /// Draws `each` of `resource` from `account` for every call. What was spent is given back when the meter is dropped, so the
    /// account's limit is a budget for the meter's whole life.
    ///
    /// # Errors
    /// [`LedgerError::NoAccount`] if the account is closed.
    pub fn budget(
        mut self,
        account: &Account,
        resource: Resource,
        each: u64,
    ) -> Result<Self, LedgerError> {
        self.spending = Some(Spending {
            each,
            spent: Mutex::new(account.draw(resource, 0)?),
        });
        Ok(self)
    }

    /// The metered capability.
    #[must_use]
    pub fn cap(self) -> Cap {
        let inner = self.target.clone();
        Cap::around(self, &inner)
    }

    /// Pays for a call, or takes nothing.
    fn admit(&self) -> Result<Option<Charge>, CallError> {
        let flight = match &self.in_flight {
            Some(account) => Some(account.draw(Resource::Calls, 1)?),
            None => None,
        };
        if let Some(spending) = &self.spending {
            spending.spent.lock().extend(spending.each)?;
        }
        let on_time = self.rate.as_ref().is_none_or(Metronome::tick);
        if !on_time {
            if let Some(spending) = &self.spending {
                spending.spent.lock().shrink(spending.each);
            }
            return Err(CallError::Overloaded);
        }
        Ok(flight)
    }
}

impl Metronome {
    /// Whether a call is within the rate, which it then counts against.
    fn tick(&self) -> bool {
        let now = self.clock.now();
        let mut next = self.next.lock();
        let due = (*next).max(now);
        if due.0 - now.0 > self.slack {
            return false;
        }
        *next = due.after(Duration::from_nanos(self.step));
        true
    }
}

impl Object for Meter {
    fn call(&self, holder: Holder, request: &Request<'_>) -> Outcome {
        let mut flight = match self.admit() {
            Ok(flight) => flight,
            Err(error) => return error.into(),
        };
        self.pass(&mut flight, holder, request)
    }
}

impl Meter {
    #[inline]
    fn pass(&self, flight: &mut Option<Charge>, holder: Holder, request: &Request<'_>) -> Outcome {
        let mut outcome = self.target.forward(holder, request);
        if let Outcome::Later(call) = &mut outcome
            && let Some(flight) = flight.take()
        {
            let call = core::mem::replace(call, Box::pin(core::future::pending()));
            outcome = Outcome::later(async move {
                let answer = call.await;
                drop(flight);
                answer
            });
        }
        outcome
    }
}
