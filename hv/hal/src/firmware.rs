//! Memory that firmware and the boot loader left: boot information, modules, ACPI tables. Read-only, and every
//! byte of it an allegation that pure code checks.

use crate::{paging, pool};
use acpi::fadt::Fadt;
use acpi::madt::{Madt, MadtEntry};
use acpi::{AcpiHandler, AcpiTables, PhysicalMapping};
use alloc::vec::Vec;
use core::ptr::NonNull;
use isthmus_abi::{ApicId, Hpa, Port};

static READABLE: spin::Once<Vec<(Hpa, u64)>> = spin::Once::new();

/// Notes what [`paging::build`] mapped read-only.
pub(crate) fn set_readable(ranges: &[(Hpa, u64)]) {
    READABLE.call_once(|| ranges.to_vec());
}

/// What the boot loader left at a physical address: boot information or a module. Empty where it left nothing.
#[must_use]
pub fn boot_bytes(start: Hpa, bytes: usize) -> &'static [u8] {
    let end = start.0.saturating_add(bytes as u64);
    let mapped = match READABLE.get() {
        None => end <= 1 << 32,
        Some(ranges) => ranges
            .iter()
            .any(|(from, length)| from.0 <= start.0 && end <= from.0.saturating_add(*length)),
    };
    if !mapped || start.0 == 0 {
        return &[];
    }
    // SAFETY: mapped, as was just checked; nobody writes what the loader left: it is taken out of the free memory.
    unsafe { slice(start, bytes) }
}

/// Bytes at a physical address, while the boot page tables map the first 4 GiB one to one, or after that where
/// [`paging::build`] was told to map them.
///
/// # Safety
/// 1. The range is mapped at the present offset. 2. Nothing writes it while the slice lives.
#[must_use]
unsafe fn slice(start: Hpa, bytes: usize) -> &'static [u8] {
    // SAFETY: mapped (1), immutable (2), and any bytes are valid u8.
    unsafe { core::slice::from_raw_parts(pool::direct(start).0 as *const u8, bytes) }
}

/// Lets the `acpi` crate read tables by mapping them read-only for good.
#[derive(Clone, Copy, Debug)]
pub struct FirmwareTables;

impl AcpiHandler for FirmwareTables {
    unsafe fn map_physical_region<T>(
        &self,
        address: usize,
        size: usize,
    ) -> PhysicalMapping<Self, T> {
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

/// An interrupt of the ISA bus as it arrives at the I/O APICs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IsaInterrupt {
    /// Its number on the ISA bus.
    pub irq: u8,
    /// Its global system interrupt.
    pub global: u32,
    /// How it signals.
    pub signal: crate::apic::Signal,
}

/// What the hypervisor needs of the firmware's tables.
#[derive(Clone, Debug, Default)]
pub struct Platform {
    /// APIC ids of the processors that are there, in the order of the MADT.
    pub processors: Vec<ApicId>,
    /// I/O APICs: registers and first global system interrupt.
    pub io_apics: Vec<(Hpa, u32)>,
    /// ISA interrupts that do not arrive one to one.
    pub overrides: Vec<IsaInterrupt>,
    /// Port of the power management timer.
    pub pm_timer: Option<Port>,
    /// PM1 control registers, a and b.
    pub pm1_control: [Option<Port>; 2],
    /// The DSDT's bytes.
    pub dsdt: &'static [u8],
}

/// Why the firmware's tables are of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlatformError {
    /// There is no RSDT or XSDT, or its checksum is wrong.
    NoRoot,
    /// There is no MADT, or it is broken.
    NoMadt,
}

fn io_port(address: &acpi::address::GenericAddress) -> Option<Port> {
    let io = address.address_space == acpi::address::AddressSpace::SystemIo;
    io.then_some(address.address)
        .and_then(|port| u16::try_from(port).ok())
        .filter(|port| *port != 0)
        .map(Port)
}

/// Reads the firmware's tables. `revision` and `root` are the RSDP's: the RSDT's address for revision 0, else
/// the XSDT's.
///
/// # Errors
/// [`PlatformError`], when the firmware has none that can be used.
pub fn platform(revision: u8, root: Hpa) -> Result<Platform, PlatformError> {
    // SAFETY: the crate reads the tables through our handler, which maps whatever they name read-only, and checks
    // signatures and checksums.
    let tables = unsafe { AcpiTables::from_rsdt(FirmwareTables, revision, root.0 as usize) };
    let tables = tables.map_err(|_| PlatformError::NoRoot)?;
    let mut platform = Platform::default();
    let madt = tables
        .find_table::<Madt>()
        .map_err(|_| PlatformError::NoMadt)?;
    for entry in madt.get().entries() {
        match entry {
            MadtEntry::LocalApic(local) if local.flags & 1 != 0 => {
                platform.processors.push(ApicId(local.apic_id.into()));
            }
            MadtEntry::LocalX2Apic(local) if local.flags & 1 != 0 => {
                platform.processors.push(ApicId(local.x2apic_id))
            }
            MadtEntry::IoApic(io) => {
                platform.io_apics.push((
                    Hpa(io.io_apic_address.into()),
                    io.global_system_interrupt_base,
                ));
            }
            MadtEntry::InterruptSourceOverride(entry) => platform.overrides.push(IsaInterrupt {
                irq: entry.irq,
                global: entry.global_system_interrupt,
                // MPS INTI flags (ACPI 6.5 Table 5.26): 3 in bits 1:0 is active low, 3 in bits 3:2 is level.
                signal: crate::apic::Signal {
                    low: entry.flags & 3 == 3,
                    level: entry.flags >> 2 & 3 == 3,
                },
            }),
            _ => {}
        }
    }
    if let Ok(fadt) = tables.find_table::<Fadt>() {
        platform.pm_timer = fadt
            .pm_timer_block()
            .ok()
            .flatten()
            .as_ref()
            .and_then(io_port);
        platform.pm1_control = [
            fadt.pm1a_control_block().ok().as_ref().and_then(io_port),
            fadt.pm1b_control_block()
                .ok()
                .flatten()
                .as_ref()
                .and_then(io_port),
        ];
    }
    if let Ok(dsdt) = tables.dsdt()
        && paging::map_firmware(Hpa(dsdt.address as u64), u64::from(dsdt.length)).is_ok()
    {
        // SAFETY: mapped by the line above, for good; firmware does not change its tables.
        platform.dsdt = unsafe { slice(Hpa(dsdt.address as u64), dsdt.length as usize) };
    }
    Ok(platform)
}
