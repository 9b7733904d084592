//! `exits`: one guest that leaves itself in every way there is, on Isthmus and under the KVM of Debian's cloud kernel, both
//! on the same emulated machine with one processor.
//!
//! Neighbours: `integration/guests/trespass` measures, `integration/guests/kvm-host` is what runs it under KVM.

use super::table::{Row, Table};
use crate::{
    guests,
    image::{self, Style},
    programs::{self, Profile, Program},
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
use std::{path::PathBuf, time::Duration};

/// What is compared, as the guest names it, and the most it may take of KVM's instructions.
const ROWS: [(&str, Option<f64>); 7] = [
    ("CPUID", Some(0.1)),
    ("hypercall", None),
    ("RDMSR", None),
    ("port OUT", None),
    ("MMIO write", None),
    ("EPT violation", None),
    ("HLT-wake", None),
];
/// MiB of the machine in which KVM runs.
const KVM_MEMORY_MIB: u32 = 256;
const LIMIT: Duration = Duration::from_secs(600);

/// The benchmark.
///
/// # Errors
/// If a machine cannot be built, or does not come to its end.
pub fn run(bed: Bed) -> Result<Table> {
    let ours = values(&boot(bed, &isthmus()?)?)?;
    let kvm = values(&boot(bed, &kvm()?)?)?;
    let rows = ROWS
        .iter()
        .zip(ours)
        .zip(kvm)
        .map(|(((name, bar), ours), kvm)| Row {
            name: (*name).to_owned(),
            ours,
            unit: "instructions",
            peers: vec![("KVM", kvm)],
            bar: *bar,
        });
    Ok(Table {
        bench: "exits",
        bed: bed.to_string(),
        rows: rows.collect(),
    })
}

fn isthmus() -> Result<Machine> {
    let manifest = workspace::integration().join("manifests/bench-exits.toml");
    let style = Style {
        profile: Profile::Release,
        interactive: false,
    };
    let packed = image::pack(&manifest, style)?;
    machine("isthmus", packed.iso, packed.memory_mib)
}

fn kvm() -> Result<Machine> {
    setup::require(&[Need::Image])?;
    let built = programs::build(&[Program::Trespass], Profile::Release)?;
    let guest = match built.first() {
        Some(elf) => programs::stripped(elf)?,
        None => return Err(Error::Input("nothing was built".into())),
    };
    let modules = guests::kvm_modules()?;
    let mut data = vec![("guest", guest.as_path())];
    data.extend(modules.iter().map(|(name, path)| (*name, path.as_path())));
    let image = Image {
        protocol: Protocol::Linux,
        kernel: guests::package(Package::LinuxCloud)?,
        command_line: "console=ttyS0,115200 quiet nokaslr cryptomgr.notests=1".to_owned(),
        modules: vec![Module {
            file: guests::initramfs_with("exits", &data)?,
            name: String::new(),
        }],
    };
    let iso = workspace::folder("images")?.join("bench-kvm.iso");
    image.pack(&iso)?;
    machine("kvm", iso, KVM_MEMORY_MIB)
}

fn machine(name: &str, iso: PathBuf, memory_mib: u32) -> Result<Machine> {
    Ok(Machine {
        name: format!("exits/{name}"),
        boot: Boot::Iso(iso),
        cpu: CpuModel::Haswell,
        // An instruction is a tick of the TSC only on a machine with one processor.
        cores: 1,
        memory_mib,
        limit: LIMIT,
        folder: workspace::folder("logs")?.join(format!("bench-exits-{name}")),
    })
}

fn boot(bed: Bed, machine: &Machine) -> Result<Outcome> {
    println!("bench: booting {}", machine.name);
    let outcome = bed.run(machine, &mut Heartbeat::new(&machine.name))?;
    println!("bench: {}: {}", machine.name, outcome.summary());
    Ok(outcome)
}

/// The medians of [`ROWS`]; all rounds are printed by the guest.
fn values(outcome: &Outcome) -> Result<Vec<f64>> {
    let lines = outcome.transcript.lines();
    ROWS.iter()
        .map(|(name, _)| {
            let found = lines.iter().find_map(|line| median(line, name));
            found.ok_or_else(|| {
                Error::Input(format!(
                    "the guest never printed `{name}`; its serial line is in {}",
                    outcome.folder.display()
                ))
            })
        })
        .collect()
}

/// Reads the median out of `exits: port OUT: 880 881 2313 ticks`, with or without a partition's name before it.
fn median(line: &str, name: &str) -> Option<f64> {
    let (_, rest) = line.split_once("exits: ")?;
    let numbers = rest.strip_prefix(name)?.strip_prefix(": ")?;
    let mut words = numbers.strip_suffix(" ticks")?.split(' ');
    words.nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_read_with_and_without_a_partitions_name() {
        let line = "exits: port OUT: 880 881 2313 ticks";
        assert_eq!(median(line, "port OUT"), Some(881.0));
        assert_eq!(median(&format!("[exits] {line}"), "port OUT"), Some(881.0));
        assert_eq!(median(line, "port"), None);
        assert_eq!(median("exits: port OUT: 880", "port OUT"), None);
    }
}
