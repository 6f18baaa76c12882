//! A playbook run as a fold over its records: what has happened, and so what is next.
//!
//! Nothing here does anything. A worker asks [`Run::next`], does that one thing, writes down what
//! came of it, and asks again; after a crash it folds the same records and goes on where the last
//! one ends. An intent without an outcome is probed before anything is sent again.

mod step;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::step::{State, Step};
use crate::ledger::fact::{Actor, Fact, What};
use crate::playbook::{EffectClass, OnError};

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It waits for people.
    AwaitingApproval,
    /// Somebody said no.
    Denied,
    /// Nobody decided in time.
    Expired,
    /// Steps are being done.
    Running,
    /// Nobody can tell whether a step happened; a person has to look.
    NeedsHuman,
    /// A step failed; what had been done is being undone.
    Compensating,
    /// Every step is done.
    Succeeded,
    /// A step failed and there was nothing to undo.
    Failed,
    /// A step failed and everything reversible was undone.
    Compensated,
    /// A step failed and something could not be undone.
    CompensationFailed,
}

impl Status {
    /// Whether nothing more will happen by itself.
    pub fn is_over(self) -> bool {
        !matches!(self, Self::AwaitingApproval | Self::Running | Self::Compensating)
    }
}

/// What a run asks of people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// Digest of exactly what would be done.
    pub digest: String,
    /// How many different people must agree.
    pub quorum: u32,
    /// Why a human is asked.
    pub reason: String,
    /// After this it is too late.
    pub expires_at: Timestamp,
    /// One decision per person, in order.
    pub decisions: Vec<DecisionBy>,
}

/// One person's decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionBy {
    /// Who.
    pub by: Actor,
    /// Yes or no.
    pub approve: bool,
    /// When.
    pub at: Timestamp,
}

/// Why a decision does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCounted {
    /// The run asks nobody, or not any more.
    #[error("this request is no longer open")]
    Closed,
    /// The time is over.
    #[error("this request has expired")]
    Expired,
    /// What would be done has changed since the card was drawn.
    #[error("what would be done has changed since this card was drawn")]
    DigestMismatch,
    /// One decision per person.
    #[error("you have already decided")]
    AlreadyDecided,
    /// Nobody approves their own request.
    #[error("you asked for this yourself; somebody else has to decide")]
    Requester,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing before this moment.
    Wait(Timestamp),
    /// Write that nobody decided in time.
    Expire,
    /// Get the step's target to ourselves.
    Lease(String),
    /// Write the intent, send, write the outcome.
    Send(String),
    /// Look whether the effect is there.
    Probe(String),
    /// Look how far the effect has come.
    Verify(String),
    /// Write that the run is over.
    Finish(Status),
    /// Nothing, ever.
    Stop,
}

impl Next {
    /// The step that it is about, if it is about one.
    pub fn step(&self) -> Option<&str> {
        match self {
            Self::Lease(step) | Self::Send(step) | Self::Probe(step) | Self::Verify(step) => {
                Some(step)
            }
            _ => None,
        }
    }
}

/// A run, folded from its records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// The playbook.
    pub playbook: String,
    /// SHA-256 of the playbook's text.
    pub playbook_sha256: String,
    /// Who asked for it, or Argus.
    pub requested_by: Actor,
    /// Ties it to the click or the event it came from.
    pub correlation: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// How it stands.
    pub status: Status,
    /// What it asks of people, if it does.
    pub approval: Option<Approval>,
    /// Its steps in order, then the steps that undo them.
    pub steps: Vec<Step>,
    max_attempts: u32,
    completed: Vec<String>,
}

impl Run {
    /// The run that a `run.created` record begins.
    pub fn begin(fact: &Fact) -> Option<Self> {
        let What::RunCreated { run, playbook, playbook_sha256, steps, max_attempts } = &fact.what
        else {
            return None;
        };
        Some(Self {
            id: run.clone(),
            playbook: playbook.clone(),
            playbook_sha256: playbook_sha256.clone(),
            requested_by: fact.actor.clone(),
            correlation: fact.correlation.clone(),
            created_at: fact.at,
            status: Status::Running,
            approval: None,
            steps: steps.iter().cloned().map(Step::new).collect(),
            max_attempts: (*max_attempts).max(1),
            completed: Vec::new(),
        })
    }

