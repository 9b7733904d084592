//! Which memory is free, worked out from the loader's map, and a source of page frames from it for what the kernel
//! needs before it has a heap: page tables and stacks.

use arrayvec::ArrayVec;
use isthmus_abi::{Gpa, PAGE_SIZE};

use crate::start_info::{Region, RegionKind};

/// Most stretches of free memory kept; more fragments than that are left unused.
pub const MAX_SPANS: usize = 64;

/// A stretch of free whole page frames.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// First byte, page aligned.
    pub start: Gpa,
    /// First byte after it, page aligned.
    pub end: Gpa,
}

impl Span {
    /// Length in bytes.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.end.0.saturating_sub(self.start.0)
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Free memory, and frames out of it.
#[derive(Clone, Debug, Default)]
pub struct Frames {
    spans: ArrayVec<Span, MAX_SPANS>,
}

impl Frames {
    /// The RAM in `regions` at or above `floor`, less everything that another kind of region or `taken` covers.
    #[must_use]
    pub fn new(regions: &[Region], taken: &[Region], floor: Gpa) -> Self {
        let mut frames = Self::default();
        for region in regions
            .iter()
            .filter(|region| region.kind == RegionKind::RAM)
        {
            frames.add(region.start.max(floor), region.end);
        }
        let reserved = regions
            .iter()
            .filter(|region| region.kind != RegionKind::RAM);
        for region in reserved.chain(taken) {
            frames.remove(region.start, region.end);
        }
        frames
    }

    /// What is free now.
    #[must_use]
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Bytes free.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.spans
            .iter()
            .fold(0, |sum, span| span.len().saturating_add(sum))
    }

    /// Takes one frame that ends at or below `limit`, from the lowest such stretch.
    pub fn take(&mut self, limit: Gpa) -> Option<Gpa> {
        let span = self
            .spans
            .iter_mut()
            .filter(|span| !span.is_empty())
            .min_by_key(|span| span.start)?;
        let next = span.start.checked_add(PAGE_SIZE)?;
        if next > limit {
            return None;
        }
        let frame = span.start;
        span.start = next;
        Some(frame)
    }

    /// Adds the whole pages in `start..end`, less what is already there: two map entries may overlap.
    fn add(&mut self, start: Gpa, end: Gpa) {
        let Some(start) = start.checked_add(PAGE_SIZE - 1).map(Gpa::page) else {
            return;
        };
        let end = end.page();
        self.remove(start, end);
        if start < end {
            // A full list loses a fragment, which costs memory and nothing else.
            let _ = self.spans.try_push(Span { start, end });
        }
    }

    /// Takes every page that `start..end` touches out of the free ones.
    fn remove(&mut self, start: Gpa, end: Gpa) {
        if start >= end {
            return;
        }
        let first = start.page();
        let last = end
            .checked_add(PAGE_SIZE - 1)
            .unwrap_or(Gpa(u64::MAX))
            .page();
        let mut kept = ArrayVec::new();
        for span in &self.spans {
            let below = Span {
                start: span.start,
                end: span.end.min(first),
            };
            let above = Span {
                start: span.start.max(last),
                end: span.end,
            };
            for part in [below, above] {
                if part.start < part.end {
                    let _ = kept.try_push(part);
                }
            }
        }
        self.spans = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::vec::Vec;

    fn region(start: u64, end: u64, kind: u32) -> Region {
        Region {
            start: Gpa(start),
            end: Gpa(end),
            kind: RegionKind(kind),
        }
    }

    #[test]
    fn what_is_taken_is_never_given() {
        let map = [region(0, 0x9_fc00, 1), region(0x10_0000, 0x80_0000, 1)];
        let kernel = [region(0x10_0000, 0x20_0123, 1)];
        let mut frames = Frames::new(&map, &kernel, Gpa(0x10_0000));
        assert_eq!(
            frames.spans(),
            &[Span {
                start: Gpa(0x20_1000),
                end: Gpa(0x80_0000)
            }]
        );
        assert_eq!(frames.take(Gpa(0x20_1fff)), None);
        assert_eq!(frames.take(Gpa(0x20_2000)), Some(Gpa(0x20_1000)));
        assert_eq!(frames.total(), 0x80_0000 - 0x20_2000);
    }

    proptest! {
        #[test]
        fn agrees_with_a_set_of_pages(
            map in proptest::collection::vec((0_u64..40, 0_u64..12, 1_u32..4, 0_u64..4096), 0..12),
        ) {
            let regions: Vec<_> = map.iter()
                .map(|&(page, pages, kind, skew)| region(page * 4096 + skew, (page + pages) * 4096 + skew, kind))
                .collect();
            let mut model = BTreeSet::new();
            for r in regions.iter().filter(|r| r.kind == RegionKind::RAM) {
                model.extend((0..60).filter(|p| r.start.0 <= p * 4096 && (p + 1) * 4096 <= r.end.0));
            }
            for r in regions.iter().filter(|r| r.kind != RegionKind::RAM && r.start < r.end) {
                model.retain(|p| (p + 1) * 4096 <= r.start.0 || r.end.0 <= p * 4096);
            }
            let mut frames = Frames::new(&regions, &[], Gpa(0));
            let mut given = BTreeSet::new();
            while let Some(frame) = frames.take(Gpa(u64::MAX)) {
                prop_assert!(given.insert(frame.0 / 4096), "twice");
            }
            prop_assert_eq!(given, model);
        }
    }
}
