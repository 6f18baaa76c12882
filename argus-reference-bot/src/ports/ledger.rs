//! The store: an append-only chain of facts, and the tables that queries read.
//!
//! Every write is durable when its future resolves: committed and synced. The tables are written in
//! the same transaction as the facts they come from and can be rebuilt from them.

pub mod cards;
pub mod documents;
pub mod suite;

use std::collections::BTreeMap;
use std::time::Duration;

use argus_soc::enrich::History;
use argus_soc::event::Severity;
use argus_soc::incident::{Incident, Stage};
use argus_soc::ledger::Hash;
use argus_soc::ledger::fact::Fact;
use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

use super::chain::Link;

pub use self::cards::{DueCard, DuePlace, DueSlice, SentCard, StoredCard, Which};

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// Somebody else changed the incident or the document first: read it again and decide again. Nothing was
    /// written.
    #[error("{stream} was changed by somebody else first")]
    Conflict {
        /// The incident, or the document.
        stream: String,
    },
    /// The lease is taken. Nothing was written.
    #[error("{lease} is held by {holder}")]
    Held {
        /// The lease.
        lease: String,
        /// Who holds it.
        holder: String,
    },
    /// The same idempotency key came with other bytes. Nothing was written.
    #[error("this key was used before with other content")]
    KeyReused,
    /// Nothing can be written now: disk full, or shutting down. Nothing was written.
    #[error("the store cannot write: {0}")]
    Unavailable(String),
    /// What was to be written fits no store of ours, and will not the next time. Nothing was written.
    #[error("the store does not take this: {0}")]
    Refused(String),
    /// What is stored cannot be what was written.
    #[error("the store is damaged: {0}")]
    Damaged(String),
}

/// An event at the door, read and ready to be written.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Its id, derived from source and native id.
    pub event_id: Uuid,
    /// The configured source.
    pub source: String,
    /// The sender's own key for this delivery. Without one, the id tells repeats.
    pub key: Option<String>,
    /// The raw body.
    pub raw: Bytes,
    /// When it came in.
    pub received_at: Timestamp,
    /// Ties everything that follows together.
    pub correlation: String,
}

/// What a door may answer, once it is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its place in the chain; the place of the first one for a duplicate.
    pub seq: u64,
    /// Its id; the id of the first one for a duplicate.
    pub event_id: Uuid,
    /// Whether it was here before.
    pub duplicate: bool,
    /// The place of the event before it in the chain; `None` if that is not known.
    pub after: Option<u64>,
}

/// An event that waits to be placed.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Its place in the chain.
    pub seq: u64,
    /// Its id.
    pub event_id: Uuid,
    /// The configured source.
    pub source: String,
    /// When it came in.
    pub received_at: Timestamp,
    /// From the ingest answer.
    pub correlation: String,
    /// The raw body.
    pub raw: Vec<u8>,
}

/// An event as a query sees it.
#[derive(Clone, Debug)]
pub struct EventView {
    /// Its place in the chain.
    pub seq: u64,
    /// The configured source.
    pub source: String,
    /// When it came in.
    pub received_at: Timestamp,
    /// From the ingest answer.
    pub correlation: String,
    /// The incident it belongs to, once placed.
    pub incident: Option<String>,
    /// Whether it was looked at and set aside.
    pub ignored: bool,
    /// The raw body.
    pub raw: Vec<u8>,
}

/// Facts to append, all or none.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The facts, in order.
    pub facts: Vec<Fact>,
    /// The version that each incident, or each document by its
    /// [`stream`](argus_soc::ledger::documents::stream), must have before; 0 for a new one.
    pub expect: BTreeMap<String, u64>,
    /// The claim that it stands on; if somebody else has it meanwhile, nothing is written.
    pub claim: Option<Claim>,
}

/// A part of the work that one replica does at a time, for as long as it says so again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What is claimed.
    pub name: String,
    /// Grows whenever somebody else takes it, so that whoever slept is told apart.
    pub fence: u64,
}

/// What another replica did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Events came in.
    pub events: bool,
    /// Cards changed.
    pub cards: bool,
    /// Runs changed.
    pub runs: bool,
}

