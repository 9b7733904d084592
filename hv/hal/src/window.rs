//! Guest memory, seen by the hypervisor for the length of one access.
//!
//! A [`Region`] owns physical memory that is a guest's (or will be); nothing of it is mapped between accesses.
//! Each core maps what it touches in its own window, copies, and unmaps: what is not mapped cannot leak. Guests
//! may write at the same time on other cores, so bytes are copied out once and never referred to in place.

use crate::paging::{LARGE_PAGE, WindowTables, map_window};
use crate::tables::{MAX_CORES, this_core};
use alloc::vec::Vec;
use core::arch::asm;
use isthmus_abi::{CoreId, Gpa, Hpa, Hva, PAGE_SIZE};
use isthmus_devices::memory::{GuestMemory, MemoryError};
use spin::{Mutex, Once};

/// Bytes that one step of clearing zeroes.
const CLEAR_STEP: u64 = 128 << 10;

static WINDOWS: [Once<WindowTables>; MAX_CORES] = [const { Once::new() }; MAX_CORES];

/// Sets up the window of a core. Before the core touches guest memory.
///
/// # Errors
/// [`crate::paging::OutOfFrames`] when the pool is used up.
pub fn init(core: CoreId) -> Result<(), crate::paging::OutOfFrames> {
    let tables = map_window(core)?;
    if let Some(slot) = WINDOWS.get(usize::from(core.0)) {
        slot.call_once(|| tables);
    }
    Ok(())
}

const PRESENT_WRITABLE_NX: u64 = 1 << 63 | 3;
const LARGE: u64 = 1 << 7;

/// Physical ranges (start, end) that regions were made of, or that are the hypervisor's own.
static TAKEN: Mutex<Vec<(u64, u64)>> = Mutex::new(Vec::new());

/// Keeps the pool out of every region.
pub(crate) fn set_reserved(start: Hpa, end: Hpa) {
    TAKEN.lock().push((start.0, end.0));
}

/// Physical memory with one owner. Whole pages.
#[derive(Debug)]
pub struct Region {
    start: Hpa,
    bytes: u64,
}

/// The access would leave the region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRegion;

impl Region {
    /// Takes ownership of physical memory.
    ///
    /// # Safety
    /// `[start, start + bytes)` is RAM outside the hypervisor's image and pool, page aligned, and no other
    /// `Region` holds a part of it.
    #[must_use]
    pub unsafe fn claim(start: Hpa, bytes: u64) -> Self {
        Self { start, bytes }
    }

    /// Takes ownership of RAM that the boot loader's memory map lists as free.
    ///
    /// # Panics
    /// If the range is the hypervisor's own, or was taken before: a bug in the reading of the map.
    #[must_use]
    pub fn from_memory_map(start: Hpa, bytes: u64) -> Self {
        let image = crate::boot::image_layout();
        let offset = crate::boot::IMAGE_OFFSET;
        let own = (
            image.start.wrapping_sub(offset),
            image.end.wrapping_sub(offset),
        );
        let mut taken = TAKEN.lock();
        let overlaps = |range: &(u64, u64)| range.0 < start.0 + bytes && start.0 < range.1;
        assert!(
            !taken.iter().chain([&own]).any(overlaps),
            "memory at {start} is not free"
        );
        taken.push((start.0, start.0 + bytes));
        // SAFETY: RAM by the loader's word, not the hypervisor's and taken once by the check above.
        unsafe { Self::claim(start, bytes) }
    }

    /// First byte.
    #[must_use]
    pub fn start(&self) -> Hpa {
        self.start
    }

    /// Length in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Splits off everything from `at` on. `None`, and no change, if `at` is no page boundary inside.
    #[must_use]
    pub fn split_off(&mut self, at: u64) -> Option<Self> {
        if !at.is_multiple_of(PAGE_SIZE) || at > self.bytes {
            return None;
        }
        let rest = Self {
            start: Hpa(self.start.0 + at),
            bytes: self.bytes - at,
        };
        self.bytes = at;
        Some(rest)
    }

