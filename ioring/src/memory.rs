//! Shared memory, as lines of eight words. All that the rest of the crate does to a window goes through [`Memory`]: a
//! half on the heap, a half that a program mapped, or, in tests, one that a peer rewrites between any two reads.
//!
//! A mapping becomes memory in the crate that makes it (a kernel's `hal`, the Linux client), by the one cast from its
//! address to `&'static [Line]`: a line is atomic words, any bytes are a line, and atomics may change at any time. A half
//! that the peer writes is only ever loaded from, so it may be mapped read-only.

#[cfg(feature = "hostile")]
pub mod hostile;

use crate::entry::Entry;
use crate::layout::ENTRY_WORDS;
use crate::sync::{Arc, AtomicU64, Ordering};
use alloc::boxed::Box;

/// A cache line of words.
#[repr(C, align(64))]
#[derive(Debug)]
pub struct Line([AtomicU64; ENTRY_WORDS]);

impl Default for Line {
    fn default() -> Self {
        Self(core::array::from_fn(|_| AtomicU64::new(0)))
    }
}

/// A half of a window. Lines are numbered from its beginning. What lies outside reads as zero and is not written:
/// whoever has a checked geometry never asks.
///
/// Ordering is as for atomics. Copies are relaxed word by word, so two reads of one word may differ, and a copy of memory that a
/// peer writes may be a mixture.
pub trait Memory {
    /// How many lines there are.
    fn lines(&self) -> usize;

    /// A word of a line, relaxed.
    fn load(&self, line: usize, word: usize) -> u64;

    /// Word 0 of a line; what the peer wrote before it stored that with release is seen afterwards.
    fn poll(&self, line: usize) -> u64;

    /// Stores a word of a line, relaxed.
    fn store(&self, line: usize, word: usize, value: u64);

    /// Stores word 0 of a line; who polls it sees all that was written before.
    fn publish(&self, line: usize, value: u64);

    /// Copies out the words of a line behind word 0; each is read once.
    #[inline(always)]
    fn entry(&self, line: usize, to: &mut Entry) {
        for (word, to) in to.iter_mut().enumerate().skip(1) {
            *to = self.load(line, word);
        }
    }

    /// Writes an entry, word 0 last and with release.
    #[inline(always)]
    fn put_entry(&self, line: usize, entry: Entry) {
        let [first, ..] = entry;
        for (word, value) in entry.into_iter().enumerate().skip(1) {
            self.store(line, word, value);
        }
        self.publish(line, first);
    }

    /// Copies bytes out, from the beginning of a line on, each word read once.
    fn copy_out(&self, line: usize, to: &mut [u8]) {
        for (number, chunk) in to.chunks_mut(8).enumerate() {
            let word = self.load(line + number / ENTRY_WORDS, number % ENTRY_WORDS);
            for (to, from) in chunk.iter_mut().zip(word.to_le_bytes()) {
                *to = from;
            }
        }
    }

    /// Copies bytes in, from the beginning of a line on; the rest of the last word becomes zero.
    fn copy_in(&self, line: usize, from: &[u8]) {
        for (number, chunk) in from.chunks(8).enumerate() {
            self.store(
                line + number / ENTRY_WORDS,
                number % ENTRY_WORDS,
                word(chunk),
            );
        }
    }
}

/// At most eight bytes as a word.
fn word(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or_else(
        || {
            bytes
                .iter()
                .rev()
                .fold(0, |word, byte| word << 8 | u64::from(*byte))
        },
        |eight| u64::from_le_bytes(*eight),
    )
}

/// Lines that are there: the heap's, or a mapping's.
pub trait Lines {
    /// All of them.
    fn all(&self) -> &[Line];
}

impl Lines for Heap {
    #[inline(always)]
    fn all(&self) -> &[Line] {
        &self.0
    }
}

impl Lines for &'static [Line] {
    #[inline(always)]
    fn all(&self) -> &[Line] {
        self
    }
}

/// A half on the heap, for two sides in one address space.
#[derive(Clone, Debug)]
pub struct Heap(Arc<Box<[Line]>>);

impl Heap {
    /// That many lines of zeros.
    #[must_use]
    pub fn new(lines: usize) -> Self {
        Self(Arc::new((0..lines).map(|_| Line::default()).collect()))
    }
}

