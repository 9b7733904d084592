//! Rings whose other side lies: entries and headers of any bytes, queues against a deque, lanes whose peer pushes what
//! it likes.

use std::collections::VecDeque;

use isthmus_ioring::entry::{Completion, Status};
use isthmus_ioring::lane::lane;
use isthmus_ioring::layout::Header;
use isthmus_ioring::queue::queue;
use isthmus_ioring::{Call, Entry, Geometry, Incoming, LaneError, Payload};

use crate::input::Input;

/// All of them on the same bytes.
pub fn run(data: &[u8]) {
    entries(data);
    honest_queue(data);
    honest_lane(data);
}

fn entry(input: &mut Input<'_>) -> Entry {
    [0; 8].map(|_: u64| input.u64())
}

/// What decodes encodes to the same, data past its length aside.
fn entries(data: &[u8]) {
    let words = entry(&mut Input::new(data));
    if let Some((id, call)) = Call::decode(words) {
        assert!(call.data.len() <= Payload::MAX);
        assert_eq!(call.encode(id), words);
    }
    if let Some((id, completion)) = Completion::decode(words) {
        assert_eq!(completion.encode(id), words);
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
                    target: input.u32(),
                    interface: input.u16(),
                    method: input.u16(),
                    flags: input.u16(),
                    deadline: input.word(),
                    data: payload,
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
                    status: Status(incoming.call.target),
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
                    assert_eq!((answer.status.0, answer.data), (call.target, call.data));
                }
            }
        }
        assert_eq!(
            (client.outstanding(), client.credits()),
            (out.len(), size - out.len())
        );
    }
}

/// Entries of each kind, and sequences that fill and empty.
pub fn seeds() -> Vec<Vec<u8>> {
    let bytes = |words: Entry| words.map(u64::to_le_bytes).concat();
    let (data, _) = Payload::split(b"twenty bytes of data");
    let call = Call {
        target: 7,
        interface: 1,
        method: 2,
        flags: 3,
        deadline: 99,
        data,
    };
    let header = Header {
        geometry: Geometry::new(64, 2).expect("sizes"),
        features: isthmus_ioring::layout::Features(0),
    };
    let completion = Completion {
        status: Status::REVOKED,
        data,
    };
    let mut full = vec![0];
    full.extend([0; 6 * 15]);
    full.extend([1, 1, 1, 2, 3, 2, 6, 3, 3, 3]);
    vec![
        bytes(call.encode(0x1_0000_0002)),
        bytes(completion.encode(5)),
        bytes(header.encode()),
        full,
        vec![1, 0, 2, 0, 2, 3, 0, 0, 3, 2, 2, 2, 3],
    ]
}
