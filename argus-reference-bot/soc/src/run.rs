//! A playbook run as a fold over its records: what has happened, and so what is next.
//!
//! Nothing here does anything. A worker asks [`Run::ready`], does these things, writes down what
//! came of each, and asks again; after a crash it folds the same records and goes on where the last
//! one ends. An intent without an outcome is probed before anything is sent again.

mod answer;
mod approval;
mod held;
mod next;
mod rehearse;
mod step;
mod stop;
mod terms;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::answer::UserAnswer;
pub use self::approval::{Approval, DecisionBy, Escalated, NotCounted, REASON};
pub use self::held::Holdup;
pub use self::next::Next;
pub use self::rehearse::{Rehearsed, Supposed, rehearse};
pub use self::step::{State, Step};
pub use self::stop::{NotUndone, Stopped};
pub use self::terms::{Subjects, Terms, Turn};
use crate::ledger::fact::{Actor, Fact, What};
use crate::playbook::PlannedStep;

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
    /// A person stopped it, or another run took its turn, and there was nothing to undo.
    Cancelled,
    /// It took too long, and there was nothing to undo.
    TimedOut,
}

impl Status {
    /// Whether nothing more will happen by itself.
    pub fn is_over(self) -> bool {
        !matches!(self, Self::AwaitingApproval | Self::Running | Self::Compensating)
    }

    /// Whether a run may go from here to there. What is over stays as it ended, unless a person says
    /// what became of a step, or has it undone.
    ///
    /// ```
    /// # use argus_soc::run::Status;
    /// assert!(Status::AwaitingApproval.may_become(Status::Running));
    /// assert!(!Status::Denied.may_become(Status::Running));
    /// ```
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::AwaitingApproval => matches!(
                next,
                Self::Denied | Self::Expired | Self::Running | Self::NeedsHuman | Self::Cancelled
            ),
            Self::Running => matches!(
                next,
                Self::AwaitingApproval
                    | Self::NeedsHuman
                    | Self::Compensating
                    | Self::Succeeded
                    | Self::Cancelled
            ),
            Self::Compensating => matches!(
                next,
                Self::NeedsHuman
                    | Self::Failed
                    | Self::Compensated
                    | Self::CompensationFailed
                    | Self::Cancelled
                    | Self::TimedOut
            ),
            Self::NeedsHuman => matches!(next, Self::Running),
            Self::Succeeded | Self::Failed | Self::Cancelled | Self::TimedOut => {
                matches!(next, Self::Compensating)
            }
            Self::Denied | Self::Expired | Self::Compensated | Self::CompensationFailed => false,
        }
    }

    /// Whether a `run.finished` record may say this.
    const fn is_result(self) -> bool {
        matches!(
            self,
            Self::Succeeded
                | Self::Failed
                | Self::Compensated
                | Self::CompensationFailed
                | Self::Cancelled
                | Self::TimedOut
        )
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
    /// What it took over from its playbook.
    #[serde(default, skip_serializing_if = "Terms::is_default")]
    pub terms: Terms,
    /// The lease by which it has its turn among those that may not overlap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<String>,
    /// Why it stops before its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stopped>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    max_attempts: u32,
    completed: Vec<String>,
    /// When people had agreed, if they were asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agreed_at: Option<Timestamp>,
    /// Whether its time is over.
    #[serde(default, skip_serializing_if = "is_false")]
    overdue: bool,
    /// Why it waits or asks, and what people agreed to.
    #[serde(default, skip_serializing_if = "Holdup::is_none")]
    pub holdup: Holdup,
    /// Whether a newer version wrote something about it that nobody here understands.
    #[serde(default, skip_serializing_if = "is_false")]
    beyond_us: bool,
}

impl Run {
    /// The run that a `run.created` record begins. One whose steps cannot be told apart, or come
    /// before what they need, waits for a person: Argus never writes such a record.
    pub fn begin(fact: &Fact) -> Option<Self> {
        let What::RunCreated { run, playbook, playbook_sha256, steps, max_attempts, quorum, terms } =
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
            terms: terms.clone(),
            turn: None,
            stopped: None,
            finished_at: None,
            max_attempts: (*max_attempts).max(1),
            completed: Vec::new(),
            agreed_at: None,
            overdue: false,
            holdup: Holdup::default(),
            beyond_us: false,
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
            What::ApprovalRequested { digest, quorum, reason, expires_at, remind_at, .. } => {
                let asked = self.may_ask() && self.turns(Status::AwaitingApproval);
                if asked {
                    self.approval = Some(Approval {
                        digest: digest.clone(),
                        quorum: *quorum,
                        reason: reason.clone(),
                        expires_at: *expires_at,
                        decisions: Vec::new(),
                        remind_at: *remind_at,
                        reminded_at: None,
                        escalated: None,
                    });
                }
                asked
            }
            What::WouldAsk { .. } => self.is_dry() && self.is_untouched(),
            What::ApprovalReminded { .. } => self.remind(fact.at),
            What::ApprovalEscalated { to, expires_at, .. } => {
                self.escalate(fact.at, to, *expires_at)
            }
            What::ApprovalDecided { digest, approve, reason, .. } => {
                self.decide(fact, digest, *approve, reason.as_deref())
            }
            What::ApprovalExpired { .. } => self.turns(Status::Expired),
            What::RunFinished { result, .. } => {
                let ends = result.is_result() && self.turns(*result);
                if ends {
                    self.finished_at = Some(fact.at);
                }
                ends
            }
            What::Leased { step, lease, .. } if step.is_empty() => {
                let waits = self.status == Status::Running && self.turn.is_none();
                if waits {
                    self.turn = Some(lease.clone());
                }
                waits
            }
            What::Released { step, .. } if step.is_empty() => self.turn.take().is_some(),
            What::Released { step, .. } => {
                let step = self.steps.iter_mut().find(|known| known.name == *step);
                step.is_some_and(|step| step.lease.take().is_some())
            }
            What::RunRejected { why, .. } => {
                let rejected = self.is_untouched() && self.turns(Status::Cancelled);
                if rejected {
                    self.stopped =
                        Some(Stopped::Cancelled { by: fact.actor.clone(), why: why.clone() });
                    self.finished_at = Some(fact.at);
                }
                rejected
            }
            What::RunHeld { step, concerns, why, asks, .. } => {
                self.hold_up(step.as_deref(), concerns, why, *asks)
            }
            What::CancelRequested { why, .. } => self.cancel(fact, why),
            What::RunTimedOut { .. } => self.time_out(),
            What::UndoRequested { .. } => self.undo(fact),
            What::StepResolved { step, happened, .. } => self.resolve(fact, step, *happened),
            // A newer version knows something about this run that may forbid every next step.
            What::Unknown(_) => {
                let news = !self.beyond_us;
                self.beyond_us = true;
                self.turns(Status::NeedsHuman) || news
            }
            _ => self.advance(fact),
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

    /// Whether one of its steps is this action.
    pub fn acts(&self, action: &str) -> bool {
        self.steps.iter().any(|step| step.plan.action.name() == action)
    }

    /// Whether it took the ground from under an attacker, and that stands.
    pub(crate) fn contains(&self) -> bool {
        let stands = |step: &Step| step.state.is_done() && step.plan.action.contains_threat();
        self.status == Status::Succeeded && !self.is_dry() && self.steps.iter().any(stands)
    }

    /// Whether nothing of it is ever sent.
    pub fn is_dry(&self) -> bool {
        self.terms.dry_run
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
        let name = step.name.clone();
        self.holdup.waits.remove(&name);
        self.settled(&name);
        self.settle();
        true
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_false(it: &bool) -> bool {
    !it
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
