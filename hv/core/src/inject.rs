//! Which event a vCPU takes at its next VM entry: a pure decision over what is pending, what an exit interrupted, and
//! what the guest blocks. Rules: SDM Vol. 3A §6.14, §6.15 and table 6-5 (double fault), §6.7 and §6.8 (masking), Vol. 3C
//! §24.8.3, §26.3.1.5, §26.6 (injection, interruptibility, priority), §27.2.4 (IDT vectoring).
//!
//! Interrupt numbers and flags are the guest's, hence hostile, but every combination has an answer. Neighbours: the exit
//! handler feeds [`EventQueue`], the run loop asks [`EventQueue::decide`] and writes the answer to the VMCS.

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

/// Interruptibility state, a VMCS guest field (SDM Vol. 3C table 24-3).
pub mod interruptibility {
    /// Blocking by STI.
    pub const STI: u32 = 1 << 0;
    /// Blocking by MOV SS or POP SS.
    pub const MOV_SS: u32 = 1 << 1;
    /// Blocking by NMI (virtual-NMI blocking when that control is set).
    pub const NMI: u32 = 1 << 3;
}

const VALID: u32 = 1 << 31;
const HAS_ERROR_CODE: u32 = 1 << 11;
const NMI_UNBLOCKED: u32 = 1 << 12;

/// The interruption types of the VM-entry, exit and IDT-vectoring information fields (SDM Vol. 3C table 24-16).
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
    const fn from_field(kind: u32) -> Option<Self> {
        match kind {
            0 => Some(Self::External),
            2 => Some(Self::Nmi),
            3 => Some(Self::HardwareException),
            4 => Some(Self::SoftwareInterrupt),
            5 => Some(Self::PrivilegedSoftwareException),
            6 => Some(Self::SoftwareException),
            _ => None,
        }
    }

    /// Whether VM entry needs the length of the instruction that raised the event (SDM Vol. 3C §24.8.3).
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

    /// The event in a VM-exit interruption-information or IDT-vectoring-information field with its error code and the
    /// exit's instruction length; `None` if the field is not valid or its type is reserved.
    #[must_use]
    pub const fn from_field(info: u32, error_code: u32, instruction_length: u32) -> Option<Self> {
        if info & VALID == 0 {
            return None;
        }
        let Some(kind) = EventKind::from_field(info >> 8 & 7) else {
            return None;
        };
        let error_code = if info & HAS_ERROR_CODE != 0 {
            Some(error_code)
        } else {
            None
        };
        let instruction_length = if kind.is_software() {
            instruction_length as u8 & 0xf
        } else {
            0
        };
        Some(Self {
            vector: Vector(info as u8),
            kind,
            error_code,
            instruction_length,
        })
    }

    /// The VM-entry interruption-information field for the event.
    #[must_use]
    pub const fn to_field(&self) -> u32 {
        let has_code = if self.error_code.is_some() {
            HAS_ERROR_CODE
        } else {
            0
        };
        VALID | (self.kind as u32) << 8 | has_code | self.vector.0 as u32
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

/// The vCPU cannot go on: a triple fault. The partition's fault; it ends or restarts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TripleFault;

/// The guest's activity state, a VMCS field (SDM Vol. 3C §24.4.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(u32)]
pub enum Activity {
    /// Executing.
    #[default]
    Active = 0,
    /// Halted by HLT.
    Halted = 1,
    /// After a triple fault.
    Shutdown = 2,
    /// After INIT, until a start-up IPI.
    WaitForSipi = 3,
}

/// What the guest can take now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct GuestState {
    /// RFLAGS.IF.
    pub interrupts_enabled: bool,
    /// The interruptibility-state field.
    pub interruptibility: u32,
    /// What the vCPU is doing.
    pub activity: Activity,
}

impl GuestState {
    /// Whether an external interrupt can be delivered at once.
    #[must_use]
    pub const fn takes_interrupts(&self) -> bool {
        self.interrupts_enabled
            && self.interruptibility & (interruptibility::STI | interruptibility::MOV_SS) == 0
            && matches!(self.activity, Activity::Active | Activity::Halted)
    }

