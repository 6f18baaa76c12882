//! What an author may have meant.

use std::collections::BTreeSet;

use argus_cards::{ael, nearest};
use serde_json::Value;

/// What a message about an unknown name may be about: a name of the data or a function that is
/// written nearly like it.
pub(super) fn hint(message: &str, data: &Value) -> Option<String> {
    if message.contains("did you mean") {
        return None;
    }
    let path = message.split('`').nth(1)?;
    let name = path.rsplit(['.', '/']).next().unwrap_or(path).trim_end_matches("()");
    let mut known = BTreeSet::new();
    if message.contains("function") {
        known.extend(ael::function_names().map(str::to_owned));
    } else {
        names(data, &mut known);
    }
    if known.contains(name) {
        return None;
    }
    let near = nearest(name, known.iter().map(String::as_str))?;
    Some(format!("did you mean `{near}`?"))
}

/// All names in the data.
fn names(data: &Value, known: &mut BTreeSet<String>) {
    match data {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            known.insert(name.clone());
            names(value, known);
        }),
        Value::Array(items) => items.iter().for_each(|item| names(item, known)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_meant_is_near() {
        let data =
            json!({ "incident": { "title": "x", "severity": "high" }, "rows": [{ "key": 1 }] });
        let check = |message: &str, expected: Option<&str>| {
            let expected = expected.map(|it| format!("did you mean `{it}`?"));
            assert_eq!(hint(message, &data), expected, "{message}");
        };
        check("`incident.titel` is not in the data", Some("title"));
        check("`severty` is not in the data", Some("severity"));
        check("`kex` is not in the data", Some("key"));
        check("`owner` is not in the data", None);
        check("`title` is not in the data", None);
        check("there is no function `formatNumbr`", Some("formatNumber"));
        check("the expression ends too early", None);
        check("`titel` …; did you mean `title`?", None);
    }
}
