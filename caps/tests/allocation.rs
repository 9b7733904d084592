//! A call that is answered at once allocates nothing, whatever it goes through, and neither does finding its object in a table.

use std::sync::Arc;
use std::time::Duration;

use allocation_counter::measure;
use isthmus_caps::{
    Account, Amounts, Attenuator, CallError, Cap, Caretaker, Counts, Deadline, Handle, Holder,
    INLINE, Ledger, Membrane, Meter, Object, Outcome, Pass, Progress, Rate, Recorder, Request,
    Resource, Rights, Space, StillClock, Tables,
};

/// Answers with its parameters; method 1 fails.
struct Echo;

impl Object for Echo {
    fn call(&self, holder: Holder, request: &Request<'_>) -> Outcome {
        match (holder.needs(Rights::object(0)), request.method) {
            (Err(error), _) => error.into(),
            (Ok(()), 1) => CallError::failed("asked to").into(),
            (Ok(()), _) => Outcome::reply(request.params),
        }
    }
}

fn allocations(work: impl FnOnce()) -> u64 {
    measure(work).count_total
}

fn calls_allocate(cap: &Cap) -> u64 {
    let params = [7; INLINE];
    allocations(|| {
        for method in 0..4 {
            for length in [0, 8, INLINE] {
                let request = Request::new(9, method, &params[..length]);
                let answer = cap.call(&request).now().unwrap();
                assert_eq!(answer.is_err(), method == 1);
            }
        }
    })
}

#[test]
fn a_call_answered_at_once_allocates_nothing_through_every_wrapper_nested() {
    let root = Account::root(Amounts::UNLIMITED);
    let clock = Arc::new(StillClock::new());
    let rate = Rate {
        calls: 1000,
        per: Duration::from_secs(1),
    };
    let caretaker = Caretaker::new(Cap::new(Echo));
    let membrane = Membrane::new();
    let cap = membrane.wrap(&caretaker.cap()).unwrap();
    let cap = Attenuator::new(cap)
        .rights(Rights::object(0))
        .only(9, 0..4)
        .cap();
    let cap = Recorder::wrap(cap, Arc::new(Counts::default()));
    let cap = Meter::new(cap)
        .rate(rate, clock.clone())
        .in_flight(root.clone())
        .budget(&root, Resource::CpuMicros, 1)
        .unwrap()
        .cap();
    let cap = Deadline::wrap(cap, clock, Duration::from_secs(1));
    assert_eq!(calls_allocate(&cap), 0);
    let one_more = [1; INLINE + 1];
    assert!(allocations(|| assert!(cap.call(&Request::new(9, 0, &one_more)).now().is_some())) > 0);
    caretaker.revoke();
    assert_eq!(
        allocations(|| assert!(cap.call(&Request::new(9, 0, &[])).now().unwrap().is_err())),
        0
    );
}

#[test]
fn a_call_by_handle_allocates_nothing() {
    let root = Account::root(Amounts::UNLIMITED);
    let tables = Tables::new(root.ledger().clone());
    let table = tables.create(&root, 4).unwrap();
    let handle = tables.store(table, &Cap::new(Echo)).unwrap();
    let cap = tables.take(table, handle).unwrap();
    assert_eq!(calls_allocate(&cap), 0);
    let request = Request::new(9, 0, b"12345678");
    let by_handle = || assert!(tables.call(table, handle, &request).now().unwrap().is_ok());
    assert_eq!(allocations(by_handle), 0);
}

#[test]
fn handing_on_and_revoking_again_allocates_nothing() {
    let mut ledger = Ledger::new(Amounts::UNLIMITED);
    let mut space = Space::default();
    let table = space.create_table(ledger.root(), 100).unwrap();
    let badge = isthmus_caps::Badge::NONE;
    let first = space
        .insert(&mut ledger, table, 'a', Rights::ALL, badge)
        .unwrap();
    let list = [Pass::Copy(first); 10];
    let mut received = [Handle::default(); 10];
    let mut round = |space: &mut Space<char>| {
        let count = allocations(|| {
            space
                .pass(&mut ledger, table, &list, table, &mut received)
                .unwrap();
            let mut revocation = space.revoke_derived(table, first).unwrap();
            while space.revoke_step(&mut ledger, &mut revocation, 3).unwrap() == Progress::More {}
        });
        let mut dead = space.take_dead();
        assert_eq!(dead.len(), 10);
        dead.clear();
        space.recycle(dead);
        count
    };
    assert!(round(&mut space) > 0);
    assert_eq!(round(&mut space), 0);
}
