//! One virtual CPU: what the hypervisor keeps of it beside its VMCS. Owned by the core that runs it.

use crate::control::{self, ControlState, cr0, cr4, efer};
use crate::counters::{Counters, Injected};
use crate::inject::{Activity, Event, EventQueue, TripleFault, after_instruction, exception};
use crate::msr::MsrState;
use crate::partition::{ApicHelp, Partition};
use crate::processor::Processor;
use isthmus_abi::{ApicId, Gpr, Gprs, VcpuId, Vector};
use isthmus_boot::start::{SegmentState, StartState};
use isthmus_devices::lapic::{ApicMode, Lapic, LapicConfig};
use isthmus_devices::time::Ticks;
use isthmus_vmx::field::{Field, Vmcs};

/// RFLAGS bits that the hypervisor looks at (SDM Vol. 1 §3.4.3).
pub mod rflags {
    /// Bit 1 reads as one.
    pub const FIXED: u64 = 1 << 1;
    /// Trap flag: single step.
    pub const TF: u64 = 1 << 8;
    /// Interrupts enabled.
    pub const IF: u64 = 1 << 9;
    /// Virtual-8086 mode.
    pub const VM: u64 = 1 << 17;
    /// Alignment check, and SMAP's suspension.
    pub const AC: u64 = 1 << 18;
}

/// Exceptions that exit: those whose delivery can loop inside the processor with no instruction in between, so
/// that no interrupt would ever be taken (#DB, #AC), and machine checks, which concern the machine.
pub const EXCEPTION_BITMAP: u64 =
    1 << exception::DB.0 | 1 << exception::AC.0 | 1 << exception::MC.0;

const EOI_EXIT_BITMAPS: [Field; 4] = [
    Field::EOI_EXIT_BITMAP_0,
    Field::EOI_EXIT_BITMAP_1,
    Field::EOI_EXIT_BITMAP_2,
    Field::EOI_EXIT_BITMAP_3,
];

/// A virtual CPU.
#[derive(Debug)]
pub struct Vcpu {
    /// Its number in the partition, also its APIC id.
    pub id: VcpuId,
    /// General registers but RSP, which is in the VMCS.
    pub gprs: Gprs,
    /// Its local APIC.
    pub lapic: Lapic,
    /// Emulated model-specific registers.
    pub msrs: MsrState,
    /// Exceptions and NMIs on their way in.
    pub events: EventQueue,
    /// What it is doing.
    pub activity: Activity,
    /// XCR0 as the guest set it.
    pub xcr0: u64,
    /// CR0 as the guest last wrote it: the read shadow.
    pub cr0_shadow: u64,
    /// CR4 as the guest last wrote it.
    pub cr4_shadow: u64,
    /// The 8259 pair's line as last heard.
    pub ext_int: bool,
    /// Added to the TSC for the guest.
    pub tsc_offset: u64,
    /// What it did so far.
    pub counters: Counters,
    /// Whether the processor itself works on the APIC's page.
    pub apic_virtualized: bool,
    /// Whether the page may have requests that the guest interrupt status does not know of.
    pub(crate) apic_changed: bool,
    /// The TPR threshold as last written.
    pub(crate) tpr_threshold: u8,
    /// The EOI-exit bitmap as last written.
    pub(crate) eoi_exits: [u64; 4],
    /// Whether the window controls are on, so that they are written only when they change.
    pub(crate) windows: (bool, bool),
}

impl Vcpu {
    /// A vCPU as after power-up. `timer_hz` is the local APIC timer's input.
    #[must_use]
    pub fn new(id: VcpuId, partition: &Partition) -> Self {
        let config = LapicConfig {
            tsc_hz: partition.clock.tsc_hz,
            timer_hz: partition.cpuid.crystal_hz(),
            bsp: id.0 == 0,
        };
        let lapic = Lapic::new(ApicId(u32::from(id.0)), config);
        Self {
            id,
            gprs: Gprs::default(),
            lapic,
            msrs: MsrState::new(partition.cpuid.maxphyaddr(), partition.microcode),
            events: EventQueue::new(),
            activity: Activity::WaitForSipi,
            xcr0: 1,
            cr0_shadow: 0,
            cr4_shadow: 0,
            ext_int: false,
            tsc_offset: 0,
            counters: Counters::default(),
            apic_virtualized: false,
            apic_changed: true,
            tpr_threshold: 0,
            eoi_exits: [0; 4],
            windows: (false, false),
        }
    }

    /// The guest's TSC now.
    #[must_use]
    #[inline]
    pub fn guest_tsc(&self, host_tsc: u64) -> Ticks {
        Ticks(host_tsc.wrapping_add(self.tsc_offset))
    }

