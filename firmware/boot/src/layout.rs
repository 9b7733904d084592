//! The guest-physical map that every partition has (`docs/guest-layout.md`): where RAM is, what of it firmware
//! keeps, and the map a guest is told. Made from one trusted number, the partition's memory size.

use alloc::vec::Vec;
use core::{fmt, ops::Range};

use isthmus_abi::{Gpa, PAGE_SIZE};

/// First byte of the extended BIOS data area, 1 KiB below [`LOW_RAM_END`].
pub const EBDA: Gpa = Gpa(0x9_fc00);
/// End of the RAM below the legacy hole.
pub const LOW_RAM_END: Gpa = Gpa(0xa_0000);
/// Where ACPI tables and the RSDP lie: the BIOS read-only area (ACPI 6.5 §5.2.5.1) without its last page, which
/// has the answer to BIOS calls.
pub const ACPI_AREA: Range<u64> = 0xe_0000..0xf_f000;
/// Where RAM that a guest may use freely goes on.
pub const HIGH_RAM_START: Gpa = Gpa(0x10_0000);
/// End of the RAM below 4 GiB; from here to 4 GiB is for memory-mapped devices.
pub const DEVICE_HOLE: Gpa = Gpa(0xc000_0000);
/// Where the rest of a large partition's RAM begins.
pub const ABOVE_4G: Gpa = Gpa(0x1_0000_0000);
/// The IOAPIC's registers.
pub const IOAPIC: Gpa = Gpa(0xfec0_0000);
/// Every local APIC's registers, as each processor sees its own.
pub const LAPIC: Gpa = Gpa(0xfee0_0000);

/// Smallest memory of a partition, bytes.
pub const MIN_SIZE: u64 = 0x10_0000;
/// Largest memory of a partition, bytes: keeps every address below 2^46, what four-level EPT covers with room to spare.
pub const MAX_SIZE: u64 = 1 << 45;

/// The memory of one partition, laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryLayout {
    size: u64,
}

/// A memory size that no layout can be made of: a mistake in the manifest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LayoutError {
    /// Smaller than [`MIN_SIZE`]; holds the size in bytes.
    TooSmall(u64),
    /// Larger than [`MAX_SIZE`]; holds the size in bytes.
    TooLarge(u64),
    /// Not a multiple of 4 KiB; holds the size in bytes.
    NotPages(u64),
}

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooSmall(size) => write!(
                f,
                "{size} bytes of memory are too few: a partition needs at least 1 MiB"
            ),
            Self::TooLarge(size) => write!(
                f,
                "{size} bytes of memory are too many: a partition has at most 32 TiB"
            ),
            Self::NotPages(size) => write!(f, "{size} bytes of memory are not a multiple of 4 KiB"),
        }
    }
}

impl core::error::Error for LayoutError {}

/// What an entry of the memory map says of its range, with the numbers that e820, multiboot and PVH share
/// (ACPI 6.5 §15, table 15.5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum MemoryKind {
    /// The guest may use it as it likes.
    Ram = 1,
    /// Firmware's or a device's.
    Reserved = 2,
}

/// One line of the memory map a guest is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryEntry {
    /// First byte.
    pub start: Gpa,
    /// Bytes, at least one.
    pub size: u64,
    /// Whose it is.
    pub kind: MemoryKind,
}

impl MemoryLayout {
    /// The layout of `size` bytes of memory.
    ///
    /// # Errors
    /// The size is below [`MIN_SIZE`], above [`MAX_SIZE`] or no multiple of 4 KiB.
    pub const fn new(size: u64) -> Result<Self, LayoutError> {
        if size < MIN_SIZE {
            return Err(LayoutError::TooSmall(size));
        }
        if size > MAX_SIZE {
            return Err(LayoutError::TooLarge(size));
        }
        if !size.is_multiple_of(PAGE_SIZE) {
            return Err(LayoutError::NotPages(size));
        }
        Ok(Self { size })
    }

    /// Bytes of memory, all of it backed.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// End of the RAM below 4 GiB.
    #[must_use]
    pub const fn low_end(&self) -> Gpa {
        if self.size < DEVICE_HOLE.0 {
            Gpa(self.size)
        } else {
            DEVICE_HOLE
        }
    }

