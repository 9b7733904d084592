//! `shared-core`: Linux and the capability kernel take turns on one core, by their budgets.
//!
//! Both poll when they are idle, so each wants all of the core all of its life, and what it used is what its budget gave.

use super::{Facts, Objections, Run, Scenario, linux, linux_and_services::ended, object, services};
use crate::{machine::Outcome, report::Report};

/// The scenario.
pub const SCENARIO: Scenario = Scenario {
    name: "shared-core",
    promise: "on one core, Linux and the capability kernel each use what their budget says within 2 %, and neither starves",
    bed: None,
    on_both: true,
    runs: &[Run::new("shared-core", 20, judge)],
};

/// The kernel's period in the manifest.
const PERIOD_MS: u64 = 1000;
/// How late a tick may be: at worst the rest of the period in which its budget is used up, and the switch.
const LATE_MS: u64 = 250;
/// The budgets of the manifest, in per cent of the core.
const BUDGETS: [(&str, f64); 2] = [("services", 20.0), ("linux", 80.0)];
/// How far the time used may be from the budget, in per cent of it.
const TOLERANCE: f64 = 2.0;

fn judge(outcome: &Outcome, facts: &Facts) -> Objections {
    let said = &outcome.transcript;
    let mut list = linux::workload("linux", said.partition("linux"), 1, facts);
    list.extend(services::heartbeat(
        said.partition("services"),
        5,
        PERIOD_MS,
        LATE_MS,
    ));
    let report = Report::new(said);
    for (name, budget) in BUDGETS {
        match report.share(name, 0) {
            None => list.push(format!("the hypervisor did not report what {name} used")),
            Some(share) => {
                let holds = (share - budget).abs() * 100.0 <= TOLERANCE * budget;
                object(
                    &mut list,
                    holds,
                    format!("{name} used {share:.2} % of the core; its budget is {budget} %"),
                );
            }
        }
    }
    ended(outcome, &mut list);
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenarios::testing;

    fn good() -> String {
        let mut text = String::new();
        for n in 1..=5 {
            text.push_str(&format!("[services] heartbeat: tick {n} at {n}.010 s\n"));
        }
        for line in linux::GOOD.lines() {
            text.push_str(&format!(
                "[linux] {}\n",
                line.replace("2 online 0-1", "1 online 0")
            ));
        }
        text + "isthmus: 1 cores, TSC 50.000 MHz, 1 MiB for partitions\n\
                isthmus: linux: powered off after 10000 ms, life 1\n\
                isthmus: 1 linux     vcpu 0\nisthmus: in guest   390000000\nisthmus: in hypervisor   9500000\n\
                isthmus: services: verdict 0 after 50000 ms, life 1\n\
                isthmus: 0 services  vcpu 0\nisthmus: in guest   495000000\nisthmus: in hypervisor   4500000\n\
                isthmus: verdict 0\n"
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
    fn budgets_kept_within_two_per_cent_hold() {
        assert_eq!(objections(&good()), Vec::<String>::new());
    }

    #[test]
    fn a_partition_that_used_too_much_or_too_little_is_objected_to() {
        assert_eq!(
            objections(&good().replace("guest   495000000", "guest   475000000")).len(),
            1
        );
        assert_eq!(
            objections(&good().replace("guest   390000000", "guest   410000000")).len(),
            1
        );
        assert_eq!(objections(&good().replace("vcpu 0\n", "\n")).len(), 2);
    }
}
