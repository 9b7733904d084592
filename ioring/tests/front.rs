//! Calls as futures and blocking calls over one lane: what is promised to who waits, who gives up, and who sleeps.
#![cfg(not(loom))]

use isthmus_ioring::buffer::buffers;
use isthmus_ioring::carrier::Carrier;
use isthmus_ioring::entry::{Call, Completion, Deadline, Status, Target};
use isthmus_ioring::front::{Blocking, Front, InFlight, Park};
use isthmus_ioring::lane::{lane, lane_with};
use isthmus_ioring::{Event, Geometry, LaneError, Server, Taken};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// A front and its server, whose bell is counted.
fn front(entries: u32) -> (Front, Server, Arc<AtomicUsize>) {
    let (client, server) = lane(Geometry::new(entries, 1).unwrap());
    let rung = Arc::new(AtomicUsize::new(0));
    let bell = rung.clone();
    let ring = move || {
        bell.fetch_add(1, Ordering::SeqCst);
    };
    (Front::new(client, ring), server, rung)
}

/// Counts how often it is woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn poll<F: Future + Unpin>(future: &mut F, woken: &Arc<Count>) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(&Waker::from(woken.clone())))
}

fn method(method: u16) -> Call {
    Call::new(Target::Slot(0), 0, method)
}

/// Answers what is there with the status 1,000 + method, last first.
fn answer_all(server: &mut Server) -> usize {
    let mut calls: Vec<_> = std::iter::from_fn(|| server.take().unwrap()).collect();
    let count = calls.len();
    while let Some(call) = calls.pop() {
        let status = Status(1_000 + u32::from(call.call.method()));
        server.complete(call, &status.into()).unwrap();
    }
    count
}

fn status(polled: Poll<Taken>) -> Status {
    match polled {
        Poll::Ready(taken) => taken.completion.status(),
        Poll::Pending => panic!("it has not ended"),
    }
}

#[test]
fn each_future_is_woken_once_and_gets_the_end_of_its_own_call() {
    let (front, mut server, _) = front(8);
    let mut calls: Vec<InFlight> = (0..5)
        .map(|number| front.call(&method(number)).unwrap())
        .collect();
    let woken: Vec<Arc<Count>> = calls.iter().map(|_| Arc::default()).collect();
    for (call, count) in calls.iter_mut().zip(&woken) {
        assert!(poll(call, count).is_pending());
        // The last poll's waker counts, however often there was another.
        assert!(poll(call, count).is_pending());
    }
    answer_all(&mut server);
    assert_eq!(front.drive(), 5);
    assert_eq!(front.drive(), 0);
    for (number, (call, count)) in (0..).zip(calls.iter_mut().zip(&woken)) {
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
        assert_eq!(status(poll(call, count)), Status(1_000 + number));
    }
}

#[test]
fn a_poll_takes_what_is_there_and_wakes_the_others_only() {
    let (front, mut server, _) = front(8);
    let mut first = front.call(&method(1)).unwrap();
    let mut second = front.call(&method(2)).unwrap();
    let (one, two) = (Arc::default(), Arc::default());
    assert!(poll(&mut first, &one).is_pending());
    assert!(poll(&mut second, &two).is_pending());
    answer_all(&mut server);
    assert_eq!(status(poll(&mut first, &one)), Status(1_001));
    assert_eq!(
        (one.0.load(Ordering::SeqCst), two.0.load(Ordering::SeqCst)),
        (0, 1)
    );
    assert_eq!(status(poll(&mut second, &two)), Status(1_002));
}

#[test]
fn a_dropped_future_gives_its_call_up() {
    let (front, mut server, _) = front(2);
    let call = front.call(&method(1)).unwrap();
    let id = call.id();
    let incoming = server.take().unwrap().unwrap();
    drop(call);
    assert_eq!(front.outstanding(), 0);
    assert!(matches!(server.receive(), Ok(Some(Event::Cancel(cancelled))) if cancelled == id));
    // The credit is out until the server has completed it; nobody hears of that.
    let other = front.call(&method(2)).unwrap();
    assert_eq!(front.call(&method(3)).err(), Some(LaneError::NoCredit));
    server
        .complete(incoming, &Status::CANCELLED.into())
        .unwrap();
    assert_eq!(front.drive(), 0);
    assert!(front.call(&method(4)).is_ok());
    drop(other);
}