    /// End of all RAM.
    #[must_use]
    pub const fn end(&self) -> Gpa {
        match self.size.checked_sub(DEVICE_HOLE.0) {
            Some(rest) if rest > 0 => Gpa(ABOVE_4G.0 + rest),
            _ => self.low_end(),
        }
    }

    /// Ranges that real memory stands behind, in rising order: one, or two for a partition above 3 GiB. The
    /// firmware areas below 1 MiB are part of the first. Sizes add up to [`Self::size`].
    pub fn backed(&self) -> impl Iterator<Item = Range<u64>> + use<> {
        [0..self.low_end().0, ABOVE_4G.0..self.end().0]
            .into_iter()
            .filter(|range| !range.is_empty())
    }

    /// Ranges a guest may use freely, in rising order.
    pub fn usable(&self) -> impl Iterator<Item = Range<u64>> + use<> {
        [
            0..EBDA.0,
            HIGH_RAM_START.0..self.low_end().0,
            ABOVE_4G.0..self.end().0,
        ]
        .into_iter()
        .filter(|range| !range.is_empty())
    }

    /// Whether all of `start .. start + len` is backed.
    #[must_use]
    pub fn contains(&self, start: Gpa, len: u64) -> bool {
        start.0.checked_add(len).is_some_and(|end| {
            self.backed()
                .any(|range| range.start <= start.0 && end <= range.end)
        })
    }

    /// The memory map told to the guest, in rising order and without overlaps.
    #[must_use]
    pub fn entries(&self) -> Vec<MemoryEntry> {
        let reserved = [
            EBDA.0..HIGH_RAM_START.0,
            IOAPIC.0..IOAPIC.0 + PAGE_SIZE,
            LAPIC.0..LAPIC.0 + PAGE_SIZE,
        ];
        let ram = self.usable().map(|range| (range, MemoryKind::Ram));
        let mut entries: Vec<_> = ram
            .chain(
                reserved
                    .into_iter()
                    .map(|range| (range, MemoryKind::Reserved)),
            )
            .map(|(range, kind)| MemoryEntry {
                start: Gpa(range.start),
                size: range.end - range.start,
                kind,
            })
            .collect();
        entries.sort_by_key(|entry| entry.start);
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_outside_the_range_are_refused() {
        assert_eq!(
            MemoryLayout::new(0xf_f000),
            Err(LayoutError::TooSmall(0xf_f000))
        );
        assert_eq!(
            MemoryLayout::new(MAX_SIZE + 4096),
            Err(LayoutError::TooLarge(MAX_SIZE + 4096))
        );
        assert_eq!(
            MemoryLayout::new(MIN_SIZE + 1),
            Err(LayoutError::NotPages(MIN_SIZE + 1))
        );
    }

    #[test]
    fn memory_beyond_three_gib_goes_above_four() {
        let layout = MemoryLayout::new(DEVICE_HOLE.0 + 0x20_0000).unwrap();
        assert_eq!(
            layout.backed().collect::<Vec<_>>(),
            [0..DEVICE_HOLE.0, ABOVE_4G.0..ABOVE_4G.0 + 0x20_0000]
        );
        assert!(layout.contains(ABOVE_4G, 0x20_0000));
        assert!(!layout.contains(Gpa(DEVICE_HOLE.0 - 1), 2));
    }

    #[test]
    fn the_smallest_partition_has_low_ram_alone() {
        let layout = MemoryLayout::new(MIN_SIZE).unwrap();
        assert!(layout.usable().eq(core::iter::once(0..EBDA.0)));
        assert_eq!(layout.end(), HIGH_RAM_START);
    }

    proptest! {
        #[test]
        fn map_is_sorted_disjoint_and_backs_what_it_calls_ram(pages in MIN_SIZE / 4096..1 << 24) {
            let layout = MemoryLayout::new(pages * 4096).unwrap();
            prop_assert_eq!(layout.backed().map(|range| range.end - range.start).sum::<u64>(), layout.size());
            let entries = layout.entries();
            for pair in entries.windows(2) {
                prop_assert!(pair[0].start.0 + pair[0].size <= pair[1].start.0);
            }
            for entry in entries.iter().filter(|entry| entry.kind == MemoryKind::Ram) {
                prop_assert!(layout.contains(entry.start, entry.size));
            }
        }
    }
}
