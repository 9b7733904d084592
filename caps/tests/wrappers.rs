//! What each wrapper promises, seen from both of its ends: from the caller's, and from a scripted object's.

use std::future::IntoFuture;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use isthmus_caps::{
    Account, Amounts, Answer, Attenuator, Badge, CallError, Cap, Caretaker, Clock, Counts,
    Deadline, Holder, Instant, Log, Meter, Mock, Name, Object, Outcome, Pending, Rate, Recorder,
    Reply, Request, Resource, Rights, StillClock, Totals, Unmet,
};

const FILE: u64 = 0xf11e;
const READ: Rights = Rights::object(0);
const WRITE: Rights = Rights::object(1);

fn call(cap: &Cap, method: u16) -> Answer {
    let answer = cap.call(&Request::new(FILE, method, b"?")).now();
    answer.expect("answers at once")
}

fn error(answer: Answer) -> CallError {
    answer.expect_err("was to fail")
}

/// Counts how often it is woken.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A call in flight, with a bell to wake.
struct Flight {
    call: Pending,
    bell: Arc<Bell>,
}

impl Flight {
    fn new(outcome: Outcome) -> Self {
        let Outcome::Later(call) = outcome else {
            panic!("answered at once")
        };
        let bell = Arc::default();
        Self { call, bell }
    }

    fn poll(&mut self) -> Poll<Answer> {
        let waker = Waker::from(self.bell.clone());
        Pin::as_mut(&mut self.call).poll(&mut Context::from_waker(&waker))
    }

    fn rung(&self) -> usize {
        self.bell.0.load(Ordering::Relaxed)
    }

    fn ends(&mut self) -> Answer {
        match self.poll() {
            Poll::Ready(answer) => answer,
            Poll::Pending => panic!("still in flight"),
        }
    }
}

/// Says who it was called by.
struct Who;

impl Object for Who {
    fn call(&self, holder: Holder, _: &Request<'_>) -> Outcome {
        let mut seen = holder.rights.bits().to_le_bytes().to_vec();
        seen.extend(holder.badge.0.to_le_bytes());
        Outcome::reply(&seen)
    }
}

fn who(cap: &Cap) -> (Rights, Badge) {
    let reply = call(cap, 0).unwrap();
    let (rights, badge) = reply.data.as_slice().split_at(4);
    let rights = Rights::from_bits(u32::from_le_bytes(rights.try_into().unwrap()));
    (rights, Badge(u64::from_le_bytes(badge.try_into().unwrap())))
}

#[test]
fn an_attenuator_lets_only_listed_methods_and_rights_through() {
    let mock = Mock::new();
    mock.expect(FILE, 1).reply(b"one");
    mock.expect(FILE, 5).reply(b"five");
    let cap = Attenuator::new(mock.cap())
        .only(FILE, 0..3)
        .only(FILE, 5..=5)
        .except(FILE, 2..=2)
        .cap();
    assert_eq!(call(&cap, 1).unwrap().data.as_slice(), b"one");
    for denied in [2, 3, 4, 6, u16::MAX] {
        assert_eq!(error(call(&cap, denied)), CallError::Denied);
    }
    let other = cap.call(&Request::new(FILE + 1, 1, &[])).now().unwrap();
    assert_eq!(error(other), CallError::Denied);
    assert!(call(&cap, 5).is_ok());
    mock.verify().unwrap();
}

#[test]
fn an_empty_range_lets_nothing_through_and_an_open_one_all() {
    let none = Attenuator::new(Cap::new(Who)).only(FILE, 3..3).cap();
    assert_eq!(error(call(&none, 3)), CallError::Denied);
    let all = Attenuator::new(Cap::new(Who)).only(FILE, ..).cap();
    assert!(call(&all, 0).is_ok() && call(&all, u16::MAX).is_ok());
}