    /// The step of that name.
    pub fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name)
    }

    /// Takes one of the run's own records into account. Records of other runs are ignored.
    pub fn apply(&mut self, fact: &Fact) {
        if fact.what.run() != Some(&self.id) {
            return;
        }
        match &fact.what {
            What::ApprovalRequested { digest, quorum, reason, expires_at, .. } => {
                self.status = Status::AwaitingApproval;
                self.approval = Some(Approval {
                    digest: digest.clone(),
                    quorum: *quorum,
                    reason: reason.clone(),
                    expires_at: *expires_at,
                    decisions: Vec::new(),
                });
            }
            What::ApprovalDecided { approve, .. } => self.decide(fact, *approve),
            What::ApprovalExpired { .. } => self.status = Status::Expired,
            What::RunFinished { result, .. } => self.status = *result,
            _ => self.advance(fact),
        }
    }

    /// Whether a decision of `who` would count now.
    ///
    /// # Errors
    ///
    /// [`NotCounted`] says why it would not; nothing is recorded then.
    pub fn may_decide(&self, who: &Actor, digest: &str, now: Timestamp) -> Result<(), NotCounted> {
        let approval = self.approval.as_ref().ok_or(NotCounted::Closed)?;
        if self.status != Status::AwaitingApproval {
            return Err(NotCounted::Closed);
        }
        if now >= approval.expires_at {
            return Err(NotCounted::Expired);
        }
        if approval.digest != digest {
            return Err(NotCounted::DigestMismatch);
        }
        if self.requested_by.is(who) {
            return Err(NotCounted::Requester);
        }
        if approval.decisions.iter().any(|decision| decision.by.is(who)) {
            return Err(NotCounted::AlreadyDecided);
        }
        Ok(())
    }

    /// What to do next, as of `now`.
    pub fn next(&self, now: Timestamp) -> Next {
        match self.status {
            Status::AwaitingApproval => match &self.approval {
                Some(approval) if now < approval.expires_at => Next::Wait(approval.expires_at),
                _ => Next::Expire,
            },
            Status::Running => {
                let open =
                    self.steps.iter().find(|step| !step.state.is_done() && !step.is_skipped());
                open.map_or(Next::Finish(Status::Succeeded), |step| step.next(now))
            }
            Status::Compensating => {
                let undo = |step: &&Step| step.undoes.is_some() && !step.state.is_settled();
                self.steps
                    .iter()
                    .find(undo)
                    .map_or_else(|| Next::Finish(self.verdict()), |step| step.next(now))
            }
            _ => Next::Stop,
        }
    }

    fn decide(&mut self, fact: &Fact, approve: bool) {
        let Some(approval) = &mut self.approval else { return };
        approval.decisions.push(DecisionBy { by: fact.actor.clone(), approve, at: fact.at });
        let agreed = approval.decisions.iter().filter(|decision| decision.approve).count();
        if !approve {
            self.status = Status::Denied;
        } else if agreed >= approval.quorum as usize {
            self.status = Status::Running;
        }
    }

    fn advance(&mut self, fact: &Fact) {
        let max_attempts = self.max_attempts;
        let Some(step) = self.steps.iter_mut().find(|step| step.is_about(&fact.what)) else {
            return;
        };
        step.apply(fact, max_attempts);
        let (name, state, forward) = (step.name.clone(), step.state.clone(), step.undoes.is_none());
        let on_error = step.plan.on_error;
        match state {
            State::Done { .. } if !self.completed.contains(&name) => self.completed.push(name),
            State::Failed { .. } if forward => match on_error {
                OnError::Compensate => self.unwind(),
                // Nothing is undone: there is no undo step, so the run ends as failed.
                OnError::Fail => self.status = Status::Compensating,
                OnError::Continue => {}
            },
            State::Indeterminate { .. } if forward => self.status = Status::NeedsHuman,
            _ => {}
        }
    }

    /// A step failed: everything that was completed is undone, the last one first.
    fn unwind(&mut self) {
        self.status = Status::Compensating;
        for name in self.completed.clone().iter().rev() {
            let undo = self.step(name).and_then(Step::undo);
            self.steps.extend(undo);
        }
    }

    fn verdict(&self) -> Status {
        let mut undone = self.steps.iter().filter(|step| step.undoes.is_some()).peekable();
        if undone.peek().is_none() {
            return Status::Failed;
        }
        if undone.all(|step| step.state.is_done()) {
            Status::Compensated
        } else {
            Status::CompensationFailed
        }
    }

    /// The completed steps that nothing can undo, for the card.
    pub fn not_undone(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| {
            step.undoes.is_none()
                && step.state.is_done()
                && step.plan.effect == EffectClass::Irreversible
        })
    }
}