    /// Whether an NMI can be delivered at once. A processor may refuse one in the shadow of STI, so none is tried.
    #[must_use]
    pub const fn takes_nmi(&self) -> bool {
        let blocking = interruptibility::STI | interruptibility::MOV_SS | interruptibility::NMI;
        self.interruptibility & blocking == 0
            && matches!(self.activity, Activity::Active | Activity::Halted)
    }
}

/// The maskable interrupts that wait, as the interrupt controllers report them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PendingInterrupts {
    /// The PIC's output reaches the vCPU (LINT0 in ExtINT mode, or the APIC disabled).
    pub ext_int: bool,
    /// The vector the local APIC would deliver now: highest in IRR, above the processor priority.
    pub lapic: Option<Vector>,
}

impl PendingInterrupts {
    const fn any(&self) -> bool {
        self.ext_int || self.lapic.is_some()
    }
}

/// Where the event of an entry comes from, and so what the run loop does with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Injection {
    /// Nothing to inject.
    None,
    /// Inject this; the queue has let go of it.
    Event(Event),
    /// Acknowledge this vector at the local APIC, then inject it with [`Event::external`].
    Lapic(Vector),
    /// Acknowledge at the PIC, then inject the vector it gives with [`Event::external`].
    ExtInt,
}

/// What to write to the VMCS before the entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EntryDecision {
    /// The event.
    pub injection: Injection,
    /// Set the "interrupt-window exiting" control: an interrupt waits.
    pub want_interrupt_window: bool,
    /// Set the "NMI-window exiting" control: an NMI waits.
    pub want_nmi_window: bool,
    /// For the activity-state field: an injected event ends a halt.
    pub activity: Activity,
    /// For the interruptibility-state field.
    pub interruptibility: u32,
}

impl EntryDecision {
    /// The VM-entry interruption-information field, error code and instruction length, for an event the queue holds.
    #[must_use]
    pub const fn entry_fields(event: &Event) -> (u32, u32, u32) {
        let code = match event.error_code {
            Some(code) => code,
            None => 0,
        };
        (event.to_field(), code, event.instruction_length as u32)
    }
}

/// One vCPU's events that are not the interrupt controllers': at most one in delivery or pending, and one NMI, as in the
/// processor.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct EventQueue {
    /// Was in delivery at the last exit, or pending; goes first.
    next: Option<Event>,
    nmi: bool,
}

