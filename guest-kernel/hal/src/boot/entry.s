# PVH entry (Xen docs/misc/pvh.pandoc): 32-bit protected mode, paging off, EBX = hvm_start_info. From there, and
# for the other cores from real mode, to long mode with the boot page tables, and on to Rust in the top 2 GiB.
# .boot.* is linked where it is loaded, from 1 MiB up; it is not mapped once the kernel has its own page tables.

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
boot_pdpt_low:                      # the first 4 GiB: start info and ACPI tables lie there
    .quad boot_directories + 0x0003
    .quad boot_directories + 0x1003
    .quad boot_directories + 0x2003
    .quad boot_directories + 0x3003
    .fill 508, 8, 0
boot_pdpt_high:                     # 0xffffffff80000000 is physical 0
    .fill 510, 8, 0
    .quad boot_directories + 0x0003
    .fill 1, 8, 0
boot_directories:                   # 2 MiB pages, present, writable
    .set frame, 0
    .rept 2048
    .quad frame + 0x83
    .set frame, frame + 0x200000
    .endr
.balign 8
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff        # 0x08: 64-bit code
    .quad 0x00cf93000000ffff        # 0x10: data
    .quad 0x00cf9b000000ffff        # 0x18: 32-bit code
boot_gdt_pointer:
    .word 31
    .long boot_gdt

.section .boot.text, "ax"
# Long mode on (SDM Vol. 3A §10.8.5): PAE, CR3, EFER.LME and NXE, then paging, all caches on, WP on.
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

.code32
.global pvh_entry
pvh_entry:
    cli
    cld
    lgdt boot_gdt_pointer
    ljmpl $0x18, $1f
1:  movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %ebx, %edi
    enter_long_mode boot_64

ap_32:
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    enter_long_mode ap_64

.code64
boot_64:
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movl %edi, %edi                 # the loader's upper half is unknown
    movabsq $BOOT_STACK_TOP, %rsp
    xorl %ebp, %ebp
    movabsq $hal_boot, %rax
    call *%rax
    ud2
ap_64:
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movabsq $ap_high, %rax
    jmp *%rax

.section .text
ap_high:                            # the same address in the boot page tables and the kernel's own
    movq AP_PAGE_TABLE(%rip), %rax
    movq %rax, %cr3
    movq AP_STACK(%rip), %rsp
    movl AP_CORE(%rip), %edi
    xorl %ebp, %ebp
    call hal_ap
    ud2

# hal_switch(page_table, stack, function): never returns.
.global hal_switch
hal_switch:
    movq %rdi, %cr3
    movq %rsi, %rsp
    xorl %ebp, %ebp
    call *%rdx
    ud2

.section .rodata
# Copied to a page below 1 MiB; a core starts at its first byte in real mode (SDM Vol. 3A §9.4.4).
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
    movl %eax, %cr0
    ljmpl $0x18, $ap_32
.balign 4
2:  .word 31
    .long boot_gdt
AP_TRAMPOLINE_END:
.code64

.section .bss
.balign 4096
BOOT_STACK:
    .skip 65536
BOOT_STACK_TOP:
.section .text
