//! The clock as a capability: reading the time is one right, having timers another, and timers are drawn from the
//! holder's account.

use alloc::sync::Arc;

use isthmus_caps::{CapError, LedgerError, Resource, Rights};

use crate::account::{Account, Charge};
use crate::domain::Capability;
use crate::time::Instant;
use crate::worker;

/// May read the time.
pub const READ: Rights = Rights::object(0);
/// May wait.
pub const WAIT: Rights = Rights::object(1);

/// The clock of one worker, for one account.
pub struct ClockObject {
    worker: worker::Handle,
    account: Account,
}

impl ClockObject {
    /// A clock whose timers are on `worker` and drawn from `account`.
    #[must_use]
    pub fn new(worker: worker::Handle, account: Account) -> Arc<Self> {
        Arc::new(Self { worker, account })
    }
}

/// Why the clock did not do it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClockError {
    /// The capability does not allow it, or is gone.
    Capability(CapError),
    /// No more timers for this account.
    Ledger(LedgerError),
}

impl From<CapError> for ClockError {
    fn from(error: CapError) -> Self {
        Self::Capability(error)
    }
}

impl From<LedgerError> for ClockError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

/// A module's clock.
#[derive(Clone)]
pub struct Clock(pub Capability<ClockObject>);

impl Clock {
    /// The time now.
    ///
    /// # Errors
    /// [`ClockError::Capability`]; needs [`READ`].
    pub fn now(&self) -> Result<Instant, ClockError> {
        Ok(self.0.open(READ)?.worker.now())
    }

    /// The CPU's tick counter, for measuring; how fast it runs is the machine's affair.
    ///
    /// # Errors
    /// [`ClockError::Capability`]; needs [`READ`].
    pub fn ticks(&self) -> Result<u64, ClockError> {
        Ok(self.0.open(READ)?.worker.ticks())
    }

    /// Waits until `deadline`. Draws a timer meanwhile.
    ///
    /// # Errors
    /// [`ClockError`]; needs [`WAIT`].
    pub async fn sleep_until(&self, deadline: Instant) -> Result<(), ClockError> {
        let clock = self.0.open(WAIT)?;
        let timer: Charge = clock.account.draw(Resource::Timers, 1)?;
        clock.worker.sleep_until(deadline).await;
        drop(timer);
        Ok(())
    }

    /// Lets the worker's other tasks run.
    ///
    /// # Errors
    /// [`ClockError::Capability`]; needs [`WAIT`].
    pub async fn give_way(&self) -> Result<(), ClockError> {
        self.0.open(WAIT)?;
        worker::give_way().await;
        Ok(())
    }
}
