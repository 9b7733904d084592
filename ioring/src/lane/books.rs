//! A client's books: a place for each credit, with what is known of the call that holds it.

use alloc::vec::Vec;

use crate::entry::{BufferRef, CallId, Deadline};

/// What has become of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// The place is free.
    Free,
    /// Submitted.
    Out,
    /// Ended for its caller; the server's completion is still due, and will be swallowed.
    Ended,
    /// Completed; the caller may still call on its promised results.
    Kept,
}

/// What a call was submitted with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// Index of its entry.
    pub(super) position: u32,
    pub(super) deadline: Deadline,
    pub(super) buffer: Option<BufferRef>,
    /// The place is free only when the caller said that it is finished, too.
    pub(super) pipelined: bool,
}

/// On a cache line of its own: in one address space, the other end's books may lie beside these.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Place {
    generation: u16,
    state: State,
    cancelled: bool,
    finished: bool,
    terms: Terms,
}

/// How a completion was taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Settled {
    /// The caller is to have it.
    Due,
    /// The call has ended for its caller already.
    Swallowed,
}

/// All places, free. The list has room for two cache lines more than it needs: its end is what every call writes, and what lies
/// behind it in memory may be the other end's.
fn free_places(credits: u32) -> Vec<u16> {
    let mut free = Vec::with_capacity(credits as usize + 64);
    // At most 2^15.
    free.extend((0..credits as u16).rev());
    free
}

/// All places.
#[derive(Debug)]
pub(super) struct Books {
    places: Vec<Place>,
    /// Free places; the one freed last is used next.
    free: Vec<u16>,
    /// Calls out that have not ended for their callers.
    out: usize,
    /// No call that is out has an earlier deadline.
    earliest: Deadline,
    /// Where the search for late calls has got to, and the earliest deadline that it has passed over or that came since
    /// it began.
    searched: usize,
    passed_over: Deadline,
}

impl Books {
    pub(super) fn new(credits: u32) -> Self {
        let place = Place {
            generation: 0,
            state: State::Free,
            cancelled: false,
            finished: false,
            terms: Terms {
                position: 0,
                deadline: Deadline::NEVER,
                buffer: None,
                pipelined: false,
            },
        };
        Self {
            places: (0..credits).map(|_| place).collect(),
            free: free_places(credits),
            out: 0,
            earliest: Deadline::NEVER,
            searched: 0,
            passed_over: Deadline::NEVER,
        }
    }

    pub(super) const fn credits(&self) -> usize {
        self.free.len()
    }

    pub(super) const fn out(&self) -> usize {
        self.out
    }

    /// The id that the next call will have.
    #[inline(always)]
    pub(super) fn next(&self) -> Option<CallId> {
        let slot = *self.free.last()?;
        let generation = self.places.get(usize::from(slot))?.generation;
        Some(CallId { slot, generation })
    }

    /// Enters the call with the id that [`Books::next`] said.
    #[inline(always)]
    pub(super) fn enter(&mut self, terms: Terms) {
        let slot = self.free.pop();
        let Some(place) = slot.and_then(|slot| self.places.get_mut(usize::from(slot))) else {
            return;
        };
        place.state = State::Out;
        place.cancelled = false;
        place.finished = !terms.pipelined;
        place.terms = terms;
        self.out += 1;
        self.earliest = self.earliest.min(terms.deadline);
        self.passed_over = self.passed_over.min(terms.deadline);
    }

    fn find(&mut self, id: CallId) -> Option<&mut Place> {
        let place = self.places.get_mut(usize::from(id.slot))?;
        (place.generation == id.generation && place.state != State::Free).then_some(place)
    }

    /// The server has completed the call `id`. What it was submitted with, and who is to have it; `None` if no such call is
    /// out.
    #[inline(always)]
    pub(super) fn settle(&mut self, id: CallId) -> Option<(Terms, Settled)> {
        let place = self.find(id)?;
        let settled = match place.state {
            State::Out => Settled::Due,
            State::Ended => Settled::Swallowed,
            State::Free | State::Kept => return None,
        };
        let terms = place.terms;
        place.state = State::Kept;
        place.terms.buffer = None;
        let finished = place.finished;
        if settled == Settled::Due {
            self.out -= 1;
        }
        if finished {
            self.release(id.slot);
        }
        Some((terms, settled))
    }

