//! The one shape: what an event is made of.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

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
