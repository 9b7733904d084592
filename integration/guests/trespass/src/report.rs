//! The outcome of each test, a line each, and the verdict at the end.

use core::fmt;

use isthmus_abi::{Gpa, Msr, Port};

use crate::machine::trap::Fault;
use crate::machine::{port, serial};

/// What a machine answered, or was to answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// A value.
    Value(u64),
    /// An exception.
    Fault(Fault),
    /// Neither: the instruction went through.
    Done,
    /// Something that words say better.
    Words(&'static str),
}

impl From<Option<Fault>> for Answer {
    fn from(fault: Option<Fault>) -> Self {
        fault.map_or(Self::Done, Self::Fault)
    }
}

impl From<Result<u64, Fault>> for Answer {
    fn from(answer: Result<u64, Fault>) -> Self {
        match answer {
            Ok(value) => Self::Value(value),
            Err(fault) => Self::Fault(fault),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => write!(f, "{value:#x}"),
            Self::Done => f.write_str("no exception"),
            Self::Words(words) => f.write_str(words),
            Self::Fault(fault) => {
                let name = match fault.vector.0 {
                    0 => "#DE",
                    1 => "#DB",
                    3 => "#BP",
                    6 => "#UD",
                    7 => "#NM",
                    8 => "#DF",
                    10 => "#TS",
                    11 => "#NP",
                    12 => "#SS",
                    13 => "#GP",
                    14 => "#PF",
                    17 => "#AC",
                    _ => return write!(f, "exception {}({:#x})", fault.vector.0, fault.error),
                };
                write!(f, "{name}({:#x})", fault.error)
            }
        }
    }
}

/// What was tried.
#[derive(Clone, Copy, Debug)]
pub enum Attempt {
    /// An instruction or a register, by name.
    Named(&'static str),
    /// A port and a width in bytes.
    Port(&'static str, Port, u16),
    /// A register.
    Msr(&'static str, Msr),
    /// An address.
    Memory(&'static str, Gpa),
    /// A value.
    Value(&'static str, u64),
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::Port(what, port, bytes) => write!(f, "{what} {:#x}, {bytes} bytes", port.0),
            Self::Msr(what, msr) => write!(f, "{what} {:#x}", msr.0),
            Self::Memory(what, at) => write!(f, "{what} {at}"),
            Self::Value(what, value) => write!(f, "{what} {value:#x}"),
        }
    }
}

/// An answer that is wrong.
#[derive(Clone, Copy, Debug)]
pub struct Wrong {
    attempt: Attempt,
    got: Answer,
    expected: Answer,
}

/// How a test ended.
pub type Outcome = Result<(), Wrong>;

/// Compares an answer.
pub fn expect(attempt: Attempt, got: impl Into<Answer>, expected: impl Into<Answer>) -> Outcome {
    let (got, expected) = (got.into(), expected.into());
    if got == expected {
        Ok(())
    } else {
        Err(Wrong {
            attempt,
            got,
            expected,
        })
    }
}

/// Asserts something that words say.
pub fn require(
    holds: bool,
    attempt: Attempt,
    got: &'static str,
    expected: &'static str,
) -> Outcome {
    if holds {
        Ok(())
    } else {
        Err(Wrong {
            attempt,
            got: Answer::Words(got),
            expected: Answer::Words(expected),
        })
    }
}

impl From<u64> for Answer {
    fn from(value: u64) -> Self {
        Self::Value(value)
    }
}

impl From<Fault> for Answer {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// The count.
#[derive(Default)]
pub struct Report {
    passed: u32,
    failed: u32,
}

impl Report {
    /// Runs a test and prints its line.
    pub fn run(&mut self, name: &str, test: impl FnOnce() -> Outcome) {
        match test() {
            Ok(()) => {
                self.passed += 1;
                serial::print(format_args!("trespass: {name}: ok\n"));
            }
            Err(Wrong {
                attempt,
                got,
                expected,
            }) => {
                self.failed += 1;
                serial::print(format_args!(
                    "trespass: {name}: FAILED: got {got} expected {expected} ({attempt})\n"
                ));
            }
        }
    }

    /// Prints the sum and ends the partition: 0 if nothing failed.
    pub fn finish(&self) -> ! {
        let (passed, failed) = (self.passed, self.failed);
        serial::print(format_args!("trespass: {passed} passed, {failed} failed\n"));
        port::verdict(u32::from(failed != 0))
    }
}
