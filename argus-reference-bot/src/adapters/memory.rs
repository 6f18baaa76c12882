//! A store in memory, for tests and for the simulator. It owes what every store owes, and writes
//! through a [`Medium`], so that whoever simulates a disk decides when a write is durable, what it
//! costs, and what is left of it after a crash.

mod tables;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use argus_soc::enrich::History;
use argus_soc::incident::Incident;
use argus_soc::ledger::fact::Fact;
use argus_soc::ledger::{Hash, Stored, Verifier, canonical};
use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::{Mutex as Turn, oneshot};
use tokio::task::JoinSet;
use uuid::Uuid;

use self::tables::Tables;
use crate::ports::chain::Link;
use crate::ports::ledger::{
    Arrival, Batch, Counts, DueCard, DuePlace, DueSlice, EventView, Filter, Ledger, LedgerError,
    Receipt, Recorded, SentCard, StoredCard, StoredDocument, Summary, Waiting,
};

/// One record, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its place in the chain.
    pub seq: u64,
    /// The hash of the record before it.
    pub prev: Hash,
    /// The canonical JSON of its fact.
    pub payload: String,
    /// Its hash.
    pub hash: Hash,
    /// The raw body of an event.
    pub raw: Option<Bytes>,
}

/// Where records are kept, and how long that takes.
#[async_trait]
pub trait Medium: Send + Sync + std::fmt::Debug {
    /// Writes the records of one transaction, all or none. They are durable when this resolves.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unavailable`]; after a restart they may be there all the same.
    async fn write(&self, records: &[Record]) -> Result<(), LedgerError>;

    /// Called before each query.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unavailable`] if nothing can be read now.
    async fn read(&self) -> Result<(), LedgerError>;
}

/// What became of each event of a delivery.
type Receipts = Vec<Result<Receipt, LedgerError>>;

/// A medium that keeps nothing and never fails.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nowhere;

#[async_trait]
impl Medium for Nowhere {
    async fn write(&self, _: &[Record]) -> Result<(), LedgerError> {
        Ok(())
    }

    async fn read(&self) -> Result<(), LedgerError> {
        Ok(())
    }
}

/// A store in memory.
#[derive(Debug)]
pub struct Memory {
    shared: Arc<Shared>,
    /// Writes go on when whoever asked for them leaves, as they do on a real disk.
    writes: Mutex<JoinSet<()>>,
}

#[derive(Debug)]
struct Shared {
    medium: Arc<dyn Medium>,
    tables: Mutex<Tables>,
    /// One writer at a time, in the order in which they came.
    turn: Turn<()>,
}

impl Default for Memory {
    fn default() -> Self {
        Self::on(Arc::new(Nowhere), Tables::default())
    }
}

impl Memory {
    /// The store that `records` make, which are what a medium has kept.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Damaged`] if they are no intact chain, or say what cannot be.
    pub fn open(medium: Arc<dyn Medium>, records: Vec<Record>) -> Result<Self, LedgerError> {
        let mut verifier = Verifier::default();
        let mut tables = Tables::default();
        for record in records {
            verifier.check(&record.stored()).map_err(|it| damaged(it.to_string()))?;
            tables.take(record)?;
        }
        verifier.finish().map_err(|it| damaged(it.to_string()))?;
        Ok(Self::on(medium, tables.found()))
    }

    fn on(medium: Arc<dyn Medium>, tables: Tables) -> Self {
        let shared = Shared { medium, tables: Mutex::new(tables), turn: Turn::default() };
        Self { shared: Arc::new(shared), writes: Mutex::default() }
    }

    /// Does `job` when it is its turn, whether or not anybody still waits for the answer.
    async fn write<T: Send + 'static>(
        &self,
        job: impl Future<Output = Result<T, LedgerError>> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let (reply, answer) = oneshot::channel();
        {
            let mut writes = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
            while writes.try_join_next().is_some() {}
            writes.spawn(async move { drop(reply.send(job.await)) });
        }
        answer.await.map_err(|_| LedgerError::Unavailable("the store is shutting down".into()))?
    }

    async fn query<T>(&self, query: impl FnOnce(&Tables) -> T + Send) -> Result<T, LedgerError> {
        self.shared.medium.read().await?;
        Ok(query(&self.shared.tables()))
    }
}

impl Record {
    /// The record of `fact` behind the one with this place and hash.
    fn after(
        (seq, prev): (u64, Hash),
        fact: &Fact,
        raw: Option<Bytes>,
    ) -> Result<Self, LedgerError> {
        let payload = canonical(fact).map_err(|error| LedgerError::Refused(error.to_string()))?;
        let hash = Hash::link(&prev, payload.as_bytes());
        Ok(Self { seq: seq + 1, prev, payload, hash, raw })
    }

    fn stored(&self) -> Stored<'_> {
        Stored {
            seq: self.seq,
            prev: self.prev.as_bytes(),
            payload: self.payload.as_bytes(),
            hash: self.hash.as_bytes(),
            raw: self.raw.as_deref(),
        }
    }
}

impl Shared {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn receive_many(&self, arrivals: Vec<Arrival>) -> Result<Receipts, LedgerError> {
        let _turn = self.turn.lock().await;
        let (records, receipts) = self.tables().delivery(arrivals)?;
        self.commit(records).await?;
        Ok(receipts)
    }

