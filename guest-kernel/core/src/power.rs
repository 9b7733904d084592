//! The end of the machine as a capability.

use alloc::boxed::Box;
use alloc::sync::Arc;

use isthmus_caps::{CapError, Rights};

use crate::domain::Capability;

/// May end the machine.
pub const END: Rights = Rights::object(0);

/// Whatever really ends the machine.
pub trait Switch: Send + Sync {
    /// Ends the machine: with a verdict for the test device, or by switching off.
    fn end(&self, verdict: Option<u32>);
}

/// The switch as an object.
pub struct PowerObject(Box<dyn Switch>);

impl PowerObject {
    /// An object that ends the machine by `switch`.
    #[must_use]
    pub fn new(switch: Box<dyn Switch>) -> Arc<Self> {
        Arc::new(Self(switch))
    }

    /// Ends the machine: for the kernel itself, which needs no capability.
    pub fn end(&self, verdict: Option<u32>) {
        self.0.end(verdict);
    }
}

/// A module's switch.
#[derive(Clone)]
pub struct Power(pub Capability<PowerObject>);

impl Power {
    /// Ends the machine. On a real one it does not return.
    ///
    /// # Errors
    /// [`CapError`]; needs [`END`].
    pub fn end(&self, verdict: Option<u32>) -> Result<(), CapError> {
        self.0.open(END)?.end(verdict);
        Ok(())
    }
}
