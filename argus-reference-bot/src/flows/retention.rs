//! Retention: bodies of old events go from the store into archives. Records stay, with their hashes,
//! so the chain is proven as before; the record of an archive says which bodies it has.
//!
//! The file is on disk before the record is, and the store gives the bodies up in the transaction of
//! the record. A kill in between leaves a file that is written again.

use std::sync::Arc;
use std::time::Duration;

use argus_soc::ledger::fact::{Actor, Fact, What};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::Soc;
use crate::chain::chain;
use crate::ports::archives::Archives;
use crate::ports::chain::Link;
use crate::ports::ledger::{Batch, Claim, Ledger, LedgerError};

/// How often the bot looks for old bodies.
const EVERY: Duration = Duration::from_hours(6);
/// After a start it does other things first.
const FIRST: Duration = Duration::from_mins(1);
/// Events that are read at once; each may be a mebibyte.
const PAGE: u32 = 32;
/// Events, and bytes of bodies, in one archive at most.
const MOST: (usize, usize) = (20_000, 64 * 1024 * 1024);
/// Runs of events that one record names at most.
const MOST_RUNS: usize = 1_000;

/// How long bodies stay, and where they go then.
#[derive(Clone, Debug)]
pub struct Retention {
    /// How long an event's body stays in the store after it came in.
    pub keep: SignedDuration,
    /// Where it goes then.
    pub archives: Arc<dyn Archives>,
}

/// Why bodies were not archived.
#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    /// The archive could not be written. The bodies are still in the store.
    #[error("the archive cannot be written")]
    Archive(#[source] std::io::Error),
    /// The store failed. An archive may have been written in vain.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// What was archived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Archived {
    /// The files.
    pub files: Vec<String>,
    /// How many bodies are in them.
    pub events: u64,
    /// How many bytes these were in the store.
    pub bytes: u64,
}

/// Archives what has become old, again and again, while this process is the one that places events.
pub async fn follow(soc: Arc<Soc>, retention: Retention, mut halted: watch::Receiver<bool>) {
    let mut pause = FIRST;
    loop {
        tokio::select! {
            _ = halted.changed() => return,
            () = tokio::time::sleep(pause) => pause = EVERY,
        }
        let Some(claim) = soc.shares.placing.claim() else { continue };
        match retention.archive(soc.ledger.as_ref(), soc.clock.now(), Some(claim)).await {
            Ok(done) if done.events > 0 => {
                tracing::info!(events = done.events, files = ?done.files, "bodies were archived");
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(error = chain(&error), "old bodies stay in the store for now");
            }
        }
    }
}

impl Retention {
    /// Archives the bodies of all events that are old at `now`, but for those of open incidents.
    ///
    /// # Errors
    ///
    /// [`RetentionError`]; what was archived before it stays archived.
    pub async fn archive(
        &self,
        ledger: &dyn Ledger,
        now: Timestamp,
        claim: Option<Claim>,
    ) -> Result<Archived, RetentionError> {
        let before = now.checked_sub(self.keep).unwrap_or(Timestamp::MIN);
        let (mut done, mut after) = (Archived::default(), 0);
        loop {
            let taken = Taken::gather(ledger, after, before).await?;
            after = taken.last;
            let (Some((first, _)), Some((_, last))) = (taken.runs.first(), taken.runs.last())
            else {
                return Ok(done);
            };
            let file = format!("bodies-{first:012}-{last:012}.jsonl.gz");
            let events = u64::try_from(taken.links.len()).unwrap_or(u64::MAX);
            let kept = self.archives.keep(file.clone(), taken.links).await;
            let file_sha256 = kept.map_err(RetentionError::Archive)?;
            let what =
                What::Archived { file: file.clone(), file_sha256, events, bodies: taken.runs };
            let fact = Fact::new(now, Actor::service("retention"), "retention", what);
            ledger.append(Batch { claim: claim.clone(), ..Batch::one(fact) }).await?;
            done.files.push(file);
            done.events += events;
            done.bytes += taken.bytes;
        }
    }
}

/// What goes into one archive.
#[derive(Default)]
struct Taken {
    links: Vec<Link>,
    bytes: u64,
    /// The first and last event of each run; between two runs stands an event that stays.
    runs: Vec<(u64, u64)>,
    /// Where to go on.
    last: u64,
}

impl Taken {
    async fn gather(
        ledger: &dyn Ledger,
        after: u64,
        before: Timestamp,
    ) -> Result<Self, LedgerError> {
        let mut taken = Self { last: after, ..Self::default() };
        let mut going_on = false;
        loop {
            let page = ledger.bodies(taken.last, PAGE).await?;
            if page.is_empty() {
                return Ok(taken);
            }
            for link in page {
                if link.fact()?.at >= before || taken.is_full() {
                    return Ok(taken);
                }
                taken.last = link.seq;
                let Some(raw) = &link.raw else {
                    going_on = false;
                    continue;
                };
                taken.bytes += u64::try_from(raw.len()).unwrap_or(u64::MAX);
                match taken.runs.last_mut().filter(|_| going_on) {
                    Some((_, last)) => *last = link.seq,
                    None => taken.runs.push((link.seq, link.seq)),
                }
                going_on = true;
                taken.links.push(link);
            }
        }
    }

    fn is_full(&self) -> bool {
        let bytes = usize::try_from(self.bytes).unwrap_or(usize::MAX);
        self.links.len() >= MOST.0 || bytes >= MOST.1 || self.runs.len() >= MOST_RUNS
    }
}
