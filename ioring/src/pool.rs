//! Pools of things that are claimed and given back: buffers, and places in a half. A core claims from its [`Stash`] and
//! gives back to it, without an atomic operation; what it gives back last, still in its cache, it claims first.
//! Stashes refill from and surrender to the [`Depot`] that all cores share, a batch at a time, without locks.

use core::fmt;

use crate::handoff::Handoff;
use crate::sync::{Arc, AtomicUsize, Ordering};
use alloc::boxed::Box;
use arrayvec::ArrayVec;

/// Most items of a batch.
pub const BATCH: usize = 16;

/// Items that move together.
type Batch<T> = ArrayVec<T, BATCH>;

/// What lies in a pool.
pub trait Item: Sized {
    /// It leaves the depot for a stash.
    fn arrive(&mut self, _home: &Arc<Depot<Self>>) {}
    /// It goes back to the depot.
    fn leave(&mut self) {}
}

/// A buffer of this side's half, by its number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BufferIndex(pub u32);

impl Item for BufferIndex {}

/// Where all cores' items come from and go to.
pub struct Depot<T> {
    /// As many places as items, so that there is one for each even if every batch is of one.
    places: Box<[Handoff<Batch<T>>]>,
    /// Items in the places; counted before they are put there and after they were taken.
    idle: AtomicUsize,
    /// Where the last batch was put.
    hint: AtomicUsize,
    /// Items that there are.
    made: usize,
}

impl<T> fmt::Debug for Depot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Depot")
            .field("made", &self.made)
            .finish_non_exhaustive()
    }
}

impl<T: Item> Depot<T> {
    /// A depot of these items.
    #[must_use]
    pub fn of(items: impl ExactSizeIterator<Item = T>) -> Arc<Self> {
        let made = items.len();
        let depot = Self {
            places: (0..made).map(|_| Handoff::default()).collect(),
            idle: AtomicUsize::new(0),
            hint: AtomicUsize::new(0),
            made,
        };
        let mut items = items.peekable();
        while items.peek().is_some() {
            depot.put(items.by_ref().take(depot.batch()).collect());
        }
        Arc::new(depot)
    }

    /// Items that move together: so few that several cores find some.
    fn batch(&self) -> usize {
        (self.made / 8).clamp(1, BATCH)
    }

    /// How many items there are, wherever they are.
    #[must_use]
    pub const fn made(&self) -> usize {
        self.made
    }

    /// How many items lie here, in no stash and in nobody's hands. Exact while nobody is at it.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.idle.load(Ordering::Relaxed)
    }

    /// Places from `start` on, around.
    fn from(&self, start: usize) -> impl Iterator<Item = (usize, &Handoff<Batch<T>>)> {
        let places = self.places.iter().enumerate();
        places.clone().skip(start).chain(places.take(start))
    }

    /// Takes a batch in. There are as many places as items, so one is free; a place may be missed while another core is
    /// at it, hence more than one round.
    fn put(&self, mut batch: Batch<T>) {
        if batch.is_empty() {
            return;
        }
        self.idle.fetch_add(batch.len(), Ordering::Relaxed);
        let start = self.hint.load(Ordering::Relaxed);
        loop {
            for (number, place) in self.from(start) {
                match place.put(batch) {
                    Ok(()) => {
                        self.hint.store(number, Ordering::Relaxed);
                        return;
                    }
                    Err(back) => batch = back,
                }
            }
            crate::sync::relax();
        }
    }

    /// Takes a single item in.
    pub(crate) fn put_one(&self, item: T) {
        self.put(core::iter::once(item).collect());
    }

    /// Hands a batch out, if it finds one.
    fn take(&self) -> Option<Batch<T>> {
        if self.idle() == 0 {
            return None;
        }
        let start = self.hint.load(Ordering::Relaxed);
        let (_, batch) = self
            .from(start)
            .find_map(|(number, place)| Some((number, place.take()?)))?;
        self.idle.fetch_sub(batch.len(), Ordering::Relaxed);
        Some(batch)
    }
}

