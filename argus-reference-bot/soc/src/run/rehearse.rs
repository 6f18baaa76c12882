//! A run without a world: what a playbook does when its steps end as somebody supposes.
//!
//! The same fold as for real runs goes over records that nobody wrote, so a rehearsal does what a run
//! would: the same order, the same stops, the same undoing.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Next, Run, Status, Terms};
use crate::effect::{Outcome, Probe, Progress};
use crate::event::SecurityEvent;
use crate::ledger::fact::{Actor, Fact, What};
use crate::playbook::{ActionKind, Condition, PlanError, Playbook, plan};

/// More moves than any playbook makes: a hundred steps with all their attempts and undoings.
const MOST: usize = 20_000;

/// How a step is supposed to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Supposed {
    /// It is done.
    #[default]
    Done,
    /// It is refused for good.
    Failed,
    /// Its answer is lost, and it was done.
    Lost,
    /// Somebody else has done it before.
    Foreign,
    /// Nobody can ever tell.
    Unknown,
}

/// How a rehearsal ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rehearsed {
    /// How the run stands at its end.
    pub status: Status,
    /// What was sent, in order, each as `STEP: ACTION TARGET`; undone steps are `undo/STEP`.
    pub sent: Vec<String>,
    /// Each step and how it stands at the end, in a word.
    pub steps: Vec<(String, String)>,
}

/// Rehearses a playbook on an event; steps of which nothing is said are done.
///
/// ```
/// use argus_soc::event::{Shape, Source, normalise};
/// use argus_soc::playbook::parse;
/// use argus_soc::run::{Status, Supposed, rehearse};
///
/// let playbook = parse("p.yaml", r#"
/// playbook: {id: p, name: P, version: "1.0.0"}
/// actions:
///   - {id: off, type: isolate_host, target: "{{ entity.value }}", rollback: {id: on, type: release_host}}
///   - {id: tell, type: notify, parameters: {message: "off"}}
/// "#)?;
/// let source = Source { name: "edr", shape: Shape::Generic, tenant: None };
/// let raw = br#"{"severity": "high", "entity_type": "host", "entity_value": "ws-1"}"#;
/// let event = normalise(raw, &source, "2026-01-01T00:00:00Z".parse()?)?;
/// let ended = rehearse(&playbook, &event, &[("tell".into(), Supposed::Failed)].into())?;
/// assert_eq!(ended.status, Status::Compensated);
/// assert_eq!(ended.sent, ["off: isolate_host ws-1", "tell: notify ws-1", "undo/off: release_host ws-1"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`PlanError`] if the playbook does not fit the event.
pub fn rehearse(
    playbook: &Playbook,
    event: &SecurityEvent,
    supposed: &BTreeMap<String, Supposed>,
) -> Result<Rehearsed, PlanError> {
    let steps = plan(playbook, event)?;
    let name = "rehearsal".to_owned();
    let mut now = event.received_at;
    let begun = What::RunCreated {
        run: name.clone(),
        playbook: playbook.id.clone(),
        playbook_sha256: playbook.sha256.clone(),
        steps,
        max_attempts: playbook.execution.retry.max_attempts,
        quorum: playbook.gates.quorum,
        terms: Terms::of(&playbook.execution, &playbook.gates, None),
    };
    let begun = Fact::new(now, Actor::service("rehearsal"), "rehearsal", begun);
    let mut stage = Stage { event, supposed, sent: Vec::new() };
    let Some(mut run) = Run::begin(&begun) else {
        return Ok(Rehearsed { status: Status::NeedsHuman, sent: Vec::new(), steps: Vec::new() });
    };
    for _ in 0..MOST {
        let next = run.next(now);
        if let Next::Wait(until) = next {
            now = until.max(later(now));
            continue;
        }
        let Some(what) = stage.what(&run, &next, now) else { break };
        now = later(now);
        run.apply(&Fact::new(now, Actor::service("rehearsal"), "rehearsal", what));
    }
    let steps = run.steps.iter().map(|step| (step.name.clone(), step.state.word().to_owned()));
    Ok(Rehearsed { status: run.status, sent: stage.sent, steps: steps.collect() })
}

fn later(now: Timestamp) -> Timestamp {
    now.checked_add(SignedDuration::from_millis(1)).unwrap_or(now)
}

struct Stage<'a> {
    event: &'a SecurityEvent,
    supposed: &'a BTreeMap<String, Supposed>,
    sent: Vec<String>,
}

impl Stage<'_> {
    /// The record of what is done next; nothing when the run is over.
    fn what(&mut self, run: &Run, next: &Next, now: Timestamp) -> Option<What> {
        let id = || run.id.clone();
        if let Next::Finish(result) = next {
            return Some(What::RunFinished { run: id(), result: *result });
        }
        let step = run.step(next.step()?)?;
        let name = || step.name.clone();
        let supposed = self.supposed.get(&step.name).copied().unwrap_or_default();
        Some(match next {
            Next::Lease(_) => {
                let when = step.plan.when.as_ref().filter(|_| step.undoes.is_none());
                let holds = when.map(|when| {
                    Condition::of_step(when).and_then(|it| it.holds_in(self.event, run))
                });
                match holds {
                    Some(Ok(false)) => {
                        let why = "its condition does not hold".into();
                        What::StepSkipped { run: id(), step: name(), why }
                    }
                    Some(Err(error)) => {
                        let outcome = Outcome::Failed { why: error.to_string() };
                        What::Answered { run: id(), step: name(), outcome }
                    }
                    _ if step.plan.action == ActionKind::Wait => {
                        What::TimerSet { run: id(), step: name(), due: now }
                    }
                    _ => What::Leased { run: id(), step: name(), lease: name() },
                }
            }
            Next::Fire(_) => What::TimerFired { run: id(), step: name() },
            Next::Send(_) => {
                let plan = &step.plan;
                let line = format!("{}: {} {}", step.name, plan.action, plan.target.value);
                self.sent.push(line);
                What::Intended {
                    run: id(),
                    step: name(),
                    key: name(),
                    connector: "rehearsal".into(),
                    permit: "rehearsal".into(),
                    attempt: step.attempts + 1,
                }
            }
            // Straight after the intent: the answer, or the look that a lost one needs.
            Next::Probe(_) => match supposed {
                Supposed::Done => {
                    let outcome = Outcome::Accepted { remote: name(), detail: None };
                    What::Answered { run: id(), step: name(), outcome }
                }
                Supposed::Failed => {
                    let outcome = Outcome::Failed { why: "as supposed".into() };
                    What::Answered { run: id(), step: name(), outcome }
                }
                Supposed::Lost => {
                    let probe = Probe::Found { remote: name(), detail: None };
                    What::Probed { run: id(), step: name(), probe }
                }
                Supposed::Foreign => {
                    let by = "somebody else".into();
                    let probe = Probe::FoundForeign { remote: name(), by };
                    What::Probed { run: id(), step: name(), probe }
                }
                Supposed::Unknown => {
                    let probe = Probe::Unknown { why: "as supposed".into() };
                    What::Probed { run: id(), step: name(), probe }
                }
            },
            Next::Verify(_) => What::Verified { run: id(), step: name(), progress: Progress::Done },
            _ => return None,
        })
    }
}
