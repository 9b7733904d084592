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
    let exact = platform.exact;
    report.run("hidden and exiting instructions", || plain(strict, exact));
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
    let amd = cpu::is_amd();
    for (case, answered) in HYPERCALLS.iter().zip([!amd, amd]) {
        let expected = (!answered).then_some(Fault::INVALID_OPCODE);
        expect(Attempt::Named(case.name), (case.run)(), expected)?;
    }
    Ok(())
}

/// TCG carries UMONITOR out as if it were nothing, and gives ICEBP to its debugger.
const TCG_LACKS: [&str; 2] = ["UMONITOR", "ICEBP"];

fn plain(strict: bool, exact: bool) -> Outcome {
    let asked = PLAIN.iter().filter(|case| case.everywhere || strict);
    for case in asked.filter(|case| exact || !TCG_LACKS.contains(&case.name)) {
        expect(Attempt::Named(case.name), (case.run)(), case.expected)?;
    }
    Ok(())
}

fn all(cases: &[Case], strict: bool) -> Outcome {
    for case in cases.iter().filter(|case| case.everywhere || strict) {
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
