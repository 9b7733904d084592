//! The list of targets. A file holds the targets of one crate or subject, each with the seeds that lead a fuzzer past
//! its first checks.

use std::io;

mod boot;
mod console;
mod devices;
mod emulator;
mod entry_checks;
mod exits;
mod kernel;
mod make;
mod manifest;
mod multiboot2;
mod processor;
mod ring;
mod schema;
mod symbols;
mod walk;

/// One thing to be fuzzed.
#[derive(Debug)]
pub struct Target {
    /// Its name, also its folder's in `corpus`.
    pub name: &'static str,
    /// What it runs.
    pub subject: &'static str,
    /// Runs one input.
    pub run: fn(&[u8]),
    /// What the generator makes: whole, right inputs of every kind that there is.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// The longest input that is worth trying, bytes.
    pub max_len: usize,
    /// Mutated inputs in a run of the tests: as many as take a quarter of a second or so.
    pub mutations: usize,
}

/// The target of that name.
///
/// # Errors
/// There is none; the error lists those that there are.
pub fn find(name: &str) -> io::Result<&'static Target> {
    let unknown = || {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        io::Error::other(format!(
            "there is no target `{name}`; there are {}",
            names.join(", ")
        ))
    };
    TARGETS
        .iter()
        .find(|target| target.name == name)
        .ok_or_else(unknown)
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target {
        name: "multiboot2",
        subject: "boot information of a multiboot2 loader",
        run: multiboot2::run,
        seeds: multiboot2::seeds,
        max_len: 4096,
        mutations: 50_000,
    },
    Target {
        name: "manifest_binary",
        subject: "the manifest's binary form, and back again",
        run: manifest::binary,
        seeds: manifest::binary_seeds,
        max_len: 2048,
        mutations: 15_000,
    },
    Target {
        name: "manifest_toml",
        subject: "the manifest's TOML, compiled and read back",
        run: manifest::toml,
        seeds: manifest::toml_seeds,
        max_len: 2048,
        mutations: 4_000,
    },
    Target {
        name: "linux",
        subject: "load plans of Linux bzImages",
        run: boot::linux,
        seeds: boot::linux_seeds,
        max_len: 4096,
        mutations: 40_000,
    },
    Target {
        name: "pvh",
        subject: "load plans of ELF files with a PVH entry",
        run: boot::pvh,
        seeds: boot::pvh_seeds,
        max_len: 2048,
        mutations: 50_000,
    },
    Target {
        name: "multiboot1",
        subject: "load plans of Multiboot 1 images",
        run: boot::multiboot1,
        seeds: boot::multiboot1_seeds,
        max_len: 2048,
        mutations: 20_000,
    },
    Target {
        name: "symbols",
        subject: "the hypervisor's symbol table and the walk along frame pointers",
        run: symbols::table,
        seeds: symbols::table_seeds,
        max_len: 2048,
        mutations: 50_000,
    },
    Target {
        name: "soft_off",
        subject: "the sleep type of S5 in firmware's AML",
        run: symbols::soft_off,
        seeds: symbols::soft_off_seeds,
        max_len: 512,
        mutations: 100_000,
    },
    Target {
        name: "decode",
        subject: "the instruction decoder, against iced-x86",
        run: emulator::decoder,
        seeds: emulator::decoder_seeds,
        max_len: 20,
        mutations: 60_000,
    },
    Target {
        name: "execute",
        subject: "the instruction executor and string I/O over a model processor",
        run: emulator::executor,
        seeds: emulator::executor_seeds,
        max_len: 512,
        mutations: 60_000,
    },
    Target {
        name: "walk",
        subject: "the walk of a guest's page tables",
        run: walk::run,
        seeds: walk::seeds,
        max_len: 2048,
        mutations: 50_000,
    },
    Target {
        name: "board",
        subject: "a guest's accesses to its board",
        run: devices::board,
        seeds: devices::board_seeds,
        max_len: 4096,
        mutations: 20_000,
    },
    Target {
        name: "lapic",
        subject: "a guest's accesses to its local APIC",
        run: devices::lapic,
        seeds: devices::lapic_seeds,
        max_len: 4096,
        mutations: 20_000,
    },
    Target {
        name: "exits",
        subject: "VM exits, with the model of VM entry after each",
        run: exits::run,
        seeds: exits::seeds,
        max_len: 4096,
        mutations: 400,
    },
    Target {
        name: "checks",
        subject: "the model of VM entry's checks over any VMCS",
        run: entry_checks::run,
        seeds: entry_checks::seeds,
        max_len: 2048,
        mutations: 10_000,
    },
    Target {
        name: "cpuid",
        subject: "a partition's CPUID over any processor",
        run: processor::cpuid,
        seeds: processor::cpuid_seeds,
        max_len: 512,
        mutations: 10_000,
    },
    Target {
        name: "controls",
        subject: "preflight and negotiated controls, against the checks of VM entry",
        run: processor::controls,
        seeds: processor::controls_seeds,
        max_len: 256,
        mutations: 3_000,
    },
    Target {
        name: "ring",
        subject: "queues and lanes, honest and with a peer that pushes what it likes",
        run: ring::run,
        seeds: ring::seeds,
        max_len: 2048,
        mutations: 20_000,
    },
    Target {
        name: "ring_entry",
        subject: "entries of a ring and the lists in their buffers",
        run: ring::entry,
        seeds: ring::entry_seeds,
        max_len: 512,
        mutations: 100_000,
    },
    Target {
        name: "ring_header",
        subject: "headers of a ring window, and the handshake that opens it",
        run: ring::header,
        seeds: ring::header_seeds,
        max_len: 72,
        mutations: 20_000,
    },
    Target {
        name: "ring_peer",
        subject: "a client and a server whose peer rewrites the window between any two reads",
        run: ring::peer,
        seeds: ring::peer_seeds,
        max_len: 1024,
        mutations: 10_000,
    },
    Target {
        name: "start_info",
        subject: "the capability kernel's reader of PVH start info",
        run: kernel::start_info,
        seeds: kernel::start_info_seeds,
        max_len: 4096,
        mutations: 60_000,
    },
    Target {
        name: "acpi",
        subject: "the capability kernel's reader of ACPI tables",
        run: kernel::acpi,
        seeds: kernel::acpi_seeds,
        max_len: 4096,
        mutations: 1_500,
    },
    Target {
        name: "command_line",
        subject: "the capability kernel's command line",
        run: kernel::command_line,
        seeds: kernel::command_line_seeds,
        max_len: 512,
        mutations: 50_000,
    },
    Target {
        name: "console",
        subject: "the console multiplexer: what guests print and what is typed",
        run: console::run,
        seeds: console::seeds,
        max_len: 2048,
        mutations: 20_000,
    },
    Target {
        name: "messages",
        subject: "Cap'n Proto messages, read by an old and a new schema and by the capnp crate",
        run: schema::messages,
        seeds: schema::message_seeds,
        max_len: 2048,
        mutations: 1_000,
    },
    Target {
        name: "calls",
        subject: "calls of every interface of the schema",
        run: schema::calls,
        seeds: schema::call_seeds,
        max_len: 512,
        mutations: 50_000,
    },
    Target {
        name: "orders",
        subject: "messages built in any room, read back",
        run: schema::orders,
        seeds: schema::order_seeds,
        max_len: 1024,
        mutations: 10_000,
    },
];
