//! The capability kernel's island of unsafe code, one because these things cannot be said in safe Rust: the first
//! instructions, page tables, descriptor tables, interrupt entry, privileged registers, ports. What it decides,
//! it decides in `isthmus-kernel-core`; what it offers upwards is safe to call from any code in the kernel.
//! It trusts the loader for nothing but having loaded the image whole, and the firmware's tables for what core checked.
//!
//! On a host the crate compiles, for the sake of lints, but links into nothing that runs.
#![no_std]

extern crate alloc;

pub mod boot;
mod cores;
mod descriptors;
mod heap;
mod interrupts;
mod local_apic;
mod machine;
mod paging;
mod panic;
mod port;
mod power;
mod provoke;
mod serial;
mod timer;

pub use boot::{Booted, Grants};
pub use cores::current_core;
pub use machine::hardware;
pub use panic::report as report_panic;
pub use power::{End, Power};
pub use provoke::{Fault, provoke};
pub use serial::{SerialLine, init_log};
