//! As much of ELF as loading an executable takes: program headers and notes, of 32 and 64-bit x86 files
//! (System V gABI, "Program Loading"). The file is foreign.

use core::fmt;

use isthmus_abi::Gpa;

use crate::{
    bytes::{slice, u16_at, u32_at, u64_at},
    plan::{Builder, ImageId, Piece, PlacementError},
};

const PT_LOAD: u32 = 1;
const PT_NOTE: u32 = 4;
const EM_386: u16 = 3;
const EM_X86_64: u16 = 62;

/// What is wrong with a kernel's ELF file. The file is at fault in each case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ElfError {
    /// Does not begin with the ELF magic.
    NotElf,
    /// Neither 32 nor 64-bit, not little-endian, or for a processor other than x86.
    NotX86,
    /// The file ends within a header or a segment at this offset.
    CutShort(u64),
    /// Program headers of a size that their class does not have.
    BadHeaderSize(u16),
    /// A segment has more bytes in the file than in memory, or its addresses wrap. Holds its program header's index.
    BadSegment(u16),
    /// There is nothing to load.
    NoSegments,
}

impl fmt::Display for ElfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotElf => f.write_str("the kernel is not an ELF file"),
            Self::NotX86 => f.write_str("the kernel is an ELF file, but not for little-endian x86"),
            Self::CutShort(offset) => write!(
                f,
                "the kernel's ELF file is cut short: bytes at offset {offset:#x} are missing"
            ),
            Self::BadHeaderSize(size) => write!(
                f,
                "the kernel's ELF program headers have an impossible size of {size} bytes"
            ),
            Self::BadSegment(index) => write!(
                f,
                "the kernel's ELF program header {index} contradicts itself"
            ),
            Self::NoSegments => f.write_str("the kernel's ELF file has nothing to load"),
        }
    }
}

impl core::error::Error for ElfError {}

/// A checked view of an ELF executable.
#[derive(Clone, Copy, Debug)]
pub struct Elf<'a> {
    file: &'a [u8],
    wide: bool,
    entry: u64,
    headers: &'a [u8],
    header_size: usize,
}

/// A segment to be loaded. Its file bytes are inside the file, and no address wraps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LoadSegment {
    /// First byte in the file.
    pub offset: usize,
    /// Bytes in the file, at most `memory_size`.
    pub file_size: usize,
    /// Where it goes.
    pub physical: Gpa,
    /// Where it expects to be mapped.
    pub virtual_start: u64,
    /// Bytes in memory; those beyond the file's are zero.
    pub memory_size: u64,
}

struct ProgramHeader {
    kind: u32,
    offset: u64,
    virtual_start: u64,
    physical: u64,
    file_size: u64,
    memory_size: u64,
    align: u64,
}

impl ProgramHeader {
    fn parse(bytes: &[u8], wide: bool) -> Option<Self> {
        let word = |narrow_at, wide_at| {
            if wide {
                u64_at(bytes, wide_at)
            } else {
                u32_at(bytes, narrow_at).map(u64::from)
            }
        };
        Some(Self {
            kind: u32_at(bytes, 0)?,
            offset: word(4, 8)?,
            virtual_start: word(8, 16)?,
            physical: word(12, 24)?,
            file_size: word(16, 32)?,
            memory_size: word(20, 40)?,
            align: word(28, 48)?,
        })
    }
}

impl<'a> Elf<'a> {
    /// Reads and checks the file header and that the program headers are there.
    ///
    /// # Errors
    /// Not an ELF file for x86, or cut short.
    pub fn parse(file: &'a [u8]) -> Result<Self, ElfError> {
        let ident = slice(file, 0, 16).ok_or(ElfError::NotElf)?;
        let [0x7f, b'E', b'L', b'F', class, data, ..] = *ident else {
            return Err(ElfError::NotElf);
        };
        let wide = match (class, data) {
            (1, 1) => false,
            (2, 1) => true,
            _ => return Err(ElfError::NotX86),
        };
        let short = ElfError::CutShort(16);
        let machine = u16_at(file, 18).ok_or(short)?;
        if machine != EM_386 && machine != EM_X86_64 {
            return Err(ElfError::NotX86);
        }
        let (entry, table, size_at) = if wide {
            (u64_at(file, 24), u64_at(file, 32), 54)
        } else {
            (
                u32_at(file, 24).map(u64::from),
                u32_at(file, 28).map(u64::from),
                42,
            )
        };
        let (entry, table) = (entry.ok_or(short)?, table.ok_or(short)?);
        let header_size = u16_at(file, size_at).ok_or(short)?;
        let count = u16_at(file, size_at + 2).ok_or(short)?;
        if count > 0 && header_size < if wide { 56 } else { 32 } {
            return Err(ElfError::BadHeaderSize(header_size));
        }
        let table_len = usize::from(count) * usize::from(header_size);
        let headers = usize::try_from(table)
            .ok()
            .and_then(|table| slice(file, table, table_len));
        let headers = headers.ok_or(ElfError::CutShort(table))?;
        Ok(Self {
            file,
            wide,
            entry,
            headers,
            header_size: usize::from(header_size).max(1),
        })
    }

