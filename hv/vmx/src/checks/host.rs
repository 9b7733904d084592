//! Checks on the host-state area (SDM Vol. 3C §27.2.2 to §27.2.4), for a host in 64-bit mode.

use super::registers::{is_pat, is_s_cet};
use super::{CR0_WP, CR4_CET, CR4_PAE, EFER_LMA, EFER_LME, Entry, Rule, Violation};
use crate::controls::VmExit;
use crate::field::{Field, Vmcs};

pub fn check(entry: &Entry<'_, impl Vmcs>) -> Result<(), Violation> {
    control_registers(entry)?;
    msrs(entry)?;
    segments(entry)?;
    address_space_size(entry)
}

fn control_registers(entry: &Entry<'_, impl Vmcs>) -> Result<(), Violation> {
    let (cr0, cr4) = (
        entry.vmcs.read(Field::HOST_CR0),
        entry.vmcs.read(Field::HOST_CR4),
    );
    entry.require(
        entry.capabilities.cr0.permits(cr0),
        Rule::HostCr0,
        Field::HOST_CR0,
    )?;
    entry.require(
        entry.capabilities.cr4.permits(cr4),
        Rule::HostCr4,
        Field::HOST_CR4,
    )?;
    let protected = cr4 & CR4_CET == 0 || cr0 & CR0_WP != 0;
    entry.require(protected, Rule::HostCetWithoutWp, Field::HOST_CR4)?;
    entry.require_of(Field::HOST_CR3, Rule::HostCr3, |value| entry.is_cr3(value))
}

fn msrs(entry: &Entry<'_, impl Vmcs>) -> Result<(), Violation> {
    entry.require_canonical(Field::HOST_IA32_SYSENTER_ESP, Rule::HostSysenter)?;
    entry.require_canonical(Field::HOST_IA32_SYSENTER_EIP, Rule::HostSysenter)?;
    if entry.exit.contains(VmExit::LOAD_IA32_PERF_GLOBAL_CTRL) {
        let exists = |value| value & !entry.processor.perf_global_ctrl == 0;
        entry.require_of(
            Field::HOST_IA32_PERF_GLOBAL_CTRL,
            Rule::HostPerfGlobalCtrl,
            exists,
        )?;
    }
    if entry.exit.contains(VmExit::LOAD_IA32_PAT) {
        entry.require_of(Field::HOST_IA32_PAT, Rule::HostPat, is_pat)?;
    }
    if entry.exit.contains(VmExit::LOAD_IA32_EFER) {
        let efer = entry.vmcs.read(Field::HOST_IA32_EFER);
        let require = |holds, rule| entry.require(holds, rule, Field::HOST_IA32_EFER);
        require(efer & !entry.processor.efer == 0, Rule::HostEferReserved)?;
        let mode = if is_64_bit(entry) {
            EFER_LMA | EFER_LME
        } else {
            0
        };
        require(efer & (EFER_LMA | EFER_LME) == mode, Rule::HostEferMode)?;
    }
    if entry.exit.contains(VmExit::LOAD_CET_STATE) {
        entry.require_of(Field::HOST_IA32_S_CET, Rule::HostSCetReserved, is_s_cet)?;
        entry.require_of(Field::HOST_SSP, Rule::HostSspAlignment, |ssp| ssp & 3 == 0)?;
        entry.require_canonical(
            Field::HOST_IA32_INTERRUPT_SSP_TABLE_ADDR,
            Rule::HostInterruptSspTable,
        )?;
    }
    if entry.exit.contains(VmExit::LOAD_PKRS) {
        entry.require_of(Field::HOST_IA32_PKRS, Rule::HostPkrs, |value| {
            value >> 32 == 0
        })?;
    }
    Ok(())
}

fn segments(entry: &Entry<'_, impl Vmcs>) -> Result<(), Violation> {
    for field in [
        Field::HOST_ES_SELECTOR,
        Field::HOST_CS_SELECTOR,
        Field::HOST_SS_SELECTOR,
        Field::HOST_DS_SELECTOR,
        Field::HOST_FS_SELECTOR,
        Field::HOST_GS_SELECTOR,
        Field::HOST_TR_SELECTOR,
    ] {
        entry.require_of(field, Rule::HostSelector, |selector| selector & 7 == 0)?;
    }
    for field in [Field::HOST_CS_SELECTOR, Field::HOST_TR_SELECTOR] {
        entry.require_of(field, Rule::HostSelectorNull, |selector| selector != 0)?;
    }
    for field in [
        Field::HOST_FS_BASE,
        Field::HOST_GS_BASE,
        Field::HOST_TR_BASE,
        Field::HOST_GDTR_BASE,
        Field::HOST_IDTR_BASE,
    ] {
        entry.require_canonical(field, Rule::HostBase)?;
    }
    Ok(())
}

fn address_space_size(entry: &Entry<'_, impl Vmcs>) -> Result<(), Violation> {
    entry.require(
        is_64_bit(entry),
        Rule::HostAddressSpaceSize,
        Field::VM_EXIT_CONTROLS,
    )?;
    entry.require_of(Field::HOST_CR4, Rule::HostPae, |cr4| cr4 & CR4_PAE != 0)?;
    entry.require_canonical(Field::HOST_RIP, Rule::HostRip)?;
    if entry.exit.contains(VmExit::LOAD_CET_STATE) {
        entry.require_canonical(Field::HOST_IA32_S_CET, Rule::HostSCetCanonical)?;
        entry.require_canonical(Field::HOST_SSP, Rule::HostSspCanonical)?;
    }
    Ok(())
}

fn is_64_bit(entry: &Entry<'_, impl Vmcs>) -> bool {
    entry.exit.contains(VmExit::HOST_ADDRESS_SPACE_SIZE)
}
