//! What a card template is rendered from. Every value is data; templates place it.

mod actions;
pub mod approval;
pub mod bulletin;
pub mod data;
mod hide;
pub mod measures;
pub mod question;
mod sources;
mod words;

use argus_soc::decide::Decision;
use argus_soc::incident::Incident;
use argus_soc::policy::sight::{Field, HIDDEN, Sight};
use argus_soc::run::{Run, Step};
use argus_soc::score::Confidence;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use self::actions::alert_actions;
pub use self::actions::refresh;
use self::data::{Alert, Button, Decided, Effect, Entity, Entry, List, Row, Score, Term, Ticket};

use self::words::{detail, state_label, step_label};
pub use self::words::{severity_label, stage};
use crate::buttons::Buttons;
use crate::flows::connectors::Connectors;
use crate::flows::playbooks::Playbooks;
use crate::ports::ledger::Summary;

/// Entities on a card; the incident has all.
const ENTITIES: usize = 8;
/// Lines of history on a card.
const LINES: usize = 8;

/// Most playbook steps on a card, the newest.
const EFFECTS: usize = 12;
/// Most reasons, techniques or other words in a row.
const WORDS: usize = 12;
/// Longest title on a card, in characters.
pub const TITLE: usize = 240;
/// Longest text of several sentences on a card, in characters.
const TEXT: usize = 1_500;
/// Longest link on a card, in bytes. Half a link leads elsewhere, so a longer one is left out.
const LINK: usize = 2_000;
/// Longest name, label or line on a card, in characters.
const LINE: usize = 300;

/// Where a card stands, for what its buttons carry.
#[derive(Clone, Copy, Debug)]
pub struct Stand<'a> {
    /// The conversation.
    pub conversation: &'a str,
    /// Signs the buttons.
    pub buttons: &'a Buttons,
    /// Which deeds can be done at all.
    pub connectors: &'a Connectors,
    /// The playbooks that people can run from a card.
    pub playbooks: &'a Playbooks,
    /// The last record of the chain when the state was read.
    pub seq: u64,
    /// What has to be said before all else to whoever just pressed a button.
    pub notice: Option<&'a str>,
    /// What those may see who read it.
    pub sight: &'a Sight,
    /// Whether people of other tenants are in the conversation, so that each may see another card.
    pub shared: bool,
}

