//! What must hold in every manifest, however it was read. Each broken rule says where, in terms of the TOML's
//! keys, what is wrong and what would be right.

use alloc::{string::String, vec::Vec};
use core::fmt;

use isthmus_abi::CoreId;
use isthmus_boot::{GuestKind, LayoutError, MemoryLayout};

use crate::model::{Budget, Life, Machine, Micros, Partition, StopAfter};

/// Partitions of a machine, at most.
pub const MAX_PARTITIONS: usize = 64;
/// Virtual processors of a partition, at most.
pub const MAX_VCPUS: usize = 64;
/// Physical cores that a manifest can name: 0 to one less.
pub const MAX_CORES: u16 = 256;
/// Modules of a partition, at most.
pub const MAX_MODULES: usize = 64;
/// Bytes of a name, at most.
pub const MAX_NAME: usize = 15;
/// Bytes of a command line, at most; a kernel's own limit may be lower.
pub const MAX_CMDLINE: usize = 4096;
/// Entries of a stop-after list, at most.
pub const MAX_LIVES: usize = 256;
/// The shortest budget.
pub const MIN_BUDGET: Micros = Micros(10);
/// The shortest period.
pub const MIN_PERIOD: Micros = Micros(100);
/// The longest period.
pub const MAX_PERIOD: Micros = Micros(1_000_000);
/// The longest time limit and stop-after: a day.
pub const MAX_LIMIT: Micros = Micros(86_400_000_000);
/// A core's whole time, the unit of [`share`].
pub const WHOLE_CORE: u64 = 1_000_000_000_000;

/// The part of a core that a budget takes, in units of 1 / [`WHOLE_CORE`], rounded down.
#[must_use]
pub const fn share(budget: Budget) -> u64 {
    match budget
        .budget
        .0
        .saturating_mul(WHOLE_CORE)
        .checked_div(budget.period.0)
    {
        Some(share) => share,
        None => u64::MAX,
    }
}

/// Where in a manifest something is, by the TOML's keys.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Place {
    /// The partition's index; none for the machine table.
    pub partition: Option<usize>,
    /// The key; empty for the table as a whole.
    pub key: &'static str,
    /// Which element of the key's list.
    pub element: Option<usize>,
}

/// A rule that is broken. The manifest's author is at fault, or, where it was decoded, whoever made the bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleError {
    /// Where.
    pub place: Place,
    /// What.
    pub fault: Fault,
}

/// What is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// There are no partitions.
    NoPartitions,
    /// There are more than [`MAX_PARTITIONS`].
    TooManyPartitions(usize),
    /// The deciding partition is not there; holds its number.
    NoSuchPartition(u16),
    /// The deciding partition has no way to decide.
    NoDebugExit(String),
    /// A time is zero or above [`MAX_LIMIT`].
    TimeLimit(Micros),
    /// A name has forbidden characters or a forbidden length.
    Name(String),
    /// Another partition has this name already; holds that one's index.
    SameName(String, usize),
    /// The memory's size is impossible.
    Memory(LayoutError),
    /// There are no virtual processors.
    NoVcpus,
    /// A list is too long: how many there are, how many there may be.
    TooMany(usize, usize),
    /// A core's number is too large.
    Core(CoreId),
    /// A period is out of range.
    Period(Micros),
    /// A budget is out of range for its period.
    Budget(Budget),
    /// With this vCPU the budgets on its core add up to more than the core has; holds the sum in 1 / [`WHOLE_CORE`].
    CoreFull(CoreId, u64),
    /// A command line is longer than [`MAX_CMDLINE`]; holds its bytes.
    LongCmdline(usize),
    /// A command line holds a control character; holds its place.
    ControlCharacter(usize),
    /// A Linux partition has a module with a command line, or more than its initial RAM disk.
    LinuxModules,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(partition) = self.place.partition {
            write!(f, "partition {partition}, {}", self.place.key)?;
            if let Some(element) = self.place.element {
                write!(f, "[{element}]")?;
            }
            f.write_str(": ")?;
        }
        self.fault.fmt(f)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPartitions => f.write_str("there is no partition"),
            Self::TooManyPartitions(count) => write!(
                f,
                "{count} partitions are too many, a machine has at most {MAX_PARTITIONS}"
            ),
            Self::NoSuchPartition(id) => write!(f, "there is no partition {id} that could decide"),
            Self::NoDebugExit(name) => write!(
                f,
                "partition `{name}` cannot decide without the device \"debug-exit\""
            ),
            Self::TimeLimit(time) => {
                write!(f, "{time} is out of range, 1us to {MAX_LIMIT} is right")
            }
            Self::Name(name) => write!(
                f,
                "`{name}` is no name: 1 to {MAX_NAME} characters of a-z, 0-9 and -"
            ),
            Self::SameName(name, other) => {
                write!(f, "the name `{name}` is taken by partition {other} already")
            }
            Self::Memory(error) => error.fmt(f),
            Self::NoVcpus => f.write_str("a partition needs at least one vCPU"),
            Self::TooMany(count, most) => {
                write!(f, "{count} are too many, at most {most} are possible")
            }
            Self::Core(core) => write!(
                f,
                "there is no core {}, a manifest can name 0 to {}",
                core.0,
                MAX_CORES - 1
            ),
            Self::Period(period) => write!(
                f,
                "a period of {period} is out of range, {MIN_PERIOD} to {MAX_PERIOD} is right"
            ),
            Self::Budget(Budget { budget, period }) => {
                write!(
                    f,
                    "a budget of {budget} is out of range, {MIN_BUDGET} to its period of {period} is right"
                )
            }
            Self::CoreFull(core, sum) => {
                let percent = sum.div_ceil(WHOLE_CORE / 1000);
                write!(
                    f,
                    "the budgets on core {} add up to {}.{} % of it",
                    core.0,
                    percent / 10,
                    percent % 10
                )
            }
            Self::LongCmdline(len) => write!(
                f,
                "a command line of {len} bytes is too long, {MAX_CMDLINE} are possible"
            ),
            Self::ControlCharacter(at) => {
                write!(f, "the command line holds a control character at byte {at}")
            }
            Self::LinuxModules => {
                f.write_str("a Linux partition has an `initrd` and no other modules")
            }
        }
    }
}

