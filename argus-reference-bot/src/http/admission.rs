//! How much may be on its way to the disk at once, and whose turn it is.
//!
//! An event that cannot be written soon is turned away before anybody said that it was taken. What
//! is bounded: events that wait for the disk, the bytes of their bodies, and what is on disk and not
//! placed yet. Half of the room belongs to the sources in equal shares, so that a noisy one cannot
//! keep another out; the other half is for whoever needs it. How many events may wait follows the
//! disk: they are as many as it writes within [`TARGET`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long an event should wait for the disk at most. A sender gives up after seconds, and a
/// second is promised.
const TARGET: Duration = Duration::from_millis(250);
/// With fewer events at once no disk is used well.
const LEAST: usize = 64;
/// Where the search for the right number begins.
const FIRST: usize = 1_024;
/// A quota is a minute's worth.
const MINUTE: f64 = 60.0;

/// Why somebody is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shed {
    /// The source has used up its quota; when there is some again.
    Quota(Duration),
    /// Too much is on its way to the disk.
    Busy,
    /// Too much waits to be placed.
    Backlog,
}

/// The bounds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) events: usize,
    pub(super) bytes: usize,
}

/// Who may come in, for all sources.
#[derive(Debug)]
pub(super) struct Admission {
    bounds: Bounds,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    accounts: Vec<Account>,
    /// Events that may wait now.
    limit: usize,
    /// When it was last cut: what began before says nothing about it.
    cut_at: Option<Instant>,
}

/// What one source has on its way, and what it may still send.
#[derive(Debug, Default)]
struct Account {
    events: usize,
    bytes: usize,
    event_quota: Option<Bucket>,
    byte_quota: Option<Bucket>,
}

/// Fills with time, up to a minute's worth.
#[derive(Debug)]
struct Bucket {
    size: f64,
    level: f64,
    filled_at: Option<Instant>,
}

/// Leave to be on the way to the disk; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Pass {
    admission: Arc<Admission>,
    source: usize,
    events: usize,
    bytes: usize,
    since: Option<Instant>,
}

impl Admission {
    /// Room for sources with these quotas: events and bytes a minute.
    pub(super) fn new(bounds: Bounds, quotas: &[(Option<u32>, Option<u64>)]) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "nobody counts 2^53 bytes a minute exactly")]
        let account = |(events, bytes): &(Option<u32>, Option<u64>)| Account {
            event_quota: events.map(|events| Bucket::new(f64::from(events))),
            byte_quota: bytes.map(|bytes| Bucket::new(bytes as f64)),
            ..Account::default()
        };
        let accounts = quotas.iter().map(account).collect();
        let limit = FIRST.min(bounds.events).max(1);
        let state = State { accounts, limit, cut_at: None };
        Self { bounds, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for `source` before its body is read.
    pub(super) fn knock(self: &Arc<Self>, source: usize, now: Instant) -> Result<Pass, Shed> {
        let mut state = self.state();
        state.has_quota(source, now)?;
        if !state.has_room_for_events(source, 1) {
            return Err(Shed::Busy);
        }
        drop(state);
        Ok(Pass { admission: Arc::clone(self), source, events: 0, bytes: 0, since: None })
    }

    /// Events that may wait for the disk now.
    pub(super) fn limit(&self) -> usize {
        self.state().limit
    }
}

impl State {
    /// Whether `more` events fit: into the source's own share, or into what is nobody's.
    fn has_room_for_events(&self, source: usize, more: usize) -> bool {
        fits(self.accounts.iter().map(|it| it.events), source, more, self.limit)
    }

    fn has_room_for_bytes(&self, source: usize, more: usize, bound: usize) -> bool {
        fits(self.accounts.iter().map(|it| it.bytes), source, more, bound)
    }

    fn has_quota(&mut self, source: usize, now: Instant) -> Result<(), Shed> {
        let Some(account) = self.accounts.get_mut(source) else { return Ok(()) };
        for bucket in account.event_quota.iter_mut().chain(&mut account.byte_quota) {
            bucket.fill(now);
            bucket.has(1.0)?;
        }
        Ok(())
    }

    /// Takes a delivery out of the quotas, if there is enough of both.
    fn charge(&mut self, source: usize, costs: [usize; 2], now: Instant) -> Result<(), Shed> {
        let Some(account) = self.accounts.get_mut(source) else { return Ok(()) };
        #[expect(clippy::cast_precision_loss, reason = "a body is smaller than 2^53 bytes")]
        let costs = costs.map(|cost| cost as f64);
        let mut buckets = [&mut account.event_quota, &mut account.byte_quota];
        for (bucket, cost) in buckets.iter_mut().zip(costs) {
            if let Some(bucket) = bucket {
                bucket.fill(now);
                bucket.has(cost)?;
            }
        }
        for (bucket, cost) in buckets.into_iter().zip(costs) {
            if let Some(bucket) = bucket {
                bucket.level -= cost;
            }
        }
        Ok(())
    }
}

