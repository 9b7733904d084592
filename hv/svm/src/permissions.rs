//! The two maps that say which MSRs and ports a guest reaches without a #VMEXIT: MSRPM (APM Vol. 2 §15.11) and IOPM
//! (§15.10.1). A set bit intercepts. Both are plain memory that the processor reads; a change is seen by the next
//! VMRUN if [`crate::control::Clean::PERMISSION_MAPS`] is clear in the VMCB. Neighbour:
//! [`crate::intercept::Vector3`] turns the maps on.

use bitflags::bitflags;
use isthmus_abi::{Msr, Port};

/// Words of 64 bits in an MSR permission map: 8 KiB.
pub const MSRPM_WORDS: usize = 1024;
/// Words of 64 bits in an I/O permission map: 12 KiB.
pub const IOPM_WORDS: usize = 1536;

/// MSRs in one range of the map.
const RANGE: u32 = 0x2000;
/// Bytes of the map for one range.
const RANGE_BITS: u32 = RANGE * 2;

bitflags! {
    /// What a guest does to an MSR, in the order of the map's bits.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct MsrAccess: u8 {
        /// RDMSR.
        const READ = 1 << 0;
        /// WRMSR.
        const WRITE = 1 << 1;
    }
}

/// The MSR permission map: two bits for each MSR of 0 to 1FFFH, C0000000H to C0001FFFH and C0010000H to C0011FFFH. All
/// others exit whatever it says. The page must be 4 KiB aligned where the processor reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(C, align(4096))]
pub struct MsrPermissionMap {
    words: [u64; MSRPM_WORDS],
}

impl Default for MsrPermissionMap {
    fn default() -> Self {
        Self::intercept_all()
    }
}

/// The number of the read bit of an MSR in the map.
const fn msr_bit(msr: Msr) -> Option<u32> {
    let (range, first) = match msr.0 {
        0..=0x1fff => (0, 0),
        0xc000_0000..=0xc000_1fff => (1, 0xc000_0000),
        0xc001_0000..=0xc001_1fff => (2, 0xc001_0000),
        _ => return None,
    };
    Some(range * RANGE_BITS + (msr.0 - first) * 2)
}

impl MsrPermissionMap {
    /// Every access exits.
    #[must_use]
    pub const fn intercept_all() -> Self {
        Self {
            words: [u64::MAX; MSRPM_WORDS],
        }
    }

    /// Takes a map's memory as it is found.
    #[must_use]
    pub const fn from_words(words: [u64; MSRPM_WORDS]) -> Self {
        Self { words }
    }

    /// The map as the processor reads it.
    #[must_use]
    pub const fn words(&self) -> &[u64; MSRPM_WORDS] {
        &self.words
    }

    /// Lets the guest make these accesses itself. Says whether the map can: it cannot for an MSR outside its ranges.
    #[must_use]
    pub fn allow(&mut self, msr: Msr, access: MsrAccess) -> bool {
        self.change(msr, |word, mask| word & !mask, access)
    }

    /// Makes these accesses exit; those to an MSR outside the map's ranges do anyway.
    pub fn intercept(&mut self, msr: Msr, access: MsrAccess) {
        let _ = self.change(msr, |word, mask| word | mask, access);
    }

    /// Which accesses exit, as the processor reads the map.
    #[must_use]
    pub fn intercepted(&self, msr: Msr) -> MsrAccess {
        let Some((word, shift)) = place(msr) else {
            return MsrAccess::all();
        };
        let word = self.words.get(word).copied().unwrap_or(u64::MAX);
        MsrAccess::from_bits_truncate((word >> shift) as u8 & 3)
    }

    fn change(&mut self, msr: Msr, to: impl Fn(u64, u64) -> u64, access: MsrAccess) -> bool {
        let Some((index, shift)) = place(msr) else {
            return false;
        };
        let Some(word) = self.words.get_mut(index) else {
            return false;
        };
        *word = to(*word, u64::from(access.bits()) << shift);
        true
    }
}

/// Word and bit.
const fn place(msr: Msr) -> Option<(usize, u32)> {
    match msr_bit(msr) {
        Some(bit) => Some(((bit / 64) as usize, bit % 64)),
        None => None,
    }
}

/// The I/O permission map: a bit for each port, and three beyond the last for accesses that begin there. It must be
/// contiguous and 4 KiB aligned where the processor reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(C, align(4096))]
pub struct IoPermissionMap {
    words: [u64; IOPM_WORDS],
}

impl Default for IoPermissionMap {
    fn default() -> Self {
        Self::intercept_all()
    }
}

impl IoPermissionMap {
    /// Every access exits.
    #[must_use]
    pub const fn intercept_all() -> Self {
        Self {
            words: [u64::MAX; IOPM_WORDS],
        }
    }

    /// Takes a map's memory as it is found.
    #[must_use]
    pub const fn from_words(words: [u64; IOPM_WORDS]) -> Self {
        Self { words }
    }

    /// The map as the processor reads it.
    #[must_use]
    pub const fn words(&self) -> &[u64; IOPM_WORDS] {
        &self.words
    }

    /// Lets the guest access a port itself.
    pub fn allow(&mut self, port: Port) {
        if let Some(word) = self.words.get_mut(usize::from(port.0 / 64)) {
            *word &= !(1 << (port.0 % 64));
        }
    }

    /// Makes accesses to a port exit.
    pub fn intercept(&mut self, port: Port) {
        if let Some(word) = self.words.get_mut(usize::from(port.0 / 64)) {
            *word |= 1 << (port.0 % 64);
        }
    }

