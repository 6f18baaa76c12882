//! The words of cards: how far things are, for people and for templates.

use argus_soc::event::Severity;
use argus_soc::incident::{Incident, Stage};
use argus_soc::ledger::fact::Actor;
use argus_soc::playbook::ActionKind;
use argus_soc::run::{Run, State, Status, Step};

use super::line;

/// A word for a severity, for people.
pub fn severity_label(severity: Severity) -> &'static str {
    match severity {
        Severity::Unknown => "Unknown",
        Severity::Informational => "Informational",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
    }
}

/// A stage's stable word.
pub fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Open => "open",
        Stage::Acknowledged => "acknowledged",
        Stage::Contained => "contained",
        Stage::Resolved => "closed",
    }
}

pub(super) fn state_label(incident: &Incident) -> String {
    let isolation = incident.last_run_of("isolate_host");
    if let Some(run) =
        isolation.filter(|run| !matches!(run.status, Status::Denied | Status::Expired))
    {
        let step = run.steps.iter().find(|step| step.plan.action == ActionKind::IsolateHost);
        if let Some(step) = step {
            return step_label(run, step).0;
        }
    }
    match incident.stage {
        Stage::Open => "Open".into(),
        Stage::Acknowledged => {
            let who = incident.acknowledged_by.as_ref().map_or("somebody", Actor::shown);
            format!("Acknowledged by {}", line(who))
        }
        Stage::Contained => "Contained".into(),
        Stage::Resolved => "Resolved at the source".into(),
    }
}

/// How a step stands, in a word, and in which colour.
pub(super) fn step_label(run: &Run, step: &Step) -> (String, &'static str) {
    let done = step.plan.action.done();
    let undo = run.steps.iter().find(|it| it.undoes.as_ref() == Some(&step.name));
    if run.not_undone().any(|it| it.name == step.name) {
        return (format!("{done}; cannot be undone"), "warning");
    }
    if undo.is_some_and(|undo| undo.state.is_done()) {
        return (format!("{done}, then undone"), "good");
    }
    let (label, style) = match (&step.state, run.status) {
        (_, Status::AwaitingApproval) => ("Waiting for approval", "warning"),
        (State::Pending, Status::Denied) => ("Denied", "attention"),
        (State::Pending, Status::Expired) => ("Expired", "attention"),
        (State::Done { .. }, _) if run.is_dry() => ("Would be sent (dry run)", "warning"),
        (State::Failed { .. }, _) if run.is_dry() => ("Would fail (dry run)", "attention"),
        (State::Pending, _) if run.is_dry() => ("Looking (dry run)", "warning"),
        (State::Done { .. }, _) => (done, "good"),
        (State::Failed { .. }, _) => ("Failed", "attention"),
        (State::Indeterminate { .. }, _) => ("Unknown: please look", "attention"),
        (State::Unsettled { .. }, _) => ("Queued, answer lost; looking", "warning"),
        (State::Waiting { .. }, _) => ("Queued, will be tried again", "warning"),
        (State::Sent { .. }, _) => ("Queued, accepted", "warning"),
        _ => ("Queued", "warning"),
    };
    (label.into(), style)
}

/// What else there is to say of a step.
pub(super) fn detail(run: &Run, step: &Step) -> Option<String> {
    match &step.state {
        // Nobody did it: what it would be stands in its label.
        State::Done { .. } if run.is_dry() => None,
        State::Done { adopted_from: Some(by), .. } => Some(format!("already done by {by}")),
        State::Done { remote, .. } | State::Sent { remote, .. } => {
            Some(step.detail.clone().unwrap_or_else(|| remote.clone()))
        }
        State::Failed { why }
        | State::Indeterminate { why }
        | State::Waiting { why, .. }
        | State::Unsettled { why, .. } => Some(why.clone()),
        _ => None,
    }
}
