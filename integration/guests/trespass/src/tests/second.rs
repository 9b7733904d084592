//! With a second processor: loops that never leave exception delivery, which another processor must be able to end and which
//! must not keep the first from running (CVE-2015-5307 and CVE-2015-8104), INIT storms, NMIs across.

use isthmus_abi::Vector;

use super::Platform;
use crate::machine::apic;
use crate::machine::clock::{self, Deadline};
use crate::machine::cpu;
use crate::machine::second::{self, Order};
use crate::machine::trap::count;
use crate::report::{Attempt, Outcome, Report, expect, require};

const TIMER: Vector = Vector(0x62);
const NMI: Vector = Vector(2);

pub fn run(platform: &Platform, report: &mut Report) {
    if !second::is_there() {
        return;
    }
    report.run("second processor starts", start);
    report.run("NMI from the second processor", nmi_across);
    // TCG reports the breakpoint of an injected exception's frame once, within the handler: there is no loop.
    if platform.exact || !platform.strict {
        report.run("loop of debug exceptions", debug_loop);
    }
    // Without interception of #AC the loop is the processor's own, and nothing but a reset ends it.
    if platform.strict {
        report.run("loop of alignment checks", alignment_loop);
    }
    report.run("INIT and SIPI again and again", again);
}

fn start() -> Outcome {
    require(
        second::start(),
        Attempt::Named("INIT and SIPI"),
        "silence",
        "a second processor",
    )?;
    require(
        second::is_waiting(),
        Attempt::Named("second processor"),
        "silence",
        "turns",
    )
}

fn nmi_across() -> Outcome {
    let before = count(NMI);
    second::order(Order::SendNmi);
    let came = clock::wait_for(200_000, || count(NMI) != before);
    require(came, Attempt::Named("NMI"), "nothing", "one")?;
    clock::pause(1_000);
    expect(
        Attempt::Named("NMIs"),
        u64::from(count(NMI).wrapping_sub(before)),
        1,
    )
}

/// This processor's timer goes on for a while.
fn goes_on() -> bool {
    let before = count(TIMER);
    // The timer's input is told by CPUID, or is QEMU's 1 GHz: an interrupt each millisecond.
    let told = cpu::cpuid(0, 0).eax >= 0x15;
    let input = if told { cpu::cpuid(0x15, 0).ecx } else { 0 };
    let hz = if input > 0 { input } else { 1_000_000_000 };
    apic::start_timer(TIMER, true, hz / 1000);
    cpu::enable_interrupts();
    let deadline = Deadline::after(500_000);
    while count(TIMER).wrapping_sub(before) < 20 && !deadline.is_past() {
        core::hint::spin_loop();
    }
    cpu::disable_interrupts();
    apic::stop_timer();
    count(TIMER).wrapping_sub(before) >= 20
}

fn debug_loop() -> Outcome {
    second::order(Order::LoopDebug);
    clock::pause(20_000);
    let lives = goes_on();
    // Either the loop holds it, or the platform does not report breakpoints on pushes and it never looped.
    let back = second::start();
    require(
        lives,
        Attempt::Named("first processor"),
        "no timer interrupts",
        "twenty",
    )?;
    require(
        back,
        Attempt::Named("INIT and SIPI to the loop"),
        "silence",
        "a second processor",
    )?;
    require(
        second::is_waiting(),
        Attempt::Named("second processor"),
        "silence",
        "turns",
    )
}

fn alignment_loop() -> Outcome {
    second::start_in_alignment_loop();
    clock::pause(20_000);
    let lives = goes_on();
    let back = second::start();
    require(
        lives,
        Attempt::Named("first processor"),
        "no timer interrupts",
        "twenty",
    )?;
    require(
        back,
        Attempt::Named("INIT and SIPI to the loop"),
        "silence",
        "a second processor",
    )
}

fn again() -> Outcome {
    for _ in 0..10 {
        require(
            second::start(),
            Attempt::Named("INIT and SIPI"),
            "silence",
            "a second processor",
        )?;
    }
    // SIPI to a processor that runs is ignored.
    apic::send(second::ID, 0x4608);
    require(
        second::is_waiting(),
        Attempt::Named("SIPI while running"),
        "silence",
        "turns",
    )
}
