//! Cases for §27.2.1.

use super::machine::Machine;
use super::{Allowed, Case};
use crate::capabilities::Allowed as Settings;
use crate::checks::{PIN, PRIMARY, Rule, SECONDARY, TERTIARY};
use crate::controls::{
    PinBased, PrimaryProcessorBased as Primary, SecondaryProcessorBased as Secondary, VmEntry,
    VmExit,
};
use crate::exit::InterruptionType;
use crate::field::Field;

const LONG: fn() -> Machine = Machine::long_mode;
const REAL: fn() -> Machine = Machine::real_mode;
const PAST_WIDTH: u64 = 1 << 39;
const INFORMATION: Field = Field::VM_ENTRY_INTERRUPTION_INFORMATION;

/// Turns EPT off, and with it what needs it in a valid entry.
fn without_ept(machine: &mut Machine) {
    machine.turn_off_secondary(Secondary::ENABLE_EPT | Secondary::UNRESTRICTED_GUEST);
}

/// A local APIC with all of the hardware's help, and posted interrupts.
fn posted() -> Machine {
    let mut machine = LONG();
    machine.turn_on_pin(PinBased::PROCESS_POSTED_INTERRUPTS);
    machine.turn_on_secondary(
        Secondary::VIRTUAL_INTERRUPT_DELIVERY | Secondary::APIC_REGISTER_VIRTUALIZATION,
    );
    machine
}

/// Intel PT with guest-physical addresses.
fn tracing() -> Machine {
    let mut machine = LONG();
    machine.turn_on_secondary(Secondary::PT_USES_GUEST_PHYSICAL_ADDRESSES);
    machine.turn_on_entry(VmEntry::LOAD_IA32_RTIT_CTL);
    machine.turn_on_exit(VmExit::CLEAR_IA32_RTIT_CTL);
    machine
}

fn switching() -> Machine {
    let mut machine = LONG();
    machine.turn_on_secondary(Secondary::ENABLE_VM_FUNCTIONS);
    machine.set(Field::VM_FUNCTION_CONTROLS, 1);
    machine
}

fn without_shadow(control: Secondary) -> Machine {
    let mut machine = LONG();
    machine.turn_off(PRIMARY, Primary::USE_TPR_SHADOW.bits().into());
    machine.turn_on_secondary(control);
    machine
}

