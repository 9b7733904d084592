//! A received message: its bytes, and what following its pointers may cost.

use super::{
    CapIndex, Error, RawList, StructReader, StructType, WORD,
    pointer::{ListSize, Pointer, StructPointer, code, tag},
};
use core::sync::atomic::{AtomicU32, Ordering};

/// What a message may cost who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Words that may be traversed in all. Each struct, list, text and data counts each time that it is reached, so that
    /// pointers that lead to the same place many times do not make a small message a large one.
    pub words: u32,
    /// Pointers that may follow one another from the root.
    pub depth: u8,
}

impl Limits {
    /// Nesting that every message may have.
    pub const DEPTH: u8 = 32;

    /// What is allowed for a message of `bytes` bytes unless said otherwise: each word eight times and 4,096 words on
    /// top, to a depth of [`Self::DEPTH`].
    #[must_use]
    pub fn for_length(bytes: usize) -> Self {
        let words = u32::try_from(bytes.saturating_add(4096 * WORD)).unwrap_or(u32::MAX);
        Self {
            words,
            depth: Self::DEPTH,
        }
    }
}

/// A message, held for as long as readers look at it.
///
/// The bytes must not change meanwhile: what lies in memory that a peer can write is copied out first.
#[derive(Debug)]
pub struct Message<'a> {
    bytes: &'a [u8],
    depth: u8,
    /// Words that may still be traversed. Loaded and stored apart: readers on several threads may undercount, each by
    /// what it reads at that moment.
    left: AtomicU32,
}

impl<'a> Message<'a> {
    /// Takes `bytes` as a message, with [`Limits::for_length`]. No bytes at all are a message whose fields all have
    /// their defaults.
    ///
    /// # Errors
    /// [`Error::Length`].
    pub fn new(bytes: &'a [u8]) -> Result<Self, Error> {
        Self::with_limits(bytes, Limits::for_length(bytes.len()))
    }

    /// As [`Self::new`], with limits of the caller's.
    ///
    /// # Errors
    /// [`Error::Length`].
    pub fn with_limits(bytes: &'a [u8], limits: Limits) -> Result<Self, Error> {
        if !bytes.len().is_multiple_of(WORD) {
            return Err(Error::Length(bytes.len()));
        }
        Ok(Self {
            bytes,
            depth: limits.depth,
            left: AtomicU32::new(limits.words),
        })
    }

    /// The root as struct `T`.
    ///
    /// # Errors
    /// Those of the root pointer.
    pub fn root<T: StructType>(&'a self) -> Result<T::Reader<'a>, Error> {
        self.raw_root().map(Into::into)
    }

    /// The root as a struct without a schema.
    ///
    /// # Errors
    /// Those of the root pointer.
    pub fn raw_root(&'a self) -> Result<StructReader<'a>, Error> {
        if self.bytes.is_empty() {
            return Ok(StructReader::empty(self));
        }
        let root = self.structure(0, self.depth)?;
        Ok(root.unwrap_or(StructReader::empty(self)))
    }

    /// Words that may still be traversed.
    #[must_use]
    pub fn words_left(&self) -> u32 {
        self.left.load(Ordering::Relaxed)
    }

    fn charge(&self, words: u64) -> Result<(), Error> {
        let words = u32::try_from(words).map_err(|_| Error::TooMuch)?;
        let left = self.words_left().checked_sub(words).ok_or(Error::TooMuch)?;
        self.left.store(left, Ordering::Relaxed);
        Ok(())
    }

    pub(super) fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..)?.first_chunk().copied()
    }

    /// The word at index `at`, which was checked before; a word outside is zero.
    fn word(&self, at: usize) -> u64 {
        let bytes = at.checked_mul(WORD).and_then(|at| self.array(at));
        bytes.map_or(0, u64::from_le_bytes)
    }

