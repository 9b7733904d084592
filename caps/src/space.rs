//! The capabilities of all domains of one kernel. Each is a node in a tree of derivation and, while some domain holds
//! it, in a slot of that domain's table. A node that is closed while something derived from it lives on, or while a call made
//! through it is in flight, stays in the tree, paid for by the table it was in, until that is gone: revoking from further up
//! still finds it.

use alloc::vec::Vec;

use crate::ledger::{AccountId, Ledger, LedgerError};
use crate::rights::{Badge, Rights};
use crate::slab::{Key, NOWHERE, Slab};
use crate::table::{Handle, Table, TableCensus, TableId};
use crate::tree::{Derived, Node, Status};

/// Longest chain of derivation, which bounds the cost of a step of revocation.
pub const MAX_DERIVATION_DEPTH: u32 = 64;

/// Why an operation was refused. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CapError {
    /// The handle names nothing, or no longer what it named. The holder's fault.
    Stale,
    /// The capability has been revoked.
    Revoked,
    /// The capability does not carry these rights.
    Missing(Rights),
    /// Deriving cannot add rights. The holder's fault.
    RightsGrow,
    /// A badge once set stays. The holder's fault.
    BadgeFixed,
    /// What was derived from it is being revoked just now; try again after that.
    BeingRevoked,
    /// The receiving table is full.
    TableFull,
    /// The derivation would be deeper than [`MAX_DERIVATION_DEPTH`].
    TooDeep,
    /// The table has ended.
    NoTable,
    /// There is as much as there can be of something counted in 32 bits: tables, or calls in flight through one capability.
    Full,
    /// The account that pays for the slot refused.
    Ledger(LedgerError),
}

impl From<LedgerError> for CapError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

/// A capability as a call through it sees it.
#[derive(Debug)]
pub struct Held<'a, O> {
    /// What it leads to.
    pub object: &'a O,
    /// What its holder may do.
    pub rights: Rights,
    /// Who its holder is to the object.
    pub badge: Badge,
    /// The capability itself, wherever it moves.
    pub id: CapId,
}

/// Names a capability whatever table and slot it is in; stale once it is gone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CapId(Key);

/// A capability kept in the tree by a call in flight that was made through it.
#[derive(Debug)]
#[must_use = "what is not unpinned is never freed by closing it"]
pub struct Pin(Key);

/// All tables and the tree of derivation. `O` is what capabilities lead to, cheap to clone: a reference of some kind.
#[derive(Debug)]
pub struct Space<O> {
    pub(crate) nodes: Slab<Node<O>>,
    pub(crate) tables: Slab<Table>,
    /// What freed nodes led to, until [`Space::take_dead`].
    pub(crate) dead: Vec<O>,
}

impl<O> Default for Space<O> {
    fn default() -> Self {
        Self {
            nodes: Slab::new(),
            tables: Slab::new(),
            dead: Vec::new(),
        }
    }
}

impl<O: Clone> Space<O> {
    /// A table of at most `capacity` capabilities, paid for by `account`.
    ///
    /// # Errors
    /// [`CapError::Full`].
    pub fn create_table(&mut self, account: AccountId, capacity: u32) -> Result<TableId, CapError> {
        let table = self.tables.insert(Table::new(account, capacity));
        table.map(TableId).map_err(|_| CapError::Full)
    }

    /// Puts a new object in a table: the root of a tree of derivation. Only whoever makes objects may call it.
    ///
    /// # Errors
    /// [`CapError::NoTable`], [`CapError::TableFull`], [`CapError::Ledger`].
    pub fn insert(
        &mut self,
        ledger: &mut Ledger,
        table: TableId,
        object: O,
        rights: Rights,
        badge: Badge,
    ) -> Result<Handle, CapError> {
        let derived = Derived {
            object,
            rights,
            badge,
            parent: NOWHERE,
            depth: 0,
        };
        self.place(ledger, table, derived)
    }

