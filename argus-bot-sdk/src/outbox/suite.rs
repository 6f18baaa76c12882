//! What every [`OutboxStore`] owes, for the tests of your own.
//!
//! ```
//! use std::collections::HashMap;
//! use std::sync::{Arc, Mutex};
//! use argus_bot_sdk::outbox::{MemoryStore, OutboxStore, suite};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), argus_bot_sdk::Error> {
//! let kept: Mutex<HashMap<usize, Arc<MemoryStore>>> = Mutex::default();
//! let open = |n| {
//!     let mut kept = kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
//!     Ok(Arc::clone(kept.entry(n).or_default()) as Arc<dyn OutboxStore>)
//! };
//! suite::store(open).await?;
//! suite::crashes(open).await?;
//! # Ok(()) }
//! ```

mod scribe;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use self::scribe::Scribe;
use super::{Draft, Entry, Outbox, OutboxStore, State, Ticket, Worker};
use crate::connector::Guarantee;
use crate::{Activity, ConversationRef, Error, ErrorKind};

/// Opens the store of this number: empty the first time, and what was left of it after that.
type Opened = Result<Arc<dyn OutboxStore>, Error>;

/// Checks that a store keeps entries in order, over each other, all or none, and when it is opened
/// again.
///
/// # Errors
///
/// The store's own. What is wrong with it stops the test.
pub async fn store(open: impl Fn(usize) -> Opened) -> Result<(), Error> {
    let number = 1_000_000;
    let store = open(number)?;
    assert!(store.load().await?.is_empty(), "a new store is not empty");
    let entry = |ticket: u64, text: &str| Entry {
        ticket: Ticket(ticket),
        place: ticket,
        draft: Draft::send(to("a"), Activity::message(text)),
        state: State::Waiting,
        tries: 0,
        doubt: false,
        not_before_ms: -1,
        accepted_ms: 1_800_000_000_000,
        changed_ms: i64::MAX,
    };
    store.save(&[entry(10, "ten"), entry(9, "nine")]).await?;
    store.save(&[]).await?;
    let sent =
        Entry { state: State::Ambiguous, tries: 7, doubt: true, ..entry(9, "nine \u{0} ü") };
    store.save(&[sent.clone(), entry(2, "two")]).await?;
    assert_eq!(store.load().await?, [entry(2, "two"), sent, entry(10, "ten")]);
    store.remove(&[Ticket(9), Ticket(77)]).await?;
    drop(store);
    let left = open(number)?.load().await?;
    assert_eq!(left, [entry(2, "two"), entry(10, "ten")], "after it was opened again");
    Ok(())
}

/// Kills the process before and after each thing that is written, opens the outbox again, and
/// checks that every accepted message arrived as its guarantee says: none is lost, none overtakes
/// another, and only the one that was under way may be seen twice, with a mark.
///
/// # Errors
///
/// The store's own. What is wrong with it stops the test.
pub async fn crashes(open: impl Fn(usize) -> Opened) -> Result<(), Error> {
    for step in 0.. {
        for is_written in [false, true] {
            let number = 2 * step + usize::from(is_written);
            if !crash_at(step, is_written, || open(number)).await? {
                assert!(step > 10, "the outbox wrote {step} times only");
                return Ok(());
            }
        }
    }
    Ok(())
}

/// One life, one crash and the life after it. Gives whether there was a crash.
async fn crash_at(step: usize, is_written: bool, open: impl Fn() -> Opened) -> Result<bool, Error> {
    let teams = Scribe::default();
    let mortal = Mortal { store: open()?, left: AtomicUsize::new(step), is_written };
    let died = live(Arc::new(mortal), &teams).await.is_err();
    let outbox = live(open()?, &teams).await?;
    let name = format!("killed at write {step}, written: {is_written}");
    for conversation in ["alerts", "chat"] {
        teams.check_order(conversation, &name);
    }
    assert!(teams.repeats() <= 1, "{name}: {} were seen twice", teams.repeats());
    for (text, draft) in drafts() {
        let key = draft.key.clone().unwrap_or_default();
        let times = teams.times(&text);
        let ticket = outbox.put(draft.clone()).await?;
        let state = outbox.state(ticket).await;
        match draft.guarantee {
            Guarantee::AtLeastOnce => assert!(times >= 1, "{name}: {key} is lost: {state:?}"),
            Guarantee::AtMostOnce => assert!(times <= 1, "{name}: {key} came twice"),
        }
        let is_told = matches!(state, Some(State::Sent(_)) if times >= 1)
            || matches!(state, Some(State::Ambiguous));
        assert!(is_told, "{name}: {key} came {times} times and is {state:?}");
    }
    assert_eq!(teams.card().as_deref(), Some("card 3"), "{name}: an old card is shown");
    assert_eq!(outbox.waiting().await, 0, "{name}: something waits for ever");
    Ok(died)
}

/// Whoever is not told that a draft was accepted puts it again, under the same key.
async fn live(store: Arc<dyn OutboxStore>, teams: &Scribe) -> Result<Outbox, Error> {
    let outbox = Outbox::open(store).await?;
    for (_, draft) in drafts() {
        outbox.put(draft).await?;
    }
    let card = |text: &str| Activity::message(text);
    let new = Draft::send(to("card"), card("card 1")).guarantee(Guarantee::AtLeastOnce);
    let first = outbox.put(new.supersedes("card").key("card 1")).await?;
    Worker::new(&outbox, teams).at_once(1).drain().await?;
    for n in 2..4 {
        let text = format!("card {n}");
        let update = Draft::update_of(to("card"), first, card(&text));
        outbox.put(update.supersedes("card").key(text)).await?;
    }
    Worker::new(&outbox, teams).at_once(1).drain().await?;
    Ok(outbox)
}

fn drafts() -> Vec<(String, Draft)> {
    let draft = |conversation: &str, n: usize, guarantee| {
        let text = format!("{conversation} {n}");
        let draft = Draft::send(to(conversation), Activity::message(&text));
        (text.clone(), draft.guarantee(guarantee).key(text))
    };
    let alerts = (1..4).map(|n| draft("alerts", n, Guarantee::AtLeastOnce));
    alerts.chain((1..3).map(|n| draft("chat", n, Guarantee::AtMostOnce))).collect()
}

fn to(conversation: &str) -> ConversationRef {
    ConversationRef::new("https://smba.trafficmanager.net/emea/", conversation)
}

/// A store whose process dies at a write.
struct Mortal {
    store: Arc<dyn OutboxStore>,
    left: AtomicUsize,
    is_written: bool,
}

fn dead() -> Error {
    Error::new(ErrorKind::Unavailable, "the process is dead")
}

#[async_trait]
impl OutboxStore for Mortal {
    async fn load(&self) -> Result<Vec<Entry>, Error> {
        self.store.load().await
    }

    async fn save(&self, entries: &[Entry]) -> Result<(), Error> {
        match self.left.load(Ordering::SeqCst) {
            usize::MAX => return Err(dead()),
            0 => {
                self.left.store(usize::MAX, Ordering::SeqCst);
                if self.is_written {
                    self.store.save(entries).await?;
                }
                return Err(dead());
            }
            left => self.left.store(left - 1, Ordering::SeqCst),
        }
        self.store.save(entries).await
    }

    async fn remove(&self, tickets: &[Ticket]) -> Result<(), Error> {
        self.store.remove(tickets).await
    }
}
