//! Valid entries of every kind pass; each rule, broken alone, is named; nothing panics.

mod cases;
mod machine;

use super::{Processor, Rule, Violation, check, check_refused, is_vmcb_address};
use crate::exit::ExitCode;
use crate::field::{Field, Vmcb};
use crate::mock::processors;
use alloc::format;
use alloc::vec::Vec;
use isthmus_abi::Hpa;
use machine::Machine;
use proptest::prelude::*;

/// One rule and the smallest change of a valid entry that breaks it.
struct Case(Rule, Field, fn() -> Machine, fn(&mut Machine));

/// A change of a valid entry that looks wrong and is allowed.
struct Allowed(&'static str, fn() -> Machine, fn(&mut Machine));

type Base = (&'static str, fn() -> Machine);

const BASES: [Base; 6] = [
    ("64-bit", Machine::long_mode),
    ("compatibility mode", Machine::compatibility),
    ("32-bit protected", Machine::protected),
    ("32-bit with PAE paging", Machine::pae),
    ("real mode", Machine::real_mode),
    ("virtual-8086", Machine::virtual_8086),
];

#[test]
fn valid_entries_of_every_kind_pass() {
    for (name, base) in BASES {
        assert_eq!(base().check(), Ok(()), "{name}");
    }
}

#[test]
fn valid_entries_pass_on_real_processors_and_on_an_emulator() {
    for capable in processors::CAPABLE {
        for (name, base) in BASES {
            let mut machine = base();
            machine.processor = Processor::from_cpuid(|leaf, subleaf| capable.cpuid(leaf, subleaf));
            assert_eq!(machine.check(), Ok(()), "{name} on {}", capable.name);
        }
    }
}

#[test]
fn each_rule_broken_alone_is_named() {
    let mut wrong = Vec::new();
    for (place, Case(rule, field, base, break_rule)) in cases::CASES.iter().enumerate() {
        let mut machine = base();
        break_rule(&mut machine);
        let expected = Violation {
            rule: *rule,
            field: *field,
            value: machine.vmcb.read(*field),
        };
        let found = machine.check();
        let refused = check_refused(&*machine.vmcb, &machine.processor);
        if found != Err(expected) || refused.is_err() != rule.is_refused() {
            wrong.push(format!("case {place}: {expected:x?}, found {found:x?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_rule_has_a_case() {
    let covered = |rule: &Rule| cases::CASES.iter().any(|case| case.0 == *rule);
    let missing: Vec<_> = Rule::ALL.iter().filter(|rule| !covered(rule)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn what_only_looks_wrong_passes() {
    for Allowed(what, base, change) in cases::ALLOWED {
        let mut machine = base();
        change(&mut machine);
        assert_eq!(machine.check(), Ok(()), "{what}");
    }
}

#[test]
fn a_vmcb_lies_in_a_page_of_physical_memory() {
    let processor = Machine::long_mode().processor;
    assert!(is_vmcb_address(Hpa(0x1000), &processor));
    assert!(!is_vmcb_address(Hpa(0x1008), &processor));
    assert!(is_vmcb_address(Hpa((1 << 48) - 4096), &processor));
    assert!(!is_vmcb_address(Hpa(1 << 48), &processor));
}

#[test]
fn a_violation_reads_as_a_sentence() {
    let mut machine = Machine::long_mode();
    machine.set(Field::CR0, 0x1_8000_0011);
    let violation = machine.check().unwrap_err();
    let expected = "APM 15.5.1: CR0: bits 63:32 set (CR0 = 0x180000011)";
    assert_eq!(format!("{violation}"), expected);
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
            prop_assert_eq!(violation.value, machine.vmcb.read(violation.field));
            let text = format!("{violation}");
            prop_assert!(text.contains(violation.rule.section()));
        }
    }

    #[test]
    fn no_set_of_values_panics(
        base in 0..BASES.len(), values in prop::collection::vec((any_field(), any_value()), 1..40),
        physical_address_bits: u32,
    ) {
        let mut machine = BASES[base].1();
        machine.processor.physical_address_bits = physical_address_bits;
        for (field, value) in values {
            machine.set(field, value);
        }
        let refused = check_refused(&*machine.vmcb, &machine.processor);
        let all = check(&*machine.vmcb, &machine.processor);
        prop_assert_eq!(refused.is_err(), all.is_err_and(|violation| violation.rule.is_refused()));
    }

    #[test]
    fn what_the_processor_writes_at_an_exit_is_held_against_nothing(
        base in 0..BASES.len(), code in 0..0x500_u64, words: [u64; 4],
    ) {
        let mut machine = BASES[base].1();
        machine.set(Field::EXITCODE, ExitCode(code).0);
        machine.set(Field::EXITINFO1, words[0]);
        machine.set(Field::EXITINFO2, words[1]);
        machine.set(Field::EXITINTINFO, words[2]);
        machine.set(Field::NRIP, words[3]);
        prop_assert_eq!(machine.check(), Ok(()));
    }
}
