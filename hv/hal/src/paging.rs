//! The hypervisor's address space: its image with each part's own rights (never writable and executable at
//! once), its pool, the boot modules read-only, device registers uncached, a guarded stack for each core, and
//! for each core a window through which guest memory is seen for the length of one access.
//!
//! | from | what | rights |
//! |---|---|---|
//! | `ffff_8000_0000_0000` | pool, boot modules, boot information: physical address plus this | RW, R, R |
//! | `ffff_9000_0000_0000` | device registers: physical address plus this | RW, uncached |
//! | `ffff_a000_0000_0000` | stacks, 512 KiB of addresses a core | RW, guard pages between |
//! | `ffff_b000_0000_0000` | windows, 4 MiB of addresses a core | RW while in use |
//! | `ffff_ffff_8020_0000` | the image | RX, R, RW |

use crate::boot::{IMAGE_OFFSET, image_layout};
use crate::pool;
use crate::tables::{CoreStacks, MAX_CORES};
use core::sync::atomic::{AtomicU64, Ordering};
use isthmus_abi::{CoreId, Hpa, Hva, PAGE_SIZE};
use x86_64::structures::paging::mapper::MapToError;
use x86_64::structures::paging::{
    FrameAllocator, Mapper, OffsetPageTable, Page, PageTable, PageTableFlags as Flags, PhysFrame,
    Size2MiB, Size4KiB,
};
use x86_64::{PhysAddr, VirtAddr};

const MMIO_OFFSET: u64 = 0xffff_9000_0000_0000;
const STACKS: u64 = 0xffff_a000_0000_0000;
const STACK_STRIDE: u64 = 512 << 10;
/// Main stack of a core, bytes.
const MAIN_STACK: u64 = 64 << 10;
/// Each IST stack, bytes.
const IST_STACK: u64 = 16 << 10;
const WINDOWS: u64 = 0xffff_b000_0000_0000;
/// Bytes of one large page, the unit in which memory is cleared and copied in bulk.
pub const LARGE_PAGE: u64 = 2 << 20;

static ROOT: AtomicU64 = AtomicU64::new(0);
static LOCK: spin::Mutex<()> = spin::Mutex::new(());

/// The pool is used up: the machine has less memory than the manifest needs for tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfFrames;

struct PoolFrames;

// SAFETY: `allocate_frame` hands out each frame once, zeroed.
unsafe impl FrameAllocator<Size4KiB> for PoolFrames {
    fn allocate_frame(&mut self) -> Option<PhysFrame<Size4KiB>> {
        pool::allocate_frame().map(|hpa| PhysFrame::containing_address(PhysAddr::new(hpa.0)))
    }
}

