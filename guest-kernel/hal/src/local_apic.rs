//! The local APIC (SDM Vol. 3A §11), in x2APIC mode where the CPU offers it, through its page of registers elsewhere.

use core::sync::atomic::{AtomicU64, Ordering};

use isthmus_abi::{ApicId, Gva, Vector};
use raw_cpuid::CpuId;
use x86_64::registers::model_specific::Msr;

use crate::interrupts;

/// IA32_APIC_BASE: base address, global enable, x2APIC enable (SDM Vol. 3A §11.4.3).
const APIC_BASE: u32 = 0x1b;
const ENABLE: u64 = 1 << 11;
const X2APIC: u64 = 1 << 10;

/// A register, by its offset in the page; its MSR in x2APIC mode is 0x800 + offset / 16 (table 11-6).
#[derive(Clone, Copy)]
pub(crate) struct Register(u32);

impl Register {
    const ID: Self = Self(0x020);
    const TASK_PRIORITY: Self = Self(0x080);
    const END_OF_INTERRUPT: Self = Self(0x0b0);
    const SPURIOUS: Self = Self(0x0f0);
    const COMMAND: Self = Self(0x300);
    const COMMAND_HIGH: Self = Self(0x310);
    pub(crate) const TIMER: Self = Self(0x320);
    const LINT0: Self = Self(0x350);
    const LINT1: Self = Self(0x360);
    const ERROR: Self = Self(0x370);
    pub(crate) const INITIAL_COUNT: Self = Self(0x380);
    pub(crate) const CURRENT_COUNT: Self = Self(0x390);
    pub(crate) const DIVIDE: Self = Self(0x3e0);
}

/// A local vector table entry's mask bit.
pub(crate) const MASKED: u32 = 1 << 16;
/// A local vector table entry for NMI.
const NMI: u32 = 0b100 << 8;
/// Command register: INIT, level assert; and start-up (SDM Vol. 3A §11.6.1).
const INIT: u32 = 0b101 << 8 | 1 << 14;
const START_UP: u32 = 0b110 << 8 | 1 << 14;
const FIXED: u32 = 1 << 14;
/// Command register: the last one has not been accepted yet (xAPIC mode only).
const PENDING: u32 = 1 << 12;

/// Where the registers are mapped; 0 in x2APIC mode.
static PAGE: AtomicU64 = AtomicU64::new(0);

/// Whether the CPU offers x2APIC mode.
pub(crate) fn has_x2apic() -> bool {
    CpuId::new()
        .get_feature_info()
        .is_some_and(|features| features.has_x2apic())
}

/// Says where the registers are mapped. Never called if [`has_x2apic`].
pub(crate) fn set_page(page: Gva) {
    PAGE.store(page.0, Ordering::Relaxed);
}

/// The physical address of the registers, as the CPU has it.
pub(crate) fn base() -> u64 {
    // SAFETY: the register exists on every CPU with a local APIC, which long mode implies here; reading has no effect.
    let value = unsafe { Msr::new(APIC_BASE).read() };
    value & 0x000f_ffff_ffff_f000
}

/// Switches this core's local APIC on, all local interrupts masked but NMI.
pub(crate) fn enable() {
    let mut base = Msr::new(APIC_BASE);
    // SAFETY: as in `base`.
    let value = unsafe { base.read() };
    let mode = if PAGE.load(Ordering::Relaxed) == 0 {
        ENABLE | X2APIC
    } else {
        ENABLE
    };
    // SAFETY: from disabled or xAPIC to a mode that the CPU has, the only transitions made here (SDM Vol. 3A §11.12.5).
    unsafe { base.write(value | mode) };
    for register in [Register::TIMER, Register::LINT0, Register::ERROR] {
        write(register, MASKED);
    }
    write(Register::LINT1, NMI);
    write(Register::TASK_PRIORITY, 0);
    write(
        Register::SPURIOUS,
        1 << 8 | u32::from(interrupts::SPURIOUS.0),
    );
}

/// This core's id.
pub(crate) fn id() -> ApicId {
    let value = read(Register::ID);
    match PAGE.load(Ordering::Relaxed) {
        0 => ApicId(value),
        _ => ApicId(value >> 24),
    }
}

/// Ends the interrupt in service.
pub(crate) fn end_of_interrupt() {
    write(Register::END_OF_INTERRUPT, 0);
}

/// INIT to `target`.
pub(crate) fn send_init(target: ApicId) {
    command(target, INIT);
}

/// SIPI to `target`, which starts in real mode at `page` << 12.
pub(crate) fn send_start_up(target: ApicId, page: u8) {
    command(target, START_UP | u32::from(page));
}

/// A fixed interrupt to `target`.
pub(crate) fn send(target: ApicId, vector: Vector) {
    command(target, FIXED | u32::from(vector.0));
}

fn command(target: ApicId, low: u32) {
    let page = PAGE.load(Ordering::Relaxed);
    if page == 0 {
        let value = u64::from(target.0) << 32 | u64::from(low);
        let mut command = Msr::new(0x800 + (Register::COMMAND.0 >> 4));
        // SAFETY: x2APIC mode is on. An interrupt to a core of this kernel goes to a vector that it handles;
        // INIT and SIPI go only to cores that have not started.
        unsafe { command.write(value) };
        return;
    }
    while read(Register::COMMAND) & PENDING != 0 {
        core::hint::spin_loop();
    }
    // Two writes make one command: an interrupt between them sends none, so none can mix in.
    write(Register::COMMAND_HIGH, target.0 << 24);
    write(Register::COMMAND, low);
}

pub(crate) fn read(register: Register) -> u32 {
    let page = PAGE.load(Ordering::Relaxed);
    if page == 0 {
        // SAFETY: x2APIC mode is on and has the register; reading those used here has no effect.
        let value = unsafe { Msr::new(0x800 + (register.0 >> 4)).read() };
        return value as u32;
    }
    let address = (page + u64::from(register.0)) as *const u32;
    // SAFETY: `PAGE` is the local APIC's page, mapped uncached for ever; registers are 16-byte aligned words.
    unsafe { address.read_volatile() }
}

pub(crate) fn write(register: Register, value: u32) {
    let page = PAGE.load(Ordering::Relaxed);
    if page == 0 {
        let mut msr = Msr::new(0x800 + (register.0 >> 4));
        // SAFETY: x2APIC mode is on and has the register; none written here reaches memory.
        unsafe { msr.write(u64::from(value)) };
        return;
    }
    let address = (page + u64::from(register.0)) as *mut u32;
    // SAFETY: as in `read`.
    unsafe { address.write_volatile(value) };
}
