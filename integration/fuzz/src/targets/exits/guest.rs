//! What a guest changes without an exit: registers, segments, flags and the shadows that go with them. What an entry
//! would refuse it could not have made, so that is taken back.

use isthmus_hv_core::control::{CR0_GUEST_OWNED, is_canonical};
use isthmus_vmx::{Field, Vmcs};

use super::bench::Bench;
use crate::input::Input;

const RFLAGS_IF: u64 = 1 << 9;
const RFLAGS_TF: u64 = 1 << 8;
/// Status flags, TF, IF, DF, AC, ID.
const RFLAGS_FREE: u64 = 0x24_0fd5;

/// Fields that belong to the guest alone: segments, tables, pointers, CR3 and the PDPTEs that it loads, DR7.
const FREE: [Field; 34] = [
    Field::GUEST_RIP,
    Field::GUEST_RSP,
    Field::GUEST_CR3,
    Field::GUEST_DR7,
    Field::GUEST_CS_SELECTOR,
    Field::GUEST_CS_BASE,
    Field::GUEST_CS_LIMIT,
    Field::GUEST_CS_ACCESS_RIGHTS,
    Field::GUEST_SS_SELECTOR,
    Field::GUEST_SS_BASE,
    Field::GUEST_SS_LIMIT,
    Field::GUEST_SS_ACCESS_RIGHTS,
    Field::GUEST_DS_SELECTOR,
    Field::GUEST_DS_BASE,
    Field::GUEST_DS_LIMIT,
    Field::GUEST_DS_ACCESS_RIGHTS,
    Field::GUEST_ES_BASE,
    Field::GUEST_ES_LIMIT,
    Field::GUEST_ES_ACCESS_RIGHTS,
    Field::GUEST_FS_BASE,
    Field::GUEST_GS_BASE,
    Field::GUEST_TR_SELECTOR,
    Field::GUEST_TR_BASE,
    Field::GUEST_TR_LIMIT,
    Field::GUEST_TR_ACCESS_RIGHTS,
    Field::GUEST_LDTR_ACCESS_RIGHTS,
    Field::GUEST_GDTR_BASE,
    Field::GUEST_GDTR_LIMIT,
    Field::GUEST_IDTR_BASE,
    Field::GUEST_IDTR_LIMIT,
    Field::GUEST_PDPTE0,
    Field::GUEST_PDPTE3,
    Field::GUEST_IA32_SYSENTER_ESP,
    Field::GUEST_IA32_SYSENTER_EIP,
];

/// State that the guest changes without an exit; what an entry would refuse it could not have made.
pub fn guest_writes(bench: &mut Bench, input: &mut Input<'_>) {
    let count = input.byte() & 7;
    for _ in 0..=count {
        let choice = input.byte();
        let before = bench.cpu.vmcs.clone();
        match choice {
            0..0x20 => set_flags(bench, input.word()),
            0x20..0x30 => masked(bench, Field::GUEST_CR0, CR0_GUEST_OWNED, input.word()),
            0x30..0x40 => {
                let owned = !bench.partition.control.cr4_mask();
                masked(bench, Field::GUEST_CR4, owned, input.word());
            }
            0x40..0x50 => virtual_8086(bench, input),
            0x50..0x60 => bench.cpu.dr6 = 0xffff_0ff0 | input.word() & 0xe00f,
            0x60..0x68 => shadow(bench, choice),
            0x68..0x70 => rights(bench, input),
            _ => {
                let field = FREE[usize::from(choice - 0x70) % FREE.len()];
                // Also just below a border.
                let below = if choice & 1 != 0 {
                    input.byte() & 15
                } else {
                    0
                };
                bench
                    .cpu
                    .write(field, input.word().wrapping_sub(below.into()));
            }
        }
        // An entry takes a RIP that is canonical but for one bit; no instruction is fetched from there.
        if bench.check().is_err() || !is_canonical(bench.rip()) {
            bench.cpu.vmcs = before;
        }
    }
}

/// Access rights as descriptors have them, for any segment.
fn rights(bench: &mut Bench, input: &mut Input<'_>) {
    const RIGHTS: [u64; 16] = [
        0xa09b, 0xc09b, 0x9b, 0xe09b, 0xa0fb, 0xc0fb, 0xc093, 0x93, 0xc0f3, 0xf3, 0xc097, 0x1_0000,
        0x8b, 0x83, 0x82, 0xa093,
    ];
    let segment = u32::from(input.byte() & 7);
    let value = input.pick(&RIGHTS);
    bench
        .cpu
        .write(Field(Field::GUEST_ES_ACCESS_RIGHTS.0 + 2 * segment), value);
}

fn masked(bench: &mut Bench, field: Field, owned: u64, value: u64) {
    let kept = bench.cpu.read(field) & !owned;
    bench.cpu.write(field, kept | value & owned);
}

/// New flags, as after an instruction that is not in a shadow.
fn set_flags(bench: &mut Bench, value: u64) {
    let kept = bench.cpu.read(Field::GUEST_RFLAGS) & !RFLAGS_FREE;
    bench
        .cpu
        .write(Field::GUEST_RFLAGS, kept | value & RFLAGS_FREE);
    shadow(bench, 0);
}

/// The shadow of STI or of MOV SS, with the single-step trap that one holds back, and blocking by NMI.
fn shadow(bench: &mut Bench, choice: u8) {
    let flags = bench.cpu.read(Field::GUEST_RFLAGS);
    let shadow = match choice & 3 {
        1 if flags & RFLAGS_IF != 0 => 1,
        2 => 2,
        _ => 0,
    };
    let nmi = if choice & 4 != 0 {
        8
    } else {
        bench.cpu.read(Field::GUEST_INTERRUPTIBILITY_STATE) & 8
    };
    let stepping = flags & RFLAGS_TF != 0 && bench.cpu.read(Field::GUEST_IA32_DEBUGCTL) & 2 == 0;
    let pending = if shadow != 0 && stepping { 1 << 14 } else { 0 };
    bench
        .cpu
        .write(Field::GUEST_INTERRUPTIBILITY_STATE, shadow | nmi);
    bench
        .cpu
        .write(Field::GUEST_PENDING_DEBUG_EXCEPTIONS, pending);
}

/// A virtual-8086 task, where that is possible.
fn virtual_8086(bench: &mut Bench, input: &mut Input<'_>) {
    let flags = bench.cpu.read(Field::GUEST_RFLAGS);
    bench.cpu.write(Field::GUEST_RFLAGS, flags | 1 << 17);
    for number in 0..6 {
        let selector = u64::from(input.u16());
        let field = |base: Field| Field(base.0 + 2 * number);
        bench.cpu.write(field(Field::GUEST_ES_SELECTOR), selector);
        bench.cpu.write(field(Field::GUEST_ES_BASE), selector << 4);
        bench.cpu.write(field(Field::GUEST_ES_LIMIT), 0xffff);
        bench.cpu.write(field(Field::GUEST_ES_ACCESS_RIGHTS), 0xf3);
    }
    bench.cpu.write(Field::GUEST_RIP, u64::from(input.u16()));
}
