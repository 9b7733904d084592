//! The object model: a capability is a reference to an object that answers calls, with rights and a badge. All interfaces
//! share one call shape, so whatever stands between a caller and an object (a wrapper, a ring, a table) needs to know nothing of them.
//!
//! A [`Cap`] can be copied and narrowed, never widened, and nothing leads from it to its object but a call.

use alloc::sync::Arc;
use core::any::Any;
use core::fmt;

use crate::error::CallError;
use crate::reply::Outcome;
use crate::rights::{Badge, Rights};
use crate::space::CapError;
use crate::time::Instant;

/// What a holder is to an object: handed to it at every call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Holder {
    /// What it may do.
    pub rights: Rights,
    /// Who it is.
    pub badge: Badge,
}

impl Holder {
    /// All rights, no badge.
    pub const ANYONE: Self = Self {
        rights: Rights::ALL,
        badge: Badge::NONE,
    };

    /// Nothing, if it has these rights.
    ///
    /// # Errors
    /// [`CallError::Missing`] with those that it lacks.
    pub const fn needs(self, rights: Rights) -> Result<(), CallError> {
        if self.rights.contains(rights) {
            Ok(())
        } else {
            Err(CallError::Missing(rights.without(self.rights)))
        }
    }

    /// The holder of this by way of another: the rights both have, and the badge that was set closer to the object.
    #[must_use]
    pub const fn through(self, outer: Self) -> Self {
        let badge = match self.badge {
            Badge::NONE => outer.badge,
            set => set,
        };
        Self {
            rights: self.rights.intersection(outer.rights),
            badge,
        }
    }
}

/// A call.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The interface's Cap'n Proto id.
    pub interface: u64,
    /// The method's number in it.
    pub method: u16,
    /// The parameter message: a Cap'n Proto one if the interface has a schema.
    pub params: &'a [u8],
    /// The capabilities that the message refers to by place. Lent: the object clones what it keeps.
    pub caps: &'a [Cap],
    deadline: Instant,
}

impl<'a> Request<'a> {
    /// A call of its own, without a deadline and without capabilities.
    #[must_use]
    pub const fn new(interface: u64, method: u16, params: &'a [u8]) -> Self {
        Self {
            interface,
            method,
            params,
            caps: &[],
            deadline: Instant::NEVER,
        }
    }

    /// A call made on behalf of this one: it inherits the deadline.
    #[must_use]
    pub const fn child<'b>(&self, interface: u64, method: u16, params: &'b [u8]) -> Request<'b> {
        Request {
            interface,
            method,
            params,
            caps: &[],
            deadline: self.deadline,
        }
    }

    /// The same with these parameters.
    #[must_use]
    pub const fn with_params<'b>(&self, params: &'b [u8]) -> Request<'b>
    where
        'a: 'b,
    {
        Request {
            interface: self.interface,
            method: self.method,
            params,
            caps: self.caps,
            deadline: self.deadline,
        }
    }

    /// The same with these capabilities.
    #[must_use]
    pub const fn with_caps<'b>(&self, caps: &'b [Cap]) -> Request<'b>
    where
        'a: 'b,
    {
        Request {
            interface: self.interface,
            method: self.method,
            params: self.params,
            caps,
            deadline: self.deadline,
        }
    }

    /// The same with a deadline, unless it has an earlier one.
    #[must_use]
    pub fn until(self, deadline: Instant) -> Self {
        Self {
            deadline: self.deadline.min(deadline),
            ..self
        }
    }

    /// When the caller stops waiting; [`Instant::NEVER`] if it does not.
    #[must_use]
    pub const fn deadline(&self) -> Instant {
        self.deadline
    }
}

/// What a capability leads to. Implement it to make a new kind of capability, or a wrapper around others.
///
/// Calls come from anyone who was handed a [`Cap`], on any core, at the same time, and again while one is under way. What is in a request
/// is an allegation of its caller's; who the caller is, is not: `holder` is what the capability says.
pub trait Object: Any + Send + Sync {
    /// Answers a call, or starts to. It must not wait.
    fn call(&self, holder: Holder, request: &Request<'_>) -> Outcome;
}

/// A capability: the right to call an object, as a value. Cheap to clone.
#[derive(Clone)]
pub struct Cap {
    object: Arc<dyn Object>,
    holder: Holder,
}

impl Cap {
    /// A capability with all rights and no badge to a new object.
    #[must_use]
    pub fn new(object: impl Object) -> Self {
        Self::from(Arc::new(object))
    }

