//! Memory that a liar rewrites between any two reads, for tests and fuzzers: what runs before each load of a word decides, so
//! that a run can be repeated.

use super::{Heap, Memory};
use crate::sync::Arc;

/// What happens before a load: it is told the half and the line and word about to be read.
pub type Meddler = Arc<dyn Fn(&Heap, usize, usize) + Send + Sync>;

/// A half that somebody meddles with. Copies are made word by word, each a load of its own.
#[derive(Clone)]
pub struct Meddled {
    heap: Heap,
    before: Option<Meddler>,
}

impl Meddled {
    /// A half with a liar at the other end of it.
    #[must_use]
    pub fn new(heap: Heap, before: Meddler) -> Self {
        Self {
            heap,
            before: Some(before),
        }
    }

    /// A half that only its owner writes.
    #[must_use]
    pub const fn quiet(heap: Heap) -> Self {
        Self { heap, before: None }
    }

    /// The half itself.
    #[must_use]
    pub const fn heap(&self) -> &Heap {
        &self.heap
    }

    fn meddle(&self, line: usize, word: usize) {
        if let Some(before) = &self.before {
            before(&self.heap, line, word);
        }
    }
}

impl Memory for Meddled {
    fn lines(&self) -> usize {
        self.heap.lines()
    }

    fn load(&self, line: usize, word: usize) -> u64 {
        self.meddle(line, word);
        self.heap.load(line, word)
    }

    fn poll(&self, line: usize) -> u64 {
        self.meddle(line, 0);
        self.heap.poll(line)
    }

    fn store(&self, line: usize, word: usize, value: u64) {
        self.heap.store(line, word, value);
    }

    fn publish(&self, line: usize, value: u64) {
        self.heap.publish(line, value);
    }
}
