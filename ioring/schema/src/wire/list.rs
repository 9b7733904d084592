//! Lists in a message. Elements larger than the reader's schema knows are read by what it knows.

use super::{CapIndex, Error, Message, StructReader, WORD};
use core::{fmt, marker::PhantomData};

/// A list without its schema.
#[derive(Debug, Clone, Copy)]
pub struct RawList<'a> {
    pub(super) message: &'a Message<'a>,
    /// Byte at which the first element starts. All elements were checked to lie in the message.
    pub(super) start: usize,
    pub(super) count: u32,
    /// Bytes from one element to the next; 0 for bits.
    pub(super) step: usize,
    /// Bytes of data in an element.
    pub(super) data_bytes: usize,
    /// Pointers in an element.
    pub(super) pointers: u16,
    pub(super) is_bits: bool,
    pub(super) depth: u8,
}

impl<'a> RawList<'a> {
    /// This list with elements of type `T`.
    ///
    /// # Errors
    /// [`Error::Element`] if its elements cannot be read so.
    pub(super) fn typed<T: Element<'a>>(self) -> Result<List<'a, T>, Error> {
        if T::fits(&self) {
            Ok(List::new(self))
        } else {
            Err(Error::Element)
        }
    }

    /// The list as bytes, without a gap between them.
    pub(super) fn bytes(&self) -> Result<&'a [u8], Error> {
        let is_bytes = self.step == 1 && self.data_bytes == 1;
        let length = usize::try_from(self.count).map_err(|_| Error::OutOfBounds)?;
        let bytes = is_bytes
            .then(|| self.message.bytes(self.start, length))
            .flatten();
        bytes.ok_or(Error::Element)
    }

    fn at(&self, index: u32) -> usize {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        self.start.saturating_add(index.saturating_mul(self.step))
    }

    /// Element `index` as a struct: of its data and pointers, or of the one value it is.
    fn structure(&self, index: u32) -> StructReader<'a> {
        let data = self.at(index);
        StructReader {
            message: self.message,
            data,
            data_bytes: self.data_bytes,
            pointers: data.saturating_add(self.data_bytes) / WORD,
            pointer_count: self.pointers,
            depth: self.depth,
        }
    }

    /// The word of the first pointer of element `index`.
    fn pointer(&self, index: u32) -> usize {
        self.at(index).saturating_add(self.data_bytes) / WORD
    }
}

/// What a list can hold. Implemented here for the encoding's own types, and by generated code for structs and enums.
pub trait Element<'a>: Sized {
    /// Whether the elements of `list` can be read as this.
    fn fits(list: &RawList<'a>) -> bool;
    /// Element `index` of `list`, which fits and is longer than `index`.
    ///
    /// # Errors
    /// Those of a pointer in the element.
    fn read(list: &RawList<'a>, index: u32) -> Result<Self, Error>;
}

impl<'a> Element<'a> for () {
    fn fits(list: &RawList<'a>) -> bool {
        !list.is_bits
    }

    fn read(_: &RawList<'a>, _: u32) -> Result<Self, Error> {
        Ok(())
    }
}

impl<'a> Element<'a> for bool {
    fn fits(list: &RawList<'a>) -> bool {
        list.is_bits
    }

    fn read(list: &RawList<'a>, index: u32) -> Result<Self, Error> {
        let byte = usize::try_from(index / 8).map_err(|_| Error::OutOfBounds)?;
        let byte = list.start.checked_add(byte).ok_or(Error::OutOfBounds)?;
        let [bits] = list.message.array(byte).ok_or(Error::OutOfBounds)?;
        Ok(bits >> (index % 8) & 1 == 1)
    }
}

macro_rules! numbers {
    ($($type:ident)*) => {
        $(
            impl<'a> Element<'a> for $type {
                fn fits(list: &RawList<'a>) -> bool {
                    list.data_bytes >= size_of::<$type>()
                }

                fn read(list: &RawList<'a>, index: u32) -> Result<Self, Error> {
                    Ok(list.structure(index).$type(0, Default::default()))
                }
            }
        )*
    };
}

numbers!(u8 u16 u32 u64 i8 i16 i32 i64 f32 f64);

impl<'a> Element<'a> for StructReader<'a> {
    fn fits(list: &RawList<'a>) -> bool {
        !list.is_bits
    }

    fn read(list: &RawList<'a>, index: u32) -> Result<Self, Error> {
        Ok(list.structure(index))
    }
}

