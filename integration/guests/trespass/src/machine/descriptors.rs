//! IDT and TSSs. The GDT is the one of entry.s, which leaves room for the TSSs.

use core::arch::asm;
use core::cell::UnsafeCell;

use isthmus_abi::{Gva, Vector};

/// Something that the processor reads or writes behind the compiler's back.
#[repr(C, align(4096))]
pub struct Shared<T>(UnsafeCell<T>);

// SAFETY: it is only reached through raw pointers, by one processor at a time or by both where either order is fine.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// Holds a value.
    pub const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }
    /// Where it is.
    pub const fn get(&self) -> *mut T {
        self.0.get()
    }
}

unsafe extern "C" {
    static TRAP_ENTRIES: [u8; 4096];
}

const CODE: u64 = 0x08;
const FIRST_TSS: u16 = 0x38;
/// Interrupt gate, present (SDM Vol. 3A §6.14.1).
const GATE: u64 = 0x8e00;
const PRESENT: u64 = 1 << 47;

static IDT: Shared<[[u64; 2]; 256]> = Shared::new([[0; 2]; 256]);
/// SDM Vol. 3A Figure 8-11, as dwords.
static TSS: Shared<[[u32; 26]; 2]> = Shared::new([[0; 26]; 2]);
/// For each processor a stack for #DB, NMI, #DF and #MC each.
static STACKS: Shared<[[[u8; 8192]; 4]; 2]> = Shared::new([[[0; 8192]; 4]; 2]);

#[repr(C, packed)]
struct Pointer {
    limit: u16,
    base: u64,
}

/// Fills the IDT. Once, before anything can go wrong.
pub fn fill() {
    for vector in 0..=255 {
        set_handler(Vector(vector), entry(Vector(vector)), true);
    }
}

/// The handler in entry.s.
fn entry(vector: Vector) -> Gva {
    // SAFETY: only the address of the symbol is taken; entry.s defines it.
    let entries = unsafe { &TRAP_ENTRIES };
    Gva(entries.as_ptr() as u64 + 16 * u64::from(vector.0))
}

/// Interrupt-stack-table entry of a vector (SDM Vol. 3A §6.14.5).
const fn stack(vector: Vector) -> u64 {
    match vector.0 {
        1 => 1,
        2 => 2,
        8 => 3,
        18 => 4,
        _ => 0,
    }
}

fn set_handler(vector: Vector, handler: Gva, present: bool) {
    let handler = handler.0;
    let mut low = handler & 0xffff | CODE << 16 | stack(vector) << 32 | GATE << 32;
    low |= (handler >> 16 & 0xffff) << 48;
    if !present {
        low &= !PRESENT;
    }
    let gate = IDT
        .get()
        .cast::<[u64; 2]>()
        .wrapping_add(usize::from(vector.0));
    // SAFETY: the entry is within the IDT, which only this function writes; interrupts that use it are off or do not come.
    unsafe { gate.write_volatile([low, handler >> 32]) };
}

/// Marks a vector's gate as present or not.
pub fn set_present(vector: Vector, present: bool) {
    set_handler(vector, entry(vector), present);
}

/// Loads the IDT and this processor's TSS; `processor` is 0 or 1.
pub fn load(processor: u16) {
    let index = usize::from(processor & 1);
    let tss = TSS.get().cast::<[u32; 26]>().wrapping_add(index);
    let mut words = [0u32; 26];
    for ist in 0..4 {
        let top = stack_top(processor, ist).0;
        words[9 + 2 * ist] = top as u32;
        words[10 + 2 * ist] = (top >> 32) as u32;
    }
    words[25] = 104 << 16;
    // SAFETY: the element is this processor's own and no TSS that is in use yet, or the same content again.
    unsafe { tss.write_volatile(words) };
    let selector = FIRST_TSS + 16 * (processor & 1);
    let base = tss as u64;
    let low = 103 | (base & 0xff_ffff) << 16 | 0x89 << 40 | (base >> 24 & 0xff) << 56;
    let slot = gdt().cast::<u64>().wrapping_add(usize::from(selector / 8));
    // SAFETY: entry.s leaves two free slots at this selector.
    unsafe { slot.write_volatile(low) };
    // SAFETY: as above.
    unsafe { slot.wrapping_add(1).write_volatile(base >> 32) };
    load_idt(IDT.get() as u64, 4095);
    // SAFETY: the selector names an available 64-bit TSS, just written (SDM Vol. 2A, LTR).
    unsafe { asm!("ltr {0:x}", in(reg) selector) };
}

/// Loads IDTR.
pub fn load_idt(base: u64, limit: u16) {
    let pointer = Pointer { limit, base };
    // SAFETY: the operand is a pseudo-descriptor in memory. A table that is none is what some tests are for.
    unsafe { asm!("lidt [{}]", in(reg) &raw const pointer) };
}

/// The top of an interrupt stack: 0 #DB, 1 NMI, 2 #DF, 3 #MC.
pub fn stack_top(processor: u16, ist: usize) -> Gva {
    let stacks = STACKS.get().cast::<[u8; 8192]>();
    let stack = stacks.wrapping_add(4 * usize::from(processor & 1) + ist + 1);
    Gva(stack as u64)
}

/// Points an interrupt stack of the first processor elsewhere.
pub fn move_stack(ist: usize, top: Gva) {
    let words = TSS.get().cast::<u32>().wrapping_add(9 + 2 * ist);
    // SAFETY: the two dwords are the entry in the first processor's TSS.
    unsafe { words.write_volatile(top.0 as u32) };
    // SAFETY: as above.
    unsafe { words.wrapping_add(1).write_volatile((top.0 >> 32) as u32) };
}

fn gdt() -> *mut u8 {
    let mut pointer = Pointer { limit: 0, base: 0 };
    // SAFETY: SGDT writes ten bytes to the operand.
    unsafe { asm!("sgdt [{}]", in(reg) &raw mut pointer) };
    pointer.base as *mut u8
}
