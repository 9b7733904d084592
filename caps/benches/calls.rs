//! What a call costs through a capability and through wrappers, against the same call through a plain `dyn` reference; and what
//! revocation costs for each capability derived. `cargo bench -p isthmus-caps`. All subjects take turns within one run, so that
//! what disturbs the machine disturbs all of them, and each turn is short, so that few are disturbed; printed are medians, the quartiles, and
//! the ratio to the baseline.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant as Wall};

use isthmus_caps::{
    Account, Amounts, Attenuator, Badge, Cap, Caretaker, Counts, Deadline, Handle, Holder, Ledger,
    Membrane, Meter, Object, Outcome, Progress, Rate, Recorder, Request, Rights, Space, StillClock,
    TableId, Tables,
};

const ROUNDS: usize = 801;
const CALLS: u32 = 2_000;

/// Adds one to a number of eight bytes.
struct Adder;

impl Object for Adder {
    fn call(&self, _: Holder, request: &Request<'_>) -> Outcome {
        let bytes = request.params.try_into().unwrap_or_default();
        Outcome::reply(&(u64::from_le_bytes(bytes) + 1).to_le_bytes())
    }
}

/// The same without the uniform call shape.
trait Add: Send + Sync {
    fn add(&self, number: u64) -> u64;
}

impl Add for Adder {
    fn add(&self, number: u64) -> u64 {
        number + 1
    }
}

/// What a caller does with an answer.
#[inline(always)]
fn number(outcome: &Outcome) -> u64 {
    let Outcome::Ready(Ok(reply)) = outcome else {
        return 0;
    };
    u64::from_le_bytes(reply.data.as_slice().try_into().unwrap_or_default())
}

struct Subject {
    name: &'static str,
    run: Box<dyn Fn()>,
    samples: Vec<f64>,
}

impl Subject {
    fn new(name: &'static str, run: impl Fn() + 'static) -> Self {
        let (run, samples) = (Box::new(run), Vec::new());
        Self { name, run, samples }
    }

    fn call(name: &'static str, cap: Cap) -> Self {
        Self::new(name, move || {
            let params = black_box(7_u64.to_le_bytes());
            let request = Request::new(1, 2, &params);
            for _ in 0..CALLS {
                black_box(number(&black_box(&cap).call(black_box(&request))));
            }
        })
    }

    fn quartiles(&mut self) -> [f64; 3] {
        self.samples.sort_by(f64::total_cmp);
        [1, 2, 3].map(|quarter| self.samples[self.samples.len() * quarter / 4])
    }
}

fn through_a_table(name: &'static str) -> Subject {
    let root = Account::root(Amounts::UNLIMITED);
    let tables = Tables::new(root.ledger().clone());
    let table = tables.create(&root, 10).unwrap();
    let handle = tables.store(table, &Cap::new(Adder)).unwrap();
    Subject::new(name, move || {
        let params = black_box(7_u64.to_le_bytes());
        let request = Request::new(1, 2, &params);
        for _ in 0..CALLS {
            black_box(number(&tables.call(
                table,
                black_box(handle),
                black_box(&request),
            )));
        }
    })
}

/// A capability in ten wrappers, of the kinds named in turn.
fn nested(mut cap: Cap, kinds: &str) -> Cap {
    for kind in kinds.chars().cycle().take(10) {
        cap = match kind {
            'a' => Attenuator::new(cap).only(1, 0..9).cap(),
            'c' => {
                let caretaker = Caretaker::new(cap);
                let cap = caretaker.cap();
                // Dropping it would revoke.
                std::mem::forget(caretaker);
                cap
            }
            'm' => {
                let membrane = Membrane::new();
                let cap = membrane.wrap(&cap).unwrap();
                std::mem::forget(membrane);
                cap
            }
            _ => Recorder::wrap(cap, Arc::new(Counts::default())),
        };
    }
    cap
}

