//! Eight words with a body of optional parts: what calls and completions have in common. The words are in their one
//! encoding at all times, so that sending a message stores them as they are, and one that came is used as it came once
//! it was checked.

use super::payload::{BODY_WORDS, Payload};
use super::{
    After, BufferRef, CallId, CapRef, Caps, Entry, EntryError, Flags, Kind, Spilled, TooLong,
};
use crate::layout::halves;

/// Bits of the first word that are the queue's.
const SEQUENCE: u64 = 0xffff_ffff;
/// Where counts lie in word 3.
const CAPS: u32 = 32;
const AFTER: u32 = 40;
const DATA: u32 = 48;

/// The words, without sequence and id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Parts(pub(super) Entry);

impl Parts {
    pub(super) const fn new(kind: Kind) -> Self {
        Self([(kind.0 as u64) << 32, 0, 0, 0, 0, 0, 0, 0])
    }

    #[inline(always)]
    pub(super) const fn flags(&self) -> u16 {
        (self.0[0] >> 48) as u16
    }

    pub(super) const fn set_flags(&mut self, flags: u16) {
        self.0[0] |= (flags as u64) << 48;
    }

    #[inline(always)]
    const fn has(&self, flag: u16) -> bool {
        self.flags() & flag != 0
    }

    /// One of the counts.
    #[inline(always)]
    const fn count(&self, shift: u32) -> u8 {
        (self.0[3] >> shift) as u8
    }

    const fn set_count(&mut self, shift: u32, count: u8) {
        self.0[3] = self.0[3] & !(0xff << shift) | (count as u64) << shift;
    }

    /// Upper half of word 1.
    #[inline(always)]
    pub(super) const fn upper(&self) -> u32 {
        (self.0[1] >> 32) as u32
    }

    pub(super) const fn set_upper(&mut self, upper: u32) {
        self.0[1] = (upper as u64) << 32;
    }

    /// The entry of this message about the call `id`.
    #[inline(always)]
    pub(super) const fn encode(&self, id: CallId) -> Entry {
        let [a, b, c, d, e, f, g, h] = self.0;
        [a, b | id.to_bits() as u64, c, d, e, f, g, h]
    }

    /// The parts of an entry that was checked.
    #[inline(always)]
    pub(super) const fn of(entry: &Entry) -> Self {
        let [a, b, c, d, e, f, g, h] = *entry;
        Self([a & !SEQUENCE, b & !SEQUENCE, c, d, e, f, g, h])
    }

    /// Checks an entry of `kind` with no flags but those `known`, in place.
    #[inline(always)]
    pub(super) fn check(entry: &Entry, kind: Kind, known: u16) -> Result<(), EntryError> {
        let [a, _, _, d, e, f, g, h] = *entry;
        // Kind and flags, and nothing between them.
        let rest = a & !SEQUENCE & !((known as u64) << 48);
        if rest != (kind.0 as u64) << 32 || d >> 56 != 0 {
            return Err(Self::of(entry).wrong(kind, known));
        }
        let body = Flags::DEADLINE | Flags::BUFFER | Flags::SPILLED | Flags::PAGES;
        if a & (body as u64) << 48 != 0 || d & (0xffff << CAPS) != 0 {
            return Self::of(entry).check_body();
        }
        let [_, _, _, _, _, _, len, _] = d.to_le_bytes();
        if usize::from(len) > Payload::MAX {
            return Err(EntryError::Length);
        }
        match Payload::fits(len, [e, f, g, h]) {
            true => Ok(()),
            false => Err(EntryError::Reserved),
        }
    }

    /// What is wrong with an entry that is not of this kind, or has flags or bits that are not known.
    #[cold]
    fn wrong(self, kind: Kind, known: u16) -> EntryError {
        let found = Kind::of(&self.0);
        if found != kind {
            EntryError::Kind(found.0)
        } else if self.flags() & !known != 0 {
            EntryError::Flags(self.flags())
        } else {
            EntryError::Reserved
        }
    }

