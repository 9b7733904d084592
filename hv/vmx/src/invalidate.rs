//! Flushing what processors remember of a guest's translations: which INVEPT and INVVPID to use (SDM Vol. 3C
//! §29.4.3), and when memory that was unmapped may be used again ([`Shootdown`]). Pure: the caller executes
//! the instructions and sends the interrupts. Trusts each core to report what it has really done.

mod shootdown;

use crate::capabilities::EptVpid;
use crate::ept::EptPointer;
use crate::linear::is_canonical;
use core::num::NonZeroU16;
use isthmus_abi::Gva;

pub use shootdown::{Generation, Shootdown};

/// The invalidations that the processor offers: IA32_VMX_EPT_VPID_CAP (SDM Vol. 3D §A.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offered(EptVpid);

/// One INVEPT (SDM Vol. 3C §31.3). Each type takes away guest-physical and combined translations, of all
/// VPIDs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invept {
    /// Type 1: what was derived from this pointer's root.
    SingleContext(EptPointer),
    /// Type 2: everything.
    AllContext,
}

/// One INVVPID (SDM Vol. 3C §31.3). Each type takes away linear and combined translations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invvpid {
    /// Type 0: what translates one canonical linear address.
    IndividualAddress(NonZeroU16, Gva),
    /// Type 1: all of one VPID.
    SingleContext(NonZeroU16),
    /// Type 2: all of every VPID but 0.
    AllContext,
    /// Type 3: all of one VPID but global translations.
    SingleContextRetainingGlobals(NonZeroU16),
}

impl Invept {
    /// The register operand.
    #[must_use]
    pub const fn kind(self) -> u64 {
        match self {
            Self::SingleContext(_) => 1,
            Self::AllContext => 2,
        }
    }
    /// The 128-bit memory operand, low half first.
    #[must_use]
    pub fn descriptor(self) -> [u64; 2] {
        match self {
            Self::SingleContext(pointer) => [pointer.bits(), 0],
            Self::AllContext => [0, 0],
        }
    }
}

impl Invvpid {
    /// The register operand.
    #[must_use]
    pub const fn kind(self) -> u64 {
        match self {
            Self::IndividualAddress(..) => 0,
            Self::SingleContext(_) => 1,
            Self::AllContext => 2,
            Self::SingleContextRetainingGlobals(_) => 3,
        }
    }
    /// The 128-bit memory operand, low half first: the VPID in bits 15:0, a linear address in bits 127:64.
    #[must_use]
    pub const fn descriptor(self) -> [u64; 2] {
        match self {
            Self::IndividualAddress(vpid, address) => [vpid.get() as u64, address.0],
            Self::SingleContext(vpid) | Self::SingleContextRetainingGlobals(vpid) => {
                [vpid.get() as u64, 0]
            }
            Self::AllContext => [0, 0],
        }
    }
}

