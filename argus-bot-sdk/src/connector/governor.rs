//! Waits so that Teams never has to say "too many".

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::Pace;
use super::call::Metered;
use super::pace::Ready;

/// A [`Pace`] that waits: for each conversation 7 sends in 1 s, 8 in 2 s, 60 in 30 s and 1,800 in
/// an hour, twice that for reads of members, and 50 calls in a second for each tenant.
///
/// A call counts from when it goes until a window after its answer, because only Teams knows when
/// in between it was counted. Who stays within that gets no 429, however slow the network is.
///
/// [`HttpConnector`](super::HttpConnector) has one.
///
/// ```
/// use std::time::Duration;
/// use argus_bot_sdk::connector::{Governor, Metered};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let governor = Governor::new();
/// for _ in 0..7 {
///     let pass = governor.pass(Metered::Send, "19:soc@thread.tacv2", "tenant", Duration::ZERO).await;
///     assert!(pass.is_ok());
/// }
/// let eighth = governor.pass(Metered::Send, "19:soc@thread.tacv2", "tenant", Duration::ZERO).await;
/// let wait = eighth.unwrap_err();
/// assert!(wait > Duration::from_millis(900) && wait < Duration::from_millis(1_100));
/// # }
/// ```
pub struct Governor {
    pace: Mutex<Pace>,
    answered: Notify,
    start: Instant,
}

impl Governor {
    /// A governor that has seen nothing.
    pub fn new() -> Self {
        Self { pace: Mutex::new(Pace::new()), answered: Notify::new(), start: Instant::now() }
    }

    /// Waits until a call fits into every window, but no longer than `patience`. The call is to be
    /// made while the [`Pass`] is there.
    ///
    /// # Errors
    ///
    /// How long it would still take, as far as that can be said. Nothing was counted then.
    pub async fn pass<'a>(
        &'a self,
        metered: Metered,
        conversation: &'a str,
        tenant: &'a str,
        patience: Duration,
    ) -> Result<Pass<'a>, Duration> {
        let until = Instant::now() + patience;
        loop {
            // Asked for before looking, so that an answer in between is not missed.
            let answered = self.answered.notified();
            let ready = self.try_begin(metered, conversation, tenant);
            let at = match ready {
                None => return Ok(Pass { governor: self, metered, conversation, tenant }),
                Some(Ready::At(at)) => Some(self.start + Duration::from_millis(at)),
                Some(Ready::Answered) => None,
            };
            match at {
                Some(at) if at > until => return Err(at.duration_since(Instant::now())),
                Some(at) => sleep_until(at).await,
                None if Instant::now() >= until => return Err(Duration::ZERO),
                None => tokio::select! {
                    () = answered => {}
                    () = sleep_until(until) => {}
                },
            }
        }
    }

    /// How long a send to this conversation would have to wait now.
    ///
    /// ```
    /// use argus_bot_sdk::connector::Governor;
    ///
    /// assert!(Governor::new().wait("19:soc@thread.tacv2", "tenant").is_zero());
    /// ```
    pub fn wait(&self, conversation: &str, tenant: &str) -> Duration {
        let now = self.now_ms();
        match self.pace().ready(Metered::Send, conversation, tenant, now) {
            Ready::At(at) => Duration::from_millis(at.saturating_sub(now)),
            Ready::Answered => Duration::from_millis(1),
        }
    }

    /// Notes that Teams wants no send to this conversation for so long.
    pub fn hold(&self, conversation: &str, wait: Duration) {
        let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let until = self.now_ms().saturating_add(wait);
        self.pace().hold(conversation, until);
    }

    /// Begins if the call may go now; otherwise says when it may.
    fn try_begin(&self, metered: Metered, conversation: &str, tenant: &str) -> Option<Ready> {
        let now = self.now_ms();
        let mut pace = self.pace();
        match pace.ready(metered, conversation, tenant, now) {
            Ready::At(at) if at <= now => {
                pace.begin(metered, conversation, tenant, now);
                None
            }
            later => Some(later),
        }
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Default for Governor {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Governor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Governor").finish_non_exhaustive()
    }
}

/// The right to make one call; dropped when the answer is there.
#[must_use = "the call is to be made while this is there"]
pub struct Pass<'a> {
    governor: &'a Governor,
    metered: Metered,
    conversation: &'a str,
    tenant: &'a str,
}

impl fmt::Debug for Pass<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pass").field("metered", &self.metered).finish_non_exhaustive()
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        // Rounded up: a window that ends too late is harmless.
        let now = self.governor.now_ms().saturating_add(1);
        self.governor.pace().end(self.metered, self.conversation, self.tenant, now);
        self.governor.answered.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use tokio::task::JoinSet;
    use tokio::time::sleep;

    use super::*;

    /// Who asks with calls of these lengths, all at once, and when each was counted by the far
    /// side: anywhere between call and answer.
    async fn storm(calls: Vec<(u8, u64, u64)>) -> Vec<(u8, u64)> {
        let governor = Arc::new(Governor::new());
        let mut tasks = JoinSet::new();
        for (conversation, before, after) in calls {
            let governor = Arc::clone(&governor);
            tasks.spawn(async move {
                let name = conversation.to_string();
                let long = Duration::from_hours(9);
                let pass = governor.pass(Metered::Send, &name, "tenant", long).await.unwrap();
                sleep(Duration::from_millis(before)).await;
                let counted = governor.now_ms();
                sleep(Duration::from_millis(after)).await;
                drop(pass);
                (conversation, counted)
            });
        }
        let mut all = tasks.join_all().await;
        all.sort_by_key(|call| call.1);
        all
    }

    fn most_within(times: &[u64], window: u64) -> usize {
        let within = |from: u64| times.iter().filter(|&&t| t >= from && t < from + window).count();
        times.iter().map(|&t| within(t)).max().unwrap_or(0)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn no_window_is_exceeded_however_slow_the_answers(
            calls in prop::collection::vec((0_u8..6, 0_u64..900, 0_u64..900), 1..150)
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time().start_paused(true).build().unwrap();
            let went = runtime.block_on(storm(calls));
            for conversation in 0..6 {
                let times: Vec<u64> =
                    went.iter().filter(|(c, _)| *c == conversation).map(|(_, t)| *t).collect();
                for (most, window) in [(7, 1_000), (8, 2_000), (60, 30_000)] {
                    prop_assert!(most_within(&times, window) <= most, "{most} in {window} ms");
                }
            }
            let all: Vec<u64> = went.iter().map(|(_, t)| *t).collect();
            prop_assert!(most_within(&all, 1_000) <= 50);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_takes_no_place() {
        let governor = Governor::new();
        for _ in 0..14 {
            let read = governor.pass(Metered::Read, "c", "t", Duration::ZERO).await;
            assert!(read.is_ok());
        }
        assert!(governor.pass(Metered::Read, "c", "t", Duration::ZERO).await.is_err());
        assert!(governor.pass(Metered::Send, "c", "t", Duration::ZERO).await.is_ok());
        governor.hold("c", Duration::from_secs(5));
        assert_eq!(governor.wait("c", "t"), Duration::from_secs(5));
        sleep(Duration::from_secs(5)).await;
        assert!(governor.wait("c", "t").is_zero());
    }
}