pub const CASES: &[Case] = &[
    Case(Rule::PinBasedControls, PIN, LONG, |m| {
        m.turn_off(PIN, 1 << 2)
    }),
    Case(Rule::PinBasedControls, PIN, LONG, |m| {
        m.capabilities.pin = Settings(0x16 | 0x3f << 32)
    }),
    Case(Rule::PrimaryControls, PRIMARY, LONG, |m| {
        m.turn_off(PRIMARY, 1 << 1)
    }),
    Case(Rule::SecondaryControls, SECONDARY, LONG, |m| {
        m.capabilities.secondary = Settings(0x20 << 32)
    }),
    Case(Rule::TertiaryControls, TERTIARY, LONG, |m| {
        m.turn_on_tertiary(1);
        m.capabilities.tertiary = !1;
    }),
    Case(Rule::Cr3TargetCount, Field::CR3_TARGET_COUNT, LONG, |m| {
        m.set(Field::CR3_TARGET_COUNT, 5)
    }),
    Case(
        Rule::ControlAddressAlignment,
        Field::ADDRESS_OF_IO_BITMAP_A,
        LONG,
        |m| m.set(Field::ADDRESS_OF_IO_BITMAP_A, 0x800),
    ),
    Case(
        Rule::ControlAddressWidth,
        Field::ADDRESS_OF_IO_BITMAP_A,
        LONG,
        |m| m.set(Field::ADDRESS_OF_IO_BITMAP_A, PAST_WIDTH),
    ),
    Case(
        Rule::ControlAddressAlignment,
        Field::ADDRESS_OF_IO_BITMAP_B,
        LONG,
        |m| m.set(Field::ADDRESS_OF_IO_BITMAP_B, 1),
    ),
    Case(
        Rule::ControlAddressWidth,
        Field::ADDRESS_OF_MSR_BITMAPS,
        LONG,
        |m| m.set(Field::ADDRESS_OF_MSR_BITMAPS, PAST_WIDTH),
    ),
    Case(
        Rule::ControlAddressWidth,
        Field::ADDRESS_OF_MSR_BITMAPS,
        LONG,
        |m| {
            m.capabilities.basic.set_addresses_limited_to_32_bits(true);
            m.set(Field::ADDRESS_OF_MSR_BITMAPS, 1 << 32);
        },
    ),
    Case(
        Rule::ControlAddressAlignment,
        Field::VIRTUAL_APIC_ADDRESS,
        LONG,
        |m| m.set(Field::VIRTUAL_APIC_ADDRESS, 0x10),
    ),
    Case(
        Rule::TprThresholdReserved,
        Field::TPR_THRESHOLD,
        LONG,
        |m| m.set(Field::TPR_THRESHOLD, 0x10),
    ),
    Case(Rule::VirtualNmisWithoutNmiExiting, PIN, LONG, |m| {
        m.turn_off(PIN, PinBased::NMI_EXITING.bits().into())
    }),
    Case(Rule::NmiWindowWithoutVirtualNmis, PRIMARY, LONG, |m| {
        m.turn_off(PIN, PinBased::VIRTUAL_NMIS.bits().into());
        m.turn_on_primary(Primary::NMI_WINDOW_EXITING);
    }),
    Case(
        Rule::ApicControlWithoutTprShadow,
        SECONDARY,
        || without_shadow(Secondary::VIRTUALIZE_X2APIC_MODE),
        |_| (),
    ),
    Case(
        Rule::ApicControlWithoutTprShadow,
        SECONDARY,
        || without_shadow(Secondary::APIC_REGISTER_VIRTUALIZATION),
        |_| (),
    ),
    Case(
        Rule::ApicControlWithoutTprShadow,
        SECONDARY,
        || without_shadow(Secondary::VIRTUAL_INTERRUPT_DELIVERY),
        |_| (),
    ),
    Case(
        Rule::ApicControlWithoutTprShadow,
        TERTIARY,
        || without_shadow(Secondary::empty()),
        |m| m.turn_on_tertiary(1 << 4),
    ),
    Case(
        Rule::ControlAddressAlignment,
        Field::APIC_ACCESS_ADDRESS,
        LONG,
        |m| {
            m.turn_on_secondary(Secondary::VIRTUALIZE_APIC_ACCESSES);
            m.set(Field::APIC_ACCESS_ADDRESS, 0xfee0_0010);
        },
    ),
    Case(Rule::X2apicModeWithApicAccesses, SECONDARY, LONG, |m| {
        m.turn_on_secondary(
            Secondary::VIRTUALIZE_APIC_ACCESSES | Secondary::VIRTUALIZE_X2APIC_MODE,
        );
    }),
    Case(
        Rule::VirtualInterruptsWithoutInterruptExiting,
        SECONDARY,
        LONG,
        |m| {
            m.turn_on_secondary(Secondary::VIRTUAL_INTERRUPT_DELIVERY);
            m.turn_off(PIN, PinBased::EXTERNAL_INTERRUPT_EXITING.bits().into());
        },
    ),
    Case(Rule::PostedInterruptsWithoutDelivery, PIN, LONG, |m| {
        m.turn_on_pin(PinBased::PROCESS_POSTED_INTERRUPTS)
    }),
    Case(
        Rule::PostedInterruptsWithoutAcknowledge,
        Field::VM_EXIT_CONTROLS,
        posted,
        |m| {
            m.turn_off(
                Field::VM_EXIT_CONTROLS,
                VmExit::ACKNOWLEDGE_INTERRUPT_ON_EXIT.bits().into(),
            );
        },
    ),
    Case(
        Rule::PostedInterruptVector,
        Field::POSTED_INTERRUPT_NOTIFICATION_VECTOR,
        posted,
        |m| {
            m.set(Field::POSTED_INTERRUPT_NOTIFICATION_VECTOR, 256);
        },
    ),
    Case(
        Rule::ControlAddressAlignment,
        Field::POSTED_INTERRUPT_DESCRIPTOR_ADDRESS,
        posted,
        |m| {
            m.set(Field::POSTED_INTERRUPT_DESCRIPTOR_ADDRESS, 32);
        },
    ),
    Case(
        Rule::ControlAddressAlignment,
        Field::PID_POINTER_TABLE_ADDRESS,
        LONG,
        |m| {
            m.turn_on_tertiary(1 << 4);
            m.set(Field::PID_POINTER_TABLE_ADDRESS, 4);
        },
    ),
    Case(
        Rule::VpidZero,
        Field::VIRTUAL_PROCESSOR_IDENTIFIER,
        LONG,
        |m| m.set(Field::VIRTUAL_PROCESSOR_IDENTIFIER, 0),
    ),
    Case(Rule::EptPointerMemoryType, Field::EPT_POINTER, LONG, |m| {
        m.set(Field::EPT_POINTER, 0x501c)
    }),
    Case(Rule::EptPointerMemoryType, Field::EPT_POINTER, LONG, |m| {
        m.set(Field::EPT_POINTER, 0x5018);
        m.capabilities.ept_vpid.set_memory_type_uc(false);
    }),
    Case(Rule::EptPointerWalkLength, Field::EPT_POINTER, LONG, |m| {
        m.set(Field::EPT_POINTER, 0x5016)
    }),
    Case(Rule::EptPointerWalkLength, Field::EPT_POINTER, LONG, |m| {
        m.set(Field::EPT_POINTER, 0x5026)
    }),
    Case(
        Rule::EptPointerAccessedDirty,
        Field::EPT_POINTER,
        LONG,
        |m| {
            m.set(Field::EPT_POINTER, 0x505e);
            m.capabilities.ept_vpid.set_accessed_dirty(false);
        },
    ),
    Case(Rule::EptPointerShadowStack, Field::EPT_POINTER, LONG, |m| {
        m.set(Field::EPT_POINTER, 0x509e);
        m.capabilities.ept_vpid.set_supervisor_shadow_stack(false);
    }),
    Case(Rule::EptPointerReserved, Field::EPT_POINTER, LONG, |m| {
        m.set(Field::EPT_POINTER, 0x511e)
    }),
    Case(Rule::EptPointerReserved, Field::EPT_POINTER, LONG, |m| {
        m.set(Field::EPT_POINTER, PAST_WIDTH | 0x1e)
    }),
    Case(Rule::UnrestrictedGuestWithoutEpt, SECONDARY, LONG, |m| {
        m.turn_off_secondary(Secondary::ENABLE_EPT)
    }),
    Case(Rule::ModeBasedExecuteWithoutEpt, SECONDARY, LONG, |m| {
        without_ept(m);
        m.turn_on_secondary(Secondary::MODE_BASED_EXECUTE_CONTROL);
    }),
    Case(Rule::PmlWithoutEpt, SECONDARY, LONG, |m| {
        without_ept(m);
        m.turn_on_secondary(Secondary::ENABLE_PML);
    }),
    Case(
        Rule::ControlAddressAlignment,
        Field::PML_ADDRESS,
        LONG,
        |m| {
            m.turn_on_secondary(Secondary::ENABLE_PML);
            m.set(Field::PML_ADDRESS, 8);
        },
    ),
    Case(Rule::SubPagePermissionsWithoutEpt, SECONDARY, LONG, |m| {
        without_ept(m);
        m.turn_on_secondary(Secondary::SUB_PAGE_WRITE_PERMISSIONS);
    }),
    Case(
        Rule::ControlAddressWidth,
        Field::SUB_PAGE_PERMISSION_TABLE_POINTER,
        LONG,
        |m| {
            m.turn_on_secondary(Secondary::SUB_PAGE_WRITE_PERMISSIONS);
            m.set(Field::SUB_PAGE_PERMISSION_TABLE_POINTER, PAST_WIDTH);
        },
    ),
    Case(
        Rule::TraceAddressesWithoutEpt,
        SECONDARY,
        tracing,
        without_ept,
    ),
    Case(
        Rule::TraceAddressesWithoutLoad,
        Field::VM_ENTRY_CONTROLS,
        tracing,
        |m| {
            m.turn_off(
                Field::VM_ENTRY_CONTROLS,
                VmEntry::LOAD_IA32_RTIT_CTL.bits().into(),
            );
        },
    ),
    Case(
        Rule::TraceAddressesWithoutClear,
        Field::VM_EXIT_CONTROLS,
        tracing,
        |m| {
            m.turn_off(
                Field::VM_EXIT_CONTROLS,
                VmExit::CLEAR_IA32_RTIT_CTL.bits().into(),
            );
        },
    ),
    Case(Rule::PagingControlWithoutEpt, TERTIARY, LONG, |m| {
        without_ept(m);
        m.turn_on_tertiary(1 << 1);
    }),
    Case(Rule::HlatPointerReserved, Field::HLAT_POINTER, LONG, |m| {
        m.turn_on_tertiary(1 << 1);
        m.set(Field::HLAT_POINTER, 0x20);
    }),
    Case(
        Rule::VmFunctionControls,
        Field::VM_FUNCTION_CONTROLS,
        switching,
        |m| m.set(Field::VM_FUNCTION_CONTROLS, 3),
    ),
    Case(
        Rule::EptpSwitchingWithoutEpt,
        Field::VM_FUNCTION_CONTROLS,
        switching,
        without_ept,
    ),
    Case(
        Rule::ControlAddressAlignment,
        Field::EPTP_LIST_ADDRESS,
        switching,
        |m| m.set(Field::EPTP_LIST_ADDRESS, 8),
    ),
    Case(
        Rule::ControlAddressAlignment,
        Field::VMREAD_BITMAP_ADDRESS,
        LONG,
        |m| {
            m.turn_on_secondary(Secondary::VMCS_SHADOWING);
            m.set(Field::VMREAD_BITMAP_ADDRESS, 8);
        },
    ),
    Case(
        Rule::ControlAddressWidth,
        Field::VMWRITE_BITMAP_ADDRESS,
        LONG,
        |m| {
            m.turn_on_secondary(Secondary::VMCS_SHADOWING);
            m.set(Field::VMWRITE_BITMAP_ADDRESS, PAST_WIDTH);
        },
    ),
    Case(
        Rule::ControlAddressAlignment,
        Field::VIRTUALIZATION_EXCEPTION_INFORMATION_ADDRESS,
        LONG,
        |m| {
            m.turn_on_secondary(Secondary::EPT_VIOLATION_VE);
            m.set(Field::VIRTUALIZATION_EXCEPTION_INFORMATION_ADDRESS, 8);
        },
    ),
    Case(
        Rule::ControlAddressAlignment,
        Field::HIGH_PASID_DIRECTORY_ADDRESS,
        LONG,
        |m| {
            m.turn_on_secondary(Secondary::PASID_TRANSLATION);
            m.set(Field::HIGH_PASID_DIRECTORY_ADDRESS, 8);
        },
    ),
    Case(Rule::TscMultiplierZero, Field::TSC_MULTIPLIER, LONG, |m| {
        m.turn_on_secondary(Secondary::USE_TSC_SCALING)
    }),
    // §27.2.1.2
    Case(Rule::ExitControls, Field::VM_EXIT_CONTROLS, LONG, |m| {
        m.turn_off(Field::VM_EXIT_CONTROLS, 1)
    }),
    Case(
        Rule::SecondaryExitControls,
        Field::SECONDARY_VM_EXIT_CONTROLS,
        LONG,
        |m| {
            m.turn_on_exit(VmExit::ACTIVATE_SECONDARY_CONTROLS);
            m.set(Field::SECONDARY_VM_EXIT_CONTROLS, 8);
            m.capabilities.secondary_exit = 7;
        },
    ),
    Case(
        Rule::SaveTimerWithoutTimer,
        Field::VM_EXIT_CONTROLS,
        LONG,
        |m| {
            m.turn_on_exit(VmExit::SAVE_VMX_PREEMPTION_TIMER_VALUE);
            m.turn_off(PIN, PinBased::ACTIVATE_VMX_PREEMPTION_TIMER.bits().into());
        },
    ),
    Case(
        Rule::ExitMsrAreaAlignment,
        Field::VM_EXIT_MSR_STORE_ADDRESS,
        LONG,
        |m| {
            m.set(Field::VM_EXIT_MSR_STORE_COUNT, 1);
            m.set(Field::VM_EXIT_MSR_STORE_ADDRESS, 8);
        },
    ),
    Case(
        Rule::ExitMsrAreaWidth,
        Field::VM_EXIT_MSR_LOAD_ADDRESS,
        LONG,
        |m| {
            m.set(Field::VM_EXIT_MSR_LOAD_COUNT, 2);
            m.set(Field::VM_EXIT_MSR_LOAD_ADDRESS, PAST_WIDTH - 16);
        },
    ),
    // §27.2.1.3
    Case(Rule::EntryControls, Field::VM_ENTRY_CONTROLS, LONG, |m| {
        m.turn_off(Field::VM_ENTRY_CONTROLS, 1)
    }),
    Case(
        Rule::SmmControlOutsideSmm,
        Field::VM_ENTRY_CONTROLS,
        LONG,
        |m| m.turn_on_entry(VmEntry::ENTRY_TO_SMM),
    ),
    Case(
        Rule::SmmControlOutsideSmm,
        Field::VM_ENTRY_CONTROLS,
        LONG,
        |m| {
            m.turn_on_entry(VmEntry::DEACTIVATE_DUAL_MONITOR_TREATMENT);
        },
    ),
    Case(
        Rule::EntryMsrAreaAlignment,
        Field::VM_ENTRY_MSR_LOAD_ADDRESS,
        LONG,
        |m| {
            m.set(Field::VM_ENTRY_MSR_LOAD_COUNT, 1);
            m.set(Field::VM_ENTRY_MSR_LOAD_ADDRESS, 8);
        },
    ),
    Case(
        Rule::EntryMsrAreaWidth,
        Field::VM_ENTRY_MSR_LOAD_ADDRESS,
        LONG,
        |m| {
            m.set(Field::VM_ENTRY_MSR_LOAD_COUNT, 1);
            m.set(Field::VM_ENTRY_MSR_LOAD_ADDRESS, u64::MAX << 4);
        },
    ),
    Case(Rule::InjectedType, INFORMATION, LONG, |m| {
        m.inject(InterruptionType(1), 32)
    }),
    Case(Rule::InjectedType, INFORMATION, LONG, |m| {
        m.inject(InterruptionType::OTHER_EVENT, 0);
        m.capabilities.primary.0 &= !(u64::from(Primary::MONITOR_TRAP_FLAG.bits()) << 32);
    }),
    Case(Rule::InjectedNmiVector, INFORMATION, LONG, |m| {
        m.inject(InterruptionType::NMI, 3)
    }),
    Case(Rule::InjectedExceptionVector, INFORMATION, LONG, |m| {
        m.inject(InterruptionType::HARDWARE_EXCEPTION, 32)
    }),
    Case(Rule::InjectedOtherEventVector, INFORMATION, LONG, |m| {
        m.inject(InterruptionType::OTHER_EVENT, 1)
    }),
    Case(Rule::InjectedErrorCodeMissing, INFORMATION, LONG, |m| {
        m.capabilities.basic.set_any_error_code(false);
        m.inject(InterruptionType::HARDWARE_EXCEPTION, 13);
    }),
    Case(Rule::InjectedErrorCodeUnexpected, INFORMATION, LONG, |m| {
        m.capabilities.basic.set_any_error_code(false);
        m.inject_with_code(6, 0);
    }),
    Case(Rule::InjectedErrorCodeUnexpected, INFORMATION, REAL, |m| {
        m.inject_with_code(13, 0)
    }),
    Case(Rule::InjectedErrorCodeUnexpected, INFORMATION, LONG, |m| {
        m.inject(InterruptionType::NMI, 2);
        m.turn_on(INFORMATION, 1 << 11);
    }),
    Case(Rule::InjectedReserved, INFORMATION, LONG, |m| {
        m.inject(InterruptionType::NMI, 2);
        m.turn_on(INFORMATION, 1 << 12);
    }),
    Case(Rule::InjectedReserved, INFORMATION, LONG, |m| {
        m.inject(InterruptionType::NMI, 2);
        m.turn_on(INFORMATION, 1 << 30);
    }),
    Case(
        Rule::InjectedErrorCodeReserved,
        Field::VM_ENTRY_EXCEPTION_ERROR_CODE,
        LONG,
        |m| m.inject_with_code(14, 1 << 16),
    ),
    Case(
        Rule::InjectedInstructionLength,
        Field::VM_ENTRY_INSTRUCTION_LENGTH,
        LONG,
        |m| {
            m.inject(InterruptionType::SOFTWARE_INTERRUPT, 0x80);
            m.set(Field::VM_ENTRY_INSTRUCTION_LENGTH, 16);
        },
    ),
    Case(
        Rule::InjectedInstructionLength,
        Field::VM_ENTRY_INSTRUCTION_LENGTH,
        LONG,
        |m| {
            m.inject(InterruptionType::SOFTWARE_EXCEPTION, 3);
            m.capabilities.misc.set_zero_instruction_length(false);
        },
    ),
];

