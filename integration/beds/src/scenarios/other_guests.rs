//! `other-guests`: guests that nobody here wrote boot to where they should.

use super::{Facts, Objections, Run, Scenario, linux, object};
use crate::machine::{End, Outcome};

/// The scenario.
pub const SCENARIO: Scenario = Scenario {
    name: "other-guests",
    promise: "Debian's -amd64 and -rt-amd64 kernels do the workload, memtest86+ shows its test screen, Xen starts as a Multiboot guest",
    bed: None,
    on_both: false,
    runs: &[
        Run::new("other-linux-amd64", 20, other_linux),
        Run::new("other-linux-rt", 20, other_linux),
        Run::new("other-memtest", 10, memtest).until(MEMTEST),
        Run::new("other-xen", 10, xen).until(XEN),
    ],
};

/// What is on memtest86+'s screen once it has come to its fifth test.
const MEMTEST: &[&str] = &["Memtest86+", "walking ones", "8 bit pattern", "Errors: 0"];
/// Xen's banner, the memory map that it was given, and the end of its own start-up or its word that it cannot go on.
const XEN: &[&str] = &["Xen version 4.17", "Multiboot-e820 RAM map"];

fn other_linux(outcome: &Outcome, facts: &Facts) -> Objections {
    let mut list = linux::workload("linux", outcome.transcript.partition("linux"), 2, facts);
    object(
        &mut list,
        outcome.end == End::PoweredOff,
        format!("the machine did not end by itself: {}", outcome.summary()),
    );
    object(
        &mut list,
        outcome.findings.is_empty(),
        format!("the bed's log objects: {:?}", outcome.findings),
    );
    list
}

fn memtest(outcome: &Outcome, _: &Facts) -> Objections {
    shows(outcome, MEMTEST)
}

fn xen(outcome: &Outcome, _: &Facts) -> Objections {
    shows(outcome, XEN)
}

fn shows(outcome: &Outcome, texts: &[&str]) -> Objections {
    let missing = texts
        .iter()
        .filter(|text| !outcome.transcript.contains(text));
    missing
        .map(|text| format!("the guest never showed `{text}`: {}", outcome.summary()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenarios::testing;

    #[test]
    fn a_linux_that_does_its_work_and_switches_off_holds() {
        let text: String = linux::GOOD
            .lines()
            .map(|line| format!("[linux] {line}\n"))
            .collect();
        let facts = Facts {
            sample_hash: "abc".into(),
            host_time: false,
        };
        assert_eq!(
            other_linux(&testing::outcome(&text), &facts),
            Vec::<String>::new()
        );
        let mut hung = testing::outcome(&text);
        hung.end = End::TimedOut;
        assert_eq!(other_linux(&hung, &facts).len(), 1);
    }

    #[test]
    fn every_text_of_the_screen_has_to_come() {
        let screen = "[memtest] Memtest86+ v6.10 | Intel\n[memtest] #0 [walking ones]\n[memtest] #4 [8 bit pattern] Errors: 0\n";
        assert!(memtest(&testing::outcome(screen), &Facts::default()).is_empty());
        assert_eq!(
            memtest(
                &testing::outcome("[memtest] Memtest86+ v6.10\n"),
                &Facts::default()
            )
            .len(),
            3
        );
    }
}
