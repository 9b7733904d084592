//! Extended page tables: what an entry and the EPT pointer say, and the tables of one guest-physical space
//! (SDM Vol. 3C §29.3). Trusts its caller to hand over RAM that is really free; trusts nothing that a guest
//! says. Reaches the tables through [`TableMemory`]; when translations may be cached, [`crate::invalidate`]
//! decides how they are flushed.

mod chain;
mod error;
mod space;
#[cfg(test)]
mod tests;

use crate::capabilities::EptVpid;
use bitfield_struct::bitfield;
use isthmus_abi::Hpa;

pub use error::{MapError, OutOfTables, UnmapError};
pub use space::{Space, Translation};

/// A guest-physical space translated by EPT.
pub type AddressSpace = Space<Entry>;

/// Entries in one table, at every level (SDM Vol. 3C §29.3.2).
pub const ENTRIES: usize = 512;
/// Bits of a guest-physical address that a four-level walk translates (SDM Vol. 3C §29.3.2).
pub const GUEST_PHYSICAL_BITS: u32 = 48;

bitflags::bitflags! {
    /// What a guest may do with a page (SDM Vol. 3C Table 29-2, bits 2:0).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Permissions: u8 {
        /// Data reads.
        const READ = 1;
        /// Data writes. Without READ it is a misconfiguration.
        const WRITE = 2;
        /// Instruction fetches. Without READ it needs a processor that has execute-only translations.
        const EXECUTE = 4;
    }
}

/// Memory types an EPT leaf or the EPT pointer may name (SDM Vol. 3C §29.3.7; 2, 3 and 7 are reserved).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum MemoryType {
    /// UC, for registers of devices.
    Uncacheable = 0,
    /// WC, for frame buffers.
    WriteCombining = 1,
    /// WT.
    WriteThrough = 4,
    /// WP.
    WriteProtected = 5,
    /// WB, for RAM.
    WriteBack = 6,
}

impl MemoryType {
    /// The type with this encoding, or `None` if it is reserved.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            0 => Some(Self::Uncacheable),
            1 => Some(Self::WriteCombining),
            4 => Some(Self::WriteThrough),
            5 => Some(Self::WriteProtected),
            6 => Some(Self::WriteBack),
            _ => None,
        }
    }
}

/// One EPT entry of any level (SDM Vol. 3C Tables 29-2 to 29-7).
#[bitfield(u64)]
#[derive(PartialEq, Eq)]
pub struct Entry {
    /// READ, WRITE, EXECUTE. All zero: not present, and the rest is ignored.
    #[bits(3)]
    pub permission_bits: u8,
    /// Leaves only; see [`MemoryType`].
    #[bits(3)]
    pub memory_type_bits: u8,
    /// Leaves only: the guest's PAT is ignored.
    pub ignore_pat: bool,
    /// Set in a PDPT or page-directory entry that is a leaf.
    pub page_size: bool,
    /// Set by the processor if the EPT pointer asks for it.
    pub accessed: bool,
    /// Set by the processor in leaves if the EPT pointer asks for it.
    pub dirty: bool,
    /// Meaningful only under mode-based execute control.
    pub user_execute: bool,
    /// Ignored by the processor.
    pub software: bool,
    /// Bits 51:12 of the table's or page's address.
    #[bits(40)]
    pub frame: u64,
    #[bits(11)]
    __: u16,
    /// An EPT violation here is never turned into #VE.
    pub suppress_ve: bool,
}

impl Entry {
    /// A reference to the next table. Permissions are decided in the leaf, so all are given here.
    #[must_use]
    pub fn to_table(table: Hpa) -> Self {
        Self::new()
            .with_permission_bits(Permissions::all().bits())
            .with_frame(frame_of(table))
    }
    /// A leaf at `level` (1: 4 KiB, 2: 2 MiB, 3: 1 GiB).
    #[must_use]
    pub fn to_page(
        page: Hpa,
        level: u32,
        permissions: Permissions,
        memory_type: MemoryType,
    ) -> Self {
        Self::new()
            .with_permission_bits(permissions.bits())
            .with_memory_type_bits(memory_type as u8)
            .with_page_size(level > 1)
            .with_frame(frame_of(page))
    }
    /// Whether a walk goes on from here (SDM Vol. 3C §29.3.2: any of bits 2:0).
    #[must_use]
    pub fn is_present(self) -> bool {
        self.permission_bits() != 0
    }
    /// Whether a walk that reached this entry at `level` ends here.
    #[must_use]
    pub fn is_leaf(self, level: u32) -> bool {
        level == 1 || self.page_size()
    }
    /// The table or page referred to.
    #[must_use]
    pub fn address(self) -> Hpa {
        Hpa(self.frame() << 12)
    }
    /// What this entry allows.
    #[must_use]
    pub fn permissions(self) -> Permissions {
        Permissions::from_bits_truncate(self.permission_bits())
    }
}

/// Bits 51:12.
const fn frame_of(address: Hpa) -> u64 {
    address.0 >> 12 & 0xff_ffff_ffff
}

/// The EPT pointer, EPTP (SDM Vol. 3C §25.6.11).
#[bitfield(u64)]
#[derive(PartialEq, Eq)]
struct EptPointerBits {
    #[bits(3)]
    memory_type_bits: u8,
    #[bits(3)]
    walk_length_minus_one: u8,
    accessed_dirty: bool,
    #[bits(5)]
    __: u8,
    #[bits(40)]
    frame: u64,
    #[bits(12)]
    __: u16,
}

