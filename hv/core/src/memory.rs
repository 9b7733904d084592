//! Who owns which physical memory: the machine's free ranges, and what is taken from them and given back.
//!
//! Pure bookkeeping over [`Extent`]s. In the hypervisor an extent is a region that only one owner can hold, so
//! what is in the pool is nobody's and what is out of it is exactly one partition's.

use crate::census::{Census, Resource};
use alloc::vec::Vec;

/// A contiguous range of physical memory that can be cut and joined. Whole 4 KiB pages.
pub trait Extent: Sized {
    /// First byte's physical address.
    fn start(&self) -> u64;
    /// Length in bytes.
    fn bytes(&self) -> u64;
    /// Cuts at an offset that is a page boundary inside; the extent keeps what is before it. `None` and no
    /// change otherwise.
    fn split_off(&mut self, at: u64) -> Option<Self>;
    /// Takes in an extent that begins where this one ends.
    ///
    /// # Errors
    /// The other one, unchanged, if it does not.
    fn join(&mut self, next: Self) -> Result<(), Self>;
}

/// Partitions get memory in pieces of this size and alignment where they can, so that EPT maps it in large pages.
pub const LARGE: u64 = 2 << 20;

/// Free physical memory, sorted by address, neighbours joined.
#[derive(Debug)]
pub struct ExtentPool<E> {
    free: Vec<E>,
}

/// There is less free memory than was asked for: the manifest wants more than the machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory {
    /// Bytes asked for.
    pub wanted: u64,
    /// Bytes there are in usable pieces.
    pub free: u64,
}

impl core::fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "{} MiB of memory wanted, {} MiB free: give the partitions less memory or the machine more",
            self.wanted >> 20,
            self.free >> 20
        )
    }
}

impl<E> Default for ExtentPool<E> {
    fn default() -> Self {
        Self { free: Vec::new() }
    }
}

impl<E: Extent> ExtentPool<E> {
    /// Free bytes.
    #[must_use]
    pub fn free_bytes(&self) -> u64 {
        self.free.iter().map(Extent::bytes).sum()
    }

    /// Counts every free frame.
    pub fn count_into(&self, census: &mut Census) {
        for extent in &self.free {
            census.range(
                Resource::FreeFrames,
                extent.start() / crate::PAGE,
                extent.bytes() / crate::PAGE,
            );
        }
    }

    /// Gives memory (back) to the pool.
    pub fn give(&mut self, extent: E) {
        let at = self
            .free
            .partition_point(|other| other.start() < extent.start());
        self.free.insert(at, extent);
        self.join_at(at);
        if let Some(before) = at.checked_sub(1) {
            self.join_at(before);
        }
    }

    fn join_at(&mut self, at: usize) {
        if at + 1 >= self.free.len() {
            return;
        }
        let next = self.free.remove(at + 1);
        if let Err(apart) = self.free[at].join(next) {
            self.free.insert(at + 1, apart);
        }
    }

    /// Takes `bytes` (a page multiple), in as few and as well aligned pieces as there are: whole 2 MiB-aligned
    /// ones first, remainders last.
    ///
    /// # Errors
    /// [`OutOfMemory`]; nothing was taken then.
    pub fn take(&mut self, bytes: u64) -> Result<Vec<E>, OutOfMemory> {
        let free = self.free_bytes();
        if bytes > free {
            return Err(OutOfMemory {
                wanted: bytes,
                free,
            });
        }
        let mut taken = Vec::new();
        let mut rest = bytes;
        for alignment in [LARGE, crate::PAGE] {
            while rest > 0 {
                let want = if rest >= alignment {
                    rest - rest % alignment
                } else {
                    rest
                };
                let Some(piece) = self.take_piece(want, alignment) else {
                    break;
                };
                rest -= piece.bytes();
                taken.push(piece);
            }
        }
        if rest > 0 {
            taken.into_iter().for_each(|piece| self.give(piece));
            return Err(OutOfMemory {
                wanted: bytes,
                free,
            });
        }
        Ok(taken)
    }

    /// The largest piece up to `want` bytes that starts aligned.
    fn take_piece(&mut self, want: u64, alignment: u64) -> Option<E> {
        let usable = |extent: &E| {
            let skip = extent.start().next_multiple_of(alignment) - extent.start();
            let length = extent.bytes().saturating_sub(skip).min(want);
            let whole = if want >= alignment {
                length - length % alignment
            } else {
                length
            };
            if want < alignment && whole < want {
                0
            } else {
                whole
            }
        };
        let (index, length) = self
            .free
            .iter()
            .enumerate()
            .map(|(index, extent)| (index, usable(extent)))
            .filter(|(_, length)| *length > 0)
            .max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)))?;
        let extent = self.free.get_mut(index)?;
        let skip = extent.start().next_multiple_of(alignment) - extent.start();
        let mut piece = if skip == 0 {
            self.free.remove(index)
        } else {
            extent.split_off(skip)?
        };
        if length < piece.bytes() {
            let behind = piece.split_off(length)?;
            self.give(behind);
        }
        Some(piece)
    }
}

