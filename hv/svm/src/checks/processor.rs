//! What VMRUN's checks ask of the processor: address widths, and the bits that some registers have.

use crate::capabilities::Features;

/// One processor, as CPUID tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Processor {
    /// Width of physical addresses, 32 to 52: leaf 80000008H, EAX bits 7:0.
    pub physical_address_bits: u32,
    /// Bits of CR4 that exist.
    pub cr4: u64,
    /// Bits of EFER that exist, SVME included.
    pub efer: u64,
    /// Nested paging: leaf 8000000AH, EDX bit 0.
    pub nested_paging: bool,
    /// SVM's features, all of that word.
    pub features: Features,
    /// Address-space identifiers, the host's included.
    pub asids: u32,
}

/// VME to OSXMMEXCPT, which every processor with SVM has (§3.1.3).
const CR4_ALWAYS: u64 = 0x7ff;
const EFER_ALWAYS: u64 = 1 << 12;

impl Processor {
    /// The processor that answers `cpuid(leaf, subleaf)` with EAX, EBX, ECX and EDX.
    #[must_use]
    pub fn from_cpuid(cpuid: impl Fn(u32, u32) -> [u32; 4]) -> Self {
        let [highest, ..] = cpuid(0, 0);
        let [highest_extended, ..] = cpuid(0x8000_0000, 0);
        let leaf = |number: u32| {
            let highest = if number >> 31 == 0 {
                highest
            } else {
                highest_extended
            };
            if number <= highest {
                cpuid(number, 0)
            } else {
                [0; 4]
            }
        };
        let [_, _, features, _] = leaf(1);
        let [_, structured_b, structured_c, _] = leaf(7);
        let [_, _, extended_c, extended_d] = leaf(0x8000_0001);
        let [widths, more_b, ..] = leaf(0x8000_0008);
        let [_, asids, _, svm] = leaf(0x8000_000a);
        let [last_a, ..] = leaf(0x8000_0021);
        let svm = Features::from_bits_retain(svm);
        Self {
            physical_address_bits: widths & 0xff,
            cr4: CR4_ALWAYS
                | bit(structured_c, 2, 11)
                | bit(structured_c, 16, 12)
                | bit(structured_b, 0, 16)
                | bit(features, 17, 17)
                | bit(features, 26, 18)
                | bit(structured_b, 7, 20)
                | bit(structured_b, 20, 21)
                | bit(structured_c, 3, 22)
                | bit(structured_c, 7, 23)
                | bit(structured_c, 31, 24),
            efer: EFER_ALWAYS
                | bit(extended_d, 11, 0)
                | bit(extended_d, 29, 8)
                | bit(extended_d, 29, 10)
                | bit(extended_d, 20, 11)
                | bit(!more_b, 20, 13)
                | bit(extended_d, 25, 14)
                | bit(extended_c, 17, 15)
                | bit(more_b, 8, 17)
                | bit(more_b, 13, 18)
                | bit(last_a, 7, 20)
                | bit(last_a, 8, 21),
            nested_paging: svm.contains(Features::NESTED_PAGING),
            features: svm,
            asids,
        }
    }
}

/// Bit `to` if bit `from` of the word is set.
const fn bit(word: u32, from: u32, to: u32) -> u64 {
    ((word >> from & 1) as u64) << to
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::processors;

    fn of(processor: processors::Processor) -> Processor {
        Processor::from_cpuid(|leaf, subleaf| processor.cpuid(leaf, subleaf))
    }

    #[test]
    fn bits_exist_where_cpuid_says_so() {
        let zen = of(processors::ZEN_3);
        assert_eq!(zen.physical_address_bits, 48);
        assert_eq!(zen.asids, 0x8000);
        // FSGSBASE, PCIDE, OSXSAVE, SMEP, SMAP, PKE, CET, UMIP; no LA57.
        assert_eq!(zen.cr4, 0x00f7_0fff);
        // SCE, LME, LMA, NXE, SVME, LMSLE, FFXSR, TCE.
        assert_eq!(zen.efer, 0xfd01);
        assert!(zen.nested_paging);
    }

    #[test]
    fn an_emulator_has_others() {
        let qemu = of(processors::QEMU_7_2_TCG);
        // UMIP, LA57, FSGSBASE, OSXSAVE, SMEP, SMAP, PKE, PKS; no PCIDE.
        assert_eq!((qemu.cr4, qemu.asids), (0x0175_1fff, 16));
    }

    #[test]
    fn an_old_processor_has_fewer() {
        let old = of(processors::K8);
        assert_eq!((old.cr4, old.physical_address_bits), (0x7ff, 40));
        assert!(!old.nested_paging);
    }

    #[test]
    fn leaves_past_the_highest_are_not_asked() {
        let none = Processor::from_cpuid(|leaf, _| match leaf {
            0 | 0x8000_0000 => [leaf, 0, 0, 0],
            other => panic!("leaf {other:#x}"),
        });
        assert_eq!((none.cr4, none.asids), (0x7ff, 0));
    }
}
