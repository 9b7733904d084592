//! What CPUID says of SVM on processors that exist, for tests: real ones as dumps published from the machines show,
//! emulators as they answer. VM_CR is what firmware that allows virtualization leaves.

use crate::capabilities::Capabilities;
use isthmus_vmx::preflight::CpuFacts;

/// A processor's name and its registers.
#[derive(Clone, Copy, Debug)]
pub struct Processor {
    /// Which it is.
    pub name: &'static str,
    /// ECX of leaf 1.
    pub features: u32,
    /// EBX and ECX of leaf 7.
    pub structured: [u32; 2],
    /// ECX and EDX of leaf 80000001H.
    pub extended: [u32; 2],
    /// EDX of leaf 80000007H.
    pub power: u32,
    /// EAX of leaf 80000008H.
    pub widths: u32,
    /// EAX to EDX of leaf 8000000AH.
    pub svm: [u32; 4],
    /// VM_CR.
    pub vm_cr: u64,
}

impl Processor {
    /// CPUID. Leaves that the report does not ask for are zero.
    #[must_use]
    pub fn cpuid(&self, leaf: u32, _subleaf: u32) -> [u32; 4] {
        match leaf {
            0 => [0x10, 0x6874_7541, 0x444d_4163, 0x6974_6e65],
            1 => [0, 0, self.features, 0],
            7 => [0, self.structured[0], self.structured[1], 0],
            0x8000_0000 => [0x8000_001f, 0x6874_7541, 0x444d_4163, 0x6974_6e65],
            0x8000_0001 => [0, 0, self.extended[0], self.extended[1]],
            0x8000_0007 => [0, 0, 0, self.power],
            0x8000_0008 => [self.widths, 0, 0, 0],
            0x8000_000a => self.svm,
            _ => [0; 4],
        }
    }

    /// What the preflight report needs of CPUID.
    #[must_use]
    pub fn facts(&self) -> CpuFacts {
        CpuFacts::read(|leaf, subleaf| self.cpuid(leaf, subleaf))
    }

    /// Its capabilities.
    ///
    /// # Panics
    /// If the processor has no SVM.
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        Capabilities::read(|leaf, subleaf| self.cpuid(leaf, subleaf), || self.vm_cr)
            .unwrap_or_else(|| panic!("{}: no SVM", self.name))
    }
}

/// Zen 1: Ryzen 7 1800X.
pub const ZEN_1: Processor = Processor {
    name: "Zen 1",
    features: 0x7ed8_320b,
    structured: [0x209c_01a9, 0],
    extended: [0x35c2_33ff, 0x2fd3_fbff],
    power: 0x6599,
    widths: 0x3030,
    svm: [1, 0x8000, 0, 0x0001_bcff],
    vm_cr: 8,
};

/// Zen 2: Ryzen 5 3600X.
pub const ZEN_2: Processor = Processor {
    name: "Zen 2",
    features: 0x7ed8_320b,
    structured: [0x219c_91a9, 0x0040_0004],
    extended: [0x75c2_37ff, 0x2fd3_fbff],
    power: 0x6799,
    widths: 0x3030,
    svm: [1, 0x8000, 0, 0x0013_bcff],
    vm_cr: 8,
};

/// Zen 3: EPYC 7713P, whose firmware offers AVIC.
pub const ZEN_3: Processor = Processor {
    name: "Zen 3",
    features: 0x7eda_320b,
    structured: [0x219c_95a9, 0x0040_069c],
    extended: [0x75c2_37ff, 0x2fd3_fbff],
    power: 0x6799,
    widths: 0x3030,
    svm: [1, 0x8000, 0, 0x119b_bcff],
    vm_cr: 8,
};

/// Zen 4: Ryzen 7 7700X.
pub const ZEN_4: Processor = Processor {
    name: "Zen 4",
    features: 0x7ed8_320b,
    structured: [0xf1bf_97a9, 0x0040_5fce],
    extended: [0x75c2_37ff, 0x2fd3_fbff],
    power: 0x6799,
    widths: 0x3030,
    svm: [1, 0x8000, 0, 0x1ebf_bcff],
    vm_cr: 8,
};

/// Family 10h: Phenom II. Nested paging and next RIP, and nothing newer.
pub const FAMILY_10: Processor = Processor {
    name: "family 10h",
    features: 0x0080_2009,
    structured: [0, 0],
    extended: [0x0000_37ff, 0xefd3_fbff],
    power: 0x1f9,
    widths: 0x3030,
    svm: [1, 64, 0, 0xf],
    vm_cr: 8,
};

/// K8 revision F and G: the first SVM, without nested paging.
pub const K8: Processor = Processor {
    name: "K8",
    features: 0x2001,
    structured: [0, 0],
    extended: [0x0000_011f, 0xebd3_fbff],
    power: 0x7f,
    widths: 0x3028,
    svm: [1, 64, 0, 0],
    vm_cr: 8,
};

/// QEMU 7.2 with `-accel tcg -cpu max`, which implements few of the features: no next RIP, no decode assists, no clean
/// bits, no flush by ASID.
pub const QEMU_7_2_TCG: Processor = Processor {
    name: "QEMU 7.2 TCG",
    features: 0xf6d8_320b,
    structured: [0x01d8_43a9, 0x8001_020c],
    extended: [0x0000_0075, 0xedd3_fbfd],
    power: 0,
    widths: 0x3928,
    svm: [1, 16, 0, 0x1001_0001],
    vm_cr: 0,
};

/// Those on which Isthmus runs.
pub const CAPABLE: [Processor; 6] = [ZEN_1, ZEN_2, ZEN_3, ZEN_4, FAMILY_10, QEMU_7_2_TCG];