    /// Checks a body of any parts.
    #[inline(never)]
    fn check_body(self) -> Result<(), EntryError> {
        if self.has(Flags::PAGES) && !self.has(Flags::BUFFER) {
            return Err(EntryError::Flags(self.flags()));
        }
        let used = self.data_at() * 8 + usize::from(self.count(DATA));
        if used > Payload::MAX {
            return Err(EntryError::Length);
        }
        if self.has(Flags::DEADLINE) && self.body()[0] == u64::MAX {
            return Err(EntryError::Reserved);
        }
        if self.has(Flags::SPILLED) {
            self.check_spilled()?;
        } else {
            if usize::from(self.count(AFTER)) > After::MAX {
                return Err(EntryError::Length);
            }
            let (from, caps) = (self.caps_at(), usize::from(self.count(CAPS)));
            for word in self.body().iter().skip(from).take(caps) {
                CapRef::decode(*word)?;
            }
            // The padding of an odd list.
            let odd = self.count(AFTER) % 2 == 1;
            let body = self.body();
            let last = body.get(self.data_at().wrapping_sub(1));
            if odd && last.is_none_or(|last| last >> 32 != 0) {
                return Err(EntryError::Reserved);
            }
        }
        let data = self.data_words();
        if !Payload::fits(self.count(DATA), data) {
            return Err(EntryError::Reserved);
        }
        Ok(())
    }

    /// Lists in a buffer, which must be there and hold them.
    fn check_spilled(&self) -> Result<(), EntryError> {
        let lists = self.spilled().check()?.bytes();
        let room = self.buffer().map_or(0, |buffer| buffer.len);
        // At most 768 bytes.
        if lists == 0 || lists as u32 > room {
            return Err(EntryError::Length);
        }
        Ok(())
    }

    #[inline(always)]
    const fn body(&self) -> [u64; BODY_WORDS] {
        let [_, _, _, _, a, b, c, d] = self.0;
        [a, b, c, d]
    }

    fn buffer_at(&self) -> usize {
        usize::from(self.has(Flags::DEADLINE))
    }

    fn caps_at(&self) -> usize {
        self.buffer_at() + usize::from(self.has(Flags::BUFFER))
    }

    fn after_at(&self) -> usize {
        match self.has(Flags::SPILLED) {
            true => self.caps_at(),
            false => self.caps_at() + usize::from(self.count(CAPS)),
        }
    }

    fn data_at(&self) -> usize {
        match self.has(Flags::SPILLED) {
            true => self.after_at(),
            false => self.after_at() + usize::from(self.count(AFTER)).div_ceil(2),
        }
    }

    /// The body from the data on.
    fn data_words(&self) -> [u64; BODY_WORDS] {
        let mut words = [0; BODY_WORDS];
        for (to, from) in words
            .iter_mut()
            .zip(self.body().iter().skip(self.data_at()))
        {
            *to = *from;
        }
        words
    }

    /// First word of the body, if it is the deadline.
    #[inline(always)]
    pub(super) const fn deadline(&self) -> Option<u64> {
        if self.has(Flags::DEADLINE) {
            Some(self.0[4])
        } else {
            None
        }
    }

    #[inline(always)]
    pub(super) fn buffer(&self) -> Option<BufferRef> {
        if !self.has(Flags::BUFFER) {
            return None;
        }
        let [index, len] = halves(*self.body().get(self.buffer_at())?);
        Some(BufferRef {
            index,
            len,
            pages: self.has(Flags::PAGES),
        })
    }

    pub(super) fn caps(&self) -> Caps {
        let mut caps = Caps::default();
        if self.has(Flags::SPILLED) {
            return caps;
        }
        let count = usize::from(self.count(CAPS));
        for word in self.body().iter().skip(self.caps_at()).take(count) {
            // Checked when it came, or written here.
            let cap = CapRef::decode(*word).unwrap_or_default();
            let pushed = caps.push(cap);
            debug_assert_eq!(pushed, Ok(()));
        }
        caps
    }

    pub(super) fn after(&self) -> After {
        let mut after = After::default();
        if self.has(Flags::SPILLED) {
            return after;
        }
        let ids = self
            .body()
            .into_iter()
            .skip(self.after_at())
            .flat_map(halves);
        for bits in ids.take(self.count(AFTER).into()) {
            let pushed = after.push(CallId::from_bits(bits));
            debug_assert_eq!(pushed, Ok(()));
        }
        after
    }

    pub(super) const fn spilled(&self) -> Spilled {
        if !self.has(Flags::SPILLED) {
            return Spilled { caps: 0, after: 0 };
        }
        Spilled {
            caps: self.count(CAPS),
            after: self.count(AFTER),
        }
    }

