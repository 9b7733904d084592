//! The queue against a deque, and against words that cannot be.

use super::*;
use proptest::prelude::*;
use std::collections::VecDeque;
use std::vec;
use std::vec::Vec;

fn small() -> Geometry {
    Geometry::new(4, 1).unwrap()
}

/// A word that an entry carries: all but the sequence.
const fn mark(number: u64) -> Entry {
    [
        number << 32,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
    ]
}

/// A queue as it lies after `start` entries have crossed.
fn queue_from(start: u32) -> (Producer, Consumer) {
    let (mut producer, mut consumer) = queue(small());
    for index in 0..4 {
        let number = start.wrapping_sub(4).wrapping_add(index);
        let sequence = number.wrapping_add(1);
        producer
            .mine
            .store(producer.lines.place(number), 0, sequence.into());
    }
    (producer.tail, producer.head, consumer.head) = (start, start, start);
    consumer.release();
    (producer, consumer)
}

#[test]
fn a_sequence_that_cannot_be_breaks_the_queue_for_good() {
    for forged in [2, 5, u64::from(u32::MAX), u64::from(u32::MAX - 3)] {
        let (mut producer, mut consumer) = queue(small());
        let place = producer.lines.place(0);
        producer.mine.store(place, 0, forged);
        assert_eq!(consumer.pop(), Err(Violation::Sequence));
        assert_eq!(producer.push(mark(1)), Ok(true));
        assert_eq!(consumer.pop(), Err(Violation::Sequence));
        assert_eq!(consumer.may_sleep(), Err(Violation::Sequence));
    }
}

#[test]
fn a_head_that_cannot_be_breaks_the_queue_for_good() {
    let (mut producer, mut consumer) = queue(small());
    for number in 0..3 {
        assert_eq!(producer.push(mark(number)), Ok(true));
        consumer.pop().unwrap();
    }
    assert_eq!(producer.room(), Ok(4));
    for forged in [4, 2, u64::from(u32::MAX)] {
        let mut broken = Producer::new(
            producer.mine.clone(),
            producer.theirs.clone(),
            producer.lines,
        );
        (broken.tail, broken.head) = (3, 3);
        consumer.mine.publish(consumer.lines.head, forged);
        assert_eq!(broken.room(), Err(Violation::Head));
        consumer.release();
        assert_eq!(broken.room(), Err(Violation::Head));
        assert_eq!(broken.push(mark(9)), Err(Violation::Head));
        assert_eq!(broken.push_batch(&[mark(9)]), Err(Violation::Head));
    }
}

#[test]
fn a_sleeper_is_rung_for_once_a_sleep() {
    let (mut producer, mut consumer) = queue(small());
    assert!(!producer.must_ring());
    for number in 0..3 {
        assert_eq!(consumer.may_sleep(), Ok(true));
        assert_eq!(producer.push(mark(number)), Ok(true));
        assert!(producer.must_ring());
        assert!(!producer.must_ring());
        assert_eq!(consumer.may_sleep(), Ok(false));
        assert!(!producer.must_ring());
        assert_eq!(consumer.pop(), Ok(Some(mark(number))));
    }
    // A second announcement without a look in between.
    assert_eq!(consumer.may_sleep(), Ok(true));
    assert!(producer.must_ring());
    assert_eq!(consumer.may_sleep(), Ok(true));
    assert!(producer.must_ring());
}

#[test]
fn a_batch_goes_in_and_comes_out_as_far_as_there_is_room() {
    let (mut producer, mut consumer) = queue(small());
    let six: Vec<_> = (0..6).map(mark).collect();
    assert_eq!(producer.push_batch(&six), Ok(4));
    let mut got = vec![[0; 8]; 3];
    assert_eq!(consumer.pop_batch(&mut got), Ok(3));
    assert_eq!(got, six[..3]);
    assert_eq!(producer.push_batch(&six[4..]), Ok(2));
    assert_eq!(consumer.pop_batch(&mut got), Ok(3));
    assert_eq!(got, six[3..]);
    assert_eq!(consumer.pop_batch(&mut got), Ok(0));
}

proptest! {
    /// Also where the indices wrap.
    #[test]
    fn agrees_with_a_deque(start in prop_oneof![Just(4_u32), Just(u32::MAX - 5), Just(u32::MAX)], ops in proptest::collection::vec(any::<bool>(), 0..100)) {
        let (mut producer, mut consumer) = queue_from(start);
        let mut model = VecDeque::new();
        for (number, push) in (0_u64..).zip(ops) {
            if push {
                let fits = model.len() < 4;
                prop_assert_eq!(producer.push(mark(number)), Ok(fits));
                if fits {
                    model.push_back(mark(number));
                }
            } else {
                prop_assert_eq!(consumer.pop(), Ok(model.pop_front()));
            }
            prop_assert_eq!(producer.room(), Ok(4 - model.len() as u32));
        }
    }
}
