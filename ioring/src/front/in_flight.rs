//! The futures.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::Front;
use crate::carrier::{Carrier, Local};
use crate::entry::{Call, CallId};
use crate::lane::{LaneError, Taken};
use crate::memory::{Heap, Memory};

/// A call under way: a future of how it ends. Each ends in exactly one way, also when the window closes
/// ([`crate::entry::Status::PEER_GONE`]). Dropped before that, it gives the call up.
#[must_use = "dropping it gives the call up"]
pub struct InFlight<M: Memory = Heap, C: Carrier = Local> {
    front: Front<M, C>,
    seat: u16,
    id: CallId,
    /// Calls on its results may follow.
    pipelined: bool,
    ended: bool,
}

impl<M: Memory, C: Carrier> InFlight<M, C> {
    pub(super) const fn new(front: Front<M, C>, seat: u16, id: CallId, call: &Call) -> Self {
        Self {
            front,
            seat,
            id,
            pipelined: call.is_pipelined(),
            ended: false,
        }
    }

    /// Its name on the lane: for calls on its promised results, and calls that come after it.
    #[must_use]
    pub const fn id(&self) -> CallId {
        self.id
    }
}

impl<M: Memory, C: Carrier> Future for InFlight<M, C> {
    type Output = Taken;

    /// # Panics
    /// If it is polled after it was ready, as futures may.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Taken> {
        assert!(!self.ended, "polled after it was ready");
        let seat = self.seat;
        loop {
            let (polled, more) = self.front.at_desk(|desk, wakers| {
                // Who polls needs no waking for what is taken here.
                desk.seats.attend(seat);
                if desk.seats.is_waiting(seat) {
                    desk.advance(wakers);
                }
                let polled = desk.seats.poll(seat, cx);
                if polled.is_ready() && !wakers.is_full() {
                    desk.admit(wakers);
                }
                let more = polled.is_pending() && wakers.is_full();
                ((polled, more), desk.orphans_ring())
            });
            if polled.is_ready() {
                self.ended = true;
            }
            if !more {
                return polled;
            }
        }
    }
}

impl<M: Memory, C: Carrier> Drop for InFlight<M, C> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let Self { seat, id, .. } = *self;
        self.front.at_desk(|desk, wakers| {
            // Of a call that ended, the lane may have forgotten the id, unless its results were kept.
            let told = if self.pipelined || desk.seats.is_waiting(seat) {
                desk.give_up(id)
            } else {
                Ok(false)
            };
            let left = match told {
                Ok(_) => desk.seats.leave(seat),
                Err(_) => desk.seats.abandon(seat, id),
            };
            if let Some(buffer) = left.and_then(|taken| taken.buffer) {
                desk.client.carrier().recycle(buffer);
            }
            desk.admit(wakers);
            ((), told == Ok(true) && desk.client.must_ring())
        });
    }
}

/// A call that waits for a credit, and then for its end. Dropped, it gives up its place in the queue, or the call.
#[must_use = "nothing is submitted before it is polled"]
pub struct Calling<M: Memory = Heap, C: Carrier = Local> {
    front: Front<M, C>,
    call: Call,
    state: State<M, C>,
}

enum State<M: Memory, C: Carrier> {
    /// Not submitted; with a ticket, if it stood in the queue before.
    Waiting(Option<u64>),
    Submitted(InFlight<M, C>),
    Failed,
}

impl<M: Memory, C: Carrier> Calling<M, C> {
    pub(super) const fn new(front: Front<M, C>, call: Call) -> Self {
        Self {
            front,
            call,
            state: State::Waiting(None),
        }
    }

    /// Submits, or takes a place in the queue.
    fn submit(&mut self, cx: &Context<'_>) -> Poll<Result<InFlight<M, C>, LaneError>> {
        let State::Waiting(ticket) = &mut self.state else {
            return Poll::Pending;
        };
        let call = &self.call;
        let submitted = self.front.at_desk(|desk, wakers| {
            desk.advance(wakers);
            // A place taken before was for this attempt.
            let place = ticket
                .take()
                .and_then(|ticket| desk.queue.iter().position(|(number, _)| *number == ticket));
            if let Some(place) = place {
                desk.queue.remove(place);
            }
            match desk.submit(call) {
                Ok(taken) => (Poll::Ready(Ok(taken)), desk.client.must_ring()),
                Err(LaneError::NoCredit) => {
                    *ticket = Some(desk.tickets);
                    desk.queue.push_back((desk.tickets, cx.waker().clone()));
                    desk.tickets = desk.tickets.wrapping_add(1);
                    (Poll::Pending, false)
                }
                Err(LaneError::Full) => {
                    // No completion says when the server has read on.
                    cx.waker().wake_by_ref();
                    (Poll::Pending, desk.client.must_ring())
                }
                Err(error) => (Poll::Ready(Err(error)), false),
            }
        });
        submitted.map(|taken| {
            taken.map(|(seat, id)| InFlight::new(self.front.clone(), seat, id, &self.call))
        })
    }
}

impl<M: Memory, C: Carrier> Future for Calling<M, C> {
    type Output = Result<Taken, LaneError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(submitted) = self.submit(cx) {
            match submitted {
                Ok(call) => self.state = State::Submitted(call),
                Err(error) => {
                    self.state = State::Failed;
                    return Poll::Ready(Err(error));
                }
            }
        }
        match &mut self.state {
            State::Submitted(call) => Pin::new(call).poll(cx).map(Ok),
            State::Waiting(_) | State::Failed => Poll::Pending,
        }
    }
}

impl<M: Memory, C: Carrier> Drop for Calling<M, C> {
    fn drop(&mut self) {
        let State::Waiting(Some(ticket)) = self.state else {
            return;
        };
        self.front.at_desk(|desk, wakers| {
            match desk.queue.iter().position(|(number, _)| *number == ticket) {
                Some(place) => drop(desk.queue.remove(place)),
                // It was woken for a credit that it will not use: the next one's turn.
                None => desk.admit(wakers),
            }
            ((), false)
        });
    }
}
