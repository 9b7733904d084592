//! For each rule the smallest change of a valid entry that breaks it and no other, and changes that only look wrong.

use super::{Allowed, Case, Machine};
use crate::capabilities::Features;
use crate::checks::Rule;
use crate::event::{EventInformation, EventType};
use crate::field::Field;
use crate::segment::Segment;
use isthmus_abi::Vector;

const LONG: fn() -> Machine = Machine::long_mode;
const PAE: fn() -> Machine = Machine::pae;
const REAL: fn() -> Machine = Machine::real_mode;
const V86: fn() -> Machine = Machine::virtual_8086;
const LMA: u64 = 1 << 10;
const LME: u64 = 1 << 8;

const fn exception(vector: u8) -> EventInformation {
    EventInformation::event(EventType::EXCEPTION, Vector(vector))
}

const fn with_code(vector: u8) -> EventInformation {
    EventInformation::exception_with_code(Vector(vector), 0)
}

/// A guest on a processor without long mode.
fn legacy() -> Machine {
    let mut machine = PAE();
    machine.processor.efer &= !(LME | LMA);
    machine
}

pub const CASES: &[Case] = &[
    Case(Rule::EferSvmeClear, Field::EFER, LONG, |m| {
        m.turn_off(Field::EFER, 1 << 12)
    }),
    Case(Rule::Cr0CacheControl, Field::CR0, LONG, |m| {
        m.turn_on(Field::CR0, 1 << 29)
    }),
    Case(Rule::Cr0High, Field::CR0, REAL, |m| {
        m.turn_on(Field::CR0, 1 << 32)
    }),
    Case(Rule::Cr0High, Field::CR0, LONG, |m| {
        m.turn_on(Field::CR0, 1 << 63)
    }),
    Case(Rule::Cr3Reserved, Field::CR3, LONG, |m| {
        m.turn_on(Field::CR3, 1 << 48)
    }),
    Case(Rule::Cr3Reserved, Field::CR3, PAE, |m| {
        m.turn_on(Field::CR3, 1 << 60)
    }),
    Case(Rule::Cr4Reserved, Field::CR4, LONG, |m| {
        m.turn_on(Field::CR4, 1 << 12)
    }),
    Case(Rule::Cr4Reserved, Field::CR4, PAE, |m| {
        m.turn_on(Field::CR4, 1 << 32)
    }),
    Case(Rule::Dr6High, Field::DR6, LONG, |m| {
        m.turn_on(Field::DR6, 1 << 32)
    }),
    Case(Rule::Dr7High, Field::DR7, LONG, |m| {
        m.turn_on(Field::DR7, 1 << 40)
    }),
    Case(Rule::EferReserved, Field::EFER, LONG, |m| {
        m.turn_on(Field::EFER, 1 << 1)
    }),
    Case(Rule::EferReserved, Field::EFER, REAL, |m| {
        m.turn_on(Field::EFER, 1 << 63)
    }),
    Case(Rule::LongModeUnsupported, Field::EFER, legacy, |m| {
        m.turn_on(Field::EFER, LME)
    }),
    Case(Rule::LongModeUnsupported, Field::EFER, legacy, |m| {
        m.turn_on(Field::EFER, LMA)
    }),
    Case(Rule::LongModeWithoutPae, Field::CR4, LONG, |m| {
        m.turn_off(Field::CR4, 1 << 5)
    }),
    Case(Rule::LongModeWithoutProtection, Field::CR0, LONG, |m| {
        m.turn_off(Field::CR0, 1)
    }),
    Case(Rule::LongModeCodeSize, Field::CS_ATTRIBUTES, LONG, |m| {
        m.turn_on(Segment::Cs.attributes(), 1 << 10)
    }),
    Case(
        Rule::VmrunNotIntercepted,
        Field::INTERCEPT_VECTOR_4,
        LONG,
        |m| m.turn_off(Field::INTERCEPT_VECTOR_4, 1),
    ),
    Case(Rule::PermissionMapWidth, Field::MSRPM_BASE_PA, LONG, |m| {
        m.set(Field::MSRPM_BASE_PA, (1 << 48) - 4096)
    }),
    Case(Rule::PermissionMapWidth, Field::IOPM_BASE_PA, LONG, |m| {
        m.set(Field::IOPM_BASE_PA, (1 << 48) - 8192)
    }),
    Case(Rule::PermissionMapWidth, Field::IOPM_BASE_PA, LONG, |m| {
        m.set(Field::IOPM_BASE_PA, u64::MAX)
    }),
    Case(Rule::AsidZero, Field::GUEST_ASID, LONG, |m| {
        m.set(Field::GUEST_ASID, 0)
    }),
    Case(Rule::CetWithoutWp, Field::CR4, LONG, |m| {
        m.turn_on(Field::CR4, 1 << 23);
        m.turn_off(Field::CR0, 1 << 16);
    }),
    Case(Rule::ShadowStackReserved, Field::S_CET, LONG, |m| {
        m.set(Field::S_CET, 4)
    }),
    Case(Rule::InjectedType, Field::EVENTINJ, LONG, |m| {
        m.inject(EventInformation::event(EventType(1), Vector(14)))
    }),
    Case(Rule::InjectedType, Field::EVENTINJ, LONG, |m| {
        m.inject(EventInformation::event(EventType(5), Vector(1)))
    }),
    Case(Rule::InjectedVector, Field::EVENTINJ, LONG, |m| {
        m.inject(exception(2))
    }),
    Case(Rule::InjectedVector, Field::EVENTINJ, LONG, |m| {
        m.inject(exception(32))
    }),
    Case(Rule::InjectedVector, Field::EVENTINJ, REAL, |m| {
        m.inject(exception(31))
    }),
    Case(Rule::InjectedImpossible, Field::EVENTINJ, LONG, |m| {
        m.inject(exception(5))
    }),
    Case(Rule::InjectedImpossible, Field::EVENTINJ, LONG, |m| {
        m.inject(exception(4))
    }),
    Case(
        Rule::VirtualNmiWithoutIntercept,
        Field::VIRTUAL_INTERRUPT,
        LONG,
        |m| {
            m.turn_on(Field::VIRTUAL_INTERRUPT, 1 << 26);
            m.turn_off(Field::INTERCEPT_VECTOR_3, 2);
        },
    ),
    Case(
        Rule::NestedPagingUnsupported,
        Field::NESTED_CONTROL,
        LONG,
        |m| m.processor.nested_paging = false,
    ),
    Case(Rule::NestedCr3Reserved, Field::N_CR3, LONG, |m| {
        m.turn_on(Field::N_CR3, 1 << 48)
    }),
    Case(Rule::GuestPat, Field::G_PAT, LONG, |m| {
        m.set(Field::G_PAT, 0x0007_0406_0007_0403)
    }),
    Case(Rule::GuestPat, Field::G_PAT, REAL, |m| {
        m.set(Field::G_PAT, 8 << 56)
    }),
    Case(
        Rule::X2avicWithoutAvic,
        Field::VIRTUAL_INTERRUPT,
        LONG,
        |m| m.turn_on(Field::VIRTUAL_INTERRUPT, 1 << 30),
    ),
    Case(
        Rule::AvicWithoutNestedPaging,
        Field::VIRTUAL_INTERRUPT,
        LONG,
        |m| {
            m.turn_on(Field::VIRTUAL_INTERRUPT, 1 << 31);
            m.turn_off(Field::NESTED_CONTROL, 1);
        },
    ),
    Case(
        Rule::InterceptMissing,
        Field::INTERCEPT_VECTOR_3,
        LONG,
        |m| m.turn_off(Field::INTERCEPT_VECTOR_3, 1 << 28),
    ),
    Case(
        Rule::InterceptMissing,
        Field::INTERCEPT_VECTOR_3,
        LONG,
        |m| m.turn_off(Field::INTERCEPT_VECTOR_3, 1 << 31),
    ),
    Case(
        Rule::InterceptMissing,
        Field::INTERCEPT_VECTOR_4,
        LONG,
        |m| m.turn_off(Field::INTERCEPT_VECTOR_4, 1 << 2),
    ),
    Case(Rule::NestedPagingOff, Field::NESTED_CONTROL, LONG, |m| {
        m.turn_off(Field::NESTED_CONTROL, 1)
    }),
    Case(
        Rule::InterruptsNotMasked,
        Field::VIRTUAL_INTERRUPT,
        LONG,
        |m| m.turn_off(Field::VIRTUAL_INTERRUPT, 1 << 24),
    ),
    Case(Rule::FeatureMissing, Field::VIRTUAL_INTERRUPT, LONG, |m| {
        m.turn_on(Field::VIRTUAL_INTERRUPT, 1 << 25);
        m.processor.features.remove(Features::VGIF);
    }),
    Case(Rule::FeatureMissing, Field::LBR_VIRTUALIZATION, LONG, |m| {
        m.set(Field::LBR_VIRTUALIZATION, 1);
        m.processor.features.remove(Features::LBR_VIRTUALIZATION);
    }),
    Case(Rule::FeatureMissing, Field::LBR_VIRTUALIZATION, LONG, |m| {
        m.set(Field::LBR_VIRTUALIZATION, 2);
        m.processor.features.remove(Features::VIRTUAL_VMLOAD_VMSAVE);
    }),
    Case(Rule::TlbControl, Field::TLB_CONTROL, LONG, |m| {
        m.set(Field::TLB_CONTROL, 2)
    }),
    Case(Rule::TlbControl, Field::TLB_CONTROL, LONG, |m| {
        m.set(Field::TLB_CONTROL, 3);
        m.processor.features.remove(Features::FLUSH_BY_ASID);
    }),
    Case(Rule::AsidBeyond, Field::GUEST_ASID, LONG, |m| {
        m.set(Field::GUEST_ASID, 0x8000)
    }),
    Case(Rule::InterruptShadow, Field::INTERRUPT_SHADOW, LONG, |m| {
        m.set(Field::INTERRUPT_SHADOW, 4)
    }),
    Case(Rule::PrivilegeLevel, Field::CPL, REAL, |m| {
        m.set(Field::CPL, 3)
    }),
    Case(Rule::PrivilegeLevel, Field::CPL, V86, |m| {
        m.set(Field::CPL, 0)
    }),
    Case(Rule::PrivilegeLevel, Field::CPL, LONG, |m| {
        m.set(Field::CPL, 4)
    }),
    Case(Rule::InjectedErrorCode, Field::EVENTINJ, LONG, |m| {
        m.inject(exception(14))
    }),
    Case(Rule::InjectedErrorCode, Field::EVENTINJ, LONG, |m| {
        m.inject(with_code(6))
    }),
    Case(Rule::InjectedErrorCode, Field::EVENTINJ, REAL, |m| {
        m.inject(with_code(13))
    }),
    Case(Rule::InjectedErrorCode, Field::EVENTINJ, LONG, |m| {
        m.inject(
            EventInformation::event(EventType::INTERRUPT, Vector(32)).with_error_code_valid(true),
        )
    }),
];

