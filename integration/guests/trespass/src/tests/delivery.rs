//! Interrupts and exceptions: gates that fault, storms, waiting, NMIs.

use isthmus_abi::{Gva, Port, Vector};

use super::Platform;
use crate::machine::apic::{self, register};
use crate::machine::clock::{self, Deadline};
use crate::machine::instructions::{PLAIN, debug_exception};
use crate::machine::trap::{Fault, count, limit_storm};
use crate::machine::{cpu, descriptors, port};
use crate::report::{Answer, Attempt, Outcome, Report, Wrong, expect, require};

const TIMER: Vector = Vector(0x60);
const SELF: Vector = Vector(0x61);
const GATE: Vector = Vector(0x51);
const NMI: Vector = Vector(2);
const INVALID: Vector = Vector(6);
const STORM: u32 = 2_000;
/// Self IPI, fixed.
const TO_SELF: u32 = 0x4_4000;

pub fn run(platform: &Platform, report: &mut Report) {
    if platform.exact {
        // TCG counts in steps of 16 in these error codes.
        report.run("gates that fault", gates);
    }
    // QEMU's timer itself never ends with counts of a few nanoseconds.
    let fastest = if platform.strict { 1 } else { 20_000 };
    report.run("double fault", double_fault);
    report.run("exception stack that faults", stack);
    report.run("NMI to itself", nmi);
    report.run("storm of timer interrupts", || timer_storm(fastest));
    report.run("storm of interrupts to itself", self_storm);
    report.run("storm of three sources", || all_storms(fastest));
    report.run("HLT wakes", wake);
}

fn case(name: &str) -> Option<Fault> {
    PLAIN
        .iter()
        .find(|case| case.name == name)
        .and_then(|case| (case.run)())
}

/// #NP with the gate's selector: index times 8, IDT, and EXT unless software caused it (SDM Vol. 3A §6.13).
fn gates() -> Outcome {
    descriptors::set_present(GATE, false);
    let software = case("INT of a gate");
    descriptors::set_present(GATE, true);
    descriptors::set_present(INVALID, false);
    let exception = case("UD2");
    descriptors::set_present(INVALID, true);
    expect(
        Attempt::Named("INT 51H"),
        software,
        Some(Fault::of(11, 0x51 << 3 | 2)),
    )?;
    expect(
        Attempt::Named("UD2"),
        exception,
        Some(Fault::of(11, 6 << 3 | 3)),
    )
}

fn general_protection() -> Option<Fault> {
    cpu::read_byte(Gva(1 << 62)).err()
}

/// #GP whose gate is not present is #NP within #GP: two contributory exceptions are #DF.
fn double_fault() -> Outcome {
    let protection = Vector(13);
    descriptors::set_present(protection, false);
    let fault = general_protection();
    descriptors::set_present(protection, true);
    expect(Attempt::Named("#NP in #GP"), fault, Some(Fault::DOUBLE))?;
    expect(
        Attempt::Named("#GP afterwards"),
        general_protection(),
        Some(Fault::GENERAL_PROTECTION),
    )?;
    let page = Vector(14);
    descriptors::set_present(page, false);
    let fault = cpu::read_byte(Gva(0x5000_0000_0000)).err();
    descriptors::set_present(page, true);
    expect(Attempt::Named("#NP in #PF"), fault, Some(Fault::DOUBLE))
}

/// #DB on a stack that is not mapped: #PF while it is delivered, which is delivered on its own.
fn stack() -> Outcome {
    let good = descriptors::stack_top(0, 0);
    descriptors::move_stack(0, Gva(0x5000_0000_0000));
    let unmapped = debug_exception();
    descriptors::move_stack(0, Gva(1 << 62));
    let non_canonical = debug_exception();
    descriptors::move_stack(0, good);
    expect(
        Attempt::Named("#DB on no stack"),
        unmapped,
        Some(Fault::of(14, 2)),
    )?;
    let fault = non_canonical.map(|fault| fault.vector.0);
    // SDM Vol. 3A §6.14.5 says #SS; its error code is 0 or 1 by processor.
    require(
        fault == Some(12),
        Attempt::Named("#DB on a non-canonical stack"),
        "another",
        "#SS",
    )?;
    expect(
        Attempt::Named("#DB afterwards"),
        debug_exception(),
        Some(Fault::DEBUG),
    )
}

