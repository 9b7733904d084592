//! Checks on the guest's segment registers (SDM Vol. 3C §27.3.1.2).

use super::{CR0_PE, Entry, RFLAGS_VM, Rule, Violation};
use crate::field::Vmcs;
use crate::segment::{AccessRights, Segment, SegmentRegister};

/// Read and write, accessed, expanding up: what CS may be with unrestricted guest.
const DATA: u8 = 3;
const RPL: u16 = 3;
const TABLE_INDICATOR: u16 = 1 << 2;

pub fn check(entry: &Entry<'_, impl Vmcs>) -> Result<(), Violation> {
    let registers =
        Segment::ALL.map(|segment| (segment, SegmentRegister::read(entry.vmcs, segment)));
    let [es, cs, ss, ds, fs, gs, (_, ldtr), (_, tr)] = registers;
    let is_virtual_8086 = entry.rflags & RFLAGS_VM != 0;
    selectors(entry, &cs.1, &ss.1, &ldtr, &tr, is_virtual_8086)?;
    let code_and_data = [es, cs, ss, ds, fs, gs];
    if is_virtual_8086 {
        for (segment, register) in &code_and_data {
            virtual_8086(entry, *segment, register)?;
        }
    }
    bases(entry, &registers)?;
    if !is_virtual_8086 {
        code(entry, &cs.1, ss.1.access_rights)?;
        stack(entry, &ss.1, cs.1.access_rights)?;
        for (segment, register) in [es, ds, fs, gs] {
            data(entry, segment, &register)?;
        }
    }
    task(entry, &tr)?;
    local_table(entry, &ldtr)
}

fn of_rights(
    entry: &Entry<'_, impl Vmcs>,
    segment: Segment,
    holds: bool,
    rule: Rule,
) -> Result<(), Violation> {
    entry.require(holds, rule, segment.access_rights())
}

fn selectors(
    entry: &Entry<'_, impl Vmcs>,
    cs: &SegmentRegister,
    ss: &SegmentRegister,
    ldtr: &SegmentRegister,
    tr: &SegmentRegister,
    is_virtual_8086: bool,
) -> Result<(), Violation> {
    let is_global = |register: &SegmentRegister| register.selector & TABLE_INDICATOR == 0;
    entry.require(
        is_global(tr),
        Rule::SelectorTableIndicator,
        Segment::Tr.selector(),
    )?;
    let local_fits = ldtr.access_rights.unusable() || is_global(ldtr);
    entry.require(
        local_fits,
        Rule::SelectorTableIndicator,
        Segment::Ldtr.selector(),
    )?;
    let same_privilege = ss.selector & RPL == cs.selector & RPL;
    let exempt = is_virtual_8086 || entry.is_unrestricted();
    entry.require(
        exempt || same_privilege,
        Rule::StackSelectorPrivilege,
        Segment::Ss.selector(),
    )
}

fn virtual_8086(
    entry: &Entry<'_, impl Vmcs>,
    segment: Segment,
    register: &SegmentRegister,
) -> Result<(), Violation> {
    let base = u64::from(register.selector) << 4;
    entry.require(register.base == base, Rule::Virtual8086Base, segment.base())?;
    entry.require(
        register.limit == 0xffff,
        Rule::Virtual8086Limit,
        segment.limit(),
    )?;
    of_rights(
        entry,
        segment,
        register.access_rights.into_bits() == 0xf3,
        Rule::Virtual8086Rights,
    )
}

fn bases(
    entry: &Entry<'_, impl Vmcs>,
    registers: &[(Segment, SegmentRegister); 8],
) -> Result<(), Violation> {
    for (segment, register) in registers {
        let usable = !register.access_rights.unusable();
        let (is_64_bit_wide, applies) = match segment {
            Segment::Tr | Segment::Fs | Segment::Gs => (true, true),
            Segment::Ldtr => (true, usable),
            Segment::Cs => (false, true),
            Segment::Ss | Segment::Ds | Segment::Es => (false, usable),
        };
        if applies && is_64_bit_wide {
            entry.require(
                entry.is_canonical(register.base),
                Rule::BaseCanonical,
                segment.base(),
            )?;
        } else if applies {
            entry.require(register.base >> 32 == 0, Rule::BaseWidth, segment.base())?;
        }
    }
    Ok(())
}

