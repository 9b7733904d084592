//! From the boot loader to the first partition: find memory, build the address space, look at the processor and
//! the firmware's tables, read the manifest, start the other cores.

use crate::backend::Backend;
use crate::console;
use crate::core_loop::Core;
use crate::machine::{self, Machine, Ram, Slot};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use arrayvec::ArrayVec;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};
use isthmus_abi::{ApicId, CoreId, Hpa, Hva, PAGE_SIZE};
use isthmus_boot::GuestKind;
use isthmus_boot::acpi::{self, AcpiConfig, AcpiTables};
use isthmus_boot::multiboot2::{self, BootInformation, MemoryType};
use isthmus_hv_core::console::ConsoleOptions;
use isthmus_hv_core::memory::{ExtentPool, exclude};
use isthmus_hv_core::partition::{MachineFacts, Partition};
use isthmus_hv_core::symbols::{SymbolTable, backtrace};
use isthmus_hv_core::{msr, power};
use isthmus_hv_hal::boot::{IMAGE_OFFSET, enter_own_space, image_layout};
use isthmus_hv_hal::firmware::{self, Platform};
use isthmus_hv_hal::window::Region;
use isthmus_hv_hal::{apic, clock, cpu, paging, pool, report, serial, smp, tables};
use isthmus_manifest::{MANIFEST_MODULE, model};
use log::{error, info, warn};
use spin::Once;

/// EAX from a Multiboot2 loader (Multiboot2 §3.3).
const MULTIBOOT2_MAGIC: u32 = 0x36d7_6289;
/// The hypervisor's own memory besides its image, bytes.
const POOL_BYTES: u64 = 6 << 20;
/// Of that, the heap.
const HEAP_BYTES: u64 = 2 << 20;
/// Where ordinary memory starts; below are firmware, the trampoline and what the loader left.
const LOW_MEMORY: u64 = 1 << 20;
/// Most modules a boot may have.
const MAX_MODULES: usize = 48;

type Ranges = ArrayVec<(Hpa, u64), { MAX_MODULES + 1 }>;

/// What the boot stack hands to the boot core's own stack.
struct HandOver {
    information: Hpa,
    entry_tsc: u64,
    pool: (Hpa, Hpa),
}

static HAND_OVER: Once<HandOver> = Once::new();

/// Says why the machine stops, and stops it.
pub fn stop(reason: core::fmt::Arguments<'_>) -> ! {
    let text = alloc::format!("isthmus: stopped: {reason}\r\nisthmus: verdict 2\r\n");
    console::flush();
    serial::send_all_now(text.as_bytes());
    serial::drain();
    machine::power_off();
    cpu::halt_forever()
}

/// As [`stop`], while there is no heap.
fn stop_early(reason: &str) -> ! {
    for part in ["isthmus: stopped: ", reason, "\r\nisthmus: verdict 2\r\n"] {
        serial::send_all_now(part.as_bytes());
    }
    serial::drain();
    cpu::halt_forever()
}

/// The boot core's first step, on the boot stack and the boot page tables: no heap, no console.
pub fn boot_core(magic: u32, information: u64, entry_tsc: u64) -> ! {
    tables::load_early(CoreId(0));
    serial::init();
    if magic != MULTIBOOT2_MAGIC {
        stop_early("not started by a Multiboot2 loader; boot it from GRUB with `multiboot2`");
    }
    let information = Hpa(information);
    let boot = boot_information(information);
    let readable = readable_ranges(information, &boot);
    let Some(start) = place_pool(&boot, &readable) else {
        stop_early("no 6 MiB of free memory below 4 GiB");
    };
    let end = Hpa(start.0 + POOL_BYTES);
    HAND_OVER.call_once(|| HandOver {
        information,
        entry_tsc,
        pool: (start, end),
    });
    let Err(_) = enter_own_space(start, end, HEAP_BYTES, &readable, boot_core_on_own_stack);
    stop_early("the hypervisor's memory is too small for its page tables")
}

