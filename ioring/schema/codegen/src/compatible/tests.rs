//! Each rule is broken once and named; what is allowed passes.

use super::*;
use crate::{listing, samples::BASE};

/// The rules that are broken when `from` becomes `to`, each pair an edit of the sample; and the members that they name.
fn broken(edits: &[(&str, &str)]) -> Vec<(Rule, String)> {
    let old = listing::read(BASE).expect("a listing");
    let mut text = BASE.to_owned();
    for (from, to) in edits {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let new = listing::read(&text).expect("a listing");
    let found = breaks(&old, &new);
    for one in &found {
        assert!(
            one.to_string().contains(one.rule.name()) && one.file == "pump.capnp",
            "{one}"
        );
    }
    let named = |one: &Break| match one.member.as_str() {
        "" => one.node.clone(),
        member => format!("{}.{member}", one.node),
    };
    found.iter().map(|one| (one.rule, named(one))).collect()
}

/// The edit breaks this rule alone, at this declaration.
fn breaks_only(rule: Rule, declaration: &str, edits: &[(&str, &str)]) {
    assert_eq!(broken(edits), [(rule, declaration.to_owned())]);
}

#[test]
fn nothing_changed_breaks_nothing() {
    assert_eq!(broken(&[]), []);
}

#[test]
fn a_type_keeps_its_id() {
    breaks_only(
        Rule::IdChanged,
        "Pump",
        &[("0x0000000000000a01 Pump", "0x0000000000000a02 Pump")],
    );
}

#[test]
fn a_type_stays() {
    let text = BASE.find("interface 0x0000000000000a01").expect("there");
    let end = BASE.find("struct 0x0000000000000505").expect("there");
    breaks_only(Rule::TypeRemoved, "Pump", &[(&BASE[text..end], "")]);
}

#[test]
fn a_type_stays_of_its_kind() {
    let edit = (
        "enum 0x0000000000000e01 Speed\n  @0 slow\n  @1 fast\n",
        "interface 0x0000000000000e01 Speed\n",
    );
    breaks_only(Rule::KindChanged, "Speed", &[edit]);
}

#[test]
fn a_struct_never_gets_shorter() {
    let edit = ("Pump.run$Params data 1", "Pump.run$Params data 0");
    breaks_only(Rule::StructShrunk, "Pump.run$Params", &[edit]);
}

#[test]
fn a_field_stays() {
    breaks_only(
        Rule::FieldRemoved,
        "Reading.label",
        &[("  @2 label Text at 0 default \"none\"\n", "")],
    );
    breaks_only(
        Rule::FieldRemoved,
        "Reading.place",
        &[("  - place group 0x0000000000000601\n", "")],
    );
}

#[test]
fn a_field_in_a_group_stays() {
    breaks_only(
        Rule::FieldRemoved,
        "Reading.place.x",
        &[("  @6 x Int32 at 3\n", "")],
    );
}

#[test]
fn a_number_is_given_once() {
    breaks_only(
        Rule::OrdinalReused,
        "Reading.gallons",
        &[("@0 litres UInt32", "@0 gallons UInt32")],
    );
    breaks_only(
        Rule::OrdinalReused,
        "Reading.flag",
        &[("@0 litres UInt32 at 0\n  @1", "@0 flag Bool at 0\n  @1")],
    );
    breaks_only(Rule::OrdinalReused, "Pump.stop", &[("@0 run", "@0 stop")]);
    breaks_only(
        Rule::OrdinalReused,
        "Speed.fast",
        &[("@1 fast", "@1 faster")],
    );
}

#[test]
fn a_field_keeps_its_type() {
    breaks_only(
        Rule::FieldTypeChanged,
        "Reading.litres",
        &[("litres UInt32 at 0", "litres Int32 at 0")],
    );
    breaks_only(
        Rule::FieldTypeChanged,
        "Reading.samples",
        &[("samples List(UInt32)", "samples List(UInt64)")],
    );
    breaks_only(
        Rule::FieldTypeChanged,
        "Reading.place",
        &[("- place group 0x0000000000000601", "- place UInt8 at 0")],
    );
}

#[test]
fn a_field_keeps_its_place() {
    breaks_only(
        Rule::FieldMoved,
        "Reading.level",
        &[("level UInt16 at 2", "level UInt16 at 1")],
    );
}

#[test]
fn a_field_does_not_move_into_a_group() {
    let edits = [
        ("  @1 level UInt16 at 2 default 7\n", ""),
        ("  @6 x", "  @1 level UInt16 at 2 default 7\n  @6 x"),
    ];
    breaks_only(Rule::FieldMoved, "Reading.level", &edits);
}

#[test]
fn a_field_keeps_its_default() {
    breaks_only(
        Rule::DefaultChanged,
        "Reading.level",
        &[("default 7", "default 8")],
    );
    breaks_only(
        Rule::DefaultChanged,
        "Reading.label",
        &[(" default \"none\"", "")],
    );
}

#[test]
fn a_union_keeps_its_members_and_discriminant() {
    breaks_only(Rule::UnionChanged, "Reading", &[("union 3", "union 6")]);
    breaks_only(
        Rule::UnionChanged,
        "Reading.fault",
        &[("fault Text at 1 tag 1", "fault Text at 1")],
    );
    breaks_only(
        Rule::UnionChanged,
        "Reading.fault",
        &[("fault Text at 1 tag 1", "fault Text at 1 tag 2")],
    );
    breaks_only(
        Rule::UnionChanged,
        "Reading.litres",
        &[("litres UInt32 at 0", "litres UInt32 at 0 tag 2")],
    );
}

#[test]
fn a_field_joins_a_new_union_only_as_its_first_member() {
    let joined = |tag: &str| {
        let edits = [
            (
                "Pump.run$Results data 1 pointers 0",
                "Pump.run$Results data 2 pointers 0 union 4",
            ),
            ("  @0 litres UInt64 at 0\n", tag),
        ];
        broken(&edits)
    };
    assert_eq!(
        joined("  @0 litres UInt64 at 0 tag 0\n  @1 nothing Void at 0 tag 1\n"),
        []
    );
    assert_eq!(
        joined("  @0 litres UInt64 at 0 tag 1\n  @1 nothing Void at 0 tag 0\n"),
        [(Rule::UnionChanged, "Pump.run$Results.litres".to_owned())]
    );
}

#[test]
fn an_enumerant_stays() {
    breaks_only(Rule::EnumerantRemoved, "Speed.fast", &[("  @1 fast\n", "")]);
}

#[test]
fn an_enumerant_keeps_its_number() {
    let found = broken(&[("  @0 slow\n  @1 fast\n", "  @0 fast\n  @1 slow\n")]);
    assert_eq!(
        found,
        ["slow", "fast"].map(|name| (Rule::EnumerantReordered, format!("Speed.{name}")))
    );
}

#[test]
fn a_method_stays() {
    let edit = (
        "  @1 sync params 0x0000000000000503 results 0x0000000000000504\n",
        "",
    );
    breaks_only(Rule::MethodRemoved, "Pump.sync", &[edit]);
}

#[test]
fn a_method_keeps_its_structs() {
    let edit = (
        "@0 run params 0x0000000000000505",
        "@0 run params 0x0000000000000503",
    );
    breaks_only(Rule::MethodSignatureChanged, "Pump.run", &[edit]);
}

#[test]
fn an_interface_keeps_its_superclasses() {
    breaks_only(
        Rule::SuperclassLost,
        "Pump",
        &[("  extends 0x0000000000000a00\n", "")],
    );
}

#[test]
fn a_superclass_may_be_inherited_through_another() {
    let edits = [(
        "interface 0x0000000000000a01 Pump\n  extends 0x0000000000000a00\n",
        "interface 0x0000000000000a07 Between\n  extends 0x0000000000000a00\ninterface 0x0000000000000a01 Pump\n  extends 0x0000000000000a07\n",
    )];
    assert_eq!(broken(&edits), []);
}

#[test]
fn what_is_new_is_allowed() {
    let edits = [
        // A longer struct with a new field, a new member of its union, and one in a group.
        ("Reading data 2 pointers 3", "Reading data 3 pointers 4"),
        (
            "  @5 samples",
            "  @7 note Text at 3\n  @8 stuck Void at 0 tag 2\n  @5 samples",
        ),
        ("  @6 x", "  @9 y Int32 at 4\n  @6 x"),
        // An enumerant, a method, a superclass, a type.
        ("  @1 fast\n", "  @1 fast\n  @2 idle\n"),
        (
            "  extends 0x0000000000000a00\n",
            "  extends 0x0000000000000a00\n  extends 0x0000000000000a09\n",
        ),
        (
            "struct 0x0000000000000505",
            "  @2 stop params 0x0000000000000503 results 0x0000000000000503\ninterface 0x0000000000000a09 Valve\nstruct 0x0000000000000505",
        ),
    ];
    assert_eq!(broken(&edits), []);
}

#[test]
fn members_may_be_retired_and_types_renamed() {
    let edits = [
        ("@0 litres UInt32", "@0 obsoleteLitres UInt32"),
        ("@1 fast", "@1 obsoleteFast"),
        ("@1 sync", "@1 obsoleteSync"),
        (
            "0x0000000000000501 Reading data",
            "0x0000000000000501 Measurement data",
        ),
    ];
    assert_eq!(broken(&edits), []);
}

#[test]
fn a_list_of_numbers_may_become_one_of_structs_that_start_with_them() {
    let with = |first: &str| {
        let sample = format!(
            "struct 0x0000000000000777 Sample data 2 pointers 0\n  {first}\nstruct 0x0000000000000505"
        );
        broken(&[
            (
                "samples List(UInt32)",
                "samples List(struct:0x0000000000000777)",
            ),
            ("struct 0x0000000000000505", &sample),
        ])
    };
    assert_eq!(with("@0 value UInt32 at 0"), []);
    let refused = [(Rule::FieldTypeChanged, "Reading.samples".to_owned())];
    assert_eq!(with("@0 value UInt64 at 0"), refused);
    assert_eq!(with("@0 value UInt32 at 1"), refused);
}

#[test]
fn every_rule_has_a_name_of_its_own() {
    let mut names: Vec<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Rule::ALL.len());
}
