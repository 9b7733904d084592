//! A queue of received calls that other cores may take from: the core that received them pushes at the tail, and it and
//! idle cores take from the head. Bounded, and nothing is allocated after it was made.
//!
//! First in, first out also for the owner. The classic deque hands its owner the newest entry, which starves old calls
//! of a server; and taking from one end alone lets a thief move half of what is there with a single exchange.
//!
//! Items are carried as words in atomics, so the crate needs no unsafe code for what may be read while it is written:
//!
//! 1. An entry is taken by moving the head past it with a compare-exchange; whoever succeeds is its one owner.
//! 2. A taker reads the words *before* that exchange. Had the owner written over them by then, the head would have been
//!    past them, as [`Owner::push`] writes to a place only when it saw the head past the entry that was there; heads
//!    never repeat (64 bits, counting up), so the exchange fails and the words read are thrown away.
//! 3. Success releases those reads to the owner, who acquires the head before it writes to the place again.
//!
//! What keeps calls to one object in order is not here: a queue of an object's calls is itself the item, or its calls are
//! not offered to thieves. Neighbours: [`crate::deque::team`] gives each core of a team one of these.

pub mod team;

use alloc::boxed::Box;
use core::marker::PhantomData;

use crate::sync::{Arc, AtomicU64, Ordering};

/// Most entries that one steal moves.
pub const MAX_BATCH: u64 = 64;

/// What can be carried as `N` words. Reading back the words of an item gives an equal item, which then is the only one:
/// a deque reads each back exactly once.
pub trait Words<const N: usize>: Sized + Send {
    /// The item as words.
    fn into_words(self) -> [u64; N];

    /// The item that [`Words::into_words`] made these of.
    fn from_words(words: [u64; N]) -> Self;
}

impl<const N: usize> Words<N> for [u64; N] {
    fn into_words(self) -> [u64; N] {
        self
    }

    fn from_words(words: [u64; N]) -> Self {
        words
    }
}

/// An index alone on its cache line; 128 bytes, as processors fetch lines in pairs.
#[repr(align(128))]
struct Index(AtomicU64);

struct Shared<T: Words<N>, const N: usize> {
    /// Number of the next entry to be taken.
    head: Index,
    /// Number of the next entry to be pushed. Only the owner writes it.
    tail: Index,
    /// A power of two of them.
    places: Box<[[AtomicU64; N]]>,
    items: PhantomData<fn() -> T>,
}

/// What is in a place: each entry has one, that of its number modulo their count.
impl<T: Words<N>, const N: usize> Shared<T, N> {
    fn place(&self, number: u64) -> Option<&[AtomicU64; N]> {
        // The mask is below the length, which is a `usize`.
        self.places
            .get((number & (self.places.len() as u64 - 1)) as usize)
    }

    fn read(&self, number: u64) -> [u64; N] {
        let place = self.place(number);
        core::array::from_fn(|word| {
            place
                .and_then(|place| place.get(word))
                .map_or(0, |word| word.load(Ordering::Relaxed))
        })
    }

    fn write(&self, number: u64, words: [u64; N]) {
        for (to, word) in self.place(number).into_iter().flatten().zip(words) {
            to.store(word, Ordering::Relaxed);
        }
    }

    /// The head, and how many entries are from it on. Never more than there were at one moment after the call began.
    fn look(&self) -> (u64, u64) {
        // Acquire, both: the tail seen is not older than the head, and the entries before it are written.
        let head = self.head.0.load(Ordering::Acquire);
        let tail = self.tail.0.load(Ordering::Acquire);
        (head, tail.saturating_sub(head))
    }

