//! The I/O APIC: entries with vectors and modes that are none, to processors that are not there, registers that do not exist.

use isthmus_abi::{Gpa, Gva, Port, Vector};

use super::Platform;
use crate::machine::apic;
use crate::machine::trap::{count, limit_storm};
use crate::machine::{clock, cpu, memory, port};
use crate::report::{Attempt, Outcome, Report, expect, require};

const ENTRIES: u8 = 24;
const MASKED: u32 = 1 << 16;
const LEVEL: u32 = 1 << 15;
/// The PIT's input, by the override that the platform's MADT has.
const PIT_ENTRY: u8 = 2;
const PIT: Vector = Vector(0x78);

pub fn run(platform: &Platform, report: &mut Report) {
    report.run("I/O APIC: registers", || registers(platform.strict));
    report.run("I/O APIC: entries", entries);
    report.run("I/O APIC: a live input through odd entries", || {
        live(platform.strict)
    });
}

fn registers(strict: bool) -> Outcome {
    let version = apic::read_io(1);
    apic::write_io(1, !0);
    expect(
        Attempt::Named("version after a write"),
        u64::from(apic::read_io(1)),
        u64::from(version),
    )?;
    let last = version >> 16 & 0xff;
    require(
        last < 240,
        Attempt::Value("last entry", last.into()),
        "too many",
        "fewer",
    )?;
    for index in (3..0x10).chain(0x40..=0xff) {
        apic::write_io(index, 0x5a5a_5a5a);
        core::hint::black_box(apic::read_io(index));
    }
    if strict {
        // Beyond the two registers the page is empty, and accesses that are no dwords end too.
        for offset in [1u64, 4, 0x11, 0x14, 0x20, 0x40, 0x100, 0xff8] {
            for bytes in [1, 2, 4, 8] {
                let at = Gva(Gpa(apic::IO.0 + offset).0);
                core::hint::black_box(memory::read(at, bytes));
                memory::write(at, bytes, 0);
            }
        }
    }
    Ok(())
}

fn entry(number: u8) -> (u8, u8) {
    (0x10 + 2 * number, 0x11 + 2 * number)
}

fn mask(number: u8) {
    let (low, high) = entry(number);
    apic::write_io(low, MASKED);
    apic::write_io(high, 0);
}

/// Every vector below 16, every mode, edge and level, to a processor that is not there.
fn entries() -> Outcome {
    for number in 0..ENTRIES {
        let (low, high) = entry(number);
        apic::write_io(high, 0x7f << 24);
        for mode in 0..8 {
            for vector in [0, 1, 15, 16, 0xfe, 0xff] {
                for trigger in [0, LEVEL, LEVEL | 1 << 13] {
                    apic::write_io(low, mode << 8 | trigger | vector);
                }
            }
        }
        mask(number);
        let read = apic::read_io(low) & !(1 << 12 | 1 << 14);
        expect(
            Attempt::Value("entry", number.into()),
            u64::from(read),
            u64::from(MASKED),
        )?;
    }
    Ok(())
}

fn pit(divisor: u32) {
    port::write(Port(0x43), 1, 0x34);
    port::write(Port(0x40), 1, divisor & 0xff);
    port::write(Port(0x40), 1, divisor >> 8 & 0xff);
}

/// The PIT at 1 kHz, through entries that deliver to nobody, or what nobody can take; then it still works as it should.
fn live(strict: bool) -> Outcome {
    pit(1193);
    let (low, high) = entry(PIT_ENTRY);
    // Vectors below 16 to this processor must not come; QEMU delivers them.
    let here = if strict {
        [0u32, 0x7f, 0xff]
    } else {
        [0x7f; 3]
    };
    for destination in here {
        for mode in [0u32, 1] {
            for vector in [0, 8, 15] {
                apic::write_io(high, destination << 24);
                apic::write_io(low, mode << 8 | vector);
                clock::pause(2_500);
                apic::write_io(low, MASKED);
            }
        }
    }
    // SMI, reserved, NMI, INIT, reserved, ExtINT: to a processor that is not there.
    for mode in 2..8u32 {
        apic::write_io(high, 0x7f << 24);
        apic::write_io(low, mode << 8 | 0x79);
        clock::pause(2_500);
        apic::write_io(low, MASKED);
    }
    apic::errors();
    let before = count(PIT);
    apic::write_io(high, 0);
    apic::write_io(low, u32::from(PIT.0));
    limit_storm(0);
    cpu::enable_interrupts();
    let came = clock::wait_for(200_000, || count(PIT) > before + 5);
    cpu::disable_interrupts();
    mask(PIT_ENTRY);
    pit(0);
    cpu::enable_interrupts();
    clock::pause(500);
    cpu::disable_interrupts();
    require(
        came,
        Attempt::Named("PIT by its entry"),
        "no interrupts",
        "interrupts",
    )
}
