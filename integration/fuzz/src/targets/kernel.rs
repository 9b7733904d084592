//! What the capability kernel reads before it trusts anything: start info, ACPI tables, its command line.

use isthmus_abi::{ApicId, Gpa};
use isthmus_boot::acpi::{self, AcpiConfig};
use isthmus_kernel_core::acpi::{MAX_CORES, Platform};
use isthmus_kernel_core::command_line::CommandLine;
use isthmus_kernel_core::physical::Window;
use isthmus_kernel_core::start_info::{MAX_COMMAND_LINE, MAX_MODULES, MAX_REGIONS, StartInfo};

use super::make::{put, seal, words};
use crate::input::Input;

/// A window of memory with a start info at its first or any other byte.
pub fn start_info(data: &[u8]) {
    let mut input = Input::new(data);
    let (base, skip) = (input.word() & !7, u64::from(input.byte()));
    let memory = Window {
        base: Gpa(base),
        bytes: input.rest(),
    };
    let Ok(info) = StartInfo::read(&memory, Gpa(base.wrapping_add(skip))) else {
        return;
    };
    assert!(info.regions.len() <= MAX_REGIONS && info.modules.len() <= MAX_MODULES);
    for region in info.regions.iter().chain(&info.modules) {
        assert!(region.start <= region.end);
    }
    assert!(info.command_line().len() <= MAX_COMMAND_LINE);
    assert_eq!(info.command_line().as_bytes(), info.command_line.as_slice());
    assert_ne!(info.rsdp, Some(Gpa(0)));
}

/// Start info at 0, memory map at 64, module list at 160, command line at 200.
pub fn start_info_seeds() -> Vec<Vec<u8>> {
    let image = |base: u64, version: u32, regions: &[(u64, u64, u32)], line: &[u8]| {
        let mut bytes = vec![0; 256];
        put(&mut bytes, 0, &words(&[0x336e_c578, version, 0, 1]));
        for (at, address) in [(16, 160), (24, 200), (40, 64)] {
            put(&mut bytes, at, &(base + address).to_le_bytes());
        }
        put(&mut bytes, 32, &0xe_0000u64.to_le_bytes());
        put(&mut bytes, 48, &(regions.len() as u32).to_le_bytes());
        for (index, (start, size, kind)) in regions.iter().enumerate() {
            put(&mut bytes, 64 + index * 24, &start.to_le_bytes());
            put(&mut bytes, 72 + index * 24, &size.to_le_bytes());
            put(&mut bytes, 80 + index * 24, &kind.to_le_bytes());
        }
        put(&mut bytes, 160, &0x80_0000u64.to_le_bytes());
        put(&mut bytes, 168, &0x1000u64.to_le_bytes());
        put(&mut bytes, 200, line);
        // A base in 32 bits, nothing to skip.
        let mut seed = vec![2];
        seed.extend((base as u32).to_le_bytes());
        seed.push(0);
        seed.extend(bytes);
        seed
    };
    let map = [
        (0, 0x9_fc00, 1),
        (0x9_fc00, 0x400, 2),
        (0x10_0000, 0x700_0000, 1),
    ];
    vec![
        image(0x1_0000, 1, &map, b"heartbeat=1s\0"),
        image(0, 1, &map[..1], b"\0"),
        image(0x1_0000, 0, &[], b"\0"),
        image(0x1_0000, 1, &[(u64::MAX, 2, 1)], &[0xe9, 0]),
    ]
}

const AREA: u64 = 0xe_0000;
/// Bytes of the space that each table has in the image.
const SPACE: usize = 0x100;

/// As a memory image as it is; and cut into tables whose lengths and sums are made right.
pub fn acpi(data: &[u8]) {
    platform(data, Some(Gpa(AREA)));
    platform(data, None);
    platform(&tables_of(data), None);
    announced(data);
}

fn platform(bytes: &[u8], rsdp: Option<Gpa>) {
    let memory = Window {
        base: Gpa(AREA),
        bytes,
    };
    if let Ok(platform) = Platform::read(&memory, rsdp) {
        assert!(platform.processors.len() <= MAX_CORES);
        for (index, id) in platform.processors.iter().enumerate() {
            assert!(!platform.processors[..index].contains(id), "{id:?} twice");
        }
        assert!(platform.s5_sleep_type.is_none_or(|kind| kind < 8));
        let ports = [platform.pm1a_control, platform.pm_timer];
        assert!(ports.into_iter().flatten().all(|port| port.0 != 0));
    }
}

/// A root pointer, a root table and up to four others, with bodies from the input.
fn tables_of(data: &[u8]) -> Vec<u8> {
    let mut input = Input::new(data);
    let flags = input.byte();
    let count = usize::from(flags & 3) + 1;
    let mut image = vec![0; SPACE * (count + 2)];
    let at = |index: usize| AREA + (SPACE * index) as u64;
    let mut rsdp = b"RSD PTR \0ISTHMU".to_vec();
    rsdp.push(flags >> 2 & 2);
    rsdp.extend((at(1) as u32).to_le_bytes());
    seal(&mut rsdp, 8);
    rsdp.extend(words(&[36]));
    rsdp.extend(if flags & 0x20 != 0 { at(1) } else { 0 }.to_le_bytes());
    put(&mut image, 0, &rsdp);
    let wide = rsdp[15] >= 2 && flags & 0x20 != 0;
    let addresses: Vec<u8> = (2..count + 2)
        .flat_map(|index| at(index).to_le_bytes()[..if wide { 8 } else { 4 }].to_vec())
        .collect();
    put(&mut image, SPACE, &table(*b"RSDT", &addresses, 0));
    for index in 0..count {
        let kind = input.byte();
        let signature = [*b"APIC", *b"FACP", *b"DSDT", *b"HPET"][usize::from(kind & 3)];
        let length = usize::from(input.byte()) % (SPACE - 36);
        let mut body = input.take(length).to_vec();
        // The fixed table points at the last one.
        if signature == *b"FACP" && body.len() >= 8 && kind & 4 == 0 {
            put(&mut body, 4, &(at(count + 1) as u32).to_le_bytes());
        }
        put(
            &mut image,
            SPACE * (index + 2),
            &table(signature, &body, kind >> 4),
        );
    }
    image
}

