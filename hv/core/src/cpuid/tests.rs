//! The CPUID policy on tables of real processors.

extern crate std;

use super::clock::clock_ratio;
use super::*;
use proptest::prelude::*;

fn result(eax: u32, ebx: u32, ecx: u32, edx: u32) -> CpuidResult {
    CpuidResult { eax, ebx, ecx, edx }
}

/// A processor that claims every feature bit there is, with sound cache and XSAVE leaves.
fn everything(leaf: u32, subleaf: u32) -> CpuidResult {
    const ALL: u32 = u32::MAX;
    match (leaf, subleaf) {
        (0, _) => result(0x1f, 0x756e_6547, 0x6c65_746e, 0x4965_6e69),
        (1, _) => result(0x0008_06c1, 0x0710_0800, ALL, ALL),
        (4, 0) => result(0x1c00_4121, 0x02c0_003f, 0x3f, 0),
        (4, 1) => result(0x1c00_4122, 0x01c0_003f, 0x3f, 0),
        (4, 2) => result(0x1c00_4143, 0x04c0_003f, 0x3ff, 0),
        (4, 3) => result(0x1c03_c163, 0x02c0_003f, 0x3fff, 6),
        (4, _) => ZERO,
        (7, 0) => result(2, ALL, ALL, ALL),
        (7, 1) => result(ALL, ALL, ALL, ALL),
        (0xd, 0) => result(0x2ff, 0xa88, 0xa88, 0),
        (0xd, 1) => result(0x1f, 0xa88, 0x1900, 0),
        (0xd, number) => match xstate::component(number) {
            Some(component) => result(component.size, component.offset, 0, 0),
            None => ZERO,
        },
        (0x8000_0000, _) => result(0x8000_0008, 0, 0, 0),
        (0x8000_0001, _) => result(0, 0, ALL, ALL),
        (0x8000_0008, _) => result(0x3027, ALL, 0, 0),
        _ => result(ALL, ALL, ALL, ALL),
    }
}

const CONFIG: GuestConfig = GuestConfig {
    vcpus: 3,
    tsc_hz: 2_400_000_000,
    lapic_timer_hz: 24_000_000,
    maxphyaddr: 48,
    xcr0: u64::MAX,
    invpcid: true,
    rdtscp: true,
    arch_capabilities: true,
};

const NOW: Dynamic = Dynamic {
    apic_id: ApicId(2),
    apic_enabled: true,
    cr4: 0,
    xcr0: 1,
};

fn policy() -> Policy {
    Policy::new(everything, &CONFIG)
}

#[test]
fn what_must_be_hidden_is_hidden_on_a_processor_that_has_it_all() {
    let policy = policy();
    let reader = policy.features();
    let basic = reader.get_feature_info().expect("leaf 1");
    assert!(
        basic.has_hypervisor() && basic.has_x2apic() && basic.has_tsc_deadline() && basic.has_htt()
    );
    assert!(
        basic.has_avx()
            && basic.has_xsave()
            && basic.has_pcid()
            && basic.has_rdrand()
            && basic.has_mtrr()
    );
    for (name, present) in [
        ("VMX", basic.has_vmx()),
        ("SMX", basic.has_smx()),
        ("EIST", basic.has_eist()),
        ("TM", basic.has_tm()),
        ("TM2", basic.has_tm2()),
        ("MONITOR", basic.has_monitor_mwait()),
        ("PDCM", basic.has_pdcm()),
        ("DS", basic.has_ds()),
        ("DS-CPL", basic.has_cpl()),
        ("DTES64", basic.has_ds_area()),
        ("ACPI", basic.has_acpi()),
        ("PSN", basic.has_psn()),
        ("PBE", basic.has_pbe()),
        ("DCA", basic.has_dca()),
        ("OSXSAVE", basic.has_oxsave()),
    ] {
        assert!(!present, "{name}");
    }
    let more = reader.get_extended_feature_info().expect("leaf 7");
    assert!(
        more.has_avx512f()
            && more.has_avx2()
            && more.has_smap()
            && more.has_tsc_adjust_msr()
            && more.has_pku()
    );
    for (name, present) in [
        ("SGX", more.has_sgx()),
        ("MPX", more.has_mpx()),
        ("PT", more.has_processor_trace()),
        ("HLE", more.has_hle()),
        ("RTM", more.has_rtm()),
        ("WAITPKG", more.has_waitpkg()),
        ("LA57", more.has_la57()),
        ("CET_SS", more.has_cet_ss()),
        ("OSPKE", more.has_ospke()),
    ] {
        assert!(!present, "{name}");
    }
    let seven = policy.query(7, 0, &NOW);
    assert_eq!(seven.ecx >> 31, 0, "PKS");
    for (name, bit) in [("PCONFIG", 18), ("IBRS", 26), ("STIBP", 27), ("SSBD", 31)] {
        assert_eq!(seven.edx >> bit & 1, 0, "{name}");
    }
    for leaf in [3, 5, 8, 9, 0xa, 0xc, 0xe, 0xf, 0x10, 0x11, 0x12, 0x13, 0x14] {
        assert_eq!(policy.query(leaf, 0, &NOW), ZERO, "{leaf:#x}");
        assert_eq!(policy.query(leaf, 1, &NOW), ZERO, "{leaf:#x}");
    }
    assert_eq!(policy.query(6, 0, &NOW), result(4, 0, 0, 0), "only ARAT");
}

