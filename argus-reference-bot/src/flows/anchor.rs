//! The head of the chain is noted outside, so that whoever can rewrite the whole store is found out.
//!
//! Nothing waits for it: events are taken and cards shown while the anchor is away, and what is behind
//! is counted in `/metrics` and said in `/readyz`. A note is no record, since a record of each note
//! would have to be noted too. Two chains under one anchor are an alarm: an incident, and no further
//! notes until somebody has looked and started Argus again.

mod compare;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

pub use self::compare::{Comparison, Differs};
use super::{Soc, correlation_id};
use crate::chain::chain;
use crate::metrics::gauge;
pub use crate::ports::anchor::Head;
use crate::ports::anchor::{Anchor, AnchorError};
use crate::ports::ledger::LedgerError;

/// How often it is looked whether something is to be noted.
const LOOK: Duration = Duration::from_secs(5);
/// The longest pause between two tries while the anchor is away.
const LONGEST: Duration = Duration::from_mins(1);
/// How long a stop waits for the last note.
const LAST: Duration = Duration::from_secs(3);
/// How far back a start looks for the last note first; only where there is none it looks at all.
const RECENT: SignedDuration = SignedDuration::from_hours(48);
/// Heads that are noted at once; what Azure takes in one request.
const AT_ONCE: u64 = 100;
/// The key of the incident that there are two chains.
const FORK: &str = "audit_fork";

/// Where the head is noted, how often, and how far that is.
#[derive(Debug)]
pub struct Anchoring {
    anchor: Arc<dyn Anchor>,
    every_records: u64,
    every: Duration,
    state: Mutex<State>,
}

#[derive(Clone, Debug, Default)]
struct State {
    /// What was compared with the chain, or noted, last.
    last: Option<Head>,
    /// Whether the notes were compared with the chain since the start.
    compared: bool,
    /// When a note was written last.
    at: Option<Instant>,
    /// Tries that failed since, and why the last one did.
    failed: Option<(u32, String)>,
    /// Why there are two chains.
    fork: Option<String>,
}

/// Why nothing was noted.
#[derive(Debug, thiserror::Error)]
pub enum AnchoringError {
    /// The anchor did not take it, or says something else.
    #[error("the head of the audit trail is not noted outside")]
    Anchor(#[from] AnchorError),
    /// The notes and the store do not belong together.
    #[error("{0}")]
    Fork(String),
    /// The store failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Anchoring {
    /// Notes the head in `anchor` once there are `every_records` new records, or new ones for `every`.
    pub fn new(anchor: Arc<dyn Anchor>, every_records: u64, every: Duration) -> Self {
        Self { anchor, every_records: every_records.max(1), every, state: Mutex::default() }
    }

    /// Where the notes are.
    pub fn place(&self) -> Arc<dyn Anchor> {
        Arc::clone(&self.anchor)
    }

    fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// How long to wait before the next look.
    fn pause(&self) -> Duration {
        match self.state().failed {
            Some((tries, _)) => (LOOK * 2_u32.saturating_pow(tries.min(8))).min(LONGEST),
            None => LOOK.min(self.every),
        }
    }

    /// How it stands, for `/readyz`.
    pub fn words(&self, records: u64, now: Timestamp) -> String {
        let state = self.state();
        if let Some(why) = state.fork {
            return format!("ALARM: {why}");
        }
        let noted = match &state.last {
            Some(head) => {
                let age = now.duration_since(head.at).as_secs().max(0);
                format!("record {} of {records} noted {age} s ago", head.seq)
            }
            None => "nothing noted yet".to_owned(),
        };
        match state.failed {
            Some((tries, why)) => format!("{noted}; {tries} tries failed since: {why}"),
            None => noted,
        }
    }

    /// How it stands, for Prometheus.
    pub fn page(&self, records: u64, now: Timestamp) -> String {
        let (mut page, state) = (String::new(), self.state());
        let noted = state.last.as_ref().map_or(0, |head| head.seq);
        let help = "Records that are not covered by a note outside yet.";
        gauge(&mut page, "argus_audit_anchor_lag_records", help, records.saturating_sub(noted));
        if let Some(head) = &state.last {
            let age = u64::try_from(now.duration_since(head.at).as_secs()).unwrap_or(0);
            gauge(
                &mut page,
                "argus_audit_anchor_age_seconds",
                "Age of the last note outside.",
                age,
            );
        }
        let failed = state.failed.map_or(0, |(tries, _)| u64::from(tries));
        let help = "Tries to note the head since the last one that went well.";
        gauge(&mut page, "argus_audit_anchor_failed_tries", help, failed);
        let help = "Whether the notes outside are of another chain.";
        gauge(&mut page, "argus_audit_anchor_fork", help, u64::from(state.fork.is_some()));
        page
    }
}

/// Notes the head of the chain outside, again and again, until `halted`, and then once more.
pub async fn anchor(soc: Arc<Soc>, mut halted: watch::Receiver<bool>) {
    let Some(anchoring) = &soc.anchoring else { return };
    while !*halted.borrow() {
        if soc.shares.placing.is_sure() {
            soc.look_at_anchor(anchoring, When::Due).await;
        }
        tokio::select! {
            biased;
            _ = halted.changed() => {}
            () = tokio::time::sleep(anchoring.pause()) => {}
        }
    }
    if soc.shares.placing.is_sure() {
        let last = soc.look_at_anchor(anchoring, When::Now);
        if tokio::time::timeout(LAST, last).await.is_err() {
            tracing::warn!("the last records are noted outside at the next start");
        }
    }
}

/// When to note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// When enough is new, or long enough.
    Due,
    /// As soon as anything is new.
    Now,
}

