//! `cargo xtask run`: build, pack, boot, and be the machine's terminal.
//!
//! Neighbours: [`crate::image`] packs, [`crate::watch`] joins the terminal.

use crate::{
    Options,
    image::{self, Style},
    programs::{self, Profile, Program},
    setup::{self, Need},
    watch::{Stream, Terminal},
    workspace,
};
use isthmus_beds::{
    bed::Bed,
    error::Result,
    machine::{Boot, CpuModel, End, GDB_PORT, Machine, Outcome},
};
use std::{io::IsTerminal, path::Path, time::Duration};

/// Nobody watches a run without terminal, so it has an end.
const LIMIT_UNATTENDED: Duration = Duration::from_secs(15 * 60);
const LIMIT_INTERACTIVE: Duration = Duration::from_secs(24 * 60 * 60);

/// The command.
///
/// # Errors
/// What keeps the machine from being built or booted.
pub fn command(options: &Options) -> Result<u8> {
    let name = options.bed.as_deref();
    let alone = name == Some(Bed::Standalone.name());
    // A wrong word is told before anything is installed or built.
    let manifest = if alone {
        None
    } else {
        Some(image::manifest_path(options.words.first())?)
    };
    let bed = bed(name)?;
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let style = Style {
        profile: Profile::from_flag(options.release),
        interactive: terminal,
    };
    let mut machine = match manifest {
        None => kernel_alone(&options.words, style.profile)?,
        Some(manifest) => partitioned(&manifest, style)?,
    };
    let usual = if terminal {
        LIMIT_INTERACTIVE
    } else {
        LIMIT_UNATTENDED
    };
    machine.limit = options.limit.unwrap_or(usual);
    machine.gdb = options.gdb;
    banner(&machine, bed, terminal);
    let outcome = boot(bed, &machine, terminal)?;
    println!("\n{}", outcome.summary());
    for finding in &outcome.findings {
        println!("{bed}: {finding}");
    }
    println!("logs: {}", outcome.folder.display());
    Ok(exit_code(&outcome, terminal))
}

/// The capability kernel alone, with `words` as its command line.
fn kernel_alone(words: &[String], profile: Profile) -> Result<Machine> {
    let kernel = programs::build(&[Program::Kernel], profile)?.remove(0);
    let command_line = if words.is_empty() {
        "heartbeat=1s ticks=10 verdict=0".to_owned()
    } else {
        words.join(" ")
    };
    Ok(Machine {
        name: format!("the capability kernel alone ({command_line})"),
        boot: Boot::Pvh {
            kernel,
            command_line,
            initrd: None,
        },
        cpu: CpuModel::default(),
        cores: 2,
        memory_mib: 128,
        gdb: false,
        host_time: false,
        limit: LIMIT_UNATTENDED,
        folder: workspace::folder("logs")?.join("run-standalone"),
    })
}

/// The machine that a manifest asks for.
fn partitioned(manifest: &Path, style: Style) -> Result<Machine> {
    let packed = image::pack(manifest, style)?;
    Ok(Machine {
        folder: workspace::folder("logs")?.join(format!("run-{}", packed.name)),
        name: packed.name,
        boot: Boot::Iso(packed.iso),
        cpu: CpuModel::default(),
        cores: packed.cores,
        memory_mib: packed.memory_mib,
        gdb: false,
        host_time: false,
        limit: LIMIT_UNATTENDED,
    })
}

/// The bed that was asked for, after what it needs was installed.
///
/// # Errors
/// An unknown name, or why the bed cannot run.
pub fn bed(name: Option<&str>) -> Result<Bed> {
    let bed = Bed::parse(name.unwrap_or("auto"))?;
    let need = if bed == Bed::Bochs {
        Need::Bochs
    } else {
        Need::Qemu
    };
    setup::require(&[need])?;
    bed.available()?;
    Ok(bed)
}

fn banner(machine: &Machine, bed: Bed, terminal: bool) {
    println!(
        "Booting {} on {bed}: {} cores, {} MiB.",
        machine.name, machine.cores, machine.memory_mib
    );
    if bed == Bed::Bochs {
        println!(
            "Bochs emulates every instruction: GRUB takes some seconds, Linux half a minute and more."
        );
    }
    if machine.gdb {
        println!(
            "It waits for a debugger: gdb PROGRAM -ex 'target remote :{GDB_PORT}' (docs/debugging.md says more)."
        );
    }
    if terminal {
        println!(
            "Keys: Ctrl-A then n next console, 1-9 console by number, 0 hypervisor, c counters, h help, x end."
        );
    }
    println!();
}

fn boot(bed: Bed, machine: &Machine, terminal: bool) -> Result<Outcome> {
    match terminal.then(Terminal::take).flatten() {
        Some(mut watcher) => bed.run(machine, &mut watcher),
        None => bed.run(machine, &mut Stream),
    }
}

/// The verdict of the partition that decides. Without one, an end in order is 0 and all else 1.
fn exit_code(outcome: &Outcome, terminal: bool) -> u8 {
    if let Some(verdict) = outcome.verdict() {
        return verdict;
    }
    let orderly = match outcome.end {
        End::PoweredOff => outcome.transcript.stopped().is_none(),
        End::Watched => terminal,
        _ => false,
    };
    u8::from(!orderly)
}

#[cfg(test)]
mod tests {
    use super::*;
    use isthmus_beds::transcript::Transcript;

    fn outcome(end: End, text: &str) -> Outcome {
        Outcome {
            end,
            transcript: Transcript::new(text.as_bytes()),
            findings: Vec::new(),
            marks: Vec::new(),
            elapsed: Duration::ZERO,
            folder: "/nowhere".into(),
        }
    }

    #[test]
    fn the_verdict_is_the_exit_code() {
        assert_eq!(
            exit_code(&outcome(End::PoweredOff, "isthmus: verdict 7\n"), false),
            7
        );
        assert_eq!(
            exit_code(
                &outcome(End::PoweredOff, "isthmus: stopped: no VMX\n"),
                false
            ),
            1
        );
        assert_eq!(exit_code(&outcome(End::PoweredOff, ""), false), 0);
        assert_eq!(exit_code(&outcome(End::TimedOut, ""), false), 1);
        assert_eq!(exit_code(&outcome(End::Watched, ""), true), 0);
    }
}
