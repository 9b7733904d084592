//! The tables of one guest-physical space, changed while processors may be walking them. Which bits an entry has is
//! the business of its [`Format`]: EPT's here, nested paging's in the crate for AMD-V.
//!
//! Each change surveys first: it finds every reason to refuse and counts the tables it needs, takes them all,
//! and only then touches what a processor can see, so it happens whole or not at all. A table that has become
//! empty may still be known to a paging-structure cache (SDM Vol. 3C §29.4.1), so it is retired: kept until
//! [`Space::reclaim`] says that the caches were flushed.

use super::chain::Chain;
use super::{
    ENTRIES, Format, GUEST_PHYSICAL_BITS, MapError, MemoryType, OutOfTables, PageSizes,
    Permissions, TableMemory, UnmapError,
};
use core::marker::PhantomData;
use isthmus_abi::{Gpa, Hpa, PAGE_SIZE};

/// The level of the root.
const ROOT_LEVEL: u32 = 4;
/// First address that a leaf cannot hold (bits 51:12).
const PHYSICAL_END: u64 = 1 << 52;

/// Where a guest-physical address leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Translation {
    /// The byte that the address means.
    pub hpa: Hpa,
    /// What the guest may do there.
    pub permissions: Permissions,
    /// The leaf's memory type.
    pub memory_type: MemoryType,
    /// Bytes of the page: 4 KiB, 2 MiB or 1 GiB.
    pub page_bytes: u64,
}

/// One guest-physical space of four levels, whose entries are of the format `E`. It does not free its tables when
/// dropped: see [`Space::destroy`].
#[derive(Debug)]
pub struct Space<E> {
    root: Hpa,
    in_use: usize,
    retired: Chain,
    format: PhantomData<E>,
}

/// A contiguous mapping that is being made.
#[derive(Clone, Copy)]
struct Mapping {
    gpa: u64,
    hpa: u64,
    permissions: Permissions,
    memory_type: MemoryType,
    sizes: PageSizes,
}

impl Mapping {
    /// Where `gpa`, within the mapping, leads.
    const fn target(&self, gpa: u64) -> u64 {
        self.hpa.wrapping_add(gpa.wrapping_sub(self.gpa))
    }
    /// Whether the slice is a leaf at `level`.
    const fn is_leaf(&self, level: u32, slice: Slice) -> bool {
        self.sizes.allow(level)
            && slice.covers(level)
            && self.target(slice.from).is_multiple_of(span(level))
    }
    fn leaf<E: Format>(&self, level: u32, gpa: u64) -> u64 {
        E::to_page(
            Hpa(self.target(gpa)),
            level,
            self.permissions,
            self.memory_type,
        )
        .into_bits()
    }
}

/// The part of a range that one entry translates.
#[derive(Clone, Copy)]
struct Slice {
    index: usize,
    from: u64,
    to: u64,
}

impl Slice {
    const fn covers(self, level: u32) -> bool {
        self.to - self.from == span(level)
    }
}

/// Bytes that one entry at `level`, 1 to 4, translates.
const fn span(level: u32) -> u64 {
    PAGE_SIZE << (9 * (level - 1))
}

/// The slices of `[from, to)`, which lies within one table at `level`.
fn slices(level: u32, from: u64, to: u64) -> impl Iterator<Item = Slice> {
    let mut next = from;
    core::iter::from_fn(move || {
        let from = next;
        (from < to).then(|| {
            next = ((from / span(level) + 1) * span(level)).min(to);
            Slice {
                index: (from / span(level)) as usize % ENTRIES,
                from,
                to: next,
            }
        })
    })
}

fn entry<E: Format>(memory: &impl TableMemory, table: Hpa, index: usize) -> E {
    E::from_bits(memory.read(table, index))
}

impl<E: Format> Space<E> {
    /// A space in which nothing is mapped.
    ///
    /// # Errors
    /// If there is no memory for the root.
    pub fn new(memory: &mut impl TableMemory) -> Result<Self, OutOfTables> {
        let root = memory.allocate().ok_or(OutOfTables)?;
        Ok(Self {
            root,
            in_use: 1,
            retired: Chain::default(),
            format: PhantomData,
        })
    }

    /// The root, for [`super::EptPointer::new`] or N_CR3.
    #[must_use]
    pub const fn root(&self) -> Hpa {
        self.root
    }

    /// Tables held: the root, those below it, and those retired and not yet reclaimed.
    #[must_use]
    pub const fn tables(&self) -> usize {
        self.in_use + self.retired.length()
    }