    /// When the vCPU's APIC timer fires next, on the host's TSC; `u64::MAX` for never. A deadline in the guest's past
    /// is now, one beyond the end of the host's time is never.
    #[must_use]
    #[inline]
    pub fn next_timer(&self, host_tsc: u64) -> u64 {
        let now = self.guest_tsc(host_tsc);
        self.lapic.next_event().map_or(u64::MAX, |ticks| {
            host_tsc.saturating_add(ticks.0.saturating_sub(now.0))
        })
    }

    /// Puts the vCPU into a state to start from: the boot protocol's on vCPU 0, a start-up IPI's on others.
    pub fn start(&mut self, state: &StartState, partition: &Partition, cpu: &mut impl Processor) {
        self.gprs = Gprs::default();
        self.gprs.set(Gpr::Rax, state.rax);
        self.gprs.set(Gpr::Rbx, state.rbx);
        self.gprs.set(Gpr::Rsi, state.rsi);
        // Family, model and stepping, as after INIT or reset (SDM Vol. 3A §9.1.2).
        self.gprs.set(Gpr::Rdx, u64::from(partition.signature()));
        self.activity = Activity::Active;
        self.write_control_registers(state, partition, cpu);
        cpu.write(Field::GUEST_RIP, state.rip);
        cpu.write(Field::GUEST_RSP, state.rsp);
        cpu.write(Field::GUEST_RFLAGS, state.rflags | rflags::FIXED);
        cpu.write(Field::GUEST_DR7, 0x400);
        let segments = [
            &state.es,
            &state.cs,
            &state.ss,
            &state.ds,
            &state.fs,
            &state.gs,
            &state.ldtr,
            &state.tr,
        ];
        for (number, segment) in (0..).zip(segments) {
            write_segment(cpu, number, segment);
        }
        cpu.write(Field::GUEST_GDTR_BASE, state.gdtr.base);
        cpu.write(Field::GUEST_GDTR_LIMIT, u64::from(state.gdtr.limit));
        cpu.write(Field::GUEST_IDTR_BASE, state.idtr.base);
        cpu.write(Field::GUEST_IDTR_LIMIT, u64::from(state.idtr.limit));
        for field in [
            Field::GUEST_IA32_DEBUGCTL,
            Field::GUEST_IA32_SYSENTER_CS,
            Field::GUEST_IA32_SYSENTER_ESP,
            Field::GUEST_IA32_SYSENTER_EIP,
            Field::GUEST_INTERRUPTIBILITY_STATE,
            Field::GUEST_ACTIVITY_STATE,
            Field::GUEST_PENDING_DEBUG_EXCEPTIONS,
            Field::VM_ENTRY_INTERRUPTION_INFORMATION,
        ] {
            cpu.write(field, 0);
        }
    }

    fn write_control_registers(
        &mut self,
        state: &StartState,
        partition: &Partition,
        cpu: &mut impl Processor,
    ) {
        let policy = &partition.control;
        self.cr0_shadow = state.cr0;
        self.cr4_shadow = state.cr4;
        cpu.write(Field::GUEST_CR0, policy.vmcs_cr0(state.cr0));
        cpu.write(Field::CR0_READ_SHADOW, state.cr0);
        cpu.write(Field::GUEST_CR3, state.cr3);
        cpu.write(Field::GUEST_CR4, policy.vmcs_cr4(state.cr4));
        cpu.write(Field::CR4_READ_SHADOW, state.cr4);
        let long = state.efer & efer::LME != 0 && state.cr0 & cr0::PG != 0;
        let value = if long {
            state.efer | efer::LMA
        } else {
            state.efer & !efer::LMA
        };
        cpu.write(Field::GUEST_IA32_EFER, value);
        cpu.set_ia32e_mode(long);
    }

    /// Fields that are written once for each life of the VMCS.
    pub fn initialise(&mut self, partition: &Partition, cpu: &mut impl Processor) {
        cpu.write(Field::CR0_GUEST_HOST_MASK, partition.control.cr0_mask());
        cpu.write(Field::CR4_GUEST_HOST_MASK, partition.control.cr4_mask());
        cpu.write(Field::EXCEPTION_BITMAP, EXCEPTION_BITMAP);
        cpu.write(Field::PAGE_FAULT_ERROR_CODE_MASK, 0);
        cpu.write(Field::PAGE_FAULT_ERROR_CODE_MATCH, 0);
        cpu.write(Field::CR3_TARGET_COUNT, 0);
        cpu.write(Field::TSC_OFFSET, self.tsc_offset);
        cpu.write(Field::GUEST_IA32_PAT, MsrState::pat_reset());
        self.windows = (false, false);
        self.eoi_exits = [0; 4];
        self.tpr_threshold = 0;
        cpu.write(Field::TPR_THRESHOLD, 0);
        for field in EOI_EXIT_BITMAPS {
            cpu.write(field, 0);
        }
        self.follow_apic_mode(partition, cpu);
    }

