//! Tables, derivation, revocation and the ledger against a plain model, by random sequences of operations: the model says what
//! each is to answer, and after each what every handle ever seen is worth. What it does not say is in which order a revocation
//! under way reaches what it is to cut; there it takes either answer, and none that was gone may come back.
//!
//! `ISTHMUS_CASES` says how many sequences; 20,000 unless told.

mod plain;

use std::rc::Rc;

use isthmus_caps::{
    AccountId, Amounts, Badge, CapError, CapId, Handle, Ledger, LedgerError, ListError, Name, Pass,
    Pin, Progress, Resource, Revocation, Rights, Space, TableId,
};
use plain::{Model, Slot, Verdict};
use proptest::prelude::*;

/// Tables: two domains under one account each, with limits, and one that is rich.
const TABLES: usize = 3;
const CAPACITY: [u32; TABLES] = [5, 9, 40];
const LIMITS: [u64; TABLES] = [8, 7, 1000];
/// What the first two may have together.
const HOUSEHOLD: u64 = 12;

const RIGHTS: [Rights; 4] = [Rights::ALL, Rights::GRANT, Rights::object(0), Rights::NONE];

#[derive(Clone, Debug)]
enum Op {
    Insert {
        table: usize,
        rights: usize,
    },
    Pass {
        from: usize,
        list: Vec<Item>,
        to: usize,
    },
    Close {
        which: usize,
    },
    Begin {
        which: usize,
        with_source: bool,
    },
    Step {
        which: usize,
        most: usize,
    },
    Pin {
        which: usize,
    },
    Unpin {
        which: usize,
    },
}

/// How one capability of a list is handed on.
#[derive(Clone, Debug)]
enum Item {
    Copy(usize),
    Mint(usize, usize, Option<u64>),
    Move(usize),
}

