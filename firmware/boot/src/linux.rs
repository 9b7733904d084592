//! Starts a Linux bzImage, or what looks like one (memtest86+), as a boot loader does: by its 64-bit entry
//! where the header offers one, else by the 32-bit one (Linux, Documentation/arch/x86/boot.rst; section names
//! below are that document's).

use alloc::{vec, vec::Vec};
use core::fmt;

use isthmus_abi::Gpa;

use crate::{
    bytes::{put, slice, u8_at, u16_at, u32_at, u64_at},
    layout::{ABOVE_4G, HIGH_RAM_START},
    plan::{Builder, ImageId, LoadPlan, Piece, PlacementError, Request, low32},
    start::StartState,
};

/// Setup header fields by their offset in the file and in the boot parameters ("The Real-Mode Kernel Header").
mod field {
    pub const SETUP_SECTS: usize = 0x1f1;
    pub const SYSSIZE: usize = 0x1f4;
    pub const VID_MODE: usize = 0x1fa;
    pub const BOOT_FLAG: usize = 0x1fe;
    pub const JUMP_LENGTH: usize = 0x201;
    pub const MAGIC: usize = 0x202;
    pub const VERSION: usize = 0x206;
    pub const TYPE_OF_LOADER: usize = 0x210;
    pub const LOADFLAGS: usize = 0x211;
    pub const CODE32_START: usize = 0x214;
    pub const RAMDISK_IMAGE: usize = 0x218;
    pub const RAMDISK_SIZE: usize = 0x21c;
    pub const CMD_LINE_PTR: usize = 0x228;
    pub const INITRD_ADDR_MAX: usize = 0x22c;
    pub const KERNEL_ALIGNMENT: usize = 0x230;
    pub const RELOCATABLE: usize = 0x234;
    pub const XLOADFLAGS: usize = 0x236;
    pub const CMDLINE_SIZE: usize = 0x238;
    pub const PREF_ADDRESS: usize = 0x258;
    pub const INIT_SIZE: usize = 0x260;
}

/// Boot parameter fields beside the setup header ("zero-page").
mod zero_page {
    pub const SIZE: usize = 4096;
    pub const ACPI_RSDP_ADDR: usize = 0x070;
    pub const E820_ENTRIES: usize = 0x1e8;
    /// The setup header may not reach here.
    pub const HEADER_END: usize = 0x290;
    pub const E820_TABLE: usize = 0x2d0;
    pub const E820_ENTRY_SIZE: usize = 20;
}

const LOADED_HIGH: u8 = 1 << 0;
const XLF_KERNEL_64: u16 = 1 << 0;
/// 2.10 brought `pref_address` and `init_size`; 2.12 the `xloadflags` that announce the 64-bit entry.
const OLDEST: u16 = 0x20a;
const WITH_XLOADFLAGS: u16 = 0x20c;
/// "assigned boot loader ids": undefined.
const UNDEFINED_LOADER: u8 = 0xff;
/// Where the 32-bit code expects to be unless told otherwise.
const DEFAULT_LOAD: u64 = 0x10_0000;
/// Offset of the 64-bit entry in the protected-mode code ("64-bit Boot Protocol").
const ENTRY_64: u64 = 0x200;

/// Why a file cannot be started as Linux.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinuxError {
    /// No setup header: the kernel file is something else, an uncompressed vmlinux perhaps.
    NotBzImage,
    /// The header's version is below 2.10; holds it. Such kernels are older than 2009.
    TooOld(u16),
    /// The kernel is a zImage, to be loaded below 1 MiB.
    NotLoadedHigh,
    /// The kernel's file should have this many bytes and has fewer.
    CutShort {
        /// Bytes the header speaks of.
        needed: u64,
        /// Bytes in the file.
        present: u64,
    },
    /// The header contradicts itself; holds the offset of the field.
    BadField(usize),
    /// The command line is longer than this kernel takes; the manifest's is to be shortened.
    CommandLineTooLong {
        /// Its bytes.
        len: usize,
        /// The most this kernel takes.
        max: usize,
    },
    /// The initial RAM disks are 4 GiB or more together.
    InitrdTooLarge,
    /// Something does not fit.
    Placement(PlacementError),
}

