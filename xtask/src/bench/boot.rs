//! `boot`: what stands between GRUB and the first guest instruction, and what the hypervisor keeps for itself.
//!
//! Neighbours: the hypervisor prints its own numbers (`docs/beds.md`), the bed the tick at which GRUB let go.

use super::table::{Row, Table};
use crate::{
    image::{self, Style},
    programs::Profile,
    size,
    watch::Heartbeat,
    workspace,
};
use isthmus_beds::{
    bed::Bed,
    error::{Error, Result},
    machine::{Boot, CpuModel, Machine, Outcome},
};
use std::time::Duration;

/// Bars of DESIGN: instructions from the multiboot entry to the first guest instruction, and KiB of memory.
const ENTRY_BAR: f64 = 2_500_000.0;
const OWN_MEMORY_BAR: f64 = 8.0 * 1024.0;
const PARTITION_MEMORY_BAR: f64 = 1024.0;

/// The benchmark.
///
/// # Errors
/// If the machine cannot be built, or does not say what is asked.
pub fn run(bed: Bed) -> Result<Table> {
    let manifest = workspace::integration().join("manifests/bench-boot.toml");
    let packed = image::pack(
        &manifest,
        Style {
            profile: Profile::Release,
            interactive: false,
        },
    )?;
    let machine = Machine {
        name: "bench/boot".to_owned(),
        boot: Boot::Iso(packed.iso),
        cpu: CpuModel::default(),
        cores: packed.cores,
        memory_mib: packed.memory_mib,
        limit: Duration::from_secs(120),
        folder: workspace::folder("logs")?.join("bench-boot"),
    };
    let outcome = bed.run(&machine, &mut Heartbeat::new(&machine.name))?;
    println!("bench: {}", outcome.summary());
    let rows = rows(&outcome, size::hypervisor()?)?;
    Ok(Table {
        bench: "boot",
        bed: bed.to_string(),
        rows,
    })
}

fn rows(outcome: &Outcome, image: u64) -> Result<Vec<Row>> {
    let said = |parse: fn(&str) -> Option<(f64, f64)>, what: &str| {
        let found = outcome.transcript.hypervisor().find_map(parse);
        found.ok_or_else(|| {
            Error::Input(format!(
                "the hypervisor never printed its line `{what}`; see {}",
                outcome.folder.display()
            ))
        })
    };
    let (ticks, clearing) = said(first_guest, "boot:")?;
    let (own, partition) = said(memory, "memory:")?;
    let row = |name: &str, ours: f64, unit, bar| Row {
        name: name.to_owned(),
        ours,
        unit,
        peers: Vec::new(),
        bar,
    };
    let mut rows = vec![
        row(
            "entry to first guest",
            ticks - clearing,
            "instructions",
            Some(ENTRY_BAR),
        ),
        row("clearing of memory", clearing, "instructions", None),
        row("image", image as f64, "bytes", Some(size::IMAGE_BAR as f64)),
        row("memory of its own", own, "KiB", Some(OWN_MEMORY_BAR)),
        row(
            "memory for a partition",
            partition,
            "KiB",
            Some(PARTITION_MEMORY_BAR),
        ),
    ];
    if let Some(tick) = outcome.mark("B") {
        rows.push(row("power-on to entry", tick as f64, "instructions", None));
    }
    Ok(rows)
}

/// Reads `boot: first guest instruction after 2000 ticks, 500 of them to clear memory`.
fn first_guest(line: &str) -> Option<(f64, f64)> {
    let (ticks, rest) = line
        .strip_prefix("boot: first guest instruction after ")?
        .split_once(" ticks, ")?;
    Some((ticks.parse().ok()?, rest.split_once(' ')?.0.parse().ok()?))
}

/// Reads `memory: 4000 KiB of its own, 300 KiB for each partition`.
fn memory(line: &str) -> Option<(f64, f64)> {
    let (own, rest) = line
        .strip_prefix("memory: ")?
        .split_once(" KiB of its own, ")?;
    Some((own.parse().ok()?, rest.split_once(' ')?.0.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hypervisors_numbers_are_read() {
        let line = "boot: first guest instruction after 2000 ticks, 500 of them to clear memory";
        assert_eq!(first_guest(line), Some((2000.0, 500.0)));
        assert_eq!(
            memory("memory: 4000 KiB of its own, 300 KiB for each partition"),
            Some((4000.0, 300.0))
        );
        assert_eq!(memory("memory: plenty"), None);
    }
}
