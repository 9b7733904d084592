//! What people write becomes the manifest they mean, and what is wrong is shown where it is wrong.
#![forbid(unsafe_code)]

use std::path::Path;

use isthmus_abi::{CoreId, PartitionId};
use isthmus_manifest::{
    Action, Colour, Devices, GuestKind, Micros, StopAfter, compile, decode,
    toml::{Diagnostics, Document, FileSource},
};
use proptest::prelude::*;

const FULL: &str = r#"
[machine]
verdict = "tester"
time-limit = "90s"

[[partition]]
name = "linux"
kind = "linux"
kernel = "debian:linux-image-cloud-amd64"
initrd = "images/workload.cpio"
cmdline = "console=ttyS0 quiet"
memory = "256M"
vcpus = [{ core = 0, budget = "6ms", period = "10ms" }, { core = 1 }]
on-power-off = "restart"
on-triple-fault = "stop"
restart-limit = 3
console-colour = "red"

[[partition]]
name = "tester"
kind = "multiboot"
kernel = "build:trespass"
modules = ["/abs/data.img", { file = "b.img", cmdline = "second one" }]
memory = "16M"
vcpus = [{ core = 0, budget = "400us", period = "1ms" }]
devices = ["uart", "debug-exit"]
on-stop = "restart"
stop-after = ["100ms", "300ms"]
start = "boot"
"#;

fn parse(text: &str) -> Result<Document, Diagnostics> {
    Document::parse(Path::new("here/m.toml"), text.into())
}

/// A small right manifest with one line exchanged or added.
fn changed(from: &str, to: &str) -> String {
    let right = "[machine]\n\n[[partition]]\nname = \"a\"\nkind = \"pvh\"\nkernel = \"k\"\nmemory = \"16M\"\nvcpus = [{ core = 0 }]\n";
    assert!(right.contains(from));
    let text = right.replacen(from, to, 1);
    match parse(&text) {
        Ok(_) => String::new(),
        Err(complaints) => complaints.to_string(),
    }
}

#[test]
fn every_key_is_understood() {
    let document = parse(FULL).unwrap_or_else(|complaints| panic!("{complaints}"));
    let manifest = document.manifest();
    assert_eq!(manifest.machine().verdict, Some(PartitionId(1)));
    assert_eq!(manifest.machine().time_limit, Some(Micros(90_000_000)));
    let [linux, tester] = manifest.partitions() else {
        panic!("two partitions")
    };
    assert_eq!(
        (linux.kind, linux.memory, linux.cmdline.as_str()),
        (GuestKind::Linux, 256 << 20, "console=ttyS0 quiet")
    );
    assert_eq!(
        (
            linux.vcpus[0].core,
            linux.vcpus[1].core,
            linux.vcpus[1].budget
        ),
        (CoreId(0), CoreId(1), None)
    );
    assert_eq!(
        linux.vcpus[0]
            .budget
            .map(|budget| (budget.budget, budget.period)),
        Some((Micros(6000), Micros(10_000)))
    );
    assert_eq!(
        (
            linux.life.on_power_off,
            linux.life.on_triple_fault,
            linux.life.restart_limit
        ),
        (Action::Restart, Action::Stop, 3)
    );
    assert_eq!(
        (linux.devices, linux.colour),
        (Devices::DEFAULT, Colour::Red)
    );
    assert_eq!(
        tester.devices,
        Devices {
            uart: true,
            rtc: false,
            debug_exit: true
        }
    );
    assert_eq!(
        tester.life.stop_after,
        StopAfter::Lives(vec![Micros(100_000), Micros(300_000)])
    );
    assert_eq!(
        tester
            .modules
            .iter()
            .map(|module| module.cmdline.as_str())
            .collect::<Vec<_>>(),
        ["", "second one"]
    );
}

