//! A run that begins by itself, as breakers see it.

use argus_soc::effect::lease_name;
use argus_soc::event::SecurityEvent;
use argus_soc::incident::Incident;
use argus_soc::ledger::fact::Actor;
use argus_soc::playbook::PlannedStep;
use argus_soc::run::Run;
use argus_soc::storm::velocity::Candidate;

/// The run that would begin by itself, as breakers see it.
pub(super) fn candidate(
    id: &str,
    event: &SecurityEvent,
    playbook: &str,
    steps: impl Iterator<Item = PlannedStep>,
) -> Candidate {
    let effect = |step: PlannedStep| {
        let action = step.action.name();
        let tenant = event.tenant.as_deref().unwrap_or("home");
        (action.to_owned(), lease_name(tenant, action, &step.target))
    };
    Candidate {
        id: id.to_owned(),
        source: event.source.clone(),
        playbook: playbook.to_owned(),
        effects: steps.map(effect).collect(),
    }
}

/// The candidate that a run was, if Argus began it and no person has approved it since.
pub(super) fn automatic(incident: &Incident, run: &Run) -> Option<Candidate> {
    let approved = run.approval.iter().flat_map(|it| &it.decisions).any(|it| it.approve);
    if approved || !matches!(run.requested_by, Actor::Service { .. }) {
        return None;
    }
    let steps = run.steps.iter().filter(|step| step.undoes.is_none());
    let steps = steps.map(|step| step.plan.clone());
    Some(candidate(&run.id, &incident.event, &run.playbook, steps))
}
