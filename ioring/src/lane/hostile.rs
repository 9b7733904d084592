//! A side that lies, for tests and fuzzers: the queues under a client or a server, without the rules of a lane.

use super::{Client, Server};
use crate::carrier::Carrier;
use crate::memory::Memory;
use crate::queue::{Consumer, Producer};

impl<M: Memory, C: Carrier> Client<M, C> {
    /// The queue of calls and the queue of completions.
    pub const fn queues(&mut self) -> (&mut Producer<M>, &mut Consumer<M>) {
        (&mut self.calls, &mut self.completions)
    }
}

impl<M: Memory, C: Carrier> Server<M, C> {
    /// The queue of completions and the queue of calls.
    pub const fn queues(&mut self) -> (&mut Producer<M>, &mut Consumer<M>) {
        (&mut self.completions, &mut self.calls)
    }
}
