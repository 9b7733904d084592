//! VM exits of a guest that does anything, over a processor made of tables. What such a processor can report keeps
//! every following VM entry valid; what it can not report still makes nothing panic.

use std::sync::OnceLock;

use isthmus_abi::{Gpa, Gpr, Msr, VcpuId, Vector};
use isthmus_devices::lapic::offset;
use isthmus_devices::memory::GuestMemory;
use isthmus_hv_core::control::{CR0_GUEST_OWNED, is_canonical};
use isthmus_hv_core::exit::{After, Blocked, before_entry, handle, poll_board};
use isthmus_hv_core::partition::{ApicHelp, EndReason};
use isthmus_hv_core::{msr, xstate};
use isthmus_vmx::field::FieldType;
use isthmus_vmx::mock::MapVmcs;
use isthmus_vmx::{Field, Vmcs};

use self::bench::Bench;
use crate::input::Input;

/// The machine that the crate's own tests use. It panics when an entry would fail.
#[path = "../../../../hv/core/tests/exits/bench.rs"]
#[allow(dead_code, missing_docs)]
mod bench;

const VALID: u64 = 1 << 31;
const RFLAGS_IF: u64 = 1 << 9;
const RFLAGS_TF: u64 = 1 << 8;
/// Status flags, TF, IF, DF, AC, ID.
const RFLAGS_FREE: u64 = 0x24_0fd5;
/// Exits in one input.
const STEPS: usize = 48;

fn started(mode: u8) -> Bench {
    match mode & 3 {
        0 => Bench::protected_mode(),
        1 => Bench::real_mode(),
        _ => Bench::long_mode(),
    }
}

/// A VMCS that an entry takes, in one of the modes.
pub fn valid_vmcs(mode: u8) -> MapVmcs {
    static MADE: [OnceLock<MapVmcs>; 4] = [const { OnceLock::new() }; 4];
    MADE[usize::from(mode & 3)]
        .get_or_init(|| make_vmcs(mode))
        .clone()
}

fn make_vmcs(mode: u8) -> MapVmcs {
    let mut vmcs = started(mode).cpu.vmcs;
    for (field, value) in [
        (Field::HOST_CR0, 0x8001_0033),
        (Field::HOST_CR3, 0x1000),
        (Field::HOST_CR4, 0x2020),
        (Field::HOST_CS_SELECTOR, 0x8),
        (Field::HOST_SS_SELECTOR, 0x10),
        (Field::HOST_TR_SELECTOR, 0x18),
        (Field::HOST_GDTR_BASE, 0xffff_8000_0000_0000),
        (Field::HOST_RIP, 0xffff_ffff_8020_0000),
        (Field::HOST_IA32_EFER, 0xd00),
        (Field::HOST_IA32_PAT, 0x0007_0406_0007_0406),
        (Field::VIRTUAL_PROCESSOR_IDENTIFIER, 1),
        (Field::EPT_POINTER, 0x501e),
    ] {
        vmcs.write(field, value);
    }
    vmcs
}

/// Page tables that map the first 512 GiB one to one, at the address where the 64-bit start has them.
fn map_memory(bench: &Bench) {
    let write = |at: u64, value: u64| {
        bench
            .memory
            .write(Gpa(at), &value.to_le_bytes())
            .expect("backed")
    };
    write(0x1000, 0x3007);
    for index in 0..8 {
        write(0x3000 + index * 8, index << 30 | 0x87);
    }
}

/// A sequence of exits.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let mode = input.byte();
    let mut bench = started(mode);
    map_memory(&bench);
    bench.partition.apic_help = [
        ApicHelp::None,
        ApicHelp::Registers,
        ApicHelp::Delivery,
        ApicHelp::None,
    ][usize::from(mode >> 2 & 3)];
    bench
        .vcpu
        .follow_apic_mode(&bench.partition, &mut bench.cpu);
    if mode & 0x80 != 0 {
        impossible(&mut bench, &mut input);
        return;
    }
    for _ in 0..STEPS {
        if input.is_empty() || !step(&mut bench, &mut input) {
            return;
        }
    }
}

