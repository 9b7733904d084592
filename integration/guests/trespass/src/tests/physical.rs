//! Guest-physical memory that is not this partition's: reads give ones, writes are dropped, whatever instruction
//! makes them. And memory that is its own: nobody's leftovers in it.

use isthmus_abi::{Gpa, Gva};

use super::Platform;
use crate::machine::descriptors::Shared;
use crate::machine::memory::{self, MODIFY};
use crate::machine::start_info::image_end;
use crate::machine::{apic, cpu, window};
use crate::report::{Attempt, Outcome, Report, expect, require};

const LARGE: u64 = 0x20_0000;
const PATTERN: u64 = 0x5aa5_1234_9876_fedc;
/// Sampled at every large page.
const DENSE: u64 = 16 << 30;
/// Sampled at every page.
const HOLES: [(u64, u64); 3] = [
    (0xc000_0000, 0xc010_0000),
    (0xfec0_0000, 0xff00_0000),
    (0xffff_0000, 0x1_0000_0000),
];
/// A page of nowhere for the instructions.
const NOWHERE: Gpa = Gpa(0xd000_0000);

static BUFFER: Shared<[u8; 4096]> = Shared::new([0; 4096]);

pub fn run(platform: &Platform, report: &mut Report) {
    if !platform.strict {
        // Elsewhere there are devices, and their memory is what they make of it.
        report.run("reads of all of physical memory", || {
            sweep(platform, |_, _| Ok(()))
        });
        return;
    }
    report.run("memory is empty at first", || empty(platform));
    report.run("memory of others", || sweep(platform, nothing));
    report.run("holes below 4 GiB", || holes(platform));
    report.run("addresses beyond", || beyond(platform));
    report.run("every kind of instruction on no memory", instructions);
    report.run("strings on no memory", strings);
    report.run("accesses across the end of memory", || edge(platform));
}

/// Reads and writes at `at`, of which the window shows `linear`, hit nothing.
fn nothing(at: Gpa, linear: Gva) -> Outcome {
    expect(
        Attempt::Memory("MOV from", at),
        memory::read(linear, 8),
        u64::MAX,
    )?;
    memory::write(linear, 8, PATTERN);
    expect(
        Attempt::Memory("MOV after a write to", at),
        memory::read(linear, 4),
        0xffff_ffff,
    )
}

fn sweep(platform: &Platform, check: impl Fn(Gpa, Gva) -> Outcome) -> Outcome {
    for start in (0..DENSE).step_by(LARGE as usize) {
        // Not always the first page of each.
        let at = Gpa(start + ((start >> 9) & 0x1f_f000));
        if platform.info.is_something(at) || is_chip(at) {
            continue;
        }
        let linear = window::open(at);
        core::hint::black_box(memory::read(linear, 4));
        check(at, linear)?;
    }
    Ok(())
}

fn is_chip(at: Gpa) -> bool {
    at.page() == apic::LOCAL || at.page() == apic::IO
}

fn holes(platform: &Platform) -> Outcome {
    for (start, end) in HOLES {
        for at in (start..end).step_by(4096).map(Gpa) {
            if !is_chip(at) && !platform.info.is_something(at) {
                nothing(at, window::open(at))?;
            }
        }
    }
    Ok(())
}

/// A sample for each bit of the physical address, and the very last page.
fn beyond(platform: &Platform) -> Outcome {
    let width = cpu::cpuid(0x8000_0008, 0).eax & 0xff;
    let powers = (34..width).flat_map(|bit| [1u64 << bit, (1 << bit) + 0x1234_5000]);
    for at in powers.chain([(1 << width) - 4096]).map(Gpa) {
        if !platform.info.is_something(at) && at.0 >> width == 0 {
            nothing(at, window::open(at))?;
        }
    }
    Ok(())
}

fn instructions() -> Outcome {
    let linear = window::open(NOWHERE);
    for modify in MODIFY {
        // Aligned, and across four bytes, eight bytes and a page.
        for offset in [0u64, 3, 7, 0xffd] {
            let locked = modify.name.starts_with("lock") || modify.name.starts_with("mov eax");
            let result = (modify.run)(Gva(linear.0 + offset), 5);
            // Split locks may be refused by the processor with #AC; everything else has one answer.
            if !(locked && offset != 0 && result.is_err()) {
                expect(Attempt::Named(modify.name), result, modify.expected)?;
            }
        }
        expect(
            Attempt::Memory(modify.name, NOWHERE),
            memory::read(linear, 8),
            u64::MAX,
        )?;
    }
    for bytes in [1, 2, 4, 8] {
        for offset in 0..16 {
            let at = Gva(linear.0 + offset);
            let ones = u64::MAX >> (64 - 8 * bytes);
            expect(
                Attempt::Value("MOV at offset", offset),
                memory::read(at, bytes),
                ones,
            )?;
            memory::write(at, bytes, PATTERN);
        }
    }
    Ok(())
}

fn strings() -> Outcome {
    let linear = window::open(NOWHERE);
    let buffer = Gva(BUFFER.get() as u64);
    expect(
        Attempt::Named("REP STOS"),
        memory::fill(linear, 10_000, 0),
        None,
    )?;
    expect(
        Attempt::Named("REP MOVS to it"),
        memory::copy(buffer, linear, 4096),
        None,
    )?;
    expect(
        Attempt::Named("REP MOVS from it"),
        memory::copy(linear, buffer, 4096),
        None,
    )?;
    expect(
        Attempt::Named("REP MOVS"),
        memory::run_length(buffer, 4096, 0xff),
        4096,
    )?;
    expect(
        Attempt::Named("REP SCAS"),
        memory::run_length(linear, 5000, 0xff),
        5000,
    )?;
    let within = Gva(linear.0 + 64);
    expect(
        Attempt::Named("REP MOVS within it"),
        memory::copy(linear, within, 1000),
        None,
    )
}

/// The last bytes of RAM and what comes after, in one access.
fn edge(platform: &Platform) -> Outcome {
    let Some(end) = platform
        .info
        .spans()
        .filter(|span| span.ram && span.start.0 >= 0x10_0000)
        .map(|span| span.end)
        .find(|end| !platform.info.is_something(*end))
    else {
        return Ok(());
    };
    let linear = window::open(Gpa(end.0 - 4096));
    let after = Gva(linear.0 + 4096);
    for before in 1..8 {
        let at = Gva(after.0 - before);
        memory::write(at, 8, 0);
        let inside = 8 * before;
        let expected = u64::MAX << inside;
        expect(
            Attempt::Value("bytes of RAM", before),
            memory::read(at, 8),
            expected,
        )?;
    }
    Ok(())
}

/// A partition's memory is cleared before its first use.
fn empty(platform: &Platform) -> Outcome {
    let info = &platform.info;
    let image_end = image_end();
    for span in info.spans().filter(|span| span.ram) {
        let mut page = Gpa(span.start.0.max(0x10_0000) & !0xfff);
        while page.0 + 4096 <= span.end.0 {
            let used = page < image_end && page.0 >= 0x10_0000;
            if !used && !info.is_loaders(page) {
                let linear = window::open(page);
                let clear = memory::run_length(linear, 4096, 0) == 4096;
                require(clear, Attempt::Memory("page", page), "something", "zeroes")?;
            }
            page = page.wrapping_add(4096);
        }
    }
    Ok(())
}
