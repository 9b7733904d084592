//! `cargo xtask test`: everything that can be tested here, step by step, with a count at the end.
//!
//! Lint, then the host's tests, then the models that loom checks, then the machine tests, two machines at a time.
//! Neighbours: [`crate::lint`], [`crate::scenario`].

use crate::{
    Options, lint,
    scenario::{self, Prepared},
    workspace,
};
use isthmus_beds::{
    bed::Bed,
    command,
    error::{Error, Result},
    scenarios,
};
use std::{
    fs,
    io::{BufRead, BufReader},
    num::NonZero,
    process::{Command, Stdio},
    sync::Mutex,
    thread,
    time::Instant,
};

/// Models that loom checks: package, and what of its tests. Each is built apart, because loom replaces the atomics.
const MODELS: &[(&str, &[&str])] = &[
    (
        "isthmus-ioring",
        &[
            "--test",
            "loom",
            "--test",
            "deque_loom",
            "--test",
            "front_loom",
        ],
    ),
    ("isthmus-caps", &["--test", "loom"]),
    ("isthmus-hv-core", &["--test", "mailbox_loom"]),
    ("isthmus-vmx", &["--test", "shootdown_loom"]),
    ("isthmus-kernel-core", &["--lib", "run_queue"]),
];

/// How much of a failed step's output is shown, in bytes.
const SHOWN: usize = 6000;

/// How many tests held and how many did not.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Tally {
    passed: usize,
    failed: usize,
}

impl Tally {
    fn add(&mut self, holds: bool) {
        if holds {
            self.passed += 1
        } else {
            self.failed += 1
        }
    }

    fn merge(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// The command.
///
/// # Errors
/// What keeps the tests from being run at all.
pub fn command(options: &Options) -> Result<u8> {
    let mut tally = Tally::default();
    step("lint");
    tally.add(lint::command()? == 0);
    step("host tests");
    tally.merge(host_tests()?);
    step("models checked by loom");
    for (package, tests) in MODELS {
        tally.merge(model(package, tests)?);
    }
    if options.quick {
        println!("machine tests left out (--quick)");
    } else {
        step("machine tests");
        tally.merge(machines()?);
    }
    println!("\n{} passed, {} failed", tally.passed, tally.failed);
    Ok(u8::from(tally.failed > 0))
}

fn step(name: &str) {
    println!("\n=== {name}");
}

fn host_tests() -> Result<Tally> {
    cargo_test("host-tests", &mut cargo(&["test", "--no-fail-fast"]))
}

fn model(package: &str, tests: &[&str]) -> Result<Tally> {
    println!("{package} {}", tests.join(" "));
    let mut cargo = cargo(&["test", "--release", "-p", package]);
    cargo.args(tests);
    cargo
        .env("RUSTFLAGS", "--cfg loom")
        .env("CARGO_TARGET_DIR", workspace::target().join("loom"));
    let tally = cargo_test(&format!("loom-{package}"), &mut cargo)?;
    if tally == Tally::default() {
        return Err(Error::Input(format!(
            "{package} has no model in {}; it was renamed or is not built for loom",
            tests.join(" ")
        )));
    }
    Ok(tally)
}

fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(arguments).current_dir(workspace::root());
    cargo
}

/// Runs a `cargo test`, keeps its output, shows what fails, and counts what it says. Its progress goes to the terminal.
fn cargo_test(name: &str, cargo: &mut Command) -> Result<Tally> {
    let start = Instant::now();
    let mut child = cargo
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| command::start_error(cargo, &e, "is cargo installed?"))?;
    let mut output = String::new();
    let mut tally = Tally::default();
    for line in child
        .stdout
        .take()
        .into_iter()
        .flat_map(|pipe| BufReader::new(pipe).lines())
    {
        let line = line.map_err(Error::io("read the output of", "cargo"))?;
        if let Some((passed, failed)) = result_line(&line) {
            tally.merge(Tally { passed, failed });
        }
        output.push_str(&line);
        output.push('\n');
    }
    let status = child.wait().map_err(Error::io("wait for", "cargo"))?;
    let log = workspace::folder("logs")?.join(format!("{name}.log"));
    fs::write(&log, &output).map_err(Error::io("write", &log))?;
    if !status.success() {
        // Something that did not compile, or a test that took the process with it, is a failure too.
        tally.failed = tally.failed.max(1);
        println!("{}", command::tail(&output, SHOWN));
    }
    println!(
        "{name}: {} passed, {} failed in {} s ({})",
        tally.passed,
        tally.failed,
        start.elapsed().as_secs(),
        log.display()
    );
    Ok(tally)
}

/// Reads `test result: ok. 26 passed; 0 failed; ...`.
fn result_line(line: &str) -> Option<(usize, usize)> {
    let (passed, rest) = line
        .strip_prefix("test result: ")?
        .split_once(". ")?
        .1
        .split_once(" passed; ")?;
    Some((
        passed.parse().ok()?,
        rest.split_once(" failed")?.0.parse().ok()?,
    ))
}

/// Prepares all scenarios one after the other, because they build with the same cargo, then boots as many at once as the
/// host has processors, two at most.
fn machines() -> Result<Tally> {
    let mut tally = Tally::default();
    let mut ready = Vec::new();
    for scenario in scenarios::ALL {
        println!("scenario {}: preparing", scenario.name);
        let prepared: Result<Vec<Prepared>> = scenario::beds(scenario).and_then(|beds| {
            let prepare = |bed: Bed| scenario::prepare(scenario, None, bed);
            beds.into_iter().map(prepare).collect()
        });
        match prepared {
            Ok(prepared) => ready.extend(prepared),
            Err(error) => {
                println!("scenario {}: FAILS: {error}", scenario.name);
                tally.failed += 1;
            }
        }
    }
    // The longest first, so that the other processor is not idle at the end.
    ready.sort_by_key(Prepared::limit);
    let queue = Mutex::new(ready);
    let results = Mutex::new(tally);
    let workers = thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(2);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| worker(&queue, &results));
        }
    });
    Ok(results
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner()))
}

fn worker(queue: &Mutex<Vec<Prepared>>, results: &Mutex<Tally>) {
    loop {
        let next = queue.lock().map(|mut queue| queue.pop());
        let Ok(Some(prepared)) = next else { return };
        let holds = prepared.run().unwrap_or_else(|error| {
            println!("scenario: FAILS: {error}");
            false
        });
        if let Ok(mut tally) = results.lock() {
            tally.add(holds);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_result_lines_are_counted() {
        let line = "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.30s";
        assert_eq!(result_line(line), Some((3, 2)));
        assert_eq!(result_line("test a ... ok"), None);
    }
}
