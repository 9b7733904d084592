//! Answers on the spot to exits that need nothing but the VMCS and the registers; see [`Quick`].

use crate::exit::BasicReason;
use crate::field::{Field, Vmcs};
use isthmus_abi::Gprs;
use isthmus_hv_core::exit::Quick;
use isthmus_hv_core::vcpu::rflags;

/// Answers the exit that the VMCS describes, if it is such a one and nothing is out of the ordinary. `false` leaves
/// everything as it was.
#[inline]
#[must_use]
pub fn quick_exit(vmcs: &mut impl Vmcs, registers: &mut Gprs, quick: &mut Quick<'_>) -> bool {
    let Some(next) = ordinary_next_rip(vmcs) else {
        return false;
    };
    if !quick.cpuid(registers) {
        return false;
    }
    vmcs.write(Field::GUEST_RIP, next);
    true
}

/// RIP after a CPUID that exited; `None` for other exits, and where more is to be done: a single step, an STI or MOV SS
/// shadow that ends, RIP that passes a multiple of 4 GiB.
#[inline]
fn ordinary_next_rip(vmcs: &impl Vmcs) -> Option<u64> {
    // A failed entry has bit 31 set and is not this.
    if vmcs.read(Field::EXIT_REASON) != u64::from(BasicReason::CPUID.0) {
        return None;
    }
    let rip = vmcs.read(Field::GUEST_RIP);
    let next = rip.wrapping_add(vmcs.read(Field::VM_EXIT_INSTRUCTION_LENGTH));
    let stepping = vmcs.read(Field::GUEST_RFLAGS) & rflags::TF;
    let blocking = vmcs.read(Field::GUEST_INTERRUPTIBILITY_STATE);
    // An instruction has at most 15 bytes.
    let just_passed_4_gib = (next as u32) < 16;
    (stepping | blocking == 0 && !just_passed_4_gib).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::MapVmcs;

    /// Whether an exit in this state could be answered, as far as the VMCS has a say.
    fn is_ordinary(fields: &[(Field, u64)]) -> bool {
        let mut vmcs = MapVmcs::from([
            (Field::EXIT_REASON, 10),
            (Field::VM_EXIT_INSTRUCTION_LENGTH, 2),
            (Field::GUEST_RIP, 0x1000),
            (Field::GUEST_RFLAGS, 0x202),
            (Field::GUEST_INTERRUPTIBILITY_STATE, 0),
        ]);
        for (field, value) in fields {
            vmcs.write(*field, *value);
        }
        ordinary_next_rip(&vmcs).is_some()
    }

    #[test]
    fn only_an_ordinary_cpuid_is_answered() {
        assert!(is_ordinary(&[]));
        for (field, value) in [
            (Field::EXIT_REASON, 12),
            (Field::EXIT_REASON, 1 << 31 | 10),
            (Field::GUEST_RFLAGS, 0x302),
            (Field::GUEST_INTERRUPTIBILITY_STATE, 1),
            (Field::GUEST_INTERRUPTIBILITY_STATE, 8),
            (Field::GUEST_RIP, 0xffff_fffe),
            (Field::GUEST_RIP, 0x1_ffff_fffe),
        ] {
            assert!(!is_ordinary(&[(field, value)]), "{field:?} {value:#x}");
        }
        assert!(is_ordinary(&[(Field::GUEST_RIP, 0xffff_ff00)]));
    }
}
