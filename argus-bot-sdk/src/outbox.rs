//! What is to be said, kept until it is said: durable, in order, and without repeating old news.
//!
//! A [`Draft`] is accepted with [`Outbox::put`], which returns when it is stored. A [`Worker`]
//! drains the outbox through a [`Connector`](crate::Connector). In between the following holds:
//!
//! - In one conversation drafts leave in the order in which they came, one at a time. A
//!   conversation that does not answer holds up no other.
//! - Among conversations the one with the most urgent draft goes first, then the oldest.
//! - A draft with a [supersede key](Draft::supersedes) takes the place of the one that waits under
//!   the same key, so that a card shows its latest state and not its history.
//! - A draft that Teams refuses for good becomes a dead letter, which a person can revive.
//! - A message of which nobody knows whether it arrived is sent again or is put on record as
//!   [`State::Ambiguous`], as its [`Guarantee`] says. A crash is such a case too.
//!
//! [`OutboxStore`] is the port: a table of entries. [`MemoryStore`] is for tests and small bots;
//! with the feature `sqlite`, `SqliteStore` survives the process.
//!
//! ```
//! use std::sync::Arc;
//! use argus_bot_sdk::outbox::{Draft, MemoryStore, Outbox, State, Worker};
//! use argus_bot_sdk::testing::{Person, TestTeams};
//! use argus_bot_sdk::{Activity, ConversationRef, Router};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let teams = TestTeams::start(Router::new()).await?;
//! let chat = teams.teams().personal(&Person::new("Alice Berg"));
//! let to = ConversationRef::new(teams.teams().service_url(), &chat);
//!
//! let outbox = Outbox::open(Arc::new(MemoryStore::new())).await?;
//! let card = outbox.put(Draft::send(to.clone(), Activity::message("1 host")).supersedes("incident 7")).await?;
//! let newer = Draft::update_of(to, card, Activity::message("2 hosts")).supersedes("incident 7");
//! let newer = outbox.put(newer).await?;
//!
//! Worker::new(&outbox, teams.connector()).drain().await?;
//! assert!(matches!(outbox.state(newer).await, Some(State::Sent(_))));
//! assert_eq!(outbox.state(card).await, Some(State::Superseded { by: newer }));
//! assert_eq!(teams.teams().bot_messages(&chat).len(), 1);
//! # Ok(()) }
//! ```

mod book;
mod draft;
mod entry;
mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
#[cfg(any(test, feature = "testing"))]
pub mod suite;
mod worker;

use std::fmt;
use std::sync::Arc;

use tokio::sync::{Mutex, Notify};

use self::book::Book;
pub use self::draft::{Deed, Draft, Priority, Target};
pub use self::entry::{Entry, Receipt, State, Ticket};
pub use self::memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use self::sqlite::SqliteStore;
pub use self::store::OutboxStore;
pub use self::worker::Worker;
use crate::clock::{Clock, SystemClock};
use crate::connector::Guarantee;
use crate::{Error, ErrorKind};

/// Messages that wait to be sent, and what became of those that did not.
pub struct Outbox {
    store: Arc<dyn OutboxStore>,
    clock: Arc<dyn Clock>,
    book: Mutex<Book>,
    fresh: Notify,
}

impl Outbox {
    /// Opens the outbox that is kept in `store`. What was under way when it was last open may or
    /// may not have arrived; it is sent again, or is [`State::Ambiguous`], as its draft says.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] if the store cannot be read or written.
    pub async fn open(store: Arc<dyn OutboxStore>) -> Result<Self, Error> {
        Self::open_at(store, Arc::new(SystemClock)).await
    }

    /// The same with a clock of your own.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use argus_bot_sdk::outbox::{MemoryStore, Outbox};
    /// use argus_bot_sdk::testing::ManualClock;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), argus_bot_sdk::Error> {
    /// let clock = Arc::new(ManualClock::at(1_800_000_000));
    /// let outbox = Outbox::open_at(Arc::new(MemoryStore::default()), clock).await?;
    /// assert_eq!(outbox.waiting().await, 0);
    /// # Ok(()) }
    /// ```
    pub async fn open_at(
        store: Arc<dyn OutboxStore>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let mut book = Book::new(store.load().await?);
        let interrupted = book.interrupted(clock.now().as_millisecond());
        store.save(&interrupted).await?;
        book.write(interrupted);
        Ok(Self { store, clock, book: Mutex::new(book), fresh: Notify::new() })
    }

    /// Accepts a draft. When this returns, it is stored.
    ///
    /// A draft with the [key](Draft::key) of one that was accepted before is that one: its ticket
    /// is given and nothing is added.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Unavailable`] if it could not be stored; then it was not accepted.
    /// - [`ErrorKind::Invalid`] if it updates or deletes what a ticket names that does not exist.
    pub async fn put(&self, draft: Draft) -> Result<Ticket, Error> {
        let mut book = self.book.lock().await;
        if let Some(known) = draft.key.as_deref().and_then(|key| book.by_key(key)) {
            return Ok(known);
        }
        let (ticket, entries) = book.accept(draft, self.now_ms())?;
        self.store.save(&entries).await?;
        book.write(entries);
        self.fresh.notify_waiters();
        Ok(ticket)
    }

