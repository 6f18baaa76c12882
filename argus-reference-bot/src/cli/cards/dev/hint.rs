//! What an author may have meant.

use std::collections::BTreeSet;

use argus_cards::ael;
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
    // A third of the letters may be wrong, but not more than two.
    let most = (name.chars().count() / 3).clamp(1, 2);
    let near = known.iter().map(|other| (distance(name, other), other));
    let (_, other) = near.filter(|(distance, _)| *distance <= most).min()?;
    Some(format!("did you mean `{other}`?"))
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

/// How many letters must be put in, left out, changed, or swapped with their neighbour.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.to_lowercase().chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    let mut previous = None;
    for (row, letter) in one.to_lowercase().chars().enumerate() {
        let mut line = vec![row + 1];
        for (column, wanted) in other.iter().enumerate() {
            let at =
                |line: &[usize], column: usize| line.get(column).copied().unwrap_or(usize::MAX);
            let changed = at(&last, column) + usize::from(letter != *wanted);
            let mut best = changed.min(at(&last, column + 1) + 1).min(at(&line, column) + 1);
            let swapped =
                column > 0 && previous == Some(*wanted) && other.get(column - 1) == Some(&letter);
            if swapped {
                best = best.min(at(&before_last, column - 1).saturating_add(1));
            }
            line.push(best);
        }
        before_last = std::mem::replace(&mut last, line);
        previous = Some(letter);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn letters_that_differ_are_counted() {
        let check = |one: &str, other: &str, expected: usize| {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        };
        check("title", "title", 0);
        check("titel", "title", 1);
        check("Title", "title", 0);
        check("tite", "title", 1);
        check("tittle", "title", 1);
        check("host", "score", 4);
        check("", "ab", 2);
    }

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
