//! Messages: whatever the bytes are, an old and a new peer read them without harm, and what they read the `capnp` crate reads
//! too. And what a peer builds, with whatever room it has, reads back as it was written.

use isthmus_schema::{
    block_device, byte_stream,
    call::{MethodId, Refusal},
    clock, console, directory, file, key_value, log, log_reader, partition_control,
    partition_manager, root, vcpu,
    wire::{CapIndex, Error, Message, MessageBuilder},
};

use crate::input::Input;

#[path = "../../../../ioring/schema/tests/evolution/oracle.rs"]
mod oracle;
#[path = "../../../../ioring/schema/tests/evolution/peers.rs"]
mod peers;

use peers::{v1, v2};

/// The bytes as a message.
pub fn messages(data: &[u8]) {
    peers::walk(data);
    oracle::compare(data);
}

/// Messages of both peers, and the parameters of a call.
pub fn message_seeds() -> Vec<Vec<u8>> {
    let mut buffer = [0; 256];
    let mut message = MessageBuilder::new(&mut buffer);
    let mut params = message.init::<v2::store::put_params::Type>().expect("room");
    params.set_into(Some(CapIndex(3)));
    params
        .init_order()
        .expect("room")
        .set_note("x")
        .expect("room");
    vec![
        Vec::new(),
        peers::old_order(),
        peers::new_order(),
        message.as_bytes().to_vec(),
    ]
}

/// The first two bytes choose a method, the rest is what it is called with: a typed request or a refusal.
pub fn calls(data: &[u8]) {
    let mut input = Input::new(data);
    let (interface, method) = (input.byte(), u16::from(input.byte()));
    let Ok(message) = Message::new(input.rest()) else {
        return;
    };
    macro_rules! read {
        ($($index:literal => $interface:ident),*) => {
            match interface % 13 {
                $($index => {
                    let method = MethodId { interface: $interface::ID, method };
                    let read = $interface::Request::read(method, &message);
                    let known = $interface::METHODS.iter().any(|info| info.method == method.method);
                    assert_eq!(!known, matches!(read, Err(Refusal::Unimplemented(refused)) if refused == method));
                    let _ = format!("{read:?}");
                })*
                _ => {}
            }
        };
    }
    read!(
        0 => block_device, 1 => byte_stream, 2 => clock, 3 => console, 4 => directory, 5 => file, 6 => key_value, 7 => log,
        8 => log_reader, 9 => partition_control, 10 => partition_manager, 11 => root, 12 => vcpu
    );
}

/// Calls of every interface.
pub fn call_seeds() -> Vec<Vec<u8>> {
    let message = peers::old_order();
    let seed = |interface: u8| [&[interface, interface % 3][..], &message[..64]].concat();
    (0..13).map(seed).collect()
}

/// What was put into an order and has to come out of it.
#[derive(Default)]
struct Written {
    number: u64,
    small: Option<i8>,
    title: Option<String>,
    blob: Vec<u8>,
    words: Vec<String>,
    items: Vec<(u16, u64)>,
    bits: Vec<bool>,
    label: Option<String>,
    capability: Option<CapIndex>,
    z: Option<i32>,
}

/// The input says how much room there is and what to write. Up to where the room ends, everything reads back.
pub fn orders(data: &[u8]) {
    let mut input = Input::new(data);
    let mut buffer = vec![0xa5; input.below(2048)];
    let room = buffer.len();
    let mut message = MessageBuilder::new(&mut buffer);
    let mut written = Written::default();
    match build(&mut message, &mut input, &mut written) {
        Ok(()) => {}
        Err(Error::Full) => assert!(
            message.len() + MOST_OF_ONE > room,
            "{} of {room}",
            message.len()
        ),
        Err(error) => panic!("{error}"),
    }
    let bytes = message.as_bytes();
    if bytes.len() > 8 {
        read(bytes, &written).expect("what was built reads");
        oracle::compare(bytes);
    }
}

/// Bytes of the largest object that [`build`] makes at once.
const MOST_OF_ONE: usize = 512;

fn text(input: &mut Input<'_>) -> String {
    let length = input.below(40);
    String::from_utf8_lossy(input.take(length)).into_owned()
}

