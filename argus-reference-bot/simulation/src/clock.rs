//! The wall clock, which jumps and sticks. The clock that nobody can set is tokio's, paused.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use argus_bot_sdk::Clock;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// 2026-11-20T08:00:00Z, so that nothing in a run depends on the day on which it is run.
const BEGIN: i64 = 1_795_161_600;

/// A wall clock that moves with tokio's, unless somebody sets it.
#[derive(Debug)]
pub struct WallClock {
    begun: Instant,
    hands: Mutex<Hands>,
}

#[derive(Debug, Default)]
struct Hands {
    ahead: SignedDuration,
    stuck_at: Option<Timestamp>,
}

impl WallClock {
    /// A clock that is right. Has to be made inside a runtime.
    pub fn new() -> Self {
        Self { begun: Instant::now(), hands: Mutex::default() }
    }

    /// How long the run lasts.
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Somebody sets it so many seconds forward, or back.
    pub fn jump(&self, secs: i64) {
        let mut hands = self.hands();
        hands.ahead = hands.ahead.saturating_add(SignedDuration::from_secs(secs));
        hands.stuck_at = None;
    }

    /// It stands still from now on.
    pub fn stick(&self) {
        let now = self.now();
        self.hands().stuck_at = Some(now);
    }

    /// It goes on, from where it stands.
    pub fn release(&self) {
        let now = self.now();
        let mut hands = self.hands();
        if hands.stuck_at.take().is_some() {
            hands.ahead = now.duration_since(self.steady());
        }
    }

    fn steady(&self) -> Timestamp {
        let begin = Timestamp::from_second(BEGIN).unwrap_or(Timestamp::UNIX_EPOCH);
        begin.checked_add(self.elapsed()).unwrap_or(Timestamp::MAX)
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.hands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for WallClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let hands = self.hands();
        let moved = || self.steady().checked_add(hands.ahead).unwrap_or(Timestamp::MAX);
        hands.stuck_at.unwrap_or_else(moved)
    }
}
