//! The ACPI tables a guest finds: which processors and interrupt controllers it has, and the ports of its power
//! management (ACPI 6.5; `docs/guest-layout.md` has the numbers). Made from the hypervisor's own configuration;
//! the devices announced here answer in `isthmus-devices`.
//!
//! Everything lies in [`ACPI_AREA`], the root pointer first, where guests that are not told its address search.

mod dsdt;

use alloc::vec::Vec;
use core::fmt;

use acpi_tables::{
    Aml,
    facs::FACS,
    fadt::{FADT, FADTBuilder, Flags, PmProfile},
    gas::{AccessSize, AddressSpace, GAS},
    sdt::Sdt,
};
use isthmus_abi::{ApicId, Gpa};

use crate::{
    bytes::{put, sum},
    layout::{ACPI_AREA, IOAPIC, LAPIC},
};

/// OEM id, OEM table id and OEM revision in every table's header.
const OEM_ID: [u8; 6] = *b"ISTHMS";
const OEM_TABLE_ID: [u8; 8] = *b"ISTHMUS ";
const OEM_REVISION: u32 = 1;

/// The interrupt of the power management hardware.
pub const SCI: u8 = 9;
/// PM1a event block: status at +0, enable at +2.
pub const PM1A_EVENT: u16 = 0x600;
/// PM1a control register.
pub const PM1A_CONTROL: u16 = 0x604;
/// The 32-bit power management timer, 3.579545 MHz.
pub const PM_TIMER: u16 = 0x608;
/// Writing [`RESET_VALUE`] here resets the machine.
pub const RESET_PORT: u16 = 0xcf9;
/// See [`RESET_PORT`].
pub const RESET_VALUE: u8 = 6;
/// SLP_TYP that powers the machine off, from \_S5.
pub const SLP_TYP_S5: u8 = 5;
/// The IOAPIC's id.
const IOAPIC_ID: u8 = 0;

/// What a guest's tables are to say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AcpiConfig<'a> {
    /// The local APIC of each processor, the first one's first. Its place here is its ACPI processor UID.
    pub processors: &'a [ApicId],
    /// There is a 16550 at 0x3f8 with interrupt 4.
    pub uart: bool,
    /// There is a CMOS clock at 0x70 with interrupt 8.
    pub rtc: bool,
    /// There is an 8042 keyboard controller at 0x60 and 0x64 that a guest should probe. One that only resets
    /// need not be announced.
    pub keyboard_controller: bool,
}

/// The finished tables. They do not overlap and lie in [`ACPI_AREA`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AcpiTables {
    /// Where each goes.
    pub tables: Vec<(Gpa, Vec<u8>)>,
    /// The root pointer, also among `tables`.
    pub rsdp: Gpa,
}

/// More processors than the tables have room for; the manifest is at fault. Holds the number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooManyProcessors(pub usize);

impl fmt::Display for TooManyProcessors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} processors are more than the ACPI area has room for",
            self.0
        )
    }
}

impl core::error::Error for TooManyProcessors {}

/// Hands out the area from its start.
struct Area {
    next: u64,
    tables: Vec<(Gpa, Vec<u8>)>,
    count: usize,
}

impl Area {
    fn take(&mut self, len: usize, align: u64) -> Result<Gpa, TooManyProcessors> {
        let start = self.next.next_multiple_of(align);
        self.next = start.saturating_add(len as u64);
        if self.next <= ACPI_AREA.end {
            Ok(Gpa(start))
        } else {
            Err(TooManyProcessors(self.count))
        }
    }

    fn add(&mut self, table: Vec<u8>, align: u64) -> Result<Gpa, TooManyProcessors> {
        let gpa = self.take(table.len(), align)?;
        self.tables.push((gpa, table));
        Ok(gpa)
    }
}

