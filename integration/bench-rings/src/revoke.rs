//! Revocation with few and with many descendants. What is compared is the time for each descendant, in spaces of the same
//! size: a thousand times as many must not make each of them dearer.
//!
//! Neighbours: [`crate::contest`] lets them take turns.

use crate::contest::{Effort, Solo, solo};
use crate::stats::{Bar, Row};
use isthmus_caps::{Amounts, Badge, Handle, Ledger, Progress, Revocation, Rights, Space, TableId};

/// Descendants revoked in a sample.
const TIMES: u32 = 1_000;

/// Capabilities in a space when it is new, about.
const SPACE: u32 = 1_000_000;

/// Capabilities derived from each one that is not a leaf.
const CHILDREN: usize = 8;

/// A space of capabilities with `descendants` each, of which one after the other is revoked.
struct Forest {
    descendants: u32,
    space: Space<u32>,
    ledger: Ledger,
    table: TableId,
    roots: Vec<Handle>,
    /// One under way, and how many descendants it has left.
    current: Option<(Revocation, u32)>,
    left: u32,
}

impl Forest {
    fn new(descendants: u32) -> Self {
        let ledger = Ledger::new(Amounts::UNLIMITED);
        let mut space = Space::default();
        let table = space
            .create_table(ledger.root(), SPACE * 2 + 2)
            .expect("a new space has room for a table");
        let mut forest = Self {
            descendants,
            space,
            roots: Vec::new(),
            table,
            current: None,
            left: 0,
            ledger,
        };
        let trees = (SPACE / (descendants + 1)).max(1);
        forest.left = trees * descendants;
        for _ in 0..trees {
            let root = forest.plant();
            forest.roots.push(root);
        }
        forest
    }

    /// A capability and what is derived from it.
    fn plant(&mut self) -> Handle {
        let Self {
            space,
            ledger,
            table,
            ..
        } = self;
        let root = space
            .insert(ledger, *table, 0, Rights::ALL, Badge::NONE)
            .expect("nothing is limited here");
        let mut tree = vec![root];
        for number in 0..self.descendants as usize {
            let copy = space.copy(ledger, *table, tree[number / CHILDREN], *table);
            tree.push(copy.expect("nothing is limited here"));
        }
        root
    }
}

impl Solo for Forest {
    fn prepare(&mut self, times: u32) {
        if self.left < times {
            *self = Self::new(self.descendants);
        }
    }

    fn work(&mut self, times: u32) {
        let mut wanted = times;
        while wanted > 0 {
            let (mut revocation, below) = self.current.take().unwrap_or_else(|| {
                let root = self.roots.pop().expect("prepared for this");
                let begun = self.space.revoke_derived(self.table, root);
                (begun.expect("it is there"), self.descendants)
            });
            let most = wanted.min(below);
            let _ = self.step(&mut revocation, most);
            if most == below {
                assert_eq!(self.step(&mut revocation, 1), Progress::Done);
            } else {
                self.current = Some((revocation, below - most));
            }
            wanted -= most;
        }
        self.left -= times;
    }
}

impl Forest {
    fn step(&mut self, revocation: &mut Revocation, most: u32) -> Progress {
        self.space
            .revoke_step(&mut self.ledger, revocation, most as usize)
            .expect("its own ledger")
    }
}

/// The rows.
pub fn rows(core: usize, effort: Effort) -> Vec<Row> {
    let series = solo(
        core,
        effort,
        TIMES,
        &mut [
            &mut Forest::new(1),
            &mut Forest::new(1_000),
            &mut Forest::new(1_000_000),
        ],
    );
    let [one, thousand, million] = &series[..] else {
        unreachable!("there are three contenders")
    };
    vec![
        Row::alone("revoke, 1 descendant", one, Bar::None),
        Row::against(
            "revoke, 1,000",
            thousand,
            ("1 descendant", one),
            Bar::Ratio(FLAT),
        ),
        Row::against(
            "revoke, 1,000,000",
            million,
            ("1,000", thousand),
            Bar::Ratio(FLAT),
        ),
    ]
}

/// How much dearer a descendant may be among a thousand times as many and still count as the same: caches and the order in memory
/// make that much, a cost that grows with the number would make it hundreds.
const FLAT: f64 = 1.5;
