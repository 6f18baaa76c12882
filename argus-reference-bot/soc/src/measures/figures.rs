//! Figures: how many, and how they lie.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Times of one kind: how many there are, and how they lie. None of them says anything without `n`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// How many.
    pub n: u64,
    /// The median, in milliseconds.
    pub p50_ms: Option<u64>,
    /// What 95 of 100 do not exceed.
    pub p95_ms: Option<u64>,
    /// The mean, rounded down; a few bad ones move it far.
    pub mean_ms: Option<u64>,
}

impl Figures {
    /// The figures of these times, in whatever order; less than nothing is nothing.
    ///
    /// ```
    /// use argus_soc::measures::Figures;
    /// use jiff::SignedDuration;
    ///
    /// let figures = Figures::of([3, 1, 2].map(SignedDuration::from_secs));
    /// assert_eq!((figures.n, figures.p50_ms, figures.p95_ms), (3, Some(2_000), Some(3_000)));
    /// assert_eq!(Figures::of([]).p50_ms, None);
    /// ```
    pub fn of(times: impl IntoIterator<Item = SignedDuration>) -> Self {
        let mut times: Vec<u64> = times.into_iter().map(milliseconds).collect();
        times.sort_unstable();
        let rank = |percent: usize| {
            let place = (times.len() * percent).div_ceil(100);
            times.get(place.checked_sub(1)?).copied()
        };
        let n = times.len() as u64;
        let sum: u128 = times.iter().map(|&it| u128::from(it)).sum();
        let mean = sum.checked_div(u128::from(n)).and_then(|mean| u64::try_from(mean).ok());
        Self { n, p50_ms: rank(50), p95_ms: rank(95), mean_ms: mean }
    }
}

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// How many of them.
    pub part: u64,
    /// Of how many.
    pub of: u64,
}

impl Rate {
    /// The share, from 0 to 1; `None` of nothing.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn share(self) -> Option<f64> {
        (self.of > 0).then(|| self.part as f64 / self.of as f64)
    }
}

/// All figures of a window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What began from then on.
    pub from: Timestamp,
    /// As of then.
    pub until: Timestamp,
    /// Incidents that are counted.
    pub incidents: u64,
    /// Incidents that are not, since there were too many at once.
    pub left_out: u64,
    /// Time to detect.
    pub detect: Figures,
    /// Time until a card is shown.
    pub deliver: Figures,
    /// Time to acknowledge.
    pub acknowledge: Figures,
    /// Time to contain.
    pub contain: Figures,
    /// Time to approve or deny.
    pub approve: Figures,
    /// Automatic effects among all.
    pub automatic: Rate,
    /// Automatic effects that were undone within 24 hours, among automatic ones.
    pub undone: Rate,
    /// Duplicates among all events of incidents.
    pub duplicates: Rate,
    /// How long there was a storm, in milliseconds.
    pub storm_ms: u64,
}

impl Report {
    /// The times by the names that they have everywhere.
    pub fn times(&self) -> [(&'static str, &Figures); 5] {
        [
            ("detect", &self.detect),
            ("deliver", &self.deliver),
            ("acknowledge", &self.acknowledge),
            ("contain", &self.contain),
            ("approve", &self.approve),
        ]
    }

    /// The rates by the names that they have everywhere.
    pub fn rates(&self) -> [(&'static str, Rate); 3] {
        [("automatic", self.automatic), ("undone", self.undone), ("duplicates", self.duplicates)]
    }
}

/// A time in milliseconds; less than nothing is nothing.
pub(super) fn milliseconds(time: SignedDuration) -> u64 {
    u64::try_from(time.as_millis().max(0)).unwrap_or(u64::MAX)
}
