//! A domain's table: slots that name capabilities, each with a generation.

use crate::ledger::AccountId;
use crate::slab::{Key, NOWHERE, Slab};

/// A capability as its domain holds it. A number like any other: it says nothing and opens nothing outside its table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Handle {
    /// Which slot.
    pub index: u32,
    /// Which use of the slot.
    pub generation: u32,
}

impl Handle {
    pub(crate) const fn key(self) -> Key {
        Key {
            index: self.index,
            generation: self.generation,
        }
    }
}

impl From<Key> for Handle {
    fn from(key: Key) -> Self {
        Self {
            index: key.index,
            generation: key.generation,
        }
    }
}

/// Names a table in its space; stale once the table has ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TableId(pub(crate) Key);

/// What a table holds and pays for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TableCensus {
    /// Slots in use.
    pub held: u32,
    /// Capabilities paid for: those held, and closed ones that something derived from them, or a call in flight, keeps.
    pub paid: u32,
}

#[derive(Debug)]
pub(crate) struct Table {
    /// Who pays for what is in it.
    pub(crate) account: AccountId,
    /// Its domain has ended: nothing in it can be used, nothing comes in.
    pub(crate) ending: bool,
    /// The first of the nodes paid for by this table, in use or waiting for what was derived from them.
    pub(crate) first_paid: u32,
    /// How many of those there are.
    pub(crate) paid: u32,
    capacity: u32,
    /// The places of nodes.
    pub(crate) slots: Slab<u32>,
}

impl Table {
    pub(crate) const fn new(account: AccountId, capacity: u32) -> Self {
        Self {
            account,
            ending: false,
            first_paid: NOWHERE,
            paid: 0,
            capacity,
            slots: Slab::new(),
        }
    }

    /// Whether a slot is to be had. One whose generations are used up is none: a handle from its first use must not come to
    /// life.
    pub(crate) const fn has_room(&self) -> bool {
        self.slots.has_room(self.capacity)
    }

    /// Puts a node in a free slot.
    pub(crate) fn put(&mut self, node: u32) -> Option<Handle> {
        if !self.has_room() {
            return None;
        }
        self.slots.insert(node).ok().map(Handle::from)
    }

    /// Empties a slot.
    pub(crate) fn clear(&mut self, slot: u32) {
        if let Some(key) = self.slots.key(slot) {
            self.slots.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amounts::Amounts;
    use crate::ledger::Ledger;

    #[test]
    fn a_slot_whose_generations_are_used_up_counts_as_taken_for_ever() {
        let account = Ledger::new(Amounts::UNLIMITED).root();
        let mut table = Table::new(account, 1);
        let first = table.put(7).unwrap();
        assert!(!table.has_room());
        table.clear(first.index);
        table.slots.set_generation(first.index, u32::MAX);
        let last = table.put(8).unwrap();
        assert_eq!(last.generation, u32::MAX);
        assert_eq!(table.slots.get(first.key()), None);
        table.clear(last.index);
        assert!(!table.has_room());
        assert_eq!(table.put(9), None);
    }
}
