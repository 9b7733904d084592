//! The other cores: each is sent INIT and SIPI (SDM Vol. 3A §9.4.4), comes up through the trampoline on a stack
//! of its own, and waits until the boot core has prepared the kernel.

use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, AtomicU64, Ordering};
use core::time::Duration;

use isthmus_abi::{ApicId, CoreId, Gpa};
use isthmus_kernel_core::acpi::Platform;

use super::{TAKEN, kernel};
use crate::cores::{self, Stacks};
use crate::{descriptors, local_apic, machine, timer};

/// Between INIT and SIPI.
const INIT_WAIT: Duration = Duration::from_millis(10);
/// For a core to answer a SIPI before it is sent another, and before it is given up.
const ANSWER_WAIT: Duration = Duration::from_millis(100);
const ATTEMPTS: usize = 2;

// Read by entry.s on the core that starts.
// SAFETY: the names are entry.s's own and nothing else in the image has them.
#[unsafe(no_mangle)]
static AP_PAGE_TABLE: AtomicU64 = AtomicU64::new(0);
// SAFETY: as above.
#[unsafe(no_mangle)]
static AP_STACK: AtomicU64 = AtomicU64::new(0);
// SAFETY: as above.
#[unsafe(no_mangle)]
static AP_CORE: AtomicU32 = AtomicU32::new(0);

/// Cores that have come up.
static ONLINE: AtomicU16 = AtomicU16::new(1);
/// Whether the kernel is prepared.
static RELEASED: AtomicBool = AtomicBool::new(false);

unsafe extern "C" {
    static AP_TRAMPOLINE_START: UnsafeCell<u8>;
    static AP_TRAMPOLINE_END: UnsafeCell<u8>;
}

/// Copies the trampoline to `page`, below 1 MiB, while the boot page tables are in use.
pub(super) fn copy_trampoline(page: Gpa) {
    // SAFETY: only the address of the symbol is taken; entry.s defines it.
    let start = unsafe { &AP_TRAMPOLINE_START };
    // SAFETY: as above.
    let end = unsafe { &AP_TRAMPOLINE_END };
    let (start, end) = (start.get().cast_const(), end.get().cast_const());
    let len = end as usize - start as usize;
    let to = page.0 as *mut u8;
    // SAFETY: 1. `len` bytes of .rodata at `start`, 2. `page` is a free frame of RAM, mapped one to one and writable, and
    // longer than the trampoline, 3. the image starts at 1 MiB, so they do not overlap.
    unsafe { core::ptr::copy_nonoverlapping(start, to, len) };
}

/// Starts every processor but this one. Returns how many cores there are then; core numbers follow the MADT, this
/// one first.
pub(super) fn start_all(
    platform: &Platform,
    stacks: &[Stacks],
    page_table: Gpa,
    trampoline: Option<Gpa>,
) -> u16 {
    let own = local_apic::id();
    let mut ids = Vec::from([own]);
    let others = platform.processors.iter().filter(|id| **id != own);
    AP_PAGE_TABLE.store(page_table.0, Ordering::Relaxed);
    let page = trampoline.and_then(|page| u8::try_from(page.0 >> 12).ok());
    for (id, (number, stacks)) in others.zip((1_u32..).zip(stacks.iter().skip(1))) {
        let Some(page) = page else {
            log::warn!("no page below 1 MiB is free: one core");
            break;
        };
        AP_STACK.store(stacks.main.0, Ordering::Relaxed);
        AP_CORE.store(number, Ordering::Release);
        if !start(*id, page) {
            // It may wake up late and use its stack and number: no later core gets them.
            log::warn!(
                "core {number}, APIC id {}, does not start; the cores after it stay off",
                id.0
            );
            break;
        }
        ids.push(*id);
    }
    machine::keep_cores(ids);
    ONLINE.load(Ordering::Acquire)
}

fn start(id: ApicId, page: u8) -> bool {
    let before = ONLINE.load(Ordering::Acquire);
    let came = || ONLINE.load(Ordering::Acquire) > before;
    local_apic::send_init(id);
    wait(INIT_WAIT, || false);
    for _ in 0..ATTEMPTS {
        local_apic::send_start_up(id, page);
        if wait(ANSWER_WAIT, came) {
            return true;
        }
    }
    false
}

/// Waits for `time` or until `done`, and says whether it was.
fn wait(time: Duration, done: impl Fn() -> bool) -> bool {
    let end = timer::now().after(time);
    while timer::now() < end {
        if done() {
            return true;
        }
        core::hint::spin_loop();
    }
    done()
}

/// Lets the other cores go to work.
pub(super) fn release() {
    RELEASED.store(true, Ordering::Release);
}

/// Called by entry.s on the core that starts, on its own stack and the kernel's page tables.
// SAFETY: the name is entry.s's own and nothing else in the image has it.
#[unsafe(no_mangle)]
extern "C" fn hal_ap(number: u32) -> ! {
    descriptors::load_idt();
    let core = CoreId(u16::try_from(number).unwrap_or(u16::MAX));
    cores::set_current(core);
    if let Some(stacks) = TAKEN
        .get()
        .and_then(|taken| taken.stacks.get(usize::from(core.0)))
    {
        descriptors::load(stacks);
    }
    local_apic::enable();
    timer::enable();
    ONLINE.fetch_add(1, Ordering::Release);
    while !RELEASED.load(Ordering::Acquire) {
        core::hint::spin_loop();
    }
    (kernel().work)(core)
}
