//! CPUID as a guest sees it: an allow-list over the processor's own answers, computed once when the partition is
//! made, so that an exit costs a table look-up.
//!
//! Trusts the processor's answers except for the XSAVE layout (see [`xstate`]); a guest steers only the leaf numbers.
//! The speculation controls (IBRS, STIBP, SSBD) are hidden, because IA32_SPEC_CTRL is not switched
//! between guest and hypervisor: [`crate::msr`] refuses those registers. Neighbours: [`crate::control`] and
//! [`crate::msr`] take their reserved bits from here.

mod build;
mod clock;
mod features;

use alloc::vec::Vec;
use isthmus_abi::{ApicId, cpuid as abi};
use raw_cpuid::{CpuId, CpuIdReader};

pub use raw_cpuid::CpuIdResult as CpuidResult;

use crate::control::{cr4, efer};
use crate::xstate;

/// Highest basic leaf offered: processor frequencies.
const LAST_BASIC: u32 = 0x16;
/// Highest extended leaf offered: address widths.
const LAST_EXTENDED: u32 = 0x8000_0008;
const FIRST_EXTENDED: u32 = 0x8000_0000;
const ZERO: CpuidResult = CpuidResult {
    eax: 0,
    ebx: 0,
    ecx: 0,
    edx: 0,
};

/// What the manifest and the hypervisor say about one partition's processors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GuestConfig {
    /// vCPUs, 1 to 255, shown as cores of one package.
    pub vcpus: u16,
    /// The TSC's frequency in Hz, as measured.
    pub tsc_hz: u64,
    /// The frequency in Hz at which the local APIC timer is emulated, before its divider. [`Policy::crystal_hz`] says
    /// whether the architecture can express it.
    pub lapic_timer_hz: u64,
    /// Bits of a guest-physical address, at most the processor's own; EPT with four levels carries 48.
    pub maxphyaddr: u8,
    /// State components to offer, limited to what is sound; `u64::MAX` for all.
    pub xcr0: u64,
    /// Whether the "enable INVPCID" control is set.
    pub invpcid: bool,
    /// Whether the "enable RDTSCP" control is set; RDPID hangs on it too.
    pub rdtscp: bool,
    /// Whether IA32_ARCH_CAPABILITIES is there to be read: on Intel's processors.
    pub arch_capabilities: bool,
}

/// What CPUID depends on at the moment it is executed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Dynamic {
    /// The vCPU's APIC id.
    pub apic_id: ApicId,
    /// Whether IA32_APIC_BASE.EN is set; without it the APIC feature bit reads 0 (SDM Vol. 3A §11.4.3).
    pub apic_enabled: bool,
    /// CR4 as the guest reads it, for OSXSAVE and OSPKE.
    pub cr4: u64,
    /// XCR0, for the size of the XSAVE area in use.
    pub xcr0: u64,
}

/// How a leaf's answer is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Kind {
    /// One answer whatever ECX holds.
    #[default]
    Plain,
    /// By subleaf, zero past the last.
    Indexed,
    /// Leaf 1: APIC id, OSXSAVE and the APIC bit are the vCPU's.
    Version,
    /// Leaf 7: by subleaf, OSPKE is the vCPU's.
    Structured,
    /// Leaf 0BH: by subleaf, the x2APIC id is the vCPU's.
    Topology,
    /// Leaf 0DH: by subleaf, sizes in use are the vCPU's.
    ExtendedState,
}

#[derive(Clone, Copy, Debug, Default)]
struct Row {
    first: u16,
    count: u16,
    kind: Kind,
}

const BASIC_ROWS: usize = LAST_BASIC as usize + 1;
const HYPERVISOR_ROWS: usize = (abi::LEAF_TIMING - abi::LEAF_SIGNATURE) as usize + 1;
const _: () = assert!(BASIC_ROWS <= 32, "a bit for each");
const EXTENDED_ROWS: usize = (LAST_EXTENDED - FIRST_EXTENDED) as usize + 1;

/// One partition's CPUID.
#[derive(Clone, Debug)]
pub struct Policy {
    basic: [Row; BASIC_ROWS],
    hypervisor: [Row; HYPERVISOR_ROWS],
    extended: [Row; EXTENDED_ROWS],
    results: Vec<CpuidResult>,
    /// Bit n: basic leaf n has one answer, which `fixed` holds.
    fixed_leaves: u32,
    fixed: [CpuidResult; BASIC_ROWS],
    xcr0: u64,
    xsavec: bool,
    maxphyaddr: u8,
    crystal_hz: u64,
}

impl Policy {
    /// Computes every answer from the processor's own (`host`, called with leaf and subleaf) and the partition's
    /// `config`.
    #[must_use]
    pub fn new(host: impl Fn(u32, u32) -> CpuidResult, config: &GuestConfig) -> Self {
        build::policy(host, config)
    }

    /// The answer to CPUID with `leaf` in EAX and `subleaf` in ECX. A leaf beyond the last is answered as by an Intel
    /// processor, with the data of the highest basic leaf (SDM Vol. 2A, CPUID).
    #[must_use]
    #[inline]
    pub fn query(&self, leaf: u32, subleaf: u32, now: &Dynamic) -> CpuidResult {
        let row = if leaf <= LAST_BASIC {
            self.basic.get(leaf as usize)
        } else if leaf >= FIRST_EXTENDED {
            self.extended.get((leaf - FIRST_EXTENDED) as usize)
        } else {
            self.hypervisor
                .get(leaf.wrapping_sub(abi::LEAF_SIGNATURE) as usize)
        };
        let row = row.unwrap_or(&self.basic[BASIC_ROWS - 1]);
        match row.kind {
            Kind::Plain => self.result(row, 0),
            Kind::Indexed => self.result(row, subleaf),
            Kind::Version => version(self.result(row, 0), now),
            Kind::Structured => structured(self.result(row, subleaf), subleaf, now),
            Kind::Topology => topology(self.result(row, subleaf), subleaf, now),
            Kind::ExtendedState => self.extended_state(self.result(row, subleaf), subleaf, now),
        }
    }

