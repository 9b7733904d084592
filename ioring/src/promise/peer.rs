//! What the peer sends. Every number in it is checked against what this side knows to be true; the first that cannot be
//! closes the connection.
//!
//! Trusts nothing: the sender may be hostile. What it can reach is what it was given and calls that it made itself.

use super::ending::Outcome;
use super::message::{
    CallMessage, Cause, Descriptor, List, MAX_LIST, Message, Owner, Target, Violation,
};
use super::side::Side;
use super::tables::{Answer, Kind, Link, NONE, Place, Record};

impl Side {
    /// Acts on a message of the peer's.
    ///
    /// # Errors
    /// [`Violation`]: the peer's fault. The connection is closed then, as by [`Side::close`].
    pub fn receive(&mut self, message: Message) -> Result<(), Violation> {
        if self.closed {
            return Err(Violation::Closed);
        }
        let done = if self.actions.len() > self.limits.outbox() {
            Err(Violation::Flood)
        } else {
            self.act_on(message)
        };
        if done.is_err() {
            self.close();
        }
        self.settle_work();
        done
    }

    fn act_on(&mut self, message: Message) -> Result<(), Violation> {
        match message {
            Message::Call(call) => self.on_call(call),
            Message::Return {
                question,
                result,
                token,
            } => self.on_return(question, result, token),
            Message::Finish { question } => self.on_finish(question),
            Message::Cancel { question } => self.on_cancel(question),
            Message::Resolve { export, target } => self.on_resolve(export, target),
            Message::Release { export, count } => self.on_release(export, count),
            Message::Disembargo { target, id, owner } => self.on_disembargo(target, id, owner),
            Message::Disembargoed { id } => self.on_disembargoed(id),
        }
    }

    fn on_call(&mut self, message: CallMessage) -> Result<(), Violation> {
        let question = message.question;
        match self.answers.get(question as usize) {
            None | Some(Answer::Live(_)) => return Err(Violation::Question(question)),
            Some(Answer::Unused | Answer::Over(_)) => {}
        }
        let mut record = Record::new(Kind::Peer { question });
        record.failed = self.read_after(&message, &mut record.after)?;
        record.after_success = message.after_success;
        record.deadline = message.deadline;
        record.pipelined = message.pipelined;
        record.token = Some(message.token);
        record.at = self.find_target(message.target)?;
        match self.depth_at(record.at) {
            Some(depth) => record.depth = depth,
            None => record.failed = Some(Cause::TooDeep),
        }
        record.caps = match self.decode_list(&message.caps) {
            Ok((caps, _)) => caps,
            Err(violation) => {
                self.drop_ref(record.at);
                return Err(violation);
            }
        };
        // There is a record for each question that the limits allow.
        let Some(call) = self.records.insert(record) else {
            return Err(Violation::Question(question));
        };
        if let Some(answer) = self.answers.get_mut(question as usize) {
            *answer = Answer::Live(call);
        }
        self.admit(call);
        Ok(())
    }

    /// The calls that come before, as far as they have not ended; and why the call fails, if one of them failed.
    fn read_after(
        &self,
        message: &CallMessage,
        after: &mut List<super::CallKey>,
    ) -> Result<Option<Cause>, Violation> {
        let mut success = true;
        for question in &message.after {
            match self.answers.get(*question as usize) {
                None | Some(Answer::Unused) => return Err(Violation::After(*question)),
                Some(Answer::Over(ended)) => success &= ended,
                Some(Answer::Live(call)) if self.records[*call].place == Place::Returned => {
                    success &= self.records[*call].failed.is_none();
                }
                // As long as the message's list.
                Some(Answer::Live(call)) => after.push(self.call_key(*call)),
            }
        }
        if success || !message.after_success {
            return Ok(None);
        }
        after.clear();
        Ok(Some(Cause::Dependency))
    }

    /// The node that a peer's target names, with a reference.
    fn find_target(&mut self, target: Target) -> Result<u32, Violation> {
        match target {
            Target::Export(export) => self.find_export(export),
            Target::Answer { question, index } => self.find_answer(question, index),
        }
    }

    fn find_export(&mut self, export: u32) -> Result<u32, Violation> {
        match self.nodes.find(export) {
            Some(node) if node.exports > 0 => Ok(self.hold(export)),
            _ => Err(Violation::NoExport(export)),
        }
    }

    fn find_answer(&mut self, question: u32, index: u8) -> Result<u32, Violation> {
        let Some(Answer::Live(call)) = self.answers.get(question as usize).copied() else {
            return Err(Violation::NoAnswer(question));
        };
        let record = &self.records[call];
        if !record.pipelined || usize::from(index) >= MAX_LIST {
            return Err(Violation::NoAnswer(question));
        }
        if let Some(cause) = record.failed {
            return Ok(self.broken(cause));
        }
        if record.place == Place::Returned {
            return Ok(match record.caps.get(usize::from(index)).copied() {
                Some(cap) => self.hold(cap),
                None => self.broken(Cause::Null),
            });
        }
        // A promise for which there is no room is a broken one; the peer could not know.
        Ok(match self.promised(call, index) {
            Some(node) => node,
            None => self.broken(Cause::Overloaded),
        })
    }

