//! What the hypervisor's decisions ask of a processor, answered from a VMCB: [`SvmProcessor`] is `hv/core`'s
//! [`Processor`] over whatever has the VMCB at hand, which is the hardware in `hv/hal` and a page in tests.
//!
//! Guest state and exit information are steered by a guest; every value has an answer. Where a processor has no
//! decode assists and no next-RIP save, [`crate::instruction`] reads the guest's instruction instead.

mod leave;
mod maps;

pub use maps::{io_permissions, msr_permissions};

use crate::control::{InterruptShadow, VirtualInterrupts};
use crate::event::{EventInformation, EventType};
use crate::exit::{ExitCode, ExitKind};
use crate::field::{Field, Vmcb};
use crate::intercept::{Vector3, set_vector_3};
use crate::segment::{Attributes, Segment};
use core::ops::{Deref, DerefMut};
use isthmus_abi::{CoreId, Msr, PartitionId};
use isthmus_boot::start::{DescriptorTable, SegmentState};
use isthmus_hv_core::control::{ControlBits, cr4};
use isthmus_hv_core::inject::{Event, EventKind, exception, interruptibility};
use isthmus_hv_core::msr::index;
use isthmus_hv_core::processor::{
    CodeBytes, Exit, Host, Processor, Register, SegmentName, Setup, TableName,
};

/// Secure virtual machine enable: a guest's EFER must have it while it runs, and must not see it (§15.5.1).
const EFER_SVME: u64 = 1 << 12;
/// CR0, CR4 and CR8, whose writes exit, and CR8, whose reads do; it is the local APIC's. CR3 is the guest's own.
const CR_WRITES: u16 = 1 << 0 | 1 << 4 | 1 << 8;
const CR_READS: u16 = 1 << 8;
const CR4_READ: u16 = 1 << 4;
/// DR6 after INIT (APM Vol. 2 Table 14-1).
const DR6_RESET: u64 = 0xffff_0ff0;

/// What is remembered of a vCPU between its runs beside the VMCB: the processor keeps no account of blocked NMIs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nmis {
    /// An NMI was delivered and its handler has not executed IRET.
    pub blocked: bool,
    /// An exit is wanted when NMIs are taken.
    pub window: bool,
}

/// A core with a vCPU's VMCB at hand.
pub trait SvmCore: Vmcb + Host {
    /// Whether the processor saves the next RIP.
    fn has_nrip(&self) -> bool;
    /// Whether the processor decodes operands.
    fn has_decode_assists(&self) -> bool;
    /// What is remembered of NMIs.
    fn nmis(&mut self) -> &mut Nmis;
    /// As [`SvmCore::nmis`], to look at.
    fn nmis_ref(&self) -> &Nmis;
    /// The guest's XCR0, already checked.
    fn set_xcr0(&mut self, value: u64);
    /// DR0 to DR3 as after INIT.
    fn reset_breakpoints(&mut self);
    /// A register that VMLOAD does not load and that holds the guest's value while its vCPU is loaded (TSC_AUX).
    fn read_msr(&self, msr: Msr) -> u64;
    /// Writes such a register, already checked.
    fn write_msr(&mut self, msr: Msr, value: u64);
    /// Drops the vCPU's cached translations before its next entry (§15.16).
    fn flush_translations(&mut self);
}

/// What SVM asks of a guest's control registers: nothing but what `hv/core` wants by itself. A guest's CD slows the guest
/// alone. Every change exits.
#[must_use]
pub const fn control_bits() -> ControlBits {
    ControlBits {
        cr0_one: 0,
        cr0_zero: 0,
        cr4_one: 0,
        cr4_allowed: !(cr4::VMXE | cr4::SMXE),
        cr0_owned: 0,
        cr4_ownable: 0,
    }
}

/// `hv/core`'s processor over a core with a VMCB.
#[derive(Debug)]
pub struct SvmProcessor<T> {
    core: T,
    /// Bytes of the instruction that exited.
    length: u8,
}

