//! The second processor: started by INIT and SIPI, does what it is told, and is reset when it can't be told any more.

use core::sync::atomic::{AtomicU32, Ordering};

use isthmus_abi::Gva;

use super::{apic, clock, cpu, descriptors, memory};

/// Where the trampoline goes: a page below 1 MiB.
const TRAMPOLINE: u64 = 0x8000;
/// What entry.s looks at in that page: 1 asks for the loop of alignment checks.
const REQUEST: u64 = TRAMPOLINE + 0xff0;
/// Its APIC id.
pub const ID: u8 = 1;

const INIT: u32 = 0x4500;
const STARTUP: u32 = 0x4600;
const NMI: u32 = 0x4400;

/// What the second processor does next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Order {
    /// Waits.
    Idle = 0,
    /// Loops in debug exceptions.
    LoopDebug = 1,
    /// Sends an NMI to the first processor, then waits.
    SendNmi = 2,
}

static ORDER: AtomicU32 = AtomicU32::new(0);
/// Goes up with each start.
static STARTS: AtomicU32 = AtomicU32::new(0);
/// Goes up while it waits for orders.
static TURNS: AtomicU32 = AtomicU32::new(0);

unsafe extern "C" {
    static AP_TRAMPOLINE_START: u8;
    static AP_TRAMPOLINE_END: u8;
}

fn copy_trampoline() {
    let start = &raw const AP_TRAMPOLINE_START;
    let end = &raw const AP_TRAMPOLINE_END;
    for offset in 0..end as u64 - start as u64 {
        let byte = memory::read(Gva(start as u64 + offset), 1);
        memory::write(Gva(TRAMPOLINE + offset), 1, byte);
    }
}

/// Whether the platform says that there are two processors or more (CPUID 01H, EBX 23:16).
pub fn is_there() -> bool {
    let one = cpu::cpuid(1, 0);
    one.edx & 1 << 28 != 0 && one.ebx >> 16 & 0xff > 1
}

/// Resets it and starts it in long mode. Whether it came.
pub fn start() -> bool {
    ORDER.store(Order::Idle as u32, Ordering::Relaxed);
    copy_trampoline();
    memory::write(Gva(REQUEST), 4, 0);
    let before = STARTS.load(Ordering::Acquire);
    kick();
    clock::wait_for(500_000, || STARTS.load(Ordering::Acquire) != before)
}

/// Resets it and starts it in the loop of alignment checks.
pub fn start_in_alignment_loop() {
    copy_trampoline();
    memory::write(Gva(REQUEST), 4, 1);
    kick();
}

/// INIT and one SIPI (SDM Vol. 3A §9.4.4.1).
fn kick() {
    apic::send(ID, INIT);
    clock::pause(1_000);
    apic::send(ID, STARTUP | (TRAMPOLINE >> 12) as u32);
}

/// Gives an order.
pub fn order(order: Order) {
    ORDER.store(order as u32, Ordering::Release);
}

/// Whether it takes orders at the moment.
pub fn is_waiting() -> bool {
    let before = TURNS.load(Ordering::Relaxed);
    clock::wait_for(50_000, || TURNS.load(Ordering::Relaxed) != before)
}

/// Called by entry.s on the second processor.
// SAFETY: the name is entry.s's own and nothing else in the image has it.
#[unsafe(no_mangle)]
extern "C" fn trespass_second() -> ! {
    descriptors::load(1);
    apic::enable();
    STARTS.fetch_add(1, Ordering::Release);
    loop {
        TURNS.fetch_add(1, Ordering::Relaxed);
        let order = ORDER.swap(Order::Idle as u32, Ordering::Acquire);
        if order == Order::LoopDebug as u32 {
            cpu::loop_debug_exceptions(1);
        } else if order == Order::SendNmi as u32 {
            apic::send(0, NMI);
        }
        core::hint::spin_loop();
    }
}
