//! Reads one `[[partition]]` table.

use alloc::{string::String, vec::Vec};
use std::{format, path::Path};

use isthmus_abi::{CoreId, PartitionId};
use isthmus_boot::GuestKind;
use toml_edit::{Item, TableLike};

use super::{FileSource, diagnostic::Span, fields::Reader, values};
use crate::{
    model::{
        Action, Budget, Colour, Devices, Life, Micros, ModulePlan, Partition, Start, StopAfter,
        VcpuPlan,
    },
    rules::MAX_CORES,
};

const KEYS: [&str; 17] = [
    "name",
    "kind",
    "kernel",
    "initrd",
    "modules",
    "cmdline",
    "memory",
    "vcpus",
    "devices",
    "console-colour",
    "start",
    "on-power-off",
    "on-reset",
    "on-triple-fault",
    "on-stop",
    "restart-limit",
    "stop-after",
];
const KINDS: [(&str, GuestKind); 3] = [
    ("linux", GuestKind::Linux),
    ("pvh", GuestKind::Pvh),
    ("multiboot", GuestKind::Multiboot1),
];
const ACTIONS: [(&str, Action); 2] = [("stop", Action::Stop), ("restart", Action::Restart)];

/// A partition as read, and the sources of its kernel and modules with their places in the text.
pub struct Draft {
    pub partition: Partition,
    pub files: Vec<(FileSource, Span)>,
}

/// Reads a partition. Where something is missing or wrong there is a complaint, and the draft is not to be used.
pub fn read_partition(
    reader: &mut Reader<'_>,
    table: &dyn TableLike,
    owner: Span,
    index: usize,
    folder: &Path,
) -> Draft {
    reader.at(Some(index));
    reader.saw("", None, owner.clone());
    reader.unknown_keys(table, &KEYS, "a partition");
    let name = reader
        .text_of(table, "name", "a text")
        .map(|(name, _)| String::from(name));
    let whose = name.as_ref().map_or(String::from("a partition"), |name| {
        format!("partition `{name}`")
    });
    for (key, example) in [
        ("name", "\"linux\""),
        ("kind", "\"linux\""),
        ("kernel", "\"vmlinuz\""),
        ("memory", "\"256M\""),
        ("vcpus", "[{ core = 0 }]"),
    ] {
        if !table.contains_key(key) {
            reader.missing(owner.clone(), &whose, key, example);
        }
    }
    let kind = reader.choice(table, "kind", &KINDS);
    let mut files = Vec::new();
    files.extend(file(reader, table, "kernel", folder));
    let modules = read_modules(reader, table, kind, folder, &mut files);
    let default_colour = u16::try_from(index)
        .map(|id| Colour::of_partition(PartitionId(id)))
        .unwrap_or_default();
    let partition = Partition {
        name: name.unwrap_or_default(),
        kind: kind.unwrap_or(GuestKind::Linux),
        memory: reader.size(table, "memory").unwrap_or_default(),
        cmdline: reader
            .text_of(table, "cmdline", "a text")
            .map(|(line, _)| line.into())
            .unwrap_or_default(),
        modules,
        vcpus: read_vcpus(reader, table),
        devices: read_devices(reader, table),
        life: read_life(reader, table),
        start: reader
            .choice(table, "start", &[("boot", Start::Boot)])
            .unwrap_or_default(),
        colour: reader
            .choice(table, "console-colour", &Colour::ALL)
            .unwrap_or(default_colour),
    };
    Draft { partition, files }
}

/// Where a file comes from: `maker:name`, or a path from the manifest's folder.
fn source(text: &str, folder: &Path) -> FileSource {
    let is_maker = |maker: &str| {
        !maker.is_empty()
            && maker
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    };
    match text.split_once(':') {
        Some((maker, name)) if is_maker(maker) => FileSource::Made {
            maker: maker.into(),
            name: name.into(),
        },
        _ => FileSource::Path(folder.join(text)),
    }
}

