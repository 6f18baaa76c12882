//! The doors as the settings describe them.

use std::collections::BTreeMap;
use std::sync::Arc;

use argus_bot_sdk::Clock;
use argus_bot_sdk::auth::{EntraApi, InboundConfig, Secret};
use argus_bot_sdk::server::PeerCertificate;
use argus_soc::event::{Shape, UnknownShape};

use super::proof::{SourceDoor, SourceKey, digest_of_settings};
use crate::config::mappings::mappings;
use crate::config::{
    ClientCertificate, Config, ConfigError, EntraSource, Secrets, Source as Settings, SourceAuth,
};
use crate::flows::sources::{ARGUS, Source, Sources};
use crate::identity;

/// Most keys that a source may have at once: more than two are forgotten ones.
const MOST_KEYS: usize = 2;

/// All sources, for the doors and for what stands behind them.
#[derive(Debug)]
pub struct Doors {
    /// Who may come in.
    pub doors: Vec<SourceDoor>,
    /// How each source's events are read, what it may say, and how often it must.
    pub sources: Sources,
}

impl Doors {
    /// Reads the settings, with their secrets.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the key that cannot be used.
    pub fn read(config: &Config, clock: &Arc<dyn Clock>) -> Result<Self, ConfigError> {
        let sources = sources(config)?;
        let mut doors = Vec::with_capacity(config.ingest.sources.len());
        for (name, settings) in &config.ingest.sources {
            let key = format!("ingest.sources.{name}");
            doors.push(SourceDoor {
                name: name.clone(),
                shape: sources.shape(name).unwrap_or(Shape::Auto),
                keys: keys(&format!("{key}.auth"), settings, config, clock)?,
                quota: quota(&format!("{key}.quota"), settings)?,
            });
        }
        Ok(Self { doors, sources })
    }
}

/// The sources of the settings, without the secrets by which they prove themselves: how their
/// events are read, for whoever reads one.
///
/// # Errors
///
/// [`ConfigError`] names the key that cannot be used.
pub fn sources(config: &Config) -> Result<Sources, ConfigError> {
    let ingest = &config.ingest;
    let mappings = mappings(ingest.mappings.as_deref())?;
    let mut sources = BTreeMap::new();
    for (name, settings) in &ingest.sources {
        let key = format!("ingest.sources.{name}");
        if name == ARGUS {
            return Err(ConfigError::value(key, "Argus itself has this name; use another"));
        }
        let key = format!("{key}.kind");
        let unknown = |error: UnknownShape| ConfigError::value(key.clone(), error.to_string());
        let shape: Shape = settings.kind.parse().map_err(unknown)?;
        if let Shape::Mapped(mapper) = shape
            && mappings.named(mapper.as_str()).is_none()
        {
            let name = mapper.as_str();
            let why = format!("no mapping is called `{name}`; see `argus events mappings`");
            return Err(ConfigError::value(key, why));
        }
        let source = Source::new(settings.may.claims(), settings.heartbeat).shaped(shape);
        sources.insert(name.clone(), source);
    }
    Ok(Sources::new(sources, config.server.max_event_bytes)
        .with_mappings(mappings)
        .with_backlog(ingest.max_backlog, ingest.max_backlog_bytes))
}

fn quota(key: &str, settings: &Settings) -> Result<(Option<u32>, Option<u64>), ConfigError> {
    let quota = settings.quota;
    if quota.events_per_minute == Some(0) || quota.bytes_per_minute == Some(0) {
        let why = "a source that may send nothing needs no door; leave the source out";
        return Err(ConfigError::value(key, why));
    }
    Ok((quota.events_per_minute, quota.bytes_per_minute))
}

fn keys(
    key: &str,
    settings: &Settings,
    config: &Config,
    clock: &Arc<dyn Clock>,
) -> Result<Vec<SourceKey>, ConfigError> {
    match &settings.auth {
        SourceAuth::ApiKey(secrets) => secret_keys(key, secrets, SourceKey::api_key),
        SourceAuth::ApiKeySha256(digests) => digest_keys(key, digests),
        SourceAuth::Hmac(secrets) => secret_keys(key, secrets, SourceKey::hmac),
        SourceAuth::HmacTimestamp(secrets) => secret_keys(key, secrets, SourceKey::hmac_timestamp),
        SourceAuth::Entra(entra) => {
            entra_key(&format!("{key}.entra"), entra, config, clock).map(|key| vec![key])
        }
        SourceAuth::Mtls(certificate) => certificate_keys(key, certificate, config),
    }
}

