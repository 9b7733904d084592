//! Every interleaving and every reordering that the memory model allows, on small rings:
//! `RUSTFLAGS="--cfg loom" cargo test -p isthmus-ioring --release --test loom`.
//!
//! Loom gives no load a value that is stored later, which relaxed loads may have: that an entry is read
//! before its place is written again (release and acquire of the head) is argued in `queue.rs`, not found here.
#![cfg(loom)]

use isthmus_ioring::entry::{Call, Completion, Entry, Status, Target};
use isthmus_ioring::lane::{LaneError, lane};
use isthmus_ioring::pool::{BufferIndex, Depot, Stash};
use isthmus_ioring::{Closed, Geometry, queue::queue};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

fn two() -> Geometry {
    Geometry::new(2, 1).unwrap()
}

const fn mark(number: u64) -> Entry {
    [
        number << 32,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
    ]
}

/// Entries arrive whole, once, in order, also when places are used again.
#[test]
fn entries_arrive_whole_and_in_order() {
    loom::model(|| {
        let (mut producer, mut consumer) = queue(two());
        let writer = thread::spawn(move || {
            let mut sent = 0;
            while sent < 3 {
                if producer.push(mark(sent + 1)).unwrap() {
                    sent += 1;
                } else {
                    thread::yield_now();
                }
            }
        });
        let mut got = 0;
        while got < 3 {
            match consumer.pop().unwrap() {
                Some(entry) => {
                    got += 1;
                    assert_eq!(entry, mark(got));
                }
                None => thread::yield_now(),
            }
        }
        writer.join().unwrap();
    });
}

/// Between the announcement of sleep and the ring, no entry is lost: if the consumer goes to sleep on an empty
/// queue, the producer rings.
#[test]
fn no_wake_up_is_lost() {
    loom::model(|| {
        let (mut producer, mut consumer) = queue(two());
        let rung = Arc::new(AtomicBool::new(false));
        let ring = rung.clone();
        let writer = thread::spawn(move || {
            assert_eq!(producer.push(mark(1)), Ok(true));
            if producer.must_ring() {
                ring.store(true, Ordering::SeqCst);
            }
        });
        let sleeps = consumer.may_sleep().unwrap();
        writer.join().unwrap();
        assert!(!sleeps || rung.load(Ordering::SeqCst));
        assert_eq!(consumer.pop(), Ok(Some(mark(1))));
    });
}

/// The same the second time: a consumer that was rung for, has read everything and sleeps again is rung for again.
#[test]
fn no_second_wake_up_is_lost() {
    loom::model(|| {
        let (mut producer, mut consumer) = queue(two());
        assert_eq!(consumer.may_sleep(), Ok(true));
        assert_eq!(producer.push(mark(1)), Ok(true));
        assert!(producer.must_ring());
        let rung = Arc::new(AtomicBool::new(false));
        let ring = rung.clone();
        let writer = thread::spawn(move || {
            assert_eq!(producer.push(mark(2)), Ok(true));
            if producer.must_ring() {
                ring.store(true, Ordering::SeqCst);
            }
        });
        assert_eq!(consumer.pop(), Ok(Some(mark(1))));
        let sleeps = consumer.may_sleep().unwrap();
        writer.join().unwrap();
        assert!(!sleeps || rung.load(Ordering::SeqCst));
        assert_eq!(consumer.pop(), Ok(Some(mark(2))));
    });
}

/// A call and its completion cross, and the credit comes back.
#[test]
fn a_call_comes_back_as_its_completion() {
    loom::model(|| {
        let (mut client, mut server) = lane(two());
        let answering = thread::spawn(move || {
            let mut left = 2;
            while left > 0 {
                match server.take().unwrap() {
                    Some(incoming) => {
                        let status = Status(u32::from(incoming.call.method()) + 10);
                        server.complete(incoming, &status.into()).unwrap();
                        left -= 1;
                    }
                    None => thread::yield_now(),
                }
            }
            // Kept until the other end has taken everything.
            server
        });
        let call = |method| Call::new(Target::Slot(0), 0, method);
        let first = client.submit(&call(1)).unwrap();
        let second = client.submit(&call(2)).unwrap();
        for (id, status) in [(first, 11), (second, 12)] {
            let taken = loop {
                match client.take().unwrap() {
                    Some(taken) => break taken,
                    None => thread::yield_now(),
                }
            };
            assert_eq!((taken.id, taken.completion.status()), (id, Status(status)));
        }
        assert_eq!(client.credits(), 2);
        drop(answering.join().unwrap());
    });
}

/// An end that answers and goes away: the answer is taken before the end of the window is seen, and a sleeper is rung
/// for one or the other.
#[test]
fn what_was_said_before_the_end_is_heard() {
    loom::model(|| {
        let (mut client, mut server) = lane(two());
        let id = client.submit(&Call::default()).unwrap();
        let rung = Arc::new(AtomicBool::new(false));
        let ring = rung.clone();
        let answering = thread::spawn(move || {
            let incoming = server.take().unwrap().unwrap();
            server.complete(incoming, &Completion::default()).unwrap();
            if server.must_ring() {
                ring.store(true, Ordering::SeqCst);
            }
        });
        let sleeps = client.may_sleep();
        answering.join().unwrap();
        assert!(sleeps != Ok(true) || rung.load(Ordering::SeqCst));
        let taken = client.take().unwrap().unwrap();
        assert_eq!((taken.id, taken.completion.status()), (id, Status::OK));
        assert_eq!(client.may_sleep(), Err(LaneError::Closed(Closed::PeerGone)));
    });
}

/// Two cores claim from one depot and give back to it: nothing is claimed twice, nothing is lost.
#[test]
fn an_item_is_claimed_by_one_core_at_a_time() {
    loom::model(|| {
        let depot = Depot::of((0..2).map(BufferIndex));
        let held: Arc<[AtomicBool; 2]> = Arc::new(std::array::from_fn(|_| AtomicBool::new(false)));
        let work = move |mut stash: Stash<BufferIndex>, held: Arc<[AtomicBool; 2]>| {
            if let Some(item) = stash.claim() {
                let flag = &held[item.0 as usize];
                assert!(!flag.swap(true, Ordering::AcqRel), "held twice");
                flag.store(false, Ordering::Release);
                stash.give_back(item);
            }
            drop(stash);
        };
        let (stash, theirs) = (Stash::of(&depot), held.clone());
        let other = thread::spawn(move || work(stash, theirs));
        work(Stash::of(&depot), held);
        other.join().unwrap();
        assert_eq!(depot.idle(), 2);
    });
}
