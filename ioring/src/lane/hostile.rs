//! A side that lies, for tests and fuzzers: the queues under a client or a server, without the rules of a lane.

use super::{Client, Server};
use crate::queue::{Consumer, Producer};

impl Client {
    /// The queue of calls and the queue of completions.
    pub const fn queues(&mut self) -> (&mut Producer, &mut Consumer) {
        (&mut self.calls, &mut self.completions)
    }
}

impl Server {
    /// The queue of completions and the queue of calls.
    pub const fn queues(&mut self) -> (&mut Producer, &mut Consumer) {
        (&mut self.completions, &mut self.calls)
    }
}
