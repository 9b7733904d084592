//! How a buffer gets to the other side: it changes owner ([`Local`]), or it is copied through the window's halves, or its pages
//! are moved ([`Shared`]). Whoever submits and receives does not see the difference.

use crate::buffer::{Buffer, PageMover, recycle};
use crate::entry::BufferRef;
use crate::handoff::Handoff;
use crate::layout::Geometry;
use crate::memory::Memory;
use crate::pool::{BufferIndex, Depot, Stash};
use crate::sync::Arc;
use alloc::boxed::Box;

/// Why a buffer was not received.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// No private buffer is free to copy it to; there will be, when some are given back.
    NoBuffer,
    /// There is no such buffer: the sender's fault.
    NotOne,
}

/// Carries buffers for one end of a lane.
pub trait Carrier {
    /// Whether what is sent is only lent, and [`Carrier::done`] brings it back.
    const LENDS: bool;

    /// Takes a buffer along with the call or completion in `place` of the client's table.
    ///
    /// # Errors
    /// Hands it back if it cannot be carried now: no room, or too long for this way.
    fn send(&mut self, place: u16, buffer: Buffer) -> Result<BufferRef, Buffer>;

    /// What was sent is in use no more: the message it went with was dealt with, or the window closed.
    fn done(&mut self, sent: BufferRef);

    /// The buffer that the other side claims to have sent.
    ///
    /// # Errors
    /// [`Refusal`].
    fn receive(&mut self, claim: BufferRef) -> Result<Buffer, Refusal>;

    /// A buffer to fill, if there is one.
    fn claim(&mut self) -> Option<Buffer>;

    /// Gives a buffer back to this core.
    fn recycle(&mut self, buffer: Buffer);
}

/// Inside one address space: there is a place for each call, through which a buffer goes to its new owner.
#[derive(Debug)]
pub struct Local {
    out: Arc<Box<[Handoff<Buffer>]>>,
    back: Arc<Box<[Handoff<Buffer>]>>,
    stash: Option<Stash<Buffer>>,
}

impl Local {
    /// Both ends' carriers for `calls` calls, with stashes of `pool` if there is one.
    pub(crate) fn pair(calls: u32, pool: Option<&Arc<Depot<Buffer>>>) -> (Self, Self) {
        let places = || Arc::new((0..calls).map(|_| Handoff::default()).collect::<Box<[_]>>());
        let (out, back) = (places(), places());
        let stash = || pool.map(Stash::of);
        let client = Self {
            out: out.clone(),
            back: back.clone(),
            stash: stash(),
        };
        let server = Self {
            out: back,
            back: out,
            stash: stash(),
        };
        (client, server)
    }
}

impl Carrier for Local {
    const LENDS: bool = false;

    fn send(&mut self, place: u16, buffer: Buffer) -> Result<BufferRef, Buffer> {
        let Ok(len) = u32::try_from(buffer.len()) else {
            return Err(buffer);
        };
        match self.out.get(usize::from(place)) {
            Some(there) => there.put(buffer)?,
            None => return Err(buffer),
        }
        Ok(BufferRef {
            index: place.into(),
            len,
            pages: false,
        })
    }

    /// It has changed owner. What the other end never took goes back to its depot with the places.
    fn done(&mut self, _: BufferRef) {}

    fn receive(&mut self, claim: BufferRef) -> Result<Buffer, Refusal> {
        let place = self.back.get(claim.index as usize);
        place.and_then(Handoff::take).ok_or(Refusal::NotOne)
    }

    fn claim(&mut self) -> Option<Buffer> {
        self.stash.as_mut()?.claim()
    }

    fn recycle(&mut self, buffer: Buffer) {
        recycle(self.stash.as_mut(), buffer);
    }
}

/// Between sides that share nothing but the window: copied into the sender's half, and out of it once; or moved as pages.
pub struct Shared<M> {
    mine: M,
    theirs: M,
    geometry: Geometry,
    /// Buffers of this side's half.
    places: Stash<BufferIndex>,
    /// Private buffers.
    private: Stash<Buffer>,
    pages: Option<Box<dyn PageMover>>,
}

impl<M: Memory> Shared<M> {
    pub(crate) fn new(
        mine: M,
        theirs: M,
        geometry: Geometry,
        places: &Arc<Depot<BufferIndex>>,
        private: &Arc<Depot<Buffer>>,
    ) -> Self {
        Self {
            mine,
            theirs,
            geometry,
            places: Stash::of(places),
            private: Stash::of(private),
            pages: None,
        }
    }

    /// Has buffers of pages moved by `mover`; without one they are not sent, and not received.
    pub fn move_pages_by(&mut self, mover: Box<dyn PageMover>) {
        self.pages = Some(mover);
    }

    fn give_pages(&mut self, buffer: Buffer, len: u32) -> Result<BufferRef, Buffer> {
        let Some(mover) = &mut self.pages else {
            return Err(buffer);
        };
        let given = mover.give(buffer.into_pages()?);
        let index = given.map_err(|pages| {
            let mut buffer = Buffer::from_pages(pages);
            buffer.set_len(len as usize);
            buffer
        })?;
        Ok(BufferRef {
            index,
            len,
            pages: true,
        })
    }

    fn accept_pages(&mut self, claim: BufferRef) -> Option<Buffer> {
        let pages = self.pages.as_mut()?.accept(claim.index, claim.len)?;
        let mut buffer = Buffer::from_pages(pages);
        let whole = buffer.set_len(claim.len as usize) == claim.len as usize;
        whole.then_some(buffer)
    }
}

impl<M: Memory> Carrier for Shared<M> {
    const LENDS: bool = true;

    fn send(&mut self, _: u16, buffer: Buffer) -> Result<BufferRef, Buffer> {
        let len = match u32::try_from(buffer.len()) {
            Ok(len) if buffer.is_pages() => return self.give_pages(buffer, len),
            Ok(len) if len <= self.geometry.buffer_bytes() => len,
            _ => return Err(buffer),
        };
        let Some(BufferIndex(index)) = self.places.claim() else {
            return Err(buffer);
        };
        // An index of the pool is one of the geometry's.
        if let Some(line) = self.geometry.buffer(index) {
            self.mine.copy_in(line, &buffer);
        }
        self.recycle(buffer);
        Ok(BufferRef {
            index,
            len,
            pages: false,
        })
    }

    fn done(&mut self, sent: BufferRef) {
        if sent.pages {
            // Dropped here if the other side never accepted them.
            let mover = self.pages.as_mut();
            drop(mover.and_then(|mover| mover.take_back(sent.index)));
        } else {
            self.places.give_back(BufferIndex(sent.index));
        }
    }

    fn receive(&mut self, claim: BufferRef) -> Result<Buffer, Refusal> {
        if claim.pages {
            return self.accept_pages(claim).ok_or(Refusal::NotOne);
        }
        let line = self.geometry.buffer(claim.index).ok_or(Refusal::NotOne)?;
        if claim.len > self.geometry.buffer_bytes() {
            return Err(Refusal::NotOne);
        }
        let mut buffer = self.private.claim().ok_or(Refusal::NoBuffer)?;
        let len = claim.len as usize;
        if buffer.set_len(len) < len {
            // This side's private buffers are shorter than the window's.
            self.recycle(buffer);
            return Err(Refusal::NoBuffer);
        }
        self.theirs.copy_out(line, &mut buffer);
        Ok(buffer)
    }

    fn claim(&mut self) -> Option<Buffer> {
        self.private.claim()
    }

    fn recycle(&mut self, buffer: Buffer) {
        recycle(Some(&mut self.private), buffer);
    }
}
