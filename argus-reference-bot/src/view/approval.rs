//! The card that asks people about a run: what exactly would be done, who may decide, until when.

use argus_soc::enrich::Known;
use argus_soc::incident::Incident;
use argus_soc::playbook::EffectClass;
use argus_soc::policy::sight::{Field, Sight};
use argus_soc::run::{DecisionBy, Run, Status, Step};
use serde_json::Value;

use super::actions::{button, view};
use super::data::{Approval, Asked, Button, Planned, Request, Vote};
use super::{
    EFFECTS, Stand, TEXT, TITLE, clip, hide, line, lines, severity_label, shown, unusable, whole,
    without_layout,
};
use crate::buttons::Act;
use crate::flows::act::reason_to_approve;

/// Characters of a digest on a card.
const DIGEST: usize = 8;

/// Who is asked, in words.
#[derive(Clone, Debug)]
pub struct Asks {
    /// Who decides now.
    pub deciders: String,
    /// Who is asked next, if nobody decides in time.
    pub next: Option<String>,
}

/// The card without its layout, when no template can be used.
pub fn plain(incident: &Incident, run: &Run, stand: &Stand<'_>, why: &str) -> Value {
    let title =
        format!("{}: {}", incident.key, stand.sight.text(Field::Title, &incident.event.title));
    let steps = run.steps.iter().filter(|step| step.undoes.is_none());
    let what = |step: &Step| {
        let what = format!("{} {}", step.plan.action.label(), step.plan.target.value);
        stand.sight.text(Field::Runs, &what)
    };
    let (_, label) = request_status(run);
    let mut said = vec![format!("{}: {label}", run.id)];
    said.extend(steps.map(what));
    if let Some(it) = &run.approval {
        let reason = stand.sight.text(Field::Runs, &it.reason);
        said.push(format!("Why a person is asked: {reason}"));
        said.push(format!("Digest {}", it.digest));
    }
    without_layout(&title, &said, &unusable(why, stand), actions(incident, run, stand))
}

/// The card that asks people about a run.
pub fn request(incident: &Incident, run: &Run, asks: &Asks, stand: &Stand<'_>) -> Value {
    let approval = run.approval.as_ref();
    let steps = || run.steps.iter().filter(|step| step.undoes.is_none());
    let what: Vec<String> = steps().map(|step| step.plan.action.label().to_owned()).collect();
    let targets: Vec<&str> = steps().map(|step| step.plan.target.value.as_str()).collect();
    let decisions = approval.map(|it| it.decisions.as_slice()).unwrap_or_default();
    let (status, label) = request_status(run);
    let is_open = run.status == Status::AwaitingApproval;
    let mut card = Approval {
        incident: Asked {
            key: incident.key.clone(),
            title: clip(&incident.event.title, TITLE),
            severity: incident.severity.as_str(),
            severity_label: severity_label(incident.severity),
            version: incident.version,
            correlation_id: run.correlation.clone(),
        },
        request: Request {
            run: run.id.clone(),
            effect_label: lines(&what).join(", "),
            target: targets.first().map(|it| line(it)).unwrap_or_default(),
            effects: steps().take(EFFECTS).map(planned).collect(),
            blast: blast(incident, run),
            digest: approval.map(|it| it.digest.clone()),
            digest_short: approval.map(|it| it.digest.chars().take(DIGEST).collect()),
            requester: line(run.requested_by.shown()),
            reason: approval.map(|it| clip(&it.reason, TEXT)),
            quorum: approval.map(|it| u64::from(it.quorum)),
            deciders: line(&asks.deciders),
            approvals: decisions.iter().map(vote).collect(),
            expires_at: approval.map(|it| whole(it.expires_at)),
            on_expire: line(&match &asks.next {
                Some(next) => format!("Then {next} is asked, and nothing is done before."),
                None => "Then the answer is no: nothing is done.".into(),
            }),
            reason_hint: match reason_to_approve(incident) {
                Some(why) => line(&format!("Needed, since {why}")),
                None => "Needed to deny; welcome to approve".into(),
            },
            status,
            status_label: label,
        },
        notices: notices(run, is_open, stand),
        actions: actions(incident, run, stand),
    };
    hide::approval(&mut card, stand.sight);
    shown(&card)
}

