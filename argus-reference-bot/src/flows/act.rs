//! What a button does: permission first, then the record of what shall happen. The deed itself is
//! the executor's.

use argus_soc::incident::{Incident, Stage};
use argus_soc::ledger::fact::What;
use argus_soc::playbook::ActionKind;
use argus_soc::policy::{Action, Identity};
use argus_soc::run::{NotCounted, NotUndone, REASON};

use super::Soc;
use super::access::{AccessError, Person};
use super::execute::{NotStarted, new_run};
use crate::buttons::{Act, Pressed};
use crate::ports::ledger::{Batch, LedgerError};

/// Clicks on one incident that lose a race are decided again so often.
const RACES: usize = 16;

/// What became of a click.
#[derive(Debug)]
pub enum Done {
    /// The incident as it is now; something changed.
    Changed(Box<Incident>),
    /// The card was out of date, or it had been done before: this is how it stands.
    Unchanged(Box<Incident>),
}

/// Why a click does nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActError {
    /// The policy says no, or the answer could not be recorded.
    #[error("not permitted")]
    Access(#[from] AccessError),
    /// There is no such incident.
    #[error("there is no incident {0}")]
    NoIncident(String),
    /// The run cannot be undone.
    #[error("the run cannot be undone")]
    NotUndone(#[from] NotUndone),
    /// There is no such run, step or playbook, or it is not for this.
    #[error("{0}")]
    NotPossible(String),
    /// The playbook cannot be run on this incident.
    #[error("the playbook cannot be started")]
    NotStarted(#[from] NotStarted),
    /// The decision does not count.
    #[error("the decision does not count")]
    NotCounted(#[from] NotCounted),
    /// The decision needs a reason, or a shorter one.
    #[error("a reason is needed")]
    Reason(#[from] NoReason),
    /// A person has halted everything.
    #[error("everything is halted; two people who write `resume` let it go on")]
    Halted,
    /// Nothing can be written now.
    #[error("nothing can be recorded now")]
    TryAgain(#[from] LedgerError),
}

impl Soc {
    /// Does what a button of ours asks for. `reason` is what the person wrote beside it, empty if
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`ActError`] says why nothing happened.
    pub async fn act(
        &self,
        person: &Person,
        pressed: &Pressed,
        reason: &str,
        correlation: &str,
    ) -> Result<Done, ActError> {
        match &pressed.act {
            Act::Acknowledge => self.acknowledge(person, &pressed.incident, correlation).await,
            Act::Isolate => self.isolate(person, pressed, correlation).await,
            Act::Ticket => self.ticket(person, pressed, correlation).await,
            Act::Approve { run } | Act::Deny { run } => {
                self.decide_run(person, pressed, run, reason, correlation).await
            }
            act => {
                let current = epoch(&self.expect(&pressed.incident).await?, act) == pressed.v;
                if !current {
                    let incident = self.expect(&pressed.incident).await?;
                    return Ok(Done::Unchanged(Box::new(incident)));
                }
                self.steer(person, &pressed.incident, act, false, correlation).await
            }
        }
    }

    async fn acknowledge(
        &self,
        person: &Person,
        key: &str,
        correlation: &str,
    ) -> Result<Done, ActError> {
        let action = Action::Acknowledge { incident: key.into() };
        let _permit = self.authorise(person, action, Some(key), correlation).await?;
        self.change(key, |incident| {
            if incident.acknowledged_by.is_some() || incident.stage == Stage::Resolved {
                return Ok(None);
            }
            let fact = self.fact(person.actor(), correlation, What::Acknowledged).of(key);
            Ok(Some(vec![fact]))
        })
        .await
    }

    async fn isolate(
        &self,
        person: &Person,
        pressed: &Pressed,
        correlation: &str,
    ) -> Result<Done, ActError> {
        let key = &pressed.incident;
        let host = self.expect(key).await?.event.host().map(|host| host.value.clone());
        let action = Action::Act {
            incident: key.clone(),
            action: ActionKind::IsolateHost,
            target: host.unwrap_or_default(),
        };
        let _permit = self.authorise(person, action, Some(key), correlation).await?;
        self.must_not_be_halted().await?;
        let playbook = self.playbooks.isolate();
        self.change(key, |incident| {
            if incident.stage == Stage::Resolved || epoch(incident, &pressed.act) != pressed.v {
                return Ok(None);
            }
            let ask = second_person(incident);
            let facts = new_run(self, incident, &playbook, &person.actor(), correlation, ask)?;
            Ok(Some(facts))
        })
        .await
    }

    async fn ticket(
        &self,
        person: &Person,
        pressed: &Pressed,
        correlation: &str,
    ) -> Result<Done, ActError> {
        let key = &pressed.incident;
        let action = Action::Act {
            incident: key.clone(),
            action: ActionKind::CreateTicket,
            target: String::new(),
        };
        let _permit = self.authorise(person, action, Some(key), correlation).await?;
        self.must_not_be_halted().await?;
        let playbook = self.playbooks.ticket();
        self.change(key, |incident| {
            let done = incident.ticket.is_some() || incident.stage == Stage::Resolved;
            if done || epoch(incident, &pressed.act) != pressed.v {
                return Ok(None);
            }
            Ok(Some(new_run(self, incident, &playbook, &person.actor(), correlation, None)?))
        })
        .await
    }

    async fn decide_run(
        &self,
        person: &Person,
        pressed: &Pressed,
        run: &str,
        reason: &str,
        correlation: &str,
    ) -> Result<Done, ActError> {
        let key = &pressed.incident;
        let approve = matches!(pressed.act, Act::Approve { .. });
        let incident = self.expect(key).await?;
        let requester = incident.runs.get(run).and_then(|run| identity(&run.requested_by));
        let action = if approve {
            Action::Approve { run: run.into(), requester }
        } else {
            Action::Deny { run: run.into() }
        };
        let _permit = self.authorise(person, action, Some(key), correlation).await?;
        if let Some(asked) = incident.runs.get(run) {
            let (actor, deciders) = (person.actor(), asked.deciders());
            self.must_be_approver(&actor, deciders, key, correlation).await?;
        }
        // A no is welcome at any time.
        if approve {
            self.must_not_be_halted().await?;
        }
        if approve {
            self.must_see(person, &incident, correlation).await?;
        }
        self.change(key, |incident| {
            let Some(asked) = incident.runs.get(run) else { return Ok(None) };
            let actor = person.actor();
            asked.may_decide(&actor, &pressed.v, self.clock.now())?;
            let needed = !approve || reason_to_approve(incident).is_some();
            let reason = given(reason, needed)?;
            let digest = pressed.v.clone();
            let what = What::ApprovalDecided { run: run.into(), digest, approve, reason };
            Ok(Some(vec![self.fact(actor, correlation, what).of(key)]))
        })
        .await
    }

    async fn must_not_be_halted(&self) -> Result<(), ActError> {
        if self.is_halted_by_hand().await? { Err(ActError::Halted) } else { Ok(()) }
    }

    pub(super) async fn expect(&self, key: &str) -> Result<Incident, ActError> {
        let incident = self.ledger.incident(key).await?;
        incident.ok_or_else(|| ActError::NoIncident(key.into()))
    }

    /// Decides on the incident as it is, writes what was decided, and decides again if somebody
    /// else was first.
    pub(super) async fn change(
        &self,
        key: &str,
        decide: impl Fn(&Incident) -> Result<Option<Vec<argus_soc::ledger::fact::Fact>>, ActError>,
    ) -> Result<Done, ActError> {
        for _ in 0..RACES {
            let mut incident = self.expect(key).await?;
            let Some(facts) = decide(&incident)? else {
                return Ok(Done::Unchanged(Box::new(incident)));
            };
            match self.ledger.append(Batch::on(&incident, facts.clone())).await {
                Ok(()) => {
                    facts
                        .iter()
                        .filter(|fact| fact.stream.is_some())
                        .for_each(|fact| incident.apply(fact));
                    self.bells.notify.notify_one();
                    self.bells.execute.ring(key);
                    return Ok(Done::Changed(Box::new(incident)));
                }
                Err(LedgerError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(LedgerError::Conflict { stream: key.into() }.into())
    }
}

/// The state that a button of this act is drawn from: once the act has been done, every older
/// button of it is out of date.
pub fn epoch(incident: &Incident, act: &Act) -> String {
    let runs_of = |action: &str| {
        let acts = |run: &&argus_soc::run::Run| !run.is_dry() && run.acts(action);
        incident.runs.values().filter(acts).count().to_string()
    };
    match act {
        Act::Acknowledge | Act::View { .. } => "0".into(),
        Act::Isolate => runs_of("isolate_host"),
        Act::Ticket => runs_of("create_ticket"),
        // How often it was run, and how often that began is what counts.
        Act::Run { playbook } => {
            incident.runs.values().filter(|run| run.playbook == *playbook).count().to_string()
        }
        Act::Say { .. } => String::new(),
        Act::Cancel { run } | Act::Undo { run } => stands(incident, run),
        Act::Happened { run, step } | Act::NotHappened { run, step } => {
            let step = incident.runs.get(run).and_then(|run| run.step(step));
            let changed = step.and_then(|step| step.changed_at);
            changed.map(|at| at.to_string()).unwrap_or_default()
        }
        Act::Approve { run } | Act::Deny { run } => {
            let approval = incident.runs.get(run).and_then(|run| run.approval.as_ref());
            approval.map(|approval| approval.digest.clone()).unwrap_or_default()
        }
    }
}

/// How a run stands, in a word.
fn stands(incident: &Incident, run: &str) -> String {
    incident.runs.get(run).map(|run| format!("{:?}", run.status)).unwrap_or_default()
}

/// Why a second person must agree although the first one has the role, if one must.
pub fn second_person(incident: &Incident) -> Option<String> {
    let asset = incident.enrichment.asset.known()?;
    if asset.production_critical {
        return Some(format!("{} is critical for production", asset.name));
    }
    reason_to_approve(incident)
}

/// Why whoever approves has to say why, if they have: the asset is protected.
pub fn reason_to_approve(incident: &Incident) -> Option<String> {
    const PROTECTED: [&str; 2] = ["tier0", "domain-controller"];
    let asset = incident.enrichment.asset.known()?;
    let tag = asset.tags.iter().find(|tag| PROTECTED.contains(&tag.as_str()))?;
    Some(format!("{} is a protected asset ({tag})", asset.name))
}

/// Why a reason is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoReason {
    /// There is none, and one is needed.
    #[error("say why first: write it into the field \"Reason\" and press again")]
    Missing,
    /// It is too long.
    #[error("the reason is longer than {REASON} characters; shorten it and press again")]
    TooLong,
}

/// The reason as it is recorded: one line of text, or none if none was given and none is needed.
fn given(reason: &str, needed: bool) -> Result<Option<String>, NoReason> {
    let line: String = reason.chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
    let line = line.trim();
    match line.chars().count() {
        0 if needed => Err(NoReason::Missing),
        0 => Ok(None),
        long if long > REASON => Err(NoReason::TooLong),
        _ => Ok(Some(line.to_owned())),
    }
}

fn identity(actor: &argus_soc::ledger::fact::Actor) -> Option<Identity> {
    match actor {
        argus_soc::ledger::fact::Actor::Person { tenant, object_id, .. } => {
            Some(Identity { tenant: tenant.clone(), object_id: object_id.clone() })
        }
        argus_soc::ledger::fact::Actor::Service { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_of_up_to_500_characters() {
        assert_eq!(given(" \n\u{0}", true), Err(NoReason::Missing));
        assert_eq!(given(" ", false), Ok(None));
        assert_eq!(given(" patch\nnight\u{0} ", true), Ok(Some("patch night".into())));
        assert_eq!(given(&"ß".repeat(REASON), true), Ok(Some("ß".repeat(REASON))));
        assert_eq!(given(&"ß".repeat(REASON + 1), false), Err(NoReason::TooLong));
    }
}