    /// Moves the head from `head` on by `count`: whether these entries are the caller's now.
    fn claim(&self, head: u64, count: u64) -> bool {
        let next = head.wrapping_add(count);
        self.head
            .0
            .compare_exchange(head, next, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }

    /// Takes the oldest entry. An exchange fails only because another core took one: some core always gets on.
    fn take(&self) -> Option<T> {
        loop {
            let (head, filled) = self.look();
            if filled == 0 {
                return None;
            }
            let words = self.read(head);
            if self.claim(head, 1) {
                return Some(T::from_words(words));
            }
        }
    }
}

impl<T: Words<N>, const N: usize> Drop for Shared<T, N> {
    fn drop(&mut self) {
        while self.take().is_some() {}
    }
}

/// The core that pushes. There is one, and it is not shared: pushing takes `&mut self`.
pub struct Owner<T: Words<N>, const N: usize> {
    shared: Arc<Shared<T, N>>,
    tail: u64,
    /// The head as last seen, which it is at or past.
    head: u64,
}

/// What another core holds of a deque: it can take, and not push.
pub struct Thief<T: Words<N>, const N: usize> {
    shared: Arc<Shared<T, N>>,
}

impl<T: Words<N>, const N: usize> Clone for Thief<T, N> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

/// A deque of at least `capacity` entries: the next power of two, and at least 2.
#[must_use]
pub fn deque<T: Words<N>, const N: usize>(capacity: u32) -> (Owner<T, N>, Thief<T, N>) {
    let capacity = u64::from(capacity.max(2)).next_power_of_two();
    let shared = Arc::new(Shared {
        head: Index(AtomicU64::new(0)),
        tail: Index(AtomicU64::new(0)),
        places: (0..capacity)
            .map(|_| core::array::from_fn(|_| AtomicU64::new(0)))
            .collect(),
        items: PhantomData,
    });
    let owner = Owner {
        shared: shared.clone(),
        tail: 0,
        head: 0,
    };
    (owner, Thief { shared })
}

impl<T: Words<N>, const N: usize> Owner<T, N> {
    /// Entries it has places for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.shared.places.len()
    }

    /// Entries in it, at most: others may just be taking some.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tail
            .saturating_sub(self.shared.head.0.load(Ordering::Relaxed)) as usize
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Free places; looks at the head only when those seen before are used up.
    fn room(&mut self, wanted: u64) -> u64 {
        let capacity = self.shared.places.len() as u64;
        if capacity.saturating_sub(self.tail.saturating_sub(self.head)) < wanted {
            // Acquire: takers have read what they took before it is written over.
            self.head = self.shared.head.0.load(Ordering::Acquire);
        }
        capacity.saturating_sub(self.tail.saturating_sub(self.head))
    }

    /// Shows takers `count` entries that were written from the tail on.
    fn publish(&mut self, count: u64) {
        self.tail = self.tail.wrapping_add(count);
        self.shared.tail.0.store(self.tail, Ordering::Release);
    }

    /// Adds an item.
    ///
    /// # Errors
    /// The item, if the deque is full.
    pub fn push(&mut self, item: T) -> Result<(), T> {
        if self.room(1) == 0 {
            return Err(item);
        }
        self.shared.write(self.tail, item.into_words());
        self.publish(1);
        Ok(())
    }

    /// Takes the oldest item.
    pub fn pop(&mut self) -> Option<T> {
        // Nobody else pushes: with the head at the tail it is empty, whatever thieves do.
        if self.shared.head.0.load(Ordering::Relaxed) == self.tail {
            return None;
        }
        self.shared.take()
    }

    /// Takes half of what `victim` has, rounded up, at most [`MAX_BATCH`] and what there are places for: the oldest for the
    /// caller to work on now, the others into this deque. `None` if there was nothing, or if it was gone too quickly.
    ///
    /// A deque is not its own victim: that gives `None`.
    pub fn steal_half(&mut self, victim: &Thief<T, N>) -> Option<T> {
        if Arc::ptr_eq(&self.shared, &victim.shared) {
            return None;
        }
        let (head, filled) = victim.shared.look();
        // Never above MAX_BATCH.
        let wanted = filled.div_ceil(2).min(MAX_BATCH);
        let count = wanted.min(self.room(wanted).saturating_add(1));
        if count == 0 {
            return None;
        }
        let first = victim.shared.read(head);
        // Past the tail nobody looks; if the claim fails these are written over later.
        for offset in 1..count {
            let words = victim.shared.read(head.wrapping_add(offset));
            let place = self.tail.wrapping_add(offset).wrapping_sub(1);
            self.shared.write(place, words);
        }
        if !victim.shared.claim(head, count) {
            return None;
        }
        if count > 1 {
            self.publish(count - 1);
        }
        Some(T::from_words(first))
    }
}

impl<T: Words<N>, const N: usize> Thief<T, N> {
    /// Takes the oldest item.
    #[must_use]
    pub fn steal(&self) -> Option<T> {
        self.shared.take()
    }

    /// Whether nothing was there just now.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shared.look().1 == 0
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
