//! What runs did, and whether people had a say in it.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::MOST;
use crate::ledger::fact::{Actor, Fact, What};
use crate::playbook::{ActionKind, EffectClass, PlannedStep};
use crate::run::{Run, Step};

/// Whoever undoes an effect so soon says that it was wrong.
const SOON: SignedDuration = SignedDuration::from_hours(24);

#[derive(Clone, Debug, Default)]
pub(super) struct Effects {
    /// Runs that are not over, and when people were asked about them.
    runs: BTreeMap<String, (Run, Option<Timestamp>)>,
    done: VecDeque<Effect>,
    decided: VecDeque<Decided>,
}

#[derive(Clone, Debug)]
struct Effect {
    run_created: Timestamp,
    at: Timestamp,
    automatic: bool,
    undone_by: Option<(ActionKind, String)>,
    undone: bool,
}

#[derive(Clone, Debug)]
struct Decided {
    run_created: Timestamp,
    took: SignedDuration,
}

impl Effects {
    /// Takes a record of a run into account; says whether a containment was seen to be done.
    pub(super) fn take(&mut self, fact: &Fact, from: Timestamp) -> bool {
        if let Some(run) = Run::begin(fact) {
            if run.created_at >= from {
                self.runs.entry(run.id.clone()).or_insert((run, None));
            }
            return false;
        }
        let Some(id) = fact.what.run() else { return false };
        let Some((mut run, mut asked)) = self.runs.remove(id) else { return false };
        let before = run.status;
        let changed = run.takes(fact);
        match &fact.what {
            What::ApprovalRequested { .. } if changed => asked = Some(fact.at),
            What::ApprovalDecided { .. } if run.status != before => {
                let took = asked.map(|asked| fact.at.duration_since(asked));
                let decided = |took| Decided { run_created: run.created_at, took };
                self.decided.extend(took.map(decided));
                if self.decided.len() > MOST {
                    self.decided.pop_front();
                }
            }
            _ => {}
        }
        let verified = match &fact.what {
            What::Verified { step, .. } if changed => run.step(step),
            _ => None,
        };
        let done = verified.filter(|step| step.state.is_done());
        let contained =
            done.is_some_and(|step| step.undoes.is_none() && step.plan.action.contains_threat());
        if let Some(step) = done {
            self.did(&run, step, fact.at);
        }
        if !run.status.is_over() {
            self.runs.insert(run.id.clone(), (run, asked));
        }
        contained
    }

    fn did(&mut self, run: &Run, step: &Step, at: Timestamp) {
        self.undoes(&step.plan, at);
        if step.undoes.is_some() || step.plan.effect == EffectClass::Read {
            return;
        }
        let approved = run.approval.iter().flat_map(|it| &it.decisions).any(|it| it.approve);
        let undone_by = step.plan.rollback.as_ref().map(|undo| named(undo));
        let effect = Effect {
            run_created: run.created_at,
            at,
            automatic: !approved && matches!(run.requested_by, Actor::Service { .. }),
            undone_by,
            undone: false,
        };
        self.done.push_back(effect);
        if self.done.len() > MOST {
            self.done.pop_front();
        }
    }

    /// What the step undoes, whoever had done it, in this run or another.
    fn undoes(&mut self, plan: &PlannedStep, at: Timestamp) {
        let name = named(plan);
        let soon = |it: &&mut Effect| at.duration_since(it.at) <= SOON;
        for effect in self.done.iter_mut().rev().take_while(soon) {
            effect.undone |= effect.undone_by.as_ref() == Some(&name);
        }
    }

    pub(super) fn forget_before(&mut self, from: Timestamp) {
        self.runs.retain(|_, (run, _)| run.created_at >= from);
        self.done.retain(|it| it.run_created >= from);
        self.decided.retain(|it| it.run_created >= from);
    }

    pub(super) fn to_approve(&self) -> impl Iterator<Item = SignedDuration> {
        self.decided.iter().map(|it| it.took)
    }

    pub(super) fn all(&self) -> u64 {
        self.done.len() as u64
    }

    pub(super) fn automatic(&self) -> u64 {
        self.done.iter().filter(|it| it.automatic).count() as u64
    }

    pub(super) fn undone(&self) -> u64 {
        self.done.iter().filter(|it| it.automatic && it.undone).count() as u64
    }
}

/// What is done to what, whoever does it.
fn named(plan: &PlannedStep) -> (ActionKind, String) {
    (plan.action, plan.target.value.to_lowercase())
}
