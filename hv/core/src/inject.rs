//! Which event a vCPU takes at its next VM entry: a pure decision over what is pending, what an exit interrupted, and
//! what the guest blocks. Rules: SDM Vol. 3A §6.14, §6.15 and table 6-5 (double fault), §6.7 and §6.8 (masking), Vol. 3C
//! §25.8.3, §27.3.1.5, §27.6, §27.7 (injection, interruptibility, priority), §28.2.4 (IDT vectoring).
//!
//! Interrupt numbers and flags are the guest's, hence hostile, but every combination has an answer. Neighbours: the exit
//! handler feeds [`EventQueue`], the run loop asks [`EventQueue::decide`] and hands the answer to the processor.

mod event;

use isthmus_abi::Vector;

pub use event::{Combined, Event, EventKind, combine, exception};

/// What blocks events, as bits.
pub mod interruptibility {
    /// Blocking by STI.
    pub const STI: u32 = 1 << 0;
    /// Blocking by MOV SS or POP SS. A processor that does not tell the two shadows apart shows either as one of them.
    pub const MOV_SS: u32 = 1 << 1;
    /// Blocking by an NMI in service.
    pub const NMI: u32 = 1 << 3;
}

/// The vCPU cannot go on: a triple fault. The partition's fault; it ends or restarts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TripleFault;

/// What a vCPU is doing (SDM Vol. 3C §25.4.2).
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
    /// What blocks events.
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

/// What to hand to the processor before the entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EntryDecision {
    /// The event.
    pub injection: Injection,
    /// An exit is wanted when interrupts are taken: one waits.
    pub want_interrupt_window: bool,
    /// An exit is wanted when NMIs are taken: one waits.
    pub want_nmi_window: bool,
    /// What the vCPU does then: an injected event ends a halt.
    pub activity: Activity,
    /// What is to block events.
    pub interruptibility: u32,
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

    /// After every exit: `event` is what it interrupted (see
    /// [`crate::processor::Processor::interrupted_event`]). It goes in again at
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
            Combined::DoubleFault => self.next = Some(double_fault(&exception)),
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
    #[inline]
    pub const fn has_nmi(&self) -> bool {
        self.nmi
    }

    /// Whether an exception or an interrupted event waits.
    #[must_use]
    #[inline]
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

/// What faults in an event's delivery always pushes an error code, except in real mode, where nothing does and VM entry
/// refuses one (SDM Vol. 3C §27.2.1.3): so the second tells the mode.
const fn double_fault(second: &Event) -> Event {
    match second.error_code {
        Some(_) => Event::exception_with_code(exception::DF, 0),
        None => Event::exception(exception::DF),
    }
}

/// VM entry refuses an NMI with NMIs blocked, and an interrupt or NMI in a shadow (SDM Vol. 3C §27.3.1.5); for one that
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

/// After an instruction was executed on the guest's behalf: the interruptibility state without the shadows that last
/// one instruction, and whether a single-step trap is due (to be set as BS, bit 14, in the pending debug exceptions):
/// RFLAGS.TF with IA32_DEBUGCTL.BTF clear.
#[must_use]
pub const fn after_instruction(blocking: u32, trap_flag: bool, branch_steps: bool) -> (u32, bool) {
    (
        blocking & !(interruptibility::STI | interruptibility::MOV_SS),
        trap_flag && !branch_steps,
    )
}

#[cfg(test)]
mod tests;
