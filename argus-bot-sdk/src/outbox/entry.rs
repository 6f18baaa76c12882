//! A draft and what became of it.

use serde::{Deserialize, Serialize};

use super::Draft;

/// Names an accepted draft. Later drafts have greater tickets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[expect(clippy::exhaustive_structs, reason = "a store has to read and write it")]
pub struct Ticket(pub u64);

/// What Teams said to a draft that arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Receipt {
    /// The activity's id, with which it can be updated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity_id: Option<String>,
    /// The HTTP status.
    pub status: u16,
    /// The `MS-CV` header, by which Microsoft's support finds the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    /// It may have been shown twice.
    #[serde(default)]
    pub maybe_twice: bool,
}

/// What became of a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum State {
    /// It waits for its turn.
    Waiting,
    /// It was given to the connector, and there is no answer yet.
    UnderWay,
    /// It arrived.
    Sent(Receipt),
    /// A newer one took its place before it left.
    Superseded {
        /// The newer one.
        by: Ticket,
    },
    /// It may or may not have arrived, and is not sent again.
    Ambiguous,
    /// It will not arrive: a dead letter.
    Dead {
        /// Why.
        reason: String,
    },
}

impl State {
    /// Whether something is still going to happen.
    ///
    /// ```
    /// use argus_bot_sdk::outbox::State;
    ///
    /// assert!(State::UnderWay.is_open());
    /// assert!(!State::Ambiguous.is_open());
    /// ```
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Waiting | Self::UnderWay)
    }
}

/// A row of the outbox: a draft and how far it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Entry {
    /// Its name.
    pub ticket: Ticket,
    /// Its place in the conversation; that of the one whose place it took, if it took one.
    pub place: u64,
    /// What is to be said.
    pub draft: Draft,
    /// What became of it.
    pub state: State,
    /// How often it was tried.
    pub tries: u32,
    /// A try may have arrived, though nobody knows.
    pub doubt: bool,
    /// It is not tried before this time, in milliseconds after 1970.
    pub not_before_ms: i64,
    /// When it was accepted.
    pub accepted_ms: i64,
    /// When it last changed.
    pub changed_ms: i64,
}
