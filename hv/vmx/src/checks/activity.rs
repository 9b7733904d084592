//! Checks on the guest's non-register state (SDM Vol. 3C §27.3.1.5).

use super::{DEBUGCTL_BTF, Entry, RFLAGS_IF, RFLAGS_TF, Rule, Violation};
use crate::controls::PinBased;
use crate::exit::{ActivityState, Interruptibility, InterruptionInformation, InterruptionType};
use crate::field::{Field, Vmcs};
use crate::segment::{AccessRights, Segment};

const DEBUG_EXCEPTION: u8 = 1;
const MACHINE_CHECK: u8 = 18;

pub fn check(entry: &Entry<'_, impl Vmcs>) -> Result<(), Violation> {
    let state = ActivityState(entry.vmcs.read(Field::GUEST_ACTIVITY_STATE) as u32);
    let blocking = Interruptibility::from_bits_retain(
        entry.vmcs.read(Field::GUEST_INTERRUPTIBILITY_STATE) as u32,
    );
    activity(entry, state, blocking)?;
    interruptibility(entry, blocking)?;
    pending_debug_exceptions(entry, state, blocking)?;
    entry.require_of(Field::VMCS_LINK_POINTER, Rule::LinkPointer, |pointer| {
        pointer == u64::MAX || pointer & 0xfff == 0 && entry.is_structure_address(pointer)
    })
}

fn activity(
    entry: &Entry<'_, impl Vmcs>,
    state: ActivityState,
    blocking: Interruptibility,
) -> Result<(), Violation> {
    let require = |holds, rule| entry.require(holds, rule, Field::GUEST_ACTIVITY_STATE);
    let misc = entry.capabilities.misc;
    let supported = match state {
        ActivityState::ACTIVE => true,
        ActivityState::HLT => misc.activity_hlt(),
        ActivityState::SHUTDOWN => misc.activity_shutdown(),
        ActivityState::WAIT_FOR_SIPI => misc.activity_wait_for_sipi(),
        _ => false,
    };
    require(supported, Rule::ActivityState)?;
    let stack = AccessRights::from_bits(entry.vmcs.read(Segment::Ss.access_rights()) as u32);
    require(
        state != ActivityState::HLT || stack.dpl() == 0,
        Rule::HaltedPrivilege,
    )?;
    let active = state == ActivityState::ACTIVE;
    require(
        active || !blocking.intersects(Interruptibility::SHADOW),
        Rule::InactiveWithBlocking,
    )?;
    let fits = entry
        .injected
        .is_none_or(|event| can_be_injected(event, state));
    entry.require(
        fits,
        Rule::InjectedInState,
        Field::VM_ENTRY_INTERRUPTION_INFORMATION,
    )
}

/// Whether the event can reach a processor in this state.
fn can_be_injected(event: InterruptionInformation, state: ActivityState) -> bool {
    let (kind, vector) = (event.kind(), event.vector().0);
    let exception = kind == InterruptionType::HARDWARE_EXCEPTION;
    match state {
        ActivityState::ACTIVE => true,
        ActivityState::HLT => {
            let always = [
                InterruptionType::EXTERNAL_INTERRUPT,
                InterruptionType::NMI,
                InterruptionType::OTHER_EVENT,
            ];
            always.contains(&kind) || exception && matches!(vector, DEBUG_EXCEPTION | MACHINE_CHECK)
        }
        ActivityState::SHUTDOWN => {
            kind == InterruptionType::NMI || exception && vector == MACHINE_CHECK
        }
        _ => false,
    }
}

fn interruptibility(
    entry: &Entry<'_, impl Vmcs>,
    blocking: Interruptibility,
) -> Result<(), Violation> {
    let require = |holds, rule| entry.require(holds, rule, Field::GUEST_INTERRUPTIBILITY_STATE);
    let by = |flag| blocking.contains(flag);
    let (by_sti, by_mov_ss) = (
        by(Interruptibility::BLOCKING_BY_STI),
        by(Interruptibility::BLOCKING_BY_MOV_SS),
    );
    require(blocking.bits() >> 5 == 0, Rule::InterruptibilityReserved)?;
    require(!(by_sti && by_mov_ss), Rule::BlockingByStiAndMovSs)?;
    require(
        !by_sti || entry.rflags & RFLAGS_IF != 0,
        Rule::BlockingByStiWithoutIf,
    )?;
    let interrupt = entry.injects(InterruptionType::EXTERNAL_INTERRUPT);
    require(
        !interrupt || !(by_sti || by_mov_ss),
        Rule::InterruptWhileBlocked,
    )?;
    let nmi = entry.injects(InterruptionType::NMI);
    require(!nmi || !by_mov_ss, Rule::NmiWhileBlockedByMovSs)?;
    require(!nmi || !by_sti, Rule::NmiWhileBlockedBySti)?;
    require(!by(Interruptibility::BLOCKING_BY_SMI), Rule::BlockingBySmi)?;
    let virtual_nmi = nmi && entry.pin.contains(PinBased::VIRTUAL_NMIS);
    require(
        !virtual_nmi || !by(Interruptibility::BLOCKING_BY_NMI),
        Rule::NmiWhileBlockedByNmi,
    )?;
    let enclave_fits = entry.processor.sgx && !by_mov_ss;
    require(
        !by(Interruptibility::ENCLAVE_INTERRUPTION) || enclave_fits,
        Rule::EnclaveInterruption,
    )
}

fn pending_debug_exceptions(
    entry: &Entry<'_, impl Vmcs>,
    state: ActivityState,
    blocking: Interruptibility,
) -> Result<(), Violation> {
    const BREAKPOINTS: u64 = 0xf;
    const BUS_LOCK: u64 = 1 << 11;
    const ENABLED_BREAKPOINT: u64 = 1 << 12;
    const SINGLE_STEP: u64 = 1 << 14;
    const RTM: u64 = 1 << 16;
    let field = Field::GUEST_PENDING_DEBUG_EXCEPTIONS;
    let pending = entry.vmcs.read(field);
    let require = |holds, rule| entry.require(holds, rule, field);
    let bus_lock = if entry.processor.bus_lock_detection {
        BUS_LOCK
    } else {
        0
    };
    let defined = BREAKPOINTS | ENABLED_BREAKPOINT | SINGLE_STEP | RTM | bus_lock;
    require(pending & !defined == 0, Rule::PendingDebugReserved)?;
    if blocking.intersects(Interruptibility::SHADOW) || state == ActivityState::HLT {
        let branches_only = entry.vmcs.read(Field::GUEST_IA32_DEBUGCTL) & DEBUGCTL_BTF != 0;
        let steps = entry.rflags & RFLAGS_TF != 0 && !branches_only;
        let has_step = pending & SINGLE_STEP != 0;
        require(has_step || !steps, Rule::SingleStepMissing)?;
        require(!has_step || steps, Rule::SingleStepUnexpected)?;
    }
    let alone = pending & !(RTM | ENABLED_BREAKPOINT) == 0 && pending & ENABLED_BREAKPOINT != 0;
    let blocked = blocking.contains(Interruptibility::BLOCKING_BY_MOV_SS);
    require(
        pending & RTM == 0 || entry.processor.rtm && alone && !blocked,
        Rule::PendingDebugRtm,
    )
}
