//! What two sides say to each other, and the words both use: messages, descriptors, causes, limits, violations.
//!
//! A message that came from a peer is an allegation; [`super::Side::receive`] checks every number in it.

use arrayvec::ArrayVec;

use crate::entry::Deadline;

/// Most capabilities in a message, and most calls that a call may name to come before it.
pub const MAX_LIST: usize = 4;

/// A short list, as in a message.
pub type List<T> = ArrayVec<T, MAX_LIST>;

/// What travels with a message and is not looked at: a name for its data, a buffer, an error's text. Each token that is
/// handed in is handed out exactly once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Token(pub u64);

/// An object of this side, as its host names it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct ObjectId(pub u64);

/// Why a promise is broken and a call failed. What hangs on a promise breaks with the promise's cause.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Cause {
    /// There is no such capability among the results.
    Null,
    /// The object said so; the token of the answer may tell more.
    Failed,
    /// The caller gave it up.
    Cancelled,
    /// It took longer than its deadline allows.
    DeadlinePassed,
    /// A call that was to succeed before this one did not.
    Dependency,
    /// The promise was resolved to something that waits for the promise.
    Cycle,
    /// More calls on results of calls on results than [`Limits::depth`].
    TooDeep,
    /// A table is full.
    Overloaded,
    /// The capability was revoked.
    Revoked,
    /// The other side is gone, or broke the protocol.
    Disconnected,
}

impl Cause {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 10] = [
        Self::Null,
        Self::Failed,
        Self::Cancelled,
        Self::DeadlinePassed,
        Self::Dependency,
        Self::Cycle,
        Self::TooDeep,
        Self::Overloaded,
        Self::Revoked,
        Self::Disconnected,
    ];

    /// Its number, from 0.
    #[must_use]
    pub const fn to_bits(self) -> u8 {
        self as u8
    }

    /// The cause of that number, if there is one.
    #[must_use]
    pub fn from_bits(bits: u8) -> Option<Self> {
        Self::ALL.get(usize::from(bits)).copied()
    }
}

/// What a call or a marker is sent to, in the words of who receives it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Target {
    /// A capability that the receiver exports.
    Export(u32),
    /// A capability among the results of an earlier call, which the receiver answers.
    Answer {
        /// The sender's question.
        question: u32,
        /// Which of the capabilities, from 0, below [`MAX_LIST`].
        index: u8,
    },
}

/// A capability in a message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Descriptor {
    /// An export of the sender. It may turn out to be a promise: then a [`Message::Resolve`] says once what it became.
    /// Each such descriptor counts as one reference, until a [`Message::Release`].
    SenderHosted(u32),
    /// An export of the receiver: the capability comes home.
    ReceiverHosted(u32),
    /// A promised result of a call that the receiver answers.
    ReceiverAnswer {
        /// The sender's question.
        question: u32,
        /// Which of the capabilities.
        index: u8,
    },
    /// A broken one.
    Broken(Cause),
}

/// Whose number an embargo's is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Owner {
    /// The sender's: the marker leaves.
    Sender,
    /// The receiver's: the marker comes back along the path of calls.
    Receiver,
}

/// A call.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CallMessage {
    /// Its number, free at the sender.
    pub question: u32,
    /// What is called.
    pub target: Target,
    /// Whether the sender may call on its results; then a [`Message::Finish`] follows the return.
    pub pipelined: bool,
    /// Questions of the sender that must have ended before this call starts.
    pub after: List<u32>,
    /// Whether these must also have succeeded.
    pub after_success: bool,
    /// When the answer is of no more use.
    pub deadline: Deadline,
    /// Capabilities that go along.
    pub caps: List<Descriptor>,
    /// Interface, method and arguments.
    pub token: Token,
}

/// A message. One direction of a connection delivers them all, in the order in which they were sent.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Message {
    /// A call.
    Call(CallMessage),
    /// How a call ended.
    Return {
        /// The receiver's question.
        question: u32,
        /// Capabilities among the results, or why there are none.
        result: Result<List<Descriptor>, Cause>,
        /// Results, or what more there is to say of the error.
        token: Option<Token>,
    },
    /// The sender has the return of a pipelined call and names its results no more.
    Finish {
        /// The sender's question.
        question: u32,
    },
    /// The sender gives the call up. One that has ended is a race and no fault.
    Cancel {
        /// The sender's question.
        question: u32,
    },
    /// What a promise became that the sender exports.
    Resolve {
        /// The export.
        export: u32,
        /// What it is now.
        target: Descriptor,
    },
    /// References to an export of the receiver that are given back.
    Release {
        /// The export.
        export: u32,
        /// How many.
        count: u32,
    },
    /// A marker that follows the calls sent to `target` before it to wherever these go.
    Disembargo {
        /// Where to.
        target: Target,
        /// Number of the embargo.
        id: u32,
        /// Whose number that is.
        owner: Owner,
    },
    /// The receiver's marker has reached the end of its path, here.
    Disembargoed {
        /// Number of the embargo, the receiver's.
        id: u32,
    },
}

impl Message {
    /// The token in it.
    #[must_use]
    pub const fn token(&self) -> Option<Token> {
        match self {
            Self::Call(call) => Some(call.token),
            Self::Return { token, .. } => *token,
            _ => None,
        }
    }
}

/// How much of everything there is at most; the same at both sides of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Limits {
    /// Calls that the host has under way.
    pub calls: u32,
    /// Calls of the peer that are passed back to the peer, because what they call lives there.
    pub relays: u32,
    /// References, imports, exports and promised results together; at least [`Limits::LEAST_NODES`].
    pub nodes: u32,
    /// Capabilities that the peer holds of a side.
    pub exports: u32,
    /// References that wait for their marker.
    pub embargoes: u32,
    /// Calls on results of calls on results, and so on.
    pub depth: u16,
}

impl Limits {
    /// Nodes that a side takes for itself, one for each cause.
    pub const LEAST_NODES: u32 = Cause::ALL.len() as u32;

    /// Questions that may be under way in one direction.
    #[must_use]
    pub const fn questions(&self) -> u32 {
        self.calls.saturating_add(self.relays)
    }

    /// Records of calls and markers that a side may need at once.
    #[must_use]
    pub(super) const fn records(&self) -> u32 {
        self.questions()
            .saturating_mul(2)
            .saturating_add(self.embargoes.saturating_mul(2))
    }

    /// Actions that may wait for [`super::Side::poll`] while the peer keeps to the protocol.
    #[must_use]
    pub(super) const fn outbox(&self) -> usize {
        let busy = self.records().saturating_add(self.nodes);
        busy.saturating_mul(4) as usize
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls: 64,
            relays: 64,
            nodes: 1024,
            exports: 256,
            embargoes: 64,
            depth: 64,
        }
    }
}

/// What the peer did that no peer may do. The connection closes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Violation {
    /// A question beyond [`Limits::questions`], or one that is under way already.
    Question(u32),
    /// A return or finish for a question that does not await it.
    NoQuestion(u32),
    /// An export that the peer was not given, or gave back.
    NoExport(u32),
    /// A result of a call that is not under way, was not pipelined, or whose index is too high.
    NoAnswer(u32),
    /// An export number beyond [`Limits::nodes`], or one more than [`Limits::exports`].
    Export(u32),
    /// More references given back than were given.
    Release(u32),
    /// More references given than can be counted.
    Count(u32),
    /// A call that comes after one that never was.
    After(u32),
    /// A marker that is under way already, is not ours, or one too many.
    Embargo(u32),
    /// More messages than their answers were taken.
    Flood,
    /// The connection is closed already.
    Closed,
}
