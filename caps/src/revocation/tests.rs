//! Revocation and the whole space, by example and against a naive model.

use super::*;
use crate::amounts::{Amounts, Resource};
use crate::ledger::LedgerError;
use crate::rights::{Badge, Rights};
use crate::space::MAX_DERIVATION_DEPTH;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::vec::Vec;

const READ: Rights = Rights::object(0);
const WRITE: Rights = Rights::object(1);

struct Fixture {
    space: Space<char>,
    ledger: Ledger,
    tables: Vec<TableId>,
}

fn fixture(tables: usize) -> Fixture {
    let ledger = Ledger::new(Amounts::UNLIMITED);
    let mut space = Space::default();
    let tables = (0..tables)
        .map(|_| space.create_table(ledger.root(), 1000).unwrap())
        .collect();
    Fixture {
        space,
        ledger,
        tables,
    }
}

impl Fixture {
    fn insert(&mut self, table: usize) -> Handle {
        self.space
            .insert(
                &mut self.ledger,
                self.tables[table],
                'x',
                Rights::ALL,
                Badge::NONE,
            )
            .unwrap()
    }

    fn copy(&mut self, from: usize, handle: Handle, to: usize) -> Result<Handle, CapError> {
        self.space
            .copy(&mut self.ledger, self.tables[from], handle, self.tables[to])
    }

    fn lives(&self, table: usize, handle: Handle) -> bool {
        self.space
            .get(self.tables[table], handle, Rights::NONE)
            .is_ok()
    }

    fn slots(&self) -> u64 {
        self.ledger.used(self.ledger.root()).unwrap().slots
    }

    fn revoke(&mut self, table: usize, handle: Handle) {
        let mut revocation = self.space.revoke(self.tables[table], handle).unwrap();
        while self
            .space
            .revoke_step(&mut self.ledger, &mut revocation, 1)
            .unwrap()
            == Progress::More
        {}
    }
}

#[test]
fn rights_only_shrink_and_a_badge_is_set_once() {
    let mut f = fixture(1);
    let [table] = f.tables[..] else { panic!() };
    let all = f.insert(0);
    let mut mint = |handle, rights, badge| {
        f.space
            .mint(&mut f.ledger, table, handle, table, rights, badge)
    };
    let reader = mint(all, READ | Rights::GRANT, Some(Badge(7))).unwrap();
    assert_eq!(mint(reader, READ | WRITE, None), Err(CapError::RightsGrow));
    assert_eq!(
        mint(reader, READ, Some(Badge(8))),
        Err(CapError::BadgeFixed)
    );
    let last = mint(reader, READ, None).unwrap();
    assert_eq!(
        mint(last, READ, None),
        Err(CapError::Missing(Rights::GRANT))
    );
    assert_eq!(f.space.get(table, last, READ).unwrap().badge, Badge(7));
    assert_eq!(
        f.space.get(table, last, WRITE).unwrap_err(),
        CapError::Missing(WRITE)
    );
}

#[test]
fn a_closed_capability_between_does_not_hide_what_was_derived_from_it() {
    let mut f = fixture(3);
    let root = f.insert(0);
    let middle = f.copy(0, root, 1).unwrap();
    let leaf = f.copy(1, middle, 2).unwrap();
    f.space.close(&mut f.ledger, f.tables[1], middle).unwrap();
    assert!(!f.lives(1, middle) && f.lives(2, leaf));
    assert_eq!(f.slots(), 3);
    f.revoke(0, root);
    assert!(!f.lives(2, leaf));
    assert_eq!((f.slots(), f.space.len()), (0, 0));
}

#[test]
fn revocation_cuts_at_once_what_it_starts_from_and_nothing_grows_back() {
    let mut f = fixture(1);
    let root = f.insert(0);
    let first = f.copy(0, root, 0).unwrap();
    let below = f.copy(0, first, 0).unwrap();
    let second = f.copy(0, root, 0).unwrap();
    let mut revocation = f.space.revoke(f.tables[0], root).unwrap();
    assert_eq!(f.copy(0, root, 0), Err(CapError::Revoked));
    // One step frees `second`, the youngest; `first` is not reached and may still derive.
    assert_eq!(
        f.space.revoke_step(&mut f.ledger, &mut revocation, 1),
        Ok(Progress::More)
    );
    assert!(!f.lives(0, second) && f.lives(0, first));
    let late = f.copy(0, first, 0).unwrap();
    assert_eq!(
        f.space.revoke_step(&mut f.ledger, &mut revocation, 1),
        Ok(Progress::More)
    );
    assert!(!f.lives(0, late));
    assert_eq!(f.copy(0, first, 0), Err(CapError::Revoked));
    assert_eq!(
        f.space.revoke_step(&mut f.ledger, &mut revocation, 10),
        Ok(Progress::Done)
    );
    assert!(!f.lives(0, below));
    assert_eq!((f.slots(), f.space.len()), (0, 0));
}

