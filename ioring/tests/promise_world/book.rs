//! The book: what was asked, begun, answered and ended, and where each token is.

use super::Map;
use isthmus_ioring::promise::{Cause, Message, Token};

/// Added to the number of a call, this is the token of its answer.
const ANSWER: u64 = 1 << 32;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Entry {
    stream: u16,
    argument: Option<u16>,
    result: u16,
    after: Vec<u16>,
    after_success: bool,
    begun: bool,
    /// Whether it was answered, and well.
    answered: Option<bool>,
    cancelled: bool,
    ended: bool,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Book {
    calls: Vec<Entry>,
    streams: u16,
    /// The last call begun, by stream.
    begun: Map<u16, u16>,
    /// What the object behind a reference depends on: other references.
    waits: Map<u16, Vec<u16>>,
    /// Tokens that are somewhere between the hosts.
    inside: Map<u64, ()>,
    /// The first promise of the protocol that was broken.
    pub fault: Option<String>,
}

impl Book {
    pub fn fail(&mut self, fault: String) {
        self.fault.get_or_insert(fault);
    }

    pub fn new_stream(&mut self) -> u16 {
        self.streams += 1;
        self.streams - 1
    }

    /// What `stream` is depends on what `on` is.
    pub fn depends(&mut self, stream: u16, on: u16) {
        self.waits.entry(stream).or_default().push(on);
    }

    /// Whether what `stream` is depends on what `on` is.
    pub fn is_circle(&self, stream: u16, on: u16) -> bool {
        let next = self.waits.get(&stream);
        stream == on || next.is_some_and(|next| next.iter().any(|next| self.is_circle(*next, on)))
    }

    /// The reference to a call's result.
    pub fn result(&self, number: u16) -> u16 {
        self.calls[usize::from(number)].result
    }

    /// The reference that went along with a call.
    pub fn argument(&self, number: u16) -> Option<u16> {
        self.calls[usize::from(number)].argument
    }

    /// A host makes a call by a reference. The number is the call's token.
    pub fn asked(
        &mut self,
        stream: u16,
        argument: Option<u16>,
        after: Vec<u16>,
        after_success: bool,
    ) -> u16 {
        let number = self.calls.len() as u16;
        self.inside.insert(number.into(), ());
        let result = self.new_stream();
        self.depends(result, stream);
        for call in &after {
            self.depends(result, self.result(*call));
        }
        self.calls.push(Entry {
            stream,
            argument,
            result,
            after,
            after_success,
            begun: false,
            answered: None,
            cancelled: false,
            ended: false,
        });
        number
    }

    /// The last call asked was refused: nothing was done, and its token is still the host's.
    pub fn withdrawn(&mut self, number: u16) {
        self.calls.pop();
        self.token_out(Token(number.into()));
    }

    /// A token comes out.
    pub fn token_out(&mut self, token: Token) {
        if self.inside.remove(&token.0).is_none() {
            self.fail(format!("{token:?} came out twice"));
        }
    }

    /// A message is lost with the connection.
    pub fn lost(&mut self, message: &Message) {
        if let Some(token) = message.token() {
            self.token_out(token);
        }
    }

    /// A host is told to begin a call.
    pub fn started(&mut self, token: Token) -> u16 {
        self.token_out(token);
        let number = token.0 as u16;
        let call = self.calls[usize::from(number)].clone();
        if call.begun {
            self.fail(format!("call {number} began twice"));
        }
        let last = self.begun.get(&call.stream).copied();
        if call.after.is_empty() && last.is_some_and(|last| last > number) {
            self.fail(format!(
                "call {number} began after call {last:?} of the same reference"
            ));
        }
        self.begun
            .insert(call.stream, number.max(last.unwrap_or(0)));
        for after in &call.after {
            let other = &self.calls[usize::from(*after)];
            let open = other.begun && other.answered.is_none();
            let failed = call.after_success
                && (other.answered != Some(true) || other.cancelled && other.ended);
            if open || failed && !other.cancelled {
                self.fail(format!("call {number} began before call {after} had ended"));
            }
        }
        let early = |other: &Entry| other.begun && other.after.contains(&number);
        if self.calls.iter().any(early) {
            self.fail(format!("call {number} began after one that comes after it"));
        }
        self.calls[usize::from(number)].begun = true;
        number
    }

    /// A host answers. The token is for the answer.
    pub fn answered(&mut self, number: u16, success: bool) -> Token {
        let call = &mut self.calls[usize::from(number)];
        let again = call.answered.replace(success).is_some();
        if again {
            self.fail(format!("call {number} was to be answered twice"));
        }
        let token = ANSWER | u64::from(number);
        self.inside.insert(token, ());
        Token(token)
    }

    /// A host gave a call up.
    pub fn cancelled(&mut self, number: u16) {
        self.calls[usize::from(number)].cancelled = true;
    }

    /// A host is told that its call has ended.
    pub fn ended(
        &mut self,
        number: u16,
        cause: Option<Cause>,
        token: Option<Token>,
        causes: &[Cause],
    ) {
        let call = &mut self.calls[usize::from(number)];
        let (again, answered, cancelled) = (call.ended, call.answered, call.cancelled);
        call.ended = true;
        if again {
            self.fail(format!("call {number} ended twice"));
        }
        if let Some(token) = token {
            self.token_out(token);
            if token.0 != ANSWER | u64::from(number) {
                self.fail(format!("call {number} was given the answer {token:?}"));
            }
        }
        match cause {
            None if answered != Some(true) || cancelled || token.is_none() => {
                self.fail(format!("call {number} succeeded without an answer"));
            }
            Some(cause) if !causes.contains(&cause) => {
                self.fail(format!("call {number} ended with {cause:?}"));
            }
            _ => {}
        }
    }

    /// At the end.
    pub fn closed_well(&self) -> Result<(), String> {
        if !self.inside.is_empty() {
            return Err(format!("tokens {:?} were lost", self.inside.keys()));
        }
        match self.calls.iter().position(|call| !call.ended) {
            Some(number) => Err(format!("call {number} never ended")),
            None => Ok(()),
        }
    }
}
