//! What negotiation promises, over the capability MSRs of several processors and over made-up ones.

use super::*;
use crate::capabilities::{
    IA32_VMX_EPT_VPID_CAP, IA32_VMX_PROCBASED_CTLS2, IA32_VMX_TRUE_PROCBASED_CTLS,
};
use crate::mock::processors::{self, Processor};
use alloc::string::ToString;
use alloc::vec::Vec;
use isthmus_abi::Msr;
use proptest::prelude::*;

/// A processor's capabilities with bits of one MSR flipped.
fn flipped(processor: Processor, target: Msr, bits: u64) -> Capabilities {
    Capabilities::read(|msr| processor.msr(msr).unwrap_or(0) ^ if msr == target { bits } else { 0 })
}

#[test]
fn every_capable_processor_gives_what_isthmus_wants() {
    for processor in processors::CAPABLE {
        let capabilities = processor.capabilities();
        let controls = negotiate(&capabilities, &Wanted::isthmus()).expect(processor.name);
        for word in Word::ALL {
            assert!(
                word.allowed(&capabilities).permits(controls.word(word)),
                "{}: {word}",
                processor.name
            );
        }
        assert!(
            controls
                .secondary
                .contains(SecondaryProcessorBased::ENABLE_VPID)
        );
        assert!(
            !controls
                .primary
                .intersects(PrimaryProcessorBased::CR3_LOAD_EXITING)
        );
        assert!(!controls.entry.contains(VmEntry::IA32E_MODE_GUEST));
    }
}

#[test]
fn the_words_for_bochs_are_these() {
    let capabilities = processors::BOCHS_TIGERLAKE.capabilities();
    let controls = negotiate(&capabilities, &Wanted::isthmus()).unwrap();
    assert_eq!(controls.pin.bits(), 0x16 | 0x69);
    assert_eq!(controls.primary.bits(), 0x0400_6172 | 0xb220_0c88);
    assert_eq!(controls.secondary.bits(), 0x14ea);
    assert_eq!(controls.exit.bits(), 0x0003_6dfb | 0x003c_8204);
    assert_eq!(controls.entry.bits(), 0x0000_11fb | 0x0000_c004);
}

#[test]
fn help_with_the_apic_comes_only_when_asked_for_and_never_as_x2apic_at_once() {
    let capabilities = processors::BOCHS_TIGERLAKE.capabilities();
    let apic = SecondaryProcessorBased::VIRTUALIZE_APIC_ACCESSES
        | SecondaryProcessorBased::APIC_REGISTER_VIRTUALIZATION
        | SecondaryProcessorBased::VIRTUAL_INTERRUPT_DELIVERY;
    let plain = negotiate(&capabilities, &Wanted::isthmus()).unwrap();
    assert!(!plain.secondary.intersects(apic));
    let helped = negotiate(
        &capabilities,
        &Wanted::isthmus().with_apic_virtualization(true),
    )
    .unwrap();
    assert_eq!(helped.secondary, plain.secondary | apic);
    assert_eq!(
        Wanted::isthmus()
            .with_apic_virtualization(true)
            .with_apic_virtualization(false),
        Wanted::isthmus()
    );
}

#[test]
fn without_a_tpr_shadow_cr8_exits_and_the_virtual_apic_page_is_unused() {
    let no_shadow = 1 << (32 + 21);
    let capabilities = flipped(
        processors::BOCHS_TIGERLAKE,
        IA32_VMX_TRUE_PROCBASED_CTLS,
        no_shadow,
    );
    let controls = negotiate(
        &capabilities,
        &Wanted::isthmus().with_apic_virtualization(true),
    )
    .unwrap();
    let cr8 = PrimaryProcessorBased::CR8_LOAD_EXITING | PrimaryProcessorBased::CR8_STORE_EXITING;
    assert!(
        controls.primary.contains(cr8)
            && !controls
                .primary
                .contains(PrimaryProcessorBased::USE_TPR_SHADOW)
    );
    assert!(
        !controls
            .secondary
            .contains(SecondaryProcessorBased::VIRTUAL_INTERRUPT_DELIVERY)
    );
    assert!(
        controls
            .secondary
            .contains(SecondaryProcessorBased::VIRTUALIZE_APIC_ACCESSES)
    );
}

#[test]
fn vpids_that_cannot_be_invalidated_are_not_taken() {
    for bits in [1 << 32, 1 << 41 | 1 << 42] {
        let capabilities = flipped(processors::BOCHS_TIGERLAKE, IA32_VMX_EPT_VPID_CAP, bits);
        let controls = negotiate(&capabilities, &Wanted::isthmus()).unwrap();
        assert!(
            !controls
                .secondary
                .contains(SecondaryProcessorBased::ENABLE_VPID)
        );
    }
}

