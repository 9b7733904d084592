//! From the loader's hand-over to a kernel with page tables, a heap, a clock and all cores of its own. Two steps on the
//! boot core, because it changes page tables and stack between them; then the other cores one by one.

mod smp;

use alloc::vec::Vec;

use arrayvec::ArrayVec;
use isthmus_abi::{CoreId, Gpa, Gva, PAGE_SIZE};
use isthmus_kernel_core::acpi::{MAX_CORES, Platform};
use isthmus_kernel_core::frames::{Frames, MAX_SPANS};
use isthmus_kernel_core::physical::{PhysicalMemory, Unreadable};
use isthmus_kernel_core::start_info::{Region, RegionKind, StartInfo};
use spin::Once;

use crate::cores::Stacks;
use crate::paging::{BOOT_LIMIT, MapError, PageTables};
use crate::power::{End, Power};
use crate::serial::SerialLine;
use crate::{cores, descriptors, heap, interrupts, local_apic, paging, power, serial, timer};

#[cfg(target_os = "none")]
core::arch::global_asm!(include_str!("boot/entry.s"), options(att_syntax));

unsafe extern "C" {
    fn hal_switch(page_table: u64, stack: u64, function: extern "C" fn() -> !) -> !;
}

/// What boot found out.
#[derive(Debug)]
pub struct Booted {
    /// The loader's command line.
    pub command_line: &'static str,
    /// Cores that run.
    pub cores: u16,
    /// Bytes of memory given to the heap.
    pub memory: u64,
    /// Whether this is a partition of Isthmus.
    pub under_isthmus: bool,
}

/// The authority over the machine that boot makes, once, and hands to the kernel to deal out.
pub struct Grants {
    /// The serial line.
    pub serial: SerialLine,
    /// The power switch.
    pub power: Power,
}