    /// Maps `bytes` from `gpa` to `hpa` by the largest pages that both addresses and `sizes` allow.
    ///
    /// Nothing was mapped there before, so no translation can be cached and no INVEPT is needed (SDM Vol. 3C
    /// §29.4.3.4), nor with nested paging a flush of the TLB (APM Vol. 2 §5.5). Memory of another type than RAM needs
    /// a `memory_type` of its own; the guest's PAT is honoured in every case.
    ///
    /// # Errors
    /// See [`MapError`]; nothing is changed then.
    #[expect(
        clippy::too_many_arguments,
        reason = "source, destination and the page's three properties, each of its own type"
    )]
    pub fn map(
        &mut self,
        memory: &mut impl TableMemory,
        gpa: Gpa,
        hpa: Hpa,
        bytes: u64,
        permissions: Permissions,
        memory_type: MemoryType,
        sizes: PageSizes,
    ) -> Result<(), MapError> {
        if (gpa.0 | hpa.0 | bytes) & (PAGE_SIZE - 1) != 0 {
            return Err(MapError::Misaligned);
        }
        let end = end_of(gpa, bytes).ok_or(MapError::BeyondGuestPhysical)?;
        if hpa
            .checked_add(bytes)
            .is_none_or(|end| end.0 > PHYSICAL_END)
        {
            return Err(MapError::BeyondHostPhysical);
        }
        if !permissions.contains(Permissions::READ) {
            return Err(MapError::Unreadable);
        }
        let mapping = Mapping {
            gpa: gpa.0,
            hpa: hpa.0,
            permissions,
            memory_type,
            sizes,
        };
        let needed = survey_map::<E>(memory, Some(self.root), ROOT_LEVEL, gpa.0, end, &mapping)?;
        let mut fresh = Chain::take(memory, needed)?;
        fill::<E>(
            memory, self.root, ROOT_LEVEL, gpa.0, end, &mapping, &mut fresh,
        );
        self.in_use += needed - fresh.length();
        fresh.free(memory);
        Ok(())
    }

    /// Takes away whatever is mapped in `bytes` from `gpa`, splitting large pages that reach beyond.
    ///
    /// `Ok(true)`: something was mapped, so translations may be cached. Until every core that has run this
    /// space has done INVEPT or flushed its ASID, the pages must not be used for anything else; then call
    /// [`Space::reclaim`]. `Ok(false)`: nothing was mapped there.
    ///
    /// # Errors
    /// See [`UnmapError`]; nothing is changed then.
    pub fn unmap(
        &mut self,
        memory: &mut impl TableMemory,
        gpa: Gpa,
        bytes: u64,
    ) -> Result<bool, UnmapError> {
        if (gpa.0 | bytes) & (PAGE_SIZE - 1) != 0 {
            return Err(UnmapError::Misaligned);
        }
        let end = end_of(gpa, bytes).ok_or(UnmapError::BeyondGuestPhysical)?;
        let needed = survey_unmap::<E>(memory, self.root, ROOT_LEVEL, gpa.0, end);
        let mut fresh = Chain::take(memory, needed)?;
        self.in_use += needed;
        let removed = self.clear(memory, self.root, ROOT_LEVEL, gpa.0, end, &mut fresh);
        self.in_use -= fresh.free(memory);
        Ok(removed)
    }

    /// Frees the tables that were retired by [`Space::unmap`], and says how many. Call it only when
    /// every core that has run this space has done INVEPT since, or will before it runs it again.
    pub fn reclaim(&mut self, memory: &mut impl TableMemory) -> usize {
        self.retired.free(memory)
    }

    /// Where `gpa` leads, or `None` if it is not mapped.
    #[must_use]
    pub fn translate(&self, memory: &impl TableMemory, gpa: Gpa) -> Option<Translation> {
        if gpa.0 >> GUEST_PHYSICAL_BITS != 0 {
            return None;
        }
        let mut table = self.root;
        let mut permissions = Permissions::all();
        for level in (1..=ROOT_LEVEL).rev() {
            let entry = entry::<E>(memory, table, (gpa.0 / span(level)) as usize % ENTRIES);
            if !entry.is_present() {
                return None;
            }
            permissions &= entry.permissions();
            if entry.is_leaf(level) {
                let offset = gpa.0 & (span(level) - 1);
                return Some(Translation {
                    hpa: entry.address().wrapping_add(offset),
                    permissions,
                    memory_type: entry.memory_type()?,
                    page_bytes: span(level),
                });
            }
            table = entry.address();
        }
        None
    }

    /// Frees every table, and says how many there were. Call it only when no core will run this space again
    /// and every core that has run it has done INVEPT since.
    pub fn destroy(mut self, memory: &mut impl TableMemory) -> usize {
        free_below::<E>(memory, self.root, ROOT_LEVEL) + self.retired.free(memory)
    }

    /// Clears the range in the table at `level`; whether anything was there.
    fn clear(
        &mut self,
        memory: &mut impl TableMemory,
        table: Hpa,
        level: u32,
        from: u64,
        to: u64,
        fresh: &mut Chain,
    ) -> bool {
        let mut removed = false;
        for slice in slices(level, from, to) {
            let entry = entry::<E>(memory, table, slice.index);
            if !entry.is_present() {
                continue;
            }
            if entry.is_leaf(level) && slice.covers(level) {
                memory.write(table, slice.index, 0);
                removed = true;
                continue;
            }
            let below = if entry.is_leaf(level) {
                let Some(below) = fresh.pop(memory) else {
                    break;
                };
                split(memory, entry, level, below);
                memory.write(table, slice.index, E::to_table(below).into_bits());
                below
            } else {
                entry.address()
            };
            removed |= self.clear(memory, below, level - 1, slice.from, slice.to, fresh);
            if (0..ENTRIES).all(|index| memory.read(below, index) == 0) {
                memory.write(table, slice.index, 0);
                self.retired.push(memory, below);
                self.in_use -= 1;
            }
        }
        removed
    }
}

