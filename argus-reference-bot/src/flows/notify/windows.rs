//! What Teams has let through, as far as it can be known here.
//!
//! When a request that is under way arrives, only Teams knows. Until it is answered it counts as
//! arriving now, and afterwards as having arrived just before the answer: so Teams never sees more
//! in a window than we do, however long the way is.
//!
//! Everything that paces sends is behind these few methods, so that replicas which share a store
//! can share their windows too.

use std::collections::{BTreeMap, VecDeque};

use argus_bot_sdk::connector::Pace;

/// The bot writes on behalf of one tenant, so all its sends share one window.
const TENANT: &str = "home";

/// What may go with less than all of a conversation's windows: three quarters of what Teams takes in
/// 30 s and in an hour. The rest is for what is urgent, which must not wait for an hour because
/// counters ticked.
const ROUTINE: [(usize, u64); 2] = [(45, 30_000), (1_350, 3_600_000)];

/// How much a send may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// Critical and high incidents, and alarms.
    Urgent,
    /// Everything else.
    Routine,
}

/// The windows of all conversations.
#[derive(Debug, Default)]
pub(super) struct Windows {
    pace: Pace,
    routine: BTreeMap<String, VecDeque<u64>>,
    under_way: BTreeMap<String, Lane>,
}

impl Windows {
    /// When a send to this conversation fits into every window, at the earliest.
    pub(super) fn ready_at(&mut self, conversation: &str, lane: Lane, now: u64) -> u64 {
        let mut view = self.pace.clone();
        self.under_way.keys().for_each(|busy| view.record(busy, TENANT, now));
        let ready = view.ready_at(conversation, TENANT, now);
        match (lane, self.routine.get_mut(conversation)) {
            (Lane::Routine, Some(sent)) => ready.max(routine_ready(sent, now)),
            _ => ready,
        }
    }

    /// A send leaves. There is one at a time in each conversation: Teams answers 412 to two at once.
    pub(super) fn leaves(&mut self, conversation: &str, lane: Lane) {
        self.under_way.insert(conversation.into(), lane);
    }

    /// Whether a send is under way.
    pub(super) fn is_busy(&self, conversation: &str) -> bool {
        self.under_way.contains_key(conversation)
    }

    /// A send was answered, or never will be.
    pub(super) fn lands(&mut self, conversation: &str, now: u64) {
        if let Some(lane) = self.under_way.remove(conversation) {
            self.sent(conversation, lane, now);
        }
    }

    /// Nobody knows which of the sends under way were answered.
    pub(super) fn all_landed(&mut self, now: u64) {
        for (conversation, lane) in std::mem::take(&mut self.under_way) {
            self.sent(&conversation, lane, now);
        }
    }

    /// A send that went at `at`, perhaps before this process began. Oldest first.
    pub(super) fn sent(&mut self, conversation: &str, lane: Lane, at: u64) {
        self.pace.record(conversation, TENANT, at);
        if lane == Lane::Routine {
            let sent = self.routine.entry(conversation.into()).or_default();
            sent.push_back(at);
            let most = ROUTINE.iter().map(|(most, _)| *most).max().unwrap_or_default();
            while sent.len() > most {
                sent.pop_front();
            }
        }
    }

    /// Teams said: not before.
    pub(super) fn hold(&mut self, conversation: &str, until: u64) {
        self.pace.hold(conversation, until);
    }
}

fn routine_ready(sent: &mut VecDeque<u64>, now: u64) -> u64 {
    let longest = ROUTINE.iter().map(|(_, window)| *window).max().unwrap_or_default();
    while sent.front().is_some_and(|at| at.saturating_add(longest) <= now) {
        sent.pop_front();
    }
    ROUTINE.iter().fold(now, |ready, &(most, window)| {
        let oldest = sent.len().checked_sub(most).and_then(|at| sent.get(at));
        oldest.map_or(ready, |oldest| ready.max(oldest.saturating_add(window)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOC: &str = "19:soc";

    /// Sends as fast as the lane allows; gives when each send went.
    fn drain(windows: &mut Windows, lane: Lane, count: usize, mut now: u64) -> Vec<u64> {
        let mut went = Vec::new();
        for _ in 0..count {
            now = windows.ready_at(SOC, lane, now);
            windows.sent(SOC, lane, now);
            went.push(now);
        }
        went
    }

    #[test]
    fn what_is_urgent_never_waits_for_the_hour_because_of_what_is_not() {
        let mut windows = Windows::default();
        let went = drain(&mut windows, Lane::Routine, 1_350, 0);
        let now = went[1_349];
        assert!(now < 1_000_000, "the share of the hour is used up in {now} ms");
        assert_eq!(windows.ready_at(SOC, Lane::Routine, now), 3_600_000);
        let urgent = drain(&mut windows, Lane::Urgent, 60, now);
        assert!(urgent[59] <= now + 60_000, "{} ms later", urgent[59] - now);
    }

    #[test]
    fn what_is_under_way_counts_wherever_it_goes() {
        let mut windows = Windows::default();
        for n in 0..50 {
            windows.leaves(&n.to_string(), Lane::Urgent);
        }
        assert_eq!(windows.ready_at("fresh", Lane::Urgent, 5), 1_005, "50 a second for a tenant");
        windows.all_landed(700);
        assert_eq!(windows.ready_at("fresh", Lane::Urgent, 800), 1_700);
        assert!(!windows.is_busy("0"));
    }
}
