//! References: counting them, following them to what they are, naming them to the peer.
//!
//! Neighbours: [`super::flow`] moves calls along them.

use super::message::{Cause, Descriptor, Limits, Message, Target};
use super::side::{Action, Side};
use super::tables::{CapKey, Link, NONE, Node, Place};

impl Side {
    /// Takes a place for a node with one reference. A place is kept for each import that may still come: what the peer is
    /// allowed to send never finds the table full.
    pub(super) fn add_node(&mut self, link: Link) -> Option<u32> {
        if !matches!(link, Link::Import { .. }) && self.nodes.free() <= self.import_room() {
            return None;
        }
        self.nodes.insert(Node::new(link))
    }

    /// Imports that may still come.
    fn import_room(&self) -> u32 {
        self.limits.exports.saturating_sub(self.imported)
    }

    /// The node that is broken for `cause`, with one reference more.
    pub(super) fn broken(&mut self, cause: Cause) -> u32 {
        self.hold(u32::from(cause.to_bits()))
    }

    /// One reference more.
    pub(super) fn hold(&mut self, node: u32) -> u32 {
        // The broken nodes are always here, so their count says nothing; and no table is so large that a count of what is in
        // it, or of what the host asked for, gets here.
        if node >= Limits::LEAST_NODES && node != NONE {
            self.nodes[node].refs = self.nodes[node].refs.saturating_add(1);
        }
        node
    }

    /// One reference less; what nobody refers to is given back.
    pub(super) fn drop_ref(&mut self, node: u32) {
        let mut node = node;
        while node >= Limits::LEAST_NODES && node != NONE {
            let entry = &mut self.nodes[node];
            entry.refs = entry.refs.saturating_sub(1);
            if entry.refs > 0 {
                return;
            }
            let link = entry.link;
            self.nodes.remove(node);
            match link {
                Link::Moved(to) | Link::Embargo { to, .. } => node = to,
                Link::Import { slot, count } => return self.release_import(slot, count),
                Link::Hosted(object) => return self.push(Action::Dropped(object)),
                Link::Pending | Link::Result { .. } | Link::Broken(_) => return,
            }
        }
    }

    /// Gives all references to an import back.
    pub(super) fn release_import(&mut self, slot: u32, count: u32) {
        if let Some(import) = self.imports.get_mut(slot as usize) {
            *import = NONE;
            self.imported -= 1;
        }
        self.send(Message::Release {
            export: slot,
            count,
        });
    }

    /// What a node is, as far as that is settled.
    pub(super) fn settled(&self, node: u32) -> u32 {
        let mut node = node;
        while let Link::Moved(to) = self.nodes[node].link {
            node = to;
        }
        node
    }

    /// A key for the host of what a node is; takes over a reference to the node.
    pub(super) fn hand_out(&mut self, node: u32) -> CapKey {
        let settled = self.settled(node);
        if settled != node {
            self.hold(settled);
            self.drop_ref(node);
        }
        self.cap_key(settled)
    }

    /// The peer's name of a node, if what is called there goes to the peer.
    pub(super) fn wire_name(&self, node: u32) -> Option<Target> {
        match self.nodes[node].link {
            Link::Import { slot, .. } => Some(Target::Export(slot)),
            Link::Result { call, index } => match self.records[call].place {
                Place::Sent { question } => Some(Target::Answer { question, index }),
                _ => None,
            },
            _ => None,
        }
    }

    /// Names a node to the peer, in a message to be sent now.
    pub(super) fn describe(&mut self, node: u32) -> Descriptor {
        let node = self.settled(node);
        match (self.wire_name(node), self.nodes[node].link) {
            (Some(Target::Export(slot)), _) => Descriptor::ReceiverHosted(slot),
            (Some(Target::Answer { question, index }), _) => {
                Descriptor::ReceiverAnswer { question, index }
            }
            (None, Link::Broken(cause)) => Descriptor::Broken(cause),
            (None, _) => self.export(node),
        }
    }

    /// Gives the peer a reference.
    pub(super) fn export(&mut self, node: u32) -> Descriptor {
        let exports = match self.nodes[node].exports {
            0 if self.exported >= self.limits.exports => None,
            exports => exports.checked_add(1),
        };
        let Some(exports) = exports else {
            return Descriptor::Broken(Cause::Overloaded);
        };
        self.nodes[node].exports = exports;
        if exports == 1 {
            self.exported += 1;
            self.hold(node);
        }
        Descriptor::SenderHosted(node)
    }

    /// The promised result `index` of a call under way, with one reference more; `None` if there is no room for it.
    pub(super) fn promised(&mut self, call: u32, index: u8) -> Option<u32> {
        if let Some(node) = self.find_promised(call, index) {
            return Some(self.hold(node));
        }
        let node = self.add_node(Link::Result { call, index })?;
        self.nodes[node].sibling = self.records[call].results;
        self.records[call].results = node;
        // The call's own, so that what was sent on it is remembered until the call ends.
        Some(self.hold(node))
    }

    pub(super) fn find_promised(&self, call: u32, index: u8) -> Option<u32> {
        let mut node = self.records[call].results;
        while node != NONE {
            let entry = &self.nodes[node];
            if matches!(entry.link, Link::Result { index: found, .. } if found == index) {
                return Some(node);
            }
            node = entry.sibling;
        }
        None
    }
}
