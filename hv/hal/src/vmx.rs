//! VT-x itself: VMXON, the VMCS of each vCPU, and the entry into a guest and out of it.
//!
//! A VMCS steers what the processor does to the host, so not every field may be written from safe code: guest
//! state and the control fields that concern the guest alone can, host state and physical addresses only by the
//! functions here. What may be written is [`is_guest_owned`].

use crate::pool::Frame;
use crate::tables::{self, CoreTables};
use core::arch::{asm, global_asm};
use core::ffi::c_void;
use isthmus_abi::{Gprs, Hpa, Msr};
use isthmus_vmx::controls::Controls;
use isthmus_vmx::field::{Field, Vmcs};
use x86_64::registers::control::{Cr0, Cr4};

const FEATURE_CONTROL: Msr = Msr(0x3a);
const VMX_BASIC: Msr = Msr(0x480);
const CR0_FIXED0: Msr = Msr(0x486);
const CR0_FIXED1: Msr = Msr(0x487);
const CR4_FIXED0: Msr = Msr(0x488);
const CR4_FIXED1: Msr = Msr(0x489);

/// Why a core could not be put into VMX operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VmxonError {
    /// IA32_FEATURE_CONTROL is locked without VMX outside SMX: firmware setup decides.
    Locked,
    /// VMXON failed: the core's state breaks a rule of SDM Vol. 3C §24.8.
    Refused,
    /// The pool is used up.
    OutOfFrames,
}

/// A core in VMX root operation.
#[derive(Debug)]
pub struct VmxRoot {
    _region: Frame,
}

/// The VMCS revision identifier, bits 30:0 of IA32_VMX_BASIC.
fn revision() -> u64 {
    crate::cpu::read_msr(VMX_BASIC) & 0x7fff_ffff
}

/// Enters VMX root operation on the calling core (SDM Vol. 3C §24.7).
///
/// # Errors
/// [`VmxonError`]; the core is as before but for CR0 and CR4.
pub fn enable() -> Result<VmxRoot, VmxonError> {
    let feature_control = crate::cpu::read_msr(FEATURE_CONTROL);
    if feature_control & 1 == 0 {
        // SAFETY: locks VMX on; nothing of the hypervisor's memory depends on it.
        unsafe { crate::cpu::write_msr(FEATURE_CONTROL, feature_control | 5) };
    } else if feature_control & 4 == 0 {
        return Err(VmxonError::Locked);
    }
    let fixed = |value: u64, zero: Msr, one: Msr| {
        (value | crate::cpu::read_msr(zero)) & crate::cpu::read_msr(one)
    };
    // SAFETY: the fixed bits of VMX operation change neither paging nor protection as set up (PE, PG, NE on).
    unsafe { Cr0::write_raw(fixed(Cr0::read_raw(), CR0_FIXED0, CR0_FIXED1)) };
    // SAFETY: as above; adds VMXE.
    unsafe { Cr4::write_raw(fixed(Cr4::read_raw() | 1 << 13, CR4_FIXED0, CR4_FIXED1)) };
    let mut region = Frame::new().ok_or(VmxonError::OutOfFrames)?;
    region.words()[0] = revision();
    let address = region.hpa().0;
    let failed: u8;
    // SAFETY: the region is a zeroed frame of our own with the revision identifier (SDM Vol. 3C §24.11.5).
    unsafe { asm!("vmxon [{}]", "setbe {}", in(reg) &raw const address, out(reg_byte) failed) };
    if failed != 0 {
        return Err(VmxonError::Refused);
    }
    Ok(VmxRoot { _region: region })
}

/// One vCPU's VMCS. Cleared when dropped, so the region can be reused.
#[derive(Debug)]
pub struct VmcsRegion {
    frame: Frame,
    launched: bool,
}

/// The VMCS that is current on this core. Fields go through the [`Vmcs`] trait.
#[derive(Debug)]
pub struct CurrentVmcs<'a> {
    region: &'a mut VmcsRegion,
}

/// A VM entry did not happen: the VM-instruction error number (SDM Vol. 3C §31.4), or 0 with no current VMCS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryFailed(pub u32);

impl VmcsRegion {
    /// Makes a cleared VMCS. `None` when the pool is used up.
    #[must_use]
    pub fn new() -> Option<Self> {
        let mut frame = Frame::new()?;
        frame.words()[0] = revision();
        let region = Self {
            frame,
            launched: false,
        };
        region.clear();
        Some(region)
    }

