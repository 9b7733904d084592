//! Every port in every width, single and in strings. Left out are writes that end or change the machine by right:
//! the two resets, sleep, the verdict, and the chips that this program itself runs by.

use isthmus_abi::{Gpa, Gva, Port};

use super::Platform;
use crate::machine::descriptors::Shared;
use crate::machine::port::{self, StringState};
use crate::machine::trap::{self, Fault};
use crate::machine::{memory, window};
use crate::report::{Attempt, Outcome, Report, expect, require};

/// Where something is: interrupt chips, timers, keyboard controller, clock, power-on code, control port A, verdict, COM1, ACPI
/// power management, PCI configuration with the reset register inside.
const OCCUPIED: [(u16, u16); 15] = [
    (0x20, 0x21),
    (0x40, 0x43),
    (0x60, 0x61),
    (0x64, 0x64),
    (0x70, 0x71),
    (0x80, 0x80),
    (0x92, 0x92),
    (0xa0, 0xa1),
    (0xf4, 0xf7),
    (0x2f8, 0x2ff),
    (0x3f8, 0x3ff),
    (0x402, 0x402),
    (0x4d0, 0x4d1),
    (0x600, 0x60b),
    (0xcf8, 0xcff),
];
const FREE: Port = Port(0x300);
const WIDTHS: [u16; 3] = [1, 2, 4];

static BUFFER: Shared<[u8; 8192]> = Shared::new([0; 8192]);

fn buffer() -> Gva {
    Gva(BUFFER.get() as u64)
}

pub fn run(platform: &Platform, report: &mut Report) {
    let strict = platform.strict;
    report.run("IN from every port", || read_all(strict));
    if strict {
        report.run("OUT to every port", write_all);
        report.run("PCI has no device", pci);
    }
    report.run("INS and OUTS", strings);
    report.run("INS across a page fault", string_fault);
    report.run("INS to nowhere", string_to_nowhere);
}

/// Whether an access of `bytes` at `port` touches something.
fn is_occupied(port: u16, bytes: u16) -> bool {
    let last = port.saturating_add(bytes - 1);
    OCCUPIED
        .iter()
        .any(|(first, end)| port <= *end && last >= *first)
}

/// Every port in pieces of a width: those where devices are at every offset, the others once.
fn sweep(bytes: u16) -> impl Iterator<Item = u16> {
    const DEVICES: u16 = 0x1000;
    (0..DEVICES)
        .chain((DEVICES..=0xffff).step_by(usize::from(bytes)))
        .chain([0xfffd, 0xffff])
}

const fn ones(bytes: u16) -> u64 {
    (1 << (8 * bytes)) - 1
}

fn read_all(strict: bool) -> Outcome {
    for bytes in WIDTHS {
        for number in sweep(bytes) {
            if !strict && is_occupied(number, bytes) {
                // QEMU stops itself when some of its devices are read askew.
                continue;
            }
            let value = u64::from(port::read(Port(number), bytes));
            if strict && !is_occupied(number, bytes) {
                expect(Attempt::Port("IN", Port(number), bytes), value, ones(bytes))?;
            }
        }
    }
    Ok(())
}

fn write_all() -> Outcome {
    for bytes in WIDTHS {
        for number in sweep(bytes).filter(|number| !is_occupied(*number, bytes)) {
            port::write(Port(number), bytes, 0xa5a5_a5a5);
        }
    }
    // A sample is still nobody's.
    expect(
        Attempt::Port("IN", FREE, 4),
        u64::from(port::read(FREE, 4)),
        ones(4),
    )
}

fn pci() -> Outcome {
    for device in 0..32 {
        for register in [0u32, 4, 0x10, 0xfc] {
            port::write(Port(0xcf8), 4, 0x8000_0000 | device << 11 | register);
            let value = u64::from(port::read(Port(0xcfc), 4));
            expect(Attempt::Value("PCI device", device.into()), value, ones(4))?;
            port::write(Port(0xcfc), 4, 0);
        }
    }
    Ok(())
}

