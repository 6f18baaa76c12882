//! A playbook run as a fold over its records: what has happened, and so what is next.
//!
//! Nothing here does anything. A worker asks [`Run::next`], does that one thing, writes down what
//! came of it, and asks again; after a crash it folds the same records and goes on where the last
//! one ends. An intent without an outcome is probed before anything is sent again.
//!
//! Long because the fold and the table of what may become what stand side by side, so that a reader
//! sees both.

mod step;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::step::{State, Step};
use crate::ledger::fact::{Actor, Fact, What};
use crate::playbook::{EffectClass, OnError, PlannedStep};

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

    /// Whether a run may go from here to there. What is over stays as it ended.
    ///
    /// ```
    /// # use argus_soc::run::Status;
    /// assert!(Status::AwaitingApproval.may_become(Status::Running));
    /// assert!(!Status::Denied.may_become(Status::Running));
    /// ```
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::AwaitingApproval => {
                matches!(next, Self::Denied | Self::Expired | Self::Running | Self::NeedsHuman)
            }
            Self::Running => matches!(
                next,
                Self::AwaitingApproval | Self::NeedsHuman | Self::Compensating | Self::Succeeded
            ),
            Self::Compensating => matches!(
                next,
                Self::NeedsHuman | Self::Failed | Self::Compensated | Self::CompensationFailed
            ),
            _ => false,
        }
    }

    /// Whether a `run.finished` record may say this.
    const fn is_result(self) -> bool {
        matches!(
            self,
            Self::Succeeded | Self::Failed | Self::Compensated | Self::CompensationFailed
        )
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
    /// Only people decide; Argus does not approve itself.
    #[error("only a person can decide this")]
    NotAPerson,
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
    /// How many different people its playbook wants to agree, whatever it is that asks them.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub quorum: u32,
    /// What it asks of people, if it does.
    pub approval: Option<Approval>,
    /// Its steps in order, then the steps that undo them.
    pub steps: Vec<Step>,
    max_attempts: u32,
    completed: Vec<String>,
}

