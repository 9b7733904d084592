//! Messages written in place, into a buffer of the caller's. Every word is cleared when it is given to an object, so that
//! nothing of the buffer's past leaves with the message.

use super::{
    CapIndex, Error, MAX_ELEMENTS, StructType, WORD,
    pointer::{ListSize, capability_bits, code, list_bits, struct_bits, tag_bits},
};
use core::marker::PhantomData;

mod list;

pub use list::{ListBuilder, Place, Put, StructListBuilder};

/// A message under construction.
#[derive(Debug)]
pub struct MessageBuilder<'m> {
    bytes: &'m mut [u8],
    /// Words in use, from the start.
    used: usize,
}

impl<'m> MessageBuilder<'m> {
    /// Writes into `buffer`, whose length past the last whole word is not used.
    #[must_use]
    pub const fn new(buffer: &'m mut [u8]) -> Self {
        Self {
            bytes: buffer,
            used: 0,
        }
    }

    /// Starts over with a root of type `T` whose fields all have their defaults.
    ///
    /// # Errors
    /// [`Error::Full`].
    pub fn init<T: StructType>(&mut self) -> Result<T::Builder<'_>, Error> {
        self.used = 0;
        let mut space = Space {
            bytes: self.bytes,
            used: &mut self.used,
        };
        let root = space.allocate(1)?;
        space
            .structure(root, T::DATA_WORDS, T::POINTERS)
            .map(Into::into)
    }

    /// Length of the message in bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.used.saturating_mul(WORD)
    }

    /// Whether nothing was written.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// The message.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len()).unwrap_or_default()
    }
}

/// The rest of the buffer, lent from builder to builder.
#[derive(Debug)]
struct Space<'b> {
    bytes: &'b mut [u8],
    used: &'b mut usize,
}

impl<'b> Space<'b> {
    fn lend(&mut self) -> Space<'_> {
        Space {
            bytes: self.bytes,
            used: self.used,
        }
    }

    fn slice(&mut self, at: usize, length: usize) -> Option<&mut [u8]> {
        self.bytes.get_mut(at..at.checked_add(length)?)
    }

    /// Clears the next `words` words and gives the first one's index.
    fn allocate(&mut self, words: usize) -> Result<usize, Error> {
        let start = *self.used;
        let length = words.checked_mul(WORD).ok_or(Error::Full)?;
        let at = start.checked_mul(WORD).ok_or(Error::Full)?;
        self.slice(at, length).ok_or(Error::Full)?.fill(0);
        *self.used = start.checked_add(words).ok_or(Error::Full)?;
        Ok(start)
    }

    fn write<const N: usize>(&mut self, at: usize, bytes: [u8; N]) {
        if let Some(slice) = self.slice(at, N) {
            slice.copy_from_slice(&bytes);
        }
    }

    fn set_word(&mut self, word: usize, bits: u64) {
        self.write(word.saturating_mul(WORD), bits.to_le_bytes());
    }

    /// An object of `words` words for the pointer in word `pointer`: its first word, and the distance to it.
    fn object(&mut self, pointer: usize, words: usize) -> Result<(usize, usize), Error> {
        let start = self.allocate(words)?;
        // What is allocated lies behind every pointer that there is.
        let distance = start.checked_sub(pointer).and_then(|d| d.checked_sub(1));
        Ok((start, distance.ok_or(Error::Full)?))
    }

    fn structure(
        mut self,
        at: usize,
        data: u16,
        pointers: u16,
    ) -> Result<StructBuilder<'b>, Error> {
        let words = usize::from(data).saturating_add(usize::from(pointers));
        let (start, distance) = self.object(at, words)?;
        let bits = struct_bits(distance, data, pointers).ok_or(Error::Full)?;
        self.set_word(at, bits);
        Ok(StructBuilder {
            space: self,
            data: start,
            data_words: data,
            pointers,
        })
    }

    /// Room for a list, and the byte at which its elements start.
    fn list(&mut self, at: usize, code: u8, count: u32, bits: usize) -> Result<usize, Error> {
        if count > MAX_ELEMENTS {
            return Err(Error::TooLong);
        }
        let count_usize = usize::try_from(count).map_err(|_| Error::TooLong)?;
        let words = count_usize
            .checked_mul(bits)
            .ok_or(Error::TooLong)?
            .div_ceil(64);
        let (start, distance) = self.object(at, words)?;
        let bits = list_bits(distance, ListSize { code, count }).ok_or(Error::Full)?;
        self.set_word(at, bits);
        Ok(start.saturating_mul(WORD))
    }

    /// Writes a list of bytes, with `zeros` zero bytes behind them.
    fn set_bytes(&mut self, at: usize, bytes: &[u8], zeros: usize) -> Result<(), Error> {
        let length = bytes.len().checked_add(zeros).ok_or(Error::TooLong)?;
        let count = u32::try_from(length).map_err(|_| Error::TooLong)?;
        let start = self.list(at, code::BYTE, count, 8)?;
        self.slice(start, bytes.len())
            .ok_or(Error::Full)?
            .copy_from_slice(bytes);
        Ok(())
    }
}

