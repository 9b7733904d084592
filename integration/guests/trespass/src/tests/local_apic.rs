//! The local APIC's page: registers that do not exist, vectors that are none, and interrupts to processors that are not there.

use isthmus_abi::{Gva, Vector};

use super::Platform;
use crate::machine::apic::{self, register};
use crate::machine::trap::{Fault, count};
use crate::machine::{clock, cpu, memory};
use crate::report::{Attempt, Outcome, Report, expect, require};

/// Offsets that may be written without a thought for this program: none has an effect, being reserved or read-only.
const INERT: [u16; 21] = [
    0x000, 0x010, 0x030, 0x040, 0x050, 0x060, 0x070, 0x090, 0x0a0, 0x0c0, 0x100, 0x180, 0x200,
    0x290, 0x2e0, 0x390, 0x3a0, 0x3b0, 0x3c0, 0x3d0, 0x3f0,
];
const ILLEGAL_SEND: u32 = 1 << 5;
const ILLEGAL_REGISTER: u32 = 1 << 7;
/// Ids that no vCPU has, and for the logical model members that no vCPU is.
const FOREIGN: [u8; 4] = [0x7f, 0x80, 0xc3, 0xfe];

pub fn run(platform: &Platform, report: &mut Report) {
    report.run("local APIC: reserved registers", || {
        reserved(platform.strict)
    });
    report.run("local APIC: odd accesses", odd);
    if platform.strict {
        // QEMU delivers them.
        report.run("local APIC: vectors below 16", vectors);
    }
    report.run("interrupts to processors that are not there", foreign);
    report.run("interrupts by every command", || commands(platform.strict));
    report.run("local APIC: base address", || base(platform.strict));
    report.run("local APIC: timer corners", timer);
}

fn reserved(strict: bool) -> Outcome {
    let id = apic::read(register::ID);
    apic::errors();
    for offset in INERT {
        if offset == 0 && !strict {
            // QEMU takes a write there for a message-signalled interrupt.
            continue;
        }
        core::hint::black_box(apic::read(offset));
        for value in [0, !0, 0x5a5a_a5a5] {
            apic::write(offset, value);
        }
    }
    let errors = apic::errors();
    if strict {
        let told = errors & ILLEGAL_REGISTER != 0;
        require(
            told,
            Attempt::Value("ESR", errors.into()),
            "no illegal register",
            "one",
        )?;
        for offset in [0x000u16, 0x040, 0x0a0, 0x290, 0x3a0] {
            // APR at 0A0H is real on some processors, and 0 here as nothing is pending.
            expect(
                Attempt::Value("register", offset.into()),
                u64::from(apic::read(offset)),
                0,
            )?;
        }
    }
    apic::errors();
    expect(
        Attempt::Named("id"),
        u64::from(apic::read(register::ID)),
        u64::from(id),
    )
}

/// Accesses that are not aligned dwords are undefined (SDM Vol. 3A §11.4.1): whatever they give, they end.
fn odd() -> Outcome {
    for offset in [0x20u64, 0x22, 0x24, 0x2c, 0x80, 0x81, 0x8f, 0xff8, 0xffd] {
        for bytes in [1, 2, 4, 8] {
            if offset + bytes <= 0x1000 {
                core::hint::black_box(memory::read(Gva(apic::LOCAL.0 + offset), bytes));
            }
        }
    }
    for offset in [0x21u64, 0x25, 0x2e, 0x84, 0x8c] {
        memory::write(Gva(apic::LOCAL.0 + offset), 1, 0xff);
        memory::write(Gva(apic::LOCAL.0 + offset), 2, 0xffff);
    }
    apic::write(register::TPR, 0);
    apic::errors();
    Ok(())
}