impl<T> SvmProcessor<T> {
    /// Over a core.
    pub const fn new(core: T) -> Self {
        Self { core, length: 0 }
    }
}

impl<T> Deref for SvmProcessor<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.core
    }
}

impl<T> DerefMut for SvmProcessor<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.core
    }
}

impl<T: Host> Host for SvmProcessor<T> {
    #[inline]
    fn host_tsc(&self) -> u64 {
        self.core.host_tsc()
    }
    fn core(&self) -> CoreId {
        self.core.core()
    }
    fn kick(&mut self, core: CoreId) {
        self.core.kick(core);
    }
    fn console(&mut self, partition: PartitionId, bytes: &[u8]) {
        self.core.console(partition, bytes);
    }
}

const fn field(register: Register) -> Field {
    match register {
        Register::Rip => Field::RIP,
        Register::Rsp => Field::RSP,
        Register::Rflags => Field::RFLAGS,
        Register::Cr3 => Field::CR3,
        Register::Dr7 => Field::DR7,
        Register::Efer => Field::EFER,
        Register::Pat => Field::G_PAT,
        Register::Debugctl => Field::DBGCTL,
        Register::SysenterCs => Field::SYSENTER_CS,
        Register::SysenterEsp => Field::SYSENTER_ESP,
        Register::SysenterEip => Field::SYSENTER_EIP,
        Register::FsBase => Field::FS_BASE,
        Register::GsBase => Field::GS_BASE,
    }
}

const fn segment(name: SegmentName) -> Segment {
    match name {
        SegmentName::Es => Segment::Es,
        SegmentName::Cs => Segment::Cs,
        SegmentName::Ss => Segment::Ss,
        SegmentName::Ds => Segment::Ds,
        SegmentName::Fs => Segment::Fs,
        SegmentName::Gs => Segment::Gs,
        SegmentName::Ldtr => Segment::Ldtr,
        SegmentName::Tr => Segment::Tr,
    }
}

/// The registers that VMLOAD and VMSAVE keep in the VMCB (§15.5.2).
const fn saved_register(msr: Msr) -> Option<Field> {
    match msr {
        index::STAR => Some(Field::STAR),
        index::LSTAR => Some(Field::LSTAR),
        index::CSTAR => Some(Field::CSTAR),
        index::SFMASK => Some(Field::SFMASK),
        index::KERNEL_GS_BASE => Some(Field::KERNEL_GS_BASE),
        _ => None,
    }
}

const fn information(event: &Event) -> EventInformation {
    let kind = match event.kind {
        EventKind::External => EventType::INTERRUPT,
        EventKind::Nmi => EventType::NMI,
        EventKind::SoftwareInterrupt => EventType::SOFTWARE_INTERRUPT,
        EventKind::HardwareException
        | EventKind::PrivilegedSoftwareException
        | EventKind::SoftwareException => EventType::EXCEPTION,
    };
    match event.error_code {
        Some(code) => EventInformation::event(kind, event.vector)
            .with_error_code_valid(true)
            .with_error_code(code),
        None => EventInformation::event(kind, event.vector),
    }
}

impl<T: SvmCore> Processor for SvmProcessor<T> {
    #[inline]
    fn exit(&mut self, code: impl FnOnce(&Self) -> CodeBytes) -> Exit {
        let exit = ExitCode::read(&self.core);
        self.length = 0;
        if exit.is_invalid() {
            return self.refused(code, exit);
        }
        match exit.kind() {
            ExitKind::CrRead(_) | ExitKind::CrWrite(_) => self.control_access(code, exit),
            ExitKind::Exception(vector) => self.exception(vector),
            ExitKind::Other(exit) => self.by_code(code, exit),
            ExitKind::DrRead(_) | ExitKind::DrWrite(_) | ExitKind::CrWriteTrap(_) => {
                Exit::Internal("an exit that was not asked for")
            }
        }
    }

