//! When the same call is made again.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use http::Method;

use super::{Guarantee, SendError, SendErrorKind};

/// Repeats of one call, and the longest wait before one; what needs longer is the caller's to plan.
const MAX_RETRIES: u32 = 3;
pub(super) const MAX_WAIT: Duration = Duration::from_secs(10);
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// How long to wait before doing the same again, or `None` if it must not or need not be done.
pub(super) fn wait_before_repeat(
    method: &Method,
    guarantee: Guarantee,
    error: &SendError,
    retries: u32,
) -> Option<Duration> {
    let harmless = *method != Method::POST
        || guarantee == Guarantee::AtLeastOnce
        || error.kind() != SendErrorKind::Ambiguous;
    let hopeful = match error.status() {
        Some(412 | 429 | 502 | 503 | 504) => true,
        Some(_) => false,
        None => matches!(error.kind(), SendErrorKind::NotSent | SendErrorKind::Ambiguous),
    };
    if !harmless || !hopeful || retries >= MAX_RETRIES {
        return None;
    }
    let wait = error.retry_after().unwrap_or_else(|| jittered(FIRST_WAIT * 2_u32.pow(retries)));
    (wait <= MAX_WAIT).then_some(wait)
}

/// Between half and all of `wait`, so that clients that failed together do not return together.
pub(super) fn jittered(wait: Duration) -> Duration {
    // Each RandomState has keys of its own, which is all the randomness that jitter needs.
    let random = RandomState::new().build_hasher().finish() % 1_000;
    wait / 2 + (wait / 2_000) * u32::try_from(random).unwrap_or(0)
}

/// Repeats are at most a tenth of the calls, so that a Connector in trouble is not drowned in them.
#[derive(Debug)]
pub(super) struct Budget(AtomicI32);

impl Budget {
    const FULL: i32 = 100;
    const PRICE: i32 = 10;

    pub(super) fn deposit(&self) {
        self.change(|saved| (saved < Self::FULL).then_some(saved + 1));
    }

    pub(super) fn withdraw(&self) -> bool {
        self.change(|saved| (saved >= Self::PRICE).then_some(saved - Self::PRICE))
    }

    fn change(&self, step: impl FnMut(i32) -> Option<i32>) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step).is_ok()
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicI32::new(Self::FULL))
    }
}

#[cfg(test)]
mod tests {
    use super::{SendErrorKind::*, *};

    #[test]
    fn only_what_is_harmless_is_repeated() {
        let error = |kind, status: Option<u16>| {
            let error = SendError::new(kind);
            status.map_or(SendError::new(kind), |status| error.with_status(status))
        };
        let check = |method: Method, kind, status, repeats: bool| {
            let wait = wait_before_repeat(&method, Guarantee::AtMostOnce, &error(kind, status), 0);
            assert_eq!(wait.is_some(), repeats, "{method} {kind:?} {status:?}");
        };
        for method in [Method::PUT, Method::DELETE, Method::GET] {
            check(method.clone(), Conflict, Some(412), true);
            check(method.clone(), Throttled, Some(429), true);
            check(method.clone(), Ambiguous, Some(502), true);
            check(method.clone(), Ambiguous, Some(500), false);
            check(method.clone(), Ambiguous, None, true);
            check(method.clone(), NotSent, None, true);
            check(method.clone(), Refused, Some(400), false);
            check(method, Auth, Some(401), false);
        }
        check(Method::POST, Conflict, Some(412), true);
        check(Method::POST, Throttled, Some(429), true);
        check(Method::POST, NotSent, None, true);
        for status in [None, Some(408), Some(500), Some(502), Some(503), Some(504)] {
            check(Method::POST, Ambiguous, status, false);
            let error = error(Ambiguous, status);
            let wait = wait_before_repeat(&Method::POST, Guarantee::AtLeastOnce, &error, 0);
            assert_eq!(wait.is_some(), !matches!(status, Some(408 | 500)), "{status:?}");
        }
        let throttled = error(Throttled, Some(429));
        let wait =
            |error: SendError, n| wait_before_repeat(&Method::PUT, Guarantee::default(), &error, n);
        assert_eq!(wait(throttled.after(Duration::from_secs(7)), 2), Some(Duration::from_secs(7)));
        assert_eq!(wait(error(Throttled, Some(429)).after(Duration::from_secs(11)), 0), None);
        assert_eq!(wait(error(Conflict, Some(412)), MAX_RETRIES), None);
    }

    #[test]
    fn waits_grow_and_differ() {
        let waits: Vec<_> = (0..50).map(|_| jittered(Duration::from_secs(1))).collect();
        assert!(waits.iter().all(|w| (500..=1_000).contains(&w.as_millis())), "{waits:?}");
        assert!(waits.iter().any(|w| w != &waits[0]), "no jitter");
    }

    #[test]
    fn repeats_are_a_tenth_of_the_calls() {
        let budget = Budget::default();
        let mut repeats = 0;
        for _ in 0..1_000 {
            budget.deposit();
            repeats += i32::from(budget.withdraw());
        }
        assert!((100..=110).contains(&repeats), "{repeats}");
    }
}
