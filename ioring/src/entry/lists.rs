//! Lists in entries: capabilities that go along, and calls that come before. Short ones lie in the body; longer ones
//! at the beginning of the buffer, where [`Spilled`] writes and reads them.

use super::{CallId, EntryError, TooLong, halves, join};

/// What becomes of the sender's own reference.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Transfer {
    /// It stays: the receiver gets another.
    Copy,
    /// It goes to the receiver.
    Move,
}

/// A capability in a message, as its sender names it. One word: kind (8 bits), 0 (8), index (16), slot or call (32).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum CapRef {
    /// None. Kind 0.
    #[default]
    Null,
    /// A slot of the sender's table for this window. Kinds 1 (copy) and 2 (move).
    Slot {
        /// The slot.
        slot: u32,
        /// Copy or move.
        transfer: Transfer,
    },
    /// A capability that will be among the results of an earlier call of this lane. Kind 3.
    Promised {
        /// The call.
        call: CallId,
        /// Which of its results' capabilities, from 0.
        index: u16,
    },
    /// A slot of the receiver's own table: the capability comes home. Kind 4.
    Home {
        /// The slot.
        slot: u32,
    },
}

impl CapRef {
    /// As a word.
    #[must_use]
    pub const fn encode(self) -> u64 {
        let (kind, index, value) = match self {
            Self::Null => (0, 0, 0),
            Self::Slot { slot, transfer } => match transfer {
                Transfer::Copy => (1, 0, slot),
                Transfer::Move => (2, 0, slot),
            },
            Self::Promised { call, index } => (3, index, call.to_bits()),
            Self::Home { slot } => (4, 0, slot),
        };
        join((index as u32) << 16 | kind, value)
    }

    /// What a word says.
    ///
    /// # Errors
    /// [`EntryError::Capability`].
    pub const fn decode(word: u64) -> Result<Self, EntryError> {
        let [low, value] = halves(word);
        let [kind, reserved, i0, i1] = low.to_le_bytes();
        let index = u16::from_le_bytes([i0, i1]);
        Ok(match (kind, reserved, index) {
            (0, 0, 0) if value == 0 => Self::Null,
            (1, 0, 0) => Self::Slot {
                slot: value,
                transfer: Transfer::Copy,
            },
            (2, 0, 0) => Self::Slot {
                slot: value,
                transfer: Transfer::Move,
            },
            (3, 0, index) => Self::Promised {
                call: CallId::from_bits(value),
                index,
            },
            (4, 0, 0) => Self::Home { slot: value },
            _ => return Err(EntryError::Capability),
        })
    }
}

macro_rules! short_list {
    ($(#[$about:meta])* $name:ident, $item:ty, $max:literal) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        pub struct $name {
            items: [$item; $max],
            len: u8,
        }

        impl $name {
            /// Most items in an entry.
            pub const MAX: usize = $max;

            /// The list of `items`.
            ///
            /// # Errors
            /// [`TooLong`]: more than [`Self::MAX`]; they may fit at the beginning of a buffer.
            pub fn new(items: &[$item]) -> Result<Self, TooLong> {
                let mut list = Self::default();
                items.iter().try_for_each(|item| list.push(*item))?;
                Ok(list)
            }

            /// Adds an item.
            ///
            /// # Errors
            /// [`TooLong`].
            pub fn push(&mut self, item: $item) -> Result<(), TooLong> {
                *self.items.get_mut(usize::from(self.len)).ok_or(TooLong)? = item;
                self.len += 1;
                Ok(())
            }

            /// The items.
            #[must_use]
            pub fn as_slice(&self) -> &[$item] {
                self.items.get(..usize::from(self.len)).unwrap_or(&[])
            }

            /// The items, to be rewritten in place.
            pub fn as_mut_slice(&mut self) -> &mut [$item] {
                self.items.get_mut(..usize::from(self.len)).unwrap_or(&mut [])
            }

            /// Whether there are none.
            #[must_use]
            pub const fn is_empty(&self) -> bool {
                self.len == 0
            }

            /// How many.
            #[must_use]
            pub const fn len(&self) -> usize {
                self.len as usize
            }
        }
    };
}

