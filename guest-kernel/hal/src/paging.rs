//! The kernel's page tables, built once while the boot page tables still map the first 4 GiB one to one: the image
//! write-xor-execute, free memory at [`DIRECT`], stacks with guard pages at [`STACKS`], and device registers at
//! [`DEVICES`]. Nothing else is mapped: not the boot code, not page zero, not the firmware's tables.

use core::cell::UnsafeCell;

use arrayvec::ArrayVec;
use isthmus_abi::{Gpa, Gva, PAGE_SIZE};
use isthmus_kernel_core::frames::{Frames, MAX_SPANS, Span};
use x86_64::structures::paging::PageTableFlags as Flags;

/// What the image is linked above its load address (the linker script's KERNEL_OFFSET).
const IMAGE_OFFSET: u64 = 0xffff_ffff_8000_0000;
/// Free memory: physical address plus this.
const DIRECT: Gva = Gva(0xffff_8000_0000_0000);
/// Stacks.
const STACKS: Gva = Gva(0xffff_9000_0000_0000);
/// Device registers.
const DEVICES: Gva = Gva(0xffff_a000_0000_0000);
/// What the boot page tables reach.
pub(crate) const BOOT_LIMIT: Gpa = Gpa(1 << 32);
/// A page of the middle size.
const LARGE: u64 = 2 << 20;
/// Physical address bits of an entry (SDM Vol. 3A §4.5.4).
const ADDRESS: u64 = 0x000f_ffff_ffff_f000;

unsafe extern "C" {
    // The linker script's borders, page aligned, in link order.
    static TEXT_START: UnsafeCell<u8>;
    static TEXT_END: UnsafeCell<u8>;
    static RODATA_END: UnsafeCell<u8>;
    static IMAGE_END: UnsafeCell<u8>;
}

fn border(symbol: &UnsafeCell<u8>) -> Gva {
    Gva(symbol.get() as u64)
}

fn image_borders() -> [Gva; 4] {
    // SAFETY: only the address of the symbol is taken; the linker script defines it.
    let text_start = unsafe { &TEXT_START };
    // SAFETY: as above.
    let text_end = unsafe { &TEXT_END };
    // SAFETY: as above.
    let rodata_end = unsafe { &RODATA_END };
    // SAFETY: as above.
    let image_end = unsafe { &IMAGE_END };
    [text_start, text_end, rodata_end, image_end].map(border)
}

/// Where the kernel's code begins.
pub(crate) fn code_start() -> Gva {
    let [start, ..] = image_borders();
    start
}

/// Where the image ends in physical memory; it starts at 1 MiB.
pub(crate) fn image_end() -> Gpa {
    let [.., end] = image_borders();
    Gpa(end.wrapping_add(IMAGE_OFFSET.wrapping_neg()).0)
}

/// Why the page tables could not be built.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum MapError {
    /// No frame below 4 GiB is free: the loader gave too little memory.
    OutOfFrames,
    /// Something is mapped there already: a mistake in this file.
    Overlap(Gva),
}

/// The page tables while they are built.
pub(crate) struct PageTables<'a> {
    root: Gpa,
    frames: &'a mut Frames,
    next_stack: Gva,
    next_device: Gva,
}

impl<'a> PageTables<'a> {
    /// Tables with the image mapped.
    pub(crate) fn new(frames: &'a mut Frames) -> Result<Self, MapError> {
        let root = table_frame(frames)?;
        let mut tables = Self {
            root,
            frames,
            next_stack: STACKS,
            next_device: DEVICES,
        };
        let [text, text_end, rodata_end, image_end] = image_borders();
        tables.map_image(text, text_end, Flags::PRESENT)?;
        tables.map_image(text_end, rodata_end, Flags::PRESENT | Flags::NO_EXECUTE)?;
        tables.map_image(
            rodata_end,
            image_end,
            Flags::PRESENT | Flags::WRITABLE | Flags::NO_EXECUTE,
        )?;
        Ok(tables)
    }

    /// The address for CR3.
    pub(crate) fn root(&self) -> Gpa {
        self.root
    }

    fn map_image(&mut self, start: Gva, end: Gva, flags: Flags) -> Result<(), MapError> {
        let physical = Gpa(start.0.wrapping_sub(IMAGE_OFFSET));
        self.map(start, physical, end.0 - start.0, flags)
    }

    /// Maps the memory that is still free and says where it is and how long. Last, because the tables for it come out
    /// of it: what they took is mapped too, but not among what is returned.
    pub(crate) fn map_all_free(mut self) -> Result<ArrayVec<(Gva, u64), MAX_SPANS>, MapError> {
        let flags = Flags::PRESENT | Flags::WRITABLE | Flags::NO_EXECUTE;
        let spans: ArrayVec<Span, MAX_SPANS> = self.frames.spans().iter().copied().collect();
        for span in spans {
            let at = DIRECT.wrapping_add(span.start.0);
            self.map(at, span.start, span.len(), flags)?;
        }
        let left = self.frames.spans().iter();
        Ok(left
            .map(|span| (DIRECT.wrapping_add(span.start.0), span.len()))
            .collect())
    }