/// A core's own items: at most two batches.
pub struct Stash<T: Item> {
    depot: Arc<Depot<T>>,
    items: ArrayVec<T, { 2 * BATCH }>,
}

impl<T: Item> fmt::Debug for Stash<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stash")
            .field("items", &self.items.len())
            .finish_non_exhaustive()
    }
}

impl<T: Item> Stash<T> {
    /// A core's stash of items of `depot`.
    #[must_use]
    pub fn of(depot: &Arc<Depot<T>>) -> Self {
        Self {
            depot: depot.clone(),
            items: ArrayVec::new(),
        }
    }

    /// Claims an item: the one given back last. `None` if there is none here or in the depot.
    #[inline]
    pub fn claim(&mut self) -> Option<T> {
        if self.items.is_empty() {
            self.refill();
        }
        self.items.pop()
    }

    /// Gives an item back. When there are two batches here, those given back first go to the depot.
    #[inline]
    pub fn give_back(&mut self, item: T) {
        if self.items.len() >= 2 * self.depot.batch() {
            self.surrender();
        }
        // There is room for one.
        if let Err(item) = self.items.try_push(item) {
            self.depot.put_one(item.element());
        }
    }

    /// How many items lie here.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether none does.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether its items come from that depot.
    pub(crate) fn is_of(&self, depot: &Arc<Depot<T>>) -> bool {
        Arc::ptr_eq(&self.depot, depot)
    }

    #[cold]
    fn refill(&mut self) {
        for mut item in self.depot.take().unwrap_or_default() {
            item.arrive(&self.depot);
            self.items.push(item);
        }
    }

    #[cold]
    fn surrender(&mut self) {
        let count = self.items.len().min(self.depot.batch());
        let mut batch: Batch<T> = self.items.drain(..count).collect();
        batch.iter_mut().for_each(Item::leave);
        self.depot.put(batch);
    }
}

impl<T: Item> Drop for Stash<T> {
    fn drop(&mut self) {
        while !self.items.is_empty() {
            self.surrender();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::vec::Vec;

    proptest! {
        /// Nothing is claimed twice, nothing is lost, whichever core claims and gives back.
        #[test]
        fn every_item_is_in_one_place(made in 1_u32..200, ops in proptest::collection::vec((0_usize..3, any::<bool>(), any::<usize>()), 0..400)) {
            let depot = Depot::of((0..made).map(BufferIndex));
            let mut stashes: Vec<_> = (0..3).map(|_| Stash::of(&depot)).collect();
            let mut out: Vec<BufferIndex> = Vec::new();
            for (core, claim, which) in ops {
                if claim {
                    let claimed = stashes[core].claim();
                    prop_assert!(claimed.is_some() || depot.idle() == 0 && stashes[core].is_empty());
                    out.extend(claimed);
                } else if !out.is_empty() {
                    let back = out.swap_remove(which % out.len());
                    stashes[core].give_back(back);
                }
                let distinct: BTreeSet<u32> = out.iter().map(|index| index.0).collect();
                prop_assert_eq!(distinct.len(), out.len());
                let stashed: usize = stashes.iter().map(Stash::len).sum();
                prop_assert_eq!(depot.idle() + stashed + out.len(), made as usize);
            }
            drop(stashes);
            prop_assert_eq!(depot.idle() + out.len(), made as usize);
        }
    }

    #[test]
    fn the_item_given_back_last_is_claimed_first() {
        let depot = Depot::of((0..64).map(BufferIndex));
        let mut stash = Stash::of(&depot);
        let (first, second) = (stash.claim().unwrap(), stash.claim().unwrap());
        stash.give_back(second);
        stash.give_back(first);
        assert_eq!(stash.claim(), Some(first));
    }
}
