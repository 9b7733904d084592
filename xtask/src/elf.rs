//! Reads what the build needs out of our own ELF64 files: sections and function symbols.
//!
//! The files are fresh from our linker, but a cut one still gets an error and never a panic. Layout: System V gABI, chapters 4.
//! Neighbours: [`crate::size`] prints sections, [`crate::image`] makes the hypervisor's symbol table.

use isthmus_beds::error::{Error, Result};
use std::{fs, path::Path};

/// A section that is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// Bytes in memory.
    pub size: u64,
    /// Whether these bytes are in the file (not so for `.bss`).
    pub in_file: bool,
}

/// A function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name as the linker has it.
    pub name: String,
    /// Where it is linked.
    pub address: u64,
    /// Its bytes; 0 if the file does not say.
    pub size: u32,
}

const SHF_ALLOC: u64 = 2;
const SHT_NOBITS: u32 = 8;
const SHT_SYMTAB: u32 = 2;
const STT_FUNC: u8 = 2;
const SYMBOL_SIZE: usize = 24;

#[derive(Debug, Clone, Copy)]
struct Header {
    name: u32,
    kind: u32,
    flags: u64,
    offset: u64,
    size: u64,
    link: u32,
}

/// A file in memory.
#[derive(Debug)]
pub struct Elf {
    bytes: Vec<u8>,
    headers: Vec<Header>,
    names: Header,
}

impl Elf {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// If it cannot be read or is no ELF64 with sections.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).map_err(Error::io("read", path))?;
        Self::parse(bytes)
            .ok_or_else(|| Error::Input(format!("{} is no whole ELF64 file", path.display())))
    }

    fn parse(bytes: Vec<u8>) -> Option<Self> {
        if !bytes.starts_with(b"\x7fELF\x02\x01") {
            return None;
        }
        let table = usize::try_from(u64_at(&bytes, 0x28)?).ok()?;
        let (entry, count, names) = (
            u16_at(&bytes, 0x3a)?,
            u16_at(&bytes, 0x3c)?,
            u16_at(&bytes, 0x3e)?,
        );
        let header = |index: usize| {
            let at = table.checked_add(index * usize::from(entry))?;
            Some(Header {
                name: u32_at(&bytes, at)?,
                kind: u32_at(&bytes, at + 4)?,
                flags: u64_at(&bytes, at + 8)?,
                offset: u64_at(&bytes, at + 0x18)?,
                size: u64_at(&bytes, at + 0x20)?,
                link: u32_at(&bytes, at + 0x28)?,
            })
        };
        let headers: Vec<Header> = (0..usize::from(count)).map(header).collect::<Option<_>>()?;
        let names = *headers.get(usize::from(names))?;
        Some(Self {
            bytes,
            headers,
            names,
        })
    }

    /// Sections that are loaded, in the file's order.
    pub fn sections(&self) -> Vec<Section> {
        let loaded = self
            .headers
            .iter()
            .filter(|header| header.flags & SHF_ALLOC != 0 && header.size > 0);
        loaded
            .map(|header| Section {
                name: self.string(&self.names, header.name).unwrap_or_default(),
                size: header.size,
                in_file: header.kind != SHT_NOBITS,
            })
            .collect()
    }

    /// Functions with a name.
    pub fn functions(&self) -> Vec<Function> {
        let tables = self
            .headers
            .iter()
            .filter(|header| header.kind == SHT_SYMTAB);
        tables.flat_map(|table| self.symbols(table)).collect()
    }

    fn symbols(&self, table: &Header) -> Vec<Function> {
        let strings = usize::try_from(table.link)
            .ok()
            .and_then(|link| self.headers.get(link));
        let (Some(strings), Some(data)) = (strings, self.data(table)) else {
            return Vec::new();
        };
        let symbol = |entry: &[u8]| {
            let is_function = entry.get(4)? & 0xf == STT_FUNC;
            let (address, size) = (u64_at(entry, 8)?, u64_at(entry, 16)?);
            let name = self.string(strings, u32_at(entry, 0)?)?;
            (is_function && address != 0 && !name.is_empty()).then(|| Function {
                name,
                address,
                size: u32::try_from(size).unwrap_or(0),
            })
        };
        data.chunks_exact(SYMBOL_SIZE).filter_map(symbol).collect()
    }

    fn data(&self, header: &Header) -> Option<&[u8]> {
        let start = usize::try_from(header.offset).ok()?;
        self.bytes
            .get(start..start.checked_add(usize::try_from(header.size).ok()?)?)
    }

    fn string(&self, table: &Header, at: u32) -> Option<String> {
        let rest = self.data(table)?.get(usize::try_from(at).ok()?..)?;
        let end = rest.iter().position(|byte| *byte == 0)?;
        Some(String::from_utf8_lossy(rest.get(..end)?).into_owned())
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Vec<u8> {
        fs::read(std::env::current_exe().expect("this test")).expect("readable")
    }

    #[test]
    fn this_test_program_has_code_and_functions() {
        let elf = Elf::parse(own()).expect("an ELF");
        let sections = elf.sections();
        assert!(
            sections
                .iter()
                .any(|section| section.name == ".text" && section.in_file && section.size > 1000)
        );
        assert!(
            sections
                .iter()
                .any(|section| section.name == ".bss" && !section.in_file)
        );
        assert!(
            elf.functions()
                .iter()
                .any(|function| function.name.contains("this_test_program_has_code"))
        );
    }

    #[test]
    fn a_cut_file_is_no_panic() {
        let whole = own();
        for length in [0, 4, 0x3f, 0x40, 4096, whole.len() / 2] {
            assert!(Elf::parse(whole[..length].to_vec()).is_none(), "{length}");
        }
    }
}
