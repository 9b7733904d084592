//! What is written reads back, and what reads is what would be written.

use super::*;
use proptest::prelude::*;
use std::vec::Vec;

fn id() -> impl Strategy<Value = CallId> {
    any::<u32>().prop_map(CallId::from_bits)
}

fn cap() -> impl Strategy<Value = CapRef> {
    let transfer = prop_oneof![Just(Transfer::Copy), Just(Transfer::Move)];
    prop_oneof![
        Just(CapRef::Null),
        (any::<u32>(), transfer).prop_map(|(slot, transfer)| CapRef::Slot { slot, transfer }),
        (id(), any::<u16>()).prop_map(|(call, index)| CapRef::Promised { call, index }),
        any::<u32>().prop_map(|slot| CapRef::Home { slot }),
    ]
}

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![
        any::<u32>().prop_map(Target::Slot),
        (id(), any::<u16>()).prop_map(|(call, index)| Target::Promised { call, index }),
    ]
}

fn buffer() -> impl Strategy<Value = Option<BufferRef>> {
    let some = (any::<u32>(), any::<u32>(), any::<bool>());
    proptest::option::of(some.prop_map(|(index, len, pages)| BufferRef { index, len, pages }))
}

prop_compose! {
    fn call()(
        target in target(), interface: u64, method: u16, own: u8, pipelined: bool,
        deadline in prop_oneof![Just(u64::MAX), any::<u64>()],
        after in proptest::collection::vec(id(), 0..=4), caps in proptest::collection::vec(cap(), 0..=4),
        buffer in buffer(), bytes in proptest::collection::vec(any::<u8>(), 0..=32),
    ) -> Call {
        let flags = u16::from(own) << 8 | if pipelined { Flags::PIPELINED } else { 0 };
        Call {
            target, interface, method, flags, deadline: Deadline(deadline),
            after: After::new(&after).unwrap(), caps: Caps::new(&caps).unwrap(), spilled: Spilled::default(),
            buffer, data: Payload::new(&bytes).unwrap(),
        }
    }
}

/// Bytes of the body that a call needs.
fn needs(call: &Call) -> usize {
    let words = usize::from(call.deadline != Deadline::NEVER)
        + usize::from(call.buffer.is_some())
        + call.caps.as_slice().len()
        + call.after.as_slice().len().div_ceil(2);
    words * 8 + call.data.len()
}

