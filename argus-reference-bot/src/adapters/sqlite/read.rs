//! Queries, each on a thread of its own with a connection that cannot write.

use argus_soc::event::Severity;
use argus_soc::incident::{Incident, Stage};
use argus_soc::ledger::Hash;
use argus_soc::ledger::fact::Fact;
use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Deserialize;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::project;
use crate::ports::ledger::{
    Counts, DueCard, EventView, Filter, Recorded, SentCard, StoredDocument, Summary, Waiting,
};

pub(super) type Query = Box<dyn FnOnce(&Connection) + Send>;

pub(super) fn serve(connection: &Connection, mut inbox: mpsc::Receiver<Query>) {
    while let Some(query) = inbox.blocking_recv() {
        query(connection);
    }
}

pub(super) fn waiting(connection: &Connection, limit: u32) -> rusqlite::Result<Vec<u64>> {
    connection
        .prepare_cached(
            "SELECT seq FROM records
             WHERE seq > coalesce((SELECT value FROM meta WHERE name = 'placed'), 0)
               AND raw IS NOT NULL
             ORDER BY seq LIMIT ?1",
        )?
        .query_map([limit], |row| row.get(0))?
        .collect()
}

pub(super) fn arrived(connection: &Connection, places: &[u64]) -> rusqlite::Result<Vec<Waiting>> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, payload, raw FROM records WHERE seq = ?1 AND raw IS NOT NULL",
    )?;
    let mut found = Vec::with_capacity(places.len());
    for place in places {
        let event = statement.query_row([place], |row| {
            let Received { at, correlation, event_id, source, .. } = received(row, 1)?;
            Ok(Waiting {
                seq: row.get(0)?,
                event_id,
                source,
                received_at: at,
                correlation,
                raw: row.get(2)?,
            })
        });
        found.extend(event.optional()?);
    }
    Ok(found)
}

/// When the last event of `source` came in, looking back no further than to `since`.
pub(super) fn last_arrival(
    connection: &Connection,
    source: &str,
    since: Timestamp,
) -> rusqlite::Result<Option<Timestamp>> {
    let mut statement = connection
        .prepare_cached("SELECT payload FROM records WHERE raw IS NOT NULL ORDER BY seq DESC")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let event = received(row, 0)?;
        if event.at < since {
            break;
        }
        if event.source == source {
            return Ok(Some(event.at));
        }
    }
    Ok(None)
}

/// The event of this id, if the id is filed.
pub(super) fn event(connection: &Connection, id: Uuid) -> rusqlite::Result<Option<EventView>> {
    connection
        .prepare_cached("SELECT seq FROM ids WHERE id = ?1")?
        .query_row([id.as_bytes()], |row| row.get(0))
        .optional()?
        .map(|seq| event_at(connection, seq))
        .transpose()
}

/// The event that stands as record `seq`.
pub(super) fn event_at(connection: &Connection, seq: u64) -> rusqlite::Result<EventView> {
    connection
        .prepare_cached(
            "SELECT r.seq, r.payload, r.raw, e.incident, coalesce(e.ignored, 0)
             FROM records r LEFT JOIN events e USING (seq) WHERE r.seq = ?1",
        )?
        .query_row([seq], |row| {
            let Received { at, correlation, source, .. } = received(row, 1)?;
            Ok(EventView {
                seq: row.get(0)?,
                source,
                received_at: at,
                correlation,
                raw: row.get(2)?,
                incident: row.get(3)?,
                ignored: row.get(4)?,
            })
        })
}

/// The ids of the events that came in after the last ones that were filed.
pub(super) fn not_filed(connection: &Connection) -> rusqlite::Result<project::Ids> {
    let filed = project::filed_up_to(connection)?;
    let mut ids = project::Ids::default();
    let mut statement = connection
        .prepare("SELECT seq, payload FROM records WHERE seq > ?1 AND raw IS NOT NULL")?;
    let mut rows = statement.query([filed])?;
    while let Some(row) = rows.next()? {
        let event = received(row, 1)?;
        let key = event.idempotency_key.as_deref();
        ids.received(row.get(0)?, event.event_id, key);
    }
    Ok(ids)
}

