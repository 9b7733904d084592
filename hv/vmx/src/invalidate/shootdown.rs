//! When memory that a partition has lost may be used again: after every core that could remember a
//! translation to it has flushed. No locks: one generation for the partition, one word for each core.
//!
//! The one who unmaps: change the EPT; [`Shootdown::advance`]; interrupt the cores that
//! [`Shootdown::waiting_for`] names; when it names none, reuse the memory and reclaim the tables.
//! A core: [`Shootdown::before_entry`] ahead of every VM entry, [`Shootdown::acknowledge`] when it was
//! interrupted and is not about to enter, [`Shootdown::leave`] when it stops running the partition.
//!
//! Why it holds:
//! 1. A processor derives translations from a partition's EPT only while the partition runs on it (SDM Vol. 3C
//!    §29.4.2: entries are created in VMX non-root operation), thus after `before_entry`.
//! 2. A core that is marked reads the generation before it flushes. The generation it reports was therefore
//!    advanced, and the EPT changed, before its flush: nothing older survives, nothing newer is older.
//! 3. A core that is not marked remembers nothing. It marks itself, then a full fence, then reads the
//!    generation; the one who unmaps advances it, then a full fence, then reads the marks. One of the two sees
//!    the other: either the core is waited for, or the core reads the new generation and so walks the new EPT.
#![allow(unexpected_cfgs, reason = "loom's own name for its builds")]

use core::sync::atomic::Ordering;
#[cfg(not(loom))]
use core::sync::atomic::{AtomicU64, fence};
use isthmus_abi::CoreId;
#[cfg(loom)]
use loom::sync::atomic::{AtomicU64, fence};

/// In a core's word: it remembers no translation.
const NOTHING: u64 = 0;
/// The first generation; in a core's word also "marked, but nothing newer was seen".
const FIRST: u64 = 1;

/// A moment in the life of a partition's EPT. Later moments compare greater; 64 bits never wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(u64);

/// The shootdown state of one partition on a machine of at most `CORES` cores. Each core's methods are called
/// by that core alone; the others by anyone.
#[derive(Debug)]
pub struct Shootdown<const CORES: usize> {
    /// Advanced after each change of the EPT that takes something away.
    generation: AtomicU64,
    /// [`NOTHING`], or the generation up to which the core has flushed.
    flushed: [AtomicU64; CORES],
}

impl<const CORES: usize> Default for Shootdown<CORES> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const CORES: usize> Shootdown<CORES> {
    /// No core has run the partition yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            generation: AtomicU64::new(FIRST),
            flushed: core::array::from_fn(|_| AtomicU64::new(NOTHING)),
        }
    }

    /// Starts a shootdown of what was unmapped before: memory lost up to now may be used again when
    /// [`Shootdown::is_complete`] for the result.
    pub fn advance(&self) -> Generation {
        let generation = Generation(self.generation.fetch_add(1, Ordering::AcqRel) + 1);
        fence(Ordering::SeqCst);
        generation
    }

    /// The cores that may still remember something unmapped before `generation`, to be interrupted.
    pub fn waiting_for(&self, generation: Generation) -> impl Iterator<Item = CoreId> + '_ {
        (0..)
            .map(CoreId)
            .zip(&self.flushed)
            .filter(move |(_, flushed)| is_behind(flushed, generation))
            .map(|(core, _)| core)
    }

    /// Whether no core remembers anything unmapped before `generation`. Once true, it stays true.
    #[must_use]
    pub fn is_complete(&self, generation: Generation) -> bool {
        !self
            .flushed
            .iter()
            .any(|flushed| is_behind(flushed, generation))
    }

    /// Must come before every VM entry on `core`, with interrupts held back until the guest runs, so that an
    /// interrupt sent after this call makes the core exit. `flush` does the INVEPT if it is due.
    ///
    /// Returns whether the core takes part: `false` for a core number beyond `CORES`, which must not enter.
    #[must_use]
    pub fn before_entry(&self, core: CoreId, flush: impl FnOnce()) -> bool {
        let Some(word) = self.flushed.get(usize::from(core.0)) else {
            return false;
        };
        if word.load(Ordering::Relaxed) == NOTHING {
            word.store(FIRST, Ordering::Relaxed);
            fence(Ordering::SeqCst);
            word.store(self.generation.load(Ordering::Acquire), Ordering::Release);
        } else {
            self.catch_up(word, flush);
        }
        true
    }

    /// Lets a shootdown go on when `core` is not about to enter the partition: flushes if it is due.
    pub fn acknowledge(&self, core: CoreId, flush: impl FnOnce()) {
        if let Some(word) = self.flushed.get(usize::from(core.0))
            && word.load(Ordering::Relaxed) != NOTHING
        {
            self.catch_up(word, flush);
        }
    }

    /// Ends the part of `core` in the partition until its next [`Shootdown::before_entry`]: flushes if it has
    /// run the partition since it last left, and is waited for no more.
    pub fn leave(&self, core: CoreId, flush: impl FnOnce()) {
        if let Some(word) = self.flushed.get(usize::from(core.0))
            && word.load(Ordering::Relaxed) != NOTHING
        {
            flush();
            word.store(NOTHING, Ordering::Release);
        }
    }

    fn catch_up(&self, word: &AtomicU64, flush: impl FnOnce()) {
        let generation = self.generation.load(Ordering::Acquire);
        if word.load(Ordering::Relaxed) != generation {
            flush();
            word.store(generation, Ordering::Release);
        }
    }
}

