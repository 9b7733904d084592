//! What the preflight report needs of CPUID. [`super`] puts it beside the VMX capabilities.

/// What CPUID says about the processor (SDM Vol. 2A, CPUID).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuFacts {
    /// Twelve letters of leaf 0.
    pub vendor: [u8; 12],
    /// Leaf 1, ECX bit 5.
    pub vmx: bool,
    /// Leaf 8000_0001, ECX bit 2: AMD's counterpart.
    pub svm: bool,
    /// Leaf 1, ECX bit 31: another hypervisor runs below.
    pub under_hypervisor: bool,
    /// Leaf 1, ECX bit 21.
    pub x2apic: bool,
    /// Leaf 1, ECX bit 24: the local APIC timer has a TSC-deadline mode.
    pub tsc_deadline: bool,
    /// Leaf 1, ECX bit 26.
    pub xsave: bool,
    /// Leaf 8000_0007, EDX bit 8: the TSC runs at one rate in all power states.
    pub invariant_tsc: bool,
    /// Leaf 8000_0001, EDX bit 20.
    pub execute_disable: bool,
    /// Leaf 8000_0008, EAX bits 7:0, 36 to 52 on processors that matter here.
    pub physical_address_bits: u8,
    /// Leaf 8000_0008, EAX bits 15:8: 48 or 57.
    pub linear_address_bits: u8,
}

impl CpuFacts {
    /// Asks `cpuid(leaf, subleaf)`, which answers with EAX, EBX, ECX and EDX.
    #[must_use]
    pub fn read(mut cpuid: impl FnMut(u32, u32) -> [u32; 4]) -> Self {
        let [_, ebx, ecx, edx] = cpuid(0, 0);
        let mut vendor = [0; 12];
        for (place, word) in vendor.chunks_exact_mut(4).zip([ebx, edx, ecx]) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        let [_, _, features, _] = cpuid(1, 0);
        let [highest, ..] = cpuid(0x8000_0000, 0);
        let mut extended = |leaf| {
            if highest >= leaf {
                cpuid(leaf, 0)
            } else {
                [0; 4]
            }
        };
        let [_, _, extended_ecx, extended_edx] = extended(0x8000_0001);
        let [_, _, _, power] = extended(0x8000_0007);
        let [widths, ..] = extended(0x8000_0008);
        let [physical, linear, ..] = if widths == 0 {
            [36, 48, 0, 0]
        } else {
            widths.to_le_bytes()
        };
        Self {
            vendor,
            vmx: features >> 5 & 1 != 0,
            svm: extended_ecx >> 2 & 1 != 0,
            under_hypervisor: features >> 31 & 1 != 0,
            x2apic: features >> 21 & 1 != 0,
            tsc_deadline: features >> 24 & 1 != 0,
            xsave: features >> 26 & 1 != 0,
            invariant_tsc: power >> 8 & 1 != 0,
            execute_disable: extended_edx >> 20 & 1 != 0,
            physical_address_bits: physical,
            linear_address_bits: linear,
        }
    }

    /// The vendor's letters; "unknown" if they are none.
    #[must_use]
    pub fn vendor_name(&self) -> &str {
        match core::str::from_utf8(&self.vendor) {
            Ok(name)
                if name
                    .bytes()
                    .all(|letter| letter.is_ascii_graphic() || letter == b' ') =>
            {
                name
            }
            _ => "unknown",
        }
    }
}
