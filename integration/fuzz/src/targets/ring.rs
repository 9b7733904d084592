//! Rings whose other side lies: entries and headers of any bytes, queues against a deque, lanes whose peer pushes what
//! it likes, and windows that are rewritten between any two reads.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use isthmus_ioring::buffer::buffers;
use isthmus_ioring::carrier::Carrier;
use isthmus_ioring::entry::{
    BufferRef, CallId, CapRef, Completion, Deadline, Note, NoteKind, Spilled, Status, Target,
};
use isthmus_ioring::lane::lane;
use isthmus_ioring::layout::{Features, Header, LayoutError, Side};
use isthmus_ioring::memory::hostile::{Meddled, Meddler};
use isthmus_ioring::memory::{Heap, Memory};
use isthmus_ioring::queue::queue;
use isthmus_ioring::window::Opening;
use isthmus_ioring::{Call, Closed, Entry, Event, Geometry, Incoming, LaneError, Payload};

use crate::input::Input;

/// The sequence in an entry's first word, which is the queue's.
const SEQUENCE: u64 = 0xffff_ffff;

/// Queues and lanes, honest and not, all on the same bytes.
pub fn run(data: &[u8]) {
    honest_queue(data);
    honest_lane(data);
    hostile_queue(data);
    hostile_lane(data);
}

fn words(input: &mut Input<'_>) -> Entry {
    [0; 8].map(|_: u64| input.u64())
}

/// What decodes encodes to the same; what it says is in bounds. Lists in a buffer read back.
pub fn entry(data: &[u8]) {
    let mut input = Input::new(data);
    let mut words = words(&mut input);
    words[0] &= !SEQUENCE;
    if let Ok((id, call)) = Call::decode(&words) {
        assert_eq!(call.encode(id), words);
        assert!(call.caps().len() <= 4 && call.after().len() <= 4 && call.data().len() <= 32);
        let payload = call.data();
        assert_eq!(call.with_payload(&payload), Ok(call));
        lists(call.spilled(), call.buffer(), input.rest());
    }
    if let Ok(note) = Note::decode(&words) {
        assert_eq!(note.encode(), words);
    }
    if let Ok((id, completion)) = Completion::decode(&words) {
        assert_eq!(completion.encode(id), words);
        completion
            .data()
            .with(|bytes| assert_eq!(bytes.len(), completion.data().len()));
        lists(completion.spilled(), completion.buffer(), &[]);
    }
    let (payload, rest) = Payload::split(data);
    payload.with(|bytes| assert_eq!([bytes, rest].concat(), data));
}

/// Lists at the beginning of a buffer that came, which may be shorter than was said.
fn lists(spilled: Spilled, named: Option<BufferRef>, buffer: &[u8]) {
    if spilled == Spilled::default() {
        return;
    }
    assert!(named.is_some_and(|named| spilled.bytes() <= named.len as usize));
    for index in 0..=u8::MAX {
        let _ = spilled.cap(buffer, index);
        let after = spilled.after(buffer, index);
        assert!(after.is_err() || index < spilled.after);
    }
}

/// A header of any words: what is taken encodes to the same, and both sides of a window agree or neither opens.
pub fn header(data: &[u8]) {
    let mut input = Input::new(data);
    let words = words(&mut input);
    let header = Header::decode(words);
    if let Ok(header) = header {
        assert_eq!(header.encode(), words);
        let geometry = header.geometry;
        assert!(geometry.window_bytes() >= u64::from(geometry.lanes()) * geometry.lane_bytes());
        assert_eq!(geometry.half_bytes() % 4096, 0);
    }
    let geometry = Geometry::new(4, 1).and_then(|geometry| geometry.with_buffers(2, 256));
    let own = Header::new(geometry.expect("sizes"));
    let lines = own.geometry.half_lines();
    let (a, b) = (Heap::new(lines), Heap::new(lines));
    a.put_entry(0, words);
    a.publish(1, input.u64() | 1);
    let private = buffers(2, 256);
    let mut opening = Opening::new(Side::B, b, a.clone(), own).expect("it is long enough");
    match opening.poll(&private) {
        Ok(Some(window)) => {
            assert_eq!(header.map(|header| header.geometry), Ok(own.geometry));
            assert_eq!(window.features(), Features(0));
        }
        Ok(None) => panic!("the other side said something"),
        Err(closed) => assert!(matches!(closed, Closed::Violation(_) | Closed::PeerGone)),
    }
    let agreed = header.and_then(|header| own.agree(header));
    assert!(agreed.is_ok() || agreed != Err(LayoutError::Memory));
}

