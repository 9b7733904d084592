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

/// What a call is made of.
#[derive(Clone, Debug)]
struct Wanted {
    target: Target,
    interface: u64,
    method: u16,
    own: u8,
    pipelined: bool,
    deadline: Deadline,
    after: Vec<CallId>,
    caps: Vec<CapRef>,
    buffer: Option<BufferRef>,
    data: Vec<u8>,
}

prop_compose! {
    fn wanted()(
        target in target(), interface: u64, method: u16, own: u8, pipelined: bool,
        deadline in prop_oneof![Just(u64::MAX), any::<u64>()].prop_map(Deadline),
        after in proptest::collection::vec(id(), 0..=4), caps in proptest::collection::vec(cap(), 0..=4),
        buffer in buffer(), data in proptest::collection::vec(any::<u8>(), 0..=32),
    ) -> Wanted {
        Wanted { target, interface, method, own, pipelined, deadline, after, caps, buffer, data }
    }
}

impl Wanted {
    /// Bytes of the body that it needs.
    fn needs(&self) -> usize {
        let words = usize::from(self.deadline != Deadline::NEVER)
            + usize::from(self.buffer.is_some())
            + self.caps.len()
            + self.after.len().div_ceil(2);
        words * 8 + self.data.len().next_multiple_of(8)
    }

    /// The call, its parts put in one of several orders.
    fn make(&self, order: usize) -> Result<Call, TooLong> {
        let mut call =
            Call::new(self.target, self.interface, self.method).with_method_flags(self.own);
        if self.pipelined {
            call = call.pipelined();
        }
        for part in 0..5 {
            call = match (part + order) % 5 {
                0 => call.with_deadline(self.deadline)?,
                1 => call.with_caps(&self.caps)?,
                2 => call.with_after(&self.after)?,
                3 => call.with_data(&self.data)?,
                _ => self
                    .buffer
                    .map_or(Ok(call), |buffer| call.with_buffer(buffer))?,
            };
        }
        Ok(call)
    }

    fn holds(&self, call: &Call) -> bool {
        (call.target(), call.interface(), call.method())
            == (self.target, self.interface, self.method)
            && (call.method_flags(), call.is_pipelined()) == (self.own, self.pipelined)
            && (call.deadline(), call.buffer()) == (self.deadline, self.buffer)
            && call.caps().as_slice() == self.caps
            && call.after().as_slice() == self.after
            && call.data().with(|bytes| bytes == self.data)
    }
}

