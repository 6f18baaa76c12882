//! When something happened, in the many ways that products write it.
//!
//! What is ambiguous stays unread: `03/04/2026` is March in one country and April in another, and
//! `EST` is two zones. Without a zone a time is UTC, which is what products mean by it.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};

use super::json::Json;

/// A time as a number since 1970 or 1601, or as a text in one of the usual forms.
///
/// `near` is when the message came: classic syslog leaves the year out, which is then the one
/// that makes the time the latest before it.
pub(super) fn read(value: &Json<'_>, near: Option<Timestamp>) -> Option<Timestamp> {
    let time = match value {
        Json::Number(digits) => epoch(digits),
        other => text(other.str()?, near),
    };
    // Products write the year 1 for "never" and 1970 for "not set".
    time.filter(|time| time.as_second() > 0)
}

/// Reads a text. The common form first, since every message has one.
fn text(text: &str, near: Option<Timestamp>) -> Option<Timestamp> {
    // The longest form, with the name of a day and a zone, has fewer than 50 letters.
    if text.len() > 64 {
        return None;
    }
    if text.len() > 19
        && text.as_bytes().get(10) == Some(&b'T')
        && let Ok(time) = text.parse()
    {
        return Some(time);
    }
    if text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+')) {
        // Fourteen digits are a date: as milliseconds they would be a year after 2600.
        return compact(text).or_else(|| epoch(text));
    }
    net_date(text).or_else(|| compact(text)).or_else(|| Parts::of(text)?.read(near))
}

/// A count whose size tells its unit: each step of a thousand is out of the other unit's
/// plausible range (years 1973 to 5138 in seconds). Eighteen digits are 100 ns since 1601 (a
/// Windows file time, years 1981 to 2108) or since the year 1 (.NET ticks, 1965 to 2091).
#[expect(
    clippy::cast_possible_truncation,
    reason = "a float count has at most microseconds, and the range is checked"
)]
fn epoch(digits: &str) -> Option<Timestamp> {
    const FILE_TIME: i64 = 11_644_473_600_000_000;
    const TICKS: i64 = 62_135_596_800_000_000;
    let micros = if let Ok(count) = digits.parse::<i64>() {
        match count {
            100_000_000..100_000_000_000 => count.checked_mul(1_000_000)?,
            100_000_000_000..100_000_000_000_000 => count.checked_mul(1000)?,
            100_000_000_000_000..100_000_000_000_000_000 => count,
            120_000_000_000_000_000..160_000_000_000_000_000 => count / 10 - FILE_TIME,
            620_000_000_000_000_000..660_000_000_000_000_000 => count / 10 - TICKS,
            1_000_000_000_000_000_000.. => return Timestamp::from_nanosecond(count.into()).ok(),
            _ => return None,
        }
    } else {
        let seconds = digits.parse::<f64>().ok()?;
        let seconds = match seconds.abs() {
            s if (1e8..1e11).contains(&s) => seconds,
            s if (1e11..1e14).contains(&s) => seconds / 1e3,
            s if (1e14..1e17).contains(&s) => seconds / 1e6,
            _ => return None,
        };
        (seconds * 1e6).round() as i64
    };
    Timestamp::from_microsecond(micros).ok()
}

/// `/Date(1657174538000)/`, also with an offset, which changes nothing about the instant.
fn net_date(text: &str) -> Option<Timestamp> {
    let inner = text.trim_matches(['/', '\\']).strip_prefix("Date(")?.strip_suffix(')')?;
    let end = inner.get(1..)?.find(['+', '-']).map_or(inner.len(), |at| at + 1);
    let millis: i64 = inner.get(..end)?.parse().ok()?;
    Timestamp::from_millisecond(millis).ok()
}

