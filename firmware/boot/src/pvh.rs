//! Starts an ELF kernel by Xen's x86/HVM direct boot ABI, PVH for short (Xen, docs/misc/pvh.pandoc and
//! public/arch-x86/hvm/start_info.h): 32-bit protected mode at the address of a note, EBX at a start info.

use alloc::{vec, vec::Vec};
use core::fmt;

use isthmus_abi::Gpa;

use crate::{
    bytes::{put, u32_at},
    elf::{Elf, ElfError},
    layout::{ABOVE_4G, HIGH_RAM_START},
    plan::{Builder, LoadPlan, PlacementError, Request, place_modules},
    start::StartState,
};

const NOTE_OWNER: &[u8] = b"Xen\0";
/// XEN_ELFNOTE_PHYS32_ENTRY.
const NOTE_PHYS32_ENTRY: u32 = 18;
const START_MAGIC: u32 = 0x336e_c578;
const START_VERSION: u32 = 1;
const START_SIZE: usize = 56;
const MODULE_SIZE: usize = 32;
const MEMORY_ENTRY_SIZE: usize = 24;

/// Why an ELF file cannot be started by PVH.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PvhError {
    /// The file itself is at fault.
    Elf(ElfError),
    /// The kernel has no PVH entry note: it was built without one, or is of another kind.
    NoEntryNote,
    /// The entry note holds an address above 4 GiB or nothing; the kernel is damaged.
    BadEntryNote,
    /// The entry is in no segment of the kernel; holds the address.
    EntryOutside(u32),
    /// Something does not fit.
    Placement(PlacementError),
}

