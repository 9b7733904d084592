//! How one core reaches a vCPU that another core owns: interrupts, NMI, INIT and start-up IPIs are posted into atomics,
//! and the owner is kicked only if it would not look by itself.
//!
//! One word, [`Mailbox::state`], carries both "something is posted" and what the owner is doing, so every exchange on it is
//! totally ordered: either the poster sees that the owner has gone (and kicks), or the owner sees the post (and stays). The
//! posts themselves are published by the release of that exchange and read after its acquire. No lock, no loop: a
//! hostile sender costs the receiver one pass over 256 bits. Model-checked in `tests/mailbox_loom.rs`. Neighbours: the
//! run loop that owns the vCPU, the local APIC that takes what [`Mailbox::drain`] gives.
#![allow(unexpected_cfgs, reason = "loom's own name for its builds")]

#[cfg(not(loom))]
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
#[cfg(loom)]
use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crossbeam_utils::CachePadded;
use isthmus_abi::Vector;

/// Something is posted.
const POSTED: u32 = 1 << 0;
/// The owner is inside the guest.
const IN_GUEST: u32 = 1 << 1;
/// The vCPU is blocked: its core runs another or idles.
const BLOCKED: u32 = 1 << 2;

const NMI: u32 = 1 << 0;
const INIT: u32 = 1 << 1;
const EXT_INT_CHANGED: u32 = 1 << 2;
const EXT_INT_HIGH: u32 = 1 << 3;
const SIPI: u32 = 1 << 4;
const SIPI_SHIFT: u32 = 8;

/// Whether the poster must send a physical interrupt to the core that owns the vCPU.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kick {
    /// The owner will look before it enters the guest again, or somebody has kicked it already.
    NotNeeded,
    /// Send the kick to the owner's core.
    Needed,
}

/// Where the owner goes when it stops looking at the mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Leave {
    /// Into the guest.
    ToGuest,
    /// The vCPU blocks (HLT, or waiting for a start-up IPI).
    ToBlock,
}

/// Posts wait: drain them before leaving.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MailWaits;

/// A set of vectors, bit n of word n / 64 for vector n.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct VectorSet(pub [u64; 4]);

impl VectorSet {
    /// Whether the vector is in the set.
    #[must_use]
    pub fn contains(&self, vector: Vector) -> bool {
        self.0
            .get(usize::from(vector.0 >> 6))
            .is_some_and(|word| word & bit(vector) != 0)
    }

    /// The vectors, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Vector> {
        (0..4u8)
            .zip(self.0)
            .flat_map(|(index, word)| Bits(word).map(move |bit| Vector(index << 6 | bit)))
    }
}

/// The positions of the ones in a word, ascending.
struct Bits(u64);

impl Iterator for Bits {
    type Item = u8;
    fn next(&mut self) -> Option<u8> {
        let position = self.0.trailing_zeros() as u8;
        self.0 &= self.0.checked_sub(1)?;
        Some(position)
    }
}

/// What was posted since the last [`Mailbox::drain`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Mail {
    /// Fixed interrupts to set in IRR.
    pub irr: VectorSet,
    /// Those of them that are level-triggered, for TMR; the last sender of a vector decides.
    pub level: VectorSet,
    /// An NMI.
    pub nmi: bool,
    /// INIT; comes before a start-up IPI of the same mail.
    pub init: bool,
    /// A start-up IPI with its vector (start address = vector × 4096); the first since the INIT.
    pub sipi: Option<Vector>,
    /// The PIC's output line, if it changed: the new level.
    pub ext_int: Option<bool>,
}

impl Mail {
    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The mailbox of one vCPU. Any core posts, only the owner leaves, returns and drains.
#[derive(Debug)]
pub struct Mailbox {
    /// Written by everyone; alone on its line so that posts of vectors do not slow the owner's check.
    state: CachePadded<AtomicU32>,
    events: CachePadded<Events>,
}

#[derive(Debug)]
struct Events {
    irr: [AtomicU64; 4],
    level: [AtomicU64; 4],
    flags: AtomicU32,
}

impl Default for Mailbox {
    fn default() -> Self {
        Self::new()
    }
}

macro_rules! constructor {
    ($($constness:tt)?) => {
        /// An empty mailbox; its owner is looking.
        #[must_use]
        pub $($constness)? fn new() -> Self {
            Self {
                state: CachePadded::new(AtomicU32::new(0)),
                events: CachePadded::new(Events {
                    irr: [AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0)],
                    level: [AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0)],
                    flags: AtomicU32::new(0),
                }),
            }
        }
    };
}

