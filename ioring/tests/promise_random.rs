//! Long random runs of two real sides and hosts that do anything a host may do, in bounds too large to search.
//!
//! `ISTHMUS_SEARCH=long` makes many more of them.
#![cfg(not(loom))]

mod promise_world;

use isthmus_ioring::promise::{Cause, Limits};
use promise_world::{Flaw, Plan, Step, World};
use proptest::prelude::*;

const LIMITS: Limits = Limits {
    calls: 32,
    relays: 64,
    nodes: 400,
    exports: 100,
    embargoes: 64,
    depth: 64,
};

fn plan() -> Plan {
    Plan {
        limits: LIMITS,
        calls: [14, 14],
        promises: [4, 4],
        arguments: true,
        after: true,
        failures: true,
        cancels: 4,
        releases: 6,
        cut: false,
        circles: false,
        causes: &[Cause::Failed, Cause::Dependency, Cause::Cancelled],
        flaw: Flaw::None,
    }
}

/// Numbers that look like chance, from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        // Vigna's splitmix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) % sides as u64) as usize
    }

    /// One of the steps: first of which kind, so that the many calls there are to choose from do not crowd out the rest.
    fn pick(&mut self, steps: &[Step]) -> Option<Step> {
        let mut kinds: Vec<_> = steps.iter().map(std::mem::discriminant).collect();
        kinds.dedup();
        kinds.sort_by_key(|kind| format!("{kind:?}"));
        kinds.dedup();
        // The end of the connection comes seldom.
        let closes = |step: &Step| matches!(step, Step::Close(_));
        let late = self.below(60) == 0 || steps.iter().all(closes);
        let fits = |step: &&Step| late || !closes(step);
        let kind = match kinds.len() {
            0 => return None,
            kinds_there => kinds[self.below(kinds_there)],
        };
        let mut of_kind: Vec<&Step> = steps
            .iter()
            .filter(|step| std::mem::discriminant(*step) == kind)
            .filter(fits)
            .collect();
        if of_kind.is_empty() {
            of_kind = steps.iter().filter(fits).collect();
        }
        of_kind
            .get(self.below(of_kind.len().max(1)))
            .map(|step| **step)
    }
}

/// Runs until nothing is left to do, and says what went wrong.
fn run(plan: Plan, seed: u64) -> Result<usize, String> {
    let (mut world, mut dice, mut taken) = (World::new(plan), Dice(seed), Vec::new());
    while let Some(step) = dice.pick(&world.steps()) {
        world.take(step);
        taken.push(step);
        if let Some(fault) = world.book.fault {
            return Err(story(&fault, &taken));
        }
    }
    match world.is_quiet() {
        true => Ok(taken.len()),
        false => Err(story("not quiet", &taken)),
    }
}

fn story(fault: &str, taken: &[Step]) -> String {
    let steps: Vec<_> = taken.iter().map(|step| format!("  {step:?}")).collect();
    format!("{fault} after\n{}", steps.join("\n"))
}

fn cases() -> ProptestConfig {
    let long = std::env::var("ISTHMUS_SEARCH").as_deref() == Ok("long");
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(if long { 100_000 } else { 600 })
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn long_runs_keep_every_promise_of_the_protocol(seed: u64) {
        run(plan(), seed).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_connection_that_ends_anywhere_returns_everything(seed: u64) {
        let causes = &[Cause::Failed, Cause::Dependency, Cause::Cancelled, Cause::Disconnected];
        run(Plan { cut: true, causes, ..plan() }, seed).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn circles_and_full_tables_end_every_call(seed: u64) {
        let causes = &[
            Cause::Failed, Cause::Cancelled, Cause::Cycle, Cause::TooDeep, Cause::Overloaded,
            Cause::Dependency,
        ];
        let limits = Limits { relays: 6, depth: 6, embargoes: 2, ..LIMITS };
        run(Plan { limits, circles: true, causes, ..plan() }, seed)
            .map_err(TestCaseError::fail)?;
    }
}

#[test]
fn a_side_without_embargoes_is_found_out() {
    let flawed = Plan {
        flaw: Flaw::NoEmbargo,
        ..plan()
    };
    let faults = (0..300).filter_map(|seed| run(flawed, seed).err());
    assert!(
        faults
            .into_iter()
            .any(|fault| fault.contains("of the same reference"))
    );
}
