//! Starting the other cores, one after the other: INIT, start-up interrupt, and a wait until the core says that
//! it has its tables (SDM Vol. 3A §9.4.4).

use crate::boot::{self, TRAMPOLINE_PAGE, TrampolineParameters};
use crate::tables::{self, CoreStacks};
use crate::{apic, cpu, paging, pool};
use isthmus_abi::{ApicId, CoreId};

/// Starts one core and waits for it, at most `patience` TSC ticks. `false` if it never came.
#[must_use]
pub fn start(core: CoreId, target: ApicId, stacks: &CoreStacks, patience: u64) -> bool {
    let parameters = TrampolineParameters {
        boot_cr3: boot::boot_page_tables(),
        cr3: paging::root().0,
        stack: stacks.main,
        core: u64::from(core.0),
    };
    let place = TRAMPOLINE_PAGE + boot::trampoline_parameters_offset() + pool::DIRECT_OFFSET;
    // SAFETY: the trampoline page is mapped writable at the direct offset, and no core runs it now: each start
    // waits for its core.
    unsafe { (place as *mut TrampolineParameters).write_volatile(parameters) };
    apic::send_init(target);
    for _ in 0..2 {
        apic::send_startup(target, TRAMPOLINE_PAGE);
        let start = cpu::rdtsc();
        while cpu::rdtsc().wrapping_sub(start) < patience / 2 {
            if tables::is_online(core) {
                return true;
            }
            cpu::pause();
        }
    }
    false
}
