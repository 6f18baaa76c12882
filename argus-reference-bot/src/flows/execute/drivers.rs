//! Which incidents are driven now, and when those at rest are due.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

/// Rung when a run can go on, or when there may be new ones, so that nobody has to poll.
#[derive(Debug, Default)]
pub struct RunBell {
    rung: Mutex<Rung>,
    notify: Notify,
}

/// For whom the bell was rung since somebody listened last.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rung {
    /// For every incident.
    all: bool,
    /// For these.
    incidents: BTreeSet<String>,
}

impl RunBell {
    /// Something changed for the runs of one incident.
    pub fn ring(&self, incident: &str) {
        self.put(|rung| rung.incidents.extend((!rung.all).then(|| incident.to_owned())));
    }

    /// There may be runs that nobody has seen yet.
    pub fn ring_for_new(&self) {
        self.put(|_| ());
    }

    /// Something changed that every run may have waited for.
    pub fn ring_for_all(&self) {
        self.put(|rung| *rung = Rung { all: true, incidents: BTreeSet::new() });
    }

    /// Waits until it rings, or has rung since the last time.
    pub(super) async fn heard(&self) -> Rung {
        self.notify.notified().await;
        std::mem::take(&mut *self.rung.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, change: impl FnOnce(&mut Rung)) {
        change(&mut self.rung.lock().unwrap_or_else(PoisonError::into_inner));
        self.notify.notify_one();
    }
}

/// How many drivers use the store at the same time. A thousand timers that fire together would else
/// stand before the next alert.
const AT_ONCE: usize = 4;

/// Lets few drivers use the store at the same time; what they do elsewhere they do side by side.
#[derive(Debug)]
pub struct Turnstile(Semaphore);

impl Default for Turnstile {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

impl Turnstile {
    /// Waits for a place, which is free again when what is returned is dropped.
    pub(super) async fn pass(&self) -> Option<SemaphorePermit<'_>> {
        // Nobody closes it.
        self.0.acquire().await.ok()
    }
}

/// One driver at most for each incident, and when those without one are due.
#[derive(Default)]
pub(super) struct Drivers {
    tasks: JoinSet<Instant>,
    /// The incident of each driver.
    at_work: HashMap<Id, String>,
    /// The incidents that have a driver, and whether the bell rang for them meanwhile.
    busy: HashMap<String, bool>,
    /// The others that have a run which is not over, by the clock that nobody can set.
    wake: BTreeMap<String, Instant>,
}

impl Drivers {
    /// These incidents have a run that is not over, and no other has.
    pub(super) fn know(&mut self, active: &BTreeSet<String>) {
        self.wake.retain(|key, _| active.contains(key));
        let now = Instant::now();
        for key in active {
            if !self.busy.contains_key(key) && !self.wake.contains_key(key) {
                self.wake.insert(key.clone(), now);
            }
        }
    }

    /// Begins to drive whatever is due.
    pub(super) fn start<F>(&mut self, drive: impl Fn(String) -> F)
    where
        F: Future<Output = Instant> + Send + 'static,
    {
        let now = Instant::now();
        for key in self.wake.extract_if(.., |_, at| *at <= now).map(|(key, _)| key) {
            let task = self.tasks.spawn(drive(key.clone()));
            self.at_work.insert(task.id(), key.clone());
            self.busy.insert(key, false);
        }
    }

    /// Sleepers for whom it rang are due, and whoever is at work may have looked too early and looks
    /// again.
    pub(super) fn rung(&mut self, rung: &Rung) {
        let now = Instant::now();
        if rung.all {
            self.wake.values_mut().for_each(|at| *at = now);
            self.busy.values_mut().for_each(|again| *again = true);
        }
        for key in &rung.incidents {
            if let Some(again) = self.busy.get_mut(key) {
                *again = true;
            } else {
                self.wake.insert(key.clone(), now);
            }
        }
    }

    /// When the first of those at rest is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.wake.values().min().copied()
    }

    /// Waits for a driver to come to rest; for ever if none is at work.
    pub(super) async fn rested(&mut self) {
        match self.tasks.join_next_with_id().await {
            Some(driven) => self.ended(driven),
            None => std::future::pending().await,
        }
    }

    /// Waits for all that are at work.
    pub(super) async fn finish(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }

    fn ended(&mut self, driven: Result<(Id, Instant), JoinError>) {
        let (id, next) = match driven {
            Ok((id, next)) => (id, Some(next)),
            Err(error) => {
                tracing::error!(error = %error, "driving a run failed and is begun again");
                (error.id(), None)
            }
        };
        let Some(key) = self.at_work.remove(&id) else { return };
        let again = self.busy.remove(&key).unwrap_or_default();
        let next = next.filter(|_| !again).unwrap_or_else(Instant::now);
        self.wake.insert(key, next);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt as _;

    use super::*;

    fn keys(keys: &[&str]) -> BTreeSet<String> {
        keys.iter().map(|it| (*it).to_owned()).collect()
    }

    /// Drives what is due until all rest for an hour; says who was driven.
    async fn driven(drivers: &mut Drivers) -> Vec<String> {
        let seen = std::sync::Arc::new(Mutex::new(Vec::new()));
        drivers.start(|key| {
            seen.lock().expect("seen").push(key);
            async { Instant::now() + Duration::from_hours(1) }
        });
        while !drivers.busy.is_empty() {
            drivers.rested().await;
        }
        seen.lock().expect("seen").clone()
    }

    #[tokio::test]
    async fn a_bell_wakes_those_it_is_for() {
        let mut drivers = Drivers::default();
        let bell = RunBell::default();
        drivers.know(&keys(&["INC-1", "INC-2"]));
        assert_eq!(driven(&mut drivers).await, ["INC-1", "INC-2"], "new ones are due");
        drivers.know(&keys(&["INC-1", "INC-2"]));
        assert_eq!(driven(&mut drivers).await.len(), 0, "both rest");
        bell.ring("INC-2");
        bell.ring_for_new();
        drivers.rung(&bell.heard().await);
        assert_eq!(driven(&mut drivers).await, ["INC-2"]);
        bell.ring("INC-1");
        bell.ring_for_all();
        bell.ring("INC-2");
        drivers.rung(&bell.heard().await);
        assert_eq!(driven(&mut drivers).await, ["INC-1", "INC-2"]);
        drivers.know(&keys(&["INC-2"]));
        bell.ring_for_all();
        drivers.rung(&bell.heard().await);
        assert_eq!(driven(&mut drivers).await, ["INC-2"], "what is over is forgotten");
    }

    #[tokio::test]
    async fn whoever_is_at_work_when_it_rings_looks_again() {
        let mut drivers = Drivers::default();
        drivers.know(&keys(&["INC-1"]));
        drivers.start(|_| async { Instant::now() + Duration::from_hours(1) });
        let bell = RunBell::default();
        bell.ring("INC-1");
        drivers.rung(&bell.heard().await);
        drivers.rested().await;
        assert_eq!(driven(&mut drivers).await, ["INC-1"]);
    }

    #[test]
    fn few_use_the_store_at_the_same_time() {
        let turnstile = Turnstile::default();
        let enter = || turnstile.pass().now_or_never();
        let mut inside: Vec<_> = (0..AT_ONCE).map(|_| enter().expect("there is room")).collect();
        assert!(enter().is_none());
        inside.pop();
        assert!(enter().is_some());
    }
}
