//! The boot information a multiboot2 loader leaves (Multiboot2 Specification 2.0, §3.6): what machine this is
//! and which modules were loaded. All of it is checked once, in [`BootInformation::parse`]; afterwards every
//! getter gives plain values. The caller has seen [`LOADER_MAGIC`] in EAX and maps the bytes that EBX points at.

use core::{fmt, ops::Range};

use isthmus_abi::Hpa;

use crate::bytes::{c_str, slice, sum, u32_at, u64_at};

/// EAX at entry from a multiboot2 loader.
pub const LOADER_MAGIC: u32 = 0x36d7_6289;
/// The largest boot information that is looked at, bytes.
pub const MAX_SIZE: usize = 1 << 20;

const HEADER_SIZE: usize = 8;
const TAG_ALIGN: usize = 8;

mod kind {
    pub const END: u32 = 0;
    pub const COMMAND_LINE: u32 = 1;
    pub const LOADER_NAME: u32 = 2;
    pub const MODULE: u32 = 3;
    pub const MEMORY_MAP: u32 = 6;
    pub const ELF_SECTIONS: u32 = 9;
    pub const RSDP_V1: u32 = 14;
    pub const RSDP_V2: u32 = 15;
    pub const LOAD_BASE: u32 = 21;
}

/// What is wrong with boot information. The loader is at fault, or memory was overwritten; offsets are bytes
/// from its start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Multiboot2Error {
    /// The total size is below 16, above [`MAX_SIZE`], or beyond the bytes given; holds it.
    BadTotalSize(u32),
    /// The tag at this offset claims a size that is too small for its kind or runs past the end.
    BadTag {
        /// Where the tag begins.
        offset: usize,
        /// Its number.
        kind: u32,
        /// The size it claims.
        size: u32,
    },
    /// No end tag before the end.
    NoEndTag,
    /// The string at this offset has no NUL or is not UTF-8.
    BadString(usize),
    /// The module of the tag at this offset ends before it starts.
    BadModule(usize),
    /// The memory map entry at this offset wraps around the address space.
    BadMemoryEntry(usize),
    /// The copy of the ACPI root pointer at this offset has a wrong signature or checksum.
    BadRsdp(usize),
}

impl fmt::Display for Multiboot2Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("multiboot2 boot information: ")?;
        match self {
            Self::BadTotalSize(size) => write!(f, "impossible total size {size}"),
            Self::BadTag { offset, kind, size } => write!(
                f,
                "tag {kind} at offset {offset:#x} has an impossible size of {size} bytes"
            ),
            Self::NoEndTag => f.write_str("no end tag"),
            Self::BadString(offset) => write!(
                f,
                "the string at offset {offset:#x} has no end or is not UTF-8"
            ),
            Self::BadModule(offset) => {
                write!(f, "the module at offset {offset:#x} ends before it starts")
            }
            Self::BadMemoryEntry(offset) => {
                write!(f, "the memory map entry at offset {offset:#x} wraps around")
            }
            Self::BadRsdp(offset) => write!(
                f,
                "the ACPI root pointer at offset {offset:#x} fails its checksum"
            ),
        }
    }
}

impl core::error::Error for Multiboot2Error {}

/// Bytes of boot information that the first eight of them announce, for a caller that must map them first.
///
/// # Errors
/// Fewer than eight bytes, or a size no loader makes.
pub fn total_size(start: &[u8]) -> Result<usize, Multiboot2Error> {
    let size = u32_at(start, 0).ok_or(Multiboot2Error::BadTotalSize(0))?;
    let bytes = usize::try_from(size).unwrap_or(usize::MAX);
    if (2 * HEADER_SIZE..=MAX_SIZE).contains(&bytes) {
        Ok(bytes)
    } else {
        Err(Multiboot2Error::BadTotalSize(size))
    }
}

/// A tag: its offset, number, and bytes behind its eight-byte header.
#[derive(Clone, Copy, Debug)]
struct Tag<'a> {
    offset: usize,
    kind: u32,
    size: u32,
    body: &'a [u8],
}

