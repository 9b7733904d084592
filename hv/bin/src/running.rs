//! One vCPU on the core that owns it: its state, its registers, and the loop of entries and exits of a slice.

use crate::backend::{Backend, Entry, OnCore, Stopped, VcpuState};
use crate::console;
use crate::machine::{Machine, Resources, Slot};
use alloc::sync::Arc;
use isthmus_abi::{CoreId, PartitionId, VcpuId, Vector};
use isthmus_hv_core::counters::Place;
use isthmus_hv_core::exit::{self, After, Quick};
use isthmus_hv_core::inject::Activity;
use isthmus_hv_core::mailbox::Leave;
use isthmus_hv_core::partition::EndReason;
use isthmus_hv_core::processor::{Host, Register, SegmentName};
use isthmus_hv_core::vcpu::Vcpu;
use isthmus_hv_hal::switched::{SwitchedState, XsaveSupport};
use isthmus_hv_hal::tables::CoreTables;
use isthmus_hv_hal::window::GuestRam;
use isthmus_hv_hal::{apic, cpu, tables};
use log::error;

/// The core that hypervisor code runs on.
#[derive(Clone, Copy, Debug)]
pub struct ThisCore {
    /// Everything shared.
    pub machine: &'static Machine,
    /// Which core.
    pub core: CoreId,
}

impl Host for ThisCore {
    fn host_tsc(&self) -> u64 {
        cpu::rdtsc()
    }
    fn core(&self) -> CoreId {
        self.core
    }
    fn kick(&mut self, core: CoreId) {
        self.machine.kick(core);
    }
    fn console(&mut self, partition: PartitionId, bytes: &[u8]) {
        console::partition_output(partition, bytes);
    }
}

/// A vCPU in the present life of its partition.
#[derive(Debug)]
pub struct Living {
    /// What the hypervisor keeps of it.
    pub vcpu: Vcpu,
    state: VcpuState,
    switched: SwitchedState,
    resources: Arc<Resources>,
    tag: u16,
}

/// How a slice ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SliceEnd {
    /// Time is up, or the core has other things to do.
    Over,
    /// The vCPU waits, at most until its next timer event (TSC of the host).
    Blocked(Option<u64>),
    /// Its partition ends.
    End(EndReason),
}

impl Living {
    /// A vCPU at the start of a life. `None` when the pool has no frame for its state.
    pub fn new(
        host: ThisCore,
        slot: &Slot,
        id: VcpuId,
        core_tables: &CoreTables,
        support: XsaveSupport,
    ) -> Option<Self> {
        let resources = slot.resources.lock().clone()?;
        let backend = &host.machine.backend;
        let tag = slot.first_tag + id.0;
        let mut vcpu = Vcpu::new(id, &slot.partition);
        vcpu.tsc_offset = slot.partition.clock.epoch().wrapping_neg();
        let state = VcpuState::new(backend, &vcpu, &resources.space, tag, core_tables)?;
        let mut living = Self {
            vcpu,
            state,
            switched: SwitchedState::new(support),
            resources,
            tag,
        };
        let Self {
            vcpu,
            state,
            switched,
            ..
        } = &mut living;
        let on_core = OnCore {
            host,
            switched,
            tag,
            loaded: false,
        };
        match (state, backend) {
            (VcpuState::Vmx(region), Backend::Vmx(machine)) => {
                power_up(vcpu, slot, &mut machine.at_hand(region, on_core));
            }
            (VcpuState::Svm(state), Backend::Svm(machine)) => {
                power_up(vcpu, slot, &mut machine.at_hand(state, on_core));
            }
            _ => return None,
        }
        Some(living)
    }

    /// Takes the vCPU's registers out of the core.
    pub fn unload(&mut self) {
        self.switched.save();
    }

    /// Puts the vCPU's registers into the core.
    pub fn load(&self) {
        self.switched.load(self.vcpu.xcr0);
    }