fn item() -> impl Strategy<Value = Item> {
    let which = any::<usize>();
    prop_oneof![
        4 => which.prop_map(Item::Copy),
        2 => (which, 0..RIGHTS.len(), proptest::option::of(1_u64..3))
            .prop_map(|(which, rights, badge)| Item::Mint(which, rights, badge)),
        2 => which.prop_map(Item::Move),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let (which, table) = (any::<usize>(), 0..TABLES);
    prop_oneof![
        3 => (table.clone(), 0..RIGHTS.len()).prop_map(|(table, rights)| Op::Insert { table, rights }),
        10 => (table.clone(), proptest::collection::vec(item(), 1..4), table)
            .prop_map(|(from, list, to)| Op::Pass { from, list, to }),
        3 => which.prop_map(|which| Op::Close { which }),
        2 => (which, any::<bool>()).prop_map(|(which, with_source)| Op::Begin { which, with_source }),
        3 => (which, 0_usize..4).prop_map(|(which, most)| Op::Step { which, most }),
        1 => which.prop_map(|which| Op::Pin { which }),
        1 => which.prop_map(|which| Op::Unpin { which }),
    ]
}

/// The real thing, with the model beside it.
struct Pair {
    space: Space<Rc<()>>,
    ledger: Ledger,
    tables: Vec<TableId>,
    accounts: Vec<AccountId>,
    object: Rc<()>,
    model: Model,
    revocations: Vec<(Revocation, usize)>,
    pins: Vec<(Pin, usize)>,
}

impl Pair {
    fn new() -> Self {
        let slots = |slots| Amounts {
            slots,
            ..Amounts::UNLIMITED
        };
        let mut ledger = Ledger::new(Amounts::UNLIMITED);
        let household = ledger
            .open(ledger.root(), "household", slots(HOUSEHOLD))
            .unwrap();
        let rich = ledger.root();
        let accounts: Vec<_> = [(household, "one"), (household, "two"), (rich, "rich")]
            .into_iter()
            .zip(LIMITS)
            .map(|((under, name), limit)| ledger.open(under, name, slots(limit)).unwrap())
            .collect();
        let mut space = Space::default();
        let tables = accounts.iter().zip(CAPACITY);
        let tables =
            tables.map(|(account, capacity)| space.create_table(*account, capacity).unwrap());
        Self {
            tables: tables.collect(),
            space,
            ledger,
            accounts,
            object: Rc::new(()),
            model: Model::new(&CAPACITY, &LIMITS, HOUSEHOLD),
            revocations: Vec::new(),
            pins: Vec::new(),
        }
    }

    fn apply(&mut self, op: &Op) {
        match op {
            Op::Insert { table, rights } => self.insert(*table, RIGHTS[*rights]),
            Op::Pass { from, list, to } => self.pass(*from, list, *to),
            Op::Close { which } => self.close(*which),
            Op::Begin { which, with_source } => self.begin(*which, *with_source),
            Op::Step { which, most } => self.step(*which, *most),
            Op::Pin { which } => self.pin(*which),
            Op::Unpin { which } => self.unpin(*which),
        }
    }

    fn insert(&mut self, table: usize, rights: Rights) {
        let object = self.object.clone();
        let real = self.space.insert(
            &mut self.ledger,
            self.tables[table],
            object,
            rights,
            Badge::NONE,
        );
        let said = self.model.room(table, 0, 0).map(|()| rights);
        let agreed = self.agree(said, real.map_err(|error| self.plain(error)));
        if let Some(handle) = agreed {
            self.model.insert(table, handle, rights);
        }
    }

    /// What handles there are to choose from: those held by a table, and some that were once.
    fn choose(&self, table: usize, which: usize) -> Handle {
        let known = self.model.known(table);
        match known.len() {
            0 => Handle {
                index: which as u32,
                generation: 7,
            },
            count => known[which % count],
        }
    }

    fn choose_any(&self, which: usize) -> Slot {
        let table = which % TABLES;
        Slot {
            table,
            handle: self.choose(table, which / TABLES),
        }
    }

    fn pass(&mut self, from: usize, list: &[Item], to: usize) {
        let list: Vec<Pass> = list
            .iter()
            .map(|item| match *item {
                Item::Copy(which) => Pass::Copy(self.choose(from, which)),
                Item::Move(which) => Pass::Move(self.choose(from, which)),
                Item::Mint(which, rights, badge) => Pass::Mint {
                    handle: self.choose(from, which),
                    rights: RIGHTS[rights],
                    badge: badge.map(Badge),
                },
            })
            .collect();
        let mut received = vec![Handle::default(); list.len()];
        let real = self.space.pass(
            &mut self.ledger,
            self.tables[from],
            &list,
            self.tables[to],
            &mut received,
        );
        let said = self.model.judge(from, &list, to);
        let real = real.map_err(|ListError { at, error }| (at, self.plain(error)));
        match (said, real) {
            (Ok(()), Ok(())) => self.model.pass(from, &list, to, &received),
            (Err((at, said)), Err((real_at, real))) if !self.busy() => {
                assert_eq!((at, said), (real_at, real), "{list:?}");
            }
            (said, real) => {
                assert!(self.busy(), "model {said:?}, real {real:?}, {list:?}");
                // What was already reached may not be used; what has been freed may be taken.
                if real.is_ok() {
                    self.model.pass(from, &list, to, &received);
                }
            }
        }
    }

    fn close(&mut self, which: usize) {
        let slot = self.choose_any(which);
        let real = self
            .space
            .close(&mut self.ledger, self.tables[slot.table], slot.handle);
        let said = self.model.usable(slot);
        let real = real.map_err(|error| self.plain(error));
        if self.agree(said, real).is_some() {
            self.model.close(slot);
        }
    }

    fn begin(&mut self, which: usize, with_source: bool) {
        let slot = self.choose_any(which);
        let table = self.tables[slot.table];
        let real = match with_source {
            true => self.space.revoke(table, slot.handle),
            false => self.space.revoke_derived(table, slot.handle),
        };
        let said = self
            .model
            .usable(slot)
            .and_then(|id| match self.model.revoking(id) {
                true if !with_source => Err(Verdict::Busy),
                _ => Ok(id),
            });
        let real = real.map_err(|error| self.plain(error));
        if let Some(revocation) = self.agree(said, real) {
            let number = self.model.begin(slot, with_source);
            self.revocations.push((revocation, number));
        }
    }

    fn step(&mut self, which: usize, most: usize) {
        if self.revocations.is_empty() {
            return;
        }
        let which = which % self.revocations.len();
        let (revocation, number) = &mut self.revocations[which];
        let before = self.space.len();
        let progress = self
            .space
            .revoke_step(&mut self.ledger, revocation, most)
            .unwrap();
        let freed = before - self.space.len();
        if progress == Progress::Done {
            self.model.end(*number);
            drop(self.revocations.swap_remove(which));
        } else {
            assert_eq!(freed, most, "a step does all it may while there is more");
        }
    }

    fn pin(&mut self, which: usize) {
        let slot = self.choose_any(which);
        let held = self
            .space
            .get(self.tables[slot.table], slot.handle, Rights::NONE);
        let id: Result<CapId, _> = held.map(|held| held.id);
        let said = self.model.usable(slot);
        if let Some(id) = self.agree(said, id.map_err(|error| self.plain(error))) {
            let (pin, _) = self.space.pin(id).unwrap();
            self.pins.push((pin, self.model.pin(slot)));
        }
    }

    fn unpin(&mut self, which: usize) {
        if !self.pins.is_empty() {
            let (pin, id) = self.pins.swap_remove(which % self.pins.len());
            self.space.unpin(&mut self.ledger, pin).unwrap();
            self.model.unpin(id);
        }
    }

    /// Both agree, or a revocation is under way that may or may not have come so far.
    fn agree<T, U>(&self, said: Result<U, Verdict>, real: Result<T, Verdict>) -> Option<T> {
        match (said, real) {
            (Ok(_), Ok(real)) => Some(real),
            (Err(said), Err(real)) if !self.busy() => {
                assert_eq!(said, real);
                None
            }
            (said, real) => {
                assert!(self.busy(), "model {:?}, real {:?}", said.err(), real.err());
                real.ok()
            }
        }
    }

    fn busy(&self) -> bool {
        !self.revocations.is_empty()
    }

    fn plain(&self, error: CapError) -> Verdict {
        match error {
            CapError::Stale | CapError::Revoked => Verdict::Gone,
            CapError::Missing(_) => Verdict::Missing,
            CapError::RightsGrow => Verdict::Grows,
            CapError::BadgeFixed => Verdict::Badge,
            CapError::BeingRevoked => Verdict::Busy,
            CapError::TableFull => Verdict::TableFull,
            CapError::Ledger(LedgerError::Exhausted {
                account,
                name,
                resource,
            }) => {
                assert_eq!(resource, Resource::Slots);
                let which = self.accounts.iter().position(|other| *other == account);
                let expected = which.map_or("household", |which| ["one", "two", "rich"][which]);
                assert_eq!(name, Name::new(expected));
                Verdict::Exhausted(which)
            }
            other => panic!("{other:?}"),
        }
    }

    fn check(&self) {
        for slot in self.model.ever() {
            let held = self
                .space
                .get(self.tables[slot.table], slot.handle, Rights::NONE);
            match self.model.find(slot) {
                // Rights and badges are exactly those that were given, however long ago.
                Some(cap) if !cap.doubtful => {
                    let held = held.unwrap();
                    assert_eq!((held.rights, held.badge), (cap.rights, cap.badge));
                }
                Some(cap) => {
                    if let Ok(held) = held {
                        assert_eq!((held.rights, held.badge), (cap.rights, cap.badge));
                    }
                }
                None => assert!(held.is_err(), "{slot:?} came back"),
            }
        }
        if !self.busy() {
            self.census();
        }
    }

    fn census(&self) {
        assert_eq!(self.space.len(), self.model.len());
        for (table, (id, account)) in self.tables.iter().zip(&self.accounts).enumerate() {
            let census = self.space.census(*id).unwrap();
            let (held, paid) = self.model.census(table);
            assert_eq!((census.held as usize, census.paid as usize), (held, paid));
            assert_eq!(self.ledger.own(*account).unwrap().slots, paid as u64);
        }
        let root = self.ledger.used(self.ledger.root()).unwrap();
        assert_eq!(root.slots, self.model.len() as u64);
    }

    /// Ends everything, in whatever order, and shows that nothing is left.
    fn finish(mut self, before: &[isthmus_caps::Standing], order: usize) {
        while self.busy() {
            self.step(order, 1 + order % 3);
        }
        self.check();
        let mut endings: Vec<_> = (0..TABLES)
            .map(|table| {
                self.space
                    .end_table(self.tables[(table + order) % TABLES])
                    .unwrap()
            })
            .collect();
        while !endings.is_empty() {
            let which = order % endings.len();
            let progress =
                self.space
                    .end_step(&mut self.ledger, &mut endings[which], 1 + order % 2);
            if progress.unwrap() == Progress::Done {
                drop(endings.swap_remove(which));
            }
        }
        for (pin, _) in self.pins.drain(..) {
            self.space.unpin(&mut self.ledger, pin).unwrap();
        }
        assert!(self.space.is_empty());
        assert_eq!(self.ledger.census(), before);
        drop(self.space.take_dead());
        assert_eq!(Rc::strong_count(&self.object), 1);
    }
}

fn cases() -> u32 {
    let told = std::env::var("ISTHMUS_CASES").ok();
    told.and_then(|cases| cases.parse().ok()).unwrap_or(20_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn agrees_with_the_plain_model_and_leaves_nothing_behind(
        ops in proptest::collection::vec(op(), 0..40),
        order in any::<usize>(),
    ) {
        let mut pair = Pair::new();
        let before = pair.ledger.census();
        for op in &ops {
            pair.apply(op);
            pair.check();
        }
        pair.finish(&before, order);
    }
}