    /// The caller makes no more calls on what `id` promised. Whether there was such a call.
    pub(super) fn finish(&mut self, id: CallId) -> bool {
        let Some(place) = self.find(id).filter(|place| !place.finished) else {
            return false;
        };
        place.finished = true;
        if place.state == State::Kept {
            self.release(id.slot);
        }
        true
    }

    /// Whether the call is one that [`Books::finish`] would find.
    pub(super) fn unfinished(&mut self, id: CallId) -> bool {
        self.find(id).is_some_and(|place| !place.finished)
    }

    fn release(&mut self, slot: u16) {
        if let Some(place) = self.places.get_mut(usize::from(slot)) {
            place.state = State::Free;
            place.generation = place.generation.wrapping_add(1);
            self.free.push(slot);
        }
    }

    /// Whether the call is out and has not been cancelled.
    pub(super) fn may_cancel(&mut self, id: CallId) -> bool {
        let place = self.find(id);
        place.is_some_and(|place| place.state == State::Out && !place.cancelled)
    }

    /// The call was cancelled.
    pub(super) fn cancelled(&mut self, id: CallId) {
        if let Some(place) = self.find(id) {
            place.cancelled = true;
        }
    }

    /// Whether the call is out for its caller.
    pub(super) fn is_out(&mut self, id: CallId) -> bool {
        self.find(id).is_some_and(|place| place.state == State::Out)
    }

    /// Ends the call for its caller; the place stays until the server completes it.
    pub(super) fn end(&mut self, id: CallId) {
        if let Some(place) = self.find(id).filter(|place| place.state == State::Out) {
            place.state = State::Ended;
            // Nobody is left to call on the results.
            place.finished = true;
            self.out -= 1;
        }
    }

    /// Some call that is out and whose deadline has passed at `now`.
    pub(super) fn expired(&mut self, now: u64) -> Option<CallId> {
        // A search that was left off midway is ended, and one more begun for what came behind it in the meantime.
        while self.earliest.has_passed(now) {
            if let Some(id) = self.search(now) {
                return Some(id);
            }
            self.earliest = self.passed_over;
            self.searched = 0;
        }
        None
    }

    fn search(&mut self, now: u64) -> Option<CallId> {
        if self.searched == 0 {
            self.passed_over = Deadline::NEVER;
        }
        for (slot, place) in (0..).zip(&self.places).skip(self.searched) {
            self.searched += 1;
            if place.state != State::Out {
                continue;
            }
            if place.terms.deadline.has_passed(now) {
                let generation = place.generation;
                return Some(CallId { slot, generation });
            }
            self.passed_over = self.passed_over.min(place.terms.deadline);
        }
        None
    }

    /// The call that [`Books::expired`] said could not be ended: it is to be found again.
    pub(super) const fn look_again(&mut self) {
        self.searched = 0;
    }

    /// The deadline that passes first, or one before it.
    pub(super) const fn earliest(&self) -> Deadline {
        self.earliest
    }

    /// The window is closed: gives up some call's place, and says its id and what it held. `due` if its caller is to hear.
    pub(super) fn abandon(&mut self) -> Option<(CallId, Terms, Settled)> {
        let slot = self
            .places
            .iter()
            .position(|place| place.state != State::Free)?;
        let place = self.places.get_mut(slot)?;
        let id = CallId {
            // At most 2^15 places.
            slot: slot as u16,
            generation: place.generation,
        };
        let terms = place.terms;
        let settled = match place.state {
            State::Out => Settled::Due,
            State::Free | State::Ended | State::Kept => Settled::Swallowed,
        };
        if settled == Settled::Due {
            self.out -= 1;
        }
        self.release(id.slot);
        Some((id, terms, settled))
    }
}
