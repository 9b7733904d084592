//! A partition as all of its cores see it: its board, its vCPUs' mailboxes, what its processors may do, and where
//! it is in its life. Shared between cores; everything that changes is behind a lock or an atomic.

use crate::control::{ControlBits, ControlPolicy};
use crate::cpuid::{self, CpuidResult, GuestConfig};
use crate::lifecycle::Lifecycle;
use crate::mailbox::Mailbox;
use crate::vcpu::Vcpu;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use isthmus_abi::{CoreId, PartitionId, VcpuId};
use isthmus_boot::layout::{LayoutError, MemoryLayout};
use isthmus_devices::board::{Board, BoardConfig};
use isthmus_devices::interrupt::ApicAddress;
use isthmus_devices::time::Ticks;
use isthmus_manifest::model;
use spin::Mutex;

/// Why a partition's life ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// The guest turned itself off.
    PowerOff,
    /// The guest reset itself.
    Reset,
    /// A vCPU shut down: an exception that could not be delivered in any way.
    TripleFault,
    /// The hypervisor stopped it.
    Stopped,
    /// Somebody at the console asked for a restart.
    RestartRequested,
    /// The guest of a test said how it went: 0 is success.
    Verdict(u32),
    /// The guest did something this hypervisor does not carry out.
    Unsupported(&'static str),
    /// It could not be loaded.
    NotLoaded,
    /// VM entry failed with this exit reason: the hypervisor's fault.
    EntryFailed(u32),
    /// A machine check came while it ran.
    MachineCheck,
    /// The hypervisor contradicted itself; the partition pays for it, the machine goes on.
    Internal(&'static str),
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PowerOff => f.write_str("powered off"),
            Self::Reset => f.write_str("reset"),
            Self::TripleFault => f.write_str("triple fault"),
            Self::Stopped => f.write_str("stopped by the hypervisor"),
            Self::RestartRequested => f.write_str("restart from the console"),
            Self::Verdict(value) => write!(f, "verdict {value}"),
            Self::Unsupported(what) => write!(f, "not supported: {what}"),
            Self::NotLoaded => f.write_str("could not be loaded"),
            Self::EntryFailed(reason) => write!(f, "VM entry failed, exit reason {reason:#x}"),
            Self::MachineCheck => f.write_str("machine check"),
            Self::Internal(what) => write!(f, "internal error: {what}"),
        }
    }
}

/// A partition's time: ticks since it was last started, at the TSC's rate.
#[derive(Debug)]
pub struct PartitionClock {
    /// TSC frequency in Hz.
    pub tsc_hz: u64,
    epoch: AtomicU64,
}

impl PartitionClock {
    /// Ticks since the last start.
    #[must_use]
    #[inline]
    pub fn ticks(&self, host_tsc: u64) -> Ticks {
        Ticks(host_tsc.wrapping_sub(self.epoch.load(Ordering::Relaxed)))
    }

    /// The TSC value at which the partition's clock shows `ticks`.
    #[must_use]
    pub fn host_tsc(&self, ticks: Ticks) -> u64 {
        ticks.0.wrapping_add(self.epoch.load(Ordering::Relaxed))
    }

    /// The TSC value of the last start; what a guest's TSC starts from zero at.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Relaxed)
    }
}

/// What the processor does of the local APICs' work in xAPIC mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApicHelp {
    /// Nothing: every access exits and is emulated.
    #[default]
    None,
    /// It reads and writes the register page (APIC-register virtualization); the hypervisor injects.
    Registers,
    /// It also delivers interrupts from the page (virtual-interrupt delivery).
    Delivery,
}

