//! Revocation in steps: each frees a bounded number of capabilities, and between two of them anything else may
//! happen. What a step has passed cannot be used or derived from any more, so the tree to be cut does not grow back under
//! the knife: below a node that is cut, nothing new appears.

use crate::ledger::Ledger;
use crate::slab::{Key, NOWHERE};
use crate::space::{CapError, Space};
use crate::table::{Handle, TableId};
use crate::tree::Status;

/// How far it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "a step may leave more to do"]
pub enum Progress {
    /// Finished.
    Done,
    /// Another step is needed.
    More,
}

/// A revocation under way. Whoever began it calls [`Space::revoke_step`] until it is done.
#[derive(Debug)]
#[must_use = "what is not stepped to its end leaves capabilities uncut"]
pub struct Revocation {
    source: Key,
    with_source: bool,
    /// Where to go on: a node below the source, cut already, or one that has gone since.
    cursor: Key,
}

/// The end of a table under way. Whoever began it calls [`Space::end_step`] until it is done.
#[derive(Debug)]
#[must_use = "a table not stepped to its end is never freed"]
pub struct Ending {
    table: TableId,
    current: Option<Revocation>,
}

impl<O: Clone> Space<O> {
    /// Begins to cut a capability and all that was derived from it. It cannot be used from now on; what was derived
    /// from it, from the step on that reaches it, and no later than when all steps are done.
    ///
    /// # Errors
    /// [`CapError::NoTable`], [`CapError::Stale`], [`CapError::Revoked`].
    pub fn revoke(&mut self, table: TableId, handle: Handle) -> Result<Revocation, CapError> {
        let (index, _) = self.find(table, handle)?;
        self.begin(index, true).ok_or(CapError::Stale)
    }

    /// Begins to cut all that was derived from a capability, which itself stays.
    ///
    /// # Errors
    /// As [`Space::revoke`], and [`CapError::BeingRevoked`] if that is under way already.
    pub fn revoke_derived(
        &mut self,
        table: TableId,
        handle: Handle,
    ) -> Result<Revocation, CapError> {
        let (index, node) = self.find(table, handle)?;
        if node.revoking {
            return Err(CapError::BeingRevoked);
        }
        self.begin(index, false).ok_or(CapError::Stale)
    }

    /// Frees at most `most` capabilities of those being revoked, and at the end up to [`crate::MAX_DERIVATION_DEPTH`]
    /// closed ones above that were kept for them. Each costs the same, however many there are.
    ///
    /// # Errors
    /// [`CapError::Ledger`] if the ledger given is not the one that was drawn from.
    pub fn revoke_step(
        &mut self,
        ledger: &mut Ledger,
        revocation: &mut Revocation,
        most: usize,
    ) -> Result<Progress, CapError> {
        self.cut(ledger, revocation, most)
            .map(|(progress, _)| progress)
    }

    /// Begins to end a table: no handle of it works from now on, and all capabilities that it pays for are revoked with
    /// what was derived from them, also from those closed.
    ///
    /// # Errors
    /// [`CapError::NoTable`] if it has ended or is ending.
    pub fn end_table(&mut self, table: TableId) -> Result<Ending, CapError> {
        let ending = self
            .tables
            .get_mut(table.0)
            .filter(|table| !table.ending)
            .ok_or(CapError::NoTable)?;
        ending.ending = true;
        Ok(Ending {
            table,
            current: None,
        })
    }

    /// Frees at most `most` capabilities of a table that ends, and at last the table.
    ///
    /// # Errors
    /// As [`Space::revoke_step`].
    pub fn end_step(
        &mut self,
        ledger: &mut Ledger,
        ending: &mut Ending,
        mut most: usize,
    ) -> Result<Progress, CapError> {
        loop {
            if let Some(current) = &mut ending.current {
                let (progress, freed) = self.cut(ledger, current, most)?;
                most = most.saturating_sub(freed);
                if progress == Progress::More {
                    return Ok(progress);
                }
            }
            let table = self.tables.get(ending.table.0);
            let first = table.map_or(NOWHERE, |table| table.first_paid);
            ending.current = self.begin(first, true);
            if ending.current.is_none() {
                self.tables.remove(ending.table.0);
                return Ok(Progress::Done);
            }
            if most == 0 {
                return Ok(Progress::More);
            }
        }
    }

    fn begin(&mut self, index: u32, with_source: bool) -> Option<Revocation> {
        let source = self.nodes.key(index)?;
        let node = self.nodes.get_mut(source)?;
        if with_source {
            node.status = Status::Cut;
        } else {
            node.revoking = true;
        }
        Some(Revocation {
            source,
            with_source,
            cursor: source,
        })
    }

    /// Frees leaves below the revoked node, and that itself at last. Returns how many.
    fn cut(
        &mut self,
        ledger: &mut Ledger,
        revocation: &mut Revocation,
        most: usize,
    ) -> Result<(Progress, usize), CapError> {
        let root = revocation.source.index;
        for freed in 0..most {
            // Another revocation, from further up, may have been here.
            let Some(source) = self.nodes.get_mut(revocation.source) else {
                return Ok((Progress::Done, freed));
            };
            if source.first_child == NOWHERE {
                if !revocation.with_source {
                    source.revoking = false;
                    // It may have been closed meanwhile.
                    self.sweep(ledger, root)?;
                    return Ok((Progress::Done, freed));
                }
                let parent = source.parent;
                self.empty_slot(root);
                self.free(ledger, root)?;
                self.sweep(ledger, parent)?;
                return Ok((Progress::Done, freed + 1));
            }
            let from = match self.nodes.get(revocation.cursor) {
                Some(_) => revocation.cursor.index,
                None => root,
            };
            let (leaf, parent) = self.cut_down_to_leaf(from);
            if let Some(parent) = self.nodes.key(parent) {
                revocation.cursor = parent;
            }
            self.empty_slot(leaf);
            self.free(ledger, leaf)?;
        }
        Ok((Progress::More, most))
    }

    /// Goes down by first children, cutting what it passes, to one that has none. Returns that and its parent.
    fn cut_down_to_leaf(&mut self, from: u32) -> (u32, u32) {
        let mut at = from;
        let mut parent = NOWHERE;
        while let Some(node) = self.nodes.at_mut(at) {
            if at != from {
                node.status = Status::Cut;
            }
            parent = node.parent;
            if node.first_child == NOWHERE {
                break;
            }
            at = node.first_child;
        }
        (at, parent)
    }
}

#[cfg(test)]
mod tests;
