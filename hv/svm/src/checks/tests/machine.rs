//! Valid VMCBs of every mode, and handles to spoil them.

use crate::checks::{Processor, Violation, check};
use crate::control::{NestedControl, VirtualInterrupts};
use crate::event::EventInformation;
use crate::field::{Field, Vmcb, VmcbPage, WORDS};
use crate::intercept::Intercepts;
use crate::mock::processors;
use crate::segment::{Attributes, Segment, SegmentRegister};
use alloc::boxed::Box;

pub struct Machine {
    pub vmcb: Box<VmcbPage>,
    pub processor: Processor,
}

const FLAT: SegmentRegister = SegmentRegister {
    selector: 0x10,
    base: 0,
    limit: u32::MAX,
    attributes: Attributes::DATA_32,
};

impl Machine {
    /// What all modes share.
    fn new(cr0: u64, cr4: u64, efer: u64, code: Attributes) -> Self {
        let mut machine = Self {
            vmcb: Box::new([0; WORDS]),
            processor: Processor::from_cpuid(|leaf, subleaf| {
                processors::ZEN_4.cpuid(leaf, subleaf)
            }),
        };
        Intercepts::isthmus().write(&mut *machine.vmcb);
        VirtualInterrupts::new()
            .with_masking(true)
            .write(&mut *machine.vmcb);
        for (field, value) in [
            (Field::MSRPM_BASE_PA, 0x10_0000),
            (Field::IOPM_BASE_PA, 0x20_0000),
            (Field::GUEST_ASID, 1),
            (Field::NESTED_CONTROL, NestedControl::NESTED_PAGING.bits()),
            (Field::N_CR3, 0x30_0000),
            (Field::G_PAT, 0x0007_0406_0007_0406),
            (Field::CR0, cr0),
            (Field::CR3, 0x4000),
            (Field::CR4, cr4),
            (Field::EFER, efer | 1 << 12),
            (Field::DR6, 0xffff_0ff0),
            (Field::DR7, 0x400),
            (Field::RFLAGS, 2),
            (Field::RIP, 0x7000),
        ] {
            machine.set(field, value);
        }
        let code = SegmentRegister {
            selector: 8,
            attributes: code,
            ..FLAT
        };
        code.write(&mut *machine.vmcb, Segment::Cs);
        for segment in [Segment::Ss, Segment::Ds, Segment::Es] {
            FLAT.write(&mut *machine.vmcb, segment);
        }
        machine
    }

    pub fn long_mode() -> Self {
        Self::new(0x8005_0033, 0x6f0, 0xd01, Attributes::CODE_64)
    }

    pub fn compatibility() -> Self {
        let mut machine = Self::new(0x8005_0033, 0x6f0, 0xd01, Attributes::CODE_32.with_dpl(3));
        machine.set(Field::CPL, 3);
        machine
    }

    pub fn protected() -> Self {
        Self::new(0x31, 0, 0, Attributes::CODE_32)
    }

    pub fn pae() -> Self {
        Self::new(0x8001_0031, 0x20, 0x800, Attributes::CODE_32)
    }

    pub fn real_mode() -> Self {
        Self::new(0x6000_0010, 0, 0, Attributes::CODE_16)
    }

    pub fn virtual_8086() -> Self {
        let mut machine = Self::new(0x8001_0031, 0, 0, Attributes::CODE_16.with_dpl(3));
        machine.set(Field::RFLAGS, 0x2_3202);
        machine.set(Field::CPL, 3);
        machine
    }

    pub fn set(&mut self, field: Field, value: u64) {
        self.vmcb.write(field, value);
    }

    pub fn turn_on(&mut self, field: Field, bits: u64) {
        let value = self.vmcb.read(field) | bits;
        self.set(field, value);
    }

    pub fn turn_off(&mut self, field: Field, bits: u64) {
        let value = self.vmcb.read(field) & !bits;
        self.set(field, value);
    }

    pub fn inject(&mut self, event: EventInformation) {
        event.inject(&mut *self.vmcb);
    }

    pub fn check(&self) -> Result<(), Violation> {
        check(&*self.vmcb, &self.processor)
    }
}
