//! Computes without pause and says each second how many units of work that second held. Two of them on one core show
//! how it is shared; the tick counter shows how much of the time passed without this one running.

use alloc::format;
use core::hint::black_box;
use core::time::Duration;

use isthmus_kernel_core::command_line::{BadValue, CommandLine};

use crate::{Access, Failure};

/// Rounds of a unit of work: some thousand instructions, about a microsecond.
const ROUNDS: u32 = 500;
/// Units done before the clock is looked at and other tasks may run.
const SLICE: u64 = 16;
/// A unit that took this many times as long as the fastest was interrupted: the core was away.
const AWAY: u64 = 8;

/// What the command line sets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// `spin=10s`: how long; for ever if not given.
    pub spin: Option<Duration>,
    /// `verdict=V`: what the test device is told at the end; the machine is switched off if not given.
    pub verdict: Option<u32>,
}

impl Config {
    /// Reads the command line; `None` if it does not say `load=compute`.
    ///
    /// # Errors
    /// [`BadValue`] for a value that does not parse.
    pub fn parse(line: CommandLine<'_>) -> Result<Option<Self>, BadValue<'_>> {
        match line.value("load") {
            None => Ok(None),
            Some("compute") => Ok(Some(Self {
                spin: line.duration("spin")?,
                verdict: verdict(line)?,
            })),
            Some(value) => Err(BadValue {
                key: "load",
                value,
                expected: "compute",
            }),
        }
    }
}

/// The verdict on the command line.
pub(crate) fn verdict(line: CommandLine<'_>) -> Result<Option<u32>, BadValue<'_>> {
    let key = "verdict";
    let number = line.number(key)?.map(u32::try_from).transpose();
    let expected = "a number of 32 bits";
    number.map_err(|_| BadValue {
        key,
        value: line.value(key).unwrap_or_default(),
        expected,
    })
}

/// What was done, in units and in ticks of the CPU's counter.
#[derive(Clone, Copy, Default)]
struct Done {
    units: u64,
    /// Ticks that passed.
    passed: u64,
    /// Ticks that passed while a unit was interrupted.
    away: u64,
    fastest: Option<u64>,
}

impl Done {
    /// Counts a unit that took `ticks`.
    fn count(&mut self, ticks: u64) {
        self.units += 1;
        self.passed += ticks;
        let fastest = self
            .fastest
            .map_or(ticks, |fastest| fastest.min(ticks))
            .max(1);
        self.fastest = Some(fastest);
        if ticks > fastest.saturating_mul(AWAY) {
            self.away += ticks - fastest;
        }
    }
}

/// A unit of work: a generator that the compiler can neither shorten nor leave out.
fn unit(mut state: u64) -> u64 {
    for _ in 0..ROUNDS {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    black_box(state)
}

/// Computes.
///
/// # Errors
/// [`Failure`].
pub async fn run(config: Config, access: Access) -> Result<(), Failure> {
    let start = access.clock.now()?;
    let end = config.spin.map(|spin| start.after(spin));
    let mut next_line = start.after(Duration::from_secs(1));
    let (mut done, mut said) = (Done::default(), 0);
    let mut state = 1;
    let mut now = start;
    while end.is_none_or(|end| now < end) {
        for _ in 0..SLICE {
            let before = access.clock.ticks()?;
            state = unit(state);
            done.count(access.clock.ticks()?.saturating_sub(before));
        }
        access.clock.give_way().await?;
        now = access.clock.now()?;
        if next_line <= now {
            access
                .console
                .line(&format!("{}", done.units - said))
                .await?;
            said = done.units;
            next_line = now.after(Duration::from_secs(1));
        }
    }
    let time = now.since(start);
    let rate = u128::from(done.units) * 1000 / time.as_millis().max(1);
    let line = format!(
        "total {} units in {} ms, {rate} units/s, {} ticks, of which away {}",
        done.units,
        time.as_millis(),
        done.passed,
        done.away,
    );
    access.console.line(&line).await?;
    access.console.line("done").await?;
    access.finish(config.verdict).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_much_longer_than_the_fastest_counts_as_away() {
        let mut done = Done::default();
        for ticks in [10, 11, 80, 1010] {
            done.count(ticks);
        }
        assert_eq!((done.units, done.passed, done.away), (4, 1111, 1000));
    }

    #[test]
    fn the_command_line_is_read() {
        let parse = |line| Config::parse(CommandLine(line));
        assert_eq!(parse("heartbeat=1s"), Ok(None));
        let spin = Some(Duration::from_secs(2));
        assert_eq!(
            parse("load=compute spin=2s verdict=3"),
            Ok(Some(Config {
                spin,
                verdict: Some(3)
            }))
        );
        assert!(parse("load=disk").is_err());
        assert!(parse("load=compute verdict=4294967296").is_err());
    }
}
