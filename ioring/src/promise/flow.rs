//! How calls and markers move: along a reference to what it is, into its queue while that is not known, to the peer, to
//! the host; and how a reference becomes something else without letting a call overtake another.
//!
//! Neighbours: [`super::ending`] ends calls, [`super::cycle`] refuses circles.

use super::ending::Outcome;
use super::message::{CallMessage, Cause, Message, Owner, Target};
use super::side::{Action, Side, Start, Work};
use super::tables::{Kind, Link, NONE, Place};

/// What a node does with a record that comes to it.
enum Reception {
    /// Keeps it for later.
    Keep,
    /// Passes it on to another node.
    Pass(u32),
    /// Sends it to the peer, under this name.
    Send(Target),
    /// Takes it: the end of the path.
    Take,
}

impl Side {
    /// Does what was put off. At the end of every public function.
    pub(super) fn settle_work(&mut self) {
        while let Some(work) = self.work.pop_front() {
            match work {
                Work::Flush(node) => self.flush(node),
                Work::Pass(record) => self.pass(record),
                Work::Break(call, cause) => self.end(call, Outcome::failed(cause)),
                Work::Drop(node) => self.drop_ref(node),
            }
        }
    }

    fn receives(&self, node: u32) -> Reception {
        match self.nodes[node].link {
            Link::Moved(to) => Reception::Pass(to),
            Link::Pending | Link::Embargo { .. } => Reception::Keep,
            Link::Hosted(_) | Link::Broken(_) => Reception::Take,
            Link::Import { .. } | Link::Result { .. } => self
                .wire_name(node)
                .map_or(Reception::Keep, Reception::Send),
        }
    }

    /// Sends a record on its way from the node `at` that it refers to. What is held at a node on the way goes first.
    pub(super) fn pass(&mut self, record: u32) {
        if let Some(cause) = self.records[record].failed {
            return self.give_back(record, cause);
        }
        let mut node = self.records[record].at;
        while self.nodes[node].held.is_empty() {
            match self.receives(node) {
                Reception::Pass(to) => node = to,
                Reception::Keep => break,
                Reception::Send(target) => return self.send_on(record, node, target),
                Reception::Take => return self.take(record, node),
            }
        }
        self.keep(record, node);
    }

    fn keep(&mut self, record: u32, node: u32) {
        if self.closes_circle(record, node) {
            return self.refuse_circle(record);
        }
        self.move_to(record, node);
        self.records[record].place = Place::Held;
        let Self { nodes, records, .. } = self;
        nodes[node].held.push(records, record);
    }

    fn refuse_circle(&mut self, record: u32) {
        match self.records[record].kind {
            Kind::OwnMarker { node } => {
                self.drop_marker(record);
                self.lift(node, Some(Cause::Cycle));
            }
            _ => self.give_back(record, Cause::Cycle),
        }
    }

    fn move_to(&mut self, record: u32, node: u32) {
        let from = core::mem::replace(&mut self.records[record].at, node);
        if from != node {
            self.hold(node);
            self.drop_ref(from);
        }
    }

    /// Moves on what is held at a node, if the node is something by now.
    fn flush(&mut self, node: u32) {
        loop {
            let record = self.nodes[node].held.head;
            if record == NONE {
                return;
            }
            let reception = self.receives(node);
            if matches!(reception, Reception::Keep) {
                return;
            }
            // The record's own reference may be the last.
            self.hold(node);
            let Self { nodes, records, .. } = self;
            nodes[node].held.remove(records, record);
            match reception {
                Reception::Send(target) => self.send_on(record, node, target),
                Reception::Take => self.take(record, node),
                Reception::Pass(to) => {
                    self.move_to(record, to);
                    self.pass(record);
                }
                Reception::Keep => {}
            }
            let last = self.nodes[node].refs == 1;
            self.drop_ref(node);
            if last {
                return;
            }
        }
    }

    /// A record has reached the end of its path, on this side.
    fn take(&mut self, record: u32, node: u32) {
        match (self.records[record].kind, self.nodes[node].link) {
            (Kind::OwnMarker { node: embargo }, _) => {
                self.drop_marker(record);
                self.lift(embargo, None);
            }
            (Kind::PeerMarker { id }, _) => {
                self.drop_marker(record);
                self.forget_foreign(id);
                self.send(Message::Disembargoed { id });
            }
            (_, Link::Hosted(object)) => {
                self.move_to(record, node);
                self.start(record, object);
            }
            (_, Link::Broken(cause)) => self.give_back(record, cause),
            _ => {}
        }
    }

