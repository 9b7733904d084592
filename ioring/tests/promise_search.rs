//! Every order in which a few calls can be made, delivered, answered, resolved, given up and cut off between two real
//! sides, and what holds in each: no message lost, order kept on each reference, each promise resolved once, each call
//! ended once, nobody waits for ever, nothing leaks. And that a world in which one of these does not hold is found out.
//!
//! Prints the number of states. `ISTHMUS_SEARCH=long` searches larger bounds.
#![cfg(not(loom))]

mod promise_world;

use isthmus_ioring::promise::Cause;
use promise_world::{Flaw, Plan, Step, World};
use stateright::{Checker, Model, Property};

struct Search(Plan);

impl Model for Search {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self.0)]
    }

    fn actions(&self, state: &World, actions: &mut Vec<Step>) {
        *actions = state.steps();
    }

    fn next_state(&self, last: &World, step: Step) -> Option<World> {
        let mut next = last.clone();
        next.take(step);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let holds = |_: &Self, world: &World| world.book.fault.is_none();
        vec![Property::always("the protocol's promises", holds)]
    }
}

/// Searches all states of a plan; the fault found, with the way there.
fn search(name: &str, plan: Plan) -> Option<String> {
    let checker = Search(plan).checker().spawn_dfs().join();
    println!(
        "{name}: {} states, {} transitions, at most {} steps",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth(),
    );
    let (_, path) = checker.discoveries().into_iter().next()?;
    let fault = path.last_state().book.fault.clone();
    Some(format!("{fault:?} after {:#?}", path.into_actions()))
}

/// The plan holds in the bounds that suit a test, and in the larger ones if these are asked for.
fn holds(name: &str, quick: Plan, long: Plan) {
    let plan = match std::env::var("ISTHMUS_SEARCH").as_deref() {
        Ok("long") => long,
        _ => quick,
    };
    if let Some(fault) = search(name, plan) {
        panic!("{name}: {fault}");
    }
}

/// The world with this flaw is found out, by that fault.
fn is_found_out(flaw: Flaw, plan: Plan, by: &str) {
    let fault = search(&format!("{flaw:?}"), Plan { flaw, ..plan });
    let fault = fault.expect("the flaw is not found");
    assert!(fault.contains(by), "{fault}");
}

fn calls(first: u8, second: u8) -> Plan {
    Plan {
        calls: [first, second],
        ..Plan::default()
    }
}

#[test]
fn order_is_kept_when_capabilities_come_home() {
    holds("one side calls", calls(3, 0), calls(4, 0));
}

#[test]
fn order_is_kept_when_both_sides_shorten_the_way() {
    holds("both sides call", calls(2, 1), calls(2, 2));
}

#[test]
fn promises_of_hosts_are_resolved_once_and_break_what_hangs_on_them() {
    let plan = Plan {
        promises: [1, 0],
        failures: true,
        causes: &[Cause::Failed],
        ..calls(1, 1)
    };
    let long = Plan {
        promises: [1, 1],
        ..plan
    };
    holds("promises of a host", plan, long);
}

#[test]
fn promises_of_the_side_that_is_called_keep_order() {
    let plan = Plan {
        promises: [0, 1],
        ..calls(2, 0)
    };
    let long = Plan {
        calls: [2, 1],
        ..plan
    };
    holds("promises of the other", plan, long);
}

#[test]
fn capabilities_in_messages_are_counted() {
    let plan = Plan {
        arguments: true,
        ..calls(1, 1)
    };
    let long = Plan {
        promises: [1, 0],
        ..plan
    };
    holds("arguments", plan, long);
}

#[test]
fn capabilities_given_back_at_any_moment_are_counted() {
    let plan = Plan {
        releases: 2,
        ..calls(2, 0)
    };
    let long = Plan {
        calls: [2, 1],
        ..plan
    };
    holds("releases", plan, long);
}

#[test]
fn calls_start_after_those_they_name() {
    let plan = Plan {
        after: true,
        failures: true,
        causes: &[Cause::Failed, Cause::Dependency],
        ..calls(3, 0)
    };
    let long = Plan {
        calls: [2, 1],
        ..plan
    };
    holds("dependencies", plan, long);
}

#[test]
fn calls_given_up_end_once_with_what_hangs_on_them() {
    let plan = Plan {
        cancels: 1,
        after: true,
        causes: &[Cause::Cancelled, Cause::Dependency],
        ..calls(2, 0)
    };
    let long = Plan {
        calls: [2, 1],
        ..plan
    };
    holds("cancellation", plan, long);
}

#[test]
fn the_end_of_the_connection_ends_every_call_and_returns_everything() {
    let plan = Plan {
        cut: true,
        causes: &[Cause::Disconnected],
        ..calls(2, 1)
    };
    let long = Plan {
        after: true,
        causes: &[Cause::Disconnected, Cause::Dependency],
        ..plan
    };
    holds("disconnection", plan, long);
}

#[test]
fn circles_end_in_an_error() {
    let plan = Plan {
        circles: true,
        causes: &[
            Cause::Cycle,
            Cause::TooDeep,
            Cause::Overloaded,
            Cause::Failed,
            Cause::Cancelled,
        ],
        ..calls(2, 1)
    };
    let long = Plan {
        promises: [1, 1],
        calls: [1, 1],
        ..plan
    };
    holds("circles", plan, long);
}

#[test]
fn a_side_without_embargoes_is_found_out() {
    is_found_out(Flaw::NoEmbargo, calls(3, 0), "of the same reference");
}

#[test]
fn a_wire_on_which_returns_overtake_is_found_out() {
    is_found_out(Flaw::Overtaking, calls(2, 1), "");
}

#[test]
fn a_lost_release_is_found_out() {
    is_found_out(Flaw::LostRelease, calls(1, 0), "keeps");
}

#[test]
fn a_lost_resolution_is_found_out() {
    let plan = Plan {
        promises: [1, 0],
        arguments: true,
        ..calls(1, 1)
    };
    is_found_out(Flaw::LostResolve, plan, "");
}

#[test]
fn a_host_that_forgets_a_key_is_found_out() {
    is_found_out(Flaw::Forgetful, calls(1, 0), "keeps");
}