fn geometry(input: &mut Input<'_>) -> Geometry {
    Geometry::new(2 << (input.byte() & 3), 1).expect("a power of two")
}

/// An entry that says only its number.
const fn numbered(number: u64) -> Entry {
    [number << 32, number, 0, 0, 0, 0, 0, !number]
}

fn honest_queue(data: &[u8]) {
    let mut input = Input::new(data);
    let geometry = geometry(&mut input);
    let (mut producer, mut consumer) = queue(geometry);
    let (mut model, mut sent) = (VecDeque::new(), 0u64);
    while !input.is_empty() {
        match input.byte() & 3 {
            0 | 1 => {
                let fits = model.len() < geometry.entries() as usize;
                assert_eq!(producer.push(numbered(sent)), Ok(fits));
                if fits {
                    model.push_back(numbered(sent));
                }
                sent += 1;
            }
            2 => assert_eq!(consumer.pop(), Ok(model.pop_front())),
            _ => {
                assert_eq!(consumer.may_sleep(), Ok(model.is_empty()));
                assert_eq!(producer.room(), Ok(geometry.entries() - model.len() as u32));
                if producer.must_ring() {
                    assert!(model.is_empty() && !producer.must_ring());
                }
            }
        }
    }
}

/// Calls and completions in any order: each call is answered once, with what was asked.
fn honest_lane(data: &[u8]) {
    let mut input = Input::new(data);
    let geometry = geometry(&mut input);
    let size = geometry.entries() as usize;
    let (mut client, mut server) = lane(geometry);
    let (mut out, mut taken) = (Vec::new(), Vec::<Incoming>::new());
    while !input.is_empty() {
        let kind = input.byte();
        match kind & 3 {
            0 => {
                let (payload, _) = Payload::split(input.take(usize::from(kind >> 2)));
                let call = Call::new(Target::Slot(input.u32()), input.u64(), input.u16());
                let call = call.with_payload(&payload).expect("there is nothing else");
                match client.submit(&call) {
                    Ok(id) => out.push((id, call)),
                    Err(error) => assert_eq!((error, out.len()), (LaneError::NoCredit, size)),
                }
            }
            1 => taken.extend(server.take().expect("honest")),
            2 if !taken.is_empty() => {
                let incoming = taken.swap_remove(usize::from(kind >> 2) % taken.len());
                let answer = Completion::new(Status(incoming.call.method().into()))
                    .with_payload(&incoming.call.data())
                    .expect("there is nothing else");
                server
                    .complete(incoming, &answer)
                    .expect("there is a place");
            }
            _ => {
                if let Some(answer) = client.take().expect("honest") {
                    let at = out
                        .iter()
                        .position(|(known, _)| *known == answer.id)
                        .expect("a call that is out");
                    let (_, call) = out.swap_remove(at);
                    let status = Status(call.method().into());
                    assert_eq!(answer.completion.status(), status);
                    assert_eq!(answer.completion.data(), call.data());
                }
            }
        }
        assert_eq!(
            (client.outstanding(), client.credits()),
            (out.len(), size - out.len())
        );
    }
}

