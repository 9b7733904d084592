//! What time it is, and how fast the TSC runs: measured against a timer whose frequency is known.

use crate::cpu;
use isthmus_abi::Port;

/// The ACPI power management timer's frequency in Hz (ACPI 6.5 §4.8.3.3).
const PM_TIMER_HZ: u64 = 3_579_545;
/// The PIT's frequency in Hz.
const PIT_HZ: u64 = 1_193_182;
/// How long is measured: a 200th of a second.
const FRACTION: u64 = 200;

/// The TSC's frequency in Hz, measured over 5 ms: against the power management timer where there is one, else
/// against the PIT.
#[must_use]
pub fn tsc_hz(pm_timer: Option<Port>) -> u64 {
    pm_timer.and_then(by_pm_timer).unwrap_or_else(by_pit)
}

/// Between two edges of the timer, so that its coarse steps do not blur the result. `None` if it stands still.
fn by_pm_timer(port: Port) -> Option<u64> {
    let read = || cpu::port_read32(port) & 0xff_ffff;
    let edge = |from: u32| {
        for _ in 0..1_000_000 {
            let now = read();
            if now != from {
                return Some((now, cpu::rdtsc()));
            }
        }
        None
    };
    let (first, start) = edge(read())?;
    let wanted = (PM_TIMER_HZ / FRACTION) as u32;
    loop {
        let (now, tsc) = edge(read())?;
        let elapsed = now.wrapping_sub(first) & 0xff_ffff;
        if elapsed >= wanted {
            return Some(tsc.wrapping_sub(start) * PM_TIMER_HZ / u64::from(elapsed));
        }
    }
}

/// Counter 2 in mode 0: its output, at port 0x61 bit 5, rises when the count is down (8254 data sheet).
fn by_pit() -> u64 {
    let count = PIT_HZ / FRACTION;
    let write = |port, value| {
        // SAFETY: timer and speaker gate; no memory is touched.
        unsafe { cpu::port_write8(Port(port), value) };
    };
    write(0x61, cpu::port_read8(Port(0x61)) & !2 | 1);
    write(0x43, 0b1011_0000);
    write(0x42, count as u8);
    write(0x42, (count >> 8) as u8);
    let start = cpu::rdtsc();
    while cpu::port_read8(Port(0x61)) & 0x20 == 0 {
        cpu::pause();
    }
    cpu::rdtsc().wrapping_sub(start) * FRACTION
}

fn cmos(register: u8) -> u8 {
    // SAFETY: selects a CMOS register, with NMI left enabled.
    unsafe { cpu::port_write8(Port(0x70), register) };
    cpu::port_read8(Port(0x71))
}

/// Seconds since 1970 by the real-time clock, in its own zone; two readings must agree, since an update may fall
/// between its registers (MC146818 data sheet).
#[must_use]
pub fn unix_time() -> u64 {
    const REGISTERS: [u8; 6] = [0x00, 0x02, 0x04, 0x07, 0x08, 0x09];
    let mut last = REGISTERS.map(cmos);
    for _ in 0..8 {
        let now = REGISTERS.map(cmos);
        if now == last {
            break;
        }
        last = now;
    }
    let status_b = cmos(0x0b);
    let plain = |value: u8| {
        if status_b & 4 != 0 {
            value
        } else {
            (value >> 4) * 10 + (value & 0xf)
        }
    };
    let [second, minute, hour, day, month, year] = last;
    let afternoon = status_b & 2 == 0 && hour & 0x80 != 0;
    let hour = match (status_b & 2 == 0, plain(hour & 0x7f) % 12) {
        (true, hour) => hour + if afternoon { 12 } else { 0 },
        (false, _) => plain(hour),
    };
    // Two digits: no machine that runs this was built before 1970.
    let year = match u64::from(plain(year)) {
        year @ 70.. => 1900 + year,
        year => 2000 + year,
    };
    let days = days_since_1970(year, plain(month).into(), plain(day).into());
    (days * 24 + u64::from(hour)) * 3600 + u64::from(plain(minute)) * 60 + u64::from(plain(second))
}

/// Days from 1970-01-01 to a date of the Gregorian calendar.
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    // Years start in March here, so that the leap day is a year's last.
    let (year, month) = if month <= 2 {
        (year - 1, month + 9)
    } else {
        (year, month.wrapping_sub(3))
    };
    let leap_days = year / 4 - year / 100 + year / 400;
    (year * 365 + leap_days + (153 * month + 2) / 5 + day).saturating_sub(719_469)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dates_count_right() {
        assert_eq!(days_since_1970(2000, 1, 1), 10_957);
        assert_eq!(days_since_1970(2024, 2, 29), 19_782);
        assert_eq!(days_since_1970(2026, 11, 21), 20_778);
    }
}
