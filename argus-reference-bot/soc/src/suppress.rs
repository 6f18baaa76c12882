//! Which events nobody wants to see for a while, and who said so.
//!
//! A suppressed event is recorded and counted like any other; it opens no incident. What the source
//! says to be resolved passes, so that nothing stays open because its end was suppressed; so does
//! what is critical, unless the suppression says otherwise.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::canary::is_canary;
use crate::event::{Entity, EntityKind, Phase, SecurityEvent, Severity};
use crate::ledger::documents::Document;
use crate::ledger::fact::{Actor, Fact, What};

/// What a suppression is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Events about the same thing as a known one.
    Fingerprint(String),
    /// Events of a source or a product family.
    Source(String),
    /// Events of a detection rule.
    Rule(String),
    /// Events in which an entity occurs.
    Entity {
        /// What it is.
        kind: EntityKind,
        /// Its name, in canonical form.
        value: String,
    },
}

impl Scope {
    /// Whether the event is one of these.
    pub fn holds(&self, event: &SecurityEvent) -> bool {
        let same = |wanted: &str, found: &str| wanted.eq_ignore_ascii_case(found);
        match self {
            Self::Fingerprint(fingerprint) => event.fingerprint == *fingerprint,
            Self::Source(name) => same(name, &event.source) || same(name, &event.family),
            Self::Rule(name) => event.rule.as_deref().is_some_and(|rule| same(name, rule)),
            Self::Entity { kind, value } => {
                let is = |entity: &Entity| entity.kind == *kind && same(value, &entity.value);
                event.entities.iter().any(is)
            }
        }
    }
}

/// For how long which events are not shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// `SUP-3`.
    pub id: String,
    /// Which events.
    pub scope: Scope,
    /// From then on they are shown again.
    pub until: Timestamp,
    /// Why, in the words of whoever said so.
    pub reason: String,
    /// Also critical ones.
    pub critical: bool,
}

impl Suppression {
    /// Whether the event is not to be shown.
    pub fn covers(&self, event: &SecurityEvent, now: Timestamp) -> bool {
        now < self.until
            && event.phase != Phase::Resolved
            && !is_canary(event)
            && (self.critical || event.severity < Severity::Critical)
            && self.scope.holds(event)
    }
}

/// A suppression as it stands, with who said so and what it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppressed {
    /// What is not shown.
    pub suppression: Suppression,
    /// Who said so.
    pub by: Actor,
    /// When.
    pub since: Timestamp,
    /// How many events it kept back.
    pub events: u64,
}

impl Document for Suppressed {
    const KIND: &'static str = "suppression";

    fn keys(fact: &Fact) -> Vec<String> {
        match &fact.what {
            What::SuppressionAdded(suppression) => vec![suppression.id.clone()],
            What::SuppressionEnded { id, .. } | What::Suppressed { suppression: id, .. } => {
                vec![id.clone()]
            }
            _ => Vec::new(),
        }
    }

    fn after(before: Option<Self>, _: &str, fact: &Fact) -> Option<Self> {
        match &fact.what {
            What::SuppressionAdded(suppression) => Some(Self {
                suppression: suppression.clone(),
                by: fact.actor.clone(),
                since: fact.at,
                events: 0,
            }),
            What::SuppressionEnded { .. } => None,
            What::Suppressed { events, .. } => {
                let more = u64::try_from(events.len()).unwrap_or(u64::MAX);
                before.map(|it| Self { events: it.events.saturating_add(more), ..it })
            }
            _ => before,
        }
    }
}

/// The number of a suppression: the `3` of `SUP-3`.
pub fn number(id: &str) -> Option<u64> {
    id.strip_prefix("SUP-")?.parse().ok()
}

/// The last number that a suppression got. None is given twice, so that whoever ends `SUP-3` ends
/// the one that they mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbered {
    /// The number.
    pub last: u64,
}

impl Numbered {
    /// The key of the only one.
    pub const KEY: &'static str = "last";
}

impl Document for Numbered {
    const KIND: &'static str = "suppression_number";

    fn keys(fact: &Fact) -> Vec<String> {
        match &fact.what {
            What::SuppressionAdded(_) => vec![Self::KEY.to_owned()],
            _ => Vec::new(),
        }
    }

    fn after(before: Option<Self>, _: &str, fact: &Fact) -> Option<Self> {
        let What::SuppressionAdded(added) = &fact.what else { return before };
        let last = before.unwrap_or_default().last.max(number(&added.id).unwrap_or_default());
        Some(Self { last })
    }
}

/// An incident that is quiet for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snooze {
    /// Until when.
    pub until: Timestamp,
}

impl Document for Snooze {
    const KIND: &'static str = "snooze";

    fn keys(fact: &Fact) -> Vec<String> {
        match &fact.what {
            What::Snoozed { .. } | What::Woken { .. } => fact.stream.clone().into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn after(before: Option<Self>, _: &str, fact: &Fact) -> Option<Self> {
        match &fact.what {
            What::Snoozed { until, .. } => Some(Self { until: *until }),
            What::Woken { .. } => None,
            _ => before,
        }
    }
}

/// The longest that something may be quiet: nobody remembers a suppression of last year.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Reads a time span as people type it: `30m`, `2h`, `7d`; a minute to thirty days.
///
/// ```
/// use argus_soc::suppress::span;
///
/// assert_eq!(span("90m").map(|it| it.as_secs()), Some(5_400));
/// assert_eq!(span("31d"), None);
/// assert_eq!(span("2 weeks"), None);
/// ```
pub fn span(text: &str) -> Option<SignedDuration> {
    let unit = text.chars().next_back()?;
    let number: i64 = text.strip_suffix(unit)?.parse().ok()?;
    let minutes = match unit.to_ascii_lowercase() {
        'm' => number,
        'h' => number.checked_mul(60)?,
        'd' => number.checked_mul(24 * 60)?,
        _ => return None,
    };
    let span = (1..=LONGEST.as_mins()).contains(&minutes);
    span.then(|| SignedDuration::from_mins(minutes))
}
