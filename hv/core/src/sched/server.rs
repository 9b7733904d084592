//! The constant-bandwidth server of one reservation.

use super::{Reservation, Ticks};

/// A constant-bandwidth server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Server {
    pub(super) reservation: Reservation,
    /// Ticks left in this period; a debt if negative.
    pub(super) left: i64,
    /// End of this period.
    pub(super) deadline: Ticks,
}

impl Server {
    pub(super) fn new(reservation: Reservation, now: Ticks) -> Self {
        Self {
            reservation,
            left: signed(reservation.budget),
            deadline: now.saturating_add(reservation.period),
        }
    }

    /// Periods that ended by `now` each bring a budget, of which at most one is kept.
    pub(super) fn replenish(&mut self, now: Ticks) {
        if now < self.deadline {
            return;
        }
        let Reservation { budget, period } = self.reservation;
        let ended = (now - self.deadline) / period + 1;
        let brought = signed(budget).saturating_mul(i64::try_from(ended).unwrap_or(i64::MAX));
        self.left = self.left.saturating_add(brought).min(signed(budget));
        self.deadline = self.deadline.saturating_add(ended.saturating_mul(period));
    }

    /// On waking: if what is left would exceed the share of the time to the deadline, a new period starts now. A debt
    /// or a used-up budget waits for its deadline.
    pub(super) fn wake(&mut self, now: Ticks) {
        let late = now >= self.deadline;
        self.replenish(now);
        let Reservation { budget, period } = self.reservation;
        let remaining = u128::from(self.deadline - now);
        let left = self.left.max(0) as u128;
        let dense = left * u128::from(period) > remaining * u128::from(budget);
        if self.left > 0 && (late || dense) {
            // A debt that was not paid back in full stays owed.
            self.left = if late { self.left } else { signed(budget) };
            self.deadline = now.saturating_add(period);
        }
    }

    pub(super) fn is_eligible(&self) -> bool {
        self.left > 0
    }
}

pub(super) fn signed(ticks: Ticks) -> i64 {
    i64::try_from(ticks).unwrap_or(i64::MAX)
}

pub(super) fn ppm(reservation: &Reservation) -> u32 {
    let share = (u128::from(reservation.budget) * 1_000_000)
        .div_ceil(u128::from(reservation.period.max(1)));
    u32::try_from(share).unwrap_or(u32::MAX)
}
