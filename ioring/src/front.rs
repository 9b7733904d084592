//! Calls as futures, and as blocking calls that are a thin wrapper over these. A [`Front`] stands before the calling end of a lane,
//! for as many tasks and threads as want: each of its calls is an [`InFlight`], which any executor can poll.
//!
//! - A future is woken once, when its call has ended; polling it also takes whatever completions are there.
//! - Dropping it gives the call up: the server is asked to stop, and nobody hears of it any more.
//! - Nothing is allocated for a call. [`Front::calling`] waits for a credit, and only that, with a queue of who waits.
//!
//! **Who moves it along.** Whoever polls a future, calls [`Front::drive`] (a worker, each time round), or is rung for
//! ([`Front::rung`]). Before a worker sleeps it calls [`Front::may_sleep`].
//!
//! One lock guards the front. It is held for a few entries at a time, and never while a waker runs or a bell is rung. A
//! lane belongs to one core of this side, so it is taken by others only when a task has moved. Neighbours: [`crate::lane`].

mod blocking;
mod in_flight;
mod seats;

pub use blocking::{Blocking, Park};
pub use in_flight::{Calling, InFlight};

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use arrayvec::ArrayVec;
use core::task::Waker;

use crate::carrier::{Carrier, Local};
use crate::entry::{Call, CallId, Deadline};
use crate::lane::{Client, LaneError};
use crate::memory::{Heap, Memory};
use crate::sync::{Arc, Lock, Mutex};
use seats::Seats;

/// Rings for the other side. It may be called from any core, and must not call back into the front.
pub trait Bell: Send + Sync {
    /// The other side sleeps and has something to read.
    fn ring(&self);
}

impl<F: Fn() + Send + Sync> Bell for F {
    fn ring(&self) {
        self();
    }
}

/// Wakers to call when the lock is let go.
type Wakers = ArrayVec<Waker, 16>;

/// The calling end of a lane, for any number of callers. Clones are the same front; the lane is closed with the last of them.
pub struct Front<M: Memory = Heap, C: Carrier = Local> {
    shared: Arc<Shared<M, C>>,
}

impl<M: Memory, C: Carrier> Clone for Front<M, C> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

struct Shared<M: Memory, C: Carrier> {
    desk: Mutex<Desk<M, C>>,
    bell: Box<dyn Bell>,
}

/// What the lock guards.
struct Desk<M: Memory, C: Carrier> {
    client: Client<M, C>,
    seats: Seats,
    /// Who waits for a credit, first come first served, by ticket.
    queue: VecDeque<(u64, Waker)>,
    tickets: u64,
    /// Callers of [`Front::may_sleep`] that rely on being rung for. A look at the completions ends the lane's sleep, whoever
    /// takes it: then it is announced again for these.
    sleepers: usize,
    /// A completion waits for a buffer: it is no use to look again until one was given back.
    stuck: bool,
}

impl<M: Memory, C: Carrier> Front<M, C> {
    /// A front for `client`, whose server is rung for by `bell`.
    pub fn new(client: Client<M, C>, bell: impl Bell + 'static) -> Self {
        let seats = Seats::new(client.credits());
        let desk = Desk {
            queue: VecDeque::with_capacity(client.credits()),
            client,
            seats,
            tickets: 0,
            sleepers: 0,
            stuck: false,
        };
        Self {
            shared: Arc::new(Shared {
                desk: Mutex::new(desk),
                bell: Box::new(bell),
            }),
        }
    }

