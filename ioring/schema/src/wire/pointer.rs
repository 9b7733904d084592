//! Pointers as they are encoded: 64 bits that lead to a struct, a list or a capability.

use super::Error;

/// Bytes in a word, the unit of the encoding.
pub const WORD: usize = 8;

/// Most elements of a list, and most bytes of a text or data: 2^29 - 1.
pub const MAX_ELEMENTS: u32 = (1 << 29) - 1;

/// A pointer that was taken apart; nothing of it is checked against the message's length yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pointer {
    Null,
    Struct(StructPointer),
    List { target: i64, list: ListSize },
    Capability(u32),
}

/// Where a struct lies and how large it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StructPointer {
    /// Word of the message at which it starts; a false one may be negative.
    pub target: i64,
    /// Words of data.
    pub data: u16,
    /// Pointers behind them.
    pub pointers: u16,
}

/// How the elements of a list lie. Encoding, "Lists".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ListSize {
    /// Size code, 0 to 7.
    pub code: u8,
    /// Elements; for code 7 words behind the tag.
    pub count: u32,
}

/// Size codes of list pointers.
pub(super) mod code {
    pub const VOID: u8 = 0;
    pub const BIT: u8 = 1;
    pub const BYTE: u8 = 2;
    pub const TWO_BYTES: u8 = 3;
    pub const FOUR_BYTES: u8 = 4;
    pub const EIGHT_BYTES: u8 = 5;
    pub const POINTER: u8 = 6;
    pub const COMPOSITE: u8 = 7;
}

const STRUCT: u64 = 0;
const LIST: u64 = 1;
const FAR: u64 = 2;
const CAPABILITY: u64 = 3;

/// Bits 2 to 31 as a signed number.
const fn offset(bits: u64) -> i64 {
    ((bits as u32).cast_signed() >> 2) as i64
}

impl Pointer {
    /// Takes apart the pointer in word `at`.
    ///
    /// # Errors
    /// [`Error::Far`] and [`Error::Reserved`].
    pub fn decode(bits: u64, at: usize) -> Result<Self, Error> {
        if bits == 0 {
            return Ok(Self::Null);
        }
        // A message's words are far fewer than 2^62, so this cannot overflow.
        let target = at as i64 + 1 + offset(bits);
        match bits & 3 {
            STRUCT => Ok(Self::Struct(StructPointer {
                target,
                data: (bits >> 32) as u16,
                pointers: (bits >> 48) as u16,
            })),
            LIST => Ok(Self::List {
                target,
                list: ListSize {
                    code: (bits >> 32) as u8 & 7,
                    count: (bits >> 35) as u32,
                },
            }),
            FAR => Err(Error::Far),
            // The encoding has one kind of "other" pointer: capabilities, with bits 2 to 31 zero.
            _ if bits as u32 == CAPABILITY as u32 => Ok(Self::Capability((bits >> 32) as u32)),
            _ => Err(Error::Reserved),
        }
    }
}

/// The tag before the elements of a composite list: their number, and the size of one.
///
/// # Errors
/// [`Error::Element`] if it does not have the form of a struct pointer.
pub(super) fn tag(bits: u64) -> Result<(u32, u16, u16), Error> {
    if bits & 3 != STRUCT {
        return Err(Error::Element);
    }
    Ok((bits as u32 >> 2, (bits >> 32) as u16, (bits >> 48) as u16))
}

/// The bits of a distance of `words` from the word behind a pointer; `None` if it is too far.
fn forward(words: usize) -> Option<u64> {
    let words = u64::try_from(words).ok()?;
    (words < 1 << 29).then_some(words << 2)
}

pub(super) fn struct_bits(distance: usize, data: u16, pointers: u16) -> Option<u64> {
    // A struct without words points at its own pointer, since a pointer of zeros is null.
    let offset = if data == 0 && pointers == 0 {
        0xffff_fffc
    } else {
        forward(distance)?
    };
    Some(offset | u64::from(data) << 32 | u64::from(pointers) << 48)
}

pub(super) fn list_bits(distance: usize, list: ListSize) -> Option<u64> {
    Some(forward(distance)? | LIST | u64::from(list.code) << 32 | u64::from(list.count) << 35)
}

pub(super) fn tag_bits(count: u32, data: u16, pointers: u16) -> u64 {
    u64::from(count) << 2 | u64::from(data) << 32 | u64::from(pointers) << 48
}

pub(super) fn capability_bits(index: u32) -> u64 {
    CAPABILITY | u64::from(index) << 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        let bits = struct_bits(5, 2, 3).expect("near");
        let expected = StructPointer {
            target: 16,
            data: 2,
            pointers: 3,
        };
        assert_eq!(Pointer::decode(bits, 10), Ok(Pointer::Struct(expected)));
        let list = ListSize {
            code: code::COMPOSITE,
            count: MAX_ELEMENTS,
        };
        let bits = list_bits(0, list).expect("near");
        assert_eq!(
            Pointer::decode(bits, 0),
            Ok(Pointer::List { target: 1, list })
        );
        assert_eq!(
            Pointer::decode(capability_bits(u32::MAX), 9),
            Ok(Pointer::Capability(u32::MAX))
        );
        assert_eq!(tag(tag_bits(7, 1, 2)), Ok((7, 1, 2)));
    }

    #[test]
    fn an_empty_struct_is_not_null() {
        let bits = struct_bits(0, 0, 0).expect("near");
        assert_ne!(bits, 0);
        let Ok(Pointer::Struct(pointer)) = Pointer::decode(bits, 4) else {
            panic!("not a struct");
        };
        assert_eq!(pointer.target, 4);
    }

    #[test]
    fn far_and_reserved_pointers_are_refused() {
        assert_eq!(Pointer::decode(2, 0), Err(Error::Far));
        assert_eq!(Pointer::decode(3 | 1 << 2, 0), Err(Error::Reserved));
        assert_eq!(tag(1), Err(Error::Element));
    }

    #[test]
    fn what_is_too_far_has_no_bits() {
        assert_eq!(struct_bits(1 << 29, 1, 0), None);
        assert!(struct_bits((1 << 29) - 1, 1, 0).is_some());
    }
}
