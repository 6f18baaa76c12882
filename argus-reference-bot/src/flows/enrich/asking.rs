//! One source, asked with care: cache, one question at a time about the same thing, breaker,
//! deadline.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use argus_bot_sdk::Clock;
use argus_soc::enrich::breaker::{Breaker, Pass, Rules, Stage};
use argus_soc::enrich::{Answer, Known};
use argus_soc::event::{Entity, EntityKind};
use jiff::Timestamp;
use moka::future::Cache;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::ports::knowledge::{Finding, Reach, Shared, Silent, Source};

/// What can be kept in a cache.
pub trait Keepable: Clone + Send + Sync + Serialize + DeserializeOwned + 'static {}

impl<T: Clone + Send + Sync + Serialize + DeserializeOwned + 'static> Keepable for T {}

/// How long we wait for a source, and how long its answers are good.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For one answer.
    pub timeout: Duration,
    /// Questions that are on their way at once.
    pub at_once: usize,
    /// How long an answer is good.
    pub known: Duration,
    /// How long "knows nothing" is good.
    pub unknown: Duration,
    /// Answers that are kept.
    pub entries: u64,
    /// When the source is left alone.
    pub rules: Rules,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            timeout: Duration::from_millis(1_500),
            at_once: 16,
            known: Duration::from_hours(1),
            unknown: Duration::from_mins(5),
            entries: 10_000,
            rules: Rules::default(),
        }
    }
}

/// An answer in the cache.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Stored<T> {
    known: Option<T>,
    as_of: Timestamp,
    note: Option<String>,
    good_until: Timestamp,
    /// Whether it is from the cache that replicas share, and nobody was asked for it.
    #[serde(skip)]
    shared: bool,
}

/// One source, and all that stands between it and us.
pub struct Asking<T> {
    source: Arc<dyn Source<T>>,
    optional: bool,
    patience: Patience,
    clock: Arc<dyn Clock>,
    turns: Semaphore,
    breaker: Mutex<Breaker>,
    cache: Cache<(EntityKind, String), Stored<T>>,
    shared: Option<(Arc<dyn Shared>, String)>,
}

impl<T> std::fmt::Debug for Asking<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asking").field("source", &self.source).finish_non_exhaustive()
    }
}

impl<T: Keepable> Asking<T> {
    /// A source whose silence matters.
    pub fn new(source: Arc<dyn Source<T>>, patience: Patience, clock: Arc<dyn Clock>) -> Self {
        Self {
            source,
            optional: false,
            patience,
            clock,
            turns: Semaphore::new(patience.at_once),
            breaker: Mutex::new(Breaker::new(patience.rules)),
            // A little longer than any answer is good, which the clock decides.
            cache: Cache::builder()
                .max_capacity(patience.entries)
                .time_to_live(patience.known.max(patience.unknown).saturating_mul(2))
                .build(),
            shared: None,
        }
    }

    /// Its silence is shown and holds nothing up.
    #[must_use]
    pub fn optional(mut self, optional: Optional) -> Self {
        self.optional = optional == Optional::Yes;
        self
    }

    /// Replicas with the same `scope` share its answers.
    #[must_use]
    pub fn shared(mut self, cache: Arc<dyn Shared>, scope: impl Into<String>) -> Self {
        self.shared = Some((cache, scope.into()));
        self
    }

    /// Its name in the settings.
    pub fn name(&self) -> &str {
        self.source.name()
    }

    /// How many things of this class it knows, if it can count them.
    pub fn of_class(&self, class: &str) -> Option<u64> {
        self.source.of_class(class)
    }

    /// Whether it can know something like this.
    pub fn covers(&self, entity: &Entity) -> bool {
        self.source.covers(entity)
    }

    /// Where its breaker stands.
    pub fn stage(&self) -> Stage {
        self.breaker().stage()
    }

    /// Asks it, or remembers what it said.
    pub async fn ask(&self, entity: &Entity) -> Answer<T> {
        if self.source.reach() == Reach::Here {
            let found = self.source.ask(entity).await;
            return match found {
                Ok(found) => self.answer(entity, self.stored(found), Cached::No),
                Err(silent) => self.silent(entity, self.clock.now(), silent.why),
            };
        }
        let key = (entity.kind.clone(), entity.value.clone());
        if let Some(kept) = self.cache.get(&key).await {
            if self.clock.now() < kept.good_until {
                return self.answer(entity, kept, Cached::Yes);
            }
            self.cache.invalidate(&key).await;
        }
        match self.cache.try_get_with(key, self.fetch(entity)).await {
            Ok(stored) => {
                let cached = if stored.shared { Cached::Yes } else { Cached::No };
                self.answer(entity, stored, cached)
            }
            Err(silent) => self.silent(entity, self.clock.now(), silent.why.clone()),
        }
    }

    /// The answer of a source that said nothing.
    pub fn silent(&self, entity: &Entity, now: Timestamp, why: String) -> Answer<T> {
        Answer {
            source: self.name().into(),
            about: about(entity),
            said: Known::Unavailable { source: self.name().into(), why },
            as_of: None,
            asked_at: now,
            cached: false,
            optional: self.optional,
            note: None,
        }
    }

