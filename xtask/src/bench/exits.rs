//! `exits`: one guest that leaves itself in every way there is, on Isthmus and under the KVM of Debian's cloud kernel, both
//! on the same emulated machine with one processor.
//!
//! Neighbours: `integration/guests/trespass` measures, `integration/guests/kvm-host` is what runs it under KVM.

use super::table::{Row, Spread, Table};
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
    let rows = ROWS.iter().zip(ours).zip(kvm);
    let rows = rows.map(|(((name, bar), ours), kvm)| Row {
        name: (*name).to_owned(),
        ours: ours[1],
        unit: "instructions",
        peers: vec![("KVM", kvm[1])],
        bar: *bar,
        spread: Some(Spread {
            ours,
            samples: "1000".to_owned(),
            ..Spread::default()
        }),
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
        gdb: false,
        host_time: false,
    })
}

fn boot(bed: Bed, machine: &Machine) -> Result<Outcome> {
    println!("bench: booting {}", machine.name);
    let outcome = bed.run(machine, &mut Heartbeat::new(&machine.name))?;
    println!("bench: {}: {}", machine.name, outcome.summary());
    Ok(outcome)
}

/// The quartiles of [`ROWS`].
fn values(outcome: &Outcome) -> Result<Vec<[f64; 3]>> {
    let lines = outcome.transcript.lines();
    ROWS.iter()
        .map(|(name, _)| {
            let found = lines.iter().find_map(|line| quartiles(line, name));
            found.ok_or_else(|| {
                Error::Input(format!(
                    "the guest never printed `{name}`; its serial line is in {}",
                    outcome.folder.display()
                ))
            })
        })
        .collect()
}

/// Reads `exits: port OUT: 880 881 2313 ticks`, with or without a partition's name before it.
fn quartiles(line: &str, name: &str) -> Option<[f64; 3]> {
    let (_, rest) = line.split_once("exits: ")?;
    let numbers = rest.strip_prefix(name)?.strip_prefix(": ")?;
    let words = numbers.strip_suffix(" ticks")?.split(' ');
    let numbers: Vec<f64> = words.map_while(|word| word.parse().ok()).collect();
    numbers.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_read_with_and_without_a_partitions_name() {
        let line = "exits: port OUT: 880 881 2313 ticks";
        let wanted = Some([880.0, 881.0, 2313.0]);
        assert_eq!(quartiles(line, "port OUT"), wanted);
        assert_eq!(quartiles(&format!("[exits] {line}"), "port OUT"), wanted);
        assert_eq!(quartiles(line, "port"), None);
        assert_eq!(quartiles("exits: port OUT: 880 ticks", "port OUT"), None);
    }
}
