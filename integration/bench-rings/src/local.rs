//! Submit, deliver and complete on one core, against a `dyn` call.
//!
//! Neighbours: [`crate::lanes`] has the lane, [`crate::calls`] the call.

use crate::contest::{Effort, solo};
use crate::stats::{Bar, Row};
use crate::{calls, lanes};
use isthmus_ioring::entry::{Call, Completion};
use std::hint::black_box;

/// Calls in a sample.
const TIMES: u32 = 10_000;

/// Nanoseconds that it may take.
const BAR: f64 = 50.0;

/// The rows.
pub fn rows(core: usize, effort: Effort) -> Vec<Row> {
    let (mut client, mut server) = lanes::ends();
    let mut ours = |times| {
        for _ in 0..times {
            let id = client
                .submit(black_box(&Call::default()))
                .expect("a credit is free");
            let incoming = server.take().expect("an honest client").expect("a call");
            server
                .complete(incoming, black_box(&Completion::default()))
                .expect("a place was reserved");
            let taken = client
                .take()
                .expect("an honest server")
                .expect("its completion");
            assert_eq!(taken.id, id);
            black_box(&taken.completion);
        }
    };
    let series = solo(core, effort, TIMES, &mut [&mut ours, &mut calls::least()]);
    let [ours, call] = &series[..] else {
        unreachable!("there are two contenders")
    };
    vec![Row::against(
        "submit, deliver, complete",
        ours,
        ("dyn call, one word", call),
        Bar::Ours(BAR),
    )]
}
