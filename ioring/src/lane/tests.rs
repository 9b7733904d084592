//! Lanes whose two ends keep to the rules, and ends that stop; the liars are in `tests/hostile.rs`.

use super::*;
use crate::buffer::buffers;
use crate::carrier::Carrier;
use crate::entry::TooLong;
use crate::entry::{Call, CallId, Completion, Deadline, NoteKind, Spilled, Status, Target};
use crate::pool::Stash;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::vec::Vec;

fn small() -> (Client, Server) {
    lane(Geometry::new(4, 1).unwrap())
}

fn call(method: u16) -> Call {
    Call::new(Target::Slot(0), 0, method)
}

fn due(deadline: u64) -> Call {
    call(0).with_deadline(Deadline(deadline)).unwrap()
}

#[test]
fn credits_run_out_and_come_back_with_completions() {
    let (mut client, mut server) = small();
    for method in 0..4 {
        client.submit(&call(method)).unwrap();
    }
    assert_eq!(client.submit(&call(4)), Err(LaneError::NoCredit));
    let first = server.take().unwrap().unwrap();
    assert_eq!(client.submit(&call(4)), Err(LaneError::NoCredit));
    server.complete(first, &Completion::default()).unwrap();
    client.take().unwrap().unwrap();
    client.submit(&call(4)).unwrap();
}

#[test]
fn a_dropped_call_ends_as_dropped() {
    let (mut client, mut server) = small();
    let ids: Vec<_> = (0..3)
        .map(|method| client.submit(&call(method)).unwrap())
        .collect();
    for _ in 0..3 {
        drop(server.take().unwrap().unwrap());
    }
    assert_eq!((server.take().unwrap().is_none(), server.owed()), (true, 0));
    let mut ended = Vec::new();
    while let Some(taken) = client.take().unwrap() {
        assert_eq!(taken.completion.status(), Status::DROPPED);
        ended.push(taken.id);
    }
    assert_eq!((ended, client.credits()), (ids, 4));
    // The place is good again.
    client.submit(&call(0)).unwrap();
    let taken = server.take().unwrap().unwrap();
    server.complete(taken, &Status::OK.into()).unwrap();
    assert_eq!(
        client.take().unwrap().unwrap().completion.status(),
        Status::OK
    );
}

#[test]
fn a_cancelled_call_is_completed_once_and_a_late_cancel_is_ignored() {
    let (mut client, mut server) = small();
    let id = client.submit(&call(0)).unwrap();
    client.cancel(id).unwrap();
    assert_eq!(client.cancel(id), Err(LaneError::NotOut));
    let Some(Event::Call(taken)) = server.receive().unwrap() else {
        panic!("a call");
    };
    assert!(matches!(server.receive().unwrap(), Some(Event::Cancel(cancelled)) if cancelled == id));
    server.complete(taken, &Status::CANCELLED.into()).unwrap();
    assert_eq!(
        client.take().unwrap().unwrap().completion.status(),
        Status::CANCELLED
    );
    // The second time the completion is under way already.
    let id = client.submit(&call(1)).unwrap();
    let taken = server.take().unwrap().unwrap();
    client.cancel(id).unwrap();
    server.complete(taken, &Status::OK.into()).unwrap();
    assert!(
        matches!(server.receive().unwrap(), Some(Event::Note(note)) if note.kind == NoteKind::Cancel)
    );
    assert_eq!(
        client.take().unwrap().unwrap().completion.status(),
        Status::OK
    );
    assert!(client.take().unwrap().is_none());
    assert_eq!(client.cancel(id), Err(LaneError::NotOut));
}

#[test]
fn a_call_whose_deadline_passes_ends_once_and_its_credit_comes_back_later() {
    let (mut client, mut server) = small();
    client.submit(&due(50)).unwrap();
    let late = client.submit(&due(10)).unwrap();
    let never = client.submit(&call(0)).unwrap();
    assert!(client.take_expired(9).is_none());
    assert_eq!(client.earliest_deadline(), Deadline(10));
    let taken = client.take_expired(10).unwrap();
    assert_eq!(
        (taken.id, taken.completion.status()),
        (late, Status::DEADLINE)
    );
    assert!(client.take_expired(10).is_none());
    assert_eq!((client.outstanding(), client.credits()), (2, 1));
    assert_eq!(client.earliest_deadline(), Deadline(50));
    // The server answers all three; the answer to the late one is swallowed.
    let mut seen = Vec::new();
    while let Some(incoming) = server.take().unwrap() {
        server.complete(incoming, &Status::OK.into()).unwrap();
    }
    while let Some(taken) = client.take().unwrap() {
        seen.push(taken.id);
    }
    assert_eq!(
        (seen.len(), seen.contains(&late), seen.contains(&never)),
        (2, false, true)
    );
    assert_eq!((client.outstanding(), client.credits()), (0, 4));
}

