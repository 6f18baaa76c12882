//! Teams delivers some activities twice: a slow answer, a lost connection, an impatient user. Here
//! the second delivery finds the answer of the first.

use std::collections::{HashMap, VecDeque};
use std::hash::{
    BuildHasher as _, BuildHasherDefault, DefaultHasher, Hash as _, Hasher, RandomState,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::Clock;

/// What was answered to an activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

/// An activity that was taken and needs no answer.
pub(crate) const ACKNOWLEDGED: Outcome =
    Outcome { status: StatusCode::ACCEPTED, body: Bytes::new() };

/// How long and how much is remembered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) age: Duration,
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        // About 10 MB of entries and 32 MiB of answers. At 100,000 entries the 24 hours hold up to
        // more than one activity a second, day and night.
        Self { age: Duration::from_hours(24), entries: 100_000, bytes: 32 << 20 }
    }
}

pub(crate) type Waiting = watch::Receiver<Option<Outcome>>;

/// Whether an activity was seen before.
#[derive(Debug)]
pub(crate) enum Seen {
    /// Never. Whoever is told so must call [`Memory::finish`] or [`Memory::forget`].
    Fresh(Waiting),
    /// Its handler is running; this is where the answer will be.
    Running(Waiting),
    /// It was answered with this.
    Done(Outcome),
}

/// Names an activity or a conversation. Two independent keyed hashes of 64 bits: that two
/// activities of one day share a key is less likely than a bit flip in this memory, and who sends
/// them cannot know the keys.
pub(crate) type Key = u128;

/// A map by [`Key`], which is hashed already.
pub(crate) type ByKey<T> = HashMap<Key, T, BuildHasherDefault<Hashed>>;

/// Takes a [`Key`] as its own hash.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = (key >> 64) as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The activities of the last 24 hours.
#[derive(Debug)]
pub(crate) struct Memory {
    clock: Arc<dyn Clock>,
    bounds: Bounds,
    hashers: (RandomState, RandomState),
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    known: ByKey<Entry>,
    /// By age, oldest first. A forgotten key stays here until its turn comes.
    order: VecDeque<(Timestamp, Key)>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    since: Timestamp,
    state: State,
}

#[derive(Debug)]
enum State {
    Running(watch::Sender<Option<Outcome>>),
    /// Done, and answered with nothing but 202: most of what is remembered, so it is kept small.
    Acknowledged,
    Done(Box<Outcome>),
}

impl State {
    /// How long the answer is.
    fn bytes(&self) -> usize {
        match self {
            Self::Running(_) | Self::Acknowledged => 0,
            Self::Done(outcome) => outcome.body.len(),
        }
    }
}

impl Memory {
    pub(crate) fn new(clock: Arc<dyn Clock>, bounds: Bounds) -> Self {
        let hashers = (RandomState::new(), RandomState::new());
        Self { clock, bounds, hashers, entries: Mutex::default() }
    }

    /// The key of these parts, each told from the next.
    pub(crate) fn key(&self, parts: &[&str]) -> Key {
        self.keys(parts, None).1
    }

    /// The key of an activity, if it has an id, and that of the conversation in which it is.
    pub(crate) fn keys(&self, conversation: &[&str], id: Option<&str>) -> (Option<Key>, Key) {
        let begin = |state: &RandomState| {
            let mut hasher = state.build_hasher();
            conversation.hash(&mut hasher);
            hasher
        };
        let join = |high: &DefaultHasher, low: &DefaultHasher| {
            (u128::from(high.finish()) << 64) | u128::from(low.finish())
        };
        let (mut high, mut low) = (begin(&self.hashers.0), begin(&self.hashers.1));
        let conversation = join(&high, &low);
        let activity = id.map(|id| {
            id.hash(&mut high);
            id.hash(&mut low);
            join(&high, &low)
        });
        (activity, conversation)
    }

    /// Asks and notes in one step, so that of two deliveries only one is fresh.
    pub(crate) fn begin(&self, key: Key) -> Seen {
        let now = self.clock.now();
        let mut entries = self.lock();
        entries.sweep(now, &self.bounds);
        if let Some(entry) = entries.known.get(&key) {
            return match &entry.state {
                State::Running(sender) => Seen::Running(sender.subscribe()),
                State::Acknowledged => Seen::Done(ACKNOWLEDGED),
                State::Done(outcome) => Seen::Done(Outcome::clone(outcome)),
            };
        }
        let (sender, receiver) = watch::channel(None);
        entries.known.insert(key, Entry { since: now, state: State::Running(sender) });
        entries.order.push_back((now, key));
        Seen::Fresh(receiver)
    }

    /// Notes an activity that is answered at once with nothing; says whether it is fresh.
    pub(crate) fn begin_acknowledged(&self, key: Key) -> bool {
        let now = self.clock.now();
        let mut entries = self.lock();
        entries.sweep(now, &self.bounds);
        if entries.known.contains_key(&key) {
            return false;
        }
        entries.known.insert(key, Entry { since: now, state: State::Acknowledged });
        entries.order.push_back((now, key));
        true
    }

