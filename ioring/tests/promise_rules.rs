//! The rules one by one, between two sides whose messages are delivered at once or held back by hand.
#![cfg(not(loom))]

use isthmus_ioring::entry::Deadline;
use isthmus_ioring::promise::{
    Action, CallKey, CapKey, Cause, Descriptor, Limits, Message, ObjectId, Refused, Request, Side,
    Start, Token,
};

/// Two sides, the first of which holds an object of the second's.
struct Pair {
    sides: [Side; 2],
    service: CapKey,
    /// What each host was told, but for messages.
    told: [Vec<Action>; 2],
    /// Messages under way to each.
    wires: [Vec<Message>; 2],
}

impl Pair {
    fn new(limits: Limits) -> Self {
        let mut sides = [Side::new(limits), Side::new(limits)];
        let own = sides[1].host(ObjectId(7)).unwrap();
        let export = sides[1].grant(own).unwrap();
        let service = sides[0].accept(export).unwrap();
        Self {
            sides,
            service,
            told: Default::default(),
            wires: Default::default(),
        }
    }

    fn run(&mut self) {
        for side in [0, 1] {
            while let Some(action) = self.sides[side].poll() {
                match action {
                    Action::Send(message) => self.wires[1 - side].push(message),
                    other => self.told[side].push(other),
                }
            }
        }
    }

    /// All that is under way to a side arrives: one batch. How many that was.
    fn deliver(&mut self, side: usize) -> usize {
        self.run();
        let batch = std::mem::take(&mut self.wires[side]);
        let many = batch.len();
        for message in batch {
            self.sides[side].receive(message).unwrap();
        }
        self.run();
        many
    }

    /// The first message under way to a side arrives, alone.
    fn deliver_one(&mut self, side: usize) {
        self.run();
        let message = self.wires[side].remove(0);
        self.sides[side].receive(message).unwrap();
        self.run();
    }

    fn call(&mut self, target: CapKey) -> CallKey {
        let request = Request {
            pipelined: true,
            ..Request::new(target, Token(1))
        };
        self.sides[0].call(&request).unwrap()
    }

    fn result(&mut self, call: CallKey) -> CapKey {
        self.sides[0].result(call, 0).unwrap()
    }

    /// Calls that the second host was told to begin.
    fn started(&mut self) -> Vec<Start> {
        let started = |action| match action {
            Action::Start(start) => Some(start),
            _ => None,
        };
        self.told[1].drain(..).filter_map(started).collect()
    }

    /// How calls of the first host ended.
    fn ended(&mut self) -> Vec<Result<usize, Cause>> {
        let ended = |action| match action {
            Action::Ended { result, .. } => Some(result.map(|caps| caps.len())),
            _ => None,
        };
        self.told[0].drain(..).filter_map(ended).collect()
    }
}

#[test]
fn a_chain_of_eight_calls_is_one_batch_there_and_one_back() {
    let mut pair = Pair::new(Limits::default());
    let mut target = pair.service;
    for _ in 0..8 {
        let call = pair.call(target);
        target = pair.result(call);
    }
    assert_eq!(pair.deliver(1), 8);
    for step in 0..8 {
        let started = pair.started();
        assert_eq!(started.len(), 1, "step {step}");
        let next = pair.sides[1].host(ObjectId(step)).unwrap();
        pair.sides[1]
            .answer(started[0].call, Ok(&[next]), None)
            .unwrap();
        pair.sides[1].release(next).unwrap();
        pair.run();
    }
    assert_eq!(pair.deliver(0), 8);
    assert_eq!(pair.ended(), [Ok(1); 8]);
}

#[test]
fn what_hangs_on_a_broken_promise_breaks_with_its_cause_to_any_depth() {
    let mut pair = Pair::new(Limits::default());
    let mut target = pair.service;
    for _ in 0..5 {
        let call = pair.call(target);
        target = pair.result(call);
    }
    pair.deliver(1);
    let first = pair.started().remove(0);
    pair.sides[1]
        .answer(first.call, Err(Cause::Revoked), Some(Token(9)))
        .unwrap();
    pair.deliver(0);
    assert_eq!(pair.ended(), [Err(Cause::Revoked); 5]);
    assert_eq!(pair.sides[0].broken_cause(target), Some(Cause::Revoked));
}

#[test]
fn a_result_that_is_not_there_is_null() {
    let mut pair = Pair::new(Limits::default());
    let call = pair.call(pair.service);
    let second = pair.sides[0].result(call, 1).unwrap();
    pair.call(second);
    pair.deliver(1);
    let first = pair.started().remove(0);
    pair.sides[1].answer(first.call, Ok(&[]), None).unwrap();
    pair.deliver(0);
    assert_eq!(pair.ended(), [Ok(0), Err(Cause::Null)]);
}