fn file(
    reader: &mut Reader<'_>,
    table: &dyn TableLike,
    key: &'static str,
    folder: &Path,
) -> Option<(FileSource, Span)> {
    let (text, span) = reader.text_of(table, key, "a file's path")?;
    if text.is_empty() {
        reader.complain(
            span,
            format!("`{key}` is empty"),
            "a file's path is right".into(),
        );
        return None;
    }
    Some((source(text, folder), span))
}

/// `initrd` of a Linux partition, `modules` of any other.
fn read_modules(
    reader: &mut Reader<'_>,
    table: &dyn TableLike,
    kind: Option<GuestKind>,
    folder: &Path,
    files: &mut Vec<(FileSource, Span)>,
) -> Vec<ModulePlan> {
    let linux = kind == Some(GuestKind::Linux);
    let (other, remedy) = if linux {
        ("modules", "a Linux partition has one `initrd` instead")
    } else {
        (
            "initrd",
            "only a Linux partition has one, others have `modules`",
        )
    };
    if let Some((key, item)) = kind.and_then(|_| table.get_key_value(other)) {
        let span = key.span().or(item.span()).unwrap_or(0..0);
        reader.complain(
            span,
            format!("`{other}` has no place in this partition"),
            remedy.into(),
        );
    }
    if linux {
        let initrd = file(reader, table, "initrd", folder);
        let count = initrd.iter().count();
        files.extend(initrd);
        return (0..count).map(|_| ModulePlan::default()).collect();
    }
    let mut modules = Vec::new();
    for (entry, span) in module_entries(reader, table) {
        match entry {
            ModuleEntry::File(text) => {
                modules.push(ModulePlan::default());
                files.push((source(text, folder), span));
            }
            ModuleEntry::Table(entry) => {
                reader.unknown_keys(entry, &["file", "cmdline"], "a module");
                if !entry.contains_key("file") {
                    reader.missing(span, "a module", "file", "\"data.img\"");
                }
                files.extend(file(reader, entry, "file", folder));
                let cmdline = reader
                    .text_of(entry, "cmdline", "a text")
                    .map(|(line, _)| line.into());
                modules.push(ModulePlan {
                    cmdline: cmdline.unwrap_or_default(),
                });
            }
        }
    }
    modules
}

enum ModuleEntry<'t> {
    File(&'t str),
    Table(&'t dyn TableLike),
}

/// `modules = ["file", { file = "...", cmdline = "..." }]`, or tables `[[partition.modules]]`.
fn module_entries<'t>(
    reader: &mut Reader<'_>,
    table: &'t dyn TableLike,
) -> Vec<(ModuleEntry<'t>, Span)> {
    const WANTED: &str = "a list of { file = \"...\", cmdline = \"...\" }";
    if let Some(Item::ArrayOfTables(tables)) = table.get("modules") {
        let numbered = tables.iter().enumerate();
        return numbered
            .map(|(index, table)| {
                let span = table.span().unwrap_or(0..0);
                reader.saw("modules", Some(index), span.clone());
                (ModuleEntry::Table(table), span)
            })
            .collect();
    }
    let mut entries = Vec::new();
    for (value, span) in reader.list(table, "modules", WANTED).unwrap_or_default() {
        if let Some(text) = value.as_str() {
            entries.push((ModuleEntry::File(text), span));
        } else if let Some(inline) = value.as_inline_table() {
            entries.push((ModuleEntry::Table(inline), span));
        } else {
            reader.complain(
                span,
                "this is no module".into(),
                format!("{WANTED} is right"),
            );
        }
    }
    entries
}

