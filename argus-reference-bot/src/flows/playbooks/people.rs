//! What people say of playbooks in the chat: `playbooks`, `review`, `reject`, `promote`, `retire`.

use argus_soc::ledger::fact::What;
use argus_soc::playbook::lifecycle::{Life, Stage, Text};
use argus_soc::policy::Action;

use crate::flows::Soc;
use crate::flows::access::Person;
use crate::flows::regroup::Said;
use crate::ports::ledger::LedgerError;
use crate::ports::ledger::documents::all;
use crate::view;

/// The longest text that is shown in a message; Teams takes 28 KB.
const SHOWN: usize = 12_000;
/// The longest reason that is kept.
const REASON: usize = 500;

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// `playbooks`, `playbooks ID`, `playbooks ID HASH`
    List,
    /// `review ID HASH`
    Review,
    /// `reject ID HASH why`
    Reject,
    /// `promote ID HASH`, with `dry-run` or `live` behind it
    Promote,
    /// `retire ID why`, `retire ID HASH why`
    Retire,
}

impl Soc {
    /// Does what a person says of a playbook, and answers with how it stands.
    pub(in crate::flows) async fn on_playbooks(
        &self,
        person: &Person,
        word: Word,
        said: &str,
        correlation: &str,
    ) -> Said {
        let words: Vec<&str> = said.split_whitespace().collect();
        match (word, words.as_slice()) {
            (Word::List, []) => Ok(self.playbooks_listed().await?),
            (Word::List, [id]) => Ok(self.playbook_shown(id).await?),
            (Word::List, [id, hash, ..]) => Ok(self.text_shown(id, hash).await?),
            (Word::Review, [id, hash]) => {
                self.review(person, (id, hash), true, None, correlation).await
            }
            (Word::Reject, [id, hash, why @ ..]) if !why.is_empty() => {
                let why = Some(reason(why));
                self.review(person, (id, hash), false, why, correlation).await
            }
            (Word::Promote, [id, hash]) => {
                self.promote(person, (id, hash), None, correlation).await
            }
            (Word::Promote, [id, hash, to]) if stage(to).is_some() => {
                self.promote(person, (id, hash), stage(to), correlation).await
            }
            (Word::Retire, [id, why @ ..]) if !why.is_empty() => {
                self.retire(person, id, why, correlation).await
            }
            (Word::Review, _) => {
                Ok("Write `review ID HASH`, with the first eight digits of the hash of \
                 the text that you have read; `playbooks ID HASH` shows it."
                    .into())
            }
            (Word::Reject, _) => Ok("Write `reject ID HASH \"why\"`.".into()),
            (Word::Promote, _) => {
                Ok("Write `promote ID HASH dry-run` or `promote ID HASH live`.".into())
            }
            (Word::Retire, _) => {
                Ok("Write `retire ID \"why\"`, or `retire ID HASH \"why\"` for one text of it."
                    .into())
            }
        }
    }

    async fn review(
        &self,
        person: &Person,
        (id, hash): (&str, &str),
        approve: bool,
        why: Option<String>,
        correlation: &str,
    ) -> Said {
        let action = Action::ReviewPlaybook { playbook: id.into() };
        let _permit = self.authorise(person, action, None, correlation).await?;
        let actor = person.actor();
        let decide = |life: &Life| {
            let text = life.find(hash).map_err(|why| not_done(&why))?;
            life.may_review(&text.sha256, &actor).map_err(|why| not_done(&why))?;
            let (playbook, sha256, why) = (life.id.clone(), text.sha256.clone(), why.clone());
            Ok(What::PlaybookReviewed { playbook, sha256, approve, why })
        };
        let life = match self.change_life(id, &actor, correlation, decide).await? {
            Ok(life) => life,
            Err(why) => return Ok(why),
        };
        let Ok(text) = life.find(hash) else { return Ok("It is recorded.".into()) };
        let need = self.playbooks.rules.reviewers;
        let done = if approve { "You say that it is good" } else { "You rejected it" };
        Ok(format!("{done}: {}", line(&life, text, need)))
    }