fn is_behind(flushed: &AtomicU64, generation: Generation) -> bool {
    let flushed = flushed.load(Ordering::Acquire);
    flushed != NOTHING && flushed < generation.0
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use core::cell::Cell;

    const A: CoreId = CoreId(0);
    const B: CoreId = CoreId(2);

    /// Counts the flushes of one core.
    #[derive(Default)]
    struct Flushes(Cell<u32>);

    impl Flushes {
        fn flush(&self) {
            self.0.set(self.0.get() + 1);
        }
    }

    #[test]
    fn with_no_core_inside_a_shootdown_is_complete_at_once() {
        let shootdown = Shootdown::<4>::new();
        assert!(shootdown.is_complete(shootdown.advance()));
    }

    #[test]
    fn entering_flushes_only_after_an_unmap() {
        let (shootdown, flushes) = (Shootdown::<4>::new(), Flushes::default());
        for _ in 0..3 {
            assert!(shootdown.before_entry(A, || flushes.flush()));
        }
        assert_eq!(flushes.0.get(), 0);
        shootdown.advance();
        shootdown.advance();
        for _ in 0..3 {
            assert!(shootdown.before_entry(A, || flushes.flush()));
        }
        assert_eq!(flushes.0.get(), 1);
    }

    #[test]
    fn every_core_inside_is_waited_for() {
        let shootdown = Shootdown::<4>::new();
        assert!(shootdown.before_entry(A, || ()) && shootdown.before_entry(B, || ()));
        let generation = shootdown.advance();
        assert!(shootdown.waiting_for(generation).eq([A, B]));
        shootdown.acknowledge(B, || ());
        assert!(shootdown.waiting_for(generation).eq([A]));
        assert!(!shootdown.is_complete(generation));
        assert!(shootdown.before_entry(A, || ()));
        assert!(shootdown.is_complete(generation));
    }

    #[test]
    fn a_later_shootdown_completes_the_earlier_ones() {
        let shootdown = Shootdown::<4>::new();
        assert!(shootdown.before_entry(A, || ()));
        let (earlier, later) = (shootdown.advance(), shootdown.advance());
        assert!(earlier < later);
        shootdown.acknowledge(A, || ());
        assert!(shootdown.is_complete(earlier) && shootdown.is_complete(later));
    }

    #[test]
    fn leaving_flushes_once_and_ends_the_wait() {
        let (shootdown, flushes) = (Shootdown::<4>::new(), Flushes::default());
        assert!(shootdown.before_entry(A, || ()));
        let generation = shootdown.advance();
        shootdown.leave(A, || flushes.flush());
        shootdown.leave(A, || flushes.flush());
        shootdown.acknowledge(A, || flushes.flush());
        assert_eq!(flushes.0.get(), 1);
        assert!(shootdown.is_complete(generation));
    }

    #[test]
    fn a_core_that_comes_back_has_nothing_to_flush() {
        let (shootdown, flushes) = (Shootdown::<4>::new(), Flushes::default());
        assert!(shootdown.before_entry(A, || ()));
        shootdown.leave(A, || ());
        let generation = shootdown.advance();
        assert!(shootdown.before_entry(A, || flushes.flush()));
        assert_eq!(flushes.0.get(), 0);
        assert!(shootdown.is_complete(generation));
    }

    #[test]
    fn a_core_beyond_the_array_may_not_enter() {
        let shootdown = Shootdown::<4>::new();
        assert!(!shootdown.before_entry(CoreId(4), || ()));
        shootdown.acknowledge(CoreId(4), || ());
        shootdown.leave(CoreId(4), || ());
    }
}
