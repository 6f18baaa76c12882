//! How a run stops before its end, and how what it did is undone.
//!
//! A run that stops begins nothing new, hears what became of what is under way, and then asks a
//! person, or undoes what was done: the last one first, and each step only after those that needed it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Run, State, Status, Step};
use crate::ledger::fact::{Actor, Fact};
use crate::playbook::{EffectClass, OnCancel, OnError};

/// Why a run stops before its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "because")]
pub enum Stopped {
    /// A step failed.
    Failed {
        /// Whether what was done is undone.
        undo: bool,
    },
    /// Somebody stopped it.
    Cancelled {
        /// Who.
        by: Actor,
        /// Why.
        why: String,
    },
    /// It took too long.
    TimedOut,
    /// A person has it undone after its end.
    Undone {
        /// Who.
        by: Actor,
    },
}

/// Why a run cannot be undone by a person now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotUndone {
    /// It goes on; it can be cancelled.
    #[error("it is not over yet; cancel it instead")]
    GoesOn,
    /// Nothing of it can be undone, or all of it is.
    #[error("there is nothing to undo")]
    Nothing,
    /// The time in which it can be undone is over.
    #[error("it is too late to undo it from here")]
    TooLate,
}

impl Run {
    /// The completed steps that stay although the run is or was being undone: nothing can undo them.
    pub fn not_undone(&self) -> impl Iterator<Item = &Step> {
        let undoing = matches!(
            self.status,
            Status::Compensating | Status::Compensated | Status::CompensationFailed
        );
        self.steps.iter().filter(move |step| {
            undoing
                && step.undoes.is_none()
                && step.state.is_done()
                && step.plan.effect == EffectClass::Irreversible
        })
    }

    /// Whether a person can have it undone now: it is over, and something that it did stands and can
    /// be undone.
    ///
    /// # Errors
    ///
    /// [`NotUndone`] says why not.
    pub fn may_undo(&self, now: Timestamp) -> Result<(), NotUndone> {
        let over = self.finished_at.filter(|_| self.status.may_become(Status::Compensating));
        let ended = match (over, self.status) {
            (Some(ended), status) if status.is_over() => ended,
            (_, status) if !status.is_over() => return Err(NotUndone::GoesOn),
            _ => return Err(NotUndone::Nothing),
        };
        let can = |name: &String| self.step(name).is_some_and(|step| step.undo(false).is_some());
        if self.steps.iter().any(|step| step.undoes.is_some()) || !self.completed.iter().any(can) {
            return Err(NotUndone::Nothing);
        }
        let until = ended.checked_add(SignedDuration::from_millis(self.terms.undo_ms));
        if until.is_ok_and(|until| now > until) {
            return Err(NotUndone::TooLate);
        }
        Ok(())
    }

    /// Whether it can be cancelled: it goes on, and is not being undone already.
    pub fn may_cancel(&self) -> bool {
        let goes_on =
            matches!(self.status, Status::AwaitingApproval | Status::Running | Status::NeedsHuman);
        let cancelled = matches!(
            self.stopped,
            Some(Stopped::Cancelled { .. } | Stopped::Failed { undo: true })
        );
        goes_on && !cancelled && !self.beyond_us
    }

    pub(super) fn cancel(&mut self, fact: &Fact, why: &str) -> bool {
        if !self.may_cancel() {
            return false;
        }
        let by = fact.actor.clone();
        self.stopped = Some(Stopped::Cancelled { by, why: why.to_owned() });
        if self.status == Status::AwaitingApproval {
            self.finished_at = Some(fact.at);
            return self.turns(Status::Cancelled);
        }
        self.settle();
        true
    }

    pub(super) fn time_out(&mut self) -> bool {
        if self.status != Status::Running || self.overdue {
            return false;
        }
        self.overdue = true;
        self.stopped.get_or_insert(Stopped::TimedOut);
        self.settle();
        true
    }

    pub(super) fn undo(&mut self, fact: &Fact) -> bool {
        if self.may_undo(fact.at).is_err() || !self.turns(Status::Compensating) {
            return false;
        }
        self.stopped = Some(Stopped::Undone { by: fact.actor.clone() });
        self.unwind();
        true
    }

