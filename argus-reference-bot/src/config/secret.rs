//! Secrets by reference: what stands in the file names a secret and is none.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use argus_bot_sdk::auth::Secret;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::ports::vault::VaultPath;
use crate::secrets::{Health, Held, Kept};

/// Where a secret is: `env:NAME`, `file:PATH` or `keyvault:VAULT/NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretRef {
    /// An environment variable.
    Env(String),
    /// A file; white space at its end does not count.
    File(PathBuf),
    /// A secret of a vault.
    KeyVault(VaultSecret),
}

/// A secret of a vault, and what was read there; clones share that.
#[derive(Clone, Debug)]
pub struct VaultSecret {
    path: VaultPath,
    kept: Arc<OnceLock<Arc<Kept>>>,
}

impl PartialEq for VaultSecret {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for VaultSecret {}

impl VaultSecret {
    /// Where it is.
    pub fn path(&self) -> &VaultPath {
        &self.path
    }

    /// What was read there, if anything was.
    pub fn kept(&self) -> Option<&Arc<Kept>> {
        self.kept.get()
    }

    /// Keeps what was read there. What is there already stays.
    pub fn keep(&self, kept: &Arc<Kept>) {
        self.kept.get_or_init(|| Arc::clone(kept));
    }
}

/// Why a secret could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set, or empty.
    #[error("environment variable {0} is not set; set it, or name another reference")]
    NotSet(String),
    /// The file cannot be read, or is empty.
    #[error("secret file {path} cannot be used: {why}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Nobody has asked the vault, since the secret is needed to ask it or too early.
    #[error(
        "{0} is not read yet: what opens the vault, or is needed before it, cannot be in it; use \
         `env:` or `file:` here"
    )]
    NotRead(VaultPath),
}

impl SecretRef {
    /// The secret for another system, which may be changed while Argus runs.
    ///
    /// # Errors
    ///
    /// [`SecretError`] if there is none at that place.
    pub fn held(&self) -> Result<Held, SecretError> {
        match self {
            Self::KeyVault(it) => {
                let kept = it.kept().ok_or_else(|| SecretError::NotRead(it.path.clone()))?;
                Ok(Held::Kept(Arc::clone(kept)))
            }
            Self::Env(_) | Self::File(_) => self.resolve().map(Held::Fixed),
        }
    }

    /// How long it is good, as far as somebody has said.
    pub fn health(&self, setting: &str) -> Health {
        match self {
            Self::KeyVault(VaultSecret { kept, .. }) => match kept.get() {
                Some(kept) => Health::kept(setting, kept),
                None => Health::unknown(setting, self.to_string()),
            },
            Self::Env(_) | Self::File(_) => Health::unknown(setting, self.to_string()),
        }
    }

    /// Fetches the secret. One of a vault is what is in hand.
    ///
    /// # Errors
    ///
    /// [`SecretError`] if there is none at that place.
    pub fn resolve(&self) -> Result<Secret, SecretError> {
        match self {
            Self::KeyVault(it) => {
                let kept = it.kept().ok_or_else(|| SecretError::NotRead(it.path.clone()))?;
                Ok(kept.in_hand())
            }
            Self::Env(name) => super::load::environment(name)
                .filter(|value| !value.is_empty())
                .map(Secret::new)
                .ok_or_else(|| SecretError::NotSet(name.clone())),
            Self::File(path) => {
                let failed = |why: String| SecretError::File { path: path.clone(), why };
                let text =
                    std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
                match text.trim_end() {
                    "" => Err(failed("it is empty".into())),
                    secret => Ok(Secret::new(secret)),
                }
            }
        }
    }
}

impl std::str::FromStr for SecretRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.into())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("keyvault", path)) => {
                Ok(Self::KeyVault(VaultSecret { path: path.parse()?, kept: Arc::default() }))
            }
            // The text itself may be a secret that somebody pasted here, so it is not repeated.
            _ => Err("expected a reference to a secret, `env:NAME`, `file:PATH` or \
                      `keyvault:VAULT/NAME`, never the secret itself"
                .into()),
        }
    }
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::KeyVault(it) => it.path.fmt(f),
        }
    }
}
