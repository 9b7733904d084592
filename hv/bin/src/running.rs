//! One vCPU on the core that owns it: its VMCS, its registers, and the loop of entries and exits of a slice.

use crate::console;
use crate::machine::{Machine, Resources, Slot};
use alloc::sync::Arc;
use isthmus_abi::{CoreId, Gprs, Msr, PartitionId, VcpuId, Vector};
use isthmus_hv_core::counters::{Counters, Place};
use isthmus_hv_core::exit::{self, After};
use isthmus_hv_core::inject::Activity;
use isthmus_hv_core::mailbox::Leave;
use isthmus_hv_core::partition::{ApicHelp, EndReason, Partition};
use isthmus_hv_core::processor::{Host, Processor};
use isthmus_hv_core::vcpu::Vcpu;
use isthmus_hv_hal::switched::{SwitchedState, XsaveSupport};
use isthmus_hv_hal::tables::CoreTables;
use isthmus_hv_hal::vmx::{Addresses, CurrentFields, CurrentVmcs, QuickExits, VmcsRegion, invvpid};
use isthmus_hv_hal::{apic, cpu, pool, tables};
use isthmus_vmx::checks;
use isthmus_vmx::ept::EptPointer;
use isthmus_vmx::field::{Field, Vmcs};
use isthmus_vmx::instruction_error;
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
    region: VmcsRegion,
    switched: SwitchedState,
    resources: Arc<Resources>,
    vpid: u16,
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

/// The processor with a vCPU's VMCS current.
struct OnCore<'a> {
    host: ThisCore,
    vmcs: CurrentVmcs<'a>,
    switched: &'a SwitchedState,
    vpid: u16,
    /// Whether the vCPU's registers beyond the VMCS are in the core; while it is being made they are not.
    loaded: bool,
}

impl Vmcs for OnCore<'_> {
    #[inline]
    fn read(&self, field: Field) -> u64 {
        self.vmcs.read(field)
    }
    #[inline]
    fn write(&mut self, field: Field, value: u64) {
        self.vmcs.write(field, value);
    }
}

impl Host for OnCore<'_> {
    #[inline]
    fn host_tsc(&self) -> u64 {
        cpu::rdtsc()
    }
    fn core(&self) -> CoreId {
        self.host.core
    }
    fn kick(&mut self, core: CoreId) {
        self.host.kick(core);
    }
    fn console(&mut self, partition: PartitionId, bytes: &[u8]) {
        self.host.console(partition, bytes);
    }
}

impl Processor for OnCore<'_> {
    fn set_interrupt_window(&mut self, on: bool) {
        self.vmcs.set_interrupt_window(on);
    }
    fn set_nmi_window(&mut self, on: bool) {
        self.vmcs.set_nmi_window(on);
    }
    fn set_ia32e_mode(&mut self, on: bool) {
        self.vmcs.set_ia32e_mode(on);
    }
    fn set_xcr0(&mut self, value: u64) {
        self.switched.set_xcr0(value);
    }
    fn set_cr2(&mut self, value: u64) {
        cpu::write_cr2(value);
    }
    fn dr6(&self) -> u64 {
        cpu::DebugRegisters::save().dr6
    }
    fn set_dr6(&mut self, value: u64) {
        let registers = cpu::DebugRegisters {
            dr6: value,
            ..cpu::DebugRegisters::save()
        };
        registers.load();
    }
    fn reset_debug_registers(&mut self) {
        if self.loaded {
            cpu::DebugRegisters::default().load();
            cpu::write_cr2(0);
        }
    }
    fn read_msr(&self, msr: Msr) -> u64 {
        cpu::read_msr(msr)
    }
    fn write_msr(&mut self, msr: Msr, value: u64) {
        self.switched.write_msr(msr, value);
    }
    fn set_apic_virtualization(&mut self, on: bool) {
        match self.host.machine.facts.apic_help {
            ApicHelp::None => {}
            help => self
                .vmcs
                .set_apic_virtualization(on, help == ApicHelp::Delivery),
        }
    }
    fn flush_translations(&mut self) {
        flush_vpid(self.host.machine, self.vpid);
    }
}

/// Exits that are answered between the processor's exit and its next entry. Their ticks count as the guest's.
struct Quick<'a> {
    partition: &'a Partition,
    counters: &'a mut Counters,
    /// The end of the slice, on the TSC; at most 2³² ticks of the preemption timer away.
    deadline: u64,
    /// Of the preemption timer's rate.
    shift: u32,
    /// The last exit was answered, and the slice is over.
    answered: bool,
    #[cfg(debug_assertions)]
    machine: &'a Machine,
    #[cfg(debug_assertions)]
    slot: &'a Slot,
    #[cfg(debug_assertions)]
    vcpu: VcpuId,
}

