//! `overhead`: Debian's cloud kernel with one script, on Isthmus and on the bare emulated machine, each with the same processor,
//! memory and parameters.
//!
//! Neighbours: `integration/initramfs/measure.sh` and `integration/guests/measure` print what is compared here.

use super::table::{Row, Table};
use crate::{
    guests,
    image::{self, Style},
    programs::Profile,
    setup::{self, Need},
    watch::Heartbeat,
    workspace,
};
use isthmus_beds::{
    bed::Bed,
    error::{Error, Result},
    image::{Image, Module, Protocol},
    machine::{Boot, CpuModel, Machine, Outcome},
    packages::Package,
};
use isthmus_manifest::toml::Document;
use std::time::Duration;

/// What is compared: the line's key, and the most that Isthmus may need of the bare machine's time.
const ROWS: [(&str, f64); 6] = [
    ("boot", 1.10),
    ("compute", 1.02),
    ("syscalls", 1.02),
    ("page-faults", 1.02),
    ("processes", 1.02),
    ("switches", 1.02),
];

const LIMIT: Duration = Duration::from_secs(600);

/// The benchmark.
///
/// # Errors
/// If a machine cannot be built, or does not come to its end.
pub fn run(bed: Bed) -> Result<Table> {
    let manifest = workspace::integration().join("manifests/bench-overhead.toml");
    let bare = values(&boot(bed, &bare(&manifest)?)?)?;
    let ours = values(&boot(bed, &isthmus(&manifest)?)?)?;
    let rows = ROWS
        .iter()
        .zip(ours)
        .zip(bare)
        .map(|(((name, bar), ours), bare)| Row {
            name: (*name).to_owned(),
            ours,
            unit: "ns",
            peers: vec![("bare machine", bare)],
            bar: Some(*bar),
            spread: None,
        });
    Ok(Table {
        bench: "overhead",
        bed: bed.to_string(),
        rows: rows.collect(),
    })
}

/// The machine without Isthmus, with the memory and command line that the manifest gives its Linux.
fn bare(manifest: &std::path::Path) -> Result<Machine> {
    setup::require(&[Need::Image])?;
    let document = Document::load(manifest).map_err(|found| Error::Input(found.to_string()))?;
    let linux = document
        .manifest()
        .partitions()
        .first()
        .ok_or_else(|| Error::Input("the manifest is empty".into()))?;
    let image = Image {
        protocol: Protocol::Linux,
        kernel: guests::package(Package::LinuxCloud)?,
        command_line: linux.cmdline.clone(),
        modules: vec![Module {
            file: guests::initramfs("measure")?,
            name: String::new(),
        }],
    };
    let iso = workspace::folder("images")?.join("bench-bare.iso");
    image.pack(&iso)?;
    let memory_mib = u32::try_from(linux.memory >> 20).unwrap_or(u32::MAX);
    machine("bare", iso, memory_mib)
}

fn isthmus(manifest: &std::path::Path) -> Result<Machine> {
    let packed = image::pack(
        manifest,
        Style {
            profile: Profile::Release,
            interactive: false,
        },
    )?;
    machine("isthmus", packed.iso, packed.memory_mib)
}

fn machine(name: &str, iso: std::path::PathBuf, memory_mib: u32) -> Result<Machine> {
    Ok(Machine {
        name: format!("overhead/{name}"),
        boot: Boot::Iso(iso),
        // Its clock is told right, so Linux on the bare machine measures right.
        cpu: CpuModel::Haswell,
        cores: 1,
        memory_mib,
        gdb: false,
        host_time: false,
        limit: LIMIT,
        folder: workspace::folder("logs")?.join(format!("bench-overhead-{name}")),
    })
}

fn boot(bed: Bed, machine: &Machine) -> Result<Outcome> {
    println!("bench: booting {}", machine.name);
    let outcome = bed.run(machine, &mut Heartbeat::new(&machine.name))?;
    println!("bench: {}: {}", machine.name, outcome.summary());
    Ok(outcome)
}

/// The values of [`ROWS`] in nanoseconds.
fn values(outcome: &Outcome) -> Result<Vec<f64>> {
    let lines = outcome.transcript.lines();
    let value = |name: &str| lines.iter().find_map(|line| value(line, name));
    ROWS.iter()
        .map(|(name, _)| {
            value(name).ok_or_else(|| {
                Error::Input(format!(
                    "the machine never printed `{name}`; its serial line is in {}",
                    outcome.folder.display()
                ))
            })
        })
        .collect()
}

/// Reads `measure: compute 370 ns`, or `workload: boot 9.331412 s`, with or without a partition's name before it.
fn value(line: &str, name: &str) -> Option<f64> {
    let line = line.split_once("] ").map_or(line, |(_, rest)| rest);
    let rest = line
        .strip_prefix("measure: ")
        .or_else(|| line.strip_prefix("workload: "))?;
    let (number, unit) = rest
        .strip_prefix(name)?
        .strip_prefix(' ')?
        .split_once(' ')?;
    let scale = match unit {
        "ns" => 1.0,
        "s" => 1e9,
        _ => return None,
    };
    Some((number.parse::<f64>().ok()? * scale).round())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_with_and_without_a_partitions_name() {
        assert_eq!(
            value("measure: compute 370141 ns", "compute"),
            Some(370_141.0)
        );
        assert_eq!(
            value("[linux] workload: boot 9.331412 s", "boot"),
            Some(9_331_412_000.0)
        );
        assert_eq!(value("[linux] workload: boot  s", "boot"), None);
        assert_eq!(value("measure: compute-more 1 ns", "compute"), None);
    }
}