/// The boot information at the loader's address, wherever that is mapped now.
fn boot_information(at: Hpa) -> BootInformation<'static> {
    let head = firmware::boot_bytes(at, 8);
    let parsed = multiboot2::total_size(head)
        .and_then(|size| BootInformation::parse(firmware::boot_bytes(at, size)));
    match parsed {
        Ok(information) => information,
        Err(_) => stop_early("the boot loader's information is damaged"),
    }
}

/// Physical ranges that stay mapped read-only: boot information and modules.
fn readable_ranges(information: Hpa, boot: &BootInformation<'_>) -> Ranges {
    let mut ranges = Ranges::new();
    let _ = ranges.try_push((information, boot.size() as u64));
    for module in boot.modules() {
        let bytes = module.end.0.saturating_sub(module.start.0);
        if ranges.try_push((module.start, bytes)).is_err() {
            stop_early("more boot modules than the hypervisor has room for");
        }
    }
    ranges
}

/// Physical range of the image.
fn image_range() -> (u64, u64) {
    let image = image_layout();
    (
        image.start.wrapping_sub(IMAGE_OFFSET),
        image.end.wrapping_sub(IMAGE_OFFSET),
    )
}

/// The lowest free place for the pool.
fn place_pool(boot: &BootInformation<'_>, readable: &Ranges) -> Option<Hpa> {
    const ALIGNMENT: u64 = 2 << 20;
    boot.memory_map()
        .filter(|area| area.kind == MemoryType::AVAILABLE)
        .find_map(|area| {
            let limit = area.start.0.saturating_add(area.size).min(1 << 32);
            let mut at = area.start.0.max(LOW_MEMORY).next_multiple_of(ALIGNMENT);
            while at + POOL_BYTES <= limit {
                let taken = readable
                    .iter()
                    .map(|(start, bytes)| (start.0, start.0 + bytes))
                    .chain([image_range()]);
                let Some(end) = taken
                    .filter(|(start, end)| *start < at + POOL_BYTES && at < *end)
                    .map(|(_, end)| end)
                    .max()
                else {
                    return Some(Hpa(at));
                };
                at = end.next_multiple_of(ALIGNMENT);
            }
            None
        })
}

