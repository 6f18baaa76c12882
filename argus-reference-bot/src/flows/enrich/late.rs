//! Asking silent sources again, and re-scoring an open incident when they answer.
//!
//! Nobody waits for this. A late answer is a record of its own (`incident.enriched`), and can make
//! the decision more careful, never bolder ([`argus_soc::enrich::late`]).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use argus_soc::canary::is_canary;
use argus_soc::decide::{Decision, decide};
use argus_soc::enrich::late::hold;
use argus_soc::enrich::{Answers, Enrichment, Known};
use argus_soc::event::SecurityEvent;
use argus_soc::incident::Incident;
use argus_soc::ledger::fact::{Actor, Fact, What};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, watch};

use super::{Asked, Question};
use crate::chain::chain;
use crate::flows::Soc;
use crate::flows::execute::new_run;
use crate::ports::ledger::{Batch, LedgerError};

/// Incidents that are asked about again at most; of more, the oldest are not.
const MOST: usize = 1_000;
/// Seconds between the questions about one incident.
const PAUSES: [i64; 4] = [5, 30, 120, 600];
/// How long the sources have when nobody waits.
const WITHIN: Duration = Duration::from_secs(15);

/// The incidents whose sources were silent. A restart forgets them: they stay as they were judged,
/// with a person.
#[derive(Debug, Default)]
pub struct Late {
    waiting: Mutex<BTreeMap<String, Waiting>>,
    bell: Notify,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    tries: usize,
    due: Timestamp,
}

impl Late {
    /// Asks about these incidents again, in a while.
    pub fn ask_again(&self, incidents: Vec<String>, now: Timestamp) {
        if incidents.is_empty() {
            return;
        }
        let mut waiting = self.waiting();
        for incident in incidents {
            put(&mut waiting, incident, 0, now);
        }
        drop(waiting);
        self.bell.notify_one();
    }

