//! What the hypervisor's decisions ask of a processor, answered from a VMCS: [`VmxProcessor`] is `hv/core`'s
//! [`Processor`] over whatever has the VMCS at hand, which is the hardware in `hv/hal` and a map in tests.
//!
//! Guest state and exit information are steered by a guest; every value has an answer.

mod bitmap;
mod event;
mod quick;

pub use bitmap::{BITMAP_BYTES, fill_msr_bitmap};
pub use event::{after_faulting_iret, event_field, event_from_field, must_hold_single_step};
pub use quick::quick_exit;

use crate::exit::{
    ApicAccess, ApicAccessType, BasicReason, CrAccess, CrAccessType, EptViolation, ExitReason,
    IoQualification, StringIoInformation,
};
use crate::field::{Field, Vmcs};
use core::ops::{Deref, DerefMut};
use isthmus_abi::{CoreId, Gpa, Gva, Msr, PartitionId, Vector};
use isthmus_boot::start::{DescriptorTable, SegmentState};
use isthmus_hv_core::control::{CR0_GUEST_OWNED, CR4_GUEST_OWNABLE, ControlBits, cr0, efer};
use isthmus_hv_core::inject::{Event, exception, interruptibility};
use isthmus_hv_core::processor::{
    CodeBytes, ControlAccess, ControlOperation, Exit, Host, MemoryFault, PortAccess, Processor,
    Register, SegmentName, Setup, StringAccess, TableName,
};
use isthmus_hv_core::vcpu::rflags;

use crate::capabilities::Capabilities;

/// A core with a vCPU's VMCS current: the fields by [`Vmcs`], and what is not a field or not for everyone to write.
pub trait VmxCore: Vmcs + Host {
    /// The "interrupt-window exiting" control.
    fn set_interrupt_window(&mut self, on: bool);
    /// The "NMI-window exiting" control.
    fn set_nmi_window(&mut self, on: bool);
    /// The "IA-32e mode guest" entry control.
    fn set_ia32e_mode(&mut self, on: bool);
    /// The guest's XCR0, already checked.
    fn set_xcr0(&mut self, value: u64);
    /// CR2.
    fn set_cr2(&mut self, value: u64);
    /// DR6, the guest's while its vCPU is loaded.
    fn dr6(&self) -> u64;
    /// Sets DR6.
    fn set_dr6(&mut self, value: u64);
    /// CR2 and the debug registers outside the VMCS as after INIT (SDM Vol. 3A Table 9-1).
    fn reset_debug_registers(&mut self);
    /// A register that holds the guest's value while its vCPU is loaded.
    fn read_msr(&self, msr: Msr) -> u64;
    /// Writes such a register, already checked.
    fn write_msr(&mut self, msr: Msr, value: u64);
    /// Hands the local APIC's page to the hardware, or takes it back.
    fn set_apic_virtualization(&mut self, on: bool);
    /// Drops the vCPU's cached translations (INVVPID, SDM Vol. 3C §29.4.3).
    fn flush_translations(&mut self);
}

/// What VMX operation asks of a guest's control registers: the fixed bits (SDM Vol. 3D §A.7 and §A.8) with the
/// "unrestricted guest" control set, and masks that let the harmless bits change without an exit.
#[must_use]
pub fn control_bits(capabilities: &Capabilities) -> ControlBits {
    ControlBits {
        cr0_one: capabilities.cr0.fixed0,
        // A guest's CD would slow the whole core.
        cr0_zero: cr0::CD | cr0::NW,
        cr4_one: capabilities.cr4.fixed0,
        cr4_allowed: capabilities.cr4.fixed1,
        cr0_owned: CR0_GUEST_OWNED,
        cr4_ownable: CR4_GUEST_OWNABLE,
    }
}

const EOI_EXIT_BITMAPS: [Field; 4] = [
    Field::EOI_EXIT_BITMAP_0,
    Field::EOI_EXIT_BITMAP_1,
    Field::EOI_EXIT_BITMAP_2,
    Field::EOI_EXIT_BITMAP_3,
];
const PDPTES: [Field; 4] = [
    Field::GUEST_PDPTE0,
    Field::GUEST_PDPTE1,
    Field::GUEST_PDPTE2,
    Field::GUEST_PDPTE3,
];
/// BS in the pending debug exceptions (SDM Vol. 3C Table 25-4).
const PENDING_SINGLE_STEP: u64 = 1 << 14;
const VALID: u64 = 1 << 31;