/// Makes the tables.
///
/// # Errors
/// There are too many processors, some thousands.
pub fn tables(config: &AcpiConfig<'_>) -> Result<AcpiTables, TooManyProcessors> {
    let count = config.processors.len();
    if count > 0x1000 {
        return Err(TooManyProcessors(count));
    }
    let mut area = Area {
        next: ACPI_AREA.start,
        tables: Vec::new(),
        count,
    };
    let rsdp = area.take(RSDP_SIZE, 16)?;
    let mut facs = Vec::new();
    FACS::new().to_aml_bytes(&mut facs);
    let facs = area.add(facs, 64)?;
    let dsdt = area.add(table(*b"DSDT", 2, &dsdt::body(config)), 16)?;
    let fadt = area.add(fadt(config, facs, dsdt), 16)?;
    let madt = area.add(table(*b"APIC", 5, &madt_body(config)), 16)?;
    let narrow: Vec<u8> = [fadt, madt]
        .into_iter()
        .flat_map(|gpa| low32(gpa).to_le_bytes())
        .collect();
    let wide: Vec<u8> = [fadt, madt]
        .into_iter()
        .flat_map(|gpa| gpa.0.to_le_bytes())
        .collect();
    let rsdt = area.add(table(*b"RSDT", 1, &narrow), 16)?;
    let xsdt = area.add(table(*b"XSDT", 1, &wide), 16)?;
    area.tables.push((rsdp, root_pointer(rsdt, xsdt)));
    Ok(AcpiTables {
        tables: area.tables,
        rsdp,
    })
}

/// An address in the ACPI area, which is below 1 MiB.
fn low32(gpa: Gpa) -> u32 {
    (gpa.0 & 0xffff_ffff) as u32
}

/// A table of header and body, its length and checksum set (ACPI 6.5 §5.2.6).
fn table(signature: [u8; 4], revision: u8, body: &[u8]) -> Vec<u8> {
    let mut sdt = Sdt::new(signature, 36, revision, OEM_ID, OEM_TABLE_ID, OEM_REVISION);
    sdt.append_slice(body);
    sdt.as_slice().to_vec()
}

const RSDP_SIZE: usize = 36;

/// The root pointer of ACPI 2.0 and up, with both table addresses (§5.2.5.3).
fn root_pointer(rsdt: Gpa, xsdt: Gpa) -> Vec<u8> {
    let mut bytes = alloc::vec![0; RSDP_SIZE];
    put(&mut bytes, 0, b"RSD PTR ");
    put(&mut bytes, 9, &OEM_ID);
    put(&mut bytes, 15, &[2]);
    put(&mut bytes, 16, &low32(rsdt).to_le_bytes());
    put(&mut bytes, 20, &(RSDP_SIZE as u32).to_le_bytes());
    put(&mut bytes, 24, &xsdt.0.to_le_bytes());
    let first = 0u8.wrapping_sub(bytes.get(..20).map_or(0, sum));
    put(&mut bytes, 8, &[first]);
    let all = 0u8.wrapping_sub(sum(&bytes));
    put(&mut bytes, 32, &[all]);
    bytes
}

