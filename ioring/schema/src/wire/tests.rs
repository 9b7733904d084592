//! Messages that lie, and messages that are read by another schema than they were written by.

use super::{pointer::*, *};
use std::{vec, vec::Vec};

/// A struct of two words and four pointers.
enum Sample {}

impl StructType for Sample {
    const ID: u64 = 1;
    const DATA_WORDS: u16 = 2;
    const POINTERS: u16 = 4;
    type Reader<'a> = StructReader<'a>;
    type Builder<'a> = StructBuilder<'a>;
}

fn built(fill: impl FnOnce(&mut StructBuilder<'_>)) -> Vec<u8> {
    // What was in the buffer before must not be seen.
    let mut buffer = vec![0xa5; 4096];
    let mut message = MessageBuilder::new(&mut buffer);
    fill(&mut message.init::<Sample>().expect("room"));
    message.as_bytes().to_vec()
}

fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// A message whose root is a struct of one pointer, which is the second word; the rest follows.
fn behind_pointer(pointer: u64, rest: &[u64]) -> Vec<u8> {
    let root = struct_bits(0, 0, 1).expect("near");
    let mut all = vec![root, pointer];
    all.extend(rest);
    words(&all)
}

fn with_root<T>(bytes: &[u8], read: impl FnOnce(StructReader<'_>) -> T) -> T {
    let message = Message::new(bytes).expect("whole words");
    read(message.raw_root().expect("a root"))
}

#[test]
fn numbers_are_kept_as_their_difference_to_the_default() {
    let bytes = built(|root| {
        root.set_u32(0, 7, 7);
        root.set_i16(2, -2, 5);
        root.set_bool(48, false, true);
        root.set_f64(1, 0.25, 0.5);
    });
    with_root(&bytes, |root| {
        assert_eq!((root.u32(0, 7), root.u32(0, 0)), (7, 0));
        assert_eq!((root.i16(2, 5), root.bool(48, true)), (-2, false));
        assert!((root.f64(1, 0.5) - 0.25).abs() < f64::EPSILON);
    });
}

#[test]
fn fields_behind_the_end_of_a_struct_are_defaults() {
    let bytes = built(|_| {});
    with_root(&bytes, |root| {
        assert_eq!(
            (root.u64(2, 9), root.i8(16, -3), root.bool(128, true)),
            (9, -3, true)
        );
        assert_eq!(
            (root.text(4, "d"), root.data(4, b"e")),
            (Ok("d"), Ok(&b"e"[..]))
        );
        assert_eq!((root.capability(9), root.has(9)), (Ok(None), false));
        assert_eq!(root.structure(4).expect("default").u32(0, 1), 1);
        assert!(root.list::<u8>(4).expect("default").is_empty());
    });
}

#[test]
fn no_bytes_and_a_null_root_are_all_defaults() {
    for bytes in [vec![], words(&[0])] {
        with_root(&bytes, |root| assert_eq!(root.u8(0, 3), 3));
    }
}

#[test]
fn what_is_built_reads_back() {
    let bytes = built(|root| {
        root.set_text(0, "ring").expect("room");
        root.init_data(1, 3).expect("room").copy_from_slice(b"abc");
        let mut list = root.init_list::<u16>(2, 3).expect("room");
        (0..3).for_each(|i| list.set(i, 500 + i as u16).expect("room"));
        assert_eq!(list.set(3, 0), Err(Error::Index(3)));
        root.set_capability(3, Some(CapIndex(5)));
    });
    with_root(&bytes, |root| {
        assert_eq!(
            (root.text(0, ""), root.data(1, &[])),
            (Ok("ring"), Ok(&b"abc"[..]))
        );
        let list: Result<Vec<u16>, Error> = root.list(2).expect("a list").iter().collect();
        assert_eq!(list, Ok(vec![500, 501, 502]));
        assert_eq!(root.capability(3), Ok(Some(CapIndex(5))));
        assert_eq!(
            root.list::<u16>(2).expect("a list").get(3),
            Err(Error::Index(3))
        );
    });
}

#[test]
fn lists_of_bits_texts_and_structs_read_back() {
    let bytes = built(|root| {
        let mut bits = root.init_list::<bool>(0, 11).expect("room");
        bits.set(9, true).expect("in it");
        let mut texts = root.init_list::<str>(1, 2).expect("room");
        texts.set(1, "b").expect("room");
        let mut structs = root.init_structs::<Sample>(2, 2).expect("room");
        structs
            .get(1)
            .expect("in it")
            .set_text(3, "deep")
            .expect("room");
        structs.get(0).expect("in it").set_u64(1, 6, 0);
        assert!(structs.get(2).is_err());
    });
    with_root(&bytes, |root| {
        let bits: Vec<bool> = root.list(0).expect("bits").iter().flatten().collect();
        assert_eq!(bits.iter().position(|bit| *bit), Some(9));
        let texts: Vec<&str> = root.list(1).expect("texts").iter().flatten().collect();
        assert_eq!(texts, ["", "b"]);
        let structs = root.list::<StructReader<'_>>(2).expect("structs");
        assert_eq!(structs.get(0).expect("first").u64(1, 0), 6);
        assert_eq!(structs.get(1).expect("second").text(3, ""), Ok("deep"));
    });
}

#[test]
fn a_full_buffer_is_an_error_and_no_more() {
    let mut buffer = [0; 64];
    let mut message = MessageBuilder::new(&mut buffer);
    let mut root = message.init::<Sample>().expect("seven words");
    assert_eq!(root.set_text(0, "nine bytes"), Err(Error::Full));
    assert_eq!(root.set_data(1, b"8 bytes."), Ok(()));
    assert_eq!(root.set_data(2, b"x"), Err(Error::Full));
    assert_eq!(message.len(), 64);
    assert_eq!(
        MessageBuilder::new(&mut [0; 55])
            .init::<Sample>()
            .map(|_| ()),
        Err(Error::Full)
    );
}

#[test]
fn a_list_longer_than_the_encoding_can_say_is_refused() {
    built(|root| {
        assert_eq!(
            root.init_list::<()>(0, MAX_ELEMENTS + 1).map(|_| ()),
            Err(Error::TooLong)
        );
        assert_eq!(
            root.init_structs::<Sample>(0, MAX_ELEMENTS).map(|_| ()),
            Err(Error::TooLong)
        );
        assert!(root.init_list::<()>(0, MAX_ELEMENTS).is_ok());
    });
}

#[test]
fn a_message_is_whole_words() {
    assert_eq!(Message::new(&[0; 12]).map(|_| ()), Err(Error::Length(12)));
}

#[test]
fn pointers_out_of_the_message_are_refused() {
    let cases = [
        struct_bits(0, 1, 0).expect("near"),
        struct_bits(1 << 20, 0, 1).expect("near"),
        // Before the start: distance -3.
        u64::from((-3_i32 << 2).cast_unsigned()) | 1 << 32,
    ];
    for pointer in cases {
        let bytes = behind_pointer(pointer, &[]);
        assert_eq!(
            with_root(&bytes, |root| root.structure(0).map(|_| ())),
            Err(Error::OutOfBounds)
        );
    }
    for code in [
        code::BYTE,
        code::BIT,
        code::EIGHT_BYTES,
        code::POINTER,
        code::COMPOSITE,
    ] {
        let list = ListSize {
            code,
            count: MAX_ELEMENTS,
        };
        let bytes = behind_pointer(list_bits(0, list).expect("near"), &[0]);
        assert_eq!(
            with_root(&bytes, |root| root.list::<()>(0).map(|_| ())),
            Err(Error::OutOfBounds)
        );
    }
}

#[test]
fn a_tag_that_claims_more_than_the_list_holds_is_refused() {
    let list = ListSize {
        code: code::COMPOSITE,
        count: 2,
    };
    let pointer = list_bits(0, list).expect("near");
    let claim = |tag| {
        let bytes = behind_pointer(pointer, &[tag, 0, 0]);
        with_root(&bytes, |root| {
            root.list::<StructReader<'_>>(0).map(|list| list.len())
        })
    };
    assert_eq!(claim(tag_bits(2, 1, 0)), Ok(2));
    assert_eq!(claim(tag_bits(3, 1, 0)), Err(Error::OutOfBounds));
    assert_eq!(claim(tag_bits(1, 2, 1)), Err(Error::OutOfBounds));
    assert_eq!(claim(1), Err(Error::Element));
    // Elements without size take no room, but time.
    assert_eq!(claim(tag_bits(MAX_ELEMENTS, 0, 0)), Err(Error::TooMuch));
}

#[test]
fn a_pointer_to_another_kind_is_refused() {
    let bytes = built(|root| {
        root.init_struct::<Sample>(0).expect("room");
        root.set_data(1, b"bytes").expect("room");
        root.set_capability(2, Some(CapIndex(0)));
    });
    with_root(&bytes, |root| {
        assert_eq!(root.text(0, ""), Err(Error::Kind));
        assert_eq!(root.structure(1).map(|_| ()), Err(Error::Kind));
        assert_eq!(root.capability(1), Err(Error::Kind));
        assert_eq!(root.data(2, &[]), Err(Error::Kind));
        assert_eq!(root.text(1, ""), Err(Error::Text));
        assert_eq!(root.list::<u16>(1).map(|_| ()), Err(Error::Element));
        assert_eq!(root.list::<bool>(1).map(|_| ()), Err(Error::Element));
        assert_eq!(root.list::<&str>(1).map(|_| ()), Err(Error::Element));
    });
    let bytes = behind_pointer(2, &[]);
    assert_eq!(
        with_root(&bytes, |root| root.structure(0).map(|_| ())),
        Err(Error::Far)
    );
}

#[test]
fn text_has_to_be_text() {
    let text = |bytes: &[u8]| {
        let bytes = built(|root| root.set_data(0, bytes).expect("room"));
        with_root(&bytes, |root| root.text(0, "").map(str::len))
    };
    assert_eq!(text(b"ok\0"), Ok(2));
    assert_eq!(text(b"ok"), Err(Error::Text));
    assert_eq!(text(b""), Err(Error::Text));
    assert_eq!(text(b"\xff\0"), Err(Error::Text));
}

#[test]
fn a_cycle_ends_at_the_nesting_limit() {
    // The pointer in word 1 leads to word 1.
    let pointer = u64::from((-1_i32 << 2).cast_unsigned()) | 1 << 48;
    let bytes = behind_pointer(pointer, &[]);
    let depth = with_root(&bytes, |mut at| {
        for depth in 0_u32.. {
            match at.structure(0) {
                Ok(next) => at = next,
                Err(error) => return (depth, error),
            }
        }
        unreachable!("a cycle has no end");
    });
    assert_eq!(depth, (u32::from(Limits::DEPTH) - 1, Error::TooDeep));
}

#[test]
fn reading_the_same_words_again_and_again_ends_at_the_traversal_limit() {
    let bytes = built(|root| root.set_data(0, &[1; 1024]).expect("room"));
    let limits = Limits {
        words: 1000,
        depth: 4,
    };
    let message = Message::with_limits(&bytes, limits).expect("whole words");
    let root = message.raw_root().expect("a root");
    let reads = (0..100).take_while(|_| root.data(0, &[]).is_ok()).count();
    // 1000 words less the root's six, at 128 words a read.
    assert_eq!(reads, 994 / 128);
    assert_eq!(root.data(0, &[]), Err(Error::TooMuch));
}

#[test]
fn a_list_of_nothing_costs_what_it_takes_to_walk_it() {
    let list = ListSize {
        code: code::VOID,
        count: MAX_ELEMENTS,
    };
    let bytes = behind_pointer(list_bits(0, list).expect("near"), &[]);
    assert_eq!(
        with_root(&bytes, |root| root.list::<()>(0).map(|_| ())),
        Err(Error::TooMuch)
    );
}

#[test]
fn a_list_of_numbers_reads_as_structs_and_back() {
    let numbers = built(|root| {
        let mut list = root.init_list::<u32>(0, 2).expect("room");
        list.set(1, 77).expect("in it");
    });
    with_root(&numbers, |root| {
        let structs = root.list::<StructReader<'_>>(0).expect("structs");
        let second = structs.get(1).expect("second");
        // The number is the first field, and there is nothing behind it, least of all the next number.
        assert_eq!(
            (second.u32(0, 0), second.u32(1, 5), second.has(0)),
            (77, 5, false)
        );
        assert_eq!(structs.get(0).expect("first").u64(0, 4), 4);
    });
    let structs = built(|root| {
        let mut list = root.init_structs::<Sample>(0, 2).expect("room");
        list.get(1).expect("in it").set_u32(0, 88, 0);
        list.get(1)
            .expect("in it")
            .set_text(0, "first")
            .expect("room");
    });
    with_root(&structs, |root| {
        assert_eq!(root.list::<u32>(0).expect("numbers").get(1), Ok(88));
        assert_eq!(root.list::<&str>(0).expect("texts").get(1), Ok("first"));
        assert_eq!(root.list::<bool>(0).map(|_| ()), Err(Error::Element));
    });
}

#[test]
fn readers_may_be_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    let bytes = built(|_| {});
    with_root(&bytes, |root| shared(&root));
}
