//! The doors for events, and what each source may do.

use std::collections::BTreeMap;
use std::time::Duration;

use argus_soc::event::{Claims, EntityKind, Severity};
use serde::{Deserialize, Deserializer};

use super::SecretRef;

/// The doors for events.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ingest {
    /// Each source, by the name in `POST /ingest/{source}`.
    pub sources: BTreeMap<String, Source>,
    /// Where mappings of your own are: `folder:PATH` of `*.yaml`.
    pub mappings: Option<String>,
    /// Events that wait for the disk at once, at most; less while the disk is slow.
    pub max_in_flight: usize,
    /// Bytes of bodies that are being read or wait for the disk at once.
    pub max_in_flight_bytes: usize,
    /// Events that wait to be placed.
    pub max_backlog: u64,
    /// Bytes of their bodies.
    pub max_backlog_bytes: u64,
    /// Events in one request.
    pub max_batch_events: usize,
    /// Bytes of a request with many events, unpacked.
    pub max_batch_bytes: usize,
}

impl Default for Ingest {
    fn default() -> Self {
        Self {
            sources: BTreeMap::new(),
            mappings: None,
            max_in_flight: 4_096,
            max_in_flight_bytes: 32 << 20,
            max_backlog: 2_000_000,
            max_backlog_bytes: 4 << 30,
            max_batch_events: 1_000,
            max_batch_bytes: 8 << 20,
        }
    }
}

/// One source of events.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The normaliser, or `auto`.
    pub kind: String,
    /// How the source proves who it is.
    pub auth: SourceAuth,
    /// What it may claim; everything unless said.
    #[serde(default)]
    pub may: May,
    /// How much it may send; as much as there is room for unless said.
    #[serde(default)]
    pub quota: Quota,
    /// A silence that is longer than this is an incident: `15m`.
    #[serde(default, deserialize_with = "duration")]
    pub heartbeat: Option<Duration>,
}

/// How a source proves who it is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum SourceAuth {
    /// `X-Api-Key`.
    ApiKey(Secrets),
    /// `X-Api-Key`, of which only the SHA-256 is here.
    ApiKeySha256(Vec<String>),
    /// `X-Hub-Signature-256: sha256=HEX` over the raw body.
    Hmac(Secrets),
    /// `X-Argus-Signature: sha256=HEX` over `X-Argus-Timestamp`, a full stop and the raw body.
    HmacTimestamp(Secrets),
    /// A token of Entra in `Authorization`.
    Entra(EntraSource),
    /// A client certificate.
    Mtls(ClientCertificate),
}

/// Whose tokens of Entra speak for a source.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntraSource {
    /// The audience that the token is for.
    pub audience: String,
    /// The tenant that made it; `bot.tenant_id` unless said.
    #[serde(default)]
    pub tenant_id: Option<String>,
    /// The apps that may send.
    pub app_ids: Vec<String>,
    /// Roles of which the token must have one, if any are named.
    #[serde(default)]
    pub roles: Vec<String>,
}

/// Which client certificates speak for a source; each must also be signed by `server.tls.client_ca`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientCertificate {
    /// SHA-256 of the certificate, in hex.
    #[serde(default)]
    pub sha256: Vec<String>,
    /// A DNS name of the certificate.
    #[serde(default)]
    pub san: Vec<String>,
}

/// One secret, or two while it is being changed.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Secrets {
    /// One.
    One(SecretRef),
    /// Both are accepted.
    Two([SecretRef; 2]),
}

/// What a source may claim.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct May {
    /// The worst severity it may report.
    #[serde(default)]
    pub max_severity: Option<Severity>,
    /// The kinds of entities it may speak of.
    #[serde(default)]
    pub entities: Option<Vec<EntityKind>>,
    /// The ids of other systems that it may give to them.
    #[serde(default)]
    pub ids: Option<Vec<String>>,
    /// The types of events it may report.
    #[serde(default)]
    pub event_types: Option<Vec<String>>,
    /// Whether it may say that something is over; it may unless said.
    #[serde(default)]
    pub resolve: Option<bool>,
}

impl May {
    /// The same as the rest of the program holds it.
    pub fn claims(&self) -> Claims {
        let mut claims = Claims::default();
        claims.max_severity = self.max_severity;
        claims.entities.clone_from(&self.entities);
        claims.ids.clone_from(&self.ids);
        claims.event_types.clone_from(&self.event_types);
        claims.never_resolves = self.resolve == Some(false);
        claims
    }
}

/// How much a source may send.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// Events a minute.
    #[serde(default)]
    pub events_per_minute: Option<u32>,
    /// Bytes a minute.
    #[serde(default)]
    pub bytes_per_minute: Option<u64>,
}

pub(super) fn duration<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let expected = || {
        let why = format!("`{text}` is not a time of at least a second, such as `15m` or `2h`");
        serde::de::Error::custom(why)
    };
    let time: jiff::SignedDuration = text.parse().map_err(|_| expected())?;
    let time = Duration::try_from(time).map_err(|_| expected())?;
    if time < Duration::from_secs(1) { Err(expected()) } else { Ok(Some(time)) }
}
