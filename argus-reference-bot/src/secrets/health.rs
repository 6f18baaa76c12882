//! How long the secrets in the settings are good.

use jiff::{SignedDuration, Timestamp};

use super::Kept;

/// How long before its end a secret is something to look at.
pub const SOON: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A secret of the settings, by its reference, and how long it is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The setting that names it.
    pub setting: String,
    /// The reference: where it is, never what it is.
    pub reference: String,
    /// When it ends.
    pub expiry: Expiry,
    /// Why it could not be read again, if that failed.
    pub failed: Option<String>,
}

/// When a secret ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// Nobody has said; files and the environment do not.
    Unknown,
    /// The vault says that it has no end.
    Never,
    /// Then.
    At(Timestamp),
}

impl Health {
    /// Of a secret of which nobody says when it ends.
    pub fn unknown(setting: impl Into<String>, reference: impl Into<String>) -> Self {
        let (setting, reference) = (setting.into(), reference.into());
        Self { setting, reference, expiry: Expiry::Unknown, failed: None }
    }

    /// Of a secret of a vault.
    pub fn kept(setting: impl Into<String>, kept: &Kept) -> Self {
        let (expires, failed) = kept.expiry();
        let expiry = expires.map_or(Expiry::Never, Expiry::At);
        Self { expiry, failed, ..Self::unknown(setting, kept.path.to_string()) }
    }

    /// Whether a person has to do something.
    pub fn is_well(&self, now: Timestamp) -> bool {
        let ends = match self.expiry {
            Expiry::At(end) => end.duration_since(now) <= SOON,
            Expiry::Never | Expiry::Unknown => false,
        };
        !ends && self.failed.is_none()
    }

    /// Whole days until it ends; negative once it has ended.
    pub fn days_left(&self, now: Timestamp) -> Option<i64> {
        match self.expiry {
            Expiry::At(end) => Some(end.duration_since(now).as_secs().div_euclid(86_400)),
            Expiry::Never | Expiry::Unknown => None,
        }
    }

    /// How it stands, in words.
    pub fn words(&self, now: Timestamp) -> String {
        let ends = match (self.expiry, self.days_left(now)) {
            (Expiry::Unknown, _) => "no expiry known".to_owned(),
            (Expiry::At(end), Some(days)) if days < 0 => format!("ended at {end}"),
            (Expiry::At(end), Some(1)) => format!("ends in 1 day, at {end}"),
            (Expiry::At(end), Some(days)) => format!("ends in {days} days, at {end}"),
            (Expiry::Never | Expiry::At(_), _) => "does not end".to_owned(),
        };
        match &self.failed {
            Some(why) => format!("{ends}; the vault gave no newer one: {why}"),
            None => ends,
        }
    }
}
