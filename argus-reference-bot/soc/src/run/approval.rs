//! What a run asks of people, and whose answer counts.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Run, Status};
use crate::ledger::fact::{Actor, Fact};
use crate::playbook::OnExpire;

/// Longest reason that a person may give, in characters.
pub const REASON: usize = 500;

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
    /// When people are reminded, if nobody has decided by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remind_at: Option<Timestamp>,
    /// When they were reminded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminded_at: Option<Timestamp>,
    /// Who is asked instead, since nobody had decided in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalated: Option<Escalated>,
}

/// Who is asked when those who were asked first did not decide in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalated {
    /// The role or group that decides from then on.
    pub to: String,
    /// Since when.
    pub at: Timestamp,
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
    /// Why, in their own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The role or group of which they had to be, if the request had been escalated to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
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
    /// The playbook excludes whom the event is about.
    #[error("the event is about you; somebody else has to decide")]
    Subject,
}

impl Run {
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
        if self.terms.is_about(who) {
            return Err(NotCounted::Subject);
        }
        if approval.decisions.iter().any(|decision| decision.by.is(who)) {
            return Err(NotCounted::AlreadyDecided);
        }
        Ok(())
    }

    /// The role or group whose members alone decide now, if it is not everybody who may approve.
    pub fn deciders(&self) -> Option<&str> {
        let escalated = self.approval.as_ref().and_then(|it| it.escalated.as_ref());
        escalated.map(|it| it.to.as_str()).or(self.terms.approvers.as_deref())
    }

    /// The role or group of which whoever made a decision had to be, and has to be still.
    pub fn deciders_then<'a>(&'a self, decision: &'a DecisionBy) -> Option<&'a str> {
        decision.of.as_deref().or(self.terms.approvers.as_deref())
    }

    /// Whether others are asked when nobody decides in time: the playbook wants it, and it has not
    /// happened yet.
    pub fn may_escalate(&self) -> bool {
        let first = self.approval.as_ref().is_some_and(|it| it.escalated.is_none());
        self.status == Status::AwaitingApproval
            && first
            && self.terms.on_expire == OnExpire::Escalate
    }

    /// The cards that ask about it, which change when it does.
    pub fn request_cards(&self) -> Vec<String> {
        let asks = format!("approval/{}", self.id);
        let Some(approval) = &self.approval else { return vec![asks] };
        let reminded = approval.reminded_at.map(|_| format!("{asks}/reminder"));
        let escalated = approval.escalated.as_ref().map(|_| format!("{asks}/escalated"));
        [Some(asks), reminded, escalated].into_iter().flatten().collect()
    }

    pub(super) fn remind(&mut self, at: Timestamp) -> bool {
        let open = self.status == Status::AwaitingApproval;
        let waits = self.approval.as_mut().filter(|it| open && it.is_to_be_reminded());
        waits.is_some_and(|it| it.reminded_at.replace(at).is_none())
    }

    pub(super) fn escalate(&mut self, at: Timestamp, to: &str, expires_at: Timestamp) -> bool {
        let open = self.status == Status::AwaitingApproval;
        let Some(approval) = self.approval.as_mut().filter(|it| open && it.escalated.is_none())
        else {
            return false;
        };
        approval.escalated = Some(Escalated { to: to.into(), at });
        approval.expires_at = expires_at;
        true
    }

    pub(super) fn decide(
        &mut self,
        fact: &Fact,
        digest: &str,
        approve: bool,
        reason: Option<&str>,
    ) -> bool {
        if self.may_decide(&fact.actor, digest, fact.at).is_err() {
            return false;
        }
        let Some(approval) = &mut self.approval else { return false };
        approval.decisions.push(DecisionBy {
            by: fact.actor.clone(),
            approve,
            at: fact.at,
            reason: reason.map(str::to_owned),
            of: approval.escalated.as_ref().map(|it| it.to.clone()),
        });
        let agreed = approval.decisions.iter().filter(|decision| decision.approve).count();
        let enough = agreed >= approval.quorum as usize;
        if !approve {
            self.turns(Status::Denied);
        } else if enough && self.turns(Status::Running) {
            self.agreed_at = Some(fact.at);
        }
        true
    }
}

impl Approval {
    /// Whether a reminder is still to come: one for each request, and none once others are asked.
    pub(super) fn is_to_be_reminded(&self) -> bool {
        self.remind_at.is_some() && self.reminded_at.is_none() && self.escalated.is_none()
    }
}