impl EventQueue {
    /// A queue with nothing in it.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            next: None,
            nmi: false,
        }
    }

    /// After every exit: `event` is what the IDT-vectoring field holds (see [`Event::from_field`]). It goes in again at
    /// the next entry unless an exception is raised on top.
    pub const fn interrupted(&mut self, event: Event) {
        self.next = Some(event);
    }

    /// Raises an exception, combined with the event whose delivery the exit interrupted.
    ///
    /// # Errors
    /// [`TripleFault`] when the combination shuts the processor down.
    pub const fn raise(&mut self, exception: Event) -> Result<(), TripleFault> {
        let combined = match &self.next {
            Some(first) => combine(first, &exception),
            None => Combined::Second,
        };
        match combined {
            Combined::Second => self.next = Some(exception),
            Combined::DoubleFault => self.next = Some(Event::exception_with_code(exception::DF, 0)),
            Combined::Shutdown => {
                self.next = None;
                return Err(TripleFault);
            }
        }
        Ok(())
    }

    /// An NMI arrives; a second one while the first waits is lost, as in the processor (SDM Vol. 3A §6.7.1).
    pub const fn post_nmi(&mut self) {
        self.nmi = true;
    }

    /// INIT or a restart: everything pending is dropped.
    pub const fn clear(&mut self) {
        *self = Self::new();
    }

    /// Whether an NMI waits.
    #[must_use]
    pub const fn has_nmi(&self) -> bool {
        self.nmi
    }

    /// Whether an exception or an interrupted event waits.
    #[must_use]
    pub const fn has_event(&self) -> bool {
        self.next.is_some()
    }

    /// Whether a vCPU halted by HLT goes on: something waits that it can take (SDM Vol. 2A, HLT). The shadow of STI ends
    /// with the HLT itself.
    #[must_use]
    pub const fn wakes(&self, guest: &GuestState, interrupts: &PendingInterrupts) -> bool {
        let after_halt = GuestState {
            interrupts_enabled: guest.interrupts_enabled,
            interruptibility: guest.interruptibility & interruptibility::NMI,
            activity: guest.activity,
        };
        match guest.activity {
            Activity::Active => true,
            Activity::Halted => {
                self.next.is_some()
                    || self.nmi && after_halt.takes_nmi()
                    || interrupts.any() && after_halt.takes_interrupts()
            }
            Activity::Shutdown | Activity::WaitForSipi => false,
        }
    }

    /// Decides the next entry. First what was interrupted or raised, then an NMI, then the PIC, then the local APIC; what
    /// must wait asks for a window.
    #[must_use]
    pub const fn decide(
        &mut self,
        guest: &GuestState,
        interrupts: &PendingInterrupts,
    ) -> EntryDecision {
        let mut interruptibility = guest.interruptibility;
        if matches!(guest.activity, Activity::Halted) {
            interruptibility &= interruptibility::NMI;
        }
        let mut injection = Injection::None;
        if matches!(guest.activity, Activity::Active | Activity::Halted) {
            let now = GuestState {
                interruptibility,
                interrupts_enabled: guest.interrupts_enabled,
                activity: guest.activity,
            };
            injection = self.choose(&now, interrupts);
        }
        interruptibility = unblocked_for(&injection, interruptibility);
        let taken = !matches!(injection, Injection::None);
        let waiting = match injection {
            // One of the two may still wait behind the one that is taken.
            Injection::Lapic(_) => interrupts.ext_int,
            Injection::ExtInt => interrupts.lapic.is_some(),
            Injection::None | Injection::Event(_) => interrupts.any(),
        };
        EntryDecision {
            injection,
            want_interrupt_window: waiting,
            want_nmi_window: self.nmi,
            activity: if taken {
                Activity::Active
            } else {
                guest.activity
            },
            interruptibility,
        }
    }

    const fn choose(&mut self, guest: &GuestState, interrupts: &PendingInterrupts) -> Injection {
        if let Some(event) = self.next {
            self.next = None;
            return Injection::Event(event);
        }
        if self.nmi && guest.takes_nmi() {
            self.nmi = false;
            return Injection::Event(Event::nmi());
        }
        if guest.takes_interrupts() {
            if interrupts.ext_int {
                return Injection::ExtInt;
            }
            if let Some(vector) = interrupts.lapic {
                return Injection::Lapic(vector);
            }
        }
        Injection::None
    }
}

/// VM entry refuses an NMI with NMIs blocked, and an interrupt or NMI in a shadow (SDM Vol. 3C §26.3.1.5); for one that
/// goes in again the blocking is part of its own delivery and is lifted.
const fn unblocked_for(injection: &Injection, blocking: u32) -> u32 {
    match injection {
        Injection::Event(event) => match event.kind {
            EventKind::Nmi => {
                blocking
                    & !(interruptibility::NMI | interruptibility::STI | interruptibility::MOV_SS)
            }
            EventKind::External => blocking & !(interruptibility::STI | interruptibility::MOV_SS),
            _ => blocking,
        },
        _ => blocking,
    }
}

/// The interruptibility state after an exit whose cause was a fault of IRET: the IRET had already lifted the blocking by
/// NMI, and will run again (SDM Vol. 3C §27.2.3). `info` is the exit interruption information; it does not count
/// for a double fault, nor when an event's delivery was interrupted.
#[must_use]
pub const fn after_faulting_iret(blocking: u32, info: u32, idt_vectoring: u32) -> u32 {
    let counts = info & VALID != 0 && info & NMI_UNBLOCKED != 0 && info as u8 != exception::DF.0;
    if counts && idt_vectoring & VALID == 0 {
        blocking | interruptibility::NMI
    } else {
        blocking
    }
}

/// After an instruction was executed on the guest's behalf: the interruptibility state without the shadows that last
/// one instruction, and whether a single-step trap is due (to be set as BS, bit 14, in the pending debug exceptions).
#[must_use]
pub const fn after_instruction(blocking: u32, trap_flag: bool) -> (u32, bool) {
    (
        blocking & !(interruptibility::STI | interruptibility::MOV_SS),
        trap_flag,
    )
}

#[cfg(test)]
mod tests;
