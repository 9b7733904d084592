//! Rings whose other side lies: entries and headers of any bytes, queues against a deque, lanes whose peer pushes what
//! it likes.

use std::collections::VecDeque;

use isthmus_ioring::entry::{CallId, Completion, Deadline, Note, Status, Target};
use isthmus_ioring::lane::lane;
use isthmus_ioring::layout::Header;
use isthmus_ioring::queue::queue;
use isthmus_ioring::{Broken, Call, Entry, Geometry, Incoming, LaneError, Payload};

use crate::input::Input;

/// All of them on the same bytes.
pub fn run(data: &[u8]) {
    entries(data);
    honest_queue(data);
    honest_lane(data);
    hostile_queue(data);
    hostile_lane(data);
}

fn entry(input: &mut Input<'_>) -> Entry {
    [0; 8].map(|_: u64| input.u64())
}

/// What decodes encodes to the same, data past its length aside.
fn entries(data: &[u8]) {
    let words = entry(&mut Input::new(data));
    // The sequence is the queue's.
    let mut entry = words;
    entry[0] &= !0xffff_ffff;
    if let Ok((id, call)) = Call::decode(&entry) {
        assert!(call.data.len() <= Payload::MAX);
        assert_eq!(call.encode(id), Ok(entry));
    }
    if let Ok(note) = Note::decode(&entry) {
        assert_eq!(note.encode(), Ok(entry));
    }
    if let Ok((id, completion)) = Completion::decode(&entry) {
        assert_eq!(completion.encode(id), Ok(entry));
        completion
            .data
            .with(|bytes| assert_eq!(bytes.len(), completion.data.len()));
    }
    if let Ok(header) = Header::decode(words) {
        assert_eq!(header.encode(), words);
        assert!(header.geometry.window_bytes() >= header.geometry.lane_bytes());
    }
    let (payload, rest) = Payload::split(data);
    payload.with(|bytes| assert_eq!([bytes, rest].concat(), data));
}

