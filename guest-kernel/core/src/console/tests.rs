//! The console from capability to sink.

use super::*;
use crate::account::Account;
use crate::domain::{Domain, Domains};
use crate::pretend::Pretend;
use crate::worker::Worker;
use alloc::task::Wake;
use core::pin::pin;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Waker};
use isthmus_caps::{Amounts, Resource};
use isthmus_ioring::lane::lane;
use isthmus_ioring::{Completion, Geometry};
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<String>>>);

impl LineSink for Paper {
    fn write_line(&self, line: &[u8]) {
        self.0
            .lock()
            .push(String::from_utf8_lossy(line).into_owned());
    }
}

struct Fixture {
    worker: Worker,
    paper: Paper,
    domain: Domain,
    root: Account,
    console: Console,
}

fn fixture() -> Fixture {
    let root = Account::root(Amounts::UNLIMITED);
    let domains = Domains::new(root.clone());
    let domain = domains
        .create(
            "module",
            Amounts {
                pages: 3,
                timers: 1,
                tasks: 2,
                slots: 4,
                ..Amounts::NONE
            },
        )
        .unwrap();
    let (worker, _) = Pretend::with_worker();
    let paper = Paper::default();
    let (service, task) = serve(paper.clone());
    worker.handle().spawn(task);
    let object = service.connect(&domain).unwrap();
    let console = Console(domain.insert(object, WRITE).unwrap());
    Fixture {
        worker,
        paper,
        domain,
        root,
        console,
    }
}

fn run(worker: &mut Worker) {
    while worker.tasks() != 1 || worker.is_ready() {
        worker.turn();
    }
}

#[test]
fn lines_come_out_whole_in_order_and_named() {
    let mut f = fixture();
    let console = f.console.clone();
    let body = async move {
        for number in 0..200 {
            console
                .line(&format!("{number} {}", "x".repeat(90)))
                .await
                .unwrap();
        }
        console.flush().await.unwrap();
    };
    f.domain.spawn(&f.worker.handle(), body).unwrap();
    run(&mut f.worker);
    let printed = f.paper.0.lock();
    assert_eq!(printed.len(), 200);
    for (number, line) in printed.iter().enumerate() {
        assert_eq!(*line, format!("module: {number} {}\n", "x".repeat(90)));
    }
}

/// Counts how often a task is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_task_that_takes_what_another_waits_for_wakes_it() {
    let f = fixture();
    let pages = f.domain.account().draw(Resource::Pages, 0).unwrap();
    let (client, mut server) = lane(Geometry::new(ENTRIES, 1).unwrap());
    let submitted = Arc::<Bell>::default();
    let object = ConsoleObject {
        client: Mutex::new(client),
        completed: Arc::default(),
        submitted: submitted.clone(),
        _pages: pages,
        _departure: Departure(submitted),
    };
    object.submit(b"x").unwrap();
    let woken = Arc::<Woken>::default();
    let waker = Waker::from(woken.clone());
    let mut waits = pin!(object.wait(|client| client.outstanding() == 0));
    assert!(
        waits
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    // The service has completed the call and has not rung yet, when another task looks.
    let incoming = server.take().unwrap().unwrap();
    server.complete(incoming, &Completion::default()).unwrap();
    let other = pin!(object.wait(|client| client.outstanding() == 0));
    assert!(
        other
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready()
    );
    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
}

#[test]
fn a_line_cannot_pass_for_another_domains_and_a_long_one_is_cut() {
    let mut f = fixture();
    let console = f.console.clone();
    let body = async move {
        console.line("a\nkernel: b\x1b[0m").await.unwrap();
        console.line("").await.unwrap();
        console.line(&"y".repeat(MAX_LINE + 1)).await.unwrap();
        console.flush().await.unwrap();
    };
    f.domain.spawn(&f.worker.handle(), body).unwrap();
    run(&mut f.worker);
    let printed = f.paper.0.lock();
    assert_eq!(printed[0], "module: a kernel: b [0m\n");
    assert_eq!(printed[1], "module: \n");
    assert_eq!(printed[2], format!("module: {}\n", "y".repeat(MAX_LINE)));
}

#[test]
fn a_revoked_console_answers_with_an_error_and_the_domain_ends_clean() {
    let mut f = fixture();
    let before = f.root.used().unwrap();
    assert_eq!((before.pages, before.slots), (3, 1));
    let (console, revoker, capability) = (f.console.clone(), f.domain.clone(), f.console.0.clone());
    let seen = Arc::new(Mutex::new(None));
    let note = seen.clone();
    let body = async move {
        console.line("before").await.unwrap();
        console.flush().await.unwrap();
        revoker.revoke(&capability).unwrap();
        *note.lock() = Some(console.line("after").await);
    };
    f.domain.spawn(&f.worker.handle(), body).unwrap();
    run(&mut f.worker);
    assert_eq!(
        *seen.lock(),
        Some(Err(ConsoleError::Capability(CapError::Stale)))
    );
    assert_eq!(
        f.paper.0.lock().as_slice(),
        &["module: before\n".to_string()]
    );
    f.domain.end().unwrap();
    assert_eq!(f.root.used(), Ok(Amounts::default()));
}
