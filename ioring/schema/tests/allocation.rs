//! What is said to allocate nothing, measured.

use allocation_counter::measure;
use isthmus_caps::{CallError, Cap};
use isthmus_ioring::{
    Geometry,
    entry::{Deadline, Status, Target},
    lane::lane,
};
use isthmus_schema::{
    call::Refusal,
    directory,
    local::{Local, Through},
    ring::{OnLane, Reply, answer},
};

/// Removes anything, wherever it is asked.
struct Removes;

impl<X, E: From<Refusal>> directory::Server<X, E> for Removes {
    fn remove(
        &self,
        _: &mut X,
        params: directory::remove_params::Reader<'_>,
        mut results: directory::remove_results::Builder<'_>,
    ) -> Result<(), E> {
        let name = params.name().map_err(Refusal::Params)?;
        results.set_removed(!name.is_empty());
        Ok(())
    }
}

#[test]
fn a_typed_call_within_one_address_space_allocates_nothing() {
    let client = directory::Client(Through::<64>(Cap::new(Local::<_, 64>(directory::Serve(
        Removes,
    )))));
    let mut reply: Option<Result<_, CallError>> = None;
    let used = measure(|| {
        let call = client.remove(|mut params, _| params.set_name("name"));
        reply = call.into_inner().now();
    });
    assert_eq!(
        reply
            .expect("at once")
            .expect("served")
            .data
            .as_slice()
            .len(),
        16
    );
    assert_eq!(used.count_total, 0);
}

#[test]
fn a_typed_call_over_a_lane_allocates_nothing() {
    let (mut client, mut server) = lane(Geometry::new(4, 1).expect("a geometry"));
    let mut status = Status::FAILED;
    let used = measure(|| {
        let directory =
            directory::Client(OnLane::new(&mut client, Target::Slot(0), Deadline::NEVER));
        let call = directory.remove(|mut params, _| params.set_name("name"));
        call.into_inner().expect("sent");
        let incoming = server.take().expect("open").expect("a call");
        answer(&mut server, incoming, &directory::Serve(Removes)).expect("open");
        let taken = client.take().expect("open").expect("a completion");
        status = Reply::of(taken).expect("served").taken.completion.status();
    });
    assert_eq!((status, used.count_total), (Status::OK, 0));
}
