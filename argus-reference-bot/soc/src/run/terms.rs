//! What a run took over from its playbook when it began: a playbook that is changed later changes no
//! run that is under way.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::blast::Concern;
use crate::event::{EntityKind, SecurityEvent};
use crate::ledger::fact::Actor;
use crate::playbook::{Blast, ConcurrencyPolicy, Excluded, Execution, Gates, OnCancel, OnExpire};

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
    /// The role or group whose members alone decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approvers: Option<String>,
    /// The directory object ids of those whom the event is about, if they may not decide.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// How long people are asked, in milliseconds, where the playbook says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_ms: Option<i64>,
    /// How much it may break at once. Runs from before that was counted have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blast: Option<Blast>,
    /// What a person agreed to by starting it.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub accepted: BTreeSet<Concern>,
    /// What happens when nobody decides in time.
    #[serde(skip_serializing_if = "is_deny")]
    pub on_expire: OnExpire,
}

/// The runs that may not overlap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Those with the same key.
    pub key: String,
    /// What happens to the later one.
    pub policy: ConcurrencyPolicy,
}

/// Whom an event is about, as far as a playbook excludes them from deciding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subjects {
    /// Their directory object ids.
    pub known: Vec<String>,
    /// How many the event names without one. Who they are in a conversation nobody can tell: each
    /// may be one of those who agree, so for each one more has to.
    pub unknown: u32,
}

impl Subjects {
    /// Those of an event under these gates.
    pub fn of(event: &SecurityEvent, gates: &Gates) -> Self {
        let mut subjects = Self::default();
        if !gates.exclude.contains(&Excluded::Subject) {
            return subjects;
        }
        for user in event.entities.iter().filter(|it| it.kind == EntityKind::User) {
            match user.ids.get("aad_user_id") {
                Some(id) => subjects.known.push(id.to_lowercase()),
                None => subjects.unknown += 1,
            }
        }
        subjects.known.sort_unstable();
        subjects.known.dedup();
        subjects
    }
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
            approvers: None,
            subjects: Vec::new(),
            expires_ms: None,
            blast: None,
            accepted: BTreeSet::new(),
            on_expire: OnExpire::Deny,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_deny(it: &OnExpire) -> bool {
    *it == OnExpire::Deny
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
            approvers: gates.approvers.clone(),
            subjects: Vec::new(),
            expires_ms: gates.expires_ms,
            blast: None,
            accepted: BTreeSet::new(),
            on_expire: gates.on_expire,
        }
    }

    /// Those of a run on this event: whom it is about is known only then.
    #[must_use]
    pub fn about(mut self, subjects: &Subjects) -> Self {
        self.subjects.clone_from(&subjects.known);
        self
    }

    /// Those of a run that may break so much, where whoever began it agreed to this.
    #[must_use]
    pub fn within(mut self, blast: &Blast, accepted: BTreeSet<Concern>) -> Self {
        self.blast = Some(blast.clone());
        self.accepted = accepted;
        self
    }

    /// Whether the event is about `who`, and the playbook excludes them for that.
    pub fn is_about(&self, who: &Actor) -> bool {
        let Actor::Person { object_id, .. } = who else { return false };
        self.subjects.iter().any(|it| it.eq_ignore_ascii_case(object_id))
    }

    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
