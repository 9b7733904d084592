//! Starts a Multiboot 1 image (Multiboot Specification 0.6.96): protected mode, EAX with the loader's magic,
//! EBX at the boot information. Both ways to say where the image goes are understood: ELF, and the addresses in
//! the header ("a.out kludge").

use alloc::{vec, vec::Vec};
use core::fmt;

use isthmus_abi::Gpa;

use crate::{
    bytes::{put, u32_at, with_nul},
    elf::{Elf, ElfError},
    layout::{ABOVE_4G, HIGH_RAM_START, MemoryKind},
    plan::{Builder, ImageId, LoadPlan, Piece, PlacementError, Request, low32, place_modules},
    start::StartState,
};

const HEADER_MAGIC: u32 = 0x1bad_b002;
const LOADER_MAGIC: u32 = 0x2bad_b002;
/// The header is 4-byte aligned and wholly within this many bytes.
const SEARCH_LEN: usize = 8192;
/// Header flags: modules on page boundaries (they always are), memory information (always given), a video mode
/// (there is none to report; the information then simply lacks it).
const KNOWN_REQUIREMENTS: u32 = 0b111;
const REQUIREMENTS: u32 = 0xffff;
const HAS_ADDRESSES: u32 = 1 << 16;
/// Information flags: memory sizes, command line, modules, memory map, loader name.
const INFO_FLAGS: u32 = 1 << 0 | 1 << 2 | 1 << 3 | 1 << 6 | 1 << 9;
const INFO_SIZE: usize = 120;
const LOADER_NAME: &str = "Isthmus";

/// Why an image cannot be started by Multiboot 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Multiboot1Error {
    /// No header with a right checksum in the first 8 KiB of the kernel.
    NoHeader,
    /// The header requires something that is not offered; holds the unknown flags.
    Requires(u32),
    /// The header's own addresses contradict each other or the file; holds the field's offset in the header.
    BadAddress(usize),
    /// The image is no ELF file and its header gives no addresses, or the ELF file is damaged.
    Elf(ElfError),
    /// The entry point is in no loaded part of the kernel; holds the address.
    EntryOutside(u64),
    /// Something does not fit.
    Placement(PlacementError),
}

