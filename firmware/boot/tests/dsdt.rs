//! The AML we write says what the guest layout promises. It is read back by a decoder of the few opcodes that a
//! description without methods needs (ACPI 6.5 §20.2), which knows nothing of the crate that wrote it; Intel's
//! disassembler looks too, in a test that runs where `iasl` is installed (`cargo test -- --ignored`).
#![forbid(unsafe_code)]

use std::{collections::BTreeMap, fs, process::Command};

use isthmus_abi::ApicId;
use isthmus_boot::acpi::{AcpiConfig, tables};

#[derive(Clone, PartialEq, Debug)]
enum Data {
    Number(u64),
    Text(String),
    Bytes(Vec<u8>),
    Package(Vec<Data>),
}

/// Objects by their full path; devices and scopes have none of their own.
#[derive(Default)]
struct Namespace {
    names: BTreeMap<String, Data>,
    devices: Vec<String>,
}

struct Decoder<'a>(&'a [u8]);

impl<'a> Decoder<'a> {
    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at_checked(len).expect("AML ends too early");
        self.0 = rest;
        taken
    }

    fn byte(&mut self) -> u8 {
        self.take(1)[0]
    }

    fn number(&mut self, len: usize) -> u64 {
        self.take(len)
            .iter()
            .rev()
            .fold(0, |number, &byte| number << 8 | u64::from(byte))
    }

    /// What a package length spans, itself left out (§20.2.4).
    fn package(&mut self) -> Decoder<'a> {
        let before = self.0.len();
        let lead = usize::from(self.byte());
        let length = match lead >> 6 {
            0 => lead & 0x3f,
            more => lead & 0xf | usize::try_from(self.number(more)).expect("a length") << 4,
        };
        Decoder(self.take(length - (before - self.0.len())))
    }

    fn path(&mut self, scope: &str) -> String {
        let root = self.0.first() == Some(&b'\\');
        if root {
            self.byte();
        }
        let segment = std::str::from_utf8(self.take(4))
            .expect("a name")
            .to_owned();
        let valid = |c: char| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit();
        assert!(
            segment.chars().all(valid) && !segment.starts_with(|c: char| c.is_ascii_digit()),
            "{segment}"
        );
        if root {
            segment
        } else {
            format!("{scope}.{segment}")
        }
    }

    fn data(&mut self) -> Data {
        match self.byte() {
            number @ (0 | 1) => Data::Number(number.into()),
            0x0a => Data::Number(self.number(1)),
            0x0b => Data::Number(self.number(2)),
            0x0c => Data::Number(self.number(4)),
            0x0e => Data::Number(self.number(8)),
            0x0d => {
                let len = self
                    .0
                    .iter()
                    .position(|&byte| byte == 0)
                    .expect("a text's end");
                let text = String::from_utf8(self.take(len).to_vec()).expect("a text");
                self.byte();
                Data::Text(text)
            }
            0x11 => {
                let mut inside = self.package();
                let Data::Number(size) = inside.data() else {
                    panic!("a buffer without size")
                };
                assert_eq!(size, inside.0.len() as u64);
                Data::Bytes(inside.0.to_vec())
            }
            0x12 => {
                let mut inside = self.package();
                let elements = (0..inside.byte()).map(|_| inside.data()).collect();
                assert!(inside.0.is_empty());
                Data::Package(elements)
            }
            other => panic!("unknown data opcode {other:#x}"),
        }
    }

    fn terms(mut self, scope: &str, namespace: &mut Namespace) {
        while !self.0.is_empty() {
            match self.byte() {
                0x08 => {
                    let path = self.path(scope);
                    let data = self.data();
                    assert!(
                        namespace.names.insert(path, data).is_none(),
                        "a name twice in {scope}"
                    );
                }
                0x10 => {
                    let mut inside = self.package();
                    let path = inside.path(scope);
                    inside.terms(&path, namespace);
                }
                0x5b => {
                    assert_eq!(self.byte(), 0x82, "a device");
                    let mut inside = self.package();
                    let path = inside.path(scope);
                    namespace.devices.push(path.clone());
                    inside.terms(&path, namespace);
                }
                other => panic!("unknown opcode {other:#x} in {scope}"),
            }
        }
    }
}

