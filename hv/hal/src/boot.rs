//! From GRUB's hand-over to Rust: the Multiboot2 header, the climb from 32-bit protected mode to long mode,
//! and the real-mode trampoline that application cores climb.
//!
//! Trusts GRUB for the machine state that Multiboot2 §3.3 promises (EAX magic, EBX information address,
//! flat 32-bit segments, paging off). Hands over to `isthmus_main` in the hypervisor binary on the boot
//! stack and the boot page tables; [`crate::paging`] replaces both.

use crate::paging::OutOfFrames;
use crate::{cpu, firmware, paging, pool, window};
use core::arch::global_asm;
use core::sync::atomic::{AtomicBool, Ordering};
use isthmus_abi::{CoreId, Hpa};

/// Difference between a linked address of the image and the physical address it is loaded at.
pub const IMAGE_OFFSET: u64 = 0xffff_ffff_8000_0000;
/// Physical page that the application cores' trampoline is copied to; a SIPI can name pages below 1 MiB only
/// (SDM Vol. 3A §9.4.4).
pub const TRAMPOLINE_PAGE: u64 = 0x8000;

global_asm!(
    r#"
.set OFFSET, 0xffffffff80000000
.set boot_gdt_pointer_phys, boot_gdt_pointer - OFFSET
.set boot64_phys, boot64 - OFFSET
.set boot_pd_phys, boot_pd - OFFSET
.set boot_pdpt_high_phys, boot_pdpt_high - OFFSET
.set boot_pdpt_low_phys, boot_pdpt_low - OFFSET
.set boot_pml4_phys, boot_pml4 - OFFSET
.set boot_stack_top_phys, boot_stack_top - OFFSET
.set no_long_mode_text_phys, no_long_mode_text - OFFSET

.section .multiboot2, "a"
.balign 8
mb2_header:
    .long 0xe85250d6                     # Multiboot2 §3.1.1
    .long 0                              # i386 protected mode
    .long mb2_end - mb2_header
    .long -(0xe85250d6 + (mb2_end - mb2_header))
    .balign 8
    .short 6, 0                          # modules aligned to pages
    .long 8
    .balign 8
    .short 3, 0                          # entry address, physical
    .long 12
    .long isthmus_entry - OFFSET
    .balign 8
    .short 0, 0
    .long 8
mb2_end:

.section .text.boot, "ax"
.code32
.global isthmus_entry
isthmus_entry:
    cli
    cld
    mov esp, offset boot_stack_top_phys
    push eax                             # the loader's magic
    rdtsc                                # boot time is counted from here
    push edx
    push eax
    # Boot page tables: 4 GiB one to one, and the first GiB at the linked address.
    mov eax, offset boot_pdpt_low_phys + 3
    mov dword ptr [boot_pml4_phys], eax
    mov eax, offset boot_pdpt_high_phys + 3
    mov dword ptr [boot_pml4_phys + 511 * 8], eax
    mov eax, offset boot_pd_phys + 3
    mov dword ptr [boot_pdpt_high_phys + 510 * 8], eax
    xor ecx, ecx
2:  mov dword ptr [boot_pdpt_low_phys + ecx * 8], eax
    add eax, 0x1000
    inc ecx
    cmp ecx, 4
    jne 2b
    mov eax, 0x83                        # present, writable, 2 MiB
    xor ecx, ecx
3:  mov dword ptr [boot_pd_phys + ecx * 8], eax
    add eax, 0x200000
    inc ecx
    cmp ecx, 2048
    jne 3b
    # A processor without long mode is told so on the serial line by nobody: it can only stop.
    mov eax, 0x80000001
    push ebx
    cpuid
    pop ebx
    bt edx, 29
    jnc no_long_mode
    mov eax, offset boot_pml4_phys
    call enter_long_mode
    lgdt [boot_gdt_pointer_phys]
    push 8
    mov eax, offset boot64_phys
    push eax
    retf
no_long_mode:
    mov edx, 0x3f8
    mov ecx, offset no_long_mode_text_phys
4:  mov al, byte ptr [ecx]
    test al, al
    jz 5f
    out dx, al
    inc ecx
    jmp 4b
5:  hlt
    jmp 5b

# EAX: page tables. Turns on PAE, EFER.LME and NXE, paging. Clobbers EAX, ECX, EDX.
enter_long_mode:
    mov cr3, eax
    mov eax, cr4
    or eax, 0x20
    mov cr4, eax
    mov ecx, 0xc0000080
    rdmsr
    or eax, 0x900
    wrmsr
    mov eax, cr0
    or eax, 0x80010001                   # PG, WP, PE
    mov cr0, eax
    ret

.code64
boot64:
    movabs rax, offset boot64_high
    jmp rax
boot64_high:
    xor eax, eax
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov fs, eax
    mov gs, eax
    pop rdx                              # TSC at entry, both halves
    mov edi, dword ptr [rsp]             # magic
    mov esi, ebx                         # boot information
    movabs rsp, offset boot_stack_top
    xor ebp, ebp
    push rbp
    push rbp
    call isthmus_main
6:  hlt
    jmp 6b

.section .rodata.boot, "a"
no_long_mode_text: .asciz "isthmus: this processor has no 64-bit mode; Isthmus needs an x86-64 server CPU with VT-x\r\n"
.balign 8
.global boot_gdt
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff             # 0x08 64-bit code
    .quad 0x00cf93000000ffff             # 0x10 data
    .quad 0x00cf9b000000ffff             # 0x18 32-bit code
boot_gdt_pointer:
    .short 31
    .quad boot_gdt - OFFSET

# Copied to TRAMPOLINE_PAGE; position-independent but for that address. The parameters at its end are
# filled in before each SIPI.
.global trampoline_start, trampoline_end
.balign 16
trampoline_start:
.code16
    cli
    cld
    xor ax, ax
    mov ds, ax
    lgdtd [at_trampoline_gdt_pointer]
    mov eax, cr0
    or eax, 1
    mov cr0, eax
    .byte 0x66, 0xea                     # far jump, 32-bit offset
    .long 0x8000 + trampoline32 - trampoline_start
    .short 0x18
.code32
trampoline32:
    mov ax, 0x10
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov eax, dword ptr [at_trampoline_boot_cr3]
    mov cr3, eax
    mov eax, cr4
    or eax, 0x20
    mov cr4, eax
    mov ecx, 0xc0000080
    rdmsr
    or eax, 0x900
    wrmsr
    mov eax, cr0
    and eax, 0x9fffffff                  # INIT leaves CD and NW set
    or eax, 0x80010001
    mov cr0, eax
    .byte 0xea
    .long 0x8000 + trampoline64 - trampoline_start
    .short 0x08
.code64
trampoline64:
    xor eax, eax
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov fs, eax
    mov gs, eax
    mov rdi, qword ptr [at_trampoline_core]
    mov rsp, qword ptr [at_trampoline_stack]
    mov rcx, qword ptr [at_trampoline_cr3]
    movabs rax, offset application_core_high
    jmp rax
.balign 8
.global trampoline_parameters
trampoline_parameters:
trampoline_boot_cr3: .quad 0
trampoline_cr3: .quad 0
trampoline_stack: .quad 0
trampoline_core: .quad 0
trampoline_gdt_pointer:
    .short 31
    .long boot_gdt - OFFSET
trampoline_end:
.set at_trampoline_boot_cr3, 0x8000 + trampoline_boot_cr3 - trampoline_start
.set at_trampoline_core, 0x8000 + trampoline_core - trampoline_start
.set at_trampoline_cr3, 0x8000 + trampoline_cr3 - trampoline_start
.set at_trampoline_gdt_pointer, 0x8000 + trampoline_gdt_pointer - trampoline_start
.set at_trampoline_stack, 0x8000 + trampoline_stack - trampoline_start

.section .text.boot, "ax"
.code64
application_core_high:
    mov cr3, rcx                         # from here on the final page tables
    xor ebp, ebp
    push rbp
    push rbp
    call isthmus_application_core
7:  hlt
    jmp 7b

.section .bss.boot, "aw", @nobits
.balign 4096
.global boot_pml4
boot_pml4: .skip 4096
boot_pdpt_low: .skip 4096
boot_pdpt_high: .skip 4096
boot_pd: .skip 4096 * 4
boot_stack: .skip 65536
boot_stack_top:
.text
"#
);

