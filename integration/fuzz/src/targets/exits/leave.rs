//! Exits that a processor in the guest's state can make, with the information that it gives.

use isthmus_abi::{Gpa, Gpr, Vector};
use isthmus_devices::lapic::offset;
use isthmus_devices::memory::GuestMemory;
use isthmus_hv_core::exit::After;
use isthmus_vmx::{Field, Vmcs};

use super::bench::{self, Bench};
use crate::input::Input;

const VALID: u64 = 1 << 31;
const RFLAGS_IF: u64 = 1 << 9;

fn is_protected(bench: &Bench) -> bool {
    bench.cpu.read(Field::GUEST_CR0) & 1 != 0
}

/// One exit that a processor in this state can make.
pub fn leave(bench: &mut Bench, kind: u8, input: &mut Input<'_>) -> After {
    let length = u64::from(input.byte() % 15) + 1;
    // At another level than 0 these instructions fault before they exit (SDM Vol. 3C §26.1.1).
    let level = bench.cpu.read(Field::GUEST_SS_ACCESS_RIGHTS) >> 5 & 3;
    let kind = if level != 0 && matches!(kind, 0..=10 | 20 | 21) {
        26
    } else {
        kind
    };
    let qualification = |value| [(Field::EXIT_QUALIFICATION, value)];
    match kind {
        0..4 => wrmsr(bench, input),
        4 | 5 => {
            bench.set(Gpr::Rcx, u64::from(chosen_msr(input)));
            bench.exit(31, length, &[])
        }
        6 | 7 => {
            let access =
                u64::from(input.pick(&[0u8, 0, 3, 4, 4, 8])) | u64::from(input.byte()) << 4 & 0xff0;
            bench.exit(28, length, &qualification(access))
        }
        8 => bench.exit(28, length, &qualification(2 << 4)),
        9 => bench.exit(
            28,
            length,
            &qualification(3 << 4 | u64::from(input.u16()) << 16),
        ),
        10 => {
            bench.set(Gpr::Rcx, u64::from(input.byte() & 1));
            bench.set(Gpr::Rax, input.word() & 0xffff_ffff);
            bench.set(Gpr::Rdx, 0);
            bench.exit(55, length, &[])
        }
        11..14 => port(bench, input, length),
        14..17 => memory_mapped(bench, input),
        17 => interrupted(bench, input),
        18 => debug(bench, input),
        19 => {
            let code = if is_protected(bench) { 1 << 11 } else { 0 };
            bench.exit(
                0,
                0,
                &[(
                    Field::VM_EXIT_INTERRUPTION_INFORMATION,
                    17 | 3 << 8 | code | VALID,
                )],
            )
        }
        20 | 21 => bench.exit(12, 1, &[]),
        22 => bench.exit(7, 0, &[]),
        23 => bench.exit(8, 0, &[]),
        24 => bench.exit(
            1,
            0,
            &[(
                Field::VM_EXIT_INTERRUPTION_INFORMATION,
                u64::from(input.byte()) | VALID,
            )],
        ),
        25 => bench.exit(52, 0, &[]),
        26 => {
            bench.set(Gpr::Rax, input.word() & 0xffff_ffff);
            bench.set(Gpr::Rcx, u64::from(input.byte()));
            bench.exit(10, 2, &[])
        }
        27..30 if bench.vcpu.apic_virtualized => local_apic(bench, input, kind),
        _ => {
            const HIDDEN: [u16; 20] = [
                11, 13, 14, 15, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 36, 39, 40, 50, 53, 54,
            ];
            bench.exit(input.pick(&HIDDEN), length, &[])
        }
    }
}

