//! What the log says about senders that are turned away.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How often the same is said.
const EVERY: Duration = Duration::from_secs(1);

/// Complaints of one kind do not fill the log, and do not keep back those of another: a disk that
/// fails in a storm is heard of.
#[derive(Debug, Default)]
pub(in super::super) struct Complaints(Mutex<BTreeMap<&'static str, Instant>>);

impl Complaints {
    /// Whether it is time to say this again.
    pub(super) fn may(&self, about: &'static str, now: Instant) -> bool {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = said.get(about).is_none_or(|at| now.duration_since(*at) >= EVERY);
        if due {
            said.insert(about, now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_heard_once_a_second() {
        let (complaints, now) = (Complaints::default(), Instant::now());
        let may = |about, millis| complaints.may(about, now + Duration::from_millis(millis));
        assert!(may("busy", 0) && !may("busy", 0) && !may("busy", 999));
        assert!(may("store", 500), "nobody said that yet");
        assert!(may("busy", 1_000) && !may("store", 1_000) && may("store", 1_500));
    }
}
