//! Draining the outbox.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::time::{Instant, sleep, sleep_until};

use super::{Deed, Entry, Outbox, Receipt, State, Target, may_repeat};
use crate::connector::{Connector, Guarantee, SendError, SendErrorKind, Sent, Talk};
use crate::{Activity, Error};

/// Conversations that are spoken in at the same time.
const AT_ONCE: usize = 32;
/// The wait after the first failure, and the longest one.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// How long a draft is tried.
const MAX_AGE: Duration = Duration::from_hours(72);
/// How long to wait when the store does not work.
const STORE_WAIT: Duration = Duration::from_secs(1);
/// Longest sleep, so that a clock that was put back is noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// Gives what an [`Outbox`] holds to a connector, and writes down what became of it.
///
/// One worker drains one outbox. It asks the connector's [governor](Connector::governor) before it
/// takes a draft, so a conversation that has to wait takes no place from another one.
///
/// Its futures are to be run to their end. When one is dropped, what was under way rests until the
/// outbox is opened again, as after a crash.
///
/// ```
/// use std::sync::Arc;
/// use argus_bot_sdk::outbox::{Draft, MemoryStore, Outbox, Worker};
/// use argus_bot_sdk::testing::{Life, Person, TestTeams};
/// use argus_bot_sdk::{Activity, ConversationRef, Router};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let teams = TestTeams::start(Router::new()).await?;
/// let chat = teams.teams().personal(&Person::new("Alice Berg"));
/// let outbox = Outbox::open(Arc::new(MemoryStore::new())).await?;
/// let to = ConversationRef::new(teams.teams().service_url(), &chat);
/// outbox.put(Draft::send(to, Activity::message("hello"))).await?;
///
/// teams.teams().set_life(&chat, Life::BlockedByUser);
/// Worker::new(&outbox, teams.connector()).drain().await?;
/// let dead = outbox.dead_letters().await;
/// outbox.revive(dead[0].ticket).await?;
/// # Ok(()) }
/// ```
#[must_use]
pub struct Worker<'a, C: ?Sized> {
    outbox: &'a Outbox,
    connector: &'a C,
    at_once: usize,
    max_age: Duration,
    mark: Box<dyn Fn(&mut Activity) + Send + Sync + 'a>,
}

impl<'a, C: Connector + ?Sized> Worker<'a, C> {
    /// A worker between the two.
    pub fn new(outbox: &'a Outbox, connector: &'a C) -> Self {
        Self {
            outbox,
            connector,
            at_once: AT_ONCE,
            max_age: MAX_AGE,
            mark: Box::new(say_maybe_twice),
        }
    }

    /// In how many conversations it speaks at the same time, instead of 32.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// use argus_bot_sdk::outbox::{MemoryStore, Outbox, Worker};
    /// use argus_bot_sdk::{Connector, Error};
    ///
    /// async fn speak(teams: &dyn Connector) -> Result<(), Error> {
    ///     let outbox = Outbox::open(Arc::new(MemoryStore::new())).await?;
    ///     Worker::new(&outbox, teams)
    ///         .at_once(8)
    ///         .max_age(Duration::from_hours(6))
    ///         .mark_repeats(|message| message.text = message.text.take().map(|text| text + " (again?)"))
    ///         .drain()
    ///         .await
    /// }
    /// ```
    pub fn at_once(mut self, conversations: usize) -> Self {
        self.at_once = conversations.max(1);
        self
    }

    /// How long a draft is tried before it is a dead letter, instead of three days.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// How a message shows that it may be a repeat, instead of by a line under its text.
    pub fn mark_repeats(mut self, mark: impl Fn(&mut Activity) + Send + Sync + 'a) -> Self {
        self.mark = Box::new(mark);
        self
    }

