//! Messages as entries: each reads back as what it was, whatever reads as a message is written as the same words, and two
//! sides joined by a queue each way make a chain of calls in one batch each way.
#![cfg(not(loom))]

use isthmus_ioring::Geometry;
use isthmus_ioring::entry::{Deadline, Entry, Payload};
use isthmus_ioring::promise::wire::{self, Body};
use isthmus_ioring::promise::{
    Action, CallMessage, Cause, Descriptor, Limits, List, Message, ObjectId, Owner, Request, Side,
    Target, Token,
};
use isthmus_ioring::queue::{Consumer, Producer, queue};
use proptest::collection::vec;
use proptest::prelude::*;

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![
        any::<u32>().prop_map(Target::Export),
        any::<(u32, u8)>().prop_map(|(question, index)| Target::Answer { question, index }),
    ]
}

fn descriptor() -> impl Strategy<Value = Descriptor> {
    prop_oneof![
        any::<u32>().prop_map(Descriptor::SenderHosted),
        any::<u32>().prop_map(Descriptor::ReceiverHosted),
        any::<(u32, u8)>()
            .prop_map(|(question, index)| Descriptor::ReceiverAnswer { question, index }),
        Just(Descriptor::Broken(Cause::Null)),
    ]
}

fn list<T: std::fmt::Debug>(
    item: impl Strategy<Value = T>,
    max: usize,
) -> impl Strategy<Value = List<T>> {
    vec(item, 0..=max).prop_map(|items| items.into_iter().collect())
}

fn cause() -> impl Strategy<Value = Cause> {
    (0_u8..10).prop_map(|bits| Cause::from_bits(bits).unwrap())
}

fn message() -> impl Strategy<Value = Message> {
    let call = (
        any::<(u32, bool, bool, u64)>(),
        target(),
        list(any::<u32>(), 2),
        list(descriptor(), 2),
    );
    let result = prop_oneof![list(descriptor(), 4).prop_map(Ok), cause().prop_map(Err)];
    let owner = prop_oneof![Just(Owner::Sender), Just(Owner::Receiver)];
    let resolved = prop_oneof![
        descriptor().prop_filter("the cause is written", |d| !matches!(
            d,
            Descriptor::Broken(_)
        )),
        cause().prop_map(Descriptor::Broken),
    ];
    prop_oneof![
        call.prop_map(
            |((question, pipelined, after_success, deadline), target, after, caps)| {
                Message::Call(CallMessage {
                    question,
                    target,
                    pipelined,
                    after,
                    after_success,
                    deadline: Deadline(deadline),
                    caps,
                    token: Token(0),
                })
            }
        ),
        (any::<u32>(), result).prop_map(|(question, result)| Message::Return {
            question,
            result,
            token: Some(Token(0)),
        }),
        any::<u32>().prop_map(|question| Message::Finish { question }),
        any::<u32>().prop_map(|question| Message::Cancel { question }),
        (any::<u32>(), resolved).prop_map(|(export, target)| Message::Resolve { export, target }),
        any::<(u32, u32)>().prop_map(|(export, count)| Message::Release { export, count }),
        (target(), any::<u32>(), owner).prop_map(|(target, id, owner)| Message::Disembargo {
            target,
            id,
            owner
        }),
        any::<u32>().prop_map(|id| Message::Disembargoed { id }),
    ]
}

proptest! {
    #[test]
    fn a_message_reads_back(message in message(), interface: u64, method: u16, data: u64) {
        let mut body = Body::default();
        if let Message::Call(call) = &message {
            (body.interface, body.method) = (interface, method);
            if call.caps.len() + call.after.len().div_ceil(2) < 3 {
                body.data = Payload::new(&data.to_le_bytes()).unwrap();
            }
        }
        let entry = wire::encode(&message, &body).unwrap();
        prop_assert_eq!(wire::decode(&entry), Ok((message, body)));
    }

    #[test]
    fn what_reads_as_a_message_is_written_as_one_that_reads_the_same(
        message in message(), word in 0_usize..8, bits: u64,
    ) {
        let mut entry = wire::encode(&message, &Body::default()).unwrap();
        entry[word] ^= bits;
        if let Ok((read, body)) = wire::decode(&entry) {
            let again = wire::encode(&read, &body).unwrap();
            prop_assert_eq!(wire::decode(&again), Ok((read, body)));
        }
    }

    #[test]
    fn any_words_are_read_or_refused(words: [u64; 8], kind in 0_u64..20) {
        let mut entry: Entry = words;
        entry[0] = kind << 32;
        let _ = wire::decode(&entry);
    }
}

/// A side at an end of a line.
struct End {
    side: Side,
    to: Producer,
    from: Consumer,
}

impl End {
    /// Takes what has come and lets the host act; how many entries there were.
    fn turn(&mut self, host: &mut impl FnMut(&mut Side, Action)) -> usize {
        let mut taken = 0;
        while let Some(entry) = self.from.pop().unwrap() {
            let (message, _) = wire::decode(&entry).unwrap();
            self.side.receive(message).unwrap();
            taken += 1;
        }
        self.send(host);
        taken
    }

    fn send(&mut self, host: &mut impl FnMut(&mut Side, Action)) {
        while let Some(action) = self.side.poll() {
            match action {
                Action::Send(message) => {
                    let entry = wire::encode(&message, &Body::default()).unwrap();
                    assert!(self.to.push(entry).unwrap());
                }
                other => host(&mut self.side, other),
            }
        }
    }
}

#[test]
fn a_chain_of_eight_goes_over_a_line_in_one_batch_each_way() {
    let geometry = Geometry::new(64, 1).unwrap();
    let ((to_server, from_client), (to_client, from_server)) = (queue(geometry), queue(geometry));
    let limits = Limits::default();
    let mut client = End {
        side: Side::new(limits),
        to: to_server,
        from: from_server,
    };
    let mut server = End {
        side: Side::new(limits),
        to: to_client,
        from: from_client,
    };
    let own = server.side.host(ObjectId(1)).unwrap();
    let export = server.side.grant(own).unwrap();
    let mut target = client.side.accept(export).unwrap();
    for step in 0..8 {
        let request = Request {
            pipelined: true,
            ..Request::new(target, Token(step))
        };
        let call = client.side.call(&request).unwrap();
        target = client.side.result(call, 0).unwrap();
    }
    let mut ended = 0;
    client.send(&mut |_, _| {});
    let calls = server.turn(&mut |side, action| {
        if let Action::Start(start) = action {
            side.answer(start.call, Ok(&[own]), None).unwrap();
        }
    });
    let returns = client.turn(&mut |_, action| {
        ended += usize::from(matches!(action, Action::Ended { result: Ok(_), .. }));
    });
    assert_eq!((calls, returns, ended), (8, 8, 8));
}
