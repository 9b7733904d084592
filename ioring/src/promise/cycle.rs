//! Refusal of circles: a promise is not resolved to something that waits for the promise.
//!
//! What a side can see: its own nodes and calls. A circle that closes through the peer alone is not seen by either; it ends
//! at [`super::Limits::depth`], or by a deadline, or when a call in it is given up.

use alloc::vec;
use alloc::vec::Vec;

use super::side::Side;
use super::tables::{Kind, Link, NONE, Place};

/// What may wait, or be waited for.
#[derive(Clone, Copy)]
enum Thing {
    Node(u32),
    Call(u32),
}

/// What was looked at, each thing once.
struct Seen {
    bits: Vec<u64>,
    stack: Vec<Thing>,
    nodes: u32,
}

impl Seen {
    fn visit(&mut self, thing: Thing) {
        let index = match thing {
            Thing::Node(NONE) | Thing::Call(NONE) => return,
            Thing::Node(node) => node,
            Thing::Call(call) => self.nodes + call,
        };
        if let Some(word) = self.bits.get_mut(index as usize / 64) {
            let bit = 1 << (index % 64);
            if *word & bit == 0 {
                *word |= bit;
                self.stack.push(thing);
            }
        }
    }
}

impl Side {
    /// Whether what node `from` is depends on what node `on` will be.
    pub(super) fn waits_for(&self, from: u32, on: u32) -> bool {
        let from = self.settled(from);
        if from == on {
            return true;
        }
        match self.nodes[from].link {
            // Most promises become something that is there.
            Link::Hosted(_) | Link::Import { .. } | Link::Pending | Link::Broken(_) => false,
            Link::Moved(_) | Link::Embargo { .. } | Link::Result { .. } => self.search(from, on),
        }
    }

    /// Whether a record would wait at `node` for something that waits for the record.
    pub(super) fn closes_circle(&self, record: u32, node: u32) -> bool {
        match self.records[record].kind {
            Kind::OwnMarker { node: embargo } => self.waits_for(node, embargo),
            Kind::PeerMarker { .. } => false,
            Kind::Own | Kind::Peer { .. } => {
                let mut result = self.records[record].results;
                while result != NONE && !self.waits_for(node, result) {
                    result = self.nodes[result].sibling;
                }
                result != NONE
            }
        }
    }

    /// Where the marker of an embargo is held.
    fn marker_at(&self, embargo: u32) -> u32 {
        let kind = Kind::OwnMarker { node: embargo };
        let marker = |record: &u32| self.records[*record].kind == kind;
        let found = self.records.indices().find(marker);
        found.map_or(NONE, |record| self.records[record].at)
    }

    fn search(&self, from: u32, on: u32) -> bool {
        let things = self.limits.nodes.saturating_add(self.limits.records());
        let mut seen = Seen {
            bits: vec![0; things as usize / 64 + 1],
            stack: Vec::new(),
            nodes: self.limits.nodes,
        };
        seen.visit(Thing::Node(from));
        while let Some(thing) = seen.stack.pop() {
            match thing {
                Thing::Node(node) if node == on => return true,
                Thing::Node(node) => match self.nodes[node].link {
                    Link::Moved(to) | Link::Embargo { to, away: true } => {
                        seen.visit(Thing::Node(to));
                    }
                    Link::Embargo { to, away: false } => {
                        seen.visit(Thing::Node(to));
                        seen.visit(Thing::Node(self.marker_at(node)));
                    }
                    Link::Result { call, .. } => seen.visit(Thing::Call(call)),
                    _ => {}
                },
                Thing::Call(call) => self.waits_of(call, &mut seen),
            }
        }
        false
    }

    fn waits_of(&self, call: u32, seen: &mut Seen) {
        let record = &self.records[call];
        match record.place {
            Place::Held | Place::Moving => seen.visit(Thing::Node(record.at)),
            Place::Waiting => {
                seen.visit(Thing::Node(record.at));
                for after in &record.after {
                    seen.visit(Thing::Call(after.index));
                }
            }
            Place::Sent { .. } | Place::Running | Place::Returned => {}
        }
    }
}
