//! A side against a peer that sends anything: messages made up from small numbers, so that many of them nearly fit, mixed
//! with honest work. The side never panics, never grows past its limits, ends every call of its host once, and has
//! everything back when the connection is over.
//!
//! `ISTHMUS_SEARCH=long` makes many more runs.
#![cfg(not(loom))]

use isthmus_ioring::entry::Deadline;
use isthmus_ioring::promise::{
    Action, CallKey, CallMessage, CapKey, Cause, Census, Descriptor, Limits, List, Message,
    ObjectId, Owner, Request, Side, Target, Token, Violation,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use std::collections::BTreeSet;

const LIMITS: Limits = Limits {
    calls: 4,
    relays: 4,
    nodes: 32,
    exports: 8,
    embargoes: 3,
    depth: 4,
};

#[derive(Clone, Debug)]
enum Step {
    Peer(Message),
    Call {
        cap: usize,
        argument: Option<usize>,
        after: bool,
    },
    Result {
        call: usize,
        index: u8,
    },
    Answer {
        call: usize,
        cap: Option<usize>,
    },
    Promise,
    Resolve {
        promise: usize,
        cap: Option<usize>,
    },
    Cancel(usize),
    Release(usize),
    Expire(u64),
}

fn number() -> impl Strategy<Value = u32> {
    prop_oneof![20 => 0_u32..18, 1 => any::<u32>()]
}

fn cause() -> impl Strategy<Value = Cause> {
    (0_u8..10).prop_map(|bits| Cause::from_bits(bits).unwrap())
}

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![
        number().prop_map(Target::Export),
        (number(), 0_u8..5).prop_map(|(question, index)| Target::Answer { question, index }),
    ]
}

fn descriptor() -> impl Strategy<Value = Descriptor> {
    prop_oneof![
        3 => number().prop_map(Descriptor::SenderHosted),
        3 => number().prop_map(Descriptor::ReceiverHosted),
        2 => (number(), 0_u8..5)
            .prop_map(|(question, index)| Descriptor::ReceiverAnswer { question, index }),
        1 => cause().prop_map(Descriptor::Broken),
    ]
}

fn list<T: std::fmt::Debug>(item: impl Strategy<Value = T>) -> impl Strategy<Value = List<T>> {
    vec(item, 0..3).prop_map(|items| items.into_iter().collect())
}

fn call() -> impl Strategy<Value = Message> {
    let rest = (
        list(number()),
        any::<bool>(),
        0_u64..200,
        list(descriptor()),
    );
    (number(), target(), any::<bool>(), rest).prop_map(
        |(question, target, pipelined, (after, after_success, deadline, caps))| {
            Message::Call(CallMessage {
                question,
                target,
                pipelined,
                after,
                after_success,
                deadline: Deadline(deadline),
                caps,
                token: Token(0),
            })
        },
    )
}

