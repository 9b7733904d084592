//! Control, debug and extended control registers: every reserved bit, and combinations that are illegal.

use super::Platform;
use crate::machine::cpu;
use crate::machine::trap::Fault;
use crate::report::{Attempt, Outcome, Report, expect, require};
use isthmus_abi::Msr;

const EFER: Msr = Msr(0xc000_0080);
const DEBUGCTL: Msr = Msr(0x1d9);
const GP: Option<Fault> = Some(Fault::GENERAL_PROTECTION);

const PE: u64 = 1 << 0;
const NE: u64 = 1 << 5;
const NW: u64 = 1 << 29;
const CD: u64 = 1 << 30;
const PG: u64 = 1 << 31;
const PAE: u64 = 1 << 5;
const LA57: u64 = 1 << 12;
const VMXE: u64 = 1 << 13;
const SMXE: u64 = 1 << 14;
const OSXSAVE: u64 = 1 << 18;
/// CR4 bits that no processor defines, or that need what is hidden: 15, 19, 23 to 63.
const CR4_RESERVED: u64 = 1 << 15 | 1 << 19 | !0 << 23;
const LME: u64 = 1 << 8;
const LMA: u64 = 1 << 10;

pub fn run(platform: &Platform, report: &mut Report) {
    let strict = platform.strict;
    if strict {
        // TCG takes most illegal values, and is no longer in 64-bit mode then.
        report.run("CR0", cr0);
        report.run("CR4", cr4);
        report.run("CR3", cr3);
        report.run("CR8", cr8);
        report.run("debug registers", debug_registers);
        report.run("EFER", efer);
        report.run("DEBUGCTL", debugctl);
    }
    report.run("XCR0", || xcr0(strict));
}

fn cr0() -> Outcome {
    let before = cpu::cr0();
    for bit in 32..64 {
        expect(
            Attempt::Value("CR0 bit", bit),
            cpu::write_cr0(before | 1 << bit),
            GP,
        )?;
    }
    for (name, value) in [
        ("CR0 without PE", before & !PE),
        ("CR0 without PG in 64-bit mode", before & !PG),
        ("CR0 without both in 64-bit mode", before & !(PE | PG)),
        ("CR0 with NW but not CD", before & !CD | NW),
    ] {
        expect(Attempt::Named(name), cpu::write_cr0(value), GP)?;
    }
    expect(
        Attempt::Named("CR0 after refused writes"),
        cpu::cr0(),
        before,
    )?;
    let reserved = 0x1ffa_ffc0;
    for (name, value, read) in [
        ("CR0 with CD", before | CD, before | CD),
        ("CR0 with CD and NW", before | CD | NW, before | CD | NW),
        ("CR0 without NE", before & !NE, before & !NE),
        ("CR0 with ignored bits", before | reserved, before),
        ("CR0 as before", before, before),
    ] {
        expect(Attempt::Named(name), cpu::write_cr0(value), None)?;
        expect(Attempt::Named(name), cpu::cr0(), read)?;
    }
    Ok(())
}

fn cr3() -> Outcome {
    let before = cpu::cr3();
    let width = cpu::cpuid(0x8000_0008, 0).eax & 0xff;
    for bit in width..52 {
        let value = before | 1 << bit;
        expect(
            Attempt::Value("CR3 bit", bit.into()),
            cpu::write_cr3(value),
            GP,
        )?;
    }
    expect(
        Attempt::Named("CR3 as before"),
        cpu::write_cr3(before),
        None,
    )?;
    expect(Attempt::Named("CR3 as before"), cpu::cr3(), before)
}

fn cr4() -> Outcome {
    let before = cpu::cr4();
    for bit in 0..64 {
        if CR4_RESERVED & 1 << bit != 0 {
            expect(
                Attempt::Value("CR4 bit", bit),
                cpu::write_cr4(before | 1 << bit),
                GP,
            )?;
        }
    }
    for (name, value) in [
        ("CR4.VMXE", before | VMXE),
        ("CR4.SMXE", before | SMXE),
        ("CR4 without PAE in 64-bit mode", before & !PAE),
        ("CR4.LA57 in 64-bit mode", before ^ LA57),
        ("CR4 of ones", !0),
    ] {
        expect(Attempt::Named(name), cpu::write_cr4(value), GP)?;
    }
    expect(
        Attempt::Named("CR4 after refused writes"),
        cpu::cr4(),
        before,
    )
}

fn cr8() -> Outcome {
    for value in [0x10, 0x100, 1 << 63, !0] {
        expect(Attempt::Value("CR8", value), cpu::write_cr8(value), GP)?;
    }
    expect(Attempt::Named("CR8 of 15"), cpu::write_cr8(15), None)?;
    expect(Attempt::Named("CR8 read back"), cpu::cr8(), 15)?;
    expect(Attempt::Named("CR8 of 0"), cpu::write_cr8(0), None)
}

