//! Events: what an exit interrupted, exceptions that exit, and what goes in at the next entry.

use super::{After, Scene};
use crate::counters::Injected;
use crate::inject::{
    Activity, EntryDecision, Event, GuestState, Injection, PendingInterrupts, TripleFault,
    exception,
};
use crate::inject::{after_faulting_iret, must_hold_single_step};
use crate::mailbox::Leave;
use crate::partition::{EndReason, Partition};
use crate::processor::Processor;
use crate::vcpu::{Vcpu, rflags};
use isthmus_devices::memory::GuestMemory;
use isthmus_vmx::field::Field;

const VALID: u64 = 1 << 31;
const NMI_BLOCKING: u64 = 1 << 3;

/// Why a vCPU is not entered now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// Halted, and nothing that wakes it is there.
    Halted,
    /// It waits for a start-up IPI.
    WaitForSipi,
}

impl<P: Processor, M: GuestMemory> Scene<'_, P, M> {
    /// An event whose delivery the exit cut short is delivered again (SDM Vol. 3C §28.2.4, §34.7.1.1).
    pub(super) fn note_interrupted_event(&mut self) {
        let information = self.cpu.read(Field::IDT_VECTORING_INFORMATION);
        if information & VALID == 0 {
            return;
        }
        let code = self.cpu.read(Field::IDT_VECTORING_ERROR_CODE);
        let length = self.cpu.read(Field::VM_EXIT_INSTRUCTION_LENGTH);
        if let Some(event) = Event::from_field(information as u32, code as u32, length as u32) {
            if event == Event::nmi() {
                // It was not delivered, so it does not block the next one yet.
                let state = self.cpu.read(Field::GUEST_INTERRUPTIBILITY_STATE);
                self.cpu
                    .write(Field::GUEST_INTERRUPTIBILITY_STATE, state & !NMI_BLOCKING);
            }
            self.vcpu.events.interrupted(event);
        }
    }

    pub(super) fn exception_or_nmi(&mut self) -> Result<After, TripleFault> {
        let information = self.cpu.read(Field::VM_EXIT_INTERRUPTION_INFORMATION) as u32;
        let code = self.cpu.read(Field::VM_EXIT_INTERRUPTION_ERROR_CODE) as u32;
        let length = self.cpu.read(Field::VM_EXIT_INSTRUCTION_LENGTH) as u32;
        let Some(event) = Event::from_field(information, code, length) else {
            return Ok(After::End(EndReason::Internal(
                "an exception exit without an exception",
            )));
        };
        if event == Event::nmi() {
            return Ok(After::HostNmi);
        }
        match event.vector {
            exception::MC => return Ok(After::End(EndReason::MachineCheck)),
            exception::DB => self.debug_exception(),
            _ => {}
        }
        self.restore_blocking(information);
        self.raise(event)
    }

    /// What the exit cut short is blocked again: NMIs, if the fault was an IRET's, and a single step that waits behind
    /// STI or MOV SS (INT1 exits in such a shadow with nothing pending, and the entry would fail).
    fn restore_blocking(&mut self, information: u32) {
        let vectoring = self.cpu.read(Field::IDT_VECTORING_INFORMATION) as u32;
        let state = self.cpu.read(Field::GUEST_INTERRUPTIBILITY_STATE) as u32;
        let blocking = after_faulting_iret(state, information, vectoring);
        if blocking != state {
            self.cpu
                .write(Field::GUEST_INTERRUPTIBILITY_STATE, u64::from(blocking));
        }
        let trap_flag = self.cpu.read(Field::GUEST_RFLAGS) & rflags::TF != 0;
        if must_hold_single_step(blocking, trap_flag, Vcpu::steps_by_branches(self.cpu)) {
            let pending = self.cpu.read(Field::GUEST_PENDING_DEBUG_EXCEPTIONS);
            self.cpu
                .write(Field::GUEST_PENDING_DEBUG_EXCEPTIONS, pending | 1 << 14);
        }
    }

    /// A #DB exit leaves DR6 and DR7 as they were; delivery sets and clears them (SDM Vol. 3C §28.2.1).
    fn debug_exception(&mut self) {
        const CONDITIONS: u64 = 0b1_1110_0000_0000_1111;
        let conditions = self.cpu.read(Field::EXIT_QUALIFICATION) & CONDITIONS;
        let dr6 = self.cpu.dr6();
        self.cpu.set_dr6(dr6 & !0xf | conditions);
        Vcpu::clear_general_detect(self.cpu);
    }
}

