//! Dates: reading what JavaScript reads, writing what .NET patterns ask for. Time is milliseconds
//! since 1970 in UTC.

mod read;
mod write;

pub(crate) use read::{dayjs_date, iso_millis, js_date};
pub(crate) use write::{DEFAULT_FORMAT, Shown, dayjs_pattern, format, month_name};

use super::number::from_i64;

pub(crate) const DAY: i64 = 86_400_000;
pub(crate) const HOUR: i64 = 3_600_000;
pub(crate) const MINUTE: i64 = 60_000;
pub(crate) const SECOND: i64 = 1_000;
/// The last moment JavaScript can hold, either way.
const LAST: i64 = 8_640_000_000_000_000;

/// A moment, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
    pub(crate) milli: i64,
}

impl Civil {
    /// Takes a moment apart (the era arithmetic of Hinnant's "chrono-compatible date algorithms").
    pub(crate) fn of(millis: i64) -> Self {
        let (days, rest) = (millis.div_euclid(DAY), millis.rem_euclid(DAY));
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * from_march + 2) / 5 + 1,
            hour: rest / HOUR,
            minute: rest / MINUTE % 60,
            second: rest / SECOND % 60,
            milli: rest % SECOND,
        }
    }

    /// Puts a moment together; days beyond a month's end run into the next month.
    pub(crate) fn millis(self) -> Option<i64> {
        let months = self.year.checked_mul(12)?.checked_add(self.month - 1)?;
        let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
        let year = if month <= 2 { year - 1 } else { year };
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let from_march = if month > 2 { month - 3 } else { month + 9 };
        let day_of_year = (153 * from_march + 2) / 5 + self.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = era.checked_mul(146_097)?.checked_add(day_of_era - 719_468)?;
        let time = self.hour * HOUR + self.minute * MINUTE + self.second * SECOND + self.milli;
        in_range(days.checked_mul(DAY)?.checked_add(time)?)
    }

    pub(crate) fn midnight(self) -> Self {
        Self { hour: 0, ..self.on_the_hour() }
    }

    pub(crate) fn on_the_hour(self) -> Self {
        Self { minute: 0, second: 0, milli: 0, ..self }
    }

    /// The same day of another month, or that month's last.
    pub(crate) fn plus_months(self, months: i64) -> Option<Self> {
        let months = self.year.checked_mul(12)?.checked_add(self.month - 1)?.checked_add(months)?;
        let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
        Some(Self { year, month, day: self.day.min(days_in(year, month)), ..self })
    }

    /// 0 is Sunday.
    pub(crate) fn weekday(self) -> i64 {
        let days = self.midnight().millis().unwrap_or(0).div_euclid(DAY);
        (days + 4).rem_euclid(7)
    }

    pub(crate) fn day_of_year(self) -> i64 {
        let first = Self { month: 1, day: 1, ..self };
        let days = |civil: Self| civil.midnight().millis().unwrap_or(0).div_euclid(DAY);
        days(self) - days(first) + 1
    }
}

pub(crate) fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// A moment that JavaScript can hold.
pub(crate) fn in_range(millis: i64) -> Option<i64> {
    (-LAST..=LAST).contains(&millis).then_some(millis)
}

/// A moment out of a computed number of milliseconds.
pub(crate) fn from_number(millis: f64) -> Option<i64> {
    (millis.abs() <= from_i64(LAST)).then(|| super::number::to_i64(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taken_apart_and_put_together() {
        for millis in [0, -1, 1_521_118_800_111, 951_782_400_000, -62_167_219_200_000, LAST, -LAST]
        {
            assert_eq!(Civil::of(millis).millis(), Some(millis));
        }
        let leap = Civil::of(951_782_400_000);
        assert_eq!((leap.year, leap.month, leap.day, leap.weekday()), (2000, 2, 29, 2));
        assert_eq!(leap.plus_months(12).map(|c| (c.year, c.month, c.day)), Some((2001, 2, 28)));
        assert_eq!(leap.day_of_year(), 60);
    }
}
