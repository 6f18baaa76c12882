//! From bytes at the door to a record on disk.

use argus_soc::event::{NormaliseError, Shape, Source, normalise};
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
            correlation,
        };
        match self.ledger.receive(arrival).await {
            Ok(receipt) => {
                if !receipt.duplicate {
                    self.bells.triage.notify_one();
                }
                Ok(receipt)
            }
            Err(LedgerError::KeyReused) => Err(IngestError::KeyReused),
            Err(error) => Err(IngestError::TryAgain(error)),
        }
    }
}
