//! One direction of a ring: one producer, one consumer, entries in between. Indices run freely over 32 bits; the
//! place of an entry is its index modulo the size. Each side keeps its own index in private memory and only publishes
//! it, so what the other side writes to the shared copy changes nothing.

#[cfg(feature = "hostile")]
mod hostile;

use alloc::boxed::Box;

use crate::entry::Entry;
use crate::layout::{ENTRY_WORDS, Geometry};
use crate::sync::{Arc, AtomicU32, AtomicU64, Ordering, fence};

/// The other side's index cannot be true. Nothing more is read or written: the queue is broken for good.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Broken;

/// A word alone on its cache line.
#[repr(C, align(64))]
struct Line(AtomicU32);

/// An entry's place. Words are stored and loaded relaxed; the index that is published after or read before orders them.
#[repr(C, align(64))]
struct Place([AtomicU64; ENTRY_WORDS]);

impl Place {
    fn new() -> Self {
        Self(core::array::from_fn(|_| AtomicU64::new(0)))
    }
}

struct Shared {
    /// Index of the next entry to be written; published by the producer.
    tail: Line,
    /// Index of the next entry to be read; published by the consumer.
    head: Line,
    /// 1 while the consumer sleeps and has to be rung for.
    asleep: Line,
    places: Box<[Place]>,
}

impl Shared {
    fn place(&self, index: u32) -> Option<&Place> {
        self.places.get(index as usize & (self.places.len() - 1))
    }
}

/// The side that writes. There is one, and it is not shared: `push` takes `&mut self`.
pub struct Producer {
    shared: Arc<Shared>,
    tail: u32,
    /// The consumer's index as last seen.
    head: u32,
    broken: bool,
}

/// The side that reads.
pub struct Consumer {
    shared: Arc<Shared>,
    head: u32,
    /// The producer's index as last seen.
    tail: u32,
    broken: bool,
}

/// A queue of `geometry.entries()` entries.
#[must_use]
pub fn queue(geometry: Geometry) -> (Producer, Consumer) {
    queue_from(geometry, 0)
}

/// A queue whose indices begin at `start`.
fn queue_from(geometry: Geometry, start: u32) -> (Producer, Consumer) {
    let shared = Arc::new(Shared {
        tail: Line(AtomicU32::new(start)),
        head: Line(AtomicU32::new(start)),
        asleep: Line(AtomicU32::new(0)),
        places: (0..geometry.entries()).map(|_| Place::new()).collect(),
    });
    let producer = Producer {
        shared: shared.clone(),
        tail: start,
        head: start,
        broken: false,
    };
    let consumer = Consumer {
        shared,
        head: start,
        tail: start,
        broken: false,
    };
    (producer, consumer)
}

impl Producer {
    /// Entries that can be pushed before the consumer reads on.
    ///
    /// # Errors
    /// [`Broken`] if the consumer's index is one that it cannot have.
    pub fn room(&mut self) -> Result<u32, Broken> {
        if self.broken {
            return Err(Broken);
        }
        // Acquire: the consumer has read what it gives back before it is written over.
        self.head = self.shared.head.0.load(Ordering::Acquire);
        let size = self.shared.places.len() as u32;
        let filled = self.tail.wrapping_sub(self.head);
        self.broken = filled > size;
        size.checked_sub(filled).ok_or(Broken)
    }

    /// Writes an entry and publishes it. Returns whether there was room.
    ///
    /// # Errors
    /// [`Broken`], as [`Producer::room`].
    pub fn push(&mut self, entry: Entry) -> Result<bool, Broken> {
        let size = self.shared.places.len() as u32;
        let seen_full = self.tail.wrapping_sub(self.head) >= size;
        if (seen_full || self.broken) && self.room()? == 0 {
            return Ok(false);
        }
        let place = self.shared.place(self.tail).ok_or(Broken)?;
        for (word, value) in place.0.iter().zip(entry) {
            word.store(value, Ordering::Relaxed);
        }
        self.tail = self.tail.wrapping_add(1);
        self.shared.tail.0.store(self.tail, Ordering::Release);
        Ok(true)
    }

