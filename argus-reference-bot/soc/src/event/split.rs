//! One message with many alerts, taken apart.

use std::collections::BTreeMap;
use std::ops::Range;

use super::json::Json;
use super::{Mappings, json, wrap};

/// The alerts in an envelope that holds a list of them, each as bytes that can be read alone:
/// `records` of an Event Hub, `Records` of a queue, `findings` of Security Hub, `value` of Graph. The bytes are those of the message, not written anew, so that what
/// is stored is what came. Nothing comes back when the message is one alert, one that a mapping knows
/// as a whole, or none that can be read: then it is read as it is.
pub(super) fn split<'r>(raw: &'r [u8], mappings: &Mappings) -> Vec<&'r [u8]> {
    let Some(text) = std::str::from_utf8(raw).ok().filter(|text| may_hold_a_list(text)) else {
        return Vec::new();
    };
    let Ok(message) = json::read(text) else { return Vec::new() };
    let place = || {
        let (key, _) = wrap::list(&message)?;
        if mappings.knows(&message) {
            return None;
        }
        items_of(text, fields_of(text)?.get(key)?.start)
    };
    place().unwrap_or_default().into_iter().filter_map(|range| raw.get(range)).collect()
}

/// Most alerts hold no list of objects, and need not be read twice to know that they are none.
fn may_hold_a_list(text: &str) -> bool {
    text.split('[').skip(1).any(|rest| rest.trim_start().starts_with('{'))
}

/// The values of the outermost object by their keys.
fn fields_of(text: &str) -> Option<BTreeMap<String, Range<usize>>> {
    let start = text.find('{')?;
    let mut fields = BTreeMap::new();
    for range in items_of(text, start)? {
        let item = text.get(range.clone())?;
        let name_end = end_of_value(item, 0)?;
        let colon = item.get(name_end..)?.find(':')? + name_end + 1;
        let lead = item.get(colon..)?.len() - item.get(colon..)?.trim_start().len();
        let Json::Text(name) = json::read(item.get(..name_end)?).ok()? else { return None };
        fields.insert(name.into_owned(), range.start + colon + lead..range.end);
    }
    Some(fields)
}

/// What stands between the commas of the list or object that begins at `start`. The text has been
/// read before, so brackets match.
fn items_of(text: &str, start: usize) -> Option<Vec<Range<usize>>> {
    let bytes = text.as_bytes();
    let mut items = Vec::new();
    let (mut from, mut at, mut depth) = (start + 1, start, 0_usize);
    loop {
        match bytes.get(at)? {
            b'"' => at = end_of_value(text, at)? - 1,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => {
                depth -= 1;
                if depth == 0 {
                    items.extend(trimmed(text, from..at));
                    return Some(items);
                }
            }
            b',' if depth == 1 => {
                items.extend(trimmed(text, from..at));
                from = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
}

/// The end of the string that begins at `start`.
fn end_of_value(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = start + 1;
    loop {
        match bytes.get(at)? {
            b'\\' => at += 2,
            b'"' => return Some(at + 1),
            _ => at += 1,
        }
    }
}

fn trimmed(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let inner = text.get(range.clone())?;
    let lead = inner.len() - inner.trim_start().len();
    let bare = inner.trim();
    (!bare.is_empty()).then(|| range.start + lead..range.start + lead + bare.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_are_the_bytes_that_came() {
        fn check(raw: &str, expected: &[&str]) {
            let parts: Vec<&str> = split(raw.as_bytes(), Mappings::embedded())
                .into_iter()
                .map(|part| std::str::from_utf8(part).unwrap())
                .collect();
            assert_eq!(parts, expected, "{raw}");
        }
        check(r#"{"x":"{","Records":[{"é":1},{}],"y":[2,3]}"#, &[r#"{"é":1}"#, "{}"]);
        check(
            r#"{"value" : [{"a":1},{"a":2}],"@odata.context":"c"}"#,
            &[r#"{"a":1}"#, r#"{"a":2}"#],
        );
        check(
            r#"{"records":[{"a":"]},{\""},{"b":[1,{}]}]}"#,
            &[r#"{"a":"]},{\""}"#, r#"{"b":[1,{}]}"#],
        );
        check(r#"{"title":"One","events":[{},{}]}"#, &[]);
        check(
            r#"{"id":{"applicationName":"login"},"actor":{},"events":[{"name":"a"},{"name":"b"}]}"#,
            &[],
        );
        check(r#"{"receiver":"r","groupKey":"g","alerts":[{"labels":{}},{"labels":{}}]}"#, &[]);
        check(r#"[{"a":1},{}]"#, &[]);
        check("[1,{}]", &[]);
        check("{", &[]);
        check("", &[]);
    }

    proptest! {
        #[test]
        fn every_part_is_what_it_was(items in prop::collection::vec(".{0,12}", 2..6)) {
            let items: Vec<serde_json::Value> =
                items.iter().map(|text| serde_json::json!({ "text": text, text: [text] })).collect();
            let raw = serde_json::json!({ "count": items.len(), "records": items }).to_string();
            let parts: Vec<serde_json::Value> =
                split(raw.as_bytes(), Mappings::embedded()).iter().map(|part| serde_json::from_slice(part).unwrap()).collect();
            prop_assert_eq!(parts, items);
        }

        #[test]
        fn no_bytes_make_it_panic(raw in prop::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(split(&raw, Mappings::embedded()).len() <= raw.len());
        }
    }
}