/// `hv/core`'s processor over a core with a VMCS.
#[derive(Debug)]
pub struct VmxProcessor<T>(pub T);

impl<T> Deref for VmxProcessor<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for VmxProcessor<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Host> Host for VmxProcessor<T> {
    #[inline]
    fn host_tsc(&self) -> u64 {
        self.0.host_tsc()
    }
    fn core(&self) -> CoreId {
        self.0.core()
    }
    fn kick(&mut self, core: CoreId) {
        self.0.kick(core);
    }
    fn console(&mut self, partition: PartitionId, bytes: &[u8]) {
        self.0.console(partition, bytes);
    }
}

/// The field that holds a register.
const fn field(register: Register) -> Field {
    match register {
        Register::Rip => Field::GUEST_RIP,
        Register::Rsp => Field::GUEST_RSP,
        Register::Rflags => Field::GUEST_RFLAGS,
        Register::Cr3 => Field::GUEST_CR3,
        Register::Dr7 => Field::GUEST_DR7,
        Register::Efer => Field::GUEST_IA32_EFER,
        Register::Pat => Field::GUEST_IA32_PAT,
        Register::Debugctl => Field::GUEST_IA32_DEBUGCTL,
        Register::SysenterCs => Field::GUEST_IA32_SYSENTER_CS,
        Register::SysenterEsp => Field::GUEST_IA32_SYSENTER_ESP,
        Register::SysenterEip => Field::GUEST_IA32_SYSENTER_EIP,
        Register::FsBase => Field::GUEST_FS_BASE,
        Register::GsBase => Field::GUEST_GS_BASE,
    }
}

/// The field at a segment's place in a row that starts with ES (SDM Vol. 3D Appendix B).
const fn in_row(first: Field, name: SegmentName) -> Field {
    Field(first.0 + 2 * name as u32)
}

impl<T: VmxCore> VmxProcessor<T> {
    fn exception_or_nmi(&mut self) -> Exit {
        const DEBUG_CONDITIONS: u64 = 0b1_1110_0000_0000_1111;
        let information = self.read(Field::VM_EXIT_INTERRUPTION_INFORMATION) as u32;
        let code = self.read(Field::VM_EXIT_INTERRUPTION_ERROR_CODE) as u32;
        let length = self.read(Field::VM_EXIT_INSTRUCTION_LENGTH) as u32;
        let Some(event) = event_from_field(information, code, length) else {
            return Exit::Internal("an exception exit without an exception");
        };
        if event == Event::nmi() {
            return Exit::Nmi;
        }
        if event.vector == exception::MC {
            return Exit::MachineCheck;
        }
        self.restore_blocking(information);
        if event.vector == exception::DB {
            let conditions = Some(self.read(Field::EXIT_QUALIFICATION) & DEBUG_CONDITIONS);
            return Exit::Debug { event, conditions };
        }
        Exit::Exception(event)
    }

    /// What the exit cut short is blocked again: NMIs, if the fault was an IRET's, and a single step that waits behind
    /// STI or MOV SS (INT1 exits in such a shadow with nothing pending, and the entry would fail).
    fn restore_blocking(&mut self, information: u32) {
        let vectoring = self.read(Field::IDT_VECTORING_INFORMATION) as u32;
        let state = self.blocking();
        let blocking = after_faulting_iret(state, information, vectoring);
        if blocking != state {
            self.set_blocking(blocking);
        }
        let trap_flag = self.get(Register::Rflags) & rflags::TF != 0;
        let by_branches = self.get(Register::Debugctl) & 1 << 1 != 0;
        if must_hold_single_step(blocking, trap_flag, by_branches) {
            self.hold_single_step();
        }
    }

