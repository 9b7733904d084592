//! Old and new peers on each other's messages: `v2.capnp` is `v1.capnp` with every change that the rules allow. And both on
//! messages that were damaged, beside the `capnp` crate as a second opinion.

#[path = "evolution/oracle.rs"]
mod oracle;
#[path = "evolution/peers.rs"]
mod peers;

use isthmus_schema::{
    call::{CapList, Exchange, MethodId, Refusal},
    wire::{CapIndex, Error, Message, MessageBuilder},
};
use peers::{v1, v2};
use proptest::prelude::*;

fn check(result: Result<(), Error>) {
    result.expect("a message that reads");
}

#[test]
fn what_an_old_peer_writes_a_new_one_reads() {
    let bytes = peers::old_order();
    let message = Message::new(&bytes).expect("whole");
    check(peers::expect_old_in_new(
        message.root::<v2::order::Type>().expect("a root"),
    ));
}

#[test]
fn what_a_new_peer_writes_an_old_one_reads() {
    let bytes = peers::new_order();
    let message = Message::new(&bytes).expect("whole");
    check(peers::expect_new_in_old(
        message.root::<v1::order::Type>().expect("a root"),
    ));
}

#[test]
fn what_a_peer_writes_it_reads_itself() {
    let bytes = peers::new_order();
    let message = Message::new(&bytes).expect("whole");
    check(peers::expect_new_in_new(
        message.root::<v2::order::Type>().expect("a root"),
    ));
}

#[test]
fn the_capnp_crate_reads_the_same_in_every_order() {
    for bytes in [peers::old_order(), peers::new_order()] {
        let compared = oracle::compare(&bytes);
        // Twelve structs and their pointers at the least.
        assert!(compared > 12 * 64, "{compared}");
        assert!(peers::walk(&bytes) > 20);
    }
}

#[test]
fn a_member_that_an_old_peer_does_not_have_is_unknown_to_it() {
    let mut buffer = [0; 1024];
    let mut message = MessageBuilder::new(&mut buffer);
    let mut order = message.init::<v2::order::Type>().expect("room");
    order.init_many(1).expect("room");
    order.set_colour(v2::Colour::BLUE);
    let message = Message::new(message.as_bytes()).expect("whole");
    let order = message.root::<v1::order::Type>().expect("a root");
    assert!(matches!(order.which(), Ok(v1::order::Which::Unknown(4))));
    assert_eq!((order.colour().name(), order.colour().0), (None, 2));
}

#[test]
fn a_field_that_joined_a_union_is_its_first_member_to_those_who_know_it() {
    let mut buffer = [0; 64];
    let mut message = MessageBuilder::new(&mut buffer);
    message
        .init::<v1::choice::Type>()
        .expect("room")
        .set_amount(5);
    let message = Message::new(message.as_bytes()).expect("whole");
    let choice = message.root::<v2::choice::Type>().expect("a root");
    assert!(matches!(choice.which(), Ok(v2::choice::Which::Amount(5))));
}

/// A server of the old schema.
struct OldStore;

impl<'a> v1::store::Server<Exchange<'a, u32>, Refusal> for OldStore {
    fn put(
        &self,
        caps: &mut Exchange<'a, u32>,
        params: v1::store::put_params::Reader<'_>,
        mut results: v1::store::put_results::Builder<'_>,
    ) -> Result<(), Refusal> {
        let into = caps.get(params.into()?)?.copied();
        results.set_number(u64::from(into.unwrap_or_default()) + params.order()?.number());
        Ok(())
    }
}

/// Calls the old server as a new client does, and gives what it says.
fn call_old(method: MethodId, params: &[u8], received: &[u32]) -> Result<(u64, bool), Refusal> {
    let mut caps = Exchange {
        received,
        sent: CapList::new(&mut []),
    };
    let mut results = [0; 256];
    let length = v1::store::dispatch(&OldStore, method, params, &mut caps, &mut results)?;
    let message = Message::new(&results[..length])?;
    let answer = message.root::<v2::store::put_results::Type>()?;
    Ok((answer.number(), answer.late()))
}

const PUT: MethodId = MethodId {
    interface: v2::store::ID,
    method: 0,
};

fn put_params(buffer: &mut [u8]) -> usize {
    let mut message = MessageBuilder::new(buffer);
    let mut params = message.init::<v2::store::put_params::Type>().expect("room");
    params.init_order().expect("room").set_number(30);
    params.set_into(Some(CapIndex(0)));
    params.set_hurry(true);
    message.len()
}

#[test]
fn a_new_client_is_served_by_an_old_server() {
    let mut buffer = [0; 1024];
    let length = put_params(&mut buffer);
    assert_eq!(call_old(PUT, &buffer[..length], &[12]), Ok((42, false)));
}

#[test]
fn a_capability_that_is_not_there_is_the_callers_fault() {
    let mut buffer = [0; 1024];
    let length = put_params(&mut buffer);
    let refused = Err(Refusal::Params(Error::Capability(0)));
    assert_eq!(call_old(PUT, &buffer[..length], &[]), refused);
}

#[test]
fn methods_and_interfaces_that_an_old_server_does_not_have_are_refused_by_name() {
    let take = MethodId {
        interface: v2::store::ID,
        method: 2,
    };
    let base = MethodId {
        interface: v2::base::ID,
        method: 0,
    };
    let inherited = MethodId {
        interface: v1::store::ID,
        method: 1,
    };
    for method in [take, base, inherited] {
        assert_eq!(
            call_old(method, &[], &[]),
            Err(Refusal::Unimplemented(method))
        );
    }
}

/// A server of the new schema, of which only the superclass is implemented.
struct NewStore;

impl<X> v2::base::Server<X, Refusal> for NewStore {
    fn name(
        &self,
        _: &mut X,
        _: v2::base::name_params::Reader<'_>,
        mut results: v2::base::name_results::Builder<'_>,
    ) -> Result<(), Refusal> {
        results.set_name("store")?;
        Ok(())
    }
}

impl<X> v2::store::Server<X, Refusal> for NewStore {}

#[test]
fn methods_of_a_superclass_are_found() {
    let method = MethodId {
        interface: v2::base::ID,
        method: 0,
    };
    let mut results = [0; 64];
    let length =
        v2::store::dispatch(&NewStore, method, &[], &mut (), &mut results).expect("answered");
    let message = Message::new(&results[..length]).expect("whole");
    assert_eq!(
        message
            .root::<v2::base::name_results::Type>()
            .expect("a root")
            .name(),
        Ok("store")
    );
    let mut small = [0; 16];
    let refused = v2::store::dispatch(&NewStore, method, &[], &mut (), &mut small);
    assert_eq!(refused, Err(Refusal::Results(Error::Full)));
}

proptest! {
    #[test]
    fn damaged_messages_are_read_without_harm_and_as_the_capnp_crate_reads_them(
        new in any::<bool>(),
        damage in prop::collection::vec((0_usize..2048, any::<u8>()), 1..6),
        length in 0_usize..2048,
    ) {
        let mut bytes = if new { peers::new_order() } else { peers::old_order() };
        let whole = bytes.len();
        for (at, bits) in damage {
            bytes[at % whole] ^= bits;
        }
        bytes.truncate((length % 16 * whole / 16 + whole / 2) & !7);
        peers::walk(&bytes);
        oracle::compare(&bytes);
    }

    #[test]
    fn any_bytes_are_read_without_harm(words in prop::collection::vec(any::<u64>(), 0..64)) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        peers::walk(&bytes);
        oracle::compare(&bytes);
    }
}
