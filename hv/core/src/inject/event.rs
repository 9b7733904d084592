//! Events as VM entry delivers them, and what becomes of two at once (SDM Vol. 3A §6.15, tables 6-4 and 6-5).

use isthmus_abi::Vector;

/// Exception vectors with a role in the rules (SDM Vol. 3A table 6-1).
pub mod exception {
    use isthmus_abi::Vector;
    /// Divide error.
    pub const DE: Vector = Vector(0);
    /// Debug.
    pub const DB: Vector = Vector(1);
    /// Non-maskable interrupt.
    pub const NMI: Vector = Vector(2);
    /// Breakpoint.
    pub const BP: Vector = Vector(3);
    /// Overflow.
    pub const OF: Vector = Vector(4);
    /// Invalid opcode.
    pub const UD: Vector = Vector(6);
    /// Device not available.
    pub const NM: Vector = Vector(7);
    /// Double fault.
    pub const DF: Vector = Vector(8);
    /// Invalid TSS.
    pub const TS: Vector = Vector(10);
    /// Segment not present.
    pub const NP: Vector = Vector(11);
    /// Stack-segment fault.
    pub const SS: Vector = Vector(12);
    /// General protection.
    pub const GP: Vector = Vector(13);
    /// Page fault.
    pub const PF: Vector = Vector(14);
    /// Floating-point error.
    pub const MF: Vector = Vector(16);
    /// Alignment check.
    pub const AC: Vector = Vector(17);
    /// Machine check.
    pub const MC: Vector = Vector(18);
    /// SIMD floating-point error.
    pub const XM: Vector = Vector(19);
    /// Virtualization exception.
    pub const VE: Vector = Vector(20);
    /// Control protection.
    pub const CP: Vector = Vector(21);
}

/// What kind of event it is, numbered as VT-x does (SDM Vol. 3C table 25-17) and AMD-V as far as it goes (APM Vol. 2
/// §15.20).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum EventKind {
    /// From an interrupt controller.
    External = 0,
    /// Non-maskable interrupt.
    Nmi = 2,
    /// Raised by the processor.
    HardwareException = 3,
    /// INT n.
    SoftwareInterrupt = 4,
    /// INT1 (ICEBP).
    PrivilegedSoftwareException = 5,
    /// INT3 or INTO.
    SoftwareException = 6,
}

impl EventKind {
    /// Whether VM entry needs the length of the instruction that raised the event (SDM Vol. 3C §25.8.3).
    #[must_use]
    pub const fn is_software(self) -> bool {
        matches!(
            self,
            Self::SoftwareInterrupt | Self::PrivilegedSoftwareException | Self::SoftwareException
        )
    }
}

/// An event for the guest, as VM entry delivers it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Event {
    /// Its vector.
    pub vector: Vector,
    /// Its type.
    pub kind: EventKind,
    /// The error code it pushes, if it pushes one. Real mode pushes none: leave it out there.
    pub error_code: Option<u32>,
    /// Bytes of the instruction that raised a software event, 1 to 15 (0 for others).
    pub instruction_length: u8,
}

impl Event {
    /// An exception without an error code.
    #[must_use]
    pub const fn exception(vector: Vector) -> Self {
        Self {
            vector,
            kind: EventKind::HardwareException,
            error_code: None,
            instruction_length: 0,
        }
    }

    /// An exception with an error code. Architectural error codes fit 16 bits, a page fault's too.
    #[must_use]
    pub const fn exception_with_code(vector: Vector, code: u32) -> Self {
        Self {
            vector,
            kind: EventKind::HardwareException,
            error_code: Some(code),
            instruction_length: 0,
        }
    }

    /// #GP(0).
    #[must_use]
    pub const fn general_protection() -> Self {
        Self::exception_with_code(exception::GP, 0)
    }

    /// #UD.
    #[must_use]
    pub const fn invalid_opcode() -> Self {
        Self::exception(exception::UD)
    }

    /// A page fault; CR2 is the caller's to set.
    #[must_use]
    pub const fn page_fault(code: u32) -> Self {
        Self::exception_with_code(exception::PF, code)
    }

    /// An NMI.
    #[must_use]
    pub const fn nmi() -> Self {
        Self {
            vector: exception::NMI,
            kind: EventKind::Nmi,
            error_code: None,
            instruction_length: 0,
        }
    }

    /// An interrupt from the local APIC or the PIC.
    #[must_use]
    pub const fn external(vector: Vector) -> Self {
        Self {
            vector,
            kind: EventKind::External,
            error_code: None,
            instruction_length: 0,
        }
    }

    /// INT n, from an instruction of that many bytes.
    #[must_use]
    pub const fn software_interrupt(vector: Vector, instruction_length: u8) -> Self {
        Self {
            vector,
            kind: EventKind::SoftwareInterrupt,
            error_code: None,
            instruction_length,
        }
    }

    const fn class(&self) -> Class {
        if !matches!(self.kind, EventKind::HardwareException) {
            return Class::Benign;
        }
        match self.vector {
            exception::DE
            | exception::TS
            | exception::NP
            | exception::SS
            | exception::GP
            | exception::CP => Class::Contributory,
            exception::PF | exception::VE => Class::PageFault,
            exception::DF => Class::DoubleFault,
            _ => Class::Benign,
        }
    }
}

/// SDM Vol. 3A table 6-4.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Class {
    Benign,
    Contributory,
    PageFault,
    DoubleFault,
}

/// What becomes of an exception raised while another event was being delivered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Combined {
    /// The second is delivered in the first's place. A first that was a fault or a software event comes again when its
    /// instruction does.
    Second,
    /// A double fault is delivered instead of both.
    DoubleFault,
    /// The processor shuts down: the triple fault.
    Shutdown,
}

/// The rule of SDM Vol. 3A table 6-5 for an exception `second` during the delivery of `first`.
#[must_use]
pub const fn combine(first: &Event, second: &Event) -> Combined {
    match (first.class(), second.class()) {
        (Class::DoubleFault, Class::Contributory | Class::PageFault | Class::DoubleFault) => {
            Combined::Shutdown
        }
        (Class::Contributory, Class::Contributory)
        | (Class::PageFault, Class::Contributory | Class::PageFault) => Combined::DoubleFault,
        _ => Combined::Second,
    }
}
