//! `cargo xtask bench`: measurements against peers that run in the same command, as a table and as `target/bench/NAME.json`.
//!
//! Neighbours: [`overhead`] boots machines, [`table`] prints and writes.

pub mod boot;
pub mod exits;
pub mod overhead;
pub mod rings;
pub mod sizes;
pub mod table;

use crate::Options;
use isthmus_beds::{
    bed::Bed,
    error::{Error, Result},
};
use table::Table;

/// A benchmark: its name, what it measures, and how.
struct Bench {
    name: &'static str,
    about: &'static str,
    run: fn(Bed) -> Result<Table>,
}

const ALL: [Bench; 5] = [
    Bench {
        name: "boot",
        about: "from GRUB to the first partition; what the hypervisor keeps",
        run: boot::run,
    },
    Bench {
        name: "exits",
        about: "what leaving a guest costs it, on Isthmus and under Linux' KVM in the same machine",
        run: exits::run,
    },
    Bench {
        name: "overhead",
        about: "one unmodified Linux on Isthmus against the bare emulated machine",
        run: overhead::run,
    },
    Bench {
        name: "rings",
        about: "rings, capabilities and revocation on the host",
        run: |_| rings::run(),
    },
    Bench {
        name: "size",
        about: "the image, and lines of code one has to trust",
        run: |_| sizes::run(),
    },
];

/// The command. Without a name it runs all.
///
/// # Errors
/// An unknown name, or what keeps a benchmark from running. A bar that does not hold is exit code 1.
pub fn command(options: &Options) -> Result<u8> {
    if options.list {
        for bench in &ALL {
            println!("{:<12} {}", bench.name, bench.about);
        }
        return Ok(0);
    }
    let wanted = options.words.first().map(String::as_str);
    let chosen: Vec<&Bench> = ALL
        .iter()
        .filter(|bench| wanted.is_none_or(|name| name == bench.name))
        .collect();
    if chosen.is_empty() {
        let names: Vec<&str> = ALL.iter().map(|bench| bench.name).collect();
        return Err(Error::Input(format!(
            "there is no benchmark `{}`; there are {}",
            wanted.unwrap_or_default(),
            names.join(", ")
        )));
    }
    let bed = crate::run::bed(options.bed.as_deref())?;
    let mut holds = true;
    for bench in chosen {
        println!("bench {}: {}", bench.name, bench.about);
        let table = (bench.run)(bed)?;
        table.publish()?;
        holds &= table.holds();
    }
    Ok(u8::from(!holds))
}
