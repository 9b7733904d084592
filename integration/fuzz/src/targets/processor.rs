//! What a processor says of itself. Whatever it offers, a guest sees no feature that is not carried out for it; and
//! where the preflight report finds nothing missing, the controls chosen are ones that VM entry takes.

use isthmus_hv_core::cpuid::{CpuidResult, Dynamic, GuestConfig, Policy};
use isthmus_hv_core::xstate;
use isthmus_vmx::capabilities::Capabilities;
use isthmus_vmx::checks::{Processor, check_controls_and_host};
use isthmus_vmx::controls::{Wanted, negotiate};
use isthmus_vmx::mock::processors;
use isthmus_vmx::preflight::{CpuFacts, Report};
use isthmus_vmx::{Field, Vmcs};

use super::exits::valid_vmcs;
use crate::input::Input;

/// Leaves and subleaves whose answers an input changes.
const LEAVES: [(u32, u32); 20] = [
    (0, 0),
    (1, 0),
    (2, 0),
    (4, 0),
    (4, 1),
    (6, 0),
    (7, 0),
    (7, 1),
    (0xb, 0),
    (0xd, 0),
    (0xd, 1),
    (0xd, 2),
    (0xd, 5),
    (0xd, 9),
    (0x15, 0),
    (0x16, 0),
    (0x8000_0000, 0),
    (0x8000_0001, 0),
    (0x8000_0007, 0),
    (0x8000_0008, 0),
];

/// A processor: all bits, none, or a plausible one, with changes.
struct Host {
    base: u8,
    changes: Vec<((u32, u32), [u32; 4])>,
}

impl Host {
    fn read_from(input: &mut Input<'_>) -> Self {
        let base = input.byte();
        let count = input.byte() & 15;
        let changes = (0..count)
            .map(|_| {
                (
                    input.pick(&LEAVES),
                    [0; 4].map(|_: u32| input.word() as u32),
                )
            })
            .collect();
        Self { base, changes }
    }

    fn cpuid(&self, leaf: u32, subleaf: u32) -> [u32; 4] {
        let changed = self
            .changes
            .iter()
            .rev()
            .find(|(at, _)| *at == (leaf, subleaf));
        if let Some((_, answer)) = changed {
            return *answer;
        }
        match (leaf, subleaf, self.base & 3) {
            (0, ..) => [0x16, 0x756e_6547, 0x6c65_746e, 0x4965_6e69],
            (4, 4.., _) => [0; 4],
            (0xd, 0, _) => [0xff, 0xa80, 0xa80, 0],
            (0xd, 2.., _) => {
                xstate::component(subleaf).map_or([0; 4], |part| [part.size, part.offset, 0, 0])
            }
            (0x8000_0000, ..) => [0x8000_0008, 0, 0, 0],
            (0x8000_0008, ..) => [0x3027, 0, 0, 0],
            (.., 0) => [0; 4],
            (.., 1) => [0x5555_5555, u32::MAX, 0xaaaa_aaaa, u32::MAX],
            _ => [u32::MAX; 4],
        }
    }
}

/// A partition's CPUID over any processor, asked for any leaf.
pub fn cpuid(data: &[u8]) {
    let mut input = Input::new(data);
    let host = Host::read_from(&mut input);
    let flags = input.byte();
    let config = GuestConfig {
        vcpus: u16::from(input.byte() & 63) + 1,
        tsc_hz: 1_000_000 + input.word() % 100_000_000_000,
        lapic_timer_hz: 25_000_000,
        maxphyaddr: 36 + input.byte() % 17,
        xcr0: if flags & 1 != 0 {
            u64::MAX
        } else {
            input.word()
        },
        invpcid: flags & 2 != 0,
        rdtscp: flags & 4 != 0,
        arch_capabilities: flags & 8 != 0,
    };
    let answer = |leaf, subleaf| {
        let [eax, ebx, ecx, edx] = host.cpuid(leaf, subleaf);
        CpuidResult { eax, ebx, ecx, edx }
    };
    let policy = Policy::new(answer, &config);
    assert!(policy.maxphyaddr() <= config.maxphyaddr && policy.crystal_hz() > 0);
    assert!(
        xstate::is_valid_xcr0(policy.xcr0(), policy.xcr0()),
        "XCR0 {:#x}",
        policy.xcr0()
    );
    let xcr0 = input.word() & policy.xcr0() | 1;
    let now = Dynamic {
        apic_id: isthmus_abi::ApicId(input.u32()),
        apic_enabled: flags & 8 != 0,
        cr4: input.word() & policy.cr4_bits(),
        xcr0,
    };
    assert_hidden(&policy, &now, &config);
    let parsed = policy.features().get_feature_info();
    assert!(parsed.is_some_and(|info| !info.has_vmx()));
    while !input.is_empty() {
        let leaf = input.word() as u32;
        let _ = policy.query(leaf, input.byte().into(), &now);
    }
}

