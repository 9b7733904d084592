//! Extended processor state: which components a guest may enable in XCR0, and how large its XSAVE area is.
//!
//! Sizes come from the architecture's fixed layout, never from the processor at hand, because emulated processors
//! have been seen to report sums that their own parts contradict; [`crate::cpuid`] compares the two and offers a
//! guest only what both agree on. Neighbours: [`crate::control`] judges XSETBV by these rules.

/// x87 state; its bit in XCR0 is always set.
pub const X87: u64 = 1 << 0;
/// XMM registers and MXCSR.
pub const SSE: u64 = 1 << 1;
/// Upper halves of the YMM registers.
pub const AVX: u64 = 1 << 2;
/// Bound registers and their configuration (MPX), both bits.
pub const MPX: u64 = 3 << 3;
/// Opmasks, upper ZMM halves and the upper sixteen ZMM registers, all three bits.
pub const AVX512: u64 = 7 << 5;
/// Protection-key rights for user pages.
pub const PKRU: u64 = 1 << 9;
/// Tile configuration and tile data (AMX), both bits.
pub const AMX: u64 = 3 << 17;

/// Bytes of the legacy region and the XSAVE header, which every area has (SDM Vol. 1 §13.4).
pub const LEGACY_AND_HEADER: u32 = 512 + 64;

/// One state component beyond the legacy region (SDM Vol. 1 §13.4.3 and Vol. 2A, CPUID leaf 0DH).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Component {
    /// Its bit in XCR0, 2 to 62.
    pub number: u8,
    /// Bytes it takes.
    pub size: u32,
    /// Offset in the standard format, in bytes from the start of the area.
    pub offset: u32,
    /// Whether the compacted format places it on a multiple of 64 bytes.
    pub aligned: bool,
}

/// The user components whose place in the standard format is the same on every Intel processor so far. Others are
/// not offered to guests.
pub const COMPONENTS: [Component; 7] = [
    Component {
        number: 2,
        size: 256,
        offset: 576,
        aligned: false,
    },
    Component {
        number: 3,
        size: 64,
        offset: 960,
        aligned: false,
    },
    Component {
        number: 4,
        size: 64,
        offset: 1024,
        aligned: false,
    },
    Component {
        number: 5,
        size: 64,
        offset: 1088,
        aligned: false,
    },
    Component {
        number: 6,
        size: 512,
        offset: 1152,
        aligned: false,
    },
    Component {
        number: 7,
        size: 1024,
        offset: 1664,
        aligned: false,
    },
    Component {
        number: 9,
        size: 8,
        offset: 2688,
        aligned: false,
    },
];

/// The components whose layout this module knows, as a mask of XCR0.
pub const KNOWN: u64 = X87 | SSE | AVX | MPX | AVX512 | PKRU;

/// Bytes an area for any mask within [`KNOWN`] can need; one page holds it.
pub const MAX_AREA: u32 = 2696;

/// The component with that number in XCR0, if its layout is known.
#[must_use]
pub fn component(number: u32) -> Option<&'static Component> {
    COMPONENTS
        .iter()
        .find(|component| u32::from(component.number) == number)
}

/// Bytes of an XSAVE area in the standard format with the components of `xcr0` enabled, 576 to [`MAX_AREA`]
/// (SDM Vol. 1 §13.4.1). Components that are not [`KNOWN`] add nothing.
#[must_use]
pub fn area_size(xcr0: u64) -> u32 {
    enabled(xcr0)
        .map(|component| component.offset + component.size)
        .max()
        .unwrap_or(LEGACY_AND_HEADER)
}

/// Bytes of an XSAVE area in the compacted format with the components of `mask` present (SDM Vol. 1 §13.4.3).
#[must_use]
pub fn compacted_size(mask: u64) -> u32 {
    enabled(mask).fold(LEGACY_AND_HEADER, |end, component| {
        let start = if component.aligned {
            end.next_multiple_of(64)
        } else {
            end
        };
        start + component.size
    })
}

fn enabled(mask: u64) -> impl Iterator<Item = &'static Component> {
    COMPONENTS
        .iter()
        .filter(move |component| mask & (1 << component.number) != 0)
}

/// Whether XSETBV may load `value` into XCR0 when `allowed` may be enabled at all (SDM Vol. 2D, XSETBV, and
/// Vol. 1 §13.3): x87 always, AVX only with SSE, the two MPX bits, the two AMX bits and the three AVX-512 bits each
/// together or not at all, AVX-512 only with AVX.
#[must_use]
pub const fn is_valid_xcr0(value: u64, allowed: u64) -> bool {
    value & !allowed == 0
        && value & X87 != 0
        && (value & AVX == 0 || value & SSE != 0)
        && all_or_none(value, MPX)
        && all_or_none(value, AMX)
        && all_or_none(value, AVX512)
        && (value & AVX512 == 0 || value & AVX != 0)
}

const fn all_or_none(value: u64, group: u64) -> bool {
    value & group == 0 || value & group == group
}

/// The greatest mask within `wanted` and [`KNOWN`] that XSETBV would accept: incomplete groups are dropped.
#[must_use]
pub const fn largest_valid(wanted: u64) -> u64 {
    let mut mask = (wanted & KNOWN) | X87;
    if mask & SSE == 0 {
        mask &= !AVX;
    }
    if mask & MPX != MPX {
        mask &= !MPX;
    }
    if mask & AVX512 != AVX512 || mask & AVX == 0 {
        mask &= !AVX512;
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_real_processors() {
        assert_eq!(area_size(X87), 576);
        assert_eq!(area_size(X87 | SSE), 576);
        assert_eq!(area_size(X87 | SSE | AVX), 832);
        assert_eq!(area_size(X87 | SSE | AVX | MPX), 1088);
        assert_eq!(area_size(X87 | SSE | AVX | AVX512), 2688);
        assert_eq!(area_size(KNOWN), MAX_AREA);
    }

    #[test]
    fn the_compacted_format_leaves_no_gaps() {
        assert_eq!(compacted_size(X87 | SSE | AVX), 832);
        assert_eq!(
            compacted_size(X87 | SSE | AVX | AVX512),
            576 + 256 + 64 + 512 + 1024
        );
        assert_eq!(compacted_size(X87 | PKRU), 584);
    }

    #[test]
    fn every_mask_is_judged_as_xsetbv_does() {
        for value in 0..1u64 << 10 {
            let expected = value & 1 == 1
                && (value & 0b100 == 0 || value & 0b10 != 0)
                && matches!(value >> 3 & 3, 0 | 3)
                && matches!(value >> 5 & 7, 0 | 7)
                && (value >> 5 & 7 == 0 || value & 0b100 != 0)
                && value & (1 << 8) == 0;
            assert_eq!(is_valid_xcr0(value, KNOWN), expected, "{value:#x}");
            let largest = largest_valid(value);
            assert!(
                is_valid_xcr0(largest, KNOWN),
                "{value:#x} gave {largest:#x}"
            );
            assert!(largest & !(value | 1) == 0);
        }
    }

    #[test]
    fn what_is_not_allowed_is_refused() {
        assert!(!is_valid_xcr0(X87 | SSE | AVX, X87 | SSE));
        assert!(!is_valid_xcr0(X87 | 1 << 63, KNOWN));
    }
}
