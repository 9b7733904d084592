//! Makers of images: small ELF files, bzImages, ACPI tables, all of it right until a fuzzer gets at it.

/// Overwrites `bytes` from `at`.
pub fn put(bytes: &mut [u8], at: usize, data: &[u8]) {
    bytes[at..at + data.len()].copy_from_slice(data);
}

/// Numbers as little-endian bytes, one after the other.
pub fn words(numbers: &[u32]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect()
}

/// Makes the sum of all bytes zero by the byte at `at`; nothing where there is none.
pub fn seal(bytes: &mut [u8], at: usize) {
    let sum = bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    if let Some(byte) = bytes.get_mut(at) {
        *byte = byte.wrapping_sub(sum);
    }
}

/// A program header and its bytes in the file.
pub struct ElfSegment<'a> {
    pub kind: u32,
    pub physical: u64,
    pub bytes: &'a [u8],
    pub memory_size: u64,
}

/// An ELF file, 64-bit if `wide`, with virtual addresses `offset` above the physical ones.
pub fn elf(wide: bool, entry: u64, offset: u64, segments: &[ElfSegment<'_>]) -> Vec<u8> {
    let (header, each) = if wide { (64, 56) } else { (52, 32) };
    let mut file = vec![0u8; header + each * segments.len()];
    put(
        &mut file,
        0,
        &[0x7f, b'E', b'L', b'F', if wide { 2 } else { 1 }, 1, 1],
    );
    put(&mut file, 16, &[2, 0, if wide { 62 } else { 3 }, 0, 1]);
    let size_at = if wide { 54 } else { 42 };
    put(&mut file, size_at, &(each as u16).to_le_bytes());
    put(
        &mut file,
        size_at + 2,
        &(segments.len() as u16).to_le_bytes(),
    );
    let word = |file: &mut Vec<u8>, at: usize, value: u64| {
        let bytes = value.to_le_bytes();
        put(file, at, if wide { &bytes } else { &bytes[..4] });
    };
    word(&mut file, 24, entry);
    word(&mut file, if wide { 32 } else { 28 }, header as u64);
    for (index, segment) in segments.iter().enumerate() {
        let at = header + index * each;
        let start = file.len() as u64;
        file.extend_from_slice(segment.bytes);
        put(&mut file, at, &segment.kind.to_le_bytes());
        let values = [
            start,
            segment.physical.wrapping_add(offset),
            segment.physical,
            segment.bytes.len() as u64,
            segment.memory_size,
        ];
        let places = if wide {
            [8, 16, 24, 32, 40]
        } else {
            [4, 8, 12, 16, 20]
        };
        for (place, value) in places.into_iter().zip(values) {
            word(&mut file, at + place, value);
        }
        word(&mut file, at + if wide { 48 } else { 28 }, 4);
    }
    file
}

/// A note's bytes, padded to 4.
pub fn note(owner: &[u8], kind: u32, content: &[u8]) -> Vec<u8> {
    let mut note = words(&[owner.len() as u32, content.len() as u32, kind]);
    for part in [owner, content] {
        note.extend_from_slice(part);
        note.resize(note.len().next_multiple_of(4), 0);
    }
    note
}

/// A bzImage with one setup sector (Linux, Documentation/arch/x86/boot.rst).
pub fn bz_image(
    code: usize,
    version: u16,
    xloadflags: u16,
    pref_address: u64,
    relocatable: bool,
) -> Vec<u8> {
    let mut file = vec![0u8; 1024 + code];
    put(&mut file, 0x1f1, &[1]);
    put(&mut file, 0x1f4, &(code.div_ceil(16) as u32).to_le_bytes());
    put(&mut file, 0x1fe, &0xaa55u16.to_le_bytes());
    put(&mut file, 0x201, &[0x6a]);
    put(&mut file, 0x202, b"HdrS");
    put(&mut file, 0x206, &version.to_le_bytes());
    put(&mut file, 0x211, &[1 | 1 << 7]);
    put(&mut file, 0x214, &0x10_0000u32.to_le_bytes());
    put(&mut file, 0x22c, &0x7fff_ffffu32.to_le_bytes());
    put(&mut file, 0x230, &0x20_0000u32.to_le_bytes());
    put(&mut file, 0x234, &[u8::from(relocatable)]);
    put(&mut file, 0x236, &xloadflags.to_le_bytes());
    put(&mut file, 0x238, &2047u32.to_le_bytes());
    put(&mut file, 0x258, &pref_address.to_le_bytes());
    put(&mut file, 0x260, &0x60_0000u32.to_le_bytes());
    file
}

/// The Multiboot 1 header with its checksum (Multiboot 0.6.96 §3.1.1).
pub fn multiboot1_header(flags: u32, addresses: &[u32]) -> Vec<u8> {
    const MAGIC: u32 = 0x1bad_b002;
    let checksum = 0u32.wrapping_sub(MAGIC).wrapping_sub(flags);
    let mut header = words(&[MAGIC, flags, checksum]);
    header.extend(words(addresses));
    header
}
