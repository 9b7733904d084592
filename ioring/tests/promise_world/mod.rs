//! Two real sides, the wires between them, two hosts that may do anything a host may do, and a book of what happened
//! that knows nothing of how sides work. Who steps through it chooses which of the possible steps comes next: all of
//! them in turn (`promise_search`), or any (`promise_random`).
//!
//! What breaks a promise of the protocol is written down as the world's fault.

use std::collections::{BTreeMap, VecDeque};

use isthmus_ioring::promise::{
    Action, CallKey, CapKey, Cause, Census, Descriptor, Message, ObjectId, Refused, Request, Side,
    Token,
};

pub mod book;
pub mod plan;
mod steps;
pub mod wire;

use book::Book;
pub use plan::{Flaw, Plan};
use wire::Wire;

/// The reference of each side to its own object.
const OWN: [u16; 2] = [0, 2];

/// A step. Numbers count what there is to choose from at that moment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Step {
    /// The next message arrives at a side.
    Deliver(usize),
    /// A host calls.
    Call {
        side: usize,
        cap: usize,
        argument: Option<usize>,
        after: Option<(usize, bool)>,
    },
    /// A host makes a promise.
    Promise(usize),
    /// A host answers a call with one of its capabilities, or an error.
    Answer {
        side: usize,
        call: usize,
        with: Option<usize>,
    },
    /// A host resolves a promise.
    Resolve {
        side: usize,
        promise: usize,
        to: Option<usize>,
    },
    /// A host gives a call up.
    Cancel { side: usize, call: usize },
    /// A host gives a capability back.
    Release { side: usize, cap: usize },
    /// A side finds that the connection has ended.
    Close(usize),
}

/// A reference at a host: calls by it are to start in order.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Held {
    pub key: CapKey,
    /// Tells references apart, in the book.
    pub stream: u16,
}

/// A call of a host's that has not ended.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Asked {
    key: CallKey,
    number: u16,
}

/// What a host has.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Host {
    pub caps: Vec<Held>,
    asked: Vec<Asked>,
    /// Calls to answer.
    running: Vec<(CallKey, u16)>,
    promises: Vec<Held>,
    dropped: u16,
}

/// All there is.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct World {
    pub plan: Plan,
    pub sides: [Side; 2],
    pub hosts: [Host; 2],
    /// To each side.
    pub wires: [Wire; 2],
    pub book: Book,
}

impl World {
    /// Each side holds an object of its own and one of the other's.
    pub fn new(plan: Plan) -> Self {
        let mut world = Self {
            plan,
            sides: [Side::new(plan.limits), Side::new(plan.limits)],
            hosts: Default::default(),
            wires: Default::default(),
            book: Book::default(),
        };
        for side in [0, 1] {
            let own = world.sides[side].host(ObjectId(side as u64)).unwrap();
            world.keep(side, own);
            let export = world.sides[side].grant(own).unwrap();
            world.wires[1 - side].granted(export);
            let foreign = world.sides[1 - side].accept(export).unwrap();
            world.keep(1 - side, foreign);
        }
        world
    }

    fn keep(&mut self, side: usize, key: CapKey) -> u16 {
        let stream = self.book.new_stream();
        self.hosts[side].caps.push(Held { key, stream });
        stream
    }

    /// Takes a step.
    pub fn take(&mut self, step: Step) {
        match step {
            Step::Deliver(side) => self.deliver(side),
            Step::Call {
                side,
                cap,
                argument,
                after,
            } => self.call(side, cap, argument, after),
            Step::Promise(side) => {
                self.plan.promises[side] -= 1;
                let key = self.sides[side].promise().unwrap();
                let copy = self.sides[side].clone_cap(key).unwrap();
                let stream = self.keep(side, copy);
                self.hosts[side].promises.push(Held { key, stream });
            }
            Step::Answer { side, call, with } => self.answer(side, call, with),
            Step::Resolve { side, promise, to } => {
                let Held { key, stream } = self.hosts[side].promises.remove(promise);
                let to = to.map(|cap| self.hosts[side].caps[cap].clone());
                let target = to.as_ref().map_or(Err(Cause::Failed), |held| Ok(held.key));
                self.sides[side].resolve(key, target).unwrap();
                self.sides[side].release(key).unwrap();
                if let Some(held) = to {
                    self.book.depends(stream, held.stream);
                }
            }
            Step::Cancel { side, call } => {
                self.plan.cancels -= 1;
                let asked = self.hosts[side].asked[call].clone();
                self.sides[side].cancel(asked.key).unwrap();
                self.book.cancelled(asked.number);
            }
            Step::Release { side, cap } => {
                self.plan.releases -= 1;
                let held = self.hosts[side].caps.remove(cap);
                self.sides[side].release(held.key).unwrap();
            }
            Step::Close(side) => {
                self.sides[side].close();
                self.hosts[side].running.clear();
                self.hosts[side].promises.drain(..).for_each(|held| {
                    self.sides[side].release(held.key).unwrap();
                });
                // What is under way to it will not arrive.
                for message in std::mem::take(&mut self.wires[side].messages) {
                    self.book.lost(&message);
                }
            }
        }
        self.run();
        self.check_quiet();
    }