fn geometry(input: &mut Input<'_>) -> Geometry {
    Geometry::new(2 << (input.byte() & 3), 1).expect("a power of two")
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
                assert_eq!(producer.push([sent; 8]), Ok(fits));
                if fits {
                    model.push_back([sent; 8]);
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
                let call = Call {
                    target: Target::Slot(input.u32()),
                    interface: input.u64(),
                    method: input.u16(),
                    flags: input.u16() & 0xff00,
                    data: payload,
                    ..Call::default()
                };
                match client.submit(&call) {
                    Ok(id) => out.push((id, call)),
                    Err(error) => assert_eq!((error, out.len()), (LaneError::NoCredit, size)),
                }
            }
            1 => taken.extend(server.take().expect("honest")),
            2 if !taken.is_empty() => {
                let incoming = taken.swap_remove(usize::from(kind >> 2) % taken.len());
                let answer = Completion {
                    status: Status(incoming.call.interface as u32),
                    data: incoming.call.data,
                };
                server
                    .complete(incoming, &answer)
                    .expect("there is a place");
            }
            _ => {
                if let Some((id, answer)) = client.take().expect("honest") {
                    let at = out
                        .iter()
                        .position(|(known, _)| *known == id)
                        .expect("a call that is out");
                    let (_, call) = out.swap_remove(at);
                    assert_eq!((answer.status.0, answer.data), (call.interface as u32, call.data));
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
    let (mut popped, mut published) = (0u32, 0u32);
    while !input.is_empty() {
        let kind = input.byte();
        match kind & 7 {
            0 => {
                let near = published.wrapping_add(u32::from(kind >> 3));
                published = if kind & 0x80 != 0 { input.u32() } else { near };
                producer.forge_tail(published);
            }
            1 => producer.scribble(input.u32(), usize::from(kind >> 3), input.word()),
            2 => consumer.forge_head(if kind & 0x80 != 0 {
                input.u32()
            } else {
                u32::from(kind >> 3)
            }),
            3 => consumer.forge_asleep(u32::from(kind >> 3)),
            4 => match producer.push([input.u64(); 8]) {
                Ok(_) => {}
                Err(Broken) => producer_broken = true,
            },
            5 => match consumer.pop() {
                Ok(Some(_)) => {
                    assert!(!consumer_broken);
                    popped = popped.wrapping_add(1);
                }
                Ok(None) => assert!(!consumer_broken),
                Err(Broken) => consumer_broken = true,
            },
            6 => match producer.room() {
                Ok(room) => assert!(!producer_broken && room <= geometry.entries()),
                Err(Broken) => producer_broken = true,
            },
            _ => {
                let _ = producer.must_ring();
                match consumer.may_sleep() {
                    Ok(_) => assert!(!consumer_broken),
                    Err(Broken) => consumer_broken = true,
                }
            }
        }
        assert!(popped <= data.len() as u32);
    }
}

/// Either side of a lane against a peer that pushes entries of its own: the honest side's accounts stay right, each
/// call ends at most once, and once broken it stays so.
fn hostile_lane(data: &[u8]) {
    let mut input = Input::new(data);
    let geometry = geometry(&mut input);
    let size = geometry.entries() as usize;
    let (mut client, mut server) = lane(geometry);
    let lying_client = input.flag();
    let (mut out, mut taken, mut broken) = (Vec::new(), Vec::<Incoming>::new(), false);
    while !input.is_empty() {
        let kind = input.byte();
        if kind & 0x80 != 0 {
            let words = if kind & 0x40 != 0 {
                let id = u32::from(kind & 7) | u32::from(kind >> 3 & 7) << 16;
                Completion::default()
                    .encode(CallId::from_bits(id))
                    .expect("it is empty")
            } else {
                entry(&mut input)
            };
            let (producer, consumer) = if lying_client {
                client.queues()
            } else {
                server.queues()
            };
            let _ = (producer.push(words), consumer.pop());
            continue;
        }
        let result = match (lying_client, kind & 3) {
            (false, 0) => client.submit(&Call::default()).map(|id| out.push(id)),
            (false, _) => client.take().map(|answer| {
                if let Some((id, _)) = answer {
                    let at = out
                        .iter()
                        .position(|known| *known == id)
                        .expect("a call that is out");
                    out.swap_remove(at);
                }
            }),
            (true, 0 | 1) => server.take().map(|call| taken.extend(call)),
            (true, _) => taken
                .pop()
                .map_or(Ok(()), |call| server.complete(call, &Completion::default())),
        };
        assert!(
            !broken || result.is_err() || lying_client,
            "broken for good"
        );
        broken |= result == Err(LaneError::Broken);
        assert!(taken.len() <= size && out.len() <= size);
        if !broken {
            assert_eq!(
                client.outstanding(),
                if lying_client { 0 } else { out.len() }
            );
        }
    }
}

/// Entries of each kind, and sequences that fill and empty.
pub fn seeds() -> Vec<Vec<u8>> {
    let bytes = |words: Entry| words.map(u64::to_le_bytes).concat();
    let (data, _) = Payload::split(b"twenty bytes of data");
    let call = Call {
        target: Target::Slot(7),
        interface: 1,
        method: 2,
        flags: 3 << 8,
        deadline: Deadline(99),
        data,
        ..Call::default()
    };
    let header = Header {
        geometry: Geometry::new(64, 2).expect("sizes"),
        features: isthmus_ioring::layout::Features(0),
    };
    let completion = Completion {
        status: Status::REVOKED,
        data,
        ..Completion::default()
    };
    let mut full = vec![0];
    full.extend([0; 6 * 15]);
    full.extend([1, 1, 1, 2, 3, 2, 6, 3, 3, 3]);
    vec![
        bytes(call.encode(CallId::from_bits(0x1_0002)).expect("it fits")),
        bytes(
            completion
                .encode(CallId::from_bits(5))
                .expect("it fits"),
        ),
        bytes(header.encode()),
        full,
        vec![1, 0, 2, 0, 2, 3, 0, 0, 3, 2, 2, 2, 3],
        vec![
            1, 8, 5, 0x28, 5, 5, 4, 1, 1, 1, 1, 1, 1, 1, 1, 6, 0x12, 6, 3, 7, 0x80, 9, 0, 0, 0, 5,
        ],
        vec![1, 0, 0, 0, 0xc0, 2, 2, 0xc8, 0xc1, 2, 2],
        vec![1, 1, 0xc0, 0xc1, 0xc2, 0, 0, 3, 1, 3, 3],
    ]
}
