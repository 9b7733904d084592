//! What each vCPU has cost: exits by reason, ticks by place, events injected by kind. Counted by the core that runs
//! it, printed as a table with a column per vCPU. Neighbours: the run loop counts, the console prints.

use alloc::format;
use core::fmt;

use isthmus_abi::PartitionId;

use crate::inject::EventKind;
use crate::processor::ExitKind;
use crate::sched::Ticks;

/// How many counters of exits there are.
const KINDS: usize = ExitKind::COUNT;

/// Where a vCPU's time goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Its own instructions.
    Guest,
    /// The hypervisor, on its behalf.
    Hypervisor,
    /// Halted, waiting for an interrupt.
    Halted,
}

/// What is injected, as it is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Injected {
    /// An interrupt from the local APIC.
    Lapic,
    /// An interrupt from the PIC.
    ExtInt,
    /// An NMI.
    Nmi,
    /// An exception.
    Exception,
    /// An event whose delivery an exit had interrupted.
    Again,
}

impl Injected {
    /// How an event from the vCPU's own queue counts (see [`crate::inject::Injection::Event`]): an external interrupt
    /// or a software event there was interrupted before.
    #[must_use]
    pub const fn of(kind: EventKind) -> Self {
        match kind {
            EventKind::Nmi => Self::Nmi,
            EventKind::HardwareException => Self::Exception,
            EventKind::External
            | EventKind::SoftwareInterrupt
            | EventKind::PrivilegedSoftwareException
            | EventKind::SoftwareException => Self::Again,
        }
    }
}

const INJECTED_NAMES: [&str; 5] = [
    "LAPIC interrupts",
    "PIC interrupts",
    "NMIs",
    "exceptions",
    "events again",
];
const PLACE_NAMES: [&str; 3] = ["in guest", "in hypervisor", "halted"];

/// One vCPU's counters. They wrap after centuries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counters {
    exits: [u64; KINDS],
    ticks: [Ticks; 3],
    injected: [u64; 5],
}

impl Default for Counters {
    fn default() -> Self {
        Self::new()
    }
}

impl Counters {
    /// All zero.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            exits: [0; KINDS],
            ticks: [0; 3],
            injected: [0; 5],
        }
    }

    /// Counts an exit.
    #[inline]
    pub const fn exit(&mut self, kind: ExitKind) {
        let count = &mut self.exits[kind as usize];
        *count = count.wrapping_add(1);
    }

    /// Adds ticks spent there.
    #[inline]
    pub const fn spend(&mut self, place: Place, ticks: Ticks) {
        let sum = &mut self.ticks[place as usize];
        *sum = sum.wrapping_add(ticks);
    }

    /// Counts an injection.
    #[inline]
    pub const fn inject(&mut self, what: Injected) {
        let count = &mut self.injected[what as usize];
        *count = count.wrapping_add(1);
    }

    /// Exits of the kind.
    #[must_use]
    pub const fn exits(&self, kind: ExitKind) -> u64 {
        self.exits[kind as usize]
    }

    /// All exits.
    #[must_use]
    pub fn total_exits(&self) -> u64 {
        self.exits
            .iter()
            .fold(0, |sum, count| sum.wrapping_add(*count))
    }

    /// Ticks spent there.
    #[must_use]
    pub const fn ticks(&self, place: Place) -> Ticks {
        self.ticks[place as usize]
    }

    /// Injections of the kind.
    #[must_use]
    pub const fn injected(&self, what: Injected) -> u64 {
        self.injected[what as usize]
    }

    /// Adds another vCPU's counters.
    pub fn add(&mut self, other: &Self) {
        let own = self
            .exits
            .iter_mut()
            .chain(&mut self.ticks)
            .chain(&mut self.injected);
        let others = other
            .exits
            .iter()
            .chain(&other.ticks)
            .chain(&other.injected);
        for (sum, more) in own.zip(others) {
            *sum = sum.wrapping_add(*more);
        }
    }
}

/// A table of a partition's counters, a column per vCPU; rows that are all zero are left out.
#[derive(Clone, Copy, Debug)]
pub struct CounterTable<'a> {
    /// Whose.
    pub partition: PartitionId,
    /// Its name in the manifest.
    pub name: &'a str,
    /// The vCPUs in the order of their ids, from 0.
    pub vcpus: &'a [Counters],
}

const LABEL: usize = 24;
const COLUMN: usize = 16;

impl CounterTable<'_> {
    fn row(
        &self,
        f: &mut fmt::Formatter<'_>,
        label: &str,
        value: impl Fn(&Counters) -> u64,
    ) -> fmt::Result {
        if self.vcpus.iter().all(|counters| value(counters) == 0) {
            return Ok(());
        }
        write!(f, "{label:<LABEL$}")?;
        for counters in self.vcpus {
            write!(f, "{:>COLUMN$}", value(counters))?;
        }
        writeln!(f)
    }
}

impl fmt::Display for CounterTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = format!("{} {}", self.partition.0, self.name);
        write!(f, "{title:<LABEL$}")?;
        for index in 0..self.vcpus.len() {
            write!(f, "{:>COLUMN$}", format!("vcpu {index}"))?;
        }
        writeln!(f)?;
        self.row(f, "exits", Counters::total_exits)?;
        for (kind, name) in ExitKind::NAMES.iter().enumerate() {
            self.row(f, name, |counters| {
                counters.exits.get(kind).copied().unwrap_or(0)
            })?;
        }
        for (place, name) in PLACE_NAMES.iter().enumerate() {
            self.row(f, name, |counters| {
                counters.ticks.get(place).copied().unwrap_or(0)
            })?;
        }
        for (kind, name) in INJECTED_NAMES.iter().enumerate() {
            self.row(f, name, |counters| {
                counters.injected.get(kind).copied().unwrap_or(0)
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    #[test]
    fn the_table_is_aligned_and_leaves_out_what_never_happened() {
        let mut first = Counters::new();
        first.exit(ExitKind::Cpuid);
        first.exit(ExitKind::Cpuid);
        first.exit(ExitKind::Memory);
        first.spend(Place::Guest, 12_345);
        let mut second = Counters::new();
        second.inject(Injected::Lapic);
        let table = CounterTable {
            partition: PartitionId(1),
            name: "linux",
            vcpus: &[first, second],
        }
        .to_string();
        let lines: Vec<_> = table.lines().collect();
        assert!(
            lines.iter().all(|line| line.len() == LABEL + 2 * COLUMN),
            "{table}"
        );
        let labels: Vec<_> = lines
            .iter()
            .map(|line| String::from(line[..LABEL].trim_end()))
            .collect();
        assert_eq!(
            labels,
            [
                "1 linux",
                "exits",
                "CPUID",
                "nested page fault",
                "in guest",
                "LAPIC interrupts"
            ]
        );
        assert!(lines[2].ends_with("2               0"));
    }

    #[test]
    fn sums_cover_every_counter() {
        let mut one = Counters::new();
        for kind in [ExitKind::Exception, ExitKind::Cpuid, ExitKind::Other] {
            one.exit(kind);
        }
        for place in [Place::Guest, Place::Hypervisor, Place::Halted] {
            one.spend(place, 7);
        }
        for what in [
            Injected::Lapic,
            Injected::ExtInt,
            Injected::Nmi,
            Injected::Exception,
            Injected::Again,
        ] {
            one.inject(what);
        }
        let mut sum = one;
        sum.add(&one);
        assert_eq!(sum.total_exits(), 6);
        assert_eq!(sum.ticks(Place::Halted), 14);
        assert_eq!(sum.injected(Injected::Again), 2);
    }
}
