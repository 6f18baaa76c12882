//! Objects of the model as JSON, without serde in between: keys are known to need no escapes.

use super::object::{Node, Part};
use super::rest::Sink;

/// An object as JSON.
pub(crate) fn text(node: &dyn Node) -> String {
    let mut json = Vec::with_capacity(1024);
    value(&mut json, Part::Object(node));
    // What is written are the texts of the model, quoted: it is UTF-8 as they are.
    String::from_utf8(json).unwrap_or_default()
}

/// Writes a property of any key, and a comma behind it.
pub(crate) fn any(json: &mut Vec<u8>, key: &str, part: Part<'_>) {
    string(json, key);
    json.push(b':');
    value(json, part);
    json.push(b',');
}

/// Writes a property of the schema, and a comma behind it.
pub(crate) fn known(json: &mut Vec<u8>, key: &'static str, part: Part<'_>) {
    plain(json, key);
    json.push(b':');
    value(json, part);
    json.push(b',');
}

fn value(json: &mut Vec<u8>, part: Part<'_>) {
    match part {
        Part::Text(text) => string(json, text),
        Part::Word(word) => plain(json, word),
        Part::Bool(true) => json.extend_from_slice(b"true"),
        Part::Bool(false) => json.extend_from_slice(b"false"),
        Part::Object(node) => {
            json.push(b'{');
            node.each(Sink::Json(json));
            close(json, b'}');
        }
        Part::List(list) => {
            json.push(b'[');
            list.each(&mut |item| {
                value(json, item);
                json.push(b',');
            });
            close(json, b']');
        }
        Part::Number(_) | Part::Shown(_) | Part::Value(_) => {
            // It cannot fail: a vector takes everything, and every key of a value is a text.
            serde_json::to_writer(json, &part).unwrap_or_default();
        }
    }
}

/// Writes a text that needs no escapes.
fn plain(json: &mut Vec<u8>, text: &'static str) {
    json.push(b'"');
    json.extend_from_slice(text.as_bytes());
    json.push(b'"');
}

fn string(json: &mut Vec<u8>, text: &str) {
    json.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (plain, odd) = rest.split_at(plain_bytes(rest));
        json.extend_from_slice(plain);
        let Some((&odd, after)) = odd.split_first() else { break };
        match odd {
            b'"' => json.extend_from_slice(b"\\\""),
            b'\\' => json.extend_from_slice(b"\\\\"),
            b'\n' => json.extend_from_slice(b"\\n"),
            b'\r' => json.extend_from_slice(b"\\r"),
            b'\t' => json.extend_from_slice(b"\\t"),
            0x08 => json.extend_from_slice(b"\\b"),
            0x0c => json.extend_from_slice(b"\\f"),
            control => json.extend_from_slice(format!("\\u{control:04x}").as_bytes()),
        }
        rest = after;
    }
    json.push(b'"');
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
        let quote = (word ^ (ONES * 0x22)).wrapping_sub(ONES) & !(word ^ (ONES * 0x22));
        let slash = (word ^ (ONES * 0x5c)).wrapping_sub(ONES) & !(word ^ (ONES * 0x5c));
        let odd = (control | quote | slash) & HIGH;
        if odd != 0 {
            // The lowest mark is right; a borrow can only mark bytes above it by mistake.
            return index * 8 + odd.trailing_zeros() as usize / 8;
        }
    }
    let odd = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    words.len() * 8 + tail.iter().position(odd).unwrap_or(tail.len())
}

/// Ends an object or array, taking back the comma after the last value.
fn close(json: &mut Vec<u8>, end: u8) {
    match json.last_mut() {
        Some(last @ b',') => *last = end,
        _ => json.push(end),
    }
}