    fn desk(&self) -> Lock<'_, Desk<M, C>> {
        crate::sync::lock(&self.shared.desk)
    }

    /// Works at the desk, and then, without the lock, wakes whom that concerns and rings if the server sleeps.
    fn at_desk<R>(&self, work: impl FnOnce(&mut Desk<M, C>, &mut Wakers) -> (R, bool)) -> R {
        let mut wakers = Wakers::new();
        let mut desk = self.desk();
        let (result, rings) = work(&mut desk, &mut wakers);
        let mut more = desk.keep_watch(&mut wakers);
        drop(desk);
        loop {
            wakers.drain(..).for_each(Waker::wake);
            if !more {
                break;
            }
            let mut desk = self.desk();
            desk.advance(&mut wakers);
            more = desk.keep_watch(&mut wakers);
        }
        if rings {
            self.shared.bell.ring();
        }
        result
    }

    /// Submits a call, and rings if the server sleeps.
    ///
    /// # Errors
    /// [`LaneError`]; then nothing was submitted. [`LaneError::NoCredit`] also if as many futures as there are credits have not
    /// been polled since their calls ended, or not been dropped.
    pub fn call(&self, call: &Call) -> Result<InFlight<M, C>, LaneError> {
        self.at_desk(|desk, _| match desk.submit(call) {
            Ok(taken) => (Ok(taken), desk.client.must_ring()),
            Err(error) => (Err(error), false),
        })
        .map(|(seat, id)| InFlight::new(self.clone(), seat, id, call))
    }

    /// Submits calls, one after the other, until one cannot be, and rings at most once. `each` gets the futures. Returns how
    /// many were submitted.
    ///
    /// # Errors
    /// The [`LaneError`] of the first, if not even that was submitted.
    pub fn call_batch(
        &self,
        calls: &[Call],
        mut each: impl FnMut(InFlight<M, C>),
    ) -> Result<usize, LaneError> {
        let mut submitted = 0;
        let mut failed = None;
        while failed.is_none() && submitted < calls.len() {
            let mut seats: ArrayVec<_, 32> = ArrayVec::new();
            let mut desk = self.desk();
            for call in calls.iter().skip(submitted).take(seats.capacity()) {
                match desk.submit(call) {
                    Ok((seat, id)) => seats.push((seat, id, call)),
                    Err(error) => {
                        failed = Some(error);
                        break;
                    }
                }
            }
            drop(desk);
            submitted += seats.len();
            for (seat, id, call) in seats {
                each(InFlight::new(self.clone(), seat, id, call));
            }
        }
        if submitted > 0 && self.desk().client.must_ring() {
            self.shared.bell.ring();
        }
        match failed {
            Some(error) if submitted == 0 => Err(error),
            _ => Ok(submitted),
        }
    }

    /// A call that waits for a credit first, if there is none.
    pub fn calling(&self, call: &Call) -> Calling<M, C> {
        Calling::new(self.clone(), *call)
    }

    /// No more calls will be made on the promised results of the call, which was submitted with
    /// [`crate::entry::Flags::PIPELINED`]. A future dropped before its call ended says so itself.
    ///
    /// # Errors
    /// As [`Client::finish`].
    pub fn finish(&self, id: CallId) -> Result<(), LaneError> {
        self.at_desk(|desk, _| match desk.client.finish(id) {
            Ok(()) => (Ok(()), desk.client.must_ring()),
            Err(error) => (Err(error), false),
        })
    }

    /// Takes the completions that are there and wakes those whose calls ended. Returns how many ended.
    pub fn drive(&self) -> usize {
        let mut ended = 0;
        loop {
            let more = self.at_desk(|desk, wakers| {
                let count = desk.advance(wakers);
                ended += count;
                (wakers.is_full(), desk.orphans_ring())
            });
            if !more {
                return ended;
            }
        }
    }

    /// Ends the calls whose deadline has passed at `now` nanoseconds, and asks the server to stop them. Returns how many.
    pub fn expire(&self, now: u64) -> usize {
        let mut ended = 0;
        loop {
            let more = self.at_desk(|desk, wakers| {
                let mut asked = false;
                while !wakers.is_full() {
                    let Some(late) = desk.client.take_expired(now) else {
                        break;
                    };
                    asked = true;
                    ended += 1;
                    desk.settle(late, wakers);
                }
                (wakers.is_full(), asked && desk.client.must_ring())
            });
            if !more {
                return ended;
            }
        }
    }

    /// No call under way has a deadline before this: sleep no longer, then [`Front::expire`].
    #[must_use]
    pub fn earliest_deadline(&self) -> Deadline {
        self.desk().client.earliest_deadline()
    }

    /// Calls under way.
    #[must_use]
    pub fn outstanding(&self) -> usize {
        self.desk().client.outstanding()
    }

    /// Announces to the server that this side sleeps until it is rung; `false` if there is something to be taken first. Of a
    /// closed window nothing comes any more. After `true`, and when the sleep is over, comes [`Front::awake`].
    #[must_use]
    pub fn may_sleep(&self) -> bool {
        let mut desk = self.desk();
        let sleeps = match desk.client.may_sleep() {
            Ok(sleeps) => sleeps,
            Err(_) => desk.client.outstanding() == 0,
        };
        desk.sleepers += usize::from(sleeps);
        sleeps
    }

    /// Who went to sleep after [`Front::may_sleep`] is awake. Takes what is there.
    pub fn awake(&self) {
        {
            let mut desk = self.desk();
            desk.sleepers = desk.sleepers.saturating_sub(1);
        }
        self.drive();
    }

    /// The server has rung: takes what is there and wakes whom it concerns. Sleep is announced again for the others. Called
    /// where doorbells arrive.
    pub fn rung(&self) {
        self.drive();
    }

    /// Works with the carrier of buffers: to claim and to recycle them. A completion that waited for a buffer is taken then.
    pub fn with_carrier<R>(&self, work: impl FnOnce(&mut C) -> R) -> R {
        let result = {
            let mut desk = self.desk();
            desk.stuck = false;
            work(desk.client.carrier())
        };
        self.drive();
        result
    }
}