    async fn promote(
        &self,
        person: &Person,
        (id, hash): (&str, &str),
        to: Option<Stage>,
        correlation: &str,
    ) -> Said {
        let action = Action::PromotePlaybook { playbook: id.into() };
        let _permit = self.authorise(person, action, None, correlation).await?;
        let (rules, now) = (self.playbooks.rules, self.clock.now());
        let decide = |life: &Life| {
            let text = life.find(hash).map_err(|why| not_done(&why))?;
            let next = if text.stage == Stage::Draft { Stage::DryRun } else { Stage::Live };
            let to = to.unwrap_or(next);
            if to == Stage::Live && self.playbooks.trusts(&life.id) {
                return Err(format!(
                    "Nothing was done: {} is used as it lies in the folder, without a review. Take its \
                     file away, or set `review = \"on\"` under `[playbooks]`, and restart.",
                    life.id
                ));
            }
            life.may_promote(&text.sha256, to, rules, now).map_err(|why| not_done(&why))?;
            let (playbook, sha256) = (life.id.clone(), text.sha256.clone());
            Ok(What::PlaybookPromoted { playbook, sha256, to })
        };
        let life = match self.change_life(id, &person.actor(), correlation, decide).await? {
            Ok(life) => life,
            Err(why) => return Ok(why),
        };
        let Ok(text) = life.find(hash) else { return Ok("It is recorded.".into()) };
        let more = match text.stage {
            Stage::Live => "It acts from now on. Runs that an earlier text began keep to that one.",
            _ => "Events start it from now on, and it only says what it would do.",
        };
        Ok(format!("{}\n\n{more}", line(&life, text, rules.reviewers)))
    }

    /// Retires what is live, or else what is in dry run, or the text that is named.
    async fn retire(&self, person: &Person, id: &str, words: &[&str], correlation: &str) -> Said {
        let action = Action::RetirePlaybook { playbook: id.into() };
        let _permit = self.authorise(person, action, None, correlation).await?;
        let decide = |life: &Life| {
            let (text, why) = match words {
                [hash, why @ ..] if !why.is_empty() && life.find(hash).is_ok() => {
                    (life.find(hash).ok(), why)
                }
                why => (life.live().or(life.dry_run()), why),
            };
            let text = text.ok_or_else(|| {
                format!(
                    "Nothing was done: no text of {} is live or in dry run. `retire {} HASH \"why\"` \
                     retires a draft.",
                    life.id, life.id
                )
            })?;
            life.may_retire(&text.sha256).map_err(|why| not_done(&why))?;
            let (playbook, sha256) = (life.id.clone(), text.sha256.clone());
            Ok(What::PlaybookRetired { playbook, sha256, why: reason(why) })
        };
        match self.change_life(id, &person.actor(), correlation, decide).await? {
            Ok(life) => Ok(format!(
                "{}\n\nIt begins nothing more. What it has begun goes on; `cancel INC-7.r1` stops a run.",
                texts(&life, self.playbooks.rules.reviewers)
            )),
            Err(why) => Ok(why),
        }
    }

    async fn playbooks_listed(&self) -> Result<String, LedgerError> {
        let need = self.playbooks.rules.reviewers;
        let mut lines = Vec::new();
        for (playbook, how) in self.playbooks.unreviewed() {
            let (id, version) = (plain(&playbook.id), plain(&playbook.version));
            lines.push(format!("- **{id}** {version}: live ({how})"));
        }
        for (_, life) in all::<Life>(self.ledger.as_ref()).await? {
            let texts = life.texts.iter().filter(|it| it.stage != Stage::Retired);
            lines.extend(texts.map(|it| format!("- {}", line(&life, it, need))));
        }
        for (name, heard) in self.playbooks.sources.heard() {
            lines.push(format!("- Source {name}: {}", plain(&heard.words())));
        }
        Ok(format!(
            "**Playbooks**\n\n{}\n\n`playbooks ID HASH` shows a text, `playbooks ID` those that are \
             retired, too.",
            lines.join("\n")
        ))
    }

