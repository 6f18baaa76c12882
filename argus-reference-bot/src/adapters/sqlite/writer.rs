//! The one thread that writes: takes what waits, one transaction, one sync, then answers all.

mod keep;

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use argus_soc::ledger::{Hash, Verifier, canonical};
use rusqlite::{Connection, ErrorCode, params};
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use uuid::Uuid;

use super::inbox::Inbox;
use super::job::{Answer, Job, Receipts};
use super::pages::{Pages, beside};
use super::room::Room;
use super::tables::{Transaction, version};
use super::{failed, ids, read, schema, unavailable};
use crate::adapters::tables::project::Projector;
use crate::adapters::tables::sealed::{Sealed, is_body};
use crate::ports::chain::Link;
use crate::ports::ledger::{Arrival, Batch, LedgerError, Receipt};

/// Records in one transaction at most; the sync is then a small part of the cost.
const GROUP: usize = 512;
/// Longest wait for those who were answered together to come back together.
const LINGER: Duration = Duration::from_millis(1);
/// After so long without a write everything is carried over into the file.
const QUIET: Duration = Duration::from_millis(300);
/// How long a write waits for another process that has the file.
const PATIENCE: Duration = Duration::from_secs(5);
/// Records after which the ids of events are filed: a few megabytes of memory, and about as many
/// pages as there are leaves of ids.
const RECENT: u64 = 50_000;
/// Pages in the write-ahead log from which it is carried over into the file.
const LOG_PAGES: u32 = 4_000;

