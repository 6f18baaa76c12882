//! What a group of writes needs to know, read at once while the chain is held, and what it changes.
//!
//! The projection runs in memory on what was read. Its changes are collected and sent together, so
//! that a group costs two round trips, however many writes it has.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::convert::Infallible;

use argus_soc::incident::Incident;
use argus_soc::ledger::documents;
use argus_soc::ledger::fact::{Fact, What};
use uuid::Uuid;

use super::wire::Param;
use crate::adapters::tables::project::{DROP_DOCUMENT, SET_DOCUMENT};
use crate::adapters::tables::{Tables, Value, bounded};

/// What facts name that is in the tables.
#[derive(Debug, Default)]
pub(super) struct Needs {
    pub(super) ids: BTreeSet<Vec<u8>>,
    pub(super) incidents: BTreeSet<String>,
    pub(super) documents: BTreeSet<(String, String)>,
    pub(super) leases: BTreeSet<String>,
}

impl Needs {
    /// An incident or a document by its stream.
    pub(super) fn stream(&mut self, stream: &str) {
        match stream.split_once('/') {
            Some((kind, key)) => self.documents.extend([(kind.into(), bounded(key).into())]),
            None => self.incidents.extend([stream.to_owned()]),
        }
    }

    pub(super) fn fact(&mut self, fact: &Fact) {
        if let Some(key) = &fact.stream {
            self.incidents.insert(key.clone());
        }
        let mut event = |id: &Uuid| self.ids.extend([id.as_bytes().to_vec()]);
        match &fact.what {
            What::Received { event_id, idempotency_key, .. } => {
                event(event_id);
                self.ids.extend(idempotency_key.as_ref().map(|key| key.as_bytes().to_vec()));
            }
            What::Opened { event: opens, .. } => event(&opens.event_id),
            What::EventAdded(added) => event(&added.event_id),
            What::EventsAdded { events } => events.iter().for_each(|it| event(&it.event_id)),
            What::Ignored { event_id, .. } => event(event_id),
            What::Suppressed { events, .. } | What::Shed { moved: events, .. } => {
                events.iter().for_each(event);
            }
            What::Leased { lease, .. } => self.leases.extend([bounded(lease).into()]),
            _ => {}
        }
        // Which documents a fact changes is asked by letting it change nothing.
        let load = |kind: &'static str, key: &str| {
            self.documents.insert((kind.into(), bounded(key).into()));
            Ok::<_, Infallible>(None)
        };
        drop(documents::changes(fact, load));
    }
}

/// A statement that is sent with the others.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Change {
    pub(super) sql: &'static str,
    pub(super) values: Vec<Param>,
}

/// What was read, changed by what is written, with everything that is to be sent.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    /// Ids of events and keys, and their records.
    pub(super) ids: HashMap<Vec<u8>, u64>,
    /// Records of those events that are in an incident or aside.
    pub(super) placed: HashSet<u64>,
    pub(super) incidents: HashMap<String, Incident>,
    pub(super) documents: HashMap<(String, String), (u64, Vec<u8>)>,
    pub(super) leases: HashMap<String, String>,
    pub(super) filed: Vec<(Vec<u8>, u64)>,
    pub(super) changes: Vec<Change>,
    /// How each entry was before a batch changed it, newest last.
    before: Vec<Before>,
}

#[derive(Debug)]
enum Before {
    Id(Vec<u8>),
    Placed(u64),
    Left(u64),
    Incident(String, Option<Box<Incident>>),
    Document((String, String), Option<(u64, Vec<u8>)>),
    Lease(String, Option<String>),
}

/// Where a batch begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    filed: usize,
    changes: usize,
}

impl Loaded {
    /// Where what follows begins, so that it can be undone.
    pub(super) fn mark(&mut self) -> Mark {
        self.before.clear();
        Mark { filed: self.filed.len(), changes: self.changes.len() }
    }

    /// Undoes what came since the mark.
    pub(super) fn undo(&mut self, mark: Mark) {
        self.filed.truncate(mark.filed);
        self.changes.truncate(mark.changes);
        while let Some(before) = self.before.pop() {
            match before {
                Before::Id(id) => drop(self.ids.remove(&id)),
                Before::Placed(seq) => drop(self.placed.remove(&seq)),
                Before::Left(seq) => drop(self.placed.insert(seq)),
                Before::Incident(key, it) => put(&mut self.incidents, key, it.map(|it| *it)),
                Before::Document(key, it) => put(&mut self.documents, key, it),
                Before::Lease(lease, it) => put(&mut self.leases, lease, it),
            }
        }
    }

    /// The version of an incident, or of a document by its stream; 0 if there is none.
    pub(super) fn version(&self, stream: &str) -> u64 {
        match stream.split_once('/') {
            Some((kind, key)) => self
                .documents
                .get(&(kind.into(), bounded(key).into()))
                .map_or(0, |(version, _)| *version),
            None => self.incidents.get(stream).map_or(0, |incident| incident.version),
        }
    }

