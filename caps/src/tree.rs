//! The tree of derivation inside a [`Space`]: nodes, who they come from, which table pays for them, and how they come and go.
//! Every list is doubly linked by place, so that each change but a sweep costs the same however large the tree is.

use crate::ledger::{Ledger, Resource};
use crate::rights::{Badge, Rights};
use crate::space::{CapError, Space};
use crate::table::{Handle, TableId};

/// One capability, held or closed.
#[derive(Debug)]
pub(crate) struct Node<O> {
    /// Tells this use of the place in memory from others.
    pub(crate) serial: u64,
    pub(crate) object: O,
    pub(crate) rights: Rights,
    pub(crate) badge: Badge,
    pub(crate) depth: u32,
    /// The table that pays for it.
    pub(crate) table: usize,
    /// Its slot there, unless closed.
    pub(crate) slot: Option<u32>,
    /// Revocation has reached it: it cannot be used or derived from.
    pub(crate) cut: bool,
    /// What was derived from it is being revoked: nothing can be derived until that is done.
    pub(crate) revoking: bool,
    pub(crate) parent: Option<usize>,
    pub(crate) first_child: Option<usize>,
    pub(crate) siblings: Links,
    pub(crate) paid: Links,
}

/// Neighbours in a list.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Links {
    pub(crate) previous: Option<usize>,
    pub(crate) next: Option<usize>,
}

/// What a new node is made of.
pub(crate) struct Derived<O> {
    pub(crate) object: O,
    pub(crate) rights: Rights,
    pub(crate) badge: Badge,
    pub(crate) parent: Option<usize>,
    pub(crate) depth: u32,
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
        let index = self.free_nodes.pop().unwrap_or_else(|| {
            self.nodes.push(None);
            self.nodes.len() - 1
        });
        let Some(handle) = self.table_mut(to).and_then(|table| table.put(index)) else {
            self.free_nodes.push(index);
            ledger.give_back(payer, Resource::Slots, 1)?;
            return Err(CapError::TableFull);
        };
        let serial = self.next_serial();
        let first = derived
            .parent
            .and_then(|parent| self.node_mut(parent)?.first_child.replace(index));
        if let Some(first) = first.and_then(|first| self.node_mut(first)) {
            first.siblings.previous = Some(index);
        }
        self.nodes[index] = Some(Node {
            serial,
            object: derived.object,
            rights: derived.rights,
            badge: derived.badge,
            depth: derived.depth,
            table: to.index,
            slot: Some(handle.index),
            cut: false,
            revoking: false,
            parent: derived.parent,
            first_child: None,
            siblings: Links {
                previous: None,
                next: first,
            },
            paid: Links::default(),
        });
        self.link_paid(index);
        Ok(handle)
    }

    /// Takes a node out of its slot; it stays in the tree.
    pub(crate) fn empty_slot(&mut self, index: usize) {
        let Some(node) = self.node_mut(index) else {
            return;
        };
        let (table, slot) = (node.table, node.slot.take());
        if let (Some(Some(table)), Some(slot)) = (self.tables.get_mut(table), slot) {
            table.clear(slot);
        }
    }

    /// Frees a node that is in no slot and that nothing is derived from, then its parent if that is such a one too,
    /// and so on: at most [`MAX_DERIVATION_DEPTH`] of them.
    pub(crate) fn sweep(
        &mut self,
        ledger: &mut Ledger,
        mut from: Option<usize>,
    ) -> Result<(), CapError> {
        while let Some(index) = from {
            let Some(node) = self.node_mut(index) else {
                break;
            };
            if node.slot.is_some() || node.first_child.is_some() {
                break;
            }
            from = node.parent;
            self.free(ledger, index)?;
        }
        Ok(())
    }

    /// Takes a childless node out of the tree and gives back what it cost.
    pub(crate) fn free(&mut self, ledger: &mut Ledger, index: usize) -> Result<(), CapError> {
        self.unlink_paid(index);
        let Some(node) = self.nodes.get_mut(index).and_then(Option::take) else {
            return Ok(());
        };
        self.free_nodes.push(index);
        self.dead.push(node.object);
        let Links { previous, next } = node.siblings;
        match previous {
            Some(previous) => {
                if let Some(previous) = self.node_mut(previous) {
                    previous.siblings.next = next;
                }
            }
            None => {
                if let Some(parent) = node.parent.and_then(|parent| self.node_mut(parent)) {
                    parent.first_child = next;
                }
            }
        }
        if let Some(next) = next.and_then(|next| self.node_mut(next)) {
            next.siblings.previous = previous;
        }
        if let Some(Some(table)) = self.tables.get(node.table) {
            ledger.give_back(table.account, Resource::Slots, 1)?;
        }
        Ok(())
    }

    pub(crate) fn parent(&self, index: usize) -> Option<usize> {
        self.nodes.get(index)?.as_ref()?.parent
    }

    pub(crate) fn link_paid(&mut self, index: usize) {
        let Some(table) = self.node_mut(index).map(|node| node.table) else {
            return;
        };
        let first = match self.tables.get_mut(table) {
            Some(Some(table)) => table.first_paid.replace(index),
            _ => None,
        };
        if let Some(first) = first.and_then(|first| self.node_mut(first)) {
            first.paid.previous = Some(index);
        }
        if let Some(node) = self.node_mut(index) {
            node.paid = Links {
                previous: None,
                next: first,
            };
        }
    }

    pub(crate) fn unlink_paid(&mut self, index: usize) {
        let Some((table, Links { previous, next })) =
            self.node_mut(index).map(|node| (node.table, node.paid))
        else {
            return;
        };
        match previous {
            Some(previous) => {
                if let Some(previous) = self.node_mut(previous) {
                    previous.paid.next = next;
                }
            }
            None => {
                if let Some(Some(table)) = self.tables.get_mut(table) {
                    table.first_paid = next;
                }
            }
        }
        if let Some(next) = next.and_then(|next| self.node_mut(next)) {
            next.paid.previous = previous;
        }
    }
}
