//! An empty call there and back between two cores: against one cache line bounced between them, and against other channels.
//!
//! Neighbours: [`crate::peers`], [`crate::contest`], [`crate::lanes`].

use crate::contest::{Effort, duo};
use crate::stats::{Bar, Row};
use crate::{lanes, peers};

/// Round trips in a sample: through memory, and through the kernel.
const TIMES: u32 = 500;
const KERNEL_TIMES: u32 = 60;

/// What a round trip may take of a bounced line's time.
const BAR: f64 = 1.2;

/// The rows.
pub fn rows(pair: [usize; 2], effort: Effort) -> Vec<Row> {
    let sockets = peers::unix_socket().expect("the kernel has sockets");
    let pipes = peers::pipes().expect("the kernel has pipes");
    let series = duo(
        pair,
        effort,
        vec![
            lanes::round_trips(TIMES),
            peers::bounce(TIMES),
            peers::round_trips(peers::rtrb(), TIMES),
            peers::round_trips(peers::crossbeam(), TIMES),
            peers::round_trips(sockets, KERNEL_TIMES),
            peers::round_trips(pipes, KERNEL_TIMES),
        ],
    );
    let [ours, bounce, rtrb, crossbeam, socket, pipe] = &series[..] else {
        unreachable!("there are six contenders")
    };
    let row = |peer, bar| Row::against("round trip, two cores", ours, peer, Bar::Ratio(bar));
    vec![
        row(("bounced line", bounce), BAR),
        row(("rtrb", rtrb), 1.0),
        row(("crossbeam channel", crossbeam), 1.0),
        row(("Unix socket", socket), 1.0),
        row(("pipe", pipe), 1.0),
    ]
}