impl Tag<'_> {
    fn bad(&self) -> Multiboot2Error {
        Multiboot2Error::BadTag {
            offset: self.offset,
            kind: self.kind,
            size: self.size,
        }
    }
}

/// Reads tags up to the end tag, which is not given out. Stops after an error.
#[derive(Clone, Debug)]
struct Tags<'a> {
    bytes: &'a [u8],
    next: Option<usize>,
}

impl<'a> Tags<'a> {
    fn read(&self, offset: usize) -> Result<Tag<'a>, Multiboot2Error> {
        let kind = u32_at(self.bytes, offset).ok_or(Multiboot2Error::NoEndTag)?;
        let size = u32_at(self.bytes, offset.saturating_add(4)).ok_or(Multiboot2Error::NoEndTag)?;
        let bad = Multiboot2Error::BadTag { offset, kind, size };
        let whole = usize::try_from(size)
            .ok()
            .and_then(|size| slice(self.bytes, offset, size));
        let body = whole
            .and_then(|whole| whole.get(HEADER_SIZE..))
            .ok_or(bad)?;
        Ok(Tag {
            offset,
            kind,
            size,
            body,
        })
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = Result<Tag<'a>, Multiboot2Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let offset = self.next.take()?;
        let tag = self.read(offset);
        if let Ok(tag) = &tag {
            if tag.kind == kind::END {
                return None;
            }
            let end = tag
                .offset
                .saturating_add(HEADER_SIZE)
                .saturating_add(tag.body.len());
            self.next = end.checked_next_multiple_of(TAG_ALIGN);
        }
        Some(tag)
    }
}

/// Checked boot information.
#[derive(Clone, Copy, Debug)]
pub struct BootInformation<'a> {
    bytes: &'a [u8],
}

/// A file the loader put into memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BootModule<'a> {
    /// First byte.
    pub start: Hpa,
    /// Behind the last byte, not before `start`.
    pub end: Hpa,
    /// Its string.
    pub cmdline: &'a str,
}

impl BootModule<'_> {
    /// Bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.end.0.saturating_sub(self.start.0)
    }
}

/// What a range of physical memory is for, as firmware says (§3.6.8; ACPI 6.5 §15).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryType(pub u32);

impl MemoryType {
    /// Free for use.
    pub const AVAILABLE: Self = Self(1);
    /// Not to be touched.
    pub const RESERVED: Self = Self(2);
    /// Free once the ACPI tables have been read.
    pub const ACPI_RECLAIMABLE: Self = Self(3);
    /// To be kept over hibernation.
    pub const NVS: Self = Self(4);
    /// Broken RAM.
    pub const DEFECTIVE: Self = Self(5);
}

/// A range of physical memory; its end does not wrap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryArea {
    /// First byte.
    pub start: Hpa,
    /// Bytes.
    pub size: u64,
    /// What for.
    pub kind: MemoryType,
}

impl MemoryArea {
    /// Behind the last byte.
    #[must_use]
    pub const fn end(&self) -> Hpa {
        Hpa(self.start.0.saturating_add(self.size))
    }
}

/// The ACPI root pointer, its checksums verified (ACPI 6.5 §5.2.5.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rsdp {
    /// 0 for ACPI 1.0, 2 and up since.
    pub revision: u8,
    /// The 32-bit table of tables.
    pub rsdt: Hpa,
    /// The 64-bit one, which is to be preferred.
    pub xsdt: Option<Hpa>,
}

/// A section of the loaded kernel's ELF file, where it lies in memory now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ElfSection {
    /// Offset of its name in the section name table.
    pub name: u32,
    /// sh_type.
    pub kind: u32,
    /// sh_flags.
    pub flags: u64,
    /// sh_addr.
    pub address: u64,
    /// Bytes.
    pub size: u64,
}