impl fmt::Display for Multiboot1Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHeader => f.write_str("the kernel has no Multiboot 1 header in its first 8 KiB (a compressed image must be unpacked first)"),
            Self::Requires(flags) => write!(f, "the kernel's Multiboot header requires features that are not offered: flags {flags:#x}"),
            Self::BadAddress(offset) => {
                write!(f, "the addresses in the kernel's Multiboot header contradict each other or the file: field at offset {offset}")
            }
            Self::Elf(error) => error.fmt(f),
            Self::EntryOutside(entry) => write!(f, "the kernel's entry point {entry:#x} is in no part of it that is loaded"),
            Self::Placement(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for Multiboot1Error {}

impl From<ElfError> for Multiboot1Error {
    fn from(error: ElfError) -> Self {
        Self::Elf(error)
    }
}

impl From<PlacementError> for Multiboot1Error {
    fn from(error: PlacementError) -> Self {
        Self::Placement(error)
    }
}

/// Plans the start of a Multiboot 1 image. Modules go right above the kernel, where loaders put them, one page
/// apart at least.
///
/// The command line is passed as it is. A kernel that expects its own file name first (Xen, unless GRUB 2 loads
/// it) needs one written there.
///
/// # Errors
/// The file is no such image, or it does not fit the memory.
pub fn plan(request: &Request<'_>) -> Result<LoadPlan, Multiboot1Error> {
    let (header_at, flags) = find_header(request.kernel).ok_or(Multiboot1Error::NoHeader)?;
    let unknown = flags & REQUIREMENTS & !KNOWN_REQUIREMENTS;
    if unknown != 0 {
        return Err(Multiboot1Error::Requires(unknown));
    }
    let mut builder = Builder::new(request)?;
    let kernel = if flags & HAS_ADDRESSES != 0 {
        place_by_header(&mut builder, request.kernel, header_at)?
    } else {
        place_elf(&mut builder, request.kernel)?
    };
    let modules = place_modules(&mut builder, request.modules, |builder, piece, len| {
        let above = builder.take_lowest(piece, len, 4096, kernel.end.0..ABOVE_4G.0);
        above.or_else(|_| builder.take_lowest(piece, len, 4096, HIGH_RAM_START.0..ABOVE_4G.0))
    })?;
    let info = boot_information(&mut builder, request, &modules)?;
    let gdt = builder.gdt(false)?;
    let start = StartState::protected32(kernel.entry, gdt);
    Ok(builder.finish(StartState {
        rax: LOADER_MAGIC.into(),
        rbx: info.0,
        ..start
    }))
}

/// Offset and flags of the first header whose checksum is right.
fn find_header(file: &[u8]) -> Option<(usize, u32)> {
    (0..SEARCH_LEN.min(file.len())).step_by(4).find_map(|at| {
        if at > SEARCH_LEN - 12 || u32_at(file, at)? != HEADER_MAGIC {
            return None;
        }
        let (flags, checksum) = (u32_at(file, at + 4)?, u32_at(file, at + 8)?);
        (HEADER_MAGIC.wrapping_add(flags).wrapping_add(checksum) == 0).then_some((at, flags))
    })
}

/// A kernel that has its place.
struct Loaded {
    entry: u32,
    /// Behind its last byte.
    end: Gpa,
}

/// Loads by header_addr, load_addr, load_end_addr, bss_end_addr and entry_addr (§3.1.3).
fn place_by_header(
    builder: &mut Builder,
    file: &[u8],
    header_at: usize,
) -> Result<Loaded, Multiboot1Error> {
    let field =
        |offset: usize| u32_at(file, header_at + offset).ok_or(Multiboot1Error::BadAddress(offset));
    let (header, load, load_end, bss_end, entry) =
        (field(12)?, field(16)?, field(20)?, field(24)?, field(28)?);
    let before = header
        .checked_sub(load)
        .ok_or(Multiboot1Error::BadAddress(16))?;
    let offset = header_at
        .checked_sub(before as usize)
        .ok_or(Multiboot1Error::BadAddress(12))?;
    let in_file = file.len().saturating_sub(offset);
    let len = match load_end {
        0 => in_file,
        end => end
            .checked_sub(load)
            .ok_or(Multiboot1Error::BadAddress(20))? as usize,
    };
    if len > in_file {
        return Err(Multiboot1Error::BadAddress(20));
    }
    let bss = match bss_end {
        0 => len as u64,
        end => end
            .checked_sub(load)
            .map(u64::from)
            .filter(|&size| size >= len as u64)
            .ok_or(Multiboot1Error::BadAddress(24))?,
    };
    builder.reserve(Piece::Image(ImageId::KERNEL), Gpa(load.into()), bss)?;
    builder.image(Gpa(load.into()), ImageId::KERNEL, offset, len);
    let inside = entry
        .checked_sub(load)
        .is_some_and(|offset| u64::from(offset) < len as u64);
    let end = Gpa(load.into()).wrapping_add(bss);
    if inside {
        Ok(Loaded { entry, end })
    } else {
        Err(Multiboot1Error::EntryOutside(entry.into()))
    }
}

/// Loads by ELF program headers.
fn place_elf(builder: &mut Builder, file: &[u8]) -> Result<Loaded, Multiboot1Error> {
    let elf = Elf::parse(file)?;
    elf.place(builder)??;
    let mut end = Gpa(0);
    for segment in elf.segments() {
        let segment = segment?;
        end = end.max(segment.physical.wrapping_add(segment.memory_size));
    }
    Ok(Loaded {
        entry: elf_entry(&elf)?,
        end,
    })
}

/// The entry point, which may be a virtual address of a segment, or else a physical one.
fn elf_entry(elf: &Elf<'_>) -> Result<u32, Multiboot1Error> {
    let outside = Multiboot1Error::EntryOutside(elf.entry());
    let within = |start: u64, size: u64| {
        elf.entry()
            .checked_sub(start)
            .filter(|&offset| offset < size)
    };
    let mut entry = None;
    for segment in elf.segments() {
        let segment = segment?;
        if let Some(offset) = within(segment.virtual_start, segment.memory_size) {
            entry = segment.physical.checked_add(offset);
            break;
        }
        entry = entry.or(within(segment.physical.0, segment.memory_size).map(|_| Gpa(elf.entry())));
    }
    entry
        .and_then(|gpa| u32::try_from(gpa.0).ok())
        .ok_or(outside)
}

/// The boot information (§3.3) and all that it points at.
fn boot_information(
    builder: &mut Builder,
    request: &Request<'_>,
    places: &[Gpa],
) -> Result<Gpa, PlacementError> {
    let mut modules = Vec::with_capacity(places.len() * 16);
    for (module, place) in request.modules.iter().zip(places) {
        let string = builder.command_line(module.cmdline)?;
        let end = place.wrapping_add(module.size as u64);
        for number in [low32(*place), low32(end), low32(string), 0] {
            modules.extend_from_slice(&number.to_le_bytes());
        }
    }
    let map = memory_map(request);
    let map_len = u32::try_from(map.len()).unwrap_or(0);
    let count = u32::try_from(places.len()).unwrap_or(0);
    let modules = if modules.is_empty() {
        Gpa(0)
    } else {
        builder.boot_data(modules, 4)?
    };
    let map = builder.boot_data(map, 4)?;
    let cmdline = builder.command_line(request.cmdline)?;
    let name = builder.boot_data(with_nul(LOADER_NAME), 1)?;
    let upper = request.layout.low_end().0.saturating_sub(HIGH_RAM_START.0) >> 10;
    let mut info = vec![0; INFO_SIZE];
    let fields = [
        (0, INFO_FLAGS),
        (4, 639),
        (8, u32::try_from(upper).unwrap_or(u32::MAX)),
        (16, low32(cmdline)),
        (20, count),
        (24, low32(modules)),
        (44, map_len),
        (48, low32(map)),
        (64, low32(name)),
    ];
    for (offset, value) in fields {
        put(&mut info, offset, &value.to_le_bytes());
    }
    builder.boot_data(info, 8)
}

fn memory_map(request: &Request<'_>) -> Vec<u8> {
    let mut map = Vec::new();
    for entry in request.layout.entries() {
        map.extend_from_slice(&20u32.to_le_bytes());
        map.extend_from_slice(&entry.start.0.to_le_bytes());
        map.extend_from_slice(&entry.size.to_le_bytes());
        let kind: u32 = match entry.kind {
            MemoryKind::Ram => 1,
            MemoryKind::Reserved => 2,
        };
        map.extend_from_slice(&kind.to_le_bytes());
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        elf::testing::{TestSegment, build},
        layout::MemoryLayout,
        plan::{Module, testing::*},
    };
    use proptest::prelude::*;

    fn header(flags: u32, addresses: &[u32]) -> Vec<u8> {
        let checksum = 0u32.wrapping_sub(HEADER_MAGIC).wrapping_sub(flags);
        [HEADER_MAGIC, flags, checksum]
            .iter()
            .chain(addresses)
            .flat_map(|word| word.to_le_bytes())
            .collect()
    }

    fn elf(entry: u64, offset: u64) -> Vec<u8> {
        let mut code = header(3, &[]);
        code.resize(256, 0x90);
        build(
            false,
            entry,
            offset,
            &[TestSegment {
                kind: 1,
                physical: 0x10_0000,
                bytes: &code,
                memory_size: 0x3000,
            }],
        )
    }

    fn kludge() -> Vec<u8> {
        let mut file = vec![0xcc; 64];
        file.extend(header(
            HAS_ADDRESSES,
            &[0x20_0020, 0x20_0000, 0x20_0080, 0x20_1000, 0x20_0040],
        ));
        file.resize(32 + 0x80, 0x90);
        file
    }

    fn request<'a>(
        kernel: &'a [u8],
        layout: &'a MemoryLayout,
        modules: &'a [Module<'a>],
    ) -> Request<'a> {
        Request {
            kernel,
            modules,
            cmdline: "xen com1",
            layout,
            rsdp: None,
            uart: true,
        }
    }

    #[test]
    fn an_elf_kernel_gets_modules_map_and_strings() {
        let (file, layout) = (elf(0x10_0020, 0), MemoryLayout::new(16 << 20).unwrap());
        let modules = [
            Module {
                size: 5000,
                cmdline: "linux ro",
            },
            Module {
                size: 1,
                cmdline: "",
            },
        ];
        let request = request(&file, &layout, &modules);
        let plan = plan(&request).unwrap();
        assert_sound(&plan, &request);
        assert_eq!(
            (plan.start.rax, plan.start.rip),
            (LOADER_MAGIC.into(), 0x10_0020)
        );
        let info = plan.start.rbx;
        let word = |offset: u64| u64::from(read_u32(&plan, info + offset));
        assert_eq!(
            (word(0), word(4), word(8)),
            (INFO_FLAGS.into(), 639, 15 << 10)
        );
        assert_eq!(read(&plan, word(16), 9), b"xen com1\0");
        assert_eq!(read(&plan, word(64), 8), b"Isthmus\0");
        assert_eq!(word(20), 2);
        let module =
            |index: u64, field: u64| u64::from(read_u32(&plan, word(24) + index * 16 + field * 4));
        assert_eq!((module(0, 0), module(0, 1)), (0x10_3000, 0x10_3000 + 5000));
        assert_eq!(read(&plan, module(0, 2), 9), b"linux ro\0");
        assert_eq!((module(1, 0), module(1, 1)), (0x10_5000, 0x10_5001));
        assert_eq!(word(44) as usize, layout.entries().len() * 24);
        assert_eq!(
            (read_u32(&plan, word(48)), read_u64(&plan, word(48) + 12)),
            (20, 0x9_fc00)
        );
    }

    #[test]
    fn modules_go_above_the_kernel_while_there_is_room() {
        let (file, layout) = (kludge(), MemoryLayout::new(4 << 20).unwrap());
        let module = |size| Module { size, cmdline: "" };
        let modules = [module(1 << 20), module(1 << 20)];
        let request = request(&file, &layout, &modules);
        let plan = plan(&request).unwrap();
        assert_sound(&plan, &request);
        assert_eq!(image_at(&plan, ImageId(1)), [(Gpa(0x20_1000), 0, 1 << 20)]);
        assert_eq!(image_at(&plan, ImageId(2)), [(Gpa(0x10_0000), 0, 1 << 20)]);
    }

    #[test]
    fn a_virtual_entry_is_translated() {
        let (file, layout) = (
            elf(0xc010_0020, 0xc000_0000),
            MemoryLayout::new(16 << 20).unwrap(),
        );
        assert_eq!(
            plan(&request(&file, &layout, &[])).unwrap().start.rip,
            0x10_0020
        );
    }

    #[test]
    fn addresses_in_the_header_rule() {
        let (file, layout) = (kludge(), MemoryLayout::new(16 << 20).unwrap());
        let plan = plan(&request(&file, &layout, &[])).unwrap();
        assert_eq!(
            image_at(&plan, ImageId::KERNEL),
            [(Gpa(0x20_0000), 32, 0x80)]
        );
        assert_eq!(plan.start.rip, 0x20_0040);
    }

    #[test]
    fn faults_are_named() {
        let layout = MemoryLayout::new(16 << 20).unwrap();
        let error = |file: &[u8]| plan(&request(file, &layout, &[])).unwrap_err();
        assert_eq!(error(&[0; 9000]), Multiboot1Error::NoHeader);
        assert_eq!(
            error(&header(1 << 5, &[])),
            Multiboot1Error::Requires(1 << 5)
        );
        assert_eq!(
            error(&header(0, &[])),
            Multiboot1Error::Elf(ElfError::NotElf)
        );
        assert_eq!(
            error(&elf(0x50_0000, 0)),
            Multiboot1Error::EntryOutside(0x50_0000)
        );
        assert_eq!(
            error(&header(HAS_ADDRESSES, &[0x1000, 0x2000])),
            Multiboot1Error::BadAddress(20)
        );
        assert_eq!(
            error(&header(HAS_ADDRESSES, &[0x1000, 0x2000, 0, 0, 0])),
            Multiboot1Error::BadAddress(16)
        );
    }

    #[test]
    fn a_header_past_the_search_window_is_not_found() {
        let mut file = vec![0; SEARCH_LEN - 8];
        file.extend(header(0, &[]));
        assert_eq!(find_header(&file), None);
        assert_eq!(find_header(&file[4..]), Some((SEARCH_LEN - 12, 0)));
    }

    proptest! {
        #[test]
        fn mutated_kernels_give_sound_plans_or_errors(
            aout: bool, changes in proptest::collection::vec((0usize..420, any::<u8>()), 0..8),
            pages in 256u64..0x4000, module in 0usize..0x100_0000,
        ) {
            let mut file = if aout { kludge() } else { elf(0x10_0020, 0) };
            for (at, value) in changes {
                if let Some(byte) = file.get_mut(at) { *byte = value; }
            }
            let layout = MemoryLayout::new(pages * 4096).unwrap();
            let modules = [Module { size: module, cmdline: "m" }];
            let request = request(&file, &layout, &modules);
            if let Ok(plan) = plan(&request) {
                assert_sound(&plan, &request);
            }
        }
    }
}
