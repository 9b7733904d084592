//! Calls one way, completions the other. A call is submitted only while a place for its completion is free, so a completion
//! always has somewhere to go; and each call ends in exactly one: its id is of one call, until that is completed.

#[cfg(feature = "hostile")]
mod hostile;

use alloc::vec::Vec;

use crate::entry::{Call, CallId, Completion, TooLong};
use crate::layout::Geometry;
use crate::queue::{Broken, Consumer, Producer, queue};

/// Why nothing was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LaneError {
    /// All credits are out: take completions first.
    NoCredit,
    /// The other side broke the protocol: an impossible index, id or entry. The lane is of no more use.
    Broken,
    /// The call does not fit in an entry.
    TooLong,
}

impl From<TooLong> for LaneError {
    fn from(_: TooLong) -> Self {
        Self::TooLong
    }
}

impl From<Broken> for LaneError {
    fn from(_: Broken) -> Self {
        Self::Broken
    }
}

/// A place for a call under way.
#[derive(Clone, Copy)]
struct Outstanding {
    generation: u16,
    busy: bool,
}

/// The side that calls.
pub struct Client {
    calls: Producer,
    completions: Consumer,
    outstanding: Vec<Outstanding>,
    free: Vec<u16>,
    broken: bool,
}

/// The side that answers.
pub struct Server {
    calls: Consumer,
    completions: Producer,
    /// Calls taken and not completed.
    owed: u32,
    size: u32,
    broken: bool,
}

/// A call that was taken and is to be completed, once: [`Server::complete`] consumes it.
#[derive(Debug)]
#[must_use = "each call ends in exactly one completion"]
pub struct Incoming {
    id: CallId,
    /// What is asked.
    pub call: Call,
}

/// The two sides of a lane with queues of `geometry.entries()` entries.
#[must_use]
pub fn lane(geometry: Geometry) -> (Client, Server) {
    let size = geometry.entries();
    let (calls, incoming) = queue(geometry);
    let (answers, completions) = queue(geometry);
    let client = Client {
        calls,
        completions,
        outstanding: (0..size)
            .map(|_| Outstanding {
                generation: 0,
                busy: false,
            })
            .collect(),
        free: (0..size as u16).rev().collect(),
        broken: false,
    };
    let server = Server {
        calls: incoming,
        completions: answers,
        owed: 0,
        size,
        broken: false,
    };
    (client, server)
}

impl Client {
    /// Calls that may be submitted before a completion is taken.
    #[must_use]
    pub fn credits(&self) -> usize {
        self.free.len()
    }

    /// Calls submitted and not completed.
    #[must_use]
    pub fn outstanding(&self) -> usize {
        self.outstanding.len() - self.free.len()
    }

    /// Submits a call.
    ///
    /// # Errors
    /// [`LaneError`].
    pub fn submit(&mut self, call: &Call) -> Result<CallId, LaneError> {
        if self.broken {
            return Err(LaneError::Broken);
        }
        let slot = *self.free.last().ok_or(LaneError::NoCredit)?;
        let place = self
            .outstanding
            .get_mut(usize::from(slot))
            .ok_or(LaneError::Broken)?;
        let id = CallId {
            slot,
            generation: place.generation,
        };
        let entry = call.encode(id)?;
        place.busy = true;
        self.free.pop();
        // With a credit there is room, unless the server has completed calls that it has not taken.
        if !self.calls.push(entry)? {
            self.broken = true;
            return Err(LaneError::Broken);
        }
        Ok(id)
    }

    /// Takes the next completion, if there is one, and with it a credit.
    ///
    /// # Errors
    /// [`LaneError::Broken`].
    pub fn take(&mut self) -> Result<Option<(CallId, Completion)>, LaneError> {
        if self.broken {
            return Err(LaneError::Broken);
        }
        let Some(entry) = self.completions.pop()? else {
            return Ok(None);
        };
        let taken = Completion::decode(&entry)
            .ok()
            .and_then(|(id, completion)| Some((self.settle(id)?, completion)));
        self.broken = taken.is_none();
        taken.map(Some).ok_or(LaneError::Broken)
    }

    /// The call of an id that is out, which it is no more; `None` if no such call is.
    fn settle(&mut self, id: CallId) -> Option<CallId> {
        let place = self.outstanding.get_mut(usize::from(id.slot))?;
        if !place.busy || place.generation != id.generation {
            return None;
        }
        place.busy = false;
        place.generation = place.generation.wrapping_add(1);
        self.free.push(id.slot);
        Some(id)
    }

    /// Whether the server sleeps and must be woken for what was submitted.
    #[must_use]
    pub fn must_ring(&self) -> bool {
        self.calls.must_ring()
    }

    /// Announces sleep until a completion comes; `false` if one is there already.
    ///
    /// # Errors
    /// [`LaneError::Broken`].
    pub fn may_sleep(&mut self) -> Result<bool, LaneError> {
        Ok(self.completions.may_sleep()?)
    }
}

