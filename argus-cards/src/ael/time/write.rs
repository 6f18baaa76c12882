//! Moments to texts. A .NET pattern is first turned into a Day.js one, because that is what npm's
//! engine does and its oddities show (`d` alone is a day number, a `t` is AM or PM).

use super::Civil;

/// How a moment is written when nobody says.
pub(crate) const DEFAULT_FORMAT: &str = "YYYY-MM-DDTHH:mm:ss.SSS[Z]";

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// In which zone a moment is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown {
    pub(crate) offset_minutes: i64,
}

impl Shown {
    pub(crate) const UTC: Self = Self { offset_minutes: 0 };
}

pub(crate) fn month_name(month: i64) -> &'static str {
    usize::try_from(month - 1).ok().and_then(|index| MONTHS.get(index)).copied().unwrap_or_default()
}

fn weekday_name(weekday: i64) -> &'static str {
    usize::try_from(weekday).ok().and_then(|index| WEEKDAYS.get(index)).copied().unwrap_or_default()
}

/// Writes a moment by a Day.js pattern.
pub(crate) fn format(millis: i64, pattern: &str, shown: Shown) -> String {
    let civil = Civil::of(millis + shown.offset_minutes * super::MINUTE);
    let mut text = String::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        if c == '['
            && let Some((literal, after)) = rest.get(1..).and_then(|r| r.split_once(']'))
            && !literal.is_empty()
        {
            text.push_str(literal);
            rest = after;
            continue;
        }
        let size = token_size(rest, c);
        let token = rest.get(..size).unwrap_or_default();
        if token.is_empty() {
            text.push(c);
        } else {
            text.push_str(&token_text(token, civil, shown));
        }
        rest = rest.get(size.max(c.len_utf8())..).unwrap_or_default();
    }
    text
}

/// How many characters belong to the token at the start, 0 if there is none.
fn token_size(rest: &str, c: char) -> usize {
    let run = rest.chars().take_while(|next| *next == c).count();
    match c {
        'Y' if run >= 4 => 4,
        'Y' if run >= 2 => 2,
        'M' | 'd' => run.min(4),
        'D' | 'H' | 'h' | 'm' | 's' | 'Z' => run.min(2),
        'a' | 'A' => 1,
        'S' if run >= 3 => 3,
        _ => 0,
    }
}

fn token_text(token: &str, c: Civil, shown: Shown) -> String {
    let hour12 = if c.hour % 12 == 0 { 12 } else { c.hour % 12 };
    let short = |name: &str, size: usize| name.chars().take(size).collect::<String>();
    match token {
        // The last two characters, however few there are.
        "YY" => {
            let year = c.year.to_string();
            year.get(year.len().saturating_sub(2)..).unwrap_or_default().to_owned()
        }
        "YYYY" => format!("{:04}", c.year),
        "M" => c.month.to_string(),
        "MM" => format!("{:02}", c.month),
        "MMM" => short(month_name(c.month), 3),
        "MMMM" => month_name(c.month).to_owned(),
        "D" => c.day.to_string(),
        "DD" => format!("{:02}", c.day),
        "d" => c.weekday().to_string(),
        "dd" => short(weekday_name(c.weekday()), 2),
        "ddd" => short(weekday_name(c.weekday()), 3),
        "dddd" => weekday_name(c.weekday()).to_owned(),
        "H" => c.hour.to_string(),
        "HH" => format!("{:02}", c.hour),
        "h" => hour12.to_string(),
        "hh" => format!("{hour12:02}"),
        "a" => if c.hour < 12 { "am" } else { "pm" }.to_owned(),
        "A" => if c.hour < 12 { "AM" } else { "PM" }.to_owned(),
        "m" => c.minute.to_string(),
        "mm" => format!("{:02}", c.minute),
        "s" => c.second.to_string(),
        "ss" => format!("{:02}", c.second),
        "SSS" => format!("{:03}", c.milli),
        _ => {
            let sign = if shown.offset_minutes < 0 { '-' } else { '+' };
            let (hours, minutes) =
                (shown.offset_minutes.abs() / 60, shown.offset_minutes.abs() % 60);
            let colon = if token == "ZZ" { "" } else { ":" };
            format!("{sign}{hours:02}{colon}{minutes:02}")
        }
    }
}

/// Turns a .NET pattern into a Day.js one; a pattern it cannot turn is taken as it is.
pub(crate) fn dayjs_pattern(pattern: &str) -> String {
    let standard = match pattern {
        "" => return DEFAULT_FORMAT.to_owned(),
        "O" | "o" => "YYYY-MM-DDTHH:mm:ss.SSS0000Z",
        "R" | "r" | "U" | "u" => return pattern.to_owned(),
        other => other,
    };
    convert(standard).unwrap_or_else(|| pattern.to_owned())
}

fn convert(pattern: &str) -> Option<String> {
    let mut result = String::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            'd' | 'f' | 'F' | 'g' | 'h' | 'H' | 'm' | 'M' | 's' | 't' | 'y' | 'z' => {
                let most = longest(c);
                let mut run = 1;
                while chars.peek() == Some(&c) {
                    chars.next();
                    run += 1;
                }
                result.push_str(run_of(c, most.min(run))?);
            }
            'K' => result.push('Z'),
            '\'' | '`' => loop {
                match chars.next()? {
                    end if end == c => break,
                    literal => result.push(literal),
                }
            },
            '\\' => result.push(chars.next()?),
            '%' => {}
            other => result.push(other),
        }
    }
    Some(result)
}

fn longest(c: char) -> usize {
    match c {
        'd' | 'M' | 'y' => 4,
        'f' | 'F' | 'z' => 3,
        'g' => 1,
        _ => 2,
    }
}

fn run_of(c: char, run: usize) -> Option<&'static str> {
    Some(match (c, run) {
        ('d', 1) => "D",
        ('d', 2) => "DD",
        ('d', 3) => "ddd",
        ('d', _) => "dddd",
        ('f' | 'F', 3) => "SSS",
        ('h', 1) => "h",
        ('h', _) => "hh",
        ('H', 1) => "H",
        ('H', _) => "HH",
        ('m', 1) => "m",
        ('m', _) => "mm",
        ('M', 1) => "M",
        ('M', 2) => "MM",
        ('M', 3) => "MMM",
        ('M', _) => "MMMM",
        ('s', 1) => "s",
        ('s', _) => "ss",
        ('t', _) => "A",
        ('y', 1 | 2) => "YY",
        ('y', _) => "YYYY",
        ('z', 3) => "Z",
        ('z', _) => "ZZ",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_dot_net() {
        // 2026-01-15T10:20:30.045Z
        let at = 1_768_472_430_045;
        let check = |pattern: &str, text: &str| {
            assert_eq!(format(at, &dayjs_pattern(pattern), Shown::UTC), text, "{pattern}");
        };
        check("dddd, MMMM d, yyyy h:mm tt", "Thursday, January 15, 2026 10:20 AM");
        check("dd/MM/yyy HH:mm:ss.fff", "15/01/2026 10:20:30.045");
        check("", "2026-01-15T10:20:30.045Z");
        check("o", "2026-01-15T10:20:30.0450000+00:00");
        check("d", "15");
        check("g", "g");
        check("yy'yy'z", "26yy+0000");
        check("MM-DD-YY HH", "01-15-26 10");
    }
}
