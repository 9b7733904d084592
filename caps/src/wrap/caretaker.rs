//! The caretaker: a capability that whoever made it can revoke. No table is needed; it works between any two who share an address
//! space, and across a ring like every other object.

use alloc::sync::{Arc, Weak};

use crate::error::CallError;
use crate::line::{Line, OnLine, guard, must_guard};
use crate::object::{Cap, Holder, Object, Request};
use crate::reply::Outcome;
use crate::sync::Mutex;

/// The hand that revokes. Dropping it revokes too: what nobody can revoke any more must not live on.
#[derive(Debug)]
#[must_use = "dropping it revokes"]
pub struct Caretaker {
    cap: Cap,
    /// The only lasting reference to what the capability leads through: calls under way have others, for as long as they last.
    held: Mutex<Option<Arc<Held>>>,
}

#[derive(Debug)]
struct Held {
    line: Line,
    target: Cap,
}

impl OnLine for Held {
    fn line(&self) -> &Line {
        &self.line
    }
}

struct Facet(Weak<Held>);

impl Caretaker {
    /// Takes care of `target`.
    pub fn new(target: Cap) -> Self {
        let held = Arc::new(Held {
            line: Line::new(),
            target,
        });
        Self {
            cap: Cap::around(Facet(Arc::downgrade(&held)), &held.target),
            held: Mutex::new(Some(held)),
        }
    }

    /// The capability to hand out, which works until [`Caretaker::revoke`].
    #[must_use]
    pub fn cap(&self) -> Cap {
        self.cap.clone()
    }

    /// Revokes. Every later call ends with [`CallError::Revoked`], so does each that is under way, and the caretaker keeps the
    /// object alive no longer. Again, it does nothing.
    pub fn revoke(&self) {
        let held = self.held.lock().take();
        if let Some(held) = held {
            held.line.cut();
        }
    }

    /// Whether it has been revoked.
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        self.held.lock().is_none()
    }
}

impl Drop for Caretaker {
    fn drop(&mut self) {
        self.revoke();
    }
}

impl Object for Facet {
    fn call(&self, holder: Holder, request: &Request<'_>) -> Outcome {
        match self.0.upgrade() {
            Some(held) if !held.line.is_cut() => held.call(holder, request),
            _ => CallError::Revoked.into(),
        }
    }
}

impl Held {
    /// Owns nothing that is to be dropped after the call, so that the answer is written where the caller wants it.
    #[inline]
    fn call(self: &Arc<Self>, holder: Holder, request: &Request<'_>) -> Outcome {
        let mut outcome = self.target.forward(holder, request);
        if must_guard(&self.line, &outcome) {
            outcome = guard(self.clone(), outcome);
        }
        outcome
    }
}
