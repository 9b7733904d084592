//! A guest that trespasses: it tries everything that is not its own (ports, registers, memory, instructions, interrupts
//! to others) and checks that it gets the architecture's answer each time, and that it is still alive afterwards.
//!
//! It runs as a partition of the hypervisor and, for its own sanity, alone under `qemu-system-x86_64 -kernel`, where what is only
//! this hypervisor's policy is not checked. A word of the command line chooses an ending instead of the tests, see
//! [`tests::endings`], or measurements, see [`exits`]. The console is COM1; the verdict goes to port 0xf4: 0 when all holds. It trusts nobody; its
//! partition alone trusts it. Neighbours: `integration/beds` boots it.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

mod exits;
mod machine;
mod report;
mod tests;

use isthmus_abi::{Gpa, cpuid};

use machine::start_info::StartInfo;
use machine::{apic, cpu, descriptors, port, serial};
use report::Report;
use tests::Platform;

/// Called by entry.s with the address of the start information.
// SAFETY: the name is entry.s's own and nothing else in the image has it.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
extern "C" fn trespass_main(start_info: u64) -> ! {
    serial::open();
    descriptors::fill();
    descriptors::load(0);
    let Some(info) = StartInfo::new(Gpa(start_info)) else {
        serial::print(format_args!(
            "trespass: no start information at {start_info:#x}\n"
        ));
        port::verdict(2);
    };
    port::mask_pics();
    apic::enable();
    let platform = Platform {
        info,
        strict: is_isthmus(),
        exact: !is_tcg(),
    };
    serial::print(format_args!(
        "trespass: on {}, {} processors\n",
        if platform.strict {
            "Isthmus"
        } else {
            "another platform"
        },
        if machine::second::is_there() {
            "two or more"
        } else {
            "one of the"
        },
    ));
    exits::run(&platform);
    tests::endings::run(&platform);
    let mut report = Report::default();
    tests::run(&platform, &mut report);
    report.finish()
}

/// Whether the hypervisor's CPUID leaf says that it is this project's.
fn is_isthmus() -> bool {
    let leaf = cpu::cpuid(cpuid::LEAF_SIGNATURE, 0);
    let mut signature = [0; 12];
    for (chunk, word) in signature
        .chunks_exact_mut(4)
        .zip([leaf.ebx, leaf.ecx, leaf.edx])
    {
        chunk.copy_from_slice(&word.to_le_bytes());
    }
    signature == cpuid::SIGNATURE
}

/// Whether the processor is QEMU's emulation, by its brand string: it leaves out checks that the architecture demands of
/// instructions that no hypervisor sees.
fn is_tcg() -> bool {
    let leaf = cpu::cpuid(0x8000_0002, 0);
    leaf.eax == u32::from_le_bytes(*b"QEMU") && leaf.ebx == u32::from_le_bytes(*b" TCG")
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    serial::print(format_args!("trespass: {info}\n"));
    port::verdict(2)
}