/// Exit information and guest state that no processor would report: an answer all the same.
fn impossible(bench: &mut Bench, input: &mut Input<'_>) {
    let (count, writes) = (usize::from(input.byte() & 7), usize::from(input.byte()));
    registers(bench, input);
    for _ in 0..writes {
        if input.is_empty() {
            break;
        }
        let (field, _) = Field::ALL[input.below(Field::ALL.len())];
        let value = input.word();
        if matches!(
            field.field_type(),
            FieldType::GuestState | FieldType::ReadOnlyData
        ) {
            bench.cpu.write(field, value);
        }
    }
    for _ in 0..=count {
        bench.cpu.tsc = bench.cpu.tsc.wrapping_add(input.word());
        bench
            .cpu
            .write(Field::EXIT_REASON, u64::from(input.byte() & 0x7f));
        bench.cpu.write(Field::EXIT_QUALIFICATION, input.word());
        let mailbox = bench.partition.mailbox(VcpuId(0)).expect("a mailbox");
        mailbox.come_back();
        let after = handle(
            &mut bench.vcpu,
            &bench.partition,
            &mut bench.cpu,
            &bench.memory,
        );
        if let After::End(reason) = after {
            assert!(!reason.to_string().is_empty());
            return;
        }
        if before_entry(&mut bench.vcpu, &bench.partition, &mut bench.cpu).is_err() {
            return;
        }
    }
}

fn registers(bench: &mut Bench, input: &mut Input<'_>) {
    let which = input.u16();
    for number in (0..16u8).filter(|number| which >> number & 1 != 0) {
        bench.vcpu.gprs.set_by_number(number, input.word());
    }
}

/// What the guest changes, one exit, the way back in. Says whether the guest goes on.
fn step(bench: &mut Bench, input: &mut Input<'_>) -> bool {
    let kind = input.byte();
    if kind & 0x80 != 0 {
        registers(bench, input);
    }
    if kind & 0x40 != 0 {
        guest_writes(bench, input);
    }
    if kind & 0x20 != 0 {
        outside(bench, input);
    }
    let after = leave(bench, kind & 0x1f, input);
    match after {
        After::End(EndReason::Internal(what)) => panic!("internal error: {what}"),
        After::End(EndReason::EntryFailed(reason)) => panic!("entry failed: {reason}"),
        After::End(_) => return false,
        _ => {}
    }
    if after == After::Reschedule {
        bench.cpu.tsc = bench.cpu.tsc.wrapping_add(input.word() & 0xffff_ffff);
    }
    assert_contained(bench);
    match bench.enter() {
        Ok(_) => true,
        Err(Blocked::Halted) => wake(bench, input),
        Err(Blocked::WaitForSipi) => {
            let mailbox = bench.partition.mailbox(VcpuId(0)).expect("a mailbox");
            mailbox.come_back();
            let _ = mailbox.post_sipi(Vector(input.byte()));
            bench.enter().is_ok()
        }
    }
}

/// What the guest reached in registers that the hypervisor keeps or loads for it: no bit that it may not have, and
/// no value at which the hypervisor itself would fault.
fn assert_contained(bench: &Bench) {
    let (policy, cpu, vcpu) = (&bench.partition.control, &bench.cpu, &bench.vcpu);
    let (cr0, cr4) = (cpu.read(Field::GUEST_CR0), cpu.read(Field::GUEST_CR4));
    assert_eq!(cpu.read(Field::CR0_READ_SHADOW), vcpu.cr0_shadow);
    assert_eq!(cpu.read(Field::CR4_READ_SHADOW), vcpu.cr4_shadow);
    assert_eq!(
        cr0,
        policy.vmcs_cr0(policy.guest_cr0(cr0, vcpu.cr0_shadow)),
        "CR0 {cr0:#x}"
    );
    let seen = policy.guest_cr4(cr4, vcpu.cr4_shadow);
    assert_eq!(cr4, policy.vmcs_cr4(seen), "CR4 {cr4:#x}");
    assert_eq!(seen & !policy.cr4_allowed(), 0, "CR4 {seen:#x}");
    assert_eq!(cpu.xcr0, vcpu.xcr0);
    assert!(
        xstate::is_valid_xcr0(cpu.xcr0, policy.xcr0_allowed()),
        "XCR0 {:#x}",
        cpu.xcr0
    );
    assert_eq!(cpu.read(Field::TSC_OFFSET), vcpu.tsc_offset);
    assert_eq!(cpu.dr6 >> 32, 0);
    for (&number, &value) in &cpu.msrs {
        assert!(
            msr::SWITCHED.contains(&Msr(number)),
            "MSR {number:#x} is the machine's"
        );
        let loads = match Msr(number) {
            msr::index::LSTAR | msr::index::CSTAR | msr::index::KERNEL_GS_BASE => {
                is_canonical(value)
            }
            msr::index::SFMASK | msr::index::TSC_AUX => value >> 32 == 0,
            _ => true,
        };
        assert!(loads, "MSR {number:#x} = {value:#x}");
    }
}

