//! No wake-up is lost and no call outlives a revocation, in every interleaving:
//! `RUSTFLAGS="--cfg loom" cargo test -p isthmus-caps --release --test loom`.
//!
//! loom sees the locks and the flag of lines, and the locks of promises and tables. It does not see the reference counts of `Arc`: that a
//! caretaker's object is let go is for the tests of wrappers.
#![cfg(loom)]

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use isthmus_caps::{
    Account, Amounts, Answer, CallError, Cap, Caretaker, Mock, Outcome, Pending, Reply, Request,
    Resolver, Tables, promise,
};
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

/// Notes that it was rung.
struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

/// A call in flight and a bell to wake.
struct Flight {
    call: Pending,
    bell: Arc<Bell>,
}

impl Flight {
    fn new(outcome: Outcome) -> Option<Self> {
        match outcome {
            Outcome::Later(call) => Some(Self::waiting(call)),
            Outcome::Ready(answer) => {
                assert_eq!(answer.unwrap_err(), CallError::Revoked);
                None
            }
        }
    }

    fn waiting(call: Pending) -> Self {
        let bell = Arc::new(Bell(AtomicBool::new(false)));
        Self { call, bell }
    }

    fn poll(&mut self) -> Poll<Answer> {
        let waker = Waker::from(self.bell.clone());
        Pin::as_mut(&mut self.call).poll(&mut Context::from_waker(&waker))
    }

    /// Polled now, and again only if woken after that.
    fn ends_if_polled_when_woken(mut self, others: impl FnOnce()) -> Answer {
        let first = self.poll();
        others();
        if let Poll::Ready(answer) = first {
            return answer;
        }
        assert!(self.bell.0.load(Ordering::Acquire), "not woken");
        match self.poll() {
            Poll::Ready(answer) => answer,
            Poll::Pending => panic!("woken for nothing"),
        }
    }
}

fn request() -> Request<'static> {
    Request::new(1, 0, &[])
}

fn later() -> (Cap, Resolver) {
    let mock = Mock::new();
    let resolver = mock.expect(1, 0).later();
    (mock.cap(), resolver)
}

#[test]
fn an_answer_given_while_the_caller_begins_to_wait_wakes_it() {
    loom::model(|| {
        let (resolver, call) = promise();
        let other = thread::spawn(move || resolver.resolve(Ok(Reply::EMPTY)));
        let answer = Flight::waiting(call).ends_if_polled_when_woken(|| other.join().unwrap());
        assert!(answer.is_ok());
    });
}

#[test]
fn a_caretaker_revoked_while_the_caller_begins_to_wait_wakes_it() {
    loom::model(|| {
        let (object, _resolver) = later();
        let caretaker = Caretaker::new(object);
        let cap = caretaker.cap();
        let other = thread::spawn(move || caretaker.revoke());
        let answer = match Flight::new(cap.call(&request())) {
            Some(flight) => flight.ends_if_polled_when_woken(|| other.join().unwrap()),
            None => return other.join().unwrap(),
        };
        assert_eq!(answer.unwrap_err(), CallError::Revoked);
    });
}

#[test]
fn an_answer_and_a_revocation_at_once_end_the_call_in_one_of_the_two_ways() {
    loom::model(|| {
        let (object, resolver) = later();
        let caretaker = Caretaker::new(object);
        let cap = caretaker.cap();
        let flight = Flight::new(cap.call(&request())).unwrap();
        let revoker = thread::spawn(move || caretaker.revoke());
        let server = thread::spawn(move || resolver.resolve(Ok(Reply::EMPTY)));
        let answer = flight.ends_if_polled_when_woken(|| {
            revoker.join().unwrap();
            server.join().unwrap();
        });
        assert!(matches!(answer, Ok(_) | Err(CallError::Revoked)));
    });
}

#[test]
fn a_handle_revoked_while_it_is_being_called_ends_the_call_and_returns_the_slot() {
    loom::model(|| {
        let root = Account::root(Amounts::UNLIMITED);
        let tables = Tables::new(root.ledger().clone());
        let table = tables.create(&root, 4).unwrap();
        let (object, _resolver) = later();
        let handle = tables.store(table, &object).unwrap();
        let revoker = {
            let tables = tables.clone();
            thread::spawn(move || tables.revoke(table, handle).unwrap())
        };
        let answer = match Flight::new(tables.call(table, handle, &request())) {
            Some(flight) => flight.ends_if_polled_when_woken(|| revoker.join().unwrap()),
            None => {
                revoker.join().unwrap();
                Err(CallError::Revoked)
            }
        };
        assert_eq!(answer.unwrap_err(), CallError::Revoked);
        assert_eq!(root.used(), Ok(Amounts::NONE));
    });
}

#[test]
fn a_handle_closed_by_two_at_once_while_a_call_ends_is_freed_once() {
    loom::model(|| {
        let root = Account::root(Amounts::UNLIMITED);
        let tables = Tables::new(root.ledger().clone());
        let table = tables.create(&root, 4).unwrap();
        let (object, _resolver) = later();
        let handle = tables.store(table, &object).unwrap();
        let flight = Flight::new(tables.call(table, handle, &request())).unwrap();
        let closer = {
            let tables = tables.clone();
            thread::spawn(move || tables.close(table, handle).is_ok())
        };
        drop(flight);
        let here = tables.close(table, handle).is_ok();
        assert!(here != closer.join().unwrap());
        assert_eq!((root.used(), tables.capabilities()), (Ok(Amounts::NONE), 0));
    });
}
