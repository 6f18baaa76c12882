//! Dates in any other spelling: `March 7, 2019`, `03/15/2018 1:00 PM`, `Thu, 15 Mar 2018 13:00 GMT`.
//!
//! JavaScript leaves these to its engines; the rules are those of V8, which Node.js and Teams' web
//! client run on: numbers are collected in the order in which they stand, and what they mean is
//! decided at the end.

use super::is_valid;
use crate::ael::time::{Civil, MINUTE, in_range};

/// Reads a date; `None` if V8 would not.
pub(super) fn date(text: &str) -> Option<i64> {
    let mut reader = Reader { rest: text, days: Vec::new(), ..Reader::default() };
    while !reader.rest.is_empty() {
        reader.next()?;
    }
    reader.finish()
}

#[derive(Default)]
struct Reader<'t> {
    rest: &'t str,
    /// Up to three numbers that are no time.
    days: Vec<i64>,
    month: Option<i64>,
    /// Up to hour, minute, second and millisecond; `done` if no more may come.
    time: Vec<i64>,
    time_done: bool,
    /// What `am` and `pm` add.
    half: Option<i64>,
    zone: Zone,
    has_number: bool,
}

/// The offset of a time zone, as far as it was read.
#[derive(Default)]
struct Zone {
    sign: Option<i64>,
    hour: Option<i64>,
    minute: Option<i64>,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<()> {
        let first = self.rest.chars().next()?;
        if first.is_ascii_digit() {
            let (number, _) = self.number();
            self.has_number = true;
            return self.numeral(number);
        }
        // V8 takes whatever is greater than `A` for a letter.
        if first >= 'A' {
            return self.word();
        }
        self.skip(first.len_utf8());
        let sign = match first {
            '+' => Some(1),
            '-' => Some(-1),
            _ => None,
        };
        let in_utc = self.zone.hour == Some(0) && self.zone.minute == Some(0);
        match sign {
            Some(sign) if in_utc || !self.time.is_empty() => self.offset(sign),
            Some(_) => (!self.has_number).then_some(()),
            None if first == ')' => (!self.has_number).then_some(()),
            None if first == '(' => {
                self.skip_parentheses();
                Some(())
            }
            None => Some(()),
        }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn eat(&mut self, mark: char) -> bool {
        let found = self.rest.starts_with(mark);
        if found {
            self.skip(mark.len_utf8());
        }
        found
    }

    /// Reads digits: their number, of which nine count, and how many they are.
    fn number(&mut self) -> (i64, usize) {
        let size = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let digits = self.rest.get(..size).unwrap_or_default();
        self.skip(size);
        let digits = digits.trim_start_matches('0');
        (digits.get(..digits.len().min(9)).and_then(|d| d.parse().ok()).unwrap_or(0), size)
    }

    fn numeral(&mut self, number: i64) -> Option<()> {
        let expected = match self.time.len() {
            1 | 2 if !self.time_done => number < 60,
            3 if !self.time_done => number < 1000,
            _ => false,
        };
        if self.eat(':') {
            if self.eat(':') {
                self.time.is_empty().then_some(())?;
                self.time.extend([number, 0]);
            } else {
                (self.time.len() < 4 && !self.time_done).then_some(())?;
                self.time.push(number);
                self.eat('.');
            }
        } else if expected && self.rest.starts_with('.') {
            self.skip(1);
            self.time.push(number);
            self.rest.starts_with(|c: char| c.is_ascii_digit()).then_some(())?;
            let millis = self.millis();
            self.finish_time(millis)?;
        } else if self.zone.hour.is_some() && self.zone.minute.is_none() && number < 60 {
            self.zone.minute = Some(number);
        } else if expected {
            self.finish_time(number)?;
            let end = |c: char| c.is_whitespace() || matches!(c, 'Z' | 'z' | '+' | '-');
            self.rest.chars().next().is_none_or(end).then_some(())?;
        } else {
            (self.days.len() < 3).then_some(())?;
            self.days.push(number);
            self.eat('-');
        }
        Some(())
    }

    /// Reads digits after a point, of which three count.
    fn millis(&mut self) -> i64 {
        let size = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let digits: String = self.rest.chars().take(size).chain("00".chars()).take(3).collect();
        self.skip(size);
        digits.parse().unwrap_or(0)
    }

    fn finish_time(&mut self, last: i64) -> Option<()> {
        (self.time.len() < 4).then_some(())?;
        self.time.push(last);
        self.time_done = true;
        Some(())
    }

    fn word(&mut self) -> Option<()> {
        let size = self.rest.find(|c: char| c < 'A').unwrap_or(self.rest.len());
        let word = self.rest.get(..size)?.to_ascii_lowercase();
        self.skip(size);
        let start = word.get(..3).unwrap_or(&word);
        let months = "jan feb mar apr may jun jul aug sep oct nov dec";
        if let Some(index) = months.split(' ').position(|month| month == start) {
            self.month = i64::try_from(index + 1).ok();
            self.eat('-');
            return Some(());
        }
        let hours = match word.as_str() {
            "am" | "pm" if !self.time.is_empty() => {
                self.half = Some(if word == "am" { 0 } else { 12 });
                return Some(());
            }
            "z" | "ut" | "utc" | "gmt" => Some(0),
            "edt" => Some(-4),
            "est" | "cdt" => Some(-5),
            "cst" | "mdt" => Some(-6),
            "mst" | "pdt" => Some(-7),
            "pst" => Some(-8),
            _ => None,
        };
        if let Some(hours) = hours.filter(|_| self.has_number) {
            let sign = if hours < 0 { -1 } else { 1 };
            self.zone = Zone { sign: Some(sign), hour: Some(hours * sign), minute: Some(0) };
            return Some(());
        }
        // Any word may stand in front, which is how weekdays are skipped.
        let number_next = self.rest.starts_with(|c: char| c.is_ascii_digit());
        (!self.has_number && !number_next).then_some(())
    }

    /// Reads the hours and minutes after the sign of a time zone.
    fn offset(&mut self, sign: i64) -> Option<()> {
        let (number, size) = self.number();
        self.has_number = true;
        let (hour, minute) = if self.rest.starts_with(':') {
            (number, None)
        } else {
            match size {
                1 | 2 => (number, Some(0)),
                3 | 4 => (number / 100, Some(number % 100)),
                _ => return None,
            }
        };
        self.zone = Zone { sign: Some(sign), hour: Some(hour), minute };
        Some(())
    }

    /// Skips to the end of what is in parentheses, which may nest.
    fn skip_parentheses(&mut self) {
        let mut depth = 1;
        while let Some(c) = self.rest.chars().next() {
            self.skip(c.len_utf8());
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }

    fn finish(self) -> Option<i64> {
        let part = |index: usize| self.days.get(index).copied().unwrap_or(1);
        (!self.days.is_empty()).then_some(())?;
        let is_day = |number: i64| (1..=31).contains(&number);
        let (year, month, day) = match self.month {
            None if is_day(part(0)) => (part(2), part(0), part(1)),
            None => (part(0), part(1), part(2)),
            Some(month) if is_day(part(0)) => (part(1), month, part(0)),
            Some(month) => (part(0), month, part(1)),
        };
        let year = match year {
            0..=49 => year + 2000,
            50..=99 => year + 1900,
            year => year,
        };
        let time = |index: usize| self.time.get(index).copied().unwrap_or(0);
        let hour = match self.half {
            Some(_) if !(0..=12).contains(&time(0)) => return None,
            Some(half) => time(0) % 12 + half,
            None => time(0),
        };
        let (minute, second, milli) = (time(1), time(2), time(3));
        let civil = Civil { year, month, day, hour, minute, second, milli };
        (is_day(day) && is_valid(civil) && milli < 1000).then_some(())?;
        let minutes = self.zone.hour.unwrap_or(0) * 60 + self.zone.minute.unwrap_or(0);
        let offset = self.zone.sign.map_or(0, |sign| sign * minutes);
        in_range(civil.millis()? - offset * MINUTE)
    }
}
