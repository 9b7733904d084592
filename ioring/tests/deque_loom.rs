//! Every interleaving of owners, thieves, sleepers and readers on small deques and reducers:
//! `RUSTFLAGS="--cfg loom" cargo test -p isthmus-ioring --release --test deque_loom`.
//!
//! As for the rings, loom gives no load a value stored later. Here that matters little: a thief's late read of a place
//! written over is made invalid by the exchange of the head, which the models below do exercise.
#![cfg(loom)]

use isthmus_ioring::deque::{Words, deque, team::team};
use isthmus_ioring::reducer::{Monoid, Sum, reducer};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

/// What was taken, as a set: each item is one bit in both words.
fn bit([low, high]: [u64; 2]) -> u64 {
    assert_eq!(low, high, "an item was torn");
    1 << low
}

/// Adds `item` to what was taken before.
fn collect(taken: &mut u64, item: Option<[u64; 2]>) {
    if let Some(bit) = item.map(bit) {
        assert_eq!(*taken & bit, 0, "taken twice");
        *taken |= bit;
    }
}

/// An owner that pushes over used places and pops, and a thief: each item is taken by one of them.
#[test]
fn each_item_is_taken_once() {
    loom::model(|| {
        let (mut owner, thief) = deque::<[u64; 2], 2>(2);
        let stealing = thread::spawn(move || {
            let mut taken = 0;
            collect(&mut taken, thief.steal());
            collect(&mut taken, thief.steal());
            taken
        });
        let mut own = 0;
        let mut pushed = 0;
        for item in 0..3 {
            if owner.push([item; 2]).is_ok() {
                pushed |= 1 << item;
            } else {
                collect(&mut own, owner.pop());
            }
        }
        let stolen = stealing.join().unwrap();
        while let Some(item) = owner.pop() {
            collect(&mut own, Some(item));
        }
        assert_eq!(own & stolen, 0, "taken by both");
        assert_eq!(own | stolen, pushed, "lost");
    });
}

/// A thief that moves half into its own deque, against an owner that pops and another thief that takes one.
#[test]
fn half_is_moved_whole_or_not_at_all() {
    loom::model(|| {
        let (mut owner, thief) = deque::<[u64; 2], 2>(4);
        for item in 0..3 {
            owner.push([item; 2]).unwrap();
        }
        let second = thief.clone();
        let robbing = thread::spawn(move || {
            let (mut own, _) = deque::<[u64; 2], 2>(2);
            let mut taken = 0;
            collect(&mut taken, own.steal_half(&thief));
            while let Some(item) = own.pop() {
                collect(&mut taken, Some(item));
            }
            taken
        });
        let stealing = thread::spawn(move || second.steal().map_or(0, bit));
        let mut own = 0;
        collect(&mut own, owner.pop());
        let (robbed, stolen) = (robbing.join().unwrap(), stealing.join().unwrap());
        while let Some(item) = owner.pop() {
            collect(&mut own, Some(item));
        }
        assert_eq!(own ^ robbed ^ stolen, 0b111, "lost or taken twice");
        assert_eq!(own | robbed | stolen, 0b111);
    });
}

/// A core that goes to sleep while another gets work is woken, or finds the work itself.
#[test]
fn no_sleeper_is_forgotten() {
    loom::model(|| {
        let mut members = team::<[u64; 2], 2>(2, 2);
        let mut sleeper = members.pop().unwrap();
        let mut busy = members.pop().unwrap();
        let woken = Arc::new(AtomicBool::new(false));
        let wake = woken.clone();
        let pushing = thread::spawn(move || {
            busy.push([1; 2]).unwrap();
            if let Some(core) = busy.to_wake() {
                assert_eq!(core, 1);
                wake.store(true, Ordering::SeqCst);
            }
            busy
        });
        let sleeps = sleeper.may_sleep();
        let _busy = pushing.join().unwrap();
        assert!(!sleeps || woken.load(Ordering::SeqCst));
        assert_eq!(sleeper.take(), Some([1; 2]));
    });
}

/// Two that have work wake one sleeper once.
#[test]
fn a_sleeper_is_woken_by_one() {
    loom::model(|| {
        let mut members = team::<[u64; 2], 2>(3, 2);
        let mut third = members.pop().unwrap();
        assert!(third.may_sleep());
        let mut threads = Vec::new();
        for mut member in members {
            threads.push(thread::spawn(move || {
                member.push([1; 2]).unwrap();
                usize::from(member.to_wake().is_some())
            }));
        }
        let woken: usize = threads.into_iter().map(|one| one.join().unwrap()).sum();
        assert_eq!(woken, 1);
    });
}

/// A count and its double, which a torn state would betray.
#[derive(Clone, Copy)]
struct Doubled(u64, u64);

impl Monoid for Doubled {
    const NEUTRAL: Self = Self(0, 0);

    fn merge(self, other: Self) -> Self {
        Self(self.0 + other.0, self.1 + other.1)
    }
}

impl Words<2> for Doubled {
    fn into_words(self) -> [u64; 2] {
        [self.0, self.1]
    }

    fn from_words([one, two]: [u64; 2]) -> Self {
        Self(one, two)
    }
}

/// A reader sees whole states, whatever its core adds meanwhile. At most three preemptions, which keeps it to seconds.
#[test]
fn a_reader_sees_whole_states() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let (seen, mut shares) = reducer::<Doubled, 2>(1);
        let mut share = shares.pop().unwrap();
        let adding = thread::spawn(move || {
            share.add(Doubled(1, 2));
            share.add(Doubled(1, 2));
        });
        let Doubled(count, double) = seen.read();
        assert_eq!(double, 2 * count);
        adding.join().unwrap();
        assert_eq!(seen.read().0, 2);
    });
}

/// Nothing that two cores add is lost, and what is read grows.
#[test]
fn both_shares_are_merged() {
    loom::model(|| {
        let (seen, mut shares) = reducer::<Sum, 1>(2);
        let mut other = shares.pop().unwrap();
        let mut own = shares.pop().unwrap();
        let adding = thread::spawn(move || other.add(Sum(2)));
        own.add(Sum(3));
        let Sum(first) = seen.read();
        assert!(first == 3 || first == 5);
        adding.join().unwrap();
        assert_eq!(seen.read(), Sum(5));
    });
}
