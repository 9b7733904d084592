//! The little of ACPI that the kernel needs: processors from the MADT, the power management ports from the FADT,
//! and the S5 sleep type from the DSDT (ACPI 6.5 §5.2). Firmware wrote the tables; lengths and checksums are
//! checked and no table is walked further than its own length.

use arrayvec::ArrayVec;
use isthmus_abi::{ApicId, Gpa, Port};

use crate::physical::{PhysicalMemory, Unreadable};

/// Most processors brought up.
pub const MAX_CORES: usize = 64;
/// Longest table read: a DSDT is a few tens of KiB.
const MAX_TABLE: u32 = 1 << 20;
/// Length of the header that every table but the RSDP begins with (ACPI §5.2.6).
const HEADER: u64 = 36;

/// What is wrong with the tables: the firmware's fault. The kernel runs without, on one core.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AcpiError {
    /// No RSDP where the loader said, nor in the BIOS area.
    NoRsdp,
    /// The sum over a table is not zero.
    Checksum(Gpa),
    /// A table's length is less than its header or more than 1 MiB.
    Length(Gpa),
    /// An address leads nowhere.
    Unreadable(Unreadable),
}

impl From<Unreadable> for AcpiError {
    fn from(error: Unreadable) -> Self {
        Self::Unreadable(error)
    }
}

/// What was found; what was not is `None` or empty.
#[derive(Debug, Default)]
pub struct Platform {
    /// APIC ids of the enabled processors, in MADT order.
    pub processors: ArrayVec<ApicId, MAX_CORES>,
    /// Where the local APICs' registers are in xAPIC mode.
    pub local_apic: Option<Gpa>,
    /// The PM1a control register (ACPI §4.8.3.2).
    pub pm1a_control: Option<Port>,
    /// The power management timer, 3.579545 MHz (ACPI §4.8.3.3).
    pub pm_timer: Option<Port>,
    /// SLP_TYPa for S5, soft off (ACPI §7.4.2).
    pub s5_sleep_type: Option<u8>,
}

impl Platform {
    /// Reads the tables, from the RSDP at `rsdp` or else by looking for it in the BIOS area (ACPI §5.2.5.1).
    ///
    /// # Errors
    /// [`AcpiError`] if the root cannot be followed. A broken table behind it is skipped.
    pub fn read(memory: &impl PhysicalMemory, rsdp: Option<Gpa>) -> Result<Self, AcpiError> {
        let rsdp = rsdp
            .or_else(|| find_rsdp(memory))
            .ok_or(AcpiError::NoRsdp)?;
        let mut platform = Self::default();
        for_each_table(memory, rsdp, |table| platform.take(memory, table))?;
        Ok(platform)
    }

    fn take(&mut self, memory: &impl PhysicalMemory, table: &Table) -> Result<(), AcpiError> {
        match &table.signature {
            b"APIC" => self.take_madt(memory, table),
            b"FACP" => self.take_fadt(memory, table),
            _ => Ok(()),
        }
    }

    /// Multiple APIC Description Table (ACPI §5.2.12): types 0 and 9 are the local APICs.
    fn take_madt(&mut self, memory: &impl PhysicalMemory, madt: &Table) -> Result<(), AcpiError> {
        self.local_apic = Some(Gpa(u64::from(madt.u32(memory, 36)?)));
        let mut offset = 44;
        while offset + 2 <= madt.length {
            let [kind, length] = madt.bytes(memory, offset)?;
            if length < 2 {
                return Err(AcpiError::Length(madt.at));
            }
            let processor = match (kind, length) {
                (0, 8..) => {
                    let [id] = madt.bytes(memory, offset + 3)?;
                    Some((u32::from(id), madt.u32(memory, offset + 4)?))
                }
                (9, 16..) => Some((madt.u32(memory, offset + 4)?, madt.u32(memory, offset + 8)?)),
                _ => None,
            };
            if let Some((id, flags)) = processor
                && flags & 1 != 0
                && !self.processors.contains(&ApicId(id))
            {
                // A processor past the last that fits stays off.
                let _ = self.processors.try_push(ApicId(id));
            }
            offset += u64::from(length);
        }
        Ok(())
    }

    /// Fixed ACPI Description Table (ACPI §5.2.9): I/O ports are 32-bit fields, 0 when absent.
    fn take_fadt(&mut self, memory: &impl PhysicalMemory, fadt: &Table) -> Result<(), AcpiError> {
        let port = |value: u32| {
            u16::try_from(value)
                .ok()
                .filter(|port| *port != 0)
                .map(Port)
        };
        self.pm1a_control = port(fadt.u32(memory, 64)?);
        self.pm_timer = port(fadt.u32(memory, 76)?);
        let dsdt = Gpa(u64::from(fadt.u32(memory, 40)?));
        if dsdt != Gpa(0) {
            self.s5_sleep_type = find_s5(memory, &Table::open(memory, dsdt)?)?;
        }
        Ok(())
    }
}

