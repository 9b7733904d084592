//! The membrane: all that gets out by way of what it wraps is wrapped too, and so is all that gets in, to any depth; what
//! comes back to the side that it is from comes back bare. Revoking it cuts every one of these ways at once.

use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::fmt;

use crate::account::{Account, Charge};
use crate::amounts::Resource;
use crate::error::CallError;
use crate::line::{Line, OnLine, guard, must_guard};
use crate::object::{Cap, Holder, Object, Request};
use crate::reply::{Answer, Outcome, Reply};
use crate::slab::{Key, Slab};
use crate::sync::Mutex;

/// The two sides of a membrane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// What it was put around.
    Inside,
    /// Everyone else.
    Outside,
}

impl Side {
    const fn other(self) -> Self {
        match self {
            Self::Inside => Self::Outside,
            Self::Outside => Self::Inside,
        }
    }
}

type Hook = Box<dyn Fn(Cap, Side) -> Cap + Send + Sync>;

/// A membrane, as whoever may revoke it holds it. Dropping it revokes.
#[must_use = "dropping it revokes"]
pub struct Membrane(Arc<Shared>);

struct Shared {
    line: Line,
    /// The only lasting references to what proxies lead to. A proxy removes its own.
    targets: Mutex<Slab<Arc<Target>>>,
    hook: Option<Hook>,
    payer: Option<Account>,
}

/// What a proxy leads to.
struct Target {
    shared: Arc<Shared>,
    /// As it was before it crossed.
    original: Cap,
    /// As those across reach it, if the hook made something else of it.
    hooked: Option<Cap>,
    _slot: Option<Charge>,
}

impl OnLine for Target {
    fn line(&self) -> &Line {
        &self.shared.line
    }
}

struct Proxy {
    shared: Arc<Shared>,
    target: Weak<Target>,
    key: Key,
    /// The side that it is for; what it leads to is on the other.
    side: Side,
}

impl Membrane {
    /// A membrane with nothing in it yet.
    pub fn new() -> Self {
        Self::build(None, None)
    }

    /// A membrane that changes what it wraps by `hook`, which is told who will hold it: a [`crate::Recorder`] around everything, for
    /// instance. What goes home goes without it,
    /// but a right that it took stays taken.
    pub fn with(hook: impl Fn(Cap, Side) -> Cap + Send + Sync + 'static) -> Self {
        Self::build(Some(Box::new(hook)), None)
    }

    /// The same, with one [`Resource::Slots`] drawn from `account` for each capability while it is wrapped.
    pub fn paid_by(mut self, account: Account) -> Self {
        // Nothing has been wrapped, or this does nothing.
        if let Some(shared) = Arc::get_mut(&mut self.0) {
            shared.payer = Some(account);
        }
        self
    }

    fn build(hook: Option<Hook>, payer: Option<Account>) -> Self {
        Self(Arc::new(Shared {
            line: Line::new(),
            targets: Mutex::new(Slab::new()),
            hook,
            payer,
        }))
    }

    /// `cap`, which is inside, for those outside. If it is one that the membrane itself made, this takes it home, or leaves it.
    ///
    /// # Errors
    /// [`CallError::Revoked`]; [`CallError::Exhausted`] if there is an account that pays, and it does not.
    pub fn wrap(&self, cap: &Cap) -> Result<Cap, CallError> {
        cross(&self.0, cap, Side::Outside)
    }

    /// Revokes: every call through the membrane, whichever way, now or later, ends with [`CallError::Revoked`], and what it wrapped is
    /// let go. Takes time by how much that is; calls end first. Again, it does nothing.
    pub fn revoke(&self) {
        self.0.line.cut();
        let mut from = 0;
        loop {
            let popped = self.0.targets.lock().pop_from(from);
            match popped {
                Some((next, target)) => {
                    from = next;
                    drop(target);
                }
                None => return,
            }
        }
    }

    /// How many capabilities are wrapped.
    #[must_use]
    pub fn wrapped(&self) -> usize {
        self.0.targets.lock().len() as usize
    }
}