    /// Joins a region that follows directly; gives it back if it does not.
    ///
    /// # Errors
    /// The region itself, unchanged.
    pub fn join(&mut self, next: Self) -> Result<(), Self> {
        if self.start.0 + self.bytes != next.start.0 {
            return Err(next);
        }
        self.bytes += next.bytes;
        Ok(())
    }

    fn check(&self, offset: u64, bytes: u64) -> Result<Hpa, OutOfRegion> {
        match offset.checked_add(bytes) {
            Some(end) if end <= self.bytes => Ok(Hpa(self.start.0 + offset)),
            _ => Err(OutOfRegion),
        }
    }

    /// Copies out of the region.
    ///
    /// # Errors
    /// [`OutOfRegion`]; nothing is copied then.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<(), OutOfRegion> {
        let mut at = self.check(offset, buffer.len() as u64)?;
        let mut rest = buffer;
        while !rest.is_empty() {
            let length = ((PAGE_SIZE - at.page_offset()) as usize).min(rest.len());
            let (head, tail) = rest.split_at_mut(length);
            with_page(at, |pointer| {
                // SAFETY: the page is mapped, `length` stays in it, and the guest's concurrent writes can
                // only change the bytes that are copied, which have no invalid values.
                unsafe { copy(head.as_mut_ptr(), pointer, length) }
            });
            rest = tail;
            at = Hpa(at.0 + length as u64);
        }
        Ok(())
    }

    /// Copies into the region.
    ///
    /// # Errors
    /// [`OutOfRegion`]; nothing is copied then.
    pub fn write(&self, offset: u64, data: &[u8]) -> Result<(), OutOfRegion> {
        let mut at = self.check(offset, data.len() as u64)?;
        let mut rest = data;
        while !rest.is_empty() {
            let length = ((PAGE_SIZE - at.page_offset()) as usize).min(rest.len());
            let (head, tail) = rest.split_at(length);
            with_page(at, |pointer| {
                // SAFETY: the page is mapped and the guest's own; `length` stays in it.
                unsafe { copy(pointer, head.as_ptr(), length) }
            });
            rest = tail;
            at = Hpa(at.0 + length as u64);
        }
        Ok(())
    }

    /// Zeroes up to 128 KiB from `offset` on and returns how many bytes were done; call again until the region's end.
    /// Short steps keep the core free for others.
    #[must_use]
    pub fn clear_step(&self, offset: u64) -> u64 {
        if offset >= self.bytes {
            return 0;
        }
        let at = Hpa(self.start.0 + offset);
        let length = (LARGE_PAGE - at.0 % LARGE_PAGE)
            .min(self.bytes - offset)
            .min(CLEAR_STEP);
        let Some(window) = window() else { return 0 };
        let base = at.0 & !(LARGE_PAGE - 1);
        let view = window.base.0 + LARGE_PAGE;
        // SAFETY: the entry is this core's own; the mapping lives until it is cleared below.
        unsafe { set_entry(window.large, base | PRESENT_WRITABLE_NX | LARGE, view) };
        // SAFETY: the range is mapped by the line above and lies in the region.
        unsafe {
            asm!("rep stosq", inout("rdi") view + at.0 % LARGE_PAGE => _, inout("rcx") length / 8 => _,
                in("rax") 0u64, options(nostack, preserves_flags));
        }
        // SAFETY: as above.
        unsafe { set_entry(window.large, 0, view) };
        length
    }
}

fn window() -> Option<&'static WindowTables> {
    WINDOWS.get(usize::from(this_core().0))?.get()
}

fn with_page(at: Hpa, act: impl FnOnce(*mut u8)) {
    let Some(window) = window() else { return };
    let view = window.base.0;
    // SAFETY: the entry is this core's own; no interrupt handler uses the window.
    unsafe { set_entry(window.small, at.page().0 | PRESENT_WRITABLE_NX, view) };
    act((view + at.page_offset()) as *mut u8);
    // SAFETY: as above.
    unsafe { set_entry(window.small, 0, view) };
}

