//! One step of a run.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Next;
use crate::effect::{Outcome, Probe, Progress};
use crate::ledger::fact::{Fact, What};
use crate::playbook::{EffectClass, OnError, PlannedStep};

/// How long an effect may take to show up before "not found" is believed.
const SETTLE: SignedDuration = SignedDuration::from_millis(1_500);
/// Between two looks at an accepted effect.
const POLL: SignedDuration = SignedDuration::from_millis(1_000);
/// Looks at the far side before a person is asked.
const PROBES: u32 = 5;

/// How a step stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// Nothing yet.
    Pending,
    /// The target is ours; it may be sent.
    Leased,
    /// An intent is written and no outcome: it may have been sent.
    Intended,
    /// It may or may not have happened; look after `until`.
    Unsettled {
        /// Not before.
        until: Timestamp,
        /// Why nobody knows.
        why: String,
    },
    /// A look found nothing; it may be sent again.
    Cleared,
    /// It certainly did not happen; send again after `until`.
    Waiting {
        /// Not before.
        until: Timestamp,
        /// Why it did not happen.
        why: String,
    },
    /// Accepted by the far side; look again after `until`.
    Sent {
        /// The far side's id.
        remote: String,
        /// Not before.
        until: Timestamp,
    },
    /// Done, and seen to be done.
    Done {
        /// The far side's id.
        remote: String,
        /// Whose doing it is, if not this step's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        adopted_from: Option<String>,
    },
    /// It did not happen and will not.
    Failed {
        /// Why.
        why: String,
    },
    /// Nobody can tell; a person has to look.
    Indeterminate {
        /// Why.
        why: String,
    },
}

impl State {
    /// Whether it is done.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done { .. })
    }

    /// Whether nothing more will happen to it.
    pub fn is_settled(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Failed { .. } | Self::Indeterminate { .. })
    }
}

/// A step, folded from its records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its name in the run; `undo/NAME` for the one that undoes `NAME`.
    pub name: String,
    /// What it does, to what.
    pub plan: PlannedStep,
    /// How it stands.
    pub state: State,
    /// The step that this one undoes.
    pub undoes: Option<String>,
    /// The effect's key, once an intent is written.
    pub key: Option<String>,
    /// The lease it holds.
    pub lease: Option<String>,
    /// What the far side added, such as a ticket's number.
    pub detail: Option<String>,
    /// Intents written so far.
    pub attempts: u32,
    /// When the state last changed.
    pub changed_at: Option<Timestamp>,
    probes: u32,
}

impl Step {
    pub(super) fn new(plan: PlannedStep) -> Self {
        Self {
            name: plan.id.clone(),
            plan,
            state: State::Pending,
            undoes: None,
            key: None,
            lease: None,
            detail: None,
            attempts: 0,
            changed_at: None,
            probes: 0,
        }
    }

    /// Whether it failed and the run goes on without it.
    pub(super) fn is_skipped(&self) -> bool {
        matches!(self.state, State::Failed { .. }) && self.plan.on_error == OnError::Continue
    }

    /// The step that undoes this one, if it did something that can be undone. What another run did
    /// is that run's to undo.
    pub(super) fn undo(&self) -> Option<Self> {
        let own = matches!(self.state, State::Done { adopted_from: None, .. });
        let reversible = self.plan.effect != EffectClass::Irreversible;
        let plan = self.plan.rollback.as_deref().filter(|_| own && reversible)?;
        let mut undo = Self::new(plan.clone());
        undo.name = format!("undo/{}", self.name);
        undo.undoes = Some(self.name.clone());
        Some(undo)
    }

    pub(super) fn is_about(&self, what: &What) -> bool {
        match what {
            What::Leased { step, .. }
            | What::Adopted { step, .. }
            | What::Intended { step, .. }
            | What::Answered { step, .. }
            | What::Probed { step, .. }
            | What::Verified { step, .. } => *step == self.name,
            _ => false,
        }
    }