    /// Whether the consumer sleeps and must be woken for what was pushed; once for each time it went to sleep.
    #[must_use]
    pub fn must_ring(&self) -> bool {
        // Pairs with the fence in `may_sleep`: one of the two sides sees what the other wrote.
        fence(Ordering::SeqCst);
        self.shared.asleep.0.load(Ordering::Relaxed) == 1
            && self.shared.asleep.0.swap(0, Ordering::Relaxed) == 1
    }
}

impl Consumer {
    /// Copies out the next entry, if there is one.
    ///
    /// # Errors
    /// [`Broken`] if the producer's index is one that it cannot have.
    pub fn pop(&mut self) -> Result<Option<Entry>, Broken> {
        if self.available()? == 0 {
            return Ok(None);
        }
        let place = self.shared.place(self.head).ok_or(Broken)?;
        let entry = core::array::from_fn(|word| place.0[word].load(Ordering::Relaxed));
        self.head = self.head.wrapping_add(1);
        // Release: the entry was read before its place is given back.
        self.shared.head.0.store(self.head, Ordering::Release);
        Ok(Some(entry))
    }

    /// Entries to be read; looks at the producer's index only when those seen before are used up.
    fn available(&mut self) -> Result<u32, Broken> {
        if self.broken {
            return Err(Broken);
        }
        if self.tail == self.head {
            // Acquire: entries up to there are written.
            self.tail = self.shared.tail.0.load(Ordering::Acquire);
        }
        let filled = self.tail.wrapping_sub(self.head);
        self.broken = filled > self.shared.places.len() as u32;
        if self.broken { Err(Broken) } else { Ok(filled) }
    }

    /// Announces sleep and looks once more: whether to sleep. An entry pushed after that look finds the announcement,
    /// and [`Producer::must_ring`] says so.
    ///
    /// # Errors
    /// [`Broken`], as [`Consumer::pop`].
    pub fn may_sleep(&mut self) -> Result<bool, Broken> {
        self.shared.asleep.0.store(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if self.available()? == 0 {
            return Ok(true);
        }
        self.shared.asleep.0.store(0, Ordering::Relaxed);
        Ok(false)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    fn small() -> Geometry {
        Geometry::new(4, 1).unwrap()
    }

    #[test]
    fn a_runaway_index_breaks_the_queue_for_good() {
        let (mut producer, mut consumer) = queue(small());
        assert_eq!(producer.push([1; 8]), Ok(true));
        producer.shared.tail.0.store(6, Ordering::Relaxed);
        assert_eq!(consumer.pop(), Err(Broken));
        producer.shared.tail.0.store(1, Ordering::Relaxed);
        assert_eq!(consumer.pop(), Err(Broken));
        consumer.shared.head.0.store(3, Ordering::Relaxed);
        assert_eq!(producer.room(), Err(Broken));
        consumer.shared.head.0.store(0, Ordering::Relaxed);
        assert_eq!(producer.push([2; 8]), Err(Broken));
    }

    #[test]
    fn a_sleeper_is_rung_for_once() {
        let (mut producer, mut consumer) = queue(small());
        assert_eq!(consumer.may_sleep(), Ok(true));
        assert_eq!(producer.push([1; 8]), Ok(true));
        assert!(producer.must_ring());
        assert!(!producer.must_ring());
        assert_eq!(consumer.may_sleep(), Ok(false));
        assert!(!producer.must_ring());
    }

    #[test]
    fn shared_words_do_not_share_a_cache_line() {
        assert_eq!((size_of::<Line>(), align_of::<Line>()), (64, 64));
        assert_eq!((size_of::<Place>(), align_of::<Place>()), (64, 64));
    }

    proptest! {
        /// Also where the indices wrap.
        #[test]
        fn agrees_with_a_deque(start in prop_oneof![Just(0_u32), Just(u32::MAX - 5)], ops in proptest::collection::vec(any::<bool>(), 0..100)) {
            let (mut producer, mut consumer) = queue_from(small(), start);
            let mut model = VecDeque::new();
            for (number, push) in (0_u64..).zip(ops) {
                if push {
                    let fits = model.len() < 4;
                    prop_assert_eq!(producer.push([number; 8]), Ok(fits));
                    if fits {
                        model.push_back([number; 8]);
                    }
                } else {
                    prop_assert_eq!(consumer.pop(), Ok(model.pop_front()));
                }
                prop_assert_eq!(producer.room(), Ok(4 - model.len() as u32));
            }
        }
    }
}
