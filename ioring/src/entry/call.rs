//! Calls.

use super::parts::Parts;
use super::{
    After, BufferRef, CallId, CapRef, Caps, Entry, EntryError, Flags, Kind, Payload, Spilled,
    TooLong,
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

/// A call: 64 bytes, as it will lie in the queue or has come from there. Lists, data, deadline and buffer share 32 bytes of
/// it; the constructors say when they are full.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Call(Parts);

/// Flags that a call may have.
const KNOWN: u16 = Flags::METHOD
    | Flags::PIPELINED
    | Flags::DEADLINE
    | Flags::BUFFER
    | Flags::PAGES
    | Flags::SPILLED
    | Flags::PROMISED
    | Flags::AFTER_SUCCESS;

impl Default for Call {
    fn default() -> Self {
        Self::new(Target::Slot(0), 0, 0)
    }
}

impl Call {
    /// A call of method `method` of interface `interface` (a Cap'n Proto id), with nothing more to say.
    #[must_use]
    pub const fn new(target: Target, interface: u64, method: u16) -> Self {
        let mut parts = Parts::new(Kind::CALL);
        parts.0[2] = interface;
        parts.0[3] = method as u64;
        match target {
            Target::Slot(slot) => parts.set_upper(slot),
            Target::Promised { call, index } => {
                parts.set_flags(Flags::PROMISED);
                parts.set_upper(call.to_bits());
                parts.0[3] |= (index as u64) << 16;
            }
        }
        Self(parts)
    }

    /// The same with flags that the method defines.
    #[must_use]
    pub const fn with_method_flags(mut self, flags: u8) -> Self {
        self.0.0[0] &= !((Flags::METHOD as u64) << 48);
        self.0.set_flags((flags as u16) << 8);
        self
    }

    /// The same, and the caller will call on the results before it has them: they are kept until it says that it is
    /// finished.
    #[must_use]
    pub const fn pipelined(mut self) -> Self {
        self.0.set_flags(Flags::PIPELINED);
        self
    }

    /// The same with a deadline.
    ///
    /// # Errors
    /// [`TooLong`]; a deadline takes 8 bytes.
    pub fn with_deadline(mut self, deadline: Deadline) -> Result<Self, TooLong> {
        match deadline {
            Deadline::NEVER => self.0.clear_deadline(),
            Deadline(deadline) => self.0.set_deadline(deadline)?,
        }
        Ok(self)
    }

    /// The same with a list of capabilities.
    ///
    /// # Errors
    /// [`TooLong`]; each takes 8 bytes. More fit at the beginning of a buffer.
    pub fn with_caps(mut self, caps: &[CapRef]) -> Result<Self, TooLong> {
        self.0.set_caps(caps)?;
        Ok(self)
    }

    /// The same after other calls: it begins when those have ended.
    ///
    /// # Errors
    /// [`TooLong`]; each two take 8 bytes. More fit at the beginning of a buffer.
    pub fn with_after(mut self, after: &[CallId]) -> Result<Self, TooLong> {
        self.0.set_after(after)?;
        Ok(self)
    }

    /// The same, and the calls that come before must also have succeeded.
    #[must_use]
    pub const fn after_success(mut self) -> Self {
        self.0.set_flags(Flags::AFTER_SUCCESS);
        self
    }

    /// The same with lists at the beginning of the buffer that it will be submitted with.
    ///
    /// # Errors
    /// [`TooLong`]: past the limits, or beside lists in the entry.
    pub fn with_spilled(mut self, spilled: Spilled) -> Result<Self, TooLong> {
        self.0.set_spilled(spilled)?;
        Ok(self)
    }

    /// The same with arguments, or the beginning of them.
    ///
    /// # Errors
    /// [`TooLong`]: more than is left of 32 bytes. More fit in a buffer.
    pub fn with_data(self, data: &[u8]) -> Result<Self, TooLong> {
        self.with_payload(&Payload::new(data).ok_or(TooLong)?)
    }

    /// The same with arguments, or the beginning of them.
    ///
    /// # Errors
    /// [`TooLong`], as [`Call::with_data`].
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

    /// What is called.
    #[must_use]
    pub const fn target(&self) -> Target {
        let upper = self.0.upper();
        if self.0.flags() & Flags::PROMISED == 0 {
            return Target::Slot(upper);
        }
        Target::Promised {
            call: CallId::from_bits(upper),
            index: (self.0.0[3] >> 16) as u16,
        }
    }

    /// Which interface of the object: its Cap'n Proto id.
    #[must_use]
    pub const fn interface(&self) -> u64 {
        self.0.0[2]
    }

    /// Which method of the interface.
    #[must_use]
    pub const fn method(&self) -> u16 {
        self.0.0[3] as u16
    }

    /// Flags that the method defines.
    #[must_use]
    pub const fn method_flags(&self) -> u8 {
        (self.0.flags() >> 8) as u8
    }

    /// Whether the caller will call on the results before it has them.
    #[must_use]
    #[inline]
    pub const fn is_pipelined(&self) -> bool {
        self.0.flags() & Flags::PIPELINED != 0
    }

    /// Whether the calls that come before must also have succeeded.
    #[must_use]
    pub const fn is_after_success(&self) -> bool {
        self.0.flags() & Flags::AFTER_SUCCESS != 0
    }

    /// When the answer is of no more use.
    #[must_use]
    #[inline]
    pub fn deadline(&self) -> Deadline {
        self.0.deadline().map_or(Deadline::NEVER, Deadline)
    }

    /// Capabilities that go along, as far as they are listed in the entry.
    #[must_use]
    pub fn caps(&self) -> Caps {
        self.0.caps()
    }

    /// Calls that must have ended before this one begins, as far as they are listed in the entry.
    #[must_use]
    pub fn after(&self) -> After {
        self.0.after()
    }

    /// Lists at the beginning of the buffer; then the two above are empty.
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

    /// Arguments, or the beginning of them.
    #[must_use]
    pub fn data(&self) -> Payload {
        self.0.data()
    }

    /// The entry of this call with the id `id`.
    #[must_use]
    #[inline(always)]
    pub const fn encode(&self, id: CallId) -> Entry {
        self.0.encode(id)
    }

    /// The id and the call in an entry.
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
        Parts::check(entry, Kind::CALL, KNOWN)?;
        let promised = entry[0] & (Flags::PROMISED as u64) << 48 != 0;
        if !promised && entry[3] & 0xffff_0000 != 0 {
            return Err(EntryError::Reserved);
        }
        Ok(())
    }

    /// The call in an entry that was checked.
    #[inline(always)]
    pub(crate) const fn of(entry: &Entry) -> Self {
        Self(Parts::of(entry))
    }
}