    /// §15.7.2. RIP is still at an instruction that raised an event by software, which will raise it again.
    fn interrupted_event(&mut self) -> Option<Event> {
        let interrupted = EventInformation::interrupted(&self.core)?;
        let vector = interrupted.vector();
        match interrupted.kind() {
            EventType::INTERRUPT => Some(Event::external(vector)),
            EventType::NMI => {
                // It was not delivered, so it does not block the next one yet.
                self.nmis().blocked = false;
                set_vector_3(&mut self.core, Vector3::IRET, false);
                Some(Event::nmi())
            }
            EventType::EXCEPTION if vector == exception::BP || vector == exception::OF => None,
            EventType::EXCEPTION => Some(Event {
                error_code: interrupted
                    .error_code_valid()
                    .then(|| interrupted.error_code()),
                ..Event::exception(vector)
            }),
            _ => None,
        }
    }

    #[inline]
    fn instruction_length(&self) -> u64 {
        u64::from(self.length)
    }

    #[inline]
    fn get(&self, register: Register) -> u64 {
        let value = self.core.read(field(register));
        match register {
            Register::Efer => value & !EFER_SVME,
            _ => value,
        }
    }
    #[inline]
    fn set(&mut self, register: Register, value: u64) {
        let value = match register {
            Register::Efer => value | EFER_SVME,
            _ => value,
        };
        self.core.write(field(register), value);
    }
    fn cr0(&self) -> u64 {
        self.read(Field::CR0)
    }
    fn set_cr0(&mut self, effective: u64, _shown: u64) {
        self.core.write(Field::CR0, effective);
    }
    fn cr4(&self) -> u64 {
        self.read(Field::CR4)
    }
    /// There is no read shadow: while the guest must not see what is in effect, its reads exit.
    fn set_cr4(&mut self, effective: u64, shown: u64) {
        self.core.write(Field::CR4, effective);
        let reads = if effective == shown {
            CR_READS
        } else {
            CR_READS | CR4_READ
        };
        self.core.write(Field::CR_READ_INTERCEPTS, u64::from(reads));
    }
    /// With nested paging they are read in memory (§15.25.10).
    fn pdptes(&self) -> Option<[u64; 4]> {
        None
    }
    fn set_pdptes(&mut self, _entries: [u64; 4]) {}
    fn segment(&self, name: SegmentName) -> SegmentState {
        let segment = segment(name);
        SegmentState {
            selector: self.read(segment.selector()) as u16,
            base: self.read(segment.base()),
            limit: self.read(segment.limit()) as u32,
            access: self.access_rights(name),
        }
    }
    fn access_rights(&self, name: SegmentName) -> u32 {
        Attributes::from_bits(self.read(segment(name).attributes()) as u16).to_rights()
    }
    fn set_segment(&mut self, name: SegmentName, state: &SegmentState) {
        let segment = segment(name);
        let attributes = Attributes::from_rights(state.access);
        self.core
            .write(segment.selector(), u64::from(state.selector));
        self.core.write(segment.base(), state.base);
        self.core.write(segment.limit(), u64::from(state.limit));
        self.core
            .write(segment.attributes(), u64::from(attributes.into_bits()));
        if name == SegmentName::Ss {
            self.core.write(Field::CPL, u64::from(attributes.dpl()));
        }
    }
    fn set_table(&mut self, name: TableName, table: &DescriptorTable) {
        let segment = match name {
            TableName::Gdtr => Segment::Gdtr,
            TableName::Idtr => Segment::Idtr,
        };
        self.core.write(segment.base(), table.base);
        self.core.write(segment.limit(), u64::from(table.limit));
    }
    fn cpl(&self) -> u8 {
        (self.read(Field::CPL) & 3) as u8
    }

