//! The capability kernel's decisions, without the machine: what the boot protocol and the firmware say, which
//! memory is free, who runs next on a core, when it wakes. The machine comes in through two traits,
//! [`physical::PhysicalMemory`] while booting and [`machine::Machine`] afterwards, so all of this runs in host
//! tests. It trusts the code linked with it and nothing that it reads from memory it did not write.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod account;
pub mod acpi;
pub mod bell;
pub mod clock;
pub mod command_line;
pub mod console;
pub mod domain;
pub mod frames;
pub mod machine;
pub mod physical;
pub mod power;
#[cfg(any(test, feature = "pretend"))]
pub mod pretend;
pub mod start_info;
pub mod time;
pub mod worker;

pub use isthmus_caps as caps;
