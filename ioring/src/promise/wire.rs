//! Messages as entries of a **line**: one [`crate::queue`] each way, which carries entries of all kinds, calls and
//! completions and notes, and so keeps them in the order in which they were sent.
//!
//! Trusts nothing: an entry is an allegation. What it says is checked for form here, for truth by [`super::Side`].

use super::message::{CallMessage, Cause, Descriptor, List, Message, Owner, Target, Token};
use crate::entry::{
    self, Call, CallId, CapRef, Completion, Entry, EntryError, Kind, Note, NoteKind, Payload,
    Status, TooLong, Transfer,
};

/// What a token stands for in a call or a return.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Body {
    /// Which interface of the object; 0 in a return.
    pub interface: u64,
    /// Which method of the interface; 0 in a return.
    pub method: u16,
    /// Arguments or results: what the lists leave of 32 bytes.
    pub data: Payload,
}

/// Index of a disembargo note: what it is.
const MARKER: u16 = 0;
const ARRIVED: u16 = 1;
const MARKER_HOME: u16 = 2;

/// The entry of a message. `body` is what its token stands for.
///
/// # Errors
/// [`TooLong`]: deadline, capabilities, dependencies and data take more than 32 bytes.
pub fn encode(message: &Message, body: &Body) -> Result<Entry, TooLong> {
    Ok(match message {
        Message::Call(call) => encode_call(call, body)?,
        Message::Return {
            question, result, ..
        } => encode_return(*question, result, body)?,
        Message::Finish { question } => about(NoteKind::Finish, *question).encode(),
        Message::Cancel { question } => about(NoteKind::Cancel, *question).encode(),
        Message::Resolve { export, target } => {
            let mut note = on_slot(NoteKind::Resolve, *export);
            match target {
                Descriptor::Broken(cause) => note.value = cause.to_bits().into(),
                target => note.caps.push(cap_ref(*target))?,
            }
            note.encode()
        }
        Message::Release { export, count } => {
            let mut note = on_slot(NoteKind::Release, *export);
            note.value = (*count).into();
            note.encode()
        }
        Message::Disembargo { target, id, owner } => {
            let mut note = about(NoteKind::Disembargo, 0);
            note.value = (*id).into();
            note.index = match owner {
                Owner::Sender => MARKER,
                Owner::Receiver => MARKER_HOME,
            };
            note.caps.push(match *target {
                Target::Export(slot) => CapRef::Home { slot },
                Target::Answer { question, index } => promised(question, index),
            })?;
            note.encode()
        }
        Message::Disembargoed { id } => {
            let mut note = about(NoteKind::Disembargo, 0);
            (note.value, note.index) = ((*id).into(), ARRIVED);
            note.encode()
        }
    })
}

fn encode_call(call: &CallMessage, body: &Body) -> Result<Entry, TooLong> {
    let target = match call.target {
        Target::Export(slot) => entry::Target::Slot(slot),
        Target::Answer { question, index } => entry::Target::Promised {
            call: CallId::from_bits(question),
            index: index.into(),
        },
    };
    let caps: List<CapRef> = call.caps.iter().map(|cap| cap_ref(*cap)).collect();
    let after = call
        .after
        .iter()
        .map(|question| CallId::from_bits(*question));
    let after: List<CallId> = after.collect();
    let mut entry = Call::new(target, body.interface, body.method)
        .with_deadline(call.deadline)?
        .with_caps(&caps)?
        .with_after(&after)?
        .with_payload(&body.data)?;
    if call.pipelined {
        entry = entry.pipelined();
    }
    if call.after_success {
        entry = entry.after_success();
    }
    Ok(entry.encode(CallId::from_bits(call.question)))
}

fn encode_return(
    question: u32,
    result: &Result<List<Descriptor>, Cause>,
    body: &Body,
) -> Result<Entry, TooLong> {
    let entry = match result {
        Ok(caps) => {
            let caps: List<CapRef> = caps.iter().map(|cap| cap_ref(*cap)).collect();
            Completion::new(Status::OK).with_caps(&caps)?
        }
        Err(cause) => Completion::new(status(*cause)).with_detail(cause.to_bits().into()),
    };
    let entry = entry.with_payload(&body.data)?;
    Ok(entry.encode(CallId::from_bits(question)))
}

fn about(kind: NoteKind, question: u32) -> Note {
    Note::about(kind, CallId::from_bits(question))
}

fn on_slot(kind: NoteKind, slot: u32) -> Note {
    Note {
        slot,
        ..about(kind, 0)
    }
}

const fn promised(question: u32, index: u8) -> CapRef {
    CapRef::Promised {
        call: CallId::from_bits(question),
        index: index as u16,
    }
}

const fn cap_ref(descriptor: Descriptor) -> CapRef {
    match descriptor {
        Descriptor::SenderHosted(slot) => CapRef::Slot {
            slot,
            transfer: Transfer::Copy,
        },
        Descriptor::ReceiverHosted(slot) => CapRef::Home { slot },
        Descriptor::ReceiverAnswer { question, index } => promised(question, index),
        Descriptor::Broken(_) => CapRef::Null,
    }
}

