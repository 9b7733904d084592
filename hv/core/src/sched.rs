//! One core's scheduler: which vCPU runs next, and until when. Pure: it knows time only as the caller tells it.
//!
//! A vCPU with a reservation (budget, period) is served earliest deadline first by a constant-bandwidth server with a
//! hard cap: it never gets more than its budget in one of its periods, an overrun is paid back from the next ones, and one
//! that wakes late starts a new period rather than spend an old budget in a burst (Abeni and Buttazzo, "Integrating
//! Multimedia Applications in Hard Real-Time Systems", RTSS 1998). The others share what is left round-robin. All times
//! are ticks of the TSC. Neighbours: the core's run loop, which accounts exactly what each slice took.

mod server;

use alloc::vec::Vec;
use core::fmt;

use server::{Server, ppm, signed};

/// Ticks of the TSC, as a point in time since it was 0 or as a length.
pub type Ticks = u64;

/// A vCPU's place in a [`CoreScheduler`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Slot(pub u16);

/// At most `budget` ticks in each `period`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reservation {
    /// Ticks to run, 1 to `period`.
    pub budget: Ticks,
    /// Ticks of a period, 1 to 2⁴⁰.
    pub period: Ticks,
}

/// Longest period: about five minutes at 4 GHz. Keeps every product within 128 bits and every sum far from the end of
/// time.
pub const MAX_PERIOD: Ticks = 1 << 40;

/// Why a vCPU cannot be scheduled as asked. The manifest's fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SchedError {
    /// A budget of 0, one larger than its period, or a period of more than [`MAX_PERIOD`].
    BadReservation,
    /// The core's reservations would add up to more than all its time.
    Overcommitted,
    /// More than 65,536 vCPUs.
    Full,
}

impl fmt::Display for SchedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadReservation => "budget must be 1 to period, period at most 2^40 ticks",
            Self::Overcommitted => "the reservations on this core exceed its time",
            Self::Full => "no free slot on this core",
        })
    }
}

/// What the core does next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// Run this vCPU, and ask again at `until` or when it stops before.
    Run {
        /// Which.
        slot: Slot,
        /// Later than now.
        until: Ticks,
    },
    /// Nothing to run: wait for an interrupt, or until then.
    Idle {
        /// When something becomes runnable by itself; never, if `None`.
        until: Option<Ticks>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Runnable,
    Blocked { wake_at: Option<Ticks> },
    Parked,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    state: State,
    server: Option<Server>,
    /// Ticks left of a best-effort turn; a debt if negative.
    turn: i64,
    /// Order of best-effort turns: smaller goes first.
    queued: u64,
    used: Ticks,
}

/// The scheduler of one core.
#[derive(Clone, Debug)]
pub struct CoreScheduler {
    entries: Vec<Option<Entry>>,
    slice: Ticks,
    tickets: u64,
}

impl CoreScheduler {
    /// An empty scheduler. `slice` is the turn of a best-effort vCPU in ticks, at least 1.
    #[must_use]
    pub const fn new(slice: Ticks) -> Self {
        let slice = if slice == 0 { 1 } else { slice };
        Self {
            entries: Vec::new(),
            slice,
            tickets: 0,
        }
    }

    /// Adds a vCPU, parked: [`Self::unpark`] lets it run. Without a reservation it gets what others leave.
    ///
    /// # Errors
    /// [`SchedError`]; the scheduler is as before.
    pub fn add(
        &mut self,
        reservation: Option<Reservation>,
        now: Ticks,
    ) -> Result<Slot, SchedError> {
        if let Some(wanted) = reservation {
            self.admit(wanted)?;
        }
        let free = self.entries.iter().position(Option::is_none);
        let index = free.unwrap_or(self.entries.len());
        let slot = Slot(u16::try_from(index).map_err(|_| SchedError::Full)?);
        let server = reservation.map(|wanted| Server::new(wanted, now));
        let entry = Entry {
            state: State::Parked,
            server,
            turn: signed(self.slice),
            queued: 0,
            used: 0,
        };
        match self.entries.get_mut(index) {
            Some(place) => *place = Some(entry),
            None => self.entries.push(Some(entry)),
        }
        Ok(slot)
    }