    async fn playbook_shown(&self, id: &str) -> Result<String, LedgerError> {
        let Some((_, life)) = self.life(id).await? else {
            return Ok(format!("Nobody handed in a playbook {}.", plain(id)));
        };
        Ok(texts(&life, self.playbooks.rules.reviewers))
    }

    async fn text_shown(&self, id: &str, hash: &str) -> Result<String, LedgerError> {
        let Some((_, life)) = self.life(id).await? else {
            return Ok(format!("Nobody handed in a playbook {}.", plain(id)));
        };
        let text = match life.find(hash) {
            Ok(text) => text,
            Err(why) => return Ok(not_done(&why)),
        };
        let body = text.text.as_deref().unwrap_or("# The text is in the audit trail.");
        // It stays inside its block, whatever is in it.
        let body = view::clip(&body.replace("```", "'''"), SHOWN);
        let cut = if text.text.as_ref().is_some_and(|it| it.chars().count() > SHOWN) {
            "\n\nThis is not all of it: read the rest where it comes from before you review it."
        } else {
            ""
        };
        let stands = line(&life, text, self.playbooks.rules.reviewers);
        Ok(format!("{stands}\n\n```\n{}\n```{cut}", body.trim_end()))
    }
}

fn stage(word: &str) -> Option<Stage> {
    match word.to_lowercase().as_str() {
        "dry-run" | "dry_run" | "dry" => Some(Stage::DryRun),
        "live" => Some(Stage::Live),
        _ => None,
    }
}

/// What somebody gives as a reason, without its quotation marks.
fn reason(words: &[&str]) -> String {
    let said = words.join(" ");
    view::clip(said.trim_matches(['"', '\'', '“', '”', '„']), REASON)
}

fn not_done(why: &impl std::fmt::Display) -> String {
    format!("Nothing was done: {}.", plain(&why.to_string()))
}

/// Every text of a playbook, the newest first.
fn texts(life: &Life, need: usize) -> String {
    let lines = life.texts.iter().rev().map(|it| format!("- {}", line(life, it, need)));
    lines.collect::<Vec<_>>().join("\n")
}

/// How a text stands.
fn line(life: &Life, text: &Text, need: usize) -> String {
    let stage = text.stage.word().replace('_', " ");
    let since = text.since.strftime("%Y-%m-%d");
    let (id, version) = (plain(&life.id), plain(&text.version));
    let stands = format!("**{id}** {version} `{}`: {stage} since {since}", text.short());
    let in_brackets = |it: &str| if it.is_empty() { String::new() } else { format!(" ({it})") };
    if text.stage == Stage::Retired {
        return stands + &in_brackets(&plain(text.why.as_deref().unwrap_or_default()));
    }
    let good = text.reviews.iter().filter(|it| it.approve).map(|it| plain(it.by.shown()));
    let good = in_brackets(&good.collect::<Vec<_>>().join(", "));
    let mut parts = vec![stands, format!("{} of {need} reviews{good}", text.approvals())];
    if let Some(no) = text.objection() {
        let why = in_brackets(&plain(no.why.as_deref().unwrap_or_default()));
        parts.push(format!("rejected by {}{why}", plain(no.by.shown())));
    }
    if text.stage == Stage::DryRun {
        let failure = in_brackets(&plain(text.failure.as_deref().unwrap_or_default()));
        parts.push(format!("{} dry runs, {} failed{failure}", text.dry_runs, text.failed));
    }
    parts.push(format!("from {}", plain(&text.origin)));
    parts.join("; ")
}

/// Text without the marks that Teams would read, and not too long.
fn plain(text: &str) -> String {
    let text: String = text.chars().filter(|it| !"*[]`<>~|".contains(*it)).collect();
    view::clip(&text.split_whitespace().collect::<Vec<_>>().join(" "), 200)
}
