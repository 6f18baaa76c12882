//! The executor: asks each run what is next, does that one thing, writes down what came of it.
//!
//! A step is leased, its intent is synced, then it is sent, then its outcome is synced. After a
//! crash the same records are folded: an intent without an outcome is looked for at the far side
//! before anything is sent again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use argus_soc::effect::{Outcome, Probe, Progress, effect_key, lease_name, plan_digest};
use argus_soc::incident::Incident;
use argus_soc::ledger::fact::{Actor, Fact, What};
use argus_soc::playbook::{ActionKind, PlanError, Playbook, plan};
use argus_soc::policy::{Action, Identity, Permit};
use argus_soc::run::{Next, Run, State, Status, Step};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Soc;
use super::access::{AccessError, evidence};
use crate::ports::edr::Order;
use crate::ports::itsm::TicketOrder;
use crate::ports::ledger::{Batch, LedgerError};
use crate::view::clip;

/// How long to wait when nothing says anything better.
const PAUSE: Duration = Duration::from_secs(1);
/// Longest summary of a ticket in characters: ServiceNow's `short_description` has 160.
const SUMMARY: usize = 155;
/// Longest description of a ticket in characters: ServiceNow's `description` has 4,000.
const DESCRIPTION: usize = 3_800;
/// The longest time between two looks at an effect that takes its time.
const SLOWEST_POLL: Duration = Duration::from_secs(30);

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
    actor: Actor,
    correlation: &str,
    ask: Option<String>,
) -> Result<Vec<Fact>, NotStarted> {
    let steps = plan(playbook, &incident.event)?;
    if playbook.gates.dry_run {
        let words = |step: &argus_soc::playbook::PlannedStep| {
            format!("{} on {}", step.action, step.target.value)
        };
        let steps = steps.iter().map(words).collect();
        let what = What::WouldRun { playbook: playbook.id.clone(), steps };
        return Ok(vec![soc.fact(actor, correlation, what).of(&incident.key)]);
    }
    let possible = |action: &ActionKind| match action {
        ActionKind::IsolateHost | ActionKind::ReleaseHost => soc.edr.is_some(),
        ActionKind::CreateTicket => soc.itsm.is_some(),
        _ => false,
    };
    if let Some(step) = steps.iter().find(|step| !possible(&step.action)) {
        return Err(NotStarted::NoConnector(step.action));
    }
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
        })
        .of(&incident.key),
    ];
    if let Some(reason) = ask {
        let secs = i64::from(soc.approvals.expires_secs);
        let now = soc.clock.now();
        let expires_at = now.checked_add(SignedDuration::from_secs(secs)).unwrap_or(now);
        let quorum = soc.approvals.quorum.max(playbook.gates.quorum).max(1);
        let asked =
            What::ApprovalRequested { run: run.clone(), digest, quorum, reason, expires_at };
        facts.push(fact(asked).of(&incident.key));
        if let Some(place) = soc.routes.first(&super::triage::facts_of(incident)) {
            facts.push(fact(What::NoticePlaced {
                incident: incident.key.clone(),
                card: format!("approval/{run}"),
                conversation: place.conversation.clone(),
            }));
        }
    }
    Ok(facts)
}

