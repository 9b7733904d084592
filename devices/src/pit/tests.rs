//! The 8254 against its data sheet.

use super::*;

/// One cycle of the timer is a thousand ticks.
const CYCLE: u64 = 1000;

fn pit() -> Pit {
    Pit::new(HZ * CYCLE)
}

fn at(cycle: u64) -> Ticks {
    Ticks(cycle * CYCLE)
}

fn program(pit: &mut Pit, control: u8, count: u16, now: Ticks) {
    let [low, high] = count.to_le_bytes();
    pit.write(3, control, now);
    pit.write(control >> 6, low, now);
    pit.write(control >> 6, high, now);
}

fn latched(pit: &mut Pit, counter: u8, now: Ticks) -> u16 {
    pit.write(3, counter << 6, now);
    let bytes = [pit.read(counter, now), pit.read(counter, now)];
    u16::from_le_bytes(bytes)
}

fn speaker_out(pit: &mut Pit, now: Ticks) -> bool {
    pit.read_control_b(now) & 0x20 != 0
}

#[test]
fn mode_2_ticks_once_a_period_and_counts_down_to_one() {
    let mut pit = pit();
    program(&mut pit, 0x34, 1000, at(0));
    assert_eq!(latched(&mut pit, 0, at(0)), 1000);
    assert_eq!(latched(&mut pit, 0, at(999)), 1);
    assert!(!pit.poll(at(999)));
    assert_eq!(pit.next_event(), Some(at(1000)));
    assert!(pit.poll(at(1000)));
    assert!(!pit.poll(at(1999)));
    assert!(pit.poll(at(2000)));
}

#[test]
fn missed_ticks_are_one_tick() {
    let mut pit = pit();
    program(&mut pit, 0x34, 1000, at(0));
    assert!(pit.poll(at(50_500)));
    assert!(!pit.poll(at(50_501)));
    assert_eq!(pit.next_event(), Some(at(51_000)));
}

#[test]
fn a_count_of_one_ticks_no_faster_than_the_limit() {
    let mut pit = pit();
    program(&mut pit, 0x34, 1, at(0));
    let limit = Clock::nanoseconds(HZ * CYCLE).ticks(MIN_PERIOD_NS).0;
    let mut now = at(10);
    assert!(pit.poll(now));
    for _ in 0..100 {
        let next = pit.next_event().expect("periodic");
        assert!(next.since(now) >= limit);
        assert!(!pit.poll(Ticks(next.0 - 1)));
        assert!(pit.poll(next));
        now = next;
    }
}

#[test]
fn mode_0_raises_its_output_once_and_counts_on() {
    let mut pit = pit();
    program(&mut pit, 0x30, 100, at(0));
    assert!(!pit.poll(at(99)));
    assert!(pit.poll(at(100)));
    assert!(!pit.poll(at(500_000)));
    assert_eq!(pit.next_event(), None);
    assert_eq!(
        latched(&mut pit, 0, at(500_000)),
        (100u64.wrapping_sub(500_000) & 0xffff) as u16
    );
}

#[test]
fn a_first_byte_stops_mode_0_until_the_second() {
    let mut pit = pit();
    program(&mut pit, 0x30, 100, at(0));
    pit.write(0, 200, at(50));
    assert!(!pit.poll(at(150)));
    pit.write(0, 0, at(150));
    assert!(!pit.poll(at(349)));
    assert!(pit.poll(at(350)));
}

#[test]
fn a_new_count_in_mode_2_waits_for_the_end_of_the_period() {
    let mut pit = pit();
    program(&mut pit, 0x34, 1000, at(0));
    assert!(pit.poll(at(10_000)));
    pit.write(0, 0xf4, at(10_400));
    pit.write(0, 0x01, at(10_400));
    assert_eq!(pit.next_event(), Some(at(11_000)));
    assert!(pit.poll(at(11_000)));
    assert_eq!(pit.next_event(), Some(at(11_500)));
}

