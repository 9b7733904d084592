//! Events in the interruption-information format of VM entries, exits and the IDT-vectoring field (SDM Vol. 3C
//! §25.8.3, §25.9.2, §25.9.3).

use crate::exit::{InterruptionInformation, InterruptionType};
use isthmus_hv_core::inject::{Event, EventKind, exception, interruptibility};

const fn kind_of(kind: InterruptionType) -> Option<EventKind> {
    match kind {
        InterruptionType::EXTERNAL_INTERRUPT => Some(EventKind::External),
        InterruptionType::NMI => Some(EventKind::Nmi),
        InterruptionType::HARDWARE_EXCEPTION => Some(EventKind::HardwareException),
        InterruptionType::SOFTWARE_INTERRUPT => Some(EventKind::SoftwareInterrupt),
        InterruptionType::PRIVILEGED_SOFTWARE_EXCEPTION => {
            Some(EventKind::PrivilegedSoftwareException)
        }
        InterruptionType::SOFTWARE_EXCEPTION => Some(EventKind::SoftwareException),
        _ => None,
    }
}

/// The event in a VM-exit interruption-information or IDT-vectoring-information field with its error code and the
/// exit's instruction length; `None` if the field is not valid or its type is reserved.
#[must_use]
pub const fn event_from_field(
    info: u32,
    error_code: u32,
    instruction_length: u32,
) -> Option<Event> {
    let info = InterruptionInformation::from_bits(info);
    if !info.valid() {
        return None;
    }
    let Some(kind) = kind_of(info.kind()) else {
        return None;
    };
    let error_code = if info.error_code_valid() {
        Some(error_code)
    } else {
        None
    };
    let instruction_length = if kind.is_software() {
        instruction_length as u8 & 0xf
    } else {
        0
    };
    Some(Event {
        vector: info.vector(),
        kind,
        error_code,
        instruction_length,
    })
}

/// The VM-entry interruption-information field for an event.
#[must_use]
pub const fn event_field(event: &Event) -> u32 {
    InterruptionInformation::event(InterruptionType(event.kind as u8), event.vector)
        .with_error_code_valid(event.error_code.is_some())
        .into_bits()
}

/// The interruptibility state after an exit whose cause was a fault of IRET: the IRET had already lifted the blocking by
/// NMI, and will run again (SDM Vol. 3C §28.2.3). `info` is the exit interruption information; it does not count
/// for a double fault, nor when an event's delivery was interrupted.
#[must_use]
pub const fn after_faulting_iret(blocking: u32, info: u32, idt_vectoring: u32) -> u32 {
    let cause = InterruptionInformation::from_bits(info);
    let counts = cause.valid() && cause.nmi_unblocking() && cause.vector().0 != exception::DF.0;
    if counts && !InterruptionInformation::from_bits(idt_vectoring).valid() {
        blocking | interruptibility::NMI
    } else {
        blocking
    }
}

/// Whether BS must be set in the pending debug exceptions for VM entry to accept the state: a shadow holds a single-step
/// trap back (SDM Vol. 3C §27.3.1.5). An exit in such a shadow by an exception of the hypervisor's own interest,
/// such as INT1 behind MOV SS, leaves it clear.
#[must_use]
pub const fn must_hold_single_step(blocking: u32, trap_flag: bool, branch_steps: bool) -> bool {
    blocking & (interruptibility::STI | interruptibility::MOV_SS) != 0 && trap_flag && !branch_steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Interruptibility;

    const VALID: u32 = 1 << 31;
    const HAS_ERROR_CODE: u32 = 1 << 11;
    const NMI_UNBLOCKED: u32 = 1 << 12;

    #[test]
    fn what_blocks_events_is_numbered_as_in_the_field() {
        assert_eq!(
            interruptibility::STI,
            Interruptibility::BLOCKING_BY_STI.bits()
        );
        assert_eq!(
            interruptibility::MOV_SS,
            Interruptibility::BLOCKING_BY_MOV_SS.bits()
        );
        assert_eq!(
            interruptibility::NMI,
            Interruptibility::BLOCKING_BY_NMI.bits()
        );
    }

    #[test]
    fn fields_survive_a_round_trip() {
        for kind in 0..8u32 {
            for vector in [0u32, 2, 3, 13, 14, 32, 255] {
                for code in [None, Some(0), Some(0x1f)] {
                    let info = VALID
                        | kind << 8
                        | vector
                        | if code.is_some() { HAS_ERROR_CODE } else { 0 };
                    let Some(event) = event_from_field(info, code.unwrap_or(0xdead), 2) else {
                        assert!(kind == 1 || kind == 7);
                        continue;
                    };
                    assert_eq!(event_field(&event), info);
                    assert_eq!(event.error_code, code);
                    assert_eq!(
                        event.instruction_length,
                        if (4..=6).contains(&kind) { 2 } else { 0 }
                    );
                }
            }
        }
        assert_eq!(event_from_field(0x0000_0b0e, 0, 0), None);
        assert_eq!(
            event_from_field(VALID | NMI_UNBLOCKED | 0x30e, 0, 0).map(|event| event_field(&event)),
            Some(VALID | 0x30e)
        );
    }

    #[test]
    fn a_faulting_iret_blocks_nmis_again() {
        let info = VALID | NMI_UNBLOCKED | 0x30e;
        assert_eq!(after_faulting_iret(0, info, 0), interruptibility::NMI);
        assert_eq!(after_faulting_iret(0, info, VALID), 0);
        assert_eq!(after_faulting_iret(0, VALID | NMI_UNBLOCKED | 0x308, 0), 0);
        assert_eq!(after_faulting_iret(0, VALID | 0x30e, 0), 0);
    }

    #[test]
    fn a_trap_held_back_by_a_shadow_must_be_pending() {
        assert!(must_hold_single_step(interruptibility::MOV_SS, true, false));
        assert!(must_hold_single_step(interruptibility::STI, true, false));
        assert!(!must_hold_single_step(interruptibility::NMI, true, false));
        assert!(!must_hold_single_step(interruptibility::STI, true, true));
        assert!(!must_hold_single_step(interruptibility::STI, false, false));
    }
}