pub const ALLOWED: &[Allowed] = &[
    Allowed(
        "fields of controls that are off are not looked at",
        LONG,
        |m| {
            m.set(Field::APIC_ACCESS_ADDRESS, u64::MAX);
            m.set(Field::PML_ADDRESS, u64::MAX);
            m.set(Field::VM_EXIT_MSR_LOAD_ADDRESS, u64::MAX);
            m.set(Field::HLAT_POINTER, u64::MAX);
            m.set(TERTIARY, u64::MAX);
        },
    ),
    Allowed("an event that is not valid is not looked at", LONG, |m| {
        m.set(INFORMATION, 0x7fff_ffff)
    }),
    Allowed(
        "virtual-interrupt delivery frees the TPR threshold",
        posted,
        |m| m.set(Field::TPR_THRESHOLD, 0xff),
    ),
    Allowed("Intel PT with guest-physical addresses", tracing, |_| ()),
    Allowed("EPTP switching", switching, |_| ()),
    Allowed("accessed and dirty flags", LONG, |m| {
        m.set(Field::EPT_POINTER, 0x505e)
    }),
    Allowed("an MSR area up to the last byte", LONG, |m| {
        m.set(Field::VM_EXIT_MSR_LOAD_COUNT, 1);
        m.set(Field::VM_EXIT_MSR_LOAD_ADDRESS, PAST_WIDTH - 16);
    }),
    Allowed("#GP with its error code", LONG, |m| {
        m.inject_with_code(13, 0x18)
    }),
    Allowed("#GP in real mode, which pushes no error code", REAL, |m| {
        m.inject(InterruptionType::HARDWARE_EXCEPTION, 13)
    }),
    Allowed("#PF with the enclave bit in its error code", LONG, |m| {
        m.inject_with_code(14, 1 << 15)
    }),
    Allowed(
        "#CP with an error code where the processor takes any",
        LONG,
        |m| {
            m.capabilities.basic.set_any_error_code(true);
            m.inject_with_code(21, 3);
        },
    ),
    Allowed("INT3 of length 0 where the processor takes it", LONG, |m| {
        m.capabilities.misc.set_zero_instruction_length(true);
        m.inject(InterruptionType::SOFTWARE_EXCEPTION, 3);
    }),
    Allowed("a pending monitor trap", LONG, |m| {
        m.inject(InterruptionType::OTHER_EVENT, 0)
    }),
];
