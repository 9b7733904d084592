//! Ticks and says so: proof that a partition lives and that its timer is on time.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

use alloc::sync::Arc;
use core::time::Duration;

use isthmus_kernel_core::service::{Console, Switch};
use isthmus_kernel_core::worker::Handle;

/// What the command line may set.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Time from tick to tick.
    pub period: Duration,
    /// Ticks until the end; `None` means for ever.
    pub ticks: Option<u64>,
    /// What to tell the test device at the end.
    pub verdict: Option<u32>,
}

/// The module.
pub async fn run(config: Config, console: Console, worker: Handle, switch: Arc<dyn Switch>) {
    let start = worker.now();
    let mut late = Duration::ZERO;
    for tick in 1_u64.. {
        let step = u32::try_from(tick).unwrap_or(u32::MAX);
        let due = start.after(config.period.saturating_mul(step));
        worker.sleep_until(due).await;
        let now = worker.now();
        late = late.max(now.since(due));
        let milliseconds = now.0 / 1_000_000;
        console.line(format_args!(
            "tick {tick} at {}.{:03} s",
            milliseconds / 1000,
            milliseconds % 1000
        ));
        if config.ticks == Some(tick) {
            break;
        }
    }
    console.line(format_args!("latest by {} us", late.as_micros()));
    console.line(format_args!("done"));
    switch.end(config.verdict)
}
