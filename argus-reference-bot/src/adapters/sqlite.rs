//! The store on SQLite: one file, one writer thread, group commit.
//!
//! Many doors write at once and each waits for its own record to be on disk. The writer takes
//! whatever waits, writes it in one transaction, syncs once, and then answers all: so one slow sync
//! serves hundreds of events, and nothing is answered before it is durable.
//!
//! Long because it is the whole port, each promise with the statement that keeps it.

mod beside;
mod ids;
mod inbox;
mod job;
mod pages;
mod read;
mod rebuilt;
mod room;
mod schema;
mod tables;
mod verify;
mod writer;

use std::fs::{File, TryLockError};
use std::path::Path;
use std::thread::JoinHandle;

use argus_soc::enrich::History;
use argus_soc::incident::Incident;
use argus_soc::ledger::Hash;
use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

pub use self::beside::{Records, dead_cards_in, documents_in, incident_in};
use self::read::{all, one};
pub(super) use self::rebuilt::Rebuilt;
pub use self::verify::{export, verify};
pub use super::verify::{Finding, Report};
use crate::adapters::tables::sealed::Sealed;
use crate::adapters::tables::{Value, bounded, cards, project, read as rows};
use crate::ports::chain::{Chain, Link};
use crate::ports::ledger::{
    Arrival, Batch, Counts, DueCard, DuePlace, DueSlice, EventView, Filter, Ledger, LedgerError,
    Receipt, Recorded, SentCard, StoredCard, StoredDocument, Summary, Waiting,
};

/// Records that may wait for the writer before doors answer 503.
const QUEUE: usize = 8_192;
/// Threads that answer queries.
const READERS: usize = 2;
/// Prepared statements kept by each connection; more than there are, so that none is prepared twice.
const STATEMENTS: usize = 64;

/// The store. Dropping it finishes what is queued and closes the file.
#[derive(Debug)]
pub struct Sqlite {
    jobs: Option<inbox::Sender<job::Job>>,
    reads: Vec<mpsc::Sender<read::Query>>,
    next_reader: std::sync::atomic::AtomicUsize,
    threads: Vec<JoinHandle<()>>,
    broken: watch::Receiver<Option<String>>,
    /// Held until everything else is closed.
    _lock: File,
}

impl Sqlite {
    /// Opens or creates the store at `path`, and its folder.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unavailable`] if the file cannot be opened or created, or another process has
    /// it; [`LedgerError::Damaged`] if it is not a store of ours or its end does not verify.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .map_err(|error| unavailable(format!("{}: {error}", folder.display())))?;
        }
        let lock = lock(path)?;
        let connection = Connection::open(path).map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // The writer carries the log over itself, so that the list of pages follows.
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
            .map_err(failed)?;
        schema::prepare(&connection)?;
        let (broken, watch_broken) = watch::channel(None);
        let (jobs, inbox) = inbox::inbox(QUEUE);
        let writer = writer::Writer::new(connection, path, broken)?;
        let mut threads = vec![spawn("argus-writer", move || writer.run(&inbox))?];
        let mut reads = Vec::new();
        for _ in 0..READERS {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
            connection.set_prepared_statement_cache_capacity(STATEMENTS);
            let (send, inbox) = mpsc::channel(QUEUE);
            threads.push(spawn("argus-reader", move || read::serve(&connection, inbox))?);
            reads.push(send);
        }
        let next_reader = std::sync::atomic::AtomicUsize::new(0);
        Ok(Self {
            jobs: Some(jobs),
            reads,
            next_reader,
            threads,
            broken: watch_broken,
            _lock: lock,
        })
    }

    async fn write<T>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<T, LedgerError>>) -> job::Job,
    ) -> Result<T, LedgerError> {
        let (reply, answer) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or_else(stopped)?;
        jobs.send(job(reply)).map_err(|refused| match refused {
            inbox::Refused::Full => unavailable("too much waits to be written"),
            inbox::Refused::Closed => stopped(),
        })?;
        answer.await.map_err(|_| stopped())?
    }

    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let (reply, answer) = oneshot::channel();
        let turn = self.next_reader.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let reader = self.reads.get(turn % READERS).ok_or_else(stopped)?;
        let query: read::Query = Box::new(move |connection| {
            // Whoever asked may be gone; then nobody needs the answer.
            drop(reply.send(query(connection).map_err(failed)));
        });
        reader.send(query).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        drop(self.jobs.take());
        self.reads.clear();
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

#[async_trait]
impl Ledger for Sqlite {
    async fn receive(&self, arrival: Arrival) -> Result<Receipt, LedgerError> {
        let sealed = Sealed::new(arrival);
        self.write(|reply| job::Job::Receive(Box::new(sealed), reply)).await
    }

    async fn receive_many(
        &self,
        arrivals: Vec<Arrival>,
    ) -> Result<Vec<Result<Receipt, LedgerError>>, LedgerError> {
        let sealed = arrivals.into_iter().map(Sealed::new).collect();
        self.write(|reply| job::Job::ReceiveMany(sealed, reply)).await
    }

