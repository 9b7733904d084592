//! The machine tests. Each is a machine, its manifest, and a judge: a function over what the machine said that lists what does
//! not hold.
//!
//! Judges believe nothing that they did not read: a line that is missing is a failure. Each has unit tests with a
//! transcript that holds and some that do not. Neighbours: `xtask scenario` builds and boots, and calls the judge.

pub mod linux;
pub mod linux_and_services;
pub mod other_guests;
pub mod preflight;
pub mod restart;
pub mod services;
pub mod shared_core;
pub mod standalone;
pub mod trespass;
pub mod two_linuxes;

use crate::{
    bed::Bed,
    machine::{CpuModel, Outcome},
};
use std::time::Duration;

/// What a judge finds wrong; empty when the scenario holds.
pub type Objections = Vec<String>;

/// What a judge knows beside the machine's words.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// SHA-256 of `/data/sample` by the host's own tool.
    pub sample_hash: String,
    /// Whether the machine's time passed as on the host, which may have had other things to do.
    pub host_time: bool,
}

impl Facts {
    /// How late something may come that may come `milliseconds` late on a machine with a time of its own.
    #[must_use]
    pub const fn lateness(&self, milliseconds: u64) -> u64 {
        // A busy host keeps a processor waiting for many of its own slices.
        const HOST: u64 = 5_000;
        if self.host_time {
            milliseconds + HOST
        } else {
            milliseconds
        }
    }
}

/// One boot of a scenario.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// Name of the manifest in `integration/manifests`, without `.toml`; also the name of the run's folder. For
    /// [`Bed::Standalone`] there is none, and the capability kernel boots alone.
    pub manifest: &'static str,
    /// Beside what the manifest asks for.
    pub cpu: CpuModel,
    /// Time limit on a host that does 50 million instructions a second.
    pub limit: Duration,
    /// Whether the machine's time is to pass as on the host, because it asks for more than a processor of the bed's rate
    /// does.
    pub host_time: bool,
    /// Lines the machine is stopped at, when all have come: for guests that never end by themselves.
    pub until: &'static [&'static str],
    /// What does not hold.
    pub judge: fn(&Outcome, &Facts) -> Objections,
}

impl Run {
    /// A run of `manifest` that ends by itself.
    pub const fn new(
        manifest: &'static str,
        minutes: u64,
        judge: fn(&Outcome, &Facts) -> Objections,
    ) -> Self {
        Self {
            manifest,
            cpu: CpuModel::Haswell,
            limit: Duration::from_secs(minutes * 60),
            host_time: false,
            until: &[],
            judge,
        }
    }

    /// The same on another processor.
    pub const fn on(mut self, cpu: CpuModel) -> Self {
        self.cpu = cpu;
        self
    }

    /// The same, in the host's time.
    pub const fn in_host_time(mut self) -> Self {
        self.host_time = true;
        self
    }

    /// The same, stopped when all of `lines` have been seen.
    pub const fn until(mut self, lines: &'static [&'static str]) -> Self {
        self.until = lines;
        self
    }
}

/// A machine test.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Its name on the command line.
    pub name: &'static str,
    /// What holds when it passes, in a sentence.
    pub promise: &'static str,
    /// The only bed it makes sense on, if there is only one.
    pub bed: Option<Bed>,
    /// Whether what it shows differs between VT-x and AMD-V, so that both are to be seen.
    pub on_both: bool,
    /// Its boots, in order.
    pub runs: &'static [Run],
}

/// All machine tests.
pub const ALL: &[Scenario] = &[
    standalone::SCENARIO,
    preflight::SCENARIO,
    linux_and_services::SCENARIO,
    shared_core::SCENARIO,
    two_linuxes::SCENARIO,
    restart::SCENARIO,
    trespass::SCENARIO,
    other_guests::SCENARIO,
];

/// The machine test of this name.
pub fn find(name: &str) -> Option<&'static Scenario> {
    ALL.iter().find(|scenario| scenario.name == name)
}

/// `objection` unless `holds`.
fn object(list: &mut Objections, holds: bool, objection: impl Into<String>) {
    if !holds {
        list.push(objection.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_names_that_the_issue_fixes_are_there_and_unique() {
        let names: HashSet<_> = ALL.iter().map(|scenario| scenario.name).collect();
        assert_eq!(names.len(), ALL.len());
        for name in [
            "linux-and-services",
            "shared-core",
            "two-linuxes",
            "restart",
            "trespass",
            "other-guests",
            "preflight",
        ] {
            assert!(find(name).is_some(), "{name}");
        }
    }

    /// A machine that says nothing and ends holds nothing.
    #[test]
    fn silence_passes_no_judge() {
        let silent = testing::outcome("");
        for scenario in ALL {
            for run in scenario.runs {
                assert!(
                    !(run.judge)(&silent, &Facts::default()).is_empty(),
                    "{} {}",
                    scenario.name,
                    run.manifest
                );
            }
        }
    }
}

/// Helpers for the judges' tests.
#[cfg(test)]
pub mod testing {
    use crate::{
        machine::{End, Outcome},
        transcript::Transcript,
    };
    use std::time::Duration;

    /// A machine that said `text` and switched itself off.
    pub fn outcome(text: &str) -> Outcome {
        Outcome {
            end: End::PoweredOff,
            transcript: Transcript::new(text.as_bytes()),
            findings: Vec::new(),
            marks: Vec::new(),
            elapsed: Duration::from_secs(1),
            folder: "/nowhere".into(),
        }
    }
}
