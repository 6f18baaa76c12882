//! Events that cannot be placed. Each is set aside on record, so that none keeps the others waiting.

use argus_soc::ledger::fact::What;
use uuid::Uuid;

use super::{Read, Remembered, Soc};
use crate::ports::ledger::{Batch, LedgerError};
use crate::view::clip;

/// How much of a reason goes into the record.
const REASON: usize = 300;

/// An event that is stored and that nobody can read any more.
pub(super) struct Unreadable {
    pub(super) event_id: Uuid,
    pub(super) correlation: String,
    pub(super) why: String,
}

impl Soc {
    /// Places events, together or, if the store does not take what was made of them, each alone; one
    /// that it does not take alone is set aside. Says whether a run begins.
    pub(super) async fn place_all(
        &self,
        events: &[Read],
        remembered: &mut Remembered,
    ) -> Result<bool, LedgerError> {
        let why = match self.place_together(events, remembered).await {
            Err(LedgerError::Refused(why)) => why,
            done => return done,
        };
        if let [read] = events {
            self.set_aside(read.event.event_id, &read.correlation, &why).await?;
            return Ok(false);
        }
        tracing::warn!(why, events = events.len(), "the store does not take a batch; one by one");
        let mut begins_runs = false;
        for read in events {
            begins_runs |= Box::pin(self.place_all(std::slice::from_ref(read), remembered)).await?;
        }
        Ok(begins_runs)
    }

    /// Writes down that an event is in no incident, and why.
    pub(super) async fn set_aside(
        &self,
        event_id: Uuid,
        correlation: &str,
        why: &str,
    ) -> Result<(), LedgerError> {
        tracing::error!(
            event.id = %event_id, correlation_id = correlation, why,
            "an event cannot be placed and is set aside; nobody is told of it in Teams"
        );
        let reasons = vec![format!("cannot be placed: {}", clip(why, REASON))];
        let fact = self.triage_fact(correlation, What::Ignored { event_id, reasons });
        self.ledger.append(Batch::one(fact)).await?;
        self.metrics.set_aside();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use argus_soc::event::Shape;
    use async_trait::async_trait;
    use bytes::Bytes;

    use crate::adapters::memory::{Medium, Memory, Nowhere, Record};
    use crate::flows::Soc;
    use crate::flows::sources::Sources;
    use crate::flows::testing::{Still, soc};
    use crate::ports::ledger::suite::arrival;
    use crate::ports::ledger::{Arrival, LedgerError};

    /// A medium that does not take records that name poison.
    #[derive(Debug)]
    struct Picky;

    #[async_trait]
    impl Medium for Picky {
        async fn write(&self, records: &[Record]) -> Result<(), LedgerError> {
            if records.iter().any(|record| record.payload.contains("poison")) {
                return Err(LedgerError::Refused("it is too long for an index".into()));
            }
            Ok(())
        }

        async fn read(&self) -> Result<(), LedgerError> {
            Ok(())
        }
    }

    fn on(medium: Arc<dyn Medium>) -> Soc {
        let ledger = Memory::open(medium, Vec::new()).expect("an empty store");
        soc(Arc::new(ledger), Still::new(), Sources::default())
    }

    /// The incident of an event, and whether it is ignored.
    async fn place_of(soc: &Soc, id: uuid::Uuid) -> (Option<String>, bool) {
        let event = soc.ledger.event(id).await.expect("it reads").expect("it is there");
        (event.incident, event.ignored)
    }

    #[tokio::test]
    async fn an_event_that_the_store_does_not_take_stops_no_other() {
        let soc = on(Arc::new(Picky));
        let mut ids = Vec::new();
        for host in ["ws-1", "poison", "ws-3"] {
            let raw = format!(
                r#"{{"id":"{host}","source":"edr","event_type":"malware","severity":"high","entity_type":"host","entity_value":"{host}","title":"Malware"}}"#
            );
            let taken =
                soc.receive("edr", Shape::Generic, None, Bytes::from(raw), "c".into()).await;
            ids.push(taken.expect("it is taken").event_id);
        }
        assert_eq!(soc.triage().await.expect("it goes on"), 3);
        assert_eq!(place_of(&soc, ids[0]).await, (Some("INC-1".into()), false));
        assert_eq!(place_of(&soc, ids[1]).await, (None, true), "set aside, on record");
        assert_eq!(place_of(&soc, ids[2]).await, (Some("INC-2".into()), false));
        assert_eq!(soc.ledger.waiting(9).await.expect("it reads"), [0_u64; 0]);
        let page = soc.metrics.page(soc.ledger.counts().await.expect("it reads"));
        assert!(page.contains("\nargus_events_set_aside_total 1\n"), "{page}");
    }

    #[tokio::test]
    async fn an_event_that_cannot_be_read_any_more_stops_no_other() {
        let soc = on(Arc::new(Nowhere));
        for n in 1..=4 {
            let whole = arrival(n);
            let torn = Bytes::from_static(b"no event");
            let raw = if n % 2 == 0 { torn } else { whole.raw.clone() };
            soc.ledger.receive(Arrival { raw, ..whole }).await.expect("it is taken");
        }
        soc.triage().await.expect("it goes on");
        for (n, place) in [
            (1, (Some("INC-1".into()), false)),
            (2, (None, true)),
            (3, (Some("INC-2".into()), false)),
            (4, (None, true)),
        ] {
            assert_eq!(place_of(&soc, arrival(n).event_id).await, place, "event {n}");
        }
    }

    /// Events of which only the store knows, as after a start, more than go into one batch.
    #[tokio::test]
    async fn what_waits_at_a_start_is_placed_without_a_pause() {
        let soc = on(Arc::new(Nowhere));
        for n in 1..=1_200 {
            soc.ledger.receive(arrival(n)).await.expect("it is taken");
        }
        assert_eq!(soc.triage().await.expect("it goes on"), 1_200);
    }
}
