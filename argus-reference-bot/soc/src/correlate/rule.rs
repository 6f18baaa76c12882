//! Rules that say which events belong together although they are about different things.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::event::{EntityKind, SecurityEvent, hex};

/// What a rule compares or counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Key {
    /// The configured source's own name for itself.
    Source,
    /// The product family.
    Family,
    /// The event type.
    EventType,
    /// The detection rule.
    Rule,
    /// The tenant.
    Tenant,
    /// Entities of this kind.
    Entity(EntityKind),
}

impl From<String> for Key {
    fn from(word: String) -> Self {
        match word.as_str() {
            "source" => Self::Source,
            "family" => Self::Family,
            "event_type" => Self::EventType,
            "rule" => Self::Rule,
            "tenant" => Self::Tenant,
            _ => Self::Entity(EntityKind::from(word)),
        }
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        match key {
            Key::Source => "source".into(),
            Key::Family => "family".into(),
            Key::EventType => "event_type".into(),
            Key::Rule => "rule".into(),
            Key::Tenant => "tenant".into(),
            Key::Entity(kind) => kind.into(),
        }
    }
}

impl Key {
    /// Whether it is a word that everybody knows: a kind of entity of one's own may be a typing
    /// mistake.
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::Entity(EntityKind::Other(_)))
    }

    /// The values that the event has for it, in the order of the event.
    fn values<'a>(&self, event: &'a SecurityEvent) -> Vec<&'a str> {
        match self {
            Self::Source => vec![&event.source],
            Self::Family => vec![&event.family],
            Self::EventType => vec![&event.event_type],
            Self::Rule => event.rule.as_deref().into_iter().collect(),
            Self::Tenant => event.tenant.as_deref().into_iter().collect(),
            Self::Entity(kind) => {
                let of_kind = event.entities.iter().filter(|entity| entity.kind == *kind);
                of_kind.map(|entity| entity.value.as_str()).collect()
            }
        }
    }
}

/// When events are one thing: `min` of them within `within_ms`, with so many distinct values, and
/// the same value for all that they are grouped by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// What people call it.
    pub name: String,
    /// Length of the window in milliseconds.
    pub within_ms: i64,
    /// How many events it takes.
    pub min: u32,
    /// Of what there must be so many distinct values.
    pub distinct: Vec<(Key, u32)>,
    /// What the events share.
    pub group_by: Vec<Key>,
    /// How much later than others an event may come and still count, in milliseconds.
    pub lateness_ms: i64,
}

impl Rule {
    /// The group of this rule that the event belongs to. `None` if it lacks something that the rule
    /// groups by: nobody can say what it shares with others.
    ///
    /// With several entities of a kind the first one, which is the principal one, counts.
    pub fn group(&self, event: &SecurityEvent) -> Option<String> {
        let mut hash = Sha256::new();
        for key in &self.group_by {
            let value = key.values(event).into_iter().next()?;
            // Lengths keep ("a", "bc") apart from ("ab", "c").
            hash.update(value.len().to_le_bytes());
            hash.update(value.as_bytes());
        }
        let mut text = hex(&hash.finalize());
        text.truncate(32);
        Some(format!("{}/{text}", self.name))
    }

    /// What the event adds to the distinct values, a number for each; the values themselves are not
    /// needed.
    pub fn counted(&self, event: &SecurityEvent) -> Vec<Vec<u64>> {
        let number = |value: &str| {
            let digest = Sha256::digest(value.as_bytes());
            digest.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte))
        };
        let of = |(key, _): &(Key, u32)| {
            key.values(event).into_iter().map(|value| number(value) >> 11).collect()
        };
        self.distinct.iter().map(of).collect()
    }

    /// How long an event can matter: a later one may still share a window with it.
    pub fn horizon_ms(&self) -> i64 {
        self.within_ms.saturating_add(self.lateness_ms)
    }
}
