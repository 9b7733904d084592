//! The end of a lane that calls.

use super::LaneError;
use super::books::{Books, Settled, Terms};
use crate::buffer::Buffer;
use crate::carrier::{Carrier, Local, Refusal};
use crate::entry::{
    BufferRef, Call, CallId, Completion, Deadline, Entry, Note, NoteKind, Spilled, Status,
};
use crate::layout::{ENTRY_WORDS, LaneLines};
use crate::memory::{Heap, Memory};
use crate::queue::{Consumer, Producer};
use crate::sync::Arc;
use crate::window::{Closed, Latch, Violation};

/// Empty looks between two looks at whether the other side has closed.
const LOOKS: u32 = 64;

/// The end that calls. One core at a time works on it.
#[repr(align(128))]
pub struct Client<M: Memory = Heap, C: Carrier = Local> {
    pub(super) calls: Producer<M>,
    pub(super) completions: Consumer<M>,
    books: Books,
    latch: Arc<Latch<M>>,
    carrier: C,
    /// Empty looks since the last look at the other side's state.
    looks: u32,
    /// A completion whose buffer found no private one to be copied to.
    waiting: bool,
    /// The completion that was copied out last.
    entry: Entry,
}

/// A completion that was taken.
#[derive(Debug)]
pub struct Taken {
    /// Of which call.
    pub id: CallId,
    /// How it ended. Its buffer is below, whatever it says.
    pub completion: Completion,
    /// Results that did not fit in the entry.
    pub buffer: Option<Buffer>,
}

impl<M: Memory, C: Carrier> Client<M, C> {
    pub(crate) fn new(
        mine: M,
        theirs: M,
        lines: LaneLines,
        latch: Arc<Latch<M>>,
        carrier: C,
    ) -> Self
    where
        M: Clone,
    {
        Self {
            calls: Producer::new(mine.clone(), theirs.clone(), lines),
            completions: Consumer::new(mine, theirs, lines),
            books: Books::new(lines.size()),
            latch,
            carrier,
            looks: 0,
            waiting: false,
            entry: [0; ENTRY_WORDS],
        }
    }

    /// Calls that may be submitted before a completion is taken.
    #[must_use]
    pub const fn credits(&self) -> usize {
        self.books.credits()
    }

    /// Calls submitted and not ended.
    #[must_use]
    pub const fn outstanding(&self) -> usize {
        self.books.out()
    }

    /// Why the window is closed, if it is.
    #[must_use]
    pub fn closed(&self) -> Option<Closed> {
        self.latch.closed()
    }

    /// Carries this end's buffers.
    pub const fn carrier(&mut self) -> &mut C {
        &mut self.carrier
    }

    #[inline(always)]
    fn check(&self) -> Result<(), LaneError> {
        match self.latch.closed() {
            None => Ok(()),
            Some(closed) => Err(LaneError::Closed(closed)),
        }
    }

    #[cold]
    fn violated(&self, violation: Violation) -> LaneError {
        LaneError::Closed(self.latch.close(violation.into()))
    }

    /// Submits a call without a buffer. Another's view of it is up to date when [`Client::must_ring`] was asked.
    ///
    /// # Errors
    /// [`LaneError`]; then nothing was submitted. [`LaneError::TooLong`] if its lists are said to lie in a buffer.
    #[inline(always)]
    pub fn submit(&mut self, call: &Call) -> Result<CallId, LaneError> {
        self.check()?;
        let id = self.books.next().ok_or(LaneError::NoCredit)?;
        if call.buffer().is_some() || call.spilled() != Spilled::default() {
            return Err(LaneError::TooLong);
        }
        self.send(id, call)
    }