/// What a processor reports that works on the APIC's page by itself: a write that it made, an EOI, an access that it
/// did not make.
fn local_apic(bench: &mut Bench, input: &mut Input<'_>, kind: u8) -> After {
    let register = u16::from(input.byte() & 0x3f) << 4;
    match kind {
        27 => {
            bench
                .vcpu
                .lapic
                .page_mut()
                .set(register, input.word() as u32);
            bench.exit(56, 0, &[(Field::EXIT_QUALIFICATION, u64::from(register))])
        }
        28 => {
            let vector = Vector(input.byte());
            bench
                .vcpu
                .lapic
                .page_mut()
                .assign(offset::ISR, vector, false);
            bench.exit(45, 0, &[(Field::EXIT_QUALIFICATION, u64::from(vector.0))])
        }
        _ => {
            let how = input.byte();
            place_code(bench, input, how, 0xfee0_0000 | u64::from(register));
            let access = u64::from(register) | u64::from(how & 3) << 12;
            bench.exit(
                if how & 4 == 0 { 44 } else { 43 },
                0,
                &[(Field::EXIT_QUALIFICATION, access)],
            )
        }
    }
}

fn chosen_msr(input: &mut Input<'_>) -> u32 {
    const KNOWN: [u32; 24] = [
        0x10,
        0x1b,
        0x3b,
        0x174,
        0x175,
        0x176,
        0x1d9,
        0x277,
        0x2ff,
        0x6e0,
        0x802,
        0x808,
        0x80b,
        0x80f,
        0x830,
        0x832,
        0x838,
        0x83e,
        0x83f,
        0xc000_0080,
        0xc000_0081,
        0xc000_0100,
        0xc000_0102,
        0xda0,
    ];
    let choice = usize::from(input.byte());
    KNOWN
        .get(choice)
        .copied()
        .unwrap_or_else(|| match choice & 3 {
            0 => 0x200 + u32::from(input.byte()),
            1 => 0x800 + u32::from(input.byte()),
            2 => u32::from(input.u16()) & 0x1fff,
            _ => input.u32(),
        })
}

fn wrmsr(bench: &mut Bench, input: &mut Input<'_>) -> After {
    bench.set(Gpr::Rcx, u64::from(chosen_msr(input)));
    let value = input.word();
    bench.set(Gpr::Rax, value & 0xffff_ffff);
    bench.set(Gpr::Rdx, value >> 32);
    bench.exit(32, 2, &[])
}

/// IN, OUT, INS and OUTS.
fn port(bench: &mut Bench, input: &mut Input<'_>, length: u64) -> After {
    const KNOWN: [u16; 16] = [
        0x20, 0x21, 0xa0, 0xa1, 0x40, 0x43, 0x61, 0x64, 0x70, 0x71, 0x3f8, 0x3f9, 0x3fd, 0x608,
        0xcf8, 0x600,
    ];
    let choice = usize::from(input.byte());
    let port = KNOWN.get(choice).copied().unwrap_or_else(|| input.u16());
    let how = input.byte();
    let size = u64::from([0u8, 1, 3, 0][usize::from(how & 3)]);
    let direction = u64::from(how >> 2 & 7) << 3;
    let address = u64::from(how >> 5) % 3;
    let segment = u64::from(input.byte() % 6);
    let fields = [
        (
            Field::EXIT_QUALIFICATION,
            u64::from(port) << 16 | direction | size,
        ),
        (
            Field::VM_EXIT_INSTRUCTION_INFORMATION,
            address << 7 | segment << 15,
        ),
    ];
    bench.exit(30, length, &fields)
}

/// An access to an address without memory, by an instruction that is really there.
fn memory_mapped(bench: &mut Bench, input: &mut Input<'_>) -> After {
    const PLACES: [u64; 6] = [
        0xfee0_0000,
        0xfec0_0000,
        0xfec0_0010,
        0xc000_0000,
        bench::MEMORY,
        1 << 38,
    ];
    let place = PLACES[input.below(PLACES.len())] + u64::from(input.byte()) * 4;
    let how = input.byte();
    place_code(bench, input, how, place);
    let fields = [
        (
            Field::EXIT_QUALIFICATION,
            u64::from(how & 7) | 3 << 7 | u64::from(how >> 3 & 1) << 12,
        ),
        (Field::GUEST_PHYSICAL_ADDRESS, place),
        (Field::GUEST_LINEAR_ADDRESS, place),
    ];
    bench.exit(48, u64::from(how & 15), &fields)
}

