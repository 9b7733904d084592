//! Calls as every object answers them: an interface, a method, a message and a list of capabilities there, and a message
//! and a list of capabilities back.
//!
//! Generated clients speak through a [`Caller`], generated servers are reached by `dispatch`. What carries the call (a
//! direct call, a ring, a recorder) is not known here; neither is what a capability is: it is the parameter `C`.
//! Whom it trusts: the caller's own side. What came from the other side is a slice of bytes until [`Message`] reads it.

use crate::wire::{CapIndex, Error, Message, MessageBuilder, StructType};
use core::{fmt, marker::PhantomData};

/// A method of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MethodId {
    /// The interface's Cap'n Proto id.
    pub interface: u64,
    /// The method's ordinal.
    pub method: u16,
}

impl fmt::Display for MethodId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "method {} of interface {:#018x}",
            self.method, self.interface
        )
    }
}

/// A method with its types. Implemented by generated code.
pub trait Method {
    /// Which it is.
    const ID: MethodId;
    /// Its name in the schema, as in `Console.write`.
    const NAME: &'static str;
    /// What it is called with.
    type Params: StructType;
    /// What it answers.
    type Results: StructType;
}

/// A row of an interface's method table, for recorders and traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MethodInfo {
    /// Ordinal.
    pub method: u16,
    /// Name in the schema.
    pub name: &'static str,
    /// Id of the struct of its parameters.
    pub params: u64,
    /// Id of the struct of its results.
    pub results: u64,
}

/// Why a generated server did not answer a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The caller's, or a schema newer than the server: there is no such method. Nothing was done.
    Unimplemented(MethodId),
    /// The caller's: its message, or its use of the capability list, is wrong.
    Params(Error),
    /// The server's: the results did not fit, in most cases because the caller's buffer is small.
    Results(Error),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unimplemented(method) => write!(f, "there is no {method}"),
            Self::Params(error) => write!(f, "the parameters are wrong: {error}"),
            Self::Results(error) => write!(f, "the results could not be written: {error}"),
        }
    }
}

impl core::error::Error for Refusal {}

/// What a server's method may fail with besides its own errors: reading is the caller's fault.
///
/// It lets `?` be used on readers of parameters in a method that returns a [`Refusal`].
impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Full | Error::TooLong => Self::Results(error),
            _ => Self::Params(error),
        }
    }
}

/// A list of capabilities under construction, in slots of the caller's.
#[derive(Debug)]
pub struct CapList<'a, C> {
    slots: &'a mut [Option<C>],
    len: usize,
}

impl<'a, C> CapList<'a, C> {
    /// An empty list with room for as many as there are slots; clears them.
    #[must_use]
    pub fn new(slots: &'a mut [Option<C>]) -> Self {
        slots.fill_with(|| None);
        Self { slots, len: 0 }
    }

    /// Number of capabilities.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends a capability and gives the index by which a message names it.
    ///
    /// # Errors
    /// [`Error::Full`]; the capability is dropped.
    pub fn push(&mut self, capability: C) -> Result<CapIndex, Error> {
        let index = u32::try_from(self.len).map_err(|_| Error::Full)?;
        *self.slots.get_mut(self.len).ok_or(Error::Full)? = Some(capability);
        self.len = self.len.saturating_add(1);
        Ok(CapIndex(index))
    }
}

/// The capabilities of a call on the side of its server: the plainest thing that a generated server's `X` can be.
#[derive(Debug)]
pub struct Exchange<'a, C> {
    /// What the indices in the parameters mean. Lent: the server clones what it keeps.
    pub received: &'a [C],
    /// What the indices in the results will mean.
    pub sent: CapList<'a, C>,
}

impl<'a, C> Exchange<'a, C> {
    /// The capability that a field of the parameters names; `None` if the field names none.
    ///
    /// # Errors
    /// [`Error::Capability`].
    pub fn get(&self, index: Option<CapIndex>) -> Result<Option<&'a C>, Error> {
        named(self.received, index)
    }

    /// Adds a capability to the results and gives the index to put into a field of theirs.
    ///
    /// # Errors
    /// [`Error::Full`].
    pub fn give(&mut self, capability: C) -> Result<CapIndex, Error> {
        self.sent.push(capability)
    }
}

/// The capability of `list` that a field names; `None` if the field names none.
///
/// # Errors
/// [`Error::Capability`].
pub fn named<C>(list: &[C], index: Option<CapIndex>) -> Result<Option<&C>, Error> {
    let Some(CapIndex(index)) = index else {
        return Ok(None);
    };
    let at = usize::try_from(index).ok();
    let capability = at.and_then(|at| list.get(at));
    capability.map(Some).ok_or(Error::Capability(index))
}

/// Something that answers calls of the schema's interfaces: a generated `Serve` around a server.
pub trait Dispatch<X, E> {
    /// Answers a call: `params` is what came, `results` the room for what goes back, of which the length is given.
    ///
    /// # Errors
    /// A [`Refusal`] as `E`, or the server's own.
    fn dispatch(
        &self,
        method: MethodId,
        params: &[u8],
        context: &mut X,
        results: &mut [u8],
    ) -> Result<usize, E>;
}

