//! The tree of derivation inside a [`Space`]: nodes, who they come from, which table pays for them, and how they come and go.
//! Every list is doubly linked by place, so that each change but a sweep costs the same however large the tree is.

use crate::amounts::Resource;
use crate::ledger::Ledger;
use crate::rights::{Badge, Rights};
use crate::slab::NOWHERE;
use crate::space::{CapError, Space};
use crate::table::{Handle, TableId};

/// One capability, held or closed. Links are places in the slab of nodes, or [`NOWHERE`]; there is one for each
/// capability in the system, so it is kept small.
#[derive(Debug)]
pub(crate) struct Node<O> {
    pub(crate) object: O,
    pub(crate) badge: Badge,
    pub(crate) rights: Rights,
    /// At most [`crate::MAX_DERIVATION_DEPTH`].
    pub(crate) depth: u8,
    pub(crate) status: Status,
    /// What was derived from it is being revoked: nothing can be derived until that is done.
    pub(crate) revoking: bool,
    /// Calls in flight that were made through it.
    pub(crate) pins: u32,
    /// The place of the table that pays for it.
    pub(crate) table: u32,
    /// Its slot there, unless closed.
    pub(crate) slot: u32,
    pub(crate) parent: u32,
    pub(crate) first_child: u32,
    pub(crate) siblings: Links,
    pub(crate) paid: Links,
}

/// Whether a capability can be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Status {
    /// It can.
    Live,
    /// It is on its way to another table, in a list of which the rest is being looked at.
    Moving,
    /// Revocation has reached it.
    Cut,
}

/// Neighbours in a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Links {
    pub(crate) previous: u32,
    pub(crate) next: u32,
}

impl Links {
    /// The first one of a list that `next` was the first of.
    const fn before(next: u32) -> Self {
        Self {
            previous: NOWHERE,
            next,
        }
    }
}

/// What a new node is made of.
pub(crate) struct Derived<O> {
    pub(crate) object: O,
    pub(crate) rights: Rights,
    pub(crate) badge: Badge,
    pub(crate) parent: u32,
    pub(crate) depth: u8,
}

impl<O: Clone> Space<O> {
    /// Draws for a node, makes it and puts it in the tree and in a slot.
    pub(crate) fn place(
        &mut self,
        ledger: &mut Ledger,
        to: TableId,
        derived: Derived<O>,
    ) -> Result<Handle, CapError> {
        let payer = self.receiving(to)?.account;
        ledger.draw(payer, Resource::Slots, 1)?;
        let inserted = self.nodes.insert(Node {
            object: derived.object,
            rights: derived.rights,
            badge: derived.badge,
            depth: derived.depth,
            status: Status::Live,
            revoking: false,
            pins: 0,
            table: to.0.index,
            slot: NOWHERE,
            parent: derived.parent,
            first_child: NOWHERE,
            siblings: Links::before(NOWHERE),
            paid: Links::before(NOWHERE),
        });
        let Ok(node) = inserted else {
            ledger.give_back(payer, Resource::Slots, 1)?;
            return Err(CapError::TableFull);
        };
        let table = self.tables.get_mut(to.0);
        let Some(handle) = table.and_then(|table| table.put(node.index)) else {
            self.nodes.remove(node);
            ledger.give_back(payer, Resource::Slots, 1)?;
            return Err(CapError::TableFull);
        };
        if let Some(node) = self.nodes.get_mut(node) {
            node.slot = handle.index;
        }
        self.link_child(node.index, derived.parent);
        self.link_paid(node.index);
        Ok(handle)
    }

    /// Takes a node out of its slot; it stays in the tree.
    pub(crate) fn empty_slot(&mut self, index: u32) {
        let Some(node) = self.nodes.at_mut(index) else {
            return;
        };
        let slot = core::mem::replace(&mut node.slot, NOWHERE);
        if let Some(table) = self.tables.at_mut(node.table) {
            table.clear(slot);
        }
    }

    /// Frees a node that is in no slot and that nothing is derived from or in flight through, then its parent if that is
    /// such a one too, and so on: at most [`crate::MAX_DERIVATION_DEPTH`] of them.
    pub(crate) fn sweep(&mut self, ledger: &mut Ledger, mut index: u32) -> Result<(), CapError> {
        while let Some(node) = self.nodes.at(index) {
            if node.slot != NOWHERE || node.first_child != NOWHERE || node.pins > 0 {
                break;
            }
            let parent = node.parent;
            self.free(ledger, index)?;
            index = parent;
        }
        Ok(())
    }

    /// Takes a childless node out of the tree and gives back what it cost.
    pub(crate) fn free(&mut self, ledger: &mut Ledger, index: u32) -> Result<(), CapError> {
        self.unlink_paid(index);
        let key = self.nodes.key(index);
        let Some(node) = key.and_then(|key| self.nodes.remove(key)) else {
            return Ok(());
        };
        let Links { previous, next } = node.siblings;
        if let Some(previous) = self.nodes.at_mut(previous) {
            previous.siblings.next = next;
        } else if let Some(parent) = self.nodes.at_mut(node.parent) {
            parent.first_child = next;
        }
        if let Some(next) = self.nodes.at_mut(next) {
            next.siblings.previous = previous;
        }
        self.dead.push(node.object);
        if let Some(table) = self.tables.at(node.table) {
            ledger.give_back(table.account, Resource::Slots, 1)?;
        }
        Ok(())
    }

    /// Makes a new node the youngest child.
    fn link_child(&mut self, index: u32, parent: u32) {
        let Some(parent) = self.nodes.at_mut(parent) else {
            return;
        };
        let first = core::mem::replace(&mut parent.first_child, index);
        if let Some(first) = self.nodes.at_mut(first) {
            first.siblings.previous = index;
        }
        if let Some(node) = self.nodes.at_mut(index) {
            node.siblings = Links::before(first);
        }
    }

    /// Adds a node to those its table pays for.
    pub(crate) fn link_paid(&mut self, index: u32) {
        let Some(node) = self.nodes.at_mut(index) else {
            return;
        };
        let Some(table) = self.tables.at_mut(node.table) else {
            return;
        };
        let first = core::mem::replace(&mut table.first_paid, index);
        table.paid += 1;
        node.paid = Links::before(first);
        if let Some(first) = self.nodes.at_mut(first) {
            first.paid.previous = index;
        }
    }

    /// Takes a node from those its table pays for.
    pub(crate) fn unlink_paid(&mut self, index: u32) {
        let Some(node) = self.nodes.at(index) else {
            return;
        };
        let (table, Links { previous, next }) = (node.table, node.paid);
        if let Some(table) = self.tables.at_mut(table) {
            table.paid = table.paid.saturating_sub(1);
            if previous == NOWHERE {
                table.first_paid = next;
            }
        }
        if let Some(previous) = self.nodes.at_mut(previous) {
            previous.paid.next = next;
        }
        if let Some(next) = self.nodes.at_mut(next) {
            next.paid.previous = previous;
        }
    }
}
