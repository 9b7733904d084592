//! The interfaces of the system: Cap'n Proto files in `capnp/`, what is generated from them, and the two things that
//! generated code needs, the encoding ([`wire`]) and the shape of a call ([`call`]).
//!
//! Each interface, struct and enum of the schema is a module here under its own name: [`console`] holds the client, the
//! server, and the messages of `Console`. Nothing allocates, and nothing trusts what it reads: a message is checked where it
//! is looked at, and a wrong one is an error of its sender's. Neighbours: a ring carries the messages, capabilities answer
//! the calls, and neither is known here but by the features `caps` and `ring`, which join clients and servers to them. `cargo xtask check-schema` writes `generated` and refuses changes that break
//! older peers; `docs/schema.md` has the rules.
#![no_std]
#![forbid(unsafe_code)]

// Generated code names this crate as others would.
extern crate self as isthmus_schema;
#[cfg(test)]
extern crate std;

pub mod call;
mod generated;
#[cfg(feature = "caps")]
pub mod local;
#[cfg(feature = "ring")]
pub mod ring;
pub mod wire;

pub use generated::*;

/// The example on the page is compiled and run.
#[cfg(all(doctest, feature = "caps"))]
#[doc = include_str!("../../../docs/schema.md")]
pub struct Page;
