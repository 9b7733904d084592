//! What all cores share: the facts of the machine, its free memory, and the partitions.

use crate::backend::{Backend, Space};
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use isthmus_abi::{ApicId, CoreId, PartitionId, Port};
use isthmus_boot::acpi::AcpiTables;
use isthmus_boot::start::StartState;
use isthmus_hv_core::census::Census;
use isthmus_hv_core::counters::Counters;
use isthmus_hv_core::memory::{Extent, ExtentPool};
use isthmus_hv_core::partition::{EndReason, MachineFacts, Partition};
use isthmus_hv_hal::tables::PANICKING;
use isthmus_hv_hal::window::{GuestRam, Region};
use isthmus_hv_hal::{apic, cpu, tables};
use isthmus_manifest::model;
use spin::{Mutex, Once};

/// A region of RAM in the pool of free memory.
#[derive(Debug)]
pub struct Ram(pub Region);

impl Extent for Ram {
    fn start(&self) -> u64 {
        self.0.start().0
    }
    fn bytes(&self) -> u64 {
        self.0.bytes()
    }
    fn split_off(&mut self, at: u64) -> Option<Self> {
        self.0.split_off(at).map(Self)
    }
    fn join(&mut self, next: Self) -> Result<(), Self> {
        self.0.join(next.0).map_err(Self)
    }
}

/// What a partition holds while it lives.
#[derive(Debug)]
pub struct Resources {
    /// Its memory.
    pub ram: GuestRam,
    /// Where that appears to it.
    pub space: Space,
}

/// A partition with all that belongs to it.
#[derive(Debug)]
pub struct Slot {
    /// What the manifest says.
    pub plan: model::Partition,
    /// Its shared state.
    pub partition: Partition,
    /// Its kernel and modules, as the boot loader left them.
    pub images: Vec<&'static [u8]>,
    /// Its ACPI tables, the same for every life.
    pub acpi: AcpiTables,
    /// What it holds now; each core that runs one of its vCPUs holds a reference.
    pub resources: Mutex<Option<Arc<Resources>>>,
    /// Where vCPU 0 starts.
    pub start: Mutex<Option<StartState>>,
    /// Counters of its vCPUs, as each core last stored them.
    pub counters: Mutex<Vec<Counters>>,
    /// What was free after its last life.
    pub census: Mutex<Option<Census>>,
    /// What was typed and waits for its UART to have room.
    pub typed: Mutex<VecDeque<u8>>,
    /// What tags the translations of vCPU 0 (VPID or ASID); the others follow.
    pub first_tag: u16,
    /// TSC value at which the hypervisor stops it, `u64::MAX` for never.
    pub stop_at: AtomicU64,
}

/// The machine.
#[derive(Debug)]
pub struct Machine {
    /// What partitions depend on.
    pub facts: MachineFacts,
    /// What runs guests.
    pub backend: Backend,
    /// Cores that run, in the order of their ids.
    pub cores: Vec<ApicId>,
    /// Free memory.
    pub memory: Mutex<ExtentPool<Ram>>,
    /// Bytes of free memory before the first partition took any.
    pub memory_at_start: u64,
    /// The partitions.
    pub slots: Vec<Slot>,
    /// Whose end decides.
    pub verdict: Option<PartitionId>,
    /// TSC value at which the machine ends as a failure.
    pub time_limit: Option<u64>,
    /// TSC at the loader's hand-over.
    pub entry_tsc: u64,
    /// Ticks spent clearing memory, on all cores.
    pub cleared_for: AtomicU64,
    /// Whether a vCPU of any partition was ready to be entered.
    pub guests_began: AtomicBool,
    /// How often the cores were asked to report on their vCPUs.
    pub reports_asked: AtomicU32,
    /// Partitions that have not ended for good.
    pub alive: AtomicU32,
}

static MACHINE: Once<Machine> = Once::new();

/// PM1 control registers and the sleep types that turn the machine off.
type SoftOff = [(Option<Port>, u8); 2];

static SOFT_OFF: Once<SoftOff> = Once::new();

/// Notes how the machine is turned off.
pub fn set_soft_off(soft_off: SoftOff) {
    SOFT_OFF.call_once(|| soft_off);
}

/// Publishes the machine. Once, before the other cores look for it.
pub fn publish(machine: Machine) -> &'static Machine {
    MACHINE.call_once(|| machine)
}

/// The machine, once it is published.
pub fn get() -> Option<&'static Machine> {
    MACHINE.get()
}

impl Machine {
    /// Says once how long it took from the loader to the first vCPU that is ready to be entered.
    pub fn note_first_guest(&self) {
        let now = cpu::rdtsc();
        if !self.guests_began.swap(true, Ordering::Relaxed) {
            log::info!(
                "first guest after {} ticks, {} of them clearing memory",
                now.wrapping_sub(self.entry_tsc),
                self.cleared_for.load(Ordering::Relaxed)
            );
        }
    }

    /// Ticks of the TSC in `micros`.
    #[must_use]
    pub fn ticks(&self, micros: model::Micros) -> u64 {
        (u128::from(micros.0) * u128::from(self.facts.tsc_hz) / 1_000_000) as u64
    }

    /// Makes a core look at its duties; also the one that asks.
    pub fn kick(&self, core: CoreId) {
        if core == tables::this_core() {
            tables::note_interrupt(apic::KICK_VECTOR);
        } else if let Some(target) = self.cores.get(usize::from(core.0)) {
            apic::send(*target, apic::KICK_VECTOR);
        }
    }

    /// Makes every core store its vCPUs' counters and say where they are.
    pub fn ask_for_report(&self) {
        self.reports_asked.fetch_add(1, Ordering::AcqRel);
        for core in 0..self.cores.len() {
            self.kick(CoreId(core as u16));
        }
    }

    /// Ends a partition, if it runs, and makes its cores look.
    pub fn end_partition(&self, slot: &Slot, reason: EndReason) {
        if slot.partition.lifecycle.end(reason) {
            for vcpu in slot.partition.vcpu_ids() {
                if let Some(core) = slot.partition.core_of(vcpu) {
                    self.kick(core);
                }
            }
        }
    }
}

/// Stops every other core: the machine ends.
pub fn stop_other_cores() {
    PANICKING.store(true, Ordering::Release);
    apic::send_nmi_to_others();
}

/// Turns the machine off through ACPI (ACPI 6.5 §16.1.7); returns if it has no way to.
pub fn power_off() {
    const SLEEP_ENABLE: u16 = 1 << 13;
    let Some(registers) = SOFT_OFF.get() else {
        return;
    };
    for &(port, sleep_type) in registers {
        if let Some(port) = port {
            cpu::power_management_write(port, u16::from(sleep_type) << 10 | SLEEP_ENABLE);
        }
    }
}
