//! Completions.

use super::parts::Parts;
use super::{
    BufferRef, CallId, CapRef, Caps, Entry, EntryError, Flags, Kind, Payload, Spilled, TooLong,
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

/// A completion: 64 bytes, as it will lie in the queue or has come from there. List, data and buffer share 32 bytes of it; the
/// constructors say when they are full.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Completion(Parts);

const KNOWN: u16 = Flags::BUFFER | Flags::PAGES | Flags::SPILLED;

impl Default for Completion {
    fn default() -> Self {
        Self::new(Status::OK)
    }
}

impl From<Status> for Completion {
    fn from(status: Status) -> Self {
        Self::new(status)
    }
}

impl Completion {
    /// A completion with nothing more to say.
    #[must_use]
    pub const fn new(status: Status) -> Self {
        let mut parts = Parts::new(Kind::COMPLETION);
        parts.set_upper(status.0);
        Self(parts)
    }

    /// The same with what the status says it is.
    #[must_use]
    pub const fn with_detail(mut self, detail: u64) -> Self {
        self.0.0[2] = detail;
        self
    }

    /// The same with a list of capabilities among the results.
    ///
    /// # Errors
    /// [`TooLong`]; each takes 8 bytes. More fit at the beginning of a buffer.
    pub fn with_caps(mut self, caps: &[CapRef]) -> Result<Self, TooLong> {
        self.0.set_caps(caps)?;
        Ok(self)
    }

    /// The same with a list at the beginning of the buffer that it will be sent with; no calls that come before.
    ///
    /// # Errors
    /// [`TooLong`]: past the limits, or beside a list in the entry.
    pub fn with_spilled(mut self, spilled: Spilled) -> Result<Self, TooLong> {
        if spilled.after != 0 {
            return Err(TooLong);
        }
        self.0.set_spilled(spilled)?;
        Ok(self)
    }

    /// The same with results, or the beginning of them.
    ///
    /// # Errors
    /// [`TooLong`]: more than is left of 32 bytes. More fit in a buffer.
    pub fn with_data(self, data: &[u8]) -> Result<Self, TooLong> {
        self.with_payload(&Payload::new(data).ok_or(TooLong)?)
    }

    /// The same with results, or the beginning of them.
    ///
    /// # Errors
    /// [`TooLong`], as [`Completion::with_data`].
    pub fn with_payload(mut self, data: &Payload) -> Result<Self, TooLong> {
        self.0.set_data(data)?;
        Ok(self)
    }

    /// The same with the name of a buffer, which whoever sends it puts there.
    ///
    /// # Errors
    /// [`TooLong`]; it takes 8 bytes.
    pub fn with_buffer(mut self, buffer: BufferRef) -> Result<Self, TooLong> {
        self.0.set_buffer(buffer)?;
        Ok(self)
    }

    /// How it ended.
    #[must_use]
    pub const fn status(&self) -> Status {
        Status(self.0.upper())
    }

    /// What the status says it is; else 0.
    #[must_use]
    pub const fn detail(&self) -> u64 {
        self.0.0[2]
    }

    /// Capabilities among the results, as far as they are listed in the entry.
    #[must_use]
    pub fn caps(&self) -> Caps {
        self.0.caps()
    }

    /// A list at the beginning of the buffer; then the one above is empty.
    #[must_use]
    pub const fn spilled(&self) -> Spilled {
        self.0.spilled()
    }

    /// The name of the buffer that goes along.
    #[must_use]
    #[inline]
    pub fn buffer(&self) -> Option<BufferRef> {
        self.0.buffer()
    }

    /// Results, or the beginning of them.
    #[must_use]
    pub fn data(&self) -> Payload {
        self.0.data()
    }

    /// The entry that completes the call `id`.
    #[must_use]
    #[inline(always)]
    pub const fn encode(&self, id: CallId) -> Entry {
        self.0.encode(id)
    }

    /// The id and the completion in an entry.
    ///
    /// # Errors
    /// [`EntryError`]: the fault of who wrote it.
    #[inline(always)]
    pub fn decode(entry: &Entry) -> Result<(CallId, Self), EntryError> {
        Self::check(entry)?;
        Ok((CallId::of(entry), Self::of(entry)))
    }

    /// Checks an entry in place.
    #[inline(always)]
    pub(crate) fn check(entry: &Entry) -> Result<(), EntryError> {
        Parts::check(entry, Kind::COMPLETION, KNOWN)?;
        // No method, no index, no calls that come before.
        if entry[3] & 0x0000_ff00_ffff_ffff != 0 {
            return Err(EntryError::Reserved);
        }
        Ok(())
    }

    /// The completion in an entry that was checked.
    #[inline(always)]
    pub(crate) const fn of(entry: &Entry) -> Self {
        Self(Parts::of(entry))
    }
}
