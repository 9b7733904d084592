//! Where futures wait for their calls: a seat each, from submission until the future has its result or is dropped.
//!
//! A place in the lane's books is free again when the completion was taken, which may be long before the future is
//! polled; so a seat is not that place, and the two are tied by a table.

use alloc::vec::Vec;
use core::task::{Context, Poll, Waker};

use crate::entry::CallId;
use crate::lane::Taken;

enum Seat {
    Free,
    /// The call is under way; the waker is that of the last poll.
    Waiting(CallId, Option<Waker>),
    /// The call has ended; the future has not been polled since.
    Done(Taken),
    /// The future is gone, and the server could not be told yet.
    Orphan(CallId),
}

/// All seats.
pub(super) struct Seats {
    seats: Vec<Seat>,
    free: Vec<u16>,
    /// The seat of each place in the lane's books, while a call holds that.
    of_call: Vec<u16>,
    orphans: usize,
}

impl Seats {
    pub(super) fn new(credits: usize) -> Self {
        // At most 2^15 credits.
        let numbers = 0..u16::try_from(credits).unwrap_or(u16::MAX);
        Self {
            seats: numbers.clone().map(|_| Seat::Free).collect(),
            free: numbers.clone().rev().collect(),
            of_call: numbers.map(|_| 0).collect(),
            orphans: 0,
        }
    }

    pub(super) const fn any_free(&self) -> bool {
        !self.free.is_empty()
    }

    pub(super) const fn free(&self) -> usize {
        self.free.len()
    }

    /// A seat for a call just submitted.
    pub(super) fn sit(&mut self, id: CallId) -> Option<u16> {
        let number = self.free.pop()?;
        *self.seats.get_mut(usize::from(number))? = Seat::Waiting(id, None);
        *self.of_call.get_mut(usize::from(id.slot))? = number;
        Some(number)
    }

    /// A call ended: the waker to call, if its future was polled.
    ///
    /// # Errors
    /// The completion, if no future waits for it.
    pub(super) fn settle(&mut self, taken: Taken) -> Result<Option<Waker>, Taken> {
        let number = self.of_call.get(usize::from(taken.id.slot));
        let seat = number.and_then(|number| self.seats.get_mut(usize::from(*number)));
        match seat {
            Some(Seat::Waiting(id, waker)) if *id == taken.id => {
                let waker = waker.take();
                if let Some(seat) = seat {
                    *seat = Seat::Done(taken);
                }
                Ok(waker)
            }
            _ => Err(taken),
        }
    }

    /// The result of the call in a seat, which is free then; or else `cx` is who is to be woken.
    pub(super) fn poll(&mut self, number: u16, cx: &Context<'_>) -> Poll<Taken> {
        let Some(seat) = self.seats.get_mut(usize::from(number)) else {
            return Poll::Pending;
        };
        if let Seat::Waiting(_, waker) = seat {
            match waker {
                Some(waker) => waker.clone_from(cx.waker()),
                none => *none = Some(cx.waker().clone()),
            }
        }
        if !matches!(seat, Seat::Done(_)) {
            return Poll::Pending;
        }
        self.free.push(number);
        match core::mem::replace(seat, Seat::Free) {
            Seat::Done(taken) => Poll::Ready(taken),
            _ => Poll::Pending,
        }
    }

    /// Forgets whom to wake: the future is being polled just now.
    pub(super) fn attend(&mut self, number: u16) {
        if let Some(Seat::Waiting(_, waker)) = self.seats.get_mut(usize::from(number)) {
            *waker = None;
        }
    }

    /// Frees a seat: what was in it, if its call had ended.
    pub(super) fn leave(&mut self, number: u16) -> Option<Taken> {
        let seat = self.seats.get_mut(usize::from(number))?;
        let left = core::mem::replace(seat, Seat::Free);
        self.orphans -= usize::from(matches!(left, Seat::Orphan(_)));
        self.free.push(number);
        match left {
            Seat::Done(taken) => Some(taken),
            _ => None,
        }
    }

    /// Whether the call in a seat is under way.
    pub(super) fn is_waiting(&self, number: u16) -> bool {
        matches!(self.seats.get(usize::from(number)), Some(Seat::Waiting(..)))
    }

    /// The future is gone, and the server could not be told: what was in the seat, if the call had ended.
    pub(super) fn abandon(&mut self, number: u16, id: CallId) -> Option<Taken> {
        let seat = self.seats.get_mut(usize::from(number))?;
        self.orphans += 1;
        match core::mem::replace(seat, Seat::Orphan(id)) {
            Seat::Done(taken) => Some(taken),
            _ => None,
        }
    }

    /// Some seat whose future is gone.
    pub(super) fn orphan(&self) -> Option<(u16, CallId)> {
        if self.orphans == 0 {
            return None;
        }
        (0..)
            .zip(&self.seats)
            .find_map(|(number, seat)| match seat {
                Seat::Orphan(id) => Some((number, *id)),
                _ => None,
            })
    }
}
