//! The tables of one kernel as its cores share them: a [`Space`] of capabilities to objects, and the ledger that pays, behind their
//! locks. Calls go by handle; a capability taken out of a table as a [`Cap`] still looks itself up at every call, so revoking it
//! takes effect at the next, and ends those in flight.
//!
//! Two locks, the space's, then the ledger's. No object is called, woken or dropped under them.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::account::{Account, SharedLedger};
use crate::error::CallError;
use crate::ledger::Ledger;
use crate::line::{Line, OnLine, guard};
use crate::object::{Cap, Holder, Object, Request};
use crate::reply::{Outcome, Pending};
use crate::revocation::{Ending, Progress, Revocation};
use crate::rights::{Badge, Rights};
use crate::space::{CapError, CapId, Pin, Space};
use crate::sync::Mutex;
use crate::table::{Handle, TableCensus, TableId};
use crate::transfer::{ListError, Pass};

/// Capabilities freed between two turns of the locks.
const STEP: usize = 32;

/// All tables. Clones are the same.
#[derive(Clone)]
pub struct Tables(Arc<Shared>);

struct Shared {
    space: Mutex<Space<Entry>>,
    ledger: SharedLedger,
}

/// What a capability leads to, and the line that its own calls in flight hang on, once there were any.
struct Entry {
    object: Arc<dyn Object>,
    line: Option<Arc<Line>>,
}

impl Clone for Entry {
    /// For what is derived: it has its own calls.
    fn clone(&self) -> Self {
        Self {
            object: self.object.clone(),
            line: None,
        }
    }
}

impl Tables {
    /// No tables yet. Slots are drawn from accounts of `ledger`.
    #[must_use]
    pub fn new(ledger: SharedLedger) -> Self {
        Self(Arc::new(Shared {
            space: Mutex::new(Space::default()),
            ledger,
        }))
    }

    /// A table of at most `capacity` capabilities, paid for by `account`, which is to be of the ledger given.
    ///
    /// # Errors
    /// [`CapError::Full`].
    pub fn create(&self, account: &Account, capacity: u32) -> Result<TableId, CapError> {
        self.0.space.lock().create_table(account.id(), capacity)
    }

    /// Calls the object that a handle leads to. Finding it takes one turn of a lock and allocates nothing; a call that is answered
    /// at once has happened before any revocation that it did not find.
    pub fn call(&self, table: TableId, handle: Handle, request: &Request<'_>) -> Outcome {
        self.call_as(table, handle, Holder::ANYONE, request)
    }

    fn call_as(
        &self,
        table: TableId,
        handle: Handle,
        holder: Holder,
        request: &Request<'_>,
    ) -> Outcome {
        let found = self.look_up(table, handle);
        let (object, held, id) = match found {
            Ok(found) => found,
            Err(error) => return CallError::from(error).into(),
        };
        self.pass_on(&*object, held.through(holder), id, request)
    }

    #[inline]
    fn pass_on(
        &self,
        object: &dyn Object,
        holder: Holder,
        id: CapId,
        request: &Request<'_>,
    ) -> Outcome {
        let mut outcome = object.call(holder, request);
        if let Outcome::Later(call) = &mut outcome {
            let call = core::mem::replace(call, Box::pin(core::future::pending()));
            outcome = self.fly(id, call);
        }
        outcome
    }

    fn look_up(
        &self,
        table: TableId,
        handle: Handle,
    ) -> Result<(Arc<dyn Object>, Holder, CapId), CapError> {
        let space = self.0.space.lock();
        let held = space.get(table, handle, Rights::NONE)?;
        let holder = Holder {
            rights: held.rights,
            badge: held.badge,
        };
        Ok((held.object.object.clone(), holder, held.id))
    }

    /// Hangs a call on the line of the capability that it was made through.
    fn fly(&self, id: CapId, call: Pending) -> Outcome {
        let entered = {
            let mut space = self.0.space.lock();
            space.pin(id).map(|(pin, entry)| {
                let line = entry.line.get_or_insert_with(|| Arc::new(Line::new()));
                (pin, line.clone())
            })
        };
        match entered {
            Ok((pin, line)) => {
                let flight = Flight {
                    tables: self.clone(),
                    line,
                    pin: Some(pin),
                };
                let mut outcome = Outcome::Later(call);
                outcome = guard(Arc::new(flight), outcome);
                outcome
            }
            // Revoked while the object was being called. This drops the call.
            Err(error) => CallError::from(error).into(),
        }
    }

    /// Puts a capability in a table. One that was taken out of a table of the same kernel is derived from what it was there, so
    /// revoking that reaches it; any other becomes the root of a tree.
    ///
    /// # Errors
    /// [`CapError::Missing`] if it may not be handed on; else as [`Space::insert`] and [`Space::mint`].
    pub fn store(&self, table: TableId, cap: &Cap) -> Result<Handle, CapError> {
        self.with(|space, ledger| self.store_in(space, ledger, table, cap))
    }