/// Whether `more` of `source` fits into `bound`, of which half is shared out. A source that has
/// nothing on its way always comes in: a delivery larger than its share must come in some time.
fn fits(
    used: impl ExactSizeIterator<Item = usize>,
    source: usize,
    more: usize,
    bound: usize,
) -> bool {
    let share = bound / 2 / used.len().max(1);
    let common = bound - share * used.len();
    let (mut own, mut taken) = (0, 0);
    for (place, used) in used.enumerate() {
        if place == source {
            own = used;
        } else {
            taken += used.saturating_sub(share);
        }
    }
    own == 0 || own + more <= share || taken + (own + more - share) <= common
}

impl Bucket {
    fn new(size: f64) -> Self {
        Self { size, level: size, filled_at: None }
    }

    fn fill(&mut self, now: Instant) {
        let before = self.filled_at.replace(now).unwrap_or(now);
        let passed = now.duration_since(before).as_secs_f64();
        self.level = (self.level + self.size * passed / MINUTE).min(self.size);
    }

    /// Whether there is so much of it. A full one is enough for anything; it owes the rest.
    fn has(&self, cost: f64) -> Result<(), Shed> {
        let wanted = cost.min(self.size);
        if self.level >= wanted {
            return Ok(());
        }
        let seconds = (wanted - self.level) / self.size * MINUTE;
        Err(Shed::Quota(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)))
    }
}

impl Pass {
    /// More of the body came, or came out of the packed one.
    pub(super) fn carry(&mut self, bytes: usize) -> Result<(), Shed> {
        let bound = self.admission.bounds.bytes;
        let mut state = self.admission.state();
        if !state.has_room_for_bytes(self.source, bytes, bound) {
            return Err(Shed::Busy);
        }
        if let Some(account) = state.accounts.get_mut(self.source) {
            account.bytes += bytes;
            self.bytes += bytes;
        }
        Ok(())
    }

    /// It is known now that what is carried is of `source`.
    pub(super) fn belongs_to(&mut self, source: usize) {
        let mut state = self.admission.state();
        if let Some(account) = state.accounts.get_mut(self.source) {
            account.bytes -= self.bytes;
        }
        if let Some(account) = state.accounts.get_mut(source) {
            account.bytes += self.bytes;
        }
        self.source = source;
    }

    /// The body is there and is so many events: may they go to the disk?
    pub(super) fn enter(&mut self, events: usize, now: Instant) -> Result<(), Shed> {
        let (mut state, source) = (self.admission.state(), self.source);
        if !state.has_room_for_events(source, events) {
            return Err(Shed::Busy);
        }
        state.charge(source, [events, self.bytes], now)?;
        if let Some(account) = state.accounts.get_mut(source) {
            account.events += events;
            self.events = events;
        }
        self.since = Some(now);
        Ok(())
    }

