//! Synthetic bzImages, right and wrong.

use super::*;
use crate::{
    layout::MemoryLayout,
    plan::{Module, testing::*},
    start::StartMode,
};
use proptest::prelude::*;

/// A bzImage with one setup sector and `code` bytes of code.
fn image(code: usize, xloadflags: u16, pref_address: u64, relocatable: bool) -> Vec<u8> {
    let mut file = vec![0u8; 1024 + code];
    put(&mut file, field::SETUP_SECTS, &[1]);
    put(
        &mut file,
        field::SYSSIZE,
        &(code.div_ceil(16) as u32).to_le_bytes(),
    );
    put(&mut file, field::BOOT_FLAG, &0xaa55u16.to_le_bytes());
    put(&mut file, field::JUMP_LENGTH, &[0x6a]);
    put(&mut file, field::MAGIC, b"HdrS");
    put(&mut file, field::VERSION, &0x20fu16.to_le_bytes());
    put(&mut file, field::LOADFLAGS, &[LOADED_HIGH | 1 << 7]);
    put(&mut file, field::CODE32_START, &0x10_0000u32.to_le_bytes());
    put(
        &mut file,
        field::INITRD_ADDR_MAX,
        &0x7fff_ffffu32.to_le_bytes(),
    );
    put(
        &mut file,
        field::KERNEL_ALIGNMENT,
        &0x20_0000u32.to_le_bytes(),
    );
    put(&mut file, field::RELOCATABLE, &[u8::from(relocatable)]);
    put(&mut file, field::XLOADFLAGS, &xloadflags.to_le_bytes());
    put(&mut file, field::CMDLINE_SIZE, &2047u32.to_le_bytes());
    put(&mut file, field::PREF_ADDRESS, &pref_address.to_le_bytes());
    put(&mut file, field::INIT_SIZE, &0x60_0000u32.to_le_bytes());
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
        cmdline: "console=ttyS0 quiet",
        layout,
        rsdp: Some(Gpa(0xe_0000)),
        uart: true,
    }
}

fn mib(size: u64) -> MemoryLayout {
    MemoryLayout::new(size << 20).unwrap()
}

#[test]
fn a_64_bit_kernel_starts_in_long_mode_where_it_prefers() {
    let (file, layout) = (image(5000, XLF_KERNEL_64, 0x100_0000, true), mib(64));
    let modules = [
        Module {
            size: 0x1801,
            cmdline: "",
        },
        Module {
            size: 10,
            cmdline: "",
        },
    ];
    let request = request(&file, &layout, &modules);
    let plan = plan(&request).unwrap();
    assert_sound(&plan, &request);
    assert_eq!(
        image_at(&plan, ImageId::KERNEL),
        [(Gpa(0x100_0000), 1024, 5000)]
    );
    assert_eq!(
        (plan.start.mode, plan.start.rip),
        (StartMode::Long64, 0x100_0200)
    );
    let params = plan.start.rsi;
    assert_eq!(read(&plan, params + 0x202, 4), b"HdrS");
    assert_eq!(read(&plan, params + 0x210, 2), [0xff, LOADED_HIGH]);
    assert_eq!(read_u64(&plan, params + 0x70), 0xe_0000);
    let cmdline = read_u32(&plan, params + 0x228);
    assert_eq!(read(&plan, cmdline.into(), 20), b"console=ttyS0 quiet\0");
    let initrd = u64::from(read_u32(&plan, params + 0x218));
    assert_eq!(
        (initrd, read_u32(&plan, params + 0x21c)),
        (0x3ff_e000, 0x1804 + 12)
    );
    assert_eq!(image_at(&plan, ImageId(1)), [(Gpa(initrd), 0, 0x1801)]);
    assert_eq!(image_at(&plan, ImageId(2)), [(Gpa(initrd + 0x1804), 0, 10)]);
}

#[test]
fn page_tables_map_four_gib_one_to_one() {
    let (file, layout) = (image(5000, XLF_KERNEL_64, 0x100_0000, true), mib(64));
    let plan = plan(&request(&file, &layout, &[])).unwrap();
    let entry = |table: u64, index: u64| read_u64(&plan, table + index * 8);
    for gpa in [0u64, 0x20_0000, 0x4000_0000, 0xfee0_0000, 0xffe0_0000] {
        let pdpt = entry(plan.start.cr3, 0) & !0xfff;
        let directory = entry(pdpt, gpa >> 30) & !0xfff;
        assert_eq!(entry(directory, gpa >> 21 & 511), gpa | 0x83);
    }
    assert_eq!(entry(plan.start.cr3, 1), 0);
}