    /// Submits a call with a buffer, which belongs to the other side then, or comes back to its pool when the call ends.
    ///
    /// # Errors
    /// [`LaneError`] and the buffer; then nothing was submitted.
    pub fn submit_with(
        &mut self,
        call: &Call,
        buffer: Buffer,
    ) -> Result<CallId, (LaneError, Buffer)> {
        let id = match (self.check(), self.books.next()) {
            (Err(error), _) => return Err((error, buffer)),
            (_, None) => return Err((LaneError::NoCredit, buffer)),
            (Ok(()), Some(id)) => id,
        };
        // Whatever can fail fails before the buffer is given away.
        let room = BufferRef {
            index: 0,
            len: 0,
            pages: false,
        };
        if call.with_buffer(room).is_err() || call.spilled().bytes() > buffer.len() {
            return Err((LaneError::TooLong, buffer));
        }
        match self.calls.has_room() {
            Ok(true) => {}
            Ok(false) => return Err((LaneError::Full, buffer)),
            Err(violation) => return Err((self.violated(violation), buffer)),
        }
        let sent = self
            .carrier
            .send(id.slot, buffer)
            .map_err(|buffer| (LaneError::NoBuffer, buffer))?;
        // There is room, and the call fits: this does not fail.
        let call = call.with_buffer(sent).map_err(LaneError::from);
        let sending = call.and_then(|call| self.send(id, &call));
        sending.map_err(|error| {
            self.carrier.done(sent);
            (error, Buffer::nothing())
        })
    }

    /// Submits a call made on behalf of another, whose deadline it does not exceed.
    ///
    /// # Errors
    /// As [`Client::submit`].
    pub fn submit_within(&mut self, parent: Deadline, call: &Call) -> Result<CallId, LaneError> {
        let deadline = call.deadline().within(parent);
        self.submit(&call.with_deadline(deadline)?)
    }

    /// Submits calls in order until one cannot be, and puts their ids in `ids`: as many as were submitted.
    ///
    /// # Errors
    /// The [`LaneError`] of the first, if not even that was submitted.
    pub fn submit_batch(&mut self, calls: &[Call], ids: &mut [CallId]) -> Result<usize, LaneError> {
        let mut count = 0;
        for (call, place) in calls.iter().zip(ids) {
            match self.submit(call) {
                Ok(id) => *place = id,
                Err(error) if count == 0 => return Err(error),
                Err(_) => break,
            }
            count += 1;
        }
        Ok(count)
    }

    #[inline(always)]
    fn send(&mut self, id: CallId, call: &Call) -> Result<CallId, LaneError> {
        let position = self.calls.tail();
        self.push(call.encode(id))?;
        self.books.enter(Terms {
            position,
            deadline: call.deadline(),
            buffer: call.buffer(),
            pipelined: call.is_pipelined(),
        });
        Ok(id)
    }

    #[inline(always)]
    fn push(&mut self, entry: Entry) -> Result<(), LaneError> {
        match self.calls.push(entry) {
            Ok(true) => Ok(()),
            Ok(false) => Err(LaneError::Full),
            Err(violation) => Err(self.violated(violation)),
        }
    }

    /// Sends a note other than a cancellation or the end of a pipeline, which have methods of their own.
    ///
    /// # Errors
    /// [`LaneError`]; [`LaneError::Full`] is to be tried again.
    pub fn note(&mut self, note: &Note) -> Result<(), LaneError> {
        self.check()?;
        if matches!(note.kind, NoteKind::Cancel | NoteKind::Finish) {
            return Err(LaneError::NotOut);
        }
        self.push(note.encode())
    }

    /// Asks the server to end a call. It ends as what it ends; that is taken as any completion.
    ///
    /// # Errors
    /// [`LaneError::NotOut`] if it is not out, or was cancelled before; [`LaneError::Full`] is to be tried again.
    pub fn cancel(&mut self, id: CallId) -> Result<(), LaneError> {
        self.check()?;
        if !self.books.may_cancel(id) {
            return Err(LaneError::NotOut);
        }
        self.push(Note::about(NoteKind::Cancel, id).encode())?;
        self.books.cancelled(id);
        Ok(())
    }

