//! Calls in a stream between two cores: small ones, one and 32 at a time, and such with a payload, against other channels
//! and against copying memory.
//!
//! Neighbours: [`crate::peers`], [`crate::contest`], [`crate::lanes`].

use crate::contest::{Effort, duo};
use crate::stats::{Bar, Row};
use crate::{lanes, peers};

/// Calls in a sample.
const TIMES: u32 = 5_000;

/// Calls with payloads in a sample.
const PAYLOADS: u32 = 500;

/// Calls that are submitted at a time.
const BATCHES: [u32; 2] = [1, 32];

/// The rows.
pub fn rows(pair: [usize; 2], effort: Effort) -> Vec<Row> {
    BATCHES
        .iter()
        .flat_map(|batch| batch_rows(pair, effort, *batch))
        .chain(payload_rows(pair, effort))
        .collect()
}

fn payload_rows(pair: [usize; 2], effort: Effort) -> Vec<Row> {
    let series = duo(
        pair,
        effort,
        vec![
            lanes::payloads(PAYLOADS),
            peers::rtrb_payloads(PAYLOADS),
            peers::crossbeam_payloads(PAYLOADS),
            peers::memory_copy(PAYLOADS),
        ],
    );
    let [ours, rtrb, crossbeam, copy] = &series[..] else {
        unreachable!("there are four contenders")
    };
    let row = |peer| Row::against("payloads of 4 KiB", ours, peer, Bar::Ratio(1.0));
    vec![
        row(("rtrb", rtrb)),
        row(("crossbeam channel", crossbeam)),
        row(("memory copy", copy)),
    ]
}

fn batch_rows(pair: [usize; 2], effort: Effort, batch: u32) -> Vec<Row> {
    let series = duo(
        pair,
        effort,
        vec![
            lanes::stream(TIMES, batch),
            peers::stream(peers::rtrb(), TIMES, batch),
            peers::stream(peers::crossbeam(), TIMES, batch),
        ],
    );
    let [ours, rtrb, crossbeam] = &series[..] else {
        unreachable!("there are three contenders")
    };
    let row = |peer| {
        let name = format!("small calls, batch {batch}");
        Row::against(name, ours, peer, Bar::Ratio(1.0))
    };
    vec![row(("rtrb", rtrb)), row(("crossbeam channel", crossbeam))]
}
