//! What modules are handed: a console to write to, a clock to wait by, a switch to end the machine.

use alloc::string::String;
use alloc::sync::Arc;

/// Where whole lines go.
pub trait LineSink: Send + Sync {
    /// Writes `line`, which ends in a line feed, as one piece.
    fn write_line(&self, line: &str);
}

/// How the machine ends.
pub trait Switch: Send + Sync {
    /// Ends the machine, with a verdict for the test device if there is one.
    fn end(&self, verdict: Option<u32>) -> !;
}

/// A module's console: its lines begin with its name.
#[derive(Clone)]
pub struct Console {
    name: &'static str,
    sink: Arc<dyn LineSink>,
}

impl Console {
    /// A console on `sink` for the module called `name`.
    #[must_use]
    pub fn new(name: &'static str, sink: Arc<dyn LineSink>) -> Self {
        Self { name, sink }
    }

    /// Writes a line.
    pub fn line(&self, text: core::fmt::Arguments<'_>) {
        let mut line = String::new();
        // Writing to a string cannot fail.
        let _ = core::fmt::write(&mut line, format_args!("{}: {text}\n", self.name));
        self.sink.write_line(&line);
    }
}
