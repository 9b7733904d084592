//! A side that lies, for tests and fuzzers: what a peer may write into the shared words at any time, whatever the
//! queue's own rules say. Nothing here touches the private memory of either side.

use super::{Consumer, Producer};
use crate::sync::Ordering;

impl Producer {
    /// Publishes any index.
    pub fn forge_tail(&self, tail: u32) {
        self.shared.tail.0.store(tail, Ordering::Release);
    }

    /// Writes a word of any entry, also of one that the consumer is about to read. Both numbers are taken modulo
    /// what there is.
    pub fn scribble(&self, entry: u32, word: usize, value: u64) {
        if let Some(place) = self.shared.place(entry)
            && let Some(word) = place.0.get(word % place.0.len())
        {
            word.store(value, Ordering::Relaxed);
        }
    }
}

impl Consumer {
    /// Publishes any index.
    pub fn forge_head(&self, head: u32) {
        self.shared.head.0.store(head, Ordering::Release);
    }

    /// Claims to sleep, or anything else.
    pub fn forge_asleep(&self, word: u32) {
        self.shared.asleep.0.store(word, Ordering::Relaxed);
    }
}