pub(super) fn incident(connection: &Connection, key: &str) -> rusqlite::Result<Option<Incident>> {
    project::load(connection, key)
}

pub(super) fn open_incident(
    connection: &Connection,
    incident_key: Option<&str>,
    fingerprint: &str,
) -> rusqlite::Result<Option<Incident>> {
    // An event that names its incident belongs to that one and to no other.
    let (condition, value) = match incident_key {
        Some(key) => ("incident_key = ?1", key),
        None => ("incident_key IS NULL AND fingerprint = ?1", fingerprint),
    };
    connection
        .prepare_cached(&format!(
            "SELECT state FROM incidents WHERE open AND {condition} ORDER BY number DESC LIMIT 1"
        ))?
        .query_row([value], |row| row.get::<_, Vec<u8>>(0))
        .optional()?
        .map(|state| project::decode(&state))
        .transpose()
}

pub(super) fn incidents(
    connection: &Connection,
    filter: &Filter,
) -> rusqlite::Result<(Vec<Summary>, u64)> {
    const WHERE: &str = "WHERE (open OR NOT ?1) AND severity >= ?2";
    let severity = filter.severity.map_or(0, project::rank);
    let total = connection
        .prepare_cached(&format!("SELECT count(*) FROM incidents {WHERE}"))?
        .query_row(params![filter.open_only, severity], |row| row.get(0))?;
    let rows = connection
        .prepare_cached(&format!(
            "SELECT key, title, severity, stage, opened_at, count FROM incidents {WHERE}
             ORDER BY number DESC LIMIT ?3"
        ))?
        .query_map(params![filter.open_only, severity, filter.limit], summary)?
        .collect::<rusqlite::Result<_>>()?;
    Ok((rows, total))
}

pub(super) fn incidents_about(connection: &Connection, principal: &str) -> rusqlite::Result<u32> {
    connection
        .prepare_cached("SELECT count(*) FROM incidents WHERE principal = ?1")?
        .query_row([principal], |row| row.get(0))
}

pub(super) fn with_active_runs(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached("SELECT key FROM incidents WHERE active_runs ORDER BY number")?
        .query_map([], |row| row.get(0))?
        .collect()
}

pub(super) fn last_number(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT coalesce(max(number), 0) FROM incidents")?
        .query_row([], |row| row.get(0))
}

pub(super) fn due_cards(connection: &Connection, limit: u32) -> rusqlite::Result<Vec<DueCard>> {
    connection
        .prepare_cached(
            "SELECT incident, card, conversation, activity_id, want, attempts FROM cards
             WHERE want > shown AND NOT dead ORDER BY severity DESC, since LIMIT ?1",
        )?
        .query_map([limit], |row| {
            Ok(DueCard {
                incident: row.get(0)?,
                card: row.get(1)?,
                conversation: row.get(2)?,
                activity_id: row.get(3)?,
                want: row.get(4)?,
                attempts: row.get(5)?,
            })
        })?
        .collect()
}

pub(super) fn sent_card(
    connection: &Connection,
    conversation: &str,
    activity_id: &str,
) -> rusqlite::Result<Option<SentCard>> {
    connection
        .prepare_cached(
            "SELECT incident, card, shown FROM cards WHERE conversation = ?1 AND activity_id = ?2",
        )?
        .query_row([conversation, activity_id], |row| {
            Ok(SentCard { incident: row.get(0)?, card: row.get(1)?, version: row.get(2)? })
        })
        .optional()
}

