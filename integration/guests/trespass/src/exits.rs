//! What leaving the guest costs, seen from inside: ticks of the TSC around one instruction that exits, many times each.
//!
//! The word `bench=exits` asks for it (`cargo xtask bench exits`), under Isthmus and under Linux' KVM in the same machine.
//! A line each: the quartiles of all rounds. Neighbours: `integration/guests/kvm-host` runs the same file there.

use core::arch::x86_64::CpuidResult;
use core::hint::black_box;

use isthmus_abi::{Gpa, Gva, Msr, Port, Vector};

use crate::machine::{apic, cpu, memory, port, serial, window};
use crate::tests::Platform;

/// Rounds of each.
const ROUNDS: usize = 1000;
/// IA32_BIOS_SIGN_ID: every hypervisor answers it itself.
const EMULATED: Msr = Msr(0x8b);
/// Where a PC's firmware shows its progress; nothing hangs on it.
const POST_PORT: Port = Port(0x80);
/// Neither RAM nor a device.
const NOWHERE: Gpa = Gpa(0xd000_0000);
/// Ticks from arming the timer to its interrupt: more than any of the others takes.
const SLEEP: u64 = 50_000;
const TIMER: Vector = Vector(0x60);
const TSC_DEADLINE: Msr = Msr(0x6e0);

/// One round: ticks.
type Round = fn() -> u64;

const ALL: [(&str, Round); 7] = [
    ("nothing", || timed(|| {})),
    ("CPUID", || timed(|| cpu::cpuid(0, 0))),
    ("hypercall", || {
        let amd = cpu::is_amd();
        timed(|| cpu::unknown_hypercall(amd))
    }),
    ("RDMSR", || timed(|| cpu::read_msr(EMULATED))),
    ("port OUT", || timed(|| port::write(POST_PORT, 1, 0))),
    // The register that selects a register: no effect but that one.
    ("MMIO write", || {
        timed(|| memory::write(Gva(apic::IO.0), 4, 0))
    }),
    ("EPT violation", || {
        let at = window::open(NOWHERE);
        timed(|| memory::read(at, 4))
    }),
];

/// Measures and ends, if the command line asks for it.
pub fn run(platform: &Platform) {
    if !platform.info.has_word("bench=exits") {
        return;
    }
    for (name, round) in ALL {
        measure(name, round);
    }
    if has_deadline_timer() {
        measure("HLT-wake", halt);
    }
    serial::print(format_args!("exits: finished\n"));
    port::verdict(0);
}

fn measure(name: &str, round: Round) {
    let mut ticks = [0; ROUNDS];
    // Once for what is only slow the first time.
    round();
    ticks.fill_with(round);
    ticks.sort_unstable();
    let [lower, median, upper] = [ROUNDS / 4, ROUNDS / 2, ROUNDS * 3 / 4].map(|place| ticks[place]);
    serial::print(format_args!(
        "exits: {name}: {lower} {median} {upper} ticks\n"
    ));
}

#[inline(always)]
fn timed<R>(work: impl FnOnce() -> R) -> u64 {
    let start = cpu::tsc();
    black_box(work());
    cpu::tsc().wrapping_sub(start)
}

fn has_deadline_timer() -> bool {
    let CpuidResult { ecx, .. } = cpu::cpuid(1, 0);
    ecx & 1 << 24 != 0
}

/// From the timer's deadline to the instruction after HLT, the interrupt's handler and EOI included.
fn halt() -> u64 {
    const DEADLINE_MODE: u32 = 2 << 17;
    apic::write(
        apic::register::LVT_TIMER,
        u32::from(TIMER.0) | DEADLINE_MODE,
    );
    let deadline = cpu::tsc() + SLEEP;
    // No fault: the timer is there.
    let _ = cpu::write_msr(TSC_DEADLINE, deadline);
    cpu::wait();
    cpu::tsc().wrapping_sub(deadline)
}
