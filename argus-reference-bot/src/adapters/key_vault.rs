//! Azure Key Vault: secrets by name and version.
//!
//! `GET {vault}/secrets/{name}[/{version}]?api-version=7.4`. The identity needs to get secrets, no more:
//! the role Key Vault Secrets User. A vault's 401 names an authority to ask for a token; nobody follows
//! that, since we know ours.
//! Source: facts/external-apis.md 2.9.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use argus_bot_sdk::auth::{Cloud, Secret, TokenSource};
use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::web::{Back, Credential, Far, Lost};
use crate::ports::vault::{Vault, VaultError, VaultPath, Version};

/// The version of the service's language.
const API: &str = "7.4";

/// The vaults of a cloud.
#[derive(Debug)]
pub struct KeyVault {
    suffix: &'static str,
    /// One address in place of all vaults, for a stand-in.
    instead: Option<String>,
    tokens: Arc<dyn TokenSource>,
    /// A client for each vault.
    vaults: Mutex<BTreeMap<String, Arc<Far>>>,
}

/// What stands behind the name of a vault in a cloud.
fn suffix(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::GccHigh | Cloud::Dod => "vault.usgovcloudapi.net",
        Cloud::China => "vault.azure.cn",
        _ => "vault.azure.net",
    }
}

impl KeyVault {
    /// Whom a token for the vaults of a cloud is for.
    pub fn scope(cloud: Cloud) -> String {
        format!("https://{}/.default", suffix(cloud))
    }

    /// The vaults of a cloud, or a stand-in for them.
    ///
    /// # Errors
    ///
    /// Why the address of the stand-in cannot be used.
    pub fn new(
        cloud: Cloud,
        instead: Option<&str>,
        tokens: Arc<dyn TokenSource>,
    ) -> Result<Self, String> {
        let made = Self {
            suffix: suffix(cloud),
            instead: instead.map(str::to_owned),
            tokens,
            vaults: Mutex::default(),
        };
        if instead.is_some() {
            made.far("stand-in")?;
        }
        Ok(made)
    }

    fn far(&self, vault: &str) -> Result<Arc<Far>, String> {
        let mut vaults = self.vaults.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(far) = vaults.get(vault) {
            return Ok(Arc::clone(far));
        }
        let url = match &self.instead {
            Some(url) => url.clone(),
            None => format!("https://{vault}.{}", self.suffix),
        };
        let far = Arc::new(Far::new(&url, Credential::Token(Arc::clone(&self.tokens)))?);
        vaults.insert(vault.to_owned(), Arc::clone(&far));
        Ok(far)
    }
}

#[async_trait]
impl Vault for KeyVault {
    async fn read(&self, path: &VaultPath) -> Result<Version, VaultError> {
        let far = self.far(path.vault()).map_err(VaultError::Refused)?;
        let mut url = far.url(&["secrets", path.name()]);
        if let (Some(version), Ok(mut segments)) = (path.version(), url.path_segments_mut()) {
            segments.push(version);
        }
        url.query_pairs_mut().append_pair("api-version", API);
        match far.call(Method::GET, url, None).await {
            Ok(back) if back.status == StatusCode::OK => {
                version(&back).ok_or_else(|| VaultError::Refused("it answered no secret".into()))
            }
            Ok(back) => Err(refusal(&back)),
            Err(Lost::NotSent(why) | Lost::Later(why, _) | Lost::Unsettled(why)) => {
                Err(VaultError::Unreachable { why, retry_after: None })
            }
        }
    }
}

/// What the vault's statuses mean. Its own words are left out, but for the code: they are long, and a
/// stranger's.
fn refusal(back: &Back) -> VaultError {
    let status = back.status.as_u16();
    let code = back.text("/error/innererror/code").or_else(|| back.text("/error/code"));
    let code = code.filter(|it| it.len() <= 64 && it.bytes().all(|it| it.is_ascii_alphanumeric()));
    let what = code.map_or_else(|| format!("HTTP {status}"), |it| format!("HTTP {status}, {it}"));
    match status {
        403 if code.is_some_and(|it| it == "SecretDisabled") => {
            VaultError::Refused("it is disabled; enable it in the vault, or name another".into())
        }
        401 | 403 => VaultError::Refused(format!(
            "{what}: the vault does not let us in; give the identity the role Key Vault Secrets User on \
             it, and look at the vault's firewall"
        )),
        404 => VaultError::Refused(format!("{what}: the vault has no such secret or version")),
        408 | 429 | 500..=599 => {
            VaultError::Unreachable { why: what, retry_after: back.retry_after }
        }
        _ => VaultError::Refused(what),
    }
}

fn version(back: &Back) -> Option<Version> {
    let json = back.json.as_ref()?;
    let attribute = |name: &str| json.pointer(&format!("/attributes/{name}"));
    let time = |name: &str| match attribute(name) {
        None | Some(Value::Null) => Some(None),
        Some(at) => Timestamp::from_second(at.as_i64()?).ok().map(Some),
    };
    let id = json.get("id")?.as_str()?.rsplit('/').next()?.to_owned();
    Some(Version {
        value: Secret::new(json.get("value")?.as_str()?),
        id,
        enabled: attribute("enabled").is_none_or(|it| it.as_bool() == Some(true)),
        not_before: time("nbf")?,
        expires: time("exp")?,
    })
}
