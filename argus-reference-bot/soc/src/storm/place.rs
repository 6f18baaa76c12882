//! How a conversation stands with Teams, so that a restart does not forget it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ledger::fact::{Fact, What};

/// What changes how a conversation stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "to")]
pub enum Change {
    /// Teams said: not before this time.
    Hold {
        /// The time, by the wall clock.
        until: Timestamp,
    },
    /// The bot was removed, or the conversation is gone.
    Park {
        /// What Teams said.
        why: String,
        /// When it is tried again.
        until: Timestamp,
    },
    /// It takes cards again.
    Return,
}

/// A conversation, folded from its records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Nothing is sent before this, by the wall clock at the time of the record.
    pub until: Option<Timestamp>,
    /// When that was recorded.
    pub since: Option<Timestamp>,
    /// Why it is parked, if it is.
    pub parked: Option<String>,
}

impl Place {
    /// How long nothing may be sent yet. Never longer than Teams said, wherever the wall clock has
    /// gone in between: a clock that was set back by a year must not silence a conversation.
    ///
    /// ```
    /// use argus_soc::storm::place::{Change, Place};
    /// use jiff::Timestamp;
    ///
    /// let at = |second| Timestamp::from_second(second).unwrap();
    /// let mut place = Place::default();
    /// place.apply(&Change::Hold { until: at(1_030) }, at(1_000));
    /// assert_eq!(place.rest(at(1_010)).as_secs(), 20);
    /// assert_eq!(place.rest(at(5)).as_secs(), 30); // the clock was set back
    /// assert!(place.rest(at(2_000)).is_zero());
    /// ```
    pub fn rest(&self, now: Timestamp) -> std::time::Duration {
        let (Some(until), Some(since)) = (self.until, self.since) else {
            return std::time::Duration::ZERO;
        };
        let most = until.duration_since(since).max(SignedDuration::ZERO);
        let rest = until.duration_since(now).clamp(SignedDuration::ZERO, most);
        std::time::Duration::try_from(rest).unwrap_or_default()
    }

    /// Takes one of its records into account.
    pub fn apply(&mut self, change: &Change, at: Timestamp) {
        match change {
            Change::Hold { until } => {
                self.until = Some(*until);
                self.since = Some(at);
            }
            Change::Park { why, until } => {
                self.until = Some(*until);
                self.since = Some(at);
                self.parked = Some(why.clone());
            }
            Change::Return => *self = Self::default(),
        }
    }

    /// The conversation as it is after `fact`; `None` once there is nothing to remember.
    pub fn after(before: Option<Self>, fact: &Fact) -> Option<Self> {
        let What::PlaceChanged { change, .. } = &fact.what else { return before };
        let mut place = before.unwrap_or_default();
        place.apply(change, fact.at);
        (place != Self::default()).then_some(place)
    }
}
