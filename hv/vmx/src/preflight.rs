//! The report before anything starts: what the processor offers of what Isthmus uses, as a table for the console,
//! and the one reason, if any, why it cannot run here. [`crate::controls`] decides what is needed; the hypervisor
//! prints the report and stops on a [`Blocker`].

use crate::capabilities::{Allowed, Capabilities};
use crate::controls::{
    Missing, PinBased, PrimaryProcessorBased, SecondaryProcessorBased, Wanted, Word,
};
use core::fmt::{self, Display, Formatter};

mod blocker;
mod facts;
pub mod table;

pub use blocker::Blocker;
pub use facts::CpuFacts;
use table::{Need, Those, row};

/// What the processor offers and lacks. Its Display is a table of several lines, each ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    facts: CpuFacts,
    capabilities: Option<Capabilities>,
}

impl Report {
    /// The report on one core. `capabilities` is `None` where there is no VMX, so that they cannot be read.
    #[must_use]
    pub fn new(facts: &CpuFacts, capabilities: Option<&Capabilities>) -> Self {
        Self {
            facts: *facts,
            capabilities: capabilities.copied().filter(|_| facts.vmx),
        }
    }

    /// The first reason why Isthmus cannot run here.
    #[must_use]
    pub fn blocker(&self) -> Option<Blocker> {
        let Some(capabilities) = &self.capabilities else {
            return Some(match self.facts {
                CpuFacts { svm: true, .. } => Blocker::NoVmxButSvm,
                CpuFacts {
                    under_hypervisor: true,
                    ..
                } => Blocker::NoVmxInGuest,
                _ => Blocker::NoVmx,
            });
        };
        let control = capabilities.feature_control;
        if control.locked() && !control.vmx_outside_smx() {
            return Some(Blocker::LockedByFirmware);
        }
        let has = |control: SecondaryProcessorBased| capabilities.secondary.can_set(control.bits());
        if !has(SecondaryProcessorBased::ENABLE_EPT) {
            return Some(Blocker::NoEpt);
        }
        if !is_ept_usable(capabilities) {
            return Some(Blocker::UnusableEpt);
        }
        if !has(SecondaryProcessorBased::UNRESTRICTED_GUEST) {
            return Some(Blocker::NoUnrestrictedGuest);
        }
        Wanted::isthmus()
            .missing(capabilities)
            .next()
            .map(Blocker::Control)
    }
}

/// Whether the EPT is of the kind that Isthmus builds, and can be invalidated.
const fn is_ept_usable(capabilities: &Capabilities) -> bool {
    let ept = capabilities.ept_vpid;
    ept.walk_length_4()
        && ept.memory_type_wb()
        && ept.invept()
        && (ept.invept_single() || ept.invept_all())
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        table::heading(f, &self.facts)?;
        match &self.capabilities {
            None => row(f, Need::Must, "VMX", false, format_args!(""))?,
            Some(capabilities) => {
                vmx_rows(f, capabilities)?;
                ept_rows(f, capabilities)?;
                apic_rows(f, capabilities)?;
            }
        }
        table::common_rows(f, &self.facts, Need::May)?;
        let Some(capabilities) = &self.capabilities else {
            return Ok(());
        };
        Wanted::isthmus()
            .missing(capabilities)
            .filter(|missing| !is_reported(missing))
            .try_for_each(|missing| writeln!(f, "  {:<30} MISSING  {missing}", "control"))
    }
}

/// Whether a row of its own already speaks of the control.
fn is_reported(missing: &Missing) -> bool {
    let flag = 1u32 << missing.bit;
    match missing.word {
        Word::Pin => flag == PinBased::ACTIVATE_VMX_PREEMPTION_TIMER.bits(),
        Word::Secondary => {
            (SecondaryProcessorBased::ENABLE_EPT | SecondaryProcessorBased::UNRESTRICTED_GUEST)
                .bits()
                & flag
                != 0
        }
        _ => false,
    }
}

fn vmx_rows(f: &mut Formatter<'_>, capabilities: &Capabilities) -> fmt::Result {
    let (basic, control) = (capabilities.basic, capabilities.feature_control);
    let (revision, bytes) = (basic.revision(), basic.region_size());
    row(
        f,
        Need::Must,
        "VMX",
        true,
        format_args!("revision {revision:#x}, VMCS of {bytes} bytes"),
    )?;
    let state = match (control.locked(), control.vmx_outside_smx()) {
        (true, true) => "locked on",
        (true, false) => "locked off by firmware",
        (false, _) => "unlocked",
    };
    let usable = !control.locked() || control.vmx_outside_smx();
    row(
        f,
        Need::Must,
        "VMX in FEATURE_CONTROL",
        usable,
        format_args!("{state}"),
    )?;
    let timer = capabilities
        .pin
        .can_set(PinBased::ACTIVATE_VMX_PREEMPTION_TIMER.bits());
    let name = "VMX-preemption timer";
    if timer {
        let shift = capabilities.misc.preemption_timer_shift();
        row(
            f,
            Need::Must,
            name,
            true,
            format_args!("shift {shift}: a tick every {} of the TSC", 1u64 << shift),
        )
    } else {
        row(f, Need::Must, name, false, format_args!(""))
    }
}

