//! The cores that share work. Each has a deque of its own and takes from it first; one that finds it empty takes half of
//! another's. One that finds nothing anywhere announces that it sleeps, and whoever then gets more than it can do at once
//! wakes it.
//!
//! The announcement is that of a ring's consumer: say that you sleep, look once more, sleep. A push after that look finds
//! the announcement, so none is lost. What sleeping and waking are is the embedder's: `hlt` and an interrupt, or a
//! thread's parking.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{Owner, Thief, Words, deque};
use crate::sync::{Arc, AtomicU64, Ordering, fence};

/// Cores in a word of the set of sleepers.
const WORD_CORES: usize = 64;

/// What all members see.
struct Common<T: Words<N>, const N: usize> {
    deques: Box<[Thief<T, N>]>,
    /// A bit a core: whether it sleeps and is to be woken.
    asleep: Box<[AtomicU64]>,
}

/// One core's place in a team; moved to the core's worker and used by it alone.
pub struct Member<T: Words<N>, const N: usize> {
    core: usize,
    own: Owner<T, N>,
    common: Arc<Common<T, N>>,
    /// Whom to rob next: the last one that had something.
    victim: usize,
}

/// A team of `cores` members, whose deques hold at least `capacity` entries each.
#[must_use]
pub fn team<T: Words<N>, const N: usize>(cores: usize, capacity: u32) -> Vec<Member<T, N>> {
    let (owners, deques): (Vec<_>, Vec<_>) = (0..cores).map(|_| deque(capacity)).unzip();
    let common = Arc::new(Common {
        deques: deques.into_boxed_slice(),
        asleep: (0..cores.div_ceil(WORD_CORES))
            .map(|_| AtomicU64::new(0))
            .collect(),
    });
    let member = |(core, own)| Member {
        core,
        own,
        common: common.clone(),
        victim: 0,
    };
    owners.into_iter().enumerate().map(member).collect()
}

impl<T: Words<N>, const N: usize> Member<T, N> {
    /// Which core of the team this is, from 0.
    #[must_use]
    pub const fn core(&self) -> usize {
        self.core
    }

    /// Items in its own deque, at most.
    #[must_use]
    pub fn len(&self) -> usize {
        self.own.len()
    }

    /// Whether its own deque is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.own.is_empty()
    }

    /// Adds an item that any core may do. After a batch of these ask [`Member::to_wake`].
    ///
    /// # Errors
    /// The item, if this core's deque is full: do it now, or leave it in the ring it came from.
    pub fn push(&mut self, item: T) -> Result<(), T> {
        self.own.push(item)
    }

    /// The next item to do: the oldest of this core's own, or else of another's, whose work is then shared by halves.
    pub fn take(&mut self) -> Option<T> {
        self.own.pop().or_else(|| self.rob())
    }

    fn rob(&mut self) -> Option<T> {
        let cores = self.common.deques.len();
        for offset in 0..cores {
            let victim = (self.victim + offset) % cores;
            let Some(thief) = self.common.deques.get(victim) else {
                continue;
            };
            if let Some(item) = self.own.steal_half(thief) {
                self.victim = victim;
                return Some(item);
            }
        }
        None
    }

    /// A sleeping core to wake, if this one has an item to spare: the caller wakes it. Each sleep is ended by at most one
    /// such answer. Asked after items were pushed, and by a core that took some of another's and has more than one.
    #[must_use]
    pub fn to_wake(&self) -> Option<usize> {
        if self.own.is_empty() {
            return None;
        }
        // Pairs with the fence in `may_sleep`: either this sees the sleeper, or that sees the item.
        fence(Ordering::SeqCst);
        let words = self.common.asleep.iter().enumerate();
        for (index, word) in words {
            let mut sleepers = word.load(Ordering::Relaxed);
            while sleepers != 0 {
                let bit = sleepers & sleepers.wrapping_neg();
                if word.fetch_and(!bit, Ordering::AcqRel) & bit != 0 {
                    return Some(index * WORD_CORES + bit.trailing_zeros() as usize);
                }
                sleepers &= !bit;
            }
        }
        None
    }

    /// Announces sleep and looks at all deques once more: whether to sleep. When this core wakes, for whatever reason, it
    /// says so by [`Member::awake`].
    #[must_use]
    pub fn may_sleep(&mut self) -> bool {
        if let Some((word, bit)) = self.bit() {
            word.fetch_or(bit, Ordering::Relaxed);
        }
        fence(Ordering::SeqCst);
        if self.common.deques.iter().all(Thief::is_empty) {
            return true;
        }
        self.awake();
        false
    }

    /// Takes the announcement back.
    pub fn awake(&mut self) {
        if let Some((word, bit)) = self.bit() {
            word.fetch_and(!bit, Ordering::Relaxed);
        }
    }

    fn bit(&self) -> Option<(&AtomicU64, u64)> {
        let word = self.common.asleep.get(self.core / WORD_CORES)?;
        Some((word, 1 << (self.core % WORD_CORES)))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn three() -> Vec<Member<[u64; 1], 1>> {
        team(3, 8)
    }

    #[test]
    fn a_core_does_its_own_work_first() {
        let mut cores = three();
        cores[0].push([1]).unwrap();
        cores[1].push([2]).unwrap();
        assert_eq!(cores[1].take(), Some([2]));
        assert_eq!(cores[1].take(), Some([1]));
        assert_eq!(cores[1].take(), None);
    }

    #[test]
    fn an_idle_core_takes_half_and_comes_back_to_where_there_was_more() {
        let mut cores = three();
        for item in 0..8 {
            cores[2].push([item]).unwrap();
        }
        assert_eq!(cores[0].take(), Some([0]));
        assert_eq!((cores[0].len(), cores[2].len()), (3, 4));
        // A core that has stolen is stolen from as well.
        assert_eq!(cores[1].take(), Some([1]));
        assert_eq!((cores[0].len(), cores[1].len()), (1, 1));
    }

    #[test]
    fn a_sleeper_is_woken_once_and_only_for_work() {
        let mut cores = three();
        assert!(cores[1].may_sleep());
        assert!(cores[2].may_sleep());
        assert_eq!(cores[0].to_wake(), None);
        cores[0].push([1]).unwrap();
        assert_eq!(cores[0].to_wake(), Some(1));
        cores[2].awake();
        assert_eq!(cores[0].to_wake(), None);
        assert!(!cores[1].may_sleep());
        assert_eq!(cores[0].to_wake(), None);
    }

    #[test]
    fn a_team_may_be_larger_than_a_word() {
        let mut cores = team::<[u64; 1], 1>(130, 2);
        assert!(cores[129].may_sleep());
        cores[3].push([7]).unwrap();
        assert_eq!(cores[3].to_wake(), Some(129));
        assert_eq!(cores[129].take(), Some([7]));
    }
}