/// What the machine is, as far as a partition's processors depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MachineFacts {
    /// TSC frequency in Hz, measured.
    pub tsc_hz: u64,
    /// Physical address bits.
    pub physical_address_bits: u8,
    /// State components that every core switches.
    pub xcr0: u64,
    /// What the processor asks of control registers.
    pub control: ControlBits,
    /// Guests may execute INVPCID.
    pub invpcid: bool,
    /// Guests may execute RDTSCP.
    pub rdtscp: bool,
    /// What the processor does of the local APICs' work.
    pub apic_help: ApicHelp,
    /// IA32_BIOS_SIGN_ID: the microcode revision in the upper half.
    pub microcode: u64,
    /// IA32_ARCH_CAPABILITIES as guests read it ([`crate::msr::arch_capabilities`]); `None` on processors that are not
    /// Intel's.
    pub arch_capabilities: Option<u64>,
    /// Seconds since 1970 at TSC zero.
    pub boot_time: u64,
}

/// Input frequency of the emulated local APIC timer.
pub const LAPIC_TIMER_HZ: u64 = 25_000_000;

/// One partition.
#[derive(Debug)]
pub struct Partition {
    /// Its place in the manifest.
    pub id: PartitionId,
    /// Its name.
    pub name: String,
    /// Where its memory lies, as the guest sees it.
    pub layout: MemoryLayout,
    /// What CPUID answers.
    pub cpuid: cpuid::Policy,
    /// What control registers take.
    pub control: ControlPolicy,
    /// IA32_BIOS_SIGN_ID.
    pub microcode: u64,
    /// IA32_ARCH_CAPABILITIES, if guests have it.
    pub arch_capabilities: Option<u64>,
    /// What the processor does of the local APICs' work.
    pub apic_help: ApicHelp,
    /// Its time.
    pub clock: PartitionClock,
    /// Its devices.
    pub board: Mutex<Board>,
    /// Where it is in its life.
    pub lifecycle: Lifecycle,
    /// TSC value at which the board is next to be polled; `u64::MAX` for never.
    board_deadline: AtomicU64,
    board_config: BoardConfig,
    boot_time: u64,
    vcpus: Vec<VcpuLink>,
}

#[derive(Debug)]
struct VcpuLink {
    core: CoreId,
    mailbox: Mailbox,
    address: AtomicU64,
}

impl Partition {
    /// A partition as the manifest plans it, not yet started.
    ///
    /// # Errors
    /// [`LayoutError`] for a memory size that the layout does not allow; the checked manifest has none.
    pub fn new(
        id: PartitionId,
        plan: &model::Partition,
        machine: &MachineFacts,
        host_cpuid: impl Fn(u32, u32) -> CpuidResult,
    ) -> Result<Self, LayoutError> {
        let config = GuestConfig {
            vcpus: plan.vcpus.len() as u16,
            tsc_hz: machine.tsc_hz,
            lapic_timer_hz: LAPIC_TIMER_HZ,
            maxphyaddr: machine.physical_address_bits.min(46),
            xcr0: machine.xcr0,
            invpcid: machine.invpcid,
            rdtscp: machine.rdtscp,
            arch_capabilities: machine.arch_capabilities.is_some(),
        };
        let cpuid = cpuid::Policy::new(host_cpuid, &config);
        let control = ControlPolicy::new(&cpuid, &machine.control);
        let board_config = BoardConfig {
            tsc_hz: machine.tsc_hz,
            rtc_epoch: machine.boot_time,
            uart: plan.devices.uart,
            rtc: plan.devices.rtc,
            debug_exit: plan.devices.debug_exit,
            firmware_state: true,
        };
        let link = |plan: &model::VcpuPlan| VcpuLink {
            core: plan.core,
            mailbox: Mailbox::new(),
            address: AtomicU64::new(0),
        };
        Ok(Self {
            id,
            name: plan.name.clone(),
            layout: MemoryLayout::new(plan.memory)?,
            cpuid,
            control,
            microcode: machine.microcode,
            arch_capabilities: machine.arch_capabilities,
            apic_help: machine.apic_help,
            clock: PartitionClock {
                tsc_hz: machine.tsc_hz,
                epoch: AtomicU64::new(0),
            },
            board: Mutex::new(Board::new(board_config)),
            lifecycle: Lifecycle::new(plan.vcpus.len() as u32),
            board_deadline: AtomicU64::new(u64::MAX),
            board_config,
            boot_time: machine.boot_time,
            vcpus: plan.vcpus.iter().map(link).collect(),
        })
    }