impl fmt::Display for LinuxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBzImage => f.write_str("the kernel is not a bzImage: no HdrS setup header at offset 0x202 (a vmlinux ELF is started by kind \"pvh\")"),
            Self::TooOld(version) => {
                write!(f, "the kernel speaks boot protocol {}.{:02}, at least 2.10 is needed", version >> 8, version & 0xff)
            }
            Self::NotLoadedHigh => f.write_str("the kernel is a zImage, only bzImages can be started"),
            Self::CutShort { needed, present } => {
                write!(f, "the kernel's file is cut short: its header speaks of {needed} bytes, {present} are there")
            }
            Self::BadField(offset) => write!(f, "the kernel's setup header is damaged: field at offset {offset:#x}"),
            Self::CommandLineTooLong { len, max } => write!(f, "the command line has {len} bytes, this kernel takes at most {max}"),
            Self::InitrdTooLarge => f.write_str("the initial RAM disks together are 4 GiB or larger"),
            Self::Placement(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for LinuxError {}

impl From<PlacementError> for LinuxError {
    fn from(error: PlacementError) -> Self {
        Self::Placement(error)
    }
}

/// What the setup header says, checked.
struct Header<'a> {
    /// The header itself, as it goes into the boot parameters.
    raw: &'a [u8],
    /// The protected-mode code in the file.
    code_offset: usize,
    code_len: usize,
    code32_start: u64,
    entry64: bool,
    relocatable: bool,
    alignment: u64,
    pref_address: u64,
    init_size: u64,
    cmdline_max: usize,
    initrd_end: u64,
}

impl<'a> Header<'a> {
    fn parse(file: &'a [u8]) -> Result<Self, LinuxError> {
        let missing = LinuxError::NotBzImage;
        if slice(file, field::MAGIC, 4) != Some(b"HdrS")
            || u16_at(file, field::BOOT_FLAG) != Some(0xaa55)
        {
            return Err(missing);
        }
        let version = u16_at(file, field::VERSION).ok_or(missing)?;
        if version < OLDEST {
            return Err(LinuxError::TooOld(version));
        }
        let end = field::MAGIC + usize::from(u8_at(file, field::JUMP_LENGTH).ok_or(missing)?);
        if !(field::INIT_SIZE + 4..=zero_page::HEADER_END).contains(&end) {
            return Err(LinuxError::BadField(field::JUMP_LENGTH));
        }
        let present = file.len() as u64;
        let short = LinuxError::CutShort {
            needed: end as u64,
            present,
        };
        let raw = slice(file, field::SETUP_SECTS, end - field::SETUP_SECTS).ok_or(short)?;
        if u8_at(file, field::LOADFLAGS).ok_or(short)? & LOADED_HIGH == 0 {
            return Err(LinuxError::NotLoadedHigh);
        }
        let (code_offset, code_len) = Self::code(file)?;
        let flags = if version >= WITH_XLOADFLAGS {
            u16_at(file, field::XLOADFLAGS).ok_or(short)?
        } else {
            0
        };
        let number = |offset| u32_at(file, offset).map(u64::from).ok_or(short);
        let alignment = number(field::KERNEL_ALIGNMENT)?;
        let relocatable = u8_at(file, field::RELOCATABLE).ok_or(short)? != 0;
        if relocatable && !alignment.is_power_of_two() {
            return Err(LinuxError::BadField(field::KERNEL_ALIGNMENT));
        }
        Ok(Self {
            raw,
            code_offset,
            code_len,
            code32_start: number(field::CODE32_START)?,
            entry64: flags & XLF_KERNEL_64 != 0,
            relocatable,
            alignment: alignment.max(1),
            pref_address: u64_at(file, field::PREF_ADDRESS).ok_or(short)?,
            init_size: number(field::INIT_SIZE)?.max(code_len as u64),
            cmdline_max: usize::try_from(number(field::CMDLINE_SIZE)?).unwrap_or(usize::MAX),
            initrd_end: number(field::INITRD_ADDR_MAX)? + 1,
        })
    }

