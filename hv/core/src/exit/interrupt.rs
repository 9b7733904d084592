//! Interrupts on their way between vCPUs and devices: every message goes into the mailboxes of the vCPUs that
//! it names, and each vCPU takes its own out before it is entered.

use crate::inject::Activity;
use crate::mailbox::Kick;
use crate::partition::{EndReason, Partition};
use crate::processor::{Host, Processor};
use crate::vcpu::Vcpu;
use alloc::vec::Vec;
use isthmus_abi::{VcpuId, Vector};
use isthmus_devices::board::{Board, BoardEvent};
use isthmus_devices::interrupt::{ApicAddress, DeliveryMode, InterruptMessage, Ipi, TriggerMode};
use isthmus_devices::lapic::Effect;

/// Takes in what the mailbox holds: interrupts into the APIC, NMI, INIT and start-up into the vCPU.
pub(super) fn collect<P: Processor>(vcpu: &mut Vcpu, partition: &Partition, cpu: &mut P) {
    let Some(mailbox) = partition.mailbox(vcpu.id) else {
        return;
    };
    if !mailbox.has_mail() {
        return;
    }
    let mail = mailbox.drain();
    if mail.init {
        vcpu.init(partition, cpu);
    }
    if let Some(vector) = mail.sipi {
        vcpu.startup(vector, partition, cpu);
    }
    // What came before or with an INIT is gone with the state it was for.
    if mail.nmi && !mail.init && vcpu.activity != Activity::WaitForSipi {
        vcpu.events.post_nmi();
    }
    for vector in mail.irr.iter().filter(|_| !mail.init) {
        let trigger = if mail.level.contains(vector) {
            TriggerMode::Level
        } else {
            TriggerMode::Edge
        };
        if vcpu.lapic.accept(vector, trigger) {
            vcpu.requested(partition);
        }
    }
    if let Some(level) = mail.ext_int {
        vcpu.ext_int = level;
    }
    partition.publish(vcpu);
}

/// Carries out what an APIC register write asked for.
pub(super) fn effect<P: Processor>(
    vcpu: &mut Vcpu,
    partition: &Partition,
    cpu: &mut P,
    effect: Effect,
) {
    match effect {
        Effect::None => {}
        Effect::Ipi(ipi) => send(vcpu, partition, cpu, &ipi),
        Effect::Eoi {
            vector,
            level: true,
        } => {
            let ended = {
                let mut board = partition.board.lock();
                board.eoi(vector);
                drain_locked(partition, &mut board, cpu)
            };
            debug_assert!(ended.is_none(), "an EOI does not end a partition");
        }
        Effect::Eoi { .. } => {}
    }
    partition.publish(vcpu);
}

fn send<P: Processor>(vcpu: &Vcpu, partition: &Partition, cpu: &mut P, ipi: &Ipi) {
    let sender = vcpu.lapic.address().id;
    if ipi.delivery_mode == DeliveryMode::LowestPriority {
        if let Some(target) = ipi.lowest_priority(sender, &addresses(partition)) {
            post(
                partition,
                cpu,
                VcpuId(target as u16),
                DeliveryMode::Fixed,
                ipi.vector,
                TriggerMode::Edge,
            );
        }
        return;
    }
    for target in partition.vcpu_ids() {
        if ipi.matches(sender, &partition.address(target)) {
            post(
                partition,
                cpu,
                target,
                ipi.delivery_mode,
                ipi.vector,
                TriggerMode::Edge,
            );
        }
    }
}

/// Where each vCPU's APIC answers, by vCPU id.
fn addresses(partition: &Partition) -> Vec<ApicAddress> {
    partition
        .vcpu_ids()
        .map(|vcpu| partition.address(vcpu))
        .collect()
}

/// Delivers a device's message to the vCPUs that it names.
pub fn deliver_message<H: Host>(partition: &Partition, cpu: &mut H, message: &InterruptMessage) {
    if message.delivery_mode == DeliveryMode::LowestPriority {
        if let Some(target) = message
            .destination
            .lowest_priority(message.vector, &addresses(partition))
        {
            post(
                partition,
                cpu,
                VcpuId(target as u16),
                DeliveryMode::Fixed,
                message.vector,
                message.trigger,
            );
        }
        return;
    }
    for target in partition.vcpu_ids() {
        if message.destination.matches(&partition.address(target)) {
            post(
                partition,
                cpu,
                target,
                message.delivery_mode,
                message.vector,
                message.trigger,
            );
        }
    }
}

fn post<H: Host>(
    partition: &Partition,
    cpu: &mut H,
    target: VcpuId,
    mode: DeliveryMode,
    vector: Vector,
    trigger: TriggerMode,
) {
    let Some(mailbox) = partition.mailbox(target) else {
        return;
    };
    let kick = match mode {
        DeliveryMode::Fixed | DeliveryMode::LowestPriority => {
            mailbox.post_interrupt(vector, trigger == TriggerMode::Level)
        }
        DeliveryMode::Nmi => mailbox.post_nmi(),
        DeliveryMode::Init => mailbox.post_init(),
        DeliveryMode::StartUp => mailbox.post_sipi(vector),
        // An I/O APIC pin in ExtINT mode asks for the PIC's vector: the line itself tells the vCPU.
        _ => return,
    };
    carry_out(partition, cpu, target, kick);
}

fn carry_out<H: Host>(partition: &Partition, cpu: &mut H, target: VcpuId, kick: Kick) {
    if kick == Kick::Needed
        && let Some(core) = partition.core_of(target)
    {
        cpu.kick(core);
    }
}

/// Lets the board's time pass and takes what it did out of it: messages, lines, console output, and whether the
/// partition ends.
pub fn poll_board<H: Host>(partition: &Partition, host: &mut H) -> Option<EndReason> {
    let mut board = partition.board.lock();
    board.poll(partition.clock.ticks(host.host_tsc()));
    drain_locked(partition, &mut board, host)
}

pub(in crate::exit) fn drain_locked<H: Host>(
    partition: &Partition,
    board: &mut Board,
    cpu: &mut H,
) -> Option<EndReason> {
    if board.has_console_output() {
        let output = board.take_console_output();
        cpu.console(partition.id, &output);
    }
    if partition.set_board_deadline(board.next_event()) && partition.home() != cpu.core() {
        cpu.kick(partition.home());
    }
    if !board.has_events() {
        return None;
    }
    let mut end = None;
    for event in board.take_events() {
        match event {
            BoardEvent::Message(message) => deliver_message(partition, cpu, &message),
            BoardEvent::ExtInt(level) => {
                for target in partition.vcpu_ids() {
                    if let Some(mailbox) = partition.mailbox(target) {
                        let kick = mailbox.post_ext_int(level);
                        carry_out(partition, cpu, target, kick);
                    }
                }
            }
            BoardEvent::PowerOff => end = end.or(Some(EndReason::PowerOff)),
            BoardEvent::Reset => end = end.or(Some(EndReason::Reset)),
            BoardEvent::Verdict(value) => end = end.or(Some(EndReason::Verdict(value))),
            BoardEvent::A20(_) => {}
        }
    }
    end
}
