//! What the records fold to.

use std::collections::{BTreeMap, BTreeSet};

use argus_soc::enrich::History;
use argus_soc::incident::Incident;
use argus_soc::ledger::Hash;
use argus_soc::ledger::fact::{Fact, What};
use bytes::Bytes;
use uuid::Uuid;

use super::{Record, damaged};
use crate::adapters::sqlite::project::{number, principal, rank};
use crate::ports::ledger::{
    Batch, Counts, DraftPlaybook, DueCard, EventView, Filter, LedgerError, Receipt, Recorded,
    SentCard, Summary, Waiting,
};

/// The records, and everything that queries read. Nothing here waits or fails half-way.
#[derive(Debug, Default)]
pub(super) struct Tables {
    records: Vec<(Record, Fact)>,
    /// The record of each event, and of each idempotency key.
    events: BTreeMap<Uuid, u64>,
    keys: BTreeMap<String, u64>,
    /// The incident of each event that was placed; `None` for one that was set aside.
    places: BTreeMap<u64, Option<String>>,
    placed: u64,
    last_event: Option<u64>,
    incidents: BTreeMap<String, Incident>,
    cards: BTreeMap<(String, String), Card>,
    leases: BTreeMap<String, String>,
    playbooks: BTreeMap<(String, String), String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Card {
    conversation: String,
    activity_id: Option<String>,
    want: u64,
    shown: u64,
    attempts: u32,
    dead: bool,
    severity: u8,
    since: u64,
}

impl Card {
    fn is_due(&self) -> bool {
        self.want > self.shown && !self.dead
    }
}

/// An event that was received before.
pub(super) struct Earlier<'a> {
    seq: u64,
    event_id: Uuid,
    raw: Option<&'a Bytes>,
}

impl Earlier<'_> {
    pub(super) fn repeat(&self, raw: &Bytes) -> Result<Receipt, LedgerError> {
        if self.raw != Some(raw) {
            return Err(LedgerError::KeyReused);
        }
        Ok(Receipt { seq: self.seq, event_id: self.event_id, duplicate: true, after: None })
    }
}