    /// The entry point as the header has it.
    #[must_use]
    pub fn entry(&self) -> u64 {
        self.entry
    }

    fn program_headers(&self) -> impl Iterator<Item = (u16, ProgramHeader)> + use<'a> {
        let wide = self.wide;
        let headers = self.headers.chunks_exact(self.header_size);
        (0u16..)
            .zip(headers)
            .filter_map(move |(index, bytes)| Some((index, ProgramHeader::parse(bytes, wide)?)))
    }

    /// The segments to load, each checked on its own. Empty ones are left out.
    pub fn segments(&self) -> impl Iterator<Item = Result<LoadSegment, ElfError>> + use<'a> {
        let file = self.file;
        let wanted =
            |(_, header): &(u16, ProgramHeader)| header.kind == PT_LOAD && header.memory_size > 0;
        self.program_headers()
            .filter(wanted)
            .map(move |(index, header)| {
                let bad = ElfError::BadSegment(index);
                if header.file_size > header.memory_size
                    || header.physical.checked_add(header.memory_size).is_none()
                {
                    return Err(bad);
                }
                let (offset, file_size) = file_range(file, header.offset, header.file_size)?;
                Ok(LoadSegment {
                    offset,
                    file_size,
                    physical: Gpa(header.physical),
                    virtual_start: header.virtual_start,
                    memory_size: header.memory_size,
                })
            })
    }

    /// The content of the first note with this owner and type.
    ///
    /// # Errors
    /// A note segment is not wholly in the file. Damage inside one only ends the search in it.
    pub fn note(&self, owner: &[u8], kind: u32) -> Result<Option<&'a [u8]>, ElfError> {
        for (_, header) in self
            .program_headers()
            .filter(|(_, header)| header.kind == PT_NOTE)
        {
            let (offset, len) = file_range(self.file, header.offset, header.file_size)?;
            let notes = slice(self.file, offset, len).unwrap_or_default();
            let align = if header.align == 8 { 8 } else { 4 };
            if let Some(found) = find_note(notes, align, owner, kind) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Takes the place of every segment and plans its bytes.
    ///
    /// # Errors
    /// `Ok(Err(_))` if a segment cannot be where it wants to be.
    pub(crate) fn place(
        &self,
        builder: &mut Builder,
    ) -> Result<Result<(), PlacementError>, ElfError> {
        let mut any = false;
        for segment in self.segments() {
            let segment = segment?;
            any = true;
            if let Err(error) = builder.reserve(
                Piece::Image(ImageId::KERNEL),
                segment.physical,
                segment.memory_size,
            ) {
                return Ok(Err(error));
            }
            builder.image(
                segment.physical,
                ImageId::KERNEL,
                segment.offset,
                segment.file_size,
            );
        }
        if any {
            Ok(Ok(()))
        } else {
            Err(ElfError::NoSegments)
        }
    }
}

fn file_range(file: &[u8], offset: u64, len: u64) -> Result<(usize, usize), ElfError> {
    let range = usize::try_from(offset).ok().zip(usize::try_from(len).ok());
    range
        .filter(|&(offset, len)| slice(file, offset, len).is_some())
        .ok_or(ElfError::CutShort(offset))
}