/// Another core or the board ends a halt.
fn wake(bench: &mut Bench, input: &mut Input<'_>) -> bool {
    for _ in 0..3 {
        outside(bench, input);
        if bench.enter().is_ok() {
            return true;
        }
    }
    false
}

/// What other cores and time do meanwhile.
fn outside(bench: &mut Bench, input: &mut Input<'_>) {
    let mailbox = bench.partition.mailbox(VcpuId(0)).expect("a mailbox");
    let kind = input.byte();
    let _ = match kind & 7 {
        0 => mailbox.post_nmi(),
        1 => mailbox.post_interrupt(Vector(input.byte()), kind & 8 != 0),
        2 => mailbox.post_init(),
        3 => mailbox.post_sipi(Vector(input.byte())),
        4 => mailbox.post_ext_int(kind & 8 != 0),
        5 => mailbox.poke(),
        _ => {
            bench.cpu.tsc = bench.cpu.tsc.saturating_add(input.word() & 0xff_ffff_ffff);
            let _ = poll_board(&bench.partition, &mut bench.cpu);
            mailbox.poke()
        }
    };
}

/// State that the guest changes without an exit; what an entry would refuse it could not have made.
fn guest_writes(bench: &mut Bench, input: &mut Input<'_>) {
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
                let fields = free_fields();
                let field = fields[usize::from(choice - 0x70) % fields.len()];
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
        if bench.check().is_err() {
            bench.cpu.vmcs = before;
        }
    }
}

/// Fields that belong to the guest alone: segments, tables, pointers, CR3 and the PDPTEs that it loads, DR7.
fn free_fields() -> &'static [Field] {
    &[
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
    ]
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

fn is_protected(bench: &Bench) -> bool {
    bench.cpu.read(Field::GUEST_CR0) & 1 != 0
}

/// One exit that a processor in this state can make.
fn leave(bench: &mut Bench, kind: u8, input: &mut Input<'_>) -> After {
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

/// Each kind of exit in each mode; boots into other modes; both interrupt controllers.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for mode in 0..3 {
        for kind in 0..28 {
            seeds.push(vec![
                mode,
                0xc0 | kind,
                0,
                0,
                1,
                0,
                0x22,
                3,
                1,
                2,
                3,
                4,
                5,
                6,
                7,
                8,
            ]);
        }
    }
    let mov = |register: &[u8], value: [u8; 5]| {
        // RBX, then MOV to a control register from it.
        let mut step = vec![0x86, 8, 0];
        step.extend(value);
        step.extend(register);
        step
    };
    let long = [
        mov(&[0, 4, 0x30], [2, 0x20, 0, 0, 0]),
        vec![0, 0, 19, 1, 0, 1],
        mov(&[0, 0, 0x30], [2, 0x11, 0, 0, 0x80]),
        mov(&[0, 0, 0x30], [2, 0x11, 0, 0, 0]),
    ];
    seeds.push([&[0][..], &long.concat()].concat());
    seeds.push([&[1][..], &long.concat()].concat());
    let icr = [
        vec![0, 0, 1, 2, 0, 0x0d, 0xe0, 0xfe],
        vec![0, 0, 14, 7, 0x40, 0x40, 4, 0, 0, 0, 0, 0],
        vec![0x60, 0, 0, 0x0f, 0x41, 0x40, 25],
    ];
    seeds.push([&[2][..], &icr.concat()].concat());
    // mov [rbx], eax at the APIC and the I/O APIC.
    let store = [0x0e, 0, 0, 0x2c, 0x2b, 0x89, 0x03];
    seeds.push([&[2][..], &store, &store].concat());
    seeds.push([&[0x82, 3, 4][..], &[0; 24]].concat());
    // With the processor's help: enable, task priority, an interrupt to itself and its end.
    let write = |register: u8, value: [u8; 4]| [&[27, 0, register, 2][..], &value].concat();
    for mode in [2 | 4, 2 | 8] {
        let steps = [
            write(0x0f, [0xff, 1, 0, 0]),
            write(0x08, [0x20, 0, 0, 0]),
            write(0x30, [0x51, 0, 4, 0]),
            vec![0x48, 0, 0, 1, 0, 2, 25, 0],
            vec![28, 0, 0, 0x51],
            vec![29, 0, 0x30, 0x2d, 0x89, 0x03],
            vec![29, 0, 8, 4],
        ];
        seeds.push([&[mode][..], &steps.concat()].concat());
    }
    seeds
}
