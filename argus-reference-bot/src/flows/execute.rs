//! The executor: asks each run what is next, does that one thing, writes down what came of it.
//!
//! A step is leased, its intent is synced, then it is sent, then its outcome is synced. After a
//! crash the same records are folded: an intent without an outcome is looked for at the far side
//! before anything is sent again.

mod asking;
mod begin;
mod patience;
mod scene;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use argus_soc::effect::plan_digest;
use argus_soc::incident::Incident;
use argus_soc::ledger::fact::{Actor, Fact, What};
use argus_soc::playbook::{ActionKind, PlanError, PlannedStep, Playbook, plan};
use argus_soc::run::{Next, Run, Subjects, Terms};
use futures_util::future::try_join_all;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

use self::asking::{Wanted, asked};
pub use self::patience::Patience;
use self::scene::Scene;
use super::Soc;
use super::shares::{Share, TRY};
use crate::ports::ledger::LedgerError;

/// How long to wait when nothing says anything better.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest time between two looks at an effect that takes its time.
const SLOWEST_POLL: Duration = Duration::from_secs(30);

/// How often the executor says that it is still there, to keep its claim.
const RENEWED: Duration = Duration::from_secs(4);

/// Why a playbook was not started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotStarted {
    /// The event lacks what a step needs.
    #[error("the playbook does not fit this incident")]
    Plan(#[from] PlanError),
    /// Nothing is configured that could do a step.
    #[error("nothing is configured that can do {0}")]
    NoConnector(ActionKind),
}

/// The records that begin a run: what it will do, and what it asks of people.
///
/// # Errors
///
/// [`NotStarted`]; no record is made then.
pub fn new_run(
    soc: &Soc,
    incident: &Incident,
    playbook: &Playbook,
    actor: &Actor,
    correlation: &str,
    ask: Option<String>,
) -> Result<Vec<Fact>, NotStarted> {
    let steps = plan(playbook, &incident.event)?;
    let possible = |step: &&PlannedStep| {
        step.action == ActionKind::Wait
            || soc.connectors.find(step.action, &step.parameters).is_some()
    };
    if let Some(step) = steps.iter().find(|step| !possible(step)) {
        return Err(NotStarted::NoConnector(step.action));
    }
    let turn = playbook.execution.concurrency.as_ref();
    let turn = turn.and_then(|it| it.key.bind(&incident.event).ok());
    let subjects = Subjects::of(&incident.event, &playbook.gates);
    let terms = Terms::of(&playbook.execution, &playbook.gates, turn).about(&subjects);
    let quorum = playbook.gates.quorum.max(1) + subjects.unknown;
    let run = format!("{}.r{}", incident.key, incident.runs.len() + 1);
    let digest = plan_digest(&run, &playbook.sha256, &steps);
    let fact = |what| soc.fact(actor.clone(), correlation, what);
    let mut facts = vec![
        fact(What::RunCreated {
            run: run.clone(),
            playbook: playbook.id.clone(),
            playbook_sha256: playbook.sha256.clone(),
            steps,
            max_attempts: playbook.execution.retry.max_attempts,
            quorum,
            terms: terms.clone(),
        })
        .of(&incident.key),
    ];
    if let Some(reason) = ask
        && !playbook.gates.dry_run
    {
        let wanted = Wanted { quorum, expires_ms: terms.expires_ms };
        facts.extend(asked(soc, incident, &run, digest, wanted, reason, fact));
    }
    Ok(facts)
}

/// Drives every run that is not over, until told to stop. What is being sent then is finished.
pub async fn execute(soc: Arc<Soc>, mut stop: watch::Receiver<bool>) {
    let mut drivers = Drivers::default();
    while !*stop.borrow() {
        let ours = soc.shares.runs.share(soc.ledger.as_ref()).await;
        if !matches!(ours, Ok(Share::Ours | Share::OursNow)) {
            // Nobody rings when another replica dies.
            tokio::select! {
                biased;
                _ = stop.changed() => {}
                () = tokio::time::sleep(TRY) => {}
            }
            continue;
        }
        match soc.ledger.with_active_runs().await {
            Ok(active) => drivers.start(&soc, active, &stop),
            Err(error) => tracing::error!(error = %error, "cannot see which runs go on"),
        }
        let next = drivers.wake.values().min();
        let idle = next.map_or(SLOWEST_POLL, |at| at.saturating_duration_since(Instant::now()));
        // The claim is kept by saying so.
        let idle = idle.min(RENEWED);
        // In a fixed order, so that a simulated run can be run again.
        tokio::select! {
            biased;
            _ = stop.changed() => {}
            Some(driven) = drivers.tasks.join_next_with_id(), if !drivers.tasks.is_empty() => {
                drivers.ended(driven);
            }
            () = soc.bells.execute.notified() => drivers.rung(),
            () = tokio::time::sleep(idle) => {}
        }
    }
    while drivers.tasks.join_next().await.is_some() {}
}

/// One driver at most for each incident, and when those without one are due.
#[derive(Default)]
struct Drivers {
    tasks: JoinSet<Instant>,
    /// The incident of each driver, and whether the bell rang while it was at work.
    at_work: HashMap<Id, (String, bool)>,
    /// By the clock that nobody can set.
    wake: BTreeMap<String, Instant>,
}

impl Drivers {
    fn start(&mut self, soc: &Arc<Soc>, active: Vec<String>, stop: &watch::Receiver<bool>) {
        let now = Instant::now();
        self.wake.retain(|key, _| active.contains(key));
        soc.patience.keep(&active);
        for key in active {
            let due = self.wake.get(&key).is_none_or(|at| *at <= now);
            if !due || self.at_work.values().any(|(busy, _)| *busy == key) {
                continue;
            }
            self.wake.remove(&key);
            let (soc, stop, incident) = (Arc::clone(soc), stop.clone(), key.clone());
            let task = self.tasks.spawn(async move { soc.drive(&incident, &stop).await });
            self.at_work.insert(task.id(), (key, false));
        }
    }