/// The status of a call that ended for `cause`; the detail is the cause's number.
const fn status(cause: Cause) -> Status {
    match cause {
        Cause::Null => Status::NO_CAPABILITY,
        Cause::Failed => Status::FAILED,
        Cause::Cancelled => Status::CANCELLED,
        Cause::DeadlinePassed => Status::DEADLINE,
        Cause::Dependency => Status::BROKEN_PROMISE,
        Cause::Cycle | Cause::TooDeep => Status::REFUSED_ORDER,
        Cause::Overloaded => Status::OVERLOADED,
        Cause::Revoked => Status::REVOKED,
        Cause::Disconnected => Status::PEER_GONE,
    }
}

/// The message of an entry, and what its token is to stand for. The token in it is to be replaced by the reader's own.
///
/// # Errors
/// [`EntryError`]: the fault of who wrote it. A line carries no buffers and no pages.
pub fn decode(entry: &Entry) -> Result<(Message, Body), EntryError> {
    match Kind::of(entry) {
        Kind::CALL => decode_call(entry),
        Kind::COMPLETION => decode_return(entry),
        _ => Ok((decode_note(&Note::decode(entry)?)?, Body::default())),
    }
}

fn decode_call(entry: &Entry) -> Result<(Message, Body), EntryError> {
    let (id, call) = Call::decode(entry)?;
    if call.buffer().is_some() || call.method_flags() != 0 {
        return Err(EntryError::Length);
    }
    let target = match call.target() {
        entry::Target::Slot(slot) => Target::Export(slot),
        entry::Target::Promised { call, index } => Target::Answer {
            question: call.to_bits(),
            index: small(index)?,
        },
    };
    let after = call.after();
    let message = CallMessage {
        question: id.to_bits(),
        target,
        pipelined: call.is_pipelined(),
        after: after.as_slice().iter().map(|id| id.to_bits()).collect(),
        after_success: call.is_after_success(),
        deadline: call.deadline(),
        caps: descriptors(call.caps().as_slice())?,
        token: Token::default(),
    };
    let body = Body {
        interface: call.interface(),
        method: call.method(),
        data: call.data(),
    };
    Ok((Message::Call(message), body))
}

fn decode_return(entry: &Entry) -> Result<(Message, Body), EntryError> {
    let (id, completion) = Completion::decode(entry)?;
    if completion.buffer().is_some() {
        return Err(EntryError::Length);
    }
    let caps = descriptors(completion.caps().as_slice())?;
    let result = match completion.status() {
        Status::OK => Ok(caps),
        // What has no cause of its own is an error of the object's.
        other => {
            let cause = u8::try_from(completion.detail())
                .ok()
                .and_then(Cause::from_bits);
            Err(cause
                .filter(|cause| status(*cause) == other)
                .unwrap_or(Cause::Failed))
        }
    };
    let message = Message::Return {
        question: id.to_bits(),
        result,
        token: Some(Token::default()),
    };
    let data = completion.data();
    Ok((
        message,
        Body {
            data,
            ..Body::default()
        },
    ))
}

fn decode_note(note: &Note) -> Result<Message, EntryError> {
    let question = note.call.to_bits();
    let export = note.slot;
    let number = u32::try_from(note.value).map_err(|_| EntryError::Reserved);
    let listed = note.caps.as_slice();
    Ok(match (note.kind, listed) {
        (NoteKind::Cancel, []) => Message::Cancel { question },
        (NoteKind::Finish, []) => Message::Finish { question },
        (NoteKind::Release, []) => Message::Release {
            export,
            count: number?,
        },
        (NoteKind::Resolve, []) => {
            let cause = u8::try_from(note.value).ok().and_then(Cause::from_bits);
            let target = Descriptor::Broken(cause.ok_or(EntryError::Reserved)?);
            Message::Resolve { export, target }
        }
        (NoteKind::Resolve, [target]) => Message::Resolve {
            export,
            target: descriptor(*target)?,
        },
        (NoteKind::Disembargo, []) if note.index == ARRIVED => {
            Message::Disembargoed { id: number? }
        }
        (NoteKind::Disembargo, [target]) => Message::Disembargo {
            target: match *target {
                CapRef::Home { slot } => Target::Export(slot),
                CapRef::Promised { call, index } => Target::Answer {
                    question: call.to_bits(),
                    index: small(index)?,
                },
                _ => return Err(EntryError::Capability),
            },
            id: number?,
            owner: match note.index {
                MARKER => Owner::Sender,
                MARKER_HOME => Owner::Receiver,
                _ => return Err(EntryError::Reserved),
            },
        },
        _ => return Err(EntryError::Length),
    })
}

fn small(index: u16) -> Result<u8, EntryError> {
    u8::try_from(index).map_err(|_| EntryError::Capability)
}

fn descriptor(cap: CapRef) -> Result<Descriptor, EntryError> {
    Ok(match cap {
        CapRef::Null => Descriptor::Broken(Cause::Null),
        CapRef::Slot {
            slot,
            transfer: Transfer::Copy,
        } => Descriptor::SenderHosted(slot),
        // A reference that moves is one that its sender releases; that is the sender's own affair.
        CapRef::Slot { .. } => return Err(EntryError::Capability),
        CapRef::Promised { call, index } => Descriptor::ReceiverAnswer {
            question: call.to_bits(),
            index: small(index)?,
        },
        CapRef::Home { slot } => Descriptor::ReceiverHosted(slot),
    })
}

fn descriptors(caps: &[CapRef]) -> Result<List<Descriptor>, EntryError> {
    // As many as an entry lists, at most.
    let mut list = List::new();
    for cap in caps {
        let cap = descriptor(*cap)?;
        list.try_push(cap).map_err(|_| EntryError::Length)?;
    }
    Ok(list)
}