impl<'a> BootInformation<'a> {
    /// Checks all of the boot information. `bytes` begins where EBX points and may be longer than it.
    ///
    /// # Errors
    /// Something in it is damaged; the error says where.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Multiboot2Error> {
        let size = total_size(bytes)?;
        let claimed = u32::try_from(size).unwrap_or(u32::MAX);
        let bytes = bytes
            .get(..size)
            .ok_or(Multiboot2Error::BadTotalSize(claimed))?;
        let information = Self { bytes };
        for tag in information.all_tags() {
            check(&tag?)?;
        }
        Ok(information)
    }

    fn all_tags(&self) -> Tags<'a> {
        Tags {
            bytes: self.bytes,
            next: Some(HEADER_SIZE),
        }
    }

    fn tags(&self, kind: u32) -> impl Iterator<Item = Tag<'a>> + use<'a> {
        self.all_tags()
            .flatten()
            .filter(move |tag| tag.kind == kind)
    }

    /// Bytes it fills, to be kept from reuse until it has been read.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The command line of the program that was booted.
    #[must_use]
    pub fn command_line(&self) -> Option<&'a str> {
        self.tags(kind::COMMAND_LINE)
            .find_map(|tag| c_str(tag.body))
    }

    /// Who booted it.
    #[must_use]
    pub fn boot_loader_name(&self) -> Option<&'a str> {
        self.tags(kind::LOADER_NAME).find_map(|tag| c_str(tag.body))
    }

    /// The loaded modules, in the loader's order.
    pub fn modules(&self) -> impl Iterator<Item = BootModule<'a>> + use<'a> {
        self.tags(kind::MODULE).filter_map(|tag| module(&tag).ok())
    }

    /// The memory map, in the loader's order. Areas may overlap; empty ones are left out.
    pub fn memory_map(&self) -> impl Iterator<Item = MemoryArea> + use<'a> {
        self.tags(kind::MEMORY_MAP)
            .flat_map(|tag| memory_areas(tag))
            .flatten()
            .filter(|area| area.size > 0)
    }

    /// The ACPI root pointer, the newer one where there are two.
    #[must_use]
    pub fn rsdp(&self) -> Option<Rsdp> {
        let newer = self.tags(kind::RSDP_V2).find_map(|tag| rsdp(&tag).ok());
        newer.or_else(|| self.tags(kind::RSDP_V1).find_map(|tag| rsdp(&tag).ok()))
    }

    /// Where the loader put a relocatable image.
    #[must_use]
    pub fn load_base(&self) -> Option<Hpa> {
        self.tags(kind::LOAD_BASE)
            .find_map(|tag| u32_at(tag.body, 0))
            .map(|base| Hpa(base.into()))
    }

    /// Index of the section that holds the names of [`Self::elf_sections`].
    #[must_use]
    pub fn elf_name_section(&self) -> Option<u32> {
        self.tags(kind::ELF_SECTIONS)
            .find_map(|tag| u32_at(tag.body, 8))
    }

    /// The kernel's ELF sections, of a 64-bit file.
    pub fn elf_sections(&self) -> impl Iterator<Item = ElfSection> + use<'a> {
        self.tags(kind::ELF_SECTIONS).flat_map(|tag| {
            let size = u32_at(tag.body, 4)
                .and_then(|size| usize::try_from(size).ok())
                .filter(|&size| size >= 64);
            let table = tag.body.get(12..).unwrap_or_default();
            size.into_iter()
                .flat_map(|size| table.chunks_exact(size))
                .filter_map(elf_section)
        })
    }
}

fn check(tag: &Tag<'_>) -> Result<(), Multiboot2Error> {
    match tag.kind {
        kind::COMMAND_LINE | kind::LOADER_NAME => c_str(tag.body).map(drop).ok_or(
            Multiboot2Error::BadString(tag.offset.saturating_add(HEADER_SIZE)),
        ),
        kind::MODULE => module(tag).map(drop),
        kind::MEMORY_MAP => {
            if entry_size(tag).is_none() {
                return Err(tag.bad());
            }
            memory_areas(*tag).try_for_each(|area| area.map(drop))
        }
        kind::RSDP_V1 | kind::RSDP_V2 => rsdp(tag).map(drop),
        kind::LOAD_BASE if tag.body.len() < 4 => Err(tag.bad()),
        kind::ELF_SECTIONS if tag.body.len() < 12 => Err(tag.bad()),
        _ => Ok(()),
    }
}

