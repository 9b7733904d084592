//! Notes: entries in a submission queue that no completion answers and that take no credit.

use super::{CallId, CapRef, Caps, Entry, EntryError, Kind, TooLong, halves, join};

/// What a note is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum NoteKind {
    /// The caller gives the call up: it is to be completed soon, as [`super::Status::CANCELLED`] if it is not done. A call
    /// that is not out any more is a race, no fault.
    Cancel,
    /// The caller makes no more calls on the promised results of the call.
    Finish,
    /// Of a capability that the receiver gave, `value` references are dropped; `slot` is the receiver's slot.
    Release,
    /// A promise that was given as a capability in `slot` is now what the one capability listed is; none, if it is broken.
    Resolve,
    /// Order: everything that was sent to `slot` before this has been delivered when this comes back; `value` tells
    /// those under way apart, `index` is 0 for the request and 1 for the answer.
    Disembargo,
}

impl NoteKind {
    const fn to_kind(self) -> Kind {
        Kind(match self {
            Self::Cancel => 2,
            Self::Finish => 3,
            Self::Release => 4,
            Self::Resolve => 5,
            Self::Disembargo => 6,
        })
    }

    const fn from_kind(kind: Kind) -> Result<Self, EntryError> {
        Ok(match kind.0 {
            2 => Self::Cancel,
            3 => Self::Finish,
            4 => Self::Release,
            5 => Self::Resolve,
            6 => Self::Disembargo,
            other => return Err(EntryError::Kind(other)),
        })
    }
}

/// A note. What its kind has no use for is 0 or empty; that is for whoever acts on it to check.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Note {
    /// What it is about.
    pub kind: NoteKind,
    /// The call, for [`NoteKind::Cancel`] and [`NoteKind::Finish`].
    pub call: CallId,
    /// A slot; whose table, the kind says.
    pub slot: u32,
    /// A number.
    pub value: u64,
    /// A small number.
    pub index: u16,
    /// Capabilities.
    pub caps: Caps,
}

impl Note {
    /// A note of that kind about a call.
    #[must_use]
    pub fn about(kind: NoteKind, call: CallId) -> Self {
        Self {
            kind,
            call,
            slot: 0,
            value: 0,
            index: 0,
            caps: Caps::default(),
        }
    }

    /// Its entry.
    #[must_use]
    pub fn encode(&self) -> Entry {
        let mut words = [0; Caps::MAX];
        for (word, cap) in words.iter_mut().zip(self.caps.as_slice()) {
            *word = cap.encode();
        }
        let [a, b, c, d] = words;
        [
            u64::from(self.kind.to_kind().0) << 32,
            join(self.call.to_bits(), self.slot),
            self.value,
            u64::from(self.index) << 16 | (self.caps.len() as u64) << 32,
            a,
            b,
            c,
            d,
        ]
    }

    /// The note in an entry.
    ///
    /// # Errors
    /// [`EntryError`]: the fault of who wrote it.
    pub fn decode(entry: &Entry) -> Result<Self, EntryError> {
        let [word, what, value, third, body @ ..] = *entry;
        let kind = NoteKind::from_kind(Kind::of(entry))?;
        let [_, flags] = halves(word >> 16);
        if flags != 0 {
            return Err(EntryError::Flags(flags as u16));
        }
        let [0, 0, i0, i1, count, 0, 0, 0] = third.to_le_bytes() else {
            return Err(EntryError::Reserved);
        };
        if word & 0x0000_ff00_0000_0000 != 0 {
            return Err(EntryError::Reserved);
        }
        let (listed, rest) = body
            .split_at_checked(count.into())
            .ok_or(EntryError::Length)?;
        if rest.iter().any(|word| *word != 0) {
            return Err(EntryError::Reserved);
        }
        let mut caps = Caps::default();
        for word in listed {
            let cap = CapRef::decode(*word)?;
            caps.push(cap).map_err(|TooLong| EntryError::Length)?;
        }
        let [call, slot] = halves(what);
        Ok(Self {
            kind,
            call: CallId::from_bits(call),
            slot,
            value,
            index: u16::from_le_bytes([i0, i1]),
            caps,
        })
    }
}