#[test]
fn the_object_sees_the_rights_that_all_on_the_way_have_and_the_badge_set_closest_to_it() {
    let inner = Cap::new(Who)
        .restricted(READ | WRITE)
        .badged(Badge(3))
        .unwrap();
    let wrapped = Attenuator::new(inner).cap();
    assert_eq!(
        (wrapped.rights(), wrapped.badge()),
        (READ | WRITE, Badge(3))
    );
    let outer = wrapped.restricted(READ | Rights::GRANT);
    assert_eq!(who(&outer), (READ, Badge(3)));
    let plain = Attenuator::new(Cap::new(Who)).rights(WRITE).cap();
    assert_eq!(plain.rights(), WRITE);
    assert_eq!(who(&plain.badged(Badge(9)).unwrap()), (WRITE, Badge(9)));
}

#[test]
fn a_caretaker_passes_calls_on_until_it_is_revoked_and_then_lets_the_object_go() {
    let object = Arc::new(Who);
    let caretaker = Caretaker::new(Cap::from(object.clone()));
    let cap = caretaker.cap();
    assert!(call(&cap, 0).is_ok());
    assert_eq!(Arc::strong_count(&object), 2);
    caretaker.revoke();
    assert!(caretaker.is_revoked());
    assert_eq!(error(call(&cap, 0)), CallError::Revoked);
    assert_eq!(Arc::strong_count(&object), 1);
    caretaker.revoke();
}

#[test]
fn a_caretaker_that_is_dropped_has_revoked() {
    let cap = Caretaker::new(Cap::new(Who)).cap();
    assert_eq!(error(call(&cap, 0)), CallError::Revoked);
}

#[test]
fn revoking_wakes_calls_in_flight_and_they_end_with_an_error_and_are_given_up() {
    let mock = Mock::new();
    let resolver = mock.expect(FILE, 0).later();
    let caretaker = Caretaker::new(mock.cap());
    let mut flight = Flight::new(caretaker.cap().call(&Request::new(FILE, 0, &[])));
    assert!(flight.poll().is_pending());
    assert_eq!(flight.rung(), 0);
    caretaker.revoke();
    assert_eq!(flight.rung(), 1);
    assert_eq!(error(flight.ends()), CallError::Revoked);
    assert!(resolver.is_abandoned());
}

#[test]
fn an_answer_that_comes_after_the_revocation_is_held_back() {
    let mock = Mock::new();
    let resolver = mock.expect(FILE, 0).later();
    let caretaker = Caretaker::new(mock.cap());
    let mut flight = Flight::new(caretaker.cap().call(&Request::new(FILE, 0, &[])));
    resolver.resolve(Ok(Reply::copied(b"secret")));
    caretaker.revoke();
    assert_eq!(error(flight.ends()), CallError::Revoked);
}

/// Revokes the caretaker that it is called through.
struct Saboteur(std::sync::Mutex<Option<Caretaker>>);

impl Object for Saboteur {
    fn call(&self, _: Holder, _: &Request<'_>) -> Outcome {
        drop(self.0.lock().unwrap().take());
        Outcome::reply(b"too late")
    }
}

#[test]
fn an_object_may_revoke_the_caretaker_that_it_is_called_through() {
    let object = Arc::new(Saboteur(std::sync::Mutex::default()));
    let caretaker = Caretaker::new(Cap::from(object.clone()));
    let cap = caretaker.cap();
    *object.0.lock().unwrap() = Some(caretaker);
    assert_eq!(error(call(&cap, 0)), CallError::Revoked);
}

