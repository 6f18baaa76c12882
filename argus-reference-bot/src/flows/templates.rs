//! What became of a change of the card templates, on record.

use argus_cards::{Diagnostic, Level, Library};
use argus_soc::ledger::fact::{Actor, What};

use super::Soc;
use crate::chain::chain;
use crate::ports::ledger::Batch;

/// What is in use, and what was refused.
pub fn active(library: &Library, found: &[Diagnostic]) -> What {
    let templates = library.versions().into_iter();
    let templates = templates.map(|(name, version)| format!("{name}@{version}")).collect();
    let refused = found.iter().filter(|it| it.level == Level::Refused);
    What::TemplatesActivated { templates, refused: refused.map(ToString::to_string).collect() }
}

impl Soc {
    /// Writes down what became of a change of the templates. That this fails does not undo the
    /// change; it is logged.
    pub async fn templates_changed(&self, found: &[Diagnostic]) {
        let what = active(&self.templates, found);
        let fact = self.fact(Actor::service("templates"), "reload", what);
        if let Err(error) = self.ledger.append(Batch::one(fact)).await {
            tracing::error!(why = chain(&error), "a change of templates could not be recorded");
        }
    }
}
