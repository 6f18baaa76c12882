//! Texts to moments, as JavaScript's `Date` reads them. Local time is UTC.

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
    iso(text).or_else(|| loose(text))
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

/// Older spellings: `March 7, 2019`, `03/15/2018 1:00 PM`, `Thu, 15 Mar 2018 13:00:00 GMT`.
fn loose(text: &str) -> Option<i64> {
    let mut found = Loose::default();
    let mut rest = text.trim();
    while let Some(c) = rest.chars().next() {
        let is_word = c.is_ascii_alphabetic();
        let size = match c {
            '0'..='9' => rest.bytes().take_while(|b| b.is_ascii_digit() || *b == b':').count(),
            _ if is_word => rest.bytes().take_while(u8::is_ascii_alphabetic).count(),
            _ => c.len_utf8(),
        };
        let (word, after) = rest.split_at_checked(size)?;
        rest = after;
        if is_word {
            found.word(word)?;
        } else if word.contains(':') {
            rest = found.time(word, after)?;
        } else if c.is_ascii_digit() {
            found.days.push(word.parse().ok()?);
        } else if matches!(c, '+' | '-') && found.time.is_some() {
            let mut digits = Digits(rest);
            let hours = digits.number(2, 2)?;
            digits.eat(':');
            let minutes = digits.number(2, 2)?;
            rest = digits.0;
            found.offset = (if c == '-' { -1 } else { 1 }) * (hours * 60 + minutes);
        } else if !matches!(c, ' ' | ',' | '/' | '-' | '.') {
            return None;
        }
    }
    found.millis()
}

#[derive(Default)]
struct Loose {
    days: Vec<i64>,
    month: Option<i64>,
    time: Option<(i64, i64, i64, i64)>,
    afternoon: Option<bool>,
    offset: i64,
}

impl Loose {
    fn word(&mut self, word: &str) -> Option<()> {
        let lower = word.to_ascii_lowercase();
        let months = "jan feb mar apr may jun jul aug sep oct nov dec";
        let start = lower.get(..3).unwrap_or(&lower);
        if let Some(index) = months.split(' ').position(|month| month == start) {
            self.month = i64::try_from(index + 1).ok();
            return Some(());
        }
        match lower.as_str() {
            "am" => self.afternoon = Some(false),
            "pm" => self.afternoon = Some(true),
            "z" | "utc" | "gmt" | "t" => {}
            // Any word may stand in front, which is how weekdays are skipped.
            _ if self.days.is_empty() => {}
            _ => return None,
        }
        Some(())
    }

    fn time<'t>(&mut self, word: &str, after: &'t str) -> Option<&'t str> {
        let mut parts = word.split(':').map(|part| part.parse::<i64>().ok());
        let hour = parts.next()??;
        let minute = parts.next()??;
        let second = parts.next().unwrap_or(Some(0))?;
        let mut rest = Digits(after);
        let milli = if rest.eat('.') { fraction(&mut rest)? } else { 0 };
        self.time = Some((hour, minute, second, milli));
        Some(rest.0)
    }

    fn millis(self) -> Option<i64> {
        let (year, month, day) = match (self.month, self.days.as_slice()) {
            (Some(month), [day]) => (2001, month, *day),
            (Some(month), [a, b]) if *a > 31 => (*a, month, *b),
            (Some(month), [day, year]) => (*year, month, *day),
            (None, [year, month, day]) if *year > 31 => (*year, *month, *day),
            (None, [month, day, year]) => (*year, *month, *day),
            (None, [month, day]) => (2001, *month, *day),
            _ => return None,
        };
        let year = match year {
            0..=49 => year + 2000,
            50..=99 => year + 1900,
            year => year,
        };
        let (mut hour, minute, second, milli) = self.time.unwrap_or_default();
        match self.afternoon {
            Some(_) if !(1..=12).contains(&hour) => return None,
            Some(afternoon) => hour = hour % 12 + if afternoon { 12 } else { 0 },
            None => {}
        }
        let civil = Civil { year, month, day, hour, minute, second, milli };
        if !is_valid(civil) {
            return None;
        }
        in_range(civil.millis()? - self.offset * MINUTE)
    }
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
        check("errortime", None);
        check("20181115", None);
        check("2018-13-01", None);
        check("2018-03-15T25:00:00Z", None);
    }
}
