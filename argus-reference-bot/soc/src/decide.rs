//! Ignore, tell, ask a person, or run a playbook?
//!
//! The table, from the top; the first line that fits decides:
//!
//! | if | then |
//! | --- | --- |
//! | it is called a canary by its source, informational, or closed at the source | ignore |
//! | it is a canary of Argus' own | notify |
//! | its severity is unknown | ask a person |
//! | no playbook is for it | notify |
//! | enrichment is degraded or the asset is unknown | ask a person |
//! | the asset is production-critical, too critical for the playbook, in another environment, or labelled as untouchable | ask a person |
//! | the score is below the playbook's threshold and the severity low or medium | notify |
//! | the score is below the threshold and the severity high or critical | ask a person |
//! | the playbook does something irreversible, wants approval, or does not fit the event | ask a person |
//! | it would change more things than its `blast.max_targets` | ask a person |
//! | the circuit breaker is open | ask a person |
//! | otherwise | run |
//!
//! With several playbooks the first one (by id) that would run does; if none would, the first one
//! that a person could start is offered.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::blast::{labelled, too_wide};
use crate::canary::is_canary;
use crate::enrich::{Asset, Enrichment, Known};
use crate::event::{Phase, SecurityEvent, Severity};
use crate::playbook::{Approval, Playbook, plan};
use crate::score::{Confidence, Score, points};

/// What happens to an event, with the reasons in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "decision")]
pub enum Decision {
    /// It is recorded and nobody is told.
    Ignore {
        /// Why.
        reasons: Vec<String>,
    },
    /// People are told.
    Notify {
        /// Why nothing more.
        reasons: Vec<String>,
    },
    /// People are told and asked.
    AskHuman {
        /// What they can start.
        playbook: Option<String>,
        /// Why it does not start by itself.
        reasons: Vec<String>,
    },
    /// A playbook starts by itself.
    Run {
        /// Which one.
        playbook: String,
        /// Why it may.
        reasons: Vec<String>,
    },
}

impl Decision {
    /// The reasons, whatever was decided.
    pub fn reasons(&self) -> &[String] {
        match self {
            Self::Ignore { reasons }
            | Self::Notify { reasons }
            | Self::AskHuman { reasons, .. }
            | Self::Run { reasons, .. } => reasons,
        }
    }

    /// The same decision for these reasons, too.
    #[must_use]
    pub fn because(mut self, more: &[String]) -> Self {
        let (Self::Ignore { reasons }
        | Self::Notify { reasons }
        | Self::AskHuman { reasons, .. }
        | Self::Run { reasons, .. }) = &mut self;
        reasons.extend_from_slice(more);
        self
    }
}

/// Decides about an event.
///
/// An event that was closed at the source is ignored here; whoever holds the open incidents looks
/// first whether it closes one of them.
///
/// ```
/// use argus_soc::decide::{Decision, decide};
/// use argus_soc::enrich::{Enrichment, Known};
/// use argus_soc::event::{Shape, Source, normalise};
/// use argus_soc::score::seed_v1;
///
/// let source = Source { name: "edr", shape: Shape::Generic, tenant: None };
/// let raw = br#"{"severity": "bad", "entity_type": "host", "entity_value": "ws-1"}"#;
/// let event = normalise(raw, &source, "2026-01-01T00:00:00Z".parse()?)?;
/// let enrichment =
///     Enrichment::of(Known::Unknown, Known::Unknown, Known::Unknown);
/// let decision = decide(&event, &enrichment, &seed_v1(&event, &enrichment), &[], false);
/// assert!(matches!(decision, Decision::AskHuman { playbook: None, .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decide(
    event: &SecurityEvent,
    enrichment: &Enrichment,
    score: &Score,
    playbooks: &[Playbook],
    breaker_open: bool,
) -> Decision {
    if let Some(reason) = ignorable(event) {
        return Decision::Ignore { reasons: vec![reason.to_owned()] };
    }
    if is_canary(event) {
        return Decision::Notify { reasons: vec!["it is a canary".to_owned()] };
    }
    let mut matching: Vec<&Playbook> =
        playbooks.iter().filter(|playbook| playbook.triggered_by(event)).collect();
    matching.sort_by(|a, b| a.id.cmp(&b.id));
    let mut ask = None;
    let mut notify = Vec::new();
    for playbook in matching {
        match weigh(playbook, event, enrichment, score, breaker_open) {
            Verdict::Run(reasons) => {
                return Decision::Run { playbook: playbook.id.clone(), reasons };
            }
            Verdict::Ask(reasons) if ask.is_none() => ask = Some((playbook, reasons)),
            Verdict::Ask(_) => {}
            Verdict::Notify(reason) => notify.push(format!("{}: {reason}", playbook.id)),
        }
    }
    if let Some((playbook, reasons)) = ask {
        return Decision::AskHuman { playbook: Some(playbook.id.clone()), reasons };
    }
    if event.severity == Severity::Unknown {
        let reasons = vec!["the severity is unknown, so a person has to look".to_owned()];
        return Decision::AskHuman { playbook: None, reasons };
    }
    if notify.is_empty() {
        notify.push("no playbook is for this".to_owned());
    }
    Decision::Notify { reasons: notify }
}