/// Puts bytes of the input where the next instruction is, and `place` into the registers that they may use.
fn place_code(bench: &mut Bench, input: &mut Input<'_>, how: u8, place: u64) {
    let code = input.take(usize::from(how >> 4));
    let base = bench.cpu.read(Field::GUEST_CS_BASE);
    let rip = base.wrapping_add(bench.rip()) & 0xffff_ffff;
    // Where the guest has changed its paging, the bytes may not be what is fetched.
    let _ = bench.memory.write(Gpa(rip), code);
    for register in [Gpr::Rbx, Gpr::Rsi, Gpr::Rdi] {
        if how & 8 != 0 {
            bench.set(register, place);
        }
    }
}

/// The same in the middle of an event's delivery.
fn interrupted(bench: &mut Bench, input: &mut Input<'_>) -> After {
    let flags = bench.cpu.read(Field::GUEST_RFLAGS);
    let blocked = bench.cpu.read(Field::GUEST_INTERRUPTIBILITY_STATE) & 3 != 0;
    let (choice, vector) = (input.byte(), u64::from(input.byte()));
    let protected = is_protected(bench);
    let with_code = protected && matches!(vector & 31, 8 | 10..=14 | 17);
    let event = match choice & 7 {
        0 if flags & RFLAGS_IF != 0 && !blocked => vector,
        1 => {
            let state = bench.cpu.read(Field::GUEST_INTERRUPTIBILITY_STATE);
            bench
                .cpu
                .write(Field::GUEST_INTERRUPTIBILITY_STATE, state & !3 | 8);
            2 | 2 << 8
        }
        2 => vector | 4 << 8,
        3 => 1 | 5 << 8,
        4 => 3 | 6 << 8,
        _ if vector & 31 == 2 => 13 | 3 << 8 | u64::from(protected) << 11,
        _ => vector & 31 | 3 << 8 | u64::from(with_code) << 11,
    };
    let length = match event >> 8 & 7 {
        5 | 6 => 1,
        4 => 2,
        _ => 0,
    };
    let (reason, more) = match choice >> 3 & 3 {
        0 => (0, 1 | 3 << 8 | VALID),
        1 => (0, 17 | 3 << 8 | u64::from(protected) << 11 | VALID),
        _ => (48, 0),
    };
    // In the middle of a walk, or at the place that the event needs.
    let walk = if choice & 0x20 != 0 { 1 << 7 } else { 3 << 7 };
    let fields = [
        (Field::IDT_VECTORING_INFORMATION, event | VALID),
        (Field::IDT_VECTORING_ERROR_CODE, u64::from(choice >> 6)),
        (Field::VM_EXIT_INTERRUPTION_INFORMATION, more),
        (
            Field::EXIT_QUALIFICATION,
            if reason == 0 { 0 } else { walk | 1 },
        ),
        (Field::GUEST_PHYSICAL_ADDRESS, 0xc000_0000),
        (Field::GUEST_LINEAR_ADDRESS, 0xc000_0000),
    ];
    bench.exit(reason, length, &fields)
}

/// #DB, or INT1.
fn debug(bench: &mut Bench, input: &mut Input<'_>) -> After {
    let conditions = u64::from(input.u16()) & 0x600f;
    let (kind, length) = if input.flag() { (5, 1) } else { (3, 0) };
    let fields = [
        (
            Field::VM_EXIT_INTERRUPTION_INFORMATION,
            1 | kind << 8 | VALID,
        ),
        (Field::EXIT_QUALIFICATION, conditions),
    ];
    bench.exit(0, length, &fields)
}
