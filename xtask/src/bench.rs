//! `cargo xtask bench`: measurements against peers that run in the same command.
//!
//! Neighbours: `isthmus_beds` boots; results go to `target/bench/NAME.json`.

use crate::{
    Options, guests,
    setup::{self, Need},
    watch::Heartbeat,
    workspace,
};
use isthmus_beds::{
    bed::Bed,
    error::Result,
    image::{Image, Protocol},
    machine::{Boot, CpuModel, Machine},
    packages::Package,
};
use std::time::Duration;

/// Kernel parameters of every Linux that is measured or tested. The console at full speed (the default of 9,600 baud is most of
/// a boot on a machine whose UART keeps time), few messages, and no self-tests of ciphers that nobody here uses.
pub const LINUX_PARAMETERS: &str = "console=ttyS0,115200 quiet nokaslr cryptomgr.notests=1";

/// Boots Linux on the bare emulated machine with the initramfs `script`.
pub fn native(script: &str, cores: u8) -> Result<()> {
    setup::require(&[Need::Image, Need::Bochs])?;
    let image = Image {
        protocol: Protocol::Linux,
        kernel: guests::package(Package::LinuxCloud)?,
        command_line: LINUX_PARAMETERS.to_owned(),
        modules: vec![isthmus_beds::image::Module {
            file: guests::initramfs(script)?,
            name: String::new(),
        }],
    };
    let iso = workspace::folder("images")?.join(format!("native-{script}.iso"));
    println!("image: {:?}", image.pack(&iso)?);
    let machine = Machine {
        name: format!("native {script}"),
        boot: Boot::Iso(iso),
        cpu: CpuModel::Haswell,
        cores,
        memory_mib: 256,
        limit: Duration::from_secs(300),
        folder: workspace::folder("logs")?.join(format!("native-{script}-{cores}")),
    };
    let outcome = Bed::Bochs.run(&machine, &mut Heartbeat::new(&machine.name))?;
    for line in outcome.transcript.last(60) {
        println!("{line}");
    }
    println!(
        "{} {:?} {:?}",
        outcome.summary(),
        outcome.marks,
        outcome.findings
    );
    Ok(())
}

/// The command.
pub fn command(options: &Options) -> Result<u8> {
    let script = options.words.first().map_or("workload", |s| s.as_str());
    native(
        script,
        options
            .words
            .get(1)
            .and_then(|s| s.parse().ok())
            .unwrap_or(2),
    )?;
    Ok(0)
}
