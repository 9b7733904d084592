//! Says at each tick that it came and when, and at the end how late the latest was.

use alloc::format;
use core::time::Duration;

use isthmus_kernel_core::command_line::{BadValue, CommandLine};

use crate::{Access, Failure};

/// What the command line sets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// `heartbeat=100ms`: time from tick to tick; a second if not given.
    pub period: Duration,
    /// `ticks=N`: how many, at least one; for ever if not given.
    pub ticks: Option<u64>,
    /// `verdict=V`: what the test device is told at the end; the machine is switched off if not given.
    pub verdict: Option<u32>,
    /// `then=stay`: returns after the ticks, which ends the domain, and leaves the machine running.
    pub stay: bool,
    /// `panic-after=T`: panics at the first tick at or after that time since the start.
    pub panic_after: Option<Duration>,
}

impl Config {
    /// Reads the command line.
    ///
    /// # Errors
    /// [`BadValue`] for a value that does not parse or makes no sense.
    pub fn parse(line: CommandLine<'_>) -> Result<Self, BadValue<'_>> {
        let config = Self {
            period: line
                .duration("heartbeat")?
                .unwrap_or(Duration::from_secs(1)),
            ticks: line.number("ticks")?,
            verdict: crate::load::verdict(line)?,
            stay: line.value("then") == Some("stay"),
            panic_after: line.duration("panic-after")?,
        };
        let refuse = |key, expected| {
            let value = line.value(key).unwrap_or_default();
            Err(BadValue {
                key,
                value,
                expected,
            })
        };
        if config.period.is_zero() {
            return refuse("heartbeat", "a time longer than zero");
        }
        if !config.stay && line.value("then").is_some() {
            return refuse("then", "stay");
        }
        if config.ticks == Some(0) {
            return refuse("ticks", "at least 1");
        }
        Ok(config)
    }
}

/// Ticks. Each tick is due at a multiple of the period after the start, however late the one before was.
///
/// # Errors
/// [`Failure`].
///
/// # Panics
/// When `panic_after` asks for it.
pub async fn run(config: Config, access: Access) -> Result<(), Failure> {
    let start = access.clock.now()?;
    let mut due = start;
    let mut latest = Duration::ZERO;
    let mut tick = 0_u64;
    while config.ticks != Some(tick) {
        tick += 1;
        due = due.after(config.period);
        access.clock.sleep_until(due).await?;
        let now = access.clock.now()?;
        latest = latest.max(now.since(due));
        let since = now.since(start);
        let line = format!(
            "tick {tick} at {}.{:03} s",
            since.as_secs(),
            since.subsec_millis()
        );
        access.console.line(&line).await?;
        if config.panic_after.is_some_and(|after| after <= since) {
            access.console.flush().await?;
            panic!("heartbeat was told to panic after {:?}", config.panic_after);
        }
    }
    let line = format!("latest by {} us", latest.as_micros());
    access.console.line(&line).await?;
    access.console.line("done").await?;
    if config.stay {
        return Ok(());
    }
    access.finish(config.verdict).await
}