#[test]
fn a_recorder_shows_each_call_and_its_one_end() {
    let mock = Mock::new();
    mock.expect(FILE, 1).reply(b"12345");
    mock.expect(FILE, 2).answer(Err(CallError::BadParams));
    let first = mock.expect(FILE, 3).later();
    let second = mock.expect(FILE, 4).later();
    let (log, counts) = (Arc::new(Log::new(3)), Arc::new(Counts::default()));
    let cap = Recorder::wrap(mock.cap(), counts.clone());
    let cap = Recorder::wrap(cap, log.clone()).badged(Badge(4)).unwrap();
    call(&cap, 1).unwrap();
    assert_eq!(error(call(&cap, 2)), CallError::BadParams);
    let mut answered = Flight::new(cap.call(&Request::new(FILE, 3, b"abc")));
    let abandoned = Flight::new(cap.call(&Request::new(FILE, 4, &[])));
    assert_eq!(log.entries()[2].end, None);
    first.resolve(Ok(Reply::copied(b"xy")));
    answered.ends().unwrap();
    drop(abandoned);
    assert!(second.is_abandoned());
    let ends: Vec<_> = log
        .entries()
        .into_iter()
        .map(|entry| {
            (
                entry.number,
                entry.badge,
                entry.method,
                entry.bytes_in,
                entry.end.unwrap(),
            )
        })
        .collect();
    let badge = Badge(4);
    assert_eq!(
        ends,
        [
            (1, badge, 2, 1, Err(CallError::BadParams)),
            (2, badge, 3, 3, Ok(2)),
            (3, badge, 4, 0, Err(CallError::Cancelled)),
        ]
    );
    let expected = Totals {
        begun: 4,
        succeeded: 2,
        failed: 2,
        bytes_in: 5,
        bytes_out: 7,
    };
    assert_eq!(counts.totals(), expected);
}

#[test]
fn a_meter_lets_a_burst_through_and_then_an_even_flow() {
    let clock = StillClock::new();
    let rate = Rate {
        calls: 3,
        per: Duration::from_nanos(300),
    };
    let cap = Meter::new(Cap::new(Who))
        .rate(rate, Arc::new(clock.clone()))
        .cap();
    let let_through = |calls: usize| (0..calls).filter(|_| call(&cap, 0).is_ok()).count();
    assert_eq!(let_through(9), 3);
    assert_eq!(error(call(&cap, 0)), CallError::Overloaded);
    clock.advance(Duration::from_nanos(99));
    assert_eq!(let_through(9), 0);
    clock.advance(Duration::from_nanos(1));
    assert_eq!(let_through(9), 1);
    clock.advance(Duration::from_nanos(250));
    assert_eq!(let_through(9), 2);
    clock.advance(Duration::from_secs(5));
    assert_eq!(let_through(9), 3);
}

#[test]
fn a_meters_call_in_flight_is_paid_for_until_it_ends_and_the_refusal_names_who_would_pay() {
    let root = Account::root(Amounts::UNLIMITED);
    let limits = Amounts {
        calls: 2,
        ..Amounts::NONE
    };
    let account = root.open("clerk", limits).unwrap();
    let mock = Mock::new();
    let (one, _two, _three) = (
        mock.expect(FILE, 0).later(),
        mock.expect(FILE, 0).later(),
        mock.expect(FILE, 0).later(),
    );
    let cap = Meter::new(mock.cap()).in_flight(account.clone()).cap();
    let fly = || cap.call(&Request::new(FILE, 0, &[]));
    let mut first = Flight::new(fly());
    let second = Flight::new(fly());
    let exhausted = CallError::Exhausted {
        account: Name::new("clerk"),
        resource: Resource::Calls,
    };
    assert_eq!(error(fly().now().unwrap()), exhausted);
    one.resolve(Ok(Reply::EMPTY));
    first.ends().unwrap();
    assert_eq!(account.used().unwrap().calls, 1);
    let third = Flight::new(fly());
    drop((second, third));
    assert_eq!(root.used(), Ok(Amounts::NONE));
    mock.verify().unwrap();
}

