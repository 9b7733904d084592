//! A worker: one a core, running async tasks to their next wait, one after the other. There are no threads. What
//! it owns alone (the tasks) needs no lock; what others reach (the queue of tasks woken, the timers) sits behind
//! [`Handle`], which is all that a task or another core ever holds.
//!
//! A task is `Send` although it stays on its core: stealing will move tasks between workers without
//! asking their authors for more.

mod run_queue;
mod sync;
mod timers;

pub use run_queue::TaskId;
pub use timers::Sleep;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use isthmus_abi::CoreId;

use crate::machine::Machine;
use crate::time::Instant;
use run_queue::{RunQueue, TaskWaker};
use timers::Timers;

/// A task's body.
type Body = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tasks run between two looks at the clock, so that a crowd of ready tasks cannot hold up the timers.
const BATCH: usize = 64;

/// The side of a worker that tasks and other cores use: spawn, sleep, tell the time.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

struct Shared {
    core: CoreId,
    machine: &'static dyn Machine,
    queue: RunQueue,
    timers: Timers,
}

impl Handle {
    /// The core whose worker this is.
    #[must_use]
    pub fn core(&self) -> CoreId {
        self.shared.core
    }

    /// Gives the worker a task. From any core; it starts when the worker next looks at its queue.
    pub fn spawn(&self, body: impl Future<Output = ()> + Send + 'static) {
        self.shared.queue.inject(Box::pin(body));
        self.wake();
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.shared.machine.now()
    }

    /// The CPU's tick counter.
    #[must_use]
    pub fn ticks(&self) -> u64 {
        self.shared.machine.ticks()
    }

    /// A future that is ready at `deadline` or as soon after it as the core is free. To be awaited on this worker.
    pub fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep::new(self.clone(), deadline)
    }

    /// [`Handle::sleep_until`] `time` from now.
    pub fn sleep(&self, time: Duration) -> Sleep {
        self.sleep_until(self.now().after(time))
    }

    /// Wakes the core if it sleeps.
    fn wake(&self) {
        if self.shared.queue.must_interrupt() {
            self.shared.machine.wake(self.shared.core);
        }
    }
}

/// Lets the worker's other ready tasks run before the caller goes on.
pub async fn give_way() {
    let mut gave = false;
    core::future::poll_fn(|context| {
        if gave {
            return Poll::Ready(());
        }
        gave = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

struct Task {
    body: Body,
    waker: Arc<TaskWaker>,
}

struct Slot {
    /// How many tasks have used the slot before: a waker of an earlier one finds another number.
    generation: u64,
    task: Option<Task>,
}

/// The worker of one core.
pub struct Worker {
    handle: Handle,
    slots: Vec<Slot>,
    free: Vec<usize>,
    /// Ids taken from the queue in bulk and not run yet; kept to reuse its memory.
    batch: Vec<TaskId>,
}

impl Worker {
    /// The worker for `core`, without tasks.
    #[must_use]
    pub fn new(core: CoreId, machine: &'static dyn Machine) -> Self {
        let shared = Shared {
            core,
            machine,
            queue: RunQueue::new(),
            timers: Timers::default(),
        };
        Self {
            handle: Handle {
                shared: Arc::new(shared),
            },
            slots: Vec::new(),
            free: Vec::new(),
            batch: Vec::new(),
        }
    }

    /// What others use to reach this worker.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Runs tasks for ever, sleeping whenever none is ready.
    pub fn run(mut self) -> ! {
        loop {
            self.turn();
        }
    }

    /// Tasks that have not ended.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether a task is ready or newly spawned.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.shared().queue.has_work()
    }

    /// One turn: adopt what was spawned, fire what is due, run what is ready; if that was nothing, sleep
    /// until the next deadline or wake-up.
    pub fn turn(&mut self) {
        self.adopt();
        let next = self.shared().timers.fire(self.handle.now());
        if self.run_ready() > 0 {
            return;
        }
        let shared = self.shared();
        shared.machine.set_alarm(next);
        shared.queue.announce_sleep();
        shared.machine.sleep_unless(&|| {
            shared.queue.has_work() || next.is_some_and(|at| at <= shared.machine.now())
        });
        shared.queue.announce_awake();
    }

    fn shared(&self) -> &Shared {
        &self.handle.shared
    }

    /// Takes in the tasks that were spawned since the last turn; each is ready at once.
    fn adopt(&mut self) {
        while let Some(body) = self.shared().queue.take_injected() {
            let slot = self.free.pop().unwrap_or_else(|| {
                self.slots.push(Slot {
                    generation: 0,
                    task: None,
                });
                self.slots.len() - 1
            });
            let id = TaskId {
                slot,
                generation: self.slots[slot].generation,
            };
            let waker = Arc::new(TaskWaker::new(id, self.handle.clone()));
            self.slots[slot].task = Some(Task {
                body,
                waker: waker.clone(),
            });
            Waker::from(waker).wake();
        }
    }

    /// Polls each ready task once, at most [`BATCH`] of them. Returns how many.
    fn run_ready(&mut self) -> usize {
        let mut batch = core::mem::take(&mut self.batch);
        self.shared().queue.take_ready(&mut batch, BATCH);
        let count = batch.len();
        for id in batch.drain(..) {
            self.poll(id);
        }
        self.batch = batch;
        count
    }

    fn poll(&mut self, id: TaskId) {
        let Some(slot) = self.slots.get_mut(id.slot) else {
            return;
        };
        if slot.generation != id.generation {
            return;
        }
        let Some(task) = &mut slot.task else {
            return;
        };
        // Before the poll: a wake during it must queue the task again.
        task.waker.unqueue();
        let waker = Waker::from(task.waker.clone());
        if let Poll::Ready(()) = task.body.as_mut().poll(&mut Context::from_waker(&waker)) {
            slot.task = None;
            slot.generation += 1;
            self.free.push(id.slot);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