impl QuickExits for Quick<'_> {
    #[inline]
    fn answer(&mut self, vmcs: &mut CurrentFields, registers: &mut Gprs) -> Option<u32> {
        if !exit::quick(self.partition, self.counters, registers, vmcs) {
            return None;
        }
        let Some(left) = self.deadline.checked_sub(cpu::rdtsc()) else {
            self.answered = true;
            return None;
        };
        #[cfg(debug_assertions)]
        check_entry(self.machine, vmcs, self.slot, self.vcpu);
        // Not more than 32 bits: the deadline is never further away.
        Some((left >> (self.shift & 31)) as u32)
    }
}

fn flush_vpid(machine: &Machine, vpid: u16) {
    if let Some(operation) =
        core::num::NonZeroU16::new(vpid).and_then(|vpid| machine.invalidate.invvpid(vpid))
    {
        invvpid(operation.kind(), operation.descriptor());
    }
}

impl Living {
    /// A vCPU at the start of a life. `None` when the pool has no frame for its VMCS.
    pub fn new(
        host: ThisCore,
        slot: &Slot,
        id: VcpuId,
        core_tables: &CoreTables,
        support: XsaveSupport,
    ) -> Option<Self> {
        let resources = slot.resources.lock().clone()?;
        let start = *slot.start.lock();
        let mut living = Self {
            vcpu: Vcpu::new(id, &slot.partition),
            region: VmcsRegion::new()?,
            switched: SwitchedState::new(support),
            resources,
            vpid: slot.first_vpid + id.0,
        };
        living.vcpu.tsc_offset = slot.partition.clock.epoch().wrapping_neg();
        let machine = host.machine;
        let addresses = Addresses {
            io_bitmaps: machine.io_bitmaps,
            msr_bitmap: machine.msr_bitmap,
            ept_pointer: living.resources.ept_pointer.bits(),
            virtual_apic: machine
                .apic_access
                .and_then(|_| pool::physical(living.vcpu.lapic.page())),
            apic_access: machine.apic_access,
        };
        let Self {
            vcpu,
            region,
            switched,
            vpid,
            ..
        } = &mut living;
        let mut vmcs = region.activate();
        vmcs.configure(&machine.controls, &addresses, *vpid, core_tables);
        let mut on_core = OnCore {
            host,
            vmcs,
            switched,
            vpid: *vpid,
            loaded: false,
        };
        vcpu.initialise(&slot.partition, &mut on_core);
        vcpu.init(&slot.partition, &mut on_core);
        if id.0 == 0
            && let Some(state) = start
        {
            vcpu.lapic.enter_virtual_wire_mode();
            vcpu.start(&state, &slot.partition, &mut on_core);
        }
        slot.partition.publish(vcpu);
        flush_vpid(machine, *vpid);
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
        let partition = &slot.partition;
        let Some(mailbox) = partition.mailbox(self.vcpu.id) else {
            return SliceEnd::Over;
        };
        let shift = u32::from(host.machine.capabilities.misc.preemption_timer_shift());
        let Self {
            vcpu,
            region,
            switched,
            resources,
            vpid,
        } = self;
        let mut on_core = OnCore {
            host,
            vmcs: region.activate(),
            switched,
            vpid: *vpid,
            loaded: true,
        };
        mailbox.come_back();
        let mut before = cpu::rdtsc();
        loop {
            if let Err(_blocked) = exit::before_entry(vcpu, partition, &mut on_core) {
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
            let board = if partition.home() == host.core {
                partition.board_deadline()
            } else {
                u64::MAX
            };
            let deadline = until.min(vcpu.next_timer(now)).min(board);
            let ticks = (deadline.saturating_sub(now) >> shift).min(u64::from(u32::MAX));
            on_core.vmcs.set_preemption_timer(ticks as u32);
            #[cfg(debug_assertions)]
            check_entry(host.machine, &on_core.vmcs, slot, vcpu.id);
            vcpu.counters
                .spend(Place::Hypervisor, now.wrapping_sub(before));
            let mut quick = Quick {
                partition,
                counters: &mut vcpu.counters,
                deadline: now + (ticks << shift),
                shift,
                answered: false,
                #[cfg(debug_assertions)]
                machine: host.machine,
                #[cfg(debug_assertions)]
                slot,
                #[cfg(debug_assertions)]
                vcpu: vcpu.id,
            };
            let entered = on_core.vmcs.enter(&mut vcpu.gprs, &mut quick);
            let answered = quick.answered;
            before = cpu::rdtsc();
            vcpu.counters.spend(Place::Guest, before.wrapping_sub(now));
            mailbox.come_back();
            if let Err(failure) = entered {
                error!(
                    "{} vcpu {}: VM entry refused: {} ({})",
                    slot.plan.name,
                    vcpu.id.0,
                    instruction_error::describe(failure.0),
                    failure.0
                );
                check_entry(host.machine, &on_core.vmcs, slot, vcpu.id);
                return SliceEnd::End(EndReason::EntryFailed(failure.0));
            }
            if answered {
                continue;
            }
            let after = exit::handle(vcpu, partition, &mut on_core, &resources.ram);
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
                    report_end(host.machine, &on_core.vmcs, slot, vcpu, reason);
                    SliceEnd::End(reason)
                }
            };
            vcpu.counters
                .spend(Place::Hypervisor, cpu::rdtsc().wrapping_sub(before));
            return end;
        }
    }
}

