//! Kernel images of every kind to load plans. A plan must lie in the guest's memory, overlap nothing, take only
//! what is in its files, leave the ACPI area free and start where there is memory.

use isthmus_abi::Gpa;
use isthmus_boot::layout::{ACPI_AREA, MIN_SIZE};
use isthmus_boot::plan::plan;
use isthmus_boot::{Content, GuestKind, LoadPlan, MemoryLayout, Module, Request, StartMode};

use super::make::{ElfSegment, bz_image, elf, multiboot1_header, note, put};
use crate::input::Input;

const CMDLINES: [&str; 4] = ["", "console=ttyS0 quiet", "a=\u{e9}", "nul\0inside"];

/// What stands before the kernel's file in an input.
struct Frame {
    layout: MemoryLayout,
    rsdp: Option<Gpa>,
    uart: bool,
    cmdline: String,
    modules: Vec<usize>,
}

impl Frame {
    const LEN: usize = 12;

    fn read(input: &mut Input<'_>) -> Self {
        let mut input = Input::new(input.take(Self::LEN));
        let flags = input.byte();
        // 1 MiB up to 1 GiB by pages of four sizes, and beyond 4 GiB.
        let shift = 4 * u32::from(flags & 3);
        let pages = (u64::from(input.u16()) << shift).min(8 << 20 >> 2);
        let layout = MemoryLayout::new(MIN_SIZE + pages * 4096).expect("a possible size");
        let line = input.byte();
        let text = CMDLINES[usize::from(line & 3)];
        let cmdline = text.repeat(usize::from(line >> 2) * usize::from(flags >> 6 & 1) * 4 + 1);
        let count = flags >> 4 & 3;
        let modules = (0..count)
            .map(|_| {
                let size = u64::from(input.u16());
                let huge = flags & 0x80 != 0;
                (if huge { size << 48 } else { size << 8 }) as usize
            })
            .collect();
        Self {
            layout,
            rsdp: (flags & 4 != 0).then_some(Gpa(ACPI_AREA.start)),
            uart: flags & 8 != 0,
            cmdline,
            modules,
        }
    }
}

