//! Calls by handle, and what becomes of them when what they were made through is closed, moved or revoked.

use super::*;
use crate::amounts::Amounts;
use crate::promise::Resolver;
use crate::reply::{Answer, Reply};
use crate::wrap::Mock;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::future::IntoFuture;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

const READ: Rights = Rights::object(0);

struct Fixture {
    root: Account,
    tables: Tables,
    ours: TableId,
    theirs: TableId,
}

fn fixture() -> Fixture {
    let root = Account::root(Amounts::UNLIMITED);
    let tables = Tables::new(root.ledger().clone());
    Fixture {
        ours: tables.create(&root, 10).unwrap(),
        theirs: tables.create(&root, 10).unwrap(),
        root,
        tables,
    }
}

impl Fixture {
    fn slots(&self) -> u64 {
        self.root.used().unwrap().slots
    }

    fn copy(&self, handle: Handle) -> Handle {
        let mut received = [Handle::default()];
        let list = [Pass::Copy(handle)];
        self.tables
            .pass(self.ours, &list, self.theirs, &mut received)
            .unwrap();
        received[0]
    }

    /// A call in flight through `handle`, and the hand that ends it well.
    fn fly(&self, mock: &Mock, table: TableId, handle: Handle) -> (Outcome, Resolver) {
        let resolver = mock.expect(1, 0).later();
        let outcome = self.tables.call(table, handle, &Request::new(1, 0, &[]));
        assert!(matches!(outcome, Outcome::Later(_)));
        (outcome, resolver)
    }
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn ended(outcome: Outcome) -> Option<Answer> {
    match pin!(outcome.into_future()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    }
}

#[test]
fn a_call_in_flight_is_woken_and_ends_with_an_error_when_a_source_is_revoked() {
    let f = fixture();
    let mock = Mock::new();
    let source = f.tables.store(f.ours, &mock.cap()).unwrap();
    let derived = f.copy(source);
    let (outcome, resolver) = f.fly(&mock, f.theirs, derived);
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(woken.clone());
    let mut call = pin!(outcome.into_future());
    assert!(
        call.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    f.tables.revoke(f.ours, source).unwrap();
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    assert!(!resolver.is_abandoned());
    let Poll::Ready(Err(error)) = call.as_mut().poll(&mut Context::from_waker(&waker)) else {
        panic!("in flight after the revocation")
    };
    assert_eq!(error, CallError::Revoked);
    assert!(resolver.is_abandoned());
    assert_eq!((f.slots(), f.tables.capabilities()), (0, 0));
}

#[test]
fn calls_through_the_source_end_before_the_first_step() {
    let f = fixture();
    let mock = Mock::new();
    let source = f.tables.store(f.ours, &mock.cap()).unwrap();
    let (outcome, _resolver) = f.fly(&mock, f.ours, source);
    let mut revoking = f.tables.begin_revoke(f.ours, source).unwrap();
    assert_eq!(ended(outcome).unwrap().unwrap_err(), CallError::Revoked);
    while revoking.step(1).unwrap() == Progress::More {}
}

#[test]
fn a_call_goes_on_after_its_capability_is_closed_and_revocation_still_ends_it() {
    let f = fixture();
    let mock = Mock::new();
    let source = f.tables.store(f.ours, &mock.cap()).unwrap();
    let derived = f.copy(source);
    let (lives, resolver) = f.fly(&mock, f.theirs, derived);
    let (dies, _kept) = f.fly(&mock, f.theirs, derived);
    f.tables.close(f.theirs, derived).unwrap();
    assert_eq!(f.slots(), 2);
    resolver.resolve(Ok(Reply::copied(b"still here")));
    let reply = ended(lives).unwrap().unwrap();
    assert_eq!(reply.data.as_slice(), b"still here");
    assert_eq!(
        f.tables.census(f.theirs).unwrap(),
        TableCensus { held: 0, paid: 1 }
    );
    f.tables.revoke(f.ours, source).unwrap();
    assert_eq!(ended(dies).unwrap().unwrap_err(), CallError::Revoked);
    assert_eq!(f.slots(), 0);
}

#[test]
fn a_closed_capability_is_freed_when_its_last_call_ends() {
    let f = fixture();
    let mock = Mock::new();
    let source = f.tables.store(f.ours, &mock.cap()).unwrap();
    let (first, _one) = f.fly(&mock, f.ours, source);
    let (second, _two) = f.fly(&mock, f.ours, source);
    f.tables.close(f.ours, source).unwrap();
    drop(first);
    assert_eq!(f.slots(), 1);
    drop(second);
    assert_eq!((f.slots(), f.tables.capabilities()), (0, 0));
}

#[test]
fn a_call_goes_on_while_its_capability_moves() {
    let f = fixture();
    let mock = Mock::new();
    let source = f.tables.store(f.ours, &mock.cap()).unwrap();
    let (outcome, resolver) = f.fly(&mock, f.ours, source);
    let mut received = [Handle::default()];
    f.tables
        .pass(f.ours, &[Pass::Move(source)], f.theirs, &mut received)
        .unwrap();
    f.tables.end(f.ours).unwrap();
    resolver.resolve(Ok(Reply::EMPTY));
    assert!(ended(outcome).unwrap().is_ok());
    assert_eq!(f.slots(), 1);
}

#[test]
fn what_was_taken_out_of_a_table_is_derived_from_it_when_stored_again() {
    let f = fixture();
    let mock = Mock::new();
    let source = f.tables.store(f.ours, &mock.cap()).unwrap();
    let cap = f.tables.take(f.ours, source).unwrap();
    let narrow = cap
        .restricted(READ | Rights::GRANT)
        .badged(Badge(5))
        .unwrap();
    let stored = f.tables.store(f.theirs, &narrow).unwrap();
    let holder = f.tables.holder(f.theirs, stored).unwrap();
    assert_eq!(
        holder,
        Holder {
            rights: READ | Rights::GRANT,
            badge: Badge(5)
        }
    );
    let lone = cap.restricted(READ);
    assert_eq!(
        f.tables.store(f.theirs, &lone),
        Err(CapError::Missing(Rights::GRANT))
    );
    f.tables.revoke(f.ours, source).unwrap();
    let request = Request::new(1, 0, &[]);
    for outcome in [
        cap.call(&request),
        f.tables.call(f.theirs, stored, &request),
    ] {
        assert_eq!(outcome.now().unwrap().unwrap_err(), CallError::Revoked);
    }
    assert_eq!(f.slots(), 0);
}

#[test]
fn the_last_clone_of_what_was_taken_out_closes_the_slot() {
    let f = fixture();
    let source = f.tables.store(f.ours, &Mock::new().cap()).unwrap();
    let cap = f.tables.take(f.ours, source).unwrap();
    let clone = cap.clone();
    drop(cap);
    assert_eq!(f.slots(), 1);
    drop(clone);
    assert_eq!(f.slots(), 0);
}

#[test]
fn a_list_that_one_capability_may_not_be_in_is_not_stored_at_all() {
    let f = fixture();
    let good = Mock::new().cap();
    let bad = good.restricted(READ);
    let caps = [good.clone(), good.clone(), bad];
    let refused = f.tables.store_all(f.ours, &caps).unwrap_err();
    let error = CapError::Missing(Rights::GRANT);
    assert_eq!(refused, ListError { at: 2, error });
    assert_eq!((f.slots(), f.tables.capabilities()), (0, 0));
    assert_eq!(f.tables.store_all(f.ours, &caps[..2]).unwrap().len(), 2);
}

/// An object that revokes the capability that it is called through.
struct Suicide(Tables, TableId, std::sync::Mutex<Option<Handle>>);

impl Object for Suicide {
    fn call(&self, _: Holder, _: &Request<'_>) -> Outcome {
        if let Some(handle) = self.2.lock().unwrap().take() {
            self.0.revoke(self.1, handle).unwrap();
        }
        let (_, pending) = crate::promise();
        Outcome::Later(pending)
    }
}

#[test]
fn an_object_may_revoke_what_it_is_called_through() {
    let f = fixture();
    let object = Arc::new(Suicide(
        f.tables.clone(),
        f.ours,
        std::sync::Mutex::default(),
    ));
    let handle = f.tables.store(f.ours, &Cap::from(object.clone())).unwrap();
    *object.2.lock().unwrap() = Some(handle);
    let outcome = f.tables.call(f.ours, handle, &Request::new(1, 0, &[]));
    assert_eq!(outcome.now().unwrap().unwrap_err(), CallError::Revoked);
}

#[test]
fn a_capability_costs_a_hundred_bytes() {
    let node = crate::slab::Slab::<crate::tree::Node<Entry>>::cost();
    let slot = crate::slab::Slab::<u32>::cost();
    assert_eq!(node + slot, 100);
}