    /// [`Tables::store`] for a list, all or nothing.
    ///
    /// # Errors
    /// [`ListError`].
    pub fn store_all(&self, table: TableId, caps: &[Cap]) -> Result<Vec<Handle>, ListError> {
        self.with(|space, ledger| {
            let mut stored: Vec<Handle> = Vec::with_capacity(caps.len());
            for (at, cap) in caps.iter().enumerate() {
                match self.store_in(space, ledger, table, cap) {
                    Ok(handle) => stored.push(handle),
                    Err(error) => {
                        for handle in stored {
                            space
                                .close(ledger, table, handle)
                                .map_err(|error| ListError { at, error })?;
                        }
                        return Err(ListError { at, error });
                    }
                }
            }
            Ok(stored)
        })
    }

    fn store_in(
        &self,
        space: &mut Space<Entry>,
        ledger: &mut Ledger,
        table: TableId,
        cap: &Cap,
    ) -> Result<Handle, CapError> {
        let Holder { rights, badge } = cap.holder();
        if !rights.contains(Rights::GRANT) {
            return Err(CapError::Missing(Rights::GRANT));
        }
        match cap.object::<Slot>() {
            Some(slot) if Arc::ptr_eq(&slot.tables.0, &self.0) => {
                let source = space.get(slot.table, slot.handle, Rights::GRANT)?;
                let badge = (source.badge != badge).then_some(badge);
                let rights = rights.intersection(source.rights);
                space.mint(ledger, slot.table, slot.handle, table, rights, badge)
            }
            _ => {
                let entry = Entry {
                    object: cap.shared_object(),
                    line: None,
                };
                space.insert(ledger, table, entry, rights, badge)
            }
        }
    }

    /// Takes a capability out of a table as a value, which owns the slot: dropping its last clone closes it.
    ///
    /// # Errors
    /// [`CapError::NoTable`], [`CapError::Stale`], [`CapError::Revoked`].
    pub fn take(&self, table: TableId, handle: Handle) -> Result<Cap, CapError> {
        let (_, holder, _) = self.look_up(table, handle)?;
        let slot = Slot {
            tables: self.clone(),
            table,
            handle,
        };
        Ok(Cap::assemble(Arc::new(slot), holder))
    }

    /// The rights and the badge that a handle has.
    ///
    /// # Errors
    /// [`CapError::NoTable`], [`CapError::Stale`], [`CapError::Revoked`].
    pub fn holder(&self, table: TableId, handle: Handle) -> Result<Holder, CapError> {
        self.look_up(table, handle).map(|(_, holder, _)| holder)
    }

    /// Hands on a list, all or nothing: see [`Space::pass`].
    ///
    /// # Errors
    /// [`ListError`].
    pub fn pass(
        &self,
        from: TableId,
        list: &[Pass],
        to: TableId,
        received: &mut [Handle],
    ) -> Result<(), ListError> {
        self.with(|space, ledger| space.pass(ledger, from, list, to, received))
    }

    /// Derives a capability: see [`Space::mint`].
    ///
    /// # Errors
    /// Any of [`CapError`].
    pub fn mint(
        &self,
        from: TableId,
        handle: Handle,
        to: TableId,
        rights: Rights,
        badge: Option<Badge>,
    ) -> Result<Handle, CapError> {
        self.with(|space, ledger| space.mint(ledger, from, handle, to, rights, badge))
    }

    /// Gives a capability up: see [`Space::close`].
    ///
    /// # Errors
    /// [`CapError::NoTable`], [`CapError::Stale`], [`CapError::Revoked`].
    pub fn close(&self, table: TableId, handle: Handle) -> Result<(), CapError> {
        self.with(|space, ledger| space.close(ledger, table, handle))
    }

    /// Begins to revoke a capability and all that was derived from it. Calls in flight through the capability itself end now, those
    /// through what was derived from it when a step reaches that.
    ///
    /// # Errors
    /// [`CapError::NoTable`], [`CapError::Stale`], [`CapError::Revoked`].
    pub fn begin_revoke(&self, table: TableId, handle: Handle) -> Result<Revoking, CapError> {
        let (revocation, line) = {
            let mut space = self.0.space.lock();
            let held = space.get(table, handle, Rights::NONE)?;
            let line = held.object.line.clone();
            (space.revoke(table, handle)?, line)
        };
        if let Some(line) = line {
            line.cut();
        }
        Ok(Revoking {
            tables: self.clone(),
            revocation,
        })
    }

