//! One virtual CPU: what the hypervisor keeps of it beside what the processor does. Owned by the core that runs it.

use crate::control::{self, ControlState, cr0, cr4, efer};
use crate::counters::{Counters, Injected};
use crate::inject::{Activity, Event, EventQueue, TripleFault, after_instruction, exception};
use crate::msr::MsrState;
use crate::partition::{ApicHelp, Partition};
use crate::processor::{Processor, Register, SegmentName, Setup, TableName};
use isthmus_abi::{ApicId, Gpr, Gprs, VcpuId, Vector};
use isthmus_boot::start::StartState;
use isthmus_devices::lapic::{ApicMode, Lapic, LapicConfig};
use isthmus_devices::time::Ticks;

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
pub const EXITING_EXCEPTIONS: u32 =
    1 << exception::DB.0 | 1 << exception::AC.0 | 1 << exception::MC.0;

/// A virtual CPU.
#[derive(Debug)]
pub struct Vcpu {
    /// Its number in the partition, also its APIC id.
    pub id: VcpuId,
    /// General registers but RSP, which the processor keeps.
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
            msrs: MsrState::new(
                partition.cpuid.maxphyaddr(),
                partition.microcode,
                partition.arch_capabilities,
            ),
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
        for (register, value) in [
            (Register::Rip, state.rip),
            (Register::Rsp, state.rsp),
            (Register::Rflags, state.rflags | rflags::FIXED),
            (Register::Dr7, 0x400),
            (Register::Debugctl, 0),
            (Register::SysenterCs, 0),
            (Register::SysenterEsp, 0),
            (Register::SysenterEip, 0),
        ] {
            cpu.set(register, value);
        }
        for (name, segment) in [
            (SegmentName::Es, &state.es),
            (SegmentName::Cs, &state.cs),
            (SegmentName::Ss, &state.ss),
            (SegmentName::Ds, &state.ds),
            (SegmentName::Fs, &state.fs),
            (SegmentName::Gs, &state.gs),
            (SegmentName::Ldtr, &state.ldtr),
            (SegmentName::Tr, &state.tr),
        ] {
            cpu.set_segment(name, segment);
        }
        cpu.set_table(TableName::Gdtr, &state.gdtr);
        cpu.set_table(TableName::Idtr, &state.idtr);
        cpu.clear_events();
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
        cpu.set_cr0(policy.effective_cr0(state.cr0), state.cr0);
        cpu.set(Register::Cr3, state.cr3);
        cpu.set_cr4(policy.effective_cr4(state.cr4), state.cr4);
        let long = state.efer & efer::LME != 0 && state.cr0 & cr0::PG != 0;
        let value = if long {
            state.efer | efer::LMA
        } else {
            state.efer & !efer::LMA
        };
        cpu.set(Register::Efer, value);
    }

    /// What is set once for each life.
    pub fn initialise(&mut self, partition: &Partition, cpu: &mut impl Processor) {
        cpu.set_up(&Setup {
            cr0_mask: partition.control.cr0_mask(),
            cr4_mask: partition.control.cr4_mask(),
            exceptions: EXITING_EXCEPTIONS,
            tsc_offset: self.tsc_offset,
            pat: MsrState::pat_reset(),
        });
        self.windows = (false, false);
        self.eoi_exits = [0; 4];
        self.tpr_threshold = 0;
        cpu.set_tpr_threshold(0);
        cpu.set_eoi_exits(&[0; 4]);
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
            cpu.set_tpr_threshold(threshold);
        }
    }

    /// Tells the processor what the APIC's page asks for now (SDM Vol. 3C §30.2.1).
    pub(crate) fn publish_requests(&mut self, cpu: &mut impl Processor) {
        if !core::mem::take(&mut self.apic_changed) {
            return;
        }
        cpu.set_interrupt_status(self.lapic.interrupt_status());
        let level = self.lapic.level_vectors();
        if level != self.eoi_exits {
            self.eoi_exits = level;
            cpu.set_eoi_exits(&level);
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
        const LONG: u32 = 1 << 13;
        const TYPE_32: u32 = 1 << 3;
        ControlState {
            cr0: policy.guest_cr0(cpu.cr0(), self.cr0_shadow),
            cr3: cpu.get(Register::Cr3),
            cr4: policy.guest_cr4(cpu.cr4(), self.cr4_shadow),
            efer: cpu.get(Register::Efer),
            cs_long: cpu.access_rights(SegmentName::Cs) & LONG != 0,
            tr_16_bit: cpu.access_rights(SegmentName::Tr) & TYPE_32 == 0,
        }
    }

    /// Raises an exception for the guest; RIP stays where it is.
    ///
    /// # Errors
    /// [`TripleFault`] when it comes on top of a double fault.
    pub fn raise(&mut self, event: Event, cpu: &impl Processor) -> Result<(), TripleFault> {
        // Real mode pushes no error code, and entry refuses one there (SDM Vol. 3C §27.2.1.3).
        let real_mode = cpu.cr0() & cr0::PE == 0;
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

    /// Moves RIP past the instruction that exited, and leaves the state an instruction leaves: no STI or MOV SS
    /// shadow, a single-step trap if the guest asked for one.
    pub fn advance(&mut self, cpu: &mut impl Processor) {
        self.advance_by(cpu.instruction_length(), cpu);
    }

    /// As [`Vcpu::advance`], for an instruction of `length` bytes.
    pub fn advance_by(&mut self, length: u64, cpu: &mut impl Processor) {
        let rip = cpu.get(Register::Rip);
        let next = rip.wrapping_add(length);
        // Only 64-bit code goes on beyond 4 GiB. CS.L alone does not say so: outside of IA-32e mode it means nothing.
        let wraps = (rip ^ next) >> 32 != 0 && !self.in_64_bit_code(cpu);
        cpu.set(Register::Rip, if wraps { next & 0xffff_ffff } else { next });
        let state = cpu.blocking();
        let trap_flag = cpu.get(Register::Rflags) & rflags::TF != 0;
        let (blocking, single_step) =
            after_instruction(state, trap_flag, trap_flag && Self::steps_by_branches(cpu));
        if blocking != state {
            cpu.set_blocking(blocking);
        }
        if single_step && !cpu.hold_single_step() {
            self.raise_single_step(cpu);
        }
    }

    /// The trap after an instruction, as #DB with DR6.BS (SDM Vol. 3B §18.2.3).
    fn raise_single_step(&mut self, cpu: &mut impl Processor) {
        const SINGLE_STEP: u64 = 1 << 14;
        let dr6 = cpu.dr6();
        cpu.set_dr6(dr6 | SINGLE_STEP);
        Self::clear_general_detect(cpu);
        // An instruction that was carried out interrupted no delivery, so nothing can be on top of nothing.
        let raised = self.events.raise(Event::exception(exception::DB));
        debug_assert!(raised.is_ok());
    }

    /// IA32_DEBUGCTL.BTF: the trap flag stops at branches, not at instructions.
    pub(crate) fn steps_by_branches(cpu: &impl Processor) -> bool {
        cpu.get(Register::Debugctl) & 1 << 1 != 0
    }

    /// Whether the guest runs 64-bit code now.
    #[must_use]
    pub fn in_64_bit_code(&self, cpu: &impl Processor) -> bool {
        cpu.get(Register::Efer) & efer::LMA != 0
            && cpu.access_rights(SegmentName::Cs) & 1 << 13 != 0
    }

    /// CR4.OSXSAVE and CR4.PKE change with an exit only, so the shadow tells them without asking the processor.
    #[must_use]
    pub fn cpuid_cr4(&self) -> u64 {
        self.cr4_shadow & (cr4::OSXSAVE | cr4::PKE)
    }

    /// DR7 as MOV would leave it, for a #DB that the hypervisor delivers: the processor clears GD then.
    pub(crate) fn clear_general_detect(cpu: &mut impl Processor) {
        const GENERAL_DETECT: u64 = 1 << 13;
        let dr7 = cpu.get(Register::Dr7);
        if let Ok(value) = control::write_dr7(dr7 & !GENERAL_DETECT & 0xffff_ffff) {
            cpu.set(Register::Dr7, value);
        }
    }
}
