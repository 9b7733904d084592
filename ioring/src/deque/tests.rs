//! What a deque promises: each item taken once, oldest first, none lost at the end.

use super::*;
use core::sync::atomic::AtomicUsize;
use proptest::prelude::*;
use std::collections::VecDeque;
use std::vec::Vec;

fn pair(capacity: u32) -> (Owner<[u64; 2], 2>, Thief<[u64; 2], 2>) {
    deque(capacity)
}

#[test]
fn capacity_is_a_power_of_two_and_a_full_deque_gives_the_item_back() {
    let (mut owner, thief) = pair(3);
    assert_eq!(owner.capacity(), 4);
    for item in 0..4 {
        assert_eq!(owner.push([item; 2]), Ok(()));
    }
    assert_eq!(owner.push([9; 2]), Err([9; 2]));
    assert_eq!(thief.steal(), Some([0; 2]));
    assert_eq!(owner.push([9; 2]), Ok(()));
    assert_eq!(owner.len(), 4);
}

#[test]
fn half_is_moved_oldest_first_and_never_more_than_fits() {
    let (mut rich, thief) = pair(256);
    let (mut poor, _) = pair(4);
    for item in 0..200 {
        rich.push([item; 2]).unwrap();
    }
    // Room for four beside the one that is worked on.
    assert_eq!(poor.steal_half(&thief), Some([0; 2]));
    assert_eq!((poor.len(), rich.len()), (4, 195));
    assert_eq!(poor.steal_half(&thief), Some([5; 2]));
    let order: Vec<u64> = core::iter::from_fn(|| poor.pop())
        .map(|[item, _]| item)
        .collect();
    assert_eq!(order, [1, 2, 3, 4]);
    let (mut wide, _) = pair(256);
    assert_eq!(wide.steal_half(&thief), Some([6; 2]));
    assert_eq!(wide.len() as u64, MAX_BATCH - 1);
}

#[test]
fn nobody_steals_from_itself() {
    let (mut owner, thief) = pair(4);
    owner.push([1; 2]).unwrap();
    assert_eq!(owner.steal_half(&thief), None);
    assert_eq!(owner.pop(), Some([1; 2]));
}

/// Counts how often it is dropped.
struct Counted(u64);

static DROPPED: AtomicUsize = AtomicUsize::new(0);

impl Drop for Counted {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, core::sync::atomic::Ordering::Relaxed);
    }
}

impl Words<1> for Counted {
    fn into_words(self) -> [u64; 1] {
        let word = self.0;
        core::mem::forget(self);
        [word]
    }

    fn from_words([word]: [u64; 1]) -> Self {
        Self(word)
    }
}

#[test]
fn what_is_left_in_a_deque_is_dropped_once_with_it() {
    let (mut owner, thief) = deque::<Counted, 1>(8);
    for item in 0..5 {
        assert!(owner.push(Counted(item)).is_ok());
    }
    drop(owner.pop());
    assert_eq!(thief.steal().map(|item| item.0), Some(1));
    drop(owner);
    assert_eq!(DROPPED.load(core::sync::atomic::Ordering::Relaxed), 2);
    drop(thief);
    assert_eq!(DROPPED.load(core::sync::atomic::Ordering::Relaxed), 5);
}

#[test]
fn threads_take_each_item_exactly_once() {
    const ITEMS: u64 = 20_000;
    let (mut owner, thief) = pair(64);
    let taken: Vec<AtomicUsize> = (0..ITEMS).map(|_| AtomicUsize::new(0)).collect();
    let mark = |[item, copy]: [u64; 2]| {
        assert_eq!(item, copy);
        taken[item as usize].fetch_add(1, core::sync::atomic::Ordering::Relaxed);
    };
    let done = core::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let thief = thief.clone();
            scope.spawn(|| {
                let thief = thief;
                let (mut own, _) = pair(16);
                while !done.load(core::sync::atomic::Ordering::Acquire) {
                    match own.steal_half(&thief) {
                        Some(item) => mark(item),
                        None => std::thread::yield_now(),
                    }
                    core::iter::from_fn(|| own.pop()).for_each(mark);
                }
            });
        }
        for item in 0..ITEMS {
            while owner.push([item; 2]).is_err() {
                owner.pop().into_iter().for_each(mark);
            }
        }
        core::iter::from_fn(|| owner.pop()).for_each(mark);
        done.store(true, core::sync::atomic::Ordering::Release);
    });
    let counts: Vec<usize> = taken
        .iter()
        .map(|count| count.load(core::sync::atomic::Ordering::Relaxed))
        .collect();
    assert_eq!(counts, std::vec![1; ITEMS as usize]);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Push,
    Pop,
    Steal,
    StealHalf,
}

proptest! {
    /// One after the other, any steps do what they do to a plain queue.
    #[test]
    fn agrees_with_a_plain_queue(steps in proptest::collection::vec(
        prop_oneof![Just(Step::Push), Just(Step::Push), Just(Step::Pop), Just(Step::Steal), Just(Step::StealHalf)], 0..200,
    )) {
        let (mut owner, thief) = pair(4);
        let (mut other, _) = pair(2);
        let mut model: VecDeque<u64> = VecDeque::new();
        for (number, step) in (0_u64..).zip(steps) {
            match step {
                Step::Push if model.len() < 4 => {
                    prop_assert_eq!(owner.push([number; 2]), Ok(()));
                    model.push_back(number);
                }
                Step::Push => prop_assert_eq!(owner.push([number; 2]), Err([number; 2])),
                Step::Pop => prop_assert_eq!(owner.pop(), model.pop_front().map(|item| [item; 2])),
                Step::Steal => prop_assert_eq!(thief.steal(), model.pop_front().map(|item| [item; 2])),
                Step::StealHalf => {
                    for index in 0..model.len().div_ceil(2) {
                        let item = if index == 0 { other.steal_half(&thief) } else { other.pop() };
                        prop_assert_eq!(item, model.pop_front().map(|item| [item; 2]));
                    }
                    prop_assert_eq!(other.pop(), None);
                }
            }
            prop_assert_eq!(owner.len(), model.len());
            prop_assert_eq!(thief.is_empty(), model.is_empty());
        }
    }
}
