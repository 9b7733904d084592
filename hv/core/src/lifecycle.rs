//! Where a partition is in its life, across cores: who may end it, when its vCPUs have left, and who then clears
//! up. No core ever waits for another; each does its part when it comes by.
//!
//! ```text
//! Loading -> Running -> Stopping -> Clearing -> Loading ... (restart)
//!                                            -> Ended
//! ```
//! Any core moves Running to Stopping. Each core parks its own vCPUs; the home core sees the last one parked,
//! and it alone makes the other moves.

use crate::partition::EndReason;
use core::sync::atomic::{AtomicU32, Ordering};
use isthmus_manifest::model::{Action, Life};
use spin::Mutex;

/// A state of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum State {
    /// Memory is being taken and filled.
    Loading = 0,
    /// Its vCPUs run.
    Running = 1,
    /// It ends: every core parks its vCPUs.
    Stopping = 2,
    /// No vCPU runs; memory is cleared and given back.
    Clearing = 3,
    /// Nothing of it is left but its place.
    Ended = 4,
}

impl State {
    const fn from_bits(bits: u32) -> Self {
        match bits {
            0 => Self::Loading,
            1 => Self::Running,
            2 => Self::Stopping,
            3 => Self::Clearing,
            _ => Self::Ended,
        }
    }
}

/// A partition's life.
#[derive(Debug)]
pub struct Lifecycle {
    state: AtomicU32,
    /// vCPUs that are parked.
    parked: AtomicU32,
    vcpus: u32,
    /// Lives begun, 1 during the first.
    lives: AtomicU32,
    reason: Mutex<Option<EndReason>>,
}

impl Lifecycle {
    /// A life not begun: everything is parked.
    #[must_use]
    pub fn new(vcpus: u32) -> Self {
        Self {
            state: AtomicU32::new(State::Loading as u32),
            parked: AtomicU32::new(vcpus),
            vcpus,
            lives: AtomicU32::new(0),
            reason: Mutex::new(None),
        }
    }

    /// The state now.
    #[must_use]
    #[inline]
    pub fn state(&self) -> State {
        State::from_bits(self.state.load(Ordering::Acquire))
    }

    /// Lives begun.
    #[must_use]
    pub fn lives(&self) -> u32 {
        self.lives.load(Ordering::Acquire)
    }

    /// Ends the partition if it runs; `true` if this call did it. The caller makes its cores look.
    pub fn end(&self, reason: EndReason) -> bool {
        let mut slot = self.reason.lock();
        let ended = self
            .state
            .compare_exchange(
                State::Running as u32,
                State::Stopping as u32,
                Ordering::AcqRel,
                Ordering::Acquire,
            )
            .is_ok();
        if ended {
            *slot = Some(reason);
        }
        ended
    }

    /// Why it ends or ended.
    #[must_use]
    pub fn reason(&self) -> Option<EndReason> {
        *self.reason.lock()
    }

    /// A core parked one of its vCPUs; `true` if it was the last.
    pub fn park(&self) -> bool {
        self.parked.fetch_add(1, Ordering::AcqRel) + 1 == self.vcpus
    }

    /// Whether every vCPU is parked.
    #[must_use]
    pub fn all_parked(&self) -> bool {
        self.parked.load(Ordering::Acquire) == self.vcpus
    }

    /// The home core, with everything parked: from Stopping to Clearing.
    pub fn begin_clearing(&self) -> bool {
        self.all_parked()
            && self
                .state
                .compare_exchange(
                    State::Stopping as u32,
                    State::Clearing as u32,
                    Ordering::AcqRel,
                    Ordering::Acquire,
                )
                .is_ok()
    }

    /// The home core, with memory given back: what comes next.
    pub fn begin_loading(&self) {
        *self.reason.lock() = None;
        self.state.store(State::Loading as u32, Ordering::Release);
    }

    /// The home core, with memory filled: the next life begins. From here on every vCPU counts as running until its
    /// core parks it, whether or not the core has taken it up yet.
    pub fn begin_running(&self) {
        self.parked.store(0, Ordering::Release);
        self.lives.fetch_add(1, Ordering::AcqRel);
        self.state.store(State::Running as u32, Ordering::Release);
    }

    /// The home core: it stays ended.
    pub fn finish(&self, reason: EndReason) {
        *self.reason.lock() = Some(reason);
        self.state.store(State::Ended as u32, Ordering::Release);
    }

    /// What the manifest wants after this end, the restart limit included.
    #[must_use]
    pub fn next(&self, life: &Life, reason: EndReason) -> Action {
        let wanted = match reason {
            EndReason::PowerOff => life.on_power_off,
            EndReason::Reset => life.on_reset,
            EndReason::TripleFault => life.on_triple_fault,
            EndReason::Stopped => life.on_stop,
            EndReason::RestartRequested => return Action::Restart,
            EndReason::Verdict(_)
            | EndReason::Unsupported(_)
            | EndReason::NotLoaded
            | EndReason::EntryFailed(_)
            | EndReason::MachineCheck
            | EndReason::Internal(_) => Action::Stop,
        };
        let restarts = self.lives().saturating_sub(1);
        if wanted == Action::Restart && restarts >= life.restart_limit {
            Action::Stop
        } else {
            wanted
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_goes_round() {
        let life = Lifecycle::new(2);
        assert_eq!(life.state(), State::Loading);
        life.begin_running();
        assert!(life.end(EndReason::Reset));
        assert!(!life.end(EndReason::PowerOff), "the first reason stays");
        assert_eq!(life.reason(), Some(EndReason::Reset));
        assert!(!life.begin_clearing(), "vCPUs still run");
        assert!(!life.park());
        assert!(life.park());
        assert!(life.begin_clearing());
        assert_eq!(
            life.next(&Life::default(), EndReason::Reset),
            Action::Restart
        );
        life.begin_loading();
        assert_eq!(life.state(), State::Loading);
        assert_eq!(life.reason(), None);
    }

    #[test]
    fn only_a_running_partition_can_be_ended() {
        let life = Lifecycle::new(1);
        assert!(!life.end(EndReason::Stopped));
        life.begin_running();
        assert!(life.end(EndReason::Stopped));
    }

    #[test]
    fn restarts_are_limited() {
        let life = Lifecycle::new(1);
        let plan = Life {
            restart_limit: 1,
            ..Life::default()
        };
        life.begin_running();
        assert_eq!(life.next(&plan, EndReason::TripleFault), Action::Restart);
        life.begin_running();
        assert_eq!(life.next(&plan, EndReason::TripleFault), Action::Stop);
        assert_eq!(life.next(&plan, EndReason::PowerOff), Action::Stop);
    }
}
