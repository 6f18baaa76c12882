//! How often a system is called: below what it allows, and not at all while it does not answer.
//!
//! What is over the budget is not sent and says when to come again, so nothing waits in here. Deeds
//! and looks have a bucket each: following what was done never takes the room of doing. The last part
//! of a bucket is for what a person waits for.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::Method;
use tokio::time::Instant;

use crate::ports::connector::By;

/// Failures in a row after which nobody asks for a while.
const FAILURES: u32 = 5;
/// How long nobody asks. Then one call goes, and its answer decides.
const PAUSE: Duration = Duration::from_secs(10);

/// The part of a bucket that is only for people: one in so many.
const FOR_PEOPLE: u32 = 5;

/// Longest wait that is named.
const LONGEST: Duration = Duration::from_mins(2);

/// At most so many at once, and one more whenever this much time has passed.
#[derive(Clone, Copy, Debug)]
pub(in crate::adapters) struct Pace {
    /// How many at once.
    pub(in crate::adapters) burst: u32,
    /// When there is room for one more.
    pub(in crate::adapters) every: Duration,
}

/// What may be sent to one system, shared by everybody in this process.
#[derive(Debug)]
pub(in crate::adapters) struct Budget {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    deeds: Bucket,
    looks: Bucket,
    failures: u32,
    closed_until: Option<Instant>,
}

/// A bucket as the moment at which it is full again: each call moves that moment on.
#[derive(Debug)]
struct Bucket {
    pace: Pace,
    full_at: Option<Instant>,
    /// When the last one of automation, and the last person, who was sent away shall come again. The
    /// next one comes after that: if all came at once, all but one would be sent away again, and give
    /// up.
    promised: [Option<Instant>; 2],
}

/// Why a call is not sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// The budget is used up; so long.
    Budget(Duration),
    /// The system did not answer several times; so long.
    Breaker(Duration),
}

impl Budget {
    /// For systems of which no narrower limit is known: 60 at once and 3,600 in an hour, of each.
    pub(in crate::adapters) fn usual() -> Self {
        let pace = Pace { burst: 60, every: Duration::from_secs(1) };
        Self::new(pace, pace)
    }

    /// So many calls that change something, and so many that do not.
    pub(in crate::adapters) fn new(deeds: Pace, looks: Pace) -> Self {
        let bucket = |pace| Bucket { pace, full_at: None, promised: [None; 2] };
        Self {
            state: Mutex::new(State {
                deeds: bucket(deeds),
                looks: bucket(looks),
                failures: 0,
                closed_until: None,
            }),
        }
    }

    /// Takes room for a call, or says how long there is none.
    pub(super) fn take(&self, method: &Method, by: By, now: Instant) -> Result<(), Wait> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left) = state.closed_until.and_then(|it| it.checked_duration_since(now))
            && !left.is_zero()
        {
            return Err(Wait::Breaker(left));
        }
        let looks = matches!(*method, Method::GET | Method::HEAD);
        let bucket = if looks { &mut state.looks } else { &mut state.deeds };
        bucket.take(by, now).map_err(Wait::Budget)?;
        // Whoever comes after the pause tries for all; the others wait for the answer.
        if state.closed_until.is_some() {
            state.closed_until = Some(now + PAUSE);
        }
        Ok(())
    }

    /// Notes whether the system answered; a refusal is an answer.
    pub(super) fn note(&self, answered: bool, now: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if answered {
            (state.failures, state.closed_until) = (0, None);
        } else {
            state.failures = state.failures.saturating_add(1);
            if state.failures >= FAILURES {
                state.closed_until = Some(now + PAUSE);
            }
        }
    }
}

