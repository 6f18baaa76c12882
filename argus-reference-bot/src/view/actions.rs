//! What can be done, as buttons.

use argus_soc::incident::{Incident, Stage};
use argus_soc::playbook::{ActionKind, Playbook, Step as PlaybookStep, plan};
use argus_soc::policy::sight::{Field, Sight};
use argus_soc::run::{Run, State, Status};
use serde_json::{Value, json};

use super::data::Button;
use super::{Stand, line, shown};
use crate::buttons::Act;
use crate::flows::act::{epoch, second_person};

/// Runs whose buttons a card has: Teams shows six buttons well.
const RUNS: usize = 2;
/// Playbooks that a card offers.
const PLAYBOOKS: usize = 3;

/// What a card in a shared conversation asks for by itself, so that everybody sees of it what they may:
/// Teams shows the answer to the one who asks, and to nobody else.
pub fn refresh(incident: &Incident, run: Option<&Run>, stand: &Stand<'_>) -> Option<Value> {
    let view = stand.shared.then(|| view(incident, run, stand))?;
    Some(json!({"action": {
        "type": "Action.Execute", "title": view.title, "verb": view.verb, "data": view.data,
    }}))
}

pub(super) fn view(incident: &Incident, run: Option<&Run>, stand: &Stand<'_>) -> Button {
    let act = Act::View { run: run.map(|run| run.id.clone()) };
    let tooltip = "See what you may see of this; others see what they may";
    button(incident, &act, "Show to me", "default", tooltip, stand)
}

pub(super) fn alert_actions(incident: &Incident, stand: &Stand<'_>) -> Vec<Button> {
    let hides = stand.shared && !stand.sight.is_whole();
    let mut actions: Vec<Button> = hides.then(|| view(incident, None, stand)).into_iter().collect();
    if incident.stage == Stage::Resolved || *stand.sight == Sight::Nothing {
        return actions;
    }
    let mut offer = |act: &Act, title: &str, style: &str, tooltip: &str| {
        actions.push(button(incident, act, title, style, tooltip, stand));
    };
    if incident.acknowledged_by.is_none() {
        offer(&Act::Acknowledge, "Acknowledge", "positive", "Say that you have it in hand");
    }
    let running = incident.last_run_of("isolate_host").is_some_and(|run| {
        !run.status.is_over() || matches!(run.status, Status::Succeeded | Status::NeedsHuman)
    });
    if stand.connectors.can(ActionKind::IsolateHost) && !running && incident.event.host().is_some()
    {
        match second_person(incident) {
            None => {
                offer(&Act::Isolate, "Isolate host", "destructive", "Cut the host off the network");
            }
            Some(why) => offer(
                &Act::Isolate,
                "Request isolation",
                "destructive",
                &stand
                    .sight
                    .text(Field::Runs, &format!("Ask somebody else to agree: {}", line(&why))),
            ),
        }
    }
    let ticketing = incident.last_run_of("create_ticket").is_some_and(|run| !run.status.is_over());
    if stand.connectors.can(ActionKind::CreateTicket) && incident.ticket.is_none() && !ticketing {
        offer(&Act::Ticket, "Create ticket", "default", "Open a ticket for this incident");
    }
    // Nobody steers what they do not see.
    if !stand.sight.shows(Field::Runs) {
        return actions;
    }
    let mut runs: Vec<&Run> = incident.runs.values().filter(|run| !run.is_dry()).collect();
    runs.sort_by_key(|run| run.created_at);
    for run in runs.into_iter().rev().take(RUNS) {
        let id = || run.id.clone();
        let unclear = run.steps.iter().find(|it| matches!(it.state, State::Indeterminate { .. }));
        if let (Status::NeedsHuman, Some(step)) = (run.status, unclear) {
            let (about, step) = (step.plan.action.label().to_lowercase(), step.name.clone());
            let happened = Act::Happened { run: id(), step: step.clone() };
            offer(&happened, "It happened", "default", &format!("You looked: {about} took effect"));
            let not = Act::NotHappened { run: id(), step };
            offer(
                &not,
                "It did not",
                "default",
                &format!("You looked: {about} did not take effect"),
            );
        }
        if run.status == Status::Running && run.may_cancel() {
            let stop = Act::Cancel { run: id() };
            offer(
                &stop,
                "Stop",
                "destructive",
                &format!("Stop {} and undo what it did", run.playbook),
            );
        }
        // The time of the state, so that the same state gives the same card; a press asks again.
        if run.may_undo(incident.updated_at).is_ok() {
            let undo = Act::Undo { run: id() };
            offer(&undo, "Undo", "default", &format!("Undo what {} did", run.playbook));
        }
    }
    let playbooks = stand.playbooks.in_use();
    let offered = |it: &&Playbook| is_offered(it, incident, stand);
    for playbook in playbooks.iter().filter(offered).take(PLAYBOOKS) {
        let name = line(&playbook.name);
        let run = Act::Run { playbook: playbook.id.clone() };
        offer(&run, &format!("Run: {name}"), "default", &format!("Run the playbook {name}"));
    }
    actions
}

/// Whether a playbook is about the incident, can be done, and was not run on it before. One that failed
/// can be tried again; what it did meanwhile stands on the card.
fn is_offered(playbook: &Playbook, incident: &Incident, stand: &Stand<'_>) -> bool {
    let has_button = [stand.playbooks.isolate().id, stand.playbooks.ticket().id];
    let possible =
        |step: &PlaybookStep| step.action == ActionKind::Wait || stand.connectors.can(step.action);
    let stands = |run: &Run| {
        run.playbook == playbook.id
            && !run.is_dry()
            && (!run.status.is_over()
                || matches!(run.status, Status::Succeeded | Status::NeedsHuman))
    };
    !has_button.contains(&playbook.id)
        && playbook.actions.iter().all(possible)
        && playbook.triggered_by(&incident.event)
        && plan(playbook, &incident.event).is_ok()
        && !incident.runs.values().any(stands)
}

pub(super) fn button(
    incident: &Incident,
    act: &Act,
    title: &str,
    style: &str,
    tooltip: &str,
    stand: &Stand<'_>,
) -> Button {
    let v = epoch(incident, act);
    // The time of the state, not of the drawing: the same state gives the same card.
    let data = stand.buttons.sign(&incident.key, act, &v, stand.conversation, incident.updated_at);
    Button {
        title: title.to_owned(),
        verb: act.verb(),
        style: style.to_owned(),
        tooltip: tooltip.to_owned(),
        data: shown(&data),
    }
}
