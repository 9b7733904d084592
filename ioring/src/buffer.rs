//! Buffers: memory that belongs to whoever holds the value. A buffer that was submitted is gone from its sender, so that
//! touching it afterwards does not compile:
//!
//! ```compile_fail,E0382
//! use isthmus_ioring::{Buffer, Call, Client};
//!
//! fn send(client: &mut Client, mut buffer: Buffer) {
//!     client.submit_with(&Call::default(), buffer).ok();
//!     buffer[0] = 1;
//! }
//! ```
//!
//! What may be done with it comes before:
//!
//! ```
//! use isthmus_ioring::{Buffer, Call, Client};
//!
//! fn send(client: &mut Client, mut buffer: Buffer) {
//!     buffer[0] = 1;
//!     client.submit_with(&Call::default(), buffer).ok();
//! }
//! ```

use core::fmt;
use core::ops::{Deref, DerefMut};

use crate::pool::{Depot, Item, Stash};
use crate::sync::Arc;
use alloc::boxed::Box;

/// Whole pages for a payload that is too large to copy. Who implements this knows which pages these are.
pub trait PageBlock: Send {
    /// What is in them.
    fn bytes(&self) -> &[u8];
    /// What is in them, to be changed.
    fn bytes_mut(&mut self) -> &mut [u8];
    /// A name for them that their mover understands.
    fn id(&self) -> u64;
}

/// Moves pages between the two sides of a window, so that who had them cannot touch them any more. Across partitions the
/// hypervisor implements it: it takes the pages out of the sender's map, on every core, before the receiver has them.
pub trait PageMover: Send {
    /// Takes pages from this side and grants them to the other, under a number.
    ///
    /// # Errors
    /// Hands them back if they cannot be moved.
    fn give(&mut self, pages: Box<dyn PageBlock>) -> Result<u32, Box<dyn PageBlock>>;

    /// The pages that the other side granted under that number: at least `len` bytes. `None` if it has not; the number
    /// is the other side's claim.
    fn accept(&mut self, grant: u32, len: u32) -> Option<Box<dyn PageBlock>>;

    /// Takes pages back that this side granted, if the other has not accepted them.
    fn take_back(&mut self, grant: u32) -> Option<Box<dyn PageBlock>>;
}

/// Where the bytes are.
enum Storage {
    /// In memory of a pool.
    Pool(Box<[u8]>),
    /// In pages.
    Pages(Box<dyn PageBlock>),
}

/// What a buffer points to. It is made once and moves as a pointer.
struct Inner {
    storage: Storage,
    len: usize,
    /// The depot that it goes back to when it is dropped.
    home: Option<Arc<Depot<Buffer>>>,
}

/// Bytes of a pool or pages, owned. Reads and writes as a slice of as many bytes as were set to count.
pub struct Buffer(Option<Box<Inner>>);

/// The depot of a pool of buffers in private memory.
///
/// [`Stash::of`] makes a core's stash of them.
#[must_use]
pub fn buffers(count: u32, bytes: u32) -> Arc<Depot<Buffer>> {
    Depot::of((0..count).map(|_| {
        let bytes = core::iter::repeat_n(0, bytes as usize).collect();
        Buffer::new(Storage::Pool(bytes), 0)
    }))
}

impl Buffer {
    fn new(storage: Storage, len: usize) -> Self {
        Self(Some(Box::new(Inner {
            storage,
            len,
            home: None,
        })))
    }

    /// A buffer of those pages, all of them.
    #[must_use]
    pub fn from_pages(pages: Box<dyn PageBlock>) -> Self {
        let len = pages.bytes().len();
        Self::new(Storage::Pages(pages), len)
    }

    /// The pages, if it is of pages.
    ///
    /// # Errors
    /// Hands the buffer back if it is not.
    pub fn into_pages(mut self) -> Result<Box<dyn PageBlock>, Self> {
        if !self.is_pages() {
            return Err(self);
        }
        match self.0.take().map(|inner| inner.storage) {
            Some(Storage::Pages(pages)) => Ok(pages),
            // Looked at before.
            Some(Storage::Pool(_)) | None => Err(Self(None)),
        }
    }