    /// Takes a vCPU out; its slot may be given to another.
    pub fn remove(&mut self, slot: Slot) {
        if let Some(place) = self.entries.get_mut(usize::from(slot.0)) {
            *place = None;
        }
    }

    /// The share of the core that is reserved, in millionths, rounded up.
    #[must_use]
    pub fn reserved_ppm(&self) -> u32 {
        let shares = self
            .entries
            .iter()
            .flatten()
            .filter_map(|entry| entry.server.as_ref());
        shares.fold(0u32, |sum, server| {
            sum.saturating_add(ppm(&server.reservation))
        })
    }

    fn admit(&self, wanted: Reservation) -> Result<(), SchedError> {
        if wanted.budget == 0 || wanted.budget > wanted.period || wanted.period > MAX_PERIOD {
            return Err(SchedError::BadReservation);
        }
        // A few millionths of slack for the rounding of thirds and the like.
        if self.reserved_ppm().saturating_add(ppm(&wanted)) > 1_000_010 {
            return Err(SchedError::Overcommitted);
        }
        Ok(())
    }

    /// Lets a parked vCPU run.
    pub fn unpark(&mut self, slot: Slot, now: Ticks) {
        self.make_runnable(slot, now, |state| state == State::Parked);
    }

    /// Stops a vCPU until [`Self::unpark`]; [`Self::wake`] does not reach it.
    pub fn park(&mut self, slot: Slot) {
        if let Some(entry) = self.entry(slot) {
            entry.state = State::Parked;
        }
    }

    /// The vCPU waits (HLT, or after INIT): until [`Self::wake`], or by itself at `wake_at`.
    pub fn block(&mut self, slot: Slot, wake_at: Option<Ticks>) {
        if let Some(entry) = self.entry(slot)
            && entry.state != State::Parked
        {
            entry.state = State::Blocked { wake_at };
        }
    }

    /// Something arrived for a blocked vCPU. No effect on a runnable or parked one.
    pub fn wake(&mut self, slot: Slot, now: Ticks) {
        self.make_runnable(slot, now, |state| matches!(state, State::Blocked { .. }));
    }

    /// The vCPU gives up the rest of its best-effort turn (it spins for another).
    pub fn yield_turn(&mut self, slot: Slot) {
        let ticket = self.ticket();
        if let Some(entry) = self.entry(slot) {
            entry.queued = ticket;
        }
    }

    /// Whether the vCPU waits for something.
    #[must_use]
    pub fn is_blocked(&self, slot: Slot) -> bool {
        matches!(
            self.get(slot),
            Some(Entry {
                state: State::Blocked { .. },
                ..
            })
        )
    }

    /// Ticks the vCPU has used since it was added.
    #[must_use]
    pub fn used(&self, slot: Slot) -> Ticks {
        self.get(slot).map_or(0, |entry| entry.used)
    }

    /// Charges `used` ticks to the vCPU, also what it took beyond its slice.
    pub fn account(&mut self, slot: Slot, used: Ticks) {
        let ticket = self.ticket();
        let Some(entry) = self.entry(slot) else {
            return;
        };
        entry.used = entry.used.saturating_add(used);
        match &mut entry.server {
            Some(server) => server.left = server.left.saturating_sub(signed(used)),
            None => {
                entry.turn = entry.turn.saturating_sub(signed(used));
                if entry.turn <= 0 {
                    entry.queued = ticket;
                }
            }
        }
    }

    /// Decides what runs from `now` on. Call it after every slice and every wake-up.
    pub fn pick(&mut self, now: Ticks) -> Decision {
        self.advance(now);
        if let Some((slot, until)) = self.pick_reserved(now) {
            return Decision::Run { slot, until };
        }
        if let Some((slot, turn)) = self.pick_best_effort() {
            let until = now.saturating_add(turn);
            let until = self
                .next_event(None)
                .map_or(until, |event| until.min(event));
            return Decision::Run {
                slot,
                until: until.max(now.saturating_add(1)),
            };
        }
        Decision::Idle {
            until: self.next_event(None),
        }
    }

