//! What queries ask, and how their rows are read.

use argus_soc::enrich::History;
use argus_soc::event::Severity;
use argus_soc::incident::{Incident, Stage};
use argus_soc::ledger::Hash;
use argus_soc::ledger::fact::Fact;
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::{Cells, Value, project};
use crate::ports::chain::Link;
use crate::ports::ledger::{Counts, EventView, Filter, Recorded, StoredDocument, Summary, Waiting};

/// Events behind the last one that was placed.
pub(in crate::adapters) const WAITING: &str = "SELECT seq FROM records
 WHERE seq > coalesce((SELECT value FROM meta WHERE name = 'placed'), 0) AND raw IS NOT NULL
 ORDER BY seq LIMIT ?1";

/// The record of an id or a key.
pub(in crate::adapters) const FILED: &str = "SELECT seq FROM ids WHERE id = ?1";

/// The event that stands as a record, for [`event`].
pub(in crate::adapters) const EVENT: &str = "SELECT r.seq, r.payload, r.raw, e.incident, e.ignored
 FROM records r LEFT JOIN events e ON e.seq = r.seq WHERE r.seq = ?1";

/// The state of an incident, for [`incident`].
pub(in crate::adapters) const INCIDENT: &str = "SELECT state FROM incidents WHERE key = ?1";

/// The open incident of a source's own key.
pub(in crate::adapters) const OPEN_BY_KEY: &str = "SELECT state FROM incidents
 WHERE open AND incident_key = ?1 ORDER BY number DESC LIMIT 1";

/// The open incident of a fingerprint. An event that names its incident belongs to no other.
pub(in crate::adapters) const OPEN_BY_PRINT: &str = "SELECT state FROM incidents
 WHERE open AND incident_key IS NULL AND fingerprint = ?1 ORDER BY number DESC LIMIT 1";

/// How many incidents a list is about; parameters are those of [`list`]. Canaries are in none.
pub(in crate::adapters) const LISTED: &str =
    "SELECT count(*) FROM incidents WHERE (open OR NOT ?1) AND severity >= ?2
 AND coalesce(incident_key, '') NOT LIKE 'canary/%'";

/// The newest of them, for [`summary`]; the third parameter is how many.
pub(in crate::adapters) const LIST: &str =
    "SELECT key, title, severity, stage, opened_at, count FROM incidents
 WHERE (open OR NOT ?1) AND severity >= ?2 AND coalesce(incident_key, '') NOT LIKE 'canary/%'
 ORDER BY number DESC LIMIT ?3";

/// Incidents with a principal entity.
pub(in crate::adapters) const ABOUT: &str =
    "SELECT count(*), count(*) FILTER (WHERE fingerprint = ?2), coalesce(max(opened_at), 0)
     FROM incidents WHERE principal = ?1";

/// A row of [`ABOUT`].
pub(in crate::adapters) fn history<E>(row: &dyn Cells<Error = E>) -> Result<History, E> {
    let narrow = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let (previous_incidents, last) = (narrow(row.whole(0)?), row.time(2)?);
    let last_seen = Timestamp::from_millisecond(last).ok().filter(|_| previous_incidents > 0);
    Ok(History { previous_incidents, same_fingerprint: narrow(row.whole(1)?), last_seen })
}

/// Incidents with a run that is not over.
pub(in crate::adapters) const RUNNING: &str =
    "SELECT key FROM incidents WHERE active_runs > 0 ORDER BY number";

/// The last incident number.
pub(in crate::adapters) const LAST_NUMBER: &str = "SELECT coalesce(max(number), 0) FROM incidents";

/// Records, for [`recorded`].
pub(in crate::adapters) const RECORDS: &str =
    "SELECT seq, hash, payload FROM records WHERE seq > ?1 ORDER BY seq LIMIT ?2";

/// A document, for [`document`].
pub(in crate::adapters) const DOCUMENT: &str =
    "SELECT key, version, body FROM documents WHERE kind = ?1 AND key = ?2";

/// All documents of a kind, for [`document`].
pub(in crate::adapters) const DOCUMENTS: &str =
    "SELECT key, version, body FROM documents WHERE kind = ?1 ORDER BY key";

/// Records with every byte of them, for [`link`].
pub(in crate::adapters) const LINKS: &str =
    "SELECT seq, prev, payload, hash, raw FROM records WHERE seq > ?1 ORDER BY seq LIMIT ?2";

/// Events after a place, and whether their bodies may go into an archive: not of one that waits or
/// belongs to an open incident, whose body people may still ask for. For [`body`].
pub(in crate::adapters) const BODIES: &str = "SELECT r.seq, r.prev, r.payload, r.hash,
  CASE WHEN coalesce(i.open, FALSE) THEN NULL ELSE r.raw END
 FROM records r JOIN events e ON e.seq = r.seq LEFT JOIN incidents i ON i.key = e.incident
 WHERE r.seq > ?1 AND length(r.raw) > 0 ORDER BY r.seq LIMIT ?2";

/// How much there is, for [`counts`].
pub(in crate::adapters) const COUNTS: &str = "SELECT (SELECT coalesce(max(seq), 0) FROM records),
  (SELECT count(*) FROM events) + (SELECT count(*) FROM records WHERE raw IS NOT NULL AND
     seq > coalesce((SELECT value FROM meta WHERE name = 'placed'), 0)),
  (SELECT count(*) FROM records WHERE raw IS NOT NULL AND
     seq > coalesce((SELECT value FROM meta WHERE name = 'placed'), 0)),
  (SELECT coalesce(sum(length(raw)), 0) FROM records WHERE raw IS NOT NULL AND
     seq > coalesce((SELECT value FROM meta WHERE name = 'placed'), 0)),
  (SELECT count(*) FROM incidents),
  (SELECT count(*) FROM incidents WHERE open),
  (SELECT count(*) FROM cards WHERE want > shown AND NOT dead AND digest IS NULL),
  (SELECT count(*) FROM cards WHERE dead AND NOT dropped),
  (SELECT count(*) FROM cards WHERE digest IS NOT NULL)";