/// The boot core on its guarded stack, with heap and own page tables.
extern "C" fn boot_core_on_own_stack() -> ! {
    let Some(hand_over) = HAND_OVER.get() else {
        stop_early("the boot core lost its way")
    };
    let boot = boot_information(hand_over.information);
    let boot_core = CoreId(0);
    let Ok(stacks) = paging::core_stacks(boot_core) else {
        stop_early("no memory for the boot core's stacks")
    };
    let core_tables = tables::load(boot_core, &stacks);
    console::init(
        [],
        ConsoleOptions {
            colours: false,
            interactive: false,
            flush_after: u64::MAX,
        },
    );
    let options = boot.command_line().unwrap_or_default();
    info!(
        "Isthmus {} from {}",
        env!("CARGO_PKG_VERSION"),
        boot.boot_loader_name().unwrap_or("an unnamed loader")
    );
    load_symbols(&boot);
    if apic::init().is_err() {
        stop(format_args!("no memory left to map the local APIC"));
    }
    apic::mask_legacy_controllers();
    apic::enable();
    let platform = read_platform(&boot);
    if let Some((a, b)) = power::soft_off(platform.dsdt) {
        machine::set_soft_off([(platform.pm1_control[0], a), (platform.pm1_control[1], b)]);
    }
    report::set_power_off(machine::power_off);
    let mut tsc_hz = 0;
    apic::calibrate_timer(|| tsc_hz = clock::tsc_hz(platform.pm_timer));
    let backend = Backend::prepare(options);
    let support = backend.enable(boot_core);
    let (invpcid, rdtscp) = backend.instructions();
    let facts = MachineFacts {
        tsc_hz,
        physical_address_bits: cpu::physical_address_bits(),
        xcr0: support.components,
        control: backend.control_bits(),
        invpcid,
        rdtscp,
        apic_help: backend.apic_help(),
        microcode: 0,
        arch_capabilities: arch_capabilities(),
        boot_time: clock::unix_time().saturating_sub(cpu::rdtsc() / tsc_hz.max(1)),
    };
    let manifest = read_manifest(&boot);
    let names: Vec<String> = manifest
        .partitions()
        .iter()
        .map(|partition| partition.name.clone())
        .collect();
    console::init(
        names.iter().map(String::as_str),
        ConsoleOptions {
            colours: !options.split_whitespace().any(|word| word == "colours=off"),
            interactive: options.split_whitespace().any(|word| word == "interactive"),
            flush_after: tsc_hz,
        },
    );
    let memory = free_memory(&boot, hand_over);
    let mut next_tag = 1;
    let mut slots = Vec::new();
    for (id, plan) in manifest.iter() {
        let partition = match Partition::new(id, plan, &facts, host_cpuid) {
            Ok(partition) => partition,
            Err(refusal) => stop(format_args!("{}: {refusal}", plan.name)),
        };
        let names = core::iter::once(plan.kernel_name())
            .chain((0..plan.modules.len()).map(|index| plan.module_name(index)));
        let images = names.map(|name| module(&boot, &name)).collect();
        let acpi = acpi_tables(plan, &partition);
        let mut plan = plan.clone();
        if let (GuestKind::Linux, Some(more)) = (plan.kind, partition.linux_parameters()) {
            plan.cmdline.push_str(&more);
        }
        let vcpus = plan.vcpus.len();
        slots.push(Slot {
            plan,
            acpi,
            partition,
            images,
            resources: Default::default(),
            start: Default::default(),
            counters: spin::Mutex::new(vec![Default::default(); vcpus]),
            census: Default::default(),
            typed: Default::default(),
            first_tag: next_tag,
            stop_at: AtomicU64::new(u64::MAX),
        });
        next_tag += vcpus as u16;
    }
    let alive = AtomicU32::new(slots.len() as u32);
    let memory_at_start = memory.free_bytes();
    let time_limit = manifest.machine().time_limit;
    let machine = machine::publish(Machine {
        facts,
        backend,
        cores: platform.processors.clone(),
        memory: spin::Mutex::new(memory),
        memory_at_start,
        slots,
        verdict: manifest.machine().verdict,
        time_limit: time_limit.map(|limit| cpu::rdtsc() + limit.0 * tsc_hz / 1_000_000),
        entry_tsc: hand_over.entry_tsc,
        cleared_for: AtomicU64::new(0),
        guests_began: AtomicBool::new(false),
        reports_asked: AtomicU32::new(0),
        alive,
    });
    start_cores(machine);
    route_console(&platform);
    info!(
        "{} cores, TSC {}.{:03} MHz, {} MiB for partitions, {} KiB of {} KiB own memory free, ready after {} ticks",
        machine.cores.len(),
        tsc_hz / 1_000_000,
        tsc_hz / 1000 % 1000,
        memory_at_start >> 20,
        pool::free_frames() * PAGE_SIZE >> 10,
        POOL_BYTES >> 10,
        cpu::rdtsc().wrapping_sub(machine.entry_tsc),
    );
    Core::new(machine, boot_core, core_tables, support).run()
}

/// Which of its maker's flaws this processor lacks, as guests are told.
fn arch_capabilities() -> Option<u64> {
    const INTEL: [u32; 3] = [0x756e_6547, 0x4965_6e69, 0x6c65_746e];
    const REGISTER: u32 = 1 << 29;
    let maker = cpu::cpuid(0, 0);
    if [maker.ebx, maker.edx, maker.ecx] != INTEL {
        return None;
    }
    let has_register = maker.eax >= 7 && cpu::cpuid(7, 0).edx & REGISTER != 0;
    let host = has_register.then(|| cpu::read_msr(msr::index::ARCH_CAPABILITIES));
    Some(msr::arch_capabilities::shown(host, cpu::cpuid(1, 0).eax))
}

fn host_cpuid(leaf: u32, subleaf: u32) -> isthmus_hv_core::cpuid::CpuidResult {
    let answer = cpu::cpuid(leaf, subleaf);
    isthmus_hv_core::cpuid::CpuidResult {
        eax: answer.eax,
        ebx: answer.ebx,
        ecx: answer.ecx,
        edx: answer.edx,
    }
}