/// A row for a control that says nothing but whether it can be on.
fn control_row(
    f: &mut Formatter<'_>,
    need: Need,
    name: &str,
    allowed: Allowed,
    flag: u32,
) -> fmt::Result {
    row(f, need, name, allowed.can_set(flag), format_args!(""))
}

fn ept_rows(f: &mut Formatter<'_>, capabilities: &Capabilities) -> fmt::Result {
    let (secondary, ept) = (capabilities.secondary, capabilities.ept_vpid);
    let has_ept = secondary.can_set(SecondaryProcessorBased::ENABLE_EPT.bits());
    let unrestricted = SecondaryProcessorBased::UNRESTRICTED_GUEST.bits();
    let levels = [
        (ept.walk_length_4(), "4 levels"),
        (ept.walk_length_5(), "5 levels"),
    ];
    let vpid = secondary.can_set(SecondaryProcessorBased::ENABLE_VPID.bits());
    if has_ept {
        row(
            f,
            Need::Must,
            "EPT",
            is_ept_usable(capabilities),
            format_args!("{}", Those(&levels)),
        )?;
        let pages = [(true, "4K"), (ept.pages_2m(), "2M"), (ept.pages_1g(), "1G")];
        row(
            f,
            Need::May,
            "EPT large pages",
            ept.pages_2m(),
            format_args!("{}", Those(&pages)),
        )?;
        let types = [
            (ept.memory_type_wb(), "write-back"),
            (ept.memory_type_uc(), "uncacheable"),
        ];
        row(
            f,
            Need::Must,
            "EPT structures' memory types",
            ept.memory_type_wb(),
            format_args!("{}", Those(&types)),
        )?;
        row(
            f,
            Need::May,
            "EPT accessed and dirty flags",
            ept.accessed_dirty(),
            format_args!(""),
        )?;
        row(
            f,
            Need::May,
            "EPT execute-only pages",
            ept.execute_only(),
            format_args!(""),
        )?;
        let types = [
            (ept.invept_single(), "single-context"),
            (ept.invept_all(), "all-context"),
        ];
        row(
            f,
            Need::Must,
            "INVEPT",
            ept.invept(),
            format_args!("{}", Those(&types)),
        )?;
    } else {
        row(f, Need::Must, "EPT", false, format_args!(""))?;
    }
    control_row(f, Need::Must, "unrestricted guest", secondary, unrestricted)?;
    row(f, Need::May, "VPID", vpid, format_args!(""))?;
    if vpid {
        let types = [
            (ept.invvpid_address(), "individual-address"),
            (ept.invvpid_single(), "single-context"),
            (ept.invvpid_all(), "all-context"),
            (
                ept.invvpid_single_but_globals(),
                "single-context but globals",
            ),
        ];
        row(
            f,
            Need::May,
            "INVVPID",
            ept.invvpid(),
            format_args!("{}", Those(&types)),
        )?;
    }
    Ok(())
}

fn apic_rows(f: &mut Formatter<'_>, capabilities: &Capabilities) -> fmt::Result {
    use SecondaryProcessorBased as Secondary;
    let secondary = capabilities.secondary;
    let posted = PinBased::PROCESS_POSTED_INTERRUPTS.bits();
    control_row(
        f,
        Need::May,
        "TPR shadow",
        capabilities.primary,
        PrimaryProcessorBased::USE_TPR_SHADOW.bits(),
    )?;
    for (name, flag) in [
        ("APIC-access page", Secondary::VIRTUALIZE_APIC_ACCESSES),
        (
            "APIC-register virtualization",
            Secondary::APIC_REGISTER_VIRTUALIZATION,
        ),
        (
            "virtual-interrupt delivery",
            Secondary::VIRTUAL_INTERRUPT_DELIVERY,
        ),
        (
            "x2APIC-mode virtualization",
            Secondary::VIRTUALIZE_X2APIC_MODE,
        ),
    ] {
        control_row(f, Need::May, name, secondary, flag.bits())?;
    }
    control_row(f, Need::May, "posted interrupts", capabilities.pin, posted)?;
    for (name, flag) in [
        ("RDTSCP", Secondary::ENABLE_RDTSCP),
        ("INVPCID", Secondary::ENABLE_INVPCID),
        ("WBINVD exiting", Secondary::WBINVD_EXITING),
        ("PAUSE-loop exiting", Secondary::PAUSE_LOOP_EXITING),
    ] {
        control_row(f, Need::May, name, secondary, flag.bits())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
