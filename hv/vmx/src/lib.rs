//! VT-x as data: what the Intel SDM writes about VMX, without a single privileged instruction. The field encodings,
//! the capability MSRs and what is negotiated from them, exits and their qualifications, EPT and invalidation
//! formats, the checks that a VM entry makes, and [`backend`], which is what `hv/core` asks of a processor over a VMCS.
//! All of it is tested on the host; `hv/hal` executes, `hv/core` decides.
//!
//! Trusts the processor to answer as the SDM says, and nobody else: what a guest can steer (exit qualifications,
//! guest state) always has a value here and never a panic.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(any(test, feature = "mock"))]
extern crate alloc;

pub mod backend;
pub mod capabilities;
pub mod checks;
pub mod controls;
pub mod ept;
pub mod exit;
pub mod field;
pub mod instruction_error;
pub mod invalidate;
pub mod linear;
#[cfg(any(test, feature = "mock"))]
pub mod mock;
pub mod preflight;
pub mod segment;

pub use field::{Field, Vmcs};
