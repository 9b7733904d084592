//! How calls end, each once: with an answer, with their promise broken, given up, past their deadline, or with the
//! connection.
//!
//! Neighbours: [`super::flow`] finds out that a call must end; [`super::host`] and [`super::peer`] bring answers.

use super::message::{Cause, Limits, List, Message, Token};
use super::side::{Action, Side};
use super::tables::{Answer, Kind, Link, NONE, Place};
use crate::entry::Deadline;

/// What a call ends with.
pub(super) struct Outcome {
    /// Nodes, each with a reference.
    pub(super) caps: Result<List<u32>, Cause>,
    /// A bit for each of the nodes: set if it lies on this side and the peer said so.
    pub(super) loops: u8,
    pub(super) token: Option<Token>,
}

impl Outcome {
    pub(super) const fn failed(cause: Cause) -> Self {
        Self {
            caps: Err(cause),
            loops: 0,
            token: None,
        }
    }
}

impl Side {
    /// Ends a call, wherever it is.
    pub(super) fn end(&mut self, call: u32, outcome: Outcome) {
        let place = self.records[call].place;
        if place == Place::Returned {
            return;
        }
        self.leave(call, place);
        let Outcome { caps, loops, token } = self.censored(call, outcome);
        let entry = &mut self.records[call];
        if let Some(token) = entry.token.take() {
            self.actions.push_back(Action::Discard(token));
        }
        let params = core::mem::take(&mut entry.caps);
        params.into_iter().for_each(|cap| self.drop_ref(cap));
        let caps = self.settle_results(call, caps, loops);
        if matches!(place, Place::Sent { .. }) && self.records[call].pipelined {
            // After the markers that name its results.
            self.finish(place);
        }
        self.records[call].place = Place::Moving;
        self.wake_after(call, caps.is_ok());
        self.move_out(call);
        match self.records[call].kind {
            Kind::Peer { question } => self.return_to_peer(call, question, caps, token),
            _ => {
                let key = self.call_key(call);
                self.records.remove(call);
                self.own_calls -= 1;
                let result = caps.map(|caps| self.hand_out_all(caps));
                self.push(Action::Ended {
                    call: key,
                    result,
                    token,
                });
            }
        }
    }

    fn finish(&mut self, place: Place) {
        if let (Place::Sent { question }, false) = (place, self.closed) {
            self.send(Message::Finish { question });
        }
    }

    fn hand_out_all(&mut self, caps: List<u32>) -> List<super::CapKey> {
        caps.into_iter().map(|cap| self.hand_out(cap)).collect()
    }

    fn move_out(&mut self, call: u32) {
        let at = core::mem::replace(&mut self.records[call].at, NONE);
        self.drop_ref(at);
    }

    /// Takes a call out of where it is.
    fn leave(&mut self, call: u32, place: Place) {
        let at = self.records[call].at;
        let Self {
            nodes,
            records,
            waiting,
            ..
        } = self;
        match place {
            Place::Waiting => waiting.remove(records, call),
            Place::Held => nodes[at].held.remove(records, call),
            Place::Sent { question } => {
                self.questions.remove(question);
                if matches!(self.records[call].kind, Kind::Peer { .. }) {
                    self.relays -= 1;
                }
            }
            Place::Moving | Place::Running | Place::Returned => {}
        }
    }

    /// What a call that was given up ends with, whatever its answer.
    fn censored(&mut self, call: u32, outcome: Outcome) -> Outcome {
        let Some(cause) = self.records[call].failed else {
            return outcome;
        };
        for cap in outcome.caps.unwrap_or_default() {
            self.drop_ref(cap);
        }
        if let Some(token) = outcome.token {
            self.push(Action::Discard(token));
        }
        Outcome::failed(cause)
    }

    /// Makes the promised results of a call what they became. Where there was a promise, that is the result from now on:
    /// what is called on the result comes after what was called on the promise.
    fn settle_results(
        &mut self,
        call: u32,
        mut caps: Result<List<u32>, Cause>,
        loops: u8,
    ) -> Result<List<u32>, Cause> {
        let mut node = core::mem::replace(&mut self.records[call].results, NONE);
        while node != NONE {
            let next = core::mem::replace(&mut self.nodes[node].sibling, NONE);
            if let Link::Result { index, .. } = self.nodes[node].link {
                let (to, place) = match &mut caps {
                    Err(cause) => (Err(*cause), None),
                    Ok(caps) => match caps.get_mut(usize::from(index)) {
                        None => (Err(Cause::Null), None),
                        Some(cap) => (Ok(core::mem::replace(cap, node)), Some(())),
                    },
                };
                let loops = loops & 1_u8.checked_shl(index.into()).unwrap_or(0) != 0;
                self.settle(node, to, loops);
                if place.is_none() {
                    self.drop_ref(node);
                }
            }
            node = next;
        }
        caps
    }

