//! The report and its verdict over processors that exist, and over ones with parts taken away.

use super::*;
use crate::mock::processors::{self, Processor};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use proptest::prelude::*;

/// CPUID of Bochs's tigerlake model, as far as the report asks.
fn tigerlake(leaf: u32, _: u32) -> [u32; 4] {
    match leaf {
        0 => [0x1b, 0x756e_6547, 0x6c65_746e, 0x4965_6e69],
        1 => [0, 0, 0x77fa_f3bf, 0],
        0x8000_0000 => [0x8000_0008, 0, 0, 0],
        0x8000_0001 => [0, 0, 0x121, 0x2c10_0800],
        0x8000_0007 => [0, 0, 0, 0x100],
        0x8000_0008 => [0x3028, 0, 0, 0],
        _ => [0; 4],
    }
}

fn facts() -> CpuFacts {
    CpuFacts::read(tigerlake)
}

fn report(processor: Processor) -> Report {
    Report::new(&facts(), Some(&processor.capabilities()))
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
fn facts_come_from_the_leaves_that_the_manual_names() {
    let expected = CpuFacts {
        vendor: *b"GenuineIntel",
        vmx: true,
        svm: false,
        under_hypervisor: false,
        x2apic: true,
        tsc_deadline: true,
        xsave: true,
        invariant_tsc: true,
        execute_disable: true,
        physical_address_bits: 40,
        linear_address_bits: 48,
    };
    assert_eq!(facts(), expected);
}

#[test]
fn leaves_past_the_highest_are_not_asked() {
    let facts = CpuFacts::read(|leaf, _| match leaf {
        0 | 1 => [1, 0, 0, 0],
        0x8000_0000 => [0; 4],
        other => panic!("leaf {other:#x}"),
    });
    assert_eq!(
        (facts.physical_address_bits, facts.vendor_name()),
        (36, "unknown")
    );
}

#[test]
fn capable_processors_have_no_blocker_and_miss_nothing() {
    for processor in processors::CAPABLE {
        assert_eq!(report(processor).blocker(), None, "{}", processor.name);
        assert!(
            !report(processor).to_string().contains("MISSING"),
            "{}",
            processor.name
        );
    }
}

#[test]
fn the_table_names_what_bochs_has() {
    let report = report(processors::BOCHS_TIGERLAKE);
    let text = report.to_string();
    assert!(
        text.starts_with("CPU GenuineIntel, 40 physical and 48 linear address bits\n"),
        "{text}"
    );
    for expected in [
        "VMX yes revision 0x4, VMCS of 4096 bytes",
        "VMX in FEATURE_CONTROL yes locked on",
        "VMX-preemption timer yes shift 0: a tick every 1 of the TSC",
        "EPT large pages yes 4K, 2M, 1G",
        "INVEPT yes single-context, all-context",
        "unrestricted guest yes",
        "posted interrupts no",
        "TSC-deadline timer yes",
    ] {
        let name: Vec<_> = expected
            .split(" yes")
            .next()
            .unwrap()
            .split(" no")
            .next()
            .unwrap()
            .split(' ')
            .collect();
        assert_eq!(line(&report, &name.join(" ")), expected, "{text}");
    }
}

#[test]
fn the_columns_of_the_table_stand_below_each_other() {
    for processor in processors::ALL {
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
fn real_processors_differ_where_they_do() {
    let silvermont = report(processors::SILVERMONT);
    assert_eq!(
        line(&silvermont, "EPT large pages"),
        "EPT large pages yes 4K, 2M"
    );
    assert_eq!(
        line(&silvermont, "VMX-preemption"),
        "VMX-preemption timer yes shift 6: a tick every 64 of the TSC"
    );
    assert_eq!(
        line(&report(processors::SANDY_BRIDGE), "INVPCID"),
        "INVPCID no"
    );
    assert_eq!(
        line(&report(processors::SKYLAKE_CLIENT), "APIC-register"),
        "APIC-register virtualization no"
    );
}

#[test]
fn lynnfield_is_stopped_for_want_of_unrestricted_guest() {
    let report = report(processors::BOCHS_LYNNFIELD);
    assert_eq!(report.blocker(), Some(Blocker::NoUnrestrictedGuest));
    assert_eq!(
        line(&report, "unrestricted guest"),
        "unrestricted guest MISSING"
    );
}

#[test]
fn penryn_and_merom_are_stopped_for_want_of_ept() {
    for processor in [processors::BOCHS_PENRYN, processors::MEROM] {
        assert_eq!(
            report(processor).blocker(),
            Some(Blocker::NoEpt),
            "{}",
            processor.name
        );
        assert_eq!(line(&report(processor), "EPT"), "EPT MISSING");
    }
}

#[test]
fn a_control_without_a_row_of_its_own_is_listed() {
    let report = report(processors::MEROM);
    let expected = "control MISSING pin-based control \"virtual NMIs\" (bit 5) cannot be turned on";
    assert_eq!(line(&report, "control"), expected);
}

#[test]
fn a_locked_feature_control_is_the_firmwares_doing() {
    let mut capabilities = processors::BOCHS_TIGERLAKE.capabilities();
    capabilities.feature_control = capabilities.feature_control.with_vmx_outside_smx(false);
    let report = Report::new(&facts(), Some(&capabilities));
    assert_eq!(report.blocker(), Some(Blocker::LockedByFirmware));
    assert_eq!(
        line(&report, "VMX in"),
        "VMX in FEATURE_CONTROL MISSING locked off by firmware"
    );
    capabilities.feature_control = capabilities.feature_control.with_locked(false);
    assert_eq!(Report::new(&facts(), Some(&capabilities)).blocker(), None);
}

#[test]
fn without_vmx_the_blocker_says_where_it_could_come_from() {
    let bare = CpuFacts {
        vmx: false,
        ..facts()
    };
    let nested = CpuFacts {
        under_hypervisor: true,
        ..bare
    };
    let amd = CpuFacts {
        svm: true,
        vendor: *b"AuthenticAMD",
        ..nested
    };
    for (facts, blocker) in [
        (bare, Blocker::NoVmx),
        (nested, Blocker::NoVmxInGuest),
        (amd, Blocker::NoVmxButSvm),
    ] {
        let report = Report::new(&facts, None);
        assert_eq!(report.blocker(), Some(blocker));
        assert_eq!(line(&report, "VMX"), "VMX MISSING");
        assert_eq!(line(&report, "EPT"), "");
    }
}

#[test]
fn capabilities_count_for_nothing_without_vmx() {
    let facts = CpuFacts {
        vmx: false,
        ..facts()
    };
    let capabilities = processors::BOCHS_TIGERLAKE.capabilities();
    assert_eq!(
        Report::new(&facts, Some(&capabilities)).blocker(),
        Some(Blocker::NoVmx)
    );
}

#[test]
fn ept_that_cannot_be_invalidated_is_no_use() {
    let mut capabilities = processors::BOCHS_TIGERLAKE.capabilities();
    capabilities.ept_vpid = capabilities.ept_vpid.with_invept(false);
    assert_eq!(
        Report::new(&facts(), Some(&capabilities)).blocker(),
        Some(Blocker::UnusableEpt)
    );
}

#[test]
fn every_blocker_is_one_sentence_with_a_remedy() {
    let missing = Wanted::isthmus()
        .missing(&processors::MEROM.capabilities())
        .next()
        .unwrap();
    for blocker in [
        Blocker::NoVmxButSvm,
        Blocker::NoVmxInGuest,
        Blocker::NoVmx,
        Blocker::LockedByFirmware,
        Blocker::NoEpt,
        Blocker::UnusableEpt,
        Blocker::NoUnrestrictedGuest,
        Blocker::Control(missing),
    ] {
        let text = blocker.to_string();
        assert!(
            !text.contains('\n') && !text.contains(". ") && !text.contains("  "),
            "{text}"
        );
        let remedy = text
            .rsplit_once(": ")
            .map(|(_, remedy)| remedy)
            .unwrap_or_default();
        assert!(
            ["use ", "boot ", "turn on "]
                .iter()
                .any(|verb| text.contains(&[": ", verb].concat())),
            "{remedy}"
        );
    }
}

proptest! {
    #[test]
    fn a_report_without_blocker_is_one_whose_controls_can_be_negotiated(pin: u64, primary: u64, secondary: u64, ept: u64) {
        let sparse = |word: u64| word & word >> 5 & word >> 11 & word >> 23;
        let base = processors::BOCHS_TIGERLAKE.capabilities();
        let capabilities = Capabilities {
            pin: Allowed(base.pin.0 & !(sparse(pin) << 32)),
            primary: Allowed(base.primary.0 & !(sparse(primary) << 32)),
            secondary: Allowed(base.secondary.0 & !(sparse(secondary) << 32)),
            ept_vpid: crate::capabilities::EptVpid::from_bits(base.ept_vpid.into_bits() & !sparse(ept)),
            ..base
        };
        let report = Report::new(&facts(), Some(&capabilities));
        let negotiated = crate::controls::negotiate(&capabilities, &Wanted::isthmus());
        if report.blocker().is_none() {
            prop_assert!(negotiated.is_ok());
        }
        prop_assert_eq!(report.blocker().is_some(), report.to_string().contains("MISSING"));
    }
}
