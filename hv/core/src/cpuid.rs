//! CPUID as a guest sees it: an allow-list over the processor's own answers, computed once when the partition is
//! made, so that an exit costs a table look-up.
//!
//! Trusts the processor's answers except for the XSAVE layout (see [`xstate`]); a guest steers only the leaf numbers.
//! The speculation controls (IBRS, STIBP, SSBD, ARCH_CAPABILITIES) are hidden, because IA32_SPEC_CTRL is not switched
//! between guest and hypervisor: [`crate::msr`] refuses those registers. Neighbours: [`crate::control`] and
//! [`crate::msr`] take their reserved bits from here.

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
/// Cache levels and types that leaf 4 can enumerate here.
const MAX_CACHES: u32 = 8;
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
const EXTENDED_ROWS: usize = (LAST_EXTENDED - FIRST_EXTENDED) as usize + 1;

/// One partition's CPUID.
#[derive(Clone, Debug)]
pub struct Policy {
    basic: [Row; BASIC_ROWS],
    hypervisor: [Row; HYPERVISOR_ROWS],
    extended: [Row; EXTENDED_ROWS],
    results: Vec<CpuidResult>,
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
        let host = Host::new(host);
        let mut policy = Self {
            basic: [Row::default(); BASIC_ROWS],
            hypervisor: [Row::default(); HYPERVISOR_ROWS],
            extended: [Row::default(); EXTENDED_ROWS],
            // Rows that are never set point here.
            results: alloc::vec![ZERO],
            xcr0: offered_xcr0(&host, config.xcr0),
            xsavec: false,
            maxphyaddr: host.maxphyaddr().min(config.maxphyaddr),
            crystal_hz: 0,
        };
        policy.set_features(&host, config);
        policy.set_topology(&host, config.vcpus);
        policy.set_extended_state(&host);
        policy.set_timing(config);
        policy.set_extended(&host, config);
        policy
    }

    /// The answer to CPUID with `leaf` in EAX and `subleaf` in ECX. A leaf beyond the last is answered as by an Intel
    /// processor, with the data of the highest basic leaf (SDM Vol. 2A, CPUID).
    #[must_use]
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

    fn append(&mut self, kind: Kind, results: &[CpuidResult]) -> Row {
        let first = self.results.len() as u16;
        self.results.extend_from_slice(results);
        Row {
            first,
            count: results.len() as u16,
            kind,
        }
    }

    fn set_basic(&mut self, leaf: u32, kind: Kind, results: &[CpuidResult]) {
        let row = self.append(kind, results);
        if let Some(slot) = self.basic.get_mut(leaf as usize) {
            *slot = row;
        }
    }

    fn set_features(
        &mut self,
        host: &Host<impl Fn(u32, u32) -> CpuidResult>,
        config: &GuestConfig,
    ) {
        let vendor = host.read(0, 0);
        self.set_basic(
            0,
            Kind::Plain,
            &[CpuidResult {
                eax: LAST_BASIC,
                ..vendor
            }],
        );
        let hidden = features::hidden_without(self.xcr0);
        let mut one = host.read(1, 0);
        one.ebx = (one.ebx & 0xff00) | ids(config.vcpus).min(255) << 16;
        one.ecx =
            (one.ecx & features::LEAF_1_ECX & !hidden.leaf_1_ecx) | features::LEAF_1_ECX_ALWAYS;
        one.edx &= features::LEAF_1_EDX;
        if config.vcpus > 1 {
            one.edx |= features::HTT;
        }
        self.set_basic(1, Kind::Version, &[one]);
        self.set_basic(2, Kind::Plain, &[host.read(2, 0)]);
        self.set_basic(
            6,
            Kind::Plain,
            &[CpuidResult {
                eax: features::LEAF_6_EAX_ALWAYS,
                ..ZERO
            }],
        );

        let seven = host.read(7, 0);
        let mut ebx =
            (seven.ebx & features::LEAF_7_EBX & !hidden.leaf_7_ebx) | features::TSC_ADJUST;
        let mut ecx = seven.ecx & features::LEAF_7_ECX & !hidden.leaf_7_ecx;
        if !config.invpcid {
            ebx &= !features::INVPCID;
        }
        if !config.rdtscp {
            ecx &= !features::RDPID;
        }
        let edx = seven.edx & features::LEAF_7_EDX & !hidden.leaf_7_edx;
        let last = seven.eax.min(1);
        let eax = if last == 1 {
            host.read(7, 1).eax & features::LEAF_7_1_EAX & !hidden.leaf_7_1_eax
        } else {
            0
        };
        let second = CpuidResult { eax, ..ZERO };
        self.set_basic(
            7,
            Kind::Structured,
            &[
                CpuidResult {
                    eax: last,
                    ebx,
                    ecx,
                    edx,
                },
                second,
            ],
        );
    }

    fn set_topology(&mut self, host: &Host<impl Fn(u32, u32) -> CpuidResult>, vcpus: u16) {
        let sharing = ids(vcpus) - 1;
        let caches: Vec<_> = (0..MAX_CACHES)
            .map(|index| host.read(4, index))
            .take_while(|cache| cache.eax & 0x1f != 0)
            .map(|cache| {
                // The last level is the package's, the others each core's own.
                let shared = if cache.eax >> 5 & 7 >= 3 { sharing } else { 0 };
                CpuidResult {
                    eax: (cache.eax & 0x3fff) | shared << 14 | sharing.min(63) << 26,
                    ..cache
                }
            })
            .collect();
        self.set_basic(4, Kind::Indexed, &caches);
        let threads = CpuidResult {
            eax: 0,
            ebx: 1,
            ecx: 1 << 8,
            edx: 0,
        };
        let cores = CpuidResult {
            eax: ids(vcpus).trailing_zeros(),
            ebx: u32::from(vcpus.max(1)),
            ecx: 2 << 8 | 1,
            edx: 0,
        };
        self.set_basic(0xb, Kind::Topology, &[threads, cores]);
    }

    fn set_extended_state(&mut self, host: &Host<impl Fn(u32, u32) -> CpuidResult>) {
        if !host.has_xsave() {
            return;
        }
        let capabilities = host.read(0xd, 1).eax & features::LEAF_D_1_EAX;
        self.xsavec = capabilities & features::XSAVEC != 0;
        let mut rows = alloc::vec![
            CpuidResult {
                eax: self.xcr0 as u32,
                ebx: 0,
                ecx: xstate::area_size(self.xcr0),
                edx: (self.xcr0 >> 32) as u32,
            },
            CpuidResult {
                eax: capabilities,
                ..ZERO
            },
        ];
        let highest = 63 - self.xcr0.leading_zeros();
        rows.extend((2..=highest).map(|number| match xstate::component(number) {
            Some(component) if self.xcr0 & (1 << number) != 0 => CpuidResult {
                eax: component.size,
                ebx: component.offset,
                ecx: u32::from(component.aligned) << 1,
                edx: 0,
            },
            _ => ZERO,
        }));
        self.set_basic(0xd, Kind::ExtendedState, &rows);
    }

    fn set_timing(&mut self, config: &GuestConfig) {
        let ratio = clock_ratio(config.tsc_hz, config.lapic_timer_hz);
        self.crystal_hz = u64::from(ratio.crystal_hz);
        let clocks = CpuidResult {
            eax: ratio.denominator,
            ebx: ratio.numerator,
            ecx: ratio.crystal_hz,
            edx: 0,
        };
        self.set_basic(0x15, Kind::Plain, &[clocks]);
        let mhz = config.tsc_hz.div_ceil(1_000_000).min(0xffff) as u32;
        self.set_basic(
            0x16,
            Kind::Plain,
            &[CpuidResult {
                eax: mhz,
                ebx: mhz,
                ecx: mhz.min(100),
                edx: 0,
            }],
        );

        let [ebx, ecx, edx] = signature_words();
        let khz = |hz: u64| u32::try_from(hz / 1000).unwrap_or(u32::MAX);
        self.hypervisor[0] = self.append(
            Kind::Plain,
            &[CpuidResult {
                eax: abi::LEAF_TIMING,
                ebx,
                ecx,
                edx,
            }],
        );
        let timing = CpuidResult {
            eax: khz(config.tsc_hz),
            ebx: khz(self.crystal_hz),
            ..ZERO
        };
        self.hypervisor[HYPERVISOR_ROWS - 1] = self.append(Kind::Plain, &[timing]);
    }

    fn set_extended(
        &mut self,
        host: &Host<impl Fn(u32, u32) -> CpuidResult>,
        config: &GuestConfig,
    ) {
        let answer = |leaf: u32| -> CpuidResult {
            let own = host.read(leaf, 0);
            match leaf {
                FIRST_EXTENDED => CpuidResult {
                    eax: LAST_EXTENDED,
                    ..ZERO
                },
                0x8000_0001 => {
                    let without = if config.rdtscp { 0 } else { features::RDTSCP };
                    let edx = own.edx & features::EXTENDED_1_EDX & !without;
                    CpuidResult {
                        ecx: own.ecx & features::EXTENDED_1_ECX,
                        edx,
                        ..ZERO
                    }
                }
                0x8000_0002..=0x8000_0004 => own,
                0x8000_0006 => CpuidResult {
                    ecx: own.ecx,
                    ..ZERO
                },
                0x8000_0007 => CpuidResult {
                    edx: features::EXTENDED_7_EDX_ALWAYS,
                    ..ZERO
                },
                0x8000_0008 => CpuidResult {
                    eax: 48 << 8 | u32::from(self.maxphyaddr),
                    ..ZERO
                },
                _ => ZERO,
            }
        };
        let answers: Vec<_> = (FIRST_EXTENDED..=LAST_EXTENDED).map(answer).collect();
        for (index, result) in answers.into_iter().enumerate() {
            self.extended[index] = self.append(Kind::Plain, &[result]);
        }
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

/// APIC ids reserved for the package's cores: a power of two.
fn ids(vcpus: u16) -> u32 {
    u32::from(vcpus.max(1)).next_power_of_two()
}

fn signature_words() -> [u32; 3] {
    let [a, b, c, d, e, f, g, h, i, j, k, l] = abi::SIGNATURE;
    [
        u32::from_le_bytes([a, b, c, d]),
        u32::from_le_bytes([e, f, g, h]),
        u32::from_le_bytes([i, j, k, l]),
    ]
}

/// The processor's own answers, zero beyond its highest leaves.
struct Host<F> {
    cpuid: F,
    last_basic: u32,
    last_extended: u32,
}

impl<F: Fn(u32, u32) -> CpuidResult> Host<F> {
    fn new(cpuid: F) -> Self {
        let last_basic = cpuid(0, 0).eax;
        let last_extended = cpuid(FIRST_EXTENDED, 0).eax;
        Self {
            cpuid,
            last_basic,
            last_extended,
        }
    }

    fn read(&self, leaf: u32, subleaf: u32) -> CpuidResult {
        let last = if leaf >= FIRST_EXTENDED {
            self.last_extended
        } else {
            self.last_basic
        };
        if leaf <= last {
            (self.cpuid)(leaf, subleaf)
        } else {
            ZERO
        }
    }

    fn has_xsave(&self) -> bool {
        self.read(1, 0).ecx & features::XSAVE != 0
    }

    fn maxphyaddr(&self) -> u8 {
        match self.read(0x8000_0008, 0).eax & 0xff {
            0 => 36,
            width => width.min(52) as u8,
        }
    }
}

/// The state components to offer: those the processor has, whose place it reports as the architecture fixes it, and
/// whose sum it reports at least as large as its parts.
fn offered_xcr0<F: Fn(u32, u32) -> CpuidResult>(host: &Host<F>, wanted: u64) -> u64 {
    if !host.has_xsave() {
        return xstate::X87;
    }
    let main = host.read(0xd, 0);
    let supported = u64::from(main.edx) << 32 | u64::from(main.eax);
    let candidates = [
        !xstate::MPX,
        !(xstate::MPX | xstate::PKRU),
        !(xstate::MPX | xstate::PKRU | xstate::AVX512),
    ];
    let is_sound = |mask: u64| {
        main.ecx >= xstate::area_size(mask)
            && xstate::COMPONENTS
                .iter()
                .filter(|component| mask & (1 << component.number) != 0)
                .all(|component| {
                    let told = host.read(0xd, u32::from(component.number));
                    told.eax == component.size && told.ebx == component.offset
                })
    };
    candidates
        .into_iter()
        .map(|candidate| xstate::largest_valid(supported & wanted & candidate))
        .find(|&mask| is_sound(mask))
        .unwrap_or(xstate::largest_valid(
            supported & (xstate::X87 | xstate::SSE),
        ))
}

/// TSC frequency = crystal × numerator / denominator (CPUID leaf 15H).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct ClockRatio {
    crystal_hz: u32,
    numerator: u32,
    denominator: u32,
}

