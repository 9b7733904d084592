//! Typed calls within one address space: a generated server as an object of `isthmus-caps`, and a capability as what a generated
//! client calls through.
//!
//! Messages lie on the stack, so that a call whose results are small and that is answered at once allocates nothing.
//! Neighbours: `isthmus-caps` has objects and capabilities and knows no schema; [`crate::call`] is the shape of both.

extern crate alloc;

use crate::{
    call::{Bytes, Caller, CapList, Dispatch, MethodId, Refusal, named},
    wire::{CapIndex, Error},
};
use alloc::vec::Vec;
use isthmus_caps::{CallError, Cap, Holder, Instant, Object, Outcome, Payload, Reply, Request};

/// Bytes that a message of parameters or results may have unless its object or caller says otherwise.
pub const ROOM: usize = 512;

/// Capabilities that a message may name at most.
pub const MOST_CAPS: usize = 16;

/// What a server is told of a call, and what it puts capabilities into: the `X` of its `Server`.
#[derive(Debug)]
pub struct Context<'a> {
    /// The rights and the badge of the capability that was called.
    pub holder: Holder,
    /// When the caller stops waiting.
    pub deadline: Instant,
    received: &'a [Cap],
    sent: Vec<Cap>,
}

impl<'a> Context<'a> {
    /// The capability that a field of the parameters names; `None` if the field names none. Clone it to keep it.
    ///
    /// # Errors
    /// [`Error::Capability`].
    pub fn get(&self, index: Option<CapIndex>) -> Result<Option<&'a Cap>, Error> {
        named(self.received, index)
    }

    /// Adds a capability to the results and gives the index to put into a field of theirs.
    ///
    /// # Errors
    /// [`Error::Full`] if there are [`MOST_CAPS`] already; the capability is dropped.
    pub fn give(&mut self, capability: Cap) -> Result<CapIndex, Error> {
        let index = u32::try_from(self.sent.len()).map_err(|_| Error::Full)?;
        if self.sent.len() >= MOST_CAPS {
            return Err(Error::Full);
        }
        self.sent.push(capability);
        Ok(CapIndex(index))
    }
}

/// A generated `Serve` as an object. `SIZE` bounds its results, in bytes.
///
/// An object that answers later implements [`Object`] itself, and reads calls with the generated `Request`.
#[derive(Debug, Clone, Copy)]
pub struct Local<D, const SIZE: usize = ROOM>(pub D);

impl<D, const SIZE: usize> Object for Local<D, SIZE>
where
    D: for<'a> Dispatch<Context<'a>, CallError> + Send + Sync + 'static,
{
    fn call(&self, holder: Holder, request: &Request<'_>) -> Outcome {
        let method = MethodId {
            interface: request.interface,
            method: request.method,
        };
        let mut context = Context {
            holder,
            deadline: request.deadline(),
            received: request.caps,
            sent: Vec::new(),
        };
        let mut results = [0; SIZE];
        let answered = self
            .0
            .dispatch(method, request.params, &mut context, &mut results);
        Outcome::Ready(answered.map(|length| Reply {
            data: Payload::copied(results.get(..length).unwrap_or_default()),
            caps: context.sent,
        }))
    }
}

/// A capability as what a generated client calls through. `SIZE` bounds the parameters, in bytes.
#[derive(Debug, Clone)]
pub struct Through<const SIZE: usize = ROOM>(pub Cap);

impl<const SIZE: usize> Caller for Through<SIZE> {
    type Cap = Cap;
    type Pending = Outcome;

    fn call(
        &self,
        method: MethodId,
        fill: impl FnOnce(&mut [u8], &mut CapList<'_, Cap>) -> Result<usize, Error>,
    ) -> Outcome {
        let mut params = [0; SIZE];
        let mut slots = [const { None }; MOST_CAPS];
        let mut list = CapList::new(&mut slots);
        let length = match fill(&mut params, &mut list) {
            Ok(length) => length,
            Err(error) => return Outcome::fail(error.into()),
        };
        let caps: Vec<Cap> = slots.into_iter().flatten().collect();
        let params = params.get(..length).unwrap_or_default();
        let request = Request::new(method.interface, method.method, params);
        self.0.call(&request.with_caps(&caps))
    }
}

impl Bytes for Reply {
    fn bytes(&self) -> &[u8] {
        self.data.as_slice()
    }
}

impl From<Refusal> for CallError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unimplemented(_) => Self::Unimplemented,
            Refusal::Params(_) => Self::BadParams,
            Refusal::Results(_) => Self::failed("a message did not fit its buffer"),
        }
    }
}

/// Lets `?` be used on parameters and results in a server's methods.
impl From<Error> for CallError {
    fn from(error: Error) -> Self {
        Refusal::from(error).into()
    }
}