#[test]
fn a_future_dropped_after_its_call_ended_frees_its_seat_and_buffer() {
    let depot = buffers(4, 256);
    let (client, mut server) = lane_with(Geometry::new(2, 1).unwrap(), Some(&depot));
    let front: Front = Front::new(client, || {});
    for _ in 0..10 {
        let call = front.call(&Call::default()).unwrap();
        let incoming = server.take().unwrap().unwrap();
        let mut buffer = server.carrier().claim().unwrap();
        buffer.fill(b"results");
        server
            .complete_with(incoming, &Completion::default(), buffer)
            .unwrap();
        assert_eq!(front.drive(), 1);
        drop(call);
    }
    drop((front, server));
    assert_eq!(depot.idle(), 4);
}

#[test]
fn a_pipelined_call_that_is_dropped_is_finished_too() {
    for ended in [false, true] {
        let (front, mut server, _) = front(2);
        let call = front.call(&Call::default().pipelined()).unwrap();
        let incoming = server.take().unwrap().unwrap();
        if ended {
            server.complete(incoming, &Completion::default()).unwrap();
            front.drive();
            drop(call);
        } else {
            drop(call);
            // The notes are read before the completion is written.
            while server.receive().unwrap().is_some() {}
            server.complete(incoming, &Completion::default()).unwrap();
        }
        while server.receive().unwrap().is_some() {}
        front.drive();
        // Both credits are back.
        let again = [front.call(&method(1)), front.call(&method(2))];
        assert!(again.iter().all(Result::is_ok), "ended: {ended}");
    }
}

