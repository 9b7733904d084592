//! What happens when the processor answers with an exception or an interrupt: probes continue after the instruction that
//! failed and remember why, interrupts are counted, anything else ends the run.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use isthmus_abi::{Gva, Vector};

use super::{apic, cpu, serial};

/// An exception that a probe caused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Its vector.
    pub vector: Vector,
    /// Its error code; 0 if it has none.
    pub error: u32,
}

impl Fault {
    /// #DB.
    pub const DEBUG: Self = Self::of(1, 0);
    /// #UD.
    pub const INVALID_OPCODE: Self = Self::of(6, 0);
    /// #DF.
    pub const DOUBLE: Self = Self::of(8, 0);
    /// #GP(0).
    pub const GENERAL_PROTECTION: Self = Self::of(13, 0);

    /// A vector and error code.
    pub const fn of(vector: u8, error: u32) -> Self {
        Self {
            vector: Vector(vector),
            error,
        }
    }
}

/// What `entry.s` pushes and the processor before it (SDM Vol. 3A §6.14.2).
#[repr(C)]
pub struct Frame {
    registers: [u64; 15],
    vector: u64,
    error: u64,
    rip: u64,
    cs: u64,
    rflags: u64,
    rsp: u64,
    ss: u64,
}

/// Where a probe goes on if its instruction faults; 0 outside probes. Written by the `probe!` macro.
pub static RECOVERY: AtomicU64 = AtomicU64::new(0);
/// The last fault of a probe: bit 63 for there is one, vector in 39:32, error code in 31:0.
static FAULT: AtomicU64 = AtomicU64::new(0);
/// RIP and CR2 of the last fault of a probe.
static FAULT_RIP: AtomicU64 = AtomicU64::new(0);
static FAULT_ADDRESS: AtomicU64 = AtomicU64::new(0);
/// Interrupts by vector.
static COUNTS: [AtomicU32; 256] = [const { AtomicU32::new(0) }; 256];
/// Interrupts until the handler stops their sources; 0 for never.
static STORM_LIMIT: AtomicU32 = AtomicU32::new(0);

/// The fault of the probe that just ran, if it had one.
pub fn taken() -> Option<Fault> {
    let bits = FAULT.swap(0, Ordering::Relaxed);
    (bits >> 63 != 0).then(|| Fault::of((bits >> 32) as u8, bits as u32))
}

/// Where the last fault of a probe struck.
pub fn fault_rip() -> Gva {
    Gva(FAULT_RIP.load(Ordering::Relaxed))
}

/// CR2 at the last fault of a probe.
pub fn fault_address() -> Gva {
    Gva(FAULT_ADDRESS.load(Ordering::Relaxed))
}

/// How often a vector came.
pub fn count(vector: Vector) -> u32 {
    COUNTS[usize::from(vector.0)].load(Ordering::Relaxed)
}

/// Lets the handler stop the local APIC's timer and the 8259 pair after so many more interrupts; 0 for never.
pub fn limit_storm(interrupts: u32) {
    STORM_LIMIT.store(interrupts, Ordering::Relaxed);
}

/// Executes an instruction and says which fault it caused, if any. Operands as in `asm!`.
macro_rules! probe {
    ($($line:expr),+ $(; $($operands:tt)*)?) => {{
        core::arch::asm!(
            "lea {recovery}, [rip + 77f]",
            "mov qword ptr [rip + {slot}], {recovery}",
            $($line,)+
            "mov qword ptr [rip + {slot}], 0",
            "77:",
            recovery = out(reg) _,
            slot = sym $crate::machine::trap::RECOVERY,
            $($($operands)*)?
        );
        $crate::machine::trap::taken()
    }};
}
pub(crate) use probe;

/// Called by entry.s for every vector.
// SAFETY: the name is entry.s's own and nothing else in the image has it.
#[unsafe(no_mangle)]
extern "C" fn trespass_trap(frame: &mut Frame) {
    let vector = frame.vector as u8;
    COUNTS[usize::from(vector)].fetch_add(1, Ordering::Relaxed);
    match vector {
        // NMIs are counted, and end a loop of debug exceptions.
        2 => cpu::clear_breakpoints(),
        0..32 => exception(frame),
        _ => interrupt(Vector(vector)),
    }
}

fn exception(frame: &mut Frame) {
    let vector = frame.vector as u8;
    let recovery = RECOVERY.swap(0, Ordering::Relaxed);
    if recovery == 0 {
        // Pushed in the order rax, rcx, rdx: the last in memory.
        let [.., rdx, rcx, rax] = frame.registers;
        serial::print(format_args!(
            "trespass: exception {vector} with error code {:#x} at {:#x}, stack {:#x}, address {:#x}, rax {rax:#x}, rcx {rcx:#x}, rdx {rdx:#x}, where none was asked for\n",
            frame.error,
            frame.rip,
            frame.rsp,
            cpu::cr2().0,
        ));
        super::port::verdict(2);
    }
    FAULT_RIP.store(frame.rip, Ordering::Relaxed);
    FAULT_ADDRESS.store(cpu::cr2().0, Ordering::Relaxed);
    let bits = 1 << 63 | u64::from(vector) << 32 | frame.error & 0xffff_ffff;
    FAULT.store(bits, Ordering::Relaxed);
    const TF: u64 = 1 << 8;
    const AC: u64 = 1 << 18;
    frame.rflags &= !(TF | AC);
    frame.rip = recovery;
}

fn interrupt(vector: Vector) {
    if STORM_LIMIT.load(Ordering::Relaxed) != 0 && STORM_LIMIT.fetch_sub(1, Ordering::Relaxed) == 1
    {
        // The next of these interrupts is there before this one is over: the program would never go on.
        apic::stop_timer();
        super::port::mask_pic_inputs();
    }
    if apic::in_service(vector) {
        apic::end_of_interrupt();
    } else if (0x20..0x30).contains(&vector.0) {
        super::port::end_of_pic_interrupt(vector.0 >= 0x28);
    }
}