/// VMX, SMX, SVM, SGX, MONITOR, TSX, CET and LA57 are not there, whatever the processor has.
fn assert_hidden(policy: &Policy, now: &Dynamic, config: &GuestConfig) {
    let one = policy.query(1, 0, now);
    assert_eq!(one.ecx & (1 << 3 | 1 << 5 | 1 << 6), 0);
    assert_eq!(one.ecx >> 31, 1, "the hypervisor bit");
    assert_eq!(
        one.ecx >> 27 & 1,
        (now.cr4 >> 18 & 1) as u32,
        "OSXSAVE is CR4's"
    );
    let seven = policy.query(7, 0, now);
    assert_eq!(seven.ebx & (1 << 2 | 1 << 4 | 1 << 11), 0);
    assert_eq!(seven.ecx & (1 << 7 | 1 << 16), 0);
    assert!(config.invpcid || seven.ebx >> 10 & 1 == 0);
    assert_eq!(policy.query(0x8000_0001, 0, now).ecx & 4, 0);
    assert_eq!(
        policy.cr4_bits() & (1 << 12 | 1 << 13 | 1 << 14 | 1 << 23),
        0,
        "LA57, VMXE, SMXE, CET"
    );
    let state = policy.query(0xd, 0, now);
    assert!(state.ebx <= state.ecx, "{state:x?}");
    // Zero where there is no XSAVE.
    assert!(state.eax == 0 || u64::from(state.edx) << 32 | u64::from(state.eax) == policy.xcr0());
}

/// Each processor with each leaf changed to all and to nothing.
pub fn cpuid_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for base in 0..4 {
        seeds.push(vec![base, 0, 0xf, 1, 2, 0, 0xca, 0x9a, 0x3b, 10]);
        for leaf in 0..LEAVES.len() as u8 {
            let mut seed = vec![base, 1, leaf];
            seed.extend([0, leaf, 2, 0xff, 0xff, 0xff, 0xff, 0, 0, 3]);
            seed.extend([0xf, 1, 2, 0, 0xca, 0x9a, 0x3b, 10]);
            seeds.push(seed);
        }
    }
    seeds
}

/// The capability MSRs that say which controls may be 1 in their upper halves.
const CONTROLS: [u32; 9] = [
    0x481, 0x482, 0x483, 0x484, 0x48b, 0x48d, 0x48e, 0x48f, 0x490,
];
const EPT_VPID: u32 = 0x48c;

/// A processor that exists, with some of what it offers taken away.
pub fn controls(data: &[u8]) {
    let mut input = Input::new(data);
    let model = processors::ALL[input.below(processors::ALL.len())];
    let (flags, host) = (input.byte(), Host::read_from(&mut input));
    let mut taken = Vec::new();
    while !input.is_empty() && taken.len() < 16 {
        let index = input.below(CONTROLS.len() + 1);
        taken.push((
            CONTROLS.get(index).copied().unwrap_or(EPT_VPID),
            input.word(),
        ));
    }
    let capabilities = Capabilities::read(|msr| {
        let mut value = model.msr(msr).unwrap_or(0);
        for (_, mask) in taken.iter().filter(|(number, _)| *number == msr.0) {
            // What must be 1 may be 1.
            value = if msr.0 == EPT_VPID {
                value & !mask
            } else {
                value & !(mask << 32) | value << 32
            };
        }
        value
    });
    let facts = CpuFacts::read(|leaf, subleaf| host.cpuid(leaf, subleaf));
    let report = Report::new(&facts, Some(&capabilities));
    assert!(report.to_string().lines().count() > 3);
    let wanted = Wanted::isthmus().with_apic_virtualization(flags & 1 != 0);
    match (report.blocker(), negotiate(&capabilities, &wanted)) {
        (Some(blocker), _) => assert!(!blocker.to_string().is_empty()),
        (None, Err(missing)) => panic!("no blocker, but {missing}"),
        (None, Ok(controls)) => {
            assert!(wanted.missing(&capabilities).next().is_none());
            let mut vmcs = valid_vmcs(0);
            for (field, word) in [
                (Field::PIN_BASED_VM_EXECUTION_CONTROLS, controls.pin.bits()),
                (
                    Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
                    controls.primary.bits(),
                ),
                (
                    Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
                    controls.secondary.bits(),
                ),
                (Field::VM_EXIT_CONTROLS, controls.exit.bits()),
                (Field::VM_ENTRY_CONTROLS, controls.entry.bits()),
            ] {
                vmcs.write(field, word.into());
            }
            let processor = Processor::from_cpuid(|leaf, subleaf| match leaf {
                0x8000_0008 => [0x3027, 0, 0, 0],
                _ => Host {
                    base: 2,
                    changes: Vec::new(),
                }
                .cpuid(leaf, subleaf),
            });
            assert_eq!(
                check_controls_and_host(&vmcs, &capabilities, &processor),
                Ok(())
            );
        }
    }
}

/// Each processor as it is, and with each word halved.
pub fn controls_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for model in 0..processors::ALL.len() as u8 {
        for apic in 0..2 {
            seeds.push(vec![model, apic, 2, 0]);
            for word in 0..=CONTROLS.len() as u8 {
                seeds.push(vec![model, apic, 2, 0, word, 3 + (word << 3)]);
            }
        }
    }
    seeds
}