impl core::error::Error for RuleError {}

/// Gathers broken rules at places.
struct Findings {
    partition: Option<usize>,
    errors: Vec<RuleError>,
}

impl Findings {
    fn add(&mut self, key: &'static str, element: Option<usize>, fault: Fault) {
        self.errors.push(RuleError {
            place: Place {
                partition: self.partition,
                key,
                element,
            },
            fault,
        });
    }
}

/// Every broken rule: the machine's, then each partition's, then those between partitions.
#[must_use]
pub fn check(machine: &Machine, partitions: &[Partition]) -> Vec<RuleError> {
    let mut findings = Findings {
        partition: None,
        errors: Vec::new(),
    };
    check_machine(&mut findings, machine, partitions);
    for (index, partition) in partitions.iter().enumerate() {
        findings.partition = Some(index);
        check_partition(&mut findings, partition);
        let earlier = partitions
            .iter()
            .take(index)
            .position(|other| other.name == partition.name);
        if let Some(earlier) = earlier {
            findings.add(
                "name",
                None,
                Fault::SameName(partition.name.clone(), earlier),
            );
        }
    }
    check_cores(&mut findings, partitions);
    findings.errors
}

fn check_machine(findings: &mut Findings, machine: &Machine, partitions: &[Partition]) {
    if partitions.is_empty() {
        findings.add("", None, Fault::NoPartitions);
    }
    if partitions.len() > MAX_PARTITIONS {
        findings.add("", None, Fault::TooManyPartitions(partitions.len()));
    }
    if let Some(id) = machine.verdict {
        match partitions.get(usize::from(id.0)) {
            None => findings.add("verdict", None, Fault::NoSuchPartition(id.0)),
            Some(partition) if !partition.devices.debug_exit => {
                findings.add("verdict", None, Fault::NoDebugExit(partition.name.clone()));
            }
            Some(_) => {}
        }
    }
    if let Some(time) = machine.time_limit.filter(|time| !is_limit(*time)) {
        findings.add("time-limit", None, Fault::TimeLimit(time));
    }
}

fn is_limit(time: Micros) -> bool {
    (Micros(1)..=MAX_LIMIT).contains(&time)
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(allowed)
}

fn check_partition(findings: &mut Findings, partition: &Partition) {
    if !is_name(&partition.name) {
        findings.add("name", None, Fault::Name(partition.name.clone()));
    }
    if let Err(error) = MemoryLayout::new(partition.memory) {
        findings.add("memory", None, Fault::Memory(error));
    }
    check_cmdline(findings, "cmdline", None, &partition.cmdline);
    check_modules(findings, partition);
    match partition.vcpus.len() {
        0 => findings.add("vcpus", None, Fault::NoVcpus),
        count if count > MAX_VCPUS => findings.add("vcpus", None, Fault::TooMany(count, MAX_VCPUS)),
        _ => {}
    }
    for (index, vcpu) in partition.vcpus.iter().enumerate() {
        if vcpu.core.0 >= MAX_CORES {
            findings.add("vcpus", Some(index), Fault::Core(vcpu.core));
        }
        if let Some(budget) = vcpu.budget {
            check_budget(findings, index, budget);
        }
    }
    check_life(findings, &partition.life);
}

