//! Lists under construction.

use super::{Space, StructBuilder};
use crate::wire::{
    CapIndex, Error, StructType, WORD,
    pointer::{capability_bits, code},
};
use core::marker::PhantomData;

/// What the elements of a [`ListBuilder`] can be: the encoding's own types, and enums by generated code.
pub trait Put {
    /// Size code of such a list.
    const CODE: u8;
    /// Bits of an element.
    const BITS: usize;
    /// What an element is given as.
    type Value<'v>;

    /// Writes element `index` of a list whose elements start at byte `start`.
    ///
    /// # Errors
    /// [`Error::Full`] and [`Error::TooLong`], for an element that lies behind its list.
    fn put(place: Place<'_>, value: Self::Value<'_>) -> Result<(), Error>;
}

/// Where an element of a list lies.
#[derive(Debug)]
pub struct Place<'b> {
    space: Space<'b>,
    start: usize,
    index: usize,
}

macro_rules! put_numbers {
    ($($type:ty, $code:ident;)*) => {
        $(
            impl Put for $type {
                const CODE: u8 = code::$code;
                const BITS: usize = 8 * size_of::<$type>();
                type Value<'v> = $type;

                fn put(mut place: Place<'_>, value: $type) -> Result<(), Error> {
                    let at = place.byte(size_of::<$type>());
                    place.space.write(at, value.to_le_bytes());
                    Ok(())
                }
            }
        )*
    };
}

put_numbers! {
    u8, BYTE; u16, TWO_BYTES; u32, FOUR_BYTES; u64, EIGHT_BYTES;
    i8, BYTE; i16, TWO_BYTES; i32, FOUR_BYTES; i64, EIGHT_BYTES;
    f32, FOUR_BYTES; f64, EIGHT_BYTES;
}

impl Place<'_> {
    fn byte(&self, size: usize) -> usize {
        self.start.saturating_add(self.index.saturating_mul(size))
    }

    fn word(&self) -> usize {
        self.byte(WORD) / WORD
    }
}

impl Put for bool {
    const CODE: u8 = code::BIT;
    const BITS: usize = 1;
    type Value<'v> = bool;

    fn put(mut place: Place<'_>, value: bool) -> Result<(), Error> {
        let bit = 1 << (place.index % 8);
        let at = place.start.saturating_add(place.index / 8);
        if let Some([byte]) = place.space.slice(at, 1) {
            *byte = if value { *byte | bit } else { *byte & !bit };
        }
        Ok(())
    }
}

impl Put for () {
    const CODE: u8 = code::VOID;
    const BITS: usize = 0;
    type Value<'v> = ();

    fn put(_: Place<'_>, (): ()) -> Result<(), Error> {
        Ok(())
    }
}

impl Put for str {
    const CODE: u8 = code::POINTER;
    const BITS: usize = 64;
    type Value<'v> = &'v str;

    fn put(mut place: Place<'_>, text: &str) -> Result<(), Error> {
        place.space.set_bytes(place.word(), text.as_bytes(), 1)
    }
}

impl Put for [u8] {
    const CODE: u8 = code::POINTER;
    const BITS: usize = 64;
    type Value<'v> = &'v [u8];

    fn put(mut place: Place<'_>, data: &[u8]) -> Result<(), Error> {
        place.space.set_bytes(place.word(), data, 0)
    }
}

impl Put for CapIndex {
    const CODE: u8 = code::POINTER;
    const BITS: usize = 64;
    type Value<'v> = Option<CapIndex>;

    fn put(mut place: Place<'_>, capability: Option<CapIndex>) -> Result<(), Error> {
        let bits = capability.map_or(0, |index| capability_bits(index.0));
        place.space.set_word(place.word(), bits);
        Ok(())
    }
}

/// A list of numbers, bits, enums, texts, data or capabilities under construction.
#[derive(Debug)]
pub struct ListBuilder<'b, T: Put + ?Sized> {
    pub(super) space: Space<'b>,
    /// Byte of the first element.
    pub(super) start: usize,
    pub(super) count: u32,
    pub(super) element: PhantomData<fn(&T)>,
}

impl<T: Put + ?Sized> ListBuilder<'_, T> {
    /// Number of elements.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Sets element `index`.
    ///
    /// # Errors
    /// [`Error::Index`]; and [`Error::Full`] or [`Error::TooLong`] for texts and data.
    pub fn set(&mut self, index: u32, value: T::Value<'_>) -> Result<(), Error> {
        if index >= self.count {
            return Err(Error::Index(index));
        }
        let place = Place {
            space: self.space.lend(),
            start: self.start,
            index: usize::try_from(index).map_err(|_| Error::Index(index))?,
        };
        T::put(place, value)
    }
}

/// A list of structs under construction.
#[derive(Debug)]
pub struct StructListBuilder<'b, T> {
    pub(super) space: Space<'b>,
    /// Word of the first element.
    pub(super) start: usize,
    pub(super) count: u32,
    pub(super) element: PhantomData<fn() -> T>,
}

impl<T: StructType> StructListBuilder<'_, T> {
    /// Number of elements.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Element `index`.
    ///
    /// # Errors
    /// [`Error::Index`].
    pub fn get(&mut self, index: u32) -> Result<T::Builder<'_>, Error> {
        if index >= self.count {
            return Err(Error::Index(index));
        }
        let step = usize::from(T::DATA_WORDS).saturating_add(usize::from(T::POINTERS));
        let element = usize::try_from(index).map_err(|_| Error::Index(index))?;
        let built = StructBuilder {
            space: self.space.lend(),
            data: self.start.saturating_add(element.saturating_mul(step)),
            data_words: T::DATA_WORDS,
            pointers: T::POINTERS,
        };
        Ok(built.into())
    }
}
