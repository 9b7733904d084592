//! On the steady path nothing is allocated: calls, pipelined or not, there and back, with capabilities.
#![cfg(not(loom))]

use isthmus_ioring::promise::{Action, Limits, ObjectId, Request, Side, Token};

/// A chain of eight pipelined calls, each with a capability, answered and given back.
fn chain(sides: &mut [Side; 2], service: isthmus_ioring::promise::CapKey) {
    let mut target = service;
    for step in 0..8 {
        let request = Request {
            pipelined: true,
            caps: &[service],
            ..Request::new(target, Token(step))
        };
        let call = sides[0].call(&request).unwrap();
        let next = sides[0].result(call, 0).unwrap();
        if target != service {
            sides[0].release(target).unwrap();
        }
        target = next;
    }
    sides[0].release(target).unwrap();
    let mut quiet = false;
    while !quiet {
        quiet = true;
        for side in [0, 1] {
            while let Some(action) = sides[side].poll() {
                quiet = false;
                act(sides, side, action);
            }
        }
    }
}

fn act(sides: &mut [Side; 2], side: usize, action: Action) {
    match action {
        Action::Send(message) => sides[1 - side].receive(message).unwrap(),
        Action::Start(start) => {
            sides[side]
                .answer(start.call, Ok(&start.caps), None)
                .unwrap();
            for cap in start.caps {
                sides[side].release(cap).unwrap();
            }
        }
        Action::Ended { result, .. } => {
            for cap in result.unwrap() {
                sides[side].release(cap).unwrap();
            }
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn chains_of_pipelined_calls_allocate_nothing() {
    let mut sides = [Side::new(Limits::default()), Side::new(Limits::default())];
    let own = sides[1].host(ObjectId(1)).unwrap();
    let export = sides[1].grant(own).unwrap();
    let service = sides[0].accept(export).unwrap();
    chain(&mut sides, service);
    let census = sides[0].census();
    let used = allocation_counter::measure(|| {
        for _ in 0..1_000 {
            chain(&mut sides, service);
        }
    });
    assert_eq!(used.count_total, 0);
    let new = allocation_counter::measure(|| drop(Side::new(Limits::default())));
    assert!(new.count_total > 0, "the counter counts");
    assert_eq!(sides[0].census(), census);
}