    /// Gives a call up: asks the server to end it, and ends it here at once. No completion is taken for it any more; its
    /// credit comes back when the server has completed it.
    ///
    /// # Errors
    /// [`LaneError::NotOut`] if it is not out. That the queue is too full to ask is no error.
    pub fn abandon(&mut self, id: CallId) -> Result<(), LaneError> {
        if !self.books.is_out(id) {
            return Err(LaneError::NotOut);
        }
        let kept = self.books.unfinished(id);
        if self.check().is_ok() {
            // The server may hear it or not: the completion is swallowed either way.
            let asked = self.cancel(id);
            debug_assert!(asked != Err(LaneError::TooLong));
            if kept {
                return self.abandon_kept(id);
            }
        }
        self.books.end(id);
        Ok(())
    }

    /// Gives up a call on whose results others were made: the server is told that there will be no more.
    fn abandon_kept(&mut self, id: CallId) -> Result<(), LaneError> {
        self.push(Note::about(NoteKind::Finish, id).encode())?;
        self.books.end(id);
        Ok(())
    }

    /// No more calls will be made on the promised results of the call, which was submitted with [`Flags::PIPELINED`].
    ///
    /// # Errors
    /// [`LaneError::NotOut`] if there is no such call, or it was finished; [`LaneError::Full`] is to be tried again.
    pub fn finish(&mut self, id: CallId) -> Result<(), LaneError> {
        self.check()?;
        if !self.books.unfinished(id) {
            return Err(LaneError::NotOut);
        }
        self.push(Note::about(NoteKind::Finish, id).encode())?;
        self.books.finish(id);
        Ok(())
    }

    /// Takes the next completion, if there is one, and with it a credit. After the window was closed: the end of each call
    /// that was out, one after the other.
    ///
    /// # Errors
    /// [`LaneError::NoBuffer`]: recycle buffers, and take again. [`LaneError::Closed`], when nothing is out any more.
    #[inline(always)]
    pub fn take(&mut self) -> Result<Option<Taken>, LaneError> {
        loop {
            if self.check().is_err() {
                return self.take_abandoned().map(Some);
            }
            if !self.waiting {
                match self.look() {
                    Ok(true) => {}
                    Ok(false) => return Ok(None),
                    Err(_) => continue,
                }
            }
            match self.settle() {
                Ok((terms, Settled::Due, buffer)) => {
                    self.put_away(terms);
                    return Ok(Some(Taken {
                        id: CallId::of(&self.entry),
                        completion: Completion::of(&self.entry),
                        buffer,
                    }));
                }
                Ok((terms, Settled::Swallowed, buffer)) => {
                    self.put_away(terms);
                    if let Some(buffer) = buffer {
                        self.carrier.recycle(buffer);
                    }
                }
                Err(LaneError::NoBuffer) => {
                    self.waiting = true;
                    return Err(LaneError::NoBuffer);
                }
                Err(_) => {}
            }
        }
    }

    /// Takes completions until `to` is full or there are no more, and says how many those are.
    ///
    /// # Errors
    /// As [`Client::take`], if not even one was taken.
    pub fn take_batch(&mut self, to: &mut [Option<Taken>]) -> Result<usize, LaneError> {
        let mut count = 0;
        for place in to {
            match self.take() {
                Ok(None) => break,
                Err(error) if count == 0 => return Err(error),
                Err(_) => break,
                Ok(taken) => *place = taken,
            }
            count += 1;
        }
        Ok(count)
    }

    /// Copies out the next completion, if there is one; its place is given back when it was dealt with.
    #[inline(always)]
    fn look(&mut self) -> Result<bool, LaneError> {
        match self.completions.peek(&mut self.entry) {
            Ok(true) => Ok(true),
            Ok(false) => {
                self.looks = self.looks.wrapping_add(1);
                if self.looks.is_multiple_of(LOOKS) {
                    return self.look_at_peer();
                }
                Ok(false)
            }
            Err(violation) => Err(self.violated(violation)),
        }
    }

