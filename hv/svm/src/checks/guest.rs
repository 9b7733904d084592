//! The guest's registers: the illegal state combinations of APM Vol. 2 §15.5.1, in the order of its list.

use super::{
    CR0_CD, CR0_NW, CR0_PE, CR0_WP, CR4_CET, CR4_PAE, EFER_LMA, EFER_LME, EFER_SVME, Entry, Rule,
    Violation, is_physical,
};
use crate::field::{Field, Vmcb};

pub fn check(entry: &Entry<'_, impl Vmcb>) -> Result<(), Violation> {
    check_control_registers(entry)?;
    check_mode(entry)?;
    check_shadow_stack(entry)
}

fn check_control_registers(entry: &Entry<'_, impl Vmcb>) -> Result<(), Violation> {
    let processor = entry.processor;
    entry.require(
        entry.efer & EFER_SVME != 0,
        Rule::EferSvmeClear,
        Field::EFER,
    )?;
    entry.require(
        entry.cr0 & CR0_NW == 0 || entry.cr0 & CR0_CD != 0,
        Rule::Cr0CacheControl,
        Field::CR0,
    )?;
    entry.require(entry.cr0 >> 32 == 0, Rule::Cr0High, Field::CR0)?;
    entry.require_of(Field::CR3, Rule::Cr3Reserved, |root| {
        is_physical(root, processor)
    })?;
    entry.require(
        entry.cr4 & !processor.cr4 == 0,
        Rule::Cr4Reserved,
        Field::CR4,
    )?;
    entry.require_of(Field::DR6, Rule::Dr6High, |dr6| dr6 >> 32 == 0)?;
    entry.require_of(Field::DR7, Rule::Dr7High, |dr7| dr7 >> 32 == 0)?;
    let exists = processor.efer | EFER_LME | EFER_LMA;
    entry.require(entry.efer & !exists == 0, Rule::EferReserved, Field::EFER)
}

fn check_mode(entry: &Entry<'_, impl Vmcb>) -> Result<(), Violation> {
    let wants_long_mode = entry.efer & (EFER_LME | EFER_LMA) != 0;
    let has_long_mode = entry.processor.efer & EFER_LME != 0;
    entry.require(
        has_long_mode || !wants_long_mode,
        Rule::LongModeUnsupported,
        Field::EFER,
    )?;
    if !entry.is_long_mode() {
        return Ok(());
    }
    entry.require(
        entry.cr4 & CR4_PAE != 0,
        Rule::LongModeWithoutPae,
        Field::CR4,
    )?;
    entry.require(
        entry.cr0 & CR0_PE != 0,
        Rule::LongModeWithoutProtection,
        Field::CR0,
    )?;
    let attributes = entry.cs.attributes;
    entry.require(
        !(attributes.long() && attributes.default_big()),
        Rule::LongModeCodeSize,
        Field::CS_ATTRIBUTES,
    )
}

/// S_CET has two bits on AMD's processors: shadow stacks on, and WRSS.
const S_CET: u64 = 3;

fn check_shadow_stack(entry: &Entry<'_, impl Vmcb>) -> Result<(), Violation> {
    entry.require(
        entry.cr4 & CR4_CET == 0 || entry.cr0 & CR0_WP != 0,
        Rule::CetWithoutWp,
        Field::CR4,
    )?;
    if entry.processor.cr4 & CR4_CET == 0 {
        return Ok(());
    }
    entry.require_of(Field::S_CET, Rule::ShadowStackReserved, |word| {
        word & !S_CET == 0
    })
}