fn vectors() -> Outcome {
    for vector in 0..16 {
        apic::errors();
        apic::send(0, 0x4_4000 | vector);
        let told = apic::errors() & ILLEGAL_SEND != 0;
        let attempt = Attempt::Value("self IPI of vector", vector.into());
        require(told, attempt, "no error", "an error")?;
    }
    apic::errors();
    Ok(())
}

/// All delivery modes to ids and sets that do not exist: nothing happens here.
fn foreign() -> Outcome {
    let before: u32 = (0..=255).map(|vector| count(Vector(vector))).sum();
    for destination in FOREIGN {
        for mode in 0..8u32 {
            for trigger in [0x4000, 0xc000, 0x8000] {
                // The broadcast id is not among the destinations, so even INIT goes nowhere.
                apic::send(destination, trigger | mode << 8 | 0x71);
            }
        }
    }
    // Logical destinations: this processor is in no set. All ones would be everybody.
    apic::write(0xd0, 0);
    for destination in [0, 0x80] {
        for mode in [0, 1, 4] {
            apic::send(destination, 0x4800 | mode << 8 | 0x71);
        }
    }
    cpu::enable_interrupts();
    clock::pause(2_000);
    cpu::disable_interrupts();
    let after: u32 = (0..=255).map(|vector| count(Vector(vector))).sum();
    apic::errors();
    expect(
        Attempt::Named("interrupts that came"),
        u64::from(after.wrapping_sub(before)),
        0,
    )
}

/// Modes to itself that are reserved or of no effect: SMI, remote read, ExtINT, INIT level de-assert.
fn commands(strict: bool) -> Outcome {
    if !strict {
        // Other platforms have system management mode.
        return Ok(());
    }
    for command in [0x4_4200, 0x4_4300, 0x4_4700, 0x8500, 0xc_8500] {
        apic::send(0, command | 0x72);
    }
    // All but itself, while the others wait for SIPI: INIT and NMI do nothing to them.
    for command in [0xc_4500, 0xc_4400, 0xc_4000] {
        apic::send(0, command | 0x72);
    }
    clock::pause(1_000);
    apic::errors();
    Ok(())
}

fn base(strict: bool) -> Outcome {
    let before = cpu::read_msr(apic::BASE);
    let Ok(value) = before else {
        return expect(Attempt::Named("APIC_BASE"), before, 0xfee0_0900);
    };
    for bits in [1u64 << 63, 1 << 52, 1 << 9, 0xff] {
        let written = cpu::write_msr(apic::BASE, value | bits);
        if strict {
            expect(
                Attempt::Value("APIC_BASE with", bits),
                written,
                Fault::GENERAL_PROTECTION,
            )?;
        }
    }
    if strict {
        // Elsewhere than at its place it is refused or ignored, and nothing else may happen.
        for at in [0u64, 0x10_0000, 0xfec0_0000, 0xffff_f000] {
            let _ = cpu::write_msr(apic::BASE, value & 0xfff | at);
            let _ = cpu::write_msr(apic::BASE, value);
        }
    }
    expect(
        Attempt::Named("APIC_BASE afterwards"),
        cpu::read_msr(apic::BASE),
        before,
    )?;
    let version = apic::read(register::ID + 0x10) & 0xff;
    require(
        (0x10..0x20).contains(&version),
        Attempt::Value("version", version.into()),
        "else",
        "1xH",
    )
}

/// All dividers with the smallest and the largest counts, in all modes.
fn timer() -> Outcome {
    for divide in 0..16 {
        for mode in 0..4u32 {
            for initial in [0, 1, 0x7fff_ffff, 0xffff_ffff] {
                apic::write(register::LVT_TIMER, 0x1_0000 | mode << 17 | 0x73);
                apic::write(register::DIVIDE, divide);
                apic::write(register::INITIAL_COUNT, initial);
                core::hint::black_box(apic::read(0x390));
            }
        }
    }
    apic::stop_timer();
    expect(
        Attempt::Named("count after a stop"),
        u64::from(apic::read(0x390)),
        0,
    )
}
