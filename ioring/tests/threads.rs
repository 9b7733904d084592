//! Two threads at the two ends of a lane, sleeping and waking each other: every call is answered once with its own
//! data, also when queues run full, and buffers go round. Small enough for a data race detector.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use isthmus_ioring::buffer::buffers;
use isthmus_ioring::carrier::Carrier;
use isthmus_ioring::entry::{Call, Completion, Target};
use isthmus_ioring::lane::lane_with;
use isthmus_ioring::layout::{Geometry, Header, Side};
use isthmus_ioring::memory::{Heap, Memory};
use isthmus_ioring::window::Opening;
use isthmus_ioring::{Client, Closed, LaneError, Server};

/// A doorbell: rung, it lets on who waits now or next. Of atomics alone, which race detectors see through.
#[derive(Clone, Default)]
struct Doorbell(Arc<AtomicBool>);

impl Doorbell {
    fn ring(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn wait(&self) {
        while !self.0.swap(false, Ordering::Acquire) {
            thread::yield_now();
        }
    }
}

/// Answers each call with its bytes turned round, until the client has gone.
fn serve<M: Memory, C: Carrier>(mut server: Server<M, C>, own: &Doorbell, client: &Doorbell) {
    loop {
        match server.take() {
            Ok(Some(mut incoming)) => {
                let detail = incoming.call.interface();
                let completion = Completion::default().with_detail(detail);
                match incoming.buffer.take() {
                    Some(mut buffer) => {
                        buffer.reverse();
                        server
                            .complete_with(incoming, &completion, buffer)
                            .expect("there is a buffer");
                    }
                    None => server.complete(incoming, &completion).unwrap(),
                }
                if server.must_ring() {
                    client.ring();
                }
            }
            Ok(None) => match server.may_sleep() {
                Ok(true) => own.wait(),
                Ok(false) => {}
                Err(error) => return assert_eq!(error, LaneError::Closed(Closed::PeerGone)),
            },
            Err(error) => return assert_eq!(error, LaneError::Closed(Closed::PeerGone)),
        }
    }
}

/// Submits `count` calls as fast as credits allow, every third with a buffer.
fn call<M: Memory, C: Carrier>(
    client: &mut Client<M, C>,
    own: &Doorbell,
    server: &Doorbell,
    count: u64,
) {
    let (mut sent, mut ended) = (0, 0);
    while ended < count {
        while sent < count && client.credits() > 0 {
            let call = Call::new(Target::Slot(0), sent, 0);
            if sent % 3 == 0 {
                let Some(mut buffer) = client.carrier().claim() else {
                    break;
                };
                buffer.fill(&[1, sent as u8]);
                if client.submit_with(&call, buffer).is_err() {
                    break;
                }
            } else {
                client.submit(&call).unwrap();
            }
            sent += 1;
        }
        if client.must_ring() {
            server.ring();
        }
        match client.take().unwrap() {
            Some(taken) => {
                let number = taken.completion.detail();
                assert_eq!(taken.buffer.is_some(), number.is_multiple_of(3));
                if let Some(buffer) = taken.buffer {
                    assert_eq!(*buffer, [number as u8, 1]);
                    client.carrier().recycle(buffer);
                }
                ended += 1;
            }
            None => {
                if client.may_sleep().unwrap() {
                    own.wait();
                }
            }
        }
    }
    assert_eq!((client.outstanding(), sent), (0, count));
}

fn both<M: Memory + Send + Sync + 'static, C: Carrier + Send + 'static>(
    mut client: Client<M, C>,
    server: Server<M, C>,
) {
    let (at_client, at_server) = (Doorbell::default(), Doorbell::default());
    let answering = thread::spawn({
        let (own, other) = (at_server.clone(), at_client.clone());
        move || serve(server, &own, &other)
    });
    call(&mut client, &at_client, &at_server, 3_000);
    drop(client);
    at_server.ring();
    answering.join().unwrap();
}

#[test]
fn calls_go_round_between_two_threads_of_one_address_space() {
    let pool = buffers(64, 256);
    let (client, server) = lane_with(Geometry::new(8, 1).unwrap(), Some(&pool));
    both(client, server);
    assert_eq!(pool.idle(), 64);
}

#[test]
fn calls_go_round_through_a_window() {
    let geometry = Geometry::new(8, 1).unwrap().with_buffers(16, 256).unwrap();
    let header = Header::new(geometry);
    let private = buffers(64, 256);
    let halves = || Heap::new(geometry.half_lines());
    let (a, b) = (halves(), halves());
    let mut left = Opening::new(Side::A, a.clone(), b.clone(), header).unwrap();
    let right = Opening::new(Side::B, b, a, header).unwrap().poll(&private);
    let mut right = right.unwrap().unwrap();
    let mut left = left.poll(&private).unwrap().unwrap();
    both(left.client(0).unwrap(), right.server(0).unwrap());
    assert_eq!(
        (left.idle_buffers(), right.idle_buffers(), private.idle()),
        (16, 16, 64)
    );
}
