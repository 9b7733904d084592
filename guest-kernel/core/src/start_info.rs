//! `hvm_start_info`, what a PVH loader leaves for the kernel: command line, memory map, modules, RSDP
//! (Xen `public/arch-x86/hvm/start_info.h`). Written by the loader, so every address and count in it is checked.

use arrayvec::ArrayVec;
use isthmus_abi::Gpa;

use crate::physical::{PhysicalMemory, Unreadable};

/// `XEN_HVM_START_MAGIC_VALUE`: "xEn3" with the top bit of the E set.
const MAGIC: u32 = 0x336e_c578;
/// Memory map entries kept; a loader that gives more is refused.
pub const MAX_REGIONS: usize = 128;
/// Modules kept.
pub const MAX_MODULES: usize = 16;
/// Longest command line, in bytes.
pub const MAX_COMMAND_LINE: usize = 1024;

/// Why a start info was refused: each the loader's fault, and the kernel cannot boot without it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StartInfoError {
    /// The magic is not `hvm_start_info`'s.
    Magic(u32),
    /// Version 0 carries no memory map.
    NoMemoryMap,
    /// More memory map entries than [`MAX_REGIONS`].
    TooManyRegions(u32),
    /// More modules than [`MAX_MODULES`].
    TooManyModules(u32),
    /// A memory region or module runs past the end of the address space.
    Wraps(Gpa),
    /// No NUL within [`MAX_COMMAND_LINE`] bytes.
    CommandLineTooLong,
    /// The command line is not ASCII.
    CommandLineNotText,
    /// An address in it leads nowhere.
    Unreadable(Unreadable),
}

impl From<Unreadable> for StartInfoError {
    fn from(error: Unreadable) -> Self {
        Self::Unreadable(error)
    }
}

/// What a stretch of the memory map is (ACPI §15, the E820 types that PVH takes over).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RegionKind(pub u32);

impl RegionKind {
    /// Ordinary memory, free for the kernel.
    pub const RAM: Self = Self(1);
}

/// One checked stretch of the memory map: it does not wrap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Region {
    /// First byte.
    pub start: Gpa,
    /// First byte after it.
    pub end: Gpa,
    /// What it is for.
    pub kind: RegionKind,
}

/// What the loader said, checked and copied.
#[derive(Debug)]
pub struct StartInfo {
    /// The memory map in the loader's order; regions may overlap.
    pub regions: ArrayVec<Region, MAX_REGIONS>,
    /// Where modules lie: not free.
    pub modules: ArrayVec<Region, MAX_MODULES>,
    /// The command line.
    pub command_line: ArrayVec<u8, MAX_COMMAND_LINE>,
    /// ACPI's root pointer, if the loader knows it.
    pub rsdp: Option<Gpa>,
}

impl StartInfo {
    /// Reads and checks the structure at `at`.
    ///
    /// # Errors
    /// [`StartInfoError`]; nothing of it may be used then.
    pub fn read(memory: &impl PhysicalMemory, at: Gpa) -> Result<Self, StartInfoError> {
        let magic = memory.read_u32(at, 0)?;
        if magic != MAGIC {
            return Err(StartInfoError::Magic(magic));
        }
        if memory.read_u32(at, 4)? == 0 {
            return Err(StartInfoError::NoMemoryMap);
        }
        let rsdp = memory.read_u64(at, 32)?;
        Ok(Self {
            regions: read_regions(memory, at)?,
            modules: read_modules(memory, at)?,
            command_line: read_command_line(memory, Gpa(memory.read_u64(at, 24)?))?,
            rsdp: (rsdp != 0).then_some(Gpa(rsdp)),
        })
    }

    /// The command line as text; checked to be ASCII when it was read.
    #[must_use]
    pub fn command_line(&self) -> &str {
        core::str::from_utf8(&self.command_line).unwrap_or("")
    }
}

fn read_regions(
    memory: &impl PhysicalMemory,
    at: Gpa,
) -> Result<ArrayVec<Region, MAX_REGIONS>, StartInfoError> {
    let table = Gpa(memory.read_u64(at, 40)?);
    let count = memory.read_u32(at, 48)?;
    let mut regions = ArrayVec::new();
    for index in 0..count {
        let entry = u64::from(index) * 24;
        let start = Gpa(memory.read_u64(table, entry)?);
        let size = memory.read_u64(table, entry + 8)?;
        let kind = RegionKind(memory.read_u32(table, entry + 16)?);
        regions
            .try_push(region(start, size, kind)?)
            .map_err(|_| StartInfoError::TooManyRegions(count))?;
    }
    Ok(regions)
}