    /// What became of a draft; `None` if there is none of this ticket.
    pub async fn state(&self, ticket: Ticket) -> Option<State> {
        self.book.lock().await.entry(ticket).map(|entry| entry.state.clone())
    }

    /// A draft with all that is known of it; `None` if there is none of this ticket.
    pub async fn entry(&self, ticket: Ticket) -> Option<Entry> {
        self.book.lock().await.entry(ticket).cloned()
    }

    /// What Teams refused for good, oldest first.
    pub async fn dead_letters(&self) -> Vec<Entry> {
        self.book.lock().await.all(|state| matches!(state, State::Dead { .. }))
    }

    /// What may or may not have arrived and was not sent again, oldest first.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use argus_bot_sdk::outbox::{MemoryStore, Outbox};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let outbox = Outbox::open(Arc::new(MemoryStore::new())).await?;
    /// for entry in outbox.ambiguous().await {
    ///     println!("did {:?} arrive?", entry.ticket);
    /// }
    /// assert_eq!(outbox.prune(1_700_000_000_000).await?, 0);
    /// # Ok::<(), argus_bot_sdk::Error>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn ambiguous(&self) -> Vec<Entry> {
        self.book.lock().await.all(|state| *state == State::Ambiguous)
    }

    /// How many drafts wait or are under way.
    pub async fn waiting(&self) -> usize {
        self.book.lock().await.open_count()
    }

    /// Puts a dead letter, or an ambiguous one, back at the end of its conversation.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Invalid`] if the ticket names neither.
    /// - [`ErrorKind::Unavailable`] if the store cannot be written; nothing changed then.
    pub async fn revive(&self, ticket: Ticket) -> Result<Ticket, Error> {
        let mut book = self.book.lock().await;
        let (again, entries) = book.revive(ticket, self.now_ms())?;
        self.store.save(&entries).await?;
        book.write(entries);
        self.fresh.notify_waiters();
        Ok(again)
    }

    /// Forgets what was settled before `before_ms`, milliseconds after 1970, except for dead and
    /// ambiguous ones and what a waiting draft still refers to. Gives how many were forgotten.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] if the store cannot be written; nothing changed then.
    pub async fn prune(&self, before_ms: i64) -> Result<usize, Error> {
        let mut book = self.book.lock().await;
        let old = book.settled_before(before_ms);
        self.store.remove(&old).await?;
        book.forget(&old);
        Ok(old.len())
    }

    /// The next draft that may go, with what it acts on made plain; it is on record as under way.
    pub(crate) async fn take(
        &self,
        is_held: impl Fn(&Entry) -> bool,
    ) -> Result<Option<Entry>, Error> {
        let mut book = self.book.lock().await;
        let Some(entry) = book.next(self.now_ms(), is_held) else { return Ok(None) };
        self.store.save(std::slice::from_ref(&entry)).await?;
        book.write(vec![entry.clone()]);
        Ok(Some(entry))
    }

    /// Records what became of a draft that was under way.
    pub(crate) async fn settle(&self, entry: Entry) -> Result<(), Error> {
        let mut book = self.book.lock().await;
        let entries = vec![Entry { changed_ms: self.now_ms(), ..entry }];
        self.store.save(&entries).await?;
        book.write(entries);
        self.fresh.notify_waiters();
        Ok(())
    }

    /// What a draft acts on, now that those before it are settled.
    pub(crate) async fn target(&self, target: &Target) -> Option<String> {
        match target {
            Target::Activity(id) => Some(id.clone()),
            Target::Ticket(ticket) => self.book.lock().await.activity_of(*ticket),
        }
    }

    /// When the earliest of the waiting drafts may go, if one waits for a time.
    pub(crate) async fn earliest_ms(&self) -> Option<i64> {
        self.book.lock().await.earliest_ms()
    }

    /// Waits for the next change.
    pub(crate) fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.fresh.notified()
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now().as_millisecond()
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").finish_non_exhaustive()
    }
}

/// A ticket that names nothing that can be acted on.
fn unknown(ticket: Ticket) -> Error {
    Error::new(ErrorKind::Invalid, format!("ticket {} names nothing to act on", ticket.0))
}

/// Whether a draft that may have arrived may be sent again.
fn may_repeat(entry: &Entry) -> bool {
    let is_new_message = matches!(entry.draft.deed, Deed::Send | Deed::Reply { .. });
    !is_new_message || entry.draft.guarantee == Guarantee::AtLeastOnce
}
