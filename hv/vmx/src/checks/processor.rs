//! What a VM entry's checks ask of the processor beyond its VMX capabilities: address widths, and the bits that
//! some registers have.

/// One processor, as CPUID tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Processor {
    /// Width of physical addresses, 32 to 52: CPUID leaf 80000008H, EAX bits 7:0.
    pub physical_address_bits: u32,
    /// Width of linear addresses, 48 or 57: the same, bits 15:8.
    pub linear_address_bits: u32,
    /// Bits of IA32_EFER that exist.
    pub efer: u64,
    /// Bits of IA32_DEBUGCTL that exist.
    pub debugctl: u64,
    /// Bits of IA32_PERF_GLOBAL_CTRL that exist.
    pub perf_global_ctrl: u64,
    /// Linear-address masking: CR3 bits 62:61 may be set.
    pub linear_address_masking: bool,
    /// Restricted transactional memory: a pending debug exception may come from within a transaction.
    pub rtm: bool,
    /// A debug exception may report a bus lock.
    pub bus_lock_detection: bool,
    /// Enclaves: an exit may have interrupted one.
    pub sgx: bool,
}

/// LBR, BTF, TR, BTS, BTINT, BTS_OFF_OS, BTS_OFF_USR, the two freezes, uncore PMI, freeze while in SMM
/// (SDM Vol. 3B §18.4.1, Vol. 4 Table 2-2).
const DEBUGCTL: u64 = 0x7fc3;
const DEBUGCTL_BUS_LOCK: u64 = 1 << 2;
const DEBUGCTL_RTM: u64 = 1 << 15;
const EFER_SCE: u64 = 1 << 0;
const EFER_LME_LMA: u64 = 1 << 8 | 1 << 10;
const EFER_NXE: u64 = 1 << 11;
/// IA32_PERF_GLOBAL_CTRL: performance metrics. IA32_PERF_CAPABILITIES tells, CPUID does not; it is let pass.
const PERF_METRICS: u64 = 1 << 48;

impl Processor {
    /// The processor that answers `cpuid(leaf, subleaf)` with EAX, EBX, ECX and EDX.
    #[must_use]
    pub fn from_cpuid(cpuid: impl Fn(u32, u32) -> [u32; 4]) -> Self {
        let [highest, ..] = cpuid(0, 0);
        let leaf = |number, subleaf| {
            if number <= highest {
                cpuid(number, subleaf)
            } else {
                [0; 4]
            }
        };
        let [_, features_b, features_c, _] = leaf(7, 0);
        let [features_1a, ..] = leaf(7, 1);
        let [.., extended_d] = cpuid(0x8000_0001, 0);
        let [widths, ..] = cpuid(0x8000_0008, 0);
        let (rtm, bus_lock_detection) = (bit(features_b, 11), bit(features_c, 24));
        Self {
            physical_address_bits: widths & 0xff,
            linear_address_bits: widths >> 8 & 0xff,
            efer: mask(bit(extended_d, 11), EFER_SCE)
                | mask(bit(extended_d, 29), EFER_LME_LMA)
                | mask(bit(extended_d, 20), EFER_NXE),
            debugctl: DEBUGCTL
                | mask(bus_lock_detection, DEBUGCTL_BUS_LOCK)
                | mask(rtm, DEBUGCTL_RTM),
            perf_global_ctrl: perf_global_ctrl(leaf(10, 0)),
            linear_address_masking: bit(features_1a, 26),
            rtm,
            bus_lock_detection,
            sgx: bit(features_b, 2),
        }
    }
}

const fn bit(word: u32, number: u32) -> bool {
    word >> number & 1 != 0
}

const fn mask(exists: bool, bits: u64) -> u64 {
    if exists { bits } else { 0 }
}

/// The counters of CPUID leaf 0AH (SDM Vol. 3B §20.2).
fn perf_global_ctrl([a, _, c, d]: [u32; 4]) -> u64 {
    let ones = |count: u32| 1_u64.checked_shl(count).map_or(u64::MAX, |end| end - 1);
    let version = a & 0xff;
    let general = if version > 0 {
        ones(a >> 8 & 0xff) & 0xffff_ffff
    } else {
        0
    };
    let fixed = if version > 1 {
        ones(d & 31) | u64::from(c)
    } else {
        0
    };
    general | fixed << 32 | mask(version >= 5, PERF_METRICS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_processor_reads_as_its_manual_says() {
        let processor = Processor::from_cpuid(|leaf, subleaf| match (leaf, subleaf) {
            (0, _) => [0x16, 0, 0, 0],
            (7, 0) => [0, 1 << 2 | 1 << 11, 0, 0],
            (10, _) => [0x0730_0404, 0, 0, 0x603],
            (0x8000_0001, _) => [0, 0, 0, 1 << 11 | 1 << 20 | 1 << 29],
            (0x8000_0008, _) => [0x3027, 0, 0, 0],
            _ => [0; 4],
        });
        assert_eq!(
            (
                processor.physical_address_bits,
                processor.linear_address_bits
            ),
            (39, 48)
        );
        assert_eq!((processor.efer, processor.debugctl), (0xd01, 0xffc3));
        assert_eq!(processor.perf_global_ctrl, 0x7_0000_000f);
        assert!(
            processor.sgx
                && processor.rtm
                && !processor.bus_lock_detection
                && !processor.linear_address_masking
        );
    }

    #[test]
    fn leaves_beyond_the_highest_are_not_believed() {
        let processor = Processor::from_cpuid(|leaf, _| {
            if leaf == 0 {
                [6, 0, 0, 0]
            } else {
                [u32::MAX; 4]
            }
        });
        assert!(!processor.sgx && !processor.rtm && !processor.linear_address_masking);
        assert_eq!(processor.perf_global_ctrl, 0);
    }
}