impl Soc {
    async fn look_at_anchor(&self, anchoring: &Anchoring, when: When) {
        let error = match self.mind_anchor(anchoring, when).await {
            Ok(()) => return,
            Err(error) => error,
        };
        let why = chain(&error);
        let tries = anchoring.state().failed.map_or(1, |(tries, _)| tries.saturating_add(1));
        anchoring.set(|state| state.failed = Some((tries, why.clone())));
        tracing::warn!(
            tries,
            why,
            "the head of the audit trail is not noted outside; it is tried again"
        );
    }

    /// Compares the last note with the chain, once after a start, and notes the head when it is time.
    ///
    /// # Errors
    ///
    /// [`AnchoringError`]; the next look tries again, but for a fork, after which nothing is noted.
    pub async fn mind_anchor(
        &self,
        anchoring: &Anchoring,
        when: When,
    ) -> Result<(), AnchoringError> {
        if anchoring.state().fork.is_some() {
            return Ok(());
        }
        match self.note_head(anchoring, when).await {
            Err(AnchoringError::Fork(why)) => self.forked(anchoring, why).await,
            Err(AnchoringError::Anchor(error @ AnchorError::Fork { .. })) => {
                self.forked(anchoring, error.to_string()).await
            }
            other => other,
        }
    }

    async fn note_head(&self, anchoring: &Anchoring, when: When) -> Result<(), AnchoringError> {
        let (seq, hash) = self.ledger.head().await?;
        let Some(first) = self.ledger.records_after(0, 1).await?.pop() else { return Ok(()) };
        let now = self.clock.now();
        let store = first.hash.to_string();
        if !anchoring.state().compared {
            let last = last_noted(anchoring.anchor.as_ref(), now).await?;
            if let Some(noted) = &last {
                self.compare(noted, &store, seq).await?;
            }
            anchoring.set(|state| (state.compared, state.last) = (true, last));
        }
        let state = anchoring.state();
        let before = state.last.as_ref().map_or(0, |head| head.seq);
        let new = seq.saturating_sub(before);
        let waited = state.at.is_none_or(|at| at.elapsed() >= anchoring.every);
        if new == 0 || (when == When::Due && new < anchoring.every_records && !waited) {
            return Ok(());
        }
        let mut heads = Vec::new();
        let mut before = before;
        // What was there before the first note was never due.
        let (noted, every) = (before, anchoring.every_records);
        let missed = state.last.iter().flat_map(|_| between(noted, seq, every));
        for place in missed {
            let record = self.ledger.records_after(place.saturating_sub(1), 1).await?.pop();
            if let Some(record) = record.filter(|it| it.seq == place) {
                let (hash, store) = (record.hash.to_string(), store.clone());
                heads.push(Head { seq: place, hash, at: now, store, before });
                before = place;
            }
        }
        heads.push(Head { seq, hash: hash.to_string(), at: now, store, before });
        anchoring.anchor.note_all(&heads).await?;
        anchoring.set(|state| {
            (state.last, state.at, state.failed) = (heads.pop(), Some(Instant::now()), None);
        });
        Ok(())
    }