    /// After the APIC may have changed its mode: hardware works on the page in xAPIC mode, the hypervisor in any other.
    pub fn follow_apic_mode(&mut self, partition: &Partition, cpu: &mut impl Processor) {
        let wanted = partition.apic_help != ApicHelp::None && self.lapic.mode() == ApicMode::XApic;
        if self.apic_virtualized != wanted {
            self.apic_virtualized = wanted;
            cpu.set_apic_virtualization(wanted);
        }
        self.apic_changed = true;
    }

    /// Whether the processor delivers the APIC's interrupts by itself.
    pub(crate) fn processor_delivers(&self, partition: &Partition) -> bool {
        self.apic_virtualized && partition.apic_help == ApicHelp::Delivery
    }

    /// The APIC took a new request into its page.
    pub(crate) fn requested(&mut self, partition: &Partition) {
        self.apic_changed = true;
        if self.processor_delivers(partition) {
            // The processor will inject it without a word.
            self.counters.inject(Injected::Lapic);
        }
    }

    /// Without delivery by the processor: has it exit when the task priority falls below `threshold`, because it no
    /// longer holds back a request then.
    #[inline]
    pub(crate) fn watch_task_priority(&mut self, threshold: u8, cpu: &mut impl Processor) {
        if threshold != self.tpr_threshold {
            self.tpr_threshold = threshold;
            cpu.write(Field::TPR_THRESHOLD, u64::from(threshold));
        }
    }

    /// Tells the processor what the APIC's page asks for now (SDM Vol. 3C §30.2.1).
    pub(crate) fn publish_requests(&mut self, cpu: &mut impl Processor) {
        if !core::mem::take(&mut self.apic_changed) {
            return;
        }
        cpu.write(
            Field::GUEST_INTERRUPT_STATUS,
            u64::from(self.lapic.interrupt_status()),
        );
        let level = self.lapic.level_vectors();
        if level != self.eoi_exits {
            self.eoi_exits = level;
            for (field, word) in EOI_EXIT_BITMAPS.into_iter().zip(level) {
                cpu.write(field, word);
            }
        }
    }

    /// INIT: everything but the APIC's base and mode, the TSC, MTRRs and extended state (SDM Vol. 3A Table 9-1).
    pub fn init(&mut self, partition: &Partition, cpu: &mut impl Processor) {
        self.events.clear();
        cpu.reset_debug_registers();
        self.lapic.reset(true);
        self.follow_apic_mode(partition, cpu);
        self.start(&StartState::reset(), partition, cpu);
        self.activity = if self.id.0 == 0 {
            Activity::Active
        } else {
            Activity::WaitForSipi
        };
    }

    /// A start-up IPI; only a vCPU that waits for one takes it (SDM Vol. 3A §9.4.4.2).
    pub fn startup(&mut self, vector: Vector, partition: &Partition, cpu: &mut impl Processor) {
        if self.activity == Activity::WaitForSipi {
            self.start(&StartState::startup_ipi(vector), partition, cpu);
        }
    }

    /// The state that decides on control-register writes.
    #[must_use]
    pub fn control_state(&self, partition: &Partition, cpu: &impl Processor) -> ControlState {
        let policy = &partition.control;
        const LONG: u64 = 1 << 13;
        const TYPE_32: u64 = 1 << 3;
        ControlState {
            cr0: policy.guest_cr0(cpu.read(Field::GUEST_CR0), self.cr0_shadow),
            cr3: cpu.read(Field::GUEST_CR3),
            cr4: policy.guest_cr4(cpu.read(Field::GUEST_CR4), self.cr4_shadow),
            efer: cpu.read(Field::GUEST_IA32_EFER),
            cs_long: cpu.read(Field::GUEST_CS_ACCESS_RIGHTS) & LONG != 0,
            tr_16_bit: cpu.read(Field::GUEST_TR_ACCESS_RIGHTS) & TYPE_32 == 0,
        }
    }

    /// Raises an exception for the guest; RIP stays where it is.
    ///
    /// # Errors
    /// [`TripleFault`] when it comes on top of a double fault.
    pub fn raise(&mut self, event: Event, cpu: &impl Processor) -> Result<(), TripleFault> {
        // Real mode pushes no error code, and entry refuses one there (SDM Vol. 3C §27.2.1.3).
        let real_mode = cpu.read(Field::GUEST_CR0) & cr0::PE == 0;
        let event = if real_mode {
            Event {
                error_code: None,
                ..event
            }
        } else {
            event
        };
        self.events.raise(event)
    }

    /// Moves RIP past the instruction that exited, as [`skip_instruction`].
    pub fn advance(&self, cpu: &mut impl Processor) {
        skip_instruction(cpu);
    }