/// A table with a right sum; its length claims `short` bytes less than there are.
fn table(signature: [u8; 4], body: &[u8], short: u8) -> Vec<u8> {
    let mut bytes = signature.to_vec();
    let length = 36 + body.len() - body.len().min(usize::from(short));
    bytes.extend((length as u32).to_le_bytes());
    bytes.resize(36, 0);
    bytes.extend(body);
    seal(&mut bytes[..length], 9);
    bytes
}

/// What the hypervisor announces to a guest is what the kernel finds.
fn announced(data: &[u8]) {
    let mut input = Input::new(data);
    let flags = input.byte();
    let processors: Vec<ApicId> = (0..=u32::from(input.byte() % MAX_CORES as u8))
        .map(ApicId)
        .collect();
    let config = AcpiConfig {
        processors: &processors,
        uart: flags & 1 != 0,
        rtc: flags & 2 != 0,
        keyboard_controller: flags & 4 != 0,
    };
    let made = acpi::tables(&config).expect("few processors");
    let mut image = vec![0; 0x2_0000];
    for (gpa, bytes) in &made.tables {
        put(&mut image, (gpa.0 - AREA) as usize, bytes);
    }
    let memory = Window {
        base: Gpa(AREA),
        bytes: &image,
    };
    for rsdp in [Some(made.rsdp), None] {
        let platform = Platform::read(&memory, rsdp).expect("our own tables");
        assert!(platform.processors.iter().eq(&processors));
        assert_eq!(
            platform.pm1a_control.map(|port| port.0),
            Some(acpi::PM1A_CONTROL)
        );
        assert_eq!(platform.pm_timer.map(|port| port.0), Some(acpi::PM_TIMER));
        assert_eq!(platform.s5_sleep_type, Some(acpi::SLP_TYP_S5));
    }
    let dsdt = made
        .tables
        .iter()
        .find(|(_, bytes)| bytes.starts_with(b"DSDT"))
        .expect("a DSDT");
    let soft_off = isthmus_hv_core::power::soft_off(&dsdt.1);
    assert_eq!(soft_off.map(|(first, _)| first), Some(acpi::SLP_TYP_S5));
}

/// Tables of each kind, in the form of [`tables_of`] and as an image.
pub fn acpi_seeds() -> Vec<Vec<u8>> {
    let mut madt = words(&[0xfee0_0000, 1]);
    madt.extend([0, 8, 0, 0, 1, 0, 0, 0]);
    madt.extend([1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0]);
    madt.extend([0, 8, 1, 3, 1, 0, 0, 0]);
    madt.extend([9, 16, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0]);
    let mut fadt = vec![0; 80];
    put(&mut fadt, 28, &0x604u32.to_le_bytes());
    put(&mut fadt, 40, &0x608u32.to_le_bytes());
    let dsdt = b"\x08_S5_\x12\x06\x04\x0a\x05\x00\x00\x00".to_vec();
    let part = |kind: u8, body: &[u8]| [&[kind, body.len() as u8][..], body].concat();
    let parts = [part(0, &madt), part(1, &fadt), part(2, &dsdt)];
    let mut seeds = vec![
        [&[2][..], &parts.concat()].concat(),
        [&[0x2a][..], &parts.concat()].concat(),
        [&[0][..], &parts[0]].concat(),
        [&[1][..], &parts[1], &part(0x12, &dsdt)].concat(),
    ];
    seeds.push(tables_of(&seeds[0]));
    seeds
}

/// Any text: values are those of the last word of their key, numbers and times are exact or refused.
pub fn command_line(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let line = CommandLine(&text);
    let keys = text
        .split_ascii_whitespace()
        .filter_map(|word| word.split_once('='))
        .map(|(key, _)| key);
    for key in keys.chain(["heartbeat", "ticks", ""]) {
        let value = line.value(key);
        match line.number(key) {
            Ok(number) => assert_eq!(number, value.map(|value| value.parse().expect("a number"))),
            Err(error) => assert_eq!((Some(error.value), error.key), (value, key)),
        }
        match line.duration(key) {
            Ok(time) => assert_eq!(time.is_some(), value.is_some()),
            Err(error) => assert!(error.to_string().starts_with(key)),
        }
    }
}

/// Command lines as manifests have them, and their limits.
pub fn command_line_seeds() -> Vec<Vec<u8>> {
    let lines = [
        "heartbeat=1s ticks=300 verdict=0",
        "quiet ticks=3 heartbeat=100ms  ticks=7",
        "heartbeat=250us load=5ns",
        "ticks=18446744073709551615 heartbeat=18446744073s",
        "heartbeat=\u{e9}s =x a==b",
        "",
    ];
    lines.map(|line| line.as_bytes().to_vec()).into()
}
