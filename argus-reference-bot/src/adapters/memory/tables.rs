//! What the records fold to.

mod cards;
mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use argus_soc::incident::Incident;
use argus_soc::ledger::Hash;
use argus_soc::ledger::documents::changes;
use argus_soc::ledger::fact::{Actor, Fact, What};
use bytes::Bytes;
use uuid::Uuid;

use self::cards::Card;
use super::{Receipts, Record, damaged};
use crate::adapters::tables::sealed::is_body;
use crate::ports::chain::Link;
use crate::ports::ledger::{Arrival, Batch, LedgerError, Receipt};

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
    /// The event that came last since the start: a start does not look for it.
    last_event: Option<u64>,
    incidents: BTreeMap<String, Incident>,
    cards: BTreeMap<(String, String), Card>,
    leases: BTreeMap<String, String>,
    /// Version and body by kind and key.
    documents: BTreeMap<(String, String), (u64, Vec<u8>)>,
}

/// An event that was received before, or a moment ago in the same delivery.
struct Earlier<'a> {
    seq: u64,
    event_id: Uuid,
    raw: &'a [u8],
    sha256: String,
}

impl Earlier<'_> {
    fn is(&self, raw: &Bytes) -> bool {
        is_body(self.raw, &self.sha256, raw)
    }

    fn repeat(&self, raw: &Bytes) -> Result<Receipt, LedgerError> {
        if !self.is(raw) {
            return Err(LedgerError::KeyReused);
        }
        Ok(Receipt { seq: self.seq, event_id: self.event_id, duplicate: true, after: None })
    }
}

impl Tables {
    /// The records of a delivery, and what its sender is told once they are written.
    pub(super) fn delivery(
        &self,
        arrivals: Vec<Arrival>,
    ) -> Result<(Vec<Record>, Receipts), LedgerError> {
        let keys: Vec<Option<String>> = arrivals.iter().map(digest).collect();
        if self.is_renamed(&arrivals, &keys) {
            return Err(LedgerError::KeyReused);
        }
        let (mut head, mut after) = (self.head(), self.last_event);
        let mut receipts = Vec::with_capacity(arrivals.len());
        let mut records: Vec<Record> = Vec::new();
        let mut new: BTreeMap<Uuid, usize> = BTreeMap::new();
        for (arrival, key) in arrivals.into_iter().zip(keys) {
            let event_id = arrival.event_id;
            let before = new.get(&event_id).and_then(|&at| records.get(at));
            let before = before.map(|it| {
                let raw = it.raw.as_deref().unwrap_or_default();
                Earlier { seq: it.seq, event_id, raw, sha256: String::new() }
            });
            if let Some(earlier) = before.or_else(|| self.earlier(key.as_deref(), event_id)) {
                receipts.push(earlier.repeat(&arrival.raw));
                continue;
            }
            let what = What::Received {
                event_id,
                source: arrival.source,
                idempotency_key: key,
                raw_sha256: Hash::of(&arrival.raw).to_string(),
            };
            let door = Actor::service("ingest");
            let fact = Fact::new(arrival.received_at, door, arrival.correlation, what);
            let record = Record::after(head, &fact, Some(arrival.raw))?;
            let seq = record.seq;
            head = (seq, record.hash);
            receipts.push(Ok(Receipt { seq, event_id, duplicate: false, after }));
            after = Some(seq);
            new.insert(event_id, records.len());
            records.push(record);
        }
        Ok((records, receipts))
    }

    /// Whether another delivery had these keys before: with other bytes, or with other events.
    fn is_renamed(&self, arrivals: &[Arrival], keys: &[Option<String>]) -> bool {
        let (mut known, mut new) = (false, false);
        for (arrival, key) in arrivals.iter().zip(keys) {
            let Some(key) = key else { continue };
            let Some(earlier) = self.keys.get(key).and_then(|&seq| self.received(seq)) else {
                new = true;
                continue;
            };
            if !earlier.is(&arrival.raw) {
                return true;
            }
            known = true;
        }
        known && new
    }