    #[inline(always)]
    pub(super) fn data(&self) -> Payload {
        Payload::of(self.count(DATA), self.data_words())
    }

    /// Puts `words` into the body at `at` in place of `old` words; what is behind moves.
    fn splice(&mut self, at: usize, old: usize, words: &[u64]) -> Result<(), TooLong> {
        let body = self.body();
        let end = self.data_at() + usize::from(self.count(DATA)).div_ceil(8);
        let behind = body.iter().take(end).skip(at + old);
        let mut new = [0; BODY_WORDS];
        let parts = body.iter().take(at).chain(words).chain(behind);
        let mut places = new.iter_mut();
        for word in parts {
            *places.next().ok_or(TooLong)? = *word;
        }
        let [a, b, c, d] = new;
        let [e, f, g, h, ..] = self.0;
        self.0 = [e, f, g, h, a, b, c, d];
        Ok(())
    }

    pub(super) fn set_deadline(&mut self, deadline: u64) -> Result<(), TooLong> {
        let old = usize::from(self.has(Flags::DEADLINE));
        self.splice(0, old, &[deadline])?;
        self.set_flags(Flags::DEADLINE);
        Ok(())
    }

    pub(super) fn clear_deadline(&mut self) {
        if self.has(Flags::DEADLINE) {
            // Fewer words always fit.
            let spliced = self.splice(0, 1, &[]);
            debug_assert_eq!(spliced, Ok(()));
            self.0[0] &= !((Flags::DEADLINE as u64) << 48);
        }
    }

    pub(super) fn set_buffer(&mut self, buffer: BufferRef) -> Result<(), TooLong> {
        let old = usize::from(self.has(Flags::BUFFER));
        let word = super::join(buffer.index, buffer.len);
        self.splice(self.buffer_at(), old, &[word])?;
        self.0[0] &= !((Flags::PAGES as u64) << 48);
        self.set_flags(match buffer.pages {
            true => Flags::BUFFER | Flags::PAGES,
            false => Flags::BUFFER,
        });
        Ok(())
    }

    pub(super) fn set_caps(&mut self, caps: &[CapRef]) -> Result<(), TooLong> {
        if self.has(Flags::SPILLED) {
            return Err(TooLong);
        }
        let mut words = [0; BODY_WORDS];
        let places = words.get_mut(..caps.len()).ok_or(TooLong)?;
        for (word, cap) in places.iter_mut().zip(caps) {
            *word = cap.encode();
        }
        let old = self.count(CAPS);
        self.splice(self.caps_at(), old.into(), places)?;
        self.set_count(CAPS, caps.len() as u8);
        Ok(())
    }

    pub(super) fn set_after(&mut self, after: &[CallId]) -> Result<(), TooLong> {
        if self.has(Flags::SPILLED) || after.len() > After::MAX {
            return Err(TooLong);
        }
        let mut words = [0; BODY_WORDS];
        for (word, pair) in words.iter_mut().zip(after.chunks(2)) {
            *word = super::lists::pair(pair);
        }
        let words = words.get(..after.len().div_ceil(2)).ok_or(TooLong)?;
        let old = usize::from(self.count(AFTER)).div_ceil(2);
        self.splice(self.after_at(), old, words)?;
        self.set_count(AFTER, after.len() as u8);
        Ok(())
    }

    pub(super) fn set_spilled(&mut self, spilled: Spilled) -> Result<(), TooLong> {
        let lists = !self.has(Flags::SPILLED) && (self.count(CAPS) > 0 || self.count(AFTER) > 0);
        if lists || spilled.check().is_err() || spilled.bytes() == 0 {
            return Err(TooLong);
        }
        self.set_flags(Flags::SPILLED);
        self.set_count(CAPS, spilled.caps);
        self.set_count(AFTER, spilled.after);
        Ok(())
    }

    pub(super) fn set_data(&mut self, data: &Payload) -> Result<(), TooLong> {
        let words = data.words().get(..data.len().div_ceil(8)).ok_or(TooLong)?;
        let at = self.data_at();
        let old = usize::from(self.count(DATA)).div_ceil(8);
        self.splice(at, old, words)?;
        // At most 32.
        self.set_count(DATA, data.len() as u8);
        Ok(())
    }
}
