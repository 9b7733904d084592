//! What every core does for ever: serve interrupts, do its duties for partitions, run whichever vCPU the
//! scheduler picks, and sleep when there is none.

use crate::console;
use crate::life::{self, Work};
use crate::machine::{Machine, Slot};
use crate::running::{Living, SliceEnd, ThisCore, idle_until};
use alloc::vec::Vec;
use core::sync::atomic::Ordering;
use isthmus_abi::{CoreId, VcpuId};
use isthmus_hv_core::console::{ConsoleCommand, HELP};
use isthmus_hv_core::counters::CounterTable;
use isthmus_hv_core::exit::poll_board;
use isthmus_hv_core::lifecycle::State;
use isthmus_hv_core::partition::EndReason;
use isthmus_hv_core::sched::{CoreScheduler, Decision, Reservation, Slot as Place};
use isthmus_hv_hal::switched::XsaveSupport;
use isthmus_hv_hal::tables::CoreTables;
use isthmus_hv_hal::{apic, cpu, tables};
use log::{error, info};

/// Longest turn of a vCPU without a budget, in microseconds.
const SLICE_MICROS: u64 = 5_000;
/// Longest sleep and longest time between two looks at duties, in microseconds: console output that is stuck in an
/// unfinished line shows after this.
const DUTY_MICROS: u64 = 20_000;

/// Longest turn of the work between partitions' lives, in microseconds: a fifth of a vCPU's turn, so that the core's
/// vCPUs keep most of it and yet gigabytes are cleared in seconds.
const WORK_MICROS: u64 = 1_000;

/// Bytes that may be typed ahead of a guest that does not read.
const MOST_TYPED: usize = 4096;

/// One of this core's vCPUs.
struct Seat {
    slot: usize,
    vcpu: VcpuId,
    place: Place,
    living: Option<Living>,
    /// The life of the partition that this core has taken part in last.
    life: u32,
    /// The life whose end this core has seen.
    parked: u32,
    home: bool,
}

/// A core.
pub struct Core {
    host: ThisCore,
    tables: CoreTables,
    support: XsaveSupport,
    scheduler: CoreScheduler,
    seats: Vec<Seat>,
    work: Vec<(usize, Work)>,
    loaded: Option<usize>,
    duty_at: u64,
    /// The manifest's time limit is over; the machine ends at the next duty, when every core has reported.
    time_over: bool,
    /// The counters' tables are to be printed at the next duty.
    print_tables: bool,
    /// Reports asked for that this core has made.
    reports: u32,
}

impl Core {
    /// The core's view of the manifest.
    pub fn new(
        machine: &'static Machine,
        core: CoreId,
        tables: CoreTables,
        support: XsaveSupport,
    ) -> Self {
        let slice = machine.facts.tsc_hz / 1_000_000 * SLICE_MICROS;
        let mut scheduler = CoreScheduler::new(slice);
        let mut seats = Vec::new();
        let mut work = Vec::new();
        for (index, slot) in machine.slots.iter().enumerate() {
            if slot.partition.home() == core {
                work.push((index, Work::None));
            }
            for (vcpu, plan) in (0..).map(VcpuId).zip(&slot.plan.vcpus) {
                if plan.core != core {
                    continue;
                }
                let reservation = plan.budget.map(|budget| Reservation {
                    budget: machine.ticks(budget.budget),
                    period: machine.ticks(budget.period),
                });
                match scheduler.add(reservation, cpu::rdtsc()) {
                    Ok(place) => {
                        scheduler.park(place);
                        let home = vcpu.0 == 0;
                        seats.push(Seat {
                            slot: index,
                            vcpu,
                            place,
                            living: None,
                            life: 0,
                            parked: 0,
                            home,
                        });
                    }
                    Err(refusal) => error!("{} vcpu {}: {refusal}", slot.plan.name, vcpu.0),
                }
            }
        }
        let host = ThisCore { machine, core };
        Self {
            host,
            tables,
            support,
            scheduler,
            seats,
            work,
            loaded: None,
            duty_at: 0,
            time_over: false,
            print_tables: false,
            reports: 0,
        }
    }

    /// Runs for ever.
    pub fn run(mut self) -> ! {
        loop {
            // Work first: what came due meanwhile is then served before a vCPU's turn is cut to what is left.
            let working = self.work_on_lives();
            self.serve_interrupts();
            self.duties();
            let now = cpu::rdtsc();
            match self.scheduler.pick(now) {
                Decision::Run { slot, until } => {
                    self.run_slice(slot, now, until.min(self.deadline(now)))
                }
                Decision::Idle { .. } if working => {}
                Decision::Idle { until } => {
                    let until = until.unwrap_or(u64::MAX).min(self.deadline(now));
                    if !self.has_mail() {
                        idle_until(Some(until));
                    }
                }
            }
        }
    }