#[test]
fn the_vcpus_are_cores_of_one_package() {
    let policy = policy();
    let one = policy.query(1, 0, &NOW);
    assert_eq!(one.ebx >> 24, 2);
    assert_eq!(one.ebx >> 16 & 0xff, 4, "ids are reserved in powers of two");
    assert_eq!(policy.query(0xb, 0, &NOW), result(0, 1, 0x100, 2));
    assert_eq!(policy.query(0xb, 1, &NOW), result(2, 3, 0x201, 2));
    assert_eq!(policy.query(0xb, 2, &NOW), result(0, 0, 2, 2));
    let data = policy.query(4, 0, &NOW);
    assert_eq!(
        (data.eax >> 14 & 0xfff, data.eax >> 26),
        (0, 3),
        "the first level is each core's own"
    );
    assert_eq!(
        policy.query(4, 3, &NOW).eax >> 14 & 0xfff,
        3,
        "the last level is shared"
    );
    assert_eq!(policy.query(4, 4, &NOW), ZERO);
    let alone = Policy::new(everything, &GuestConfig { vcpus: 1, ..CONFIG });
    assert_eq!(alone.query(1, 0, &NOW).edx & features::HTT, 0);
    assert_eq!(alone.query(0xb, 1, &NOW).ebx, 1);
}

#[test]
fn what_the_vcpu_switches_on_shows() {
    let policy = policy();
    let now = Dynamic {
        cr4: cr4::OSXSAVE | cr4::PKE,
        xcr0: 7,
        apic_enabled: false,
        ..NOW
    };
    let one = policy.query(1, 0, &now);
    assert_ne!(one.ecx & features::OSXSAVE, 0);
    assert_eq!(one.edx & features::APIC, 0);
    assert_ne!(policy.query(7, 0, &now).ecx & features::OSPKE, 0);
    assert_eq!(policy.query(0xd, 0, &now).ebx, 832);
    assert_eq!(policy.query(0xd, 0, &NOW).ebx, 576);
    assert_eq!(policy.query(0xd, 1, &now).ebx, 832);
}

/// As Linux checks it: the sum of the parts is the whole, in both formats.
#[test]
fn the_xsave_leaves_agree_with_each_other() {
    let policy = policy();
    let now = Dynamic {
        xcr0: policy.xcr0(),
        ..NOW
    };
    let main = policy.query(0xd, 0, &now);
    assert_eq!(u64::from(main.eax), policy.xcr0());
    assert_eq!(main.ebx, main.ecx);
    let (mut end, mut compacted) = (576, 576);
    for number in 2..63 {
        let part = policy.query(0xd, number, &now);
        assert_eq!(
            part.eax != 0,
            policy.xcr0() >> number & 1 == 1,
            "component {number}"
        );
        end = end.max(part.ebx + part.eax);
        compacted += part.eax;
    }
    assert_eq!(main.ecx, end);
    let second = policy.query(0xd, 1, &now);
    assert_eq!(second.ebx, compacted);
    assert_eq!(second.eax, 7, "no XSAVES, no XFD");
    assert_eq!((second.ecx, second.edx), (0, 0));
}