    /// Runs the vCPU, whose registers are loaded, until `until` (TSC of the host) or until something else comes up.
    pub fn run(&mut self, host: ThisCore, slot: &Slot, until: u64) -> SliceEnd {
        let Self {
            vcpu,
            state,
            switched,
            resources,
            tag,
        } = self;
        let on_core = OnCore {
            host,
            switched,
            tag: *tag,
            loaded: true,
        };
        let ram = &resources.ram;
        match (state, &host.machine.backend) {
            (VcpuState::Vmx(region), Backend::Vmx(machine)) => {
                let cpu = &mut machine.at_hand(region, on_core);
                slice(vcpu, slot, ram, cpu, until)
            }
            (VcpuState::Svm(state), Backend::Svm(machine)) => {
                let cpu = &mut machine.at_hand(state, on_core);
                slice(vcpu, slot, ram, cpu, until)
            }
            _ => SliceEnd::End(EndReason::Internal("a vCPU of the other kind of processor")),
        }
    }
}

/// The state after power-up: vCPU 0 where the boot protocol starts it, others waiting for a start-up IPI.
fn power_up(vcpu: &mut Vcpu, slot: &Slot, cpu: &mut impl Entry) {
    vcpu.initialise(&slot.partition, cpu);
    vcpu.init(&slot.partition, cpu);
    if vcpu.id.0 == 0
        && let Some(state) = *slot.start.lock()
    {
        vcpu.lapic.enter_virtual_wire_mode();
        vcpu.start(&state, &slot.partition, cpu);
    }
    slot.partition.publish(vcpu);
    cpu.flush_translations();
}

/// The loop of entries and exits.
fn slice(
    vcpu: &mut Vcpu,
    slot: &Slot,
    ram: &GuestRam,
    cpu: &mut impl Entry,
    until: u64,
) -> SliceEnd {
    let partition = &slot.partition;
    let Some(mailbox) = partition.mailbox(vcpu.id) else {
        return SliceEnd::Over;
    };
    mailbox.come_back();
    let mut before = cpu::rdtsc();
    loop {
        if let Err(_blocked) = exit::before_entry(vcpu, partition, cpu) {
            if mailbox.come_back() || mailbox.leave(Leave::ToBlock).is_err() {
                continue;
            }
            vcpu.counters
                .spend(Place::Hypervisor, cpu::rdtsc().wrapping_sub(before));
            let timer = vcpu.next_timer(cpu::rdtsc());
            let wakes = vcpu.activity == Activity::Halted && timer != u64::MAX;
            return SliceEnd::Blocked(wakes.then_some(timer));
        }
        let now = cpu::rdtsc();
        let board = if partition.home() == cpu.core() {
            partition.board_deadline()
        } else {
            u64::MAX
        };
        cpu.bound(now, until.min(vcpu.next_timer(now)).min(board));
        #[cfg(debug_assertions)]
        check_entry(cpu, slot, vcpu);
        vcpu.counters
            .spend(Place::Hypervisor, now.wrapping_sub(before));
        let quick = Quick::new(partition, &mut vcpu.counters);
        let entered = cpu.enter(&mut vcpu.gprs, quick);
        before = cpu::rdtsc();
        vcpu.counters.spend(Place::Guest, before.wrapping_sub(now));
        mailbox.come_back();
        if let Err(refused) = &entered {
            error!(
                "{} vcpu {}: VM entry refused: {} ({})",
                slot.plan.name, vcpu.id.0, refused.text, refused.code
            );
            check_entry(cpu, slot, vcpu);
            return SliceEnd::End(EndReason::EntryFailed(refused.code));
        }
        if entered == Ok(Stopped::Answered) {
            continue;
        }
        let after = exit::handle(vcpu, partition, cpu, ram);
        let end = match after {
            After::Continue => continue,
            After::Reschedule if vcpu.activity == Activity::Halted => continue,
            // The timer ran for the vCPU's own APIC timer: its slice goes on.
            After::Reschedule if before < until.min(board) => continue,
            After::Reschedule => SliceEnd::Over,
            After::HostInterrupt(vector) => {
                note(vector);
                SliceEnd::Over
            }
            After::HostNmi => {
                host_nmi();
                SliceEnd::Over
            }
            After::End(reason) => {
                report_end(cpu, slot, vcpu, reason);
                SliceEnd::End(reason)
            }
        };
        vcpu.counters
            .spend(Place::Hypervisor, cpu::rdtsc().wrapping_sub(before));
        return end;
    }
}

/// A physical interrupt, which the core's loop serves: the exit acknowledged it, or it comes as soon as interrupts are
/// enabled.
fn note(vector: Option<Vector>) {
    match vector {
        Some(vector) => tables::note_interrupt(vector),
        None => cpu::take_pending_interrupts(),
    }
}

