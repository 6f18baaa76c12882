//! What the writer is asked, and what it answers once that is on disk.

use tokio::sync::oneshot;
use uuid::Uuid;

use super::unavailable;
use crate::adapters::tables::sealed::Sealed;
use crate::ports::chain::Link;
use crate::ports::ledger::{Batch, LedgerError, Receipt};

/// What became of each event of a delivery.
pub(super) type Receipts = Vec<Result<Receipt, LedgerError>>;

#[derive(Debug)]
pub(super) enum Job {
    Receive(Box<Sealed>, oneshot::Sender<Result<Receipt, LedgerError>>),
    /// The events of one delivery.
    ReceiveMany(Vec<Sealed>, oneshot::Sender<Result<Receipts, LedgerError>>),
    Append(Batch, oneshot::Sender<Result<(), LedgerError>>),
    /// Records of another store, as they stand there.
    Import(Vec<Link>, oneshot::Sender<Result<(), LedgerError>>),
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
            Self::Append(_, reply) | Self::Import(_, reply) | Self::Settle(reply) => {
                drop(reply.send(Err(error)));
            }
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
