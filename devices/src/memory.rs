//! Access to guest-physical memory, for everything that follows a guest's pointer: instruction emulation, page
//! walks, boot loading, virtqueues. The hypervisor, a host test and a host program each bring an
//! implementation; users are written once, against the trait.
//!
//! An address is the guest's allegation: any value may come, also one that wraps at the end of the address
//! space. Bytes read may change between two reads; whoever checks a value reads it once.

use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::fmt;

use isthmus_abi::Gpa;

/// Why an access to guest memory failed. Always the guest's fault: it named the address. The caller answers as
/// the architecture would (all ones, an exception, an error in a completion); the host is unharmed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MemoryError {
    /// No memory of the partition is behind this address, the first of the access that has none.
    Unbacked {
        /// The address that the guest named.
        gpa: Gpa,
    },
    /// The memory behind the address may be read but not written.
    ReadOnly {
        /// The address that the guest named.
        gpa: Gpa,
    },
}

impl MemoryError {
    /// The guest-physical address at fault.
    #[must_use]
    pub const fn gpa(self) -> Gpa {
        match self {
            Self::Unbacked { gpa } | Self::ReadOnly { gpa } => gpa,
        }
    }
}

impl fmt::Display for MemoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unbacked { gpa } => write!(f, "the guest named {gpa}, where it has no memory"),
            Self::ReadOnly { gpa } => write!(f, "the guest wrote {gpa}, which it may only read"),
        }
    }
}

impl core::error::Error for MemoryError {}

macro_rules! integers {
    ($($read:ident $write:ident $type:ty),*) => {$(
        /// Reads a little-endian integer at any alignment.
        ///
        /// # Errors
        /// As [`GuestMemory::read`].
        fn $read(&self, gpa: Gpa) -> Result<$type, MemoryError> {
            let mut bytes = [0; size_of::<$type>()];
            self.read(gpa, &mut bytes)?;
            Ok(<$type>::from_le_bytes(bytes))
        }
        /// Writes a little-endian integer at any alignment.
        ///
        /// # Errors
        /// As [`GuestMemory::write`].
        fn $write(&self, gpa: Gpa, value: $type) -> Result<(), MemoryError> {
            self.write(gpa, &value.to_le_bytes())
        }
    )*};
}

/// The memory of one partition, by guest-physical address. Methods take `&self`: guest memory is shared with
/// the guest's own processors in any case, so nobody has it to himself.
pub trait GuestMemory {
    /// Fills `buf` from `gpa` on.
    ///
    /// # Errors
    /// [`MemoryError::Unbacked`] if any byte has no memory behind it; `buf` may then be partly filled.
    fn read(&self, gpa: Gpa, buf: &mut [u8]) -> Result<(), MemoryError>;

    /// Writes `data` from `gpa` on.
    ///
    /// # Errors
    /// As [`MemoryError`] says, if any byte cannot be written; a part before it may have been.
    fn write(&self, gpa: Gpa, data: &[u8]) -> Result<(), MemoryError>;

    integers!(read_u8 write_u8 u8, read_u16 write_u16 u16, read_u32 write_u32 u32, read_u64 write_u64 u64);
}

impl<M: GuestMemory + ?Sized> GuestMemory for &M {
    fn read(&self, gpa: Gpa, buf: &mut [u8]) -> Result<(), MemoryError> {
        (**self).read(gpa, buf)
    }
    fn write(&self, gpa: Gpa, data: &[u8]) -> Result<(), MemoryError> {
        (**self).write(gpa, data)
    }
}

/// One run of zeroed memory from a base address on: guest memory for tests and small tools.
#[derive(Clone, Debug)]
pub struct FlatMemory {
    base: Gpa,
    bytes: RefCell<Vec<u8>>,
}

impl FlatMemory {
    /// `size` zero bytes from `base` on.
    #[must_use]
    pub fn new(base: Gpa, size: usize) -> Self {
        Self {
            base,
            bytes: RefCell::new(vec![0; size]),
        }
    }

