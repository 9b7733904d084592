//! Exits whose answer depends on nothing but the vCPU's registers and its partition's tables: no event, no time, no
//! device. A backend may have them answered between the processor's exit and its next entry, without a look at anything
//! else: what was decided for the last entry (windows, thresholds, events that wait) still stands.

use crate::counters::Counters;
use crate::partition::Partition;
use crate::processor::ExitKind;
use isthmus_abi::{Gpr, Gprs};

/// What answers take. The ticks they take count as the guest's.
#[derive(Debug)]
pub struct Quick<'a> {
    partition: &'a Partition,
    counters: &'a mut Counters,
}

impl<'a> Quick<'a> {
    /// For a vCPU of `partition`, whose counters these are.
    pub const fn new(partition: &'a Partition, counters: &'a mut Counters) -> Self {
        Self {
            partition,
            counters,
        }
    }

    /// CPUID, if the leaf has but one answer. `false` leaves everything as it was, for [`super::handle`]; after `true` the
    /// caller moves RIP past the instruction.
    #[inline]
    #[must_use]
    pub fn cpuid(&mut self, registers: &mut Gprs) -> bool {
        let Some(answer) = self.partition.cpuid.fixed(registers.low(Gpr::Rax)) else {
            return false;
        };
        registers.set(Gpr::Rax, u64::from(answer.eax));
        registers.set(Gpr::Rbx, u64::from(answer.ebx));
        registers.set(Gpr::Rcx, u64::from(answer.ecx));
        registers.set(Gpr::Rdx, u64::from(answer.edx));
        self.counters.exit(ExitKind::Cpuid);
        true
    }
}
