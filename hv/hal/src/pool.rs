//! The hypervisor's own memory: one contiguous range of RAM, taken at boot, from which page tables, VMCS
//! regions, EPT tables and the heap come. It is the only RAM that stays mapped, at [`DIRECT_OFFSET`].

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering};
use isthmus_abi::{Hpa, Hva, PAGE_SIZE};
use spin::Mutex;
use talc::{ErrOnOom, Span, Talc};

/// Where the pool, the boot modules and the boot information are mapped: physical address plus this.
pub const DIRECT_OFFSET: u64 = 0xffff_8000_0000_0000;
/// While the boot page tables are in use: one to one.
const BOOT_OFFSET: u64 = 0;

static OFFSET: AtomicU64 = AtomicU64::new(BOOT_OFFSET);
static FRAMES: Mutex<Frames> = Mutex::new(Frames {
    first: 0,
    next: 0,
    end: 0,
    free: 0,
    free_count: 0,
});

#[cfg_attr(target_os = "none", global_allocator)]
static HEAP: Heap = Heap(Mutex::new(Talc::new(ErrOnOom)));

struct Heap(Mutex<Talc<ErrOnOom>>);

// SAFETY: every call is passed to talc, which fulfils the contract; the heap's span is claimed once in `init`.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract is the same: the layout is not empty.
        unsafe { self.0.lock().malloc(layout) }.map_or(core::ptr::null_mut(), NonNull::as_ptr)
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if let Some(pointer) = NonNull::new(pointer) {
            // SAFETY: the caller's contract is the same: the block came from `alloc` with this layout.
            unsafe { self.0.lock().free(pointer, layout) };
        }
    }
}

/// A bump pointer, and behind it a list of freed frames threaded through the frames themselves.
struct Frames {
    first: u64,
    next: u64,
    end: u64,
    free: u64,
    free_count: u64,
}

/// Takes `[start, end)` as the pool, the first `heap_bytes` of it as the heap.
///
/// The heap lies at its [`DIRECT_OFFSET`] address, so it can be used only after [`use_direct_map`].
///
/// # Safety
/// 1. The range is RAM that nothing else uses, page aligned, below 4 GiB, and called once.
pub unsafe fn init(start: Hpa, end: Hpa, heap_bytes: u64) {
    let mut frames = FRAMES.lock();
    frames.first = start.0 + heap_bytes;
    frames.next = frames.first;
    frames.end = end.0;
}

/// Switches to the direct map, which the active page tables must have by now, and opens the heap.
///
/// # Safety
/// 1. The page tables in use map the pool at [`DIRECT_OFFSET`]. 2. `[heap, heap + bytes)` is the part of the
///    pool that [`init`] set aside. 3. Called once.
pub unsafe fn use_direct_map(heap: Hpa, bytes: u64) {
    OFFSET.store(DIRECT_OFFSET, Ordering::Release);
    let span = Span::from_base_size((heap.0 + DIRECT_OFFSET) as *mut u8, bytes as usize);
    // SAFETY: the span is mapped (1), unused (2) and claimed once (3).
    let claimed = unsafe { HEAP.0.lock().claim(span) };
    assert!(claimed.is_ok(), "the heap's span is too small");
}

/// Where a frame of the pool (or a boot module) is mapped now.
#[must_use]
#[inline]
pub fn direct(hpa: Hpa) -> Hva {
    Hva(hpa.0.wrapping_add(OFFSET.load(Ordering::Relaxed)))
}

/// Physical address of something in the heap, for hardware that is to work on it. `None` for anything else.
#[must_use]
pub fn physical<T>(object: &T) -> Option<Hpa> {
    let address = core::ptr::from_ref(object) as u64;
    let end = FRAMES.lock().end;
    address
        .checked_sub(DIRECT_OFFSET)
        .filter(|hpa| *hpa < end)
        .map(Hpa)
}

/// A zeroed frame, or `None` when the pool is used up.
#[must_use]
pub fn allocate_frame() -> Option<Hpa> {
    let mut frames = FRAMES.lock();
    let frame = if frames.free != 0 {
        let frame = frames.free;
        // SAFETY: a frame on the free list is the pool's, mapped, and holds the next one's address.
        frames.free = unsafe { (direct(Hpa(frame)).0 as *const u64).read() };
        frames.free_count -= 1;
        frame
    } else if frames.next < frames.end {
        frames.next += PAGE_SIZE;
        frames.next - PAGE_SIZE
    } else {
        return None;
    };
    drop(frames);
    // SAFETY: the frame is the pool's, mapped, and belongs to nobody until it is returned from here.
    unsafe { core::ptr::write_bytes(direct(Hpa(frame)).0 as *mut u8, 0, PAGE_SIZE as usize) };
    Some(Hpa(frame))
}

/// Gives a frame back.
///
/// # Safety
/// 1. The frame came from [`allocate_frame`] and is given back once. 2. Neither the processor (page tables,
///    VMCS, bitmaps) nor any reference uses it any more.
pub unsafe fn free_frame(frame: Hpa) {
    let mut frames = FRAMES.lock();
    // SAFETY: the frame is nobody's (2), mapped, and large enough for the link.
    unsafe { (direct(frame).0 as *mut u64).write(frames.free) };
    frames.free = frame.0;
    frames.free_count += 1;
}

/// Frames in use.
#[must_use]
pub fn used_frames() -> u64 {
    let frames = FRAMES.lock();
    (frames.next - frames.first) / PAGE_SIZE - frames.free_count
}

/// Frames that could still be allocated.
#[must_use]
pub fn free_frames() -> u64 {
    let frames = FRAMES.lock();
    (frames.end - frames.next) / PAGE_SIZE + frames.free_count
}
/// An exclusively owned, zeroed frame. Freed when dropped.
#[derive(Debug)]
pub struct Frame(Hpa);

impl Frame {
    /// Takes a frame from the pool.
    #[must_use]
    pub fn new() -> Option<Self> {
        allocate_frame().map(Self)
    }
    /// Where it lies.
    #[must_use]
    pub fn hpa(&self) -> Hpa {
        self.0
    }
    /// Its bytes as 512 quadwords.
    #[must_use]
    pub fn words(&mut self) -> &mut [u64; 512] {
        // SAFETY: the frame is mapped, aligned, initialised, and owned through `self`.
        unsafe { &mut *(direct(self.0).0 as *mut [u64; 512]) }
    }
    /// Its words, to read.
    #[must_use]
    pub fn words_ref(&self) -> &[u64; 512] {
        // SAFETY: the frame is mapped, aligned, initialised, and shared through `&self`.
        unsafe { &*(direct(self.0).0 as *const [u64; 512]) }
    }
    /// Its bytes.
    #[must_use]
    pub fn bytes(&mut self) -> &mut [u8; 4096] {
        // SAFETY: as for `words`.
        unsafe { &mut *(direct(self.0).0 as *mut [u8; 4096]) }
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        // SAFETY: the frame came from the pool and its only owner ends here.
        unsafe { free_frame(self.0) }
    }
}
