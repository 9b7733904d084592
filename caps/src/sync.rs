//! The locks and atomics of this crate, so that loom can put its own in their place. Locks are spin locks that are held for a few
//! instructions and never across a call to an object, a waker, or a drop of either.

#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{AtomicBool, Ordering};
#[cfg(not(loom))]
pub(crate) use spin::{Mutex, MutexGuard as Lock};

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, Ordering};

#[cfg(loom)]
mod model {
    /// loom's lock with the interface of spin's.
    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
            self.0.lock().unwrap()
        }
    }
}
#[cfg(loom)]
pub(crate) use loom::sync::MutexGuard as Lock;
#[cfg(loom)]
pub(crate) use model::Mutex;