fn module<'a>(tag: &Tag<'a>) -> Result<BootModule<'a>, Multiboot2Error> {
    let (start, end) = u32_at(tag.body, 0)
        .zip(u32_at(tag.body, 4))
        .ok_or(tag.bad())?;
    let string_at = tag.offset.saturating_add(HEADER_SIZE + 8);
    let cmdline = tag
        .body
        .get(8..)
        .and_then(c_str)
        .ok_or(Multiboot2Error::BadString(string_at))?;
    if end < start {
        return Err(Multiboot2Error::BadModule(tag.offset));
    }
    Ok(BootModule {
        start: Hpa(start.into()),
        end: Hpa(end.into()),
        cmdline,
    })
}

/// Size of a memory map's entries: 24 now, and more in versions to come.
fn entry_size(tag: &Tag<'_>) -> Option<usize> {
    let size = usize::try_from(u32_at(tag.body, 0)?).ok()?;
    (size >= 24 && size.is_multiple_of(8) && tag.body.len() >= 8).then_some(size)
}

fn memory_areas<'a>(
    tag: Tag<'a>,
) -> impl Iterator<Item = Result<MemoryArea, Multiboot2Error>> + use<'a> {
    let table = tag.body.get(8..).unwrap_or_default();
    let table_at = tag.offset.saturating_add(HEADER_SIZE + 8);
    entry_size(&tag).into_iter().flat_map(move |size| {
        table
            .chunks_exact(size)
            .enumerate()
            .map(move |(index, entry)| {
                let bad = Multiboot2Error::BadMemoryEntry(
                    table_at.saturating_add(index.saturating_mul(size)),
                );
                let (start, len) = u64_at(entry, 0).zip(u64_at(entry, 8)).ok_or(bad)?;
                let kind = u32_at(entry, 16).ok_or(bad)?;
                start.checked_add(len).ok_or(bad)?;
                Ok(MemoryArea {
                    start: Hpa(start),
                    size: len,
                    kind: MemoryType(kind),
                })
            })
    })
}

fn rsdp(tag: &Tag<'_>) -> Result<Rsdp, Multiboot2Error> {
    const FIRST: Range<usize> = 0..20;
    let bad = Multiboot2Error::BadRsdp(tag.offset.saturating_add(HEADER_SIZE));
    let first = tag.body.get(FIRST).ok_or(tag.bad())?;
    if !first.starts_with(b"RSD PTR ") || sum(first) != 0 {
        return Err(bad);
    }
    let revision = first.get(15).copied().ok_or(bad)?;
    let rsdt = Hpa(u32_at(first, 16).ok_or(bad)?.into());
    if tag.kind == kind::RSDP_V1 || revision < 2 {
        return Ok(Rsdp {
            revision,
            rsdt,
            xsdt: None,
        });
    }
    let len = u32_at(tag.body, 20)
        .and_then(|len| usize::try_from(len).ok())
        .ok_or(tag.bad())?;
    let whole = tag
        .body
        .get(..len)
        .filter(|whole| whole.len() >= 36)
        .ok_or(tag.bad())?;
    if sum(whole) != 0 {
        return Err(bad);
    }
    let xsdt = u64_at(whole, 24).filter(|&address| address != 0).map(Hpa);
    Ok(Rsdp {
        revision,
        rsdt,
        xsdt,
    })
}

/// Elf64_Shdr.
fn elf_section(header: &[u8]) -> Option<ElfSection> {
    Some(ElfSection {
        name: u32_at(header, 0)?,
        kind: u32_at(header, 4)?,
        flags: u64_at(header, 8)?,
        address: u64_at(header, 16)?,
        size: u64_at(header, 32)?,
    })
}

#[cfg(test)]
mod tests;
