//! A VMCS that passes, for each mode a guest can be in, and the processor that is to enter it.

use crate::capabilities::{Allowed, Capabilities};
use crate::checks::{Processor, Violation, check};
use crate::controls::{
    Controls, PinBased, PrimaryProcessorBased, SecondaryProcessorBased, VmEntry, VmExit, Wanted,
    negotiate,
};
use crate::exit::{ActivityState, InterruptionInformation, InterruptionType};
use crate::field::{Field, Vmcs};
use crate::mock::{MapVmcs, processors};
use crate::segment::{AccessRights, Segment, SegmentRegister};
use isthmus_abi::Vector;

const PAT: u64 = 0x0007_0406_0007_0406;

/// A client processor with all that the rules ask about.
const PROCESSOR: Processor = Processor {
    physical_address_bits: 39,
    linear_address_bits: 48,
    efer: 0xd01,
    debugctl: 0xffc7,
    perf_global_ctrl: 0x7_0000_000f,
    linear_address_masking: false,
    rtm: true,
    bus_lock_detection: true,
    sgx: true,
};

#[derive(Clone)]
pub struct Machine {
    pub vmcs: MapVmcs,
    pub capabilities: Capabilities,
    pub processor: Processor,
}

impl Machine {
    pub fn check(&self) -> Result<(), Violation> {
        check(&self.vmcs, &self.capabilities, &self.processor)
    }
    pub fn set(&mut self, field: Field, value: u64) {
        self.vmcs.write(field, value);
    }
    pub fn turn_on(&mut self, field: Field, bits: u64) {
        self.set(field, self.vmcs.read(field) | bits);
    }
    pub fn turn_off(&mut self, field: Field, bits: u64) {
        self.set(field, self.vmcs.read(field) & !bits);
    }
    pub fn turn_on_pin(&mut self, controls: PinBased) {
        self.turn_on(
            Field::PIN_BASED_VM_EXECUTION_CONTROLS,
            controls.bits().into(),
        );
    }
    pub fn turn_on_primary(&mut self, controls: PrimaryProcessorBased) {
        self.turn_on(
            Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
            controls.bits().into(),
        );
    }
    pub fn turn_on_secondary(&mut self, controls: SecondaryProcessorBased) {
        self.turn_on(
            Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
            controls.bits().into(),
        );
    }
    pub fn turn_off_secondary(&mut self, controls: SecondaryProcessorBased) {
        self.turn_off(
            Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
            controls.bits().into(),
        );
    }
    pub fn turn_on_tertiary(&mut self, controls: u64) {
        self.turn_on_primary(PrimaryProcessorBased::ACTIVATE_TERTIARY_CONTROLS);
        self.turn_on(
            Field::TERTIARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
            controls,
        );
    }
    pub fn turn_on_exit(&mut self, controls: VmExit) {
        self.turn_on(Field::VM_EXIT_CONTROLS, controls.bits().into());
    }
    pub fn turn_on_entry(&mut self, controls: VmEntry) {
        self.turn_on(Field::VM_ENTRY_CONTROLS, controls.bits().into());
    }
    pub fn rights(&mut self, segment: Segment, change: impl FnOnce(AccessRights) -> AccessRights) {
        let mut register = SegmentRegister::read(&self.vmcs, segment);
        register.access_rights = change(register.access_rights);
        register.write(&mut self.vmcs, segment);
    }
    pub fn inject(&mut self, kind: InterruptionType, vector: u8) {
        let event = InterruptionInformation::event(kind, Vector(vector));
        self.set(
            Field::VM_ENTRY_INTERRUPTION_INFORMATION,
            event.into_bits().into(),
        );
    }
    pub fn inject_with_code(&mut self, vector: u8, code: u64) {
        self.inject(InterruptionType::HARDWARE_EXCEPTION, vector);
        self.turn_on(Field::VM_ENTRY_INTERRUPTION_INFORMATION, 1 << 11);
        self.set(Field::VM_ENTRY_EXCEPTION_ERROR_CODE, code);
    }
    fn segment(
        &mut self,
        segment: Segment,
        selector: u16,
        base: u64,
        limit: u32,
        access_rights: AccessRights,
    ) {
        SegmentRegister {
            selector,
            base,
            limit,
            access_rights,
        }
        .write(&mut self.vmcs, segment);
    }
    fn data_segments(&mut self, selector: u16, limit: u32, rights: AccessRights) {
        for segment in [
            Segment::Es,
            Segment::Ss,
            Segment::Ds,
            Segment::Fs,
            Segment::Gs,
        ] {
            self.segment(segment, selector, u64::from(selector) << 4, limit, rights);
        }
    }

