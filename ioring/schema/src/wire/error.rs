//! What can be wrong with a message. Each variant says whose fault it is.

use core::fmt;

/// Why a message, or a field of it, cannot be read or written.
///
/// All but [`Error::Full`] and [`Error::TooLong`] are the fault of who wrote the message, or of a schema newer than its
/// rules allow; the receiver ends the call with an error and keeps the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// The sender's: the message is not a whole number of 8-byte words. Holds its length in bytes.
    Length(usize),
    /// The sender's: a far pointer; messages here have one segment.
    Far,
    /// The sender's: a pointer with bits set that the encoding reserves.
    Reserved,
    /// The sender's: a pointer to something outside of the message.
    OutOfBounds,
    /// The sender's: more pointers in a row than [`Limits::depth`](super::Limits::depth).
    TooDeep,
    /// The sender's, or a reader's that reads the same over and over: more was read than
    /// [`Limits::words`](super::Limits::words).
    TooMuch,
    /// The sender's: a pointer to another kind of object than the schema says.
    Kind,
    /// The sender's: a list whose elements are too small or of another sort than the schema says.
    Element,
    /// The sender's: text without its closing zero byte, or that is not UTF-8.
    Text,
    /// The reader's: an index at or past the list's end.
    Index(u32),
    /// The sender's: a capability index at or past the end of the capability list.
    Capability(u32),
    /// The writer's: the buffer, or the capability list, has no room for what is to be written.
    Full,
    /// The writer's: longer than the encoding can say, 2^29 - 1 elements or bytes.
    TooLong,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(bytes) => write!(f, "{bytes} bytes are not a whole number of words"),
            Self::Far => f.write_str("a far pointer in a message of one segment"),
            Self::Reserved => f.write_str("a pointer with reserved bits set"),
            Self::OutOfBounds => f.write_str("a pointer leads out of the message"),
            Self::TooDeep => f.write_str("pointers are nested too deeply"),
            Self::TooMuch => f.write_str("the traversal limit is used up"),
            Self::Kind => {
                f.write_str("a pointer leads to another kind of object than the schema says")
            }
            Self::Element => f.write_str("a list has other elements than the schema says"),
            Self::Text => f.write_str("text is not UTF-8 that ends in a zero byte"),
            Self::Index(index) => write!(f, "the list has no element {index}"),
            Self::Capability(index) => write!(f, "the capability list has nothing at {index}"),
            Self::Full => f.write_str("there is no room for more"),
            Self::TooLong => f.write_str("longer than the encoding can say"),
        }
    }
}

impl core::error::Error for Error {}
