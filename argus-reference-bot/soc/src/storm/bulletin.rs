//! A card of Argus' own, about no single incident: a digest of a storm, an alarm.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Tally;
use crate::event::Severity;
use crate::ledger::fact::{Fact, What};

/// Rows of a digest that name an incident; the list has all.
const ROWS: usize = 10;

/// What a bulletin is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// Incidents that came too fast for cards of their own.
    Storm,
    /// Cards that could not be delivered.
    Undelivered,
    /// Automation that is paused.
    Automation,
}

/// What changes a bulletin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "to")]
pub enum Change {
    /// It shall stand in this conversation.
    Place {
        /// The conversation.
        conversation: String,
        /// What it is about.
        about: About,
    },
    /// What it is about has changed.
    Renew,
    /// It is about to be created in Teams.
    Attempt,
    /// The create that was attempted certainly did not happen.
    Refuse {
        /// Why.
        why: String,
    },
    /// It stands in Teams in this version.
    Deliver {
        /// Teams' id of the message.
        activity_id: String,
        /// The version shown.
        version: u64,
    },
    /// It shall stand elsewhere.
    Move {
        /// The conversation.
        conversation: String,
        /// Why.
        why: String,
    },
    /// It is over; it is shown once more, saying so.
    End,
    /// It cannot be delivered and is given up, loudly.
    Abandon {
        /// Why.
        why: String,
    },
    /// It was given up, and somebody wants it to be tried again.
    Revive,
}

/// A card that a digest covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covered {
    /// The incident.
    pub incident: String,
    /// Which of its cards.
    pub card: String,
    /// The severity with which it was covered.
    pub severity: Severity,
    /// Who reported it.
    pub source: String,
    /// The principal entity, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// What happened, in a line.
    pub title: String,
}

/// An incident that a digest names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// `INC-7`.
    pub incident: String,
    /// Its severity when it was covered.
    pub severity: Severity,
    /// What happened, in a line.
    pub title: String,
}

/// What a digest says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// Incidents covered.
    pub incidents: u64,
    /// Requests for approval covered.
    pub requests: u64,
    /// Incidents by severity.
    pub severities: BTreeMap<Severity, u64>,
    /// Sources that come often.
    pub sources: Tally,
    /// Entities that come often.
    pub entities: Tally,
    /// The most severe incidents, and of those the first ones.
    pub rows: Vec<Row>,
}

impl Digest {
    /// Covers one more card.
    pub fn cover(&mut self, covered: &Covered) {
        if covered.card != "card" {
            self.requests += 1;
            return;
        }
        self.incidents += 1;
        *self.severities.entry(covered.severity).or_default() += 1;
        self.sources.add(&covered.source);
        if let Some(entity) = &covered.entity {
            self.entities.add(entity);
        }
        let place = self.rows.partition_point(|it| weight(it.severity) >= weight(covered.severity));
        if place < ROWS {
            self.rows.insert(
                place,
                Row {
                    incident: covered.incident.clone(),
                    severity: covered.severity,
                    title: covered.title.clone(),
                },
            );
            self.rows.truncate(ROWS);
        }
    }

    /// Incidents that it covers and does not name.
    pub fn more(&self) -> u64 {
        self.incidents.saturating_sub(self.rows.len() as u64)
    }
}

/// What is unknown may be anything: it is not named after what is known to be harmless.
fn weight(severity: Severity) -> Severity {
    if severity == Severity::Unknown { Severity::Medium } else { severity }
}

/// A bulletin, folded from its records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bulletin {
    /// Where it stands, or shall.
    pub conversation: String,
    /// What it is about.
    pub about: About,
    /// When it was first needed.
    pub since: Timestamp,
    /// The version it should show.
    pub want: u64,
    /// The version it shows.
    pub shown: u64,
    /// Creates that were tried without a known end.
    pub attempts: u32,
    /// Teams' id of it, once created.
    pub activity_id: Option<String>,
    /// When it ended, if it has.
    pub ended: Option<Timestamp>,
    /// Why it was given up, if it was.
    pub dead: Option<String>,
    /// What it covers, if it is a digest.
    pub digest: Option<Digest>,
}

impl Bulletin {
    /// A bulletin that nobody has seen yet.
    fn new(conversation: &str, about: About, at: Timestamp) -> Self {
        Self {
            conversation: conversation.to_owned(),
            about,
            since: at,
            want: 1,
            shown: 0,
            attempts: 0,
            activity_id: None,
            ended: None,
            dead: None,
            digest: (about == About::Storm).then(Digest::default),
        }
    }

    /// Whether it does not show the newest state and still should.
    pub fn is_due(&self) -> bool {
        self.want > self.shown && self.dead.is_none()
    }

