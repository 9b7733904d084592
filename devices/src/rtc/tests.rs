//! The real-time clock against the MC146818's data sheet.

use super::*;

const TSC_HZ: u64 = 32_768_000;
/// 2000-02-28 23:59:58 UTC, a Monday.
const EPOCH: u64 = 951_782_398;

fn rtc() -> Rtc {
    Rtc::new(TSC_HZ, EPOCH)
}

fn seconds(seconds: u64) -> Ticks {
    Ticks(seconds * TSC_HZ)
}

fn read(rtc: &mut Rtc, index: u8, now: Ticks) -> u8 {
    rtc.write_index(index);
    rtc.read_data(now)
}

fn write(rtc: &mut Rtc, index: u8, value: u8, now: Ticks) {
    rtc.write_index(index);
    rtc.write_data(value, now);
}

fn date(rtc: &mut Rtc, now: Ticks) -> [u8; 8] {
    [0x32, 9, 8, 7, 6, 4, 2, 0].map(|index| read(rtc, index, now))
}

#[test]
fn time_passes_into_a_leap_day() {
    let mut rtc = rtc();
    let before = date(&mut rtc, seconds(0));
    assert_eq!(before, [0x20, 0x00, 0x02, 0x28, 2, 0x23, 0x59, 0x58]);
    let after = date(&mut rtc, seconds(2));
    assert_eq!(after, [0x20, 0x00, 0x02, 0x29, 3, 0x00, 0x00, 0x00]);
}

#[test]
fn hours_and_numbers_follow_register_b() {
    let mut rtc = rtc();
    write(&mut rtc, 0x0b, 0x04, seconds(0));
    assert_eq!(
        date(&mut rtc, seconds(0)),
        [20, 0, 2, 28, 2, 0x80 | 11, 59, 58]
    );
    assert_eq!(read(&mut rtc, 4, seconds(2)), 12);
    write(&mut rtc, 0x0b, 0x00, seconds(2));
    assert_eq!(read(&mut rtc, 4, seconds(2)), 0x12);
    assert_eq!(read(&mut rtc, 4, seconds(2 + 12 * 3600)), 0x92);
}

#[test]
fn a_set_clock_stands_and_goes_on_from_what_was_written() {
    let mut rtc = rtc();
    write(&mut rtc, 0x0b, 0x82, seconds(0));
    for (index, value) in [
        (0x32, 0x19),
        (9, 0x99),
        (8, 0x12),
        (7, 0x31),
        (4, 0x23),
        (2, 0x59),
        (0, 0x59),
    ] {
        write(&mut rtc, index, value, seconds(5));
    }
    assert_eq!(read(&mut rtc, 0, seconds(100)), 0x59);
    write(&mut rtc, 0x0b, 0x02, seconds(100));
    let new_year = date(&mut rtc, seconds(101));
    assert_eq!(new_year, [0x20, 0x00, 0x01, 0x01, 7, 0, 0, 0]);
}

#[test]
fn a_running_clock_takes_a_field_at_once() {
    let mut rtc = rtc();
    write(&mut rtc, 4, 0x05, seconds(0));
    assert_eq!(date(&mut rtc, seconds(0))[5..], [0x05, 0x59, 0x58]);
}

#[test]
fn the_update_flag_comes_each_second_and_clears_by_reading() {
    let mut rtc = rtc();
    write(&mut rtc, 0x0b, 0x12, seconds(0));
    assert_eq!(rtc.next_event(), Some(seconds(1)));
    rtc.poll(seconds(1));
    assert!(rtc.irq());
    assert_eq!(rtc.next_event(), None);
    assert_eq!(read(&mut rtc, 0x0c, seconds(1)) & 0x90, 0x90);
    assert!(!rtc.irq());
    assert_eq!(read(&mut rtc, 0x0c, seconds(1)), 0);
}

#[test]
fn flags_rise_without_their_interrupt() {
    let mut rtc = rtc();
    assert_eq!(read(&mut rtc, 0x0c, seconds(1)), 0x50);
    assert_eq!(rtc.next_event(), None);
}