#[test]
fn avx512_needs_a_processor_whose_leaves_agree() {
    let short = |leaf, subleaf| match (leaf, subleaf) {
        (0xd, 0) => result(0x2ff, 0x340, 0x440, 0),
        _ => everything(leaf, subleaf),
    };
    let policy = Policy::new(short, &CONFIG);
    assert_eq!(policy.xcr0(), 7);
    let reader = policy.features();
    let more = reader.get_extended_feature_info().expect("leaf 7");
    assert!(!more.has_avx512f() && !more.has_avx512vl() && !more.has_pku() && more.has_avx2());
    assert_eq!(
        policy.query(7, 0, &NOW).edx & features::LEAF_7_EDX_AVX512,
        0
    );
}

#[test]
fn without_xsave_nothing_that_needs_it_is_offered() {
    let plain = |leaf, subleaf| match leaf {
        1 => CpuidResult {
            ecx: !features::XSAVE,
            ..everything(leaf, subleaf)
        },
        _ => everything(leaf, subleaf),
    };
    let policy = Policy::new(plain, &CONFIG);
    assert_eq!(policy.xcr0(), xstate::X87);
    assert_eq!(
        policy.query(1, 0, &NOW).ecx & (features::AVX | features::FMA | features::F16C),
        0
    );
    assert_eq!(policy.query(0xd, 0, &NOW), ZERO);
    assert_eq!(policy.cr4_bits() & cr4::OSXSAVE, 0);
}

#[test]
fn leaves_out_of_range_read_as_the_highest_basic_one() {
    let policy = policy();
    let last = policy.query(0x16, 0, &NOW);
    assert_eq!(last, result(2400, 2400, 100, 0));
    for leaf in [
        0x17,
        0x1f,
        0x20,
        0x2000_0000,
        0x4000_0011,
        0x4b4d_0000,
        0x7fff_ffff,
        0x8000_0009,
        u32::MAX,
    ] {
        assert_eq!(policy.query(leaf, 5, &NOW), last, "{leaf:#x}");
    }
    assert_eq!(policy.query(0x4000_0005, 0, &NOW), ZERO);
}

#[test]
fn the_hypervisor_says_who_it_is_and_how_fast_time_runs() {
    let policy = policy();
    let name = policy.query(abi::LEAF_SIGNATURE, 0, &NOW);
    assert_eq!(name.eax, abi::LEAF_TIMING);
    let text = [
        name.ebx.to_le_bytes(),
        name.ecx.to_le_bytes(),
        name.edx.to_le_bytes(),
    ]
    .concat();
    assert_eq!(text, abi::SIGNATURE);
    assert_eq!(
        policy.query(abi::LEAF_TIMING, 0, &NOW),
        result(2_400_000, 24_000, 0, 0)
    );
    assert_eq!(policy.query(0x15, 0, &NOW), result(1, 100, 24_000_000, 0));
    assert_eq!(policy.crystal_hz(), 24_000_000);
    assert_eq!(policy.query(0x8000_0007, 0, &NOW).edx, 1 << 8);
}

#[test]
fn addresses_are_no_wider_than_the_processor() {
    assert_eq!(
        policy().query(0x8000_0008, 0, &NOW),
        result(0x3027, 0, 0, 0)
    );
    assert_eq!(
        Policy::new(
            everything,
            &GuestConfig {
                maxphyaddr: 36,
                ..CONFIG
            }
        )
        .maxphyaddr(),
        36
    );
}

#[test]
fn instructions_that_hang_on_a_control_follow_it() {
    let policy = Policy::new(
        everything,
        &GuestConfig {
            invpcid: false,
            rdtscp: false,
            ..CONFIG
        },
    );
    assert_eq!(policy.query(7, 0, &NOW).ebx & features::INVPCID, 0);
    assert_eq!(policy.query(7, 0, &NOW).ecx & features::RDPID, 0);
    assert_eq!(policy.query(0x8000_0001, 0, &NOW).edx & features::RDTSCP, 0);
}