    /// The disk answered: how many may wait follows from how long it took.
    pub(super) fn answered(&self, now: Instant) {
        let Some(since) = self.since else { return };
        let most = self.admission.bounds.events;
        let waited = now.duration_since(since);
        let mut state = self.admission.state();
        if waited > TARGET {
            if state.cut_at.is_none_or(|cut| since >= cut) {
                state.limit = (state.limit * 3 / 4).max(LEAST).min(most);
                state.cut_at = Some(now);
            }
            return;
        }
        let used: usize = state.accounts.iter().map(|it| it.events).sum();
        // Only a limit that is used is known to be too small.
        if waited < TARGET / 2 && used >= state.limit / 2 {
            state.limit = (state.limit + self.events).min(most).max(1);
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut state = self.admission.state();
        if let Some(account) = state.accounts.get_mut(self.source) {
            account.events -= self.events;
            account.bytes -= self.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NONE: (Option<u32>, Option<u64>) = (None, None);

    fn admission(events: usize, quotas: &[(Option<u32>, Option<u64>)]) -> Arc<Admission> {
        let bounds = Bounds { events, bytes: 1_000 };
        Arc::new(Admission::new(bounds, quotas))
    }

    /// Lets `source` in with events until it is turned away.
    fn crowd(admission: &Arc<Admission>, source: usize, now: Instant) -> Vec<Pass> {
        let mut passes = Vec::new();
        while let Ok(mut pass) = admission.knock(source, now) {
            if pass.enter(1, now).is_err() {
                break;
            }
            passes.push(pass);
        }
        passes
    }

    #[test]
    fn a_noisy_source_keeps_nobody_out() {
        let now = Instant::now();
        let admission = admission(100, &[NONE, NONE]);
        let noisy = crowd(&admission, 0, now);
        assert_eq!(noisy.len(), 75, "its share and what is nobody's");
        let quiet = crowd(&admission, 1, now);
        assert_eq!(quiet.len(), 25, "its own share");
        drop(noisy);
        assert!(admission.knock(0, now).is_ok(), "what was given back is there again");
    }

    #[test]
    fn bytes_are_bounded_and_given_back() {
        let now = Instant::now();
        let admission = admission(100, &[NONE, NONE]);
        let mut first = admission.knock(0, now).expect("room");
        assert_eq!(first.carry(5_000), Ok(()), "whoever has nothing on its way comes in");
        let mut second = admission.knock(0, now).expect("room");
        assert_eq!(second.carry(1), Err(Shed::Busy));
        let mut other = admission.knock(1, now).expect("room");
        assert_eq!((other.carry(200), other.carry(50)), (Ok(()), Ok(())));
        assert_eq!(other.carry(1), Err(Shed::Busy), "more than its share");
        drop(first);
        assert_eq!(second.carry(1), Ok(()));
    }

    #[test]
    fn quotas_are_a_minutes_worth_and_fill_again() {
        let now = Instant::now();
        let admission = admission(100, &[(Some(60), Some(600)), NONE]);
        let send = |source, events, bytes, after| {
            let now = now + Duration::from_secs(after);
            let mut pass = admission.knock(source, now)?;
            pass.carry(bytes)?;
            pass.enter(events, now)
        };
        assert_eq!(send(0, 59, 10, 0), Ok(()));
        assert_eq!(send(0, 2, 10, 0), Err(Shed::Quota(Duration::from_secs(1))));
        assert_eq!(send(0, 1, 590, 0), Ok(()), "a refused one costs nothing");
        assert_eq!(send(0, 1, 1, 0).err(), Some(Shed::Quota(Duration::from_secs(1))));
        assert_eq!(send(1, 50, 200, 0), Ok(()), "others have their own");
        assert_eq!(send(0, 30, 300, 30), Ok(()));
        assert_eq!(send(0, 90, 10, 90), Ok(()), "a full one is enough for anything");
        assert_eq!(
            send(0, 1, 1, 120).err(),
            Some(Shed::Quota(Duration::from_secs(1))),
            "and owes it"
        );
    }

    #[test]
    fn how_many_may_wait_follows_the_disk() {
        let now = Instant::now();
        let admission = admission(4_096, &[NONE]);
        let mut now = now;
        let mut round = |takes: Duration| {
            let mut passes = crowd(&admission, 0, now);
            now += takes;
            for pass in &passes {
                pass.answered(now);
            }
            let waited = passes.len();
            passes.clear();
            waited
        };
        assert_eq!(round(Duration::from_millis(300)), FIRST);
        assert_eq!(admission.limit(), FIRST * 3 / 4, "cut once for all that waited together");
        for _ in 0..20 {
            round(Duration::from_secs(2));
        }
        assert_eq!(admission.limit(), LEAST);
        for _ in 0..20 {
            round(Duration::from_millis(10));
        }
        assert_eq!(admission.limit(), 4_096);
    }

    proptest! {
        #[test]
        fn shares_hold_whoever_comes(
            moves in prop::collection::vec((0_usize..3, 1_usize..20, any::<bool>()), 1..200)
        ) {
            let (now, admission) = (Instant::now(), admission(64, &[NONE, NONE, NONE]));
            let mut passes: Vec<Pass> = Vec::new();
            for (source, events, leaves) in moves {
                let held = |source: usize| -> usize {
                    passes.iter().filter(|it| it.source == source).map(|it| it.events).sum()
                };
                let (own, all) = (held(source), (0..3).map(held).sum::<usize>());
                let came = admission.knock(source, now).is_ok_and(|mut pass| {
                    let came = pass.enter(events, now).is_ok();
                    if came {
                        passes.push(pass);
                    }
                    came
                });
                // A third of half of the room is each one's own.
                prop_assert!(came || own + events > 10, "turned away from its own share");
                prop_assert!(!came || own == 0 || own + events <= 10 || all + events <= 64 + 3 * 20);
                if leaves {
                    passes.pop();
                }
            }
        }
    }
}
