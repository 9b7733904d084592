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
    /// The most that `ours` may be against the first peer, or in itself where there is none or [`Spread::absolute`] says so.
    pub bar: Option<f64>,
    /// How the samples lie, where there were many.
    pub spread: Option<Spread>,
}

/// Quartiles of many samples: lower, median, upper.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spread {
    /// Of ours; the median is [`Row::ours`].
    pub ours: [f64; 3],
    /// Of ours to the first peer's, sample by sample. Its median is the row's ratio.
    pub ratio: Option<[f64; 3]>,
    /// Whether the bar is for ours although there is a peer.
    pub absolute: bool,
    /// How many samples these are, of how many.
    pub samples: String,
}

impl Row {
    /// Ours to the first peer's.
    pub fn ratio(&self) -> Option<f64> {
        if let Some([_, median, _]) = self.spread.as_ref().and_then(|spread| spread.ratio) {
            return Some(median);
        }
        let (_, peer) = self.peers.first()?;
        (*peer > 0.0).then(|| self.ours / peer)
    }

    /// Whether the bar holds; a row without one always does.
    pub fn holds(&self) -> bool {
        let absolute = self.spread.as_ref().is_some_and(|spread| spread.absolute);
        let measured = if absolute || self.peers.is_empty() {
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
            if let Some(spread) = &row.spread {
                text.push_str(&spread.text());
            }
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

impl Spread {
    /// A line below the row's.
    fn text(&self) -> String {
        let between = |[lower, _, upper]: [f64; 3]| format!("{lower:.3} to {upper:.3}");
        let ratio = self
            .ratio
            .map_or(String::new(), |ratio| format!(", ratio {}", between(ratio)));
        format!(
            "{:<28} middle half {}{ratio}; {} samples\n",
            "",
            between(self.ours),
            self.samples
        )
    }

    /// Members that follow a row's.
    fn json(&self) -> String {
        let list =
            |[lower, median, upper]: [f64; 3]| format!("[{lower:.4}, {median:.4}, {upper:.4}]");
        format!(
            ", \"quartiles\": {}, \"ratio quartiles\": {}, \"bar for\": {}, \"samples\": {}",
            list(self.ours),
            self.ratio.map_or("null".to_owned(), list),
            quoted(if self.absolute || self.ratio.is_none() {
                "ours"
            } else {
                "ratio"
            }),
            quoted(&self.samples)
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
        "{{\"row\": {}, \"ours\": {}, \"unit\": {}, \"peers\": {{{}}}, \"ratio\": {}, \"bar\": {}, \"holds\": {}{}}}",
        quoted(&row.name),
        number(row.ours),
        quoted(row.unit),
        peers.join(", "),
        optional(row.ratio()),
        optional(row.bar),
        row.holds(),
        row.spread.as_ref().map_or(String::new(), Spread::json)
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
            spread: None,
        }
    }

    #[test]
    fn with_many_samples_the_median_of_ratios_counts_or_ours_if_that_is_meant() {
        let spread = |absolute| Spread {
            ours: [1.0, 2.0, 3.0],
            ratio: Some([0.5, 1.5, 2.5]),
            absolute,
            samples: "9 of 9".into(),
        };
        let mut row = row(2.0, Some(1.0), 1.8);
        assert!(!row.holds());
        row.spread = Some(spread(false));
        assert!(row.holds());
        row.spread = Some(spread(true));
        assert!(!row.holds());
        assert!(row_json(&row).ends_with(
            "\"holds\": false, \"quartiles\": [1.0000, 2.0000, 3.0000], \"ratio quartiles\": [0.5000, 1.5000, 2.5000], \
             \"bar for\": \"ours\", \"samples\": \"9 of 9\"}"
        ));
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