/// `20260102T030405Z` and `20260102030405`.
fn compact(text: &str) -> Option<Timestamp> {
    let bare = text.strip_suffix('Z').unwrap_or(text);
    let (date, time) = match bare.split_once('T') {
        Some(parts) => parts,
        None if bare.len() == 14 => bare.split_at_checked(8)?,
        None => return None,
    };
    if date.len() != 8 || time.len() != 6 {
        return None;
    }
    let number = |text: &str, from: usize, to: usize| text.get(from..to)?.parse::<i8>().ok();
    let year = date.get(..4)?.parse().ok()?;
    let date = Date::new(year, number(date, 4, 6)?, number(date, 6, 8)?).ok()?;
    let time = Time::new(number(time, 0, 2)?, number(time, 2, 4)?, number(time, 4, 6)?, 0).ok()?;
    TimeZone::UTC.to_timestamp(DateTime::from_parts(date, time)).ok()
}

/// What the words of a date say, before it is known whether they make one.
#[derive(Debug, Default)]
struct Parts {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    /// Two numbers with a slash, whose order is not known yet.
    pair: Option<(i8, i8)>,
    time: Option<(i8, i8, i8, i32)>,
    afternoon: Option<bool>,
    offset: Option<Offset>,
}

impl Parts {
    /// Takes a text apart; nothing when a word of it means nothing.
    fn of(text: &str) -> Option<Self> {
        let mut parts = Self::default();
        let bytes = text.as_bytes();
        // `2026-01-02T…`, `2026/01/02 …` and `2026-01-02_…`: the date ends where the time begins.
        let (head, tail) = match bytes.get(10) {
            Some(b'T' | b't' | b'_') if bytes.first().is_some_and(u8::is_ascii_digit) => {
                (text.get(..10)?, text.get(11..)?)
            }
            _ => (text, ""),
        };
        for word in head.split([' ', ',']).chain(tail.split([' ', ','])) {
            if !word.is_empty() {
                parts.word(word)?;
            }
        }
        Some(parts)
    }

    fn word(&mut self, word: &str) -> Option<()> {
        // `10/Oct/2000:13:55:36` is a date and a time in one word.
        if let Some((date, time)) = word.split_once(':')
            && date.matches('/').count() == 2
        {
            self.word(date)?;
            return self.word(time);
        }
        if word.contains(':') {
            return self.clock(word);
        }
        match word.to_ascii_uppercase().as_str() {
            "AM" => self.afternoon = Some(false),
            "PM" => self.afternoon = Some(true),
            "UTC" | "GMT" | "Z" | "+UTC" => self.offset = Some(Offset::UTC),
            _ if self.offset(word).is_some() => {}
            _ if word.contains(['-', '/']) => self.date(word)?,
            _ if word.bytes().all(|byte| byte.is_ascii_digit()) => self.number(word)?,
            _ => match (month(word), is_weekday(word)) {
                (Some(month), _) => self.month = Some(month),
                (None, true) => {}
                (None, false) => return None,
            },
        }
        Some(())
    }

    /// A day of one or two digits, or a year of four.
    fn number(&mut self, word: &str) -> Option<()> {
        match word.len() {
            1 | 2 => self.day = Some(word.parse().ok()?),
            4 => self.year = Some(word.parse().ok()?),
            _ => return None,
        }
        Some(())
    }

    /// `2026-01-02`, `2026/1/2`, `3/24/2022`, `10/Oct/2000`, `02-Jan-2026`.
    fn date(&mut self, word: &str) -> Option<()> {
        let mut fields = word.split(['-', '/']);
        let (first, second, third) = (fields.next()?, fields.next()?, fields.next()?);
        if fields.next().is_some() {
            return None;
        }
        if first.len() == 4 {
            self.year = Some(first.parse().ok()?);
            self.month = Some(month(second).or_else(|| second.parse().ok())?);
            self.day = Some(third.parse().ok()?);
        } else {
            self.year = Some(third.parse().ok().filter(|_| third.len() == 4)?);
            match month(second) {
                Some(month) => (self.month, self.day) = (Some(month), Some(first.parse().ok()?)),
                None => self.pair = Some((first.parse().ok()?, second.parse().ok()?)),
            }
        }
        Some(())
    }

