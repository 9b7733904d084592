//! Data that travels in the entry itself.

/// Words of a body.
pub(super) const BODY_WORDS: usize = 4;

/// Data in an entry: 0 to [`Payload::MAX`] bytes. A deadline, a buffer and lists take their room from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Payload {
    /// Bytes past the length are zero.
    words: [u64; BODY_WORDS],
    len: u8,
}

impl Payload {
    /// Most bytes.
    pub const MAX: usize = BODY_WORDS * 8;
    /// None.
    pub const EMPTY: Self = Self {
        words: [0; BODY_WORDS],
        len: 0,
    };

    /// The first [`Payload::MAX`] bytes of `bytes`, and the rest of them.
    #[must_use]
    pub fn split(bytes: &[u8]) -> (Self, &[u8]) {
        let (head, rest) = bytes.split_at(bytes.len().min(Self::MAX));
        let mut words = [0; BODY_WORDS];
        for (word, chunk) in words.iter_mut().zip(head.chunks(8)) {
            let mut eight = [0; 8];
            eight
                .iter_mut()
                .zip(chunk)
                .for_each(|(to, from)| *to = *from);
            *word = u64::from_le_bytes(eight);
        }
        // At most 32.
        let len = head.len() as u8;
        (Self { words, len }, rest)
    }

    /// The bytes, if they are at most [`Payload::MAX`].
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let (payload, rest) = Self::split(bytes);
        rest.is_empty().then_some(payload)
    }

    /// How many bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes, the first [`Payload::len`] of these.
    fn array(&self) -> [u8; Self::MAX] {
        let mut bytes = [0; Self::MAX];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(self.words) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// Calls `read` with the bytes.
    pub fn with<T>(&self, read: impl FnOnce(&[u8]) -> T) -> T {
        let bytes = self.array();
        read(bytes.get(..self.len()).unwrap_or(&bytes))
    }

    pub(super) const fn words(&self) -> &[u64; BODY_WORDS] {
        &self.words
    }

    /// `len` bytes at the front of `words`, of which [`Payload::fits`] was true.
    #[inline(always)]
    pub(super) const fn of(len: u8, words: [u64; BODY_WORDS]) -> Self {
        Self { words, len }
    }

    /// Whether `len` bytes, at most 32, at the front of `words` are followed by zeros.
    #[inline(always)]
    pub(super) fn fits(len: u8, words: [u64; BODY_WORDS]) -> bool {
        let [a, b, c, d] = words;
        if len == 0 {
            return a | b | c | d == 0;
        }
        let mut stray = 0;
        for (word, start) in words.iter().zip([0, 8, 16, 24]) {
            // Bytes of this word that belong to the data: 0 to 8.
            let kept = u32::from(len.saturating_sub(start).min(8));
            stray |= word & u64::MAX.checked_shl(kept * 8).unwrap_or(0);
        }
        stray == 0
    }
}
