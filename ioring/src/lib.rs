//! Rings. A [`queue`] carries 64-byte entries one way between two sides; a [`lane`] is a queue of calls and a queue of
//! completions with a place in the second reserved for each call in the first; [`layout`] says how a lane lies in
//! shared memory and how a peer's claim about that is checked.
//!
//! Neither side trusts the other. Entries are copied out once, word by word through atomics, and only then looked at;
//! an index or id that cannot be true breaks the queue for good. That also makes the crate free of unsafe code.
//!
//! What is here serves two sides of one address space. Windows between partitions, buffers, promises and capabilities in
//! messages are not here yet; their places in the layout are reserved and must be zero.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod deque;
pub mod entry;
pub mod lane;
pub mod layout;
pub mod queue;
pub mod reducer;
mod sync;

pub use entry::{Call, CallId, Completion, Entry, Payload};
pub use lane::{Client, Incoming, LaneError, Server};
pub use layout::Geometry;
pub use queue::{Broken, Consumer, Producer};
