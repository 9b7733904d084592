//! `linux-and-services`: the capability kernel and Debian's cloud kernel at the same time on two cores.

use super::{Facts, Objections, Run, Scenario, linux, object, services};
use crate::machine::{End, Outcome};

/// The scenario.
pub const SCENARIO: Scenario = Scenario {
    name: "linux-and-services",
    promise: "Linux with two vCPUs does its work beside the capability kernel, which keeps ticking, and switches itself off",
    bed: None,
    on_both: false,
    runs: &[Run::new("linux-and-services", 20, judge)],
};

/// The kernel's period in the manifest.
const PERIOD_MS: u64 = 250;
/// How late a tick may be: it shares a core with a vCPU of Linux.
const LATE_MS: u64 = 100;

fn judge(outcome: &Outcome, facts: &Facts) -> Objections {
    let said = &outcome.transcript;
    let mut list = linux::workload("linux", said.partition("linux"), 2, facts);
    list.extend(services::heartbeat(
        said.partition("services"),
        5,
        PERIOD_MS,
        LATE_MS,
    ));
    object(
        &mut list,
        ticked_throughout(outcome),
        "the capability kernel did not tick both before and after Linux had worked",
    );
    ended(outcome, &mut list);
    list
}

/// That the machine ended by itself, by the verdict of the partition that decides, without a failed VM entry.
pub fn ended(outcome: &Outcome, list: &mut Objections) {
    object(
        list,
        outcome.end == End::PoweredOff,
        format!("the machine did not end by itself: {}", outcome.summary()),
    );
    object(
        list,
        outcome.verdict() == Some(0),
        format!("the verdict was {:?}, not 0", outcome.verdict()),
    );
    object(
        list,
        outcome.findings.is_empty(),
        format!("the bed's log objects: {:?}", outcome.findings),
    );
}

/// Whether there are ticks between Linux' first line and its last, and after it.
fn ticked_throughout(outcome: &Outcome) -> bool {
    let lines = outcome.transcript.lines();
    let position = |text: &str| {
        lines
            .iter()
            .position(|line| line.starts_with("[linux]") && line.contains(text))
    };
    let (Some(first), Some(last)) = (position("workload: init"), position("workload: finished"))
    else {
        return false;
    };
    let is_tick = |line: &String| {
        line.strip_prefix("[services] ")
            .is_some_and(|line| services::tick(line).is_some())
    };
    let any = |range: &[String]| range.iter().any(is_tick);
    lines.get(first..last).is_some_and(any) && lines.get(last..).is_some_and(any)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenarios::testing;

    fn good() -> String {
        let tick = |n: u64| {
            let ms = n * PERIOD_MS + 1;
            format!(
                "[services] heartbeat: tick {n} at {}.{:03} s\n",
                ms / 1000,
                ms % 1000
            )
        };
        let mut text = String::from("isthmus: partition services started\n");
        text.push_str(&tick(1));
        for (index, line) in linux::GOOD.lines().enumerate() {
            text.push_str(&format!("[linux] {line}\n"));
            if index == 3 {
                text.push_str(&[tick(2), tick(3), tick(4)].concat());
            }
        }
        text + &tick(5) + "[services] heartbeat: done\nisthmus: verdict 0\n"
    }

    fn objections(text: &str) -> Objections {
        judge(
            &testing::outcome(text),
            &Facts {
                sample_hash: "abc".into(),
                host_time: false,
            },
        )
    }

    #[test]
    fn a_good_run_holds() {
        assert_eq!(objections(&good()), Vec::<String>::new());
    }

    #[test]
    fn a_kernel_that_stops_with_linux_is_objected_to() {
        let text = good().replace("[services] heartbeat: tick 5 at 1.251 s\n", "");
        assert_eq!(objections(&text).len(), 2);
    }

    #[test]
    fn another_verdict_is_objected_to() {
        assert_eq!(
            objections(&good().replace("verdict 0", "verdict 1")).len(),
            1
        );
        assert_eq!(
            objections(&good().replace("isthmus: verdict 0\n", "isthmus: stopped: panic\n")).len(),
            1
        );
    }

    #[test]
    fn a_failed_vm_entry_is_objected_to() {
        let mut outcome = testing::outcome(&good());
        outcome
            .findings
            .push("VMENTER FAIL: VMCS guest invalid CR4".into());
        assert_eq!(
            judge(
                &outcome,
                &Facts {
                    sample_hash: "abc".into(),
                    host_time: false,
                }
            )
            .len(),
            1
        );
    }
}
