//! The lock and the flag of the run queue: the real ones, or loom's when a model is checked.

#[cfg(not(loom))]
pub(super) use core::sync::atomic::AtomicBool;
#[cfg(not(loom))]
pub(super) use spin::Mutex;

#[cfg(loom)]
pub(super) use loom::sync::atomic::AtomicBool;

/// Loom's lock with the interface of the real one.
#[cfg(loom)]
pub(super) struct Mutex<T>(loom::sync::Mutex<T>);

#[cfg(loom)]
impl<T> Mutex<T> {
    pub(super) fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    pub(super) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
        // Poisoned only by a panic, which ends the model.
        self.0.lock().expect("a thread of the model panicked")
    }
}