/// A producer and a consumer whose peers write anything at any time. A queue that is broken stays so, and what comes
/// out is never more than the other side can have put in.
fn hostile_queue(data: &[u8]) {
    let mut input = Input::new(data);
    let geometry = geometry(&mut input);
    let (mut producer, mut consumer) = queue(geometry);
    let (mut producer_broken, mut consumer_broken) = (false, false);
    let mut popped = 0u32;
    while !input.is_empty() {
        let kind = input.byte();
        match kind & 7 {
            0 => producer.scribble(u32::from(kind >> 5), 0, u64::from(kind >> 3 & 3)),
            1 => producer.scribble(input.u32(), usize::from(kind >> 3), input.word()),
            2 => consumer.forge_head(if kind & 0x80 != 0 {
                input.u32()
            } else {
                u32::from(kind >> 3)
            }),
            3 => consumer.forge_sleep(input.word()),
            4 => match producer.push(numbered(input.u64())) {
                Ok(_) => assert!(!producer_broken),
                Err(_) => producer_broken = true,
            },
            5 => match consumer.pop() {
                Ok(Some(_)) => {
                    assert!(!consumer_broken);
                    popped += 1;
                }
                Ok(None) => assert!(!consumer_broken),
                Err(_) => consumer_broken = true,
            },
            6 => match producer.room() {
                Ok(room) => assert!(!producer_broken && room <= geometry.entries()),
                Err(_) => producer_broken = true,
            },
            _ => {
                let _ = producer.must_ring();
                match consumer.may_sleep() {
                    Ok(_) => assert!(!consumer_broken),
                    Err(_) => consumer_broken = true,
                }
            }
        }
        assert!(popped <= data.len() as u32);
    }
}

/// Either side of a lane against a peer that pushes entries of its own: the honest side's accounts stay right, each
/// call ends at most once, and once closed it stays so.
fn hostile_lane(data: &[u8]) {
    let mut input = Input::new(data);
    let geometry = geometry(&mut input);
    let size = geometry.entries() as usize;
    let (mut client, mut server) = lane(geometry);
    let lying_client = input.flag();
    let (mut out, mut taken, mut closed) = (Vec::new(), Vec::<Incoming>::new(), None);
    while !input.is_empty() {
        let kind = input.byte();
        if kind & 0x80 != 0 {
            let id = CallId::from_bits(u32::from(kind & 7) | u32::from(kind >> 3 & 7) << 16);
            let words = match (kind & 0x40 != 0, lying_client) {
                (true, true) => Call::default().encode(id),
                (true, false) => Completion::default().encode(id),
                (false, _) => words(&mut input),
            };
            let (producer, consumer) = if lying_client {
                client.queues()
            } else {
                server.queues()
            };
            let _ = (producer.push(words), consumer.pop());
            continue;
        }
        if lying_client {
            let result = match kind & 3 {
                0 | 1 => server.take().map(|call| taken.extend(call)),
                _ => taken
                    .pop()
                    .map_or(Ok(()), |call| server.complete(call, &Completion::default())),
            };
            assert!(taken.len() <= size && server.owed() == taken.len());
            assert!(closed.is_none() || result.is_err() || kind & 3 > 1);
            closed = server.closed();
        } else {
            let result = match kind & 3 {
                0 => client.submit(&Call::default()).map(|id| out.push(id)),
                _ => client.take().map(|answer| {
                    if let Some(answer) = answer {
                        let at = out.iter().position(|known| *known == answer.id);
                        out.swap_remove(at.expect("a call that is out"));
                    }
                }),
            };
            // After the window was closed, only the ends of what was out come.
            assert!(closed.is_none() || result.is_err() || kind & 3 != 0);
            assert_eq!(client.outstanding(), out.len());
            closed = client.closed();
        }
    }
}

/// A client, and then a server, in a window whose other half is rewritten between any two reads, as the bytes say. No
/// panic, each call ends once, buffers stay in bounds, and all that this side has comes back.
pub fn peer(data: &[u8]) {
    let mut input = Input::new(data);
    let steps = input.take(64).to_vec();
    client_of_liar(&steps, input.rest());
    server_of_liar(&steps, input.rest());
}

/// Rewrites as the bytes say: one byte before each read says what, if anything.
fn meddler(lies: &[u8]) -> Meddler {
    let lies = Mutex::new((lies.to_vec(), 0));
    Arc::new(move |half: &Heap, line, word| {
        let mut lies = lies.lock().expect("nobody panics with it");
        let (bytes, at) = &mut *lies;
        let mut input = Input::new(bytes.get(*at..).unwrap_or_default());
        let before = input.rest().len();
        input = Input::new(bytes.get(*at..).unwrap_or_default());
        let kind = input.byte();
        match kind & 7 {
            1 => half.store(line, word, half.load(line, word) ^ 1 << (kind >> 3)),
            2 => half.store(line, word, half.load(line, word) ^ 1 << (32 + (kind >> 3))),
            3 => half.store(line, word, input.word()),
            4 => half.store(line, usize::from(kind >> 5), input.word()),
            5 => half.store(input.u16().into(), usize::from(kind >> 5), input.word()),
            6 => half.store(line, 0, u64::from(kind >> 3)),
            _ => {}
        }
        *at += before - input.rest().len();
    })
}

