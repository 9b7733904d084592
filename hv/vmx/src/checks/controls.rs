//! Checks on VMX controls (SDM Vol. 3C §27.2.1).

use super::{CR0_PE, Entry, PIN, PRIMARY, Rule, SECONDARY, TERTIARY, Violation};
use crate::controls::{
    PinBased, PrimaryProcessorBased, SecondaryProcessorBased as Secondary, VmEntry, VmExit,
};
use crate::exit::{InterruptionInformation, InterruptionType};
use crate::field::{Field, Vmcs};

/// Tertiary processor-based controls (SDM Vol. 3C §25.6.2, Table 25-8).
const ENABLE_HLAT: u64 = 1 << 1;
const EPT_PAGING_WRITE_CONTROL: u64 = 1 << 2;
const GUEST_PAGING_VERIFICATION: u64 = 1 << 3;
const IPI_VIRTUALIZATION: u64 = 1 << 4;
/// VM-function controls: EPTP switching.
const EPTP_SWITCHING: u64 = 1 << 0;
const PAGE: u64 = 4096;

pub fn check(entry: &Entry<'_, impl Vmcs>) -> Result<(), Violation> {
    words(entry)?;
    bitmaps(entry)?;
    interrupts(entry)?;
    apic(entry)?;
    ept(entry)?;
    needs_ept(entry)?;
    functions(entry)?;
    exit(entry)?;
    entry_controls(entry)?;
    match entry.injected {
        Some(event) => injection(entry, event),
        None => Ok(()),
    }
}

/// A structure of §27.2.1.1: its alignment, then its width.
fn structure(entry: &Entry<'_, impl Vmcs>, field: Field, alignment: u64) -> Result<(), Violation> {
    entry.require_of(field, Rule::ControlAddressAlignment, |address| {
        address % alignment == 0
    })?;
    entry.require_of(field, Rule::ControlAddressWidth, |address| {
        entry.is_structure_address(address)
    })
}

fn words(entry: &Entry<'_, impl Vmcs>) -> Result<(), Violation> {
    let capabilities = entry.capabilities;
    entry.require(
        capabilities.pin.permits(entry.pin.bits()),
        Rule::PinBasedControls,
        PIN,
    )?;
    entry.require(
        capabilities.primary.permits(entry.primary.bits()),
        Rule::PrimaryControls,
        PRIMARY,
    )?;
    if entry
        .primary
        .contains(PrimaryProcessorBased::ACTIVATE_SECONDARY_CONTROLS)
    {
        entry.require(
            capabilities.secondary.permits(entry.secondary.bits()),
            Rule::SecondaryControls,
            SECONDARY,
        )?;
    }
    entry.require(
        entry.tertiary & !capabilities.tertiary == 0,
        Rule::TertiaryControls,
        TERTIARY,
    )?;
    let targets = u64::from(capabilities.misc.cr3_targets());
    entry.require_of(Field::CR3_TARGET_COUNT, Rule::Cr3TargetCount, |count| {
        count <= targets
    })
}

fn bitmaps(entry: &Entry<'_, impl Vmcs>) -> Result<(), Violation> {
    if entry
        .primary
        .contains(PrimaryProcessorBased::USE_IO_BITMAPS)
    {
        structure(entry, Field::ADDRESS_OF_IO_BITMAP_A, PAGE)?;
        structure(entry, Field::ADDRESS_OF_IO_BITMAP_B, PAGE)?;
    }
    if entry
        .primary
        .contains(PrimaryProcessorBased::USE_MSR_BITMAPS)
    {
        structure(entry, Field::ADDRESS_OF_MSR_BITMAPS, PAGE)?;
    }
    Ok(())
}

fn interrupts(entry: &Entry<'_, impl Vmcs>) -> Result<(), Violation> {
    let virtual_nmis = entry.pin.contains(PinBased::VIRTUAL_NMIS);
    let nmi_exiting = entry.pin.contains(PinBased::NMI_EXITING);
    entry.require(
        !virtual_nmis || nmi_exiting,
        Rule::VirtualNmisWithoutNmiExiting,
        PIN,
    )?;
    let window = entry
        .primary
        .contains(PrimaryProcessorBased::NMI_WINDOW_EXITING);
    entry.require(
        !window || virtual_nmis,
        Rule::NmiWindowWithoutVirtualNmis,
        PRIMARY,
    )
}

