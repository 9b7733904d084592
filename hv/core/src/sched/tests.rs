//! Shares, caps and starvation of the scheduler.

extern crate std;

use super::*;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

const SLICE: Ticks = 1_000;

fn reserve(budget: Ticks, period: Ticks) -> Option<Reservation> {
    Some(Reservation { budget, period })
}

fn runnable(scheduler: &mut CoreScheduler, reservation: Option<Reservation>) -> Slot {
    let slot = scheduler.add(reservation, 0).expect("fits");
    scheduler.unpark(slot, 0);
    slot
}

/// Runs everything that never blocks until `end`; each slice is overrun by what `overrun` says.
fn simulate(
    scheduler: &mut CoreScheduler,
    end: Ticks,
    mut overrun: impl FnMut() -> Ticks,
) -> Ticks {
    let (mut now, mut idle) = (0, 0);
    while now < end {
        match scheduler.pick(now) {
            Decision::Run { slot, until } => {
                assert!(until > now, "time must pass");
                let stop = until + overrun();
                scheduler.account(slot, stop - now);
                now = stop;
            }
            Decision::Idle { until } => {
                let until = until.unwrap_or(end).min(end);
                assert!(until > now, "an idle core must have something to wait for");
                idle += until - now;
                now = until;
            }
        }
    }
    idle
}

#[test]
fn a_budget_is_a_hard_cap_even_on_an_idle_core() {
    let mut scheduler = CoreScheduler::new(SLICE);
    let slot = runnable(&mut scheduler, reserve(300, 1_000));
    let idle = simulate(&mut scheduler, 1_000_000, || 0);
    assert_eq!(scheduler.used(slot), 300_000);
    assert_eq!(idle, 700_000);
}

#[test]
fn best_effort_shares_what_is_left_equally() {
    let mut scheduler = CoreScheduler::new(SLICE);
    let reserved = runnable(&mut scheduler, reserve(400, 1_000));
    let others = [
        runnable(&mut scheduler, None),
        runnable(&mut scheduler, None),
        runnable(&mut scheduler, None),
    ];
    let idle = simulate(&mut scheduler, 3_000_000, || 0);
    assert_eq!(idle, 0);
    assert_eq!(scheduler.used(reserved), 1_200_000);
    for slot in others {
        assert!(
            scheduler.used(slot).abs_diff(600_000) <= 2 * SLICE,
            "{}",
            scheduler.used(slot)
        );
    }
}

#[test]
fn overruns_are_paid_back() {
    let mut scheduler = CoreScheduler::new(SLICE);
    let first = runnable(&mut scheduler, reserve(500, 1_000));
    let second = runnable(&mut scheduler, None);
    simulate(&mut scheduler, 2_000_000, || 37);
    assert!(
        scheduler.used(first).abs_diff(1_000_000) <= 1_000,
        "{}",
        scheduler.used(first)
    );
    assert!(
        scheduler.used(second).abs_diff(1_000_000) <= 1_000,
        "{}",
        scheduler.used(second)
    );
}

#[test]
fn the_earlier_deadline_goes_first_and_is_let_in() {
    let mut scheduler = CoreScheduler::new(SLICE);
    let long = runnable(&mut scheduler, reserve(5_000, 10_000));
    let short = runnable(&mut scheduler, reserve(100, 1_000));
    assert_eq!(
        scheduler.pick(0),
        Decision::Run {
            slot: short,
            until: 100
        }
    );
    scheduler.account(short, 100);
    assert_eq!(
        scheduler.pick(100),
        Decision::Run {
            slot: long,
            until: 1_000
        }
    );
    scheduler.account(long, 900);
    assert_eq!(
        scheduler.pick(1_000),
        Decision::Run {
            slot: short,
            until: 1_100
        }
    );
}

