//! The vault: a place that keeps secrets under a name, in versions, some of which end.

use std::fmt;
use std::str::FromStr;

use argus_bot_sdk::auth::Secret;
use async_trait::async_trait;
use jiff::Timestamp;

/// Where a secret is: `VAULT/NAME` for its newest version, or `VAULT/NAME/VERSION`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VaultPath {
    vault: String,
    name: String,
    version: Option<String>,
}

impl VaultPath {
    /// The vault's name, the first label of its host.
    pub fn vault(&self) -> &str {
        &self.vault
    }

    /// The secret's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version, if it is a certain one; such a secret never changes.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }
}

impl fmt::Display for VaultPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "keyvault:{}/{}", self.vault, self.name)?;
        self.version.iter().try_for_each(|version| write!(f, "/{version}"))
    }
}

impl FromStr for VaultPath {
    type Err = String;

    /// Reads `VAULT/NAME` or `VAULT/NAME/VERSION`. What is wrong is not repeated: a secret may have
    /// been pasted there.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split('/');
        let (vault, name, version) = (parts.next(), parts.next(), parts.next());
        let plain = |it: &str| it.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
        // Both names become part of an address, so nothing else than Azure's own letters gets through.
        let vault = vault.filter(|it| {
            (3..=24).contains(&it.len())
                && plain(it)
                && it.starts_with(|it: char| it.is_ascii_alphabetic())
                && !it.ends_with('-')
        });
        let name = name.filter(|it| (1..=127).contains(&it.len()) && plain(it));
        let good = version.is_none_or(|it| (1..=64).contains(&it.len()) && plain(it));
        match (vault, name, parts.next()) {
            (Some(vault), Some(name), None) if good => Ok(Self {
                vault: vault.to_ascii_lowercase(),
                name: name.to_owned(),
                version: version.map(str::to_owned),
            }),
            _ => Err("expected `keyvault:VAULT/NAME` or `keyvault:VAULT/NAME/VERSION`: the vault is the \
                      first part of its host (3 to 24 letters, digits and hyphens), the name has 1 to \
                      127 of them"
                .into()),
        }
    }
}

/// A version of a secret.
#[derive(Clone, Debug)]
pub struct Version {
    /// The secret.
    pub value: Secret,
    /// Which version it is.
    pub id: String,
    /// Whether it may be used at all.
    pub enabled: bool,
    /// From when on it may be used.
    pub not_before: Option<Timestamp>,
    /// When it ends.
    pub expires: Option<Timestamp>,
}

/// Why a vault gave no secret.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// It does not let us in, or has no such secret: nothing gets better by waiting.
    #[error("{0}")]
    Refused(String),
    /// It does not answer now.
    #[error("{why}")]
    Unreachable {
        /// Why.
        why: String,
        /// When it wants to be asked again.
        retry_after: Option<std::time::Duration>,
    },
}

/// A place that keeps secrets.
#[async_trait]
pub trait Vault: Send + Sync + fmt::Debug {
    /// Reads a secret: the version that the path names, or the newest.
    ///
    /// # Errors
    ///
    /// [`VaultError`]; neither it nor anything else here repeats a value.
    async fn read(&self, path: &VaultPath) -> Result<Version, VaultError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_back_as_it_was_written() {
        for text in ["argus-kv/jira-token", "abc/x/0123456789abcdef0123456789abcdef"] {
            let path: VaultPath = text.parse().expect("a path");
            assert_eq!(path.to_string(), format!("keyvault:{text}"));
        }
    }

    #[test]
    fn nothing_that_leads_to_another_host_or_path_is_a_path() {
        for text in [
            "",
            "kv",
            "argus-kv",
            "argus-kv/",
            "ab/x",
            "evil.example/x",
            "evil.example#/x",
            "user@kv/x",
            "kv:8443/x",
            "-kv/x",
            "kvault-/x",
            "0kv/x",
            "argus-kv/../deleted",
            "argus-kv/a?b",
            "argus-kv/a%2fb",
            "argus-kv/a/b/c",
            "argus-kv/a/",
            "argus-kv/a_b",
        ] {
            let read = text.parse::<VaultPath>();
            assert!(read.is_err(), "{text}");
            let said = read.err().unwrap_or_default();
            assert!(text.len() < 4 || !said.contains(text), "{text} is repeated in {said}");
        }
    }
}
