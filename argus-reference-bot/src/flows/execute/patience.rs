//! How long a run still waits. The clock on the wall can be set, so what counts is for how long this
//! process has seen the run wait; after a restart the waiting begins again.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use argus_soc::run::{Run, Status, Step};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Since when each run was seen to wait, and for what.
#[derive(Debug, Default)]
pub struct Patience(Mutex<BTreeMap<String, Waits>>);

/// What a run waits for: a step as it was changed then, or people.
#[derive(Debug, PartialEq)]
struct Waits {
    step: String,
    changed_at: Option<Timestamp>,
    since: Instant,
}

impl Patience {
    /// How long the run has to wait still; `None` if it can go on.
    pub(super) fn rest(&self, run: &Run, now: Timestamp) -> Option<Duration> {
        let next = run.next(Timestamp::MAX);
        let step = next.step().and_then(|name| run.step(name));
        let (name, changed_at, pause, is_over) = match (run.status, step, &run.approval) {
            (Status::AwaitingApproval, _, Some(approval)) => {
                let pause = approval.expires_at.duration_since(run.created_at);
                ("", None, pause, now >= approval.expires_at)
            }
            (_, Some(step), _) => (step.name.as_str(), step.changed_at, step.pause(), false),
            _ => return None,
        };
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if is_over || pause <= SignedDuration::ZERO {
            seen.remove(&run.id);
            return None;
        }
        let entry = seen.entry(run.id.clone());
        let new = || Waits { step: name.into(), changed_at, since: Instant::now() };
        let waits = entry.or_insert_with(new);
        if waits.step != name || waits.changed_at != changed_at {
            *waits = new();
        }
        let rest = Duration::try_from(pause).ok()?.saturating_sub(waits.since.elapsed());
        (!rest.is_zero()).then_some(rest)
    }

    /// Forgets the runs of incidents in which nothing goes on.
    pub(super) fn keep(&self, active: &[String]) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|run, _| {
            let incident = run.split_once(".r").map_or(run.as_str(), |(incident, _)| incident);
            active.iter().any(|key| key == incident)
        });
    }
}

/// The time of a look that is made now. A clock on the wall that was set back, or stands still, would
/// have it lie before the end of a wait that is over.
pub(super) fn looked_at(step: &Step, now: Timestamp) -> Timestamp {
    let end = step.changed_at.and_then(|from| from.checked_add(step.pause()).ok());
    end.filter(|_| step.is_waiting(now)).unwrap_or(now)
}
