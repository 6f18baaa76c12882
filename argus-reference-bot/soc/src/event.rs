//! From the bytes of an alert to one shape for all products.
//!
//! Each product has a small *mapper* with a version (`sentinel_trigger/1`). A mapper never guesses
//! upward: what it cannot read stays unknown and leaves a note. Ids and times of the source are
//! kept, so that a redelivery is recognised and a timeline is true.

mod claims;
mod delivery;
mod draft;
mod entity;
mod field;
mod generic;
mod graph;
mod guardduty;
mod json;
mod look;
mod mapping;
mod model;
mod sentinel;
mod severity;
mod shape;
mod split;
mod time;
mod unfold;
mod walk;
mod wrap;

use jiff::Timestamp;
use uuid::Uuid;

use draft::{Draft, fingerprint};
use json::Json;

pub use claims::Claims;
pub use delivery::{Delivery, DeliveryError, Label};
pub use mapping::{Mapping, Mappings, MappingsError, SampleFailure, lint};
pub use model::{Entity, EntityKind, Phase, SecurityEvent, Severity};
pub use shape::{MapperName, Shape, UnknownShape};

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

/// The id of an event: a function of the source and of what tells its messages apart: an id with
/// its revision, an id with the digest of the bytes, or the digest alone.
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
    Mappings::embedded().normalise(raw, source, received_at)
}

impl Mappings {
    /// Reads the bytes of an alert as [`normalise`] does, with these mappings.
    ///
    /// # Errors
    ///
    /// As [`normalise`].
    pub fn normalise(
        &self,
        raw: &[u8],
        source: &Source<'_>,
        received_at: Timestamp,
    ) -> Result<SecurityEvent, NormaliseError> {
        let text = std::str::from_utf8(raw).map_err(|error| NormaliseError {
            kind: NormaliseErrorKind::NotUtf8,
            message: format!("the bytes are not UTF-8 from byte {} on", error.valid_up_to()),
        })?;
        let (texts, inner);
        let (mut document, traits) = json::read_noting(text)?;
        if traits.embeds {
            texts = unfold::embedded(&document);
            unfold::open(&mut document, &texts);
            // Services that forward for services wrap twice; a third time stays text.
            inner = unfold::embedded(&document);
            unfold::open(&mut document, &inner);
        }
        if traits.dotted || traits.embeds {
            unfold::unflatten(&mut document);
        }
        let not_an_object = |message: &str| NormaliseError {
            kind: NormaliseErrorKind::NotAnObject,
            message: message.to_owned(),
        };
        let message = match &document {
            Json::Object(_) => &document,
            Json::List(items) => match items.as_slice() {
                // Exporters wrap one alert in a list.
                [only @ Json::Object(_)] => only,
                [first @ Json::Object(_), ..] if source.shape.is_open() => {
                    let draft = generic::several(first, items.len());
                    return Ok(draft.finish(raw, source, received_at));
                }
                _ => return Err(not_an_object("a list must hold exactly one object")),
            },
            _ => return Err(not_an_object("the document is not an object")),
        };
        let draft = self.reader(message, source.shape)?.read(message, received_at);
        Ok(draft.finish(raw, source, received_at))
    }

    /// Who reads a message: the one that the source is bound to, else the one that knows it.
    fn reader<'m, 'a>(
        &self,
        message: &'m Json<'a>,
        shape: Shape,
    ) -> Result<Reader<'_, 'm, 'a>, NormaliseError> {
        let layers = wrap::layers(message);
        match shape {
            Shape::Generic => return Ok(Reader::Generic),
            Shape::Auto => {}
            Shape::Mapped(name) => {
                let mapping = self.named(name.as_str());
                let fits = |layer: &&'m Json<'a>| Some((mapping?, mapping?.scope(layer)?));
                if let Some((mapping, scope)) = layers.iter().find_map(fits) {
                    return Ok(Reader::Data(mapping, scope));
                }
                // A product that changes what it sends must not lose an alert by it.
            }
            code => {
                let draft = layers.iter().find_map(|layer| read_by_code(code, layer));
                return draft.map(|draft| Reader::Code(Box::new(draft))).ok_or_else(|| {
                    NormaliseError {
                        kind: NormaliseErrorKind::WrongShape { expected: code },
                        message: format!("the document does not have the shape {code}"),
                    }
                });
            }
        }
        let several =
            wrap::list(message).and_then(|(_, items)| Some((items.first()?, items.len())));
        for (depth, layer) in layers.into_iter().enumerate() {
            if depth == 1
                && let Some((first, count)) = several
            {
                return Ok(Reader::Several(first, count));
            }
            if let Some(reader) = self.reader_of(layer) {
                return Ok(reader);
            }
        }
        Ok(several.map_or(Reader::Generic, |(first, count)| Reader::Several(first, count)))
    }

    /// Whether one of them, or our code, reads a message as a whole.
    fn knows(&self, message: &Json<'_>) -> bool {
        self.reader_of(message).is_some()
    }

    /// Who knows a message by its looks. What people have added goes before our code.
    fn reader_of<'m, 'a>(&self, layer: &'m Json<'a>) -> Option<Reader<'_, 'm, 'a>> {
        let data = self.recognise(layer);
        if let Some((mapping, scope)) = data
            && mapping.is_added()
        {
            return Some(Reader::Data(mapping, scope));
        }
        let code = match recognise(layer) {
            Shape::Generic => None,
            shape => read_by_code(shape, layer),
        };
        match code {
            Some(draft) => Some(Reader::Code(Box::new(draft))),
            None => data.map(|(mapping, scope)| Reader::Data(mapping, scope)),
        }
    }
}

/// Who reads a message.
enum Reader<'r, 'm, 'a> {
    /// One of the mappers written in code, which has read it.
    Code(Box<Draft>),
    Data(&'r Mapping, mapping::Scope<'m, 'a>),
    /// An envelope with several alerts, of which this is the first.
    Several(&'m Json<'a>, usize),
    Generic,
}

impl Reader<'_, '_, '_> {
    fn read(self, message: &Json<'_>, near: Timestamp) -> Draft {
        match self {
            Self::Several(first, count) => generic::several(first, count),
            Self::Code(mut draft) => {
                draft.complete(walk::walk(message, near, &[]));
                *draft
            }
            Self::Generic => {
                let mut draft = generic::event(message);
                let finds = walk::walk(message, near, &[]);
                if draft.severity == Severity::Unknown {
                    draft.grade(&finds);
                }
                draft.complete(finds);
                draft
            }
            Self::Data(mapping, scope) => {
                let mut draft = mapping.read(scope, near);
                let finds = walk::walk(message, near, mapping.ignored());
                match mapping.severity(scope) {
                    Some(((severity, raw), note)) => {
                        (draft.severity, draft.severity_raw) = (severity, raw);
                        draft.notes.extend(note);
                    }
                    None => draft.grade(&finds),
                }
                draft.complete(finds);
                draft
            }
        }
    }
}

/// Reads a message with one of the mappers written in code.
fn read_by_code(shape: Shape, layer: &Json<'_>) -> Option<Draft> {
    match shape {
        Shape::SentinelTrigger => sentinel::trigger(layer),
        Shape::SentinelArm => sentinel::incident(layer),
        Shape::GraphAlert => graph::alert(layer),
        Shape::GuardDuty => guardduty::finding(layer),
        Shape::Generic | Shape::Auto | Shape::Mapped(_) => None,
    }
}

/// The shape that a message has by its looks, among those that code reads.
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
