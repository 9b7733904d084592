//! Contenders take turns, a sample each a round, so that whatever else the machine does meets all of them alike.
//!
//! Neighbours: [`crate::stats`] makes rows of the series.

use crate::cores;
use crate::stats::Series;
use std::hint;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long to go on.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Undisturbed rounds that are enough.
    pub rounds: usize,
    /// When to stop with fewer.
    pub limit: Duration,
}

impl Effort {
    fn reached(self, start: Instant, undisturbed: usize) -> bool {
        undisturbed >= self.rounds || start.elapsed() >= self.limit
    }
}

/// Rounds that are thrown away before it counts.
const WARM_UP: usize = 3;

/// A contender on one core.
pub trait Solo {
    /// Gets ready for that much work. Not measured.
    fn prepare(&mut self, times: u32) {
        let _ = times;
    }

    /// Does its thing that often.
    fn work(&mut self, times: u32);
}

/// A contender that needs no preparation.
impl<F: FnMut(u32)> Solo for F {
    fn work(&mut self, times: u32) {
        self(times);
    }
}

/// Measures on one core: a series for each contender, in nanoseconds for each time.
/// A sample does it `times` times.
pub fn solo(
    core: usize,
    effort: Effort,
    times: u32,
    contenders: &mut [&mut dyn Solo],
) -> Vec<Series> {
    cores::pin(core);
    let mut series = vec![Series::new(); contenders.len()];
    let (mut round, mut undisturbed, start) = (0_usize, 0, Instant::now());
    while !effort.reached(start, undisturbed) {
        let mut clean = true;
        for turn in 0..contenders.len() {
            let which = (turn + round) % contenders.len();
            contenders[which].prepare(times);
            let before = cores::preemptions();
            let start = Instant::now();
            contenders[which].work(times);
            let sample = start.elapsed().as_secs_f64() * 1e9 / f64::from(times);
            let kept = cores::preemptions() == before;
            clean &= kept;
            if round >= WARM_UP {
                series[which].push(kept.then_some(sample));
            }
        }
        undisturbed += usize::from(clean && round >= WARM_UP);
        round += 1;
    }
    series
}

/// A contender on two cores: one side asks that often, the other answers that often.
pub struct Duo {
    /// How often a sample does it.
    pub times: u32,
    /// Asks, and has all answers when it returns.
    pub ask: Box<dyn FnMut(u32) + Send>,
    /// Answers.
    pub answer: Box<dyn FnMut(u32) + Send>,
}

/// What the two threads tell each other between samples.
#[derive(Default)]
struct Signals {
    /// Samples begun by the asking side.
    begun: AtomicU64,
    /// Samples ended by the answering side.
    ended: AtomicU64,
    /// Whether the answering side lost its core in the last sample.
    disturbed: AtomicBool,
    stop: AtomicBool,
}

/// Looks that often before it lets another thread on the core, if there is one.
const LOOKS: u32 = 10_000;

/// Waits until `word` is `value`: whether it came to that before all was stopped.
fn wait(word: &AtomicU64, value: u64, stop: &AtomicBool) -> bool {
    let mut looks = 0_u32;
    while word.load(Ordering::Acquire) != value {
        if stop.load(Ordering::Acquire) {
            return false;
        }
        looks = looks.wrapping_add(1);
        if looks.is_multiple_of(LOOKS) {
            thread::yield_now();
        } else {
            hint::spin_loop();
        }
    }
    true
}

/// Measures between two cores: a series for each contender, in nanoseconds for each time.
pub fn duo(pair: [usize; 2], effort: Effort, contenders: Vec<Duo>) -> Vec<Series> {
    let mut asking = Vec::new();
    let mut answering = Vec::new();
    for Duo { times, ask, answer } in contenders {
        asking.push((times, ask));
        answering.push((times, answer));
    }
    let signals = Signals::default();
    thread::scope(|scope| {
        scope.spawn(|| {
            cores::pin(pair[1]);
            answer_all(&mut answering, &signals);
        });
        cores::pin(pair[0]);
        let series = ask_all(&mut asking, &signals, effort);
        signals.stop.store(true, Ordering::Release);
        series
    })
}

/// One side of each contender.
type Side = Vec<(u32, Box<dyn FnMut(u32) + Send>)>;

/// Which contender's turn sample `number` is; each round begins with another.
fn turn(number: u64, contenders: usize) -> usize {
    let contenders = contenders as u64;
    ((number + number / contenders) % contenders) as usize
}

fn ask_all(sides: &mut Side, signals: &Signals, effort: Effort) -> Vec<Series> {
    let count = sides.len();
    let mut series = vec![Series::new(); count];
    let (mut number, mut undisturbed, start) = (0_u64, 0, Instant::now());
    let mut clean = true;
    loop {
        let (times, ask) = &mut sides[turn(number, count)];
        let before = cores::preemptions();
        signals.begun.store(number + 1, Ordering::Release);
        let begin = Instant::now();
        ask(*times);
        let sample = begin.elapsed().as_secs_f64() * 1e9 / f64::from(*times);
        wait(&signals.ended, number + 1, &signals.stop);
        let kept = cores::preemptions() == before && !signals.disturbed.load(Ordering::Relaxed);
        clean &= kept;
        let counts = number >= (WARM_UP * count) as u64;
        if counts {
            series[turn(number, count)].push(kept.then_some(sample));
        }
        number += 1;
        if number.is_multiple_of(count as u64) {
            undisturbed += usize::from(clean && counts);
            clean = true;
            if effort.reached(start, undisturbed) {
                return series;
            }
        }
    }
}

fn answer_all(sides: &mut Side, signals: &Signals) {
    let count = sides.len();
    let mut number = 0;
    while wait(&signals.begun, number + 1, &signals.stop) {
        let before = cores::preemptions();
        let (times, answer) = &mut sides[turn(number, count)];
        answer(*times);
        let disturbed = cores::preemptions() != before;
        signals.disturbed.store(disturbed, Ordering::Relaxed);
        number += 1;
        signals.ended.store(number, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_contender_has_one_turn_a_round_and_each_round_begins_with_another() {
        for contenders in 1..6 {
            for round in 0..contenders as u64 {
                let number = round * contenders as u64;
                let mut turns: Vec<usize> = (0..contenders as u64)
                    .map(|offset| turn(number + offset, contenders))
                    .collect();
                assert_eq!(turns[0], round as usize);
                turns.sort_unstable();
                assert_eq!(turns, (0..contenders).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn both_sides_do_each_sample() {
        let (to, from) = std::sync::mpsc::channel();
        let (back, answers) = std::sync::mpsc::channel();
        let asked = std::sync::Arc::new(AtomicU64::new(0));
        let counted = asked.clone();
        let contender = Duo {
            times: 5,
            ask: Box::new(move |times| {
                for number in 0..times {
                    to.send(number).unwrap();
                    assert_eq!(answers.recv(), Ok(number + 1));
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            }),
            answer: Box::new(move |times| {
                for _ in 0..times {
                    back.send(from.recv().unwrap() + 1).unwrap();
                }
            }),
        };
        let core = cores::allowed()[0];
        // One round, which is for warming up and counts for nothing.
        let effort = Effort {
            rounds: 0,
            limit: Duration::ZERO,
        };
        assert_eq!(duo([core, core], effort, vec![contender]), [Series::new()]);
        assert_eq!(asked.load(Ordering::Relaxed), 5);
    }
}