fn with_tables<R>(act: impl FnOnce(&mut OffsetPageTable<'_>) -> R) -> R {
    let _guard = LOCK.lock();
    let root = pool::direct(Hpa(ROOT.load(Ordering::Acquire)));
    // SAFETY: the root is a page table of the pool, mapped at the pool's offset, and the lock makes this the
    // only reference.
    let table = unsafe { &mut *(root.0 as *mut PageTable) };
    // SAFETY: every table below the root came from the pool, which is mapped at this one offset.
    let mut mapper = unsafe { OffsetPageTable::new(table, VirtAddr::new(pool::direct(Hpa(0)).0)) };
    act(&mut mapper)
}

fn map_range(from: Hva, to: Hpa, bytes: u64, flags: Flags) -> Result<(), OutOfFrames> {
    with_tables(|mapper| {
        for offset in (0..bytes).step_by(PAGE_SIZE as usize) {
            let page = Page::<Size4KiB>::containing_address(VirtAddr::new(from.0 + offset));
            let frame = PhysFrame::containing_address(PhysAddr::new(to.0 + offset));
            // SAFETY: callers map ranges of one kind to addresses that are set aside for that kind.
            match unsafe { mapper.map_to(page, frame, flags, &mut PoolFrames) } {
                Ok(flush) => flush.flush(),
                Err(MapToError::PageAlreadyMapped(_)) => {}
                Err(_) => return Err(OutOfFrames),
            }
        }
        Ok(())
    })
}

const READ_ONLY: Flags = Flags::PRESENT.union(Flags::NO_EXECUTE);
const READ_WRITE: Flags = READ_ONLY.union(Flags::WRITABLE);

/// Builds the page tables from the pool and switches the boot core to them.
///
/// `readable` are physical ranges (start, bytes) that are mapped read-only at the direct offset: boot
/// information and modules.
///
/// # Errors
/// [`OutOfFrames`] when the pool is too small.
///
/// # Safety
/// 1. The boot page tables are in use. 2. `[pool_start, pool_end)` is the pool given to [`pool::init`].
/// 3. Nothing holds a pointer into the one-to-one map afterwards.
pub unsafe fn build(
    pool_start: Hpa,
    pool_end: Hpa,
    readable: &[(Hpa, u64)],
) -> Result<(), OutOfFrames> {
    let root = pool::allocate_frame().ok_or(OutOfFrames)?;
    ROOT.store(root.0, Ordering::Release);
    let image = image_layout();
    let part = |from: u64, to: u64, flags| {
        map_range(
            Hva(from),
            Hpa(from.wrapping_sub(IMAGE_OFFSET)),
            to - from,
            flags,
        )
    };
    part(image.start, image.text_end, Flags::PRESENT)?;
    part(image.text_end, image.rodata_end, READ_ONLY)?;
    part(image.rodata_end, image.end, READ_WRITE)?;
    map_range(
        Hva(pool_start.0 + pool::DIRECT_OFFSET),
        pool_start,
        pool_end.0 - pool_start.0,
        READ_WRITE,
    )?;
    let trampoline = Hpa(crate::boot::TRAMPOLINE_PAGE);
    map_range(
        Hva(trampoline.0 + pool::DIRECT_OFFSET),
        trampoline,
        PAGE_SIZE,
        READ_WRITE,
    )?;
    for &(start, bytes) in readable {
        let page = start.page();
        let length = (start.page_offset() + bytes).next_multiple_of(PAGE_SIZE);
        map_range(Hva(page.0 + pool::DIRECT_OFFSET), page, length, READ_ONLY)?;
    }
    // SAFETY: the new tables map the running code, its stack (in the image's bss) and its data.
    unsafe { load_root(root) };
    Ok(())
}

unsafe fn load_root(root: Hpa) {
    let frame = PhysFrame::containing_address(PhysAddr::new(root.0));
    // SAFETY: passed on to the caller.
    unsafe {
        x86_64::registers::control::Cr3::write(frame, x86_64::registers::control::Cr3Flags::empty())
    };
}

/// Physical address of the root table: CR3 of every core and of VMCS host state.
#[must_use]
pub fn root() -> Hpa {
    Hpa(ROOT.load(Ordering::Acquire))
}

/// Maps a device's registers uncached and returns where.
///
/// # Errors
/// [`OutOfFrames`] when the pool is used up.
///
/// # Safety
/// The range holds device registers, not RAM.
pub unsafe fn map_device(registers: Hpa, bytes: u64) -> Result<Hva, OutOfFrames> {
    let flags = READ_WRITE | Flags::NO_CACHE | Flags::WRITE_THROUGH;
    let length = (registers.page_offset() + bytes).next_multiple_of(PAGE_SIZE);
    map_range(
        Hva(registers.page().0 + MMIO_OFFSET),
        registers.page(),
        length,
        flags,
    )?;
    Ok(Hva(registers.0 + MMIO_OFFSET))
}

/// Maps more physical memory read-only at the direct offset: firmware tables.
///
/// # Errors
/// [`OutOfFrames`] when the pool is used up.
pub fn map_firmware(start: Hpa, bytes: u64) -> Result<Hva, OutOfFrames> {
    let length = (start.page_offset() + bytes).next_multiple_of(PAGE_SIZE);
    map_range(
        Hva(start.page().0 + pool::DIRECT_OFFSET),
        start.page(),
        length,
        READ_ONLY,
    )?;
    Ok(Hva(start.0 + pool::DIRECT_OFFSET))
}

static STACKS_OF: [spin::Once<CoreStacks>; MAX_CORES] = [const { spin::Once::new() }; MAX_CORES];

/// The stacks of one core, an unmapped page below each; mapped when they are first asked for.
///
/// # Errors
/// [`OutOfFrames`] when the pool is used up.
pub fn core_stacks(core: CoreId) -> Result<CoreStacks, OutOfFrames> {
    let slot = &STACKS_OF[usize::from(core.0) % MAX_CORES];
    slot.try_call_once(|| map_stacks(core)).copied()
}

fn map_stacks(core: CoreId) -> Result<CoreStacks, OutOfFrames> {
    let mut next = STACKS + u64::from(core.0) * STACK_STRIDE;
    let mut stack = |bytes: u64| {
        next += PAGE_SIZE;
        for page in 0..bytes / PAGE_SIZE {
            let frame = pool::allocate_frame().ok_or(OutOfFrames)?;
            map_range(Hva(next + page * PAGE_SIZE), frame, PAGE_SIZE, READ_WRITE)?;
        }
        next += bytes;
        Ok(next)
    };
    Ok(CoreStacks {
        main: stack(MAIN_STACK)?,
        ist: [stack(IST_STACK)?, stack(IST_STACK)?, stack(IST_STACK)?],
    })
}

/// Whether an address lies in a core's stacks, for the backtrace.
#[must_use]
pub fn is_stack(address: u64) -> bool {
    let image = image_layout();
    let stacks = STACKS..STACKS + MAX_CORES as u64 * STACK_STRIDE;
    (stacks.contains(&address) && is_mapped(Hva(address)))
        || (image.rodata_end..image.end).contains(&address)
}

fn is_mapped(address: Hva) -> bool {
    use x86_64::structures::paging::Translate;
    // A panic may come while the tables are locked; then nothing can be said of the address.
    let Some(guard) = LOCK.try_lock() else {
        return false;
    };
    drop(guard);
    with_tables(|mapper| mapper.translate_addr(VirtAddr::new(address.0)).is_some())
}

/// Makes the tables of a core's window: two page directories' entries, both empty.
///
/// # Errors
/// [`OutOfFrames`] when the pool is used up.
pub fn map_window(core: CoreId) -> Result<WindowTables, OutOfFrames> {
    let base = WINDOWS + u64::from(core.0) * 2 * LARGE_PAGE;
    // Mapping and unmapping one page leaves the tables on the way to it in place.
    let scratch = pool::allocate_frame().ok_or(OutOfFrames)?;
    map_range(Hva(base), scratch, PAGE_SIZE, READ_WRITE)?;
    let (small, directory) = with_tables(|mapper| {
        let page = Page::<Size4KiB>::containing_address(VirtAddr::new(base));
        if let Ok((_, flush)) = mapper.unmap(page) {
            flush.flush();
        }
        let entry = |table: u64, index: u64| -> u64 {
            // SAFETY: the table is the pool's and mapped; `index` is below 512.
            let word = unsafe { ((pool::direct(Hpa(table)).0 + index * 8) as *const u64).read() };
            word & 0x000f_ffff_ffff_f000
        };
        let pdpt = entry(root().0, base >> 39 & 511);
        let directory = entry(pdpt, base >> 30 & 511);
        (entry(directory, base >> 21 & 511), directory)
    });
    // SAFETY: the frame was mapped at the window's first page only, and is unmapped again.
    unsafe { pool::free_frame(scratch) };
    let large_slot = directory + ((base + LARGE_PAGE) >> 21 & 511) * 8;
    Ok(WindowTables {
        base: Hva(base),
        small: pool::direct(Hpa(small)),
        large: pool::direct(Hpa(large_slot)),
    })
}

/// Where a core's window lies and the table words that steer it.
#[derive(Clone, Copy, Debug, Default)]
pub struct WindowTables {
    /// First address: 2 MiB of small pages, then 2 MiB of one large page.
    pub base: Hva,
    /// The page table of the small pages.
    pub small: Hva,
    /// The directory entry of the large page.
    pub large: Hva,
}

/// A large page's size as the `x86_64` crate names it; keeps the two in step.
const _: () = assert!(<Size2MiB as x86_64::structures::paging::PageSize>::SIZE == LARGE_PAGE);
