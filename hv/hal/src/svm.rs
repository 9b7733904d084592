//! AMD-V itself: EFER.SVME, the VMCB of each vCPU, and the entry into a guest and out of it (APM Vol. 2 ch. 15).
//!
//! A VMCB steers what the processor does on the guest's behalf, so not every word of it may be written from safe
//! code: guest state and the controls that concern the guest alone can; what keeps the guest in, and physical
//! addresses, only by the functions here. What a safe write becomes is [`allowed`].

use crate::pool::Frame;
use crate::tables::MAX_CORES;
use core::arch::{asm, global_asm};
use core::sync::atomic::{AtomicU64, Ordering};
use isthmus_abi::{CoreId, Gpr, Gprs, Hpa};
use isthmus_svm::asid::Assignment;
use isthmus_svm::capabilities::msr;
use isthmus_svm::control::{NestedControl, TlbControl};
use isthmus_svm::field::{Field, Vmcb, WORDS};
use isthmus_svm::intercept::Intercepts;

const SVME: u64 = 1 << 12;

/// The pool is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfFrames;

/// Where each core's FS, GS, TR and system-call registers are kept while a guest runs: a VMCB that VMSAVE filled.
static HOST_STATE: [AtomicU64; MAX_CORES] = [const { AtomicU64::new(0) }; MAX_CORES];

/// Turns SVM on for the calling core, whose descriptor tables are loaded for good (§15.4). Once per core.
///
/// # Errors
/// [`OutOfFrames`]; the core is as before.
pub fn enable(core: CoreId) -> Result<(), OutOfFrames> {
    let save_area = Frame::new().ok_or(OutOfFrames)?;
    let host_state = Frame::new().ok_or(OutOfFrames)?;
    let efer = crate::cpu::read_msr(msr::EFER);
    // SAFETY: SVME enables instructions and changes nothing else; the caller found SVM and that it is not disabled.
    unsafe { crate::cpu::write_msr(msr::EFER, efer | SVME) };
    // SAFETY: a frame of our own that nobody else touches from now on (§15.30.4).
    unsafe { crate::cpu::write_msr(msr::VM_HSAVE_PA, save_area.hpa().0) };
    // SAFETY: the frame is ours; VMSAVE writes to it and nowhere else.
    unsafe { asm!("vmsave rax", in("rax") host_state.hpa().0, options(nostack, preserves_flags)) };
    if let Some(slot) = HOST_STATE.get(usize::from(core.0)) {
        slot.store(host_state.hpa().0, Ordering::Release);
    }
    core::mem::forget((save_area, host_state));
    Ok(())
}

/// One vCPU's VMCB.
#[derive(Debug)]
pub struct VmcbRegion {
    frame: Frame,
}

/// The physical addresses that a VMCB names, each of memory that outlives it.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// I/O permission map: three contiguous frames.
    pub iopm: Hpa,
    /// MSR permission map: two contiguous frames.
    pub msrpm: Hpa,
    /// Root of the nested page tables.
    pub nested_cr3: Hpa,
}

/// What a safe write of a word of a VMCB becomes: bits that keep the guest in stay set. `None` for words that are
/// written by this module alone.
const fn allowed(index: usize, value: u64) -> Option<u64> {
    const KEPT: Intercepts = Intercepts::isthmus();
    const MACHINE_CHECK: u64 = 1 << 18;
    const MASKING: u64 = 1 << 24;
    const AVIC: u64 = 3 << 30;
    const STATE: usize = 0x400 / 8;
    match index {
        0 | 10 | 13..=17 | 21 | 24 | STATE..WORDS => Some(value),
        1 => Some(value | MACHINE_CHECK | (KEPT.vector_3.bits() as u64) << 32),
        2 => Some(value | KEPT.vector_4.bits() as u64 | (KEPT.vector_5.bits() as u64) << 32),
        12 => Some(value & !AVIC | MASKING),
        _ => None,
    }
}

impl Vmcb for VmcbRegion {
    #[inline]
    fn word(&self, index: usize) -> u64 {
        self.frame.words_ref().get(index).copied().unwrap_or(0)
    }

    /// Writes a word that is the guest's own; others are left alone (and stop a debug build).
    #[inline]
    fn set_word(&mut self, index: usize, value: u64) {
        let value = allowed(index, value);
        debug_assert!(value.is_some(), "word {index} is not for safe code");
        if let (Some(value), Some(word)) = (value, self.frame.words().get_mut(index)) {
            *word = value;
        }
    }
}

