//! From the bytes of an alert to one shape for all products.
//!
//! Each product has a small *mapper* with a version (`sentinel_trigger/1`). A mapper never guesses
//! upward: what it cannot read stays unknown and leaves a note. Ids and times of the source are
//! kept, so that a redelivery is recognised and a timeline is true.

mod entity;
mod field;
mod generic;
mod graph;
mod guardduty;
mod json;
mod sentinel;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use json::Json;

/// How bad the source says it is.
///
/// `Unknown` sorts lowest but is not harmless: nothing runs by itself for it, a person looks.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The source did not say, or said something we do not know.
    #[default]
    Unknown,
    /// Worth knowing.
    Informational,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

impl Severity {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an entity is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum EntityKind {
    /// A computer.
    Host,
    /// An account.
    User,
    /// An address.
    Ip,
    /// A domain name.
    Domain,
    /// A web address.
    Url,
    /// A hash of a file.
    FileHash,
    /// A process.
    Process,
    /// Something a cloud provider runs.
    CloudResource,
    /// A mailbox.
    Mailbox,
    /// A kind we have no word for, as the source calls it.
    Other(String),
}

impl EntityKind {
    /// The word on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Host => "host",
            Self::User => "user",
            Self::Ip => "ip",
            Self::Domain => "domain",
            Self::Url => "url",
            Self::FileHash => "file_hash",
            Self::Process => "process",
            Self::CloudResource => "cloud_resource",
            Self::Mailbox => "mailbox",
            Self::Other(word) => word,
        }
    }
}

impl fmt::Display for EntityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<String> for EntityKind {
    fn from(word: String) -> Self {
        match word.to_ascii_lowercase().replace(['-', ' '], "_").as_str() {
            "host" | "hostname" | "device" | "machine" | "computer" | "endpoint" => Self::Host,
            "user" | "account" | "username" | "user_name" | "identity" | "upn" => Self::User,
            "ip" | "ip_address" | "ipaddress" | "ipv4" | "ipv6" => Self::Ip,
            "domain" | "dns" | "dns_name" | "fqdn" => Self::Domain,
            "url" | "uri" => Self::Url,
            "file_hash" | "filehash" | "hash" | "sha256" | "sha1" | "md5" => Self::FileHash,
            "process" => Self::Process,
            "cloud_resource" | "cloudresource" | "resource" | "arn" => Self::CloudResource,
            "mailbox" | "email" => Self::Mailbox,
            _ => Self::Other(word),
        }
    }
}

impl From<EntityKind> for String {
    fn from(kind: EntityKind) -> Self {
        kind.as_str().to_owned()
    }
}

/// One thing an event is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: EntityKind,
    /// Its name in canonical form: equal things have equal values.
    pub value: String,
    /// What other systems call it: `mde_device_id`, `aad_user_id`, `arn`.
    #[serde(default)]
    pub ids: BTreeMap<String, String>,
}

/// What a message says about its alert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It is new.
    #[default]
    Open,
    /// It has changed.
    Update,
    /// It has been closed at the source.
    Resolved,
}

/// An alert in the one shape that everything else reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecurityEvent {
    /// The same for every delivery of the same message.
    pub event_id: Uuid,
    /// Who says it: the payload's own word in the generic shape, otherwise the configured name.
    pub source: String,
    /// The product family: `sentinel`, `graph`, `guardduty`, or the generic shape's source.
    pub family: String,
    /// The id the source gave it.
    pub source_id: Option<String>,
    /// What all messages about one incident of the source share.
    pub incident_key: Option<String>,
    /// Whether the alert is new, changed or closed.
    pub phase: Phase,
    /// What happened, as the source classifies it.
    pub event_type: String,
    /// One line for people, without control characters.
    pub title: String,
    /// The source's own description, unchanged.
    pub description: Option<String>,
    /// The rule or detector that fired.
    pub rule: Option<String>,
    /// How bad it is.
    pub severity: Severity,
    /// What the source wrote for it.
    pub severity_raw: Option<String>,
    /// When it happened, as the source says.
    pub observed_at: Option<Timestamp>,
    /// When we got it.
    pub received_at: Timestamp,
    /// What it is about; the first is the principal.
    pub entities: Vec<Entity>,
    /// ATT&CK technique ids.
    pub techniques: Vec<String>,
    /// The product that noticed it.
    pub product: Option<String>,
    /// Where people can look at it.
    pub link: Option<String>,
    /// The tenant it belongs to.
    pub tenant: Option<String>,
    /// What could not be read, in words.
    pub notes: Vec<String>,
    /// The same for every alert about the same thing; 32 hex characters.
    pub fingerprint: String,
    /// What the source adds and no other field holds.
    pub context: Map<String, Value>,
    /// Which mapper read it, with its version: `generic/1`.
    pub mapper: String,
}

