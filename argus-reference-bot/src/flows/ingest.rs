//! From bytes at the door to a record on disk.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use argus_soc::event::{NormaliseError, SecurityEvent, Shape, Source, normalise};
use bytes::Bytes;

use super::Soc;
use crate::ports::ledger::{Arrival, LedgerError, Receipt};

/// Why an event was not taken.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// It is not an event that anybody could read; sending it again will not help.
    #[error("the body is not an event")]
    Unreadable(#[from] NormaliseError),
    /// The key was used before with another body.
    #[error("the key was used before with another body")]
    KeyReused,
    /// It cannot be written now; send it again.
    #[error("the event cannot be stored now")]
    TryAgain(#[source] LedgerError),
}

/// Events that are kept as they were read at the door, until they are placed: a few megabytes.
const FRESH: usize = 2_048;

/// Events as they were read at the door, so that placing them need not read them again. It is no
/// truth: what is not in it is read from the store.
#[derive(Debug, Default)]
pub struct Fresh(Mutex<BTreeMap<u64, Read>>);

/// An event that was read, and the correlation of its ingest answer.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) event: SecurityEvent,
    pub(super) correlation: String,
}

impl Fresh {
    fn put(&self, place: u64, read: Read) {
        let mut events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if events.len() < FRESH {
            events.insert(place, read);
        }
    }

    /// Takes the event at `place`, and forgets those before it, which were placed without it.
    pub(super) fn take(&self, place: u64) -> Option<Read> {
        let mut events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while events.first_key_value().is_some_and(|(&first, _)| first < place) {
            events.pop_first();
        }
        events.remove(&place)
    }
}

impl Soc {
    /// Takes an event: read, then written and synced. When this returns, it will not be lost.
    ///
    /// # Errors
    ///
    /// [`IngestError`]; nothing was written then.
    pub async fn receive(
        &self,
        source: &str,
        shape: Shape,
        key: Option<String>,
        raw: Bytes,
        correlation: String,
    ) -> Result<Receipt, IngestError> {
        let received_at = self.clock.now();
        let named = Source { name: source, shape, tenant: None };
        let event = normalise(&raw, &named, received_at)?;
        let arrival = Arrival {
            event_id: event.event_id,
            source: source.into(),
            key,
            raw,
            received_at,
            correlation: correlation.clone(),
        };
        match self.ledger.receive(arrival).await {
            Ok(receipt) => {
                if !receipt.duplicate {
                    self.fresh.put(receipt.seq, Read { event, correlation });
                    self.bells.triage.notify_one();
                }
                Ok(receipt)
            }
            Err(LedgerError::KeyReused) => Err(IngestError::KeyReused),
            Err(error) => Err(IngestError::TryAgain(error)),
        }
    }
}