#[test]
fn a_deadline_is_never_later_than_the_parents() {
    let mut pair = Pair::new(Limits::default());
    let parent = Request {
        deadline: Deadline(100),
        ..Request::new(pair.service, Token(1))
    };
    let parent = pair.sides[0].call(&parent).unwrap();
    for (own, expected) in [
        (Deadline::NEVER, 100),
        (Deadline(200), 100),
        (Deadline(50), 50),
    ] {
        let child = Request {
            parent: Some(parent),
            deadline: own,
            ..Request::new(pair.service, Token(2))
        };
        pair.sides[0].call(&child).unwrap();
        pair.deliver(1);
        assert_eq!(pair.started().last().unwrap().deadline, Deadline(expected));
    }
    assert_eq!(pair.sides[0].next_deadline(), Deadline(50));
}

#[test]
fn a_call_past_its_deadline_ends_once_whoever_has_it() {
    let mut pair = Pair::new(Limits::default());
    let sent = Request {
        deadline: Deadline(10),
        pipelined: true,
        ..Request::new(pair.service, Token(1))
    };
    let sent = pair.sides[0].call(&sent).unwrap();
    let promise = pair.sides[0].promise().unwrap();
    let held = Request {
        deadline: Deadline(10),
        ..Request::new(promise, Token(2))
    };
    pair.sides[0].call(&held).unwrap();
    let hanging = pair.result(sent);
    pair.call(hanging);
    pair.deliver(1);
    let started = pair.started().remove(0);
    pair.sides[0].expire(9);
    pair.run();
    assert_eq!(pair.ended(), []);
    pair.sides[0].expire(10);
    pair.run();
    assert!(pair.told[0].contains(&Action::Discard(Token(2))));
    assert_eq!(
        pair.ended(),
        [Err(Cause::DeadlinePassed)],
        "the one that nobody has"
    );
    pair.deliver(1);
    let stop = Action::Stop {
        call: started.call,
        cause: Cause::Cancelled,
    };
    assert!(pair.told[1].contains(&stop));
    pair.deliver(0);
    assert_eq!(
        pair.ended(),
        [Err(Cause::Cancelled)],
        "the one that hangs on it"
    );
    // The answer comes too late to count, whatever it is.
    pair.sides[1]
        .answer(started.call, Ok(&[]), Some(Token(3)))
        .unwrap();
    pair.deliver(0);
    assert!(pair.told[1].contains(&Action::Discard(Token(3))));
    assert_eq!(pair.ended(), [Err(Cause::DeadlinePassed)]);
}

#[test]
fn the_receiver_keeps_deadlines_too() {
    let mut pair = Pair::new(Limits::default());
    let call = Request {
        deadline: Deadline(10),
        ..Request::new(pair.service, Token(1))
    };
    pair.sides[0].call(&call).unwrap();
    pair.deliver(1);
    let started = pair.started().remove(0);
    pair.sides[1].expire(10);
    pair.run();
    let stop = Action::Stop {
        call: started.call,
        cause: Cause::DeadlinePassed,
    };
    assert_eq!(pair.told[1], [stop]);
}

#[test]
fn chains_deeper_than_the_limit_are_refused() {
    let limits = Limits {
        depth: 3,
        ..Limits::default()
    };
    let mut pair = Pair::new(limits);
    let mut target = pair.service;
    for _ in 0..4 {
        let call = pair.call(target);
        target = pair.result(call);
    }
    let one_more = Request::new(target, Token(5));
    assert_eq!(pair.sides[0].call(&one_more), Err(Refused::TooDeep));
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let limits = Limits {
        calls: 2,
        ..Limits::default()
    };
    let mut pair = Pair::new(limits);
    pair.call(pair.service);
    pair.call(pair.service);
    let census = pair.sides[0].census();
    let full = Request::new(pair.service, Token(3));
    assert_eq!(pair.sides[0].call(&full), Err(Refused::Full));
    let five = [pair.service; 5];
    let long = Request {
        caps: &five,
        ..full
    };
    assert_eq!(pair.sides[0].call(&long), Err(Refused::TooMany));
    assert_eq!(pair.sides[0].census(), census);
}

#[test]
fn stale_keys_are_refused() {
    let mut pair = Pair::new(Limits::default());
    let call = pair.call(pair.service);
    pair.deliver(1);
    let started = pair.started().remove(0);
    pair.sides[1].answer(started.call, Ok(&[]), None).unwrap();
    assert_eq!(
        pair.sides[1].answer(started.call, Ok(&[]), None),
        Err(Refused::NoSuchCall)
    );
    pair.deliver(0);
    assert_eq!(pair.sides[0].cancel(call), Err(Refused::NoSuchCall));
    assert_eq!(pair.sides[0].result(call, 0), Err(Refused::NoSuchCall));
    pair.sides[0].release(pair.service).unwrap();
    assert_eq!(
        pair.sides[0].release(pair.service),
        Err(Refused::NoSuchCapability)
    );
    let late = Request::new(pair.service, Token(2));
    assert_eq!(pair.sides[0].call(&late), Err(Refused::NoSuchCapability));
}

#[test]
fn a_promise_of_itself_is_broken() {
    let mut side = Side::new(Limits::default());
    let (first, second) = (side.promise().unwrap(), side.promise().unwrap());
    side.resolve(first, Ok(second)).unwrap();
    side.resolve(second, Ok(first)).unwrap();
    assert_eq!(side.broken_cause(first), Some(Cause::Cycle));
    assert_eq!(side.broken_cause(second), Some(Cause::Cycle));
    assert_eq!(
        side.resolve(second, Err(Cause::Failed)),
        Err(Refused::NotAPromise)
    );
}