    fn deliver(&mut self, side: usize) {
        let Some(message) = self.wires[side].messages.pop_front() else {
            return;
        };
        self.wires[1 - side].received(&message);
        if let Err(violation) = self.sides[side].receive(message) {
            self.book
                .fail(format!("an honest peer was accused: {violation:?}"));
        }
    }

    fn call(
        &mut self,
        side: usize,
        cap: usize,
        argument: Option<usize>,
        after: Option<(usize, bool)>,
    ) {
        self.plan.calls[side] -= 1;
        let host = &self.hosts[side];
        let held = host.caps[cap].clone();
        let caps: Vec<CapKey> = argument.iter().map(|cap| host.caps[*cap].key).collect();
        let calls: Vec<&Asked> = after.iter().map(|(call, _)| &host.asked[*call]).collect();
        let keys: Vec<CallKey> = calls.iter().map(|asked| asked.key).collect();
        let success = after.is_some_and(|(_, success)| success);
        let numbers = calls.iter().map(|asked| asked.number).collect();
        let carried = argument.map(|cap| host.caps[cap].stream);
        let number = self.book.asked(held.stream, carried, numbers, success);
        let request = Request {
            caps: &caps,
            after: &keys,
            after_success: success,
            pipelined: true,
            ..Request::new(held.key, Token(number.into()))
        };
        let key = match self.sides[side].call(&request) {
            Ok(key) => key,
            Err(Refused::TooDeep) => return self.book.withdrawn(number),
            Err(refused) => return self.book.fail(format!("a call was refused: {refused:?}")),
        };
        // It may have ended at once, on a broken capability; then there is no result.
        if let Ok(key) = self.sides[side].result(key, 0) {
            let stream = self.book.result(number);
            self.hosts[side].caps.push(Held { key, stream });
        }
        self.hosts[side].asked.push(Asked { key, number });
    }

    fn answer(&mut self, side: usize, call: usize, with: Option<usize>) {
        let (key, number) = self.hosts[side].running.remove(call);
        let token = self.book.answered(number, with.is_some());
        let held = with.map(|cap| self.hosts[side].caps[cap].clone());
        if let Some(held) = &held {
            self.book.depends(self.book.result(number), held.stream);
        }
        let caps: Vec<CapKey> = held.into_iter().map(|held| held.key).collect();
        let result = if caps.is_empty() {
            Err(Cause::Failed)
        } else {
            Ok(caps.as_slice())
        };
        if self.plan.flaw == Flaw::Forgetful {
            caps.first().map(|cap| self.sides[side].clone_cap(*cap));
        }
        self.sides[side].answer(key, result, Some(token)).unwrap();
    }

    /// Lets both sides have what they want done.
    fn run(&mut self) {
        for side in [0, 1] {
            while let Some(action) = self.sides[side].poll() {
                self.act(side, action);
            }
        }
    }

    fn act(&mut self, side: usize, action: Action) {
        match action {
            Action::Send(message) => self.send(side, message),
            Action::Start(start) => {
                let number = self.book.started(start.token);
                self.hosts[side].running.push((start.call, number));
                for cap in start.caps {
                    let stream = self.keep(side, cap);
                    if let Some(argument) = self.book.argument(number) {
                        self.book.depends(stream, argument);
                    }
                }
            }
            // This host answers in its own time.
            Action::Stop { .. } => {}
            Action::Ended {
                call,
                result,
                token,
            } => self.ended(side, call, result, token),
            Action::Dropped(_) => self.hosts[side].dropped += 1,
            Action::Discard(token) => self.book.token_out(token),
        }
    }

    fn ended(
        &mut self,
        side: usize,
        call: CallKey,
        result: Result<isthmus_ioring::promise::List<CapKey>, Cause>,
        token: Option<Token>,
    ) {
        let host = &mut self.hosts[side];
        let Some(place) = host.asked.iter().position(|asked| asked.key == call) else {
            return self.book.fail("a call ended twice, or never was".into());
        };
        let asked = host.asked.remove(place);
        let cause = result.as_ref().err().copied();
        self.book
            .ended(asked.number, cause, token, self.plan.causes);
        for key in result.unwrap_or_default() {
            // The result is the reference that was promised: what is called on it comes after what was called before.
            let stream = self.book.result(asked.number);
            let known = self.hosts[side]
                .caps
                .iter_mut()
                .find(|held| held.stream == stream);
            match known {
                Some(held) => {
                    let old = std::mem::replace(&mut held.key, key);
                    self.sides[side].release(old).unwrap();
                }
                None => self.sides[side].release(key).unwrap(),
            }
        }
    }

