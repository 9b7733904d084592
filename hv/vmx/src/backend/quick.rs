//! Answers on the spot to exits that need nothing but the VMCS and the registers; see [`Quick`].

use crate::exit::BasicReason;
use crate::field::{Field, Vmcs};
use isthmus_abi::Gprs;
use isthmus_hv_core::exit::Quick;
use isthmus_hv_core::vcpu::rflags;

/// Answers the exit that the VMCS describes, if it is such a one and nothing is out of the ordinary: no single step, no
/// STI or MOV SS shadow to end, RIP not about to pass 4 GiB. `false` leaves everything as it was.
#[inline]
#[must_use]
pub fn quick_exit(vmcs: &mut impl Vmcs, registers: &mut Gprs, quick: &mut Quick<'_>) -> bool {
    // A failed entry has bit 31 set and is not this.
    if vmcs.read(Field::EXIT_REASON) != u64::from(BasicReason::CPUID.0) {
        return false;
    }
    let rip = vmcs.read(Field::GUEST_RIP);
    let next = rip.wrapping_add(vmcs.read(Field::VM_EXIT_INSTRUCTION_LENGTH) & 0xf);
    let stepping = vmcs.read(Field::GUEST_RFLAGS) & rflags::TF;
    let blocking = vmcs.read(Field::GUEST_INTERRUPTIBILITY_STATE);
    if stepping | blocking | (rip ^ next) >> 32 != 0 || !quick.cpuid(registers) {
        return false;
    }
    vmcs.write(Field::GUEST_RIP, next);
    true
}
