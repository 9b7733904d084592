//! Cases for §27.3.1.1 and §27.3.1.3 to §27.3.1.6.

use super::machine::Machine;
use super::{Allowed, Case};
use crate::checks::{PIN, Rule};
use crate::controls::{PinBased, VmEntry};
use crate::exit::InterruptionType;
use crate::field::Field;
use crate::segment::Segment;

const LONG: fn() -> Machine = Machine::long_mode;
const PAE: fn() -> Machine = Machine::pae;
const REAL: fn() -> Machine = Machine::real_mode;
const HALTED: fn() -> Machine = Machine::halted;
const NOT_CANONICAL: u64 = 1 << 47;
const INFORMATION: Field = Field::VM_ENTRY_INTERRUPTION_INFORMATION;
const INTERRUPTIBILITY: Field = Field::GUEST_INTERRUPTIBILITY_STATE;
const PENDING: Field = Field::GUEST_PENDING_DEBUG_EXCEPTIONS;
const STI: u64 = 1;
const MOV_SS: u64 = 2;
const TRAP_AND_IF: u64 = 0x302;

/// A guest whose entries load everything they can.
fn loading() -> Machine {
    let mut machine = LONG();
    machine.turn_on_entry(
        VmEntry::LOAD_IA32_PERF_GLOBAL_CTRL
            | VmEntry::LOAD_IA32_BNDCFGS
            | VmEntry::LOAD_IA32_RTIT_CTL
            | VmEntry::LOAD_CET_STATE
            | VmEntry::LOAD_GUEST_IA32_LBR_CTL
            | VmEntry::LOAD_PKRS
            | VmEntry::LOAD_UINV,
    );
    machine
}

/// The same outside IA-32e mode.
fn loading_protected() -> Machine {
    let mut machine = Machine::protected();
    machine.turn_on_entry(VmEntry::LOAD_CET_STATE);
    machine
}

/// A guest under a shadow of STI or MOV SS that single-steps.
fn stepping(blocking: u64) -> Machine {
    let mut machine = LONG();
    machine.set(INTERRUPTIBILITY, blocking);
    machine.set(Field::GUEST_RFLAGS, TRAP_AND_IF);
    machine.set(PENDING, 1 << 14);
    machine
}

fn shut_down() -> Machine {
    let mut machine = LONG();
    machine.set(Field::GUEST_ACTIVITY_STATE, 2);
    machine
}

