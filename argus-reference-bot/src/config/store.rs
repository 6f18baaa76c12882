//! The settings of the store.

use std::num::NonZeroU16;
use std::path::PathBuf;

use serde::Deserialize;

use super::{ConfigError, SecretRef};

/// The store.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// `sqlite:PATH` or `postgres://user@host/db`.
    pub url: String,
    /// The password for PostgreSQL.
    #[serde(default)]
    pub password: Option<SecretRef>,
    /// A PEM file with the certificates that vouch for the PostgreSQL server; by default those of
    /// the system.
    #[serde(default)]
    pub tls_ca: Option<PathBuf>,
    /// How long bodies of events stay in the store; by default for ever.
    #[serde(default)]
    pub retention: Option<Retention>,
}

/// How long bodies of events stay in the store, and where they go then.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Days that a body stays after it came in, at least one.
    pub days: NonZeroU16,
    /// The folder of the archives, which has to be backed up as the store is.
    pub archive: PathBuf,
}

impl Store {
    /// The store at `url`, with nothing else set.
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: url.into(), password: None, tls_ca: None, retention: None }
    }

    /// The file of a `sqlite:` URL; `None` if it names another kind of store.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the URL names no store that there is.
    pub fn sqlite_path(&self) -> Result<Option<PathBuf>, ConfigError> {
        match self.url.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Some(PathBuf::from(path))),
            Some(("postgres" | "postgresql", _)) => Ok(None),
            _ => Err(ConfigError::value(
                "store.url",
                format!("`{}` is neither `sqlite:PATH` nor `postgres://user@host/db`", self.url),
            )),
        }
    }
}
