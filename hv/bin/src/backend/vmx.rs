//! VT-x: controls negotiated, VMCSs made, and the core with a VMCS current.

use super::{Entry, EntryRefused, OnCore, Stopped, cpuid_words, lasting_frame};
use crate::start::stop;
use alloc::format;
use alloc::string::{String, ToString};
use isthmus_abi::{CoreId, Gpa, Gprs, Hpa, Msr, PAGE_SIZE, PartitionId};
use isthmus_boot::layout;
use isthmus_hv_core::exit::Quick;
use isthmus_hv_core::msr;
use isthmus_hv_core::partition::ApicHelp;
use isthmus_hv_core::processor::Host;
use isthmus_hv_core::vcpu::Vcpu;
use isthmus_hv_hal::ept::EptTables;
use isthmus_hv_hal::tables::CoreTables;
use isthmus_hv_hal::vmx::{
    self, Addresses, CurrentFields, CurrentVmcs, QuickExits, VmcsRegion, VmxonError,
};
use isthmus_hv_hal::{cpu, pool};
use isthmus_vmx::backend::{VmxCore, VmxProcessor, fill_msr_bitmap, quick_exit};
use isthmus_vmx::capabilities::Capabilities;
use isthmus_vmx::checks::{self, Processor};
use isthmus_vmx::controls::{
    Controls, PrimaryProcessorBased, SecondaryProcessorBased, Wanted, negotiate,
};
use isthmus_vmx::ept::{AddressSpace, EptPointer, MemoryType, PageSizes, Permissions};
use isthmus_vmx::field::{Field, Vmcs};
use isthmus_vmx::instruction_error;
use isthmus_vmx::invalidate::Offered;
use isthmus_vmx::preflight::{CpuFacts, Report};
use log::info;

/// What VT-x offers here and what was made of it.
#[derive(Debug)]
pub struct VmxMachine {
    /// The capability MSRs.
    pub capabilities: Capabilities,
    /// What the processor does of the local APICs' work.
    pub apic_help: ApicHelp,
    /// What the model of the entry checks needs to know of the processor.
    processor: Processor,
    controls: Controls,
    invalidate: Offered,
    /// The MSR bitmap and the two I/O bitmaps, the same for all.
    msr_bitmap: Hpa,
    io_bitmaps: [Hpa; 2],
    /// The APIC-access page, which no access ever reaches: the processor diverts them all.
    apic_access: Option<Hpa>,
}

/// Reports what the processor offers, and stops if that is not enough.
fn preflight() -> Capabilities {
    let facts = CpuFacts::read(cpuid_words);
    let capabilities = facts
        .vmx
        .then(|| Capabilities::read(|msr: Msr| cpu::read_msr(msr)));
    let report = Report::new(&facts, capabilities.as_ref());
    info!("preflight:\n{report}");
    if let Some(blocker) = report.blocker() {
        stop(format_args!("{blocker}"));
    }
    capabilities.unwrap_or_else(|| stop(format_args!("this processor offers no VT-x")))
}

/// The controls that every vCPU gets, and what the processor does of the local APICs' work.
///
/// Virtual-interrupt delivery is used only if the loader's command line asks for it: Bochs 2.7 offers it but delivers
/// with interrupts disabled in the guest when a physical interrupt comes at that moment, which no guest survives.
fn negotiate_controls(capabilities: &Capabilities, virtual_delivery: bool) -> (Controls, ApicHelp) {
    use PrimaryProcessorBased as Primary;
    use SecondaryProcessorBased as Secondary;
    let agree = |wanted: &Wanted| match negotiate(capabilities, wanted) {
        Ok(controls) => controls,
        Err(missing) => stop(format_args!("{missing}")),
    };
    let mut controls = agree(&Wanted::isthmus().with_apic_virtualization(true));
    let registers = Secondary::VIRTUALIZE_APIC_ACCESSES | Secondary::APIC_REGISTER_VIRTUALIZATION;
    let help = if !controls.primary.contains(Primary::USE_TPR_SHADOW)
        || !controls.secondary.contains(registers)
    {
        ApicHelp::None
    } else if virtual_delivery
        && controls
            .secondary
            .contains(Secondary::VIRTUAL_INTERRUPT_DELIVERY)
    {
        ApicHelp::Delivery
    } else {
        ApicHelp::Registers
    };
    if help == ApicHelp::None {
        let mut without = Wanted::isthmus();
        without.optional.primary.remove(Primary::USE_TPR_SHADOW);
        return (agree(&without), help);
    }
    // The page is handed over vCPU by vCPU; until then its accesses exit.
    controls.primary.remove(Primary::USE_TPR_SHADOW);
    controls.primary |= Primary::CR8_LOAD_EXITING | Primary::CR8_STORE_EXITING;
    controls
        .secondary
        .remove(Secondary::APIC_REGISTER_VIRTUALIZATION | Secondary::VIRTUAL_INTERRUPT_DELIVERY);
    (controls, help)
}