    /// Looks whether the other side has closed, and then once more for what it wrote before that.
    #[cold]
    fn look_at_peer(&mut self) -> Result<bool, LaneError> {
        if !self.latch.peer_closed() {
            return Ok(false);
        }
        match self.completions.peek(&mut self.entry) {
            Ok(true) => Ok(true),
            Ok(false) => Err(LaneError::Closed(self.latch.close(Closed::PeerGone))),
            Err(violation) => Err(self.violated(violation)),
        }
    }

    /// Checks the completion that was copied out against the books: what its call was submitted with, who is to have
    /// it, and its buffer.
    #[inline(always)]
    fn settle(&mut self) -> Result<(Terms, Settled, Option<Buffer>), LaneError> {
        if Completion::check(&self.entry).is_err() {
            return Err(self.violated(Violation::Entry));
        }
        let buffer = match BufferRef::of(&self.entry) {
            None => None,
            Some(claim) => match self.carrier.receive(claim) {
                Ok(buffer) => Some(buffer),
                Err(Refusal::NoBuffer) => return Err(LaneError::NoBuffer),
                Err(Refusal::NotOne) => return Err(self.violated(Violation::Buffer)),
            },
        };
        let Some((terms, settled)) = self.books.settle(CallId::of(&self.entry)) else {
            return Err(self.violated(Violation::Id));
        };
        self.waiting = false;
        self.completions.advance();
        self.completions.release();
        Ok((terms, settled, buffer))
    }

    /// Takes back what an answered call was submitted with.
    #[inline(always)]
    fn put_away(&mut self, terms: Terms) {
        // The server has read that far, or it could not have answered. An older call's answer proves less than is known.
        let read = terms.position.wrapping_add(1);
        let ahead = read.wrapping_sub(self.calls.head());
        if ahead <= self.calls.tail().wrapping_sub(self.calls.head()) {
            let passed = self.calls.passed(read);
            debug_assert_eq!(passed, Ok(()));
        }
        if let Some(sent) = terms.buffer {
            self.carrier.done(sent);
        }
    }

    /// After the window was closed: ends some call that was out.
    #[cold]
    fn take_abandoned(&mut self) -> Result<Taken, LaneError> {
        self.waiting = false;
        while let Some((id, terms, settled)) = self.books.abandon() {
            if let Some(sent) = terms.buffer {
                self.carrier.done(sent);
            }
            if settled == Settled::Due {
                return Ok(Taken {
                    id,
                    completion: Status::PEER_GONE.into(),
                    buffer: None,
                });
            }
        }
        Err(LaneError::Closed(self.latch.close(Closed::Local)))
    }

    /// Ends some call whose deadline has passed at `now` nanoseconds, and asks the server to. Its credit and its buffer come
    /// back when the server has completed it, or the window closes.
    pub fn take_expired(&mut self, now: u64) -> Option<Taken> {
        let id = self.books.expired(now)?;
        match self.abandon(id) {
            Ok(()) => Some(Taken {
                id,
                completion: Status::DEADLINE.into(),
                buffer: None,
            }),
            // The queue is too full to tell the server that nobody will call on the results; the next time, then.
            Err(_) => {
                self.books.look_again();
                None
            }
        }
    }

    /// No call that is out has a deadline before this.
    #[must_use]
    pub const fn earliest_deadline(&self) -> Deadline {
        self.books.earliest()
    }

    /// Whether the server sleeps and must be woken for what was submitted.
    #[must_use]
    pub fn must_ring(&mut self) -> bool {
        self.calls.must_ring()
    }

    /// Announces sleep until a completion comes; `false` if there is something to be taken already.
    ///
    /// # Errors
    /// [`LaneError::Closed`].
    pub fn may_sleep(&mut self) -> Result<bool, LaneError> {
        self.check()?;
        if self.waiting {
            return Ok(false);
        }
        match self.completions.may_sleep() {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(violation) => return Err(self.violated(violation)),
        }
        Ok(!self.look_at_peer()?)
    }
}

impl<M: Memory, C: Carrier> Drop for Client<M, C> {
    fn drop(&mut self) {
        self.latch.close(Closed::Local);
        while self.take_abandoned().is_ok() {}
    }
}