    fn clear(&self) {
        let address = self.frame.hpa().0;
        // SAFETY: the region is ours and has the revision identifier; VMCLEAR writes it back and makes it
        // inactive on this core.
        unsafe { asm!("vmclear [{}]", in(reg) &raw const address) };
    }

    /// Forgets that the VMCS was launched, as before its first entry. On the core that ran it.
    pub fn reset(&mut self) {
        self.clear();
        self.launched = false;
    }

    /// Makes the VMCS current on the calling core, which must be the one that ran it before.
    pub fn activate(&mut self) -> CurrentVmcs<'_> {
        let address = self.frame.hpa().0;
        // SAFETY: the region is ours, initialised, and active on no other core: vCPUs do not migrate.
        unsafe { asm!("vmptrld [{}]", in(reg) &raw const address) };
        CurrentVmcs { region: self }
    }
}

impl Drop for VmcsRegion {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Whether safe code may write a field: guest state (type 2 in bits 11:10 of the encoding, SDM Vol. 3C
/// §25.11.2), and those controls that can only make the guest itself behave differently.
fn is_guest_owned(field: Field) -> bool {
    const GUEST_STATE: u32 = 2;
    field.0 >> 10 & 3 == GUEST_STATE
        || matches!(
            field,
            Field::VM_ENTRY_INTERRUPTION_INFORMATION
                | Field::VM_ENTRY_EXCEPTION_ERROR_CODE
                | Field::VM_ENTRY_INSTRUCTION_LENGTH
                | Field::CR0_GUEST_HOST_MASK
                | Field::CR4_GUEST_HOST_MASK
                | Field::CR0_READ_SHADOW
                | Field::CR4_READ_SHADOW
                | Field::TSC_OFFSET
                | Field::TPR_THRESHOLD
                | Field::EXCEPTION_BITMAP
                | Field::PAGE_FAULT_ERROR_CODE_MASK
                | Field::PAGE_FAULT_ERROR_CODE_MATCH
                | Field::CR3_TARGET_COUNT
                | Field::PLE_GAP
                | Field::PLE_WINDOW
                | Field::EOI_EXIT_BITMAP_0
                | Field::EOI_EXIT_BITMAP_1
                | Field::EOI_EXIT_BITMAP_2
                | Field::EOI_EXIT_BITMAP_3
        )
}

impl Vmcs for CurrentVmcs<'_> {
    #[inline]
    fn read(&self, field: Field) -> u64 {
        read_field(field)
    }

    /// Writes a field that is the guest's own; others are left alone (and stop a debug build).
    #[inline]
    fn write(&mut self, field: Field, value: u64) {
        write_guest_field(field, value);
    }
}

#[inline(always)]
fn read_field(field: Field) -> u64 {
    let value: u64;
    if is_on_every_processor(field) {
        // SAFETY: reads the current VMCS; the field exists, so the output is written.
        unsafe {
            asm!("vmread {}, {}", out(reg) value, in(reg) u64::from(field.0), options(nostack))
        };
    } else {
        // SAFETY: reads the current VMCS; a field that this processor lacks leaves the output as it was, zero.
        unsafe {
            asm!("vmread {}, {}", inout(reg) 0u64 => value, in(reg) u64::from(field.0), options(nostack))
        };
    }
    value
}

/// Fields that are read at every exit and that no control makes optional (SDM Vol. 3D app. B). The compiler decides it.
#[inline(always)]
const fn is_on_every_processor(field: Field) -> bool {
    matches!(
        field,
        Field::EXIT_REASON
            | Field::VM_EXIT_INSTRUCTION_LENGTH
            | Field::IDT_VECTORING_INFORMATION
            | Field::GUEST_RIP
            | Field::GUEST_RFLAGS
            | Field::GUEST_INTERRUPTIBILITY_STATE
    )
}

#[inline]
fn write_guest_field(field: Field, value: u64) {
    debug_assert!(
        is_guest_owned(field),
        "field {:#x} is not for safe code",
        field.0
    );
    if is_guest_owned(field) {
        // SAFETY: such a field cannot change host state or name physical memory.
        unsafe { write_field(field, value) };
    }
}

/// Writes any field of the current VMCS.
///
/// # Safety
/// For host-state and address fields: the value is one the processor may load or write through.
unsafe fn write_field(field: Field, value: u64) {
    // SAFETY: passed on to the caller; a field that does not exist fails without effect.
    unsafe { asm!("vmwrite {}, {}", in(reg) u64::from(field.0), in(reg) value, options(nostack)) };
}

/// The physical addresses that a VMCS names, each of a frame that outlives it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Addresses {
    /// I/O bitmaps A and B.
    pub io_bitmaps: [Hpa; 2],
    /// MSR bitmap.
    pub msr_bitmap: Hpa,
    /// EPT pointer, complete with its low bits.
    pub ept_pointer: u64,
    /// Virtual-APIC page, where used.
    pub virtual_apic: Option<Hpa>,
    /// APIC-access page, where used.
    pub apic_access: Option<Hpa>,
}

