//! The reasons why Isthmus cannot run on a processor, each with its remedy, for [`super`] to choose from.

use crate::controls::Missing;
use core::fmt::{self, Display, Formatter};

/// Why Isthmus cannot run on this processor. The machine's lack; each variant says what would help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocker {
    /// No VMX, on a processor with AMD's SVM.
    NoVmxButSvm,
    /// No VMX, inside another hypervisor.
    NoVmxInGuest,
    /// No VMX.
    NoVmx,
    /// IA32_FEATURE_CONTROL is locked with VMX off.
    LockedByFirmware,
    /// No EPT.
    NoEpt,
    /// EPT, but not with 4 levels in write-back memory, or without INVEPT.
    UnusableEpt,
    /// No unrestricted guest.
    NoUnrestrictedGuest,
    /// Another control is not as it must be.
    Control(Missing),
}

impl Display for Blocker {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoVmxButSvm => {
                "this CPU has AMD-V and not Intel VT-x, which Isthmus needs: boot it on an Intel CPU with VT-x, EPT and \
                 unrestricted guest"
            }
            Self::NoVmxInGuest => {
                "the hypervisor below does not offer VMX to this machine: turn on nested virtualization there (on KVM: \
                 module parameter kvm_intel nested=1, and -cpu host)"
            }
            Self::NoVmx => {
                "this CPU has no VMX (CPUID leaf 1, ECX bit 5): use an Intel CPU with VT-x, EPT and unrestricted guest, \
                 made in 2010 or later"
            }
            Self::LockedByFirmware => {
                "the firmware has locked VMX off (IA32_FEATURE_CONTROL bit 0 set, bit 2 clear): turn on Intel \
                 Virtualization Technology (VT-x) in the firmware setup and switch the power off and on"
            }
            Self::NoEpt => {
                "this CPU has VMX without EPT (extended page tables): use an Intel CPU made in 2010 or later, or nested \
                 virtualization that passes EPT on"
            }
            Self::UnusableEpt => {
                "this CPU's EPT lacks 4-level tables in write-back memory or INVEPT (IA32_VMX_EPT_VPID_CAP bits 6, 14, \
                 20, and 25 or 26): use another Intel CPU, or nested virtualization that passes all of EPT on"
            }
            Self::NoUnrestrictedGuest => {
                "this CPU has EPT without unrestricted guest (secondary processor-based control bit 7), so guests could \
                 not start in real mode: use an Intel CPU of the Westmere generation (2010) or later, or nested \
                 virtualization that passes it on"
            }
            Self::Control(missing) => {
                return write!(
                    f,
                    "on this CPU the {missing}, and Isthmus needs it otherwise: use a newer Intel CPU, or nested \
                     virtualization that passes it on"
                );
            }
        })
    }
}

impl core::error::Error for Blocker {}
