//! `cargo xtask scenario`: builds what a machine test needs, boots it, and lets its judge speak.
//!
//! Neighbours: `isthmus_beds::scenarios` has the tests; [`crate::test`] runs all of them.

use crate::{
    Options,
    image::{self, Style},
    programs::{self, Profile, Program},
    run,
    watch::{Heartbeat, Until},
    workspace,
};
use isthmus_beds::{
    bed::Bed,
    error::{Error, Result},
    initramfs,
    machine::{Boot, Machine, Outcome},
    scenarios::{self, Facts, Run, Scenario, standalone},
};

use std::time::Duration;

/// How many of the serial line's last lines a failure shows.
const SHOWN: usize = 60;

/// The command.
///
/// # Errors
/// What keeps the machine from being built or booted; a scenario that does not hold is no error but exit code 1.
pub fn command(options: &Options) -> Result<u8> {
    if options.list {
        for scenario in scenarios::ALL {
            println!("{:<20} {}", scenario.name, scenario.promise);
        }
        return Ok(0);
    }
    let names: Vec<&str> = scenarios::ALL
        .iter()
        .map(|scenario| scenario.name)
        .collect();
    let name = options
        .words
        .first()
        .ok_or_else(|| Error::Input(format!("which one? There are {}", names.join(", "))))?;
    let (whole, part) = name
        .split_once('/')
        .map_or((name.as_str(), None), |(name, part)| (name, Some(part)));
    let scenario = scenarios::find(whole).ok_or_else(|| {
        Error::Input(format!(
            "there is no scenario `{whole}`; there are {}",
            names.join(", ")
        ))
    })?;
    let bed = bed(scenario, options.bed.as_deref())?;
    let holds = prepare(scenario, part, bed)?.run()?;
    Ok(u8::from(!holds))
}

/// The bed for `scenario`: its only one, or the one asked for.
///
/// # Errors
/// A bed that cannot run, or on which the scenario makes no sense.
pub fn bed(scenario: &Scenario, asked: Option<&str>) -> Result<Bed> {
    match (scenario.bed, asked) {
        (Some(only), None | Some("auto")) => run::bed(Some(only.name())),
        (Some(only), Some(other)) if other != only.name() => Err(Error::Input(format!(
            "{} runs on the bed {only} only",
            scenario.name
        ))),
        (None, Some("standalone")) => Err(Error::Input(format!(
            "{} needs the hypervisor, which the bed standalone does not have; take bochs, qemu-svm or qemu-kvm",
            scenario.name
        ))),
        (_, asked) => run::bed(asked),
    }
}

/// The beds for `scenario` in a full test: the best one, and the best with the other kind of virtualization where that makes
/// a difference.
///
/// # Errors
/// As [`bed`].
pub fn beds(scenario: &Scenario) -> Result<Vec<Bed>> {
    let best = bed(scenario, None)?;
    let other = match best {
        Bed::QemuSvm => Some(Bed::Bochs),
        Bed::QemuKvm | Bed::Bochs => Some(Bed::QemuSvm),
        Bed::Standalone => None,
    };
    let other = other.filter(|_| scenario.on_both && scenario.bed.is_none());
    let mut beds = vec![best];
    if let Some(other) = other {
        beds.push(run::bed(Some(other.name()))?);
    }
    Ok(beds)
}

/// A scenario whose machines are built and ready to boot.
#[derive(Debug)]
pub struct Prepared {
    bed: Bed,
    machines: Vec<(&'static Run, Machine)>,
    facts: Facts,
}

/// Builds and packs everything that `scenario` boots, or only the boot called `part`.
///
/// # Errors
/// What keeps it from being built, or a name that no boot has.
pub fn prepare(scenario: &'static Scenario, part: Option<&str>, bed: Bed) -> Result<Prepared> {
    let mut machines = Vec::new();
    let chosen = |run: &&Run| part.is_none_or(|part| part == run.manifest);
    for run in scenario.runs.iter().filter(chosen) {
        let folder = workspace::folder("logs")?
            .join(scenario.name)
            .join(format!("{}-{bed}", run.manifest));
        let name = if scenario.runs.len() == 1 {
            scenario.name.to_owned()
        } else {
            format!("{}/{}", scenario.name, run.manifest)
        };
        let machine = if bed == Bed::Standalone {
            let elf = programs::build(&[Program::Kernel], Profile::Dev)?.remove(0);
            let boot = Boot::Pvh {
                kernel: elf,
                command_line: standalone::COMMAND_LINE.to_owned(),
                initrd: None,
            };
            Machine {
                name,
                boot,
                cpu: run.cpu,
                cores: 2,
                memory_mib: 128,
                limit: run.limit,
                gdb: false,
                host_time: run.host_time,
                folder,
            }
        } else {
            let path = workspace::integration()
                .join("manifests")
                .join(format!("{}.toml", run.manifest));
            let packed = image::pack(&path, Style::TEST)?;
            let (cores, memory_mib) = (packed.cores, packed.memory_mib);
            Machine {
                name,
                boot: Boot::Iso(packed.iso),
                cpu: run.cpu,
                cores,
                memory_mib,
                limit: run.limit,
                gdb: false,
                host_time: run.host_time,
                folder,
            }
        };
        machines.push((run, machine));
    }
    if machines.is_empty() {
        let parts: Vec<&str> = scenario.runs.iter().map(|run| run.manifest).collect();
        return Err(Error::Input(format!(
            "{} boots {}, nothing else",
            scenario.name,
            parts.join(", ")
        )));
    }
    Ok(Prepared {
        bed,
        machines,
        facts: Facts {
            sample_hash: initramfs::sample_hash()?,
            host_time: false,
        },
    })
}

impl Prepared {
    /// How long all of it may take.
    pub fn limit(&self) -> Duration {
        self.machines.iter().map(|(_, machine)| machine.limit).sum()
    }

    /// Boots the machines one after the other, judges each and prints what came of it; says whether all holds.
    ///
    /// # Errors
    /// If the bed cannot run.
    pub fn run(&self) -> Result<bool> {
        let mut holds = true;
        for (run, machine) in &self.machines {
            println!(
                "scenario {}: booting on {}, at most {} s",
                machine.name,
                self.bed,
                machine.limit.as_secs()
            );
            let mut watcher = Until::new(run.until, Heartbeat::new(&machine.name));
            let outcome = self.bed.run(machine, &mut watcher)?;
            let facts = Facts {
                // Bochs has a time of its own, whatever a run asks for.
                host_time: machine.host_time && self.bed != Bed::Bochs,
                ..self.facts.clone()
            };
            let objections = (run.judge)(&outcome, &facts);
            let mut report = String::new();
            if !objections.is_empty() {
                holds = false;
                report = failure(&machine.name, &outcome, &objections);
            }
            let word = if objections.is_empty() {
                "holds"
            } else {
                "FAILS"
            };
            // In one piece, because another machine may be talking.
            println!(
                "{report}scenario {}: {word}; {}",
                machine.name,
                outcome.summary()
            );
        }
        Ok(holds)
    }
}

fn failure(name: &str, outcome: &Outcome, objections: &[String]) -> String {
    let mut text = format!("--- {name}: the last {SHOWN} lines of the serial line\n");
    for line in outcome.transcript.last(SHOWN) {
        text.push_str(&format!("    {line}\n"));
    }
    for finding in &outcome.findings {
        text.push_str(&format!("--- bed: {finding}\n"));
    }
    for objection in objections {
        text.push_str(&format!("--- does not hold: {objection}\n"));
    }
    text.push_str(&format!("--- logs: {}\n", outcome.folder.display()));
    text
}