    /// Works until `stop` is ready and what is under way is settled.
    ///
    /// When the store fails, it waits and goes on; what it could not write down is found as under
    /// way when the outbox is opened next, and until then its conversation rests.
    pub async fn run(&self, stop: impl Future<Output = ()> + Send) {
        let mut stop = std::pin::pin!(stop);
        let mut flight = Flight::default();
        let mut is_stopping = false;
        loop {
            let changed = self.outbox.changed();
            let filled = if is_stopping { Ok(()) } else { self.fill(&mut flight).await };
            if is_stopping && flight.calls.is_empty() {
                return;
            }
            let pause = match filled {
                Ok(()) => self.pause(&flight).await,
                Err(error) => {
                    tracing::error!(%error, "the outbox's store fails");
                    STORE_WAIT
                }
            };
            tokio::select! {
                Some(entry) = flight.calls.next() => self.land(&mut flight, entry).await,
                () = &mut stop, if !is_stopping => is_stopping = true,
                () = changed => {}
                () = sleep(pause) => {}
            }
        }
    }

    /// Works until nothing waits any more.
    ///
    /// # Errors
    ///
    /// The store's first one. What was under way is then found when the outbox is opened next.
    pub async fn drain(&self) -> Result<(), Error> {
        let mut flight = Flight::default();
        loop {
            self.fill(&mut flight).await?;
            if self.outbox.waiting().await == 0 {
                return Ok(());
            }
            let pause = self.pause(&flight).await;
            tokio::select! {
                Some(entry) = flight.calls.next() => self.outbox.settle(entry).await?,
                () = sleep(pause) => {}
            }
        }
    }

