//! Running a playbook by hand, and steering a run: stop it, undo it, say what became of a step.
//!
//! Every one of these is permitted for this person, now, and is a record before anything follows.

use argus_soc::incident::{Incident, Stage};
use argus_soc::ledger::fact::What;
use argus_soc::playbook::{Approval, Playbook};
use argus_soc::policy::Action;
use argus_soc::run::State;
use argus_soc::storm::breaker::Scope;

use super::Soc;
use super::access::Person;
use super::act::{ActError, Done, second_person};
use super::execute::new_run;
use crate::buttons::Act;

impl Soc {
    /// Does what a person wants of a run or a playbook. `dry` only describes what a playbook does.
    ///
    /// # Errors
    ///
    /// [`ActError`] says why nothing happened.
    pub(super) async fn steer(
        &self,
        person: &Person,
        key: &str,
        act: &Act,
        dry: bool,
        correlation: &str,
    ) -> Result<Done, ActError> {
        match act {
            Act::Run { playbook } => self.run(person, key, playbook, dry, correlation).await,
            Act::Cancel { run } => {
                let why = "a person stopped it".to_owned();
                let what = What::CancelRequested { run: run.clone(), why };
                let may = |it: &argus_soc::run::Run| {
                    let over = || ActError::NotPossible(format!("{} cannot be stopped", it.id));
                    it.may_cancel().then_some(()).ok_or_else(over)
                };
                self.on_run(person, key, run, what, may, correlation).await
            }
            Act::Undo { run } => {
                let why = "a person wants it undone".to_owned();
                let what = What::UndoRequested { run: run.clone(), why };
                let now = self.clock.now();
                let may = |it: &argus_soc::run::Run| Ok(it.may_undo(now)?);
                self.on_run(person, key, run, what, may, correlation).await
            }
            Act::Happened { run, step } | Act::NotHappened { run, step } => {
                let happened = matches!(act, Act::Happened { .. });
                let (run, step) = (run.clone(), step.clone());
                let what = What::StepResolved { run: run.clone(), step: step.clone(), happened };
                let may = |it: &argus_soc::run::Run| {
                    let step = it.step(&step).map(|step| &step.state);
                    let unclear = matches!(step, Some(State::Indeterminate { .. }));
                    let known = || ActError::NotPossible("it is known what became of it".into());
                    unclear.then_some(()).ok_or_else(known)
                };
                self.on_run(person, key, &run, what, may, correlation).await
            }
            _ => Err(ActError::NotPossible("this is not about a run".into())),
        }
    }

    async fn run(
        &self,
        person: &Person,
        key: &str,
        id: &str,
        dry: bool,
        correlation: &str,
    ) -> Result<Done, ActError> {
        let action = Action::RunPlaybook { incident: key.into(), playbook: id.into() };
        let _permit = self.authorise(person, action, Some(key), correlation).await?;
        let unknown = || ActError::NotPossible(format!("there is no playbook {id} in use"));
        let live = self.playbooks.find(id);
        let tried = || self.playbooks.find_in_dry_run(id).filter(|_| dry);
        let mut playbook = live.or_else(tried).ok_or_else(unknown)?;
        playbook.gates.dry_run |= dry;
        if !playbook.gates.dry_run && self.is_halted().await? {
            let why = "everything is halted; `resume` lets playbooks run again".to_owned();
            return Err(ActError::NotPossible(why));
        }
        self.change(key, |incident| {
            let again = incident
                .runs
                .values()
                .any(|run| run.playbook == playbook.id && !run.status.is_over() && !run.is_dry());
            if incident.stage == Stage::Resolved || (again && !playbook.gates.dry_run) {
                return Ok(None);
            }
            let ask = asks(incident, &playbook);
            let actor = person.actor();
            Ok(Some(new_run(self, incident, &playbook, &actor, correlation, ask)?))
        })
        .await
    }

    async fn is_halted(&self) -> Result<bool, ActError> {
        Ok(self.paused().await?.iter().any(|(scope, _)| *scope == Scope::Global))
    }

    async fn on_run(
        &self,
        person: &Person,
        key: &str,
        run: &str,
        what: What,
        may: impl Fn(&argus_soc::run::Run) -> Result<(), ActError>,
        correlation: &str,
    ) -> Result<Done, ActError> {
        let playbook = self.expect(key).await?.runs.get(run).map(|it| it.playbook.clone());
        let unknown = || ActError::NotPossible(format!("{key} has no run {run}"));
        let playbook = playbook.ok_or_else(unknown)?;
        let action = Action::RunPlaybook { incident: key.into(), playbook };
        let _permit = self.authorise(person, action, Some(key), correlation).await?;
        self.change(key, |incident| {
            may(incident.runs.get(run).ok_or_else(unknown)?)?;
            Ok(Some(vec![self.fact(person.actor(), correlation, what.clone()).of(key)]))
        })
        .await
    }
}

/// Why somebody else has to agree to a playbook that a person runs, if somebody has.
fn asks(incident: &Incident, playbook: &Playbook) -> Option<String> {
    if playbook.gates.human_approval == Approval::Always {
        return Some("the playbook wants approval".into());
    }
    if playbook.is_irreversible() {
        return Some("a step of the playbook cannot be undone".into());
    }
    second_person(incident)
}