/// A struct under construction, without its schema. The setters take what a schema says of a field; they are for
/// generated code, which gives only places inside of the struct, and what lies outside is not written.
#[derive(Debug)]
pub struct StructBuilder<'b> {
    space: Space<'b>,
    /// Word at which the data section starts.
    data: usize,
    data_words: u16,
    pointers: u16,
}

macro_rules! setters {
    ($($name:ident $type:ty, $to_bits:expr, $doc:literal;)*) => {
        $(
            #[doc = $doc]
            pub fn $name(&mut self, index: u32, value: $type, default: $type) {
                let bits = $to_bits(value) ^ $to_bits(default);
                self.set_data_at(index, bits.to_le_bytes());
            }
        )*
    };
}

impl<'b> StructBuilder<'b> {
    /// The same struct for a shorter time: what setters of pointers and groups work on.
    pub fn lend(&mut self) -> StructBuilder<'_> {
        StructBuilder {
            space: self.space.lend(),
            data: self.data,
            data_words: self.data_words,
            pointers: self.pointers,
        }
    }

    /// The byte of field `index` of `size` bytes.
    fn byte(&self, index: u32, size: usize) -> Option<usize> {
        let at = usize::try_from(index).ok()?.checked_mul(size)?;
        let inside = at.checked_add(size)? <= usize::from(self.data_words) * WORD;
        let start = self.data.checked_mul(WORD)?.checked_add(at)?;
        inside.then_some(start)
    }

    fn set_data_at<const N: usize>(&mut self, index: u32, bytes: [u8; N]) {
        if let Some(at) = self.byte(index, N) {
            self.space.write(at, bytes);
        }
    }

    setters! {
        set_u8 u8, core::convert::identity::<u8>, "Sets the byte at `index` bytes.";
        set_u16 u16, core::convert::identity::<u16>, "Sets the 16 bits at 2 times `index` bytes.";
        set_u32 u32, core::convert::identity::<u32>, "Sets the 32 bits at 4 times `index` bytes.";
        set_u64 u64, core::convert::identity::<u64>, "Sets the 64 bits at 8 times `index` bytes.";
        set_i8 i8, i8::cast_unsigned, "Sets the signed byte at `index` bytes.";
        set_i16 i16, i16::cast_unsigned, "Sets the signed 16 bits at 2 times `index` bytes.";
        set_i32 i32, i32::cast_unsigned, "Sets the signed 32 bits at 4 times `index` bytes.";
        set_i64 i64, i64::cast_unsigned, "Sets the signed 64 bits at 8 times `index` bytes.";
        set_f32 f32, f32::to_bits, "Sets the 32-bit floating-point number at 4 times `index` bytes.";
        set_f64 f64, f64::to_bits, "Sets the 64-bit floating-point number at 8 times `index` bytes.";
    }

    /// Sets the bit at `index` bits.
    pub fn set_bool(&mut self, index: u32, value: bool, default: bool) {
        let Some(at) = self.byte(index / 8, 1) else {
            return;
        };
        if let Some([byte]) = self.space.slice(at, 1) {
            let bit = 1 << (index % 8);
            *byte = if value == default {
                *byte & !bit
            } else {
                *byte | bit
            };
        }
    }

    /// The word of pointer `index`.
    fn slot(&self, index: u16) -> Result<usize, Error> {
        if index >= self.pointers {
            return Err(Error::Full);
        }
        let start = self.data.saturating_add(usize::from(self.data_words));
        Ok(start.saturating_add(usize::from(index)))
    }

    /// Makes pointer `index` null. What it led to stays in the message, out of reach.
    pub fn clear(&mut self, index: u16) {
        if let Ok(at) = self.slot(index) {
            self.space.set_word(at, 0);
        }
    }

    /// A new struct of defaults at pointer `index`.
    ///
    /// # Errors
    /// [`Error::Full`].
    pub fn init_struct<T: StructType>(&mut self, index: u16) -> Result<T::Builder<'_>, Error> {
        let at = self.slot(index)?;
        let built = self
            .space
            .lend()
            .structure(at, T::DATA_WORDS, T::POINTERS)?;
        Ok(built.into())
    }

    /// A new list of `count` elements at pointer `index`, all zero, null or empty.
    ///
    /// # Errors
    /// [`Error::Full`] and [`Error::TooLong`].
    pub fn init_list<T: Put + ?Sized>(
        &mut self,
        index: u16,
        count: u32,
    ) -> Result<ListBuilder<'_, T>, Error> {
        let at = self.slot(index)?;
        let mut space = self.space.lend();
        let start = space.list(at, T::CODE, count, T::BITS)?;
        Ok(ListBuilder {
            space,
            start,
            count,
            element: PhantomData,
        })
    }

    /// A new list of `count` structs of defaults at pointer `index`.
    ///
    /// # Errors
    /// [`Error::Full`] and [`Error::TooLong`].
    pub fn init_structs<T: StructType>(
        &mut self,
        index: u16,
        count: u32,
    ) -> Result<StructListBuilder<'_, T>, Error> {
        let at = self.slot(index)?;
        let step = usize::from(T::DATA_WORDS).saturating_add(usize::from(T::POINTERS));
        let elements = usize::try_from(count).map_err(|_| Error::TooLong)?;
        let words = elements.checked_mul(step).ok_or(Error::TooLong)?;
        let total = u32::try_from(words)
            .ok()
            .filter(|words| *words <= MAX_ELEMENTS);
        let total = total
            .filter(|_| count <= MAX_ELEMENTS)
            .ok_or(Error::TooLong)?;
        let mut space = self.space.lend();
        let (tag, distance) = space.object(at, words.saturating_add(1))?;
        let size = ListSize {
            code: code::COMPOSITE,
            count: total,
        };
        let bits = list_bits(distance, size).ok_or(Error::Full)?;
        space.set_word(at, bits);
        space.set_word(tag, tag_bits(count, T::DATA_WORDS, T::POINTERS));
        Ok(StructListBuilder {
            space,
            start: tag.saturating_add(1),
            count,
            element: PhantomData,
        })
    }

    /// Copies `data` to pointer `index`.
    ///
    /// # Errors
    /// [`Error::Full`] and [`Error::TooLong`].
    pub fn set_data(&mut self, index: u16, data: &[u8]) -> Result<(), Error> {
        let at = self.slot(index)?;
        self.space.set_bytes(at, data, 0)
    }

    /// Room for `length` bytes at pointer `index`, to be filled in place.
    ///
    /// # Errors
    /// [`Error::Full`] and [`Error::TooLong`].
    pub fn init_data(&mut self, index: u16, length: usize) -> Result<&mut [u8], Error> {
        let at = self.slot(index)?;
        let count = u32::try_from(length).map_err(|_| Error::TooLong)?;
        let start = self.space.list(at, code::BYTE, count, 8)?;
        self.space.slice(start, length).ok_or(Error::Full)
    }

    /// Copies `text` to pointer `index`, with the zero byte that ends it.
    ///
    /// # Errors
    /// [`Error::Full`] and [`Error::TooLong`].
    pub fn set_text(&mut self, index: u16, text: &str) -> Result<(), Error> {
        let at = self.slot(index)?;
        self.space.set_bytes(at, text.as_bytes(), 1)
    }

    /// Names `capability` at pointer `index`.
    pub fn set_capability(&mut self, index: u16, capability: Option<CapIndex>) {
        if let Ok(at) = self.slot(index) {
            let bits = capability.map_or(0, |index| capability_bits(index.0));
            self.space.set_word(at, bits);
        }
    }
}