fn subjects() -> Vec<Subject> {
    let clock = StillClock::new();
    let typed: Box<dyn Add> = Box::new(Adder);
    let plain: Box<dyn Object> = Box::new(Adder);
    let caretaker = Caretaker::new(Cap::new(Adder));
    let cared = caretaker.cap();
    let membrane = Membrane::new();
    let wrapped = membrane.wrap(&Cap::new(Adder)).unwrap();
    std::mem::forget((caretaker, membrane));
    let rate = Rate {
        calls: u32::MAX,
        per: Duration::from_nanos(1),
    };
    vec![
        Subject::new("dyn call, typed", move || {
            for _ in 0..CALLS {
                black_box(black_box(&typed).add(black_box(7)));
            }
        }),
        Subject::new("dyn call, same shape", move || {
            let params = black_box(7_u64.to_le_bytes());
            let request = Request::new(1, 2, &params);
            for _ in 0..CALLS {
                let object = black_box(&plain);
                black_box(number(&object.call(Holder::ANYONE, black_box(&request))));
            }
        }),
        Subject::call("capability", Cap::new(Adder)),
        through_a_table("handle in a table"),
        Subject::call(
            "attenuator",
            Attenuator::new(Cap::new(Adder)).only(1, 0..9).cap(),
        ),
        Subject::call("caretaker", cared),
        Subject::call("membrane", wrapped),
        Subject::call(
            "recorder, counting",
            Recorder::wrap(Cap::new(Adder), Arc::new(Counts::default())),
        ),
        Subject::call(
            "meter, rate",
            Meter::new(Cap::new(Adder))
                .rate(rate, Arc::new(clock.clone()))
                .cap(),
        ),
        Subject::call(
            "deadline",
            Deadline::wrap(Cap::new(Adder), Arc::new(clock), Duration::from_secs(1)),
        ),
        Subject::call("ten nested, a c m r", nested(Cap::new(Adder), "acmr")),
        Subject::call("ten nested, a c", nested(Cap::new(Adder), "ac")),
    ]
}

fn calls() {
    let mut subjects = subjects();
    for round in 0..=ROUNDS {
        for subject in &mut subjects {
            let start = Wall::now();
            (subject.run)();
            let took = start.elapsed().as_nanos() as f64 / f64::from(CALLS);
            // The first round warms up.
            if round > 0 {
                subject.samples.push(took);
            }
        }
    }
    let baseline = subjects[1].quartiles()[1];
    println!(
        "{:28} {:>8} {:>15} {:>7}",
        "call through", "ns", "quartiles", "ratio"
    );
    for subject in &mut subjects {
        let [low, median, high] = subject.quartiles();
        let (name, ratio) = (subject.name, median / baseline);
        println!("{name:28} {median:8.1} {low:7.1} {high:7.1} {ratio:7.2}");
    }
}

/// A space with a capability that `count` others are derived from: `fan` from each, as deep as that goes.
fn family(count: usize, fan: usize) -> (Space<Arc<Adder>>, Ledger, TableId, Handle) {
    let mut ledger = Ledger::new(Amounts::UNLIMITED);
    let mut space = Space::default();
    let table = space.create_table(ledger.root(), u32::MAX).unwrap();
    let object = Arc::new(Adder);
    let root = space.insert(&mut ledger, table, object, Rights::ALL, Badge::NONE);
    let mut family = vec![root.unwrap()];
    for number in 0..count {
        let parent = family[number / fan];
        let child = space.copy(&mut ledger, table, parent, table);
        family.push(child.unwrap());
    }
    let root = family[0];
    (space, ledger, table, root)
}

fn revocation() {
    println!("\n{:28} {:>8} {:>15}", "revoke", "ns each", "quartiles");
    let mut rows = Vec::new();
    for fan in [usize::MAX, 16] {
        for count in [1, 1_000, 1_000_000] {
            rows.push((fan, count, Vec::new()));
        }
    }
    for _ in 0..9 {
        for (fan, count, samples) in &mut rows {
            let repeats = (20_000 / *count).max(1);
            let mut total = Duration::ZERO;
            for _ in 0..repeats {
                let (mut space, mut ledger, table, root) = family(*count, *fan);
                let start = Wall::now();
                let mut revocation = space.revoke(table, root).unwrap();
                loop {
                    let progress = space.revoke_step(&mut ledger, &mut revocation, 256);
                    drop(space.take_dead());
                    if progress.unwrap() == Progress::Done {
                        break;
                    }
                }
                total += start.elapsed();
                assert!(space.is_empty());
            }
            samples.push(total.as_nanos() as f64 / (repeats * (*count + 1)) as f64);
        }
    }
    for (fan, count, mut samples) in rows {
        samples.sort_by(f64::total_cmp);
        let [low, median, high] = [1, 2, 3].map(|quarter| samples[samples.len() * quarter / 4]);
        let shape = if fan == usize::MAX {
            "in a row"
        } else {
            "16 a level"
        };
        let name = format!("{count} derived, {shape}");
        println!("{name:28} {median:8.1} {low:7.1} {high:7.1}");
    }
}

fn main() {
    calls();
    if std::env::args().all(|word| word != "calls") {
        revocation();
    }
}
