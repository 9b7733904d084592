//! Checks on the guest's registers other than segments (SDM Vol. 3C §27.3.1.1, §27.3.1.3, §27.3.1.4, §27.3.1.6).

use super::registers::{is_pat, is_s_cet};
use super::{
    CR0_PE, CR0_PG, CR0_WP, CR4_CET, CR4_PAE, CR4_PCIDE, EFER_LMA, EFER_LME, Entry, RFLAGS_IF,
    RFLAGS_VM, Rule, Violation,
};
use crate::controls::{SecondaryProcessorBased, VmEntry};
use crate::exit::InterruptionType;
use crate::field::{Field, Vmcs};
use crate::segment::{AccessRights, Segment};

/// Bits of IA32_RTIT_CTL that are defined (SDM Vol. 3C Table 33-6): all but 18, 23, 30:28, 54:48 and 63:57.
const RTIT_CTL: u64 = 0x0180_ffff_8f7b_ffff;
/// Bits of IA32_LBR_CTL that are defined (SDM Vol. 3B §19.2): enable, OS, USR, call stack, filters 22:16.
const LBR_CTL: u64 = 0x007f_000f;
/// RFLAGS: bit 1 is 1; bits 63:22, 15, 5 and 3 are 0.
const RFLAGS_ONE: u64 = 1 << 1;
const RFLAGS_ZERO: u64 = !0x3f_ffff | 1 << 15 | 1 << 5 | 1 << 3;

/// §27.3.1.1.
pub fn check(entry: &Entry<'_, impl Vmcs>) -> Result<(), Violation> {
    control_registers(entry)?;
    debug_registers(entry)?;
    efer_and_pat(entry)?;
    other_msrs(entry)
}

fn control_registers(entry: &Entry<'_, impl Vmcs>) -> Result<(), Violation> {
    let (cr0, cr4, long) = (entry.cr0, entry.cr4, entry.is_long_mode_guest());
    let of_cr0 = |holds, rule| entry.require(holds, rule, Field::GUEST_CR0);
    let of_cr4 = |holds, rule| entry.require(holds, rule, Field::GUEST_CR4);
    let mut fixed = entry.capabilities.cr0;
    if entry.is_unrestricted() {
        fixed.fixed0 &= !(CR0_PE | CR0_PG);
        fixed.fixed1 |= CR0_PE | CR0_PG;
    }
    of_cr0(fixed.permits(cr0), Rule::GuestCr0)?;
    of_cr0(
        cr0 & CR0_PG == 0 || cr0 & CR0_PE != 0,
        Rule::GuestPagingWithoutProtection,
    )?;
    of_cr4(entry.capabilities.cr4.permits(cr4), Rule::GuestCr4)?;
    of_cr4(
        cr4 & CR4_CET == 0 || cr0 & CR0_WP != 0,
        Rule::GuestCetWithoutWp,
    )?;
    of_cr0(!long || cr0 & CR0_PG != 0, Rule::GuestLongModeWithoutPaging)?;
    of_cr4(!long || cr4 & CR4_PAE != 0, Rule::GuestLongModeWithoutPae)?;
    of_cr4(long || cr4 & CR4_PCIDE == 0, Rule::GuestPcidOutsideLongMode)?;
    entry.require_of(Field::GUEST_CR3, Rule::GuestCr3, |value| {
        entry.is_cr3(value)
    })
}

fn debug_registers(entry: &Entry<'_, impl Vmcs>) -> Result<(), Violation> {
    if !entry.entry.contains(VmEntry::LOAD_DEBUG_CONTROLS) {
        return Ok(());
    }
    let exists = |value| value & !entry.processor.debugctl == 0;
    entry.require_of(Field::GUEST_IA32_DEBUGCTL, Rule::GuestDebugctl, exists)?;
    entry.require_of(Field::GUEST_DR7, Rule::GuestDr7, |value| value >> 32 == 0)
}

fn efer_and_pat(entry: &Entry<'_, impl Vmcs>) -> Result<(), Violation> {
    if entry.entry.contains(VmEntry::LOAD_IA32_PAT) {
        entry.require_of(Field::GUEST_IA32_PAT, Rule::GuestPat, is_pat)?;
    }
    if !entry.entry.contains(VmEntry::LOAD_IA32_EFER) {
        return Ok(());
    }
    let efer = entry.vmcs.read(Field::GUEST_IA32_EFER);
    let require = |holds, rule| entry.require(holds, rule, Field::GUEST_IA32_EFER);
    let (lma, lme) = (efer & EFER_LMA != 0, efer & EFER_LME != 0);
    require(efer & !entry.processor.efer == 0, Rule::GuestEferReserved)?;
    require(lma == entry.is_long_mode_guest(), Rule::GuestEferLma)?;
    require(entry.cr0 & CR0_PG == 0 || lma == lme, Rule::GuestEferLme)
}

