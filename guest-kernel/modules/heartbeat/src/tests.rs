//! The modules as the kernel runs them, on a machine that is made up.

use super::*;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use isthmus_kernel_core::account::Account;
use isthmus_kernel_core::caps::{Amounts, Rights};
use isthmus_kernel_core::clock::ClockObject;
use isthmus_kernel_core::command_line::CommandLine;
use isthmus_kernel_core::console::{LineSink, serve};
use isthmus_kernel_core::domain::{Domain, Domains};
use isthmus_kernel_core::power::{PowerObject, Switch};
use isthmus_kernel_core::pretend::Pretend;
use isthmus_kernel_core::worker::Worker;
use spin::Mutex;

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<String>>>);

impl LineSink for Paper {
    fn write_line(&self, line: &[u8]) {
        self.0
            .lock()
            .push(String::from_utf8_lossy(line).into_owned());
    }
}

#[derive(Clone, Default)]
struct Noted(Arc<Mutex<Option<Option<u32>>>>);

impl Switch for Noted {
    fn end(&self, verdict: Option<u32>) {
        *self.0.lock() = Some(verdict);
    }
}

struct Fixture {
    worker: Worker,
    domain: Domain,
    access: Access,
    paper: Paper,
    noted: Noted,
}

fn fixture(timers: u64) -> Fixture {
    let domains = Domains::new(Account::root(Amounts::UNLIMITED));
    let limits = Amounts {
        pages: 4,
        timers,
        tasks: 1,
        slots: 3,
        ..Amounts::NONE
    };
    let domain = domains.create("heartbeat", limits).unwrap();
    let (worker, _) = Pretend::with_worker();
    let (paper, noted) = (Paper::default(), Noted::default());
    let (service, task) = serve(paper.clone());
    worker.handle().spawn(task);
    let console = service.connect(&domain).unwrap();
    let clock = ClockObject::new(worker.handle(), domain.account().clone());
    let power = PowerObject::new(Box::new(noted.clone()));
    let access = Access {
        console: Console(domain.insert(console, Rights::ALL).unwrap()),
        clock: Clock(domain.insert(clock, Rights::ALL).unwrap()),
        power: Power(domain.insert(power, Rights::ALL).unwrap()),
    };
    Fixture {
        worker,
        domain,
        access,
        paper,
        noted,
    }
}

/// Runs a module to its end and says how it ended.
fn run(
    f: &mut Fixture,
    module: impl Future<Output = Result<(), Failure>> + Send + 'static,
) -> Result<(), Failure> {
    let result = Arc::new(Mutex::new(None));
    let note = result.clone();
    f.domain
        .spawn(&f.worker.handle(), async move {
            *note.lock() = Some(module.await)
        })
        .unwrap();
    while result.lock().is_none() || f.worker.is_ready() {
        f.worker.turn();
    }
    result.lock().take().unwrap()
}

#[test]
fn it_ticks_on_time_and_ends_with_the_verdict() {
    let mut f = fixture(1);
    let config = ticks::Config::parse(CommandLine("heartbeat=100ms ticks=3 verdict=7")).unwrap();
    let module = ticks::run(config, f.access.clone());
    assert_eq!(run(&mut f, module), Ok(()));
    assert_eq!(
        *f.paper.0.lock(),
        [
            "heartbeat: tick 1 at 0.100 s\n",
            "heartbeat: tick 2 at 0.200 s\n",
            "heartbeat: tick 3 at 0.300 s\n",
            "heartbeat: latest by 0 us\n",
            "heartbeat: done\n",
        ]
    );
    assert_eq!(*f.noted.0.lock(), Some(Some(7)));
}

#[test]
fn without_timers_in_its_account_it_stops_with_the_reason() {
    let mut f = fixture(0);
    let config = ticks::Config::parse(CommandLine("ticks=1")).unwrap();
    let module = ticks::run(config, f.access.clone());
    assert!(matches!(
        run(&mut f, module),
        Err(Failure::Clock(ClockError::Ledger(_)))
    ));
    assert_eq!(*f.noted.0.lock(), None);
}

#[test]
fn the_load_ends_after_its_time() {
    let mut f = fixture(0);
    // The made-up clock moves by a nanosecond each time the ticks are read: by 32 in a slice of 16 units.
    let config = load::Config {
        spin: Some(Duration::from_nanos(300)),
        verdict: None,
    };
    let module = load::run(config, f.access.clone());
    assert_eq!(run(&mut f, module), Ok(()));
    let printed = f.paper.0.lock();
    assert_eq!(
        printed[0],
        "heartbeat: total 160 units in 0 ms, 160000 units/s, 160 ticks, of which away 0\n"
    );
    assert_eq!(*f.noted.0.lock(), Some(None));
}

#[test]
fn a_command_line_that_makes_no_sense_is_refused() {
    for line in [
        "heartbeat=0s",
        "ticks=0",
        "verdict=x",
        "panic-after=soon",
        "then=go",
    ] {
        assert!(ticks::Config::parse(CommandLine(line)).is_err(), "{line}");
    }
}
