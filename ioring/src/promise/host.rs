//! What the host of a side does: makes objects and promises, calls, answers, gives up, gives back.
//!
//! The host is trusted with its own side, but a stale or foreign key harms nothing: it is refused.

use super::ending::Outcome;
use super::message::{Cause, Descriptor, List, MAX_LIST, ObjectId, Token};
use super::side::Side;
use super::tables::{CallKey, CapKey, Kind, Link, Place, Record};
use crate::entry::Deadline;

/// Why nothing was done: the host's mistake, or a limit that it reached.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Refused {
    /// The connection is over.
    Closed,
    /// A capability key that is stale.
    NoSuchCapability,
    /// A call key that is stale, or of a call that does not allow this.
    NoSuchCall,
    /// More than [`MAX_LIST`] capabilities or calls in a list, or a result's index that high.
    TooMany,
    /// [`super::Limits::depth`].
    TooDeep,
    /// A table is full: end calls or release capabilities first.
    Full,
    /// Not a promise, or one that is resolved.
    NotAPromise,
}

/// A call to be made.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What to call.
    pub target: CapKey,
    /// Capabilities to send along.
    pub caps: &'a [CapKey],
    /// Calls that must have ended before this one starts.
    pub after: &'a [CallKey],
    /// Whether these must also have succeeded.
    pub after_success: bool,
    /// When the answer is of no more use.
    pub deadline: Deadline,
    /// The call on whose behalf this one is made; its deadline is the latest for this one.
    pub parent: Option<CallKey>,
    /// Whether [`Side::result`] will be asked for. It costs a message after the return.
    pub pipelined: bool,
    /// Interface, method and arguments.
    pub token: Token,
}

impl Request<'_> {
    /// An ordinary call.
    #[must_use]
    pub const fn new(target: CapKey, token: Token) -> Self {
        Self {
            target,
            caps: &[],
            after: &[],
            after_success: false,
            deadline: Deadline::NEVER,
            parent: None,
            pipelined: false,
            token,
        }
    }
}

impl Side {
    /// Makes a capability of an object of this side. [`super::Action::Dropped`] says when nobody holds it any more.
    ///
    /// # Errors
    /// [`Refused::Closed`], [`Refused::Full`].
    pub fn host(&mut self, object: ObjectId) -> Result<CapKey, Refused> {
        self.new_cap(Link::Hosted(object))
    }

    /// Makes a promise, to be resolved with [`Side::resolve`]; until then the key is to be kept.
    ///
    /// # Errors
    /// [`Refused::Closed`], [`Refused::Full`].
    pub fn promise(&mut self) -> Result<CapKey, Refused> {
        self.new_cap(Link::Pending)
    }

    fn new_cap(&mut self, link: Link) -> Result<CapKey, Refused> {
        self.open()?;
        let node = self.add_node(link).ok_or(Refused::Full)?;
        Ok(self.cap_key(node))
    }

    const fn open(&self) -> Result<(), Refused> {
        if self.closed {
            return Err(Refused::Closed);
        }
        Ok(())
    }

    /// Resolves a promise, once: what was called on it goes on to `to`, in order, or breaks. If `to` waits for the promise,
    /// the promise breaks with [`Cause::Cycle`].
    ///
    /// # Errors
    /// [`Refused::Closed`], [`Refused::NoSuchCapability`], [`Refused::NotAPromise`].
    pub fn resolve(&mut self, promise: CapKey, to: Result<CapKey, Cause>) -> Result<(), Refused> {
        self.open()?;
        let node = self.node_of(promise).ok_or(Refused::NoSuchCapability)?;
        if self.nodes[node].link != Link::Pending {
            return Err(Refused::NotAPromise);
        }
        let to = match to {
            Ok(key) => {
                let to = self.node_of(key).ok_or(Refused::NoSuchCapability)?;
                Ok(self.hold(to))
            }
            Err(cause) => Err(cause),
        };
        self.settle(node, to, false);
        self.settle_work();
        Ok(())
    }

    /// Another key to the same reference.
    ///
    /// # Errors
    /// [`Refused::NoSuchCapability`].
    pub fn clone_cap(&mut self, cap: CapKey) -> Result<CapKey, Refused> {
        let node = self.node_of(cap).ok_or(Refused::NoSuchCapability)?;
        self.hold(node);
        Ok(cap)
    }

    /// Gives a key back.
    ///
    /// # Errors
    /// [`Refused::NoSuchCapability`].
    pub fn release(&mut self, cap: CapKey) -> Result<(), Refused> {
        let node = self.node_of(cap).ok_or(Refused::NoSuchCapability)?;
        self.drop_ref(node);
        Ok(())
    }

    /// The object that a capability is, if it is one of this side and nothing called on this reference is still on its
    /// way to it: then it may be called directly, too.
    #[must_use]
    pub fn object(&self, cap: CapKey) -> Option<ObjectId> {
        let mut node = self.node_of(cap)?;
        while self.nodes[node].held.is_empty() {
            match self.nodes[node].link {
                Link::Moved(to) => node = to,
                Link::Hosted(object) => return Some(object),
                _ => return None,
            }
        }
        None
    }

    /// Why a capability is broken, if it is.
    #[must_use]
    pub fn broken_cause(&self, cap: CapKey) -> Option<Cause> {
        match self.nodes[self.settled(self.node_of(cap)?)].link {
            Link::Broken(cause) => Some(cause),
            _ => None,
        }
    }

