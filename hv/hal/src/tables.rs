//! What a core needs of its own: GDT, TSS, IDT and the per-core block that GS points at.
//!
//! The interrupt stubs do one of two things: an exception is handed to the panic report, an interrupt's vector
//! is noted in the core's [`PerCore`] block for the main loop to take. No handler touches anything else.

use alloc::boxed::Box;
use core::arch::{asm, global_asm};
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use isthmus_abi::{CoreId, Msr, Vector};
use x86_64::VirtAddr;
use x86_64::structures::tss::TaskStateSegment;

/// Most cores that are brought up; more in the machine are reported and left alone.
pub const MAX_CORES: usize = 64;
/// 64-bit code segment selector.
pub const CODE_SELECTOR: u16 = 0x08;
/// Data segment selector.
pub const DATA_SELECTOR: u16 = 0x10;
/// Task state segment selector.
pub const TSS_SELECTOR: u16 = 0x18;
/// Bytes of the IDT less one. VM exits set the limits of GDT and IDT to 0xffff (SDM Vol. 3C §28.5.2), which is of no
/// consequence: nothing loads a selector or takes a vector beyond the tables.
const IDT_LIMIT: u16 = 256 * 16 - 1;

const GS_BASE: Msr = Msr(0xc000_0101);

/// What a core's handlers and its main loop share.
#[repr(C, align(64))]
#[derive(Debug)]
pub struct PerCore {
    core: AtomicU32,
    online: AtomicBool,
    interrupts: [AtomicU32; 8],
    nmis: AtomicU64,
}

impl PerCore {
    const fn new() -> Self {
        Self {
            core: AtomicU32::new(0),
            online: AtomicBool::new(false),
            interrupts: [const { AtomicU32::new(0) }; 8],
            nmis: AtomicU64::new(0),
        }
    }
}

static CORES: [PerCore; MAX_CORES] = [const { PerCore::new() }; MAX_CORES];
/// Set by the core that panics; every other core stops at its next NMI.
pub static PANICKING: AtomicBool = AtomicBool::new(false);

/// Interrupt stacks of one core, from [`crate::paging`]: the main one and those of the IST.
#[derive(Clone, Copy, Debug)]
pub struct CoreStacks {
    /// Top of the stack the main loop runs on.
    pub main: u64,
    /// Tops for #DF, NMI and #MC, which must not depend on the interrupted stack.
    pub ist: [u64; 3],
}

/// The descriptor tables of one core, as VMCS host state wants them.
#[derive(Clone, Copy, Debug)]
pub struct CoreTables {
    /// GDT base.
    pub gdt: u64,
    /// IDT base.
    pub idt: u64,
    /// TSS base.
    pub tss: u64,
    /// GS base: the core's [`PerCore`].
    pub gs: u64,
}

/// Makes and loads the calling core's tables. Once per core, on that core.
pub fn load(core: CoreId, stacks: &CoreStacks) -> CoreTables {
    let mut tss = Box::new(TaskStateSegment::new());
    tss.privilege_stack_table[0] = VirtAddr::new(stacks.main);
    let mut interrupt_stacks = [VirtAddr::zero(); 7];
    for (slot, top) in interrupt_stacks.iter_mut().zip(stacks.ist) {
        *slot = VirtAddr::new(top);
    }
    tss.interrupt_stack_table = interrupt_stacks;
    let tss = Box::leak(tss);
    let tss_base = core::ptr::from_ref(tss) as u64;
    let limit = (size_of::<TaskStateSegment>() - 1) as u64;
    let tss_low = limit | (tss_base & 0xff_ffff) << 16 | 0x89 << 40 | (tss_base >> 24 & 0xff) << 56;
    let gdt: &'static [u64; 5] = Box::leak(Box::new([
        0,
        0x00af_9b00_0000_ffff,
        0x00cf_9300_0000_ffff,
        tss_low,
        tss_base >> 32,
    ]));
    let idt: &'static [[u64; 2]; 256] = Box::leak(Box::new(idt_entries()));
    let block = &CORES[usize::from(core.0) % MAX_CORES];
    let tables = CoreTables {
        gdt: gdt.as_ptr() as u64,
        idt: idt.as_ptr() as u64,
        tss: tss_base,
        gs: core::ptr::from_ref(block) as u64,
    };
    // SAFETY: the GDT holds valid descriptors at the selectors loaded, the IDT's gates name the stubs below,
    // and all of them live for ever (leaked).
    unsafe { load_registers(&tables, (size_of_val(gdt) - 1) as u16) };
    // SAFETY: GS is used by the handlers alone, through `this_core`.
    unsafe { crate::cpu::write_msr(GS_BASE, tables.gs) };
    tables
}

#[repr(C, packed)]
struct TablePointer {
    limit: u16,
    base: u64,
}

unsafe fn load_registers(tables: &CoreTables, gdt_limit: u16) {
    let gdt = TablePointer {
        limit: gdt_limit,
        base: tables.gdt,
    };
    let idt = TablePointer {
        limit: IDT_LIMIT,
        base: tables.idt,
    };
    // SAFETY: one block since the steps belong together: LGDT, reload of CS by far return, of the data
    // segments, LTR, LIDT; each names what the caller promises is valid.
    unsafe {
        asm!(
            "lgdt [{gdt}]",
            "push {code}",
            "lea {scratch}, [rip + 2f]",
            "push {scratch}",
            "retfq",
            "2:",
            "mov ds, {data:x}",
            "mov es, {data:x}",
            "mov ss, {data:x}",
            "xor {scratch:e}, {scratch:e}",
            "mov fs, {scratch:x}",
            "mov gs, {scratch:x}",
            "ltr {tss:x}",
            "lidt [{idt}]",
            gdt = in(reg) &raw const gdt,
            idt = in(reg) &raw const idt,
            code = in(reg) u64::from(CODE_SELECTOR),
            data = in(reg) u64::from(DATA_SELECTOR),
            tss = in(reg) u64::from(TSS_SELECTOR),
            scratch = out(reg) _,
        );
    }
}

