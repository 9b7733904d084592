//! What crosses a membrane, in both directions, in requests and replies, at once and later.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use isthmus_caps::{
    Account, Amounts, Answer, Badge, CallError, Cap, Caretaker, Counts, Membrane, Mock, Name,
    Object, Outcome, Pending, Recorder, Reply, Request, Resource, Rights, Side,
};

const SHOP: u64 = 0x5409;
const READ: Rights = Rights::object(0);

fn call(cap: &Cap, caps: &[Cap]) -> Answer {
    let outcome = cap.call(&Request::new(SHOP, 0, &[]).with_caps(caps));
    outcome.now().expect("answers at once")
}

fn works(cap: &Cap) -> bool {
    call(cap, &[]).is_ok()
}

fn poll(call: &mut Pending) -> Poll<Answer> {
    Pin::as_mut(call).poll(&mut Context::from_waker(Waker::noop()))
}

/// Answers everything with nothing.
struct Nod;

impl Object for Nod {
    fn call(&self, _: isthmus_caps::Holder, _: &Request<'_>) -> Outcome {
        Outcome::DONE
    }
}

/// A membrane, a scripted object inside, and it as those outside have it.
fn shop(membrane: &Membrane) -> (Mock, Cap) {
    let mock = Mock::new();
    let outside = membrane.wrap(&mock.cap()).unwrap();
    (mock, outside)
}

#[test]
fn what_a_reply_brings_out_is_cut_by_the_same_revocation() {
    let membrane = Membrane::new();
    let (mock, shop) = shop(&membrane);
    let inner = Cap::new(Nod);
    mock.expect(SHOP, 0)
        .answer(Ok(Reply::EMPTY.with_cap(inner.clone())));
    let got = call(&shop, &[]).unwrap().caps.remove(0);
    assert!(!got.same_object(&inner) && works(&got));
    membrane.revoke();
    assert!(works(&inner));
    assert_eq!(call(&got, &[]).unwrap_err(), CallError::Revoked);
    assert_eq!(call(&shop, &[]).unwrap_err(), CallError::Revoked);
    assert_eq!(membrane.wrapped(), 0);
}

#[test]
fn what_a_request_brings_in_is_cut_as_well() {
    let membrane = Membrane::new();
    let (mock, shop) = shop(&membrane);
    mock.expect(SHOP, 0);
    let callback = Cap::new(Nod);
    call(&shop, std::slice::from_ref(&callback)).unwrap();
    let inside = mock.received().remove(0);
    assert!(!inside.same_object(&callback) && works(&inside));
    membrane.revoke();
    assert!(!works(&inside) && works(&callback));
}

#[test]
fn what_goes_home_arrives_bare_from_either_side() {
    let membrane = Membrane::new();
    let (mock, shop) = shop(&membrane);
    let (inner, outer) = (Cap::new(Nod), Cap::new(Nod));
    mock.expect(SHOP, 0)
        .answer(Ok(Reply::EMPTY.with_cap(inner.clone())));
    let got = call(&shop, &[]).unwrap().caps.remove(0);
    mock.expect(SHOP, 0);
    call(&shop, &[got, outer.clone()]).unwrap();
    let received = mock.received();
    assert!(received[0].same_object(&inner));
    mock.expect(SHOP, 0)
        .answer(Ok(Reply::EMPTY.with_cap(received[1].clone())));
    let back = call(&shop, &[]).unwrap().caps.remove(0);
    assert!(back.same_object(&outer));
}

#[test]
fn going_home_does_not_give_back_rights_that_were_taken_outside() {
    let membrane = Membrane::new();
    let (mock, shop) = shop(&membrane);
    let inner = Cap::new(Nod).restricted(READ | Rights::GRANT);
    let outside = membrane.wrap(&inner).unwrap();
    let narrow = outside.restricted(READ).badged(Badge(6)).unwrap();
    mock.expect(SHOP, 0);
    call(&shop, &[narrow]).unwrap();
    let home = mock.received().remove(0);
    assert!(home.same_object(&inner));
    assert_eq!((home.rights(), home.badge()), (READ, Badge(6)));
}

#[test]
fn wrapping_twice_makes_one_wrapping_and_another_membrane_makes_another() {
    let (first, second) = (Membrane::new(), Membrane::new());
    let inner = Cap::new(Nod);
    let once = first.wrap(&inner).unwrap();
    assert!(first.wrap(&once).unwrap().same_object(&once));
    let twice = second.wrap(&once).unwrap();
    assert!(!twice.same_object(&once) && works(&twice));
    first.revoke();
    assert!(!works(&twice));
}