    /// Offset and length of the protected-mode code. `syssize` counts units of 16 bytes, so the last may be
    /// incomplete; bytes after it, a signature say, are not the kernel's.
    fn code(file: &[u8]) -> Result<(usize, usize), LinuxError> {
        let sectors = u8_at(file, field::SETUP_SECTS)
            .map_or(4, |sectors| if sectors == 0 { 4 } else { sectors });
        let offset = (usize::from(sectors) + 1) * 512;
        let units = u32_at(file, field::SYSSIZE).ok_or(LinuxError::BadField(field::SYSSIZE))?;
        let present = file.len().saturating_sub(offset) as u64;
        let claimed = u64::from(units) * 16;
        if claimed == 0 {
            return Err(LinuxError::BadField(field::SYSSIZE));
        }
        if claimed - present.min(claimed) >= 16 || present == 0 {
            return Err(LinuxError::CutShort {
                needed: offset as u64 + claimed,
                present: file.len() as u64,
            });
        }
        let len = usize::try_from(claimed.min(present))
            .map_err(|_| LinuxError::BadField(field::SYSSIZE))?;
        Ok((offset, len))
    }

    /// Takes a place for the kernel: where it prefers to be, else, if it can move, the lowest that fits.
    fn place(&self, builder: &mut Builder) -> Result<Gpa, PlacementError> {
        let piece = Piece::Image(ImageId::KERNEL);
        let preferred = Gpa(self.pref_address);
        let reachable = self
            .pref_address
            .checked_add(self.init_size)
            .is_some_and(|end| end <= ABOVE_4G.0);
        if !self.relocatable {
            let preferred = if self.pref_address == 0 {
                Gpa(DEFAULT_LOAD)
            } else {
                preferred
            };
            builder.reserve(piece, preferred, self.init_size)?;
            return if reachable {
                Ok(preferred)
            } else {
                Err(PlacementError::NotFree {
                    piece,
                    start: preferred,
                    len: self.init_size,
                })
            };
        }
        if reachable
            && preferred >= HIGH_RAM_START
            && preferred.is_aligned(self.alignment)
            && builder.try_reserve(preferred, self.init_size)
        {
            return Ok(preferred);
        }
        builder.take_lowest(
            piece,
            self.init_size,
            self.alignment,
            HIGH_RAM_START.0..ABOVE_4G.0,
        )
    }
}

/// Plans the start of a bzImage; the request's modules are its initial RAM disks.
///
/// The 64-bit entry gets identity page tables for the first 4 GiB in 2 MiB pages. Everything placed is below
/// 4 GiB. Only the setup header of the kernel is read.
///
/// # Errors
/// The file is no bzImage that can be started, or it does not fit the memory.
pub fn plan(request: &Request<'_>) -> Result<LoadPlan, LinuxError> {
    let header = Header::parse(request.kernel)?;
    let len = request.cmdline.len();
    if len > header.cmdline_max {
        return Err(LinuxError::CommandLineTooLong {
            len,
            max: header.cmdline_max,
        });
    }
    let mut builder = Builder::new(request)?;
    let load = header.place(&mut builder)?;
    builder.image(load, ImageId::KERNEL, header.code_offset, header.code_len);
    let initrd = place_initrd(&mut builder, request, header.initrd_end)?;
    let cmdline = builder.command_line(request.cmdline)?;
    let mut params = boot_parameters(&header, request, cmdline, initrd);
    let entry32 = load
        .0
        .checked_add(header.code32_start)
        .and_then(|sum| sum.checked_sub(DEFAULT_LOAD));
    if let Some(entry) = entry32.and_then(|entry| u32::try_from(entry).ok()) {
        put(&mut params, field::CODE32_START, &entry.to_le_bytes());
    }
    let params = builder.boot_data(params, 4096)?;
    let gdt = builder.gdt(header.entry64)?;
    let start = if header.entry64 {
        if (header.code_len as u64) <= ENTRY_64 {
            return Err(LinuxError::BadField(field::SYSSIZE));
        }
        let cr3 = identity_map(&mut builder)?;
        StartState {
            rsi: params.0,
            ..StartState::long64(Gpa(load.0 + ENTRY_64), cr3, gdt)
        }
    } else {
        let inside = |entry: &u64| (load.0..load.0 + header.code_len as u64).contains(entry);
        let entry = entry32
            .filter(inside)
            .map(Gpa)
            .ok_or(LinuxError::BadField(field::CODE32_START))?;
        StartState {
            rsi: params.0,
            ..StartState::protected32(low32(entry), gdt)
        }
    };
    Ok(builder.finish(start))
}

