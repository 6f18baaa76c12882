//! TIMEX, the notation in which Microsoft's recognisers write dates, times and durations that may
//! be incomplete: `XXXX-12-24`, `T14:30`, `P2W`, `XXXX-WXX-3`, `PRESENT_REF`.

use super::number::js_number;
use super::value::Val;

/// What a TIMEX says; what it leaves open is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Timex {
    pub(crate) now: bool,
    pub(crate) year: Option<f64>,
    pub(crate) month: Option<f64>,
    pub(crate) day_of_month: Option<f64>,
    pub(crate) day_of_week: Option<f64>,
    pub(crate) week_of_year: Option<f64>,
    pub(crate) week_of_month: Option<f64>,
    pub(crate) season: bool,
    pub(crate) hour: Option<f64>,
    pub(crate) minute: Option<f64>,
    pub(crate) second: Option<f64>,
    pub(crate) part_of_day: bool,
    /// How much of a unit, and how many seconds the unit has.
    pub(crate) duration: Option<(f64, f64)>,
}

/// The units of a duration of days or more, and of one of hours or less, in seconds.
const DATE_UNITS: [(char, f64); 4] =
    [('Y', 31_536_000.0), ('M', 2_592_000.0), ('W', 604_800.0), ('D', 86_400.0)];
const TIME_UNITS: [(char, f64); 3] = [('H', 3_600.0), ('M', 60.0), ('S', 1.0)];

impl Timex {
    /// Reads a TIMEX; what cannot be read says nothing.
    pub(crate) fn parse(text: &str) -> Self {
        let mut timex = Self::default();
        if text == "PRESENT_REF" {
            timex.now = true;
        } else if text.starts_with('P') {
            timex.read_duration(text);
        } else if let Some(range) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
            if let [start, _, duration] = range.split(',').collect::<Vec<_>>().as_slice() {
                timex.read_date_time(start);
                timex.read_duration(duration);
            }
        } else {
            timex.read_date_time(text);
        }
        timex
    }

    /// Takes the parts out of an object that a recogniser made; `None` if there is nothing in it.
    pub(crate) fn of(value: &Val<'_>) -> Option<Self> {
        if value.list().is_some_and(|list| list.len() > 0) {
            return Some(Self::default());
        }
        let fields = value.fields().filter(|fields| !fields.is_empty())?;
        let number = |name: &str| fields.iter().find(|(k, _)| k == name)?.1.as_number();
        let has = |name: &str| fields.iter().any(|(key, _)| key == name);
        let units = [
            ("years", 31_536_000.0),
            ("months", 2_592_000.0),
            ("weeks", 604_800.0),
            ("days", 86_400.0),
            ("hours", 3_600.0),
            ("minutes", 60.0),
            ("seconds", 1.0),
        ];
        let hour = number("hour");
        let within = |name: &str| number(name).or(hour.map(|_| 0.0));
        Some(Self {
            now: has("now"),
            year: number("year"),
            month: number("month"),
            day_of_month: number("dayOfMonth"),
            day_of_week: number("dayOfWeek"),
            week_of_year: number("weekOfYear"),
            week_of_month: number("weekOfMonth"),
            season: has("season"),
            hour,
            minute: within("minute"),
            second: within("second"),
            part_of_day: has("partOfDay"),
            duration: units.iter().find_map(|(name, unit)| Some((number(name)?, *unit))),
        })
    }

    fn read_duration(&mut self, text: &str) {
        let (amount, units) = match (text.strip_prefix("PT"), text.strip_prefix('P')) {
            (Some(amount), _) => (amount, TIME_UNITS.as_slice()),
            (None, Some(amount)) => (amount, DATE_UNITS.as_slice()),
            _ => return,
        };
        let unit = units.iter().find_map(|(mark, unit)| Some((amount.strip_suffix(*mark)?, *unit)));
        let Some((amount, unit)) = unit else { return };
        let ends_in_digit = amount.ends_with(|c: char| c.is_ascii_digit());
        if ends_in_digit && amount.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            self.duration = amount.parse().ok().map(|amount| (amount, unit));
        }
    }

    fn read_date_time(&mut self, text: &str) {
        let time = text.find('T').unwrap_or(text.len());
        let (date, time) = text.split_at_checked(time).unwrap_or((text, ""));
        self.read_date(date);
        self.read_time(time);
    }

    fn read_date(&mut self, text: &str) {
        let season = |part: &str| matches!(part, "SP" | "SU" | "FA" | "WI");
        let parts: Vec<&str> = text.split('-').collect();
        match parts.as_slice() {
            ["XXXX", "WXX", day] => self.day_of_week = digits(day, 1),
            ["XXXX", month, "WXX", week, day] => {
                let fields = (digits(month, 2), digits(week, 1), digits(day, 1));
                if let (Some(month), Some(week), Some(day)) = fields {
                    (self.month, self.week_of_month) = (Some(month), Some(week));
                    self.day_of_week = Some(day);
                }
            }
            ["XXXX", month, week] if week.starts_with('W') => {
                if let (Some(month), Some(week)) = (digits(month, 2), week_number(week)) {
                    (self.month, self.week_of_month) = (Some(month), Some(week));
                }
            }
            ["XXXX", month, day] => {
                if let (Some(month), Some(day)) = (digits(month, 2), digits(day, 2)) {
                    (self.month, self.day_of_month) = (Some(month), Some(day));
                }
            }
            ["XXXX", month] => self.month = digits(month, 2),
            [word] if season(word) => self.season = true,
            [year, rest @ ..] => {
                let Some(year) = digits(year, 4) else { return };
                self.read_within(year, rest, season);
            }
            [] => {}
        }
    }

    /// Reads what follows a year.
    fn read_within(&mut self, year: f64, rest: &[&str], season: fn(&str) -> bool) {
        let known = match rest {
            [] => true,
            [word] if season(word) => {
                self.season = true;
                true
            }
            [week] | [week, "WE"] if week.starts_with('W') => {
                self.week_of_year = week_number(week);
                self.week_of_year.is_some()
            }
            [month] => {
                self.month = digits(month, 2);
                self.month.is_some()
            }
            [month, day] => match (digits(month, 2), digits(day, 2)) {
                (Some(month), Some(day)) => {
                    (self.month, self.day_of_month) = (Some(month), Some(day));
                    true
                }
                _ => false,
            },
            _ => false,
        };
        if known {
            self.year = Some(year);
        }
    }

    fn read_time(&mut self, text: &str) {
        let Some(time) = text.strip_prefix('T') else { return };
        if matches!(time, "DT" | "NI" | "MO" | "AF" | "EV") {
            self.part_of_day = true;
            return;
        }
        let parts: Option<Vec<f64>> = time.split(':').map(|part| digits(part, 2)).collect();
        let (hour, minute, second) = match parts.as_deref() {
            Some([hour]) => (*hour, 0.0, 0.0),
            Some([hour, minute]) => (*hour, *minute, 0.0),
            Some([hour, minute, second]) => (*hour, *minute, *second),
            _ => return,
        };
        (self.hour, self.minute, self.second) = (Some(hour), Some(minute), Some(second));
    }

    pub(crate) fn is_time(&self) -> bool {
        self.hour.is_some() && self.minute.is_some() && self.second.is_some()
    }

    pub(crate) fn is_definite(&self) -> bool {
        self.year.is_some() && self.month.is_some() && self.day_of_month.is_some()
    }

    pub(crate) fn is_date(&self) -> bool {
        (self.month.is_some() && self.day_of_month.is_some()) || self.day_of_week.is_some()
    }

    pub(crate) fn is_date_range(&self) -> bool {
        ((self.year.is_some() || self.month.is_some()) && self.day_of_month.is_none())
            || self.season
            || self.week_of_year.is_some()
            || self.week_of_month.is_some()
    }

    /// The date, as `2026-01-15`.
    pub(crate) fn date_text(&self) -> String {
        let part = |part: Option<f64>, size| padded(part.unwrap_or(0.0), size);
        format!("{}-{}-{}", part(self.year, 4), part(self.month, 2), part(self.day_of_month, 2))
    }

    /// The time, as `14:30:00`.
    pub(crate) fn time_text(&self) -> String {
        let part = |part: Option<f64>| padded(part.unwrap_or(0.0), 2);
        format!("{}:{}:{}", part(self.hour), part(self.minute), part(self.second))
    }
}