impl Offered {
    /// As the capability register says.
    #[must_use]
    pub const fn new(capability: EptVpid) -> Self {
        Self(capability)
    }
    /// The narrowest INVEPT that takes away what came from `pointer`, or `None` if the processor has none and
    /// EPT must therefore not be used.
    #[must_use]
    pub fn invept(self, pointer: EptPointer) -> Option<Invept> {
        if !self.0.invept() {
            None
        } else if self.0.invept_single() {
            Some(Invept::SingleContext(pointer))
        } else {
            self.0.invept_all().then_some(Invept::AllContext)
        }
    }
    /// The INVEPT that takes away everything, as is needed before the first entry of a core (SDM Vol. 3C
    /// §29.4.3.4).
    #[must_use]
    pub fn invept_everything(self) -> Option<Invept> {
        (self.0.invept() && self.0.invept_all()).then_some(Invept::AllContext)
    }
    /// The narrowest INVVPID that takes away all of a VPID, or `None` if VPIDs must not be used.
    #[must_use]
    pub fn invvpid(self, vpid: NonZeroU16) -> Option<Invvpid> {
        if !self.0.invvpid() {
            None
        } else if self.0.invvpid_single() {
            Some(Invvpid::SingleContext(vpid))
        } else {
            self.0.invvpid_all().then_some(Invvpid::AllContext)
        }
    }
    /// The narrowest INVVPID that takes away what translates `address`. An address that is not canonical has
    /// no translation, and the instruction would fail on it, so the whole VPID is named instead.
    #[must_use]
    pub fn invvpid_address(
        self,
        vpid: NonZeroU16,
        address: Gva,
        linear_address_bits: u32,
    ) -> Option<Invvpid> {
        if self.0.invvpid()
            && self.0.invvpid_address()
            && is_canonical(address.0, linear_address_bits)
        {
            Some(Invvpid::IndividualAddress(vpid, address))
        } else {
            self.invvpid(vpid)
        }
    }
    /// The narrowest INVVPID that does what a guest's load of CR3 does: global translations may stay.
    #[must_use]
    pub fn invvpid_retaining_globals(self, vpid: NonZeroU16) -> Option<Invvpid> {
        if self.0.invvpid() && self.0.invvpid_single_but_globals() {
            Some(Invvpid::SingleContextRetainingGlobals(vpid))
        } else {
            self.invvpid(vpid)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isthmus_abi::Hpa;

    const VPID: NonZeroU16 = NonZeroU16::new(7).unwrap();
    /// IA32_VMX_EPT_VPID_CAP of a Skylake server: everything.
    const SKYLAKE: Offered = Offered::new(EptVpid::from_bits(0x0f01_0673_4141));

    fn offered(bits: &[u32]) -> Offered {
        Offered::new(EptVpid::from_bits(bits.iter().map(|bit| 1 << bit).sum()))
    }
    fn pointer() -> EptPointer {
        EptPointer::new(Hpa(0x5000), false)
    }

    #[test]
    fn invept_is_as_narrow_as_the_processor_allows() {
        assert_eq!(
            SKYLAKE.invept(pointer()),
            Some(Invept::SingleContext(pointer()))
        );
        assert_eq!(
            offered(&[20, 26]).invept(pointer()),
            Some(Invept::AllContext)
        );
        assert_eq!(offered(&[20]).invept(pointer()), None);
        assert_eq!(offered(&[25, 26]).invept(pointer()), None);
        assert_eq!(SKYLAKE.invept_everything(), Some(Invept::AllContext));
        assert_eq!(offered(&[20, 25]).invept_everything(), None);
    }

    #[test]
    fn invvpid_is_as_narrow_as_the_processor_allows() {
        assert_eq!(SKYLAKE.invvpid(VPID), Some(Invvpid::SingleContext(VPID)));
        assert_eq!(offered(&[32, 42]).invvpid(VPID), Some(Invvpid::AllContext));
        assert_eq!(offered(&[41, 42]).invvpid(VPID), None);
        assert_eq!(
            SKYLAKE.invvpid_retaining_globals(VPID),
            Some(Invvpid::SingleContextRetainingGlobals(VPID))
        );
        assert_eq!(
            offered(&[32, 41]).invvpid_retaining_globals(VPID),
            Some(Invvpid::SingleContext(VPID))
        );
    }

    #[test]
    fn an_address_is_named_only_if_it_is_canonical() {
        let of = |address| SKYLAKE.invvpid_address(VPID, Gva(address), 48);
        assert_eq!(
            of(0xffff_8000_0000_0000),
            Some(Invvpid::IndividualAddress(VPID, Gva(0xffff_8000_0000_0000)))
        );
        assert_eq!(of(0x8000_0000_0000), Some(Invvpid::SingleContext(VPID)));
        assert_eq!(
            offered(&[32, 41]).invvpid_address(VPID, Gva(0), 48),
            Some(Invvpid::SingleContext(VPID))
        );
    }

    #[test]
    fn operands_are_those_of_the_sdm() {
        let invept = Invept::SingleContext(pointer());
        assert_eq!((invept.kind(), invept.descriptor()), (1, [0x501e, 0]));
        assert_eq!(
            (Invept::AllContext.kind(), Invept::AllContext.descriptor()),
            (2, [0, 0])
        );
        let address = Invvpid::IndividualAddress(VPID, Gva(0x1000));
        assert_eq!((address.kind(), address.descriptor()), (0, [7, 0x1000]));
        assert_eq!(
            (
                Invvpid::SingleContext(VPID).kind(),
                Invvpid::SingleContext(VPID).descriptor()
            ),
            (1, [7, 0])
        );
        assert_eq!(
            (Invvpid::AllContext.kind(), Invvpid::AllContext.descriptor()),
            (2, [0, 0])
        );
        let retaining = Invvpid::SingleContextRetainingGlobals(VPID);
        assert_eq!((retaining.kind(), retaining.descriptor()), (3, [7, 0]));
    }
}
