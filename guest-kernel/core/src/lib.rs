//! The capability kernel's decisions, without the machine: what the boot protocol and the firmware say, which
//! memory is free, who runs next on a core, when it wakes. The machine comes in through two traits,
//! [`physical::PhysicalMemory`] while booting and [`machine::Machine`] afterwards, so all of this runs in host
//! tests. It trusts the code linked with it and nothing that it reads from memory it did not write.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod acpi;
pub mod command_line;
pub mod frames;
pub mod machine;
pub mod physical;
pub mod service;
pub mod start_info;
pub mod time;
pub mod worker;
