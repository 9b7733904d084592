//! What the hypervisor decides: partitions, exits, scheduling, what a guest may see and set, and how interrupts
//! reach it. Pure code, tested on the host; `isthmus-hv-hal` acts on what is decided here.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

/// Bytes of a small page.
pub const PAGE: u64 = isthmus_abi::PAGE_SIZE;

pub mod memory;
pub mod power;

pub mod control;
pub mod cpuid;
pub mod inject;
pub mod mailbox;
pub mod msr;
pub mod sched;
pub mod xstate;

pub mod census;
pub mod console;
pub mod counters;
pub mod exit;
pub mod lifecycle;
pub mod partition;
pub mod processor;
pub mod symbols;
pub mod vcpu;
