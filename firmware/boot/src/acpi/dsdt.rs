//! The differentiated system description table's AML: power-off, processors, and the devices that no bus
//! enumerates (ACPI 6.5 §19, §20). Names follow the specification's own examples.

use alloc::{format, string::String, vec, vec::Vec};

use acpi_tables::{
    Aml, AmlSink,
    aml::{Device, EISAName, IO, Name, Package, Path, ResourceTemplate, Scope},
};

use super::{AcpiConfig, PM1A_EVENT, RESET_PORT, SLP_TYP_S5};

/// An interrupt line of the ISA kind: edge-triggered, active high, not shared (§6.4.2.1, without flags).
struct IsaInterrupt(u8);

impl Aml for IsaInterrupt {
    fn to_aml_bytes(&self, sink: &mut dyn AmlSink) {
        sink.byte(0x22);
        sink.word(1u16.checked_shl(self.0.into()).unwrap_or(0));
    }
}

/// AML that is encoded already.
struct Encoded(Vec<u8>);

impl Aml for Encoded {
    fn to_aml_bytes(&self, sink: &mut dyn AmlSink) {
        sink.vec(&self.0);
    }
}

fn encode(aml: &dyn Aml) -> Encoded {
    let mut bytes = Vec::new();
    aml.to_aml_bytes(&mut bytes);
    Encoded(bytes)
}

/// A device with an EISA id and resources.
fn device(name: &str, id: &str, resources: Vec<&dyn Aml>) -> Encoded {
    let hid = Name::new("_HID".into(), &EISAName::new(id));
    let uid = Name::new("_UID".into(), &0u8);
    let crs = Name::new("_CRS".into(), &ResourceTemplate::new(resources));
    encode(&Device::new(name.into(), vec![&hid, &uid, &crs]))
}

/// A processor device; its UID is the one in the MADT (§8.4).
fn processor(uid: usize) -> Encoded {
    let hid = Name::new("_HID".into(), &"ACPI0007");
    let uid_name = Name::new("_UID".into(), &u32::try_from(uid).unwrap_or(u32::MAX));
    let name: String = format!("C{uid:03X}");
    encode(&Device::new(Path::new(&name), vec![&hid, &uid_name]))
}

/// Everything behind the table's header.
pub fn body(config: &AcpiConfig<'_>) -> Vec<u8> {
    let mut devices: Vec<Encoded> = (0..config.processors.len()).map(processor).collect();
    // What drivers of other devices must keep their hands off.
    let power = IO::new(PM1A_EVENT, PM1A_EVENT, 1, 0x0c);
    let reset = IO::new(RESET_PORT, RESET_PORT, 1, 1);
    devices.push(device("PWRM", "PNP0C02", vec![&power, &reset]));
    if config.uart {
        devices.push(device(
            "COM1",
            "PNP0501",
            vec![&IO::new(0x3f8, 0x3f8, 1, 8), &IsaInterrupt(4)],
        ));
    }
    if config.rtc {
        devices.push(device(
            "RTC_",
            "PNP0B00",
            vec![&IO::new(0x70, 0x70, 1, 2), &IsaInterrupt(8)],
        ));
    }
    let mut bytes = Vec::new();
    let sleep_type = SLP_TYP_S5;
    Name::new(
        "\\_S5_".into(),
        &Package::new(vec![&sleep_type, &sleep_type, &0u8, &0u8]),
    )
    .to_aml_bytes(&mut bytes);
    let children = devices.iter().map(|device| device as &dyn Aml).collect();
    Scope::new("\\_SB_".into(), children).to_aml_bytes(&mut bytes);
    bytes
}
