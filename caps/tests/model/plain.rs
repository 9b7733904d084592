//! The plain model: capabilities in one list, everything found by looking at all of it.

use std::collections::{BTreeMap, BTreeSet};

use isthmus_caps::{Badge, Handle, Pass, Rights};

/// Longest chain of derivation that a sequence of operations in the tests comes to.
type Id = usize;

/// An answer, as far as the model goes into it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Gone,
    Missing,
    Grows,
    Badge,
    Busy,
    TableFull,
    /// An account of a table, or the one above.
    Exhausted(Option<usize>),
}

/// A handle of a table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Slot {
    pub table: usize,
    pub handle: Handle,
}

#[derive(Clone, Debug)]
pub struct Capability {
    parent: Option<Id>,
    table: usize,
    handle: Option<Handle>,
    pub rights: Rights,
    pub badge: Badge,
    pins: usize,
    /// A revocation of it has begun: it cannot be used.
    cut: bool,
    /// What was derived from it is being revoked.
    revoking: bool,
    /// A revocation of something further up has begun: whether it can still be used is open.
    pub doubtful: bool,
}

pub struct Model {
    caps: BTreeMap<Id, Capability>,
    made: Id,
    ever: BTreeSet<Slot>,
    /// Revocations under way: their sources, and whether those go too.
    revocations: BTreeMap<usize, (Id, bool)>,
    capacity: Vec<usize>,
    limits: Vec<usize>,
    household: usize,
}

impl Model {
    pub fn new(capacity: &[u32], limits: &[u64], household: u64) -> Self {
        Self {
            caps: BTreeMap::new(),
            made: 0,
            ever: BTreeSet::new(),
            revocations: BTreeMap::new(),
            capacity: capacity.iter().map(|capacity| *capacity as usize).collect(),
            limits: limits.iter().map(|limit| *limit as usize).collect(),
            household: household as usize,
        }
    }

    pub fn len(&self) -> usize {
        self.caps.len()
    }

    pub fn ever(&self) -> impl Iterator<Item = Slot> {
        self.ever.iter().copied()
    }

    /// Handles that a table has or had.
    pub fn known(&self, table: usize) -> Vec<Handle> {
        let known = self.ever.iter().filter(|slot| slot.table == table);
        let mut known: Vec<_> = known
            .map(|slot| (self.id(*slot).is_none(), slot.handle))
            .collect();
        // All that are held, and as many stale ones at most.
        known.sort_by_key(|(stale, _)| *stale);
        let held = known.iter().filter(|(stale, _)| !stale).count();
        known.truncate(held + held.min(2));
        known.into_iter().map(|(_, handle)| handle).collect()
    }

    /// Slots in use in a table, and capabilities that it pays for.
    pub fn census(&self, table: usize) -> (usize, usize) {
        let paid = self.caps.values().filter(|cap| cap.table == table);
        let held = paid.clone().filter(|cap| cap.handle.is_some());
        (held.count(), paid.count())
    }

    /// The capability behind a handle that can be used, or perhaps.
    pub fn find(&self, slot: Slot) -> Option<&Capability> {
        self.id(slot)
            .map(|id| &self.caps[&id])
            .filter(|cap| !cap.cut)
    }

    pub fn usable(&self, slot: Slot) -> Result<Id, Verdict> {
        self.find(slot)
            .and_then(|_| self.id(slot))
            .ok_or(Verdict::Gone)
    }

    pub fn revoking(&self, id: Id) -> bool {
        self.caps[&id].revoking
    }

    fn id(&self, Slot { table, handle }: Slot) -> Option<Id> {
        let mut found = self.caps.iter();
        let found = found.find(|(_, cap)| cap.table == table && cap.handle == Some(handle));
        found.map(|(id, _)| *id)
    }

    /// Whether a table takes one capability more, given `slots` more in use in it already and `paid` more paid for.
    pub fn room(&self, table: usize, slots: usize, paid: usize) -> Result<(), Verdict> {
        self.slot_free(table, slots)?;
        self.payable(table, paid)
    }

    fn slot_free(&self, table: usize, more: usize) -> Result<(), Verdict> {
        match self.census(table).0 + more < self.capacity[table] {
            true => Ok(()),
            false => Err(Verdict::TableFull),
        }
    }

    fn payable(&self, table: usize, more: usize) -> Result<(), Verdict> {
        if self.census(table).1 + more >= self.limits[table] {
            return Err(Verdict::Exhausted(Some(table)));
        }
        if table < 2 && self.census(0).1 + self.census(1).1 + more >= self.household {
            return Err(Verdict::Exhausted(None));
        }
        Ok(())
    }

    pub fn insert(&mut self, table: usize, handle: Handle, rights: Rights) {
        self.add(None, table, handle, rights, Badge::NONE);
    }

    fn add(
        &mut self,
        parent: Option<Id>,
        table: usize,
        handle: Handle,
        rights: Rights,
        badge: Badge,
    ) {
        let new = self.ever.insert(Slot { table, handle });
        assert!(new, "{handle:?} was given twice");
        let doubtful = parent.is_some_and(|parent| self.caps[&parent].doubtful);
        let cap = Capability {
            parent,
            table,
            handle: Some(handle),
            rights,
            badge,
            pins: 0,
            cut: false,
            revoking: false,
            doubtful,
        };
        self.caps.insert(self.made, cap);
        self.made += 1;
    }