    /// `13:55`, `13:55:36.25`, `13:55:36,25`, with a zone right behind.
    fn clock(&mut self, word: &str) -> Option<()> {
        let end = word.find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.')));
        // A comma before a fraction has split the word, so only a zone can follow.
        let (clock, zone) = word.split_at_checked(end.unwrap_or(word.len()))?;
        match zone.to_ascii_uppercase().as_str() {
            "" => {}
            "Z" | "UTC" | "GMT" => self.offset = Some(Offset::UTC),
            "AM" => self.afternoon = Some(false),
            "PM" => self.afternoon = Some(true),
            _ => self.offset(zone)?,
        }
        // `+01:00` alone is an offset too, and has been read as one above.
        if clock.is_empty() {
            return Some(());
        }
        let mut fields = clock.split(':');
        let (hour, minute) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        let second = fields.next().unwrap_or("0");
        let (second, fraction) = second.split_once('.').unwrap_or((second, ""));
        if fields.next().is_some() || self.time.is_some() {
            return None;
        }
        self.time = Some((hour, minute, second.parse().ok()?, nanos(fraction)?));
        Some(())
    }

    /// `+01:00`, `+0100`, `+01.00`, `-5`, `UTC+0000`, and a zone's name in brackets.
    fn offset(&mut self, word: &str) -> Option<()> {
        let bare = word.trim_matches(['(', ')']);
        let bare = bare.strip_prefix("UTC").or_else(|| bare.strip_prefix("GMT")).unwrap_or(bare);
        let sign = match bare.as_bytes().first()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let digits: String = bare.chars().filter(char::is_ascii_digit).collect();
        let rest = bare.trim_start_matches(['+', '-']);
        if rest.bytes().any(|byte| !(byte.is_ascii_digit() || matches!(byte, b':' | b'.'))) {
            return None;
        }
        let (hours, minutes) = match digits.len() {
            1 | 2 => (digits.parse::<i32>().ok()?, 0),
            4 => (digits.get(..2)?.parse().ok()?, digits.get(2..)?.parse::<i32>().ok()?),
            _ => return None,
        };
        self.offset = Some(Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()?);
        Some(())
    }

    fn read(self, near: Option<Timestamp>) -> Option<Timestamp> {
        let (month, day) = match self.pair {
            // Only the American form writes AM and PM after slashes.
            Some((first, second)) if self.afternoon.is_some() || second > 12 => (first, second),
            Some((first, second)) if first > 12 => (second, first),
            Some(_) => return None,
            None => (self.month?, self.day?),
        };
        let (hour, minute, second, fraction) = self.time.unwrap_or_default();
        let hour = match self.afternoon {
            Some(afternoon) if (1..=12).contains(&hour) => hour % 12 + 12 * i8::from(afternoon),
            Some(_) => return None,
            None => hour,
        };
        let time = Time::new(hour, minute, second.min(59), fraction).ok()?;
        let zone = TimeZone::fixed(self.offset.unwrap_or(Offset::UTC));
        let at = |year: i16| {
            let date = Date::new(year, month, day).ok()?;
            zone.to_timestamp(DateTime::from_parts(date, time)).ok()
        };
        if let Some(year) = self.year {
            return at(year);
        }
        // A day without an hour and a year is no time at all.
        self.time?;
        let near = near?;
        let this_year = near.to_zoned(TimeZone::UTC).year();
        // A day's slack: clocks differ, and so do zones that the text does not name.
        let latest = near.as_second() + 86_400;
        at(this_year).filter(|time| time.as_second() <= latest).or_else(|| at(this_year - 1))
    }
}

