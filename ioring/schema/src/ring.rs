//! Typed calls over a lane of a ring: what a generated client calls through, and how a generated server answers what was taken.
//!
//! A message lies whole in the entry if there is room beside the capability list, else whole in a buffer. Capabilities are
//! listed as [`CapRef`]s; whose slots those are, and whether there is anything in them, is for the owner of the capability
//! table, who rewrites the list before [`answer`] and after [`Reply::of`]. Neighbours: `isthmus-ioring` carries entries and knows no
//! schema; [`crate::local`] does the same within one address space.

use crate::{
    call::{Bytes, Caller, CapList, Dispatch, MethodId, Refusal, named},
    wire::{CapIndex, Error},
};
use core::cell::RefCell;
use isthmus_ioring::{
    Buffer, Call, CallId, Client, Completion, Incoming, LaneError, Payload, Server, Taken,
    carrier::Carrier,
    entry::{CapRef, Caps, Deadline, Spilled, Status, Target},
    memory::Memory,
};

/// Capabilities that a message may name at most when it is sent from here: as many as an entry lists beside a buffer.
pub const MOST_CAPS: usize = 3;

/// Why a call was not submitted. Both are the caller's own side's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsent {
    /// The parameters could not be written; [`Error::Full`] also if there is no buffer and they do not fit in an entry.
    Message(Error),
    /// The lane did not take it.
    Lane(LaneError),
}

/// One target behind a lane, as what a generated client calls through. A call is submitted and gives its id; what it came to is a
/// [`Reply::of`] the completion that the lane's owner takes.
pub struct OnLane<'l, M: Memory, C: Carrier> {
    lane: RefCell<&'l mut Client<M, C>>,
    target: Target,
    deadline: Deadline,
}

impl<'l, M: Memory, C: Carrier> OnLane<'l, M, C> {
    /// Calls to `target`, each with `deadline`.
    pub const fn new(lane: &'l mut Client<M, C>, target: Target, deadline: Deadline) -> Self {
        Self {
            lane: RefCell::new(lane),
            target,
            deadline,
        }
    }
}

impl<M: Memory, C: Carrier> Caller for OnLane<'_, M, C> {
    type Cap = CapRef;
    type Pending = Result<CallId, Unsent>;

    fn call(
        &self,
        method: MethodId,
        fill: impl FnOnce(&mut [u8], &mut CapList<'_, CapRef>) -> Result<usize, Error>,
    ) -> Self::Pending {
        let call = Call::new(self.target, method.interface, method.method);
        let call = call
            .with_deadline(self.deadline)
            .map_err(|_| Unsent::Message(Error::Full))?;
        // `fill` is a stranger: it may call through this very target, but not while the lane is lent.
        let buffer = self.lane.borrow_mut().carrier().claim();
        let mut slots = [None; MOST_CAPS];
        let written = write(buffer, |room| {
            let mut list = CapList::new(&mut slots);
            fill(room, &mut list).map(|length| (length, list.len()))
        });
        let lane = &mut **self.lane.borrow_mut();
        let ((length, count), data) = match written {
            Ok(written) => written,
            Err((error, buffer)) => {
                give_back(lane.carrier(), buffer);
                return Err(Unsent::Message(error));
            }
        };
        let caps = slots.map(Option::unwrap_or_default);
        let caps = caps.get(..count).unwrap_or_default();
        submit(lane, call, caps, data, length)
    }
}

fn submit<M: Memory, C: Carrier>(
    lane: &mut Client<M, C>,
    call: Call,
    caps: &[CapRef],
    data: Data,
    length: usize,
) -> Result<CallId, Unsent> {
    let listed = call.with_caps(caps).map_err(|_| Error::Full);
    let fits = listed.and_then(|call| {
        let payload = data.inline(length).ok_or(Error::Full)?;
        call.with_payload(&payload).map_err(|_| Error::Full)
    });
    match (fits, listed, data.into_buffer(length)) {
        (Ok(call), _, buffer) => {
            give_back(lane.carrier(), buffer);
            lane.submit(&call).map_err(Unsent::Lane)
        }
        (Err(_), Ok(call), Some(buffer)) => {
            lane.submit_with(&call, buffer).map_err(|(error, buffer)| {
                lane.carrier().recycle(buffer);
                Unsent::Lane(error)
            })
        }
        (Err(error), _, buffer) => {
            give_back(lane.carrier(), buffer);
            Err(Unsent::Message(error))
        }
    }
}

fn give_back<C: Carrier>(carrier: &mut C, buffer: Option<Buffer>) {
    if let Some(buffer) = buffer {
        carrier.recycle(buffer);
    }
}

