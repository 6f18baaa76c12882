//! Where the head of the chain is noted outside, out of the settings.

use std::sync::Arc;
use std::time::Duration;

use argus_bot_sdk::{Clock, SystemClock};

use super::resolve;
use crate::adapters::azure_tables::{AccountKey, AzureTable, Proof};
use crate::config::{Config, ConfigError};
use crate::flows::anchor::Anchoring;
use crate::identity::{self, Identity};

/// Whom a token for Azure Storage is for, in every cloud.
const SCOPE: &str = "https://storage.azure.com/.default";

/// The anchor that the settings name.
pub(super) fn anchoring(
    config: &Config,
    identity: &Identity,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Anchoring>, ConfigError> {
    let Some(settings) = &config.audit.anchor else { return Ok(None) };
    let wrong = |key: &'static str| move |why: String| ConfigError::value(key, why);
    let url = &settings.azure_table;
    let proof = match &settings.key {
        Some(key) => {
            let key = resolve("audit.anchor.key", key)?;
            Proof::Key(Box::new(AccountKey::new(url, &key).map_err(wrong("audit.anchor"))?))
        }
        None => Proof::Token(identity.tokens(SCOPE)),
    };
    let (table, tenant) = (&settings.table, &config.bot.tenant_id);
    let table = AzureTable::new(url, table, tenant, proof, Arc::clone(clock));
    let table = table.map_err(wrong("audit.anchor"))?;
    let every = Duration::from_secs(settings.every_secs.get());
    Ok(Some(Anchoring::new(Arc::new(table), settings.every_records.get(), every)))
}

/// The anchor that the settings name, for a command that reads the notes.
///
/// # Errors
///
/// [`ConfigError`] names the setting, also if there is none.
pub(crate) fn anchor_of(config: &Config) -> Result<Anchoring, ConfigError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let identity = Identity::of(&config.bot, identity::cloud(&config.bot)?, &clock)?;
    let anchoring = anchoring(config, &identity, &clock)?;
    anchoring.ok_or_else(|| {
        let why = "it is not set, so nothing is noted outside; set \
                   `anchor = { azure_table = \"https://ACCOUNT.table.core.windows.net\" }`";
        ConfigError::value("audit.anchor", why)
    })
}
