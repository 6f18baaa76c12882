//! `[enrichment]`: who is asked about the things in an alert, and how patiently.

use std::collections::BTreeMap;

use argus_soc::enrich::assets::Criticality;
use serde::Deserialize;

use super::SecretRef;

/// What is known about assets and indicators.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Enrichment {
    /// `file:PATH` of a list of assets, JSON or CSV.
    pub assets: Option<String>,
    /// `file:PATH` of a list of indicators, JSON, or of a STIX 2.1 bundle.
    pub intel: Option<String>,
    /// How long triage waits for all sources together.
    pub deadline_ms: u32,
    /// The directory of the copies of feeds and inventories; by default `enrichment` beside the
    /// store.
    pub state: Option<String>,
    /// How long answers are good.
    pub cache: Cache,
    /// Further sources, by name.
    pub sources: BTreeMap<String, Source>,
}

impl Default for Enrichment {
    fn default() -> Self {
        Self {
            assets: None,
            intel: None,
            deadline_ms: 2_000,
            state: None,
            cache: Cache::default(),
            sources: BTreeMap::new(),
        }
    }
}

/// How long answers of sources far away are good.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cache {
    /// Answers kept of each source.
    pub entries: u32,
    /// Seconds that a verdict about an indicator is good.
    pub intel_secs: u32,
    /// Seconds that what is known of an asset is good.
    pub asset_secs: u32,
    /// Seconds that "knows nothing" is good.
    pub unknown_secs: u32,
    /// `redis://HOST:PORT/DB` or `rediss://…`: replicas share their answers there.
    pub redis: Option<String>,
    /// User and password for it, `USER:PASSWORD` or the password alone.
    pub redis_login: Option<SecretRef>,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            entries: 10_000,
            intel_secs: 3_600,
            asset_secs: 3_600,
            unknown_secs: 300,
            redis: None,
            redis_login: None,
        }
    }
}

/// One source.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Source {
    /// A file of assets, JSON or CSV.
    AssetsFile(File),
    /// A file of indicators, JSON or a STIX 2.1 bundle.
    IntelFile(File),
    /// A TAXII 2.1 server.
    Taxii(Taxii),
    /// An HTTP API that is asked about each indicator.
    IntelHttp(Http),
    /// An HTTP API that is asked about each asset.
    AssetsHttp(Http),
    /// Reputations of Defender Threat Intelligence.
    DefenderTi(DefenderTi),
    /// Devices of Entra.
    GraphDevices(GraphDevices),
    /// Configuration items of ServiceNow.
    ServicenowCmdb(ServiceNowCmdb),
}

/// A file that is read again when it changes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// `file:PATH`.
    pub path: String,
    /// Seconds after which it is looked at again.
    #[serde(default = "ten")]
    pub poll_secs: u32,
    /// Confidence of STIX indicators that say none, 0 to 100.
    #[serde(default = "fifty")]
    pub confidence: u8,
}

/// A TAXII 2.1 server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taxii {
    /// Its discovery address (`…/taxii2/`) or one API root.
    pub url: String,
    /// Ids of collections; by default all that can be read.
    #[serde(default)]
    pub collections: Vec<String>,
    /// How we prove who we are.
    #[serde(default)]
    pub auth: Option<Auth>,
    /// Seconds after which it is asked what is new.
    #[serde(default = "quarter_hour")]
    pub poll_secs: u32,
    /// Seconds after which a copy is too old to say that something is *not* known.
    #[serde(default = "day")]
    pub max_age_secs: u32,
    /// Confidence of indicators that say none, 0 to 100.
    #[serde(default = "fifty")]
    pub confidence: u8,
    /// Its silence holds nothing up.
    #[serde(default)]
    pub optional: bool,
    /// It may stand in a private network, and on this computer without TLS.
    #[serde(default)]
    pub allow_private: bool,
}

/// An HTTP API that is asked about each thing.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// The address, with `{value}` and perhaps `{type}` in its path or query.
    pub url: String,
    /// What it is asked about: `ip`, `domain`, `url`, `file_hash`, `host`, `user`, …
    pub types: Vec<String>,
    /// How we prove who we are.
    #[serde(default)]
    pub auth: Option<Auth>,
    /// How long one answer may take.
    #[serde(default = "patience")]
    pub timeout_ms: u32,
    /// Questions on their way at once.
    #[serde(default = "sixteen")]
    pub at_once: u32,
    /// Its silence holds nothing up.
    #[serde(default)]
    pub optional: bool,
    /// It may stand in a private network, and on this computer without TLS.
    #[serde(default)]
    pub allow_private: bool,
    /// Addresses of private networks are asked about too.
    #[serde(default)]
    pub ask_private: bool,
}

/// Reputations of Defender Threat Intelligence, with the bot's own credential.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefenderTi {
    /// Overrides the address of Microsoft Graph.
    #[serde(default)]
    pub url: Option<String>,
    /// How long one answer may take.
    #[serde(default = "patience")]
    pub timeout_ms: u32,
    /// Questions on their way at once.
    #[serde(default = "sixteen")]
    pub at_once: u32,
    /// Its silence holds nothing up.
    #[serde(default)]
    pub optional: bool,
}

/// Devices of Entra, with the bot's own credential.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphDevices {
    /// Overrides the address of Microsoft Graph.
    #[serde(default)]
    pub url: Option<String>,
    /// Which property says how critical a device is, and what its words mean.
    pub criticality: Criticality,
    /// The property that names the environment.
    #[serde(default)]
    pub environment: Option<String>,
    /// Seconds after which changes are asked for.
    #[serde(default = "quarter_hour")]
    pub poll_secs: u32,
    /// Seconds after which a copy is too old to say that a device is *not* known.
    #[serde(default = "day")]
    pub max_age_secs: u32,
    /// Its silence holds nothing up.
    #[serde(default)]
    pub optional: bool,
}

/// Configuration items of ServiceNow.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceNowCmdb {
    /// The instance's address.
    pub url: String,
    /// User for Basic authentication.
    pub user: String,
    /// Password for Basic authentication.
    pub password: SecretRef,
    /// The table.
    #[serde(default = "cmdb_ci")]
    pub table: String,
    /// Which field says how critical an item is, and what its words mean.
    pub criticality: Criticality,
    /// The field that names the environment.
    #[serde(default)]
    pub environment: Option<String>,
    /// How long one answer may take.
    #[serde(default = "patience")]
    pub timeout_ms: u32,
    /// Questions on their way at once.
    #[serde(default = "sixteen")]
    pub at_once: u32,
    /// Its silence holds nothing up.
    #[serde(default)]
    pub optional: bool,
}

/// How we prove who we are to a source.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Auth {
    /// User and password.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: SecretRef,
    },
    /// `Authorization: Bearer …`.
    Bearer(SecretRef),
    /// A key in a header of its own.
    Header {
        /// The header.
        name: String,
        /// The key.
        key: SecretRef,
    },
}

fn ten() -> u32 {
    10
}

fn sixteen() -> u32 {
    16
}

fn fifty() -> u8 {
    50
}

fn patience() -> u32 {
    1_500
}

fn quarter_hour() -> u32 {
    900
}

fn day() -> u32 {
    86_400
}

fn cmdb_ci() -> String {
    "cmdb_ci".into()
}