#[test]
fn a_meters_budget_is_spent_by_calls_let_through_alone_and_comes_back_with_the_meter() {
    let root = Account::root(Amounts::UNLIMITED);
    let limits = Amounts {
        cpu_micros: 25,
        ..Amounts::NONE
    };
    let account = root.open("month", limits).unwrap();
    let clock = StillClock::new();
    let rate = Rate {
        calls: 1,
        per: Duration::from_nanos(10),
    };
    let cap = Meter::new(Cap::new(Who))
        .budget(&account, Resource::CpuMicros, 10)
        .unwrap()
        .rate(rate, Arc::new(clock.clone()))
        .cap();
    assert!(call(&cap, 0).is_ok());
    assert_eq!(error(call(&cap, 0)), CallError::Overloaded);
    assert_eq!(account.used().unwrap().cpu_micros, 10);
    clock.advance(Duration::from_nanos(10));
    assert!(call(&cap, 0).is_ok());
    clock.advance(Duration::from_nanos(10));
    let exhausted = CallError::Exhausted {
        account: Name::new("month"),
        resource: Resource::CpuMicros,
    };
    assert_eq!(error(call(&cap, 0)), exhausted);
    // The call refused for want of money did not count against the rate.
    account
        .ledger()
        .lock()
        .set_limits(account.id(), Amounts::all(100))
        .unwrap();
    assert!(call(&cap, 0).is_ok());
    drop(cap);
    assert_eq!(root.used(), Ok(Amounts::NONE));
}

/// Answers with the deadline that it sees.
struct When;

impl Object for When {
    fn call(&self, _: Holder, request: &Request<'_>) -> Outcome {
        Outcome::reply(&request.deadline().0.to_le_bytes())
    }
}

#[test]
fn a_call_never_has_a_later_deadline_than_any_on_its_way() {
    let clock = StillClock::new();
    clock.advance(Duration::from_nanos(100));
    let within = |cap, limit| {
        Deadline::wrap(
            cap,
            Arc::new(clock.clone()) as Arc<dyn Clock>,
            Duration::from_nanos(limit),
        )
    };
    let seen = |cap: &Cap, own| {
        let request = Request::new(FILE, 0, &[]).until(own);
        let reply = cap.call(&request).now().unwrap().unwrap();
        u64::from_le_bytes(reply.data.as_slice().try_into().unwrap())
    };
    let loose = within(within(Cap::new(When), 20), 70);
    let tight = within(within(Cap::new(When), 70), 20);
    assert_eq!(seen(&loose, Instant::NEVER), 120);
    assert_eq!(seen(&tight, Instant::NEVER), 120);
    assert_eq!(seen(&tight, Instant(105)), 105);
    let past = tight.call(&Request::new(FILE, 0, &[]).until(Instant(100)));
    assert_eq!(error(past.now().unwrap()), CallError::DeadlinePassed);
}

#[test]
fn a_call_in_flight_is_woken_at_its_deadline_and_given_up() {
    let clock = StillClock::new();
    let mock = Mock::new();
    let (slow, fast) = (mock.expect(FILE, 0).later(), mock.expect(FILE, 0).later());
    let cap = Deadline::wrap(
        mock.cap(),
        Arc::new(clock.clone()),
        Duration::from_nanos(50),
    );
    let mut late = Flight::new(cap.call(&Request::new(FILE, 0, &[])));
    let mut timely = Flight::new(cap.call(&Request::new(FILE, 0, &[])));
    assert!(late.poll().is_pending() && timely.poll().is_pending());
    assert_eq!(clock.armed(), 2);
    fast.resolve(Ok(Reply::EMPTY));
    timely.ends().unwrap();
    clock.advance(Duration::from_nanos(49));
    assert!(late.poll().is_pending());
    assert_eq!(late.rung(), 0);
    clock.advance(Duration::from_nanos(1));
    assert_eq!(late.rung(), 1);
    assert_eq!(error(late.ends()), CallError::DeadlinePassed);
    assert!(slow.is_abandoned());
    assert_eq!(clock.armed(), 0);
}

