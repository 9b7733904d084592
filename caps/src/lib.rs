//! Capabilities, and the ledger that pays for them.
//!
//! - [`Object`], [`Cap`], [`Request`], [`Outcome`]: an object answers calls; a capability is a reference to one, with rights and a
//!   badge. Nothing else leads to an object.
//! - [`Attenuator`], [`Caretaker`], [`Membrane`], [`Recorder`], [`Meter`], [`Deadline`], [`Mock`]: objects around capabilities.
//! - [`Space`]: the tables of all domains of one kernel and the tree of who derived what from whom; a [`Handle`] is what a domain
//!   holds, an index that fails closed once it is stale. Revocation goes by that tree.
//! - [`Ledger`]: a tree of accounts from which table slots, and everything else that is scarce, are drawn.
//!
//! - [`Tables`]: a space of capabilities to objects and its ledger behind their locks: calls by handle, whose flight ends when they are
//!   revoked.
//!
//! The space and the ledger are plain data under `&mut`. Handles, parameters and capability lists come from modules that may pass
//! anything; a wrong one gives an error and changes nothing. `docs/capabilities.md` is the specification.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod account;
mod amounts;
mod error;
mod ledger;
mod line;
mod object;
mod promise;
mod reply;
mod revocation;
mod rights;
mod slab;
mod space;
mod sync;
mod table;
mod tables;
mod time;
mod transfer;
mod tree;
mod wrap;

/// The specification, whose examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/capabilities.md")]
struct Specification;

pub use account::{Account, Charge, SharedLedger};
pub use amounts::{Amounts, MAX_NAME, Name, Resource};
pub use error::CallError;
pub use ledger::{AccountId, Ledger, LedgerError, MAX_ACCOUNT_DEPTH, Standing};
pub use object::{Cap, Holder, Object, Request};
pub use promise::{Resolver, promise};
pub use reply::{Answer, Awaited, INLINE, Outcome, Payload, Pending, Reply};
pub use revocation::{Ending, Progress, Revocation};
pub use rights::{Badge, Rights};
pub use space::{CapError, CapId, Held, MAX_DERIVATION_DEPTH, Pin, Space};
pub use table::{Handle, TableCensus, TableId};
pub use tables::{Revoking, TableEnding, Tables};
pub use time::{Alarm, Clock, Instant};
pub use transfer::{ListError, Pass};
pub use wrap::{
    Attenuator, Caretaker, Counts, Deadline, Entry, Log, Membrane, Meter, Mock, Observer, Rate,
    Recorder, Scripted, Side, StillClock, Totals, Unmet,
};
