//! The I/O APIC against its data sheet.

use proptest::prelude::*;

use super::*;

fn write_entry(ioapic: &mut IoApic, pin: u8, bits: u64) -> Messages {
    let mut sent = Messages::new();
    for (half, value) in [(1, bits >> 32), (0, bits & 0xffff_ffff)] {
        ioapic.write(window::SELECT, u32::from(0x10 + pin * 2 + half));
        sent.extend(ioapic.write(window::DATA, value as u32));
    }
    sent
}

fn read_entry(ioapic: &mut IoApic, pin: u8) -> u64 {
    let [low, high] = [0, 1].map(|half| {
        ioapic.write(window::SELECT, u32::from(0x10 + pin * 2 + half));
        u64::from(ioapic.read(window::DATA))
    });
    high << 32 | low
}

const LEVEL: u64 = 1 << 15;
const REMOTE_IRR: u64 = 1 << 14;
const MASKED: u64 = 1 << 16;

#[test]
fn registers_read_as_the_part_has_them() {
    let mut ioapic = IoApic::new(1);
    let mut register = |index| {
        ioapic.write(window::SELECT, index);
        ioapic.read(window::DATA)
    };
    assert_eq!(register(0), 1 << 24);
    assert_eq!(register(1), 0x0017_0020);
    assert_eq!(register(2), 1 << 24);
    assert_eq!(register(0x10), 0x1_0000);
    assert_eq!(register(0x3f), 0);
    assert_eq!(register(0x40), 0);
    assert_eq!(ioapic.read(window::SELECT), 0x40);
}

#[test]
fn an_edge_sends_once_and_one_on_a_masked_pin_is_lost() {
    let mut ioapic = IoApic::new(0);
    write_entry(&mut ioapic, 4, 0x0300_0000_0000_0831);
    let message = ioapic.set_line(4, true).expect("unmasked");
    assert_eq!(message.vector, Vector(0x31));
    assert_eq!(message.destination, Destination::from_xapic(3, true));
    assert_eq!(message.trigger, TriggerMode::Edge);
    assert_eq!(ioapic.set_line(4, true), None);
    ioapic.set_line(4, false);
    write_entry(&mut ioapic, 4, MASKED | 0x31);
    assert_eq!(ioapic.set_line(4, true), None);
    assert!(write_entry(&mut ioapic, 4, 0x31).is_empty());
}

#[test]
fn a_level_sends_until_the_device_is_content() {
    let mut ioapic = IoApic::new(0);
    write_entry(&mut ioapic, 9, LEVEL | 0x41);
    let message = ioapic.set_line(9, true).expect("asserted");
    assert_eq!(message.trigger, TriggerMode::Level);
    assert_eq!(read_entry(&mut ioapic, 9), LEVEL | REMOTE_IRR | 0x41);
    assert_eq!(ioapic.set_line(9, true), None);
    assert!(ioapic.eoi(Vector(0x42)).is_empty());
    assert_eq!(ioapic.eoi(Vector(0x41)).as_slice(), [(9, message)]);
    ioapic.set_line(9, false);
    assert!(ioapic.eoi(Vector(0x41)).is_empty());
    assert_eq!(read_entry(&mut ioapic, 9), LEVEL | 0x41);
    assert!(ioapic.set_line(9, true).is_some());
}

#[test]
fn unmasking_an_asserted_level_sends() {
    let mut ioapic = IoApic::new(0);
    write_entry(&mut ioapic, 9, LEVEL | MASKED | 0x41);
    assert_eq!(ioapic.set_line(9, true), None);
    assert_eq!(write_entry(&mut ioapic, 9, LEVEL | 0x41).len(), 1);
}

#[test]
fn the_eoi_register_and_a_change_to_edge_end_service() {
    let mut ioapic = IoApic::new(0);
    write_entry(&mut ioapic, 9, LEVEL | 0x41);
    ioapic.set_line(9, true);
    ioapic.set_line(9, false);
    assert!(ioapic.write(window::EOI, 0x41).is_empty());
    assert_eq!(read_entry(&mut ioapic, 9) & REMOTE_IRR, 0);
    ioapic.set_line(9, true);
    assert_ne!(read_entry(&mut ioapic, 9) & REMOTE_IRR, 0);
    write_entry(&mut ioapic, 9, MASKED | 0x41);
    assert_eq!(read_entry(&mut ioapic, 9) & REMOTE_IRR, 0);
}

#[test]
fn status_bits_are_read_only() {
    let mut ioapic = IoApic::new(0);
    write_entry(&mut ioapic, 3, u64::MAX);
    assert_eq!(read_entry(&mut ioapic, 3), 0xff00_0000_0001_afff);
}

#[test]
fn modes_without_an_eoi_send_edges_and_reserved_ones_nothing() {
    let mut ioapic = IoApic::new(0);
    write_entry(&mut ioapic, 5, LEVEL | 0x0400);
    let message = ioapic.set_line(5, true).expect("an NMI");
    assert_eq!(
        (message.delivery_mode, message.trigger),
        (DeliveryMode::Nmi, TriggerMode::Edge)
    );
    assert_eq!(read_entry(&mut ioapic, 5) & REMOTE_IRR, 0);
    for reserved in [0x0200, 0x0300, 0x0600] {
        write_entry(&mut ioapic, 6, reserved);
        ioapic.set_line(6, false);
        assert_eq!(ioapic.set_line(6, true), None);
    }
}

#[test]
fn pins_that_do_not_exist_are_silent() {
    let mut ioapic = IoApic::new(0);
    assert_eq!(ioapic.set_line(24, true), None);
    assert_eq!(ioapic.set_line(255, true), None);
    assert!(ioapic.is_masked(24));
}

proptest! {
    #[test]
    fn no_level_is_forgotten_and_none_is_sent_twice(
        acts in proptest::collection::vec((0u8..4, 0u8..26, any::<u32>()), 1..200)
    ) {
        let mut ioapic = IoApic::new(0);
        for (kind, pin, value) in acts {
            match kind {
                0 => { ioapic.set_line(pin, value & 1 != 0); }
                1 => { ioapic.write(window::SELECT, (0x10 + pin * 2 + (value >> 31) as u8).into()); }
                2 => { ioapic.write(window::DATA, value & 0x1_ffff); }
                _ => { ioapic.eoi(Vector(value as u8)); }
            }
            for pin in 0..24u8 {
                let entry = ioapic.entry(pin);
                let asserted = ioapic.lines >> pin & 1 != 0;
                let ends_with_eoi = entry.delivery_mode().into_bits() < 2;
                let due = asserted && entry.level_triggered() && !entry.masked() && ends_with_eoi;
                prop_assert!(!due || entry.remote_irr(), "pin {} waits unsent", pin);
                prop_assert!(!entry.remote_irr() || entry.level_triggered());
            }
        }
    }
}
