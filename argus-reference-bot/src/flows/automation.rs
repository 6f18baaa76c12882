//! What pauses automation, and who lets it go on.
//!
//! Breakers are durable, and what is recorded of them is the truth for every replica: it is read again
//! each second, before runs begin by themselves, and before each of their effects. What they saw in
//! the last minute is not durable: a restart begins with a fresh minute, and with every breaker that
//! was open still open.

mod candidate;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use argus_soc::decide::Decision;
use argus_soc::event::SecurityEvent;
use argus_soc::incident::Incident;
use argus_soc::ledger::fact::{Actor, Fact, What};
use argus_soc::playbook::plan;
use argus_soc::policy::Action;
use argus_soc::run::Run;
use argus_soc::storm::breaker::{Breaker, Change, Scope};
use argus_soc::storm::velocity::Guard;
use tokio::sync::{Mutex as Turn, MutexGuard as Turned, OnceCell, watch};
use tokio::time::Instant;

use self::candidate::{automatic, candidate};
use super::Soc;
use super::access::{AccessError, Person};
use crate::ports::ledger::documents::all;
use crate::ports::ledger::{Batch, LedgerError};

/// How often time passes for breakers.
const TICK: Duration = Duration::from_secs(1);

/// The breakers, read from the store at the first use.
#[derive(Debug)]
pub struct Paused {
    guard: OnceCell<Mutex<Guard>>,
    /// Whoever reads breakers again, or writes what changed, does so from beginning to end before the
    /// next one: so nothing is written twice or passed over, and what was read is not out of date.
    turn: Turn<()>,
    started: Instant,
}

impl Default for Paused {
    fn default() -> Self {
        Self { guard: OnceCell::new(), turn: Turn::default(), started: Instant::now() }
    }
}

/// What became of somebody's wish that automation goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resumed {
    /// What goes on.
    pub goes_on: Vec<Scope>,
    /// What waits for a second person.
    pub waits: Vec<Scope>,
}

/// What changed and goes to the record; nobody else writes it meanwhile.
#[derive(Debug)]
pub(super) struct Changes<'a> {
    /// The records. The batch that they go with may take them out.
    pub(super) facts: Vec<Fact>,
    count: usize,
    _turn: Turned<'a, ()>,
}

