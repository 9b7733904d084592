//! The guest's own page tables, walked in software: SDM Vol. 3A ch. 4. The tables are the guest's, so every entry is an
//! allegation; a walk reads at most five of them and ends in an address or an error.
//!
//! Accessed and dirty flags are not set here. [`walk`] reports which are missing, and whoever performs the access sets them with a
//! compare-and-exchange ([`Walk::updates`]) before it does so; [`translate`] is for accesses where that does not matter, like
//! fetching the bytes of an instruction that the processor has just fetched itself.

use isthmus_abi::{Gpa, Gva};

use crate::address::is_canonical;

const CR0_WP: u64 = 1 << 16;
const CR0_PG: u64 = 1 << 31;
const CR4_PSE: u64 = 1 << 4;
const CR4_PAE: u64 = 1 << 5;
const CR4_LA57: u64 = 1 << 12;
const CR4_SMEP: u64 = 1 << 20;
const CR4_SMAP: u64 = 1 << 21;
const CR4_PKE: u64 = 1 << 22;
const EFER_LMA: u64 = 1 << 10;
const EFER_NXE: u64 = 1 << 11;

const PRESENT: u64 = 1 << 0;
const WRITABLE: u64 = 1 << 1;
const USER: u64 = 1 << 2;
const ACCESSED: u64 = 1 << 5;
const DIRTY: u64 = 1 << 6;
const PAGE_SIZE: u64 = 1 << 7;
const NO_EXECUTE: u64 = 1 << 63;

/// Bits of a page fault's error code (SDM Vol. 3A §4.7).
pub mod error_code {
    /// The fault was a violation of rights, not a missing entry.
    pub const PRESENT: u32 = 1 << 0;
    /// The access was a write.
    pub const WRITE: u32 = 1 << 1;
    /// The access was made at CPL 3.
    pub const USER: u32 = 1 << 2;
    /// An entry had a reserved bit set.
    pub const RESERVED: u32 = 1 << 3;
    /// The access was an instruction fetch, and fetches are told apart (NXE with PAE, or SMEP).
    pub const FETCH: u32 = 1 << 4;
    /// The page's protection key forbids the access.
    pub const PROTECTION_KEY: u32 = 1 << 5;
}

/// The registers that paging depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PagingState {
    /// CR0.
    pub cr0: u64,
    /// CR3.
    pub cr3: u64,
    /// CR4. Protection keys for supervisor pages (PKS) are taken as absent.
    pub cr4: u64,
    /// IA32_EFER.
    pub efer: u64,
    /// Privilege level of the access, 0 to 3. Accesses that are implicitly the supervisor's (to descriptor tables and
    /// the TSS) are made with 0 here and `rflags_ac` false.
    pub cpl: u8,
    /// RFLAGS.AC, which suspends SMAP for explicit supervisor accesses.
    pub rflags_ac: bool,
    /// PKRU, which counts while CR4.PKE is set; 0 allows everything.
    pub pkru: u32,
    /// MAXPHYADDR as the guest's CPUID tells it, 32 to 52; other values are taken as the nearest bound.
    pub physical_bits: u8,
    /// Whether the guest's CPUID tells of 1 GiB pages.
    pub gigabyte_pages: bool,
    /// The four PDPTE registers of PAE paging, which MOV to CR3 loads (SDM Vol. 3A §4.4.1); `None` reads them from memory at CR3.
    pub pdptes: Option<[u64; 4]>,
}

/// What is done at the address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Data read.
    Read,
    /// Data write, or the read of a read-modify-write.
    Write,
    /// Instruction fetch.
    Fetch,
}

/// Why there is no translation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WalkError {
    /// The guest's doing: #PF with this error code, CR2 the address.
    PageFault(u32),
    /// The guest's doing: the linear address is not canonical, #GP(0) or #SS(0).
    NonCanonical,
    /// The guest's doing: a paging structure lies at an address where nothing can be read. Hardware would cause an EPT violation there.
    Unbacked(Gpa),
}

/// Guest-physical memory, to be read as paging structures are.
pub trait PhysicalRead {
    /// Why a read failed.
    type Error;
    /// Fills `buffer` from guest-physical memory. Reads are aligned to the buffer's length, 4 or 8 bytes, and should be single-copy atomic.
    ///
    /// # Errors
    /// When there is no memory.
    fn read(&self, at: Gpa, buffer: &mut [u8]) -> Result<(), Self::Error>;
}