    fn ept_violation(&mut self) -> Exit {
        let violation = EptViolation::from_bits(self.read(Field::EXIT_QUALIFICATION));
        if violation.nmi_unblocking() && self.read(Field::IDT_VECTORING_INFORMATION) & VALID == 0 {
            // IRET had ended NMI blocking before it faulted; it will run again (SDM Vol. 3C §28.2.3).
            let blocking = self.blocking();
            self.set_blocking(blocking | interruptibility::NMI);
        }
        let in_walk = violation.linear_address_valid() && !violation.final_translation();
        Exit::Memory(MemoryFault {
            gpa: Gpa(self.read(Field::GUEST_PHYSICAL_ADDRESS)),
            write: violation.write(),
            fetch: violation.fetch(),
            walk_for: in_walk.then(|| Gva(self.read(Field::GUEST_LINEAR_ADDRESS))),
        })
    }

    fn port_access(&self) -> PortAccess {
        let access = IoQualification::from_bits(self.read(Field::EXIT_QUALIFICATION));
        let string = access.string().then(|| {
            let information = StringIoInformation::from_bits(
                self.read(Field::VM_EXIT_INSTRUCTION_INFORMATION) as u32,
            );
            StringAccess {
                repeat: access.rep(),
                address_size: information.address_size(),
                segment: information.segment_number(),
            }
        });
        PortAccess {
            port: access.port(),
            size: access.size(),
            is_in: access.is_in(),
            string,
        }
    }

    fn control_access(&self) -> ControlAccess {
        let access = CrAccess::from_bits(self.read(Field::EXIT_QUALIFICATION));
        ControlAccess {
            register: access.control_register(),
            operation: match access.access_type() {
                CrAccessType::MovTo => ControlOperation::Write(access.register()),
                CrAccessType::MovFrom => ControlOperation::Read(access.register()),
                CrAccessType::Clts => ControlOperation::Clts,
                CrAccessType::Lmsw => ControlOperation::Lmsw(access.lmsw_source()),
            },
        }
    }

    fn apic_access(&self) -> Exit {
        let access = ApicAccess::from_bits(self.read(Field::EXIT_QUALIFICATION));
        Exit::ApicAccess {
            fetch: access.access_type() == ApicAccessType::FETCH,
        }
    }
}

impl<T: VmxCore> Processor for VmxProcessor<T> {
    #[inline]
    fn exit(&mut self, _code: impl FnOnce(&Self) -> CodeBytes) -> Exit {
        let reason = ExitReason(self.read(Field::EXIT_REASON) as u32);
        if reason.is_entry_failure() {
            return Exit::EntryFailed(reason.0);
        }
        match reason.basic() {
            BasicReason::CPUID => Exit::Cpuid,
            BasicReason::RDMSR => Exit::Rdmsr,
            BasicReason::WRMSR => Exit::Wrmsr,
            BasicReason::IO_INSTRUCTION => Exit::Port(self.port_access()),
            BasicReason::EXTERNAL_INTERRUPT => Exit::Interrupt(Some(Vector(
                self.read(Field::VM_EXIT_INTERRUPTION_INFORMATION) as u8,
            ))),
            BasicReason::PREEMPTION_TIMER => Exit::TimeOver,
            BasicReason::INTERRUPT_WINDOW => Exit::InterruptWindow,
            BasicReason::NMI_WINDOW => Exit::NmiWindow,
            BasicReason::TPR_BELOW_THRESHOLD => Exit::BelowTprThreshold,
            BasicReason::HLT => Exit::Halt,
            BasicReason::EPT_VIOLATION => self.ept_violation(),
            BasicReason::APIC_WRITE => {
                Exit::ApicWrite(self.read(Field::EXIT_QUALIFICATION) as u16 & 0xfff)
            }
            BasicReason::VIRTUALIZED_EOI => {
                Exit::ApicEoi(Vector(self.read(Field::EXIT_QUALIFICATION) as u8))
            }
            BasicReason::APIC_ACCESS => self.apic_access(),
            BasicReason::CR_ACCESS => Exit::ControlRegister(self.control_access()),
            BasicReason::XSETBV => Exit::Xsetbv,
            BasicReason::EXCEPTION_OR_NMI => self.exception_or_nmi(),
            BasicReason::WBINVD | BasicReason::INVD | BasicReason::PAUSE => Exit::CacheOrPause,
            BasicReason::RDPMC => Exit::Rdpmc,
            BasicReason::VMCALL => Exit::Hypercall,
            BasicReason::TRIPLE_FAULT => Exit::TripleFault,
            BasicReason::INIT | BasicReason::SIPI => Exit::Ignored,
            BasicReason::TASK_SWITCH => Exit::TaskSwitch,
            BasicReason::EPT_MISCONFIGURATION => Exit::Internal("EPT misconfiguration"),
            _ => Exit::Undefined,
        }
    }

