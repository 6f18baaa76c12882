//! One run of one incident: what each next thing does, and how it is written down.

use std::sync::Arc;

use argus_bot_sdk::ConversationRef;
use argus_soc::effect::{Outcome, Probe, Progress, effect_key, lease_name, plan_digest};
use argus_soc::incident::Incident;
use argus_soc::ledger::fact::{Actor, Fact, What};
use argus_soc::playbook::{ANSWER_MS, ActionKind, Shared, parameters_of};
use argus_soc::policy::sight::HIDDEN;
use argus_soc::policy::{Action, Identity, Permit};
use argus_soc::run::{Run, State, Status, Step, Stopped, UserAnswer};
use argus_soc::storm::breaker::Scope;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::asking::{Wanted, asked};
use super::patience::looked_at;
use super::{Did, PAUSE, SLOWEST_POLL, until};
use crate::flows::Soc;
use crate::flows::access::{AccessError, evidence};
use crate::flows::triage::facts_of;
use crate::ports::connector::{About, By, Connector, Order, TicketRef};
use crate::ports::ledger::{Batch, LedgerError};

/// One run of one incident, as read, and what may be done with it.
pub(super) struct Scene<'a> {
    pub(super) soc: &'a Soc,
    pub(super) incident: &'a Incident,
    pub(super) run: &'a Run,
}