    /// Begins to revoke what was derived from a capability, which itself stays.
    ///
    /// # Errors
    /// As [`Tables::begin_revoke`], and [`CapError::BeingRevoked`].
    pub fn begin_revoke_derived(
        &self,
        table: TableId,
        handle: Handle,
    ) -> Result<Revoking, CapError> {
        let revocation = self.0.space.lock().revoke_derived(table, handle)?;
        Ok(Revoking {
            tables: self.clone(),
            revocation,
        })
    }

    /// Revokes a capability and all that was derived from it, with turns for others in between.
    ///
    /// # Errors
    /// As [`Tables::begin_revoke`].
    pub fn revoke(&self, table: TableId, handle: Handle) -> Result<(), CapError> {
        let mut revoking = self.begin_revoke(table, handle)?;
        while revoking.step(STEP)? == Progress::More {}
        Ok(())
    }

    /// Begins to end a table: see [`Space::end_table`].
    ///
    /// # Errors
    /// [`CapError::NoTable`] if it has ended or is ending.
    pub fn begin_end(&self, table: TableId) -> Result<TableEnding, CapError> {
        let ending = self.0.space.lock().end_table(table)?;
        Ok(TableEnding {
            tables: self.clone(),
            ending,
        })
    }

    /// Ends a table, with turns for others in between.
    ///
    /// # Errors
    /// [`CapError::NoTable`] if it has ended or is ending.
    pub fn end(&self, table: TableId) -> Result<(), CapError> {
        let mut ending = self.begin_end(table)?;
        while ending.step(STEP)? == Progress::More {}
        Ok(())
    }

    /// What a table holds and pays for.
    ///
    /// # Errors
    /// [`CapError::NoTable`].
    pub fn census(&self, table: TableId) -> Result<TableCensus, CapError> {
        self.0.space.lock().census(table)
    }

    /// Capabilities in all tables, and closed ones that something keeps.
    #[must_use]
    pub fn capabilities(&self) -> usize {
        self.0.space.lock().len()
    }

    /// Works on the space and the ledger under their locks; what that frees is cut and dropped after them.
    fn with<T>(&self, work: impl FnOnce(&mut Space<Entry>, &mut Ledger) -> T) -> T {
        let mut space = self.0.space.lock();
        let mut ledger = self.0.ledger.lock();
        let result = work(&mut space, &mut ledger);
        let mut dead = space.take_dead();
        drop(ledger);
        drop(space);
        if !dead.is_empty() {
            for entry in dead.drain(..) {
                // What was closed with calls in flight was not freed, so these were revoked.
                if let Some(line) = &entry.line {
                    line.cut();
                }
            }
            self.0.space.lock().recycle(dead);
        }
        result
    }
}

/// A revocation under way.
#[must_use = "what is not stepped to its end leaves capabilities uncut"]
pub struct Revoking {
    tables: Tables,
    revocation: Revocation,
}

impl Revoking {
    /// Frees at most `most` capabilities, and ends the calls in flight through them.
    ///
    /// # Errors
    /// [`CapError::Ledger`] if a table is paid for by an account of another ledger.
    pub fn step(&mut self, most: usize) -> Result<Progress, CapError> {
        let revocation = &mut self.revocation;
        self.tables
            .with(|space, ledger| space.revoke_step(ledger, revocation, most))
    }
}

/// The end of a table under way.
#[must_use = "a table not stepped to its end is never freed"]
pub struct TableEnding {
    tables: Tables,
    ending: Ending,
}

impl TableEnding {
    /// Frees at most `most` capabilities, and at last the table.
    ///
    /// # Errors
    /// As [`Revoking::step`].
    pub fn step(&mut self, most: usize) -> Result<Progress, CapError> {
        let ending = &mut self.ending;
        self.tables
            .with(|space, ledger| space.end_step(ledger, ending, most))
    }
}

/// A call in flight through a capability in a table, which stays in the tree for as long.
struct Flight {
    tables: Tables,
    line: Arc<Line>,
    pin: Option<Pin>,
}

impl OnLine for Flight {
    fn line(&self) -> &Line {
        &self.line
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if let Some(pin) = self.pin.take() {
            let unpinned = self.tables.with(|space, ledger| space.unpin(ledger, pin));
            debug_assert_eq!(unpinned, Ok(()));
        }
    }
}

/// A slot, as the object that a [`Cap`] leads to.
struct Slot {
    tables: Tables,
    table: TableId,
    handle: Handle,
}

impl Object for Slot {
    fn call(&self, holder: Holder, request: &Request<'_>) -> Outcome {
        self.tables
            .call_as(self.table, self.handle, holder, request)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // Stale, if it was revoked, moved or closed before: then there is nothing to close.
        let _ = self.tables.close(self.table, self.handle);
    }
}

#[cfg(test)]
mod tests;