/// The kernel above: `prepare` runs once on the boot core when all cores are up, then `work` on each.
#[derive(Clone, Copy)]
pub struct Kernel {
    /// Sets the system up.
    pub prepare: fn(&'static Booted, Grants),
    /// A core's life.
    pub work: fn(CoreId) -> !,
}

/// Names the functions that boot calls: `isthmus_kernel_hal::entry!(prepare, work);` in the binary.
#[macro_export]
macro_rules! entry {
    ($prepare:path, $work:path) => {
        #[unsafe(no_mangle)]
        static ISTHMUS_KERNEL: $crate::boot::Kernel = $crate::boot::Kernel {
            prepare: $prepare,
            work: $work,
        };
    };
}

unsafe extern "Rust" {
    static ISTHMUS_KERNEL: Kernel;
}

fn kernel() -> Kernel {
    // SAFETY: `entry!` defines the symbol with this type, and it never changes.
    unsafe { ISTHMUS_KERNEL }
}

/// What the first step leaves for the second.
struct Taken {
    info: StartInfo,
    platform: Platform,
    page_table: Gpa,
    stacks: ArrayVec<Stacks, MAX_CORES>,
    free: ArrayVec<(Gva, u64), MAX_SPANS>,
    trampoline: Option<Gpa>,
}

static TAKEN: Once<Taken> = Once::new();
static BOOTED: Once<Booted> = Once::new();

/// Physical memory through the boot page tables: the first 4 GiB, one to one.
struct BootMemory;

impl PhysicalMemory for BootMemory {
    fn read(&self, at: Gpa, into: &mut [u8]) -> Result<(), Unreadable> {
        let error = Unreadable {
            at,
            len: into.len(),
        };
        let end = at.checked_add(into.len() as u64).ok_or(error)?;
        if at == Gpa(0) || end > BOOT_LIMIT {
            return Err(error);
        }
        for (offset, byte) in into.iter_mut().enumerate() {
            let source = (at.0 + offset as u64) as *const u8;
            // SAFETY: 1. the boot page tables, in use during the first step, map all below 4 GiB one to one, 2. reading
            // where no memory is gives ones, and a device register there is one the loader pointed at, 3. any byte is a u8.
            *byte = unsafe { source.read_volatile() };
        }
        Ok(())
    }
}

/// Called by entry.s on the boot stack, with the boot page tables.
// SAFETY: the name is entry.s's own and nothing else in the image has it.
#[unsafe(no_mangle)]
extern "C" fn hal_boot(start_info: u64) -> ! {
    serial::init();
    cores::set_current(CoreId(0));
    descriptors::load_idt();
    interrupts::silence_pics();
    let info = match StartInfo::read(&BootMemory, Gpa(start_info)) {
        Ok(info) => info,
        Err(error) => stop(format_args!("start info at {start_info:#x}: {error:?}")),
    };
    let platform = Platform::read(&BootMemory, info.rsdp).unwrap_or_else(|error| {
        serial::write_urgent(format_args!(
            "kernel: no ACPI tables: {error:?}; one core\n"
        ));
        Platform::default()
    });
    power::init(&platform);
    let taken = match build(info, platform) {
        Ok(taken) => TAKEN.call_once(|| taken),
        Err(error) => stop(format_args!("page tables: {error:?}")),
    };
    let Some(stacks) = taken.stacks.first() else {
        stop(format_args!("no stack"));
    };
    // SAFETY: 1. the page tables map the image, this function's code and the stack, 2. nothing on the old stack is
    // used again: `taken` is in a static.
    unsafe { hal_switch(taken.page_table.0, stacks.main.0, hal_boot_own) }
}

/// Builds the page tables with all that is ever mapped.
fn build(info: StartInfo, platform: Platform) -> Result<Taken, MapError> {
    let image = Region {
        start: Gpa(0x10_0000),
        end: paging::image_end(),
        kind: RegionKind::RAM,
    };
    let mut taken: ArrayVec<Region, 32> = info.modules.iter().copied().collect();
    taken.push(image);
    let trampoline = Frames::new(&info.regions, &taken, Gpa(PAGE_SIZE)).take(Gpa(0xa_0000));
    if let Some(page) = trampoline {
        smp::copy_trampoline(page);
    }
    let mut frames = Frames::new(&info.regions, &taken, Gpa(0x10_0000));
    let mut tables = PageTables::new(&mut frames)?;
    if !local_apic::has_x2apic() {
        let page = tables.map_device(Gpa(local_apic::base()))?;
        local_apic::set_page(page);
    }
    let mut stacks = ArrayVec::new();
    for _ in 0..platform.processors.len().max(1) {
        stacks.push(Stacks::map(&mut tables)?);
    }
    let page_table = tables.root();
    let free = tables.map_all_free()?;
    Ok(Taken {
        info,
        platform,
        page_table,
        stacks,
        free,
        trampoline,
    })
}

/// The second step, on the kernel's own page tables and stack.
extern "C" fn hal_boot_own() -> ! {
    let Some(taken) = TAKEN.get() else {
        stop(format_args!("nothing taken over"));
    };
    // SAFETY: `build` mapped it writable and gave it to nothing else; this step is taken once.
    let memory = unsafe { fill_heap(&taken.free) };
    cores::keep(taken.stacks.iter().copied().collect::<Vec<_>>());
    if let Some(stacks) = taken.stacks.first() {
        descriptors::load(stacks);
    }
    local_apic::enable();
    start_clock(&taken.platform);
    let cores = smp::start_all(
        &taken.platform,
        &taken.stacks,
        taken.page_table,
        taken.trampoline,
    );
    let booted = BOOTED.call_once(|| Booted {
        command_line: taken.info.command_line(),
        cores,
        memory,
        under_isthmus: timer::under_isthmus(),
    });
    (kernel().prepare)(
        booted,
        Grants {
            serial: SerialLine(()),
            power: Power(()),
        },
    );
    smp::release();
    (kernel().work)(CoreId(0))
}

/// Gives the heap all memory that is left. Returns how many bytes.
///
/// # Safety
/// Each stretch must be mapped, writable, and used by nothing else from now on.
unsafe fn fill_heap(free: &[(Gva, u64)]) -> u64 {
    let mut memory = 0;
    for (start, len) in free {
        memory += len;
        // SAFETY: the caller's promise is the condition.
        unsafe { heap::add(start.0 as *mut u8, *len as usize) };
    }
    memory
}

fn start_clock(platform: &Platform) {
    let Some(timing) = timer::init(platform.pm_timer) else {
        stop(format_args!("no clock: neither PM timer nor PIT moves"));
    };
    timer::enable();
    serial::init_log(log::LevelFilter::Info);
    log::info!(
        "TSC {} kHz by {}, alarm by {}",
        timing.tsc.hertz() / 1000,
        timing.source,
        if timing.has_deadline() {
            "TSC deadline"
        } else {
            "local APIC count"
        },
    );
}

/// Ends a boot that cannot go on.
fn stop(reason: core::fmt::Arguments<'_>) -> ! {
    serial::write_urgent(format_args!("kernel: cannot boot: {reason}\n"));
    power::end(End::Verdict(1))
}
