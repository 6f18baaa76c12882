//! How much a playbook may break: looked at before each effect, with what is known then.
//!
//! What a person has not agreed to is not sent. As long as nothing of the run has begun, people are
//! asked; later it waits, and says so.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use argus_soc::blast::{
    Budget, Concern, Held, Hold, Raised, class_of, holds, over_hour, over_share, reasons, reserve,
    spends, standing,
};
use argus_soc::effect::{lease_name, plan_digest};
use argus_soc::enrich::Known;
use argus_soc::ledger::documents::{Document, stream};
use argus_soc::ledger::fact::{Actor, What};
use argus_soc::playbook::{ActionKind, Blast};
use argus_soc::run::{State, Step, Stopped};

use super::scene::Scene;
use super::{Did, PAUSE, Wanted, asked};
use crate::ports::ledger::documents::{all, find};
use crate::ports::ledger::{Batch, LedgerError};

/// Why something is not sent now.
pub(super) enum Barred {
    /// A person has to agree first.
    Asks(Vec<Raised>),
    /// It waits, for this reason.
    Waits(String),
}

impl Scene<'_> {
    /// Why a step is not sent now, after those that are about to be.
    pub(super) async fn barred(
        &self,
        step: &Step,
        before: &[&Step],
    ) -> Result<Option<Barred>, LedgerError> {
        if self.run.is_dry() || step.plan.action == ActionKind::Wait {
            return Ok(None);
        }
        if step.undoes.is_some() {
            return Ok(self.undone_too_often(step, before).await?.map(Barred::Waits));
        }
        if let Some((scope, who)) = self.soc.stopped_by_person(self.incident, self.run).await? {
            return Ok(Some(Barred::Waits(format!("{who} halted {scope}"))));
        }
        let Some(blast) = &self.run.terms.blast else { return Ok(None) };
        let fresh = self.run.has_not_begun();
        let own: Vec<&Step> = if fresh {
            self.run.steps.iter().filter(|step| step.undoes.is_none()).collect()
        } else {
            before.iter().copied().chain([step]).collect()
        };
        let mut raised = Vec::new();
        if fresh || step.plan.action.high_impact() {
            let plans = self.run.steps.iter().filter(|it| it.undoes.is_none());
            let asset = &self.incident.enrichment.asset;
            raised.extend(standing(blast, asset, plans.map(|it| &it.plan)));
        }
        raised.extend(self.over_budget(blast, &own, step).await?);
        raised.retain(|it| !self.run.has_accepted(&it.concern));
        Ok(match (raised.is_empty(), fresh) {
            (true, _) => None,
            (false, true) => Some(Barred::Asks(raised)),
            (false, false) => Some(Barred::Waits(reasons(&raised))),
        })
    }

    /// Has the run ask, or wait.
    pub(super) async fn bar(&self, step: &Step, barred: Barred) -> Result<Did, LedgerError> {
        match barred {
            Barred::Asks(raised) => self.ask_first(&raised).await,
            Barred::Waits(why) if self.run.holdup.waits.get(&step.name) == Some(&why) => {
                Ok(Did::Rest(PAUSE))
            }
            Barred::Waits(why) => {
                let (run, step) = (self.run.id.clone(), Some(step.name.clone()));
                let held = What::RunHeld { run, step, concerns: BTreeSet::new(), why, asks: false };
                self.write_if_unchanged(vec![held]).await?;
                Ok(Did::GoOn)
            }
        }
    }

    async fn ask_first(&self, raised: &[Raised]) -> Result<Did, LedgerError> {
        let fact = |what| self.soc.fact(Actor::service("run"), &self.run.correlation, what);
        let held = held_for(&self.run.id, raised);
        let mut facts = vec![fact(held).of(&self.incident.key)];
        let steps: Vec<_> = self.run.steps.iter().map(|step| step.plan.clone()).collect();
        // A button of an earlier question must not answer this one.
        let asking = format!("{}@{}", self.run.id, self.incident.version);
        let digest = plan_digest(&asking, &self.run.playbook_sha256, &steps);
        let wanted = Wanted { quorum: self.run.quorum, expires_ms: self.run.terms.expires_ms };
        let why = reasons(raised);
        let mut asks = asked(self.soc, self.incident, &self.run.id, digest, wanted, why, fact);
        if self.run.approval.is_some() {
            // Its card stands, and changes.
            asks.retain(|it| !matches!(it.what, What::NoticePlaced { .. }));
        }
        facts.extend(asks);
        self.append(Batch::on(self.incident, facts)).await?;
        Ok(Did::GoOn)
    }

    /// Why a rollback waits. What a person wants undone is undone.
    async fn undone_too_often(
        &self,
        step: &Step,
        before: &[&Step],
    ) -> Result<Option<String>, LedgerError> {
        let by_person = matches!(self.run.stopped, Some(Stopped::Undone { .. }));
        if by_person || step.attempts > 0 || !spends(&step.plan) {
            return Ok(None);
        }
        let budget = self.budget().await?.1;
        let most = reserve(self.run.terms.blast.as_ref());
        let more = before.iter().filter(|it| it.undoes.is_some() && it.attempts == 0).count() + 1;
        let undone = budget.undone(self.soc.clock.now());
        Ok((undone + more > most as usize).then(|| {
            format!("effects of {} were undone {most} times within the hour", self.run.playbook)
        }))
    }

    async fn over_budget(
        &self,
        blast: &Blast,
        steps: &[&Step],
        step: &Step,
    ) -> Result<Vec<Raised>, LedgerError> {
        let counts = |it: &&&Step| it.attempts == 0 && spends(&it.plan);
        let more = steps.iter().filter(counts).count();
        let mut raised = Vec::new();
        if blast.per_hour.is_some() && more > 0 && (counts(&&step) || self.run.has_not_begun()) {
            let used = self.budget().await?.1.used(self.soc.clock.now());
            raised.extend(over_hour(blast, used, more));
        }
        if let Some(percent) = blast.percent_of_class {
            raised.extend(self.over_class(percent, steps).await?);
        }
        Ok(raised)
    }

    async fn over_class(
        &self,
        percent: u32,
        steps: &[&Step],
    ) -> Result<Option<Raised>, LedgerError> {
        let new = steps.iter().filter(|it| it.attempts == 0 && holds(&it.plan));
        let new: BTreeSet<String> = new.map(|it| self.hold_of(it)).collect();
        if new.is_empty() {
            return Ok(None);
        }
        let Some(class) = self.class() else {
            let why = "the inventory does not say of which class the asset is";
            return Ok(Some(Raised::new(Concern::Class, why)));
        };
        let held = all::<Hold>(&*self.soc.ledger).await?;
        let same = |it: &(String, Hold)| it.1.playbook == self.run.playbook && it.1.class == class;
        // An asset that is held twice is one asset: what counts is the end of the name.
        let target = |hold: &str| hold.rsplit('/').next().unwrap_or_default().to_owned();
        let mut targets: BTreeSet<String> =
            held.iter().filter(|it| same(it)).map(|(hold, _)| target(hold)).collect();
        targets.extend(new.iter().map(|hold| target(hold)));
        let total = self.soc.knowledge.of_class(&class);
        Ok(over_share(percent, &class, targets.len(), total))
    }

    fn class(&self) -> Option<String> {
        match &self.incident.enrichment.asset {
            Known::Known(asset) => Some(class_of(asset)),
            Known::Unknown | Known::Unavailable { .. } => None,
        }
    }

    fn hold_of(&self, step: &Step) -> String {
        lease_name(self.tenant(), step.plan.action.name(), &step.plan.target)
    }

    async fn budget(&self) -> Result<(u64, Budget), LedgerError> {
        let found = find::<Budget>(&*self.soc.ledger, &self.run.playbook).await?;
        Ok(found.unwrap_or_default())
    }

    /// The records that count these steps, and what must not have changed for them to be true: of two
    /// replicas that take the last of a budget, one does.
    pub(super) fn spent(
        &self,
        steps: &[&Step],
        version: u64,
    ) -> (Vec<What>, BTreeMap<String, u64>) {
        let blast = self.run.terms.blast.as_ref();
        let counted = blast.is_some_and(|it| it.per_hour.or(it.percent_of_class).is_some());
        let counts = |it: &&&Step| {
            let undo = it.undoes.is_some();
            it.attempts == 0 && spends(&it.plan) && (undo || counted)
        };
        let spent = steps.iter().filter(counts).map(|it| What::BudgetSpent {
            playbook: self.run.playbook.clone(),
            run: self.run.id.clone(),
            step: it.name.clone(),
            key: self.key(it),
            undo: it.undoes.is_some(),
            held: self.held(it),
        });
        let spent: Vec<What> = spent.collect();
        let expect = (!spent.is_empty())
            .then(|| (stream(Budget::KIND, &self.run.playbook), version))
            .into_iter()
            .collect();
        (spent, expect)
    }

    fn held(&self, step: &Step) -> Option<Held> {
        let wanted = self.run.terms.blast.as_ref().is_some_and(|it| it.percent_of_class.is_some());
        if !wanted || step.undoes.is_some() || !holds(&step.plan) {
            return None;
        }
        let class = self.class().unwrap_or_else(|| "unknown".to_owned());
        Some(Held { hold: self.hold_of(step), class })
    }

    /// How often the playbook's budget has changed.
    pub(super) async fn budget_version(&self) -> Result<u64, LedgerError> {
        Ok(self.budget().await?.0)
    }

    /// What the run no longer holds at its end: what it undid, or what never happened. What it let go
    /// that another run had held is free, too.
    pub(super) async fn freed(&self) -> Result<Vec<What>, LedgerError> {
        let mut freed = Vec::new();
        for step in &self.run.steps {
            let inverse = step
                .plan
                .action
                .inverse()
                .filter(|_| matches!(step.state, State::Done { adopted_from: None, .. }));
            let failed = matches!(step.state, State::Failed { .. }) && step.attempts > 0;
            let action = match inverse {
                Some(inverse) => inverse,
                None if failed && holds(&step.plan) => step.plan.action,
                None => continue,
            };
            let hold = lease_name(self.tenant(), action.name(), &step.plan.target);
            let found = find::<Hold>(&*self.soc.ledger, &hold).await?;
            let ours = |it: &(u64, Hold)| !failed || it.1.run == self.run.id;
            if !self.run.is_dry() && found.as_ref().is_some_and(ours) {
                let (run, step) = (self.run.id.clone(), step.name.clone());
                freed.push(What::BudgetFreed { run, step, hold });
            }
        }
        Ok(freed)
    }
}

/// The record that says what people are asked about.
pub(super) fn held_for(run: &str, raised: &[Raised]) -> What {
    What::RunHeld {
        run: run.to_owned(),
        step: None,
        concerns: raised.iter().map(|it| it.concern.clone()).collect(),
        why: reasons(raised),
        asks: true,
    }
}