    /// Maps a page of device registers, uncached, and says where.
    pub(crate) fn map_device(&mut self, registers: Gpa) -> Result<Gva, MapError> {
        let at = self.next_device;
        self.next_device = at.wrapping_add(PAGE_SIZE);
        let flags = Flags::PRESENT
            | Flags::WRITABLE
            | Flags::NO_EXECUTE
            | Flags::NO_CACHE
            | Flags::WRITE_THROUGH;
        self.map(at, registers, PAGE_SIZE, flags)?;
        Ok(at)
    }

    /// A stack of `pages` pages, with an unmapped page below it and above it. Returns its top.
    pub(crate) fn map_stack(&mut self, pages: u64) -> Result<Gva, MapError> {
        let flags = Flags::PRESENT | Flags::WRITABLE | Flags::NO_EXECUTE;
        let mut at = self.next_stack.wrapping_add(PAGE_SIZE);
        for _ in 0..pages {
            let frame = table_frame(self.frames)?;
            self.map(at, frame, PAGE_SIZE, flags)?;
            at = at.wrapping_add(PAGE_SIZE);
        }
        self.next_stack = at;
        Ok(at)
    }

    /// Maps `len` bytes, in 2 MiB pages where both addresses allow.
    fn map(&mut self, at: Gva, physical: Gpa, len: u64, flags: Flags) -> Result<(), MapError> {
        let mut done = 0;
        while done < len {
            let (at, physical) = (at.wrapping_add(done), physical.wrapping_add(done));
            let large = at.is_aligned(LARGE) && physical.is_aligned(LARGE) && len - done >= LARGE;
            let (level, step) = if large { (2, LARGE) } else { (1, PAGE_SIZE) };
            let entry = self.entry(at, level)?;
            if read_entry(entry) != 0 {
                return Err(MapError::Overlap(at));
            }
            let size = if large {
                Flags::HUGE_PAGE
            } else {
                Flags::empty()
            };
            write_entry(entry, physical.0 | (flags | size).bits());
            done += step;
        }
        Ok(())
    }

    /// Where the entry for `at` at `level` (1: 4 KiB, 2: 2 MiB) lies, its parents made as needed.
    fn entry(&mut self, at: Gva, level: u32) -> Result<Gpa, MapError> {
        let mut table = self.root;
        for depth in (level + 1..=4).rev() {
            let entry = index(table, at, depth);
            let value = read_entry(entry);
            table = if value == 0 {
                let next = table_frame(self.frames)?;
                write_entry(entry, next.0 | (Flags::PRESENT | Flags::WRITABLE).bits());
                next
            } else if value & Flags::HUGE_PAGE.bits() != 0 {
                return Err(MapError::Overlap(at));
            } else {
                Gpa(value & ADDRESS)
            };
        }
        Ok(index(table, at, level))
    }
}

fn index(table: Gpa, at: Gva, level: u32) -> Gpa {
    let shift = 12 + 9 * (level - 1);
    Gpa(table.0 + (at.0 >> shift & 0x1ff) * 8)
}

fn table_frame(frames: &mut Frames) -> Result<Gpa, MapError> {
    let frame = frames.take(BOOT_LIMIT).ok_or(MapError::OutOfFrames)?;
    let start = frame.0 as *mut u8;
    // SAFETY: 1. the frame is free RAM below 4 GiB that `Frames` gives once, 2. the boot page tables, in use
    // while `PageTables` exist, map it one to one and writable, 3. it is a whole page.
    unsafe { start.write_bytes(0, PAGE_SIZE as usize) };
    Ok(frame)
}

fn read_entry(entry: Gpa) -> u64 {
    let entry = entry.0 as *const u64;
    // SAFETY: within a table from `table_frame`, mapped one to one as said there, 8-byte aligned.
    unsafe { entry.read_volatile() }
}

fn write_entry(entry: Gpa, value: u64) {
    let entry = entry.0 as *mut u64;
    // SAFETY: as in `read_entry`; the tables are not in use by a CPU yet.
    unsafe { entry.write_volatile(value) }
}

/// Two words on a stack of this kernel, or `None` if `at` is not inside one: a backtrace follows pointers that may be
/// anything.
pub(crate) fn read_stack_pair(at: Gva) -> Option<[u64; 2]> {
    // 16 bytes from an 8-byte border inside one page, so that asking for the first byte answers for both words.
    let [.., rodata_end, image_end] = image_borders();
    let in_image = rodata_end <= at && at < image_end;
    let mapped = in_image || crate::cores::on_a_stack(at);
    if !at.is_aligned(8) || at.page_offset() > PAGE_SIZE - 16 || !mapped {
        return None;
    }
    let pair = at.0 as *const [u64; 2];
    // SAFETY: 1. the page is one of a stack or of the image's data, both always mapped readable, 2. it is 8-byte
    // aligned, 3. any bits make a u64; another core may write there, and the words are only printed.
    Some(unsafe { pair.read_volatile() })
}
