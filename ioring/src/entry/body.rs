//! The body of an entry: optional parts one after the other, then data, then zeros.

use super::payload::{BODY_WORDS, Payload};
use super::{EntryError, TooLong, halves, join};

/// Which parts an entry has, and how it is meant. The upper eight bits of a call are for the method to define.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Flags;

impl Flags {
    /// The body begins with a deadline.
    pub const DEADLINE: u16 = 1 << 0;
    /// The body names a buffer.
    pub const BUFFER: u16 = 1 << 1;
    /// The lists lie at the beginning of the buffer, not in the body.
    pub const SPILLED: u16 = 1 << 2;
    /// The target is the promised result of an earlier call.
    pub const PROMISED: u16 = 1 << 3;
    /// The caller will call on the results before it has them: they are kept until it says that it is finished.
    pub const PIPELINED: u16 = 1 << 4;
    /// The buffer is pages that change hands, not a buffer of the pool.
    pub const PAGES: u16 = 1 << 5;
    /// Those of a call that the protocol defines.
    pub const PROTOCOL: u16 = 0xff;
    /// Those of a call that its method defines.
    pub const METHOD: u16 = 0xff00;
}

/// A buffer that goes with an entry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BufferRef {
    /// Which: of the sender's pool, or of the pages granted if [`BufferRef::pages`].
    pub index: u32,
    /// Bytes of it that count, from its beginning.
    pub len: u32,
    /// Whether these are pages that change hands.
    pub pages: bool,
}

impl BufferRef {
    pub(super) const fn flags(buffer: Option<Self>) -> u16 {
        match buffer {
            None => 0,
            Some(Self { pages: false, .. }) => Flags::BUFFER,
            Some(Self { pages: true, .. }) => Flags::BUFFER | Flags::PAGES,
        }
    }
}

/// Puts parts into a body.
#[derive(Default)]
pub(super) struct BodyWriter {
    words: [u64; BODY_WORDS],
    used: usize,
}

impl BodyWriter {
    pub(super) fn word(&mut self, word: u64) -> Result<(), TooLong> {
        *self.words.get_mut(self.used).ok_or(TooLong)? = word;
        self.used += 1;
        Ok(())
    }

    pub(super) fn buffer(&mut self, buffer: Option<BufferRef>) -> Result<(), TooLong> {
        buffer.map_or(Ok(()), |buffer| self.word(join(buffer.index, buffer.len)))
    }

    /// The body, ended by the data.
    pub(super) fn data(mut self, data: &Payload) -> Result<[u64; BODY_WORDS], TooLong> {
        let words = data.len().div_ceil(8);
        for word in data.words().iter().take(words) {
            self.word(*word)?;
        }
        Ok(self.words)
    }
}

/// Takes parts from a body.
pub(super) struct BodyReader {
    words: [u64; BODY_WORDS],
    used: usize,
}

impl BodyReader {
    pub(super) const fn new(words: [u64; BODY_WORDS]) -> Self {
        Self { words, used: 0 }
    }

    pub(super) fn word(&mut self) -> Result<u64, EntryError> {
        let word = self.words.get(self.used).ok_or(EntryError::Length)?;
        self.used += 1;
        Ok(*word)
    }

    pub(super) fn buffer(&mut self, flags: u16) -> Result<Option<BufferRef>, EntryError> {
        let pages = flags & Flags::PAGES != 0;
        if flags & Flags::BUFFER == 0 {
            return if pages {
                Err(EntryError::Flags(flags))
            } else {
                Ok(None)
            };
        }
        let [index, len] = halves(self.word()?);
        Ok(Some(BufferRef { index, len, pages }))
    }

    /// The data that ends the body.
    pub(super) fn data(self, len: u8) -> Result<Payload, EntryError> {
        let mut words = [0; BODY_WORDS];
        for (to, from) in words.iter_mut().zip(self.words.iter().skip(self.used)) {
            *to = *from;
        }
        if usize::from(len) > Payload::MAX - self.used * 8 {
            return Err(EntryError::Length);
        }
        Payload::decode(len, words).ok_or(EntryError::Reserved)
    }
}