#[test]
fn an_old_processor_gives_zeroes_not_garbage() {
    let old = |leaf, subleaf| match leaf {
        0 => result(4, 0x756e_6547, 0x6c65_746e, 0x4965_6e69),
        0x8000_0000 => result(0x8000_0004, 0, 0, 0),
        _ => everything(leaf, subleaf),
    };
    let policy = Policy::new(old, &CONFIG);
    assert_eq!(
        policy.query(7, 0, &NOW),
        result(0, features::TSC_ADJUST, 0, features::ARCH_CAPABILITIES)
    );
    assert_eq!(policy.maxphyaddr(), 36);
}

/// This machine's own CPUID, whatever it is: the table is made, and says nothing the processor does not have.
#[test]
fn the_policy_of_this_machine_is_within_its_features() {
    let Some(native) = native() else { return };
    let policy = Policy::new(&native, &CONFIG);
    let own = native(7, 0);
    assert_eq!(
        policy.query(7, 0, &NOW).ebx & !own.ebx & !features::TSC_ADJUST,
        0
    );
    assert_eq!(
        policy.query(1, 0, &NOW).ecx & !native(1, 0).ecx & !features::LEAF_1_ECX_ALWAYS,
        0
    );
    assert!(xstate::is_valid_xcr0(policy.xcr0(), xstate::KNOWN));
}

#[cfg(target_arch = "x86_64")]
fn native() -> Option<impl Fn(u32, u32) -> CpuidResult> {
    let read = |leaf, subleaf| raw_cpuid::CpuIdReaderNative.cpuid2(leaf, subleaf);
    Some(read)
}

proptest! {
    /// Guests compute crystal × numerator / denominator, in kHz and 32 bits, and must find the TSC's frequency.
    #[test]
    fn the_ratio_gives_the_tsc_exactly(tsc_hz in 1_000_000u64..6_000_000_000, lapic_hz in 1_000_000u64..200_000_000) {
        let ratio = clock_ratio(tsc_hz, lapic_hz);
        let told = u64::from(ratio.crystal_hz) * u64::from(ratio.numerator) / u64::from(ratio.denominator);
        prop_assert!(told == tsc_hz || (tsc_hz > u64::from(u32::MAX) && tsc_hz - told < 2));
        let khz = (ratio.crystal_hz / 1000).checked_mul(ratio.numerator).map(|product| product / ratio.denominator);
        let khz = khz.expect("fits 32 bits");
        prop_assert!(u64::from(khz).abs_diff(tsc_hz / 1000) <= 1);
    }

    #[test]
    fn every_query_has_an_answer(leaf in any::<u32>(), subleaf in any::<u32>(), apic_id in any::<u32>(), cr4 in any::<u64>(), xcr0 in any::<u64>()) {
        let policy = policy();
        let now = Dynamic { apic_id: ApicId(apic_id), apic_enabled: true, cr4, xcr0 };
        for leaf in [leaf, leaf & 0x1f, 0x8000_0000 | leaf & 0xf, 0x4000_0000 | leaf & 0x1f] {
            let _ = policy.query(leaf, subleaf, &now);
        }
        prop_assert!(policy.query(0xd, 0, &now).ebx <= xstate::MAX_AREA);
    }
}

proptest! {
    #[test]
    fn the_fixed_answer_is_the_answer_whatever_the_vcpu(
        leaf in any::<u32>().prop_map(|leaf| leaf & 0xc000_001f),
        subleaf in any::<u32>(),
        cr4 in any::<u64>(),
        xcr0 in any::<u64>(),
        apic_id in any::<u32>(),
    ) {
        let policy = Policy::new(everything, &CONFIG);
        let now = Dynamic { apic_id: ApicId(apic_id), apic_enabled: false, cr4, xcr0 };
        if let Some(fixed) = policy.fixed(leaf) {
            prop_assert_eq!(*fixed, policy.query(leaf, subleaf, &now));
        }
    }
}

#[test]
fn the_leaf_that_every_guest_asks_first_has_a_fixed_answer() {
    let policy = Policy::new(everything, &CONFIG);
    assert!(policy.fixed(0).is_some());
    assert!(policy.fixed(1).is_none(), "the APIC id is the vCPU's");
}
