//! The report before anything starts: what the processor offers of what Isthmus uses of SVM, as a table for the console,
//! and the one reason, if any, why it cannot run here. Its sister is [`isthmus_vmx::preflight`], whose facts and table
//! it shares; the hypervisor prints the report and stops on a [`Blocker`].

use crate::capabilities::{Capabilities, Features, SvmSwitch};
use core::fmt::{self, Display, Formatter};
use isthmus_vmx::preflight::table::{self, Need, Those, row};

mod blocker;

pub use blocker::Blocker;
pub use isthmus_vmx::preflight::CpuFacts;

/// What the processor offers and lacks. Its Display is a table of several lines, each ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    facts: CpuFacts,
    capabilities: Option<Capabilities>,
}

impl Report {
    /// The report on one core. `capabilities` is `None` where there is no SVM.
    #[must_use]
    pub fn new(facts: &CpuFacts, capabilities: Option<&Capabilities>) -> Self {
        Self {
            facts: *facts,
            capabilities: capabilities.copied().filter(|_| facts.svm),
        }
    }

    /// The first reason why Isthmus cannot run here.
    #[must_use]
    pub fn blocker(&self) -> Option<Blocker> {
        let Some(capabilities) = &self.capabilities else {
            return Some(match self.facts {
                CpuFacts { vmx: true, .. } => Blocker::NoSvmButVmx,
                CpuFacts {
                    under_hypervisor: true,
                    ..
                } => Blocker::NoSvmInGuest,
                _ => Blocker::NoSvm,
            });
        };
        if capabilities.vm_cr.switch() == SvmSwitch::DisabledLocked {
            return Some(Blocker::LockedByFirmware);
        }
        if !capabilities.has(Features::NESTED_PAGING) {
            return Some(Blocker::NoNestedPaging);
        }
        if capabilities.asids < 2 {
            return Some(Blocker::NoAsids);
        }
        (!self.facts.execute_disable).then_some(Blocker::NoExecuteDisable)
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        table::heading(f, &self.facts)?;
        match &self.capabilities {
            None => row(f, Need::Must, "SVM", false, format_args!(""))?,
            Some(capabilities) => {
                svm_rows(f, capabilities)?;
                feature_rows(f, capabilities)?;
            }
        }
        table::common_rows(f, &self.facts, Need::Must)
    }
}

fn svm_rows(f: &mut Formatter<'_>, capabilities: &Capabilities) -> fmt::Result {
    let (revision, asids) = (capabilities.revision, capabilities.asids);
    row(
        f,
        Need::Must,
        "SVM",
        true,
        format_args!("revision {revision}"),
    )?;
    let vm_cr = capabilities.vm_cr;
    let state = match (vm_cr.switch(), vm_cr.lock()) {
        (SvmSwitch::Free, true) => "locked on",
        (SvmSwitch::Free, false) => "unlocked",
        (SvmSwitch::DisabledUnlocked, _) => "off, unlocked",
        (SvmSwitch::DisabledLocked, _) => "locked off by firmware",
    };
    let usable = vm_cr.switch() != SvmSwitch::DisabledLocked;
    row(
        f,
        Need::Must,
        "SVM in VM_CR",
        usable,
        format_args!("{state}"),
    )?;
    row(
        f,
        Need::Must,
        "address-space identifiers",
        asids >= 2,
        format_args!("{asids}, the host's included"),
    )?;
    let nested_paging = capabilities.has(Features::NESTED_PAGING);
    row(
        f,
        Need::Must,
        "nested paging",
        nested_paging,
        format_args!(""),
    )?;
    if nested_paging {
        let pages = [(true, "4K"), (true, "2M"), (capabilities.pages_1g, "1G")];
        let pages = Those(&pages);
        row(
            f,
            Need::May,
            "nested large pages",
            true,
            format_args!("{pages}"),
        )?;
    }
    Ok(())
}

fn feature_rows(f: &mut Formatter<'_>, capabilities: &Capabilities) -> fmt::Result {
    for (name, feature) in [
        ("next-RIP save", Features::NRIP_SAVE),
        ("decode assists", Features::DECODE_ASSISTS),
        ("VMCB clean bits", Features::VMCB_CLEAN),
        ("flush by ASID", Features::FLUSH_BY_ASID),
        ("LBR virtualization", Features::LBR_VIRTUALIZATION),
        ("TSC ratio", Features::TSC_RATE_MSR),
        ("PAUSE filter", Features::PAUSE_FILTER),
        ("PAUSE filter threshold", Features::PAUSE_FILTER_THRESHOLD),
        ("AVIC", Features::AVIC),
        ("x2AVIC", Features::X2AVIC),
        ("virtual GIF", Features::VGIF),
        ("virtual NMI", Features::VNMI),
        ("virtual SPEC_CTRL", Features::SPEC_CTRL),
    ] {
        row(
            f,
            Need::May,
            name,
            capabilities.has(feature),
            format_args!(""),
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
