//! `sysparm_query`: conditions joined by `^`, and an order.

use serde_json::{Map, Value};

use super::text;

/// Operators, longest first, so that `>=` is not read as `>`.
const OPERATORS: [&str; 8] = ["STARTSWITH", "LIKE", ">=", "<=", "!=", "=", ">", "<"];

/// A parsed query.
#[derive(Debug, Default)]
pub(crate) struct Query {
    conditions: Vec<Condition>,
    order: Option<(String, bool)>,
}

#[derive(Debug)]
struct Condition {
    field: String,
    operator: &'static str,
    value: String,
}

impl Query {
    /// Reads what can be read; the rest is left out, as ServiceNow does.
    pub(crate) fn parse(text: &str) -> Self {
        let mut query = Self::default();
        for part in text.split('^') {
            if let Some(field) = part.strip_prefix("ORDERBYDESC") {
                query.order = Some((field.to_owned(), true));
            } else if let Some(field) = part.strip_prefix("ORDERBY") {
                query.order = Some((field.to_owned(), false));
            } else {
                query.conditions.extend(Condition::parse(part));
            }
        }
        query
    }

    /// The records that fit, in order.
    pub(crate) fn select<'a>(
        &self,
        records: impl Iterator<Item = &'a Map<String, Value>>,
    ) -> Vec<&'a Map<String, Value>> {
        let mut found: Vec<_> = records
            .filter(|record| self.conditions.iter().all(|condition| condition.fits(record)))
            .collect();
        let (field, descending) = self.order.clone().unwrap_or(("number".to_owned(), false));
        found.sort_by_key(|record| text(record, &field));
        if descending {
            found.reverse();
        }
        found
    }
}

impl Condition {
    /// Splits at the first operator; a field name is lower case with underscores.
    fn parse(part: &str) -> Option<Self> {
        let end = part.find(|letter: char| {
            !(letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
        })?;
        let (field, rest) = part.split_at_checked(end)?;
        let operator = OPERATORS.into_iter().find(|operator| rest.starts_with(operator))?;
        let value = rest.strip_prefix(operator)?.to_owned();
        (!field.is_empty()).then(|| Self { field: field.to_owned(), operator, value })
    }

    fn fits(&self, record: &Map<String, Value>) -> bool {
        if !record.contains_key(&self.field) {
            return true;
        }
        let actual = text(record, &self.field);
        let wanted = &self.value;
        match self.operator {
            "STARTSWITH" => actual.starts_with(wanted),
            "LIKE" => actual.contains(wanted),
            "!=" => actual != *wanted,
            ">=" => actual >= *wanted,
            "<=" => actual <= *wanted,
            ">" => actual > *wanted,
            "<" => actual < *wanted,
            _ => actual == *wanted,
        }
    }
}