    /// A capability to a new object that wraps `inner`, with the rights and the badge that this has: whoever gets it sees what
    /// it can do with it, and can hand it on if it could hand on the other.
    #[must_use]
    pub fn around(object: impl Object, inner: &Self) -> Self {
        Self::assemble(Arc::new(object), inner.holder)
    }

    pub(crate) fn assemble(object: Arc<dyn Object>, holder: Holder) -> Self {
        Self { object, holder }
    }

    pub(crate) fn shared_object(&self) -> Arc<dyn Object> {
        self.object.clone()
    }

    /// Calls the object.
    #[inline]
    pub fn call(&self, request: &Request<'_>) -> Outcome {
        self.object.call(self.holder, request)
    }

    /// Passes a call on, for a wrapper: the object sees the rights that both this capability and the wrapper's caller
    /// have, and the caller's badge if this capability has none.
    #[inline]
    pub fn forward(&self, holder: Holder, request: &Request<'_>) -> Outcome {
        self.object.call(self.holder.through(holder), request)
    }

    /// What its holder may do.
    #[must_use]
    pub const fn rights(&self) -> Rights {
        self.holder.rights
    }

    /// Who its holder is to the object.
    #[must_use]
    pub const fn badge(&self) -> Badge {
        self.holder.badge
    }

    /// The same with at most these rights.
    #[must_use]
    pub fn restricted(&self, rights: Rights) -> Self {
        self.narrowed(Holder {
            rights,
            badge: Badge::NONE,
        })
    }

    /// The same with a badge.
    ///
    /// # Errors
    /// [`CapError::BadgeFixed`] if it has one.
    pub fn badged(&self, badge: Badge) -> Result<Self, CapError> {
        if self.holder.badge != Badge::NONE {
            return Err(CapError::BadgeFixed);
        }
        Ok(self.narrowed(Holder {
            rights: Rights::ALL,
            badge,
        }))
    }

    /// The same as someone may use it who holds it by way of a wrapper as `holder`.
    #[must_use]
    pub fn narrowed(&self, holder: Holder) -> Self {
        Self {
            object: self.object.clone(),
            holder: self.holder.through(holder),
        }
    }

    /// Whether both lead to the same object, with whatever rights.
    #[must_use]
    pub fn same_object(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.object, &other.object)
    }

    /// The object, if it is a `T`. Not for holders: it would take them past the rights.
    pub(crate) fn object<T: Object>(&self) -> Option<&T> {
        (&*self.object as &dyn Any).downcast_ref()
    }

    pub(crate) const fn holder(&self) -> Holder {
        self.holder
    }
}

impl<T: Object> From<Arc<T>> for Cap {
    fn from(object: Arc<T>) -> Self {
        Self {
            object,
            holder: Holder::ANYONE,
        }
    }
}

impl fmt::Debug for Cap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cap")
            .field("rights", &self.holder.rights)
            .field("badge", &self.holder.badge)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: Rights = Rights::object(0);
    const WRITE: Rights = Rights::object(1);

    /// Answers with the rights and badge that it sees.
    struct Mirror;

    impl Object for Mirror {
        fn call(&self, holder: Holder, _: &Request<'_>) -> Outcome {
            let seen = (holder.rights.bits() as u64) << 32 | holder.badge.0;
            Outcome::reply(&seen.to_le_bytes())
        }
    }

    fn seen(cap: &Cap) -> u64 {
        let answer = cap.call(&Request::new(0, 0, &[])).now().unwrap().unwrap();
        u64::from_le_bytes(answer.data.as_slice().try_into().unwrap())
    }

    #[test]
    fn rights_only_shrink_and_a_badge_is_set_once() {
        let reader = Cap::new(Mirror).restricted(READ).badged(Badge(7)).unwrap();
        let wider = reader.restricted(READ | WRITE);
        assert_eq!(wider.rights(), READ);
        assert_eq!(wider.badged(Badge(8)).unwrap_err(), CapError::BadgeFixed);
        assert_eq!(seen(&wider), u64::from(READ.bits()) << 32 | 7);
    }

    #[test]
    fn a_deadline_only_comes_closer() {
        let parent = Request::new(1, 2, &[]).until(Instant(50));
        assert_eq!(parent.until(Instant(90)).deadline(), Instant(50));
        let child = parent.child(3, 4, &[]);
        assert_eq!(child.until(Instant(60)).deadline(), Instant(50));
        assert_eq!(child.until(Instant(10)).deadline(), Instant(10));
    }
}
