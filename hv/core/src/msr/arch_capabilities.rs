//! IA32_ARCH_CAPABILITIES as a guest reads it: which flaws of Intel's processors this one does not have. Without it a guest that
//! knows it is one has to expect the worst, and pays for it at every system call.
//!
//! Facts about the processor alone are shown. What stands for a control that guests do not get (enhanced IBRS, the
//! bits of TSX, fuses) stays hidden. Source: SDM Vol. 4 table 2-2; Intel's guidance on each flaw.

/// The bits that say that a flaw is absent, and what VERW and RET do: RDCL_NO, RSBA, SKIP_L1DFL_VMENTRY, SSB_NO, MDS_NO,
/// IF_PSCHANGE_MC_NO, TAA_NO, SBDR_SSDP_NO, FBSDP_NO, PSDP_NO, FB_CLEAR, RRSBA, BHI_NO, PBRSB_NO, GDS_NO, RFDS_NO, RFDS_CLEAR,
/// ITS_NO.
const SHOWN: u64 = 1 << 0
    | 1 << 2
    | 1 << 3
    | 1 << 4
    | 1 << 5
    | 1 << 6
    | 1 << 8
    | 1 << 13
    | 1 << 14
    | 1 << 15
    | 1 << 17
    | 1 << 19
    | BHI_NO
    | 1 << 24
    | 1 << 26
    | 1 << 27
    | 1 << 28
    | ITS_NO;
const IBRS_ALL: u64 = 1 << 1;
const BHI_NO: u64 = 1 << 20;
const ITS_NO: u64 = 1 << 62;

/// Models of family 6 before Skylake that had Intel 64 and VT-x with EPT: none of them has the indirect target selection flaw
/// (INTEL-SA-01153 names Skylake's successors).
const BEFORE_SKYLAKE: [u32; 19] = [
    0x1a, 0x1e, 0x1f, 0x2e, // Nehalem
    0x25, 0x2c, 0x2f, // Westmere
    0x2a, 0x2d, // Sandy Bridge
    0x3a, 0x3e, // Ivy Bridge
    0x3c, 0x3f, 0x45, 0x46, // Haswell
    0x3d, 0x47, 0x4f, 0x56, // Broadwell
];

/// What a guest reads, from the processor's own register (`None` if it has none) and its signature (CPUID leaf 1, EAX).
#[must_use]
pub fn shown(host: Option<u64>, signature: u32) -> u64 {
    let host = host.unwrap_or(0);
    let mut value = host & SHOWN;
    // Branch history injection needs enhanced IBRS to be a flaw of its own; older processors have Spectre's second variant, and
    // guests defend themselves against that by other means.
    if host & IBRS_ALL == 0 {
        value |= BHI_NO;
    }
    let family = signature >> 8 & 0xf;
    let model = signature >> 4 & 0xf | signature >> 12 & 0xf0;
    if family == 6 && BEFORE_SKYLAKE.contains(&model) {
        value |= ITS_NO;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASWELL: u32 = 0x306c3;
    const ICE_LAKE_SERVER: u32 = 0x606a6;

    #[test]
    fn an_old_processor_without_the_register_lacks_only_the_flaws_of_new_ones() {
        assert_eq!(shown(None, HASWELL), BHI_NO | ITS_NO);
    }

    #[test]
    fn a_new_processor_is_shown_as_it_says_it_is() {
        let host = 1 << 0 | IBRS_ALL | 1 << 5 | 1 << 7 | 1 << 12;
        assert_eq!(shown(Some(host), ICE_LAKE_SERVER), 1 << 0 | 1 << 5);
        assert_eq!(shown(Some(host | ITS_NO), ICE_LAKE_SERVER) & ITS_NO, ITS_NO);
    }

    #[test]
    fn no_control_is_ever_shown() {
        const CONTROLS: u64 =
            IBRS_ALL | 1 << 7 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 18 | 1 << 21 | 1 << 23;
        assert_eq!(shown(Some(u64::MAX), HASWELL) & CONTROLS, 0);
    }
}
