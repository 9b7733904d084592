//! Control-register rules against the SDM.

use super::*;
use crate::cpuid::{CpuidResult, GuestConfig};

const BITS: ControlBits = ControlBits {
    cr0_one: 0x8000_0021,
    cr0_zero: cr0::CD | cr0::NW,
    cr4_one: 0x2000,
    cr4_allowed: 0x77_2fff,
    cr0_owned: CR0_GUEST_OWNED,
    cr4_ownable: CR4_GUEST_OWNABLE,
};

/// A processor with every feature bit set.
fn everything(leaf: u32, subleaf: u32) -> CpuidResult {
    match (leaf, subleaf) {
        (0, _) => CpuidResult {
            eax: 0x16,
            ebx: 0,
            ecx: 0,
            edx: 0,
        },
        (0xd, 0) => CpuidResult {
            eax: 0xff,
            ebx: 0xa80,
            ecx: 0xa80,
            edx: 0,
        },
        (0xd, 2..) => xstate::component(subleaf).map_or(
            CpuidResult {
                eax: 0,
                ebx: 0,
                ecx: 0,
                edx: 0,
            },
            |part| CpuidResult {
                eax: part.size,
                ebx: part.offset,
                ecx: 0,
                edx: 0,
            },
        ),
        (0x8000_0000, _) => CpuidResult {
            eax: 0x8000_0008,
            ebx: 0,
            ecx: 0,
            edx: 0,
        },
        (0x8000_0008, _) => CpuidResult {
            eax: 39,
            ebx: 0,
            ecx: 0,
            edx: 0,
        },
        _ => CpuidResult {
            eax: u32::MAX,
            ebx: u32::MAX,
            ecx: u32::MAX,
            edx: u32::MAX,
        },
    }
}

fn policy() -> ControlPolicy {
    let config = GuestConfig {
        vcpus: 1,
        tsc_hz: 1_000_000_000,
        lapic_timer_hz: 25_000_000,
        maxphyaddr: 39,
        xcr0: u64::MAX,
        invpcid: true,
        rdtscp: true,
        arch_capabilities: true,
    };
    ControlPolicy::new(&cpuid::Policy::new(everything, &config), &BITS)
}

const REAL: ControlState = ControlState {
    cr0: cr0::RESET,
    cr3: 0,
    cr4: 0,
    efer: 0,
    cs_long: false,
    tr_16_bit: false,
};
const PROTECTED: ControlState = ControlState {
    cr0: cr0::PE | cr0::ET,
    ..REAL
};
const LONG: ControlState = ControlState {
    cr0: cr0::PG | cr0::PE | cr0::ET | cr0::WP,
    cr4: cr4::PAE,
    efer: efer::LME | efer::LMA,
    cs_long: true,
    ..REAL
};

#[test]
fn the_way_to_long_mode_sets_lma() {
    let policy = policy();
    let ready = ControlState {
        cr4: cr4::PAE,
        efer: efer::LME,
        ..PROTECTED
    };
    let update = policy.write_cr0(cr0::PG | cr0::PE, &ready).expect("legal");
    assert_eq!(update.efer, efer::LME | efer::LMA);
    assert!(update.flush && !update.load_pdptes);
    let without_pae = ControlState { cr4: 0, ..ready };
    assert_eq!(
        policy.write_cr0(cr0::PG | cr0::PE, &without_pae),
        Err(GeneralProtection)
    );
    let long_segment = ControlState {
        cs_long: true,
        ..ready
    };
    assert_eq!(
        policy.write_cr0(cr0::PG | cr0::PE, &long_segment),
        Err(GeneralProtection)
    );
    let old_task = ControlState {
        tr_16_bit: true,
        ..ready
    };
    assert_eq!(
        policy.write_cr0(cr0::PG | cr0::PE, &old_task),
        Err(GeneralProtection)
    );
}

#[test]
fn the_way_back_clears_lma_and_only_from_compatibility_mode() {
    let policy = policy();
    assert_eq!(policy.write_cr0(cr0::PE, &LONG), Err(GeneralProtection));
    let compatible = ControlState {
        cs_long: false,
        ..LONG
    };
    let update = policy.write_cr0(cr0::PE, &compatible).expect("legal");
    assert_eq!(update.efer, efer::LME);
    assert!(update.flush);
    let with_pcids = ControlState {
        cr4: cr4::PAE | cr4::PCIDE,
        ..compatible
    };
    assert_eq!(
        policy.write_cr0(cr0::PE, &with_pcids),
        Err(GeneralProtection)
    );
}

