//! `{{ entity.value }}`: names that stand for values of an event.
//!
//! The language is closed: a handful of paths, no expressions, no filters, no loops. A bound value
//! is data wherever it lands; it is never parsed again, not even by this module.

use std::fmt;

use serde::{Serialize, Serializer};

use super::diagnostic::suggestion;
use crate::event::{EntityKind, SecurityEvent};

/// What a template may name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Path {
    /// `entity.value`: the principal entity.
    EntityValue,
    /// `entity.type`: what the principal entity is.
    EntityType,
    /// `entity.ids.NAME`: what another system calls the principal entity.
    EntityId(String),
    /// `entity.host`, `entity.user`, `entity.ip`, ...: the first entity of a kind.
    FirstOf(EntityKind),
    /// `severity`
    Severity,
    /// `source`
    Source,
    /// `event_type`
    EventType,
    /// `title`
    Title,
    /// `incident.key`
    IncidentKey,
    /// `event.id`
    EventId,
}

const PATHS: [&str; 16] = [
    "entity.value",
    "entity.type",
    "entity.host",
    "entity.user",
    "entity.ip",
    "entity.domain",
    "entity.url",
    "entity.file_hash",
    "entity.process",
    "entity.cloud_resource",
    "entity.mailbox",
    "severity",
    "source",
    "event_type",
    "incident.key",
    "event.id",
];

impl Path {
    fn parse(text: &str) -> Result<Self, TemplateError> {
        let path = match text {
            "entity.value" => Self::EntityValue,
            "entity.type" => Self::EntityType,
            "severity" => Self::Severity,
            "source" => Self::Source,
            "event_type" => Self::EventType,
            "title" => Self::Title,
            "incident.key" => Self::IncidentKey,
            "event.id" => Self::EventId,
            _ => {
                if let Some(name) = text.strip_prefix("entity.ids.")
                    && is_name(name)
                {
                    return Ok(Self::EntityId(name.to_owned()));
                }
                let kind = text.strip_prefix("entity.").filter(|_| PATHS.contains(&text));
                let Some(kind) = kind else { return Err(unknown_path(text)) };
                Self::FirstOf(EntityKind::from(kind.to_owned()))
            }
        };
        Ok(path)
    }

    /// The value that it stands for; nothing when the event has none.
    pub fn value(&self, event: &SecurityEvent) -> Option<String> {
        match self {
            Self::EntityValue => event.principal().map(|entity| entity.value.clone()),
            Self::EntityType => event.principal().map(|entity| entity.kind.to_string()),
            Self::EntityId(name) => event.principal().and_then(|e| e.ids.get(name).cloned()),
            Self::FirstOf(kind) => event.first_of(kind).map(|entity| entity.value.clone()),
            Self::Severity => Some(event.severity.to_string()),
            Self::Source => Some(event.source.clone()),
            Self::EventType => Some(event.event_type.clone()),
            Self::Title => Some(event.title.clone()),
            Self::IncidentKey => event.incident_key.clone(),
            Self::EventId => Some(event.event_id.to_string()),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EntityValue => f.write_str("entity.value"),
            Self::EntityType => f.write_str("entity.type"),
            Self::EntityId(name) => write!(f, "entity.ids.{name}"),
            Self::FirstOf(kind) => write!(f, "entity.{kind}"),
            Self::Severity => f.write_str("severity"),
            Self::Source => f.write_str("source"),
            Self::EventType => f.write_str("event_type"),
            Self::Title => f.write_str("title"),
            Self::IncidentKey => f.write_str("incident.key"),
            Self::EventId => f.write_str("event.id"),
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn unknown_path(text: &str) -> TemplateError {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.');
    let message = if plain && !text.is_empty() {
        format!("there is no `{text}`")
    } else {
        format!("`{text}` is not a path; expressions and filters are not supported")
    };
    let help = match suggestion(text, PATHS) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {} and entity.ids.NAME", PATHS.join(", ")),
    };
    TemplateError { offset: 0, message, help }
}

/// Why a text is not a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// Characters before the place.
    pub offset: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Path(Path),
}

/// A text with places for values.
///
/// ```
/// use argus_soc::event::{Shape, Source, normalise};
/// use argus_soc::playbook::Template;
///
/// let source = Source { name: "edr", shape: Shape::Generic, tenant: None };
/// let raw = br#"{"entity_type": "host", "entity_value": "{{ severity }}", "severity": "low"}"#;
/// let event = normalise(raw, &source, "2026-01-01T00:00:00Z".parse()?)?;
/// let template: Template = "look at {{ entity.value }}".parse()?;
/// assert_eq!(template.bind(&event)?, "look at {{ severity }}"); // data is not a template
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

/// The event has no value for a path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event has no {0}")]
pub struct NoValue(pub String);

impl Template {
    /// The text it was read from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The path, when the template is nothing but one.
    pub fn single_path(&self) -> Option<&Path> {
        match self.parts.as_slice() {
            [Part::Path(path)] => Some(path),
            _ => None,
        }
    }