impl Mailbox {
    #[cfg(not(loom))]
    constructor!(const);
    #[cfg(loom)]
    constructor!();

    /// Posts a fixed interrupt.
    pub fn post_interrupt(&self, vector: Vector, level_triggered: bool) -> Kick {
        let index = usize::from(vector.0 >> 6);
        if let (Some(irr), Some(level)) = (self.events.irr.get(index), self.events.level.get(index))
        {
            if level_triggered {
                level.fetch_or(bit(vector), Ordering::Relaxed);
            } else {
                level.fetch_and(!bit(vector), Ordering::Relaxed);
            }
            irr.fetch_or(bit(vector), Ordering::Relaxed);
        }
        self.announce()
    }

    /// Posts an NMI.
    pub fn post_nmi(&self) -> Kick {
        self.events.flags.fetch_or(NMI, Ordering::Relaxed);
        self.announce()
    }

    /// Posts an INIT. A start-up IPI that still waits was for before it, and is dropped.
    pub fn post_init(&self) -> Kick {
        let _ = self
            .events
            .flags
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |flags| {
                Some((flags & 0xff & !SIPI) | INIT)
            });
        self.announce()
    }

    /// Posts a start-up IPI. If one waits already the first counts, as in a processor that it has started.
    pub fn post_sipi(&self, vector: Vector) -> Kick {
        let _ = self
            .events
            .flags
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |flags| {
                (flags & SIPI == 0)
                    .then_some((flags & 0xff) | SIPI | u32::from(vector.0) << SIPI_SHIFT)
            });
        self.announce()
    }

    /// Posts a new level of the PIC's output. A fall is announced like a rise, so that a kick it asks for covers what
    /// others post meanwhile.
    pub fn post_ext_int(&self, high: bool) -> Kick {
        let _ = self
            .events
            .flags
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |flags| {
                Some(
                    (flags & !EXT_INT_HIGH) | EXT_INT_CHANGED | if high { EXT_INT_HIGH } else { 0 },
                )
            });
        self.announce()
    }

    /// Makes the owner come out and look, without mail: the hypervisor wants the vCPU stopped or paused.
    pub fn poke(&self) -> Kick {
        self.announce()
    }

    fn announce(&self) -> Kick {
        let before = self.state.fetch_or(POSTED, Ordering::AcqRel);
        let gone = before & (IN_GUEST | BLOCKED) != 0;
        if gone && before & POSTED == 0 {
            Kick::Needed
        } else {
            Kick::NotNeeded
        }
    }

    /// Whether mail waits. A hint, cheap enough for every exit; only [`Self::leave`] decides.
    #[must_use]
    #[inline]
    pub fn has_mail(&self) -> bool {
        self.state.load(Ordering::Acquire) & POSTED != 0
    }

    /// The owner, with interrupts off, is about to enter the guest or to block the vCPU. From here on posts kick.
    ///
    /// # Errors
    /// [`MailWaits`]: the owner is still here; drain first.
    #[inline]
    pub fn leave(&self, to: Leave) -> Result<(), MailWaits> {
        let gone = match to {
            Leave::ToGuest => IN_GUEST,
            Leave::ToBlock => BLOCKED,
        };
        match self
            .state
            .compare_exchange(0, gone, Ordering::AcqRel, Ordering::Acquire)
        {
            Ok(_) => Ok(()),
            Err(_) => Err(MailWaits),
        }
    }

    /// The owner is back from the guest, or its core takes up the blocked vCPU again: whether mail waits.
    #[inline]
    pub fn come_back(&self) -> bool {
        self.state.fetch_and(POSTED, Ordering::AcqRel) & POSTED != 0
    }

    /// Takes everything that was posted. The owner must have come back.
    #[must_use]
    pub fn drain(&self) -> Mail {
        // First the announcement, then the posts: what comes in between is announced anew.
        if self.state.fetch_and(!POSTED, Ordering::AcqRel) & POSTED == 0 {
            return Mail::default();
        }
        let mut mail = Mail::default();
        for (word, source) in mail.irr.0.iter_mut().zip(&self.events.irr) {
            if source.load(Ordering::Relaxed) != 0 {
                *word = source.swap(0, Ordering::Acquire);
            }
        }
        for ((word, source), irr) in mail
            .level
            .0
            .iter_mut()
            .zip(&self.events.level)
            .zip(mail.irr.0)
        {
            if irr != 0 {
                *word = source.load(Ordering::Relaxed) & irr;
            }
        }
        let flags = if self.events.flags.load(Ordering::Relaxed) == 0 {
            0
        } else {
            self.events.flags.swap(0, Ordering::Acquire)
        };
        mail.nmi = flags & NMI != 0;
        mail.init = flags & INIT != 0;
        mail.sipi = (flags & SIPI != 0).then_some(Vector((flags >> SIPI_SHIFT) as u8));
        mail.ext_int = (flags & EXT_INT_CHANGED != 0).then_some(flags & EXT_INT_HIGH != 0);
        mail
    }
}