/// Where a message was written.
enum Data {
    Buffer(Buffer),
    /// There is no buffer: the message fits in an entry or it does not fit.
    Entry([u8; Payload::MAX]),
}

/// Writes a message into `buffer`, or into as much as an entry holds if there is none.
fn write<T>(
    buffer: Option<Buffer>,
    fill: impl FnOnce(&mut [u8]) -> Result<T, Error>,
) -> Result<(T, Data), (Error, Option<Buffer>)> {
    match buffer {
        Some(mut buffer) => {
            buffer.set_len(buffer.capacity());
            match fill(&mut buffer) {
                Ok(filled) => Ok((filled, Data::Buffer(buffer))),
                Err(error) => Err((error, Some(buffer))),
            }
        }
        None => {
            let mut bytes = [0; Payload::MAX];
            let filled = fill(&mut bytes).map_err(|error| (error, None))?;
            Ok((filled, Data::Entry(bytes)))
        }
    }
}

impl Data {
    /// The message as an entry's own data, if it is short enough.
    fn inline(&self, length: usize) -> Option<Payload> {
        let bytes: &[u8] = match self {
            Self::Buffer(buffer) => buffer,
            Self::Entry(bytes) => bytes,
        };
        Payload::new(bytes.get(..length)?)
    }

    /// The buffer, holding the message alone.
    fn into_buffer(self, length: usize) -> Option<Buffer> {
        match self {
            Self::Buffer(mut buffer) => {
                buffer.set_len(length);
                Some(buffer)
            }
            Self::Entry(_) => None,
        }
    }
}

/// What came back for a call.
#[derive(Debug)]
pub struct Reply {
    /// The completion; its buffer can be taken out and recycled when the results have been read.
    pub taken: Taken,
    bytes: [u8; Payload::MAX],
    length: usize,
}

impl Reply {
    /// The reply in a completion.
    ///
    /// # Errors
    /// The completion, if its status is not [`Status::OK`].
    pub fn of(taken: Taken) -> Result<Self, Taken> {
        if taken.completion.status() != Status::OK {
            return Err(taken);
        }
        let (bytes, length) = inline(&taken.completion.data());
        Ok(Self {
            taken,
            bytes,
            length,
        })
    }

    /// The capability that a field of the results names, as the sender lists it.
    ///
    /// # Errors
    /// [`Error::Capability`].
    pub fn cap(&self, index: Option<CapIndex>) -> Result<Option<CapRef>, Error> {
        let Some(place) = index else { return Ok(None) };
        let spilled = self.taken.completion.spilled();
        if spilled.caps == 0 {
            let listed = self.taken.completion.caps();
            return named(listed.as_slice(), index).map(|cap| cap.copied());
        }
        let buffer = self.taken.buffer.as_deref().unwrap_or_default();
        let at = u8::try_from(place.0).ok();
        let cap = at.and_then(|at| spilled.cap(buffer, at).ok());
        cap.map(Some).ok_or(Error::Capability(place.0))
    }
}

impl Bytes for Reply {
    fn bytes(&self) -> &[u8] {
        let own = self.bytes.get(..self.length).unwrap_or_default();
        message(
            own,
            self.taken.buffer.as_deref(),
            self.taken.completion.spilled(),
        )
    }
}

fn inline(data: &Payload) -> ([u8; Payload::MAX], usize) {
    let mut bytes = [0; Payload::MAX];
    let length = data.with(|data| {
        let to = bytes.get_mut(..data.len());
        to.map_or(0, |to| {
            to.copy_from_slice(data);
            data.len()
        })
    });
    (bytes, length)
}

/// The message: what is in the buffer behind its lists, or in the entry if there is no buffer.
fn message<'a>(own: &'a [u8], buffer: Option<&'a [u8]>, spilled: Spilled) -> &'a [u8] {
    match buffer {
        Some(buffer) => buffer.get(spilled.bytes()..).unwrap_or_default(),
        None => own,
    }
}

/// What a server is told of a call, and what it puts capabilities into: the `X` of its `Server`.
#[derive(Debug)]
pub struct Context<'a> {
    /// What was called: the slot, above all.
    pub target: Target,
    /// When the caller stops waiting.
    pub deadline: Deadline,
    received: &'a [CapRef],
    sent: [Option<CapRef>; MOST_CAPS],
    count: usize,
}

impl<'a> Context<'a> {
    /// The capability that a field of the parameters names; `None` if the field names none.
    ///
    /// # Errors
    /// [`Error::Capability`].
    pub fn get(&self, index: Option<CapIndex>) -> Result<Option<CapRef>, Error> {
        named(self.received, index).map(|cap| cap.copied())
    }

