//! Descriptor tables: a GDT and a TSS for each core, one IDT for all (SDM Vol. 3A §3.5, §6.10, §7.7).

use alloc::boxed::Box;
use core::cell::UnsafeCell;

use isthmus_abi::Gva;
use spin::Once;
use x86_64::instructions::segmentation::{CS, DS, ES, SS, Segment};
use x86_64::instructions::tables::{lidt, load_tss};
use x86_64::structures::DescriptorTablePointer;
use x86_64::structures::gdt::{Descriptor, GlobalDescriptorTable, SegmentSelector};
use x86_64::structures::tss::TaskStateSegment;
use x86_64::{PrivilegeLevel, VirtAddr};

use crate::cores::Stacks;

/// Code selector, the same in the boot GDT and in every core's.
const CODE: SegmentSelector = SegmentSelector::new(1, PrivilegeLevel::Ring0);
/// Data selector, likewise.
const DATA: SegmentSelector = SegmentSelector::new(2, PrivilegeLevel::Ring0);
/// Bytes from one stub to the next.
const STUB: u64 = 16;
/// Present, DPL 0, 64-bit interrupt gate (SDM Vol. 3A figure 6-8).
const INTERRUPT_GATE: u64 = 0x8e00;

unsafe extern "C" {
    static INTERRUPT_STUBS: UnsafeCell<u8>;
}

/// A gate: two words (SDM Vol. 3A figure 6-8).
type Gate = [u64; 2];

static IDT: Once<[Gate; 256]> = Once::new();

/// The stack in the TSS for a vector, 1 to 7, or 0 for the one in use. Exceptions that may come while the stack
/// is bad or between two instructions that must not be parted have their own.
const fn stack_index(vector: u64) -> u64 {
    match vector {
        8 => 1,
        2 => 2,
        18 => 3,
        _ => 0,
    }
}

fn gate(vector: u64, stubs: u64) -> Gate {
    let handler = stubs + vector * STUB;
    let low = (handler & 0xffff)
        | u64::from(CODE.0) << 16
        | stack_index(vector) << 32
        | INTERRUPT_GATE << 32
        | (handler & 0xffff_0000) << 32;
    [low, handler >> 32]
}

/// Loads the IDT. Before [`load`], an exception that wants a stack of its own cannot be taken.
pub(crate) fn load_idt() {
    // SAFETY: only the address of the symbol is taken; interrupts.s defines it.
    let stubs = unsafe { &INTERRUPT_STUBS };
    let stubs = stubs.get() as u64;
    let idt = IDT.call_once(|| core::array::from_fn(|vector| gate(vector as u64, stubs)));
    let pointer = DescriptorTablePointer {
        base: VirtAddr::from_ptr(idt),
        limit: (size_of_val(idt) - 1) as u16,
    };
    // SAFETY: 1. the table lives for ever and is not changed, 2. each gate leads to a stub of 16 bytes that keeps
    // all registers and returns by IRETQ, with a code selector that the GDT in use has.
    unsafe { lidt(&pointer) };
}

/// Makes and loads this core's GDT and TSS, and the IDT.
pub(crate) fn load(stacks: &Stacks) {
    let mut tss = TaskStateSegment::new();
    let address = |top: Gva| VirtAddr::new_truncate(top.0);
    let [double_fault, nmi, machine_check] = stacks.fault.map(address);
    let none = VirtAddr::zero();
    tss.interrupt_stack_table = [double_fault, nmi, machine_check, none, none, none, none];
    let tss: &'static TaskStateSegment = Box::leak(Box::new(tss));
    let mut gdt = GlobalDescriptorTable::new();
    gdt.append(Descriptor::kernel_code_segment());
    gdt.append(Descriptor::kernel_data_segment());
    let task = gdt.append(Descriptor::tss_segment(tss));
    let gdt: &'static GlobalDescriptorTable = Box::leak(Box::new(gdt));
    gdt.load();
    // SAFETY: the GDT just loaded has 64-bit code at CODE.
    unsafe { CS::set_reg(CODE) };
    // SAFETY: and flat data at DATA.
    unsafe { DS::set_reg(DATA) };
    // SAFETY: as above.
    unsafe { ES::set_reg(DATA) };
    // SAFETY: as above.
    unsafe { SS::set_reg(DATA) };
    // SAFETY: `task` selects the available TSS just put there, used by this core alone.
    unsafe { load_tss(task) };
    load_idt();
}
