//! Finding things in messages whose exporters rename keys and retype values.

use jiff::Timestamp;

use super::json::Json;
use super::time;

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
        keys.iter().find_map(|key| time::read(self.get(key)?, None))
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

/// Whether two keys differ only in case, underscores, hyphens and the letter for the type that an
/// export of Log Analytics puts behind a name. Nothing is copied.
fn same_key(name: &str, key: &str) -> bool {
    let suffixed = matches!(name.as_bytes(), [_, .., b'_', b's' | b'd' | b'g' | b't' | b'b']);
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
            // What is left is the letter: `severity_s`.
            ([_], []) if suffixed => return true,
            ([a, name_rest @ ..], [b, key_rest @ ..]) if a.eq_ignore_ascii_case(b) => {
                (name, key) = (name_rest, key_rest);
            }
            _ => return false,
        }
    }
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