    fn machine(&self) -> &'static Machine {
        self.host.machine
    }

    /// The next thing besides vCPUs that this core must not sleep through. A board's events come at most every 50 µs
    /// (`isthmus_devices::time::MIN_PERIOD_NS`), so they cannot cut the other vCPUs' slices to nothing.
    fn deadline(&self, now: u64) -> u64 {
        let duty = now + self.machine().facts.tsc_hz / 1_000_000 * DUTY_MICROS;
        let homes = self.seats.iter().filter(|seat| seat.home);
        homes
            .filter_map(|seat| self.machine().slots.get(seat.slot))
            .fold(duty, |earliest, slot| {
                earliest
                    .min(slot.partition.board_deadline())
                    .min(slot.stop_at.load(Ordering::Acquire))
            })
    }

    fn has_mail(&self) -> bool {
        self.seats.iter().any(|seat| {
            let mailbox = self
                .machine()
                .slots
                .get(seat.slot)
                .and_then(|slot| slot.partition.mailbox(seat.vcpu));
            self.scheduler.is_blocked(seat.place)
                && mailbox.is_some_and(|mailbox| mailbox.has_mail())
        })
    }

    fn serve_interrupts(&mut self) {
        while let Some(vector) = tables::take_interrupt() {
            if vector != apic::SPURIOUS_VECTOR {
                apic::end_of_interrupt();
            }
            if vector == apic::CONSOLE_VECTOR {
                let machine = self.machine();
                console::input(|command| act(machine, command));
            }
        }
    }

    /// A turn of clearing or loading partitions between their lives; `true` if there was something to do.
    fn work_on_lives(&mut self) -> bool {
        let machine = self.machine();
        let until = cpu::rdtsc() + machine.facts.tsc_hz / 1_000_000 * WORK_MICROS;
        let mut working = false;
        for (index, work) in &mut self.work {
            if let Some(slot) = machine.slots.get(*index) {
                working |= life::work(machine, slot, work, until);
            }
        }
        working
    }

    /// Everything that is due.
    fn duties(&mut self) {
        let now = cpu::rdtsc();
        if now >= self.duty_at {
            self.duty_at = now + self.machine().facts.tsc_hz / 1_000_000 * DUTY_MICROS;
            if self.host.core.0 == 0 {
                console::pump();
                let machine = self.machine();
                machine
                    .slots
                    .iter()
                    .for_each(|slot| type_into(machine, slot));
                if core::mem::take(&mut self.print_tables) {
                    print_counters(self.machine());
                }
                if self.time_over {
                    console::finish(1);
                }
                if self.machine().time_limit.is_some_and(|limit| now >= limit) {
                    error!("the time limit of the manifest is over");
                    self.machine().ask_for_report();
                    self.time_over = true;
                }
            }
        }
        self.report_if_asked();
        self.poll_partitions(now);
        self.wake_by_mail(now);
        self.follow_lives();
    }

    /// Stores the counters of this core's vCPUs and says where they are.
    fn report_if_asked(&mut self) {
        let asked = self.machine().reports_asked.load(Ordering::Acquire);
        if core::mem::replace(&mut self.reports, asked) == asked {
            return;
        }
        // The tables come with the boot core's next duty, when every core has stored its counters.
        self.print_tables = self.host.core.0 == 0;
        for seat in &mut self.seats {
            let Some(slot) = self.host.machine.slots.get(seat.slot) else {
                continue;
            };
            if let Some(living) = seat.living.as_mut() {
                store_counters(slot, living);
                let used = self.scheduler.used(seat.place);
                info!(
                    "{} vcpu {}: {} ticks used, {}",
                    slot.plan.name,
                    seat.vcpu.0,
                    used,
                    living.whereabouts(self.host)
                );
            }
        }
    }

    /// Boards whose time has come and partitions whose time is up.
    fn poll_partitions(&mut self, now: u64) {
        let machine = self.machine();
        for seat in self.seats.iter().filter(|seat| seat.home) {
            let Some(slot) = machine.slots.get(seat.slot) else {
                continue;
            };
            if slot.partition.lifecycle.state() != State::Running {
                continue;
            }
            if now >= slot.partition.board_deadline()
                && let Some(reason) = poll_board(&slot.partition, &mut self.host)
            {
                machine.end_partition(slot, reason);
            }
            if now >= slot.stop_at.load(Ordering::Acquire) {
                slot.stop_at.store(u64::MAX, Ordering::Release);
                machine.end_partition(slot, EndReason::Stopped);
            }
        }
    }

    fn wake_by_mail(&mut self, now: u64) {
        for seat in &self.seats {
            let mailbox = self
                .host
                .machine
                .slots
                .get(seat.slot)
                .and_then(|slot| slot.partition.mailbox(seat.vcpu));
            if self.scheduler.is_blocked(seat.place)
                && mailbox.is_some_and(|mailbox| mailbox.has_mail())
            {
                self.scheduler.wake(seat.place, now);
            }
        }
    }

    /// Takes up the vCPUs of lives that began and parks those of lives that end.
    fn follow_lives(&mut self) {
        for index in 0..self.seats.len() {
            let Some(slot) = self
                .seats
                .get(index)
                .and_then(|seat| self.machine().slots.get(seat.slot))
            else {
                continue;
            };
            let lives = slot.partition.lifecycle.lives();
            match slot.partition.lifecycle.state() {
                State::Running => self.take_up(index, slot, lives),
                State::Stopping => self.park(index, slot, lives),
                _ => {}
            }
        }
    }

    fn take_up(&mut self, index: usize, slot: &Slot, life: u32) {
        let (host, tables, support) = (self.host, self.tables, self.support);
        let Some(seat) = self.seats.get_mut(index).filter(|seat| seat.life != life) else {
            return;
        };
        // Making a vCPU's state touches no other register of the vCPU that is loaded.
        seat.living = Living::new(host, slot, seat.vcpu, &tables, support);
        seat.life = life;
        if seat.living.is_none() {
            error!(
                "{} vcpu {}: no memory for its state",
                slot.plan.name, seat.vcpu.0
            );
            host.machine.end_partition(slot, EndReason::NotLoaded);
            return;
        }
        self.scheduler.unpark(seat.place, cpu::rdtsc());
        host.machine.note_first_guest();
    }

    fn park(&mut self, index: usize, slot: &Slot, life: u32) {
        let machine = self.machine();
        let Some(seat) = self.seats.get_mut(index).filter(|seat| seat.parked != life) else {
            return;
        };
        seat.parked = life;
        seat.life = life;
        self.scheduler.park(seat.place);
        if self.loaded == Some(index) {
            self.loaded = None;
        }
        if let Some(living) = seat.living.take() {
            store_counters(slot, &living);
            living.flush_partition(machine);
        }
        if slot.partition.lifecycle.park() {
            machine.kick(slot.partition.home());
        }
    }

    /// Runs a vCPU. All of the core's time since it was picked is its own: switching to it, its exits, and the
    /// hypervisor's work on its behalf.
    fn run_slice(&mut self, place: Place, picked: u64, until: u64) {
        let host = self.host;
        let Some(index) = self.seats.iter().position(|seat| seat.place == place) else {
            return;
        };
        if self.loaded != Some(index) {
            if let Some(living) = self
                .loaded
                .and_then(|old| self.seats.get_mut(old))
                .and_then(|old| old.living.as_mut())
            {
                living.unload();
            }
            if let Some(living) = self.seats.get(index).and_then(|seat| seat.living.as_ref()) {
                living.load();
            }
            self.loaded = Some(index);
        }
        let Some(seat) = self.seats.get_mut(index) else {
            return;
        };
        let (Some(slot), Some(living)) = (host.machine.slots.get(seat.slot), seat.living.as_mut())
        else {
            return;
        };
        let end = living.run(host, slot, until);
        self.scheduler
            .account(place, cpu::rdtsc().wrapping_sub(picked));
        match end {
            SliceEnd::Over => {}
            SliceEnd::Blocked(timer) => self.scheduler.block(place, timer),
            SliceEnd::End(reason) => host.machine.end_partition(slot, reason),
        }
    }
}