/// An NMI that came while a guest ran: another core's "stop", or the machine's own trouble.
fn host_nmi() {
    if tables::PANICKING.load(core::sync::atomic::Ordering::Acquire) {
        cpu::halt_forever();
    }
    cpu::unblock_nmi();
    log::warn!("core {}: NMI", tables::this_core().0);
}

/// For ends that are nobody's wish: where the vCPU was.
fn report_end(cpu: &impl Entry, slot: &Slot, vcpu: &Vcpu, reason: EndReason) {
    let name = &slot.plan.name;
    match reason {
        EndReason::PowerOff | EndReason::Reset | EndReason::Verdict(_) => return,
        EndReason::EntryFailed(_) => check_entry(cpu, slot, vcpu),
        _ => {}
    }
    let [rip, rsp, rflags, cr3] = [
        Register::Rip,
        Register::Rsp,
        Register::Rflags,
        Register::Cr3,
    ]
    .map(|register| cpu.get(register));
    let cs = cpu.segment(SegmentName::Cs);
    error!(
        "{name} vcpu {}: {reason}: rip {:#x}:{rip:#x} (base {:#x}) rsp {rsp:#x} rflags {rflags:#x}",
        vcpu.id.0, cs.selector, cs.base
    );
    error!(
        "{name} vcpu {}: cr0 {:#x} cr3 {cr3:#x} cr4 {:#x} {}",
        vcpu.id.0,
        cpu.cr0(),
        cpu.cr4(),
        cpu.describe_exit()
    );
    error!("{name} vcpu {}: registers {:x?}", vcpu.id.0, vcpu.gprs.0);
}

/// Runs the model of the processor's entry checks and says which rule the state breaks, if any.
fn check_entry(cpu: &impl Entry, slot: &Slot, vcpu: &Vcpu) {
    if let Some(rule) = cpu.broken_rule() {
        error!(
            "{} vcpu {}: VM entry would break a rule: {rule}",
            slot.plan.name, vcpu.id.0
        );
    }
}

/// Where a vCPU was when it was last seen, for the report.
#[derive(Clone, Copy, Debug, Default)]
pub struct Whereabouts {
    rip: u64,
    rflags: u64,
    blocking: u32,
    activity: Activity,
    interrupt_status: u64,
}

impl core::fmt::Display for Whereabouts {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self {
            rip,
            rflags,
            blocking,
            activity,
            interrupt_status,
        } = self;
        write!(
            f,
            "{activity:?} at rip {rip:#x}, rflags {rflags:#x}, blocking {blocking:#x}, "
        )?;
        write!(
            f,
            "highest interrupts requested and in service {:#x} and {:#x}",
            interrupt_status & 0xff,
            interrupt_status >> 8
        )
    }
}

impl Living {
    /// Where the vCPU is.
    pub fn whereabouts(&mut self, host: ThisCore) -> Whereabouts {
        let on_core = OnCore {
            host,
            switched: &self.switched,
            tag: self.tag,
            loaded: false,
        };
        match (&mut self.state, &host.machine.backend) {
            (VcpuState::Vmx(region), Backend::Vmx(machine)) => {
                Whereabouts::of(&self.vcpu, &machine.at_hand(region, on_core))
            }
            (VcpuState::Svm(state), Backend::Svm(machine)) => {
                Whereabouts::of(&self.vcpu, &machine.at_hand(state, on_core))
            }
            _ => Whereabouts::default(),
        }
    }

    /// Drops every translation that this core may hold of the partition: it parked its vCPUs.
    pub fn flush_partition(&self, machine: &Machine) {
        self.resources.space.flush(&machine.backend);
    }
}

impl Whereabouts {
    fn of(vcpu: &Vcpu, cpu: &impl Entry) -> Self {
        Self {
            rip: cpu.get(Register::Rip),
            rflags: cpu.get(Register::Rflags),
            blocking: cpu.blocking(),
            activity: vcpu.activity,
            interrupt_status: u64::from(vcpu.lapic.interrupt_status()),
        }
    }
}

/// The wake-up of an idle core.
pub fn idle_until(deadline: Option<u64>) {
    apic::set_wakeup(deadline);
    cpu::wait_for_interrupt();
    apic::set_wakeup(None);
}