/// Drives every run that is not over, until told to stop. What is being sent then is finished.
pub async fn execute(soc: Arc<Soc>, mut stop: watch::Receiver<bool>) {
    let mut driving = JoinSet::new();
    let mut busy = BTreeSet::new();
    let mut wake: BTreeMap<String, Timestamp> = BTreeMap::new();
    while !*stop.borrow() {
        let now = soc.clock.now();
        match soc.ledger.with_active_runs().await {
            Ok(active) => {
                wake.retain(|key, _| active.contains(key));
                for key in active {
                    let due = wake.get(&key).is_none_or(|at| *at <= now);
                    if due && busy.insert(key.clone()) {
                        wake.remove(&key);
                        let (soc, stop) = (Arc::clone(&soc), stop.clone());
                        driving.spawn(async move { (soc.drive(&key, &stop).await, key) });
                    }
                }
            }
            Err(error) => tracing::error!(error = %error, "cannot see which runs go on"),
        }
        let idle = wake.values().min().map_or(SLOWEST_POLL, |at| until(*at, now));
        tokio::select! {
            // A ring may be for an incident that sleeps: look at all of them.
            () = soc.bells.execute.notified() => wake.clear(),
            Some(driven) = driving.join_next(), if !driving.is_empty() => {
                if let Ok((next, key)) = driven {
                    busy.remove(&key);
                    wake.insert(key, next);
                } else {
                    // A task that panicked is not remembered as busy for ever.
                    tracing::error!("driving a run failed and is begun again");
                    busy.clear();
                }
            }
            () = tokio::time::sleep(idle) => {}
            _ = stop.changed() => {}
        }
    }
    while driving.join_next().await.is_some() {}
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
    async fn drive(&self, key: &str, stop: &watch::Receiver<bool>) -> Timestamp {
        loop {
            let now = self.clock.now();
            let rest = match self.drive_once(key, now).await {
                Ok(Did::GoOn) if *stop.borrow() => PAUSE,
                Ok(Did::Rest(rest)) => rest,
                Ok(Did::GoOn) | Err(LedgerError::Conflict { .. }) => continue,
                Err(error) => {
                    tracing::error!(incident.key = key, error = %error, "a run cannot go on now");
                    PAUSE
                }
            };
            let rest = SignedDuration::try_from(rest).unwrap_or(SignedDuration::from_secs(1));
            return now.checked_add(rest).unwrap_or(now);
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
        let next = run.next(now);
        match (&next, next.step().and_then(|name| run.step(name))) {
            (Next::Wait(at), _) => return Ok(Did::Rest(until(*at, now))),
            (Next::Expire, _) => {
                let expired = What::ApprovalExpired { run: run.id.clone() };
                scene.write_if_unchanged(vec![expired]).await?;
            }
            (Next::Finish(result), _) => scene.finish(*result).await?,
            (Next::Lease(_), Some(step)) => return scene.lease(step).await,
            (Next::Send(_), Some(step)) => scene.send(step).await?,
            (Next::Probe(_), Some(step)) => scene.probe(step).await?,
            (Next::Verify(_), Some(step)) => return scene.verify(step, now).await,
            _ => return Ok(Did::Rest(SLOWEST_POLL)),
        }
        Ok(Did::GoOn)
    }
}

/// One run of one incident, as read, and what may be done with it.
struct Scene<'a> {
    soc: &'a Soc,
    incident: &'a Incident,
    run: &'a Run,
}

