//! Calls.

use super::body::{BodyReader, BodyWriter};
use super::{
    After, BufferRef, CallId, Caps, Entry, EntryError, Flags, Kind, Payload, Spilled, Third,
    TooLong, first, halves, join, kind_and_flags,
};

/// When an answer is of no more use, in nanoseconds of the clock that both sides share.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Deadline(pub u64);

impl Deadline {
    /// None.
    pub const NEVER: Self = Self(u64::MAX);

    /// The earlier of the two: what a call made on behalf of another may have at most.
    #[must_use]
    pub fn within(self, parent: Self) -> Self {
        self.min(parent)
    }

    /// Whether it has passed at `now` nanoseconds.
    #[must_use]
    pub const fn has_passed(self, now: u64) -> bool {
        self.0 <= now && self.0 != u64::MAX
    }
}

impl Default for Deadline {
    fn default() -> Self {
        Self::NEVER
    }
}

/// What is called.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Target {
    /// A slot of the receiver's table for this window.
    Slot(u32),
    /// A capability that will be among the results of an earlier call of this lane.
    Promised {
        /// The call.
        call: CallId,
        /// Which of its results' capabilities, from 0.
        index: u16,
    },
}

impl Default for Target {
    fn default() -> Self {
        Self::Slot(0)
    }
}

/// A call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Call {
    /// What is called.
    pub target: Target,
    /// Which interface of the object: its Cap'n Proto id.
    pub interface: u64,
    /// Which method of the interface.
    pub method: u16,
    /// Upper eight bits, as [`Flags::METHOD`]: what the method says they mean. Of the others, the caller may set
    /// [`Flags::PIPELINED`]; the rest follow from what is below.
    pub flags: u16,
    /// When the answer is of no more use.
    pub deadline: Deadline,
    /// Calls that must have ended before this one begins, as far as they are listed in the entry.
    pub after: After,
    /// Capabilities that go along, as far as they are listed in the entry.
    pub caps: Caps,
    /// Lists at the beginning of the buffer instead; then the two above are empty.
    pub spilled: Spilled,
    /// Arguments, or the rest of them.
    pub buffer: Option<BufferRef>,
    /// Arguments, or the beginning of them.
    pub data: Payload,
}

/// Flags that a caller chooses.
const CHOSEN: u16 = Flags::METHOD | Flags::PIPELINED;
/// Flags that a call may have.
const KNOWN: u16 = CHOSEN
    | Flags::DEADLINE
    | Flags::BUFFER
    | Flags::PAGES
    | Flags::SPILLED
    | Flags::PROMISED;

impl Call {
    /// Flags that follow from the fields, and counts of the lists.
    fn shape(&self) -> (u16, u8, u8) {
        let mut flags = self.flags & CHOSEN | BufferRef::flags(self.buffer);
        if self.deadline != Deadline::NEVER {
            flags |= Flags::DEADLINE;
        }
        if matches!(self.target, Target::Promised { .. }) {
            flags |= Flags::PROMISED;
        }
        if self.spilled == Spilled::default() {
            return (flags, self.caps.count(), self.after.count());
        }
        (
            flags | Flags::SPILLED,
            self.spilled.caps,
            self.spilled.after,
        )
    }

    /// The entry of this call with the id `id`.
    ///
    /// # Errors
    /// [`TooLong`]: deadline, buffer, lists and data take more than 32 bytes; or spilled lists without a buffer, or beside
    /// lists in the entry.
    #[inline]
    pub fn encode(&self, id: CallId) -> Result<Entry, TooLong> {
        let (flags, caps, after) = self.shape();
        let (target, index) = match self.target {
            Target::Slot(slot) => (slot, 0),
            Target::Promised { call, index } => (call.to_bits(), index),
        };
        let third = Third {
            method: self.method,
            index,
            caps,
            after,
            // At most 32.
            data: self.data.len() as u8,
        };
        let simple = flags & (Flags::DEADLINE | Flags::BUFFER | Flags::SPILLED) == 0
            && self.caps.is_empty()
            && self.after.is_empty();
        let [a, b, c, d] = if simple {
            *self.data.words()
        } else {
            self.body(flags)?
        };
        let what = join(id.to_bits(), target);
        Ok([
            first(Kind::CALL, flags),
            what,
            self.interface,
            third.encode(),
            a,
            b,
            c,
            d,
        ])
    }

    fn body(&self, flags: u16) -> Result<[u64; 4], TooLong> {
        let mut body = BodyWriter::default();
        if flags & Flags::DEADLINE != 0 {
            body.word(self.deadline.0)?;
        }
        body.buffer(self.buffer)?;
        if flags & Flags::SPILLED != 0 {
            let alone = self.buffer.is_some() && self.caps.is_empty() && self.after.is_empty();
            self.spilled.check().map_err(|_| TooLong)?;
            if !alone {
                return Err(TooLong);
            }
        } else {
            self.caps.write(&mut body)?;
            self.after.write(&mut body)?;
        }
        body.data(&self.data)
    }

    /// The id and the call in an entry.
    ///
    /// # Errors
    /// [`EntryError`]: the fault of who wrote it.
    #[inline]
    pub fn decode(entry: &Entry) -> Result<(CallId, Self), EntryError> {
        let [word, what, interface, third, a, b, c, d] = *entry;
        let (kind, flags) = kind_and_flags(word)?;
        if kind != Kind::CALL {
            return Err(EntryError::Kind(kind.0));
        }
        if flags & !KNOWN != 0 {
            return Err(EntryError::Flags(flags));
        }
        let [id, target] = halves(what);
        let third = Third::decode(third)?;
        let target = match flags & Flags::PROMISED {
            0 if third.index != 0 => return Err(EntryError::Reserved),
            0 => Target::Slot(target),
            _ => Target::Promised {
                call: CallId::from_bits(target),
                index: third.index,
            },
        };
        let mut call = Self {
            target,
            interface,
            method: third.method,
            flags: flags & CHOSEN,
            ..Self::default()
        };
        call.read_body(flags, third, BodyReader::new([a, b, c, d]))?;
        Ok((CallId::from_bits(id), call))
    }

    fn read_body(
        &mut self,
        flags: u16,
        third: Third,
        mut body: BodyReader,
    ) -> Result<(), EntryError> {
        if flags & Flags::DEADLINE != 0 {
            self.deadline = Deadline(body.word()?);
            if self.deadline == Deadline::NEVER {
                return Err(EntryError::Reserved);
            }
        }
        self.buffer = body.buffer(flags)?;
        if flags & Flags::SPILLED != 0 {
            self.spilled = spilled(third, self.buffer)?;
        } else {
            self.caps = Caps::read(third.caps, &mut body)?;
            self.after = After::read(third.after, &mut body)?;
        }
        self.data = body.data(third.data)?;
        Ok(())
    }
}

/// Counts of lists in `buffer`, which must be there and hold them.
pub(super) fn spilled(third: Third, buffer: Option<BufferRef>) -> Result<Spilled, EntryError> {
    let spilled = Spilled {
        caps: third.caps,
        after: third.after,
    };
    let lists = spilled.check()?.bytes();
    let room = buffer.map_or(0, |buffer| buffer.len);
    // At most 768 bytes.
    if lists == 0 || lists as u32 > room {
        return Err(EntryError::Length);
    }
    Ok(spilled)
}
