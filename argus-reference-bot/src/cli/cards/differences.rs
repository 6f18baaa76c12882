//! How two cards differ, place by place.

use std::fmt;

use serde_json::{Value, json};

/// So many are shown; a card that differs in more is another card.
const MOST: usize = 20;
/// Longest value that is shown whole, in characters.
const WIDTH: usize = 80;

/// A place where two cards differ.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Difference {
    pointer: String,
    expected: Option<Value>,
    actual: Option<Value>,
}

impl Difference {
    pub(super) fn to_json(&self) -> Value {
        json!({ "pointer": self.pointer, "expected": self.expected, "actual": self.actual })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.pointer.is_empty() { "the card" } else { &self.pointer };
        match (&self.expected, &self.actual) {
            (Some(expected), Some(actual)) => {
                write!(f, "{at}: expected {}, is {}", short(expected), short(actual))
            }
            (Some(expected), None) => write!(f, "{at}: expected {}, is not there", short(expected)),
            (None, Some(actual)) => write!(f, "{at}: is {}, not expected", short(actual)),
            (None, None) => write!(f, "{at}: more differences are not shown"),
        }
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Where `actual` is not what was expected.
pub(super) fn differences(expected: &Value, actual: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", Some(expected), Some(actual), &mut found);
    if found.len() > MOST {
        found.truncate(MOST);
        found.push(Difference { pointer: "further on".to_owned(), expected: None, actual: None });
    }
    found
}

fn compare(
    at: &str,
    expected: Option<&Value>,
    actual: Option<&Value>,
    found: &mut Vec<Difference>,
) {
    match (expected, actual) {
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            let names = one.keys().chain(other.keys().filter(|name| !one.contains_key(*name)));
            for name in names {
                let part = name.replace('~', "~0").replace('/', "~1");
                compare(&format!("{at}/{part}"), one.get(name), other.get(name), found);
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            for index in 0..one.len().max(other.len()) {
                compare(&format!("{at}/{index}"), one.get(index), other.get(index), found);
            }
        }
        (expected, actual) if expected != actual => found.push(Difference {
            pointer: at.to_owned(),
            expected: expected.cloned(),
            actual: actual.cloned(),
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(expected: &Value, actual: &Value) -> Vec<String> {
        differences(expected, actual).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_difference_has_its_place() {
        let expected = json!({ "body": [{ "text": "a", "wrap": true }, 1], "x/y": 1 });
        let actual = json!({ "body": [{ "text": "b", "color": "good" }], "x/y": 2 });
        assert_eq!(
            lines(&expected, &actual),
            [
                r#"/body/0/text: expected "a", is "b""#,
                "/body/0/wrap: expected true, is not there",
                r#"/body/0/color: is "good", not expected"#,
                "/body/1: expected 1, is not there",
                "/x~1y: expected 1, is 2",
            ]
        );
        assert_eq!(lines(&json!([]), &json!({})), ["the card: expected [], is {}"]);
        assert_eq!(lines(&expected, &expected), [""; 0]);
    }

    #[test]
    fn many_and_long_differences_are_cut() {
        let many: Vec<u8> = (0..100).collect();
        let found = lines(&json!(many), &json!([]));
        assert_eq!(
            (found.len(), found[20].as_str()),
            (21, "further on: more differences are not shown")
        );
        let long = lines(&json!("x".repeat(500)), &json!(1));
        assert!(long[0].chars().count() < 130, "{long:?}");
    }
}