    fn send(&mut self, sql: &'static str, values: Vec<Param>) {
        self.changes.push(Change { sql, values });
    }
}

fn put<K: std::hash::Hash + Eq, V>(map: &mut HashMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => drop(map.insert(key, value)),
        None => drop(map.remove(&key)),
    }
}

impl Tables for Loaded {
    type Error = Infallible;

    fn incident(&mut self, key: &str) -> Result<Option<Incident>, Infallible> {
        Ok(self.incidents.get(key).cloned())
    }

    fn saved(&mut self, incident: &Incident) {
        let before = self.incidents.insert(incident.key.clone(), incident.clone());
        self.before.push(Before::Incident(incident.key.clone(), before.map(Box::new)));
    }

    fn received(&mut self, seq: u64, event: Uuid, key: Option<&str>) -> Result<bool, Infallible> {
        let key = key.map(|key| key.as_bytes().to_vec());
        let names: Vec<Vec<u8>> = std::iter::once(event.as_bytes().to_vec()).chain(key).collect();
        if names.iter().any(|name| self.ids.contains_key(name)) {
            return Ok(false);
        }
        for name in names {
            self.ids.insert(name.clone(), seq);
            self.before.push(Before::Id(name.clone()));
            self.filed.push((name, seq));
        }
        Ok(true)
    }

    fn event(&mut self, id: Uuid) -> Result<Option<u64>, Infallible> {
        Ok(self.ids.get(&id.as_bytes()[..]).copied())
    }

    fn leave(&mut self, events: BTreeSet<u64>) -> Result<(), Infallible> {
        for seq in &events {
            if self.placed.remove(seq) {
                self.before.push(Before::Left(*seq));
            }
        }
        let places = events.into_iter().map(|seq| i64::try_from(seq).unwrap_or(i64::MAX));
        let values = vec![Param::Wholes(places.collect())];
        self.send("DELETE FROM events WHERE seq = ANY(?1)", values);
        Ok(())
    }

    fn enter(
        &mut self,
        events: BTreeSet<u64>,
        incident: Option<&str>,
    ) -> Result<Option<u64>, Infallible> {
        for &seq in &events {
            if !self.placed.insert(seq) {
                return Ok(Some(seq));
            }
            self.before.push(Before::Placed(seq));
        }
        let places = events.into_iter().map(|seq| i64::try_from(seq).unwrap_or(i64::MAX));
        let values = vec![
            Param::Wholes(places.collect()),
            Param::Text(incident.map(super::wire::plain)),
            Param::Truth(incident.is_none()),
        ];
        self.send("INSERT INTO events (seq, incident, ignored) SELECT unnest(?1), ?2, ?3", values);
        Ok(None)
    }

    fn lease(&mut self, lease: &str, holder: &str) -> Result<String, Infallible> {
        if let Some(held_by) = self.leases.get(lease) {
            return Ok(held_by.clone());
        }
        self.leases.insert(lease.into(), holder.into());
        self.before.push(Before::Lease(lease.into(), None));
        let values = vec![Param::text(lease), Param::text(holder)];
        self.send("INSERT INTO leases (lease, holder) VALUES (?1, ?2)", values);
        Ok(holder.to_owned())
    }

    fn release(&mut self, lease: &str) -> Result<(), Infallible> {
        let before = self.leases.remove(lease);
        self.before.push(Before::Lease(lease.into(), before));
        self.send("DELETE FROM leases WHERE lease = ?1", vec![Param::text(lease)]);
        Ok(())
    }

    fn document(&mut self, kind: &str, key: &str) -> Result<Option<(u64, Vec<u8>)>, Infallible> {
        Ok(self.documents.get(&(kind.into(), key.into())).cloned())
    }

    fn set_document(
        &mut self,
        kind: &str,
        key: &str,
        body: Option<&str>,
    ) -> Result<(), Infallible> {
        let name = (kind.to_owned(), key.to_owned());
        let before = self.documents.remove(&name);
        let version = before.as_ref().map_or(0, |(version, _)| *version) + 1;
        self.before.push(Before::Document(name.clone(), before));
        let (kind, key) = (Value::Text(kind), Value::Text(key));
        match body {
            Some(body) => {
                self.documents.insert(name, (version, body.as_bytes().to_vec()));
                self.change(SET_DOCUMENT, &[kind, key, Value::Bytes(body.as_bytes())])
            }
            None => self.change(DROP_DOCUMENT, &[kind, key]),
        }
    }

    fn change(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<(), Infallible> {
        self.send(sql, values.iter().copied().map(Param::from).collect());
        Ok(())
    }
}
