//! Blocking calls: the futures, polled by a thread that sleeps in between.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use super::Front;
use crate::carrier::{Carrier, Local};
use crate::entry::{Call, Deadline};
use crate::lane::{LaneError, Taken};
use crate::memory::{Heap, Memory};

/// How a thread sleeps, and how long it is: the standard library's parking on Linux, a kernel's own wait in a kernel.
pub trait Park: Send + Sync + 'static {
    /// Sleeps until [`Park::unpark`] was called since the last time this returned, or it is `until`. It may also
    /// return for no reason. Called by the one thread that the parker is for.
    fn park(&self, until: Deadline);

    /// Ends or prevents one [`Park::park`]. Called from anywhere.
    fn unpark(&self);

    /// Nanoseconds of the clock that deadlines are of.
    fn now(&self) -> u64;
}

struct Parker<P>(P);

impl<P: Park> Wake for Parker<P> {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

/// A front for one thread that blocks. Others have theirs, of the same [`Front`] if they like.
pub struct Blocking<P, M: Memory = Heap, C: Carrier = Local> {
    front: Front<M, C>,
    parker: Arc<Parker<P>>,
    waker: Waker,
    looks: u32,
}

impl<P: Park, M: Memory, C: Carrier> Blocking<P, M, C> {
    /// For the thread of `parker`. Before it sleeps it looks `looks` times whether its call has ended: worth some hundreds
    /// if the server is on another core and quick.
    pub fn new(front: Front<M, C>, parker: P, looks: u32) -> Self {
        let parker = Arc::new(Parker(parker));
        Self {
            front,
            waker: Waker::from(parker.clone()),
            parker,
            looks,
        }
    }

    /// The front.
    pub const fn front(&self) -> &Front<M, C> {
        &self.front
    }

    /// Calls, and waits for the end. Waits for a credit before, if there is none.
    ///
    /// # Errors
    /// [`LaneError`], if it could not be submitted.
    pub fn call(&mut self, call: &Call) -> Result<Taken, LaneError> {
        self.wait(self.front.calling(call))
    }

    /// Waits for any future: one of this front's calls, or several together.
    pub fn wait<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let cx = &mut Context::from_waker(&self.waker);
        loop {
            for look in 0..=self.looks {
                if let Poll::Ready(result) = future.as_mut().poll(cx) {
                    return result;
                }
                if look < self.looks {
                    crate::sync::relax();
                }
            }
            // An end that came before this is found by the next poll; one that comes after it rings.
            if self.front.may_sleep() {
                self.parker.0.park(self.front.earliest_deadline());
                self.front.awake();
            }
            self.front.expire(self.parker.0.now());
        }
    }
}
