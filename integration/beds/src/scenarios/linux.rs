//! Judges a Linux partition by the lines of `integration/initramfs/workload.sh`.
//!
//! Neighbours: the scenarios that run Linux.

use super::{Facts, Objections, object};

/// How far Linux' own clock may be from the real-time clock over a few seconds, in per cent.
const CLOCK_TOLERANCE: u64 = 3;
/// Timer interrupts that a processor takes at least while the workload runs.
const TIMER_INTERRUPTS: u64 = 20;

/// What does not hold of the workload whose lines are `lines`, on a machine with `cpus` processors.
pub fn workload<'a>(
    name: &str,
    lines: impl Iterator<Item = &'a str>,
    cpus: u32,
    facts: &Facts,
) -> Objections {
    let lines: Vec<&str> = lines
        .filter_map(|line| line.strip_prefix("workload: "))
        .collect();
    let mut list = Vec::new();
    let value = |key: &str| {
        lines
            .iter()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(' '))
    };
    let mut wants = |holds: bool, what: &str| object(&mut list, holds, format!("{name}: {what}"));
    wants(value("init").is_some(), "never reached its init");
    let online = if cpus == 1 {
        "0".to_owned()
    } else {
        format!("0-{}", cpus - 1)
    };
    wants(
        value("cpus") == Some(&format!("{cpus} online {online}")),
        &format!("does not have {cpus} processors online"),
    );
    for part in ["processes", "pipes"] {
        wants(value(part) == Some("ok"), &format!("{part} did not work"));
    }
    wants(
        !facts.sample_hash.is_empty() && value("hash") == Some(&facts.sample_hash),
        "hashed a file to something else than the host",
    );
    wants(
        value("slept").is_some_and(slept_right),
        "its clock and the real-time clock disagree, or it never slept",
    );
    for cpu in 0..cpus {
        let growth = value("interrupts").and_then(|text| timer_growth(text, cpu));
        let busy = growth.is_some_and(|count| count >= TIMER_INTERRUPTS);
        wants(
            busy,
            &format!(
                "processor {cpu} took {} timer interrupts",
                growth.map_or("no".into(), |n| n.to_string())
            ),
        );
    }
    wants(lines.contains(&"finished"), "did not finish its work");
    list
}

/// Reads `by rtc 4000 ms by clock 3980 ms`.
fn slept_right(text: &str) -> bool {
    let numbers: Vec<u64> = text
        .split(' ')
        .filter_map(|word| word.parse().ok())
        .collect();
    let [rtc, clock] = numbers[..] else {
        return false;
    };
    rtc >= 2000 && rtc.abs_diff(clock) * 100 <= rtc * CLOCK_TOLERANCE
}

/// Reads `cpu0 10 to 30 cpu1 5 to 9`: by how much the count of `cpu` grew.
fn timer_growth(text: &str, cpu: u32) -> Option<u64> {
    let mut words = text
        .split(' ')
        .skip_while(|word| *word != format!("cpu{cpu}"))
        .skip(1);
    let before: u64 = words.next()?.parse().ok()?;
    let after: u64 = words.nth(1)?.parse().ok()?;
    after.checked_sub(before)
}

/// A workload that went well, for the judges' tests.
#[cfg(test)]
pub const GOOD: &str = "\
workload: init reached, Linux 6.1.0-56-cloud-amd64
workload: cpus 2 online 0-1
workload: memory 223452 KiB
workload: processes ok
workload: pipes ok
workload: hash abc
workload: slept by rtc 4000 ms by clock 3980 ms
workload: clocksource tsc
workload: interrupts cpu0 1116 to 2168 cpu1 1058 to 2010
workload: finished
";

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(text: &str) -> Objections {
        workload(
            "linux",
            text.lines(),
            2,
            &Facts {
                sample_hash: "abc".into(),
                host_time: false,
            },
        )
    }

    #[test]
    fn the_real_lines_of_a_good_run_hold() {
        assert_eq!(judge(GOOD), Vec::<String>::new());
    }

    #[test]
    fn each_line_that_is_wrong_is_objected_to_once() {
        for (from, to) in [
            ("init reached", "began"),
            ("2 online 0-1", "1 online 0"),
            ("processes ok", "processes FAILED"),
            ("pipes ok", "pipes"),
            ("hash abc", "hash abd"),
            ("clock 3980", "clock 3000"),
            ("rtc 4000 ms by clock 3980", "rtc 0 ms by clock 0"),
            ("1058 to 2010", "1058 to 1060"),
            ("finished", "finish"),
        ] {
            assert_eq!(judge(&GOOD.replace(from, to)).len(), 1, "{from}");
        }
    }

    #[test]
    fn without_the_hosts_hash_nothing_is_believed() {
        let list = workload(
            "linux",
            GOOD.replace("hash abc", "hash ").lines(),
            2,
            &Facts::default(),
        );
        assert_eq!(list.len(), 1);
    }
}
