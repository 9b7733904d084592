//! Names for addresses in a backtrace: a table that the image's build makes and the hypervisor reads as foreign bytes, so
//! that a damaged one costs names and nothing else; and the walk along frame pointers.
//!
//! Format, little-endian: magic `ISYM`, version (u32, 1), base address (u64), number of symbols (u32), bytes of names (u32);
//! then for each symbol, by ascending offset: offset from the base (u32), size (u32, 0 if unknown), offset of its name
//! (u32), length of its name (u32); then the names, UTF-8 without ends.

use alloc::string::String;
use alloc::vec::Vec;

use isthmus_abi::Hva;

const MAGIC: [u8; 4] = *b"ISYM";
const VERSION: u32 = 1;
const HEADER: usize = 24;
const ENTRY: usize = 16;

/// Why bytes are not a table. The build's fault; go without names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SymbolError {
    /// Not this format or version.
    NotATable,
    /// Shorter than its header says.
    Truncated,
    /// Symbols are not in ascending order.
    NotSorted,
    /// For the builder: a symbol lies 4 GiB or more above the first, or there are 4 GiB of names.
    TooLarge,
}

/// A table in bytes, checked. Looking up allocates nothing, so a panic handler can.
#[derive(Clone, Copy, Debug)]
pub struct SymbolTable<'a> {
    base: u64,
    entries: &'a [[u8; ENTRY]],
    names: &'a [u8],
}

#[derive(Clone, Copy)]
struct Entry {
    offset: u32,
    size: u32,
    name: u32,
    name_length: u32,
}

impl Entry {
    const fn read(bytes: &[u8; ENTRY]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *bytes;
        Self {
            offset: u32::from_le_bytes([a, b, c, d]),
            size: u32::from_le_bytes([e, f, g, h]),
            name: u32::from_le_bytes([i, j, k, l]),
            name_length: u32::from_le_bytes([m, n, o, p]),
        }
    }
}

impl<'a> SymbolTable<'a> {
    /// Checks the bytes; what follows the table is ignored.
    ///
    /// # Errors
    /// [`SymbolError`].
    pub fn new(bytes: &'a [u8]) -> Result<Self, SymbolError> {
        let (magic, rest) = bytes
            .split_first_chunk::<4>()
            .ok_or(SymbolError::NotATable)?;
        let (version, rest) = rest
            .split_first_chunk::<4>()
            .ok_or(SymbolError::NotATable)?;
        if *magic != MAGIC || u32::from_le_bytes(*version) != VERSION {
            return Err(SymbolError::NotATable);
        }
        let (base, rest) = rest
            .split_first_chunk::<8>()
            .ok_or(SymbolError::Truncated)?;
        let (count, rest) = rest
            .split_first_chunk::<4>()
            .ok_or(SymbolError::Truncated)?;
        let (names, rest) = rest
            .split_first_chunk::<4>()
            .ok_or(SymbolError::Truncated)?;
        let count = u32::from_le_bytes(*count) as usize;
        let table = rest
            .get(..count.saturating_mul(ENTRY))
            .ok_or(SymbolError::Truncated)?;
        let names_bytes = rest.get(table.len()..).unwrap_or_default();
        let names = names_bytes
            .get(..u32::from_le_bytes(*names) as usize)
            .ok_or(SymbolError::Truncated)?;
        let (entries, _) = table.as_chunks::<ENTRY>();
        if !entries.is_sorted_by_key(|entry| Entry::read(entry).offset) {
            return Err(SymbolError::NotSorted);
        }
        Ok(Self {
            base: u64::from_le_bytes(*base),
            entries,
            names,
        })
    }

    /// The symbol that `address` lies in and how far in. `None` outside all of them, or if its name is damaged.
    #[must_use]
    pub fn lookup(&self, address: u64) -> Option<(&'a str, u64)> {
        let offset = address.checked_sub(self.base)?;
        let after = self
            .entries
            .partition_point(|entry| u64::from(Entry::read(entry).offset) <= offset);
        let entry = Entry::read(self.entries.get(after.checked_sub(1)?)?);
        let inside = offset - u64::from(entry.offset);
        if entry.size != 0 && inside >= u64::from(entry.size) {
            return None;
        }
        let start = entry.name as usize;
        let name = self
            .names
            .get(start..start.checked_add(entry.name_length as usize)?)?;
        Some((core::str::from_utf8(name).ok()?, inside))
    }