/// Takes the calling core into VMX root operation.
pub fn enable(core: CoreId) {
    match vmx::enable() {
        Ok(root) => core::mem::forget(root),
        Err(VmxonError::Locked) => stop(format_args!(
            "core {}: IA32_FEATURE_CONTROL is locked with VT-x off: turn VT-x on in the firmware's setup",
            core.0
        )),
        Err(failure) => stop(format_args!("core {}: VMXON failed: {failure:?}", core.0)),
    }
}

impl VmxMachine {
    /// Preflight, negotiation, and the pages that all vCPUs share.
    pub fn prepare(options: &str) -> Self {
        let capabilities = preflight();
        let virtual_delivery = options
            .split_whitespace()
            .any(|word| word == "virtual-interrupt-delivery");
        let (controls, apic_help) = negotiate_controls(&capabilities, virtual_delivery);
        Self {
            processor: Processor::from_cpuid(cpuid_words),
            invalidate: Offered::new(capabilities.ept_vpid),
            msr_bitmap: lasting_frame(|bytes| fill_msr_bitmap(bytes, msr::passes)),
            // Before the I/O bitmaps: Bochs 2.7 also reads the byte behind bitmap B for the highest ports, and would
            // take that for an access to the APIC if this page came next.
            apic_access: (apic_help != ApicHelp::None).then(|| lasting_frame(|_| {})),
            io_bitmaps: [
                lasting_frame(|bytes| bytes.fill(0xff)),
                lasting_frame(|bytes| bytes.fill(0xff)),
            ],
            capabilities,
            controls,
            apic_help,
        }
    }

    /// Whether guests may execute INVPCID and RDTSCP.
    pub fn instructions(&self) -> (bool, bool) {
        let has = |control| self.controls.secondary.contains(control);
        (
            has(SecondaryProcessorBased::ENABLE_INVPCID),
            has(SecondaryProcessorBased::ENABLE_RDTSCP),
        )
    }

    /// A VMCS with everything in it that is not the guest's. `None` when the pool is used up.
    pub fn make_vmcs(
        &self,
        vcpu: &Vcpu,
        ept_pointer: EptPointer,
        vpid: u16,
        core: &CoreTables,
    ) -> Option<VmcsRegion> {
        let mut region = VmcsRegion::new()?;
        let addresses = Addresses {
            io_bitmaps: self.io_bitmaps,
            msr_bitmap: self.msr_bitmap,
            ept_pointer: ept_pointer.bits(),
            virtual_apic: self
                .apic_access
                .and_then(|_| pool::physical(vcpu.lapic.page())),
            apic_access: self.apic_access,
        };
        region
            .activate()
            .configure(&self.controls, &addresses, vpid, core);
        self.flush_vpid(vpid);
        Some(region)
    }

    /// Maps RAM with every right.
    pub fn map_ram(
        &self,
        space: &mut AddressSpace,
        tables: &mut EptTables,
        gpa: Gpa,
        hpa: Hpa,
        bytes: u64,
    ) -> Result<(), String> {
        let sizes = PageSizes::new(self.capabilities.ept_vpid);
        let (all, kind) = (Permissions::all(), MemoryType::WriteBack);
        space
            .map(tables, gpa, hpa, bytes, all, kind, sizes)
            .map_err(|error| error.to_string())
    }

    /// Maps the APIC-access page, where it is used.
    pub fn map_apic(&self, space: &mut AddressSpace, tables: &mut EptTables) -> Result<(), String> {
        let Some(page) = self.apic_access else {
            return Ok(());
        };
        let sizes = PageSizes::new(self.capabilities.ept_vpid);
        let access = Permissions::READ | Permissions::WRITE;
        let kind = MemoryType::WriteBack;
        space
            .map(tables, layout::LAPIC, page, PAGE_SIZE, access, kind, sizes)
            .map_err(|error| error.to_string())
    }

    /// Drops this core's translations of one vCPU.
    pub fn flush_vpid(&self, vpid: u16) {
        if let Some(operation) =
            core::num::NonZeroU16::new(vpid).and_then(|vpid| self.invalidate.invvpid(vpid))
        {
            vmx::invvpid(operation.kind(), operation.descriptor());
        }
    }

    /// Drops this core's translations of one partition.
    pub fn flush_space(&self, ept_pointer: EptPointer) {
        if let Some(operation) = self.invalidate.invept(ept_pointer) {
            vmx::invept(operation.kind(), operation.descriptor());
        }
    }

    fn broken_rule(&self, vmcs: &impl Vmcs) -> Option<String> {
        checks::check(vmcs, &self.capabilities, &self.processor)
            .err()
            .map(|violation| violation.to_string())
    }

