//! How long a run still waits. The clock on the wall can be set, so what counts is for how long this
//! process has seen it wait; after a restart the waiting begins again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use argus_soc::run::{Next, Run, State, Status, Step};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// What the deadline of a whole run is filed under; no step has this name.
const DEADLINE: &str = "/deadline";

/// And the reminder of those who are asked.
const REMINDER: &str = "/reminder";

/// Since when each thing of each run was seen to wait.
#[derive(Debug, Default)]
pub struct Patience(Mutex<BTreeMap<(String, String), Waits>>);

/// Since when something waits that was changed then.
#[derive(Debug)]
struct Waits {
    changed_at: Option<Timestamp>,
    since: Instant,
}

impl Patience {
    /// How long the run has to wait still before it does this; `None` if it can at once.
    pub(super) fn rest(&self, run: &Run, next: &Next, now: Timestamp) -> Option<Duration> {
        let step = next.step().and_then(|name| run.step(name));
        let (name, changed_at, pause, is_over) = match (run.status, step, &run.approval) {
            (Status::AwaitingApproval, _, Some(approval)) => {
                let (name, end) = match next {
                    Next::Remind => (REMINDER, approval.remind_at.unwrap_or(approval.expires_at)),
                    _ => ("", approval.expires_at),
                };
                // Others who are asked have their own time.
                let again = approval.escalated.as_ref().map(|it| it.at);
                let pause = end.duration_since(again.unwrap_or(run.created_at));
                (name, again, pause, now >= end)
            }
            (_, Some(step), _) => {
                // Time that passed while nobody was there has passed.
                let is_over = matches!(&step.state, State::Sleeping { until } if now >= *until);
                (step.name.as_str(), step.changed_at, step.pause(), is_over)
            }
            _ => return None,
        };
        let pause = if is_over { SignedDuration::ZERO } else { pause };
        self.left_of(run, name, changed_at, pause)
    }

    /// Whether the run's own time is over.
    pub(super) fn is_over(&self, run: &Run) -> bool {
        run.deadline().is_some() && self.left(run).is_none()
    }

    /// How much of its own time is left to a run that has a deadline.
    pub(super) fn left(&self, run: &Run) -> Option<Duration> {
        let (from, most) = run.deadline()?;
        self.left_of(run, DEADLINE, Some(from), most)
    }

    fn left_of(
        &self,
        run: &Run,
        name: &str,
        changed_at: Option<Timestamp>,
        pause: SignedDuration,
    ) -> Option<Duration> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (run.id.clone(), name.to_owned());
        if pause <= SignedDuration::ZERO {
            seen.remove(&key);
            return None;
        }
        let new = || Waits { changed_at, since: Instant::now() };
        let waits = seen.entry(key).or_insert_with(new);
        if waits.changed_at != changed_at {
            *waits = new();
        }
        let rest = Duration::try_from(pause).ok()?.saturating_sub(waits.since.elapsed());
        (!rest.is_zero()).then_some(rest)
    }

    /// Forgets the runs of incidents in which nothing goes on.
    pub(super) fn keep(&self, active: &BTreeSet<String>) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|(run, _), _| {
            let incident = run.split_once(".r").map_or(run.as_str(), |(incident, _)| incident);
            active.contains(incident)
        });
    }
}

/// The time of a look that is made now. A clock on the wall that was set back, or stands still, would
/// have it lie before the end of a wait that is over.
pub(super) fn looked_at(step: &Step, now: Timestamp) -> Timestamp {
    let end = step.changed_at.and_then(|from| from.checked_add(step.pause()).ok());
    end.filter(|_| step.is_waiting(now)).unwrap_or(now)
}