fn read_modules(
    memory: &impl PhysicalMemory,
    at: Gpa,
) -> Result<ArrayVec<Region, MAX_MODULES>, StartInfoError> {
    let count = memory.read_u32(at, 12)?;
    let table = Gpa(memory.read_u64(at, 16)?);
    let mut modules = ArrayVec::new();
    for index in 0..count {
        let entry = u64::from(index) * 32;
        let start = Gpa(memory.read_u64(table, entry)?);
        let size = memory.read_u64(table, entry + 8)?;
        modules
            .try_push(region(start, size, RegionKind::RAM)?)
            .map_err(|_| StartInfoError::TooManyModules(count))?;
    }
    Ok(modules)
}

fn region(start: Gpa, size: u64, kind: RegionKind) -> Result<Region, StartInfoError> {
    let end = start
        .checked_add(size)
        .ok_or(StartInfoError::Wraps(start))?;
    Ok(Region { start, end, kind })
}

fn read_command_line(
    memory: &impl PhysicalMemory,
    at: Gpa,
) -> Result<ArrayVec<u8, MAX_COMMAND_LINE>, StartInfoError> {
    let mut line = ArrayVec::new();
    if at == Gpa(0) {
        return Ok(line);
    }
    for offset in 0.. {
        let [byte] = memory.read_field(at, offset)?;
        if byte == 0 {
            break;
        }
        if !byte.is_ascii() {
            return Err(StartInfoError::CommandLineNotText);
        }
        line.try_push(byte)
            .map_err(|_| StartInfoError::CommandLineTooLong)?;
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physical::Window;
    use proptest::prelude::*;
    use std::vec::Vec;

    /// Start info at 0, memory map at 64, module list at 160, command line at 200.
    fn image(regions: &[(u64, u64, u32)], line: &[u8]) -> Vec<u8> {
        let mut bytes = std::vec![0; 4096];
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        put(0, &MAGIC.to_le_bytes());
        put(4, &1_u32.to_le_bytes());
        put(12, &1_u32.to_le_bytes());
        put(16, &160_u64.to_le_bytes());
        put(24, &200_u64.to_le_bytes());
        put(32, &0xe_0000_u64.to_le_bytes());
        put(40, &64_u64.to_le_bytes());
        put(48, &u32::try_from(regions.len()).unwrap().to_le_bytes());
        for (index, (start, size, kind)) in regions.iter().enumerate() {
            put(64 + index * 24, &start.to_le_bytes());
            put(72 + index * 24, &size.to_le_bytes());
            put(80 + index * 24, &kind.to_le_bytes());
        }
        put(160, &0x80_0000_u64.to_le_bytes());
        put(168, &0x1000_u64.to_le_bytes());
        put(200, line);
        bytes
    }

    fn read(bytes: &[u8]) -> Result<StartInfo, StartInfoError> {
        StartInfo::read(
            &Window {
                base: Gpa(0),
                bytes,
            },
            Gpa(0),
        )
    }

    #[test]
    fn a_good_one_is_read_whole() {
        let info = read(&image(
            &[(0, 0x9_fc00, 1), (0x10_0000, 0x700_0000, 1)],
            b"heartbeat=1s\0",
        ))
        .unwrap();
        assert_eq!(info.command_line(), "heartbeat=1s");
        assert_eq!(info.rsdp, Some(Gpa(0xe_0000)));
        assert_eq!(info.modules[0].end, Gpa(0x80_1000));
        assert_eq!(info.regions[1].end, Gpa(0x710_0000));
    }

    #[test]
    fn wrong_ones_are_refused_with_the_reason() {
        let mut bytes = image(&[], b"\0");
        bytes[0] ^= 1;
        assert_eq!(read(&bytes).unwrap_err(), StartInfoError::Magic(MAGIC ^ 1));
        let wraps = image(&[(u64::MAX, 2, 1)], b"\0");
        assert_eq!(
            read(&wraps).unwrap_err(),
            StartInfoError::Wraps(Gpa(u64::MAX))
        );
        let latin = image(&[], &[0xe9, 0]);
        assert_eq!(
            read(&latin).unwrap_err(),
            StartInfoError::CommandLineNotText
        );
        let long = image(&[], &[b'a'; 1025]);
        assert_eq!(read(&long).unwrap_err(), StartInfoError::CommandLineTooLong);
    }

    proptest! {
        #[test]
        fn any_bytes_after_the_magic_give_an_answer(tail in proptest::collection::vec(any::<u8>(), 60..400)) {
            let mut bytes = MAGIC.to_le_bytes().to_vec();
            bytes.extend(tail);
            if let Ok(info) = read(&bytes) {
                prop_assert!(info.regions.iter().all(|region| region.start <= region.end));
            }
        }
    }
}
