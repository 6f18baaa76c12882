//! Teams' published rate limits as sliding windows.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// How much a bot may ask for. Requests that are refused do not count.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TeamsLimits {
    /// Messages and creations in one conversation: at most so many in so long.
    pub sends: Vec<(usize, Duration)>,
    /// Roster reads in one conversation.
    pub reads: Vec<(usize, Duration)>,
    /// All requests of the bot in the tenant.
    pub tenant: Vec<(usize, Duration)>,
    /// The least time between two parts of a message that grows.
    pub stream_gap: Duration,
}

impl TeamsLimits {
    /// The published ones (learn.microsoft.com, "Optimize your bot with rate limiting"): per bot
    /// and conversation 7 in 1 s, 8 in 2 s, 60 in 30 s and 1800 in an hour, twice that for
    /// reads, and 50 a second per bot and tenant. A message grows once in a second ("Stream bot
    /// messages").
    pub fn published() -> Self {
        let windows = |factor: usize| {
            [(7, 1), (8, 2), (60, 30), (1800, 3600)]
                .map(|(count, seconds)| (count * factor, Duration::from_secs(seconds)))
                .to_vec()
        };
        let second = Duration::from_secs(1);
        Self {
            sends: windows(1),
            reads: windows(2),
            tenant: vec![(50, second)],
            stream_gap: second,
        }
    }

    /// No limits, for tests that are about something else.
    ///
    /// ```
    /// use std::time::Duration;
    /// use argus_bot_sdk::testing::{FakeEntra, FakeTeams, TeamsLimits};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let teams = FakeTeams::builder(&FakeEntra::start().await?)
    ///     .limits(TeamsLimits::off())
    ///     .edit_time(Duration::from_millis(50))
    ///     .max_message(28 * 1024)
    ///     .start()
    ///     .await?;
    /// teams.open_channel("19:soc@thread.tacv2", "SOC", []);
    /// // From now on as strict as the real one.
    /// teams.set_limits(TeamsLimits::published());
    /// # Ok(()) }
    /// ```
    pub fn off() -> Self {
        Self {
            sends: Vec::new(),
            reads: Vec::new(),
            tenant: Vec::new(),
            stream_gap: Duration::ZERO,
        }
    }
}

/// What a request counts as, beside one request of the tenant's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Send,
    Read,
    Edit,
}

/// The requests that were let through, by what they count against.
#[derive(Debug, Default)]
pub(super) struct Meter {
    seen: BTreeMap<(Kind, String), VecDeque<i64>>,
    tenant: VecDeque<i64>,
}

impl Meter {
    /// Counts a request, or says after how many milliseconds it would be let through.
    pub(super) fn admit(
        &mut self,
        limits: &TeamsLimits,
        kind: Kind,
        conversation: &str,
        now_ms: i64,
    ) -> Result<(), i64> {
        let windows: &[_] = match kind {
            Kind::Send => &limits.sends,
            Kind::Read => &limits.reads,
            Kind::Edit => &[],
        };
        let seen = self.seen.entry((kind, conversation.to_owned())).or_default();
        let wait = wait(seen, windows, now_ms).max(wait(&self.tenant, &limits.tenant, now_ms));
        if wait > 0 {
            return Err(wait);
        }
        note(seen, windows, now_ms);
        note(&mut self.tenant, &limits.tenant, now_ms);
        Ok(())
    }
}

fn wait(seen: &VecDeque<i64>, windows: &[(usize, Duration)], now_ms: i64) -> i64 {
    let until_free = |(count, window): &(usize, Duration)| {
        // With `count` newer requests in the window, the oldest of them has to leave it.
        let oldest = seen.len().checked_sub(*count).and_then(|index| seen.get(index))?;
        Some(oldest + millis(*window) - now_ms)
    };
    windows.iter().filter_map(until_free).max().unwrap_or(0).max(0)
}

fn note(seen: &mut VecDeque<i64>, windows: &[(usize, Duration)], now_ms: i64) {
    let longest = windows.iter().map(|(_, window)| millis(*window)).max().unwrap_or(0);
    while seen.front().is_some_and(|at| at + longest <= now_ms) {
        seen.pop_front();
    }
    if longest > 0 {
        seen.push_back(now_ms);
    }
}

fn millis(window: Duration) -> i64 {
    i64::try_from(window.as_millis()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_eighth_in_a_second_waits_and_the_ninth_in_two() {
        let limits = TeamsLimits::published();
        let mut meter = Meter::default();
        let mut at = |ms| meter.admit(&limits, Kind::Send, "c", ms);
        assert!((0..7).all(|ms| at(ms).is_ok()));
        assert_eq!(at(10), Err(990));
        assert_eq!(at(999), Err(1));
        assert_eq!(at(1000), Ok(()));
        assert_eq!(at(1001), Err(999), "the ninth in two seconds");
        assert_eq!(at(2000), Ok(()));
    }

    #[test]
    fn conversations_and_kinds_count_apart_but_share_the_tenant() {
        let limits = TeamsLimits::published();
        let mut meter = Meter::default();
        for conversation in 0..50 {
            let kind = if conversation % 2 == 0 { Kind::Send } else { Kind::Edit };
            assert_eq!(meter.admit(&limits, kind, &conversation.to_string(), 5), Ok(()));
        }
        assert_eq!(meter.admit(&limits, Kind::Read, "fresh", 5), Err(1000));
        assert_eq!(meter.admit(&limits, Kind::Read, "fresh", 1005), Ok(()));
        assert_eq!(meter.admit(&TeamsLimits::off(), Kind::Read, "fresh", 1005), Ok(()));
    }

    proptest! {
        /// Whoever sends as often as it may never has more in a window than published, and is
        /// let through exactly when it was told.
        #[test]
        fn admitted_requests_fit_every_window(gaps in prop::collection::vec(0_i64..1500, 1..300)) {
            let limits = TeamsLimits::published();
            let (mut meter, mut now, mut admitted) = (Meter::default(), 0, Vec::new());
            for gap in gaps {
                now += gap;
                if let Err(wait) = meter.admit(&limits, Kind::Send, "c", now) {
                    prop_assert!(meter.admit(&limits, Kind::Send, "c", now + wait - 1).is_err());
                    now += wait;
                    prop_assert_eq!(meter.admit(&limits, Kind::Send, "c", now), Ok(()));
                }
                admitted.push(now);
            }
            for (count, window) in &limits.sends {
                for (index, first) in admitted.iter().enumerate() {
                    let inside = admitted.iter().skip(index).filter(|at| **at - first < millis(*window));
                    prop_assert!(inside.count() <= *count);
                }
            }
        }
    }
}
