//! The end of a lane that answers.

use core::fmt;

use super::LaneError;
use super::owed::{Dropped, Owed};
use crate::buffer::Buffer;
use crate::carrier::{Carrier, Local, Refusal};
use crate::entry::{
    BufferRef, Call, CallId, Completion, Entry, Kind, Note, NoteKind, Spilled, Status,
};
use crate::layout::{ENTRY_WORDS, LaneLines};
use crate::memory::{Heap, Memory};
use crate::queue::{Consumer, Producer};
use crate::sync::Arc;
use crate::window::{Closed, Latch, Violation};
use alloc::collections::VecDeque;

/// Empty looks between two looks at whether the other side has closed.
const LOOKS: u32 = 64;

/// The end that answers. One core at a time works on it.
#[repr(align(128))]
pub struct Server<M: Memory = Heap, C: Carrier = Local> {
    pub(super) calls: Consumer<M>,
    pub(super) completions: Producer<M>,
    owed: Owed,
    latch: Arc<Latch<M>>,
    carrier: C,
    /// Buffers that went with completions, until the client's index has passed those.
    lent: VecDeque<(u32, BufferRef)>,
    looks: u32,
    /// A call whose buffer found no private one to be copied to.
    waiting: bool,
    /// The entry that was copied out last.
    entry: Entry,
}

/// A call that was taken and is to be completed, once: [`Server::complete`] consumes it. If it is dropped instead, for
/// instance because its handler panicked, the server completes it as [`Status::DROPPED`].
#[must_use = "each call ends in exactly one completion"]
pub struct Incoming {
    id: CallId,
    /// What is asked. Its buffer is below, whatever it says.
    pub call: Call,
    /// Arguments that did not fit in the entry.
    pub buffer: Option<Buffer>,
    token: Option<Arc<Dropped>>,
}

impl Incoming {
    /// Its name in this lane: what a [`Event::Cancel`] says, and calls on its promised results.
    #[must_use]
    pub const fn id(&self) -> CallId {
        self.id
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("id", &self.id)
            .field("call", &self.call)
            .finish_non_exhaustive()
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let Some(token) = self.token.take() {
            token.add(self.id.slot);
        }
    }
}

/// What came from the client.
#[derive(Debug)]
pub enum Event {
    /// A call, to be completed.
    Call(Incoming),
    /// A call that was taken is of no more use to its caller. It is still to be completed.
    Cancel(CallId),
    /// Another note. One that says [`NoteKind::Finish`] has been entered in the books.
    Note(Note),
}

