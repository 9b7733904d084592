//! A server's books: which calls it owes a completion, and which of those their handlers dropped.

use alloc::vec::Vec;

use crate::entry::CallId;
use crate::sync::{Arc, AtomicBool, AtomicU64, Ordering};

/// Calls whose handlers let go of them without completing them, a bit each. Shared with the calls themselves.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Dropped {
    any: AtomicBool,
    bits: Vec<AtomicU64>,
}

impl Dropped {
    /// The call in place `slot` was dropped.
    pub(super) fn add(&self, slot: u16) {
        if let Some(word) = self.bits.get(usize::from(slot / 64)) {
            word.fetch_or(1 << (slot % 64), Ordering::Relaxed);
        }
        self.any.store(true, Ordering::Release);
    }
}

/// On a cache line of its own: in one address space, the other end's books may lie beside these.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Place {
    /// The call that is owed a completion.
    owed: bool,
    /// Its client may still call on its results.
    kept: bool,
    generation: u16,
    /// What the call takes along while it is out, so that taking it and completing it count no references.
    dropped: Option<Arc<Dropped>>,
}

/// All places.
#[derive(Debug)]
pub(super) struct Owed {
    places: Vec<Place>,
    dropped: Arc<Dropped>,
    count: usize,
}

impl Owed {
    pub(super) fn new(credits: u32) -> Self {
        let bits = (0..credits.div_ceil(64)).map(|_| AtomicU64::new(0));
        Self {
            places: (0..credits).map(|_| Place::default()).collect(),
            dropped: Arc::new(Dropped {
                any: AtomicBool::new(false),
                bits: bits.collect(),
            }),
            count: 0,
        }
    }

    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// A call came. `None` if its place is not one, or not free: its client lies.
    #[inline(always)]
    pub(super) fn enter(&mut self, id: CallId, kept: bool) -> Option<Arc<Dropped>> {
        let place = self.places.get_mut(usize::from(id.slot))?;
        if place.owed || place.kept {
            return None;
        }
        place.owed = true;
        place.kept = kept;
        place.generation = id.generation;
        self.count += 1;
        let token = place.dropped.take();
        Some(token.unwrap_or_else(|| self.dropped.clone()))
    }

    /// The call was completed.
    #[inline(always)]
    pub(super) fn settle(&mut self, id: CallId, token: Option<Arc<Dropped>>) {
        if let Some(place) = self.places.get_mut(usize::from(id.slot)) {
            place.owed = false;
            place.dropped = token;
            self.count -= 1;
        }
    }

    /// The client makes no more calls on that call's results.
    pub(super) fn finish(&mut self, id: CallId) {
        if let Some(place) = self.find(id) {
            place.kept = false;
        }
    }

    fn find(&mut self, id: CallId) -> Option<&mut Place> {
        let place = self.places.get_mut(usize::from(id.slot))?;
        (place.generation == id.generation).then_some(place)
    }

    /// Whether the call is owed a completion.
    pub(super) fn is_owed(&mut self, id: CallId) -> bool {
        self.find(id).is_some_and(|place| place.owed)
    }

    /// Some call that was dropped.
    #[inline(always)]
    pub(super) fn dropped(&mut self) -> Option<CallId> {
        // Acquire: the bit was set before.
        if !self.dropped.any.load(Ordering::Relaxed) {
            return None;
        }
        self.find_dropped()
    }

    #[cold]
    fn find_dropped(&mut self) -> Option<CallId> {
        // Cleared before the bits are looked at: what is set after that is found the next time.
        self.dropped.any.swap(false, Ordering::Acquire);
        for (number, word) in self.dropped.bits.iter().enumerate() {
            let bits = word.load(Ordering::Relaxed);
            if bits == 0 {
                continue;
            }
            let bit = bits.trailing_zeros();
            word.fetch_and(!(1 << bit), Ordering::Relaxed);
            self.dropped.any.store(true, Ordering::Relaxed);
            let slot = number * 64 + bit as usize;
            let generation = self.places.get(slot)?.generation;
            // At most 2^15 places.
            let slot = slot as u16;
            return Some(CallId { slot, generation });
        }
        None
    }
}
