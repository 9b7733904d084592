//! The memory of EPT tables: frames of the pool, owned by the partition whose address space they are.

use crate::pool::Frame;
use alloc::collections::BTreeMap;
use isthmus_abi::Hpa;
use isthmus_vmx::ept::TableMemory;

/// A partition's EPT tables.
#[derive(Debug, Default)]
pub struct EptTables {
    frames: BTreeMap<Hpa, Frame>,
}

impl EptTables {
    /// Tables held now.
    #[must_use]
    pub fn count(&self) -> usize {
        self.frames.len()
    }
}

impl TableMemory for EptTables {
    fn allocate(&mut self) -> Option<Hpa> {
        let frame = Frame::new()?;
        let hpa = frame.hpa();
        self.frames.insert(hpa, frame);
        Some(hpa)
    }

    fn free(&mut self, table: Hpa) {
        self.frames.remove(&table);
    }

    fn read(&self, table: Hpa, index: usize) -> u64 {
        self.frames
            .get(&table)
            .and_then(|frame| frame.words_ref().get(index))
            .copied()
            .unwrap_or(0)
    }

    fn write(&mut self, table: Hpa, index: usize, entry: u64) {
        if let Some(word) = self
            .frames
            .get_mut(&table)
            .and_then(|frame| frame.words().get_mut(index))
        {
            *word = entry;
        }
    }
}