    /// Counts a reference to an export of the peer's.
    pub(super) fn import(&mut self, slot: u32) -> Result<u32, Violation> {
        let import = self.imports.get(slot as usize).copied();
        let node = import.ok_or(Violation::Export(slot))?;
        if node != NONE {
            if let Link::Import { count, .. } = &mut self.nodes[node].link {
                *count = count.checked_add(1).ok_or(Violation::Count(slot))?;
            }
            return Ok(self.hold(node));
        }
        if self.imported >= self.limits.exports {
            return Err(Violation::Export(slot));
        }
        let link = Link::Import { slot, count: 1 };
        let node = self.add_node(link).ok_or(Violation::Export(slot))?;
        if let Some(import) = self.imports.get_mut(slot as usize) {
            *import = node;
        }
        self.imported += 1;
        Ok(node)
    }

    /// The node of a capability in a message, with a reference; and whether it lies on this side.
    fn decode(&mut self, descriptor: Descriptor) -> Result<(u32, bool), Violation> {
        match descriptor {
            Descriptor::SenderHosted(slot) => Ok((self.import(slot)?, false)),
            Descriptor::ReceiverHosted(export) => Ok((self.find_export(export)?, true)),
            Descriptor::ReceiverAnswer { question, index } => {
                Ok((self.find_answer(question, index)?, true))
            }
            Descriptor::Broken(cause) => Ok((self.broken(cause), false)),
        }
    }

    fn decode_list(&mut self, list: &[Descriptor]) -> Result<(List<u32>, u8), Violation> {
        let (mut caps, mut loops) = (List::new(), 0);
        for (index, descriptor) in list.iter().enumerate() {
            match self.decode(*descriptor) {
                Ok((cap, home)) => {
                    // As long as the message's list.
                    caps.push(cap);
                    loops |= u8::from(home) << index;
                }
                Err(violation) => {
                    caps.into_iter().for_each(|cap| self.drop_ref(cap));
                    return Err(violation);
                }
            }
        }
        Ok((caps, loops))
    }

    fn on_return(
        &mut self,
        question: u32,
        result: Result<List<Descriptor>, Cause>,
        token: Option<super::Token>,
    ) -> Result<(), Violation> {
        let found = self.questions.find(question).copied();
        let call = found.ok_or(Violation::NoQuestion(question))?;
        let (caps, loops) = match result {
            Ok(list) => {
                let (caps, loops) = self.decode_list(&list)?;
                (Ok(caps), loops)
            }
            Err(cause) => (Err(cause), 0),
        };
        self.end(call, Outcome { caps, loops, token });
        Ok(())
    }

    fn on_finish(&mut self, question: u32) -> Result<(), Violation> {
        match self.answers.get(question as usize) {
            Some(Answer::Live(call)) if self.records[*call].place == Place::Returned => {
                self.forget_answer(*call, question);
                Ok(())
            }
            _ => Err(Violation::NoQuestion(question)),
        }
    }

    fn on_cancel(&mut self, question: u32) -> Result<(), Violation> {
        match self.answers.get(question as usize) {
            Some(Answer::Live(call)) => self.give_up(*call, Cause::Cancelled),
            Some(Answer::Over(_)) => {}
            None | Some(Answer::Unused) => return Err(Violation::NoQuestion(question)),
        }
        Ok(())
    }

    fn on_resolve(&mut self, export: u32, target: Descriptor) -> Result<(), Violation> {
        let import = self.imports.get(export as usize).copied();
        let node = import.ok_or(Violation::Export(export))?;
        let (to, loops) = self.decode(target)?;
        if node == NONE {
            // Given back meanwhile.
            self.drop_ref(to);
            return Ok(());
        }
        self.settle(node, Ok(to), loops);
        Ok(())
    }

    fn on_release(&mut self, export: u32, count: u32) -> Result<(), Violation> {
        let held = self.nodes.find(export).map_or(0, |node| node.exports);
        if held == 0 {
            return Err(Violation::NoExport(export));
        }
        let left = held.checked_sub(count).ok_or(Violation::Release(export))?;
        self.nodes[export].exports = left;
        if left == 0 {
            self.exported -= 1;
            self.drop_ref(export);
        }
        Ok(())
    }

    fn on_disembargo(&mut self, target: Target, id: u32, owner: Owner) -> Result<(), Violation> {
        let kind = match owner {
            Owner::Sender => {
                let here = self.foreign.get(id as usize).copied();
                let room = self.foreign_count < self.limits.embargoes;
                if here != Some(false) || !room {
                    return Err(Violation::Embargo(id));
                }
                Kind::PeerMarker { id }
            }
            Owner::Receiver => {
                self.check_away(id)?;
                Kind::OwnMarker { node: id }
            }
        };
        let mut record = Record::new(kind);
        record.at = self.find_target(target)?;
        // There is a record for each marker that the limits allow.
        let Some(marker) = self.records.insert(record) else {
            return Err(Violation::Embargo(id));
        };
        match (kind, self.foreign.get_mut(id as usize)) {
            (Kind::PeerMarker { .. }, Some(here)) => {
                *here = true;
                self.foreign_count += 1;
            }
            _ => self.set_away(id, false),
        }
        self.pass(marker);
        Ok(())
    }

    fn check_away(&self, id: u32) -> Result<(), Violation> {
        match self.nodes.find(id).map(|node| node.link) {
            Some(Link::Embargo { away: true, .. }) => Ok(()),
            _ => Err(Violation::Embargo(id)),
        }
    }

    fn on_disembargoed(&mut self, id: u32) -> Result<(), Violation> {
        self.check_away(id)?;
        self.lift(id, None);
        Ok(())
    }
}