/// Writes the TIMEX of a time, without zeros at its end.
pub(crate) fn of_time(hour: f64, minute: f64, second: f64) -> String {
    let mut text = format!("T{}", padded(hour, 2));
    if minute != 0.0 || second != 0.0 {
        text.extend([":", &padded(minute, 2)]);
    }
    if second != 0.0 {
        text.extend([":", &padded(second, 2)]);
    }
    text
}

fn padded(n: f64, size: usize) -> String {
    format!("{:0>size$}", js_number(n))
}

fn digits(text: &str, size: usize) -> Option<f64> {
    if text.len() == size && text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok();
    }
    None
}

fn week_number(text: &str) -> Option<f64> {
    digits(text.strip_prefix('W')?, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let day = Timex::parse("2026-01-15T14:30");
        assert!(day.is_definite() && day.is_date() && day.is_time() && !day.is_date_range());
        assert_eq!((day.date_text(), day.time_text()), ("2026-01-15".into(), "14:30:00".into()));
        assert!(Timex::parse("XXXX-WXX-3").is_date());
        for range in ["2026", "2026-01", "2026-W05", "2026-W05-WE", "SP", "2026-SU", "XXXX-05"] {
            assert!(Timex::parse(range).is_date_range(), "{range}");
        }
        assert_eq!(Timex::parse("PT1.5H").duration, Some((1.5, 3_600.0)));
        assert_eq!(Timex::parse("(T08,T12,PT4H)").duration, Some((4.0, 3_600.0)));
        for nothing in ["", "hello", "2026-1-1", "T1", "P", "PX", "2026-XX", "xxxx-12-21"] {
            assert_eq!(Timex::parse(nothing), Timex::default(), "{nothing}");
        }
        assert_eq!(of_time(1.0, 0.0, 0.0), "T01");
        assert_eq!(of_time(1.0, 0.0, 5.0), "T01:00:05");
    }
}