    /// The core with a vCPU's VMCS made current.
    pub fn at_hand<'a>(
        &'a self,
        region: &'a mut VmcsRegion,
        on_core: OnCore<'a>,
    ) -> VmxProcessor<VmxAtHand<'a>> {
        VmxProcessor(VmxAtHand {
            machine: self,
            vmcs: region.activate(),
            on_core,
            bound: 0,
        })
    }
}

/// A core with a vCPU's VMCS current.
pub struct VmxAtHand<'a> {
    machine: &'a VmxMachine,
    vmcs: CurrentVmcs<'a>,
    on_core: OnCore<'a>,
    /// Where the next entry ends, on the TSC; at most 2³² ticks of the preemption timer away.
    bound: u64,
}

impl VmxAtHand<'_> {
    fn timer_shift(&self) -> u8 {
        self.machine.capabilities.misc.preemption_timer_shift()
    }
}

/// What is at hand between an exit and the next entry.
struct Between<'a> {
    quick: Quick<'a>,
    bound: u64,
    shift: u8,
    /// The last exit was answered, and the bound is reached.
    answered: bool,
    #[cfg(debug_assertions)]
    machine: &'a VmxMachine,
}

impl QuickExits for Between<'_> {
    #[inline]
    fn answer(&mut self, vmcs: &mut CurrentFields, registers: &mut Gprs) -> Option<u64> {
        if !quick_exit(vmcs, registers, &mut self.quick) {
            return None;
        }
        #[cfg(debug_assertions)]
        if let Some(rule) = self.machine.broken_rule(vmcs) {
            log::error!("VM entry would break a rule: {rule}");
        }
        let Some(left) = self.bound.checked_sub(cpu::rdtsc()) else {
            self.answered = true;
            return None;
        };
        Some(left >> (self.shift & 63))
    }
}

impl Vmcs for VmxAtHand<'_> {
    #[inline]
    fn read(&self, field: Field) -> u64 {
        self.vmcs.read(field)
    }
    #[inline]
    fn write(&mut self, field: Field, value: u64) {
        self.vmcs.write(field, value);
    }
}

impl Host for VmxAtHand<'_> {
    #[inline]
    fn host_tsc(&self) -> u64 {
        cpu::rdtsc()
    }
    fn core(&self) -> CoreId {
        self.on_core.host.core
    }
    fn kick(&mut self, core: CoreId) {
        self.on_core.host.kick(core);
    }
    fn console(&mut self, partition: PartitionId, bytes: &[u8]) {
        self.on_core.host.console(partition, bytes);
    }
}

impl VmxCore for VmxAtHand<'_> {
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
        self.on_core.switched.set_xcr0(value);
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
        if self.on_core.loaded {
            cpu::DebugRegisters::default().load();
            cpu::write_cr2(0);
        }
    }
    fn read_msr(&self, msr: Msr) -> u64 {
        cpu::read_msr(msr)
    }
    fn write_msr(&mut self, msr: Msr, value: u64) {
        self.on_core.switched.write_msr(msr, value);
    }
    fn set_apic_virtualization(&mut self, on: bool) {
        match self.machine.apic_help {
            ApicHelp::None => {}
            help => self
                .vmcs
                .set_apic_virtualization(on, help == ApicHelp::Delivery),
        }
    }
    fn flush_translations(&mut self) {
        self.machine.flush_vpid(self.on_core.tag);
    }
}

impl Entry for VmxProcessor<VmxAtHand<'_>> {
    fn bound(&mut self, now: u64, deadline: u64) {
        let shift = self.timer_shift();
        let ticks = (deadline.saturating_sub(now) >> shift).min(u64::from(u32::MAX));
        self.bound = now.saturating_add(ticks << shift);
        self.vmcs.set_preemption_timer(ticks as u32);
    }

    fn enter(&mut self, registers: &mut Gprs, quick: Quick<'_>) -> Result<Stopped, EntryRefused> {
        let mut between = Between {
            quick,
            bound: self.bound,
            shift: self.timer_shift(),
            answered: false,
            #[cfg(debug_assertions)]
            machine: self.machine,
        };
        let entered = self.vmcs.enter(registers, &mut between);
        match entered {
            Ok(()) if between.answered => Ok(Stopped::Answered),
            Ok(()) => Ok(Stopped::Exited),
            Err(failure) => Err(EntryRefused {
                code: failure.0,
                text: instruction_error::describe(failure.0),
            }),
        }
    }

    fn broken_rule(&self) -> Option<String> {
        self.machine.broken_rule(&self.vmcs)
    }

    fn describe_exit(&self) -> String {
        format!(
            "exit {:#x} qualification {:#x} gpa {:#x}",
            self.read(Field::EXIT_REASON),
            self.read(Field::EXIT_QUALIFICATION),
            self.read(Field::GUEST_PHYSICAL_ADDRESS)
        )
    }
}