proptest! {
    #[test]
    fn a_call_reads_back_if_it_fits(id in id(), wanted in wanted(), order in 0_usize..5) {
        match wanted.make(order) {
            Ok(call) => {
                prop_assert!(wanted.needs() <= 32);
                prop_assert!(wanted.holds(&call));
                prop_assert_eq!(Ok(call), wanted.make(0));
                prop_assert_eq!(Call::decode(&call.encode(id)), Ok((id, call)));
            }
            Err(TooLong) => prop_assert!(wanted.needs() > 32),
        }
    }

    #[test]
    fn parts_can_be_put_anew(first in wanted(), second in wanted()) {
        if let (Ok(mut call), Ok(same)) = (first.make(0), second.make(0)) {
            call = call.with_deadline(Deadline::NEVER).unwrap().with_caps(&[]).unwrap().with_after(&[]).unwrap();
            call = call.with_data(&[]).unwrap();
            if call.buffer().is_none() {
                prop_assert_eq!(call, Wanted { deadline: Deadline::NEVER, caps: Vec::new(), after: Vec::new(), data: Vec::new(), ..first.clone() }.make(0).unwrap());
            }
            if call.buffer().is_none() || second.buffer.is_some() {
                let with = |call: Call| {
                    let call = call.with_deadline(second.deadline)?.with_after(&second.after)?.with_data(&second.data)?;
                    second.buffer.map_or(Ok(call), |buffer| call.with_buffer(buffer))?.with_caps(&second.caps)
                };
                let call = with(call).unwrap();
                prop_assert_eq!(&call.encode(CallId::default())[4..], &same.encode(CallId::default())[4..]);
            }
        }
    }

    #[test]
    fn a_completion_reads_back(
        id in id(), status: u32, detail: u64, caps in proptest::collection::vec(cap(), 0..=2), buffer in buffer(),
        bytes in proptest::collection::vec(any::<u8>(), 0..=8),
    ) {
        let mut completion = Completion::new(Status(status)).with_detail(detail);
        completion = completion.with_data(&bytes).unwrap().with_caps(&caps).unwrap();
        if let Some(buffer) = buffer {
            completion = completion.with_buffer(buffer).unwrap();
        }
        let entry = completion.encode(id);
        prop_assert_eq!(Completion::decode(&entry), Ok((id, completion)));
        prop_assert_eq!((completion.status(), completion.detail(), completion.buffer()), (Status(status), detail, buffer));
        let list = completion.caps();
        prop_assert_eq!(list.as_slice(), &caps);
        prop_assert!(completion.data().with(|data| data == bytes));
    }

    #[test]
    fn a_note_reads_back(
        kind in prop_oneof![
            Just(NoteKind::Cancel), Just(NoteKind::Finish), Just(NoteKind::Release), Just(NoteKind::Resolve), Just(NoteKind::Disembargo)
        ],
        call in id(), slot: u32, value: u64, index: u16, caps in proptest::collection::vec(cap(), 0..=4),
    ) {
        let note = Note { kind, call, slot, value, index, caps: Caps::new(&caps).unwrap() };
        prop_assert_eq!(Note::decode(&note.encode()), Ok(note));
    }

    /// One bit of a right entry changed, or any words at all: what still decodes has this one encoding.
    #[test]
    fn an_entry_has_one_encoding(id in id(), wanted in wanted(), word in 0_usize..8, bit in 0_u32..64, any_words: [u64; 8]) {
        let mut changed = wanted.make(0).map_or(any_words, |call| call.encode(id));
        changed[word] ^= 1 << bit;
        // The sequence is the queue's.
        for mut words in [changed, any_words] {
            words[0] &= !0xffff_ffff;
            if let Ok((id, call)) = Call::decode(&words) {
                prop_assert_eq!(call.encode(id), words);
                // What it holds makes the same call again.
                let data = call.data();
                prop_assert_eq!(call.with_payload(&data), Ok(call));
            }
            if let Ok((id, completion)) = Completion::decode(&words) {
                prop_assert_eq!(completion.encode(id), words);
            }
            if let Ok(note) = Note::decode(&words) {
                prop_assert_eq!(note.encode(), words);
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
    let call = Call::default()
        .with_spilled(Spilled { caps: 5, after: 1 })
        .unwrap();
    let with = |len| {
        let buffer = BufferRef {
            index: 0,
            len,
            pages: false,
        };
        Call::decode(&call.with_buffer(buffer).unwrap().encode(CallId::default()))
    };
    assert!(with(48).is_ok());
    assert_eq!(with(47), Err(EntryError::Length));
    assert_eq!(
        Call::decode(&call.encode(CallId::default())),
        Err(EntryError::Length)
    );
    assert_eq!(call.with_caps(&[CapRef::Null]), Err(TooLong));
    let listed = Call::default().with_caps(&[CapRef::Null]).unwrap();
    assert_eq!(
        listed.with_spilled(Spilled { caps: 5, after: 1 }),
        Err(TooLong)
    );
    assert_eq!(
        Call::default().with_spilled(Spilled { caps: 65, after: 0 }),
        Err(TooLong)
    );
}

#[test]
fn a_length_past_the_entry_is_refused() {
    let word = u64::from(Kind::CALL.0) << 32;
    assert_eq!(
        Call::decode(&[word, 0, 0, 33 << 48, 0, 0, 0, 0]),
        Err(EntryError::Length)
    );
    let with_deadline = word | u64::from(Flags::DEADLINE) << 48;
    assert_eq!(
        Call::decode(&[with_deadline, 0, 0, 25 << 48, 0, 0, 0, 0]),
        Err(EntryError::Length)
    );
    for count in [
        5 << 32,
        255 << 32,
        5 << 40,
        9 << 40,
        255 << 40,
        4 << 32 | 1 << 40,
    ] {
        assert_eq!(
            Call::decode(&[word, 0, 0, count, 0, 0, 0, 0]),
            Err(EntryError::Length)
        );
    }
}

#[test]
fn a_child_never_outlives_its_parents_deadline() {
    assert_eq!(Deadline(5).within(Deadline(3)), Deadline(3));
    assert_eq!(Deadline(3).within(Deadline(5)), Deadline(3));
    assert_eq!(Deadline::NEVER.within(Deadline(5)), Deadline(5));
    assert!(!Deadline::NEVER.has_passed(u64::MAX));
    assert!(Deadline(5).has_passed(5) && !Deadline(5).has_passed(4));
}