#[test]
fn revoking_the_derived_keeps_the_source_and_lets_it_derive_again_afterwards() {
    let mut f = fixture(1);
    let root = f.insert(0);
    let child = f.copy(0, root, 0).unwrap();
    let mut revocation = f.space.revoke_derived(f.tables[0], root).unwrap();
    assert_eq!(f.copy(0, root, 0), Err(CapError::BeingRevoked));
    assert_eq!(
        f.space.revoke_step(&mut f.ledger, &mut revocation, 9),
        Ok(Progress::Done)
    );
    assert!(f.lives(0, root) && !f.lives(0, child));
    assert!(f.copy(0, root, 0).is_ok());
}

#[test]
fn a_source_closed_while_what_was_derived_is_revoked_goes_with_it() {
    let mut f = fixture(1);
    let root = f.insert(0);
    f.copy(0, root, 0).unwrap();
    let mut revocation = f.space.revoke_derived(f.tables[0], root).unwrap();
    f.space.close(&mut f.ledger, f.tables[0], root).unwrap();
    assert_eq!(
        f.space.revoke_step(&mut f.ledger, &mut revocation, 9),
        Ok(Progress::Done)
    );
    assert_eq!((f.slots(), f.space.len()), (0, 0));
}

#[test]
fn a_table_that_ends_takes_along_what_it_gave_away_and_returns_every_slot() {
    let mut f = fixture(2);
    let before = f.slots();
    let kept = f.insert(1);
    let given = f.insert(0);
    let theirs = f.copy(0, given, 1).unwrap();
    f.space.close(&mut f.ledger, f.tables[0], given).unwrap();
    let lent = f.copy(1, kept, 0).unwrap();
    let mut ending = f.space.end_table(f.tables[0]).unwrap();
    assert!(!f.lives(0, lent));
    assert_eq!(f.copy(1, kept, 0), Err(CapError::NoTable));
    let mut steps = 0;
    while f.space.end_step(&mut f.ledger, &mut ending, 1).unwrap() == Progress::More {
        steps += 1;
        assert!(steps < 10);
    }
    assert!(f.lives(1, kept) && !f.lives(1, theirs));
    assert_eq!(f.slots(), before + 1);
    assert_eq!(
        f.space.end_table(f.tables[0]).unwrap_err(),
        CapError::NoTable
    );
}

#[test]
fn objects_are_handed_back_and_not_dropped_inside() {
    let mut f = fixture(1);
    let root = f.insert(0);
    f.copy(0, root, 0).unwrap();
    f.revoke(0, root);
    assert_eq!(f.space.take_dead(), ['x', 'x']);
    assert!(f.space.take_dead().is_empty());
}

#[test]
fn limits_are_kept_and_a_refusal_changes_nothing() {
    let mut ledger = Ledger::new(Amounts {
        slots: 3,
        ..Amounts::UNLIMITED
    });
    let account = ledger.root();
    let mut space = Space::default();
    let small = space.create_table(account, 1).unwrap();
    let large = space.create_table(account, 100).unwrap();
    let held = space
        .insert(&mut ledger, small, 'a', Rights::ALL, Badge::NONE)
        .unwrap();
    assert_eq!(
        space.copy(&mut ledger, small, held, small),
        Err(CapError::TableFull)
    );
    let copy = space.copy(&mut ledger, small, held, large).unwrap();
    assert_eq!(
        space.transfer(&mut ledger, large, copy, small),
        Err(CapError::TableFull)
    );
    space.copy(&mut ledger, large, copy, large).unwrap();
    let resource = Resource::Slots;
    let refused = space.copy(&mut ledger, large, copy, large);
    assert_eq!(
        refused,
        Err(CapError::Ledger(LedgerError::Exhausted {
            name: crate::Name::new("root"),
            account,
            resource
        }))
    );
    assert_eq!((space.len(), ledger.used(account).unwrap().slots), (3, 3));
    assert!(space.get(large, copy, Rights::NONE).is_ok());
}

#[test]
fn derivation_has_a_bottom() {
    let mut f = fixture(1);
    let mut handle = f.insert(0);
    for _ in 0..MAX_DERIVATION_DEPTH {
        handle = f.copy(0, handle, 0).unwrap();
    }
    assert_eq!(f.copy(0, handle, 0), Err(CapError::TooDeep));
}

/// A capability in the model: parents by number, everything found by looking at all of them.
#[derive(Clone, Debug)]
struct Model {
    parent: Option<usize>,
    table: usize,
    handle: Option<Handle>,
}

#[derive(Clone, Debug)]
enum Op {
    Insert { table: usize },
    Copy { which: usize, to: usize },
    Move { which: usize, to: usize },
    Close { which: usize },
    Revoke { which: usize, most: usize },
    RevokeDerived { which: usize, most: usize },
}