fn other_msrs(entry: &Entry<'_, impl Vmcs>) -> Result<(), Violation> {
    let loads = |control| entry.entry.contains(control);
    entry.require_canonical(Field::GUEST_IA32_SYSENTER_ESP, Rule::GuestSysenter)?;
    entry.require_canonical(Field::GUEST_IA32_SYSENTER_EIP, Rule::GuestSysenter)?;
    if loads(VmEntry::LOAD_IA32_PERF_GLOBAL_CTRL) {
        let exists = |value| value & !entry.processor.perf_global_ctrl == 0;
        entry.require_of(
            Field::GUEST_IA32_PERF_GLOBAL_CTRL,
            Rule::GuestPerfGlobalCtrl,
            exists,
        )?;
    }
    if loads(VmEntry::LOAD_IA32_BNDCFGS) {
        let fits = |value| value & 0xffc == 0 && entry.is_canonical(value & !0xfff);
        entry.require_of(Field::GUEST_IA32_BNDCFGS, Rule::GuestBndcfgs, fits)?;
    }
    if loads(VmEntry::LOAD_IA32_RTIT_CTL) {
        entry.require_of(Field::GUEST_IA32_RTIT_CTL, Rule::GuestRtitCtl, |value| {
            value & !RTIT_CTL == 0
        })?;
    }
    if loads(VmEntry::LOAD_CET_STATE) {
        let fits = |value| is_s_cet(value) && entry.is_canonical(value);
        entry.require_of(Field::GUEST_IA32_S_CET, Rule::GuestSCet, fits)?;
        entry.require_canonical(
            Field::GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR,
            Rule::GuestInterruptSspTable,
        )?;
    }
    if loads(VmEntry::LOAD_GUEST_IA32_LBR_CTL) {
        entry.require_of(Field::GUEST_IA32_LBR_CTL, Rule::GuestLbrCtl, |value| {
            value & !LBR_CTL == 0
        })?;
    }
    if loads(VmEntry::LOAD_PKRS) {
        entry.require_of(Field::GUEST_IA32_PKRS, Rule::GuestPkrs, |value| {
            value >> 32 == 0
        })?;
    }
    if loads(VmEntry::LOAD_UINV) {
        entry.require_of(Field::GUEST_UINV, Rule::GuestUinv, |value| value <= 255)?;
    }
    Ok(())
}

/// §27.3.1.3 and §27.3.1.4.
pub fn check_tables_and_pointers(entry: &Entry<'_, impl Vmcs>) -> Result<(), Violation> {
    for (base, limit) in [
        (Field::GUEST_GDTR_BASE, Field::GUEST_GDTR_LIMIT),
        (Field::GUEST_IDTR_BASE, Field::GUEST_IDTR_LIMIT),
    ] {
        entry.require_canonical(base, Rule::TableBase)?;
        entry.require_of(limit, Rule::TableLimit, |limit| limit >> 16 == 0)?;
    }
    let code = AccessRights::from_bits(entry.vmcs.read(Segment::Cs.access_rights()) as u32);
    let is_64_bit = entry.is_long_mode_guest() && code.long();
    entry.require_of(Field::GUEST_RIP, Rule::RipWidth, |rip| {
        is_64_bit || rip >> 32 == 0
    })?;
    entry.require_of(Field::GUEST_RIP, Rule::RipCanonical, |rip| {
        entry.is_nearly_canonical(rip)
    })?;
    rflags(entry)?;
    if entry.entry.contains(VmEntry::LOAD_CET_STATE) {
        entry.require_of(Field::GUEST_SSP, Rule::SspAlignment, |ssp| ssp & 3 == 0)?;
        entry.require_of(Field::GUEST_SSP, Rule::SspWidth, |ssp| {
            is_64_bit || ssp >> 32 == 0
        })?;
        entry.require_of(Field::GUEST_SSP, Rule::SspCanonical, |ssp| {
            entry.is_nearly_canonical(ssp)
        })?;
    }
    Ok(())
}

fn rflags(entry: &Entry<'_, impl Vmcs>) -> Result<(), Violation> {
    let rflags = entry.rflags;
    let require = |holds, rule| entry.require(holds, rule, Field::GUEST_RFLAGS);
    require(
        rflags & (RFLAGS_ONE | RFLAGS_ZERO) == RFLAGS_ONE,
        Rule::RflagsReserved,
    )?;
    let can_be_8086 = !entry.is_long_mode_guest() && entry.cr0 & CR0_PE != 0;
    require(
        rflags & RFLAGS_VM == 0 || can_be_8086,
        Rule::RflagsVirtual8086,
    )?;
    let interrupts = entry.injects(InterruptionType::EXTERNAL_INTERRUPT);
    require(
        !interrupts || rflags & RFLAGS_IF != 0,
        Rule::RflagsInterruptFlag,
    )
}

/// §27.3.1.6, for a guest with EPT: without, the PDPTEs are in memory.
pub fn check_pdptes(entry: &Entry<'_, impl Vmcs>) -> Result<(), Violation> {
    let pae_paging =
        entry.cr0 & CR0_PG != 0 && entry.cr4 & CR4_PAE != 0 && !entry.is_long_mode_guest();
    if !pae_paging || !entry.has(SecondaryProcessorBased::ENABLE_EPT) {
        return Ok(());
    }
    for field in [
        Field::GUEST_PDPTE0,
        Field::GUEST_PDPTE1,
        Field::GUEST_PDPTE2,
        Field::GUEST_PDPTE3,
    ] {
        let fits = |value| value & 1 == 0 || value & 0x1e6 == 0 && entry.is_physical(value);
        entry.require_of(field, Rule::PdpteReserved, fits)?;
    }
    Ok(())
}