pub const CASES: &[Case] = &[
    Case(Rule::GuestCr0, Field::GUEST_CR0, LONG, |m| {
        m.turn_off(Field::GUEST_CR0, 1 << 5)
    }),
    Case(Rule::GuestCr0, Field::GUEST_CR0, LONG, |m| {
        m.turn_on(Field::GUEST_CR0, 1 << 32)
    }),
    Case(Rule::GuestCr0, Field::GUEST_CR0, Machine::restricted, |m| {
        m.turn_off(Field::GUEST_CR0, 1 << 31)
    }),
    Case(
        Rule::GuestPagingWithoutProtection,
        Field::GUEST_CR0,
        REAL,
        |m| m.turn_on(Field::GUEST_CR0, 1 << 31),
    ),
    Case(Rule::GuestCr4, Field::GUEST_CR4, LONG, |m| {
        m.turn_off(Field::GUEST_CR4, 1 << 13)
    }),
    Case(Rule::GuestCr4, Field::GUEST_CR4, LONG, |m| {
        m.turn_on(Field::GUEST_CR4, 1 << 15)
    }),
    Case(Rule::GuestCetWithoutWp, Field::GUEST_CR4, LONG, |m| {
        m.turn_on(Field::GUEST_CR4, 1 << 23);
        m.turn_off(Field::GUEST_CR0, 1 << 16);
    }),
    Case(
        Rule::GuestLongModeWithoutPaging,
        Field::GUEST_CR0,
        LONG,
        |m| m.turn_off(Field::GUEST_CR0, 1 << 31),
    ),
    Case(Rule::GuestLongModeWithoutPae, Field::GUEST_CR4, LONG, |m| {
        m.turn_off(Field::GUEST_CR4, 1 << 5)
    }),
    Case(Rule::GuestPcidOutsideLongMode, Field::GUEST_CR4, PAE, |m| {
        m.turn_on(Field::GUEST_CR4, 1 << 17)
    }),
    Case(Rule::GuestCr3, Field::GUEST_CR3, LONG, |m| {
        m.turn_on(Field::GUEST_CR3, 1 << 39)
    }),
    Case(Rule::GuestCr3, Field::GUEST_CR3, LONG, |m| {
        m.turn_on(Field::GUEST_CR3, 1 << 62)
    }),
    Case(Rule::GuestDebugctl, Field::GUEST_IA32_DEBUGCTL, LONG, |m| {
        m.set(Field::GUEST_IA32_DEBUGCTL, 1 << 16)
    }),
    Case(Rule::GuestDr7, Field::GUEST_DR7, LONG, |m| {
        m.turn_on(Field::GUEST_DR7, 1 << 32)
    }),
    Case(Rule::GuestPat, Field::GUEST_IA32_PAT, LONG, |m| {
        m.set(Field::GUEST_IA32_PAT, 3)
    }),
    Case(Rule::GuestEferReserved, Field::GUEST_IA32_EFER, LONG, |m| {
        m.turn_on(Field::GUEST_IA32_EFER, 1 << 15)
    }),
    Case(Rule::GuestEferLma, Field::GUEST_IA32_EFER, LONG, |m| {
        m.turn_off(Field::GUEST_IA32_EFER, 1 << 10)
    }),
    Case(Rule::GuestEferLma, Field::GUEST_IA32_EFER, PAE, |m| {
        m.turn_on(Field::GUEST_IA32_EFER, 1 << 10)
    }),
    Case(Rule::GuestEferLme, Field::GUEST_IA32_EFER, LONG, |m| {
        m.turn_off(Field::GUEST_IA32_EFER, 1 << 8)
    }),
    Case(
        Rule::GuestSysenter,
        Field::GUEST_IA32_SYSENTER_ESP,
        LONG,
        |m| m.set(Field::GUEST_IA32_SYSENTER_ESP, NOT_CANONICAL),
    ),
    Case(
        Rule::GuestSysenter,
        Field::GUEST_IA32_SYSENTER_EIP,
        LONG,
        |m| m.set(Field::GUEST_IA32_SYSENTER_EIP, NOT_CANONICAL),
    ),
    Case(
        Rule::GuestPerfGlobalCtrl,
        Field::GUEST_IA32_PERF_GLOBAL_CTRL,
        loading,
        |m| {
            m.set(Field::GUEST_IA32_PERF_GLOBAL_CTRL, 1 << 35);
        },
    ),
    Case(
        Rule::GuestBndcfgs,
        Field::GUEST_IA32_BNDCFGS,
        loading,
        |m| m.set(Field::GUEST_IA32_BNDCFGS, 4),
    ),
    Case(
        Rule::GuestBndcfgs,
        Field::GUEST_IA32_BNDCFGS,
        loading,
        |m| m.set(Field::GUEST_IA32_BNDCFGS, NOT_CANONICAL),
    ),
    Case(
        Rule::GuestRtitCtl,
        Field::GUEST_IA32_RTIT_CTL,
        loading,
        |m| m.set(Field::GUEST_IA32_RTIT_CTL, 1 << 18),
    ),
    Case(Rule::GuestSCet, Field::GUEST_IA32_S_CET, loading, |m| {
        m.set(Field::GUEST_IA32_S_CET, 1 << 9)
    }),
    Case(Rule::GuestSCet, Field::GUEST_IA32_S_CET, loading, |m| {
        m.set(Field::GUEST_IA32_S_CET, NOT_CANONICAL)
    }),
    Case(
        Rule::GuestInterruptSspTable,
        Field::GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR,
        loading,
        |m| {
            m.set(Field::GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR, NOT_CANONICAL);
        },
    ),
    Case(Rule::GuestLbrCtl, Field::GUEST_IA32_LBR_CTL, loading, |m| {
        m.set(Field::GUEST_IA32_LBR_CTL, 1 << 4)
    }),
    Case(Rule::GuestPkrs, Field::GUEST_IA32_PKRS, loading, |m| {
        m.set(Field::GUEST_IA32_PKRS, 1 << 32)
    }),
    Case(Rule::GuestUinv, Field::GUEST_UINV, loading, |m| {
        m.set(Field::GUEST_UINV, 256)
    }),
    // §27.3.1.3
    Case(Rule::TableBase, Field::GUEST_GDTR_BASE, LONG, |m| {
        m.set(Field::GUEST_GDTR_BASE, NOT_CANONICAL)
    }),
    Case(Rule::TableBase, Field::GUEST_IDTR_BASE, LONG, |m| {
        m.set(Field::GUEST_IDTR_BASE, NOT_CANONICAL)
    }),
    Case(Rule::TableLimit, Field::GUEST_GDTR_LIMIT, LONG, |m| {
        m.set(Field::GUEST_GDTR_LIMIT, 0x1_0000)
    }),
    Case(Rule::TableLimit, Field::GUEST_IDTR_LIMIT, LONG, |m| {
        m.set(Field::GUEST_IDTR_LIMIT, 0x1_0000)
    }),
    // §27.3.1.4
    Case(Rule::RipWidth, Field::GUEST_RIP, PAE, |m| {
        m.set(Field::GUEST_RIP, 1 << 32)
    }),
    Case(Rule::RipWidth, Field::GUEST_RIP, LONG, |m| {
        m.rights(Segment::Cs, |rights| rights.with_long(false))
    }),
    Case(Rule::RipCanonical, Field::GUEST_RIP, LONG, |m| {
        m.set(Field::GUEST_RIP, 1 << 48)
    }),
    Case(Rule::RflagsReserved, Field::GUEST_RFLAGS, LONG, |m| {
        m.set(Field::GUEST_RFLAGS, 0)
    }),
    Case(Rule::RflagsReserved, Field::GUEST_RFLAGS, LONG, |m| {
        m.turn_on(Field::GUEST_RFLAGS, 1 << 15)
    }),
    Case(Rule::RflagsReserved, Field::GUEST_RFLAGS, LONG, |m| {
        m.turn_on(Field::GUEST_RFLAGS, 1 << 22)
    }),
    Case(
        Rule::RflagsVirtual8086,
        Field::GUEST_RFLAGS,
        Machine::virtual_8086,
        |m| m.turn_off(Field::GUEST_CR0, 1 << 31 | 1),
    ),
    Case(
        Rule::RflagsVirtual8086,
        Field::GUEST_RFLAGS,
        Machine::virtual_8086,
        |m| {
            m.turn_on_entry(VmEntry::IA32E_MODE_GUEST);
            m.set(Field::GUEST_IA32_EFER, 0x500);
        },
    ),
    Case(Rule::RflagsInterruptFlag, Field::GUEST_RFLAGS, LONG, |m| {
        m.inject(InterruptionType::EXTERNAL_INTERRUPT, 32)
    }),
    Case(Rule::SspAlignment, Field::GUEST_SSP, loading, |m| {
        m.set(Field::GUEST_SSP, 1)
    }),
    Case(Rule::SspWidth, Field::GUEST_SSP, loading_protected, |m| {
        m.set(Field::GUEST_SSP, 1 << 32)
    }),
    Case(Rule::SspCanonical, Field::GUEST_SSP, loading, |m| {
        m.set(Field::GUEST_SSP, 1 << 48)
    }),
    // §27.3.1.5
    Case(
        Rule::ActivityState,
        Field::GUEST_ACTIVITY_STATE,
        LONG,
        |m| m.set(Field::GUEST_ACTIVITY_STATE, 4),
    ),
    Case(
        Rule::ActivityState,
        Field::GUEST_ACTIVITY_STATE,
        HALTED,
        |m| m.capabilities.misc.set_activity_hlt(false),
    ),
    Case(
        Rule::ActivityState,
        Field::GUEST_ACTIVITY_STATE,
        shut_down,
        |m| m.capabilities.misc.set_activity_shutdown(false),
    ),
    Case(
        Rule::ActivityState,
        Field::GUEST_ACTIVITY_STATE,
        Machine::waiting,
        |m| {
            m.capabilities.misc.set_activity_wait_for_sipi(false);
        },
    ),
    Case(
        Rule::HaltedPrivilege,
        Field::GUEST_ACTIVITY_STATE,
        HALTED,
        |m| {
            m.rights(Segment::Cs, |rights| rights.with_dpl(3));
            m.rights(Segment::Ss, |rights| rights.with_dpl(3));
        },
    ),
    Case(
        Rule::InactiveWithBlocking,
        Field::GUEST_ACTIVITY_STATE,
        HALTED,
        |m| m.set(INTERRUPTIBILITY, STI),
    ),
    Case(Rule::InjectedInState, INFORMATION, HALTED, |m| {
        m.inject_with_code(14, 0)
    }),
    Case(Rule::InjectedInState, INFORMATION, HALTED, |m| {
        m.inject(InterruptionType::SOFTWARE_INTERRUPT, 3);
        m.set(Field::VM_ENTRY_INSTRUCTION_LENGTH, 2);
    }),
    Case(Rule::InjectedInState, INFORMATION, shut_down, |m| {
        m.set(Field::GUEST_RFLAGS, 0x202);
        m.inject(InterruptionType::EXTERNAL_INTERRUPT, 32);
    }),
    Case(Rule::InjectedInState, INFORMATION, Machine::waiting, |m| {
        m.inject(InterruptionType::NMI, 2)
    }),
    Case(
        Rule::InterruptibilityReserved,
        INTERRUPTIBILITY,
        LONG,
        |m| m.set(INTERRUPTIBILITY, 1 << 5),
    ),
    Case(Rule::BlockingByStiAndMovSs, INTERRUPTIBILITY, LONG, |m| {
        m.set(INTERRUPTIBILITY, STI | MOV_SS)
    }),
    Case(Rule::BlockingByStiWithoutIf, INTERRUPTIBILITY, LONG, |m| {
        m.set(INTERRUPTIBILITY, STI)
    }),
    Case(
        Rule::InterruptWhileBlocked,
        INTERRUPTIBILITY,
        || stepping(STI),
        |m| m.inject(InterruptionType::EXTERNAL_INTERRUPT, 32),
    ),
    Case(
        Rule::InterruptWhileBlocked,
        INTERRUPTIBILITY,
        || stepping(MOV_SS),
        |m| m.inject(InterruptionType::EXTERNAL_INTERRUPT, 32),
    ),
    Case(
        Rule::NmiWhileBlockedByMovSs,
        INTERRUPTIBILITY,
        || stepping(MOV_SS),
        |m| m.inject(InterruptionType::NMI, 2),
    ),
    Case(
        Rule::NmiWhileBlockedBySti,
        INTERRUPTIBILITY,
        || stepping(STI),
        |m| m.inject(InterruptionType::NMI, 2),
    ),
    Case(Rule::BlockingBySmi, INTERRUPTIBILITY, LONG, |m| {
        m.set(INTERRUPTIBILITY, 1 << 2)
    }),
    Case(Rule::NmiWhileBlockedByNmi, INTERRUPTIBILITY, LONG, |m| {
        m.set(INTERRUPTIBILITY, 1 << 3);
        m.inject(InterruptionType::NMI, 2);
    }),
    Case(Rule::EnclaveInterruption, INTERRUPTIBILITY, LONG, |m| {
        m.set(INTERRUPTIBILITY, 1 << 4);
        m.processor.sgx = false;
    }),
    Case(Rule::EnclaveInterruption, INTERRUPTIBILITY, LONG, |m| {
        m.set(INTERRUPTIBILITY, 1 << 4 | MOV_SS)
    }),
    Case(Rule::PendingDebugReserved, PENDING, LONG, |m| {
        m.set(PENDING, 1 << 4)
    }),
    Case(Rule::PendingDebugReserved, PENDING, LONG, |m| {
        m.set(PENDING, 1 << 13)
    }),
    Case(Rule::PendingDebugReserved, PENDING, LONG, |m| {
        m.set(PENDING, 1 << 63)
    }),
    Case(Rule::PendingDebugReserved, PENDING, LONG, |m| {
        m.set(PENDING, 1 << 11);
        m.processor.bus_lock_detection = false;
    }),
    Case(
        Rule::SingleStepMissing,
        PENDING,
        || stepping(STI),
        |m| m.set(PENDING, 0),
    ),
    Case(Rule::SingleStepMissing, PENDING, HALTED, |m| {
        m.set(Field::GUEST_RFLAGS, TRAP_AND_IF)
    }),
    Case(
        Rule::SingleStepUnexpected,
        PENDING,
        || stepping(MOV_SS),
        |m| m.set(Field::GUEST_RFLAGS, 2),
    ),
    Case(
        Rule::SingleStepUnexpected,
        PENDING,
        || stepping(MOV_SS),
        |m| m.set(Field::GUEST_IA32_DEBUGCTL, 2),
    ),
    Case(Rule::PendingDebugRtm, PENDING, LONG, |m| {
        m.set(PENDING, 1 << 16)
    }),
    Case(Rule::PendingDebugRtm, PENDING, LONG, |m| {
        m.set(PENDING, 1 << 16 | 1 << 12 | 1)
    }),
    Case(Rule::PendingDebugRtm, PENDING, LONG, |m| {
        m.set(PENDING, 1 << 16 | 1 << 12);
        m.processor.rtm = false;
    }),
    Case(Rule::PendingDebugRtm, PENDING, LONG, |m| {
        m.set(PENDING, 1 << 16 | 1 << 12);
        m.set(INTERRUPTIBILITY, MOV_SS);
    }),
    Case(Rule::LinkPointer, Field::VMCS_LINK_POINTER, LONG, |m| {
        m.set(Field::VMCS_LINK_POINTER, 8)
    }),
    Case(Rule::LinkPointer, Field::VMCS_LINK_POINTER, LONG, |m| {
        m.set(Field::VMCS_LINK_POINTER, 1 << 39)
    }),
    // §27.3.1.6
    Case(Rule::PdpteReserved, Field::GUEST_PDPTE0, PAE, |m| {
        m.set(Field::GUEST_PDPTE0, 0x8003)
    }),
    Case(Rule::PdpteReserved, Field::GUEST_PDPTE3, PAE, |m| {
        m.set(Field::GUEST_PDPTE3, 1 << 39 | 1)
    }),
];

