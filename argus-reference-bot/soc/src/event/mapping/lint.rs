//! The samples of a mapping are its tests.

use std::fmt;

use serde::Serialize;

use super::{Expected, Mapping, Mappings};
use crate::event::{SecurityEvent, Shape, Source};

/// A sample that does not come out as its mapping says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SampleFailure {
    /// The line in the mapping's file, from one.
    pub line: usize,
    /// The column in characters, from one.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for SampleFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// Reads the samples of a mapping as messages that come in, with every other mapping beside it.
///
/// So a sample also shows that its message is recognised, and not taken for another product's.
pub fn lint(mapping: &Mapping, among: &Mappings) -> Vec<SampleFailure> {
    let mut failures = Vec::new();
    if mapping.samples.is_empty() {
        let message = "the mapping has no `samples`, so nothing shows that it reads a message; add \
                       one with what you `expect`";
        failures.push(SampleFailure { line: 1, column: 1, message: message.to_owned() });
    }
    for sample in &mapping.samples {
        let mut fail = |(line, column), message| {
            failures.push(SampleFailure { line, column, message });
        };
        let source = Source { name: "sample", shape: Shape::Auto, tenant: None };
        let read = among.normalise(sample.message.as_bytes(), &source, jiff::Timestamp::UNIX_EPOCH);
        let event = match read {
            Ok(event) => event,
            Err(error) => {
                fail(sample.at, format!("the message cannot be read: {error}"));
                continue;
            }
        };
        if event.mapper != mapping.id {
            let read_by = &event.mapper;
            fail(sample.at, format!("the message is read by {read_by}, not by {}", mapping.id));
            continue;
        }
        for expected in &sample.expect {
            let got = field(&event, &expected.field);
            if !agrees(expected, &got) {
                let (wanted, got) = (expected.value.join(", "), got.join(", "));
                fail(expected.at, format!("{} is [{got}], not [{wanted}]", expected.field));
            }
        }
    }
    failures
}

/// Whether a field is what was expected; what the walk adds behind expected entities is no fault.
fn agrees(expected: &Expected, got: &[String]) -> bool {
    if expected.field == "time" {
        let time =
            |text: Option<&String>| text.and_then(|text| text.parse::<jiff::Timestamp>().ok());
        return time(expected.value.first()) == time(got.first());
    }
    if expected.field == "entities" {
        return got.starts_with(&expected.value);
    }
    got == expected.value
}

/// A field of an event as texts.
fn field(event: &SecurityEvent, name: &str) -> Vec<String> {
    let one = |text: &Option<String>| text.iter().cloned().collect();
    match name {
        "id" => one(&event.source_id),
        "incident" => one(&event.incident_key),
        "time" => event.observed_at.iter().map(ToString::to_string).collect(),
        "title" => vec![event.title.clone()],
        "description" => one(&event.description),
        "type" => vec![event.event_type.clone()],
        "rule" => one(&event.rule),
        "link" => one(&event.link),
        "tenant" => one(&event.tenant),
        "techniques" => event.techniques.clone(),
        "severity" => vec![event.severity.to_string()],
        "phase" => serde_json::to_value(event.phase)
            .ok()
            .and_then(|phase| phase.as_str().map(str::to_owned))
            .into_iter()
            .collect(),
        "product" => one(&event.product),
        "family" => vec![event.family.clone()],
        "mapper" => vec![event.mapper.clone()],
        _ => event.entities.iter().map(|it| format!("{}={}", it.kind, it.value)).collect(),
    }
}