    pub(super) fn next(&self, now: Timestamp) -> Next {
        let name = || self.name.clone();
        match &self.state {
            State::Pending => Next::Lease(name()),
            State::Leased | State::Cleared => Next::Send(name()),
            State::Intended => Next::Probe(name()),
            State::Unsettled { until, .. } if now >= *until => Next::Probe(name()),
            State::Waiting { until, .. } if now >= *until => Next::Send(name()),
            State::Sent { until, .. } if now >= *until => Next::Verify(name()),
            State::Unsettled { until, .. }
            | State::Waiting { until, .. }
            | State::Sent { until, .. } => Next::Wait(*until),
            State::Done { .. } | State::Failed { .. } | State::Indeterminate { .. } => Next::Stop,
        }
    }

    pub(super) fn apply(&mut self, fact: &Fact, max_attempts: u32) {
        self.changed_at = Some(fact.at);
        match &fact.what {
            What::Leased { lease, .. } => {
                self.lease = Some(lease.clone());
                self.state = State::Leased;
            }
            What::Adopted { holder, .. } => {
                self.state =
                    State::Done { remote: holder.clone(), adopted_from: Some(holder.clone()) };
            }
            What::Intended { key, attempt, .. } => {
                self.key = Some(key.clone());
                self.attempts = *attempt;
                self.state = State::Intended;
            }
            What::Answered { outcome, .. } => self.answered(outcome, fact.at, max_attempts),
            What::Probed { probe, .. } => self.probed(probe, fact.at, max_attempts),
            What::Verified { progress, .. } => self.verified(progress, fact.at),
            _ => {}
        }
    }

    fn answered(&mut self, outcome: &Outcome, at: Timestamp, max_attempts: u32) {
        self.state = match outcome {
            Outcome::Accepted { remote, detail } => {
                self.detail.clone_from(detail);
                State::Sent { remote: remote.clone(), until: at }
            }
            Outcome::Failed { why } => State::Failed { why: why.clone() },
            Outcome::NotYet { why, .. } if self.attempts >= max_attempts => {
                State::Failed { why: format!("{why} ({max_attempts} attempts)") }
            }
            Outcome::NotYet { why, retry_after_ms } => {
                State::Waiting { until: later(at, millis(*retry_after_ms)), why: why.clone() }
            }
            Outcome::Unsettled { why } => {
                State::Unsettled { until: later(at, SETTLE), why: why.clone() }
            }
        };
    }

    fn probed(&mut self, probe: &Probe, at: Timestamp, max_attempts: u32) {
        self.probes += 1;
        self.state = match probe {
            Probe::Found { remote, detail } => {
                self.detail.clone_from(detail);
                State::Sent { remote: remote.clone(), until: at }
            }
            Probe::FoundForeign { remote, by } => {
                State::Done { remote: remote.clone(), adopted_from: Some(by.clone()) }
            }
            Probe::NotFound if self.attempts >= max_attempts => {
                State::Failed { why: format!("it did not take effect in {max_attempts} attempts") }
            }
            Probe::NotFound => State::Cleared,
            Probe::Unknown { why } if self.probes >= PROBES => {
                State::Indeterminate { why: why.clone() }
            }
            Probe::Unknown { why } => State::Unsettled {
                until: later(at, SETTLE * self.probes.min(8).cast_signed()),
                why: why.clone(),
            },
        };
    }

    fn verified(&mut self, progress: &Progress, at: Timestamp) {
        let remote = match &self.state {
            State::Sent { remote, .. } => remote.clone(),
            _ => String::new(),
        };
        self.state = match progress {
            Progress::Pending => State::Sent { remote, until: later(at, POLL) },
            Progress::Done => State::Done { remote, adopted_from: None },
            Progress::Failed { why } => State::Failed { why: why.clone() },
        };
    }
}

fn millis(ms: u64) -> SignedDuration {
    SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX))
}

/// `at + by`, or the end of time when that does not exist.
fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