    /// Symbols in it.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Makes a table.
#[derive(Clone, Debug, Default)]
pub struct SymbolTableBuilder {
    symbols: Vec<(u64, u32, String)>,
}

impl SymbolTableBuilder {
    /// One without symbols.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            symbols: Vec::new(),
        }
    }

    /// Adds a symbol of `size` bytes (0 if unknown: it reaches to the next). The order does not matter.
    pub fn add(&mut self, address: u64, size: u32, name: &str) {
        self.symbols.push((address, size, name.into()));
    }

    /// The table's bytes.
    ///
    /// # Errors
    /// [`SymbolError::TooLarge`].
    pub fn build(mut self) -> Result<Vec<u8>, SymbolError> {
        self.symbols.sort();
        self.symbols.dedup_by_key(|(address, ..)| *address);
        let base = self.symbols.first().map_or(0, |(address, ..)| *address);
        let small = |value: u64| u32::try_from(value).map_err(|_| SymbolError::TooLarge);
        let names: u64 = self
            .symbols
            .iter()
            .map(|(_, _, name)| name.len() as u64)
            .sum();
        let mut bytes = Vec::with_capacity(HEADER + ENTRY * self.symbols.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&base.to_le_bytes());
        bytes.extend_from_slice(&small(self.symbols.len() as u64)?.to_le_bytes());
        bytes.extend_from_slice(&small(names)?.to_le_bytes());
        let mut at = 0;
        for (address, size, name) in &self.symbols {
            for field in [small(address - base)?, *size, at, small(name.len() as u64)?] {
                bytes.extend_from_slice(&field.to_le_bytes());
            }
            at += name.len() as u32;
        }
        for (_, _, name) in &self.symbols {
            bytes.extend_from_slice(name.as_bytes());
        }
        Ok(bytes)
    }
}

/// The walk along saved frame pointers.
pub mod backtrace {
    use super::Hva;

    /// Frames that a walk gives at most; a damaged stack may loop.
    pub const MAX_FRAMES: usize = 64;

    /// Where stack words come from.
    pub trait ReadStack {
        /// The eight bytes at `address`, which is a multiple of 8; `None` outside the stack.
        fn read(&self, address: Hva) -> Option<u64>;
    }

    impl<F: Fn(Hva) -> Option<u64>> ReadStack for F {
        fn read(&self, address: Hva) -> Option<u64> {
            self(address)
        }
    }

    /// The frames from an instruction and frame pointer outwards; see [`walk`].
    #[derive(Debug)]
    pub struct Frames<S> {
        stack: S,
        next: Option<(u64, u64)>,
        left: usize,
    }

    /// Code addresses from `instruction` outwards: itself, then each return address. Ends at a frame pointer that is null, not
    /// a multiple of 8, not above the one before, or not readable.
    pub const fn walk<S: ReadStack>(stack: S, instruction: u64, frame: u64) -> Frames<S> {
        Frames {
            stack,
            next: Some((instruction, frame)),
            left: MAX_FRAMES,
        }
    }

    impl<S: ReadStack> Frames<S> {
        fn caller(&self, frame: u64) -> Option<(u64, u64)> {
            if frame == 0 || !frame.is_multiple_of(8) {
                return None;
            }
            let outer = self.stack.read(Hva(frame))?;
            let return_address = self.stack.read(Hva(frame.checked_add(8)?))?;
            if return_address == 0 {
                return None;
            }
            // The stack grows downwards: an outer frame that is not above this one ends the walk after its address.
            Some((return_address, if outer > frame { outer } else { 0 }))
        }
    }