const fn bit(vector: Vector) -> u64 {
    1 << (vector.0 & 63)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn mail_arrives_once_and_whole() {
        let mailbox = Mailbox::new();
        let _ = mailbox.post_interrupt(Vector(0x31), false);
        let _ = mailbox.post_interrupt(Vector(0xff), true);
        let _ = mailbox.post_interrupt(Vector(0x31), false);
        let _ = mailbox.post_nmi();
        let _ = mailbox.post_ext_int(true);
        let mail = mailbox.drain();
        assert_eq!(
            mail.irr.iter().collect::<Vec<_>>(),
            [Vector(0x31), Vector(0xff)]
        );
        assert!(mail.level.contains(Vector(0xff)) && !mail.level.contains(Vector(0x31)));
        assert!(mail.nmi && !mail.init && mail.sipi.is_none());
        assert_eq!(mail.ext_int, Some(true));
        assert!(mailbox.drain().is_empty());
    }

    #[test]
    fn every_vector_keeps_its_number() {
        for number in 0..=255u8 {
            let mailbox = Mailbox::new();
            let _ = mailbox.post_interrupt(Vector(number), number % 2 == 0);
            let mail = mailbox.drain();
            assert_eq!(mail.irr.iter().collect::<Vec<_>>(), [Vector(number)]);
            assert_eq!(mail.level.contains(Vector(number)), number % 2 == 0);
        }
    }

    #[test]
    fn a_vector_that_turns_edge_is_edge() {
        let mailbox = Mailbox::new();
        let _ = mailbox.post_interrupt(Vector(0x40), true);
        let _ = mailbox.drain();
        let _ = mailbox.post_interrupt(Vector(0x40), false);
        assert!(!mailbox.drain().level.contains(Vector(0x40)));
    }

    #[test]
    fn init_cancels_an_earlier_start_up_and_the_first_later_one_counts() {
        let mailbox = Mailbox::new();
        let _ = mailbox.post_sipi(Vector(1));
        let _ = mailbox.post_init();
        let _ = mailbox.post_sipi(Vector(0x9a));
        let _ = mailbox.post_sipi(Vector(3));
        let mail = mailbox.drain();
        assert!(mail.init);
        assert_eq!(mail.sipi, Some(Vector(0x9a)));
    }

    #[test]
    fn a_kick_is_asked_for_once_and_only_when_the_owner_is_away() {
        let mailbox = Mailbox::new();
        assert_eq!(mailbox.post_nmi(), Kick::NotNeeded);
        assert_eq!(mailbox.leave(Leave::ToGuest), Err(MailWaits));
        let _ = mailbox.drain();
        for to in [Leave::ToGuest, Leave::ToBlock] {
            assert_eq!(mailbox.leave(to), Ok(()));
            assert_eq!(mailbox.post_interrupt(Vector(0x20), false), Kick::Needed);
            assert_eq!(mailbox.post_interrupt(Vector(0x21), false), Kick::NotNeeded);
            assert!(mailbox.come_back());
            assert_eq!(mailbox.post_interrupt(Vector(0x22), false), Kick::NotNeeded);
            assert_eq!(mailbox.drain().irr.iter().count(), 3);
        }
        assert_eq!(mailbox.leave(Leave::ToGuest), Ok(()));
        assert!(!mailbox.come_back());
    }
}
