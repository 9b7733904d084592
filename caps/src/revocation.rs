//! Revocation in steps: each frees a bounded number of capabilities, and between two of them anything else may
//! happen. What a step has passed cannot be used or derived from any more, so the tree to be cut does not grow back under
//! the knife: below a node that is cut, nothing new appears.

use crate::ledger::Ledger;
use crate::space::{CapError, Space};
use crate::table::{Handle, TableId};

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
    node: usize,
    serial: u64,
    with_source: bool,
}

/// The end of a table under way. Whoever began it calls [`Space::end_step`] until it is done.
#[derive(Debug)]
#[must_use = "a table not stepped to its end is never freed"]
pub struct Ending {
    table: TableId,
    current: Option<Revocation>,
}

impl<O: Clone> Space<O> {
    /// Begins to cut a capability and all that was derived from it. It cannot be used from now on.
    ///
    /// # Errors
    /// [`CapError::NoTable`], [`CapError::Stale`], [`CapError::Revoked`].
    pub fn revoke(&mut self, table: TableId, handle: Handle) -> Result<Revocation, CapError> {
        let node = self.find(table, handle)?;
        self.begin(node, true).ok_or(CapError::Stale)
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
        let node = self.find(table, handle)?;
        if self.node_mut(node).is_some_and(|node| node.revoking) {
            return Err(CapError::BeingRevoked);
        }
        self.begin(node, false).ok_or(CapError::Stale)
    }

    /// Frees at most `most` capabilities of those being revoked; each costs at most a walk of
    /// [`crate::MAX_DERIVATION_DEPTH`].
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
            .table_mut(table)
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
                most -= freed;
                if progress == Progress::More {
                    return Ok(progress);
                }
            }
            let first = self.table(ending.table).and_then(|table| table.first_paid);
            ending.current = first.and_then(|first| self.begin(first, true));
            if ending.current.is_none() {
                if self.table(ending.table).is_some() {
                    self.tables[ending.table.index] = None;
                }
                return Ok(Progress::Done);
            }
            if most == 0 {
                return Ok(Progress::More);
            }
        }
    }

    fn begin(&mut self, index: usize, with_source: bool) -> Option<Revocation> {
        let node = self.node_mut(index)?;
        if with_source {
            node.cut = true;
        } else {
            node.revoking = true;
        }
        Some(Revocation {
            node: index,
            serial: node.serial,
            with_source,
        })
    }

    /// Frees leaves below the revoked node, and that itself at last. Returns how many.
    fn cut(
        &mut self,
        ledger: &mut Ledger,
        revocation: &mut Revocation,
        most: usize,
    ) -> Result<(Progress, usize), CapError> {
        for freed in 0..most {
            // Another revocation, from further up, may have been here.
            let source = self
                .node_mut(revocation.node)
                .filter(|node| node.serial == revocation.serial);
            let Some(source) = source else {
                return Ok((Progress::Done, freed));
            };
            if source.first_child.is_none() {
                source.revoking &= revocation.with_source;
                if !revocation.with_source {
                    return Ok((Progress::Done, freed));
                }
                let parent = self.parent(revocation.node);
                self.empty_slot(revocation.node);
                self.free(ledger, revocation.node)?;
                self.sweep(ledger, parent)?;
                return Ok((Progress::Done, freed + 1));
            }
            let leaf = self.cut_down_to_leaf(revocation.node);
            self.empty_slot(leaf);
            self.free(ledger, leaf)?;
        }
        Ok((Progress::More, most))
    }

    /// Goes down by first children, cutting what it passes, to one that has none.
    fn cut_down_to_leaf(&mut self, from: usize) -> usize {
        let mut at = from;
        while let Some(child) = self.node_mut(at).and_then(|node| node.first_child) {
            at = child;
            if let Some(node) = self.node_mut(at) {
                node.cut = true;
            }
        }
        at
    }
}

#[cfg(test)]
mod tests;
