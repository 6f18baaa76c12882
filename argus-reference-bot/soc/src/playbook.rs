//! What would run, on what, and how it is undone.
//!
//! A playbook is a YAML file that people review; here it is read, checked and bound to an event.
//! What can be wrong with a playbook is found when it is loaded, with line and column, and not at
//! three in the morning. An event can never change *what* a playbook does: its values fill typed
//! targets and parameters, and nothing that it says is ever read as an expression.

mod action;
pub mod cacao;
mod condition;
mod diagnostic;
mod document;
mod flattened;
mod graph;
mod jinja;
pub mod lifecycle;
mod model;
mod parameters;
mod plan;
mod read;
mod schema;
mod step;
mod steps;
mod template;
mod values;
pub(crate) mod yaml;

use sha2::{Digest, Sha256};

use crate::event::hex;

pub use action::{ActionKind, Shared};
pub use condition::{Condition, ConditionError};
pub(crate) use diagnostic::suggestion;
pub use diagnostic::{Diagnostic, Diagnostics, Level};
pub use document::yaml as write_yaml;
pub use model::{
    Approval, Blast, Comparison, Concurrency, ConcurrencyPolicy, Conditions, Excluded, Execution,
    Gates, OnCancel, OnExpire, Operator, Playbook, Retry, Review, Trigger,
};
pub use plan::{PlanError, PlannedStep, Target, parameters_of, plan};
pub use schema::schema;
pub use step::{ANSWER_MS, EffectClass, Join, OnError, Step};
pub use template::{NoValue, Path, Template, TemplateError};

/// Reads and checks a playbook.
///
/// `file` is only for messages. `human_approval: true` means always and `false` means auto: the
/// author does not ask for a person, the decision table still does where it must.
///
/// ```
/// use argus_soc::playbook::parse;
///
/// let error = parse("night.yaml", r#"
/// playbook: {id: night, name: Night, version: "1.0.0"}
/// actoins: []
/// "#).unwrap_err();
/// let text = error.to_string();
/// assert!(text.contains("night.yaml:3:1"), "{text}");
/// assert!(text.contains("did you mean `actions`?"), "{text}");
/// ```
///
/// # Errors
///
/// [`Diagnostics`] with everything that is wrong, each with its place. Nothing of the playbook
/// may be used then.
pub fn parse(file: &str, yaml: &str) -> Result<Playbook, Diagnostics> {
    let restored = flattened::restore(yaml);
    let mut reading = read::Reading::new(file, yaml, restored.as_ref());
    let text = restored.as_ref().map_or(yaml, |restored| restored.text.as_str());
    let sha256 = hex(&Sha256::digest(yaml.as_bytes()));
    let playbook = match yaml::read(text) {
        Ok(document) => reading.playbook(&document, sha256),
        Err(error) => {
            reading.error(error.at, error.message, None);
            None
        }
    };
    reading.finish(playbook)
}