    /// As [`Vcpu::advance`], for an instruction of `length` bytes.
    pub fn advance_by(&self, length: u64, cpu: &mut impl Processor) {
        skip(length, cpu);
    }

    /// IA32_DEBUGCTL.BTF: the trap flag stops at branches, not at instructions.
    pub(crate) fn steps_by_branches(cpu: &impl Vmcs) -> bool {
        cpu.read(Field::GUEST_IA32_DEBUGCTL) & 1 << 1 != 0
    }

    /// Whether the guest runs 64-bit code now.
    #[must_use]
    pub fn in_64_bit_code(&self, cpu: &impl Processor) -> bool {
        runs_64_bit_code(cpu)
    }

    /// The privilege level the guest runs at, 0 to 3: the DPL of SS (SDM Vol. 3C §25.4.1).
    #[must_use]
    pub fn privilege_level(&self, cpu: &impl Processor) -> u8 {
        (cpu.read(Field::GUEST_SS_ACCESS_RIGHTS) >> 5 & 3) as u8
    }

    /// CR4.OSXSAVE and CR4.PKE are host-owned, so the shadow tells them without a VMREAD.
    #[must_use]
    pub fn cpuid_cr4(&self) -> u64 {
        self.cr4_shadow & (cr4::OSXSAVE | cr4::PKE)
    }

    /// DR7 as MOV would leave it, for a #DB that the hypervisor delivers: the processor clears GD then.
    pub(crate) fn clear_general_detect(cpu: &mut impl Processor) {
        const GENERAL_DETECT: u64 = 1 << 13;
        let dr7 = cpu.read(Field::GUEST_DR7);
        if let Ok(value) = control::write_dr7(dr7 & !GENERAL_DETECT & 0xffff_ffff) {
            cpu.write(Field::GUEST_DR7, value);
        }
    }
}

fn runs_64_bit_code(cpu: &impl Vmcs) -> bool {
    cpu.read(Field::GUEST_IA32_EFER) & efer::LMA != 0
        && cpu.read(Field::GUEST_CS_ACCESS_RIGHTS) & 1 << 13 != 0
}

/// Moves RIP past the instruction that exited, and leaves the state an instruction leaves: no STI or MOV SS shadow, a
/// single-step trap if the guest asked for one.
#[inline]
pub fn skip_instruction(cpu: &mut impl Vmcs) {
    let length = cpu.read(Field::VM_EXIT_INSTRUCTION_LENGTH) & 0xf;
    skip(length, cpu);
}

#[inline]
fn skip(length: u64, cpu: &mut impl Vmcs) {
    let rip = cpu.read(Field::GUEST_RIP);
    let next = rip.wrapping_add(length);
    // Only 64-bit code goes on beyond 4 GiB. CS.L alone does not say so: outside of IA-32e mode it means nothing.
    let wraps = (rip ^ next) >> 32 != 0 && !runs_64_bit_code(cpu);
    cpu.write(
        Field::GUEST_RIP,
        if wraps { next & 0xffff_ffff } else { next },
    );
    let state = cpu.read(Field::GUEST_INTERRUPTIBILITY_STATE) as u32;
    let trap_flag = cpu.read(Field::GUEST_RFLAGS) & rflags::TF != 0;
    if state != 0 || trap_flag {
        leave_instruction(state, trap_flag, cpu);
    }
}

/// The rare part of [`skip`].
#[cold]
fn leave_instruction(state: u32, trap_flag: bool, cpu: &mut impl Vmcs) {
    const SINGLE_STEP: u64 = 1 << 14;
    let by_branches = trap_flag && Vcpu::steps_by_branches(cpu);
    let (blocking, single_step) = after_instruction(state, trap_flag, by_branches);
    if blocking != state {
        cpu.write(Field::GUEST_INTERRUPTIBILITY_STATE, u64::from(blocking));
    }
    if single_step {
        let pending = cpu.read(Field::GUEST_PENDING_DEBUG_EXCEPTIONS);
        cpu.write(Field::GUEST_PENDING_DEBUG_EXCEPTIONS, pending | SINGLE_STEP);
    }
}

/// Writes a segment register by its number in the order of the VMCS encodings: ES, CS, SS, DS, FS, GS, LDTR, TR.
fn write_segment(cpu: &mut impl Processor, number: u32, segment: &SegmentState) {
    let field = |base: Field| Field(base.0 + 2 * number);
    cpu.write(field(Field::GUEST_ES_SELECTOR), u64::from(segment.selector));
    cpu.write(field(Field::GUEST_ES_BASE), segment.base);
    cpu.write(field(Field::GUEST_ES_LIMIT), u64::from(segment.limit));
    cpu.write(
        field(Field::GUEST_ES_ACCESS_RIGHTS),
        u64::from(segment.access),
    );
}