#[test]
fn a_missing_control_is_named_as_the_manual_does() {
    let capabilities = flipped(
        processors::BOCHS_TIGERLAKE,
        IA32_VMX_PROCBASED_CTLS2,
        1 << (32 + 7),
    );
    let missing = negotiate(&capabilities, &Wanted::isthmus()).unwrap_err();
    assert_eq!(
        missing.to_string(),
        "secondary processor-based control \"unrestricted guest\" (bit 7) cannot be turned on"
    );
}

#[test]
fn a_control_that_must_be_off_and_is_fixed_on_is_missing_too() {
    let capabilities = flipped(
        processors::BOCHS_TIGERLAKE,
        IA32_VMX_TRUE_PROCBASED_CTLS,
        1 << 15,
    );
    let missing = negotiate(&capabilities, &Wanted::isthmus()).unwrap_err();
    assert_eq!(
        missing,
        Missing {
            word: Word::Primary,
            bit: 15,
            fault: Fault::FixedTo1
        }
    );
}

#[test]
fn a_control_that_is_switched_must_be_free_both_ways() {
    for (bits, fault) in [(1 << 2, Fault::FixedTo1), (1 << 34, Fault::FixedTo0)] {
        let capabilities = flipped(
            processors::BOCHS_TIGERLAKE,
            IA32_VMX_TRUE_PROCBASED_CTLS,
            bits,
        );
        let missing = negotiate(&capabilities, &Wanted::isthmus()).unwrap_err();
        assert_eq!(
            missing,
            Missing {
                word: Word::Primary,
                bit: 2,
                fault
            }
        );
    }
}

/// What a processor lacks, by name and in the order of the words.
fn lacks(processor: Processor) -> Vec<&'static str> {
    let capabilities = processor.capabilities();
    Wanted::isthmus()
        .missing(&capabilities)
        .map(|missing| missing.name())
        .collect()
}

#[test]
fn lynnfield_lacks_unrestricted_guest_alone() {
    assert_eq!(lacks(processors::BOCHS_LYNNFIELD), ["unrestricted guest"]);
}

#[test]
fn merom_lacks_most() {
    let expected = [
        "virtual NMIs",
        "activate VMX-preemption timer",
        "CR3-load exiting",
        "CR3-store exiting",
        "NMI-window exiting",
        "activate secondary controls",
        "enable EPT",
        "unrestricted guest",
        "save IA32_PAT",
        "load IA32_PAT",
        "save IA32_EFER",
        "load IA32_EFER",
        "load IA32_PAT",
        "load IA32_EFER",
    ];
    assert_eq!(lacks(processors::MEROM), expected);
}

proptest! {
    #[test]
    fn what_is_granted_is_always_legal_and_all_that_was_required(
        (pin, primary, secondary) in (any::<u64>(), any::<u64>(), any::<u64>()),
        (exit, entry) in (any::<u64>(), any::<u64>()),
        apic: bool,
    ) {
        // Bochs with controls taken away or fixed on at random, a few at a time.
        let sparse = |word: u64| word & word >> 7 & word >> 13 & word >> 21;
        let base = processors::BOCHS_TIGERLAKE.capabilities();
        let shaken = |allowed: Allowed, shake: u64| {
            let shake = sparse(shake);
            let may = allowed.may_be_1() & !((shake >> 32) as u32) | allowed.must_be_1();
            let must = allowed.must_be_1() | (shake as u32 & may);
            Allowed(u64::from(may) << 32 | u64::from(must))
        };
        let capabilities = Capabilities {
            pin: shaken(base.pin, pin),
            primary: shaken(base.primary, primary),
            secondary: shaken(base.secondary, secondary),
            exit: shaken(base.exit, exit),
            entry: shaken(base.entry, entry),
            ..base
        };
        let wanted = Wanted::isthmus().with_apic_virtualization(apic);
        match negotiate(&capabilities, &wanted) {
            Ok(controls) => {
                prop_assert!(wanted.missing(&capabilities).next().is_none());
                for word in Word::ALL {
                    let bits = controls.word(word);
                    prop_assert!(word.allowed(&capabilities).permits(bits));
                    prop_assert_eq!(bits & wanted.required.word(word), wanted.required.word(word));
                    prop_assert_eq!(bits & (wanted.off.word(word) | wanted.switched.word(word)), 0);
                }
            }
            Err(missing) => {
                let allowed = missing.word.allowed(&capabilities);
                let stuck = match missing.fault {
                    Fault::FixedTo0 => !allowed.can_set(1 << missing.bit),
                    Fault::FixedTo1 => !allowed.can_clear(1 << missing.bit),
                };
                prop_assert!(stuck);
                prop_assert_eq!(wanted.missing(&capabilities).next(), Some(missing));
            }
        }
    }
}
