//! What a run took over from its playbook when it began: a playbook that is changed later changes no
//! run that is under way.

use serde::{Deserialize, Serialize};

use crate::playbook::{ConcurrencyPolicy, Execution, Gates, OnCancel};

/// How long effects can be undone by a person where nothing is said, in milliseconds: a day.
const UNDO_MS: i64 = 24 * 3_600_000;

/// What a run took over from its playbook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Terms {
    /// Steps at the same time.
    pub max_parallel: u32,
    /// How long it may take, in milliseconds, the time in which people are asked aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_duration_ms: Option<i64>,
    /// What a cancelled run does with what it has done.
    pub on_cancel: OnCancel,
    /// For how long after its end people can undo it, in milliseconds.
    pub undo_ms: i64,
    /// The runs that may not overlap with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn: Option<Turn>,
    /// Whether nothing is sent.
    pub dry_run: bool,
}

/// The runs that may not overlap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Those with the same key.
    pub key: String,
    /// What happens to the later one.
    pub policy: ConcurrencyPolicy,
}

impl Default for Terms {
    /// Those of runs from before there were any: one step after the other.
    fn default() -> Self {
        Self {
            max_parallel: 1,
            max_duration_ms: None,
            on_cancel: OnCancel::Compensate,
            undo_ms: UNDO_MS,
            turn: None,
            dry_run: false,
        }
    }
}

impl Terms {
    /// Those of a playbook, with the key of the runs that may not overlap.
    pub fn of(execution: &Execution, gates: &Gates, key: Option<String>) -> Self {
        let policy = execution.concurrency.as_ref().map(|it| it.policy);
        Self {
            max_parallel: execution.max_parallel,
            max_duration_ms: Some(execution.max_duration_ms),
            on_cancel: execution.on_cancel,
            undo_ms: gates.undo_ms.unwrap_or(UNDO_MS),
            turn: key.zip(policy).map(|(key, policy)| Turn { key, policy }),
            dry_run: gates.dry_run,
        }
    }

    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