pub(super) struct Writer {
    connection: Connection,
    pages: Pages,
    room: Room,
    seq: u64,
    head: Hash,
    /// The event that came last, once one came.
    last_event: Option<u64>,
    note: Option<File>,
    broken: watch::Sender<Option<String>>,
    /// How many jobs the last transaction had, and how long it took.
    last: (usize, Duration),
    /// Pages in the log when it was last looked at, and how many make it worth carrying over.
    log: (u32, u32),
    /// The ids that are not filed yet, and the record up to which they are.
    ids: ids::Ids,
    filed: u64,
    /// Who waits until everything is in the file.
    settling: Vec<oneshot::Sender<Result<(), LedgerError>>>,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        path: &Path,
        broken: watch::Sender<Option<String>>,
    ) -> Result<Self, LedgerError> {
        let (seq, head) = schema::head(&connection).map_err(failed)?;
        let head_file = beside(path, "-head");
        super::verify::check_head(&connection, super::verify::noted(&head_file), seq)?;
        let note = File::options().create(true).truncate(false).write(true).open(head_file).ok();
        let ids = read::not_filed(&connection).map_err(failed)?;
        let filed = ids::filed_up_to(&connection).map_err(failed)?;
        let page_size = connection
            .query_row("PRAGMA page_size", [], |row| row.get::<_, u32>(0))
            .map_err(failed)?;
        let pages = Pages::open(path, page_size)
            .map_err(|error| unavailable(format!("the list of pages: {error}")))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let room = Room::new(folder.unwrap_or(Path::new(".")).to_owned());
        let (last, log) = ((1, Duration::ZERO), (0, LOG_PAGES));
        Ok(Self {
            connection,
            pages,
            room,
            seq,
            head,
            last_event: None,
            note,
            broken,
            last,
            log,
            ids,
            filed,
            settling: Vec::new(),
        })
    }

    pub(super) fn run(mut self, inbox: &Inbox<Job>) {
        let mut settled = true;
        while let Some(mut group) = inbox.take(1, GROUP, QUIET) {
            if group.is_empty() {
                if !settled {
                    self.settle();
                    settled = true;
                }
                continue;
            }
            settled = false;
            self.gather(inbox, &mut group);
            let (jobs, begun) = (group.len(), Instant::now());
            self.commit(group);
            self.last = (jobs, begun.elapsed());
            if self.seq - self.filed >= RECENT {
                self.file_ids();
            }
            self.mind_log();
            if !self.settling.is_empty() {
                self.settle();
                for reply in std::mem::take(&mut self.settling) {
                    drop(reply.send(Ok(())));
                }
            }
        }
        self.settle();
    }

    /// Takes what else comes. Those who were answered together ask again within microseconds of
    /// each other; without a moment of patience the first of them would get a sync of its own and
    /// all others wait for two. Half of them are enough: while these are written, the others come.
    fn gather(&self, inbox: &Inbox<Job>, group: &mut Vec<Job>) {
        let missing = (self.last.0 / 2).saturating_sub(group.len());
        if missing == 0 {
            return;
        }
        let patience = LINGER.min(self.last.1 / 3);
        let room = GROUP.saturating_sub(group.len());
        group.extend(inbox.take(missing, room, patience).unwrap_or_default());
    }

    fn commit(&mut self, group: Vec<Job>) {
        let broken = self.broken.borrow().clone();
        if let Some(reason) = broken {
            let error = unavailable(reason);
            for job in group {
                self.answer_or_refuse(job, &error);
            }
            return;
        }
        let mut jobs = self.admit(group).into_iter();
        let before = (self.seq, self.head);
        let mut answers = Vec::with_capacity(jobs.len());
        match self.transact(&mut jobs, &mut answers) {
            Ok(()) => {
                self.note_head();
                answers.into_iter().for_each(Answer::give);
            }
            Err(error) => {
                (self.seq, self.head) = before;
                self.last_event = None;
                self.ids.undo_after(self.seq);
                self.give_up(&error);
                let error = failed(error);
                for answer in answers {
                    answer.fail(&error);
                }
                for job in jobs {
                    self.answer_or_refuse(job, &error);
                }
            }
        }
    }

    /// Queries go on when nothing can be written any more.
    fn answer_or_refuse(&self, job: Job, error: &LedgerError) {
        match job {
            Job::Find(event, reply) => {
                let found = self.find(event).map_err(failed);
                drop(reply.send(found));
            }
            job => job.refuse(error),
        }
    }

    /// Turns events away while the disk is almost full, so that what already runs can still be
    /// recorded.
    fn admit(&self, group: Vec<Job>) -> Vec<Job> {
        if !group.iter().any(Job::takes_events) || !self.room.is_low() {
            return group;
        }
        let error = unavailable("the disk is almost full");
        let (events, others): (Vec<_>, Vec<_>) = group.into_iter().partition(Job::takes_events);
        for job in events {
            job.refuse(&error);
        }
        others
    }

    fn transact(
        &mut self,
        jobs: &mut impl ExactSizeIterator<Item = Job>,
        answers: &mut Vec<Answer>,
    ) -> rusqlite::Result<()> {
        if jobs.len() == 0 {
            return Ok(());
        }
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        for job in jobs {
            self.perform(job, answers)?;
        }
        self.connection.execute_batch("COMMIT")
    }

    /// Undoes the transaction. A failed write for want of room may be tried again later; any other
    /// failure of the disk may not, since the system may have dropped what it could not write.
    fn give_up(&self, error: &rusqlite::Error) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(error = %error, "the transaction cannot be undone");
        }
        self.mind_disk(error);
    }

    fn mind_disk(&self, error: &rusqlite::Error) {
        if error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure) {
            self.broken.send_replace(Some(format!("the disk failed: {error}")));
        }
    }

    /// Does one job. If the transaction cannot go on, whoever asked is still among the answers.
    fn perform(&mut self, job: Job, answers: &mut Vec<Answer>) -> rusqlite::Result<()> {
        let unfinished = || unavailable("the transaction was not finished");
        let (answer, ended) = match job {
            Job::Receive(sealed, reply) => match self.receive(&sealed) {
                Ok(result) => (Answer::Receipt(result, reply), Ok(())),
                Err(error) => (Answer::Receipt(Err(unfinished()), reply), Err(error)),
            },
            Job::ReceiveMany(sealed, reply) => match self.receive_many(&sealed) {
                Ok(result) => (Answer::Receipts(result, reply), Ok(())),
                Err(error) => (Answer::Receipts(Err(unfinished()), reply), Err(error)),
            },
            Job::Append(batch, reply) => match self.append(&batch) {
                Ok(result) => (Answer::Done(result, reply), Ok(())),
                Err(error) => (Answer::Done(Err(unfinished()), reply), Err(error)),
            },
            Job::Import(links, reply) => match self.whole(|writer| writer.import(&links)) {
                Ok(result) => (Answer::Done(result, reply), Ok(())),
                Err(error) => (Answer::Done(Err(unfinished()), reply), Err(error)),
            },
            Job::Settle(reply) => {
                self.settling.push(reply);
                return Ok(());
            }
            Job::Find(event, reply) => match self.find(event) {
                Ok(found) => (Answer::Found(Ok(found), reply), Ok(())),
                Err(error) => (Answer::Found(Err(unfinished()), reply), Err(error)),
            },
        };
        answers.push(answer);
        ended
    }

    fn receive(&mut self, sealed: &Sealed) -> rusqlite::Result<Result<Receipt, LedgerError>> {
        let arrival = &sealed.arrival;
        if let Some(seq) = self.earlier(sealed)? {
            return self.repeat(seq, arrival);
        }
        let seq = self.record(sealed.payload.as_bytes(), Some(&arrival.raw))?;
        self.ids.received(seq, arrival.event_id, sealed.key.as_deref());
        let after = self.last_event.replace(seq);
        Ok(Ok(Receipt { seq, event_id: arrival.event_id, duplicate: false, after }))
    }

    fn receive_many(
        &mut self,
        sealed: &[Sealed],
    ) -> rusqlite::Result<Result<Receipts, LedgerError>> {
        if self.is_renamed(sealed)? {
            return Ok(Err(LedgerError::KeyReused));
        }
        sealed.iter().map(|sealed| self.receive(sealed)).collect::<rusqlite::Result<_>>().map(Ok)
    }

    /// Whether another delivery had these keys before: with other bytes, or with other events.
    fn is_renamed(&self, sealed: &[Sealed]) -> rusqlite::Result<bool> {
        let (mut known, mut new) = (false, false);
        for sealed in sealed {
            let Some(key) = &sealed.key else { continue };
            match self.ids.key(&self.connection, key)? {
                Some(seq) if self.repeat(seq, &sealed.arrival)?.is_err() => return Ok(true),
                Some(_) => known = true,
                None => new = true,
            }
        }
        Ok(known && new)
    }

    fn earlier(&self, sealed: &Sealed) -> rusqlite::Result<Option<u64>> {
        if let Some(key) = &sealed.key
            && let Some(seq) = self.ids.key(&self.connection, key)?
        {
            return Ok(Some(seq));
        }
        self.find(sealed.arrival.event_id)
    }

    fn find(&self, event: Uuid) -> rusqlite::Result<Option<u64>> {
        self.ids.event(&self.connection, event)
    }

    fn repeat(
        &self,
        seq: u64,
        arrival: &Arrival,
    ) -> rusqlite::Result<Result<Receipt, LedgerError>> {
        let (raw, event_id, sha256): (Vec<u8>, String, String) = self
            .connection
            .prepare_cached(
                "SELECT raw, payload ->> 'event_id', payload ->> 'raw_sha256' FROM records
                 WHERE seq = ?1",
            )?
            .query_row([seq], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        if !is_body(&raw, &sha256, &arrival.raw) {
            return Ok(Err(LedgerError::KeyReused));
        }
        let event_id = event_id.parse().unwrap_or(arrival.event_id);
        Ok(Ok(Receipt { seq, event_id, duplicate: true, after: None }))
    }

    fn append(&mut self, batch: &Batch) -> rusqlite::Result<Result<(), LedgerError>> {
        self.whole(|writer| writer.append_all(batch))
    }

    /// Does what belongs together whole, or not at all.
    fn whole(
        &mut self,
        write: impl FnOnce(&mut Self) -> rusqlite::Result<Result<(), LedgerError>>,
    ) -> rusqlite::Result<Result<(), LedgerError>> {
        let before = (self.seq, self.head);
        self.connection.execute_batch("SAVEPOINT batch")?;
        let result = match write(self) {
            // Others share the transaction; a batch that cannot be written must not be theirs.
            Err(error) if error.sqlite_error_code().is_none() => {
                Err(LedgerError::Damaged(error.to_string()))
            }
            Err(error) if is_of_the_batch(&error) => Err(LedgerError::Refused(error.to_string())),
            other => other?,
        };
        if result.is_err() {
            self.connection.execute_batch("ROLLBACK TO batch")?;
            (self.seq, self.head) = before;
            self.ids.undo_after(self.seq);
        }
        self.connection.execute_batch("RELEASE batch")?;
        Ok(result)
    }

    /// Takes records of another store over, byte for byte.
    fn import(&mut self, links: &[Link]) -> rusqlite::Result<Result<(), LedgerError>> {
        let mut verifier = Verifier::after(self.seq, self.head);
        let mut projector = Projector::default();
        for link in links {
            let checked = verifier.check(&link.stored()).map_err(|it| it.to_string());
            let fact = match checked.map_err(LedgerError::Damaged).and_then(|()| link.fact()) {
                Ok(fact) => fact,
                Err(error) => return Ok(Err(error)),
            };
            let seq = self.record(&link.payload, link.raw.as_deref())?;
            let mut tables = Transaction { connection: &self.connection, ids: &mut self.ids };
            if let Err(error) = projector.fact(&mut tables, seq, &fact)? {
                return Ok(Err(error));
            }
        }
        // The next event that comes in does not follow one that came through this door.
        self.last_event = None;
        projector.finish(&mut Transaction { connection: &self.connection, ids: &mut self.ids })
    }

    fn append_all(&mut self, batch: &Batch) -> rusqlite::Result<Result<(), LedgerError>> {
        for (stream, &expected) in &batch.expect {
            if version(&self.connection, stream)? != expected {
                return Ok(Err(LedgerError::Conflict { stream: stream.clone() }));
            }
        }
        let mut projector = Projector::default();
        for fact in &batch.facts {
            let payload = match canonical(fact) {
                Ok(payload) => payload,
                Err(error) => return Ok(Err(LedgerError::Refused(error.to_string()))),
            };
            let seq = self.record(payload.as_bytes(), None)?;
            let mut tables = Transaction { connection: &self.connection, ids: &mut self.ids };
            if let Err(error) = projector.fact(&mut tables, seq, fact)? {
                return Ok(Err(error));
            }
        }
        projector.finish(&mut Transaction { connection: &self.connection, ids: &mut self.ids })
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
}

/// Whether what failed is this batch (a fact that does not fit the tables) and not the disk.
fn is_of_the_batch(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code().is_some_and(|code| {
        matches!(code, ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig)
    })
}
