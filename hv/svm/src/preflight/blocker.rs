//! The reasons why Isthmus cannot run on a processor's SVM, each with its remedy, for [`super`] to choose from.

use core::fmt::{self, Display, Formatter};

/// Why Isthmus cannot run on this processor. The machine's lack; each variant says what would help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocker {
    /// No SVM, on a processor with Intel's VMX.
    NoSvmButVmx,
    /// No SVM, inside another hypervisor.
    NoSvmInGuest,
    /// No SVM.
    NoSvm,
    /// VM_CR is locked with SVM off.
    LockedByFirmware,
    /// No nested paging.
    NoNestedPaging,
    /// No address-space identifier but the host's.
    NoAsids,
    /// No execute-disable, so that nested tables could not forbid fetches.
    NoExecuteDisable,
}

impl Display for Blocker {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSvmButVmx => {
                "this CPU has Intel VT-x and not AMD-V, and AMD-V was asked for: use the VT-x backend here, or an AMD CPU"
            }
            Self::NoSvmInGuest => {
                "the hypervisor below does not offer SVM to this machine: turn on nested virtualization there (on KVM: \
                 module parameter kvm_amd nested=1, and -cpu host)"
            }
            Self::NoSvm => {
                "this CPU has no SVM (CPUID leaf 80000001H, ECX bit 2): use an AMD CPU with AMD-V and nested paging, \
                 made in 2008 or later"
            }
            Self::LockedByFirmware => {
                "the firmware has locked SVM off (VM_CR bits 3 and 4 set): turn on SVM (AMD-V) in the firmware setup and \
                 switch the power off and on"
            }
            Self::NoNestedPaging => {
                "this CPU has SVM without nested paging (CPUID leaf 8000000AH, EDX bit 0): use an AMD CPU of family 10h \
                 (2008) or later, or nested virtualization that passes nested paging on"
            }
            Self::NoAsids => {
                "this CPU has no address-space identifiers for guests (CPUID leaf 8000000AH, EBX): use nested \
                 virtualization that passes them on"
            }
            Self::NoExecuteDisable => {
                "this CPU has no execute-disable (CPUID leaf 80000001H, EDX bit 20), or the firmware hides it: turn on NX \
                 in the firmware setup, or pass it on where this machine is a guest"
            }
        })
    }
}

impl core::error::Error for Blocker {}