    /// What a list is to be answered.
    pub fn judge(&self, from: usize, list: &[Pass], to: usize) -> Result<(), (usize, Verdict)> {
        let (mut slots, mut paid) = (0, 0);
        let mut moved = BTreeSet::new();
        for (at, pass) in list.iter().enumerate() {
            let refuse = |verdict| (at, verdict);
            let (handle, mint) = match *pass {
                Pass::Copy(handle) | Pass::Move(handle) => (handle, None),
                Pass::Mint {
                    handle,
                    rights,
                    badge,
                } => (handle, Some((rights, badge))),
            };
            let id = self
                .usable(Slot {
                    table: from,
                    handle,
                })
                .map_err(refuse)?;
            let cap = &self.caps[&id];
            if moved.contains(&id) {
                return Err(refuse(Verdict::Gone));
            }
            if !cap.rights.contains(Rights::GRANT) {
                return Err(refuse(Verdict::Missing));
            }
            if matches!(pass, Pass::Move(_)) {
                moved.insert(id);
                self.slot_free(to, slots).map_err(refuse)?;
                if from != to {
                    self.payable(to, paid).map_err(refuse)?;
                    paid += 1;
                }
            } else {
                if let Some((rights, badge)) = mint {
                    if !cap.rights.contains(rights) {
                        return Err(refuse(Verdict::Grows));
                    }
                    if badge.is_some() && cap.badge != Badge::NONE {
                        return Err(refuse(Verdict::Badge));
                    }
                }
                if cap.revoking {
                    return Err(refuse(Verdict::Busy));
                }
                self.room(to, slots, paid).map_err(refuse)?;
                paid += 1;
            }
            slots += 1;
        }
        Ok(())
    }

    pub fn pass(&mut self, from: usize, list: &[Pass], to: usize, received: &[Handle]) {
        for (pass, new) in list.iter().zip(received) {
            let (handle, mint) = match *pass {
                Pass::Copy(handle) => (handle, None),
                Pass::Mint {
                    handle,
                    rights,
                    badge,
                } => (handle, Some((rights, badge))),
                Pass::Move(_) => continue,
            };
            let id = self
                .id(Slot {
                    table: from,
                    handle,
                })
                .unwrap();
            let cap = &self.caps[&id];
            assert!(cap.rights.contains(Rights::GRANT) && !cap.cut && !cap.revoking);
            let (rights, badge) = mint.unwrap_or((cap.rights, None));
            assert!(cap.rights.contains(rights));
            let badge = badge.unwrap_or(cap.badge);
            self.add(Some(id), to, *new, rights, badge);
        }
        for (pass, new) in list.iter().zip(received) {
            if let Pass::Move(handle) = *pass {
                let id = self
                    .id(Slot {
                        table: from,
                        handle,
                    })
                    .unwrap();
                let cap = self.caps.get_mut(&id).unwrap();
                (cap.table, cap.handle) = (to, Some(*new));
                let slot = Slot {
                    table: to,
                    handle: *new,
                };
                assert!(self.ever.insert(slot), "{slot:?} was given twice");
            }
        }
    }

    pub fn close(&mut self, slot: Slot) {
        let id = self.id(slot).unwrap();
        self.caps.get_mut(&id).unwrap().handle = None;
        self.sweep();
    }

    pub fn pin(&mut self, slot: Slot) -> Id {
        let id = self.id(slot).unwrap();
        self.caps.get_mut(&id).unwrap().pins += 1;
        id
    }

    pub fn unpin(&mut self, id: Id) {
        if let Some(cap) = self.caps.get_mut(&id) {
            cap.pins -= 1;
        }
        self.sweep();
    }

    pub fn begin(&mut self, slot: Slot, with_source: bool) -> usize {
        let id = self.id(slot).unwrap();
        for under in self.under(id) {
            self.caps.get_mut(&under).unwrap().doubtful = true;
        }
        let cap = self.caps.get_mut(&id).unwrap();
        if with_source {
            cap.cut = true;
        } else {
            cap.revoking = true;
        }
        let number = self.made;
        self.made += 1;
        self.revocations.insert(number, (id, with_source));
        number
    }

    /// A revocation is done: nothing of what it was to cut is left.
    pub fn end(&mut self, number: usize) {
        let (id, with_source) = self.revocations.remove(&number).unwrap();
        for under in self.under(id) {
            self.caps.remove(&under);
        }
        if with_source {
            self.caps.remove(&id);
        } else if let Some(cap) = self.caps.get_mut(&id) {
            cap.revoking = false;
        }
        self.sweep();
    }

    fn under(&self, root: Id) -> Vec<Id> {
        let is_under = |mut id: Id| {
            while let Some(parent) = self.caps[&id].parent {
                if parent == root {
                    return true;
                }
                id = parent;
            }
            false
        };
        self.caps
            .keys()
            .copied()
            .filter(|id| is_under(*id))
            .collect()
    }

    /// Removes what was closed and is not kept by anything.
    fn sweep(&mut self) {
        loop {
            let kept: BTreeSet<Id> = self.caps.values().filter_map(|cap| cap.parent).collect();
            let dead = self
                .caps
                .iter()
                .find(|(id, cap)| cap.handle.is_none() && cap.pins == 0 && !kept.contains(id));
            match dead.map(|(id, _)| *id) {
                Some(id) => self.caps.remove(&id),
                None => return,
            };
        }
    }
}