#[test]
fn a_blocked_vcpu_wakes_by_itself_or_by_call_but_a_parked_one_does_not() {
    let mut scheduler = CoreScheduler::new(SLICE);
    let slot = runnable(&mut scheduler, None);
    scheduler.block(slot, Some(5_000));
    assert_eq!(scheduler.pick(10), Decision::Idle { until: Some(5_000) });
    assert_eq!(
        scheduler.pick(5_000),
        Decision::Run {
            slot,
            until: 5_000 + SLICE
        }
    );
    scheduler.block(slot, None);
    assert_eq!(scheduler.pick(6_000), Decision::Idle { until: None });
    scheduler.wake(slot, 6_000);
    assert!(matches!(scheduler.pick(6_000), Decision::Run { .. }));
    scheduler.park(slot);
    scheduler.wake(slot, 7_000);
    scheduler.block(slot, Some(7_001));
    assert_eq!(scheduler.pick(8_000), Decision::Idle { until: None });
    scheduler.unpark(slot, 8_000);
    assert!(matches!(scheduler.pick(8_000), Decision::Run { .. }));
}

#[test]
fn a_wake_up_of_a_reserved_vcpu_ends_a_best_effort_slice() {
    let mut scheduler = CoreScheduler::new(100_000);
    let reserved = runnable(&mut scheduler, reserve(100, 1_000));
    let other = runnable(&mut scheduler, None);
    scheduler.block(reserved, Some(4_321));
    assert_eq!(
        scheduler.pick(0),
        Decision::Run {
            slot: other,
            until: 4_321
        }
    );
    scheduler.account(other, 4_321);
    assert_eq!(
        scheduler.pick(4_321),
        Decision::Run {
            slot: reserved,
            until: 4_421
        }
    );
}

#[test]
fn sleeping_through_a_period_does_not_save_up_budget() {
    let mut scheduler = CoreScheduler::new(SLICE);
    let slot = runnable(&mut scheduler, reserve(200, 1_000));
    scheduler.block(slot, Some(990));
    assert_eq!(scheduler.pick(0), Decision::Idle { until: Some(990) });
    // 200 ticks in the last 10 of the period, and 200 in the next, would be a burst of two budgets.
    assert_eq!(scheduler.pick(990), Decision::Run { slot, until: 1_190 });
    scheduler.account(slot, 200);
    assert_eq!(scheduler.pick(1_190), Decision::Idle { until: Some(1_990) });
}

#[test]
fn reservations_beyond_the_core_are_refused() {
    let mut scheduler = CoreScheduler::new(SLICE);
    for bad in [reserve(0, 10), reserve(11, 10), reserve(1, MAX_PERIOD + 1)] {
        assert_eq!(scheduler.add(bad, 0), Err(SchedError::BadReservation));
    }
    for _ in 0..3 {
        assert!(scheduler.add(reserve(1, 3), 0).is_ok());
    }
    assert_eq!(
        scheduler.add(reserve(1, 100), 0),
        Err(SchedError::Overcommitted)
    );
    scheduler.remove(Slot(1));
    assert_eq!(scheduler.add(reserve(1, 100), 0), Ok(Slot(1)));
}

#[test]
fn a_debt_without_bound_neither_hangs_nor_overflows() {
    let mut scheduler = CoreScheduler::new(1);
    let reserved = runnable(&mut scheduler, reserve(1, 2));
    let other = runnable(&mut scheduler, None);
    scheduler.account(reserved, u64::MAX);
    scheduler.account(other, u64::MAX);
    assert!(matches!(scheduler.pick(10), Decision::Run { slot, .. } if slot == other));
    assert!(matches!(
        scheduler.pick(u64::MAX - 1),
        Decision::Run { .. } | Decision::Idle { .. }
    ));
}