    fn host(&mut self) {
        for (field, value) in [
            (Field::HOST_CR0, 0x8001_0033),
            (Field::HOST_CR3, 0x1000),
            (Field::HOST_CR4, 0x2020),
            (Field::HOST_CS_SELECTOR, 0x8),
            (Field::HOST_SS_SELECTOR, 0x10),
            (Field::HOST_TR_SELECTOR, 0x18),
            (Field::HOST_GDTR_BASE, 0xffff_8000_0000_0000),
            (Field::HOST_RIP, 0xffff_ffff_8020_0000),
            (Field::HOST_IA32_EFER, 0xd00),
            (Field::HOST_IA32_PAT, PAT),
        ] {
            self.set(field, value);
        }
    }

    fn write_controls(&mut self, controls: Controls) {
        for (field, value) in [
            (Field::PIN_BASED_VM_EXECUTION_CONTROLS, controls.pin.bits()),
            (
                Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
                controls.primary.bits(),
            ),
            (
                Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
                controls.secondary.bits(),
            ),
            (Field::VM_EXIT_CONTROLS, controls.exit.bits()),
            (Field::VM_ENTRY_CONTROLS, controls.entry.bits()),
        ] {
            self.set(field, value.into());
        }
    }

    /// A guest in real mode at the reset vector, with the controls that Isthmus wants, on a processor whose every
    /// control may be 1.
    pub fn real_mode() -> Self {
        let known = processors::BOCHS_TIGERLAKE.capabilities();
        let all = |known: Allowed| Allowed(known.0 | 0xffff_ffff << 32);
        let capabilities = Capabilities {
            pin: all(known.pin),
            primary: all(known.primary),
            secondary: all(known.secondary),
            tertiary: u64::MAX,
            exit: all(known.exit),
            secondary_exit: u64::MAX,
            entry: all(known.entry),
            ..known
        };
        let mut machine = Self {
            vmcs: MapVmcs::new(),
            capabilities,
            processor: PROCESSOR,
        };
        machine.write_controls(negotiate(&known, &Wanted::isthmus()).unwrap());
        machine.host();
        for (field, value) in [
            (Field::VIRTUAL_PROCESSOR_IDENTIFIER, 1),
            (Field::EPT_POINTER, 0x501e),
            (Field::VMCS_LINK_POINTER, u64::MAX),
            (Field::GUEST_IA32_PAT, PAT),
            (Field::GUEST_CR0, 0x30),
            (Field::GUEST_CR4, 0x2000),
            (Field::GUEST_DR7, 0x400),
            (Field::GUEST_RIP, 0xfff0),
            (Field::GUEST_RFLAGS, 2),
            (Field::GUEST_GDTR_LIMIT, 0xffff),
            (Field::GUEST_IDTR_LIMIT, 0xffff),
        ] {
            machine.set(field, value);
        }
        machine.data_segments(0, 0xffff, AccessRights::DATA_16);
        machine.segment(
            Segment::Cs,
            0xf000,
            0xffff_0000,
            0xffff,
            AccessRights::CODE_16,
        );
        machine.segment(Segment::Ldtr, 0, 0, 0xffff, AccessRights::LDT);
        machine.segment(Segment::Tr, 0, 0, 0xffff, AccessRights::BUSY_TSS);
        machine
    }