    /// Keeps the answer and gives it to all who wait.
    pub(crate) fn finish(&self, key: Key, outcome: Outcome) {
        let mut entries = self.lock();
        let Some(entry) = entries.known.get_mut(&key) else {
            return;
        };
        let length = outcome.body.len();
        if let State::Running(sender) =
            std::mem::replace(&mut entry.state, State::Done(Box::new(outcome.clone())))
        {
            sender.send_replace(Some(outcome));
            entries.bytes += length;
        }
    }

    /// Takes back [`Memory::begin`]: the activity was refused and will come again.
    pub(crate) fn forget(&self, key: Key) {
        let mut entries = self.lock();
        if let Some(entry) = entries.known.remove(&key) {
            entries.bytes -= entry.state.bytes().min(entries.bytes);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        // Nothing in here can panic half-way, so what a poisoned lock protects is whole.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn sweep(&mut self, now: Timestamp, bounds: &Bounds) {
        let mut spared = 0;
        while let Some(&(since, key)) = self.order.front() {
            let old = now.duration_since(since).unsigned_abs() >= bounds.age && now > since;
            let full = self.order.len() > bounds.entries || self.bytes > bounds.bytes;
            if !old && !full || spared > self.order.len() {
                return;
            }
            self.order.pop_front();
            match self.known.get(&key) {
                // A handler that still runs is remembered, or its activity could run twice.
                Some(Entry { state: State::Running(_), since: at }) if *at == since => {
                    self.order.push_back((since, key));
                    spared += 1;
                }
                Some(Entry { state, since: at }) if *at == since => {
                    self.bytes -= state.bytes().min(self.bytes);
                    self.known.remove(&key);
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn memory(bounds: Bounds) -> (Memory, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(1_800_000_000));
        let given: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        (Memory::new(given, bounds), clock)
    }

    fn said(text: &'static str) -> Outcome {
        Outcome { status: StatusCode::OK, body: Bytes::from_static(text.as_bytes()) }
    }

    fn answer(seen: Seen) -> Option<Outcome> {
        match seen {
            Seen::Done(outcome) => Some(outcome),
            Seen::Fresh(_) | Seen::Running(_) => None,
        }
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let (memory, _) = memory(Bounds::default());
        assert_ne!(memory.key(&["ab", "c"]), memory.key(&["a", "bc"]));
        assert_eq!(memory.key(&["ab", "c"]), memory.key(&["ab", "c"]));
    }

    #[test]
    fn the_second_delivery_waits_for_the_first() {
        let (memory, clock) = memory(Bounds::default());
        let Seen::Fresh(first) = memory.begin(1) else { panic!("not fresh") };
        let Seen::Running(second) = memory.begin(1) else { panic!("not running") };
        memory.finish(1, said("done"));
        assert_eq!(*first.borrow(), Some(said("done")));
        assert_eq!(*second.borrow(), Some(said("done")));
        clock.advance(Duration::from_secs(24 * 3600 - 1));
        assert_eq!(answer(memory.begin(1)), Some(said("done")));
        clock.advance(Duration::from_secs(1));
        assert!(matches!(memory.begin(1), Seen::Fresh(_)), "remembered for ever");
    }

    #[test]
    fn what_was_refused_may_come_again() {
        let (memory, _) = memory(Bounds::default());
        assert!(memory.begin_acknowledged(1));
        assert!(!memory.begin_acknowledged(1));
        memory.forget(1);
        assert!(memory.begin_acknowledged(1));
    }

    #[test]
    fn memory_is_bounded_but_never_forgets_what_runs() {
        let (memory, _) = memory(Bounds { entries: 10, bytes: 1_000, ..Bounds::default() });
        assert!(matches!(memory.begin(0), Seen::Fresh(_)));
        for key in 1..1_000 {
            assert!(matches!(memory.begin(key), Seen::Fresh(_)));
            memory.finish(key, said("twenty bytes of text"));
        }
        assert!(matches!(memory.begin(0), Seen::Running(_)), "a running handler was forgotten");
        assert_eq!(answer(memory.begin(999)), Some(said("twenty bytes of text")));
        let entries = memory.lock();
        assert!(entries.known.len() <= 12 && entries.order.len() <= 12, "{}", entries.known.len());
        assert_eq!(entries.bytes, 20 * (entries.known.len() - 1));
    }

    #[test]
    fn a_clock_that_jumps_back_forgets_nothing() {
        let (memory, clock) = memory(Bounds::default());
        assert!(memory.begin_acknowledged(1));
        clock.set(Timestamp::from_second(1_700_000_000).unwrap());
        assert!(!memory.begin_acknowledged(1));
    }
}
