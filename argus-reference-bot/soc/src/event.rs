//! From the bytes of an alert to one shape for all products.
//!
//! Each product has a small *mapper* with a version (`sentinel_trigger/1`). A mapper never guesses
//! upward: what it cannot read stays unknown and leaves a note. Ids and times of the source are
//! kept, so that a redelivery is recognised and a timeline is true.

mod claims;
mod delivery;
mod entity;
mod field;
mod generic;
mod graph;
mod guardduty;
mod json;
mod model;
mod sentinel;
mod shape;

use jiff::Timestamp;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use json::Json;

pub use claims::Claims;
pub use delivery::{Delivery, DeliveryError, Label, delivery};
pub use model::{Entity, EntityKind, Phase, SecurityEvent, Severity};
pub use shape::{Shape, UnknownShape};

/// Where a message came from, as configured and authenticated; never taken from the message.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The configured name.
    pub name: &'a str,
    /// The shape its messages have.
    pub shape: Shape,
    /// The tenant its messages belong to, when the configuration says so.
    pub tenant: Option<&'a str>,
}

/// What is wrong with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NormaliseErrorKind {
    /// The bytes are not UTF-8.
    NotUtf8,
    /// The text is not JSON; line and column count from one.
    NotJson {
        /// The line.
        line: usize,
        /// The column, in characters.
        column: usize,
    },
    /// The document is JSON but neither an object nor a list of objects.
    NotAnObject,
    /// The source is configured for another shape.
    WrongShape {
        /// The shape that was expected.
        expected: Shape,
    },
    /// It nests more than 64 deep.
    TooDeep,
    /// An object has the same key twice, so two readers could see two alerts.
    DuplicateKey,
}

/// Why a message is not an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NormaliseError {
    /// What is wrong.
    pub kind: NormaliseErrorKind,
    /// The same in words, with the place.
    pub message: String,
}

/// The namespace of event ids. Changing it would make every redelivery look new.
const EVENT_NAMESPACE: Uuid = Uuid::from_u128(0x6b2f_8a94_51c7_4d0e_9a3b_e1f0_47d2_c865);

/// The id of an event: a function of the source and its own id, or of the bytes if it has none.
///
/// ```
/// use argus_soc::event::event_id;
///
/// assert_eq!(event_id("edr", "a-1"), event_id("edr", "a-1"));
/// assert_ne!(event_id("edr", "a-1"), event_id("ed", "ra-1"));
/// ```
pub fn event_id(source: &str, native_or_sha: &str) -> Uuid {
    // The length keeps ("ed", "ra-1") apart from ("edr", "a-1").
    let name = format!("{}:{source}:{native_or_sha}", source.len());
    Uuid::new_v5(&EVENT_NAMESPACE, name.as_bytes())
}

/// Reads the bytes of an alert.
///
/// With [`Shape::Auto`] every JSON object becomes an event: what no mapper knows is read as a
/// generic one with an unknown severity and a note. So is a list of several alerts, since one
/// message is one event: a person has to look.
///
/// ```
/// use argus_soc::event::{NormaliseErrorKind, Severity, Shape, Source, normalise};
///
/// let source = Source { name: "edr", shape: Shape::Auto, tenant: None };
/// let now = "2026-01-01T00:00:00Z".parse()?;
/// let event = normalise(br#"{"entity_value": "WS-1", "entity_type": "host"}"#, &source, now)?;
/// assert_eq!(event.severity, Severity::Unknown);
/// assert_eq!(event.host().map(|host| host.value.as_str()), Some("ws-1"));
///
/// let error = normalise(br#"{"severity": "low", "severity": "high"}"#, &source, now).unwrap_err();
/// assert_eq!(error.kind, NormaliseErrorKind::DuplicateKey);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// A [`NormaliseError`] whose kind says what is wrong with the bytes. Nothing about the *content*
/// of an alert is an error.
pub fn normalise(
    raw: &[u8],
    source: &Source<'_>,
    received_at: Timestamp,
) -> Result<SecurityEvent, NormaliseError> {
    let text = std::str::from_utf8(raw).map_err(|error| NormaliseError {
        kind: NormaliseErrorKind::NotUtf8,
        message: format!("the bytes are not UTF-8 from byte {} on", error.valid_up_to()),
    })?;
    let document = json::read(text)?;
    let not_an_object = |message: &str| NormaliseError {
        kind: NormaliseErrorKind::NotAnObject,
        message: message.to_owned(),
    };
    let object = match &document {
        Json::Object(_) => &document,
        Json::List(items) => match items.as_slice() {
            // Exporters wrap one alert in a list.
            [only @ Json::Object(_)] => only,
            [Json::Object(_), ..] if source.shape == Shape::Auto => {
                return Ok(generic::batch(items).finish(raw, source, received_at));
            }
            _ => return Err(not_an_object("a list must hold exactly one object")),
        },
        _ => return Err(not_an_object("the document is not an object")),
    };
    let shape = match source.shape {
        Shape::Auto => recognise(object),
        fixed => fixed,
    };
    let draft = match shape {
        Shape::SentinelTrigger => sentinel::trigger(object),
        Shape::SentinelArm => sentinel::incident(object),
        Shape::GraphAlert => graph::alert(object),
        Shape::GuardDuty => guardduty::finding(object),
        Shape::Generic | Shape::Auto => Some(generic::event(object)),
    };
    let draft = draft.ok_or_else(|| NormaliseError {
        kind: NormaliseErrorKind::WrongShape { expected: shape },
        message: format!("the document does not have the shape {shape}"),
    })?;
    Ok(draft.finish(raw, source, received_at))
}