fn idt_entries() -> [[u64; 2]; 256] {
    let mut entries = [[0; 2]; 256];
    let first = &raw const interrupt_stubs as u64;
    for (vector, entry) in entries.iter_mut().enumerate() {
        let handler = first + 16 * vector as u64;
        let ist = match vector {
            8 => 1,
            2 => 2,
            18 => 3,
            _ => 0,
        };
        *entry = [
            handler & 0xffff
                | u64::from(CODE_SELECTOR) << 16
                | ist << 32
                | 0x8e << 40
                | (handler >> 16 & 0xffff) << 48,
            handler >> 32,
        ];
    }
    entries
}

unsafe extern "C" {
    static interrupt_stubs: u8;
}

// One stub of 16 bytes a vector: a zero in place of the error code where the processor pushes none
// (SDM Vol. 3A Table 6-1), then the vector.
global_asm!(
    r#"
.section .text.interrupts, "ax"
.balign 16
.global interrupt_stubs
interrupt_stubs:
.set vector, 0
.rept 256
    .balign 16
    .if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
    push 0
    .endif
    push vector
    jmp interrupt_common
    .set vector, vector + 1
.endr
interrupt_common:
    push rax
    push rcx
    push rdx
    push rbx
    push rbp
    push rsi
    push rdi
    push r8
    push r9
    push r10
    push r11
    push r12
    push r13
    push r14
    push r15
    cld
    mov rdi, rsp
    mov rbx, rsp
    and rsp, -16
    call isthmus_interrupt
    mov rsp, rbx
    pop r15
    pop r14
    pop r13
    pop r12
    pop r11
    pop r10
    pop r9
    pop r8
    pop rdi
    pop rsi
    pop rbp
    pop rbx
    pop rdx
    pop rcx
    pop rax
    add rsp, 16
    iretq
.text
"#
);

/// The registers at an exception, in the order the stub pushes them.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct TrapFrame {
    pub r15: u64,
    pub r14: u64,
    pub r13: u64,
    pub r12: u64,
    pub r11: u64,
    pub r10: u64,
    pub r9: u64,
    pub r8: u64,
    pub rdi: u64,
    pub rsi: u64,
    pub rbp: u64,
    pub rbx: u64,
    pub rdx: u64,
    pub rcx: u64,
    pub rax: u64,
    pub vector: u64,
    pub error_code: u64,
    pub rip: u64,
    pub cs: u64,
    pub rflags: u64,
    pub rsp: u64,
    pub ss: u64,
}

#[unsafe(no_mangle)]
extern "C" fn isthmus_interrupt(frame: &TrapFrame) {
    match frame.vector {
        2 if PANICKING.load(Ordering::Acquire) => crate::cpu::halt_forever(),
        2 => {
            this_core_block().nmis.fetch_add(1, Ordering::Relaxed);
        }
        exception @ 0..32 => crate::report::exception(frame, exception as u8),
        vector => note_interrupt(Vector(vector as u8)),
    }
}

fn this_core_block() -> &'static PerCore {
    &CORES[usize::from(this_core().0) % MAX_CORES]
}

/// Points GS at the core's block. First thing on every core, so that [`this_core`] always has an answer.
pub fn load_early(core: CoreId) {
    let block = &CORES[usize::from(core.0) % MAX_CORES];
    block.core.store(u32::from(core.0), Ordering::Relaxed);
    // SAFETY: GS is used by `this_core` alone, and the block is static.
    unsafe { crate::cpu::write_msr(GS_BASE, core::ptr::from_ref(block) as u64) };
}

/// Says that the calling core is ready: [`crate::smp::start`] waits for it.
pub fn set_online(core: CoreId) {
    CORES[usize::from(core.0) % MAX_CORES]
        .online
        .store(true, Ordering::Release);
}

/// The calling core's number.
#[must_use]
#[inline]
pub fn this_core() -> CoreId {
    let core: u32;
    // SAFETY: GS points at the core's `PerCore`, whose first field is read.
    unsafe { asm!("mov {:e}, gs:[0]", out(reg) core, options(nostack, readonly, preserves_flags)) };
    CoreId(core as u16)
}

/// Notes a vector for the main loop: an interrupt that came while the core idled, or was acknowledged by a VM exit.
pub fn note_interrupt(vector: Vector) {
    let word = usize::from(vector.0 / 32);
    this_core_block().interrupts[word].fetch_or(1 << (vector.0 % 32), Ordering::AcqRel);
}

/// Takes the highest noted vector.
pub fn take_interrupt() -> Option<Vector> {
    let block = this_core_block();
    for (index, word) in block.interrupts.iter().enumerate().rev() {
        let bits = word.load(Ordering::Acquire);
        if bits != 0 {
            let bit = 31 - bits.leading_zeros();
            word.fetch_and(!(1 << bit), Ordering::AcqRel);
            return Some(Vector(index as u8 * 32 + bit as u8));
        }
    }
    None
}

/// NMIs the calling core has taken in the hypervisor since the last call.
pub fn take_nmis() -> u64 {
    this_core_block().nmis.swap(0, Ordering::Relaxed)
}

/// Whether a core is ready.
#[must_use]
pub fn is_online(core: CoreId) -> bool {
    CORES
        .get(usize::from(core.0))
        .is_some_and(|block| block.online.load(Ordering::Acquire))
}