    /// Whether it is of pages.
    #[must_use]
    pub fn is_pages(&self) -> bool {
        let storage = self.0.as_ref().map(|inner| &inner.storage);
        matches!(storage, Some(Storage::Pages(_)))
    }

    /// No buffer.
    pub(crate) const fn nothing() -> Self {
        Self(None)
    }

    fn whole(&self) -> &[u8] {
        match self.0.as_ref().map(|inner| &inner.storage) {
            Some(Storage::Pool(bytes)) => bytes,
            Some(Storage::Pages(pages)) => pages.bytes(),
            None => &[],
        }
    }

    fn whole_mut(&mut self) -> &mut [u8] {
        match self.0.as_mut().map(|inner| &mut inner.storage) {
            Some(Storage::Pool(bytes)) => bytes,
            Some(Storage::Pages(pages)) => pages.bytes_mut(),
            None => &mut [],
        }
    }

    fn counted(&self) -> usize {
        self.0.as_ref().map_or(0, |inner| inner.len)
    }

    /// Most bytes it can hold.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.whole().len()
    }

    /// Sets how many bytes of it count, and says how many that are: at most [`Buffer::capacity`]. Bytes that come into it hold what an
    /// earlier user of the buffer left there.
    pub fn set_len(&mut self, len: usize) -> usize {
        let len = len.min(self.capacity());
        if let Some(inner) = &mut self.0 {
            inner.len = len;
        }
        len
    }

    /// Makes it hold `bytes`, and returns those that did not fit.
    pub fn fill<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let (head, rest) = bytes.split_at(bytes.len().min(self.capacity()));
        self.set_len(head.len());
        self.copy_from_slice(head);
        rest
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.whole().get(..self.counted()).unwrap_or_default()
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        let len = self.counted();
        self.whole_mut().get_mut(..len).unwrap_or_default()
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer")
            .field("len", &self.counted())
            .finish_non_exhaustive()
    }
}

impl Item for Buffer {
    fn arrive(&mut self, home: &Arc<Depot<Self>>) {
        if let Some(inner) = &mut self.0 {
            inner.home = Some(home.clone());
        }
    }

    fn leave(&mut self) {
        // A depot does not hold references to itself.
        if let Some(inner) = &mut self.0 {
            inner.home = None;
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let Some(mut inner) = self.0.take() else {
            return;
        };
        if let Some(home) = inner.home.take() {
            home.put_one(Self(Some(inner)));
        }
    }
}

/// Gives a buffer back to a core's stash if it is of that pool, else to where it came from.
pub(crate) fn recycle(stash: Option<&mut Stash<Buffer>>, buffer: Buffer) {
    let Some(stash) = stash else {
        return;
    };
    if let Some(home) = buffer.0.as_ref().and_then(|inner| inner.home.as_ref())
        && stash.is_of(home)
    {
        stash.give_back(buffer);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_buffer_goes_back_to_its_depot() {
        let depot = buffers(20, 256);
        let mut stash = Stash::of(&depot);
        let mut buffer = stash.claim().unwrap();
        assert_eq!((buffer.capacity(), buffer.len()), (256, 0));
        assert_eq!(buffer.fill(&[7; 300]), &[7; 44]);
        assert_eq!(*buffer, [7; 256]);
        let before = depot.idle() + stash.len();
        drop(buffer);
        assert_eq!(depot.idle() + stash.len(), before + 1);
        drop(stash);
        assert_eq!((depot.idle(), Arc::strong_count(&depot)), (20, 1));
    }

    #[test]
    fn a_buffer_goes_to_the_stash_of_its_own_pool_only() {
        let (mine, other) = (buffers(8, 256), buffers(8, 512));
        let (mut stash, mut others) = (Stash::of(&mine), Stash::of(&other));
        let buffer = stash.claim().unwrap();
        recycle(Some(&mut others), buffer);
        recycle(None, stash.claim().unwrap());
        assert_eq!((mine.idle() + stash.len(), others.len()), (8, 0));
    }
}
