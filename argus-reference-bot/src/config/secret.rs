//! Secrets by reference: what stands in the file names a secret and is none.

use std::fmt;
use std::path::PathBuf;

use argus_bot_sdk::auth::Secret;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

/// Where a secret is: `env:NAME` or `file:PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretRef {
    /// An environment variable.
    Env(String),
    /// A file; white space at its end does not count.
    File(PathBuf),
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
}

impl SecretRef {
    /// Fetches the secret.
    ///
    /// # Errors
    ///
    /// [`SecretError`] if there is none at that place.
    pub fn resolve(&self) -> Result<Secret, SecretError> {
        match self {
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
            Some(("keyvault", _)) => Err(
                "`keyvault:` references are not supported in this version; use `env:` or `file:`"
                    .into(),
            ),
            // The text itself may be a secret that somebody pasted here, so it is not repeated.
            _ => Err("expected a reference to a secret, `env:NAME` or `file:PATH`, \
                      never the secret itself"
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
        }
    }
}