impl Batch {
    /// One fact that changes no incident.
    pub fn one(fact: Fact) -> Self {
        Self { facts: vec![fact], ..Self::default() }
    }

    /// Facts about `incident`, which must still be as it was read.
    pub fn on(incident: &Incident, facts: Vec<Fact>) -> Self {
        let expect = BTreeMap::from([(incident.key.clone(), incident.version)]);
        Self { facts, expect, ..Self::default() }
    }
}

/// A record as it stands in the chain.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Its place.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
    /// What it says.
    pub fact: Fact,
}

/// A line of an incident list.
#[derive(Clone, Debug)]
pub struct Summary {
    /// `INC-7`.
    pub key: String,
    /// Its title.
    pub title: String,
    /// Its severity.
    pub severity: Severity,
    /// Where it stands.
    pub stage: Stage,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// How many events it has.
    pub count: u64,
}

/// Which incidents a list is about.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those that are not resolved.
    pub open_only: bool,
    /// Only those at least this severe.
    pub severity: Option<Severity>,
    /// At most so many lines.
    pub limit: u32,
}

/// A document as it is stored: see [`argus_soc::ledger::documents`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDocument {
    /// Its key among those of its kind.
    pub key: String,
    /// How often it was changed since it came.
    pub version: u64,
    /// Its canonical JSON.
    pub body: Vec<u8>,
}

/// How much is in the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records in the chain.
    pub records: u64,
    /// Events accepted.
    pub events: u64,
    /// Events that wait to be placed.
    pub waiting: u64,
    /// Bytes of their bodies.
    pub waiting_bytes: u64,
    /// Incidents.
    pub incidents: u64,
    /// Incidents that are not resolved.
    pub open: u64,
    /// Cards that do not show the newest state yet.
    pub cards_due: u64,
    /// Cards that were given up and that nobody dropped.
    pub dead: u64,
    /// Cards that a digest covers.
    pub digested: u64,
}

/// The store.
#[async_trait]
pub trait Ledger: Send + Sync + std::fmt::Debug {
    /// Writes an event down, once.
    ///
    /// # Errors
    ///
    /// [`LedgerError::KeyReused`] or [`LedgerError::Unavailable`]; nothing was written.
    async fn receive(&self, arrival: Arrival) -> Result<Receipt, LedgerError>;

    /// Writes the events of one delivery down, each once, together: when this resolves all that are
    /// new are on disk. The answers are in the order of the arrivals.
    ///
    /// An event whose id came before with other bytes is refused by itself; the others are written.
    /// The keys of a delivery are one name: if one of them came before with other bytes, or only some
    /// of them came before, it is another delivery under an old name and refused whole.
    ///
    /// # Errors
    ///
    /// [`LedgerError::KeyReused`] or [`LedgerError::Unavailable`]; nothing was written.
    async fn receive_many(
        &self,
        arrivals: Vec<Arrival>,
    ) -> Result<Vec<Result<Receipt, LedgerError>>, LedgerError>;

    /// When the last event of `source` came in, if that was not before `since`; only records
    /// behind `behind` are looked at.
    async fn last_arrival(
        &self,
        source: &str,
        since: Timestamp,
        behind: u64,
    ) -> Result<Option<Timestamp>, LedgerError>;

    /// Appends facts, all or none.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Conflict`], [`LedgerError::Held`], [`LedgerError::Refused`] or
    /// [`LedgerError::Unavailable`]; nothing was
    /// written.
    async fn append(&self, batch: Batch) -> Result<(), LedgerError>;

    /// The places of the next events that wait to be placed, oldest first.
    async fn waiting(&self, limit: u32) -> Result<Vec<u64>, LedgerError>;

    /// The events at these places, in their order. A place that holds no event is passed over.
    async fn arrived(&self, places: Vec<u64>) -> Result<Vec<Waiting>, LedgerError>;

    /// An event by its id.
    async fn event(&self, id: Uuid) -> Result<Option<EventView>, LedgerError>;

    /// An incident by its key.
    async fn incident(&self, key: &str) -> Result<Option<Incident>, LedgerError>;

