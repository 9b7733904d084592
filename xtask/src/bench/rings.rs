//! `rings`: rings, capabilities and revocation on the host, against peers that take turns with them in one run.
//!
//! Neighbours: `integration/bench-rings` measures and prints the lines that are read here; `docs/bench-rings.md` says what
//! they mean.

use super::table::{Row, Spread, Table};
use crate::workspace;
use isthmus_beds::{
    command,
    error::{Error, Result},
};
use std::process::{Command, Stdio};

/// The program's package.
const PACKAGE: &str = "isthmus-bench-rings";

/// Whom it may name as a peer.
const PEERS: [&str; 11] = [
    "bounced line",
    "rtrb",
    "crossbeam channel",
    "Unix socket",
    "pipe",
    "memory copy",
    "dyn call, one word",
    "dyn call of it",
    "eight round trips",
    "1 descendant",
    "1,000",
];

/// The benchmark. It needs no machine but the host, with two cores.
///
/// # Errors
/// If the program cannot be built or run, or prints something else than its rows.
pub fn run() -> Result<Table> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["run", "--quiet", "--release", "--package", PACKAGE])
        .current_dir(workspace::root())
        .stderr(Stdio::inherit());
    let output = cargo
        .output()
        .map_err(|error| command::start_error(&cargo, &error, "is cargo installed?"))?;
    if !output.status.success() {
        return Err(Error::Input(format!(
            "{PACKAGE} ended with {}",
            output.status
        )));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let mut table = Table {
        bench: "rings",
        bed: "host".to_owned(),
        rows: Vec::new(),
    };
    for line in text.lines() {
        match line.split('|').collect::<Vec<_>>()[..] {
            ["cores", first, second] => table.bed = format!("host, cores {first} and {second}"),
            ["row", ref fields @ ..] => table.rows.push(row(fields).ok_or_else(|| {
                Error::Input(format!("{PACKAGE} printed a line that is no row: {line}"))
            })?),
            _ => return Err(Error::Input(format!("{PACKAGE} printed `{line}`"))),
        }
    }
    Ok(table)
}

/// Reads what follows `row|` in a line of the program's.
fn row(fields: &[&str]) -> Option<Row> {
    let [name, ours, peer, theirs, ratio, bar, rounds] = fields else {
        return None;
    };
    let ours = quartiles(ours)?;
    let mut spread = Spread {
        ours,
        samples: (*rounds).to_owned(),
        ..Spread::default()
    };
    let mut peers = Vec::new();
    if *peer != "-" {
        let [_, theirs, _] = quartiles(theirs)?;
        peers.push((*PEERS.iter().find(|name| *name == peer)?, theirs));
        spread.ratio = Some(quartiles(ratio)?);
    }
    let bar = match bar.split_once(' ') {
        None if *bar == "-" => None,
        Some((of, most)) => {
            spread.absolute = of == "ours";
            Some(most.parse().ok()?)
        }
        None => return None,
    };
    Some(Row {
        name: (*name).to_owned(),
        ours: ours[1],
        unit: "ns",
        peers,
        bar,
        spread: Some(spread),
    })
}

/// Reads `1.0000 2.0000 3.0000`.
fn quartiles(text: &str) -> Option<[f64; 3]> {
    let numbers: Vec<f64> = text
        .split(' ')
        .map(|number| number.parse().ok())
        .collect::<Option<_>>()?;
    numbers.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read() {
        let line = "r|1 2 3|rtrb|4.5 5.5 6.5|0.4 0.5 0.6|ratio 1.2|97 of 100";
        let fields: Vec<&str> = line.split('|').collect();
        let wanted = Row {
            name: "r".into(),
            ours: 2.0,
            unit: "ns",
            peers: vec![("rtrb", 5.5)],
            bar: Some(1.2),
            spread: Some(Spread {
                ours: [1.0, 2.0, 3.0],
                ratio: Some([0.4, 0.5, 0.6]),
                absolute: false,
                samples: "97 of 100".into(),
            }),
        };
        assert_eq!(row(&fields), Some(wanted));
    }

    #[test]
    fn a_row_without_a_peer_or_bar_is_read_and_half_a_row_is_not() {
        let fields: Vec<&str> = "r|1 2 3|-|-|-|-|9 of 9".split('|').collect();
        let read = row(&fields).expect("a row");
        assert_eq!((read.peers.len(), read.bar), (0, None));
        assert_eq!(row(&fields[..6]), None);
        assert_eq!(quartiles("1 2"), None);
    }
}
