//! What each fact changes in the tables. The same code runs when a fact is written and when the
//! tables are rebuilt, so that the two cannot differ.

use std::collections::{BTreeMap, BTreeSet};

use argus_soc::event::Severity;
use argus_soc::incident::Incident;
use argus_soc::ledger::canonical;
use argus_soc::ledger::documents::{DocumentError, changes};
use argus_soc::ledger::fact::{Fact, What};
use uuid::Uuid;

use super::{Tables, Value, bounded, cards};
use crate::ports::ledger::LedgerError;

/// Done, or refused without having changed anything that the caller does not undo.
type Projected<E> = Result<Result<(), LedgerError>, E>;

/// Incidents that are folded in memory at most, before they are written; a rebuild meets them all.
const FOLDED: usize = 1_000;

/// Takes the bodies of events away that an archive has; that they are events still shows.
const EMPTY_BODIES: &str = "UPDATE records SET raw = substr(raw, 1, 0)
 WHERE seq >= ?1 AND seq <= ?2 AND raw IS NOT NULL AND length(raw) > 0";

/// Writes a document.
pub(in crate::adapters) const SET_DOCUMENT: &str =
    "INSERT INTO documents (kind, key, version, body) VALUES (?1, ?2, 1, ?3)
 ON CONFLICT (kind, key) DO UPDATE SET version = documents.version + 1, body = ?3";
/// Removes a document.
pub(in crate::adapters) const DROP_DOCUMENT: &str =
    "DELETE FROM documents WHERE kind = ?1 AND key = ?2";

/// How an entity is found again, across incidents.
pub(in crate::adapters) fn principal(kind: &str, value: &str) -> String {
    bounded(&format!("{kind}/{value}")).into_owned()
}

/// Takes facts into account, one after the other, in one transaction. An incident is folded in
/// memory and written once, however many of the facts change it: call [`finish`](Self::finish).
#[derive(Debug, Default)]
pub(in crate::adapters) struct Projector {
    changed: BTreeMap<String, Changed>,
}

#[derive(Debug)]
struct Changed {
    incident: Incident,
    /// The runs whose approval cards have to show a change, and the version and severity then.
    runs: BTreeMap<String, (u64, Severity)>,
}

impl Projector {
    /// Takes the fact that stands as record `seq` into account.
    pub(in crate::adapters) fn fact<T: Tables>(
        &mut self,
        tables: &mut T,
        seq: u64,
        fact: &Fact,
    ) -> Projected<T::Error> {
        if let Some(key) = &fact.stream
            && let Err(error) = self.fold(tables, key, fact)?
        {
            return Ok(Err(error));
        }
        // A new card begins at the version that its incident has by then.
        if let What::NoticePlaced { incident, .. } = &fact.what
            && let Some(changed) = self.changed.remove(incident)
            && let Err(error) = changed.save(tables)?
        {
            return Ok(Err(error));
        }
        if self.changed.len() >= FOLDED
            && let Err(error) = self.finish(tables)?
        {
            return Ok(Err(error));
        }
        apply(tables, seq, fact)
    }