impl<M: Memory, C: Carrier> Desk<M, C> {
    fn submit(&mut self, call: &Call) -> Result<(u16, CallId), LaneError> {
        // Looks at the seats first: a call submitted has to have one.
        if !self.seats.any_free() {
            return match self.client.closed() {
                Some(closed) => Err(LaneError::Closed(closed)),
                None => Err(LaneError::NoCredit),
            };
        }
        let id = self.client.submit(call)?;
        let seat = self.seats.sit(id).ok_or(LaneError::NoCredit)?;
        Ok((seat, id))
    }

    /// Takes completions until `wakers` is full or there are none, and says how many calls ended.
    fn advance(&mut self, wakers: &mut Wakers) -> usize {
        let mut ended = 0;
        while !wakers.is_full() {
            match self.client.take() {
                Ok(Some(taken)) => self.settle(taken, wakers),
                Ok(None) => break,
                // Of a closed window there is nothing more.
                Err(error) => {
                    self.stuck = error == LaneError::NoBuffer;
                    break;
                }
            }
            ended += 1;
        }
        self.admit(wakers);
        ended
    }

    fn settle(&mut self, taken: crate::lane::Taken, wakers: &mut Wakers) {
        match self.seats.settle(taken) {
            Ok(Some(waker)) => wakers.push(waker),
            Ok(None) => {}
            Err(nobodys) => {
                if let Some(buffer) = nobodys.buffer {
                    self.client.carrier().recycle(buffer);
                }
            }
        }
    }

    /// Wakes as many of those who wait for a credit as there are, or all if there never will be one.
    fn admit(&mut self, wakers: &mut Wakers) {
        let mut free = self.client.credits().min(self.seats.free());
        if self.client.closed().is_some() {
            free = self.queue.len();
        }
        while free > 0 && !wakers.is_full() {
            let Some((_, waker)) = self.queue.pop_front() else {
                break;
            };
            wakers.push(waker);
            free -= 1;
        }
    }

    /// If somebody sleeps and there is something to wait for, announces sleep again. Whether that has to go on because
    /// `wakers` are to be called first.
    fn keep_watch(&mut self, wakers: &mut Wakers) -> bool {
        while self.sleepers > 0 && (self.client.outstanding() > 0 || !self.queue.is_empty()) {
            if wakers.is_full() {
                return true;
            }
            match self.client.may_sleep() {
                Ok(false) if !self.stuck => {
                    self.advance(wakers);
                }
                _ => return false,
            }
        }
        false
    }

    /// Gives up a call whose future was dropped. Whether the server was told.
    fn give_up(&mut self, id: CallId) -> Result<bool, LaneError> {
        match self.client.abandon(id) {
            Ok(()) => Ok(true),
            // Its completion has been taken: what is left to say is that its promised results are of no use.
            Err(LaneError::NotOut) => match self.client.finish(id) {
                Err(LaneError::Full) => Err(LaneError::Full),
                told => Ok(told == Ok(())),
            },
            Err(LaneError::Full) => Err(LaneError::Full),
            Err(_) => Ok(false),
        }
    }

    /// Tries again to tell the server of futures dropped while the queue was full. Whether to ring.
    fn orphans_ring(&mut self) -> bool {
        let mut told = false;
        while let Some((seat, id)) = self.seats.orphan() {
            match self.give_up(id) {
                Ok(rings) => {
                    told |= rings;
                    self.seats.leave(seat);
                }
                Err(_) => break,
            }
        }
        told && self.client.must_ring()
    }
}