fn notices(run: &Run, is_open: bool, stand: &Stand<'_>) -> Vec<String> {
    let said = stand.notice.map(line);
    let open = run.approval.as_ref().filter(|_| is_open);
    let escalated = open.and_then(|it| it.escalated.as_ref());
    let escalated = escalated.map(|_| "Nobody decided in time, so others are asked now.".into());
    let reminded = open.filter(|it| it.reminded_at.is_some() && it.escalated.is_none());
    let reminded = reminded.map(|_| "Reminder: this still waits for a decision.".into());
    [said, escalated, reminded].into_iter().flatten().collect()
}

fn vote(it: &DecisionBy) -> Vote {
    Vote {
        by: line(it.by.shown()),
        decision: if it.approve { "approved" } else { "denied" },
        at: whole(it.at),
        reason: it.reason.as_deref().map(|why| clip(why, TEXT)),
    }
}

/// One effect, and whether it can be taken back.
fn planned(step: &Step) -> Planned {
    let undo = match (step.plan.effect, step.plan.rollback.as_deref()) {
        (EffectClass::Read, _) => "changes nothing".to_owned(),
        (EffectClass::Irreversible, _) => "cannot be undone".to_owned(),
        (_, Some(undo)) => format!("undone by: {}", undo.action.label()),
        (_, None) => "nothing undoes it by itself".to_owned(),
    };
    Planned {
        what: step.plan.action.label().to_owned(),
        target: line(&step.plan.target.value),
        class: step.plan.effect.name(),
        undo: line(&undo),
    }
}

/// What would be hit, in a line: `1 host, tier0, production`.
fn blast(incident: &Incident, run: &Run) -> String {
    let changes = |step: &&Step| step.undoes.is_none() && step.plan.effect != EffectClass::Read;
    let mut targets: Vec<(&str, String)> = run
        .steps
        .iter()
        .filter(changes)
        .map(|step| (step.plan.target.kind.as_str(), step.plan.target.value.to_lowercase()))
        .collect();
    targets.sort_unstable();
    targets.dedup();
    let mut said: Vec<String> = Vec::new();
    let mut kinds: Vec<&str> = targets.iter().map(|(kind, _)| *kind).collect();
    kinds.dedup();
    for kind in kinds {
        let count = targets.iter().filter(|(it, _)| *it == kind).count();
        said.push(format!("{count} {kind}{}", if count == 1 { "" } else { "s" }));
    }
    if said.is_empty() {
        said.push("changes nothing".into());
    }
    match &incident.enrichment.asset {
        Known::Known(asset) => {
            let tier = asset.tags.iter().find(|tag| tag.starts_with("tier"));
            said.push(
                tier.cloned().unwrap_or_else(|| format!("criticality {}", asset.criticality)),
            );
            said.extend(asset.environment.clone());
        }
        _ => said.push("nobody knows how important it is".into()),
    }
    line(&said.join(", "))
}

/// How a request for approval stands: a word for templates, and words for people.
fn request_status(run: &Run) -> (&'static str, &'static str) {
    match run.status {
        Status::AwaitingApproval => ("open", "Waiting for a decision"),
        Status::Denied => ("denied", "Denied"),
        Status::Expired => ("expired", "Expired: nobody decided in time"),
        _ => ("approved", "Approved"),
    }
}

/// The buttons of the card.
pub(super) fn actions(incident: &Incident, run: &Run, stand: &Stand<'_>) -> Vec<Button> {
    let hides = stand.shared && !stand.sight.is_whole();
    let mut actions: Vec<Button> =
        hides.then(|| view(incident, Some(run), stand)).into_iter().collect();
    if run.status != Status::AwaitingApproval || *stand.sight == Sight::Nothing {
        return actions;
    }
    let mut offer = |act: &Act, title: &str, style: &str, tooltip: &str| {
        actions.push(button(incident, act, title, style, tooltip, stand));
    };
    // Nobody approves what they have not read.
    if stand.sight.is_whole() {
        offer(&Act::Approve { run: run.id.clone() }, "Approve", "positive", "Let it be done");
    }
    offer(&Act::Deny { run: run.id.clone() }, "Deny", "destructive", "Forbid it");
    actions
}
