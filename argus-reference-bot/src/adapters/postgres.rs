//! The store on PostgreSQL: any number of replicas on one database.
//!
//! The same records, the same chain and the same tables as on SQLite. Each replica has one task that
//! writes (`writer`), a few connections that read, and one that hears what the others do. Work that
//! one replica does at a time is claimed for a while by the database's clock (`claims`).
//!
//! Long because the port is, and this is where it is answered.

mod bells;
mod claims;
mod connect;
mod load;
mod rebuild;
mod schema;
mod verify;
mod wire;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use argus_soc::enrich::History;
use argus_soc::incident::Incident;
use argus_soc::ledger::{Hash, canonical};
use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

pub use self::connect::Target;
pub use self::rebuild::rebuild;
pub use self::verify::{export, find, verify};
use self::wire::{Param, Session, Unreadable};
use self::writer::{Job, Writer};
use crate::adapters::tables::sealed::Sealed;
use crate::adapters::tables::{Cells, Value, bounded, cards, project, read};
use crate::ports::chain::{Chain, Link};
use crate::ports::ledger::{
    Arrival, Batch, Claim, Counts, DueCard, DuePlace, DueSlice, EventView, Filter, Heard, Ledger,
    LedgerError, Receipt, Recorded, SentCard, StoredCard, StoredDocument, Summary, Waiting,
};

/// Jobs that may wait for the writer before doors answer 503.
const QUEUE: usize = 8_192;
/// Connections that answer queries.
const READERS: usize = 3;
/// How long a query may take before its connection is given up.
const PATIENCE: Duration = Duration::from_secs(65);

type Cell<'a> = &'a dyn Cells<Error = Unreadable>;

/// The store. Dropping it closes its connections; what is being committed then is or is not there.
#[derive(Debug)]
pub struct Postgres {
    target: Target,
    jobs: mpsc::Sender<Job>,
    readers: [Mutex<Option<Arc<Session>>>; READERS],
    next_reader: AtomicUsize,
    replica: String,
    heard: Mutex<mpsc::UnboundedReceiver<Heard>>,
    broken: watch::Receiver<Option<String>>,
    _tasks: JoinSet<()>,
}

impl Postgres {
    /// Opens the store, and makes its tables if there are none.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unavailable`] if the server cannot be reached or would not keep what it
    /// acknowledges; [`LedgerError::Damaged`] if its tables are not ours or its chain does not end
    /// as it should.
    pub async fn open(target: Target) -> Result<Self, LedgerError> {
        let session = target.session().await?;
        schema::prepare(&session).await?;
        let known = verify::check_head(&session).await?;
        let replica = Uuid::new_v4().simple().to_string();
        let (jobs, inbox) = mpsc::channel(QUEUE);
        let (broken, watch_broken) = watch::channel(None);
        let writer = Writer {
            target: target.clone(),
            replica: replica.clone(),
            session: Some(session),
            known,
            last_event: None,
            broken,
        };
        let (tell, heard) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(writer.run(inbox));
        tasks.spawn(bells::listen(target.clone(), replica.clone(), tell));
        Ok(Self {
            target,
            jobs,
            readers: Default::default(),
            next_reader: AtomicUsize::new(0),
            replica,
            heard: Mutex::new(heard),
            broken: watch_broken,
            _tasks: tasks,
        })
    }

