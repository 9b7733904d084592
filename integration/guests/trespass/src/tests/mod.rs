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
}

/// Runs all.
pub fn run(platform: &Platform, report: &mut Report) {
    instructions::run(platform, report);
    control::run(platform, report);
    msrs::run(platform, report);
    ports::run(platform, report);
    physical::run(platform, report);
    delivery::run(platform, report);
    local_apic::run(platform, report);
    x2apic::run(platform, report);
    io_apic::run(platform, report);
    second::run(platform, report);
}
