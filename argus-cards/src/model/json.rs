//! Objects of the model as JSON, without serde in between: what the schema names needs no escapes,
//! and each type writes itself without asking what it is.
//!
//! Every value has a comma behind it, which whoever ends an object or array takes back.

use std::fmt::Write;

use super::object::{List, Node, Object, Part};
use super::rest::{Out, Sink};

/// Room for a card as most are; it grows when it must.
const USUAL: usize = 16 * 1024;

/// A key of the schema: quoted, with its colon.
#[derive(Clone, Copy)]
pub(crate) struct Key(pub(crate) &'static str);

impl Key {
    /// The key as it is called.
    pub(crate) fn name(self) -> &'static str {
        self.0.get(1..self.0.len() - 2).unwrap_or_default()
    }
}

/// An object as JSON.
pub(crate) fn text<T: Object>(object: &T) -> String {
    let mut json = String::with_capacity(USUAL);
    self::object(&mut json, object);
    json.pop();
    json
}

/// Writes an object whose type is known.
pub(crate) fn object<T: Object>(json: &mut String, object: &T) {
    let mut out = Out::new(Sink::Json(json), object.rest());
    out.open::<T>();
    object.write(&mut out);
    out.finish();
    close(json, "},");
}

/// Writes an object of names and values.
pub(crate) fn node(json: &mut String, node: &dyn Node) {
    json.push('{');
    node.each(Sink::Json(json));
    close(json, "},");
}

/// Writes an array.
pub(crate) fn list(json: &mut String, list: &dyn List) {
    json.push('[');
    list.json(json);
    close(json, "],");
}

/// Writes what follows a key that may be any text.
pub(crate) fn property(json: &mut String, key: &str, part: Part<'_>) {
    escaped(json, key);
    json.push_str("\":");
    value(json, part);
}

pub(crate) fn value(json: &mut String, part: Part<'_>) {
    match part {
        Part::Text(text) => string(json, text),
        Part::Word(word) => {
            json.push('"');
            json.push_str(word);
            json.push_str("\",");
        }
        Part::Bool(value) => json.push_str(if value { "true," } else { "false," }),
        Part::Object(object) => object.json(json),
        Part::List(items) => list(json, items),
        Part::Number(_) | Part::Shown(_) | Part::Value(_) => {
            // It cannot fail: every key of a value is a text.
            json.push_str(&serde_json::to_string(&part).unwrap_or_default());
            json.push(',');
        }
    }
}

/// Writes a text.
pub(crate) fn string(json: &mut String, text: &str) {
    escaped(json, text);
    json.push_str("\",");
}

/// Writes a text but for its last quote.
fn escaped(json: &mut String, text: &str) {
    json.reserve(text.len() + 3);
    json.push('"');
    let mut rest = text;
    while let Some((plain, odd)) = rest.split_at_checked(plain_bytes(rest.as_bytes())) {
        json.push_str(plain);
        let mut chars = odd.chars();
        match chars.next() {
            Some('"') => json.push_str("\\\""),
            Some('\\') => json.push_str("\\\\"),
            Some('\n') => json.push_str("\\n"),
            Some('\r') => json.push_str("\\r"),
            Some('\t') => json.push_str("\\t"),
            Some('\u{8}') => json.push_str("\\b"),
            Some('\u{c}') => json.push_str("\\f"),
            // Writing into a text cannot fail.
            Some(control) => write!(json, "\\u{:04x}", u32::from(control)).unwrap_or_default(),
            None => break,
        }
        rest = chars.as_str();
    }
}

/// How many bytes come before the first one that needs an escape, eight at a time.
fn plain_bytes(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH: u64 = ONES << 7;
    let (words, tail) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // A byte is marked if it is below what is taken away, or zero after the exclusive or.
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let (quote, slash) = (word ^ (ONES * 0x22), word ^ (ONES * 0x5c));
        let either = quote.wrapping_sub(ONES) & !quote | slash.wrapping_sub(ONES) & !slash;
        let odd = (control | either) & HIGH;
        if odd != 0 {
            // The lowest mark is right; a borrow can only mark bytes above it by mistake.
            return index * 8 + odd.trailing_zeros() as usize / 8;
        }
    }
    let odd = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    words.len() * 8 + tail.iter().position(odd).unwrap_or(tail.len())
}

/// Ends an object or array, taking back the comma after the last value.
fn close(json: &mut String, end: &str) {
    if json.ends_with(',') {
        json.truncate(json.len() - 1);
    }
    json.push_str(end);
}
