//! The MSR table against the SDM.

use super::*;
use isthmus_abi::Msr;

fn state() -> MsrState {
    MsrState::new(39, 0x25 << 32, Some(1 << 5))
}

#[test]
fn only_the_registers_named_here_pass() {
    let both = [
        0x174u32,
        0x175,
        0x176,
        0xc000_0081,
        0xc000_0082,
        0xc000_0083,
        0xc000_0084,
        0xc000_0100,
        0xc000_0101,
        0xc000_0102,
        0xc000_0103,
    ];
    let reads = [0x10u32, 0x1d9, 0x277, 0xc000_0080];
    for base in [0u32, 0xc000_0000] {
        for number in 0..0x2000 {
            let msr = base | number;
            let (read, write) = passes(Msr(msr));
            assert_eq!(write, both.contains(&msr), "write of {msr:#x}");
            assert_eq!(read, write || reads.contains(&msr), "read of {msr:#x}");
        }
    }
}

#[test]
fn what_a_guest_must_not_have_is_a_general_protection_fault() {
    let hidden = (0x480..=0x493).chain([
        0x3a,
        0x48,
        0x49,
        0x9b,
        0xc1,
        0xe2,
        0xe7,
        0xe8,
        0x10b,
        0x122,
        0x186,
        0x198,
        0x199,
        0x1c9,
        0x345,
        0x38d,
        0x38f,
        0x400,
        0x401,
        0x17b,
        0x560,
        0x570,
        0x6a0,
        0x6a2,
        0x6a8,
        0x770,
        0xd90,
        0xda0,
        0x4b564d00,
        0x4000_0000,
        0xc000_0104,
        0xc001_0015,
        0xffff_ffff,
    ]);
    for msr in hidden {
        assert_eq!(state().read(Msr(msr)), Err(GeneralProtection), "{msr:#x}");
        assert_eq!(
            state().write(Msr(msr), 0),
            Err(GeneralProtection),
            "{msr:#x}"
        );
    }
}

#[test]
fn every_register_of_the_sweep_has_an_answer_and_a_read_back() {
    let mut state = state();
    for msr in (0..0x2000u32).chain(0xc000_0000..0xc000_2000) {
        if let Ok(MsrRead::Value(value)) = state.read(Msr(msr)) {
            match state.write(Msr(msr), value) {
                Ok(_) | Err(GeneralProtection) => {
                    assert_eq!(state.read(Msr(msr)), Ok(MsrRead::Value(value)), "{msr:#x}")
                }
            }
        }
        let _ = state.write(Msr(msr), u64::MAX);
    }
}

#[test]
fn mtrrs_refuse_reserved_bits_and_types() {
    let mut state = state();
    assert_eq!(state.read(index::MTRRCAP), Ok(MsrRead::Value(0x508)));
    assert_eq!(state.write(index::MTRRCAP, 0x508), Err(GeneralProtection));
    assert_eq!(state.write(Msr(0x202), 0x8000_0006), Ok(MsrWrite::Stored));
    assert_eq!(state.read(Msr(0x202)), Ok(MsrRead::Value(0x8000_0006)));
    assert_eq!(state.write(Msr(0x202), 0x8000_0106), Err(GeneralProtection));
    assert_eq!(state.write(Msr(0x202), 2), Err(GeneralProtection));
    assert_eq!(state.write(Msr(0x202), 1 << 39), Err(GeneralProtection));
    assert_eq!(
        state.write(Msr(0x203), 0x7f_c000_0800),
        Ok(MsrWrite::Stored)
    );
    assert_eq!(
        state.write(Msr(0x203), 0x7f_c000_0801),
        Err(GeneralProtection)
    );
    assert_eq!(state.write(Msr(0x210), 0), Err(GeneralProtection));
    assert_eq!(
        state.write(index::MTRR_DEF_TYPE, 0xc00),
        Ok(MsrWrite::Stored)
    );
    assert_eq!(
        state.write(index::MTRR_DEF_TYPE, 0x1c00),
        Err(GeneralProtection)
    );
    assert_eq!(
        state.write(index::MTRR_DEF_TYPE, 0xc02),
        Err(GeneralProtection)
    );
    assert_eq!(
        state.write(Msr(0x268), 0x0605_0401_0006_0504),
        Ok(MsrWrite::Stored)
    );
    assert_eq!(state.write(Msr(0x268), 0x07), Err(GeneralProtection));
}