fn debug_registers() -> Outcome {
    for bit in 32..64 {
        expect(Attempt::Value("DR6 bit", bit), cpu::write_dr6(1 << bit), GP)?;
        expect(
            Attempt::Value("DR7 bit", bit),
            cpu::write_dr7(1 << bit | 0x400),
            GP,
        )?;
    }
    expect(Attempt::Named("DR7 of 400H"), cpu::write_dr7(0x400), None)?;
    expect(Attempt::Named("DR7 read back"), cpu::dr7(), 0x400)?;
    expect(Attempt::Named("DR6 of 0"), cpu::write_dr6(0), None)?;
    expect(Attempt::Named("DR6 read back"), cpu::dr6() & 0xf00f, 0)
}

fn efer() -> Outcome {
    let before = cpu::read_msr(EFER);
    let Ok(value) = before else {
        return expect(Attempt::Named("EFER"), before, 0xd01);
    };
    expect(
        Attempt::Named("EFER without LME in 64-bit mode"),
        cpu::write_msr(EFER, value & !LME),
        GP,
    )?;
    // Defined are SCE, LME, LMA and NXE; SVME and beyond are another maker's.
    for bit in (1..64).filter(|bit| ![8, 10, 11].contains(bit)) {
        let written = cpu::write_msr(EFER, value | 1 << bit);
        expect(Attempt::Value("EFER bit", bit), written, GP)?;
    }
    let written = cpu::write_msr(EFER, value & !LMA);
    expect(Attempt::Named("EFER without LMA"), written, None)?;
    expect(
        Attempt::Named("EFER as before"),
        cpu::write_msr(EFER, value),
        None,
    )?;
    expect(
        Attempt::Named("EFER read back"),
        cpu::read_msr(EFER),
        before,
    )
}

fn xcr0(strict: bool) -> Outcome {
    if cpu::cpuid(1, 0).ecx & 1 << 26 == 0 {
        // TCG never comes back from this.
        return if !strict {
            Ok(())
        } else {
            expect(
                Attempt::Named("CR4.OSXSAVE"),
                cpu::write_cr4(cpu::cr4() | OSXSAVE),
                GP,
            )
        };
    }
    expect(
        Attempt::Named("CR4.OSXSAVE"),
        cpu::write_cr4(cpu::cr4() | OSXSAVE),
        None,
    )?;
    let told = cpu::cpuid(1, 0).ecx & 1 << 27 != 0;
    require(told, Attempt::Named("CPUID.1:ECX.OSXSAVE"), "0", "1")?;
    let before = cpu::xgetbv(0);
    let leaf = cpu::cpuid(13, 0);
    let offered = u64::from(leaf.edx) << 32 | u64::from(leaf.eax);
    for bit in (0..64).filter(|bit| offered & 1 << bit == 0) {
        expect(
            Attempt::Value("XCR0 bit", bit),
            cpu::xsetbv(0, offered | 1 << bit),
            GP,
        )?;
    }
    for (name, register, value) in [
        ("XCR0 without x87", 0, offered & !1),
        ("XCR0 with AVX but not SSE", 0, 5),
        ("XCR0 with one half of MPX", 0, 1 | 1 << 3),
        ("XCR0 with a part of AVX-512", 0, 7 | 1 << 5),
        ("XCR0 of 0", 0, 0),
        ("XCR1", 1, 1),
        ("XCR of ones", !0, 1),
    ] {
        expect(Attempt::Named(name), cpu::xsetbv(register, value), GP)?;
    }
    if strict {
        expect(
            Attempt::Named("XCR0 with all that is offered"),
            cpu::xsetbv(0, offered),
            None,
        )?;
        expect(Attempt::Named("XCR0 read back"), cpu::xgetbv(0), offered)?;
    }
    expect(Attempt::Named("XCR0 of 1"), cpu::xsetbv(0, 1), None)?;
    expect(Attempt::Named("XCR0 after all"), before, 1)?;
    expect(
        Attempt::Named("CR4.OSXSAVE off"),
        cpu::write_cr4(cpu::cr4() & !OSXSAVE),
        None,
    )
}

fn debugctl() -> Outcome {
    // Bit 1, BTF, is the one that is offered.
    for bit in (0..64).filter(|bit| *bit != 1) {
        expect(
            Attempt::Value("DEBUGCTL bit", bit),
            cpu::write_msr(DEBUGCTL, 1 << bit),
            GP,
        )?;
    }
    expect(
        Attempt::Named("DEBUGCTL of 0"),
        cpu::write_msr(DEBUGCTL, 0),
        None,
    )?;
    expect(
        Attempt::Named("DEBUGCTL read back"),
        cpu::read_msr(DEBUGCTL),
        0,
    )
}
