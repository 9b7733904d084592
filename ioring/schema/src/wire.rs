//! Cap'n Proto's encoding, read and written in place: no allocation, no unsafe code, no trust in what is read.
//!
//! A message here is one segment without a segment table: the entry that carries it knows its length. A reader is a
//! window on the bytes; each pointer is checked when it is followed, against the bounds, a nesting limit and a traversal
//! limit, so that a message that lies costs its receiver an [`Error`] and bounded time. `docs/schema.md` is the
//! specification; the encoding itself is <https://capnproto.org/encoding.html>. Neighbours: [`crate::call`] puts messages
//! into calls; the generated types are thin shells around [`StructReader`] and [`StructBuilder`].

mod builder;
mod error;
mod list;
mod message;
mod pointer;
mod reader;

pub use builder::{ListBuilder, MessageBuilder, Place, Put, StructBuilder, StructListBuilder};
pub use error::Error;
pub use list::{Element, Iter, List, RawList};
pub use message::{Limits, Message};
pub use pointer::{MAX_ELEMENTS, WORD};
pub use reader::StructReader;

/// A capability in a message: an index into the capability list of the entry that carries the message.
///
/// What a received message says here is an allegation: the list may be shorter, or hold something else there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CapIndex(pub u32);

/// A struct of the schema: its sizes, and the types that read and write it. Implemented by generated code.
pub trait StructType {
    /// The struct's Cap'n Proto id.
    const ID: u64;
    /// Words of its data section, 8 bytes each.
    const DATA_WORDS: u16;
    /// Pointers of its pointer section.
    const POINTERS: u16;
    /// Reads it.
    type Reader<'a>: From<StructReader<'a>> + Copy;
    /// Writes it.
    type Builder<'a>: From<StructBuilder<'a>>;
}

#[cfg(test)]
mod tests;
