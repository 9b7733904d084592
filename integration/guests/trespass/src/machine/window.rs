//! Two large pages of linear address space through which any guest-physical address can be touched.

use core::arch::asm;

use isthmus_abi::{Gpa, Gva};

use super::cpu;

/// Where entry.s keeps the window's page directory: the last entry of the high page-directory-pointer table.
const WINDOW: u64 = 0xffff_ffff_c000_0000;
const LARGE: u64 = 0x20_0000;
/// Present, writable, cache disabled, large.
const UNCACHED: u64 = 0x93;
const FRAME: u64 = 0x000f_ffff_ffff_f000;

fn entry(table: u64, index: usize) -> *mut u64 {
    // Tables are below 4 GiB, where linear and physical addresses are the same.
    ((table & FRAME) as *mut u64).wrapping_add(index)
}

fn directory() -> u64 {
    let pml4 = cpu::cr3();
    // SAFETY: CR3 names the PML4 of entry.s, whose last entry is the high half.
    let pdpt = unsafe { entry(pml4, 511).read_volatile() };
    // SAFETY: its last entry is the window's directory.
    unsafe { entry(pdpt, 511).read_volatile() }
}

fn map(index: usize, frame: u64) {
    // SAFETY: the entry is one of the window's, which nothing else uses.
    unsafe { entry(directory(), index).write_volatile(frame) };
    let at = WINDOW + index as u64 * LARGE;
    // SAFETY: a translation of the window is dropped.
    unsafe { asm!("invlpg [{}]", in(reg) at) };
}

/// Maps the large page that holds `at` and the one after it, and says where `at` is now. Good until the next call.
pub fn open(at: Gpa) -> Gva {
    let frame = at.0 & !(LARGE - 1);
    map(0, frame | UNCACHED);
    map(1, frame.wrapping_add(LARGE) & FRAME | UNCACHED);
    Gva(WINDOW + (at.0 & (LARGE - 1)))
}

/// Maps `at` through page tables that the caller keeps at guest-physical address `table`, where the walk goes.
pub fn open_through(table: Gpa) -> Gva {
    map(2, table.0 & FRAME | 3);
    Gva(WINDOW + 2 * LARGE)
}

/// A linear address that is not mapped, with room before it that is `mapped`'s last page.
pub fn before_a_hole(mapped: Gpa) -> Gva {
    map(4, mapped.0 & !(LARGE - 1) | UNCACHED);
    map(5, 0);
    Gva(WINDOW + 5 * LARGE)
}
