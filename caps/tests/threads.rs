//! Calls on several threads while others revoke: once a revocation has returned, nothing gets through, and in the end all is back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use isthmus_caps::{
    Account, Amounts, CallError, Cap, Caretaker, Handle, Holder, Membrane, Object, Outcome, Pass,
    Reply, Request, Tables, promise,
};

const ROUNDS: usize = 10;

/// Counts its calls. Method 0 answers at once, with a capability; method 1 never.
struct Counting {
    calls: AtomicU64,
    waiting: std::sync::Mutex<Vec<isthmus_caps::Resolver>>,
}

impl Counting {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            calls: AtomicU64::new(0),
            waiting: std::sync::Mutex::default(),
        })
    }

    fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }
}

impl Object for Counting {
    fn call(&self, _: Holder, request: &Request<'_>) -> Outcome {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if request.method == 0 {
            let echo = request.caps.iter().cloned();
            return Outcome::Ready(Ok(echo.fold(Reply::EMPTY, Reply::with_cap)));
        }
        let (resolver, pending) = promise();
        self.waiting.lock().unwrap().push(resolver);
        Outcome::Later(pending)
    }
}

/// Calls until it is told to stop by an error, at once and later; returns the error.
fn hammer(call: impl Fn(&Request<'_>) -> Outcome) -> CallError {
    let gift = [Cap::from(Counting::new())];
    let requests = [
        Request::new(5, 0, &[]).with_caps(&gift),
        Request::new(5, 1, &[]),
    ];
    loop {
        for request in &requests {
            match call(request) {
                Outcome::Ready(Err(error)) => return error,
                // Given up at once: it joins a line and leaves it.
                Outcome::Ready(Ok(_)) | Outcome::Later(_) => {}
            }
        }
    }
}

#[test]
fn nothing_gets_through_a_caretaker_once_it_is_revoked() {
    for _ in 0..ROUNDS {
        let object = Counting::new();
        let caretaker = Caretaker::new(Cap::from(object.clone()));
        let cap = caretaker.cap();
        thread::scope(|scope| {
            let callers = [0; 2].map(|_| scope.spawn(|| hammer(|request| cap.call(request))));
            while object.calls() == 0 {
                thread::yield_now();
            }
            caretaker.revoke();
            for caller in callers {
                assert_eq!(caller.join().unwrap(), CallError::Revoked);
            }
        });
        object.waiting.lock().unwrap().clear();
        assert_eq!(Arc::strong_count(&object), 1);
    }
}

#[test]
fn nothing_gets_through_a_membrane_once_it_is_revoked() {
    for _ in 0..ROUNDS {
        let object = Counting::new();
        let membrane = Membrane::new();
        let cap = membrane.wrap(&Cap::from(object.clone())).unwrap();
        thread::scope(|scope| {
            let callers = [0; 2].map(|_| scope.spawn(|| hammer(|request| cap.call(request))));
            while object.calls() == 0 {
                thread::yield_now();
            }
            membrane.revoke();
            for caller in callers {
                assert_eq!(caller.join().unwrap(), CallError::Revoked);
            }
        });
        assert_eq!(membrane.wrapped(), 0);
        object.waiting.lock().unwrap().clear();
        assert_eq!(Arc::strong_count(&object), 1);
    }
}

#[test]
fn tables_return_every_slot_whoever_copies_calls_and_closes_while_they_are_revoked() {
    let root = Account::root(Amounts::UNLIMITED);
    let before = root.census();
    for _ in 0..ROUNDS {
        let account = root.open("domain", Amounts::UNLIMITED).unwrap();
        let tables = Tables::new(root.ledger().clone());
        let (ours, theirs) = (tables.create(&account, 100), tables.create(&account, 100));
        let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
        let object = Counting::new();
        let source = tables.store(ours, &Cap::from(object.clone())).unwrap();
        let revoked = AtomicBool::new(false);
        let busy = || {
            let copy = || {
                let mut received = [Handle::default(); 2];
                let list = [Pass::Copy(source); 2];
                tables
                    .pass(ours, &list, theirs, &mut received)
                    .map(|()| received)
            };
            loop {
                let late = revoked.load(Ordering::SeqCst);
                let Ok([one, two]) = copy() else {
                    return;
                };
                assert!(!late, "copied after the revocation");
                let flight = tables.call(theirs, one, &Request::new(5, 1, &[]));
                let _ = tables.close(theirs, one);
                let taken = tables.take(theirs, two);
                drop((flight, taken));
            }
        };
        thread::scope(|scope| {
            scope.spawn(busy);
            scope.spawn(busy);
            while object.calls() == 0 {
                thread::yield_now();
            }
            tables.revoke(ours, source).unwrap();
            revoked.store(true, Ordering::SeqCst);
        });
        let late = tables.call(ours, source, &Request::new(5, 0, &[])).now();
        assert_eq!(late.unwrap().unwrap_err(), CallError::Revoked);
        assert_eq!(tables.capabilities(), 0);
        tables.end(ours).unwrap();
        tables.end(theirs).unwrap();
        account.close().unwrap();
        object.waiting.lock().unwrap().clear();
        assert_eq!(Arc::strong_count(&object), 1);
    }
    assert_eq!(root.census(), before);
}