short_list! {
    /// Capabilities that go with an entry, a word each.
    Caps, CapRef, 4
}

short_list! {
    /// Earlier calls of the same lane that must have ended before this one begins: edges of the causal graph. Half a
    /// word each.
    After, CallId, 4
}

/// One or two ids as a word.
pub(super) fn pair(ids: &[CallId]) -> u64 {
    let bits = |index: usize| ids.get(index).map_or(0, |id| id.to_bits());
    join(bits(0), bits(1))
}

/// Lists at the beginning of a buffer: how long they are. First the capabilities, a word each, then the calls that come
/// before, half a word each, padded to a word; data follows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Spilled {
    /// Capabilities, at most [`Spilled::MAX_CAPS`].
    pub caps: u8,
    /// Calls that come before, at most [`Spilled::MAX_AFTER`].
    pub after: u8,
}

impl Spilled {
    /// Most capabilities in a message.
    pub const MAX_CAPS: u8 = 64;
    /// Most calls that a call can come after.
    pub const MAX_AFTER: u8 = 64;

    /// Bytes that the lists take in the buffer; data begins there.
    #[must_use]
    pub fn bytes(self) -> usize {
        usize::from(self.caps) * 8 + usize::from(self.after).div_ceil(2) * 8
    }

    pub(super) fn check(self) -> Result<Self, EntryError> {
        if self.caps > Self::MAX_CAPS || self.after > Self::MAX_AFTER {
            return Err(EntryError::Length);
        }
        Ok(self)
    }

    /// Writes lists to the beginning of `buffer`.
    ///
    /// # Errors
    /// [`TooLong`]: past the limits or the buffer.
    pub fn write(buffer: &mut [u8], caps: &[CapRef], after: &[CallId]) -> Result<Self, TooLong> {
        let spilled = Self {
            caps: u8::try_from(caps.len()).map_err(|_| TooLong)?,
            after: u8::try_from(after.len()).map_err(|_| TooLong)?,
        };
        spilled.check().map_err(|_| TooLong)?;
        let room = buffer.get_mut(..spilled.bytes()).ok_or(TooLong)?;
        let caps = caps.iter().map(|cap| cap.encode());
        let words = caps.chain(after.chunks(2).map(pair));
        for (chunk, word) in room.chunks_exact_mut(8).zip(words) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        Ok(spilled)
    }

    /// Capability `index` of the list at the beginning of `buffer`, which is private memory.
    ///
    /// # Errors
    /// [`EntryError::Length`] past the list or the buffer, [`EntryError::Capability`].
    pub fn cap(self, buffer: &[u8], index: u8) -> Result<CapRef, EntryError> {
        if index >= self.caps {
            return Err(EntryError::Length);
        }
        CapRef::decode(word_at(buffer, usize::from(index))?)
    }

    /// Replaces capability `index` of that list.
    ///
    /// # Errors
    /// [`EntryError::Length`] past the list or the buffer.
    pub fn set_cap(self, buffer: &mut [u8], index: u8, cap: CapRef) -> Result<(), EntryError> {
        let start = usize::from(index) * 8;
        let place = buffer
            .get_mut(start..start + 8)
            .filter(|_| index < self.caps);
        place
            .ok_or(EntryError::Length)?
            .copy_from_slice(&cap.encode().to_le_bytes());
        Ok(())
    }

    /// Call `index` of the list of those that come before.
    ///
    /// # Errors
    /// [`EntryError::Length`] past the list or the buffer.
    pub fn after(self, buffer: &[u8], index: u8) -> Result<CallId, EntryError> {
        if index >= self.after {
            return Err(EntryError::Length);
        }
        let word = word_at(buffer, usize::from(self.caps) + usize::from(index / 2))?;
        let [low, high] = halves(word);
        Ok(CallId::from_bits(if index.is_multiple_of(2) {
            low
        } else {
            high
        }))
    }
}

fn word_at(buffer: &[u8], index: usize) -> Result<u64, EntryError> {
    let bytes = buffer.get(index * 8..index * 8 + 8);
    let bytes = bytes.and_then(|bytes| bytes.first_chunk());
    bytes
        .map(|bytes| u64::from_le_bytes(*bytes))
        .ok_or(EntryError::Length)
}