/// The fixed hardware (§5.2.9). SMI_CMD is zero: the machine is in ACPI mode from the start.
fn fadt(config: &AcpiConfig<'_>, facs: Gpa, dsdt: Gpa) -> Vec<u8> {
    const LEGACY_DEVICES: u16 = 1 << 0;
    const KEYBOARD_CONTROLLER: u16 = 1 << 1;
    const NO_VGA: u16 = 1 << 2;
    const NO_MSI: u16 = 1 << 3;
    const NO_CMOS_RTC: u16 = 1 << 5;
    const CENTURY: u8 = 0x32;
    let io =
        |bits, access, port: u16| GAS::new(AddressSpace::SystemIo, bits, 0, access, port.into());
    let flag = |wanted, bit| if wanted { bit } else { 0 };
    let mut fadt = FADTBuilder::new(OEM_ID, OEM_TABLE_ID, OEM_REVISION)
        .preferred_pm_profile(PmProfile::EnterpriseServer)
        .flag(Flags::Wbinvd)
        .flag(Flags::ProcC1)
        .flag(Flags::PwrButton)
        .flag(Flags::SlpButton)
        .flag(Flags::FixRtc)
        .flag(Flags::TmrValExt)
        .flag(Flags::ResetRegSup)
        .flag(Flags::Headless);
    fadt.firmware_ctrl = low32(facs).into();
    fadt.dsdt = low32(dsdt).into();
    fadt.x_dsdt = dsdt.0.into();
    fadt.sci_int = u16::from(SCI).into();
    fadt.pm1a_evt_blk = u32::from(PM1A_EVENT).into();
    fadt.pm1_evt_len = 4;
    fadt.x_pm1a_evt_blk = io(32, AccessSize::WordAccess, PM1A_EVENT);
    fadt.pm1a_cnt_blk = u32::from(PM1A_CONTROL).into();
    fadt.pm1_cnt_len = 2;
    fadt.x_pm1a_cnt_blk = io(16, AccessSize::WordAccess, PM1A_CONTROL);
    fadt.pm_tmr_blk = u32::from(PM_TIMER).into();
    fadt.pm_tmr_len = 4;
    fadt.x_pm_tmr_blk = io(32, AccessSize::DwordAccess, PM_TIMER);
    // Latencies above 100 and 1000 microseconds say that there is no C2 and no C3.
    fadt.p_lvl2_lat = 0xfff.into();
    fadt.p_lvl3_lat = 0xfff.into();
    fadt.century = if config.rtc { CENTURY } else { 0 };
    let keyboard = flag(config.keyboard_controller, KEYBOARD_CONTROLLER);
    fadt.iapc_boot_arch =
        (LEGACY_DEVICES | NO_VGA | NO_MSI | keyboard | flag(!config.rtc, NO_CMOS_RTC)).into();
    fadt.reset_reg = io(8, AccessSize::ByteAccess, RESET_PORT);
    fadt.reset_value = RESET_VALUE;
    let mut bytes = Vec::with_capacity(FADT::len());
    fadt.finalize().to_aml_bytes(&mut bytes);
    bytes
}

