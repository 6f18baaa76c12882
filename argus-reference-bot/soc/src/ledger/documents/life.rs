//! What becomes of a playbook's texts.

use super::Document;
use crate::ledger::fact::Fact;
use crate::playbook::lifecycle::Life;

impl Document for Life {
    const KIND: &'static str = "playbook";

    fn keys(fact: &Fact) -> Vec<String> {
        Self::of(&fact.what).map(str::to_owned).into_iter().collect()
    }

    fn after(before: Option<Self>, _: &str, fact: &Fact) -> Option<Self> {
        Self::after(before, fact)
    }
}