/// What a partition is told of its processors and devices.
fn acpi_tables(plan: &model::Partition, partition: &Partition) -> AcpiTables {
    let processors: Vec<ApicId> = partition
        .vcpu_ids()
        .map(|vcpu| ApicId(u32::from(vcpu.0)))
        .collect();
    let config = AcpiConfig {
        processors: &processors,
        uart: plan.devices.uart,
        rtc: plan.devices.rtc,
        keyboard_controller: false,
    };
    match acpi::tables(&config) {
        Ok(tables) => tables,
        Err(refusal) => stop(format_args!("{}: {refusal}", plan.name)),
    }
}

fn read_platform(boot: &BootInformation<'_>) -> Platform {
    let Some(rsdp) = boot.rsdp() else {
        stop(format_args!("the firmware has no ACPI tables"))
    };
    let (revision, root) = match rsdp.xsdt {
        Some(xsdt) if rsdp.revision > 0 => (rsdp.revision, xsdt),
        _ => (0, rsdp.rsdt),
    };
    let mut platform = match firmware::platform(revision, root) {
        Ok(platform) => platform,
        Err(firmware::PlatformError::NoRoot) => {
            stop(format_args!("the firmware's ACPI root table is damaged"))
        }
        Err(firmware::PlatformError::NoMadt) => {
            stop(format_args!("the firmware's MADT is missing or damaged"))
        }
    };
    // The boot core is core 0, wherever the MADT lists it.
    let own = apic::id();
    let listed = core::mem::replace(&mut platform.processors, vec![own]);
    for id in listed {
        // A processor may be listed twice, as a local APIC and as an x2APIC.
        if !platform.processors.contains(&id) {
            platform.processors.push(id);
        }
    }
    if platform.processors.len() > tables::MAX_CORES {
        warn!(
            "{} cores; the first {} are used",
            platform.processors.len(),
            tables::MAX_CORES
        );
        platform.processors.truncate(tables::MAX_CORES);
    }
    platform
}

