//! The `capnp` crate's readers as a second opinion on a message: wherever this crate reads a value, that one reads the same.
//!
//! The other way round need not hold: far pointers, text that is not UTF-8, and limits are refused here. The fuzz target for
//! messages uses this file too.

use capnp::{
    Word, any_pointer,
    message::{Reader, ReaderOptions, SegmentArray},
    private::layout::{PointerReader, StructReader as Theirs},
    schema_capnp::node,
    struct_list,
    traits::{FromPointerReader, IntoInternalStructReader},
};
use isthmus_schema::wire::{List, Message, StructReader as Ours};

/// The other crate's struct, without a schema.
struct Raw<'a>(Theirs<'a>);

impl<'a> FromPointerReader<'a> for Raw<'a> {
    fn get_from_pointer(
        reader: &PointerReader<'a>,
        default: Option<&'a [Word]>,
    ) -> capnp::Result<Self> {
        reader.get_struct(default).map(Self)
    }
}

/// How deep both look.
const DEEP: u32 = 6;
/// Pointers of a struct, and elements of a list, that both look at.
const WIDE: u16 = 28;

/// Compares what both crates read in `bytes`. Panics at a difference; gives the number of values compared.
pub fn compare(bytes: &[u8]) -> usize {
    let Ok(ours) = Message::new(bytes) else {
        return 0;
    };
    // The other crate wants its words aligned.
    let mut aligned = Word::allocate_zeroed_vec(bytes.len() / 8);
    Word::words_to_bytes_mut(&mut aligned).copy_from_slice(bytes);
    let segments = [Word::words_to_bytes(&aligned)];
    let mut options = ReaderOptions::new();
    options.traversal_limit_in_words(None);
    let theirs = Reader::new(SegmentArray::new(&segments), options);
    let Ok(root) = ours.raw_root() else {
        return 0;
    };
    if bytes.is_empty() {
        return 0;
    }
    let any: any_pointer::Reader<'_> = theirs.get_root().expect("a root that this crate reads");
    let root_of_theirs: Raw<'_> = any.get_as().expect("a struct that this crate reads");
    structures(root, &root_of_theirs.0, DEEP)
}

fn structures(ours: Ours<'_>, theirs: &Theirs<'_>, depth: u32) -> usize {
    for index in 0..16 {
        let at = index as usize;
        assert_eq!(ours.u64(index, 0), theirs.get_data_field::<u64>(at));
        assert_eq!(ours.u16(index, 0), theirs.get_data_field::<u16>(at));
        assert_eq!(ours.i8(index, 0), theirs.get_data_field::<i8>(at));
        assert_eq!(ours.bool(index, false), theirs.get_bool_field(at));
    }
    let mut compared = 64;
    for index in 0..WIDE {
        let pointer = theirs.get_pointer_field(index.into());
        assert_eq!(ours.has(index), !pointer.is_null(), "pointer {index}");
        if !ours.has(index) {
            continue;
        }
        compared += 1;
        if let Ok(data) = ours.data(index, &[]) {
            let other: &[u8] = pointer.get_data(None).expect("data that this crate reads");
            assert_eq!(data, other);
        }
        if let Ok(text) = ours.text(index, "") {
            let other = pointer.get_text(None).expect("text that this crate reads");
            assert_eq!(text.as_bytes(), other.as_bytes());
        }
        if depth == 0 {
            continue;
        }
        if let Ok(inner) = ours.structure(index) {
            let other = pointer
                .get_struct(None)
                .expect("a struct that this crate reads");
            compared += structures(inner, &other, depth - 1);
        }
        if let Ok(list) = ours.list::<Ours<'_>>(index) {
            compared += lists(list, &pointer, depth - 1);
        }
    }
    compared
}

fn lists(ours: List<'_, Ours<'_>>, pointer: &PointerReader<'_>, depth: u32) -> usize {
    // Any struct's list does: what is in it is read without its schema.
    let other = struct_list::Reader::<node::Owned>::get_from_pointer(pointer, None);
    let other = other.expect("a list that this crate reads");
    assert_eq!(ours.len(), other.len());
    let mut compared = 1;
    for (element, other) in ours.iter().zip(other.iter()).take(WIDE.into()) {
        let element = element.expect("an element of a list of structs");
        compared += structures(element, &other.into_internal_struct_reader(), depth);
    }
    compared
}
