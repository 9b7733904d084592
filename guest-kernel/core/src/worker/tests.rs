//! The worker on a machine whose clock moves only when it sleeps.

use super::*;
use crate::pretend::Pretend;
use core::sync::atomic::{AtomicUsize, Ordering};
use spin::Mutex;
use std::vec;

fn worker() -> (Worker, &'static Pretend) {
    Pretend::with_worker()
}

fn run_to_end(worker: &mut Worker) {
    worker.turn();
    while worker.tasks() > 0 {
        worker.turn();
    }
}

#[test]
fn sleepers_wake_in_the_order_of_their_deadlines() {
    let (mut worker, machine) = worker();
    let seen = Arc::new(Mutex::new(vec![]));
    for delay in [30_u64, 10, 20, 10] {
        let (handle, seen) = (worker.handle(), seen.clone());
        worker.handle().spawn(async move {
            handle.sleep(Duration::from_nanos(delay)).await;
            seen.lock().push((delay, handle.now().0));
        });
    }
    run_to_end(&mut worker);
    assert_eq!(*seen.lock(), [(10, 10), (10, 10), (20, 20), (30, 30)]);
    assert_eq!(machine.now(), Instant(30));
}

#[test]
fn a_dropped_sleep_leaves_no_timer() {
    let (mut worker, _) = worker();
    let handle = worker.handle();
    worker.handle().spawn(async move {
        let mut long = handle.sleep(Duration::from_secs(1));
        core::future::poll_fn(|context| {
            assert!(Pin::new(&mut long).poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        drop(long);
        assert_eq!(handle.shared.timers.len(), 0);
    });
    run_to_end(&mut worker);
}

#[test]
fn a_task_woken_many_times_runs_once_a_turn() {
    let (mut worker, _) = worker();
    let polls = Arc::new(AtomicUsize::new(0));
    let counted = polls.clone();
    worker.handle().spawn(core::future::poll_fn(move |context| {
        for _ in 0..5 {
            context.waker().wake_by_ref();
        }
        match counted.fetch_add(1, Ordering::SeqCst) {
            3 => Poll::Ready(()),
            _ => Poll::Pending,
        }
    }));
    for turn in 1..=4 {
        worker.turn();
        assert_eq!(polls.load(Ordering::SeqCst), turn);
    }
    assert_eq!(worker.tasks(), 0);
}

#[test]
fn a_waker_kept_after_the_end_wakes_nobody() {
    let (mut worker, _) = worker();
    let kept = Arc::new(Mutex::new(None));
    let keep = kept.clone();
    worker.handle().spawn(core::future::poll_fn(move |context| {
        *keep.lock() = Some(context.waker().clone());
        Poll::Ready(())
    }));
    worker.turn();
    let polls = Arc::new(AtomicUsize::new(0));
    let counted = polls.clone();
    let handle = worker.handle();
    worker.handle().spawn(async move {
        counted.fetch_add(1, Ordering::SeqCst);
        handle.sleep(Duration::from_nanos(5)).await;
    });
    worker.turn();
    kept.lock().take().unwrap().wake();
    run_to_end(&mut worker);
    assert_eq!(polls.load(Ordering::SeqCst), 1);
}

#[test]
fn another_core_interrupts_a_sleeper_once() {
    let (worker, machine) = worker();
    worker.shared().queue.announce_sleep();
    let handle = worker.handle();
    std::thread::spawn(move || {
        handle.spawn(async {});
        handle.spawn(async {});
    })
    .join()
    .unwrap();
    assert_eq!(machine.wakes.load(Ordering::SeqCst), 1);
    assert!(worker.shared().queue.has_work());
}

#[test]
fn a_crowd_of_busy_tasks_does_not_hold_up_a_timer() {
    let (mut worker, machine) = worker();
    for _ in 0..1000 {
        worker.handle().spawn(core::future::poll_fn(|context| {
            context.waker().wake_by_ref();
            Poll::<()>::Pending
        }));
    }
    let fired = Arc::new(AtomicUsize::new(0));
    let (handle, note) = (worker.handle(), fired.clone());
    worker.handle().spawn(async move {
        handle.sleep(Duration::from_nanos(1)).await;
        note.store(1, Ordering::SeqCst);
    });
    for _ in 0..40 {
        worker.turn();
        machine.now.fetch_add(1, Ordering::SeqCst);
    }
    assert_eq!(fired.load(Ordering::SeqCst), 1);
}