fn build(
    message: &mut MessageBuilder<'_>,
    input: &mut Input<'_>,
    written: &mut Written,
) -> Result<(), Error> {
    let mut order = message.init::<v2::order::Type>()?;
    written.number = input.u64();
    order.set_number(written.number);
    while !input.is_empty() {
        match input.below(9) {
            0 => {
                let small = input.byte().cast_signed();
                order.set_small(small);
                written.small = Some(small);
            }
            1 => {
                let title = text(input);
                order.set_title(&title)?;
                written.title = Some(title);
            }
            2 => {
                let length = input.below(64);
                let blob = input.take(length);
                order.init_blob(blob.len())?.copy_from_slice(blob);
                written.blob = blob.to_vec();
            }
            3 => {
                let count = input.below(6);
                let mut words = order.init_words(count as u32)?;
                written.words = vec![String::new(); count];
                for (index, place) in written.words.iter_mut().enumerate() {
                    let word = text(input);
                    words.set(index as u32, &word)?;
                    *place = word;
                }
            }
            4 => {
                let count = input.below(6);
                let mut items = order.init_items(count as u32)?;
                written.items = vec![(3, 100); count];
                for (index, place) in written.items.iter_mut().enumerate() {
                    *place = (input.u16(), input.word());
                    let mut item = items.get(index as u32)?;
                    item.set_amount(place.0);
                    item.set_price(place.1);
                }
            }
            5 => {
                let count = input.below(40);
                let mut bits = order.init_bits(count as u32)?;
                written.bits = vec![false; count];
                for (index, place) in written.bits.iter_mut().enumerate() {
                    *place = input.flag();
                    bits.set(index as u32, *place)?;
                }
            }
            6 => {
                // The discriminant is set first: with no room for the text, the member is there with what it had.
                let label = text(input);
                written.label.get_or_insert_default();
                order.set_label(&label)?;
                written.label = Some(label);
            }
            7 => {
                written.capability = Some(CapIndex(input.u32()));
                order.set_self(written.capability);
            }
            _ => {
                let z = input.u32().cast_signed();
                order.init_origin().set_z(z);
                written.z = Some(z);
            }
        }
    }
    Ok(())
}

fn read(bytes: &[u8], written: &Written) -> Result<(), Error> {
    let message = Message::new(bytes)?;
    let order = message.root::<v2::order::Type>()?;
    assert_eq!(
        (order.number(), order.small()),
        (written.number, written.small.unwrap_or(-5))
    );
    assert_eq!(
        order.title()?,
        written.title.as_deref().unwrap_or("untitled")
    );
    assert_eq!(order.blob()?, written.blob);
    let words: Vec<&str> = order.words()?.iter().collect::<Result<_, _>>()?;
    assert_eq!(words, written.words);
    let items = order
        .items()?
        .iter()
        .map(|item| item.map(|item| (item.amount(), item.price())));
    assert_eq!(items.collect::<Result<Vec<_>, _>>()?, written.items);
    let bits: Vec<bool> = order.bits()?.iter().collect::<Result<_, _>>()?;
    assert_eq!(bits, written.bits);
    assert_eq!(
        (order.self_()?, order.origin().z()),
        (written.capability, written.z.unwrap_or(-1))
    );
    let old = message.root::<v1::order::Type>()?;
    match (order.which()?, old.which()?) {
        (v2::order::Which::None, v1::order::Which::None) => assert_eq!(written.label, None),
        (v2::order::Which::Label(label), v1::order::Which::Label(same)) => {
            assert_eq!((Some(label), label), (written.label.as_deref(), same));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        (old.number(), old.title()?),
        (order.number(), order.title()?)
    );
    Ok(())
}

/// Orders with a field of each kind, with much and with little room.
pub fn order_seeds() -> Vec<Vec<u8>> {
    let seed = |room: u16| {
        let mut seed = room.to_le_bytes().to_vec();
        seed.extend([0; 8]);
        for kind in 0..9 {
            seed.extend([kind, 4, 3, b'a', b'b', b'c', 2, b'd', b'e', 1]);
        }
        seed
    };
    [0, 64, 300, 2047].map(seed).to_vec()
}
