//! `cargo xtask size`: how large the hypervisor is, and how much code one has to trust.
//!
//! Neighbours: [`crate::elf`] for the image, [`crate::crates`] for the lines.

use crate::{
    crates,
    elf::Elf,
    programs::{self, Profile, Program},
    source::Counts,
};
use isthmus_beds::error::Result;

/// What the image may have at most, in bytes.
pub const IMAGE_BAR: u64 = 512 * 1024;

/// The command.
///
/// # Errors
/// If the hypervisor cannot be built or read.
pub fn command() -> Result<u8> {
    let image = hypervisor()?;
    let holds = image <= IMAGE_BAR;
    println!(
        "image: {} KiB of at most {} KiB: {}\n",
        image.div_ceil(1024),
        IMAGE_BAR / 1024,
        if holds { "holds" } else { "TOO LARGE" }
    );
    lines()?;
    Ok(u8::from(!holds))
}

/// Prints the sections of the hypervisor as it is installed, and returns the bytes of its image.
///
/// # Errors
/// If it cannot be built or read.
pub fn hypervisor() -> Result<u64> {
    let file = programs::build(&[Program::Hypervisor], Profile::Release)?.remove(0);
    println!("hypervisor, release profile ({})", file.display());
    println!("  {:<24} {:>10}", "section", "bytes");
    let (mut image, mut memory) = (0, 0);
    for section in Elf::load(&file)?.sections() {
        let note = if section.in_file {
            ""
        } else {
            "  (memory only)"
        };
        println!("  {:<24} {:>10}{note}", section.name, section.size);
        memory += section.size;
        image += if section.in_file { section.size } else { 0 };
    }
    println!("  {:<24} {image:>10}", "image");
    println!("  {:<24} {memory:>10}", "memory at start");
    Ok(image)
}

/// Prints lines of code by crate, the trusted base added up.
fn lines() -> Result<()> {
    let crates = crates::all()?;
    println!(
        "{:<22} {:<8} {:>7} {:>7} {:>9} {:>7}",
        "crate", "trust", "code", "unsafe", "assembly", "tests"
    );
    let base = crates::linked_into(Program::Hypervisor.package(), &crates);
    let mut trusted = (Counts::default(), 0);
    for entry in &crates {
        let (counts, assembly) = entry.counts()?;
        print_row(&entry.name, &entry.trust, counts, assembly);
        if base.iter().any(|linked| linked.name == entry.name) {
            trusted.0 += counts;
            trusted.1 += assembly;
        }
    }
    print_row("linked into Isthmus", "", trusted.0, trusted.1);
    Ok(())
}

fn print_row(name: &str, trust: &str, counts: Counts, assembly: usize) {
    println!(
        "{name:<22} {trust:<8} {:>7} {:>7} {assembly:>9} {:>7}",
        counts.code, counts.unsafe_code, counts.tests
    );
}

/// Lines of code and of unsafe code in each crate that is linked into the hypervisor, and in all of them.
///
/// # Errors
/// A file that cannot be read.
pub fn trusted_lines() -> Result<Vec<(String, usize)>> {
    let mut rows = Vec::new();
    let mut sum = (Counts::default(), 0);
    let crates = crates::all()?;
    for entry in crates::linked_into(Program::Hypervisor.package(), &crates) {
        let (counts, assembly) = entry.counts()?;
        rows.push((format!("{} code", entry.name), counts.code));
        rows.push((format!("{} unsafe", entry.name), counts.unsafe_code));
        sum.0 += counts;
        sum.1 += assembly;
    }
    rows.push(("trusted base code".to_owned(), sum.0.code));
    rows.push(("trusted base unsafe".to_owned(), sum.0.unsafe_code));
    rows.push(("trusted base assembly".to_owned(), sum.1));
    Ok(rows)
}