    /// Gives the peer a capability to begin with, outside of any message. The number is for the peer's [`Side::accept`].
    ///
    /// # Errors
    /// [`Refused::Closed`], [`Refused::NoSuchCapability`], [`Refused::Full`].
    pub fn grant(&mut self, cap: CapKey) -> Result<u32, Refused> {
        self.open()?;
        let node = self.node_of(cap).ok_or(Refused::NoSuchCapability)?;
        let node = self.settled(node);
        match self.export(node) {
            Descriptor::SenderHosted(export) => Ok(export),
            _ => Err(Refused::Full),
        }
    }

    /// Takes a capability that the peer was told to [`Side::grant`], by somebody both trust.
    ///
    /// # Errors
    /// [`Refused::Closed`]; [`Refused::Full`] also when the number is out of range.
    pub fn accept(&mut self, export: u32) -> Result<CapKey, Refused> {
        self.open()?;
        let node = self.import(export).map_err(|_| Refused::Full)?;
        Ok(self.cap_key(node))
    }

    /// Makes a call. [`super::Action::Ended`] says how it ended, exactly once.
    ///
    /// # Errors
    /// [`Refused`]; then nothing was done, and the token is still the host's.
    pub fn call(&mut self, request: &Request<'_>) -> Result<CallKey, Refused> {
        self.open()?;
        let target = self
            .node_of(request.target)
            .ok_or(Refused::NoSuchCapability)?;
        let mut record = self.record_of(request, target)?;
        if self.own_calls >= self.limits.calls {
            return Err(Refused::Full);
        }
        record
            .caps
            .iter_mut()
            .for_each(|cap| *cap = self.hold(*cap));
        record.at = self.hold(target);
        // There is a record for each call that the limits allow.
        let call = self.records.insert(record).ok_or(Refused::Full)?;
        self.own_calls += 1;
        let key = self.call_key(call);
        self.admit(call);
        self.settle_work();
        Ok(key)
    }

    fn record_of(&self, request: &Request<'_>, target: u32) -> Result<Record, Refused> {
        let mut record = Record::new(Kind::Own);
        for cap in request.caps {
            let node = self.node_of(*cap).ok_or(Refused::NoSuchCapability)?;
            record.caps.try_push(node).map_err(|_| Refused::TooMany)?;
        }
        for call in request.after {
            self.live(*call)?;
            record.after.try_push(*call).map_err(|_| Refused::TooMany)?;
        }
        record.deadline = request.deadline;
        if let Some(parent) = request.parent {
            let parent = self.live(parent)?;
            record.deadline = record.deadline.within(self.records[parent].deadline);
        }
        record.depth = self.depth_at(target).ok_or(Refused::TooDeep)?;
        record.after_success = request.after_success;
        record.pipelined = request.pipelined;
        record.token = Some(request.token);
        Ok(record)
    }

    fn live(&self, call: CallKey) -> Result<u32, Refused> {
        self.call_of(call)
            .filter(|call| self.records[*call].place != Place::Returned)
            .ok_or(Refused::NoSuchCall)
    }

    /// How deep a call on a node is, unless that is too deep.
    pub(super) fn depth_at(&self, node: u32) -> Option<u16> {
        match self.nodes[self.settled(node)].link {
            Link::Result { call, .. } => self.records[call]
                .depth
                .checked_add(1)
                .filter(|depth| *depth <= self.limits.depth),
            _ => Some(0),
        }
    }

    /// The capability `index`, from 0, among the results of a pipelined call of the host's that has not ended. It may be
    /// called at once.
    ///
    /// # Errors
    /// [`Refused::NoSuchCall`], [`Refused::TooMany`] for an index of [`MAX_LIST`] or more, [`Refused::Full`].
    pub fn result(&mut self, call: CallKey, index: u8) -> Result<CapKey, Refused> {
        let call = self.live(call)?;
        let record = &self.records[call];
        if record.kind != Kind::Own || !record.pipelined {
            return Err(Refused::NoSuchCall);
        }
        if usize::from(index) >= MAX_LIST {
            return Err(Refused::TooMany);
        }
        let node = match record.failed {
            Some(cause) => self.broken(cause),
            None => self.promised(call, index).ok_or(Refused::Full)?,
        };
        Ok(self.cap_key(node))
    }

    /// Ends a call that [`super::Action::Start`] began, with capabilities or a cause, and data.
    ///
    /// # Errors
    /// [`Refused`]; then nothing was done, and the token is still the host's.
    pub fn answer(
        &mut self,
        call: CallKey,
        result: Result<&[CapKey], Cause>,
        token: Option<Token>,
    ) -> Result<(), Refused> {
        self.open()?;
        let call = self.call_of(call).ok_or(Refused::NoSuchCall)?;
        if self.records[call].place != Place::Running {
            return Err(Refused::NoSuchCall);
        }
        let caps = match result {
            Err(cause) => Err(cause),
            Ok(keys) => {
                let mut caps = List::new();
                for key in keys {
                    let node = self.node_of(*key).ok_or(Refused::NoSuchCapability)?;
                    caps.try_push(node).map_err(|_| Refused::TooMany)?;
                }
                caps.iter_mut().for_each(|cap| *cap = self.hold(*cap));
                Ok(caps)
            }
        };
        let outcome = Outcome {
            caps,
            loops: 0,
            token,
        };
        self.end(call, outcome);
        self.settle_work();
        Ok(())
    }

    /// Gives a call of the host's up. What hangs on its results breaks; it ends with [`Cause::Cancelled`], and not before
    /// whoever has it has answered.
    ///
    /// # Errors
    /// [`Refused::NoSuchCall`], also when it has ended.
    pub fn cancel(&mut self, call: CallKey) -> Result<(), Refused> {
        let call = self.live(call)?;
        if self.records[call].kind != Kind::Own {
            return Err(Refused::NoSuchCall);
        }
        self.give_up(call, Cause::Cancelled);
        self.settle_work();
        Ok(())
    }
}