    fn return_to_peer(
        &mut self,
        call: u32,
        question: u32,
        caps: Result<List<u32>, Cause>,
        token: Option<Token>,
    ) {
        let success = caps.is_ok();
        let result = match &caps {
            Ok(caps) => Ok(caps.iter().map(|cap| self.describe(*cap)).collect()),
            Err(cause) => Err(*cause),
        };
        self.send(Message::Return {
            question,
            result,
            token,
        });
        let entry = &mut self.records[call];
        let answer = if entry.pipelined && !self.closed {
            entry.place = Place::Returned;
            entry.failed = caps.as_ref().err().copied();
            entry.caps = caps.unwrap_or_default();
            Answer::Live(call)
        } else {
            self.records.remove(call);
            for cap in caps.unwrap_or_default() {
                self.drop_ref(cap);
            }
            Answer::Over(success)
        };
        if let Some(place) = self.answers.get_mut(question as usize) {
            *place = answer;
        }
    }

    /// Forgets an answer whose results the peer names no more.
    pub(super) fn forget_answer(&mut self, call: u32, question: u32) {
        if let Some(record) = self.records.remove(call) {
            if let Some(place) = self.answers.get_mut(question as usize) {
                *place = Answer::Over(record.failed.is_none());
            }
            record.caps.into_iter().for_each(|cap| self.drop_ref(cap));
        }
    }

    /// A call is wanted no more: what hangs on it breaks now, and it ends with `cause`: at once if nobody has it, when its
    /// answer comes if somebody does.
    pub(super) fn give_up(&mut self, call: u32, cause: Cause) {
        if self.records[call].failed.is_some() {
            return;
        }
        match self.records[call].place {
            Place::Waiting | Place::Held => self.end(call, Outcome::failed(cause)),
            Place::Moving => self.records[call].failed = Some(cause),
            Place::Sent { question } => {
                self.break_results(call, cause);
                self.send(Message::Cancel { question });
            }
            Place::Running => {
                self.break_results(call, cause);
                let call = self.call_key(call);
                self.push(Action::Stop { call, cause });
            }
            Place::Returned => {}
        }
    }

    fn break_results(&mut self, call: u32, cause: Cause) {
        self.records[call].failed = Some(cause);
        let _ = self.settle_results(call, Err(cause), 0);
    }

    /// Gives up each call whose deadline has passed at `now` nanoseconds, with [`Cause::DeadlinePassed`]. Cost: one look at
    /// each record.
    pub fn expire(&mut self, now: u64) {
        for call in 0..self.limits.records() {
            let due = self.records.find(call).is_some_and(|record| {
                record.deadline.has_passed(now) && record.place != Place::Returned
            });
            if due {
                self.give_up(call, Cause::DeadlinePassed);
                self.settle_work();
            }
        }
    }

    /// The earliest deadline of a call under way.
    #[must_use]
    pub fn next_deadline(&self) -> Deadline {
        let calls = self.records.indices().map(|call| &self.records[call]);
        let open = calls.filter(|call| call.place != Place::Returned && call.failed.is_none());
        open.map(|call| call.deadline)
            .min()
            .unwrap_or(Deadline::NEVER)
    }

    /// Ends the connection: every call of the host ends with [`Cause::Disconnected`], every call of the peer that is
    /// running is stopped, every capability of the peer and every promise breaks, and the peer holds nothing any more.
    /// What remains is what the host holds keys to.
    pub fn close(&mut self) {
        if self.closed {
            return;
        }
        self.closed = true;
        self.settle_work();
        self.close_calls();
        self.close_nodes();
        self.settle_work();
        self.close_actions();
    }

    fn close_calls(&mut self) {
        for call in 0..self.limits.records() {
            let Some(record) = self.records.find(call) else {
                continue;
            };
            let place = record.place;
            if record.is_marker() || place == Place::Returned {
                self.leave(call, place);
                self.move_out(call);
                if let Some(record) = self.records.remove(call) {
                    record.caps.into_iter().for_each(|cap| self.drop_ref(cap));
                }
                continue;
            }
            if place == Place::Running && record.failed.is_none() {
                let (call, cause) = (self.call_key(call), Cause::Disconnected);
                self.push(Action::Stop { call, cause });
            }
            self.records[call].failed = Some(Cause::Disconnected);
            self.end(call, Outcome::failed(Cause::Disconnected));
            self.settle_work();
        }
        self.answers.fill(Answer::Unused);
        self.foreign.fill(false);
        self.foreign_count = 0;
    }

    fn close_nodes(&mut self) {
        for node in Limits::LEAST_NODES..self.limits.nodes {
            if self.nodes.find(node).is_none() {
                continue;
            }
            // While it is looked at.
            self.hold(node);
            if core::mem::take(&mut self.nodes[node].exports) > 0 {
                self.exported -= 1;
                self.drop_ref(node);
            }
            let broken = Link::Broken(Cause::Disconnected);
            match self.nodes[node].link {
                Link::Import { slot, count } => self.release_import(slot, count),
                Link::Embargo { to, .. } => {
                    self.embargoes -= 1;
                    self.drop_ref(to);
                    self.drop_ref(node);
                }
                Link::Pending | Link::Result { .. } => {}
                Link::Hosted(_) | Link::Moved(_) | Link::Broken(_) => {
                    self.drop_ref(node);
                    continue;
                }
            }
            self.nodes[node].link = broken;
            self.drop_ref(node);
        }
    }

    /// Nothing more is sent.
    fn close_actions(&mut self) {
        for _ in 0..self.actions.len() {
            let action = match self.actions.pop_front() {
                Some(Action::Send(message)) => message.token().map(Action::Discard),
                other => other,
            };
            self.actions.extend(action);
        }
    }
}
