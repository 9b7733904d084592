//! What a manifest says, as plain data. Times are whole microseconds, sizes bytes.

use alloc::{format, string::String, vec::Vec};
use core::{fmt, time::Duration};

use isthmus_abi::{CoreId, PartitionId};
use isthmus_boot::GuestKind;

use crate::rules::{self, RuleError};

/// Name of the loader module that holds the compiled manifest.
pub const MANIFEST_MODULE: &str = "manifest";

/// A checked manifest: every rule of [`crate::rules`] holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Manifest {
    machine: Machine,
    partitions: Vec<Partition>,
}

impl Manifest {
    /// Puts a manifest together.
    ///
    /// # Errors
    /// Every rule that is broken, in the order of the partitions.
    pub fn new(machine: Machine, partitions: Vec<Partition>) -> Result<Self, Vec<RuleError>> {
        let errors = rules::check(&machine, &partitions);
        if errors.is_empty() {
            Ok(Self {
                machine,
                partitions,
            })
        } else {
            Err(errors)
        }
    }

    /// What holds for the machine as a whole.
    #[must_use]
    pub const fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The partitions, at least one; a partition's place is its [`PartitionId`].
    #[must_use]
    pub fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    /// The partitions with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (PartitionId, &Partition)> {
        (0u16..).map(PartitionId).zip(&self.partitions)
    }

    /// Names of all loader modules that the machine needs beside the manifest's own, in order.
    pub fn module_names(&self) -> impl Iterator<Item = String> + '_ {
        self.partitions.iter().flat_map(|partition| {
            let modules = (0..partition.modules.len()).map(|index| partition.module_name(index));
            core::iter::once(partition.kernel_name()).chain(modules)
        })
    }
}

/// What holds for the machine as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Machine {
    /// The partition whose debug-exit value decides: the machine ends with it.
    pub verdict: Option<PartitionId>,
    /// The machine is ended after this long, as a failure.
    pub time_limit: Option<Micros>,
}

/// One partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Partition {
    /// One to fifteen of `a-z`, `0-9` and `-`, unlike any other partition's.
    pub name: String,
    /// How its kernel is started.
    pub kind: GuestKind,
    /// Bytes, a multiple of 4 KiB within the limits of [`isthmus_boot::layout`].
    pub memory: u64,
    /// The kernel's command line.
    pub cmdline: String,
    /// Further files; for Linux at most one, the initial RAM disk.
    pub modules: Vec<ModulePlan>,
    /// Its virtual processors, at least one; a place here is the vCPU's id and its APIC id.
    pub vcpus: Vec<VcpuPlan>,
    /// What it has beside processors and memory.
    pub devices: Devices,
    /// What happens when it ends.
    pub life: Life,
    /// When it starts.
    pub start: Start,
    /// Colour of its console's name on the serial line.
    pub colour: Colour,
}

impl Partition {
    /// Name of the loader module with its kernel.
    #[must_use]
    pub fn kernel_name(&self) -> String {
        format!("{}.kernel", self.name)
    }

    /// Name of the loader module with the file at `index` of [`Self::modules`].
    #[must_use]
    pub fn module_name(&self, index: usize) -> String {
        match self.kind {
            GuestKind::Linux => format!("{}.initrd", self.name),
            GuestKind::Pvh | GuestKind::Multiboot1 => format!("{}.module{index}", self.name),
        }
    }
}

/// A file beside the kernel.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ModulePlan {
    /// The string that goes with it; empty for Linux.
    pub cmdline: String,
}

/// Where a virtual processor runs and how much it gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VcpuPlan {
    /// The physical core it stays on.
    pub core: CoreId,
    /// Time it is sure of. Without one it runs in what the core's other vCPUs leave.
    pub budget: Option<Budget>,
}

/// At most `budget` in every `period`, and at least that where it wants to run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Budget {
    /// From [`rules::MIN_BUDGET`] to the period.
    pub budget: Micros,
    /// From [`rules::MIN_PERIOD`] to [`rules::MAX_PERIOD`].
    pub period: Micros,
}

/// A time span in microseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Micros(pub u64);

impl From<Micros> for Duration {
    fn from(time: Micros) -> Self {
        Self::from_micros(time.0)
    }
}

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("0us"),
            time if time.is_multiple_of(1_000_000) => write!(f, "{}s", time / 1_000_000),
            time if time.is_multiple_of(1000) => write!(f, "{}ms", time / 1000),
            time => write!(f, "{time}us"),
        }
    }
}

/// What a partition has beside processors and memory. Interrupt controllers, PM timer and PIT it always has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Devices {
    /// A 16550 at 0x3f8, joined to the console.
    pub uart: bool,
    /// A CMOS clock at 0x70.
    pub rtc: bool,
    /// A port, 0xf4, at which a guest ends itself with a value.
    pub debug_exit: bool,
}

