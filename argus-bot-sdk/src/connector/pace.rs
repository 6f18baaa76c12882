//! When the next send may go, so that Teams never has to say "too many".

use std::collections::{HashMap, VecDeque};

use super::call::Metered;

/// Sends per conversation: at most so many within so many milliseconds.
/// Source: "Optimize your bot with rate limiting in Teams", per bot per thread.
const PER_CONVERSATION: [(usize, u64); 4] =
    [(7, 1_000), (8, 2_000), (60, 30_000), (1_800, 3_600_000)];

/// Sends of one bot in one tenant, over all conversations (same source).
const PER_TENANT: [(usize, u64); 1] = [(50, 1_000)];

/// Reads of members per conversation (same source).
const READS: [(usize, u64); 4] = [(14, 1_000), (16, 2_000), (120, 30_000), (3_600, 3_600_000)];

/// How many conversations are remembered before those that are long quiet are forgotten.
const SWEEP_AT: usize = 1_024;

/// A governor for the published windows: 7 in 1 s, 8 in 2 s, 60 in 30 s and 1,800 in an hour for
/// each conversation, and 50 in a second for each tenant.
///
/// It is pure: it never waits and never looks at a clock. Ask [`ready_at`](Self::ready_at), wait
/// until then, [`record`](Self::record) the send. The times are milliseconds of any clock that
/// does not go backwards.
///
/// ```
/// use argus_bot_sdk::connector::Pace;
///
/// let mut pace = Pace::new();
/// for _ in 0..7 {
///     assert_eq!(pace.ready_at("19:soc@thread.tacv2", "tenant", 0), 0);
///     pace.record("19:soc@thread.tacv2", "tenant", 0);
/// }
/// assert_eq!(pace.ready_at("19:soc@thread.tacv2", "tenant", 0), 1_000); // the eighth waits
/// assert_eq!(pace.ready_at("another", "tenant", 0), 0); // others do not
/// ```
#[derive(Clone, Debug, Default)]
pub struct Pace {
    conversations: HashMap<String, Sent>,
    reads: HashMap<String, Sent>,
    tenants: HashMap<String, Sent>,
    /// What counts against no conversation is counted here, and nobody asks.
    spare: Sent,
    sweep_at: usize,
}

#[derive(Clone, Debug, Default)]
struct Sent {
    /// When the last sends went, oldest first; never more than the largest window holds.
    log: VecDeque<u64>,
    /// Teams said: not before.
    held_until: u64,
    /// Calls without an answer. Teams counts each at some time between call and answer, so each
    /// fills a place until it is answered, and its window begins then.
    in_flight: usize,
}

/// When a call may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ready {
    /// At this time, if nothing else goes before.
    At(u64),
    /// When one of the calls under way is answered.
    Answered,
}

impl Pace {
    /// A governor that has seen nothing.
    pub fn new() -> Self {
        Self { sweep_at: SWEEP_AT, ..Self::default() }
    }

    /// The earliest time, not before `now_ms`, at which a send to this conversation fits into
    /// every window.
    pub fn ready_at(&mut self, conversation: &str, tenant: &str, now_ms: u64) -> u64 {
        let conversation = self
            .conversations
            .get(conversation)
            .map_or(now_ms, |sent| sent.ready_at(&PER_CONVERSATION, now_ms));
        self.tenants
            .get(tenant)
            .map_or(conversation, |sent| sent.ready_at(&PER_TENANT, conversation))
    }

    /// When a call fits into every window, those under way counted.
    pub(super) fn ready(
        &self,
        metered: Metered,
        conversation: &str,
        tenant: &str,
        now_ms: u64,
    ) -> Ready {
        let own = match metered {
            Metered::Send => (self.conversations.get(conversation), &PER_CONVERSATION[..]),
            Metered::Read => (self.reads.get(conversation), &READS[..]),
            Metered::Other => (None, &[][..]),
        };
        [own, (self.tenants.get(tenant), &PER_TENANT[..])].into_iter().fold(
            Ready::At(now_ms),
            |ready, (sent, windows)| match (ready, sent) {
                (Ready::At(at), Some(sent)) => sent.ready(windows, at),
                _ => ready,
            },
        )
    }