pub(super) fn records_after(
    connection: &Connection,
    seq: u64,
    limit: u32,
) -> rusqlite::Result<Vec<Recorded>> {
    connection
        .prepare_cached(
            "SELECT seq, hash, payload FROM records WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        )?
        .query_map(params![seq, limit], |row| {
            let hash: Vec<u8> = row.get(1)?;
            let hash = Hash::from_slice(&hash).unwrap_or(Hash::GENESIS);
            Ok(Recorded { seq: row.get(0)?, hash, fact: fact(row, 2)? })
        })?
        .collect()
}

pub(super) fn document(
    connection: &Connection,
    kind: &str,
    key: &str,
) -> rusqlite::Result<Option<StoredDocument>> {
    connection
        .prepare_cached("SELECT key, version, body FROM documents WHERE kind = ?1 AND key = ?2")?
        .query_row([kind, key], stored)
        .optional()
}

pub(super) fn documents(
    connection: &Connection,
    kind: &str,
) -> rusqlite::Result<Vec<StoredDocument>> {
    connection
        .prepare_cached("SELECT key, version, body FROM documents WHERE kind = ?1 ORDER BY key")?
        .query_map([kind], stored)?
        .collect()
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredDocument> {
    Ok(StoredDocument { key: row.get(0)?, version: row.get(1)?, body: row.get(2)? })
}

pub(super) fn counts(connection: &Connection) -> rusqlite::Result<Counts> {
    connection
        .prepare_cached(
            "SELECT (SELECT coalesce(max(seq), 0) FROM records),
                    (SELECT count(*) FROM events) + (SELECT count(*) FROM records
                       WHERE raw IS NOT NULL AND
                       seq > coalesce((SELECT value FROM meta WHERE name = 'placed'), 0)),
                    (SELECT count(*) FROM records WHERE raw IS NOT NULL AND
                       seq > coalesce((SELECT value FROM meta WHERE name = 'placed'), 0)),
                    (SELECT coalesce(sum(length(raw)), 0) FROM records WHERE raw IS NOT NULL AND
                       seq > coalesce((SELECT value FROM meta WHERE name = 'placed'), 0)),
                    (SELECT count(*) FROM incidents),
                    (SELECT count(*) FROM incidents WHERE open),
                    (SELECT count(*) FROM cards WHERE want > shown AND NOT dead),
                    (SELECT count(*) FROM cards WHERE dead)",
        )?
        .query_row([], |row| {
            Ok(Counts {
                records: row.get(0)?,
                events: row.get(1)?,
                waiting: row.get(2)?,
                waiting_bytes: row.get(3)?,
                incidents: row.get(4)?,
                open: row.get(5)?,
                cards_due: row.get(6)?,
                dead: row.get(7)?,
            })
        })
}

/// The fact in column `at`.
pub(super) fn fact(row: &Row<'_>, at: usize) -> rusqlite::Result<Fact> {
    let payload = row.get_ref(at)?.as_blob()?;
    Fact::read(payload)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(at, Type::Blob, Box::new(error)))
}

/// What a record of a received event says. Read for each event that is placed, so nothing else of
/// the record is read with it.
#[derive(Deserialize)]
struct Received {
    at: Timestamp,
    correlation: String,
    event_id: Uuid,
    source: String,
    idempotency_key: Option<String>,
}

fn received(row: &Row<'_>, at: usize) -> rusqlite::Result<Received> {
    let payload = row.get_ref(at)?.as_blob()?;
    serde_json::from_slice(payload)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(at, Type::Blob, Box::new(error)))
}

fn summary(row: &Row<'_>) -> rusqlite::Result<Summary> {
    let stage: String = row.get(3)?;
    let opened_at = Timestamp::from_millisecond(row.get(4)?).unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(Summary {
        key: row.get(0)?,
        title: row.get(1)?,
        severity: severity(row.get(2)?),
        stage: match stage.as_str() {
            "acknowledged" => Stage::Acknowledged,
            "contained" => Stage::Contained,
            "resolved" => Stage::Resolved,
            _ => Stage::Open,
        },
        opened_at,
        count: row.get(5)?,
    })
}

fn severity(rank: u8) -> Severity {
    match rank {
        1 => Severity::Informational,
        2 => Severity::Low,
        4 => Severity::Medium,
        5 => Severity::High,
        6 => Severity::Critical,
        _ => Severity::Unknown,
    }
}