    async fn last_arrival(
        &self,
        source: &str,
        since: Timestamp,
        behind: u64,
    ) -> Result<Option<Timestamp>, LedgerError> {
        let source = source.to_owned();
        self.read(move |connection| read::last_arrival(connection, &source, since, behind)).await
    }

    async fn append(&self, batch: Batch) -> Result<(), LedgerError> {
        self.write(|reply| job::Job::Append(batch, reply)).await
    }

    async fn waiting(&self, limit: u32) -> Result<Vec<u64>, LedgerError> {
        self.read(move |it| {
            all(it, rows::WAITING, &[Value::Whole(limit.into())], |row| row.whole(0))
        })
        .await
    }

    async fn arrived(&self, places: Vec<u64>) -> Result<Vec<Waiting>, LedgerError> {
        self.read(move |connection| read::arrived(connection, &places)).await
    }

    async fn event(&self, id: Uuid) -> Result<Option<EventView>, LedgerError> {
        if let Some(event) = self.read(move |connection| read::event(connection, id)).await? {
            return Ok(Some(event));
        }
        // It may have come a moment ago; only the writer knows those by id.
        match self.write(|reply| job::Job::Find(id, reply)).await? {
            Some(seq) => self.read(move |connection| read::event_at(connection, seq)).await,
            None => Ok(None),
        }
    }

    async fn incident(&self, key: &str) -> Result<Option<Incident>, LedgerError> {
        let key = key.to_owned();
        self.read(move |it| one(it, rows::INCIDENT, &[Value::Text(&key)], rows::incident)).await
    }

    async fn open_incident(
        &self,
        incident_key: Option<&str>,
        fingerprint: &str,
    ) -> Result<Option<Incident>, LedgerError> {
        let (sql, value) = match incident_key {
            Some(key) => (rows::OPEN_BY_KEY, bounded(key).into_owned()),
            None => (rows::OPEN_BY_PRINT, fingerprint.to_owned()),
        };
        self.read(move |it| one(it, sql, &[Value::Text(&value)], rows::incident)).await
    }

    async fn incidents(&self, filter: Filter) -> Result<(Vec<Summary>, u64), LedgerError> {
        self.read(move |connection| read::incidents(connection, &filter)).await
    }

    async fn incidents_about(
        &self,
        kind: &str,
        value: &str,
        fingerprint: &str,
    ) -> Result<History, LedgerError> {
        let (principal, print) = (project::principal(kind, value), fingerprint.to_owned());
        let about = move |it: &Connection| {
            one(it, rows::ABOUT, &[Value::Text(&principal), Value::Text(&print)], rows::history)
        };
        Ok(self.read(about).await?.unwrap_or_default())
    }

    async fn with_active_runs(&self) -> Result<Vec<String>, LedgerError> {
        self.read(|it| all(it, rows::RUNNING, &[], |row| row.text(0))).await
    }

    async fn last_number(&self) -> Result<u64, LedgerError> {
        let last = self.read(|it| one(it, rows::LAST_NUMBER, &[], |row| row.whole(0))).await?;
        Ok(last.unwrap_or(0))
    }

    async fn due_places(&self) -> Result<Vec<DuePlace>, LedgerError> {
        self.read(|it| all(it, cards::PLACES, &[], cards::due_place)).await
    }

    async fn due_cards(&self, slice: DueSlice) -> Result<Vec<DueCard>, LedgerError> {
        self.read(move |it| {
            let (sql, values) = cards::due(&slice);
            all(it, sql, &values, cards::due_card)
        })
        .await
    }

    async fn cards_of(&self, incident: &str) -> Result<Vec<StoredCard>, LedgerError> {
        let incident = incident.to_owned();
        self.read(move |it| all(it, cards::OF, &[Value::Text(&incident)], cards::stored)).await
    }

    async fn dead_cards(&self, limit: u32) -> Result<Vec<StoredCard>, LedgerError> {
        let limit = Value::Whole(limit.into());
        self.read(move |it| all(it, cards::DEAD, &[limit], cards::stored)).await
    }

    async fn digested(
        &self,
        digest: &str,
        skip: u32,
        limit: u32,
    ) -> Result<(Vec<Summary>, u64), LedgerError> {
        let digest = digest.to_owned();
        self.read(move |it| {
            let named = Value::Text(&digest);
            let total = one(it, cards::COVERED, &[named], |row| row.whole(0))?;
            let values = [named, Value::Whole(limit.into()), Value::Whole(skip.into())];
            Ok((all(it, cards::COVERS, &values, rows::summary)?, total.unwrap_or(0)))
        })
        .await
    }

    async fn sent_card(
        &self,
        conversation: &str,
        activity_id: &str,
    ) -> Result<Option<SentCard>, LedgerError> {
        let (conversation, activity) = (conversation.to_owned(), activity_id.to_owned());
        self.read(move |it| {
            let values = [Value::Text(&conversation), Value::Text(&activity)];
            one(it, cards::SENT, &values, cards::sent_card)
        })
        .await
    }

    async fn records_after(&self, seq: u64, limit: u32) -> Result<Vec<Recorded>, LedgerError> {
        let values = [Value::Whole(seq), Value::Whole(limit.into())];
        self.read(move |it| all(it, rows::RECORDS, &values, rows::recorded)).await
    }