fn window_geometry() -> Geometry {
    let geometry = Geometry::new(4, 1).and_then(|geometry| geometry.with_buffers(4, 256));
    geometry.expect("sizes")
}

/// A half of an opened window whose other side is not there.
fn alone() -> (Heap, Heap) {
    let header = Header::new(window_geometry());
    let lines = header.geometry.half_lines();
    let (mine, theirs) = (Heap::new(lines), Heap::new(lines));
    theirs.put_entry(0, header.encode());
    theirs.publish(1, 1);
    (mine, theirs)
}

fn client_of_liar(steps: &[u8], lies: &[u8]) {
    let (mine, theirs) = alone();
    let private = buffers(8, 256);
    let theirs = Meddled::new(theirs, meddler(lies));
    let header = Header::new(window_geometry());
    let opening = Opening::new(Side::A, Meddled::quiet(mine), theirs, header);
    let Ok(Some(mut window)) = opening.expect("it is long enough").poll(&private) else {
        return;
    };
    let mut client = window.client(0).expect("side A is the client");
    let mut out = Vec::new();
    for step in steps {
        match step & 7 {
            0 | 1 => out.extend(client.submit(&Call::default())),
            2 => out.extend(client.submit(&Call::default().pipelined())),
            3 => {
                if let Some(mut buffer) = client.carrier().claim() {
                    buffer.fill(&[7; 9]);
                    out.extend(client.submit_with(&Call::default(), buffer));
                }
            }
            4 => {
                if let Some(id) = out.get(usize::from(step >> 3)) {
                    let _ = client.cancel(*id);
                }
            }
            5 => {
                let _ = (client.may_sleep(), client.must_ring());
            }
            _ => {
                if let Ok(Some(taken)) = client.take() {
                    let at = out.iter().position(|known| *known == taken.id);
                    out.swap_remove(at.expect("a call that is out"));
                    assert!(taken.buffer.is_none_or(|buffer| buffer.len() <= 256));
                }
            }
        }
        assert_eq!(client.outstanding(), out.len());
    }
    window.close();
    while let Ok(Some(taken)) = client.take() {
        let at = out.iter().position(|known| *known == taken.id);
        out.swap_remove(at.expect("a call that is out"));
    }
    assert_eq!((out.len(), client.credits()), (0, 4));
    drop(client);
    assert_eq!((window.idle_buffers(), private.idle()), (4, 8));
}

fn server_of_liar(steps: &[u8], lies: &[u8]) {
    let (mine, theirs) = alone();
    let private = buffers(8, 256);
    let theirs = Meddled::new(theirs, meddler(lies));
    let header = Header::new(window_geometry());
    let opening = Opening::new(Side::B, Meddled::quiet(mine), theirs, header);
    let Ok(Some(mut window)) = opening.expect("it is long enough").poll(&private) else {
        return;
    };
    let mut server = window.server(0).expect("side B is the server");
    let mut held: Vec<Incoming> = Vec::new();
    for step in steps {
        match step & 7 {
            0 => {
                let _ = (server.may_sleep(), server.must_ring());
            }
            1 => drop(held.pop()),
            2 => {
                if let Some(incoming) = held.pop() {
                    let _ = server.complete(incoming, &Status::CANCELLED.into());
                }
            }
            3 => {
                if let (Some(incoming), Some(buffer)) = (held.pop(), server.carrier().claim()) {
                    let _ = server.complete_with(incoming, &Completion::default(), buffer);
                }
            }
            _ => {
                if let Ok(Some(Event::Call(incoming))) = server.receive() {
                    assert!(
                        incoming
                            .buffer
                            .as_ref()
                            .is_none_or(|buffer| buffer.len() <= 256)
                    );
                    held.push(incoming);
                }
            }
        }
        assert!(held.len() <= server.owed() && server.owed() <= 4);
    }
    drop((held, server));
    assert_eq!((window.idle_buffers(), private.idle()), (4, 8));
}

