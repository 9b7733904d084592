//! Boot information as loaders leave it, and damaged in every way.

use super::*;
use alloc::{vec, vec::Vec};
use proptest::prelude::*;

fn tag(kind: u32, body: &[u8]) -> Vec<u8> {
    let mut tag = [kind, body.len() as u32 + 8].map(u32::to_le_bytes).concat();
    tag.extend_from_slice(body);
    tag.resize(tag.len().next_multiple_of(8), 0);
    tag
}

fn information(tags: &[Vec<u8>]) -> Vec<u8> {
    let body: Vec<u8> = tags.concat();
    let mut bytes = [body.len() as u32 + 16, 0].map(u32::to_le_bytes).concat();
    bytes.extend(body);
    bytes.extend(tag(0, &[]));
    bytes
}

fn module_tag(start: u32, end: u32, name: &[u8]) -> Vec<u8> {
    tag(
        kind::MODULE,
        &[&start.to_le_bytes()[..], &end.to_le_bytes(), name].concat(),
    )
}

fn map_tag(areas: &[(u64, u64, u32)]) -> Vec<u8> {
    let mut body = [24u32, 0].map(u32::to_le_bytes).concat();
    for &(start, size, kind) in areas {
        body.extend([start, size, kind.into()].map(u64::to_le_bytes).concat());
    }
    tag(kind::MEMORY_MAP, &body)
}

fn rsdp_tag(version: u8) -> Vec<u8> {
    let mut body = b"RSD PTR \0ISTHMU\0".to_vec();
    body[15] = version;
    body.extend(0x7fe_0000u32.to_le_bytes());
    body[8] = 0u8.wrapping_sub(sum(&body));
    if version < 2 {
        return tag(kind::RSDP_V1, &body);
    }
    body.extend(36u32.to_le_bytes());
    body.extend(0x7fe_1000u64.to_le_bytes());
    body.extend([0; 4]);
    body[32] = 0u8.wrapping_sub(sum(&body));
    tag(kind::RSDP_V2, &body)
}

fn sample() -> Vec<u8> {
    information(&[
        tag(kind::COMMAND_LINE, b"isthmus debug\0"),
        tag(kind::LOADER_NAME, b"GRUB 2.06\0"),
        module_tag(0x100_0000, 0x100_1234, b"manifest\0"),
        map_tag(&[
            (0, 0x9_fc00, 1),
            (0xf_0000, 0x1_0000, 2),
            (0x10_0000, 0, 1),
            (0x10_0000, 0x700_0000, 1),
        ]),
        module_tag(0x200_0000, 0x200_0000, b"linux.kernel\0"),
        rsdp_tag(0),
        rsdp_tag(2),
        tag(99, &[1, 2, 3]),
    ])
}

#[test]
fn a_loader_s_information_is_read() {
    let bytes = sample();
    let information = BootInformation::parse(&bytes).unwrap();
    assert_eq!(information.command_line(), Some("isthmus debug"));
    assert_eq!(information.boot_loader_name(), Some("GRUB 2.06"));
    let modules: Vec<_> = information
        .modules()
        .map(|module| (module.start.0, module.size(), module.cmdline))
        .collect();
    assert_eq!(
        modules,
        [
            (0x100_0000, 0x1234, "manifest"),
            (0x200_0000, 0, "linux.kernel")
        ]
    );
    let areas: Vec<_> = information
        .memory_map()
        .map(|area| (area.start.0, area.end().0, area.kind))
        .collect();
    assert_eq!(areas.len(), 3);
    assert_eq!(areas[2], (0x10_0000, 0x710_0000, MemoryType::AVAILABLE));
    assert_eq!(
        information.rsdp(),
        Some(Rsdp {
            revision: 2,
            rsdt: Hpa(0x7fe_0000),
            xsdt: Some(Hpa(0x7fe_1000))
        })
    );
}

#[test]
fn the_old_root_pointer_serves_where_there_is_no_new_one() {
    let bytes = information(&[rsdp_tag(0)]);
    let rsdp = BootInformation::parse(&bytes).unwrap().rsdp();
    assert_eq!(
        rsdp,
        Some(Rsdp {
            revision: 0,
            rsdt: Hpa(0x7fe_0000),
            xsdt: None
        })
    );
}

#[test]
fn damage_is_named_with_its_offset() {
    let error = |tags: &[Vec<u8>]| BootInformation::parse(&information(tags)).unwrap_err();
    assert_eq!(
        error(&[tag(kind::COMMAND_LINE, b"no end")]),
        Multiboot2Error::BadString(16)
    );
    assert_eq!(
        error(&[tag(99, &[]), module_tag(2, 1, b"\0")]),
        Multiboot2Error::BadModule(16)
    );
    assert_eq!(
        error(&[map_tag(&[(0, 1, 1), (u64::MAX, 2, 1)])]),
        Multiboot2Error::BadMemoryEntry(24 + 24)
    );
    assert_eq!(
        error(&[map_tag(&[])[..8].to_vec()]),
        Multiboot2Error::BadTag {
            offset: 8,
            kind: 6,
            size: 16
        }
    );
    let mut rsdp = rsdp_tag(2);
    rsdp[8 + 25] ^= 1;
    assert_eq!(error(&[rsdp]), Multiboot2Error::BadRsdp(16));
}

#[test]
fn a_missing_end_tag_is_an_error() {
    let mut bytes = sample();
    let end = bytes.len() - 8;
    bytes.truncate(end);
    bytes[..4].copy_from_slice(&(end as u32).to_le_bytes());
    assert_eq!(
        BootInformation::parse(&bytes).unwrap_err(),
        Multiboot2Error::NoEndTag
    );
}

#[test]
fn impossible_sizes_are_refused() {
    for size in [0u32, 15, 17, u32::MAX] {
        let bytes = [size, 0, 0, 8].map(u32::to_le_bytes).concat();
        assert_eq!(
            BootInformation::parse(&bytes).unwrap_err(),
            Multiboot2Error::BadTotalSize(size)
        );
    }
}

#[test]
fn elf_sections_are_found() {
    let mut header = vec![0u8; 64];
    header[4] = 2;
    header[16..24].copy_from_slice(&0x20_0000u64.to_le_bytes());
    header[32] = 0x40;
    let body = [[1u32, 64, 0].map(u32::to_le_bytes).concat(), header].concat();
    let bytes = information(&[tag(kind::ELF_SECTIONS, &body)]);
    let sections: Vec<_> = BootInformation::parse(&bytes)
        .unwrap()
        .elf_sections()
        .collect();
    assert_eq!(
        sections,
        [ElfSection {
            name: 0,
            kind: 2,
            flags: 0,
            address: 0x20_0000,
            size: 0x40
        }]
    );
}

proptest! {
    #[test]
    fn mutated_information_never_panics(changes in proptest::collection::vec((0usize..400, any::<u8>()), 0..16), cut in 0usize..400) {
        let mut bytes = sample();
        for (at, value) in changes {
            if let Some(byte) = bytes.get_mut(at) { *byte = value; }
        }
        let shorter = bytes.len().saturating_sub(cut / 10);
        bytes.truncate(shorter);
        if let Ok(information) = BootInformation::parse(&bytes) {
            for area in information.memory_map() {
                prop_assert!(area.start.0.checked_add(area.size).is_some());
            }
            prop_assert!(information.modules().all(|module| module.start <= module.end));
            let _ = (information.command_line(), information.boot_loader_name(), information.rsdp(), information.load_base());
            let _ = information.elf_sections().count();
        }
    }
}
