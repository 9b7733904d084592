//! The result of a benchmark: rows of what was measured here, what peers needed, and the bar.
//!
//! Neighbours: every benchmark fills one.

use crate::workspace;
use isthmus_beds::error::{Error, Result};
use std::fs;

/// One measured thing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// What.
    pub name: String,
    /// What was measured here.
    pub ours: f64,
    /// Of what.
    pub unit: &'static str,
    /// What others needed, by name.
    pub peers: Vec<(&'static str, f64)>,
    /// The most that `ours` may be against the first peer, or in itself where there is none.
    pub bar: Option<f64>,
}

impl Row {
    /// Ours to the first peer's.
    pub fn ratio(&self) -> Option<f64> {
        let (_, peer) = self.peers.first()?;
        (*peer > 0.0).then(|| self.ours / peer)
    }

    /// Whether the bar holds; a row without one always does.
    pub fn holds(&self) -> bool {
        let measured = if self.peers.is_empty() {
            Some(self.ours)
        } else {
            self.ratio()
        };
        self.bar
            .is_none_or(|bar| measured.is_some_and(|value| value <= bar))
    }
}

/// A benchmark's rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The benchmark.
    pub bench: &'static str,
    /// Where it ran.
    pub bed: String,
    /// What came out.
    pub rows: Vec<Row>,
}

impl Table {
    /// Whether every bar holds.
    pub fn holds(&self) -> bool {
        !self.rows.is_empty() && self.rows.iter().all(Row::holds)
    }

    /// Prints the table and writes `target/bench/NAME.json`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn publish(&self) -> Result<()> {
        print!("{}", self.text());
        let path = workspace::folder("bench")?.join(format!("{}.json", self.bench));
        fs::write(&path, self.json()).map_err(Error::io("write", &path))?;
        println!("written to {}\n", path.display());
        Ok(())
    }

    fn text(&self) -> String {
        let mut text = format!(
            "{:<28} {:>14} {:<13} {:>24} {:>8} {:>10}\n",
            "row", "ours", "unit", "peer", "ratio", "bar"
        );
        for row in &self.rows {
            let peer = row.peers.first().map_or(String::new(), |(name, value)| {
                format!("{name} {}", number(*value))
            });
            let ratio = row
                .ratio()
                .map_or(String::new(), |ratio| format!("{ratio:.3}"));
            let bar = row.bar.map_or(String::new(), number);
            let word = match (row.bar, row.holds()) {
                (None, _) => "",
                (Some(_), true) => " holds",
                (Some(_), false) => " MISSED",
            };
            text.push_str(&format!(
                "{:<28} {:>14} {:<13} {peer:>24} {ratio:>8} {bar:>10}{word}\n",
                row.name,
                number(row.ours),
                row.unit
            ));
        }
        text
    }

    fn json(&self) -> String {
        let rows: Vec<String> = self.rows.iter().map(row_json).collect();
        format!(
            "{{\"bench\": {}, \"bed\": {}, \"rows\": [\n  {}\n]}}\n",
            quoted(self.bench),
            quoted(&self.bed),
            rows.join(",\n  ")
        )
    }
}

fn row_json(row: &Row) -> String {
    let peers: Vec<String> = row
        .peers
        .iter()
        .map(|(name, value)| format!("{}: {}", quoted(name), number(*value)))
        .collect();
    let optional =
        |value: Option<f64>| value.map_or("null".to_owned(), |value| format!("{value:.4}"));
    format!(
        "{{\"row\": {}, \"ours\": {}, \"unit\": {}, \"peers\": {{{}}}, \"ratio\": {}, \"bar\": {}, \"holds\": {}}}",
        quoted(&row.name),
        number(row.ours),
        quoted(row.unit),
        peers.join(", "),
        optional(row.ratio()),
        optional(row.bar),
        row.holds()
    )
}

/// Whole numbers without a point.
fn number(value: f64) -> String {
    if value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.3}")
    }
}

/// A JSON string (RFC 8259, section 7).
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ours: f64, peer: Option<f64>, bar: f64) -> Row {
        let peers = peer.map(|value| ("bare", value)).into_iter().collect();
        Row {
            name: "r".into(),
            ours,
            unit: "ticks",
            peers,
            bar: Some(bar),
        }
    }

    #[test]
    fn a_bar_is_for_the_ratio_where_there_is_a_peer() {
        assert!(row(101.0, Some(100.0), 1.02).holds());
        assert!(!row(103.0, Some(100.0), 1.02).holds());
        assert!(!row(1.0, Some(0.0), 1.02).holds());
        assert!(row(500.0, None, 512.0).holds());
    }

    #[test]
    fn the_file_has_the_fields_that_are_promised() {
        let table = Table {
            bench: "b",
            bed: "bochs \"x\"".into(),
            rows: vec![row(1.5, Some(2.0), 1.0)],
        };
        assert_eq!(
            table.json(),
            "{\"bench\": \"b\", \"bed\": \"bochs \\\"x\\\"\", \"rows\": [\n  {\"row\": \"r\", \"ours\": 1.500, \"unit\": \"ticks\", \
             \"peers\": {\"bare\": 2}, \"ratio\": 0.7500, \"bar\": 1.0000, \"holds\": true}\n]}\n"
        );
    }

    #[test]
    fn a_table_without_rows_holds_nothing() {
        assert!(
            !Table {
                bench: "b",
                bed: String::new(),
                rows: Vec::new()
            }
            .holds()
        );
    }
}
