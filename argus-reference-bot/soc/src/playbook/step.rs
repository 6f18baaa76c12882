//! What a step does, and what can be done about it afterwards.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::action::ActionKind;
use super::condition::Condition;
use super::template::Template;

/// How long a user who is asked something has to answer where nothing is said, in milliseconds.
pub const ANSWER_MS: i64 = 10 * 60_000;

/// What can be done about an effect afterwards, from harmless to final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectClass {
    /// It changes nothing.
    Read,
    /// It can be undone.
    Reversible,
    /// It can be made good.
    Compensable,
    /// It is final.
    Irreversible,
}

impl EffectClass {
    /// The word in playbooks.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Reversible => "reversible",
            Self::Compensable => "compensable",
            Self::Irreversible => "irreversible",
        }
    }
}

/// What a failing step means for the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// The run stops and what was done is undone.
    #[default]
    Compensate,
    /// The run stops; what was done stays.
    Fail,
    /// The run goes on.
    Continue,
}

/// How many of the steps that it needs have to be done before a step begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Join {
    /// All of them.
    #[default]
    All,
    /// One.
    Any,
    /// So many.
    AtLeast(u32),
}

impl Join {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
    pub(crate) fn is_all(&self) -> bool {
        *self == Self::All
    }
}

/// One step of a playbook.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Step {
    /// Its name within the playbook.
    pub id: String,
    /// What it does.
    pub action: ActionKind,
    /// On what. A rollback has the target of the step that it undoes.
    pub target: Template,
    /// With what; texts in it may hold templates, which were checked.
    pub parameters: Value,
    /// The condition under which it is done, in CEL.
    pub when: Option<Condition>,
    /// The steps that must be done before.
    pub needs: Vec<String>,
    /// How many of them.
    pub join: Join,
    /// How long it lets time pass, in milliseconds, if that is what it does.
    pub wait_ms: Option<i64>,
    /// What its failure means.
    pub on_error: OnError,
    /// What can be done about it afterwards.
    pub effect: EffectClass,
    /// How it is undone.
    pub rollback: Option<Box<Step>>,
}