#[test]
fn who_waits_for_a_credit_is_admitted_in_order_and_passes_it_on() {
    let (front, mut server, _) = front(2);
    let held = [
        front.call(&method(1)).unwrap(),
        front.call(&method(2)).unwrap(),
    ];
    let woken: [Arc<Count>; 3] = Default::default();
    let mut waiting: Vec<_> = (3..6)
        .map(|number| front.calling(&method(number)))
        .collect();
    for (call, count) in waiting.iter_mut().zip(&woken) {
        assert!(poll(call, count).is_pending());
    }
    let counts = || woken.each_ref().map(|count| count.0.load(Ordering::SeqCst));
    let incoming = server.take().unwrap().unwrap();
    server.complete(incoming, &Completion::default()).unwrap();
    front.drive();
    // A credit is back, but its seat is taken until the first future is polled or dropped.
    assert_eq!(counts(), [0, 0, 0]);
    let [first, _second] = held;
    drop(first);
    assert_eq!(counts(), [1, 0, 0]);
    // Woken for it, and gone: the next one's turn.
    drop(waiting.remove(0));
    assert_eq!(counts(), [1, 1, 0]);
    assert!(poll(&mut waiting[0], &woken[1]).is_pending());
    answer_all(&mut server);
    match poll(&mut waiting[0], &woken[1]) {
        Poll::Ready(Ok(taken)) => assert_eq!(taken.completion.status(), Status(1_004)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_late_call_ends_by_its_deadline() {
    let (front, mut server, _) = front(2);
    let mut call = front
        .call(&Call::default().with_deadline(Deadline(100)).unwrap())
        .unwrap();
    let woken = Arc::default();
    assert!(poll(&mut call, &woken).is_pending());
    assert_eq!(front.earliest_deadline(), Deadline(100));
    assert_eq!(front.expire(99), 0);
    assert_eq!(front.expire(100), 1);
    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    assert_eq!(status(poll(&mut call, &woken)), Status::DEADLINE);
    // What the server says now is of no use to anyone.
    assert_eq!(answer_all(&mut server), 1);
    assert_eq!(front.drive(), 0);
}

#[test]
fn when_the_server_goes_every_call_ends_and_no_other_begins() {
    let (front, server, _) = front(2);
    let mut held = [
        front.call(&method(1)).unwrap(),
        front.call(&method(2)).unwrap(),
    ];
    let woken = Arc::default();
    let mut waiting = front.calling(&method(3));
    assert!(poll(&mut waiting, &woken).is_pending());
    drop(server);
    assert!(!front.may_sleep());
    for call in &mut held {
        assert_eq!(status(poll(call, &woken)), Status::PEER_GONE);
    }
    assert!(woken.0.load(Ordering::SeqCst) >= 1);
    assert!(matches!(
        poll(&mut waiting, &woken),
        Poll::Ready(Err(LaneError::Closed(_)))
    ));
    assert!(front.may_sleep());
}

#[test]
fn a_batch_rings_once_and_only_a_server_that_sleeps() {
    let (front, mut server, rung) = front(8);
    let mut calls = Vec::new();
    let batch = [Call::default(); 3];
    assert_eq!(front.call_batch(&batch, |call| calls.push(call)), Ok(3));
    assert_eq!(rung.load(Ordering::SeqCst), 0);
    answer_all(&mut server);
    assert_eq!(server.may_sleep(), Ok(true));
    assert_eq!(
        front.call_batch(&[Call::default(); 8], |call| calls.push(call)),
        Ok(5)
    );
    assert_eq!(rung.load(Ordering::SeqCst), 1);
    assert_eq!(
        front.call_batch(&batch, |call| calls.push(call)),
        Err(LaneError::NoCredit)
    );
}

/// Parking as the standard library does it.
struct ThreadPark {
    thread: Thread,
    start: Instant,
}

impl ThreadPark {
    fn new() -> Self {
        Self {
            thread: thread::current(),
            start: Instant::now(),
        }
    }
}

impl Park for ThreadPark {
    fn park(&self, until: Deadline) {
        if until == Deadline::NEVER {
            thread::park();
        } else {
            thread::park_timeout(Duration::from_nanos(until.0.saturating_sub(self.now())));
        }
    }

    fn unpark(&self) {
        self.thread.unpark();
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap()
    }
}

/// Serves until it is told to stop: sleeps when there is nothing to do, and rings the front when that sleeps.
fn serve(mut server: Server, front: &Mutex<Option<Front>>, stop: &AtomicBool) {
    while !stop.load(Ordering::SeqCst) {
        let answered = answer_all(&mut server);
        if answered > 0 && server.must_ring() {
            front.lock().unwrap().iter().for_each(Front::rung);
        }
        if answered == 0 && server.may_sleep() == Ok(true) {
            thread::park();
        }
    }
}

/// Threads that block on one lane, with a server that sleeps as often as it can. Whoever is forgotten hangs the test.
#[test]
fn threads_block_on_one_lane_and_none_is_forgotten() {
    const CALLS: u16 = 300;
    for looks in [0, 50] {
        let (client, server) = lane(Geometry::new(2, 1).unwrap());
        let (there, stop) = (Mutex::new(None), AtomicBool::new(false));
        thread::scope(|scope| {
            let serving = scope.spawn(|| serve(server, &there, &stop));
            let thread = serving.thread().clone();
            let front: Front = Front::new(client, move || thread.unpark());
            *there.lock().unwrap() = Some(front.clone());
            let callers: Vec<_> = (0..3_u16)
                .map(|caller| {
                    let front = front.clone();
                    scope.spawn(move || {
                        let mut blocking = Blocking::new(front, ThreadPark::new(), looks);
                        for number in 0..CALLS {
                            let taken = blocking.call(&method(caller * CALLS + number)).unwrap();
                            let wanted = Status(1_000 + u32::from(caller * CALLS + number));
                            assert_eq!(taken.completion.status(), wanted);
                        }
                    })
                })
                .collect();
            callers
                .into_iter()
                .for_each(|caller| caller.join().unwrap());
            stop.store(true, Ordering::SeqCst);
            serving.thread().unpark();
        });
    }
}

#[test]
fn a_blocking_call_ends_by_its_deadline_when_nobody_answers() {
    let (front, _server, _) = front(2);
    let mut blocking = Blocking::new(front, ThreadPark::new(), 0);
    let taken = blocking
        .call(&Call::default().with_deadline(Deadline(2_000_000)).unwrap())
        .unwrap();
    assert_eq!(taken.completion.status(), Status::DEADLINE);
}