fn run(kind: GuestKind, data: &[u8]) {
    let mut input = Input::new(data);
    let frame = Frame::read(&mut input);
    let kernel = input.rest();
    let modules: Vec<Module<'_>> = frame
        .modules
        .iter()
        .map(|&size| Module {
            size,
            cmdline: &frame.cmdline,
        })
        .collect();
    let request = Request {
        kernel,
        modules: &modules,
        cmdline: &frame.cmdline,
        layout: &frame.layout,
        rsdp: frame.rsdp,
        uart: frame.uart,
    };
    match plan(kind, &request) {
        Ok(plan) => {
            assert_sound(&plan, &request);
            assert_starts(&plan, &request);
            assert_eq!(
                super::boot::plan(kind, &request),
                Ok(plan),
                "the same again"
            );
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn assert_sound(plan: &LoadPlan, request: &Request<'_>) {
    let mut spans: Vec<(u64, u64)> = vec![(ACPI_AREA.start, ACPI_AREA.end)];
    for segment in &plan.segments {
        let len = segment.content.len() as u64;
        assert!(
            request.layout.contains(segment.gpa, len),
            "{:x?} + {len:#x} is outside of memory",
            segment.gpa
        );
        if let Content::Image { which, offset, len } = segment.content {
            let size = match usize::from(which.0).checked_sub(1) {
                None => request.kernel.len(),
                Some(index) => request.modules[index].size,
            };
            assert!(
                offset.checked_add(len).is_some_and(|end| end <= size),
                "{which}: {offset:#x} + {len:#x} is outside of the file's {size:#x}"
            );
        }
        spans.push((segment.gpa.0, segment.gpa.0 + len));
    }
    spans.retain(|(start, end)| start < end);
    spans.sort_unstable();
    for pair in spans.windows(2) {
        assert!(pair[0].1 <= pair[1].0, "segments overlap: {pair:x?}");
    }
}

/// The processor starts in memory, with its tables in memory.
fn assert_starts(plan: &LoadPlan, request: &Request<'_>) {
    let start = &plan.start;
    let inside = |at: u64, len: u64| request.layout.contains(Gpa(at), len);
    assert!(
        inside(start.cs.base.wrapping_add(start.rip), 1),
        "entry at {:#x}",
        start.rip
    );
    assert!(
        inside(start.gdtr.base, u64::from(start.gdtr.limit) + 1),
        "GDT"
    );
    match start.mode {
        StartMode::Long64 => assert!(
            inside(start.cr3, 4096) && start.cr3 & 0xfff == 0,
            "page tables"
        ),
        StartMode::Protected32 => assert!(u32::try_from(start.rip).is_ok()),
        StartMode::Real16 => {}
    }
    for pointer in [start.rbx, start.rsi] {
        assert!(
            pointer == 0 || inside(pointer, 4),
            "boot data at {pointer:#x}"
        );
    }
}

/// A bzImage.
pub fn linux(data: &[u8]) {
    run(GuestKind::Linux, data);
}

/// An ELF with a PVH note.
pub fn pvh(data: &[u8]) {
    run(GuestKind::Pvh, data);
}

/// A Multiboot 1 image.
pub fn multiboot1(data: &[u8]) {
    run(GuestKind::Multiboot1, data);
}

/// Each image in memory of 65 MiB, with two modules.
fn framed(images: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let frame = [0x2c | 1, 0, 4, 1, 0x10, 0, 0x22, 0, 0, 0, 0, 0];
    images
        .iter()
        .map(|image| [&frame[..], image].concat())
        .collect()
}

/// Both protocols, fixed and relocatable, old and new headers.
pub fn linux_seeds() -> Vec<Vec<u8>> {
    let mut seeds = framed(vec![
        bz_image(64, 0x20f, 1, 0x100_0000, true),
        bz_image(64, 0x20f, 0, 0x100_0000, false),
        bz_image(500, 0x20a, 0, 0x10_0000, true),
        bz_image(16, 0x20c, 1, 0x20_0000, false),
        bz_image(16, 0x209, 1, 0x20_0000, false),
    ]);
    // Little memory, no modules.
    let mut small = seeds[0].clone();
    put(&mut small, 0, &[0x0c, 0, 7, 0]);
    seeds.push(small);
    seeds
}

fn pvh_image(wide: bool, entry: &[u8]) -> Vec<u8> {
    let notes = [note(b"GNU\0", 3, &[1; 20]), note(b"Xen\0", 18, entry)].concat();
    let segment = |kind, physical, bytes, memory_size| ElfSegment {
        kind,
        physical,
        bytes,
        memory_size,
    };
    let segments = [
        segment(1, 0x20_0000, &[0x90; 100][..], 0x5000),
        segment(1, 0x20_5000, &[1; 8], 8),
        segment(4, 0, &notes, 0),
    ];
    elf(
        wide,
        0x1234,
        if wide { 0xffff_ffff_8000_0000 } else { 0 },
        &segments,
    )
}

/// 32 and 64 bit.
pub fn pvh_seeds() -> Vec<Vec<u8>> {
    framed(vec![
        pvh_image(true, &0x20_0010u64.to_le_bytes()),
        pvh_image(true, &0x20_0010u32.to_le_bytes()),
        pvh_image(false, &0x20_0010u32.to_le_bytes()),
        elf(true, 0, 0, &[]),
    ])
}

/// ELF, and addresses in the header.
pub fn multiboot1_seeds() -> Vec<Vec<u8>> {
    let mut code = multiboot1_header(3, &[]);
    code.resize(256, 0x90);
    let segment = || ElfSegment {
        kind: 1,
        physical: 0x10_0000,
        bytes: &code,
        memory_size: 0x3000,
    };
    let mut kludge = vec![0xcc; 64];
    kludge.extend(multiboot1_header(
        1 << 16,
        &[0x20_0020, 0x20_0000, 0x20_0080, 0x20_1000, 0x20_0040],
    ));
    kludge.resize(32 + 0x80, 0x90);
    let mut whole_file = multiboot1_header(1 << 16 | 3, &[0x30_0000, 0x30_0000, 0, 0, 0x30_0010]);
    whole_file.resize(300, 0x90);
    framed(vec![
        elf(false, 0x10_0020, 0, &[segment()]),
        elf(false, 0xc010_0020, 0xc000_0000, &[segment()]),
        elf(true, 0x10_0020, 0, &[segment()]),
        kludge,
        whole_file,
    ])
}
