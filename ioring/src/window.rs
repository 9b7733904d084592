//! A window between two sides: the handshake that opens it, the latch that closes it for good, and the lanes in it.

use core::fmt;

use crate::buffer::Buffer;
use crate::carrier::Shared;
use crate::lane::{Client, Server};
use crate::layout::{
    ENTRY_WORDS, Features, Geometry, Header, LayoutError, STATE_LINE, Side, halves,
};
use crate::memory::{Heap, Memory};
use crate::pool::{BufferIndex, Depot};
use crate::sync::{Arc, AtomicU32, Ordering};
use alloc::vec::Vec;

/// What the other side did that no honest one does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Violation {
    /// A place of its queue holds a sequence that is neither the next nor the one before.
    Sequence,
    /// It published an index that it cannot have.
    Head,
    /// An entry does not decode.
    Entry,
    /// A completion of no call that is out; a call whose id is out already, or out of range.
    Id,
    /// A buffer out of the pool, or longer than a buffer, or not one that was given.
    Buffer,
    /// Sizes that differ, an unknown version or a required feature that is not known.
    Header,
}

/// Why a window is closed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Closed {
    /// The other side broke the protocol.
    Violation(Violation),
    /// The other side closed it, for its own reason, or is gone.
    PeerGone,
    /// This side closed it, or let go of one of its ends.
    Local,
}

impl Closed {
    /// As it is published: `docs/ioring.md` has the list.
    #[must_use]
    pub const fn code(self) -> u32 {
        match self {
            Self::Violation(Violation::Sequence) => 1,
            Self::Violation(Violation::Head) => 2,
            Self::Violation(Violation::Entry) => 3,
            Self::Violation(Violation::Id) => 4,
            Self::Violation(Violation::Buffer) => 5,
            Self::Violation(Violation::Header) => 6,
            Self::PeerGone => 7,
            Self::Local => 8,
        }
    }

    #[cold]
    const fn from_code(code: u32) -> Option<Self> {
        Some(match code {
            0 => return None,
            1 => Self::Violation(Violation::Sequence),
            2 => Self::Violation(Violation::Head),
            3 => Self::Violation(Violation::Entry),
            4 => Self::Violation(Violation::Id),
            5 => Self::Violation(Violation::Buffer),
            6 => Self::Violation(Violation::Header),
            7 => Self::PeerGone,
            _ => Self::Local,
        })
    }
}

impl From<Violation> for Closed {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Violation(Violation::Sequence) => "the peer wrote an impossible sequence",
            Self::Violation(Violation::Head) => "the peer published an impossible index",
            Self::Violation(Violation::Entry) => "the peer wrote an entry that does not decode",
            Self::Violation(Violation::Id) => "the peer used the id of another call or of none",
            Self::Violation(Violation::Buffer) => "the peer named a buffer that it does not have",
            Self::Violation(Violation::Header) => "the peer's header does not match",
            Self::PeerGone => "the peer closed the window",
            Self::Local => "this side closed the window",
        })
    }
}

/// State words.
const OPEN: u32 = 1;
const CLOSED: u32 = 2;

/// What all ends of one side share: whether it is closed, and why. The first reason stays. Every call reads it, so nothing that
/// the other side's cores write may lie on its cache line, nor on the one beside it.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Latch<M> {
    closed: AtomicU32,
    mine: M,
    theirs: M,
}

impl<M: Memory> Latch<M> {
    pub(crate) fn new(mine: M, theirs: M) -> Arc<Self> {
        Arc::new(Self {
            closed: AtomicU32::new(0),
            mine,
            theirs,
        })
    }

    #[inline]
    pub(crate) fn closed(&self) -> Option<Closed> {
        match self.closed.load(Ordering::Relaxed) {
            0 => None,
            code => Closed::from_code(code),
        }
    }

    /// Closes, unless it is closed, and says why it is.
    #[cold]
    pub(crate) fn close(&self, reason: Closed) -> Closed {
        let first =
            self.closed
                .compare_exchange(0, reason.code(), Ordering::Relaxed, Ordering::Relaxed);
        match first {
            Ok(_) => {
                let state = u64::from(reason.code()) << 32 | u64::from(CLOSED);
                self.mine.publish(STATE_LINE, state);
                reason
            }
            Err(code) => Closed::from_code(code).unwrap_or(reason),
        }
    }

    /// Whether the other side says that it is closed. Whatever it wrote before is seen afterwards.
    pub(crate) fn peer_closed(&self) -> bool {
        let [state, _] = halves(self.theirs.poll(STATE_LINE));
        state == CLOSED
    }
}

/// A window that is being opened.
#[derive(Debug)]
pub struct Opening<M = Heap> {
    side: Side,
    mine: M,
    theirs: M,
    header: Header,
}

