//! VM exits of a guest that does anything, over a processor made of tables. What such a processor can report keeps
//! every following VM entry valid; what it can not report still makes nothing panic.

use std::sync::OnceLock;

use isthmus_abi::{Gpa, Msr, VcpuId, Vector};
use isthmus_devices::memory::GuestMemory;
use isthmus_hv_core::control::is_canonical;
use isthmus_hv_core::exit::{After, Blocked, before_entry, handle, poll_board};
use isthmus_hv_core::partition::{ApicHelp, EndReason};
use isthmus_hv_core::{msr, xstate};
use isthmus_vmx::field::FieldType;
use isthmus_vmx::mock::MapVmcs;
use isthmus_vmx::{Field, Vmcs};

use self::{bench::Bench, guest::guest_writes, leave::leave};
use crate::input::Input;

/// The machine that the crate's own tests use. It panics when an entry would fail.
#[path = "../../../../hv/core/tests/exits/bench.rs"]
#[allow(dead_code, missing_docs)]
mod bench;
mod guest;
mod leave;
mod seeds;

pub use self::seeds::seeds;

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
    let mut vmcs = started(mode).cpu.0.vmcs;
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
        policy.effective_cr0(policy.guest_cr0(cr0, vcpu.cr0_shadow)),
        "CR0 {cr0:#x}"
    );
    let seen = policy.guest_cr4(cr4, vcpu.cr4_shadow);
    assert_eq!(cr4, policy.effective_cr4(seen), "CR4 {cr4:#x}");
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