fn read_vcpus(reader: &mut Reader<'_>, table: &dyn TableLike) -> Vec<VcpuPlan> {
    const WANTED: &str = "a list of { core = 0, budget = \"2ms\", period = \"10ms\" }";
    let mut vcpus = Vec::new();
    for (value, span) in reader.list(table, "vcpus", WANTED).unwrap_or_default() {
        let Some(vcpu) = value.as_inline_table() else {
            reader.complain(span, "this is no vCPU".into(), format!("{WANTED} is right"));
            continue;
        };
        reader.unknown_keys(vcpu, &["core", "budget", "period"], "a vCPU");
        if !vcpu.contains_key("core") {
            reader.missing(span.clone(), "a vCPU", "core", "0");
        }
        let core = reader
            .number(vcpu, "core", u32::from(MAX_CORES) - 1)
            .and_then(|core| u16::try_from(core).ok());
        let budget = reader.duration(vcpu, "budget");
        let period = reader.duration(vcpu, "period");
        if vcpu.contains_key("budget") != vcpu.contains_key("period") {
            reader.complain(
                span,
                "a budget and a period need each other".into(),
                "give both, or neither for what the core has left".into(),
            );
        }
        let budget = budget
            .zip(period)
            .map(|(budget, period)| Budget { budget, period });
        vcpus.push(VcpuPlan {
            core: CoreId(core.unwrap_or_default()),
            budget,
        });
    }
    vcpus
}

/// Where a device's presence is kept.
type DeviceFlag = fn(&mut Devices) -> &mut bool;

fn read_devices(reader: &mut Reader<'_>, table: &dyn TableLike) -> Devices {
    let Some(elements) = reader.list(table, "devices", "a list like [\"uart\", \"rtc\"]") else {
        return Devices::DEFAULT;
    };
    let mut devices = Devices::default();
    for (value, span) in elements {
        let words: [(&str, DeviceFlag); 3] = [
            ("uart", |devices| &mut devices.uart),
            ("rtc", |devices| &mut devices.rtc),
            ("debug-exit", |devices| &mut devices.debug_exit),
        ];
        let Some(text) = value.as_str() else {
            reader.complain(
                span,
                "this is no device's name".into(),
                "a list like [\"uart\", \"rtc\"] is right".into(),
            );
            continue;
        };
        let Some(device) = reader.word(text, span.clone(), &words) else {
            continue;
        };
        if core::mem::replace(device(&mut devices), true) {
            reader.complain(
                span,
                format!("`{text}` is named twice"),
                "once is enough".into(),
            );
        }
    }
    devices
}

fn read_life(reader: &mut Reader<'_>, table: &dyn TableLike) -> Life {
    let default = Life::default();
    Life {
        on_power_off: reader
            .choice(table, "on-power-off", &ACTIONS)
            .unwrap_or(default.on_power_off),
        on_reset: reader
            .choice(table, "on-reset", &ACTIONS)
            .unwrap_or(default.on_reset),
        on_triple_fault: reader
            .choice(table, "on-triple-fault", &ACTIONS)
            .unwrap_or(default.on_triple_fault),
        on_stop: reader
            .choice(table, "on-stop", &ACTIONS)
            .unwrap_or(default.on_stop),
        restart_limit: reader
            .number(table, "restart-limit", u32::MAX)
            .unwrap_or(default.restart_limit),
        stop_after: read_stop_after(reader, table),
    }
}

/// One time for every life, or a list with one for each of the first lives.
fn read_stop_after(reader: &mut Reader<'_>, table: &dyn TableLike) -> StopAfter {
    const WANTED: &str = "a time like \"500ms\", or a list of them";
    match table.get("stop-after") {
        None => StopAfter::Never,
        Some(item) if item.is_array() => {
            let mut times: Vec<Micros> = Vec::new();
            for (value, span) in reader.list(table, "stop-after", WANTED).unwrap_or_default() {
                match value.as_str().and_then(values::duration) {
                    Some(time) => times.push(time),
                    None => reader.complain(
                        span,
                        "this is no time".into(),
                        format!("{WANTED} is right"),
                    ),
                }
            }
            StopAfter::Lives(times)
        }
        Some(_) => reader
            .duration(table, "stop-after")
            .map_or(StopAfter::Never, StopAfter::Every),
    }
}
