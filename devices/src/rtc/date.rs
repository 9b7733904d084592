//! The Gregorian calendar, proleptic, for the real-time clock.

/// Seconds a day.
pub const DAY: i64 = 86_400;

/// A date and time of day, not necessarily a real one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Date {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
}

/// Days before the first of a month counted from March, in a year that begins with March.
const fn days_before(month_from_march: i64) -> i64 {
    (153 * month_from_march + 2) / 5
}

/// Days in the years from March of year 0 to March of `year`, Gregorian.
const fn days_of_years(year: i64) -> i64 {
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400)
}

/// Days from 0000-03-01 to 1970-01-01.
const UNIX_EPOCH: i64 = days_of_years(1969) + days_before(10);

impl Date {
    /// Seconds since 1970. A day past the end of its month counts on into the next.
    pub const fn seconds(self) -> i64 {
        let shifted = self.month - 3;
        let year = self.year + shifted.div_euclid(12);
        let days = days_of_years(year) + days_before(shifted.rem_euclid(12)) + self.day - 1;
        let time = self.hour * 3600 + self.minute * 60 + self.second;
        (days - UNIX_EPOCH) * DAY + time
    }

    pub const fn from_seconds(seconds: i64) -> Self {
        let days = seconds.div_euclid(DAY) + UNIX_EPOCH;
        let time = seconds.rem_euclid(DAY);
        // 146,097 days are 400 years; the estimate is at most one year too large.
        let mut year = (400 * (days + 1)).div_euclid(146_097) + 1;
        while days_of_years(year) > days {
            year -= 1;
        }
        let day_of_year = days - days_of_years(year);
        let shifted = (5 * day_of_year + 2) / 153;
        Self {
            year: if shifted >= 10 { year + 1 } else { year },
            month: (shifted + 2) % 12 + 1,
            day: day_of_year - days_before(shifted) + 1,
            hour: time / 3600,
            minute: time / 60 % 60,
            second: time % 60,
        }
    }

    /// 1 is Sunday. 1970-01-01 was a Thursday.
    pub const fn weekday(seconds: i64) -> i64 {
        (seconds.div_euclid(DAY) + 4).rem_euclid(7) + 1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn date(year: i64, month: i64, day: i64) -> Date {
        Date {
            year,
            month,
            day,
            hour: 0,
            minute: 0,
            second: 0,
        }
    }

    #[test]
    fn known_days_are_where_they_belong() {
        assert_eq!(date(1970, 1, 1).seconds(), 0);
        assert_eq!(date(2000, 2, 29).seconds(), 951_782_400);
        assert_eq!(date(2038, 1, 19).seconds() / DAY, i64::from(i32::MAX) / DAY);
        assert_eq!(
            date(1900, 3, 1).seconds() - date(1900, 2, 28).seconds(),
            DAY
        );
        // 1 January 2000 was a Saturday.
        assert_eq!(Date::weekday(946_684_800), 7);
        assert_eq!(Date::weekday(-DAY), 4);
    }

    proptest! {
        #[test]
        fn every_second_has_a_date_that_means_it(seconds in -62_167_219_200i64..253_402_300_800) {
            let date = Date::from_seconds(seconds);
            prop_assert_eq!(date.seconds(), seconds);
            prop_assert!((1..=12).contains(&date.month) && (1..=31).contains(&date.day));
            prop_assert!((0..24).contains(&date.hour) && (0..60).contains(&date.minute));
        }

        #[test]
        fn the_day_after_is_one_day_later(days in -719_000i64..2_900_000) {
            let (today, tomorrow) = (Date::from_seconds(days * DAY), Date::from_seconds((days + 1) * DAY));
            prop_assert!(tomorrow.day == today.day + 1 || tomorrow.day == 1 && today.day >= 28);
        }
    }
}