impl Scene<'_> {
    fn facts(&self, whats: Vec<What>) -> Vec<Fact> {
        let fact = |what| {
            self.soc.fact(Actor::service("run"), &self.run.correlation, what).of(&self.incident.key)
        };
        whats.into_iter().map(fact).collect()
    }

    /// Writes what is about to be done; only if nothing has changed since it was decided.
    pub(super) async fn write_if_unchanged(&self, whats: Vec<What>) -> Result<(), LedgerError> {
        self.append(Batch::on(self.incident, self.facts(whats))).await
    }

    /// Writes a record of the run, if nothing has changed, and with it one that is about no
    /// incident's history.
    pub(super) async fn write_with(
        &self,
        what: What,
        more: Option<What>,
    ) -> Result<(), LedgerError> {
        let mut facts = self.facts(vec![what]);
        let fact = |what| self.soc.fact(Actor::service("run"), &self.run.correlation, what);
        facts.extend(more.map(fact));
        self.append(Batch::on(self.incident, facts)).await
    }

    /// Writes what has happened; it has happened whatever else has changed.
    pub(super) async fn write(&self, whats: Vec<What>) -> Result<(), LedgerError> {
        let _turn = self.soc.turnstile.pass().await;
        self.soc.write_down(self.facts(whats)).await
    }

    pub(super) async fn append(&self, batch: Batch) -> Result<(), LedgerError> {
        let _turn = self.soc.turnstile.pass().await;
        self.soc.ledger.append(batch).await
    }

    pub(super) async fn still_stands(&self, step: &Step) -> Option<bool> {
        match self.connector(step) {
            Some(connector) => connector.stands(&self.order(step)).await,
            None => Some(true),
        }
    }

    /// Whether an order of which nobody knows took effect. That was long ago: whoever gave up had
    /// looked for it several times.
    pub(super) async fn took_effect(&self, step: &Step) -> Option<bool> {
        if step.plan.action.inverse().is_some() {
            return self.still_stands(step).await;
        }
        match self.connector(step)?.probe(&self.order(step)).await {
            Probe::Found { .. } | Probe::FoundForeign { .. } => Some(true),
            Probe::NotFound | Probe::NotListed { .. } => Some(false),
            Probe::Unknown { .. } => None,
        }
    }

    /// What two runs may not do at the same time, and need not do twice.
    pub(super) fn lease_of(&self, step: &Step) -> String {
        let (action, target) = (step.plan.action, &step.plan.target);
        let about = |what: &str| format!("{}/{}/{what}", self.tenant(), action.name());
        match action.shared() {
            // A ticket is about an incident: two incidents on one host have one each.
            Shared::Incident => about(&self.incident.key),
            Shared::Nothing => about(&self.key(step)),
            Shared::Target => {
                let name = lease_name(self.tenant(), action.name(), target);
                match target.ids.get("mde_device_id") {
                    // Names are reused; what counts is which machine is meant.
                    Some(machine) => format!("{name}/{}", machine.to_lowercase()),
                    None => name,
                }
            }
        }
    }

    /// How the step stands that holds a lease, by `INC-7.r1/step`.
    pub(super) async fn holder(&self, holder: &str) -> Result<Option<State>, LedgerError> {
        let Some((run, step)) = holder.split_once('/') else { return Ok(None) };
        let Some((key, _)) = run.split_once(".r") else { return Ok(None) };
        let incident = self.soc.ledger.incident(key).await?;
        let run = incident.as_ref().and_then(|incident| incident.runs.get(run));
        Ok(run.and_then(|run| run.step(step)).map(|step| step.state.clone()))
    }

    /// Sends what steps of the run send, side by side: the intents are on disk before the first one.
    pub(super) async fn send(&self, steps: &[&Step]) -> Result<(), LedgerError> {
        let mut permitted = Vec::with_capacity(steps.len());
        for step in steps {
            let (run, name) = (self.run.id.clone(), step.name.clone());
            match self.permit(step).await {
                Ok(permit) => permitted.push((*step, permit)),
                Err(AccessError::Refused(refusal)) => {
                    let why = format!("no longer permitted: {}", refusal.why);
                    let outcome = Outcome::Failed { why };
                    return self.write(vec![What::Answered { run, step: name, outcome }]).await;
                }
                Err(AccessError::Unrecorded(error)) => return Err(error),
            }
        }
        // A breaker may have opened while the permission was asked for, here or at another replica.
        self.soc.renew_breakers().await?;
        let version = self.budget_version().await?;
        let mut sends = Vec::with_capacity(permitted.len());
        let mut sent: Vec<&Step> = Vec::new();
        for (step, permit) in permitted {
            let may = step.undoes.is_some() || self.soc.may_send(self.incident, self.run).await?;
            if may && self.barred(step, &sent).await?.is_none() {
                sends.push((step, permit));
                sent.push(step);
            }
        }
        let intent = |(step, permit): &(&Step, Permit)| What::Intended {
            run: self.run.id.clone(),
            step: step.name.clone(),
            key: self.key(step),
            connector: self.connector(step).map_or("", |it| it.name()).into(),
            permit: evidence(permit),
            attempt: step.attempts + 1,
        };
        if sends.is_empty() {
            return Ok(());
        }
        let (mut whats, expect) = self.spent(&sent, version);
        whats.extend(sends.iter().map(intent));
        let mut batch = Batch::on(self.incident, self.facts(whats));
        batch.expect.extend(expect);
        self.append(batch).await?;
        if !self.soc.shares.runs.is_sure() {
            // Another replica may be driving this run by now. The intent is on record, so whoever
            // drives it looks at the far side first.
            return Ok(());
        }
        let sends = sends.into_iter().map(|(step, permit)| self.hand_over(step, permit));
        // Each answer is written, whatever becomes of the others.
        let written = join_all(sends).await;
        written.into_iter().collect()
    }

    /// The deed.
    async fn hand_over(&self, step: &Step, permit: Permit) -> Result<(), LedgerError> {
        let outcome = match self.connector(step) {
            Some(connector) => self.by().scope(connector.send(permit, &self.order(step))).await,
            None => Outcome::Failed { why: "nothing is configured that can do it".into() },
        };
        self.soc.metrics.effect(step.plan.action.name(), &outcome);
        let (run, step) = (self.run.id.clone(), step.name.clone());
        self.write(vec![What::Answered { run, step, outcome }]).await
    }

    /// Automation is paused. Nothing of the run is done yet: people are asked. Something is: it waits.
    pub(super) async fn hold(&self, scope: &Scope) -> Result<Did, LedgerError> {
        let untouched = self.run.steps.iter().all(|step| step.state == State::Pending);
        if !untouched || self.run.approval.is_some() {
            return Ok(Did::Rest(PAUSE));
        }
        let steps: Vec<_> = self.run.steps.iter().map(|step| step.plan.clone()).collect();
        let digest = plan_digest(&self.run.id, &self.run.playbook_sha256, &steps);
        let reason = format!("automation is paused by the circuit breaker ({scope})");
        let fact = |what| self.soc.fact(Actor::service("run"), &self.run.correlation, what);
        let wanted = Wanted { quorum: self.run.quorum, expires_ms: self.run.terms.expires_ms };
        let facts = asked(self.soc, self.incident, &self.run.id, digest, wanted, reason, fact);
        self.append(Batch::on(self.incident, facts)).await?;
        Ok(Did::GoOn)
    }

    pub(super) async fn probe(&self, step: &Step) -> Result<(), LedgerError> {
        let probe = match self.connector(step) {
            Some(connector) => self.by().scope(connector.probe(&self.order(step))).await,
            None => Probe::Unknown { why: "nothing is configured that can tell".into() },
        };
        let at = looked_at(step, self.soc.clock.now());
        let (run, step) = (self.run.id.clone(), step.name.clone());
        let mut facts = self.facts(vec![What::Probed { run, step, probe }]);
        for fact in &mut facts {
            fact.at = at;
        }
        self.soc.write_down(facts).await
    }

    pub(super) async fn verify(&self, step: &Step, now: Timestamp) -> Result<Did, LedgerError> {
        let State::Sent { remote, .. } = &step.state else { return Ok(Did::Rest(PAUSE)) };
        if step.plan.action == ActionKind::AskUser {
            return self.await_answer(step, now).await;
        }
        let progress = match self.connector(step) {
            Some(connector) => self.by().scope(connector.progress(&self.order(step), remote)).await,
            // Who could tell is configured no more; a person sees that it stays as it is.
            None => Progress::Pending,
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

    /// Whoever was asked answers by a button. Until then it is open; after its time it counts as no
    /// answer.
    async fn await_answer(&self, step: &Step, now: Timestamp) -> Result<Did, LedgerError> {
        let open = SignedDuration::from_millis(step.plan.wait_ms.unwrap_or(ANSWER_MS));
        let since = step.changed_at.unwrap_or(now);
        let end = since.checked_add(open).unwrap_or(Timestamp::MAX);
        if now < end {
            return Ok(Did::Rest(until(end, now)));
        }
        let (run, step) = (self.run.id.clone(), step.name.clone());
        let answer = UserAnswer::None;
        self.write_if_unchanged(vec![What::UserAnswered { run, step, answer }]).await?;
        Ok(Did::GoOn)
    }

    /// The ticket that a step has made, for the incident.
    fn linked(&self, step: &Step, remote: &str) -> Option<What> {
        let is_ticket = step.plan.action == ActionKind::CreateTicket;
        let itsm = self.connector(step).filter(|_| is_ticket)?;
        Some(What::TicketLinked {
            system: itsm.name().into(),
            number: step.detail.clone().unwrap_or_else(|| remote.into()),
            remote_id: remote.into(),
            url: itsm.link(remote),
        })
    }

    /// The run is over; a lease is given back unless its effect stands.
    pub(super) async fn finish(&self, result: Status) -> Result<(), LedgerError> {
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
        whats.extend(self.freed().await?);
        if let Some(lease) = self.run.turn.clone() {
            let (run, step) = (self.run.id.clone(), String::new());
            whats.push(What::Released { run, step, lease });
        }
        let mut facts = self.facts(whats);
        facts.extend(self.soc.rehearsed(self.incident, self.run, result).await?);
        self.soc.write_down(facts).await
    }

    /// Asks again, now: whoever requested the run, and whoever approved it, must still be allowed
    /// to. Undoing needs no fresh permission of the person; Argus undoes what it did.
    pub(super) async fn permit(&self, step: &Step) -> Result<Permit, AccessError> {
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
            let (key, correlation) = (&self.incident.key, &self.run.correlation);
            let deciders = self.run.deciders_then(decision);
            self.soc.must_be_approver(&decision.by, deciders, key, correlation).await?;
        }
        let action = Action::Act {
            incident: self.incident.key.clone(),
            action: step.plan.action,
            target: step.plan.target.value.clone(),
        };
        let undoing = Actor::service("run");
        let actor = match (&step.undoes, &self.run.stopped) {
            (None, _) => &self.run.requested_by,
            // Whoever wants it undone must be allowed to do that.
            (Some(_), Some(Stopped::Undone { by })) => by,
            (Some(_), _) => &undoing,
        };
        self.authorise(actor, action).await
    }

    async fn authorise(&self, actor: &Actor, action: Action) -> Result<Permit, AccessError> {
        let (key, correlation) = (&self.incident.key, &self.run.correlation);
        self.soc.authorise_actor(actor, action, Some(key), correlation).await
    }

    pub(super) fn tenant(&self) -> &str {
        self.incident.event.tenant.as_deref().unwrap_or("home")
    }

    pub(super) fn key(&self, step: &Step) -> String {
        effect_key(self.tenant(), &self.run.id, &step.name, &step.plan.parameters)
    }

    pub(super) fn connector(&self, step: &Step) -> Option<&Arc<dyn Connector>> {
        self.soc.connectors.find(step.plan.action, &step.plan.parameters)
    }

    /// Whether a person waits for what the run does.
    fn by(&self) -> By {
        let agreed = self.run.approval.iter().flat_map(|it| &it.decisions).any(|it| it.approve);
        match &self.run.requested_by {
            Actor::Person { .. } => By::Person,
            Actor::Service { .. } if agreed => By::Person,
            Actor::Service { .. } => By::Automation,
        }
    }

    fn conversation_of(&self, step: &Step) -> Option<ConversationRef> {
        let named = step.plan.parameters.get("conversation").and_then(Value::as_str);
        let first = || self.soc.routes.first(&facts_of(self.incident));
        let id = named.or_else(|| first().map(|place| place.conversation.as_str()))?;
        Some(self.soc.conversation(id))
    }

    /// The step's parameters. What is said where people of other tenants read along names nothing that
    /// they may not see; what was planned, and approved, stays as it was.
    fn parameters(&self, step: &Step) -> Value {
        // Whether they can be filled was asked when the step began.
        let mut parameters = parameters_of(&step.plan, &self.incident.event, self.run)
            .unwrap_or_else(|_| step.plan.parameters.clone());
        if step.plan.action == ActionKind::Notify
            && let Some(place) = self.conversation_of(step)
            && !self.soc.sight_in(&place.conversation_id, &self.incident.event).is_whole()
            && let Some(parameters) = parameters.as_object_mut()
        {
            // Also where none is given: what is said then is the incident's title.
            parameters.insert("message".into(), HIDDEN.into());
        }
        parameters
    }

    pub(super) fn order(&self, step: &Step) -> Order {
        let event = &self.incident.event;
        Order {
            action: step.plan.action,
            key: self.key(step),
            since: self.run.created_at,
            target: step.plan.target.clone(),
            parameters: self.parameters(step),
            about: About {
                incident: self.incident.key.clone(),
                title: event.title.clone(),
                description: event.description.clone().unwrap_or_default(),
                severity: self.incident.severity,
                source: event.source.clone(),
                native_id: event.source_id.clone(),
                tenant: event.tenant.clone(),
                ticket: self.incident.ticket.as_ref().map(|it| TicketRef {
                    system: it.system.clone(),
                    number: it.number.clone(),
                    remote_id: it.remote_id.clone(),
                }),
                conversation: self.conversation_of(step),
            },
            comment: format!("{} by {}", self.incident.key, self.run.requested_by.shown()),
        }
    }
}
