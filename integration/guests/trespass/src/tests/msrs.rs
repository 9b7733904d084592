//! Every model-specific register there could be: it answers if it is on the list of what this hypervisor offers, else with #GP.

use isthmus_abi::Msr;

use super::Platform;
use crate::machine::cpu;
use crate::machine::trap::Fault;
use crate::report::{Answer, Attempt, Outcome, Report, expect};

const GP: Fault = Fault::GENERAL_PROTECTION;
const GARBAGE: u64 = 0xdead_beef_5a5a_a5a5;

/// The sweep: the architectural ranges, the hypervisors', and some that belong to other makers.
fn sweep() -> impl Iterator<Item = Msr> {
    (0..0x2000u32)
        .chain(0x4000_0000..0x4000_0100)
        .chain(0xc000_0000..0xc000_2000)
        .chain(0xc001_0000..0xc001_0200)
        .chain([
            0x2000,
            0x3fff_ffff,
            0x4b56_4d00,
            0x7fff_ffff,
            0x8000_0000,
            0xbfff_ffff,
            0xffff_ffff,
        ])
        .map(Msr)
}

/// Read-only, and only where the processor is Intel's.
const ARCH_CAPABILITIES: u32 = 0x10a;

/// Registers that may be read here. BIOS_UPDT_TRIG (79H) is written alone.
const fn is_offered(msr: Msr) -> bool {
    matches!(
        msr.0,
        0x0 | 0x1
            | 0x10
            | 0x17
            | 0x1b
            | 0x3b
            | 0x79
            | 0x8b
            | 0xce
            | 0xfe
            | ARCH_CAPABILITIES
            | 0x140
            | 0x174..=0x176
            | 0x179
            | 0x17a
            | 0x1a0
            | 0x1d9
            | 0x200..=0x20f
            | 0x250
            | 0x258
            | 0x259
            | 0x268..=0x26f
            | 0x277
            | 0x2ff
            | 0x6e0
            | 0xc000_0080..=0xc000_0084
            | 0xc000_0100..=0xc000_0103
    )
}

pub fn run(platform: &Platform, report: &mut Report) {
    let strict = platform.strict;
    report.run("RDMSR of every register", || read_all(strict));
    if strict {
        report.run("WRMSR to every register", write_all);
        report.run("hidden registers", hidden);
        let exact = platform.exact;
        report.run("registers take no garbage", || garbage(exact));
    }
}

fn read_all(strict: bool) -> Outcome {
    for msr in sweep() {
        match cpu::read_msr(msr) {
            Ok(value) if strict && !is_offered(msr) => {
                expect(Attempt::Msr("RDMSR", msr), value, GP)?;
            }
            Err(fault) if fault != GP => expect(Attempt::Msr("RDMSR", msr), fault, GP)?,
            _ => {}
        }
    }
    Ok(())
}

fn write_all() -> Outcome {
    for msr in sweep().filter(|msr| !is_offered(*msr) || msr.0 == ARCH_CAPABILITIES) {
        for value in [GARBAGE, 0] {
            expect(Attempt::Msr("WRMSR", msr), cpu::write_msr(msr, value), GP)?;
        }
    }
    Ok(())
}

/// What a guest could look for to find the hypervisor's own use of the processor.
fn hidden() -> Outcome {
    let vmx = 0x480..=0x493;
    let others = [
        0x3a,
        0x48,
        0x49,
        0x9e,
        0xc1,
        0x10b,
        0x122,
        0x186,
        0x199,
        0x1b1,
        0x309,
        0x38f,
        0x400,
        0x570,
        0x680,
        0x6a2,
        0xda0,
        0xc001_0114,
        0xc001_0117,
    ];
    for msr in vmx.chain(others).map(Msr) {
        expect(Attempt::Msr("RDMSR", msr), cpu::read_msr(msr), GP)?;
    }
    Ok(())
}

/// Registers that are offered, with values that the SDM says they refuse; what they held, they hold still.
fn garbage(exact: bool) -> Outcome {
    const NON_CANONICAL: u64 = 1 << 63;
    for (number, value) in [
        (0x1b, GARBAGE),
        (0x175, NON_CANONICAL),
        (0x176, NON_CANONICAL),
        (0x17a, GARBAGE),
        (0x1a0, !0),
        (0x200, GARBAGE),
        (0x250, GARBAGE),
        (0x277, GARBAGE),
        (0x277, 2),
        (0x277, 0xff << 56),
        (0x2ff, GARBAGE),
        (0xc000_0082, NON_CANONICAL),
        (0xc000_0083, NON_CANONICAL),
        (0xc000_0100, NON_CANONICAL),
        (0xc000_0101, NON_CANONICAL),
        (0xc000_0102, NON_CANONICAL),
    ] {
        let msr = Msr(number);
        // TCG takes any address in a register that the hypervisor lets through.
        if value == NON_CANONICAL && !exact {
            continue;
        }
        let before = cpu::read_msr(msr);
        // Writes through a bitmap reach the processor itself, whose reserved bits are as good a guard.
        expect(
            Attempt::Msr("WRMSR of garbage to", msr),
            cpu::write_msr(msr, value),
            GP,
        )?;
        expect(
            Attempt::Msr("value after it of", msr),
            cpu::read_msr(msr),
            Answer::from(before),
        )?;
    }
    Ok(())
}