/// A fraction of a second in nanoseconds; more digits than nine are cut.
fn nanos(fraction: &str) -> Option<i32> {
    let digits = fraction.get(..fraction.len().min(9))?;
    if digits.is_empty() {
        return Some(0);
    }
    let missing = u32::try_from(9 - digits.len()).ok()?;
    Some(digits.parse::<i32>().ok()? * 10_i32.pow(missing))
}

fn month(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let lower = word.trim_end_matches('.').to_ascii_lowercase();
    if lower.len() < 3 {
        return None;
    }
    let at = MONTHS.iter().position(|month| month.starts_with(lower.as_str()))?;
    i8::try_from(at + 1).ok()
}

fn is_weekday(word: &str) -> bool {
    const DAYS: [&str; 7] =
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let lower = word.trim_end_matches('.').to_ascii_lowercase();
    lower.len() >= 3 && DAYS.iter().any(|day| day.starts_with(lower.as_str()))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn times_as_products_write_them() {
        fn check(raw: &str, expected: &str) {
            let near = "2026-01-02T00:00:00Z".parse().ok();
            let value = Json::Text(Cow::Borrowed(raw));
            let got = read(&value, near).map_or_else(|| "-".to_owned(), |time| time.to_string());
            assert_eq!(got, expected, "{raw}");
        }
        check("2024-02-29T12:00:00.1234567Z", "2024-02-29T12:00:00.1234567Z");
        check("2024-02-29T12:00:00-0500", "2024-02-29T17:00:00Z");
        check("2024-02-29 12:00:00.000000000", "2024-02-29T12:00:00Z");
        check("2015/06/17T00:00:00.083", "2015-06-17T00:00:00.083Z");
        check("2025-02-03T21:41:42.853014+01.00", "2025-02-03T20:41:42.853014Z");
        check("2024-07-18 15:08:50 UTC+0000", "2024-07-18T15:08:50Z");
        check("2024-07-18 15:08:50.25 +0200 CEST", "-");
        check("2024-07-18 15:08:50 +0000 UTC", "2024-07-18T15:08:50Z");
        check("3/24/2022 2:42:35 PM", "2022-03-24T14:42:35Z");
        check("10/08/2020 12:41:47 AM", "2020-10-08T00:41:47Z");
        check("24/03/2022 14:42:35", "2022-03-24T14:42:35Z");
        check("03/04/2022 14:42:35", "-");
        check("Aug 13, 2020, 12:03:12 AM", "2020-08-13T00:03:12Z");
        check("Thu, 11 Mar 2021 12:42:56 +0100", "2021-03-11T11:42:56Z");
        check("Thu, 11 Mar 2021, 12:42:56 UTC", "2021-03-11T12:42:56Z");
        check("Mon Jan  2 15:04:05 2006", "2006-01-02T15:04:05Z");
        check("10/Oct/2000:13:55:36 -0700", "2000-10-10T20:55:36Z");
        check("Jan  1 11:14:32", "2026-01-01T11:14:32Z");
        check("Dec 31 11:14:32", "2025-12-31T11:14:32Z");
        check("20260102T030405Z", "2026-01-02T03:04:05Z");
        check("20260102030405", "2026-01-02T03:04:05Z");
        check("/Date(1657174538000)/", "2022-07-07T06:15:38Z");
        check("/Date(1657174538000+0200)/", "2022-07-07T06:15:38Z");
        check("133497504000000000", "2024-01-15T00:00:00Z");
        check("638407872000000000", "2024-01-14T00:00:00Z");
        check("1657630626219000000", "2022-07-12T12:57:06.219Z");
        check("1708329856554", "2024-02-19T08:04:16.554Z");
        check("2026-01-02", "2026-01-02T00:00:00Z");
        check("0001-01-01T00:00:00", "-");
        check("2026-13-02T00:00:00Z", "-");
        check("2026-01-02 25:00:00", "-");
        check("May", "-");
        check("May 5", "-");
        check("12", "-");
        check("1.2.3.4", "-");
        check("12:00", "-");
        check("é", "-");
    }
}
