//! Cases for §27.3.1.2.

use super::machine::Machine;
use super::{Allowed, Case};
use crate::checks::Rule;
use crate::field::Field;
use crate::segment::{AccessRights, Segment};

const LONG: fn() -> Machine = Machine::long_mode;
const PROTECTED: fn() -> Machine = Machine::protected;
const REAL: fn() -> Machine = Machine::real_mode;
const V8086: fn() -> Machine = Machine::virtual_8086;
const RESTRICTED: fn() -> Machine = Machine::restricted;
const CS: Field = Field::GUEST_CS_ACCESS_RIGHTS;
const SS: Field = Field::GUEST_SS_ACCESS_RIGHTS;
const DS: Field = Field::GUEST_DS_ACCESS_RIGHTS;
const TR: Field = Field::GUEST_TR_ACCESS_RIGHTS;
const LDTR: Field = Field::GUEST_LDTR_ACCESS_RIGHTS;

fn set_type(machine: &mut Machine, segment: Segment, segment_type: u8) {
    machine.rights(segment, |rights| rights.with_segment_type(segment_type));
}

pub const CASES: &[Case] = &[
    Case(
        Rule::SelectorTableIndicator,
        Field::GUEST_TR_SELECTOR,
        LONG,
        |m| m.set(Field::GUEST_TR_SELECTOR, 0x44),
    ),
    Case(
        Rule::SelectorTableIndicator,
        Field::GUEST_LDTR_SELECTOR,
        PROTECTED,
        |m| m.set(Field::GUEST_LDTR_SELECTOR, 0x44),
    ),
    Case(
        Rule::StackSelectorPrivilege,
        Field::GUEST_SS_SELECTOR,
        RESTRICTED,
        |m| m.set(Field::GUEST_SS_SELECTOR, 3),
    ),
    Case(Rule::Virtual8086Base, Field::GUEST_DS_BASE, V8086, |m| {
        m.set(Field::GUEST_DS_BASE, 0)
    }),
    Case(Rule::Virtual8086Limit, Field::GUEST_CS_LIMIT, V8086, |m| {
        m.set(Field::GUEST_CS_LIMIT, 0xfffff)
    }),
    Case(
        Rule::Virtual8086Rights,
        Field::GUEST_GS_ACCESS_RIGHTS,
        V8086,
        |m| m.set(Field::GUEST_GS_ACCESS_RIGHTS, 0x93),
    ),
    Case(Rule::BaseCanonical, Field::GUEST_TR_BASE, LONG, |m| {
        m.set(Field::GUEST_TR_BASE, 1 << 47)
    }),
    Case(Rule::BaseCanonical, Field::GUEST_FS_BASE, LONG, |m| {
        m.set(Field::GUEST_FS_BASE, 1 << 47)
    }),
    Case(Rule::BaseCanonical, Field::GUEST_GS_BASE, LONG, |m| {
        m.set(Field::GUEST_GS_BASE, 1 << 47)
    }),
    Case(
        Rule::BaseCanonical,
        Field::GUEST_LDTR_BASE,
        PROTECTED,
        |m| m.set(Field::GUEST_LDTR_BASE, 1 << 47),
    ),
    Case(Rule::BaseWidth, Field::GUEST_CS_BASE, LONG, |m| {
        m.set(Field::GUEST_CS_BASE, 1 << 32)
    }),
    Case(Rule::BaseWidth, Field::GUEST_SS_BASE, LONG, |m| {
        m.set(Field::GUEST_SS_BASE, 1 << 32)
    }),
    Case(Rule::BaseWidth, Field::GUEST_DS_BASE, LONG, |m| {
        m.set(Field::GUEST_DS_BASE, 1 << 32)
    }),
    Case(Rule::BaseWidth, Field::GUEST_ES_BASE, LONG, |m| {
        m.set(Field::GUEST_ES_BASE, 1 << 32)
    }),
    Case(Rule::CodeType, CS, LONG, |m| set_type(m, Segment::Cs, 10)),
    Case(Rule::CodeType, CS, RESTRICTED, |m| {
        set_type(m, Segment::Cs, 3)
    }),
    Case(Rule::NotCodeOrData, CS, LONG, |m| {
        m.rights(Segment::Cs, |rights| rights.with_code_or_data(false))
    }),
    Case(Rule::DataCodePrivilege, CS, REAL, |m| {
        set_type(m, Segment::Cs, 3);
        m.rights(Segment::Cs, |rights| rights.with_dpl(3));
    }),
    Case(Rule::NonConformingPrivilege, CS, LONG, |m| {
        m.rights(Segment::Cs, |rights| rights.with_dpl(3))
    }),
    Case(Rule::ConformingPrivilege, CS, LONG, |m| {
        set_type(m, Segment::Cs, 15);
        m.rights(Segment::Cs, |rights| rights.with_dpl(1));
    }),
    Case(Rule::NotPresent, CS, LONG, |m| {
        m.rights(Segment::Cs, |rights| rights.with_present(false))
    }),
    Case(Rule::RightsReserved, CS, LONG, |m| {
        m.rights(Segment::Cs, |rights| rights.with_reserved_low(1))
    }),
    Case(Rule::RightsReserved, CS, LONG, |m| {
        m.rights(Segment::Cs, |rights| rights.with_reserved_high(1))
    }),
    Case(Rule::GranularityOff, CS, LONG, |m| {
        m.rights(Segment::Cs, |rights| rights.with_granularity(false))
    }),
    Case(Rule::GranularityOn, CS, LONG, |m| {
        m.set(Field::GUEST_CS_LIMIT, 0xffff_fffe)
    }),
    Case(Rule::LongAndDefaultBig, CS, LONG, |m| {
        m.rights(Segment::Cs, |rights| rights.with_default_big(true))
    }),
    Case(Rule::StackType, SS, LONG, |m| set_type(m, Segment::Ss, 1)),
    Case(Rule::NotCodeOrData, SS, LONG, |m| {
        m.rights(Segment::Ss, |rights| rights.with_code_or_data(false))
    }),
    Case(Rule::NotPresent, SS, LONG, |m| {
        m.rights(Segment::Ss, |rights| rights.with_present(false))
    }),
    Case(Rule::StackPrivilege, SS, RESTRICTED, |m| {
        set_type(m, Segment::Cs, 13);
        m.rights(Segment::Ss, |rights| rights.with_dpl(1));
    }),
    Case(Rule::StackPrivilegeReal, SS, REAL, |m| {
        m.rights(Segment::Cs, |rights| rights.with_dpl(3));
        m.rights(Segment::Ss, |rights| rights.with_dpl(3));
    }),
    Case(Rule::StackPrivilegeReal, SS, PROTECTED, |m| {
        set_type(m, Segment::Cs, 3);
        m.rights(Segment::Ss, |rights| rights.with_dpl(3));
    }),
    Case(Rule::DataType, DS, LONG, |m| set_type(m, Segment::Ds, 2)),
    Case(Rule::DataType, DS, LONG, |m| set_type(m, Segment::Ds, 9)),
    Case(Rule::NotCodeOrData, DS, LONG, |m| {
        m.rights(Segment::Ds, |rights| rights.with_code_or_data(false))
    }),
    Case(Rule::DataPrivilege, DS, RESTRICTED, |m| {
        m.set(Field::GUEST_DS_SELECTOR, 3)
    }),
    Case(Rule::NotPresent, DS, LONG, |m| {
        m.rights(Segment::Ds, |rights| rights.with_present(false))
    }),
    Case(
        Rule::RightsReserved,
        Field::GUEST_FS_ACCESS_RIGHTS,
        LONG,
        |m| m.rights(Segment::Fs, |rights| rights.with_reserved_high(1)),
    ),
    Case(
        Rule::GranularityOff,
        Field::GUEST_ES_ACCESS_RIGHTS,
        LONG,
        |m| m.rights(Segment::Es, |rights| rights.with_granularity(false)),
    ),
    Case(Rule::TaskType, TR, LONG, |m| set_type(m, Segment::Tr, 9)),
    Case(Rule::TaskType, TR, LONG, |m| set_type(m, Segment::Tr, 3)),
    Case(Rule::NotSystem, TR, LONG, |m| {
        m.rights(Segment::Tr, |rights| rights.with_code_or_data(true))
    }),
    Case(Rule::TaskUnusable, TR, LONG, |m| {
        m.rights(Segment::Tr, |rights| rights.with_unusable(true))
    }),
    Case(Rule::NotPresent, TR, LONG, |m| {
        m.rights(Segment::Tr, |rights| rights.with_present(false))
    }),
    Case(Rule::GranularityOn, TR, LONG, |m| {
        m.rights(Segment::Tr, |rights| rights.with_granularity(true))
    }),
    Case(Rule::LocalTableType, LDTR, PROTECTED, |m| {
        set_type(m, Segment::Ldtr, 3)
    }),
    Case(Rule::NotSystem, LDTR, PROTECTED, |m| {
        m.rights(Segment::Ldtr, |rights| rights.with_code_or_data(true))
    }),
    Case(Rule::RightsReserved, LDTR, PROTECTED, |m| {
        m.rights(Segment::Ldtr, |rights| rights.with_reserved_low(8))
    }),
];