fn ignorable(event: &SecurityEvent) -> Option<&'static str> {
    if event.context.get("canary") == Some(&Value::Bool(true)) {
        return Some("it is a canary");
    }
    if event.phase == Phase::Resolved {
        return Some("it is closed at the source");
    }
    (event.severity == Severity::Informational).then_some("it is informational")
}

enum Verdict {
    Run(Vec<String>),
    Ask(Vec<String>),
    Notify(String),
}

fn weigh(
    playbook: &Playbook,
    event: &SecurityEvent,
    enrichment: &Enrichment,
    score: &Score,
    breaker_open: bool,
) -> Verdict {
    let mut asks = Vec::new();
    if event.severity == Severity::Unknown {
        asks.push("the severity is unknown".to_owned());
    }
    // The enrichment counts, whatever the score says about itself: it may be an old one.
    if let Confidence::Degraded { missing } = &score.confidence {
        asks.extend(missing.iter().map(|missing| format!("not everything is known: {missing}")));
    }
    for missing in enrichment.missing() {
        let reason = format!("not everything is known: {missing}");
        if !asks.contains(&reason) {
            asks.push(reason);
        }
    }
    match &enrichment.asset {
        Known::Known(asset) => asks.extend(asset_reasons(playbook, asset)),
        Known::Unknown => asks.push("the inventory does not know the asset".to_owned()),
        // Named among what is missing.
        Known::Unavailable { .. } => {}
    }
    let threshold = playbook.conditions.risk_threshold_milli;
    if score.milli < threshold {
        let reason = format!("the score {} is below {}", score.points(), points(threshold));
        let low = matches!(event.severity, Severity::Low | Severity::Medium);
        if asks.is_empty() && low {
            return Verdict::Notify(reason);
        }
        asks.push(reason);
    }
    if playbook.gates.human_approval == Approval::Always {
        asks.push("the playbook wants approval".to_owned());
    }
    if playbook.is_irreversible() {
        asks.push("a step of the playbook cannot be undone".to_owned());
    }
    match plan(playbook, event) {
        Ok(steps) => asks.extend(too_wide(&playbook.blast, &steps).map(|it| it.why)),
        Err(error) => asks.push(error.to_string()),
    }
    if breaker_open {
        asks.push("automation is paused by the circuit breaker".to_owned());
    }
    if !asks.is_empty() {
        return Verdict::Ask(asks);
    }
    let mut reasons = vec![format!("the score {} reaches {}", score.points(), points(threshold))];
    if playbook.gates.dry_run {
        reasons.push("the playbook only describes what it would do".to_owned());
    }
    Verdict::Run(reasons)
}

/// Above this an asset is critical when the playbook does not say where its limit is. The score
/// takes points off at the same place.
const DEFAULT_LIMIT: u8 = 8;

fn asset_reasons(playbook: &Playbook, asset: &Asset) -> Vec<String> {
    let mut reasons = Vec::new();
    if asset.production_critical {
        reasons.push("production depends on the asset".to_owned());
    }
    match playbook.conditions.asset_criticality {
        Some(limit) if !limit.holds(i64::from(asset.criticality)) => {
            reasons.push(format!("criticality {} is not {limit}", asset.criticality));
        }
        None if asset.criticality > DEFAULT_LIMIT => {
            reasons.push(format!("criticality {} is above {DEFAULT_LIMIT}", asset.criticality));
        }
        _ => {}
    }
    let allowed = &playbook.conditions.environment;
    match &asset.environment {
        _ if allowed.is_empty() => {}
        Some(found) if allowed.iter().any(|name| name.eq_ignore_ascii_case(found)) => {}
        Some(found) => reasons.push(format!("the playbook is not for {found}")),
        None => reasons.push("the asset's environment is unknown".to_owned()),
    }
    reasons.extend(labelled(&playbook.blast, asset).map(|it| it.why));
    reasons
}