    /// How many incidents wait.
    pub fn len(&self) -> usize {
        self.waiting().len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes out what is due.
    fn due(&self, now: Timestamp) -> Vec<(String, usize)> {
        let mut waiting = self.waiting();
        let due: Vec<(String, usize)> = waiting
            .iter()
            .filter(|(_, it)| it.due <= now)
            .map(|(key, it)| (key.clone(), it.tries))
            .collect();
        for (key, _) in &due {
            waiting.remove(key);
        }
        due
    }

    fn put_back(&self, incident: String, tries: usize, now: Timestamp) {
        put(&mut self.waiting(), incident, tries, now);
    }

    /// How long until something is due.
    fn pause(&self, now: Timestamp) -> Option<Duration> {
        let next = self.waiting().values().map(|it| it.due).min()?;
        Some(Duration::try_from(next.duration_since(now)).unwrap_or_default())
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<String, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Files an incident until its next turn; after the last one it is left as it is.
fn put(waiting: &mut BTreeMap<String, Waiting>, incident: String, tries: usize, now: Timestamp) {
    let Some(pause) = PAUSES.get(tries) else { return };
    let due = now.saturating_add(SignedDuration::from_secs(*pause)).unwrap_or(now);
    waiting.insert(incident, Waiting { tries, due });
    if waiting.len() > MOST
        && let Some(first) = waiting.iter().min_by_key(|(_, it)| it.due).map(|(key, _)| key.clone())
    {
        waiting.remove(&first);
    }
}

impl Soc {
    /// Asks the sources about events that may open incidents, all at once.
    pub(in crate::flows) async fn ask_about<'a>(
        &self,
        events: impl Iterator<Item = &'a SecurityEvent>,
    ) -> Asked {
        if self.knowledge.intel.is_empty() && self.knowledge.asset.is_empty() {
            return Asked::default();
        }
        let questions: Vec<Question> = events.map(Question::about).collect();
        self.knowledge.ask(&questions, self.knowledge.deadline).await
    }

    /// What is known about an event; of the sources, what they were asked before or are asked now.
    pub(in crate::flows) async fn enrich(
        &self,
        event: &SecurityEvent,
        asked: &Asked,
    ) -> Result<Enrichment, LedgerError> {
        let Some(principal) = event.principal().filter(|_| !is_canary(event)) else {
            return Ok(Enrichment::of(Known::Unknown, Known::Unknown, Known::Unknown));
        };
        let (kind, value) = (principal.kind.as_str(), principal.value.as_str());
        let history = self.ledger.incidents_about(kind, value, &event.fingerprint).await?;
        let question = Question::about(event);
        let answers = if asked.has(&question) {
            asked.of(&question)
        } else {
            self.ask_about(std::iter::once(event)).await.of(&question)
        };
        Ok(Enrichment::from_answers(answers, Known::Known(history)))
    }

    /// Asks again what is due. Says how many incidents changed.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] if the store fails; what was not asked is not asked again.
    pub async fn ask_late(&self) -> Result<usize, LedgerError> {
        let mut incidents = Vec::new();
        for (key, tries) in self.knowledge.late.due(self.clock.now()) {
            if let Some(incident) = self.ledger.incident(&key).await?
                && incident.is_open()
            {
                incidents.push((Question::about(&incident.event), incident, tries));
            }
        }
        let questions = incidents.iter().map(|(question, ..)| question);
        let asked = self.knowledge.ask(questions, WITHIN).await;
        let mut changed = 0;
        for (question, incident, tries) in incidents {
            let answers = asked.of(&question);
            let again = answers.is_missing_some();
            let key = incident.key.clone();
            match self.enriched(incident, answers).await {
                Ok(news) => changed += usize::from(news),
                // Somebody changed it meanwhile: read it again at its next turn.
                Err(LedgerError::Conflict { .. }) => {
                    self.knowledge.late.put_back(key, tries, self.clock.now());
                    continue;
                }
                Err(error) => return Err(error),
            }
            if again {
                self.knowledge.late.put_back(key, tries + 1, self.clock.now());
            }
        }
        if changed > 0 {
            self.bells.notify.notify_one();
        }
        Ok(changed)
    }

    /// Records what the sources say now, if fewer of them are silent than before.
    async fn enriched(&self, incident: Incident, answers: Answers) -> Result<bool, LedgerError> {
        let enrichment = Enrichment::from_answers(answers, incident.enrichment.history.clone());
        if enrichment.missing().len() >= incident.enrichment.missing().len() {
            return Ok(false);
        }
        let score = self.model.score(&incident.event, &enrichment);
        let playbooks = self.playbooks.in_use();
        let decided = decide(&incident.event, &enrichment, &score, &playbooks, false);
        let decision = hold(&incident.decision, decided);
        let what =
            What::Enriched { enrichment: Box::new(enrichment), score: Box::new(score), decision };
        let actor = Actor::service("triage");
        let fact = self.fact(actor, &incident.correlation, what).of(&incident.key);
        // People are asked about what is known now.
        let mut now = incident.clone();
        now.apply(&fact);
        let mut facts = vec![fact];
        if matches!(incident.decision, Decision::Notify { .. }) {
            facts.extend(self.asked_of_people(&now));
        }
        self.ledger.append(Batch::on(&incident, facts)).await?;
        Ok(true)
    }

    /// The run that people are asked about, when they were only told before.
    fn asked_of_people(&self, incident: &Incident) -> Vec<Fact> {
        let Decision::AskHuman { playbook: Some(id), reasons } = &incident.decision else {
            return Vec::new();
        };
        let Some(playbook) = self.playbooks.find(id) else { return Vec::new() };
        let actor = Actor::service("triage");
        let correlation = &incident.correlation;
        new_run(self, incident, &playbook, &actor, correlation, Some(reasons.join("; ")))
            .unwrap_or_else(|error| {
                tracing::warn!(
                    incident.key, playbook = id, error = %error,
                    "the playbook does not fit this event and was not offered"
                );
                Vec::new()
            })
    }
}

/// The incidents that a batch opens although a source was silent.
pub(in crate::flows) fn silent_in(batch: &Batch) -> Vec<String> {
    let opened = batch.facts.iter().filter_map(|fact| match &fact.what {
        What::Opened { enrichment, .. } if enrichment.answers.is_missing_some() => {
            fact.stream.clone()
        }
        _ => None,
    });
    opened.collect()
}

/// Asks again whatever is due, until told to stop.
pub async fn follow(soc: Arc<Soc>, mut halted: watch::Receiver<bool>) {
    while !*halted.borrow() {
        if let Err(error) = soc.ask_late().await {
            tracing::error!(why = chain(&error), "late answers of sources are not recorded");
        }
        let pause = soc.knowledge.late.pause(soc.clock.now());
        let due = async {
            match pause {
                Some(pause) => tokio::time::sleep(pause.max(Duration::from_millis(100))).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = due => {}
            () = soc.knowledge.late.bell.notified() => {}
            _ = halted.changed() => {}
        }
    }
}
