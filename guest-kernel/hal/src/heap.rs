//! The kernel's heap: talc over all memory that boot left free.

use talc::{ErrOnOom, Span, Talc, Talck};

#[cfg_attr(target_os = "none", global_allocator)]
static HEAP: Talck<spin::Mutex<()>, ErrOnOom> = Talc::new(ErrOnOom).lock();

/// Gives the heap a stretch of memory. Stretches too small to be of use are ignored.
///
/// # Safety
/// `start..start + len` must be mapped, writable, and used by nothing else from now on.
pub(crate) unsafe fn add(start: *mut u8, len: usize) {
    let span = Span::from_base_size(start, len);
    // SAFETY: the caller's promise is claim's own condition. It fails only for a span too small to hold its
    // own bookkeeping, which is then not used.
    let _ = unsafe { HEAP.lock().claim(span) };
}