/// A physical interrupt that the exit acknowledged: the core's loop serves it.
fn note(vector: Vector) {
    tables::note_interrupt(vector);
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
fn report_end(
    machine: &Machine,
    vmcs: &CurrentVmcs<'_>,
    slot: &Slot,
    vcpu: &Vcpu,
    reason: EndReason,
) {
    let name = &slot.plan.name;
    match reason {
        EndReason::PowerOff | EndReason::Reset | EndReason::Verdict(_) => return,
        EndReason::EntryFailed(_) => check_entry(machine, vmcs, slot, vcpu.id),
        _ => {}
    }
    let [rip, rsp, rflags] =
        [Field::GUEST_RIP, Field::GUEST_RSP, Field::GUEST_RFLAGS].map(|field| vmcs.read(field));
    let [cr0, cr3, cr4] =
        [Field::GUEST_CR0, Field::GUEST_CR3, Field::GUEST_CR4].map(|field| vmcs.read(field));
    let [cs, base] = [Field::GUEST_CS_SELECTOR, Field::GUEST_CS_BASE].map(|field| vmcs.read(field));
    error!(
        "{name} vcpu {}: {reason}: rip {cs:#x}:{rip:#x} (base {base:#x}) rsp {rsp:#x} rflags {rflags:#x}",
        vcpu.id.0
    );
    let [exit, qualification, gpa] = [
        Field::EXIT_REASON,
        Field::EXIT_QUALIFICATION,
        Field::GUEST_PHYSICAL_ADDRESS,
    ]
    .map(|field| vmcs.read(field));
    error!(
        "{name} vcpu {}: cr0 {cr0:#x} cr3 {cr3:#x} cr4 {cr4:#x} exit {exit:#x} qualification {qualification:#x} gpa {gpa:#x}",
        vcpu.id.0
    );
    error!("{name} vcpu {}: registers {:x?}", vcpu.id.0, vcpu.gprs.0);
}

/// Runs the model of the processor's entry checks and says which rule the VMCS breaks, if any.
fn check_entry(machine: &Machine, vmcs: &impl Vmcs, slot: &Slot, vcpu: VcpuId) {
    if let Err(violation) = checks::check(vmcs, &machine.capabilities, &machine.processor) {
        error!(
            "{} vcpu {}: VM entry would break a rule: {violation}",
            slot.plan.name, vcpu.0
        );
    }
}

/// Drops every translation that this core may hold of a partition: it parked its vCPUs.
pub fn flush_partition(machine: &Machine, ept_pointer: EptPointer) {
    if let Some(operation) = machine.invalidate.invept(ept_pointer) {
        isthmus_hv_hal::vmx::invept(operation.kind(), operation.descriptor());
    }
}

/// Where a vCPU was when it was last seen, for the report.
#[derive(Clone, Copy, Debug, Default)]
pub struct Whereabouts {
    rip: u64,
    rflags: u64,
    interruptibility: u64,
    activity: Activity,
    interrupt_status: u64,
}

impl core::fmt::Display for Whereabouts {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self {
            rip,
            rflags,
            interruptibility,
            activity,
            interrupt_status,
        } = self;
        write!(
            f,
            "{activity:?} at rip {rip:#x}, rflags {rflags:#x}, interruptibility {interruptibility:#x}, "
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
    /// Where the vCPU is. Its VMCS becomes current.
    pub fn whereabouts(&mut self) -> Whereabouts {
        let vmcs = self.region.activate();
        Whereabouts {
            rip: vmcs.read(Field::GUEST_RIP),
            rflags: vmcs.read(Field::GUEST_RFLAGS),
            interruptibility: vmcs.read(Field::GUEST_INTERRUPTIBILITY_STATE),
            activity: self.vcpu.activity,
            interrupt_status: u64::from(self.vcpu.lapic.interrupt_status()),
        }
    }

    /// The resources' EPT pointer, for the flush when the vCPU is parked.
    pub fn ept_pointer(&self) -> EptPointer {
        self.resources.ept_pointer
    }
}

/// The wake-up of an idle core.
pub fn idle_until(deadline: Option<u64>) {
    apic::set_wakeup(deadline);
    cpu::wait_for_interrupt();
    apic::set_wakeup(None);
}
