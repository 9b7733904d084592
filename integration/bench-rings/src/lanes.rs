//! The lane of a ring as a contender.
//!
//! Neighbours: [`crate::round_trip`], [`crate::stream`] and [`crate::local`] let it compete.

use crate::contest::Duo;
use crate::peers::BYTES;
use isthmus_ioring::buffer::buffers;
use isthmus_ioring::carrier::Carrier;
use isthmus_ioring::entry::{Call, Completion};
use isthmus_ioring::lane::{lane, lane_with};
use isthmus_ioring::{Client, Geometry, Server};
use std::hint::{self, black_box};

/// Entries in a queue, as many as peers have places.
const ENTRIES: u32 = crate::peers::PLACES as u32;

/// Both ends of a lane.
pub fn ends() -> (Client, Server) {
    lane(Geometry::new(ENTRIES, 1).expect("a size that can be"))
}

/// Empty calls, each completed before the next.
pub fn round_trips(times: u32) -> Duo {
    let (mut client, mut server) = ends();
    Duo {
        times,
        ask: Box::new(move |times| {
            for _ in 0..times {
                let id = client.submit(&Call::default()).expect("a credit is free");
                loop {
                    if let Some(taken) = client.take().expect("an honest server") {
                        assert_eq!(taken.id, id);
                        break;
                    }
                    hint::spin_loop();
                }
            }
        }),
        answer: Box::new(move |times| {
            for _ in 0..times {
                let incoming = loop {
                    if let Some(incoming) = server.take().expect("an honest client") {
                        break incoming;
                    }
                    hint::spin_loop();
                };
                server
                    .complete(incoming, &Completion::default())
                    .expect("a place was reserved");
            }
        }),
    }
}

/// Empty calls in a stream, submitted `batch` at a time and at most [`ENTRIES`] under way.
pub fn stream(times: u32, batch: u32) -> Duo {
    let (mut client, mut server) = ends();
    Duo {
        times,
        ask: Box::new(move |times| {
            let (mut sent, mut answered) = (0, 0);
            while answered < times {
                if client.credits() >= batch as usize {
                    for _ in 0..batch.min(times - sent) {
                        client.submit(&Call::default()).expect("a credit is free");
                        sent += 1;
                    }
                }
                for _ in 0..batch {
                    if client.take().expect("an honest server").is_none() {
                        break;
                    }
                    answered += 1;
                }
            }
        }),
        answer: Box::new(move |times| {
            let mut left = times;
            while left > 0 {
                while let Some(incoming) = server.take().expect("an honest client") {
                    server
                        .complete(incoming, &Completion::default())
                        .expect("a place was reserved");
                    left -= 1;
                }
                hint::spin_loop();
            }
        }),
    }
}

/// Payloads of [`BYTES`] in a stream, each copied into a buffer of the pool and out of it at the other side, which gets the
/// buffer itself and hands it back to the pool.
pub fn payloads(times: u32) -> Duo {
    let depot = buffers(2 * ENTRIES, BYTES as u32);
    let geometry = Geometry::new(ENTRIES, 1).expect("a size that can be");
    let (mut client, mut server) = lane_with(geometry, Some(&depot));
    let (source, mut sink) = (vec![7; BYTES], vec![0; BYTES]);
    Duo {
        times,
        ask: Box::new(move |times| {
            let (mut sent, mut answered) = (0, 0);
            while answered < times {
                if sent < times
                    && client.credits() > 0
                    && let Some(mut buffer) = client.carrier().claim()
                {
                    buffer.fill(black_box(&source));
                    let submitted = client.submit_with(&Call::default(), buffer);
                    submitted
                        .map_err(|(error, _)| error)
                        .expect("a credit is free");
                    sent += 1;
                }
                while client.take().expect("an honest server").is_some() {
                    answered += 1;
                }
            }
        }),
        answer: Box::new(move |times| {
            let mut left = times;
            while left > 0 {
                while let Some(incoming) = server.take().expect("an honest client") {
                    let buffer = incoming.buffer.as_ref().expect("it came with one");
                    sink.copy_from_slice(buffer);
                    black_box(&sink);
                    server
                        .complete(incoming, &Completion::default())
                        .expect("a place was reserved");
                    left -= 1;
                }
                hint::spin_loop();
            }
        }),
    }
}
