//! Orders that people write, where a button is out of reach: `run isolate-host on INC-7`.

use argus_soc::incident::Incident;
use argus_soc::run::{REASON, Run};

use super::Soc;
use super::access::{AccessError, Person};
use super::act::{ActError, Done, NoReason, reason_to_approve};
use super::ask::Answer;
use super::execute::NotStarted;
use super::sight::{Asking, NOT_HERE};
use crate::buttons::{Act, Pressed};
use crate::ports::ledger::LedgerError;

/// What is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `run PLAYBOOK on INC-7`, with `dry` behind it only described.
    Run,
    /// `cancel INC-7.r1`
    Cancel,
    /// `undo INC-7.r1`
    Undo,
    /// `approve INC-7.r1 DIGEST "why"`
    Approve,
    /// `deny INC-7.r1 "why"`
    Deny,
    /// `ack INC-7`
    Acknowledge,
}

/// An order, understood.
struct Order {
    key: String,
    act: Act,
    v: String,
    dry: bool,
    reason: String,
}

impl Soc {
    /// Does what was written, and answers with the incident's card, or with what to write.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] if the store does not answer; nothing was done then.
    pub(super) async fn ordered(
        &self,
        person: &Person,
        verb: Verb,
        words: &str,
        asking: &Asking<'_>,
        correlation: &str,
    ) -> Result<Answer, LedgerError> {
        let order = match self.understood(verb, words, asking).await? {
            Ok(order) => order,
            Err(help) => return Ok(Answer::Text(help)),
        };
        let key = order.key.clone();
        let done = if let Act::Run { .. } = order.act {
            self.steer(person, &order.key, &order.act, order.dry, correlation).await
        } else {
            let Order { key, act, v, reason, .. } = order;
            let pressed = Pressed { incident: key, act, v };
            self.act(person, &pressed, &reason, correlation).await
        };
        match done {
            Ok(Done::Changed(incident)) => self.answer_card(asking, &incident).await,
            Ok(Done::Unchanged(incident)) => Ok(Answer::Text(format!(
                "Nothing was changed: it stands so already, or {} has changed meanwhile. `show {}` has \
                 its card.",
                incident.key, incident.key
            ))),
            Err(ActError::Access(AccessError::Unrecorded(error)) | ActError::TryAgain(error)) => {
                Err(error)
            }
            Err(ActError::Access(AccessError::Refused(refusal))) => {
                Ok(Answer::Text(self.access.explain(&refusal)))
            }
            Err(error) => {
                let said = format!("Nothing was done: {}.", words_of(&error));
                Ok(Answer::Text(self.said_here(asking, &key, said).await?))
            }
        }
    }

    /// What was meant, or what to write instead.
    async fn understood(
        &self,
        verb: Verb,
        words: &str,
        asking: &Asking<'_>,
    ) -> Result<Result<Order, String>, LedgerError> {
        let text = words;
        let words: Vec<&str> = words.split_whitespace().collect();
        let order = |key: &str, act, v: String, dry| {
            let (key, reason) = (key.to_uppercase(), String::new());
            Ok(Ok(Order { key, act, v, dry, reason }))
        };
        match (verb, words.as_slice()) {
            (Verb::Run, [playbook, "on", key]) => {
                order(key, Act::Run { playbook: (*playbook).into() }, String::new(), false)
            }
            (Verb::Run, [playbook, "on", key, "dry"]) => {
                order(key, Act::Run { playbook: (*playbook).into() }, String::new(), true)
            }
            (Verb::Run, _) => {
                let known = self.playbooks.in_use();
                let ids: Vec<String> = known.iter().map(|it| format!("`{}`", it.id)).collect();
                Ok(Err(format!(
                    "Write `run PLAYBOOK on INC-7`, or `run PLAYBOOK on INC-7 dry` to see what it \
                     would do. There are {}.",
                    ids.join(", ")
                )))
            }
            (Verb::Acknowledge, [key]) => order(key, Act::Acknowledge, String::new(), false),
            (Verb::Acknowledge, _) => Ok(Err("Say which: `ack INC-7`.".into())),
            (verb, [id, rest @ ..]) => {
                let Some((incident, run)) = self.run_named(id).await? else {
                    return Ok(Err(format!("There is no run {}.", plain(id))));
                };
                let id = || run.id.clone();
                let act = match verb {
                    Verb::Cancel => Act::Cancel { run: id() },
                    Verb::Undo => Act::Undo { run: id() },
                    Verb::Approve => Act::Approve { run: id() },
                    _ => Act::Deny { run: id() },
                };
                let v = super::act::epoch(&incident, &act);
                // Whoever approves says what they have read.
                let sight = asking.lookers.sight(&incident.event);
                if verb == Verb::Approve && !sight.is_whole() {
                    return Ok(Err(NOT_HERE.into()));
                }
                let read = rest.first().filter(|it| is_digest(it, &v));
                let said = text.split_whitespace().take(1 + usize::from(read.is_some()));
                let reason = after_words(text, said.count());
                if verb == Verb::Approve && read.is_none() {
                    let needed = reason_to_approve(&incident).is_some();
                    return Ok(Err(read_first(&run, &v, reason, needed)));
                }
                let (key, reason) = (incident.key, reason.to_owned());
                Ok(Ok(Order { key, act, v, dry: false, reason }))
            }
            (_, []) => Ok(Err("Say which run, as its card names it: `undo INC-7.r1`.".into())),
        }
    }

