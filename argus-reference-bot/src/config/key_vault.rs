//! The settings of Azure Key Vault.

use std::num::NonZeroU32;

use serde::Deserialize;

/// The vaults that `keyvault:` references name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeyVault {
    /// One address in place of all vaults, for a stand-in: https, or http on this computer.
    pub url: Option<String>,
    /// Seconds after which a secret is read again when it is used next.
    pub soft_ttl_secs: NonZeroU32,
}

impl Default for KeyVault {
    fn default() -> Self {
        Self { url: None, soft_ttl_secs: NonZeroU32::MIN.saturating_add(3_599) }
    }
}
