//! Completions.

use super::body::{BodyReader, BodyWriter};
use super::call::spilled;
use super::{
    BufferRef, CallId, Caps, Entry, EntryError, Flags, Kind, Payload, Spilled, Third, TooLong,
    first, halves, join, kind_and_flags,
};

/// How a call ended. 0 to 0xffff are the protocol's; from 0x1_0000 on an object's own errors.
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
    /// The caller gave it up.
    pub const CANCELLED: Self = Self(4);
    /// Its deadline passed.
    pub const DEADLINE: Self = Self(5);
    /// An account is exhausted; the detail is the account's number.
    pub const OVERLOADED: Self = Self(6);
    /// The other side is gone, or the window was closed.
    pub const PEER_GONE: Self = Self(7);
    /// It failed; the data says how, in UTF-8.
    pub const FAILED: Self = Self(8);
    /// A call that it hung on failed; the detail is that call's id.
    pub const BROKEN_PROMISE: Self = Self(9);
    /// The slot called, or one in the capability list, holds nothing; the detail is the slot.
    pub const NO_CAPABILITY: Self = Self(10);
    /// The call would wait for itself, or the chain of promises is too long.
    pub const REFUSED_ORDER: Self = Self(11);
    /// Who was to answer dropped the call.
    pub const DROPPED: Self = Self(12);

    /// The first of those that are an object's own.
    pub const OBJECT: Self = Self(0x1_0000);
}

/// A completion.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Completion {
    /// How it ended.
    pub status: Status,
    /// What the status says it is; else 0.
    pub detail: u64,
    /// Capabilities among the results, as far as they are listed in the entry.
    pub caps: Caps,
    /// Lists at the beginning of the buffer instead; `after` is 0.
    pub spilled: Spilled,
    /// Results, or the rest of them.
    pub buffer: Option<BufferRef>,
    /// Results, or the beginning of them.
    pub data: Payload,
}

const KNOWN: u16 = Flags::BUFFER | Flags::PAGES | Flags::SPILLED;

impl From<Status> for Completion {
    fn from(status: Status) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }
}

impl Completion {
    /// The entry that completes the call `id`.
    ///
    /// # Errors
    /// [`TooLong`], as [`super::Call::encode`].
    #[inline]
    pub fn encode(&self, id: CallId) -> Result<Entry, TooLong> {
        let mut flags = BufferRef::flags(self.buffer);
        let lists = self.spilled != Spilled::default();
        if lists {
            let checked = self.spilled.after == 0 && self.spilled.check().is_ok();
            if !(checked && self.buffer.is_some() && self.caps.is_empty()) {
                return Err(TooLong);
            }
            flags |= Flags::SPILLED;
        }
        let third = Third {
            method: 0,
            index: 0,
            caps: if lists {
                self.spilled.caps
            } else {
                self.caps.count()
            },
            after: 0,
            // At most 32.
            data: self.data.len() as u8,
        };
        let [a, b, c, d] = if flags == 0 && self.caps.is_empty() {
            *self.data.words()
        } else {
            let mut body = BodyWriter::default();
            body.buffer(self.buffer)?;
            self.caps.write(&mut body)?;
            body.data(&self.data)?
        };
        let how = join(id.to_bits(), self.status.0);
        Ok([
            first(Kind::COMPLETION, flags),
            how,
            self.detail,
            third.encode(),
            a,
            b,
            c,
            d,
        ])
    }

    /// The id and the completion in an entry.
    ///
    /// # Errors
    /// [`EntryError`]: the fault of who wrote it.
    #[inline]
    pub fn decode(entry: &Entry) -> Result<(CallId, Self), EntryError> {
        let [word, how, detail, third, a, b, c, d] = *entry;
        let (kind, flags) = kind_and_flags(word)?;
        if kind != Kind::COMPLETION {
            return Err(EntryError::Kind(kind.0));
        }
        if flags & !KNOWN != 0 {
            return Err(EntryError::Flags(flags));
        }
        let [id, status] = halves(how);
        let third = Third::decode(third)?;
        if third.method != 0 || third.index != 0 || third.after != 0 {
            return Err(EntryError::Reserved);
        }
        let mut completion = Self {
            status: Status(status),
            detail,
            ..Self::default()
        };
        let mut body = BodyReader::new([a, b, c, d]);
        completion.buffer = body.buffer(flags)?;
        if flags & Flags::SPILLED != 0 {
            completion.spilled = spilled(third, completion.buffer)?;
        } else {
            completion.caps = Caps::read(third.caps, &mut body)?;
        }
        completion.data = body.data(third.data)?;
        Ok((CallId::from_bits(id), completion))
    }
}
