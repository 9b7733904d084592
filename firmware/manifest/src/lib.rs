//! The manifest: what partitions a machine runs, with which processors, memory, files and devices, and what
//! happens when one ends. `docs/manifest.md` is its specification.
//!
//! People write TOML, which [`toml`] (feature `toml`, host programs) reads with errors that point at the line.
//! [`binary::compile`] makes the form that travels with the image, and [`binary::decode`] reads it in the
//! hypervisor as foreign bytes. Both ways end in [`Manifest::new`], so a [`Manifest`] always keeps every rule.
//! Neighbours: the hypervisor and `xtask` use it; kinds of guests and memory limits come from `isthmus-boot`.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "toml")]
extern crate std;

pub mod binary;
pub mod model;
pub mod rules;
#[cfg(feature = "toml")]
pub mod toml;

pub use binary::{DecodeError, compile, decode};
pub use isthmus_boot::GuestKind;
pub use model::{
    Action, Budget, Colour, Devices, Life, MANIFEST_MODULE, Machine, Manifest, Micros, ModulePlan,
    Partition, Start, StopAfter, VcpuPlan,
};
pub use rules::RuleError;
