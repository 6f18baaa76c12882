//! The one thread that writes: takes what waits, one transaction, one sync, then answers all.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use argus_soc::ledger::fact::LAYOUT;
use argus_soc::ledger::{Hash, canonical};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};

use super::{failed, project, schema, unavailable};
use crate::ports::ledger::{Arrival, Batch, LedgerError, Receipt};

/// Records in one transaction at most; the sync is then a small part of the cost.
const GROUP: usize = 512;

/// An event with the hash of its body, which is computed before it queues for the writer.
#[derive(Debug)]
pub(super) struct Sealed {
    arrival: Arrival,
    sha256: String,
    key: Option<String>,
}

impl Sealed {
    pub(super) fn new(arrival: Arrival) -> Self {
        let sha256 = Hash::of(&arrival.raw).to_string();
        let key = arrival.key.as_ref().map(|key| {
            let named = [arrival.source.as_bytes(), &[0], key.as_bytes()].concat();
            Hash::of(&named).to_string()
        });
        Self { arrival, sha256, key }
    }
}

#[derive(Debug)]
pub(super) enum Job {
    Receive(Sealed, oneshot::Sender<Result<Receipt, LedgerError>>),
    Append(Batch, oneshot::Sender<Result<(), LedgerError>>),
}

/// An answer that is given once the transaction is on disk.
enum Answer {
    Receipt(Result<Receipt, LedgerError>, oneshot::Sender<Result<Receipt, LedgerError>>),
    Done(Result<(), LedgerError>, oneshot::Sender<Result<(), LedgerError>>),
}

impl Answer {
    /// Whoever asked may be gone (a closed connection); what was written stays written.
    fn give(self) {
        match self {
            Self::Receipt(result, reply) => drop(reply.send(result)),
            Self::Done(result, reply) => drop(reply.send(result)),
        }
    }

    fn fail(self, error: &LedgerError) {
        let error = || unavailable(error.to_string());
        match self {
            Self::Receipt(_, reply) => drop(reply.send(Err(error()))),
            Self::Done(_, reply) => drop(reply.send(Err(error()))),
        }
    }
}