/// An entry that a walk went through.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct EntryUpdate {
    /// Where it is, aligned to its size.
    pub at: Gpa,
    /// 4 or 8.
    pub bytes: u8,
    /// What it held.
    pub seen: u64,
    /// What it is to hold, with the flags set.
    pub wanted: u64,
}

/// A translation and how it came about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Walk {
    /// The guest-physical address.
    pub gpa: Gpa,
    /// log2 of the page's size: 12, 21, 22 or 30; the whole address width when paging is off.
    pub page_bits: u32,
    updates: [EntryUpdate; 5],
    count: usize,
}

impl Walk {
    /// The entries that need an accessed or dirty flag before the access is made, from the root down. If one of them has changed from
    /// what was seen, the walk is to be made again.
    pub fn updates(&self) -> impl Iterator<Item = &EntryUpdate> {
        self.updates.iter().take(self.count)
    }

    fn record(&mut self, update: EntryUpdate) {
        if update.seen == update.wanted {
            return;
        }
        if let Some(slot) = self.updates.get_mut(self.count) {
            *slot = update;
            self.count += 1;
        }
    }
}

/// The address that the guest's page tables give, if they allow the access.
///
/// # Errors
/// See [`WalkError`].
pub fn translate<P: PhysicalRead>(
    state: &PagingState,
    address: Gva,
    access: Access,
    memory: &P,
) -> Result<Gpa, WalkError> {
    walk(state, address, access, memory).map(|walk| walk.gpa)
}

/// As [`translate`], with the entries whose accessed and dirty flags are due.
///
/// # Errors
/// See [`WalkError`].
pub fn walk<P: PhysicalRead>(
    state: &PagingState,
    address: Gva,
    access: Access,
    memory: &P,
) -> Result<Walk, WalkError> {
    if state.cr0 & CR0_PG == 0 {
        let gpa = Gpa(address.0 & 0xffff_ffff);
        return Ok(Walk {
            gpa,
            page_bits: 32,
            ..Walk::default()
        });
    }
    let format = Format::of(state);
    let address = match format {
        Format::FourLevel if !is_canonical(address.0, 48) => return Err(WalkError::NonCanonical),
        Format::FiveLevel if !is_canonical(address.0, 57) => return Err(WalkError::NonCanonical),
        Format::FourLevel | Format::FiveLevel => address,
        Format::Pae | Format::TwoLevel => Gva(address.0 & 0xffff_ffff),
    };
    Walker {
        state,
        format,
        access,
        memory,
        rights: Rights::ALL,
        walk: Walk::default(),
    }
    .run(address)
}

/// The paging modes (SDM Vol. 3A §4.1.1).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    TwoLevel,
    Pae,
    FourLevel,
    FiveLevel,
}

impl Format {
    const fn of(state: &PagingState) -> Self {
        if state.cr4 & CR4_PAE == 0 {
            Self::TwoLevel
        } else if state.efer & EFER_LMA == 0 {
            Self::Pae
        } else if state.cr4 & CR4_LA57 == 0 {
            Self::FourLevel
        } else {
            Self::FiveLevel
        }
    }

    /// Bytes in an entry.
    const fn entry_bytes(self) -> u64 {
        match self {
            Self::TwoLevel => 4,
            _ => 8,
        }
    }

    /// Lowest address bit that level `level` (1 is the page table) translates.
    const fn shift(self, level: u32) -> u32 {
        match self {
            Self::TwoLevel => 2 + 10 * level,
            _ => 3 + 9 * level,
        }
    }

    /// Entries in a table, as a mask.
    const fn index_mask(self) -> u64 {
        match self {
            Self::TwoLevel => 0x3ff,
            _ => 0x1ff,
        }
    }
}

/// The AND of what the entries so far allow.
#[derive(Clone, Copy)]
struct Rights {
    writable: bool,
    user: bool,
    executable: bool,
}

impl Rights {
    const ALL: Self = Self {
        writable: true,
        user: true,
        executable: true,
    };

    fn restrict(&mut self, entry: u64, nx: bool) {
        self.writable &= entry & WRITABLE != 0;
        self.user &= entry & USER != 0;
        self.executable &= !(nx && entry & NO_EXECUTE != 0);
    }
}

