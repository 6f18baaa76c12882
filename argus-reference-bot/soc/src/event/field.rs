//! Finding things in messages whose exporters rename keys and retype values.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Severity;
use super::json::Json;

/// Severity with the text it was read from.
pub(super) type ReadSeverity = (Severity, Option<String>);

impl<'a> Json<'a> {
    /// The value of a key. `lastSeen`, `LastSeen` and `last_seen` are the same key; an exact match
    /// wins, and a null is as good as no key.
    pub(super) fn get(&self, key: &str) -> Option<&Json<'a>> {
        let Json::Object(fields) = self else { return None };
        let mut found = None;
        for (name, value) in fields {
            if name.as_ref() == key {
                found = Some(value);
                break;
            }
            if found.is_none() && may_be_same(name, key) && same_key(name, key) {
                found = Some(value);
            }
        }
        found.filter(|value| !matches!(value, Json::Null))
    }

    /// The value at the end of a path of keys.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Json<'a>> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }

    /// The first of several keys that has a value.
    pub(super) fn any(&self, keys: &[&str]) -> Option<&Json<'a>> {
        keys.iter().find_map(|key| self.get(key))
    }

    /// A text that is not empty.
    pub(super) fn str(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    /// The text of a key, also when an exporter made it a number or a truth value.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.get(key).and_then(Json::as_text)
    }

    /// The first text among several keys.
    pub(super) fn any_text(&self, keys: &[&str]) -> Option<String> {
        keys.iter().find_map(|key| self.text(key))
    }

    pub(super) fn as_text(&self) -> Option<String> {
        match self {
            Json::Number(digits) => Some((*digits).to_owned()),
            Json::Bool(value) => Some(value.to_string()),
            other => other.str().map(str::to_owned),
        }
    }

    pub(super) fn items(&self) -> &[Json<'a>] {
        match self {
            Json::List(items) => items,
            _ => &[],
        }
    }

    /// The texts of a list under a key; a single text is a list of one.
    pub(super) fn texts(&self, key: &str) -> Vec<String> {
        match self.get(key) {
            Some(Json::List(items)) => items.iter().filter_map(Json::as_text).collect(),
            Some(single) => single.as_text().into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// The time under the first of these keys that has one.
    pub(super) fn time(&self, keys: &[&str]) -> Option<Timestamp> {
        keys.iter().find_map(|key| self.get(key).and_then(read_time))
    }
}

/// Rules out most pairs by their first letters: lookups are most of what reading an alert costs.
fn may_be_same(name: &str, key: &str) -> bool {
    match (name.as_bytes(), key.as_bytes()) {
        ([b'_' | b'-', ..], _) | (_, [b'_' | b'-', ..]) => true,
        ([a, ..], [b, ..]) => a.eq_ignore_ascii_case(b),
        // An empty key may equal one that is all underscores.
        _ => true,
    }
}

/// Whether two keys differ only in case, underscores and hyphens. Nothing is copied.
fn same_key(name: &str, key: &str) -> bool {
    let (mut name, mut key) = (name.as_bytes(), key.as_bytes());
    loop {
        while let [b'_' | b'-', rest @ ..] = name {
            name = rest;
        }
        while let [b'_' | b'-', rest @ ..] = key {
            key = rest;
        }
        match (name, key) {
            ([], []) => return true,
            ([a, name_rest @ ..], [b, key_rest @ ..]) if a.eq_ignore_ascii_case(b) => {
                (name, key) = (name_rest, key_rest);
            }
            _ => return false,
        }
    }
}

/// A time as ISO 8601 with or without a zone, or as seconds, milliseconds or microseconds since
/// 1970, as a number or a text. Without a zone it is UTC.
pub(super) fn read_time(value: &Json<'_>) -> Option<Timestamp> {
    match value {
        Json::Number(digits) => epoch(digits),
        other => {
            let text = other.str()?;
            text.parse::<Timestamp>()
                .ok()
                .or_else(|| {
                    let civil = text.parse::<DateTime>().ok()?;
                    TimeZone::UTC.to_timestamp(civil).ok()
                })
                .or_else(|| epoch(text))
                // Products write the year 1 for "never".
                .filter(|time| time.as_second() > 0)
        }
    }
}

/// A count since 1970 whose size tells its unit: each step of a thousand is out of the other
/// unit's plausible range (years 1973 to 5138 in seconds).
#[expect(
    clippy::cast_possible_truncation,
    reason = "a float count has at most microseconds, and the range is checked"
)]
fn epoch(digits: &str) -> Option<Timestamp> {
    let micros = if let Ok(count) = digits.parse::<i64>() {
        match count {
            100_000_000..100_000_000_000 => count.checked_mul(1_000_000)?,
            100_000_000_000..100_000_000_000_000 => count.checked_mul(1000)?,
            100_000_000_000_000..100_000_000_000_000_000 => count,
            100_000_000_000_000_000.. => count / 1000,
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

/// A severity as a word, in any case and with the usual synonyms.
pub(super) fn severity_word(word: &str) -> Severity {
    let mut buffer = [0_u8; 16];
    let Some(lower) = buffer.get_mut(..word.len()) else { return Severity::Unknown };
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    match &*lower {
        b"informational" | b"information" | b"info" | b"notice" | b"debug" => {
            Severity::Informational
        }
        b"low" | b"minor" => Severity::Low,
        b"medium" | b"moderate" | b"warning" | b"warn" | b"med" => Severity::Medium,
        b"high" | b"major" | b"error" | b"severe" => Severity::High,
        b"critical" | b"crit" | b"fatal" | b"emergency" => Severity::Critical,
        _ => Severity::Unknown,
    }
}

/// A severity as a word. A number has no meaning without its product, so it stays unknown here.
pub(super) fn severity(value: Option<&Json<'_>>) -> ReadSeverity {
    let Some(raw) = value.and_then(Json::as_text) else { return (Severity::Unknown, None) };
    (severity_word(&raw), Some(raw))
}

/// A text as it may be shown on one line: without control characters and U+FFFD, spaces joined.
pub(super) fn shown(text: &str) -> String {
    let hidden = |c: char| {
        c == '\u{fffd}'
            || c.is_control()
            // Direction overrides and zero-width characters make a line read as what it is not.
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let mut line = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace()) {
        let before = line.len();
        let gap = usize::from(before > 0);
        if gap > 0 {
            line.push(' ');
        }
        line.extend(word.chars().filter(|c| !hidden(*c)));
        if line.len() == before + gap {
            line.truncate(before);
        }
    }
    line
}
