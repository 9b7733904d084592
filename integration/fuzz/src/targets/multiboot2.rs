//! Boot information: whatever passes the parser, every getter gives plain and possible values.

use isthmus_boot::multiboot2::{BootInformation, MAX_SIZE, total_size};

use super::make::{put, seal, words};

/// As it is, and with a total size that fits.
pub fn run(data: &[u8]) {
    parse(data);
    if data.len() >= 16 {
        let mut fitted = data.to_vec();
        put(&mut fitted, 0, &(data.len() as u32).to_le_bytes());
        parse(&fitted);
    }
}

fn parse(bytes: &[u8]) {
    let information = match BootInformation::parse(bytes) {
        Ok(information) => information,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let size = information.size();
    assert!(size <= bytes.len() && size <= MAX_SIZE);
    assert_eq!(total_size(bytes), Ok(size));
    for module in information.modules() {
        assert!(module.start <= module.end && module.size() <= u64::from(u32::MAX));
        assert!(module.cmdline.len() < size);
    }
    for area in information.memory_map() {
        assert!(area.size > 0 && area.end().0 - area.start.0 == area.size);
    }
    for text in [information.command_line(), information.boot_loader_name()]
        .into_iter()
        .flatten()
    {
        assert!(!text.contains('\0'));
    }
    if let Some(rsdp) = information.rsdp() {
        assert!(
            rsdp.xsdt
                .is_none_or(|xsdt| rsdp.revision >= 2 && xsdt.0 != 0)
        );
    }
    let _ = (information.load_base(), information.elf_name_section());
    assert!(information.elf_sections().count() <= size / 64);
    // What is behind it is nobody's business.
    let alone = BootInformation::parse(&bytes[..size]).expect("the same bytes");
    assert!(alone.modules().eq(information.modules()));
    assert!(alone.memory_map().eq(information.memory_map()));
}

fn tag(kind: u32, body: &[u8]) -> Vec<u8> {
    let mut tag = words(&[kind, body.len() as u32 + 8]);
    tag.extend_from_slice(body);
    tag.resize(tag.len().next_multiple_of(8), 0);
    tag
}

fn information(tags: &[Vec<u8>]) -> Vec<u8> {
    let body = tags.concat();
    let mut bytes = words(&[body.len() as u32 + 16, 0]);
    bytes.extend(body);
    bytes.extend(tag(0, &[]));
    bytes
}

fn module(start: u32, end: u32, name: &[u8]) -> Vec<u8> {
    tag(3, &[&words(&[start, end])[..], name].concat())
}

fn memory_map(areas: &[(u64, u64, u64)]) -> Vec<u8> {
    let mut body = words(&[24, 0]);
    for &(start, size, kind) in areas {
        body.extend([start, size, kind].map(u64::to_le_bytes).concat());
    }
    tag(6, &body)
}

fn rsdp(revision: u8) -> Vec<u8> {
    let mut body = b"RSD PTR \0ISTHMU\0".to_vec();
    body[15] = revision;
    body.extend(words(&[0x7fe_0000]));
    seal(&mut body, 8);
    if revision < 2 {
        return tag(14, &body);
    }
    body.extend(words(&[36]));
    body.extend(0x7fe_1000u64.to_le_bytes());
    body.extend([0; 4]);
    seal(&mut body, 32);
    tag(15, &body)
}

fn elf_sections() -> Vec<u8> {
    let mut body = words(&[2, 64, 1]);
    body.extend([0; 128]);
    tag(9, &body)
}

/// One tag of each kind, and all together.
pub fn seeds() -> Vec<Vec<u8>> {
    let tags = [
        tag(1, b"isthmus debug\0"),
        tag(2, b"GRUB 2.06\0"),
        module(0x100_0000, 0x100_1234, b"manifest\0"),
        memory_map(&[
            (0, 0x9_fc00, 1),
            (0xf_0000, 0x1_0000, 2),
            (0x10_0000, 0x700_0000, 1),
        ]),
        module(0x200_0000, 0x200_0000, b"linux.kernel\0"),
        rsdp(0),
        rsdp(2),
        elf_sections(),
        tag(21, &words(&[0x20_0000])),
        tag(99, &[1, 2, 3]),
    ];
    let mut seeds: Vec<_> = tags
        .iter()
        .map(|tag| information(std::slice::from_ref(tag)))
        .collect();
    seeds.push(information(&tags));
    seeds
}
