//! What a run asks of people, and whose answer counts.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ledger::fact::Actor;

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
    /// The playbook excludes whom the event is about.
    #[error("the event is about you; somebody else has to decide")]
    Subject,
}