fn apic(entry: &Entry<'_, impl Vmcs>) -> Result<(), Violation> {
    let delivery = entry.has(Secondary::VIRTUAL_INTERRUPT_DELIVERY);
    if entry
        .primary
        .contains(PrimaryProcessorBased::USE_TPR_SHADOW)
    {
        structure(entry, Field::VIRTUAL_APIC_ADDRESS, PAGE)?;
        entry.require_of(Field::TPR_THRESHOLD, Rule::TprThresholdReserved, |value| {
            delivery || value >> 4 == 0
        })?;
    } else {
        let needs_shadow = Secondary::VIRTUALIZE_X2APIC_MODE
            | Secondary::APIC_REGISTER_VIRTUALIZATION
            | Secondary::VIRTUAL_INTERRUPT_DELIVERY;
        let rule = Rule::ApicControlWithoutTprShadow;
        entry.require(!entry.secondary.intersects(needs_shadow), rule, SECONDARY)?;
        entry.require(entry.tertiary & IPI_VIRTUALIZATION == 0, rule, TERTIARY)?;
    }
    if entry.has(Secondary::VIRTUALIZE_APIC_ACCESSES) {
        structure(entry, Field::APIC_ACCESS_ADDRESS, PAGE)?;
        let x2apic = entry.has(Secondary::VIRTUALIZE_X2APIC_MODE);
        entry.require(!x2apic, Rule::X2apicModeWithApicAccesses, SECONDARY)?;
    }
    let interrupt_exiting = entry.pin.contains(PinBased::EXTERNAL_INTERRUPT_EXITING);
    entry.require(
        !delivery || interrupt_exiting,
        Rule::VirtualInterruptsWithoutInterruptExiting,
        SECONDARY,
    )?;
    if entry.pin.contains(PinBased::PROCESS_POSTED_INTERRUPTS) {
        let acknowledge = entry.exit.contains(VmExit::ACKNOWLEDGE_INTERRUPT_ON_EXIT);
        entry.require(delivery, Rule::PostedInterruptsWithoutDelivery, PIN)?;
        entry.require(
            acknowledge,
            Rule::PostedInterruptsWithoutAcknowledge,
            Field::VM_EXIT_CONTROLS,
        )?;
        let vector = Field::POSTED_INTERRUPT_NOTIFICATION_VECTOR;
        entry.require_of(vector, Rule::PostedInterruptVector, |vector| vector <= 255)?;
        structure(entry, Field::POSTED_INTERRUPT_DESCRIPTOR_ADDRESS, 64)?;
    }
    if entry.tertiary & IPI_VIRTUALIZATION != 0 {
        structure(entry, Field::PID_POINTER_TABLE_ADDRESS, 8)?;
    }
    Ok(())
}

fn ept(entry: &Entry<'_, impl Vmcs>) -> Result<(), Violation> {
    if entry.has(Secondary::ENABLE_VPID) {
        entry.require_of(
            Field::VIRTUAL_PROCESSOR_IDENTIFIER,
            Rule::VpidZero,
            |vpid| vpid != 0,
        )?;
    }
    if !entry.has(Secondary::ENABLE_EPT) {
        return Ok(());
    }
    let offered = entry.capabilities.ept_vpid;
    let pointer = entry.vmcs.read(Field::EPT_POINTER);
    let require = |holds, rule| entry.require(holds, rule, Field::EPT_POINTER);
    let memory_type = match pointer & 7 {
        0 => offered.memory_type_uc(),
        6 => offered.memory_type_wb(),
        _ => false,
    };
    require(memory_type, Rule::EptPointerMemoryType)?;
    let walk_length = match pointer >> 3 & 7 {
        3 => offered.walk_length_4(),
        4 => offered.walk_length_5(),
        _ => false,
    };
    require(walk_length, Rule::EptPointerWalkLength)?;
    require(
        pointer & 1 << 6 == 0 || offered.accessed_dirty(),
        Rule::EptPointerAccessedDirty,
    )?;
    require(
        pointer & 1 << 7 == 0 || offered.supervisor_shadow_stack(),
        Rule::EptPointerShadowStack,
    )?;
    require(
        pointer & 0xf00 == 0 && entry.is_physical(pointer),
        Rule::EptPointerReserved,
    )
}