impl fmt::Display for PvhError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elf(error) => error.fmt(f),
            Self::NoEntryNote => f.write_str("the kernel has no Xen PHYS32_ENTRY note, so it has no PVH entry (Linux needs CONFIG_PVH and the vmlinux file)"),
            Self::BadEntryNote => f.write_str("the kernel's PHYS32_ENTRY note does not hold a 32-bit address"),
            Self::EntryOutside(entry) => write!(f, "the kernel's PVH entry {entry:#x} is in none of its segments"),
            Self::Placement(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for PvhError {}

impl From<ElfError> for PvhError {
    fn from(error: ElfError) -> Self {
        Self::Elf(error)
    }
}

impl From<PlacementError> for PvhError {
    fn from(error: PlacementError) -> Self {
        Self::Placement(error)
    }
}

/// Plans the start of an ELF kernel by its PVH entry. Modules go as high as possible below 4 GiB.
///
/// # Errors
/// The file is no such kernel, or it does not fit the memory.
pub fn plan(request: &Request<'_>) -> Result<LoadPlan, PvhError> {
    let elf = Elf::parse(request.kernel)?;
    let entry = entry(&elf)?;
    let mut builder = Builder::new(request)?;
    elf.place(&mut builder)??;
    let modules = place_modules(&mut builder, request.modules, |builder, piece, len| {
        builder.take_highest(piece, len, 4096, HIGH_RAM_START.0..ABOVE_4G.0)
    })?;
    let module_list = module_list(&mut builder, request, &modules)?;
    let (map, map_entries) = memory_map(&mut builder, request)?;
    let cmdline = builder.command_line(request.cmdline)?;
    let mut info = vec![0; START_SIZE];
    let count = u32::try_from(modules.len()).unwrap_or(0);
    for (index, number) in [START_MAGIC, START_VERSION, 0, count]
        .into_iter()
        .enumerate()
    {
        put(&mut info, index * 4, &number.to_le_bytes());
    }
    let rsdp = request.rsdp.unwrap_or_default();
    for (index, gpa) in [module_list, cmdline, rsdp, map].into_iter().enumerate() {
        put(&mut info, 16 + index * 8, &gpa.0.to_le_bytes());
    }
    put(&mut info, 48, &map_entries.to_le_bytes());
    let info = builder.boot_data(info, 8)?;
    let gdt = builder.gdt(false)?;
    Ok(builder.finish(StartState {
        rbx: info.0,
        ..StartState::protected32(entry, gdt)
    }))
}

fn entry(elf: &Elf<'_>) -> Result<u32, PvhError> {
    let note = elf
        .note(NOTE_OWNER, NOTE_PHYS32_ENTRY)?
        .ok_or(PvhError::NoEntryNote)?;
    let upper = note.get(4..).unwrap_or_default();
    let entry = u32_at(note, 0)
        .filter(|_| upper.iter().all(|&byte| byte == 0))
        .ok_or(PvhError::BadEntryNote)?;
    for segment in elf.segments() {
        let segment = segment?;
        if u64::from(entry)
            .checked_sub(segment.physical.0)
            .is_some_and(|offset| offset < segment.memory_size)
        {
            return Ok(entry);
        }
    }
    Err(PvhError::EntryOutside(entry))
}

/// hvm_modlist_entry for every module; address zero means there is none.
fn module_list(
    builder: &mut Builder,
    request: &Request<'_>,
    places: &[Gpa],
) -> Result<Gpa, PlacementError> {
    let mut list = Vec::with_capacity(places.len() * MODULE_SIZE);
    for (module, place) in request.modules.iter().zip(places) {
        let cmdline = builder.command_line(module.cmdline)?;
        for number in [place.0, module.size as u64, cmdline.0, 0] {
            list.extend_from_slice(&number.to_le_bytes());
        }
    }
    if list.is_empty() {
        Ok(Gpa(0))
    } else {
        builder.boot_data(list, 8)
    }
}

fn memory_map(builder: &mut Builder, request: &Request<'_>) -> Result<(Gpa, u32), PlacementError> {
    let entries = request.layout.entries();
    let mut table = Vec::with_capacity(entries.len() * MEMORY_ENTRY_SIZE);
    for entry in &entries {
        table.extend_from_slice(&entry.start.0.to_le_bytes());
        table.extend_from_slice(&entry.size.to_le_bytes());
        table.extend_from_slice(&u64::from(entry.kind as u32).to_le_bytes());
    }
    Ok((
        builder.boot_data(table, 8)?,
        u32::try_from(entries.len()).unwrap_or(0),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        elf::testing::{TestSegment, build, note},
        layout::MemoryLayout,
        plan::{ImageId, Module, testing::*},
        start::StartMode,
    };
    use proptest::prelude::*;

    fn kernel(wide: bool, entry: &[u8]) -> Vec<u8> {
        let notes = note(NOTE_OWNER, NOTE_PHYS32_ENTRY, entry);
        let segments = [
            TestSegment {
                kind: 1,
                physical: 0x20_0000,
                bytes: &[0x90; 100],
                memory_size: 0x5000,
            },
            TestSegment {
                kind: 1,
                physical: 0x20_5000,
                bytes: &[1; 8],
                memory_size: 8,
            },
            TestSegment {
                kind: 4,
                physical: 0,
                bytes: &notes,
                memory_size: 0,
            },
        ];
        build(
            wide,
            0x1234,
            if wide { 0xffff_ffff_8000_0000 } else { 0 },
            &segments,
        )
    }

    fn request<'a>(
        kernel: &'a [u8],
        layout: &'a MemoryLayout,
        modules: &'a [Module<'a>],
    ) -> Request<'a> {
        Request {
            kernel,
            modules,
            cmdline: "one two",
            layout,
            rsdp: Some(Gpa(0xe_0000)),
            uart: false,
        }
    }

    #[test]
    fn start_info_tells_everything() {
        let layout = MemoryLayout::new(32 << 20).unwrap();
        for (wide, entry) in [
            (true, &0x20_0010u64.to_le_bytes()[..]),
            (false, &0x20_0010u32.to_le_bytes()[..]),
        ] {
            let file = kernel(wide, entry);
            let modules = [Module {
                size: 0x1001,
                cmdline: "disk",
            }];
            let request = request(&file, &layout, &modules);
            let plan = plan(&request).unwrap();
            assert_sound(&plan, &request);
            assert_eq!(
                (plan.start.mode, plan.start.rip),
                (StartMode::Protected32, 0x20_0010)
            );
            let info = plan.start.rbx;
            let numbers: Vec<u32> = (0..4)
                .map(|index| read_u32(&plan, info + index * 4))
                .collect();
            assert_eq!(numbers, [START_MAGIC, 1, 0, 1]);
            let list = read_u64(&plan, info + 16);
            assert_eq!(
                (read_u64(&plan, list), read_u64(&plan, list + 8)),
                (0x1ff_e000, 0x1001)
            );
            assert_eq!(read(&plan, read_u64(&plan, list + 16), 5), b"disk\0");
            assert_eq!(read(&plan, read_u64(&plan, info + 24), 8), b"one two\0");
            assert_eq!(read_u64(&plan, info + 32), 0xe_0000);
            let map = read_u64(&plan, info + 40);
            assert_eq!(read_u32(&plan, info + 48) as usize, layout.entries().len());
            assert_eq!(
                (
                    read_u64(&plan, map),
                    read_u64(&plan, map + 8),
                    read_u32(&plan, map + 16)
                ),
                (0, 0x9_fc00, 1)
            );
        }
    }

    #[test]
    fn segments_keep_their_places_and_sizes() {
        let layout = MemoryLayout::new(32 << 20).unwrap();
        let file = kernel(true, &0x20_0010u64.to_le_bytes());
        let plan = plan(&request(&file, &layout, &[])).unwrap();
        let places: Vec<_> = image_at(&plan, ImageId::KERNEL)
            .into_iter()
            .map(|(gpa, _, len)| (gpa, len))
            .collect();
        assert_eq!(places, [(Gpa(0x20_0000), 100), (Gpa(0x20_5000), 8)]);
        assert_eq!(read_u32(&plan, plan.start.rbx + 12), 0);
        assert_eq!(read_u64(&plan, plan.start.rbx + 16), 0);
    }

    #[test]
    fn faults_are_named() {
        let layout = MemoryLayout::new(32 << 20).unwrap();
        let error = |file: &[u8], layout| plan(&request(file, layout, &[])).unwrap_err();
        assert_eq!(error(b"MZ", &layout), PvhError::Elf(ElfError::NotElf));
        assert_eq!(
            error(&build(true, 0, 0, &[]), &layout),
            PvhError::NoEntryNote
        );
        assert_eq!(
            error(&kernel(true, &[1, 2, 3]), &layout),
            PvhError::BadEntryNote
        );
        assert_eq!(
            error(&kernel(true, &u64::MAX.to_le_bytes()), &layout),
            PvhError::BadEntryNote
        );
        assert_eq!(
            error(&kernel(true, &0x20_6000u64.to_le_bytes()), &layout),
            PvhError::EntryOutside(0x20_6000)
        );
        let small = MemoryLayout::new(2 << 20).unwrap();
        let refused = error(&kernel(true, &0x20_0010u64.to_le_bytes()), &small);
        assert!(matches!(
            refused,
            PvhError::Placement(PlacementError::NotFree {
                start: Gpa(0x20_0000),
                ..
            })
        ));
    }

    proptest! {
        #[test]
        fn mutated_kernels_give_sound_plans_or_errors(
            wide: bool, changes in proptest::collection::vec((0usize..420, any::<u8>()), 0..8),
            pages in 256u64..0x4000, module in 0usize..0x100_0000,
        ) {
            let mut file = kernel(wide, &0x20_0010u64.to_le_bytes());
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