    /// The answer of [`Policy::query`] to a basic leaf that has but one, whatever the vCPU and the subleaf; `None` for all
    /// others.
    #[must_use]
    #[inline]
    pub fn fixed(&self, leaf: u32) -> Option<&CpuidResult> {
        let answer = self.fixed.get(leaf as usize)?;
        (self.fixed_leaves.checked_shr(leaf)? & 1 != 0).then_some(answer)
    }

    /// The state components that the guest may enable in XCR0; x87 alone if XSAVE is not offered.
    #[must_use]
    pub const fn xcr0(&self) -> u64 {
        self.xcr0
    }

    /// Bits of a guest-physical address.
    #[must_use]
    pub const fn maxphyaddr(&self) -> u8 {
        self.maxphyaddr
    }

    /// The frequency in Hz that leaf 15H tells the guest for its crystal, which is the local APIC timer's: emulate the
    /// timer at this rate. It is `lapic_timer_hz` where leaf 15H can express the TSC exactly as a small multiple of it,
    /// else the TSC's own frequency.
    #[must_use]
    pub const fn crystal_hz(&self) -> u64 {
        self.crystal_hz
    }

    /// A reader of the guest's features, for those who derive their rules from them.
    #[must_use]
    pub fn features(&self) -> CpuId<impl CpuIdReader + '_> {
        CpuId::with_cpuid_reader(|leaf, subleaf| self.query(leaf, subleaf, &Dynamic::default()))
    }

    /// CR4 bits that belong to an offered feature; the others are reserved for this guest.
    #[must_use]
    pub fn cr4_bits(&self) -> u64 {
        let reader = self.features();
        let mut bits = cr4::PCE;
        if let Some(basic) = reader.get_feature_info() {
            bits |= when(basic.has_vme(), cr4::VME | cr4::PVI)
                | when(basic.has_tsc(), cr4::TSD)
                | when(basic.has_de(), cr4::DE)
                | when(basic.has_pse(), cr4::PSE)
                | when(basic.has_pae(), cr4::PAE)
                | when(basic.has_mce(), cr4::MCE)
                | when(basic.has_pge(), cr4::PGE)
                | when(basic.has_fxsave_fxstor(), cr4::OSFXSR)
                | when(basic.has_sse(), cr4::OSXMMEXCPT)
                | when(basic.has_pcid(), cr4::PCIDE)
                | when(basic.has_xsave(), cr4::OSXSAVE);
        }
        if let Some(more) = reader.get_extended_feature_info() {
            bits |= when(more.has_fsgsbase(), cr4::FSGSBASE)
                | when(more.has_smep(), cr4::SMEP)
                | when(more.has_smap(), cr4::SMAP)
                | when(more.has_umip(), cr4::UMIP)
                | when(more.has_pku(), cr4::PKE);
        }
        bits
    }

    /// IA32_EFER bits that belong to an offered feature, LMA aside.
    #[must_use]
    pub fn efer_bits(&self) -> u64 {
        let reader = self.features();
        reader
            .get_extended_processor_and_feature_identifiers()
            .map_or(0, |extended| {
                when(extended.has_syscall_sysret(), efer::SCE)
                    | when(extended.has_execute_disable(), efer::NXE)
                    | when(extended.has_64bit_mode(), efer::LME)
            })
    }

    fn result(&self, row: &Row, subleaf: u32) -> CpuidResult {
        if subleaf >= u32::from(row.count) {
            return ZERO;
        }
        self.results
            .get(usize::from(row.first) + subleaf as usize)
            .copied()
            .unwrap_or(ZERO)
    }

    fn extended_state(&self, mut result: CpuidResult, subleaf: u32, now: &Dynamic) -> CpuidResult {
        let enabled = now.xcr0 & self.xcr0;
        match subleaf {
            0 if result.ecx != 0 => result.ebx = xstate::area_size(enabled),
            1 if self.xsavec => result.ebx = xstate::compacted_size(enabled),
            _ => {}
        }
        result
    }
}

fn version(mut result: CpuidResult, now: &Dynamic) -> CpuidResult {
    result.ebx |= now.apic_id.0 << 24;
    if now.cr4 & cr4::OSXSAVE != 0 {
        result.ecx |= features::OSXSAVE;
    }
    if !now.apic_enabled {
        result.edx &= !features::APIC;
    }
    result
}

fn structured(mut result: CpuidResult, subleaf: u32, now: &Dynamic) -> CpuidResult {
    if subleaf == 0 && now.cr4 & cr4::PKE != 0 {
        result.ecx |= features::OSPKE;
    }
    result
}

/// Past the last level only the subleaf and the id are told (SDM Vol. 2A, CPUID leaf 0BH).
fn topology(mut result: CpuidResult, subleaf: u32, now: &Dynamic) -> CpuidResult {
    result.ecx |= subleaf & 0xff;
    result.edx = now.apic_id.0;
    result
}

const fn when(condition: bool, bits: u64) -> u64 {
    if condition { bits } else { 0 }
}

#[cfg(test)]
mod tests;