fn strings() -> Outcome {
    for bytes in WIDTHS {
        for down in [false, true] {
            memory::fill(buffer(), 8192, 0);
            let length = 512 * u64::from(bytes);
            let at = if down {
                Gva(buffer().0 + 4096)
            } else {
                buffer()
            };
            let step = if down { length.wrapping_neg() } else { length };
            let mut state = StringState { at, count: 512 };
            let attempt = Attempt::Port("REP INS", FREE, bytes);
            expect(
                attempt,
                port::read_string(FREE, bytes, down, &mut state),
                None,
            )?;
            expect(attempt, state.at.0, at.0.wrapping_add(step))?;
            expect(attempt, state.count, 0)?;
            let first = if down {
                at.0 + u64::from(bytes) - length
            } else {
                at.0
            };
            expect(
                attempt,
                memory::run_length(Gva(first), length, 0xff),
                length,
            )?;
            expect(attempt, memory::read(Gva(first + length), 1), 0)?;

            let attempt = Attempt::Port("REP OUTS", FREE, bytes);
            let mut state = StringState { at, count: 512 };
            expect(
                attempt,
                port::write_string(FREE, bytes, down, &mut state),
                None,
            )?;
            expect(attempt, state.at.0, at.0.wrapping_add(step))?;
        }
        let mut state = StringState {
            at: Gva(0x5000_0000_0000),
            count: 0,
        };
        let none = port::read_string(FREE, bytes, false, &mut state);
        expect(Attempt::Port("REP INS of nothing", FREE, bytes), none, None)?;
    }
    Ok(())
}

/// The elements before the fault are there, the registers point at the one that faulted.
fn string_fault() -> Outcome {
    let hole = window::before_a_hole(Gpa(buffer().0 & 0x7fff_ffff));
    // The window's page is the large one that the buffer is in: its last bytes are somebody's, so OUTS, which only reads.
    let attempt = Attempt::Memory("REP OUTS up to", Gpa(hole.0));
    let mut state = StringState {
        at: Gva(hole.0 - 24),
        count: 64,
    };
    let fault = port::write_string(FREE, 1, false, &mut state);
    expect(attempt, fault, Some(Fault::of(14, 0)))?;
    expect(attempt, trap::fault_address().0, hole.0)?;
    expect(attempt, state.at.0, hole.0)?;
    expect(attempt, state.count, 40)?;
    let mut state = StringState { at: hole, count: 3 };
    let fault = port::read_string(FREE, 1, false, &mut state);
    expect(
        Attempt::Named("REP INS to a hole"),
        fault,
        Some(Fault::of(14, 2)),
    )?;
    expect(Attempt::Named("REP INS to a hole"), state.count, 3)?;
    // A word across the edge: nothing of it is done.
    let mut state = StringState {
        at: Gva(hole.0 - 1),
        count: 3,
    };
    let fault = port::write_string(FREE, 2, false, &mut state);
    expect(
        Attempt::Named("REP OUTSW across the edge"),
        fault,
        Some(Fault::of(14, 0)),
    )?;
    expect(Attempt::Named("REP OUTSW across the edge"), state.count, 3)?;
    let far = Gva(1 << 62);
    let mut state = StringState { at: far, count: 3 };
    let fault = port::read_string(FREE, 4, false, &mut state);
    expect(
        Attempt::Named("REP INS, non-canonical"),
        fault,
        Some(Fault::GENERAL_PROTECTION),
    )
}

fn string_to_nowhere() -> Outcome {
    // 1 GiB below the top of 32 bits: neither RAM nor a device.
    let at = window::open(Gpa(0xc000_0000));
    let mut state = StringState { at, count: 256 };
    let fault = port::read_string(FREE, 1, false, &mut state);
    expect(Attempt::Named("REP INS to no memory"), fault, None)?;
    require(
        state.count == 0,
        Attempt::Named("REP INS to no memory"),
        "a count left",
        "none",
    )?;
    let mut state = StringState { at, count: 256 };
    let fault = port::write_string(FREE, 4, false, &mut state);
    expect(Attempt::Named("REP OUTS from no memory"), fault, None)
}
