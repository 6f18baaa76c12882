//! Where the time comes from.

use std::fmt;

/// A moment, as [`Clock`] gives it. This is jiff's type; by this name a bot that has a clock of its
/// own needs no version of jiff to agree with ours.
///
/// ```
/// use argus_bot_sdk::Clock;
/// use argus_bot_sdk::clock::Timestamp;
///
/// #[derive(Debug)]
/// struct Stopped;
///
/// impl Clock for Stopped {
///     fn now(&self) -> Timestamp {
///         Timestamp::UNIX_EPOCH
///     }
/// }
/// assert_eq!(Stopped.now().as_second(), 0);
/// ```
pub use jiff::Timestamp;

/// Where the time comes from, so that a test can own it.
///
/// # Examples
///
/// ```
/// use argus_bot_sdk::{Clock, SystemClock};
///
/// let before = SystemClock.now();
/// assert!(SystemClock.now() >= before);
/// ```
pub trait Clock: Send + Sync + fmt::Debug {
    /// What time it is.
    fn now(&self) -> Timestamp;
}

/// The computer's own clock.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it has nothing inside and is named to be made")]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still until a test moves it.
///
/// # Examples
///
/// ```
/// use argus_bot_sdk::Clock;
/// use argus_bot_sdk::clock::ManualClock;
///
/// let clock = ManualClock::at(1_800_000_000);
/// clock.advance(std::time::Duration::from_secs(5));
/// assert_eq!(clock.now().as_second(), 1_800_000_005);
/// ```
#[cfg(any(test, feature = "testing"))]
#[derive(Debug)]
pub struct ManualClock {
    hands: std::sync::Mutex<Timestamp>,
}

#[cfg(any(test, feature = "testing"))]
impl ManualClock {
    /// A clock that shows `seconds` after 1970-01-01T00:00:00Z.
    pub fn at(seconds: i64) -> Self {
        Self {
            hands: std::sync::Mutex::new(Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)),
        }
    }

    /// Puts the hands on `now`, forwards or backwards.
    ///
    /// ```
    /// use argus_bot_sdk::Clock as _;
    /// use argus_bot_sdk::testing::ManualClock;
    ///
    /// let clock = ManualClock::at(1_800_000_000);
    /// let noon = "2027-01-15T12:00:00Z".parse()?;
    /// clock.set(noon);
    /// assert_eq!(clock.now(), noon);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set(&self, now: Timestamp) {
        *self.hands() = now;
    }

    /// Moves the hands forward.
    pub fn advance(&self, by: std::time::Duration) {
        let mut hands = self.hands();
        *hands = hands.checked_add(by).unwrap_or(Timestamp::MAX);
    }

    fn hands(&self) -> std::sync::MutexGuard<'_, Timestamp> {
        self.hands.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(any(test, feature = "testing"))]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.hands()
    }
}
