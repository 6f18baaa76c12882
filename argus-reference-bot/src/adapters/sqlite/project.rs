//! What each fact changes in the tables. The same code runs when a fact is written and when the
//! tables are rebuilt, so that the two cannot differ.

use argus_soc::event::Severity;
use argus_soc::incident::Incident;
use argus_soc::ledger::canonical;
use argus_soc::ledger::fact::{Fact, What};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use crate::ports::ledger::LedgerError;

/// Done, or refused without having changed anything that the caller does not undo.
type Projected = rusqlite::Result<Result<(), LedgerError>>;

/// How an entity is found again, across incidents.
pub(super) fn principal(kind: &str, value: &str) -> String {
    format!("{kind}/{value}")
}

/// An event was received as record `seq`.
pub(super) fn received(
    connection: &Connection,
    seq: u64,
    event_id: Uuid,
    key: Option<&str>,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO arrived (event_id, seq) VALUES (?1, ?2)")?
        .execute(params![event_id.as_bytes(), seq])?;
    if let Some(key) = key {
        connection
            .prepare_cached("INSERT INTO keys (key, seq) VALUES (?1, ?2)")?
            .execute(params![key, seq])?;
    }
    Ok(())
}

/// The version of an incident; 0 if there is none.
pub(super) fn version(connection: &Connection, key: &str) -> rusqlite::Result<u64> {
    let version = connection
        .prepare_cached("SELECT version FROM incidents WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
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

/// Takes the fact that stands as record `seq` into account.
pub(super) fn fact(connection: &Connection, seq: u64, fact: &Fact) -> Projected {
    if let Some(key) = &fact.stream
        && let Err(error) = incident(connection, key, fact)?
    {
        return Ok(Err(error));
    }
    match &fact.what {
        What::Received { event_id, idempotency_key, .. } => {
            received(connection, seq, *event_id, idempotency_key.as_deref())?;
        }
        What::Opened { event, .. } => {
            place(connection, event.event_id, fact.stream.as_deref())?;
        }
        What::EventAdded { event_id, .. } => place(connection, *event_id, fact.stream.as_deref())?,
        What::Ignored { event_id, .. } => place(connection, *event_id, None)?,
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
        What::PlaybookLoaded { playbook, version, sha256, text } => {
            connection
                .prepare_cached(
                    "INSERT INTO playbooks (id, version, sha256, text) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (id, version) DO UPDATE SET sha256 = ?3, text = ?4",
                )?
                .execute([playbook, version, sha256, text])?;
        }
        What::Leased { run, step, lease } => {
            return take_lease(connection, lease, &format!("{run}/{step}"));
        }
        What::Released { lease, .. } => {
            connection.prepare_cached("DELETE FROM leases WHERE lease = ?1")?.execute([lease])?;
        }
        _ => {}
    }
    Ok(Ok(()))
}

fn incident(connection: &Connection, key: &str, fact: &Fact) -> Projected {
    let damaged = |why: String| Ok(Err(LedgerError::Damaged(why)));
    let incident = match load(connection, key)? {
        Some(mut incident) => {
            incident.apply(fact);
            incident
        }
        None => match Incident::open(fact) {
            Some(incident) => incident,
            None => {
                return damaged(format!("{} for {key}, which was never opened", fact.what.kind()));
            }
        },
    };
    // Canonical, so that a rebuild from the records gives the same bytes.
    let state = match canonical(&incident) {
        Ok(state) => state,
        Err(error) => return damaged(format!("{key} does not serialise: {error}")),
    };
    save(connection, &incident, state.as_bytes())?;
    connection
        .prepare_cached(
            "UPDATE cards SET want = ?2, severity = ?3 WHERE incident = ?1 AND card IN ('card', ?4)",
        )?
        .execute(params![
            key,
            incident.version,
            rank(incident.severity),
            fact.what.run().map(|run| format!("approval/{run}")),
        ])?;
    Ok(Ok(()))
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

/// An event is placed: in an incident, or set aside. Whatever came before it is placed too, since
/// events are placed in the order of the chain.
fn place(connection: &Connection, event: Uuid, incident: Option<&str>) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO events (event_id, seq, incident, ignored)
               SELECT event_id, seq, ?2, ?3 FROM arrived WHERE event_id = ?1",
        )?
        .execute(params![event.as_bytes(), incident, incident.is_none()])?;
    connection
        .prepare_cached("DELETE FROM arrived WHERE event_id = ?1")?
        .execute([event.as_bytes()])?;
    connection
        .prepare_cached(
            "INSERT INTO meta (name, value)
               SELECT 'placed', seq FROM events WHERE event_id = ?1
             ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
        )?
        .execute([event.as_bytes()])?;
    Ok(())
}

/// The place of an event in the chain, placed or waiting.
pub(super) fn place_of(connection: &Connection, event: Uuid) -> rusqlite::Result<Option<u64>> {
    connection
        .prepare_cached(
            "SELECT seq FROM arrived WHERE event_id = ?1
             UNION ALL SELECT seq FROM events WHERE event_id = ?1 LIMIT 1",
        )?
        .query_row([event.as_bytes()], |row| row.get(0))
        .optional()
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
pub(super) fn rank(severity: Severity) -> u8 {
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
fn number(key: &str) -> u64 {
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