/// A table whose length and checksum hold.
struct Table {
    at: Gpa,
    signature: [u8; 4],
    length: u64,
}

impl Table {
    fn open(memory: &impl PhysicalMemory, at: Gpa) -> Result<Self, AcpiError> {
        let signature = memory.read_field(at, 0)?;
        let length = memory.read_u32(at, 4)?;
        if u64::from(length) < HEADER || length > MAX_TABLE {
            return Err(AcpiError::Length(at));
        }
        check_sum(memory, at, u64::from(length))?;
        Ok(Self {
            at,
            signature,
            length: u64::from(length),
        })
    }

    /// `N` bytes at `offset`, all inside the table.
    fn bytes<const N: usize>(
        &self,
        memory: &impl PhysicalMemory,
        offset: u64,
    ) -> Result<[u8; N], AcpiError> {
        if offset + N as u64 > self.length {
            return Err(AcpiError::Length(self.at));
        }
        Ok(memory.read_field(self.at, offset)?)
    }

    fn u32(&self, memory: &impl PhysicalMemory, offset: u64) -> Result<u32, AcpiError> {
        self.bytes(memory, offset).map(u32::from_le_bytes)
    }
}

/// All bytes of a table sum to zero (ACPI §5.2.6).
fn check_sum(memory: &impl PhysicalMemory, at: Gpa, length: u64) -> Result<(), AcpiError> {
    let mut sum = 0_u8;
    for offset in 0..length {
        let [byte] = memory.read_field(at, offset)?;
        sum = sum.wrapping_add(byte);
    }
    if sum == 0 {
        Ok(())
    } else {
        Err(AcpiError::Checksum(at))
    }
}

/// The BIOS area 0xe0000 to 0xfffff, on 16-byte borders (ACPI §5.2.5.1).
fn find_rsdp(memory: &impl PhysicalMemory) -> Option<Gpa> {
    (0xe_0000..0x10_0000).step_by(16).map(Gpa).find(|at| {
        memory.read_field(*at, 0) == Ok(*b"RSD PTR ") && check_sum(memory, *at, 20).is_ok()
    })
}

/// Calls `visit` with every sound table that the XSDT, or in ACPI 1.0 the RSDT, lists.
fn for_each_table(
    memory: &impl PhysicalMemory,
    rsdp: Gpa,
    mut visit: impl FnMut(&Table) -> Result<(), AcpiError>,
) -> Result<(), AcpiError> {
    if memory.read_field(rsdp, 0)? != *b"RSD PTR " {
        return Err(AcpiError::NoRsdp);
    }
    check_sum(memory, rsdp, 20)?;
    let [revision] = memory.read_field(rsdp, 15)?;
    let xsdt = if revision >= 2 {
        memory.read_u64(rsdp, 24)?
    } else {
        0
    };
    let (root, width) = match xsdt {
        0 => (u64::from(memory.read_u32(rsdp, 16)?), 4),
        xsdt => (xsdt, 8),
    };
    let root = Table::open(memory, Gpa(root))?;
    let mut offset = HEADER;
    while offset + width <= root.length {
        let at = match width {
            4 => u64::from(root.u32(memory, offset)?),
            _ => u64::from_le_bytes(root.bytes(memory, offset)?),
        };
        // One broken table does not hide the others; what it would have told stays unknown.
        let visited = Table::open(memory, Gpa(at)).and_then(|table| visit(&table));
        if let Err(error) = visited {
            log::warn!("acpi: table at {at:#x} skipped: {error:?}");
        }
        offset += width;
    }
    Ok(())
}

