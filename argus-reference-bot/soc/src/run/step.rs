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
/// The longest that a far side can make us wait before the next attempt, in milliseconds. Whatever
/// number it sends, the run comes to an end.
const LONGEST_WAIT: u64 = 60 * 60 * 1_000;
/// Who did what a dry run only describes.
const DRY: &str = "a dry run";
/// Looks at the far side for one attempt before a person is asked.
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
    /// Time passes until `until`.
    Sleeping {
        /// Until when.
        until: Timestamp,
    },
    /// It is passed over, since its condition does not hold.
    Skipped {
        /// Why.
        why: String,
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

    /// How it stands, in a word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Leased => "leased",
            Self::Intended => "intended",
            Self::Unsettled { .. } => "unsettled",
            Self::Cleared => "cleared",
            Self::Waiting { .. } => "waiting",
            Self::Sent { .. } => "sent",
            Self::Done { adopted_from: None, .. } => "done",
            Self::Done { .. } => "adopted",
            Self::Sleeping { .. } => "sleeping",
            Self::Skipped { .. } => "skipped",
            Self::Failed { .. } => "failed",
            Self::Indeterminate { .. } => "indeterminate",
        }
    }

    /// Whether it did not happen and will not.
    pub fn is_failed(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }

    /// Whether it was passed over.
    pub fn is_skipped(&self) -> bool {
        matches!(self, Self::Skipped { .. })
    }

    /// Not before this, if it waits for something.
    fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Unsettled { until, .. }
            | Self::Waiting { until, .. }
            | Self::Sleeping { until }
            | Self::Sent { until, .. } => Some(*until),
            _ => None,
        }
    }

    /// Whether an attempt may still come, or its answer.
    fn is_open(&self) -> bool {
        !self.is_settled() && !matches!(self, Self::Sent { .. } | Self::Sleeping { .. })
    }

    /// Whether nothing more will happen to it.
    pub fn is_settled(&self) -> bool {
        matches!(
            self,
            Self::Done { .. }
                | Self::Failed { .. }
                | Self::Skipped { .. }
                | Self::Indeterminate { .. }
        )
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

    /// Whether the run goes on without it.
    pub(super) fn is_given_up(&self) -> bool {
        match self.state {
            State::Skipped { .. } => true,
            State::Failed { .. } => self.plan.on_error == OnError::Continue,
            _ => false,
        }
    }

    /// The step that undoes this one, if it did something that can be undone. What another run did
    /// is that run's to undo. What was accepted and is not seen to be done may have taken effect: it
    /// counts when nobody waits for it any more.
    pub(super) fn undo(&self, accepted_counts: bool) -> Option<Self> {
        let own = match self.state {
            State::Done { adopted_from: None, .. } => true,
            State::Sent { .. } => accepted_counts,
            _ => false,
        };
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
            | What::Verified { step, .. }
            | What::StepSkipped { step, .. }
            | What::TimerSet { step, .. }
            | What::TimerFired { step, .. }
            | What::UserAnswered { step, .. }
            | What::WouldSend { step, .. } => *step == self.name,
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
            State::Sleeping { until } if now >= *until => Next::Fire(name()),
            State::Unsettled { until, .. }
            | State::Waiting { until, .. }
            | State::Sleeping { until }
            | State::Sent { until, .. } => Next::Wait(*until),
            State::Done { .. }
            | State::Failed { .. }
            | State::Skipped { .. }
            | State::Indeterminate { .. } => Next::Stop,
        }
    }

    /// How long it waits from [`changed_at`](Self::changed_at) on, by a clock that nobody sets.
    pub fn pause(&self) -> SignedDuration {
        let until = self.state.until().zip(self.changed_at);
        until.map_or(SignedDuration::ZERO, |(until, from)| until.duration_since(from))
    }

    /// Whether it waits as of `now`. A clock that stands before the last change was set back, and
    /// says nothing about how long ago that was.
    pub fn is_waiting(&self, now: Timestamp) -> bool {
        let begun = self.changed_at.is_none_or(|from| from <= now);
        begun && self.state.until().is_some_and(|until| now < until)
    }

    /// Takes a record about it into account, if it can follow; says whether it did.
    pub(super) fn apply(&mut self, fact: &Fact, max_attempts: u32) -> bool {
        let state = match (&fact.what, &self.state) {
            (What::Leased { lease, .. }, State::Pending) => {
                self.lease = Some(lease.clone());
                State::Leased
            }
            (What::Adopted { holder, .. }, State::Pending) => {
                State::Done { remote: holder.clone(), adopted_from: Some(holder.clone()) }
            }
            (What::StepSkipped { why, .. }, State::Pending) => State::Skipped { why: why.clone() },
            (What::TimerSet { due, .. }, State::Pending) => State::Sleeping { until: *due },
            (What::TimerFired { .. }, State::Sleeping { .. }) => {
                State::Done { remote: "time".into(), adopted_from: None }
            }
            // Nothing was sent, so nothing is undone.
            (What::WouldSend { .. }, State::Pending) => {
                State::Done { remote: DRY.into(), adopted_from: Some(DRY.into()) }
            }
            // A new attempt may have been sent, whatever was believed before.
            (What::Intended { key, attempt, .. }, state)
                if *attempt > self.attempts && state.is_open() =>
            {
                self.key = Some(key.clone());
                self.attempts = *attempt;
                self.probes = 0;
                State::Intended
            }
            (What::Answered { outcome, .. }, State::Intended) => {
                self.answered(outcome, fact.at, max_attempts)
            }
            // An answer that comes late is still an answer.
            (What::Answered { outcome: outcome @ Outcome::Accepted { .. }, .. }, state)
                if self.attempts > 0 && state.is_open() =>
            {
                self.answered(outcome, fact.at, max_attempts)
            }
            // Refused by ourselves before anything was sent.
            (
                What::Answered { outcome: outcome @ Outcome::Failed { .. }, .. },
                State::Pending | State::Leased | State::Cleared | State::Waiting { .. },
            ) => self.answered(outcome, fact.at, max_attempts),
            // A look before its time proves something only if it found something.
            (
                What::Probed {
                    probe: Probe::NotFound | Probe::NotListed { .. } | Probe::Unknown { .. },
                    ..
                },
                state,
            ) if matches!(state, State::Unsettled { .. }) && self.is_waiting(fact.at) => {
                return false;
            }
            (What::Probed { probe, .. }, State::Intended | State::Unsettled { .. }) => {
                self.probed(probe, fact.at, max_attempts)
            }
            (What::Verified { progress, .. }, State::Sent { remote, .. }) => {
                verified(progress, remote, fact.at)
            }
            (What::UserAnswered { answer, .. }, State::Sent { remote, .. }) => {
                self.detail = Some(answer.word().into());
                State::Done { remote: remote.clone(), adopted_from: None }
            }
            _ => return false,
        };
        self.state = state;
        self.changed_at = Some(fact.at);
        true
    }

    fn answered(&mut self, outcome: &Outcome, at: Timestamp, max_attempts: u32) -> State {
        match outcome {
            Outcome::Accepted { remote, detail } => {
                self.detail.clone_from(detail);
                State::Sent { remote: remote.clone(), until: at }
            }
            Outcome::AlreadyThere { remote, by } => {
                State::Done { remote: remote.clone(), adopted_from: Some(by.clone()) }
            }
            Outcome::Failed { why } => State::Failed { why: why.clone() },
            Outcome::NotYet { why, .. } if self.attempts >= max_attempts => {
                State::Failed { why: format!("{why} ({max_attempts} attempts)") }
            }
            Outcome::NotYet { why, retry_after_ms } => {
                State::Waiting { until: later(at, pause(*retry_after_ms)), why: why.clone() }
            }
            Outcome::Unsettled { why } => {
                State::Unsettled { until: later(at, SETTLE), why: why.clone() }
            }
        }
    }

    fn probed(&mut self, probe: &Probe, at: Timestamp, max_attempts: u32) -> State {
        self.probes = self.probes.saturating_add(1);
        match probe {
            Probe::Found { remote, detail } => {
                self.detail.clone_from(detail);
                State::Sent { remote: remote.clone(), until: at }
            }
            Probe::FoundForeign { remote, by } => {
                State::Done { remote: remote.clone(), adopted_from: Some(by.clone()) }
            }
            // Nobody knows when the crash came after the send, so the first look may be too early.
            Probe::NotFound if self.state == State::Intended => {
                State::Unsettled { until: later(at, SETTLE), why: "it is not there yet".into() }
            }
            // What is not listed before the lists have caught up proves nothing.
            Probe::NotListed { lag_ms } if self.probes == 1 => State::Unsettled {
                until: later(at, pause(*lag_ms)),
                why: "it is not listed yet".into(),
            },
            Probe::NotFound | Probe::NotListed { .. } if self.attempts >= max_attempts => {
                State::Failed { why: format!("it did not take effect in {max_attempts} attempts") }
            }
            Probe::NotFound | Probe::NotListed { .. } => State::Cleared,
            Probe::Unknown { why } if self.probes >= PROBES => {
                State::Indeterminate { why: why.clone() }
            }
            Probe::Unknown { why } => State::Unsettled {
                until: later(at, SETTLE * self.probes.min(8).cast_signed()),
                why: why.clone(),
            },
        }
    }
}

fn verified(progress: &Progress, remote: &str, at: Timestamp) -> State {
    let remote = remote.to_owned();
    match progress {
        Progress::Pending => State::Sent { remote, until: later(at, POLL) },
        Progress::Done => State::Done { remote, adopted_from: None },
        Progress::Failed { why } => State::Failed { why: why.clone() },
    }
}

fn pause(ms: u64) -> SignedDuration {
    SignedDuration::from_millis(ms.min(LONGEST_WAIT).cast_signed())
}

/// `at + by`, or the end of time when that does not exist.
fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
