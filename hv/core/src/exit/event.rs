//! Events: what an exit interrupted, exceptions that exit, and what goes in at the next entry.

use super::{After, Scene};
use crate::counters::Injected;
use crate::inject::{
    Activity, EntryDecision, Event, GuestState, Injection, PendingInterrupts, TripleFault,
};
use crate::mailbox::Leave;
use crate::partition::Partition;
use crate::processor::{Processor, Register};
use crate::vcpu::{Vcpu, rflags};
use isthmus_devices::memory::GuestMemory;

/// Why a vCPU is not entered now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// Halted, and nothing that wakes it is there.
    Halted,
    /// It waits for a start-up IPI.
    WaitForSipi,
}

impl<P: Processor, M: GuestMemory> Scene<'_, P, M> {
    /// An event whose delivery the exit cut short is delivered again.
    pub(super) fn note_interrupted_event(&mut self) {
        if let Some(event) = self.cpu.interrupted_event() {
            self.vcpu.events.interrupted(event);
        }
    }

    /// Where the exit left DR6 and DR7 as they were, delivery sets and clears them (SDM Vol. 3C §28.2.1).
    pub(super) fn debug_exception(
        &mut self,
        event: Event,
        conditions: Option<u64>,
    ) -> Result<After, TripleFault> {
        if let Some(conditions) = conditions {
            let dr6 = self.cpu.dr6();
            self.cpu.set_dr6(dr6 & !0xf | conditions);
            Vcpu::clear_general_detect(self.cpu);
        }
        self.raise(event)
    }
}

/// The last step before an entry: takes in what other cores posted, lets the timer fire, and decides which
/// event goes in. The caller then bounds the entry's time and enters.
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
            interrupts_enabled: cpu.get(Register::Rflags) & rflags::IF != 0,
            interruptibility: cpu.blocking(),
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
            cpu.set_blocking(decision.interruptibility);
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
    cpu.inject(&event);
}

fn set_windows<P: Processor>(vcpu: &mut Vcpu, cpu: &mut P, interrupt: bool, nmi: bool) {
    if vcpu.windows != (interrupt, nmi) {
        cpu.set_interrupt_window(interrupt);
        cpu.set_nmi_window(nmi);
        vcpu.windows = (interrupt, nmi);
    }
}