    async fn write<T>(
        &self,
        job: impl FnOnce(Option<oneshot::Sender<Result<T, LedgerError>>>) -> Job,
    ) -> Result<T, LedgerError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.try_send(job(Some(reply))).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => unavailable("too much waits to be written"),
            mpsc::error::TrySendError::Closed(_) => unavailable("the store is shutting down"),
        })?;
        answer.await.map_err(|_| unavailable("the store is shutting down"))?
    }

    /// A connection to read from, made anew if it was cut.
    async fn reader(&self) -> Result<Arc<Session>, LedgerError> {
        let turn = self.next_reader.fetch_add(1, Ordering::Relaxed);
        let slot = self.readers.get(turn % READERS);
        let mut slot = slot.ok_or_else(|| unavailable("no reader"))?.lock().await;
        if let Some(session) = slot.as_ref().filter(|it| !it.client.is_closed()) {
            return Ok(Arc::clone(session));
        }
        let session = Arc::new(self.target.session().await?);
        *slot = Some(Arc::clone(&session));
        Ok(session)
    }

    async fn rows(&self, sql: &'static str, values: Vec<Param>) -> Result<Vec<Row>, LedgerError> {
        // A connection that was cut may still look open until it is used: then once more.
        for _ in 0..2 {
            let session = self.reader().await?;
            match tokio::time::timeout(PATIENCE, session.query(sql, values.clone())).await {
                Ok(Ok(rows)) => return Ok(rows),
                Ok(Err(error)) if session.client.is_closed() || error.is_closed() => {}
                Ok(Err(error)) => return Err(failed(&error)),
                Err(_) => return Err(unavailable("the server does not answer")),
            }
        }
        Err(unavailable("the connection to the server was cut"))
    }

    async fn all<T>(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
        row: impl Fn(Cell<'_>) -> Result<T, Unreadable> + Send,
    ) -> Result<Vec<T>, LedgerError> {
        let values = values.iter().copied().map(Param::from).collect();
        let rows = self.rows(sql, values).await?;
        rows.iter().map(|it| row(it)).collect::<Result<_, _>>().map_err(|error| unreadable(&error))
    }

    async fn one<T>(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
        row: impl Fn(Cell<'_>) -> Result<T, Unreadable> + Send,
    ) -> Result<Option<T>, LedgerError> {
        Ok(self.all(sql, values, row).await?.pop())
    }
}

#[async_trait]
impl Ledger for Postgres {
    async fn receive(&self, arrival: Arrival) -> Result<Receipt, LedgerError> {
        let receipts = self.receive_many(vec![arrival]).await?;
        receipts.into_iter().next().unwrap_or_else(|| Err(unavailable("no answer")))
    }

    async fn receive_many(
        &self,
        arrivals: Vec<Arrival>,
    ) -> Result<Vec<Result<Receipt, LedgerError>>, LedgerError> {
        let sealed = arrivals.into_iter().map(Sealed::new).collect();
        self.write(|reply| Job::Receive(sealed, reply)).await
    }

    async fn last_arrival(
        &self,
        source: &str,
        since: Timestamp,
        behind: u64,
    ) -> Result<Option<Timestamp>, LedgerError> {
        const PAGE: &str = "SELECT seq, payload FROM records
          WHERE raw IS NOT NULL AND seq < ?1 AND seq > ?2 ORDER BY seq DESC LIMIT 500";
        let mut before = u64::MAX;
        loop {
            let page = self
                .all(PAGE, &[Value::Whole(before), Value::Whole(behind)], |row| {
                    Ok((row.whole(0)?, read::received(row, 1)?))
                })
                .await?;
            for (seq, event) in &page {
                if event.at < since {
                    return Ok(None);
                }
                if event.source == source {
                    return Ok(Some(event.at));
                }
                before = *seq;
            }
            if page.is_empty() {
                return Ok(None);
            }
        }
    }

    async fn append(&self, batch: Batch) -> Result<(), LedgerError> {
        let payloads = batch.facts.iter().map(canonical).collect::<Result<Vec<_>, _>>();
        let payloads = payloads.map_err(|error| LedgerError::Refused(error.to_string()))?;
        self.write(|reply| Job::Append(batch, payloads, reply)).await
    }

    async fn waiting(&self, limit: u32) -> Result<Vec<u64>, LedgerError> {
        self.all(read::WAITING, &[Value::Whole(limit.into())], |row| row.whole(0)).await
    }

    async fn arrived(&self, places: Vec<u64>) -> Result<Vec<Waiting>, LedgerError> {
        const AT: &str = "SELECT r.seq, r.payload, r.raw FROM records r
          JOIN unnest(?1) WITH ORDINALITY AS asked (seq, nth) ON r.seq = asked.seq
          WHERE r.raw IS NOT NULL ORDER BY asked.nth";
        let places = places.into_iter().map(|seq| i64::try_from(seq).unwrap_or(i64::MAX));
        let rows = self.rows(AT, vec![Param::Wholes(places.collect())]).await?;
        rows.iter()
            .map(|row| read::arrived(row))
            .collect::<Result<_, _>>()
            .map_err(|error| unreadable(&error))
    }

    async fn event(&self, id: Uuid) -> Result<Option<EventView>, LedgerError> {
        let id = [Value::Bytes(id.as_bytes())];
        let Some(seq) = self.one(read::FILED, &id, |row| row.whole(0)).await? else {
            return Ok(None);
        };
        self.one(read::EVENT, &[Value::Whole(seq)], read::event).await
    }

    async fn incident(&self, key: &str) -> Result<Option<Incident>, LedgerError> {
        self.one(read::INCIDENT, &[Value::Text(key)], read::incident).await
    }

    async fn open_incident(
        &self,
        incident_key: Option<&str>,
        fingerprint: &str,
    ) -> Result<Option<Incident>, LedgerError> {
        let (sql, value) = match incident_key {
            Some(key) => (read::OPEN_BY_KEY, bounded(key)),
            None => (read::OPEN_BY_PRINT, fingerprint.into()),
        };
        self.one(sql, &[Value::Text(&value)], read::incident).await
    }

    async fn incidents(&self, filter: Filter) -> Result<(Vec<Summary>, u64), LedgerError> {
        let [open, severity] = read::list(&filter);
        let total = self.one(read::LISTED, &[open, severity], |row| row.whole(0)).await?;
        let limit = Value::Whole(filter.limit.into());
        let lines = self.all(read::LIST, &[open, severity, limit], read::summary).await?;
        Ok((lines, total.unwrap_or(0)))
    }

    async fn incidents_about(
        &self,
        kind: &str,
        value: &str,
        fingerprint: &str,
    ) -> Result<History, LedgerError> {
        let principal = project::principal(kind, value);
        let about = [Value::Text(&principal), Value::Text(fingerprint)];
        Ok(self.one(read::ABOUT, &about, read::history).await?.unwrap_or_default())
    }

    async fn with_active_runs(&self) -> Result<Vec<String>, LedgerError> {
        self.all(read::RUNNING, &[], |row| row.text(0)).await
    }

    async fn last_number(&self) -> Result<u64, LedgerError> {
        Ok(self.one(read::LAST_NUMBER, &[], |row| row.whole(0)).await?.unwrap_or(0))
    }

    async fn due_places(&self) -> Result<Vec<DuePlace>, LedgerError> {
        self.all(cards::PLACES, &[], cards::due_place).await
    }

    async fn due_cards(&self, slice: DueSlice) -> Result<Vec<DueCard>, LedgerError> {
        let (sql, values) = cards::due(&slice);
        self.all(sql, &values, cards::due_card).await
    }

    async fn cards_of(&self, incident: &str) -> Result<Vec<StoredCard>, LedgerError> {
        self.all(cards::OF, &[Value::Text(incident)], cards::stored).await
    }

    async fn dead_cards(&self, limit: u32) -> Result<Vec<StoredCard>, LedgerError> {
        self.all(cards::DEAD, &[Value::Whole(limit.into())], cards::stored).await
    }

    async fn digested(
        &self,
        digest: &str,
        skip: u32,
        limit: u32,
    ) -> Result<(Vec<Summary>, u64), LedgerError> {
        let named = Value::Text(digest);
        let total = self.one(cards::COVERED, &[named], |row| row.whole(0)).await?;
        let values = [named, Value::Whole(limit.into()), Value::Whole(skip.into())];
        let lines = self.all(cards::COVERS, &values, read::summary).await?;
        Ok((lines, total.unwrap_or(0)))
    }

    async fn sent_card(
        &self,
        conversation: &str,
        activity_id: &str,
    ) -> Result<Option<SentCard>, LedgerError> {
        let values = [Value::Text(conversation), Value::Text(activity_id)];
        self.one(cards::SENT, &values, cards::sent_card).await
    }

    async fn records_after(&self, seq: u64, limit: u32) -> Result<Vec<Recorded>, LedgerError> {
        let values = [Value::Whole(seq), Value::Whole(limit.into())];
        self.all(read::RECORDS, &values, read::recorded).await
    }

    async fn bodies(&self, after: u64, limit: u32) -> Result<Vec<Link>, LedgerError> {
        let values = [Value::Whole(after), Value::Whole(limit.into())];
        self.all(read::BODIES, &values, read::link).await
    }

    async fn document(&self, kind: &str, key: &str) -> Result<Option<StoredDocument>, LedgerError> {
        self.one(read::DOCUMENT, &[Value::Text(kind), Value::Text(&bounded(key))], read::document)
            .await
    }

    async fn documents(&self, kind: &str) -> Result<Vec<StoredDocument>, LedgerError> {
        self.all(read::DOCUMENTS, &[Value::Text(kind)], read::document).await
    }

    async fn counts(&self) -> Result<Counts, LedgerError> {
        Ok(self.one(read::COUNTS, &[], read::counts).await?.unwrap_or_default())
    }

    async fn head(&self) -> Result<(u64, Hash), LedgerError> {
        self.end().await
    }

    async fn claim(&self, name: &str, span: Duration) -> Result<Option<Claim>, LedgerError> {
        claims::claim(self, name, span).await
    }

    async fn unclaim(&self, claim: &Claim) -> Result<(), LedgerError> {
        claims::unclaim(self, claim).await
    }

    async fn heard(&self) -> Heard {
        match self.heard.lock().await.recv().await {
            Some(heard) => heard,
            None => std::future::pending().await,
        }
    }

    async fn sends(&self, span: Duration) -> Result<Vec<(String, Duration)>, LedgerError> {
        claims::sends(self, span).await
    }

    async fn broken(&self) -> String {
        let mut broken = self.broken.clone();
        let reason = broken.wait_for(Option::is_some).await.ok().map(|reason| reason.clone());
        match reason {
            Some(reason) => reason.unwrap_or_default(),
            None => std::future::pending().await,
        }
    }
}

#[async_trait]
impl Chain for Postgres {
    async fn end(&self) -> Result<(u64, Hash), LedgerError> {
        let head = |row: Cell<'_>| Ok((row.whole(0)?, Hash::from_slice(row.bytes(1)?)));
        let head = self.one("SELECT seq, hash FROM head", &[], head).await?;
        let damaged = || LedgerError::Damaged("the table head is empty".into());
        let (seq, hash) = head.ok_or_else(damaged)?;
        Ok((seq, hash.ok_or_else(damaged)?))
    }

    async fn links(&self, seq: u64, limit: u32) -> Result<Vec<Link>, LedgerError> {
        let values = [Value::Whole(seq), Value::Whole(limit.into())];
        self.all(read::LINKS, &values, read::link).await
    }

    async fn take_over(&self, links: Vec<Link>) -> Result<(), LedgerError> {
        self.write(|reply| Job::Import(links, reply)).await
    }
}

fn unavailable(why: impl Into<String>) -> LedgerError {
    LedgerError::Unavailable(why.into())
}

fn unreadable(error: &Unreadable) -> LedgerError {
    LedgerError::Damaged(crate::chain::chain(error))
}

/// What a failure of the server means to whoever asked.
fn failed(error: &tokio_postgres::Error) -> LedgerError {
    let why = crate::chain::chain(error);
    match error.code() {
        Some(&(SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED)) => LedgerError::Damaged(why),
        _ => unavailable(why),
    }
}

/// Whether the server refused what was sent, as it would again: data that fits no column or index, a
/// row that is there. A table that is not, or that we may not write, is no fault of what was sent.
fn is_of_the_data(error: &tokio_postgres::Error) -> bool {
    error
        .code()
        .is_some_and(|code| ["22", "23", "54"].iter().any(|class| code.code().starts_with(class)))
}
