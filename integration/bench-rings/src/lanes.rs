//! The lane of a ring as a contender.
//!
//! Neighbours: [`crate::round_trip`] and [`crate::local`] let it compete.

use crate::contest::Duo;
use isthmus_ioring::entry::{Call, Completion};
use isthmus_ioring::lane::lane;
use isthmus_ioring::{Client, Geometry, Server};
use std::hint;

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
                    if let Some((answered, _)) = client.take().expect("an honest server") {
                        assert_eq!(answered, id);
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
