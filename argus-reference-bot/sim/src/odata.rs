//! The part of `OData` that callers of Defender use: `$filter` with `and`, comparisons and
//! `contains`, and `$top`.

use serde_json::Value;

/// A parsed `$filter`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Filter {
    clauses: Vec<Clause>,
}

#[derive(Clone, Debug, PartialEq)]
struct Clause {
    field: String,
    test: Test,
    value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    Equal,
    NotEqual,
    AtLeast,
    AtMost,
    Above,
    Below,
    Contains,
}

impl Filter {
    /// Reads a filter; the error is a sentence for the error body.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut clauses = Vec::new();
        for part in outside_quotes(text, " and ") {
            clauses.push(clause(part.trim())?);
        }
        Ok(Self { clauses })
    }

    /// Whether a record passes.
    pub(crate) fn matches(&self, record: &Value) -> bool {
        self.clauses.iter().all(|clause| clause.matches(record))
    }
}

impl Clause {
    fn matches(&self, record: &Value) -> bool {
        let Some(actual) = record.get(&self.field).and_then(Value::as_str) else {
            return matches!(self.test, Test::NotEqual);
        };
        // Times of one system have one format, so their order is the order of their text.
        let wanted = self.value.as_str();
        match self.test {
            Test::Equal => actual == wanted,
            Test::NotEqual => actual != wanted,
            Test::AtLeast => actual >= wanted,
            Test::AtMost => actual <= wanted,
            Test::Above => actual > wanted,
            Test::Below => actual < wanted,
            Test::Contains => actual.contains(wanted),
        }
    }
}

fn clause(source: &str) -> Result<Clause, String> {
    if let Some(arguments) =
        source.strip_prefix("contains(").and_then(|rest| rest.strip_suffix(')'))
    {
        let (field, value) = arguments.split_once(',').ok_or_else(|| unreadable(source))?;
        return Ok(Clause {
            field: field.trim().to_owned(),
            test: Test::Contains,
            value: literal(value.trim()),
        });
    }
    let mut words = source.splitn(3, ' ');
    let (Some(field), Some(operator), Some(value)) = (words.next(), words.next(), words.next())
    else {
        return Err(unreadable(source));
    };
    let test = match operator {
        "eq" => Test::Equal,
        "ne" => Test::NotEqual,
        "ge" => Test::AtLeast,
        "le" => Test::AtMost,
        "gt" => Test::Above,
        "lt" => Test::Below,
        _ => return Err(unreadable(source)),
    };
    Ok(Clause { field: field.to_owned(), test, value: literal(value.trim()) })
}

/// The text of a literal: quotes off, doubled quotes halved.
fn literal(text: &str) -> String {
    let quoted = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    quoted.map_or_else(|| text.to_owned(), |inner| inner.replace("''", "'"))
}

fn unreadable(text: &str) -> String {
    format!("Syntax error in the filter clause \"{text}\".")
}

/// Splits at a separator that is not inside a quoted literal.
fn outside_quotes<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut quoted = false;
    for (at, letter) in text.char_indices() {
        if letter == '\'' {
            quoted = !quoted;
        }
        let here = text.get(at..).unwrap_or_default();
        if !quoted && at >= start && here.starts_with(separator) {
            parts.push(text.get(start..at).unwrap_or_default());
            start = at + separator.len();
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_select() {
        let record = json!({
            "machineId": "m1",
            "type": "Isolate",
            "requestorComment": "run and tell, it's [argus:ab12]",
            "creationDateTimeUtc": "2026-11-20T10:00:00Z",
        });
        let check = |filter: &str, expected: bool| {
            assert_eq!(Filter::parse(filter).unwrap().matches(&record), expected, "{filter}");
        };
        check("machineId eq 'm1'", true);
        check("machineId eq 'm1' and type eq 'Unisolate'", false);
        check("type ne 'Unisolate' and contains(requestorComment, '[argus:ab12]')", true);
        check("requestorComment eq 'run and tell, it''s [argus:ab12]'", true);
        check("creationDateTimeUtc ge 2026-11-20T09:59:00Z", true);
        check("creationDateTimeUtc gt 2026-11-20T10:00:00Z", false);
        check("absent eq 'x'", false);
        check("absent ne 'x'", true);
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_refused() {
        for filter in ["machineId", "machineId is 'x'", "contains(machineId)"] {
            assert!(Filter::parse(filter).is_err(), "{filter}");
        }
    }
}