/// The end of a guest-physical range, or `None` if it passes the end of the space.
fn end_of(gpa: Gpa, bytes: u64) -> Option<u64> {
    gpa.0
        .checked_add(bytes)
        .filter(|&end| end <= 1 << GUEST_PHYSICAL_BITS)
}

/// Tables that [`fill`] will need; an error if something is mapped in the range. `table` is `None` below an
/// entry that is not present.
fn survey_map<E: Format>(
    memory: &impl TableMemory,
    table: Option<Hpa>,
    level: u32,
    from: u64,
    to: u64,
    mapping: &Mapping,
) -> Result<usize, MapError> {
    if table.is_none() && level == 1 {
        return Ok(0);
    }
    let mut needed = 0;
    for slice in slices(level, from, to) {
        let entry = table.map_or(E::from_bits(0), |table| entry(memory, table, slice.index));
        if entry.is_present() {
            if entry.is_leaf(level) {
                return Err(MapError::Overlap(Gpa(slice.from)));
            }
            needed += survey_map::<E>(
                memory,
                Some(entry.address()),
                level - 1,
                slice.from,
                slice.to,
                mapping,
            )?;
        } else if !mapping.is_leaf(level, slice) {
            needed += 1 + survey_map::<E>(memory, None, level - 1, slice.from, slice.to, mapping)?;
        }
    }
    Ok(needed)
}

/// Maps the range in the table at `level`. A new table is linked only when it is complete.
fn fill<E: Format>(
    memory: &mut impl TableMemory,
    table: Hpa,
    level: u32,
    from: u64,
    to: u64,
    mapping: &Mapping,
    fresh: &mut Chain,
) {
    for slice in slices(level, from, to) {
        let entry = entry::<E>(memory, table, slice.index);
        if entry.is_present() {
            fill::<E>(
                memory,
                entry.address(),
                level - 1,
                slice.from,
                slice.to,
                mapping,
                fresh,
            );
        } else if mapping.is_leaf(level, slice) {
            memory.write(table, slice.index, mapping.leaf::<E>(level, slice.from));
        } else if let Some(below) = fresh.pop(memory) {
            fill::<E>(
                memory,
                below,
                level - 1,
                slice.from,
                slice.to,
                mapping,
                fresh,
            );
            memory.write(table, slice.index, E::to_table(below).into_bits());
        }
    }
}

/// Tables that [`Space::clear`] will need, one for each large page that reaches out of the range.
fn survey_unmap<E: Format>(
    memory: &impl TableMemory,
    table: Hpa,
    level: u32,
    from: u64,
    to: u64,
) -> usize {
    slices(level, from, to)
        .map(|slice| {
            let entry = entry::<E>(memory, table, slice.index);
            if !entry.is_present() {
                0
            } else if entry.is_leaf(level) {
                splits(level, slice)
            } else {
                survey_unmap::<E>(memory, entry.address(), level - 1, slice.from, slice.to)
            }
        })
        .sum()
}

/// Tables needed to cut the slice out of a leaf at `level`.
fn splits(level: u32, slice: Slice) -> usize {
    if level == 1 || slice.covers(level) {
        return 0;
    }
    1 + slices(level - 1, slice.from, slice.to)
        .map(|slice| splits(level - 1, slice))
        .sum::<usize>()
}

/// Fills `below` with leaves that together say what `leaf`, at `level`, says.
fn split<E: Format>(memory: &mut impl TableMemory, leaf: E, level: u32, below: Hpa) {
    for index in 0..ENTRIES {
        let page = leaf.address().wrapping_add(index as u64 * span(level - 1));
        memory.write(below, index, leaf.piece(page, level - 1).into_bits());
    }
}

/// Frees the table at `level` and those below it; how many there were.
fn free_below<E: Format>(memory: &mut impl TableMemory, table: Hpa, level: u32) -> usize {
    let mut count = 1;
    for index in 0..ENTRIES {
        let entry = entry::<E>(memory, table, index);
        if entry.is_present() && !entry.is_leaf(level) {
            count += free_below::<E>(memory, entry.address(), level - 1);
        }
    }
    memory.free(table);
    count
}