fn module(boot: &BootInformation<'_>, name: &str) -> &'static [u8] {
    let Some(found) = boot.modules().find(|module| module.cmdline == name) else {
        stop(format_args!(
            "the image has no module named {name}, which the manifest asks for"
        ));
    };
    firmware::boot_bytes(found.start, (found.end.0 - found.start.0) as usize)
}

fn read_manifest(boot: &BootInformation<'_>) -> isthmus_manifest::Manifest {
    match isthmus_manifest::decode(module(boot, MANIFEST_MODULE)) {
        Ok(manifest) => manifest,
        Err(damage) => stop(format_args!(
            "the manifest in the image is of no use: {damage}"
        )),
    }
}

static SYMBOLS: Once<SymbolTable<'static>> = Once::new();

/// Gives the last report names: the symbol table is a module of the image, if it is there.
fn load_symbols(boot: &BootInformation<'_>) {
    if let Some(found) = boot.modules().find(|module| module.cmdline == "symbols") {
        match SymbolTable::new(firmware::boot_bytes(
            found.start,
            (found.end.0 - found.start.0) as usize,
        )) {
            Ok(table) => {
                SYMBOLS.call_once(|| table);
            }
            Err(damage) => warn!("the symbol table is of no use: {damage:?}"),
        }
    }
    report::set_backtrace(|rip, rbp, out| {
        let stack = |address: Hva| report::stack_word(address.0);
        for (depth, address) in backtrace::walk(stack, rip, rbp).enumerate() {
            // A return address may be the first byte of the next function: the call is before it.
            let within = if depth == 0 {
                address
            } else {
                address.wrapping_sub(1)
            };
            let _ = match SYMBOLS.get().and_then(|table| table.lookup(within)) {
                Some((name, offset)) => {
                    writeln!(out, "  {depth:2} {address:#x} {name}+{offset:#x}")
                }
                None => writeln!(out, "  {depth:2} {address:#x}"),
            };
        }
    });
}

/// RAM that nobody uses, for partitions.
fn free_memory(boot: &BootInformation<'_>, hand_over: &HandOver) -> ExtentPool<Ram> {
    let mut ranges: Vec<(u64, u64)> = boot
        .memory_map()
        .filter(|area| area.kind == MemoryType::AVAILABLE)
        .map(|area| {
            (
                area.start.0.next_multiple_of(PAGE_SIZE),
                (area.start.0.saturating_add(area.size)) & !(PAGE_SIZE - 1),
            )
        })
        .filter(|(start, end)| start < end)
        .collect();
    exclude(&mut ranges, 0, LOW_MEMORY);
    let (image_start, image_end) = image_range();
    exclude(
        &mut ranges,
        image_start,
        image_end.next_multiple_of(PAGE_SIZE),
    );
    exclude(&mut ranges, hand_over.pool.0.0, hand_over.pool.1.0);
    for (start, bytes) in readable_ranges(hand_over.information, boot) {
        exclude(
            &mut ranges,
            start.page().0,
            (start.0 + bytes).next_multiple_of(PAGE_SIZE),
        );
    }
    for area in boot
        .memory_map()
        .filter(|area| area.kind != MemoryType::AVAILABLE)
    {
        exclude(
            &mut ranges,
            area.start.page().0,
            area.start.0.saturating_add(area.size),
        );
    }
    ranges.sort_unstable();
    let mut pool = ExtentPool::default();
    let mut last = 0;
    for (start, end) in ranges {
        // Overlapping areas of a careless firmware count once.
        let start = start.max(last);
        if start < end {
            pool.give_ram(start, end);
            last = end;
        }
    }
    pool
}

trait GiveRam {
    fn give_ram(&mut self, start: u64, end: u64);
}

impl GiveRam for ExtentPool<Ram> {
    fn give_ram(&mut self, start: u64, end: u64) {
        self.give(Ram(Region::from_memory_map(Hpa(start), end - start)));
    }
}

fn start_cores(machine: &Machine) {
    let patience = machine.facts.tsc_hz / 5;
    for (number, target) in machine.cores.iter().enumerate().skip(1) {
        let core = CoreId(number as u16);
        let Ok(stacks) = paging::core_stacks(core) else {
            stop(format_args!(
                "no memory left for the stacks of core {number}"
            ));
        };
        if !smp::start(core, *target, &stacks, patience) {
            stop(format_args!(
                "core {number} (APIC id {}) does not start",
                target.0
            ));
        }
    }
    let wanted = machine
        .slots
        .iter()
        .flat_map(|slot| &slot.plan.vcpus)
        .map(|vcpu| vcpu.core.0)
        .max()
        .unwrap_or(0);
    if usize::from(wanted) >= machine.cores.len() {
        stop(format_args!(
            "the manifest wants core {wanted}, the machine has cores 0 to {}",
            machine.cores.len() - 1
        ));
    }
}

/// Another core, on its stack.
pub fn application_core(core: CoreId) -> ! {
    tables::load_early(core);
    let Ok(stacks) = paging::core_stacks(core) else {
        cpu::halt_forever()
    };
    let core_tables = tables::load(core, &stacks);
    apic::enable();
    // Published before this core was started.
    let Some(machine) = machine::get() else {
        cpu::halt_forever()
    };
    let support = machine.backend.enable(core);
    tables::set_online(core);
    Core::new(machine, core, core_tables, support).run()
}

/// Console input and room for output interrupt the boot core.
fn route_console(platform: &Platform) {
    let irq = serial::COM1_INTERRUPT;
    let standard = firmware::IsaInterrupt {
        irq,
        global: u32::from(irq),
        signal: apic::Signal {
            low: false,
            level: false,
        },
    };
    let line = platform
        .overrides
        .iter()
        .find(|line| line.irq == irq)
        .unwrap_or(&standard);
    let target = platform.processors.first().copied().unwrap_or_default();
    let routed = platform.io_apics.iter().any(|(registers, first)| {
        apic::IoApic::from_madt(*registers, *first).is_ok_and(|mut io_apic| {
            io_apic.route(line.global, line.signal, apic::CONSOLE_VECTOR, target)
        })
    });
    if routed {
        serial::set_interrupts(true, false);
    } else {
        error!("no I/O APIC takes the console's interrupt: typing has no effect");
    }
}
