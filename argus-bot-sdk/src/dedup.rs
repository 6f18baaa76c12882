//! Teams delivers some activities twice: a slow answer, a lost connection, an impatient user. Here
//! the second delivery finds the answer of the first.

use std::collections::{HashMap, VecDeque};
use std::hash::{
    BuildHasher as _, BuildHasherDefault, DefaultHasher, Hash as _, Hasher, RandomState,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hashbrown::HashTable;
use http::StatusCode;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::Clock;

/// What an answer takes beside its body, roughly.
const ROOM: usize = 128;

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
    /// Of answers. Beyond that the oldest are dropped, but not that there was one.
    pub(crate) bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        // About 3 MB of entries and 2 MiB of answers. At 100,000 entries the 24 hours hold up to
        // more than one activity a second, day and night. Repetitions come within seconds, in which
        // more than a hundred large cards may be answered.
        Self { age: Duration::from_hours(24), entries: 100_000, bytes: 2 << 20 }
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

/// What is remembered, packed: almost all of it are messages that were acknowledged, and a busy bot
/// has a hundred thousand of them.
#[derive(Debug, Default)]
struct Entries {
    /// By age, oldest first. A forgotten one stays here until its turn comes.
    noted: VecDeque<Noted>,
    /// The number of the oldest one; the others are counted on from it.
    first: Number,
    /// The numbers of those that are not forgotten, by key.
    by_key: HashTable<Number>,
    /// Those that are more than acknowledged.
    states: HashMap<Number, State>,
    /// The answers that are kept, oldest first, and their bytes.
    answers: VecDeque<Number>,
    bytes: usize,
}

/// Counts entries; it may wrap around, since there are never so many at once.
type Number = u32;

#[derive(Clone, Copy, Debug)]
struct Noted {
    /// Halves, so that an entry needs no room for a 128-bit number's alignment.
    key: [u64; 2],
    /// Seconds since 1970.
    since: u32,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// Answered with nothing but 202.
    Acknowledged,
    /// Running or answered: see [`Entries::states`].
    More,
    /// Refused, to come again.
    Forgotten,
}

#[derive(Debug)]
enum State {
    Running(watch::Sender<Option<Outcome>>),
    Done(Box<Outcome>),
}

impl State {
    /// How much room the answer takes.
    fn bytes(&self) -> usize {
        match self {
            Self::Running(_) => 0,
            Self::Done(outcome) => outcome.body.len() + ROOM,
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
        if let Some(number) = entries.find(key) {
            return match entries.states.get(&number) {
                Some(State::Running(sender)) => Seen::Running(sender.subscribe()),
                Some(State::Done(outcome)) => Seen::Done(Outcome::clone(outcome)),
                None => Seen::Done(ACKNOWLEDGED),
            };
        }
        let (sender, receiver) = watch::channel(None);
        let number = entries.note(Noted::new(key, now, What::More), &self.bounds);
        entries.states.insert(number, State::Running(sender));
        Seen::Fresh(receiver)
    }

    /// Notes an activity that is answered at once with nothing; says whether it is fresh.
    pub(crate) fn begin_acknowledged(&self, key: Key) -> bool {
        let now = self.clock.now();
        let mut entries = self.lock();
        entries.sweep(now, &self.bounds);
        if entries.find(key).is_some() {
            return false;
        }
        entries.note(Noted::new(key, now, What::Acknowledged), &self.bounds);
        true
    }

    /// Keeps the answer and gives it to all who wait.
    pub(crate) fn finish(&self, key: Key, outcome: Outcome) {
        let mut entries = self.lock();
        let Some(number) = entries.find(key) else { return };
        let Some(state) = entries.states.get_mut(&number) else { return };
        if !matches!(state, State::Running(_)) {
            return;
        }
        // A body was written into more room than it takes.
        let kept = Outcome { body: Bytes::copy_from_slice(&outcome.body), ..outcome };
        let kept = State::Done(Box::new(kept));
        let bytes = kept.bytes();
        let before = std::mem::replace(state, kept);
        entries.bytes += bytes;
        entries.answers.push_back(number);
        entries.drop_answers(self.bounds.bytes);
        if let State::Running(sender) = before {
            sender.send_replace(Some(outcome));
        }
    }

    /// Takes back [`Memory::begin`]: the activity was refused and will come again.
    pub(crate) fn forget(&self, key: Key) {
        let mut entries = self.lock();
        let Some(number) = entries.find(key) else { return };
        entries.drop_key(number);
        let index = entries.index(number);
        if let Some(noted) = entries.noted.get_mut(index) {
            noted.what = What::Forgotten;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        // Nothing in here can panic half-way, so what a poisoned lock protects is whole.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Noted {
    fn new(key: Key, now: Timestamp, what: What) -> Self {
        let since = u32::try_from(now.as_second()).unwrap_or(0);
        Self { key: halves(key), since, what }
    }

    /// The key is a hash already.
    fn hash(&self) -> u64 {
        self.key[0]
    }

    /// Whether it was noted so long before `now`. A clock that jumped back makes nothing old.
    fn is_old(&self, now: Timestamp, age: Duration) -> bool {
        let seconds = now.as_second() - i64::from(self.since);
        u64::try_from(seconds).is_ok_and(|seconds| seconds > 0 && seconds >= age.as_secs())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
fn halves(key: Key) -> [u64; 2] {
    [(key >> 64) as u64, key as u64]
}

impl Entries {
    fn index(&self, number: Number) -> usize {
        number.wrapping_sub(self.first) as usize
    }

    fn find(&self, key: Key) -> Option<Number> {
        let key = halves(key);
        let is_it = |number: &Number| {
            self.noted.get(self.index(*number)).is_some_and(|noted| noted.key == key)
        };
        self.by_key.find(key[0], is_it).copied()
    }

    /// Notes what is not noted yet.
    fn note(&mut self, noted: Noted, bounds: &Bounds) -> Number {
        // Doubling, as usual, would take twice the room that is ever needed.
        if self.noted.len() == self.noted.capacity() {
            let wanted = bounds.entries.saturating_sub(self.noted.len());
            self.noted.reserve_exact(wanted.clamp(64, self.noted.len().max(64)));
        }
        // There are far fewer than 2^32 at once.
        let number = self.first.wrapping_add(u32::try_from(self.noted.len()).unwrap_or(u32::MAX));
        self.noted.push_back(noted);
        let (first, all) = (self.first, &self.noted);
        self.by_key.insert_unique(noted.hash(), number, |number| {
            all.get(number.wrapping_sub(first) as usize).map_or(0, Noted::hash)
        });
        number
    }

    /// Drops the oldest answers beyond so many bytes. That they were given stays known: what was done
    /// once is not done again.
    fn drop_answers(&mut self, most: usize) {
        while let Some(&number) = self.answers.front() {
            let Some(state @ State::Done(_)) = self.states.get(&number) else {
                self.answers.pop_front();
                continue;
            };
            if self.bytes <= most {
                return;
            }
            self.bytes -= state.bytes().min(self.bytes);
            self.states.remove(&number);
            self.answers.pop_front();
            let index = self.index(number);
            if let Some(noted) = self.noted.get_mut(index) {
                noted.what = What::Acknowledged;
            }
        }
    }

    /// Takes out all but the place in the order.
    fn drop_key(&mut self, number: Number) {
        if let Some(state) = self.states.remove(&number) {
            self.bytes -= state.bytes().min(self.bytes);
        }
        let Some(noted) = self.noted.get(self.index(number)) else { return };
        if let Ok(found) = self.by_key.find_entry(noted.hash(), |other| *other == number) {
            found.remove();
        }
    }

    fn sweep(&mut self, now: Timestamp, bounds: &Bounds) {
        let mut spared = 0;
        while let Some(&oldest) = self.noted.front() {
            let full = self.noted.len() > bounds.entries;
            if !oldest.is_old(now, bounds.age) && !full || spared > self.noted.len() {
                return;
            }
            // A handler that still runs is remembered, or its activity could run twice.
            let running = match self.states.get(&self.first) {
                Some(State::Running(_)) => self.states.remove(&self.first),
                _ => None,
            };
            if oldest.what != What::Forgotten {
                self.drop_key(self.first);
            }
            self.noted.pop_front();
            self.first = self.first.wrapping_add(1);
            if let Some(running) = running {
                let number = self.note(oldest, bounds);
                self.states.insert(number, running);
                spared += 1;
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
        let (memory, _) = memory(Bounds { entries: 10, bytes: 10_000, ..Bounds::default() });
        assert!(matches!(memory.begin(0), Seen::Fresh(_)));
        for key in 1..1_000 {
            assert!(matches!(memory.begin(key), Seen::Fresh(_)));
            memory.finish(key, said("twenty bytes of text"));
        }
        assert!(matches!(memory.begin(0), Seen::Running(_)), "a running handler was forgotten");
        assert_eq!(answer(memory.begin(999)), Some(said("twenty bytes of text")));
        let entries = memory.lock();
        let known = entries.by_key.len();
        assert!(known <= 12 && entries.noted.len() <= 12, "{known}");
        assert_eq!(entries.states.len(), known);
        assert_eq!(entries.bytes, (20 + ROOM) * (known - 1));
    }

    #[test]
    fn of_old_answers_stays_that_there_was_one() {
        let (memory, clock) = memory(Bounds { bytes: 3 * (20 + ROOM), ..Bounds::default() });
        for key in 1..=100 {
            assert!(matches!(memory.begin(key), Seen::Fresh(_)));
            memory.finish(key, said("twenty bytes of text"));
        }
        assert_eq!(answer(memory.begin(97)), Some(ACKNOWLEDGED), "done once, so not again");
        assert_eq!(answer(memory.begin(98)), Some(said("twenty bytes of text")));
        clock.advance(Duration::from_hours(24));
        assert!(matches!(memory.begin(1), Seen::Fresh(_)));
        let entries = memory.lock();
        assert_eq!((entries.bytes, entries.noted.len(), entries.states.len()), (0, 1, 1));
    }

    /// What is acknowledged is most of what a bot remembers; a busy one runs in little memory.
    #[test]
    fn an_acknowledged_activity_takes_little_room() {
        assert!(size_of::<Noted>() <= 24, "{}", size_of::<Noted>());
        let (memory, _) = memory(Bounds { entries: 1_000, ..Bounds::default() });
        for key in 0..10_000 {
            assert!(memory.begin_acknowledged(key << 64));
            assert!(!memory.begin_acknowledged(key << 64));
        }
        let entries = memory.lock();
        assert!(entries.states.is_empty());
        assert!(entries.noted.capacity() <= 1_200, "{}", entries.noted.capacity());
        assert!(entries.by_key.capacity() <= 4_096, "{}", entries.by_key.capacity());
    }

    /// Whatever is forgotten in whatever order, the rest is found as before.
    #[test]
    fn what_is_not_forgotten_is_found_by_its_key() {
        let (memory, clock) = memory(Bounds { entries: 100, ..Bounds::default() });
        for key in 0..1_000_u128 {
            assert!(memory.begin_acknowledged(key));
            if key % 3 == 0 {
                memory.forget(key);
            }
            clock.advance(Duration::from_secs(1));
        }
        for key in 950..1_000 {
            assert_eq!(memory.begin_acknowledged(key), key % 3 == 0, "{key}");
        }
    }

    #[test]
    fn a_clock_that_jumps_back_forgets_nothing() {
        let (memory, clock) = memory(Bounds::default());
        assert!(memory.begin_acknowledged(1));
        clock.set(Timestamp::from_second(1_700_000_000).unwrap());
        assert!(!memory.begin_acknowledged(1));
    }
}