    fn send(&mut self, side: usize, message: Message) {
        let to = 1 - side;
        if let Err(fault) = self.wires[to].sent(&message) {
            self.book.fail(fault);
        }
        if self.sides[to].is_closed() {
            return self.book.lost(&message);
        }
        match (self.plan.flaw, &message) {
            (Flaw::NoEmbargo, Message::Disembargo { id, .. }) => {
                self.wires[side]
                    .messages
                    .push_front(Message::Disembargoed { id: *id });
            }
            (Flaw::Overtaking, Message::Return { .. }) => {
                let wire = &mut self.wires[to].messages;
                let before = wire.len().saturating_sub(1);
                wire.insert(before, message);
            }
            (Flaw::LostRelease, Message::Release { .. }) => {}
            (Flaw::LostResolve, Message::Resolve { .. }) => {}
            _ => self.wires[to].messages.push_back(message),
        }
    }

    /// Whether nothing is under way and nobody owes anything.
    pub fn is_quiet(&self) -> bool {
        let waits = |host: &Host| host.running.is_empty() && host.promises.is_empty();
        let closed = self.sides[0].is_closed() == self.sides[1].is_closed();
        let empty = self.wires.iter().all(|wire| wire.messages.is_empty());
        closed && empty && self.hosts.iter().all(waits)
    }

    /// When nothing is under way and nobody owes an answer, every call has ended, and giving all keys back gives all
    /// there is back.
    fn check_quiet(&mut self) {
        if !self.is_quiet() || self.book.fault.is_some() {
            return;
        }
        let waits = self.hosts.iter().any(|host| !host.asked.is_empty());
        if waits && !self.plan.circles {
            return self.book.fail("a call waits for ever".into());
        }
        let mut end = self.clone();
        if waits {
            end.give_up();
        }
        if let Err(fault) = end.give_back() {
            self.book.fail(fault);
        }
    }

    /// A circle that neither side can see: calls in it wait until they are given up, and what waits for the circle's
    /// markers until the connection ends.
    fn give_up(&mut self) {
        for side in [0, 1] {
            for asked in self.hosts[side].asked.clone() {
                // It may have ended with another.
                let _ = self.sides[side].cancel(asked.key);
                self.book.cancelled(asked.number);
            }
        }
        self.deliver_all();
        // What came after one of these may have started.
        while let Some(side) = [0, 1]
            .into_iter()
            .find(|side| !self.hosts[*side].running.is_empty())
        {
            self.answer(side, 0, None);
            self.deliver_all();
        }
        if self.hosts.iter().any(|host| !host.asked.is_empty()) {
            self.book
                .fail("a call was given up and waits for ever".into());
        }
        self.sides.iter_mut().for_each(Side::close);
    }

    fn deliver_all(&mut self) {
        self.run();
        let waits = |world: &Self| {
            [0, 1]
                .into_iter()
                .find(|side| !world.wires[*side].messages.is_empty())
        };
        while let Some(side) = waits(self) {
            self.deliver(side);
            self.run();
        }
    }

    fn give_back(mut self) -> Result<(), String> {
        for side in [0, 1] {
            for held in std::mem::take(&mut self.hosts[side].caps) {
                self.sides[side]
                    .release(held.key)
                    .map_err(|error| format!("{error:?}"))?;
            }
        }
        self.deliver_all();
        for side in [0, 1] {
            let census = self.sides[side].census();
            if census != Census::default() {
                return Err(format!("side {side} keeps {census:?}"));
            }
            if self.hosts[side].dropped != 1 {
                return Err(format!(
                    "{} objects of one were dropped",
                    self.hosts[side].dropped
                ));
            }
        }
        self.book.fault.clone().map_or(Ok(()), Err)?;
        self.book.closed_well()
    }
}

/// The capabilities that a message carries.
pub fn descriptors(message: &Message) -> Vec<Descriptor> {
    match message {
        Message::Call(call) => call.caps.to_vec(),
        Message::Return {
            result: Ok(caps), ..
        } => caps.to_vec(),
        Message::Resolve { target, .. } => vec![*target],
        _ => Vec::new(),
    }
}

/// Maps for the parts of the world.
pub type Map<K, V> = BTreeMap<K, V>;
/// Messages in order.
pub type Line = VecDeque<Message>;