/// Writes a table word and drops the address's old translation.
unsafe fn set_entry(entry: Hva, value: u64, address: u64) {
    // SAFETY: the entry is a word of this core's window tables.
    unsafe { (entry.0 as *mut u64).write_volatile(value) };
    // SAFETY: INVLPG has no precondition.
    unsafe { asm!("invlpg [{}]", in(reg) address, options(nostack, preserves_flags)) };
}

unsafe fn copy(to: *mut u8, from: *const u8, length: usize) {
    // SAFETY: both ranges are valid for `length` by the caller's word. In assembly, since a guest may write
    // the source meanwhile and the language's own copies assume that nobody does.
    unsafe {
        asm!("rep movsb", inout("rdi") to => _, inout("rsi") from => _, inout("rcx") length => _,
            options(nostack, preserves_flags));
    }
}

/// A partition's RAM: which region backs which guest-physical range.
#[derive(Debug, Default)]
pub struct GuestRam {
    ranges: Vec<(Gpa, Region)>,
}

impl GuestRam {
    /// Adds a range. Ranges must not overlap; they are kept sorted.
    pub fn insert(&mut self, gpa: Gpa, region: Region) {
        let at = self.ranges.partition_point(|(other, _)| *other < gpa);
        self.ranges.insert(at, (gpa, region));
    }

    /// The ranges in order of guest-physical address.
    pub fn ranges(&self) -> impl Iterator<Item = (Gpa, &Region)> {
        self.ranges.iter().map(|(gpa, region)| (*gpa, region))
    }

    /// Gives the regions back.
    #[must_use]
    pub fn into_regions(self) -> Vec<Region> {
        self.ranges.into_iter().map(|(_, region)| region).collect()
    }

    fn find(&self, gpa: Gpa) -> Option<(&Region, u64)> {
        let index = self
            .ranges
            .partition_point(|(start, _)| *start <= gpa)
            .checked_sub(1)?;
        let (start, region) = self.ranges.get(index)?;
        let offset = gpa.0 - start.0;
        (offset < region.bytes()).then_some((region, offset))
    }

    fn pieces(
        &self,
        gpa: Gpa,
        length: usize,
        mut act: impl FnMut(&Region, u64, usize, usize),
    ) -> Result<(), MemoryError> {
        let mut done = 0;
        while done < length {
            let at = gpa
                .checked_add(done as u64)
                .ok_or(MemoryError::Unbacked { gpa })?;
            let (region, offset) = self.find(at).ok_or(MemoryError::Unbacked { gpa: at })?;
            let take = (region.bytes() - offset).min((length - done) as u64) as usize;
            act(region, offset, done, take);
            done += take;
        }
        Ok(())
    }
}

impl GuestMemory for GuestRam {
    fn read(&self, gpa: Gpa, buffer: &mut [u8]) -> Result<(), MemoryError> {
        let mut failed = false;
        let length = buffer.len();
        self.pieces(gpa, length, |region, offset, done, take| {
            let part = buffer.get_mut(done..done + take);
            failed |= part.is_none_or(|part| region.read(offset, part).is_err());
        })?;
        if failed {
            Err(MemoryError::Unbacked { gpa })
        } else {
            Ok(())
        }
    }

    fn write(&self, gpa: Gpa, data: &[u8]) -> Result<(), MemoryError> {
        // Nothing is written unless all of it can be.
        self.pieces(gpa, data.len(), |_, _, _, _| {})?;
        let mut failed = false;
        self.pieces(gpa, data.len(), |region, offset, done, take| {
            let part = data.get(done..done + take);
            failed |= part.is_none_or(|part| region.write(offset, part).is_err());
        })?;
        if failed {
            Err(MemoryError::Unbacked { gpa })
        } else {
            Ok(())
        }
    }
}