#[test]
fn a_late_call_is_found_wherever_the_search_was_left() {
    let (mut client, mut server) = small();
    for round in 0..10 {
        for _ in 0..=round % 3 {
            client.submit(&call(0)).unwrap();
        }
        let late = client.submit(&due(10)).unwrap();
        assert_eq!(client.take_expired(10).unwrap().id, late);
        while let Some(incoming) = server.take().unwrap() {
            server.complete(incoming, &Status::OK.into()).unwrap();
        }
        while client.take().unwrap().is_some() {}
        assert_eq!(client.credits(), 4);
    }
}

#[test]
fn a_server_does_not_begin_what_is_late() {
    let (mut client, mut server) = small();
    let late = client.submit(&due(10)).unwrap();
    client.submit(&due(30)).unwrap();
    let incoming = server.take_in_time(20).unwrap().unwrap();
    assert_eq!(incoming.call.deadline(), Deadline(30));
    let taken = client.take().unwrap().unwrap();
    assert_eq!(
        (taken.id, taken.completion.status()),
        (late, Status::DEADLINE)
    );
}

#[test]
fn a_call_on_anothers_behalf_has_no_later_deadline() {
    let (mut client, mut server) = small();
    client.submit_within(Deadline(20), &due(30)).unwrap();
    client.submit_within(Deadline(20), &due(10)).unwrap();
    client.submit_within(Deadline(20), &call(0)).unwrap();
    let deadlines: Vec<_> = core::iter::from_fn(|| server.take().unwrap())
        .map(|incoming| incoming.call.deadline().0)
        .collect();
    assert_eq!(deadlines, [20, 10, 20]);
}

#[test]
fn an_id_with_promised_results_is_not_used_again_before_it_is_finished() {
    let (mut client, mut server) = small();
    let kept = client.submit(&call(0).pipelined()).unwrap();
    let incoming = server.take().unwrap().unwrap();
    server.complete(incoming, &Status::OK.into()).unwrap();
    client.take().unwrap().unwrap();
    assert_eq!((client.credits(), client.outstanding()), (3, 0));
    client.finish(kept).unwrap();
    assert_eq!(
        (client.credits(), client.finish(kept)),
        (4, Err(LaneError::NotOut))
    );
    let next = client.submit(&call(0)).unwrap();
    assert_eq!(next.slot, kept.slot);
    assert!(matches!(server.receive().unwrap(), Some(Event::Note(note)) if note.call == kept));
    assert!(server.take().unwrap().is_some());
}

