//! Every interleaving and every reordering that the memory model allows, on small rings:
//! `RUSTFLAGS="--cfg loom" cargo test -p isthmus-ioring --release --test loom`.
//!
//! Loom gives no load a value that is stored later, which relaxed loads may have: that an entry is read
//! before its place is written again (release and acquire of the head) is argued in `queue.rs`, not found here.
#![cfg(loom)]

use isthmus_ioring::entry::{Completion, Status};
use isthmus_ioring::{Call, Geometry, lane::lane, queue::queue};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

fn two() -> Geometry {
    Geometry::new(2, 1).unwrap()
}

/// Entries arrive whole, once, in order, also when places are used again.
#[test]
fn entries_arrive_whole_and_in_order() {
    loom::model(|| {
        let (mut producer, mut consumer) = queue(two());
        let writer = thread::spawn(move || {
            let mut sent = 0;
            while sent < 3 {
                if producer.push([sent + 1; 8]).unwrap() {
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
                    assert_eq!(entry, [got; 8]);
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
            assert_eq!(producer.push([1; 8]), Ok(true));
            if producer.must_ring() {
                ring.store(true, Ordering::SeqCst);
            }
        });
        let sleeps = consumer.may_sleep().unwrap();
        writer.join().unwrap();
        assert!(!sleeps || rung.load(Ordering::SeqCst));
        assert_eq!(consumer.pop(), Ok(Some([1; 8])));
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
                        let status = Status(u32::from(incoming.call.method) + 10);
                        server
                            .complete(
                                incoming,
                                &Completion {
                                    status,
                                    ..Completion::default()
                                },
                            )
                            .unwrap();
                        left -= 1;
                    }
                    None => thread::yield_now(),
                }
            }
        });
        let first = client
            .submit(&Call {
                method: 1,
                ..Call::default()
            })
            .unwrap();
        let second = client
            .submit(&Call {
                method: 2,
                ..Call::default()
            })
            .unwrap();
        for (id, status) in [(first, 11), (second, 12)] {
            let (answered, completion) = loop {
                match client.take().unwrap() {
                    Some(taken) => break taken,
                    None => thread::yield_now(),
                }
            };
            assert_eq!((answered, completion.status), (id, Status(status)));
        }
        assert_eq!(client.credits(), 2);
        answering.join().unwrap();
    });
}
