//! What a call brings back: bytes and capabilities, at once or later. Small replies are stored in place, so that an answer at
//! once allocates nothing.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::future::{Future, IntoFuture};
use core::pin::Pin;
use core::task::{Context, Poll};

use crate::error::CallError;
use crate::object::Cap;

/// Bytes that a [`Payload`] holds without allocating.
pub const INLINE: usize = 40;

/// A message's bytes.
#[derive(Clone)]
pub struct Payload(Bytes);

#[derive(Clone)]
enum Bytes {
    /// The first so many of them, at most [`INLINE`].
    Inline(u8, Words),
    Heap(Vec<u8>),
}

/// Bytes where words would be. Where they were not, moving an answer just written would read across the processor's pending
/// stores, and wait for them.
#[derive(Clone)]
#[repr(align(8))]
struct Words([u8; INLINE]);

impl Payload {
    /// No bytes.
    pub const EMPTY: Self = Self(Bytes::Inline(0, Words([0; INLINE])));

    /// A copy of `bytes`. Allocates above [`INLINE`] of them.
    #[must_use]
    pub fn copied(bytes: &[u8]) -> Self {
        let mut inline = [0; INLINE];
        match (inline.get_mut(..bytes.len()), u8::try_from(bytes.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(bytes);
                Self(Bytes::Inline(length, Words(inline)))
            }
            _ => Self(Bytes::Heap(bytes.to_vec())),
        }
    }

    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Bytes::Inline(length, Words(bytes)) => {
                bytes.get(..usize::from(*length)).unwrap_or(bytes)
            }
            Bytes::Heap(bytes) => bytes,
        }
    }

    /// The bytes in an allocation of their own.
    #[must_use]
    pub fn into_vec(self) -> Vec<u8> {
        match self.0 {
            Bytes::Heap(bytes) => bytes,
            Bytes::Inline(..) => self.as_slice().to_vec(),
        }
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Bytes::Heap(bytes))
    }
}

impl Default for Payload {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Payload {}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(f)
    }
}

/// A call's result.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// The result message: a Cap'n Proto one if the interface has a schema.
    pub data: Payload,
    /// The capabilities that the message refers to by place.
    pub caps: Vec<Cap>,
}

impl Reply {
    /// A result of no bytes and no capabilities.
    pub const EMPTY: Self = Self {
        data: Payload::EMPTY,
        caps: Vec::new(),
    };

    /// A result of a copy of `bytes`.
    #[must_use]
    pub fn copied(bytes: &[u8]) -> Self {
        Self {
            data: Payload::copied(bytes),
            caps: Vec::new(),
        }
    }

    /// The same with one capability more.
    #[must_use]
    pub fn with_cap(mut self, cap: Cap) -> Self {
        self.caps.push(cap);
        self
    }
}

/// How a call ended.
pub type Answer = Result<Reply, CallError>;

/// A call that has not ended yet. Dropping it gives the call up.
pub type Pending = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// What an object says to a call: an answer, or that there will be one.
#[must_use = "a call that answers later is given up when its outcome is dropped"]
pub enum Outcome {
    /// The call has ended.
    Ready(Answer),
    /// It will.
    Later(Pending),
}

impl Outcome {
    /// Success without bytes or capabilities.
    pub const DONE: Self = Self::Ready(Ok(Reply::EMPTY));

    /// Success with a copy of `bytes`.
    pub fn reply(bytes: &[u8]) -> Self {
        Self::Ready(Ok(Reply::copied(bytes)))
    }

    /// The call has failed.
    pub const fn fail(error: CallError) -> Self {
        Self::Ready(Err(error))
    }

    /// The answer comes when `answer` is ready.
    pub fn later(answer: impl Future<Output = Answer> + Send + 'static) -> Self {
        Self::Later(Box::pin(answer))
    }

    /// The answer changed by `change`, now or later.
    pub fn map(self, change: impl FnOnce(Answer) -> Answer + Send + 'static) -> Self {
        match self {
            Self::Ready(answer) => Self::Ready(change(answer)),
            Self::Later(pending) => Self::later(async move { change(pending.await) }),
        }
    }

    /// The answer, if it is there. If not, the call is given up.
    #[must_use]
    pub fn now(self) -> Option<Answer> {
        match self {
            Self::Ready(answer) => Some(answer),
            Self::Later(_) => None,
        }
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(answer) => f.debug_tuple("Ready").field(answer).finish(),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}

impl From<Answer> for Outcome {
    fn from(answer: Answer) -> Self {
        Self::Ready(answer)
    }
}

impl From<CallError> for Outcome {
    fn from(error: CallError) -> Self {
        Self::Ready(Err(error))
    }
}

impl IntoFuture for Outcome {
    type Output = Answer;
    type IntoFuture = Awaited;

    fn into_future(self) -> Awaited {
        Awaited(Some(self))
    }
}

/// An [`Outcome`] being awaited.
#[derive(Debug)]
pub struct Awaited(Option<Outcome>);

impl Future for Awaited {
    type Output = Answer;

    /// # Panics
    /// If it is polled after it was ready.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        if let Some(Outcome::Later(pending)) = &mut self.0 {
            let answer = core::task::ready!(pending.as_mut().poll(context));
            self.0 = None;
            return Poll::Ready(answer);
        }
        match self.0.take() {
            Some(Outcome::Ready(answer)) => Poll::Ready(answer),
            _ => panic!("awaited after the answer"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn payloads_of_every_length_around_the_inline_size_come_back_whole() {
        for length in [0, 1, INLINE - 1, INLINE, INLINE + 1, 500] {
            let bytes: Vec<u8> = (0..length).map(|at| at as u8).collect();
            let payload = Payload::copied(&bytes);
            assert_eq!(payload.as_slice(), bytes);
            assert_eq!(payload, Payload::from(bytes.clone()));
            assert_eq!(payload.into_vec(), bytes);
        }
        assert_eq!(Payload::default().into_vec(), vec![]);
    }

    #[test]
    fn an_answer_stays_small_enough_to_pass_by_hand() {
        assert!(size_of::<Payload>() <= 56, "{}", size_of::<Payload>());
        assert!(size_of::<Outcome>() <= 88, "{}", size_of::<Outcome>());
    }
}
