//! What VMRUN lets pass and nobody can mean: intercepts and controls without which a guest reaches the host, features
//! the processor lacks, and events and privilege levels that contradict themselves.

use super::{CR0_PE, EFER_LMA, Entry, RFLAGS_VM, Rule, Violation, pushes_error_code};
use crate::capabilities::Features;
use crate::control::{InterruptShadow, LbrControl, NestedControl, TlbControl, VirtualInterrupts};
use crate::event::{EventInformation, EventType};
use crate::field::{Field, Vmcb};
use crate::intercept::{Intercepts, Vector3, Vector4};

pub fn check(entry: &Entry<'_, impl Vmcb>) -> Result<(), Violation> {
    check_intercepts(entry)?;
    check_features(entry)?;
    check_privilege(entry)?;
    check_error_code(entry)
}

/// Without one of these a guest stops the host, reads its MSRs and ports, or loses the machine to a triple fault.
const VECTOR_3: Vector3 = Vector3::INTR
    .union(Vector3::NMI)
    .union(Vector3::INIT)
    .union(Vector3::INVLPGA)
    .union(Vector3::IOIO_PROT)
    .union(Vector3::MSR_PROT)
    .union(Vector3::SHUTDOWN);
const VECTOR_4: Vector4 = Vector4::VMLOAD
    .union(Vector4::VMSAVE)
    .union(Vector4::STGI)
    .union(Vector4::CLGI)
    .union(Vector4::SKINIT)
    .union(Vector4::XSETBV);

fn check_intercepts(entry: &Entry<'_, impl Vmcb>) -> Result<(), Violation> {
    let intercepts = Intercepts::read(entry.vmcb);
    entry.require(
        intercepts.vector_3.contains(VECTOR_3),
        Rule::InterceptMissing,
        Field::INTERCEPT_VECTOR_3,
    )?;
    entry.require(
        intercepts.vector_4.contains(VECTOR_4),
        Rule::InterceptMissing,
        Field::INTERCEPT_VECTOR_4,
    )?;
    let nested_paging = entry.nested.contains(NestedControl::NESTED_PAGING);
    entry.require(
        nested_paging || !VirtualInterrupts::read(entry.vmcb).avic_enable(),
        Rule::AvicWithoutNestedPaging,
        Field::VIRTUAL_INTERRUPT,
    )?;
    entry.require(nested_paging, Rule::NestedPagingOff, Field::NESTED_CONTROL)?;
    entry.require(
        VirtualInterrupts::read(entry.vmcb).masking(),
        Rule::InterruptsNotMasked,
        Field::VIRTUAL_INTERRUPT,
    )
}

fn check_features(entry: &Entry<'_, impl Vmcb>) -> Result<(), Violation> {
    let has = |feature| entry.processor.features.contains(feature);
    let virtual_interrupts = VirtualInterrupts::read(entry.vmcb);
    for (on, feature) in [
        (virtual_interrupts.gif_enable(), Features::VGIF),
        (virtual_interrupts.nmi_enable(), Features::VNMI),
        (virtual_interrupts.avic_enable(), Features::AVIC),
        (virtual_interrupts.x2avic_enable(), Features::X2AVIC),
    ] {
        entry.require(
            !on || has(feature),
            Rule::FeatureMissing,
            Field::VIRTUAL_INTERRUPT,
        )?;
    }
    let lbr = LbrControl::from_bits_retain(entry.vmcb.read(Field::LBR_VIRTUALIZATION));
    for (control, feature) in [
        (LbrControl::LBR, Features::LBR_VIRTUALIZATION),
        (
            LbrControl::VIRTUAL_VMLOAD_VMSAVE,
            Features::VIRTUAL_VMLOAD_VMSAVE,
        ),
    ] {
        entry.require(
            !lbr.contains(control) || has(feature),
            Rule::FeatureMissing,
            Field::LBR_VIRTUALIZATION,
        )?;
    }
    entry.require_of(Field::TLB_CONTROL, Rule::TlbControl, |value| {
        let by_asid = has(Features::FLUSH_BY_ASID);
        [TlbControl::Nothing, TlbControl::Everything]
            .iter()
            .chain(by_asid.then_some(&TlbControl::Guest))
            .chain(by_asid.then_some(&TlbControl::GuestNonGlobal))
            .any(|&known| known as u64 == value)
    })?;
    entry.require_of(Field::GUEST_ASID, Rule::AsidBeyond, |asid| {
        asid < u64::from(entry.processor.asids)
    })?;
    entry.require_of(Field::INTERRUPT_SHADOW, Rule::InterruptShadow, |word| {
        InterruptShadow::from_bits(word).is_some()
    })
}

/// VMRUN loads the CPL field and does not hold it against anything (§15.5.1). SS.DPL may differ from it: SYSRET leaves
/// the attributes of SS as they were.
fn check_privilege(entry: &Entry<'_, impl Vmcb>) -> Result<(), Violation> {
    let virtual_8086 =
        entry.vmcb.read(Field::RFLAGS) & RFLAGS_VM != 0 && entry.efer & EFER_LMA == 0;
    let real = entry.cr0 & CR0_PE == 0;
    entry.require_of(Field::CPL, Rule::PrivilegeLevel, |cpl| match cpl {
        0 => real || !virtual_8086,
        1 | 2 => !real && !virtual_8086,
        3 => !real,
        _ => false,
    })
}

/// An exception with a missing or an unexpected error code leaves the guest's handler with a shifted stack.
fn check_error_code(entry: &Entry<'_, impl Vmcb>) -> Result<(), Violation> {
    let Some(event) = EventInformation::to_inject(entry.vmcb) else {
        return Ok(());
    };
    let expected = event.kind() == EventType::EXCEPTION
        && pushes_error_code(event.vector().0)
        && entry.cr0 & CR0_PE != 0;
    entry.require(
        event.error_code_valid() == expected,
        Rule::InjectedErrorCode,
        Field::EVENTINJ,
    )
}