    /// Back to the state after power-up, before a start: new board, empty mailboxes, clock at zero. Only while
    /// no vCPU runs.
    pub fn power_up(&self, host_tsc: u64) {
        self.clock.epoch.store(host_tsc, Ordering::Relaxed);
        let mut config = self.board_config;
        config.rtc_epoch = self.boot_time + host_tsc / self.clock.tsc_hz.max(1);
        *self.board.lock() = Board::new(config);
        self.board_deadline.store(u64::MAX, Ordering::Release);
        for link in &self.vcpus {
            link.mailbox.come_back();
            let _ = link.mailbox.drain();
            link.address.store(0, Ordering::Release);
        }
    }

    /// TSC value at which the home core next polls the board; `u64::MAX` for never.
    #[must_use]
    #[inline]
    pub fn board_deadline(&self) -> u64 {
        self.board_deadline.load(Ordering::Acquire)
    }

    /// Notes when the board next needs polling, with the board locked; `true` if that is earlier than it was.
    pub(crate) fn set_board_deadline(&self, next: Option<Ticks>) -> bool {
        let deadline = next.map_or(u64::MAX, |ticks| self.clock.host_tsc(ticks));
        if self.board_deadline.load(Ordering::Relaxed) == deadline {
            return false;
        }
        self.board_deadline.swap(deadline, Ordering::AcqRel) > deadline
    }

    /// Family, model and stepping: what RDX holds after a reset.
    #[must_use]
    pub fn signature(&self) -> u32 {
        self.cpuid.query(1, 0, &cpuid::Dynamic::default()).eax
    }

    /// What Linux is to be told on its command line beside what the manifest says: it believes the TSC's frequency from
    /// CPUID on Intel's processors alone (Linux, `arch/x86/kernel/tsc.c`), and would measure it elsewhere.
    #[must_use]
    pub fn linux_parameters(&self) -> Option<String> {
        const INTEL: u32 = u32::from_le_bytes(*b"Genu");
        let vendor = self.cpuid.query(0, 0, &cpuid::Dynamic::default()).ebx;
        let khz = self.clock.tsc_hz / 1000;
        (vendor != INTEL).then(|| format!(" tsc_early_khz={khz} tsc=reliable"))
    }

    /// Number of vCPUs.
    #[must_use]
    pub fn vcpu_count(&self) -> usize {
        self.vcpus.len()
    }

    /// Its vCPUs.
    pub fn vcpu_ids(&self) -> impl Iterator<Item = VcpuId> + use<> {
        (0..self.vcpus.len() as u16).map(VcpuId)
    }

    fn link(&self, vcpu: VcpuId) -> Option<&VcpuLink> {
        self.vcpus.get(usize::from(vcpu.0))
    }

    /// A vCPU's mailbox.
    #[must_use]
    #[inline]
    pub fn mailbox(&self, vcpu: VcpuId) -> Option<&Mailbox> {
        self.link(vcpu).map(|link| &link.mailbox)
    }

    /// The core that a vCPU runs on.
    #[must_use]
    pub fn core_of(&self, vcpu: VcpuId) -> Option<CoreId> {
        self.link(vcpu).map(|link| link.core)
    }

    /// The core of vCPU 0, which also runs the board's timers and the partition's loading and clearing.
    #[must_use]
    pub fn home(&self) -> CoreId {
        self.core_of(VcpuId(0)).unwrap_or_default()
    }

    /// How other vCPUs address this one's APIC.
    #[must_use]
    pub fn address(&self, vcpu: VcpuId) -> ApicAddress {
        ApicAddress::unpack(
            self.link(vcpu)
                .map_or(0, |link| link.address.load(Ordering::Acquire)),
        )
    }

    /// Publishes a vCPU's APIC address, after anything that may have changed it.
    pub fn publish(&self, vcpu: &Vcpu) {
        if let Some(link) = self.link(vcpu.id) {
            let address = vcpu.lapic.address().pack();
            if link.address.load(Ordering::Relaxed) != address {
                link.address.store(address, Ordering::Release);
            }
        }
    }
}