impl<L: Lines> Memory for L {
    fn lines(&self) -> usize {
        self.all().len()
    }

    #[inline(always)]
    fn load(&self, line: usize, word: usize) -> u64 {
        let line = self.all().get(line);
        line.and_then(|line| line.0.get(word))
            .map_or(0, |word| word.load(Ordering::Relaxed))
    }

    #[inline(always)]
    fn poll(&self, line: usize) -> u64 {
        let line = self.all().get(line);
        line.map_or(0, |line| line.0[0].load(Ordering::Acquire))
    }

    #[inline(always)]
    fn store(&self, line: usize, word: usize, value: u64) {
        let line = self.all().get(line);
        if let Some(word) = line.and_then(|line| line.0.get(word)) {
            word.store(value, Ordering::Relaxed);
        }
    }

    #[inline(always)]
    fn publish(&self, line: usize, value: u64) {
        if let Some(line) = self.all().get(line) {
            line.0[0].store(value, Ordering::Release);
        }
    }

    #[inline(always)]
    fn entry(&self, line: usize, to: &mut Entry) {
        // Word by word, as a loop is not unrolled everywhere.
        if let Some(Line([_, b, c, d, e, f, g, h])) = self.all().get(line) {
            to[1] = b.load(Ordering::Relaxed);
            to[2] = c.load(Ordering::Relaxed);
            to[3] = d.load(Ordering::Relaxed);
            to[4] = e.load(Ordering::Relaxed);
            to[5] = f.load(Ordering::Relaxed);
            to[6] = g.load(Ordering::Relaxed);
            to[7] = h.load(Ordering::Relaxed);
        }
    }

    #[inline(always)]
    fn put_entry(&self, line: usize, entry: Entry) {
        if let Some(Line([a, b, c, d, e, f, g, h])) = self.all().get(line) {
            b.store(entry[1], Ordering::Relaxed);
            c.store(entry[2], Ordering::Relaxed);
            d.store(entry[3], Ordering::Relaxed);
            e.store(entry[4], Ordering::Relaxed);
            f.store(entry[5], Ordering::Relaxed);
            g.store(entry[6], Ordering::Relaxed);
            h.store(entry[7], Ordering::Relaxed);
            a.store(entry[0], Ordering::Release);
        }
    }

    fn copy_out(&self, line: usize, to: &mut [u8]) {
        let lines = self.all().get(line..).unwrap_or_default();
        for (chunk, Line(words)) in to.chunks_mut(64).zip(lines) {
            for (to, word) in chunk.chunks_mut(8).zip(words) {
                let from = word.load(Ordering::Relaxed).to_le_bytes();
                match to.as_mut_array() {
                    Some(eight) => *eight = from,
                    None => to.iter_mut().zip(from).for_each(|(to, from)| *to = from),
                }
            }
        }
    }

    fn copy_in(&self, line: usize, from: &[u8]) {
        let lines = self.all().get(line..).unwrap_or_default();
        for (chunk, Line(words)) in from.chunks(64).zip(lines) {
            for (from, to) in chunk.chunks(8).zip(words) {
                to.store(word(from), Ordering::Relaxed);
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec;

    #[test]
    fn a_line_is_a_cache_line() {
        assert_eq!((size_of::<Line>(), align_of::<Line>()), (64, 64));
    }

    #[test]
    fn what_lies_outside_reads_as_zero_and_is_not_written() {
        let heap = Heap::new(1);
        heap.store(1, 0, 7);
        heap.store(0, 8, 7);
        heap.publish(1, 7);
        heap.put_entry(1, [7; 8]);
        heap.copy_in(1, &[7; 9]);
        let mut bytes = [1; 3];
        heap.copy_out(1, &mut bytes);
        assert_eq!((heap.load(1, 0), heap.poll(1), bytes), (0, 0, [1; 3]));
        let mut entry = [7; 8];
        heap.entry(0, &mut entry);
        assert_eq!(entry, [7, 0, 0, 0, 0, 0, 0, 0]);
    }

    proptest! {
        #[test]
        fn bytes_copied_in_are_copied_out(line in 0_usize..4, bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let heap = Heap::new(16);
            heap.copy_in(line, &bytes);
            let mut read = vec![0; bytes.len()];
            heap.copy_out(line, &mut read);
            prop_assert_eq!(read, bytes);
        }
    }
}