pub const ALLOWED: &[Allowed] = &[
    Allowed("a guest whose entries load everything", loading, |_| ()),
    Allowed(
        "RIP just past the canonical half, to fault there",
        LONG,
        |m| m.set(Field::GUEST_RIP, NOT_CANONICAL),
    ),
    Allowed("LME before paging is on", Machine::protected, |m| {
        m.set(Field::GUEST_IA32_EFER, 0x100)
    }),
    Allowed("PCIDs in IA-32e mode", LONG, |m| {
        m.turn_on(Field::GUEST_CR4, 1 << 17)
    }),
    Allowed("masked addresses where the processor has them", LONG, |m| {
        m.processor.linear_address_masking = true;
        m.turn_on(Field::GUEST_CR3, 3 << 61);
    }),
    Allowed("compatibility mode", LONG, |m| {
        m.rights(Segment::Cs, |rights| {
            rights.with_long(false).with_default_big(true)
        });
        m.set(Field::GUEST_RIP, 0x1000);
    }),
    Allowed("MSRs whose load is off", LONG, |m| {
        m.set(Field::GUEST_IA32_BNDCFGS, u64::MAX);
        m.set(Field::GUEST_IA32_S_CET, u64::MAX);
        m.set(Field::GUEST_SSP, 1);
    }),
    Allowed("an interrupt that wakes a halted guest", HALTED, |m| {
        m.inject(InterruptionType::EXTERNAL_INTERRUPT, 32)
    }),
    Allowed("an NMI that wakes a halted guest", HALTED, |m| {
        m.inject(InterruptionType::NMI, 2)
    }),
    Allowed(
        "a machine check in a guest that is shut down",
        shut_down,
        |m| m.inject(InterruptionType::HARDWARE_EXCEPTION, 18),
    ),
    Allowed("a single step under MOV SS", || stepping(MOV_SS), |_| ()),
    Allowed(
        "a single step by branches under MOV SS",
        || stepping(MOV_SS),
        |m| {
            m.set(Field::GUEST_IA32_DEBUGCTL, 2);
            m.set(PENDING, 0);
        },
    ),
    Allowed(
        "an NMI under blocking by NMI, which without virtual NMIs is no matter",
        LONG,
        |m| {
            m.turn_off(PIN, PinBased::VIRTUAL_NMIS.bits().into());
            m.set(INTERRUPTIBILITY, 1 << 3);
            m.inject(InterruptionType::NMI, 2);
        },
    ),
    Allowed("a pending exception from a transaction", LONG, |m| {
        m.set(PENDING, 1 << 16 | 1 << 12)
    }),
    Allowed("a PDPTE that is not present", PAE, |m| {
        m.set(Field::GUEST_PDPTE1, u64::MAX - 1)
    }),
    Allowed("PDPTEs outside PAE paging", LONG, |m| {
        m.set(Field::GUEST_PDPTE1, u64::MAX)
    }),
    Allowed("a link pointer to another VMCS", LONG, |m| {
        m.set(Field::VMCS_LINK_POINTER, 0x9000)
    }),
];