impl Run {
    /// The run that a `run.created` record begins. One whose steps cannot be told apart, or come
    /// before what they need, waits for a person: Argus never writes such a record.
    pub fn begin(fact: &Fact) -> Option<Self> {
        let What::RunCreated { run, playbook, playbook_sha256, steps, max_attempts, quorum } =
            &fact.what
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
            status: if is_sound(steps) { Status::Running } else { Status::NeedsHuman },
            quorum: *quorum,
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

    /// Takes one of the run's own records into account. Records of other runs are ignored, and so
    /// is what cannot follow from what is known: a record that was seen before, a decision after
    /// the request was closed, an outcome without an intent.
    pub fn apply(&mut self, fact: &Fact) {
        self.takes(fact);
    }

    /// Like [`Run::apply`]; says whether the record changed anything.
    pub(crate) fn takes(&mut self, fact: &Fact) -> bool {
        if fact.what.run() != Some(&self.id) {
            return false;
        }
        match &fact.what {
            What::ApprovalRequested { digest, quorum, reason, expires_at, .. } => {
                let asked = self.is_untouched() && self.turns(Status::AwaitingApproval);
                if asked {
                    self.approval = Some(Approval {
                        digest: digest.clone(),
                        quorum: *quorum,
                        reason: reason.clone(),
                        expires_at: *expires_at,
                        decisions: Vec::new(),
                    });
                }
                asked
            }
            What::ApprovalDecided { digest, approve, .. } => self.decide(fact, digest, *approve),
            What::ApprovalExpired { .. } => self.turns(Status::Expired),
            What::RunFinished { result, .. } => result.is_result() && self.turns(*result),
            What::Released { step, .. } => {
                let step = self.steps.iter_mut().find(|known| known.name == *step);
                step.is_some_and(|step| step.lease.take().is_some())
            }
            // A newer version knows something about this run that may forbid every next step.
            What::Unknown(_) => self.turns(Status::NeedsHuman),
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
        if matches!(who, Actor::Service { .. }) {
            return Err(NotCounted::NotAPerson);
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
                let skipped = self.skipped();
                let open =
                    |step: &&Step| !step.state.is_done() && !skipped.contains(&step.name.as_str());
                // Needs come first in the list, so the first open step has all of its needs.
                self.steps
                    .iter()
                    .find(open)
                    .map_or(Next::Finish(Status::Succeeded), |step| step.next(now))
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

    /// Goes over to `next` if that may follow.
    fn turns(&mut self, next: Status) -> bool {
        let may = self.status.may_become(next);
        if may {
            self.status = next;
        }
        may
    }

    /// Whether nothing was asked and nothing was done yet.
    fn is_untouched(&self) -> bool {
        self.approval.is_none() && self.steps.iter().all(|step| step.state == State::Pending)
    }

    /// The steps that the run does without: those that failed and may, and those that need them.
    fn skipped(&self) -> Vec<&str> {
        let mut skipped: Vec<&str> = Vec::new();
        for step in &self.steps {
            let lacks = step.plan.needs.iter().any(|need| skipped.contains(&need.as_str()));
            if step.is_given_up() || (lacks && !step.state.is_done()) {
                skipped.push(&step.name);
            }
        }
        skipped
    }

    fn decide(&mut self, fact: &Fact, digest: &str, approve: bool) -> bool {
        if self.may_decide(&fact.actor, digest, fact.at).is_err() {
            return false;
        }
        let Some(approval) = &mut self.approval else { return false };
        approval.decisions.push(DecisionBy { by: fact.actor.clone(), approve, at: fact.at });
        let agreed = approval.decisions.iter().filter(|decision| decision.approve).count();
        let enough = agreed >= approval.quorum as usize;
        if !approve {
            self.turns(Status::Denied);
        } else if enough {
            self.turns(Status::Running);
        }
        true
    }

    fn advance(&mut self, fact: &Fact) -> bool {
        let undoing = match self.status {
            Status::Running => false,
            Status::Compensating => true,
            _ => return false,
        };
        let max_attempts = self.max_attempts;
        let about =
            |step: &&mut Step| step.undoes.is_some() == undoing && step.is_about(&fact.what);
        let Some(step) = self.steps.iter_mut().find(about) else { return false };
        if !step.apply(fact, max_attempts) {
            return false;
        }
        let (name, on_error) = (step.name.clone(), step.plan.on_error);
        match &step.state {
            State::Done { .. } => self.completed.push(name),
            State::Failed { .. } if !undoing => match on_error {
                OnError::Compensate => self.unwind(),
                // Nothing is undone: there is no undo step, so the run ends as failed.
                OnError::Fail => {
                    self.turns(Status::Compensating);
                }
                OnError::Continue => {}
            },
            State::Indeterminate { .. } if !undoing => {
                self.turns(Status::NeedsHuman);
            }
            _ => {}
        }
        true
    }

    /// A step failed: everything that was completed is undone, the last one first.
    fn unwind(&mut self) {
        if !self.turns(Status::Compensating) {
            return;
        }
        let undo = |name: &String| self.step(name).and_then(Step::undo);
        let undoing: Vec<Step> = self.completed.iter().rev().filter_map(undo).collect();
        self.steps.extend(undoing);
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

/// How many people have to agree where nothing is said.
pub(crate) fn one() -> u32 {
    1
}

/// Whether it needs no saying.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
pub(crate) fn is_one(count: &u32) -> bool {
    *count == one()
}

/// Whether each step has a name of its own and comes after everything that it needs.
fn is_sound(steps: &[PlannedStep]) -> bool {
    let mut before: Vec<&str> = Vec::with_capacity(steps.len());
    steps.iter().all(|step| {
        let new = !before.contains(&step.id.as_str());
        let met = step.needs.iter().all(|need| before.contains(&need.as_str()));
        before.push(&step.id);
        new && met
    })
}