/// `Name (_S5, Package (...) { SLP_TYPa, ... })` in AML (ACPI §20.2): NameOp, name, PackageOp, length, count,
/// then the first element as a byte constant, ZeroOp or OneOp. Firmware always writes it so, which is why no
/// interpreter is needed to switch a machine off.
fn find_s5(memory: &impl PhysicalMemory, dsdt: &Table) -> Result<Option<u8>, AcpiError> {
    const PACKAGE: u8 = 0x12;
    let mut offset = HEADER;
    while offset + 4 <= dsdt.length {
        if dsdt.bytes(memory, offset)? == *b"_S5_" {
            let [operation, lead] = dsdt.bytes(memory, offset + 4)?;
            if operation == PACKAGE {
                // The top two bits of the lead byte count the length bytes that follow (ACPI §20.2.4).
                let element = offset + 6 + u64::from(lead >> 6) + 1;
                let [prefix, value] = dsdt.bytes(memory, element)?;
                return Ok(match prefix {
                    0x0a => Some(value & 7),
                    0x00 | 0x01 => Some(prefix),
                    _ => None,
                });
            }
        }
        offset += 1;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physical::Window;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn table(signature: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let mut bytes = signature.to_vec();
        bytes.extend(u32::try_from(36 + body.len()).unwrap().to_le_bytes());
        bytes.resize(36, 0);
        bytes.extend(body);
        fix(&mut bytes, 9);
        bytes
    }

    fn fix(bytes: &mut [u8], at: usize) {
        let sum = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        bytes[at] = bytes[at].wrapping_sub(sum);
    }

    /// RSDP at 0, RSDT at 0x100, MADT at 0x200, FADT at 0x400, DSDT at 0x600.
    fn image() -> Vec<u8> {
        let mut madt = Vec::new();
        madt.extend(0xfee0_0000_u32.to_le_bytes());
        madt.extend(1_u32.to_le_bytes());
        madt.extend([0, 8, 0, 0, 1, 0, 0, 0]);
        madt.extend([1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0]);
        madt.extend([0, 8, 1, 3, 1, 0, 0, 0]);
        madt.extend([0, 8, 2, 4, 0, 0, 0, 0]);
        madt.extend([9, 16, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0]);
        let mut fadt = std::vec![0; 80];
        fadt[4..8].copy_from_slice(&0x600_u32.to_le_bytes());
        fadt[28..32].copy_from_slice(&0x604_u32.to_le_bytes());
        fadt[40..44].copy_from_slice(&0x608_u32.to_le_bytes());
        let mut rsdt = 0x200_u32.to_le_bytes().to_vec();
        rsdt.extend(0x400_u32.to_le_bytes());
        let dsdt = [8, b'_', b'S', b'5', b'_', 0x12, 6, 4, 0x0a, 5, 0, 0, 0];
        let mut rsdp = b"RSD PTR \0ISTHMU\0".to_vec();
        rsdp.extend(0x100_u32.to_le_bytes());
        fix(&mut rsdp, 8);
        let mut bytes = std::vec![0; 0x800];
        for (at, part) in [
            (0, rsdp),
            (0x100, table(b"RSDT", &rsdt)),
            (0x200, table(b"APIC", &madt)),
            (0x400, table(b"FACP", &fadt)),
            (0x600, table(b"DSDT", &dsdt)),
        ] {
            bytes[at..at + part.len()].copy_from_slice(&part);
        }
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Platform, AcpiError> {
        Platform::read(
            &Window {
                base: Gpa(0),
                bytes,
            },
            Some(Gpa(0)),
        )
    }

    #[test]
    fn processors_ports_and_sleep_type_are_found() {
        let platform = read(&image()).unwrap();
        assert_eq!(
            platform.processors.as_slice(),
            &[ApicId(0), ApicId(3), ApicId(0x100)]
        );
        assert_eq!(platform.local_apic, Some(Gpa(0xfee0_0000)));
        assert_eq!(platform.pm1a_control, Some(Port(0x604)));
        assert_eq!(platform.pm_timer, Some(Port(0x608)));
        assert_eq!(platform.s5_sleep_type, Some(5));
    }

    #[test]
    fn a_broken_table_does_not_hide_the_others() {
        let mut bytes = image();
        bytes[0x220] ^= 1;
        let platform = read(&bytes).unwrap();
        assert!(platform.processors.is_empty());
        assert_eq!(platform.s5_sleep_type, Some(5));
    }

    #[test]
    fn a_broken_root_is_refused() {
        let mut bytes = image();
        bytes[0x110] ^= 1;
        assert_eq!(read(&bytes).unwrap_err(), AcpiError::Checksum(Gpa(0x100)));
        bytes[0] = b'X';
        assert_eq!(read(&bytes).unwrap_err(), AcpiError::NoRsdp);
    }

    proptest! {
        #[test]
        fn changed_bytes_never_stop_the_parser(changes in proptest::collection::vec((0_usize..0x800, any::<u8>()), 1..8)) {
            let mut bytes = image();
            for (at, value) in changes {
                bytes[at] = value;
            }
            for (start, end) in [(0x100, 0x12c), (0x200, 0x26c), (0x400, 0x474), (0x600, 0x631)] {
                fix(&mut bytes[start..end], 9);
            }
            if let Ok(platform) = read(&bytes) {
                prop_assert!(platform.s5_sleep_type.is_none_or(|kind| kind < 8));
            }
        }
    }
}
