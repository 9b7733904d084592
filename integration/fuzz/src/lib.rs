//! Fuzz targets: each a plain function over bytes that panics when something that foreign bytes must never cause is
//! caused. `cargo test` replays every target's corpus and seeded mutations of it; `cargo xtask fuzz` gives the same
//! functions to libFuzzer.
//!
//! A tool of the host: it trusts nothing that it tests. Neighbours: the crates under test, and `tests/replay.rs`.
#![forbid(unsafe_code)]

pub mod input;
pub mod mutate;
pub mod targets;

pub use targets::{TARGETS, Target, find};