    /// This entry with controls for a processor with other capabilities.
    pub fn negotiated(mut self, capabilities: Capabilities) -> Self {
        let mut controls = negotiate(&capabilities, &Wanted::isthmus()).unwrap();
        let kept =
            VmEntry::IA32E_MODE_GUEST.bits() & self.vmcs.read(Field::VM_ENTRY_CONTROLS) as u32;
        controls.entry |= VmEntry::from_bits_retain(kept);
        self.capabilities = capabilities;
        self.write_controls(controls);
        self
    }

    /// Flat 32-bit segments, no paging.
    pub fn protected() -> Self {
        let mut machine = Self::real_mode();
        machine.set(Field::GUEST_CR0, 0x31);
        machine.set(Field::GUEST_RIP, 0x10_0000);
        machine.data_segments(0, u32::MAX, AccessRights::DATA_32);
        machine.segment(Segment::Cs, 0x10, 0, u32::MAX, AccessRights::CODE_32);
        machine
    }

    /// 32-bit with PAE paging.
    pub fn pae() -> Self {
        let mut machine = Self::protected();
        machine.set(Field::GUEST_CR0, 0x8001_0031);
        machine.set(Field::GUEST_CR4, 0x2020);
        machine.set(Field::GUEST_CR3, 0x7000);
        machine.set(Field::GUEST_PDPTE0, 0x8001);
        machine
    }

    /// A virtual-8086 task.
    pub fn virtual_8086() -> Self {
        let mut machine = Self::pae();
        machine.set(Field::GUEST_RFLAGS, 0x2_0002);
        machine.set(Field::GUEST_RIP, 0x100);
        machine.data_segments(0x1234, 0xffff, AccessRights::from_bits(0xf3));
        machine.segment(
            Segment::Cs,
            0x1000,
            0x1_0000,
            0xffff,
            AccessRights::from_bits(0xf3),
        );
        machine
    }

    /// A 64-bit kernel.
    pub fn long_mode() -> Self {
        let mut machine = Self::pae();
        machine.turn_on_entry(VmEntry::IA32E_MODE_GUEST);
        machine.set(Field::GUEST_IA32_EFER, 0xd01);
        machine.set(Field::GUEST_RIP, 0xffff_ffff_8100_0000);
        machine.set(Field::GUEST_GDTR_BASE, 0xffff_fe00_0000_1000);
        machine.segment(Segment::Cs, 0x10, 0, u32::MAX, AccessRights::CODE_64);
        machine.segment(
            Segment::Gs,
            0,
            0xffff_8880_0000_0000,
            0,
            AccessRights::UNUSABLE,
        );
        machine.segment(Segment::Ldtr, 0, 0, 0, AccessRights::UNUSABLE);
        machine.segment(
            Segment::Tr,
            0x40,
            0xffff_fe00_0000_3000,
            0x67,
            AccessRights::BUSY_TSS,
        );
        machine
    }

    /// A 64-bit kernel without "unrestricted guest".
    pub fn restricted() -> Self {
        let mut machine = Self::long_mode();
        machine.turn_off_secondary(SecondaryProcessorBased::UNRESTRICTED_GUEST);
        machine
    }

    /// A 64-bit kernel in HLT that accepts interrupts.
    pub fn halted() -> Self {
        let mut machine = Self::long_mode();
        machine.set(Field::GUEST_ACTIVITY_STATE, u64::from(ActivityState::HLT.0));
        machine.set(Field::GUEST_RFLAGS, 0x202);
        machine
    }

    /// A vCPU after INIT.
    pub fn waiting() -> Self {
        let mut machine = Self::real_mode();
        machine.set(
            Field::GUEST_ACTIVITY_STATE,
            u64::from(ActivityState::WAIT_FOR_SIPI.0),
        );
        machine
    }
}
