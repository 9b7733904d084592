//! `trespass`: a hostile guest gets the architecture's answer to everything it tries, and nobody else notices.

use super::{Facts, Objections, Run, Scenario, linux_and_services::ended, object, services};
use crate::machine::Outcome;

/// The scenario.
pub const SCENARIO: Scenario = Scenario {
    name: "trespass",
    promise: "a hostile guest tries every port, MSR, address, VMX instruction, register bit and interrupt: it gets the architecture's answer, and no other partition changes",
    bed: None,
    on_both: true,
    runs: &[Run::new("trespass", 20, judge).in_host_time()],
};

fn judge(outcome: &Outcome, facts: &Facts) -> Objections {
    let said = &outcome.transcript;
    let mut list = services::heartbeat(said.partition("services"), 3, 250, facts.lateness(200));
    let lines: Vec<&str> = said
        .partition("trespass")
        .filter_map(|line| line.strip_prefix("trespass: "))
        .collect();
    object(
        &mut list,
        lines.iter().any(|line| line.starts_with("on Isthmus")),
        "the guest did not see that it runs on Isthmus",
    );
    for line in lines.iter().filter(|line| line.contains(": FAILED")) {
        list.push((*line).to_owned());
    }
    let count = lines.iter().filter(|line| line.ends_with(": ok")).count();
    let sum = format!("{count} passed, 0 failed");
    object(
        &mut list,
        count > 0 && lines.contains(&sum.as_str()),
        "the guest did not come to its sum",
    );
    ended(outcome, &mut list);
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenarios::testing;

    const GOOD: &str = "\
[services] heartbeat: tick 1 at 0.250 s
[trespass] trespass: on Isthmus, two or more processors
[trespass] trespass: ports: ok
[services] heartbeat: tick 2 at 0.500 s
[trespass] trespass: msrs: ok
[services] heartbeat: tick 3 at 0.750 s
[trespass] trespass: 2 passed, 0 failed
isthmus: verdict 0
";

    fn judge_text(text: &str) -> Objections {
        judge(&testing::outcome(text), &Facts::default())
    }

    #[test]
    fn the_right_answers_hold() {
        assert_eq!(judge_text(GOOD), Vec::<String>::new());
    }

    #[test]
    fn a_wrong_answer_is_repeated() {
        let text = GOOD.replace(
            "msrs: ok",
            "msrs: FAILED: got 0x0 expected #GP(0x0) (rdmsr 0x10)",
        );
        assert!(judge_text(&text)[0].contains("rdmsr 0x10"));
    }

    #[test]
    fn a_sum_of_something_else_is_objected_to() {
        assert_eq!(judge_text(&GOOD.replace("2 passed", "3 passed")).len(), 1);
    }
}
