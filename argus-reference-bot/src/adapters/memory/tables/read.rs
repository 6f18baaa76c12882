//! What queries read.

use std::cmp::Reverse;

use argus_soc::canary::is_canary;
use argus_soc::enrich::History;
use argus_soc::incident::Incident;
use argus_soc::ledger::Hash;
use argus_soc::ledger::fact::{Fact, What};
use jiff::Timestamp;
use uuid::Uuid;

use super::cards::summary;
use super::{Record, Tables};
use crate::adapters::tables::project::{number, principal, rank};
use crate::ports::ledger::{Counts, EventView, Filter, Recorded, StoredDocument, Summary, Waiting};

impl Tables {
    pub(in super::super) fn head(&self) -> (u64, Hash) {
        self.records.last().map_or((0, Hash::GENESIS), |(record, _)| (record.seq, record.hash))
    }

    pub(super) fn at(&self, seq: u64) -> Option<&(Record, Fact)> {
        self.records.get(usize::try_from(seq.checked_sub(1)?).ok()?)
    }

    pub(in super::super) fn waiting(&self, limit: u32) -> Vec<u64> {
        let unplaced = self.events_after(self.placed);
        unplaced.take(limit as usize).collect()
    }

    fn events_after(&self, seq: u64) -> impl Iterator<Item = u64> {
        let from = usize::try_from(seq).unwrap_or(usize::MAX);
        let records = self.records.get(from..).unwrap_or_default();
        records.iter().filter(|(record, _)| record.raw.is_some()).map(|(record, _)| record.seq)
    }

    pub(in super::super) fn arrived(&self, places: &[u64]) -> Vec<Waiting> {
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

    pub(in super::super) fn event(&self, id: Uuid) -> Option<EventView> {
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

    pub(in super::super) fn incident(&self, key: &str) -> Option<&Incident> {
        self.incidents.get(key)
    }

    pub(in super::super) fn open_incident(
        &self,
        key: Option<&str>,
        print: &str,
    ) -> Option<&Incident> {
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

    pub(in super::super) fn incidents(&self, filter: &Filter) -> (Vec<Summary>, u64) {
        let least = filter.severity.map_or(0, rank);
        let fits = |it: &&Incident| {
            (it.is_open() || !filter.open_only)
                && rank(it.severity) >= least
                && !is_canary(&it.event)
        };
        let mut found: Vec<&Incident> = self.incidents.values().filter(fits).collect();
        found.sort_by_key(|it| Reverse(number(&it.key)));
        let total = found.len() as u64;
        let lines = found.into_iter().take(filter.limit as usize).map(summary);
        (lines.collect(), total)
    }

    pub(in super::super) fn incidents_about(
        &self,
        kind: &str,
        value: &str,
        fingerprint: &str,
    ) -> History {
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

    pub(in super::super) fn with_active_runs(&self) -> Vec<String> {
        let active = self.incidents.values().filter(|it| it.active_runs().next().is_some());
        let mut keys: Vec<String> = active.map(|it| it.key.clone()).collect();
        keys.sort_by_key(|key| number(key));
        keys
    }

    pub(in super::super) fn last_number(&self) -> u64 {
        self.incidents.keys().map(|key| number(key)).max().unwrap_or(0)
    }

    pub(in super::super) fn records_after(&self, seq: u64, limit: u32) -> Vec<Recorded> {
        let from = usize::try_from(seq).unwrap_or(usize::MAX);
        let records = self.records.get(from..).unwrap_or_default();
        let records = records.iter().take(limit as usize).map(|(record, fact)| Recorded {
            seq: record.seq,
            hash: record.hash,
            fact: fact.clone(),
        });
        records.collect()
    }

    pub(in super::super) fn document(&self, kind: &str, key: &str) -> Option<StoredDocument> {
        let (version, body) = self.documents.get(&(kind.into(), key.into()))?;
        Some(StoredDocument { key: key.into(), version: *version, body: body.clone() })
    }

    pub(in super::super) fn documents(&self, kind: &str) -> Vec<StoredDocument> {
        let of_kind = self.documents.iter().filter(|((found, _), _)| found == kind);
        let stored = of_kind.map(|((_, key), (version, body))| StoredDocument {
            key: key.clone(),
            version: *version,
            body: body.clone(),
        });
        stored.collect()
    }

    /// When the last event of `source` came in, looking back no further than to `since` and to
    /// record `behind`.
    pub(in super::super) fn last_arrival(
        &self,
        source: &str,
        since: Timestamp,
        behind: u64,
    ) -> Option<Timestamp> {
        let records = self.records.iter().rev().take_while(|(record, _)| record.seq > behind);
        let events = records.filter(|(record, _)| record.raw.is_some());
        let recent = events.map(|(_, fact)| fact).take_while(|fact| fact.at >= since);
        let is_ours = |fact: &&Fact| match &fact.what {
            What::Received { source: found, .. } => found == source,
            _ => false,
        };
        recent.filter(is_ours).map(|fact| fact.at).next()
    }

    pub(in super::super) fn counts(&self) -> Counts {
        let (cards_due, dead, digested) = self.count_cards();
        let (mut waiting, mut waiting_bytes) = (0, 0);
        for seq in self.events_after(self.placed) {
            let raw = self.at(seq).and_then(|(record, _)| record.raw.as_ref());
            waiting += 1;
            waiting_bytes += raw.map_or(0, |raw| raw.len() as u64);
        }
        Counts {
            records: self.records.len() as u64,
            events: self.events.len() as u64,
            waiting,
            waiting_bytes,
            incidents: self.incidents.len() as u64,
            open: self.incidents.values().filter(|it| it.is_open()).count() as u64,
            cards_due,
            dead,
            digested,
        }
    }
}