    /// Calls `access` with the bytes at `gpa`, if all `length` of them exist.
    fn with<R>(
        &self,
        gpa: Gpa,
        length: usize,
        access: impl FnOnce(&mut [u8]) -> R,
    ) -> Result<R, MemoryError> {
        let mut bytes = self.bytes.borrow_mut();
        let size = bytes.len();
        let start = gpa
            .0
            .checked_sub(self.base.0)
            .and_then(|offset| usize::try_from(offset).ok())
            .filter(|start| *start <= size)
            .ok_or(MemoryError::Unbacked { gpa })?;
        let run = start
            .checked_add(length)
            .and_then(|end| bytes.get_mut(start..end))
            .ok_or(MemoryError::Unbacked {
                gpa: self.base.wrapping_add(size as u64),
            })?;
        Ok(access(run))
    }
}

impl GuestMemory for FlatMemory {
    fn read(&self, gpa: Gpa, buf: &mut [u8]) -> Result<(), MemoryError> {
        self.with(gpa, buf.len(), |run| buf.copy_from_slice(run))
    }
    fn write(&self, gpa: Gpa, data: &[u8]) -> Result<(), MemoryError> {
        self.with(gpa, data.len(), |run| run.copy_from_slice(data))
    }
}

#[cfg(feature = "vm-memory")]
mod mmap {
    use isthmus_abi::Gpa;
    use vm_memory::{Bytes, GuestAddress, GuestMemoryMmap};

    use super::{GuestMemory, MemoryError};

    impl GuestMemory for GuestMemoryMmap<()> {
        fn read(&self, gpa: Gpa, buf: &mut [u8]) -> Result<(), MemoryError> {
            self.read_slice(buf, GuestAddress(gpa.0))
                .map_err(|_| MemoryError::Unbacked { gpa })
        }
        fn write(&self, gpa: Gpa, data: &[u8]) -> Result<(), MemoryError> {
            self.write_slice(data, GuestAddress(gpa.0))
                .map_err(|_| MemoryError::Unbacked { gpa })
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn mapped_regions_answer_and_the_hole_between_them_does_not() {
            let memory = GuestMemoryMmap::<()>::from_ranges(&[
                (GuestAddress(0), 0x1000),
                (GuestAddress(0x10_0000), 0x1000),
            ])
            .expect("two anonymous mappings");
            memory.write_u64(Gpa(0x10_0ff8), 7).expect("backed");
            assert_eq!(memory.read_u64(Gpa(0x10_0ff8)), Ok(7));
            assert!(GuestMemory::read_u64(&memory, Gpa(0xffc)).is_err());
            assert!(memory.write_u8(Gpa(u64::MAX), 1).is_err());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_little_endian_at_any_alignment() {
        let memory = FlatMemory::new(Gpa(0x1000), 16);
        memory.write_u32(Gpa(0x1003), 0x1234_5678).expect("backed");
        assert_eq!(memory.read_u8(Gpa(0x1003)), Ok(0x78));
        assert_eq!(memory.read_u64(Gpa(0x1000)), Ok(0x0012_3456_7800_0000));
    }

    #[test]
    fn an_access_outside_names_the_first_address_without_memory() {
        let memory = FlatMemory::new(Gpa(0x1000), 16);
        assert_eq!(
            memory.read_u64(Gpa(0x100c)),
            Err(MemoryError::Unbacked { gpa: Gpa(0x1010) })
        );
        assert_eq!(
            memory.write_u8(Gpa(0xfff), 1),
            Err(MemoryError::Unbacked { gpa: Gpa(0xfff) })
        );
        assert_eq!(
            memory.read_u16(Gpa(u64::MAX)),
            Err(MemoryError::Unbacked { gpa: Gpa(u64::MAX) })
        );
    }
}