#[test]
fn a_mock_holds_its_caller_to_the_script() {
    let mock = Mock::new();
    mock.expect(FILE, 1).with(b"?").reply(b"!");
    mock.expect(FILE, 2);
    assert_eq!(mock.verify(), Err(Unmet::Missing(2)));
    let cap = mock.cap();
    assert_eq!(call(&cap, 1).unwrap().data.as_slice(), b"!");
    assert!(matches!(error(call(&cap, 7)), CallError::Failed(_)));
    assert!(call(&cap, 2).unwrap().data.as_slice().is_empty());
    let unexpected = Unmet::Unexpected {
        interface: FILE,
        method: 7,
        params: b"?".to_vec(),
    };
    assert_eq!(mock.verify(), Err(unexpected));
}

#[test]
fn an_object_that_loses_its_resolver_tells_its_caller() {
    let mock = Mock::new();
    let resolver = mock.expect(FILE, 0).later();
    let mut flight = Flight::new(mock.cap().call(&Request::new(FILE, 0, &[])));
    assert!(flight.poll().is_pending());
    drop(resolver);
    assert_eq!(flight.rung(), 1);
    assert_eq!(error(flight.ends()), CallError::PeerGone);
}

/// All wrappers at once, `depth` times over.
fn nested(mut cap: Cap, depth: usize, keep: &mut Vec<Caretaker>, clock: &StillClock) -> Cap {
    for level in 0..depth {
        cap = match level % 5 {
            0 => Attenuator::new(cap).only(FILE, ..).cap(),
            1 => {
                keep.push(Caretaker::new(cap));
                keep.last().unwrap().cap()
            }
            2 => Recorder::wrap(cap, Arc::new(Counts::default())),
            3 => Meter::new(cap).cap(),
            _ => Deadline::wrap(cap, Arc::new(clock.clone()), Duration::MAX),
        };
    }
    cap
}

#[test]
fn wrappers_nest_and_each_in_the_middle_still_works() {
    let (clock, mut keep) = (StillClock::new(), Vec::new());
    let mock = Mock::new();
    mock.expect(FILE, 1).reply(b"deep");
    let resolver = mock.expect(FILE, 2).later();
    let cap = nested(mock.cap(), 500, &mut keep, &clock);
    assert_eq!(call(&cap, 1).unwrap().data.as_slice(), b"deep");
    let mut flight = Flight::new(cap.call(&Request::new(FILE, 2, &[])));
    assert!(flight.poll().is_pending());
    keep[50].revoke();
    assert!(flight.rung() >= 1);
    assert_eq!(error(flight.ends()), CallError::Revoked);
    assert!(resolver.is_abandoned());
    assert_eq!(error(call(&cap, 1)), CallError::Revoked);
    mock.verify().unwrap();
}

#[test]
fn an_outcome_can_be_awaited_and_mapped_whether_it_is_there_or_not() {
    let mock = Mock::new();
    mock.expect(FILE, 0).reply(b"now");
    let resolver = mock.expect(FILE, 0).later();
    let cap = mock.cap();
    let chain = async {
        let now = cap.call(&Request::new(FILE, 0, &[])).await?;
        let request = Request::new(FILE, 0, now.data.as_slice());
        let hide = |answer: Answer| answer.map_err(|_| CallError::failed("hidden"));
        cap.call(&request).map(hide).await
    };
    let mut chain = pin!(chain);
    let mut context = Context::from_waker(Waker::noop());
    assert!(chain.as_mut().poll(&mut context).is_pending());
    resolver.resolve(Err(CallError::BadParams));
    let Poll::Ready(answer) = chain.poll(&mut context) else {
        panic!("was resolved")
    };
    assert_eq!(error(answer), CallError::failed("hidden"));
    let ready = Outcome::DONE.map(|_| Err(CallError::Cancelled));
    let mut ready = pin!(ready.into_future());
    assert!(ready.as_mut().poll(&mut context).is_ready());
}