fn dsdt(processors: u32, uart: bool, rtc: bool) -> Vec<u8> {
    let ids: Vec<ApicId> = (0..processors).map(ApicId).collect();
    let tables = tables(&AcpiConfig {
        processors: &ids,
        uart,
        rtc,
        keyboard_controller: false,
    })
    .expect("tables");
    let (_, dsdt) = tables
        .tables
        .into_iter()
        .find(|(_, bytes)| bytes.starts_with(b"DSDT"))
        .expect("a DSDT");
    dsdt
}

fn decoded(processors: u32, uart: bool, rtc: bool) -> Namespace {
    let mut namespace = Namespace::default();
    Decoder(&dsdt(processors, uart, rtc)[36..]).terms("", &mut namespace);
    namespace
}

/// A compressed EISA id (§19.3.4) as text.
fn eisa(data: &Data) -> String {
    let Data::Number(id) = data else {
        panic!("an id is a number")
    };
    let id = u32::try_from(*id).expect("32 bits").swap_bytes();
    let letter =
        |shift: u32| char::from(b'@' + u8::try_from(id >> shift & 0x1f).expect("five bits"));
    format!(
        "{}{}{}{:04X}",
        letter(26),
        letter(21),
        letter(16),
        id & 0xffff
    )
}

#[test]
fn power_off_is_sleep_type_five() {
    let numbers = [5, 5, 0, 0].map(Data::Number).to_vec();
    assert_eq!(decoded(1, true, true).names["_S5_"], Data::Package(numbers));
}

#[test]
fn every_processor_has_its_uid() {
    let namespace = decoded(300, true, true);
    for uid in 0..300u64 {
        let device = format!("_SB_.C{uid:03X}");
        assert_eq!(
            namespace.names[&format!("{device}._HID")],
            Data::Text("ACPI0007".into())
        );
        assert_eq!(
            namespace.names[&format!("{device}._UID")],
            Data::Number(uid)
        );
    }
}

#[test]
fn devices_are_those_configured() {
    let devices = |uart, rtc| decoded(1, uart, rtc).devices;
    assert_eq!(devices(false, false), ["_SB_.C000", "_SB_.PWRM"]);
    assert_eq!(
        devices(true, false),
        ["_SB_.C000", "_SB_.PWRM", "_SB_.COM1"]
    );
    assert_eq!(
        devices(false, true),
        ["_SB_.C000", "_SB_.PWRM", "_SB_.RTC_"]
    );
}

#[test]
fn isa_devices_have_their_ports_and_interrupts() {
    let names = decoded(1, true, true).names;
    // I/O port descriptors (§6.4.2.5), an IRQ descriptor (§6.4.2.1), and the end tag with no checksum.
    let com1 = [0x47, 1, 0xf8, 3, 0xf8, 3, 1, 8, 0x22, 0x10, 0, 0x79, 0];
    let rtc = [0x47, 1, 0x70, 0, 0x70, 0, 1, 2, 0x22, 0, 1, 0x79, 0];
    let power = [
        0x47, 1, 0, 6, 0, 6, 1, 12, 0x47, 1, 0xf9, 12, 0xf9, 12, 1, 1, 0x79, 0,
    ];
    for (device, id, resources) in [
        ("COM1", "PNP0501", &com1[..]),
        ("RTC_", "PNP0B00", &rtc),
        ("PWRM", "PNP0C02", &power),
    ] {
        assert_eq!(eisa(&names[&format!("_SB_.{device}._HID")]), id);
        assert_eq!(
            names[&format!("_SB_.{device}._CRS")],
            Data::Bytes(resources.to_vec())
        );
    }
}

#[test]
#[ignore = "needs iasl (Debian's acpica-tools)"]
fn intel_s_compiler_takes_back_what_its_disassembler_reads() {
    let folder = std::env::temp_dir().join(format!("isthmus-dsdt-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("dsdt.aml"), dsdt(3, true, true)).expect("written");
    for arguments in [["-d", "dsdt.aml"], ["-we", "dsdt.dsl"]] {
        let output = Command::new("iasl")
            .args(arguments)
            .current_dir(&folder)
            .output()
            .expect("iasl runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
    fs::remove_dir_all(&folder).expect("cleaned up");
}
