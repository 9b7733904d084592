//! Time by the ACPI PM timer, 3,579,545 Hz, at the port where both this platform and QEMU's `pc` have it.

use isthmus_abi::Port;

use super::port;

const PM_TIMER: Port = Port(0x608);
const HZ: u64 = 3_579_545;

/// A moment to come, at most two seconds away: the timer has 24 bits at least.
#[derive(Clone, Copy)]
pub struct Deadline {
    start: u32,
    ticks: u32,
}

impl Deadline {
    /// So many microseconds from now.
    pub fn after(microseconds: u32) -> Self {
        let ticks = (u64::from(microseconds) * HZ / 1_000_000) as u32;
        Self {
            start: port::read(PM_TIMER, 4),
            ticks,
        }
    }

    /// Whether it is over.
    pub fn is_past(&self) -> bool {
        (port::read(PM_TIMER, 4).wrapping_sub(self.start) & 0xff_ffff) >= self.ticks
    }
}

/// Waits for `done`, but no longer than so many microseconds, and says whether it came.
pub fn wait_for(microseconds: u32, mut done: impl FnMut() -> bool) -> bool {
    let deadline = Deadline::after(microseconds);
    loop {
        if done() {
            return true;
        }
        if deadline.is_past() {
            return done();
        }
        core::hint::spin_loop();
    }
}

/// Waits.
pub fn pause(microseconds: u32) {
    wait_for(microseconds, || false);
}