impl CurrentVmcs<'_> {
    /// Writes controls, addresses, VPID and host state: all that is not the guest's. Once per life of the VMCS.
    ///
    /// The caller answers for what no type says yet: the frames that `addresses` names outlive the VMCS, and the
    /// EPT maps only memory that the partition owns. `controls` were negotiated from a list that keeps interrupts
    /// exiting and returns to a 64-bit host.
    pub fn configure(
        &mut self,
        controls: &Controls,
        addresses: &Addresses,
        vpid: u16,
        core: &CoreTables,
    ) {
        let write = |field, value| {
            // SAFETY: host state is the core's own; controls and addresses are what the hypervisor's start and the
            // partition's loader made for this, and for nothing else.
            unsafe { write_field(field, value) };
        };
        write(
            Field::PIN_BASED_VM_EXECUTION_CONTROLS,
            u64::from(controls.pin.bits()),
        );
        write(
            Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
            u64::from(controls.primary.bits()),
        );
        write(
            Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
            u64::from(controls.secondary.bits()),
        );
        write(Field::VM_EXIT_CONTROLS, u64::from(controls.exit.bits()));
        write(Field::VM_ENTRY_CONTROLS, u64::from(controls.entry.bits()));
        write(Field::ADDRESS_OF_IO_BITMAP_A, addresses.io_bitmaps[0].0);
        write(Field::ADDRESS_OF_IO_BITMAP_B, addresses.io_bitmaps[1].0);
        write(Field::ADDRESS_OF_MSR_BITMAPS, addresses.msr_bitmap.0);
        write(Field::EPT_POINTER, addresses.ept_pointer);
        write(Field::VIRTUAL_PROCESSOR_IDENTIFIER, u64::from(vpid));
        if let Some(page) = addresses.virtual_apic {
            write(Field::VIRTUAL_APIC_ADDRESS, page.0);
        }
        if let Some(page) = addresses.apic_access {
            write(Field::APIC_ACCESS_ADDRESS, page.0);
        }
        write(Field::VMCS_LINK_POINTER, u64::MAX);
        write(Field::VM_EXIT_MSR_STORE_COUNT, 0);
        write(Field::VM_EXIT_MSR_LOAD_COUNT, 0);
        write(Field::VM_ENTRY_MSR_LOAD_COUNT, 0);
        write(Field::HOST_CR0, Cr0::read_raw());
        write(Field::HOST_CR3, crate::paging::root().0);
        write(Field::HOST_CR4, Cr4::read_raw());
        write(Field::HOST_CS_SELECTOR, u64::from(tables::CODE_SELECTOR));
        for selector in [
            Field::HOST_SS_SELECTOR,
            Field::HOST_DS_SELECTOR,
            Field::HOST_ES_SELECTOR,
        ] {
            write(selector, u64::from(tables::DATA_SELECTOR));
        }
        write(Field::HOST_FS_SELECTOR, 0);
        write(Field::HOST_GS_SELECTOR, 0);
        write(Field::HOST_TR_SELECTOR, u64::from(tables::TSS_SELECTOR));
        write(Field::HOST_FS_BASE, 0);
        write(Field::HOST_GS_BASE, core.gs);
        write(Field::HOST_TR_BASE, core.tss);
        write(Field::HOST_GDTR_BASE, core.gdt);
        write(Field::HOST_IDTR_BASE, core.idt);
        write(Field::HOST_IA32_PAT, crate::cpu::read_msr(Msr(0x277)));
        write(
            Field::HOST_IA32_EFER,
            crate::cpu::read_msr(Msr(0xc000_0080)),
        );
        write(Field::HOST_IA32_SYSENTER_CS, 0);
        write(Field::HOST_IA32_SYSENTER_ESP, 0);
        write(Field::HOST_IA32_SYSENTER_EIP, 0);
        write(Field::HOST_RIP, &raw const isthmus_vmx_exit as u64);
    }

    /// Turns the interrupt window on or off: bit 2 of the primary controls (SDM Vol. 3C Table 25-6).
    pub fn set_interrupt_window(&mut self, on: bool) {
        self.set_primary(1 << 2, on);
    }

    /// Turns the NMI window on or off: bit 22 of the primary controls.
    pub fn set_nmi_window(&mut self, on: bool) {
        self.set_primary(1 << 22, on);
    }

    fn set_primary(&mut self, bit: u64, on: bool) {
        let field = Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS;
        let old = self.read(field);
        let new = if on { old | bit } else { old & !bit };
        if new != old {
            // SAFETY: the window controls only add exits.
            unsafe { write_field(field, new) };
        }
    }

    /// Hands the virtual-APIC page to the processor (TPR shadow, APIC-register virtualization and, with `delivery`,
    /// virtual-interrupt delivery), or takes it back: then CR8 and the page exit. Only where `configure` was given
    /// both pages.
    pub fn set_apic_virtualization(&mut self, on: bool, delivery: bool) {
        const TPR_SHADOW: u64 = 1 << 21;
        const CR8_EXITING: u64 = 3 << 19;
        const REGISTERS: u64 = 1 << 8;
        const DELIVERY: u64 = 1 << 9;
        self.set_primary(TPR_SHADOW, on);
        self.set_primary(CR8_EXITING, !on);
        let field = Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS;
        let old = self.read(field);
        let wanted = if delivery {
            REGISTERS | DELIVERY
        } else {
            REGISTERS
        };
        let new = if on {
            old | wanted
        } else {
            old & !(REGISTERS | DELIVERY)
        };
        // SAFETY: the page's address was set by `configure`; the controls work on that page alone.
        unsafe { write_field(field, new) };
    }

    /// Sets whether the next entry is to IA-32e mode (bit 9 of the entry controls), as EFER.LMA says.
    pub fn set_ia32e_mode(&mut self, on: bool) {
        let old = self.read(Field::VM_ENTRY_CONTROLS);
        let new = if on { old | 1 << 9 } else { old & !(1 << 9) };
        // SAFETY: the mode of the guest alone.
        unsafe { write_field(Field::VM_ENTRY_CONTROLS, new) };
    }

    /// Arms the preemption timer: `ticks` of its own rate (TSC shifted as IA32_VMX_MISC says), then an exit.
    pub fn set_preemption_timer(&mut self, ticks: u32) {
        // SAFETY: the timer only adds an exit.
        unsafe { write_field(Field::VMX_PREEMPTION_TIMER_VALUE, u64::from(ticks)) };
    }

    /// Enters the guest and returns at its next exit that `quick` does not answer. Interrupts stay disabled in the host
    /// throughout.
    ///
    /// # Errors
    /// [`EntryFailed`] when the processor refused the entry at once; late failures are exits with bit 31 of the
    /// reason set.
    #[inline]
    pub fn enter<Q: QuickExits>(
        &mut self,
        registers: &mut Gprs,
        quick: &mut Q,
    ) -> Result<(), EntryFailed> {
        let launched = self.region.launched;
        // SAFETY: 1. the VMCS was configured for this core; 2. the assembly saves what Rust expects kept, and the guest's
        // registers go to `registers` alone; 3. it calls `answer` with the two pointers it was given, which nothing
        // else uses meanwhile.
        let failed = unsafe {
            isthmus_vmx_enter(registers, launched, (&raw mut *quick).cast(), answer::<Q>)
        };
        if failed == 0 {
            self.region.launched = true;
            return Ok(());
        }
        Err(EntryFailed(self.read(Field::VM_INSTRUCTION_ERROR) as u32))
    }
}