    /// Ends a call that is in no queue, as soon as what is being done is done.
    fn give_back(&mut self, record: u32, cause: Cause) {
        self.records[record].place = Place::Moving;
        self.work.push_back(Work::Break(record, cause));
    }

    fn start(&mut self, record: u32, object: super::ObjectId) {
        if self.closed {
            return self.give_back(record, Cause::Disconnected);
        }
        let entry = &mut self.records[record];
        entry.place = Place::Running;
        let caps = core::mem::take(&mut entry.caps);
        let (token, deadline) = (entry.token.take().unwrap_or_default(), entry.deadline);
        let caps = caps.into_iter().map(|cap| self.hand_out(cap)).collect();
        let call = self.call_key(record);
        self.push(Action::Start(Start {
            call,
            object,
            caps,
            token,
            deadline,
        }));
    }

    fn send_on(&mut self, record: u32, node: u32, target: Target) {
        match self.records[record].kind {
            Kind::Own | Kind::Peer { .. } => self.send_call(record, node, target),
            Kind::OwnMarker { node: id } => {
                self.drop_marker(record);
                self.set_away(id, true);
                let owner = Owner::Sender;
                self.send(Message::Disembargo { target, id, owner });
            }
            Kind::PeerMarker { id } => {
                self.drop_marker(record);
                self.forget_foreign(id);
                let owner = Owner::Receiver;
                self.send(Message::Disembargo { target, id, owner });
            }
        }
    }

    fn send_call(&mut self, record: u32, node: u32, target: Target) {
        let relayed = matches!(self.records[record].kind, Kind::Peer { .. });
        if self.closed {
            return self.give_back(record, Cause::Disconnected);
        }
        let room = !relayed || self.relays < self.limits.relays;
        let Some(question) = room.then(|| self.questions.insert(record)).flatten() else {
            return self.give_back(record, Cause::Overloaded);
        };
        self.relays += u32::from(relayed);
        self.nodes[node].sent = true;
        let params = core::mem::take(&mut self.records[record].caps);
        let message = self.call_message(record, question, target, &params);
        self.send(Message::Call(message));
        // Only now: what the message names may be given back by this.
        params.into_iter().for_each(|cap| self.drop_ref(cap));
        self.records[record].place = Place::Sent { question };
        self.records[record].after.clear();
        self.move_to(record, NONE);
        self.flush_results(record);
        self.wake_waiting();
    }

    fn call_message(
        &mut self,
        record: u32,
        question: u32,
        target: Target,
        params: &[u32],
    ) -> CallMessage {
        let caps = params.iter().map(|cap| self.describe(*cap)).collect();
        let entry = &mut self.records[record];
        let (pipelined, deadline) = (entry.pipelined, entry.deadline);
        let (after_success, after) = (entry.after_success, entry.after.clone());
        let token = entry.token.take().unwrap_or_default();
        let question_of = |call: super::CallKey| match self.records[call.index].place {
            Place::Sent { question } => Some(question),
            _ => None,
        };
        CallMessage {
            question,
            target,
            pipelined,
            after: after.into_iter().filter_map(question_of).collect(),
            after_success,
            deadline,
            caps,
            token,
        }
    }

    /// What was held for the results of a call that is with the peer now can go there.
    fn flush_results(&mut self, record: u32) {
        let mut result = self.records[record].results;
        while result != NONE {
            if !self.nodes[result].held.is_empty() {
                self.work.push_back(Work::Flush(result));
            }
            result = self.nodes[result].sibling;
        }
    }

    /// Makes a reference that was a promise what it became. Takes over the reference to that. `loops`: what it became lies
    /// on this side of the connection, in the words of the peer that resolved it.
    pub(super) fn settle(&mut self, node: u32, to: Result<u32, Cause>, loops: bool) {
        let to = match to {
            Ok(to) if self.waits_for(to, node) => {
                self.drop_ref(to);
                Err(Cause::Cycle)
            }
            to => to,
        };
        let old = self.nodes[node].link;
        let passed = self.wire_name(node).filter(|_| self.nodes[node].sent);
        let embargo = passed.filter(|_| loops);
        self.nodes[node].link = match (to, embargo) {
            (Err(cause), _) => Link::Broken(cause),
            (Ok(to), Some(target)) if self.embargoes < self.limits.embargoes => {
                self.embargo(node, target);
                Link::Embargo { to, away: true }
            }
            (Ok(to), Some(_)) => {
                self.drop_ref(to);
                Link::Broken(Cause::Overloaded)
            }
            (Ok(to), None) => {
                // Both ways lead to the peer, and calls on this one may still come back: the next one is told.
                self.nodes[to].sent |= passed.is_some();
                Link::Moved(to)
            }
        };
        if let Link::Import { slot, count } = old {
            self.release_import(slot, count);
        }
        if !matches!(self.nodes[node].link, Link::Embargo { .. }) {
            self.announce(node);
        }
        self.work.push_back(Work::Flush(node));
    }

