//! Values to JSON bytes.

use serde_json::{Number, Value};

use crate::ael::number::{MAX_SAFE, is_integer, js_number, to_i64};
use crate::ael::value::Val;

pub(super) fn bool(out: &mut Vec<u8>, value: bool) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

pub(super) fn number(out: &mut Vec<u8>, number: &Number) {
    match number.as_i64() {
        Some(n) => integer(out, n),
        None => out.extend_from_slice(number.to_string().as_bytes()),
    }
}

pub(super) fn float(out: &mut Vec<u8>, n: f64) {
    if !n.is_finite() {
        out.extend_from_slice(b"null");
    } else if is_integer(n) && n.abs() < MAX_SAFE {
        integer(out, to_i64(n));
    } else {
        out.extend_from_slice(js_number(n).as_bytes());
    }
}

/// Writes an integer without asking the formatter, which most numbers of a card are.
fn integer(out: &mut Vec<u8>, n: i64) {
    if n < 0 {
        out.push(b'-');
    }
    let mut digits = [b'0'; 20];
    let mut left = n.unsigned_abs();
    let mut used = 0;
    for slot in digits.iter_mut().rev() {
        *slot = b'0' + u8::try_from(left % 10).unwrap_or(0);
        left /= 10;
        used += 1;
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(20 - used..).unwrap_or_default());
}

/// Writes a quoted string.
pub(super) fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escaped(out, text);
    out.push(b'"');
}

/// Writes a quoted string that has nothing to escape.
pub(super) fn quoted(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Whether a text is words: letters, digits, spaces, commas and hyphens, and no list or sign at the
/// start. Such a text means itself in JSON, in Markdown and everywhere else.
pub(super) fn is_words(text: &str) -> bool {
    let bytes = text.as_bytes();
    let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b',' | b'-');
    // Without an early end the compiler looks at many bytes at once.
    bytes.first().is_none_or(u8::is_ascii_alphanumeric)
        && bytes.iter().fold(true, |all, &byte| all & word(byte))
}

/// Writes the inside of a string.
pub(super) fn escaped(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    if !bytes.iter().fold(false, |any, &byte| any | special(byte)) {
        out.extend_from_slice(bytes);
        return;
    }
    let mut start = 0;
    for (index, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(bytes.get(start..index).unwrap_or_default());
        start = index + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => out.extend_from_slice(format!("\\u{control:04x}").as_bytes()),
        }
    }
    out.extend_from_slice(bytes.get(start..).unwrap_or_default());
}

/// Writes any value as it is; undefined as null.
pub(super) fn value(out: &mut Vec<u8>, value: &Val<'_>, ticks_are_text: bool) {
    match value {
        Val::Undefined | Val::Null => out.extend_from_slice(b"null"),
        Val::Bool(value) => bool(out, *value),
        Val::Number(n) => float(out, *n),
        Val::Ticks(n) if ticks_are_text => string(out, &n.to_string()),
        Val::Big(n) | Val::Ticks(n) => out.extend_from_slice(n.to_string().as_bytes()),
        Val::Text(text) => string(out, text),
        Val::Data(data) => json(out, data),
        Val::Array(items) => {
            out.push(b'[');
            for item in items.iter() {
                self::value(out, item, ticks_are_text);
                out.push(b',');
            }
            close(out, b']');
        }
        Val::Object(fields) => {
            out.push(b'{');
            for (key, field) in fields.iter().filter(|(_, f)| !matches!(f, Val::Undefined)) {
                string(out, key);
                out.push(b':');
                self::value(out, field, ticks_are_text);
                out.push(b',');
            }
            close(out, b'}');
        }
        Val::Bytes(_) => json(out, &value.to_json().unwrap_or_default()),
    }
}

/// Ends a container, taking back the comma after its last value.
pub(super) fn close(out: &mut Vec<u8>, end: u8) {
    if out.last() == Some(&b',') {
        out.pop();
    }
    out.push(end);
}

fn json(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(value) => bool(out, *value),
        Value::Number(n) => number(out, n),
        Value::String(text) => string(out, text),
        Value::Array(items) => {
            out.push(b'[');
            for item in items {
                json(out, item);
                out.push(b',');
            }
            close(out, b']');
        }
        Value::Object(map) => {
            out.push(b'{');
            for (key, item) in map {
                string(out, key);
                out.push(b':');
                json(out, item);
                out.push(b',');
            }
            close(out, b'}');
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::is_words;
    use crate::options::Options;
    use crate::template::safe;

    #[test]
    fn words_are_words() {
        for words in ["", "web1", "1, 2 and 3", "a - b", "Suspicious sign-in"] {
            assert!(is_words(words), "{words}");
        }
        for other in ["- a", " a", "1. a", "a_b", "a\n", "a\u{e9}", "x:y", "[a](b)", "www.a"] {
            assert!(!is_words(other), "{other}");
        }
    }

    proptest! {
        /// What is written without a second look means itself wherever it stands.
        #[test]
        fn words_are_safe(words in "[A-Za-z0-9][A-Za-z0-9 ,-]{0,40}") {
            let options = Options::default();
            prop_assert!(is_words(&words));
            prop_assert_eq!(&safe::markdown(&words, true, &options), &words);
            prop_assert_eq!(&safe::markdown(&words, false, &options), &words);
            prop_assert_eq!(&safe::plain(&words, &options), &words);
            prop_assert_eq!(&safe::value(&words, &options), &words);
        }
    }
}
