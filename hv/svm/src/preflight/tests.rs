//! The report and its verdict over processors that exist, and over ones with parts taken away.

use super::*;
use crate::capabilities::VmCr;
use crate::mock::processors::{self, Processor};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use proptest::prelude::*;

fn report(processor: Processor) -> Report {
    Report::new(&processor.facts(), Some(&processor.capabilities()))
}

/// The line of the report that starts with a name, its blanks made single.
fn line(report: &Report, name: &str) -> String {
    let text = report.to_string();
    let line = text
        .lines()
        .find(|line| line.trim_start().starts_with(name))
        .unwrap_or_default();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn capable_processors_have_no_blocker_and_miss_nothing() {
    for processor in processors::CAPABLE {
        let report = report(processor);
        assert_eq!(report.blocker(), None, "{}", processor.name);
        assert!(
            !report.to_string().contains("MISSING"),
            "{}",
            processor.name
        );
    }
}

#[test]
fn the_table_names_what_zen_4_has() {
    let report = report(processors::ZEN_4);
    let text = report.to_string();
    assert!(
        text.starts_with("CPU AuthenticAMD, 48 physical and 48 linear address bits\n"),
        "{text}"
    );
    for (name, expected) in [
        ("SVM ", "SVM yes revision 1"),
        ("SVM in", "SVM in VM_CR yes locked on"),
        (
            "address",
            "address-space identifiers yes 32768, the host's included",
        ),
        ("nested large", "nested large pages yes 4K, 2M, 1G"),
        ("next-RIP", "next-RIP save yes"),
        ("virtual NMI", "virtual NMI yes"),
        ("x2APIC", "x2APIC no"),
        ("TSC-deadline", "TSC-deadline timer no"),
        ("invariant", "invariant TSC yes"),
    ] {
        assert_eq!(line(&report, name), expected, "{text}");
    }
}

#[test]
fn emulators_lack_what_real_processors_have() {
    let report = report(processors::QEMU_7_2_TCG);
    for name in [
        "next-RIP save",
        "decode assists",
        "VMCB clean bits",
        "flush by ASID",
        "LBR virtualization",
        "TSC-deadline timer",
        "x2APIC",
    ] {
        assert_eq!(line(&report, name), [name, " no"].concat());
    }
    assert_eq!(line(&report, "virtual GIF"), "virtual GIF yes");
    assert_eq!(
        line(&report, "CPU"),
        "CPU AuthenticAMD, 40 physical and 57 linear address bits, under another hypervisor"
    );
}

#[test]
fn the_columns_of_the_table_stand_below_each_other() {
    for processor in processors::CAPABLE.into_iter().chain([processors::K8]) {
        let text = report(processor).to_string();
        for line in text.lines().skip(1) {
            assert_eq!(line.get(..2), Some("  "), "{line}");
            assert_ne!(line.as_bytes().get(2), Some(&b' '), "{line}");
            assert_eq!(line.as_bytes().get(32), Some(&b' '), "{line}");
            assert!(
                ["yes", "no", "MISSING"]
                    .iter()
                    .any(|verdict| line[33..].starts_with(verdict)),
                "{line}"
            );
            assert!(!line.ends_with(' '), "{line:?}");
        }
    }
}

#[test]
fn the_first_svm_is_stopped_for_want_of_nested_paging() {
    let report = report(processors::K8);
    assert_eq!(report.blocker(), Some(Blocker::NoNestedPaging));
    assert_eq!(line(&report, "nested paging"), "nested paging MISSING");
    assert_eq!(line(&report, "nested large"), "");
}

#[test]
fn a_lock_is_the_firmwares_doing() {
    let with = |vm_cr| {
        report(Processor {
            vm_cr,
            ..processors::ZEN_2
        })
    };
    assert_eq!(with(0x18).blocker(), Some(Blocker::LockedByFirmware));
    assert_eq!(
        line(&with(0x18), "SVM in"),
        "SVM in VM_CR MISSING locked off by firmware"
    );
    assert_eq!(with(0x10).blocker(), None);
    assert_eq!(
        line(&with(0x10), "SVM in"),
        "SVM in VM_CR yes off, unlocked"
    );
    assert_eq!(line(&with(0), "SVM in"), "SVM in VM_CR yes unlocked");
}

#[test]
fn without_asids_or_execute_disable_nothing_runs() {
    let svm = [1, 1, 0, 0x1_bcff];
    let none = report(Processor {
        svm,
        ..processors::ZEN_1
    });
    assert_eq!(none.blocker(), Some(Blocker::NoAsids));
    let extended = [0x75c2_37ff, 0x2fc3_fbff];
    let none = report(Processor {
        extended,
        ..processors::ZEN_1
    });
    assert_eq!(none.blocker(), Some(Blocker::NoExecuteDisable));
    assert_eq!(line(&none, "execute-disable"), "execute-disable MISSING");
}

#[test]
fn without_svm_the_blocker_says_where_it_could_come_from() {
    let bare = CpuFacts {
        svm: false,
        under_hypervisor: false,
        ..processors::ZEN_1.facts()
    };
    let nested = CpuFacts {
        under_hypervisor: true,
        ..bare
    };
    let intel = CpuFacts {
        vmx: true,
        vendor: *b"GenuineIntel",
        ..nested
    };
    for (facts, blocker) in [
        (bare, Blocker::NoSvm),
        (nested, Blocker::NoSvmInGuest),
        (intel, Blocker::NoSvmButVmx),
    ] {
        for capabilities in [None, Some(processors::ZEN_1.capabilities())] {
            let report = Report::new(&facts, capabilities.as_ref());
            assert_eq!(report.blocker(), Some(blocker));
            assert_eq!(line(&report, "SVM"), "SVM MISSING");
            assert_eq!(line(&report, "nested"), "");
        }
    }
}

#[test]
fn every_blocker_is_one_sentence_with_a_remedy() {
    for blocker in [
        Blocker::NoSvmButVmx,
        Blocker::NoSvmInGuest,
        Blocker::NoSvm,
        Blocker::LockedByFirmware,
        Blocker::NoNestedPaging,
        Blocker::NoAsids,
        Blocker::NoExecuteDisable,
    ] {
        let text = blocker.to_string();
        assert!(
            !text.contains('\n') && !text.contains(". ") && !text.contains("  "),
            "{text}"
        );
        assert!(
            [": use ", ": turn on "]
                .iter()
                .any(|remedy| text.contains(remedy)),
            "{text}"
        );
    }
}

proptest! {
    #[test]
    fn a_report_has_a_blocker_exactly_if_something_is_missing(
        asids in 0..4_u32, features: u32, vm_cr in 0..32_u64, execute_disable: bool,
    ) {
        let facts = CpuFacts { execute_disable, ..processors::ZEN_1.facts() };
        let capabilities = Capabilities {
            asids,
            features: Features::from_bits_retain(features),
            vm_cr: VmCr::from_bits(vm_cr),
            ..processors::ZEN_1.capabilities()
        };
        let report = Report::new(&facts, Some(&capabilities));
        prop_assert_eq!(report.blocker().is_some(), report.to_string().contains("MISSING"));
    }
}
