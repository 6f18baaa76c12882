//! Messages in messages: JSON inside strings, and names that an exporter has flattened.

use std::borrow::Cow;

use super::json::{self, Json};

/// How long a text may be that is looked into.
const LONGEST: usize = 1024 * 1024;

/// How many names an object may have that is put together again; each is looked for among them. No
/// exporter writes as many, and more stay as they came.
const MOST_FLATTENED: usize = 1024;

/// The texts in a message that look like JSON, in their order.
pub(super) fn embedded(message: &Json<'_>) -> Vec<String> {
    let mut texts = Vec::new();
    collect(message, &mut texts);
    texts
}

fn collect(value: &Json<'_>, texts: &mut Vec<String>) {
    match value {
        Json::Text(text) if looks_like_json(text) => texts.push(text.trim().to_owned()),
        Json::List(items) => items.iter().for_each(|item| collect(item, texts)),
        Json::Object(fields) => fields.iter().for_each(|(_, value)| collect(value, texts)),
        _ => {}
    }
}

pub(super) fn looks_like_json(text: &str) -> bool {
    let text = text.trim();
    let ends = |open: char, close: char| text.starts_with(open) && text.ends_with(close);
    (2..=LONGEST).contains(&text.len()) && (ends('{', '}') || ends('[', ']'))
}

/// Puts what the texts say in their places; a text that is no JSON after all stays one.
pub(super) fn open<'a>(message: &mut Json<'a>, texts: &'a [String]) {
    let mut texts = texts.iter();
    replace(message, &mut texts);
}

fn replace<'a>(value: &mut Json<'a>, texts: &mut std::slice::Iter<'a, String>) {
    match value {
        Json::Text(text) if looks_like_json(text) => {
            if let Some(read) = texts.next().and_then(|text| json::read(text).ok()) {
                *value = read;
            }
        }
        Json::List(items) => items.iter_mut().for_each(|item| replace(item, texts)),
        Json::Object(fields) => fields.iter_mut().for_each(|(_, value)| replace(value, texts)),
        _ => {}
    }
}

/// Makes `{"source.ip": …, "source.port": …}` what it was before an exporter flattened it.
pub(super) fn unflatten(value: &mut Json<'_>) {
    match value {
        Json::List(items) => items.iter_mut().for_each(unflatten),
        Json::Object(fields) => {
            if fields.len() <= MOST_FLATTENED && fields.iter().any(|(name, _)| is_flattened(name)) {
                for (name, value) in std::mem::take(fields) {
                    place(fields, name, value);
                }
            }
            for (_, value) in fields {
                unflatten(value);
            }
        }
        _ => {}
    }
}

/// Whether a name is a path of names. A claim's address or a class name with blanks is not.
fn is_flattened(name: &str) -> bool {
    name.contains('.')
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.contains("..")
        // `@odata.type` and `odata.type` are names of OData, not paths.
        && !name.starts_with("odata.")
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        && name.matches('.').count() < 16
}

fn place<'a>(fields: &mut Vec<(Cow<'a, str>, Json<'a>)>, name: Cow<'a, str>, value: Json<'a>) {
    let split = is_flattened(&name).then(|| name.split_once('.')).flatten();
    let Some((first, rest)) = split else {
        fields.push((name, value));
        return;
    };
    let at = fields.iter().position(|(known, _)| known.as_ref() == first);
    match at.and_then(|at| fields.get_mut(at)) {
        Some((_, Json::Object(inner))) => place(inner, Cow::Owned(rest.to_owned()), value),
        // Something else has the name: the flattened one stays as it is, and nothing is lost.
        Some(_) => fields.push((name, value)),
        None => {
            let mut inner = Vec::with_capacity(4);
            let first = Cow::Owned(first.to_owned());
            place(&mut inner, Cow::Owned(rest.to_owned()), value);
            fields.push((first, Json::Object(inner)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_flattened_is_nested_again() {
        fn check(text: &str, expected: &str) {
            let mut value = json::read(text).unwrap();
            unflatten(&mut value);
            assert_eq!(value.to_value().to_string(), expected, "{text}");
        }
        check(r#"{"a.b":1,"a.c":2,"d":3}"#, r#"{"a":{"b":1,"c":2},"d":3}"#);
        check(r#"{"a":1,"a.b":2}"#, r#"{"a":1,"a.b":2}"#);
        check(r#"{"http://x.y/z":1}"#, r#"{"http://x.y/z":1}"#);
        check(r#"{"..":1,".a":2,"a.":3}"#, r#"{"..":1,".a":2,"a.":3}"#);
        check(r#"[{"a.b.c":1}]"#, r#"[{"a":{"b":{"c":1}}}]"#);
    }

    #[test]
    fn json_in_strings_is_opened_and_other_text_stays() {
        let mut value = json::read(r#"{"a":"{\"b\":[1]}","c":"[test] x]","d":"{no}"}"#).unwrap();
        let texts = embedded(&value);
        open(&mut value, &texts);
        assert_eq!(value.to_value().to_string(), r#"{"a":{"b":[1]},"c":"[test] x]","d":"{no}"}"#);
    }
}