    /// Notes that a call goes out now.
    pub(super) fn begin(
        &mut self,
        metered: Metered,
        conversation: &str,
        tenant: &str,
        now_ms: u64,
    ) {
        self.sweep(now_ms);
        for sent in self.counted(metered, conversation, tenant) {
            sent.in_flight += 1;
        }
    }

    /// Notes that the answer of a call came at `at_ms`.
    pub(super) fn end(&mut self, metered: Metered, conversation: &str, tenant: &str, at_ms: u64) {
        let windows = match metered {
            Metered::Read => &READS[..],
            _ => &PER_CONVERSATION[..],
        };
        let [own, all] = self.counted(metered, conversation, tenant);
        own.in_flight = own.in_flight.saturating_sub(1);
        own.record(windows, at_ms);
        all.in_flight = all.in_flight.saturating_sub(1);
        all.record(&PER_TENANT, at_ms);
    }

    fn counted(&mut self, metered: Metered, conversation: &str, tenant: &str) -> [&mut Sent; 2] {
        let own = match metered {
            Metered::Send => entry(&mut self.conversations, conversation),
            Metered::Read => entry(&mut self.reads, conversation),
            Metered::Other => &mut self.spare,
        };
        [own, entry(&mut self.tenants, tenant)]
    }

    /// Notes a send that went out at `at_ms`.
    pub fn record(&mut self, conversation: &str, tenant: &str, at_ms: u64) {
        self.sweep(at_ms);
        entry(&mut self.conversations, conversation).record(&PER_CONVERSATION, at_ms);
        entry(&mut self.tenants, tenant).record(&PER_TENANT, at_ms);
    }

    /// Notes that Teams answered 429 and wants no send to this conversation before `until_ms`.
    ///
    /// ```
    /// use argus_bot_sdk::connector::Pace;
    ///
    /// let mut pace = Pace::new();
    /// pace.hold("19:soc@thread.tacv2", 5_000);
    /// assert_eq!(pace.ready_at("19:soc@thread.tacv2", "tenant", 10), 5_000);
    /// ```
    pub fn hold(&mut self, conversation: &str, until_ms: u64) {
        let sent = entry(&mut self.conversations, conversation);
        sent.held_until = sent.held_until.max(until_ms);
    }

    /// Forgets those who are quiet for longer than their longest window. The threshold follows what
    /// is left, so that a sweep is rare however many conversations are active.
    fn sweep(&mut self, now_ms: u64) {
        let most =
            |pace: &Self| pace.conversations.len().max(pace.reads.len()).max(pace.tenants.len());
        if most(self) < self.sweep_at {
            return;
        }
        self.conversations.retain(|_, sent| !sent.is_quiet(&PER_CONVERSATION, now_ms));
        self.reads.retain(|_, sent| !sent.is_quiet(&READS, now_ms));
        self.tenants.retain(|_, sent| !sent.is_quiet(&PER_TENANT, now_ms));
        self.sweep_at = SWEEP_AT.max(2 * most(self));
    }
}

fn entry<'a>(map: &'a mut HashMap<String, Sent>, key: &str) -> &'a mut Sent {
    map.entry(key.to_owned()).or_default()
}

impl Sent {
    fn ready_at(&self, windows: &[(usize, u64)], now_ms: u64) -> u64 {
        windows.iter().fold(now_ms.max(self.held_until), |ready, &(most, window)| {
            // The send that has to leave the window first, if the window is full at all.
            let oldest = self.log.len().checked_sub(most).and_then(|at| self.log.get(at));
            oldest.map_or(ready, |oldest| ready.max(oldest.saturating_add(window)))
        })
    }

