//! What the writer is asked, and what it answers once that is on disk.

use argus_soc::ledger::Hash;
use argus_soc::ledger::fact::LAYOUT;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::unavailable;
use crate::ports::ledger::{Arrival, Batch, LedgerError, Receipt};

/// An event, ready for the chain: whatever does not depend on its place in it is computed before it
/// queues for the writer.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) arrival: Arrival,
    pub(super) key: Option<String>,
    pub(super) payload: String,
}

impl Sealed {
    pub(super) fn new(arrival: Arrival) -> Self {
        let sha256 = Hash::of(&arrival.raw).to_string();
        let key = arrival.key.as_ref().map(|key| {
            let named = [arrival.source.as_bytes(), &[0], key.as_bytes()].concat();
            Hash::of(&named).to_string()
        });
        let payload = received_payload(&arrival, key.as_deref(), &sha256);
        Self { arrival, key, payload }
    }
}

/// What became of each event of a delivery.
pub(super) type Receipts = Vec<Result<Receipt, LedgerError>>;

#[derive(Debug)]
pub(super) enum Job {
    Receive(Box<Sealed>, oneshot::Sender<Result<Receipt, LedgerError>>),
    /// The events of one delivery.
    ReceiveMany(Vec<Sealed>, oneshot::Sender<Result<Receipts, LedgerError>>),
    Append(Batch, oneshot::Sender<Result<(), LedgerError>>),
    /// Where an event stands that no reader knows yet.
    Find(Uuid, oneshot::Sender<Result<Option<u64>, LedgerError>>),
    /// Carry everything over into the file.
    Settle(oneshot::Sender<Result<(), LedgerError>>),
}

impl Job {
    /// Whether it brings events in.
    pub(super) fn takes_events(&self) -> bool {
        matches!(self, Self::Receive(..) | Self::ReceiveMany(..))
    }

    pub(super) fn refuse(self, error: &LedgerError) {
        let error = unavailable(error.to_string());
        match self {
            Self::Receive(_, reply) => drop(reply.send(Err(error))),
            Self::ReceiveMany(_, reply) => drop(reply.send(Err(error))),
            Self::Append(_, reply) | Self::Settle(reply) => drop(reply.send(Err(error))),
            Self::Find(_, reply) => drop(reply.send(Err(error))),
        }
    }
}

/// An answer that is given once the transaction is on disk.
pub(super) enum Answer {
    Receipt(Result<Receipt, LedgerError>, oneshot::Sender<Result<Receipt, LedgerError>>),
    Receipts(Result<Receipts, LedgerError>, oneshot::Sender<Result<Receipts, LedgerError>>),
    Done(Result<(), LedgerError>, oneshot::Sender<Result<(), LedgerError>>),
    Found(Result<Option<u64>, LedgerError>, oneshot::Sender<Result<Option<u64>, LedgerError>>),
}

impl Answer {
    /// Whoever asked may be gone (a closed connection); what was written stays written.
    pub(super) fn give(self) {
        match self {
            Self::Receipt(result, reply) => drop(reply.send(result)),
            Self::Receipts(result, reply) => drop(reply.send(result)),
            Self::Done(result, reply) => drop(reply.send(result)),
            Self::Found(result, reply) => drop(reply.send(result)),
        }
    }

    pub(super) fn fail(self, error: &LedgerError) {
        let error = unavailable(error.to_string());
        match self {
            Self::Receipt(_, reply) => drop(reply.send(Err(error))),
            Self::Receipts(_, reply) => drop(reply.send(Err(error))),
            Self::Done(_, reply) => drop(reply.send(Err(error))),
            Self::Found(_, reply) => drop(reply.send(Err(error))),
        }
    }
}

/// The canonical payload of `event.received`, written in one go: fields in RFC 8785 order. A test
/// holds it to what `canonical` makes of the fact.
fn received_payload(arrival: &Arrival, key: Option<&str>, sha256: &str) -> String {
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
        event_id: Uuid,
        #[serde(skip_serializing_if = "Option::is_none")]
        idempotency_key: Option<&'a str>,
        kind: &'static str,
        raw_sha256: &'a str,
        source: &'a str,
        v: u8,
    }
    let out = Out {
        actor: ActorOut { name: "ingest", r#type: "service" },
        at: arrival.received_at,
        correlation: &arrival.correlation,
        event_id: arrival.event_id,
        idempotency_key: key,
        kind: "event.received",
        raw_sha256: sha256,
        source: &arrival.source,
        v: LAYOUT,
    };
    // Strings, a time and a number: there is nothing in it that does not serialise.
    serde_json::to_string(&out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use argus_soc::ledger::canonical;
    use argus_soc::ledger::fact::{Actor, Fact, What};
    use bytes::Bytes;

    use super::*;

    #[test]
    fn the_quick_payload_is_the_canonical_one() {
        for key in [None, Some("delivery-1".to_owned())] {
            let sealed = Sealed::new(Arrival {
                event_id: Uuid::from_u128(7),
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
                    raw_sha256: Hash::of(b"{}").to_string(),
                },
            );
            assert_eq!(sealed.payload, canonical(&fact).expect("serialises"));
        }
    }
}