    impl<S: ReadStack> Iterator for Frames<S> {
        type Item = u64;
        fn next(&mut self) -> Option<u64> {
            let (instruction, frame) = self.next?;
            self.left = self.left.checked_sub(1)?;
            self.next = self.caller(frame);
            Some(instruction)
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn table(symbols: &[(u64, u32, &str)]) -> Vec<u8> {
        let mut builder = SymbolTableBuilder::new();
        for (address, size, name) in symbols {
            builder.add(*address, *size, name);
        }
        builder.build().expect("small")
    }

    const BASE: u64 = 0xffff_ffff_8020_0000;

    #[test]
    fn an_address_belongs_to_the_symbol_before_it() {
        let bytes = table(&[
            (BASE + 0x40, 0x10, "second"),
            (BASE, 0x20, "first"),
            (BASE + 0x80, 0, "last"),
        ]);
        let table = SymbolTable::new(&bytes).expect("sound");
        assert_eq!(table.lookup(BASE), Some(("first", 0)));
        assert_eq!(table.lookup(BASE + 0x1f), Some(("first", 0x1f)));
        assert_eq!(table.lookup(BASE + 0x20), None);
        assert_eq!(table.lookup(BASE + 0x4f), Some(("second", 0xf)));
        assert_eq!(table.lookup(BASE + 0x1_0000), Some(("last", 0xff80)));
        assert_eq!(table.lookup(BASE - 1), None);
        assert_eq!(table.lookup(0), None);
    }

    #[test]
    fn every_cut_is_an_error() {
        let bytes = table(&[(BASE, 1, "a"), (BASE + 1, 1, "b")]);
        for length in 0..bytes.len() {
            assert!(SymbolTable::new(&bytes[..length]).is_err(), "{length}");
        }
        assert!(SymbolTable::new(&bytes).is_ok());
    }

    #[test]
    fn disorder_is_an_error() {
        let mut bytes = table(&[(BASE, 1, "a"), (BASE + 1, 1, "b")]);
        bytes[HEADER] = 9;
        assert_eq!(SymbolTable::new(&bytes).err(), Some(SymbolError::NotSorted));
    }

    proptest! {
        #[test]
        fn foreign_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), address in any::<u64>(), header in any::<bool>()) {
            if header && bytes.len() >= HEADER {
                bytes[..4].copy_from_slice(&MAGIC);
                bytes[4..8].copy_from_slice(&VERSION.to_le_bytes());
                bytes[16] %= 8;
                bytes[17..20].fill(0);
                bytes[21..24].fill(0);
            }
            if let Ok(table) = SymbolTable::new(&bytes) {
                let _ = table.lookup(address);
                let _ = table.lookup(table.base.wrapping_add(address & 0xff));
            }
        }

        #[test]
        fn what_was_built_is_found(symbols in prop::collection::btree_map(0u64..100_000, "[a-z:_]{1,20}", 0..50)) {
            let mut builder = SymbolTableBuilder::new();
            for (offset, name) in &symbols {
                builder.add(BASE + offset, 1, name);
            }
            let bytes = builder.build().expect("small");
            let table = SymbolTable::new(&bytes).expect("sound");
            prop_assert_eq!(table.len(), symbols.len());
            for (offset, name) in &symbols {
                prop_assert_eq!(table.lookup(BASE + offset), Some((name.as_str(), 0)));
            }
        }
    }

    #[test]
    fn a_walk_follows_the_chain_and_stops_where_it_breaks() {
        let stack: BTreeMap<u64, u64> = [
            (0x1000, 0x1020),
            (0x1008, 0xa),
            (0x1020, 0x1040),
            (0x1028, 0xb),
            (0x1040, 0x1000),
            (0x1048, 0xc),
        ]
        .into();
        let read = |address: Hva| stack.get(&address.0).copied();
        assert_eq!(
            backtrace::walk(read, 0x9, 0x1000).collect::<Vec<_>>(),
            [0x9, 0xa, 0xb, 0xc]
        );
        assert_eq!(
            backtrace::walk(read, 0x9, 0x1001).collect::<Vec<_>>(),
            [0x9]
        );
        assert_eq!(
            backtrace::walk(read, 0x9, u64::MAX - 7).collect::<Vec<_>>(),
            [0x9]
        );
    }

    #[test]
    fn an_endless_stack_ends() {
        let read = |address: Hva| Some(address.0.wrapping_add(16));
        assert_eq!(
            backtrace::walk(read, 1, 0x1000).count(),
            backtrace::MAX_FRAMES
        );
    }
}