/// What every usable segment must be: present, without reserved bits, and of a granularity that fits its limit.
fn usable(
    entry: &Entry<'_, impl Vmcs>,
    segment: Segment,
    register: &SegmentRegister,
) -> Result<(), Violation> {
    let rights = register.access_rights;
    let require = |holds, rule| of_rights(entry, segment, holds, rule);
    require(rights.present(), Rule::NotPresent)?;
    require(
        rights.reserved_low() == 0 && rights.reserved_high() == 0,
        Rule::RightsReserved,
    )?;
    require(
        rights.granularity() || register.limit >> 20 == 0,
        Rule::GranularityOff,
    )?;
    require(
        !rights.granularity() || register.limit & 0xfff == 0xfff,
        Rule::GranularityOn,
    )
}

fn code(
    entry: &Entry<'_, impl Vmcs>,
    register: &SegmentRegister,
    stack: AccessRights,
) -> Result<(), Violation> {
    let rights = register.access_rights;
    let require = |holds, rule| of_rights(entry, Segment::Cs, holds, rule);
    let segment_type = rights.segment_type();
    let type_fits =
        matches!(segment_type, 9 | 11 | 13 | 15) || segment_type == DATA && entry.is_unrestricted();
    require(type_fits, Rule::CodeType)?;
    require(rights.code_or_data(), Rule::NotCodeOrData)?;
    match segment_type {
        DATA => require(rights.dpl() == 0, Rule::DataCodePrivilege)?,
        9 | 11 => require(rights.dpl() == stack.dpl(), Rule::NonConformingPrivilege)?,
        _ => require(rights.dpl() <= stack.dpl(), Rule::ConformingPrivilege)?,
    }
    usable(entry, Segment::Cs, register)?;
    let both = entry.is_long_mode_guest() && rights.long() && rights.default_big();
    require(!both, Rule::LongAndDefaultBig)
}

fn stack(
    entry: &Entry<'_, impl Vmcs>,
    register: &SegmentRegister,
    code: AccessRights,
) -> Result<(), Violation> {
    let rights = register.access_rights;
    let require = |holds, rule| of_rights(entry, Segment::Ss, holds, rule);
    if !rights.unusable() {
        require(matches!(rights.segment_type(), 3 | 7), Rule::StackType)?;
        require(rights.code_or_data(), Rule::NotCodeOrData)?;
        usable(entry, Segment::Ss, register)?;
    }
    let same_privilege = u16::from(rights.dpl()) == register.selector & RPL;
    require(
        entry.is_unrestricted() || same_privilege,
        Rule::StackPrivilege,
    )?;
    let must_be_0 = code.segment_type() == DATA || entry.cr0 & CR0_PE == 0;
    require(!must_be_0 || rights.dpl() == 0, Rule::StackPrivilegeReal)
}

fn data(
    entry: &Entry<'_, impl Vmcs>,
    segment: Segment,
    register: &SegmentRegister,
) -> Result<(), Violation> {
    let rights = register.access_rights;
    if rights.unusable() {
        return Ok(());
    }
    let require = |holds, rule| of_rights(entry, segment, holds, rule);
    let segment_type = rights.segment_type();
    let (accessed, is_code, readable) = (
        segment_type & 1 != 0,
        segment_type & 8 != 0,
        segment_type & 2 != 0,
    );
    require(accessed && (!is_code || readable), Rule::DataType)?;
    require(rights.code_or_data(), Rule::NotCodeOrData)?;
    let exempt = entry.is_unrestricted() || segment_type > 11;
    let privilege_fits = u16::from(rights.dpl()) >= register.selector & RPL;
    require(exempt || privilege_fits, Rule::DataPrivilege)?;
    usable(entry, segment, register)
}

fn task(entry: &Entry<'_, impl Vmcs>, register: &SegmentRegister) -> Result<(), Violation> {
    let rights = register.access_rights;
    let require = |holds, rule| of_rights(entry, Segment::Tr, holds, rule);
    let type_fits = match rights.segment_type() {
        11 => true,
        3 => !entry.is_long_mode_guest(),
        _ => false,
    };
    require(type_fits, Rule::TaskType)?;
    require(!rights.code_or_data(), Rule::NotSystem)?;
    require(!rights.unusable(), Rule::TaskUnusable)?;
    usable(entry, Segment::Tr, register)
}

fn local_table(entry: &Entry<'_, impl Vmcs>, register: &SegmentRegister) -> Result<(), Violation> {
    let rights = register.access_rights;
    if rights.unusable() {
        return Ok(());
    }
    of_rights(
        entry,
        Segment::Ldtr,
        rights.segment_type() == 2,
        Rule::LocalTableType,
    )?;
    of_rights(
        entry,
        Segment::Ldtr,
        !rights.code_or_data(),
        Rule::NotSystem,
    )?;
    usable(entry, Segment::Ldtr, register)
}
