//! Calls one way, completions the other. A call is submitted only while a place for its completion is free, so a completion
//! always has somewhere to go; and each call ends in exactly one: its id is of one call, until that is completed.
//!
//! The other end may say anything. What it says is copied out once and checked against this end's own books
//! ([`books`] of calls that are out, [`owed`] of completions that are due); the first thing that cannot be closes the
//! window for good. Then every call that is out ends as [`Status::PEER_GONE`](crate::entry::Status::PEER_GONE), and every
//! buffer of this end's comes back.

mod books;
mod client;
mod owed;
mod server;

#[cfg(feature = "hostile")]
mod hostile;

pub use client::{Client, Taken};
pub use server::{Event, Incoming, Server};

use crate::buffer::Buffer;
use crate::carrier::Local;
use crate::entry::TooLong;
use crate::layout::Geometry;
use crate::memory::Heap;
use crate::pool::Depot;
use crate::sync::Arc;
use crate::window::{Closed, Latch};

/// Why nothing was done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LaneError {
    /// All credits are out: take completions first.
    NoCredit,
    /// The queue is full: the other side has not read that far yet. Try again later.
    Full,
    /// The call does not fit in an entry: the caller's fault. A buffer holds more.
    TooLong,
    /// The buffer cannot be carried: none of the window's is free, or it is too long for it. Or, when receiving: no
    /// private buffer is free; the message is kept until one is.
    NoBuffer,
    /// The call is not out, or is not one to be finished: the caller's fault.
    NotOut,
    /// The window is closed, and of no more use.
    Closed(Closed),
}

impl From<TooLong> for LaneError {
    fn from(_: TooLong) -> Self {
        Self::TooLong
    }
}

impl From<Closed> for LaneError {
    fn from(closed: Closed) -> Self {
        Self::Closed(closed)
    }
}

/// The two ends of a lane inside one address space, with queues of `geometry.entries()` entries. Buffers go through it
/// if whoever submits has them from somewhere.
#[must_use]
pub fn lane(geometry: Geometry) -> (Client, Server) {
    lane_with(geometry, None)
}

/// The same, with a stash of `pool` at each end.
#[must_use]
pub fn lane_with(geometry: Geometry, pool: Option<&Arc<Depot<Buffer>>>) -> (Client, Server) {
    let lines = geometry.half_lines();
    let (a, b) = (Heap::new(lines), Heap::new(lines));
    // A geometry has a lane 0.
    let place = geometry.lane(0).unwrap_or_else(|| unreachable!());
    let (out, back) = Local::pair(geometry.entries(), pool);
    let latch = Latch::new(a.clone(), b.clone());
    let client = Client::new(a.clone(), b.clone(), place, latch, out);
    let latch = Latch::new(b.clone(), a.clone());
    (client, Server::new(b, a, place, latch, back))
}

#[cfg(all(test, not(loom)))]
mod tests;