pub const ALLOWED: &[Allowed] = &[
    Allowed("LME before paging is on", Machine::protected, |m| {
        m.turn_on(Field::EFER, LME)
    }),
    Allowed("no paging with nested paging", REAL, |_| ()),
    Allowed(
        "paging without protection, real mode with page tables",
        REAL,
        |m| m.turn_on(Field::CR0, 1 << 31),
    ),
    Allowed("NW and CD together", LONG, |m| {
        m.turn_on(Field::CR0, 3 << 29)
    }),
    Allowed("SS.DPL that SYSRET left behind", LONG, |m| {
        m.set(Field::CPL, 3)
    }),
    Allowed("RIP that is not canonical, to fault there", LONG, |m| {
        m.set(Field::RIP, 1 << 47)
    }),
    Allowed("maps that end with physical memory", LONG, |m| {
        m.set(Field::MSRPM_BASE_PA, (1 << 48) - 0x2000);
        m.set(Field::IOPM_BASE_PA, (1 << 48) - 0x3000);
    }),
    Allowed("an injected page fault with its code", LONG, |m| {
        m.inject(with_code(14))
    }),
    Allowed("an injected fault of real mode, without one", REAL, |m| {
        m.inject(exception(13))
    }),
    Allowed("an injected #BR where BOUND exists", PAE, |m| {
        m.inject(exception(5))
    }),
    Allowed(
        "an injected #OF in compatibility mode",
        Machine::compatibility,
        |m| m.inject(exception(4)),
    ),
    Allowed("an injected interrupt with a low vector", REAL, |m| {
        m.inject(EventInformation::event(EventType::INTERRUPT, Vector(8)))
    }),
    Allowed("an injected NMI with any vector", LONG, |m| {
        m.inject(EventInformation::event(EventType::NMI, Vector(77)))
    }),
    Allowed("an injected software interrupt", LONG, |m| {
        m.inject(EventInformation::event(
            EventType::SOFTWARE_INTERRUPT,
            Vector(0x80),
        ))
    }),
    Allowed("an event that is not valid", LONG, |m| {
        m.set(Field::EVENTINJ, 0x7fff_ffff)
    }),
    Allowed("virtual NMIs with NMIs intercepted", LONG, |m| {
        m.turn_on(Field::VIRTUAL_INTERRUPT, 1 << 26)
    }),
    Allowed("shadow stacks", LONG, |m| {
        m.turn_on(Field::CR4, 1 << 23);
        m.set(Field::S_CET, 3);
    }),
    Allowed("S_CET on a processor without shadow stacks", LONG, |m| {
        m.processor.cr4 &= !(1 << 23);
        m.set(Field::S_CET, u64::MAX);
    }),
    Allowed("flush by ASID where there is such a thing", LONG, |m| {
        m.set(Field::TLB_CONTROL, 7)
    }),
    Allowed("an interrupt shadow", LONG, |m| {
        m.set(Field::INTERRUPT_SHADOW, 1)
    }),
];
