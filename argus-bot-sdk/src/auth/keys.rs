//! The issuer's keys: fetched by one, used by all, never forgotten because of a bad day.
//!
//! Rules: a known key is never kept waiting by anything. An unknown key id may cause one fetch per
//! [`UNKNOWN_EVERY`], so that a flood of invented ids cannot make us hammer the key server, while a
//! new key works within a minute of its first use. Keys stay usable for [`USABLE`] while the server
//! does not answer. Fetches run in tasks of their own: a caller who hangs up cannot stop them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinSet;
use url::Url;

use crate::auth::fetch::{self, Document};
use crate::auth::jwks::{self, Key, KeysById, Metadata};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind};

/// Microsoft asks for a refresh at least every 24 hours; half of that leaves time for retries.
const FRESH: Duration = Duration::from_hours(12);

/// Microsoft's older text lets a bot keep keys for 5 days; after that they prove nothing.
const USABLE: Duration = Duration::from_hours(5 * 24);

/// A little less than the minute within which a new key has to work.
const UNKNOWN_EVERY: Duration = Duration::from_secs(55);

/// The longest pause between two attempts to get the keys while the server does not answer.
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// Both documents together have to arrive within the time a caller is kept waiting.
const WAIT: Duration = Duration::from_secs(11);

/// The keys of one issuer.
#[derive(Debug)]
pub(crate) struct Keys {
    fetcher: Arc<Fetcher>,
    // Dropped with the keys, so that no task outlives them.
    tasks: Mutex<JoinSet<()>>,
}

/// One set of keys that was published together.
pub(crate) struct KeySet {
    by_id: KeysById,
    metadata: Metadata,
    etags: Etags,
    fetched_at: Timestamp,
    /// Grows whenever the keys change, so that what was proven with older ones can be forgotten.
    pub(crate) generation: u64,
}

/// A key that can be used, and the set it comes from.
pub(crate) struct Found {
    pub(crate) keys: Vec<Key>,
    pub(crate) rs256: bool,
    pub(crate) generation: u64,
}

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoKey {
    /// The issuer does not publish a key of this id.
    Unknown,
    /// The issuer's keys cannot be had now.
    Unavailable,
}

#[derive(Clone, Default)]
struct Etags {
    metadata: Option<String>,
    keys: Option<String>,
}

#[derive(Debug)]
struct Fetcher {
    url: Url,
    client: reqwest::Client,
    clock: Arc<dyn Clock>,
    current: ArcSwapOption<KeySet>,
    pace: Mutex<Pace>,
    finished: watch::Sender<u64>,
}

/// When the next fetch may start.
#[derive(Debug, Default)]
struct Pace {
    running: bool,
    failures: u32,
    last_end: Option<Timestamp>,
    last_unknown: Option<Timestamp>,
}

/// Why somebody wants a fetch.
#[derive(Clone, Copy)]
enum Reason {
    /// There are no usable keys.
    Cold,
    /// The keys are getting old.
    Old,
    /// Somebody signed with a key that is not among them.
    Unknown,
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeySet")
            .field("keys", &self.by_id.len())
            .field("fetched_at", &self.fetched_at)
            .finish_non_exhaustive()
    }
}

impl Keys {
    /// The keys that the OpenID document at `url` names; nothing is fetched yet.
    pub(crate) fn new(url: Url, client: reqwest::Client, clock: Arc<dyn Clock>) -> Self {
        let fetcher = Fetcher {
            url,
            client,
            clock,
            current: ArcSwapOption::empty(),
            pace: Mutex::default(),
            finished: watch::Sender::new(0),
        };
        Self { fetcher: Arc::new(fetcher), tasks: Mutex::default() }
    }

    /// The keys of this id, fetching them if that is due and allowed.
    pub(crate) async fn find(&self, kid: &str) -> Result<Found, NoKey> {
        let reason = match self.look_up(kid) {
            Ok(found) => return Ok(found),
            Err(NoKey::Unknown) => Reason::Unknown,
            Err(NoKey::Unavailable) => Reason::Cold,
        };
        if let Some(fetched) = self.start(reason) {
            Self::wait(fetched).await;
        }
        // Also without a fetch of our own: one may have ended just before we asked for it.
        self.look_up(kid)
    }

    /// Fetches the keys now, unless somebody does already.
    pub(crate) async fn prefetch(&self) -> Result<(), Error> {
        if let Some(fetched) = self.start(Reason::Cold) {
            Self::wait(fetched).await;
        }
        self.age().map(|_| ()).ok_or_else(|| {
            Error::new(ErrorKind::Unavailable, "the keys of the token issuer cannot be fetched")
        })
    }

    /// How long ago the issuer last confirmed the keys; `None` if it never did.
    pub(crate) fn age(&self) -> Option<Duration> {
        let set = self.fetcher.current.load_full()?;
        Some(since(self.fetcher.clock.now(), set.fetched_at).unwrap_or_default())
    }

    /// The generation of the keys in use; `None` while there are none that prove anything.
    pub(crate) fn generation(&self) -> Option<u64> {
        let set = self.fetcher.current.load();
        let set = set.as_ref()?;
        let age = since(self.fetcher.clock.now(), set.fetched_at);
        if age.is_none_or(|age| age > FRESH) {
            drop(self.start(Reason::Old));
        }
        (age.unwrap_or_default() <= USABLE).then_some(set.generation)
    }

    fn look_up(&self, kid: &str) -> Result<Found, NoKey> {
        self.generation().ok_or(NoKey::Unavailable)?;
        let set = self.fetcher.current.load();
        let set = set.as_ref().ok_or(NoKey::Unavailable)?;
        let keys = set.by_id.get(kid).ok_or(NoKey::Unknown)?.clone();
        Ok(Found { keys, rs256: set.metadata.rs256, generation: set.generation })
    }