/// What the trampoline reads; the layout of `trampoline_parameters`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TrampolineParameters {
    /// Page tables that map the trampoline one to one and the image where it is linked.
    pub boot_cr3: u64,
    /// The hypervisor's own page tables.
    pub cr3: u64,
    /// Top of the core's stack, 16-byte aligned.
    pub stack: u64,
    /// The core's number, handed to its entry.
    pub core: u64,
}

#[allow(missing_docs)]
mod symbols {
    unsafe extern "C" {
        pub static trampoline_start: u8;
        pub static trampoline_end: u8;
        pub static trampoline_parameters: u8;
        pub static boot_pml4: u8;
        pub static __image_start: u8;
        pub static __text_end: u8;
        pub static __rodata_end: u8;
        pub static __image_end: u8;
    }
}

/// Linked addresses of the image's parts, each a page boundary.
#[derive(Clone, Copy, Debug)]
pub struct ImageLayout {
    /// First byte; text (read, execute) starts here.
    pub start: u64,
    /// End of text; read-only data starts here.
    pub text_end: u64,
    /// End of read-only data; writable data starts here.
    pub rodata_end: u64,
    /// End of the image with its zeroed part.
    pub end: u64,
}

/// Where the image lies.
#[must_use]
pub fn image_layout() -> ImageLayout {
    ImageLayout {
        start: &raw const symbols::__image_start as u64,
        text_end: &raw const symbols::__text_end as u64,
        rodata_end: &raw const symbols::__rodata_end as u64,
        end: &raw const symbols::__image_end as u64,
    }
}