    /// Ends waits and periods that are over.
    fn advance(&mut self, now: Ticks) {
        for index in 0..self.entries.len() {
            let slot = Slot(index as u16);
            match self.get(slot).map(|entry| entry.state) {
                Some(State::Blocked { wake_at: Some(at) }) if at <= now => self.wake(slot, now),
                Some(State::Runnable) => {
                    if let Some(server) = self.entry(slot).and_then(|entry| entry.server.as_mut()) {
                        server.replenish(now);
                    }
                }
                _ => {}
            }
        }
    }

    fn pick_reserved(&self, now: Ticks) -> Option<(Slot, Ticks)> {
        let runnable = self
            .slots()
            .filter(|(_, entry)| entry.state == State::Runnable);
        let eligible = runnable.filter_map(|(slot, entry)| {
            entry
                .server
                .as_ref()
                .filter(|server| server.is_eligible())
                .map(|server| (slot, server))
        });
        let (slot, server) = eligible.min_by_key(|(slot, server)| (server.deadline, *slot))?;
        let end = now
            .saturating_add(server.left.unsigned_abs())
            .min(server.deadline);
        let until = self
            .next_event(Some(server.deadline))
            .map_or(end, |event| end.min(event));
        Some((slot, until.max(now.saturating_add(1))))
    }

    /// The best-effort vCPU whose turn it is, with what is left of the turn. When every turn is used up, all get new
    /// ones, as many as the least indebted needs.
    fn pick_best_effort(&mut self) -> Option<(Slot, Ticks)> {
        let slice = signed(self.slice);
        let waiting = |entry: &Entry| entry.state == State::Runnable && entry.server.is_none();
        let best = self
            .entries
            .iter()
            .flatten()
            .filter(|entry| waiting(entry))
            .map(|entry| entry.turn)
            .max()?;
        if best <= 0 {
            let rounds = best.saturating_neg() / slice + 1;
            for entry in self
                .entries
                .iter_mut()
                .flatten()
                .filter(|entry| waiting(entry))
            {
                entry.turn = entry
                    .turn
                    .saturating_add(rounds.saturating_mul(slice))
                    .min(slice);
            }
        }
        let ready = self
            .slots()
            .filter(|(_, entry)| waiting(entry) && entry.turn > 0);
        let (slot, entry) = ready.min_by_key(|(_, entry)| entry.queued)?;
        Some((slot, entry.turn.unsigned_abs()))
    }

    /// The next time at which, by itself, something changes that a runner must yield to: for a reserved one, only what
    /// would come before its `deadline`.
    fn next_event(&self, deadline: Option<Ticks>) -> Option<Ticks> {
        let events = self.slots().filter_map(|(_, entry)| {
            let at = match (entry.state, &entry.server) {
                (State::Blocked { wake_at }, _) => wake_at?,
                (State::Runnable, Some(server)) if !server.is_eligible() => server.deadline,
                _ => return None,
            };
            let preempts = match (deadline, &entry.server) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(deadline), Some(server)) => {
                    server.deadline < deadline
                        || at.saturating_add(server.reservation.period) < deadline
                }
            };
            preempts.then_some(at)
        });
        events.min()
    }

    fn make_runnable(&mut self, slot: Slot, now: Ticks, applies: impl Fn(State) -> bool) {
        let ticket = self.ticket();
        let Some(entry) = self.entry(slot) else {
            return;
        };
        if !applies(entry.state) {
            return;
        }
        entry.state = State::Runnable;
        entry.queued = ticket;
        if let Some(server) = &mut entry.server {
            server.wake(now);
        }
    }

    fn ticket(&mut self) -> u64 {
        self.tickets = self.tickets.wrapping_add(1);
        self.tickets
    }

    fn get(&self, slot: Slot) -> Option<&Entry> {
        self.entries.get(usize::from(slot.0))?.as_ref()
    }

    fn entry(&mut self, slot: Slot) -> Option<&mut Entry> {
        self.entries.get_mut(usize::from(slot.0))?.as_mut()
    }

    fn slots(&self) -> impl Iterator<Item = (Slot, &Entry)> {
        self.entries
            .iter()
            .enumerate()
            .filter_map(|(index, entry)| Some((Slot(index as u16), entry.as_ref()?)))
    }
}

#[cfg(test)]
mod tests;