    /// The open incident that an event with this incident key, or else this fingerprint, belongs to.
    async fn open_incident(
        &self,
        incident_key: Option<&str>,
        fingerprint: &str,
    ) -> Result<Option<Incident>, LedgerError>;

    /// A list of incidents, newest first, and how many there are in all.
    async fn incidents(&self, filter: Filter) -> Result<(Vec<Summary>, u64), LedgerError>;

    /// The earlier incidents with this principal entity, and how many of them began with this
    /// fingerprint.
    async fn incidents_about(
        &self,
        kind: &str,
        value: &str,
        fingerprint: &str,
    ) -> Result<History, LedgerError>;

    /// The keys of incidents with a run that is not over.
    async fn with_active_runs(&self) -> Result<Vec<String>, LedgerError>;

    /// The last incident number given out.
    async fn last_number(&self) -> Result<u64, LedgerError>;

    /// Conversations with cards that do not show the newest state, in the order of their ids.
    async fn due_places(&self) -> Result<Vec<DuePlace>, LedgerError>;

    /// Cards of a conversation that do not show the newest state: most severe first, among these new
    /// ones first, then oldest.
    async fn due_cards(&self, slice: DueSlice) -> Result<Vec<DueCard>, LedgerError>;

    /// Where the cards of an incident stand.
    async fn cards_of(&self, incident: &str) -> Result<Vec<StoredCard>, LedgerError>;

    /// Cards that were given up and that nobody dropped, most severe first, then oldest.
    async fn dead_cards(&self, limit: u32) -> Result<Vec<StoredCard>, LedgerError>;

    /// The incidents that a digest covers, most severe first, then oldest, and how many there are.
    async fn digested(
        &self,
        digest: &str,
        skip: u32,
        limit: u32,
    ) -> Result<(Vec<Summary>, u64), LedgerError>;

    /// The card that stands as `activity_id` in `conversation`.
    async fn sent_card(
        &self,
        conversation: &str,
        activity_id: &str,
    ) -> Result<Option<SentCard>, LedgerError>;

    /// Records after `seq`, in order.
    async fn records_after(&self, seq: u64, limit: u32) -> Result<Vec<Recorded>, LedgerError>;

    /// Events after the record `after` whose bodies are here, in order, at most `limit`; without the
    /// body if it has to stay, since the event's incident is open. Of events that wait nothing is
    /// said.
    async fn bodies(&self, after: u64, limit: u32) -> Result<Vec<Link>, LedgerError>;

    /// The document of this kind at `key`. [`documents::find`] reads it as its type.
    async fn document(&self, kind: &str, key: &str) -> Result<Option<StoredDocument>, LedgerError>;

    /// All documents of a kind in the order of their keys. [`documents::all`] reads them.
    async fn documents(&self, kind: &str) -> Result<Vec<StoredDocument>, LedgerError>;

    /// How much is in the store.
    async fn counts(&self) -> Result<Counts, LedgerError>;

    /// The end of the chain.
    async fn head(&self) -> Result<(u64, Hash), LedgerError>;

    /// Claims a part of the work for this replica and for so long, or keeps it. `None` while
    /// another replica has it. A store of one process has nobody to share with.
    async fn claim(&self, name: &str, _: Duration) -> Result<Option<Claim>, LedgerError> {
        Ok(Some(Claim { name: name.into(), fence: 0 }))
    }

    /// Gives a claim back, so that another replica need not wait until it ends.
    async fn unclaim(&self, _: &Claim) -> Result<(), LedgerError> {
        Ok(())
    }

    /// Waits until another replica has done something.
    async fn heard(&self) -> Heard {
        std::future::pending().await
    }

    /// Where the replicas have sent something within the last `span`, and how long ago.
    async fn sends(&self, _: Duration) -> Result<Vec<(String, Duration)>, LedgerError> {
        Ok(Vec::new())
    }

    /// Resolves when nothing can be written any more and the process must stop, with the reason.
    async fn broken(&self) -> String {
        std::future::pending().await
    }

    /// Leaves everything where it is to stay, before the process ends.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Unavailable`] if that cannot be done; the next start does it.
    async fn settle(&self) -> Result<(), LedgerError> {
        Ok(())
    }
}