impl Scene<'_> {
    fn facts(&self, whats: Vec<What>) -> Vec<Fact> {
        let fact = |what| {
            self.soc.fact(Actor::service("run"), &self.run.correlation, what).of(&self.incident.key)
        };
        whats.into_iter().map(fact).collect()
    }

    /// Writes what is about to be done; only if nothing has changed since it was decided.
    async fn write_if_unchanged(&self, whats: Vec<What>) -> Result<(), LedgerError> {
        self.soc.ledger.append(Batch::on(self.incident, self.facts(whats))).await
    }

    /// Writes what has happened; it has happened whatever else has changed.
    async fn write(&self, whats: Vec<What>) -> Result<(), LedgerError> {
        let facts = self.facts(whats);
        let mut tries = 0;
        loop {
            let batch = Batch { facts: facts.clone(), ..Batch::default() };
            match self.soc.ledger.append(batch).await {
                Ok(()) => return Ok(()),
                // What happened outside must be written down; a full disk may have room soon. If it
                // never does, the next start finds the intent and looks at the far side.
                Err(LedgerError::Unavailable(why)) if tries < 30 => {
                    tries += 1;
                    tracing::error!(run.id = self.run.id, why, "an outcome waits to be written");
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn lease(&self, step: &Step) -> Result<Did, LedgerError> {
        let lease = match step.plan.action {
            // A ticket is about an incident: two incidents on one host have one each.
            ActionKind::CreateTicket => {
                format!("{}/create_ticket/{}", self.tenant(), self.incident.key)
            }
            action => lease_name(self.tenant(), action.name(), &step.plan.target),
        };
        let (run, name) = (self.run.id.clone(), step.name.clone());
        let taken = self
            .write_if_unchanged(vec![What::Leased { run: run.clone(), step: name.clone(), lease }])
            .await;
        let Err(LedgerError::Held { holder, .. }) = taken else {
            return taken.map(|()| Did::GoOn);
        };
        match self.holder(&holder).await? {
            // The same thing was done for somebody else: it counts for this run too.
            Some(State::Done { .. }) => {
                self.write_if_unchanged(vec![What::Adopted { run, step: name, holder }]).await?;
                Ok(Did::GoOn)
            }
            _ => Ok(Did::Rest(PAUSE)),
        }
    }

    /// How the step stands that holds a lease, by `INC-7.r1/step`.
    async fn holder(&self, holder: &str) -> Result<Option<State>, LedgerError> {
        let Some((run, step)) = holder.split_once('/') else { return Ok(None) };
        let Some((key, _)) = run.split_once(".r") else { return Ok(None) };
        let incident = self.soc.ledger.incident(key).await?;
        let run = incident.as_ref().and_then(|incident| incident.runs.get(run));
        Ok(run.and_then(|run| run.step(step)).map(|step| step.state.clone()))
    }

    async fn send(&self, step: &Step) -> Result<(), LedgerError> {
        let (run, name) = (self.run.id.clone(), step.name.clone());
        let permit = match self.permit(step).await {
            Ok(permit) => permit,
            Err(AccessError::Refused(refusal)) => {
                let why = format!("no longer permitted: {}", refusal.why);
                let outcome = Outcome::Failed { why };
                return self.write(vec![What::Answered { run, step: name, outcome }]).await;
            }
            Err(AccessError::Unrecorded(error)) => return Err(error),
        };
        let key = self.key(step);
        let intent = What::Intended {
            run: run.clone(),
            step: name.clone(),
            key: key.clone(),
            connector: self.connector(step).into(),
            permit: evidence(&permit),
            attempt: step.attempts + 1,
        };
        self.write_if_unchanged(vec![intent]).await?;
        let outcome = self.hand_over(step, permit, key).await;
        self.soc.metrics.effect(step.plan.action.name(), &outcome);
        self.write(vec![What::Answered { run, step: name, outcome }]).await
    }

    /// The deed.
    async fn hand_over(&self, step: &Step, permit: Permit, key: String) -> Outcome {
        let missing = || Outcome::Failed { why: "nothing is configured that can do it".into() };
        match step.plan.action {
            ActionKind::IsolateHost => match &self.soc.edr {
                Some(edr) => edr.isolate(permit, &self.order(step, key)).await,
                None => missing(),
            },
            ActionKind::ReleaseHost => match &self.soc.edr {
                Some(edr) => edr.release(permit, &self.order(step, key)).await,
                None => missing(),
            },
            ActionKind::CreateTicket => match &self.soc.itsm {
                Some(itsm) => itsm.create(permit, &self.ticket(key)).await,
                None => missing(),
            },
            _ => missing(),
        }
    }

    async fn probe(&self, step: &Step) -> Result<(), LedgerError> {
        let silent = || Probe::Unknown { why: "nothing is configured that can tell".into() };
        let probe = match (step.plan.action, &self.soc.edr, &self.soc.itsm) {
            (ActionKind::IsolateHost | ActionKind::ReleaseHost, Some(edr), _) => {
                edr.probe(step.plan.action.name(), &self.order(step, self.key(step))).await
            }
            (ActionKind::CreateTicket, _, Some(itsm)) => itsm.probe(&self.incident.key).await,
            _ => silent(),
        };
        let (run, step) = (self.run.id.clone(), step.name.clone());
        self.write(vec![What::Probed { run, step, probe }]).await
    }

    async fn verify(&self, step: &Step, now: Timestamp) -> Result<Did, LedgerError> {
        let State::Sent { remote, .. } = &step.state else { return Ok(Did::Rest(PAUSE)) };
        let progress = match (step.plan.action, &self.soc.edr) {
            (ActionKind::IsolateHost | ActionKind::ReleaseHost, Some(edr)) => {
                edr.progress(remote).await
            }
            // A ticket that was created is done.
            _ => Progress::Done,
        };
        if progress == Progress::Pending {
            // Nothing has changed, so nothing is written; look ever less often, hosts sleep.
            let since = step.changed_at.map_or(PAUSE, |at| until(now, at));
            return Ok(Did::Rest((since / 4).clamp(PAUSE, SLOWEST_POLL)));
        }
        let (run, name) = (self.run.id.clone(), step.name.clone());
        let mut whats = vec![What::Verified { run, step: name, progress }];
        whats.extend(self.linked(step, remote));
        self.write(whats).await?;
        Ok(Did::GoOn)
    }

    /// The ticket that a step has made, for the incident.
    fn linked(&self, step: &Step, remote: &str) -> Option<What> {
        let itsm =
            self.soc.itsm.as_ref().filter(|_| step.plan.action == ActionKind::CreateTicket)?;
        Some(What::TicketLinked {
            system: itsm.name().into(),
            number: step.detail.clone().unwrap_or_else(|| remote.into()),
            remote_id: remote.into(),
            url: itsm.link(remote),
        })
    }

    /// The run is over; a lease is given back unless its effect stands.
    async fn finish(&self, result: Status) -> Result<(), LedgerError> {
        let mut whats = vec![What::RunFinished { run: self.run.id.clone(), result }];
        for step in &self.run.steps {
            let undone = self.run.step(&format!("undo/{}", step.name));
            let stands = match &step.state {
                State::Done { .. } => undone.is_none_or(|undo| !undo.state.is_done()),
                State::Indeterminate { .. } => true,
                _ => false,
            };
            if let Some(lease) = step.lease.clone().filter(|_| !stands || step.undoes.is_some()) {
                let (run, step) = (self.run.id.clone(), step.name.clone());
                whats.push(What::Released { run, step, lease });
            }
        }
        self.write(whats).await
    }

    /// Asks again, now: whoever requested the run, and whoever approved it, must still be allowed
    /// to. Undoing needs no fresh permission of the person; Argus undoes what it did.
    async fn permit(&self, step: &Step) -> Result<Permit, AccessError> {
        let approvals = self.run.approval.iter().flat_map(|approval| &approval.decisions);
        for decision in approvals.filter(|decision| decision.approve) {
            let requester = match &self.run.requested_by {
                Actor::Person { tenant, object_id, .. } => {
                    Some(Identity { tenant: tenant.clone(), object_id: object_id.clone() })
                }
                Actor::Service { .. } => None,
            };
            let action = Action::Approve { run: self.run.id.clone(), requester };
            let _still = self.authorise(&decision.by, action).await?;
        }
        let incident = self.incident.key.clone();
        let host = step.plan.target.value.clone();
        let action = match step.plan.action {
            ActionKind::IsolateHost => Action::IsolateHost { incident, host },
            ActionKind::ReleaseHost => Action::ReleaseHost { incident, host },
            ActionKind::CreateTicket => Action::CreateTicket { incident },
            _ => Action::RunPlaybook { incident, playbook: self.run.playbook.clone() },
        };
        let undoing = Actor::service("run");
        let actor = if step.undoes.is_some() { &undoing } else { &self.run.requested_by };
        self.authorise(actor, action).await
    }

    async fn authorise(&self, actor: &Actor, action: Action) -> Result<Permit, AccessError> {
        let (key, correlation) = (&self.incident.key, &self.run.correlation);
        self.soc.authorise_actor(actor, action, Some(key), correlation).await
    }

    fn tenant(&self) -> &str {
        self.incident.event.tenant.as_deref().unwrap_or("home")
    }

    fn key(&self, step: &Step) -> String {
        effect_key(self.tenant(), &self.run.id, &step.name, &step.plan.parameters)
    }

    fn connector(&self, step: &Step) -> &str {
        match step.plan.action {
            ActionKind::CreateTicket => self.soc.itsm.as_ref().map_or("", |itsm| itsm.name()),
            _ => self.soc.edr.as_ref().map_or("", |edr| edr.name()),
        }
    }

    fn order(&self, step: &Step, key: String) -> Order {
        let comment = format!("{} by {}", self.incident.key, self.run.requested_by.shown());
        Order { key, target: step.plan.target.clone(), comment }
    }

    fn ticket(&self, key: String) -> TicketOrder {
        use argus_soc::event::Severity::{Critical, High, Informational, Low, Medium, Unknown};
        let event = &self.incident.event;
        TicketOrder {
            correlation: self.incident.key.clone(),
            key,
            summary: clip(&format!("[{}] {}", self.incident.key, event.title), SUMMARY),
            description: clip(event.description.as_deref().unwrap_or_default(), DESCRIPTION),
            urgency: match self.incident.severity {
                Critical | High => 1,
                Medium | Unknown => 2,
                Low | Informational => 3,
            },
        }
    }
}

fn until(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO)
}
