//! What may become of a text, and why not.

use jiff::Timestamp;

use super::{Life, Stage, Text};
use crate::ledger::fact::Actor;

/// Fewest digits of a hash that name a text.
const DIGITS: usize = 8;
const DAY_MS: i64 = 24 * 3_600_000;

/// What a text needs before it is live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How many different people say that it is good, none of whom handed it in.
    pub reviewers: usize,
    /// How many days it was in dry run.
    pub dry_run_days: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Self { reviewers: 2, dry_run_days: 7 }
    }
}

/// Why a hash names no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfound {
    /// It is too short, or no hash.
    #[error("a text is named by the first {DIGITS} digits of its hash, or more")]
    NoHash,
    /// No text has it.
    #[error("no text of {0} has this hash")]
    Unknown(String),
    /// Several have.
    #[error("several texts of {0} begin so; write more digits of the hash")]
    Ambiguous(String),
}

/// Why something may not become of a text, now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    /// There is none.
    #[error("there is no such text")]
    NoText,
    /// It is used no more.
    #[error("it is retired; hand the text in again")]
    Retired,
    /// A program said so.
    #[error("people review playbooks, programs do not")]
    NotAPerson,
    /// Who handed it in does not review it.
    #[error("whoever hands a playbook in does not review it")]
    Own,
    /// It is there already.
    #[error("it is {} already", .0.word())]
    Already(Stage),
    /// A text is neither made a draft nor retired by promoting it.
    #[error("a text goes on to dry-run or to live")]
    NoWay,
    /// Somebody says that it is not good.
    #[error("{0} rejected it; it goes on when they review it again")]
    Rejected(String),
    /// Too few people have read it.
    #[error("{have} of {need} reviews are there; people who did not hand it in write `review`")]
    Reviews {
        /// How many are there.
        have: usize,
        /// How many it takes.
        need: usize,
    },
    /// It was not in dry run.
    #[error("it has to be in dry run for {0} days first; write `promote` with `dry-run`")]
    NoDryRun(u32),
    /// It was not in dry run for long enough.
    #[error("it has to be in dry run for {days} days, which is until {until}")]
    TooSoon {
        /// For how long.
        days: u32,
        /// Until when.
        until: Timestamp,
    },
    /// A dry run failed.
    #[error(
        "{failed} of its dry runs failed ({last}); hand in a better text, or begin its dry run anew"
    )]
    Failed {
        /// How many.
        failed: u64,
        /// What the last one failed of.
        last: String,
    },
}

impl Life {
    /// The text whose hash begins so.
    ///
    /// # Errors
    ///
    /// [`Unfound`] if there is none, or more than one.
    pub fn find(&self, hash: &str) -> Result<&Text, Unfound> {
        let hash = hash.to_ascii_lowercase();
        if hash.len() < DIGITS || !hash.bytes().all(|it| it.is_ascii_hexdigit()) {
            return Err(Unfound::NoHash);
        }
        let mut found = self.texts.iter().filter(|it| it.sha256.starts_with(&hash));
        match (found.next(), found.next()) {
            (Some(text), None) => Ok(text),
            (None, _) => Err(Unfound::Unknown(self.id.clone())),
            (Some(_), Some(_)) => Err(Unfound::Ambiguous(self.id.clone())),
        }
    }

    /// Whether a review of `who` would count.
    ///
    /// # Errors
    ///
    /// [`NotNow`] says why not.
    pub fn may_review(&self, sha256: &str, who: &Actor) -> Result<(), NotNow> {
        let text = self.text(sha256).ok_or(NotNow::NoText)?;
        if text.stage == Stage::Retired {
            return Err(NotNow::Retired);
        }
        if matches!(who, Actor::Service { .. }) {
            return Err(NotNow::NotAPerson);
        }
        if text.by.is(who) { Err(NotNow::Own) } else { Ok(()) }
    }

    /// Whether a text may go on to `to`.
    ///
    /// A text that was live once may be again: what it did is known.
    ///
    /// # Errors
    ///
    /// [`NotNow`] says what is missing.
    pub fn may_promote(
        &self,
        sha256: &str,
        to: Stage,
        rules: Rules,
        now: Timestamp,
    ) -> Result<(), NotNow> {
        let text = self.text(sha256).ok_or(NotNow::NoText)?;
        let again = text.stage == Stage::DryRun && to == Stage::DryRun && text.failed > 0;
        if text.stage == to && !again {
            return Err(NotNow::Already(to));
        }
        if text.text.is_none() {
            return Err(NotNow::Retired);
        }
        if let Some(objection) = text.objection() {
            return Err(NotNow::Rejected(objection.by.shown().to_owned()));
        }
        match (text.stage, to) {
            (Stage::Draft | Stage::DryRun, Stage::DryRun) => Ok(()),
            (Stage::Draft | Stage::DryRun | Stage::Retired, Stage::Live) => {
                let (have, need) = (text.approvals(), rules.reviewers);
                if have < need {
                    return Err(NotNow::Reviews { have, need });
                }
                tried(text, rules.dry_run_days, now)
            }
            _ => Err(NotNow::NoWay),
        }
    }

    /// Whether a text can be retired.
    ///
    /// # Errors
    ///
    /// [`NotNow`] if there is none that is not.
    pub fn may_retire(&self, sha256: &str) -> Result<(), NotNow> {
        let text = self.text(sha256).ok_or(NotNow::NoText)?;
        let stage = text.stage;
        if stage == Stage::Retired { Err(NotNow::Already(stage)) } else { Ok(()) }
    }
}

/// Whether a text was in dry run for so long, and nothing failed.
fn tried(text: &Text, days: u32, now: Timestamp) -> Result<(), NotNow> {
    match text.stage {
        Stage::DryRun => {}
        Stage::Retired => return Ok(()),
        _ if days == 0 => return Ok(()),
        _ => return Err(NotNow::NoDryRun(days)),
    }
    if text.failed > 0 {
        let last = text.failure.clone().unwrap_or_default();
        return Err(NotNow::Failed { failed: text.failed, last });
    }
    let least = i64::from(days) * DAY_MS;
    if now.as_millisecond() - text.since.as_millisecond() >= least {
        return Ok(());
    }
    let until = Timestamp::from_millisecond(text.since.as_millisecond() + least);
    Err(NotNow::TooSoon { days, until: until.unwrap_or(Timestamp::MAX) })
}