/// Who answers exits on the spot, between the processor's exit and its next entry.
pub trait QuickExits {
    /// Answers the exit that the VMCS describes, if it can: then the guest goes on for so many ticks of the preemption
    /// timer, which has 32 bits. `None` ends [`CurrentVmcs::enter`].
    fn answer(&mut self, vmcs: &mut CurrentFields, registers: &mut Gprs) -> Option<u64>;
}

/// The fields of the VMCS that is current while an exit is answered on the spot.
#[derive(Debug)]
pub struct CurrentFields(());

impl Vmcs for CurrentFields {
    #[inline]
    fn read(&self, field: Field) -> u64 {
        read_field(field)
    }

    #[inline]
    fn write(&mut self, field: Field, value: u64) {
        write_guest_field(field, value);
    }
}

/// Called by the assembly after an exit, on the stack of the call that entered the guest.
unsafe extern "C" fn answer<Q: QuickExits>(registers: *mut Gprs, quick: *mut c_void) -> bool {
    // SAFETY: `enter` passed a reference to a `Q`, which it does not use until this returns.
    let quick = unsafe { &mut *quick.cast::<Q>() };
    // SAFETY: as above.
    let registers = unsafe { &mut *registers };
    let Some(ticks) = quick.answer(&mut CurrentFields(()), registers) else {
        return false;
    };
    // SAFETY: the timer only adds an exit.
    unsafe { write_field(Field::VMX_PREEMPTION_TIMER_VALUE, ticks) };
    true
}

