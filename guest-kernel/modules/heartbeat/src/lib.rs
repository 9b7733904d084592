//! Two modules that show that a partition lives: [`ticks`] says on time that time passes, [`load`] uses all the
//! CPU it gets and says how much that was. Each does what it was handed capabilities for and nothing else: a console,
//! a clock, and the switch that ends the machine.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod load;
pub mod ticks;

use isthmus_kernel_core::caps::CapError;
use isthmus_kernel_core::clock::{Clock, ClockError};
use isthmus_kernel_core::console::{Console, ConsoleError};
use isthmus_kernel_core::power::Power;

/// What a module is handed.
#[derive(Clone)]
pub struct Access {
    /// To write lines; needs the right to write.
    pub console: Console,
    /// To read the time and wait; needs both rights.
    pub clock: Clock,
    /// To end the machine when the work is done.
    pub power: Power,
}

/// Why a module stopped early: a capability was revoked or an account used up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The console.
    Console(ConsoleError),
    /// The clock.
    Clock(ClockError),
    /// The switch.
    Power(CapError),
}

impl From<ConsoleError> for Failure {
    fn from(error: ConsoleError) -> Self {
        Self::Console(error)
    }
}

impl From<ClockError> for Failure {
    fn from(error: ClockError) -> Self {
        Self::Clock(error)
    }
}

impl From<CapError> for Failure {
    fn from(error: CapError) -> Self {
        Self::Power(error)
    }
}

impl Access {
    /// Sees the last line out, then ends the machine.
    async fn finish(&self, verdict: Option<u32>) -> Result<(), Failure> {
        self.console.flush().await?;
        Ok(self.power.end(verdict)?)
    }
}

#[cfg(test)]
mod tests;
