//! The queue through which tasks of a worker become ready, from its own core and from others. A task is in it
//! at most once, however often it is woken.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec::Vec;
use core::sync::atomic::Ordering;

use super::sync::{AtomicBool, Mutex};
use super::{Body, Handle};

/// Names a task within its worker; stale once the task has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TaskId {
    pub(super) slot: usize,
    pub(super) generation: u64,
}

/// Tasks spawned and tasks woken. The locks are held for a push or a bulk take and never across a poll;
/// interrupt handlers do not take them.
pub(super) struct RunQueue {
    injected: Mutex<VecDeque<Body>>,
    ready: Mutex<VecDeque<TaskId>>,
    asleep: AtomicBool,
}

impl RunQueue {
    pub(super) fn new() -> Self {
        Self {
            injected: Mutex::new(VecDeque::new()),
            ready: Mutex::new(VecDeque::new()),
            asleep: AtomicBool::new(false),
        }
    }

    pub(super) fn inject(&self, body: Body) {
        self.injected.lock().push_back(body);
    }

    pub(super) fn push_ready(&self, id: TaskId) {
        self.ready.lock().push_back(id);
    }

    pub(super) fn take_injected(&self) -> Option<Body> {
        self.injected.lock().pop_front()
    }

    /// Moves up to `most` ready tasks into `into`, oldest first.
    pub(super) fn take_ready(&self, into: &mut Vec<TaskId>, most: usize) {
        let mut ready = self.ready.lock();
        let count = ready.len().min(most);
        into.extend(ready.drain(..count));
    }

    pub(super) fn has_work(&self) -> bool {
        !self.ready.lock().is_empty() || !self.injected.lock().is_empty()
    }

    /// Before the last look at the queue: whoever adds to it after that look sees the flag and interrupts.
    pub(super) fn announce_sleep(&self) {
        self.asleep.store(true, Ordering::SeqCst);
    }

    pub(super) fn announce_awake(&self) {
        self.asleep.store(false, Ordering::SeqCst);
    }

    /// Whether the worker sleeps and nobody else has interrupted it yet. Asked after something was added: either
    /// this sees the flag, or the worker's last look sees what was added (the locks order the two).
    pub(super) fn must_interrupt(&self) -> bool {
        self.asleep.swap(false, Ordering::SeqCst)
    }
}

/// What a task's `Waker` is made of.
pub(super) struct TaskWaker {
    id: TaskId,
    queued: AtomicBool,
    worker: Handle,
}

impl TaskWaker {
    pub(super) fn new(id: TaskId, worker: Handle) -> Self {
        Self {
            id,
            queued: AtomicBool::new(false),
            worker,
        }
    }

    /// The task is about to be polled: from here on a wake queues it anew.
    pub(super) fn unqueue(&self) {
        self.queued.store(false, Ordering::SeqCst);
    }
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::SeqCst) {
            self.worker.shared.queue.push_ready(self.id);
            self.worker.wake();
        }
    }
}

/// `RUSTFLAGS="--cfg loom" cargo test -p isthmus-kernel-core --release --lib run_queue`.
#[cfg(all(test, loom))]
mod model {
    use super::*;
    use loom::thread;

    const TASK: TaskId = TaskId {
        slot: 0,
        generation: 0,
    };

    /// If the worker's last look shows nothing and it sleeps, whoever makes a task ready interrupts it.
    #[test]
    fn no_wake_up_is_lost() {
        loom::model(|| {
            let queue = loom::sync::Arc::new(RunQueue::new());
            let wakers: [_; 2] = core::array::from_fn(|_| {
                let queue = queue.clone();
                thread::spawn(move || {
                    queue.push_ready(TASK);
                    queue.must_interrupt()
                })
            });
            queue.announce_sleep();
            let sleeps = !queue.has_work();
            let interrupts = wakers.map(|waker| waker.join().unwrap());
            let count = interrupts
                .into_iter()
                .filter(|interrupt| *interrupt)
                .count();
            assert!(count <= 1, "one interrupt a sleep");
            assert!(!sleeps || count == 1);
        });
    }
}
