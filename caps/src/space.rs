//! The capabilities of all domains of one kernel. Each is a node in a tree of derivation and, while some domain holds
//! it, in a slot of that domain's table. A node that is closed while something derived from it lives on stays in the
//! tree, paid for by the table it was in, until that is gone: revoking from further up still finds it.

use alloc::vec::Vec;

use crate::ledger::{AccountId, Ledger, LedgerError, Resource};
use crate::rights::{Badge, Rights};
use crate::table::{Handle, Table, TableId};
use crate::tree::{Derived, Node};

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
}

/// All tables and the tree of derivation. `O` is what capabilities lead to, cheap to clone: a reference of some kind.
#[derive(Debug)]
pub struct Space<O> {
    pub(crate) nodes: Vec<Option<Node<O>>>,
    pub(crate) free_nodes: Vec<usize>,
    pub(crate) tables: Vec<Option<Table>>,
    /// What freed nodes led to, until [`Space::take_dead`].
    pub(crate) dead: Vec<O>,
    serials: u64,
}

impl<O> Default for Space<O> {
    fn default() -> Self {
        Self {
            nodes: Vec::new(),
            free_nodes: Vec::new(),
            tables: Vec::new(),
            dead: Vec::new(),
            serials: 0,
        }
    }
}

impl<O: Clone> Space<O> {
    /// A table of at most `capacity` capabilities, paid for by `account`.
    pub fn create_table(&mut self, account: AccountId, capacity: u32) -> TableId {
        let serial = self.next_serial();
        let table = Table::new(serial, account, capacity);
        let index = self
            .tables
            .iter()
            .position(Option::is_none)
            .unwrap_or_else(|| {
                self.tables.push(None);
                self.tables.len() - 1
            });
        self.tables[index] = Some(table);
        TableId { index, serial }
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
        self.place(
            ledger,
            table,
            Derived {
                object,
                rights,
                badge,
                parent: None,
                depth: 0,
            },
        )
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
        let node = self.node(self.find(table, handle)?)?;
        if !node.rights.contains(needed) {
            return Err(CapError::Missing(needed.without(node.rights)));
        }
        Ok(Held {
            object: &node.object,
            rights: node.rights,
            badge: node.badge,
        })
    }

    /// Derives the same for another table, or the same one.
    ///
    /// # Errors
    /// As [`Space::mint`].
    pub fn copy(
        &mut self,
        ledger: &mut Ledger,
        from: TableId,
        handle: Handle,
        to: TableId,
    ) -> Result<Handle, CapError> {
        let rights = self.get(from, handle, Rights::GRANT)?.rights;
        self.mint(ledger, from, handle, to, rights, None)
    }

    /// Derives a capability with `rights` of those the source has, and with `badge` if the source has none yet.
    ///
    /// # Errors
    /// Any of [`CapError`].
    pub fn mint(
        &mut self,
        ledger: &mut Ledger,
        from: TableId,
        handle: Handle,
        to: TableId,
        rights: Rights,
        badge: Option<Badge>,
    ) -> Result<Handle, CapError> {
        let source = self.find(from, handle)?;
        let held = self.get(from, handle, Rights::GRANT)?;
        let object = held.object.clone();
        if !held.rights.contains(rights) {
            return Err(CapError::RightsGrow);
        }
        let badge = match badge {
            None => held.badge,
            Some(badge) if held.badge == Badge::NONE => badge,
            Some(_) => return Err(CapError::BadgeFixed),
        };
        let node = self.node(source)?;
        if node.revoking {
            return Err(CapError::BeingRevoked);
        }
        let depth = node.depth + 1;
        if depth > MAX_DERIVATION_DEPTH {
            return Err(CapError::TooDeep);
        }
        self.place(
            ledger,
            to,
            Derived {
                object,
                rights,
                badge,
                parent: Some(source),
                depth,
            },
        )
    }

    /// Moves a capability to another table: the handle given goes stale, what was derived from it stays derived.
    ///
    /// # Errors
    /// Any of [`CapError`] but those of minting.
    pub fn transfer(
        &mut self,
        ledger: &mut Ledger,
        from: TableId,
        handle: Handle,
        to: TableId,
    ) -> Result<Handle, CapError> {
        let index = self.find(from, handle)?;
        self.get(from, handle, Rights::GRANT)?;
        let receiver = self.receiving(to)?;
        let payer = receiver.account;
        ledger.draw(payer, Resource::Slots, 1)?;
        let Some(new) = self.table_mut(to).and_then(|table| table.put(index)) else {
            ledger.give_back(payer, Resource::Slots, 1)?;
            return Err(CapError::TableFull);
        };
        self.unlink_paid(index);
        if let Some(table) = self.table_mut(from) {
            table.clear(handle.index);
            let account = table.account;
            ledger.give_back(account, Resource::Slots, 1)?;
        }
        if let Some(node) = self.node_mut(index) {
            node.table = to.index;
            node.slot = Some(new.index);
        }
        self.link_paid(index);
        Ok(new)
    }

    /// Gives a capability up. What was derived from it lives on.
    ///
    /// # Errors
    /// [`CapError::NoTable`], [`CapError::Stale`], [`CapError::Revoked`].
    pub fn close(
        &mut self,
        ledger: &mut Ledger,
        table: TableId,
        handle: Handle,
    ) -> Result<(), CapError> {
        let index = self.find(table, handle)?;
        self.empty_slot(index);
        self.sweep(ledger, Some(index))
    }

    /// What capabilities freed since the last call led to. Dropping an object may run code of its owner, also code
    /// that comes back here, so it is for the caller to do after letting go of its locks.
    #[must_use = "the objects are to be dropped without holding a lock"]
    pub fn take_dead(&mut self) -> Vec<O> {
        core::mem::take(&mut self.dead)
    }

    /// Capabilities held, and closed ones that something derived from them keeps.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len() - self.free_nodes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A table that something may be put in.
    pub(crate) fn receiving(&self, id: TableId) -> Result<&Table, CapError> {
        let table = self
            .table(id)
            .filter(|table| !table.ending)
            .ok_or(CapError::NoTable)?;
        if table.has_room() {
            Ok(table)
        } else {
            Err(CapError::TableFull)
        }
    }

    /// The node behind a handle that its holder may use.
    pub(crate) fn find(&self, table: TableId, handle: Handle) -> Result<usize, CapError> {
        let table = self
            .table(table)
            .filter(|table| !table.ending)
            .ok_or(CapError::NoTable)?;
        let index = table.node(handle).ok_or(CapError::Stale)?;
        if self.node(index)?.cut {
            return Err(CapError::Revoked);
        }
        Ok(index)
    }

    pub(crate) fn table(&self, id: TableId) -> Option<&Table> {
        self.tables
            .get(id.index)?
            .as_ref()
            .filter(|table| table.serial == id.serial)
    }

    pub(crate) fn table_mut(&mut self, id: TableId) -> Option<&mut Table> {
        self.tables
            .get_mut(id.index)?
            .as_mut()
            .filter(|table| table.serial == id.serial)
    }

    fn node(&self, index: usize) -> Result<&Node<O>, CapError> {
        self.nodes
            .get(index)
            .and_then(Option::as_ref)
            .ok_or(CapError::Stale)
    }

    pub(crate) fn node_mut(&mut self, index: usize) -> Option<&mut Node<O>> {
        self.nodes.get_mut(index)?.as_mut()
    }

    pub(crate) fn next_serial(&mut self) -> u64 {
        self.serials += 1;
        self.serials
    }
}
