//! The mock: answers by a script, for tests of whoever calls it. It wraps nothing; behind a wrapper, or alone, a caller cannot tell
//! it from the real thing.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::task::Waker;
use core::time::Duration;

use crate::error::CallError;
use crate::object::{Cap, Holder, Object, Request};
use crate::promise::{Resolver, promise};
use crate::reply::{Answer, Outcome, Pending, Reply};
use crate::slab::{Key, Slab};
use crate::sync::Mutex;
use crate::time::{Alarm, Clock, Instant};

/// A call that is expected, and what is said to it.
struct Line {
    interface: u64,
    method: u16,
    params: Option<Vec<u8>>,
    answer: Says,
}

enum Says {
    Now(Answer),
    Later(Pending),
}

/// What differed from the script.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unmet {
    /// A call came that the script did not have next.
    Unexpected {
        /// Its interface.
        interface: u64,
        /// Its method.
        method: u16,
        /// Its parameters.
        params: Vec<u8>,
    },
    /// So many calls of the script did not come.
    Missing(usize),
}

#[derive(Default)]
struct State {
    script: VecDeque<Line>,
    unexpected: Option<Unmet>,
    /// The capabilities of all calls that came, in their order.
    received: Vec<Cap>,
}

/// A script, and what became of it. Calls are expected in the order in which they are written down.
#[derive(Clone, Default)]
pub struct Mock(Arc<Mutex<State>>);

/// A call just written down; by itself it takes any parameters and is answered at once with nothing.
pub struct Scripted<'a> {
    mock: &'a Mock,
    line: Option<Line>,
}

impl Mock {
    /// No script yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Expects one more call.
    pub fn expect(&self, interface: u64, method: u16) -> Scripted<'_> {
        Scripted {
            mock: self,
            line: Some(Line {
                interface,
                method,
                params: None,
                answer: Says::Now(Ok(Reply::EMPTY)),
            }),
        }
    }

    /// The capability that answers by the script. A call that is not next in it gets [`CallError::Failed`].
    #[must_use]
    pub fn cap(&self) -> Cap {
        Cap::new(Player(self.clone()))
    }

    /// The capabilities that came with the calls so far.
    #[must_use]
    pub fn received(&self) -> Vec<Cap> {
        self.0.lock().received.clone()
    }

    /// Whether all went by the script.
    ///
    /// # Errors
    /// [`Unmet`]: the first call that did not fit, or else how many did not come.
    pub fn verify(&self) -> Result<(), Unmet> {
        let state = self.0.lock();
        match (&state.unexpected, state.script.len()) {
            (Some(unexpected), _) => Err(unexpected.clone()),
            (None, 0) => Ok(()),
            (None, missing) => Err(Unmet::Missing(missing)),
        }
    }
}

impl Scripted<'_> {
    /// Expects these parameters.
    pub fn with(mut self, params: &[u8]) -> Self {
        if let Some(line) = &mut self.line {
            line.params = Some(params.to_vec());
        }
        self
    }

    /// Answers with a copy of `bytes`.
    pub fn reply(self, bytes: &[u8]) {
        self.answer(Ok(Reply::copied(bytes)));
    }

    /// Answers so.
    pub fn answer(mut self, answer: Answer) {
        if let Some(line) = &mut self.line {
            line.answer = Says::Now(answer);
        }
    }

    /// Answers when the resolver is given the answer.
    #[must_use]
    pub fn later(mut self) -> Resolver {
        let (resolver, pending) = promise();
        if let Some(line) = &mut self.line {
            line.answer = Says::Later(pending);
        }
        resolver
    }
}

impl Drop for Scripted<'_> {
    fn drop(&mut self) {
        if let Some(line) = self.line.take() {
            self.mock.0.lock().script.push_back(line);
        }
    }
}

struct Player(Mock);

impl Object for Player {
    fn call(&self, _: Holder, request: &Request<'_>) -> Outcome {
        let mut state = self.0.0.lock();
        let fits = state.script.front().is_some_and(|line| {
            let params = line.params.as_deref();
            line.interface == request.interface
                && line.method == request.method
                && params.is_none_or(|params| params == request.params)
        });
        state.received.extend_from_slice(request.caps);
        match state.script.pop_front() {
            Some(line) if fits => match line.answer {
                Says::Now(answer) => Outcome::Ready(answer),
                Says::Later(pending) => Outcome::Later(pending),
            },
            other => {
                if let Some(line) = other {
                    state.script.push_front(line);
                }
                state.unexpected.get_or_insert_with(|| Unmet::Unexpected {
                    interface: request.interface,
                    method: request.method,
                    params: request.params.to_vec(),
                });
                CallError::failed("not in the script").into()
            }
        }
    }
}

/// A clock for tests, which stands still until it is told to go on. Clones are the same clock.
#[derive(Clone)]
pub struct StillClock(Arc<Mutex<Still>>);

struct Still {
    now: Instant,
    alarms: Slab<(Instant, Waker)>,
}

impl Default for StillClock {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Still {
            now: Instant(0),
            alarms: Slab::new(),
        })))
    }
}

impl StillClock {
    /// A clock that shows 0.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets time pass, and wakes whoever that makes due.
    pub fn advance(&self, by: Duration) {
        let due: Vec<Waker> = {
            let mut still = self.0.lock();
            still.now = still.now.after(by);
            let now = still.now;
            let due = still.alarms.iter().filter(|(_, (at, _))| *at <= now);
            let due: Vec<Key> = due.map(|(key, _)| key).collect();
            let wakers = due.into_iter().filter_map(|key| still.alarms.remove(key));
            wakers.map(|(_, waker)| waker).collect()
        };
        for waker in due {
            waker.wake();
        }
    }

    /// Alarms that are armed.
    #[must_use]
    pub fn armed(&self) -> usize {
        self.0.lock().alarms.len() as usize
    }
}

struct Armed {
    clock: StillClock,
    key: Key,
}

impl Drop for Armed {
    fn drop(&mut self) {
        let alarm = self.clock.0.lock().alarms.remove(self.key);
        drop(alarm);
    }
}

impl Clock for StillClock {
    fn now(&self) -> Instant {
        self.0.lock().now
    }

    fn alarm(&self, at: Instant, waker: Waker) -> Option<Alarm> {
        let mut still = self.0.lock();
        if at <= still.now {
            drop(still);
            waker.wake_by_ref();
            still = self.0.lock();
        }
        let key = still.alarms.insert((at, waker)).ok()?;
        let clock = self.clone();
        Some(Box::new(Armed { clock, key }))
    }
}
