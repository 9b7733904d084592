//! Rings, as `docs/ioring.md` specifies them. A [`window`] is two halves of memory, each written by one side alone
//! ([`layout`], reached through [`memory`]). It holds lanes: a [`queue`] of calls one way and of completions the other,
//! of 64-byte entries ([`entry`]), with a place in the second reserved for each call in the first ([`lane`]). What does
//! not fit in an entry goes along in a [`buffer`] from a [`pool`], by its [`carrier`].
//!
//! Neither side trusts the other. Entries are copied out once, word by word through atomics, and only then looked at;
//! an index, id or buffer that cannot be true closes the window for good. That also makes the crate free of unsafe code.
//!
//! The same code serves two modules in one address space ([`lane::lane`]), two partitions, and a Linux program that
//! mapped the window ([`window::Opening`]).
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod buffer;
pub mod carrier;
pub mod deque;
pub mod entry;
pub mod front;
mod handoff;
pub mod lane;
pub mod layout;
pub mod memory;
pub mod pool;
pub mod promise;
pub mod queue;
pub mod reducer;
pub mod rewrite;
mod sync;
pub mod window;

pub use buffer::Buffer;
pub use entry::{Call, CallId, Completion, Entry, Payload};
pub use lane::{Client, Event, Incoming, LaneError, Server, Taken};
pub use layout::Geometry;
pub use queue::{Consumer, Producer};
pub use window::{Closed, Violation};

/// The examples of the specification, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/ioring.md")]
struct Specification;