struct Walker<'a, P> {
    state: &'a PagingState,
    format: Format,
    access: Access,
    memory: &'a P,
    rights: Rights,
    walk: Walk,
}

impl<P: PhysicalRead> Walker<'_, P> {
    fn run(mut self, address: Gva) -> Result<Walk, WalkError> {
        let (mut table, levels) = match self.format {
            Format::TwoLevel => (self.state.cr3 & 0xffff_f000, 2),
            Format::Pae => (self.pdpte(address)?, 2),
            Format::FourLevel => (self.state.cr3 & self.address_mask(), 4),
            Format::FiveLevel => (self.state.cr3 & self.address_mask(), 5),
        };
        for level in (1..=levels).rev() {
            let index = (address.0 >> self.format.shift(level)) & self.format.index_mask();
            let at = Gpa(table + index * self.format.entry_bytes());
            let entry = self.read(at, self.format.entry_bytes())?;
            if entry & PRESENT == 0 {
                return Err(self.fault(0));
            }
            if entry & self.reserved(entry, level) != 0 {
                return Err(self.fault(error_code::PRESENT | error_code::RESERVED));
            }
            self.rights.restrict(entry, self.no_execute());
            if level == 1 || self.is_page(entry, level) {
                return self.page(address, at, entry, level);
            }
            self.record(at, entry, entry | ACCESSED);
            table = entry & self.address_mask();
        }
        // Level 1 always ends the loop above; a table without one maps nothing.
        Err(self.fault(0))
    }

    /// The PDPTE that covers the address: no rights of its own (SDM Vol. 3A Table 4-8).
    fn pdpte(&self, address: Gva) -> Result<u64, WalkError> {
        let index = (address.0 >> 30) & 3;
        let entry = match self.state.pdptes {
            Some([first, second, third, fourth]) => match index {
                0 => first,
                1 => second,
                2 => third,
                _ => fourth,
            },
            None => self.read(Gpa((self.state.cr3 & 0xffff_ffe0) + index * 8), 8)?,
        };
        if entry & PRESENT == 0 {
            return Err(self.fault(0));
        }
        // MOV to CR3 refuses these with #GP; a value that got here otherwise is refused too.
        if entry & (!self.physical_mask() | 0x1e6) != 0 {
            return Err(self.fault(error_code::PRESENT | error_code::RESERVED));
        }
        Ok(entry & self.address_mask())
    }

    fn read(&self, at: Gpa, bytes: u64) -> Result<u64, WalkError> {
        if bytes == 4 {
            let mut entry = [0; 4];
            self.memory
                .read(at, &mut entry)
                .map_err(|_| WalkError::Unbacked(at))?;
            return Ok(u32::from_le_bytes(entry).into());
        }
        let mut entry = [0; 8];
        self.memory
            .read(at, &mut entry)
            .map_err(|_| WalkError::Unbacked(at))?;
        Ok(u64::from_le_bytes(entry))
    }

    fn record(&mut self, at: Gpa, seen: u64, wanted: u64) {
        let bytes = if self.format == Format::TwoLevel {
            4
        } else {
            8
        };
        self.walk.record(EntryUpdate {
            at,
            bytes,
            seen,
            wanted,
        });
    }

    /// The last entry: rights, then the address.
    fn page(mut self, address: Gva, at: Gpa, entry: u64, level: u32) -> Result<Walk, WalkError> {
        let locked = self.locked(entry);
        if locked || !self.allowed() {
            let key = if locked {
                error_code::PROTECTION_KEY
            } else {
                0
            };
            return Err(self.fault(error_code::PRESENT | key));
        }
        let dirty = if self.access == Access::Write {
            DIRTY
        } else {
            0
        };
        self.record(at, entry, entry | ACCESSED | dirty);
        let bits = self.format.shift(level);
        let offset = (1u64 << bits) - 1;
        let frame = if self.format == Format::TwoLevel && level == 2 {
            // PSE-36: bits 20:13 are the address bits 39:32 (SDM Vol. 3A Table 4-4).
            (entry & 0xffc0_0000) | ((entry >> 13) & 0xff) << 32
        } else {
            entry & self.address_mask()
        };
        self.walk.gpa = Gpa((frame & !offset) | (address.0 & offset));
        self.walk.page_bits = bits;
        Ok(self.walk)
    }

    fn is_page(&self, entry: u64, level: u32) -> bool {
        entry & PAGE_SIZE != 0
            && match (self.format, level) {
                (Format::TwoLevel, 2) => self.state.cr4 & CR4_PSE != 0,
                (Format::Pae, 2) => true,
                (Format::FourLevel | Format::FiveLevel, 2) => true,
                (Format::FourLevel | Format::FiveLevel, 3) => self.state.gigabyte_pages,
                _ => false,
            }
    }

    /// Reserved bits of a present entry: SDM Vol. 3A §4.3, §4.4.2, §4.5.4.
    fn reserved(&self, entry: u64, level: u32) -> u64 {
        let page = self.is_page(entry, level);
        if self.format == Format::TwoLevel {
            if level == 1 || !page {
                return 0;
            }
            // Bit 21, and those of bits 20:13 that are beyond the address width.
            let usable = u32::from(self.physical_bits()).min(40) - 32;
            return (1 << 21) | (0xff & !((1u64 << usable) - 1)) << 13;
        }
        let beyond = !self.physical_mask() & 0x000f_ffff_ffff_ffff;
        let mut reserved = beyond;
        if !self.no_execute() {
            reserved |= NO_EXECUTE;
        }
        if self.format == Format::Pae {
            reserved |= 0x7ff0_0000_0000_0000;
        }
        if level > 1 && page {
            // Between the PAT bit (12) and the frame.
            reserved |= (1u64 << self.format.shift(level)) - (1 << 13);
        } else if level > 3 || (level == 3 && !self.state.gigabyte_pages) {
            reserved |= PAGE_SIZE;
        }
        reserved
    }

    /// SDM Vol. 3A §4.6.1.
    fn allowed(&self) -> bool {
        let rights = self.rights;
        let state = self.state;
        if state.cpl == 3 {
            return rights.user
                && match self.access {
                    Access::Read => true,
                    Access::Write => rights.writable,
                    Access::Fetch => rights.executable,
                };
        }
        let smap = state.cr4 & CR4_SMAP != 0 && !state.rflags_ac && rights.user;
        match self.access {
            Access::Read => !smap,
            Access::Write => !smap && (rights.writable || state.cr0 & CR0_WP == 0),
            Access::Fetch => rights.executable && !(rights.user && state.cr4 & CR4_SMEP != 0),
        }
    }

    /// Whether the protection key of the last entry forbids it: SDM Vol. 3A §4.6.2. Only data, only user pages.
    fn locked(&self, entry: u64) -> bool {
        let state = self.state;
        let long = matches!(self.format, Format::FourLevel | Format::FiveLevel);
        if !long || state.cr4 & CR4_PKE == 0 || !self.rights.user || self.access == Access::Fetch {
            return false;
        }
        let key = (entry >> 59) & 15;
        let bits = state.pkru >> (2 * key);
        let write = self.access == Access::Write && (state.cpl == 3 || state.cr0 & CR0_WP != 0);
        bits & 1 != 0 || (write && bits & 2 != 0)
    }

    fn fault(&self, cause: u32) -> WalkError {
        let mut code = cause;
        if self.access == Access::Write {
            code |= error_code::WRITE;
        }
        if self.state.cpl == 3 {
            code |= error_code::USER;
        }
        let told = self.no_execute() || self.state.cr4 & CR4_SMEP != 0;
        if self.access == Access::Fetch && told {
            code |= error_code::FETCH;
        }
        WalkError::PageFault(code)
    }

    /// Whether bit 63 of an entry forbids fetches.
    fn no_execute(&self) -> bool {
        self.format != Format::TwoLevel && self.state.efer & EFER_NXE != 0
    }

    fn physical_bits(&self) -> u8 {
        self.state.physical_bits.clamp(32, 52)
    }

    fn physical_mask(&self) -> u64 {
        (1 << self.physical_bits()) - 1
    }

    /// Bits of an entry that are a table's or 4 KiB frame's address. Bits beyond MAXPHYADDR are reserved and checked apart.
    fn address_mask(&self) -> u64 {
        match self.format {
            Format::TwoLevel => 0xffff_f000,
            _ => self.physical_mask() & !0xfff,
        }
    }
}
