//! `isthmus-bench-rings [GROUP] [--seconds N]`: measures rings and capabilities against peers that take turns with them in the same run,
//! and prints a line a row. `cargo xtask bench rings` builds and runs it and makes the table; `docs/bench-rings.md` says what
//! is measured and how.
//!
//! A program of the host. Each group of rows is a module; [`contest`] has the turns, [`stats`] the medians.
#![forbid(unsafe_code)]

mod calls;
mod chain;
mod contest;
mod cores;
mod lanes;
mod local;
mod peers;
mod revoke;
mod round_trip;
mod stats;
mod stream;

use contest::Effort;
use stats::Row;
use std::process::ExitCode;
use std::time::Duration;

/// A group of rows: its name, and how they are measured on these two cores.
struct Group {
    name: &'static str,
    rows: fn([usize; 2], Effort) -> Vec<Row>,
}

const ALL: [Group; 6] = [
    Group {
        name: "round-trip",
        rows: round_trip::rows,
    },
    Group {
        name: "stream",
        rows: stream::rows,
    },
    Group {
        name: "local",
        rows: |[core, _], effort| local::rows(core, effort),
    },
    Group {
        name: "calls",
        rows: |[core, _], effort| calls::rows(core, effort),
    },
    Group {
        name: "chain",
        rows: chain::rows,
    },
    Group {
        name: "revoke",
        rows: |[core, _], effort| revoke::rows(core, effort),
    },
];

/// Undisturbed rounds that are enough for a group, and its time if these do not come.
const ROUNDS: usize = 1_000;
const SECONDS: u64 = 15;

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let (mut wanted, mut seconds) = (None, SECONDS);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seconds" => match words.next().and_then(|number| number.parse().ok()) {
                Some(number) => seconds = number,
                None => return usage("--seconds takes a number"),
            },
            name if ALL.iter().any(|group| group.name == name) => wanted = Some(name.to_owned()),
            other => return usage(&format!("`{other}` is no group of rows")),
        }
    }
    let cores = cores::allowed();
    let [first, .., last] = cores[..] else {
        return usage("two cores are needed");
    };
    let effort = Effort {
        rounds: ROUNDS,
        limit: Duration::from_secs(seconds),
    };
    println!("cores|{first}|{last}");
    for group in &ALL {
        if wanted.as_ref().is_none_or(|name| name == group.name) {
            for row in (group.rows)([first, last], effort) {
                println!("{row}");
            }
        }
    }
    ExitCode::SUCCESS
}

fn usage(problem: &str) -> ExitCode {
    let names: Vec<&str> = ALL.iter().map(|group| group.name).collect();
    eprintln!(
        "{problem}\nisthmus-bench-rings [{}] [--seconds N]",
        names.join(" | ")
    );
    ExitCode::FAILURE
}
