//! A place through which one value at a time changes hands, and the places of a pool. The lock in it is only ever tried: who
//! finds it taken goes on as if the place were full, or empty.

#[cfg(loom)]
use loom::sync::Mutex;
#[cfg(not(loom))]
use spin::Mutex;

/// A place for one value.
#[derive(Debug)]
pub(crate) struct Handoff<T>(Mutex<Option<T>>);

impl<T> Default for Handoff<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Handoff<T> {
    fn with<R>(&self, use_it: impl FnOnce(&mut Option<T>) -> R) -> Option<R> {
        #[cfg(loom)]
        let place = self.0.try_lock().ok();
        #[cfg(not(loom))]
        let place = self.0.try_lock();
        place.map(|mut place| use_it(&mut place))
    }

    /// Puts a value there.
    ///
    /// # Errors
    /// Hands it back if there is one already, or somebody is at it.
    #[inline]
    pub(crate) fn put(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.with(|place| {
            if place.is_none() {
                *place = value.take();
            }
        });
        value.map_or(Ok(()), Err)
    }

    /// Takes the value, unless there is none or somebody is at it.
    #[inline]
    pub(crate) fn take(&self) -> Option<T> {
        self.with(Option::take).flatten()
    }
}