    /// Fills the places with values of an event.
    ///
    /// # Errors
    ///
    /// [`NoValue`] if the event lacks one: an empty place would mean something else.
    pub fn bind(&self, event: &SecurityEvent) -> Result<String, NoValue> {
        let mut text = String::with_capacity(self.source.len());
        for part in &self.parts {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Path(path) => {
                    text.push_str(&path.value(event).ok_or_else(|| NoValue(path.to_string()))?);
                }
            }
        }
        Ok(text)
    }

    /// The template that is one path.
    pub(super) fn of(path: Path) -> Self {
        Self { source: format!("{{{{ {path} }}}}"), parts: vec![Part::Path(path)] }
    }
}

impl std::str::FromStr for Template {
    type Err = TemplateError;

    fn from_str(source: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = source;
        let offset = |rest: &str| source.chars().count() - rest.chars().count();
        for other in ["{%", "{#"] {
            if let Some((before, _)) = source.split_once(other) {
                let message = format!("`{other}` is not supported; only {{{{ path }}}} is");
                let help = "playbooks have no statements; write a step instead".to_owned();
                return Err(TemplateError { offset: before.chars().count(), message, help });
            }
        }
        while let Some((before, after)) = rest.split_once("{{") {
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let begin = offset(rest) + before.chars().count();
            let Some((inner, after)) = after.split_once("}}") else {
                return Err(TemplateError {
                    offset: begin,
                    message: "`{{` without `}}`".to_owned(),
                    help: "close it, as in {{ entity.value }}".to_owned(),
                });
            };
            let leading = inner.chars().take_while(|c| c.is_whitespace()).count();
            let at = begin + 2 + leading;
            let path =
                Path::parse(inner.trim()).map_err(|error| TemplateError { offset: at, ..error })?;
            parts.push(Part::Path(path));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { source: source.to_owned(), parts })
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_not_a_path() {
        fn check(text: &str, offset: usize, message: &str) {
            let error = text.parse::<Template>().unwrap_err();
            assert_eq!((error.offset, error.message.as_str()), (offset, message), "{text}");
        }
        check("{{ entity.valu }}", 3, "there is no `entity.valu`");
        check("é {{ a.b }}", 5, "there is no `a.b`");
        check("{{", 0, "`{{` without `}}`");
        check("x{% if %}", 1, "`{%` is not supported; only {{ path }} is");
        check("{{}}", 2, "`` is not a path; expressions and filters are not supported");
        check(
            "{{ entity.value | upper }}",
            3,
            "`entity.value | upper` is not a path; expressions and filters are not supported",
        );
        check(
            "{{ entity.ids.a-b }}",
            3,
            "`entity.ids.a-b` is not a path; expressions and filters are not supported",
        );
    }

    #[test]
    fn every_path_reads_back_as_itself() {
        for path in PATHS {
            let template: Template = format!("{{{{{path}}}}}").parse().unwrap();
            assert_eq!(template.single_path().unwrap().to_string(), path);
        }
    }
}