    #[inline]
    fn blocking(&self) -> u32 {
        let shadow = self.read(Field::INTERRUPT_SHADOW) & InterruptShadow::SHADOW.bits() != 0;
        let mut blocking = 0;
        if shadow {
            blocking |= interruptibility::STI;
        }
        if self.nmis_ref().blocked {
            blocking |= interruptibility::NMI;
        }
        blocking
    }
    fn set_blocking(&mut self, blocking: u32) {
        let shadow = blocking & (interruptibility::STI | interruptibility::MOV_SS) != 0;
        let bits = if shadow {
            InterruptShadow::SHADOW.bits()
        } else {
            0
        };
        self.core.write(Field::INTERRUPT_SHADOW, bits);
        let blocked = blocking & interruptibility::NMI != 0;
        self.nmis().blocked = blocked;
        set_vector_3(&mut self.core, Vector3::IRET, blocked);
    }
    /// A trap cannot be left pending in a VMCB: it is injected instead.
    fn hold_single_step(&mut self) -> bool {
        false
    }
    #[inline]
    fn inject(&mut self, event: &Event) {
        information(event).inject(&mut self.core);
        if event.kind == EventKind::Nmi {
            self.nmis().blocked = true;
            set_vector_3(&mut self.core, Vector3::IRET, true);
        }
    }
    /// A virtual interrupt that is intercepted when it could be taken (§15.21.4).
    fn set_interrupt_window(&mut self, on: bool) {
        VirtualInterrupts::read(&self.core)
            .with_irq(on)
            .with_ignore_tpr(on)
            .write(&mut self.core);
        set_vector_3(&mut self.core, Vector3::VINTR, on);
    }
    fn set_nmi_window(&mut self, on: bool) {
        self.nmis().window = on;
    }

    fn set_up(&mut self, setup: &Setup) {
        for (field, value) in [
            (Field::CR_WRITE_INTERCEPTS, u64::from(CR_WRITES)),
            (Field::CR_READ_INTERCEPTS, u64::from(CR_READS)),
            (Field::EXCEPTION_INTERCEPTS, u64::from(setup.exceptions)),
            (Field::TSC_OFFSET, setup.tsc_offset),
            (Field::G_PAT, setup.pat),
            (Field::DR6, DR6_RESET),
        ] {
            self.core.write(field, value);
        }
        VirtualInterrupts::new()
            .with_masking(true)
            .write(&mut self.core);
    }
    fn clear_events(&mut self) {
        self.core.write(Field::EVENTINJ, 0);
        self.set_blocking(0);
    }
    fn set_tsc_offset(&mut self, offset: u64) {
        self.core.write(Field::TSC_OFFSET, offset);
    }

    fn set_apic_virtualization(&mut self, _on: bool) {}
    fn set_tpr_threshold(&mut self, _threshold: u8) {}
    fn set_interrupt_status(&mut self, _status: u16) {}
    fn set_eoi_exits(&mut self, _vectors: &[u64; 4]) {}

    fn set_xcr0(&mut self, value: u64) {
        self.core.set_xcr0(value);
    }
    fn set_cr2(&mut self, value: u64) {
        self.core.write(Field::CR2, value);
    }
    fn dr6(&self) -> u64 {
        self.read(Field::DR6)
    }
    fn set_dr6(&mut self, value: u64) {
        self.core.write(Field::DR6, value & 0xffff_ffff);
    }
    fn reset_debug_registers(&mut self) {
        self.core.write(Field::DR6, DR6_RESET);
        self.core.write(Field::CR2, 0);
        self.core.reset_breakpoints();
    }
    fn read_msr(&self, msr: Msr) -> u64 {
        match saved_register(msr) {
            Some(field) => self.read(field),
            None => self.core.read_msr(msr),
        }
    }
    fn write_msr(&mut self, msr: Msr, value: u64) {
        match saved_register(msr) {
            Some(field) => self.core.write(field, value),
            None => self.core.write_msr(msr, value),
        }
    }
    fn flush_translations(&mut self) {
        self.core.flush_translations();
    }
}

#[cfg(test)]
mod tests;
