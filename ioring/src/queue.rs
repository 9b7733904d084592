//! One direction of a lane: one producer, one consumer, entries in between. Indices run freely over 32 bits; the place of
//! an entry is its index modulo the size.
//!
//! An entry carries its sequence, its index plus one, in the low half of its first word, which is stored last. So the consumer
//! sees an entry by looking at the entry, and one cache line crosses. The indices are published beside, and read only when
//! the producer believes the queue to be full. Each side keeps its own index in private memory, so what the other side
//! writes to shared words changes nothing of it.

#[cfg(feature = "hostile")]
mod hostile;

use crate::entry::Entry;
use crate::layout::{ENTRY_WORDS, Geometry, LaneLines, halves};
use crate::memory::{Heap, Memory};
use crate::sync::{Ordering, fence};
use crate::window::Violation;

/// The low half of an entry's first word.
const SEQUENCE: u64 = 0xffff_ffff;

/// The side that writes. There is one, and it is not shared: `push` takes `&mut self`.
#[derive(Debug)]
pub struct Producer<M = Heap> {
    /// The half that this side writes.
    mine: M,
    /// The other half.
    theirs: M,
    lines: LaneLines,
    tail: u32,
    /// The consumer's index as last seen: at most `tail`, and at most the size behind it.
    head: u32,
    /// The consumer's sleep for which it has been rung.
    rung: u64,
    broken: Option<Violation>,
}

/// The side that reads.
#[derive(Debug)]
pub struct Consumer<M = Heap> {
    mine: M,
    theirs: M,
    lines: LaneLines,
    head: u32,
    /// The sleep word: odd while asleep.
    sleep: u64,
    broken: Option<Violation>,
}

/// A queue of `geometry.entries()` entries on the heap.
#[must_use]
pub fn queue(geometry: Geometry) -> (Producer, Consumer) {
    let lines = geometry.half_lines();
    let (mine, theirs) = (Heap::new(lines), Heap::new(lines));
    // A geometry has a lane 0.
    let place = geometry.lane(0).unwrap_or_else(|| unreachable!());
    (
        Producer::new(mine.clone(), theirs.clone(), place),
        Consumer::new(theirs, mine, place),
    )
}

impl<M: Memory> Producer<M> {
    pub(crate) const fn new(mine: M, theirs: M, lines: LaneLines) -> Self {
        Self {
            mine,
            theirs,
            lines,
            tail: 0,
            head: 0,
            rung: 0,
            broken: None,
        }
    }

    /// Index of the next entry.
    #[inline(always)]
    pub(crate) const fn tail(&self) -> u32 {
        self.tail
    }

    /// Entries that can be pushed before the consumer reads on.
    ///
    /// # Errors
    /// [`Violation::Head`] if the consumer's index is one that it cannot have; the queue is broken for good.
    pub fn room(&mut self) -> Result<u32, Violation> {
        self.broken.map_or(Ok(()), Err)?;
        // Acquire: the consumer has read what it gives back before it is written over.
        let [head, _] = halves(self.theirs.poll(self.lines.head));
        if let Err(violation) = self.passed(head) {
            self.broken = Some(violation);
            return Err(violation);
        }
        Ok(self.known_room())
    }

    /// Entries that can be pushed as far as this side knows.
    #[inline(always)]
    const fn known_room(&self) -> u32 {
        let filled = self.tail.wrapping_sub(self.head);
        self.lines.size() - filled
    }

    /// Everything before `head` has been read: the consumer says so, or it has answered what lies there.
    #[inline(always)]
    pub(crate) const fn passed(&mut self, head: u32) -> Result<(), Violation> {
        if head.wrapping_sub(self.head) > self.tail.wrapping_sub(self.head) {
            return Err(Violation::Head);
        }
        self.head = head;
        Ok(())
    }

    /// The consumer's index as last seen.
    pub(crate) const fn head(&self) -> u32 {
        self.head
    }

    /// Writes an entry, whose sequence is put in here, and makes it visible. Returns whether there was room.
    ///
    /// # Errors
    /// [`Violation::Head`], as [`Producer::room`].
    #[inline(always)]
    pub fn push(&mut self, entry: Entry) -> Result<bool, Violation> {
        if !self.has_room()? {
            return Ok(false);
        }
        self.write(entry);
        self.mine.store(self.lines.tail, 0, u64::from(self.tail));
        Ok(true)
    }

    /// Pushes as many entries as there is room for, in order, and says how many those were.
    ///
    /// # Errors
    /// [`Violation::Head`], as [`Producer::room`]; then none was pushed.
    pub fn push_batch(&mut self, entries: &[Entry]) -> Result<usize, Violation> {
        let mut room = self.known_room() as usize;
        if room < entries.len() || self.broken.is_some() {
            room = self.room()? as usize;
        }
        let count = room.min(entries.len());
        for entry in entries.iter().take(count) {
            self.write(*entry);
        }
        self.mine.store(self.lines.tail, 0, u64::from(self.tail));
        Ok(count)
    }

    /// Whether an entry can be pushed; looks at the consumer's index only if there seems to be no room.
    ///
    /// # Errors
    /// [`Violation::Head`], as [`Producer::room`].
    #[inline(always)]
    pub fn has_room(&mut self) -> Result<bool, Violation> {
        if self.known_room() > 0 && self.broken.is_none() {
            return Ok(true);
        }
        Ok(self.room()? > 0)
    }

