//! AMD-V as data: what AMD's manual writes about SVM, without a single privileged instruction. The VMCB and its
//! fields, intercepts, exits and what they say, and the formats of segments and events. All of it is tested on the
//! host; `hv/hal` executes, `hv/core` decides. Its sister for VT-x is `hv/vmx`.
//!
//! Sections are those of the AMD64 Architecture Programmer's Manual (APM), Volume 2, unless said otherwise. Trusts
//! the processor to answer as the APM says, and nobody else: what a guest can steer (exit information, guest state)
//! always has a value here and never a panic.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(any(test, feature = "mock"))]
extern crate alloc;

pub mod asid;
pub mod backend;
pub mod capabilities;
pub mod checks;
pub mod control;
pub mod event;
pub mod exit;
pub mod field;
pub mod instruction;
pub mod intercept;
#[cfg(any(test, feature = "mock"))]
pub mod mock;
pub mod npt;
pub mod permissions;
pub mod preflight;
pub mod segment;

pub use field::{Field, Vmcb, VmcbPage};