/// The first two parameters of a list.
pub(in crate::adapters) fn list(filter: &Filter) -> [Value<'static>; 2] {
    let severity = filter.severity.map_or(0, project::rank);
    [Value::Truth(filter.open_only), Value::Whole(severity.into())]
}

/// What a record of a received event says. Read for each event that is placed, so nothing else of
/// the record is read with it.
#[derive(Deserialize)]
pub(in crate::adapters) struct Received {
    pub(in crate::adapters) at: Timestamp,
    correlation: String,
    pub(in crate::adapters) event_id: Uuid,
    pub(in crate::adapters) source: String,
    pub(in crate::adapters) idempotency_key: Option<String>,
    pub(in crate::adapters) raw_sha256: String,
}

/// The received event of which the record is in column `at`.
pub(in crate::adapters) fn received<E>(
    row: &dyn Cells<Error = E>,
    at: usize,
) -> Result<Received, E> {
    serde_json::from_slice(row.bytes(at)?).map_err(|error| row.wrong(at, error))
}

/// The fact in column `at`.
pub(in crate::adapters) fn fact<E>(row: &dyn Cells<Error = E>, at: usize) -> Result<Fact, E> {
    Fact::read(row.bytes(at)?).map_err(|error| row.wrong(at, error))
}

/// An incident from its state in the first column.
pub(in crate::adapters) fn incident<E>(row: &dyn Cells<Error = E>) -> Result<Incident, E> {
    serde_json::from_slice(row.bytes(0)?).map_err(|error| row.wrong(0, error))
}

/// A waiting event from seq, payload and raw.
pub(in crate::adapters) fn arrived<E>(row: &dyn Cells<Error = E>) -> Result<Waiting, E> {
    let Received { at, correlation, event_id, source, .. } = received(row, 1)?;
    let raw = row.bytes(2)?.to_vec();
    Ok(Waiting { seq: row.whole(0)?, event_id, source, received_at: at, correlation, raw })
}

/// A row of [`EVENT`].
pub(in crate::adapters) fn event<E>(row: &dyn Cells<Error = E>) -> Result<EventView, E> {
    let Received { at, correlation, source, .. } = received(row, 1)?;
    Ok(EventView {
        seq: row.whole(0)?,
        source,
        received_at: at,
        correlation,
        raw: row.bytes(2)?.to_vec(),
        incident: row.maybe_text(3)?,
        ignored: row.truth(4)?,
    })
}

/// A row of [`RECORDS`].
pub(in crate::adapters) fn recorded<E>(row: &dyn Cells<Error = E>) -> Result<Recorded, E> {
    let hash = Hash::from_slice(row.bytes(1)?).unwrap_or(Hash::GENESIS);
    Ok(Recorded { seq: row.whole(0)?, hash, fact: fact(row, 2)? })
}

/// A row of [`DOCUMENT`] or [`DOCUMENTS`].
pub(in crate::adapters) fn document<E>(row: &dyn Cells<Error = E>) -> Result<StoredDocument, E> {
    Ok(StoredDocument { key: row.text(0)?, version: row.whole(1)?, body: row.bytes(2)?.to_vec() })
}

/// A row of [`LINKS`].
pub(in crate::adapters) fn link<E>(row: &dyn Cells<Error = E>) -> Result<Link, E> {
    Ok(Link {
        seq: row.whole(0)?,
        prev: row.bytes(1)?.to_vec(),
        payload: row.bytes(2)?.to_vec(),
        hash: row.bytes(3)?.to_vec(),
        raw: row.maybe_bytes(4)?.map(<[u8]>::to_vec),
    })
}

/// The row of [`COUNTS`].
pub(in crate::adapters) fn counts<E>(row: &dyn Cells<Error = E>) -> Result<Counts, E> {
    Ok(Counts {
        records: row.whole(0)?,
        events: row.whole(1)?,
        waiting: row.whole(2)?,
        waiting_bytes: row.whole(3)?,
        incidents: row.whole(4)?,
        open: row.whole(5)?,
        cards_due: row.whole(6)?,
        dead: row.whole(7)?,
        digested: row.whole(8)?,
    })
}

/// A row of [`LIST`].
pub(in crate::adapters) fn summary<E>(row: &dyn Cells<Error = E>) -> Result<Summary, E> {
    Ok(Summary {
        key: row.text(0)?,
        title: row.text(1)?,
        severity: severity(row.whole(2)?),
        stage: match row.text(3)?.as_str() {
            "acknowledged" => Stage::Acknowledged,
            "contained" => Stage::Contained,
            "resolved" => Stage::Resolved,
            _ => Stage::Open,
        },
        opened_at: Timestamp::from_millisecond(row.time(4)?).unwrap_or(Timestamp::UNIX_EPOCH),
        count: row.whole(5)?,
    })
}

pub(super) fn severity(rank: u64) -> Severity {
    match rank {
        1 => Severity::Informational,
        2 => Severity::Low,
        4 => Severity::Medium,
        5 => Severity::High,
        6 => Severity::Critical,
        _ => Severity::Unknown,
    }
}
