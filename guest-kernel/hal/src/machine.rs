//! The machine as `isthmus-kernel-core` asks for it.

use alloc::vec::Vec;

use isthmus_abi::{ApicId, CoreId};
use isthmus_kernel_core::machine::Machine;
use isthmus_kernel_core::time::Instant;
use spin::Once;
use x86_64::instructions::interrupts;

use crate::{interrupts as vectors, local_apic, timer};

static CORES: Once<Vec<ApicId>> = Once::new();

/// Keeps the cores' APIC ids, by core number.
pub(crate) fn keep_cores(ids: Vec<ApicId>) {
    CORES.call_once(|| ids);
}

struct Hardware;

impl Machine for Hardware {
    fn now(&self) -> Instant {
        timer::now()
    }

    fn ticks(&self) -> u64 {
        timer::ticks()
    }

    fn set_alarm(&self, at: Option<Instant>) {
        timer::set_alarm(at);
    }

    fn sleep_unless(&self, has_work: &dyn Fn() -> bool) {
        interrupts::disable();
        if has_work() {
            interrupts::enable();
        } else {
            // STI lets nothing in until the next instruction, HLT, is done (SDM Vol. 2B, STI).
            interrupts::enable_and_hlt();
        }
    }

    fn wake(&self, core: CoreId) {
        let Some(id) = CORES.get().and_then(|ids| ids.get(usize::from(core.0))) else {
            return;
        };
        interrupts::without_interrupts(|| local_apic::send(*id, vectors::WAKE));
    }
}

/// The machine.
#[must_use]
pub fn hardware() -> &'static dyn Machine {
    static HARDWARE: Hardware = Hardware;
    &HARDWARE
}