    async fn bodies(&self, after: u64, limit: u32) -> Result<Vec<Link>, LedgerError> {
        let values = [Value::Whole(after), Value::Whole(limit.into())];
        self.read(move |it| all(it, rows::BODIES, &values, rows::link)).await
    }

    async fn document(&self, kind: &str, key: &str) -> Result<Option<StoredDocument>, LedgerError> {
        let (kind, key) = (kind.to_owned(), key.to_owned());
        self.read(move |it| tables::document(it, &kind, &key)).await
    }

    async fn documents(&self, kind: &str) -> Result<Vec<StoredDocument>, LedgerError> {
        let kind = kind.to_owned();
        self.read(move |it| all(it, rows::DOCUMENTS, &[Value::Text(&kind)], rows::document)).await
    }

    async fn counts(&self) -> Result<Counts, LedgerError> {
        let counts = self.read(|it| one(it, rows::COUNTS, &[], rows::counts)).await?;
        Ok(counts.unwrap_or_default())
    }

    async fn head(&self) -> Result<(u64, Hash), LedgerError> {
        self.read(schema::head).await
    }

    /// An fsync error need not show twice, so the process ends then.
    async fn broken(&self) -> String {
        let mut broken = self.broken.clone();
        // The guard must be gone before the next await, or nobody can spawn whoever waits here.
        let reason = broken.wait_for(Option::is_some).await.ok().map(|reason| reason.clone());
        match reason {
            Some(reason) => reason.unwrap_or_default(),
            None => std::future::pending().await,
        }
    }

    /// Carries everything over into the file, so that a copy of it alone is whole.
    async fn settle(&self) -> Result<(), LedgerError> {
        self.write(job::Job::Settle).await
    }
}

#[async_trait]
impl Chain for Sqlite {
    async fn end(&self) -> Result<(u64, Hash), LedgerError> {
        self.read(schema::head).await
    }

    async fn links(&self, seq: u64, limit: u32) -> Result<Vec<Link>, LedgerError> {
        let values = [Value::Whole(seq), Value::Whole(limit.into())];
        self.read(move |it| all(it, rows::LINKS, &values, rows::link)).await
    }

    async fn take_over(&self, links: Vec<Link>) -> Result<(), LedgerError> {
        self.write(|reply| job::Job::Import(links, reply)).await
    }
}

/// Makes all tables of the store at `path` anew from its records, which stay as they are. Gives how
/// many there are.
///
/// # Errors
///
/// [`LedgerError::Unavailable`] if there is no store, or a process has it open;
/// [`LedgerError::Damaged`] if the records cannot be read, and then the tables stay as they are.
pub fn rebuild(path: &Path) -> Result<u64, LedgerError> {
    if !path.is_file() {
        return Err(unavailable(format!("there is no store at {}", path.display())));
    }
    {
        let _lock = lock(path)?;
        let connection = Connection::open(path).map_err(failed)?;
        schema::prepare(&connection)?;
        schema::make_anew(&connection)?;
    }
    // The writer notes what the pages hold now.
    let store = Sqlite::open(path)?;
    drop(store);
    let connection = Connection::open(path).map_err(failed)?;
    Ok(schema::head(&connection).map_err(failed)?.0)
}

/// Copies the store at `path` into a new file while it may be in use: one moment of it, whole.
///
/// # Errors
///
/// [`LedgerError::Unavailable`] if there is no store at `path` or no room at `to`.
pub fn backup(path: &Path, to: &Path) -> Result<(), LedgerError> {
    if !path.is_file() {
        return Err(unavailable(format!("there is no store at {}", path.display())));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    let name = to.to_str().ok_or_else(|| unavailable("the name of the file is not UTF-8"))?;
    connection.execute("VACUUM INTO ?1", [name]).map_err(failed)?;
    let copy = File::open(to).and_then(|file| file.sync_all());
    copy.map_err(|error| unavailable(format!("{}: {error}", to.display())))
}

/// Makes this process the only one that writes the store. The system gives the lock back when the
/// process ends, however it ends.
fn lock(store: &Path) -> Result<File, LedgerError> {
    let path = pages::beside(store, "-lock");
    let why = |why: String| unavailable(format!("{}: {why}", path.display()));
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| why(error.to_string()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(why("another argus has this store open; stop it first".into()))
        }
        Err(TryLockError::Error(error)) => Err(why(error.to_string())),
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, LedgerError> {
    std::thread::Builder::new()
        .name(name.into())
        .spawn(body)
        .map_err(|error| unavailable(format!("no thread for {name}: {error}")))
}

fn stopped() -> LedgerError {
    unavailable("the store is shutting down")
}

fn unavailable(why: impl Into<String>) -> LedgerError {
    LedgerError::Unavailable(why.into())
}

/// What a failure of SQLite means to whoever asked.
#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn failed(error: rusqlite::Error) -> LedgerError {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    match error.sqlite_error_code() {
        Some(DatabaseCorrupt | NotADatabase) => LedgerError::Damaged(error.to_string()),
        _ => unavailable(error.to_string()),
    }
}
