//! Capabilities, and the ledger that pays for them. A [`Space`] holds the tables of all domains of one kernel and the
//! tree of who derived what from whom; a [`Handle`] is what a domain holds, an index that fails closed once it is
//! stale. A [`Ledger`] is a tree of accounts from which table slots, and everything else that is scarce, are drawn.
//!
//! Both are plain data under `&mut`: the kernel puts a lock around them. Handles come from modules that may pass
//! anything; a wrong one gives an error and changes nothing.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod ledger;
mod revocation;
mod rights;
mod space;
mod table;
mod tree;

pub use ledger::{AccountId, Amounts, Ledger, LedgerError, MAX_ACCOUNT_DEPTH, Resource};
pub use revocation::{Ending, Progress, Revocation};
pub use rights::{Badge, Rights};
pub use space::{CapError, Held, MAX_DERIVATION_DEPTH, Space};
pub use table::{Handle, TableId};
