//! `size`: the image of the hypervisor and the lines of code that everybody trusts.
//!
//! Neighbours: [`crate::size`] counts.

use super::table::{Row, Table};
use crate::size;
use isthmus_beds::error::Result;

/// The benchmark. It needs no machine.
///
/// # Errors
/// If the hypervisor cannot be built.
pub fn run() -> Result<Table> {
    let image = size::hypervisor()?;
    let mut rows = vec![Row {
        name: "image".to_owned(),
        ours: image as f64,
        unit: "bytes",
        peers: Vec::new(),
        bar: Some(size::IMAGE_BAR as f64),
        spread: None,
    }];
    for (name, lines) in size::trusted_lines()? {
        rows.push(Row {
            name,
            ours: lines as f64,
            unit: "lines",
            peers: Vec::new(),
            bar: None,
            spread: None,
        });
    }
    Ok(Table {
        bench: "size",
        bed: "host".to_owned(),
        rows,
    })
}