    async fn append(&self, batch: Batch) -> Result<(), LedgerError> {
        let _turn = self.turn.lock().await;
        let records = {
            let tables = self.tables();
            tables.admit(&batch)?;
            let mut head = tables.head();
            let mut records = Vec::with_capacity(batch.facts.len());
            for fact in &batch.facts {
                let record = Record::after(head, fact, None)?;
                head = (record.seq, record.hash);
                records.push(record);
            }
            records
        };
        self.commit(records).await
    }

    async fn commit(&self, records: Vec<Record>) -> Result<(), LedgerError> {
        if records.is_empty() {
            return Ok(());
        }
        self.medium.write(&records).await?;
        let mut tables = self.tables();
        records.into_iter().try_for_each(|record| tables.take(record))
    }
}

#[async_trait]
impl Ledger for Memory {
    async fn receive(&self, arrival: Arrival) -> Result<Receipt, LedgerError> {
        let shared = Arc::clone(&self.shared);
        let receipts = self.write(async move { shared.receive_many(vec![arrival]).await }).await?;
        let receipt = receipts.into_iter().next();
        receipt.unwrap_or_else(|| Err(damaged("an event got no receipt")))
    }

    async fn receive_many(&self, arrivals: Vec<Arrival>) -> Result<Receipts, LedgerError> {
        let shared = Arc::clone(&self.shared);
        self.write(async move { shared.receive_many(arrivals).await }).await
    }

    async fn last_arrival(
        &self,
        source: &str,
        since: Timestamp,
        behind: u64,
    ) -> Result<Option<Timestamp>, LedgerError> {
        self.query(|tables| tables.last_arrival(source, since, behind)).await
    }

    async fn append(&self, batch: Batch) -> Result<(), LedgerError> {
        let shared = Arc::clone(&self.shared);
        self.write(async move { shared.append(batch).await }).await
    }

    async fn waiting(&self, limit: u32) -> Result<Vec<u64>, LedgerError> {
        self.query(|tables| tables.waiting(limit)).await
    }

    async fn arrived(&self, places: Vec<u64>) -> Result<Vec<Waiting>, LedgerError> {
        self.query(|tables| tables.arrived(&places)).await
    }

    async fn event(&self, id: Uuid) -> Result<Option<EventView>, LedgerError> {
        self.query(|tables| tables.event(id)).await
    }

    async fn incident(&self, key: &str) -> Result<Option<Incident>, LedgerError> {
        self.query(|tables| tables.incident(key).cloned()).await
    }

    async fn open_incident(
        &self,
        incident_key: Option<&str>,
        fingerprint: &str,
    ) -> Result<Option<Incident>, LedgerError> {
        self.query(|tables| tables.open_incident(incident_key, fingerprint).cloned()).await
    }

    async fn incidents(&self, filter: Filter) -> Result<(Vec<Summary>, u64), LedgerError> {
        self.query(|tables| tables.incidents(&filter)).await
    }

    async fn incidents_about(
        &self,
        kind: &str,
        value: &str,
        fingerprint: &str,
    ) -> Result<History, LedgerError> {
        self.query(|tables| tables.incidents_about(kind, value, fingerprint)).await
    }

    async fn with_active_runs(&self) -> Result<Vec<String>, LedgerError> {
        self.query(Tables::with_active_runs).await
    }

    async fn last_number(&self) -> Result<u64, LedgerError> {
        self.query(Tables::last_number).await
    }

    async fn due_places(&self) -> Result<Vec<DuePlace>, LedgerError> {
        self.query(Tables::due_places).await
    }

    async fn due_cards(&self, slice: DueSlice) -> Result<Vec<DueCard>, LedgerError> {
        self.query(|tables| tables.due_cards(&slice)).await
    }

    async fn cards_of(&self, incident: &str) -> Result<Vec<StoredCard>, LedgerError> {
        self.query(|tables| tables.cards_of(incident)).await
    }

    async fn dead_cards(&self, limit: u32) -> Result<Vec<StoredCard>, LedgerError> {
        self.query(|tables| tables.dead_cards(limit)).await
    }

    async fn digested(
        &self,
        digest: &str,
        skip: u32,
        limit: u32,
    ) -> Result<(Vec<Summary>, u64), LedgerError> {
        self.query(|tables| tables.digested(digest, skip, limit)).await
    }

    async fn sent_card(
        &self,
        conversation: &str,
        activity_id: &str,
    ) -> Result<Option<SentCard>, LedgerError> {
        self.query(|tables| tables.sent_card(conversation, activity_id)).await
    }

    async fn records_after(&self, seq: u64, limit: u32) -> Result<Vec<Recorded>, LedgerError> {
        self.query(|tables| tables.records_after(seq, limit)).await
    }

    async fn bodies(&self, after: u64, limit: u32) -> Result<Vec<Link>, LedgerError> {
        self.query(|tables| tables.bodies(after, limit)).await
    }

    async fn document(&self, kind: &str, key: &str) -> Result<Option<StoredDocument>, LedgerError> {
        self.query(|tables| tables.document(kind, key)).await
    }

    async fn documents(&self, kind: &str) -> Result<Vec<StoredDocument>, LedgerError> {
        self.query(|tables| tables.documents(kind)).await
    }

    async fn counts(&self) -> Result<Counts, LedgerError> {
        self.query(Tables::counts).await
    }

    async fn head(&self) -> Result<(u64, Hash), LedgerError> {
        self.query(Tables::head).await
    }
}

fn damaged(why: impl Into<String>) -> LedgerError {
    LedgerError::Damaged(why.into())
}
