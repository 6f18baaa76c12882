//! The figures of the last seven days, folded from new records each minute.
//!
//! Nothing of it is truth: it is computed again from the records at each start, in each replica, and
//! `argus measures` says the same.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argus_soc::measures::{Measures, Report};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::Soc;
use crate::chain::chain;
use crate::ports::ledger::LedgerError;

/// The window.
pub const WINDOW: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How often new records are looked at.
const EVERY: Duration = Duration::from_mins(1);
/// Records read at once.
const PIECE: u32 = 1_000;
/// Between two of them: whoever else asks the store goes first.
const REST: Duration = Duration::from_millis(2);

/// The newest figures; none before they were computed first.
#[derive(Debug, Default)]
pub struct Measured(Mutex<Option<Arc<Report>>>);

impl Measured {
    /// The newest figures.
    pub fn report(&self) -> Option<Arc<Report>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, report: Report) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(report));
    }
}

/// What was folded, up to which record.
#[derive(Debug)]
struct Folded {
    measures: Measures,
    last: u64,
}

/// Keeps the figures up to date until `halted`.
pub async fn measure(soc: Arc<Soc>, mut halted: watch::Receiver<bool>) {
    let mut folded = None;
    while !*halted.borrow() {
        if let Err(error) = soc.fold_new(&mut folded, &halted).await {
            tracing::warn!(why = chain(&error), "the figures stay as they are for now");
        }
        // In a fixed order, so that a simulated run can be run again.
        tokio::select! {
            biased;
            _ = halted.changed() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

impl Soc {
    /// Folds what was recorded since, and forgets what is older than the window.
    async fn fold_new(
        &self,
        folded: &mut Option<Folded>,
        halted: &watch::Receiver<bool>,
    ) -> Result<(), LedgerError> {
        let now = self.clock.now();
        let from = now.checked_sub(WINDOW).unwrap_or(Timestamp::MIN);
        let mut on = match folded.take() {
            Some(on) => on,
            None => Folded { measures: Measures::new(from), last: self.last_before(from).await? },
        };
        loop {
            let records = match self.ledger.records_after(on.last, PIECE).await {
                Ok(records) => records,
                Err(error) => {
                    *folded = Some(on);
                    return Err(error);
                }
            };
            for record in &records {
                on.measures.take(&record.fact);
                on.last = record.seq;
            }
            if records.len() < PIECE as usize {
                break;
            }
            on.measures.forget_before(from);
            tokio::time::sleep(REST).await;
            if *halted.borrow() {
                return Ok(());
            }
        }
        on.measures.forget_before(from);
        self.measured.set(on.measures.report(now));
        *folded = Some(on);
        Ok(())
    }

    /// The last record that was written before `from`, by halving.
    async fn last_before(&self, from: Timestamp) -> Result<u64, LedgerError> {
        let (mut before, (mut reached, _)) = (0, self.ledger.head().await?);
        while before < reached {
            let middle = before + (reached - before) / 2;
            let next = self.ledger.records_after(middle, 1).await?;
            match next.first().filter(|next| next.fact.at < from) {
                Some(next) => before = next.seq,
                None => reached = middle,
            }
        }
        Ok(before)
    }
}

#[cfg(test)]
mod tests {
    use argus_soc::ledger::fact::{Actor, What};

    use super::*;
    use crate::flows::testing::Still;
    use crate::flows::world::{World, receive};
    use crate::ports::ledger::Batch;

    #[tokio::test]
    async fn figures_follow_the_records_and_the_window_moves_on() {
        let (world, clock) = (World::default(), Still::new());
        let hours = SignedDuration::from_hours;
        let new = || Soc { clock: Arc::<Still>::clone(&clock), ..world.soc(&[]) };
        let (soc, halted) = (new(), watch::channel(false).1);
        let mut folded = None;
        let mut look = async |soc: &Soc| {
            soc.fold_new(&mut folded, &halted).await.expect("a store");
            soc.measured.report().expect("figures")
        };
        assert!(soc.measured.report().is_none(), "nothing is known before it was looked");
        assert_eq!(look(&soc).await.incidents, 0);
        for n in 1..=2 {
            receive(&soc, n).await;
            soc.triage().await.expect("a store");
            let what = What::Acknowledged;
            let ann = crate::flows::world::ann().actor();
            let fact = soc.fact(ann, "c", what).of(&format!("INC-{n}"));
            soc.ledger.append(Batch::one(fact)).await.expect("a store");
            clock.pass(hours(24));
        }
        let report = look(&soc).await;
        assert_eq!((report.incidents, report.detect.n, report.acknowledge.n), (2, 0, 0));
        assert_eq!(look(&soc).await.incidents, 2, "nothing is counted twice");

        // A week after the first one, as it was all along and as a new process finds it.
        clock.pass(hours(5 * 24) + SignedDuration::from_secs(1));
        let old = look(&soc).await;
        assert_eq!(old.incidents, 1);
        let (late, mut fresh) = (new(), None);
        late.fold_new(&mut fresh, &watch::channel(false).1).await.expect("a store");
        assert_eq!(late.measured.report().as_deref(), Some(&*old));
    }

    #[tokio::test]
    async fn where_the_window_begins_is_found() {
        let (world, clock) = (World::default(), Still::new());
        let soc = Soc { clock: Arc::<Still>::clone(&clock), ..world.soc(&[]) };
        let begun = soc.clock.now();
        assert_eq!(soc.last_before(begun).await.expect("a store"), 0, "an empty store");
        for _ in 0..7 {
            let what = What::Started { version: "1".into() };
            let fact = soc.fact(Actor::service("test"), "c", what);
            soc.ledger.append(Batch::one(fact)).await.expect("a store");
            clock.pass(SignedDuration::from_secs(10));
        }
        for (second, last) in
            [(-5, 0), (0, 0), (1, 1), (10, 1), (35, 4), (60, 6), (61, 7), (999, 7)]
        {
            let from = begun + SignedDuration::from_secs(second);
            assert_eq!(soc.last_before(from).await.expect("a store"), last, "{second}");
        }
    }
}