/// The VMCB without the guard on what safe code may write.
struct Unguarded<'a>(&'a mut [u64; WORDS]);

impl Vmcb for Unguarded<'_> {
    fn word(&self, index: usize) -> u64 {
        self.0.word(index)
    }
    fn set_word(&mut self, index: usize, value: u64) {
        self.0.set_word(index, value);
    }
}

impl VmcbRegion {
    /// A zeroed VMCB. `None` when the pool is used up.
    #[must_use]
    pub fn new() -> Option<Self> {
        Frame::new().map(|frame| Self { frame })
    }

    /// Writes intercepts and addresses: all that is not the guest's. Once per life of the VMCB.
    ///
    /// The caller answers for what no type says yet: the memory that `addresses` names outlives the VMCB, and the
    /// nested page tables map only memory that the partition owns.
    pub fn configure(&mut self, addresses: &Addresses) {
        let mut vmcb = Unguarded(self.frame.words());
        Intercepts::isthmus().write(&mut vmcb);
        vmcb.write(Field::IOPM_BASE_PA, addresses.iopm.0);
        vmcb.write(Field::MSRPM_BASE_PA, addresses.msrpm.0);
        vmcb.write(Field::N_CR3, addresses.nested_cr3.0);
        vmcb.write(Field::NESTED_CONTROL, NestedControl::NESTED_PAGING.bits());
    }

    /// What tags the guest's translations from its next entry on, and what that entry flushes.
    pub fn set_asid(&mut self, assignment: Assignment) {
        assignment.write(&mut Unguarded(self.frame.words()));
    }

    /// Enters the guest and returns at its next exit. Interrupts stay disabled in the host throughout; one that comes
    /// meanwhile ends the guest's turn and is still pending. [`enable`] ran on this core, and the caller has set an
    /// ASID, which is this vCPU's alone.
    #[inline]
    pub fn enter(&mut self, core: CoreId, registers: &mut Gprs) {
        let host_state = HOST_STATE
            .get(usize::from(core.0))
            .map_or(0, |slot| slot.load(Ordering::Relaxed));
        if host_state == 0 {
            return;
        }
        self.write(Field::RAX, registers.get(Gpr::Rax));
        let vmcb = self.frame.hpa().0;
        // SAFETY: the VMCB was configured, or VMRUN refuses it; the assembly saves what Rust expects kept, the guest's
        // registers go to `registers` alone, and this core's FS, GS and TR come back from what VMSAVE kept of them.
        unsafe { isthmus_svm_enter(registers, vmcb, host_state) };
        registers.set(Gpr::Rax, self.read(Field::RAX));
        if self.read(Field::TLB_CONTROL) != TlbControl::Nothing as u64 {
            // The entry has flushed.
            TlbControl::Nothing.write(&mut Unguarded(self.frame.words()));
        }
    }
}

unsafe extern "C" {
    fn isthmus_svm_enter(registers: *mut Gprs, vmcb: u64, host_state: u64);
}

// The host's RFLAGS.IF at VMRUN is what lets physical interrupts end the guest's turn (V_INTR_MASKING, §15.21.1); GIF is
// clear around it, so that none is taken between STI and VMRUN, or after the exit before CLI.
global_asm!(
    r#"
.section .text.svm, "ax"
.global isthmus_svm_enter
isthmus_svm_enter:
    push rbp
    push rbx
    push r12
    push r13
    push r14
    push r15
    push rdi
    push rdx
    mov rax, rsi
    clgi
    sti
    vmload rax
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
    vmrun rax
    vmsave rax
    mov rax, [rsp]
    vmload rax
    mov rax, [rsp + 8]
    mov [rax + 8], rcx
    mov [rax + 16], rdx
    mov [rax + 24], rbx
    mov [rax + 40], rbp
    mov [rax + 48], rsi
    mov [rax + 56], rdi
    mov [rax + 64], r8
    mov [rax + 72], r9
    mov [rax + 80], r10
    mov [rax + 88], r11
    mov [rax + 96], r12
    mov [rax + 104], r13
    mov [rax + 112], r14
    mov [rax + 120], r15
    cli
    stgi
    pop rdx
    pop rdi
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
