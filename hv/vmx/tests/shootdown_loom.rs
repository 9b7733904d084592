//! Every interleaving of cores that run a partition and one that takes memory from it, under loom:
//! `RUSTFLAGS="--cfg loom" cargo test -p isthmus-vmx --release --test shootdown_loom`.
//!
//! A core's TLB is a local variable, filled from the EPT when the guest touches a page and emptied by the
//! flush. The promise: nobody touches a page by an old translation once it has been put to another use.
#![allow(unexpected_cfgs, reason = "loom's own name for its builds")]
#![cfg(loom)]

use isthmus_abi::CoreId;
use isthmus_vmx::invalidate::{Generation, Shootdown};
use loom::cell::{Cell, UnsafeCell};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

/// A page of the partition and the EPT entry that leads to it.
struct Page {
    present: AtomicBool,
    /// Loom reports any access that does not happen before or after all conflicting ones.
    memory: UnsafeCell<()>,
    reused: AtomicBool,
}

impl Page {
    fn new() -> Self {
        Self {
            present: AtomicBool::new(true),
            memory: UnsafeCell::new(()),
            reused: AtomicBool::new(false),
        }
    }
    fn unmap(&self) {
        self.present.store(false, Ordering::Relaxed);
    }
    fn reuse(&self) {
        self.reused.store(true, Ordering::Relaxed);
        self.memory.with_mut(|_| ());
    }
}

struct Machine {
    shootdown: Shootdown<2>,
    pages: [Page; 2],
}

impl Machine {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            shootdown: Shootdown::new(),
            pages: [Page::new(), Page::new()],
        })
    }
    fn wait(&self, generation: Generation) {
        while !self.shootdown.is_complete(generation) {
            thread::yield_now();
        }
    }
    fn take(&self, page: usize) {
        self.pages[page].unmap();
        let generation = self.shootdown.advance();
        self.wait(generation);
        self.pages[page].reuse();
    }
}

/// What a core remembers of the two pages.
#[derive(Default)]
struct Tlb(Cell<[bool; 2]>);

impl Tlb {
    fn flush(&self) {
        self.0.set([false; 2]);
    }
    /// The guest touches a page, by what the core remembers or by a walk.
    fn touch(&self, machine: &Machine, page: usize) {
        let mut remembered = self.0.get();
        if !remembered[page] {
            remembered[page] = machine.pages[page].present.load(Ordering::Relaxed);
            self.0.set(remembered);
        }
        if remembered[page] {
            machine.pages[page].memory.with(|_| ());
            assert!(
                !machine.pages[page].reused.load(Ordering::Relaxed),
                "a stale translation was used"
            );
        }
    }
}

/// A core that enters the guest `times` times, touching `pages` each time, and leaves.
fn run(machine: &Machine, tlb: &Tlb, core: CoreId, times: usize, pages: &[usize]) {
    for _ in 0..times {
        assert!(machine.shootdown.before_entry(core, || tlb.flush()));
        for &page in pages {
            tlb.touch(machine, page);
        }
    }
    machine.shootdown.leave(core, || tlb.flush());
}

fn explore(preemptions: usize, scenario: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(scenario);
}

#[test]
fn one_core_runs_while_a_page_is_taken() {
    explore(3, || {
        let machine = Machine::new();
        let core = thread::spawn({
            let machine = machine.clone();
            move || run(&machine, &Tlb::default(), CoreId(0), 2, &[0])
        });
        machine.take(0);
        core.join().unwrap();
    });
}

#[test]
fn a_core_leaves_and_comes_back_while_a_page_is_taken() {
    explore(3, || {
        let machine = Machine::new();
        let core = thread::spawn({
            let machine = machine.clone();
            move || {
                let tlb = Tlb::default();
                run(&machine, &tlb, CoreId(0), 1, &[0]);
                run(&machine, &tlb, CoreId(0), 1, &[0]);
            }
        });
        machine.take(0);
        core.join().unwrap();
    });
}

#[test]
fn two_cores_run_while_a_page_is_taken() {
    explore(2, || {
        let machine = Machine::new();
        let cores = [0, 1].map(|number| {
            let machine = machine.clone();
            thread::spawn(move || run(&machine, &Tlb::default(), CoreId(number), 2, &[0]))
        });
        machine.take(0);
        for core in cores {
            core.join().unwrap();
        }
    });
}

#[test]
fn two_takers_take_a_page_each() {
    explore(2, || {
        let machine = Machine::new();
        let core = thread::spawn({
            let machine = machine.clone();
            move || run(&machine, &Tlb::default(), CoreId(1), 2, &[0, 1])
        });
        let other = thread::spawn({
            let machine = machine.clone();
            move || machine.take(1)
        });
        machine.take(0);
        core.join().unwrap();
        other.join().unwrap();
    });
}

/// An idle core acknowledges instead of entering, and still touches nothing stale when it enters again.
#[test]
fn a_core_acknowledges_between_entries() {
    explore(3, || {
        let machine = Machine::new();
        let core = thread::spawn({
            let machine = machine.clone();
            move || {
                let tlb = Tlb::default();
                assert!(machine.shootdown.before_entry(CoreId(0), || tlb.flush()));
                tlb.touch(&machine, 0);
                machine.shootdown.acknowledge(CoreId(0), || tlb.flush());
                assert!(machine.shootdown.before_entry(CoreId(0), || tlb.flush()));
                tlb.touch(&machine, 0);
                machine.shootdown.leave(CoreId(0), || tlb.flush());
            }
        });
        machine.take(0);
        core.join().unwrap();
    });
}