/// All 2⁵ combinations of the bits that constrain each other.
#[test]
fn cr0_combinations_are_judged_as_the_processor_does() {
    let policy = policy();
    for bits in 0..32u64 {
        let pick = |index: u64, bit| if bits >> index & 1 == 1 { bit } else { 0 };
        let value = pick(0, cr0::PE)
            | pick(1, cr0::PG)
            | pick(2, cr0::NW)
            | pick(3, cr0::CD)
            | pick(4, cr0::WP);
        let paged_without_protection = value & cr0::PG != 0 && value & cr0::PE == 0;
        let written_through_uncached = value & cr0::NW != 0 && value & cr0::CD == 0;
        let legal = !paged_without_protection && !written_through_uncached;
        let result = policy.write_cr0(value, &PROTECTED);
        assert_eq!(result.is_ok(), legal, "{value:#x}");
        if let Ok(update) = result {
            assert_eq!(update.shadow, value | cr0::ET);
            assert_eq!(update.effective & (cr0::CD | cr0::NW), 0);
            assert_eq!(update.effective & (cr0::NE | cr0::ET), cr0::NE | cr0::ET);
            assert_eq!(
                policy.guest_cr0(update.effective, update.shadow),
                value | cr0::ET
            );
        }
    }
    assert_eq!(
        policy.write_cr0(1 << 32, &PROTECTED),
        Err(GeneralProtection)
    );
    let ignored = policy
        .write_cr0(cr0::PE | 1 << 19 | 1 << 6, &PROTECTED)
        .expect("ignored");
    assert_eq!(ignored.shadow, cr0::PE | cr0::ET);
}

#[test]
fn pae_paging_reads_its_page_directory_pointers() {
    let policy = policy();
    let pae = ControlState {
        cr4: cr4::PAE,
        ..PROTECTED
    };
    assert!(
        policy
            .write_cr0(cr0::PG | cr0::PE, &pae)
            .expect("legal")
            .load_pdptes
    );
    let paged = ControlState {
        cr0: cr0::PG | cr0::PE | cr0::ET,
        ..pae
    };
    assert!(
        !policy
            .write_cr0(cr0::PG | cr0::PE | cr0::WP, &paged)
            .expect("legal")
            .load_pdptes
    );
    assert!(
        policy
            .write_cr4(cr4::PAE | cr4::PGE, &paged)
            .expect("legal")
            .load_pdptes
    );
    assert!(
        !policy
            .write_cr4(cr4::PAE | cr4::OSFXSR, &paged)
            .expect("legal")
            .load_pdptes
    );
    assert!(policy.write_cr3(0x1000, &paged).expect("legal").load_pdptes);
    assert!(!policy.write_cr3(0x1000, &LONG).expect("legal").load_pdptes);
}

#[test]
fn lmsw_sets_pe_but_never_clears_it() {
    let policy = policy();
    assert_eq!(
        policy.lmsw(0b1011, &REAL).expect("legal").shadow,
        cr0::RESET | 0b1011
    );
    assert_eq!(
        policy.lmsw(0, &PROTECTED).expect("legal").shadow & cr0::PE,
        cr0::PE
    );
    assert_eq!(
        policy.lmsw(0xfff0, &PROTECTED).expect("legal").shadow,
        PROTECTED.cr0
    );
    let switched = ControlState {
        cr0: PROTECTED.cr0 | cr0::TS,
        ..PROTECTED
    };
    assert_eq!(policy.clts(&switched).expect("legal").shadow, PROTECTED.cr0);
}

#[test]
fn reserved_bits_of_cr4_fault_and_hidden_features_are_reserved() {
    let policy = policy();
    for bit in 0..64u64 {
        let hidden =
            bit == 12 || bit == 13 || bit == 14 || bit == 15 || bit == 19 || bit == 22 || bit > 22;
        let result = policy.write_cr4(1 << bit | cr4::PAE, &ControlState { cr3: 0, ..LONG });
        assert_eq!(result.is_err(), hidden, "bit {bit}");
        if let Ok(update) = result {
            assert_eq!(
                update.effective & (cr4::VMXE | cr4::MCE),
                cr4::VMXE | cr4::MCE
            );
            assert_eq!(
                policy.guest_cr4(update.effective, update.shadow),
                1 << bit | cr4::PAE
            );
        }
    }
}

#[test]
fn the_hypervisor_keeps_every_cr4_bit_that_matters() {
    let owned = cr4::VMXE
        | cr4::SMXE
        | cr4::LA57
        | cr4::PAE
        | cr4::MCE
        | cr4::OSXSAVE
        | cr4::PCIDE
        | cr4::PKE
        | !0xff_ffff;
    assert_eq!(policy().cr4_mask() & owned, owned);
    assert_eq!(
        policy().cr0_mask()
            & (cr0::PE | cr0::PG | cr0::CD | cr0::NW | cr0::NE | cr0::ET | !0xffff_ffff),
        cr0::PE | cr0::PG | cr0::CD | cr0::NW | cr0::NE | cr0::ET | !0xffff_ffff
    );
}

