# PVH entry (Xen docs/misc/pvh.pandoc): 32-bit protected mode, paging off, EBX = hvm_start_info. From there to long
# mode and Rust. Also the trampoline of the second processor, the entry of each of the 256 vectors, and the way
# down to 32-bit mode for the loop of alignment checks. .boot.* is linked where it is loaded, below 2 GiB.

.section .note.pvh, "a", @note
.balign 4
    .long 4, 8, 18                  # name size, descriptor size, XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .quad pvh_entry

.section .boot.data, "aw"
.balign 4096
boot_pml4:                          # identity at 0, the image's 2 GiB at the top
    .quad boot_pdpt_low + 3
    .fill 510, 8, 0
    .quad boot_pdpt_high + 3
boot_pdpt_low:                      # the first 4 GiB
    .quad boot_directories + 0x0003
    .quad boot_directories + 0x1003
    .quad boot_directories + 0x2003
    .quad boot_directories + 0x3003
    .fill 508, 8, 0
boot_pdpt_high:                     # 0xffffffff80000000 is physical 0, 0xffffffffc0000000 the window
    .fill 510, 8, 0
    .quad boot_directories + 0x0003
    .quad boot_window + 3
boot_window:                        # entries are set by machine/window.rs
    .fill 512, 8, 0
boot_directories:                   # 2 MiB pages, present, writable
    .set frame, 0
    .rept 2048
    .quad frame + 0x83
    .set frame, frame + 0x200000
    .endr
.balign 16
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff        # 0x08: 64-bit code
    .quad 0x00cf93000000ffff        # 0x10: data
    .quad 0x00cf9b000000ffff        # 0x18: 32-bit code
    .quad 0
    .quad 0x00cffb000000ffff        # 0x28: 32-bit code of privilege 3
    .quad 0x00cff3000000ffff        # 0x30: data of privilege 3
    .fill 4, 8, 0                   # 0x38, 0x48: a TSS for each processor, set by machine/trap.rs
boot_gdt_pointer:
    .word 87
    .quad boot_gdt
.balign 16
ac_idt:
    .fill 18, 8, 0
ac_idt_pointer:
    .word 143
    .long ac_idt
.balign 16
    .fill 256, 8, 0
ac_stack_top:

.section .boot.text, "ax"
# Long mode on (SDM Vol. 3A §10.8.5): PAE, CR3, EFER.LME and NXE, then paging, caches on, WP on.
.macro enter_long_mode target
    movl %cr4, %eax
    orl $0x20, %eax
    movl %eax, %cr4
    movl $boot_pml4, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x900, %eax
    wrmsr
    movl $0x80010033, %eax
    movl %eax, %cr0
    ljmpl $0x08, $\target
.endm

.macro load_data_segments
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
.endm

.code32
.global pvh_entry
pvh_entry:
    cli
    cld
    lgdt boot_gdt_pointer
    ljmpl $0x18, $1f
1:  load_data_segments
    movl %ebx, %edi
    enter_long_mode boot_64

ap_32:
    load_data_segments
    cmpl $1, 0x8ff0                 # what the trampoline page says: 1 asks for the loop of alignment checks
    je ac_32
    enter_long_mode ap_64

# An alignment check whose frame is pushed on a misaligned stack of privilege 3, which is another alignment check:
# the processor never gets to the handler (CVE-2015-5307).
ac_32:
    movl $ac_stack_top, %esp
    lgdt boot_gdt_pointer
    movl $ac_handler, %eax
    movw %ax, ac_idt + 17 * 8
    movw $0x2b, ac_idt + 17 * 8 + 2
    movw $0xee00, ac_idt + 17 * 8 + 4
    shrl $16, %eax
    movw %ax, ac_idt + 17 * 8 + 6
    lidt ac_idt_pointer
    movl %cr0, %eax
    orl $0x40000, %eax              # AM
    movl %eax, %cr0
    pushl $0x33
    pushl $ac_stack_top - 0x203
    pushl $0x40002                  # AC
    pushl $0x2b
    pushl $ac_user
    iretl
ac_user:
    movl (%esp), %eax
ac_handler:
    jmp ac_user

.code64
boot_64:
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movl %edi, %edi                 # the loader's upper half is unknown
    movabsq $BOOT_STACK_TOP, %rsp
    xorl %ebp, %ebp
    movabsq $trespass_main, %rax
    call *%rax
    ud2
ap_64:
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movabsq $AP_STACK_TOP, %rsp
    xorl %ebp, %ebp
    movabsq $trespass_second, %rax
    call *%rax
    ud2
ac_from_long:                       # paging off needs compatibility mode (SDM Vol. 3A §10.8.5.4)
    movl $ac_stack_top, %esp
    pushq $0x18
    pushq $1f
    lretq
.code32
1:  movl %cr0, %eax
    andl $0x7fffffff, %eax
    movl %eax, %cr0
    load_data_segments
    jmp ac_32
.code64

.section .text
.global enter_ac_loop
enter_ac_loop:
    movabsq $ac_from_long, %rax
    jmp *%rax

# One entry a vector, 16 bytes each: a zero where the processor pushes no error code, the vector, then the rest.
.balign 16
.global TRAP_ENTRIES
TRAP_ENTRIES:
    .set vector, 0
    .rept 256
    .balign 16
    .if (vector == 8) || ((vector >= 10) && (vector <= 14)) || (vector == 17) || (vector == 21) || (vector == 29) || (vector == 30)
    .else
    pushq $0
    .endif
    pushq $vector
    jmp trap_common
    .set vector, vector + 1
    .endr

trap_common:
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rbx
    pushq %rbp
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, %rdi
    movq %rsp, %rbp
    andq $-16, %rsp
    cld
    call trespass_trap
    movq %rbp, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
    popq %rbp
    popq %rbx
    popq %rdx
    popq %rcx
    popq %rax
    addq $16, %rsp
    iretq

.section .rodata
# Copied to 0x8000; the second processor starts at its first byte in real mode (SDM Vol. 3A §9.4.4).
.global AP_TRAMPOLINE_START, AP_TRAMPOLINE_END
.code16
AP_TRAMPOLINE_START:
    cli
    cld
    movw %cs, %ax
    movw %ax, %ds
    lgdtl (2f - AP_TRAMPOLINE_START)
    movl %cr0, %eax
    orl $1, %eax
    andl $0x9fffffff, %eax          # caches on
    movl %eax, %cr0
    ljmpl $0x18, $ap_32
.balign 4
2:  .word 87
    .long boot_gdt
AP_TRAMPOLINE_END:
.code64

.section .bss
.balign 4096
    .skip 65536
BOOT_STACK_TOP:
    .skip 16384
AP_STACK_TOP:
.section .text