impl Paused {
    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Soc {
    /// The breakers, once they are read.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] if they cannot be read; nothing may be done by itself then.
    async fn breakers_read(&self) -> Result<MutexGuard<'_, Guard>, LedgerError> {
        let guard = self.guard.guard.get_or_try_init(|| async {
            let breakers = self.recorded_breakers().await?;
            let guard = Guard::new(self.storm.velocity(), breakers, self.guard.now());
            Ok::<_, LedgerError>(Mutex::new(guard))
        });
        Ok(guard.await?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn recorded_breakers(&self) -> Result<BTreeMap<Scope, Breaker>, LedgerError> {
        let breakers = all::<Breaker>(&*self.ledger).await?.into_iter();
        Ok(breakers.filter_map(|(scope, it)| Some((scope.parse().ok()?, it))).collect())
    }

    /// Reads the breakers again: other replicas change them, too.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] if they cannot be read; nothing may be done by itself then.
    pub(super) async fn renew_breakers(&self) -> Result<(), LedgerError> {
        let _turn = self.guard.turn.lock().await;
        self.renew_in_turn().await
    }

    async fn renew_in_turn(&self) -> Result<(), LedgerError> {
        let recorded = self.recorded_breakers().await?;
        let now = self.guard.now();
        self.breakers_read().await?.renew(recorded, now);
        Ok(())
    }

    /// What holds back the run that a decision would begin; counts the run if nothing does. What
    /// that changes has to be written with the decision: see [`Self::breaker_facts`].
    ///
    /// # Errors
    ///
    /// [`LedgerError`] if the breakers cannot be read.
    pub(super) async fn held_at_once(
        &self,
        event: &SecurityEvent,
        decision: &Decision,
    ) -> Result<Vec<String>, LedgerError> {
        let Decision::Run { playbook, .. } = decision else { return Ok(Vec::new()) };
        let Some(playbook) = self.playbooks.find(playbook) else { return Ok(Vec::new()) };
        if playbook.gates.dry_run {
            return Ok(Vec::new());
        }
        let Ok(steps) = plan(&playbook, event) else { return Ok(Vec::new()) };
        let id = event.event_id.to_string();
        let candidate = candidate(&id, event, &playbook.id, steps.into_iter());
        let now = self.guard.now();
        let mut guard = self.breakers_read().await?;
        let held = guard.admit(&candidate, now).err().unwrap_or_default();
        if held.is_empty() && !self.shares.runs.is_sure() {
            // Another replica sends what it does; here it is known only that it will.
            guard.sent(&candidate, now);
        }
        Ok(held.iter().map(|scope| format!("paused: {scope}")).collect())
    }

    /// What holds back a run that began by itself, if anything does.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] if the breakers cannot be read; it must not go on then.
    pub(super) async fn held_back(
        &self,
        incident: &Incident,
        run: &Run,
    ) -> Result<Option<Scope>, LedgerError> {
        let Some(candidate) = automatic(incident, run) else { return Ok(None) };
        Ok(self.breakers_read().await?.holds(&candidate))
    }

    /// What a person halted of all that a run does, and who: that holds for runs that people began
    /// or approved, too.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] if the breakers cannot be read; nothing must be sent then.
    pub(super) async fn stopped_by_person(
        &self,
        incident: &Incident,
        run: &Run,
    ) -> Result<Option<(Scope, String)>, LedgerError> {
        let steps = run.steps.iter().filter(|step| step.undoes.is_none());
        let steps = steps.map(|step| step.plan.clone());
        let scopes = candidate(&run.id, &incident.event, &run.playbook, steps).scopes();
        let guard = self.breakers_read().await?;
        let halted = guard.open().filter(|(scope, _)| scopes.contains(scope));
        let mut by_person = halted.filter_map(|(scope, it)| match &it.by {
            Some(by @ Actor::Person { .. }) => Some((scope.clone(), by.shown().to_owned())),
            _ => None,
        });
        Ok(by_person.next())
    }

    /// Whether an effect of a run may be sent, as the breakers are recorded now; counts it if the run
    /// began by itself.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] if the breakers cannot be read; it must not be sent then.
    pub(super) async fn may_send(
        &self,
        incident: &Incident,
        run: &Run,
    ) -> Result<bool, LedgerError> {
        let Some(candidate) = automatic(incident, run) else { return Ok(true) };
        self.renew_breakers().await?;
        let now = self.guard.now();
        let mut guard = self.breakers_read().await?;
        if guard.holds(&candidate).is_some() {
            return Ok(false);
        }
        guard.sent(&candidate, now);
        Ok(true)
    }

    /// The records of what changed and is not written yet. Say [`Self::breakers_written`] when they
    /// are; what is not stays to be written.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] if the breakers cannot be read.
    pub(super) async fn breaker_facts(&self) -> Result<Changes<'_>, LedgerError> {
        self.changes(self.guard.turn.lock().await).await
    }

    async fn changes<'a>(&self, turn: Turned<'a, ()>) -> Result<Changes<'a>, LedgerError> {
        let changes = self.breakers_read().await?.unwritten().to_vec();
        let fact = |(scope, change): &(Scope, Change)| {
            if let Change::Open { why, .. } = change {
                tracing::error!(scope = %scope, why, "automation is paused; people are asked");
            }
            self.breaker_fact(Actor::service("breaker"), "", scope, change)
        };
        let mut facts: Vec<Fact> = changes.iter().map(fact).collect();
        if !facts.is_empty() {
            facts.extend(self.automation_alarm());
        }
        Ok(Changes { facts, count: changes.len(), _turn: turn })
    }

    /// These changes are on record now.
    pub(super) async fn breakers_written(&self, changes: Changes<'_>) {
        if changes.count > 0
            && let Ok(mut guard) = self.breakers_read().await
        {
            guard.written(changes.count);
            drop(guard);
            self.bells.notify.notify_one();
            self.bells.execute.ring_for_all();
        }
    }

    /// Every breaker that ever opened, as it is recorded now.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] if they cannot be read. That does not mean that none is open.
    pub async fn breakers(&self) -> Result<Vec<(Scope, Breaker)>, LedgerError> {
        self.renew_breakers().await?;
        Ok(self.breakers_read().await?.breakers().clone().into_iter().collect())
    }

    /// Those that hold automation back now.
    ///
    /// # Errors
    ///
    /// As for [`Self::breakers`].
    pub async fn paused(&self) -> Result<Vec<(Scope, Breaker)>, LedgerError> {
        let mut breakers = self.breakers().await?;
        breakers.retain(|(_, it)| !it.lets_through());
        Ok(breakers)
    }

    /// Stops automation, for a person.
    ///
    /// # Errors
    ///
    /// [`AccessError`] if the person may not, or nothing can be recorded; then nothing is changed.
    pub async fn halt(
        &self,
        person: &Person,
        scope: &Scope,
        why: &str,
        correlation: &str,
    ) -> Result<(), AccessError> {
        let change = Change::Open { why: why.to_owned(), needs_person: true };
        self.switch(person, std::slice::from_ref(scope), &change, correlation).await
    }

    /// Whether a person has halted everything: nothing is begun then, and nothing agreed to.
    ///
    /// # Errors
    ///
    /// As for [`Self::breakers`].
    pub async fn is_halted_by_hand(&self) -> Result<bool, LedgerError> {
        let paused = self.paused().await?;
        Ok(paused.iter().any(|(scope, it)| *scope == Scope::Global && it.halted))
    }

    /// Lets automation go on, for a person: of one scope, or of all that are paused. What a person
    /// has halted goes on when a second one has said so within an hour.
    ///
    /// # Errors
    ///
    /// As for [`Self::halt`].
    pub async fn resume(
        &self,
        person: &Person,
        scope: Option<&Scope>,
        correlation: &str,
    ) -> Result<Resumed, AccessError> {
        let paused = self.paused().await.map_err(AccessError::Unrecorded)?;
        let wanted = paused.into_iter().filter(|(it, _)| scope.is_none_or(|only| only == it));
        let (actor, now) = (person.actor(), self.clock.now());
        let (agreed, alone): (Vec<_>, Vec<_>) =
            wanted.partition(|(_, breaker)| breaker.is_second(&actor, now));
        let names = |of: Vec<(Scope, Breaker)>| of.into_iter().map(|(scope, _)| scope).collect();
        let resumed = Resumed { goes_on: names(agreed), waits: names(alone) };
        let why = "a person let automation go on".to_owned();
        self.switch(person, &resumed.goes_on, &Change::Close { why }, correlation).await?;
        let asks = |scope: &Scope| What::ResumeAsked { scope: scope.clone() };
        let facts = resumed.waits.iter().map(asks);
        let facts: Vec<Fact> = facts.map(|it| self.fact(actor.clone(), correlation, it)).collect();
        if !facts.is_empty() {
            let batch = Batch { facts, ..Batch::default() };
            self.ledger.append(batch).await.map_err(AccessError::Unrecorded)?;
        }
        Ok(resumed)
    }

    async fn switch(
        &self,
        person: &Person,
        scopes: &[Scope],
        change: &Change,
        correlation: &str,
    ) -> Result<(), AccessError> {
        let _permit = self.authorise(person, Action::ManageAutomation, None, correlation).await?;
        if scopes.is_empty() {
            return Ok(());
        }
        let actor = person.actor();
        let fact = |scope| self.breaker_fact(actor.clone(), correlation, scope, change);
        let mut facts: Vec<Fact> = scopes.iter().map(fact).collect();
        let at = facts.first().map_or_else(|| self.clock.now(), |fact| fact.at);
        facts.extend(self.automation_alarm());
        // What is on its way to the record comes first: a breaker must not close before it opened.
        let mut changes = self.breaker_facts().await.map_err(AccessError::Unrecorded)?;
        let mut before = std::mem::take(&mut changes.facts);
        before.append(&mut facts);
        self.ledger
            .append(Batch { facts: before, ..Batch::default() })
            .await
            .map_err(AccessError::Unrecorded)?;
        self.breakers_written(changes).await;
        let now = self.guard.now();
        let mut guard = self.breakers_read().await.map_err(AccessError::Unrecorded)?;
        for scope in scopes {
            guard.recorded(scope, change, &actor, at, now);
        }
        drop(guard);
        self.bells.notify.notify_one();
        self.bells.execute.ring_for_all();
        Ok(())
    }

    fn breaker_fact(
        &self,
        actor: Actor,
        correlation: &str,
        scope: &Scope,
        change: &Change,
    ) -> Fact {
        let what = What::BreakerChanged { scope: scope.clone(), change: change.clone() };
        self.fact(actor, correlation, what)
    }

    async fn tick(&self) -> Result<(), LedgerError> {
        let turn = self.guard.turn.lock().await;
        self.renew_in_turn().await?;
        // Where no run is driven nothing is known of what goes on: there, time closes nothing.
        if self.shares.runs.is_sure() {
            let now = self.guard.now();
            self.breakers_read().await?.tick(now);
        }
        let mut changes = self.changes(turn).await?;
        if changes.count > 0 {
            let facts = std::mem::take(&mut changes.facts);
            self.ledger.append(Batch { facts, ..Batch::default() }).await?;
            self.breakers_written(changes).await;
        }
        Ok(())
    }
}

/// Lets time pass for breakers until told to stop.
pub async fn automation(soc: Arc<Soc>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = soc.tick().await {
            tracing::error!(error = %error, "breakers stay as they are for now");
        }
        tokio::select! {
            biased;
            _ = stop.changed() => {}
            () = tokio::time::sleep(TICK) => {}
        }
    }
}
