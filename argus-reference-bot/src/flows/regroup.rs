//! Incidents made one, and one made several, by people.

use std::collections::BTreeSet;

use argus_soc::correlate::{Placement, belonging};
use argus_soc::decide::Decision;
use argus_soc::event::SecurityEvent;
use argus_soc::incident::Incident;
use argus_soc::ledger::fact::{Added, What};
use argus_soc::policy::Action;
use uuid::Uuid;

use super::Soc;
use super::access::{AccessError, Person};
use super::triage::{facts_of, merged};
use crate::ports::ledger::{Batch, LedgerError};

/// What somebody is told, or why nothing could be done.
pub(super) type Said = Result<String, Unsaid>;

/// Why there is nothing to say about it but that it failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unsaid {
    /// They may not.
    #[error("not permitted")]
    Access(#[from] AccessError),
    /// The store does not answer, or somebody else was first.
    #[error("nothing can be recorded now")]
    Store(#[from] LedgerError),
}

const HOW_TO_MERGE: &str =
    "Write `merge INC-1 INC-2`: INC-2 goes on in INC-1. `split INC-1 INC-2` undoes it.";
const HOW_TO_SPLIT: &str = "Write `split INC-1 INC-2` to undo a merge, or `split INC-1 EVENT…` to make an incident of its own \
                            of these events (their ids are in `GET /incidents/INC-1` and in the audit trail).";

/// Events that are split off at once, at most.
const MOST: usize = 100;

impl Soc {
    /// `merge INC-1 INC-2`: the second one goes on in the first.
    pub(super) async fn merge(&self, person: &Person, words: &str, correlation: &str) -> Said {
        let words: Vec<&str> = words.split_whitespace().collect();
        let [first, second] = words.as_slice() else { return Ok(HOW_TO_MERGE.into()) };
        let (first, second) = (key_of(first), key_of(second));
        let Some(into) = self.head(&first).await? else {
            return Ok(format!("There is no incident {first}."));
        };
        let Some(other) = self.head(&second).await? else {
            return Ok(format!("There is no incident {second}."));
        };
        if into.key == other.key {
            return Ok(format!("{first} and {second} are one already: {}.", into.key));
        }
        if let Some(over) = [&into, &other].into_iter().find(|incident| !incident.is_open()) {
            return Ok(format!("{} is resolved; what is over is not merged.", over.key));
        }
        let action = Action::Regroup { incident: into.key.clone() };
        let _permit = self.authorise(person, action, Some(&into.key), correlation).await?;
        let [merged, absorbed] = merged(&other, &into.key, "by hand");
        let facts = vec![
            self.fact(person.actor(), correlation, merged).of(&other.key),
            self.fact(person.actor(), correlation, absorbed).of(&into.key),
        ];
        self.write(facts, &[&into, &other]).await?;
        Ok(format!(
            "{} goes on in {}. `split {} {}` undoes it.",
            other.key, into.key, into.key, other.key
        ))
    }

    /// `split INC-1 INC-2` undoes a merge, `split INC-1 EVENT…` makes an incident of events.
    pub(super) async fn split(&self, person: &Person, words: &str, correlation: &str) -> Said {
        let words: Vec<&str> = words.split_whitespace().collect();
        let [key, rest @ ..] = words.as_slice() else { return Ok(HOW_TO_SPLIT.into()) };
        let key = key_of(key);
        let Some(incident) = self.ledger.incident(&key).await? else {
            return Ok(format!("There is no incident {key}."));
        };
        match rest {
            [] => Ok(HOW_TO_SPLIT.into()),
            [other] if other.to_uppercase().starts_with("INC-") => {
                self.part(person, &incident, &key_of(other), correlation).await
            }
            ids => {
                let ids: Result<Vec<Uuid>, _> = ids.iter().map(|id| id.parse()).collect();
                match ids {
                    Ok(ids) if ids.len() <= MOST => {
                        self.split_off(person, &incident, ids, correlation).await
                    }
                    _ => Ok(HOW_TO_SPLIT.into()),
                }
            }
        }
    }

    async fn part(&self, person: &Person, from: &Incident, other: &str, correlation: &str) -> Said {
        let Some(other) = self.ledger.incident(other).await? else {
            return Ok(format!("There is no incident {other}."));
        };
        if other.union.merged_into.as_ref() != Some(&from.key) {
            return Ok(format!("{} does not go on in {}.", other.key, from.key));
        }
        let action = Action::Regroup { incident: from.key.clone() };
        let _permit = self.authorise(person, action, Some(&from.key), correlation).await?;
        // It leaves the one in which it went on, and those in which that one goes on.
        let line = self.line(&from.key, |_| None).await?;
        let ours = other.parts();
        let said = line.last().map(|head| head.union.parts.clone()).unwrap_or_default();
        let parted = What::Parted {
            from: from.key.clone(),
            belongs: belonging(&other.event),
            parts: said.into_iter().filter(|(part, _)| ours.contains_key(part)).collect(),
        };
        let mut facts = vec![self.fact(person.actor(), correlation, parted).of(&other.key)];
        facts.extend(line.iter().map(|left| {
            let shed = What::Shed {
                incident: other.key.clone(),
                events: other.count,
                absorbed: true,
                moved: Vec::new(),
                parts: ours.keys().cloned().collect(),
            };
            self.fact(person.actor(), correlation, shed).of(&left.key)
        }));
        let on: Vec<&Incident> = line.iter().chain([&other]).collect();
        self.write(facts, &on).await?;
        Ok(format!("{} stands for itself again.", other.key))
    }

    async fn split_off(
        &self,
        person: &Person,
        from: &Incident,
        ids: Vec<Uuid>,
        correlation: &str,
    ) -> Said {
        let mut events: Vec<SecurityEvent> = Vec::new();
        for id in ids {
            let found = self.ledger.event(id).await?;
            let Some(found) = found.filter(|it| it.incident.as_ref() == Some(&from.key)) else {
                return Ok(format!("{id} is no event of {}.", from.key));
            };
            if found.raw.is_empty() {
                return Ok(format!(
                    "The body of {id} is in an archive, so it cannot be split off."
                ));
            }
            let read = self.sources.read_again(id, &found.raw, &found.source, found.received_at);
            let event =
                read.map_err(|error| LedgerError::Damaged(format!("the event {id}: {error}")))?;
            if id == from.event.event_id {
                return Ok(format!("{id} opened {}; split the others off instead.", from.key));
            }
            if events.iter().all(|it| it.event_id != id) {
                events.push(event);
            }
        }
        let action = Action::Regroup { incident: from.key.clone() };
        let _permit = self.authorise(person, action, Some(&from.key), correlation).await?;
        let key = format!("INC-{}", self.ledger.last_number().await? + 1);
        let mut events = events.into_iter();
        let Some(first) = events.next() else { return Ok(HOW_TO_SPLIT.into()) };
        let rest: Vec<SecurityEvent> = events.collect();
        let count = u64::try_from(rest.len() + 1).unwrap_or(u64::MAX);
        let moved = [&first].into_iter().chain(&rest).map(|event| event.event_id).collect();
        let facts = self.opening(person, from, &key, first, &rest, correlation).await?;
        let what = What::Shed {
            incident: key.clone(),
            events: count,
            absorbed: false,
            moved,
            parts: BTreeSet::new(),
        };
        // They leave before they are placed anew: an event is in one place.
        let shed = self.fact(person.actor(), correlation, what).of(&from.key);
        let mut batch = Batch::on(from, [vec![shed], facts].concat());
        batch.expect.insert(key.clone(), 0);
        self.ledger.append(batch).await?;
        self.look_again().await;
        self.bells.notify.notify_one();
        Ok(format!("{key} has {count} of the events of {} now.", from.key))
    }

    /// The records of the incident that is split off. It has its events and no others: what comes
    /// later belongs to the one that it was split from.
    async fn opening(
        &self,
        person: &Person,
        from: &Incident,
        key: &str,
        first: SecurityEvent,
        rest: &[SecurityEvent],
        correlation: &str,
    ) -> Result<Vec<argus_soc::ledger::fact::Fact>, LedgerError> {
        let fingerprint = format!("split/{}", first.event_id);
        let event = SecurityEvent { fingerprint, incident_key: None, ..first };
        let asked = self.ask_about(std::iter::once(&event)).await;
        let enrichment = self.enrich(&event, &asked).await?;
        let score = self.model.score(&event, &enrichment);
        let reasons = vec![format!("split off {} by hand", from.key)];
        let decision = Decision::AskHuman { playbook: None, reasons };
        let opened = What::Opened {
            event: Box::new(event),
            enrichment: Box::new(enrichment),
            score: Box::new(score),
            decision,
        };
        let mut facts = vec![self.fact(person.actor(), correlation, opened).of(key)];
        if !rest.is_empty() {
            let events = rest.iter().map(|event| Added {
                event_id: event.event_id,
                correlation: None,
                observed_at: event.observed_at.unwrap_or(event.received_at),
                severity: event.severity,
                phase: event.phase,
                placement: Placement::Duplicate,
            });
            let what = What::EventsAdded { events: events.collect() };
            facts.push(self.fact(person.actor(), correlation, what).of(key));
        }
        if let Some(incident) = Incident::fold(&facts)
            && let Some(place) = self.routes.first(&facts_of(&incident))
        {
            let what = What::NoticePlaced {
                incident: key.to_owned(),
                card: "card".into(),
                conversation: place.conversation.clone(),
            };
            facts.push(self.fact(person.actor(), correlation, what));
        }
        Ok(facts)
    }

    /// The incident in which this one goes on; itself, if it stands for itself.
    async fn head(&self, key: &str) -> Result<Option<Incident>, LedgerError> {
        let mut line = self.line(key, |_| None).await?;
        Ok(line.pop().filter(|head| head.union.merged_into.is_none()))
    }

    async fn write(
        &self,
        facts: Vec<argus_soc::ledger::fact::Fact>,
        on: &[&Incident],
    ) -> Result<(), LedgerError> {
        let expect = on.iter().map(|incident| (incident.key.clone(), incident.version)).collect();
        self.ledger.append(Batch { facts, expect, ..Batch::default() }).await?;
        self.look_again().await;
        self.bells.notify.notify_one();
        Ok(())
    }
}

/// The key of an incident as somebody typed it.
pub(super) fn key_of(word: &str) -> String {
    let plain = word.chars().filter(|it| it.is_ascii_alphanumeric() || *it == '-');
    plain.take(24).collect::<String>().to_uppercase()
}

/// Text without the marks that Markdown reads.
pub(super) fn unmarked(text: &str) -> String {
    text.replace(['*', '[', ']', '_', '`', '<', '>', '~', '#', '|'], "")
}