    /// What a call through a capability needs, if it carries the rights `needed`.
    ///
    /// # Errors
    /// [`CapError::NoTable`], [`CapError::Stale`], [`CapError::Revoked`], [`CapError::Missing`].
    pub fn get(
        &self,
        table: TableId,
        handle: Handle,
        needed: Rights,
    ) -> Result<Held<'_, O>, CapError> {
        let (index, node) = self.find(table, handle)?;
        if !node.rights.contains(needed) {
            return Err(CapError::Missing(needed.without(node.rights)));
        }
        Ok(Held {
            object: &node.object,
            rights: node.rights,
            badge: node.badge,
            id: CapId(self.nodes.key(index).ok_or(CapError::Stale)?),
        })
    }

    /// Gives a capability up. What was derived from it lives on, and calls made through it go on.
    ///
    /// # Errors
    /// [`CapError::NoTable`], [`CapError::Stale`], [`CapError::Revoked`].
    pub fn close(
        &mut self,
        ledger: &mut Ledger,
        table: TableId,
        handle: Handle,
    ) -> Result<(), CapError> {
        let (index, _) = self.find(table, handle)?;
        self.empty_slot(index);
        self.sweep(ledger, index)
    }

    /// Keeps a capability in the tree also once it is closed, so that revocation still finds it; for a call in flight.
    ///
    /// # Errors
    /// [`CapError::Stale`] if it is gone, [`CapError::Revoked`], [`CapError::Full`] if it has as many pins as can be.
    pub fn pin(&mut self, id: CapId) -> Result<(Pin, &mut O), CapError> {
        let node = self.nodes.get_mut(id.0).ok_or(CapError::Stale)?;
        if node.status == Status::Cut {
            return Err(CapError::Revoked);
        }
        node.pins = node.pins.checked_add(1).ok_or(CapError::Full)?;
        Ok((Pin(id.0), &mut node.object))
    }

    /// Undoes [`Space::pin`]. Does nothing for what has been revoked meanwhile.
    ///
    /// # Errors
    /// [`CapError::Ledger`] if the ledger given is not the one that was drawn from.
    pub fn unpin(&mut self, ledger: &mut Ledger, pin: Pin) -> Result<(), CapError> {
        match self.nodes.get_mut(pin.0) {
            Some(node) => node.pins = node.pins.saturating_sub(1),
            None => return Ok(()),
        }
        self.sweep(ledger, pin.0.index)
    }

    /// What capabilities freed since the last call led to. Dropping an object may run code of its owner, also code
    /// that comes back here, so it is for the caller to do after letting go of its locks.
    #[must_use = "the objects are to be dropped without holding a lock"]
    pub fn take_dead(&mut self) -> Vec<O> {
        if self.dead.is_empty() {
            // The list's memory stays where it is.
            return Vec::new();
        }
        core::mem::take(&mut self.dead)
    }

    /// Takes back a list that came from [`Space::take_dead`], emptied, so that the next revocation need not allocate one.
    pub fn recycle(&mut self, list: Vec<O>) {
        if list.is_empty() && self.dead.capacity() == 0 {
            self.dead = list;
        }
    }

    /// Capabilities held, and closed ones that something keeps.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len() as usize
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What a table holds and pays for; also of one that is ending.
    ///
    /// # Errors
    /// [`CapError::NoTable`] if it has ended.
    pub fn census(&self, table: TableId) -> Result<TableCensus, CapError> {
        let table = self.tables.get(table.0).ok_or(CapError::NoTable)?;
        Ok(TableCensus {
            held: table.slots.len(),
            paid: table.paid,
        })
    }

    /// A table that something may be put in.
    pub(crate) fn receiving(&self, id: TableId) -> Result<&Table, CapError> {
        let table = self.table(id)?;
        if table.has_room() {
            Ok(table)
        } else {
            Err(CapError::TableFull)
        }
    }

    /// The node behind a handle that its holder may use, and its place.
    pub(crate) fn find(&self, table: TableId, handle: Handle) -> Result<(u32, &Node<O>), CapError> {
        let slots = &self.table(table)?.slots;
        let index = *slots.get(handle.key()).ok_or(CapError::Stale)?;
        let node = self.nodes.at(index).ok_or(CapError::Stale)?;
        match node.status {
            Status::Live => Ok((index, node)),
            Status::Moving => Err(CapError::Stale),
            Status::Cut => Err(CapError::Revoked),
        }
    }

    /// A table that can be used.
    pub(crate) fn table(&self, id: TableId) -> Result<&Table, CapError> {
        let table = self.tables.get(id.0).filter(|table| !table.ending);
        table.ok_or(CapError::NoTable)
    }
}
