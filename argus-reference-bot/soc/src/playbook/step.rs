//! What a step does, and what can be done about it afterwards.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::action::ActionKind;
use super::template::Template;

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
    /// The steps that must be done before.
    pub needs: Vec<String>,
    /// What its failure means.
    pub on_error: OnError,
    /// What can be done about it afterwards.
    pub effect: EffectClass,
    /// How it is undone.
    pub rollback: Option<Box<Step>>,
}
