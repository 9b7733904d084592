//! What a VM exit means: the processor says why it left the guest, this says what the guest gets for it. One file
//! for each kind of work; all of it pure over [`Processor`] and [`GuestMemory`].

mod control;
mod emulate;
mod event;
mod hypercall;
mod interrupt;
mod memory;
mod msr;
mod port;
mod quick;

pub use event::{Blocked, before_entry};
pub use interrupt::{deliver_message, poll_board};
pub use quick::Quick;

use crate::inject::{Activity, Event, TripleFault};
use crate::partition::{EndReason, Partition};
use crate::processor::{Exit, Processor};
use crate::vcpu::Vcpu;
use isthmus_abi::{Gpr, Vector};
use isthmus_devices::memory::GuestMemory;

/// What the core does after an exit was handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Enter again.
    Continue,
    /// Look at the scheduler first: the slice is over, or the vCPU halted.
    Reschedule,
    /// A physical interrupt, the core's to serve: acknowledged by the exit if there is a vector, else still pending.
    HostInterrupt(Option<Vector>),
    /// A physical NMI.
    HostNmi,
    /// The partition ends.
    End(EndReason),
}

/// The answers to one exit: what every handler needs.
pub(crate) struct Scene<'a, P, M> {
    pub vcpu: &'a mut Vcpu,
    pub partition: &'a Partition,
    pub cpu: &'a mut P,
    pub memory: &'a M,
}

/// Handles the exit that the processor describes.
pub fn handle<P: Processor, M: GuestMemory>(
    vcpu: &mut Vcpu,
    partition: &Partition,
    cpu: &mut P,
    memory: &M,
) -> After {
    let exit = cpu.exit(|cpu| emulate::code_bytes(vcpu, partition, cpu, memory));
    vcpu.counters.exit(exit.kind());
    let mut scene = Scene {
        vcpu,
        partition,
        cpu,
        memory,
    };
    if let Exit::EntryFailed(code) = exit {
        return After::End(EndReason::EntryFailed(code));
    }
    scene.note_interrupted_event();
    scene
        .dispatch(&exit)
        .unwrap_or(After::End(EndReason::TripleFault))
}

impl<P: Processor, M: GuestMemory> Scene<'_, P, M> {
    fn dispatch(&mut self, exit: &Exit) -> Result<After, TripleFault> {
        match *exit {
            Exit::Cpuid => Ok(self.cpuid()),
            Exit::Rdmsr => self.rdmsr(),
            Exit::Wrmsr => self.wrmsr(),
            Exit::Port(access) => self.port_access(&access),
            Exit::Interrupt(vector) => Ok(After::HostInterrupt(vector)),
            Exit::TimeOver => Ok(After::Reschedule),
            // A physical INIT or SIPI is not the guest's affair.
            Exit::InterruptWindow | Exit::NmiWindow | Exit::BelowTprThreshold | Exit::Ignored => {
                Ok(After::Continue)
            }
            Exit::Halt => Ok(self.halt()),
            Exit::Memory(fault) => self.memory_fault(&fault),
            Exit::ApicWrite(offset) => Ok(self.apic_write(offset)),
            Exit::ApicEoi(vector) => Ok(self.apic_eoi(vector)),
            Exit::ApicAccess { fetch } => self.apic_access(fetch),
            Exit::ControlRegister(access) => self.control_register_access(&access),
            Exit::Xsetbv => self.xsetbv(),
            Exit::Exception(event) => self.raise(event),
            Exit::Debug { event, conditions } => self.debug_exception(event, conditions),
            Exit::MachineCheck => Ok(After::End(EndReason::MachineCheck)),
            Exit::Nmi => Ok(After::HostNmi),
            // Caches are the machine's: to a guest these are done when they are asked for.
            Exit::CacheOrPause => Ok(self.done()),
            Exit::Rdpmc => self.general_protection(),
            Exit::Hypercall => self.hypercall(),
            Exit::TripleFault => Err(TripleFault),
            Exit::TaskSwitch => Ok(After::End(EndReason::Unsupported("a hardware task switch"))),
            Exit::Internal(what) => Ok(After::End(EndReason::Internal(what))),
            Exit::EntryFailed(code) => Ok(After::End(EndReason::EntryFailed(code))),
            Exit::Undefined => self.invalid_opcode(),
        }
    }

    /// The instruction was carried out.
    pub(crate) fn done(&mut self) -> After {
        self.vcpu.advance(self.cpu);
        After::Continue
    }

    /// Answers with an exception instead.
    pub(crate) fn raise(&mut self, event: Event) -> Result<After, TripleFault> {
        self.vcpu.raise(event, self.cpu)?;
        Ok(After::Continue)
    }

    /// Answers with #GP(0).
    pub(crate) fn general_protection(&mut self) -> Result<After, TripleFault> {
        self.raise(Event::general_protection())
    }

    /// Answers with #UD: instructions that the guest's CPUID does not offer (VMX, SMX, MONITOR, MWAIT, ENCLS ...).
    pub(crate) fn invalid_opcode(&mut self) -> Result<After, TripleFault> {
        self.raise(Event::invalid_opcode())
    }

    fn halt(&mut self) -> After {
        self.vcpu.advance(self.cpu);
        self.vcpu.activity = Activity::Halted;
        After::Reschedule
    }

    fn cpuid(&mut self) -> After {
        let vcpu = &mut *self.vcpu;
        let now = crate::cpuid::Dynamic {
            apic_id: vcpu.lapic.id(),
            apic_enabled: vcpu.lapic.address().present,
            cr4: vcpu.cpuid_cr4(),
            xcr0: vcpu.xcr0,
        };
        let answer =
            self.partition
                .cpuid
                .query(vcpu.gprs.low(Gpr::Rax), vcpu.gprs.low(Gpr::Rcx), &now);
        vcpu.gprs.set(Gpr::Rax, u64::from(answer.eax));
        vcpu.gprs.set(Gpr::Rbx, u64::from(answer.ebx));
        vcpu.gprs.set(Gpr::Rcx, u64::from(answer.ecx));
        vcpu.gprs.set(Gpr::Rdx, u64::from(answer.edx));
        self.done()
    }
}
