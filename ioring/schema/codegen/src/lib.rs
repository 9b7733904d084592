//! Host-side handling of Cap'n Proto files: what `capnp compile` says about them is read into a [`model`], of which Rust code is
//! [generated](generate), a [listing] for people and for comparison is written, and two of which are [compared](compatible) by the
//! rules of `docs/schema.md`.
//!
//! A tool: it trusts the tree and the `capnp` program. Neighbours: `cargo xtask check-schema` calls it; the generated code
//! uses `isthmus-schema`'s `wire` and `call`.
#![forbid(unsafe_code)]

pub mod compatible;
pub mod generate;
pub mod house;
pub mod listing;
pub mod model;
mod names;
pub mod request;

#[cfg(test)]
mod samples;