#[test]
fn mode_3_is_high_for_the_larger_half_and_counts_by_two() {
    let mut pit = pit();
    pit.write_control_b(1, at(0));
    program(&mut pit, 0xb6, 5, at(0));
    let outs = [0, 1, 2, 3, 4, 5].map(|cycle| speaker_out(&mut pit, at(cycle)));
    assert_eq!(outs, [true, true, true, false, false, true]);
    program(&mut pit, 0xb6, 100, at(100));
    assert_eq!(latched(&mut pit, 2, at(110)), 80);
    assert_eq!(latched(&mut pit, 2, at(160)), 80);
}

#[test]
fn the_gate_pauses_mode_0_and_restarts_mode_2() {
    let mut pit = pit();
    pit.write_control_b(1, at(0));
    program(&mut pit, 0xb0, 100, at(0));
    pit.write_control_b(0, at(40));
    assert!(!speaker_out(&mut pit, at(1000)));
    pit.write_control_b(1, at(1000));
    assert!(!speaker_out(&mut pit, at(1059)));
    assert!(speaker_out(&mut pit, at(1060)));

    program(&mut pit, 0xb4, 100, at(2000));
    pit.write_control_b(0, at(2050));
    assert!(speaker_out(&mut pit, at(2099)));
    pit.write_control_b(1, at(2500));
    assert_eq!(latched(&mut pit, 2, at(2510)), 90);
}

#[test]
fn mode_1_is_triggered_by_the_gate_and_mode_5_strobes() {
    let mut pit = pit();
    program(&mut pit, 0xb2, 10, at(0));
    assert!(speaker_out(&mut pit, at(100)));
    pit.write_control_b(1, at(100));
    assert!(!speaker_out(&mut pit, at(109)));
    assert!(speaker_out(&mut pit, at(110)));
    pit.write_control_b(0, at(120));
    program(&mut pit, 0xba, 10, at(120));
    pit.write_control_b(1, at(200));
    let outs = [209, 210, 211].map(|cycle| speaker_out(&mut pit, at(cycle)));
    assert_eq!(outs, [true, false, true]);
}

#[test]
fn mode_4_ticks_after_its_strobe() {
    let mut pit = pit();
    program(&mut pit, 0x38, 10, at(0));
    assert!(!pit.poll(at(10)));
    assert!(pit.poll(at(11)));
    assert_eq!(pit.next_event(), None);
}

#[test]
fn read_back_latches_status_and_count_until_read() {
    let mut pit = pit();
    program(&mut pit, 0x34, 1000, at(0));
    pit.write(3, 0xc2, at(100));
    pit.write(3, 0xc2, at(500));
    assert_eq!(pit.read(0, at(600)), 0x80 | 0x34);
    assert_eq!(pit.read(0, at(600)), 900u16.to_le_bytes()[0]);
    assert_eq!(pit.read(0, at(600)), 900u16.to_le_bytes()[1]);
    assert_eq!(pit.read(0, at(600)), 400u16.to_le_bytes()[0]);
}

#[test]
fn counts_may_be_decimal() {
    let mut pit = pit();
    program(&mut pit, 0x35, 0x1000, at(0));
    assert_eq!(latched(&mut pit, 0, at(1)), 0x0999);
    program(&mut pit, 0x35, 0, at(100));
    assert_eq!(latched(&mut pit, 0, at(101)), 0x9999);
}

#[test]
fn one_byte_access_reads_and_writes_that_byte() {
    let mut pit = pit();
    pit.write(3, 0x14, at(0));
    pit.write(0, 100, at(0));
    assert_eq!([pit.read(0, at(1)), pit.read(0, at(2))], [99, 98]);
    pit.write(3, 0x24, at(10));
    pit.write(0, 2, at(10));
    assert_eq!(pit.read(0, at(10)), 2);
    assert_eq!(pit.read(0, at(11)), 1);
}

#[test]
fn the_refresh_bit_toggles_every_fifteen_microseconds() {
    let mut pit = pit();
    let clock = Clock::nanoseconds(HZ * CYCLE);
    let toggles = [0, 15_086, 30_171].map(|ns| pit.read_control_b(clock.ticks(ns)) & 0x10);
    assert_eq!(toggles, [0, 0x10, 0]);
}