/// Invalidates EPT-derived translations: type 1 for one EPT pointer, 2 for all (SDM Vol. 3C §29.4.3).
pub fn invept(kind: u64, descriptor: [u64; 2]) {
    // SAFETY: invalidation only makes later accesses walk again.
    unsafe { asm!("invept {}, [{}]", in(reg) kind, in(reg) descriptor.as_ptr(), options(nostack)) };
}

/// Invalidates translations of one VPID (type 1) or of all (type 2).
pub fn invvpid(kind: u64, descriptor: [u64; 2]) {
    // SAFETY: as for `invept`.
    unsafe {
        asm!("invvpid {}, [{}]", in(reg) kind, in(reg) descriptor.as_ptr(), options(nostack))
    };
}

unsafe extern "C" {
    /// `quick` is what `answer` is called with.
    fn isthmus_vmx_enter(
        registers: *mut Gprs,
        launched: bool,
        quick: *mut c_void,
        answer: unsafe extern "C" fn(*mut Gprs, *mut c_void) -> bool,
    ) -> u64;
    static isthmus_vmx_exit: u8;
}

global_asm!(
    r#"
.section .text.vmx, "ax"
.global isthmus_vmx_enter, isthmus_vmx_exit
isthmus_vmx_enter:
    push rbp
    push rbx
    push r12
    push r13
    push r14
    push r15
    push rcx                             # answer, at [rsp + 16] after an exit
    push rdx                             # quick, at [rsp + 8]
    push rdi                             # registers, at [rsp]; the stack is aligned for a call
    mov eax, 0x6c14                      # HOST_RSP
    vmwrite rax, rsp
    test sil, sil
    jz 2f
1:  mov rax, [rdi]
    mov rcx, [rdi + 8]
    mov rdx, [rdi + 16]
    mov rbx, [rdi + 24]
    mov rbp, [rdi + 40]
    mov rsi, [rdi + 48]
    mov r8, [rdi + 64]
    mov r9, [rdi + 72]
    mov r10, [rdi + 80]
    mov r11, [rdi + 88]
    mov r12, [rdi + 96]
    mov r13, [rdi + 104]
    mov r14, [rdi + 112]
    mov r15, [rdi + 120]
    mov rdi, [rdi + 56]
    vmresume
    jmp 3f
2:  mov rax, [rdi]
    mov rcx, [rdi + 8]
    mov rdx, [rdi + 16]
    mov rbx, [rdi + 24]
    mov rbp, [rdi + 40]
    mov rsi, [rdi + 48]
    mov r8, [rdi + 64]
    mov r9, [rdi + 72]
    mov r10, [rdi + 80]
    mov r11, [rdi + 88]
    mov r12, [rdi + 96]
    mov r13, [rdi + 104]
    mov r14, [rdi + 112]
    mov r15, [rdi + 120]
    mov rdi, [rdi + 56]
    vmlaunch
3:  mov eax, 1
    jmp 4f
isthmus_vmx_exit:
    push rdi
    mov rdi, [rsp + 8]
    mov [rdi], rax
    mov [rdi + 8], rcx
    mov [rdi + 16], rdx
    mov [rdi + 24], rbx
    mov [rdi + 40], rbp
    mov [rdi + 48], rsi
    mov [rdi + 64], r8
    mov [rdi + 72], r9
    mov [rdi + 80], r10
    mov [rdi + 88], r11
    mov [rdi + 96], r12
    mov [rdi + 104], r13
    mov [rdi + 112], r14
    mov [rdi + 120], r15
    pop qword ptr [rdi + 56]
    mov rsi, [rsp + 8]
    call qword ptr [rsp + 16]
    mov rdi, [rsp]
    test al, al
    jnz 1b
    xor eax, eax
4:  add rsp, 24
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbx
    pop rbp
    ret
.text
"#
);
