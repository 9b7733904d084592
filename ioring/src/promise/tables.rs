//! What a side keeps: nodes, which are references and what they are at the moment, and records of calls and markers.
//!
//! Neighbours: [`super::flow`] moves records along nodes; [`super::host`] and [`super::peer`] are the two ways in.

use super::message::{Cause, List, ObjectId, Token};
use super::slab::{Generation, Slab};
use crate::entry::Deadline;

/// No record.
pub(super) const NONE: u32 = u32::MAX;

/// A capability, as the host holds it. Each key that was handed out is one reference and is given back with
/// [`super::Side::release`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CapKey {
    pub(super) index: u32,
    pub(super) generation: Generation,
}

/// A call, as the host names it, until it has ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CallKey {
    pub(super) index: u32,
    pub(super) generation: Generation,
}

/// What a reference is at the moment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) enum Link {
    /// A promise of this side that its host has not resolved.
    #[default]
    Pending,
    /// An object of this side.
    Hosted(ObjectId),
    /// An export of the peer, of which `count` references were received.
    Import { slot: u32, count: u32 },
    /// A capability among the results of a call that has not ended.
    Result { call: u32, index: u8 },
    /// What another node is. Never in a circle.
    Moved(u32),
    /// About to be what node `to` is: once all calls that went the old way have arrived. `away`: the marker is with the
    /// peer.
    Embargo { to: u32, away: bool },
    /// Broken.
    Broken(Cause),
}

/// A reference.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Node {
    pub(super) link: Link,
    /// Keys at the host, records, nodes and calls that name it, and one if it is exported.
    pub(super) refs: u32,
    /// References that the peer was given and did not give back.
    pub(super) exports: u32,
    /// Whether a call went to the peer by this node's own name there.
    pub(super) sent: bool,
    /// Records that wait here, in order.
    pub(super) held: Queue,
    /// The next promised result of the same call.
    pub(super) sibling: u32,
}

impl Default for Node {
    fn default() -> Self {
        Self::new(Link::Pending)
    }
}

impl Node {
    pub(super) fn new(link: Link) -> Self {
        Self {
            link,
            refs: 1,
            exports: 0,
            sent: false,
            held: Queue::default(),
            sibling: NONE,
        }
    }
}

/// What a record is of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Kind {
    /// A call of this side's host.
    Own,
    /// A call of the peer.
    Peer { question: u32 },
    /// A marker of this side's embargo `node`, come back.
    OwnMarker { node: u32 },
    /// A marker of the peer's embargo `id`.
    PeerMarker { id: u32 },
}

/// How far a call has come.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Place {
    /// For calls that must end first; in [`super::Side`]'s queue.
    Waiting,
    /// For the node `at` to be something that can be called; in its queue.
    Held,
    /// In no queue, on its way; only while a function of [`super::Side`] runs.
    Moving,
    /// With the peer.
    Sent { question: u32 },
    /// With the host.
    Running,
    /// Ended, but the peer may still name its results.
    Returned,
}

/// A call or a marker.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Record {
    pub(super) kind: Kind,
    pub(super) place: Place,
    /// Where it waits or runs, with a reference; [`NONE`] after that.
    pub(super) at: u32,
    pub(super) before: u32,
    pub(super) next: u32,
    /// Calls that must end before this one starts.
    pub(super) after: List<CallKey>,
    pub(super) after_success: bool,
    /// Capabilities that go along; once returned, those among the results. Each with a reference.
    pub(super) caps: List<u32>,
    pub(super) token: Option<Token>,
    pub(super) deadline: Deadline,
    pub(super) depth: u16,
    pub(super) pipelined: bool,
    /// Given up, or, once returned, failed.
    pub(super) failed: Option<Cause>,
    /// The first of its promised results that something names.
    pub(super) results: u32,
}

impl Default for Record {
    fn default() -> Self {
        Self::new(Kind::Own)
    }
}

impl Record {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            place: Place::Moving,
            at: NONE,
            before: NONE,
            next: NONE,
            after: List::new(),
            after_success: false,
            caps: List::new(),
            token: None,
            deadline: Deadline::NEVER,
            depth: 0,
            pipelined: false,
            failed: None,
            results: NONE,
        }
    }

    pub(super) const fn is_marker(&self) -> bool {
        matches!(self.kind, Kind::OwnMarker { .. } | Kind::PeerMarker { .. })
    }
}

/// Records in order. A record is in at most one queue.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Queue {
    pub(super) head: u32,
    tail: u32,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            head: NONE,
            tail: NONE,
        }
    }
}

impl Queue {
    pub(super) const fn is_empty(&self) -> bool {
        self.head == NONE
    }

    pub(super) fn push(&mut self, records: &mut Slab<Record>, index: u32) {
        records[index].before = self.tail;
        records[index].next = NONE;
        match self.tail {
            NONE => self.head = index,
            tail => records[tail].next = index,
        }
        self.tail = index;
    }

    pub(super) fn remove(&mut self, records: &mut Slab<Record>, index: u32) {
        let (before, next) = (records[index].before, records[index].next);
        match before {
            NONE => self.head = next,
            before => records[before].next = next,
        }
        match next {
            NONE => self.tail = before,
            next => records[next].before = before,
        }
        records[index].before = NONE;
        records[index].next = NONE;
    }
}

/// A question of the peer that this side answers or answered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Answer {
    /// Never asked.
    Unused,
    /// Under way, or its results may still be named.
    Live(u32),
    /// Over; whether it succeeded. Calls that come after it may still name it.
    Over(bool),
}