fn op() -> impl Strategy<Value = Op> {
    let (which, table, most) = (any::<usize>(), 0_usize..3, 1_usize..4);
    prop_oneof![
        2 => table.clone().prop_map(|table| Op::Insert { table }),
        6 => (which, table.clone()).prop_map(|(which, to)| Op::Copy { which, to }),
        2 => (which, table).prop_map(|(which, to)| Op::Move { which, to }),
        3 => which.prop_map(|which| Op::Close { which }),
        1 => (which, most.clone()).prop_map(|(which, most)| Op::Revoke { which, most }),
        1 => (which, most).prop_map(|(which, most)| Op::RevokeDerived { which, most }),
    ]
}

#[derive(Default)]
struct Naive {
    caps: BTreeMap<usize, Model>,
    made: usize,
    stale: Vec<(usize, Handle)>,
}

impl Naive {
    fn add(&mut self, parent: Option<usize>, table: usize, handle: Handle) {
        self.caps.insert(
            self.made,
            Model {
                parent,
                table,
                handle: Some(handle),
            },
        );
        self.made += 1;
    }

    fn held(&self) -> Vec<(usize, usize, Handle)> {
        let held = self
            .caps
            .iter()
            .filter_map(|(id, cap)| Some((*id, cap.table, cap.handle?)));
        held.collect()
    }

    fn is_under(&self, mut id: usize, root: usize) -> bool {
        while let Some(parent) = self.caps[&id].parent {
            if parent == root {
                return true;
            }
            id = parent;
        }
        false
    }

    fn drop_handle(&mut self, id: usize) {
        let cap = self.caps.get_mut(&id).unwrap();
        if let Some(handle) = cap.handle.take() {
            self.stale.push((cap.table, handle));
        }
    }

    fn sweep(&mut self) {
        loop {
            let dead = self.caps.iter().find(|(id, cap)| {
                cap.handle.is_none() && !self.caps.values().any(|other| other.parent == Some(**id))
            });
            let Some((&id, _)) = dead else { break };
            self.caps.remove(&id);
        }
    }

    fn revoke(&mut self, root: usize, with_source: bool) {
        let under: Vec<_> = self
            .caps
            .keys()
            .copied()
            .filter(|id| self.is_under(*id, root))
            .collect();
        for id in under {
            self.drop_handle(id);
        }
        if with_source {
            self.drop_handle(root);
        }
        self.sweep();
    }
}

fn apply(f: &mut Fixture, model: &mut Naive, op: &Op) {
    let held = model.held();
    let pick = |which: usize| held.get(which.checked_rem(held.len())?).copied();
    match *op {
        Op::Insert { table } => {
            let handle = f.insert(table);
            model.add(None, table, handle);
        }
        Op::Copy { which, to } => {
            let Some((id, table, handle)) = pick(which) else {
                return;
            };
            if let Ok(copy) = f.copy(table, handle, to) {
                model.add(Some(id), to, copy);
            }
        }
        Op::Move { which, to } => {
            let Some((id, table, handle)) = pick(which) else {
                return;
            };
            let moved = f
                .space
                .transfer(&mut f.ledger, f.tables[table], handle, f.tables[to])
                .unwrap();
            model.drop_handle(id);
            let cap = model.caps.get_mut(&id).unwrap();
            (cap.table, cap.handle) = (to, Some(moved));
        }
        Op::Close { which } => {
            let Some((id, table, handle)) = pick(which) else {
                return;
            };
            f.space
                .close(&mut f.ledger, f.tables[table], handle)
                .unwrap();
            model.drop_handle(id);
            model.sweep();
        }
        Op::Revoke { which, most } | Op::RevokeDerived { which, most } => {
            let Some((id, table, handle)) = pick(which) else {
                return;
            };
            let with_source = matches!(op, Op::Revoke { .. });
            let begun = match with_source {
                true => f.space.revoke(f.tables[table], handle),
                false => f.space.revoke_derived(f.tables[table], handle),
            };
            let mut revocation = begun.unwrap();
            while f
                .space
                .revoke_step(&mut f.ledger, &mut revocation, most)
                .unwrap()
                == Progress::More
            {}
            model.revoke(id, with_source);
        }
    }
}

proptest! {
    #[test]
    fn agrees_with_the_naive_model(ops in proptest::collection::vec(op(), 0..120)) {
        let mut f = fixture(3);
        let mut model = Naive::default();
        for op in &ops {
            apply(&mut f, &mut model, op);
            prop_assert_eq!(f.space.len(), model.caps.len());
            prop_assert_eq!(f.slots(), model.caps.len() as u64);
            for (_, table, handle) in model.held() {
                prop_assert!(f.lives(table, handle));
            }
            for (table, handle) in &model.stale {
                prop_assert!(!f.lives(*table, *handle));
            }
        }
        for table in f.tables.clone() {
            let mut ending = f.space.end_table(table).unwrap();
            while f.space.end_step(&mut f.ledger, &mut ending, 2).unwrap() == Progress::More {}
        }
        prop_assert_eq!((f.space.len(), f.slots()), (0, 0));
    }
}