impl Bucket {
    fn take(&mut self, by: By, now: Instant) -> Result<(), Duration> {
        let kept = if by == By::Person { 0 } else { self.pace.burst / FOR_PEOPLE };
        let full_at = self.full_at.filter(|it| *it > now).unwrap_or(now);
        let after = full_at + self.pace.every;
        let room = now + self.pace.every * (self.pace.burst - kept);
        match after.checked_duration_since(room) {
            Some(wait) if !wait.is_zero() => {
                let [automation, person] = &mut self.promised;
                let promised = if by == By::Person { person } else { automation };
                let queue = promised.filter(|it| *it > now).map(|it| it + self.pace.every);
                let at = queue.map_or(now + wait, |it| it.max(now + wait)).min(now + LONGEST);
                *promised = Some(at);
                Err(at.saturating_duration_since(now))
            }
            _ => {
                self.full_at = Some(after);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEEDS: Pace = Pace { burst: 3, every: Duration::from_secs(2) };
    const LOOKS: Pace = Pace { burst: 1, every: Duration::from_secs(1) };

    fn second(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn a_burst_goes_and_then_one_after_the_other() {
        let (budget, start) = (Budget::new(DEEDS, LOOKS), Instant::now());
        let deed = |at: u64| budget.take(&Method::POST, By::Person, start + second(at));
        assert_eq!([deed(0), deed(0), deed(0)], [Ok(()); 3]);
        assert_eq!(deed(0), Err(Wait::Budget(second(2))));
        assert_eq!(deed(1), Err(Wait::Budget(second(3))), "behind the one before");
        assert_eq!([deed(2), deed(2)], [Ok(()), Err(Wait::Budget(second(4)))]);
        assert_eq!([deed(60), deed(60), deed(60)], [Ok(()); 3], "it is full again, and not more");
        assert_eq!(deed(60), Err(Wait::Budget(second(2))));
    }

    /// As many come again as were sent away, each when it was told to.
    #[test]
    fn who_comes_when_told_to_is_let_through() {
        let (budget, start) = (Budget::new(DEEDS, LOOKS), Instant::now());
        let mut told = Vec::new();
        for _ in 0..40 {
            if let Err(Wait::Budget(wait)) = budget.take(&Method::POST, By::Person, start) {
                told.push(wait);
            }
        }
        assert_eq!(told.len(), 37);
        for wait in told {
            assert_eq!(
                budget.take(&Method::POST, By::Person, start + wait),
                Ok(()),
                "after {wait:?}"
            );
        }
    }

    #[test]
    fn looks_take_no_room_of_deeds() {
        let (budget, now) = (Budget::new(DEEDS, LOOKS), Instant::now());
        assert_eq!(budget.take(&Method::GET, By::Person, now), Ok(()));
        assert_eq!(budget.take(&Method::GET, By::Person, now), Err(Wait::Budget(second(1))));
        assert_eq!(budget.take(&Method::PUT, By::Person, now), Ok(()));
    }

    #[test]
    fn who_does_not_answer_is_left_alone_and_then_tried_by_one() {
        let many = Pace { burst: 100, every: second(1) };
        let (budget, start) = (Budget::new(many, many), Instant::now());
        let ask = |at: u64| budget.take(&Method::GET, By::Person, start + second(at));
        for _ in 0..FAILURES {
            assert_eq!(ask(0), Ok(()));
            budget.note(false, start);
        }
        assert_eq!(ask(1), Err(Wait::Breaker(second(9))));
        assert_eq!([ask(10), ask(10)], [Ok(()), Err(Wait::Breaker(PAUSE))], "one tries for all");
        budget.note(false, start + second(10));
        assert_eq!(ask(11), Err(Wait::Breaker(second(9))));
        assert_eq!(ask(20), Ok(()));
        budget.note(true, start + second(20));
        assert_eq!([ask(20), ask(20)], [Ok(()); 2]);
    }

    #[test]
    fn one_answer_among_failures_keeps_the_road_open() {
        let (budget, now) = (Budget::new(DEEDS, LOOKS), Instant::now());
        for _ in 0..3 {
            (1..FAILURES).for_each(|_| budget.note(false, now));
            budget.note(true, now);
        }
        assert_eq!(budget.take(&Method::POST, By::Person, now), Ok(()));
    }

    #[test]
    fn the_last_part_is_for_people() {
        let wide = Pace { burst: 10, every: second(1) };
        let (budget, now) = (Budget::new(wide, wide), Instant::now());
        let deed = |by| budget.take(&Method::POST, by, now);
        for _ in 0..8 {
            assert_eq!(deed(By::Automation), Ok(()));
        }
        assert_eq!(deed(By::Automation), Err(Wait::Budget(second(1))));
        assert_eq!(deed(By::Automation), Err(Wait::Budget(second(2))), "behind the one before");
        assert_eq!([deed(By::Person), deed(By::Person)], [Ok(()); 2]);
        assert_eq!(deed(By::Person), Err(Wait::Budget(second(1))), "not behind automation");
    }
}
