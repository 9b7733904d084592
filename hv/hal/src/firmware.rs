//! Memory that firmware and the boot loader left: boot information, modules, ACPI tables. Read-only, and every
//! byte of it an allegation that pure code checks.

use crate::{paging, pool};
use acpi::{AcpiHandler, PhysicalMapping};
use core::ptr::NonNull;
use isthmus_abi::Hpa;

/// Bytes at a physical address, while the boot page tables map the first 4 GiB one to one, or after that where
/// [`paging::build`] was told to map them.
///
/// # Safety
/// 1. The range is mapped at the present offset. 2. Nothing writes it while the slice lives.
#[must_use]
pub unsafe fn slice(start: Hpa, bytes: usize) -> &'static [u8] {
    // SAFETY: mapped (1), immutable (2), and any bytes are valid u8.
    unsafe { core::slice::from_raw_parts(pool::direct(start).0 as *const u8, bytes) }
}

/// Lets the `acpi` crate read tables by mapping them read-only for good.
#[derive(Clone, Copy, Debug)]
pub struct FirmwareTables;

impl AcpiHandler for FirmwareTables {
    unsafe fn map_physical_region<T>(&self, address: usize, size: usize) -> PhysicalMapping<Self, T> {
        let start = Hpa(address as u64);
        let Ok(at) = paging::map_firmware(start, size as u64) else {
            panic!("no memory left to map the firmware's table at {start}");
        };
        let pointer = NonNull::new(at.0 as *mut T).unwrap_or(NonNull::dangling());
        // SAFETY: the range was mapped above and stays so; the crate checks signature and checksum itself.
        unsafe { PhysicalMapping::new(address, pointer, size, size, *self) }
    }

    fn unmap_physical_region<T>(_region: &PhysicalMapping<Self, T>) {}
}
