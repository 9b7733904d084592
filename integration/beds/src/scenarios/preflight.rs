//! `preflight`: on processors without VT-x, or without parts of it that Isthmus needs, the report is right and the stop clear.

use super::{Facts, Objections, Run, Scenario, object};
use crate::machine::{CpuModel, End, Outcome};

/// The scenario.
pub const SCENARIO: Scenario = Scenario {
    name: "preflight",
    promise: "on emulated CPUs without VMX, or without EPT, the report says what is missing and the machine stops clearly",
    bed: Some(crate::bed::Bed::Bochs),
    on_both: false,
    runs: &[
        Run::new("preflight", 3, |outcome, _: &Facts| judge(outcome, "VMX")).on(CpuModel::Athlon64),
        Run::new("preflight-ept", 3, |outcome, _: &Facts| {
            judge(outcome, "EPT")
        })
        .on(CpuModel::Core2),
    ],
};

/// `lacks` is what the processor does not have and the stop has to name.
fn judge(outcome: &Outcome, lacks: &str) -> Objections {
    let mut list = Vec::new();
    let said = &outcome.transcript;
    let stopped = said.stopped();
    object(
        &mut list,
        stopped.is_some_and(|reason| reason.contains(lacks)),
        format!("the stop does not name {lacks}: {stopped:?}"),
    );
    object(
        &mut list,
        outcome.end == End::PoweredOff,
        format!("the machine did not end by itself: {}", outcome.summary()),
    );
    object(
        &mut list,
        said.partition("services").next().is_none(),
        "a partition was started in spite of it",
    );
    object(
        &mut list,
        !said.contains("panic"),
        "the hypervisor panicked instead of stopping",
    );
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenarios::testing;

    const GOOD: &str = "isthmus: VMX: no\nisthmus: stopped: this processor has no VMX (VT-x)\n";

    #[test]
    fn a_stop_that_names_what_is_missing_holds() {
        assert_eq!(judge(&testing::outcome(GOOD), "VMX"), Vec::<String>::new());
    }

    #[test]
    fn another_reason_a_hang_and_a_started_partition_are_objected_to() {
        assert_eq!(judge(&testing::outcome(GOOD), "EPT").len(), 1);
        let mut hung = testing::outcome(GOOD);
        hung.end = End::TimedOut;
        assert_eq!(judge(&hung, "VMX").len(), 1);
        assert_eq!(
            judge(
                &testing::outcome(&format!("[services] kernel: hello\n{GOOD}")),
                "VMX"
            )
            .len(),
            1
        );
    }
}
