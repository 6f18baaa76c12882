//! What everybody in a run shares: the clock, the trace, the boundaries at which a crash may come,
//! and the first promise that was broken.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::chance::Chance;
use crate::clock::WallClock;
use crate::plant::Plant;

/// Boundaries after which a run has gone in circles.
const MOST_STEPS: u64 = 100_000;

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The invariant's name, `I1` to `I10`, or what else was promised.
    pub invariant: &'static str,
    /// What was seen, in words.
    pub what: String,
    /// The boundary at which it was seen.
    pub step: u64,
}

/// What everybody in a run shares.
#[derive(Debug)]
pub struct Stage {
    /// The wall clock.
    pub clock: WallClock,
    /// A fault that was put in on purpose.
    pub plant: Option<Plant>,
    /// How many of a thousand calls go wrong.
    pub roughness: u64,
    chance: Chance,
    calm: AtomicBool,
    steps: AtomicU64,
    crash_at: AtomicU64,
    /// The life that goes on, or went on until the last crash; even numbers are dead.
    pulse: AtomicU64,
    /// Wakes in the order in which they came: tokio's `watch` would draw lots.
    died: Notify,
    trace: Mutex<Vec<String>>,
    broken: Mutex<Option<Violation>>,
}

impl Stage {
    /// An empty stage. Has to be made inside a runtime.
    pub fn new(seed: u64, plant: Option<Plant>) -> Self {
        let chance = Chance::new(seed, "stage");
        let roughness = chance.weighted(&[(2, 0), (3, 40), (3, 120), (2, 300)]).unwrap_or_default();
        Self {
            clock: WallClock::new(),
            plant,
            roughness,
            chance,
            calm: AtomicBool::new(false),
            steps: AtomicU64::new(0),
            crash_at: AtomicU64::new(u64::MAX),
            pulse: AtomicU64::new(0),
            died: Notify::new(),
            trace: Mutex::default(),
            broken: Mutex::default(),
        }
    }

    /// Whether nothing goes wrong any more.
    pub fn is_calm(&self) -> bool {
        self.calm.load(Relaxed)
    }

    /// From now on nothing goes wrong.
    pub fn calm_down(&self) {
        if self.calm.swap(true, Relaxed) {
            return;
        }
        self.clock.release();
        self.say("world", "from here on nothing goes wrong");
    }

    /// Whether this call goes wrong.
    pub fn goes_wrong(&self, chance: &Chance) -> bool {
        chance.permille(self.roughness) && !self.is_calm()
    }

    /// A life begins; it crashes after so many boundaries, if a crash is due.
    pub fn begin_life(&self, crash_after: Option<u64>) -> u64 {
        let life = self.pulse.load(Relaxed) + 1;
        let at = crash_after.filter(|_| !self.is_calm()).map(|after| self.steps() + after);
        self.crash_at.store(at.unwrap_or(u64::MAX), Relaxed);
        self.pulse.store(life, Relaxed);
        self.say("world", &format!("life {} begins", life.div_ceil(2)));
        life
    }

    /// The life ends now.
    pub fn end_life(&self, why: &str) {
        let life = self.pulse.load(Relaxed);
        if life % 2 == 1 {
            self.say("world", &format!("crash at boundary {}, {why}", self.steps()));
            self.pulse.store(life + 1, Relaxed);
            self.died.notify_waiters();
        }
    }

    /// The life ends soon.
    pub fn end_life_after(&self, boundaries: u64) {
        self.crash_at.fetch_min(self.steps() + boundaries, Relaxed);
    }

    /// Waits until `life` is over.
    pub async fn over(&self, life: u64) {
        let died = self.died.notified();
        if self.pulse.load(Relaxed) == life {
            died.await;
        }
    }

    /// How many boundaries were passed.
    pub fn steps(&self) -> u64 {
        self.steps.load(Relaxed)
    }

    /// A boundary: others may go first, and here the process may end. Whoever is dead goes no further.
    pub async fn pass(&self, life: u64, at: &str) {
        match self.chance.below(8) {
            0..4 => {}
            4..6 => tokio::task::yield_now().await,
            _ => tokio::time::sleep(Duration::from_millis(self.chance.between(1, 12))).await,
        }
        let step = self.steps.fetch_add(1, Relaxed) + 1;
        if step > MOST_STEPS {
            self.broke("I10", format!("after {MOST_STEPS} boundaries the run still goes on"));
        }
        if step >= self.crash_at.load(Relaxed) && self.pulse.load(Relaxed) == life {
            self.crash_at.store(u64::MAX, Relaxed);
            self.end_life(at);
        }
        if self.pulse.load(Relaxed) != life {
            std::future::pending::<()>().await;
        }
    }

    /// Writes a line into the trace.
    pub fn say(&self, who: &str, what: &str) {
        let at = self.clock.elapsed().as_millis();
        let line = format!("{:>9}.{:03} {who:<9} {what}", at / 1_000, at % 1_000);
        locked(&self.trace).push(line);
    }

    /// A promise was broken. The first one counts, and ends the run.
    pub fn broke(&self, invariant: &'static str, what: impl Into<String>) {
        let what = what.into();
        self.say("BROKEN", &format!("{invariant}: {what}"));
        let step = self.steps();
        locked(&self.broken).get_or_insert(Violation { invariant, what, step });
        self.end_life("since a promise was broken");
    }

    /// The first promise that was broken.
    pub fn broken(&self) -> Option<Violation> {
        locked(&self.broken).clone()
    }

    /// The trace so far.
    pub fn trace(&self) -> Vec<String> {
        locked(&self.trace).clone()
    }
}

/// The lock on `of`; a panic elsewhere is reported for itself.
pub fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
