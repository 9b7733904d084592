//! Typed calls through capabilities and wrappers, none of which know the schema.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context as Task, Poll, Waker},
};

use isthmus_caps::{CallError, Cap, Caretaker, Holder, Object, Outcome, Request};
use isthmus_schema::{
    byte_stream,
    call::MethodId,
    console, key_value,
    local::{Context, Local, Through},
    wire::{Error, Message},
};

/// A store, or the part of one under a prefix.
struct Store {
    entries: Arc<Mutex<BTreeMap<Vec<u8>, Vec<u8>>>>,
    prefix: Vec<u8>,
}

impl Store {
    fn cap(self) -> Cap {
        Cap::new(Local::<_>(key_value::Serve(self)))
    }

    fn key(&self, key: &[u8]) -> Vec<u8> {
        [&self.prefix, key].concat()
    }
}

impl<'a> key_value::Server<Context<'a>, CallError> for Store {
    fn get(
        &self,
        _: &mut Context<'a>,
        params: key_value::get_params::Reader<'_>,
        mut results: key_value::get_results::Builder<'_>,
    ) -> Result<(), CallError> {
        let entries = self.entries.lock().expect("whole");
        if let Some(value) = entries.get(&self.key(params.key()?)) {
            results.set_found(true);
            results.set_value(value)?;
        }
        Ok(())
    }

    fn put(
        &self,
        _: &mut Context<'a>,
        params: key_value::put_params::Reader<'_>,
        mut results: key_value::put_results::Builder<'_>,
    ) -> Result<(), CallError> {
        let mut entries = self.entries.lock().expect("whole");
        entries.insert(self.key(params.key()?), params.value()?.to_vec());
        results.set_written(true);
        Ok(())
    }

    fn subtree(
        &self,
        context: &mut Context<'a>,
        params: key_value::subtree_params::Reader<'_>,
        mut results: key_value::subtree_results::Builder<'_>,
    ) -> Result<(), CallError> {
        let part = Self {
            entries: self.entries.clone(),
            prefix: self.key(params.prefix()?),
        };
        results.set_store(Some(context.give(part.cap())?));
        Ok(())
    }
}

fn store() -> Cap {
    let (entries, prefix) = (Arc::default(), Vec::new());
    Store { entries, prefix }.cap()
}

fn client(cap: &Cap) -> key_value::Client<Through> {
    key_value::Client(Through(cap.clone()))
}

fn put(cap: &Cap, key: &[u8], value: &[u8]) -> Result<(), CallError> {
    let call = client(cap).put(|mut params, _| {
        params.set_key(key)?;
        params.set_value(value)
    });
    call.into_inner().now().expect("at once").map(|_| ())
}

fn get(cap: &Cap, key: &[u8]) -> Result<Option<Vec<u8>>, CallError> {
    let answer = ready(client(cap).get(|mut params, _| params.set_key(key)).reply())?;
    let message = answer.message()?;
    let results = answer.results(&message)?;
    Ok(results.found().then_some(results.value()?.to_vec()))
}

/// The output of a future that does not wait.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Task::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn a_typed_client_reaches_a_typed_server() {
    let cap = store();
    put(&cap, b"a", b"1").expect("written");
    assert_eq!(get(&cap, b"a"), Ok(Some(b"1".to_vec())));
    assert_eq!(get(&cap, b"b"), Ok(None));
}

#[test]
fn a_capability_in_the_results_can_be_called() {
    let cap = store();
    let call = client(&cap).subtree(|mut params, _| params.set_prefix(b"users/"));
    let answer = ready(call.reply()).expect("a part");
    let message = answer.message().expect("whole");
    let index = answer.results(&message).and_then(|results| results.store());
    let index = index.expect("reads").expect("a capability");
    let part = &answer.reply.caps[index.0 as usize];
    put(part, b"ann", b"x").expect("written");
    assert_eq!(get(&cap, b"users/ann"), Ok(Some(b"x".to_vec())));
    assert_eq!(get(part, b"users/ann"), Ok(None));
}

#[test]
fn methods_and_interfaces_that_a_server_lacks_are_unimplemented() {
    let cap = store();
    let flush = client(&cap).flush().into_inner().now().expect("at once");
    assert_eq!(flush.map(|_| ()), Err(CallError::Unimplemented));
    let console = console::Client(Through::<64>(cap));
    let read = console.read(|mut params, _| {
        params.set_most(1);
        Ok(())
    });
    let read = read.into_inner().now().expect("at once");
    assert_eq!(read.map(|_| ()), Err(CallError::Unimplemented));
}

#[test]
fn a_message_that_is_none_is_the_callers_fault() {
    let answer = store().call(&Request::new(key_value::ID, 0, &[0xff; 16]));
    assert_eq!(
        answer.now().expect("at once").map(|_| ()),
        Err(CallError::BadParams)
    );
}

#[test]
fn what_does_not_fit_is_an_error_on_either_side() {
    let cap = store();
    let full = put(&cap, b"large", &[1; 600]);
    assert!(matches!(full, Err(CallError::Failed(_))), "{full:?}");
    assert_eq!(get(&cap, b"large"), Ok(None));
    let small = Cap::new(Local::<_, 16>(key_value::Serve(Store {
        entries: Arc::default(),
        prefix: Vec::new(),
    })));
    assert!(matches!(get(&small, b"a"), Err(CallError::Failed(_))));
}

#[test]
fn a_wrapper_that_knows_no_schema_passes_typed_calls_on() {
    let caretaker = Caretaker::new(store());
    let wrapped = caretaker.cap();
    put(&wrapped, b"a", b"1").expect("written");
    assert_eq!(get(&wrapped, b"a"), Ok(Some(b"1".to_vec())));
    caretaker.revoke();
    assert_eq!(get(&wrapped, b"a"), Err(CallError::Revoked));
}

/// A stream that answers later, by the generated request.
struct Slow;

impl Object for Slow {
    fn call(&self, _: Holder, request: &Request<'_>) -> Outcome {
        let method = MethodId {
            interface: request.interface,
            method: request.method,
        };
        let most = Message::new(request.params)
            .map_err(CallError::from)
            .and_then(
                |message| match byte_stream::Request::read(method, &message)? {
                    byte_stream::Request::Read(params) => Ok(params.most()),
                    _ => Err(CallError::Denied),
                },
            );
        Outcome::later(
            async move { Err(CallError::Failed(format!("{} bytes later", most?).into())) },
        )
    }
}

#[test]
fn a_server_may_answer_later_with_the_generated_request() {
    let stream = byte_stream::Client(Through::<64>(Cap::new(Slow)));
    let read = stream.read(|mut params, _| {
        params.set_most(7);
        Ok(())
    });
    let failed = ready(read.reply()).map(|_| ());
    assert_eq!(failed, Err(CallError::Failed("7 bytes later".into())));
    let finished = ready(stream.finish().reply()).map(|_| ());
    assert_eq!(finished, Err(CallError::Denied));
}

#[test]
fn parameters_that_cannot_be_written_are_not_sent() {
    let call = client(&store()).flush();
    assert!(call.into_inner().now().is_some());
    let call = client(&store()).get(|_, _| Err(Error::TooLong));
    let answer = call.into_inner().now().expect("at once");
    assert!(matches!(answer, Err(CallError::Failed(_))));
}