fn find_note<'a>(notes: &'a [u8], align: usize, owner: &[u8], kind: u32) -> Option<&'a [u8]> {
    let mut at = 0usize;
    loop {
        let name_len = usize::try_from(u32_at(notes, at)?).ok()?;
        let content_len = usize::try_from(u32_at(notes, at.checked_add(4)?)?).ok()?;
        let note_kind = u32_at(notes, at.checked_add(8)?)?;
        let name_at = at.checked_add(12)?;
        let content_at = name_at
            .checked_add(name_len)?
            .checked_next_multiple_of(align)?;
        let name = slice(notes, name_at, name_len)?;
        let content = slice(notes, content_at, content_len)?;
        if note_kind == kind && name == owner {
            return Some(content);
        }
        at = content_at
            .checked_add(content_len)?
            .checked_next_multiple_of(align)?;
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! Builds small ELF files.
    use alloc::{vec, vec::Vec};

    use crate::bytes::put;

    pub struct TestSegment<'a> {
        pub kind: u32,
        pub physical: u64,
        pub bytes: &'a [u8],
        pub memory_size: u64,
    }

    /// An ELF file with these segments, virtual addresses `offset` above physical ones.
    pub fn build(wide: bool, entry: u64, offset: u64, segments: &[TestSegment<'_>]) -> Vec<u8> {
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
            if wide {
                put(file, at, &value.to_le_bytes())
            } else {
                put(file, at, &(value as u32).to_le_bytes())
            }
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
                segment.physical + offset,
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
        let mut note = Vec::new();
        for number in [owner.len() as u32, content.len() as u32, kind] {
            note.extend_from_slice(&number.to_le_bytes());
        }
        for part in [owner, content] {
            note.extend_from_slice(part);
            note.resize(note.len().next_multiple_of(4), 0);
        }
        note
    }
}

#[cfg(test)]
mod tests {
    use super::{testing::*, *};
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn sample(wide: bool) -> Vec<u8> {
        let notes = [
            note(b"GNU\0", 3, &[1; 20]),
            note(b"Xen\0", 18, &[0, 0, 0x10, 0]),
        ]
        .concat();
        let load = TestSegment {
            kind: PT_LOAD,
            physical: 0x10_0000,
            bytes: &[0x90; 64],
            memory_size: 0x2000,
        };
        build(
            wide,
            0x10_0010,
            0,
            &[
                load,
                TestSegment {
                    kind: PT_NOTE,
                    physical: 0,
                    bytes: &notes,
                    memory_size: 0,
                },
            ],
        )
    }

    #[test]
    fn both_classes_give_segments_and_notes() {
        for wide in [false, true] {
            let file = sample(wide);
            let elf = Elf::parse(&file).unwrap();
            assert_eq!(elf.entry(), 0x10_0010);
            let segments: Vec<_> = elf.segments().collect::<Result<_, _>>().unwrap();
            assert_eq!(segments.len(), 1);
            assert_eq!(
                (
                    segments[0].physical,
                    segments[0].file_size,
                    segments[0].memory_size
                ),
                (Gpa(0x10_0000), 64, 0x2000)
            );
            assert_eq!(elf.note(b"Xen\0", 18), Ok(Some(&[0, 0, 0x10, 0][..])));
            assert_eq!(elf.note(b"Xen\0", 17), Ok(None));
        }
    }

    #[test]
    fn a_file_cut_anywhere_is_refused_or_complete() {
        for wide in [false, true] {
            let file = sample(wide);
            for len in 0..file.len() {
                let cut = &file[..len];
                let whole = Elf::parse(cut).and_then(|elf| {
                    elf.segments().try_for_each(|segment| segment.map(drop))?;
                    elf.note(b"Xen\0", 18)
                });
                assert!(whole.is_err(), "a file of {len} bytes passes");
            }
        }
    }

    #[test]
    fn another_processor_is_refused() {
        let mut file = sample(true);
        file[18] = 0xb7;
        assert_eq!(Elf::parse(&file).unwrap_err(), ElfError::NotX86);
    }

    proptest! {
        #[test]
        fn mutated_files_never_panic(wide: bool, changes in proptest::collection::vec((0usize..300, any::<u8>()), 0..12)) {
            let mut file = sample(wide);
            for (at, value) in changes {
                if let Some(byte) = file.get_mut(at) { *byte = value; }
            }
            if let Ok(elf) = Elf::parse(&file) {
                for segment in elf.segments().flatten() {
                    prop_assert!(segment.offset + segment.file_size <= file.len());
                    prop_assert!(segment.physical.checked_add(segment.memory_size).is_some());
                }
                let _ = elf.note(b"Xen\0", 18);
            }
        }
    }
}
