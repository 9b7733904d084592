//! Nothing on the way of a call allocates: with and without buffers, inside one address space and through a window,
//! one by one and in batches, cancelled, late and dropped.

use allocation_counter::measure;
use isthmus_ioring::buffer::buffers;
use isthmus_ioring::carrier::Carrier;
use isthmus_ioring::entry::{Call, CallId, CapRef, Completion, Deadline};
use isthmus_ioring::lane::lane_with;
use isthmus_ioring::layout::{Geometry, Header, Side};
use isthmus_ioring::memory::{Heap, Memory};
use isthmus_ioring::window::Opening;
use isthmus_ioring::{Client, Event, Server, Taken};

/// A call of each kind, there and back.
fn round<M: Memory, C: Carrier>(client: &mut Client<M, C>, server: &mut Server<M, C>) {
    let call = Call::default().with_data(b"arguments").unwrap();
    let call = call.with_caps(&[CapRef::Null]).unwrap();
    client.submit(&call).unwrap();
    let mut buffer = client.carrier().claim().unwrap();
    buffer.fill(&[7; 200]);
    client.submit_with(&call, buffer).unwrap();
    let late = call.with_deadline(Deadline(10)).unwrap();
    let late = client.submit(&late).unwrap();
    let cancelled = client.submit(&Call::default()).unwrap();
    client.cancel(cancelled).unwrap();
    client.submit(&Call::default()).unwrap();
    assert_eq!(client.take_expired(20).unwrap().id, late);
    assert!(client.must_ring() || !client.may_sleep().unwrap() || client.outstanding() == 4);
    let mut calls = 0;
    while let Some(event) = server.receive().unwrap() {
        let Event::Call(mut incoming) = event else {
            continue;
        };
        calls += 1;
        match incoming.buffer.take() {
            Some(buffer) => server
                .complete_with(incoming, &Completion::default(), buffer)
                .unwrap(),
            None if calls == 5 => drop(incoming),
            None => server.complete(incoming, &Completion::default()).unwrap(),
        }
    }
    assert!(server.receive().unwrap().is_none());
    let mut ended = 0;
    while let Some(taken) = client.take().unwrap() {
        ended += 1;
        if let Some(buffer) = taken.buffer {
            client.carrier().recycle(buffer);
        }
    }
    assert_eq!((calls, ended, client.outstanding()), (5, 4, 0));
}

/// The same in batches.
fn batch<M: Memory, C: Carrier>(client: &mut Client<M, C>, server: &mut Server<M, C>) {
    let mut ids = [CallId::default(); 8];
    let mut events: [Option<Event>; 8] = [const { None }; 8];
    let mut taken: [Option<Taken>; 8] = [const { None }; 8];
    let calls = [Call::default(); 8];
    assert_eq!(client.submit_batch(&calls, &mut ids), Ok(8));
    assert_eq!(server.receive_batch(&mut events), Ok(8));
    for event in events.into_iter().flatten() {
        if let Event::Call(incoming) = event {
            server.complete(incoming, &Completion::default()).unwrap();
        }
    }
    assert_eq!(client.take_batch(&mut taken), Ok(8));
    assert!(taken.iter().flatten().map(|taken| taken.id).eq(ids));
}

fn steady<M: Memory, C: Carrier>(client: &mut Client<M, C>, server: &mut Server<M, C>) {
    // What is made once is made before: a reference for each place, stashes.
    for _ in 0..20 {
        round(client, server);
    }
    let made = measure(|| {
        for _ in 0..200 {
            round(client, server);
            batch(client, server);
        }
    });
    assert_eq!((made.count_total, made.bytes_total), (0, 0));
}

#[test]
fn calls_inside_one_address_space_allocate_nothing() {
    let pool = buffers(64, 4096);
    let (mut client, mut server) = lane_with(Geometry::new(16, 1).unwrap(), Some(&pool));
    steady(&mut client, &mut server);
}

#[test]
fn calls_through_a_window_allocate_nothing() {
    let geometry = Geometry::new(16, 1).unwrap().with_buffers(16, 256).unwrap();
    let header = Header::new(geometry);
    let private = buffers(64, 256);
    let (a, b) = (
        Heap::new(geometry.half_lines()),
        Heap::new(geometry.half_lines()),
    );
    let mut left = Opening::new(Side::A, a.clone(), b.clone(), header).unwrap();
    let right = Opening::new(Side::B, b, a, header).unwrap().poll(&private);
    let mut right = right.unwrap().unwrap();
    let mut left = left.poll(&private).unwrap().unwrap();
    let (mut client, mut server) = (left.client(0).unwrap(), right.server(0).unwrap());
    steady(&mut client, &mut server);
}