#[test]
fn a_promise_that_is_to_be_the_result_of_a_call_on_it_is_broken() {
    let mut pair = Pair::new(Limits::default());
    let promise = pair.sides[0].promise().unwrap();
    let call = pair.call(promise);
    let result = pair.result(call);
    pair.sides[0].resolve(promise, Ok(result)).unwrap();
    pair.run();
    assert_eq!(pair.ended(), [Err(Cause::Cycle)]);
}

#[test]
fn more_embargoes_than_the_limit_break_the_reference() {
    let limits = Limits {
        embargoes: 0,
        ..Limits::default()
    };
    let mut pair = Pair::new(limits);
    let own = pair.sides[0].host(ObjectId(1)).unwrap();
    let request = Request {
        caps: &[own],
        pipelined: true,
        ..Request::new(pair.service, Token(1))
    };
    let call = pair.sides[0].call(&request).unwrap();
    let result = pair.result(call);
    pair.call(result);
    pair.deliver(1);
    let started = pair.started().remove(0);
    pair.sides[1]
        .answer(started.call, Ok(&started.caps), None)
        .unwrap();
    pair.deliver(0);
    assert_eq!(pair.sides[0].broken_cause(result), Some(Cause::Overloaded));
}

#[test]
fn a_capability_that_comes_home_is_called_directly_after_the_marker() {
    let mut pair = Pair::new(Limits::default());
    let own = pair.sides[0].host(ObjectId(1)).unwrap();
    let request = Request {
        caps: &[own],
        pipelined: true,
        ..Request::new(pair.service, Token(1))
    };
    let call = pair.sides[0].call(&request).unwrap();
    let home = pair.result(call);
    pair.call(home);
    pair.deliver(1);
    let started = pair.started().remove(0);
    pair.sides[1]
        .answer(started.call, Ok(&started.caps), None)
        .unwrap();
    pair.sides[1].release(started.caps[0]).unwrap();
    pair.run();
    let returned = |message: &Message| match message {
        Message::Return { result, .. } => result.clone().ok().map(|caps| caps[0]),
        _ => None,
    };
    let described = pair.wires[0].iter().find_map(returned);
    assert!(matches!(described, Some(Descriptor::ReceiverHosted(_))));
    pair.deliver(0);
    pair.call(home);
    assert_eq!(
        pair.sides[0].object(home),
        None,
        "one call is still on its way"
    );
    pair.deliver(1);
    pair.deliver(0);
    assert_eq!(pair.sides[0].object(home), Some(ObjectId(1)));
    let starts = |action: &&Action| matches!(action, Action::Start(_));
    assert_eq!(pair.told[0].iter().filter(starts).count(), 2);
}

#[test]
fn order_survives_a_promise_that_becomes_a_promise_that_comes_home() {
    let mut pair = Pair::new(Limits::default());
    let own = pair.sides[0].host(ObjectId(1)).unwrap();
    let request = Request {
        caps: &[own],
        pipelined: true,
        ..Request::new(pair.service, Token(1))
    };
    let call = pair.sides[0].call(&request).unwrap();
    let home = pair.result(call);
    let call_home = |pair: &mut Pair, token| {
        pair.sides[0].call(&Request::new(home, token)).unwrap();
    };
    call_home(&mut pair, Token(2));
    pair.deliver(1);
    let started = pair.started().remove(0);
    let promise = pair.sides[1].promise().unwrap();
    pair.sides[1]
        .answer(started.call, Ok(&[promise]), None)
        .unwrap();
    // Nothing is called by the promise's own name, but the first call is on its way through it.
    pair.deliver(0);
    pair.deliver(1);
    pair.sides[1].resolve(promise, Ok(started.caps[0])).unwrap();
    pair.deliver_one(0);
    call_home(&mut pair, Token(3));
    for side in [0, 1, 0, 1, 0] {
        pair.deliver(side);
    }
    let token = |action: &Action| match action {
        Action::Start(start) => Some(start.token),
        _ => None,
    };
    let order: Vec<Token> = pair.told[0].iter().filter_map(token).collect();
    assert_eq!(order, [Token(2), Token(3)]);
}

#[test]
fn nothing_works_after_the_end_but_giving_back() {
    let mut pair = Pair::new(Limits::default());
    let call = pair.call(pair.service);
    let result = pair.result(call);
    pair.sides[0].close();
    pair.run();
    assert_eq!(pair.ended(), [Err(Cause::Disconnected)]);
    let late = Request::new(pair.service, Token(2));
    assert_eq!(pair.sides[0].call(&late), Err(Refused::Closed));
    assert_eq!(pair.sides[0].promise(), Err(Refused::Closed));
    assert_eq!(
        pair.sides[0].broken_cause(result),
        Some(Cause::Disconnected)
    );
    pair.sides[0].release(result).unwrap();
    pair.sides[0].release(pair.service).unwrap();
    assert_eq!(pair.sides[0].census(), Default::default());
}
