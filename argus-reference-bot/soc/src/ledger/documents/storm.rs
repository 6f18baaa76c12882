//! What pauses automation, cards of Argus' own, and conversations that do not take cards now.

use super::Document;
use crate::ledger::fact::{Fact, What};
use crate::storm::breaker::Breaker;
use crate::storm::bulletin::Bulletin;
use crate::storm::place::Place;

impl Document for Breaker {
    const KIND: &'static str = "breaker";

    fn keys(fact: &Fact) -> Vec<String> {
        match &fact.what {
            What::BreakerChanged { scope, .. } | What::ResumeAsked { scope } => {
                vec![scope.to_string()]
            }
            _ => Vec::new(),
        }
    }

    fn after(before: Option<Self>, _: &str, fact: &Fact) -> Option<Self> {
        Self::after(before, fact)
    }
}

impl Document for Bulletin {
    const KIND: &'static str = "bulletin";

    fn keys(fact: &Fact) -> Vec<String> {
        match &fact.what {
            What::BulletinChanged { bulletin, .. } => vec![bulletin.clone()],
            What::NoticesDigested { digest, .. } => vec![digest.clone()],
            _ => Vec::new(),
        }
    }

    fn after(before: Option<Self>, _: &str, fact: &Fact) -> Option<Self> {
        Self::after(before, fact)
    }
}

impl Document for Place {
    const KIND: &'static str = "place";

    fn keys(fact: &Fact) -> Vec<String> {
        match &fact.what {
            What::PlaceChanged { conversation, .. } => vec![conversation.clone()],
            _ => Vec::new(),
        }
    }

    fn after(before: Option<Self>, _: &str, fact: &Fact) -> Option<Self> {
        Self::after(before, fact)
    }
}