    fn embargo(&mut self, node: u32, target: Target) {
        self.embargoes += 1;
        self.hold(node);
        self.send(Message::Disembargo {
            target,
            id: node,
            owner: Owner::Sender,
        });
    }

    /// The marker is back: all that went the old way has arrived, or `broken`.
    pub(super) fn lift(&mut self, node: u32, broken: Option<Cause>) {
        let Link::Embargo { to, .. } = self.nodes[node].link else {
            return;
        };
        self.nodes[node].link = broken.map_or(Link::Moved(to), Link::Broken);
        self.embargoes -= 1;
        if broken.is_some() {
            self.work.push_back(Work::Drop(to));
        }
        self.announce(node);
        self.work.push_back(Work::Flush(node));
        self.work.push_back(Work::Drop(node));
    }

    /// Tells the peer what a promise became that it holds.
    fn announce(&mut self, node: u32) {
        if self.nodes[node].exports > 0 {
            let target = self.describe(node);
            self.send(Message::Resolve {
                export: node,
                target,
            });
        }
    }

    pub(super) fn set_away(&mut self, embargo: u32, gone: bool) {
        if let Link::Embargo { away, .. } = &mut self.nodes[embargo].link {
            *away = gone;
        }
    }

    /// Takes a marker's record away.
    fn drop_marker(&mut self, record: u32) {
        self.move_to(record, NONE);
        self.records.remove(record);
    }

    pub(super) fn forget_foreign(&mut self, id: u32) {
        if let Some(here) = self.foreign.get_mut(id as usize) {
            *here = false;
            self.foreign_count -= 1;
        }
    }

    /// Whether a call may go on: what it comes after has ended, or is with the peer, where the call itself is going.
    fn is_ready(&self, record: u32) -> bool {
        let entry = &self.records[record];
        if entry.after.is_empty() {
            return true;
        }
        let sent =
            |call: &super::CallKey| matches!(self.records[call.index].place, Place::Sent { .. });
        entry.kind == Kind::Own && self.leads_to_peer(entry.at) && entry.after.iter().all(sent)
    }

    fn leads_to_peer(&self, node: u32) -> bool {
        let mut node = node;
        while self.nodes[node].held.is_empty() {
            match self.receives(node) {
                Reception::Pass(to) => node = to,
                Reception::Send(_) => return true,
                Reception::Keep | Reception::Take => return false,
            }
        }
        false
    }

    /// Begins a call that has its target and all else.
    pub(super) fn admit(&mut self, record: u32) {
        if self.is_ready(record) {
            return self.pass(record);
        }
        self.records[record].place = Place::Waiting;
        let Self {
            waiting, records, ..
        } = self;
        waiting.push(records, record);
    }

    /// Passes on those waiting calls that need not wait any more.
    pub(super) fn wake_waiting(&mut self) {
        let mut record = self.waiting.head;
        while record != NONE {
            let next = self.records[record].next;
            if self.is_ready(record) {
                let Self {
                    waiting, records, ..
                } = self;
                waiting.remove(records, record);
                records[record].place = Place::Moving;
                self.work.push_back(Work::Pass(record));
            }
            record = next;
        }
    }

    /// Tells those that wait for it that a call has ended.
    pub(super) fn wake_after(&mut self, call: u32, success: bool) {
        let key = self.call_key(call);
        let mut record = self.waiting.head;
        while record != NONE {
            let next = self.records[record].next;
            let entry = &mut self.records[record];
            if entry.after.contains(&key) {
                entry.after.retain(|other| *other != key);
                if entry.after_success && !success {
                    entry.after.clear();
                    entry.failed = Some(Cause::Dependency);
                }
            }
            record = next;
        }
        self.wake_waiting();
    }
}
