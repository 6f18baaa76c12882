//! The secrets of vaults that the settings name.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use argus_bot_sdk::Clock;
use jiff::SignedDuration;

use crate::adapters::key_vault::KeyVault;
use crate::config::{Config, ConfigError, SecretRef};
use crate::identity::{self, Identity};
use crate::ports::vault::{Vault, VaultError};
use crate::secrets::{Health, Held, Kept, KeptError};

/// How often a vault is asked at the start before Argus gives up.
const TRIES: u32 = 4;
/// The pause between two tries where the vault names none, and the longest that it may name.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(10);

/// A secret for another system, which may be changed while Argus runs.
pub(super) fn held(key: &str, reference: &SecretRef) -> Result<Held, ConfigError> {
    reference.held().map_err(|error| ConfigError::value(key, error.to_string()))
}

/// Reads every secret that the settings name in a vault. Without such references nobody is asked.
///
/// # Errors
///
/// [`ConfigError`] names the setting whose secret is not there, disabled, not yet good or no longer.
pub(crate) async fn open(config: &Config, clock: &Arc<dyn Clock>) -> Result<(), ConfigError> {
    let secrets = config.secrets();
    let in_vault = secrets.iter().filter_map(|(key, reference)| match reference {
        SecretRef::KeyVault(it) if it.kept().is_none() => Some((key, it)),
        _ => None,
    });
    let in_vault: Vec<_> = in_vault.collect();
    if in_vault.is_empty() {
        return Ok(());
    }
    if let Some((key, it)) = config.credential_secrets().iter().find_map(vault_secret) {
        let why = format!(
            "{} proves Argus to the vault, so it cannot be in the vault; use `managed_identity`, or \
             `env:` or `file:`",
            it.path()
        );
        return Err(ConfigError::value(key, why));
    }
    let cloud = identity::cloud(&config.bot)?;
    let tokens = Identity::own_tokens(&config.bot, cloud, clock, &KeyVault::scope(cloud))?;
    let vault = KeyVault::new(cloud, config.key_vault.url.as_deref(), tokens);
    let vault = vault.map_err(|why| ConfigError::value("key_vault.url", why))?;
    let vault: Arc<dyn Vault> = Arc::new(vault);
    let soft_ttl = SignedDuration::from_secs(config.key_vault.soft_ttl_secs.get().into());
    let mut read = BTreeMap::new();
    for (key, it) in in_vault {
        if !read.contains_key(it.path()) {
            let kept = first(it.path(), &vault, clock, soft_ttl).await;
            let kept =
                kept.map_err(|error| ConfigError::value(key, crate::chain::chain(&error)))?;
            warn_of_end(&Health::kept(key, &kept), clock);
            read.insert(it.path().clone(), Arc::new(kept));
        }
        if let Some(kept) = read.get(it.path()) {
            it.keep(kept);
        }
    }
    Ok(())
}

fn vault_secret<'a>(
    (key, reference): &'a (String, &'a SecretRef),
) -> Option<(&'a str, &'a crate::config::VaultSecret)> {
    match reference {
        SecretRef::KeyVault(it) => Some((key, it)),
        SecretRef::Env(_) | SecretRef::File(_) => None,
    }
}

/// Reads a secret, and again while the vault does not answer: many replicas start at once.
async fn first(
    path: &crate::ports::vault::VaultPath,
    vault: &Arc<dyn Vault>,
    clock: &Arc<dyn Clock>,
    soft_ttl: SignedDuration,
) -> Result<Kept, KeptError> {
    let mut tries = 1;
    loop {
        let kept = Kept::open(path.clone(), Arc::clone(vault), Arc::clone(clock), soft_ttl).await;
        match kept {
            Err(KeptError::Vault {
                source: VaultError::Unreachable { retry_after, .. }, ..
            }) if tries < TRIES => {
                tries += 1;
                tokio::time::sleep(retry_after.unwrap_or(PAUSE).min(LONGEST)).await;
            }
            other => return other,
        }
    }
}

fn warn_of_end(health: &Health, clock: &Arc<dyn Clock>) {
    let now = clock.now();
    if !health.is_well(now) {
        tracing::warn!(
            setting = health.setting,
            secret = health.reference,
            "a secret {}; put a new version into the vault",
            health.words(now)
        );
    }
}
