//! ACPI fixed hardware against the specification's chapter 4.8.

use super::*;

/// A thousand ticks a cycle of the PM timer.
const TSC_HZ: u64 = HZ * 1000;

fn pm() -> AcpiPm {
    AcpiPm::new(TSC_HZ)
}

fn read16(pm: &mut AcpiPm, offset: u16, now: Ticks) -> u16 {
    u16::from_le_bytes([pm.read(offset, now), pm.read(offset + 1, now)])
}

fn write16(pm: &mut AcpiPm, offset: u16, value: u16, now: Ticks) -> bool {
    let [low, high] = value.to_le_bytes();
    pm.write(offset, low, now) | pm.write(offset + 1, high, now)
}

#[test]
fn the_timer_runs_at_its_frequency_and_wraps() {
    let mut pm = pm();
    assert_eq!(pm.timer(Ticks(TSC_HZ)), 3_579_545);
    assert_eq!(pm.timer(Ticks(((1 << 32) + 5) * 1000)), 5);
    let bytes = [8, 9, 10, 11].map(|offset| pm.read(offset, Ticks(0x0123_4567_8000)));
    assert_eq!(u32::from_le_bytes(bytes), pm.timer(Ticks(0x0123_4567_8000)));
}

#[test]
fn only_soft_off_turns_off() {
    let mut pm = pm();
    let now = Ticks(0);
    assert!(!write16(&mut pm, 4, 5 << 10, now));
    assert_eq!(read16(&mut pm, 4, now), 5 << 10 | 1);
    for sleep_type in [0, 1, 3, 4, 7] {
        assert!(!write16(&mut pm, 4, 1 << 13 | sleep_type << 10, now));
    }
    assert!(write16(&mut pm, 4, 1 << 13 | 5 << 10, now));
    // SLP_EN is write-only, SCI_EN cannot be cleared.
    assert_eq!(read16(&mut pm, 4, now), 5 << 10 | 1);
}

#[test]
fn the_power_button_raises_the_sci_until_its_status_is_cleared() {
    let mut pm = pm();
    let now = Ticks(0);
    pm.press_power_button();
    assert!(!pm.sci());
    assert!(!write16(&mut pm, 2, 0x100, now));
    assert!(pm.sci());
    assert!(!write16(&mut pm, 0, 0x001, now));
    assert!(pm.sci());
    assert!(!write16(&mut pm, 0, 0x100, now));
    assert!(!pm.sci());
    assert_eq!(read16(&mut pm, 0, now), 0);
}

#[test]
fn the_timer_status_comes_with_each_toggle_of_the_highest_bit() {
    let mut pm = pm();
    assert_eq!(pm.next_event(), None);
    assert!(!pm.write(2, 1, Ticks(0)));
    let toggle = Ticks((1 << 31) * 1000);
    assert_eq!(pm.next_event(), Some(toggle));
    pm.poll(Ticks(toggle.0 - 1));
    assert!(!pm.sci());
    pm.poll(toggle);
    assert!(pm.sci());
    assert_eq!(pm.next_event(), None);
    assert!(!pm.write(0, 1, toggle));
    assert!(!pm.sci());
    assert_eq!(pm.next_event(), Some(Ticks(toggle.0 * 2)));
}

#[test]
fn bits_that_do_not_exist_stay_zero() {
    let mut pm = pm();
    let now = Ticks(0);
    assert!(!write16(&mut pm, 2, u16::MAX, now));
    assert_eq!(read16(&mut pm, 2, now), 0x0721);
    assert!(write16(&mut pm, 4, !(2 << 10), now));
    assert_eq!(read16(&mut pm, 4, now), 5 << 10 | 3);
    assert_eq!(pm.read(12, now), 0xff);
}
