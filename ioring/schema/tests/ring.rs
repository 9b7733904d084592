//! Typed calls over a lane: small ones in the entry, large ones in buffers, capabilities in both directions, and what is refused.

use isthmus_ioring::{
    Client, Geometry, Server, Taken,
    buffer::buffers,
    carrier::{Carrier, Local},
    entry::{CapRef, Deadline, Status, Target, Transfer},
    lane::{lane, lane_with},
    memory::Heap,
};
use isthmus_schema::{
    block_device,
    call::{Answer, Method, Pending},
    directory, key_value,
    ring::{Context, OnLane, Reply, Unsent, answer},
    wire::Error,
};

const ROOT: Target = Target::Slot(7);

/// Answers with the key it was asked for; makes parts of itself.
struct Echo;

impl<'a> key_value::Server<Context<'a>, Status> for Echo {
    fn get(
        &self,
        context: &mut Context<'a>,
        params: key_value::get_params::Reader<'_>,
        mut results: key_value::get_results::Builder<'_>,
    ) -> Result<(), Status> {
        assert_eq!(context.target, ROOT);
        results.set_found(true);
        results.set_value(params.key()?)?;
        Ok(())
    }

    fn subtree(
        &self,
        context: &mut Context<'a>,
        _: key_value::subtree_params::Reader<'_>,
        mut results: key_value::subtree_results::Builder<'_>,
    ) -> Result<(), Status> {
        let part = CapRef::Slot {
            slot: 99,
            transfer: Transfer::Copy,
        };
        results.set_store(Some(context.give(part)?));
        Ok(())
    }

    fn flush(
        &self,
        _: &mut Context<'a>,
        _: key_value::flush_params::Reader<'_>,
        _: key_value::flush_results::Builder<'_>,
    ) -> Result<(), Status> {
        Err(Status::OVERLOADED)
    }
}

/// Removes what is called `a`, and renames only into the capability that it was sent.
struct Renames;

impl<'a> directory::Server<Context<'a>, Status> for Renames {
    fn remove(
        &self,
        _: &mut Context<'a>,
        params: directory::remove_params::Reader<'_>,
        mut results: directory::remove_results::Builder<'_>,
    ) -> Result<(), Status> {
        results.set_removed(params.name()? == "a");
        Ok(())
    }

    fn rename(
        &self,
        context: &mut Context<'a>,
        params: directory::rename_params::Reader<'_>,
        mut results: directory::rename_results::Builder<'_>,
    ) -> Result<(), Status> {
        let into = context.get(params.into()?)?;
        results.set_replaced(into == Some(CapRef::Home { slot: 4 }));
        Ok(())
    }
}

fn small() -> (Client, Server) {
    lane(Geometry::new(4, 1).expect("a geometry"))
}

fn with_buffers() -> (Client, Server) {
    lane_with(
        Geometry::new(4, 1).expect("a geometry"),
        Some(&buffers(8, 4096)),
    )
}

/// Has the server answer the one call that is there, and gives what came back.
fn turn(
    client: &mut Client,
    server: &mut Server,
    object: &impl for<'a> isthmus_schema::call::Dispatch<Context<'a>, Status>,
) -> Taken {
    let incoming = server.take().expect("open").expect("a call");
    answer(server, incoming, object).expect("open");
    client.take().expect("open").expect("a completion")
}

fn on(client: &mut Client) -> OnLane<'_, Heap, Local> {
    OnLane::new(client, ROOT, Deadline::NEVER)
}

fn get(client: &mut Client, key: &[u8]) -> Result<(), Unsent> {
    let store = key_value::Client(on(client));
    store
        .get(|mut params, _| params.set_key(key))
        .into_inner()
        .map(|_| ())
}

/// The reply of a call of `M`, which is not refused.
fn reply<M: Method>(taken: Taken) -> Answer<M, Reply> {
    Pending::<M, _>::new(Reply::of(taken))
        .now()
        .expect("not refused")
}

#[test]
fn a_small_call_and_its_results_need_no_buffer() {
    let (mut client, mut server) = small();
    let directory = directory::Client(on(&mut client));
    let call = directory.remove(|mut params, _| params.set_name("a"));
    call.into_inner().expect("sent");
    let taken = turn(&mut client, &mut server, &directory::Serve(Renames));
    assert!(taken.buffer.is_none());
    let removed = reply::<directory::Remove>(taken);
    let message = removed.message().expect("whole");
    assert!(removed.results(&message).expect("results").removed());
}