    async fn run_named(&self, id: &str) -> Result<Option<(Incident, Run)>, LedgerError> {
        let Some((key, number)) = id.rsplit_once('.') else { return Ok(None) };
        let Some(incident) = self.find(key).await? else { return Ok(None) };
        let id = format!("{}.{}", incident.key, number.to_lowercase());
        let run = incident.runs.get(&id).cloned();
        Ok(run.map(|run| (incident, run)))
    }
}

/// Characters of a digest that name it: those that its card shows.
const SHORT: usize = 8;

/// Whether a word is the digest, or the part of it that its card shows.
fn is_digest(word: &str, digest: &str) -> bool {
    let word = word.to_lowercase();
    word.len() >= SHORT && digest.starts_with(&word)
}

/// What stands behind so many words, without the quotation marks around it.
fn after_words(text: &str, words: usize) -> &str {
    let mut rest = text;
    for _ in 0..words {
        rest = rest.trim_start();
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        rest = rest.get(end..).unwrap_or_default();
    }
    rest.trim().trim_matches(['"', '“', '”', '„', '«', '»'])
}

/// What has to be read before it is approved.
fn read_first(run: &Run, digest: &str, reason: &str, needed: bool) -> String {
    let steps =
        run.steps.iter().filter(|step| step.undoes.is_none()).map(|step| {
            format!("- {} {}", step.plan.action.label(), plain(&step.plan.target.value))
        });
    let steps: Vec<String> = steps.collect();
    let reason = match plain(reason).trim() {
        "" if needed => " \"why\"".to_owned(),
        "" => String::new(),
        reason => format!(" \"{reason}\""),
    };
    format!(
        "{} would do this:\n\n{}\n\nIf you agree, write `approve {} {digest}{reason}`.",
        run.id,
        steps.join("\n"),
        run.id
    )
}

pub(crate) fn words_of(error: &ActError) -> String {
    match error {
        ActError::NotStarted(NotStarted::NoConnector(action)) => {
            format!("nothing is configured that can do {action}; an administrator can add it")
        }
        ActError::NotStarted(NotStarted::Plan(why)) => format!("it does not fit: {why}"),
        ActError::NotCounted(why) => why.to_string(),
        ActError::NotUndone(why) => why.to_string(),
        ActError::Reason(NoReason::Missing) => {
            "say why, behind it: `deny INC-7.r1 \"the host is needed\"`".into()
        }
        ActError::Reason(NoReason::TooLong) => {
            format!("the reason is longer than {REASON} characters")
        }
        other => other.to_string(),
    }
}

/// What people type and alerts say is data: it comes back without marks that Teams would read.
fn plain(text: &str) -> String {
    text.chars().filter(|it| it.is_alphanumeric() || "-._@ ".contains(*it)).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_stands_behind_the_words() {
        assert_eq!(after_words(" INC-7.r1  \"it is needed\" ", 1), "it is needed");
        assert_eq!(after_words("INC-7.r1 abcdefgh “so be it”", 2), "so be it");
        assert_eq!(after_words("INC-7.r1 no quotes", 1), "no quotes");
        assert_eq!(after_words("INC-7.r1", 1), "");
        assert_eq!(after_words("", 2), "");
    }

    #[test]
    fn a_digest_is_named_by_what_its_card_shows_or_more() {
        let digest = "ab12cd34ef56gh78";
        assert!(is_digest(digest, digest) && is_digest("AB12CD34", digest));
        assert!(!is_digest("ab12cd3", digest) && !is_digest("", digest));
        assert!(!is_digest("ab12cd35", digest) && !is_digest(&format!("{digest}x"), digest));
    }
}
