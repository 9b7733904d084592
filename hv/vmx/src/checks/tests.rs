//! Valid entries of every kind pass; each rule, broken alone, is named; nothing panics.

mod controls;
mod guest;
mod host;
mod machine;
mod segments;

use super::{Rule, Violation, check, check_tpr_threshold};
use crate::field::{Field, Vmcs};
use crate::mock::processors;
use alloc::format;
use alloc::vec::Vec;
use machine::Machine;
use proptest::prelude::*;

/// One rule and the smallest change of a valid entry that breaks it.
struct Case(Rule, Field, fn() -> Machine, fn(&mut Machine));

/// A change of a valid entry that looks wrong and is allowed.
struct Allowed(&'static str, fn() -> Machine, fn(&mut Machine));

type Base = (&'static str, fn() -> Machine);

const BASES: [Base; 8] = [
    ("64-bit", Machine::long_mode),
    ("32-bit protected", Machine::protected),
    ("32-bit with PAE paging", Machine::pae),
    ("real mode", Machine::real_mode),
    ("virtual-8086", Machine::virtual_8086),
    ("without unrestricted guest", Machine::restricted),
    ("halted", Machine::halted),
    ("waiting for SIPI", Machine::waiting),
];

fn cases() -> impl Iterator<Item = &'static Case> {
    controls::CASES
        .iter()
        .chain(host::CASES)
        .chain(guest::CASES)
        .chain(segments::CASES)
}

#[test]
fn valid_entries_of_every_kind_pass() {
    for (name, base) in BASES {
        assert_eq!(base().check(), Ok(()), "{name}");
    }
}

#[test]
fn valid_entries_pass_with_the_capabilities_of_real_processors() {
    for processor in processors::CAPABLE {
        for (name, base) in BASES {
            let machine = base().negotiated(processor.capabilities());
            assert_eq!(machine.check(), Ok(()), "{name} on {}", processor.name);
        }
    }
}

#[test]
fn each_rule_broken_alone_is_named() {
    let mut wrong = Vec::new();
    for (place, Case(rule, field, base, break_rule)) in cases().enumerate() {
        let mut machine = base();
        break_rule(&mut machine);
        let expected = Violation {
            rule: *rule,
            field: *field,
            value: machine.vmcs.read(*field),
        };
        let found = machine.check();
        if found != Err(expected) {
            wrong.push(format!("case {place}: {expected:x?}, found {found:x?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_rule_has_a_case() {
    let covered = |rule: &Rule| {
        cases().any(|case| case.0 == *rule) || *rule == Rule::TprThresholdAboveVirtualTpr
    };
    let missing: Vec<_> = Rule::ALL.iter().filter(|rule| !covered(rule)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn what_only_looks_wrong_passes() {
    for Allowed(what, base, change) in controls::ALLOWED
        .iter()
        .chain(guest::ALLOWED)
        .chain(segments::ALLOWED)
    {
        let mut machine = base();
        change(&mut machine);
        assert_eq!(machine.check(), Ok(()), "{what}");
    }
}

#[test]
fn the_tpr_threshold_is_held_against_the_virtual_tpr() {
    let mut machine = Machine::long_mode();
    machine.set(Field::TPR_THRESHOLD, 5);
    let violation = check_tpr_threshold(&machine.vmcs, 0x4f).unwrap_err();
    assert_eq!(
        (violation.rule, violation.value),
        (Rule::TprThresholdAboveVirtualTpr, 5)
    );
    assert_eq!(check_tpr_threshold(&machine.vmcs, 0x50), Ok(()));
    machine.turn_on_secondary(crate::controls::SecondaryProcessorBased::VIRTUALIZE_APIC_ACCESSES);
    assert_eq!(check_tpr_threshold(&machine.vmcs, 0), Ok(()));
}

#[test]
fn a_violation_reads_as_a_sentence() {
    let rights = Violation {
        rule: Rule::RightsReserved,
        field: Field::GUEST_CS_ACCESS_RIGHTS,
        value: 0x1a09b,
    };
    let expected = "SDM 27.3.1.2: guest CS access rights: reserved bits set (GUEST_CS_ACCESS_RIGHTS = 0x1a09b)";
    assert_eq!(format!("{rights}"), expected);
    let vpid = Violation {
        rule: Rule::VpidZero,
        field: Field::VIRTUAL_PROCESSOR_IDENTIFIER,
        value: 0,
    };
    let expected = "SDM 27.2.1.1: VPID is 0 with enable VPID (VIRTUAL_PROCESSOR_IDENTIFIER = 0x0)";
    assert_eq!(format!("{vpid}"), expected);
}

fn any_field() -> impl Strategy<Value = Field> {
    (0..Field::ALL.len()).prop_map(|place| Field::ALL[place].0)
}

/// Values near the borders that the rules draw, and any others.
fn any_value() -> impl Strategy<Value = u64> {
    prop_oneof![
        any::<u64>(),
        (0..64_u32).prop_map(|bit| 1 << bit),
        (0..64_u32).prop_map(|bit| !(1 << bit)),
        0..256_u64
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn no_value_of_any_field_panics(base in 0..BASES.len(), field in any_field(), value in any_value()) {
        let mut machine = BASES[base].1();
        machine.set(field, value);
        if let Err(violation) = machine.check() {
            prop_assert_eq!(violation.value, machine.vmcs.read(violation.field));
            let text = format!("{violation}");
            prop_assert!(text.contains(violation.rule.section()));
        }
    }

    #[test]
    fn no_set_of_values_panics(
        base in 0..BASES.len(), values in prop::collection::vec((any_field(), any_value()), 1..40),
        physical_address_bits: u32, linear_address_bits: u32,
    ) {
        let mut machine = BASES[base].1();
        machine.processor.physical_address_bits = physical_address_bits;
        machine.processor.linear_address_bits = linear_address_bits;
        for (field, value) in values {
            machine.set(field, value);
        }
        let _ = check(&machine.vmcs, &machine.capabilities, &machine.processor);
        for rule_set in [super::check_guest, super::check_controls_and_host] {
            let _ = rule_set(&machine.vmcs, &machine.capabilities, &machine.processor);
        }
    }
}