    /// Writes an entry for which the consumer has a place free, by the rules of whoever counts credits. If it lied about
    /// that, entries that it has not read are written over.
    #[inline(always)]
    pub(crate) fn push_over(&mut self, entry: Entry) {
        if self.known_room() == 0 {
            self.head = self.head.wrapping_add(1);
        }
        self.write(entry);
        self.mine.store(self.lines.tail, 0, u64::from(self.tail));
    }

    /// Writes an entry for which there is room.
    #[inline(always)]
    fn write(&mut self, mut entry: Entry) {
        let place = self.lines.place(self.tail);
        self.tail = self.tail.wrapping_add(1);
        entry[0] = entry[0] & !SEQUENCE | u64::from(self.tail);
        self.mine.put_entry(place, entry);
    }

    /// Whether the consumer sleeps and must be woken for what was pushed; once for each time it went to sleep.
    #[must_use]
    pub fn must_ring(&mut self) -> bool {
        // Pairs with the fence in `may_sleep`: one of the two sides sees what the other wrote.
        fence(Ordering::SeqCst);
        let sleep = self.theirs.load(self.lines.sleep, 0);
        let ring = sleep & 1 == 1 && sleep != self.rung;
        if ring {
            self.rung = sleep;
        }
        ring
    }
}

impl<M: Memory> Consumer<M> {
    pub(crate) const fn new(mine: M, theirs: M, lines: LaneLines) -> Self {
        Self {
            mine,
            theirs,
            lines,
            head: 0,
            sleep: 0,
            broken: None,
        }
    }

    /// Copies out the next entry, if there is one, with its sequence cleared, and gives its place back.
    ///
    /// # Errors
    /// [`Violation::Sequence`] if the place holds what no producer writes there; the queue is broken for good.
    #[inline(always)]
    pub fn pop(&mut self) -> Result<Option<Entry>, Violation> {
        let mut entry = [0; ENTRY_WORDS];
        if !self.peek(&mut entry)? {
            return Ok(None);
        }
        self.advance();
        self.release();
        Ok(Some(entry))
    }

    /// Copies out entries until `to` is full or there are no more, gives their places back, and says how many those were.
    ///
    /// # Errors
    /// [`Violation::Sequence`], as [`Consumer::pop`]; what was copied before that is lost with the queue.
    pub fn pop_batch(&mut self, to: &mut [Entry]) -> Result<usize, Violation> {
        let mut count = 0;
        for place in to {
            if !self.peek(place)? {
                break;
            }
            self.advance();
            count += 1;
        }
        if count > 0 {
            self.release();
        }
        Ok(count)
    }

    /// Copies out the next entry, if there is one, with its sequence cleared.
    #[inline(always)]
    pub(crate) fn peek(&mut self, to: &mut Entry) -> Result<bool, Violation> {
        if self.sleep & 1 == 1 {
            self.wake();
        }
        let place = self.lines.place(self.head);
        let first = self.theirs.poll(place);
        if first & SEQUENCE != u64::from(self.head.wrapping_add(1)) {
            return self.nothing_yet(first);
        }
        if let Some(violation) = self.broken {
            return Err(violation);
        }
        to[0] = first & !SEQUENCE;
        self.theirs.entry(place, to);
        Ok(true)
    }

    /// Whether a sequence that is not the next one is the one before.
    #[inline(always)]
    fn nothing_yet(&mut self, first: u64) -> Result<bool, Violation> {
        let [sequence, _] = halves(first);
        let size = self.lines.size();
        let before = self.head.wrapping_add(1).wrapping_sub(size);
        if sequence != before && (sequence != 0 || self.head >= size) {
            self.broken.get_or_insert(Violation::Sequence);
        }
        self.broken.map_or(Ok(false), Err)
    }

    /// Steps over the entry that was copied out.
    #[inline(always)]
    pub(crate) const fn advance(&mut self) {
        self.head = self.head.wrapping_add(1);
    }

    /// Gives places back up to there.
    #[inline(always)]
    pub(crate) fn release(&self) {
        // Release: the entries were read before their places are given back.
        self.mine.publish(self.lines.head, u64::from(self.head));
    }

    fn wake(&mut self) {
        self.sleep += 1;
        self.mine.store(self.lines.sleep, 0, self.sleep);
    }

    /// Announces sleep and looks once more: whether to sleep. An entry pushed after that look finds the announcement,
    /// and [`Producer::must_ring`] says so. The next look at the queue ends the sleep.
    ///
    /// # Errors
    /// [`Violation::Sequence`], as [`Consumer::pop`].
    pub fn may_sleep(&mut self) -> Result<bool, Violation> {
        if self.sleep & 1 == 0 {
            self.wake();
        } else {
            // Was asleep and is again: another sleep, for which it is rung again.
            self.sleep += 2;
            self.mine.store(self.lines.sleep, 0, self.sleep);
        }
        fence(Ordering::SeqCst);
        let first = self.theirs.poll(self.lines.place(self.head));
        if first & SEQUENCE == u64::from(self.head.wrapping_add(1)) {
            self.wake();
            return self.broken.map_or(Ok(false), Err);
        }
        self.nothing_yet(first)?;
        Ok(true)
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
