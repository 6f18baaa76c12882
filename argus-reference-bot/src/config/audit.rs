//! The audit trail's settings.

use std::num::NonZeroU64;

use serde::Deserialize;

use super::SecretRef;

/// The audit trail.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// Where the head of the chain is noted outside.
    #[serde(default)]
    pub anchor: Option<Anchor>,
}

/// Where the head of the chain is noted outside.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// The address of the Azure Table service with the account.
    pub azure_table: String,
    /// The account's key; without one the bot's own identity proves itself.
    #[serde(default)]
    pub key: Option<SecretRef>,
    /// The table; each store needs one of its own.
    #[serde(default = "table")]
    pub table: String,
    /// New records after which the head is noted.
    #[serde(default = "thousand")]
    pub every_records: NonZeroU64,
    /// Seconds after which it is noted if anything is new.
    #[serde(default = "minute")]
    pub every_secs: NonZeroU64,
}

fn table() -> String {
    "ArgusAudit".into()
}

fn thousand() -> NonZeroU64 {
    NonZeroU64::MIN.saturating_add(999)
}

fn minute() -> NonZeroU64 {
    NonZeroU64::MIN.saturating_add(59)
}
