//! `boot`: what stands between GRUB and the first partition, and what the hypervisor keeps for itself.
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

/// The most instructions from the multiboot entry until the first guest can be entered, clearing of its memory aside, and
/// KiB that are the hypervisor's.
const ENTRY_BAR: f64 = 2_500_000.0;
const OWN_MEMORY_BAR: f64 = 8.0 * 1024.0;

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
        gdb: false,
        host_time: false,
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
    let ready = outcome
        .transcript
        .hypervisor()
        .find_map(ready)
        .ok_or_else(|| {
            Error::Input(format!(
                "the hypervisor never printed that it is ready; see {}",
                outcome.folder.display()
            ))
        })?;
    let first = outcome
        .transcript
        .hypervisor()
        .find_map(first_guest)
        .ok_or_else(|| Error::Input("the hypervisor never printed that a guest began".into()))?;
    let row = |name: &str, ours: f64, unit, bar| Row {
        name: name.to_owned(),
        ours,
        unit,
        peers: Vec::new(),
        bar,
        spread: None,
    };
    let mut rows = vec![
        row("entry to ready", ready.ticks, "instructions", None),
        row(
            "entry to first guest but for clearing",
            first.ticks - first.clearing,
            "instructions",
            Some(ENTRY_BAR),
        ),
        row("clearing until then", first.clearing, "instructions", None),
        row("image", image as f64, "bytes", Some(size::IMAGE_BAR as f64)),
        row(
            "memory of its own",
            ready.own_kib,
            "KiB",
            Some(OWN_MEMORY_BAR),
        ),
        row("of this in use", ready.used_kib, "KiB", None),
    ];
    if let Some(tick) = outcome.mark("B") {
        let entry = tick as f64;
        rows.push(row("power-on to entry", entry, "instructions", None));
        let all = entry + first.ticks;
        rows.push(row("power-on to first guest", all, "instructions", None));
    }
    Ok(rows)
}

/// The hypervisor's line when the first vCPU can be entered: ticks since its own entry.
#[derive(Debug, PartialEq)]
struct FirstGuest {
    ticks: f64,
    clearing: f64,
}

/// Reads `first guest after 2101344 ticks, 98304 of them clearing memory`.
fn first_guest(line: &str) -> Option<FirstGuest> {
    let (ticks, clearing) = line
        .strip_prefix("first guest after ")?
        .strip_suffix(" of them clearing memory")?
        .split_once(" ticks, ")?;
    Some(FirstGuest {
        ticks: ticks.parse().ok()?,
        clearing: clearing.parse().ok()?,
    })
}

/// The hypervisor's line when it is ready to start partitions.
#[derive(Debug, PartialEq)]
struct Ready {
    ticks: f64,
    own_kib: f64,
    used_kib: f64,
}

/// Reads the end of `..., 3704 KiB of 6144 KiB own memory free, ready after 5415960 ticks`.
fn ready(line: &str) -> Option<Ready> {
    let (rest, ticks) = line
        .strip_suffix(" ticks")?
        .split_once(" KiB own memory free, ready after ")?;
    let (free, own) = rest.rsplit_once(", ")?.1.split_once(" KiB of ")?;
    let (free, own): (f64, f64) = (free.parse().ok()?, own.parse().ok()?);
    Some(Ready {
        ticks: ticks.parse().ok()?,
        own_kib: own,
        used_kib: own - free,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hypervisors_numbers_are_read() {
        let line = "2 cores, TSC 49.999 MHz, 269 MiB for partitions, 3704 KiB of 6144 KiB own memory free, ready after 5415960 ticks";
        let wanted = Ready {
            ticks: 5_415_960.0,
            own_kib: 6144.0,
            used_kib: 2440.0,
        };
        assert_eq!(ready(line), Some(wanted));
        assert_eq!(ready("2 cores"), None);
        let line = "first guest after 2101344 ticks, 98304 of them clearing memory";
        let wanted = FirstGuest {
            ticks: 2_101_344.0,
            clearing: 98_304.0,
        };
        assert_eq!(first_guest(line), Some(wanted));
        assert_eq!(first_guest("first guest after"), None);
    }
}
