//! How capabilities get from table to table: copied, minted or moved, one by one or a list at a time. A list goes all or
//! nothing: whatever refuses one of it, the tables, the tree and the ledger are as they were.

use crate::amounts::Resource;
use crate::ledger::Ledger;
use crate::rights::{Badge, Rights};
use crate::space::{CapError, MAX_DERIVATION_DEPTH, Space};
use crate::table::{Handle, TableId};
use crate::tree::{Derived, Status};

/// One capability of a list, and how it is handed on. Each way takes [`Rights::GRANT`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pass {
    /// Derives the same.
    Copy(Handle),
    /// Derives one with `rights` of those the source has, and with `badge` if the source has none yet.
    Mint {
        /// The source.
        handle: Handle,
        /// At most those of the source.
        rights: Rights,
        /// A badge to set.
        badge: Option<Badge>,
    },
    /// The handle given goes stale; what was derived from it stays derived.
    Move(Handle),
}

impl Pass {
    const fn handle(&self) -> Handle {
        match self {
            Self::Copy(handle) | Self::Mint { handle, .. } | Self::Move(handle) => *handle,
        }
    }
}

/// Why a list was refused, and by which of it. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListError {
    /// The place in the list.
    pub at: usize,
    /// What is wrong there.
    pub error: CapError,
}

impl<O: Clone> Space<O> {
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
        self.derive(ledger, from, Pass::Copy(handle), to)
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
        let pass = Pass::Mint {
            handle,
            rights,
            badge,
        };
        self.derive(ledger, from, pass, to)
    }

    /// Moves a capability to another table: the handle given goes stale, what was derived from it stays derived. Takes a
    /// free slot before it frees one, also within one table.
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
        let new = self.begin_move(ledger, from, handle, to)?;
        self.end_move(ledger, from, to, new)?;
        Ok(new)
    }

    /// Hands on a list, and writes what the receiver has them as to `received`, in the same order. Costs time by the list's length.
    /// Once moved, a capability cannot be named by a later place in the list.
    ///
    /// # Errors
    /// [`ListError`]; `received` is then as long as it was but its contents mean nothing. A list longer than `received`
    /// is refused with [`CapError::TableFull`] at the first that does not fit.
    pub fn pass(
        &mut self,
        ledger: &mut Ledger,
        from: TableId,
        list: &[Pass],
        to: TableId,
        received: &mut [Handle],
    ) -> Result<(), ListError> {
        for (at, pass) in list.iter().enumerate() {
            let new = match pass {
                _ if at >= received.len() => Err(CapError::TableFull),
                Pass::Move(handle) => self.begin_move(ledger, from, *handle, to),
                pass => self.derive(ledger, from, *pass, to),
            };
            match (new, received.get_mut(at)) {
                (Ok(new), Some(place)) => *place = new,
                (Err(error), _) => {
                    let done = list.iter().zip(received.iter()).take(at);
                    for (pass, new) in done.rev() {
                        self.undo(ledger, from, *pass, to, *new)
                            .map_err(|error| ListError { at, error })?;
                    }
                    return Err(ListError { at, error });
                }
                (Ok(_), None) => {}
            }
        }
        for (at, (pass, new)) in list.iter().zip(received.iter()).enumerate() {
            if matches!(pass, Pass::Move(_)) {
                self.end_move(ledger, from, to, *new)
                    .map_err(|error| ListError { at, error })?;
            }
        }
        Ok(())
    }

    fn derive(
        &mut self,
        ledger: &mut Ledger,
        from: TableId,
        pass: Pass,
        to: TableId,
    ) -> Result<Handle, CapError> {
        let handle = pass.handle();
        self.get(from, handle, Rights::GRANT)?;
        let (parent, node) = self.find(from, handle)?;
        let (rights, badge) = match pass {
            Pass::Mint { rights, badge, .. } => (rights, badge),
            Pass::Copy(_) | Pass::Move(_) => (node.rights, None),
        };
        if !node.rights.contains(rights) {
            return Err(CapError::RightsGrow);
        }
        let badge = match badge {
            None => node.badge,
            Some(badge) if node.badge == Badge::NONE => badge,
            Some(_) => return Err(CapError::BadgeFixed),
        };
        if node.revoking {
            return Err(CapError::BeingRevoked);
        }
        let depth = node.depth + 1;
        if u32::from(depth) > MAX_DERIVATION_DEPTH {
            return Err(CapError::TooDeep);
        }
        let derived = Derived {
            object: node.object.clone(),
            rights,
            badge,
            parent,
            depth,
        };
        self.place(ledger, to, derived)
    }

    /// Takes a slot and pays for it. Until [`Space::end_move`] or [`Space::undo`], neither handle can be used.
    fn begin_move(
        &mut self,
        ledger: &mut Ledger,
        from: TableId,
        handle: Handle,
        to: TableId,
    ) -> Result<Handle, CapError> {
        self.get(from, handle, Rights::GRANT)?;
        let (index, _) = self.find(from, handle)?;
        let payer = self.receiving(to)?.account;
        let charged = payer != self.table(from)?.account;
        if charged {
            ledger.draw(payer, Resource::Slots, 1)?;
        }
        let table = self.tables.get_mut(to.0);
        let Some(new) = table.and_then(|table| table.put(index)) else {
            if charged {
                ledger.give_back(payer, Resource::Slots, 1)?;
            }
            return Err(CapError::TableFull);
        };
        if let Some(node) = self.nodes.at_mut(index) {
            node.status = Status::Moving;
        }
        Ok(new)
    }

    /// Empties the slot that a capability moves from, and gives back what that cost.
    fn end_move(
        &mut self,
        ledger: &mut Ledger,
        from: TableId,
        to: TableId,
        new: Handle,
    ) -> Result<(), CapError> {
        let Some((index, giver, payer)) = self.moving(from, to, new) else {
            return Err(CapError::Stale);
        };
        if giver != payer {
            ledger.give_back(giver, Resource::Slots, 1)?;
        }
        self.empty_slot(index);
        self.unlink_paid(index);
        if let Some(node) = self.nodes.at_mut(index) {
            node.status = Status::Live;
            node.table = to.0.index;
            node.slot = new.index;
        }
        self.link_paid(index);
        Ok(())
    }

    /// Undoes one of a list.
    fn undo(
        &mut self,
        ledger: &mut Ledger,
        from: TableId,
        pass: Pass,
        to: TableId,
        new: Handle,
    ) -> Result<(), CapError> {
        let Some((index, giver, payer)) = self.moving(from, to, new) else {
            return Err(CapError::Stale);
        };
        if !matches!(pass, Pass::Move(_)) {
            self.empty_slot(index);
            return self.free(ledger, index);
        }
        if giver != payer {
            ledger.give_back(payer, Resource::Slots, 1)?;
        }
        if let Some(node) = self.nodes.at_mut(index) {
            node.status = Status::Live;
        }
        if let Some(table) = self.tables.get_mut(to.0) {
            table.clear(new.index);
        }
        Ok(())
    }

    /// The node in a slot just filled, and the accounts of both tables.
    fn moving(
        &self,
        from: TableId,
        to: TableId,
        new: Handle,
    ) -> Option<(u32, crate::AccountId, crate::AccountId)> {
        let to = self.table(to).ok()?;
        let index = *to.slots.get(new.key())?;
        Some((index, self.table(from).ok()?.account, to.account))
    }
}