#[test]
fn files_have_the_names_the_hypervisor_looks_for() {
    let document = parse(FULL).unwrap_or_else(|complaints| panic!("{complaints}"));
    let files: Vec<_> = document
        .module_files()
        .iter()
        .map(|file| (file.module.as_str(), file.source.clone()))
        .collect();
    let made = |maker: &str, name: &str| FileSource::Made {
        maker: maker.into(),
        name: name.into(),
    };
    let wanted = [
        ("linux.kernel", made("debian", "linux-image-cloud-amd64")),
        (
            "linux.initrd",
            FileSource::Path("here/images/workload.cpio".into()),
        ),
        ("tester.kernel", made("build", "trespass")),
        ("tester.module0", FileSource::Path("/abs/data.img".into())),
        ("tester.module1", FileSource::Path("here/b.img".into())),
    ];
    assert_eq!(files, wanted);
    assert!(
        document
            .manifest()
            .module_names()
            .eq(wanted.iter().map(|(name, _)| *name))
    );
}

#[test]
fn the_reference_s_example_is_right_and_its_mistake_is_shown_so() {
    let page = include_str!("../../../docs/manifest.md");
    let example = page
        .split("```toml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("an example");
    let document = parse(example).unwrap_or_else(|complaints| panic!("{complaints}"));
    assert_eq!(document.manifest().partitions().len(), 2);
    let shown = page
        .split("```text\n")
        .nth(1)
        .and_then(|rest| rest.split("\n```").next())
        .expect("a mistake");
    let misspelt = example.replacen("memory = \"64M\"", "memroy = \"64M\"", 1);
    let complaints = Document::parse(Path::new("machine.toml"), misspelt)
        .unwrap_err()
        .to_string();
    assert!(complaints.contains(shown), "{complaints}");
}

#[test]
fn toml_survives_its_binary_form() {
    let document = parse(FULL).unwrap_or_else(|complaints| panic!("{complaints}"));
    assert_eq!(
        decode(&compile(document.manifest())).as_ref(),
        Ok(document.manifest())
    );
}

#[test]
fn missing_files_are_shown_where_they_are_named() {
    let document = parse(FULL).unwrap_or_else(|complaints| panic!("{complaints}"));
    let complaints = document.check_files().unwrap_err();
    let lines: Vec<_> = complaints
        .0
        .iter()
        .map(|complaint| (complaint.line, complaint.column))
        .collect();
    assert_eq!(lines, [(10, 10), (23, 12), (23, 38)]);
    assert!(
        complaints
            .to_string()
            .contains("looked for here/images/workload.cpio")
    );
}

#[test]
fn a_misspelt_key_is_shown_with_the_right_one() {
    let shown = changed("kernel = \"k\"", "kernel = \"k\"\nmemroy = 1");
    assert_eq!(
        shown,
        "here/m.toml:7:1: a partition has no key `memroy`\n  |\n7 | memroy = 1\n  | ^^^^^^ did you mean `memory`?"
    );
}

#[test]
fn a_wrong_type_is_shown_with_an_example() {
    let shown = changed("\"16M\"", "16");
    assert_eq!(
        shown,
        "here/m.toml:7:10: `memory` is an integer\n  |\n7 | memory = 16\n  |          ^^ a size like \"256M\" (units K, M, G, T) is right"
    );
}

#[test]
fn a_missing_key_is_shown_at_its_partition() {
    let shown = changed("memory = \"16M\"\n", "");
    assert!(
        shown.starts_with("here/m.toml:3:1: partition `a` needs `memory`\n"),
        "{shown}"
    );
    assert!(shown.ends_with("add a line memory = \"256M\""), "{shown}");
}

#[test]
fn a_full_core_is_shown_at_the_vcpu_that_fills_it() {
    let vcpu = "{ core = 0, budget = \"6ms\", period = \"10ms\" }";
    let shown = changed("{ core = 0 }", &format!("{vcpu}, {vcpu}"));
    assert!(
        shown.starts_with("here/m.toml:8:57: the budgets on core 0 add up to 120.0 % of it"),
        "{shown}"
    );
    assert!(shown.contains("lower a budget"), "{shown}");
}

#[test]
fn each_mistake_has_its_line() {
    for (from, to, line, part) in [
        (
            "[machine]",
            "[machine]\nverdict = \"b\"",
            2,
            "there is no partition `b`",
        ),
        (
            "[machine]",
            "[machine]\nverdict = \"a\"",
            2,
            "cannot decide without the device",
        ),
        (
            "[machine]",
            "[machine]\ntime-limit = \"3 hours\"",
            2,
            "`3 hours` cannot be read",
        ),
        (
            "[machine]",
            "[machines]",
            1,
            "a manifest has no key `machines`",
        ),
        ("[[partition]]", "[partition]", 3, "[[partition]]"),
        ("[[partition]]", "[[partition", 3, "this is not TOML"),
        ("\"pvh\"", "\"pvm\"", 5, "did you mean `pvh`?"),
        ("\"a\"", "\"A\"", 4, "`A` is no name"),
        ("\"16M\"", "\"512K\"", 7, "at least 1 MiB"),
        ("core = 0", "core = 256", 8, "0 to 255 is right"),
        ("core = 0", "budget = \"1ms\"", 8, "a vCPU needs `core`"),
        (
            "core = 0",
            "core = 0, budget = \"1ms\"",
            8,
            "need each other",
        ),
        (
            "core = 0",
            "core = 0, budget = \"2ms\", period = \"1ms\"",
            8,
            "a budget of 2ms is out of range",
        ),
        ("[{ core = 0 }]", "[]", 8, "needs at least one vCPU"),
        ("[{ core = 0 }]", "[0]", 8, "this is no vCPU"),
        (
            "kernel = \"k\"",
            "kernel = \"k\"\ninitrd = \"i\"",
            7,
            "`initrd` has no place in this partition",
        ),
        (
            "kernel = \"k\"",
            "kernel = \"k\"\ndevices = [\"uart\", \"usb\"]",
            7,
            "`usb` is not known here",
        ),
        (
            "kernel = \"k\"",
            "kernel = \"k\"\ndevices = [\"rtc\", \"rtc\"]",
            7,
            "named twice",
        ),
        (
            "kernel = \"k\"",
            "kernel = \"k\"\nrestart-limit = -1",
            7,
            "-1 is out of range",
        ),
        (
            "kernel = \"k\"",
            "kernel = \"k\"\nstop-after = [\"1s\", 5]",
            7,
            "this is no time",
        ),
        (
            "kernel = \"k\"",
            "kernel = \"k\"\nstop-after = \"0s\"",
            7,
            "0us is out of range",
        ),
        ("kernel = \"k\"", "kernel = \"\"", 6, "`kernel` is empty"),
        (
            "kernel = \"k\"",
            "kernel = \"k\"\nmodules = [{ fil = \"x\" }]",
            7,
            "did you mean `file`?",
        ),
        (
            "kernel = \"k\"",
            "kernel = \"k\"\ncmdline = \"a\\nb\"",
            7,
            "control character",
        ),
        (
            "kernel = \"k\"",
            "kernel = \"k\"\nconsole-colour = \"pink\"",
            7,
            "`pink` is not known here",
        ),
    ] {
        let shown = changed(from, to);
        assert!(shown.contains(part), "{to}: {shown}");
        assert!(
            shown.starts_with(&format!("here/m.toml:{line}:")),
            "{to}: {shown}"
        );
    }
}

#[test]
fn all_mistakes_are_found_in_one_reading() {
    let text = "[[partition]]\nname = 1\nkind = \"vm\"\nkernel = \"k\"\nmemory = \"1\"\nvcpus = [{ core = \"x\" }]\n";
    let complaints = parse(text).unwrap_err();
    let lines: Vec<_> = complaints
        .0
        .iter()
        .map(|complaint| complaint.line)
        .collect();
    assert_eq!(lines, [2, 3, 5, 6]);
}

#[test]
fn a_manifest_without_partitions_is_refused() {
    assert!(
        parse("")
            .unwrap_err()
            .to_string()
            .contains("there is no partition")
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let complaint = Document::load(Path::new("/nowhere/m.toml"))
        .unwrap_err()
        .to_string();
    assert!(
        complaint.starts_with("/nowhere/m.toml: cannot be read"),
        "{complaint}"
    );
}

proptest! {
    #[test]
    fn mutilated_text_never_panics(start in 0usize..800, len in 0usize..40, filling in "[ -~\n]{0,12}") {
        let mut text = FULL.to_owned();
        let start = start.min(text.len());
        let end = (start + len).min(text.len());
        text.replace_range(start..end, &filling);
        match parse(&text) {
            Ok(document) => prop_assert_eq!(&decode(&compile(document.manifest())).unwrap(), document.manifest()),
            Err(complaints) => prop_assert!(!complaints.0.is_empty() && !complaints.to_string().is_empty()),
        }
    }
}
