//! Texts to moments, as JavaScript's `Date` reads them. Local time is UTC.

mod loose;

use std::sync::LazyLock;

use regex::Regex;

use super::{Civil, MINUTE, days_in, in_range};
use crate::ael::eval::{Fault, Outcome};

/// Reads exactly `2026-01-15T10:20:30.000Z`, which date arithmetic insists on.
pub(crate) fn iso_millis(text: &str) -> Outcome<i64> {
    let millis = js_date(text).ok_or_else(|| Fault::new(format!("`{text}` is not a date")))?;
    if super::format(millis, super::DEFAULT_FORMAT, super::Shown::UTC) == text {
        return Ok(millis);
    }
    Err(Fault::new(format!("`{text}` is not written like 2026-01-15T10:20:30.000Z")))
}

/// Reads a date in any form that JavaScript's `new Date(text)` is likely to be given.
pub(crate) fn js_date(text: &str) -> Option<i64> {
    iso(text).or_else(|| loose::date(text))
}

/// Reads a date as Day.js does: loosely by position, or else as JavaScript does. Parts that are too
/// large run over into the next.
pub(crate) fn dayjs_date(text: &str) -> Option<i64> {
    static SHAPE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"^([0-9]{4})[-/]?([0-9]{1,2})?[-/]?([0-9]{0,2})[Tt\s]*([0-9]{1,2})?:?([0-9]{1,2})?:?([0-9]{1,2})?[.:]?([0-9]+)?$",
        )
        .ok()
    });
    let shape = SHAPE.as_ref().filter(|_| !text.ends_with(['Z', 'z']));
    let Some(parts) = shape.and_then(|shape| shape.captures(text)) else { return js_date(text) };
    let part = |index: usize, default: i64| {
        let digits = parts.get(index).map_or("", |part| part.as_str());
        digits.get(..digits.len().min(4)).and_then(|d| d.parse().ok()).unwrap_or(default)
    };
    let milli = parts.get(7).map_or("", |part| part.as_str());
    let milli = milli.get(..milli.len().min(3)).and_then(|d| d.parse().ok()).unwrap_or(0);
    let year = part(1, 0);
    let civil = Civil {
        year: if year < 100 { year + 1900 } else { year },
        month: part(2, 1),
        day: part(3, 1),
        hour: part(4, 0),
        minute: part(5, 0),
        second: part(6, 0),
        milli,
    };
    civil.millis()
}

/// A reader of digits.
struct Digits<'t>(&'t str);

impl Digits<'_> {
    fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let size = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if size < least {
            return None;
        }
        let (digits, rest) = self.0.split_at_checked(size)?;
        self.0 = rest;
        digits.parse().ok()
    }

    fn eat(&mut self, mark: char) -> bool {
        match self.0.strip_prefix(mark) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }
}

/// The format of ECMA-262: a date, or a date and a time with or without a zone.
fn iso(text: &str) -> Option<i64> {
    let mut rest = Digits(text);
    let mut civil = Civil { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0, milli: 0 };
    civil.year = if rest.eat('+') {
        rest.number(6, 6)?
    } else if rest.eat('-') {
        -rest.number(6, 6)?
    } else {
        rest.number(4, 4)?
    };
    if rest.eat('-') {
        civil.month = rest.number(2, 2)?;
        if rest.eat('-') {
            civil.day = rest.number(2, 2)?;
        }
    }
    let mut offset = 0;
    if rest.eat('T') || rest.eat('t') {
        civil.hour = rest.number(2, 2)?;
        rest.eat(':').then_some(())?;
        civil.minute = rest.number(2, 2)?;
        if rest.eat(':') {
            civil.second = rest.number(2, 2)?;
            if rest.eat('.') {
                civil.milli = fraction(&mut rest)?;
            }
        }
        offset = zone(&mut rest)?;
    }
    if !rest.0.is_empty() || !is_valid(civil) {
        return None;
    }
    in_range(civil.millis()? - offset * MINUTE)
}

fn is_valid(c: Civil) -> bool {
    let midnight = c.hour == 24 && c.minute + c.second + c.milli == 0;
    (1..=12).contains(&c.month)
        && (1..=days_in(c.year, c.month).max(31)).contains(&c.day)
        && (c.hour < 24 || midnight)
        && c.minute < 60
        && c.second < 60
}

/// Digits after the point, as milliseconds.
fn fraction(rest: &mut Digits<'_>) -> Option<i64> {
    let before = rest.0;
    rest.number(1, 18)?;
    let digits: String =
        before.chars().take(before.len() - rest.0.len()).chain("00".chars()).take(3).collect();
    digits.parse().ok()
}

/// `Z`, `+02:00` or nothing, as minutes east of Greenwich.
fn zone(rest: &mut Digits<'_>) -> Option<i64> {
    if rest.0.is_empty() || rest.eat('Z') || rest.eat('z') {
        return Some(0);
    }
    let sign = if rest.eat('+') {
        1
    } else if rest.eat('-') {
        -1
    } else {
        return None;
    };
    let hours = rest.number(2, 2)?;
    rest.eat(':');
    let minutes = rest.number(2, 2)?;
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_like_javascript() {
        let check = |text: &str, expected: Option<&str>| {
            let shown = js_date(text).map(|ms| {
                super::super::format(ms, super::super::DEFAULT_FORMAT, super::super::Shown::UTC)
            });
            assert_eq!(shown.as_deref(), expected, "{text}");
        };
        check("2018-03-15", Some("2018-03-15T00:00:00.000Z"));
        check("2018-03-15T13:00:00Z", Some("2018-03-15T13:00:00.000Z"));
        check("2026-01-15T10:20:30+02:00", Some("2026-01-15T08:20:30.000Z"));
        check("2018-03-15T00:00:00.0000000", Some("2018-03-15T00:00:00.000Z"));
        check("2018-03-15 13:00", Some("2018-03-15T13:00:00.000Z"));
        check("2018-03-15Z", Some("2018-03-15T00:00:00.000Z"));
        check("March 7, 2019", Some("2019-03-07T00:00:00.000Z"));
        check("03/15/2018 1:05 PM", Some("2018-03-15T13:05:00.000Z"));
        check("Thu, 15 Mar 2018 13:00:00 GMT", Some("2018-03-15T13:00:00.000Z"));
        check("15/01/2026", None);
        check("42", Some("2042-01-01T00:00:00.000Z"));
        check("-1", Some("2001-01-01T00:00:00.000Z"));
        check("5", Some("2001-05-01T00:00:00.000Z"));
        check("1/2/99", Some("1999-01-02T00:00:00.000Z"));
        check("15 March", Some("2001-03-15T00:00:00.000Z"));
        check("Mar 15 2018 1:05:06.7 pm GMT+2", Some("2018-03-15T11:05:06.700Z"));
        check("2018-03-15 13:00 (noon) EST", Some("2018-03-15T18:00:00.000Z"));
        check("2018-02-31", Some("2018-03-03T00:00:00.000Z"));
        check("12:00", None);
        check("2018-03-15 x", None);
        check("15 12:00 25", None);
        check("errortime", None);
        check("20181115", None);
        check("2018-13-01", None);
        check("2018-03-15T25:00:00Z", None);
    }
}
