//! CPUID and the instructions of features that are hidden.

use super::Platform;
use crate::machine::instructions::{Case, HYPERCALLS, PLAIN, STEPS, VIRTUALIZATION, struck_at};
use crate::machine::trap::Fault;
use crate::machine::{cpu, trap};
use crate::report::{Answer, Attempt, Outcome, Report, expect};

pub fn run(platform: &Platform, report: &mut Report) {
    let strict = platform.strict;
    report.run("cpuid hides virtualization", || cpuid(strict));
    report.run("virtualization instructions", || {
        all(VIRTUALIZATION, strict)
    });
    if strict {
        report.run("hypercall instructions", hypercalls);
    }
    report.run("hidden and exiting instructions", || all(PLAIN, strict));
    report.run("single step over exits", single_step);
}

fn cpuid(strict: bool) -> Outcome {
    let one = cpu::cpuid(1, 0);
    expect(
        Attempt::Named("CPUID.1:ECX.VMX"),
        u64::from(one.ecx >> 5 & 1),
        0,
    )?;
    expect(
        Attempt::Named("CPUID.1:ECX.SMX"),
        u64::from(one.ecx >> 6 & 1),
        0,
    )?;
    expect(
        Attempt::Named("CPUID.1:ECX.hypervisor"),
        u64::from(one.ecx >> 31),
        1,
    )?;
    if strict {
        expect(
            Attempt::Named("CPUID.1:ECX.MONITOR"),
            u64::from(one.ecx >> 3 & 1),
            0,
        )?;
        let extended = cpu::cpuid(0x8000_0001, 0);
        expect(
            Attempt::Named("CPUID.80000001H:ECX.SVM"),
            u64::from(extended.ecx >> 2 & 1),
            0,
        )?;
        let monitors = cpu::cpuid(10, 0).eax & 0xff;
        expect(
            Attempt::Named("CPUID.0AH, performance counters"),
            u64::from(monitors),
            0,
        )?;
    }
    Ok(())
}

/// The instruction of the processor's own vendor is answered, the other's is undefined.
fn hypercalls() -> Outcome {
    let amd = is_amd();
    for (case, answered) in HYPERCALLS.iter().zip([!amd, amd]) {
        let expected = (!answered).then_some(Fault::INVALID_OPCODE);
        expect(Attempt::Named(case.name), (case.run)(), expected)?;
    }
    Ok(())
}

fn is_amd() -> bool {
    cpu::cpuid(0, 0).ebx == u32::from_le_bytes(*b"Auth")
}

fn all(cases: &[Case], strict: bool) -> Outcome {
    // No processor of AMD's has UMONITOR, and QEMU 7.2 carries it out there as if it were nothing.
    let left_out = |case: &&Case| case.name == "UMONITOR" && is_amd();
    let asked = cases.iter().filter(|case| case.everywhere || strict);
    for case in asked.filter(|case| !left_out(case)) {
        expect(Attempt::Named(case.name), (case.run)(), case.expected)?;
    }
    Ok(())
}

fn single_step() -> Outcome {
    for step in STEPS {
        let (fault, end) = (step.run)();
        expect(Attempt::Named(step.name), fault, trap::Fault::DEBUG)?;
        expect(Attempt::Named(step.name), Answer::Value(struck_at()), end)?;
    }
    Ok(())
}
