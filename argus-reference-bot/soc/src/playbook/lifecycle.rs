//! The life of a playbook: draft, dry run, live, retired. A fold over its records.
//!
//! What is reviewed, tried and used is a *text*, named by its hash: whoever edits one has made
//! another, which nobody has reviewed. Of each playbook one text is live and one is in dry run, at
//! most. Runs keep to the text that they began with, whatever becomes of it.
//!
//! [`Life`] says what is; [`Life::may_review`] and its like say what may become of it. A record that
//! is there is true, even if the rules of today would not have allowed it.

mod rules;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::rules::{NotNow, Rules, Unfound};
use crate::ledger::fact::{Actor, Fact, What};

/// Drafts of one playbook that are kept; the oldest makes room.
const DRAFTS: usize = 10;
/// Retired texts of one playbook that are remembered.
const RETIRED: usize = 40;
/// Texts that were live once and can be again.
const FORMER: usize = 3;

/// How far a text has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It was handed in. It does nothing.
    Draft,
    /// Events start it, and it says what it would do.
    DryRun,
    /// It acts.
    Live,
    /// It is used no more.
    Retired,
}

impl Stage {
    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::DryRun => "dry_run",
            Self::Live => "live",
            Self::Retired => "retired",
        }
    }
}

/// What one person said of a text; the last word of each counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewed {
    /// Who.
    pub by: Actor,
    /// Whether it is good.
    pub approve: bool,
    /// Why, if they said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// One text of a playbook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// SHA-256 of it.
    pub sha256: String,
    /// The version that it says it is.
    pub version: String,
    /// Itself; gone when it is retired and cannot be live again. The chain has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Where it comes from.
    pub origin: String,
    /// Who handed it in.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// How far it has come.
    pub stage: Stage,
    /// Since when.
    pub since: Timestamp,
    /// What people said of it, one each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviews: Vec<Reviewed>,
    /// Dry runs that ended since it is in dry run.
    #[serde(default)]
    pub dry_runs: u64,
    /// Those of them that failed.
    #[serde(default)]
    pub failed: u64,
    /// What the last one of these failed of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Whether it has ever been live.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_live: bool,
    /// Why it was retired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Text {
    /// The first eight digits of its hash, as people write it.
    pub fn short(&self) -> &str {
        self.sha256.get(..8).unwrap_or(&self.sha256)
    }

    /// How many people say that it is good.
    pub fn approvals(&self) -> usize {
        self.reviews.iter().filter(|it| it.approve).count()
    }

    /// Who says that it is not, if somebody does.
    pub fn objection(&self) -> Option<&Reviewed> {
        self.reviews.iter().find(|it| !it.approve)
    }

    fn goes(&mut self, stage: Stage, at: Timestamp) {
        (self.stage, self.since) = (stage, at);
        self.was_live |= stage == Stage::Live;
        if stage == Stage::DryRun {
            (self.dry_runs, self.failed, self.failure) = (0, 0, None);
        }
    }

    fn retires(&mut self, why: String, at: Timestamp) {
        self.goes(Stage::Retired, at);
        self.why = Some(why);
        if !self.was_live {
            self.text = None;
        }
    }
}

/// A playbook's texts, in the order in which they were handed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    /// The playbook's id.
    pub id: String,
    /// Its texts.
    pub texts: Vec<Text>,
}

impl Life {
    /// The id of the playbook whose life a record is about.
    pub fn of(what: &What) -> Option<&str> {
        match what {
            What::PlaybookSubmitted { playbook, .. }
            | What::PlaybookReviewed { playbook, .. }
            | What::PlaybookPromoted { playbook, .. }
            | What::PlaybookRetired { playbook, .. }
            | What::PlaybookRehearsed { playbook, .. } => Some(playbook),
            _ => None,
        }
    }

    /// The life as it is after `fact`. What is said of a text that nobody handed in says nothing.
    #[must_use]
    pub fn after(before: Option<Self>, fact: &Fact) -> Option<Self> {
        let Some(id) = Self::of(&fact.what) else { return before };
        let mut life = before.unwrap_or_else(|| Self { id: id.to_owned(), texts: Vec::new() });
        life.take(fact);
        (!life.texts.is_empty()).then_some(life)
    }