    /// Takes one of its records into account.
    pub fn apply(&mut self, change: &Change, at: Timestamp) {
        match change {
            // It stands already; whatever it is about begins anew.
            Change::Place { .. } => {
                self.want += 1;
                self.ended = None;
                self.dead = None;
            }
            Change::Renew => self.want += 1,
            Change::Attempt => self.attempts += 1,
            Change::Refuse { .. } => self.attempts = self.attempts.saturating_sub(1),
            Change::Deliver { activity_id, version } => {
                self.activity_id = Some(activity_id.clone());
                self.shown = self.shown.max(*version);
                self.attempts = 0;
            }
            Change::Move { conversation, .. } => {
                self.conversation.clone_from(conversation);
                self.activity_id = None;
                self.attempts = 0;
                self.shown = 0;
            }
            Change::End => {
                self.ended = Some(at);
                self.want += 1;
            }
            Change::Abandon { why } => self.dead = Some(why.clone()),
            Change::Revive => {
                self.dead = None;
                self.attempts = 0;
            }
        }
    }

    /// The bulletin as it is after `fact`.
    pub fn after(before: Option<Self>, fact: &Fact) -> Option<Self> {
        match (&fact.what, before) {
            (What::BulletinChanged { change, .. }, Some(mut bulletin)) => {
                bulletin.apply(change, fact.at);
                Some(bulletin)
            }
            (What::BulletinChanged { change: Change::Place { conversation, about }, .. }, None) => {
                Some(Self::new(conversation, *about, fact.at))
            }
            (What::NoticesDigested { conversation, cards, .. }, before) => {
                let mut bulletin =
                    before.unwrap_or_else(|| Self::new(conversation, About::Storm, fact.at));
                let digest = bulletin.digest.get_or_insert_with(Digest::default);
                for covered in cards {
                    digest.cover(covered);
                }
                bulletin.want += 1;
                // Whatever it covers is shown nowhere else.
                bulletin.dead = None;
                Some(bulletin)
            }
            (_, before) => before,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fact::Actor;

    fn covered(n: u64, severity: Severity) -> Covered {
        Covered {
            incident: format!("INC-{n}"),
            card: "card".into(),
            severity,
            source: "edr".into(),
            entity: Some(format!("ws-{}", n % 3)),
            title: "Malware".into(),
        }
    }

    fn fact(what: What) -> Fact {
        Fact::new(Timestamp::UNIX_EPOCH, Actor::service("test"), "c", what)
    }

    fn fold(changes: Vec<Change>) -> Option<Bulletin> {
        changes.into_iter().fold(None, |before, change| {
            Bulletin::after(before, &fact(What::BulletinChanged { bulletin: "D-1".into(), change }))
        })
    }

    #[test]
    fn a_digest_counts_all_and_names_the_worst_first() {
        let mut digest = Digest::default();
        for n in 0..40 {
            let severity = if n % 10 == 9 { Severity::Medium } else { Severity::Low };
            digest.cover(&covered(n, severity));
        }
        digest.cover(&Covered { card: "approval/r".into(), ..covered(1, Severity::Low) });
        assert_eq!((digest.incidents, digest.requests, digest.more()), (40, 1, 30));
        let first: Vec<_> = digest.rows.iter().take(5).map(|row| row.incident.as_str()).collect();
        assert_eq!(first, ["INC-9", "INC-19", "INC-29", "INC-39", "INC-0"]);
        assert_eq!(digest.severities[&Severity::Medium], 4);
        assert_eq!(digest.entities.top(1), [("ws-0", 14)]);
    }

    #[test]
    fn it_is_due_until_its_newest_version_is_shown() {
        let place = Change::Place { conversation: "19:soc".into(), about: About::Undelivered };
        let deliver = |version| Change::Deliver { activity_id: "1".into(), version };
        let due = |changes| fold(changes).is_some_and(|it| it.is_due());
        assert!(due(vec![place.clone()]));
        assert!(!due(vec![place.clone(), Change::Attempt, deliver(1)]));
        assert!(due(vec![place.clone(), deliver(1), Change::Renew]));
        assert!(due(vec![place.clone(), deliver(1), Change::End]));
        let given_up = [place.clone(), Change::Attempt, Change::Abandon { why: "gone".into() }];
        assert!(!due(given_up.to_vec()));
        assert!(due([&given_up[..], &[Change::Revive]].concat()));
        let digested = What::NoticesDigested {
            digest: "D-1".into(),
            conversation: "19:soc".into(),
            cards: vec![covered(1, Severity::Low)],
        };
        let covers = Bulletin::after(fold(given_up.to_vec()), &fact(digested)).expect("placed");
        assert!(covers.is_due(), "what it covers is shown nowhere else");
        let moved = Change::Move { conversation: "19:b".into(), why: "gone".into() };
        let moved = fold(vec![place, Change::Attempt, deliver(1), moved]).expect("placed");
        assert!(moved.is_due() && moved.activity_id.is_none() && moved.attempts == 0);
    }
}