    fn ready(&self, windows: &[(usize, u64)], now_ms: u64) -> Ready {
        let mut ready = now_ms.max(self.held_until);
        for &(most, window) in windows {
            let Some(leaver) = (self.log.len() + self.in_flight).checked_sub(most) else {
                continue;
            };
            match self.log.get(leaver) {
                Some(oldest) => ready = ready.max(oldest.saturating_add(window)),
                None => return Ready::Answered,
            }
        }
        Ready::At(ready)
    }

    fn record(&mut self, windows: &[(usize, u64)], at_ms: u64) {
        let most = windows.iter().map(|window| window.0).max().unwrap_or(0);
        let longest = windows.iter().map(|window| window.1).max().unwrap_or(0);
        // A clock that jumps back must not make the log unordered.
        let at_ms = self.log.back().map_or(at_ms, |last| at_ms.max(*last));
        self.log.push_back(at_ms);
        while self.log.len() > most
            || self.log.front().is_some_and(|first| first.saturating_add(longest) <= at_ms)
        {
            self.log.pop_front();
        }
    }

    fn is_quiet(&self, windows: &[(usize, u64)], now_ms: u64) -> bool {
        let longest = windows.iter().map(|window| window.1).max().unwrap_or(0);
        self.held_until <= now_ms
            && self.in_flight == 0
            && self.log.back().is_none_or(|last| last.saturating_add(longest) <= now_ms)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Sends greedily and gives the times at which the sends went.
    fn drain(sends: &[(u8, u64)]) -> Vec<(u8, u64)> {
        let mut pace = Pace::new();
        let mut now = 0;
        let mut went = Vec::new();
        for &(conversation, pause) in sends {
            let name = conversation.to_string();
            now = pace.ready_at(&name, "tenant", now + pause);
            pace.record(&name, "tenant", now);
            went.push((conversation, now));
        }
        went
    }

    fn most_within(times: &[u64], window: u64) -> usize {
        times
            .iter()
            .map(|&end| times.iter().filter(|&&t| t <= end && t + window > end).count())
            .max()
            .unwrap_or(0)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_window_is_ever_exceeded(sends in prop::collection::vec((0_u8..12, 0_u64..400), 1..300)) {
            let went = drain(&sends);
            for conversation in 0..12 {
                let times: Vec<u64> =
                    went.iter().filter(|(c, _)| *c == conversation).map(|(_, t)| *t).collect();
                for (most, window) in PER_CONVERSATION {
                    prop_assert!(most_within(&times, window) <= most, "{most} in {window} ms");
                }
            }
            let all: Vec<u64> = went.iter().map(|(_, t)| *t).collect();
            prop_assert!(most_within(&all, 1_000) <= 50);
        }
    }

    #[test]
    fn a_backlog_drains_as_fast_as_the_windows_allow() {
        // By hand: 7 at once, the 8th after 1 s, then the 8-in-2-s window sets the pace until 60
        // are out, and the 30 s window holds the 61st.
        let went = drain(&vec![(0, 0); 61]);
        let at = |n: usize| went[n - 1].1;
        assert_eq!((at(7), at(8), at(9)), (0, 1_000, 2_000));
        assert_eq!(at(61), 30_000, "the 30 s window");
        let hour = drain(&vec![(0, 0); 1_801]);
        assert_eq!(hour[1_800].1, 3_600_000, "the hour window");
    }

    #[test]
    fn quiet_conversations_are_forgotten() {
        let mut pace = Pace::new();
        for n in 0..10_000_u64 {
            pace.record(&n.to_string(), "tenant", n * 3_600);
        }
        assert!(pace.conversations.len() < 3 * SWEEP_AT, "{}", pace.conversations.len());
    }

    #[test]
    fn a_tenant_waits_although_its_conversations_do_not() {
        let mut pace = Pace::new();
        for n in 0..50 {
            pace.record(&n.to_string(), "one", 10);
        }
        assert_eq!(pace.ready_at("fresh", "one", 20), 1_010);
        assert_eq!(pace.ready_at("fresh", "two", 20), 20);
    }
}