/// Writing.
impl Tables {
    pub(super) fn earlier(&self, key: Option<&str>, id: Uuid) -> Option<Earlier<'_>> {
        let by_key = key.and_then(|key| self.keys.get(key));
        let &seq = by_key.or_else(|| self.events.get(&id))?;
        let (record, fact) = self.at(seq)?;
        let What::Received { event_id, .. } = &fact.what else { return None };
        Some(Earlier { seq, event_id: *event_id, raw: record.raw.as_ref() })
    }

    /// Whether all of the batch can be written.
    pub(super) fn admit(&self, batch: &Batch) -> Result<(), LedgerError> {
        for (stream, &version) in &batch.expect {
            if self.incidents.get(stream).map_or(0, |it| it.version) != version {
                return Err(LedgerError::Conflict { stream: stream.clone() });
            }
        }
        let mut opened = BTreeSet::new();
        let mut received = BTreeSet::new();
        let mut leases: BTreeMap<&str, Option<String>> = BTreeMap::new();
        for fact in &batch.facts {
            if let Some(key) = &fact.stream
                && !self.incidents.contains_key(key)
                && !opened.contains(key)
            {
                if Incident::open(fact).is_none() {
                    let why = format!("{} for {key}, which was never opened", fact.what.kind());
                    return Err(damaged(why));
                }
                opened.insert(key);
            }
            match &fact.what {
                What::Received { event_id, .. }
                    if self.events.contains_key(event_id) || !received.insert(event_id) =>
                {
                    return Err(damaged(format!("the event {event_id} was received before")));
                }
                What::Leased { run, step, lease } => {
                    let holder = format!("{run}/{step}");
                    let held = leases.get(lease.as_str()).cloned();
                    let held = held.unwrap_or_else(|| self.leases.get(lease).cloned());
                    if let Some(held) = held.filter(|held| *held != holder) {
                        return Err(LedgerError::Held { lease: lease.clone(), holder: held });
                    }
                    leases.insert(lease, Some(holder));
                }
                What::Released { lease, .. } => drop(leases.insert(lease, None)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes a record that is written into account.
    pub(super) fn take(&mut self, record: Record) -> Result<(), LedgerError> {
        let fact: Fact = serde_json::from_str(&record.payload)
            .map_err(|error| damaged(format!("record {}: {error}", record.seq)))?;
        if let Some(key) = &fact.stream {
            self.fold(key, &fact)?;
        }
        self.enter(record.seq, &fact);
        self.records.push((record, fact));
        Ok(())
    }

    fn fold(&mut self, key: &str, fact: &Fact) -> Result<(), LedgerError> {
        let incident = if let Some(incident) = self.incidents.get_mut(key) {
            incident.apply(fact);
            incident
        } else {
            let opened = Incident::open(fact)
                .ok_or_else(|| damaged(format!("{key} changes and was never opened")))?;
            self.incidents.entry(key.to_owned()).or_insert(opened)
        };
        let (want, severity) = (incident.version, rank(incident.severity));
        let run = fact.what.run().map(|run| format!("approval/{run}"));
        for card in std::iter::once("card".to_owned()).chain(run) {
            if let Some(card) = self.cards.get_mut(&(key.to_owned(), card)) {
                (card.want, card.severity) = (want, severity);
            }
        }
        Ok(())
    }

    fn enter(&mut self, seq: u64, fact: &Fact) {
        match &fact.what {
            What::Received { event_id, idempotency_key, .. } => {
                self.events.insert(*event_id, seq);
                self.keys.extend(idempotency_key.clone().map(|key| (key, seq)));
                self.last_event = Some(seq);
            }
            What::Opened { event, .. } => self.place(event.event_id, fact.stream.clone()),
            What::EventAdded(event) => self.place(event.event_id, fact.stream.clone()),
            What::EventsAdded { events } => {
                for event in events {
                    self.place(event.event_id, fact.stream.clone());
                }
            }
            What::Ignored { event_id, .. } => self.place(*event_id, None),
            What::NoticePlaced { incident, card, conversation } => {
                self.add_card(seq, incident, card, conversation);
            }
            What::NoticeAttempted { incident, card, .. } => {
                self.card(incident, card, |it| it.attempts += 1);
            }
            What::NoticeRefused { incident, card, .. } => {
                self.card(incident, card, |it| it.attempts = it.attempts.saturating_sub(1));
            }
            What::NoticeDelivered { incident, card, activity_id, version, .. } => {
                self.card(incident, card, |it| {
                    it.shown = it.shown.max(*version);
                    it.activity_id = Some(activity_id.clone());
                    it.attempts = 0;
                });
            }
            What::NoticeAbandoned { incident, card, .. } => {
                self.card(incident, card, |it| it.dead = true);
            }
            What::PlaybookLoaded { playbook, version, sha256, .. } => {
                self.playbooks.insert((playbook.clone(), version.clone()), sha256.clone());
            }
            What::Leased { run, step, lease } => {
                self.leases.insert(lease.clone(), format!("{run}/{step}"));
            }
            What::Released { lease, .. } => drop(self.leases.remove(lease)),
            _ => {}
        }
    }

    fn place(&mut self, event: Uuid, incident: Option<String>) {
        let Some(&seq) = self.events.get(&event) else { return };
        self.places.insert(seq, incident);
        self.placed = self.placed.max(seq);
    }

    fn add_card(&mut self, seq: u64, incident: &str, card: &str, conversation: &str) {
        let Some(it) = self.incidents.get(incident) else { return };
        let new = Card {
            conversation: conversation.into(),
            activity_id: None,
            want: it.version,
            shown: 0,
            attempts: 0,
            dead: false,
            severity: rank(it.severity),
            since: seq,
        };
        self.cards.entry((incident.into(), card.into())).or_insert(new);
    }

    fn card(&mut self, incident: &str, card: &str, change: impl FnOnce(&mut Card)) {
        if let Some(card) = self.cards.get_mut(&(incident.into(), card.into())) {
            change(card);
        }
    }
}

/// Reading.
impl Tables {
    pub(super) fn head(&self) -> (u64, Hash) {
        self.records.last().map_or((0, Hash::GENESIS), |(record, _)| (record.seq, record.hash))
    }

    /// The event that came last since the start, as the door's memory needs it.
    pub(super) fn last_event(&self) -> Option<u64> {
        self.last_event
    }

    fn at(&self, seq: u64) -> Option<&(Record, Fact)> {
        self.records.get(usize::try_from(seq.checked_sub(1)?).ok()?)
    }

    pub(super) fn waiting(&self, limit: u32) -> Vec<u64> {
        let unplaced = self.events_after(self.placed);
        unplaced.take(limit as usize).collect()
    }

    fn events_after(&self, seq: u64) -> impl Iterator<Item = u64> {
        let from = usize::try_from(seq).unwrap_or(usize::MAX);
        let records = self.records.get(from..).unwrap_or_default();
        records.iter().filter(|(record, _)| record.raw.is_some()).map(|(record, _)| record.seq)
    }

    pub(super) fn arrived(&self, places: &[u64]) -> Vec<Waiting> {
        let found = places.iter().filter_map(|&place| {
            let (record, fact) = self.at(place)?;
            let What::Received { event_id, source, .. } = &fact.what else { return None };
            Some(Waiting {
                seq: place,
                event_id: *event_id,
                source: source.clone(),
                received_at: fact.at,
                correlation: fact.correlation.clone(),
                raw: record.raw.as_ref()?.to_vec(),
            })
        });
        found.collect()
    }

    pub(super) fn event(&self, id: Uuid) -> Option<EventView> {
        let &seq = self.events.get(&id)?;
        let (record, fact) = self.at(seq)?;
        let What::Received { source, .. } = &fact.what else { return None };
        let place = self.places.get(&seq);
        Some(EventView {
            seq,
            source: source.clone(),
            received_at: fact.at,
            correlation: fact.correlation.clone(),
            incident: place.cloned().flatten(),
            ignored: place.is_some_and(Option::is_none),
            raw: record.raw.as_ref()?.to_vec(),
        })
    }

    pub(super) fn incident(&self, key: &str) -> Option<&Incident> {
        self.incidents.get(key)
    }

    pub(super) fn open_incident(&self, key: Option<&str>, print: &str) -> Option<&Incident> {
        let fits = |it: &&Incident| match key {
            // An event that names its incident belongs to that one and to no other.
            Some(key) => it.event.incident_key.as_deref() == Some(key),
            None => it.event.incident_key.is_none() && it.event.fingerprint == print,
        };
        self.incidents
            .values()
            .filter(|it| it.is_open())
            .filter(fits)
            .max_by_key(|it| number(&it.key))
    }

    pub(super) fn incidents(&self, filter: &Filter) -> (Vec<Summary>, u64) {
        let least = filter.severity.map_or(0, rank);
        let fits =
            |it: &&Incident| (it.is_open() || !filter.open_only) && rank(it.severity) >= least;
        let mut found: Vec<&Incident> = self.incidents.values().filter(fits).collect();
        found.sort_by_key(|it| std::cmp::Reverse(number(&it.key)));
        let total = found.len() as u64;
        let lines = found.into_iter().take(filter.limit as usize).map(|it| Summary {
            key: it.key.clone(),
            title: it.event.title.clone(),
            severity: it.severity,
            stage: it.stage,
            opened_at: it.opened_at,
            count: it.count,
        });
        (lines.collect(), total)
    }

    pub(super) fn incidents_about(&self, kind: &str, value: &str, fingerprint: &str) -> History {
        let wanted = principal(kind, value);
        let about = |it: &&Incident| {
            it.event.principal().is_some_and(|it| principal(it.kind.as_str(), &it.value) == wanted)
        };
        let mut history = History::default();
        for it in self.incidents.values().filter(about) {
            history.previous_incidents += 1;
            history.same_fingerprint += u32::from(it.event.fingerprint == fingerprint);
            history.last_seen = history.last_seen.max(Some(it.opened_at));
        }
        history
    }

    pub(super) fn with_active_runs(&self) -> Vec<String> {
        let active = self.incidents.values().filter(|it| it.active_runs().next().is_some());
        let mut keys: Vec<String> = active.map(|it| it.key.clone()).collect();
        keys.sort_by_key(|key| number(key));
        keys
    }

    pub(super) fn last_number(&self) -> u64 {
        self.incidents.keys().map(|key| number(key)).max().unwrap_or(0)
    }

    pub(super) fn due_cards(&self, limit: u32) -> Vec<DueCard> {
        let mut due: Vec<_> = self.cards.iter().filter(|(_, card)| card.is_due()).collect();
        due.sort_by_key(|(_, card)| (std::cmp::Reverse(card.severity), card.since));
        let due = due.into_iter().take(limit as usize).map(|((incident, name), card)| DueCard {
            incident: incident.clone(),
            card: name.clone(),
            conversation: card.conversation.clone(),
            activity_id: card.activity_id.clone(),
            want: card.want,
            attempts: card.attempts,
        });
        due.collect()
    }

    pub(super) fn sent_card(&self, conversation: &str, activity_id: &str) -> Option<SentCard> {
        let stands = |card: &Card| {
            card.conversation == conversation && card.activity_id.as_deref() == Some(activity_id)
        };
        let ((incident, card), it) = self.cards.iter().find(|(_, card)| stands(card))?;
        Some(SentCard { incident: incident.clone(), card: card.clone(), version: it.shown })
    }

    pub(super) fn records_after(&self, seq: u64, limit: u32) -> Vec<Recorded> {
        let from = usize::try_from(seq).unwrap_or(usize::MAX);
        let records = self.records.get(from..).unwrap_or_default();
        let records = records.iter().take(limit as usize).map(|(record, fact)| Recorded {
            seq: record.seq,
            hash: record.hash,
            fact: fact.clone(),
        });
        records.collect()
    }

    pub(super) fn draft_playbooks(&self) -> Vec<DraftPlaybook> {
        let drafts = self.playbooks.iter().map(|((id, version), sha256)| DraftPlaybook {
            id: id.clone(),
            version: version.clone(),
            sha256: sha256.clone(),
        });
        drafts.collect()
    }

    pub(super) fn counts(&self) -> Counts {
        let waiting = self.events_after(self.placed).count() as u64;
        Counts {
            records: self.records.len() as u64,
            events: self.events.len() as u64,
            waiting,
            incidents: self.incidents.len() as u64,
            open: self.incidents.values().filter(|it| it.is_open()).count() as u64,
            cards_due: self.cards.values().filter(|card| card.is_due()).count() as u64,
            dead: self.cards.values().filter(|card| card.dead).count() as u64,
        }
    }
}