fn nmi() -> Outcome {
    let before = count(NMI);
    for _ in 0..100 {
        let sent = count(NMI);
        apic::send(0, TO_SELF & !0x4_0000 | 0x400);
        clock::wait_for(10_000, || count(NMI) != sent);
    }
    let came = count(NMI).wrapping_sub(before);
    // NMIs collapse while one is pending, but none was sent before the last was over.
    expect(Attempt::Named("NMIs of 100"), u64::from(came), 100)
}

/// Lets interrupts come for up to a second, then says how many of `vector` there were.
fn storm(vector: Vector, limit: u32, start: impl FnOnce(), mut each: impl FnMut()) -> u32 {
    let before = count(vector);
    limit_storm(limit);
    start();
    cpu::enable_interrupts();
    let deadline = Deadline::after(1_000_000);
    while count(vector).wrapping_sub(before) < limit && !deadline.is_past() {
        each();
    }
    cpu::disable_interrupts();
    apic::stop_timer();
    limit_storm(0);
    count(vector).wrapping_sub(before)
}

fn enough(what: &'static str, came: u32) -> Outcome {
    require(
        came > 0,
        Attempt::Value(what, came.into()),
        "none",
        "interrupts",
    )?;
    let errors = apic::errors();
    expect(Attempt::Named("local APIC errors"), u64::from(errors), 0)
}

fn timer_storm(fastest: u32) -> Outcome {
    for initial in [1, 2, 10, 1000].map(|count| count * fastest) {
        let came = storm(
            TIMER,
            STORM,
            || apic::start_timer(TIMER, true, initial),
            || {},
        );
        enough("periodic timer", came)?;
    }
    Ok(())
}

fn self_storm() -> Outcome {
    let mut sent = 0;
    let send = || {
        apic::send(0, TO_SELF | u32::from(SELF.0));
        sent += 1;
    };
    let came = storm(SELF, STORM, || {}, send);
    // Interrupts are enabled, so each is over before the next is sent: none may be lost.
    require(
        came == sent,
        Attempt::Value("self IPIs", came.into()),
        "another number",
        "as many as were sent",
    )?;
    enough("self IPIs", came)
}

/// Local timer, PIT by the 8259 pair and self IPIs at once.
fn all_storms(fastest: u32) -> Outcome {
    const PIT_VECTOR: Vector = Vector(0x20);
    let before = count(PIT_VECTOR);
    apic::write(register::LVT_LINT0, 0x700);
    port::write(Port(0x43), 1, 0x34);
    // As fast as it goes, or 10 kHz.
    port::write(Port(0x40), 1, if fastest == 1 { 2 } else { 120 });
    port::write(Port(0x40), 1, 0);
    port::write(Port(0x21), 1, 0xfe);
    let send = || apic::send(0, TO_SELF | u32::from(SELF.0));
    let came = storm(
        SELF,
        STORM,
        || apic::start_timer(TIMER, true, fastest),
        send,
    );
    port::mask_pic_inputs();
    port::write(Port(0x43), 1, 0x34);
    port::write(Port(0x40), 1, 0);
    port::write(Port(0x40), 1, 0);
    apic::write(register::LVT_LINT0, 0x1_0000);
    // What was under way when the inputs were masked.
    cpu::enable_interrupts();
    clock::pause(1_000);
    cpu::disable_interrupts();
    enough("self IPIs among others", came)?;
    let ticks = count(PIT_VECTOR).wrapping_sub(before);
    enough("PIT", ticks)
}

fn wake() -> Outcome {
    for _ in 0..20 {
        let before = count(TIMER);
        apic::start_timer(TIMER, false, 10_000);
        cpu::wait();
        let came = count(TIMER).wrapping_sub(before);
        // Any interrupt ends HLT; here there is only this one.
        if came != 1 {
            return expect(
                Attempt::Named("timer interrupts at HLT"),
                Answer::Value(came.into()),
                1,
            );
        }
    }
    apic::stop_timer();
    Ok::<(), Wrong>(())
}