/// What carries calls to one object: a capability, a place in a ring, a promise.
pub trait Caller {
    /// A capability as this transport sends it.
    type Cap;
    /// What a call becomes: a future of the reply, or the reply itself.
    type Pending;

    /// Calls `method`. `fill` writes the message into the transport's own buffer, appends the capabilities that it names,
    /// and gives the message's length in bytes; if it fails, nothing is sent and the pending call ends with that error.
    fn call(
        &self,
        method: MethodId,
        fill: impl FnOnce(&mut [u8], &mut CapList<'_, Self::Cap>) -> Result<usize, Error>,
    ) -> Self::Pending;
}

/// A call of method `M` that was made through a [`Caller`].
#[must_use = "the results, and whether there are any, come from it"]
pub struct Pending<M, P> {
    inner: P,
    method: PhantomData<fn() -> M>,
}

impl<M: Method, P> Pending<M, P> {
    /// Gives a transport's pending call its types back.
    pub const fn new(inner: P) -> Self {
        Self {
            inner,
            method: PhantomData,
        }
    }

    /// What the transport gave.
    pub fn into_inner(self) -> P {
        self.inner
    }
}

impl<M: Method, P> Pending<M, P> {
    /// Waits for the reply.
    ///
    /// # Errors
    /// The transport's: the call did not come back with results.
    pub async fn reply<R, E>(self) -> Result<Answer<M, R>, E>
    where
        P: IntoFuture<Output = Result<R, E>>,
    {
        self.inner.await.map(Answer::new)
    }
}

impl<M: Method, R, E> Pending<M, Result<R, E>> {
    /// The reply of a transport that answers at once.
    ///
    /// # Errors
    /// The transport's: the call did not come back with results.
    pub fn now(self) -> Result<Answer<M, R>, E> {
        self.inner.map(Answer::new)
    }
}

/// The reply to a call of method `M`.
pub struct Answer<M, R> {
    /// What the transport gave: the bytes of the results, and the capabilities that they name.
    pub reply: R,
    method: PhantomData<fn() -> M>,
}

impl<M: Method, R> Answer<M, R> {
    /// Gives a transport's reply its types back.
    pub const fn new(reply: R) -> Self {
        Self {
            reply,
            method: PhantomData,
        }
    }
}

/// A reply that has the bytes of a message.
pub trait Bytes {
    /// The message.
    fn bytes(&self) -> &[u8];
}

impl Bytes for &[u8] {
    fn bytes(&self) -> &[u8] {
        self
    }
}

impl<M: Method, R: Bytes> Answer<M, R> {
    /// The message of the results, for [`Self::results`].
    ///
    /// # Errors
    /// [`Error::Length`].
    pub fn message(&self) -> Result<Message<'_>, Error> {
        Message::new(self.reply.bytes())
    }

    /// The results.
    ///
    /// # Errors
    /// Those of the root pointer.
    pub fn results<'a>(
        &self,
        message: &'a Message<'a>,
    ) -> Result<<M::Results as StructType>::Reader<'a>, Error> {
        message.root::<M::Results>()
    }
}

/// The parameters in `message`, for generated code.
///
/// # Errors
/// [`Refusal::Params`].
pub fn params<'a, M: Method>(
    message: &'a Message<'a>,
) -> Result<<M::Params as StructType>::Reader<'a>, Refusal> {
    message.root::<M::Params>().map_err(Refusal::Params)
}

/// New results in `answer`, for generated code.
///
/// # Errors
/// [`Refusal::Results`].
pub fn results<'a, M: Method>(
    answer: &'a mut MessageBuilder<'_>,
) -> Result<<M::Results as StructType>::Builder<'a>, Refusal> {
    answer.init::<M::Results>().map_err(Refusal::Results)
}

/// What a server says to a method that it does not have, for generated code.
#[must_use]
pub const fn unimplemented<M: Method>() -> Refusal {
    Refusal::Unimplemented(M::ID)
}

/// Calls method `M` with parameters that `fill` writes, for generated code.
pub fn start<M: Method, T: Caller>(
    caller: &T,
    fill: impl FnOnce(
        <M::Params as StructType>::Builder<'_>,
        &mut CapList<'_, T::Cap>,
    ) -> Result<(), Error>,
) -> Pending<M, T::Pending> {
    Pending::new(caller.call(M::ID, |buffer, caps| {
        let mut message = MessageBuilder::new(buffer);
        fill(message.init::<M::Params>()?, caps)?;
        Ok(message.len())
    }))
}

impl<T: Caller> Caller for &T {
    type Cap = T::Cap;
    type Pending = T::Pending;

    fn call(
        &self,
        method: MethodId,
        fill: impl FnOnce(&mut [u8], &mut CapList<'_, Self::Cap>) -> Result<usize, Error>,
    ) -> Self::Pending {
        (**self).call(method, fill)
    }
}
