//! A small allocator of guest-physical ranges: what is placed through it is inside the guest's usable memory
//! and overlaps nothing placed before. Neighbour: [`crate::plan`], which places every segment by it.

use alloc::vec::Vec;
use core::ops::Range;

use isthmus_abi::{Gpa, PAGE_SIZE};

use crate::layout::MemoryLayout;

/// The ranges still free, sorted, disjoint and none of them empty.
#[derive(Clone, Debug)]
pub struct Regions {
    free: Vec<Range<u64>>,
}

impl Regions {
    /// All usable memory of `layout`, but for the first page: the interrupt table and the BIOS data area lie there.
    #[must_use]
    pub fn new(layout: &MemoryLayout) -> Self {
        let free = layout
            .usable()
            .map(|range| range.start.max(PAGE_SIZE)..range.end)
            .filter(|range| !range.is_empty());
        Self {
            free: free.collect(),
        }
    }

    /// Takes exactly `start .. start + len`. Answers whether it was free; if not, nothing changes.
    #[must_use]
    pub fn reserve(&mut self, start: Gpa, len: u64) -> bool {
        if len == 0 {
            return true;
        }
        let Some(end) = start.0.checked_add(len) else {
            return false;
        };
        let Some(index) = self
            .free
            .iter()
            .position(|range| range.start <= start.0 && end <= range.end)
        else {
            return false;
        };
        let range = self.free.remove(index);
        let rest = [range.start..start.0, end..range.end];
        let rest = rest.into_iter().filter(|range| !range.is_empty());
        self.free.splice(index..index, rest);
        true
    }

    /// Takes `len` bytes at the lowest multiple of `align` (a power of two) within `bounds`.
    #[must_use]
    pub fn take_lowest(&mut self, len: u64, align: u64, bounds: Range<u64>) -> Option<Gpa> {
        let start = self.free.iter().find_map(|range| {
            let start = range
                .start
                .max(bounds.start)
                .checked_next_multiple_of(align)?;
            (start.checked_add(len)? <= range.end.min(bounds.end)).then_some(start)
        })?;
        self.reserve(Gpa(start), len).then_some(Gpa(start))
    }

    /// Takes `len` bytes at the highest multiple of `align` (a power of two) within `bounds`.
    #[must_use]
    pub fn take_highest(&mut self, len: u64, align: u64, bounds: Range<u64>) -> Option<Gpa> {
        let start = self.free.iter().rev().find_map(|range| {
            let start = range.end.min(bounds.end).checked_sub(len)?;
            let start = start.checked_sub(start.checked_rem(align)?)?;
            (start >= range.start.max(bounds.start)).then_some(start)
        })?;
        self.reserve(Gpa(start), len).then_some(Gpa(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn regions(mib: u64) -> Regions {
        Regions::new(&MemoryLayout::new(mib << 20).unwrap())
    }

    #[test]
    fn a_range_is_given_once() {
        let mut regions = regions(16);
        assert!(regions.reserve(Gpa(0x10_0000), 0x1000));
        assert!(!regions.reserve(Gpa(0x10_0fff), 1));
        assert!(regions.reserve(Gpa(0x10_1000), 1));
    }

    #[test]
    fn firmware_areas_and_the_first_page_are_never_given() {
        let mut regions = regions(16);
        for start in [0, 0x9_fc00, 0xa_0000, 0xe_0000, 0xf_ffff, 16 << 20] {
            assert!(!regions.reserve(Gpa(start), 1), "{start:#x}");
        }
    }

    #[test]
    fn lowest_and_highest_keep_alignment_and_bounds() {
        let mut regions = regions(16);
        assert_eq!(
            regions.take_lowest(0x1001, 0x1000, 0x1_0000..u64::MAX),
            Some(Gpa(0x1_0000))
        );
        assert_eq!(
            regions.take_lowest(1, 0x1000, 0x1_0000..u64::MAX),
            Some(Gpa(0x1_2000))
        );
        assert_eq!(
            regions.take_highest(0x1800, 0x1000, 0..0x80_0000),
            Some(Gpa(0x7f_e000))
        );
        assert_eq!(regions.take_highest(1, 0x1000, 0..0x1000), None);
    }

    proptest! {
        #[test]
        fn whatever_is_asked_nothing_given_overlaps(asks in proptest::collection::vec((0u8..3, 0u64..5 << 30, 1u64..1 << 28, 0u32..22), 1..40)) {
            let layout = MemoryLayout::new(4 << 30).unwrap();
            let mut regions = Regions::new(&layout);
            let mut given: Vec<(u64, u64)> = Vec::new();
            for (how, at, len, shift) in asks {
                let start = match how {
                    0 => regions.reserve(Gpa(at), len).then_some(Gpa(at)),
                    1 => regions.take_lowest(len, 1 << shift, at..u64::MAX),
                    _ => regions.take_highest(len, 1 << shift, 0..at),
                };
                let Some(start) = start else { continue };
                prop_assert!(layout.usable().any(|range| range.start <= start.0 && start.0 + len <= range.end));
                prop_assert!(given.iter().all(|&(other, size)| start.0 + len <= other || other + size <= start.0));
                given.push((start.0, len));
            }
        }
    }
}
