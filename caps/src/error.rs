//! How a call ends that does not end well. Each variant says whose fault it is; a holder may show all of them to whoever
//! asked it, for none carries authority.

use alloc::borrow::Cow;
use core::fmt;

use crate::amounts::{Name, Resource};
use crate::ledger::LedgerError;
use crate::rights::Rights;
use crate::space::CapError;

/// Why a call has no reply.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum CallError {
    /// The capability, or one that it was derived from, was revoked before the call ended. Nobody's fault; what the call
    /// had done until then stays done.
    Revoked,
    /// The caller, or whoever carries its calls, gave it up.
    Cancelled,
    /// The deadline passed before the reply was there.
    DeadlinePassed,
    /// The object has no such interface or method. The caller's fault.
    Unimplemented,
    /// The parameters are not what the schema says. The caller's fault.
    BadParams,
    /// The capability does not carry these rights.
    Missing(Rights),
    /// The capability does not let this method through.
    Denied,
    /// Too many calls just now. Try again later.
    Overloaded,
    /// An account would pass its limit. Give something back, or have it raised.
    Exhausted {
        /// Whose limit it is.
        account: Name,
        /// Of what.
        resource: Resource,
    },
    /// The object's side is gone: its domain has ended, or its ring is closed.
    PeerGone,
    /// The object tried and failed; the text is for people.
    Failed(Cow<'static, str>),
}

impl CallError {
    /// The error with a text that is known beforehand.
    #[must_use]
    pub const fn failed(text: &'static str) -> Self {
        Self::Failed(Cow::Borrowed(text))
    }
}

impl From<LedgerError> for CallError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Exhausted { name, resource, .. } => Self::Exhausted {
                account: name,
                resource,
            },
            // The account is gone, and with it the domain that was to pay.
            _ => Self::PeerGone,
        }
    }
}

impl From<CapError> for CallError {
    /// What a call through a handle ends with that the tables refuse.
    fn from(error: CapError) -> Self {
        match error {
            // Whether it was revoked, closed, or never there is not for the caller to tell apart.
            CapError::Stale | CapError::Revoked | CapError::NoTable => Self::Revoked,
            CapError::Missing(rights) => Self::Missing(rights),
            CapError::RightsGrow | CapError::BadgeFixed => Self::Denied,
            CapError::BeingRevoked | CapError::TableFull | CapError::Full => Self::Overloaded,
            CapError::TooDeep => Self::failed("derived too often"),
            CapError::Ledger(error) => error.into(),
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Revoked => f.write_str("the capability has been revoked"),
            Self::Cancelled => f.write_str("the call was cancelled"),
            Self::DeadlinePassed => f.write_str("the deadline has passed"),
            Self::Unimplemented => f.write_str("the object has no such method"),
            Self::BadParams => f.write_str("the parameters are malformed"),
            Self::Missing(rights) => write!(f, "the capability lacks {rights:?}"),
            Self::Denied => f.write_str("the capability does not let this method through"),
            Self::Overloaded => f.write_str("too many calls just now"),
            Self::Exhausted { account, resource } => {
                write!(f, "account {account} has no {resource:?} left")
            }
            Self::PeerGone => f.write_str("the object's side is gone"),
            Self::Failed(text) => f.write_str(text),
        }
    }
}

impl core::error::Error for CallError {}
