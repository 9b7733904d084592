//! Data that each core adds to on its own and that is merged when read: counters, extremes, histograms. Merging is
//! commutative and associative with a neutral element, so what is read does not depend on which core did what.
//!
//! A core's part is words in atomics behind a sequence number, odd while it is written: the writer waits for nobody, and a
//! reader that met a write looks again. The number is raised before and after the words are stored, with a release
//! fence and a release store; the reader loads it with acquire, the words, and after an acquire fence the number again. A
//! word of a newer write makes the second number newer too, so equal even numbers mean one whole state.
//!
//! Neighbours: items of a [`crate::deque`] are carried in the same way, as [`Words`].

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::deque::Words;
use crate::sync::{Arc, AtomicU64, Ordering, fence};

/// What can be merged in any order: for all `a`, `b`, `c`, `merge(a, b) = merge(b, a)`,
/// `merge(a, merge(b, c)) = merge(merge(a, b), c)` and `merge(a, NEUTRAL) = a`.
pub trait Monoid: Copy {
    /// What changes nothing.
    const NEUTRAL: Self;

    /// Both in one.
    #[must_use]
    fn merge(self, other: Self) -> Self;
}

/// A sum, modulo 2^64.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sum(pub u64);

impl Monoid for Sum {
    const NEUTRAL: Self = Self(0);

    fn merge(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }
}

impl Words<1> for Sum {
    fn into_words(self) -> [u64; 1] {
        [self.0]
    }

    fn from_words([word]: [u64; 1]) -> Self {
        Self(word)
    }
}

/// How often something was seen, its sum modulo 2^64, and the smallest and largest of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spread {
    /// How often, modulo 2^64.
    pub count: u64,
    /// The sum, modulo 2^64.
    pub sum: u64,
    /// The smallest; `u64::MAX` if nothing was seen.
    pub least: u64,
    /// The largest; 0 if nothing was seen.
    pub most: u64,
}

impl Spread {
    /// One thing seen.
    #[must_use]
    pub const fn of(value: u64) -> Self {
        Self {
            count: 1,
            sum: value,
            least: value,
            most: value,
        }
    }
}

impl Monoid for Spread {
    const NEUTRAL: Self = Self {
        count: 0,
        sum: 0,
        least: u64::MAX,
        most: 0,
    };

    fn merge(self, other: Self) -> Self {
        Self {
            count: self.count.wrapping_add(other.count),
            sum: self.sum.wrapping_add(other.sum),
            least: self.least.min(other.least),
            most: self.most.max(other.most),
        }
    }
}

impl Words<4> for Spread {
    fn into_words(self) -> [u64; 4] {
        [self.count, self.sum, self.least, self.most]
    }

    fn from_words([count, sum, least, most]: [u64; 4]) -> Self {
        Self {
            count,
            sum,
            least,
            most,
        }
    }
}

/// How many values had how many bits: place `n` counts those from 2^(n-1) to 2^n - 1, place 0 the zeros.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Histogram(pub [u64; 65]);

impl Histogram {
    /// One value seen.
    #[must_use]
    pub fn of(value: u64) -> Self {
        let mut seen = Self::NEUTRAL;
        if let Some(place) = seen.0.get_mut((u64::BITS - value.leading_zeros()) as usize) {
            *place = 1;
        }
        seen
    }
}

impl Monoid for Histogram {
    const NEUTRAL: Self = Self([0; 65]);

    fn merge(mut self, other: Self) -> Self {
        for (to, from) in self.0.iter_mut().zip(other.0) {
            *to = to.wrapping_add(from);
        }
        self
    }
}

impl Words<65> for Histogram {
    fn into_words(self) -> [u64; 65] {
        self.0
    }

    fn from_words(words: [u64; 65]) -> Self {
        Self(words)
    }
}

/// One core's part, apart from others' cache lines.
#[repr(align(128))]
struct Part<const N: usize> {
    /// Odd while the words are written.
    sequence: AtomicU64,
    words: [AtomicU64; N],
}

/// The merged view. Clones see the same.
pub struct Reducer<M, const N: usize> {
    parts: Arc<Box<[Part<N>]>>,
    neutral: M,
}

impl<M: Clone, const N: usize> Clone for Reducer<M, N> {
    fn clone(&self) -> Self {
        Self {
            parts: self.parts.clone(),
            neutral: self.neutral.clone(),
        }
    }
}

/// The right to add to one core's part, which nobody else has.
pub struct Share<M, const N: usize> {
    parts: Arc<Box<[Part<N>]>>,
    core: usize,
    sequence: u64,
    value: M,
}

/// A reducer over `cores` parts, and the share of each core.
#[must_use]
pub fn reducer<M: Monoid + Words<N>, const N: usize>(
    cores: usize,
) -> (Reducer<M, N>, Vec<Share<M, N>>) {
    let part = |_| Part {
        sequence: AtomicU64::new(0),
        words: M::NEUTRAL.into_words().map(AtomicU64::new),
    };
    let parts: Arc<Box<[Part<N>]>> = Arc::new((0..cores).map(part).collect());
    let share = |core| Share {
        parts: parts.clone(),
        core,
        sequence: 0,
        value: M::NEUTRAL,
    };
    let shares = (0..cores).map(share).collect();
    let reducer = Reducer {
        parts,
        neutral: M::NEUTRAL,
    };
    (reducer, shares)
}

