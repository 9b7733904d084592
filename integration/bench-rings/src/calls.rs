//! Calls through capabilities and wrappers, against calls of the same object by reference and of the least function there is.
//!
//! Neighbours: [`crate::contest`] lets them take turns.

use crate::contest::{Effort, solo};
use crate::stats::{Bar, Row};
use isthmus_caps::{Attenuator, Cap, Caretaker, Holder, Object, Outcome, Request};
use std::hint::black_box;

/// Calls in a sample.
const TIMES: u32 = 20_000;

/// Wrappers in the row of nested ones.
const NESTED: usize = 10;

/// Answers with the method it is asked for, in place.
struct Echo;

impl Object for Echo {
    fn call(&self, _: Holder, request: &Request<'_>) -> Outcome {
        Outcome::reply(&request.method.to_le_bytes())
    }
}

/// A function of a word, which the compiler is not shown.
trait Function {
    fn call(&self, word: u64) -> u64;
}

/// Adds its word.
struct Add(u64);

impl Function for Add {
    fn call(&self, word: u64) -> u64 {
        word.wrapping_add(self.0)
    }
}

/// Ten wrappers that each check something, around `cap`: attenuators with a list of methods, and caretakers, in turn.
fn nested(mut cap: Cap, keepers: &mut Vec<Caretaker>) -> Cap {
    for depth in 0..NESTED {
        cap = if depth % 2 == 0 {
            Attenuator::new(cap).only(7, 0..10).cap()
        } else {
            let keeper = Caretaker::new(cap);
            let cap = keeper.cap();
            keepers.push(keeper);
            cap
        };
    }
    cap
}

/// Calls a capability that often, each with an answer at once.
fn through(cap: Cap) -> impl FnMut(u32) {
    move |times| {
        for _ in 0..times {
            let outcome = black_box(&cap).call(black_box(&Request::new(7, 3, &[])));
            assert!(matches!(black_box(&outcome), Outcome::Ready(Ok(_))));
        }
    }
}

/// Calls an object by reference, as modules without capabilities would.
fn direct(object: Box<dyn Object>) -> impl FnMut(u32) {
    move |times| {
        for _ in 0..times {
            let request = Request::new(7, 3, &[]);
            let outcome = black_box(&*object).call(Holder::ANYONE, black_box(&request));
            assert!(matches!(black_box(&outcome), Outcome::Ready(Ok(_))));
        }
    }
}

/// The least that a `dyn` call can be.
pub fn least() -> impl FnMut(u32) {
    let function: Box<dyn Function> = Box::new(Add(1));
    move |times| {
        for word in 0..u64::from(times) {
            black_box(black_box(&*function).call(black_box(word)));
        }
    }
}

/// The rows.
pub fn rows(core: usize, effort: Effort) -> Vec<Row> {
    let mut keepers = Vec::new();
    let keeper = Caretaker::new(Cap::new(Echo));
    let series = solo(
        core,
        effort,
        TIMES,
        &mut [
            &mut direct(Box::new(Echo)),
            &mut least(),
            &mut through(Cap::new(Echo)),
            &mut through(keeper.cap()),
            &mut through(nested(Cap::new(Echo), &mut keepers)),
        ],
    );
    let [direct, least, cap, caretaker, nested] = &series[..] else {
        unreachable!("there are five contenders")
    };
    let same = ("dyn call of it", direct);
    vec![
        Row::against("call, capability", cap, same, Bar::Ratio(2.0)),
        Row::against("call, caretaker", caretaker, same, Bar::Ours(20.0)),
        Row::against("call, ten wrappers", nested, same, Bar::Ours(200.0)),
        Row::against(
            "call, capability",
            cap,
            ("dyn call, one word", least),
            Bar::None,
        ),
    ]
}