    /// Whether an access of `bytes` (1, 2 or 4) from `port` exits: any of its bytes' bits is set, those past port FFFFH
    /// included (§15.10.1).
    #[must_use]
    pub fn is_intercepted(&self, port: Port, bytes: u8) -> bool {
        (0..u32::from(bytes)).any(|offset| {
            let number = u32::from(port.0) + offset;
            let word = self.words.get((number / 64) as usize);
            word.is_none_or(|word| word >> (number % 64) & 1 != 0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::boxed::Box;
    use alloc::collections::BTreeMap;
    use alloc::collections::BTreeSet;
    use alloc::vec::Vec;
    use core::mem::{align_of, size_of};
    use proptest::prelude::*;

    fn bytes_of(words: &[u64]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    #[test]
    fn maps_have_the_size_and_alignment_that_the_processor_reads() {
        assert_eq!(
            (
                size_of::<MsrPermissionMap>(),
                align_of::<MsrPermissionMap>()
            ),
            (8192, 4096)
        );
        assert_eq!(
            (size_of::<IoPermissionMap>(), align_of::<IoPermissionMap>()),
            (12288, 4096)
        );
    }

    #[test]
    fn the_ranges_lie_where_the_manual_puts_them() {
        for (msr, byte, shift) in [
            (0, 0, 0),
            (0x1fff, 0x7ff, 6),
            (0xc000_0000, 0x800, 0),
            (0xc000_0080, 0x820, 0),
            (0xc000_1fff, 0xfff, 6),
            (0xc001_0000, 0x1000, 0),
            (0xc001_0117, 0x1045, 6),
            (0xc001_1fff, 0x17ff, 6),
        ] {
            let mut map = MsrPermissionMap::intercept_all();
            assert!(map.allow(Msr(msr), MsrAccess::WRITE));
            let bytes = bytes_of(map.words());
            assert_eq!(bytes[byte], !(2 << shift), "{msr:#x}");
            assert_eq!(
                bytes.iter().filter(|&&byte| byte != 0xff).count(),
                1,
                "{msr:#x}"
            );
        }
    }

    #[test]
    fn what_the_map_does_not_cover_cannot_be_allowed() {
        let mut map = MsrPermissionMap::intercept_all();
        for msr in [
            0x2000,
            0x4000_0000,
            0xbfff_ffff,
            0xc000_2000,
            0xc001_2000,
            u32::MAX,
        ] {
            assert!(!map.allow(Msr(msr), MsrAccess::all()));
            assert_eq!(map.intercepted(Msr(msr)), MsrAccess::all());
        }
        assert_eq!(map, MsrPermissionMap::intercept_all());
    }

    #[test]
    fn an_access_over_the_last_port_exits() {
        let mut map = IoPermissionMap::intercept_all();
        for port in 0..=0xffff {
            map.allow(Port(port));
        }
        assert!(!map.is_intercepted(Port(0xffff), 1));
        assert!(map.is_intercepted(Port(0xffff), 2));
        assert!(map.is_intercepted(Port(0xfffd), 4));
        assert!(!map.is_intercepted(Port(0xfffc), 4));
    }

    fn any_msr() -> impl Strategy<Value = u32> {
        prop_oneof![
            0..0x2100_u32,
            0xc000_0000..0xc000_2100_u32,
            0xc001_0000..0xc001_2100_u32,
            any::<u32>()
        ]
    }

    proptest! {
        #[test]
        fn msr_maps_agree_with_a_model(
            changes in prop::collection::vec((any_msr(), 0..4_u8, any::<bool>()), 0..60),
            others in prop::collection::vec(any_msr(), 20),
        ) {
            let mut map = Box::new(MsrPermissionMap::intercept_all());
            let mut model: BTreeMap<u32, MsrAccess> = BTreeMap::new();
            for &(msr, access, allow) in &changes {
                let access = MsrAccess::from_bits_truncate(access);
                let covered = msr_bit(Msr(msr)).is_some();
                let intercepted = model.entry(msr).or_insert(MsrAccess::all());
                if allow {
                    prop_assert_eq!(map.allow(Msr(msr), access), covered);
                    if covered {
                        intercepted.remove(access);
                    }
                } else {
                    map.intercept(Msr(msr), access);
                    intercepted.insert(access);
                }
            }
            for msr in changes.iter().map(|change| change.0).chain(others) {
                let expected = model.get(&msr).copied().unwrap_or(MsrAccess::all());
                prop_assert_eq!(map.intercepted(Msr(msr)), expected);
            }
        }

        #[test]
        fn port_maps_agree_with_a_model(
            changes in prop::collection::vec((any::<u16>(), any::<bool>()), 0..60), port: u16,
            bytes in prop::sample::select(&[1_u8, 2, 4]),
        ) {
            let mut map = Box::new(IoPermissionMap::intercept_all());
            let mut allowed = BTreeSet::new();
            for (port, allow) in changes.into_iter().chain([(port, true)]) {
                if allow {
                    map.allow(Port(port));
                    allowed.insert(u32::from(port));
                } else {
                    map.intercept(Port(port));
                    allowed.remove(&u32::from(port));
                }
            }
            for from in allowed.iter().flat_map(|&port| port.saturating_sub(3)..=port) {
                let expected = (from..from + u32::from(bytes)).any(|port| !allowed.contains(&port));
                prop_assert_eq!(map.is_intercepted(Port(from as u16), bytes), expected);
            }
            let bytes = bytes_of(map.words());
            for port in 0..0x1_0000_usize {
                prop_assert_eq!(bytes[port / 8] >> (port % 8) & 1 == 0, allowed.contains(&(port as u32)));
            }
        }
    }
}
