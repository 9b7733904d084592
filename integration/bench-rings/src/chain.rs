//! Eight calls, each on the result of the one before: pipelined, so that all are sent at once, and one round trip after the
//! other. Both go by the same promises over the same queues between two cores.
//!
//! Neighbours: [`crate::contest`] lets them take turns.

use crate::contest::{Duo, Effort, duo};
use crate::stats::{Bar, Row};
use isthmus_ioring::promise::{Action, CapKey, Limits, ObjectId, Request, Side, Token, wire};
use isthmus_ioring::queue::queue;
use isthmus_ioring::{Consumer, Geometry, Producer};
use std::hint;
use std::thread;

/// Calls in a chain.
const CALLS: u32 = 8;

/// Chains in a sample.
const TIMES: u32 = 50;

/// What a pipelined chain may take of eight round trips' time.
const BAR: f64 = 0.25;

/// Entries in each queue: more than a chain and what follows it.
const ENTRIES: u32 = 256;

/// A side and its queues, on cache lines of their own.
#[repr(align(128))]
struct End {
    side: Side,
    to: Producer,
    from: Consumer,
}

/// Two sides, and the capability that the first calls first: it leads to an object of the second, which answers each call with
/// itself. A thread of its own makes the second side: so the allocator takes it from other memory than the first's, as it would lie
/// in two domains, and the two share no cache line.
fn ends() -> (End, CapKey, End) {
    let geometry = Geometry::new(ENTRIES, 1).expect("a size that can be");
    let (to, there) = queue(geometry);
    let (back, from) = queue(geometry);
    let mut asking = Side::new(Limits::default());
    let mut answering = thread::spawn(|| Side::new(Limits::default()))
        .join()
        .expect("a side is made without panics");
    let own = answering.host(ObjectId(1)).expect("a new side has room");
    let export = answering.grant(own).expect("a new side has room");
    let service = asking.accept(export).expect("a new side has room");
    let asking = End {
        side: asking,
        to,
        from,
    };
    let answering = End {
        side: answering,
        to: back,
        from: there,
    };
    (asking, service, answering)
}

impl End {
    /// Sends what is to be sent, receives a message if there is one, and hands the rest to `act`.
    fn pump(&mut self, mut act: impl FnMut(&mut Side, Action)) {
        self.flush(&mut act);
        let Some(entry) = self.from.pop().expect("an honest producer") else {
            hint::spin_loop();
            return;
        };
        let (message, _) = wire::decode(&entry).expect("an honest peer");
        self.side.receive(message).expect("an honest peer");
        self.flush(&mut act);
    }

    fn flush(&mut self, act: &mut impl FnMut(&mut Side, Action)) {
        while let Some(action) = self.side.poll() {
            match action {
                Action::Send(message) => {
                    let entry = wire::encode(&message, &wire::Body::default());
                    let entry = entry.expect("it has no lists to speak of");
                    while !self.to.push(entry).expect("an honest consumer") {
                        hint::spin_loop();
                    }
                }
                other => act(&mut self.side, other),
            }
        }
    }

    /// Waits until `calls` calls have ended, and gives the last one's result.
    fn wait(&mut self, calls: u32) -> CapKey {
        let mut ended = 0;
        let mut last = None;
        while ended < calls {
            self.pump(|side, action| {
                if let Action::Ended { result, .. } = action {
                    ended += 1;
                    for cap in result.expect("each call succeeds") {
                        if let Some(earlier) = last.replace(cap) {
                            side.release(earlier).expect("a key of its own");
                        }
                    }
                }
            });
        }
        last.expect("each call has a result")
    }
}

/// Answers calls with the object called.
fn answerer(mut end: End) -> Box<dyn FnMut(u32) + Send> {
    let own = end.side.host(ObjectId(2)).expect("there is room");
    Box::new(move |times| {
        let mut left = times * CALLS;
        while left > 0 {
            end.pump(|side, action| {
                if let Action::Start(start) = action {
                    side.answer(start.call, Ok(&[own]), None).expect("it runs");
                    left -= 1;
                }
            });
        }
    })
}

/// All eight at once.
fn pipelined() -> Duo {
    let (mut end, service, other) = ends();
    Duo {
        times: TIMES,
        ask: Box::new(move |times| {
            for _ in 0..times {
                let mut target = service;
                for _ in 0..CALLS {
                    let request = Request {
                        pipelined: true,
                        ..Request::new(target, Token(0))
                    };
                    let call = end.side.call(&request).expect("there is room");
                    let result = end.side.result(call, 0).expect("it is under way");
                    if target != service {
                        end.side.release(target).expect("a key of its own");
                    }
                    target = result;
                }
                let last = end.wait(CALLS);
                end.side.release(last).expect("a key of its own");
                end.side.release(target).expect("a key of its own");
            }
        }),
        answer: answerer(other),
    }
}

/// One after the other.
fn round_trips() -> Duo {
    let (mut end, service, other) = ends();
    Duo {
        times: TIMES,
        ask: Box::new(move |times| {
            for _ in 0..times {
                let mut target = service;
                for _ in 0..CALLS {
                    let request = Request::new(target, Token(0));
                    end.side.call(&request).expect("there is room");
                    let result = end.wait(1);
                    if target != service {
                        end.side.release(target).expect("a key of its own");
                    }
                    target = result;
                }
                end.side.release(target).expect("a key of its own");
            }
        }),
        answer: answerer(other),
    }
}

/// The rows.
pub fn rows(pair: [usize; 2], effort: Effort) -> Vec<Row> {
    let series = duo(pair, effort, vec![pipelined(), round_trips()]);
    let [chain, trips] = &series[..] else {
        unreachable!("there are two contenders")
    };
    vec![Row::against(
        "eight pipelined calls",
        chain,
        ("eight round trips", trips),
        Bar::Ratio(BAR),
    )]
}
