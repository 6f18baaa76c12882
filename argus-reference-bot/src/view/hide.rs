//! What somebody may not see of a card is replaced before a template is given it, so that no layout
//! can show it. What is not there stays away, what is there stays there: a card says that it was
//! acknowledged, has a ticket or three effects, also where it does not say by whom, which and what.

use argus_soc::event::EntityKind;
use argus_soc::policy::sight::{Field, HIDDEN, Sight};

use super::data::{Alert, Approval, Effect, Term};

/// What a card says of which something was replaced.
const NOTICE: &str = "Parts of this card are hidden by policy.";

fn replace(text: &mut String, sight: &Sight, field: Field) {
    *text = sight.text(field, text);
}

fn replace_some(text: &mut Option<String>, sight: &Sight, field: Field) {
    if let Some(text) = text {
        replace(text, sight, field);
    }
}

fn hidden(text: &mut String) {
    HIDDEN.clone_into(text);
}

/// Leaves of an incident's card what may be seen.
pub(super) fn alert(card: &mut Alert, sight: &Sight) {
    if sight.is_whole() {
        return;
    }
    let it = &mut card.incident;
    replace(&mut it.title, sight, Field::Title);
    replace_some(&mut it.description, sight, Field::Description);
    replace(&mut it.source, sight, Field::Source);
    replace_some(&mut it.product, sight, Field::Source);
    replace_some(&mut it.acknowledged_by, sight, Field::People);
    // How it stands may name who has it; the stable word says the rest.
    if !(sight.shows(Field::People) && sight.shows(Field::Runs)) {
        it.state_label = plain_state(it.state).into();
    }
    hidden(&mut it.correlation_id);
    // Half an address leads elsewhere, and a whole one has ids in it.
    it.link = None;
    for entity in &mut card.entities {
        hidden(&mut entity.value);
        if let EntityKind::Other(_) = EntityKind::from(entity.kind.clone()) {
            "other".clone_into(&mut entity.kind);
        }
    }
    let history = |text: &mut String| replace(text, sight, Field::History);
    card.timeline.iter_mut().for_each(|line| history(&mut line.text));
    card.score.terms.iter_mut().for_each(|it| term(it, sight));
    card.decision.reasons.iter_mut().for_each(|it| replace(it, sight, Field::Score));
    card.effects.iter_mut().for_each(|it| effect(it, sight));
    if let Some(ticket) = &mut card.ticket {
        replace(&mut ticket.id, sight, Field::Ticket);
        ticket.url = None;
    }
    // What is no number of ATT&CK's is a word of the source's.
    for technique in &mut card.techniques {
        let is_number = |it: char| it.is_ascii_digit() || it == '.';
        if !technique.strip_prefix('T').is_some_and(|rest| rest.chars().all(is_number)) {
            hidden(technique);
        }
    }
    card.notices.retain(|it| !it.starts_with("It goes on in "));
    card.notices.insert(0, NOTICE.into());
}

fn plain_state(state: &str) -> &'static str {
    match state {
        "acknowledged" => "Acknowledged",
        "contained" => "Contained",
        "closed" => "Resolved at the source",
        _ => "Open",
    }
}

fn term(term: &mut Term, sight: &Sight) {
    for text in [&mut term.name, &mut term.points, &mut term.because] {
        replace(text, sight, Field::Score);
    }
}

fn effect(effect: &mut Effect, sight: &Sight) {
    let shown = sight.shows(Field::Runs);
    for text in [&mut effect.label, &mut effect.status_label] {
        replace(text, sight, Field::Runs);
    }
    replace_some(&mut effect.detail, sight, Field::Runs);
    if !shown {
        effect.style = "warning";
    }
}

/// Leaves of the card that asks about a run what may be seen.
pub(super) fn approval(card: &mut Approval, sight: &Sight) {
    if sight.is_whole() {
        return;
    }
    replace(&mut card.incident.title, sight, Field::Title);
    hidden(&mut card.incident.correlation_id);
    let it = &mut card.request;
    replace(&mut it.effect_label, sight, Field::Runs);
    replace(&mut it.target, sight, Field::Runs);
    replace_some(&mut it.reason, sight, Field::Runs);
    replace(&mut it.reason_hint, sight, Field::Runs);
    replace(&mut it.blast, sight, Field::Runs);
    for effect in &mut it.effects {
        for text in [&mut effect.what, &mut effect.target, &mut effect.undo] {
            replace(text, sight, Field::Runs);
        }
    }
    replace(&mut it.requester, sight, Field::People);
    replace(&mut it.deciders, sight, Field::People);
    replace(&mut it.on_expire, sight, Field::People);
    for vote in &mut it.approvals {
        replace(&mut vote.by, sight, Field::People);
        replace_some(&mut vote.reason, sight, Field::People);
    }
}
