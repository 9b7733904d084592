//! A domain's table: slots that name capabilities, each with a generation.

use alloc::vec::Vec;

use crate::ledger::AccountId;

/// A capability as its domain holds it. A number like any other: it says nothing and opens nothing outside its table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Handle {
    /// Which slot.
    pub index: u32,
    /// Which use of the slot.
    pub generation: u32,
}

/// Names a table in its space; stale once the table has ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TableId {
    pub(crate) index: usize,
    pub(crate) serial: u64,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    node: Option<usize>,
}

#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) serial: u64,
    /// Who pays for what is in it.
    pub(crate) account: AccountId,
    /// Its domain has ended: nothing in it can be used, nothing comes in.
    pub(crate) ending: bool,
    /// The first of the nodes paid for by this table, in use or waiting for what was derived from them.
    pub(crate) first_paid: Option<usize>,
    capacity: u32,
    slots: Vec<Slot>,
    free: Vec<u32>,
}

impl Table {
    pub(crate) fn new(serial: u64, account: AccountId, capacity: u32) -> Self {
        Self {
            serial,
            account,
            ending: false,
            first_paid: None,
            capacity,
            slots: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Whether a slot is to be had.
    pub(crate) fn has_room(&self) -> bool {
        !self.free.is_empty() || self.slots.len() < self.capacity as usize
    }

    /// Puts a node in a free slot.
    pub(crate) fn put(&mut self, node: usize) -> Option<Handle> {
        let index = match self.free.pop() {
            Some(index) => index,
            None if self.has_room() => {
                self.slots.push(Slot {
                    generation: 0,
                    node: None,
                });
                u32::try_from(self.slots.len() - 1).ok()?
            }
            None => return None,
        };
        let slot = self.slots.get_mut(index as usize)?;
        slot.node = Some(node);
        Some(Handle {
            index,
            generation: slot.generation,
        })
    }

    /// The node that a handle names, if it is not stale.
    pub(crate) fn node(&self, handle: Handle) -> Option<usize> {
        let slot = self.slots.get(handle.index as usize)?;
        slot.node.filter(|_| slot.generation == handle.generation)
    }

    /// Empties a slot. One whose generations are used up is never filled again: a handle from its first use
    /// must not come to life.
    pub(crate) fn clear(&mut self, index: u32) {
        let Some(slot) = self.slots.get_mut(index as usize) else {
            return;
        };
        slot.node = None;
        if let Some(next) = slot.generation.checked_add(1) {
            slot.generation = next;
            self.free.push(index);
        }
    }

    #[cfg(test)]
    pub(crate) fn set_generation(&mut self, index: u32, generation: u32) {
        self.slots[index as usize].generation = generation;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Amounts, Ledger};

    #[test]
    fn a_slot_whose_generations_are_used_up_is_never_filled_again() {
        let account = Ledger::new(Amounts::UNLIMITED).root();
        let mut table = Table::new(0, account, 1);
        let first = table.put(7).unwrap();
        table.clear(first.index);
        table.set_generation(0, u32::MAX);
        let last = table.put(8).unwrap();
        assert_eq!(last.generation, u32::MAX);
        assert_eq!(table.node(first), None);
        table.clear(last.index);
        assert!(!table.has_room());
        assert_eq!(table.put(9), None);
        assert_eq!((table.node(first), table.node(last)), (None, None));
    }
}
