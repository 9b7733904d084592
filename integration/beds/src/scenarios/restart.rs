//! `restart`: Linux ends eleven lives and begins ten of them again, in each of three ways, and every page and vector is back
//! each time.

use super::{Facts, Objections, Run, Scenario, object, services};
use crate::{machine::Outcome, report::Report};

/// The scenario.
pub const SCENARIO: Scenario = Scenario {
    name: "restart",
    promise: "Linux is reset by itself, by triple fault and by a stop, ten times each, and every page and vector is back each time",
    bed: None,
    on_both: true,
    runs: &[
        run("restart-reset", |outcome, facts| {
            judge(outcome, facts, "reset", true)
        }),
        run("restart-triple-fault", |outcome, facts| {
            judge(outcome, facts, "triple fault", true)
        }),
        run("restart-stop", |outcome, facts| {
            judge(outcome, facts, "stopped by the hypervisor", false)
        }),
    ],
};

/// What the hypervisor says when the last life is over. The capability kernel would tick on for ever.
const OVER: &str = "linux: ended for good";

const fn run(manifest: &'static str, judge: fn(&Outcome, &Facts) -> Objections) -> Run {
    Run::new(manifest, 30, judge).in_host_time().until(&[OVER])
}

/// Restarts in each boot.
const RESTARTS: usize = 10;
/// Lives that they make.
const LIVES: usize = RESTARTS + 1;

/// `by_itself`: Linux ends its lives, so it reaches its init in each.
fn judge(outcome: &Outcome, facts: &Facts, reason: &str, by_itself: bool) -> Objections {
    let said = &outcome.transcript;
    let report = Report::new(said);
    let mut list = services::heartbeat(said.partition("services"), 20, 1000, facts.lateness(200));
    let ends = report
        .ends_of("linux")
        .filter(|end| end.reason == reason)
        .count();
    object(
        &mut list,
        ends == LIVES,
        format!("Linux ended {ends} lives by `{reason}`, not {LIVES}"),
    );
    let lives: Vec<u32> = report.ends_of("linux").map(|end| end.life).collect();
    object(
        &mut list,
        lives.iter().zip(1..).all(|(life, number)| *life == number),
        format!("Linux' lives were {lives:?}"),
    );
    let free: Vec<&str> = report
        .free
        .iter()
        .filter(|free| free.partition == "linux")
        .map(|free| free.amount.as_str())
        .collect();
    object(
        &mut list,
        free.len() == LIVES,
        format!(
            "what is free was told after {} ends, not {LIVES}",
            free.len()
        ),
    );
    let lost = free
        .iter()
        .zip(1..)
        .find(|(amount, _)| Some(*amount) != free.first());
    object(
        &mut list,
        lost.is_none(),
        format!(
            "not the same is free after each end; first {:?}, then {lost:?}",
            free.first()
        ),
    );
    object(
        &mut list,
        report.losses.is_empty(),
        format!("a census misses something: {:?}", report.losses),
    );
    let boots = said
        .partition("linux")
        .filter(|line| line.starts_with("workload: init reached"))
        .count();
    let wanted = if by_itself { LIVES } else { 1 };
    object(
        &mut list,
        boots >= wanted,
        format!("Linux reached its init {boots} times, not {wanted}"),
    );
    object(
        &mut list,
        said.contains(OVER),
        format!("Linux' last life did not end: {}", outcome.summary()),
    );
    object(
        &mut list,
        outcome.findings.is_empty(),
        format!("the bed's log objects: {:?}", outcome.findings),
    );
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenarios::testing;

    fn good() -> String {
        let mut text = String::new();
        for n in 1..=20 {
            text.push_str(&format!("[services] heartbeat: tick {n} at {n}.000 s\n"));
        }
        for life in 1..=11 {
            text.push_str("[linux] workload: init reached\n");
            text.push_str(&format!(
                "isthmus: linux: reset after 1000 ms, life {life}\n"
            ));
            text.push_str(
                "isthmus: linux: memory and tables are back: 9 KiB of 9 KiB and 5 frames free\n",
            );
        }
        text + "isthmus: linux: ended for good: reset\n"
    }

    fn count(text: &str) -> usize {
        judge(&testing::outcome(text), &Facts::default(), "reset", true).len()
    }

    #[test]
    fn eleven_lives_with_everything_back_hold() {
        assert_eq!(
            judge(&testing::outcome(&good()), &Facts::default(), "reset", true),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_lost_page_is_objected_to() {
        let text = good().replacen("and 5 frames", "and 4 frames", 2).replacen(
            "and 4 frames",
            "and 5 frames",
            1,
        );
        assert_eq!(count(&text), 1);
    }

    #[test]
    fn a_census_that_misses_something_is_objected_to() {
        let text =
            good() + "isthmus: linux: since its last life: census: vectors 3 before, 2 after;\n";
        assert_eq!(count(&text), 1);
    }

    #[test]
    fn fewer_lives_another_reason_and_a_skipped_life_are_objected_to() {
        assert_eq!(count(&good().replace(", life 11", ", life 10")), 1);
        assert_eq!(
            count(&good().replacen("linux: reset", "linux: triple fault", 1)),
            1
        );
        assert_eq!(
            count(&good().replacen("[linux] workload: init reached\n", "", 1)),
            1
        );
    }
}
