//! How a step begins: whether it is wanted, whose turn it is, and who has the target.

use argus_soc::effect::Outcome;
use argus_soc::ledger::fact::{Actor, What};
use argus_soc::playbook::{ActionKind, ConcurrencyPolicy, Condition, parameters_of};
use argus_soc::run::{Run, State, Step};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::scene::Scene;
use super::{Did, PAUSE};
use crate::flows::access::{AccessError, evidence};
use crate::ports::ledger::{Batch, LedgerError};

impl Scene<'_> {
    /// Begins a step: asks whether it is wanted, and gets its target to itself.
    pub(super) async fn lease(&self, step: &Step, now: Timestamp) -> Result<Did, LedgerError> {
        if let Some(what) = self.not_wanted(step) {
            self.write_if_unchanged(vec![what]).await?;
            return Ok(Did::GoOn);
        }
        if let Some(wait) = step.plan.wait_ms.filter(|_| step.plan.action == ActionKind::Wait) {
            let due = now.checked_add(SignedDuration::from_millis(wait)).unwrap_or(Timestamp::MAX);
            let (run, step) = (self.run.id.clone(), step.name.clone());
            self.write_if_unchanged(vec![What::TimerSet { run, step, due }]).await?;
            return Ok(Did::GoOn);
        }
        if self.run.is_dry() {
            self.describe(step).await?;
            return Ok(Did::GoOn);
        }
        let lease = self.lease_of(step);
        let (run, name) = (self.run.id.clone(), step.name.clone());
        let leased = What::Leased { run: run.clone(), step: name.clone(), lease: lease.clone() };
        let taken = self.write_if_unchanged(vec![leased]).await;
        let Err(LedgerError::Held { holder, .. }) = taken else {
            return taken.map(|()| Did::GoOn);
        };
        // It was done for somebody else. That counts for this run too, unless it was undone since,
        // behind our back; only the far side knows. So does it when nobody knows what became of it.
        let stands = match self.holder(&holder).await? {
            Some(State::Done { .. }) => self.still_stands(step).await,
            Some(State::Indeterminate { .. }) => self.took_effect(step).await,
            _ => return Ok(Did::Rest(PAUSE)),
        };
        let what = match stands {
            Some(true) => What::Adopted { run, step: name, holder },
            Some(false) => {
                let (run, step) = holder.split_once('/').unwrap_or_default();
                What::Released { run: run.into(), step: step.into(), lease }
            }
            None => return Ok(Did::Rest(PAUSE)),
        };
        self.write_if_unchanged(vec![what]).await?;
        Ok(Did::GoOn)
    }

    /// Why a step is passed over, or cannot be begun.
    fn not_wanted(&self, step: &Step) -> Option<What> {
        let (run, name) = (self.run.id.clone(), step.name.clone());
        let unfilled = || {
            let why = parameters_of(&step.plan, &self.incident.event, self.run).err()?;
            let outcome = Outcome::Failed { why };
            Some(What::Answered { run, step: name, outcome })
        };
        self.condition(step).or_else(unfilled)
    }

    fn condition(&self, step: &Step) -> Option<What> {
        let when = step.plan.when.as_ref().filter(|_| step.undoes.is_none())?;
        let holds = Condition::of_step(when)
            .and_then(|condition| condition.holds_in(&self.incident.event, self.run));
        let (run, step) = (self.run.id.clone(), step.name.clone());
        match holds {
            Ok(true) => None,
            Ok(false) => {
                Some(What::StepSkipped { run, step, why: format!("`{when}` does not hold") })
            }
            // What cannot be answered is no "no": the playbook says what a failure means.
            Err(error) => {
                let outcome = Outcome::Failed { why: error.to_string() };
                Some(What::Answered { run, step, outcome })
            }
        }
    }

    /// What a step of a dry run would send. Whether it may be is asked as if it were sent.
    async fn describe(&self, step: &Step) -> Result<(), LedgerError> {
        let (run, name) = (self.run.id.clone(), step.name.clone());
        let failed = |why: String| {
            let (run, step) = (run.clone(), name.clone());
            What::Answered { run, step, outcome: Outcome::Failed { why } }
        };
        let what = match (self.permit(step).await, self.connector(step)) {
            (Err(AccessError::Unrecorded(error)), _) => return Err(error),
            (Err(AccessError::Refused(refusal)), _) => {
                failed(format!("not permitted: {}", refusal.why))
            }
            (Ok(_), None) => failed("nothing is configured that can do it".into()),
            (Ok(permit), Some(connector)) => match connector.preview(&self.order(step)) {
                Err(why) => failed(why),
                Ok(preview) => What::WouldSend {
                    run: run.clone(),
                    step: name.clone(),
                    connector: connector.name().into(),
                    permit: evidence(&permit),
                    request: json!({
                        "method": preview.method, "url": preview.url, "body": preview.body,
                    }),
                },
            },
        };
        self.write_if_unchanged(vec![what]).await
    }

    /// Has the run wait until none that it may not overlap with is under way.
    pub(super) async fn take_turn(&self) -> Result<Did, LedgerError> {
        let Some(turn) = &self.run.terms.turn else { return Ok(Did::GoOn) };
        let run = self.run.id.clone();
        let lease = format!("{}/turn/{}", self.tenant(), turn.key);
        let leased = What::Leased { run: run.clone(), step: String::new(), lease };
        let taken = self.write_if_unchanged(vec![leased]).await;
        let Err(LedgerError::Held { holder, .. }) = taken else {
            return taken.map(|()| Did::GoOn);
        };
        let first = holder.trim_end_matches('/');
        match turn.policy {
            ConcurrencyPolicy::Queue => return Ok(Did::Rest(PAUSE)),
            ConcurrencyPolicy::Reject => {
                let why = format!("{first} is under way, and they may not overlap");
                self.write_if_unchanged(vec![What::RunRejected { run, why }]).await?;
                return Ok(Did::GoOn);
            }
            ConcurrencyPolicy::Replace => {}
        }
        let Some((key, _)) = first.split_once(".r") else { return Ok(Did::Rest(PAUSE)) };
        let other = self.soc.ledger.incident(key).await?;
        if let Some(other) = other
            && other.runs.get(first).is_some_and(Run::may_cancel)
        {
            let what = What::CancelRequested {
                run: first.to_owned(),
                why: format!("{run} takes its place"),
            };
            let actor = Actor::service("run");
            let fact = self.soc.fact(actor, &self.run.correlation, what).of(key);
            self.soc.ledger.append(Batch::on(&other, vec![fact])).await?;
            self.soc.bells.execute.ring(key);
        }
        Ok(Did::Rest(PAUSE))
    }
}