fn store_counters(slot: &Slot, living: &Living) {
    if let Some(counters) = slot.counters.lock().get_mut(usize::from(living.vcpu.id.0)) {
        *counters = living.vcpu.counters;
    }
}

/// Every partition's counters, as its cores last stored them.
fn print_counters(machine: &Machine) {
    for slot in &machine.slots {
        let counters = slot.counters.lock();
        let table = CounterTable {
            partition: slot.partition.id,
            name: &slot.plan.name,
            vcpus: &counters,
        };
        console::say(format_args!("{table}"));
    }
}

/// Gives a partition's UART what was typed, as far as it has room.
fn type_into(machine: &'static Machine, slot: &Slot) {
    let mut typed = slot.typed.lock();
    let (waiting, _) = typed.as_slices();
    if waiting.is_empty() {
        return;
    }
    let now = slot.partition.clock.ticks(cpu::rdtsc());
    let taken = slot.partition.board.lock().console_input(waiting, now);
    typed.drain(..taken);
    drop(typed);
    let mut host = ThisCore {
        machine,
        core: tables::this_core(),
    };
    if let Some(reason) = poll_board(&slot.partition, &mut host) {
        machine.end_partition(slot, reason);
    }
}

/// Carries out a key.
fn act(machine: &'static Machine, command: ConsoleCommand) {
    let slot = |partition: isthmus_abi::PartitionId| machine.slots.get(usize::from(partition.0));
    match command {
        ConsoleCommand::None | ConsoleCommand::Focused(_) => {}
        ConsoleCommand::Input { partition, byte } => {
            if let Some(slot) = slot(partition) {
                let mut typed = slot.typed.lock();
                if typed.len() < MOST_TYPED {
                    typed.push_back(byte);
                }
                drop(typed);
                type_into(machine, slot);
            }
        }
        ConsoleCommand::Counters => machine.ask_for_report(),
        ConsoleCommand::Restart(partition) => {
            if let Some(slot) = slot(partition) {
                machine.end_partition(slot, EndReason::RestartRequested);
            }
        }
        ConsoleCommand::Stop(partition) => {
            if let Some(slot) = slot(partition) {
                machine.end_partition(slot, EndReason::Stopped);
            }
        }
        ConsoleCommand::Quit => {
            info!("switched off from the console");
            console::finish(0);
        }
        ConsoleCommand::Help => info!("{HELP}"),
    }
}