    /// Takes drafts until all places are taken or none may go.
    async fn fill<'f>(&'f self, flight: &mut Flight<'f>) -> Result<(), Error> {
        while flight.calls.len() < self.at_once {
            let held = self.held();
            let Some(entry) = self.outbox.take(held).await? else { return Ok(()) };
            flight.calls.push(Box::pin(self.perform(entry)));
        }
        Ok(())
    }

    /// Whom the governor holds back.
    fn held(&self) -> impl Fn(&Entry) -> bool + use<'_, 'a, C> {
        let governor = self.connector.governor();
        move |entry| {
            let is_new = matches!(entry.draft.deed, Deed::Send | Deed::Reply { .. });
            let tenant = entry.draft.to.tenant_key();
            governor
                .is_some_and(|it| is_new && !it.wait(entry.draft.to.root_id(), tenant).is_zero())
        }
    }

    /// How long nothing can go.
    async fn pause(&self, flight: &Flight<'_>) -> Duration {
        let Some(earliest) = self.outbox.earliest_ms().await else { return LONGEST_SLEEP };
        if flight.calls.len() >= self.at_once {
            return LONGEST_SLEEP;
        }
        let wait = u64::try_from(earliest - self.outbox.now_ms()).unwrap_or(0);
        // Those that may go by their own time are held by the governor, whose finest step this is.
        Duration::from_millis(wait.max(10)).min(LONGEST_SLEEP)
    }

    async fn perform(&self, entry: Entry) -> Entry {
        let outcome = self.call(&entry).await;
        self.judge(entry, outcome)
    }

    async fn call(&self, entry: &Entry) -> Result<Sent, Failed> {
        let draft = &entry.draft;
        // Repeating is the outbox's to decide; the connector repeats what is harmless.
        let talk = Talk::new(self.connector, &draft.to).guarantee(Guarantee::AtMostOnce);
        let empty = Activity::default();
        let activity = draft.activity.as_ref().unwrap_or(&empty);
        match &draft.deed {
            Deed::Send | Deed::Reply { .. } => {
                let mut activity = activity.clone();
                if entry.doubt {
                    (self.mark)(&mut activity);
                }
                match &draft.deed {
                    Deed::Reply { to } => talk.reply(to, &activity).await.map_err(Failed::Send),
                    _ => talk.send(&activity).await.map_err(Failed::Send),
                }
            }
            Deed::Update(target) => {
                let id = self.id_of(target).await?;
                let sent = talk.update(&id, activity).await.map_err(Failed::Send)?;
                Ok(Sent { activity_id: Some(id), ..sent })
            }
            Deed::Delete(target) => {
                let id = self.id_of(target).await?;
                talk.delete(&id).await.map_err(Failed::Send)
            }
        }
    }

    async fn id_of(&self, target: &Target) -> Result<String, Failed> {
        self.outbox.target(target).await.ok_or(Failed::NothingShown)
    }

    /// What a call's outcome makes of an entry.
    fn judge(&self, mut entry: Entry, outcome: Result<Sent, Failed>) -> Entry {
        let error = match outcome {
            Ok(sent) => {
                entry.state = State::Sent(Receipt {
                    activity_id: sent.activity_id,
                    status: sent.status,
                    correlation: sent.correlation.map(String::from),
                    maybe_twice: entry.doubt || sent.maybe_twice,
                });
                return entry;
            }
            Err(Failed::NothingShown) => {
                let reason = "the message that it is about was never shown".to_owned();
                entry.state = State::Dead { reason };
                return entry;
            }
            Err(Failed::Send(error)) => error,
        };
        let is_gone = error.status() == Some(404) && matches!(entry.draft.deed, Deed::Delete(_));
        if is_gone && entry.doubt {
            // It was deleted by the try that nobody heard of.
            let receipt = Receipt { status: 404, maybe_twice: true, ..Receipt::default() };
            entry.state = State::Sent(receipt);
            return entry;
        }
        let is_ambiguous = error.kind() == SendErrorKind::Ambiguous;
        entry.doubt |= is_ambiguous;
        if is_ambiguous && !may_repeat(&entry) {
            entry.state = State::Ambiguous;
            return entry;
        }
        let now = self.outbox.now_ms();
        let age = Duration::from_millis(u64::try_from(now - entry.accepted_ms).unwrap_or(0));
        // A credential that the token service refuses is put right by somebody, and then all goes on.
        let is_mended = error.kind() == SendErrorKind::Auth && error.status().is_none();
        if !(error.is_transient() || is_mended) || age >= self.max_age {
            // A doubt stays one: what is refused now may have arrived before.
            entry.state = if entry.doubt && !matches!(entry.draft.deed, Deed::Update(_)) {
                State::Ambiguous
            } else {
                State::Dead { reason: error.to_string() }
            };
            return entry;
        }
        let wait = error.retry_after().unwrap_or_else(|| backoff(entry.tries));
        entry.not_before_ms = now.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(0));
        entry.state = State::Waiting;
        entry
    }

    /// Writes down what became of a draft, as often as it takes: it must not be forgotten.
    async fn land(&self, flight: &mut Flight<'_>, entry: Entry) {
        let until = Instant::now() + STORE_WAIT;
        if let Err(error) = self.outbox.settle(entry.clone()).await {
            tracing::error!(%error, "the outbox could not write down what became of a message");
            flight.calls.push(Box::pin(async move {
                sleep_until(until).await;
                entry
            }));
        }
    }
}

impl<C: ?Sized> fmt::Debug for Worker<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("at_once", &self.at_once).finish_non_exhaustive()
    }
}

/// What is under way.
#[derive(Default)]
struct Flight<'f> {
    calls: FuturesUnordered<BoxFuture<'f, Entry>>,
}

enum Failed {
    Send(SendError),
    /// What is to be changed never came to be.
    NothingShown,
}

fn backoff(tries: u32) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(1_u32 << tries.saturating_sub(1).min(16));
    doubled.min(LONGEST_WAIT)
}

/// A line under a text. A card stays as it is: text beside it would split the message in two.
fn say_maybe_twice(activity: &mut Activity) {
    if let Some(text) = activity.text.as_mut().filter(|text| !text.is_empty()) {
        text.push_str("\n\n_You may have seen this before._");
    }
}
