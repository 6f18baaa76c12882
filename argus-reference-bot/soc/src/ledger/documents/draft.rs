//! A playbook that was handed in and waits for a review.

use serde::{Deserialize, Serialize};

use super::Document;
use crate::ledger::fact::{Fact, What};

/// A playbook that was handed in and waits for a review. The last text of a version counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its text.
    pub sha256: String,
    /// Its text.
    pub text: String,
}

impl Document for Draft {
    const KIND: &'static str = "draft";

    fn keys(fact: &Fact) -> Vec<String> {
        match &fact.what {
            What::PlaybookLoaded { playbook, version, .. } => vec![format!("{playbook}@{version}")],
            _ => Vec::new(),
        }
    }

    fn after(before: Option<Self>, _: &str, fact: &Fact) -> Option<Self> {
        let What::PlaybookLoaded { playbook, version, sha256, text } = &fact.what else {
            return before;
        };
        Some(Self {
            id: playbook.clone(),
            version: version.clone(),
            sha256: sha256.clone(),
            text: text.clone(),
        })
    }
}
