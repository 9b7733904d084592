//! The physical interrupt controllers: each core's local APIC, in x2APIC mode where the processor has it, and
//! the I/O APICs (SDM Vol. 3A ch. 11; Intel 82093AA).

use crate::cpu;
use crate::paging::{OutOfFrames, map_device};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use isthmus_abi::{ApicId, Hpa, Msr, Vector};

/// The wake-up timer of an idle core.
pub const TIMER_VECTOR: Vector = Vector(0xf0);
/// "Look at your mailboxes": sent by another core.
pub const KICK_VECTOR: Vector = Vector(0xf1);
/// The console UART.
pub const CONSOLE_VECTOR: Vector = Vector(0xe0);
/// What the local APIC delivers when an interrupt vanished.
pub const SPURIOUS_VECTOR: Vector = Vector(0xff);

const APIC_BASE: Msr = Msr(0x1b);
const TSC_DEADLINE: Msr = Msr(0x6e0);
const ENABLE: u64 = 1 << 11;
const X2APIC_ENABLE: u64 = 1 << 10;

static X2APIC: AtomicBool = AtomicBool::new(false);
static DEADLINE_TIMER: AtomicBool = AtomicBool::new(false);
static REGISTERS: AtomicU64 = AtomicU64::new(0);
/// Local APIC timer ticks per 2^32 TSC ticks, where there is no TSC-deadline mode.
static TIMER_RATIO: AtomicU64 = AtomicU64::new(0);

/// Register offsets (SDM Vol. 3A Table 11-1); an x2APIC register's MSR is 0x800 plus a sixteenth of it.
mod register {
    pub const ID: u32 = 0x20;
    pub const TASK_PRIORITY: u32 = 0x80;
    pub const EOI: u32 = 0xb0;
    pub const SPURIOUS: u32 = 0xf0;
    pub const COMMAND: u32 = 0x300;
    pub const COMMAND_HIGH: u32 = 0x310;
    pub const LVT_TIMER: u32 = 0x320;
    pub const LVT_LINT0: u32 = 0x350;
    pub const LVT_LINT1: u32 = 0x360;
    pub const INITIAL_COUNT: u32 = 0x380;
    pub const CURRENT_COUNT: u32 = 0x390;
    pub const DIVIDE: u32 = 0x3e0;
}

fn read(register: u32) -> u32 {
    if X2APIC.load(Ordering::Relaxed) {
        return cpu::read_msr(Msr(0x800 + register / 16)) as u32;
    }
    // SAFETY: the registers were mapped uncached by `init`; `register` is an aligned offset within the page.
    unsafe {
        ((REGISTERS.load(Ordering::Relaxed) + u64::from(register)) as *const u32).read_volatile()
    }
}

fn write(register: u32, value: u32) {
    if X2APIC.load(Ordering::Relaxed) {
        // SAFETY: APIC registers decide on interrupts, which the hypervisor's handlers bear at any time.
        unsafe { cpu::write_msr(Msr(0x800 + register / 16), u64::from(value)) };
        return;
    }
    // SAFETY: as in `read`.
    unsafe {
        ((REGISTERS.load(Ordering::Relaxed) + u64::from(register)) as *mut u32)
            .write_volatile(value)
    };
}

/// Finds and maps the local APIC. Once, on the boot core, before [`enable`].
///
/// # Errors
/// [`OutOfFrames`] when the pool is used up.
pub fn init() -> Result<(), OutOfFrames> {
    let features = cpu::cpuid(1, 0).ecx;
    X2APIC.store(features & 1 << 21 != 0, Ordering::Relaxed);
    DEADLINE_TIMER.store(features & 1 << 24 != 0, Ordering::Relaxed);
    let base = Hpa(cpu::read_msr(APIC_BASE) & 0x000f_ffff_ffff_f000);
    // SAFETY: IA32_APIC_BASE names the APIC's registers, not RAM.
    let mapped = unsafe { map_device(base, 4096)? };
    REGISTERS.store(mapped.0, Ordering::Relaxed);
    Ok(())
}

/// Turns the calling core's local APIC on: every vector accepted, local lines masked, timer off.
pub fn enable() {
    let mut base = cpu::read_msr(APIC_BASE) | ENABLE;
    if X2APIC.load(Ordering::Relaxed) {
        base |= X2APIC_ENABLE;
    }
    // SAFETY: enabling the APIC in the mode that `init` found.
    unsafe { cpu::write_msr(APIC_BASE, base) };
    write(register::TASK_PRIORITY, 0);
    write(register::SPURIOUS, 0x100 | u32::from(SPURIOUS_VECTOR.0));
    write(register::LVT_LINT0, 1 << 16);
    write(register::LVT_LINT1, 4 << 8); // NMI
    write(register::DIVIDE, 0b1011); // by one
    let mode = if DEADLINE_TIMER.load(Ordering::Relaxed) {
        2 << 17
    } else {
        0
    };
    write(register::LVT_TIMER, mode | u32::from(TIMER_VECTOR.0));
}

/// Measures the APIC timer against the TSC, where there is no deadline mode: call with a function that waits
/// for some time.
pub fn calibrate_timer(wait: impl FnOnce()) {
    if DEADLINE_TIMER.load(Ordering::Relaxed) {
        return wait();
    }
    write(register::INITIAL_COUNT, u32::MAX);
    let start = cpu::rdtsc();
    wait();
    let ticks = u32::MAX - read(register::CURRENT_COUNT);
    let elapsed = cpu::rdtsc().wrapping_sub(start).max(1);
    write(register::INITIAL_COUNT, 0);
    TIMER_RATIO.store(
        ((u128::from(ticks) << 32) / u128::from(elapsed)) as u64,
        Ordering::Relaxed,
    );
}