fn needs_ept(entry: &Entry<'_, impl Vmcs>) -> Result<(), Violation> {
    let ept = entry.has(Secondary::ENABLE_EPT);
    let tracing = Secondary::PT_USES_GUEST_PHYSICAL_ADDRESSES;
    for (control, rule) in [
        (
            Secondary::UNRESTRICTED_GUEST,
            Rule::UnrestrictedGuestWithoutEpt,
        ),
        (
            Secondary::MODE_BASED_EXECUTE_CONTROL,
            Rule::ModeBasedExecuteWithoutEpt,
        ),
        (Secondary::ENABLE_PML, Rule::PmlWithoutEpt),
        (
            Secondary::SUB_PAGE_WRITE_PERMISSIONS,
            Rule::SubPagePermissionsWithoutEpt,
        ),
        (tracing, Rule::TraceAddressesWithoutEpt),
    ] {
        entry.require(ept || !entry.has(control), rule, SECONDARY)?;
    }
    if entry.has(Secondary::ENABLE_PML) {
        structure(entry, Field::PML_ADDRESS, PAGE)?;
    }
    if entry.has(Secondary::SUB_PAGE_WRITE_PERMISSIONS) {
        structure(entry, Field::SUB_PAGE_PERMISSION_TABLE_POINTER, PAGE)?;
    }
    if entry.has(tracing) {
        let loads = entry.entry.contains(VmEntry::LOAD_IA32_RTIT_CTL);
        let clears = entry.exit.contains(VmExit::CLEAR_IA32_RTIT_CTL);
        entry.require(
            loads,
            Rule::TraceAddressesWithoutLoad,
            Field::VM_ENTRY_CONTROLS,
        )?;
        entry.require(
            clears,
            Rule::TraceAddressesWithoutClear,
            Field::VM_EXIT_CONTROLS,
        )?;
    }
    let paging = ENABLE_HLAT | EPT_PAGING_WRITE_CONTROL | GUEST_PAGING_VERIFICATION;
    entry.require(
        ept || entry.tertiary & paging == 0,
        Rule::PagingControlWithoutEpt,
        TERTIARY,
    )?;
    if entry.tertiary & ENABLE_HLAT != 0 {
        let fits = |pointer| pointer & 0xfe7 == 0 && entry.is_structure_address(pointer);
        entry.require_of(Field::HLAT_POINTER, Rule::HlatPointerReserved, fits)?;
    }
    Ok(())
}

fn functions(entry: &Entry<'_, impl Vmcs>) -> Result<(), Violation> {
    if entry.has(Secondary::ENABLE_VM_FUNCTIONS) {
        let functions = entry.vmcs.read(Field::VM_FUNCTION_CONTROLS);
        let require = |holds, rule| entry.require(holds, rule, Field::VM_FUNCTION_CONTROLS);
        require(
            functions & !entry.capabilities.vm_functions == 0,
            Rule::VmFunctionControls,
        )?;
        if functions & EPTP_SWITCHING != 0 {
            require(
                entry.has(Secondary::ENABLE_EPT),
                Rule::EptpSwitchingWithoutEpt,
            )?;
            structure(entry, Field::EPTP_LIST_ADDRESS, PAGE)?;
        }
    }
    for (control, field) in [
        (Secondary::VMCS_SHADOWING, Field::VMREAD_BITMAP_ADDRESS),
        (Secondary::VMCS_SHADOWING, Field::VMWRITE_BITMAP_ADDRESS),
        (
            Secondary::EPT_VIOLATION_VE,
            Field::VIRTUALIZATION_EXCEPTION_INFORMATION_ADDRESS,
        ),
        (
            Secondary::PASID_TRANSLATION,
            Field::LOW_PASID_DIRECTORY_ADDRESS,
        ),
        (
            Secondary::PASID_TRANSLATION,
            Field::HIGH_PASID_DIRECTORY_ADDRESS,
        ),
    ] {
        if entry.has(control) {
            structure(entry, field, PAGE)?;
        }
    }
    if entry.has(Secondary::USE_TSC_SCALING) {
        entry.require_of(
            Field::TSC_MULTIPLIER,
            Rule::TscMultiplierZero,
            |multiplier| multiplier != 0,
        )?;
    }
    Ok(())
}

fn exit(entry: &Entry<'_, impl Vmcs>) -> Result<(), Violation> {
    let (capabilities, controls) = (entry.capabilities, Field::VM_EXIT_CONTROLS);
    entry.require(
        capabilities.exit.permits(entry.exit.bits()),
        Rule::ExitControls,
        controls,
    )?;
    if entry.exit.contains(VmExit::ACTIVATE_SECONDARY_CONTROLS) {
        let permitted = |value| value & !capabilities.secondary_exit == 0;
        entry.require_of(
            Field::SECONDARY_VM_EXIT_CONTROLS,
            Rule::SecondaryExitControls,
            permitted,
        )?;
    }
    let saves = entry.exit.contains(VmExit::SAVE_VMX_PREEMPTION_TIMER_VALUE);
    let timer = entry.pin.contains(PinBased::ACTIVATE_VMX_PREEMPTION_TIMER);
    entry.require(!saves || timer, Rule::SaveTimerWithoutTimer, controls)?;
    let rules = (Rule::ExitMsrAreaAlignment, Rule::ExitMsrAreaWidth);
    msr_area(
        entry,
        Field::VM_EXIT_MSR_STORE_COUNT,
        Field::VM_EXIT_MSR_STORE_ADDRESS,
        rules,
    )?;
    msr_area(
        entry,
        Field::VM_EXIT_MSR_LOAD_COUNT,
        Field::VM_EXIT_MSR_LOAD_ADDRESS,
        rules,
    )
}

