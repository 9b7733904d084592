//! The console: a service that prints lines for domains. A line goes over a lane of calls, cut into entries; the
//! service puts the domain's name before it, which the domain cannot choose, and prints it as one piece.

mod service;

pub use service::{ConsoleService, LineSink, serve};

use alloc::sync::Arc;
use core::future::poll_fn;
use core::task::Poll;

use isthmus_caps::{CapError, LedgerError, Rights};
use isthmus_ioring::entry::Target;
use isthmus_ioring::{Call, Client, LaneError, Payload};
use spin::Mutex;

use crate::account::Charge;
use crate::bell::Bell;
use crate::domain::Capability;

/// May write lines.
pub const WRITE: Rights = Rights::object(0);

/// The console's interface number, and its one method: append the data to the line.
const INTERFACE: u64 = 1;
const APPEND: u16 = 0;
/// Flag of [`APPEND`]: the line ends here.
const END_OF_LINE: u8 = 1;
/// Entries of a lane's queues.
const ENTRIES: u32 = 64;
/// Longest line in bytes: it must fit in a lane at once. What is longer is cut off there.
pub const MAX_LINE: usize = ENTRIES as usize * Payload::MAX;

/// A domain's end of its lane to the console service.
pub struct ConsoleObject {
    client: Mutex<Client>,
    /// Rings when completions come.
    completed: Arc<Bell>,
    /// Rings at the service.
    submitted: Arc<Bell>,
    /// The lane's memory, paid for by the domain. The service lets go of its half as soon as it runs again.
    _pages: Charge,
    /// Dropped last: when the service looks, the rest is gone.
    _departure: Departure,
}

/// Tells the service that a lane's other side is gone.
struct Departure(Arc<Bell>);

impl Drop for Departure {
    fn drop(&mut self) {
        self.0.ring();
    }
}

/// Why a line was not printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConsoleError {
    /// The capability does not allow it, or is gone.
    Capability(CapError),
    /// The service has gone.
    Lane(LaneError),
    /// The domain cannot pay for a lane.
    Ledger(LedgerError),
}

impl From<CapError> for ConsoleError {
    fn from(error: CapError) -> Self {
        Self::Capability(error)
    }
}

impl From<LaneError> for ConsoleError {
    fn from(error: LaneError) -> Self {
        Self::Lane(error)
    }
}

impl From<LedgerError> for ConsoleError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

/// A module's console.
#[derive(Clone)]
pub struct Console(pub Capability<ConsoleObject>);

impl Console {
    /// Has a line printed: waits until it is on its way, not until it is out.
    ///
    /// # Errors
    /// [`ConsoleError`]; needs [`WRITE`].
    pub async fn line(&self, line: &str) -> Result<(), ConsoleError> {
        let object = self.0.open(WRITE)?;
        let bytes = line.as_bytes();
        let bytes = bytes.get(..MAX_LINE).unwrap_or(bytes);
        let entries = bytes.len().div_ceil(Payload::MAX).max(1);
        object.wait(|client| client.credits() >= entries).await?;
        object.submit(bytes)?;
        Ok(())
    }

    /// Waits until all lines are out.
    ///
    /// # Errors
    /// [`ConsoleError`]; needs [`WRITE`].
    pub async fn flush(&self) -> Result<(), ConsoleError> {
        let object = self.0.open(WRITE)?;
        Ok(object.wait(|client| client.outstanding() == 0).await?)
    }
}

impl ConsoleObject {
    /// Takes completions until `enough`.
    async fn wait(&self, enough: impl Fn(&Client) -> bool) -> Result<(), LaneError> {
        poll_fn(|context| {
            loop {
                let mut client = self.client.lock();
                let mut took = false;
                while client.take()?.is_some() {
                    took = true;
                }
                let done = enough(&client);
                let sleeps = !done && {
                    self.completed.listen(context.waker());
                    client.may_sleep()?
                };
                drop(client);
                if took {
                    // What was taken here may be what another task of the domain waits for.
                    self.completed.ring();
                }
                if done {
                    return Poll::Ready(Ok(()));
                }
                if sleeps {
                    return Poll::Pending;
                }
            }
        })
        .await
    }

    /// Submits a line for which there are credits.
    fn submit(&self, bytes: &[u8]) -> Result<(), LaneError> {
        let mut client = self.client.lock();
        let mut rest = bytes;
        loop {
            let (data, after) = Payload::split(rest);
            let flags = if after.is_empty() { END_OF_LINE } else { 0 };
            let call = Call::new(Target::Slot(0), INTERFACE, APPEND).with_method_flags(flags);
            client.submit(&call.with_payload(&data).map_err(LaneError::from)?)?;
            if after.is_empty() {
                break;
            }
            rest = after;
        }
        let ring = client.must_ring();
        drop(client);
        if ring {
            self.submitted.ring();
        }
        Ok(())
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
