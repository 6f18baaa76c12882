//! A source that must speak and does not: an incident of its own, on the ordinary road.
//!
//! A SIEM that went silent looks like a quiet night. What is remembered of an alarm is the incident
//! that it opened, so a restart neither forgets one nor raises it twice.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use argus_soc::event::Shape;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::sync::watch;

use super::{HEARD, SILENT, Source};
use crate::flows::ingest::IngestError;
use crate::flows::{Soc, correlation_id};
use crate::ports::ledger::LedgerError;

/// The name under which Argus itself reports; no configured source may have it.
pub use argus_soc::canary::ARGUS;
/// How long sources have after a start to send what they kept while the bot was away.
const GRACE: Duration = Duration::from_mins(1);

/// What is known about a source that must speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    /// Within its time.
    InTime,
    /// Not within its time; when it was last heard, if that is known.
    Silent(Option<Timestamp>),
    /// It is too early to say.
    TooEarly,
}

/// How often the sources are listened to.
const LOOK: Duration = Duration::from_secs(5);
/// How often the store is asked how much waits, in looks, where this process cannot know it.
const COUNT_EVERY: u32 = 6;

/// Listens to the sources that must speak, and keeps count of what waits, until `halted`.
pub async fn watch_sources(soc: Arc<Soc>, mut halted: watch::Receiver<bool>) {
    let (started, mut looks) = (soc.clock.now(), 0_u32);
    while !*halted.borrow() {
        if soc.should_count(looks) {
            match soc.ledger.counts().await {
                Ok(counts) => soc.sources.backlog.set(counts.waiting, counts.waiting_bytes),
                Err(error) => tracing::warn!(error = %error, "what waits cannot be counted now"),
            }
        }
        if let Err(error) = soc.listen(started).await {
            tracing::warn!(error = %error, "the sources are listened to later");
        }
        looks = looks.wrapping_add(1).max(1);
        let pause = soc.sources.shortest_heartbeat().map_or(LOOK, |it| LOOK.min(it / 2));
        // In a fixed order, so that a simulated run can be run again.
        tokio::select! {
            biased;
            _ = halted.changed() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

impl Soc {
    /// Whether it is time to ask the store how much waits. Only who places events sees it shrink,
    /// and nobody sees what other replicas do.
    fn should_count(&self, looks: u32) -> bool {
        let backlog = &self.sources.backlog;
        let places = self.shares.placing.claim().is_some();
        backlog.is_full()
            || looks.is_multiple_of(COUNT_EVERY) && (looks == 0 || !places || backlog.is_doubtful())
    }

    /// Listens to the sources that must speak: alarms when one is silent for too long, and says
    /// that it is over when it speaks again.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] if the store cannot be asked; nothing is decided then.
    pub async fn listen(&self, started: Timestamp) -> Result<(), LedgerError> {
        let now = self.clock.now();
        for (name, source) in &self.sources.by_name {
            let Some(limit) = source.heartbeat else { continue };
            match self.hear(name, source, limit, started, now).await? {
                Heard::InTime if source.state.load(Relaxed) != HEARD => {
                    // What this process said of it may still wait to be placed.
                    if source.state.load(Relaxed) == SILENT || self.alarms(name).await? {
                        self.report(name, &over(name, now), now).await?;
                    }
                    source.state.store(HEARD, Relaxed);
                }
                Heard::Silent(last) if source.state.load(Relaxed) != SILENT => {
                    if !self.alarms(name).await? {
                        let since = last.unwrap_or(started);
                        self.report(name, &alarm(name, limit, last, since), now).await?;
                    }
                    source.state.store(SILENT, Relaxed);
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn hear(
        &self,
        name: &str,
        source: &Source,
        limit: Duration,
        started: Timestamp,
        now: Timestamp,
    ) -> Result<Heard, LedgerError> {
        let since = now.saturating_sub(SignedDuration::try_from(limit).unwrap_or_default());
        let since = since.unwrap_or(Timestamp::MIN);
        let last = source.last();
        if source.spoke(since) || self.is_in_store(name, source, since).await? {
            return Ok(Heard::InTime);
        }
        let awake = Duration::try_from(now.duration_since(started)).unwrap_or_default();
        let silent = awake >= limit || (awake >= GRACE.min(limit) && self.was_there(since).await?);
        Ok(if silent { Heard::Silent(last) } else { Heard::TooEarly })
    }

    /// Whether the store has something newer of the source: another process may have heard it, or
    /// this one before it was started. What was looked through once is not looked through again.
    async fn is_in_store(
        &self,
        name: &str,
        source: &Source,
        since: Timestamp,
    ) -> Result<bool, LedgerError> {
        let (head, _) = self.ledger.head().await?;
        let scanned = source.scanned.load(Relaxed);
        let stored = self.ledger.last_arrival(name, since, scanned).await?;
        source.scanned.store(head, Relaxed);
        if let Some(stored) = stored {
            source.heard.fetch_max(stored.as_millisecond(), Relaxed);
        }
        Ok(stored.is_some())
    }

    /// Whether the store was in use at that time: a new one has not missed anything.
    async fn was_there(&self, then: Timestamp) -> Result<bool, LedgerError> {
        let first = self.ledger.records_after(0, 1).await?;
        Ok(first.first().is_some_and(|first| first.fact.at <= then))
    }

    /// Whether the incident of this source's silence is open.
    async fn alarms(&self, name: &str) -> Result<bool, LedgerError> {
        Ok(self.ledger.open_incident(Some(&incident_key(name)), "").await?.is_some())
    }

    async fn report(
        &self,
        name: &str,
        event: &serde_json::Value,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        tracing::warn!(event.source = name, title = %event["title"], at = %now, "heartbeat");
        // One silence is one event, whatever its words.
        self.say(event, correlation_id()).await.map(|_| ())
    }

    /// Takes an event of Argus' own. Says whether it is new: the same id is never another event.
    pub(in crate::flows) async fn say(
        &self,
        event: &serde_json::Value,
        correlation: String,
    ) -> Result<bool, LedgerError> {
        let raw = Bytes::from(event.to_string());
        let key = event["id"].as_str().map(str::to_owned);
        match self.receive(ARGUS, Shape::Generic, key, raw, correlation).await {
            Ok(receipt) => Ok(!receipt.duplicate),
            Err(IngestError::KeyReused) => Ok(false),
            Err(IngestError::TryAgain(error)) => Err(error),
            Err(error) => Err(LedgerError::Damaged(error.to_string())),
        }
    }
}

fn incident_key(name: &str) -> String {
    format!("silence/{name}")
}

fn alarm(
    name: &str,
    limit: Duration,
    last: Option<Timestamp>,
    since: Timestamp,
) -> serde_json::Value {
    let limit = SignedDuration::try_from(limit).unwrap_or_default();
    let heard = last.map_or_else(|| "not since the start".to_owned(), |last| format!("at {last}"));
    json!({
        "id": format!("silence/{name}/{}", since.as_millisecond()),
        "source": ARGUS,
        "event_type": "source_silent",
        "severity": "high",
        "title": format!("The source {name} went silent"),
        "description": format!(
            "Nothing came from {name} for {limit:#}; it was last heard {heard}. Alerts may be \
             missing. Look at its forwarder, its key and the network between."
        ),
        "incident_key": incident_key(name),
        "status": "open",
        "entity_type": "event_source",
        "entity_value": name,
    })
}

fn over(name: &str, now: Timestamp) -> serde_json::Value {
    json!({
        "id": format!("silence/{name}/over/{}", now.as_millisecond()),
        "source": ARGUS,
        "event_type": "source_silent",
        "severity": "informational",
        "title": format!("The source {name} speaks again"),
        "incident_key": incident_key(name),
        "status": "resolved",
        "entity_type": "event_source",
        "entity_value": name,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use argus_soc::event::Claims;
    use argus_soc::ledger::fact::{Actor, What};
    use tokio::task::JoinSet;

    use super::super::{Reason, Sources};
    use super::*;
    use crate::adapters::memory::Memory;
    use crate::flows::testing::{Still, soc};
    use crate::ports::ledger::Batch;

    fn argus(heartbeat: Duration, backlog: u64) -> (Arc<Soc>, Arc<Still>) {
        let clock = Still::new();
        let edr = Source::new(Claims::default(), Some(heartbeat));
        let sources = Sources::new(BTreeMap::from([("edr".to_owned(), edr)]), 1 << 20);
        let sources = sources.with_backlog(backlog, u64::MAX);
        let ledger = Arc::new(Memory::default());
        (Arc::new(soc(ledger, Arc::<Still>::clone(&clock), sources)), clock)
    }

    async fn speak(soc: &Soc, id: &str) -> uuid::Uuid {
        let raw = Bytes::from(json!({"id": id, "title": "t", "host": "ws-1"}).to_string());
        let taken = soc.receive("edr", Shape::Generic, None, raw, correlation_id()).await;
        taken.expect("room").event_id
    }

    /// Listens, after so many seconds; gives how many events Argus itself has written by then.
    async fn listen(soc: &Soc, clock: &Still, seconds: i64) -> usize {
        let started = "2026-11-20T08:00:00Z".parse().expect("a time");
        clock.pass(SignedDuration::from_secs(seconds));
        soc.listen(started).await.expect("memory");
        let records = soc.ledger.records_after(0, 100).await.expect("memory");
        let of_argus =
            |what: &What| matches!(what, What::Received { source, .. } if source == ARGUS);
        records.iter().filter(|it| of_argus(&it.fact.what)).count()
    }

    const MINUTE: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn an_alarm_is_over_although_the_source_spoke_before_it_was_placed() {
        let (soc, clock) = argus(MINUTE, u64::MAX);
        assert_eq!(listen(&soc, &clock, 61).await, 1, "the alarm");
        speak(&soc, "a-1").await;
        assert_eq!(listen(&soc, &clock, 1).await, 2, "its end");
        assert_eq!(listen(&soc, &clock, 1).await, 2, "once");
        soc.triage().await.expect("memory");
        let incident = soc.ledger.incident("INC-1").await.expect("memory").expect("it was opened");
        assert_eq!(incident.event.incident_key.as_deref(), Some("silence/edr"));
        assert!(!incident.is_open(), "{incident:?}");
    }

    #[tokio::test]
    async fn whoever_is_turned_away_is_not_silent() {
        let (soc, clock) = argus(MINUTE, u64::MAX);
        assert_eq!(listen(&soc, &clock, 50).await, 0);
        soc.sources.refused("edr", Reason::Busy, soc.clock.now());
        assert_eq!(listen(&soc, &clock, 50).await, 0, "it came 50 seconds ago");
        soc.sources.refused("edr", Reason::Unreadable, soc.clock.now());
        assert_eq!(listen(&soc, &clock, 11).await, 1, "what nobody can read says nothing");
    }

    #[tokio::test]
    async fn what_another_replica_heard_is_heard_and_looked_for_once() {
        let (ours, clock) = argus(MINUTE, u64::MAX);
        let sources = BTreeMap::from([("edr".to_owned(), Source::new(Claims::default(), None))]);
        let ledger = Arc::clone(&ours.ledger);
        let other = soc(ledger, Arc::<Still>::clone(&clock), Sources::new(sources, 1 << 20));
        for n in 0..3 {
            speak(&other, &format!("a-{n}")).await;
            assert_eq!(listen(&ours, &clock, 50).await, 0, "{n}");
        }
        assert_eq!(ours.sources.by_name["edr"].scanned.load(Relaxed), 3);
        assert_eq!(listen(&ours, &clock, 11).await, 1);
    }

    #[tokio::test]
    async fn what_other_replicas_placed_opens_the_doors_again() {
        let (soc, _) = argus(Duration::from_millis(40), 10);
        let mut watching = JoinSet::new();
        let (halt, halted) = watch::channel(false);
        watching.spawn(watch_sources(Arc::clone(&soc), halted));
        let until = async |what: &str, holds: &(dyn Fn() -> bool + Sync)| {
            let patience = Duration::from_secs(20);
            let held = tokio::time::timeout(patience, async {
                while !holds() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            });
            assert!(held.await.is_ok(), "not in time: {what}");
        };
        for (many, what) in [(10, "a full backlog"), (3, "a small one")] {
            let mut ignored = Vec::new();
            for n in 0..many {
                let what = What::Ignored {
                    event_id: speak(&soc, &format!("{many}-{n}")).await,
                    reasons: Vec::new(),
                };
                ignored.push(soc.fact(Actor::service("triage"), "elsewhere", what));
            }
            assert_eq!(soc.sources.backlog.is_full(), many == 10);
            // As another replica does that has the share of placing.
            let batch = Batch { facts: ignored, ..Batch::default() };
            soc.ledger.append(batch).await.expect("memory");
            until(what, &|| soc.sources.backlog.size() == (0, 0)).await;
        }
        halt.send_replace(true);
        while watching.join_next().await.is_some() {}
    }
}