/// Removes `[start, end)` from a list of free `(start, end)` ranges.
pub fn exclude(ranges: &mut Vec<(u64, u64)>, start: u64, end: u64) {
    let mut kept = Vec::with_capacity(ranges.len() + 1);
    for &(from, to) in ranges.iter() {
        if end <= from || start >= to {
            kept.push((from, to));
            continue;
        }
        if from < start {
            kept.push((from, start));
        }
        if end < to {
            kept.push((end, to));
        }
    }
    *ranges = kept;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, PartialEq, Clone)]
    struct Piece(u64, u64);

    impl Extent for Piece {
        fn start(&self) -> u64 {
            self.0
        }
        fn bytes(&self) -> u64 {
            self.1
        }
        fn split_off(&mut self, at: u64) -> Option<Self> {
            (at.is_multiple_of(4096) && at <= self.1).then(|| {
                let rest = Self(self.0 + at, self.1 - at);
                self.1 = at;
                rest
            })
        }
        fn join(&mut self, next: Self) -> Result<(), Self> {
            if self.0 + self.1 == next.0 {
                self.1 += next.1;
                return Ok(());
            }
            Err(next)
        }
    }

    #[test]
    fn what_is_given_back_joins_its_neighbours() {
        let mut pool = ExtentPool::default();
        pool.give(Piece(0, 64 << 20));
        let first = pool.take(8 << 20).unwrap();
        let second = pool.take(8 << 20).unwrap();
        second
            .into_iter()
            .chain(first)
            .for_each(|piece| pool.give(piece));
        assert_eq!(pool.free, [Piece(0, 64 << 20)]);
    }

    #[test]
    fn pieces_are_aligned_to_large_pages_where_possible() {
        let mut pool = ExtentPool::default();
        pool.give(Piece(0x10_3000, 64 << 20));
        let taken = pool.take((16 << 20) + 4096).unwrap();
        assert_eq!(taken[0].start() % LARGE, 0);
        assert_eq!(taken[0].bytes(), 16 << 20);
        assert_eq!(
            taken.iter().map(Extent::bytes).sum::<u64>(),
            (16 << 20) + 4096
        );
    }

    #[test]
    fn a_refusal_takes_nothing() {
        let mut pool = ExtentPool::default();
        pool.give(Piece(0, 4 << 20));
        assert_eq!(
            pool.take(5 << 20),
            Err(OutOfMemory {
                wanted: 5 << 20,
                free: 4 << 20
            })
        );
        assert_eq!(pool.free_bytes(), 4 << 20);
    }

    #[test]
    fn exclusion_cuts_ranges() {
        let mut ranges = Vec::from([(0, 100), (200, 300)]);
        exclude(&mut ranges, 50, 250);
        assert_eq!(ranges, [(0, 50), (250, 300)]);
    }

    proptest! {
        #[test]
        fn memory_is_neither_lost_nor_given_twice(sizes in prop::collection::vec(1_u64..3000, 1..12), holes in prop::collection::vec((0_u64..4000, 1_u64..2000), 1..6)) {
            let mut pool = ExtentPool::default();
            let mut at = 0;
            for (gap, pages) in holes {
                at += (gap + 1) * 4096;
                pool.give(Piece(at, pages * 4096));
                at += pages * 4096;
            }
            let total = pool.free_bytes();
            let before = pool.free.clone();
            let mut out: Vec<Piece> = Vec::new();
            for pages in sizes {
                if let Ok(mut taken) = pool.take(pages * 4096) {
                    prop_assert_eq!(taken.iter().map(Extent::bytes).sum::<u64>(), pages * 4096);
                    out.append(&mut taken);
                }
            }
            prop_assert_eq!(pool.free_bytes() + out.iter().map(Extent::bytes).sum::<u64>(), total);
            let mut sorted = out.clone();
            sorted.sort_by_key(|piece| piece.0);
            prop_assert!(sorted.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0));
            out.into_iter().for_each(|piece| pool.give(piece));
            prop_assert_eq!(pool.free, before);
        }
    }
}