/// The last step before an entry: takes in what other cores posted, lets the timer fire, and decides which
/// event goes in. The caller then sets the preemption timer and enters.
///
/// # Errors
/// [`Blocked`] when there is nothing to run: the scheduler is told. Either way the mailbox counts the owner as
/// gone; it comes back after the exit, or before it blocks.
pub fn before_entry<P: Processor>(
    vcpu: &mut Vcpu,
    partition: &Partition,
    cpu: &mut P,
) -> Result<(), Blocked> {
    // From a successful leave on, whoever posts also kicks, so nothing posted later is missed.
    loop {
        super::interrupt::collect(vcpu, partition, cpu);
        if partition
            .mailbox(vcpu.id)
            .is_none_or(|mailbox| mailbox.leave(Leave::ToGuest).is_ok())
        {
            break;
        }
    }
    let now = vcpu.guest_tsc(cpu.host_tsc());
    if vcpu.lapic.poll(now) {
        vcpu.requested(partition);
    }
    if vcpu.activity == Activity::WaitForSipi || vcpu.activity == Activity::Shutdown {
        return Err(Blocked::WaitForSipi);
    }
    let delivers = vcpu.processor_delivers(partition);
    let requests = vcpu.lapic.has_requests();
    if vcpu.apic_virtualized && !delivers {
        vcpu.lapic.refresh_priority();
    }
    let mut pending = PendingInterrupts {
        ext_int: vcpu.ext_int && vcpu.lapic.accepts_ext_int(),
        lapic: if !requests || delivers && vcpu.activity == Activity::Active {
            None
        } else {
            vcpu.lapic.pending()
        },
    };
    let idle = pending == PendingInterrupts::default()
        && !vcpu.events.has_event()
        && !vcpu.events.has_nmi();
    if !(idle && vcpu.activity == Activity::Active) {
        let guest = GuestState {
            interrupts_enabled: cpu.read(Field::GUEST_RFLAGS) & rflags::IF != 0,
            interruptibility: cpu.read(Field::GUEST_INTERRUPTIBILITY_STATE) as u32,
            activity: vcpu.activity,
        };
        if !vcpu.events.wakes(&guest, &pending) {
            return Err(Blocked::Halted);
        }
        vcpu.activity = Activity::Active;
        if delivers {
            pending.lapic = None;
        }
        let decision = vcpu.events.decide(&guest, &pending);
        if decision.interruptibility != guest.interruptibility {
            cpu.write(
                Field::GUEST_INTERRUPTIBILITY_STATE,
                u64::from(decision.interruptibility),
            );
        }
        inject(vcpu, partition, cpu, &decision);
        set_windows(
            vcpu,
            cpu,
            decision.want_interrupt_window,
            decision.want_nmi_window,
        );
    } else {
        set_windows(vcpu, cpu, false, false);
    }
    if delivers {
        vcpu.publish_requests(cpu);
    } else if vcpu.apic_virtualized {
        let threshold = if requests {
            vcpu.lapic.tpr_threshold()
        } else {
            0
        };
        vcpu.watch_task_priority(threshold, cpu);
    }
    Ok(())
}

fn inject<P: Processor>(
    vcpu: &mut Vcpu,
    partition: &Partition,
    cpu: &mut P,
    decision: &EntryDecision,
) {
    let (event, kind) = match decision.injection {
        Injection::None => return,
        Injection::Event(event) => (event, Injected::of(event.kind)),
        Injection::Lapic(vector) => {
            vcpu.lapic.acknowledge(vector);
            (Event::external(vector), Injected::Lapic)
        }
        Injection::ExtInt => {
            let mut board = partition.board.lock();
            let vector = board.pic_acknowledge();
            vcpu.ext_int = board.ext_int();
            // The line fell, or the next request raised it: the other vCPUs are told.
            let end = super::interrupt::drain_locked(partition, &mut board, cpu);
            debug_assert!(end.is_none(), "an acknowledge cycle ends no partition");
            (Event::external(vector), Injected::ExtInt)
        }
    };
    vcpu.counters.inject(kind);
    let (information, code, length) = EntryDecision::entry_fields(&event);
    cpu.write(
        Field::VM_ENTRY_INTERRUPTION_INFORMATION,
        u64::from(information),
    );
    cpu.write(Field::VM_ENTRY_EXCEPTION_ERROR_CODE, u64::from(code));
    cpu.write(Field::VM_ENTRY_INSTRUCTION_LENGTH, u64::from(length));
}

fn set_windows<P: Processor>(vcpu: &mut Vcpu, cpu: &mut P, interrupt: bool, nmi: bool) {
    if vcpu.windows != (interrupt, nmi) {
        cpu.set_interrupt_window(interrupt);
        cpu.set_nmi_window(nmi);
        vcpu.windows = (interrupt, nmi);
    }
}