    /// Adds a capability to the results and gives the index to put into a field of theirs.
    ///
    /// # Errors
    /// [`Error::Full`] if there are [`MOST_CAPS`] already.
    pub fn give(&mut self, capability: CapRef) -> Result<CapIndex, Error> {
        let index = CapIndex(u32::try_from(self.count).map_err(|_| Error::Full)?);
        *self.sent.get_mut(self.count).ok_or(Error::Full)? = Some(capability);
        self.count = self.count.saturating_add(1);
        Ok(index)
    }
}

/// Has `object` answer a call that was taken, and completes it: with results, or with the [`Status`] that the object gives.
///
/// # Errors
/// [`LaneError::Closed`]. What else a lane may refuse ends the call as [`Status::FAILED`].
pub fn answer<D, M: Memory, C: Carrier>(
    lane: &mut Server<M, C>,
    incoming: Incoming,
    object: &D,
) -> Result<(), LaneError>
where
    D: for<'a> Dispatch<Context<'a>, Status>,
{
    let room = lane.carrier().claim();
    let mut list = [CapRef::Null; Spilled::MAX_CAPS as usize];
    let received = received(&incoming, &mut list);
    let Some(received) = received else {
        give_back(lane.carrier(), room);
        return lane.complete(incoming, &Status::BAD_ARGUMENT.into());
    };
    let call = &incoming.call;
    let method = MethodId {
        interface: call.interface(),
        method: call.method(),
    };
    let mut context = Context {
        target: call.target(),
        deadline: call.deadline(),
        received,
        sent: [None; MOST_CAPS],
        count: 0,
    };
    let (own, length) = inline(&call.data());
    let own = own.get(..length).unwrap_or_default();
    let params = message(own, incoming.buffer.as_deref(), call.spilled());
    let mut refused = Status::FAILED;
    let written = write(room, |results| {
        let answered = object.dispatch(method, params, &mut context, results);
        answered.map_err(|status| {
            refused = status;
            Error::Full
        })
    });
    let (sent, count) = (context.sent, context.count);
    match written {
        Ok((length, data)) => complete(lane, incoming, (&sent, count), data, length),
        Err((_, buffer)) => {
            give_back(lane.carrier(), buffer);
            lane.complete(incoming, &refused.into())
        }
    }
}

/// The capabilities that came with a call, in the entry or at the beginning of its buffer; `None` if the list is none.
fn received<'l>(incoming: &Incoming, list: &'l mut [CapRef]) -> Option<&'l [CapRef]> {
    let spilled = incoming.call.spilled();
    if spilled.caps == 0 {
        let caps: Caps = incoming.call.caps();
        let caps = caps.as_slice();
        let to = list.get_mut(..caps.len())?;
        to.copy_from_slice(caps);
        return Some(to);
    }
    let buffer = incoming.buffer.as_deref()?;
    let to = list.get_mut(..usize::from(spilled.caps))?;
    for (index, place) in (0..spilled.caps).zip(to.iter_mut()) {
        *place = spilled.cap(buffer, index).ok()?;
    }
    Some(to)
}

fn complete<M: Memory, C: Carrier>(
    lane: &mut Server<M, C>,
    incoming: Incoming,
    (sent, count): (&[Option<CapRef>; MOST_CAPS], usize),
    data: Data,
    length: usize,
) -> Result<(), LaneError> {
    let caps = sent.map(Option::unwrap_or_default);
    let caps = caps.get(..count).unwrap_or_default();
    let Ok(listed) = Completion::new(Status::OK).with_caps(caps) else {
        give_back(lane.carrier(), data.into_buffer(length));
        return lane.complete(incoming, &Status::FAILED.into());
    };
    let fits = data
        .inline(length)
        .and_then(|payload| listed.with_payload(&payload).ok());
    match (fits, data.into_buffer(length)) {
        (Some(completion), buffer) => {
            give_back(lane.carrier(), buffer);
            lane.complete(incoming, &completion)
        }
        (None, Some(buffer)) => match lane.complete_with(incoming, &listed, buffer) {
            Ok(()) => Ok(()),
            Err((error, None)) => Err(error),
            Err((_, Some((incoming, buffer)))) => {
                lane.carrier().recycle(buffer);
                lane.complete(incoming, &Status::FAILED.into())
            }
        },
        (None, None) => lane.complete(incoming, &Status::FAILED.into()),
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unimplemented(_) => Self::NO_METHOD,
            Refusal::Params(_) => Self::BAD_ARGUMENT,
            Refusal::Results(_) => Self::FAILED,
        }
    }
}

/// Lets `?` be used on parameters and results in a server's methods.
impl From<Error> for Status {
    fn from(error: Error) -> Self {
        Refusal::from(error).into()
    }
}
