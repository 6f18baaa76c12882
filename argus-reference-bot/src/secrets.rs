//! Secrets in use: what is sent now, and what is sent instead once the other side does not take it.
//!
//! A secret of a vault changes while Argus runs. It is read again when it has got old, and at once when
//! the system that it is for refuses it; callers that come at once cause one question. While the vault
//! is away, and when what it has cannot be used, the secret in hand stays in use. The one before it is
//! kept until the next change, since a vault and the system behind it do not change in the same moment.

mod health;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argus_bot_sdk::Clock;
use argus_bot_sdk::auth::Secret;
use jiff::{SignedDuration, Timestamp};

pub use self::health::{Expiry, Health, SOON};
use crate::ports::vault::{Vault, VaultError, VaultPath, Version};

/// How long a question to the vault may hold up a call to another system.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the vault is left alone after a question that brought nothing new. A system that refuses
/// everything shall not make us ask the vault each time.
const REST: SignedDuration = SignedDuration::from_secs(15);
/// The longest time that a vault can make us wait by its `Retry-After`.
const LONGEST: SignedDuration = SignedDuration::from_mins(10);

/// A secret that is shown to another system.
#[derive(Clone)]
pub enum Held {
    /// One that stays as it was at the start.
    Fixed(Secret),
    /// One of a vault.
    Kept(Arc<Kept>),
}

impl From<Secret> for Held {
    fn from(secret: Secret) -> Self {
        Self::Fixed(secret)
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(_) => f.write_str("Fixed"),
            Self::Kept(kept) => f.debug_tuple("Kept").field(kept).finish(),
        }
    }
}

impl Held {
    /// What to send now.
    pub async fn current(&self) -> Secret {
        match self {
            Self::Fixed(secret) => secret.clone(),
            Self::Kept(kept) => kept.current().await,
        }
    }

    /// What to send instead of `refused`, once; `None` if there is nothing else.
    pub async fn instead_of(&self, refused: &Secret) -> Option<Secret> {
        match self {
            Self::Fixed(_) => None,
            Self::Kept(kept) => kept.instead_of(refused).await,
        }
    }
}

/// A secret of a vault.
pub struct Kept {
    path: VaultPath,
    vault: Arc<dyn Vault>,
    clock: Arc<dyn Clock>,
    soft_ttl: SignedDuration,
    state: Mutex<State>,
    /// Held while the vault is asked, so that it is asked once.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct State {
    now: Version,
    before: Option<Version>,
    read_at: Timestamp,
    /// When the vault may be asked again.
    next: Timestamp,
    /// Why the last question brought nothing.
    failed: Option<String>,
}

/// Why a secret of a vault cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeptError {
    /// The vault gave none.
    #[error("{path} cannot be read")]
    Vault {
        /// The secret.
        path: VaultPath,
        /// Why.
        source: VaultError,
    },
    /// The vault has one that may not be used.
    #[error("{path} cannot be used: {why}")]
    Unusable {
        /// The secret.
        path: VaultPath,
        /// Why.
        why: String,
    },
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path)
    }
}

impl Kept {
    /// Reads the secret for the first time.
    ///
    /// # Errors
    ///
    /// [`KeptError`] if there is none, or it is disabled, not yet good or no longer good.
    pub async fn open(
        path: VaultPath,
        vault: Arc<dyn Vault>,
        clock: Arc<dyn Clock>,
        soft_ttl: SignedDuration,
    ) -> Result<Self, KeptError> {
        let read = vault.read(&path).await;
        let now = read.map_err(|source| KeptError::Vault { path: path.clone(), source })?;
        let at = clock.now();
        if let Some(why) = unusable(&now, at) {
            return Err(KeptError::Unusable { path, why });
        }
        let state = State { now, before: None, read_at: at, next: at, failed: None };
        let (state, asking) = (Mutex::new(state), tokio::sync::Mutex::new(()));
        Ok(Self { path, vault, clock, soft_ttl, state, asking })
    }

    /// What is in hand, without asking anybody.
    pub fn in_hand(&self) -> Secret {
        self.state().now.value
    }

    /// What a message to Argus may be signed with: the secret in hand and the one before it.
    pub fn accepted(&self) -> Vec<Secret> {
        let (state, now) = (self.state(), self.clock.now());
        let before = state.before.filter(|it| unusable(it, now).is_none());
        std::iter::once(state.now).chain(before).map(|it| it.value).collect()
    }

    /// What to send now: read again if it has got old, and that which is in hand if that fails.
    pub async fn current(&self) -> Secret {
        let old = |state: &State| {
            let now = self.clock.now();
            now.duration_since(state.read_at) >= self.soft_ttl && now >= state.next
        };
        if self.path.version().is_none() && old(&self.state()) {
            let _asking = self.asking.lock().await;
            // Whoever waited here finds that somebody else has asked.
            if old(&self.state()) {
                self.ask().await;
            }
        }
        self.in_hand()
    }

    /// What to send instead of `refused`: what the vault has by now, or else the version before.
    pub async fn instead_of(&self, refused: &Secret) -> Option<Secret> {
        let differs = |it: &Secret| it.expose() != refused.expose();
        if self.path.version().is_some() {
            return None;
        }
        let _asking = self.asking.lock().await;
        let (state, now) = (self.state(), self.clock.now());
        if differs(&state.now.value) {
            return Some(state.now.value);
        }
        if now >= state.next {
            self.ask().await;
        }
        self.accepted().into_iter().find(differs)
    }

    /// How it stands.
    pub fn expiry(&self) -> (Option<Timestamp>, Option<String>) {
        let state = self.state();
        (state.now.expires, state.failed)
    }

    async fn ask(&self) {
        let read = tokio::time::timeout(PATIENCE, self.vault.read(&self.path)).await;
        let now = self.clock.now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (why, rest) = match read {
            Ok(Ok(version)) => match unusable(&version, now) {
                None => {
                    state.take(version, now);
                    return;
                }
                Some(why) => (why, REST),
            },
            Ok(Err(VaultError::Refused(why))) => (why, REST),
            Ok(Err(VaultError::Unreachable { why, retry_after })) => {
                let wants = retry_after.and_then(|it| SignedDuration::try_from(it).ok());
                (why, wants.map_or(REST, |it| it.clamp(REST, LONGEST)))
            }
            Err(_) => ("no answer in time".to_owned(), REST),
        };
        (state.next, state.failed) = (now.checked_add(rest).unwrap_or(now), Some(why.clone()));
        drop(state);
        tracing::warn!(
            secret = %self.path,
            why,
            "a secret could not be read again; the one in hand stays in use"
        );
    }

    fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl State {
    fn take(&mut self, version: Version, at: Timestamp) {
        (self.read_at, self.failed) = (at, None);
        if version.value.expose() == self.now.value.expose() {
            self.now = version;
            self.next = at.checked_add(REST).unwrap_or(at);
        } else {
            self.before = Some(std::mem::replace(&mut self.now, version));
            self.next = at;
        }
    }
}

/// Why a version may not be used.
fn unusable(version: &Version, now: Timestamp) -> Option<String> {
    if !version.enabled {
        return Some("it is disabled; enable it in the vault, or name another".into());
    }
    if let Some(from) = version.not_before.filter(|from| *from > now) {
        return Some(format!("it is good from {from} on, which is not yet"));
    }
    let until = version.expires.filter(|until| *until <= now)?;
    Some(format!("it ended at {until}; put a new version into the vault"))
}

#[cfg(test)]
mod tests;