/// An area of 16-byte entries; the last byte counts for the width too.
fn msr_area(
    entry: &Entry<'_, impl Vmcs>,
    count: Field,
    address: Field,
    (alignment, width): (Rule, Rule),
) -> Result<(), Violation> {
    let bytes = entry.vmcs.read(count) * 16;
    if bytes == 0 {
        return Ok(());
    }
    entry.require_of(address, alignment, |address| address % 16 == 0)?;
    entry.require_of(address, width, |address| {
        entry.is_structure_address(address)
            && address
                .checked_add(bytes - 1)
                .is_some_and(|last| entry.is_structure_address(last))
    })
}

fn entry_controls(entry: &Entry<'_, impl Vmcs>) -> Result<(), Violation> {
    let controls = Field::VM_ENTRY_CONTROLS;
    entry.require(
        entry.capabilities.entry.permits(entry.entry.bits()),
        Rule::EntryControls,
        controls,
    )?;
    let smm = VmEntry::ENTRY_TO_SMM | VmEntry::DEACTIVATE_DUAL_MONITOR_TREATMENT;
    entry.require(
        !entry.entry.intersects(smm),
        Rule::SmmControlOutsideSmm,
        controls,
    )?;
    let rules = (Rule::EntryMsrAreaAlignment, Rule::EntryMsrAreaWidth);
    msr_area(
        entry,
        Field::VM_ENTRY_MSR_LOAD_COUNT,
        Field::VM_ENTRY_MSR_LOAD_ADDRESS,
        rules,
    )
}

fn injection(
    entry: &Entry<'_, impl Vmcs>,
    event: InterruptionInformation,
) -> Result<(), Violation> {
    let require =
        |holds, rule| entry.require(holds, rule, Field::VM_ENTRY_INTERRUPTION_INFORMATION);
    let (kind, vector) = (event.kind(), event.vector().0);
    let monitor_trap = PrimaryProcessorBased::MONITOR_TRAP_FLAG.bits();
    require(kind.0 != 1, Rule::InjectedType)?;
    match kind {
        InterruptionType::OTHER_EVENT => {
            require(
                entry.capabilities.primary.can_set(monitor_trap),
                Rule::InjectedType,
            )?;
            require(vector == 0, Rule::InjectedOtherEventVector)?;
        }
        InterruptionType::NMI => require(vector == 2, Rule::InjectedNmiVector)?,
        InterruptionType::HARDWARE_EXCEPTION => {
            require(vector <= 31, Rule::InjectedExceptionVector)?
        }
        _ => {}
    }
    let may_have_code = kind == InterruptionType::HARDWARE_EXCEPTION && entry.cr0 & CR0_PE != 0;
    let decided_by_vector = !entry.capabilities.basic.any_error_code();
    let has_code = matches!(vector, 8 | 10..=14 | 17);
    let must_have_code = may_have_code && decided_by_vector && has_code;
    let must_not_have_code = !may_have_code || decided_by_vector && !has_code;
    require(
        event.error_code_valid() || !must_have_code,
        Rule::InjectedErrorCodeMissing,
    )?;
    require(
        !event.error_code_valid() || !must_not_have_code,
        Rule::InjectedErrorCodeUnexpected,
    )?;
    require(
        !event.nmi_unblocking() && event.reserved() == 0,
        Rule::InjectedReserved,
    )?;
    if event.error_code_valid() {
        let code = Field::VM_ENTRY_EXCEPTION_ERROR_CODE;
        entry.require_of(code, Rule::InjectedErrorCodeReserved, |code| {
            code >> 16 == 0
        })?;
    }
    if kind.has_instruction_length() {
        let least = if entry.capabilities.misc.zero_instruction_length() {
            0
        } else {
            1
        };
        let fits = |length| (least..=15).contains(&length);
        entry.require_of(
            Field::VM_ENTRY_INSTRUCTION_LENGTH,
            Rule::InjectedInstructionLength,
            fits,
        )?;
    }
    Ok(())
}