    /// Whether the store has the record that was noted.
    async fn compare(&self, noted: &Head, store: &str, end: u64) -> Result<(), AnchoringError> {
        let (seq, at) = (noted.seq, noted.at);
        if noted.store != store {
            return Err(AnchoringError::Fork(format!(
                "the notes outside are of another store, whose first record has the hash {}; give \
                 each store a table of its own",
                noted.store
            )));
        }
        if seq > end {
            return Err(AnchoringError::Fork(format!(
                "record {seq} was noted outside at {at}, and the chain ends at record {end}: its end was \
                 cut off, or an older copy of the store was put back"
            )));
        }
        let here = self.ledger.records_after(seq.saturating_sub(1), 1).await?.pop();
        match here.filter(|it| it.seq == seq) {
            Some(it) if noted.is(&it.hash) => Ok(()),
            it => Err(AnchoringError::Fork(format!(
                "record {seq} was noted outside at {at} with the hash {}, and has {} here: there are two \
                 chains",
                noted.hash,
                it.map_or_else(|| "none".to_owned(), |it| it.hash.to_string())
            ))),
        }
    }

    /// Makes it known. Until that is on disk it is found again and again.
    async fn forked(&self, anchoring: &Anchoring, why: String) -> Result<(), AnchoringError> {
        tracing::error!(why, "ALARM: the audit trail is not the one that was noted outside");
        self.say(&alarm(&why), correlation_id()).await?;
        anchoring.set(|state| state.fork = Some(why.clone()));
        Err(AnchoringError::Fork(why))
    }
}

/// The places behind `noted` and before `end` that are noted too, since they were due while the anchor
/// was away or the chain grew faster than anybody looked: each `every` records, and at most so many that
/// they and the end are noted at once.
fn between(noted: u64, end: u64, every: u64) -> impl Iterator<Item = u64> {
    let new = end.saturating_sub(noted);
    let step = every.max(new.div_ceil(AT_ONCE)).max(1);
    (1..AT_ONCE)
        .map(move |n| noted.saturating_add(n.saturating_mul(step)))
        .take_while(move |it| *it < end)
}

async fn last_noted(anchor: &dyn Anchor, now: Timestamp) -> Result<Option<Head>, AnchorError> {
    let recent = now.checked_sub(RECENT).unwrap_or(Timestamp::UNIX_EPOCH);
    match anchor.noted(recent).await?.pop() {
        Some(head) => Ok(Some(head)),
        None => Ok(anchor.noted(Timestamp::UNIX_EPOCH).await?.pop()),
    }
}

fn alarm(why: &str) -> Value {
    let told = argus_soc::ledger::Hash::of(why.as_bytes());
    json!({
        "id": format!("{FORK}/{told}"),
        "source": argus_soc::canary::ARGUS,
        "event_type": FORK,
        "severity": "critical",
        "title": "The audit trail is not the one that was noted outside",
        "description": format!(
            "{why}. Keep the store and its backups as they are, and run `argus audit verify --anchor`."
        ),
        "incident_key": FORK,
        "status": "open",
    })
}

#[cfg(test)]
mod tests;
