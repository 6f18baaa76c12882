//! Was this you? What somebody says who was asked whether it was them.
//!
//! They need no role here, and what they say is believed of nobody else: the account that answers is
//! that of the validated activity, and has to be the one that was asked.

use argus_soc::incident::Incident;
use argus_soc::ledger::fact::What;
use argus_soc::playbook::ActionKind;
use argus_soc::run::{Run, State, Step, UserAnswer};

use super::Soc;
use super::access::Person;
use crate::ports::ledger::{Batch, LedgerError};

/// Clicks that lose a race are decided again so often.
const RACES: usize = 4;

/// Why an answer is not recorded.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// Nobody waits for it any more: it was answered, or too late.
    #[error("this question is closed")]
    Closed,
    /// Somebody else was asked.
    #[error("somebody else was asked this")]
    NotAsked,
    /// Nothing can be written now.
    #[error("nothing can be recorded now")]
    TryAgain(#[from] LedgerError),
}

impl Soc {
    /// Records what somebody says who was asked.
    ///
    /// # Errors
    ///
    /// [`UserError`]; no answer is recorded then.
    pub async fn user_said(
        &self,
        person: &Person,
        incident: &str,
        key: &str,
        answer: UserAnswer,
        correlation: &str,
    ) -> Result<(), UserError> {
        for _ in 0..RACES {
            let found = self.ledger.incident(incident).await?.ok_or(UserError::Closed)?;
            let (run, step) = asking(&found, key).ok_or(UserError::Closed)?;
            if !self.is_asked(person, &found, step) {
                let what = What::Refused {
                    incident: Some(incident.into()),
                    action: "answer".into(),
                    code: "not_asked".into(),
                    why: UserError::NotAsked.to_string(),
                };
                self.ledger
                    .append(Batch::one(self.fact(person.actor(), correlation, what)))
                    .await?;
                return Err(UserError::NotAsked);
            }
            if !matches!(step.state, State::Sent { .. }) {
                return Err(UserError::Closed);
            }
            let what = What::UserAnswered { run: run.id.clone(), step: step.name.clone(), answer };
            let fact = self.fact(person.actor(), correlation, what).of(incident);
            match self.ledger.append(Batch::on(&found, vec![fact])).await {
                Err(LedgerError::Conflict { .. }) => {}
                written => {
                    written?;
                    self.bells.execute.ring(incident);
                    self.bells.notify.notify_one();
                    return Ok(());
                }
            }
        }
        Err(LedgerError::Conflict { stream: incident.into() }.into())
    }

    /// Whether it is they who were asked: their object id, in the tenant that the event is of.
    fn is_asked(&self, person: &Person, incident: &Incident, step: &Step) -> bool {
        let home = self.access.home();
        let tenant = incident.event.tenant.as_deref().unwrap_or(home);
        let asked = step.plan.target.ids.get("aad_user_id");
        asked.is_some_and(|id| id.eq_ignore_ascii_case(&person.object_id))
            && (person.tenant.eq_ignore_ascii_case(tenant)
                || person.tenant.eq_ignore_ascii_case(home))
    }
}

/// The step whose effect has this key and asks a user.
fn asking<'a>(incident: &'a Incident, key: &str) -> Option<(&'a Run, &'a Step)> {
    let asks =
        |step: &&Step| step.plan.action == ActionKind::AskUser && step.key.as_deref() == Some(key);
    incident.runs.values().find_map(|run| Some((run, run.steps.iter().find(asks)?)))
}