#[test]
fn an_end_that_goes_away_ends_the_others_calls_after_what_it_had_said() {
    let (mut client, mut server) = small();
    for method in 0..3 {
        client.submit(&call(method)).unwrap();
    }
    let first = server.take().unwrap().unwrap();
    server.complete(first, &Status::OK.into()).unwrap();
    drop(server);
    let mut ends = Vec::new();
    let closed = loop {
        match client.take() {
            Ok(taken) => ends.extend(taken.map(|taken| taken.completion.status())),
            Err(error) => break error,
        }
    };
    assert_eq!(ends, [Status::OK, Status::PEER_GONE, Status::PEER_GONE]);
    assert_eq!(closed, LaneError::Closed(Closed::PeerGone));
    assert_eq!((client.credits(), client.outstanding()), (4, 0));
    assert_eq!(client.submit(&call(0)), Err(closed));

    let (mut client, mut server) = small();
    client.submit(&call(0)).unwrap();
    drop(client);
    let last = server.take().unwrap().unwrap();
    server.complete(last, &Status::OK.into()).unwrap();
    assert_eq!(server.may_sleep(), Err(LaneError::Closed(Closed::PeerGone)));
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_done() {
    let (mut client, mut server) = small();
    assert_eq!(due(1).with_data(&[1; 25]), Err(TooLong));
    let lists = Spilled { caps: 1, after: 0 };
    let longer = call(0).with_spilled(lists).unwrap();
    assert_eq!(client.submit(&longer), Err(LaneError::TooLong));
    let long = call(0).with_data(&[1; 32]).unwrap();
    let pool = buffers(1, 256);
    let buffer = Stash::of(&pool).claim().unwrap();
    assert_eq!(
        client.submit_with(&long, buffer).unwrap_err().0,
        LaneError::TooLong
    );
    assert_eq!(
        (client.credits(), server.take().unwrap().is_none()),
        (4, true)
    );
    client.submit(&call(0)).unwrap();
    let incoming = server.take().unwrap().unwrap();
    let longer = Completion::default().with_spilled(lists).unwrap();
    assert_eq!(server.complete(incoming, &longer), Err(LaneError::TooLong));
    assert_eq!(
        client.take().unwrap().unwrap().completion.status(),
        Status::FAILED
    );
}

#[test]
fn a_buffer_changes_owner_and_stays_with_the_core_that_got_it() {
    let pool = buffers(16, 4096);
    let (mut client, mut server) = lane_with(Geometry::new(4, 1).unwrap(), Some(&pool));
    let mut buffer = client.carrier().claim().unwrap();
    buffer.fill(b"arguments");
    let address = buffer.as_ptr();
    client.submit_with(&call(7), buffer).unwrap();
    let mut incoming = server.take().unwrap().unwrap();
    let mut arguments = incoming.buffer.take().unwrap();
    assert_eq!(
        (&*arguments, arguments.as_ptr()),
        (&b"arguments"[..], address)
    );
    arguments.fill(b"results");
    server
        .complete_with(incoming, &Completion::default(), arguments)
        .unwrap();
    let taken = client.take().unwrap().unwrap();
    let results = taken.buffer.unwrap();
    assert_eq!((&*results, results.as_ptr()), (&b"results"[..], address));
    client.carrier().recycle(results);
    assert_eq!(client.carrier().claim().unwrap().as_ptr(), address);
    drop((client, server));
    assert_eq!(pool.idle(), 16);
}

#[test]
fn buffers_under_way_come_back_when_the_ends_go_away() {
    let pool = buffers(16, 256);
    let mut stash = Stash::of(&pool);
    let (mut client, mut server) = small();
    for _ in 0..4 {
        client
            .submit_with(&call(0), stash.claim().unwrap())
            .unwrap();
    }
    let (error, back) = client
        .submit_with(&call(0), stash.claim().unwrap())
        .unwrap_err();
    assert_eq!(error, LaneError::NoCredit);
    stash.give_back(back);
    let taken = server.take().unwrap().unwrap();
    drop((client, server, stash));
    assert_eq!(pool.idle(), 15);
    drop(taken);
    assert_eq!(pool.idle(), 16);
}

proptest! {
    /// Whatever the order in which the server completes, whatever is cancelled, abandoned, late or dropped: each call ends
    /// once and in no other's name, and credits are exact.
    #[test]
    fn each_call_ends_in_exactly_one_completion(ops in proptest::collection::vec((0_u8..8, any::<usize>()), 0..200)) {
        let (mut client, mut server) = small();
        let mut out: BTreeMap<CallId, u64> = BTreeMap::new();
        let (mut taken, mut sent, mut swallowed) = (Vec::new(), 0_u64, 0_usize);
        let pick = |out: &BTreeMap<CallId, u64>, which: usize| out.keys().nth(which % out.len().max(1)).copied();
        for (op, which) in ops {
            match op {
                0 | 1 => {
                    let deadline = if op == 1 { Deadline(sent) } else { Deadline::NEVER };
                    match client.submit(&Call::new(Target::Slot(0), sent, 0).with_deadline(deadline).unwrap()) {
                        Ok(id) => {
                            prop_assert_eq!(out.insert(id, sent), None);
                            sent += 1;
                        }
                        Err(LaneError::NoCredit) => prop_assert_eq!(client.credits(), 0),
                        Err(error) => prop_assert_eq!(error, LaneError::Full),
                    }
                }
                2 => if let Some(Event::Call(incoming)) = server.receive().unwrap() {
                    taken.push(incoming);
                },
                3 => if !taken.is_empty() {
                    let incoming: Incoming = taken.swap_remove(which % taken.len());
                    let detail = incoming.call.interface();
                    server.complete(incoming, &Completion::default().with_detail(detail)).unwrap();
                },
                4 => if !taken.is_empty() {
                    drop(taken.swap_remove(which % taken.len()));
                },
                5 => if let Some(id) = pick(&out, which) {
                    let asked = client.cancel(id);
                    prop_assert!(matches!(asked, Ok(()) | Err(LaneError::NotOut | LaneError::Full)));
                },
                6 => if let Some(id) = pick(&out, which) {
                    client.abandon(id).unwrap();
                    out.remove(&id);
                    swallowed += 1;
                },
                _ => while let Some(late) = client.take_expired(sent.saturating_sub(2)) {
                    let number = out.remove(&late.id);
                    prop_assert!(number.is_some_and(|number| number <= sent.saturating_sub(2)));
                    swallowed += 1;
                },
            }
            if which % 3 == 0 && let Some(done) = client.take().unwrap() {
                let number = out.remove(&done.id);
                prop_assert!(done.completion.status() == Status::DROPPED || number == Some(done.completion.detail()));
                prop_assert!(number.is_some());
            }
            prop_assert_eq!(client.outstanding(), out.len());
            prop_assert!(client.credits() + out.len() + swallowed >= 4);
        }
        // In the end everything is answered.
        for incoming in taken {
            server.complete(incoming, &Completion::default()).unwrap();
        }
        while let Some(event) = server.receive().unwrap() {
            if let Event::Call(incoming) = event {
                server.complete(incoming, &Completion::default()).unwrap();
            }
        }
        while let Some(done) = client.take().unwrap() {
            prop_assert!(out.remove(&done.id).is_some());
        }
        prop_assert_eq!((out.len(), client.credits(), server.owed()), (0, 4, 0));
    }
}