    pub(super) fn bytes(&self, at: usize, length: usize) -> Option<&'a [u8]> {
        self.bytes.get(at..at.checked_add(length)?)
    }

    /// Where `words` words from word `target` on start, if all of them are in the message.
    fn place(&self, target: i64, words: u64) -> Result<usize, Error> {
        let start = u64::try_from(target).map_err(|_| Error::OutOfBounds)?;
        let end = start.checked_add(words).ok_or(Error::OutOfBounds)?;
        let length = self.bytes.len() / WORD;
        if end > length as u64 {
            return Err(Error::OutOfBounds);
        }
        usize::try_from(start).map_err(|_| Error::OutOfBounds)
    }

    fn pointer(&self, at: usize) -> Result<Pointer, Error> {
        Pointer::decode(self.word(at), at)
    }

    pub(super) fn is_null(&self, at: usize) -> bool {
        self.word(at) == 0
    }

    /// The struct that the pointer in word `at` leads to; `None` if it is null.
    pub(super) fn structure(
        &'a self,
        at: usize,
        depth: u8,
    ) -> Result<Option<StructReader<'a>>, Error> {
        let StructPointer {
            target,
            data,
            pointers,
        } = match self.pointer(at)? {
            Pointer::Null => return Ok(None),
            Pointer::Struct(pointer) => pointer,
            Pointer::List { .. } | Pointer::Capability(_) => return Err(Error::Kind),
        };
        let depth = depth.checked_sub(1).ok_or(Error::TooDeep)?;
        let words = u64::from(data) + u64::from(pointers);
        let start = self.place(target, words)?;
        self.charge(words.max(1))?;
        Ok(Some(StructReader {
            message: self,
            data: start * WORD,
            data_bytes: usize::from(data) * WORD,
            pointers: start + usize::from(data),
            pointer_count: pointers,
            depth,
        }))
    }

    /// The list that the pointer in word `at` leads to; `None` if it is null.
    pub(super) fn list(&'a self, at: usize, depth: u8) -> Result<Option<RawList<'a>>, Error> {
        let (target, list) = match self.pointer(at)? {
            Pointer::Null => return Ok(None),
            Pointer::List { target, list } => (target, list),
            Pointer::Struct(_) | Pointer::Capability(_) => return Err(Error::Kind),
        };
        let depth = depth.checked_sub(1).ok_or(Error::TooDeep)?;
        if list.code == code::COMPOSITE {
            return self.composite(target, list, depth).map(Some);
        }
        let (bits, data_bytes, pointers) = match list.code {
            code::VOID => (0, 0, 0),
            code::BIT => (1, 0, 0),
            code::BYTE => (8, 1, 0),
            code::TWO_BYTES => (16, 2, 0),
            code::FOUR_BYTES => (32, 4, 0),
            code::EIGHT_BYTES => (64, 8, 0),
            // The only code left; the others are three bits' worth.
            _ => (64, 0, 1),
        };
        let words = (u64::from(list.count) * bits).div_ceil(64);
        let start = self.place(target, words)?;
        // Elements without size cost time all the same.
        self.charge(if bits == 0 {
            list.count.into()
        } else {
            words.max(1)
        })?;
        Ok(Some(RawList {
            message: self,
            start: start * WORD,
            count: list.count,
            step: data_bytes + WORD * usize::from(pointers),
            data_bytes,
            pointers,
            is_bits: list.code == code::BIT,
            depth,
        }))
    }

    fn composite(&'a self, target: i64, list: ListSize, depth: u8) -> Result<RawList<'a>, Error> {
        let words = u64::from(list.count);
        let start = self.place(target, words + 1)?;
        let (count, data, pointers) = tag(self.word(start))?;
        let step = u64::from(data) + u64::from(pointers);
        if count > super::MAX_ELEMENTS || u64::from(count) * step > words {
            return Err(Error::OutOfBounds);
        }
        let cost = if step == 0 { u64::from(count) } else { words };
        self.charge(cost + 1)?;
        Ok(RawList {
            message: self,
            start: (start + 1) * WORD,
            count,
            step: (usize::from(data) + usize::from(pointers)) * WORD,
            data_bytes: usize::from(data) * WORD,
            pointers,
            is_bits: false,
            depth,
        })
    }

    /// The capability that the pointer in word `at` names; `None` if it is null.
    pub(super) fn capability(&self, at: usize) -> Result<Option<CapIndex>, Error> {
        match self.pointer(at)? {
            Pointer::Null => Ok(None),
            Pointer::Capability(index) => Ok(Some(CapIndex(index))),
            Pointer::Struct(_) | Pointer::List { .. } => Err(Error::Kind),
        }
    }
}
