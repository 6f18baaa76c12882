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

/// Events as they were read at the door, by their place in the chain, so that placing them need not
/// read them again. It is no truth: what is not in it is read from the store.
#[derive(Debug, Default)]
pub struct Fresh(Mutex<BTreeMap<u64, Read>>);

/// An event that was read, and the correlation of its ingest answer.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) event: SecurityEvent,
    pub(super) correlation: String,
    /// The place of the event before it in the chain.
    after: Option<u64>,
}

/// What comes after an event.
#[derive(Debug)]
pub(super) enum Follows {
    /// These events, without a gap, and the place of the last one.
    Events(u64, Vec<Read>),
    /// Nothing that came through the door.
    Nothing,
    /// Something that only the store knows.
    Unknown,
}

impl Read {
    pub(super) fn new(event: SecurityEvent, correlation: String) -> Self {
        Self { event, correlation, after: None }
    }
}

impl Fresh {
    fn put(&self, place: u64, read: Read) {
        let mut events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The last one stays in any case: it says that there is something to look for.
        if events.len() >= FRESH {
            events.pop_last();
        }
        events.insert(place, read);
    }

    /// Takes the events that follow the one at `placed`, up to the first gap, at most `most`.
    pub(super) fn after(&self, placed: u64, most: usize) -> Follows {
        let mut events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut last, mut taken) = (placed, Vec::new());
        while let Some(entry) = events.first_entry() {
            let place = *entry.key();
            if place <= last {
                entry.remove();
                continue;
            }
            if taken.len() >= most || entry.get().after != Some(last) {
                break;
            }
            taken.push(entry.remove());
            last = place;
        }
        match (taken.is_empty(), events.is_empty()) {
            (false, _) => Follows::Events(last, taken),
            (true, true) => Follows::Nothing,
            (true, false) => Follows::Unknown,
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
                    let read = Read { event, correlation, after: receipt.after };
                    self.fresh.put(receipt.seq, read);
                    self.bells.triage.notify_one();
                }
                Ok(receipt)
            }
            Err(LedgerError::KeyReused) => Err(IngestError::KeyReused),
            Err(error) => Err(IngestError::TryAgain(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(after: Option<u64>) -> Read {
        let source = Source { name: "edr", shape: Shape::Auto, tenant: None };
        let now = "2026-11-20T08:00:00Z".parse().expect("a time");
        let event = normalise(b"{}", &source, now).expect("an event");
        Read { after, ..Read::new(event, "c-1".into()) }
    }

    fn places(follows: &Follows) -> (Option<u64>, usize) {
        match follows {
            Follows::Events(last, events) => (Some(*last), events.len()),
            Follows::Nothing => (None, 0),
            Follows::Unknown => (None, 1),
        }
    }

    #[test]
    fn events_follow_each_other_up_to_a_gap() {
        let fresh = Fresh::default();
        assert_eq!(places(&fresh.after(4, 9)), (None, 0), "nothing came");
        for (place, after) in [(9, Some(7)), (5, Some(4)), (7, Some(5)), (12, Some(11))] {
            fresh.put(place, read(after));
        }
        assert_eq!(places(&fresh.after(4, 2)), (Some(7), 2), "at most two");
        assert_eq!(places(&fresh.after(7, 9)), (Some(9), 1), "up to the gap");
        assert_eq!(places(&fresh.after(9, 9)), (None, 1), "the store knows what is in the gap");
        assert!(fresh.take(12).is_some());
        assert_eq!(places(&fresh.after(12, 9)), (None, 0));
    }

    #[test]
    fn what_was_placed_otherwise_is_forgotten_and_the_first_event_of_all_is_looked_for() {
        let fresh = Fresh::default();
        fresh.put(3, read(None));
        fresh.put(5, read(Some(3)));
        assert_eq!(places(&fresh.after(0, 9)), (None, 1), "nobody knows what is before it");
        assert_eq!(places(&fresh.after(3, 9)), (Some(5), 1));
        fresh.put(8, read(Some(5)));
        assert_eq!(places(&fresh.after(8, 9)), (None, 0));
    }

    #[test]
    fn too_many_leave_a_gap_and_not_silence() {
        let fresh = Fresh::default();
        let many = u64::try_from(FRESH).expect("fits") + 10;
        (1..=many).for_each(|place| fresh.put(place, read(Some(place - 1))));
        let (last, _) = places(&fresh.after(0, usize::MAX));
        assert_eq!(last, Some(many - 11));
        assert_eq!(places(&fresh.after(many - 11, 9)), (None, 1), "the last one says so");
    }
}