impl Default for Membrane {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Membrane {
    fn drop(&mut self) {
        self.revoke();
    }
}

impl fmt::Debug for Membrane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Membrane")
            .field("revoked", &self.0.line.is_cut())
            .finish_non_exhaustive()
    }
}

/// What those on `to` get when `cap` is handed to them across the membrane.
fn cross(shared: &Arc<Shared>, cap: &Cap, to: Side) -> Result<Cap, CallError> {
    if shared.line.is_cut() {
        return Err(CallError::Revoked);
    }
    if let Some(proxy) = cap.object::<Proxy>()
        && Arc::ptr_eq(&proxy.shared, shared)
    {
        if proxy.side == to {
            return Ok(cap.clone());
        }
        let target = proxy.target.upgrade().ok_or(CallError::Revoked)?;
        return Ok(target.original.narrowed(cap.holder()));
    }
    let slot = match &shared.payer {
        Some(account) => Some(account.draw(Resource::Slots, 1)?),
        None => None,
    };
    let hooked = shared.hook.as_ref().map(|hook| hook(cap.clone(), to));
    let inner = hooked.as_ref().unwrap_or(cap).clone();
    let target = Arc::new(Target {
        shared: shared.clone(),
        original: cap.clone(),
        hooked,
        _slot: slot,
    });
    let weak = Arc::downgrade(&target);
    let placed = {
        let mut targets = shared.targets.lock();
        // Under the lock: whoever revokes takes it after the cut, and finds what was placed before.
        if shared.line.is_cut() {
            Err((target, CallError::Revoked))
        } else {
            let placed = targets.insert(target);
            placed.map_err(|target| (target, CallError::Overloaded))
        }
    };
    let key = placed.map_err(|(target, error)| {
        drop(target);
        error
    })?;
    let proxy = Proxy {
        shared: shared.clone(),
        target: weak,
        key,
        side: to,
    };
    Ok(Cap::around(proxy, &inner))
}

/// [`cross`] for a list, all or nothing.
fn cross_all(shared: &Arc<Shared>, caps: &[Cap], to: Side) -> Result<Vec<Cap>, CallError> {
    caps.iter().map(|cap| cross(shared, cap, to)).collect()
}

fn cross_answer(shared: &Arc<Shared>, answer: Answer, to: Side) -> Answer {
    let reply = answer?;
    let caps = cross_all(shared, &reply.caps, to)?;
    Ok(Reply {
        data: reply.data,
        caps,
    })
}

impl Object for Proxy {
    fn call(&self, holder: Holder, request: &Request<'_>) -> Outcome {
        match self.target.upgrade() {
            Some(target) if !self.shared.line.is_cut() => {
                if request.caps.is_empty() {
                    return self.pass(&target, holder, request);
                }
                match cross_all(&self.shared, request.caps, self.side.other()) {
                    Ok(caps) => self.pass(&target, holder, &request.with_caps(&caps)),
                    Err(error) => error.into(),
                }
            }
            _ => CallError::Revoked.into(),
        }
    }
}

impl Proxy {
    #[inline]
    fn pass(&self, target: &Arc<Target>, holder: Holder, request: &Request<'_>) -> Outcome {
        let inner = target.hooked.as_ref().unwrap_or(&target.original);
        let mut outcome = inner.forward(holder, request);
        let bare = matches!(&outcome, Outcome::Ready(Ok(reply)) if reply.caps.is_empty());
        if !bare {
            self.cross_back(&mut outcome);
        }
        if must_guard(&self.shared.line, &outcome) {
            outcome = guard(target.clone(), outcome);
        }
        outcome
    }

    /// Wraps what an answer brings, in place.
    fn cross_back(&self, outcome: &mut Outcome) {
        let (shared, side) = (self.shared.clone(), self.side);
        let before = core::mem::replace(outcome, Outcome::DONE);
        *outcome = before.map(move |answer| cross_answer(&shared, answer, side));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let target = self.shared.targets.lock().remove(self.key);
        drop(target);
    }
}