/// An open window: hands out the ends of its lanes, each once.
pub struct Window<M = Heap> {
    side: Side,
    mine: M,
    theirs: M,
    geometry: Geometry,
    features: Features,
    latch: Arc<Latch<M>>,
    /// Lanes whose end has not been handed out.
    lanes: Vec<bool>,
    /// Buffers of this side's half.
    buffers: Arc<Depot<BufferIndex>>,
    /// Private buffers that received data is copied to.
    private: Arc<Depot<Buffer>>,
}

impl<M: Memory + Clone> Opening<M> {
    /// Begins to open: `mine` is the half that this side writes, all zero; `theirs` the one it reads.
    ///
    /// # Errors
    /// [`LayoutError::Memory`] if a half is shorter than the sizes say: whoever mapped it is at fault.
    pub fn new(side: Side, mine: M, theirs: M, header: Header) -> Result<Self, LayoutError> {
        let lines = header.geometry.half_lines();
        if mine.lines() < lines || theirs.lines() < lines {
            return Err(LayoutError::Memory);
        }
        let opening = Self {
            side,
            mine,
            theirs,
            header,
        };
        if side == Side::A {
            opening.announce();
        }
        Ok(opening)
    }

    fn announce(&self) {
        self.mine.put_entry(0, self.header.encode());
        self.mine.publish(STATE_LINE, OPEN.into());
    }

    /// Looks for the other side: the window, once that is there. `private` are the buffers that data from there is
    /// copied to.
    ///
    /// # Errors
    /// [`Closed`]: the other side's header is not the same, or it has closed.
    pub fn poll(&mut self, private: &Arc<Depot<Buffer>>) -> Result<Option<Window<M>>, Closed> {
        let [state, _] = halves(self.theirs.poll(STATE_LINE));
        let latch = || Latch::new(self.mine.clone(), self.theirs.clone());
        match state {
            0 => return Ok(None),
            OPEN => {}
            CLOSED => return Err(latch().close(Closed::PeerGone)),
            _ => return Err(latch().close(Violation::Header.into())),
        }
        let mut words = [0; ENTRY_WORDS];
        words[0] = self.theirs.poll(0);
        self.theirs.entry(0, &mut words);
        let header = Header::decode(words);
        let agreed = header.and_then(|header| self.header.agree(header));
        let Ok(features) = agreed else {
            return Err(latch().close(Violation::Header.into()));
        };
        if self.side == Side::B {
            self.announce();
        }
        let geometry = self.header.geometry;
        Ok(Some(Window {
            side: self.side,
            latch: latch(),
            mine: self.mine.clone(),
            theirs: self.theirs.clone(),
            geometry,
            features,
            lanes: (0..geometry.lanes()).map(|_| true).collect(),
            buffers: Depot::of((0..geometry.buffers()).map(BufferIndex)),
            private: private.clone(),
        }))
    }
}

impl<M: Memory + Clone> Window<M> {
    /// Sizes.
    #[must_use]
    pub const fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// Features in use.
    #[must_use]
    pub const fn features(&self) -> Features {
        self.features
    }

    /// Why it is closed, if it is.
    #[must_use]
    pub fn closed(&self) -> Option<Closed> {
        self.latch.closed()
    }

    /// Closes it for good.
    pub fn close(&self) {
        self.latch.close(Closed::Local);
    }

    /// Buffers of this side's half that no lane end holds and none is lent: all of them, when every end is gone.
    #[must_use]
    pub fn idle_buffers(&self) -> usize {
        self.buffers.idle()
    }

    /// This side's client end of lane `lane`; `None` if it is the server of that lane, or the end was handed out.
    pub fn client(&mut self, lane: u32) -> Option<Client<M, Shared<M>>> {
        let is_client = (lane < self.geometry.forward()) == (self.side == Side::A);
        let lines = self.geometry.lane(lane).filter(|_| is_client)?;
        self.hand_out(lane)?;
        Some(Client::new(
            self.mine.clone(),
            self.theirs.clone(),
            lines,
            self.latch.clone(),
            self.carrier(),
        ))
    }

    /// This side's server end of lane `lane`; `None` if it is the client of that lane, or the end was handed out.
    pub fn server(&mut self, lane: u32) -> Option<Server<M, Shared<M>>> {
        let is_client = (lane < self.geometry.forward()) == (self.side == Side::A);
        let lines = self.geometry.lane(lane).filter(|_| !is_client)?;
        self.hand_out(lane)?;
        Some(Server::new(
            self.mine.clone(),
            self.theirs.clone(),
            lines,
            self.latch.clone(),
            self.carrier(),
        ))
    }

    fn hand_out(&mut self, lane: u32) -> Option<()> {
        let free = self.lanes.get_mut(lane as usize)?;
        core::mem::take(free).then_some(())
    }

    fn carrier(&self) -> Shared<M> {
        Shared::new(
            self.mine.clone(),
            self.theirs.clone(),
            self.geometry,
            &self.buffers,
            &self.private,
        )
    }
}
