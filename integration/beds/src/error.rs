//! What can go wrong on a test bed, and what the person in front of it can do.
//!
//! Neighbours: every module of this crate returns [`Error`]; `xtask` prints it after `error:` and stops.

use std::{fmt, io, path::PathBuf};

/// Result of a bed operation.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a bed operation did not happen.
#[derive(Debug)]
pub enum Error {
    /// The operating system refused something on `path`; `doing` names it ("read", "create", ...).
    Io {
        /// What was being done, as an infinitive.
        doing: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A program could not be started; `help` says where it comes from.
    Missing {
        /// The program.
        program: String,
        /// What to install or set.
        help: String,
    },
    /// A program ran and failed.
    Failed {
        /// The command line.
        command: String,
        /// What it wrote, shortened to its end.
        output: String,
    },
    /// The bed cannot run on this machine: why, and what would help, in one sentence.
    Unavailable(String),
    /// The caller's input is wrong: what, where, and what would be right.
    Input(String),
}

impl Error {
    /// An [`Error::Io`] maker, for `map_err`.
    pub fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            doing,
            path,
            source,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io {
                doing,
                path,
                source,
            } => write!(f, "cannot {doing} {}: {source}", path.display()),
            Self::Missing { program, help } => write!(f, "{program} is not installed; {help}"),
            Self::Failed { command, output } => write!(f, "`{command}` failed:\n{output}"),
            Self::Unavailable(why) | Self::Input(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