    /// The text that is live.
    pub fn live(&self) -> Option<&Text> {
        self.texts.iter().find(|it| it.stage == Stage::Live)
    }

    /// The text that is in dry run.
    pub fn dry_run(&self) -> Option<&Text> {
        self.texts.iter().find(|it| it.stage == Stage::DryRun)
    }

    /// The text with this hash.
    pub fn text(&self, sha256: &str) -> Option<&Text> {
        self.texts.iter().find(|it| it.sha256 == sha256)
    }

    fn text_mut(&mut self, sha256: &str) -> Option<&mut Text> {
        self.texts.iter_mut().find(|it| it.sha256 == sha256)
    }

    fn take(&mut self, fact: &Fact) {
        match &fact.what {
            What::PlaybookSubmitted { version, sha256, text, origin, .. } => {
                if self.text(sha256).is_some_and(|it| it.stage != Stage::Retired) {
                    return;
                }
                self.texts.retain(|it| it.sha256 != *sha256);
                self.texts.push(Text {
                    sha256: sha256.clone(),
                    version: version.clone(),
                    text: Some(text.clone()),
                    origin: origin.clone(),
                    by: fact.actor.clone(),
                    at: fact.at,
                    stage: Stage::Draft,
                    since: fact.at,
                    reviews: Vec::new(),
                    dry_runs: 0,
                    failed: 0,
                    failure: None,
                    was_live: false,
                    why: None,
                });
            }
            What::PlaybookReviewed { sha256, approve, why, .. } => {
                let (by, at) = (&fact.actor, fact.at);
                if self.may_review(sha256, by).is_err() {
                    return;
                }
                let Some(text) = self.text_mut(sha256) else { return };
                text.reviews.retain(|it| !it.by.is(by));
                let (by, approve, why) = (by.clone(), *approve, why.clone());
                text.reviews.push(Reviewed { by, approve, why, at });
            }
            What::PlaybookPromoted { sha256, to, .. } => self.promote(sha256, *to, fact.at),
            What::PlaybookRetired { sha256, why, .. } => {
                if let Some(text) = self.text_mut(sha256) {
                    text.retires(why.clone(), fact.at);
                    // What somebody did not want any more begins anew, with new reviews.
                    text.text = None;
                }
            }
            What::PlaybookRehearsed { sha256, failed, .. } => {
                let Some(text) = self.text_mut(sha256) else { return };
                if text.stage == Stage::DryRun {
                    text.dry_runs += 1;
                    text.failed += u64::from(failed.is_some());
                    text.failure = failed.clone().or(text.failure.take());
                }
            }
            _ => {}
        }
        self.forget(fact.at);
    }

    fn promote(&mut self, sha256: &str, to: Stage, at: Timestamp) {
        let Some(promoted) = self.text(sha256).filter(|it| it.text.is_some()) else { return };
        let by = format!("{} ({}) took its place", promoted.version, promoted.short());
        for text in &mut self.texts {
            if text.sha256 == sha256 {
                text.goes(to, at);
                text.why = None;
            } else if text.stage == to {
                text.retires(by.clone(), at);
            }
        }
    }

    /// Lets go of what is too old to matter.
    fn forget(&mut self, at: Timestamp) {
        let of = |stage: Stage| move |it: &&mut Text| it.stage == stage;
        let drafts = self.texts.iter_mut().rev().filter(of(Stage::Draft)).skip(DRAFTS);
        drafts.for_each(|it| it.retires("newer drafts took its place".into(), at));
        let mut former: Vec<_> = self
            .texts
            .iter_mut()
            .filter(of(Stage::Retired))
            .filter(|it| it.text.is_some())
            .collect();
        former.sort_by_key(|it| std::cmp::Reverse(it.since));
        former.into_iter().skip(FORMER).for_each(|it| it.text = None);
        let retired = self.texts.iter().filter(|it| it.stage == Stage::Retired).count();
        let mut too_many = retired.saturating_sub(RETIRED);
        self.texts.retain(|it| {
            let goes = too_many > 0 && it.stage == Stage::Retired && it.text.is_none();
            too_many -= usize::from(goes);
            !goes
        });
    }
}