impl SecurityEvent {
    /// The entity the event is mainly about.
    pub fn principal(&self) -> Option<&Entity> {
        self.entities.first()
    }

    /// The first host.
    pub fn host(&self) -> Option<&Entity> {
        self.first_of(&EntityKind::Host)
    }

    /// The first entity of a kind.
    pub fn first_of(&self, kind: &EntityKind) -> Option<&Entity> {
        self.entities.iter().find(|entity| entity.kind == *kind)
    }
}

/// Which product's shape a message has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Shape {
    /// Find out from the message.
    #[default]
    Auto,
    /// The generic shape: `source`, `event_type`, `severity`, `entity_type`, `entity_value`.
    Generic,
    /// What Microsoft Sentinel's incident trigger sends.
    SentinelTrigger,
    /// A Microsoft Sentinel incident as its management API returns it.
    SentinelArm,
    /// A Microsoft Graph `alerts_v2` alert.
    GraphAlert,
    /// An AWS `GuardDuty` finding, bare, listed or in an event envelope.
    GuardDuty,
}

impl Shape {
    /// All shapes.
    pub const ALL: [Self; 6] = [
        Self::Auto,
        Self::Generic,
        Self::SentinelTrigger,
        Self::SentinelArm,
        Self::GraphAlert,
        Self::GuardDuty,
    ];

    /// The name in configuration files and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Generic => "generic",
            Self::SentinelTrigger => "sentinel_trigger",
            Self::SentinelArm => "sentinel_arm",
            Self::GraphAlert => "graph_alerts_v2",
            Self::GuardDuty => "guardduty",
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is not a shape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a shape; there are auto, generic, sentinel_trigger, sentinel_arm, graph_alerts_v2 and guardduty"
)]
pub struct UnknownShape(pub String);

impl FromStr for Shape {
    type Err = UnknownShape;

    /// Reads a name. Hyphens are as good as underscores; `sentinel`, `graph` and `defender` are
    /// accepted. The trigger's mapper also reads the management API's form, so a plain `sentinel`
    /// means whichever of the two it is.
    fn from_str(name: &str) -> Result<Self, UnknownShape> {
        match name.trim().to_ascii_lowercase().replace('-', "_").as_str() {
            "auto" => Ok(Self::Auto),
            "generic" => Ok(Self::Generic),
            "sentinel_trigger" | "sentinel" => Ok(Self::SentinelTrigger),
            "sentinel_arm" => Ok(Self::SentinelArm),
            "graph_alerts_v2" | "graph_alert" | "graph" | "defender" => Ok(Self::GraphAlert),
            "guardduty" | "guard_duty" | "aws_guardduty" => Ok(Self::GuardDuty),
            _ => Err(UnknownShape(name.to_owned())),
        }
    }
}

impl TryFrom<String> for Shape {
    type Error = UnknownShape;

    fn try_from(name: String) -> Result<Self, UnknownShape> {
        name.parse()
    }
}

impl From<Shape> for String {
    fn from(shape: Shape) -> Self {
        shape.name().to_owned()
    }
}

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
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