impl<'a> Element<'a> for &'a [u8] {
    fn fits(list: &RawList<'a>) -> bool {
        list.pointers > 0
    }

    fn read(list: &RawList<'a>, index: u32) -> Result<Self, Error> {
        let data = list.message.data(list.pointer(index), list.depth)?;
        Ok(data.unwrap_or_default())
    }
}

impl<'a> Element<'a> for &'a str {
    fn fits(list: &RawList<'a>) -> bool {
        list.pointers > 0
    }

    fn read(list: &RawList<'a>, index: u32) -> Result<Self, Error> {
        let text = list.message.text(list.pointer(index), list.depth)?;
        Ok(text.unwrap_or_default())
    }
}

impl<'a> Element<'a> for Option<CapIndex> {
    fn fits(list: &RawList<'a>) -> bool {
        list.pointers > 0
    }

    fn read(list: &RawList<'a>, index: u32) -> Result<Self, Error> {
        list.message.capability(list.pointer(index))
    }
}

impl<'a, T: Element<'a>> Element<'a> for List<'a, T> {
    fn fits(list: &RawList<'a>) -> bool {
        list.pointers > 0
    }

    fn read(list: &RawList<'a>, index: u32) -> Result<Self, Error> {
        match list.message.list(list.pointer(index), list.depth)? {
            Some(inner) => inner.typed(),
            None => Ok(List::empty(list.message)),
        }
    }
}

/// A list of `T`.
pub struct List<'a, T> {
    raw: RawList<'a>,
    element: PhantomData<fn() -> T>,
}

impl<T> Clone for List<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<'_, T> {}

impl<T> fmt::Debug for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "List({} elements)", self.raw.count)
    }
}

impl<'a, T> List<'a, T> {
    const fn new(raw: RawList<'a>) -> Self {
        Self {
            raw,
            element: PhantomData,
        }
    }

    pub(super) const fn empty(message: &'a Message<'a>) -> Self {
        Self::new(RawList {
            message,
            start: 0,
            count: 0,
            step: 0,
            data_bytes: 0,
            pointers: 0,
            is_bits: false,
            depth: 0,
        })
    }

    /// Number of elements.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.raw.count
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.raw.count == 0
    }
}

impl<'a, T: Element<'a>> List<'a, T> {
    /// Element `index`.
    ///
    /// # Errors
    /// [`Error::Index`], and those of a pointer in the element.
    pub fn get(&self, index: u32) -> Result<T, Error> {
        if index >= self.raw.count {
            return Err(Error::Index(index));
        }
        T::read(&self.raw, index)
    }

    /// All elements, in order.
    #[must_use]
    pub const fn iter(&self) -> Iter<'a, T> {
        Iter {
            list: *self,
            next: 0,
        }
    }
}

impl<'a, T: Element<'a>> IntoIterator for List<'a, T> {
    type Item = Result<T, Error>;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

/// The elements of a [`List`].
#[derive(Debug, Clone)]
pub struct Iter<'a, T> {
    list: List<'a, T>,
    next: u32,
}

impl<'a, T: Element<'a>> Iterator for Iter<'a, T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.list.len() {
            return None;
        }
        let element = self.list.get(self.next);
        self.next = self.next.saturating_add(1);
        Some(element)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.list.len().saturating_sub(self.next);
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        (left, Some(left))
    }
}

impl<'a, T: Element<'a>> ExactSizeIterator for Iter<'a, T> {}
