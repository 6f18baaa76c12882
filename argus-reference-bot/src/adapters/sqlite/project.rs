//! What each fact changes in the tables. The same code runs when a fact is written and when the
//! tables are rebuilt, so that the two cannot differ.

mod documents;
mod ids;

use std::collections::BTreeMap;

use argus_soc::event::Severity;
use argus_soc::incident::Incident;
use argus_soc::ledger::canonical;
use argus_soc::ledger::fact::{Fact, What};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

pub(super) use self::ids::{Ids, filed_up_to};
use crate::ports::ledger::LedgerError;

/// Done, or refused without having changed anything that the caller does not undo.
type Projected = rusqlite::Result<Result<(), LedgerError>>;

/// Incidents that are folded in memory at most, before they are written; a rebuild meets them all.
const FOLDED: usize = 1_000;

/// How an entity is found again, across incidents.
pub(in crate::adapters) fn principal(kind: &str, value: &str) -> String {
    format!("{kind}/{value}")
}

/// The version of an incident, or of a document by its stream; 0 if there is none.
pub(super) fn version(connection: &Connection, stream: &str) -> rusqlite::Result<u64> {
    if let Some((kind, key)) = stream.split_once('/') {
        return documents::version(connection, kind, key);
    }
    let version = connection
        .prepare_cached("SELECT version FROM incidents WHERE key = ?1")?
        .query_row([stream], |row| row.get(0))
        .optional()?;
    Ok(version.unwrap_or(0))
}

/// The incident as it stands in the table.
pub(super) fn load(connection: &Connection, key: &str) -> rusqlite::Result<Option<Incident>> {
    connection
        .prepare_cached("SELECT state FROM incidents WHERE key = ?1")?
        .query_row([key], |row| row.get::<_, Vec<u8>>(0))
        .optional()?
        .map(|state| decode(&state))
        .transpose()
}

pub(super) fn decode(state: &[u8]) -> rusqlite::Result<Incident> {
    serde_json::from_slice(state).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Blob, Box::new(error))
    })
}

/// Takes facts into account, one after the other, in one transaction. An incident is folded in
/// memory and written once, however many of the facts change it: call [`finish`](Self::finish).
#[derive(Debug, Default)]
pub(super) struct Projector {
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
    pub(super) fn fact(
        &mut self,
        connection: &Connection,
        ids: &mut Ids,
        seq: u64,
        fact: &Fact,
    ) -> Projected {
        if let Some(key) = &fact.stream
            && let Err(error) = self.fold(connection, key, fact)?
        {
            return Ok(Err(error));
        }
        // A new card begins at the version that its incident has by then.
        if let What::NoticePlaced { incident, .. } = &fact.what
            && let Some(changed) = self.changed.remove(incident)
            && let Err(error) = changed.save(connection)?
        {
            return Ok(Err(error));
        }
        if self.changed.len() >= FOLDED
            && let Err(error) = self.finish(connection)?
        {
            return Ok(Err(error));
        }
        tables(connection, ids, seq, fact)
    }

