//! Reading physical memory that someone else filled: the loader or the firmware. What is read is an allegation
//! until the parser that asked for it has checked it.

use isthmus_abi::Gpa;

/// The bytes asked for are not all where the kernel can read. The fault of whoever supplied the address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unreadable {
    /// First byte asked for.
    pub at: Gpa,
    /// How many bytes.
    pub len: usize,
}

/// Read access to physical memory while booting.
pub trait PhysicalMemory {
    /// Copies `into.len()` bytes from `at`.
    ///
    /// # Errors
    /// [`Unreadable`] if any byte of the range cannot be read; `into` then holds nothing of use.
    fn read(&self, at: Gpa, into: &mut [u8]) -> Result<(), Unreadable>;

    /// A fixed number of bytes.
    ///
    /// # Errors
    /// As [`PhysicalMemory::read`].
    fn read_array<const N: usize>(&self, at: Gpa) -> Result<[u8; N], Unreadable> {
        let mut bytes = [0; N];
        self.read(at, &mut bytes)?;
        Ok(bytes)
    }

    /// `N` bytes at `base + offset`, the sum checked.
    ///
    /// # Errors
    /// As [`PhysicalMemory::read`], also when the sum leaves the 64-bit space.
    fn read_field<const N: usize>(&self, base: Gpa, offset: u64) -> Result<[u8; N], Unreadable> {
        let at = base
            .checked_add(offset)
            .ok_or(Unreadable { at: base, len: N })?;
        self.read_array(at)
    }

    /// A little-endian 32-bit word at `base + offset`.
    ///
    /// # Errors
    /// As [`PhysicalMemory::read_field`].
    fn read_u32(&self, base: Gpa, offset: u64) -> Result<u32, Unreadable> {
        self.read_field(base, offset).map(u32::from_le_bytes)
    }

    /// A little-endian 64-bit word at `base + offset`.
    ///
    /// # Errors
    /// As [`PhysicalMemory::read_field`].
    fn read_u64(&self, base: Gpa, offset: u64) -> Result<u64, Unreadable> {
        self.read_field(base, offset).map(u64::from_le_bytes)
    }
}

/// A stretch of bytes at a physical address, for tests and for tables already copied.
pub struct Window<'a> {
    /// Where the first byte lies.
    pub base: Gpa,
    /// The bytes.
    pub bytes: &'a [u8],
}

impl PhysicalMemory for Window<'_> {
    fn read(&self, at: Gpa, into: &mut [u8]) -> Result<(), Unreadable> {
        let len = into.len();
        let error = Unreadable { at, len };
        let offset = at.0.checked_sub(self.base.0).ok_or(error)?;
        let start = usize::try_from(offset).map_err(|_| error)?;
        let end = start.checked_add(len).ok_or(error)?;
        into.copy_from_slice(self.bytes.get(start..end).ok_or(error)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_reads_what_is_inside_and_refuses_the_rest() {
        let memory = Window {
            base: Gpa(0x1000),
            bytes: &[1, 0, 0, 0, 2, 0, 0, 0],
        };
        assert_eq!(memory.read_u32(Gpa(0x1000), 4), Ok(2));
        assert_eq!(memory.read_u64(Gpa(0x1000), 0), Ok(0x2_0000_0001));
        assert!(memory.read_u32(Gpa(0x1000), 5).is_err());
        assert!(memory.read_u32(Gpa(0xfff), 0).is_err());
        assert!(memory.read_u32(Gpa(u64::MAX), 1).is_err());
    }
}
