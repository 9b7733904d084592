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

mod body;
mod call;
mod completion;
mod lists;
mod note;
mod payload;

pub use body::{BufferRef, Flags};
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

/// The first word, all but its sequence.
const fn first(kind: Kind, flags: u16) -> u64 {
    (flags as u64) << 48 | (kind.0 as u64) << 32
}

/// Kind and flags of the first word.
fn kind_and_flags(word: u64) -> Result<(Kind, u16), EntryError> {
    let [_, _, _, _, kind, reserved, low, high] = word.to_le_bytes();
    if reserved != 0 {
        return Err(EntryError::Reserved);
    }
    Ok((Kind(kind), u16::from_le_bytes([low, high])))
}

/// A word of two halves, low one first.
const fn join(low: u32, high: u32) -> u64 {
    (high as u64) << 32 | low as u64
}

/// Word 3, taken apart.
#[derive(Clone, Copy)]
struct Third {
    method: u16,
    index: u16,
    caps: u8,
    after: u8,
    data: u8,
}

impl Third {
    const fn encode(self) -> u64 {
        (self.data as u64) << 48
            | (self.after as u64) << 40
            | (self.caps as u64) << 32
            | (self.index as u64) << 16
            | self.method as u64
    }

    fn decode(word: u64) -> Result<Self, EntryError> {
        let [m0, m1, i0, i1, caps, after, data, 0] = word.to_le_bytes() else {
            return Err(EntryError::Reserved);
        };
        Ok(Self {
            method: u16::from_le_bytes([m0, m1]),
            index: u16::from_le_bytes([i0, i1]),
            caps,
            after,
            data,
        })
    }
}

#[cfg(test)]
mod tests;