impl Server {
    /// Takes the next call, if there is one.
    ///
    /// # Errors
    /// [`LaneError::Broken`], also when the client has more calls out than it has credits.
    pub fn take(&mut self) -> Result<Option<Incoming>, LaneError> {
        if self.broken {
            return Err(LaneError::Broken);
        }
        let Some(entry) = self.calls.pop()? else {
            return Ok(None);
        };
        let decoded = Call::decode(&entry).ok().filter(|_| self.owed < self.size);
        self.broken = decoded.is_none();
        let (id, call) = decoded.ok_or(LaneError::Broken)?;
        self.owed += 1;
        Ok(Some(Incoming { id, call }))
    }

    /// Completes a call.
    ///
    /// # Errors
    /// [`LaneError::Broken`], also when there is no place for it: then the client lied about its credits.
    pub fn complete(
        &mut self,
        incoming: Incoming,
        completion: &Completion,
    ) -> Result<(), LaneError> {
        self.owed = self.owed.checked_sub(1).ok_or(LaneError::Broken)?;
        match self.completions.push(completion.encode(incoming.id)?)? {
            true => Ok(()),
            false => Err(LaneError::Broken),
        }
    }

    /// Whether the client sleeps and must be woken for what was completed.
    #[must_use]
    pub fn must_ring(&self) -> bool {
        self.completions.must_ring()
    }

    /// Announces sleep until a call comes; `false` if one is there already.
    ///
    /// # Errors
    /// [`LaneError::Broken`].
    pub fn may_sleep(&mut self) -> Result<bool, LaneError> {
        Ok(self.calls.may_sleep()?)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::entry::Status;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::vec::Vec;

    fn small() -> (Client, Server) {
        lane(Geometry::new(4, 1).unwrap())
    }

    fn call(method: u16) -> Call {
        Call {
            method,
            ..Call::default()
        }
    }

    #[test]
    fn credits_run_out_and_come_back_with_completions() {
        let (mut client, mut server) = small();
        for method in 0..4 {
            client.submit(&call(method)).unwrap();
        }
        assert_eq!(client.submit(&call(4)), Err(LaneError::NoCredit));
        let first = server.take().unwrap().unwrap();
        assert_eq!(client.submit(&call(4)), Err(LaneError::NoCredit));
        server.complete(first, &Completion::default()).unwrap();
        client.take().unwrap().unwrap();
        client.submit(&call(4)).unwrap();
    }

    #[test]
    fn a_completion_of_no_call_breaks_the_lane() {
        let (mut client, mut server) = small();
        client.submit(&call(0)).unwrap();
        let taken = server.take().unwrap().unwrap();
        let word = taken.id;
        server.complete(taken, &Completion::default()).unwrap();
        assert_eq!(
            server
                .completions
                .push(Completion::default().encode(word).unwrap()),
            Ok(true)
        );
        assert!(client.take().unwrap().is_some());
        assert_eq!(client.take(), Err(LaneError::Broken));
        assert_eq!(client.submit(&call(1)), Err(LaneError::Broken));
    }

    #[test]
    fn a_client_with_more_calls_than_credits_breaks_the_lane() {
        let (mut client, mut server) = small();
        let mut taken = Vec::new();
        for id in 0..4 {
            client
                .calls
                .push(call(0).encode(CallId::from_bits(id)).unwrap())
                .unwrap();
            taken.push(server.take().unwrap().unwrap());
        }
        client
            .calls
            .push(call(0).encode(CallId::from_bits(4)).unwrap())
            .unwrap();
        assert_eq!(server.take().unwrap_err(), LaneError::Broken);
        taken.clear();
        client
            .calls
            .push(call(0).encode(CallId::from_bits(5)).unwrap())
            .unwrap();
        assert_eq!(server.take().unwrap_err(), LaneError::Broken);
    }

    proptest! {
        /// Whatever the order in which the server completes, each call ends once and in no other's name.
        #[test]
        fn each_call_ends_in_exactly_one_completion(ops in proptest::collection::vec((0_u8..3, any::<usize>()), 0..200)) {
            let (mut client, mut server) = small();
            let (mut out, mut taken, mut sent) = (BTreeSet::new(), Vec::new(), 0_u64);
            for (op, which) in ops {
                match op {
                    0 => match client.submit(&Call { interface: sent, ..Call::default() }) {
                        Ok(id) => {
                            prop_assert!(out.insert((id.slot, id.generation)));
                            sent += 1;
                        }
                        Err(error) => prop_assert_eq!((error, out.len()), (LaneError::NoCredit, 4)),
                    },
                    1 => taken.extend(server.take().unwrap()),
                    _ => {
                        if !taken.is_empty() {
                            let incoming = taken.swap_remove(which % taken.len());
                            let status = Status(incoming.call.interface as u32);
                            server.complete(incoming, &Completion { status, ..Completion::default() }).unwrap();
                        }
                        if let Some((id, _)) = client.take().unwrap() {
                            prop_assert!(out.remove(&(id.slot, id.generation)));
                        }
                    }
                }
                prop_assert_eq!(client.outstanding(), out.len());
            }
        }
    }
}