    fn earlier(&self, key: Option<&str>, id: Uuid) -> Option<Earlier<'_>> {
        let by_key = key.and_then(|key| self.keys.get(key));
        self.received(*by_key.or_else(|| self.events.get(&id))?)
    }

    fn received(&self, seq: u64) -> Option<Earlier<'_>> {
        let (record, fact) = self.at(seq)?;
        let What::Received { event_id, raw_sha256, .. } = &fact.what else { return None };
        let raw = record.raw.as_deref().unwrap_or_default();
        Some(Earlier { seq, event_id: *event_id, raw, sha256: raw_sha256.clone() })
    }

    /// Whether all of the batch can be written.
    pub(super) fn admit(&self, batch: &Batch) -> Result<(), LedgerError> {
        for (stream, &version) in &batch.expect {
            if self.version(stream) != version {
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

    /// The version of an incident, or of a document by its stream; 0 if there is none.
    fn version(&self, stream: &str) -> u64 {
        match stream.split_once('/') {
            Some((kind, key)) => {
                self.documents.get(&(kind.into(), key.into())).map_or(0, |(version, _)| *version)
            }
            None => self.incidents.get(stream).map_or(0, |it| it.version),
        }
    }

    /// The tables as a start finds them.
    pub(super) fn found(self) -> Self {
        Self { last_event: None, ..self }
    }

    /// Takes a record that is written into account.
    pub(super) fn take(&mut self, record: Record) -> Result<(), LedgerError> {
        let fact = Fact::read(record.payload.as_bytes())
            .map_err(|error| damaged(format!("record {}: {error}", record.seq)))?;
        if let Some(key) = &fact.stream {
            self.fold(key, &fact)?;
        }
        self.enter(record.seq, &fact);
        self.change_documents(&fact)?;
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
        let (want, severity) = (incident.card_version(), incident.severity);
        let run = fact.what.run().and_then(|run| incident.runs.get(run));
        let asks = run.map(argus_soc::run::Run::request_cards).unwrap_or_default();
        for card in std::iter::once("card".to_owned()).chain(asks) {
            if let Some(card) = self.cards.get_mut(&(key.to_owned(), card)) {
                card.wanted(want, severity);
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
            What::Suppressed { events, .. } => {
                for event in events {
                    self.place(*event, None);
                }
            }
            What::Leased { run, step, lease } => {
                self.leases.insert(lease.clone(), format!("{run}/{step}"));
            }
            What::Released { lease, .. } => drop(self.leases.remove(lease)),
            What::Archived { bodies, .. } => {
                for (first, last) in bodies {
                    let taken = self.records.iter_mut().map(|(record, _)| record);
                    let taken = taken.filter(|it| (*first..=*last).contains(&it.seq));
                    for raw in taken.filter_map(|it| it.raw.as_mut()) {
                        *raw = Bytes::new();
                    }
                }
            }
            other => self.enter_card(seq, other),
        }
    }

    /// Events after a place, without the bodies that stay.
    pub(super) fn bodies(&self, after: u64, limit: u32) -> Vec<Link> {
        let is_open = |seq: u64| {
            let incident = self.places.get(&seq)?.as_ref().and_then(|key| self.incidents.get(key));
            Some(incident.is_some_and(Incident::is_open))
        };
        let bodies = self.records.iter().filter_map(|(record, _)| {
            let raw = record.raw.as_ref().filter(|raw| !raw.is_empty() && record.seq > after)?;
            let raw = (!is_open(record.seq)?).then(|| raw.to_vec());
            Some(Link {
                seq: record.seq,
                prev: record.prev.as_bytes().to_vec(),
                payload: record.payload.clone().into_bytes(),
                hash: record.hash.as_bytes().to_vec(),
                raw,
            })
        });
        bodies.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect()
    }

    fn change_documents(&mut self, fact: &Fact) -> Result<(), LedgerError> {
        let load = |kind: &'static str, key: &str| {
            let found = self.documents.get(&(kind.to_owned(), key.to_owned()));
            Ok::<_, Infallible>(found.map(|(_, body)| body.clone()))
        };
        for change in changes(fact, load).map_err(|error| damaged(error.to_string()))? {
            let name = (change.kind.to_owned(), change.key);
            match change.body {
                Some(body) => {
                    let document = self.documents.entry(name).or_default();
                    *document = (document.0 + 1, body.into_bytes());
                }
                None => drop(self.documents.remove(&name)),
            }
        }
        Ok(())
    }

    fn place(&mut self, event: Uuid, incident: Option<String>) {
        let Some(&seq) = self.events.get(&event) else { return };
        self.places.insert(seq, incident);
        self.placed = self.placed.max(seq);
    }
}

/// The digest of source and idempotency key, as records have it.
fn digest(arrival: &Arrival) -> Option<String> {
    let key = arrival.key.as_ref()?;
    Some(Hash::of(&[arrival.source.as_bytes(), &[0], key.as_bytes()].concat()).to_string())
}