fn message() -> impl Strategy<Value = Message> {
    let result = prop_oneof![
        3 => list(descriptor()).prop_map(Ok),
        1 => cause().prop_map(Err),
    ];
    let owner = prop_oneof![Just(Owner::Sender), Just(Owner::Receiver)];
    prop_oneof![
        4 => call(),
        3 => (number(), result, any::<bool>()).prop_map(|(question, result, token)| {
            Message::Return { question, result, token: token.then_some(Token(0)) }
        }),
        1 => number().prop_map(|question| Message::Finish { question }),
        1 => number().prop_map(|question| Message::Cancel { question }),
        1 => (number(), descriptor())
            .prop_map(|(export, target)| Message::Resolve { export, target }),
        1 => (number(), number()).prop_map(|(export, count)| Message::Release { export, count }),
        1 => (target(), number(), owner)
            .prop_map(|(target, id, owner)| Message::Disembargo { target, id, owner }),
        1 => number().prop_map(|id| Message::Disembargoed { id }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let any_cap = || proptest::option::of(0_usize..20);
    prop_oneof![
        10 => message().prop_map(Step::Peer),
        4 => (0_usize..20, any_cap(), any::<bool>())
            .prop_map(|(cap, argument, after)| Step::Call { cap, argument, after }),
        2 => (0_usize..20, 0_u8..4).prop_map(|(call, index)| Step::Result { call, index }),
        3 => (0_usize..20, any_cap()).prop_map(|(call, cap)| Step::Answer { call, cap }),
        1 => Just(Step::Promise),
        1 => (0_usize..20, any_cap()).prop_map(|(promise, cap)| Step::Resolve { promise, cap }),
        1 => (0_usize..20).prop_map(Step::Cancel),
        1 => (0_usize..20).prop_map(Step::Release),
        1 => (0_u64..200).prop_map(Step::Expire),
    ]
}

/// A host that uses what it gets, and a count of the tokens it is owed.
struct Host {
    side: Side,
    caps: Vec<CapKey>,
    calls: Vec<CallKey>,
    running: Vec<CallKey>,
    promises: Vec<CapKey>,
    /// Tokens that went in less those that came out; the peer's are put in by its messages.
    inside: i64,
    hosted: usize,
    dropped: usize,
}

fn pick<T: Copy>(items: &[T], which: usize) -> Option<T> {
    items.get(which % items.len().max(1)).copied()
}

impl Host {
    fn new() -> Self {
        let mut side = Side::new(LIMITS);
        let own = side.host(ObjectId(0)).unwrap();
        side.grant(own).unwrap();
        let foreign = side.accept(0).unwrap();
        Self {
            side,
            caps: vec![own, foreign],
            calls: Vec::new(),
            running: Vec::new(),
            promises: Vec::new(),
            inside: 0,
            hosted: 1,
            dropped: 0,
        }
    }

    fn run(&mut self) {
        while let Some(action) = self.side.poll() {
            match action {
                Action::Send(message) => self.inside -= i64::from(message.token().is_some()),
                Action::Start(start) => {
                    self.inside -= 1;
                    self.running.push(start.call);
                    self.caps.extend(start.caps);
                }
                Action::Stop { call, .. } => {
                    if self.side.is_closed() {
                        self.running.retain(|running| *running != call);
                    }
                }
                Action::Ended {
                    call,
                    result,
                    token,
                } => {
                    let before = self.calls.len();
                    self.calls.retain(|open| *open != call);
                    assert_eq!(
                        self.calls.len() + 1,
                        before,
                        "a call ended that was not under way"
                    );
                    self.inside -= i64::from(token.is_some());
                    self.caps.extend(result.unwrap_or_default());
                }
                Action::Dropped(_) => self.dropped += 1,
                Action::Discard(_) => self.inside -= 1,
            }
        }
    }

    fn take(&mut self, step: Step) -> Result<(), Violation> {
        match step {
            Step::Peer(message) => {
                let tokens = i64::from(message.token().is_some());
                // What the side does not take stays with whoever reads the ring.
                self.side.receive(message)?;
                self.inside += tokens;
            }
            Step::Call {
                cap,
                argument,
                after,
            } => self.call(cap, argument, after),
            Step::Result { call, index } => {
                if let Some(call) = pick(&self.calls, call) {
                    self.caps.extend(self.side.result(call, index));
                }
            }
            Step::Answer { call, cap } => {
                let cap = cap.and_then(|cap| pick(&self.caps, cap));
                if let Some(call) = pick(&self.running, call) {
                    let caps: Vec<CapKey> = cap.into_iter().collect();
                    self.side.answer(call, Ok(&caps), Some(Token(1))).unwrap();
                    self.running.retain(|running| *running != call);
                    self.inside += 1;
                }
            }
            Step::Promise => {
                if let Ok(key) = self.side.promise() {
                    self.promises.push(key);
                    self.caps.push(self.side.clone_cap(key).unwrap());
                }
            }
            Step::Resolve { promise, cap } => {
                if let Some(promise) = pick(&self.promises, promise) {
                    let to = cap.and_then(|cap| pick(&self.caps, cap));
                    self.side.resolve(promise, to.ok_or(Cause::Failed)).unwrap();
                    self.side.release(promise).unwrap();
                    self.promises.retain(|open| *open != promise);
                }
            }
            Step::Cancel(call) => {
                if let Some(call) = pick(&self.calls, call) {
                    self.side.cancel(call).unwrap();
                }
            }
            Step::Release(cap) => {
                if !self.caps.is_empty() {
                    let cap = self.caps.swap_remove(cap % self.caps.len());
                    self.side.release(cap).unwrap();
                }
            }
            Step::Expire(now) => self.side.expire(now),
        }
        Ok(())
    }

    fn call(&mut self, cap: usize, argument: Option<usize>, after: bool) {
        let Some(target) = pick(&self.caps, cap) else {
            return;
        };
        let caps: Vec<CapKey> = argument
            .and_then(|cap| pick(&self.caps, cap))
            .into_iter()
            .collect();
        let after: Vec<CallKey> = self
            .calls
            .iter()
            .rev()
            .take(usize::from(after))
            .copied()
            .collect();
        let request = Request {
            caps: &caps,
            after: &after,
            pipelined: true,
            deadline: Deadline(150),
            ..Request::new(target, Token(2))
        };
        if let Ok(call) = self.side.call(&request) {
            self.calls.push(call);
            self.inside += 1;
        }
    }

    /// The connection is over: everything comes back.
    fn end(mut self) {
        self.side.close();
        self.run();
        assert!(
            self.calls.is_empty(),
            "{} calls did not end",
            self.calls.len()
        );
        assert_eq!(self.inside, 0, "tokens were lost or doubled");
        for key in self.caps.drain(..).chain(self.promises.drain(..)) {
            self.side.release(key).unwrap();
        }
        self.run();
        assert_eq!(self.side.census(), Census::default());
        assert_eq!(self.dropped, self.hosted);
    }
}

fn cases() -> ProptestConfig {
    let long = std::env::var("ISTHMUS_SEARCH").as_deref() == Ok("long");
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(if long { 1_000_000 } else { 1_000 })
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_peer_that_sends_anything_harms_nobody(steps in vec(step(), 0..80)) {
        let mut host = Host::new();
        for step in steps {
            let violation = host.take(step).err();
            host.run();
            prop_assert_eq!(violation.is_some(), violation.is_some() && host.side.is_closed());
            let census = host.side.census();
            prop_assert!(census.imports <= LIMITS.exports && census.embargoes <= LIMITS.embargoes);
            if violation.is_some() {
                break;
            }
        }
        host.end();
    }

    /// The same, but what would close the connection is left out, so that runs get far.
    #[test]
    fn a_peer_that_keeps_just_inside_of_the_protocol_harms_nobody(steps in vec(step(), 0..400)) {
        let mut host = Host::new();
        for step in steps {
            if let Step::Peer(message) = &step {
                let mut trial = host.side.clone();
                if trial.receive(message.clone()).is_err() {
                    continue;
                }
            }
            host.take(step).unwrap();
            host.run();
        }
        host.end();
    }
}

#[test]
fn every_violation_can_be_committed() {
    let mut seen = BTreeSet::new();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..1_500 {
        let steps = vec(step(), 0..60).new_tree(&mut runner).unwrap().current();
        let mut host = Host::new();
        let violation = steps.into_iter().find_map(|step| {
            let violation = host.take(step).err();
            host.run();
            violation
        });
        let name = violation.map(|violation| format!("{violation:?}"));
        seen.extend(name.map(|name| name.split('(').next().unwrap_or_default().to_owned()));
    }
    for name in [
        "Question",
        "NoQuestion",
        "NoExport",
        "NoAnswer",
        "Export",
        "Release",
        "After",
        "Embargo",
    ] {
        assert!(seen.contains(name), "{name} is not among {seen:?}");
    }
}

#[test]
fn a_peer_that_does_not_take_answers_is_cut_off() {
    let mut side = Side::new(LIMITS);
    let own = side.host(ObjectId(0)).unwrap();
    let export = side.grant(own).unwrap();
    let call = Message::Call(CallMessage {
        question: 0,
        target: Target::Answer {
            question: 1,
            index: 0,
        },
        pipelined: false,
        after: List::new(),
        after_success: false,
        deadline: Deadline::NEVER,
        caps: List::new(),
        token: Token(0),
    });
    // One that may be named: its result is a broken promise, so calls on it end at once.
    let Message::Call(mut first) = call.clone() else {
        return;
    };
    first.question = 1;
    first.target = Target::Export(export);
    first.pipelined = true;
    side.receive(Message::Call(first)).unwrap();
    side.receive(Message::Cancel { question: 1 }).unwrap();
    let sent =
        (0..100_000).find_map(|sent| side.receive(call.clone()).err().map(|error| (sent, error)));
    let (sent, violation) = sent.unwrap();
    assert_eq!(violation, Violation::Flood);
    assert!(sent < 1_000, "{sent} messages were kept");
}