    /// Writes the incidents that were changed.
    pub(in crate::adapters) fn finish<T: Tables>(&mut self, tables: &mut T) -> Projected<T::Error> {
        for changed in std::mem::take(&mut self.changed).into_values() {
            if let Err(error) = changed.save(tables)? {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    fn fold<T: Tables>(&mut self, tables: &mut T, key: &str, fact: &Fact) -> Projected<T::Error> {
        if !self.changed.contains_key(key) {
            let incident = tables.incident(key)?;
            let new = incident.is_none();
            let Some(incident) = incident.or_else(|| Incident::open(fact)) else {
                let why = format!("{} for {key}, which was never opened", fact.what.kind());
                return Ok(Err(LedgerError::Damaged(why)));
            };
            self.changed.insert(key.to_owned(), Changed { incident, runs: BTreeMap::new() });
            if new {
                return Ok(Ok(()));
            }
        }
        let Some(changed) = self.changed.get_mut(key) else { return Ok(Ok(())) };
        changed.incident.apply(fact);
        let then = (changed.incident.version, changed.incident.severity);
        changed.runs.extend(fact.what.run().map(|run| (run.to_owned(), then)));
        Ok(Ok(()))
    }
}

impl Changed {
    fn save<T: Tables>(&self, tables: &mut T) -> Projected<T::Error> {
        let incident = &self.incident;
        // Canonical, so that a rebuild from the records gives the same bytes.
        let state = match canonical(incident) {
            Ok(state) => state,
            Err(error) => {
                let why = format!("{} does not serialise: {error}", incident.key);
                return Ok(Err(LedgerError::Refused(why)));
            }
        };
        save(tables, incident, state.as_bytes())?;
        tables.saved(incident);
        let now = ("card".to_owned(), (incident.card_version(), incident.severity));
        let cards = |run: &String| match incident.runs.get(run) {
            Some(run) => run.request_cards(),
            None => vec![format!("approval/{run}")],
        };
        let runs = self
            .runs
            .iter()
            .flat_map(|(run, then)| cards(run).into_iter().map(move |card| (card, *then)));
        for (card, (version, severity)) in std::iter::once(now).chain(runs) {
            cards::wanted(tables, &incident.key, &card, version, severity)?;
        }
        Ok(Ok(()))
    }
}

fn apply<T: Tables>(tables: &mut T, seq: u64, fact: &Fact) -> Projected<T::Error> {
    if let Err(error) = placed(tables, fact)? {
        return Ok(Err(error));
    }
    match &fact.what {
        What::Received { event_id, idempotency_key, .. }
            if !tables.received(seq, *event_id, idempotency_key.as_deref())? =>
        {
            let why = format!("the event {event_id} or its key was received before");
            return Ok(Err(LedgerError::Damaged(why)));
        }
        What::Leased { run, step, lease } => {
            let holder = format!("{run}/{step}");
            let held_by = tables.lease(&bounded(lease), &holder)?;
            if held_by != holder {
                return Ok(Err(LedgerError::Held { lease: lease.clone(), holder: held_by }));
            }
        }
        What::Released { lease, .. } => tables.release(&bounded(lease))?,
        What::Archived { bodies, .. } => {
            for (first, last) in bodies {
                tables.change(EMPTY_BODIES, &[Value::Whole(*first), Value::Whole(*last)])?;
            }
        }
        what => cards::changed(tables, seq, what)?,
    }
    documents(tables, fact)
}

/// Events that the fact puts into an incident, or aside.
fn placed<T: Tables>(tables: &mut T, fact: &Fact) -> Projected<T::Error> {
    let stream = fact.stream.as_deref();
    match &fact.what {
        What::Opened { event, .. } => place(tables, [event.event_id], stream),
        What::EventAdded(event) => place(tables, [event.event_id], stream),
        What::EventsAdded { events } => {
            place(tables, events.iter().map(|event| event.event_id), stream)
        }
        What::Ignored { event_id, .. } => place(tables, [*event_id], None),
        What::Suppressed { events, .. } => place(tables, events.iter().copied(), None),
        What::Shed { moved, .. } => {
            let mut places = BTreeSet::new();
            for event in moved {
                places.extend(tables.event(*event)?);
            }
            if !places.is_empty() {
                tables.leave(places)?;
            }
            Ok(Ok(()))
        }
        _ => Ok(Ok(())),
    }
}

fn documents<T: Tables>(tables: &mut T, fact: &Fact) -> Projected<T::Error> {
    let load = |kind: &'static str, key: &str| {
        Ok(tables.document(kind, &bounded(key))?.map(|(_, body)| body))
    };
    let changes = match changes(fact, load) {
        Ok(changes) => changes,
        Err(DocumentError::Store(error)) => return Err(error),
        Err(error) => return Ok(Err(LedgerError::Damaged(error.to_string()))),
    };
    for change in changes {
        tables.set_document(change.kind, &bounded(&change.key), change.body.as_deref())?;
    }
    Ok(Ok(()))
}

fn save<T: Tables>(tables: &mut T, incident: &Incident, state: &[u8]) -> Result<(), T::Error> {
    let event = &incident.event;
    let incident_key = event.incident_key.as_deref().map(bounded);
    let principal = event.principal().map(|it| principal(it.kind.as_str(), &it.value));
    tables.change(
        "INSERT INTO incidents (key, number, version, severity, stage, title, opened_at, count,
           open, active_runs, incident_key, fingerprint, principal, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
         ON CONFLICT (key) DO UPDATE SET version = ?3, severity = ?4, stage = ?5, title = ?6,
           count = ?8, open = ?9, active_runs = ?10, state = ?14",
        &[
            Value::Text(&incident.key),
            Value::Whole(number(&incident.key)),
            Value::Whole(incident.version),
            Value::Whole(rank(incident.severity).into()),
            Value::Text(stage(incident)),
            Value::Text(&event.title),
            Value::Time(incident.opened_at.as_millisecond()),
            Value::Whole(incident.count),
            Value::Truth(incident.is_open()),
            Value::Whole(incident.active_runs().count() as u64),
            Value::MaybeText(incident_key.as_deref()),
            Value::Text(&event.fingerprint),
            Value::MaybeText(principal.as_deref()),
            Value::Bytes(state),
        ],
    )
}

/// Events are placed: in an incident, or set aside. Whatever came before them is placed too, since
/// events are placed in the order of the chain. An event is placed once: whoever comes second
/// decided on what was not so any more.
fn place<T: Tables>(
    tables: &mut T,
    events: impl IntoIterator<Item = Uuid>,
    incident: Option<&str>,
) -> Projected<T::Error> {
    let mut places = BTreeSet::new();
    for event in events {
        // An event that never came is placed nowhere.
        let Some(seq) = tables.event(event)? else { continue };
        if !places.insert(seq) {
            return Ok(Err(LedgerError::Conflict { stream: format!("event {event}") }));
        }
    }
    let newest = places.last().copied().unwrap_or(0);
    if let Some(seq) = tables.enter(places, incident)? {
        return Ok(Err(LedgerError::Conflict { stream: format!("the event at record {seq}") }));
    }
    tables.change(
        "INSERT INTO meta (name, value) VALUES ('placed', ?1)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value
         WHERE excluded.value > meta.value",
        &[Value::Whole(newest)],
    )?;
    Ok(Ok(()))
}

/// Most severe first in an ORDER BY … DESC. Unknown asks a human, so it stands above low.
pub(in crate::adapters) fn rank(severity: Severity) -> u8 {
    match severity {
        Severity::Informational => 1,
        Severity::Low => 2,
        Severity::Unknown => 3,
        Severity::Medium => 4,
        Severity::High => 5,
        Severity::Critical => 6,
    }
}

/// The `7` of `INC-7`.
pub(in crate::adapters) fn number(key: &str) -> u64 {
    key.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn stage(incident: &Incident) -> &'static str {
    use argus_soc::incident::Stage::{Acknowledged, Contained, Open, Resolved};
    match incident.stage {
        Open => "open",
        Acknowledged => "acknowledged",
        Contained => "contained",
        Resolved => "resolved",
    }
}
