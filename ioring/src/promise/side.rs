//! One side of a connection: its tables, and what it wants done.
//!
//! Trusts its host, which calls the functions of [`super::host`], and nothing that [`super::peer`] receives.

use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;

use super::message::{Cause, Limits, List, Message, ObjectId, Token};
use super::slab::Slab;
use super::tables::{Answer, CallKey, CapKey, Link, NONE, Node, Queue, Record};
use crate::entry::Deadline;

/// A call to an object of this side.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Start {
    /// To be ended with [`Side::answer`].
    pub call: CallKey,
    /// What is called.
    pub object: ObjectId,
    /// Capabilities that came along; the host's to release.
    pub caps: List<CapKey>,
    /// Interface, method and arguments.
    pub token: Token,
    /// When the answer is of no more use. What is called on behalf of this call has this as its latest.
    pub deadline: Deadline,
}

/// What a side wants done, in this order.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Action {
    /// Send it to the peer.
    Send(Message),
    /// Begin it.
    Start(Start),
    /// A call that was begun is wanted no more. It is still to be ended with [`Side::answer`], unless the connection is
    /// closed; what that says is thrown away.
    Stop {
        /// The call.
        call: CallKey,
        /// Why.
        cause: Cause,
    },
    /// A call of the host's has ended: its only end.
    Ended {
        /// The call; its key is stale now.
        call: CallKey,
        /// Capabilities among the results, the host's to release, or why there are none.
        result: Result<List<CapKey>, Cause>,
        /// What the answer came with.
        token: Option<Token>,
    },
    /// Nobody holds the object any more.
    Dropped(ObjectId),
    /// Nobody wants what the token names.
    Discard(Token),
}

/// What is in use; all zero once everything was given back.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Census {
    /// References, but those that a side takes for itself.
    pub nodes: u32,
    /// Calls and markers.
    pub records: u32,
    /// Questions under way.
    pub questions: u32,
    /// Questions of the peer whose answer may still be named.
    pub answers: u32,
    /// Capabilities of the peer.
    pub imports: u32,
    /// References that the peer holds.
    pub exports: u32,
    /// References that wait for their marker.
    pub embargoes: u32,
}

/// What remains to be done before a function returns. No recursion: how long chains are is the peer's choice too.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Work {
    /// Move on what is held at a node.
    Flush(u32),
    /// Move on a record that is in no queue.
    Pass(u32),
    /// Drop a reference to a node.
    Drop(u32),
    /// End a call that is in no queue.
    Break(u32, Cause),
}

/// One side of a connection.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Side {
    pub(super) limits: Limits,
    pub(super) nodes: Slab<Node>,
    pub(super) records: Slab<Record>,
    /// Calls that wait for others to end, in the order of their arrival.
    pub(super) waiting: Queue,
    /// Records by question.
    pub(super) questions: Slab<u32>,
    /// The peer's questions.
    pub(super) answers: Vec<Answer>,
    /// Nodes by export of the peer.
    pub(super) imports: Vec<u32>,
    pub(super) imported: u32,
    /// Nodes that the peer holds references to.
    pub(super) exported: u32,
    /// Which of the peer's markers are here.
    pub(super) foreign: Vec<bool>,
    pub(super) foreign_count: u32,
    pub(super) embargoes: u32,
    pub(super) own_calls: u32,
    pub(super) relays: u32,
    pub(super) work: VecDeque<Work>,
    pub(super) actions: VecDeque<Action>,
    pub(super) closed: bool,
}

impl Side {
    /// A side with nothing in it. All memory it will use on the steady path is taken now.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let limits = Limits {
            nodes: limits.nodes.max(Limits::LEAST_NODES),
            ..limits
        };
        let mut nodes = Slab::new(limits.nodes);
        for cause in Cause::ALL {
            // In the order of their numbers, so that each lies at its own.
            nodes.insert(Node::new(Link::Broken(cause)));
        }
        let many = limits.nodes as usize;
        Self {
            limits,
            nodes,
            records: Slab::new(limits.records()),
            waiting: Queue::default(),
            questions: Slab::new(limits.questions()),
            answers: vec![Answer::Unused; limits.questions() as usize],
            imports: vec![NONE; many],
            imported: 0,
            exported: 0,
            foreign: vec![false; many],
            foreign_count: 0,
            embargoes: 0,
            own_calls: 0,
            relays: 0,
            work: VecDeque::with_capacity(limits.records() as usize),
            actions: VecDeque::with_capacity(limits.records() as usize),
            closed: false,
        }
    }

    /// The next thing to do. The host takes all there are after each call of another function, before it tells what came
    /// of any.
    pub fn poll(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Whether it is over: by [`Side::close`], or because the peer broke the protocol.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    /// What is in use.
    #[must_use]
    pub fn census(&self) -> Census {
        let held = |count: usize| count as u32;
        let exports = self.nodes.indices().map(|node| self.nodes[node].exports);
        let live = |answer: &&Answer| matches!(answer, Answer::Live(_));
        Census {
            nodes: self.nodes.used() - Limits::LEAST_NODES,
            records: self.records.used(),
            questions: self.questions.used(),
            answers: held(self.answers.iter().filter(live).count()),
            imports: self.imported,
            exports: exports.fold(0, u32::saturating_add),
            embargoes: self.embargoes,
        }
    }

    pub(super) fn push(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    pub(super) fn send(&mut self, message: Message) {
        self.push(Action::Send(message));
    }

    pub(super) fn cap_key(&self, node: u32) -> CapKey {
        CapKey {
            index: node,
            generation: self.nodes.generation(node),
        }
    }

    pub(super) fn call_key(&self, record: u32) -> CallKey {
        CallKey {
            index: record,
            generation: self.records.generation(record),
        }
    }

    /// The node of a key that is not stale.
    pub(super) fn node_of(&self, key: CapKey) -> Option<u32> {
        self.nodes
            .is_current(key.index, key.generation)
            .then_some(key.index)
    }

    /// The record of a call whose key is not stale.
    pub(super) fn call_of(&self, key: CallKey) -> Option<u32> {
        let current = self.records.is_current(key.index, key.generation);
        (current && !self.records[key.index].is_marker()).then_some(key.index)
    }
}