/// Physical address of the boot page tables.
#[must_use]
pub fn boot_page_tables() -> u64 {
    (&raw const symbols::boot_pml4 as u64).wrapping_sub(IMAGE_OFFSET)
}

/// Leaves the boot page tables and the boot stack: takes `[start, end)` as the pool, maps it, the image and the
/// `readable` ranges, opens the heap and goes on in `next` on the boot core's guarded stack.
///
/// # Errors
/// [`OutOfFrames`] when the pool is too small for the page tables; the boot page tables are still in use then.
///
/// # Panics
/// If it was called before.
pub fn enter_own_space(
    start: Hpa,
    end: Hpa,
    heap_bytes: u64,
    readable: &[(Hpa, u64)],
    next: extern "C" fn() -> !,
) -> Result<core::convert::Infallible, OutOfFrames> {
    static ENTERED: AtomicBool = AtomicBool::new(false);
    assert!(
        !ENTERED.swap(true, Ordering::AcqRel),
        "the hypervisor enters its address space once"
    );
    // SAFETY: the caller found the range free in the loader's memory map; this runs once.
    unsafe { pool::init(start, end, heap_bytes) };
    // SAFETY: the boot page tables are in use, and the page is in memory that nobody owns yet.
    unsafe { install_trampoline() };
    // SAFETY: the boot page tables are in use, the range is the pool's, and the caller keeps nothing but `readable`,
    // which is on the image's own stack.
    unsafe { paging::build(start, end, readable)? };
    let stacks = {
        // SAFETY: the tables just built map the pool at the direct offset, its first part is the heap, once.
        unsafe { pool::use_direct_map(start, heap_bytes) };
        paging::core_stacks(CoreId(0))?
    };
    firmware::set_readable(readable);
    window::set_reserved(start, end);
    // SAFETY: the stack was mapped just now for this core.
    unsafe { cpu::continue_on(stacks.main, next) }
}

/// Copies the trampoline to its page.
///
/// # Safety
/// 1. The boot page tables are in use: low memory is mapped one to one.
/// 2. The page at [`TRAMPOLINE_PAGE`] is nobody's.
pub unsafe fn install_trampoline() {
    let from = &raw const symbols::trampoline_start;
    let length = (&raw const symbols::trampoline_end as usize) - (from as usize);
    // SAFETY: the source is the image's own bytes; the target is free and mapped by the caller's word (1, 2).
    unsafe { core::ptr::copy_nonoverlapping(from, TRAMPOLINE_PAGE as *mut u8, length) };
}

/// Address of the parameters within the installed trampoline page.
#[must_use]
pub fn trampoline_parameters_offset() -> u64 {
    (&raw const symbols::trampoline_parameters as u64)
        - (&raw const symbols::trampoline_start as u64)
}
