//! An incident as routes and lists see it.

use argus_soc::decide::Decision;
use argus_soc::incident::Incident;

use crate::routes::Facts;

/// What a route sees of an incident.
pub fn facts_of(incident: &Incident) -> Facts<'_> {
    let event = &incident.event;
    let principal = event.principal();
    #[expect(clippy::cast_precision_loss, reason = "a score is below 100,000 milli-points")]
    let score = incident.score.milli as f64 / 1_000.0;
    Facts {
        severity: incident.severity.as_str(),
        source: &event.source,
        family: &event.family,
        event_type: &event.event_type,
        title: &event.title,
        score,
        decision: decision_name(&incident.decision),
        entity_type: principal.map_or("", |it| it.kind.as_str()),
        entity: principal.map_or("", |it| &it.value),
    }
}

/// The decision's stable name.
pub fn decision_name(decision: &Decision) -> &'static str {
    match decision {
        Decision::Ignore { .. } => "ignore",
        Decision::Notify { .. } => "notify",
        Decision::AskHuman { .. } => "ask_human",
        Decision::Run { .. } => "run",
    }
}