    /// SDM Vol. 3C §28.2.4 and §34.7.1.1.
    #[inline]
    fn interrupted_event(&mut self) -> Option<Event> {
        let information = self.read(Field::IDT_VECTORING_INFORMATION);
        if information & VALID == 0 {
            return None;
        }
        let code = self.read(Field::IDT_VECTORING_ERROR_CODE);
        let length = self.read(Field::VM_EXIT_INSTRUCTION_LENGTH);
        let event = event_from_field(information as u32, code as u32, length as u32)?;
        if event == Event::nmi() {
            // It was not delivered, so it does not block the next one yet.
            let blocking = self.blocking();
            self.set_blocking(blocking & !interruptibility::NMI);
        }
        Some(event)
    }

    #[inline]
    fn instruction_length(&self) -> u64 {
        self.read(Field::VM_EXIT_INSTRUCTION_LENGTH) & 0xf
    }

    #[inline]
    fn get(&self, register: Register) -> u64 {
        self.read(field(register))
    }
    #[inline]
    fn set(&mut self, register: Register, value: u64) {
        self.write(field(register), value);
        if register == Register::Efer {
            self.set_ia32e_mode(value & efer::LMA != 0);
        }
    }
    fn cr0(&self) -> u64 {
        self.read(Field::GUEST_CR0)
    }
    fn set_cr0(&mut self, effective: u64, shown: u64) {
        self.write(Field::GUEST_CR0, effective);
        self.write(Field::CR0_READ_SHADOW, shown);
    }
    fn cr4(&self) -> u64 {
        self.read(Field::GUEST_CR4)
    }
    fn set_cr4(&mut self, effective: u64, shown: u64) {
        self.write(Field::GUEST_CR4, effective);
        self.write(Field::CR4_READ_SHADOW, shown);
    }
    fn pdptes(&self) -> Option<[u64; 4]> {
        Some(PDPTES.map(|field| self.read(field)))
    }
    fn set_pdptes(&mut self, entries: [u64; 4]) {
        for (field, entry) in PDPTES.into_iter().zip(entries) {
            self.write(field, entry);
        }
    }
    fn segment(&self, name: SegmentName) -> SegmentState {
        SegmentState {
            selector: self.read(in_row(Field::GUEST_ES_SELECTOR, name)) as u16,
            base: self.read(in_row(Field::GUEST_ES_BASE, name)),
            limit: self.read(in_row(Field::GUEST_ES_LIMIT, name)) as u32,
            access: self.access_rights(name),
        }
    }
    fn access_rights(&self, name: SegmentName) -> u32 {
        self.read(in_row(Field::GUEST_ES_ACCESS_RIGHTS, name)) as u32
    }
    fn set_segment(&mut self, name: SegmentName, state: &SegmentState) {
        for (first, value) in [
            (Field::GUEST_ES_SELECTOR, u64::from(state.selector)),
            (Field::GUEST_ES_BASE, state.base),
            (Field::GUEST_ES_LIMIT, u64::from(state.limit)),
            (Field::GUEST_ES_ACCESS_RIGHTS, u64::from(state.access)),
        ] {
            self.write(in_row(first, name), value);
        }
    }
    fn set_table(&mut self, name: TableName, table: &DescriptorTable) {
        let (base, limit) = match name {
            TableName::Gdtr => (Field::GUEST_GDTR_BASE, Field::GUEST_GDTR_LIMIT),
            TableName::Idtr => (Field::GUEST_IDTR_BASE, Field::GUEST_IDTR_LIMIT),
        };
        self.write(base, table.base);
        self.write(limit, u64::from(table.limit));
    }
    fn cpl(&self) -> u8 {
        (self.access_rights(SegmentName::Ss) >> 5 & 3) as u8
    }

