//! Orders that people write, where a button is out of reach: `run isolate-host on INC-7`.

use argus_soc::incident::Incident;
use argus_soc::run::Run;

use super::Soc;
use super::access::{AccessError, Person};
use super::act::{ActError, Done};
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
    /// `approve INC-7.r1 DIGEST`
    Approve,
    /// `deny INC-7.r1`
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
            let Order { key, act, v, .. } = order;
            let pressed = Pressed { incident: key, act, v };
            self.act(person, &pressed, correlation).await
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
        let words: Vec<&str> = words.split_whitespace().collect();
        let order =
            |key: &str, act, v: String, dry| Ok(Ok(Order { key: key.to_uppercase(), act, v, dry }));
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
                if verb == Verb::Approve && rest.first() != Some(&v.as_str()) {
                    return Ok(Err(read_first(&run, &v)));
                }
                order(&incident.key, act, v, false)
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

/// What has to be read before it is approved.
fn read_first(run: &Run, digest: &str) -> String {
    let steps =
        run.steps.iter().filter(|step| step.undoes.is_none()).map(|step| {
            format!("- {} {}", step.plan.action.label(), plain(&step.plan.target.value))
        });
    let steps: Vec<String> = steps.collect();
    format!(
        "{} would do this:\n\n{}\n\nIf you agree, write `approve {} {digest}`.",
        run.id,
        steps.join("\n"),
        run.id
    )
}

fn words_of(error: &ActError) -> String {
    match error {
        ActError::NotStarted(NotStarted::NoConnector(action)) => {
            format!("nothing is configured that can do {action}; an administrator can add it")
        }
        ActError::NotStarted(NotStarted::Plan(why)) => format!("it does not fit: {why}"),
        ActError::NotCounted(why) => why.to_string(),
        ActError::NotUndone(why) => why.to_string(),
        other => other.to_string(),
    }
}

/// What people type and alerts say is data: it comes back without marks that Teams would read.
fn plain(text: &str) -> String {
    text.chars().filter(|it| it.is_alphanumeric() || "-._@ ".contains(*it)).take(80).collect()
}
