//! `two-linuxes`: two Linux partitions and the capability kernel; each sees only its own memory and devices.

use super::{Facts, Objections, Run, Scenario, linux_and_services::ended, object, services};
use crate::machine::Outcome;

/// The scenario.
pub const SCENARIO: Scenario = Scenario {
    name: "two-linuxes",
    promise: "two Linuxes fill their memory at the same time and each finds its own unchanged; each has the memory and devices of its manifest",
    bed: None,
    on_both: false,
    runs: &[Run::new("two-linuxes", 20, judge).in_host_time()],
};

/// Name, memory in the manifest in MiB, and whether it has a clock.
const LINUXES: [(&str, u64, &str); 2] = [("one", 160, "yes"), ("two", 128, "no")];
/// What Linux' kernel keeps of its memory at most, in MiB.
const KERNEL_MIB: u64 = 48;

fn judge(outcome: &Outcome, facts: &Facts) -> Objections {
    let said = &outcome.transcript;
    let mut list = services::heartbeat(said.partition("services"), 5, 1000, facts.lateness(200));
    for (name, mib, clock) in LINUXES {
        let lines: Vec<&str> = said
            .partition(name)
            .filter_map(|line| line.strip_prefix("workload: "))
            .collect();
        let mut wants = |line: String| {
            object(
                &mut list,
                lines.contains(&line.as_str()),
                format!("{name} did not say `{line}`"),
            )
        };
        wants(format!("init reached as {name}"));
        wants(format!("clock {clock}"));
        wants("unchanged ok".into());
        wants("devices ok".into());
        wants("finished".into());
        let memory = lines.iter().find_map(|line| {
            line.strip_prefix("memory ")?
                .strip_suffix(" KiB")?
                .parse::<u64>()
                .ok()
        });
        let right = memory.is_some_and(|kib| (mib - KERNEL_MIB..=mib).contains(&(kib / 1024)));
        object(
            &mut list,
            right,
            format!("{name} has {memory:?} KiB of memory; its manifest says {mib} MiB"),
        );
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
            text.push_str(&format!("[services] heartbeat: tick {n} at {n}.000 s\n"));
        }
        for (name, kib, clock) in [("one", 130_000, "yes"), ("two", 100_000, "no")] {
            for line in [
                &format!("init reached as {name}"),
                &format!("memory {kib} KiB"),
                &format!("clock {clock}"),
                "unchanged ok",
                "devices ok",
                "finished",
            ] {
                text.push_str(&format!("[{name}] workload: {line}\n"));
            }
        }
        text + "isthmus: verdict 0\n"
    }

    fn count(text: &str) -> usize {
        judge(&testing::outcome(text), &Facts::default()).len()
    }

    #[test]
    fn two_that_keep_apart_hold() {
        assert_eq!(
            judge(&testing::outcome(&good()), &Facts::default()),
            Vec::<String>::new()
        );
    }

    #[test]
    fn another_ones_memory_device_or_mark_is_objected_to() {
        assert_eq!(
            count(&good().replace(
                "[two] workload: unchanged ok",
                "[two] workload: unchanged FAILED"
            )),
            1
        );
        assert_eq!(count(&good().replace("100000 KiB", "200000 KiB")), 1);
        assert_eq!(count(&good().replace("clock no", "clock yes")), 1);
        assert_eq!(
            count(&good().replace("reached as two", "reached as one")),
            1
        );
    }
}
