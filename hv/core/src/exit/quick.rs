//! Exits whose answer depends on nothing but the vCPU's registers and its partition's tables: no event, no time, no
//! device. They are answered without a look at anything else, which leaves the vCPU as it was before the entry in every
//! other respect: what was decided for that entry (windows, thresholds, events that wait) still stands.

use crate::counters::Counters;
use crate::partition::Partition;
use crate::vcpu;
use isthmus_abi::{Gpr, Gprs};
use isthmus_vmx::exit::BasicReason;
use isthmus_vmx::field::{Field, Vmcs};

/// Answers the exit that the current VMCS describes, if it is such a one. `false` leaves everything as it was, for
/// [`super::handle`].
#[inline]
#[must_use]
pub fn quick(
    partition: &Partition,
    counters: &mut Counters,
    registers: &mut Gprs,
    cpu: &mut impl Vmcs,
) -> bool {
    // A failed entry has bit 31 set and is none of these.
    if cpu.read(Field::EXIT_REASON) != u64::from(BasicReason::CPUID.0) {
        return false;
    }
    let Some(answer) = partition.cpuid.fixed(registers.low(Gpr::Rax)) else {
        return false;
    };
    registers.set(Gpr::Rax, u64::from(answer.eax));
    registers.set(Gpr::Rbx, u64::from(answer.ebx));
    registers.set(Gpr::Rcx, u64::from(answer.ecx));
    registers.set(Gpr::Rdx, u64::from(answer.edx));
    counters.exit(BasicReason::CPUID.0);
    vcpu::skip_instruction(cpu);
    true
}