#[test]
fn a_header_without_the_64_bit_entry_starts_in_protected_mode() {
    let (file, layout) = (image(5000, 0, 0x10_0000, false), mib(16));
    let request = request(&file, &layout, &[]);
    let plan = plan(&request).unwrap();
    assert_sound(&plan, &request);
    assert_eq!(
        (plan.start.mode, plan.start.rip),
        (StartMode::Protected32, 0x10_0000)
    );
    assert_eq!(
        (
            plan.start.cs.selector,
            plan.start.ds.selector,
            plan.start.rbx
        ),
        (0x10, 0x18, 0)
    );
}

#[test]
fn a_relocatable_kernel_moves_down_into_small_memory() {
    let (file, layout) = (image(5000, XLF_KERNEL_64, 0x100_0000, true), mib(8));
    let plan = plan(&request(&file, &layout, &[])).unwrap();
    assert_eq!(plan.start.rip, 0x20_0200);
}

#[test]
fn a_fixed_kernel_without_its_memory_is_refused_by_name() {
    let (file, layout) = (image(5000, XLF_KERNEL_64, 0x100_0000, false), mib(8));
    let error = plan(&request(&file, &layout, &[])).unwrap_err();
    let piece = Piece::Image(ImageId::KERNEL);
    assert_eq!(
        error,
        LinuxError::Placement(PlacementError::NotFree {
            piece,
            start: Gpa(0x100_0000),
            len: 0x60_0000
        })
    );
}

#[test]
fn an_initrd_larger_than_memory_is_refused_by_name() {
    let (file, layout) = (image(5000, XLF_KERNEL_64, 0x100_0000, true), mib(64));
    let modules = [Module {
        size: 64 << 20,
        cmdline: "",
    }];
    let error = plan(&request(&file, &layout, &modules)).unwrap_err();
    assert!(matches!(
        error,
        LinuxError::Placement(PlacementError::NoRoom {
            piece: Piece::Image(ImageId(1)),
            ..
        })
    ));
}

#[test]
fn a_long_command_line_is_refused() {
    let (file, layout) = (image(5000, XLF_KERNEL_64, 0x100_0000, true), mib(64));
    let long = "x".repeat(2048);
    let request = Request {
        cmdline: &long,
        ..request(&file, &layout, &[])
    };
    assert_eq!(
        plan(&request).unwrap_err(),
        LinuxError::CommandLineTooLong {
            len: 2048,
            max: 2047
        }
    );
}

#[test]
fn files_that_are_not_whole_bzimages_are_refused_with_the_reason() {
    let layout = mib(64);
    let file = image(5008, XLF_KERNEL_64, 0x100_0000, true);
    let error = |file: &[u8]| plan(&request(file, &layout, &[])).unwrap_err();
    assert_eq!(error(b"\x7fELF"), LinuxError::NotBzImage);
    assert_eq!(
        error(&file[..file.len() - 16]),
        LinuxError::CutShort {
            needed: 1024 + 5008,
            present: 1024 + 4992
        }
    );
    let with = |at: usize, value: u8| {
        let mut changed = file.clone();
        changed[at] = value;
        error(&changed)
    };
    assert_eq!(with(field::VERSION, 9), LinuxError::TooOld(0x209));
    assert_eq!(with(field::LOADFLAGS, 0), LinuxError::NotLoadedHigh);
    assert_eq!(
        with(field::KERNEL_ALIGNMENT, 3),
        LinuxError::BadField(field::KERNEL_ALIGNMENT)
    );
    assert_eq!(
        with(field::JUMP_LENGTH, 0x10),
        LinuxError::BadField(field::JUMP_LENGTH)
    );
}

proptest! {
    #[test]
    fn mutated_images_give_sound_plans_or_errors(
        changes in proptest::collection::vec((field::SETUP_SECTS..0x270, any::<u8>()), 0..8),
        long: bool, relocatable: bool, pages in 256u64..0x2_0000, initrd in 0usize..0x800_0000,
    ) {
        let mut file = image(5000, u16::from(long), 0x100_0000, relocatable);
        for (at, value) in changes {
            file[at] = value;
        }
        let layout = MemoryLayout::new(pages * 4096).unwrap();
        let modules = [Module { size: initrd, cmdline: "" }];
        let request = request(&file, &layout, &modules);
        if let Ok(plan) = plan(&request) {
            assert_sound(&plan, &request);
        }
    }
}