proptest! {
    #[test]
    fn a_call_reads_back_if_it_fits(id in id(), call in call()) {
        match call.encode(id) {
            Ok(entry) => {
                prop_assert!(needs(&call) <= 32);
                prop_assert_eq!(Call::decode(&entry), Ok((id, call)));
            }
            Err(TooLong) => prop_assert!(needs(&call) > 32),
        }
    }

    #[test]
    fn a_completion_reads_back(
        id in id(), status: u32, detail: u64, caps in proptest::collection::vec(cap(), 0..=2), buffer in buffer(),
        bytes in proptest::collection::vec(any::<u8>(), 0..=8),
    ) {
        let completion = Completion {
            status: Status(status), detail, caps: Caps::new(&caps).unwrap(), spilled: Spilled::default(),
            buffer, data: Payload::new(&bytes).unwrap(),
        };
        let entry = completion.encode(id).unwrap();
        prop_assert_eq!(Completion::decode(&entry), Ok((id, completion)));
    }

    #[test]
    fn a_note_reads_back(
        kind in prop_oneof![
            Just(NoteKind::Cancel), Just(NoteKind::Finish), Just(NoteKind::Release), Just(NoteKind::Resolve), Just(NoteKind::Disembargo)
        ],
        call in id(), slot: u32, value: u64, index: u16, caps in proptest::collection::vec(cap(), 0..=4),
    ) {
        let note = Note { kind, call, slot, value, index, caps: Caps::new(&caps).unwrap() };
        prop_assert_eq!(Note::decode(&note.encode().unwrap()), Ok(note));
    }

    /// One bit of a right entry changed, or any words at all: what still decodes has this one encoding.
    #[test]
    fn an_entry_has_one_encoding(id in id(), call in call(), word in 0_usize..8, bit in 0_u32..64, any_words: [u64; 8]) {
        let mut changed = call.encode(id).unwrap_or(any_words);
        changed[word] ^= 1 << bit;
        // The sequence is the queue's.
        for mut words in [changed, any_words] {
            words[0] &= !0xffff_ffff;
            if let Ok((id, call)) = Call::decode(&words) {
                prop_assert_eq!(call.encode(id), Ok(words));
            }
            if let Ok((id, completion)) = Completion::decode(&words) {
                prop_assert_eq!(completion.encode(id), Ok(words));
            }
            if let Ok(note) = Note::decode(&words) {
                prop_assert_eq!(note.encode(), Ok(words));
            }
        }
    }

    #[test]
    fn spilled_lists_read_back(
        caps in proptest::collection::vec(cap(), 0..70), after in proptest::collection::vec(id(), 0..70), size in 0_usize..1024,
    ) {
        let mut buffer = std::vec![0xa5; size];
        let fits = caps.len() <= 64 && after.len() <= 64 && caps.len() * 8 + after.len().div_ceil(2) * 8 <= size;
        match Spilled::write(&mut buffer, &caps, &after) {
            Ok(spilled) => {
                prop_assert!(fits);
                let read: Vec<_> = (0..spilled.caps).map(|index| spilled.cap(&buffer, index).unwrap()).collect();
                prop_assert_eq!(read, caps);
                let read: Vec<_> = (0..spilled.after).map(|index| spilled.after(&buffer, index).unwrap()).collect();
                prop_assert_eq!(read, after);
                prop_assert!(buffer[spilled.bytes()..].iter().all(|byte| *byte == 0xa5));
                prop_assert_eq!(spilled.cap(&buffer, spilled.caps), Err(EntryError::Length));
                prop_assert_eq!(spilled.after(&buffer, spilled.after), Err(EntryError::Length));
            }
            Err(TooLong) => prop_assert!(!fits),
        }
    }

    #[test]
    fn bytes_are_split_and_joined(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let (data, rest) = Payload::split(&bytes);
        let mut joined: Vec<u8> = data.with(<[u8]>::to_vec);
        joined.extend(rest);
        prop_assert_eq!(joined, bytes);
    }
}

#[test]
fn spilled_lists_need_a_buffer_that_holds_them() {
    let mut call = Call {
        spilled: Spilled { caps: 5, after: 1 },
        ..Call::default()
    };
    assert_eq!(call.encode(CallId::default()), Err(TooLong));
    call.buffer = Some(BufferRef {
        index: 0,
        len: 48,
        pages: false,
    });
    let entry = call.encode(CallId::default()).unwrap();
    assert_eq!(Call::decode(&entry), Ok((CallId::default(), call)));
    call.buffer = Some(BufferRef {
        index: 0,
        len: 47,
        pages: false,
    });
    let entry = call.encode(CallId::default()).unwrap();
    assert_eq!(Call::decode(&entry), Err(EntryError::Length));
}

#[test]
fn a_length_past_the_entry_is_refused() {
    let word = first(Kind::CALL, 0);
    assert_eq!(
        Call::decode(&[word, 0, 0, 33 << 48, 0, 0, 0, 0]),
        Err(EntryError::Length)
    );
    let with_deadline = first(Kind::CALL, Flags::DEADLINE);
    assert_eq!(
        Call::decode(&[with_deadline, 0, 0, 25 << 48, 0, 0, 0, 0]),
        Err(EntryError::Length)
    );
    assert_eq!(
        Call::decode(&[word, 0, 0, 5 << 32, 0, 0, 0, 0]),
        Err(EntryError::Length)
    );
}

#[test]
fn a_child_never_outlives_its_parents_deadline() {
    assert_eq!(Deadline(5).within(Deadline(3)), Deadline(3));
    assert_eq!(Deadline(3).within(Deadline(5)), Deadline(3));
    assert_eq!(Deadline::NEVER.within(Deadline(5)), Deadline(5));
    assert!(!Deadline::NEVER.has_passed(u64::MAX));
    assert!(Deadline(5).has_passed(5) && !Deadline(5).has_passed(4));
}
