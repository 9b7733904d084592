//! x2APIC mode: the transitions that are illegal, registers that do not exist, reserved bits (SDM Vol. 3A §11.12).

use isthmus_abi::{Msr, Vector};

use super::Platform;
use crate::machine::apic::{self, register};
use crate::machine::cpu;
use crate::machine::trap::{Fault, count};
use crate::report::{Attempt, Outcome, Report, expect};

const GP: Fault = Fault::GENERAL_PROTECTION;
const ENABLED: u64 = 1 << 11;
const EXTENDED: u64 = 1 << 10;
const SELF: Vector = Vector(0x74);
/// Registers by offset that x2APIC mode has and that can be read (SDM Vol. 3A Table 11-6).
const READABLE: [u16; 20] = [
    0x020, 0x030, 0x080, 0x0a0, 0x0d0, 0x0f0, 0x100, 0x170, 0x180, 0x200, 0x270, 0x280, 0x300,
    0x320, 0x340, 0x350, 0x360, 0x370, 0x380, 0x390,
];
/// Registers that it does not have, or that can only be written.
const UNREADABLE: [u16; 10] = [
    0x000, 0x010, 0x040, 0x090, 0x0b0, 0x0c0, 0x0e0, 0x290, 0x310, 0x3f0,
];

pub fn run(platform: &Platform, report: &mut Report) {
    report.run("x2APIC registers outside its mode", outside);
    if cpu::cpuid(1, 0).ecx & 1 << 21 != 0 {
        report.run("x2APIC misuse", || misuse(platform.strict));
    }
}

fn outside() -> Outcome {
    if cpu::cpuid(1, 0).ecx & 1 << 21 == 0 {
        return Ok(());
    }
    for number in 0x800..0x900 {
        let msr = Msr(number);
        expect(Attempt::Msr("RDMSR", msr), cpu::read_msr(msr), GP)?;
        expect(Attempt::Msr("WRMSR", msr), cpu::write_msr(msr, 0), GP)?;
    }
    Ok(())
}

fn misuse(strict: bool) -> Outcome {
    let Ok(xapic) = cpu::read_msr(apic::BASE) else {
        return expect(
            Attempt::Named("APIC_BASE"),
            cpu::read_msr(apic::BASE),
            0xfee0_0900,
        );
    };
    let x2apic = xapic | EXTENDED;
    let disabled = xapic & !ENABLED;
    let write = |value| cpu::write_msr(apic::BASE, value);
    expect(
        Attempt::Named("EXTD without EN"),
        write(disabled | EXTENDED),
        GP,
    )?;
    expect(Attempt::Named("x2APIC mode"), write(x2apic), None)?;
    // From here on a failure must not leave the mode behind.
    let outcome = inside(xapic, strict);
    expect(Attempt::Named("x2APIC mode off"), write(disabled), None)?;
    let skipped = write(disabled | EXTENDED);
    expect(Attempt::Named("xAPIC mode"), write(xapic), None)?;
    apic::enable();
    outcome?;
    expect(Attempt::Named("disabled to x2APIC"), skipped, GP)?;
    let version = apic::read(0x30) & 0xff;
    expect(
        Attempt::Named("version after all, high digit"),
        u64::from(version >> 4),
        1,
    )
}

fn inside(xapic: u64, strict: bool) -> Outcome {
    expect(
        Attempt::Named("x2APIC to xAPIC"),
        cpu::write_msr(apic::BASE, xapic),
        GP,
    )?;
    let skipped = cpu::write_msr(apic::BASE, xapic & !ENABLED | EXTENDED);
    expect(Attempt::Named("EXTD without EN"), skipped, GP)?;
    if strict {
        let page = apic::read(register::ID);
        expect(
            Attempt::Named("the page in x2APIC mode"),
            u64::from(page),
            0xffff_ffff,
        )?;
        apic::write(register::ICR_LOW, 0x4_4000 | 0x75);
    }
    for offset in READABLE {
        if let Err(fault) = apic::read_x2(offset) {
            expect(
                Attempt::Value("read of x2APIC register", offset.into()),
                fault,
                0,
            )?;
        }
    }
    for offset in UNREADABLE {
        let read = apic::read_x2(offset);
        expect(
            Attempt::Value("read of x2APIC register", offset.into()),
            read,
            GP,
        )?;
    }
    for number in 0x840..0x900 {
        expect(
            Attempt::Msr("RDMSR", Msr(number)),
            cpu::read_msr(Msr(number)),
            GP,
        )?;
        expect(
            Attempt::Msr("WRMSR", Msr(number)),
            cpu::write_msr(Msr(number), 0),
            GP,
        )?;
    }
    for (offset, value) in [
        (register::ID, 0),
        (0x030, 0),
        (register::TPR, 0x100),
        (register::TPR, 1 << 32),
        (register::EOI, 1),
        (0x0d0, 0),
        (0x0e0, !0 >> 32),
        (register::SVR, 1 << 16),
        (register::ISR, 0),
        (register::ESR, 1),
        (register::ICR_LOW, 1 << 20),
        (register::ICR_LOW, 1 << 13),
        (register::LVT_TIMER, 1 << 20),
        (register::INITIAL_COUNT, 1 << 32),
        (0x390, 0),
        (register::DIVIDE, 0x10),
        (0x3f0, 0x100),
    ] {
        let written = apic::write_x2(offset, value);
        expect(
            Attempt::Value("write to x2APIC register", offset.into()),
            written,
            GP,
        )?;
    }
    messages()
}

/// Interrupts to ids beyond any, and to itself. The handler ends service by the page, so here it is polled with interrupts off.
fn messages() -> Outcome {
    for destination in [2u64, 0x7f, 0xff, 0x100, 0xffff, 0xffff_fffe] {
        for mode in 0..8u64 {
            // What is not a mode is refused or ignored.
            let _ = apic::write_x2(
                register::ICR_LOW,
                destination << 32 | 0x4000 | mode << 8 | 0x76,
            );
        }
    }
    let before = count(SELF);
    let sent = apic::write_x2(0x3f0, u64::from(SELF.0));
    expect(Attempt::Named("self IPI register"), sent, None)?;
    let offset = 0x200 + 0x10 * u16::from(SELF.0 / 32);
    let bit = apic::read_x2(offset).map(|set| set >> (SELF.0 % 32) & 1);
    expect(Attempt::Named("request of the self IPI"), bit, 1)?;
    expect(
        Attempt::Named("interrupts with IF clear"),
        u64::from(count(SELF)),
        u64::from(before),
    )
}
