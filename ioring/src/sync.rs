//! Atomics and shared ownership: the real ones, or loom's when a model is checked.

#[cfg(not(loom))]
pub(crate) use alloc::sync::Arc;
#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};

#[cfg(loom)]
pub(crate) use loom::sync::Arc;
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};

#[cfg(loom)]
pub(crate) use loom::sync::{Mutex, MutexGuard as Lock};
#[cfg(not(loom))]
pub(crate) use spin::{Mutex, MutexGuard as Lock};

/// Takes a lock that is only ever held for a few steps.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> Lock<'_, T> {
    #[cfg(not(loom))]
    return mutex.lock();
    #[cfg(loom)]
    return mutex.lock().unwrap_or_else(|_| unreachable!());
}

/// Lets another core get on: a hint to the processor, or to loom.
pub(crate) fn relax() {
    #[cfg(not(loom))]
    core::hint::spin_loop();
    #[cfg(loom)]
    loom::thread::yield_now();
}