fn bytes(words: Entry) -> Vec<u8> {
    words.map(u64::to_le_bytes).concat()
}

/// Sequences that fill and empty.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut full = vec![0];
    full.extend([0; 6 * 15]);
    full.extend([1, 1, 1, 2, 3, 2, 6, 3, 3, 3]);
    vec![
        full,
        vec![1, 0, 2, 0, 2, 3, 0, 0, 3, 2, 2, 2, 3],
        vec![
            1, 8, 5, 0x28, 5, 5, 4, 1, 1, 1, 1, 1, 1, 1, 1, 6, 0x12, 6, 3, 7, 0x80, 9, 0, 0, 0, 5,
        ],
        vec![1, 0, 0, 0, 0xc0, 2, 2, 0xc8, 0xc1, 2, 2],
        vec![1, 1, 0xc0, 0xc1, 0xc2, 0, 0, 3, 1, 3, 3],
    ]
}

/// Entries of each kind, with each part.
pub fn entry_seeds() -> Vec<Vec<u8>> {
    let id = CallId::from_bits(0x1_0002);
    let buffer = BufferRef {
        index: 3,
        len: 200,
        pages: false,
    };
    let caps = [
        CapRef::Home { slot: 4 },
        CapRef::Promised { call: id, index: 1 },
    ];
    let call = Call::new(Target::Slot(7), 1, 2).with_method_flags(3);
    let promised = Call::new(Target::Promised { call: id, index: 5 }, u64::MAX, 9).pipelined();
    let calls = [
        call.with_data(b"twenty bytes of data"),
        call.with_deadline(Deadline(99))
            .and_then(|call| call.with_buffer(buffer)),
        call.with_caps(&caps)
            .and_then(|call| call.with_after(&[id, id, id])),
        call.with_buffer(buffer)
            .and_then(|call| call.with_spilled(Spilled { caps: 9, after: 3 })),
        promised.with_buffer(BufferRef {
            pages: true,
            ..buffer
        }),
    ];
    let mut seeds: Vec<_> = calls
        .into_iter()
        .map(|call| bytes(call.expect("it fits").encode(id)))
        .collect();
    let completion = Completion::new(Status::OVERLOADED).with_detail(5);
    let completion = completion.with_caps(&caps).expect("they fit");
    seeds.push(bytes(completion.encode(id)));
    seeds.push(bytes(Note::about(NoteKind::Cancel, id).encode()));
    let mut with_lists = seeds[3].clone();
    with_lists.extend([1, 0, 0, 0, 7, 0, 0, 0].repeat(11));
    seeds.push(with_lists);
    seeds
}

/// Headers, right and nearly right.
pub fn header_seeds() -> Vec<Vec<u8>> {
    let small = Header::new(Geometry::new(4, 1).expect("sizes"));
    let own = Header::new(small.geometry.with_buffers(2, 256).expect("sizes"));
    let offers = Header {
        offered: Features(3),
        ..own
    };
    [small, own, offers]
        .into_iter()
        .map(|header| bytes(header.encode()))
        .collect()
}

/// Steps of a side, and lies that make entries appear.
pub fn peer_seeds() -> Vec<Vec<u8>> {
    let mut quiet = vec![0, 0, 3, 7, 7, 5, 7, 7];
    quiet.resize(64, 7);
    let mut forged = quiet.clone();
    let mut entry = Completion::default().encode(CallId::default());
    entry[0] |= 1;
    // A completion put in word by word as the client looks for it.
    forged.extend([0; 4]);
    for word in entry {
        forged.push(3);
        forged.push(7);
        forged.extend(word.to_le_bytes());
    }
    let mut calls = vec![6; 64];
    let mut entry = Call::default().encode(CallId::default());
    entry[0] |= 1;
    calls.extend([0; 9]);
    for word in entry {
        calls.push(3);
        calls.push(7);
        calls.extend(word.to_le_bytes());
    }
    vec![quiet, forged, calls]
}