pub(super) struct Writer {
    connection: Connection,
    seq: u64,
    head: Hash,
    note: Option<File>,
    broken: watch::Sender<Option<String>>,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        head_file: PathBuf,
        broken: watch::Sender<Option<String>>,
    ) -> Result<Self, LedgerError> {
        let (seq, head) = schema::head(&connection).map_err(failed)?;
        super::verify::check_head_file(&connection, &head_file, seq)?;
        let note = File::options().create(true).truncate(false).write(true).open(head_file).ok();
        Ok(Self { connection, seq, head, note, broken })
    }

    pub(super) fn run(mut self, mut inbox: mpsc::Receiver<Job>) {
        let mut group = Vec::with_capacity(GROUP);
        while let Some(first) = inbox.blocking_recv() {
            group.push(first);
            while group.len() < GROUP
                && let Ok(job) = inbox.try_recv()
            {
                group.push(job);
            }
            self.commit(&mut group);
        }
    }

    fn commit(&mut self, group: &mut Vec<Job>) {
        if let Some(reason) = self.broken.borrow().clone() {
            let error = unavailable(reason);
            group.drain(..).for_each(|job| refuse(job, &error));
            return;
        }
        let before = (self.seq, self.head);
        let mut answers = Vec::with_capacity(group.len());
        let result = self.connection.execute_batch("BEGIN IMMEDIATE").and_then(|()| {
            for job in group.drain(..) {
                answers.push(self.perform(job)?);
            }
            self.connection.execute_batch("COMMIT")
        });
        match result {
            Ok(()) => {
                self.note_head();
                answers.into_iter().for_each(Answer::give);
            }
            Err(error) => {
                (self.seq, self.head) = before;
                self.give_up(&error);
                let error = failed(error);
                for answer in answers {
                    answer.fail(&error);
                }
                for job in group.drain(..) {
                    refuse(job, &error);
                }
            }
        }
    }

    /// Undoes the transaction. A failed write for want of room may be tried again later; any other
    /// failure of the disk may not, since the system may have dropped what it could not write.
    fn give_up(&self, error: &rusqlite::Error) {
        if let Err(error) = self.connection.execute_batch("ROLLBACK") {
            tracing::debug!(error = %error, "the transaction was already rolled back");
        }
        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::SystemIoFailure) {
            self.broken.send_replace(Some(format!("the disk failed: {error}")));
        }
    }

    fn perform(&mut self, job: Job) -> rusqlite::Result<Answer> {
        Ok(match job {
            Job::Receive(sealed, reply) => Answer::Receipt(self.receive(&sealed)?, reply),
            Job::Append(batch, reply) => Answer::Done(self.append(&batch)?, reply),
        })
    }

    fn receive(&mut self, sealed: &Sealed) -> rusqlite::Result<Result<Receipt, LedgerError>> {
        let arrival = &sealed.arrival;
        if let Some(seq) = self.earlier(sealed)? {
            return self.repeat(seq, arrival);
        }
        let payload = received_payload(sealed);
        let seq = self.record(payload.as_bytes(), Some(&arrival.raw))?;
        project::received(&self.connection, seq, arrival.event_id, sealed.key.as_deref())?;
        Ok(Ok(Receipt { seq, event_id: arrival.event_id, duplicate: false }))
    }

    fn earlier(&self, sealed: &Sealed) -> rusqlite::Result<Option<u64>> {
        if let Some(key) = &sealed.key {
            let by_key = self
                .connection
                .prepare_cached("SELECT seq FROM keys WHERE key = ?1")?
                .query_row([key], |row| row.get(0))
                .optional()?;
            if by_key.is_some() {
                return Ok(by_key);
            }
        }
        self.connection
            .prepare_cached("SELECT seq FROM events WHERE event_id = ?1")?
            .query_row([sealed.arrival.event_id.as_bytes()], |row| row.get(0))
            .optional()
    }

    fn repeat(
        &self,
        seq: u64,
        arrival: &Arrival,
    ) -> rusqlite::Result<Result<Receipt, LedgerError>> {
        let (raw, event_id): (Vec<u8>, String) = self
            .connection
            .prepare_cached("SELECT raw, payload ->> 'event_id' FROM records WHERE seq = ?1")?
            .query_row([seq], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if raw != arrival.raw {
            return Ok(Err(LedgerError::KeyReused));
        }
        let event_id = event_id.parse().unwrap_or(arrival.event_id);
        Ok(Ok(Receipt { seq, event_id, duplicate: true }))
    }

    fn append(&mut self, batch: &Batch) -> rusqlite::Result<Result<(), LedgerError>> {
        let before = (self.seq, self.head);
        self.connection.execute_batch("SAVEPOINT batch")?;
        let result = self.append_all(batch)?;
        if result.is_err() {
            self.connection.execute_batch("ROLLBACK TO batch")?;
            (self.seq, self.head) = before;
        }
        self.connection.execute_batch("RELEASE batch")?;
        Ok(result)
    }

    fn append_all(&mut self, batch: &Batch) -> rusqlite::Result<Result<(), LedgerError>> {
        for (stream, &version) in &batch.expect {
            if project::version(&self.connection, stream)? != version {
                return Ok(Err(LedgerError::Conflict { stream: stream.clone() }));
            }
        }
        for fact in &batch.facts {
            let payload = match canonical(fact) {
                Ok(payload) => payload,
                Err(error) => return Ok(Err(LedgerError::Damaged(error.to_string()))),
            };
            let seq = self.record(payload.as_bytes(), None)?;
            if let Err(error) = project::fact(&self.connection, seq, fact)? {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    fn record(&mut self, payload: &[u8], raw: Option<&[u8]>) -> rusqlite::Result<u64> {
        let hash = Hash::link(&self.head, payload);
        self.connection
            .prepare_cached(
                "INSERT INTO records (seq, prev, payload, hash, raw) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![self.seq + 1, self.head.as_bytes(), payload, hash.as_bytes(), raw])?;
        self.seq += 1;
        self.head = hash;
        Ok(self.seq)
    }

    /// Notes the end of the chain beside the store. It is not synced: it need not survive a power
    /// cut, after which the chain is at least as long; it must survive somebody cutting the tail.
    fn note_head(&self) {
        let Some(note) = &self.note else { return };
        let line = format!("{:020} {}\n", self.seq, self.head);
        if let Err(error) = note.write_all_at(line.as_bytes(), 0) {
            tracing::warn!(error = %error, "cannot note the end of the chain");
        }
    }
}

fn refuse(job: Job, error: &LedgerError) {
    let error = unavailable(error.to_string());
    match job {
        Job::Receive(_, reply) => drop(reply.send(Err(error))),
        Job::Append(_, reply) => drop(reply.send(Err(error))),
    }
}

/// The canonical payload of `event.received`, written in one go: fields in RFC 8785 order. A test
/// holds it to what `canonical` makes of the fact.
fn received_payload(sealed: &Sealed) -> String {
    #[derive(Serialize)]
    struct ActorOut {
        name: &'static str,
        r#type: &'static str,
    }
    #[derive(Serialize)]
    struct Out<'a> {
        actor: ActorOut,
        at: Timestamp,
        correlation: &'a str,
        event_id: uuid::Uuid,
        #[serde(skip_serializing_if = "Option::is_none")]
        idempotency_key: Option<&'a str>,
        kind: &'static str,
        raw_sha256: &'a str,
        source: &'a str,
        v: u8,
    }
    let out = Out {
        actor: ActorOut { name: "ingest", r#type: "service" },
        at: sealed.arrival.received_at,
        correlation: &sealed.arrival.correlation,
        event_id: sealed.arrival.event_id,
        idempotency_key: sealed.key.as_deref(),
        kind: "event.received",
        raw_sha256: &sealed.sha256,
        source: &sealed.arrival.source,
        v: LAYOUT,
    };
    // Strings, a time and a number: there is nothing in it that does not serialise.
    serde_json::to_string(&out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use argus_soc::ledger::fact::{Actor, Fact, What};
    use bytes::Bytes;

    use super::*;

    #[test]
    fn the_quick_payload_is_the_canonical_one() {
        for key in [None, Some("delivery-1".to_owned())] {
            let sealed = Sealed::new(Arrival {
                event_id: uuid::Uuid::from_u128(7),
                source: "s\u{1}\"\u{e9}\u{2028}".into(),
                key,
                raw: Bytes::from_static(b"{}"),
                received_at: "2026-11-20T10:00:00.123456Z".parse().expect("a time"),
                correlation: "c-1".into(),
            });
            let fact = Fact::new(
                sealed.arrival.received_at,
                Actor::service("ingest"),
                sealed.arrival.correlation.clone(),
                What::Received {
                    event_id: sealed.arrival.event_id,
                    source: sealed.arrival.source.clone(),
                    idempotency_key: sealed.key.clone(),
                    raw_sha256: sealed.sha256.clone(),
                },
            );
            assert_eq!(received_payload(&sealed), canonical(&fact).expect("serialises"));
        }
    }
}
