//! A side that lies, for tests and fuzzers: what a peer may write into its own words at any time, whatever the
//! queue's own rules say. Nothing here touches the private memory of either side.

use super::{Consumer, Producer};
use crate::layout::ENTRY_WORDS;
use crate::memory::Memory;

impl<M: Memory> Producer<M> {
    /// Writes a word of any entry, also of one that the consumer is about to read. Both numbers are taken modulo
    /// what there is.
    pub fn scribble(&self, entry: u32, word: usize, value: u64) {
        self.mine
            .store(self.lines.place(entry), word % ENTRY_WORDS, value);
    }
}

impl<M: Memory> Consumer<M> {
    /// Publishes any index.
    pub fn forge_head(&self, head: u32) {
        self.mine.publish(self.lines.head, head.into());
    }

    /// Claims to sleep, or anything else.
    pub fn forge_sleep(&self, word: u64) {
        self.mine.store(self.lines.sleep, 0, word);
    }
}
