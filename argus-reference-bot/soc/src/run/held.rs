//! Why a run waits, or asks people once more, and what they have agreed to.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Run, State, Status};
use crate::blast::Concern;

/// What holds a run up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Holdup {
    /// The steps that wait, and why.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub waits: BTreeMap<String, String>,
    /// What the newest question is about.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    asked: BTreeSet<Concern>,
    /// What people agreed to when they were asked before.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    agreed: BTreeSet<Concern>,
    /// Whether the question is still to come.
    #[serde(skip_serializing_if = "is_false")]
    asks: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_false(it: &bool) -> bool {
    !it
}

impl Holdup {
    pub(super) fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl Run {
    /// Whether a person agreed to this: by starting the run, or when asked.
    pub fn has_accepted(&self, concern: &Concern) -> bool {
        let of_now = self.is_agreed() && self.holdup.asked.contains(concern);
        of_now || self.terms.accepted.contains(concern) || self.holdup.agreed.contains(concern)
    }

    /// Whether nothing of it has begun, so that people can be asked as if for the first time.
    pub fn has_not_begun(&self) -> bool {
        self.steps.iter().all(|step| step.state == State::Pending)
    }

    fn is_agreed(&self) -> bool {
        self.approval.is_some() && !matches!(self.status, Status::AwaitingApproval | Status::Denied)
    }

    /// Whether it may ask people now: the first time, or since something has come up.
    pub(super) fn may_ask(&mut self) -> bool {
        let again = std::mem::take(&mut self.holdup.asks) && self.status == Status::Running;
        self.is_untouched() || (again && self.has_not_begun())
    }

    pub(super) fn hold_up(
        &mut self,
        step: Option<&str>,
        concerns: &BTreeSet<Concern>,
        why: &str,
        asks: bool,
    ) -> bool {
        if self.status.is_over() || self.status == Status::AwaitingApproval {
            return false;
        }
        if !asks {
            let step = step.unwrap_or_default().to_owned();
            return self.holdup.waits.insert(step, why.to_owned()).as_deref() != Some(why);
        }
        if self.status != Status::Running || !self.has_not_begun() {
            return false;
        }
        if self.is_agreed() {
            self.holdup.agreed.append(&mut self.holdup.asked);
        }
        self.holdup.asked.clone_from(concerns);
        self.holdup.asks = true;
        self.holdup.waits.clear();
        true
    }
}
