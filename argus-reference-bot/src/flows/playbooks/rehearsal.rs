//! Playbooks in dry run, beside those that act: started by the same events, and only ever dry.

use argus_soc::decide::{Decision, decide};
use argus_soc::incident::Incident;
use argus_soc::ledger::fact::{Actor, Fact, What};
use argus_soc::playbook::lifecycle::{Life, Stage};
use argus_soc::run::{Run, State, Status};

use crate::flows::Soc;
use crate::flows::execute::{NotStarted, new_run};
use crate::ports::ledger::LedgerError;
use crate::ports::ledger::documents::find;

impl Soc {
    /// The records with which the playbooks in dry run start that a new incident is for. The incident
    /// takes them into account.
    pub(in crate::flows) fn rehearse(
        &self,
        incident: &mut Incident,
        correlation: &str,
    ) -> Vec<Fact> {
        let mut facts = Vec::new();
        for playbook in self.playbooks.in_dry_run().iter() {
            let Incident { event, enrichment, score, .. } = &*incident;
            let alone = std::slice::from_ref(playbook);
            let ask = match decide(event, enrichment, score, alone, false) {
                Decision::Run { .. } => None,
                Decision::AskHuman { playbook: Some(_), reasons } => Some(reasons.join("; ")),
                _ => continue,
            };
            let actor = Actor::service("triage");
            match new_run(self, incident, playbook, &actor, correlation, ask) {
                Ok(begun) => {
                    for fact in &begun {
                        if fact.stream.is_some() {
                            incident.apply(fact);
                        }
                    }
                    facts.extend(begun);
                }
                Err(error @ NotStarted::NoConnector(_)) => {
                    let what = What::PlaybookRehearsed {
                        playbook: playbook.id.clone(),
                        sha256: playbook.sha256.clone(),
                        incident: incident.key.clone(),
                        failed: Some(error.to_string()),
                    };
                    facts.push(self.fact(actor, correlation, what));
                }
                // The event lacks what a step needs; were it live, people would be told so.
                Err(_) => {}
            }
        }
        facts
    }

    /// The record of a dry run that is over, if its text is in dry run.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] if the store does not say.
    pub(in crate::flows) async fn rehearsed(
        &self,
        incident: &Incident,
        run: &Run,
        result: Status,
    ) -> Result<Option<Fact>, LedgerError> {
        if !run.is_dry() || result == Status::Cancelled {
            return Ok(None);
        }
        let life = find::<Life>(self.ledger.as_ref(), &run.playbook).await?;
        let text = life.as_ref().and_then(|(_, life)| life.text(&run.playbook_sha256));
        if text.is_none_or(|it| it.stage != Stage::DryRun) {
            return Ok(None);
        }
        let what = What::PlaybookRehearsed {
            playbook: run.playbook.clone(),
            sha256: run.playbook_sha256.clone(),
            incident: incident.key.clone(),
            failed: failure(run, result),
        };
        Ok(Some(self.fact(Actor::service("run"), &run.correlation, what)))
    }
}

/// What a run failed of, if it did.
fn failure(run: &Run, result: Status) -> Option<String> {
    if result == Status::Succeeded {
        return None;
    }
    let failed = run.steps.iter().find_map(|step| match &step.state {
        State::Failed { why } => Some(format!("{}: {why}", step.name)),
        _ => None,
    });
    Some(failed.unwrap_or_else(|| "it did not come to its end".into()))
}