    #[inline]
    fn blocking(&self) -> u32 {
        self.read(Field::GUEST_INTERRUPTIBILITY_STATE) as u32
    }
    fn set_blocking(&mut self, blocking: u32) {
        self.write(Field::GUEST_INTERRUPTIBILITY_STATE, u64::from(blocking));
    }
    fn hold_single_step(&mut self) -> bool {
        let pending = self.read(Field::GUEST_PENDING_DEBUG_EXCEPTIONS);
        self.write(
            Field::GUEST_PENDING_DEBUG_EXCEPTIONS,
            pending | PENDING_SINGLE_STEP,
        );
        true
    }
    #[inline]
    fn inject(&mut self, event: &Event) {
        self.write(
            Field::VM_ENTRY_INTERRUPTION_INFORMATION,
            u64::from(event_field(event)),
        );
        let code = event.error_code.unwrap_or(0);
        self.write(Field::VM_ENTRY_EXCEPTION_ERROR_CODE, u64::from(code));
        let length = u64::from(event.instruction_length);
        self.write(Field::VM_ENTRY_INSTRUCTION_LENGTH, length);
    }
    fn set_interrupt_window(&mut self, on: bool) {
        self.0.set_interrupt_window(on);
    }
    fn set_nmi_window(&mut self, on: bool) {
        self.0.set_nmi_window(on);
    }

    fn set_up(&mut self, setup: &Setup) {
        for (field, value) in [
            (Field::CR0_GUEST_HOST_MASK, setup.cr0_mask),
            (Field::CR4_GUEST_HOST_MASK, setup.cr4_mask),
            (Field::EXCEPTION_BITMAP, u64::from(setup.exceptions)),
            (Field::PAGE_FAULT_ERROR_CODE_MASK, 0),
            (Field::PAGE_FAULT_ERROR_CODE_MATCH, 0),
            (Field::CR3_TARGET_COUNT, 0),
            (Field::TSC_OFFSET, setup.tsc_offset),
            (Field::GUEST_IA32_PAT, setup.pat),
        ] {
            self.write(field, value);
        }
    }
    fn clear_events(&mut self) {
        for field in [
            Field::GUEST_INTERRUPTIBILITY_STATE,
            Field::GUEST_ACTIVITY_STATE,
            Field::GUEST_PENDING_DEBUG_EXCEPTIONS,
            Field::VM_ENTRY_INTERRUPTION_INFORMATION,
        ] {
            self.write(field, 0);
        }
    }
    fn set_tsc_offset(&mut self, offset: u64) {
        self.write(Field::TSC_OFFSET, offset);
    }

    fn set_apic_virtualization(&mut self, on: bool) {
        self.0.set_apic_virtualization(on);
    }
    fn set_tpr_threshold(&mut self, threshold: u8) {
        self.write(Field::TPR_THRESHOLD, u64::from(threshold));
    }
    /// SDM Vol. 3C §30.2.1.
    fn set_interrupt_status(&mut self, status: u16) {
        self.write(Field::GUEST_INTERRUPT_STATUS, u64::from(status));
    }
    fn set_eoi_exits(&mut self, vectors: &[u64; 4]) {
        for (field, word) in EOI_EXIT_BITMAPS.into_iter().zip(vectors) {
            self.write(field, *word);
        }
    }

    fn set_xcr0(&mut self, value: u64) {
        self.0.set_xcr0(value);
    }
    fn set_cr2(&mut self, value: u64) {
        self.0.set_cr2(value);
    }
    fn dr6(&self) -> u64 {
        self.0.dr6()
    }
    fn set_dr6(&mut self, value: u64) {
        self.0.set_dr6(value);
    }
    fn reset_debug_registers(&mut self) {
        self.0.reset_debug_registers();
    }
    fn read_msr(&self, msr: Msr) -> u64 {
        self.0.read_msr(msr)
    }
    fn write_msr(&mut self, msr: Msr, value: u64) {
        self.0.write_msr(msr, value);
    }
    fn flush_translations(&mut self) {
        self.0.flush_translations();
    }
}