#[test]
fn pcids_and_pae_follow_long_mode() {
    let policy = policy();
    assert!(policy.write_cr4(cr4::PAE | cr4::PCIDE, &LONG).is_ok());
    assert_eq!(
        policy.write_cr4(cr4::PAE | cr4::PCIDE, &ControlState { cr3: 5, ..LONG }),
        Err(GeneralProtection)
    );
    assert_eq!(
        policy.write_cr4(cr4::PCIDE, &PROTECTED),
        Err(GeneralProtection)
    );
    assert_eq!(policy.write_cr4(0, &LONG), Err(GeneralProtection));
    let on = ControlState {
        cr4: cr4::PAE | cr4::PCIDE,
        cr3: 5,
        ..LONG
    };
    assert!(
        policy
            .write_cr4(cr4::PAE | cr4::PCIDE | cr4::PGE, &on)
            .is_ok(),
        "stays on with a PCID"
    );
    assert!(policy.write_cr4(cr4::PAE, &on).expect("legal").flush);
}

#[test]
fn cr3_keeps_within_the_address_width() {
    let policy = policy();
    assert_eq!(policy.write_cr3(1 << 39, &LONG), Err(GeneralProtection));
    assert_eq!(policy.write_cr3(1 << 63, &LONG), Err(GeneralProtection));
    let pcids = ControlState {
        cr4: cr4::PAE | cr4::PCIDE,
        ..LONG
    };
    assert_eq!(
        policy.write_cr3(1 << 63 | 0x5001, &pcids),
        Ok(Cr3Update {
            value: 0x5001,
            load_pdptes: false,
            flush: false
        })
    );
    assert!(policy.write_cr3(0x5001, &pcids).expect("legal").flush);
}

#[test]
fn cr8_takes_four_bits() {
    assert_eq!(policy().write_cr8(15), Ok(0xf0));
    assert_eq!(policy().write_cr8(16), Err(GeneralProtection));
}

#[test]
fn xsetbv_takes_xcr0_alone() {
    let policy = policy();
    assert_eq!(policy.xcr0_allowed(), 0xe7);
    assert_eq!(policy.xsetbv(0, 7), Ok(7));
    assert_eq!(policy.xsetbv(0, 0xe7), Ok(0xe7));
    for bad in [0, 2, 5, 0x27, 0xe3, 0x1f, 0x207, 1 << 62 | 1] {
        assert_eq!(policy.xsetbv(0, bad), Err(GeneralProtection), "{bad:#x}");
    }
    assert_eq!(policy.xsetbv(1, 7), Err(GeneralProtection));
}

#[test]
fn efer_keeps_lma_and_refuses_lme_under_paging() {
    let policy = policy();
    let paged = ControlState {
        cr0: cr0::PG | cr0::PE,
        ..REAL
    };
    assert_eq!(policy.write_efer(efer::LME, &paged), Err(GeneralProtection));
    assert_eq!(
        policy.write_efer(efer::NXE, &LONG),
        Err(GeneralProtection),
        "clears LME"
    );
    assert_eq!(
        policy
            .write_efer(efer::LME | efer::LMA, &REAL)
            .expect("legal")
            .value,
        efer::LME
    );
    let update = policy
        .write_efer(efer::LME | efer::NXE | efer::SCE, &LONG)
        .expect("legal");
    assert_eq!(update.value, efer::LME | efer::NXE | efer::SCE | efer::LMA);
    assert!(update.flush);
    for bit in [1u64, 2, 7, 9, 12, 13, 14, 15, 63] {
        assert_eq!(
            policy.write_efer(efer::LME | 1 << bit, &LONG),
            Err(GeneralProtection),
            "bit {bit}"
        );
    }
}

#[test]
fn debug_registers_take_their_fixed_bits() {
    assert_eq!(write_dr7(0), Ok(0x400));
    assert_eq!(write_dr7(0xffff_ffff), Ok(0xffff_27ff));
    assert_eq!(write_dr7(1 << 32), Err(GeneralProtection));
    assert_eq!(write_dr6(0), Ok(0xffff_0ff0));
    assert_eq!(write_dr6(0xffff_ffff), Ok(0xffff_efff));
    assert_eq!(write_dr6(1 << 40), Err(GeneralProtection));
}

#[test]
fn page_directory_pointers_have_reserved_bits() {
    assert!(is_valid_pdpte(0x1001, 39) && is_valid_pdpte(0x1019, 39) && is_valid_pdpte(!1, 39));
    assert!(
        !is_valid_pdpte(0x1003, 39) && !is_valid_pdpte(0x1021, 39) && !is_valid_pdpte(0x1101, 39)
    );
    assert!(!is_valid_pdpte(1 | 1 << 39, 39) && !is_valid_pdpte(1 | 1 << 63, 39));
}

#[test]
fn canonical_addresses_repeat_bit_47() {
    assert!(is_canonical(0x7fff_ffff_ffff) && is_canonical(0xffff_8000_0000_0000));
    assert!(!is_canonical(0x8000_0000_0000) && !is_canonical(0xffff_0000_0000_0000));
}