impl<M: Monoid + Words<N>, const N: usize> Share<M, N> {
    /// Adds to this core's part. Waits for nobody, allocates nothing.
    pub fn add(&mut self, more: M) {
        self.value = self.value.merge(more);
        let Some(part) = self.parts.get(self.core) else {
            return;
        };
        part.sequence
            .store(self.sequence.wrapping_add(1), Ordering::Relaxed);
        // A reader that sees one of the words below sees the odd number too.
        fence(Ordering::Release);
        for (word, value) in part.words.iter().zip(self.value.into_words()) {
            word.store(value, Ordering::Relaxed);
        }
        self.sequence = self.sequence.wrapping_add(2);
        part.sequence.store(self.sequence, Ordering::Release);
    }

    /// What this core added so far.
    pub const fn own(&self) -> M {
        self.value
    }
}

impl<M: Monoid + Words<N>, const N: usize> Reducer<M, N> {
    /// All parts merged: of each core some state it had since the call began, with all that was added before.
    /// Not for a handler that interrupts one of the cores inside of [`Share::add`]: it would wait for what it interrupted.
    pub fn read(&self) -> M {
        self.parts
            .iter()
            .map(Part::read::<M>)
            .fold(self.neutral, M::merge)
    }

    /// How many cores add to it.
    #[must_use]
    pub fn cores(&self) -> usize {
        self.parts.len()
    }
}

impl<const N: usize> Part<N> {
    fn read<M: Words<N>>(&self) -> M {
        loop {
            if let Some(value) = self.try_read() {
                return value;
            }
            crate::sync::relax();
        }
    }

    /// A whole state, unless a write was met.
    fn try_read<M: Words<N>>(&self) -> Option<M> {
        let before = self.sequence.load(Ordering::Acquire);
        let words = core::array::from_fn(|word| {
            self.words
                .get(word)
                .map_or(0, |word| word.load(Ordering::Relaxed))
        });
        fence(Ordering::Acquire);
        let after = self.sequence.load(Ordering::Relaxed);
        (before == after && before.is_multiple_of(2)).then(|| M::from_words(words))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Whichever core adds what, the same is read.
    fn does_not_depend_on_the_core<M, const N: usize>(values: &[(M, usize)])
    where
        M: Monoid + Words<N> + PartialEq + core::fmt::Debug,
    {
        let (merged, mut shares) = reducer::<M, N>(3);
        let (alone, mut single) = reducer::<M, N>(1);
        for (value, core) in values {
            shares[core % 3].add(*value);
        }
        for (value, _) in values.iter().rev() {
            single[0].add(*value);
        }
        assert_eq!(merged.read(), alone.read());
        assert_eq!(alone.read(), single[0].own());
    }

    proptest! {
        #[test]
        fn what_is_read_does_not_depend_on_which_core_added_it(values in proptest::collection::vec((any::<u64>(), 0_usize..3), 0..40)) {
            does_not_depend_on_the_core(&values.iter().map(|(v, c)| (Sum(*v), *c)).collect::<Vec<_>>());
            does_not_depend_on_the_core(&values.iter().map(|(v, c)| (Spread::of(*v), *c)).collect::<Vec<_>>());
            does_not_depend_on_the_core(&values.iter().map(|(v, c)| (Histogram::of(*v), *c)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_spread_knows_its_ends() {
        let (seen, mut shares) = reducer::<Spread, 4>(2);
        assert_eq!(seen.read(), Spread::NEUTRAL);
        shares[0].add(Spread::of(7));
        shares[1].add(Spread::of(3));
        shares[1].add(Spread::of(11));
        let wanted = Spread {
            count: 3,
            sum: 21,
            least: 3,
            most: 11,
        };
        assert_eq!(seen.clone().read(), wanted);
    }

    #[test]
    fn a_histogram_counts_by_bits() {
        let (seen, mut shares) = reducer::<Histogram, 65>(1);
        for value in [0, 1, 2, 3, u64::MAX] {
            shares[0].add(Histogram::of(value));
        }
        let Histogram(places) = seen.read();
        assert_eq!((places[0], places[1], places[2], places[64]), (1, 1, 2, 1));
        assert_eq!(places.iter().sum::<u64>(), 5);
    }

    #[test]
    fn states_are_read_whole_while_another_thread_adds() {
        let (seen, mut shares) = reducer::<Spread, 4>(2);
        std::thread::scope(|scope| {
            for share in &mut shares {
                scope.spawn(|| (0..5_000).for_each(|_| share.add(Spread::of(5))));
            }
            for _ in 0..500 {
                let state = seen.read();
                assert_eq!(state.sum, 5 * state.count);
            }
        });
        assert_eq!(seen.read().count, 10_000);
    }
}