fn entra_key(
    key: &str,
    entra: &EntraSource,
    config: &Config,
    clock: &Arc<dyn Clock>,
) -> Result<SourceKey, ConfigError> {
    let tenant = entra.tenant_id.as_ref().unwrap_or(&config.bot.tenant_id);
    let mut api = InboundConfig::new(&entra.audience, identity::cloud(&config.bot)?);
    if let Some(url) = &config.bot.openid_metadata_url {
        api = api.openid_metadata_url(url);
    }
    for app in &entra.app_ids {
        api = api.entra_caller(tenant, app);
    }
    let made = EntraApi::new(&api, entra.roles.iter().cloned(), Arc::clone(clock));
    let made = made.map_err(|error| ConfigError::value(key, error.to_string()))?;
    Ok(SourceKey::Entra(Box::new(made)))
}

fn certificate_keys(
    key: &str,
    certificate: &ClientCertificate,
    config: &Config,
) -> Result<Vec<SourceKey>, ConfigError> {
    let tls = config.server.tls.as_ref();
    if tls.is_none_or(|tls| tls.client_ca.is_none()) {
        let why = "client certificates need `server.tls` with a `client_ca` that signs them";
        return Err(ConfigError::value(key, why));
    }
    if certificate.sha256.is_empty() && certificate.san.is_empty() {
        let why = "name the certificate by its `sha256` or by a `san` in it";
        return Err(ConfigError::value(key, why));
    }
    let names = certificate.san.iter().map(|name| certificate_name(key, name));
    let digests = certificate.sha256.iter().map(|it| read_digest(key, it));
    digests.map(|it| it.map(SourceKey::Certificate)).chain(names).collect()
}

fn certificate_name(key: &str, name: &str) -> Result<SourceKey, ConfigError> {
    if PeerCertificate::is_name(name) {
        return Ok(SourceKey::CertificateName(name.to_owned()));
    }
    let why = format!("`{name}` is neither a DNS name nor an address, so no certificate has it");
    Err(ConfigError::value(format!("{key}.mtls.san"), why))
}

fn read_digest(key: &str, digest: &str) -> Result<[u8; 32], ConfigError> {
    let why = || ConfigError::value(key, format!("`{digest}` is not a SHA-256 in hex"));
    digest_of_settings(digest).ok_or_else(why)
}

fn secret_keys(
    key: &str,
    secrets: &Secrets,
    make: fn(&Secret) -> SourceKey,
) -> Result<Vec<SourceKey>, ConfigError> {
    let references = match secrets {
        Secrets::One(one) => std::slice::from_ref(one),
        Secrets::Two(two) => two,
    };
    let resolved = references.iter().map(|reference| {
        let secret = reference.resolve();
        secret.map_err(|error| ConfigError::value(key, error.to_string()))
    });
    resolved.map(|secret| Ok(make(&secret?))).collect()
}

fn digest_keys(key: &str, digests: &[String]) -> Result<Vec<SourceKey>, ConfigError> {
    if digests.is_empty() || digests.len() > MOST_KEYS {
        let why = "name one SHA-256, or two while the key is being changed";
        return Err(ConfigError::value(key, why));
    }
    digests.iter().map(|it| read_digest(key, it).map(SourceKey::ApiKey)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_certificate_has_is_named_with_its_setting() {
        let key = "ingest.sources.siem.auth";
        for good in ["siem.contoso.example", "10.1.2.3", "2001:db8::1"] {
            assert!(certificate_name(key, good).is_ok(), "{good}");
        }
        for bad in ["", "*.contoso.example", "CN=siem", "siem contoso", "https://siem.example"] {
            let said = certificate_name(key, bad).expect_err(bad).to_string();
            assert!(said.contains("ingest.sources.siem.auth.mtls.san"), "{said}");
        }
    }
}
