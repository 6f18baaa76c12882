//! The executor: asks each run what is next, does that one thing, writes down what came of it.
//!
//! A step is leased, its intent is synced, then it is sent, then its outcome is synced. After a
//! crash the same records are folded: an intent without an outcome is looked for at the far side
//! before anything is sent again.

mod asking;
mod begin;
mod bounds;
mod drivers;
mod patience;
mod scene;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use argus_soc::blast::{Concern, Raised, reasons, standing};
use argus_soc::effect::plan_digest;
use argus_soc::incident::Incident;
use argus_soc::ledger::fact::{Actor, Fact, What};
use argus_soc::playbook::{ActionKind, PlanError, PlannedStep, Playbook, plan};
use argus_soc::run::{Next, Run, Subjects, Terms};
use futures_util::future::try_join_all;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

use self::asking::{Wanted, asked};
use self::bounds::held_for;
use self::drivers::Drivers;
pub use self::drivers::{RunBell, Turnstile};
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
    let raised = standing(&playbook.blast, &incident.enrichment.asset, &steps);
    let (ask, accepted) = four_eyes(actor, ask, &raised);
    let terms = Terms::of(&playbook.execution, &playbook.gates, turn)
        .about(&subjects)
        .within(&playbook.blast, accepted);
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
    match ask {
        Some(reason) if playbook.gates.dry_run => {
            let quorum = soc.approvals.quorum.max(quorum);
            let approvers = playbook.gates.approvers.clone();
            let ask = What::WouldAsk { run, quorum, approvers, reason };
            facts.push(fact(ask).of(&incident.key));
        }
        Some(reason) => {
            if !raised.is_empty() {
                facts.push(fact(held_for(&run, &raised)).of(&incident.key));
            }
            let wanted = Wanted { quorum, expires_ms: terms.expires_ms };
            facts.extend(asked(soc, incident, &run, digest, wanted, reason, fact));
        }
        None => {}
    }
    Ok(facts)
}

/// Whether a second person has to agree to what somebody begins, and what they agreed to by beginning
/// it: they saw what they act on, but a label says that one pair of eyes is not enough.
fn four_eyes(
    actor: &Actor,
    ask: Option<String>,
    raised: &[Raised],
) -> (Option<String>, BTreeSet<Concern>) {
    if ask.is_some() || matches!(actor, Actor::Service { .. }) {
        return (ask, BTreeSet::new());
    }
    let labels = raised.iter().filter(|it| matches!(it.concern, Concern::Label(_)));
    let labels: Vec<Raised> = labels.cloned().collect();
    if labels.is_empty() {
        return (None, raised.iter().map(|it| it.concern.clone()).collect());
    }
    (Some(reasons(&labels)), BTreeSet::new())
}

/// Drives every run that is not over, until told to stop. What is being sent then is finished.
pub async fn execute(soc: Arc<Soc>, mut stop: watch::Receiver<bool>) {
    let mut drivers = Drivers::default();
    let mut looked: Option<Instant> = None;
    while !*stop.borrow() {
        let ours = soc.shares.runs.share(soc.ledger.as_ref()).await;
        if !matches!(ours, Ok(Share::Ours | Share::OursNow)) {
            // Nobody rings when another replica dies.
            tokio::select! {
                biased;
                _ = stop.changed() => {}
                () = tokio::time::sleep(TRY) => {}
            }
            looked = None;
            continue;
        }
        // Whoever begins a run rings, and this is for all who did not.
        if looked.is_none_or(|at| at.elapsed() >= RENEWED) {
            match soc.ledger.with_active_runs().await {
                Ok(active) => {
                    let active: BTreeSet<String> = active.into_iter().collect();
                    soc.patience.keep(&active);
                    drivers.know(&active);
                    looked = Some(Instant::now());
                }
                Err(error) => tracing::error!(error = %error, "cannot see which runs go on"),
            }
        }
        drivers.start(|key| {
            let (soc, stop) = (Arc::clone(&soc), stop.clone());
            async move { soc.drive(&key, &stop).await }
        });
        // The claim is kept by saying so.
        let idle =
            drivers.next().map_or(RENEWED, |at| at.saturating_duration_since(Instant::now()));
        // In a fixed order, so that a simulated run can be run again.
        tokio::select! {
            biased;
            _ = stop.changed() => {}
            () = drivers.rested() => {}
            rung = soc.bells.execute.heard() => {
                drivers.rung(&rung);
                looked = None;
            }
            () = tokio::time::sleep(idle.min(RENEWED)) => {}
        }
    }
    drivers.finish().await;
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
        let turn = self.turnstile.pass().await;
        let incident = self.ledger.incident(key).await?;
        drop(turn);
        let Some(incident) = incident else {
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
        let mut barred: Vec<&String> = Vec::new();
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
                (Next::Lease(_) | Next::Send(_), Some(step))
                    if let Some(why) = scene.barred(step, &[]).await? =>
                {
                    barred.push(&step.name);
                    match scene.bar(step, why).await? {
                        Did::GoOn => return Ok(Did::GoOn),
                        Did::Rest(time) => rest = rest.min(time),
                    }
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
        let mut sends = steps(|next| matches!(next, Next::Send(_)));
        sends.retain(|step| !barred.contains(&&step.name));
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
