//! The attenuator: passes on the methods that it was told to, with at most the rights that it was told.

use alloc::vec::Vec;
use core::ops::{Bound, RangeBounds};

use crate::error::CallError;
use crate::object::{Cap, Holder, Object, Request};
use crate::reply::Outcome;
use crate::rights::Rights;

/// Lets some methods through, with some rights. Capabilities in replies pass as they are; a [`crate::Membrane`] holds on to
/// those.
#[derive(Clone, Debug)]
#[must_use = "call `cap` to get the capability"]
pub struct Attenuator {
    target: Cap,
    /// What is let through; all, if there is no list.
    only: Option<Vec<Methods>>,
    except: Vec<Methods>,
}

/// Some methods of an interface, the last included.
#[derive(Clone, Copy, Debug)]
struct Methods {
    interface: u64,
    first: u16,
    last: u16,
}

impl Methods {
    fn new(interface: u64, methods: &impl RangeBounds<u16>) -> Option<Self> {
        let first = match methods.start_bound() {
            Bound::Included(first) => *first,
            Bound::Excluded(before) => before.checked_add(1)?,
            Bound::Unbounded => 0,
        };
        let last = match methods.end_bound() {
            Bound::Included(last) => *last,
            Bound::Excluded(after) => after.checked_sub(1)?,
            Bound::Unbounded => u16::MAX,
        };
        (first <= last).then_some(Self {
            interface,
            first,
            last,
        })
    }

    const fn contains(&self, request: &Request<'_>) -> bool {
        self.interface == request.interface
            && self.first <= request.method
            && request.method <= self.last
    }
}

impl Attenuator {
    /// Lets everything through, so far.
    pub const fn new(target: Cap) -> Self {
        Self {
            target,
            only: None,
            except: Vec::new(),
        }
    }

    /// Lets at most these rights through.
    pub fn rights(mut self, rights: Rights) -> Self {
        self.target = self.target.restricted(rights);
        self
    }

    /// Lets these methods through, and otherwise only what other calls of this name say. An empty range adds none.
    pub fn only(mut self, interface: u64, methods: impl RangeBounds<u16>) -> Self {
        let only = self.only.get_or_insert_default();
        only.extend(Methods::new(interface, &methods));
        self
    }

    /// Lets these methods not through, even if [`Attenuator::only`] does.
    pub fn except(mut self, interface: u64, methods: impl RangeBounds<u16>) -> Self {
        self.except.extend(Methods::new(interface, &methods));
        self
    }

    /// The attenuated capability.
    #[must_use]
    pub fn cap(self) -> Cap {
        let inner = self.target.clone();
        Cap::around(self, &inner)
    }

    fn lets_through(&self, request: &Request<'_>) -> bool {
        let names = |list: &[Methods]| list.iter().any(|methods| methods.contains(request));
        self.only.as_deref().is_none_or(names) && !names(&self.except)
    }
}

impl Object for Attenuator {
    fn call(&self, holder: Holder, request: &Request<'_>) -> Outcome {
        if self.lets_through(request) {
            self.target.forward(holder, request)
        } else {
            CallError::Denied.into()
        }
    }
}
