//! Computes a partition's CPUID table from the processor's own answers.

use alloc::vec::Vec;
use isthmus_abi::cpuid as abi;

use super::clock::clock_ratio;
use super::{
    BASIC_ROWS, CpuidResult, EXTENDED_ROWS, FIRST_EXTENDED, GuestConfig, HYPERVISOR_ROWS, Kind,
    LAST_BASIC, LAST_EXTENDED, Policy, Row, ZERO, features,
};
use crate::xstate;

/// Cache levels and types that leaf 4 can enumerate here.
const MAX_CACHES: u32 = 8;

pub(super) fn policy(host: impl Fn(u32, u32) -> CpuidResult, config: &GuestConfig) -> Policy {
    let host = Host::new(host);
    let mut policy = Policy {
        basic: [Row::default(); BASIC_ROWS],
        hypervisor: [Row::default(); HYPERVISOR_ROWS],
        extended: [Row::default(); EXTENDED_ROWS],
        // Rows that are never set point here.
        results: alloc::vec![ZERO],
        fixed_leaves: 0,
        fixed: [ZERO; BASIC_ROWS],
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
    for (leaf, row) in policy.basic.into_iter().enumerate() {
        if row.kind == Kind::Plain {
            policy.fixed_leaves |= 1 << leaf;
            policy.fixed[leaf] = policy.result(&row, 0);
        }
    }
    policy
}

impl Policy {
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
        let mut edx = seven.edx & features::LEAF_7_EDX & !hidden.leaf_7_edx;
        if config.arch_capabilities {
            edx |= features::ARCH_CAPABILITIES;
        }
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
