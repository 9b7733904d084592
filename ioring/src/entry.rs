//! What an entry says. Eight words, little-endian:
//!
//! | word | call | completion |
//! |---|---|---|
//! | 0 | id, chosen by the client | the same id |
//! | 1 | target (32 bits), interface (16), method (16) | status (32 bits), reserved |
//! | 2 | flags (16), data bytes (8), reserved (40) | reserved (16), data bytes (8), reserved (40) |
//! | 3 | deadline in nanoseconds, 0 for none | reserved |
//! | 4 to 7 | data, up to 32 bytes | data |

use crate::layout::{ENTRY_WORDS, halves};

/// An entry as it crosses the ring.
pub type Entry = [u64; ENTRY_WORDS];

/// Words of an entry that carry data.
const DATA_WORDS: usize = 4;

/// Data that fits in an entry: 0 to [`Payload::MAX`] bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Payload {
    words: [u64; DATA_WORDS],
    len: u8,
}

impl Payload {
    /// Most bytes.
    pub const MAX: usize = DATA_WORDS * 8;

    /// The first [`Payload::MAX`] bytes of `bytes`, and the rest of them.
    #[must_use]
    pub fn split(bytes: &[u8]) -> (Self, &[u8]) {
        let (head, rest) = bytes.split_at(bytes.len().min(Self::MAX));
        let mut words = [0; DATA_WORDS];
        for (word, chunk) in words.iter_mut().zip(head.chunks(8)) {
            let mut eight = [0; 8];
            eight
                .iter_mut()
                .zip(chunk)
                .for_each(|(to, from)| *to = *from);
            *word = u64::from_le_bytes(eight);
        }
        // At most 32.
        (
            Self {
                words,
                len: head.len() as u8,
            },
            rest,
        )
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

    fn decode(len: u8, words: [u64; DATA_WORDS]) -> Option<Self> {
        (usize::from(len) <= Self::MAX).then_some(Self { words, len })
    }
}

/// A call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Call {
    /// Slot of the capability called.
    pub target: u32,
    /// Which interface of the object.
    pub interface: u16,
    /// Which method of the interface.
    pub method: u16,
    /// What the method says they mean.
    pub flags: u16,
    /// When the answer is of no more use, in nanoseconds of the clock both sides share; 0 for never.
    pub deadline: u64,
    /// Arguments.
    pub data: Payload,
}

impl Call {
    /// The entry of this call with the id `id`.
    #[must_use]
    pub fn encode(&self, id: u64) -> Entry {
        let what =
            u64::from(self.method) << 48 | u64::from(self.interface) << 32 | u64::from(self.target);
        let how = u64::from(self.data.len) << 16 | u64::from(self.flags);
        let [a, b, c, d] = self.data.words;
        [id, what, how, self.deadline, a, b, c, d]
    }

    /// The id and the call in an entry, or `None` if a length or reserved bit in it cannot be.
    #[must_use]
    pub fn decode(entry: Entry) -> Option<(u64, Self)> {
        let [id, what, how, deadline, data @ ..] = entry;
        let [target, upper] = halves(what);
        let [t0, t1, t2, t3] = upper.to_le_bytes();
        let [f0, f1, len, 0, 0, 0, 0, 0] = how.to_le_bytes() else {
            return None;
        };
        let call = Self {
            target,
            interface: u16::from_le_bytes([t0, t1]),
            method: u16::from_le_bytes([t2, t3]),
            flags: u16::from_le_bytes([f0, f1]),
            deadline,
            data: Payload::decode(len, data)?,
        };
        Some((id, call))
    }
}

/// How a call ended. What is not listed is an error of the object's own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Status(pub u32);

impl Status {
    /// Done.
    pub const OK: Self = Self(0);
    /// The object has no such interface or method.
    pub const NO_METHOD: Self = Self(1);
    /// The capability called was revoked.
    pub const REVOKED: Self = Self(2);
    /// The arguments are not the method's.
    pub const BAD_ARGUMENT: Self = Self(3);
}

/// A completion.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Completion {
    /// How it ended.
    pub status: Status,
    /// Results.
    pub data: Payload,
}

impl Completion {
    /// The entry that completes the call `id`.
    #[must_use]
    pub fn encode(&self, id: u64) -> Entry {
        let [a, b, c, d] = self.data.words;
        [
            id,
            u64::from(self.status.0),
            u64::from(self.data.len) << 16,
            0,
            a,
            b,
            c,
            d,
        ]
    }

    /// The id and the completion in an entry, or `None` if a length or reserved bit in it cannot be.
    #[must_use]
    pub fn decode(entry: Entry) -> Option<(u64, Self)> {
        let [id, status, how, 0, data @ ..] = entry else {
            return None;
        };
        let [status, 0] = halves(status) else {
            return None;
        };
        let [0, 0, len, 0, 0, 0, 0, 0] = how.to_le_bytes() else {
            return None;
        };
        Some((
            id,
            Self {
                status: Status(status),
                data: Payload::decode(len, data)?,
            },
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    proptest! {
        #[test]
        fn a_call_reads_back(
            id: u64, target: u32, interface: u16, method: u16, flags: u16, deadline: u64,
            bytes in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let (data, rest) = Payload::split(&bytes);
            let call = Call { target, interface, method, flags, deadline, data };
            prop_assert_eq!(Call::decode(call.encode(id)), Some((id, call)));
            let mut joined: Vec<u8> = data.with(<[u8]>::to_vec);
            joined.extend(rest);
            prop_assert_eq!(joined, bytes);
        }

        #[test]
        fn a_completion_reads_back(id: u64, status: u32, bytes in proptest::collection::vec(any::<u8>(), 0..33)) {
            let completion = Completion { status: Status(status), data: Payload::split(&bytes).0 };
            prop_assert_eq!(Completion::decode(completion.encode(id)), Some((id, completion)));
        }

        #[test]
        fn what_any_words_decode_to_encodes_to_the_same_words(words: [u64; 8]) {
            if let Some((id, call)) = Call::decode(words) {
                prop_assert_eq!(call.encode(id), words);
            }
            if let Some((id, completion)) = Completion::decode(words) {
                prop_assert_eq!(completion.encode(id), words);
            }
        }
    }

    #[test]
    fn a_length_past_the_entry_is_refused() {
        assert_eq!(Call::decode([0, 0, 33 << 16, 0, 0, 0, 0, 0]), None);
        assert_eq!(Completion::decode([0, 0, 33 << 16, 0, 0, 0, 0, 0]), None);
    }
}
