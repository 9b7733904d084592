//! Structs in a message. Fields that the sender's schema did not have read as their defaults.

use super::{CapIndex, Element, Error, List, Message};

/// A struct without its schema: a data section and a pointer section, each as long as its writer knew.
///
/// The getters take what a schema says of a field: its place, in multiples of its size, and its default. They are for
/// generated code.
#[derive(Debug, Clone, Copy)]
pub struct StructReader<'a> {
    pub(super) message: &'a Message<'a>,
    /// Byte at which the data section starts. What is here was checked to lie in the message.
    pub(super) data: usize,
    pub(super) data_bytes: usize,
    /// Word at which the pointer section starts.
    pub(super) pointers: usize,
    pub(super) pointer_count: u16,
    /// Pointers that may still follow.
    pub(super) depth: u8,
}

macro_rules! number {
    ($($name:ident $type:ty, $bits:ty, $from:expr, $doc:literal;)*) => {
        $(
            #[doc = $doc]
            #[must_use]
            pub fn $name(&self, index: u32, default: $type) -> $type {
                const SIZE: usize = size_of::<$type>();
                let value = self.data_at::<SIZE>(index).map_or(0, <$bits>::from_le_bytes);
                let (to_bits, from_bits): (fn($type) -> $bits, fn($bits) -> $type) = $from;
                // The encoding keeps numbers as their difference to the default, so that zeros are defaults.
                from_bits(value ^ to_bits(default))
            }
        )*
    };
}

impl<'a> StructReader<'a> {
    /// A struct without any fields, all of which read as their defaults.
    pub(super) const fn empty(message: &'a Message<'a>) -> Self {
        Self {
            message,
            data: 0,
            data_bytes: 0,
            pointers: 0,
            pointer_count: 0,
            depth: 0,
        }
    }

    fn data_at<const N: usize>(&self, index: u32) -> Option<[u8; N]> {
        let at = usize::try_from(index).ok()?.checked_mul(N)?;
        if at.checked_add(N)? > self.data_bytes {
            return None;
        }
        self.message.array(self.data.checked_add(at)?)
    }

    number! {
        u8 u8, u8, (|v| v, |b| b), "The byte at `index` bytes.";
        u16 u16, u16, (|v| v, |b| b), "The 16 bits at 2 times `index` bytes.";
        u32 u32, u32, (|v| v, |b| b), "The 32 bits at 4 times `index` bytes.";
        u64 u64, u64, (|v| v, |b| b), "The 64 bits at 8 times `index` bytes.";
        i8 i8, u8, (i8::cast_unsigned, u8::cast_signed), "The signed byte at `index` bytes.";
        i16 i16, u16, (i16::cast_unsigned, u16::cast_signed), "The signed 16 bits at 2 times `index` bytes.";
        i32 i32, u32, (i32::cast_unsigned, u32::cast_signed), "The signed 32 bits at 4 times `index` bytes.";
        i64 i64, u64, (i64::cast_unsigned, u64::cast_signed), "The signed 64 bits at 8 times `index` bytes.";
        f32 f32, u32, (f32::to_bits, f32::from_bits), "The 32-bit floating-point number at 4 times `index` bytes.";
        f64 f64, u64, (f64::to_bits, f64::from_bits), "The 64-bit floating-point number at 8 times `index` bytes.";
    }

    /// The bit at `index` bits.
    #[must_use]
    pub fn bool(&self, index: u32, default: bool) -> bool {
        let byte = self.u8(index / 8, 0);
        (byte >> (index % 8) & 1 == 1) != default
    }

    /// The word of pointer `index`, if this struct has so many.
    fn slot(&self, index: u16) -> Option<usize> {
        (index < self.pointer_count)
            .then(|| self.pointers.checked_add(usize::from(index)))
            .flatten()
    }

    /// Whether pointer `index` is there and not null.
    #[must_use]
    pub fn has(&self, index: u16) -> bool {
        self.slot(index).is_some_and(|at| !self.message.is_null(at))
    }

    /// The struct at pointer `index`; one of defaults if it is null.
    ///
    /// # Errors
    /// Those of the pointer.
    pub fn structure(&self, index: u16) -> Result<StructReader<'a>, Error> {
        let found = match self.slot(index) {
            Some(at) => self.message.structure(at, self.depth)?,
            None => None,
        };
        Ok(found.unwrap_or(Self::empty(self.message)))
    }

    /// The list at pointer `index`; an empty one if it is null.
    ///
    /// # Errors
    /// Those of the pointer, and [`Error::Element`].
    pub fn list<T: Element<'a>>(&self, index: u16) -> Result<List<'a, T>, Error> {
        let found = match self.slot(index) {
            Some(at) => self.message.list(at, self.depth)?,
            None => None,
        };
        match found {
            Some(list) => list.typed(),
            None => Ok(List::empty(self.message)),
        }
    }

    /// The bytes at pointer `index`.
    ///
    /// # Errors
    /// Those of the pointer, and [`Error::Element`].
    pub fn data(&self, index: u16, default: &'a [u8]) -> Result<&'a [u8], Error> {
        match self.slot(index) {
            Some(at) => {
                let data = self.message.data(at, self.depth)?;
                Ok(data.unwrap_or(default))
            }
            None => Ok(default),
        }
    }

    /// The text at pointer `index`, without its closing zero byte.
    ///
    /// # Errors
    /// Those of the pointer, [`Error::Element`] and [`Error::Text`].
    pub fn text(&self, index: u16, default: &'a str) -> Result<&'a str, Error> {
        match self.slot(index) {
            Some(at) => {
                let text = self.message.text(at, self.depth)?;
                Ok(text.unwrap_or(default))
            }
            None => Ok(default),
        }
    }

    /// The capability at pointer `index`.
    ///
    /// # Errors
    /// [`Error::Kind`], [`Error::Far`] and [`Error::Reserved`].
    pub fn capability(&self, index: u16) -> Result<Option<CapIndex>, Error> {
        self.slot(index)
            .map_or(Ok(None), |at| self.message.capability(at))
    }
}

impl<'a> Message<'a> {
    /// The bytes of the list of bytes that the pointer in word `at` leads to; `None` if it is null.
    pub(super) fn data(&'a self, at: usize, depth: u8) -> Result<Option<&'a [u8]>, Error> {
        self.list(at, depth)?.map(|list| list.bytes()).transpose()
    }

    pub(super) fn text(&'a self, at: usize, depth: u8) -> Result<Option<&'a str>, Error> {
        let Some(bytes) = self.data(at, depth)? else {
            return Ok(None);
        };
        let (&last, text) = bytes.split_last().ok_or(Error::Text)?;
        if last != 0 {
            return Err(Error::Text);
        }
        str::from_utf8(text).map(Some).map_err(|_| Error::Text)
    }
}
