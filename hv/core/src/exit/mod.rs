//! What a VM exit means: the processor says why it left the guest (SDM Vol. 3C ch. 26 and 28), this says what
//! the guest gets for it. One file for each kind of work; all of it pure over [`Processor`] and [`GuestMemory`].

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
pub use quick::quick;

use crate::inject::{Activity, Event, TripleFault};
use crate::partition::{EndReason, Partition};
use crate::processor::Processor;
use crate::vcpu::Vcpu;
use isthmus_abi::{Gpr, Vector};
use isthmus_devices::memory::GuestMemory;
use isthmus_vmx::exit::{BasicReason, ExitReason};
use isthmus_vmx::field::Field;

/// What the core does after an exit was handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Enter again.
    Continue,
    /// Look at the scheduler first: the slice is over, or the vCPU halted.
    Reschedule,
    /// A physical interrupt was acknowledged by the exit; it is the core's to serve.
    HostInterrupt(Vector),
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

/// Handles the exit that the vCPU's current VMCS describes.
pub fn handle<P: Processor, M: GuestMemory>(
    vcpu: &mut Vcpu,
    partition: &Partition,
    cpu: &mut P,
    memory: &M,
) -> After {
    let reason = ExitReason(cpu.read(Field::EXIT_REASON) as u32);
    vcpu.counters.exit(reason.basic().0);
    let mut scene = Scene {
        vcpu,
        partition,
        cpu,
        memory,
    };
    if reason.is_entry_failure() {
        return After::End(EndReason::EntryFailed(reason.0));
    }
    scene.note_interrupted_event();
    scene
        .dispatch(reason.basic())
        .unwrap_or(After::End(EndReason::TripleFault))
}

impl<P: Processor, M: GuestMemory> Scene<'_, P, M> {
    fn dispatch(&mut self, reason: BasicReason) -> Result<After, TripleFault> {
        match reason {
            BasicReason::CPUID => Ok(self.cpuid()),
            BasicReason::RDMSR => self.rdmsr(),
            BasicReason::WRMSR => self.wrmsr(),
            BasicReason::IO_INSTRUCTION => self.port_access(),
            BasicReason::EXTERNAL_INTERRUPT => Ok(After::HostInterrupt(self.exit_vector())),
            BasicReason::PREEMPTION_TIMER => Ok(After::Reschedule),
            BasicReason::INTERRUPT_WINDOW
            | BasicReason::NMI_WINDOW
            | BasicReason::TPR_BELOW_THRESHOLD => Ok(After::Continue),
            BasicReason::HLT => Ok(self.halt()),
            BasicReason::EPT_VIOLATION => self.ept_violation(),
            BasicReason::APIC_WRITE => Ok(self.apic_write()),
            BasicReason::VIRTUALIZED_EOI => Ok(self.virtualized_eoi()),
            BasicReason::APIC_ACCESS => self.apic_access(),
            BasicReason::CR_ACCESS => self.control_register_access(),
            BasicReason::XSETBV => self.xsetbv(),
            BasicReason::VMCALL => self.hypercall(),
            BasicReason::EXCEPTION_OR_NMI => self.exception_or_nmi(),
            // Caches are the machine's: to a guest these are done when they are asked for.
            BasicReason::WBINVD | BasicReason::INVD | BasicReason::PAUSE => Ok(self.done()),
            BasicReason::RDPMC => self.general_protection(),
            BasicReason::TRIPLE_FAULT => Err(TripleFault),
            // A physical INIT or SIPI is not the guest's affair.
            BasicReason::INIT | BasicReason::SIPI => Ok(After::Continue),
            BasicReason::TASK_SWITCH => {
                Ok(After::End(EndReason::Unsupported("a hardware task switch")))
            }
            BasicReason::EPT_MISCONFIGURATION => {
                Ok(After::End(EndReason::Internal("EPT misconfiguration")))
            }
            _ => self.invalid_opcode(),
        }
    }

    fn exit_vector(&self) -> Vector {
        Vector(self.cpu.read(Field::VM_EXIT_INTERRUPTION_INFORMATION) as u8)
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