/// A ratio that gives `tsc_hz` exactly. Guests multiply crystal in kHz by the numerator in 32 bits, so the product must
/// fit, and the crystal must be whole in kHz. Where `lapic_hz` cannot serve, the crystal is the TSC's frequency over the
/// smallest number that makes it fit 32 bits (1 below 4.29 GHz; above, up to 1 Hz is lost to rounding).
fn clock_ratio(tsc_hz: u64, lapic_hz: u64) -> ClockRatio {
    let divisor = gcd(tsc_hz, lapic_hz).max(1);
    let exact = || {
        let crystal_hz = u32::try_from(lapic_hz).ok()?;
        let numerator = u32::try_from(tsc_hz / divisor).ok()?;
        let denominator = u32::try_from(lapic_hz / divisor).ok()?;
        (crystal_hz / 1000).checked_mul(numerator)?;
        (crystal_hz > 0 && crystal_hz % 1000 == 0).then_some(ClockRatio {
            crystal_hz,
            numerator,
            denominator,
        })
    };
    exact().unwrap_or_else(|| {
        let parts = tsc_hz.div_ceil(u64::from(u32::MAX)).max(1);
        ClockRatio {
            crystal_hz: (tsc_hz / parts) as u32,
            numerator: parts as u32,
            denominator: 1,
        }
    })
}

const fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests;
