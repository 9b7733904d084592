//! The tests, by what they trespass on.

mod control;
mod delivery;
pub mod endings;
mod instructions;
mod io_apic;
mod local_apic;
mod msrs;
mod physical;
mod ports;
mod second;
mod x2apic;

use crate::machine::start_info::StartInfo;
use crate::report::Report;

/// Where this runs.
#[derive(Clone, Copy)]
pub struct Platform {
    /// What the loader said.
    pub info: StartInfo,
    /// This hypervisor: its policy is to be kept to, not only the architecture.
    pub strict: bool,
    /// The processor does all that the architecture says; QEMU's emulation does not.
    pub exact: bool,
}

/// A word and some tests.
type Group = (&'static str, fn(&Platform, &mut Report));

/// The tests, in the order in which they run, with the word that chooses some alone.
const GROUPS: [Group; 10] = [
    ("only=instructions", instructions::run),
    ("only=control", control::run),
    ("only=msrs", msrs::run),
    ("only=ports", ports::run),
    ("only=physical", physical::run),
    ("only=delivery", delivery::run),
    ("only=local-apic", local_apic::run),
    ("only=x2apic", x2apic::run),
    ("only=io-apic", io_apic::run),
    ("only=second", second::run),
];

/// Runs all, or those that the command line names.
pub fn run(platform: &Platform, report: &mut Report) {
    let is_named = |word: &str| platform.info.has_word(word);
    let all = !GROUPS.iter().any(|(word, _)| is_named(word));
    for (word, group) in GROUPS {
        if all || is_named(word) {
            group(platform, report);
        }
    }
}