#[test]
fn tsc_and_tsc_adjust_move_together() {
    let mut state = state();
    let offset = state.write_tsc(1_000, 50_000, 0);
    assert_eq!(50_000u64.wrapping_add(offset), 1_000);
    assert_eq!(state.read(index::TSC_ADJUST), Ok(MsrRead::Value(offset)));
    let Ok(MsrWrite::TscOffset { delta }) = state.write(index::TSC_ADJUST, 0) else {
        panic!("refused")
    };
    assert_eq!(
        offset.wrapping_add(delta),
        0,
        "the TSC reads as before the first write"
    );
}

#[test]
fn values_are_checked_as_the_processor_would() {
    let mut state = state();
    let non_canonical = 0x8000_0000_0000;
    for msr in [
        index::LSTAR,
        index::CSTAR,
        index::KERNEL_GS_BASE,
        index::FS_BASE,
        index::GS_BASE,
        index::SYSENTER_EIP,
    ] {
        assert_eq!(
            state.write(msr, non_canonical),
            Err(GeneralProtection),
            "{msr:?}"
        );
        assert!(state.write(msr, 0xffff_8000_0000_0000).is_ok(), "{msr:?}");
    }
    assert_eq!(state.write(index::TSC_AUX, 1 << 32), Err(GeneralProtection));
    assert_eq!(state.write(index::PAT, 0x02), Err(GeneralProtection));
    let pat = MsrState::pat_reset();
    assert_eq!(
        state.write(index::PAT, pat),
        Ok(MsrWrite::State {
            register: Register::Pat,
            value: pat
        })
    );
    assert_eq!(state.write(index::DEBUGCTL, 1), Err(GeneralProtection));
    assert!(state.write(index::DEBUGCTL, 2).is_ok());
    assert_eq!(
        state.write(index::MISC_ENABLE, 0x1801 | 1 << 34),
        Err(GeneralProtection)
    );
    assert_eq!(
        state.write(index::MISC_ENABLE, 0x1800),
        Ok(MsrWrite::Stored)
    );
    assert_eq!(state.read(index::MISC_ENABLE), Ok(MsrRead::Value(0x1800)));
}

#[test]
fn the_local_apic_and_efer_are_handed_on() {
    let mut state = state();
    assert_eq!(
        state.read(Msr(0x80b)),
        Ok(MsrRead::Lapic(LapicRegister::X2apic(0xb)))
    );
    assert_eq!(
        state.write(Msr(0x830), 7),
        Ok(MsrWrite::Lapic {
            register: LapicRegister::X2apic(0x30),
            value: 7
        })
    );
    assert_eq!(
        state.read(index::APIC_BASE),
        Ok(MsrRead::Lapic(LapicRegister::Base))
    );
    assert_eq!(state.write(index::EFER, 0xd01), Ok(MsrWrite::Efer(0xd01)));
}

#[test]
fn the_register_of_absent_flaws_is_read_only_and_only_there_if_named() {
    let read = state().read(index::ARCH_CAPABILITIES);
    assert_eq!(read, Ok(MsrRead::Value(1 << 5)));
    let written = state().write(index::ARCH_CAPABILITIES, 1 << 5);
    assert_eq!(written, Err(GeneralProtection));
    let without = MsrState::new(39, 0, None).read(index::ARCH_CAPABILITIES);
    assert_eq!(without, Err(GeneralProtection));
}