#[test]
fn results_that_fit_nowhere_end_the_call_as_failed() {
    let (mut client, mut server) = small();
    get(&mut client, b"key").expect("sent");
    // The results of `get` are a word longer than an entry holds, and there is no buffer.
    let taken = turn(&mut client, &mut server, &key_value::Serve(Echo));
    assert_eq!(taken.completion.status(), Status::FAILED);
}

#[test]
fn what_does_not_fit_in_an_entry_goes_in_a_buffer_and_the_buffers_come_back() {
    let (mut client, mut server) = with_buffers();
    let key = [7; 512];
    for _ in 0..20 {
        get(&mut client, &key).expect("sent");
        let taken = turn(&mut client, &mut server, &key_value::Serve(Echo));
        assert!(taken.buffer.is_some());
        let mut answer = reply::<key_value::Get>(taken);
        let message = answer.message().expect("whole");
        let results = answer.results(&message).expect("results");
        assert_eq!((results.found(), results.value()), (true, Ok(&key[..])));
        let buffer = answer.reply.taken.buffer.take().expect("it was there");
        client.carrier().recycle(buffer);
    }
}

#[test]
fn capabilities_go_both_ways() {
    let (mut client, mut server) = with_buffers();
    let directory = directory::Client(on(&mut client));
    let call = directory.rename(|mut params, caps| {
        params.set_from("a")?;
        params.set_to("b")?;
        params.set_into(Some(caps.push(CapRef::Home { slot: 4 })?));
        Ok(())
    });
    call.into_inner().expect("sent");
    let taken = turn(&mut client, &mut server, &directory::Serve(Renames));
    let renamed = reply::<directory::Rename>(taken);
    let message = renamed.message().expect("whole");
    assert!(renamed.results(&message).expect("results").replaced());

    let store = key_value::Client(on(&mut client));
    store.subtree(|_, _| Ok(())).into_inner().expect("sent");
    let taken = turn(&mut client, &mut server, &key_value::Serve(Echo));
    let part = reply::<key_value::Subtree>(taken);
    let message = part.message().expect("whole");
    let index = part
        .results(&message)
        .expect("results")
        .store()
        .expect("reads");
    let expected = CapRef::Slot {
        slot: 99,
        transfer: Transfer::Copy,
    };
    assert_eq!(part.reply.cap(index), Ok(Some(expected)));
    assert_eq!(
        part.reply.cap(Some(isthmus_schema::wire::CapIndex(1))),
        Err(Error::Capability(1))
    );
}

#[test]
fn what_a_server_refuses_comes_back_as_a_status() {
    let (mut client, mut server) = with_buffers();
    let store = key_value::Client(on(&mut client));
    store.flush().into_inner().expect("sent");
    let taken = turn(&mut client, &mut server, &key_value::Serve(Echo));
    assert_eq!(
        Reply::of(taken).unwrap_err().completion.status(),
        Status::OVERLOADED
    );
    let device = block_device::Client(on(&mut client));
    device.geometry().into_inner().expect("sent");
    let taken = turn(&mut client, &mut server, &key_value::Serve(Echo));
    assert_eq!(
        Reply::of(taken).unwrap_err().completion.status(),
        Status::NO_METHOD
    );
}

#[test]
fn parameters_that_are_none_are_the_callers_fault() {
    let (mut client, mut server) = with_buffers();
    let call = isthmus_ioring::Call::new(ROOT, key_value::ID, 0);
    client
        .submit(&call.with_data(&[0xff; 24]).expect("short"))
        .expect("sent");
    let taken = turn(&mut client, &mut server, &key_value::Serve(Echo));
    assert_eq!(taken.completion.status(), Status::BAD_ARGUMENT);
}

#[test]
fn a_message_without_room_is_not_sent() {
    let (mut client, mut server) = small();
    assert_eq!(
        get(&mut client, &[0; 100]),
        Err(Unsent::Message(Error::Full))
    );
    assert!(server.take().expect("open").is_none());
    let (mut client, _server) = with_buffers();
    assert_eq!(
        get(&mut client, &[0; 5000]),
        Err(Unsent::Message(Error::Full))
    );
    assert_eq!(get(&mut client, &[0; 3000]), Ok(()));
}
