//! Promise pipelining: calls on results that do not exist yet, calls that come after others, and the order of calls
//! on each reference while promises become what they were promised to be.
//!
//! A [`Side`] is one end of a connection between two parties that do not trust each other: a state machine without input
//! or output of its own. Its host calls it, and takes [`Action`]s from it: messages to send, calls to begin, calls that
//! have ended. The other end's messages come in by [`Side::receive`], in the order in which they were sent, and are
//! checked against what this side knows; a false one is a [`Violation`] and closes the connection.
//!
//! The words are those of Cap'n Proto's RPC protocol, level 1, which this follows but where it says otherwise:
//! `docs/promises.md` is the specification, decision 14 says why order is kept as it is.
//!
//! Neighbours: [`wire`] writes messages as the entries of [`crate::entry`].

mod cycle;
mod ending;
mod flow;
mod host;
mod message;
mod nodes;
mod peer;
mod side;
mod slab;
mod tables;
pub mod wire;

pub use host::{Refused, Request};
pub use message::{
    CallMessage, Cause, Descriptor, Limits, List, MAX_LIST, Message, ObjectId, Owner, Target,
    Token, Violation,
};
pub use side::{Action, Census, Side, Start};
pub use slab::Generation;
pub use tables::{CallKey, CapKey};