/// Sets the calling core's wake-up to a TSC value, or off.
pub fn set_wakeup(deadline: Option<u64>) {
    if DEADLINE_TIMER.load(Ordering::Relaxed) {
        // SAFETY: arms an interrupt that the hypervisor's handlers bear.
        unsafe { cpu::write_msr(TSC_DEADLINE, deadline.unwrap_or(0)) };
        return;
    }
    let count = deadline.map_or(0, |deadline| {
        let distance = deadline.saturating_sub(cpu::rdtsc());
        let ticks = (u128::from(distance) * u128::from(TIMER_RATIO.load(Ordering::Relaxed))) >> 32;
        ticks.clamp(1, u128::from(u32::MAX)) as u32
    });
    write(register::INITIAL_COUNT, count);
}

/// The calling core's APIC id.
#[must_use]
pub fn id() -> ApicId {
    let id = read(register::ID);
    ApicId(if X2APIC.load(Ordering::Relaxed) {
        id
    } else {
        id >> 24
    })
}

/// Ends the interrupt in service.
pub fn end_of_interrupt() {
    write(register::EOI, 0);
}

fn command(target: ApicId, low: u32) {
    if X2APIC.load(Ordering::Relaxed) {
        // SAFETY: an interrupt message to another core, whose handlers bear it.
        unsafe { cpu::write_msr(Msr(0x830), u64::from(target.0) << 32 | u64::from(low)) };
        return;
    }
    while read(register::COMMAND) & 1 << 12 != 0 {
        cpu::pause();
    }
    write(register::COMMAND_HIGH, target.0 << 24);
    write(register::COMMAND, low);
}

/// Sends a fixed interrupt.
pub fn send(target: ApicId, vector: Vector) {
    command(target, 1 << 14 | u32::from(vector.0));
}

/// Sends an NMI to every other core: the panic's "stop".
pub fn send_nmi_to_others() {
    command(ApicId(0), 3 << 18 | 1 << 14 | 4 << 8);
}

/// Sends INIT (SDM Vol. 3A §9.4.4.1).
pub fn send_init(target: ApicId) {
    command(target, 1 << 14 | 5 << 8);
}

/// Sends a start-up interrupt to a page below 1 MiB.
pub fn send_startup(target: ApicId, page: u64) {
    command(target, 1 << 14 | 6 << 8 | (page >> 12) as u32 & 0xff);
}

/// Masks both 8259s, whose lines the hypervisor does not use.
pub fn mask_legacy_controllers() {
    for port in [0x21, 0xa1] {
        // SAFETY: the interrupt mask registers of the two controllers.
        unsafe { cpu::port_write8(isthmus_abi::Port(port), 0xff) };
    }
}

/// One I/O APIC.
#[derive(Debug)]
pub struct IoApic {
    registers: u64,
    first_interrupt: u32,
}

/// How an input of the I/O APIC signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Active low instead of high.
    pub low: bool,
    /// Level instead of edge.
    pub level: bool,
}

impl IoApic {
    /// The I/O APIC that the firmware's MADT lists at `address`, all inputs masked.
    ///
    /// # Errors
    /// [`OutOfFrames`] when the pool is used up.
    pub fn from_madt(address: Hpa, first_interrupt: u32) -> Result<Self, OutOfFrames> {
        // SAFETY: the MADT says what is at the address; firmware is trusted that far.
        unsafe { Self::new(address, first_interrupt) }
    }

    /// Maps an I/O APIC and masks all of its inputs.
    ///
    /// # Errors
    /// [`OutOfFrames`] when the pool is used up.
    ///
    /// # Safety
    /// `address` is the I/O APIC that the MADT lists.
    pub unsafe fn new(address: Hpa, first_interrupt: u32) -> Result<Self, OutOfFrames> {
        // SAFETY: device registers by the caller's word.
        let registers = unsafe { map_device(address, 0x20)? }.0;
        let mut io_apic = Self {
            registers,
            first_interrupt,
        };
        for input in 0..io_apic.inputs() {
            io_apic.write(0x10 + 2 * input, 1 << 16);
        }
        Ok(io_apic)
    }

    fn read(&mut self, index: u32) -> u32 {
        // SAFETY: IOREGSEL, mapped uncached.
        unsafe { (self.registers as *mut u32).write_volatile(index) };
        // SAFETY: IOWIN.
        unsafe { ((self.registers + 0x10) as *const u32).read_volatile() }
    }

    fn write(&mut self, index: u32, value: u32) {
        // SAFETY: IOREGSEL, mapped uncached.
        unsafe { (self.registers as *mut u32).write_volatile(index) };
        // SAFETY: IOWIN; the entries name vectors that the hypervisor's handlers bear.
        unsafe { ((self.registers + 0x10) as *mut u32).write_volatile(value) };
    }

    /// Number of inputs, 1 to 240.
    pub fn inputs(&mut self) -> u32 {
        (self.read(1) >> 16 & 0xff) + 1
    }

    /// Routes a global system interrupt to a core, unmasked. `false` if it is not one of this I/O APIC's.
    pub fn route(
        &mut self,
        interrupt: u32,
        signal: Signal,
        vector: Vector,
        target: ApicId,
    ) -> bool {
        let Some(input) = interrupt
            .checked_sub(self.first_interrupt)
            .filter(|input| *input < self.inputs())
        else {
            return false;
        };
        self.write(0x11 + 2 * input, target.0 << 24);
        let flags = u32::from(signal.low) << 13 | u32::from(signal.level) << 15;
        self.write(0x10 + 2 * input, flags | u32::from(vector.0));
        true
    }
}