    fn answer(&self, entity: &Entity, stored: Stored<T>, cached: Cached) -> Answer<T> {
        Answer {
            source: self.name().into(),
            about: about(entity),
            said: stored.known.map_or(Known::Unknown, Known::Known),
            as_of: Some(stored.as_of),
            asked_at: self.clock.now(),
            cached: cached == Cached::Yes,
            optional: self.optional,
            note: stored.note,
        }
    }

    fn stored(&self, found: Finding<T>) -> Stored<T> {
        let now = self.clock.now();
        let keep = match found.known {
            Some(_) => self.patience.known,
            None => self.patience.unknown,
        };
        // A moment in the future is a lie or a wrong clock; nothing is fresher than now.
        let as_of = found.as_of.map_or(now, |it| it.min(now));
        let good_until = now.checked_add(keep).unwrap_or(now);
        Stored { known: found.known, as_of, note: found.note, good_until, shared: false }
    }

    async fn fetch(&self, entity: &Entity) -> Result<Stored<T>, Silent> {
        if let Some(stored) = self.shared_answer(entity).await {
            return Ok(stored);
        }
        let closed = |_| Silent::because("Argus is stopping");
        let _turn = self.turns.acquire().await.map_err(closed)?;
        let attempt = self.attempt()?;
        let answered = tokio::time::timeout(self.patience.timeout, self.source.ask(entity)).await;
        let timeout = self.patience.timeout.as_millis();
        let answered = answered
            .unwrap_or_else(|_| Err(Silent::because(format!("no answer within {timeout} ms"))));
        let stored = self.stored(attempt.ended(answered)?);
        self.share(entity, &stored).await;
        Ok(stored)
    }

    async fn shared_answer(&self, entity: &Entity) -> Option<Stored<T>> {
        let (shared, scope) = self.shared.as_ref()?;
        let bytes = shared.get(&shared_key(scope, entity)).await?;
        let stored: Stored<T> = serde_json::from_slice(&bytes).ok()?;
        let now = self.clock.now();
        // Whoever wrote it, it is good for no longer than one of our own would be.
        let longest = self.patience.known.max(self.patience.unknown);
        let plausible = stored.good_until <= now.checked_add(longest).unwrap_or(now);
        let good = now < stored.good_until && stored.as_of <= now && plausible;
        good.then_some(Stored { shared: true, ..stored })
    }

    async fn share(&self, entity: &Entity, stored: &Stored<T>) {
        let Some((shared, scope)) = &self.shared else { return };
        let keep = if stored.known.is_some() { self.patience.known } else { self.patience.unknown };
        if let Ok(bytes) = serde_json::to_vec(stored) {
            shared.put(&shared_key(scope, entity), bytes, keep).await;
        }
    }

    fn attempt(&self) -> Result<Attempt<'_, T>, Silent> {
        match self.breaker().ask(self.clock.now().as_millisecond()) {
            Pass::Ask => Ok(Attempt { asking: self, since: Instant::now(), ended: false }),
            Pass::Wait { ms } => Err(Silent::because(format!(
                "it failed and is left alone for another {} s",
                ms.saturating_add(999) / 1_000
            ))),
        }
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a source's silence holds nothing up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Optional {
    /// It matters: without it a person decides.
    #[default]
    No,
    /// It is shown, and that is all.
    Yes,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cached {
    Yes,
    No,
}

/// A question on its way. One that nobody waits for any more is a failure if it alone was slow:
/// what was only asked late, behind many others, says nothing about the source.
struct Attempt<'a, T: Keepable> {
    asking: &'a Asking<T>,
    since: Instant,
    ended: bool,
}

impl<T: Keepable> Attempt<'_, T> {
    fn ended(mut self, answered: Result<Finding<T>, Silent>) -> Result<Finding<T>, Silent> {
        self.ended = true;
        match &answered {
            Ok(_) => self.asking.breaker().succeeded(),
            Err(silent) => self.failed(silent.retry_after),
        }
        answered
    }

    fn failed(&self, retry_after: Option<Duration>) {
        let ms = retry_after.map(|it| i64::try_from(it.as_millis()).unwrap_or(i64::MAX));
        let before = self.asking.stage();
        self.asking.breaker().failed(self.asking.clock.now().as_millisecond(), ms);
        if before == Stage::Closed && self.asking.stage() == Stage::Open {
            tracing::warn!(
                source = self.asking.name(),
                "the source fails and is left alone for a while"
            );
        }
    }
}

impl<T: Keepable> Drop for Attempt<'_, T> {
    fn drop(&mut self) {
        if !self.ended && self.since.elapsed() >= self.asking.patience.timeout / 2 {
            self.failed(None);
        }
    }
}

fn about(entity: &Entity) -> String {
    format!("{} {}", entity.kind, entity.value)
}

/// A hash, so that neither a name out of an alert nor a name of ours stands in another system.
fn shared_key(scope: &str, entity: &Entity) -> String {
    use sha2::{Digest as _, Sha256};
    let mut hash = Sha256::new();
    for part in [scope, entity.kind.as_str(), &entity.value] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    format!("argus:enrich:1:{}", crate::hex::hex(&hash.finalize()))
}