fn reservations() -> impl Strategy<Value = Vec<Option<Reservation>>> {
    prop::collection::vec(
        prop_oneof![
            Just(None),
            (1u64..=30, 500u64..20_000)
                .prop_map(|(share, period)| reserve(period * share / 100, period))
        ],
        1..6,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whoever never blocks gets its budget within 2 %, nobody more, and nobody without one starves.
    #[test]
    fn long_run_shares_hold(wanted in reservations(), jitter in 0u64..40) {
        let mut scheduler = CoreScheduler::new(SLICE);
        let mut admitted = Vec::new();
        for reservation in wanted {
            if let Ok(slot) = scheduler.add(reservation, 0) {
                scheduler.unpark(slot, 0);
                admitted.push((slot, reservation));
            }
        }
        let end = 4_000_000u64;
        let mut turn = 0u64;
        let idle = simulate(&mut scheduler, end, || { turn += 1; (turn * 7) % (jitter + 1) });
        let total: u64 = admitted.iter().map(|(slot, _)| scheduler.used(*slot)).sum();
        prop_assert!(total + idle <= end + SLICE + 20_000 + 40, "more time than there is");
        let reserved: u64 = admitted.iter().filter_map(|(_, r)| *r).map(|r| end / r.period * r.budget).sum();
        let best_effort = admitted.iter().filter(|(_, r)| r.is_none()).count() as u64;
        let full = scheduler.reserved_ppm() > 950_000;
        for (slot, reservation) in &admitted {
            let used = scheduler.used(*slot);
            match reservation {
                Some(r) => {
                    let fair = end / r.period * r.budget;
                    prop_assert!(used <= fair + fair / 50 + r.budget + 40, "{used} of {fair}");
                    // Overruns of others can crowd a core that is reserved in full.
                    prop_assert!(full || used + fair / 50 + r.budget + 40 >= fair, "{used} of {fair}");
                }
                None => {
                    let fair = end.saturating_sub(reserved) / best_effort;
                    prop_assert!(full || used + fair / 50 + 4 * SLICE + 20_000 >= fair, "{used} of {fair}");
                }
            }
        }
    }

    /// A vCPU that blocks and wakes as it likes never gets more than its share plus one budget.
    #[test]
    fn waking_cannot_exceed_the_share(pattern in prop::collection::vec((1u64..900, 0u64..3_000), 20..200)) {
        let reservation = Reservation { budget: 250, period: 1_000 };
        let mut scheduler = CoreScheduler::new(SLICE);
        let slot = runnable(&mut scheduler, Some(reservation));
        let mut now = 0u64;
        let mut history = vec![(0u64, 0u64)];
        for (run, sleep) in pattern {
            match scheduler.pick(now) {
                Decision::Run { slot, until } => {
                    let stop = until.min(now + run);
                    scheduler.account(slot, stop - now);
                    now = stop;
                    scheduler.block(slot, Some(now + sleep));
                }
                Decision::Idle { until } => now = until.unwrap_or(now + 1).max(now + 1),
            }
            history.push((now, scheduler.used(slot)));
        }
        for (index, (start, before)) in history.iter().enumerate() {
            for (end, after) in &history[index..] {
                let bound = (end - start) * reservation.budget / reservation.period + 2 * reservation.budget;
                prop_assert!(after - before <= bound, "{} in {}", after - before, end - start);
            }
        }
    }

    /// Any order of calls: time passes, a runner is runnable, and sums add up.
    #[test]
    fn no_call_sequence_breaks_it(calls in prop::collection::vec((0u8..7, 0u16..5, 0u64..5_000), 1..300)) {
        let mut scheduler = CoreScheduler::new(SLICE);
        for index in 0..4u64 {
            let wanted = if index % 2 == 0 { None } else { reserve(100 * index, 1_000) };
            prop_assert!(scheduler.add(wanted, 0).is_ok());
        }
        let (mut now, mut charged) = (0u64, 0u64);
        for (call, slot, amount) in calls {
            let slot = Slot(slot);
            match call {
                0 => scheduler.unpark(slot, now),
                1 => scheduler.park(slot),
                2 => scheduler.block(slot, Some(now + amount)),
                3 => scheduler.block(slot, None),
                4 => scheduler.wake(slot, now),
                5 => scheduler.yield_turn(slot),
                _ => now += amount,
            }
            match scheduler.pick(now) {
                Decision::Run { slot, until } => {
                    prop_assert!(until > now && !scheduler.is_blocked(slot));
                    let used = amount.min(until - now);
                    scheduler.account(slot, used);
                    charged += used;
                    now += used;
                }
                Decision::Idle { until } => prop_assert!(until.is_none_or(|until| until > now)),
            }
        }
        let total: u64 = (0..5).map(|slot| scheduler.used(Slot(slot))).sum();
        prop_assert_eq!(total, charged);
    }
}