/// The shape that a message has by its looks.
fn recognise(object: &Json<'_>) -> Shape {
    if sentinel::is_trigger(object) {
        Shape::SentinelTrigger
    } else if sentinel::is_incident(object) {
        Shape::SentinelArm
    } else if guardduty::is_finding(object) {
        Shape::GuardDuty
    } else if graph::is_alert(object) {
        Shape::GraphAlert
    } else {
        Shape::Generic
    }
}

/// What a mapper found; [`Draft::finish`] adds what is the same for all of them.
#[derive(Debug, Default)]
struct Draft {
    mapper: &'static str,
    family: String,
    source: Option<String>,
    source_id: Option<String>,
    /// Makes two messages about one alert two events: an etag, the time of the last change.
    revision: Option<String>,
    incident_key: Option<String>,
    phase: Phase,
    event_type: Option<String>,
    title: Option<String>,
    description: Option<String>,
    rule: Option<String>,
    severity: Severity,
    severity_raw: Option<String>,
    observed_at: Option<Timestamp>,
    entities: Vec<Entity>,
    techniques: Vec<String>,
    product: Option<String>,
    link: Option<String>,
    tenant: Option<String>,
    notes: Vec<String>,
    context: Map<String, Value>,
}

impl Draft {
    fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Adds an entity unless the same one is there, whose ids it then completes.
    fn entity(&mut self, entity: Option<Entity>) {
        let Some(entity) = entity else { return };
        let same = |known: &&mut Entity| known.kind == entity.kind && known.value == entity.value;
        match self.entities.iter_mut().find(same) {
            Some(known) => {
                for (name, id) in entity.ids {
                    known.ids.entry(name).or_insert(id);
                }
            }
            None => self.entities.push(entity),
        }
    }

    /// Puts the first entity of a kind in front.
    fn lead_with(&mut self, kind: &EntityKind) -> bool {
        let Some(at) = self.entities.iter().position(|entity| entity.kind == *kind) else {
            return false;
        };
        if let Some(front) = self.entities.get_mut(..=at) {
            front.rotate_right(1);
        }
        true
    }

    fn keep(&mut self, name: &str, value: Option<&Json<'_>>) {
        if let Some(value) = value
            && *value != Json::Null
        {
            self.context.insert(name.to_owned(), value.to_value());
        }
    }

    fn finish(mut self, raw: &[u8], source: &Source<'_>, received_at: Timestamp) -> SecurityEvent {
        if self.severity == Severity::Unknown {
            let note = match &self.severity_raw {
                Some(raw) => format!("severity {raw:?} is not one we know"),
                None => "the source gives no severity".to_owned(),
            };
            self.notes.push(note);
        }
        let native = match (&self.source_id, &self.revision) {
            (Some(id), Some(revision)) => format!("{id}@{revision}"),
            (Some(id), None) => id.clone(),
            (None, _) => format!("sha256:{}", hex(&Sha256::digest(raw))),
        };
        let name = if source.name.is_empty() { self.family.as_str() } else { source.name };
        // The id hangs on who delivered it, never on who the message says it is: one source cannot
        // make another one's events look like repetitions.
        let event_id = event_id(name, &native);
        let event_type = self.event_type.unwrap_or_else(|| "unknown".to_owned());
        let title = self.title.as_deref().map(field::shown).filter(|title| !title.is_empty());
        let tenant = source.tenant.map(str::to_owned).or(self.tenant);
        let fingerprint = fingerprint(
            tenant.as_deref(),
            &self.family,
            self.rule.as_deref().unwrap_or(&event_type),
            self.entities.first(),
            title.as_deref(),
        );
        SecurityEvent {
            event_id,
            source: self.source.unwrap_or_else(|| name.to_owned()),
            family: self.family,
            source_id: self.source_id,
            incident_key: self.incident_key,
            phase: self.phase,
            title: title.unwrap_or_else(|| event_type.clone()),
            event_type,
            description: self.description,
            rule: self.rule,
            severity: self.severity,
            severity_raw: self.severity_raw,
            observed_at: self.observed_at,
            received_at,
            entities: self.entities,
            techniques: self.techniques,
            product: self.product,
            link: self.link,
            tenant,
            notes: self.notes,
            fingerprint,
            context: self.context,
            mapper: self.mapper.to_owned(),
        }
    }
}

/// What two alerts about the same thing share: tenant, family, rule and principal entity.
///
/// Times, counters and etags stay out. Without an entity the title stands in, so that two
/// unrelated alerts of one rule do not become one.
fn fingerprint(
    tenant: Option<&str>,
    family: &str,
    rule: &str,
    principal: Option<&Entity>,
    title: Option<&str>,
) -> String {
    let (kind, value) = match principal {
        Some(entity) => (entity.kind.as_str(), entity.value.as_str()),
        None => ("", title.unwrap_or_default()),
    };
    let mut hash = Sha256::new();
    for part in [tenant.unwrap_or_default(), family, rule, kind, value] {
        // Lengths keep ("a", "bc") apart from ("ab", "c").
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    let mut text = hex(&hash.finalize());
    text.truncate(32);
    text
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}