impl<M: Memory, C: Carrier> Server<M, C> {
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
            calls: Consumer::new(mine.clone(), theirs.clone(), lines),
            completions: Producer::new(mine, theirs, lines),
            owed: Owed::new(lines.size()),
            latch,
            carrier,
            lent: VecDeque::with_capacity(lines.size() as usize),
            looks: 0,
            waiting: false,
            entry: [0; ENTRY_WORDS],
        }
    }

    /// Calls taken and not completed.
    #[must_use]
    pub const fn owed(&self) -> usize {
        self.owed.count()
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

    #[cold]
    fn violated(&self, violation: Violation) -> LaneError {
        LaneError::Closed(self.latch.close(violation.into()))
    }

    #[inline(always)]
    fn check(&self) -> Result<(), LaneError> {
        match self.latch.closed() {
            None => Ok(()),
            Some(closed) => Err(LaneError::Closed(closed)),
        }
    }

    /// Takes what came next, if there is something.
    ///
    /// # Errors
    /// [`LaneError::NoBuffer`]: recycle buffers, and take again. [`LaneError::Closed`].
    #[inline(always)]
    pub fn receive(&mut self) -> Result<Option<Event>, LaneError> {
        if !self.fetch()? {
            return Ok(None);
        }
        if Kind::of(&self.entry) != Kind::CALL {
            return self.enter_note().map(Some);
        }
        let (token, buffer) = self.enter_call()?;
        Ok(Some(Event::Call(Incoming {
            call: Call::of(&self.entry),
            id: CallId::of(&self.entry),
            buffer,
            token: Some(token),
        })))
    }

    /// Copies out the next entry, if there is one, after the calls that were dropped have been completed.
    #[inline(always)]
    fn fetch(&mut self) -> Result<bool, LaneError> {
        self.check()?;
        while let Some(id) = self.owed.dropped() {
            self.finish_call(id, None, &Status::DROPPED.into(), None)?;
        }
        if self.waiting {
            return Ok(true);
        }
        self.look()
    }

    /// Takes the next call, if there is one, and passes over notes: for a server that hands out no capabilities and does
    /// not stop what it has begun.
    ///
    /// # Errors
    /// As [`Server::receive`].
    #[inline(always)]
    pub fn take(&mut self) -> Result<Option<Incoming>, LaneError> {
        loop {
            if !self.fetch()? {
                return Ok(None);
            }
            if Kind::of(&self.entry) == Kind::CALL {
                let (token, buffer) = self.enter_call()?;
                return Ok(Some(Incoming {
                    call: Call::of(&self.entry),
                    id: CallId::of(&self.entry),
                    buffer,
                    token: Some(token),
                }));
            }
            self.enter_note()?;
        }
    }

    /// Takes the next call that is not too late at `now` nanoseconds; those that are end as [`Status::DEADLINE`].
    ///
    /// # Errors
    /// As [`Server::receive`].
    pub fn take_in_time(&mut self, now: u64) -> Result<Option<Incoming>, LaneError> {
        loop {
            match self.take()? {
                Some(late) if late.call.deadline().has_passed(now) => {
                    self.complete(late, &Status::DEADLINE.into())?;
                }
                other => return Ok(other),
            }
        }
    }

    /// Takes events until `to` is full or there are no more, and says how many those are.
    ///
    /// # Errors
    /// As [`Server::receive`], if not even one was taken.
    pub fn receive_batch(&mut self, to: &mut [Option<Event>]) -> Result<usize, LaneError> {
        let mut count = 0;
        for place in to {
            match self.receive() {
                Ok(None) => break,
                Err(error) if count == 0 => return Err(error),
                Err(_) => break,
                Ok(event) => *place = event,
            }
            count += 1;
        }
        Ok(count)
    }

    /// Copies out the next entry, if there is one.
    #[inline(always)]
    fn look(&mut self) -> Result<bool, LaneError> {
        match self.calls.peek(&mut self.entry) {
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
        match self.calls.peek(&mut self.entry) {
            Ok(true) => Ok(true),
            Ok(false) => Err(LaneError::Closed(self.latch.close(Closed::PeerGone))),
            Err(violation) => Err(self.violated(violation)),
        }
    }

    /// Checks the call that was copied out against the books: what it takes along, and its buffer.
    #[inline(always)]
    fn enter_call(&mut self) -> Result<(Arc<Dropped>, Option<Buffer>), LaneError> {
        if Call::check(&self.entry).is_err() {
            return Err(self.violated(Violation::Entry));
        }
        let buffer = match BufferRef::of(&self.entry) {
            None => None,
            Some(claim) => match self.carrier.receive(claim) {
                Ok(buffer) => Some(buffer),
                Err(Refusal::NoBuffer) => {
                    self.waiting = true;
                    return Err(LaneError::NoBuffer);
                }
                Err(Refusal::NotOne) => return Err(self.violated(Violation::Buffer)),
            },
        };
        let kept = Call::of(&self.entry).is_pipelined();
        let Some(token) = self.owed.enter(CallId::of(&self.entry), kept) else {
            return Err(self.violated(Violation::Id));
        };
        self.waiting = false;
        self.calls.advance();
        self.calls.release();
        Ok((token, buffer))
    }

    #[cold]
    fn enter_note(&mut self) -> Result<Event, LaneError> {
        let Ok(note) = Note::decode(&self.entry) else {
            return Err(self.violated(Violation::Entry));
        };
        self.calls.advance();
        self.calls.release();
        if note.kind == NoteKind::Finish {
            self.owed.finish(note.call);
        }
        Ok(match note.kind {
            NoteKind::Cancel if self.owed.is_owed(note.call) => Event::Cancel(note.call),
            _ => Event::Note(note),
        })
    }

    /// Completes a call without a buffer.
    ///
    /// # Errors
    /// [`LaneError::TooLong`]: then the call ends as [`Status::FAILED`]. [`LaneError::Closed`].
    #[inline(always)]
    pub fn complete(
        &mut self,
        mut incoming: Incoming,
        completion: &Completion,
    ) -> Result<(), LaneError> {
        if let Some(buffer) = incoming.buffer.take() {
            self.carrier.recycle(buffer);
        }
        let token = incoming.token.take();
        if completion.buffer().is_some() || completion.spilled() != Spilled::default() {
            self.finish_call(incoming.id, token, &Status::FAILED.into(), None)?;
            return Err(LaneError::TooLong);
        }
        self.finish_call(incoming.id, token, completion, None)
    }

    /// Completes a call with a buffer. It may be the one that came with the call.
    ///
    /// # Errors
    /// [`LaneError::NoBuffer`] with all that was given: nothing was done. [`LaneError::TooLong`] likewise.
    /// [`LaneError::Closed`]; then the call has ended anyway.
    pub fn complete_with(
        &mut self,
        mut incoming: Incoming,
        completion: &Completion,
        buffer: Buffer,
    ) -> Result<(), (LaneError, Option<(Incoming, Buffer)>)> {
        self.check().map_err(|error| (error, None))?;
        let room = BufferRef {
            index: 0,
            len: 0,
            pages: false,
        };
        let long = completion.with_buffer(room).is_err();
        if long || completion.spilled().bytes() > buffer.len() {
            return Err((LaneError::TooLong, Some((incoming, buffer))));
        }
        if C::LENDS {
            self.reclaim().map_err(|error| (error, None))?;
            if self.lent.len() == self.lent.capacity() {
                return Err((LaneError::NoBuffer, Some((incoming, buffer))));
            }
        }
        let sent = match self.carrier.send(incoming.id.slot, buffer) {
            Ok(sent) => sent,
            Err(buffer) => return Err((LaneError::NoBuffer, Some((incoming, buffer)))),
        };
        // It fits, as was found.
        let completion = completion
            .with_buffer(sent)
            .unwrap_or(Completion::new(Status::FAILED));
        if let Some(arguments) = incoming.buffer.take() {
            self.carrier.recycle(arguments);
        }
        let token = incoming.token.take();
        self.finish_call(incoming.id, token, &completion, Some(sent))
            .map_err(|error| (error, None))
    }

    /// Takes back buffers of completions that the client has dealt with.
    fn reclaim(&mut self) -> Result<(), LaneError> {
        if self.lent.is_empty() {
            return Ok(());
        }
        if let Err(violation) = self.completions.room() {
            return Err(self.violated(violation));
        }
        while let Some((position, sent)) = self.lent.front().copied() {
            // Distance to what the client has passed: it has not, if that is not behind.
            let behind = self.completions.head().wrapping_sub(position);
            if behind == 0 || behind > u32::MAX / 2 {
                break;
            }
            self.lent.pop_front();
            self.carrier.done(sent);
        }
        Ok(())
    }

    /// Writes the completion. There is a place for it: the client had a credit, or it lied, and then its own unread
    /// completions are written over.
    #[inline(always)]
    fn finish_call(
        &mut self,
        id: CallId,
        token: Option<Arc<Dropped>>,
        completion: &Completion,
        sent: Option<BufferRef>,
    ) -> Result<(), LaneError> {
        self.owed.settle(id, token);
        self.check()?;
        if let Some(sent) = sent.filter(|_| C::LENDS) {
            self.lent.push_back((self.completions.tail(), sent));
        }
        self.completions.push_over(completion.encode(id));
        Ok(())
    }

    /// Whether the client sleeps and must be woken for what was completed.
    #[must_use]
    pub fn must_ring(&mut self) -> bool {
        self.completions.must_ring()
    }

    /// Announces sleep until something comes; `false` if something has already.
    ///
    /// # Errors
    /// [`LaneError::Closed`].
    pub fn may_sleep(&mut self) -> Result<bool, LaneError> {
        self.check()?;
        if self.waiting {
            return Ok(false);
        }
        match self.calls.may_sleep() {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(violation) => return Err(self.violated(violation)),
        }
        Ok(!self.look_at_peer()?)
    }
}

impl<M: Memory, C: Carrier> Drop for Server<M, C> {
    fn drop(&mut self) {
        self.latch.close(Closed::Local);
        while let Some((_, sent)) = self.lent.pop_front() {
            self.carrier.done(sent);
        }
    }
}