/// The interrupt controllers (§5.2.12): local APICs, x2APICs for ids that need more than 8 bits, the IOAPIC,
/// and how ISA interrupts reach it. The timer's comes in at pin 2; the SCI is level-triggered, active high.
fn madt_body(config: &AcpiConfig<'_>) -> Vec<u8> {
    const PCAT_COMPAT: u32 = 1;
    const ENABLED: u32 = 1;
    const LEVEL_HIGH: u16 = 0b1101;
    const ALL_PROCESSORS: u8 = 0xff;
    const LINT1: u8 = 1;
    let mut body = [low32(LAPIC), PCAT_COMPAT].map(u32::to_le_bytes).concat();
    let mut wide = false;
    for (uid, &ApicId(id)) in (0u32..).zip(config.processors) {
        match u8::try_from(id)
            .ok()
            .filter(|&id| id < 0xff)
            .zip(u8::try_from(uid).ok())
        {
            Some((id, uid)) => {
                body.extend_from_slice(&[0, 8, uid, id]);
                body.extend_from_slice(&ENABLED.to_le_bytes());
            }
            None => {
                wide = true;
                body.extend_from_slice(&[9, 16, 0, 0]);
                body.extend([id, ENABLED, uid].into_iter().flat_map(u32::to_le_bytes));
            }
        }
    }
    body.extend_from_slice(&[1, 12, IOAPIC_ID, 0]);
    body.extend([low32(IOAPIC), 0].into_iter().flat_map(u32::to_le_bytes));
    for (irq, gsi, flags) in [(0u8, 2u32, 0u16), (SCI, SCI.into(), LEVEL_HIGH)] {
        body.extend_from_slice(&[2, 10, 0, irq]);
        body.extend_from_slice(&gsi.to_le_bytes());
        body.extend_from_slice(&flags.to_le_bytes());
    }
    body.extend_from_slice(&[4, 6, ALL_PROCESSORS, 0, 0, LINT1]);
    if wide {
        body.extend_from_slice(&[10, 12, 0, 0, 0xff, 0xff, 0xff, 0xff, LINT1, 0, 0, 0]);
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::{slice, u8_at, u16_at, u32_at, u64_at};
    use proptest::prelude::*;

    fn ids(count: u32) -> Vec<ApicId> {
        (0..count).map(ApicId).collect()
    }

    fn config(processors: &[ApicId]) -> AcpiConfig<'_> {
        AcpiConfig {
            processors,
            uart: true,
            rtc: true,
            keyboard_controller: false,
        }
    }

    /// The bytes of guest memory from `gpa` on, through the table that lies there.
    fn at(tables: &AcpiTables, gpa: u64) -> &[u8] {
        &tables
            .tables
            .iter()
            .find(|(start, _)| start.0 == gpa)
            .expect("no table there")
            .1
    }

    fn find<'a>(tables: &'a AcpiTables, signature: &[u8; 4]) -> &'a [u8] {
        let rsdp = at(tables, tables.rsdp.0);
        let xsdt = at(tables, u64_at(rsdp, 24).unwrap());
        let entries = xsdt[36..]
            .chunks_exact(8)
            .map(|entry| u64_at(entry, 0).unwrap());
        entries
            .map(|entry| at(tables, entry))
            .find(|table| table.starts_with(signature))
            .unwrap()
    }

    /// Sub-structures of a MADT as (type, content).
    fn structures(madt: &[u8]) -> Vec<(u8, Vec<u8>)> {
        let mut found = Vec::new();
        let mut at = 44;
        while at < madt.len() {
            let len = usize::from(madt[at + 1]);
            found.push((
                madt[at],
                slice(madt, at, len)
                    .expect("structure overruns the table")
                    .to_vec(),
            ));
            at += len;
        }
        found
    }

    #[test]
    fn the_root_pointer_leads_to_every_table_both_ways() {
        let ids = ids(2);
        let tables = tables(&config(&ids)).unwrap();
        assert_eq!(tables.rsdp, Gpa(ACPI_AREA.start));
        let rsdp = at(&tables, tables.rsdp.0);
        assert_eq!((sum(&rsdp[..20]), sum(rsdp), rsdp[15]), (0, 0, 2));
        let rsdt = at(&tables, u32_at(rsdp, 16).unwrap().into());
        let narrow: Vec<u64> = rsdt[36..]
            .chunks_exact(4)
            .map(|entry| u32_at(entry, 0).unwrap().into())
            .collect();
        let xsdt = at(&tables, u64_at(rsdp, 24).unwrap());
        let wide: Vec<u64> = xsdt[36..]
            .chunks_exact(8)
            .map(|entry| u64_at(entry, 0).unwrap())
            .collect();
        assert_eq!(narrow, wide);
        let fadt = find(&tables, b"FACP");
        assert!(at(&tables, u32_at(fadt, 40).unwrap().into()).starts_with(b"DSDT"));
        assert_eq!(
            u64::from(u32_at(fadt, 40).unwrap()),
            u64_at(fadt, 140).unwrap()
        );
        let facs = u32_at(fadt, 36).unwrap();
        assert!(facs.is_multiple_of(64) && at(&tables, facs.into()).starts_with(b"FACS"));
    }

    #[test]
    fn fixed_hardware_is_where_the_layout_says() {
        let ids = ids(1);
        let tables = tables(&config(&ids)).unwrap();
        let fadt = find(&tables, b"FACP");
        assert_eq!((fadt.len(), fadt[8], u16_at(fadt, 46)), (276, 6, Some(9)));
        assert_eq!(
            [56, 64, 76].map(|offset| u32_at(fadt, offset).unwrap()),
            [0x600, 0x604, 0x608]
        );
        assert_eq!((fadt[88], fadt[89], fadt[91]), (4, 2, 4));
        assert_eq!(
            fadt[116..129],
            [1, 8, 0, 1, 0xf9, 0x0c, 0, 0, 0, 0, 0, 0, 6]
        );
        assert_eq!(u32_at(fadt, 48), Some(0), "no SMI command port");
        let flags = u32_at(fadt, 112).unwrap();
        assert_eq!(
            (flags >> 8 & 1, flags >> 10 & 1, flags >> 20 & 1),
            (1, 1, 0)
        );
        assert_eq!(u16_at(fadt, 109), Some(0b1101));
    }

    #[test]
    fn interrupt_controllers_are_described() {
        let ids = ids(3);
        let tables = tables(&config(&ids)).unwrap();
        let madt = find(&tables, b"APIC");
        assert_eq!(
            (u32_at(madt, 36), u32_at(madt, 40)),
            (Some(0xfee0_0000), Some(1))
        );
        let structures = structures(madt);
        let of = |kind| {
            structures
                .iter()
                .filter(|(of, _)| *of == kind)
                .map(|(_, bytes)| &bytes[2..])
                .collect::<Vec<_>>()
        };
        assert_eq!(
            of(0),
            [[0, 0, 1, 0, 0, 0], [1, 1, 1, 0, 0, 0], [2, 2, 1, 0, 0, 0]]
        );
        assert_eq!(of(1), [[0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0]]);
        assert_eq!(of(2), [[0, 0, 2, 0, 0, 0, 0, 0], [0, 9, 9, 0, 0, 0, 13, 0]]);
        assert_eq!(of(4), [[0xff, 0, 0, 1]]);
    }

    #[test]
    fn large_apic_ids_are_x2apics() {
        let ids = [ApicId(0), ApicId(255), ApicId(300)];
        let tables = tables(&config(&ids)).unwrap();
        let structures = structures(find(&tables, b"APIC"));
        let wide: Vec<_> = structures
            .iter()
            .filter(|(kind, _)| *kind == 9)
            .map(|(_, bytes)| u32_at(bytes, 4).unwrap())
            .collect();
        assert_eq!(wide, [255, 300]);
        assert!(structures.iter().any(|(kind, _)| *kind == 10));
    }

    #[test]
    fn absent_devices_are_not_announced() {
        let ids = ids(1);
        let bare = AcpiConfig {
            uart: false,
            rtc: false,
            ..config(&ids)
        };
        let tables = tables(&bare).unwrap();
        let fadt = find(&tables, b"FACP");
        assert_eq!(
            (u16_at(fadt, 109), u8_at(fadt, 108)),
            (Some(0b10_1101), Some(0))
        );
        let keyboard = AcpiConfig {
            keyboard_controller: true,
            ..bare
        };
        let tables = super::tables(&keyboard).unwrap();
        assert_eq!(u16_at(find(&tables, b"FACP"), 109), Some(0b10_1111));
    }

    #[test]
    fn too_many_processors_are_refused() {
        assert_eq!(tables(&config(&ids(5000))), Err(TooManyProcessors(5000)));
    }

    proptest! {
        #[test]
        fn tables_sum_to_zero_fit_the_area_and_keep_apart(count in 1u32..1000, uart: bool, rtc: bool) {
            let ids = ids(count);
            let tables = tables(&AcpiConfig { uart, rtc, ..config(&ids) }).unwrap();
            let mut end = ACPI_AREA.start;
            let mut sorted = tables.tables.clone();
            sorted.sort_by_key(|(gpa, _)| *gpa);
            for (gpa, bytes) in sorted {
                prop_assert!(gpa.0 >= end && gpa.is_aligned(16));
                end = gpa.0 + bytes.len() as u64;
                if !bytes.starts_with(b"FACS") {
                    prop_assert_eq!(sum(&bytes), 0);
                }
                if !bytes.starts_with(b"RSD PTR ") {
                    prop_assert_eq!(u32_at(&bytes, 4).unwrap() as usize, bytes.len());
                }
            }
            prop_assert!(end <= ACPI_AREA.end);
        }
    }
}