    /// Something changed; nobody knows for whom. Sleepers are due, and whoever is at work may have
    /// looked too early and looks again.
    fn rung(&mut self) {
        self.wake.clear();
        self.at_work.values_mut().for_each(|(_, again)| *again = true);
    }

    fn ended(&mut self, driven: Result<(Id, Instant), JoinError>) {
        match driven {
            Ok((id, next)) => {
                if let Some((key, false)) = self.at_work.remove(&id) {
                    self.wake.insert(key, next);
                }
            }
            Err(error) => {
                tracing::error!(error = %error, "driving a run failed and is begun again");
                self.at_work.remove(&error.id());
            }
        }
    }
}

/// What a thing that was done means for the loop.
enum Did {
    /// Ask the run again at once.
    GoOn,
    /// Nothing to do before this.
    Rest(Duration),
}

impl Soc {
    /// Drives the runs of one incident until all wait or are over; says when to look again.
    async fn drive(&self, key: &str, stop: &watch::Receiver<bool>) -> Instant {
        loop {
            let rest = match self.drive_once(key, self.clock.now()).await {
                Ok(Did::GoOn) if *stop.borrow() => PAUSE,
                Ok(Did::Rest(rest)) => rest,
                Ok(Did::GoOn) | Err(LedgerError::Conflict { .. }) => continue,
                Err(error) => {
                    tracing::error!(incident.key = key, error = %error, "a run cannot go on now");
                    PAUSE
                }
            };
            return Instant::now() + rest.min(SLOWEST_POLL);
        }
    }

    async fn drive_once(&self, key: &str, now: Timestamp) -> Result<Did, LedgerError> {
        let Some(incident) = self.ledger.incident(key).await? else {
            return Ok(Did::Rest(SLOWEST_POLL));
        };
        let mut rest = SLOWEST_POLL;
        for run in incident.active_runs() {
            match self.perform(&incident, run, now).await? {
                Did::GoOn => {
                    self.bells.notify.notify_one();
                    return Ok(Did::GoOn);
                }
                Did::Rest(time) => rest = rest.min(time),
            }
        }
        Ok(Did::Rest(rest))
    }

    async fn perform(
        &self,
        incident: &Incident,
        run: &Run,
        now: Timestamp,
    ) -> Result<Did, LedgerError> {
        let scene = Scene { soc: self, incident, run };
        if self.patience.is_over(run) {
            scene.write_if_unchanged(vec![What::RunTimedOut { run: run.id.clone() }]).await?;
            return Ok(Did::GoOn);
        }
        let mut rest = SLOWEST_POLL;
        let mut due = Vec::new();
        // The waiting is over by the clock that counts, whatever the one on the wall says.
        for next in run.ready(Timestamp::MAX) {
            match self.patience.rest(run, &next, now) {
                Some(time) => rest = rest.min(time),
                None => due.push(next),
            }
        }
        if let Some(time) = self.patience.left(run) {
            rest = rest.min(time);
        }
        let about = |next: &Next| next.step().and_then(|name| run.step(name));
        // What begins changes what may begin: one after the other.
        for next in &due {
            match (next, about(next)) {
                (Next::Expire, _) => {
                    scene.expire().await?;
                    return Ok(Did::GoOn);
                }
                (Next::Remind, _) => {
                    scene.remind().await?;
                    return Ok(Did::GoOn);
                }
                (Next::Finish(result), _) => {
                    scene.finish(*result).await?;
                    return Ok(Did::GoOn);
                }
                (Next::TakeTurn, _) => return scene.take_turn().await,
                (Next::Lease(_) | Next::Send(_), Some(step))
                    if step.undoes.is_none()
                        && !run.is_dry()
                        && let Some(scope) = self.held_back(incident, run).await? =>
                {
                    return scene.hold(&scope).await;
                }
                (Next::Fire(_), Some(step)) => {
                    let (run, step) = (run.id.clone(), step.name.clone());
                    scene.write(vec![What::TimerFired { run, step }]).await?;
                    return Ok(Did::GoOn);
                }
                (Next::Lease(_), Some(step)) => match scene.lease(step, now).await? {
                    Did::GoOn => return Ok(Did::GoOn),
                    // It waits for another run; what stands beside it need not.
                    Did::Rest(time) => rest = rest.min(time),
                },
                _ => {}
            }
        }
        // What is under way goes on side by side.
        let steps = |wanted: fn(&Next) -> bool| {
            due.iter().filter(move |next| wanted(next)).filter_map(about).collect::<Vec<_>>()
        };
        let sends = steps(|next| matches!(next, Next::Send(_)));
        let probes = steps(|next| matches!(next, Next::Probe(_)));
        let verifies = steps(|next| matches!(next, Next::Verify(_)));
        let (answers, looks, progress) = futures_util::join!(
            scene.send(&sends),
            try_join_all(probes.iter().map(|step| scene.probe(step))),
            try_join_all(verifies.iter().map(|step| scene.verify(step, now))),
        );
        answers?;
        looks?;
        if !sends.is_empty() || !probes.is_empty() {
            return Ok(Did::GoOn);
        }
        for did in progress? {
            match did {
                Did::GoOn => return Ok(Did::GoOn),
                Did::Rest(time) => rest = rest.min(time),
            }
        }
        Ok(Did::Rest(rest))
    }
}

fn until(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO)
}
