//! The permission maps that every guest gets.

use crate::permissions::{IoPermissionMap, MsrAccess, MsrPermissionMap};
use isthmus_abi::Msr;
use isthmus_hv_core::msr::{MsrClass, SWITCHED, class, index};

/// Registers whose guest's value is in the register itself while the guest runs, by VMLOAD or by the run loop. All others
/// exit, also to be read: EFER shows SVME, the rest is not loaded at VMRUN.
const GUESTS_OWN: [Msr; 5] = [
    index::SYSENTER_CS,
    index::SYSENTER_ESP,
    index::SYSENTER_EIP,
    index::FS_BASE,
    index::GS_BASE,
];

/// The MSR permission map: what `hv/core` lets through and AMD-V can.
#[must_use]
pub fn msr_permissions() -> MsrPermissionMap {
    let mut map = MsrPermissionMap::intercept_all();
    for msr in GUESTS_OWN.into_iter().chain(SWITCHED) {
        if matches!(
            class(msr),
            MsrClass::Passthrough | MsrClass::PassthroughState(_)
        ) {
            // Each is in one of the map's ranges.
            let _ = map.allow(msr, MsrAccess::all());
        }
    }
    map
}

/// The I/O permission map: every port exits.
#[must_use]
pub const fn io_permissions() -> IoPermissionMap {
    IoPermissionMap::intercept_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_reaches_only_what_is_its_own() {
        let map = msr_permissions();
        for msr in GUESTS_OWN.into_iter().chain(SWITCHED) {
            assert!(map.intercepted(msr).is_empty(), "{:#x}", msr.0);
        }
        let ranges = (0..0x2000)
            .chain(0xc000_0000..0xc000_2000)
            .chain(0xc001_0000..0xc001_2000);
        let open = ranges.filter(|&msr| map.intercepted(Msr(msr)) != MsrAccess::all());
        assert_eq!(open.count(), GUESTS_OWN.len() + SWITCHED.len());
    }
}
