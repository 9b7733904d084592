//! A list of spare tables that needs no memory of its own: each table's first entry names the next. Used for tables
//! not yet linked and for tables that a processor may still reach and that must look empty to it.

use super::{OutOfTables, TableMemory};
use isthmus_abi::Hpa;

/// Marks an entry that links tables which no walk uses. Bits 2:0 are clear, so a processor that still reaches
/// such a table finds nothing present; bit 11 tells a link to frame 0 from no link.
const LINK: u64 = 1 << 11;

/// Tables outside every walk, each linked to the next through its first entry.
#[derive(Debug, Default)]
pub struct Chain {
    first: Option<Hpa>,
    length: usize,
}

impl Chain {
    /// Tables in the chain.
    pub const fn length(&self) -> usize {
        self.length
    }

    /// `count` zeroed tables, or none at all.
    pub fn take(memory: &mut impl TableMemory, count: usize) -> Result<Self, OutOfTables> {
        let mut chain = Self::default();
        while chain.length < count {
            let Some(table) = memory.allocate() else {
                chain.free(memory);
                return Err(OutOfTables);
            };
            chain.push(memory, table);
        }
        Ok(chain)
    }
    /// Adds a table that no walk can do more with than find it empty.
    pub fn push(&mut self, memory: &mut impl TableMemory, table: Hpa) {
        memory.write(table, 0, self.first.map_or(0, |next| next.0 | LINK));
        self.first = Some(table);
        self.length += 1;
    }
    /// A table that was pushed empty, empty again.
    pub fn pop(&mut self, memory: &mut impl TableMemory) -> Option<Hpa> {
        let table = self.first?;
        let link = memory.read(table, 0);
        self.first = (link & LINK != 0).then_some(Hpa(link & !LINK));
        self.length -= 1;
        memory.write(table, 0, 0);
        Some(table)
    }
    /// Gives all tables back, and says how many there were.
    pub fn free(&mut self, memory: &mut impl TableMemory) -> usize {
        let count = self.length;
        while let Some(table) = self.pop(memory) {
            memory.free(table);
        }
        count
    }
}