/// The text, cut to `most` characters.
///
/// Teams refuses messages of more than 100 KB, and an alert must not be able to hide itself by
/// being long. The incident keeps the whole.
pub fn clip(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn line(text: &str) -> String {
    clip(text, LINE)
}

fn lines(texts: &[String]) -> Vec<String> {
    texts.iter().take(WORDS).map(|text| line(text)).collect()
}

/// The living card of an incident.
pub fn alert(incident: &Incident, stand: &Stand<'_>, repeat: bool) -> Value {
    let event = &incident.event;
    let repeat =
        repeat.then(|| "This card may be here twice: an answer from Teams was lost.".into());
    let merged = incident.union.merged_into.as_ref();
    let merged =
        merged.map(|into| format!("It goes on in {into}; further events are counted there."));
    let snoozed = incident.snoozed.as_ref();
    let snoozed =
        snoozed.map(|it| format!("Quiet until {}: repeats do not show.", whole(it.until)));
    let said = stand.notice.map(str::to_owned);
    let notices: Vec<String> = [said, repeat, merged, snoozed].into_iter().flatten().collect();
    let timeline = incident.timeline.iter().rev().take(LINES);
    let entities = event.entities.iter().take(ENTITIES);
    let mut card = Alert {
        incident: data::Incident {
            key: incident.key.clone(),
            title: clip(&event.title, TITLE),
            severity: incident.severity.as_str(),
            severity_label: severity_label(incident.severity),
            state: stage(incident.stage),
            state_label: state_label(incident),
            opened_at: whole(incident.opened_at),
            updated_at: whole(incident.updated_at),
            version: incident.version,
            correlation_id: incident.correlation.clone(),
            seq: stand.seq,
            count: incident.count,
            source: line(&event.source),
            product: event.product.as_deref().map(line),
            link: event.link.clone().filter(|link| link.len() <= LINK),
            acknowledged_by: incident.acknowledged_by.as_ref().map(|by| line(by.shown())),
            description: event.description.as_ref().map(|text| clip(text, TEXT)),
        },
        score: score(incident),
        decision: decision(&incident.decision),
        entities: entities
            .map(|it| Entity { kind: line(it.kind.as_str()), value: line(&it.value) })
            .collect(),
        techniques: lines(&event.techniques),
        effects: all_effects(incident),
        ticket: incident
            .ticket
            .as_ref()
            .map(|it| Ticket { id: it.number.clone(), url: it.url.clone() }),
        timeline: timeline.map(|it| Entry { at: whole(it.at), text: line(&it.text) }).collect(),
        notices,
        actions: alert_actions(incident, stand),
    };
    hide::alert(&mut card, stand.sight);
    shown(&card)
}

/// Data as a template reads it. Nothing in it can fail to become JSON.
fn shown(data: &impl Serialize) -> Value {
    serde_json::to_value(data).unwrap_or_default()
}

fn score(incident: &Incident) -> Score {
    let full = incident.score.confidence == Confidence::Full;
    let term = |term: &argus_soc::score::Term| Term {
        name: term.name.clone(),
        points: points(term.milli),
        because: match sources::behind(&term.name, &incident.enrichment) {
            Some(sources) => line(&format!("{} ({sources})", term.because)),
            None => line(&term.because),
        },
    };
    Score {
        points: incident.score.points(),
        model: incident.score.model.clone(),
        confidence: if full { "full" } else { "degraded" },
        terms: incident.score.terms.iter().map(term).collect(),
    }
}

/// The card of an incident when no template can be used: no layout, but nothing is lost.
pub fn plain(incident: &Incident, stand: &Stand<'_>, why: &str) -> Value {
    let what = stand.sight.text(Field::Title, &incident.event.title);
    let title = format!("{}: {what}", incident.key);
    let state = stand.sight.text(Field::People, &state_label(incident));
    let stands = format!("Severity {}, {state}", severity_label(incident.severity));
    without_layout(&title, &[stands], &unusable(why, stand), alert_actions(incident, stand))
}

/// Why a card has no layout. What a template says of itself may quote what it was given.
fn unusable(why: &str, stand: &Stand<'_>) -> String {
    stand.sight.clean(&format!("The card's template cannot be used: {why}"))
}

/// The card of an incident of which somebody may know nothing but its key, also not whether it exists.
pub fn nothing(key: &str, why: &str) -> Value {
    without_layout(key, &[HIDDEN.to_owned()], why, Vec::new())
}

/// The card of an incident, or of a run of it, that stands where it may tell nothing but the key.
pub fn closed(incident: &Incident, run: Option<&Run>, stand: &Stand<'_>) -> Value {
    let actions = match run {
        Some(run) => approval::actions(incident, run, stand),
        None => alert_actions(incident, stand),
    };
    let why = "People are in this conversation whose organisation is not trusted.";
    without_layout(&incident.key, &[HIDDEN.to_owned()], why, actions)
}

/// Lines of text and buttons.
fn without_layout(title: &str, said: &[String], why: &str, actions: Vec<Button>) -> Value {
    let line = |text: &str, weight: &str| json!({"type": "TextBlock", "text": unmarked(text), "wrap": true, "weight": weight});
    let said = said.iter().map(|it| line(it, "Default"));
    let why = line(why, "Lighter");
    let actions = actions.into_iter().map(|action| {
        json!({
            "type": "Action.Execute", "title": action.title, "verb": action.verb, "data": action.data,
        })
    });
    let body: Vec<Value> = [line(title, "Bolder")].into_iter().chain(said).chain([why]).collect();
    json!({
        "type": "AdaptiveCard",
        "version": "1.5",
        "body": body,
        "actions": actions.collect::<Vec<_>>(),
    })
}

/// Text without the marks that Markdown reads.
fn unmarked(text: &str) -> String {
    text.chars()
        .filter(|it| !it.is_control() && !"*_[]()<>`#~|\\".contains(*it))
        .take(500)
        .collect()
}

/// A list of incidents.
pub fn list(title: &str, rows: &[Summary], total: u64, hint: &str) -> Value {
    let row = |row: &Summary| Row {
        key: row.key.clone(),
        title: clip(&row.title, TITLE),
        severity: row.severity.as_str(),
        severity_label: severity_label(row.severity),
        state: stage(row.stage),
        opened_at: whole(row.opened_at),
        count: row.count,
    };
    shown(&List {
        title: title.to_owned(),
        total,
        shown: rows.len(),
        rows: rows.iter().map(row).collect(),
        hint: hint.to_owned(),
    })
}

fn all_effects(incident: &Incident) -> Vec<Effect> {
    let mut runs: Vec<&Run> = incident.runs.values().collect();
    runs.sort_by_key(|run| run.created_at);
    let mut effects: Vec<Effect> = runs.into_iter().flat_map(effects).collect();
    effects.split_off(effects.len().saturating_sub(EFFECTS))
}

fn effects(run: &Run) -> Vec<Effect> {
    let effect = |step: &Step| {
        let (label, style) = step_label(run, step);
        Effect {
            label: format!("{} {}", step.plan.action.label(), line(&step.plan.target.value)),
            status_label: label,
            style,
            at: whole(step.changed_at.unwrap_or(run.created_at)),
            detail: detail(run, step).as_deref().map(line),
        }
    };
    run.steps.iter().map(effect).collect()
}

fn decision(decision: &Decision) -> Decided {
    let (label, reasons) = match decision {
        Decision::Ignore { reasons } => ("Ignored", reasons),
        Decision::Notify { reasons } => ("For your information", reasons),
        Decision::AskHuman { reasons, .. } => ("A human decides", reasons),
        Decision::Run { reasons, .. } => ("Playbook started", reasons),
    };
    Decided { label, reasons: lines(reasons) }
}

fn points(milli: i64) -> String {
    let sign = if milli < 0 { "-" } else { "+" };
    let (whole, rest) = (milli.abs() / 1_000, milli.abs() % 1_000);
    let rest = format!("{rest:03}");
    match rest.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        rest => format!("{sign}{whole}.{rest}"),
    }
}

/// Without fractions of a second, as templates' date functions want it.
fn whole(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}