    /// A person looked, and says whether a step of which nobody knew took effect.
    pub(super) fn resolve(&mut self, fact: &Fact, name: &str, happened: bool) -> bool {
        let person = matches!(fact.actor, Actor::Person { .. });
        if self.status != Status::NeedsHuman || self.beyond_us || !person {
            return false;
        }
        let who = fact.actor.shown().to_owned();
        let unclear = |step: &&mut Step| {
            step.name == name && matches!(step.state, State::Indeterminate { .. })
        };
        let Some(step) = self.steps.iter_mut().find(unclear) else { return false };
        step.state = if happened {
            State::Done { remote: format!("as {who} says"), adopted_from: None }
        } else {
            State::Failed { why: format!("{who} says that it did not happen") }
        };
        step.changed_at = Some(fact.at);
        self.turns(Status::Running);
        self.settled(name);
        self.settle();
        true
    }

    /// What it means that a step stands as it stands now.
    pub(super) fn settled(&mut self, name: &str) {
        let Some(step) = self.step(name) else { return };
        let undoing = step.undoes.is_some();
        match (&step.state, step.plan.on_error) {
            (State::Done { .. }, _) => self.completed.push(name.to_owned()),
            (State::Failed { .. }, OnError::Compensate | OnError::Fail) if !undoing => {
                let undo = step.plan.on_error == OnError::Compensate;
                let undo = undo || self.stopped == Some(Stopped::Failed { undo: true });
                // Whoever cancelled it wants the same.
                if !matches!(self.stopped, Some(Stopped::Cancelled { .. } | Stopped::TimedOut)) {
                    self.stopped = Some(Stopped::Failed { undo });
                }
            }
            _ => {}
        }
    }

    /// Whether it begins nothing new.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopped.is_some() || self.is_unclear()
    }

    fn is_unclear(&self) -> bool {
        let unclear = |step: &Step| matches!(step.state, State::Indeterminate { .. });
        self.steps.iter().any(|step| step.undoes.is_none() && unclear(step))
    }

    /// Whether a run that stops still has to hear what became of the step. One that takes its time is
    /// not waited for when the run's own time is over.
    pub(super) fn is_awaited(&self, step: &Step) -> bool {
        match step.state {
            State::Intended | State::Unsettled { .. } => true,
            State::Sent { .. } => !self.overdue,
            _ => false,
        }
    }

    /// A run that stops and has nothing under way any more asks a person, or undoes what was done.
    pub(super) fn settle(&mut self) {
        let working = matches!(self.status, Status::Running | Status::NeedsHuman);
        if !working || !self.is_stopping() || self.steps.iter().any(|it| self.is_awaited(it)) {
            return;
        }
        if self.is_unclear() {
            self.turns(Status::NeedsHuman);
            return;
        }
        self.turns(Status::Running);
        if !self.turns(Status::Compensating) {
            return;
        }
        let keeps = match &self.stopped {
            Some(Stopped::Failed { undo }) => !undo,
            Some(Stopped::Cancelled { .. }) => self.terms.on_cancel == OnCancel::Keep,
            _ => false,
        };
        if !keeps {
            self.unwind();
        }
    }

    /// Everything that was completed is undone, the last one first, and each step only after those
    /// that needed it.
    fn unwind(&mut self) {
        let sent = |step: &&Step| matches!(step.state, State::Sent { .. });
        let sent = self.steps.iter().filter(sent).map(|step| step.name.clone());
        self.completed.extend(sent.collect::<Vec<_>>());
        let overdue = self.overdue;
        let undo = |name: &String| self.step(name).and_then(|step| step.undo(overdue));
        let mut undoing: Vec<Step> = self.completed.iter().rev().filter_map(undo).collect();
        let undone: Vec<String> = undoing.iter().filter_map(|it| it.undoes.clone()).collect();
        for step in &mut undoing {
            let Some(undoes) = &step.undoes else { continue };
            let dependents = self.dependents(undoes);
            let first = undone.iter().filter(|it| dependents.contains(&it.as_str()));
            step.plan.needs = first.map(|it| format!("undo/{it}")).collect();
        }
        self.steps.extend(undoing);
    }

    /// The steps that need this one, directly or through others.
    fn dependents(&self, name: &str) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        for step in self.steps.iter().filter(|step| step.undoes.is_none()) {
            let through = |need: &String| need == name || found.contains(&need.as_str());
            if step.plan.needs.iter().any(through) {
                found.push(&step.name);
            }
        }
        found
    }

    pub(super) fn verdict(&self) -> Status {
        let mut undone = self.steps.iter().filter(|step| step.undoes.is_some()).peekable();
        if undone.peek().is_none() {
            return match self.stopped {
                Some(Stopped::Cancelled { .. }) => Status::Cancelled,
                Some(Stopped::TimedOut) => Status::TimedOut,
                _ => Status::Failed,
            };
        }
        if undone.all(|step| step.state.is_done()) {
            Status::Compensated
        } else {
            Status::CompensationFailed
        }
    }
}