#[test]
fn capabilities_that_come_later_are_wrapped_too_and_the_wait_ends_with_the_membrane() {
    let membrane = Membrane::new();
    let (mock, shop) = shop(&membrane);
    let (first, _second) = (mock.expect(SHOP, 0).later(), mock.expect(SHOP, 0).later());
    let fly = || match shop.call(&Request::new(SHOP, 0, &[])) {
        Outcome::Later(call) => call,
        Outcome::Ready(_) => panic!("answered at once"),
    };
    let (mut answered, mut waiting) = (fly(), fly());
    let inner = Cap::new(Nod);
    first.resolve(Ok(Reply::EMPTY.with_cap(inner.clone())));
    let Poll::Ready(Ok(reply)) = poll(&mut answered) else {
        panic!("was resolved")
    };
    assert!(!reply.caps[0].same_object(&inner) && works(&reply.caps[0]));
    assert!(poll(&mut waiting).is_pending());
    membrane.revoke();
    assert!(!works(&reply.caps[0]));
    assert!(matches!(
        poll(&mut waiting),
        Poll::Ready(Err(CallError::Revoked))
    ));
}

#[test]
fn what_nobody_outside_holds_any_more_is_let_go() {
    let membrane = Membrane::new();
    let object = Arc::new(Nod);
    let outside = membrane.wrap(&Cap::from(object.clone())).unwrap();
    let clone = outside.clone();
    drop(outside);
    assert_eq!((membrane.wrapped(), Arc::strong_count(&object)), (1, 2));
    drop(clone);
    assert_eq!((membrane.wrapped(), Arc::strong_count(&object)), (0, 1));
    let outside = membrane.wrap(&Cap::from(object.clone())).unwrap();
    membrane.revoke();
    assert_eq!(Arc::strong_count(&object), 1);
    assert!(!works(&outside));
    assert_eq!(
        membrane.wrap(&Cap::new(Nod)).unwrap_err(),
        CallError::Revoked
    );
}

#[test]
fn a_membrane_can_put_a_wrapper_around_all_that_crosses() {
    let counts = Arc::new(Counts::default());
    let membrane = {
        let counts = counts.clone();
        Membrane::with(move |cap, side| match side {
            Side::Outside => Recorder::wrap(cap, counts.clone()),
            Side::Inside => cap.restricted(READ),
        })
    };
    let (mock, shop) = shop(&membrane);
    mock.expect(SHOP, 0)
        .answer(Ok(Reply::EMPTY.with_cap(Cap::new(Nod))));
    let got = call(&shop, &[Cap::new(Nod)]).unwrap().caps.remove(0);
    assert!(works(&got));
    assert_eq!(counts.totals().succeeded, 2);
    let inside = mock.received().remove(0);
    assert!(works(&inside));
    assert_eq!(inside.rights(), READ);
}

#[test]
fn a_list_that_the_account_cannot_pay_for_does_not_cross_and_leaves_nothing_behind() {
    let root = Account::root(Amounts::UNLIMITED);
    let limits = Amounts {
        slots: 2,
        ..Amounts::NONE
    };
    let account = root.open("membrane", limits).unwrap();
    let membrane = Membrane::new().paid_by(account.clone());
    let (mock, shop) = shop(&membrane);
    let error = CallError::Exhausted {
        account: Name::new("membrane"),
        resource: Resource::Slots,
    };
    let callbacks = [Cap::new(Nod), Cap::new(Nod)];
    assert_eq!(call(&shop, &callbacks).unwrap_err(), error);
    assert_eq!((membrane.wrapped(), account.used().unwrap().slots), (1, 1));
    let two = Reply::EMPTY.with_cap(Cap::new(Nod)).with_cap(Cap::new(Nod));
    mock.expect(SHOP, 0).answer(Ok(two));
    assert_eq!(call(&shop, &[]).unwrap_err(), error);
    assert_eq!((membrane.wrapped(), account.used().unwrap().slots), (1, 1));
    mock.verify().unwrap();
    drop((shop, membrane));
    assert_eq!(account.close(), Ok(()));
}

#[test]
fn a_caretaker_inside_and_a_membrane_outside_each_revoke_on_their_own() {
    let membrane = Membrane::new();
    let (first, second) = (Caretaker::new(Cap::new(Nod)), Caretaker::new(Cap::new(Nod)));
    let one = membrane.wrap(&first.cap()).unwrap();
    let two = membrane.wrap(&second.cap()).unwrap();
    first.revoke();
    assert!(!works(&one) && works(&two));
    membrane.revoke();
    assert!(!works(&two) && works(&second.cap()));
}
