//! What an entry says: eight words, little-endian, of which this is the only reader and writer.
//!
//! | word | bits | call | completion | note |
//! |---|---|---|---|---|
//! | 0 | 0..32 | sequence: the queue's, see [`crate::queue`] | the same | the same |
//! | | 32..40 | kind: 1 | kind: 16 | kind: 2 to 15 |
//! | | 40..48 | 0 | 0 | 0 |
//! | | 48..64 | [`Flags`] | [`Flags`] | [`Flags`] |
//! | 1 | 0..32 | id of the call | id of the call | id of the call, or 0 |
//! | | 32..64 | target: slot, or id of the promised call | [`Status`] | what the kind says |
//! | 2 | all | interface | detail of the status | what the kind says |
//! | 3 | 0..16 | method | 0 | what the kind says |
//! | | 16..32 | index of the promised capability | 0 | what the kind says |
//! | | 32..40 | capabilities listed | capabilities listed | capabilities listed |
//! | | 40..48 | calls that come before | 0 | 0 |
//! | | 48..56 | bytes of data in the body, 0 to 32 | the same | the same |
//! | | 56..64 | 0 | 0 | 0 |
//! | 4 to 7 | all | body | body | body |
//!
//! The body holds, in this order and each only if a flag or count says so: the deadline, the buffer, the capability list, the
//! calls that come before, the data. What is left over is zero: an entry has one encoding.
//!
//! A peer's entry is an allegation. It is copied out whole, decoded once, and after that it is a [`Call`], a
//! [`Completion`] or a [`Note`], whose lengths and counts are true. Ids and slots in it are still only claims:
//! [`crate::lane`] and the owner of the capability table check those.

mod call;
mod completion;
mod lists;
mod note;
mod parts;
mod payload;

pub use call::{Call, Deadline, Target};
pub use completion::{Completion, Status};
pub use lists::{After, CapRef, Caps, Spilled, Transfer};
pub use note::{Note, NoteKind};
pub use payload::Payload;

use crate::layout::{ENTRY_WORDS, halves};

/// An entry as it crosses the ring.
pub type Entry = [u64; ENTRY_WORDS];

/// Names a call from its submission until its completion was taken: a place in the client's table, and how often that was
/// used before. Only the lane that it was submitted on knows what it names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct CallId {
    /// The place, below the lane's number of credits.
    pub slot: u16,
    /// How often the place was used, modulo 2^16.
    pub generation: u16,
}

impl CallId {
    /// As it is written in an entry.
    #[must_use]
    pub const fn to_bits(self) -> u32 {
        (self.generation as u32) << 16 | self.slot as u32
    }

    /// The id in an entry.
    #[inline(always)]
    pub(crate) const fn of(entry: &Entry) -> Self {
        let [id, _] = halves(entry[1]);
        Self::from_bits(id)
    }

    /// Reads what [`CallId::to_bits`] wrote.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        let [a, b, c, d] = bits.to_le_bytes();
        Self {
            slot: u16::from_le_bytes([a, b]),
            generation: u16::from_le_bytes([c, d]),
        }
    }
}

/// What an entry is; the rest of it is read accordingly.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Kind(pub u8);

impl Kind {
    /// A call, in a submission queue.
    pub const CALL: Self = Self(1);
    /// A completion; the only kind in a completion queue.
    pub const COMPLETION: Self = Self(16);

    /// The kind that an entry claims to be.
    #[must_use]
    pub const fn of(entry: &Entry) -> Self {
        let [_, _, _, _, kind, _, _, _] = entry[0].to_le_bytes();
        Self(kind)
    }
}

/// Which parts an entry has, and how it is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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
    /// The calls that come before must also have succeeded.
    pub const AFTER_SUCCESS: u16 = 1 << 6;
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
    /// What an entry that was checked names.
    #[inline(always)]
    pub(crate) fn of(entry: &Entry) -> Option<Self> {
        match entry[0] & (Flags::BUFFER as u64) << 48 {
            0 => None,
            _ => parts::Parts::of(entry).buffer(),
        }
    }
}

/// Why an entry cannot be: the fault of whoever wrote it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum EntryError {
    /// Its kind is not known, or has no business in this queue.
    Kind(u8),
    /// A flag that is not known, or not for this kind.
    Flags(u16),
    /// What the counts promise does not fit in the body, or not in the buffer.
    Length,
    /// A capability reference of no known kind.
    Capability,
    /// Bits that must be zero are not.
    Reserved,
}

/// What does not fit in an entry: the fault of who made the call. Data goes into a buffer, lists to its beginning.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TooLong;

/// A word of two halves, low one first.
const fn join(low: u32, high: u32) -> u64 {
    (high as u64) << 32 | low as u64
}

#[cfg(test)]
mod tests;