    /// Writes the incidents that were changed.
    pub(super) fn finish(&mut self, connection: &Connection) -> Projected {
        for changed in std::mem::take(&mut self.changed).into_values() {
            if let Err(error) = changed.save(connection)? {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    fn fold(&mut self, connection: &Connection, key: &str, fact: &Fact) -> Projected {
        if !self.changed.contains_key(key) {
            let incident = load(connection, key)?;
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
    fn save(&self, connection: &Connection) -> Projected {
        let incident = &self.incident;
        // Canonical, so that a rebuild from the records gives the same bytes.
        let state = match canonical(incident) {
            Ok(state) => state,
            Err(error) => {
                let why = format!("{} does not serialise: {error}", incident.key);
                return Ok(Err(LedgerError::Damaged(why)));
            }
        };
        save(connection, incident, state.as_bytes())?;
        let now = ("card".to_owned(), (incident.version, incident.severity));
        let runs = self.runs.iter().map(|(run, then)| (format!("approval/{run}"), *then));
        for (card, (version, severity)) in std::iter::once(now).chain(runs) {
            connection
                .prepare_cached(
                    "UPDATE cards SET want = ?3, severity = ?4 WHERE incident = ?1 AND card = ?2",
                )?
                .execute(params![incident.key, card, version, rank(severity)])?;
        }
        Ok(Ok(()))
    }
}

fn tables(connection: &Connection, ids: &mut Ids, seq: u64, fact: &Fact) -> Projected {
    match &fact.what {
        What::Received { event_id, idempotency_key, .. }
            if !ids.received(seq, *event_id, idempotency_key.as_deref()) =>
        {
            let why = format!("the event {event_id} or its key was received before");
            return Ok(Err(LedgerError::Damaged(why)));
        }
        What::Opened { event, .. } => {
            place(connection, ids, [event.event_id], fact.stream.as_deref())?;
        }
        What::EventAdded(event) => {
            place(connection, ids, [event.event_id], fact.stream.as_deref())?;
        }
        What::EventsAdded { events } => {
            let events = events.iter().map(|event| event.event_id);
            place(connection, ids, events, fact.stream.as_deref())?;
        }
        What::Ignored { event_id, .. } => place(connection, ids, [*event_id], None)?,
        What::NoticePlaced { incident, card, conversation } => {
            add_card(connection, seq, incident, card, conversation)?;
        }
        What::NoticeAttempted { incident, card, .. } => {
            card_changed(connection, "attempts = attempts + 1", incident, card)?;
        }
        What::NoticeRefused { incident, card, .. } => {
            card_changed(connection, "attempts = max(attempts, 1) - 1", incident, card)?;
        }
        What::NoticeDelivered { incident, card, activity_id, version, .. } => {
            connection
                .prepare_cached(
                    "UPDATE cards SET shown = max(shown, ?3), activity_id = ?4, attempts = 0
                     WHERE incident = ?1 AND card = ?2",
                )?
                .execute(params![incident, card, version, activity_id])?;
        }
        What::NoticeAbandoned { incident, card, .. } => {
            card_changed(connection, "dead = 1", incident, card)?;
        }
        What::Leased { run, step, lease } => {
            return take_lease(connection, lease, &format!("{run}/{step}"));
        }
        What::Released { lease, .. } => {
            connection.prepare_cached("DELETE FROM leases WHERE lease = ?1")?.execute([lease])?;
        }
        _ => {}
    }
    documents::changed(connection, fact)
}

fn save(connection: &Connection, incident: &Incident, state: &[u8]) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO incidents (key, number, version, severity, stage, title, opened_at, count,
               open, active_runs, incident_key, fingerprint, principal, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
             ON CONFLICT (key) DO UPDATE SET version = ?3, severity = ?4, stage = ?5, title = ?6,
               count = ?8, open = ?9, active_runs = ?10, state = ?14",
        )?
        .execute(params![
            incident.key,
            number(&incident.key),
            incident.version,
            rank(incident.severity),
            stage(incident),
            incident.event.title,
            incident.opened_at.as_millisecond(),
            incident.count,
            incident.is_open(),
            incident.active_runs().count(),
            incident.event.incident_key,
            incident.event.fingerprint,
            incident.event.principal().map(|entity| principal(entity.kind.as_str(), &entity.value)),
            state,
        ])?;
    Ok(())
}

/// Events are placed: in an incident, or set aside. Whatever came before them is placed too, since
/// events are placed in the order of the chain.
fn place(
    connection: &Connection,
    ids: &Ids,
    events: impl IntoIterator<Item = Uuid>,
    incident: Option<&str>,
) -> rusqlite::Result<()> {
    let mut enter = connection
        .prepare_cached("INSERT INTO events (seq, incident, ignored) VALUES (?1, ?2, ?3)")?;
    let mut placed: u64 = 0;
    for event in events {
        // An event that never came is placed nowhere.
        let Some(seq) = ids.event(connection, event)? else { continue };
        enter.execute(params![seq, incident, incident.is_none()])?;
        placed = placed.max(seq);
    }
    connection
        .prepare_cached(
            "INSERT INTO meta (name, value) VALUES ('placed', ?1)
             ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
        )?
        .execute([placed])?;
    Ok(())
}

fn add_card(
    connection: &Connection,
    seq: u64,
    incident: &str,
    card: &str,
    conversation: &str,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO cards (incident, card, conversation, want, severity, since)
               SELECT key, ?2, ?3, version, severity, ?4 FROM incidents WHERE key = ?1
             ON CONFLICT (incident, card) DO NOTHING",
        )?
        .execute(params![incident, card, conversation, seq])?;
    Ok(())
}

fn card_changed(
    connection: &Connection,
    change: &'static str,
    incident: &str,
    card: &str,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(&format!("UPDATE cards SET {change} WHERE incident = ?1 AND card = ?2"))?
        .execute([incident, card])?;
    Ok(())
}

fn take_lease(connection: &Connection, lease: &str, holder: &str) -> Projected {
    let taken = connection
        .prepare_cached(
            "INSERT INTO leases (lease, holder) VALUES (?1, ?2) ON CONFLICT (lease) DO NOTHING",
        )?
        .execute([lease, holder])?;
    if taken > 0 {
        return Ok(Ok(()));
    }
    let held_by: String = connection
        .prepare_cached("SELECT holder FROM leases WHERE lease = ?1")?
        .query_row([lease], |row| row.get(0))?;
    if held_by == holder {
        return Ok(Ok(()));
    }
    Ok(Err(LedgerError::Held { lease: lease.into(), holder: held_by }))
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