/// The value of the EPT pointer: a root, walked through write-back memory in four levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EptPointer(EptPointerBits);

impl EptPointer {
    /// The pointer to `root`, a page. `accessed_dirty` asks the processor to set those flags in entries; it
    /// may be asked only if IA32_VMX_EPT_VPID_CAP bit 21 is set.
    #[must_use]
    pub fn new(root: Hpa, accessed_dirty: bool) -> Self {
        Self(
            EptPointerBits::new()
                .with_memory_type_bits(MemoryType::WriteBack as u8)
                .with_walk_length_minus_one(3)
                .with_accessed_dirty(accessed_dirty)
                .with_frame(frame_of(root)),
        )
    }
    /// The value of the VMCS field, and of an INVEPT descriptor's first half.
    #[must_use]
    pub fn bits(self) -> u64 {
        self.0.into_bits()
    }
    /// The topmost table.
    #[must_use]
    pub fn root(self) -> Hpa {
        Hpa(self.0.frame() << 12)
    }
}

/// Large pages that the processor can map (IA32_VMX_EPT_VPID_CAP, SDM Vol. 3D §A.10).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageSizes {
    /// Bit 16: a page-directory entry may be a leaf.
    pub large_2m: bool,
    /// Bit 17: a page-directory-pointer-table entry may be a leaf. Used only together with 2 MiB pages, into
    /// which a 1 GiB page may have to be split.
    pub large_1g: bool,
}

impl PageSizes {
    /// As the capability register says.
    #[must_use]
    pub const fn new(capability: EptVpid) -> Self {
        Self {
            large_2m: capability.pages_2m(),
            large_1g: capability.pages_1g(),
        }
    }
    /// Whether an entry at `level` may be a leaf.
    const fn allow(self, level: u32) -> bool {
        match level {
            1 => true,
            2 => self.large_2m,
            3 => self.large_1g && self.large_2m,
            _ => false,
        }
    }
}

/// How the entries of second-level page tables of four levels and 512 entries are laid out. EPT's are [`Entry`];
/// those of nested paging are in the crate for AMD-V. Zero must mean "not present", and bits 2:0 and 11 of an entry
/// that is not present must mean nothing else.
pub trait Format: Copy {
    /// The entry with these bits.
    fn from_bits(bits: u64) -> Self;
    /// The entry's bits.
    fn into_bits(self) -> u64;
    /// A reference to the next table. Permissions are decided in the leaf, so all are given here.
    fn to_table(table: Hpa) -> Self;
    /// A leaf at `level` (1: 4 KiB, 2: 2 MiB, 3: 1 GiB).
    fn to_page(page: Hpa, level: u32, permissions: Permissions, memory_type: MemoryType) -> Self;
    /// The leaf for `page` at `level` that says of it what this leaf, one level up, says.
    fn piece(self, page: Hpa, level: u32) -> Self;
    /// Whether a walk goes on from here.
    fn is_present(self) -> bool;
    /// Whether a walk that reached this entry at `level` ends here.
    fn is_leaf(self, level: u32) -> bool;
    /// The table or page referred to.
    fn address(self) -> Hpa;
    /// What this entry allows.
    fn permissions(self) -> Permissions;
    /// The memory type of a leaf; `None` for one that no leaf built here has.
    fn memory_type(self) -> Option<MemoryType>;
}

impl Format for Entry {
    fn from_bits(bits: u64) -> Self {
        Self::from_bits(bits)
    }
    fn into_bits(self) -> u64 {
        self.into_bits()
    }
    fn to_table(table: Hpa) -> Self {
        Self::to_table(table)
    }
    fn to_page(page: Hpa, level: u32, permissions: Permissions, memory_type: MemoryType) -> Self {
        Self::to_page(page, level, permissions, memory_type)
    }
    fn piece(self, page: Hpa, level: u32) -> Self {
        self.with_page_size(level > 1).with_frame(frame_of(page))
    }
    fn is_present(self) -> bool {
        self.is_present()
    }
    fn is_leaf(self, level: u32) -> bool {
        self.is_leaf(level)
    }
    fn address(self) -> Hpa {
        self.address()
    }
    fn permissions(self) -> Permissions {
        self.permissions()
    }
    fn memory_type(self) -> Option<MemoryType> {
        MemoryType::from_bits(self.memory_type_bits())
    }
}

/// Where tables live. A table is a 4 KiB page, named by its address.
///
/// The processor walks the tables at any time: `write` must be one 64-bit store, and stores must become
/// visible in the order in which they are made (on x86 they do).
pub trait TableMemory {
    /// A table with every entry zero, or `None` if there is no memory left.
    fn allocate(&mut self) -> Option<Hpa>;
    /// Takes back a table that no processor can reach any more. Its content is arbitrary.
    fn free(&mut self, table: Hpa);
    /// Entry `index`, below [`ENTRIES`].
    fn read(&self, table: Hpa, index: usize) -> u64;
    /// Sets entry `index`, below [`ENTRIES`].
    fn write(&mut self, table: Hpa, index: usize, entry: u64);
}