fn check_cmdline(findings: &mut Findings, key: &'static str, element: Option<usize>, line: &str) {
    if line.len() > MAX_CMDLINE {
        findings.add(key, element, Fault::LongCmdline(line.len()));
    }
    if let Some((at, _)) = line
        .char_indices()
        .find(|(_, character)| character.is_control())
    {
        findings.add(key, element, Fault::ControlCharacter(at));
    }
}

fn check_modules(findings: &mut Findings, partition: &Partition) {
    let count = partition.modules.len();
    if count > MAX_MODULES {
        findings.add("modules", None, Fault::TooMany(count, MAX_MODULES));
    }
    if partition.kind == GuestKind::Linux
        && (count > 1
            || partition
                .modules
                .iter()
                .any(|module| !module.cmdline.is_empty()))
    {
        findings.add("modules", None, Fault::LinuxModules);
    }
    for (index, module) in partition.modules.iter().enumerate() {
        check_cmdline(findings, "modules", Some(index), &module.cmdline);
    }
}

fn check_budget(findings: &mut Findings, index: usize, budget: Budget) {
    if !(MIN_PERIOD..=MAX_PERIOD).contains(&budget.period) {
        findings.add("vcpus", Some(index), Fault::Period(budget.period));
    } else if !(MIN_BUDGET..=budget.period).contains(&budget.budget) {
        findings.add("vcpus", Some(index), Fault::Budget(budget));
    }
}

fn check_life(findings: &mut Findings, life: &Life) {
    match &life.stop_after {
        StopAfter::Never => {}
        StopAfter::Every(time) if is_limit(*time) => {}
        StopAfter::Every(time) => findings.add("stop-after", None, Fault::TimeLimit(*time)),
        StopAfter::Lives(times) => {
            if times.len() > MAX_LIVES {
                findings.add("stop-after", None, Fault::TooMany(times.len(), MAX_LIVES));
            }
            for (index, time) in times
                .iter()
                .enumerate()
                .filter(|(_, time)| !is_limit(**time))
            {
                findings.add("stop-after", Some(index), Fault::TimeLimit(*time));
            }
        }
    }
}

/// The budgets on a core may fill it, not more. The vCPU that tips the scales is named, once a core.
fn check_cores(findings: &mut Findings, partitions: &[Partition]) {
    let mut sums: Vec<(CoreId, u64)> = Vec::new();
    for (partition_index, partition) in partitions.iter().enumerate() {
        findings.partition = Some(partition_index);
        for (index, vcpu) in partition.vcpus.iter().enumerate() {
            let Some(budget) = vcpu.budget else { continue };
            let at = sums
                .iter()
                .position(|(core, _)| *core == vcpu.core)
                .unwrap_or_else(|| {
                    sums.push((vcpu.core, 0));
                    sums.len() - 1
                });
            let Some((_, sum)) = sums.get_mut(at) else {
                continue;
            };
            let before = *sum;
            *sum = before.saturating_add(share(budget));
            if before <= WHOLE_CORE && *sum > WHOLE_CORE {
                findings.add("vcpus", Some(index), Fault::CoreFull(vcpu.core, *sum));
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! A manifest that keeps every rule, to break one at a time.
    use super::*;
    use crate::model::{Colour, Devices, ModulePlan, Start, VcpuPlan};
    use alloc::vec;
    use isthmus_abi::PartitionId;

    pub fn vcpu(core: u16, budget: Option<(u64, u64)>) -> VcpuPlan {
        let budget = budget.map(|(budget, period)| Budget {
            budget: Micros(budget),
            period: Micros(period),
        });
        VcpuPlan {
            core: CoreId(core),
            budget,
        }
    }

    pub fn partition(name: &str) -> Partition {
        Partition {
            name: name.into(),
            kind: GuestKind::Pvh,
            memory: 64 << 20,
            cmdline: "quiet".into(),
            modules: vec![ModulePlan {
                cmdline: "one".into(),
            }],
            vcpus: vec![vcpu(0, Some((2000, 10_000))), vcpu(1, None)],
            devices: Devices {
                debug_exit: true,
                ..Devices::DEFAULT
            },
            life: Life {
                stop_after: StopAfter::Lives(vec![Micros(5)]),
                ..Life::default()
            },
            start: Start::Boot,
            colour: Colour::Cyan,
        }
    }

    pub fn machine() -> Machine {
        Machine {
            verdict: Some(PartitionId(0)),
            time_limit: Some(Micros(1_000_000)),
        }
    }
}

#[cfg(test)]
mod tests;