#[test]
fn periodic_interrupts_have_the_rate_of_register_a() {
    let mut rtc = rtc();
    write(&mut rtc, 0x0a, 0x26, seconds(0));
    write(&mut rtc, 0x0b, 0x42, seconds(0));
    let mut now = Ticks(0);
    for _ in 0..1024 {
        now = rtc.next_event().expect("periodic");
        rtc.poll(now);
        assert!(rtc.irq());
        assert_eq!(read(&mut rtc, 0x0c, now) & 0xc0, 0xc0);
    }
    assert_eq!(now, seconds(1));
}

#[test]
fn an_alarm_fires_when_its_registers_match() {
    let mut rtc = rtc();
    for (index, value) in [(1, 0x05), (3, 0xff), (5, 0x01)] {
        write(&mut rtc, index, value, seconds(0));
    }
    write(&mut rtc, 0x0b, 0x22, seconds(0));
    // Two seconds to midnight, an hour, five seconds.
    let first = seconds(2 + 3600 + 5);
    assert_eq!(rtc.next_event(), Some(first));
    rtc.poll(Ticks(first.0 - 1));
    assert!(!rtc.irq());
    rtc.poll(first);
    assert!(rtc.irq());
    assert_eq!(read(&mut rtc, 0x0c, first) & 0xa0, 0xa0);
    assert_eq!(rtc.next_event(), Some(seconds(2 + 3600 + 65)));
}

#[test]
fn an_alarm_that_cannot_be_never_comes() {
    let mut rtc = rtc();
    write(&mut rtc, 5, 0x77, seconds(0));
    write(&mut rtc, 0x0b, 0x22, seconds(0));
    assert_eq!(rtc.next_event(), None);
    rtc.poll(seconds(200_000));
    assert!(!rtc.irq());
}

#[test]
fn the_next_alarm_is_the_first_second_that_matches() {
    // Every combination of set and any, against a search.
    for (second, minute, hour) in [
        (5, 0xff, 0xff),
        (0xff, 7, 0xff),
        (0xff, 0xff, 3),
        (0, 0, 0),
        (59, 59, 23),
        (9, 0xc0, 9),
    ] {
        let mut rtc = rtc();
        write(&mut rtc, 0x0b, 0x06, seconds(0));
        for (index, value) in [(1, second), (3, minute), (5, hour)] {
            write(&mut rtc, index, value, seconds(0));
        }
        let matches = |wanted: u8, value: i64| wanted >= 0xc0 || i64::from(wanted) == value;
        let start = i64::try_from(EPOCH).expect("small");
        let searched = (start + 1..).find(|at| {
            let time = at.rem_euclid(DAY);
            matches(second, time % 60)
                && matches(minute, time / 60 % 60)
                && matches(hour, time / 3600)
        });
        assert_eq!(rtc.next_alarm(start), searched, "{second} {minute} {hour}");
    }
}

#[test]
fn an_update_shows_itself_before_the_second_ends() {
    let mut rtc = rtc();
    assert_eq!(read(&mut rtc, 0x0a, Ticks(TSC_HZ - 9000)) & 0x80, 0);
    assert_eq!(read(&mut rtc, 0x0a, Ticks(TSC_HZ - 1)) & 0x80, 0x80);
    assert_eq!(read(&mut rtc, 0x0a, seconds(1)) & 0x80, 0);
}

#[test]
fn memory_keeps_bytes_and_reset_stops_interrupts_alone() {
    let mut rtc = rtc();
    write(&mut rtc, 0x7f, 0xa5, seconds(0));
    write(&mut rtc, 0x0b, 0x72, seconds(0));
    rtc.reset();
    assert_eq!(read(&mut rtc, 0x7f, seconds(1)), 0xa5);
    assert_eq!(read(&mut rtc, 0x0b, seconds(1)), 0x02);
    assert_eq!(read(&mut rtc, 0x00, seconds(1)), 0x59);
    assert_eq!(read(&mut rtc, 0x0d, seconds(1)), 0x80);
}
