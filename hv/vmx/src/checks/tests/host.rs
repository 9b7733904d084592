//! Cases for §27.2.2 to §27.2.4.

use super::Case;
use super::machine::Machine;
use crate::checks::Rule;
use crate::controls::VmExit;
use crate::field::Field;

const LONG: fn() -> Machine = Machine::long_mode;
const NOT_CANONICAL: u64 = 1 << 47;

/// A host whose exits load everything they can.
fn loading() -> Machine {
    let mut machine = LONG();
    machine.turn_on_exit(
        VmExit::LOAD_IA32_PERF_GLOBAL_CTRL | VmExit::LOAD_CET_STATE | VmExit::LOAD_PKRS,
    );
    machine
}

pub const CASES: &[Case] = &[
    Case(Rule::HostCr0, Field::HOST_CR0, LONG, |m| {
        m.turn_off(Field::HOST_CR0, 1 << 5)
    }),
    Case(Rule::HostCr0, Field::HOST_CR0, LONG, |m| {
        m.turn_on(Field::HOST_CR0, 1 << 32)
    }),
    Case(Rule::HostCr4, Field::HOST_CR4, LONG, |m| {
        m.turn_off(Field::HOST_CR4, 1 << 13)
    }),
    Case(Rule::HostCr4, Field::HOST_CR4, LONG, |m| {
        m.turn_on(Field::HOST_CR4, 1 << 15)
    }),
    Case(Rule::HostCetWithoutWp, Field::HOST_CR4, LONG, |m| {
        m.turn_on(Field::HOST_CR4, 1 << 23);
        m.turn_off(Field::HOST_CR0, 1 << 16);
    }),
    Case(Rule::HostCr3, Field::HOST_CR3, LONG, |m| {
        m.turn_on(Field::HOST_CR3, 1 << 39)
    }),
    Case(Rule::HostCr3, Field::HOST_CR3, LONG, |m| {
        m.turn_on(Field::HOST_CR3, 1 << 61)
    }),
    Case(
        Rule::HostSysenter,
        Field::HOST_IA32_SYSENTER_ESP,
        LONG,
        |m| m.set(Field::HOST_IA32_SYSENTER_ESP, NOT_CANONICAL),
    ),
    Case(
        Rule::HostSysenter,
        Field::HOST_IA32_SYSENTER_EIP,
        LONG,
        |m| m.set(Field::HOST_IA32_SYSENTER_EIP, NOT_CANONICAL),
    ),
    Case(
        Rule::HostPerfGlobalCtrl,
        Field::HOST_IA32_PERF_GLOBAL_CTRL,
        loading,
        |m| m.set(Field::HOST_IA32_PERF_GLOBAL_CTRL, 1 << 4),
    ),
    Case(Rule::HostPat, Field::HOST_IA32_PAT, LONG, |m| {
        m.set(Field::HOST_IA32_PAT, 0x02)
    }),
    Case(Rule::HostPat, Field::HOST_IA32_PAT, LONG, |m| {
        m.set(Field::HOST_IA32_PAT, 0x08 << 56)
    }),
    Case(Rule::HostEferReserved, Field::HOST_IA32_EFER, LONG, |m| {
        m.turn_on(Field::HOST_IA32_EFER, 1 << 12)
    }),
    Case(Rule::HostEferMode, Field::HOST_IA32_EFER, LONG, |m| {
        m.turn_off(Field::HOST_IA32_EFER, 1 << 10)
    }),
    Case(Rule::HostEferMode, Field::HOST_IA32_EFER, LONG, |m| {
        m.turn_off(Field::HOST_IA32_EFER, 1 << 8)
    }),
    Case(
        Rule::HostSCetReserved,
        Field::HOST_IA32_S_CET,
        loading,
        |m| m.set(Field::HOST_IA32_S_CET, 1 << 6),
    ),
    Case(
        Rule::HostSCetReserved,
        Field::HOST_IA32_S_CET,
        loading,
        |m| m.set(Field::HOST_IA32_S_CET, 3 << 10),
    ),
    Case(Rule::HostSspAlignment, Field::HOST_SSP, loading, |m| {
        m.set(Field::HOST_SSP, 2)
    }),
    Case(
        Rule::HostInterruptSspTable,
        Field::HOST_IA32_INTERRUPT_SSP_TABLE_ADDR,
        loading,
        |m| {
            m.set(Field::HOST_IA32_INTERRUPT_SSP_TABLE_ADDR, NOT_CANONICAL);
        },
    ),
    Case(Rule::HostPkrs, Field::HOST_IA32_PKRS, loading, |m| {
        m.set(Field::HOST_IA32_PKRS, 1 << 32)
    }),
    Case(Rule::HostSelector, Field::HOST_SS_SELECTOR, LONG, |m| {
        m.set(Field::HOST_SS_SELECTOR, 0x13)
    }),
    Case(Rule::HostSelector, Field::HOST_TR_SELECTOR, LONG, |m| {
        m.set(Field::HOST_TR_SELECTOR, 0x1c)
    }),
    Case(Rule::HostSelectorNull, Field::HOST_CS_SELECTOR, LONG, |m| {
        m.set(Field::HOST_CS_SELECTOR, 0)
    }),
    Case(Rule::HostSelectorNull, Field::HOST_TR_SELECTOR, LONG, |m| {
        m.set(Field::HOST_TR_SELECTOR, 0)
    }),
    Case(Rule::HostBase, Field::HOST_FS_BASE, LONG, |m| {
        m.set(Field::HOST_FS_BASE, NOT_CANONICAL)
    }),
    Case(Rule::HostBase, Field::HOST_GS_BASE, LONG, |m| {
        m.set(Field::HOST_GS_BASE, NOT_CANONICAL)
    }),
    Case(Rule::HostBase, Field::HOST_TR_BASE, LONG, |m| {
        m.set(Field::HOST_TR_BASE, NOT_CANONICAL)
    }),
    Case(Rule::HostBase, Field::HOST_GDTR_BASE, LONG, |m| {
        m.set(Field::HOST_GDTR_BASE, NOT_CANONICAL)
    }),
    Case(Rule::HostBase, Field::HOST_IDTR_BASE, LONG, |m| {
        m.set(Field::HOST_IDTR_BASE, NOT_CANONICAL)
    }),
    Case(
        Rule::HostAddressSpaceSize,
        Field::VM_EXIT_CONTROLS,
        LONG,
        |m| {
            m.turn_off(
                Field::VM_EXIT_CONTROLS,
                VmExit::HOST_ADDRESS_SPACE_SIZE.bits().into(),
            );
            m.set(Field::HOST_IA32_EFER, 0);
        },
    ),
    Case(Rule::HostPae, Field::HOST_CR4, LONG, |m| {
        m.turn_off(Field::HOST_CR4, 1 << 5)
    }),
    Case(Rule::HostRip, Field::HOST_RIP, LONG, |m| {
        m.set(Field::HOST_RIP, NOT_CANONICAL)
    }),
    Case(
        Rule::HostSCetCanonical,
        Field::HOST_IA32_S_CET,
        loading,
        |m| m.set(Field::HOST_IA32_S_CET, NOT_CANONICAL),
    ),
    Case(Rule::HostSspCanonical, Field::HOST_SSP, loading, |m| {
        m.set(Field::HOST_SSP, NOT_CANONICAL)
    }),
];
