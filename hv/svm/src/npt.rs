//! Nested page tables: what an entry says, and the tables of one guest-physical space (APM Vol. 2 §15.25). They are
//! page tables of the host's own format, walked by the processor as if a user-mode program of the host made every
//! access: the U bit must be set on the way, NX works where the host's EFER.NXE is set at VMRUN, and the walk has as
//! many levels as the host's own then: four. The guest's own page tables are walked as if written to, so they cannot
//! lie in pages without WRITE (§15.25.5).
//!
//! Tables of this shape are built for VT-x too; the builder, its survey before each change and the vocabulary of
//! permissions and errors are those of [`isthmus_vmx::ept`], only the bits are here. Trusts its caller to hand over
//! RAM that is really free; trusts nothing that a guest says. Neighbour: [`crate::asid`] for flushing what processors
//! remember.

use bitfield_struct::bitfield;
use isthmus_abi::Hpa;
use isthmus_vmx::ept::{Format, Space};

pub use isthmus_vmx::ept::{
    ENTRIES, GUEST_PHYSICAL_BITS, MapError, MemoryType, OutOfTables, PageSizes, Permissions,
    TableMemory, Translation, UnmapError,
};

/// A guest-physical space translated by nested paging; `root()` is its N_CR3.
pub type AddressSpace = Space<Entry>;

/// One entry of any level (APM Vol. 2 Figures 5-19 to 5-25, §15.25.5).
#[bitfield(u64)]
#[derive(PartialEq, Eq)]
pub struct Entry {
    /// P. Clear: nothing else counts.
    pub present: bool,
    /// R/W.
    pub writable: bool,
    /// U/S: nested walks are user accesses, so it must be set on every level.
    pub user: bool,
    /// PWT: with `cache_disable`, picks one of the first four types of the host's PAT.
    pub write_through: bool,
    /// PCD.
    pub cache_disable: bool,
    /// A, set by the processor.
    pub accessed: bool,
    /// D, set by the processor in leaves.
    pub dirty: bool,
    /// PS in a PDPT or page-directory entry that is a leaf. In a 4 KiB leaf the same bit is PAT, never set here.
    pub page_size: bool,
    /// G; not used.
    pub global: bool,
    /// AVL: ignored by the processor.
    #[bits(3)]
    pub software: u8,
    /// Bits 51:12 of the table's or page's address.
    #[bits(40)]
    pub frame: u64,
    #[bits(11)]
    __: u16,
    /// NX: no instruction fetches.
    pub no_execute: bool,
}

/// Bits 51:12.
const fn frame_of(address: Hpa) -> u64 {
    address.0 >> 12 & 0xff_ffff_ffff
}

/// The first four types of the host's PAT as they are at reset: WB, WT, UC-, UC (APM Vol. 2 §7.8.2). The entries built
/// here count on them.
const PAT_LOW: u32 = 0x0007_0406;

/// Whether the entries built here mean what they say under this value of the host's PAT register, MSR 277H.
#[must_use]
pub const fn is_host_pat_usable(pat: u64) -> bool {
    pat as u32 == PAT_LOW
}

/// Large pages that the processor can map: 2 MiB always (APM Vol. 2 §5.3), 1 GiB where CPUID leaf 80000001H, EDX bit
/// 26 says so.
#[must_use]
pub const fn page_sizes(pages_1g: bool) -> PageSizes {
    PageSizes {
        large_2m: true,
        large_1g: pages_1g,
    }
}

impl Entry {
    fn base(address: Hpa) -> Self {
        Self::new()
            .with_present(true)
            .with_user(true)
            .with_frame(frame_of(address))
    }

    /// Whether a walk that came here at `level` ends here.
    const fn ends_at(self, level: u32) -> bool {
        level == 1 || self.page_size()
    }
}

impl Format for Entry {
    fn from_bits(bits: u64) -> Self {
        Self::from_bits(bits)
    }

    fn into_bits(self) -> u64 {
        self.into_bits()
    }

    fn to_table(table: Hpa) -> Self {
        Self::base(table).with_writable(true)
    }

    /// What is present can be read; permissions without READ are refused before they come here. The types have the
    /// effect they have with EPT as nearly as the reset PAT allows: `Uncacheable` is UC-, so that a guest's own PAT
    /// may make it write-combining (§15.25.8, Table 15-19); `WriteCombining` is the same, so that it is
    /// write-combining where the guest asks for it and uncacheable elsewhere; `WriteProtected` is write-through.
    fn to_page(page: Hpa, level: u32, permissions: Permissions, memory_type: MemoryType) -> Self {
        let (cache_disable, write_through) = match memory_type {
            MemoryType::WriteBack => (false, false),
            MemoryType::WriteThrough | MemoryType::WriteProtected => (false, true),
            MemoryType::Uncacheable | MemoryType::WriteCombining => (true, false),
        };
        Self::base(page)
            .with_writable(permissions.contains(Permissions::WRITE))
            .with_no_execute(!permissions.contains(Permissions::EXECUTE))
            .with_cache_disable(cache_disable)
            .with_write_through(write_through)
            .with_page_size(level > 1)
    }

    fn piece(self, page: Hpa, level: u32) -> Self {
        self.with_page_size(level > 1).with_frame(frame_of(page))
    }

    fn is_present(self) -> bool {
        self.present()
    }

    fn is_leaf(self, level: u32) -> bool {
        self.ends_at(level)
    }

    fn address(self) -> Hpa {
        Hpa(self.frame() << 12)
    }

    fn permissions(self) -> Permissions {
        let mut permissions = Permissions::empty();
        permissions.set(Permissions::READ, self.present() && self.user());
        permissions.set(
            Permissions::WRITE,
            self.present() && self.user() && self.writable(),
        );
        permissions.set(
            Permissions::EXECUTE,
            self.present() && self.user() && !self.no_execute(),
        );
        permissions
    }

    fn memory_type(self) -> Option<MemoryType> {
        Some(match (self.cache_disable(), self.write_through()) {
            (false, false) => MemoryType::WriteBack,
            (false, true) => MemoryType::WriteThrough,
            (true, _) => MemoryType::Uncacheable,
        })
    }
}

#[cfg(test)]
mod tests;