    /// Starts a fetch if that is allowed; gives what to wait for if one is running now.
    fn start(&self, reason: Reason) -> Option<watch::Receiver<u64>> {
        let finished = self.fetcher.finished.subscribe();
        let now = self.fetcher.clock.now();
        if self.fetcher.pace().may_start(reason, now)? {
            let fetcher = Arc::clone(&self.fetcher);
            let mut tasks = lock(&self.tasks);
            while tasks.try_join_next().is_some() {}
            if tasks.is_empty() {
                // A bot that nobody speaks to must not wake up with the keys of last week.
                tasks.spawn(Arc::clone(&fetcher).keep_fresh());
            }
            tasks.spawn(async move { fetcher.refresh().await });
        }
        Some(finished)
    }

    async fn wait(mut finished: watch::Receiver<u64>) {
        // Neither the time running out nor the sender being gone changes what comes next: looking
        // again and saying what is known then.
        drop(tokio::time::timeout(WAIT, finished.changed()).await);
    }
}

impl Pace {
    /// `Some(true)` to start a fetch, `Some(false)` to join the one that runs, `None` for neither.
    fn may_start(&mut self, reason: Reason, now: Timestamp) -> Option<bool> {
        if self.running {
            return Some(false);
        }
        let waited = |then: Option<Timestamp>, pause: Duration| {
            then.and_then(|then| since(now, then)).is_none_or(|passed| passed >= pause)
        };
        let allowed = match reason {
            Reason::Unknown => waited(self.last_unknown, UNKNOWN_EVERY),
            Reason::Cold | Reason::Old => waited(self.last_end, self.backoff()),
        };
        if !allowed {
            return None;
        }
        if matches!(reason, Reason::Unknown) {
            self.last_unknown = Some(now);
        }
        self.running = true;
        Some(true)
    }

    /// 1, 2, 4, 8, 16, then 30 seconds.
    fn backoff(&self) -> Duration {
        match self.failures {
            0 => Duration::ZERO,
            failures => Duration::from_secs(1 << (failures - 1).min(5)).min(MAX_BACKOFF),
        }
    }
}

impl Fetcher {
    fn pace(&self) -> MutexGuard<'_, Pace> {
        lock(&self.pace)
    }

    async fn refresh(&self) {
        // Also when the runtime is shut down in the middle: nobody may wait for a fetch that is gone.
        let ending = Ending(self);
        let fetched = self.fetch().await;
        let mut pace = self.pace();
        match fetched {
            Ok(set) => {
                pace.failures = 0;
                self.current.store(Some(Arc::new(set)));
            }
            Err(error) => {
                pace.failures = pace.failures.saturating_add(1);
                tracing::warn!(
                    error = %error,
                    failures = pace.failures,
                    "the token issuer's keys could not be refreshed; the known ones stay in use"
                );
            }
        }
        drop(pace);
        drop(ending);
    }

    async fn keep_fresh(self: Arc<Self>) {
        loop {
            let failing = self.pace().failures > 0;
            tokio::time::sleep(if failing { MAX_BACKOFF } else { FRESH }).await;
            let may_start = self.pace().may_start(Reason::Old, self.clock.now());
            if may_start == Some(true) {
                self.refresh().await;
            }
        }
    }

    async fn fetch(&self) -> Result<KeySet, Error> {
        let old = self.current.load_full();
        let mut etags = old.as_ref().map(|old| old.etags.clone()).unwrap_or_default();
        let unusable = |why: &str| Error::new(ErrorKind::Unavailable, why);

        let answer = fetch::document(&self.client, &self.url, etags.metadata.as_deref()).await?;
        let metadata = match (answer, &old) {
            (Document::New { body, etag }, _) => {
                etags.metadata = etag;
                jwks::metadata(&body, &self.url).map_err(unusable)?
            }
            (Document::Unchanged, Some(old)) => old.metadata.clone(),
            (Document::Unchanged, None) => return Err(unusable("the key server answered 304")),
        };
        // An etag belongs to its URL: another list may happen to have the same one.
        let same_list = old.as_ref().is_some_and(|old| old.metadata.jwks_uri == metadata.jwks_uri);
        let etag = etags.keys.as_deref().filter(|_| same_list);
        let answer = fetch::document(&self.client, &metadata.jwks_uri, etag).await?;
        let by_id = match (answer, &old) {
            (Document::New { body, etag }, _) => {
                etags.keys = etag;
                jwks::keys(&body).map_err(unusable)?
            }
            (Document::Unchanged, Some(old)) => old.by_id.clone(),
            (Document::Unchanged, None) => return Err(unusable("the key server answered 304")),
        };
        let generation = match &old {
            Some(old) if old.by_id == by_id && old.metadata.rs256 == metadata.rs256 => {
                old.generation
            }
            Some(old) => old.generation + 1,
            None => 0,
        };
        Ok(KeySet { by_id, metadata, etags, fetched_at: self.clock.now(), generation })
    }
}

struct Ending<'a>(&'a Fetcher);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let mut pace = self.0.pace();
        pace.running = false;
        pace.last_end = Some(self.0.clock.now());
        drop(pace);
        self.0.finished.send_modify(|count| *count += 1);
    }
}

/// How much later `now` is; `None` if the clock was put back in between.
fn since(now: Timestamp, then: Timestamp) -> Option<Duration> {
    Duration::try_from(now.duration_since(then)).ok()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