pub const ALLOWED: &[Allowed] = &[
    Allowed("a 16-bit TSS outside IA-32e mode", PROTECTED, |m| {
        set_type(m, Segment::Tr, 3)
    }),
    Allowed("an unusable LDTR may hold anything", LONG, |m| {
        m.set(Field::GUEST_LDTR_SELECTOR, 0x7);
        m.set(Field::GUEST_LDTR_BASE, 1 << 47);
        m.set(LDTR, 0x1_ffff);
    }),
    Allowed(
        "unusable data segments may hold anything",
        RESTRICTED,
        |m| {
            m.set(Field::GUEST_DS_SELECTOR, 3);
            m.set(Field::GUEST_DS_BASE, u64::MAX);
            m.set(DS, 0x1_ffff);
        },
    ),
    Allowed("an unusable stack of a 64-bit kernel", LONG, |m| {
        m.set(SS, AccessRights::UNUSABLE.into_bits().into());
        m.set(Field::GUEST_SS_SELECTOR, 0);
    }),
    Allowed("selectors of real mode with any low bits", REAL, |m| {
        m.set(Field::GUEST_DS_SELECTOR, 0x1237);
        m.set(Field::GUEST_SS_SELECTOR, 0x7);
    }),
    Allowed("CS as data, as real mode leaves it", REAL, |m| {
        set_type(m, Segment::Cs, 3)
    }),
    Allowed(
        "a conforming code segment below the stack's DPL",
        LONG,
        |m| {
            set_type(m, Segment::Cs, 15);
            m.rights(Segment::Ss, |rights| rights.with_dpl(3));
        },
    ),
    Allowed(
        "readable conforming code as data of a lower DPL",
        RESTRICTED,
        |m| {
            set_type(m, Segment::Ds, 15);
            m.set(Field::GUEST_DS_SELECTOR, 3);
        },
    ),
    Allowed(
        "a limit of 1 MiB less one page in either granularity",
        PROTECTED,
        |m| {
            m.set(Field::GUEST_DS_LIMIT, 0xf_ffff);
            m.rights(Segment::Ds, |rights| rights.with_granularity(false));
            m.set(Field::GUEST_ES_LIMIT, 0xf_ffff);
        },
    ),
];