/// Places the initial RAM disks one after the other, 4-byte aligned, as high as the kernel allows. Linux
/// unpacks archives that follow each other as one.
fn place_initrd(
    builder: &mut Builder,
    request: &Request<'_>,
    end: u64,
) -> Result<Option<(Gpa, u32)>, LinuxError> {
    let mut offsets = Vec::with_capacity(request.modules.len());
    let mut total = 0u64;
    for module in request.modules {
        offsets.push(total);
        let next = total
            .checked_add(module.size as u64)
            .and_then(|sum| sum.checked_next_multiple_of(4));
        total = next.ok_or(LinuxError::InitrdTooLarge)?;
    }
    let size = u32::try_from(total).map_err(|_| LinuxError::InitrdTooLarge)?;
    if size == 0 {
        return Ok(None);
    }
    let piece = Piece::Image(ImageId(1));
    let start = builder.take_highest(piece, total, 4096, HIGH_RAM_START.0..end.min(ABOVE_4G.0))?;
    for (index, (module, offset)) in request.modules.iter().zip(offsets).enumerate() {
        let image = ImageId::module(index).ok_or(PlacementError::TooManyModules)?;
        builder.image(start.wrapping_add(offset), image, 0, module.size);
    }
    Ok(Some((start, size)))
}

fn boot_parameters(
    header: &Header<'_>,
    request: &Request<'_>,
    cmdline: Gpa,
    initrd: Option<(Gpa, u32)>,
) -> Vec<u8> {
    let mut page = vec![0; zero_page::SIZE];
    put(&mut page, field::SETUP_SECTS, header.raw);
    put(&mut page, field::VID_MODE, &0xffffu16.to_le_bytes());
    put(&mut page, field::TYPE_OF_LOADER, &[UNDEFINED_LOADER]);
    put(&mut page, field::LOADFLAGS, &[LOADED_HIGH]);
    put(
        &mut page,
        field::CMD_LINE_PTR,
        &low32(cmdline).to_le_bytes(),
    );
    let (image, size) = initrd.map_or((0, 0), |(start, size)| (low32(start), size));
    put(&mut page, field::RAMDISK_IMAGE, &image.to_le_bytes());
    put(&mut page, field::RAMDISK_SIZE, &size.to_le_bytes());
    put(
        &mut page,
        zero_page::ACPI_RSDP_ADDR,
        &request.rsdp.unwrap_or_default().0.to_le_bytes(),
    );
    let entries = request.layout.entries();
    put(
        &mut page,
        zero_page::E820_ENTRIES,
        &[u8::try_from(entries.len()).unwrap_or(0)],
    );
    for (index, entry) in entries.iter().enumerate() {
        let at = zero_page::E820_TABLE + index * zero_page::E820_ENTRY_SIZE;
        put(&mut page, at, &entry.start.0.to_le_bytes());
        put(&mut page, at + 8, &entry.size.to_le_bytes());
        put(&mut page, at + 16, &(entry.kind as u32).to_le_bytes());
    }
    page
}

/// Page tables that map the first 4 GiB to themselves in 2 MiB pages (SDM Vol. 3A §4.5): one PML4, one
/// page-directory-pointer table, four page directories.
fn identity_map(builder: &mut Builder) -> Result<Gpa, PlacementError> {
    const PRESENT_WRITABLE: u64 = 0b11;
    const PAGE: u64 = 4096;
    const LARGE: u64 = 1 << 7;
    let base = builder.take_lowest(Piece::BootData, 6 * PAGE, PAGE, 0x1_0000..ABOVE_4G.0)?;
    let table = |index: u64| base.0 + index * PAGE;
    let mut words = vec![0u64; 2 * 512];
    for (slot, target) in [(0, 1), (512, 2), (513, 3), (514, 4), (515, 5)] {
        if let Some(word) = words.get_mut(slot) {
            *word = table(target) | PRESENT_WRITABLE;
        }
    }
    words.extend((0..2048u64).map(|index| index << 21 | PRESENT_WRITABLE | LARGE));
    builder.fill(base, words.into_iter().flat_map(u64::to_le_bytes).collect());
    Ok(base)
}

#[cfg(test)]
mod tests;
