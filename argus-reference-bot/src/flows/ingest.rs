//! From bytes at the door to a record on disk.

mod fresh;

use argus_soc::event::{NormaliseError, Shape, Source};
use bytes::Bytes;
use jiff::Timestamp;

pub use self::fresh::Fresh;
pub(super) use self::fresh::{Follows, Read};
use super::Soc;
use crate::ports::ledger::{Arrival, LedgerError, Receipt};

/// Events that are read before others on the same thread get their turn.
const AT_ONCE: usize = 32;

/// Why an event was not taken.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// It is not an event that anybody could read; sending it again will not help.
    #[error("the body is not an event")]
    Unreadable(#[from] NormaliseError),
    /// It is larger than an event may be.
    #[error("an event has at most {most} bytes")]
    TooBig {
        /// What it may have.
        most: usize,
    },
    /// The key was used before with another body.
    #[error("the key was used before with another body")]
    KeyReused,
    /// It cannot be written now; send it again.
    #[error("the event cannot be stored now")]
    TryAgain(#[source] LedgerError),
}

impl From<LedgerError> for IngestError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::KeyReused => Self::KeyReused,
            error => Self::TryAgain(error),
        }
    }
}

/// What became of one event of a delivery, in the delivery's order.
pub type Taken = Result<Receipt, IngestError>;

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
    ) -> Taken {
        let (arrival, read) =
            self.read(&Source { name: source, shape, tenant: None }, raw, correlation)?;
        let receipt = self.ledger.receive(Arrival { key, ..arrival }).await?;
        self.took(source, [(receipt, read)]);
        Ok(receipt)
    }

    /// Takes the events of one delivery together: those that can be read are written with one sync.
    /// A key names the whole of them.
    ///
    /// # Errors
    ///
    /// [`IngestError`]; nothing was written then. What is wrong with a single event is its own
    /// answer.
    pub async fn receive_many(
        &self,
        source: &str,
        shape: Shape,
        key: Option<String>,
        parts: Vec<Bytes>,
        correlation: &str,
    ) -> Result<Vec<Taken>, IngestError> {
        let named = Source { name: source, shape, tenant: None };
        let last = parts.len().saturating_sub(1);
        let (mut arrivals, mut waiting) = (Vec::new(), Vec::with_capacity(parts.len()));
        for (place, raw) in parts.into_iter().enumerate() {
            if place % AT_ONCE == AT_ONCE - 1 {
                tokio::task::yield_now().await;
            }
            let key = key.as_ref().map(|key| part_key(key, place, last));
            let read = self.read(&named, raw, format!("{correlation}-{place}"));
            waiting.push(read.map(|(arrival, read)| {
                arrivals.push(Arrival { key, ..arrival });
                read
            }));
        }
        let receipts = self.ledger.receive_many(arrivals).await?;
        let (mut receipts, mut new) = (receipts.into_iter(), Vec::new());
        let mut taken = Vec::with_capacity(waiting.len());
        for read in waiting {
            taken.push(match read {
                Ok(read) => {
                    let receipt = receipts.next().unwrap_or_else(no_answer).map_err(Into::into);
                    new.extend(receipt.as_ref().ok().map(|receipt| (*receipt, read)));
                    receipt
                }
                Err(error) => Err(error),
            });
        }
        self.took(source, new);
        Ok(taken)
    }

    /// Reads an event as its source may speak.
    fn read(
        &self,
        source: &Source<'_>,
        raw: Bytes,
        correlation: String,
    ) -> Result<(Arrival, Read), IngestError> {
        let most = self.sources.max_event_bytes;
        if raw.len() > most {
            return Err(IngestError::TooBig { most });
        }
        let received_at: Timestamp = self.clock.now();
        let event = self.sources.read(&raw, source, received_at)?;
        let read = Read::new(event, correlation.clone(), raw.len());
        let arrival = Arrival {
            event_id: read.event.event_id,
            source: source.name.into(),
            key: None,
            raw,
            received_at,
            correlation,
        };
        Ok((arrival, read))
    }

    /// Hands what is on disk now to whoever places it.
    fn took(&self, source: &str, taken: impl IntoIterator<Item = (Receipt, Read)>) {
        let mut rings = false;
        for (receipt, read) in taken {
            self.sources.heard(source, read.event.received_at, receipt.duplicate);
            if !receipt.duplicate {
                rings = true;
                self.sources.backlog.grow(read.bytes);
                self.fresh.put(receipt.seq, read.behind(receipt.after));
            }
        }
        if rings {
            self.bells.triage.notify_one();
        }
    }
}

/// The key of an event of a delivery. The last one's is another one than that of an event that
/// others follow, so that a longer delivery under the same name is recognised. No header value has
/// a line feed in it, so no sender can mean these.
fn part_key(key: &str, place: usize, last: usize) -> String {
    match place {
        0 => key.to_owned(),
        place if place == last => format!("{key}\n{place}."),
        place => format!("{key}\n{place}"),
    }
}

/// A store that answers less than it was asked has not said that the rest is on disk.
fn no_answer() -> Result<Receipt, LedgerError> {
    Err(LedgerError::Unavailable("the store did not answer for this event".into()))
}
