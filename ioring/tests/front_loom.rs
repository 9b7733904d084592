//! The race between a call's end and whoever waits for it, in every interleaving:
//! `RUSTFLAGS="--cfg loom" cargo test -p isthmus-ioring --release --test front_loom`.
//!
//! A wake-up that is lost is a deadlock, which loom reports.
#![cfg(loom)]

use isthmus_ioring::entry::{Call, Deadline, Status};
use isthmus_ioring::front::{Blocking, Front, Park};
use isthmus_ioring::lane::lane;
use isthmus_ioring::{Geometry, Server};
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Condvar, Mutex};
use loom::thread;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

fn ends() -> (Front, Server) {
    let (client, server) = lane(Geometry::new(2, 1).unwrap());
    (Front::new(client, || {}), server)
}

/// Answers one call, and rings if the other side sleeps.
fn answer(server: &mut Server, front: &Front) {
    let incoming = loop {
        match server.take().unwrap() {
            Some(incoming) => break incoming,
            None => thread::yield_now(),
        }
    };
    server.complete(incoming, &Status(7).into()).unwrap();
    if server.must_ring() {
        front.rung();
    }
}

/// Parking by a lock and a condition.
#[derive(Clone)]
struct Parker(Arc<(Mutex<bool>, Condvar)>);

impl Parker {
    fn new() -> Self {
        Self(Arc::new((Mutex::new(false), Condvar::new())))
    }
}

impl Park for Parker {
    fn park(&self, _: Deadline) {
        let (woken, changed) = &*self.0;
        let mut woken = woken.lock().unwrap();
        while !*woken {
            woken = changed.wait(woken).unwrap();
        }
        *woken = false;
    }

    fn unpark(&self) {
        let (woken, changed) = &*self.0;
        *woken.lock().unwrap() = true;
        changed.notify_one();
    }

    fn now(&self) -> u64 {
        0
    }
}

/// A thread that goes to sleep for its call is woken when that ends.
#[test]
fn a_blocked_thread_is_woken() {
    loom::model(|| {
        let (front, mut server) = ends();
        let ringer = front.clone();
        let call = front.call(&Call::default()).unwrap();
        let serving = thread::spawn(move || {
            answer(&mut server, &ringer);
            // Kept until the call was taken: a window that closes wakes too.
            server
        });
        let blocking = Blocking::new(front, Parker::new(), 0);
        let taken = blocking.wait(call);
        assert_eq!(taken.completion.status(), Status(7));
        drop(serving.join().unwrap());
    });
}

struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A future polled while its call ends, with another core driving: it is ready, or woken, and woken once at most.
#[test]
fn a_future_is_ready_or_woken_once() {
    loom::model(|| {
        let (front, mut server) = ends();
        let mut call = front.call(&Call::default()).unwrap();
        let driver = front.clone();
        let incoming = server.take().unwrap().unwrap();
        server.complete(incoming, &Status(7).into()).unwrap();
        let driving = thread::spawn(move || driver.drive());
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let waker = Waker::from(count.clone());
        let polled = Pin::new(&mut call).poll(&mut Context::from_waker(&waker));
        driving.join().unwrap();
        let woken = count.0.load(Ordering::SeqCst);
        match polled {
            Poll::Ready(taken) => assert_eq!((taken.completion.status(), woken), (Status(7), 0)),
            Poll::Pending => assert_eq!(woken, 1),
        }
    });
}

/// A future dropped while its call ends takes no result of another's, and leaves no credit behind.
#[test]
fn a_dropped_future_leaves_nothing_behind() {
    loom::model(|| {
        let (front, mut server) = ends();
        let call = front.call(&Call::default()).unwrap();
        let incoming = server.take().unwrap().unwrap();
        let completing = thread::spawn(move || {
            server.complete(incoming, &Status(7).into()).unwrap();
            server
        });
        drop(call);
        let mut server = completing.join().unwrap();
        // What the server hears of it is a cancellation, or nothing.
        while server.receive().unwrap().is_some() {}
        front.drive();
        let calls = [front.call(&Call::default()), front.call(&Call::default())];
        assert!(calls.iter().all(Result::is_ok));
    });
}

/// One thread sleeps for its call while another takes completions and goes away: who is left is not forgotten. At most
/// two preemptions, as three threads have too many interleavings.
#[test]
fn a_sleeper_is_not_forgotten_when_another_looks() {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(|| {
        let (front, mut server) = ends();
        let (ringer, other) = (front.clone(), front.clone());
        let call = front.call(&Call::default()).unwrap();
        let serving = thread::spawn(move || {
            answer(&mut server, &ringer);
            server
        });
        let looking = thread::spawn(move || {
            other.drive();
        });
        let blocking = Blocking::new(front, Parker::new(), 0);
        let taken = blocking.wait(call);
        assert_eq!(taken.completion.status(), Status(7));
        looking.join().unwrap();
        drop(serving.join().unwrap());
    });
}