impl Devices {
    /// What a partition has that does not say: UART and RTC.
    pub const DEFAULT: Self = Self {
        uart: true,
        rtc: true,
        debug_exit: false,
    };
}

/// What follows the end of a partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Action {
    /// It stays ended and its memory is free.
    Stop = 0,
    /// It starts again from its files, in cleared memory.
    Restart = 1,
}

/// How a partition ends and what follows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Life {
    /// The guest powers itself off.
    pub on_power_off: Action,
    /// The guest resets itself.
    pub on_reset: Action,
    /// A processor of the guest triple-faults.
    pub on_triple_fault: Action,
    /// The hypervisor stops it because of [`Life::stop_after`].
    pub on_stop: Action,
    /// How often it may start again before it stays ended, whatever the reasons.
    pub restart_limit: u32,
    /// How long it may run.
    pub stop_after: StopAfter,
}

impl Default for Life {
    /// As on a PC: a reset and a triple fault start it again, a power-off ends it. A stop ends it too. At
    /// most ten restarts, so that a guest that cannot start does not try for ever.
    fn default() -> Self {
        Self {
            on_power_off: Action::Stop,
            on_reset: Action::Restart,
            on_triple_fault: Action::Restart,
            on_stop: Action::Stop,
            restart_limit: 10,
            stop_after: StopAfter::Never,
        }
    }
}

/// When the hypervisor stops a partition, counted from each start.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum StopAfter {
    /// Never.
    #[default]
    Never,
    /// Every life is this long at most.
    Every(Micros),
    /// The first lives are this long at most, one entry each; later ones have no limit.
    Lives(Vec<Micros>),
}

impl StopAfter {
    /// The limit of a life, counted from 0.
    #[must_use]
    pub fn of_life(&self, life: u32) -> Option<Micros> {
        match self {
            Self::Never => None,
            Self::Every(time) => Some(*time),
            Self::Lives(times) => times.get(usize::try_from(life).ok()?).copied(),
        }
    }
}

/// When a partition starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(u8)]
pub enum Start {
    /// With the machine.
    #[default]
    Boot = 0,
}

/// A console colour: the eight ANSI ones without black, or none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(u8)]
pub enum Colour {
    /// The terminal's own.
    #[default]
    Plain = 0,
    /// ANSI 31.
    Red = 1,
    /// ANSI 32.
    Green = 2,
    /// ANSI 33.
    Yellow = 3,
    /// ANSI 34.
    Blue = 4,
    /// ANSI 35.
    Magenta = 5,
    /// ANSI 36.
    Cyan = 6,
    /// ANSI 37.
    White = 7,
}

impl Colour {
    /// All of them with their names.
    pub const ALL: [(&'static str, Self); 8] = [
        ("plain", Self::Plain),
        ("red", Self::Red),
        ("green", Self::Green),
        ("yellow", Self::Yellow),
        ("blue", Self::Blue),
        ("magenta", Self::Magenta),
        ("cyan", Self::Cyan),
        ("white", Self::White),
    ];

    /// The parameter of ANSI's "select graphic rendition"; 39 is the terminal's own colour.
    #[must_use]
    pub const fn ansi(self) -> u8 {
        match self {
            Self::Plain => 39,
            colour => 30 + colour as u8,
        }
    }

    /// The colour of a partition that does not say: each of the first six another.
    #[must_use]
    pub fn of_partition(id: PartitionId) -> Self {
        const ORDER: [Colour; 6] = [
            Colour::Cyan,
            Colour::Yellow,
            Colour::Green,
            Colour::Magenta,
            Colour::Blue,
            Colour::Red,
        ];
        ORDER
            .get(usize::from(id.0) % ORDER.len())
            .copied()
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{string::ToString, vec};

    #[test]
    fn lives_past_the_list_have_no_limit() {
        let lives = StopAfter::Lives(vec![Micros(100), Micros(300)]);
        assert_eq!(
            [0, 1, 2].map(|life| lives.of_life(life)),
            [Some(Micros(100)), Some(Micros(300)), None]
        );
        assert_eq!(
            StopAfter::Every(Micros(5)).of_life(u32::MAX),
            Some(Micros(5))
        );
    }

    #[test]
    fn times_print_in_their_largest_whole_unit() {
        assert_eq!(
            [2_000_000, 1500, 2000].map(|time| Micros(time).to_string()),
            ["2s", "1500us", "2ms"]
        );
    }

    #[test]
    fn a_partition_s_default_colour_is_never_plain() {
        for id in 0..20 {
            assert_ne!(Colour::of_partition(PartitionId(id)), Colour::Plain);
        }
        assert_eq!((Colour::Plain.ansi(), Colour::White.ansi()), (39, 37));
    }
}
